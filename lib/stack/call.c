/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations from a thread that does not run the worker: they travel over a bounded ring, the
 * worker runs them in its turn, the caller sleeps on a futex until then, or gives up after a while.
 */
#include <errno.h>
#include <sched.h>

#include <rte_pause.h>

#include "sock/call.h"
#include "stack/stack.h"

#define CALLS_A_TURN 32
/* How soon a caller sees that the worker has lost its thread, which wakes nobody. */
#define LOOK_NS UINT64_C(20000000)

/* The call is complete: whoever takes it out of the ring sees all of it, whatever ring that is. */
static int hand_over(struct run_worker *r, struct call *c)
{
	int rc;

	__atomic_store_n(&c->done, 0, __ATOMIC_RELEASE);
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
		} else {
			sock_sleep(&c->done, clock_system_ns() + LOOK_NS);
		}
	}
}

int call_run(struct nsk_worker *w, int (*fn)(void *arg), void *arg)
{
	struct run_worker *r = run_of(w);
	struct call c = {.fn = fn, .arg = arg};

	if (hand_over(r, &c) != 0)
		return -EAGAIN;
	wait_until_done(r, &c);
	return c.result;
}

bool call_wait(struct call *c, uint64_t timeout_ns)
{
	uint64_t deadline = clock_system_ns() + timeout_ns;

	while (!call_done(c) && clock_system_ns() < deadline)
		sock_sleep(&c->done, deadline);
	return call_done(c);
}

int call_run_timeout(struct nsk_worker *w, struct call *c, uint64_t timeout_ns)
{
	c->given_up = false;
	if (hand_over(run_of(w), c) != 0) {
		c->done = 1;
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
		__atomic_store_n(&c->done, 1, __ATOMIC_RELEASE);
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
