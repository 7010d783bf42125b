/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold of a run beside its packets (watch.c) and its bytes (endpoint.c): somebody gets on
 * as long as something is left to do, and in the end no connection, no packet buffer and no packet
 * is missing.
 */
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/apps.h"
#include "nsk-sim/sim.h"
#include "nsk-sim/udp.h"

#define LOOK_NS	      SIM_SECOND
#define HONEST_PPM    300000 /* more loss than that and nobody has to get on */
#define SETTLE_SHARES 4

/* ---- progress ------------------------------------------------------------------------------ */

static uint64_t longest_rto(const struct sim *sim)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < sim->s->nhosts; i++)
		if (sim->stack[i].rto_max_ns > most)
			most = sim->stack[i].rto_max_ns;
	return most;
}

static bool too_bad(const struct sim *sim)
{
	for (unsigned i = 0; i < sim->s->nlinks; i++)
		for (unsigned d = 0; d < 2; d++) {
			const struct nsk_wire_params *p = &sim->wire[i].now[d];

			if (p->loss_ppm + p->corrupt_ppm > HONEST_PPM || p->burst_ppm || p->mtu)
				return true;
		}
	return false;
}

static void look(struct sim *sim, void *arg)
{
	uint64_t patience = 2 * longest_rto(sim), since;

	(void)arg;
	sim->look_ns = sim->now_ns;
	agenda_add(&sim->agenda, sim->now_ns + LOOK_NS, look, NULL);
	if (sim->faults_for_ever || sim->now_ns < sim->faults_end_ns + patience || too_bad(sim))
		return;
	since = sim->now_ns - patience;
	apps_check_progress(sim->apps, since > sim->faults_end_ns ? since : sim->faults_end_ns);
}

void checks_start(struct sim *sim)
{
	agenda_add(&sim->agenda, sim->now_ns + LOOK_NS, look, NULL);
}

/* ---- after each turn ----------------------------------------------------------------------- */

/* A buffer in a queue is charged with all that it takes: its data, headroom and descriptors. */
#define BUFFER_OVERHEAD 512

static void check_memory(struct sim *sim, struct sim_stack *h, const struct nsk_levels *l)
{
	uint64_t pool = l->buffers_total * (h->buffer_bytes + BUFFER_OVERHEAD);
	uint64_t most = h->tcp_mem_high ? h->tcp_mem_high : pool;

	if (l->tcp_mem_bytes > most)
		sim_fail(sim, "host \"%s\" holds %llu bytes in TCP queues, of %llu that it may",
			 h->host->name, (unsigned long long)l->tcp_mem_bytes,
			 (unsigned long long)most);
	if (h->mem_limit && l->memory_bytes > h->mem_limit)
		sim_fail(sim, "host \"%s\" has taken %llu bytes of memory, its limit is %llu",
			 h->host->name, (unsigned long long)l->memory_bytes,
			 (unsigned long long)h->mem_limit);
	if (l->buffers_free > l->buffers_total)
		sim_fail(sim, "host \"%s\" has %llu packet buffers free of %llu", h->host->name,
			 (unsigned long long)l->buffers_free, (unsigned long long)l->buffers_total);
}

/* Whose packets a reason is for. */
enum sim_side {
	SIDE_RECEIVED,
	SIDE_SENT,
	SIDE_EITHER
};

static enum sim_side side_of(unsigned reason)
{
	switch (reason) {
	case NSK_DROP_ARP_QUEUE_FULL:
	case NSK_DROP_ARP_UNRESOLVED:
	case NSK_DROP_IP_TOO_BIG:
		return SIDE_SENT;
	case NSK_DROP_ARP_TABLE_FULL: /* what waited, or a query whose answer has no place */
	case NSK_DROP_IP_NO_ROUTE:
	case NSK_DROP_ICMP_RATE_LIMITED:
	case NSK_DROP_RX_NO_BUFFER:
		return SIDE_EITHER;
	default:
		return SIDE_RECEIVED;
	}
}

/* Drops of what was received and is counted nowhere else: behind the good checksum of a segment or
 * a datagram's socket other counters take over. */
static uint64_t dropped_early(const struct nsk_stats *st)
{
	uint64_t sum = 0;

	for (unsigned i = NSK_DROP_ETH_SHORT; i <= NSK_DROP_TCP_BCAST; i++)
		if (side_of(i) == SIDE_RECEIVED)
			sum += st->drop[i];
	return sum + st->drop[NSK_DROP_RX_IFACE_DOWN];
}

