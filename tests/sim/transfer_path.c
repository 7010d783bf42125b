/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Somebody on the path of a transfer, who sees every number and can add segments, but cannot hold
 * one up. To one connection, if the seed says so, he does anything: what its ends still get is
 * theirs to bear, and everything else must hold. To others he sends what must not harm whoever
 * keeps to RFC 9293 §3.10.7.4 and RFC 5961, whenever it arrives.
 */
#include <string.h>

#include "sim/peer.h"
#include "sim/transfer.h"
#include "tcpalg/seq.h"

#define MOST   1400 /* octets of a segment */
#define LATEST 100  /* segments that he remembers */

/* A segment to one end, who has conn; the other end is said to have sent it. */
struct blow {
	struct transfer *t;
	const struct tcp_conn *conn, *other;
	const struct end *from; /* who is said to have sent it */
	struct tcp_spec s;
	uint8_t data[MOST];
	uint8_t opts[40];
	bool to_server;
};

static uint32_t below(struct blow *b, uint32_t n)
{
	return rng_below(&b->t->path_rng, n);
}

/* Mostly few octets: he is not to fill the line. */
static uint32_t length(struct blow *b)
{
	return 1 + below(b, below(b, 8) ? 40 : MOST);
}

bool transfer_spoiled(const struct transfer *t, unsigned conn)
{
	return t->spoiled_ns && conn == t->spoiled;
}

/* ---- what harms nobody --------------------------------------------------------------------- */

/* Behind all that the other end will ever send. */
static uint32_t far_end(const struct blow *b)
{
	return b->other->snd_end + (uint32_t)(b->from->to_send - b->from->sent) + 2;
}

/* In the window, if that reaches so far, but never the next number: a challenge ACK (RFC 5961
 * §3.2). Otherwise one that has passed. */
static void wrong_rst(struct blow *b)
{
	uint32_t edge = b->conn->win.rcv_adv, low = far_end(b);

	b->s.flags = TCP_RST | (below(b, 2) ? TCP_ACK : 0);
	b->s.seq = seq_lt(low, edge) ? low + below(b, edge - low)
				     : b->conn->rcv_nxt - 1 - below(b, 100000);
}

/* A challenge ACK whatever its number (§4.2). To a server that has closed it would be a new one. */
static void second_syn(struct blow *b)
{
	if (b->to_server) {
		wrong_rst(b);
		return;
	}
	b->s.flags = TCP_SYN | (below(b, 2) ? TCP_ACK : 0);
	b->s.seq = b->conn->rcv_nxt + below(b, 1 + conn_rcv_wnd(b->conn));
}

/* Data, and a FIN, in the window, that acknowledge what will never be sent (§5.2, RFC 9293
 * §3.10.7.4). */
static void wrong_ack(struct blow *b)
{
	const struct end *to = &b->t->end[b->to_server][b->from - b->t->end[!b->to_server]];

	b->s.flags = (uint16_t)(TCP_ACK | TCP_PSH | (below(b, 2) ? TCP_FIN : 0) |
				(below(b, 4) ? 0 : TCP_URG));
	b->s.seq = b->conn->rcv_nxt + below(b, 1 + conn_rcv_wnd(b->conn));
	b->s.ack = b->conn->snd_end + (uint32_t)(to->to_send - to->sent) + 2 + below(b, 1u << 30);
	b->s.len = length(b);
	b->s.urgent = (uint16_t)below(b, 65536);
}

/* One of the latest segments with data that the other end has sent; NULL: there is none. */
static const struct segment *overheard(struct blow *b)
{
	const struct trace *trace = &b->t->trace;
	const struct segment *found = NULL;

	for (size_t i = trace->count; i > 0 && trace->count - i < LATEST; i--) {
		const struct segment *s = &trace->segment[i - 1];

		if (s->from != b->to_server && s->sport == b->s.sport && s->dport == b->s.dport &&
		    s->len && !(s->flags & TCP_SYN) && (!found || below(b, 2)))
			found = s;
	}
	return found;
}

/* Octets that have passed by, or some of them, once more, as a line that doubles packets does; but
 * nothing new is acknowledged, and the window is shut: nobody may send beyond that of the peer. */
static void again(struct blow *b)
{
	const struct segment *s = overheard(b);
	uint32_t skip = s ? below(b, s->len) : 0, most = s ? s->len - skip : 0;

	b->s.flags = TCP_ACK | TCP_PSH;
	b->s.seq = s ? s->seq + skip : b->conn->rcv_nxt;
	b->s.ack = b->conn->snd_una;
	b->s.wnd = 0;
	b->s.zero_wnd = true;
	if (!s)
		return;
	b->s.len = length(b);
	b->s.len = b->s.len < most ? b->s.len : most;
	world_fill(b->data, b->s.len, b->from->sent - (b->other->snd_end - b->s.seq), b->from->key);
}

