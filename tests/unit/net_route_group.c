/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/route_group.c: several paths of one metric, and which of them a flow takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "net/route.h"

#define FLOWS 20000
#define HOPS  5

static struct mem mem;

static struct route hop(unsigned i, uint16_t weight, uint32_t metric)
{
	return (struct route){
		.dst = {.addr = ip_addr_any(AF_INET)},
		.gateway = ip_addr_v4_of(192, 0, 2, (uint8_t)(i + 1)),
		.iface = (uint8_t)i,
		.weight = weight,
		.metric = metric,
	};
}

static struct route_table *table(const uint16_t *weights)
{
	struct route_table *t = route_table_new(&mem, 100);

	for (unsigned i = 0; i < HOPS; i++) {
		struct route r = hop(i, weights[i], 0);

		assert_int_equal(route_add(t, &r), 0);
	}
	return t;
}

/* The hop of each flow over these interfaces. */
static void choose(const struct route_table *t, uint32_t usable, uint8_t *taken)
{
	static const uint8_t to[16] = {8, 8, 8, 8};
	struct rng rng;

	rng_seed(&rng, 5);
	for (unsigned i = 0; i < FLOWS; i++) {
		const struct route_path *p =
			route_lookup(t, AF_INET, to, usable, usable, rng_u32(&rng));

		assert_non_null(p);
		taken[i] = p->iface;
	}
}

static unsigned share_of(const uint8_t *taken, unsigned which)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FLOWS; i++)
		n += taken[i] == which;
	return n;
}

static void assert_near(unsigned is, unsigned want)
{
	assert_in_range(is, want - want / 20, want + want / 20); /* 5 % */
}

static int setup(void **state)
{
	(void)state;
	mem_init(&mem, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(mem.bytes, 0);
	return 0;
}

static void test_flows_are_shared_by_weight(void **state)
{
	static const uint16_t weights[HOPS] = {1, 1, 2, 4, 2};
	struct route_table *t = table(weights);
	static uint8_t taken[FLOWS];

	(void)state;
	choose(t, ~0u, taken);
	for (unsigned i = 0; i < HOPS; i++)
		assert_near(share_of(taken, i), FLOWS * weights[i] / 10);
	route_table_free(t);
}

static void test_large_weights_are_kept_to(void **state)
{
	static const uint16_t weights[HOPS] = {256, 64, 64, 64, 64};
	struct route_table *t = table(weights);
	static uint8_t taken[FLOWS];

	(void)state;
	choose(t, ~0u, taken);
	for (unsigned i = 0; i < HOPS; i++)
		assert_near(share_of(taken, i), i ? FLOWS / 8 : FLOWS / 2);
	route_table_free(t);
}

/* One that cannot be used, or that is deleted, hands its own flows to the others by their weights;
 * when it is back it has the same again. */
static void test_who_goes_moves_no_flows_but_its_own(void **state)
{
	static const uint16_t weights[HOPS] = {1, 1, 1, 1, 1};
	struct route_table *t = table(weights);
	static uint8_t before[FLOWS], down[FLOWS], gone[FLOWS], again[FLOWS];
	struct route r = hop(2, 1, 0);

	(void)state;
	choose(t, ~0u, before);
	choose(t, ~(1u << 2), down);
	assert_int_equal(route_del(t, &r), 0);
	choose(t, ~0u, gone);
	assert_int_equal(route_add(t, &r), 0);
	choose(t, ~0u, again);
	for (unsigned i = 0; i < FLOWS; i++) {
		if (before[i] != 2)
			assert_int_equal(down[i], before[i]);
		assert_int_not_equal(down[i], 2);
		assert_int_equal(gone[i], down[i]);
		assert_int_equal(again[i], before[i]);
	}
	for (unsigned i = 0; i < HOPS; i++)
		if (i != 2)
			assert_near(share_of(down, i), FLOWS / 4);
	route_table_free(t);
}

/* Two routers with the same hops in the same order send a flow by the same one, whatever the
 * gateways' addresses are. */
static void test_the_choice_is_of_the_place_in_the_group(void **state)
{
	static const uint16_t weights[HOPS] = {3, 1, 1, 1, 1};
	struct route_table *t = table(weights), *other = route_table_new(&mem, 100);
	static uint8_t a[FLOWS], b[FLOWS];

	(void)state;
	for (unsigned i = 0; i < HOPS; i++) {
		struct route r = hop(i, weights[i], 0);

		r.gateway.b[0] = 10;
		assert_int_equal(route_add(other, &r), 0);
	}
	choose(t, ~0u, a);
	choose(other, ~0u, b);
	assert_memory_equal(a, b, sizeof(a));
	route_table_free(t);
	route_table_free(other);
}

static void test_only_those_of_the_lowest_metric_share(void **state)
{
	struct route_table *t = route_table_new(&mem, 100);
	static uint8_t taken[FLOWS];

	(void)state;
	for (unsigned i = 0; i < HOPS; i++) {
		struct route r = hop(i, 1, i < 2 ? 10 : 20);

		assert_int_equal(route_add(t, &r), 0);
	}
	choose(t, ~0u, taken);
	assert_near(share_of(taken, 0), FLOWS / 2);
	assert_near(share_of(taken, 1), FLOWS / 2);
	choose(t, ~3u, taken);
	assert_near(share_of(taken, 2), FLOWS / 3);
	route_table_free(t);
}

/* A group is there once for all prefixes, and gone with the last of them. */
static void test_prefixes_with_the_same_paths_share_them(void **state)
{
	struct route_table *t = route_table_new(&mem, 2000);
	uint64_t live = mem.live;

	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < 1000; i++) {
			struct route r = hop(0, 0, 0);

			r.dst = (struct ip_prefix){.addr = ip_addr_from_host32(i << 8), .len = 24};
			assert_int_equal(pass ? route_del(t, &r) : route_add(t, &r), 0);
		}
		assert_int_equal(mem.live, live + !pass);
	}
	route_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_flows_are_shared_by_weight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_weights_are_kept_to, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_goes_moves_no_flows_but_its_own, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_choice_is_of_the_place_in_the_group, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_only_those_of_the_lowest_metric_share, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_prefixes_with_the_same_paths_share_them, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
