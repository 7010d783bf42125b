/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/client.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <netstk/netstk.h>

#define WAIT_MS	  5000 /* a program answers within a second; a stopped one never */
#define REPLY_MAX (16u << 20)
#define PAGES_MAX 100000

static int fail(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct client *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->error, sizeof(c->error), fmt, ap);
	va_end(ap);
	return -1;
}

/* ---- connecting ---------------------------------------------------------------------------- */

/* A connected socket, or -errno. */
static int connect_path(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	err = errno;
	close(fd);
	return -err;
}

static int open_path(struct client *c, const char *path)
{
	struct stat st;

	snprintf(c->path, sizeof(c->path), "%s", path);
	if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return fail(c,
			    "%s is no socket but a %s: give what the program was given with "
			    "--control",
			    path, S_ISDIR(st.st_mode) ? "folder" : "file");
	c->fd = connect_path(path);
	switch (-c->fd) {
	case ENOENT:
		return fail(c,
			    "%s: no such control socket; was the program started with --control?",
			    path);
	case ECONNREFUSED:
		return fail(c, "%s: no program answers; it has ended", path);
	case EACCES:
		return fail(
			c,
			"%s: permission denied: the socket is open to the program's user and group alone",
			path);
	default:
		return c->fd < 0 ? fail(c, "%s: %s", path, strerror(-c->fd)) : 0;
	}
}

static int is_socket_name(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && strcmp(entry->d_name + n - 5, ".sock") == 0;
}

/* Tries every socket of the usual folder: exactly one must answer. */
static int open_only(struct client *c)
{
	struct dirent **names;
	char folder[100], list[256] = "";
	size_t used = 0;
	int found = -1, many = 0, n;

	nsk_control_path("", folder, sizeof(folder));
	n = scandir(folder, &names, is_socket_name, alphasort);
	for (int i = 0; i < n; i++) {
		char path[400];
		int fd;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		fd = connect_path(path);
		if (fd >= 0 && used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, " %.*s",
						 (int)strlen(names[i]->d_name) - 5,
						 names[i]->d_name);
		if (fd >= 0 && many++ == 0) {
			found = fd;
			snprintf(c->path, sizeof(c->path), "%.*s", (int)sizeof(c->path) - 1, path);
		} else if (fd >= 0) {
			close(fd);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (many == 1) {
		c->fd = found;
		return 0;
	}
	if (many > 1) {
		close(found);
		return fail(c, "several programs run: choose one with -s NAME of%s", list);
	}
	return fail(
		c,
		"no program answers in %s; name its control socket with -s PATH (the program's --control PATH)",
		folder);
}

int client_open(struct client *c, const char *name)
{
	char path[512];

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	if (!name)
		return open_only(c);
	nsk_control_path(name, path, sizeof(path));
	return open_path(c, path);
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	c->fd = -1;
	c->in = NULL;
}

/* ---- asking -------------------------------------------------------------------------------- */

static int send_all(struct client *c, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(c->fd, text, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return fail(c, "%s: %s", c->path, strerror(errno));
		text += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* One recv() with a time limit; bytes, or -1 with a text. */
static ssize_t receive_some(struct client *c)
{
	struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
	ssize_t n;
	int ready;

	if (c->room - c->have < 4096) {
		char *grown = c->room < REPLY_MAX ? realloc(c->in, c->room * 2 + 8192) : NULL;

		if (!grown)
			return fail(c, "%s: a reply without end", c->path);
		c->in = grown;
		c->room = c->room * 2 + 8192;
	}
	do {
		ready = poll(&pfd, 1, WAIT_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return fail(c, "%s: the program does not answer; is it stopped?", c->path);
	n = recv(c->fd, c->in + c->have, c->room - c->have, 0);
	if (n < 0)
		return fail(c, "%s: %s", c->path, strerror(errno));
	if (n == 0)
		return fail(c, "%s: the program has hung up", c->path);
	c->have += (size_t)n;
	return n;
}

static json_t *receive_reply(struct client *c)
{
	json_error_t error;
	json_t *reply;
	char *end;

	c->have = 0;
	do {
		if (receive_some(c) < 0)
			return NULL;
		end = memchr(c->in, '\n', c->have);
	} while (!end);
	reply = json_loadb(c->in, (size_t)(end - c->in), 0, &error);
	if (!reply)
		fail(c, "%s: not an answer of a program on netstk: %s", c->path, error.text);
	return reply;
}

json_t *client_ask(struct client *c, json_t *request)
{
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	size_t n = text ? strlen(text) : 0;
	const char *error;
	json_t *reply;

	json_decref(request);
	if (!text) {
		fail(c, "no memory");
		return NULL;
	}
	text[n] = '\n'; /* in place of the end: the length is known */
	reply = send_all(c, text, n + 1) ? NULL : receive_reply(c);
	free(text);
	error = json_string_value(json_object_get(reply, "error"));
	if (error) {
		fail(c, "%s", error);
		json_decref(reply);
		return NULL;
	}
	return reply;
}

size_t client_rest(const struct client *c, void *room, size_t n)
{
	const char *end = memchr(c->in, '\n', c->have);
	size_t rest = end ? c->have - (size_t)(end + 1 - c->in) : 0;

	rest = rest < n ? rest : n;
	if (rest)
		memcpy(room, end + 1, rest);
	return rest;
}

static void append_all(json_t *whole, const json_t *reply, const char *key)
{
	json_t *from = json_object_get(reply, key), *to = json_object_get(whole, key);

	if (!from)
		return;
	if (to)
		json_array_extend(to, from);
	else
		json_object_set(whole, key, from);
}

json_t *client_list(struct client *c, const char *cmd, const char *key)
{
	json_t *whole = json_object();
	json_int_t cursor = 0;

	for (unsigned page = 0; whole && page < PAGES_MAX; page++) {
		json_t *reply =
			client_ask(c, json_pack("{s:s, s:I}", "cmd", cmd, "cursor", cursor));
		json_t *next = json_object_get(reply, "next");
		bool more = json_is_integer(next);

		if (!reply) {
			json_decref(whole);
			return NULL;
		}
		append_all(whole, reply, key);
		append_all(whole, reply, "warnings");
		cursor = json_integer_value(next);
		json_decref(reply);
		if (!more)
			return whole;
	}
	fail(c, whole ? "%s: a list without end" : "%s: no memory for the list", c->path);
	json_decref(whole);
	return NULL;
}
