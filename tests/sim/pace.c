/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Delivery rate samples and pacing of whole connections: SO_MAX_PACING_RATE, and what TCP_INFO says
 * of rates. draft-ietf-ccwg-bbr-06 sections 4.1 and 5.6.2.
 */
#include <errno.h>
#include <string.h>

#include "sim/bulk.h"
#include "sim/pair.h"

#define PAYLOAD(bps) ((bps) / 1514 * 1448) /* of full segments with timestamps */

/* Buffers for what a fast link has on its way. */
static const char *const settings[] = {"pool.buffers=16384", NULL};

/* A rate that no link here has: samples are taken, and nothing waits. */
#define NO_LIMIT (UINT64_C(1) << 40)

static struct world world;
static struct bulk b;

static void start_seed(uint64_t seed, uint64_t rate_bps, uint32_t loss_ppm)
{
	world_pair(
		&world,
		&(struct world_params){
			.seed = seed,
			.settings = settings,
			.wire = {.delay_ns = 10 * MS, .rate_bps = rate_bps, .loss_ppm = loss_ppm},
		});
	bulk_open(&b, &world, 5001, NULL);
}

static void start(uint64_t rate_bps, uint32_t loss_ppm)
{
	start_seed(7, rate_bps, loss_ppm);
}

static void end(void)
{
	bulk_close(&b);
	pair_finish(&world);
}

static void limit(int fd, uint64_t rate)
{
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate)),
			 0);
}

static uint64_t limit_of(int fd)
{
	uint64_t rate = 0;
	socklen_t len = sizeof(rate);

	assert_int_equal(nsk_getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &len), 0);
	assert_int_equal(len, sizeof(rate));
	return rate;
}

/* 4 % and 4 KB: headers are not paced, and the last quantum may be under way. */
static void assert_about(uint64_t is, uint64_t wanted)
{
	assert_in_range(is, wanted - wanted / 25 - 1024, wanted + wanted / 25 + 4096);
}

/* Where nothing is paced: what Linux would pace at, of a window in congestion avoidance or not. */
static uint64_t window_rate(unsigned percent)
{
	struct tcp_info i = bulk_info(&b);

	return (uint64_t)i.tcpi_snd_cwnd * i.tcpi_snd_mss * 10000 * percent / i.tcpi_rtt;
}

static void a_limit_holds_on_an_empty_link_section_5_6_2(void **state)
{
	static const uint64_t rates[] = {2000, 50000, 1000000, 50000000};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		start(0, 0);
		limit(b.fd[0], rates[i]);
		bulk_run(&b, 1, 2 * SEC);
		assert_about(bulk_bps(&b, 1, 4 * SEC) / 8, rates[i]);
		assert_int_equal(bulk_info(&b).tcpi_pacing_rate, rates[i]);
		assert_int_equal(bulk_info(&b).tcpi_max_pacing_rate, rates[i]);
		assert_int_equal(world_counter(&world, 0, NSK_CNT_TCP_RTO), 0);
		assert_int_equal(world_counter(&world, 0, NSK_CNT_TCP_ZERO_WINDOW_PROBES), 0);
		end();
	}
}

/* Nothing waits any longer for the gap that the old limit asked for. */
static void a_raised_limit_counts_at_once(void **state)
{
	(void)state;
	start(0, 0);
	limit(b.fd[0], 100);
	bulk_run(&b, 1, 2 * SEC);
	limit(b.fd[0], 1000000);
	assert_about(bulk_bps(&b, 1, 4 * SEC) / 8, 1000000);
	end();
}

/* Quanta, not bursts: a queue of a few packets loses nothing. */
static void paced_segments_fit_a_short_queue(void **state)
{
	(void)state;
	world_pair(&world, &(struct world_params){
				   .seed = 7,
				   .settings = settings,
				   .wire = {.delay_ns = 10 * MS,
					    .rate_bps = 100000000,
					    .queue_bytes = 12 * 1514},
			   });
	bulk_open(&b, &world, 5001, NULL);
	limit(b.fd[0], 10000000);
	bulk_run(&b, 1, 5 * SEC);
	assert_int_equal(bulk_info(&b).tcpi_total_retrans, 0);
	assert_about(bulk_bps(&b, 1, 4 * SEC) / 8, 10000000);
	end();
}

