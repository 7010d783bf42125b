/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes wrong in a transfer beside what the wire does to packets. */
#include <string.h>

#include "sim/peer.h"
#include "sim/transfer.h"

#define STALL_NS 20000 /* between two attempts to send while the port takes nothing */
#define BLIND_NS (2 * MS)

/* One seed in so many. */
static const uint32_t chance[FAULTS] = {
	[FAULT_MEMORY] = 8,    [FAULT_BUFFERS] = 8, [FAULT_NO_BUFFERS] = 10, [FAULT_TX_FULL] = 8,
	[FAULT_LINK_DOWN] = 6, [FAULT_CLOCK] = 8,   [FAULT_STOP] = 8,	     [FAULT_VANISH] = 16,
	[FAULT_BLIND] = 4,     [FAULT_PATH] = 4,
};

bool transfer_had(const struct transfer *t, enum transfer_fault kind)
{
	return t->fault[kind].there && t->fault[kind].begun;
}

bool transfer_gone(const struct transfer *t, unsigned host)
{
	return transfer_had(t, FAULT_VANISH) && t->fault[FAULT_VANISH].host == host;
}

/* Long enough to be noticed, mostly not much longer. */
static uint64_t duration(struct transfer *t, enum transfer_fault kind)
{
	uint32_t most_ms = rng_below(&t->rng, 4) ? 500 : 15000;

	/* A port that takes nothing is asked again and again. */
	if (kind == FAULT_TX_FULL)
		most_ms = 100;
	return rng_range(&t->rng, 1, most_ms) * MS;
}

static uint32_t amount(struct transfer *t, enum transfer_fault kind)
{
	switch (kind) {
	case FAULT_CLOCK: /* seconds */
		return rng_range(&t->rng, 1, rng_below(&t->rng, 2) ? 100 : 40 * 3600);
	case FAULT_MEMORY:
	case FAULT_BUFFERS:
		return rng_range(&t->rng, 1, rng_below(&t->rng, 2) ? 10 : 200);
	default:
		return rng_below(&t->rng, 2);
	}
}

static void choose_fault(struct transfer *t, enum transfer_fault kind)
{
	struct fault *f = &t->fault[kind];
	uint32_t latest = rng_below(&t->rng, 3) ? 3000 : 50;

	*f = (struct fault){
		.there = rng_below(&t->rng, chance[kind]) == 0,
		.host = rng_below(&t->rng, 2),
		.at_ns = SEC + rng_below(&t->rng, latest) * MS,
	};
	f->until_ns = f->at_ns + duration(t, kind);
	f->amount = amount(t, kind);
}

void transfer_choose_faults(struct transfer *t, uint64_t seed)
{
	struct rng rng;

	for (unsigned kind = 0; kind < FAULT_PATH; kind++)
		choose_fault(t, kind);
	/* Who is on the path has a random source of his own: seeds without him are what they were.
	 */
	rng = t->rng;
	rng_seed(&t->rng, ~seed);
	choose_fault(t, FAULT_PATH);
	t->spoiled = TRANSFER_CONNS;
	if (t->fault[FAULT_PATH].there && rng_below(&t->rng, 2))
		t->spoiled = rng_below(&t->rng, rng_range(&t->rng, 1, TRANSFER_CONNS));
	t->path_rng = t->rng;
	t->rng = rng;
}

/* ---- one fault ----------------------------------------------------------------------------- */

/* Once, or each so many until it is over: by turns. */
static struct nsk_shortage shortage_of(const struct fault *f, enum transfer_fault kind)
{
	uint64_t every = f->amount & 1 ? f->amount : 0;
	struct nsk_shortage s = {.no_buffers = kind == FAULT_NO_BUFFERS};

	if (kind == FAULT_MEMORY) {
		s.memory_at = f->amount;
		s.memory_every = every;
	} else if (kind == FAULT_BUFFERS) {
		s.buffer_at = f->amount;
		s.buffer_every = every;
	}
	return s;
}

static void starve(struct transfer *t, const struct fault *f, enum transfer_fault kind, bool on)
{
	struct nsk_shortage s = {0};

	if (on)
		s = shortage_of(f, kind);
	t->starved[f->host] |= on;
	assert_int_equal(nsk_starve(t->world.host[f->host], &s), 0);
}

static void stall(struct transfer *t, const struct fault *f, bool on)
{
	nsk_wire_stall(t->world.wire, f->host, on);
	t->world.least_step_ns = on ? STALL_NS : 0;
}

static void leap(struct transfer *t, const struct fault *f)
{
	t->world.now_ns += f->amount * SEC;
	t->world.turns = 0;
}