/* ---- what does ----------------------------------------------------------------------------- */

static uint32_t near(struct blow *b, uint32_t low, uint32_t high)
{
	switch (below(b, 6)) {
	case 0:
		return low;
	case 1:
		return high;
	case 2:
		return low - 1 - below(b, 3000);
	case 3:
		return high + 1 + below(b, 3000);
	default:
		return low + below(b, 1 + high - low);
	}
}

static void anything(struct blow *b)
{
	const struct tcp_conn *c = b->conn;

	b->s.flags = (uint16_t)below(b, 512);
	/* Few of those that end it at once. */
	if (below(b, 8))
		b->s.flags &= (uint16_t) ~(TCP_RST | TCP_SYN);
	if (below(b, 4))
		b->s.flags |= TCP_ACK;
	if (b->to_server)
		b->s.flags &= (uint16_t)~TCP_SYN;
	b->s.seq = near(b, c->rcv_nxt, c->rcv_nxt + conn_rcv_wnd(c));
	b->s.ack = near(b, c->snd_una, c->snd_nxt);
	b->s.wnd = (uint16_t)below(b, below(b, 2) ? 10 : 65536);
	b->s.zero_wnd = true;
	b->s.urgent = (uint16_t)below(b, 65536);
	b->s.len = below(b, 2) ? length(b) : below(b, 3);
	for (size_t i = 0; i < b->s.len; i++)
		b->data[i] = (uint8_t)below(b, 256);
}

/* ---- one of them --------------------------------------------------------------------------- */

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* SACK blocks of what is in flight, and of what is not; or whatever. */
static void add_options(struct blow *b)
{
	uint32_t blocks = 1 + below(b, 3);
	uint8_t *p = b->opts + b->s.opts_len;

	if (below(b, 4) == 0) {
		for (unsigned i = 0; i < 8; i++)
			p[i] = (uint8_t)below(b, 256);
		b->s.opts_len += 8;
		return;
	}
	p[0] = p[1] = 1;
	p[2] = 5;
	p[3] = (uint8_t)(2 + 8 * blocks);
	for (uint32_t i = 0; i < 2 * blocks; i++)
		put32(p + 4 + 4 * i, near(b, b->conn->snd_una, b->conn->snd_nxt));
	b->s.opts_len += 4 + 8 * blocks;
}

/* Where timestamps were agreed on a segment without one is dropped first thing (RFC 7323 §3.2). Of
 * segments that are dropped for something else none may be believed. */
static void add_timestamp(struct blow *b, bool true_one)
{
	uint32_t tsval = b->conn->ts_recent;

	if (!(b->conn->flags & CONN_F_TS) || below(b, 10) == 0)
		return;
	if (!true_one && below(b, 4) == 0)
		tsval += below(b, 2000000) - 10000;
	tcp_opts_write_ts(b->opts, tsval, below(b, 1u << 30));
	b->s.opts_len = TCP_OPTS_TS_LEN;
}

static void choose(struct blow *b, bool harmful)
{
	static void (*const harmless[])(struct blow *) = {wrong_rst, second_syn, wrong_ack, again};
	unsigned which = below(b, sizeof(harmless) / sizeof(harmless[0]));

	b->s.seq = b->conn->rcv_nxt;
	b->s.ack = b->conn->snd_una;
	add_timestamp(b, !harmful && harmless[which] == again);
	if (harmful)
		anything(b);
	else
		harmless[which](b);
	if (harmful && below(b, 3) == 0)
		add_options(b);
	b->s.opts = b->opts;
	b->s.data = b->data;
}

void transfer_path(struct transfer *t)
{
	static uint8_t frame[PEER_FRAME_MAX];
	static struct blow b;
	unsigned to = rng_below(&t->path_rng, 2), i = rng_below(&t->path_rng, t->conns);
	uint16_t port = (uint16_t)(TRANSFER_CLIENTS + i);
	bool any = i == t->spoiled;

	b = (struct blow){.t = t,
			  .conn = transfer_conn(&t->end[to][i]),
			  .other = transfer_conn(&t->end[!to][i]),
			  .from = &t->end[!to][i],
			  .to_server = to};
	if (!b.conn || !b.other || !t->end[0][i].seen.now || !t->end[1][i].seen.now)
		return;
	b.s.ip.src = to ? HOST_A : HOST_B;
	b.s.ip.dst = to ? HOST_B : HOST_A;
	b.s.ip.dst_mac = t->trace.mac[to];
	b.s.sport = to ? port : TRANSFER_PORT;
	b.s.dport = to ? TRANSFER_PORT : port;
	choose(&b, any);
	if (any && !t->spoiled_ns)
		t->spoiled_ns = t->world.now_ns;
	t->trace.deaf = true;
	nsk_wire_send(t->world.wire, !to, t->world.now_ns, frame, frame_tcp(frame, &b.s));
	t->trace.deaf = false;
}