static void a_limit_that_is_taken_away_is_gone(void **state)
{
	(void)state;
	start(100000000, 0);
	limit(b.fd[0], 100000);
	assert_about(bulk_bps(&b, 1, 4 * SEC) / 8, 100000);
	limit(b.fd[0], UINT64_MAX);
	assert_about(bulk_info(&b).tcpi_pacing_rate, window_rate(200));
	bulk_run(&b, 1, 4 * SEC);
	assert_about(bulk_bps(&b, 1, 4 * SEC), PAYLOAD(UINT64_C(100000000)));
	end();
}

static void a_limit_of_0_is_none_as_in_linux(void **state)
{
	(void)state;
	start(100000000, 0);
	limit(b.fd[0], 0);
	assert_int_equal(limit_of(b.fd[0]), 0);
	limit(b.fd[0], 100000);
	assert_about(bulk_bps(&b, 1, 4 * SEC) / 8, 100000);
	limit(b.fd[0], 0);
	assert_int_equal(limit_of(b.fd[0]), 0);
	assert_int_equal(bulk_info(&b).tcpi_max_pacing_rate, 0);
	assert_int_equal(bulk_info(&b).tcpi_pacing_rate, 0);
	bulk_run(&b, 1, 4 * SEC);
	assert_about(bulk_bps(&b, 1, 4 * SEC), PAYLOAD(UINT64_C(100000000)));
	limit(b.fd[0], UINT64_MAX);
	assert_about(bulk_info(&b).tcpi_pacing_rate, window_rate(120));
	end();
}

/* Retransmissions wait their turn as well, and all comes to its end. */
static void a_limit_holds_while_losses_are_repaired(void **state)
{
	uint64_t left;

	(void)state;
	start(0, 20000);
	limit(b.fd[0], 200000);
	bulk_run(&b, 1, 20 * SEC);
	assert_in_range(b.received, 20 * 150000, 20 * 204000);
	assert_true(bulk_info(&b).tcpi_total_retrans > 20);
	b.quiet = true;
	left = bulk_info(&b).tcpi_notsent_bytes;
	bulk_run(&b, 1, (left / 150000 + 5) * SEC);
	assert_int_equal(bulk_info(&b).tcpi_unacked, 0);
	assert_int_equal(bulk_info(&b).tcpi_notsent_bytes, 0);
	end();
}

static void the_last_octets_and_the_fin_are_paced(void **state)
{
	static uint8_t data[100000];
	uint64_t begin;

	(void)state;
	start(0, 0);
	limit(b.fd[0], 50000);
	world_send(&world, b.fd[0], data, sizeof(data));
	begin = world.now_ns;
	nsk_close(b.fd[0]);
	world_recv(&world, b.fd[1], data, sizeof(data));
	world_expect_eof(&world, b.fd[1]);
	assert_in_range(world.now_ns - begin, 1900 * MS, 2100 * MS);
	nsk_close(b.fd[1]);
	nsk_close(b.listener);
	pair_finish(&world);
}

