/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads and workers: who runs which. A worker belongs to the thread that runs it, never to an
 * lcore number; the thread is registered with EAL for as long, which gives it mempool caches.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "sock/call.h"
#include "stack/stack.h"

static int fail(int err)
{
	errno = err;
	return -1;
}

/* Makes the worker another's if it is the one's from whom it is taken; else false. */
static bool change_owner(struct run_worker *r, int from, int to)
{
	return __atomic_compare_exchange_n(&r->w.owner_tid, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* For who could not have it: false if a thread runs it, or the calling one has it already; true
 * after a moment, if somebody only borrows it. */
static bool wait_a_moment(struct run_worker *r)
{
	static const struct timespec a_moment = {.tv_nsec = 10000};

	if (__atomic_load_n(&r->w.settled, __ATOMIC_ACQUIRE) ||
	    __atomic_load_n(&r->w.owner_tid, __ATOMIC_RELAXED) == sock_tid())
		return false;
	/* Who borrows it may wait for one that is ours already, or for this core. */
	if (call_serve_seized(r->stack) == 0)
		nanosleep(&a_moment, NULL);
	return true;
}

/* Takes it to keep; false if a thread runs it or is to run it. */
static bool claim(struct run_worker *r, int to)
{
	while (!change_owner(r, 0, to))
		if (__atomic_load_n(&r->w.owner_tid, __ATOMIC_RELAXED) == WORKER_AWAY ||
		    !wait_a_moment(r))
			return false;
	return true;
}

/* As change_owner(), where somebody may have borrowed it who gives it back at once. */
static void change_owner_soon(struct run_worker *r, int from, int to)
{
	while (!change_owner(r, from, to))
		sched_yield();
}

/* The worker is the calling thread's. */
static void settle(struct run_worker *r)
{
	/* A thread that EAL knows already (an application's lcore) stays as it is. More threads
	 * than EAL has room for do without caches. */
	r->registered = rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0;
	sock_set_own(&r->w);
	__atomic_store_n(&r->w.turner_tid, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&r->w.settled, true, __ATOMIC_RELEASE);
}

/* The calling thread, whose the worker was, has none any more; nobody else has it yet. */
static void unsettle(struct run_worker *r)
{
	__atomic_store_n(&r->w.settled, false, __ATOMIC_RELEASE);
	sock_set_own(NULL);
	if (r->registered)
		rte_thread_unregister();
	r->registered = false;
}

bool worker_borrow(struct run_worker *r)
{
	int owner = __atomic_load_n(&r->w.owner_tid, __ATOMIC_RELAXED);

	if (owner > 0 || !change_owner(r, owner, sock_tid()))
		return false;
	r->lender = owner;
	return true;
}

bool worker_take(struct run_worker *r)
{
	while (!worker_borrow(r))
		if (!wait_a_moment(r))
			return false;
	return true;
}

/* Whose call found the worker taken put it into the ring and looks once more before it sleeps: so
 * the one or the other sees it. */
void worker_return(struct run_worker *r)
{
	for (;;) {
		__atomic_store_n(&r->w.owner_tid, r->lender, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (rte_ring_empty(r->call_ring) || !worker_borrow(r))
			return;
		call_serve(r);
	}
}

static void give(struct run_worker *r, int to)
{
	unsettle(r);
	__atomic_store_n(&r->w.owner_tid, to, __ATOMIC_RELEASE);
}

int nsk_attach(struct nsk_stack *stack, unsigned index)
{
	if (!stack || index >= stack->nworkers)
		return fail(EINVAL);
	if (handles.forked)
		return fail(EPERM);
	if (nsk_worker_index() >= 0 || !claim(stack->worker[index], sock_tid()))
		return fail(EBUSY);
	settle(stack->worker[index]);
	return 0;
}

int nsk_detach(void)
{
	struct nsk_worker *own = sock_own();

	if (!own || run_of(own)->ours)
		return fail(EINVAL);
	give(run_of(own), 0);
	return 0;
}

int nsk_worker_index(void)
{
	return sock_own() ? sock_own()->id : -1;
}

int nsk_enter(struct nsk_stack *stack)
{
	if (handles.forked)
		return fail(EPERM);
	if (sock_own())
		return fail(EBUSY);
	sock_enter(stack ? stack->place : 0);
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
	change_owner_soon(r, WORKER_AWAY, sock_tid());
	r->ours = true;
	r->idle.fine_timer = false;
	settle(r);
	r->result = r->stack->launch_fn(r->stack->launch_arg);
	r->ours = false;
	give(r, WORKER_AWAY);
	return NULL;
}

/* Workers from first on, which are away, are whoever's again who calls nsk_turn(). */
static void release(struct nsk_stack *stack, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		change_owner_soon(stack->worker[i], WORKER_AWAY, 0);
}

/* The workers that were launched beside one that could not be have ended: the stack is as before.
 */
static void resume(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nworkers; i++)
		stack->worker[i]->woken = false;
	__atomic_fetch_and(&stack->stopping, ~STOP_LAUNCH, __ATOMIC_RELEASE);
}

/* Until its thread runs, and from its end to nsk_join(), a worker is away: calls from other threads
 * cannot know the moment, so they never touch it without taking it. */
int nsk_launch(struct nsk_stack *stack, int (*fn)(void *arg), void *arg)
{
	if (!stack || !fn)
		return fail(EINVAL);
	if (handles.forked)
		return fail(EPERM);
	for (unsigned i = 0; i < stack->nworkers; i++) {
		if (!claim(stack->worker[i], WORKER_AWAY)) {
			release(stack, 0, i);
			return fail(EBUSY);
		}
	}
	stack->launch_fn = fn;
	stack->launch_arg = arg;
	for (unsigned i = 0; i < stack->nworkers; i++) {
		struct run_worker *r = stack->worker[i];
		int rc = pthread_create(&r->thread, NULL, worker_thread, r);

		if (rc) {
			__atomic_fetch_or(&stack->stopping, STOP_LAUNCH, __ATOMIC_RELEASE);
			nsk_join(stack);
			release(stack, i, stack->nworkers);
			resume(stack);
			return fail(rc);
		}
		r->launched = true;
	}
	return 0;
}

int nsk_join(struct nsk_stack *stack)
{
	struct nsk_worker *own = sock_own();
	int result = 0;

	if (handles.forked)
		return fail(EPERM);
	if (own && own->stack == stack && run_of(own)->ours)
		return fail(EDEADLK); /* one of those that are waited for */
	for (unsigned i = 0; stack && i < stack->nworkers; i++) {
		struct run_worker *r = stack->worker[i];

		if (!r->launched)
			continue;
		pthread_join(r->thread, NULL);
		r->launched = false;
		change_owner_soon(r, WORKER_AWAY, 0);
		if (result == 0)
			result = r->result;
	}
	return result;
}

/* Stores, and rings for workers that sleep: a signal handler may call it. Other sleepers look at
 * the flag when they wake, at most 50 ms later. */
void nsk_stop(struct nsk_stack *stack)
{
	__atomic_fetch_or(&stack->stopping, STOP_ASKED, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < stack->nworkers; i++)
		if (stack->worker[i])
			idle_wake(stack->worker[i]);
}

bool nsk_stopping(const struct nsk_stack *stack)
{
	return __atomic_load_n(&stack->stopping, __ATOMIC_ACQUIRE) != 0;
}

void nsk_drain(struct nsk_stack *stack, bool drain)
{
	__atomic_store_n(&stack->draining, drain, __ATOMIC_RELEASE);
}

bool nsk_draining(const struct nsk_stack *stack)
{
	return __atomic_load_n(&stack->draining, __ATOMIC_ACQUIRE);
}

/* ---- the end ------------------------------------------------------------------------------- */

/*
 * The worker becomes the calling thread's, which waits for one that only borrows it; false if a
 * thread runs it, or the calling one is in the middle of its turn.
 */
static bool seize(struct run_worker *r)
{
	if (__atomic_load_n(&r->w.owner_tid, __ATOMIC_RELAXED) == sock_tid())
		return sock_own() == &r->w;
	return claim(r, sock_tid());
}

static bool any_launched(const struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nworkers; i++)
		if (stack->worker[i]->launched)
			return true;
	return false;
}

int stack_seize(struct nsk_stack *stack)
{
	struct nsk_worker *own = sock_own();
	bool mine = own && own->stack == stack;

	if (mine && (own->in_turn || run_of(own)->ours))
		return -EBUSY;
	if (any_launched(stack)) {
		nsk_stop(stack);
		nsk_join(stack);
	}
	for (unsigned i = 0; i < stack->nworkers; i++) {
		if (seize(stack->worker[i]))
			continue;
		while (i-- > 0)
			if (&stack->worker[i]->w != own)
				change_owner(stack->worker[i], sock_tid(), 0);
		return -EBUSY;
	}
	nsk_stop(stack);
	if (mine)
		unsettle(run_of(own));
	return 0;
}

uint64_t nsk_turn(struct nsk_stack *stack)
{
	uint64_t next = NSK_NEVER;

	if (NSK_UNLIKELY(handles.forked))
		return next;
	for (unsigned i = 0; i < stack->nworkers; i++) {
		struct run_worker *r = stack->worker[i];
		uint64_t due;

		if (!worker_take(r))
			continue;
		__atomic_store_n(&r->w.turner_tid, sock_tid(), __ATOMIC_RELAXED);
		loop_turn(r);
		due = loop_next_ns(&r->w);
		worker_return(r);
		next = NSK_MIN(next, due);
	}
	/* A worker may have handed something to one that had its turn before. */
	for (unsigned i = 0; i + 1 < stack->nworkers; i++)
		if (steer_waiting(stack->worker[i]))
			return stack->worker[i]->w.now_ns;
	return next;
}

uint64_t nsk_now(const struct nsk_stack *stack)
{
	return stack->clock.fn ? stack->clock.fn(stack->clock.arg) : clock_system_ns();
}
