/* SPDX-License-Identifier: BSD-3-Clause */
/* Pacing: draft-ietf-ccwg-bbr-06 sections 5.6.2 and 5.6.3; see pacer.h. */
#include "tcpalg/pacer.h"

#define NS_PER_S UINT64_C(1000000000)

/* Nobody sends faster, and products stay within 64 bits. */
#define RATE_MAX (UINT64_C(1) << 40)

static uint64_t duration_ns(const struct pacer *p, uint32_t octets)
{
	return octets * NS_PER_S / p->rate;
}

uint32_t pacer_quantum(uint64_t rate, uint32_t smss)
{
	uint64_t octets = rate / (1000000 / PACER_QUANTUM_US);

	if (octets > PACER_QUANTUM_MAX)
		octets = PACER_QUANTUM_MAX;
	if (octets < 2 * smss)
		octets = rate / 100 < 2 * smss ? smss : 2 * smss;
	return (uint32_t)octets / smss * smss;
}

void pacer_set(struct pacer *p, uint64_t rate, uint32_t smss)
{
	p->rate = rate < RATE_MAX ? rate : RATE_MAX;
	p->quantum = rate ? pacer_quantum(p->rate, smss) : 0;
}

void pacer_hurry(struct pacer *p, uint64_t now_ns)
{
	uint64_t latest = p->rate ? now_ns + duration_ns(p, p->quantum) : now_ns;

	if (p->next_ns > latest)
		p->next_ns = latest;
}

void pacer_sent(struct pacer *p, uint32_t octets, uint64_t now_ns)
{
	uint64_t late, most;

	if (!p->rate)
		return;
	most = duration_ns(p, p->quantum);
	if (most < PACER_LATE_NS)
		most = PACER_LATE_NS;
	late = now_ns > p->next_ns ? now_ns - p->next_ns : 0;
	if (late > most)
		p->next_ns = now_ns - most;
	p->next_ns += duration_ns(p, octets);
}
