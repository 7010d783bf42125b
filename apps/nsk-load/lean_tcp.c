/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One segment of a connection (RFC 9293 §3.10.7, the client's part; RFC 5961 for resets).
 */
#include "nsk-load/lean.h"

/* Options of a SYN-ACK that matter: MSS and window scale. */
static void take_options(const struct lean *l, struct conn *c, const struct segment *s)
{
	uint32_t i = 0;

	c->mss = 536;
	c->wscale = 0;
	while (i < s->options_len && s->options[i] != 0) {
		uint32_t kind = s->options[i], len;

		if (kind == 1) {
			i++;
			continue;
		}
		if (i + 1 >= s->options_len || (len = s->options[i + 1]) < 2 ||
		    i + len > s->options_len)
			break;
		if (kind == 2 && len == 4)
			c->mss = (uint16_t)(s->options[i + 2] << 8 | s->options[i + 3]);
		else if (kind == 3 && len == 3)
			c->wscale = s->options[i + 2] < 14 ? s->options[i + 2] : 14;
		i += len;
	}
	if (c->mss > l->mss)
		c->mss = l->mss;
	if (c->mss < 64)
		c->mss = 64;
}

static void syn_sent_input(struct lean *l, uint32_t slot, const struct segment *s)
{
	struct conn *c = &l->conn[slot];

	if (!(s->flags & TH_ACK))
		return;
	if (s->ack != c->snd_max) {
		/* It still holds an earlier connection: that ends now, and the SYN goes again soon
		 * (§3.5.1). */
		if (!(s->flags & TH_RST)) {
			tx_reset(l, slot, s->ack, 0, 0);
			c->due = l->now_tick + 2;
		}
		return;
	}
	if (s->flags & TH_RST) {
		conn_failed(l, slot, LOAD_ERR_REFUSED, false);
		return;
	}
	if (!(s->flags & TH_SYN))
		return;
	c->snd_una = s->ack;
	c->rcv_nxt = s->seq + 1;
	c->snd_wnd = s->wnd;
	take_options(l, c, s);
	c->flags |= CONN_ACK;
	conn_established(l, slot);
	/* Nothing was sent that carries it. */
	if (c->flags & CONN_ACK)
		l->ack[l->acks++] = slot;
}

/* Bytes of an answer, in order. */
static void feed(struct lean *l, uint32_t slot, const uint8_t *data, uint32_t len)
{
	struct conn *c = &l->conn[slot];

	result_add(&l->result->now.rx_bytes, len);
	switch (work_feed(&l->work, &c->answer, lean_tag(c, slot), data, len)) {
	case WORK_MORE:
		c->due = l->now_tick + l->rto_ticks;
		tx_ack_later(l, slot);
		break;
	case WORK_DONE:
		c->flags |= CONN_ACK;
		conn_answered(l, slot);
		if (c->flags & CONN_ACK)
			l->ack[l->acks++] = slot;
		break;
	case WORK_WRONG:
		conn_failed(l, slot, LOAD_ERR_BAD, true);
		break;
	}
}

/* A reset ends the connection if it is exactly in order; else it is answered, so that a real one
 * comes again so. */
static void reset_input(struct lean *l, uint32_t slot, const struct segment *s)
{
	struct conn *c = &l->conn[slot];

	if (s->seq == c->rcv_nxt) {
		conn_failed(l, slot, LOAD_ERR_RESET, false);
	} else if (s->seq - c->rcv_nxt < 65536) {
		tx_ack_later(l, slot);
	}
}

/* An acknowledgment (§3.10.7.4, fifth): what it takes from the queue, and what that allows. */
static void take_ack(struct lean *l, uint32_t slot, const struct segment *s)
{
	struct conn *c = &l->conn[slot];
	uint32_t acked = s->ack - c->snd_una, wnd = s->wnd << c->wscale;

	if ((int32_t)acked > 0) {
		c->snd_una = s->ack;
		if (seq_lt(c->snd_nxt, c->snd_una))
			c->snd_nxt = c->snd_una;
		c->retries = 0;
		c->dupacks = 0;
		c->snd_wnd = wnd;
		c->due = l->now_tick + l->rto_ticks;
		if (l->o->bulk && c->state == CONN_BUSY)
			bulk_acked(l, slot, acked);
	} else if (acked == 0) {
		bool same = wnd == c->snd_wnd && s->len == 0 && !(s->flags & TH_FIN);

		c->snd_wnd = wnd;
		if (same && c->snd_una != c->snd_max && c->state == CONN_BUSY &&
		    ++c->dupacks == 3) {
			uint32_t len = c->snd_max - c->snd_una;

			tx_piece(l, slot, c->snd_una, len < c->mss ? len : c->mss, true);
			if (l->o->bulk)
				bulk_duplicate(l, slot);
		}
	}
	if (c->state == CONN_BUSY) {
		if (l->o->bulk)
			bulk_send(l, slot);
		else
			tx_pump(l, slot);
	}
}

/* The end of both directions, if it is: acknowledged at once, since the slot may begin anew in this
 * turn. */
static void check_closed(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (c->state != CONN_FIN || !(c->flags & CONN_PEER_FIN) || c->snd_una != c->snd_max)
		return;
	if (c->flags & CONN_ACK)
		tx_control(l, slot, TH_ACK, c->snd_max);
	conn_closed(l, slot);
}

/* The other side has said everything. */
static void fin_input(struct lean *l, uint32_t slot)
{
	switch (l->conn[slot].state) {
	case CONN_BUSY:
		if (l->o->bulk)
			bulk_ended(l, slot);
		else
			conn_failed(l, slot, LOAD_ERR_CLOSED, true);
		break;
	case CONN_IDLE:
	case CONN_THINK:
		conn_close(l, slot);
		break;
	default:
		break;
	}
}

/* Text and FIN (§3.10.7.4, seventh and eighth): in order, or not at all. */
static void take_text(struct lean *l, uint32_t slot, const struct segment *s)
{
	struct conn *c = &l->conn[slot];
	uint32_t fin = s->flags & TH_FIN ? 1 : 0, old = c->rcv_nxt - s->seq, len;

	if (s->len + fin == 0)
		return;
	/* Something is missing before it: each such segment gets its own answer, by which the
	 * sender counts (RFC 5681 §4.2). */
	if ((int32_t)old < 0) {
		if (c->state == CONN_BUSY && l->o->bulk)
			bulk_early(l, slot, s->seq - c->rcv_nxt, s->data, s->len);
		tx_control(l, slot, TH_ACK, c->snd_max);
		return;
	}
	if (old >= s->len + fin) {
		tx_ack_later(l, slot);
		return;
	}
	len = s->len > old ? s->len - old : 0;
	c->rcv_nxt += len + fin;
	if (fin)
		c->flags |= CONN_PEER_FIN;
	if (len && c->state == CONN_BUSY && l->o->bulk)
		bulk_received(l, slot, s->data + old, len);
	else if (len && c->state == CONN_BUSY)
		feed(l, slot, s->data + old, len);
	else if (len && c->state != CONN_FIN)
		conn_failed(l, slot, LOAD_ERR_BAD, true);
	if (c->state > CONN_BACKOFF && (fin || c->state == CONN_FIN))
		tx_ack_later(l, slot);
	if (fin)
		fin_input(l, slot);
}

static void segment_input(struct lean *l, uint32_t slot, const struct segment *s)
{
	struct conn *c = &l->conn[slot];

	if (c->state <= CONN_BACKOFF) {
		/* Nobody is here (§3.10.7.1). */
		result_add(&l->result->now.stray, 1);
		if (s->flags & TH_RST)
			return;
		if (s->flags & TH_ACK)
			tx_reset(l, slot, s->ack, 0, 0);
		else
			tx_reset(l, slot, 0, s->seq + s->len + (s->flags & TH_SYN ? 1 : 0), TH_ACK);
		return;
	}
	if (c->state == CONN_SYN) {
		syn_sent_input(l, slot, s);
		return;
	}
	if (s->flags & TH_RST) {
		reset_input(l, slot, s);
		return;
	}
	/* A SYN again: our ACK of it was lost (RFC 5961 §4). An ACK of what was never sent (§5). */
	if ((s->flags & TH_SYN) || !(s->flags & TH_ACK) || seq_lt(c->snd_max, s->ack)) {
		tx_ack_later(l, slot);
		return;
	}
	take_ack(l, slot, s);
	take_text(l, slot, s);
	check_closed(l, slot);
}

void lean_tcp_input(struct lean *l, uint32_t slot, const struct segment *s)
{
	struct conn *c = &l->conn[slot];

	/* What nearly all are: the next bytes of an answer, and the whole request acknowledged. */
	if (__builtin_expect(c->state == CONN_BUSY && (s->flags & ~TH_PSH) == TH_ACK &&
				     s->seq == c->rcv_nxt && s->ack == c->snd_max && s->len &&
				     !l->o->bulk && s->ack == c->req_seq + l->work.request_len,
			     1)) {
		c->snd_una = c->snd_nxt = s->ack;
		c->snd_wnd = s->wnd << c->wscale;
		c->rcv_nxt += s->len;
		c->retries = c->dupacks = 0;
		feed(l, slot, s->data, s->len);
		return;
	}
	segment_input(l, slot, s);
}
