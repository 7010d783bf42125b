/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations from a thread that does not run the worker: they travel over a bounded ring, the worker runs them in its turn,
 * the caller sleeps on a futex until then.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "stack/stack.h"

#define CALLS_A_TURN 32

struct call {
	int (*fn)(void *arg);
	void *arg;
	int result;
	uint32_t done; /* [A] futex word */
};

/* The worker may lose its thread while we sleep: then whoever sleeps serves the ring. */
static void sleep_until_done(struct run_worker *r, struct call *c)
{
	static const struct timespec look = { .tv_nsec = 20000000 };

	while (!__atomic_load_n(&c->done, __ATOMIC_ACQUIRE)) {
		syscall(SYS_futex, &c->done, FUTEX_WAIT_PRIVATE, 0, &look, NULL, 0);
		if (__atomic_load_n(&r->w.owner_tid, __ATOMIC_ACQUIRE) == 0)
			call_serve(r);
	}
}

int call_run(struct nsk_worker *w, int (*fn)(void *arg), void *arg)
{
	struct run_worker *r = run_of(w);
	struct call c = { .fn = fn, .arg = arg };

	if (rte_ring_enqueue(r->call_ring, &c) != 0)
		return -EAGAIN;
	sleep_until_done(r, &c);
	return c.result;
}

unsigned call_serve(struct run_worker *r)
{
	void *calls[CALLS_A_TURN];
	unsigned n = rte_ring_dequeue_burst(r->call_ring, calls, CALLS_A_TURN, NULL);

	for (unsigned i = 0; i < n; i++) {
		struct call *c = calls[i];

		c->result = c->fn(c->arg);
		__atomic_store_n(&c->done, 1, __ATOMIC_RELEASE);
		syscall(SYS_futex, &c->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	return n;
}
