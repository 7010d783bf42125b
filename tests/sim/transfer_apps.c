/* SPDX-License-Identifier: BSD-3-Clause */
/* The applications at both ends of a transfer. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "sim/transfer.h"

/* When a call that a fault has made fail is made again. */
#define AGAIN_NS (10 * MS)
/* When applications have had enough of a connection that somebody else talks into. */
#define ENOUGH_NS (5 * MINUTE)

/* ---- what may fail ------------------------------------------------------------------------- */

static unsigned side_of(const struct transfer *t, const struct end *e)
{
	return e >= t->end[1];
}

static struct end *peer_of(struct transfer *t, const struct end *e)
{
	unsigned side = side_of(t, e);

	return &t->end[!side][e - t->end[side]];
}

/* The last call on a host failed for want of what a fault has taken: it may be made again. */
static bool is_short(const struct transfer *t, unsigned host)
{
	return t->starved[host] && (errno == ENOMEM || errno == ENOBUFS || errno == EMFILE ||
				    errno == ENFILE || errno == EADDRNOTAVAIL);
}

static void again_later(const struct transfer *t, struct end *e)
{
	e->reads_at = e->writes_at = t->world.now_ns + AGAIN_NS;
}

/* The stack counts milliseconds, as Linux: of the first one part was over. */
static bool timed_out(const struct transfer *t, const struct end *e)
{
	return e->options.user_timeout_ms &&
	       t->world.now_ns / MS - e->opened_ns / MS >= e->options.user_timeout_ms;
}

/* A client whom no server has accepted, or not yet. That the first segments behind a cookie are
 * lost or late, and the next one shows nothing that the server knows, is what cookies cost (RFC
 * 4987 §3.6). So are they when they come to a listener whose queue is full: it has dropped the one
 * with the cookie, and resets what follows (RFC 9293 §3.10.7.2), as Linux. */
static bool may_be_refused(const struct transfer *t, const struct end *e, const struct end *peer)
{
	if (side_of(t, e) == 1 || e->got)
		return false;
	if (t->cookies && (t->lossy || (unsigned)t->backlog + 1 < t->conns))
		return true;
	return !peer->opened && (t->starved[0] || t->starved[1]);
}

static bool is_spoiled(const struct transfer *t, const struct end *e)
{
	return transfer_spoiled(t, (unsigned)(e - t->end[side_of(t, e)]));
}

/* Is that what the seed may make of this end? */
static bool may_end(struct transfer *t, const struct end *e, int error)
{
	const struct end *peer = peer_of(t, e);
	bool gone = transfer_gone(t, !side_of(t, e));

	if (is_spoiled(t, e))
		return true;
	switch (error) {
	case ETIMEDOUT:
		return gone || timed_out(t, e);
	case EHOSTUNREACH:
		return gone;
	case ECONNREFUSED: /* with Fast Open the server may be done before the handshake is */
	case ECONNRESET:
	case EPIPE:
		return peer->was_reset || peer->error || timed_out(t, peer) ||
		       may_be_refused(t, e, peer);
	default:
		return false;
	}
}

static void reset(int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	assert_int_equal(nsk_close(fd), 0);
}

static void app_close(struct end *e)
{
	assert_int_equal(nsk_close(e->fd), 0);
	e->fd = -1;
}

/* A call failed, as errno tells: it is made again, or that is the end. */
static void app_failed(struct transfer *t, struct end *e)
{
	int error = errno;

	if (error == EAGAIN)
		return;
	if (is_short(t, side_of(t, e))) {
		again_later(t, e);
		return;
	}
	if (!may_end(t, e, error))
		fail_msg("%s %u ended: %s", side_of(t, e) ? "server" : "client",
			 (unsigned)(e - t->end[side_of(t, e)]), strerror(error));
	e->error = error;
	app_close(e);
}

/* ---- opening ------------------------------------------------------------------------------- */

static void set_option(struct transfer *t, const struct end *e, int level, int name,
		       const void *value, socklen_t len)
{
	if (nsk_setsockopt(e->fd, level, name, value, len))
		assert_true(is_short(t, side_of(t, e)));
}

static void set_number(struct transfer *t, const struct end *e, int level, int name, int value)
{
	set_option(t, e, level, name, &value, sizeof(value));
}

