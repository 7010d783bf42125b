/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold of a transfer after each turn: sequence variables (RFC 9293 §3.3.1, §3.4) of each
 * end by itself, as they move, and against those of the other end; windows; packet buffers. What
 * the packets say is for trace_audit(), when all is over.
 */
#include "sim/transfer.h"
#include "sock/handle.h"
#include "tcp/conn.h"
#include "tcpalg/seq.h"

#define BUFFER 4096 /* bytes of one at most, all that belongs to it counted */

const struct tcp_conn *transfer_conn(const struct end *e)
{
	const struct tcp_conn *c;

	if (e->fd < 0)
		return NULL;
	c = conn_of_sock(handle_sock(handle_at(e->fd)));
	return conn_in(c, TCPS_SYNCHRONIZED) ? c : NULL;
}

static void check_order(const char *what, uint32_t low, uint32_t high)
{
	if (seq_gt(low, high))
		fail_msg("%s: %u and %u", what, low, high);
}

static void check_end(struct end *e, const struct tcp_conn *c)
{
	check_order("SND.UNA is behind SND.NXT", c->snd_una, c->snd_nxt);
	check_order("SND.NXT is behind all that was written", c->snd_nxt, c->snd_end + 1);
	if (e->seen.now) {
		check_order("SND.UNA went back", e->seen.una, c->snd_una);
		check_order("SND.NXT went back", e->seen.nxt, c->snd_nxt);
		check_order("RCV.NXT went back", e->seen.rcv, c->rcv_nxt);
		check_order("the window's edge went back", e->seen.edge, c->win.rcv_adv);
	}
	e->seen.una = c->snd_una;
	e->seen.nxt = c->snd_nxt;
	e->seen.rcv = c->rcv_nxt;
	e->seen.edge = c->win.rcv_adv;
	e->seen.now = true;
}

/* An octet is received after it was sent, and acknowledged after it was received. */
static void check_pair(const struct tcp_conn *from, const struct tcp_conn *to)
{
	check_order("RCV.NXT is behind the peer's SND.NXT", to->rcv_nxt, from->snd_nxt);
	check_order("SND.UNA is behind the peer's RCV.NXT", from->snd_una, to->rcv_nxt);
}

static void check_conn(struct transfer *t, unsigned i)
{
	const struct tcp_conn *c[2];

	for (unsigned side = 0; side < 2; side++) {
		c[side] = transfer_conn(&t->end[side][i]);
		if (c[side])
			check_end(&t->end[side][i], c[side]);
	}
	if (!c[0] || !c[1] || transfer_spoiled(t, i))
		return;
	check_pair(c[0], c[1]);
	check_pair(c[1], c[0]);
}

/* The buffer that reaches the limit may go beyond it. */
static void check_budget(const struct budget *b)
{
	assert_in_range(b->used, 0, b->high + BUFFER);
}

void transfer_check(struct transfer *t)
{
	for (unsigned i = 0; i < t->conns; i++)
		check_conn(t, i);
	for (unsigned host = 0; host < 2; host++) {
		const struct tcp_worker *w = world_worker(&t->world, host)->tcp;

		check_budget(&w->snd_mem);
		check_budget(&w->rcv_mem);
	}
}

/* ---- at the end ---------------------------------------------------------------------------- */

/* Of what was received, and counted nowhere else. */
static bool is_early(unsigned reason)
{
	switch (reason) {
	case NSK_DROP_ARP_QUEUE_FULL: /* of what was sent */
	case NSK_DROP_ARP_UNRESOLVED:
	case NSK_DROP_IP_TOO_BIG:
		return false;
	default:
		return reason == NSK_DROP_RX_IFACE_DOWN ||
		       (reason >= NSK_DROP_ETH_SHORT && reason <= NSK_DROP_TCP_BCAST);
	}
}

void transfer_check_counts(struct transfer *t, unsigned host)
{
	uint64_t all = world_counter(&t->world, host, NSK_CNT_RX_PACKETS);
	uint64_t counted = world_counter(&t->world, host, NSK_CNT_TCP_SEGMENTS_IN) +
			   world_counter(&t->world, host, NSK_CNT_UDP_IN) +
			   world_counter(&t->world, host, NSK_CNT_ICMP_ERRORS_RECEIVED) +
			   world_counter(&t->world, host, NSK_CNT_ICMP_ECHO_REPLIES);

	for (unsigned i = 0; i < NSK_DROP_MAX; i++)
		if (is_early(i))
			counted += world_drops(&t->world, host, i);
	/* The rest is ARP that was taken; the wire may double it. */
	assert_in_range(all - counted, 0, 2 * t->trace.arps);
}
