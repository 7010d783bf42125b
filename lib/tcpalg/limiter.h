/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Token bucket in eight octets (the virtual-scheduling form of GCRA): for challenge ACKs per
 * connection (RFC 5961 section 7), RSTs and ICMP errors (RFC 1812 section 4.3.2.8).
 * All zero is a full bucket.
 */
#ifndef NSK_TCPALG_LIMITER_H
#define NSK_TCPALG_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

struct limiter {
	uint64_t tat_ns; /* [W] when the bucket would be full again */
};

/*
 * May one more happen at now_ns? One token comes every interval_ns, at most burst (>= 1) are kept.
 * interval_ns * burst stays below 2^62.
 */
static inline bool limiter_allow(struct limiter *l, uint64_t now_ns, uint64_t interval_ns,
				 uint32_t burst)
{
	uint64_t tat = l->tat_ns > now_ns ? l->tat_ns : now_ns;

	if (tat - now_ns > (uint64_t)(burst - 1) * interval_ns)
		return false;
	l->tat_ns = tat + interval_ns;
	return true;
}

/*
 * The same, but each takes between none and two tokens, one on average, rnd being random: for a
 * bucket shared by several peers, of which one, by counting what it gets, would learn what another
 * got (CVE-2020-25705), as in Linux. A depth that is drawn anew for each would not do: who asks
 * often enough gets all that the greatest depth leaves.
 */
static inline bool limiter_allow_fuzzy(struct limiter *l, uint64_t now_ns, uint64_t interval_ns,
				       uint32_t burst, uint32_t rnd)
{
	uint64_t cost = (rnd * (2 * interval_ns)) >> 32;

	if (!limiter_allow(l, now_ns, interval_ns, burst))
		return false;
	l->tat_ns += cost - interval_ns;
	return true;
}

#endif
