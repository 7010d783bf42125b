/* SPDX-License-Identifier: BSD-3-Clause */
/* RACK-TLP, RFC 8985; see rack.h. */
#include "tcpalg/rack.h"

void rack_init(struct rack *r, uint32_t una)
{
	*r = (struct rack){.fack = una, .mult = 1};
}

void rack_update(struct rack *r, const struct flight_news *n, uint32_t una)
{
	/* Step 3, RACK_detect_reordering(). */
	if (n->reordered)
		r->reordering_seen = true;
	if (n->reordered > r->reordering)
		r->reordering = n->reordered;
	r->fack = seq_max(r->fack, una);
	if (n->octets)
		r->fack = seq_max(r->fack, n->high);
	if (!n->any)
		return;
	/* Steps 1 and 2, RACK_update(): what is ambiguous was left out by flight.c. */
	r->rtt_us = n->sample_us;
	if (!r->any || flight_sent_after(n->newest, r->newest))
		r->newest = n->newest;
	r->any = true;
}

void rack_dsack(struct rack *r, uint32_t una, uint32_t nxt, bool dsack)
{
	if (r->in_round && seq_geq(una, r->dsack_round))
		r->in_round = false;
	if (!dsack || r->in_round)
		return;
	r->in_round = true;
	r->dsack_round = nxt;
	r->persist = RACK_PERSIST;
	if (r->mult < RACK_MULT_MAX)
		r->mult++;
}

void rack_recovered(struct rack *r)
{
	if (r->persist && --r->persist == 0)
		r->mult = 1;
}

uint32_t rack_reo_wnd_us(const struct rack *r, bool recovering, bool dupthresh, uint32_t min_rtt_us,
			 uint32_t srtt_us)
{
	uint64_t wnd;

	if (!r->reordering_seen && (recovering || dupthresh))
		return 0;
	wnd = (uint64_t)r->mult * min_rtt_us / 4;
	if (wnd > srtt_us)
		wnd = srtt_us;
	return wnd ? (uint32_t)wnd : 1;
}

bool tlp_ack(struct tlp *t, uint32_t ack, bool dsack, bool plain)
{
	if (!t->out || seq_lt(ack, t->end))
		return false;
	if (!t->again || dsack) {
		t->out = false; /* new data got through; or original and probe did: no loss */
		return false;
	}
	if (seq_gt(ack, t->end)) {
		t->out = false;
		return true; /* one of the two got through, or a D-SACK would have come before */
	}
	/* A second ACK of all, without D-SACK from a peer that has none: both got through. */
	if (plain)
		t->out = false;
	return false;
}
