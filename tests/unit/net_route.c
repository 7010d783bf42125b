/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/route.c: the route table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "base/rng.h"
#include "net/route.h"

#define ORACLE_MAX 600

static struct mem mem;

static struct route route(const char *dst, const char *gateway, uint8_t iface, uint32_t metric)
{
	struct route r = {.iface = iface, .metric = metric};

	assert_int_equal(ip_prefix_parse(&r.dst, dst), 0);
	if (gateway)
		assert_int_equal(ip_addr_parse(&r.gateway, gateway), 0);
	return r;
}

static int add(struct route_table *t, const char *dst, const char *gateway, uint8_t iface,
	       uint32_t metric)
{
	struct route r = route(dst, gateway, iface, metric);

	return route_add(t, &r);
}

static const struct route_path *lookup(const struct route_table *t, const char *addr, uint32_t mask)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(&a, addr), 0);
	return route_lookup(t, a.family, a.b, mask, mask, 0);
}

static int setup(void **state)
{
	mem_init(&mem, NULL);
	*state = route_table_new(&mem, 100);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	route_table_free(*state);
	assert_int_equal(mem.bytes, 0);
	return 0;
}

/* The table of the project's goals, as written there. */
static void test_the_longest_prefix_wins_whatever_its_metric(void **state)
{
	struct route_table *t = *state;

	assert_int_equal(add(t, "0.0.0.0/0", "192.168.1.1", 0, 10), 0);
	assert_int_equal(add(t, "192.168.1.0/24", NULL, 0, 1), 0);
	assert_int_equal(add(t, "10.0.0.0/8", "10.0.0.1", 1, 5), 0);
	assert_int_equal(lookup(t, "10.200.3.4", ~0u)->iface, 1);
	assert_int_equal(lookup(t, "192.168.1.7", ~0u)->metric, 1);
	assert_int_equal(lookup(t, "192.168.2.7", ~0u)->metric, 10);
	assert_int_equal(lookup(t, "11.0.0.1", ~0u)->metric, 10);
	assert_null(lookup(t, "2001:db8::1", ~0u));
}

static void test_lowest_metric_wins_then_the_first_and_the_next_takes_over(void **state)
{
	struct route_table *t = *state;
	struct route r = route("10.0.0.0/8", "192.0.2.2", 1, 5);

	assert_int_equal(add(t, "10.0.0.0/8", "192.0.2.1", 0, 7), 0);
	assert_int_equal(route_add(t, &r), 0);
	assert_int_equal(add(t, "10.0.0.0/8", "192.0.2.3", 2, 5), 0);
	assert_int_equal(lookup(t, "10.1.1.1", ~0u)->iface, 1);
	assert_int_equal(lookup(t, "10.1.1.1", ~(1u << 1))->iface, 2);
	assert_int_equal(lookup(t, "10.1.1.1", 1u << 0)->iface, 0);
	assert_null(lookup(t, "10.1.1.1", 1u << 5));
	assert_int_equal(route_del(t, &r), 0);
	assert_int_equal(lookup(t, "10.1.1.1", ~0u)->iface, 2);
}

static void test_a_shorter_prefix_serves_when_the_longer_one_has_no_usable_interface(void **state)
{
	struct route_table *t = *state;

	assert_int_equal(add(t, "10.0.0.0/8", NULL, 0, 0), 0);
	assert_int_equal(add(t, "10.1.0.0/16", NULL, 1, 0), 0);
	assert_int_equal(lookup(t, "10.1.1.1", ~0u)->iface, 1);
	assert_int_equal(lookup(t, "10.1.1.1", 1u << 0)->iface, 0);
}

static void test_a_preferred_interface_decides_within_a_prefix_but_not_between_prefixes(
	void **state)
{
	struct route_table *t = *state;
	struct ip_addr a = ip_addr_v4_of(10, 1, 1, 1);

	assert_int_equal(add(t, "10.0.0.0/8", NULL, 0, 0), 0);
	assert_int_equal(add(t, "10.1.0.0/16", NULL, 1, 0), 0);
	assert_int_equal(add(t, "10.1.0.0/16", NULL, 2, 9), 0);
	assert_int_equal(route_lookup(t, AF_INET, a.b, 7, 7, 0)->iface, 1);
	assert_int_equal(route_lookup(t, AF_INET, a.b, 7, 5, 0)->iface, 2);
	assert_int_equal(route_lookup(t, AF_INET, a.b, 7, 1, 0)->iface, 1);
	assert_int_equal(route_lookup(t, AF_INET, a.b, 1, 7, 0)->iface, 0);
}

