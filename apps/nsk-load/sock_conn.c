/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of a socket's life: connect, request, answer, close, failure, time-outs.
 *
 * Sockets are watched edge-triggered, for reading and writing at once and for good, so that no step
 * costs an epoll_ctl(); bulk ones level-triggered, so that a busy one does not keep the others
 * waiting.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "nsk-load/sock.h"

#define BACKOFF_TICKS 100u

/* When a timer that is due then is looked at next: it may be armed for a nearer time meanwhile. */
static uint32_t ask_at(const struct sock *s, uint32_t due)
{
	uint32_t ahead = BACKOFF_TICKS;

	if (s->o->think_ms && s->o->think_ms < ahead)
		ahead = s->o->think_ms;
	return due - s->now_tick < ahead ? due : s->now_tick + ahead;
}

void sconn_arm(struct sock *s, uint32_t slot, uint32_t ticks)
{
	struct sconn *c = &s->conn[slot];

	c->due = s->now_tick + ticks;
	if (c->flags & SCONN_TIMED)
		return;
	c->flags |= SCONN_TIMED;
	ticker_add(&s->ticker, slot, ask_at(s, c->due));
}

enum load_error sconn_error(struct sock *s, int err, bool connecting)
{
	switch (err) {
	case ECONNREFUSED:
		return LOAD_ERR_REFUSED;
	case ECONNRESET:
	case EPIPE:
		return LOAD_ERR_RESET;
	case ETIMEDOUT:
		return connecting ? LOAD_ERR_CONNECT_TIMEOUT : LOAD_ERR_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
		return LOAD_ERR_UNREACHABLE;
	default:
		result_set(&s->result->socket_errno, (uint64_t)err);
		return LOAD_ERR_SOCKET;
	}
}

/* ---- ending -------------------------------------------------------------------------------- */

static void release(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];

	s->calls->close(c->fd);
	if (c->state == SCONN_CONNECTING)
		s->plan.handshakes--;
	else
		result_set(&s->result->open, s->result->open - 1);
	if (c->state == SCONN_BUSY && !s->o->bulk)
		s->plan.outstanding--;
	c->fd = -1;
	c->due = TICKER_NONE;
}

void sconn_end(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];

	if (c->state > SCONN_CONNECTING)
		result_add(&s->result->now.closed, 1);
	release(s, slot);
	c->state = SCONN_CLOSED;
	schedule_closed(&s->plan, slot);
}

void sconn_failed(struct sock *s, uint32_t slot, enum load_error error)
{
	struct sconn *c = &s->conn[slot];

	result_error(s->result, error);
	if (c->fd >= 0)
		release(s, slot);
	c->state = SCONN_BACKOFF;
	sconn_arm(s, slot, BACKOFF_TICKS);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Own addresses take turns; the port is chosen at connect, when the whole four is known. */
static int bind_source(struct sock *s, int fd, uint32_t slot)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	int one = 1;

	sin.sin_addr.s_addr = htonl(s->o->source_first + slot % s->o->source_count);
	s->calls->setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	return s->calls->bind(fd, (struct sockaddr *)&sin, sizeof(sin));
}

