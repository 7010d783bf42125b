/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's loop: bounded work a turn, and the only place that reads the clock.
 *
 *   input:  rx burst of each queue → decode → tcp over the whole burst
 *   timers: those due; after input, so that what arrived while nobody looked stops its timer in
 * time (the application reads and writes) output: for every connection marked dirty → tx burst
 *
 * A worker's own thread comes here through nsk_epoll_wait() and blocking calls (loop_app_turn):
 * what the application did since the turn before is sent first, then the next turn begins, so that
 * answers leave before new packets are taken and acknowledgments ride on them. nsk_turn() has no
 * application inside: input, timers, output.
 */
#include <errno.h>

#include "ip/ip.h"
#include "mbuf/pool.h"
#include "net/neigh.h"
#include "net/net.h"
#include "net/tx.h"
#include "sock/sock.h"
#include "sock/zc_send.h"
#include "stack/capture.h"
#include "stack/route_change.h"
#include "stack/stack.h"
#include "tcp/tcp.h"

#define BURST_MAX  64
#define PUBLISH_NS UINT64_C(1000000)
#define WATCH_NS   UINT64_C(100000000)
#define LEAP_NS	   UINT64_C(2000000000) /* timers are never that late, but when the clock leaps */

/* Packets of one interface go in. Returns packets received. */
static NSK_ALWAYS_INLINE unsigned receive(struct nsk_worker *w, const struct rx_source *src)
{
	struct rte_mbuf *bufs[BURST_MAX];
	struct port *port = src->ifc->port;
	uint64_t bytes = 0;
	uint16_t n;

	if (NSK_UNLIKELY(!iface_running(src->ifc)))
		return 0;
	n = port->ops->rx_burst(port, src->queue, w->now_ns, bufs,
				(uint16_t)NSK_MIN(SETTING(w->set, burst), (uint32_t)BURST_MAX));
	if (n == 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(bufs[i], void *));
		bytes += bufs[i]->pkt_len;
	}
	worker_count(w, NSK_CNT_RX_PACKETS, n);
	worker_count(w, NSK_CNT_RX_BYTES, bytes);
	if (NSK_UNLIKELY(w->capturing & WORKER_CAPTURES_IN))
		capture_in(run_of(w), src->ifc, src->queue, bufs, n);
	tcp_frames_input(w, src->ifc, bufs, n);
	return n;
}

/* An interface that came up tells its neighbours, once, from worker 0. */
static void announce(struct run_worker *r, struct iface *ifc)
{
	bool up = tx_may_send(ifc) && ifc->ethernet;

	if (up && !r->announced[ifc->index])
		net_announce(&r->w, ifc);
	else if (up)
		net_announce_new(&r->w, ifc);
	r->announced[ifc->index] = up;
}

/* Who comes back with a link may be others. */
void loop_look_at_ifaces(struct run_worker *r)
{
	uint32_t generation = net_snapshot_generation(r->w.net->snap);
	bool known;

	capture_look(r); /* before: what has ended is not touched once this worker has passed */
	stack_routes_passed(r, generation);
	known = net_look_at_addresses(&r->w);
	if (neigh_follow_statics(&r->w) && known)
		r->ifaces_generation = generation;
	for (unsigned i = 0; i < r->stack->nifaces; i++) {
		struct iface *ifc = &r->stack->iface[i];
		uint32_t returns = __atomic_load_n(&ifc->link_returns, __ATOMIC_RELAXED);

		if (NSK_UNLIKELY(returns != r->link_returns[i])) {
			r->link_returns[i] = returns;
			neigh_link_returned(&r->w, ifc->index);
		}
		if (r->w.id == 0)
			announce(r, ifc);
	}
	if (r->w.id == 0)
		net_tick_by(&r->w, r->w.now_ns); /* lifetimes may be others */
}