static void test_only_the_very_same_route_is_a_duplicate(void **state)
{
	struct route_table *t = *state;

	assert_int_equal(add(t, "10.0.0.0/8", "192.0.2.1", 0, 7), 0);
	assert_int_equal(add(t, "10.0.0.0/8", "192.0.2.1", 0, 7), -EEXIST);
	assert_int_equal(add(t, "10.0.0.0/8", "192.0.2.1", 0, 8), 0);
	assert_int_equal(add(t, "10.0.0.0/8", "192.0.2.1", 1, 7), 0);
	assert_int_equal(add(t, "10.0.0.0/8", NULL, 0, 7), 0);
	assert_int_equal(route_count(t), 4);
}

static int swap(struct route_table *t, const char *dst, const struct route *gone, unsigned ngone,
		const struct route *come, unsigned ncome, uint32_t *added)
{
	struct ip_prefix prefix;

	assert_int_equal(ip_prefix_parse(&prefix, dst), 0);
	return route_swap(t, &prefix, gone, ngone, come, ncome, added);
}

/* One step: what is somebody else's stays, and is not counted as added. */
static void test_routes_of_a_prefix_are_swapped_in_one_step(void **state)
{
	struct route_table *t = *state;
	struct route a = route("10.0.0.0/8", "192.0.2.1", 0, 5);
	struct route both[] = {route("10.0.0.0/8", "192.0.2.2", 0, 5),
			       route("10.0.0.0/8", "192.0.2.3", 0, 5)};
	uint32_t added;

	both[0].weight = both[1].weight = 1;
	assert_int_equal(swap(t, "10.0.0.0/8", NULL, 0, &a, 1, &added), 1);
	assert_int_equal(added, 1);
	assert_int_equal(add(t, "10.0.0.0/8", "192.0.2.3", 0, 5), 0); /* somebody else's */
	assert_int_equal(swap(t, "10.0.0.0/8", &a, 1, both, 2, &added), 1);
	assert_int_equal(added, 1);
	assert_int_equal(route_count(t), 2);
	assert_int_equal(swap(t, "10.0.0.0/8", both, 1, NULL, 0, &added), 0);
	assert_int_equal(route_count(t), 1);
	assert_int_equal(lookup(t, "10.1.1.1", ~0u)->gateway.b[3], 3);
	assert_int_equal(swap(t, "11.0.0.0/8", both, 1, NULL, 0, &added), 0); /* nothing there */
	assert_int_equal(swap(t, "11.0.0.0/8", NULL, 0, &a, 1, &added), -EINVAL);
	assert_int_equal(route_count(t), 1);
}

static void test_unsound_routes_are_refused(void **state)
{
	struct route_table *t = *state;
	struct route r = route("10.0.0.0/8", NULL, 0, 0);

	assert_int_equal(add(t, "10.0.0.1/8", NULL, 0, 0), -EINVAL);
	assert_int_equal(add(t, "10.0.0.0/8", "2001:db8::1", 0, 0), -EINVAL);
	assert_int_equal(add(t, "10.0.0.0/8", "0.0.0.0", 0, 0), -EINVAL);
	assert_int_equal(add(t, "10.0.0.0/8", "224.0.0.1", 0, 0), -EINVAL);
	assert_int_equal(add(t, "10.0.0.0/8", "255.255.255.255", 0, 0), -EINVAL);
	assert_int_equal(add(t, "10.0.0.0/8", NULL, 32, 0), -EINVAL);
	r.dst.len = 33;
	assert_int_equal(route_add(t, &r), -EINVAL);
	r.dst.addr.family = 0;
	assert_int_equal(route_add(t, &r), -EINVAL);
	assert_int_equal(route_count(t), 0);
	assert_int_equal(route_del(t, &r), -ESRCH);
}

