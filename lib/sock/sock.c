/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Life of an open description, the list of those who want to know about it, and what the room keeps
 * per worker.
 */
#include "sock/sock.h"

#include <errno.h>

#include "base/settings.h"
#include "sock/epoll.h"
#include "sock/handle.h"
#include "sock/item.h"
#include "sock/limit.h"
#include "sock/wait.h"

/* Items beyond two for each descriptor: threads that wait. */
#define WATCHES_MIN 1024U

/*
 * ---- who is woken ----------------------------------------------------------------------------
 *
 * What came (data, a connection, room, an event of an instance) is for one: of the threads that
 * wait for it in a blocking call the one that has waited longest and was not woken yet. When it has
 * tried, whether it took something or not, and something is left, it passes the wake-up on to the
 * next younger one (watch_pass_on()). So as long as something is there each of them has tried since
 * the last event, or an older one has been woken and not tried yet. Ends, errors and urgent data
 * concern all, and poll, instances and bells are always told.
 */
#define ONE_READS  (EPOLLIN | EPOLLRDNORM)
#define ONE_WRITES (EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)

static bool is_watch(const struct epoll_item *it)
{
	return (it->events & ITEM_WATCH) != 0;
}

/* One of those of whom one is enough, for these conditions. */
static bool is_one_for(const struct epoll_item *it, uint32_t kind)
{
	return is_watch(it) && it->waiter->follows && (it->events & kind);
}

/* The list begins with the youngest. */
static void fire_oldest(struct epoll_item *it, uint32_t kind)
{
	struct epoll_item *oldest = NULL;

	for (; it; it = it->next)
		if (is_one_for(it, kind) && !waiter_fired(it->waiter))
			oldest = it;
	if (oldest)
		waiter_fire(oldest->waiter);
}

static void pass_on(const struct epoll_item *it, uint32_t kind)
{
	const struct epoll_item *younger = NULL, *other;

	for (other = it->sock->items; other != it; other = other->next)
		if (is_one_for(other, kind))
			younger = other;
	for (other = it->next; other; other = other->next)
		if (is_one_for(other, kind) && waiter_fired(other->waiter))
			return; /* which will pass it on */
	if (younger)
		waiter_fire(younger->waiter);
}

void watch_pass_on(const struct epoll_item *it)
{
	uint32_t left = it->sock->ready & it->events;

	if (left & ONE_READS)
		pass_on(it, ONE_READS);
	if (left & ONE_WRITES)
		pass_on(it, ONE_WRITES);
}

/* A thread sleeps in a wait for it. */
static bool has_sleeper(const struct epoll *ep)
{
	const struct epoll_item *it = ep->sock.items;

	while (it && !(is_one_for(it, EPOLLIN) && !waiter_fired(it->waiter)))
		it = it->next;
	return it != NULL;
}

/*
 * Of registrations with EPOLLEXCLUSIVE the oldest whose instance somebody waits for is told, and
 * those that are older still, as in Linux; all of them where nobody waits.
 */
static void queue_exclusive(struct epoll_item *it, uint32_t bits)
{
	const struct epoll_item *last = NULL;

	for (struct epoll_item *i = it; i; i = i->next)
		if (i->events & EPOLLEXCLUSIVE && bits & i->events && has_sleeper(i->ep))
			last = i;
	for (bool on = !last; it; it = it->next) {
		on |= it == last;
		if (on && it->events & EPOLLEXCLUSIVE && bits & it->events)
			epoll_queue(it);
	}
}

/* Any number of items of any kind. */
static NSK_NOINLINE void notify_all(struct epoll_item *items, uint32_t bits)
{
	bool all = bits & ~(uint32_t)(ONE_READS | ONE_WRITES), exclusive = false;

	for (struct epoll_item *it = items; it; it = it->next) {
		if (!(bits & it->events))
			continue;
		if (!is_watch(it) && it->events & EPOLLEXCLUSIVE && !all)
			exclusive = true;
		else if (!is_watch(it))
			epoll_queue(it);
		else if (all || !it->waiter->follows)
			waiter_fire(it->waiter);
	}
	if (exclusive)
		queue_exclusive(items, bits);
	if (!all && bits & ONE_READS)
		fire_oldest(items, ONE_READS);
	if (!all && bits & ONE_WRITES)
		fire_oldest(items, ONE_WRITES);
}

