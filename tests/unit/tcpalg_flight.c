/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/flight.c, rule by rule. Against a model of every octet: tcpalg_flight_model.c. */
#include "tcpalg/flight.h"
#include "tcpalg_test.h"

#define SMSS 100u

/* A flight of [una, nxt) with a room. Numbers in the tests count from una. */
static struct flight f;
static uint32_t base, una, nxt;
static struct flight_news news;

static void start(uint32_t origin, uint16_t cap)
{
	memset(&f, 0, sizeof(f));
	base = origin;
	una = origin;
	nxt = origin;
	if (cap)
		assert_null(flight_attach(&f, malloc(flight_bytes(cap)), cap, una, nxt));
}

static void end(void)
{
	free(flight_detach(&f));
}

static void send_new(uint32_t octets, uint32_t now)
{
	if (!flight_send(&f, una, nxt, now))
		flight_send_slow(&f, una, nxt, now, 0);
	nxt += octets;
}

static void clear_news(uint32_t now, uint32_t fack)
{
	flight_news_init(&news, now, base + fack);
}

static enum flight_verdict sack(uint32_t from, uint32_t to)
{
	return flight_sack(&f, una, nxt, (struct seq_range){base + from, base + to}, &news);
}

static void ack(uint32_t to)
{
	flight_ack(&f, una, base + to, nxt, &news);
	una = base + to;
}

static void again(uint32_t from, uint32_t to, uint32_t now)
{
	flight_send_again(&f, nxt, (struct seq_range){base + from, base + to}, now, 0);
}

static uint32_t detect(uint32_t sent_us, uint32_t end_seq, uint32_t wait, uint32_t now,
		       uint32_t *lost)
{
	return flight_detect(&f, una, nxt, (struct flight_edge){sent_us, base + end_seq}, wait, now,
			     lost);
}

static void expect_lost(uint32_t from, uint32_t to)
{
	struct seq_range r;

	assert_true(flight_next_lost(&f, una, nxt, &r));
	assert_int_equal(r.start - base, from);
	assert_int_equal(r.end - base, to);
}

static void request_and_answer_need_no_room(void **state)
{
	(void)state;
	start(77, 0);
	for (uint32_t now = 1000; now < 9000; now += 1000) {
		send_new(50, now);
		assert_int_equal(flight_pipe(&f, una, nxt), 50);
		assert_int_equal(flight_ack_plain(&f, nxt, nxt), now);
		una = nxt;
	}
	assert_null(f.room);
	end();
}

/* Two send times without a room are one, the later. */
static void without_a_room_losses_are_found_later_never_falsely(void **state)
{
	uint32_t lost;

	(void)state;
	start(0, 0);
	send_new(SMSS, 1000);
	send_new(SMSS, 5000);
	assert_int_equal(flight_at(&f, una, una).sent_us, 5000);
	clear_news(6000, 0);
	assert_int_equal(sack(SMSS, 2 * SMSS), FLIGHT_FULL);
	assert_int_equal(detect(5000, 200, 1000, 6000, &lost), 0);
	assert_int_equal(lost, 0); /* sent at the same time and ends no earlier */
	assert_int_equal(flight_mark(&f, una, nxt, una + SMSS), 0);
	assert_int_equal(flight_mark(&f, una, nxt, nxt), 2 * SMSS);
	expect_lost(0, 2 * SMSS);
	again(0, SMSS, 7000);
	assert_int_equal(flight_lost(&f, una, nxt), 0);
	assert_int_equal(flight_rxt(&f, una, nxt), 2 * SMSS);
	end();
}

static void send_times_are_kept_by_range_and_one_time_is_one_range(void **state)
{
	(void)state;
	start(0xffffff00u, 8);
	send_new(3 * SMSS, 10);
	send_new(2 * SMSS, 10);
	send_new(SMSS, 20);
	assert_int_equal(f.room->n, 2);
	assert_int_equal(flight_at(&f, una, base + 499).sent_us, 10);
	assert_int_equal(flight_at(&f, una, base + 500).sent_us, 20);
	/* The last octet acknowledged tells when. */
	assert_int_equal(flight_ack_plain(&f, base + 200, nxt), 10);
	assert_int_equal(flight_ack_plain(&f, base + 501, nxt), 20);
	assert_int_equal(f.room->n, 1);
	end();
}

