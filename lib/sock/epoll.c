/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Epoll instances and their registrations: making, changing, taking away. Waiting is in
 * epoll_wait.c. An event costs no search: the socket's items lead to the instances, an instance's
 * ready list to what it has to look at.
 *
 * A registration is known by (instance, descriptor, description), as in Linux: a dup'ed descriptor
 * can be registered beside the first, and what was registered stays until the last descriptor of
 * the description is closed.
 */
#include <netstk/epoll.h>

#include <errno.h>
#include <stddef.h>

#include "sock/api.h"
#include "sock/call.h"
#include "sock/epoll.h"
#include "sock/move.h"

/* What may stand beside the conditions in the events of a registration. */
#define ITEM_MODES (EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)
/* All that EPOLLEXCLUSIVE goes with. */
#define EXCLUSIVE_WITH \
	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

/* ---- items of an instance -------------------------------------------------------------------- */

static struct slab *pool_of(const struct epoll *ep)
{
	return &ep->sock.worker->sock->items;
}

static struct epoll_item *first_item(const struct epoll *ep)
{
	return ep->items == SLAB_NONE ? NULL : slab_at(pool_of(ep), ep->items);
}

static struct epoll_item *next_item(const struct epoll *ep, const struct epoll_item *it)
{
	return it->ep_next == SLAB_NONE ? NULL : slab_at(pool_of(ep), it->ep_next);
}

static void link_item(struct epoll *ep, struct epoll_item *it)
{
	struct epoll_item *first = first_item(ep);
	uint32_t i = slab_index(pool_of(ep), it);

	it->ep_prev = SLAB_NONE;
	it->ep_next = ep->items;
	if (first)
		first->ep_prev = i;
	ep->items = i;
}

/* The item is already off its socket's list. */
static void free_item(struct epoll_item *it)
{
	struct epoll *ep = it->ep;
	struct slab *pool = pool_of(ep);

	if (it->ep_prev == SLAB_NONE)
		ep->items = it->ep_next;
	else
		((struct epoll_item *)slab_at(pool, it->ep_prev))->ep_next = it->ep_next;
	if (it->ep_next != SLAB_NONE)
		((struct epoll_item *)slab_at(pool, it->ep_next))->ep_prev = it->ep_prev;
	list_del(&it->ready);
	if (list_empty(&ep->ready))
		sock_unready(&ep->sock, EPOLLIN);
	slab_free(pool, it);
}

void epoll_forget_sock(struct sock *s)
{
	struct epoll_item **at = &s->items;

	while (*at) {
		struct epoll_item *it = *at;

		if (it->events & ITEM_WATCH) {
			at = &it->next;
			continue;
		}
		*at = it->next;
		free_item(it);
	}
}

/* ---- the instance as a socket ---------------------------------------------------------------- */

static void epoll_close(struct sock *s)
{
	struct epoll *ep = epoll_of(s);
	struct epoll_item *it;

	while ((it = first_item(ep)) != NULL) {
		item_unlink(it);
		free_item(it);
	}
	epoll_kernel_close(ep);
	sock_fini(s);
	slab_free(&s->worker->sock->epolls, ep);
}

static ssize_t no_sendmsg(struct sock *s, const struct msghdr *msg, int flags)
{
	(void)s, (void)msg, (void)flags;
	return -ENOTSOCK;
}

static ssize_t no_recvmsg(struct sock *s, struct msghdr *msg, int flags)
{
	(void)s, (void)msg, (void)flags;
	return -ENOTSOCK;
}

/* What is missing only sockets do: api_missing() says so. */
static const struct sock_ops epoll_ops = {
	.type = 0,
	.sendmsg = no_sendmsg,
	.recvmsg = no_recvmsg,
	.close = epoll_close,
};

