/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/pmtu.c: RFC 1191 §3, §6.3, and who may believe what. */
#include "net_world.h"

#include "net/pmtu.h"

#define TEN_MINUTES_NS (600 * UINT64_C(1000000000))

static struct ip_addr nth(uint32_t n)
{
	uint8_t b[4] = {172, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	return ip_addr_v4(b);
}

static void test_it_gets_narrower_and_wide_again_after_ten_minutes_RFC1191_6_3(void **state)
{
	struct net_world *world = *state;
	struct nsk_worker *w = &world->w;
	struct ip_addr a = nth(1), b = nth(2);

	assert_int_equal(pmtu_to(w, &a, 1500, false), 1500);
	pmtu_learn(w, &a, 1400, false);
	pmtu_learn(w, &a, 1000, false);
	w->now_ns += TEN_MINUTES_NS - 1;
	assert_int_equal(pmtu_to(w, &a, 1500, false), 1000);
	assert_int_equal(pmtu_to(w, &a, 900, false), 900); /* the interface's is less */
	assert_int_equal(pmtu_to(w, &b, 1500, false), 1500);
	pmtu_learn(w, &a, 1400, false); /* neither wider (§3) nor for longer */
	assert_int_equal(pmtu_to(w, &a, 1500, false), 1000);
	w->now_ns++;
	assert_int_equal(pmtu_to(w, &a, 1500, false), 1500);
	pmtu_learn(w, &a, 1400, false);
	assert_int_equal(pmtu_to(w, &a, 1500, false), 1400);
}

static void test_what_may_be_forged_is_not_believed_by_who_wants_to_be_sure(void **state)
{
	struct net_world *world = *state;
	struct nsk_worker *w = &world->w;
	struct ip_addr a = nth(1);

	pmtu_learn(w, &a, 552, false);
	assert_int_equal(pmtu_to(w, &a, 1500, true), 1500);
	pmtu_learn(w, &a, 1200, true);
	assert_int_equal(pmtu_to(w, &a, 1500, true), 1200);
	assert_int_equal(pmtu_to(w, &a, 1500, false), 552);
	pmtu_learn(w, &a, 1000, true);
	assert_int_equal(pmtu_to(w, &a, 1500, true), 1000);
}

static void test_a_flood_of_forged_ones_leaves_those_that_are_sure(void **state)
{
	struct net_world *world = *state;
	struct nsk_worker *w = &world->w;
	unsigned known = 0;

	for (uint32_t i = 0; i < 100; i++) {
		struct ip_addr a = nth(i);

		pmtu_learn(w, &a, 1280, true);
	}
	for (uint32_t i = 1000; i < 21000; i++) {
		struct ip_addr a = nth(i);

		w->now_ns++;
		pmtu_learn(w, &a, 552, false);
	}
	for (uint32_t i = 0; i < 100; i++) {
		struct ip_addr a = nth(i);

		assert_int_equal(pmtu_to(w, &a, 1500, true), 1280);
	}
	/* Bounded: of the others as many are known as there is room for. */
	for (uint32_t i = 1000; i < 21000; i++) {
		struct ip_addr a = nth(i);

		known += pmtu_to(w, &a, 1500, false) == 552;
	}
	assert_in_range(known, 900, 924);
}

static void test_without_memory_nothing_is_known(void **state)
{
	struct net_world *world = *state;
	struct nsk_worker *w = &world->w;
	struct ip_addr a = nth(1);

	w->mem->fail_at = 1;
	pmtu_learn(w, &a, 1000, true);
	assert_int_equal(pmtu_to(w, &a, 1500, true), 1500);
	pmtu_learn(w, &a, 1000, true);
	assert_int_equal(pmtu_to(w, &a, 1500, true), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST(test_it_gets_narrower_and_wide_again_after_ten_minutes_RFC1191_6_3),
		NW_TEST(test_what_may_be_forged_is_not_believed_by_who_wants_to_be_sure),
		NW_TEST(test_a_flood_of_forged_ones_leaves_those_that_are_sure),
		NW_TEST(test_without_memory_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