static void the_option_has_two_widths_and_is_handed_on(void **state)
{
	uint32_t rate = 123456;
	socklen_t len = sizeof(rate);
	int fd[2], listener;

	(void)state;
	start(0, 0);
	assert_true(limit_of(b.fd[0]) == UINT64_MAX);
	assert_int_equal(nsk_setsockopt(b.fd[0], SOL_SOCKET, SO_MAX_PACING_RATE, &rate, 4), 0);
	assert_int_equal(limit_of(b.fd[0]), 123456);
	rate = 0;
	assert_int_equal(nsk_getsockopt(b.fd[0], SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &len), 0);
	assert_int_equal(rate, 123456);
	assert_int_equal(len, 4);
	rate = UINT32_MAX;
	assert_int_equal(nsk_setsockopt(b.fd[0], SOL_SOCKET, SO_MAX_PACING_RATE, &rate, 4), 0);
	assert_true(limit_of(b.fd[0]) == UINT64_MAX);
	assert_int_equal(nsk_setsockopt(b.fd[0], SOL_SOCKET, SO_MAX_PACING_RATE, &rate, 3), -1);
	assert_int_equal(errno, EINVAL);
	end();

	world_pair(&world, &(struct world_params){.seed = 7});
	world_enter(&world, 1);
	listener = world_listen(&world, 1, 80, 5);
	limit(listener, 777777);
	fd[0] = world_connect(&world, 0, "10.0.0.2", 80);
	fd[1] = world_accept(&world, listener);
	assert_int_equal(limit_of(fd[1]), 777777);
	assert_true(limit_of(fd[0]) == UINT64_MAX);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

/* Section 4.1: the rate of the bottleneck, whatever the window; each round trip's where nobody
 * wants each ACK's. */
static void info_tells_the_rate_of_the_bottleneck_section_4_1(void **state)
{
	struct tcp_info i;

	(void)state;
	start(10000000, 0);
	bulk_run(&b, 1, 5 * SEC);
	i = bulk_info(&b);
	assert_about(i.tcpi_delivery_rate * 8, PAYLOAD(UINT64_C(10000000)));
	assert_false(i.tcpi_delivery_rate_app_limited);
	limit(b.fd[0], NO_LIMIT);
	bulk_run(&b, 1, 5 * SEC);
	i = bulk_info(&b);
	assert_about(i.tcpi_delivery_rate * 8, PAYLOAD(UINT64_C(10000000)));
	assert_false(i.tcpi_delivery_rate_app_limited);
	assert_in_range((uint64_t)i.tcpi_delivered * 1448, b.received - 200000,
			b.received + 200000);
	assert_int_equal(i.tcpi_max_pacing_rate, NO_LIMIT);
	assert_about(i.tcpi_pacing_rate, window_rate(120));
	end();
}

static void info_tells_the_rate_with_losses(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		start(10000000, 5000);
		if (k)
			limit(b.fd[0], NO_LIMIT);
		bulk_run(&b, 1, 20 * SEC);
		assert_in_range(bulk_info(&b).tcpi_delivery_rate * 8, 1000000, 10000000);
		assert_in_range((uint64_t)bulk_info(&b).tcpi_delivered * 1448, b.received - 300000,
				b.received + 300000);
		end();
	}
}

/* n looks, so far from each other: none sees a faster link than there is. */
static void never_faster(uint64_t rate_bps, unsigned n, uint64_t ns)
{
	while (n--) {
		bulk_run(&b, 1, ns);
		assert_true(bulk_info(&b).tcpi_delivery_rate * 8 <= PAYLOAD(rate_bps) / 100 * 101);
	}
}

/*
 * No round trip, and no ACK, delivers more than the link carries, whatever is lost, sacked and sent
 * again, nor does it look so before the first round trip is over. With less of a BDP than the
 * initial window, and with more.
 */
static void no_round_is_faster_than_the_link(void **state)
{
	static const uint32_t losses_ppm[] = {0, 5000, 20000, 100000};
	static const uint64_t rates_bps[] = {1000000, 10000000, 30000000};

	(void)state;
	for (unsigned k = 0; k < 3 * 4 * 4; k++) {
		uint64_t rate = rates_bps[k % 3];

		start_seed(1 + k / 12, rate, losses_ppm[k / 3 % 4]);
		if (k >= 3 * 12)
			limit(b.fd[0], NO_LIMIT);
		never_faster(rate, 400, MS);
		never_faster(rate, 300, 10 * MS);
		end();
	}
	start(10000000, 20000);
	never_faster(10000000, 2000, 10 * MS);
	end();
}

/* Requests of so many octets, n of them, each some time after the answer. */
static struct tcp_info after_requests(unsigned n, uint32_t octets)
{
	static uint8_t data[1400];

