/* SPDX-License-Identifier: BSD-3-Clause */
/* What does not fit the lanes, and reading them; see tally.h. */
#include "tcp/tally.h"

static uint32_t lane(uint64_t word, unsigned shift, unsigned bits)
{
	return (uint32_t)(word >> shift) & ((1u << bits) - 1);
}

static void empty(const struct tcp_conn *c, struct tcp_counts *n)
{
	n->segs_in += lane(c->tally_in, TALLY_SEGS, TALLY_SEGS_BITS);
	n->busy_ms += lane(c->tally_in, TALLY_BUSY_MS, TALLY_BUSY_BITS);
	n->data_segs_in += lane(c->tally_in, TALLY_DATA_SEGS, TALLY_SEGS_BITS);
	n->received += lane(c->tally_in, TALLY_RECEIVED, TALLY_RECEIVED_BITS);
	n->segs_out += lane(c->tally_out, TALLY_OUT_SEGS, 16);
	n->data_segs_out += lane(c->tally_out, TALLY_OUT_DATA_SEGS, 16);
}

void tally_fold(struct nsk_worker *w, struct tcp_conn *c)
{
	if (conn_ext(w, c))
		empty(c, &c->ext->count);
	c->tally_in = 0;
	c->tally_out = 0;
}

void tally_busy_long(struct nsk_worker *w, struct tcp_conn *c, uint32_t ms)
{
	if (conn_ext(w, c))
		c->ext->count.busy_ms += ms;
}

void tally_received(struct nsk_worker *w, struct tcp_conn *c, uint32_t n)
{
	if (n <= UINT16_MAX)
		c->tally_in += (uint64_t)n << TALLY_RECEIVED;
	else if (conn_ext(w, c)) /* what a gap had held back */
		c->ext->count.received += n;
}

/* Milliseconds that the peer's window has been shut with nothing in flight. */
static uint32_t shut_ms(const struct nsk_worker *w, const struct tcp_conn *c)
{
	const struct tcp_ext *x = c->ext;

	if (!x || x->limit != TALLY_WINDOW || c->snd_una != c->snd_nxt)
		return 0;
	return NSK_MIN(w->tcp->now_ms - x->limit_since_ms, w->tcp->now_ms - x->progress_ms);
}

void tally_window_open(struct nsk_worker *w, struct tcp_conn *c)
{
	c->ext->count.busy_ms += shut_ms(w, c);
}

void tally_acked_carry(struct nsk_worker *w, struct tcp_conn *c, uint32_t n)
{
	if (conn_ext(w, c))
		c->ext->count.acked += (int64_t)n << 16;
}

void tally_limit_changed(struct nsk_worker *w, struct tcp_conn *c, enum tally_limit limit)
{
	struct tcp_ext *x = conn_ext(w, c);

	if (!x)
		return;
	if (x->limit != TALLY_FREE)
		x->count.limited_ms[x->limit - 1] += w->tcp->now_ms - x->limit_since_ms;
	x->limit = (uint8_t)limit;
	x->limit_since_ms = w->tcp->now_ms;
}

void tally_clear(struct tcp_conn *c)
{
	c->tally_in = 0;
	c->tally_out = 0;
	c->win.acked = 0;
	if (!c->ext)
		return;
	c->ext->count = (struct tcp_counts){0};
	c->ext->limit = TALLY_FREE;
}

struct tcp_counts tally_read(const struct nsk_worker *w, const struct tcp_conn *c)
{
	struct tcp_counts n = {0};

	if (c->ext)
		n = c->ext->count;
	if (c->ext && c->ext->limit != TALLY_FREE)
		n.limited_ms[c->ext->limit - 1] += w->tcp->now_ms - c->ext->limit_since_ms;
	empty(c, &n);
	n.acked += c->win.acked;
	if (c->snd_nxt != c->snd_una && conn_in(c, TCPS_SENDING))
		n.busy_ms += w->tcp->now_ms - c->last_snd_ms;
	n.busy_ms += shut_ms(w, c);
	return n;
}
