/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of the lean client. A frame is its target's template with own address, ports, numbers and
 * checksums put in; sums are the template's plus those of what was put in (RFC 1624 without the
 * subtraction: the fields are zero in the template).
 */
#include "nsk-load/lean.h"

#include <string.h>

#include "nsk-load/sum.h"

#define IP_AT_LEN    2
#define IP_AT_SUM    10
#define IP_AT_SRC    12
#define TCP_AT_SEQ   4
#define TCP_AT_ACK   8
#define TCP_AT_FLAGS 12
#define TCP_AT_WND   14
#define TCP_AT_SUM   16
#define UDP_AT_LEN   4
#define UDP_AT_SUM   6

/* What a slot's frames begin with; returns where the transport header is. */
static inline uint8_t *put_head(const struct lean *l, const struct conn *c, uint8_t *frame,
				uint32_t transport_len)
{
	const struct lean_target *t = &l->target[c->target];
	uint32_t src = l->addr_first + c->addr;
	uint16_t len = (uint16_t)(IP_LEN + transport_len);
	uint8_t *ip = frame + l->l2_len;

	memcpy(frame, t->head, sizeof(t->head));
	store16(ip + IP_AT_LEN, len);
	store32(ip + IP_AT_SRC, src);
	sum_store(ip + IP_AT_SUM, t->ip_sum + sum_u32(src) + sum_u16(len));
	store16(ip + IP_LEN, (uint16_t)(l->port_first + c->port));
	return ip + IP_LEN;
}

static inline uint64_t own_sum(const struct lean *l, const struct conn *c, uint32_t transport_len)
{
	return l->target[c->target].tcp_sum + sum_u32(l->addr_first + c->addr) +
	       sum_u16((uint16_t)(l->port_first + c->port)) + sum_u16((uint16_t)transport_len);
}

/* The TCP header before len bytes (options included) whose checksum piece is sum; returns the
 * frame's length. */
static inline uint32_t put_tcp(const struct lean *l, struct conn *c, uint8_t *frame, uint32_t seq,
			       uint16_t off_flags, uint32_t len, uint64_t sum)
{
	uint8_t *th = frame + l->l2_len + IP_LEN;
	uint32_t ack = off_flags & TH_ACK ? c->rcv_nxt : 0;

	store32(th + TCP_AT_SEQ, seq);
	store32(th + TCP_AT_ACK, ack);
	store16(th + TCP_AT_FLAGS, off_flags);
	store16(th + TCP_AT_WND, l->window);
	sum += own_sum(l, c, TCP_LEN + len) + sum_u32(seq) + sum_u32(ack) + sum_u16(off_flags) +
	       sum_u16(l->window);
	sum_store(th + TCP_AT_SUM, sum);
	c->flags &= (uint8_t)~CONN_ACK;
	return l->l2_len + IP_LEN + TCP_LEN + len;
}

static inline uint16_t off_flags(uint32_t options_len, uint8_t flags)
{
	return (uint16_t)((5 + options_len / 4) << 12 | flags);
}

/* MSS (RFC 9293 §3.7.1), window scale (RFC 7323 §2), and where it is of use SACK permitted (RFC
 * 2018 §2). */
static uint32_t put_syn_options(const struct lean *l, uint8_t *to)
{
	static const uint8_t sack[4] = {1, 1, 4, 2};

	to[0] = 2;
	to[1] = 4;
	store16(to + 2, l->mss);
	to[4] = 1;
	to[5] = 3;
	to[6] = 3;
	to[7] = l->wscale;
	if (!l->early)
		return 8;
	memcpy(to + 8, sack, sizeof(sack));
	return 12;
}

/* What came out of order (RFC 2018 §3). */
static uint32_t put_sack(const struct ranges *r, uint8_t *to)
{
	to[0] = to[1] = 1;
	to[2] = 5;
	to[3] = (uint8_t)(2 + 8 * r->count);
	for (uint32_t i = 0; i < r->count; i++) {
		store32(to + 4 + 8 * i, r->range[i].start);
		store32(to + 8 + 8 * i, r->range[i].end);
	}
	return 4 + 8 * r->count;
}

void tx_control(struct lean *l, uint32_t slot, uint8_t flags, uint32_t seq)
{
	struct conn *c = &l->conn[slot];
	uint8_t *frame = wire_get(l->wire), *th;
	uint8_t options[4 + 8 * RANGES_MAX];
	uint32_t n = 0;

	if (!frame)
		return;
	if (flags & TH_SYN)
		n = put_syn_options(l, options);
	else if (flags == TH_ACK && l->early && l->early[slot].count && c->state == CONN_BUSY)
		n = put_sack(&l->early[slot], options);
	th = put_head(l, c, frame, TCP_LEN + n);
	memcpy(th + TCP_LEN, options, n);
	wire_put(l->wire, put_tcp(l, c, frame, seq, off_flags(n, flags), n, sum_bytes(options, n)));
}

void tx_probe(struct lean *l, uint32_t slot)
{
	tx_control(l, slot, TH_ACK, l->conn[slot].snd_una - 1);
}

void tx_reset(struct lean *l, uint32_t slot, uint32_t seq, uint32_t ack, uint8_t flags)
{
	struct conn *c = &l->conn[slot];
	uint32_t rcv_nxt = c->rcv_nxt;

	/* The number goes out with this one frame only. */
	c->rcv_nxt = ack;
	tx_control(l, slot, TH_RST | flags, seq);
	c->rcv_nxt = rcv_nxt;
}

