/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fate of packets on a bad line; see impair.h for the model.
 */
#include "impair.h"

#include <string.h>

#include "base/compiler.h"

#define SECOND_NS UINT64_C(1000000000)

const char *impair_check(const struct nsk_wire_params *p)
{
	if (p->loss_ppm > 1000000 || p->duplicate_ppm > 1000000 || p->corrupt_ppm > 1000000 ||
	    p->reorder_ppm > 1000000 || p->burst_ppm > 1000000 || p->burst_loss_ppm > 1000000)
		return "a probability is above 100 %";
	if (p->queue_packets > IMPAIR_QUEUE_MAX)
		return "the queue is longer than 16777216 packets";
	if (p->delay_ns > 3600 * SECOND_NS || p->jitter_ns > 3600 * SECOND_NS ||
	    p->reorder_ns > 3600 * SECOND_NS)
		return "a delay is longer than an hour";
	if (p->rate_bps > 0 && p->rate_bps < 1000)
		return "the rate is below 1000 bit/s";
	if (p->queue_bytes && !p->rate_bps)
		return "queue_bytes needs a rate: without one nothing waits";
	if (p->ecn_threshold && !p->rate_bps)
		return "ecn_threshold needs a rate: without one nothing waits";
	return NULL;
}

void impair_init(struct impair *i, const struct nsk_wire_params *p)
{
	memset(i, 0, sizeof(*i));
	if (p)
		i->p = *p;
	if (i->p.queue_packets == 0)
		i->p.queue_packets = IMPAIR_QUEUE_DEFAULT;
	if (i->p.reorder_ns == 0)
		i->p.reorder_ns = IMPAIR_REORDER_NS;
	i->timed = i->p.delay_ns || i->p.jitter_ns || i->p.rate_bps || i->p.reorder_ppm;
	i->any = i->timed || i->p.loss_ppm || i->p.duplicate_ppm || i->p.corrupt_ppm ||
		 i->p.burst_ppm || i->p.mtu;
	if (i->p.burst_packets == 0)
		i->p.burst_packets = IMPAIR_BURST_DEFAULT;
	if (i->p.burst_loss_ppm == 0)
		i->p.burst_loss_ppm = 1000000;
	i->burst_end = 1000000 / i->p.burst_packets;
	rng_seed(&i->rng, i->p.seed);
}

void impair_change(struct impair *i, const struct nsk_wire_params *p)
{
	struct impair before = *i;

	impair_init(i, p);
	i->busy_ns = before.busy_ns;
	i->last_ns = before.last_ns;
	i->held_ns = before.held_ns;
	i->burst = before.burst;
}

/* Bytes before the transmitter. */
static uint64_t waiting(const struct impair *i, uint64_t now_ns)
{
	if (i->busy_ns <= now_ns)
		return 0;
	return (uint64_t)((unsigned __int128)(i->busy_ns - now_ns) * i->p.rate_bps /
			  (8 * SECOND_NS));
}

bool impair_full(const struct impair *i, uint64_t now_ns, uint32_t len)
{
	uint64_t before = i->p.queue_bytes ? waiting(i, now_ns) : 0;

	return before && before + len > i->p.queue_bytes;
}

bool impair_congested(const struct impair *i, uint64_t now_ns)
{
	return i->p.ecn_threshold && waiting(i, now_ns) > i->p.ecn_threshold;
}

/* Uniform in [0, n). The bias is below n / 2^64. */
static uint64_t below_u64(struct rng *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)rng_u64(r) * n) >> 64);
}

/* When the last bit of a packet leaves a transmitter of rate_bps. */
static uint64_t transmit(struct impair *i, uint64_t now_ns, uint32_t len)
{
	uint64_t work;

	if (i->p.rate_bps == 0)
		return now_ns;
	if (i->busy_ns < now_ns) {
		i->busy_ns = now_ns;
		i->busy_rest = 0;
	}
	/* The rest of each division is carried over: the rate is exact in the long run. */
	work = (uint64_t)len * 8 * SECOND_NS + i->busy_rest;
	i->busy_ns += work / i->p.rate_bps;
	i->busy_rest = work % i->p.rate_bps;
	return i->busy_ns;
}

/* One step of the two states, and whether the packet is lost in the bad one. */
static bool lost_in_burst(struct impair *i)
{
	bool lost;

	if (i->p.burst_ppm == 0)
		return false;
	if (!i->burst && !rng_chance(&i->rng, i->p.burst_ppm))
		return false;
	lost = rng_chance(&i->rng, i->p.burst_loss_ppm);
	i->burst = !rng_chance(&i->rng, i->burst_end);
	return lost;
}

void impair_decide(struct impair *i, uint64_t now_ns, uint32_t len, uint32_t link_len,
		   struct fate *fate)
{
	const struct nsk_wire_params *p = &i->p;
	uint64_t due = transmit(i, now_ns, len) + p->delay_ns;

	memset(fate, 0, sizeof(*fate));
	fate->too_long = p->mtu && len > p->mtu + link_len;
	if (rng_chance(&i->rng, p->loss_ppm) || lost_in_burst(i) || fate->too_long) {
		fate->lost = true;
		return;
	}
	if (len > link_len && rng_chance(&i->rng, p->corrupt_ppm)) {
		fate->corrupted = true;
		fate->bit = rng_below(&i->rng, (len - link_len) * 8);
	}
	fate->duplicated = rng_chance(&i->rng, p->duplicate_ppm);
	fate->held = rng_chance(&i->rng, p->reorder_ppm);
	if (p->jitter_ns)
		due += below_u64(&i->rng, p->jitter_ns);
	due = NSK_MAX(due, i->last_ns);
	if (fate->held) {
		due = NSK_MAX(due + p->reorder_ns, i->held_ns);
		i->held_ns = due;
	} else {
		i->last_ns = due;
	}
	fate->due_ns = due;
}
