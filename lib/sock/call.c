/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads and calls: which worker the thread is with, and how an operation gets to the thread that
 * may run it. The way there (ring and wake-up) is lib/stack's; see call.h.
 */
#include "sock/call.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread struct sock_thread sock_thread;

struct nsk_worker *sock_current(void)
{
	return sock_thread.current;
}

void sock_set_current(struct nsk_worker *w)
{
	sock_thread.current = w;
}

int sock_tid(void)
{
	if (NSK_UNLIKELY(sock_thread.tid == 0))
		sock_thread.tid = (int)syscall(SYS_gettid);
	return sock_thread.tid;
}

bool sock_here_slow(int owner)
{
	return owner == sock_tid();
}

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
			sched_yield();
	} while (!p.ran);
	return rc;
}

int sock_call(struct nsk_worker *w, int (*fn)(void *arg), void *arg)
{
	return sock_here(w) ? fn(arg) : send_parcel(w, fn, arg);
}

int sock_call_later(struct nsk_worker *w, int (*fn)(void *arg), void *arg)
{
	return sock_mine(w) ? fn(arg) : send_parcel(w, fn, arg);
}

struct fd_call {
	int fd;
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

	if (NSK_UNLIKELY(w != c->w)) {
		c->moved = w != NULL;
		return -EBADF;
	}
	return c->fn(handle_sock(h), c->arg);
}

static int call_fd(int fd, int (*fn)(struct sock *s, void *arg), void *arg,
		   int (*call)(struct nsk_worker *w, int (*fn)(void *arg), void *arg))
{
	struct fd_call c = {.fd = fd, .fn = fn, .arg = arg};
	struct handle *h = handle_at(fd);
	int rc;

	do {
		c.w = h ? handle_worker(h) : NULL;
		if (!c.w)
			return -EBADF;
		c.moved = false;
		rc = call(c.w, fd_call_run, &c);
	} while (NSK_UNLIKELY(c.moved));
	return rc;
}

int sock_call_fd_far(int fd, int (*fn)(struct sock *s, void *arg), void *arg)
{
	return call_fd(fd, fn, arg, sock_call);
}

int sock_call_fd_later(int fd, int (*fn)(struct sock *s, void *arg), void *arg)
{
	return call_fd(fd, fn, arg, sock_call_later);
}
