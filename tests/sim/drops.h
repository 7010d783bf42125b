/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of drop reasons: each provokes one reason a known number of times. drops.c runs them and
 * sees to it that no reason of the list is without one.
 */
#ifndef NSK_TESTS_SIM_DROPS_H
#define NSK_TESTS_SIM_DROPS_H

#include "sim/peer.h"

/* What a capture has of the packets that are dropped. */
enum drop_captured {
	AS_THEY_CAME,
	OTHERWISE,  /* packets of the stack's own, or put together by it */
	NOT_AT_ALL, /* there is none yet, or a driver counted it, or the twin had sent it */
};

struct drop_test {
	enum nsk_drop reason;
	const char *name;			      /* what is provoked, in words */
	const char *const *settings;		      /* or NULL */
	void (*configure)(struct nsk_config *config); /* or NULL */
	void (*prepare)(struct peer *p); /* what must be there before; may drop too. Or NULL */
	void (*provoke)(struct peer *p); /* once */
	void (*finish)(struct peer *p);	 /* what must be undone. Or NULL */
	unsigned times;			 /* 0: 5 */
	enum nsk_drop also;		 /* each time counts this as well: another packet's */
	enum drop_captured captured;
	bool no_arp;  /* the peer does not answer ARP */
	bool at_once; /* provoke() counts all times in one call */
};

extern const struct drop_test drops_link[];
extern const unsigned drops_link_count;
extern const struct drop_test drops_dhcp[];
extern const unsigned drops_dhcp_count;
extern const struct drop_test drops_frag[];
extern const unsigned drops_frag_count;
extern const struct drop_test drops_forward[];
extern const unsigned drops_forward_count;
extern const struct drop_test drops_ip6[];
extern const unsigned drops_ip6_count;
extern const struct drop_test drops_group[];
extern const unsigned drops_group_count;
extern const struct drop_test drops_tcp[];
extern const unsigned drops_tcp_count;
extern const struct drop_test drops_port[];
extern const unsigned drops_port_count;
extern const struct drop_test drops_twin[];
extern const unsigned drops_twin_count;

#endif
