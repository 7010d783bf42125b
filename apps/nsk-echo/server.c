/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One epoll loop over listeners, TCP connections and UDP sockets. A connection that cannot send at
 * once keeps what is left and is not read until that is gone: the peer's window closes and memory
 * stays bounded.
 */
#include "nsk-echo/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/netstk.h>

#include "nsk-echo/http.h"

#define EVENTS_MAX  256
#define BUFFER_SIZE 65536
#define UDP_BURST   32

enum kind {
	KIND_TCP_LISTENER,
	KIND_HTTP_LISTENER,
	KIND_UDP,
	KIND_TCP,
	KIND_HTTP
};

struct endpoint {
	struct endpoint *next, **link; /* all of a server's */
	enum kind kind;
	int fd;
	char *left; /* unsent bytes of an answer, NULL: none */
	size_t left_len, left_at;
	bool closing; /* close when everything is sent */
	struct http_parser http;
};

struct server {
	struct endpoint *endpoints;
	int epoll;
	uint64_t *requests;
	char *answer; /* HTTP */
	size_t answer_len;
	char buffer[BUFFER_SIZE];
};

/* The reporting thread reads it while we write. */
static void count_requests(struct server *s, uint64_t n)
{
	__atomic_store_n(s->requests, *s->requests + n, __ATOMIC_RELAXED);
}

static struct endpoint *watch(struct server *s, enum kind kind, int fd)
{
	struct endpoint *e = calloc(1, sizeof(*e));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};

	if (!e)
		return NULL;
	e->kind = kind;
	e->fd = fd;
	if (nsk_epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(e);
		return NULL;
	}
	e->next = s->endpoints;
	if (e->next)
		e->next->link = &e->next;
	e->link = &s->endpoints;
	s->endpoints = e;
	return e;
}

static void end(struct endpoint *e)
{
	*e->link = e->next;
	if (e->next)
		e->next->link = e->link;
	nsk_close(e->fd);
	free(e->left);
	free(e);
}

static void rewatch(struct server *s, struct endpoint *e, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = e};

	nsk_epoll_ctl(s->epoll, EPOLL_CTL_MOD, e->fd, &event);
}

/* ---- sending ------------------------------------------------------------------------------- */

/* Keeps what the socket did not take; false without memory. */
static bool keep(struct server *s, struct endpoint *e, const char *data, size_t len)
{
	e->left = malloc(len);
	if (!e->left)
		return false;
	memcpy(e->left, data, len);
	e->left_len = len;
	e->left_at = 0;
	rewatch(s, e, EPOLLOUT);
	return true;
}

/* False: the connection is over. */
static bool answer(struct server *s, struct endpoint *e, const char *data, size_t len)
{
	ssize_t n = nsk_send(e->fd, data, len, 0);

	if (n < 0 && errno != EAGAIN)
		return false;
	if (n < 0)
		n = 0;
	return (size_t)n == len || keep(s, e, data + n, len - (size_t)n);
}

static bool on_writable(struct server *s, struct endpoint *e)
{
	ssize_t n = nsk_send(e->fd, e->left + e->left_at, e->left_len - e->left_at, 0);

	if (n < 0)
		return errno == EAGAIN;
	e->left_at += (size_t)n;
	if (e->left_at < e->left_len)
		return true;
	free(e->left);
	e->left = NULL;
	rewatch(s, e, EPOLLIN);
	return !e->closing;
}

/* ---- receiving ----------------------------------------------------------------------------- */

static bool http_answers(struct server *s, struct endpoint *e, size_t len)
{
	int n = http_feed(&e->http, s->buffer, len, &e->closing);
	char *all;
	bool ok;

	if (n < 0)
		return false;
	count_requests(s, (uint64_t)n);
	if (n == 0)
		return true;
	if (n == 1) {
		ok = answer(s, e, s->answer, s->answer_len);
	} else {
		/* Pipelined requests: one buffer with all answers. */
		all = malloc(s->answer_len * (size_t)n);
		for (int i = 0; all && i < n; i++)
			memcpy(all + (size_t)i * s->answer_len, s->answer, s->answer_len);
		ok = all && answer(s, e, all, s->answer_len * (size_t)n);
		free(all);
	}
	return ok && !(e->closing && !e->left);
}

/* Reads once: a level-triggered event comes again while there is more, and everybody gets a turn.
 */
static bool on_readable(struct server *s, struct endpoint *e)
{
	ssize_t n = nsk_recv(e->fd, s->buffer, sizeof(s->buffer), 0);

	if (n == 0)
		return false;
	if (n < 0)
		return errno == EAGAIN;
	if (e->kind == KIND_HTTP)
		return http_answers(s, e, (size_t)n);
	count_requests(s, 1);
	return answer(s, e, s->buffer, (size_t)n);
}

/* False: there is no room on the way out. What fails otherwise is lost, as datagrams may be. */
static bool send_datagram(const struct endpoint *e, const void *data, size_t len,
			  const struct sockaddr_in6 *to)
{
	return nsk_sendto(e->fd, data, len, 0, (const struct sockaddr *)to, sizeof(*to)) >= 0 ||
	       errno != EAGAIN;
}