/* 32 to 64 of them to a round trip. */
static void grain_bounds_the_ranges_of_a_round_trip(void **state)
{
	uint32_t srtt = 50000, grain = flight_grain(srtt);

	(void)state;
	assert_int_equal(flight_grain(31), 0);
	assert_in_range(srtt / (grain + 1), 32, 64);
	assert_int_equal(flight_stamp(1, grain), grain + 1);
	assert_int_equal(flight_stamp(grain + 1, grain), grain + 1);
	start(5, 128);
	for (uint32_t now = 1; now <= srtt; now += 10) {
		if (!flight_send(&f, una, nxt, now))
			flight_send_slow(&f, una, nxt, now, grain);
		nxt += 10;
	}
	assert_in_range(f.room->n, 32, 66);
	end();
}

static void rfc2018_5_block_is_news_once(void **state)
{
	(void)state;
	for (size_t k = 0; k < TCPALG_ORIGINS; k++) {
		start(tcpalg_origins[k], 8);
		send_new(10 * SMSS, 100);
		clear_news(300, 0);
		assert_int_equal(sack(200, 400), FLIGHT_NEW);
		assert_int_equal(sack(200, 400), FLIGHT_OLD);
		assert_int_equal(sack(250, 300), FLIGHT_OLD);
		assert_int_equal(sack(100, 600), FLIGHT_NEW);
		assert_int_equal(news.octets, 500);
		assert_int_equal(news.sacked, 500);
		assert_int_equal(flight_sacked(&f), 500);
		assert_int_equal(flight_pipe(&f, una, nxt), 500);
		assert_int_equal(f.room->n, 3);
		assert_true(news.any && news.sampled);
		assert_int_equal(news.sample_us, 200);
		assert_int_equal(news.newest.end - base, 600);
		end();
	}
}

static void rfc2018_lies_are_refused(void **state)
{
	(void)state;
	start(0x7fffff00u, 8);
	send_new(10 * SMSS, 100);
	clear_news(200, 0);
	ack(200);
	assert_int_equal(sack(300, 300), FLIGHT_BAD);
	assert_int_equal(sack(500, 300), FLIGHT_BAD);
	assert_int_equal(sack(900, 1001), FLIGHT_BAD);
	assert_int_equal(sack(200, 300), FLIGHT_BAD); /* who holds it would have acknowledged it */
	assert_int_equal(sack(100, 300), FLIGHT_BAD);
	assert_int_equal(sack(0, 200), FLIGHT_OLD);
	assert_int_equal(sack(200u - (1u << 30) - 1, 200), FLIGHT_BAD);
	assert_int_equal(flight_sacked(&f), 0);
	end();
}

/* RFC 2018 section 8. */
static void rfc2018_8_reneged_octets_are_lost(void **state)
{
	(void)state;
	start(9, 8);
	send_new(10 * SMSS, 100);
	clear_news(200, 0);
	sack(300, 1000);
	ack(500); /* and not 1000 */
	assert_true(news.reneged);
	assert_int_equal(flight_sacked(&f), 0);
	expect_lost(500, 1000);
	end();
}

static void rfc8985_5_2_newest_delivery_is_told(void **state)
{
	(void)state;
	start(0, 8);
	send_new(SMSS, 100);
	send_new(SMSS, 200);
	send_new(SMSS, 300);
	flight_mark(&f, una, nxt, una + SMSS);
	again(0, SMSS, 400);
	clear_news(500, 0);
	sack(200, 300);
	assert_int_equal(news.newest.sent_us, 300);
	assert_false(news.rxt);
	ack(100);
	assert_int_equal(news.newest.sent_us, 400);
	assert_int_equal(news.newest.end, 100);
	assert_true(news.rxt);
	end();
}

/* RFC 8985 section 6.2 step 2: an answer too fast, or with an old timestamp, is to an original. */
static void rfc8985_6_2_answers_to_earlier_transmissions_do_not_count(void **state)
{
	(void)state;
	for (int by_echo = 0; by_echo < 2; by_echo++) {
		start(0, 8);
		send_new(2 * SMSS, 10000);
		again(0, SMSS, 60000);
		clear_news(61000, 0);
		news.min_rtt_us = by_echo ? 500 : 20000;
		news.echo_age_us = by_echo ? 51000 : 0;
		ack(100);
		assert_int_equal(news.octets, 100);
		assert_false(news.any);
		/* Not so when it could be an answer to this one. */
		again(100, 200, 62000);
		clear_news(63000, 0);
		news.min_rtt_us = 500;
		news.echo_age_us = 1000;
		ack(200);
		assert_true(news.any);
		end();
	}
}

static void rfc6298_3_karn_what_was_sent_again_gives_no_sample(void **state)
{
	(void)state;
	start(0, 8);
	send_new(3 * SMSS, 100);
	again(0, SMSS, 200);
	send_new(SMSS, 250);
	clear_news(300, 0);
	ack(400); /* the rest may have come long ago */
	assert_int_equal(news.newest.sent_us, 250);
	assert_true(news.any);
	assert_false(news.sampled);
	end();
}

