/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of rtnetlink about addresses, routes, neighbours and links, decoded: bytes in, a change
 * out. It asks nobody and keeps nothing; what becomes of a change: mirror.c.
 */
#ifndef NSK_STACK_NL_DECODE_H
#define NSK_STACK_NL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define NL_HOPS_MAX 32
#define NL_FOREVER  UINT32_MAX

enum nl_kind {
	NL_NOTHING, /* nothing that anybody here wants to know */
	NL_ADDR,
	NL_ROUTE,
	NL_NEIGH,   /* one whose link address is given (NUD_PERMANENT), or is not any more */
	NL_LINK,    /* a link changed, and routes with it of which nobody tells */
	NL_UNKNOWN, /* routes may have changed, of which nobody tells */
	NL_END,	    /* of a dump */
	NL_FAILED,  /* a dump did not come about: err */
};

struct nl_hop {
	struct ip_addr gateway; /* family 0: none */
	int link;		/* index of the interface, 0: none */
	uint16_t weight;	/* 1 to 256 */
};

struct nl_change {
	enum nl_kind kind;
	bool add;     /* it is there, or it is gone */
	bool replace; /* it takes the place of what had its destination and metric */
	bool dumped;  /* the answer to a question */
	bool torn;    /* of a dump: things changed meanwhile, it is to be asked for again */
	uint32_t seq; /* of the question that it answers */
	int err;      /* of NL_FAILED */
	int link;     /* NL_ADDR, NL_NEIGH, NL_LINK */
	struct ip_prefix prefix; /* the address, or the destination */
	struct eth_addr mac;	 /* NL_NEIGH */
	bool gone;		 /* NL_LINK: it left its network namespace */
	uint32_t preferred_s;	 /* NL_ADDR: lifetimes, NL_FOREVER: they do not end */
	uint32_t valid_s;
	/* NL_ROUTE */
	bool foreign;	/* it has what a stack's routes have not: encapsulation, a gateway of the
			 * other family, more hops than fit */
	uint8_t type;	/* enum route_type */
	uint8_t origin; /* RTPROT_ */
	uint32_t metric;
	uint32_t table;
	struct ip_addr src; /* family 0: none */
	unsigned hops;
	struct nl_hop hop[NL_HOPS_MAX];
};

/*
 * Decodes the first of the messages that lie in len bytes, which are aligned as rtnetlink's are.
 * Returns how many bytes it takes; 0: the rest is no message.
 */
size_t nl_decode(const void *bytes, size_t len, struct nl_change *out);

#endif
