/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poll and select over descriptors of any workers, and of the kernel's. The workers are visited one
 * after the other, each looks at its own descriptors, the kernel is asked for its own; if none is
 * ready each worker leaves watches that all fire the same word, and the thread waits on that word
 * and the kernel's descriptors (wait.h), then looks again.
 */
#include <limits.h>
#include <stdlib.h>

#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"
#include "sock/epoll.h"
#include "sock/handle.h"
#include "sock/move.h"
#include "sock/wait.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_US INT64_C(1000)
#define US_PER_S  1000000

/* Workers whose descriptors can be in one call. */
#define POLL_WORKERS 128

_Static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLERR == EPOLLERR &&
		       POLLHUP == EPOLLHUP && POLLRDHUP == EPOLLRDHUP && POLLPRI == EPOLLPRI &&
		       POLLRDNORM == EPOLLRDNORM && POLLWRNORM == EPOLLWRNORM,
	       "one set of bits");

/* What a worker has to do with a call. */
struct poll_part {
	struct nsk_worker *w;
	struct epoll_item *watches; /* [W] a chain by their data */
};

struct poll {
	struct pollfd *fds;
	struct pollfd *ask; /* what to ask the kernel for, in the same places; elsewhere fd -1 */
	/* Those of ask that are for the kernel, without gaps: it counts places, too, against
	 * RLIMIT_NOFILE. One more for the waiter. */
	struct pollfd *kernel;
	nfds_t count;
	struct waiter waiter;
	bool watch;    /* leave watches as long as nothing is ready */
	bool stopping; /* a worker's stack is */
	int ready;     /* descriptors with revents */
	unsigned parts;
	unsigned at; /* part being visited */
	struct poll_part part[POLL_WORKERS];
};

/* What a descriptor is asked for; errors always. */
static uint32_t wanted(const struct pollfd *p)
{
	return (uint16_t)p->events | POLLERR | POLLHUP;
}

static int leave_watch(struct poll *p, struct sock *s, uint32_t bits)
{
	struct poll_part *part = &p->part[p->at];
	struct epoll_item *it = watch_add(s, bits, &p->waiter);

	if (!it)
		return -ENOMEM;
	it->data = (uintptr_t)part->watches;
	part->watches = it;
	return 0;
}

