/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RACK-TLP (RFC 8985): losses found by time, and the probe that makes a lost tail heard.
 *
 * Which octets are lost is flight_detect()'s to say; here is what it is asked with: the newest
 * transmission known to be delivered, its round trip, and the reordering window, which grows when
 * D-SACKs tell that something was sent again in vain. Early retransmit (RFC 5827) needs no code of
 * its own: below DupThresh the window delays, and its timer retransmits.
 *
 * Values in, values out; no timer runs here.
 */
#ifndef NSK_TCPALG_RACK_H
#define NSK_TCPALG_RACK_H

#include "tcpalg/flight.h"

#define RACK_DUPTHRESH	     3
#define RACK_PERSIST	     16 /* recoveries without D-SACK until the window shrinks (4, step 4) */
#define RACK_MULT_MAX	     255
#define TLP_MAX_ACK_DELAY_US 200000u /* section 7.2, TLP.max_ack_delay */
#define TLP_FLOOR_US	     2000u   /* what a busy receiver may take, as Linux */

struct rack {
	struct flight_edge newest; /* [W] RACK.xmit_ts, RACK.end_seq */
	uint32_t rtt_us;	   /* [W] RACK.rtt */
	uint32_t fack;		   /* [W] RACK.fack */
	uint32_t dsack_round;	   /* [W] see in_round */
	uint8_t mult;		   /* [W] RACK.reo_wnd_mult */
	uint8_t persist;	   /* [W] RACK.reo_wnd_persist */
	bool any;		   /* [W] newest and rtt_us are there */
	bool reordering_seen;	   /* [W] RACK.reordering_seen */
	bool in_round;		   /* [W] RACK.dsack_round is not None */
	uint8_t spare[3];
	uint32_t reordering; /* [W] octets that were overtaken at most, for tcp_info */
};

/* Starts with una acknowledged and nothing known. */
void rack_init(struct rack *r, uint32_t una);

/* Section 6.2 steps 1 to 3: an ACK's news. una: after it. */
void rack_update(struct rack *r, const struct flight_news *n, uint32_t una);

/* Section 6.2 step 4, RACK_update_reo_wnd(): an ACK with or without D-SACK. */
void rack_dsack(struct rack *r, uint32_t una, uint32_t nxt, bool dsack);

/*
 * What was sent again in fast recovery had only been overtaken. Step 3 looks at what was never sent
 * again: where all that is late is sent again before it arrives, it would never see reordering.
 */
static inline void rack_late(struct rack *r)
{
	r->reordering_seen = true;
}

/* The same, "exiting Fast or RTO recovery". */
void rack_recovered(struct rack *r);

/*
 * Section 6.2 step 4, the reordering window. recovering: in fast or RTO recovery; dupthresh:
 * DupThresh segments are sacked.
 */
uint32_t rack_reo_wnd_us(const struct rack *r, bool recovering, bool dupthresh, uint32_t min_rtt_us,
			 uint32_t srtt_us);

/* ---- tail loss probe ---- */

struct tlp {
	uint32_t end; /* [W] TLP.end_seq */
	bool out;     /* [W] TLP.end_seq is not None */
	bool again;   /* [W] TLP.is_retrans */
	bool untimed; /* [W] no round trip was measured since the last probe left */
	uint8_t spare;
};

/*
 * Section 7.2, TLP_calc_PTO(). srtt_us 0: unknown, and section 7.3 forbids a probe before a round
 * trip is measured. one: no more than one segment is in flight.
 */
static inline uint32_t tlp_pto_us(uint32_t srtt_us, bool one, uint32_t rto_us)
{
	uint32_t pto = rto_us;

	if (srtt_us)
		pto = 2 * srtt_us + (one ? TLP_MAX_ACK_DELAY_US : TLP_FLOOR_US);
	return pto < rto_us ? pto : rto_us;
}

/* Section 7.3: the probe has left; nxt: after it. again: it repeats what was sent before. */
static inline void tlp_sent(struct tlp *t, uint32_t nxt, bool again)
{
	*t = (struct tlp){.end = nxt, .out = true, .again = again, .untimed = true};
}

/*
 * Section 7.4, TLP_process_ack(). dsack: a D-SACK reports the octet before end; plain: the ACK
 * brought nothing new at all and no SACK block. True: the probe repaired a loss, which congestion
 * control is to hear of.
 */
bool tlp_ack(struct tlp *t, uint32_t ack, bool dsack, bool plain);

#endif