static void rfc8985_6_2_step_3_reordering(void **state)
{
	(void)state;
	start(0xfffffff0u, 8);
	send_new(10 * SMSS, 100);
	clear_news(200, 0);
	sack(300, 400);
	assert_int_equal(news.reordered, 0); /* nothing was known above */
	clear_news(200, 400);
	sack(400, 500);
	assert_int_equal(news.reordered, 0);
	sack(100, 200);
	assert_int_equal(news.reordered, 300); /* 100 was overtaken by what ends at 400 */
	/* What was sent again says nothing. */
	again(0, SMSS, 300);
	clear_news(400, 500);
	ack(100);
	assert_int_equal(news.reordered, 0);
	end();
}

static void rfc8985_6_2_step_5_lost_by_time(void **state)
{
	uint32_t lost;

	(void)state;
	start(1, 8);
	send_new(SMSS, 1000);
	send_new(SMSS, 2000);
	send_new(2 * SMSS, 3000);
	clear_news(5000, 0);
	sack(200, 300);
	/* Sent before, but the window is not over: told when it will be, for all of them. */
	assert_int_equal(detect(3000, 300, 4500, 5000, &lost), 1500);
	assert_int_equal(lost, 0);
	assert_int_equal(detect(3000, 300, 4500, 5500, &lost), 1000);
	assert_int_equal(lost, SMSS);
	assert_int_equal(detect(3000, 300, 4500, 6500, &lost), 0);
	assert_int_equal(lost, SMSS);
	expect_lost(0, 200);
	assert_int_equal(flight_pipe(&f, una, nxt), SMSS); /* the last one */
	/* Sent at the same time, but behind: not before the one delivered. */
	assert_int_equal(detect(3000, 300, 0, 9000, &lost), 0);
	assert_int_equal(lost, 0);
	end();
}

static void rfc8985_lost_retransmission_is_lost_again(void **state)
{
	uint32_t lost;

	(void)state;
	start(1, 8);
	send_new(4 * SMSS, 1000);
	clear_news(2000, 0);
	sack(100, 200);
	detect(1000, 200, 1000, 2000, &lost);
	assert_int_equal(lost, SMSS);
	again(0, SMSS, 2000);
	send_new(SMSS, 2100);
	assert_int_equal(flight_rxt(&f, una, nxt), SMSS);
	sack(400, 500);
	detect(2100, 500, 999, 3000, &lost);
	assert_int_equal(lost, 3 * SMSS); /* 0 again, and 200 to 400 */
	expect_lost(0, 100);
	assert_int_equal(flight_rxt(&f, una, nxt), 0);
	end();
}

static void lost_ranges_are_found_in_order_and_sent_once(void **state)
{
	struct seq_range r;

	(void)state;
	start(0x80000000u, 16);
	send_new(10 * SMSS, 100);
	clear_news(200, 0);
	sack(200, 300);
	sack(600, 700);
	assert_int_equal(flight_mark(&f, una, nxt, base + 800), 600);
	expect_lost(0, 200);
	again(0, 100, 300);
	expect_lost(100, 200);
	again(100, 200, 300);
	expect_lost(300, 600);
	again(300, 600, 310);
	expect_lost(700, 800);
	again(700, 800, 310);
	assert_false(flight_next_lost(&f, una, nxt, &r));
	assert_int_equal(flight_rxt(&f, una, nxt), 600);
	end();
}

/* RFC 4015 section 3.2 step 5: what was not sent again need not be. */
static void rfc4015_nothing_is_lost_after_unmarking(void **state)
{
	struct seq_range r;

	(void)state;
	start(0, 8);
	send_new(5 * SMSS, 100);
	flight_mark(&f, una, nxt, nxt);
	again(0, SMSS, 300);
	flight_unmark(&f, nxt);
	assert_false(flight_next_lost(&f, una, nxt, &r));
	assert_int_equal(flight_pipe(&f, una, nxt), 500);
	assert_int_equal(flight_rxt(&f, una, nxt), 100);
	end();
}

