/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/neigh.c and neigh_table.c: resolution, states and timers of neighbours, and who gets a
 * place. */
#include "net_neighs.h"

#include <errno.h>

static void test_packets_wait_for_the_answer_and_leave_in_order(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = way(world, PEER);
	struct arp_view v;

	put(world, &rc, 'a');
	put(world, &rc, 'b');
	assert_int_equal(world->nsent, 1);
	v = nw_sent_arp(world, 0, ARP_OP_REQUEST, all_mac);
	assert_int_equal(v.spa, IF0_ADDR);
	assert_int_equal(v.tpa, PEER);
	nw_arp(world, ARP_OP_REPLY, peer_mac, PEER, IF0_ADDR);
	assert_int_equal(world->nsent, 3);
	assert_put(world, 1, peer_mac, 'a');
	assert_put(world, 2, peer_mac, 'b');
	put(world, &rc, 'c');
	assert_put(world, 3, peer_mac, 'c');
	assert_int_equal(world->w.cnt[NSK_CNT_ARP_REQUESTS_SENT], 1);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_a_request_for_us_resolves_as_well(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = way(world, PEER);

	put(world, &rc, 'a');
	nw_arp(world, ARP_OP_REQUEST, peer_mac, PEER, IF0_ADDR);
	assert_int_equal(world->nsent, 3); /* question, packet, answer */
	assert_put(world, 1, peer_mac, 'a');
	nw_sent_arp(world, 2, ARP_OP_REPLY, peer_mac);
	assert_int_equal(state_of(world, PEER), NEIGH_DELAY);
}

static void test_silence_is_asked_three_times_then_told_to_the_transports(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = way(world, PEER);
	struct ip_addr dst = ip_addr_from_host32(PEER), src = {.family = 0};
	uint8_t p[64];
	size_t len = nw_ipv4(p, IF0_ADDR, PEER, NW_PROTO, "12345678", 8);

	net_output(&world->w, &rc, nw_buffer(world, p, len));
	nw_pass(world, 2500);
	assert_int_equal(world->nsent, 3);
	nw_sent_arp(world, 2, ARP_OP_REQUEST, all_mac);
	assert_int_equal(world->nerrors, 0);
	nw_pass(world, 600);
	assert_int_equal(world->nsent, 3);
	assert_int_equal(world->nerrors, 1);
	assert_int_equal(world->error.err, EHOSTUNREACH);
	assert_true(world->error.local);
	assert_false(world->error.hard);
	assert_int_equal(load_be32(world->error_flow.src), IF0_ADDR);
	assert_int_equal(load_be32(world->error_flow.dst), PEER);
	nw_assert_drops(world, NSK_DROP_ARP_UNRESOLVED, 1);
	/* For a while nobody asks again; then everything starts anew. */
	assert_int_equal(net_route(&world->w, &rc, &dst, &src), -EHOSTUNREACH);
	nw_pass(world, 1000);
	assert_int_equal(state_of(world, PEER), NEIGH_FREE);
	assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
}

static uint8_t dropped_of[8];
static unsigned ndropped;

static void note_dropped(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason)
{
	(void)w;
	assert_int_equal(reason, NSK_DROP_ARP_UNRESOLVED);
	dropped_of[ndropped++] = pkt_of(m)->iface;
}

/* The transport sends, and what it sends takes the entry's place for another interface. */
static void take_place(struct nsk_worker *w, struct rte_mbuf *m)
{
	const struct ip_addr failed = ip_addr_from_host32(PEER), other = ip_addr_from_host32(FAR);
	struct neigh *n = neigh_find(w, 0, &failed);

	(void)m;
	if (!n)
		return;
	neigh_release(w, n, NSK_DROP_ARP_TABLE_FULL);
	assert_ptr_equal(neigh_make(w, 1, &other, NEIGH_LIST_ACTIVE), n);
	n->state = NEIGH_STALE;
}

static void test_what_waited_is_of_its_interface_whoever_has_the_place_then(void **state)
{
	static const struct net_upcalls up = {.unreachable = take_place};
	struct net_world *world = *state;
	struct worker_ops ops = *world->w.ops;
	struct route_cache rc = way(world, PEER);

	ops.dropped = note_dropped;
	world->w.ops = &ops;
	world->w.capturing = WORKER_CAPTURES_DROPS;
	world->w.net->up = &up;
	put(world, &rc, 'a');
	put(world, &rc, 'b');
	nw_pass(world, 10000);
	assert_int_equal(ndropped, 2);
	assert_int_equal(dropped_of[0], 0);
	assert_int_equal(dropped_of[1], 0);
	world->w.capturing = 0;
	world->w.ops = &nw_ops;
}

static void test_a_freed_entry_makes_ways_to_it_and_no_others_invalid(void **state)
{
	struct net_world *world = *state;
	struct route_cache dead = way(world, PEER), live;

	nw_resolve(world, PEER + 1, evil_mac);
	live = way(world, PEER + 1);
	put(world, &dead, 'a');
	nw_pass(world, 5000);
	assert_false(net_route_valid(&world->w, &dead));
	assert_true(net_route_valid(&world->w, &live));
	world->snap.generation++;
	assert_false(net_route_valid(&world->w, &live));
}

static void test_a_late_answer_counts_while_the_failure_is_remembered(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = way(world, PEER);

	put(world, &rc, 'a');
	nw_pass(world, 3100);
	assert_int_equal(state_of(world, PEER), NEIGH_FAILED);
	put(world, &rc, 'b');
	nw_assert_drops(world, NSK_DROP_ARP_UNRESOLVED, 2);
	nw_arp(world, ARP_OP_REPLY, peer_mac, PEER, IF0_ADDR);
	assert_int_equal(state_of(world, PEER), NEIGH_REACHABLE);
}

static void test_after_the_timeout_a_used_entry_is_asked_by_unicast_and_serves_meanwhile(
	void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;

	nw_resolve(world, PEER, peer_mac);
	rc = way(world, PEER);
	nw_pass(world, 30000);
	put(world, &rc, 'a');
	nw_pass(world, 30100);
	assert_int_equal(state_of(world, PEER), NEIGH_PROBE);
	assert_int_equal(world->nsent, 2);
	nw_sent_arp(world, 1, ARP_OP_REQUEST, peer_mac);
	put(world, &rc, 'b');
	assert_put(world, 2, peer_mac, 'b');
	nw_arp(world, ARP_OP_REPLY, peer_mac, PEER, IF0_ADDR);
	assert_int_equal(state_of(world, PEER), NEIGH_REACHABLE);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_an_unanswered_probe_asks_everybody_and_finds_the_new_card(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;

	nw_resolve(world, PEER, peer_mac);
	rc = way(world, PEER);
	nw_pass(world, 59000);
	put(world, &rc, 'a');
	nw_pass(world, 1100); /* probe 1 */
	nw_pass(world, 3000); /* 2, 3, then everybody */
	assert_int_equal(state_of(world, PEER), NEIGH_INCOMPLETE);
	assert_int_equal(world->nsent, 5);
	nw_sent_arp(world, 3, ARP_OP_REQUEST, peer_mac);
	nw_sent_arp(world, 4, ARP_OP_REQUEST, all_mac);
	put(world, &rc, 'b');
	nw_arp(world, ARP_OP_REPLY, evil_mac, PEER, IF0_ADDR);
	assert_put(world, 5, evil_mac, 'b');
	assert_true(net_route_valid(&world->w, &rc));
}

static void test_an_unused_entry_is_stale_then_gone_without_a_question(void **state)
{
	struct net_world *world = *state;

	nw_resolve(world, PEER, peer_mac);
	world->w.now_ns += 61000 * MS; /* the packet that resolved it is long ago */
	nw_pass(world, 1);
	assert_int_equal(state_of(world, PEER), NEIGH_STALE);
	nw_pass(world, 60100);
	assert_int_equal(state_of(world, PEER), NEIGH_FREE);
	assert_int_equal(world->nsent, 0);
}

static void test_use_of_a_stale_entry_waits_for_confirmation_before_it_asks(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;

	nw_resolve(world, PEER, peer_mac);
	rc = way(world, PEER);
	for (unsigned confirmed = 0; confirmed < 2; confirmed++) {
		world->w.now_ns += 61000 * MS;
		nw_pass(world, 1);
		assert_int_equal(state_of(world, PEER), NEIGH_STALE);
		put(world, &rc, 'a');
		assert_int_equal(state_of(world, PEER), NEIGH_DELAY);
		assert_int_equal(world->nsent, 1);
		nw_pass(world, NEIGH_DELAY_MS - 100);
		if (!confirmed)
			net_confirm(&world->w, &rc);
		nw_pass(world, 200);
		assert_int_equal(state_of(world, PEER), confirmed ? NEIGH_PROBE : NEIGH_REACHABLE);
		assert_int_equal(world->nsent, confirmed ? 2 : 1);
		nw_forget_sent(world);
	}
}

static void test_confirmation_keeps_an_entry_reachable_without_a_question(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;

	nw_resolve(world, PEER, peer_mac);
	rc = way(world, PEER);
	for (unsigned s = 0; s < 300; s++) {
		put(world, &rc, 'a');
		net_confirm(&world->w, &rc);
		nw_pass(world, 1000);
	}
	assert_int_equal(state_of(world, PEER), NEIGH_REACHABLE);
	assert_int_equal(world->nsent, 300);
}

/* ---- what others say ---- */

static void test_another_link_address_is_believed_only_when_the_old_one_is_silent(void **state)
{
	static const uint16_t ops[] = {ARP_OP_REQUEST, ARP_OP_REPLY};
	struct net_world *world = *state;
	struct route_cache rc;

	nw_resolve(world, PEER, peer_mac);
	rc = way(world, PEER);
	nw_pass(world, 5000);
	for (unsigned i = 0; i < 2; i++) {
		nw_arp(world, ops[i], evil_mac, PEER, IF0_ADDR);
		assert_int_equal(state_of(world, PEER), NEIGH_PROBE);
		nw_forget_sent(world);
		put(world, &rc, 'a');
		assert_put(world, 0, peer_mac, 'a');
		/* The liar answers, the old one too: it stays. */
		nw_arp(world, ARP_OP_REPLY, evil_mac, PEER, IF0_ADDR);
		assert_int_equal(state_of(world, PEER), NEIGH_PROBE);
		put(world, &rc, 'b');
		assert_put(world, 1, peer_mac, 'b');
		nw_arp(world, ARP_OP_REPLY, peer_mac, PEER, IF0_ADDR);
		assert_int_equal(state_of(world, PEER), NEIGH_REACHABLE);
		nw_pass(world, 2000);
	}
	/* Now the old one is silent. */
	nw_arp(world, ARP_OP_REQUEST, evil_mac, PEER, PEER);
	nw_pass(world, 800);
	assert_int_equal(state_of(world, PEER), NEIGH_INCOMPLETE);
	nw_arp(world, ARP_OP_REPLY, evil_mac, PEER, IF0_ADDR);
	nw_forget_sent(world);
	put(world, &rc, 'c');
	assert_put(world, 0, evil_mac, 'c');
}

static void test_a_just_confirmed_entry_is_not_even_doubted(void **state)
{
	struct net_world *world = *state;

	nw_resolve(world, PEER, peer_mac);
	nw_arp(world, ARP_OP_REQUEST, evil_mac, PEER, PEER);
	assert_int_equal(state_of(world, PEER), NEIGH_REACHABLE);
	assert_int_equal(world->nsent, 0);
}

static void test_unsolicited_answers_make_no_entry(void **state)
{
	struct net_world *world = *state;

	nw_arp(world, ARP_OP_REPLY, evil_mac, PEER, IF0_ADDR);
	nw_arp(world, ARP_OP_REPLY, evil_mac, PEER, PEER);
	nw_arp(world, ARP_OP_REPLY, evil_mac, PEER, GATEWAY);
	assert_int_equal(state_of(world, PEER), NEIGH_FREE);
	nw_assert_drops(world, NSK_DROP_ARP_UNSOLICITED, 3);
	/* Not even while a way was found but nothing asked. */
	way(world, PEER);
	nw_arp(world, ARP_OP_REPLY, evil_mac, PEER, IF0_ADDR);
	assert_int_equal(state_of(world, PEER), NEIGH_INCOMPLETE);
	nw_assert_drops(world, NSK_DROP_ARP_UNSOLICITED, 4);
}

/* ---- places ---- */

static int setup_small(void **state)
{
	struct net_world *world = nw_new();

	world->set.arp_entries = 16;
	nw_start(world);
	*state = world;
	return 0;
}

static void test_requests_for_us_press_out_only_each_other(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;

	nw_resolve(world, PEER, peer_mac);
	rc = way(world, PEER);
	nw_pass(world, 5000);
	for (uint32_t i = 0; i < 100; i++)
		nw_arp(world, ARP_OP_REQUEST, evil_mac, 0xc0000240u + i, IF0_ADDR);
	assert_int_equal(world->w.cnt[NSK_CNT_ARP_REPLIES_SENT], 100);
	assert_true(net_route_valid(&world->w, &rc));
	assert_int_equal(state_of(world, 0xc0000240u), NEIGH_FREE);
	assert_int_equal(state_of(world, 0xc0000240u + 99), NEIGH_STALE);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_requests_for_us_take_no_place_from_what_we_asked_for_ourselves(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc[16];

	for (uint32_t i = 0; i < 8; i++)
		nw_resolve(world, 0xc0000240u + i, peer_mac);
	nw_pass(world, 5000); /* idle, but ours */
	for (uint32_t i = 0; i < 16; i++) {
		rc[i] = way(world, 0xc0000240u + i);
		if (i >= 8)
			put(world, &rc[i], 'a');
	}
	for (uint32_t i = 0; i < 40; i++)
		nw_arp(world, ARP_OP_REQUEST, evil_mac, 0xc0000280u + i, IF0_ADDR);
	for (uint32_t i = 0; i < 16; i++)
		assert_true(net_route_valid(&world->w, &rc[i]));
	assert_int_equal(state_of(world, 0xc0000280u + 39), NEIGH_FREE);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_unresolved_ones_press_out_the_oldest_of_them_and_never_who_is_in_use(void **state)
{
	struct net_world *world = *state;
	struct route_cache used, rc;

	nw_resolve(world, PEER, peer_mac);
	used = way(world, PEER);
	for (uint32_t i = 0; i < 30; i++) {
		put(world, &used, 'x');
		rc = way(world, 0xc0000240u + i);
		put(world, &rc, 'a');
	}
	assert_true(net_route_valid(&world->w, &used));
	assert_int_equal(state_of(world, 0xc0000240u), NEIGH_FREE);
	assert_int_equal(state_of(world, 0xc0000240u + 29), NEIGH_INCOMPLETE);
	nw_assert_drops(world, NSK_DROP_ARP_TABLE_FULL, 15);
	/* And the newest is served. */
	nw_forget_sent(world);
	nw_arp(world, ARP_OP_REPLY, evil_mac, 0xc0000240u + 29, IF0_ADDR);
	assert_put(world, 0, evil_mac, 'a');
}

static void test_a_table_full_of_entries_in_use_takes_no_more_until_one_rests(void **state)
{
	struct net_world *world = *state;
	struct ip_addr dst = ip_addr_from_host32(0xc0000280u), src = {.family = 0};
	struct route_cache rc;

	for (uint32_t i = 0; i < 16; i++)
		nw_resolve(world, 0xc0000240u + i, peer_mac);
	assert_int_equal(net_route(&world->w, &rc, &dst, &src), -ENOBUFS);
	nw_arp(world, ARP_OP_REQUEST, evil_mac, PEER, IF0_ADDR);
	assert_int_equal(state_of(world, PEER), NEIGH_FREE);
	nw_pass(world, NEIGH_BUSY_MS);
	assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
}

static void test_broadcast_questions_are_limited_and_made_up_for_later(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;
	unsigned asked = 0;

	for (uint32_t i = 0; i < 400; i++) {
		rc = way(world, i < 120 ? 0xc0000240u + i : 0xc6336402u + i % 120);
		put(world, &rc, 'a');
		neigh_flush(&world->w, 0);
	}
	asked = world->nsent;
	assert_true(asked <= NEIGH_ASK_BURST);
	rc = way(world, PEER);
	put(world, &rc, 'a');
	assert_int_equal(world->nsent, asked);
	nw_pass(world, 100);
	assert_int_equal(world->nsent, asked + 1);
	nw_sent_arp(world, asked, ARP_OP_REQUEST, all_mac);
}

static void test_without_memory_for_the_table_nothing_is_left_behind(void **state)
{
	struct net_world *world = nw_new();
	unsigned n = 1;

	do {
		world->mem.fail_at = n++;
	} while (net_worker_init(&world->w, &world->snap) == -ENOMEM);
	assert_true(n > 6);
	world->mem.fail_at = 0;
	*state = world;
	nw_teardown(state);
	*state = NULL;
}

static void test_a_list_in_pages_has_every_entry_once(void **state)
{
	struct net_world *world = *state;
	struct neigh_row rows[3];
	uint32_t cursor = 0;
	unsigned total = 0, resolved = 0;

	for (uint32_t i = 0; i < 10; i++)
		way(world, 0xc0000240u + i);
	nw_resolve(world, PEER, peer_mac);
	nw_pass(world, 100);
	while (cursor != UINT32_MAX) {
		unsigned n = neigh_list(&world->w, &cursor, rows, 3);

		for (unsigned i = 0; i < n; i++, total++) {
			if (rows[i].state != NEIGH_REACHABLE)
				continue;
			resolved++;
			assert_memory_equal(rows[i].mac.b, peer_mac, 6);
			assert_int_equal(ip_addr_host32(&rows[i].addr), PEER);
			assert_int_equal(rows[i].confirmed_ns_ago, 100 * MS);
		}
	}
	assert_int_equal(total, 11);
	assert_int_equal(resolved, 1);
	assert_string_equal(neigh_state_name(NEIGH_REACHABLE), "reachable");
}

static void test_an_interface_that_goes_takes_its_neighbours_along(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = way(world, PEER);

	put(world, &rc, 'a');
	neigh_flush(&world->w, 1);
	assert_int_equal(state_of(world, PEER), NEIGH_INCOMPLETE);
	neigh_flush(&world->w, 0);
	assert_int_equal(state_of(world, PEER), NEIGH_FREE);
	assert_false(net_route_valid(&world->w, &rc));
	nw_assert_drops(world, NSK_DROP_TX_LINK_DOWN, 1);
}

#define SMALL_TEST(name) cmocka_unit_test_setup_teardown(name, setup_small, nw_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST(test_packets_wait_for_the_answer_and_leave_in_order),
		NW_TEST(test_a_request_for_us_resolves_as_well),
		NW_TEST(test_silence_is_asked_three_times_then_told_to_the_transports),
		NW_TEST(test_what_waited_is_of_its_interface_whoever_has_the_place_then),
		NW_TEST(test_a_freed_entry_makes_ways_to_it_and_no_others_invalid),
		NW_TEST(test_a_late_answer_counts_while_the_failure_is_remembered),
		NW_TEST(test_after_the_timeout_a_used_entry_is_asked_by_unicast_and_serves_meanwhile),
		NW_TEST(test_an_unanswered_probe_asks_everybody_and_finds_the_new_card),
		NW_TEST(test_an_unused_entry_is_stale_then_gone_without_a_question),
		NW_TEST(test_use_of_a_stale_entry_waits_for_confirmation_before_it_asks),
		NW_TEST(test_confirmation_keeps_an_entry_reachable_without_a_question),
		NW_TEST(test_another_link_address_is_believed_only_when_the_old_one_is_silent),
		NW_TEST(test_a_just_confirmed_entry_is_not_even_doubted),
		NW_TEST(test_unsolicited_answers_make_no_entry),
		SMALL_TEST(test_requests_for_us_press_out_only_each_other),
		SMALL_TEST(test_requests_for_us_take_no_place_from_what_we_asked_for_ourselves),
		SMALL_TEST(
			test_unresolved_ones_press_out_the_oldest_of_them_and_never_who_is_in_use),
		SMALL_TEST(test_a_table_full_of_entries_in_use_takes_no_more_until_one_rests),
		NW_TEST(test_broadcast_questions_are_limited_and_made_up_for_later),
		cmocka_unit_test(test_without_memory_for_the_table_nothing_is_left_behind),
		NW_TEST(test_a_list_in_pages_has_every_entry_once),
		NW_TEST(test_an_interface_that_goes_takes_its_neighbours_along),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
