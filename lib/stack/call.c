/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations from a thread that does not run the worker. Where no thread does, the caller takes
 * the worker for as long. Else they travel over a bounded ring, the worker runs them in its turn.
 * The caller looks for the end of it for some microseconds, which is what a call to a worker that
 * turns takes, and then sleeps on a futex; or gives up after a while.
 */
#include <errno.h>
#include <sched.h>

#include <rte_pause.h>

#include "net/net.h"
#include "sock/call.h"
#include "stack/stack.h"

#define CALLS_A_TURN 32
/* How soon a caller sees that the worker has lost its thread, which wakes nobody. */
#define LOOK_NS UINT64_C(20000000)
/* Looks before the sleep, each some tens of cycles. */
#define LOOKS 300

/* The call is complete: whoever takes it out of the ring sees all of it, whatever ring that is. */
static int hand_over(struct run_worker *r, struct call *c)
{
	int rc;

	__atomic_store_n(&c->done, CALL_WAITS, __ATOMIC_RELEASE);
	rc = rte_ring_enqueue(r->call_ring, c);
	idle_wake(r);
	return rc;
}

static struct call *taken(void *from_ring)
{
	struct call *c = from_ring;

	(void)__atomic_load_n(&c->done, __ATOMIC_ACQUIRE);
	return c;
}

/* Until the call is done, or the time has come. */
static void sleep_until_done(struct call *c, uint64_t until_ns)
{
	uint32_t waits = CALL_WAITS;

	for (unsigned i = 0; i < LOOKS; i++) {
		if (call_done(c))
			return;
		rte_pause();
	}
	__atomic_compare_exchange_n(&c->done, &waits, CALL_SLEEPS, false, __ATOMIC_ACQ_REL,
				    __ATOMIC_ACQUIRE);
	sock_sleep(&c->done, CALL_SLEEPS, until_ns);
}

/*
 * A thread that runs a worker serves that one meanwhile, so that two workers may call each other.
 * The callee may lose its thread while we wait: then whoever waits takes its place for a moment.
 */
static void wait_until_done(struct run_worker *r, struct call *c)
{
	/* Others may wait for us while we wait. */
	struct run_worker *own = sock_own() ? run_of(sock_own()) : NULL;

	while (!call_done(c)) {
		if (worker_borrow(r)) {
			call_serve(r);
			worker_return(r);
		} else if (own) {
			call_serve(own);
			rte_pause();
		} else if (!call_serve_seized(r->stack)) {
			sleep_until_done(c, clock_system_ns() + LOOK_NS);
		}
	}
}

int call_run(struct nsk_worker *w, int (*fn)(void *arg), void *arg)
{
	struct run_worker *r = run_of(w);
	struct call c = {.fn = fn, .arg = arg};

	if (worker_borrow(r)) {
		c.result = fn(arg);
		worker_return(r);
		return c.result;
	}
	if (hand_over(r, &c) != 0)
		return -EAGAIN;
	wait_until_done(r, &c);
	return c.result;
}

bool call_wait(struct call *c, uint64_t timeout_ns)
{
	uint64_t deadline = clock_system_ns() + timeout_ns;

	while (!call_done(c) && clock_system_ns() < deadline)
		sleep_until_done(c, deadline);
	return call_done(c);
}

int call_run_timeout(struct nsk_worker *w, struct call *c, uint64_t timeout_ns)
{
	c->given_up = false;
	if (hand_over(run_of(w), c) != 0) {
		c->done = CALL_DONE;
		return -EAGAIN;
	}
	if (call_wait(c, timeout_ns))
		return c->result;
	__atomic_store_n(&c->given_up, true, __ATOMIC_RELAXED);
	return -ETIMEDOUT;
}

unsigned call_serve(struct run_worker *r)
{
	void *calls[CALLS_A_TURN];
	unsigned n = rte_ring_dequeue_burst(r->call_ring, calls, CALLS_A_TURN, NULL);

	for (unsigned i = 0; i < n; i++) {
		struct call *c = taken(calls[i]);

		c->result = __atomic_load_n(&c->given_up, __ATOMIC_RELAXED) ? -ETIMEDOUT
									    : c->fn(c->arg);
		if (__atomic_exchange_n(&c->done, CALL_DONE, __ATOMIC_ACQ_REL) == CALL_SLEEPS)
			sock_wake(&c->done);
	}
	return n;
}

unsigned call_serve_seized(struct nsk_stack *stack)
{
	unsigned n = 0;

	for (unsigned i = 0; i < stack->nworkers; i++) {
		struct run_worker *r = stack->worker[i];

		if (__atomic_load_n(&r->w.owner_tid, __ATOMIC_RELAXED) == sock_tid())
			n += call_serve(r);
	}
	return n;
}

void call_serve_own(void)
{
	struct nsk_worker *own = sock_own();

	if (!own || call_serve(run_of(own)) == 0)
		sched_yield();
}

/* ---- without waiting ------------------------------------------------------------------------- */

/* Whoever asks from now on asks again. */
static int tick(void *arg)
{
	struct run_worker *r = arg;

	__atomic_store_n(&r->tick_asked, false, __ATOMIC_SEQ_CST);
	net_tick_by(&r->w, r->w.now_ns);
	return 0;
}

void call_tick_init(struct run_worker *first)
{
	first->tick = (struct call){.fn = tick, .arg = first};
}

/* Where the ring is full the next one who asks does it. */
void call_tick(struct nsk_worker *w)
{
	struct run_worker *r = w->stack->worker[0];

	if (__atomic_exchange_n(&r->tick_asked, true, __ATOMIC_SEQ_CST))
		return;
	if (hand_over(r, &r->tick) != 0)
		__atomic_store_n(&r->tick_asked, false, __ATOMIC_SEQ_CST);
}