static void test_a_full_table_says_so_and_has_room_again_after_a_deletion(void **state)
{
	struct route_table *t = *state;
	struct route r;

	for (unsigned i = 0; i < 100; i++) {
		r = route("10.0.0.0/24", NULL, 0, i);
		assert_int_equal(route_add(t, &r), 0);
	}
	assert_int_equal(add(t, "10.1.0.0/24", NULL, 0, 0), -ENOSPC);
	assert_int_equal(route_del(t, &r), 0);
	assert_int_equal(add(t, "10.1.0.0/24", NULL, 0, 0), 0);
}

/* Every allocation of a sequence fails once; afterwards the table is as before. */
static void test_without_memory_nothing_changes(void **state)
{
	struct route_table *t = *state;
	unsigned failures = 0;

	for (unsigned i = 0; i < 100; i++) {
		struct route r = route("10.0.0.0/32", NULL, 0, i);

		r.dst.addr.b[3] = (uint8_t)i;
		mem.fail_at = 1;
		if (route_add(t, &r) == -ENOMEM) {
			assert_int_equal(route_count(t), i);
			assert_null(route_lookup(t, AF_INET, r.dst.addr.b, ~0u, 0, 0));
			failures++;
			assert_int_equal(route_add(t, &r), 0);
		}
		mem.fail_at = 0;
		assert_int_equal(route_lookup(t, AF_INET, r.dst.addr.b, ~0u, 0, 0)->metric, i);
	}
	assert_true(failures > 4);
}

static void test_a_table_that_there_is_no_memory_for_is_none(void **state)
{
	struct mem own;
	unsigned n;

	(void)state;
	mem_init(&own, NULL);
	for (n = 1;; n++) {
		struct route_table *t;

		own.fail_at = n;
		t = route_table_new(&own, 100);
		if (t) {
			route_table_free(t);
			break;
		}
		assert_int_equal(own.bytes, 0);
	}
	assert_true(n > 4);
	assert_int_equal(own.bytes, 0);
}

static void test_what_is_deleted_leaves_no_memory_behind(void **state)
{
	struct route_table *t = *state;
	size_t bytes = 0;

	/* More prefixes than the table has room for at a time, in all. */
	for (uint32_t i = 0; i < 20000; i++) {
		struct route r = {.dst = {.addr = ip_addr_from_host32(i * 2654435761u), .len = 32}};
		struct route s = r;

		s.dst.addr.b[3] ^= 0x55; /* they branch */
		assert_int_equal(route_add(t, &r), 0);
		assert_int_equal(route_add(t, &s), 0);
		assert_int_equal(route_del(t, i & 1 ? &r : &s), 0);
		assert_int_equal(route_del(t, i & 1 ? &s : &r), 0);
		if (i == 10)
			bytes = mem.bytes;
	}
	assert_int_equal(mem.bytes, bytes);
}

static void test_what_readers_may_see_is_kept_until_they_have_gone_on(void **state)
{
	struct route_table *t = *state;
	struct route r = route("10.1.2.0/28", "192.0.2.1", 3, 7);
	const struct route_path *seen;
	size_t bytes;

	route_table_share(t);
	bytes = mem.bytes;
	assert_int_equal(route_add(t, &r), 0);
	seen = lookup(t, "10.1.2.3", ~0u);
	assert_int_equal(route_del(t, &r), 0);
	assert_null(lookup(t, "10.1.2.3", ~0u));
	assert_int_equal(route_pending(t), 3); /* a node, a group, a block */
	route_reclaim(t, 5);
	assert_int_equal(route_pending(t), 3); /* they have no stamp yet */
	route_stamp(t, 5);
	route_reclaim(t, 4);
	assert_int_equal(seen->metric, 7);
	assert_true(mem.bytes > bytes);
	route_reclaim(t, 5);
	assert_int_equal(route_pending(t), 0);
	assert_int_equal(mem.bytes, bytes);
}

/* Eras are counted modulo 2^32. */
static void test_no_more_waits_for_readers_than_there_is_room_for(void **state)
{
	struct route_table *t = *state;
	struct route r = route("10.0.0.0/24", NULL, 0, 0);
	unsigned n = 0;

	route_table_share(t);
	for (; route_add(t, &r) == 0 && route_del(t, &r) == 0; n++)
		route_stamp(t, UINT32_MAX);
	assert_in_range(n, 10, route_pending_max(t));
	assert_true(route_pending(t) <= route_pending_max(t));
	assert_int_equal(route_add(t, &r), -EAGAIN);
	assert_null(lookup(t, "10.0.0.1", ~0u));
	route_reclaim(t, 3);
	assert_int_equal(route_pending(t), 0);
	assert_int_equal(route_add(t, &r), 0);
}