static void change(struct transfer *t, enum transfer_fault kind, bool on)
{
	const struct fault *f = &t->fault[kind];

	switch (kind) {
	case FAULT_MEMORY:
	case FAULT_BUFFERS:
	case FAULT_NO_BUFFERS:
		starve(t, f, kind, on);
		break;
	case FAULT_TX_FULL:
		stall(t, f, on);
		break;
	case FAULT_LINK_DOWN:
		nsk_wire_link(t->world.wire, !on);
		break;
	case FAULT_CLOCK:
		if (on)
			leap(t, f);
		break;
	case FAULT_STOP:
		t->world.stopped[f->host] = on || transfer_gone(t, f->host);
		break;
	case FAULT_VANISH:
		t->world.stopped[f->host] = true;
		break;
	default:
		break;
	}
}

/* ---- a blind attacker ---------------------------------------------------------------------- */

/* Into an open connection; numbers at random, of which a lucky one is one in thousands of millions
 * (RFC 5961). No SYN for the server, which may have closed before it arrives, or for a client that
 * connects still, which would take it (§3.5). */
static void slip_in(struct transfer *t)
{
	static const uint16_t flags[] = {TCP_RST,	    TCP_RST | TCP_ACK,
					 TCP_SYN,	    TCP_SYN | TCP_ACK,
					 TCP_ACK,	    TCP_ACK | TCP_PSH,
					 TCP_FIN | TCP_ACK, 0};
	unsigned to = rng_below(&t->rng, 2), i = rng_below(&t->rng, t->conns);
	uint16_t port = (uint16_t)(TRANSFER_CLIENTS + i);
	uint8_t frame[1600];
	struct tcp_spec s = {
		.ip = {.src = to ? HOST_A : HOST_B,
		       .dst = to ? HOST_B : HOST_A,
		       .dst_mac = t->trace.mac[to]},
		.sport = to ? port : TRANSFER_PORT,
		.dport = to ? TRANSFER_PORT : port,
		.flags = flags[rng_below(&t->rng, sizeof(flags) / sizeof(flags[0]))],
		.wnd = (uint16_t)rng_range(&t->rng, 1, 65535),
		.urgent = (uint16_t)rng_below(&t->rng, 65536),
		.seq = rng_u32(&t->rng),
		.ack = rng_u32(&t->rng),
		.data = t->data,
	};

	if (t->end[0][i].fd < 0 || t->end[1][i].fd < 0 || !t->end[0][i].seen.now)
		return;
	if (to == 1)
		s.flags &= (uint16_t)~TCP_SYN;
	if (!(s.flags & (TCP_RST | TCP_SYN)))
		s.len = rng_below(&t->rng, 200);
	t->trace.deaf = true;
	nsk_wire_send(t->world.wire, !to, t->world.now_ns, frame, frame_tcp(frame, &s));
	t->trace.deaf = false;
}

/* ---- all of them --------------------------------------------------------------------------- */

static void earlier(uint64_t *next, uint64_t at)
{
	if (at < *next)
		*next = at;
}

/* While it lasts. */
static void go_on(struct transfer *t, enum transfer_fault kind, uint64_t *next)
{
	struct fault *f = &t->fault[kind];

	/* What has been freed meanwhile is not there either. */
	if (kind == FAULT_NO_BUFFERS)
		starve(t, f, kind, true);
	if (kind == FAULT_BLIND || kind == FAULT_PATH) {
		if (f->next_ns <= t->world.now_ns) {
			if (kind == FAULT_BLIND)
				slip_in(t);
			else
				transfer_path(t);
			f->next_ns = t->world.now_ns + BLIND_NS;
		}
		earlier(next, f->next_ns);
	}
	if (kind != FAULT_VANISH)
		earlier(next, f->until_ns);
}

uint64_t transfer_faults(struct transfer *t, uint64_t limit)
{
	uint64_t next = limit;

	for (unsigned kind = 0; kind < FAULTS; kind++) {
		struct fault *f = &t->fault[kind];

		if (!f->there || f->over)
			continue;
		if (!f->begun && f->at_ns > t->world.now_ns) {
			earlier(&next, f->at_ns);
			continue;
		}
		if (!f->begun) {
			f->begun = true;
			change(t, kind, true);
		}
		if (kind != FAULT_VANISH && f->until_ns <= t->world.now_ns) {
			f->over = true;
			change(t, kind, false);
			/* What its applications have waited for may be past. */
			if (kind == FAULT_STOP)
				earlier(&next, t->world.now_ns);
			continue;
		}
		go_on(t, kind, &next);
	}
	return next;
}

void transfer_end_faults(struct transfer *t)
{
	for (unsigned kind = 0; kind < FAULTS; kind++) {
		struct fault *f = &t->fault[kind];

		if (f->begun && !f->over && kind != FAULT_VANISH)
			change(t, kind, false);
		f->over = true;
	}
}
