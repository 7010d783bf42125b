/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Going where the worker runs. Everything that belongs to a worker is touched by one thread only:
 * an operation from that thread is a plain call; from any other it travels to the worker
 * (worker_ops.call) and runs inside its turn while the caller waits.
 *
 * A worker without a thread (nsk_turn()) belongs to whoever calls: callers serialise.
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
	struct nsk_worker *current; /* what calls without a descriptor act on */
	int tid;		    /* as in owner_tid; 0: not asked yet */
};

/* initial-exec: a load from the thread's block, not a call, also in the shared library. */
extern __thread struct sock_thread sock_thread
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* The thread may not have asked for its number yet. */
bool sock_here_slow(int owner);

/* Whether the calling thread may touch what belongs to w. */
static inline bool sock_here(const struct nsk_worker *w)
{
	int owner = __atomic_load_n(&w->owner_tid, __ATOMIC_RELAXED);

	return NSK_LIKELY(owner == sock_thread.tid) || owner == 0 || sock_here_slow(owner);
}

/* Whether the calling thread is the one that runs w. */
static inline bool sock_mine(const struct nsk_worker *w)
{
	return sock_here(w) && __atomic_load_n(&w->owner_tid, __ATOMIC_RELAXED) != 0;
}

/*
 * The description of fd if it may be touched right here, else NULL; NULL as well in a thread that
 * has not asked for its number yet, so that nothing is called: the way of others does it there.
 */
static inline struct sock *sock_direct(int fd)
{
	struct handle *h = handle_at(fd);
	struct nsk_worker *w = h ? handle_worker(h) : NULL;
	int owner;

	if (NSK_UNLIKELY(!w))
		return NULL;
	owner = __atomic_load_n(&w->owner_tid, __ATOMIC_RELAXED);
	if (NSK_UNLIKELY(owner != sock_thread.tid) && NSK_UNLIKELY(owner != 0))
		return NULL;
	return handle_sock(h);
}

/* fn(arg) where w runs; what fn returned. */
int sock_call(struct nsk_worker *w, int (*fn)(void *arg), void *arg);

/*
 * The same for what a blocking call does after its first attempt: callers no longer know when it
 * happens and cannot serialise it, so that a worker without thread does it in its next turn.
 */
int sock_call_later(struct nsk_worker *w, int (*fn)(void *arg), void *arg);

/* Slow half of sock_call_fd(). */
int sock_call_fd_far(int fd, int (*fn)(struct sock *s, void *arg), void *arg);

/* fn(s, arg) where the description of fd lives, wherever it moves meanwhile; -EBADF. */
static inline int sock_call_fd(int fd, int (*fn)(struct sock *s, void *arg), void *arg)
{
	struct sock *s = sock_direct(fd);

	return NSK_LIKELY(s != NULL) ? fn(s, arg) : sock_call_fd_far(fd, fn, arg);
}

/* The same in the manner of sock_call_later(). */
int sock_call_fd_later(int fd, int (*fn)(struct sock *s, void *arg), void *arg);

#endif
