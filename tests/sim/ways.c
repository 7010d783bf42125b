/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ways that a worker's TCP remembers (lib/tcp/way.c): a connection finds its way without
 * asking the routes as long as nothing that they depend on has changed, and for a second at most.
 * A way that was taken over from memory keeps the time at which it was found; that is how the tests
 * tell.
 */
#include <netinet/in.h>

#include "sim/world.h"
#include "stack/stack.h"
#include "tcp/output.h"
#include "tcp/tcp_worker.h"
#include "tcp/way.h"

struct pair {
	struct world world;
	struct tcp_worker *tcp; /* of host 0 */
	int listener;
};

/* Host 1 is the next hop to everywhere. */
static int pair_up(void **state)
{
	static struct pair pair;

	world_setup(state);
	world_pair(&pair.world, &(struct world_params){.seed = 4, .gateway = "10.0.0.2"});
	pair.tcp = world_worker(&pair.world, 0)->tcp;
	pair.listener = world_listen(&pair.world, 1, 80, 64);
	*state = &pair;
	return 0;
}

static int pair_down(void **state)
{
	struct pair *pair = *state;

	world_end(&pair->world);
	return world_teardown(state);
}

static struct flow flow_to(uint32_t peer)
{
	struct flow f = {0};

	store_be32(f.src, peer);
	store_be32(f.dst, HOST_A);
	return f;
}

/* The way to a peer that is remembered, or NULL. */
static const struct tcp_way *way_to(struct pair *pair, uint32_t peer)
{
	struct flow f = flow_to(peer);

	for (unsigned i = 0; i < NSK_ARRAY_LEN(pair->tcp->ways); i++)
		if (way_is(&pair->tcp->ways[i], &f))
			return &pair->tcp->ways[i];
	return NULL;
}

static uint32_t now_ms(struct pair *pair)
{
	return (uint32_t)(pair->world.now_ns / MS);
}

/* Looks for the way to a peer; when the one that it gave was found. */
static uint32_t found_ms(struct pair *pair, uint32_t peer)
{
	struct nsk_worker *w = world_worker(&pair->world, 0);
	struct flow f = flow_to(peer);
	struct route_cache rc;

	nsk_turn(pair->world.host[0]);
	tcp_clock(w);
	assert_int_equal(tcp_route(w, &rc, &f, AF_INET), 0);
	assert_true(net_route_valid(w, &rc));
	assert_ptr_equal(rc.iface, &pair->world.host[0]->iface[0]);
	assert_non_null(way_to(pair, peer));
	return way_to(pair, peer)->found_ms;
}

static void run_ms(struct pair *pair, uint32_t ms)
{
	world_run(&pair->world, ms * MS, NULL, NULL);
}

/* The neighbour is known afterwards. */
static void meet(struct pair *pair)
{
	world_connect(&pair->world, 0, "10.0.0.2", 80);
	world_accept(&pair->world, pair->listener);
}

/* Of a way to the neighbour, known and remembered for 10 ms: when it was found. */
static uint32_t found_10_ms_ago(struct pair *pair)
{
	uint32_t found;

	meet(pair);
	run_ms(pair, TCP_WAY_MS); /* what was found before the neighbour was known */
	found = found_ms(pair, HOST_B);
	run_ms(pair, 10);
	return found;
}

static void a_way_is_remembered_for_a_second(void **state)
{
	struct pair *pair = *state;
	uint32_t first;

	assert_null(way_to(pair, HOST_B));
	meet(pair);
	run_ms(pair, TCP_WAY_MS); /* what was found before the neighbour was known */
	first = found_ms(pair, HOST_B);
	assert_int_equal(first, now_ms(pair));
	run_ms(pair, TCP_WAY_MS - 1);
	assert_int_equal(found_ms(pair, HOST_B), first);
	run_ms(pair, 1);
	assert_int_equal(found_ms(pair, HOST_B), first + TCP_WAY_MS);
}

static void a_neighbour_that_has_not_answered_is_not_believed(void **state)
{
	struct pair *pair = *state;
	uint32_t first;

	world_settle(&pair->world);
	world_connect(&pair->world, 0, "10.0.0.77", 80); /* nobody */
	run_ms(pair, 10);
	first = found_ms(pair, HOST_A + 76);
	run_ms(pair, 10);
	assert_int_equal(found_ms(pair, HOST_A + 76), first + 10);
}

static void another_snapshot_makes_ways_new(void **state)
{
	struct pair *pair = *state;
	uint32_t first = found_10_ms_ago(pair);

	assert_int_equal(found_ms(pair, HOST_B), first);
	net_snapshot_touch(&pair->world.host[0]->snap);
	assert_int_equal(found_ms(pair, HOST_B), first + 10);
	run_ms(pair, 10);
	assert_int_equal(found_ms(pair, HOST_B), first + 10);
}

static void a_neighbour_that_is_forgotten_makes_ways_new(void **state)
{
	struct pair *pair = *state;
	uint32_t first = found_10_ms_ago(pair);

	neigh_flush(world_worker(&pair->world, 0), 0);
	assert_int_equal(found_ms(pair, HOST_B), first + 10);
}

static void a_link_that_is_lost_makes_ways_new(void **state)
{
	struct pair *pair = *state;
	uint32_t first = found_10_ms_ago(pair);

	pair->world.host[0]->iface[0].link_up = false;
	assert_int_equal(found_ms(pair, HOST_B), first + 10);
	pair->world.host[0]->iface[0].link_up = true;
}

/* Peers beyond the next hop share its neighbour but not their places: more peers than places. */
static void a_way_takes_the_place_of_another(void **state)
{
	const uint32_t peers = 4 << TCP_WAYS_SHIFT;
	struct pair *pair = *state;
	uint32_t kept = 0;

	meet(pair);
	for (uint32_t i = 0; i < peers; i++)
		assert_int_equal(found_ms(pair, 0x0b000000 + i), now_ms(pair));
	for (uint32_t i = 0; i < peers; i++)
		kept += way_to(pair, 0x0b000000 + i) != NULL;
	assert_in_range(kept, (1 << TCP_WAYS_SHIFT) / 2, 1 << TCP_WAYS_SHIFT);
	/* What is not there any more is found all the same. */
	for (uint32_t i = 0; i < peers; i++)
		found_ms(pair, 0x0b000000 + i);
}

static void a_connection_opens_along_a_remembered_way(void **state)
{
	struct pair *pair = *state;
	uint32_t first = found_10_ms_ago(pair);

	meet(pair);
	assert_int_equal(way_to(pair, HOST_B)->found_ms, first);
	assert_int_equal(world_levels(&pair->world, 1).tcp_established, 2);
}

#define pair_test(fn) \
	cmocka_unit_test_prestate_setup_teardown(fn, pair_up, pair_down, (void *)(uintptr_t) #fn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		pair_test(a_way_is_remembered_for_a_second),
		pair_test(a_neighbour_that_has_not_answered_is_not_believed),
		pair_test(another_snapshot_makes_ways_new),
		pair_test(a_neighbour_that_is_forgotten_makes_ways_new),
		pair_test(a_link_that_is_lost_makes_ways_new),
		pair_test(a_way_takes_the_place_of_another),
		pair_test(a_connection_opens_along_a_remembered_way),
	};

	return world_main(tests);
}
