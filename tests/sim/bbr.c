/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BBR in whole connections over a bottleneck: draft-ietf-ccwg-bbr-06. 10 Mbit/s and a round trip of
 * 40 ms, unless a test says otherwise: a BDP of 50 kB.
 */
#include <errno.h>
#include <string.h>

#include "sim/bulk.h"
#include "sim/pair.h"
#include "sock/handle.h"
#include "tcpalg/cc_bbr.h"

#define RATE	 10000000u
#define PAYLOAD	 (RATE / 1514.0 * 1448) /* of full segments with timestamps */
#define SHARE(x) ((uint64_t)(PAYLOAD * (x)))
#define RTT_US	 40000u

static const char *const settings[] = {"pool.buffers=16384", NULL};

static struct world world;
static struct bulk b[2];

static void link_with(struct nsk_wire_params wire)
{
	wire.delay_ns = wire.delay_ns ? wire.delay_ns : RTT_US * 500;
	wire.rate_bps = wire.rate_bps ? wire.rate_bps : RATE;
	world_pair(&world, &(struct world_params){.seed = 3, .settings = settings, .wire = wire});
}

static void end(unsigned flows)
{
	for (unsigned i = 0; i < flows; i++)
		bulk_close(&b[i]);
	pair_finish(&world);
}

static const struct bbr *model(void)
{
	const struct tcp_conn *c = conn_of_sock(handle_at(b[0].fd[0])->sock);

	assert_non_null(cc_model(&c->cc));
	return (const struct bbr *)cc_model(&c->cc);
}

/* The round trip that TCP_INFO shows in the next so many seconds: the mean, and the longest. */
static uint32_t watch_rtt_us(unsigned seconds, uint32_t *worst)
{
	uint64_t sum = 0;

	*worst = 0;
	for (unsigned i = 0; i < 20 * seconds; i++) {
		uint32_t rtt_us;

		bulk_run(b, 1, 50 * MS);
		rtt_us = bulk_info(&b[0]).tcpi_rtt;
		*worst = NSK_MAX(*worst, rtt_us);
		sum += rtt_us;
	}
	return (uint32_t)(sum / (20 * seconds));
}

static void the_link_is_used_and_the_queue_stays_short(void **state)
{
	uint32_t worst_us;

	(void)state;
	link_with((struct nsk_wire_params){0});
	bulk_open(&b[0], &world, 5001, "bbr");
	bulk_run(b, 1, 3 * SEC);
	assert_in_range(bulk_bps(b, 1, 20 * SEC), SHARE(0.90), SHARE(1.0));
	/* An eighth of the BDP waits; while probing less than one. */
	assert_in_range(watch_rtt_us(20, &worst_us), RTT_US, RTT_US * 12 / 10);
	assert_true(worst_us < 2 * RTT_US);
	assert_int_equal(bulk_info(&b[0]).tcpi_total_retrans, 0);
	assert_in_range(bulk_info(&b[0]).tcpi_pacing_rate * 8, SHARE(0.5), SHARE(1.3));
	end(1);
}

/* Startup overflows a queue of one BDP. While that is repaired no window but BBR's own may hold it
 * back: a round without data would be taken for the path's rate. */
static void startups_losses_cost_little_section_5_3_1_3(void **state)
{
	static const struct {
		uint32_t rates, rtt_ms;
	} link[] = {{10, 10}, {100, 2}, {30, 20}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint32_t rate = link[i].rates * RATE, rtt_ms = link[i].rtt_ms;

		link_with((struct nsk_wire_params){.rate_bps = rate,
						   .delay_ns = rtt_ms * MS / 2,
						   .queue_bytes = rate / 8000 * rtt_ms});
		bulk_open(&b[0], &world, 5001, "bbr");
		bulk_run(b, 1, 15 * rtt_ms * MS);
		assert_true(bulk_info(&b[0]).tcpi_total_retrans > 0);
		assert_true(bulk_bps(b, 1, 100 * rtt_ms * MS) >
			    (uint64_t)link[i].rates * SHARE(0.95));
		end(1);
	}
}

/* CUBIC fills whatever queue there is. */
static void the_queue_is_shorter_than_cubics(void **state)
{
	uint32_t rtt_us[2], worst_us;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		link_with((struct nsk_wire_params){.queue_bytes = 150000});
		bulk_open(&b[0], &world, 5001, i ? "bbr" : "cubic");
		bulk_run(b, 1, 40 * SEC);
		rtt_us[i] = watch_rtt_us(20, &worst_us);
		end(1);
	}
	assert_true(rtt_us[0] - RTT_US > 4 * (rtt_us[1] - RTT_US));
}

static uint64_t goodput_with_loss(const char *control, uint32_t loss_ppm)
{
	uint64_t bps;

	link_with((struct nsk_wire_params){.loss_ppm = loss_ppm});
	bulk_open(&b[0], &world, 5001, control);
	bulk_run(b, 1, 10 * SEC);
	bps = bulk_bps(b, 1, 60 * SEC);
	end(1);
	return bps;
}

