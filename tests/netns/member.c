/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A member of multicast groups of both families: takes commands from standard input and answers
 * each with a line. "join GROUP", "leave GROUP", "hear GROUP" (the next datagram of its family),
 * "say GROUP WORD" (to port 5000). Sockets are the main thread's, the worker has a thread of its
 * own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <netstk/netstk.h>

#define PORT	  5000
#define PATIENT_S 30

struct place {
	int family, level;
	struct sockaddr_storage to;
	socklen_t len;
};

static int fds[2]; /* IPv4, IPv6 */

static int work(void *arg)
{
	int epoll = nsk_epoll_create1(0);
	struct epoll_event event;

	(void)arg;
	while (nsk_epoll_wait(epoll, &event, 1, 100) >= 0)
		;
	return errno == ESHUTDOWN ? 0 : 1;
}

static int open_socket(int family)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct timeval patience = {.tv_sec = PATIENT_S};
	int fd = nsk_socket(family, SOCK_DGRAM, 0), on = 1;

	nsk_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (family == AF_INET)
		return nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) ? -1 : fd;
	nsk_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return nsk_bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)) ? -1 : fd;
}

static int read_place(const char *text, struct place *p)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&p->to;
	struct sockaddr_in *sin = (struct sockaddr_in *)&p->to;

	memset(p, 0, sizeof(*p));
	if (strchr(text, ':')) {
		*p = (struct place){
			.family = AF_INET6, .level = IPPROTO_IPV6, .len = sizeof(*sin6)};
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(PORT);
		return inet_pton(AF_INET6, text, &sin6->sin6_addr);
	}
	*p = (struct place){.family = AF_INET, .level = IPPROTO_IP, .len = sizeof(*sin)};
	sin->sin_family = AF_INET;
	sin->sin_port = htons(PORT);
	return inet_pton(AF_INET, text, &sin->sin_addr);
}

static void say_rc(long rc)
{
	if (rc < 0)
		printf("%s\n", strerrorname_np(errno));
	else
		puts("ok");
}

static void hear(int fd)
{
	char text[128];
	ssize_t n = nsk_recv(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		say_rc(n);
	else
		printf("%.*s\n", (int)n, text);
}

static int obey(const char *line)
{
	char what[16], where[64], text[64] = "";
	struct group_req req = {.gr_interface = 1};
	struct place p;
	int fd;

	if (sscanf(line, "%15s %63s %63s", what, where, text) < 2 || read_place(where, &p) != 1)
		return 0;
	fd = fds[p.family == AF_INET6];
	memcpy(&req.gr_group, &p.to, sizeof(p.to));
	if (strcmp(what, "join") == 0)
		say_rc(nsk_setsockopt(fd, p.level, MCAST_JOIN_GROUP, &req, sizeof(req)));
	else if (strcmp(what, "leave") == 0)
		say_rc(nsk_setsockopt(fd, p.level, MCAST_LEAVE_GROUP, &req, sizeof(req)));
	else if (strcmp(what, "hear") == 0)
		hear(fd);
	else
		say_rc(nsk_sendto(fd, text, strlen(text), 0, (struct sockaddr *)&p.to, p.len));
	fflush(stdout);
	return 1;
}

int main(int argc, char **argv)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack;
	char line[160];
	int rc;

	if (nsk_config_args(config, &argc, argv) || nsk_stack_create(config, &stack)) {
		fprintf(stderr, "netns_member: %s\n", nsk_config_error(config));
		return 1;
	}
	nsk_config_free(config);
	if (nsk_launch(stack, work, NULL) || nsk_enter(stack))
		return 1;
	fds[0] = open_socket(AF_INET);
	fds[1] = open_socket(AF_INET6);
	puts(fds[0] < 0 || fds[1] < 0 ? "no sockets" : "ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && obey(line))
		;
	nsk_stop(stack);
	rc = nsk_join(stack);
	nsk_stack_destroy(stack);
	return rc;
}
