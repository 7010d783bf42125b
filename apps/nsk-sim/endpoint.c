/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/endpoint.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/apps.h"

#define CHUNK	 65536u
#define PERIOD	 262139u /* a prime: no segment size divides it */
#define SLEEP_NS 10000000

/* ---- bytes --------------------------------------------------------------------------------- */

static uint8_t pattern[PERIOD + CHUNK];

bool pattern_make(void)
{
	uint64_t x = UINT64_C(0x2545f4914f6cdd1d);

	for (size_t i = 0; i < PERIOD; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pattern[i] = (uint8_t)(x >> 32);
	}
	memcpy(pattern + PERIOD, pattern, CHUNK);
	return true;
}

/* Up to CHUNK bytes from a stream's offset on. */
static const uint8_t *bytes_at(uint64_t key, uint64_t offset)
{
	return pattern + (key + offset) % PERIOD;
}

static void altered(struct endpoint *e, const uint8_t *data, size_t len)
{
	const struct endpoint *peer = &e->conn->end[!e->server];
	const uint8_t *want = bytes_at(peer->key, e->got);
	size_t i = 0;

	while (i < len && data[i] == want[i])
		i++;
	sim_fail(e->conn->app->sim,
		 "application \"%s\", connection %llu: byte %llu that the %s got is %#x, sent was "
		 "%#x",
		 e->conn->app->a->name, (unsigned long long)e->conn->serial,
		 (unsigned long long)(e->got + i), e->server ? "server" : "client", data[i],
		 want[i]);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void sample(struct endpoint *e)
{
	struct app *app = e->conn->app;
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (nsk_getsockopt(e->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return;
	app->result->retransmits[e->server] += info.tcpi_total_retrans;
	if (info.tcpi_rtt && e->sent) {
		app->rtt_sum[e->server] += info.tcpi_rtt;
		app->rtt_count[e->server]++;
	}
}

static void options(struct endpoint *e)
{
	const struct sim_app *a = e->conn->app->a;
	unsigned timeout_ms = (unsigned)(a->user_timeout_ns / 1000000);
	int one = 1, rcvbuf = (int)a->rcvbuf, sndbuf = (int)a->sndbuf;

	nsk_setsockopt(e->fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
	if (a->nodelay)
		nsk_setsockopt(e->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (a->rcvbuf)
		nsk_setsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (a->sndbuf)
		nsk_setsockopt(e->fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	if (timeout_ms)
		nsk_setsockopt(e->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms,
			       sizeof(timeout_ms));
	/* Without memory it goes on with the host's. */
	if (a->congestion[0] &&
	    nsk_setsockopt(e->fd, IPPROTO_TCP, TCP_CONGESTION, a->congestion,
			   (socklen_t)strlen(a->congestion)) &&
	    !endpoint_short(&e->conn->app->sim->stack[e->stack]))
		sim_fail(e->conn->app->sim, "application \"%s\": congestion = \"%s\": %m", a->name,
			 a->congestion);
}

void endpoint_options(struct sim *sim, const struct sim_app *a, int fd, enum sim_socket which)
{
	const char *failed = parts_set_options(&a->options[which != SOCKET_CLIENT], fd, which);
	const struct sim_stack *h = &sim->stack[which == SOCKET_CLIENT ? a->from : a->to];

	/* Without memory it goes on without. */
	if (failed && !endpoint_short(h))
		sim_fail(sim, "application \"%s\": %s: %m", a->name, failed);
}

bool endpoint_short(const struct sim_stack *h)
{
	return h->was_short && (errno == ENOMEM || errno == ENOBUFS || errno == EMFILE ||
				errno == ENFILE || errno == EADDRNOTAVAIL);
}

static void look_for(struct sim *sim, void *arg)
{
	struct endpoint *e = arg;
	struct sim_stack *h = &sim->stack[e->stack];
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = e};

	if (e->fd < 0 || nsk_epoll_ctl(h->epfd, EPOLL_CTL_ADD, e->fd, &ev) == 0)
		return;
	if (endpoint_short(h))
		agenda_add(&sim->agenda, sim->now_ns + SHORT_NS, look_for, e);
	else if (errno != EEXIST) /* the end may be another connection's by now */
		sim_fail(sim, "epoll_ctl: %m");
}

void endpoint_open(struct endpoint *e, int fd)
{
	struct sim *sim = e->conn->app->sim;

	e->fd = fd;
	e->opened = true;
	e->last_ns = sim->now_ns;
	options(e);
	endpoint_options(sim, e->conn->app->a, fd, e->server ? SOCKET_ACCEPTED : SOCKET_CLIENT);
	look_for(sim, e);
}

/* Who never got through to the application at the other end while a host ran short of memory has
 * lost nothing but an attempt. */
bool endpoint_excused(const struct endpoint *e)
{
	const struct conn *c = e->conn;
	const struct sim *sim = c->app->sim;

	if (c->app->a->expect != EXPECT_DONE || c->app->may_fail)
		return true;
	return !c->end[1].opened &&
	       (sim->stack[c->end[0].stack].was_short || sim->stack[c->end[1].stack].was_short);
}

void endpoint_end(struct endpoint *e, int error)
{
	struct app *app = e->conn->app;

	if (e->over)
		return;
	e->over = true;
	e->error = error;
	e->broken |= error != 0;
	e->last_ns = app->sim->now_ns;
	if (error) {
		app->result->last_error = error;
		if (!endpoint_excused(e))
			sim_fail(app->sim,
				 "application \"%s\", connection %llu: the %s's ended: %s",
				 app->a->name, (unsigned long long)e->conn->serial,
				 e->server ? "server" : "client", strerror(error));
	}
	if (e->fd >= 0) {
		sample(e);
		nsk_close(e->fd);
	}
	e->fd = -1;
	conn_end_over(e->conn);
}

static void woken(struct sim *sim, void *arg)
{
	struct endpoint *e = arg;

	if (e->wake_ns <= sim->now_ns)
		e->wake_ns = 0;
	endpoint_run(e);
}

void endpoint_wake(struct endpoint *e, uint64_t at_ns)
{
	if (e->wake_ns && e->wake_ns <= at_ns)
		return;
	e->wake_ns = at_ns;
	agenda_add(&e->conn->app->sim->agenda, at_ns, woken, e);
}

int endpoint_failed(struct endpoint *e)
{
	struct sim *sim = e->conn->app->sim;

	if (errno == EAGAIN)
		return CALL_WAITS;
	if (!endpoint_short(&sim->stack[e->stack]))
		return errno;
	endpoint_wake(e, sim->now_ns + SHORT_NS);
	return CALL_WAITS;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* True for a slow reader that is ahead of its rate; it wakes up when it may read on. */
static bool sated(struct endpoint *e)
{
	const struct app *app = e->conn->app;
	uint64_t rate = app->a->read_bps, due;

	if (!rate)
		return false;
	due = e->conn->begin_ns + (uint64_t)((double)e->got * 8e9 / (double)rate);
	if (due <= app->sim->now_ns)
		return false;
	endpoint_wake(e, due > app->sim->now_ns + SLEEP_NS ? due : app->sim->now_ns + SLEEP_NS);
	return true;
}

static void take(struct endpoint *e, const uint8_t *data, size_t len)
{
	struct app *app = e->conn->app;
	struct endpoint *peer = &e->conn->end[!e->server];

	if (app->a->foreign)
		; /* whatever it is */
	else if (e->got + len > peer->sent)
		sim_fail(app->sim,
			 "application \"%s\", connection %llu: the %s got %llu bytes, sent were "
			 "%llu",
			 app->a->name, (unsigned long long)e->conn->serial,
			 e->server ? "server" : "client", (unsigned long long)(e->got + len),
			 (unsigned long long)peer->sent);
	else if (memcmp(data, bytes_at(peer->key, e->got), len) != 0)
		altered(e, data, len);
	e->got += len;
	e->last_ns = app->sim->now_ns;
}

/* The peer will send no more: it must have sent all that it was to send. */
static void see_eof(struct endpoint *e)
{
	struct endpoint *peer = &e->conn->end[!e->server];

	e->eof = true;
	e->last_ns = e->conn->app->sim->now_ns;
	/* After an error, or a shutdown of its own, calls say that it is the end. */
	if (e->broken || e->deaf)
		return;
	if (e->got != peer->sent && !peer->broken && !e->conn->app->a->foreign)
		sim_fail(e->conn->app->sim,
			 "application \"%s\", connection %llu: the %s's stream ended after %llu "
			 "bytes, sent were %llu",
			 e->conn->app->a->name, (unsigned long long)e->conn->serial,
			 e->server ? "server" : "client", (unsigned long long)e->got,
			 (unsigned long long)peer->sent);
}

int endpoint_read(struct endpoint *e, uint64_t want)
{
	static uint8_t data[CHUNK];
	const struct app *app = e->conn->app;

	while (!e->eof && e->got < want && !app->sim->result->failed) {
		uint64_t left = want - e->got;
		size_t room = left < app->a->read_bytes ? (size_t)left : app->a->read_bytes;
		ssize_t n;

		if (sated(e))
			return CALL_WAITS;
		n = nsk_recv(e->fd, data, room, 0);
		if (n < 0)
			return endpoint_failed(e);
		if (n == 0)
			see_eof(e);
		else
			take(e, data, (size_t)n);
	}
	return e->got >= want ? CALL_DONE : CALL_ENDS;
}

int endpoint_peek(struct endpoint *e)
{
	uint8_t byte;
	ssize_t n;

	if (e->eof)
		return CALL_ENDS;
	if (sated(e))
		return CALL_WAITS;
	n = nsk_recv(e->fd, &byte, 1, MSG_PEEK);
	if (n < 0)
		return endpoint_failed(e);
	if (n == 0)
		see_eof(e);
	return n ? CALL_DONE : CALL_ENDS;
}

/* ---- writing ------------------------------------------------------------------------------- */

int endpoint_write(struct endpoint *e)
{
	const struct sim_app *a = e->conn->app->a;
	struct sim *sim = e->conn->app->sim;

	while (e->sent < e->goal) {
		uint64_t left = e->goal - e->sent;
		size_t n = left < a->write_bytes ? (size_t)left : a->write_bytes;
		ssize_t took;

		if (e->write_ns > sim->now_ns) {
			endpoint_wake(e, e->write_ns);
			return CALL_WAITS;
		}
		took = nsk_send(e->fd, bytes_at(e->key, e->sent), n, a->urgent ? MSG_OOB : 0);
		if (took < 0)
			return endpoint_failed(e);
		e->sent += (uint64_t)took;
		e->last_ns = sim->now_ns;
		e->write_ns = e->last_ns + a->write_pause_ns;
	}
	return CALL_DONE;
}