void sock_wake_watches(struct sock *s)
{
	for (const struct epoll_item *it = s->items; it; it = it->next)
		if (is_watch(it))
			waiter_fire(it->waiter);
}

/* One registration is what most sockets have: nothing is kept over its event. */
void sock_notify(struct sock *s, uint32_t bits)
{
	struct epoll_item *it = s->items;

	if (NSK_UNLIKELY(it->next || it->events & ITEM_WATCH))
		notify_all(it, bits);
	else if (bits & it->events)
		epoll_queue(it);
}

void sock_end(struct sock *s)
{
	if (s->items)
		epoll_forget_sock(s);
	s->ops->close(s);
}

/* A thread may still wait if the worker is taken down under it: it is told, and finds no socket. */
void sock_fini_items(struct sock *s)
{
	epoll_forget_sock(s);
	while (s->items) {
		struct epoll_item *it = s->items;

		s->items = it->next;
		it->sock = NULL;
		it->next = NULL;
		waiter_fire(it->waiter);
	}
}

/* ---- items ----------------------------------------------------------------------------------- */

void item_unlink(struct epoll_item *it)
{
	struct epoll_item **at = &it->sock->items;

	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
}

void watch_put(struct epoll_item *it, struct sock *s, uint32_t events, struct waiter *wt)
{
	it->sock = s;
	it->waiter = wt;
	it->events = events;
	it->ep_prev = 0;
	it->next = s->items;
	s->items = it;
	list_add_tail(&s->worker->sock->watches, &it->ready);
}

struct epoll_item *watch_add(struct sock *s, uint32_t bits, struct waiter *wt)
{
	struct sock_worker *sw = s->worker->sock;
	struct epoll_item *it = s->refs < UINT16_MAX ? slab_alloc(&sw->items) : NULL;

	if (!it)
		return NULL;
	watch_put(it, s, bits | EPOLLERR | EPOLLHUP | ITEM_WATCH, wt);
	sock_hold(s);
	return it;
}

void watch_del(struct epoll_item *it)
{
	struct sock *s = it->sock;

	item_unlink(it);
	list_del(&it->ready);
	slab_free(&s->worker->sock->items, it);
	sock_put(s);
}

void sock_wake_all(struct nsk_worker *w)
{
	struct list_node *n;

	NSK_LIST_FOREACH(n, &w->sock->watches)
		waiter_fire(NSK_LIST_ENTRY(n, struct epoll_item, ready)->waiter);
}

/* ---- worker ---------------------------------------------------------------------------------- */

int sock_worker_init(struct nsk_worker *w, const struct sock_family *families, unsigned count)
{
	struct sock_worker *sw = mem_zalloc_apart(w->mem, sizeof(*sw));
	uint32_t items;

	if (!sw)
		return -ENOMEM;
	sw->families = families;
	sw->family_count = count;
	limit_share(w, sw);
	list_init(&sw->watches);
	items = 2 * NSK_MIN(w->set->max_sockets, HANDLE_MAX) + WATCHES_MIN;
	if (slab_init(&sw->items, w->mem, sizeof(struct epoll_item), NSK_CACHELINE, items,
		      "epoll items") ||
	    slab_init(&sw->epolls, w->mem, sizeof(struct epoll), 0, w->set->max_epolls, "epolls")) {
		mem_free(w->mem, sw, sizeof(*sw));
		return -EINVAL;
	}
	w->sock = sw;
	return 0;
}

void sock_worker_close_all(struct nsk_worker *w)
{
	struct sock_worker *sw = w->sock;
	int fd = NSK_FD_BASE;

	if (!sw)
		return;
	sock_wake_all(w);
	while (sw->open && (fd = handle_next_of(w, fd)) >= 0) {
		struct sock *s = handle_sock(handle_at(fd));

		handle_free(fd);
		limit_return(w, 1);
		sock_put(s);
	}
}

void sock_worker_fini(struct nsk_worker *w)
{
	struct sock_worker *sw = w->sock;

	if (!sw)
		return;
	sock_worker_close_all(w);
	slab_fini(&sw->items);
	slab_fini(&sw->epolls);
	mem_free(w->mem, sw, sizeof(*sw));
	w->sock = NULL;
}
