/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting: turning the loop or sleeping on a futex, and the one way in which every blocking call
 * tries, waits and tries again. See wait.h for why no wake-up is lost.
 */
#include "sock/wait.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "sock/call.h"
#include "sock/item.h"
#include "sock/move.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* A sleeper looks this often whether the stack is stopping: nsk_stop() may come from a signal
 * handler and can only store a flag, and no worker need turn after it. */
#define LOOK_NS (50 * (uint64_t)NS_PER_MS)

/* A thread that is no worker's has no loop that reads the clock for it: its timeouts are the
 * kernel's. The one place in this room that asks for the time. */
static uint64_t kernel_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void waiter_init(struct waiter *wt, const sigset_t *mask)
{
	sock_thread.interrupted = false;
	wt->word = 0;
	wt->follows = false;
	wt->behind = false;
	wt->moved = false;
	wt->event_fd = -1;
	wt->turns = sock_own();
	wt->mask = mask;
	wt->kernel = NULL;
	wt->kernel_count = 0;
	wt->deadline_ns = UINT64_MAX;
}

void waiter_fini(struct waiter *wt)
{
	if (wt->event_fd >= 0)
		close(wt->event_fd);
}

void waiter_until(struct waiter *wt, int64_t timeout_ns)
{
	uint64_t now;

	if (timeout_ns < 0)
		return;
	if (wt->turns) {
		wt->turns->ops->read_clock(wt->turns);
		now = wt->turns->now_ns;
	} else {
		now = kernel_now_ns();
	}
	wt->deadline_ns = now + (uint64_t)timeout_ns;
}

void waiter_fire(struct waiter *wt)
{
	int event_fd;

	if (__atomic_exchange_n(&wt->word, 1, __ATOMIC_SEQ_CST) != 0)
		return;
	if (wt->turns) {
		wt->turns->ops->wake(wt->turns); /* its loop may be asleep */
		return;
	}
	event_fd = __atomic_load_n(&wt->event_fd, __ATOMIC_SEQ_CST);
	if (event_fd < 0)
		sock_wake(&wt->word);
	else
		eventfd_write(event_fd, 1);
}

static bool stopping(const struct nsk_worker *w)
{
	return w->ops->stopping(w);
}

bool wait_signalled(const sigset_t *mask)
{
	static const struct timespec at_once = {0, 0};

	return mask && ppoll(NULL, 0, &at_once, mask) < 0 && errno == EINTR;
}

bool wait_asks(const struct nsk_worker *w, struct wait_ask *ask, uint64_t each_ns)
{
	if (w->now_ns < ask->next_ns && ++ask->skipped % WAIT_SKIPS)
		return false;
	ask->next_ns = w->now_ns + each_ns;
	return true;
}

/* Whether one of the kernel's descriptors is ready, or the kernel does not like them. */
static bool kernel_ready(const struct waiter *wt, struct wait_ask *ask)
{
	return wt->kernel_count && wait_asks(wt->turns, ask, WAIT_KERNEL_NS) &&
	       poll(wt->kernel, wt->kernel_count, 0) != 0;
}

static bool signal_came(const struct waiter *wt, struct wait_ask *ask)
{
	return wt->mask && wait_asks(wt->turns, ask, WAIT_SIGNALS_NS) && wait_signalled(wt->mask);
}

/* Until when nothing but the worker's own matters. */
static uint64_t idle_until(const struct waiter *wt)
{
	uint64_t until = wt->deadline_ns;

	if (wt->mask)
		until = NSK_MIN(until, wt->turns->now_ns + WAIT_SIGNALS_NS);
	if (wt->kernel_count)
		until = NSK_MIN(until, wt->turns->now_ns + WAIT_KERNEL_NS);
	return until;
}

static int wait_turning(struct waiter *wt)
{
	struct nsk_worker *w = wt->turns;
	struct wait_ask signals = {0}, kernel = {0};

	if (w->in_turn)
		return -EDEADLK;
	while (!waiter_fired(wt) && !kernel_ready(wt, &kernel)) {
		if (stopping(w))
			return -ESHUTDOWN;
		if (signal_came(wt, &signals))
			return -EINTR;
		if (w->now_ns >= wt->deadline_ns)
			return -ETIMEDOUT;
		w->ops->turn(w);
		if (!waiter_fired(wt))
			w->ops->idle(w, idle_until(wt), -1, &wt->word);
	}
	return 0;
}