	for (unsigned k = 0; k < n; k++) {
		world_send(&world, b.fd[0], data, octets);
		world_recv(&world, b.fd[1], data, octets);
		world_run(&world, 100 * MS, NULL, NULL);
	}
	return bulk_info(&b);
}

/* Section 4.1.2.4: a request now and then says nothing of the path. */
static void info_says_when_the_application_is_the_limit_section_4_1_2_4(void **state)
{
	struct tcp_info i;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		start(10000000, 0);
		if (k)
			limit(b.fd[0], NO_LIMIT);
		i = after_requests(20, 1000);
		assert_true(i.tcpi_delivery_rate_app_limited);
		assert_in_range(i.tcpi_delivery_rate, 15000, 50000);
		i = after_requests(100, 1000); /* 64 KiB, from which on it is no estimate */
		assert_true(i.tcpi_delivery_rate_app_limited);
		assert_in_range(i.tcpi_delivery_rate, 15000, 50000);
		after_requests(1, 1400);
		i = after_requests(5, 100); /* the path has delivered more */
		assert_true(i.tcpi_delivery_rate_app_limited);
		assert_in_range(i.tcpi_delivery_rate, 20000, 70000);
		bulk_run(&b, 1, 5 * SEC);
		i = bulk_info(&b);
		assert_false(i.tcpi_delivery_rate_app_limited);
		assert_about(i.tcpi_delivery_rate * 8, PAYLOAD(UINT64_C(10000000)));
		end();
	}
}

/* What pauses deliver nothing in says nothing of the path either. */
static void a_pause_is_no_part_of_a_round(void **state)
{
	(void)state;
	start(10000000, 0);
	bulk_run(&b, 1, 5 * SEC);
	b.quiet = true;
	bulk_run(&b, 1, 60 * SEC);
	b.quiet = false;
	for (unsigned k = 0; k < 20; k++) {
		bulk_run(&b, 1, 50 * MS);
		assert_true(bulk_info(&b).tcpi_delivery_rate * 8 > 4000000);
	}
	end();
}

/* Nothing is known before an ACK of data. */
static void no_rate_before_anything_was_delivered(void **state)
{
	(void)state;
	start(0, 0);
	assert_int_equal(bulk_info(&b).tcpi_delivery_rate, 0);
	assert_int_equal(nsk_send(b.fd[0], "x", 1, 0), 1);
	nsk_turn(world.host[0]);
	assert_int_equal(bulk_info(&b).tcpi_unacked, 1);
	assert_int_equal(bulk_info(&b).tcpi_delivery_rate, 0);
	end();
}

/* Without memory for it nothing is sampled or paced, and everything else works. */
static void without_memory_data_goes_on(void **state)
{
	uint64_t rate = 1000;

	(void)state;
	start(0, 0);
	world_worker(&world, 0)->mem->fail_at = 1;
	assert_int_equal(nsk_setsockopt(b.fd[0], SOL_SOCKET, SO_MAX_PACING_RATE, &rate, 8), -1);
	assert_int_equal(errno, ENOBUFS);
	bulk_run(&b, 1, SEC);
	assert_true(b.received > 1000000);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_limit_holds_on_an_empty_link_section_5_6_2),
		world_test(a_raised_limit_counts_at_once),
		world_test(paced_segments_fit_a_short_queue),
		world_test(a_limit_that_is_taken_away_is_gone),
		world_test(a_limit_of_0_is_none_as_in_linux),
		world_test(a_limit_holds_while_losses_are_repaired),
		world_test(the_last_octets_and_the_fin_are_paced),
		world_test(the_option_has_two_widths_and_is_handed_on),
		world_test(info_tells_the_rate_of_the_bottleneck_section_4_1),
		world_test(info_tells_the_rate_with_losses),
		world_test(no_round_is_faster_than_the_link),
		world_test(a_pause_is_no_part_of_a_round),
		world_test(no_rate_before_anything_was_delivered),
		world_test(info_says_when_the_application_is_the_limit_section_4_1_2_4),
		world_test(without_memory_data_goes_on),
	};

	return world_main(tests);
}
