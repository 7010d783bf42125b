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
 * The same with a depth that varies by up to a quarter from call to call, rnd being random: for a
 * bucket shared by several peers, whose exact depth would tell one peer of another's packets
 * (CVE-2020-25705).
 */
static inline bool limiter_allow_fuzzy(struct limiter *l, uint64_t now_ns, uint64_t interval_ns,
				       uint32_t burst, uint32_t rnd)
{
	uint32_t less = (uint32_t)(((uint64_t)rnd * (burst / 4 + 1)) >> 32);

	return limiter_allow(l, now_ns, interval_ns, burst - less);
}

#endif
