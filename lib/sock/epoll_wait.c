/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting on an epoll instance: collecting what is ready, and turning the loop or sleeping until
 * something is. In a worker's own thread this is the loop: every call is a turn.
 */
#include <errno.h>
#include <limits.h>

#include <netstk/epoll.h>

#include "sock/api.h"
#include "sock/call.h"
#include "sock/epoll.h"
#include "sock/wait.h"

#define NS_PER_MS INT64_C(1000000)

/*
 * Level-triggered items that are reported stay on the list, the others leave it. The list's head
 * then moves behind the last one that stays: what was not looked at comes first next time, so that
 * a small max starves nobody.
 */
int epoll_collect(struct epoll *ep, struct epoll_event *events, int max)
{
	struct list_node *head = &ep->ready;
	struct list_node *node = head->next;
	struct list_node *last = NULL;
	int n = 0;

	for (struct list_node *next; n < max && node != head; node = next) {
		struct epoll_item *it = NSK_LIST_ENTRY(node, struct epoll_item, ready);
		uint32_t ready = sock_readiness(it->sock) & it->events;

		next = node->next;
		NSK_PREFETCH(next);
		if (ready) {
			events->events = ready;
			events->data.u64 = it->data;
			events++;
			n++;
			if (NSK_LIKELY(!(it->events & (EPOLLET | EPOLLONESHOT)))) {
				last = node;
				continue;
			}
			if (it->events & EPOLLONESHOT)
				it->events &= ~ITEM_CONDITIONS;
		}
		list_del(node);
	}
	if (node != head && last) {
		list_del(head);
		list_insert(head, last, last->next);
	}
	if (list_empty(head)) {
		sock_unready(&ep->sock, EPOLLIN);
		if (NSK_UNLIKELY(ep->bell != NULL))
			epoll_bell_clear(ep);
	}
	return n;
}

/* Where there is no room for both kinds they take turns, so that neither keeps the other out. */
static NSK_NOINLINE int collect_both(struct epoll *ep, struct epoll_event *events, int max)
{
	int n = ep->kernel_last ? epoll_kernel_collect(ep, events, max)
				: epoll_collect(ep, events, max);

	if (n < max)
		n += ep->kernel_last ? epoll_collect(ep, events + n, max - n)
				     : epoll_kernel_collect(ep, events + n, max - n);
	ep->kernel_last = !ep->kernel_last;
	return n;
}

bool epoll_prune(struct epoll *ep)
{
	struct list_node *node;

	while ((node = list_first(&ep->ready)) != NULL) {
		struct epoll_item *it = NSK_LIST_ENTRY(node, struct epoll_item, ready);

		if (sock_readiness(it->sock) & it->events)
			return true;
		list_del(node);
	}
	sock_unready(&ep->sock, EPOLLIN);
	return false;
}

/* ---- in the thread that runs the worker ------------------------------------------------------ */

/* The result of nsk_epoll_wait(). */
static NSK_NOINLINE int wait_in_loop(struct epoll *ep, struct epoll_event *events, int max,
				     int64_t timeout_ns, const sigset_t *mask)
{
	struct nsk_worker *w = ep->sock.worker;
	uint64_t deadline = UINT64_MAX;
	struct wait_ask signals = {0};
	int n;

	if (NSK_UNLIKELY(w->in_turn))
		return api_fail(-EDEADLK);
	sock_hold(&ep->sock); /* a turn may run another thread's nsk_close() */
	for (;;) {
		w->ops->turn(w);
		if (NSK_UNLIKELY(ep->kernel_fd >= 0) &&
		    (timeout_ns == 0 || wait_asks(w, &ep->kernel_look, WAIT_KERNEL_NS)))
			n = collect_both(ep, events, max);
		else
			n = list_empty(&ep->ready) && !ep->bell ? 0
								: epoll_collect(ep, events, max);
		if (n)
			break;
		if (w->ops->stopping(w))
			n = -ESHUTDOWN;
		else if (NSK_UNLIKELY(mask != NULL) && wait_asks(w, &signals, WAIT_SIGNALS_NS) &&
			 wait_signalled(mask))
			n = -EINTR;
		if (n || timeout_ns == 0 || w->now_ns >= deadline)
			break;
		if (timeout_ns > 0 && deadline == UINT64_MAX)
			deadline = w->now_ns + (uint64_t)timeout_ns;
		w->ops->idle(w, mask ? NSK_MIN(deadline, signals.next_ns) : deadline, ep->kernel_fd,
			     NULL);
	}
	sock_put(&ep->sock);
	return api_int(n);
}

/* ---- elsewhere ------------------------------------------------------------------------------- */

struct collect {
	struct epoll_event *events;
	int max;
	int kernel_fd;
};

static int try_collect(struct sock *s, void *arg)
{
	struct collect *c = arg;
	int n;

	if (!(s->flags & SOCK_F_EPOLL))
		return -EINVAL;
	n = collect_both(epoll_of(s), c->events, c->max);
	c->kernel_fd = epoll_of(s)->kernel_fd;
	if (n == 0 && s->worker->ops->stopping(s->worker))
		return -ESHUTDOWN;
	return n ? n : -EAGAIN;
}

static NSK_NOINLINE int wait_elsewhere(int epfd, struct epoll_event *events, int max,
				       int64_t timeout_ns, const sigset_t *mask)
{
	struct collect c = {events, max, -1};
	struct wait_op op = {
		.try = try_collect,
		.arg = &c,
		.bits = EPOLLIN,
		.dontwait = timeout_ns == 0,
		.always = true,
		.mask = mask,
		.kernel_fd = &c.kernel_fd,
		.timeout_ns = timeout_ns,
	};
	int rc = sock_wait(epfd, &op);

	if (rc == -EAGAIN)
		rc = wait_signalled(mask) ? -EINTR : 0;
	return api_int(rc);
}

static NSK_ALWAYS_INLINE int wait_ns(int epfd, struct epoll_event *events, int max,
				     int64_t timeout_ns, const sigset_t *mask)
{
	struct sock *s = sock_direct(epfd);

	if (NSK_UNLIKELY(max <= 0 || max > INT_MAX / (int)sizeof(*events)))
		return api_fail(-EINVAL);
	if (NSK_UNLIKELY(!events))
		return (int)api_refuse(epfd, -EFAULT);
	if (NSK_LIKELY(s && s->flags & SOCK_F_EPOLL))
		return wait_in_loop(epoll_of(s), events, max, timeout_ns, mask);
	return wait_elsewhere(epfd, events, max, timeout_ns, mask);
}

static inline int64_t ns_of_ms(int timeout_ms)
{
	return timeout_ms < 0 ? WAIT_FOREVER : timeout_ms * NS_PER_MS;
}

int nsk_epoll_wait(int epfd, struct epoll_event *events, int max_events, int timeout_ms)
{
	return wait_ns(epfd, events, max_events, ns_of_ms(timeout_ms), NULL);
}

int nsk_epoll_pwait(int epfd, struct epoll_event *events, int max_events, int timeout_ms,
		    const sigset_t *mask)
{
	return wait_ns(epfd, events, max_events, ns_of_ms(timeout_ms), mask);
}

int nsk_epoll_pwait2(int epfd, struct epoll_event *events, int max_events,
		     const struct timespec *timeout, const sigset_t *mask)
{
	int64_t ns = api_timeout(timeout);

	return ns < WAIT_FOREVER ? api_fail(-EINVAL) : wait_ns(epfd, events, max_events, ns, mask);
}
