/* SPDX-License-Identifier: BSD-3-Clause */
/* nsk_migrate(): a description to another worker; see move.h. */
#include "sock/move.h"

#include <sched.h>
#include <stdlib.h>

#include <netstk/socket.h>

#include "mbuf/shared.h"
#include "sock/api.h"
#include "sock/call.h"
#include "sock/epoll.h"
#include "sock/item.h"
#include "sock/wait.h"

/* One who waits in a blocking call. */
struct follower {
	struct epoll_item *watch; /* at the old worker */
	struct epoll_item *there; /* at the new one */
	struct waiter *waiter;
	uint32_t events;
};

struct sock_journey {
	struct sock *s, *there;
	struct nsk_worker *to;
	int *fds;
	unsigned descriptors;
	unsigned count; /* of followers */
	struct follower *followers;
};

bool sock_moving(const struct sock *s)
{
	return s->fd >= 0 && handle_worker(handle_at(s->fd)) == handle_transit;
}

void sock_let_others(void)
{
	struct nsk_worker *own = sock_own();

	if (own)
		own->ops->serve(own);
	sched_yield();
}

/* ---- at the old worker ----------------------------------------------------------------------- */

static bool is_follower(const struct epoll_item *it)
{
	return (it->events & ITEM_WATCH) && it->waiter->follows;
}

/* Notes who waits in a call that goes on wherever the description is. 0, -ENOBUFS, or -EBUSY: one
 * of them has not come here yet, who could fall behind by any number of moves. */
static int gather(struct sock_journey *j)
{
	unsigned n = 0;

	for (const struct epoll_item *it = j->s->items; it; it = it->next) {
		if (!is_follower(it))
			continue;
		if (__atomic_load_n(&it->waiter->behind, __ATOMIC_ACQUIRE))
			return -EBUSY;
		n++;
	}
	j->descriptors = handle_count(j->s);
	j->fds = calloc(j->descriptors, sizeof(*j->fds));
	j->followers = calloc(n + 1, sizeof(*j->followers));
	if (!j->fds || !j->followers)
		return -ENOBUFS;
	for (struct epoll_item *it = j->s->items; it; it = it->next)
		if (is_follower(it))
			j->followers[j->count++] = (struct follower){
				.watch = it,
				.waiter = it->waiter,
				.events = it->events,
			};
	return 0;
}

/* A watch that stays behind says where its waiter is to go on. */
static void leave_word(const struct follower *f, const struct nsk_worker *to)
{
	item_unlink(f->watch);
	f->watch->sock = NULL;
	f->watch->next = f->there;
	f->watch->ep_prev = to->id;
	__atomic_store_n(&f->waiter->behind, true, __ATOMIC_RELAXED);
	waiter_fire(f->waiter);
}

/* Who looks at many descriptors looks anew where they are. */
static void send_away(struct sock *s)
{
	while (s->items) {
		struct epoll_item *it = s->items;

		s->items = it->next;
		it->sock = NULL;
		it->next = NULL;
		it->ep_prev = ITEM_LEFT;
		__atomic_store_n(&it->waiter->moved, true, __ATOMIC_RELAXED);
		waiter_fire(it->waiter);
	}
}

void sock_departs(struct sock_journey *j)
{
	struct sock *s = j->s;

	limit_return(s->worker, j->descriptors);
	s->fd = -1;
	epoll_forget_sock(s);
	for (unsigned i = 0; i < j->count; i++)
		leave_word(&j->followers[i], j->to);
	send_away(s);
	handle_arrive(j->fds, j->descriptors, j->there);
}

/* ---- at the new one -------------------------------------------------------------------------- */

static void unfollow(struct sock_journey *j, struct sock_worker *sw)
{
	for (unsigned i = 0; i < j->count && j->followers[i].there; i++) {
		slab_free(&sw->items, j->followers[i].there);
		j->followers[i].there = NULL;
	}
}

static int make_watches(struct sock_journey *j, struct sock_worker *sw)
{
	for (unsigned i = 0; i < j->count; i++) {
		j->followers[i].there = slab_alloc(&sw->items);
		if (!j->followers[i].there) {
			unfollow(j, sw);
			return -ENOBUFS;
		}
	}
	return 0;
}

int sock_arrives(struct sock_journey *j, struct sock *s)
{
	struct sock_worker *sw = s->worker->sock;
	int rc;

	if (!limit_has(s->worker, j->descriptors))
		return -ENFILE;
	rc = make_watches(j, sw);
	if (rc)
		return rc;
	for (unsigned i = j->count; i-- > 0;) /* the oldest one first, as it was */
		watch_put(j->followers[i].there, s, j->followers[i].events, j->followers[i].waiter);
	sw->open += j->descriptors;
	s->refs = (uint16_t)(j->descriptors + j->count);
	s->fd = j->fds[0];
	j->there = s;
	return 0;
}

/* ---- the call -------------------------------------------------------------------------------- */

static int travel(struct sock *s, struct nsk_worker *to)
{
	struct sock_journey j = {.s = s, .to = to};
	int rc = gather(&j);

	if (rc == 0) {
		handle_in_transit(s, j.fds);
		rc = s->ops->move(s, to, &j);
		if (rc)
			handle_arrive(j.fds, j.descriptors, s);
	}
	free(j.followers);
	free(j.fds);
	return rc;
}

/*
 * One at a time in a stack: a worker that waits in the middle of one serves what others want, and
 * another move, begun by that, would take in segments of the first. -EBUSY: try again.
 */
static int migrate_run(struct sock *s, void *arg)
{
	struct nsk_worker *w = s->worker, *to = w->ops->worker_at(w, *(const unsigned *)arg);
	int rc;

	if (!to)
		return -EINVAL;
	if (!s->ops->move)
		return api_missing(s);
	if (w->ops->stopping(w))
		return -ESHUTDOWN;
	if (to == w)
		return 0;
	if (__atomic_exchange_n(&w->shared->moving, true, __ATOMIC_ACQUIRE))
		return -EBUSY;
	rc = travel(s, to);
	__atomic_store_n(&w->shared->moving, false, __ATOMIC_RELEASE);
	return rc;
}

int nsk_migrate(int fd, unsigned worker)
{
	int rc;

	while ((rc = sock_call_fd(fd, migrate_run, &worker)) == -EBUSY)
		sock_let_others();
	return api_int(rc);
}

static int where_run(struct sock *s, void *arg)
{
	(void)arg;
	return s->worker->id;
}

int nsk_worker_of(int fd)
{
	return api_int(sock_call_fd(fd, where_run, NULL));
}