/* The kernel's descriptors in an epoll instance of ours make it readable, too. */
static void ask_inner(struct poll *p, nfds_t i, struct sock *s)
{
	int fd = s->flags & SOCK_F_EPOLL ? epoll_of(s)->kernel_fd : -1;

	p->ask[i] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* On a worker: looks at those of the descriptors that live here. */
static int visit(void *arg)
{
	struct poll *p = arg;
	struct nsk_worker *w = p->part[p->at].w;

	p->stopping |= w->ops->stopping(w);
	for (nfds_t i = 0; i < p->count; i++) {
		struct handle *h = handle_at(p->fds[i].fd);
		struct sock *s;

		/* One that moves may come by twice. */
		if (!h || handle_worker(h) != w || p->fds[i].revents)
			continue;
		s = handle_sock(h);
		ask_inner(p, i, s); /* events: it was seen */
		p->fds[i].revents = (short)(sock_readiness(s) & wanted(&p->fds[i]));
		if (p->fds[i].revents)
			p->ready++;
		else if (p->watch && p->ready == 0 && leave_watch(p, s, wanted(&p->fds[i])))
			return -ENOMEM;
	}
	return 0;
}

/* On a worker: takes this call's watches away. */
static int unwatch(void *arg)
{
	struct poll *p = arg;
	struct epoll_item *it = p->part[p->at].watches;

	while (it) {
		struct epoll_item *next = (struct epoll_item *)(uintptr_t)it->data;

		if (it->sock && sock_moving(it->sock)) {
			p->part[p->at].watches = it;
			return -EAGAIN;
		}
		if (it->sock) {
			watch_del(it);
		} else if (it->ep_prev == ITEM_LEFT) {
			list_del(&it->ready);
			slab_free(&p->part[p->at].w->sock->items, it);
		}
		it = next;
	}
	p->part[p->at].watches = NULL;
	return 0;
}

static int on_each_worker(struct poll *p, int (*fn)(void *arg))
{
	int rc = 0;

	for (p->at = 0; p->at < p->parts && rc == 0; p->at++)
		rc = sock_call(p->part[p->at].w, fn, p);
	return rc;
}

/* Closes the gaps between the kernel's descriptors; how many there are. */
static nfds_t gather_kernel(struct poll *p)
{
	nfds_t n = 0;

	for (nfds_t i = 0; i < p->count; i++)
		if (p->ask[i].fd >= 0)
			p->kernel[n++] = p->ask[i];
	return n;
}

/* What the kernel has to report of its own descriptors. 0 or -errno. */
static int look_in_kernel(struct poll *p)
{
	const struct pollfd *k = p->kernel;
	int n;

	p->waiter.kernel = p->kernel;
	p->waiter.kernel_count = gather_kernel(p);
	n = p->waiter.kernel_count ? poll(p->kernel, p->waiter.kernel_count, 0) : 0;
	if (n < 0)
		return -errno;
	if (n == 0)
		return 0;
	for (nfds_t i = 0; i < p->count; i++) {
		short had = p->fds[i].revents;
		short has = p->ask[i].fd >= 0 ? k++->revents : 0;

		if (nsk_is_fd(p->fds[i].fd) && has)
			has = (short)((POLLIN | POLLRDNORM) & wanted(&p->fds[i]));
		p->fds[i].revents = (short)(had | has);
		p->ready += !had && has;
	}
	return 0;
}

/* What was on its way from one worker to another is watched nowhere: looks again at once. */
static void miss_moving(struct poll *p)
{
	for (nfds_t i = 0; i < p->count; i++) {
		struct handle *h = handle_at(p->fds[i].fd);

		if (!h || p->ask[i].events || !handle_worker(h))
			continue;
		__atomic_store_n(&p->waiter.moved, true, __ATOMIC_RELAXED);
		__atomic_store_n(&p->waiter.word, 1, __ATOMIC_SEQ_CST);
	}
}

/* All workers and the kernel look; descriptors that have something to report, or -errno. */
static int look(struct poll *p, bool watch)
{
	int rc;

	waiter_clear(&p->waiter);
	for (nfds_t i = 0; i < p->count; i++) {
		p->fds[i].revents &= POLLNVAL;
		if (nsk_is_fd(p->fds[i].fd))
			p->ask[i] = (struct pollfd){.fd = -1};
	}
	p->ready = 0;
	p->watch = watch;
	rc = on_each_worker(p, visit);
	if (rc == 0 && watch)
		miss_moving(p);
	if (rc == 0)
		rc = look_in_kernel(p);
	return rc ? rc : p->ready;
}

static bool has_part(const struct poll *p, const struct nsk_worker *w)
{
	for (unsigned k = 0; k < p->parts; k++)
		if (p->part[k].w == w)
			return true;
	return false;
}

/* The worker of a descriptor is one of those from now on, and cannot go away. 0, -EBADF, -ENOMEM.
 */
static int add_part(struct poll *p, int fd)
{
	struct handle *h = handle_at(fd);
	struct nsk_worker *w;

	if (h && has_part(p, handle_worker(h)))
		return 0;
	w = sock_visit_fd(fd);
	if (!w)
		return -EBADF;
	if (p->parts == POLL_WORKERS || has_part(p, w)) { /* the latter: it has come there now */
		sock_leave(w);
		return has_part(p, w) ? 0 : -ENOMEM;
	}
	p->part[p->parts++] = (struct poll_part){.w = w};
	return 0;
}

/* Notes whose descriptors these are and visits the workers; marks those that are none. Number of
 * the latter, -ENOMEM. */
static int find_workers(struct poll *p)
{
	int bad = 0, rc;

	for (nfds_t i = 0; i < p->count; i++) {
		bool of_kernel = p->fds[i].fd >= 0 && !nsk_is_fd(p->fds[i].fd);

		p->fds[i].revents = 0;
		p->ask[i] = p->fds[i];
		if (of_kernel)
			continue;
		p->ask[i].fd = -1;
		rc = p->fds[i].fd < 0 ? 0 : add_part(p, p->fds[i].fd);
		if (rc == -ENOMEM)
			return rc;
		if (rc) {
			p->fds[i].revents = POLLNVAL;
			bad++;
		}
	}
	return bad;
}

static void unwatch_all(struct poll *p)
{
	while (on_each_worker(p, unwatch))
		sock_let_others();
}

/* Sockets have left the workers that they were watched on: looks where they are now, and leaves
 * watches there and at all others anew, so that each has one. As look(). */
static int look_again(struct poll *p)
{
	unwatch_all(p);
	__atomic_store_n(&p->waiter.moved, false, __ATOMIC_RELAXED);
	for (nfds_t i = 0; i < p->count; i++) {
		if (handle_at(p->fds[i].fd) && add_part(p, p->fds[i].fd) == -ENOMEM)
			return -ENOMEM;
	}
	return look(p, true);
}

/* Nothing was ready: waits until something is, which then is the result; 0: timed out. */
static int wait_ready(struct poll *p, int64_t timeout_ns)
{
	bool over = false;
	int rc;

	rc = look(p, true);
	waiter_until(&p->waiter, timeout_ns);
	while (rc == 0 && !over) {
		int gave_up = p->stopping ? -ESHUTDOWN : 0;

		if (!gave_up) {
			gave_up = waiter_wait(&p->waiter, p->parts ? p->part[0].w : NULL);
			rc = look(p, false);
			/* Asked for after the word was cleared: one that moves now sets it. */
			if (rc == 0 && __atomic_load_n(&p->waiter.moved, __ATOMIC_RELAXED))
				rc = look_again(p);
		}
		over = gave_up == -ETIMEDOUT;
		if (rc == 0 && !over)
			rc = gave_up;
	}
	unwatch_all(p);
	return rc;
}

/* A server that polls runs its loop by polling, as it would by nsk_epoll_wait(). */
static int turn_once(struct waiter *wt)
{
	if (!wt->turns)
		return 0;
	if (wt->turns->in_turn)
		return -EDEADLK;
	wt->turns->ops->turn(wt->turns);
	return 0;
}

static int poll_visiting(struct poll *p, int64_t timeout_ns)
{
	int bad = find_workers(p);
	int rc;

	if (bad < 0)
		return bad;
	rc = look(p, false);
	if (rc < 0 || rc + bad)
		return rc < 0 ? rc : rc + bad;
	if (p->stopping)
		return -ESHUTDOWN;
	if (timeout_ns == 0)
		return 0;
	for (unsigned i = 0; i < p->parts; i++)
		if (sock_turned_by(p->part[i].w, sock_thread.tid))
			return -EDEADLK;
	return wait_ready(p, timeout_ns);
}

/* Descriptors of a call that needs no memory. */
#define POLL_FEW 64

static int poll_ns(struct pollfd *fds, nfds_t count, int64_t timeout_ns, const sigset_t *mask)
{
	struct pollfd few[2 * POLL_FEW + 1];
	struct poll p;
	int rc;

	p.fds = fds;
	p.count = count;
	p.ask = count <= POLL_FEW ? few : malloc((2 * count + 1) * sizeof(*fds));
	if (!p.ask)
		return -ENOMEM;
	p.kernel = p.ask + count;
	p.stopping = false;
	p.parts = 0;
	waiter_init(&p.waiter, mask);
	rc = turn_once(&p.waiter);
	if (rc == 0)
		rc = poll_visiting(&p, timeout_ns);
	waiter_fini(&p.waiter);
	while (p.parts)
		sock_leave(p.part[--p.parts].w);
	if (p.ask != few)
		free(p.ask);
	return rc == 0 && wait_signalled(mask) ? -EINTR : rc;
}

static int poll_checked(struct pollfd *fds, nfds_t count, int64_t timeout_ns, const sigset_t *mask)
{
	if (count > HANDLE_MAX || timeout_ns < WAIT_FOREVER)
		return api_fail(-EINVAL);
	if (!fds && count)
		return api_fail(-EFAULT);
	return api_int(poll_ns(fds, count, timeout_ns, mask));
}

int nsk_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return poll_checked(fds, count, timeout_ms < 0 ? WAIT_FOREVER : timeout_ms * NS_PER_MS,
			    NULL);
}