static void input(struct run_worker *r)
{
	struct nsk_worker *w = &r->w;
	unsigned n = 0;

	for (unsigned i = 0; i < r->nsources; i++)
		n += receive(w, &r->source[i]);
	if (w->peers > 1)
		n += steer_receive(r);
	if (n) {
		tcp_input_burst(w);
		w->busy = true;
	}
}

/* What need not happen every turn: publish levels, look at links and twins, tell of routes, tell
 * sleepers that the stack is stopping, and ports that a worker that has always work since (so it
 * never waits) does not sleep.
 */
static void housekeep(struct run_worker *r)
{
	struct nsk_worker *w = &r->w;

	r->pub.next_ns = w->now_ns + PUBLISH_NS;
	stats_publish(r);
	if (NSK_UNLIKELY(stack_routes_news(r->stack)))
		stack_routes_tell(r);
	if (w->id == 0 && w->now_ns >= r->pub.watch_ns) {
		r->pub.watch_ns = w->now_ns + WATCH_NS;
		iface_watch(r->stack);
	}
	if (NSK_UNLIKELY(r->twins))
		twins_serve(r);
	if (r->idle.armed && w->busy)
		idle_disarm(r);
	if (!r->woken && nsk_stopping(r->stack)) {
		r->woken = true;
		sock_wake_all(w);
	}
}

/* Timers up to now; what they want to send goes with the next output. */
static void run_timers(struct run_worker *r)
{
	struct nsk_worker *w = &r->w;

	wheel_run(&w->wheel, w->now_ns, SETTING(w->set, timer_budget));
	if (NSK_UNLIKELY(__atomic_load_n(&w->zc_returned, __ATOMIC_RELAXED) != NULL))
		zc_serve(w);
	if (NSK_UNLIKELY(w->now_ns >= r->pub.next_ns))
		housekeep(r);
}

static void output(struct run_worker *r)
{
	struct nsk_worker *w = &r->w;

	if (NSK_UNLIKELY(w->pool->reserved < PKT_RESERVE))
		pkt_pool_refill(w->pool);
	if (NSK_UNLIKELY(!rte_ring_empty(r->call_ring)) && call_serve(r))
		w->busy = true;
	if (NSK_UNLIKELY(r->ifaces_generation != net_snapshot_generation(w->net->snap)))
		loop_look_at_ifaces(r);
	tcp_output_dirty(w);
	if (w->peers > 1 && steer_transmit(r))
		w->busy = true;
	if (net_tx_pending(w) && net_tx_flush(w))
		w->busy = true;
}

/* A reading that is less than the one before, or much later: nobody sees time go back, and TCP
 * learns of a leap; it is none if nothing was due. */
static NSK_NOINLINE void take_odd_time(struct nsk_worker *w, uint64_t now_ns)
{
	uint64_t from_ns = w->now_ns, due_ns = NSK_MAX(wheel_next_ns(&w->wheel), from_ns);

	if (now_ns < from_ns)
		return;
	w->now_ns = now_ns;
	if (now_ns > due_ns && now_ns - due_ns > LEAP_NS)
		tcp_leapt(w, from_ns, now_ns - due_ns);
}

static void loop_read_clock(struct nsk_worker *w)
{
	struct run_worker *r = run_of(w);
	uint64_t now_ns = clock_read(&r->stack->clock, &r->reader);

	if (NSK_LIKELY(now_ns - w->now_ns <= LEAP_NS))
		w->now_ns = now_ns;
	else
		take_odd_time(w, now_ns);
}

static uint64_t loop_since_1970_ns(struct nsk_worker *w)
{
	return w->stack->clock.fn ? 0 : clock_wall_offset_ns();
}

/*
 * A turn lasts until the next one begins: the application's work on what came belongs to it, and
 * one reading of the clock does for both.
 */
static NSK_ALWAYS_INLINE void begin_turn(struct nsk_worker *w)
{
	struct run_worker *r = run_of(w);
	uint64_t took_ns;

	loop_read_clock(w);
	took_ns = w->now_ns - r->turn_ns;
	r->turn_ns = w->now_ns;
	worker_count(w, NSK_CNT_TURNS, 1);
	worker_count(w, NSK_CNT_LOOP_NS, took_ns);
	if (w->busy) {
		worker_count(w, NSK_CNT_TURNS_BUSY, 1);
		worker_count(w, NSK_CNT_LOOP_BUSY_NS, took_ns);
		w->busy = false;
	}
}

