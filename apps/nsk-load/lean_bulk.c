/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk transfers of the lean client: the pattern goes out as fast as the windows of receiver and
 * network allow, what comes is counted, and compared when it should be what was sent.
 */
#include "nsk-load/lean.h"

#include <string.h>

#define CWND_FIRST 10u
#define CWND_MAX   1024u

static bool sends(const struct lean *l)
{
	return l->o->bulk & BULK_SEND;
}

static bool sent_all(const struct conn *c)
{
	return c->send_left == 0 && c->snd_una == c->snd_max;
}

/* Everything that was to be sent and received has been. */
static void check_complete(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];
	bool received = !(l->o->bulk & BULK_RECV) || c->received >= l->o->bulk_bytes;

	if (c->state == CONN_BUSY && l->o->bulk_bytes && sent_all(c) && received) {
		result_add(&l->result->now.answers, 1);
		conn_close(l, slot);
	}
}

void bulk_begin(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	c->state = CONN_BUSY;
	c->req_seq = c->snd_nxt;
	c->received = 0;
	l->early[slot].count = 0;
	c->cwnd = CWND_FIRST;
	c->ssthresh = CWND_MAX;
	if (sends(l))
		c->send_left = l->o->bulk_bytes ? l->o->bulk_bytes : UINT64_MAX;
	else
		c->send_left = l->o->http ? l->work.request_len : 0;
	result_add(&l->result->now.sent, 1);
	conn_arm(l, slot, l->rto_ticks);
	bulk_send(l, slot);
}

/* How much may go out in one piece at snd_nxt: 0 if nothing. */
static uint32_t piece(const struct conn *c)
{
	uint32_t flight = c->snd_nxt - c->snd_una;
	uint32_t window = c->cwnd * c->mss, len;
	uint64_t left = seq_lt(c->snd_nxt, c->snd_max) ? c->snd_max - c->snd_nxt : c->send_left;

	if (window > c->snd_wnd)
		window = c->snd_wnd;
	if (flight >= window)
		return 0;
	len = window - flight;
	/* Not in crumbs, unless it is the last one or nothing is under way (RFC 9293 §3.8.6.2.1).
	 */
	if (len < c->mss && len < left && flight)
		return 0;
	len = len < c->mss ? len : c->mss;
	return len < left ? len : (uint32_t)left;
}

static void advance(struct lean *l, uint32_t slot, uint32_t len)
{
	struct conn *c = &l->conn[slot];
	bool again = seq_lt(c->snd_nxt, c->snd_max);

	tx_piece(l, slot, c->snd_nxt, len, again);
	c->snd_nxt += len;
	if (again)
		return;
	c->snd_max = c->snd_nxt;
	c->send_left -= len;
}

void bulk_send(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];
	uint32_t len;

	while ((len = piece(c)) > 0)
		advance(l, slot, len);
}

void bulk_acked(struct lean *l, uint32_t slot, uint32_t bytes)
{
	struct conn *c = &l->conn[slot];
	uint32_t segments = (bytes + c->mss - 1) / c->mss;

	/* Slow start, then about one segment a window. */
	if (c->cwnd < c->ssthresh)
		c->cwnd += segments;
	else if (c->snd_una % (c->cwnd * c->mss) < bytes)
		c->cwnd++;
	if (c->cwnd > CWND_MAX)
		c->cwnd = CWND_MAX;
	check_complete(l, slot);
}

/* Three acknowledgments said the same: one segment was lost (RFC 5681 §3.2). */
void bulk_duplicate(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	c->ssthresh = c->cwnd / 2 > 2 ? c->cwnd / 2 : 2;
	c->cwnd = c->ssthresh;
}

void bulk_timeout(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (c->snd_una == c->snd_max && c->send_left == 0)
		return;
	bulk_duplicate(l, slot);
	c->cwnd = 2;
	c->snd_nxt = c->snd_una;
	if (c->snd_wnd)
		bulk_send(l, slot);
	else
		tx_probe(l, slot);
}

/* The bytes at an offset of the received stream: the ones that were sent? */
static bool right(const struct lean *l, uint32_t slot, uint64_t offset, const uint8_t *data,
		  uint32_t len)
{
	if (l->o->bulk != BULK_BOTH)
		return true;
	if (l->o->bulk_bytes && offset + len > l->o->bulk_bytes)
		return false;
	return memcmp(data, pattern_at(l->pattern, bulk_offset(slot) + offset), len) == 0;
}

void bulk_received(struct lean *l, uint32_t slot, const uint8_t *data, uint32_t len)
{
	struct conn *c = &l->conn[slot];
	uint32_t next = ranges_advance(&l->early[slot], c->rcv_nxt);

	if (!right(l, slot, c->received, data, len)) {
		conn_failed(l, slot, LOAD_ERR_BAD, true);
		return;
	}
	len += next - c->rcv_nxt;
	c->rcv_nxt = next;
	c->received += len;
	c->retries = 0;
	c->due = l->now_tick + l->rto_ticks;
	result_add(&l->result->now.rx_bytes, len);
	tx_ack_later(l, slot);
	check_complete(l, slot);
}

void bulk_early(struct lean *l, uint32_t slot, uint32_t ahead, const uint8_t *data, uint32_t len)
{
	struct conn *c = &l->conn[slot];
	uint32_t start = c->rcv_nxt + ahead;

	/* Beyond the window, or wrong: it may come again, and rightly. */
	if (len && ahead + len <= (uint32_t)l->window << l->wscale &&
	    right(l, slot, c->received + ahead, data, len))
		ranges_add(&l->early[slot], start, start + len);
}

void bulk_ended(struct lean *l, uint32_t slot)
{
	/* Without an end of our own, the other side's is as good: it had only so much. */
	if (l->o->bulk == BULK_RECV && !l->o->bulk_bytes) {
		result_add(&l->result->now.answers, 1);
		conn_close(l, slot);
	} else {
		conn_failed(l, slot, LOAD_ERR_CLOSED, true);
	}
}
