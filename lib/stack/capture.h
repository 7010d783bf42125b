/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures: copies of packets as pcapng, while the stack runs. A worker writes the blocks into a
 * ring of its own and never waits; one thread reads them all, in the order of their times. What
 * finds the ring full is counted, in the blocks that follow as well.
 *
 * Off, a capture costs a look at one octet of the worker's a burst.
 */
#ifndef NSK_STACK_CAPTURE_H
#define NSK_STACK_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/stack.h"

#define CAPTURE_SNAPLEN_MAX 262144	 /* as tcpdump's */
#define CAPTURE_BUFFER_MIN  (256 * 1024) /* bytes of a worker: a ring holds some of the longest */
#define CAPTURE_BUFFER_MAX  (1024 * 1024 * 1024)
#define CAPTURE_BUFFER	    (4 * 1024 * 1024)

struct capture;

struct capture_want {
	uint32_t ifaces;    /* mask of their indexes */
	uint8_t what;	    /* enum worker_capturing */
	int queue;	    /* -1: any; dropped packets have none */
	uint32_t snaplen;   /* bytes of a packet, 1 to CAPTURE_SNAPLEN_MAX */
	size_t buffer;	    /* bytes of each worker's ring, a power of two */
	const char *filter; /* pcap-filter(7), or NULL */
};

/* One thread calls all of these. */

/* Begins one; workers take it up in their next turn. 0 or -errno with a text that says what to do:
 * -EINVAL filter, -EBUSY too many, -ENOMEM. */
int capture_start(struct nsk_stack *stack, const struct capture_want *want, struct capture **out,
		  char *error, size_t size);
/* Whether every worker has seen the last change: that there is this capture, or none any more. */
bool capture_settled(const struct capture *c);
/* Whole blocks, as many as fit; 0: there are none now. size: more than a packet's block. */
size_t capture_read(struct capture *c, uint8_t *room, size_t size);
#define CAPTURE_READ_MIN (CAPTURE_SNAPLEN_MAX + 4096)
/* No more packets; once settled, capture_read() gives the rest and the counts of interfaces. */
void capture_end(struct capture *c);
/* After the end: it is freed when no worker can be using it. */
void capture_leave(struct capture *c);
/* Frees those that were left, once they are settled. */
void captures_sweep(struct nsk_stack *stack);
/* No worker of the stack is running any more. */
void captures_down(struct nsk_stack *stack);

/* ---- the worker's side, capture_tap.c ------------------------------------------------------- */

/* Takes up what has begun and ended. */
void capture_look(struct run_worker *r);
/* Frames that came in by a queue. */
void capture_in(struct run_worker *r, const struct iface *ifc, uint16_t queue, struct rte_mbuf **m,
		uint16_t n);
/* tx_burst of a port, and what it took. */
uint16_t capture_out(struct run_worker *r, const struct iface *ifc, uint16_t queue,
		     struct rte_mbuf **m, uint16_t n);
/* worker_ops.tagged_in */
void capture_tagged(struct nsk_worker *w, const struct iface *ifc, struct rte_mbuf *m);
/* worker_ops.dropped */
void capture_dropped(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason);

#endif
