/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sender under BBR for its tests. ACKs are made up: a round is an ACK of something sent when all
 * that had been delivered by then was.
 */
#ifndef NSK_TESTS_UNIT_TCPALG_BBR_WORLD_H
#define NSK_TESTS_UNIT_TCPALG_BBR_WORLD_H

#include "tcpalg/cc_bbr.h"

#include "tcpalg_test.h"

#define SMSS 1000u
#define RTT  40000u   /* us */
#define MBPS 1000000u /* octets a second: a BDP of 40 segments */
#define BDP  40000u

static struct cc cc;
static struct bbr b;
static uint64_t now_us;
static uint32_t delivered;
static struct cc_sample s; /* what the next ACK tells beside the usual */

static inline int start(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	memset(&s, 0, sizeof(s));
	now_us = 1000000;
	delivered = 0;
	s.sack = true;
	cc_init(&cc, &cc_bbr, SMSS, CC_INITIAL_SEGS);
	b.model.seed = 12345;
	b.model.now_us = now_us;
	cc_give_state(&cc, &b.model);
	return 0;
}

/* An ACK of so many octets, after so long, of what was sent when prior octets had been delivered.
 */
static inline void ack(uint32_t after_us, uint32_t octets, uint32_t prior, uint64_t rate)
{
	now_us += after_us;
	delivered += octets;
	s.now_us = now_us;
	s.acked = octets;
	s.delivered = delivered;
	s.rs.any = true;
	s.rs.prior = prior;
	s.rs.delivered = delivered - prior;
	s.rs.interval_us = rate ? (uint32_t)(s.rs.delivered * UINT64_C(1000000) / rate) : 0;
	s.srtt_us = s.rtt_us ? s.rtt_us : RTT;
	cc_algos[cc.algo]->sample(&cc, &s);
}

/* A round at this rate: one ACK for all that is delivered in a round trip. */
static inline void round_at(uint64_t rate)
{
	uint32_t octets = (uint32_t)(rate * RTT / 1000000);

	s.rtt_us = RTT;
	s.pipe = s.pipe ? s.pipe : BDP;
	ack(RTT, octets, delivered, rate);
}

/* Rounds until it gets there, or leaves. */
static inline void until(uint8_t state, uint64_t rate)
{
	for (unsigned i = 0; b.state != state; i++) {
		assert_true(i < 200);
		round_at(rate);
	}
}

static inline void leave(uint8_t state, uint64_t rate)
{
	for (unsigned i = 0; b.state == state; i++) {
		assert_true(i < 200);
		round_at(rate);
	}
}

static inline void lost(uint32_t octets, uint32_t ranges, uint32_t inflight, uint32_t since_sent)
{
	const struct cc_lost l = {
		.now_us = now_us,
		.octets = octets,
		.ranges = ranges,
		.delivered = delivered,
		.inflight = inflight,
		.since_sent = since_sent,
		.sack = s.sack,
	};

	cc_algos[cc.algo]->lost(&cc, &l);
}

/* Startup found 1 MB/s. */
static inline void to_drain(void)
{
	for (uint64_t rate = MBPS / 8; rate <= MBPS; rate *= 2)
		round_at(rate);
	s.pipe = 2 * BDP;
	for (unsigned i = 0; i < 3; i++)
		round_at(MBPS);
	assert_int_equal(b.state, BBR_DRAIN);
}

/* The queue would not go: else Down ends in the moment in which it begins. */
static inline void to_down(void)
{
	to_drain();
	leave(BBR_DRAIN, MBPS);
	assert_int_equal(b.state, BBR_DOWN);
}

static inline void to_cruise(void)
{
	to_down();
	s.pipe = BDP * 9 / 10;
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_CRUISE);
}

static inline void to_refill(void)
{
	to_cruise();
	s.pipe = BDP;
	leave(BBR_CRUISE, MBPS);
	assert_int_equal(b.state, BBR_REFILL);
}

static inline void to_up(void)
{
	to_refill();
	round_at(MBPS);
	assert_int_equal(b.state, BBR_UP);
}

#define bbr_test(fn) cmocka_unit_test_setup(fn, start)

#endif
