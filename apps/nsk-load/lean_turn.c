/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One turn of the lean client.
 */
#include "nsk-load/lean.h"

#define TIMERS_A_TURN 64u

/* Time goes on; what the last turn took counts as busy if it had work. */
static void take_time(struct lean *l)
{
	uint64_t now = l->wire->now(l->wire);
	uint32_t tick = ticker_of(now);

	if (l->busy)
		result_add(&l->result->now.busy_ns, now - l->now_ns);
	l->now_ns = now;
	if (tick == l->now_tick)
		return;
	l->now_tick = tick;
	/* Under load an answer takes its time: four times the usual is not lost yet. */
	l->rto_ticks = (uint32_t)(l->quick_ns * 4 / TICKER_TICK_NS);
	if (l->rto_ticks > l->o->timeout_ms / 2)
		l->rto_ticks = l->o->timeout_ms / 2;
	if (l->rto_ticks < l->o->rto_ms)
		l->rto_ticks = l->o->rto_ms;
}

static void publish(struct lean *l)
{
	struct counters *now = &l->result->now;

	result_set(&now->rx_packets, l->wire->rx_packets);
	result_set(&now->tx_packets, l->wire->tx_packets);
	result_set(&now->tx_full, l->wire->tx_full);
	result_set(&now->no_buffers, l->wire->no_buffers);
}

bool lean_turn(struct lean *l)
{
	enum phase phase;
	bool over = false;

	take_time(l);
	phase = load_turn(l->load, l->result, l->now_ns);
	lean_receive(l);
	if (!l->draining && schedule_finished(&l->plan) && !l->result->measure_end_ns)
		result_end(l->result, l->now_ns);
	if (!l->resolved)
		l->resolved = lean_arp_resolve(l);
	else if (phase >= PHASE_DRAIN || l->draining || schedule_finished(&l->plan))
		over = lean_drain(l);
	else
		lean_start(l);
	tx_acks(l);
	ticker_run(&l->ticker, l->now_tick, TIMERS_A_TURN, conn_timeout, l);
	l->wire->flush(l->wire);
	l->busy = l->wire->tx_packets != l->result->now.tx_packets ||
		  l->wire->rx_packets != l->result->now.rx_packets;
	if (l->busy)
		publish(l);
	return !over && !(l->load->failed || (!l->resolved && phase >= PHASE_DRAIN));
}