/* One sleep in the kernel, under the mask: 1 if one of its descriptors is ready, 0 or -errno. */
static int sleep_in_kernel(const struct waiter *wt, uint64_t ns)
{
	struct pollfd own, *fds = wt->kernel ? wt->kernel : &own;
	struct timespec ts = {
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};
	eventfd_t count;
	int n;

	fds[wt->kernel_count] = (struct pollfd){.fd = wt->event_fd, .events = POLLIN};
	n = ppoll(fds, wt->kernel_count + 1, &ts, wt->mask);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (fds[wt->kernel_count].revents) {
		eventfd_read(wt->event_fd, &count); /* or the next sleep would be none */
		n--;
	}
	return n > 0;
}

/* Who fires after this has found the word not set sees the new descriptor. */
static bool has_event_fd(struct waiter *wt)
{
	if (wt->event_fd < 0)
		__atomic_store_n(&wt->event_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
				 __ATOMIC_SEQ_CST);
	return wt->event_fd >= 0;
}

static int wait_in_kernel(struct waiter *wt, const struct nsk_worker *of)
{
	int rc = 0;

	if (!has_event_fd(wt))
		return -ENOMEM;
	while (rc == 0 && !waiter_fired(wt)) {
		uint64_t now = kernel_now_ns();

		if (of && stopping(of))
			rc = -ESHUTDOWN;
		else if (now >= wt->deadline_ns)
			rc = -ETIMEDOUT;
		else if (sock_thread.interrupted)
			rc = -EINTR;
		else
			rc = sleep_in_kernel(wt, NSK_MIN(LOOK_NS, wt->deadline_ns - now));
	}
	return NSK_MIN(rc, 0);
}

static int wait_sleeping(struct waiter *wt, const struct nsk_worker *of)
{
	while (!waiter_fired(wt)) {
		uint64_t now = kernel_now_ns();

		if (of && stopping(of))
			return -ESHUTDOWN;
		if (now >= wt->deadline_ns)
			return -ETIMEDOUT;
		if (sock_thread.interrupted)
			return -EINTR;
		sock_sleep(&wt->word, 0,
			   of ? NSK_MIN(now + LOOK_NS, wt->deadline_ns) : wt->deadline_ns);
	}
	return 0;
}

int waiter_wait(struct waiter *wt, const struct nsk_worker *of)
{
	if (wt->turns)
		return wait_turning(wt);
	return wt->mask || wt->kernel_count ? wait_in_kernel(wt, of) : wait_sleeping(wt, of);
}

/* ---- a call that may block ------------------------------------------------------------------- */

struct wait_state {
	const struct wait_op *op;
	struct waiter waiter;
	struct nsk_worker *w;
	struct epoll_item *watch; /* [W], holds the description; NULL: not waiting */
	int64_t timeout_ns;
	struct pollfd kernel[2];
	bool ended;  /* op->end was called */
	int tid;     /* who waits */
	int gave_up; /* why the wait ended without event, 0: it did not */
};

static int64_t timeout_of(const struct wait_op *op, const struct sock *s)
{
	uint32_t ms;

	if (op->timeout_ns >= WAIT_FOREVER)
		return op->timeout_ns;
	ms = op->timeout_ns == WAIT_RCVTIMEO ? s->rcvtimeo_ms : s->sndtimeo_ms;
	if (ms == SOCK_TIMEO_NONE)
		return 0;
	return ms ? (int64_t)ms * NS_PER_MS : WAIT_FOREVER;
}

/* There is something to wait for: -EAGAIN of a socket that is ready for op->ready is the result. */
static bool has_to_wait(const struct wait_op *op, const struct sock *s, int rc)
{
	return rc == -EAGAIN && !(s->ready & op->ready);
}

