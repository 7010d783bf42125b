/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk transfers over sockets.
 */
#include <errno.h>
#include <string.h>

#include "nsk-load/sock.h"

#define SEND_AT_ONCE PATTERN_PERIOD
#define SENDS_A_TURN 16u

/* As lean_bulk.c has it: streams differ. */
static uint64_t offset_of(uint32_t slot)
{
	return (uint64_t)slot * 7918;
}

static uint64_t send_left(const struct sock *s, const struct sconn *c)
{
	if (!(s->o->bulk & BULK_SEND))
		return s->o->http ? s->work.request_len - c->sent : 0;
	return s->o->bulk_bytes ? s->o->bulk_bytes - c->sent : UINT64_MAX;
}

static void watch(struct sock *s, uint32_t slot, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u32 = slot};

	s->calls->epoll_ctl(s->epfd, EPOLL_CTL_MOD, s->conn[slot].fd, &event);
}

static ssize_t send_some(struct sock *s, uint32_t slot, uint64_t left)
{
	struct sconn *c = &s->conn[slot];
	uint64_t at = offset_of(slot) + c->sent;

	if (!(s->o->bulk & BULK_SEND))
		return s->calls->send(c->fd, s->work.request + c->sent, (size_t)left, MSG_NOSIGNAL);
	if (s->o->zero_copy)
		return s->calls->send_zc(c->fd, s->pattern, at, left);
	return s->calls->send(c->fd, pattern_at(s->pattern, at),
			      left < SEND_AT_ONCE ? (size_t)left : SEND_AT_ONCE, MSG_NOSIGNAL);
}

/* Everything that was to be sent and received has been. */
static bool complete(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];

	if (!s->o->bulk_bytes || send_left(s, c) ||
	    ((s->o->bulk & BULK_RECV) && c->received < s->o->bulk_bytes))
		return false;
	result_add(&s->result->now.answers, 1);
	sconn_end(s, slot);
	return true;
}

/* False: the connection has ended. */
static bool writable(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];
	uint64_t left = send_left(s, c);

	for (unsigned i = 0; i < SENDS_A_TURN && left; i++) {
		ssize_t n = send_some(s, slot, left);

		if (n < 0) {
			if (errno == EAGAIN || errno == ENOBUFS)
				return true;
			sconn_failed(s, slot, sconn_error(s, errno, false));
			return false;
		}
		c->sent += (uint64_t)n;
		result_add(&s->result->now.tx_bytes, (uint64_t)n);
		sconn_arm(s, slot, s->o->timeout_ms);
		left = send_left(s, c);
	}
	if (!left)
		watch(s, slot, EPOLLIN);
	return !complete(s, slot);
}

/* Bytes that were sent came back: the same ones? */
static bool right(const struct sock *s, uint32_t slot, uint64_t len)
{
	const struct sconn *c = &s->conn[slot];
	uint64_t at = offset_of(slot) + c->received, done = 0;

	if (s->o->bulk != BULK_BOTH)
		return true;
	if (s->o->bulk_bytes && len > s->o->bulk_bytes - c->received)
		return false;
	for (; done < len; done += PATTERN_PERIOD) {
		uint64_t n = len - done < PATTERN_PERIOD ? len - done : PATTERN_PERIOD;

		if (memcmp(s->buffer + done, pattern_at(s->pattern, at + done), n) != 0)
			return false;
	}
	return true;
}

static void readable(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];
	ssize_t n = s->calls->recv(c->fd, s->buffer, SOCK_BUFFER, 0);

	if (n < 0) {
		if (errno != EAGAIN)
			sconn_failed(s, slot, sconn_error(s, errno, false));
		return;
	}
	if (n == 0) {
		/* Without an end of our own, the other side's is as good. */
		if (s->o->bulk == BULK_RECV && !s->o->bulk_bytes) {
			result_add(&s->result->now.answers, 1);
			sconn_end(s, slot);
		} else {
			sconn_failed(s, slot, LOAD_ERR_CLOSED);
		}
		return;
	}
	result_add(&s->result->now.rx_bytes, (uint64_t)n);
	if (!right(s, slot, (uint64_t)n)) {
		sconn_failed(s, slot, LOAD_ERR_BAD);
		return;
	}
	c->received += (uint64_t)n;
	sconn_arm(s, slot, s->o->timeout_ms);
	complete(s, slot);
}

void sbulk_begin(struct sock *s, uint32_t slot)
{
	struct sconn *c = &s->conn[slot];

	c->state = SCONN_BUSY;
	c->sent = 0;
	c->received = 0;
	result_add(&s->result->now.sent, 1);
	sconn_arm(s, slot, s->o->timeout_ms);
	if (!send_left(s, c))
		watch(s, slot, EPOLLIN);
}

void sbulk_event(struct sock *s, uint32_t slot, uint32_t events)
{
	if ((events & EPOLLOUT) && !writable(s, slot))
		return;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
		readable(s, slot);
}