static void set_options(struct transfer *t, const struct end *e)
{
	const struct end_options *o = &e->options;
	struct linger linger = {.l_onoff = o->linger_s > 0, .l_linger = o->linger_s};

	set_number(t, e, IPPROTO_TCP, TCP_NODELAY, o->nodelay);
	set_number(t, e, IPPROTO_TCP, TCP_CORK, o->cork);
	set_number(t, e, SOL_SOCKET, SO_KEEPALIVE, o->keepalive);
	set_number(t, e, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)o->user_timeout_ms);
	set_option(t, e, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (o->rcvbuf)
		set_number(t, e, SOL_SOCKET, SO_RCVBUF, o->rcvbuf);
	if (o->sndbuf)
		set_number(t, e, SOL_SOCKET, SO_SNDBUF, o->sndbuf);
	if (o->congestion)
		set_option(t, e, IPPROTO_TCP, TCP_CONGESTION, o->congestion,
			   (socklen_t)strlen(o->congestion));
}

static struct sockaddr_in address(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
}

static uint32_t fill_next(struct transfer *t, const struct end *e)
{
	uint64_t left = e->to_send - e->sent;
	uint32_t n = rng_range(&t->rng, 1, e->write_max);

	n = n < left ? n : (uint32_t)left;
	world_fill(t->data, n, e->sent, e->key);
	return n;
}

/* In a SYN, or behind it. */
static bool open_with_data(struct transfer *t, struct end *e, const struct sockaddr_in *to)
{
	uint32_t n = fill_next(t, e);
	ssize_t took = nsk_sendto(e->fd, t->data, n, MSG_FASTOPEN | MSG_NOSIGNAL,
				  (const struct sockaddr *)to, sizeof(*to));

	if (took < 0)
		return errno == EINPROGRESS;
	e->sent += (uint64_t)took;
	return true;
}

