/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/prr.c: RFC 9937. */
#include "tcpalg/prr.h"
#include "tcpalg_test.h"

#define SMSS 1000u

/* Room to send right now. */
static uint32_t sndcnt(const struct prr *p, uint32_t pipe)
{
	return p->cwnd > pipe ? p->cwnd - pipe : 0;
}

static void rfc9937_6_first_retransmission_always_leaves(void **state)
{
	struct prr p;

	(void)state;
	prr_start(&p, 5 * SMSS, 20 * SMSS, 0, 3 * SMSS, SMSS);
	prr_ack(&p, SMSS, 16 * SMSS, false, SMSS);
	assert_int_equal(sndcnt(&p, 16 * SMSS), SMSS);
	prr_start(&p, 5 * SMSS, 20 * SMSS, 0, 0, 0);
	prr_kick(&p, 16 * SMSS, SMSS); /* by the reordering timer, without an ACK */
	assert_int_equal(sndcnt(&p, 16 * SMSS), SMSS);
}

static void rfc9937_6_recover_fs_counts_what_can_be_delivered(void **state)
{
	struct prr p;

	(void)state;
	prr_start(&p, SMSS, 20 * SMSS, 2 * SMSS, 5 * SMSS, 3 * SMSS);
	assert_int_equal(p.recover_fs, 20 * SMSS);
	prr_start(&p, SMSS, 0, 0, 0, 0);
	assert_int_equal(p.recover_fs, 1);
}

/* One loss in 20, halved: what is in flight comes down to 10 by one segment for two ACKs. */
static void rfc9937_6_reduction_is_proportional_and_ends_at_ssthresh(void **state)
{
	uint32_t pipe = 16 * SMSS, sent = 0, bursts = 0;
	struct prr p;

	(void)state;
	prr_start(&p, 10 * SMSS, 20 * SMSS, 0, 3 * SMSS, SMSS);
	for (int k = 0; k < 17; k++) {
		uint32_t n;

		prr_ack(&p, SMSS, pipe, false, SMSS);
		n = sndcnt(&p, pipe) / SMSS * SMSS;
		bursts += n > SMSS;
		prr_sent(&p, n);
		sent += n;
		pipe += n - SMSS * (k < 16);
	}
	assert_int_equal(bursts, 0);
	assert_in_range(sent, 8 * SMSS, 11 * SMSS);
	assert_in_range(pipe, 9 * SMSS, 10 * SMSS);
}

/* Heavy losses: below ssthresh no more leaves than was delivered (CRB), one more if safe (SSRB). */
static void rfc9937_6_reduction_bounds(void **state)
{
	struct prr p;

	(void)state;
	prr_start(&p, 10 * SMSS, 20 * SMSS, 0, 3 * SMSS, SMSS);
	prr_ack(&p, SMSS, 2 * SMSS, false, SMSS);
	assert_int_equal(sndcnt(&p, 2 * SMSS), SMSS);
	prr_sent(&p, SMSS);
	prr_ack(&p, SMSS, 2 * SMSS, false, SMSS);
	assert_int_equal(sndcnt(&p, 2 * SMSS), SMSS);
	prr_sent(&p, SMSS);
	prr_ack(&p, SMSS, 2 * SMSS, true, SMSS);
	assert_int_equal(sndcnt(&p, 2 * SMSS), 2 * SMSS);
	/* But never beyond ssthresh. */
	prr_ack(&p, 5 * SMSS, 9 * SMSS + 500, true, SMSS);
	assert_int_equal(sndcnt(&p, 9 * SMSS + 500), 500);
}

static void rfc9937_6_nothing_delivered_changes_nothing(void **state)
{
	struct prr p, before;

	(void)state;
	prr_start(&p, 10 * SMSS, 20 * SMSS, 0, 0, 0);
	prr_ack(&p, SMSS, 15 * SMSS, false, SMSS);
	before = p;
	prr_ack(&p, 0, 3 * SMSS, true, SMSS);
	assert_memory_equal(&p, &before, sizeof(p));
}

/* Whatever is delivered and lost: no more is sent than delivered, plus a segment for each ACK. */
static void no_sequence_of_acks_sends_more_than_the_bound(void **state)
{
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 3);
	for (int round = 0; round < 500; round++) {
		uint32_t flight = SMSS * (1 + rng_below(&rng, 100)), pipe = flight, sent = 0;
		uint32_t delivered = 0, safe_acks = 0;
		struct prr p;

		prr_start(&p, SMSS * (2 + rng_below(&rng, 60)), flight, 0, 0, 0);
		for (int k = 0; k < 50; k++) {
			uint32_t got = rng_below(&rng, 3 * SMSS), n;
			bool safe = rng_below(&rng, 2);

			got = got < pipe ? got : pipe;
			pipe -= got;
			pipe -= rng_below(&rng, 4) == 0 ? rng_below(&rng, pipe + 1) : 0;
			prr_ack(&p, got, pipe, safe, SMSS);
			n = sndcnt(&p, pipe);
			if (got == 0)
				continue;
			delivered += got;
			safe_acks += safe;
			if (pipe > p.ssthresh && p.out)
				assert_true(sent + n <= delivered + safe_acks * SMSS + SMSS ||
					    n == 0 || p.ssthresh > p.recover_fs);
			if (pipe <= p.ssthresh && p.out)
				assert_true(pipe + n <= p.ssthresh);
			n = rng_below(&rng, n + 1);
			prr_sent(&p, n);
			sent += n;
			pipe += n;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc9937_6_first_retransmission_always_leaves),
		cmocka_unit_test(rfc9937_6_recover_fs_counts_what_can_be_delivered),
		cmocka_unit_test(rfc9937_6_reduction_is_proportional_and_ends_at_ssthresh),
		cmocka_unit_test(rfc9937_6_reduction_bounds),
		cmocka_unit_test(rfc9937_6_nothing_delivered_changes_nothing),
		cmocka_unit_test(no_sequence_of_acks_sends_more_than_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