/* Drops that may have been of what was received. */
static uint64_t dropped_perhaps(const struct nsk_stats *st)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < NSK_DROP_MAX; i++)
		if (side_of(i) == SIDE_EITHER)
			sum += st->drop[i];
	return sum;
}

/* Fragments that wait, or were put together, but for one of each whole datagram: that goes on as a
 * packet. */
static uint64_t in_fragments(const struct nsk_stats *st)
{
	uint64_t n = st->counter[NSK_CNT_IP_REASM_REQDS] - st->counter[NSK_CNT_IP_REASM_OKS];

	for (unsigned i = NSK_DROP_IP_FRAG_LENGTH; i <= NSK_DROP_IP_FRAG_ECN; i++)
		n -= st->drop[i];
	return n;
}

/*
 * Each packet received is counted once: as a segment, a datagram, an ICMP message that was heard,
 * or as a drop with its reason, or is in fragments. What is left is ARP that was taken, of which
 * the links tell how much there can be at most.
 */
static void check_received(struct sim *sim, struct sim_stack *h, const struct nsk_stats *st)
{
	uint64_t counted = st->counter[NSK_CNT_TCP_SEGMENTS_IN] + st->counter[NSK_CNT_UDP_IN] +
			   st->counter[NSK_CNT_ICMP_ERRORS_RECEIVED] +
			   st->counter[NSK_CNT_ICMP_ECHO_REPLIES] + dropped_early(st) +
			   in_fragments(st);
	uint64_t all = st->counter[NSK_CNT_RX_PACKETS], arp = h->arp;

	if (counted > all)
		sim_fail(sim, "host \"%s\" has received %llu packets and counts %llu of them",
			 h->host->name, (unsigned long long)all, (unsigned long long)counted);
	/* Where there is no buffer to answer with, the packet has no reason of its own. */
	for (unsigned i = NSK_DROP_ARP_MALFORMED; i <= NSK_DROP_ARP_CONFLICT; i++)
		arp -= st->drop[i] < arp ? st->drop[i] : arp;
	if (all - counted > arp + dropped_perhaps(st))
		sim_fail(sim,
			 "host \"%s\" has received %llu packets, of which %llu are in no counter",
			 h->host->name, (unsigned long long)all,
			 (unsigned long long)(all - counted));
}

void checks_turn(struct sim *sim, struct sim_stack *h)
{
	struct nsk_stats st;

	nsk_stats_read(h->stack, -1, &st);
	check_memory(sim, h, &st.level);
	check_received(sim, h, &st);
	if (sim->apps)
		apps_check_numbers(sim->apps);
}

/* ---- the end ------------------------------------------------------------------------------- */

static struct nsk_stats stats_of(struct sim_stack *h)
{
	struct nsk_stats stats;

	memset(&stats, 0, sizeof(stats));
	nsk_stats_read(h->stack, -1, &stats);
	return stats;
}

static uint64_t connections_of(struct sim_stack *h)
{
	struct nsk_levels l;

	if (!h->stack)
		return 0;
	l = stats_of(h).level;
	return l.tcp_connections + l.tcp_embryonic + l.tcp_time_wait;
}

/* Looks every second, when look() was there, so that it costs nothing. */
bool checks_all_closed(struct sim *sim)
{
	if (sim->look_ns != sim->now_ns)
		return false;
	for (unsigned i = 0; i < sim->s->nhosts; i++)
		if (!sim->stack[i].gone && connections_of(&sim->stack[i]))
			return false;
	return true;
}

static bool never(struct sim *sim)
{
	(void)sim;
	return false;
}

/* Longer than anything can be on its way. */
static uint64_t longest_way(const struct sim *sim)
{
	uint64_t most = SIM_SECOND;

	for (unsigned i = 0; i < sim->s->nlinks; i++)
		for (unsigned d = 0; d < 2; d++) {
			const struct nsk_wire_params *p = &sim->wire[i].now[d];
			uint64_t way = p->delay_ns + p->jitter_ns + p->reorder_ns;

			if (p->rate_bps)
				way += (uint64_t)((double)p->queue_bytes * 8e9 /
						  (double)p->rate_bps);
			most = way > most ? way : most;
		}
	return SETTLE_SHARES * most;
}

/* Some datagrams wait for fragments that may be lost: until their time is over. */
static bool in_pieces(struct sim *sim)
{
	for (unsigned i = 0; i < sim->s->nhosts; i++) {
		struct sim_stack *h = &sim->stack[i];

		if (h->stack && !h->gone && stats_of(h).level.ip_reasm_bytes)
			return true;
	}
	return false;
}

