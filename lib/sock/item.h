/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who wants to know about a socket: registrations with epoll instances, and watches of threads that
 * wait in a blocking call or in poll. All of a socket's items hang on one short list; an event
 * walks it once. Items come from a pool of the socket's worker and belong to that worker [W].
 */
#ifndef NSK_SOCK_ITEM_H
#define NSK_SOCK_ITEM_H

#include <stdint.h>

#include "base/list.h"
#include "base/slab.h"
#include "sock/sock.h"

struct epoll;
struct waiter;

/* In events, between the conditions and EPOLLEXCLUSIVE: a watch, not a registration. */
#define ITEM_WATCH (1U << 20)
/* The bits of events that are conditions; none of them set: a one-shot item that has fired. */
#define ITEM_CONDITIONS 0xffffU

struct epoll_item {
	struct epoll_item *next; /* of the same socket */
	struct sock *sock;
	union {
		struct epoll *ep;
		struct waiter *waiter;
	};
	struct list_node ready; /* on ep's ready list; a watch: on the worker's list of watches */
	uint64_t data;		/* the application's */
	uint32_t events;	/* conditions asked for, EPOLLET …, ITEM_WATCH */
	int fd;			/* descriptor it was registered by */
	uint32_t ep_prev;	/* neighbours among the items of ep, as handles of the pool */
	uint32_t ep_next;
};
_Static_assert(sizeof(struct epoll_item) == 64, "one cache line each");

/* What lib/sock keeps per worker. */
struct sock_worker {
	const struct sock_family *families; /* [C] */
	unsigned family_count;		    /* [C] */
	uint32_t open;			    /* descriptors open */
	uint32_t open_max;		    /* of the stack's limit, what this worker has */
	uint32_t open_part;		    /* [C] it takes so many of it at once */
	uint32_t spare_max;   /* [C] and keeps no more than so many that it has not open */
	uint64_t dgram_bytes; /* of packet buffers in all queues of datagrams, see udp.mem */
	struct slab items;
	struct slab epolls;
	struct list_node watches;
};

/* In ep_prev of a watch whose socket has moved without it. One that is to go on elsewhere has its
 * place there in next, and the worker's number in ep_prev. */
#define ITEM_LEFT UINT32_MAX

/* A fresh item becomes a watch at s; it does not hold s. */
void watch_put(struct epoll_item *it, struct sock *s, uint32_t events, struct waiter *wt);
/* A waiting thread's watch at s, which holds s; NULL: no memory. */
struct epoll_item *watch_add(struct sock *s, uint32_t bits, struct waiter *wt);
/* Its waiter has tried: what is left there now is for the next one. Before the watch goes. */
void watch_pass_on(const struct epoll_item *it);
/* Takes it away and lets go of s. */
void watch_del(struct epoll_item *it);

/* Takes an item off its socket's list. */
void item_unlink(struct epoll_item *it);

#endif