static void test_a_list_in_pages_has_every_route_once(void **state)
{
	struct route_table *t = *state;
	uint32_t seen[100] = {0};
	uint64_t cursor = 0;
	struct route rows[7];
	struct route r;

	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(add(t, "10.0.0.0/8", NULL, 0, i), 0);
	for (unsigned i = 0; i < 60; i++) {
		r = route("10.0.0.0/8", NULL, 0, i);
		assert_int_equal(route_del(t, &r), 0);
	}
	while (cursor != UINT64_MAX) {
		unsigned n = route_list(t, &cursor, rows, 7);

		for (unsigned i = 0; i < n; i++)
			seen[rows[i].metric]++;
	}
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(seen[i], i >= 60);
}

/* ---- against a plain list ---- */

struct oracle {
	struct route r[ORACLE_MAX]; /* in the order of addition */
	unsigned n;
};

/* True if a is better than b for interfaces of which some are preferred. */
static bool better(const struct route *a, const struct route *b, uint32_t preferred)
{
	bool pa = a->type || preferred >> a->iface & 1, pb = b->type || preferred >> b->iface & 1;

	if (a->dst.len != b->dst.len)
		return a->dst.len > b->dst.len;
	return pa != pb ? pa : a->metric < b->metric;
}

static const struct route *oracle_lookup(const struct oracle *o, const struct ip_addr *a,
					 uint32_t usable, uint32_t preferred)
{
	const struct route *best = NULL;

	for (unsigned i = 0; i < o->n; i++) {
		const struct route *r = &o->r[i];

		if (!(r->type || usable >> r->iface & 1) || !ip_prefix_match(&r->dst, a))
			continue;
		if (!best || better(r, best, preferred))
			best = r;
	}
	return best;
}

static bool same(const struct route *a, const struct route *b)
{
	return a->iface == b->iface && a->metric == b->metric && ip_prefix_eq(&a->dst, &b->dst) &&
	       ip_addr_eq(&a->gateway, &b->gateway) && a->type == b->type;
}

/* Of the prefix route_match() says more. */
static void assert_found(const struct route_table *t, const struct ip_addr *a, uint32_t usable,
			 uint32_t preferred, const struct route *want)
{
	const struct route_path *got = route_lookup(t, a->family, a->b, usable, preferred, 0);
	struct route match;

	assert_int_equal(want != NULL, got != NULL);
	assert_int_equal(route_match(t, a->family, a->b, usable, preferred, &match), want != NULL);
	if (!want)
		return;
	assert_true(same(want, &match));
	assert_int_equal(got->iface, want->iface);
	assert_int_equal(got->metric, want->metric);
	assert_int_equal(got->type, want->type);
	assert_true(ip_addr_eq(&got->gateway, &want->gateway));
}

/* Few distinct bits, so that prefixes nest and meet; lengths over the whole range. */
static struct ip_addr random_addr(struct rng *rng, uint8_t family)
{
	struct ip_addr a = {.family = family};
	unsigned len = family == AF_INET ? 4 : 16;

	for (unsigned i = 0; i < len; i++)
		a.b[i] = rng_chance(rng, 500000) ? 0 : (uint8_t)(rng_u32(rng) & 0xc3);
	return a;
}

static struct route random_route(struct rng *rng)
{
	uint8_t family = rng_chance(rng, 500000) ? AF_INET : AF_INET6;
	struct route r = {.iface = (uint8_t)rng_below(rng, 4), .metric = rng_below(rng, 3)};

	r.dst.addr = random_addr(rng, family);
	r.dst.len = (uint8_t)rng_range(rng, 0, family == AF_INET ? 32 : 128);
	r.dst.addr = ip_prefix_network(&r.dst);
	if (rng_chance(rng, 100000)) {
		r.type = (uint8_t)rng_range(rng, ROUTE_BLACKHOLE, ROUTE_PROHIBIT);
		r.iface = 0;
	} else if (rng_chance(rng, 500000)) {
		r.gateway = (struct ip_addr){.family = family};
		r.gateway.b[0] = 10;
	}
	return r;
}

