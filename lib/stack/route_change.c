/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of a stack's routes while it runs; see route_change.h. */
#include "stack/route_change.h"

#include <errno.h>
#include <time.h>

#include <rte_pause.h>

#include "sock/call.h"
#include "stack/capture.h"

#define LOCK_LOOKS 300 /* of a worker in its turn: some 15 us */
#define WAITS	   100 /* of other threads for workers to pass, a millisecond each */

/* ---- the lock ------------------------------------------------------------------------------ */

/* A worker waits for others no longer than a turn may last. */
static bool lock_in_turn(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < LOCK_LOOKS; i++) {
		if (pthread_mutex_trylock(&stack->routes_lock) == 0)
			return true;
		rte_pause();
	}
	return false;
}

/* The calling thread is in a turn, of the worker that it runs or of one that nsk_turn() has taken.
 */
static bool in_turn(const struct nsk_stack *stack)
{
	if (sock_own())
		return sock_own()->in_turn;
	for (unsigned i = 0; i < stack->nworkers; i++)
		if (sock_here(&stack->worker[i]->w) && stack->worker[i]->w.in_turn)
			return true;
	return false;
}

static bool lock(struct nsk_stack *stack)
{
	if (in_turn(stack))
		return lock_in_turn(stack);
	pthread_mutex_lock(&stack->routes_lock);
	return true;
}

static void unlock(struct nsk_stack *stack)
{
	pthread_mutex_unlock(&stack->routes_lock);
}

/* ---- who has passed ------------------------------------------------------------------------ */

/*
 * The generation that a worker has passed. One that the calling thread runs, and one that nobody
 * runs, look at nothing now, and later at what is there now.
 */
static uint32_t passed(struct run_worker *r, uint32_t now)
{
	uint32_t seen = __atomic_load_n(&r->routes_passed, __ATOMIC_ACQUIRE);

	if (seen == now)
		return now;
	if (__atomic_load_n(&r->w.owner_tid, __ATOMIC_RELAXED) == sock_tid())
		return now;
	if (!worker_borrow(r))
		return seen;
	capture_look(r); /* it passes for those who wait for captures, too */
	stack_routes_passed(r, now);
	worker_return(r);
	return now;
}

/* The oldest generation that a worker has passed. Not under the lock: a worker that is borrowed may
 * have to do on its return what others want of it. */
static uint32_t all_passed(struct nsk_stack *stack)
{
	uint32_t now = net_snapshot_generation(&stack->snap), oldest = now;

	for (unsigned i = 0; i < stack->nworkers; i++) {
		uint32_t seen = passed(stack->worker[i], now);

		if ((int32_t)(seen - oldest) < 0)
			oldest = seen;
	}
	return oldest;
}

static bool many_pending(const struct nsk_stack *stack)
{
	return route_pending(stack->routes) > route_pending_max(stack->routes) / 2;
}

/* Whoever makes it anything else than untold, makes the generation grow. */
static uint32_t set_news(struct nsk_stack *stack, enum stack_routes_news news)
{
	return __atomic_exchange_n(&stack->routes_news, news, __ATOMIC_ACQ_REL);
}

static void wake_all(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nworkers; i++)
		idle_wake(stack->worker[i]);
}

/* After a change, under the lock: the workers are to know, at once if they were told of none since
 * the last time. */
static void changed(struct nsk_stack *stack)
{
	/* Whoever sees a generation after this one sees the change, whoever made it grow. */
	uint32_t era = __atomic_fetch_add(&stack->snap.generation, 0, __ATOMIC_ACQ_REL);
	uint32_t news = stack_routes_news(stack);

	route_stamp(stack->routes, era);
	if (news == ROUTES_QUIET || many_pending(stack)) {
		set_news(stack, ROUTES_TOLD);
		net_snapshot_touch(&stack->snap);
		wake_all(stack);
	} else if (set_news(stack, ROUTES_UNTOLD) != ROUTES_UNTOLD) {
		wake_all(stack); /* they sleep no longer than until it is told */
	}
}