int nsk_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	      const sigset_t *mask)
{
	return poll_checked(fds, count, api_timeout(timeout), mask);
}

/* ---- select ---------------------------------------------------------------------------------- */

/* What each set means, as in Linux. */
#define SELECT_READ   (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_WRITE  (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EXCEPT POLLPRI

static bool in_set(int fd, const nsk_fd_set *set)
{
	return set && nsk_fd_isset(fd, set);
}

static short select_events(int fd, const nsk_fd_set *r, const nsk_fd_set *w, const nsk_fd_set *e)
{
	return (short)((in_set(fd, r) ? SELECT_READ : 0) | (in_set(fd, w) ? SELECT_WRITE : 0) |
		       (in_set(fd, e) ? SELECT_EXCEPT : 0));
}

/* Keeps a descriptor in a set only if one of bits was asked for and is the case; 1 if it stays. */
static int keep(const struct pollfd *p, nsk_fd_set *set, short bits)
{
	if (!in_set(p->fd, set))
		return 0;
	if (p->revents & bits)
		return 1;
	nsk_fd_clr(p->fd, set);
	return 0;
}

/* Counts and sets as select(2); nsk_select() and nsk_pselect() differ in their timeouts. */
static int select_ns(int nfds, nsk_fd_set *readfds, nsk_fd_set *writefds, nsk_fd_set *exceptfds,
		     int64_t timeout_ns, const sigset_t *mask)
{
	struct pollfd fds[NSK_FD_SETSIZE];
	int end = nfds > NSK_FD_BASE + NSK_FD_SETSIZE ? NSK_FD_BASE + NSK_FD_SETSIZE : nfds;
	nfds_t n = 0;
	int rc, bits = 0;

	if (nfds < 0 || timeout_ns < WAIT_FOREVER)
		return api_fail(-EINVAL);
	for (int fd = NSK_FD_BASE; fd < end; fd++) {
		struct handle *h = handle_at(fd);
		short events = select_events(fd, readfds, writefds, exceptfds);

		if (!events)
			continue;
		if (!h || !handle_worker(h))
			return api_fail(-EBADF);
		fds[n++] = (struct pollfd){.fd = fd, .events = events};
	}
	rc = poll_ns(fds, n, timeout_ns, mask);
	if (rc < 0)
		return api_fail(rc);
	for (nfds_t i = 0; i < n; i++) {
		bits += keep(&fds[i], readfds, SELECT_READ);
		bits += keep(&fds[i], writefds, SELECT_WRITE);
		bits += keep(&fds[i], exceptfds, SELECT_EXCEPT);
	}
	return bits;
}

int nsk_select(int nfds, nsk_fd_set *readfds, nsk_fd_set *writefds, nsk_fd_set *exceptfds,
	       struct timeval *timeout)
{
	struct timespec ts = {0};
	bool bad = timeout && (timeout->tv_usec < 0 || timeout->tv_usec >= US_PER_S);

	if (timeout && !bad)
		ts = (struct timespec){timeout->tv_sec, timeout->tv_usec * NS_PER_US};
	return select_ns(nfds, readfds, writefds, exceptfds,
			 bad ? API_TIMEOUT_BAD : api_timeout(timeout ? &ts : NULL), NULL);
}

int nsk_pselect(int nfds, nsk_fd_set *readfds, nsk_fd_set *writefds, nsk_fd_set *exceptfds,
		const struct timespec *timeout, const sigset_t *mask)
{
	return select_ns(nfds, readfds, writefds, exceptfds, api_timeout(timeout), mask);
}
