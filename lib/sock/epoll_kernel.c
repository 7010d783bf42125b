/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where an epoll instance meets the kernel's, both ways:
 *
 *  - Descriptors of the kernel's in the instance (timers, signals, pipes, sockets) are in an
 *    instance of the kernel's that it keeps for them. Who waits on ours looks there, too: in the
 *    loop now and then (WAIT_KERNEL_NS), asleep at once.
 *  - The instance in an epoll of the kernel's (nsk_epoll_fd()): an eventfd, its bell, that is
 *    readable from the first event until an nsk_epoll_wait() has left nothing. A watch at the
 *    instance rings it, so that one without a bell pays nothing.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <netstk/epoll.h>

#include "base/mem.h"
#include "sock/api.h"
#include "sock/call.h"
#include "sock/epoll.h"
#include "sock/wait.h"

struct epoll_bell {
	struct waiter waiter;
	struct epoll_item watch;
};

/* ---- the kernel's descriptors in ours -------------------------------------------------------- */

/* Whether the instance is in another one, which would not be told. */
static bool is_nested(const struct epoll *ep)
{
	const struct epoll_item *it = ep->sock.items;

	while (it && it->events & ITEM_WATCH)
		it = it->next;
	return it != NULL;
}

/* The first descriptor comes with the kernel's instance, and with the last one it goes, so that
 * ours can be in another one again. Who waits already looks elsewhere. */
static void kernel_fd_is(struct epoll *ep, int kernel_fd)
{
	ep->kernel_fd = kernel_fd;
	sock_wake_watches(&ep->sock);
}

int epoll_kernel_ctl(struct epoll *ep, int op, int fd, const struct epoll_event *event)
{
	struct epoll_event copy = event ? *event : (struct epoll_event){0};
	int kernel_fd = ep->kernel_fd, rc = 0;

	if (is_nested(ep) || ep->bell)
		return -EINVAL;
	/* Also for what has to fail: the kernel knows why. */
	if (kernel_fd < 0)
		kernel_fd = epoll_create1(EPOLL_CLOEXEC);
	if (kernel_fd < 0)
		return -errno;
	if (epoll_ctl(kernel_fd, op, fd, &copy))
		rc = -errno;
	else
		ep->kernel_fds += (op == EPOLL_CTL_ADD) - (op == EPOLL_CTL_DEL);
	if (ep->kernel_fds && ep->kernel_fd < 0)
		kernel_fd_is(ep, kernel_fd);
	if (ep->kernel_fds == 0) {
		if (ep->kernel_fd >= 0)
			kernel_fd_is(ep, -1);
		close(kernel_fd);
	}
	return rc;
}

int epoll_kernel_collect(struct epoll *ep, struct epoll_event *events, int max)
{
	int n = ep->kernel_fd >= 0 && max > 0 ? epoll_wait(ep->kernel_fd, events, max, 0) : 0;

	return NSK_MAX(n, 0);
}

/* ---- ours in the kernel's -------------------------------------------------------------------- */

void epoll_bell_clear(struct epoll *ep)
{
	eventfd_t count;

	eventfd_read(ep->bell->waiter.event_fd, &count);
	waiter_clear(&ep->bell->waiter);
}

static struct epoll_bell *bell_new(struct epoll *ep)
{
	struct mem *mem = ep->sock.worker->mem;
	struct epoll_bell *b = mem_zalloc(mem, sizeof(*b));

	if (!b)
		return NULL;
	b->waiter.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->waiter.event_fd < 0) {
		mem_free(mem, b, sizeof(*b));
		return NULL;
	}
	b->watch.sock = &ep->sock;
	b->watch.waiter = &b->waiter;
	b->watch.events = EPOLLIN | ITEM_WATCH;
	b->watch.next = ep->sock.items;
	ep->sock.items = &b->watch;
	list_add_tail(&ep->sock.worker->sock->watches, &b->watch.ready);
	return b;
}

static int bell_run(struct sock *s, void *arg)
{
	struct epoll *ep = epoll_of(s);

	(void)arg;
	if (!(s->flags & SOCK_F_EPOLL) || ep->kernel_fd >= 0)
		return -EINVAL;
	if (!ep->bell) {
		ep->bell = bell_new(ep);
		if (!ep->bell)
			return -ENOMEM;
		if (s->ready & EPOLLIN)
			waiter_fire(&ep->bell->waiter);
	}
	return ep->bell->waiter.event_fd;
}

int nsk_epoll_fd(int epfd)
{
	return api_int(sock_call_fd(epfd, bell_run, NULL));
}

/* ---- both ------------------------------------------------------------------------------------ */

void epoll_kernel_close(struct epoll *ep)
{
	struct mem *mem = ep->sock.worker->mem;

	if (ep->kernel_fd >= 0)
		close(ep->kernel_fd);
	if (!ep->bell)
		return;
	item_unlink(&ep->bell->watch);
	list_del(&ep->bell->watch.ready);
	close(ep->bell->waiter.event_fd);
	mem_free(mem, ep->bell, sizeof(*ep->bell));
}
