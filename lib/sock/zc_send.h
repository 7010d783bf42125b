/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending by reference (SO_ZEROCOPY, MSG_ZEROCOPY): a record of each call, which packet buffers
 * refer to while they point into the application's memory, and per socket the queue of those that
 * are over, which the application reads as it would in Linux.
 *
 * Buffers come to their end in any thread that frees packets; what they leave behind is taken up by
 * the worker in its next turn.
 */
#ifndef NSK_SOCK_ZC_SEND_H
#define NSK_SOCK_ZC_SEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <rte_mbuf.h>

#include "mbuf/extmem.h"
#include "sock/sock.h"

/* Calls of one socket that are under way or not told yet; beyond it is ENOBUFS. */
#define ZC_SENDS_MAX 1024
/* Regions that one call may refer to. */
#define ZC_REGIONS 4
/* Octets that one buffer refers to at most. */
#define ZC_PIECE_MAX 32768u

struct zc_send {
	struct rte_mbuf_ext_shared_info shared; /* counts buffers, and the call while it lasts */
	struct zc_queue *queue;			/* [C] */
	struct nsk_worker *worker;		/* [C] whose memory this is */
	struct zc_send *next;
	struct extmem_region *region[ZC_REGIONS];
	uint32_t first, last; /* numbers of the calls that it tells of */
	bool numbered;	      /* something was taken: it will be told of */
	bool copied;	      /* over: nothing of it went by reference */
};

struct zc_queue {
	struct sock *sock;	     /* NULL: closed, nobody is told */
	struct zc_send *head, *tail; /* over, to be told */
	uint32_t next;		     /* number of the next call */
	uint32_t sends;		     /* records that there are */
};

/*
 * Begins a call on a socket: its record, which the protocol finds in the worker's zc_send during
 * each attempt; NULL without memory, or with too many of them.
 */
struct zc_send *zc_begin(struct sock *s);
/* The next call on a socket that has made none has this number. False: no memory. */
bool zc_count_on(struct sock *s, uint32_t next);
/* Something of the call was taken: it has a number from now on. */
void zc_number(struct zc_send *z);
/* The call is over. Any thread. */
void zc_end(struct zc_send *z);

/*
 * Makes an empty buffer refer to the octets at p if they are in registered memory: all of len, but
 * ZC_PIECE_MAX at most. Returns how many, 0: they must be copied.
 */
uint32_t zc_refer(struct zc_send *z, struct rte_mbuf *m, const void *p, size_t len);

/* recvmsg() with MSG_ERRQUEUE; queue may be NULL. 0, or -EAGAIN: nothing is over. */
int zc_told(struct sock *s, struct zc_queue *q, struct msghdr *msg);
/* Whether there is something to be told. */
static inline bool zc_untold(const struct zc_queue *q)
{
	return q && q->head;
}
/* The socket goes; harmless for NULL. */
void zc_closed(struct zc_queue *q);

/* What came to its end since the turn before. */
void zc_serve(struct nsk_worker *w);

#endif