static bool open_to_server(struct transfer *t, struct end *e)
{
	struct sockaddr_in to = address(HOST_B, TRANSFER_PORT);

	if (e->opening == OPEN_WITH_DATA)
		return open_with_data(t, e, &to);
	if (e->opening == OPEN_BY_WRITING)
		set_number(t, e, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	return nsk_connect(e->fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS;
}

static void app_connect(struct transfer *t, struct end *e, uint16_t port)
{
	struct sockaddr_in own = address(INADDR_ANY, port);

	world_enter(&t->world, 0);
	e->fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (e->fd >= 0) {
		world_setsockopt(e->fd, SOL_SOCKET, SO_REUSEADDR, 1);
		set_options(t, e);
		if (nsk_bind(e->fd, (struct sockaddr *)&own, sizeof(own)) == 0 &&
		    open_to_server(t, e)) {
			e->opened = true;
			e->opened_ns = t->world.now_ns;
			return;
		}
	}
	if (!is_short(t, 0))
		fail_msg("client on port %u cannot open: %s", port, strerror(errno));
	if (e->fd >= 0)
		app_close(e);
	e->start_ns = t->world.now_ns + AGAIN_NS;
}

void transfer_listen(struct transfer *t)
{
	t->listener = world_listen(&t->world, 1, TRANSFER_PORT, t->backlog);
	world_setsockopt(t->listener, IPPROTO_TCP, TCP_FASTOPEN, t->fastopen);
}

static void app_accept(struct transfer *t)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	int fd = nsk_accept4(t->listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK);
	struct end *e;
	unsigned i;

	if (fd < 0) {
		assert_true(errno == EAGAIN || is_short(t, 1));
		return;
	}
	i = ntohs(peer.sin_port) - TRANSFER_CLIENTS;
	assert_true(i < t->conns);
	e = &t->end[1][i];
	/* A SYN with data, or a segment with a cookie, that the wire has doubled, or whose first
	 * connection is over. It is aborted: of a close the client, whom an RST of the first one
	 * may have missed, would think that all has come (RFC 4987 §3.6, RFC 7413 §2.1). */
	if (e->opened) {
		assert_true(t->fastopen || t->cookies);
		t->ghosts++;
		reset(fd);
		return;
	}
	e->fd = fd;
	e->opened = true;
	e->opened_ns = t->world.now_ns;
	set_options(t, e);
}

/* ---- writing, reading, closing ------------------------------------------------------------- */

static bool app_write_data(struct transfer *t, struct end *e)
{
	while (e->sent < e->to_send && !(e->aborts && e->to_send - e->sent <= e->abort_left)) {
		ssize_t took;
		uint32_t n;

		if (e->writes_at > t->world.now_ns)
			return false;
		n = fill_next(t, e);
		took = nsk_send(e->fd, t->data, n, MSG_NOSIGNAL);
		if (took < 0) {
			app_failed(t, e);
			return false;
		}
		assert_in_range(took, 1, n);
		e->sent += (uint64_t)took;
		if (e->gap_ms && rng_below(&t->rng, 10) == 0)
			e->writes_at = t->world.now_ns + rng_below(&t->rng, e->gap_ms) * MS;
	}
	return e->writes_at <= t->world.now_ns;
}

static void app_abort(struct end *e)
{
	reset(e->fd);
	e->fd = -1;
	e->was_reset = true;
}

static void app_write(struct transfer *t, struct end *e)
{
	if (!app_write_data(t, e))
		return;
	if (e->aborts) {
		app_abort(e);
		return;
	}
	if (e->options.cork) {
		e->options.cork = false;
		world_setsockopt(e->fd, IPPROTO_TCP, TCP_CORK, 0);
	}
	if (e->shut || (e->ending != SHUT_AT_ONCE && !e->eof))
		return;
	/* Not open yet, a shutdown would be its end. */
	if (nsk_send(e->fd, t->data, 0, MSG_NOSIGNAL) < 0 || nsk_shutdown(e->fd, SHUT_WR) < 0)
		app_failed(t, e);
	else
		e->shut = true;
}

static void app_read(struct transfer *t, struct end *e, uint64_t peer_key)
{
	while (!e->eof && e->reads_at <= t->world.now_ns) {
		uint32_t n = rng_range(&t->rng, 1, e->read_max);
		ssize_t got = nsk_recv(e->fd, t->data, n, 0);

		if (got < 0) {
			app_failed(t, e);
			return;
		}
		e->eof = got == 0;
		if (is_spoiled(t, e)) {
			e->got += (uint64_t)got;
			continue;
		}
		assert_in_range(e->got + (uint64_t)got, 0, e->to_get);
		world_fill(t->expect, (size_t)got, e->got, peer_key);
		assert_memory_equal(t->data, t->expect, (size_t)got);
		e->got += (uint64_t)got;
		if (rng_below(&t->rng, 50) == 0)
			e->reads_at = t->world.now_ns + rng_below(&t->rng, 300) * MS;
	}
}

static bool app_done(const struct end *e)
{
	if (e->ending == CLOSE_WHEN_DONE)
		return e->sent == e->to_send && e->got == e->to_get;
	return e->shut && e->eof;
}

/* Has an end that is not there still to come? */
static bool to_come(struct transfer *t, const struct end *e)
{
	const struct end *peer = peer_of(t, e);

	if (e->opened || transfer_gone(t, 0) || transfer_gone(t, 1))
		return false;
	return side_of(t, e) == 0 || !(peer->error || peer->was_reset);
}

/* One round of one application; false once it is through. */
static bool app_run(struct transfer *t, struct end *e)
{
	unsigned side = side_of(t, e);

	if (t->world.stopped[side])
		return !transfer_gone(t, side) && (e->fd >= 0 || to_come(t, e));
	if (side == 0 && !e->opened && e->start_ns <= t->world.now_ns)
		app_connect(t, e, (uint16_t)(TRANSFER_CLIENTS + (e - t->end[0])));
	if (e->fd >= 0)
		app_read(t, e, peer_of(t, e)->key);
	if (e->fd >= 0)
		app_write(t, e);
	if (e->fd >= 0 && is_spoiled(t, e) && t->world.now_ns >= t->spoiled_ns + ENOUGH_NS)
		app_abort(e);
	if (e->fd < 0)
		return to_come(t, e);
	if (!app_done(e))
		return true;
	if (!is_spoiled(t, e))
		assert_int_equal(e->got, e->to_get);
	app_close(e);
	return false;
}

static void wake_at(const struct transfer *t, uint64_t *wake, uint64_t at)
{
	if (at > t->world.now_ns && at < *wake)
		*wake = at;
}

uint64_t transfer_apps(struct transfer *t, uint64_t deadline)
{
	uint64_t wake = deadline;
	bool busy = false;

	if (!t->world.stopped[1])
		app_accept(t);
	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < t->conns; i++) {
			struct end *e = &t->end[side][i];

			busy |= app_run(t, e);
			wake_at(t, &wake, e->start_ns);
			wake_at(t, &wake, e->reads_at);
			wake_at(t, &wake, e->writes_at);
			if (is_spoiled(t, e))
				wake_at(t, &wake, t->spoiled_ns + ENOUGH_NS);
		}
	return busy ? wake : 0;
}

void transfer_bury(struct transfer *t)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < t->conns; i++)
			if (t->end[side][i].fd >= 0) {
				assert_true(transfer_gone(t, side));
				app_close(&t->end[side][i]);
			}
	assert_int_equal(nsk_close(t->listener), 0);
}