static void random_losses_are_no_congestion(void **state)
{
	uint64_t cubic = goodput_with_loss("cubic", 10000), bbr = goodput_with_loss("bbr", 10000);

	(void)state;
	assert_true(bbr > 2 * cubic);
	assert_true(bbr > SHARE(0.75));
}

/*
 * Ten times as fast, several losses each round trip. The peer's window waits behind the holes,
 * which says nothing of the path; and what is sent again is what was lost, no more.
 */
static void random_losses_do_not_hide_what_a_fast_link_carries(void **state)
{
	struct tcp_info i;

	(void)state;
	link_with((struct nsk_wire_params){.loss_ppm = 10000, .rate_bps = 10 * RATE});
	bulk_open(&b[0], &world, 5001, "bbr");
	bulk_run(b, 1, 5 * SEC);
	assert_true(bulk_bps(b, 1, 15 * SEC) > 10 * SHARE(0.75));
	i = bulk_info(&b[0]);
	assert_in_range(i.tcpi_total_retrans, i.tcpi_delivered / 200, i.tcpi_delivered / 50);
	end(1);
}

/* Chance takes six of the first few hundred segments now and then: startup goes on. */
static void random_losses_do_not_end_startup(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		world_pair(&world, &(struct world_params){.seed = seed,
							  .settings = settings,
							  .wire = {.delay_ns = 25 * MS,
								   .rate_bps = 5 * RATE,
								   .loss_ppm = 10000}});
		bulk_open(&b[0], &world, 5001, "bbr");
		bulk_run(b, 1, 2 * SEC);
		assert_true(model()->max_bw * 8 > 5 * SHARE(0.9));
		end(1);
	}
}

static void a_shallow_queue_is_enough(void **state)
{
	struct tcp_info i;

	(void)state;
	link_with((struct nsk_wire_params){.queue_bytes = 10 * 1514});
	bulk_open(&b[0], &world, 5001, "bbr");
	bulk_run(b, 1, 5 * SEC);
	assert_true(bulk_bps(b, 1, 30 * SEC) > SHARE(0.85));
	i = bulk_info(&b[0]);
	/* Losses that probing costs: a few percent at most. */
	assert_true(i.tcpi_total_retrans < i.tcpi_delivered / 25);
	end(1);
}

static void two_flows_share(void **state)
{
	uint64_t before[2];

	(void)state;
	link_with((struct nsk_wire_params){.queue_bytes = 100000});
	bulk_open(&b[0], &world, 5001, "bbr");
	bulk_run(b, 1, 5 * SEC);
	bulk_open(&b[1], &world, 5002, "bbr");
	bulk_run(b, 2, 25 * SEC);
	before[0] = b[0].received;
	before[1] = b[1].received;
	bulk_run(b, 2, 40 * SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_in_range((b[i].received - before[i]) * 8 / 40, SHARE(0.30), SHARE(0.70));
	assert_true((b[0].received + b[1].received - before[0] - before[1]) * 8 / 40 > SHARE(0.9));
	end(2);
}

/* All states of steady sending, and every five seconds at most the path runs nearly empty. */
static void it_goes_through_all_of_its_states_section_5_3(void **state)
{
	uint64_t last_ns = 0, longest_ns = 0;
	unsigned seen = 0, entered = 0, was = BBR_STARTUP;
	uint32_t least_unacked = UINT32_MAX;

	(void)state;
	link_with((struct nsk_wire_params){0});
	bulk_open(&b[0], &world, 5001, "bbr");
	last_ns = world.now_ns;
	for (uint64_t end_ns = world.now_ns + 30 * SEC; world.now_ns < end_ns;) {
		const struct bbr *m = model();

		seen |= 1u << m->state;
		if (m->state == BBR_PROBE_RTT) {
			least_unacked =
				NSK_MIN(least_unacked, bulk_info(&b[0]).tcpi_unacked * 1448);
			if (was != BBR_PROBE_RTT) {
				entered++;
				longest_ns = NSK_MAX(longest_ns, world.now_ns - last_ns);
				last_ns = world.now_ns;
			}
		}
		was = m->state;
		bulk_run(b, 1, 5 * MS);
	}
	assert_int_equal(seen, (1u << (BBR_PROBE_RTT + 1)) - 1);
	assert_in_range(entered, 3, 6);
	assert_true(longest_ns < 11 * SEC); /* a lower round trip puts it off */
	assert_in_range(least_unacked, 4 * 1448, 30000);
	/* What goes over the wire in between is the least there is, and a segment's time on it. */
	assert_in_range(model()->min_rtt_us, RTT_US, RTT_US + 6000);
	end(1);
}

/* The link becomes five times as fast, then as slow again. */
static void it_follows_the_bottleneck_section_5_3_3(void **state)
{
	struct nsk_wire_params wire = {.delay_ns = RTT_US * 500, .rate_bps = 5 * RATE};
	uint32_t worst_us;

	(void)state;
	link_with((struct nsk_wire_params){0});
	bulk_open(&b[0], &world, 5001, "bbr");
	bulk_run(b, 1, 10 * SEC);
	nsk_wire_set(world.wire, 0, &wire);
	nsk_wire_set(world.wire, 1, &wire);
	bulk_run(b, 1, 15 * SEC);
	assert_true(bulk_bps(b, 1, 10 * SEC) > 5 * SHARE(0.85));
	wire.rate_bps = RATE;
	nsk_wire_set(world.wire, 0, &wire);
	bulk_run(b, 1, 20 * SEC);
	assert_true(bulk_bps(b, 1, 10 * SEC) > SHARE(0.85));
	assert_true(watch_rtt_us(5, &worst_us) < 2 * RTT_US);
	end(1);
}

/* After a pause it goes on at the rate that it knew, without a burst. */
static void it_goes_on_after_a_pause_section_5_4(void **state)
{
	(void)state;
	link_with((struct nsk_wire_params){.queue_bytes = 30000});
	bulk_open(&b[0], &world, 5001, "bbr");
	bulk_run(b, 1, 10 * SEC);
	b[0].quiet = true;
	bulk_run(b, 1, 20 * SEC);
	b[0].quiet = false;
	bulk_run(b, 1, 100 * MS);
	assert_true(bulk_bps(b, 1, SEC) > SHARE(0.85));
	end(1);
}

static void a_limit_holds_below_the_models_rate(void **state)
{
	uint64_t rate = 100000;

	(void)state;
	link_with((struct nsk_wire_params){0});
	bulk_open(&b[0], &world, 5001, "bbr");
	bulk_run(b, 1, 5 * SEC);
	assert_int_equal(
		nsk_setsockopt(b[0].fd[0], SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate)), 0);
	bulk_run(b, 1, 5 * SEC);
	assert_in_range(bulk_bps(b, 1, 5 * SEC) / 8, 95000, 102000);
	assert_in_range(bulk_info(&b[0]).tcpi_pacing_rate, 85000, 100000);
	end(1);
}

