/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Going where the worker runs. Everything that belongs to a worker is touched by one thread only:
 * an operation from that thread is a plain call; from any other it travels to the worker
 * (worker_ops.call) and runs inside its turn while the caller waits.
 *
 * A worker without a thread (nsk_turn()) is taken for each turn and each call, so that a sleeper
 * that wakes up meets nobody there.
 *
 * A worker may be taken down while other threads call it: whoever does not run it visits it, and
 * it is not freed before the last visitor has left.
 */
#ifndef NSK_SOCK_CALL_H
#define NSK_SOCK_CALL_H

#include <stdbool.h>

#include "base/compiler.h"
#include "mbuf/worker.h"
#include "sock/handle.h"
#include "sock/sock.h"

/* What a thread knows of itself. */
struct sock_thread {
	struct nsk_worker *own; /* the worker that it runs, NULL: none */
	int tid;		/* as in owner_tid; 0: not asked yet */
	int place;		/* of the stack that it has entered, 0: none */
	uint32_t number;	/* of that stack in its place */
	bool interrupted;	/* a signal came while it slept, since the last waiter_init() */
};

/* initial-exec: a load from the thread's block, not a call, also in the shared library. */
extern __thread struct sock_thread sock_thread
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Sleeps until *word is no longer what it is said to be, the kernel's monotonic clock says
 * until_ns, or for no reason. A signal that ends the sleep is noted in sock_thread.interrupted. */
void sock_sleep(uint32_t *word, uint32_t is, uint64_t until_ns);
/* Wakes the one that sleeps on word, after that has been set. */
void sock_wake(uint32_t *word);

/* The worker that the calling thread runs, or NULL. */
static inline struct nsk_worker *sock_own(void)
{
	return sock_thread.own;
}

/* Whether the calling thread may touch what belongs to w: it runs it, or has taken it. */
static inline bool sock_here(const struct nsk_worker *w)
{
	int owner;

	if (NSK_LIKELY(w == sock_thread.own))
		return true;
	owner = __atomic_load_n(&w->owner_tid, __ATOMIC_RELAXED);
	return owner != 0 && owner == sock_thread.tid;
}

/* Whether w goes on only when thread tid turns it, which then would wait for itself. 0: a thread
 * that never asked for its number, and so never turned any. */
static inline bool sock_turned_by(const struct nsk_worker *w, int tid)
{
	return tid != 0 && !__atomic_load_n(&w->settled, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&w->turner_tid, __ATOMIC_RELAXED) == tid;
}

/*
 * The description of fd if the calling thread runs its worker, else NULL, so that nothing is called
 * here: others go by sock_call_fd().
 */
static inline struct sock *sock_direct(int fd)
{
	struct handle *h = handle_at(fd);
	struct nsk_worker *own = sock_thread.own;
	struct sock *s;

	if (NSK_UNLIKELY(!h) || NSK_UNLIKELY(handle_worker(h) != own) || NSK_UNLIKELY(!own))
		return NULL;
	s = handle_sock(h);
	NSK_ASSUME(s); /* this thread alone sets it, before the worker */
	return s;
}

/* ---- visits ---------------------------------------------------------------------------------- */

/* One visitor more at a worker that cannot go away now; and one less, the last touch of it. */
static inline void sock_visit(struct nsk_worker *w)
{
	__atomic_fetch_add(&w->visitors, 1, __ATOMIC_RELAXED);
}

static inline void sock_leave(struct nsk_worker *w)
{
	__atomic_fetch_sub(&w->visitors, 1, __ATOMIC_RELEASE);
}

static inline bool sock_visited(const struct nsk_worker *w)
{
	return __atomic_load_n(&w->visitors, __ATOMIC_ACQUIRE) != 0;
}

/* The worker of a descriptor, visited, or NULL; end with sock_leave(). */
struct nsk_worker *sock_visit_fd(int fd);
/* The worker that calls without a descriptor act on: the thread's own, else that of the stack which
 * it has entered; visited, or NULL: none, or that stack is no more. */
struct nsk_worker *sock_visit_current(void);

/* fn(arg) where w runs; what fn returned. */
int sock_call(struct nsk_worker *w, int (*fn)(void *arg), void *arg);

/* Slow half of sock_call_fd(). */
int sock_call_fd_far(int fd, int (*fn)(struct sock *s, void *arg), void *arg);

/* fn(s, arg) where the description of fd lives, wherever it moves meanwhile; -EBADF. */
static inline int sock_call_fd(int fd, int (*fn)(struct sock *s, void *arg), void *arg)
{
	struct sock *s = sock_direct(fd);

	return NSK_LIKELY(s != NULL) ? fn(s, arg) : sock_call_fd_far(fd, fn, arg);
}

#endif
