/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads and workers: who runs which. A worker belongs to the thread that runs it, never to an
 * lcore number; the thread is registered with EAL for as long, which gives it mempool caches.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "sock/sock.h"
#include "stack/stack.h"

static int fail(int err)
{
	errno = err;
	return -1;
}

/* Takes the worker for the calling thread; 0 or -EBUSY. */
static int take(struct run_worker *r)
{
	int nobody = 0;
	int tid = sock_tid();

	if (!__atomic_compare_exchange_n(&r->w.owner_tid, &nobody, tid, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return -EBUSY;
	/* A thread that EAL knows already (an application's lcore) stays as it is. More threads
	 * than EAL has room for do without caches. */
	r->registered = rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0;
	sock_set_current(&r->w);
	return 0;
}

bool worker_borrow(struct run_worker *r)
{
	int nobody = 0;

	return __atomic_load_n(&r->w.owner_tid, __ATOMIC_RELAXED) == 0 &&
	       __atomic_compare_exchange_n(&r->w.owner_tid, &nobody, sock_tid(), false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void worker_return(struct run_worker *r)
{
	__atomic_store_n(&r->w.owner_tid, 0, __ATOMIC_RELEASE);
}

static void give(struct run_worker *r)
{
	sock_set_current(NULL);
	if (r->registered)
		rte_thread_unregister();
	r->registered = false;
	__atomic_store_n(&r->w.owner_tid, 0, __ATOMIC_RELEASE);
}

int nsk_attach(struct nsk_stack *stack, unsigned index)
{
	int rc;

	if (!stack || index >= stack->nworkers)
		return fail(EINVAL);
	if (nsk_worker_index() >= 0)
		return fail(EBUSY);
	rc = take(stack->worker[index]);
	return rc ? fail(-rc) : 0;
}

int nsk_detach(void)
{
	if (nsk_worker_index() < 0)
		return fail(EINVAL);
	give(run_of(sock_current()));
	return 0;
}

int nsk_worker_index(void)
{
	struct nsk_worker *w = sock_current();

	if (!w || __atomic_load_n(&w->owner_tid, __ATOMIC_RELAXED) != sock_tid())
		return -1;
	return w->id;
}

int nsk_enter(struct nsk_stack *stack)
{
	if (nsk_worker_index() >= 0)
		return fail(EBUSY);
	sock_set_current(stack ? &stack->worker[0]->w : NULL);
	return 0;
}

static void pin(struct run_worker *r)
{
	cpu_set_t set;

	if (r->cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)r->cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0)
		LOG_WARN(&r->stack->log, "worker", "worker %u cannot be pinned to core %d", r->w.id,
			 r->cpu);
}

static void *worker_thread(void *arg)
{
	struct run_worker *r = arg;
	char name[16];

	snprintf(name, sizeof(name), "nsk-worker-%hu", r->w.id);
	pthread_setname_np(pthread_self(), name);
	pin(r);
	if (take(r)) {
		r->result = -EBUSY;
		return NULL;
	}
	r->result = r->stack->launch_fn(r->stack->launch_arg);
	give(r);
	return NULL;
}

int nsk_launch(struct nsk_stack *stack, int (*fn)(void *arg), void *arg)
{
	if (!stack || !fn)
		return fail(EINVAL);
	for (unsigned i = 0; i < stack->nworkers; i++)
		if (stack->worker[i]->launched ||
		    __atomic_load_n(&stack->worker[i]->w.owner_tid, __ATOMIC_ACQUIRE))
			return fail(EBUSY);
	stack->launch_fn = fn;
	stack->launch_arg = arg;
	for (unsigned i = 0; i < stack->nworkers; i++) {
		struct run_worker *r = stack->worker[i];
		int rc = pthread_create(&r->thread, NULL, worker_thread, r);

		if (rc) {
			nsk_stop(stack);
			nsk_join(stack);
			return fail(rc);
		}
		r->launched = true;
	}
	return 0;
}

int nsk_join(struct nsk_stack *stack)
{
	int result = 0;

	for (unsigned i = 0; stack && i < stack->nworkers; i++) {
		struct run_worker *r = stack->worker[i];

		if (!r->launched)
			continue;
		pthread_join(r->thread, NULL);
		r->launched = false;
		if (result == 0)
			result = r->result;
	}
	return result;
}

/* Only stores: a signal handler may call it. Sleepers look at the flag when they wake, at most 50
 * ms later. */
void nsk_stop(struct nsk_stack *stack)
{
	__atomic_store_n(&stack->stopping, true, __ATOMIC_RELEASE);
}

bool nsk_stopping(const struct nsk_stack *stack)
{
	return __atomic_load_n(&stack->stopping, __ATOMIC_ACQUIRE);
}

uint64_t nsk_turn(struct nsk_stack *stack)
{
	uint64_t next = NSK_NEVER;

	for (unsigned i = 0; i < stack->nworkers; i++) {
		struct run_worker *r = stack->worker[i];
		uint64_t due;

		if (!worker_borrow(r))
			continue;
		loop_turn(r);
		due = loop_next_ns(&r->w);
		worker_return(r);
		next = NSK_MIN(next, due);
	}
	return next;
}

uint64_t nsk_now(const struct nsk_stack *stack)
{
	return stack->clock.fn ? stack->clock.fn(stack->clock.arg) : clock_system_ns();
}
