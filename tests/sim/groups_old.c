/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Group membership while a querier of an older version is about: RFC 3376 §7 with RFC 2236 and
 * RFC 1112, RFC 3810 §8 with RFC 2710. The version before the newest is one rule for both families.
 */
#include "sim/groups.h"

#include <errno.h>

#define RESPONSE (10 * SEC)
#define INTERVAL (125 * SEC)
#define PRESENCE (2 * INTERVAL + RESPONSE) /* RFC 3376 §8.12, robustness 2 */

static struct peer peer;
static struct report r;

static uint64_t now(void)
{
	return peer.world.now_ns;
}

static void old_query(const struct line *l, const char *group, uint32_t most_ms)
{
	groups_query(&peer, l,
		     &(struct query){.version = l->old, .group = group, .most_ms = most_ms});
}

static void each(void (*test)(const struct line *l), const char *const *settings)
{
	for (unsigned i = 0; i < 2; i++) {
		groups_start(&peer, settings);
		test(&lines[i]);
		peer_end(&peer);
	}
}

/* A member while an old querier is there, all of whose joining was told. */
static int member(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	old_query(l, NULL, 1000);
	groups_join(&peer, fd, l, l->group);
	peer_run(&peer, 30 * SEC);
	peer_forget(&peer);
	return fd;
}

