/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The twin of an interface: a second port, as a rule a tap of the kernel's, with the same MAC and
 * MTU. The kernel gets there what the stack itself has no home for and rules ask for (ip/punt.h),
 * with copies of what both must know of neighbours; what the kernel sends on it leaves by the
 * interface. Nothing of the stack's own goes there, and nobody looks at rules before a packet has
 * found no home: interfaces without a twin, and connections, pay nothing.
 *
 * Any worker gives frames: they wait in a bounded queue. Worker 0 alone touches the port, about
 * once a millisecond (lib/stack/twin.c).
 */
#ifndef NSK_NET_TWIN_H
#define NSK_NET_TWIN_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

#include "mbuf/worker.h"
#include "net/iface.h"

#define TWIN_RULES_MAX	24
#define TWIN_RULE_PARTS 4 /* a name such as "bfd" stands for several */

/* What goes there: one line of the list that somebody wrote. */
struct twin_rule {
	struct twin_match {
		uint8_t proto;	   /* of the transport; TWIN_REST: any */
		bool both;	   /* the source port may match as well */
		uint16_t from, to; /* destination ports; 0, 0: any */
	} part[TWIN_RULE_PARTS];
	uint8_t parts;
};

/* No protocol: whatever is for one host's address of ours and nobody here takes. */
#define TWIN_REST 255

/* Frames a second, each rule by itself, so that a flood of the one leaves the others alone. */
struct twin_limit {
	uint64_t tat_ns; /* [A] when there will be room for all that may come at once */
};

struct twin {
	struct port *port;	/* [C] worker 0's */
	struct iface *ifc;	/* [C] */
	uint32_t mtu;		/* [W] of worker 0: what the port was told last */
	struct rte_ring *queue; /* frames that any worker gives and worker 0 takes */
	uint64_t took_ns;	/* [W] of worker 0: when frames were last taken from it */
	uint64_t credit_ns;	/* [W] time for which none were */
	struct twin_limit neighbours;
	unsigned rules; /* [C] */
	struct twin_rule rule[TWIN_RULES_MAX];
	struct twin_limit limit[TWIN_RULES_MAX];
};

/* A frame for the kernel, whose limit is l. Consumes m. */
void twin_give(struct nsk_worker *w, struct twin *t, struct twin_limit *l, struct rte_mbuf *m);
/* Half of twin_neighbours(). */
bool twin_copy(struct nsk_worker *w, struct twin *t, const struct rte_mbuf *m, uint16_t l3_off);

/*
 * A message about neighbours, whose header behind the frame's stands at an offset of the buffer:
 * the kernel learns from it, too. Does not consume m. True: it is no loss if nobody here wants it.
 */
static inline bool twin_neighbours(struct nsk_worker *w, const struct iface *ifc,
				   const struct rte_mbuf *m, uint16_t l3_off)
{
	return NSK_UNLIKELY(ifc->twin != NULL) && twin_copy(w, ifc->twin, m, l3_off);
}

#endif