/* Back and forth, in the middle of losses as well. */
static void it_may_be_chosen_at_any_time(void **state)
{
	static const char *const controls[] = {"bbr", "reno", "bbr", "bbr", "cubic", "bbr"};

	(void)state;
	link_with((struct nsk_wire_params){.loss_ppm = 30000});
	bulk_open(&b[0], &world, 5001, "cubic");
	for (unsigned i = 0; i < 60; i++) {
		const char *control = controls[i % 6];

		assert_int_equal(nsk_setsockopt(b[0].fd[0], IPPROTO_TCP, TCP_CONGESTION, control,
						(socklen_t)strlen(control)),
				 0);
		assert_true(bulk_bps(b, 1, 700 * MS + i * 10 * MS) > 0);
	}
	end(1);
}

/* As the setting; handed on by a listener; without memory CUBIC serves. */
static void it_is_a_setting_and_gives_way_without_memory(void **state)
{
	static const char *const bbr[] = {"tcp.congestion=bbr", NULL};
	char name[16] = "";
	socklen_t len = sizeof(name);

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 3, .settings = bbr});
	bulk_open(&b[0], &world, 5001, NULL);
	assert_int_equal(nsk_getsockopt(b[0].fd[1], IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, "bbr");
	end(1);

	link_with((struct nsk_wire_params){0});
	bulk_open(&b[0], &world, 5001, NULL);
	bulk_info(&b[0]); /* its samples are there; the state is not */
	world_worker(&world, 0)->mem->fail_at = 1;
	assert_int_equal(nsk_setsockopt(b[0].fd[0], IPPROTO_TCP, TCP_CONGESTION, "bbr", 3), -1);
	assert_int_equal(errno, ENOBUFS);
	len = sizeof(name);
	assert_int_equal(nsk_getsockopt(b[0].fd[0], IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, "cubic");
	assert_true(bulk_bps(b, 1, SEC) > 0);
	end(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_link_is_used_and_the_queue_stays_short),
		world_test(the_queue_is_shorter_than_cubics),
		world_test(random_losses_are_no_congestion),
		world_test(random_losses_do_not_hide_what_a_fast_link_carries),
		world_test(random_losses_do_not_end_startup),
		world_test(a_shallow_queue_is_enough),
		world_test(two_flows_share),
		world_test(startups_losses_cost_little_section_5_3_1_3),
		world_test(it_goes_through_all_of_its_states_section_5_3),
		world_test(it_follows_the_bottleneck_section_5_3_3),
		world_test(it_goes_on_after_a_pause_section_5_4),
		world_test(a_limit_holds_below_the_models_rate),
		world_test(it_may_be_chosen_at_any_time),
		world_test(it_is_a_setting_and_gives_way_without_memory),
	};

	return world_main(tests);
}