void tx_cut(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	tx_reset(l, slot, c->snd_max, c->rcv_nxt, TH_ACK);
	if (c->snd_una != c->snd_max)
		tx_reset(l, slot, c->snd_una, c->rcv_nxt, TH_ACK);
}

void tx_request(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];
	const struct work *w = &l->work;
	uint64_t tag = lean_tag(c, slot), sum = w->request_sum;
	uint8_t *frame = wire_get(l->wire), *th;

	/* Lost without a buffer, as on the wire: the timer repeats it. */
	if (frame) {
		th = put_head(l, c, frame, TCP_LEN + w->request_len);
		memcpy(th + TCP_LEN, w->request, w->request_len);
		memcpy(th + TCP_LEN, &tag, w->tag_len);
		sum += sum_bytes(th + TCP_LEN, w->tag_len);
		wire_put(l->wire, put_tcp(l, c, frame, c->snd_nxt, off_flags(0, TH_ACK | TH_PSH),
					  w->request_len, sum));
	}
	c->snd_nxt += w->request_len;
	c->snd_max = c->snd_nxt;
	result_add(&l->result->now.tx_bytes, w->request_len);
}

void tx_piece(struct lean *l, uint32_t slot, uint32_t seq, uint32_t len, bool again)
{
	struct conn *c = &l->conn[slot];
	uint32_t offset = seq - c->req_seq;
	uint8_t *frame = wire_get(l->wire), *th;
	uint64_t sum;

	if (frame) {
		th = put_head(l, c, frame, TCP_LEN + len);
		if (l->pattern && l->o->bulk & BULK_SEND) {
			uint64_t at = bulk_offset(slot) + offset;

			memcpy(th + TCP_LEN, pattern_at(l->pattern, at), len);
			sum = pattern_sum(l->pattern, at, len);
		} else {
			work_copy(&l->work, lean_tag(c, slot), offset, th + TCP_LEN, len);
			sum = sum_bytes(th + TCP_LEN, len);
		}
		wire_put(l->wire,
			 put_tcp(l, c, frame, seq, off_flags(0, TH_ACK | TH_PSH), len, sum));
	}
	result_add(again ? &l->result->now.retransmits : &l->result->now.tx_bytes, again ? 1 : len);
}

void tx_pump(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];
	uint32_t end = c->req_seq + l->work.request_len;

	while (seq_lt(c->snd_nxt, end)) {
		uint32_t flight = c->snd_nxt - c->snd_una;
		uint32_t len = end - c->snd_nxt,
			 room = c->snd_wnd > flight ? c->snd_wnd - flight : 0;

		len = len < c->mss ? len : c->mss;
		len = len < room ? len : room;
		if (len == 0)
			return;
		tx_piece(l, slot, c->snd_nxt, len, seq_lt(c->snd_nxt, c->snd_max));
		c->snd_nxt += len;
		if (seq_lt(c->snd_max, c->snd_nxt))
			c->snd_max = c->snd_nxt;
	}
}

/* Datagrams of engine raw wear a TCP header, so that they look like the requests that they are
 * compared with. */
void tx_datagram(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];
	const struct work *w = &l->work;
	uint64_t tag = lean_tag(c, slot), sum = w->request_sum;
	uint32_t head = l->proto == PROTO_UDP ? UDP_LEN : TCP_LEN;
	uint8_t *frame = wire_get(l->wire), *th;

	result_add(&l->result->now.tx_bytes, w->request_len);
	if (!frame)
		return;
	th = put_head(l, c, frame, head + w->request_len);
	memcpy(th + head, w->request, w->request_len);
	memcpy(th + head, &tag, w->tag_len);
	sum += sum_bytes(th + head, w->tag_len);
	if (l->proto == PROTO_UDP) {
		uint16_t len = (uint16_t)(UDP_LEN + w->request_len);

		store16(th + UDP_AT_LEN, len);
		sum_store(th + UDP_AT_SUM, sum + own_sum(l, c, len) + sum_u16(len));
		wire_put(l->wire, l->l2_len + IP_LEN + len);
	} else {
		wire_put(l->wire, put_tcp(l, c, frame, c->req_seq, off_flags(0, TH_ACK | TH_PSH),
					  w->request_len, sum));
	}
}

void tx_acks(struct lean *l)
{
	for (unsigned i = 0; i < l->acks; i++) {
		struct conn *c = &l->conn[l->ack[i]];

		if (c->flags & CONN_ACK)
			tx_control(l, l->ack[i], TH_ACK, c->snd_max);
	}
	l->acks = 0;
}

void tx_template(struct lean *l, struct lean_target *t, const uint8_t *hop_mac)
{
	static const uint8_t ip_head[IP_LEN] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64};
	uint8_t *ip = t->head + l->l2_len;

	memset(t->head, 0, sizeof(t->head));
	if (l->l2_len) {
		memcpy(t->head, hop_mac, 6);
		memcpy(t->head + 6, l->wire->mac, 6);
		t->head[12] = 0x08;
	}
	memcpy(ip, ip_head, IP_LEN);
	ip[9] = l->proto;
	store32(ip + 16, t->addr);
	store16(ip + IP_LEN + 2, t->port);
	t->ip_sum = sum_bytes(ip, IP_LEN);
	t->tcp_sum = sum_u32(t->addr) + sum_u16(l->proto) + sum_u16(t->port);
	t->resolved = true;
}
