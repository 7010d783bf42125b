/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads and calls: which worker the thread is with, and how an operation gets to the thread that
 * may run it. The way there (ring and wake-up) is lib/stack's; see call.h.
 */
#include "sock/call.h"
#include "sock/move.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)

__thread struct sock_thread sock_thread;

int sock_tid(void)
{
	if (NSK_UNLIKELY(sock_thread.tid == 0))
		sock_thread.tid = (int)syscall(SYS_gettid);
	return sock_thread.tid;
}

void sock_sleep(uint32_t *word, uint32_t is, uint64_t until_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(until_ns / NS_PER_S),
		.tv_nsec = (long)(until_ns % NS_PER_S),
	};

	if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, is, &ts, NULL,
		    FUTEX_BITSET_MATCH_ANY) != 0 &&
	    errno == EINTR)
		sock_thread.interrupted = true;
}

void sock_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- the stack that the thread is in ---------------------------------------------------------
 */

/* Place 0 stays empty. Part of the process's table of descriptors: what is not known by a
 * descriptor is known by its place here. */
static struct {
	struct nsk_worker *worker; /* [A] NULL: free */
	uint32_t number;	   /* [A] grows each time the place is given back */
} stacks[SOCK_STACKS + 1];

int sock_stack_add(struct nsk_worker *w)
{
	for (int i = 1; i <= SOCK_STACKS; i++) {
		struct nsk_worker *none = NULL;

		if (__atomic_compare_exchange_n(&stacks[i].worker, &none, w, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return i;
	}
	return -ENFILE;
}

void sock_stack_remove(int place)
{
	__atomic_fetch_add(&stacks[place].number, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&stacks[place].worker, NULL, __ATOMIC_SEQ_CST);
}

void sock_set_own(struct nsk_worker *w)
{
	sock_thread.own = w;
	sock_thread.tid = sock_tid();
}

void sock_enter(int place)
{
	sock_thread.place = place;
	sock_thread.number = __atomic_load_n(&stacks[place].number, __ATOMIC_RELAXED);
}

/* ---- children --------------------------------------------------------------------------------
 */

/* The child's only thread was in some stack of the parent's, perhaps ran a worker. */
static void forget_parent(void)
{
	handle_forget_all();
	sock_thread = (struct sock_thread){0};
}

void sock_watch_forks(void)
{
	if (!__atomic_exchange_n(&handles.watches_forks, true, __ATOMIC_SEQ_CST))
		pthread_atfork(NULL, NULL, forget_parent);
}

/* ---- visits ---------------------------------------------------------------------------------- */

struct nsk_worker *sock_visit_fd(int fd)
{
	struct handle *h = handle_at(fd);
	struct nsk_worker *w;

	if (!h)
		return NULL;
	w = handle_worker(h);
	if (w && w == sock_thread.own) {
		sock_visit(w);
		return w;
	}
	for (;;) {
		handle_pin();
		w = handle_worker_pinned(h);
		if (w && w != handle_transit)
			sock_visit(w);
		handle_unpin();
		if (NSK_LIKELY(w != handle_transit))
			return w;
		sock_let_others(); /* it will arrive somewhere */
	}
}

struct nsk_worker *sock_visit_current(void)
{
	int place = sock_thread.place;
	struct nsk_worker *w = sock_thread.own;

	if (w) {
		sock_visit(w);
		return w;
	}
	if (place == 0)
		return NULL;
	handle_pin();
	w = __atomic_load_n(&stacks[place].worker, __ATOMIC_SEQ_CST);
	if (w && __atomic_load_n(&stacks[place].number, __ATOMIC_SEQ_CST) == sock_thread.number)
		sock_visit(w);
	else
		w = NULL;
	handle_unpin();
	return w;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* worker_ops.call may find no room and then has not run fn: told apart from fn's own -EAGAIN. */
struct parcel {
	int (*fn)(void *arg);
	void *arg;
	bool ran;
};

static int open_parcel(void *arg)
{
	struct parcel *p = arg;

	p->ran = true;
	return p->fn(p->arg);
}

static int send_parcel(struct nsk_worker *w, int (*fn)(void *arg), void *arg)
{
	struct parcel p = {.fn = fn, .arg = arg};
	int rc;

	do {
		rc = w->ops->call(w, open_parcel, &p);
		if (!p.ran)
			sock_let_others();
	} while (!p.ran);
	return rc;
}

int sock_call(struct nsk_worker *w, int (*fn)(void *arg), void *arg)
{
	return sock_here(w) ? fn(arg) : send_parcel(w, fn, arg);
}

struct fd_call {
	int fd;
	uint32_t generation; /* of the descriptor that was meant */
	struct nsk_worker *w;
	int (*fn)(struct sock *s, void *arg);
	void *arg;
	bool moved;
};

static int fd_call_run(void *arg)
{
	struct fd_call *c = arg;
	struct handle *h = handle_at(c->fd);
	struct nsk_worker *w = handle_worker(h);

	/* On the way here it may have been closed, and its number given to another. */
	if (NSK_UNLIKELY(handle_generation(h) != c->generation))
		return -EBADF;
	if (NSK_UNLIKELY(w != c->w)) {
		c->moved = w != NULL;
		return -EBADF;
	}
	return c->fn(handle_sock(h), c->arg);
}

int sock_call_fd_far(int fd, int (*fn)(struct sock *s, void *arg), void *arg)
{
	struct fd_call c = {.fd = fd, .fn = fn, .arg = arg};
	const struct handle *h = handle_at(fd);
	int rc;

	if (!h)
		return -EBADF;
	c.generation = handle_generation(h);
	do {
		c.w = sock_visit_fd(fd);
		if (!c.w)
			return -EBADF;
		c.moved = false;
		rc = sock_call(c.w, fd_call_run, &c);
		sock_leave(c.w);
	} while (NSK_UNLIKELY(c.moved));
	return rc;
}