/* Every other octet sacked: CVE-2019-11477. What does not fit is forgotten, no more. */
static void full_room_forgets_blocks_and_keeps_its_counts(void **state)
{
	unsigned news_seen = 0;

	(void)state;
	start(3, 8);
	send_new(10 * SMSS, 100);
	clear_news(200, 0);
	for (uint32_t k = 1; k < 900; k += 2)
		news_seen += sack(k, k + 1) == FLIGHT_NEW;
	assert_in_range(news_seen, 1, 4);
	assert_int_equal(flight_sacked(&f), news_seen);
	/* New data and repetitions still go, the state of their neighbours being theirs. */
	send_new(SMSS, 500);
	again(0, 50, 600);
	assert_int_equal(flight_at(&f, una, base).flags, FLIGHT_RXT);
	assert_true(f.room->n <= 8);
	assert_true(flight_pipe(&f, una, nxt) <= nxt - una);
	end();
}

/* What one look costs is paid by as many ACKs as it takes; a look that found something is known. */
static void acks_share_the_looks_at_many_ranges(void **state)
{
	uint32_t n = 0, looks = 0, lost;

	(void)state;
	start(3, 16384);
	send_new(100 * SMSS, 100);
	clear_news(200, 0);
	while (f.room->n + 2u <= FLIGHT_LOOKS) {
		n += 2;
		assert_int_equal(sack(n - 1, n), FLIGHT_NEW);
		assert_true(flight_may_look(&f));
	}
	for (; f.room->n < 3 * FLIGHT_LOOKS; n += 2)
		sack(n + 1, n + 2);
	for (int k = 0; k < 300; k++)
		looks += flight_may_look(&f);
	assert_in_range(looks, 75, 100);
	assert_false(flight_found(&f));
	detect(150, n, 0, 400, &lost);
	assert_int_equal(lost, 100 * SMSS - n / 2);
	assert_true(flight_found(&f));
	detect(150, n, 0, 400, &lost);
	assert_false(flight_found(&f));
	end();
}

/* What looks at all ranges is paid by as many changes as it takes: a sixteenth of them. */
static void a_full_room_is_not_squeezed_for_each_block(void **state)
{
	uint32_t n = 100;

	(void)state;
	start(0, 64);
	send_new(100 * SMSS, 100);
	clear_news(400, 0);
	for (; f.room->n < 63; n += 2 * SMSS)
		assert_int_equal(sack(n, n + SMSS), FLIGHT_NEW);
	assert_int_equal(sack(n, n + SMSS), FLIGHT_FULL); /* no neighbours are of one kind */
	ack(2 * SMSS);
	send_new(SMSS, 200);
	send_new(SMSS, 300); /* now there are, two changes later */
	assert_int_equal(f.room->n, 63);
	assert_int_equal(sack(10020, 10050), FLIGHT_FULL);
	again(2 * SMSS, 3 * SMSS, 400); /* the third */
	assert_int_equal(sack(10020, 10050), FLIGHT_NEW);
	end();
}

static void larger_room_takes_everything_over(void **state)
{
	struct flight_room *old;

	(void)state;
	start(0, 4);
	send_new(10 * SMSS, 100);
	clear_news(200, 0);
	sack(200, 300);
	assert_true(flight_tight(&f));
	old = flight_attach(&f, malloc(flight_bytes(16)), 16, una, nxt);
	assert_non_null(old);
	free(old);
	assert_false(flight_tight(&f));
	assert_int_equal(flight_sacked(&f), 100);
	assert_int_equal(sack(500, 600), FLIGHT_NEW);
	assert_int_equal(flight_at(&f, una, base + 250).flags, FLIGHT_SACKED);
	assert_int_equal(flight_at(&f, una, base + 350).sent_us, 100);
	end();
}

/*
 * RFC 8985 section 6.2 step 2 within a grain: a retransmission and new data leave in turn; what is
 * delivered shows only what left before it as overtaken.
 */