static void loop_app_turn(struct nsk_worker *w)
{
	struct run_worker *r = run_of(w);

	begin_turn(w);
	w->in_turn = true;
	output(r);
	input(r);
	run_timers(r);
	if (NSK_UNLIKELY(r->batched != 0))
		steer_flush(r);
	w->in_turn = false;
}

void loop_turn(struct run_worker *r)
{
	begin_turn(&r->w);
	r->w.in_turn = true;
	input(r);
	run_timers(r);
	output(r);
	steer_flush(r);
	r->w.in_turn = false;
}

uint64_t loop_next_ns(struct nsk_worker *w)
{
	struct run_worker *r = run_of(w);
	uint64_t next = wheel_next_ns(&w->wheel);

	if (net_tx_pending(w) || tcp_output_pending(w) || steer_waiting(r) || r->batched ||
	    __atomic_load_n(&w->zc_returned, __ATOMIC_RELAXED) || !rte_ring_empty(r->call_ring))
		return w->now_ns;
	for (unsigned i = 0; i < r->nsources; i++) {
		struct port *port = r->source[i].ifc->port;

		if (port->ops->next_ns && iface_running(r->source[i].ifc))
			next = NSK_MIN(next, port->ops->next_ns(port, r->source[i].queue));
	}
	if (NSK_UNLIKELY(r->twins))
		next = NSK_MIN(next, twins_next_ns(r));
	return next;
}

static int loop_route(struct nsk_worker *w, const struct route *route, bool add)
{
	return add ? stack_route_add(w->stack, route) : stack_route_del(w->stack, route);
}

static void loop_wake(struct nsk_worker *w)
{
	idle_wake(run_of(w));
}

static bool loop_stopping(const struct nsk_worker *w)
{
	return __atomic_load_n(&w->stack->stopping, __ATOMIC_RELAXED) != 0;
}

static struct nsk_worker *loop_worker_at(struct nsk_worker *w, unsigned index)
{
	return index < w->stack->nworkers ? &w->stack->worker[index]->w : NULL;
}

static void loop_serve(struct nsk_worker *w)
{
	call_serve(run_of(w));
}

/* Takes what lies in a ring now, step by step; others may go on filling it. */
static void empty(struct run_worker *r, struct rte_ring *ring,
		  unsigned (*step)(struct run_worker *r))
{
	unsigned left = ring ? rte_ring_count(ring) : 0, n;

	while (left && (n = step(r)) > 0)
		left -= NSK_MIN(n, left);
}

static void loop_drain(struct nsk_worker *w)
{
	empty(run_of(w), run_of(w)->steer_ring, steer_receive);
	tcp_input_burst(w);
	steer_flush(run_of(w));
}

static void loop_flush(struct nsk_worker *w)
{
	steer_flush(run_of(w));
	empty(run_of(w), run_of(w)->tx_ring, steer_transmit);
	net_tx_flush(w);
}

const struct worker_ops loop_ops = {
	.turn = loop_app_turn,
	.idle = idle_wait,
	.next_ns = loop_next_ns,
	.read_clock = loop_read_clock,
	.since_1970_ns = loop_since_1970_ns,
	.flow_owner = steer_owner,
	.steer = steer_packet,
	.share = steer_share,
	.tx_burst = steer_tx_burst,
	.ip_input = ip_input,
	.call = call_run,
	.route = loop_route,
	.wake = loop_wake,
	.worker_at = loop_worker_at,
	.serve = loop_serve,
	.drain = loop_drain,
	.flush = loop_flush,
	.tick = call_tick,
	.dropped = capture_dropped,
	.tagged_in = capture_tagged,
	.stopping = loop_stopping,
};