/* Leaves a watch if the operation has to wait, else tells the result. */
static int try_first(struct sock *s, struct wait_state *st)
{
	const struct wait_op *op = st->op;
	int rc = op->try(s, op->arg);

	if (!has_to_wait(op, s, rc) || op->dontwait || (s->flags & SOCK_F_NONBLOCK && !op->always))
		return rc;
	if (stopping(s->worker))
		return -ESHUTDOWN;
	st->w = s->worker;
	if (sock_turned_by(st->w, st->tid))
		return -EDEADLK;
	st->timeout_ns = timeout_of(op, s);
	st->watch = watch_add(s, op->bits, &st->waiter);
	if (!st->watch)
		return -ENOBUFS;
	sock_visit(st->w); /* until sock_wait() ends */
	return -EAGAIN;
}

static void end(struct wait_state *st)
{
	if (st->op->end && !st->ended)
		st->op->end(st->op->arg);
	st->ended = true;
}

/* On the worker. */
static int first_step(struct sock *s, void *arg)
{
	struct wait_state *st = arg;
	int rc = try_first(s, st);

	if (!st->watch)
		end(st);
	return rc;
}

/* The wait is over at once, whatever it ends with, and the next step is tried again. */
static int come_again(struct wait_state *st)
{
	__atomic_store_n(&st->waiter.word, 1, __ATOMIC_SEQ_CST);
	return -EAGAIN;
}

/* On a worker that the socket has left: the wait goes on at the next one. */
static int follow(struct wait_state *st)
{
	struct epoll_item *left = st->watch;
	struct nsk_worker *w = st->w;

	st->watch = left->next;
	if (!st->watch)
		return -ESHUTDOWN; /* the worker is gone, and its items with it */
	st->w = w->ops->worker_at(w, left->ep_prev);
	sock_visit(st->w);
	list_del(&left->ready);
	slab_free(&w->sock->items, left);
	__atomic_store_n(&st->waiter.behind, false, __ATOMIC_RELEASE);
	return come_again(st);
}

/* Tries again; the watch stays only if the wait goes on. */
static int try_next(struct wait_state *st)
{
	int rc;

	if (NSK_UNLIKELY(!st->watch->sock))
		return follow(st);
	if (NSK_UNLIKELY(sock_moving(st->watch->sock)))
		return come_again(st);
	waiter_clear(&st->waiter);
	rc = st->op->try(st->watch->sock, st->op->arg);
	watch_pass_on(st->watch);
	if (has_to_wait(st->op, st->watch->sock, rc)) {
		rc = st->gave_up;
		if (rc == 0 && stopping(st->w))
			rc = -ESHUTDOWN;
		if (rc == 0)
			return -EAGAIN;
	}
	watch_del(st->watch);
	st->watch = NULL;
	return rc;
}

/* On the worker. */
static int next_step(void *arg)
{
	struct wait_state *st = arg;
	int rc = try_next(st);

	if (!st->watch)
		end(st);
	return rc;
}

/* Why a wait ended, as the caller is told: what an operation itself ends in, ETIMEDOUT for one, is
 * never taken for that. */
static int end_of_wait(int rc)
{
	return rc == -ETIMEDOUT ? -EAGAIN : rc;
}

/* What the last attempt has said of the kernel's descriptor. */
static void note_kernel_fd(struct wait_state *st)
{
	int fd = st->op->kernel_fd ? *st->op->kernel_fd : -1;

	st->kernel[0] = (struct pollfd){.fd = fd, .events = POLLIN};
	st->waiter.kernel = st->kernel;
	st->waiter.kernel_count = fd >= 0;
}

int sock_wait(int fd, const struct wait_op *op)
{
	struct wait_state st = {.op = op, .tid = sock_thread.tid};
	struct nsk_worker *at;
	int rc;

	waiter_init(&st.waiter, op->mask);
	st.waiter.follows = true;
	rc = sock_call_fd(fd, first_step, &st);
	if (!st.watch)
		return rc;
	waiter_until(&st.waiter, st.timeout_ns);
	do {
		note_kernel_fd(&st);
		st.gave_up = end_of_wait(waiter_wait(&st.waiter, st.w));
		at = st.w;
		rc = sock_call(at, next_step, &st);
		if (NSK_UNLIKELY(st.w != at))
			sock_leave(at);
	} while (st.watch);
	waiter_fini(&st.waiter);
	sock_leave(st.w);
	return rc;
}