static void rfc8985_6_2_order_within_a_grain_is_kept(void **state)
{
	const uint32_t grain = 1023;
	uint32_t lost;

	(void)state;
	start(1, 16);
	send_new(4 * SMSS, 100);
	flight_mark(&f, una, nxt, una + 2 * SMSS);
	flight_send_slow(&f, una, nxt, 5000, grain); /* [400, 500) */
	nxt += SMSS;
	flight_send_again(&f, nxt, (struct seq_range){una, una + SMSS}, 5001, grain);
	flight_send_slow(&f, una, nxt, 5002, grain); /* [500, 600) */
	nxt += SMSS;
	flight_send_again(&f, nxt, (struct seq_range){una + SMSS, una + 2 * SMSS}, 5003, grain);
	flight_send_slow(&f, una, nxt, 5004, grain); /* [600, 700) */
	nxt += SMSS;
	/* The first retransmission arrives. */
	clear_news(9000, 0);
	ack(SMSS);
	assert_int_equal(news.newest.end, una);
	flight_detect(&f, una, nxt, news.newest, 0, 90000, &lost);
	assert_int_equal(lost, 3 * SMSS); /* [200, 400), sent long ago, and [400, 500) */
	assert_int_equal(flight_at(&f, una, base + 400).flags & FLIGHT_LOST, FLIGHT_LOST);
	assert_int_equal(flight_at(&f, una, base + 500).flags, 0);
	assert_int_equal(flight_at(&f, una, base + 100).flags, FLIGHT_RXT);
	/* The second: what left between them, and not what left behind it. */
	ack(2 * SMSS);
	flight_detect(&f, una, nxt, news.newest, 0, 90000, &lost);
	assert_int_equal(lost, SMSS);
	assert_int_equal(flight_at(&f, una, base + 600).flags, 0);
	/* New data of the same grain tells nothing of what left behind it either. */
	end();
	start(1, 16);
	send_new(2 * SMSS, 100);
	flight_mark(&f, una, nxt, una + SMSS);
	flight_send_slow(&f, una, nxt, 5000, grain);
	nxt += SMSS;
	flight_send_again(&f, nxt, (struct seq_range){una, una + SMSS}, 5001, grain);
	clear_news(9000, 0);
	sack(200, 300);
	flight_detect(&f, una, nxt, news.newest, 0, 90000, &lost);
	assert_int_equal(lost, SMSS); /* [100, 200) */
	assert_int_equal(flight_at(&f, una, base).flags, FLIGHT_RXT);
	end();
}

/* What congestion control asks for. */
static void losses_are_told_once(void **state)
{
	struct flight_losses told;
	uint32_t lost;

	(void)state;
	start(1, 8);
	told = flight_take_lost(&f);
	assert_int_equal(told.ranges, 0);
	send_new(SMSS, 1000);
	send_new(SMSS, 2000);
	send_new(SMSS, 3000);
	send_new(SMSS, 4000);
	clear_news(5000, 0);
	sack(100, 200);
	sack(300, 400);
	detect(4000, 400, 0, 9000, &lost);
	assert_int_equal(lost, 2 * SMSS);
	told = flight_take_lost(&f);
	assert_int_equal(told.octets, 2 * SMSS);
	assert_int_equal(told.ranges, 2);
	assert_int_equal(told.sent_us, 3000);
	told = flight_take_lost(&f);
	assert_int_equal(told.octets | told.ranges, 0);
	free(flight_detach(&f));
	assert_int_equal(flight_take_lost(&f).ranges, 0);
}

static void rfc2883_4_first_block_tells_duplicates(void **state)
{
	const struct seq_range below = {100, 200}, in[2] = {{500, 600}, {400, 700}};

	(void)state;
	assert_true(flight_is_dsack(&below, 1, 200));
	assert_false(flight_is_dsack(&below, 1, 150));
	assert_false(flight_is_dsack(&below, 0, 200));
	assert_true(flight_is_dsack(in, 2, 300));
	assert_false(flight_is_dsack(in, 1, 300));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_and_answer_need_no_room),
		cmocka_unit_test(without_a_room_losses_are_found_later_never_falsely),
		cmocka_unit_test(send_times_are_kept_by_range_and_one_time_is_one_range),
		cmocka_unit_test(grain_bounds_the_ranges_of_a_round_trip),
		cmocka_unit_test(rfc2018_5_block_is_news_once),
		cmocka_unit_test(rfc2018_lies_are_refused),
		cmocka_unit_test(rfc2018_8_reneged_octets_are_lost),
		cmocka_unit_test(rfc8985_5_2_newest_delivery_is_told),
		cmocka_unit_test(rfc8985_6_2_answers_to_earlier_transmissions_do_not_count),
		cmocka_unit_test(rfc6298_3_karn_what_was_sent_again_gives_no_sample),
		cmocka_unit_test(rfc8985_6_2_step_3_reordering),
		cmocka_unit_test(rfc8985_6_2_step_5_lost_by_time),
		cmocka_unit_test(rfc8985_lost_retransmission_is_lost_again),
		cmocka_unit_test(lost_ranges_are_found_in_order_and_sent_once),
		cmocka_unit_test(rfc4015_nothing_is_lost_after_unmarking),
		cmocka_unit_test(full_room_forgets_blocks_and_keeps_its_counts),
		cmocka_unit_test(acks_share_the_looks_at_many_ranges),
		cmocka_unit_test(a_full_room_is_not_squeezed_for_each_block),
		cmocka_unit_test(larger_room_takes_everything_over),
		cmocka_unit_test(rfc8985_6_2_order_within_a_grain_is_kept),
		cmocka_unit_test(losses_are_told_once),
		cmocka_unit_test(rfc2883_4_first_block_tells_duplicates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
