/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock leaps, as when the process was stopped or the machine asleep: by what 32 bits of
 * microseconds or of the wheel's ticks tell apart, and by what they do not.
 */
#include "sim/bulk.h"
#include "sim/pair.h"

#define DAY (24 * HOUR)
#define RTT (40 * MS)

/* Of leaps: all; those after which timestamps are not older than before (RFC 7323 section 5.2). */
#define LEAPS	    16
#define LEAPS_SHORT 14

static const uint64_t leaps[LEAPS] = {
	SEC,	     3 * SEC,	   5 * MINUTE, 36 * MINUTE, 40 * MINUTE, 71 * MINUTE,
	72 * MINUTE, 107 * MINUTE, 9 * HOUR,   10 * HOUR,   15 * HOUR,	 19 * HOUR,
	20 * HOUR,   40 * HOUR,	   30 * DAY,   60 * DAY,
};

static struct world world;

static struct nsk_wire_params wire(uint32_t loss_ppm)
{
	return (struct nsk_wire_params){
		.delay_ns = RTT / 2, .rate_bps = 10000000, .loss_ppm = loss_ppm, .seed = 1};
}

static void begin(const char *const *settings)
{
	world_pair(&world,
		   &(struct world_params){.seed = 1, .settings = settings, .wire = wire(0)});
}

static void leap(unsigned i)
{
	world.now_ns += leaps[i];
}

static struct tcp_info info(int fd)
{
	struct bulk b = {.world = &world, .fd = {fd, -1}};

	return bulk_info(&b);
}

/* With full windows: both ends go on at once, and took no round trip of it. */
static void transfers_go_on(const char *control)
{
	for (unsigned i = 0; i < LEAPS_SHORT; i++) {
		struct bulk b;

		begin(NULL);
		bulk_open(&b, &world, 5000, control);
		bulk_run(&b, 1, 2 * SEC);
		leap(i);
		bulk_run(&b, 1, 3 * SEC);
		assert_true(bulk_bps(&b, 1, 2 * SEC) > 8500000);
		assert_in_range(bulk_info(&b).tcpi_rtt, RTT / 1000, SEC / 1000);
		assert_in_range(bulk_info(&b).tcpi_min_rtt, 1, SEC / 1000);
		assert_in_range(bulk_info(&b).tcpi_rto, 200000, 3000000);
		bulk_close(&b);
		pair_finish(&world);
	}
}

static void cubic_goes_on(void **state)
{
	(void)state;
	transfers_go_on("cubic");
}

static void bbr_goes_on(void **state)
{
	(void)state;
	transfers_go_on("bbr");
}

/* One segment was lost, and nothing but the timeout tells. */
static void the_timeout_comes_at_once_rfc6298(void **state)
{
	static const char *const settings[] = {"tcp.sack=false", NULL};

	(void)state;
	for (unsigned i = 0; i < LEAPS; i++) {
		struct nsk_wire_params all = wire(1000000), none = wire(0);
		uint64_t start;
		int listener, fd[2];
		char c;

		begin(settings);
		world_connected(&world, 5000, &listener, fd);
		nsk_wire_set(world.wire, 0, &all);
		world_send(&world, fd[0], "x", 1);
		world_run(&world, 100 * MS, NULL, NULL);
		nsk_wire_set(world.wire, 0, &none);
		leap(i);
		start = world.now_ns;
		world_recv(&world, fd[1], &c, 1);
		assert_in_range(world.now_ns - start, 0, 200 * MS);
		pair_close(&world, listener, fd);
		pair_finish(&world);
	}
}

/* The SYN,ACK is on its way: the handshake goes on, and is no round trip of hours. */
static void handshakes_go_on(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEAPS_SHORT; i++) {
		int listener, fd[2];

		begin(NULL);
		pair_acquaint(&world);
		listener = world_listen(&world, 1, 5000, 4);
		fd[0] = world_connect(&world, 0, "10.0.0.2", 5000);
		world_run(&world, RTT / 2 + 5 * MS, NULL, NULL);
		assert_int_equal(world_levels(&world, 1).tcp_embryonic, 1);
		leap(i);
		fd[1] = world_accept(&world, listener);
		assert_in_range(info(fd[1]).tcpi_rtt, 0, 4 * SEC / 1000);
		assert_in_range(info(fd[0]).tcpi_rtt, 0, 4 * SEC / 1000);
		pair_close(&world, listener, fd);
		pair_finish(&world);
	}
}

static void time_wait_ends(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEAPS; i++) {
		int listener, fd[2];

		begin(NULL);
		world_connected(&world, 5000, &listener, fd);
		pair_close(&world, listener, fd);
		world_run(&world, SEC, NULL, NULL);
		assert_int_equal(world_levels(&world, 0).tcp_time_wait, 1);
		leap(i);
		world_run(&world, SEC, NULL, NULL);
		assert_int_equal(world_levels(&world, 0).tcp_time_wait, leaps[i] < MINUTE);
		pair_finish(&world);
	}
}

/* Two hours of sleep because there is nothing to do are no leap: the probe is on time. */
static void sleeping_until_the_next_deadline_is_no_leap(void **state)
{
	int listener, fd[2];

	(void)state;
	begin(NULL);
	world_connected(&world, 5000, &listener, fd);
	world_setsockopt(fd[0], SOL_SOCKET, SO_KEEPALIVE, 1);
	world_run(&world, 7199 * SEC, NULL, NULL);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_TCP_KEEPALIVES), 0);
	world_run(&world, 2 * SEC, NULL, NULL);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_TCP_KEEPALIVES), 1);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(cubic_goes_on),
		world_test(bbr_goes_on),
		world_test(the_timeout_comes_at_once_rfc6298),
		world_test(handshakes_go_on),
		world_test(time_wait_ends),
		world_test(sleeping_until_the_next_deadline_is_no_leap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
