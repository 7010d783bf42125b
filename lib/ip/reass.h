/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams in fragments, of either family: kept by a keyed hash of their addresses, number and
 * protocol until they are whole, in pieces that do not overlap. RFC 791 §3.2, RFC 1122 §3.3.2,
 * RFC 8200 §4.5, RFC 5722, RFC 3168 §5.3 (ECN). What a family's header says is read by its own
 * input (reass_input.c), into a struct frag_view; what is whole goes back to it.
 *
 * An overlap makes a datagram worthless, and all that comes of it until its time is over; the very
 * same fragment again is a duplicate and no overlap (RFC 8200 §4.5). How small fragments are does
 * not matter (RFC 1858 is about filters that judge a fragment by itself; here the whole is judged).
 *
 * Bounds, in packet buffers, so that small fragments do not pin many:
 *  - of a worker: 1/REASS_SHARE of its buffers, which all workers share since any may hold
 *    buffers of this one, or REASS_LEAST where a quarter of them is as many; and ip.frag_mem
 *    bytes. Beyond, the oldest datagram goes: under a flood from many sources one whose fragments
 *    come close together still gets through;
 *  - of a source: a quarter of that, or REASS_SOURCE_LEAST where half of it is as many. Beyond,
 *    its own oldest datagram goes, so that one source does not push out what another has sent;
 *  - of a datagram: REASS_PIECES_MAX fragments. Each costs a step when they come backwards.
 * A worthless datagram counts as one buffer, so these bound memory and time spent as well.
 */
#ifndef NSK_IP_REASS_H
#define NSK_IP_REASS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/wheel.h"
#include "mbuf/pkt.h"
#include "mbuf/worker.h"

#define REASS_SHARE 32
#define REASS_LEAST 256u
#define REASS_SOURCE_LEAST \
	128u /* the longest datagram over links that carry 576 bytes, as all do */
#define REASS_PIECES_MAX 128

struct nsk_levels;

/* What a fragment says of itself beside its addresses. */
struct frag_view {
	uint32_t id;
	uint32_t off;  /* of its payload in the datagram's, bytes */
	uint8_t proto; /* tells datagrams with the same number apart; 0 where it does not */
	bool more;     /* it is not the last one */
};

/* The flow by which all fragments of a datagram find the same worker. */
void reass_flow(const struct pkt *p, const struct frag_view *v, struct flow *flow);

/*
 * Takes a fragment, its descriptor filled, data from the IP header to the end of its payload, which
 * l4_off and l4_len tell. Returns the datagram when this made it whole, else NULL: the first
 * fragment with the payloads of the others chained to it. Its descriptor has the whole's l4_len and
 * ECN in tos; the header in its data is still that of the fragment.
 */
struct rte_mbuf *reass_take(struct nsk_worker *w, struct rte_mbuf *m, const struct frag_view *v);

/* A datagram is not whole in time; for the table of timers. */
void reass_timer(void *ctx, struct wheel_timer *t, uint64_t now_ns);

/* Gives back all that the worker keeps. */
void reass_fini(struct nsk_worker *w);
/* Adds this worker's levels. */
void reass_levels(const struct nsk_worker *w, struct nsk_levels *levels);

#endif