static int connect_slot(struct sock *s, uint32_t slot)
{
	const struct target_addr *t = &s->o->target[slot % s->o->ntargets];
	struct sconn *c = &s->conn[slot];
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = slot};
	int fd = s->calls->socket(t->sa.sa_family,
				  (s->o->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return errno;
	if (!s->o->bulk)
		event.events |= EPOLLET;
	if ((s->o->source_count && t->sa.sa_family == AF_INET && bind_source(s, fd, slot)) ||
	    (s->calls->connect(fd, &t->sa, t->len) && errno != EINPROGRESS) ||
	    s->calls->epoll_ctl(s->epfd, EPOLL_CTL_ADD, fd, &event)) {
		err = errno;
		s->calls->close(fd);
		return err;
	}
	c->fd = fd;
	return 0;
}

static void established(struct sock *s, uint32_t slot);

void sconn_open(struct sock *s, uint32_t slot, uint64_t due_ns)
{
	struct sconn *c = &s->conn[slot];
	int err;

	c->flags &= SCONN_TIMED | SCONN_PARKED;
	c->start_ns = due_ns;
	err = connect_slot(s, slot);
	if (err == ENETUNREACH)
		load_fail(s->load, "no route to %s%s", s->o->target[slot % s->o->ntargets].text,
			  s->load->stack ? ": give a gateway with -g" : "");
	if (err) {
		sconn_failed(s, slot, sconn_error(s, err, true));
		return;
	}
	c->state = SCONN_CONNECTING;
	s->plan.handshakes++;
	sconn_arm(s, slot, s->o->timeout_ms);
	if (s->o->udp)
		established(s, slot);
}

/* ---- requests ------------------------------------------------------------------------------ */

/* Established and free: the next request, the queue, or the end. */
static void next(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];
	uint64_t due_ns;

	c->state = SCONN_IDLE;
	c->due = TICKER_NONE;
	if (s->draining) {
		sconn_end(s, slot);
	} else if (schedule_next(&s->plan, s->now_ns, &due_ns)) {
		sconn_request(s, slot, due_ns);
	} else if (!(c->flags & SCONN_PARKED)) {
		c->flags |= SCONN_PARKED;
		slotq_put(&s->plan.idle, slot);
	}
}

static void established(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];

	s->plan.handshakes--;
	result_add(&s->result->now.opened, 1);
	result_set(&s->result->open, s->result->open + 1);
	if (!s->o->udp && load_measuring(s->result))
		histogram_record(&s->result->connect, s->now_ns - c->start_ns);
	c->state = SCONN_IDLE;
	if (s->o->bulk)
		sbulk_begin(s, slot);
	else if (s->o->short_lived)
		sconn_request(s, slot, c->start_ns);
	else
		next(s, slot);
}

static void send_rest(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];
	uint32_t left = s->work.request_len - (uint32_t)c->sent;
	ssize_t n;

	work_copy(&s->work, sconn_tag(c, slot), (uint32_t)c->sent, s->request, left);
	n = s->calls->send(c->fd, s->request, left, MSG_NOSIGNAL);
	if (n < 0) {
		if (errno != EAGAIN && errno != ENOBUFS)
			sconn_failed(s, slot, sconn_error(s, errno, false));
		return;
	}
	result_add(&s->result->now.tx_bytes, (uint64_t)n);
	c->sent += (uint64_t)n;
}

void sconn_request(struct sock *s, uint32_t slot, uint64_t due_ns)
{
	struct sconn *c = &s->conn[slot];

	c->state = SCONN_BUSY;
	c->start_ns = due_ns;
	c->requests++;
	c->sent = 0;
	work_expect(&s->work, &c->answer);
	s->plan.outstanding++;
	result_add(&s->result->now.sent, 1);
	sconn_arm(s, slot, s->o->timeout_ms);
	send_rest(s, slot);
}

static void answered(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];

	s->plan.outstanding--;
	c->state = SCONN_IDLE;
	result_add(&s->result->now.answers, 1);
	if (load_measuring(s->result))
		result_latency(s->result, s->now_ns > c->start_ns ? s->now_ns - c->start_ns : 0);
	if (s->o->short_lived) {
		sconn_end(s, slot);
	} else if (s->o->think_ms && !s->draining) {
		c->state = SCONN_THINK;
		sconn_arm(s, slot, s->o->think_ms);
	} else {
		next(s, slot);
	}
}

/* ---- events -------------------------------------------------------------------------------- */

/* A datagram that is no answer to the present request came too late. */
static bool late(const struct sock *s, uint32_t slot, size_t len)
{
	uint64_t tag = sconn_tag(&s->conn[slot], slot);

	return s->o->udp && s->work.kind == WORK_ECHO &&
	       (len < s->work.tag_len || memcmp(s->buffer, &tag, s->work.tag_len) != 0);
}