int epoll_create_on(struct nsk_worker *w, struct sock **s)
{
	struct slab *pool = &w->sock->epolls;
	struct epoll *ep = slab_alloc(pool);

	if (!ep)
		return slab_room(pool) ? -ENOMEM : -EMFILE;
	sock_init(&ep->sock, w, &epoll_ops, AF_UNSPEC);
	ep->sock.flags = SOCK_F_EPOLL;
	list_init(&ep->ready);
	ep->items = SLAB_NONE;
	ep->kernel_fd = -1;
	ep->kernel_fds = 0;
	ep->kernel_last = true;
	ep->kernel_look = (struct wait_ask){0};
	ep->bell = NULL;
	*s = &ep->sock;
	return 0;
}

/* ---- instances in instances ------------------------------------------------------------------ */

/* Levels of instances from ep down, itself included; EPOLL_DEPTH_MAX + 1 if to is among them. */
static int depth_down(const struct epoll *ep, const struct epoll *to)
{
	int deepest = 0;

	if (ep == to)
		return EPOLL_DEPTH_MAX + 1;
	for (struct epoll_item *it = first_item(ep); it; it = next_item(ep, it)) {
		if (it->sock->flags & SOCK_F_EPOLL) {
			int depth = depth_down(epoll_of(it->sock), to);

			deepest = NSK_MAX(deepest, depth);
		}
	}
	return deepest + 1;
}

/* Levels from ep up, itself included. */
static int depth_up(const struct epoll *ep)
{
	int deepest = 0;

	for (const struct epoll_item *it = ep->sock.items; it; it = it->next) {
		if (!(it->events & ITEM_WATCH)) {
			int depth = depth_up(it->ep);

			deepest = NSK_MAX(deepest, depth);
		}
	}
	return deepest + 1;
}

/* An instance's own readiness does not tell of the kernel's descriptors in it. */
static bool may_nest(const struct epoll *inner, const struct epoll *outer)
{
	return inner->kernel_fd < 0 &&
	       depth_down(inner, outer) + depth_up(outer) <= EPOLL_DEPTH_MAX;
}

/* ---- control --------------------------------------------------------------------------------- */

struct ctl {
	int op;
	int fd;
	const struct epoll_event *event;
};

static struct epoll_item *find_item(const struct epoll *ep, const struct sock *s, int fd)
{
	struct epoll_item *it = s->items;

	while (it && ((it->events & ITEM_WATCH) || it->ep != ep || it->fd != fd))
		it = it->next;
	return it;
}

/* Sets what is asked for and looks at once whether it is the case. */
static inline void arm_item(struct epoll_item *it, const struct epoll_event *event)
{
	it->data = event->data.u64;
	it->events = (event->events & (ITEM_CONDITIONS | ITEM_MODES)) | EPOLLERR | EPOLLHUP;
	if (sock_readiness(it->sock) & it->events)
		epoll_queue(it);
}

static NSK_NOINLINE int ctl_add(struct epoll *ep, struct sock *s, int fd,
				const struct epoll_event *event)
{
	struct slab *pool = pool_of(ep);
	struct epoll_item *it;

	if (NSK_UNLIKELY(s->flags & SOCK_F_EPOLL) && !may_nest(epoll_of(s), ep))
		return -ELOOP;
	if (NSK_UNLIKELY(find_item(ep, s, fd) != NULL))
		return -EEXIST;
	it = slab_alloc(pool);
	if (NSK_UNLIKELY(!it))
		return slab_room(pool) ? -ENOMEM : -ENOSPC;
	it->sock = s;
	it->ep = ep;
	it->fd = fd;
	list_node_init(&it->ready);
	link_item(ep, it);
	it->next = s->items;
	s->items = it;
	arm_item(it, event);
	return 0;
}