/* One worker or the other does; the news of a moment ago become old. */
void stack_routes_tell(struct run_worker *r)
{
	uint32_t told = ROUTES_TOLD;

	if (r->w.now_ns < r->pub.routes_ns)
		return;
	r->pub.routes_ns = r->w.now_ns + ROUTES_TELL_NS;
	if (stack_routes_news(r->stack) == ROUTES_UNTOLD) {
		set_news(r->stack, ROUTES_TOLD);
		net_snapshot_touch(&r->stack->snap);
	} else {
		__atomic_compare_exchange_n(&r->stack->routes_news, &told, ROUTES_QUIET, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
}

/* ---- changes ------------------------------------------------------------------------------- */

/* One attempt. */
static int change(struct nsk_stack *stack, int (*fn)(struct route_table *t, const struct route *r),
		  const struct route *route)
{
	uint32_t oldest = all_passed(stack);
	int rc;

	if (!lock(stack))
		return -EAGAIN;
	route_reclaim(stack->routes, oldest - 1);
	rc = fn(stack->routes, route);
	if (rc == 0)
		changed(stack);
	unlock(stack);
	return rc;
}

/* Other threads wait until the workers have passed; workers do not, nor does who turns one. */
static int change_patiently(struct nsk_stack *stack,
			    int (*fn)(struct route_table *t, const struct route *r),
			    const struct route *route)
{
	static const struct timespec a_moment = {.tv_nsec = 1000000};
	bool may_sleep = !sock_own() && !in_turn(stack);
	int rc = change(stack, fn, route);

	for (unsigned i = 0; rc == -EAGAIN && may_sleep && i < WAITS; i++) {
		nanosleep(&a_moment, NULL);
		rc = change(stack, fn, route);
	}
	return rc;
}

static bool has_metric(const void *like, const struct route *r)
{
	return ((const struct route *)like)->metric == r->metric;
}

static int add_new(struct route_table *t, const struct route *r)
{
	struct route there;

	return route_seek(t, &r->dst, has_metric, r, &there) ? -EEXIST : route_add(t, r);
}

/* In all that is given: numbers that are 0 and addresses of no family are not. */
static bool is_like(const void *like, const struct route *r)
{
	const struct route *l = like;

	return l->type == r->type && (!l->metric || l->metric == r->metric) &&
	       (!l->weight || l->weight == r->weight) && (!l->origin || l->origin == r->origin) &&
	       (!l->gateway.family || ip_addr_eq(&l->gateway, &r->gateway)) &&
	       (!l->src.family || ip_addr_eq(&l->src, &r->src)) &&
	       (l->iface == STACK_ROUTE_ANY_IFACE || l->iface == r->iface);
}

static int del_like(struct route_table *t, const struct route *like)
{
	struct route r;

	return route_seek(t, &like->dst, is_like, like, &r) ? route_del(t, &r) : -ESRCH;
}

int stack_route_add_new(struct nsk_stack *stack, const struct route *route)
{
	return change_patiently(stack, add_new, route);
}

int stack_route_del_like(struct nsk_stack *stack, const struct route *like)
{
	return change_patiently(stack, del_like, like);
}

int stack_route_add(struct nsk_stack *stack, const struct route *route)
{
	if (route->type == ROUTE_UNICAST && route->iface >= stack->nifaces)
		return -EINVAL;
	return change_patiently(stack, route_add, route);
}

int stack_route_del(struct nsk_stack *stack, const struct route *route)
{
	return change_patiently(stack, route_del_own, route);
}

/* One attempt. */
static int swap(struct nsk_stack *stack, const struct ip_prefix *dst, const struct route *gone,
		unsigned ngone, const struct route *come, unsigned ncome, uint32_t *added)
{
	uint32_t oldest = all_passed(stack);
	int rc;

	if (!lock(stack))
		return -EAGAIN;
	route_reclaim(stack->routes, oldest - 1);
	rc = route_swap(stack->routes, dst, gone, ngone, come, ncome, added);
	if (rc >= 0)
		changed(stack);
	unlock(stack);
	return rc;
}

int stack_route_swap(struct nsk_stack *stack, const struct ip_prefix *dst, const struct route *gone,
		     unsigned ngone, const struct route *come, unsigned ncome, uint32_t *added)
{
	static const struct timespec a_moment = {.tv_nsec = 1000000};
	bool may_sleep = !sock_own() && !in_turn(stack);
	int rc = swap(stack, dst, gone, ngone, come, ncome, added);

	for (unsigned i = 0; rc == -EAGAIN && may_sleep && i < WAITS; i++) {
		nanosleep(&a_moment, NULL);
		rc = swap(stack, dst, gone, ngone, come, ncome, added);
	}
	return rc;
}

/* ---- looks --------------------------------------------------------------------------------- */

static int match(struct nsk_stack *stack, uint8_t family, const uint8_t addr[16], uint32_t usable,
		 uint32_t preferred, struct route *route)
{
	bool found;

	if (!lock(stack))
		return -EAGAIN;
	found = route_match(stack->routes, family, addr, usable, preferred, route);
	unlock(stack);
	return found ? 0 : -ENETUNREACH;
}

int stack_route_match(struct nsk_stack *stack, uint8_t family, const uint8_t addr[16],
		      struct route *route)
{
	return match(stack, family, addr, ROUTE_IFACES_ANY, ROUTE_IFACES_ANY, route);
}

int stack_route_now(struct nsk_stack *stack, const struct ip_addr *dst, struct route *route)
{
	uint32_t running = 0, linked = 0;
	int rc;

	for (unsigned i = 0; i < stack->nifaces; i++) {
		const struct iface *ifc = &stack->iface[i];
		uint32_t bit = iface_running(ifc) ? UINT32_C(1) << i : 0;

		running |= bit;
		if (__atomic_load_n(&ifc->link_up, __ATOMIC_RELAXED))
			linked |= bit;
	}
	rc = match(stack, dst->family, dst->b, running, linked, route);
	return rc == -ENETUNREACH ? stack_route_match(stack, dst->family, dst->b, route) : rc;
}

int stack_route_list(struct nsk_stack *stack, uint64_t *cursor, struct route *rows, unsigned max)
{
	unsigned n;

	if (!lock(stack))
		return -EAGAIN;
	n = route_list(stack->routes, cursor, rows, max);
	unlock(stack);
	return (int)n;
}