static void oracle_step(struct rng *rng, struct route_table *t, struct oracle *o, uint32_t add_ppm)
{
	struct route r = random_route(rng);
	unsigned i = 0;

	if (o->n > 0 && !rng_chance(rng, add_ppm)) {
		i = rng_below(rng, o->n);
		assert_int_equal(route_del(t, &o->r[i]), 0);
		memmove(&o->r[i], &o->r[i + 1], (o->n - i - 1) * sizeof(o->r[0]));
		o->n--;
		return;
	}
	while (i < o->n && !same(&o->r[i], &r))
		i++;
	if (i < o->n) {
		assert_int_equal(route_add(t, &r), -EEXIST);
	} else if (o->n < ORACLE_MAX) {
		assert_int_equal(route_add(t, &r), 0);
		o->r[o->n++] = r;
	} else {
		assert_int_equal(route_add(t, &r), -ENOSPC);
	}
}

static void test_random_operations_agree_with_a_plain_list(void **state)
{
	struct route_table *t = route_table_new(&mem, ORACLE_MAX);
	static struct oracle o;
	struct rng rng;

	(void)state;
	o.n = 0;
	rng_seed(&rng, 20240607);
	for (unsigned round = 0; round < 150000; round++) {
		struct ip_addr a = random_addr(&rng, round & 1 ? AF_INET : AF_INET6);
		uint32_t usable = rng_chance(&rng, 700000) ? ~0u : rng_below(&rng, 16);
		uint32_t preferred = rng_below(&rng, 16);

		/* It grows, then shrinks, and again. */
		oracle_step(&rng, t, &o, round / 1500 % 2 ? 300000 : 800000);
		assert_found(t, &a, usable, preferred, oracle_lookup(&o, &a, usable, preferred));
		assert_int_equal(route_count(t), o.n);
	}
	while (o.n > 0)
		assert_int_equal(route_del(t, &o.r[--o.n]), 0);
	assert_int_equal(route_count(t), 0);
	assert_null(lookup(t, "0.0.0.0", ~0u));
	route_table_free(t);
}

/* The index has blocks for 381 of the /24s in which longer routes are: the trie answers for the
 * others. */
static void test_what_the_index_has_no_room_for_is_found(void **state)
{
	struct route_table *t = route_table_new(&mem, 1000);
	char dst[40], host[40];

	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < 900; i++) {
			struct route r;

			snprintf(dst, sizeof(dst), "10.%u.%u.128/25", i / 256, i % 256);
			r = route(dst, NULL, 1, i);
			assert_int_equal(pass ? route_del(t, &r) : route_add(t, &r), 0);
			if (i == 600) { /* while some have blocks and others have not */
				r = route("10.0.0.0/18", NULL, 2, 7);
				assert_int_equal(pass ? route_del(t, &r) : route_add(t, &r), 0);
			}
		}
		for (unsigned i = 0; i < 900; i++) {
			const struct route_path *high, *low;

			snprintf(host, sizeof(host), "10.%u.%u.200", i / 256, i % 256);
			high = lookup(t, host, ~0u);
			snprintf(host, sizeof(host), "10.%u.%u.1", i / 256, i % 256);
			low = lookup(t, host, ~0u);
			assert_int_equal(high ? high->metric : 9999, pass ? 9999 : i);
			assert_int_equal(low ? low->metric : 9999, pass || i >= 64 ? 9999 : 7);
		}
	}
	route_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_longest_prefix_wins_whatever_its_metric,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_lowest_metric_wins_then_the_first_and_the_next_takes_over, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			test_a_shorter_prefix_serves_when_the_longer_one_has_no_usable_interface,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_preferred_interface_decides_within_a_prefix_but_not_between_prefixes,
			setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_the_very_same_route_is_a_duplicate, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_routes_of_a_prefix_are_swapped_in_one_step,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_unsound_routes_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_full_table_says_so_and_has_room_again_after_a_deletion, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_without_memory_nothing_changes, setup,
						teardown),
		cmocka_unit_test(test_a_table_that_there_is_no_memory_for_is_none),
		cmocka_unit_test_setup_teardown(test_what_is_deleted_leaves_no_memory_behind, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_what_readers_may_see_is_kept_until_they_have_gone_on, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_no_more_waits_for_readers_than_there_is_room_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_list_in_pages_has_every_route_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_what_the_index_has_no_room_for_is_found, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_random_operations_agree_with_a_plain_list,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