static NSK_NOINLINE int ctl_mod(struct epoll *ep, struct sock *s, int fd,
				const struct epoll_event *event)
{
	struct epoll_item *it = find_item(ep, s, fd);

	if (!it)
		return -ENOENT;
	if (it->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	arm_item(it, event);
	return 0;
}

static NSK_NOINLINE int ctl_del(struct epoll *ep, struct sock *s, int fd)
{
	struct epoll_item *it = find_item(ep, s, fd);

	if (!it)
		return -ENOENT;
	item_unlink(it);
	free_item(it);
	return 0;
}

static bool exclusive_ok(const struct sock *s, int op, const struct epoll_event *event)
{
	if (op == EPOLL_CTL_DEL || !(event->events & EPOLLEXCLUSIVE))
		return true;
	return op == EPOLL_CTL_ADD && !(s->flags & SOCK_F_EPOLL) &&
	       !(event->events & ~(uint32_t)EXCLUSIVE_WITH);
}

static NSK_NOINLINE int ctl_kernel(struct sock *eps, int op, int fd,
				   const struct epoll_event *event)
{
	return eps->flags & SOCK_F_EPOLL ? epoll_kernel_ctl(epoll_of(eps), op, fd, event) : -EINVAL;
}

static NSK_NOINLINE int ctl_far(int epfd, int op, int fd, const struct epoll_event *event);

/* fd is not where the instance is, perhaps on its way to another worker. */
static NSK_NOINLINE int ctl_elsewhere(int epfd, int op, int fd, const struct epoll_event *event,
				      const struct nsk_worker *w)
{
	if (w != handle_transit)
		return -EXDEV;
	return epfd < 0 ? -EAGAIN : ctl_far(epfd, op, fd, event);
}

/* Where the instance lives. epfd: the caller can wait there, if something is on its way; -1: that
 * is -EAGAIN. */
static NSK_ALWAYS_INLINE int ctl(struct sock *eps, int epfd, int op, int fd,
				 const struct epoll_event *event)
{
	struct handle *h = handle_at(fd);
	struct nsk_worker *w = h ? handle_worker(h) : NULL;
	struct epoll *ep = epoll_of(eps);
	struct sock *s;

	if (NSK_UNLIKELY(!w))
		return nsk_is_fd(fd) || fd < 0 ? -EBADF : ctl_kernel(eps, op, fd, event);
	if (NSK_UNLIKELY(!(eps->flags & SOCK_F_EPOLL)))
		return -EINVAL;
	if (NSK_UNLIKELY(w != eps->worker))
		return ctl_elsewhere(epfd, op, fd, event, w);
	s = handle_sock(h);
	if (NSK_UNLIKELY(s == eps || !exclusive_ok(s, op, event)))
		return -EINVAL;
	switch (op) {
	case EPOLL_CTL_ADD:
		return ctl_add(ep, s, fd, event);
	case EPOLL_CTL_MOD:
		return ctl_mod(ep, s, fd, event);
	case EPOLL_CTL_DEL:
		return ctl_del(ep, s, fd);
	default:
		return -EINVAL;
	}
}

static int ctl_run(struct sock *eps, void *arg)
{
	const struct ctl *c = arg;

	return ctl(eps, -1, c->op, c->fd, c->event);
}

/* From wherever it is called, and when fd has arrived; 0 or -errno. */
static NSK_NOINLINE int ctl_far(int epfd, int op, int fd, const struct epoll_event *event)
{
	struct ctl c = {op, fd, event};
	int rc;

	while ((rc = sock_call_fd_far(epfd, ctl_run, &c)) == -EAGAIN)
		sock_let_others();
	return rc;
}

int nsk_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct sock *eps = sock_direct(epfd);

	if (NSK_UNLIKELY(!event && op != EPOLL_CTL_DEL))
		return api_fail(-EFAULT);
	return api_int(NSK_LIKELY(eps != NULL) ? ctl(eps, epfd, op, fd, event)
					       : ctl_far(epfd, op, fd, event));
}

/* ---- creation -------------------------------------------------------------------------------- */

static int create_run(void *arg)
{
	struct api_create *c = arg;
	struct sock *s;
	int rc = epoll_create_on(c->w, &s);

	return rc ? rc : api_open(s, c->flags & EPOLL_CLOEXEC);
}

int nsk_epoll_create1(int flags)
{
	struct api_create c = {.flags = flags};
	int rc;

	if (flags & ~EPOLL_CLOEXEC)
		return api_fail(-EINVAL);
	c.w = sock_visit_current();
	if (!c.w)
		return api_fail(-ENXIO);
	rc = sock_call(c.w, create_run, &c);
	sock_leave(c.w);
	return api_int(rc);
}