/* What n received bytes mean; false: there is no more to read here. */
static bool take(struct sock *s, uint32_t slot, size_t n)
{
	struct sconn *c = &s->conn[slot];

	if (late(s, slot, n) || (s->o->udp && c->state != SCONN_BUSY)) {
		result_add(&s->result->now.stray, 1);
		return true;
	}
	if (c->state != SCONN_BUSY) {
		sconn_failed(s, slot, LOAD_ERR_BAD);
		return false;
	}
	result_add(&s->result->now.rx_bytes, n);
	switch (work_feed(&s->work, &c->answer, sconn_tag(c, slot), s->buffer, (uint32_t)n)) {
	case WORK_WRONG:
		sconn_failed(s, slot, LOAD_ERR_BAD);
		return false;
	case WORK_DONE:
		answered(s, slot);
		return c->fd >= 0;
	default:
		if (s->o->udp)
			sconn_failed(s, slot, LOAD_ERR_BAD);
		return c->fd >= 0;
	}
}

static void readable(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];
	int fd = c->fd;
	ssize_t n;

	/* Until there is no more: the edge is not told again. A stream that gave less than was
	 * asked for has no more. */
	while (c->fd == fd) {
		n = s->calls->recv(fd, s->buffer, SOCK_BUFFER, 0);
		if (s->calls->dear)
			sock_time(s);
		if (n < 0) {
			if (errno != EAGAIN)
				sconn_failed(s, slot, sconn_error(s, errno, false));
			return;
		}
		if (n == 0 && !s->o->udp) {
			if (c->state == SCONN_BUSY)
				sconn_failed(s, slot, LOAD_ERR_CLOSED);
			else
				sconn_end(s, slot);
			return;
		}
		if (!take(s, slot, (size_t)n) || (!s->o->udp && n < (ssize_t)SOCK_BUFFER))
			return;
	}
}

static int pending_error(struct sock *s, int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	return s->calls->getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? errno : err;
}

void sconn_event(struct sock *s, uint32_t slot, uint32_t events)
{
	struct sconn *c = &s->conn[slot];
	int err;

	if (c->fd < 0)
		return;
	if (c->state == SCONN_CONNECTING || (events & EPOLLERR)) {
		err = pending_error(s, c->fd);
		if (err) {
			sconn_failed(s, slot, sconn_error(s, err, c->state == SCONN_CONNECTING));
			return;
		}
		if (c->state == SCONN_CONNECTING) {
			if (!(events & (EPOLLIN | EPOLLOUT)))
				return;
			established(s, slot);
		}
	}
	if (s->o->bulk) {
		sbulk_event(s, slot, events);
		return;
	}
	if (c->state == SCONN_BUSY && (events & EPOLLOUT) && c->sent < s->work.request_len)
		send_rest(s, slot);
	if (c->fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)))
		readable(s, slot);
}

static void expired(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];

	switch (c->state) {
	case SCONN_BACKOFF:
		c->state = SCONN_CLOSED;
		schedule_closed(&s->plan, slot);
		break;
	case SCONN_CONNECTING:
		sconn_failed(s, slot, LOAD_ERR_CONNECT_TIMEOUT);
		break;
	case SCONN_BUSY:
		sconn_failed(s, slot, LOAD_ERR_TIMEOUT);
		break;
	case SCONN_THINK:
		next(s, slot);
		break;
	default:
		break;
	}
}

uint32_t sconn_timeout(void *sock, uint32_t slot)
{
	struct sock *s = sock;
	struct sconn *c = &s->conn[slot];

	if (c->due != TICKER_NONE && (int32_t)(c->due - s->now_tick) <= 0) {
		c->due = TICKER_NONE;
		expired(s, slot);
	}
	if (c->due == TICKER_NONE) {
		c->flags &= (uint8_t)~SCONN_TIMED;
		return TICKER_NONE;
	}
	return ask_at(s, c->due);
}
