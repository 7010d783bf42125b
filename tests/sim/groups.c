/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the link hears of the groups that a host is a member of: RFC 3376 and RFC 3810 where nothing
 * is said, which are one rule for both; versions before in groups_old.c. Each test runs with IGMP
 * and with MLD.
 */
#include "sim/groups.h"

#include <errno.h>
#include <string.h>

static struct peer peer;
static struct report r;

static uint64_t now(void)
{
	return peer.world.now_ns;
}

static uint64_t drops(enum nsk_drop reason)
{
	return world_drops(&peer.world, 0, reason);
}

/* Runs a test with each family. */
static void each(void (*test)(const struct line *l))
{
	for (unsigned i = 0; i < 2; i++) {
		groups_start(&peer, NULL);
		test(&lines[i]);
		peer_end(&peer);
	}
}

/* A member of the group, all of whose joining was told. */
static int member(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	groups_join(&peer, fd, l, l->group);
	peer_run(&peer, 30 * SEC);
	peer_forget(&peer);
	return fd;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void joining(const struct line *l)
{
	int fd = groups_socket(&peer, l), more = groups_socket(&peer, l);
	uint64_t joined_ns = now(), first_ns;

	groups_join(&peer, fd, l, l->group);
	groups_expect(&peer, l, TO_EX, l->group, 0, &r);
	first_ns = r.now_ns;
	assert_true(first_ns <= joined_ns + GROUPS_AT_ONCE);
	groups_expect_nothing(&peer, l);
	peer_run(&peer, MINUTE);
	groups_expect(&peer, l, TO_EX, l->group, 0, &r);
	assert_true(r.now_ns > first_ns && r.now_ns <= first_ns + SEC + MS);
	groups_expect_nothing(&peer, l);
	/* Who is there needs not be told again. */
	groups_join(&peer, more, l, l->group);
	groups_leave(&peer, fd, l, l->group);
	peer_run(&peer, MINUTE);
	groups_expect_nothing(&peer, l);
	nsk_close(more);
	groups_pass(&peer, GROUPS_AT_ONCE);
	groups_expect(&peer, l, TO_IN, l->group, 0, &r);
	peer_run(&peer, MINUTE);
	groups_expect(&peer, l, TO_IN, l->group, 0, &r);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void a_change_is_told_at_once_and_once_more_rfc3376_5_1_rfc3810_6_1(void **state)
{
	(void)state;
	each(joining);
}

static void leaving_at_once(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	groups_join(&peer, fd, l, l->group);
	groups_leave(&peer, fd, l, l->group);
	groups_expect(&peer, l, TO_EX, l->group, 0, &r);
	groups_expect(&peer, l, TO_IN, l->group, 0, &r);
	peer_run(&peer, MINUTE);
	/* What was true before is told no more. */
	groups_expect(&peer, l, TO_IN, l->group, 0, &r);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void a_later_change_takes_the_place_of_the_one_before_rfc3376_5_1(void **state)
{
	(void)state;
	each(leaving_at_once);
}

static void together(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	assert_int_equal(groups_change(fd, l, MCAST_JOIN_GROUP, l->group), 0);
	assert_int_equal(groups_change(fd, l, MCAST_JOIN_GROUP, l->other), 0);
	peer_run(&peer, MINUTE);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(groups_next(&peer, l, &r));
		assert_int_equal(r.records, 2);
	}
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void what_changes_together_is_told_together(void **state)
{
	(void)state;
	each(together);
}

static void robust(const struct line *l)
{
	int fd;

	groups_query(&peer, l,
		     &(struct query){.version = l->newest, .robustness = 5, .most_ms = 1000});
	peer_run(&peer, 5 * SEC);
	peer_forget(&peer);
	fd = groups_socket(&peer, l);
	groups_join(&peer, fd, l, l->group);
	peer_run(&peer, MINUTE);
	for (unsigned i = 0; i < 5; i++)
		groups_expect(&peer, l, TO_EX, l->group, 0, &r);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void the_querier_says_how_often_rfc3376_8_1_rfc3810_9_1(void **state)
{
	(void)state;
	each(robust);
}

static void silent(const struct line *l)
{
	static const char *const groups[2][3] = {{"224.0.0.1", "224.0.0.1", "224.0.0.1"},
						 {"ff02::1", "ff01::5", "ff11::5"}};
	int fd = groups_socket(&peer, l);

	for (unsigned i = 0; i < 3; i++) {
		groups_join(&peer, fd, l, groups[l == MLD_LINE][i]);
		groups_leave(&peer, fd, l, groups[l == MLD_LINE][i]);
	}
	groups_query(&peer, l, &(struct query){.version = l->newest, .most_ms = 1000});
	peer_run(&peer, MINUTE);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void groups_of_everybody_and_of_a_node_are_not_reported_rfc3376_6_rfc3810_6(void **state)
{
	(void)state;
	each(silent);
}

/* As in Linux: the groups of a link are reported, for switches that snoop. */
static void groups_of_the_link_are_reported(void **state)
{
	int fd;

	(void)state;
	groups_start(&peer, NULL);
	fd = groups_socket(&peer, IGMP_LINE);
	groups_join(&peer, fd, IGMP_LINE, "224.0.0.251");
	groups_expect(&peer, IGMP_LINE, TO_EX, "224.0.0.251", 0, &r);
	nsk_close(fd);
	peer_end(&peer);
}

/* ---- interfaces ------------------------------------------------------------------------------ */

static void returns(const struct line *l)
{
	int fd = member(l);

	nsk_callback_link(peer.port, false);
	groups_pass(&peer, 5 * SEC);
	groups_expect_nothing(&peer, l);
	groups_join(&peer, fd, l, l->other);
	groups_pass(&peer, 5 * SEC);
	groups_expect_nothing(&peer, l);
	nsk_callback_link(peer.port, true);
	groups_pass(&peer, 10 * SEC);
	assert_true(groups_next(&peer, l, &r));
	assert_int_equal(r.records, 2);
	assert_int_equal(r.record[0].type, TO_EX);
	assert_int_equal(r.record[1].type, TO_EX);
	nsk_close(fd);
}

static void who_comes_back_to_the_link_tells_all(void **state)
{
	(void)state;
	each(returns);
}

static void with_six(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_address(config, "2001:db8::1/64"), 0);
}

/* RFC 3590: MLD speaks of groups before there is an address to speak from. */
static void the_first_report_comes_from_nobody_and_is_said_again_rfc3590_4(void **state)
{
	static const uint32_t solicited[2] = {0xff000001, 0xff00000a};
	const struct kept_frame *k;
	unsigned nobodys = 0, ours = 0;

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer.configure = with_six;
	peer.no_arp = true;
	peer_start(&peer, NULL);
	peer_run(&peer, 10 * SEC);
	while ((k = peer_take(&peer)) != NULL) {
		const uint8_t *ip = k->data + 14;

		if (load_be16(k->data + 12) != 0x86dd || ip[6] != 0)
			continue;
		assert_int_equal(load_be16(ip + 48 + 6), 2);
		assert_int_equal(k->len, 14 + 48 + 8 + 2 * 20);
		for (unsigned i = 0; i < 2; i++) {
			uint32_t end = load_be32(ip + 56 + 20 * i + 16);

			assert_true(end == solicited[0] || end == solicited[1]);
		}
		if (load_be64(ip + 8) == 0 && load_be64(ip + 16) == 0) {
			assert_int_equal(ours, 0);
			nobodys++;
		} else {
			assert_int_equal(load_be16(ip + 8), 0xfe80);
			ours++;
		}
	}
	assert_int_equal(nobodys, 2);
	assert_int_equal(ours, 2);
	peer_end(&peer);
}

/* ---- queries --------------------------------------------------------------------------------- */

static void general(const struct line *l)
{
	int fd = member(l);
	uint64_t asked_ns = now(), least = UINT64_MAX, most = 0;

	for (unsigned i = 0; i < 64; i++) {
		asked_ns = now();
		groups_query(&peer, l, &(struct query){.version = l->newest, .most_ms = 10000});
		peer_run(&peer, 10 * SEC + MS);
		groups_expect(&peer, l, IS_EX, l->group, 0, &r);
		groups_expect_nothing(&peer, l);
		assert_true(r.now_ns > asked_ns && r.now_ns <= asked_ns + 10 * SEC + MS);
		least = NSK_MIN(least, r.now_ns - asked_ns);
		most = NSK_MAX(most, r.now_ns - asked_ns);
	}
	assert_true(least < SEC && most > 9 * SEC);
	nsk_close(fd);
}

static void a_general_query_is_answered_once_within_its_time_rfc3376_5_2_rfc3810_6_2(void **state)
{
	(void)state;
	each(general);
}

static void twice(const struct line *l)
{
	int fd = member(l);

	for (unsigned i = 0; i < 20; i++)
		groups_query(&peer, l, &(struct query){.version = l->newest, .most_ms = 10000});
	groups_query(&peer, l, &(struct query){.version = l->newest, .most_ms = 100});
	groups_query(&peer, l,
		     &(struct query){.version = l->newest, .group = l->group, .most_ms = 10000});
	peer_run(&peer, MINUTE);
	groups_expect(&peer, l, IS_EX, l->group, 0, &r);
	assert_true(r.now_ns <= now() - MINUTE + 101 * MS);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void an_answer_that_waits_will_do_for_later_queries_rfc3376_5_2(void **state)
{
	(void)state;
	each(twice);
}

static void specific(const struct line *l)
{
	int fd = member(l);

	groups_query(&peer, l,
		     &(struct query){.version = l->newest, .group = l->group, .most_ms = 1000});
	groups_query(&peer, l,
		     &(struct query){.version = l->newest, .group = l->other, .most_ms = 1000});
	peer_run(&peer, 2 * SEC);
	groups_expect(&peer, l, IS_EX, l->group, 0, &r);
	groups_expect_nothing(&peer, l);
	/* Of the senders that are asked for, those that are heard. */
	groups_query(&peer, l,
		     &(struct query){.version = l->newest,
				     .group = l->group,
				     .most_ms = 1000,
				     .sender = {l->sender[0], l->sender[1], l->sender[0]},
				     .senders = 3});
	groups_query(&peer, l,
		     &(struct query){.version = l->newest,
				     .group = l->group,
				     .most_ms = 1000,
				     .sender = {l->sender[2]},
				     .senders = 1});
	peer_run(&peer, 2 * SEC);
	groups_expect(&peer, l, IS_IN, l->group, 3, &r);
	groups_expect_nothing(&peer, l);
	/* Who asks for the group gets all of it. */
	groups_query(&peer, l,
		     &(struct query){.version = l->newest,
				     .group = l->group,
				     .most_ms = 1000,
				     .sender = {l->sender[0]},
				     .senders = 1});
	groups_query(&peer, l,
		     &(struct query){.version = l->newest, .group = l->group, .most_ms = 1000});
	peer_run(&peer, 2 * SEC);
	groups_expect(&peer, l, IS_EX, l->group, 0, &r);
	groups_expect_nothing(&peer, l);
	/* Who has left says nothing. */
	groups_query(&peer, l,
		     &(struct query){.version = l->newest, .group = l->group, .most_ms = 10000});
	groups_leave(&peer, fd, l, l->group);
	peer_run(&peer, MINUTE);
	groups_expect(&peer, l, TO_IN, l->group, 0, &r);
	groups_expect(&peer, l, TO_IN, l->group, 0, &r);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void queries_about_groups_and_senders_rfc3376_5_2_rfc3810_6_3(void **state)
{
	(void)state;
	each(specific);
}

/* Codes beyond 127 are numbers with a mantissa: 0x80 is 12.8 s, 0xff 3174.4 s. */
static void long_times_rfc3376_4_1_1(void **state)
{
	uint64_t most = 0;
	int fd;

	(void)state;
	groups_start(&peer, NULL);
	fd = member(IGMP_LINE);
	for (unsigned i = 0; i < 64; i++) {
		uint64_t asked_ns = now();

		groups_query(&peer, IGMP_LINE, &(struct query){.version = 3, .code = 0xff});
		peer_run(&peer, 3175 * SEC);
		groups_expect(&peer, IGMP_LINE, IS_EX, IGMP_LINE->group, 0, &r);
		most = NSK_MAX(most, r.now_ns - asked_ns);
	}
	assert_true(most > 2800 * SEC && most <= 3174 * SEC + 401 * MS);
	nsk_close(fd);
	peer_end(&peer);
}

static void refused(const struct line *l)
{
	bool six = l == MLD_LINE;
	const struct query bad[] = {
		{.hops = 2},
		{.bad_checksum = true},
		{.len = six ? 20 : 7},
		{.len = six ? 26 : 10},
		{.dst = l->group},
		{.group = six ? "2001:db8::1" : "10.0.0.1", .dst = six ? "ff02::1" : "224.0.0.1"},
		{.sender = {l->sender[0]}, .senders = 1},
		{.group = l->group, .sender = {l->sender[0]}, .senders = 1, .len = six ? 28 : 12},
		{.no_alert = true},
		{.src = "2001:db8::2"},
	};
	unsigned n = six ? 10 : 8; /* of IGMP no alert is asked for */
	int fd = member(l);

	for (unsigned i = 0; i < n; i++) {
		struct query q = bad[i];

		q.version = l->newest;
		q.most_ms = 1000;
		groups_query(&peer, l, &q);
	}
	peer_run(&peer, MINUTE);
	groups_expect_nothing(&peer, l);
	/* ICMPv6 judges its checksum, and what is shorter than its header, itself. */
	assert_int_equal(drops(NSK_DROP_GROUP_MALFORMED), six ? n - 1 : n);
	assert_int_equal(drops(NSK_DROP_ICMP_CHECKSUM), six);
	nsk_close(fd);
}

static void queries_that_are_none_are_counted_rfc3376_7_1_rfc3810_6_2_8_1(void **state)
{
	(void)state;
	each(refused);
}

/* A querier without an address (RFC 4541 §2.1.1). */
static void a_switch_without_an_address_may_ask(void **state)
{
	int fd;

	(void)state;
	groups_start(&peer, NULL);
	fd = member(IGMP_LINE);
	groups_query(&peer, IGMP_LINE,
		     &(struct query){.version = 3, .most_ms = 1000, .src = "0.0.0.0"});
	peer_run(&peer, 2 * SEC);
	groups_expect(&peer, IGMP_LINE, IS_EX, IGMP_LINE->group, 0, &r);
	nsk_close(fd);
	peer_end(&peer);
}

/* Ten thousand in a second: a hundred and the first burst are looked at, and no more is said. */
static void flood(const struct line *l)
{
	unsigned answers = 0;
	int fd = member(l);

	for (unsigned i = 0; i < 10000; i++) {
		groups_query(&peer, l,
			     &(struct query){.version = l->newest,
					     .group = i % 2 ? l->group : NULL,
					     .most_ms = 100});
		peer_run(&peer, 100000);
	}
	peer_run(&peer, 2 * SEC);
	while (groups_next(&peer, l, &r))
		answers++;
	assert_true(answers > 0 && answers <= 360);
	assert_true(drops(NSK_DROP_GROUP_FLOOD) >= 10000 - 360);
	nsk_close(fd);
}

static void a_flood_of_queries_is_bounded(void **state)
{
	(void)state;
	each(flood);
}

static void many_senders(const struct line *l)
{
	static char text[64][48];
	struct query q = {.version = l->newest, .group = l->group, .most_ms = 5000, .senders = 64};
	int fd = member(l);

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 64; i++) {
			snprintf(text[i], sizeof(text[i]),
				 l == MLD_LINE ? "2001:db8:1:%u::%u" : "10.1.%u.%u", round, i + 1);
			q.sender[i] = text[i];
		}
		groups_query(&peer, l, &q);
	}
	peer_run(&peer, 6 * SEC);
	/* More than a group's senders may be: all of the group. */
	groups_expect(&peer, l, IS_EX, l->group, 0, &r);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void senders_that_are_asked_for_are_bounded(void **state)
{
	(void)state;
	each(many_senders);
}

/* ---- size ------------------------------------------------------------------------------------ */

static void many_groups(const struct line *l)
{
	unsigned records = 0, packets = 0;
	int fd[16];

	for (unsigned i = 0; i < 16; i++) {
		fd[i] = groups_socket(&peer, l);
		for (unsigned k = 0; k < 15; k++) {
			char text[32];

			snprintf(text, sizeof(text), l == MLD_LINE ? "ff15::%x:%x" : "239.7.%u.%u",
				 i + 1, k + 1);
			groups_join(&peer, fd[i], l, text);
		}
	}
	peer_run(&peer, MINUTE);
	peer_forget(&peer);
	groups_query(&peer, l, &(struct query){.version = l->newest, .most_ms = 1000});
	peer_run(&peer, 2 * SEC);
	while (groups_next(&peer, l, &r)) {
		assert_true(r.len <= 1500);
		records += r.records;
		packets++;
	}
	assert_int_equal(records, 240);
	assert_int_equal(packets, l == MLD_LINE ? 4 : 2);
	for (unsigned i = 0; i < 16; i++)
		nsk_close(fd[i]);
}

static void many_groups_share_packets_that_fit_the_link_rfc3376_4_2_16(void **state)
{
	(void)state;
	each(many_groups);
}

/* ---- workers --------------------------------------------------------------------------------- */

static uint64_t reports_of(struct world *world, unsigned worker)
{
	struct nsk_worker *w = world_worker(world, 1);

	return w->ops->worker_at(w, worker)->cnt[NSK_CNT_IGMP_REPORTS_SENT];
}

/* Whoever joins, worker 0 says so, at once. */
static void the_first_worker_speaks_for_all(void **state)
{
	struct ip_mreqn m = {.imr_multiaddr.s_addr = htonl(0xef010203), .imr_ifindex = 1};
	struct world world;
	int fd;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 5, .workers = {1, 3}});
	world_run(&world, SEC, NULL, NULL);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t before = reports_of(&world, 0);

		nsk_enter(NULL);
		assert_int_equal(nsk_attach(world.host[1], i), 0);
		fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_int_equal(nsk_setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)),
				 0);
		assert_int_equal(nsk_detach(), 0);
		world_run(&world, GROUPS_AT_ONCE, NULL, NULL);
		assert_int_equal(reports_of(&world, 0), before + 1);
		nsk_close(fd);
		world_run(&world, GROUPS_AT_ONCE, NULL, NULL);
		assert_int_equal(reports_of(&world, 0), before + 2);
		world_run(&world, 5 * SEC, NULL, NULL);
	}
	assert_int_equal(reports_of(&world, 1) + reports_of(&world, 2), 0);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_change_is_told_at_once_and_once_more_rfc3376_5_1_rfc3810_6_1),
		world_test(a_later_change_takes_the_place_of_the_one_before_rfc3376_5_1),
		world_test(what_changes_together_is_told_together),
		world_test(the_querier_says_how_often_rfc3376_8_1_rfc3810_9_1),
		world_test(groups_of_everybody_and_of_a_node_are_not_reported_rfc3376_6_rfc3810_6),
		world_test(groups_of_the_link_are_reported),
		world_test(who_comes_back_to_the_link_tells_all),
		world_test(the_first_report_comes_from_nobody_and_is_said_again_rfc3590_4),
		world_test(
			a_general_query_is_answered_once_within_its_time_rfc3376_5_2_rfc3810_6_2),
		world_test(an_answer_that_waits_will_do_for_later_queries_rfc3376_5_2),
		world_test(queries_about_groups_and_senders_rfc3376_5_2_rfc3810_6_3),
		world_test(long_times_rfc3376_4_1_1),
		world_test(queries_that_are_none_are_counted_rfc3376_7_1_rfc3810_6_2_8_1),
		world_test(a_switch_without_an_address_may_ask),
		world_test(a_flood_of_queries_is_bounded),
		world_test(senders_that_are_asked_for_are_bounded),
		world_test(many_groups_share_packets_that_fit_the_link_rfc3376_4_2_16),
		world_test(the_first_worker_speaks_for_all),
	};

	return world_main(tests);
}