static void check_host(struct sim *sim, struct sim_stack *h)
{
	struct nsk_stats st;
	uint64_t left = connections_of(h);

	if (h->gone || !h->stack)
		return;
	st = stats_of(h);
	if (left)
		sim_fail(sim,
			 "host \"%s\" has %llu connections left though its applications are done",
			 h->host->name, (unsigned long long)left);
	if (st.level.buffers_free != st.level.buffers_total)
		sim_fail(sim, "host \"%s\" misses %llu packet buffers of %llu", h->host->name,
			 (unsigned long long)(st.level.buffers_total - st.level.buffers_free),
			 (unsigned long long)st.level.buffers_total);
}

/* Every packet that a wire took came out of it or was counted as lost. */
static void check_wire(struct sim *sim, struct sim_wire *w, unsigned d)
{
	struct nsk_wire_stats ws;
	uint64_t in, out;

	nsk_wire_stats(w->wire, d, &ws);
	in = ws.packets + ws.duplicated;
	out = ws.delivered + ws.lost + ws.too_long + ws.cut + ws.no_buffer;
	if (in != out && !sim->stack[w->link->host[!d]].gone)
		sim_fail(sim,
			 "link \"%s\" took %llu packets from host \"%s\" and accounts for %llu",
			 w->link->name, (unsigned long long)in, sim->s->host[w->link->host[d]].name,
			 (unsigned long long)out);
}

/* What hosts say that they sent and received is what wires took and delivered. */
static void check_counters(struct sim *sim, uint32_t index)
{
	uint64_t sent = 0, received = 0;
	struct nsk_stats st;

	for (unsigned i = 0; i < sim->s->nlinks; i++)
		for (unsigned end = 0; end < 2; end++) {
			struct nsk_wire_stats ws;

			if (sim->s->link[i].host[end] != index)
				continue;
			if (sim->s->link[i].fault[0])
				return;
			nsk_wire_stats(sim->wire[i].wire, end, &ws);
			sent += ws.packets + ws.queue_full;
			nsk_wire_stats(sim->wire[i].wire, !end, &ws);
			received += ws.delivered;
		}
	if (sim->stack[index].gone || !sim->stack[index].stack)
		return;
	st = stats_of(&sim->stack[index]);
	if (sent != st.counter[NSK_CNT_TX_PACKETS])
		sim_fail(sim, "host \"%s\" counts %llu packets sent, its links %llu",
			 sim->s->host[index].name,
			 (unsigned long long)st.counter[NSK_CNT_TX_PACKETS],
			 (unsigned long long)sent);
	if (received != st.counter[NSK_CNT_RX_PACKETS])
		sim_fail(sim, "host \"%s\" counts %llu packets received, its links %llu",
			 sim->s->host[index].name,
			 (unsigned long long)st.counter[NSK_CNT_RX_PACKETS],
			 (unsigned long long)received);
}

static void note_host(struct sim *sim, uint32_t index)
{
	struct host_result *r = &sim->result->host[index];
	struct nsk_stats st;

	if (!sim->stack[index].stack)
		return;
	st = stats_of(&sim->stack[index]);
	r->received = st.counter[NSK_CNT_RX_PACKETS];
	r->sent = st.counter[NSK_CNT_TX_PACKETS];
	memcpy(r->drop, st.drop, sizeof(r->drop));
}

void checks_end(struct sim *sim)
{
	bool pieces;

	for (uint32_t i = 0; i < sim->s->nhosts; i++)
		note_host(sim, i);
	if (sim->result->failed)
		return;
	/* Who sleeps meanwhile takes nothing from its links; of fragments that were given up their
	 * senders are told. */
	do {
		pieces = in_pieces(sim);
		sim_run(sim, sim->now_ns + longest_way(sim), never);
	} while (
		(sim->now_ns < sim->faults_end_ns + longest_way(sim) || pieces || in_pieces(sim)) &&
		!sim->result->failed);
	for (unsigned i = 0; i < sim->s->nhosts; i++)
		check_host(sim, &sim->stack[i]);
	for (unsigned i = 0; i < sim->s->nlinks; i++)
		for (unsigned d = 0; d < 2; d++)
			check_wire(sim, &sim->wire[i], d);
	for (uint32_t i = 0; i < sim->s->nhosts; i++)
		check_counters(sim, i);
	udp_check(sim->apps);
}
