/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/forward_options.c: what a router does to options of IPv4. */
#include "forward_world.h"

/* What of the options arrives; len 0: nothing does. */
static const uint8_t *options_after(struct net_world *world, const uint8_t *options, uint8_t len)
{
	static uint8_t after[40];
	struct ipv4_view ip;

	come(world,
	     &(struct made){
		     .src = PEER, .dst = NEAR, .options = options, .options_len = len, .len = 20});
	assert_int_equal(world->nsent, 1);
	nw_sent_ip(world, 0, NULL, &ip);
	memcpy(after, rte_pktmbuf_mtod_offset(world->sent[0], uint8_t *, IPV4_HLEN), len);
	nw_forget_sent(world);
	return after;
}

static void test_the_route_is_recorded_RFC1812_5_3_13_5(void **state)
{
	static const uint8_t empty[] = {1, 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0},
			     once[] = {1, 7, 11, 8, 10, 0, 0, 1, 0, 0, 0, 0},
			     full[] = {1, 7, 11, 12, 9, 9, 9, 9, 8, 8, 8, 8};
	struct net_world *world = *state;

	assert_memory_equal(options_after(world, empty, 12), once, 12);
	assert_memory_equal(options_after(world, full, 12), full, 12);
}

static uint64_t some_time_of_day(struct nsk_worker *w)
{
	return UINT64_C(86400000) * MS * 20000 + 5000 * MS - w->now_ns;
}

static void test_the_time_is_recorded_RFC1812_5_3_13_6(void **state)
{
	static const uint8_t times[] = {68, 8, 5, 0, 0, 0, 0, 0},
			     both[] = {68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0},
			     ours[] = {68, 12, 5, 3, 10, 0, 0, 1, 0, 0, 0, 0},
			     theirs[] = {68, 12, 5, 3, 10, 0, 0, 2, 0, 0, 0, 0},
			     full[] = {68, 8, 9, 0xe0, 1, 2, 3, 4};
	struct net_world *world = *state;
	struct worker_ops ops = *world->w.ops;
	const uint8_t *after;

	ops.since_1970_ns = some_time_of_day;
	world->w.ops = &ops;
	after = options_after(world, times, 8);
	assert_int_equal(after[2], 9);
	assert_int_equal(load_be32(after + 4), 5000);
	after = options_after(world, both, 12);
	assert_int_equal(after[2], 13);
	assert_int_equal(load_be32(after + 4), IF1_ADDR);
	assert_int_equal(load_be32(after + 8), 5000);
	after = options_after(world, ours, 12);
	assert_int_equal(after[2], 13);
	assert_int_equal(load_be32(after + 8), 5000);
	assert_memory_equal(options_after(world, theirs, 12), theirs, 12);
	assert_int_equal(options_after(world, full, 8)[3], 0xf0);
	world->w.ops = &nw_ops; /* it is not known */
	assert_int_equal(options_after(world, times, 8)[4] & 0x80, 0x80);
}

/* RFC 1812 §4.3.3.5: the octet is named, from the packet's begin. */
static void test_options_that_are_wrong(void **state)
{
	static const uint8_t low[] = {7, 7, 3, 0, 0, 0, 0, 0}, odd[] = {1, 7, 7, 6, 0, 0, 0, 0},
			     early[] = {68, 8, 4, 0, 0, 0, 0, 0},
			     flag[] = {68, 8, 5, 2, 0, 0, 0, 0},
			     over[] = {68, 8, 9, 0xf0, 0, 0, 0, 0},
			     half[] = {68, 8, 5, 1, 0, 0, 0, 0};
	static const struct {
		const uint8_t *options;
		uint8_t at;
	} rows[] = {{low, 22}, {odd, 23}, {early, 22}, {flag, 23}, {over, 23}, {half, 22}};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		come(world, &(struct made){.src = PEER,
					   .dst = NEAR,
					   .options = rows[i].options,
					   .options_len = 8,
					   .len = 20});
		assert_int_equal(complaint(world, IF0_ADDR, PEER, ICMP_PARAMETER_PROBLEM, 0),
				 (uint32_t)rows[i].at << 24);
		dropped(world, NSK_DROP_IP_OPTIONS);
	}
}

static void test_other_options_stay_and_source_routes_are_refused(void **state)
{
	static const uint8_t alert[] = {148, 4, 0, 0, 130, 3, 7, 0}, /* RFC 2113, and one unknown */
		lsrr[] = {131, 7, 4, 8, 8, 8, 8, 0};
	struct net_world *world = *state;

	assert_memory_equal(options_after(world, alert, 8), alert, 8);
	world->w.cnt[NSK_CNT_IP_FORWARDED] = 0;
	come(world,
	     &(struct made){
		     .src = PEER, .dst = NEAR, .options = lsrr, .options_len = 8, .len = 20});
	dropped(world, NSK_DROP_IP_OPTIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_route_is_recorded_RFC1812_5_3_13_5),
		TEST(test_the_time_is_recorded_RFC1812_5_3_13_6),
		TEST(test_options_that_are_wrong),
		TEST(test_other_options_stay_and_source_routes_are_refused),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
