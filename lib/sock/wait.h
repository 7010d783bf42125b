/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocking. A call that would block leaves a watch at the socket (item.h) and waits on a word of
 * its own until the socket's worker fires the watch; then it tries again. The word and the watch
 * are made for one call; nothing of them stays in the socket.
 *
 *  - The thread runs a worker: it turns that worker's loop meanwhile, whichever worker the socket
 *    lives on. Signals do not end such a wait, nsk_stop() does.
 *  - Any other thread sleeps on a futex; a signal that comes while it sleeps, be it on the way to
 *    the worker, ends the wait with EINTR.
 *  - Under a signal mask of its own (ppoll() and its kin) a sleeper sleeps in the kernel's ppoll(),
 *    which puts the mask in force for the sleep alone, and one who turns asks for signals each
 *    millisecond: so none that the caller has blocked outside slips by between a look and a wait.
 *
 * No wake-up is lost: the word is cleared, the operation tried and the watch left by one piece of
 * work on the socket's worker, which is the only one that fires it. Who turns another worker's loop
 * may have gone to sleep there: it is rung, and looks at the word before it sleeps (stack/idle.c).
 */
#ifndef NSK_SOCK_WAIT_H
#define NSK_SOCK_WAIT_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "sock/sock.h"

#define WAIT_FOREVER  INT64_C(-1)
#define WAIT_RCVTIMEO INT64_C(-2)
#define WAIT_SNDTIMEO INT64_C(-3)

/* How often one who turns asks the kernel for signals, under a mask, and for its descriptors. */
#define WAIT_SIGNALS_NS UINT64_C(1000000)
#define WAIT_KERNEL_NS	UINT64_C(50000)
#define WAIT_SKIPS	64 /* and at least after so many turns */

struct waiter {
	uint32_t word;		  /* [A] 0 waiting, 1 fired */
	int event_fd;		  /* a sleeper with a mask is woken by it; -1: by the word */
	bool follows;		  /* [C] of a blocking call: a socket that moves takes it along,
				   * and what comes wakes one of them (sock.c) */
	bool behind;		  /* [A] and has not come to where that is */
	bool moved;		  /* [A] one that does not follow: a socket has left it */
	struct nsk_worker *turns; /* worker that the thread turns meanwhile; NULL: it sleeps */
	const sigset_t *mask;	  /* of signals, in force while it waits and not before; or NULL */
	struct pollfd *kernel;	  /* descriptors of the kernel's that end the wait, too, and a place
				   * more; or NULL */
	nfds_t kernel_count;
	uint64_t deadline_ns; /* of the clock of turns, else the kernel's; UINT64_MAX: none */
};

/* Prepares a wait of the calling thread, under the signal mask if it is not NULL. */
void waiter_init(struct waiter *wt, const sigset_t *mask);
/* After the last watch that could fire it is gone. */
void waiter_fini(struct waiter *wt);
/* Lets it end timeout_ns from now; WAIT_FOREVER: never, as after waiter_init(). */
void waiter_until(struct waiter *wt, int64_t timeout_ns);

/* Before the conditions are looked at (again). */
static inline void waiter_clear(struct waiter *wt)
{
	__atomic_store_n(&wt->word, 0, __ATOMIC_SEQ_CST);
}

static inline bool waiter_fired(const struct waiter *wt)
{
	return __atomic_load_n(&wt->word, __ATOMIC_SEQ_CST) != 0;
}

/* The socket's worker: something happened. Never blocks. */
void waiter_fire(struct waiter *wt);

/*
 * Waits until fired (0) or a descriptor of the kernel's is ready (0), -ETIMEDOUT, -EINTR, or
 * -ESHUTDOWN: the stack whose loop it turns, or the one of worker of (may be NULL), is stopping.
 * -EDEADLK from inside a turn, -ENOMEM (with a mask or descriptors of the kernel's alone).
 */
int waiter_wait(struct waiter *wt, const struct nsk_worker *of);

/* When to ask the kernel again. */
struct wait_ask {
	uint64_t next_ns;
	unsigned skipped;
};

/* Whether it is time to: each_ns after the last time, or after some turns, for the clock may be the
 * caller's and stand still. */
bool wait_asks(const struct nsk_worker *w, struct wait_ask *ask, uint64_t each_ns);

/* Whether a signal waits that the mask lets through; it is handled by then. NULL: no. */
bool wait_signalled(const sigset_t *mask);

/* A call that may block. */
struct wait_op {
	/* Runs where s lives: -EAGAIN waits for one of bits and tries again, all else is the
	 * result. */
	int (*try)(struct sock *s, void *arg);
	/* There will be no more attempts; runs before the worker may go. May be missing. */
	void (*end)(void *arg);
	void *arg;
	uint32_t bits;	      /* EPOLLIN …; EPOLLERR and EPOLLHUP are always among them */
	uint32_t ready;	      /* -EAGAIN while one of these is ready is the result as well */
	bool dontwait;	      /* MSG_DONTWAIT */
	bool always;	      /* waits even if the description is non-blocking (epoll) */
	const sigset_t *mask; /* of signals, while it waits; NULL: as it is */
	int *kernel_fd;	    /* one of the kernel's that has something for the operation, too, as the
			     * last attempt left it, -1: none; or NULL */
	int64_t timeout_ns; /* or WAIT_RCVTIMEO, WAIT_SNDTIMEO: what the description says */
};

/*
 * Runs the operation on the description of fd: its result, -EBADF, -EAGAIN (non-blocking, or
 * timeout_ns is over; -ETIMEDOUT is the operation's own), -EINTR, -ESHUTDOWN, -ENOBUFS (no watch to
 * be had), -EDEADLK. The description stays while the call waits, even if the descriptor is closed.
 */
int sock_wait(int fd, const struct wait_op *op);

#endif