static void joining(const struct line *l)
{
	int fd = groups_socket(&peer, l);
	uint64_t first_ns;

	old_query(l, NULL, 1000);
	groups_join(&peer, fd, l, l->group);
	groups_expect_old(&peer, l, l->group, false, &r);
	first_ns = r.now_ns;
	peer_run(&peer, MINUTE);
	groups_expect_old(&peer, l, l->group, false, &r);
	assert_true(r.now_ns > first_ns && r.now_ns <= first_ns + l->old_ns + MS);
	groups_expect_nothing(&peer, l);
	groups_leave(&peer, fd, l, l->group);
	groups_expect_old(&peer, l, l->group, true, &r);
	peer_run(&peer, MINUTE);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void joining_and_leaving_rfc2236_3_rfc2710_4(void **state)
{
	(void)state;
	each(joining, NULL);
}

static void asking(const struct line *l)
{
	uint64_t asked_ns, least = UINT64_MAX, most = 0;
	int fd = member(l);

	for (unsigned i = 0; i < 64; i++) {
		asked_ns = now();
		old_query(l, i % 2 ? l->group : NULL, 10000);
		peer_run(&peer, RESPONSE + MS);
		groups_expect_old(&peer, l, l->group, false, &r);
		groups_expect_nothing(&peer, l);
		assert_true(r.now_ns > asked_ns && r.now_ns <= asked_ns + RESPONSE + MS);
		least = NSK_MIN(least, r.now_ns - asked_ns);
		most = NSK_MAX(most, r.now_ns - asked_ns);
	}
	assert_true(least < SEC && most > 9 * SEC);
	/* One that waits is not put off, but brought forward. */
	asked_ns = now();
	old_query(l, NULL, 10000);
	old_query(l, NULL, 100);
	peer_run(&peer, MINUTE);
	groups_expect_old(&peer, l, l->group, false, &r);
	assert_true(r.now_ns <= asked_ns + 101 * MS);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void queries_are_answered_within_their_time_rfc2236_3_rfc2710_4(void **state)
{
	(void)state;
	each(asking, NULL);
}

static void others(const struct line *l)
{
	int fd = member(l);

	old_query(l, NULL, 10000);
	groups_other_reports(&peer, l, l->group);
	peer_run(&peer, MINUTE);
	groups_expect_nothing(&peer, l);
	/* He was the last, so that we leave in silence. */
	groups_leave(&peer, fd, l, l->group);
	peer_run(&peer, MINUTE);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void anothers_report_makes_ours_needless_rfc2236_3_rfc2710_4(void **state)
{
	(void)state;
	each(others, NULL);
}

/* RFC 3376 §7.2.1, RFC 3810 §8.2.1: until it has not been heard for so long. */
static void presence(const struct line *l)
{
	int fd = groups_socket(&peer, l), more = groups_socket(&peer, l);

	groups_join(&peer, fd, l, l->group);
	groups_expect(&peer, l, TO_EX, l->group, 0, &r);
	old_query(l, NULL, 1000);
	/* What was still to be told in the newest version is not. */
	peer_run(&peer, MINUTE);
	groups_expect_old(&peer, l, l->group, false, &r);
	groups_expect_nothing(&peer, l);
	/* The newest version's query is answered in the old one. */
	groups_query(&peer, l, &(struct query){.version = l->newest, .most_ms = 1000});
	peer_run(&peer, 5 * SEC);
	groups_expect_old(&peer, l, l->group, false, &r);
	peer_run(&peer, PRESENCE - MINUTE - 5 * SEC - MS);
	groups_join(&peer, more, l, l->other);
	groups_expect_old(&peer, l, l->other, false, &r);
	peer_run(&peer, 2 * MS);
	peer_forget(&peer);
	groups_leave(&peer, more, l, l->other);
	groups_expect(&peer, l, TO_IN, l->other, 0, &r);
	nsk_close(fd);
	nsk_close(more);
}

static void the_oldest_querier_present_decides_rfc3376_7_2_1_rfc3810_8_2_1(void **state)
{
	(void)state;
	each(presence, NULL);
}

/* A querier that asks each 20 s, five times over: an older one counts for 110 s. */
static void interval(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	groups_query(
		&peer, l,
		&(struct query){
			.version = l->newest, .robustness = 5, .interval = 20, .most_ms = 1000});
	old_query(l, NULL, 1000);
	peer_run(&peer, 110 * SEC - MS);
	groups_join(&peer, fd, l, l->group);
	groups_expect_old(&peer, l, l->group, false, &r);
	peer_run(&peer, 2 * MS);
	peer_forget(&peer);
	groups_query(&peer, l, &(struct query){.version = l->newest, .most_ms = 1000});
	peer_run(&peer, 2 * SEC);
	groups_expect(&peer, l, IS_EX, l->group, 0, &r);
	nsk_close(fd);
}

static void how_long_it_counts_rfc3376_8_12_rfc3810_9_12(void **state)
{
	(void)state;
	each(interval, NULL);
}

/* IGMPv1 has no times, and nobody leaves. */
static void the_first_version_rfc1112_rfc3376_7_2_1(void **state)
{
	const struct line *l = IGMP_LINE;
	uint64_t asked_ns, most = 0;
	int fd;

	(void)state;
	groups_start(&peer, NULL);
	fd = groups_socket(&peer, l);
	old_query(l, NULL, 1000);
	groups_query(&peer, l, &(struct query){.version = 1});
	groups_join(&peer, fd, l, l->group);
	groups_expect_old(&peer, l, l->group, false, &r);
	assert_int_equal(r.version, 1);
	peer_run(&peer, MINUTE);
	peer_forget(&peer);
	for (unsigned i = 0; i < 32; i++) {
		asked_ns = now();
		groups_query(&peer, l, &(struct query){.version = 1});
		peer_run(&peer, RESPONSE + MS);
		groups_expect_old(&peer, l, l->group, false, &r);
		assert_int_equal(r.version, 1);
		most = NSK_MAX(most, r.now_ns - asked_ns);
	}
	assert_true(most > 9 * SEC);
	groups_leave(&peer, fd, l, l->group);
	peer_run(&peer, MINUTE);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
	peer_end(&peer);
}

static void forced(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	groups_query(&peer, l, &(struct query){.version = l->newest, .most_ms = 1000});
	groups_join(&peer, fd, l, l->group);
	groups_expect_old(&peer, l, l->group, false, &r);
	nsk_close(fd);
}

static void forced_newest(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	old_query(l, NULL, 1000);
	groups_join(&peer, fd, l, l->group);
	groups_expect(&peer, l, TO_EX, l->group, 0, &r);
	nsk_close(fd);
}

static void a_version_can_be_forced(void **state)
{
	static const char *const old[] = {"net.ipv4.conf.all.force_igmp_version=2",
					  "net.ipv6.conf.all.force_mld_version=1", NULL};
	static const char *const newest[] = {"igmp.version=3", "mld.version=2", NULL};

	(void)state;
	each(forced, old);
	each(forced_newest, newest);
}

/* A flood of old queries is answered once a group in its time. */
static void flood(const struct line *l)
{
	unsigned answers = 0;
	int fd = member(l);

	for (unsigned i = 0; i < 5000; i++) {
		old_query(l, NULL, 100);
		peer_run(&peer, 100000);
	}
	peer_run(&peer, 2 * SEC);
	while (groups_next(&peer, l, &r))
		answers++;
	assert_true(answers > 0 && answers <= 310);
	assert_true(world_drops(&peer.world, 0, NSK_DROP_GROUP_FLOOD) >= 5000 - 310);
	nsk_close(fd);
}

static void a_flood_of_old_queries_is_bounded(void **state)
{
	(void)state;
	each(flood, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(joining_and_leaving_rfc2236_3_rfc2710_4),
		world_test(queries_are_answered_within_their_time_rfc2236_3_rfc2710_4),
		world_test(anothers_report_makes_ours_needless_rfc2236_3_rfc2710_4),
		world_test(the_oldest_querier_present_decides_rfc3376_7_2_1_rfc3810_8_2_1),
		world_test(how_long_it_counts_rfc3376_8_12_rfc3810_9_12),
		world_test(the_first_version_rfc1112_rfc3376_7_2_1),
		world_test(a_version_can_be_forced),
		world_test(a_flood_of_old_queries_is_bounded),
	};

	return world_main(tests);
}
