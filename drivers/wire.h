/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The in-process wire as its ends see it: two directions, each a queue of frames from one thread
 * to another with a bad line in between. The port around an end is loop.c.
 */
#ifndef NSK_DRIVERS_WIRE_H
#define NSK_DRIVERS_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <netstk/port.h>

#include "base/compiler.h"
#include "bell.h"
#include "frameq.h"
#include "impair.h"

struct wire_dir {
	struct frameq inorder; /* sorted by due_ns */
	struct frameq held;    /* packets held back; sorted too; only with reorder_ppm */
	struct impair impair;  /* the sender's */
	bool timed;	       /* [C] due_ns counts */
	bool stalled;	       /* [C] takes nothing */
	bool special;	       /* [C] it, or its packets, need more than a copy */
	struct bell bell;      /* for the receiver's worker */
	/* The sender's; the counters behind it are the receiver's. */
	struct nsk_wire_stats sent;
	uint64_t delivered NSK_CACHE_ALIGNED;
	uint64_t cut;
	uint64_t no_buffer;
} NSK_CACHE_ALIGNED;

typedef void (*wire_tap_fn)(void *arg, unsigned direction, uint64_t now_ns, const void *frame,
			    size_t len);

struct nsk_wire {
	struct wire_dir dir[2]; /* [0] from end 0 to end 1 */
	wire_tap_fn tap;	/* [C] while an end runs */
	void *tap_arg;		/* [C] */
	uint32_t mtu;		/* [C] */
	uint32_t frame_max;	/* [C] */
	uint8_t *scratch[2]; /* of the sender at an end, with nic: two frames of frame_max bytes */
	uint32_t takes[2];   /* [A] enum port_offload of the receiver at an end */
	bool nic;	     /* [C] its ends do what NICs do: wire_nic.c */
	uint32_t epoch;	     /* [A] odd while the wire is down; frames of another epoch are lost */
	bool taken[2];	     /* [A] a port has this end */
};

/* What an end did with a burst. */
struct wire_burst {
	uint64_t bytes;
	uint16_t packets;
	uint16_t bad; /* sent: longer than the wire takes; received: no buffer for it */
};

/* Take an end for a port. 0 or -EBUSY. */
int wire_take(struct nsk_wire *wire, unsigned end);
void wire_give(struct nsk_wire *wire, unsigned end);

static inline bool wire_is_up(const struct nsk_wire *wire)
{
	return (__atomic_load_n(&wire->epoch, __ATOMIC_ACQUIRE) & 1) == 0;
}

/*
 * Send @n packets from an end: they are copied onto the wire and freed. Returns how many: all of
 * them, or none while the end is stalled.
 */
uint16_t wire_send(struct nsk_wire *wire, unsigned end, uint64_t now_ns, struct rte_mbuf **bufs,
		   uint16_t n, struct wire_burst *done);

/* Receive at most @n packets at an end, copied into buffers of @pool with @room bytes each. */
void wire_recv(struct nsk_wire *wire, unsigned end, uint64_t now_ns, struct rte_mempool *pool,
	       uint32_t room, struct rte_mbuf **bufs, uint16_t n, struct wire_burst *done);

/* Whether wire_recv() need not be called at an end: nothing is on the way. */
static inline bool wire_idle(const struct nsk_wire *wire, unsigned end)
{
	const struct wire_dir *d = &wire->dir[end ^ 1];

	return !d->timed && frameq_idle(&d->inorder);
}

/* ---- wire.c and wire_nic.c ---- */

/* Ends do what NICs do: frames of any length that are cut on their way if need be. 0 or -ENOMEM. */
int wire_nic_setup(struct nsk_wire *wire);

/* A frame's tag is the epoch that it was sent in, and what its receiver is told of it. */
#define WIRE_EPOCH(tag)	 ((uint16_t)(tag))
#define WIRE_UNSUMMED	 (UINT32_C(1) << 31) /* nobody has computed its transport's checksum */
#define WIRE_SEGSZ_SHIFT 16
#define WIRE_SEGSZ(tag) \
	((uint16_t)((tag) >> WIRE_SEGSZ_SHIFT & 0x7fff)) /* 0: no more than a frame */

/* A frame's room at the end of those in order, not yet committed; NULL: full or no memory. */
static inline struct frame *wire_reserve(struct wire_dir *d, const struct rte_mbuf *m)
{
	uint64_t limit = d->impair.p.queue_packets;

	if (NSK_UNLIKELY(frameq_in_flight(&d->inorder, limit) >= limit))
		return NULL;
	return frameq_reserve(&d->inorder, m->pkt_len);
}

/* One packet onto an imperfect or watched direction; counts what became of it. */
void wire_send_one(struct nsk_wire *wire, struct wire_dir *d, uint64_t now_ns, struct rte_mbuf *m,
		   uint32_t epoch);

/* wire_nic.c: the same of packets that may ask for work, of which done is told. */
void wire_nic_send(struct nsk_wire *wire, struct wire_dir *d, uint64_t now_ns,
		   struct rte_mbuf **bufs, uint16_t n, uint32_t epoch, struct wire_burst *done);

/* wire_nic.c: what a receiver is told of a frame beside its bytes. */
void wire_nic_tell(const struct frame *f, struct rte_mbuf *m);

/* When the next packet arrives at an end: 0 now, UINT64_MAX none on the way. The receiver's thread.
 */
uint64_t wire_next_ns(struct nsk_wire *wire, unsigned end);

#endif
