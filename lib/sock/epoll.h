/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An epoll instance: a socket without protocol that lives on a worker, with a list of the items
 * that something happened to. Its own readiness is EPOLLIN while that list is not empty, so that it
 * can be polled and put into other instances.
 */
#ifndef NSK_SOCK_EPOLL_H
#define NSK_SOCK_EPOLL_H

#include <stdint.h>
#include <sys/epoll.h>

#include "base/list.h"
#include "sock/item.h"
#include "sock/sock.h"
#include "sock/wait.h"

/* How deep instances may be put into each other. */
#define EPOLL_DEPTH_MAX 5

struct epoll_bell;

struct epoll {
	struct sock sock;
	struct list_node ready;
	uint32_t items;	  /* first item as a handle, SLAB_NONE: empty */
	bool kernel_last; /* had the second place, and has the first one next */
	int kernel_fd; /* epoll_kernel.c: instance of the kernel's for its descriptors, -1: none */
	uint32_t kernel_fds; /* in it; one that is closed is not taken off, since nobody tells us */
	struct wait_ask kernel_look; /* when to look there again */
	struct epoll_bell *bell; /* for the kernel's waits for this instance; NULL: none asked */
};

static inline struct epoll *epoll_of(struct sock *s)
{
	return (struct epoll *)s; /* sock is the first member */
}

/* A new instance with one reference; -EMFILE, -ENOMEM. */
int epoll_create_on(struct nsk_worker *w, struct sock **s);

/* An event for an item: its instance will look at it. */
static inline void epoll_queue(struct epoll_item *it)
{
	if (!list_linked(&it->ready))
		list_add_tail(&it->ep->ready, &it->ready);
	sock_ready(&it->ep->sock, EPOLLIN);
}

/* Drops all registrations of a socket (its watches stay). */
void epoll_forget_sock(struct sock *s);

/* Up to max events of items that are ready; 0 if none. */
int epoll_collect(struct epoll *ep, struct epoll_event *events, int max);

/* Throws out of the front of the ready list what is not ready any more; true if something is left.
 */
bool epoll_prune(struct epoll *ep);

/* ---- epoll_kernel.c -------------------------------------------------------------------------- */

/* EPOLL_CTL_… for a descriptor of the kernel's; 0 or -errno. */
int epoll_kernel_ctl(struct epoll *ep, int op, int fd, const struct epoll_event *event);
/* Up to max events of the kernel's descriptors; 0 if none. */
int epoll_kernel_collect(struct epoll *ep, struct epoll_event *events, int max);
/* Nothing is ready any more: the bell falls silent. */
void epoll_bell_clear(struct epoll *ep);
/* Frees what of the kernel's the instance has. */
void epoll_kernel_close(struct epoll *ep);

/* What is ready at s now. */
static inline uint32_t sock_readiness(struct sock *s)
{
	if (NSK_UNLIKELY(s->flags & SOCK_F_EPOLL) && s->ready)
		epoll_prune(epoll_of(s));
	return s->ready;
}

#endif