/* An answer that waits for room, behind the address that it goes to. */
static void keep_datagram(struct server *s, struct endpoint *e, const void *data, size_t len,
			  const struct sockaddr_in6 *to)
{
	e->left = malloc(sizeof(*to) + len);
	if (!e->left)
		return;
	memcpy(e->left, to, sizeof(*to));
	memcpy(e->left + sizeof(*to), data, len);
	e->left_len = len;
	rewatch(s, e, EPOLLOUT);
}

static bool send_kept(struct server *s, struct endpoint *e)
{
	struct sockaddr_in6 to;

	memcpy(&to, e->left, sizeof(to));
	if (!send_datagram(e, e->left + sizeof(to), e->left_len, &to))
		return false;
	free(e->left);
	e->left = NULL;
	rewatch(s, e, EPOLLIN);
	return true;
}

static void on_udp(struct server *s, struct endpoint *e)
{
	if (e->left && !send_kept(s, e))
		return;
	for (unsigned i = 0; i < UDP_BURST && !e->left; i++) {
		struct sockaddr_in6 from; /* open_port() */
		socklen_t from_len = sizeof(from);
		ssize_t n = nsk_recvfrom(e->fd, s->buffer, sizeof(s->buffer), 0,
					 (struct sockaddr *)&from, &from_len);

		if (n < 0)
			return;
		count_requests(s, 1);
		if (!send_datagram(e, s->buffer, (size_t)n, &from))
			keep_datagram(s, e, s->buffer, (size_t)n, &from);
	}
}

static void on_incoming(struct server *s, struct endpoint *listener)
{
	enum kind kind = listener->kind == KIND_HTTP_LISTENER ? KIND_HTTP : KIND_TCP;
	int fd;

	while ((fd = nsk_accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct endpoint *e = watch(s, kind, fd);

		if (!e) {
			nsk_close(fd);
			continue;
		}
		/* Small requests come with the handshake's end: look at once. */
		if (!on_readable(s, e))
			end(e);
	}
}

static void on_event(struct server *s, struct endpoint *e, uint32_t events)
{
	switch (e->kind) {
	case KIND_TCP_LISTENER:
	case KIND_HTTP_LISTENER:
		on_incoming(s, e);
		return;
	case KIND_UDP:
		on_udp(s, e);
		return;
	default:
		if ((events & EPOLLERR) || !(e->left ? on_writable(s, e) : on_readable(s, e)))
			end(e);
	}
}

/* ---- set-up -------------------------------------------------------------------------------- */

/* One socket for both families. */
static int open_port(struct server *s, enum kind kind, int type, uint16_t port, int backlog)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = nsk_socket(AF_INET6, type | SOCK_NONBLOCK, 0);
	const char *what = "socket";
	int one = 1;

	if (fd >= 0) {
		/* An echo is of all that comes, urgent or not (RFC 6093 §6). */
		nsk_setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
		what = "bind";
		if (nsk_bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0) {
			what = "listen";
			if (type != SOCK_STREAM || nsk_listen(fd, backlog) == 0) {
				what = "epoll";
				if (watch(s, kind, fd))
					return 0;
			}
		}
	}
	fprintf(stderr, "nsk-echo: %s port %u: %s: %s\n", type == SOCK_STREAM ? "TCP" : "UDP", port,
		what, strerror(errno));
	nsk_close(fd);
	return -1;
}

static int open_ports(struct server *s, const struct server_options *o)
{
	int rc = 0;

	for (unsigned i = 0; i < o->ntcp; i++)
		rc |= open_port(s, KIND_TCP_LISTENER, SOCK_STREAM, o->tcp[i], o->backlog);
	for (unsigned i = 0; i < o->nhttp; i++)
		rc |= open_port(s, KIND_HTTP_LISTENER, SOCK_STREAM, o->http[i], o->backlog);
	for (unsigned i = 0; i < o->nudp; i++)
		rc |= open_port(s, KIND_UDP, SOCK_DGRAM, o->udp[i], 0);
	return rc;
}

static bool make_answer(struct server *s, uint32_t body)
{
	char head[128];
	int n = snprintf(
		head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %u\r\n\r\n", body);

	s->answer_len = (size_t)n + body;
	s->answer = malloc(s->answer_len);
	if (!s->answer)
		return false;
	memcpy(s->answer, head, (size_t)n);
	memset(s->answer + n, 'n', body);
	if (body)
		s->answer[s->answer_len - 1] = '\n';
	return true;
}

/* The stack is stopping, or nothing could be opened: what is open ends with its server. */
static void server_free(struct server *s)
{
	while (s->endpoints)
		end(s->endpoints);
	nsk_close(s->epoll);
	free(s->answer);
	free(s);
}

int server_run(const struct server_options *options, uint64_t *requests)
{
	struct epoll_event events[EVENTS_MAX];
	struct server *s = calloc(1, sizeof(*s));
	int n;

	if (!s || !make_answer(s, options->body_bytes)) {
		free(s);
		fprintf(stderr, "nsk-echo: out of memory\n");
		return -1;
	}
	s->requests = requests;
	s->epoll = nsk_epoll_create1(0);
	if (s->epoll < 0 || open_ports(s, options)) {
		server_free(s);
		return -1;
	}
	while ((n = nsk_epoll_wait(s->epoll, events, EVENTS_MAX, 1000)) >= 0 || errno == EINTR)
		for (int i = 0; i < n; i++)
			on_event(s, events[i].data.ptr, events[i].events);
	server_free(s);
	return 0;
}
