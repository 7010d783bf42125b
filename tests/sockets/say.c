/* SPDX-License-Identifier: BSD-3-Clause */
/* How checks print what came out. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sockets/twin.h"

#define TEXT_MAX    256
#define SHOWN_BYTES 32
#define PORT_CHOSEN 20000

const char *twin_topic;
static char words[TEXT_MAX];

void about(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
}

void say(const char *name, const char *format, ...)
{
	va_list ap;

	printf("%s/%s%s%s: ", twin_topic, words, *words && *name ? ", " : "", name);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void say_rc(const char *name, long rc)
{
	int err = errno;

	if (rc == -1)
		say(name, "-1 %s", strerrorname_np(err));
	else
		say(name, "%ld", rc);
}

int say_fd(const char *name, int fd)
{
	if (fd >= 0)
		say(name, "a descriptor");
	else
		say_rc(name, fd);
	return fd;
}

void say_if(const char *name, bool holds)
{
	say(name, holds ? "yes" : "no");
}

void say_control(const struct cmsghdr *c)
{
	size_t len = c->cmsg_len - CMSG_LEN(0);
	int value = 0;

	if (len <= sizeof(value))
		memcpy(&value, CMSG_DATA(c), len);
	say("", "level %d, type %d, %zu bytes, %d", c->cmsg_level, c->cmsg_type, len, value);
}

/* The bits' names, where a bit is not a synonym of another. */
static const struct {
	uint32_t bit;
	const char *name;
} event_names[] = {
	{POLLIN, "IN"},		{POLLPRI, "PRI"},	{POLLOUT, "OUT"},
	{POLLERR, "ERR"},	{POLLHUP, "HUP"},	{POLLNVAL, "NVAL"},
	{POLLRDNORM, "RDNORM"}, {POLLRDBAND, "RDBAND"}, {POLLWRNORM, "WRNORM"},
	{POLLWRBAND, "WRBAND"}, {POLLMSG, "MSG"},	{POLLRDHUP, "RDHUP"},
};

void say_events(const char *name, uint32_t events)
{
	char text[TEXT_MAX] = "";
	size_t n = 0;

	for (size_t i = 0; i < sizeof(event_names) / sizeof(event_names[0]); i++) {
		if (!(events & event_names[i].bit))
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "",
				      event_names[i].name);
		events &= ~event_names[i].bit;
	}
	if (events)
		snprintf(text + n, sizeof(text) - n, " and %#x", events);
	say(name, "%s", *text ? text : "nothing");
}

/* FNV-1a. */
static uint64_t hash_of(const uint8_t *bytes, size_t n)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	while (n--)
		hash = (hash ^ *bytes++) * UINT64_C(0x100000001b3);
	return hash;
}

void say_bytes(const char *name, const void *bytes, ssize_t n)
{
	if (n < 0)
		say_rc(name, n);
	else if (n <= SHOWN_BYTES)
		say(name, "%zd bytes \"%.*s\"", n, (int)n, (const char *)bytes);
	else
		say(name, "%zd bytes with the hash %016llx", n,
		    (unsigned long long)hash_of(bytes, (size_t)n));
}

void hears(const char *name, int fd)
{
	char buf[2048];

	say_bytes(name, buf, recv(fd, buf, sizeof(buf), 0));
}

void hears_nothing(const char *name, int fd)
{
	char buf[2048];

	say_bytes(name, buf, recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
}

void say_address(const char *name, const struct sockaddr_in *address, socklen_t len)
{
	char text[INET_ADDRSTRLEN] = "";
	unsigned port = ntohs(address->sin_port);

	if (address->sin_family != AF_INET) {
		say(name, "%u bytes of family %u", len, address->sin_family);
		return;
	}
	inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text));
	if (port < PORT_CHOSEN)
		say(name, "%u bytes %s port %u", len, text, port);
	else
		say(name, "%u bytes %s and a port", len, text);
}

void say_address6(const char *name, const struct sockaddr_in6 *address, socklen_t len)
{
	char text[INET6_ADDRSTRLEN] = "";
	unsigned port = ntohs(address->sin6_port);
	const char *link = address->sin6_scope_id ? " of a link" : "";

	if (address->sin6_family != AF_INET6) {
		say(name, "%u bytes of family %u", len, address->sin6_family);
		return;
	}
	inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof(text));
	if (port < PORT_CHOSEN)
		say(name, "%u bytes %s%s port %u", len, text, link, port);
	else
		say(name, "%u bytes %s%s and a port", len, text, link);
}

void need_that(bool holds, const char *what, const char *file, int line)
{
	int err = errno;

	if (holds)
		return;
	fflush(stdout);
	fprintf(stderr, "%s:%d: %s: does not hold (errno %s)\n", file, line, what,
		strerrorname_np(err));
	_exit(1);
}
