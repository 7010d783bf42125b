/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Members that choose their senders: what is heard, and what the link is told. RFC 3376 §3.2, §5.1,
 * §5.2, RFC 3810 §4.2, §6, RFC 4604. Each test runs with IGMPv3 and with MLDv2.
 */
#include "sim/groups.h"

#include <errno.h>

#define PORT 9

static struct peer peer;
static struct report r;

static void each(void (*test)(const struct line *l))
{
	for (unsigned i = 0; i < 2; i++) {
		groups_start(&peer, NULL);
		test(&lines[i]);
		peer_end(&peer);
	}
}

static void change(int fd, const struct line *l, int option, unsigned sender)
{
	assert_int_equal(groups_source(fd, l, option, l->group, l->sender[sender]), 0);
	groups_pass(&peer, GROUPS_AT_ONCE);
}

/* The next report says so of one sender, and is said twice. */
static void expect_one(const struct line *l, uint8_t type, unsigned sender)
{
	struct ip_addr a = groups_addr(l->sender[sender]);

	for (unsigned i = 0; i < 2; i++) {
		groups_expect(&peer, l, type, l->group, 1, &r);
		assert_true(ip_addr_eq(&r.record[0].sender[0], &a));
		groups_pass(&peer, 2 * SEC);
	}
	groups_expect_nothing(&peer, l);
}

static void alone(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	change(fd, l, MCAST_JOIN_SOURCE_GROUP, 0);
	expect_one(l, ALLOW, 0);
	change(fd, l, MCAST_JOIN_SOURCE_GROUP, 1);
	expect_one(l, ALLOW, 1);
	change(fd, l, MCAST_LEAVE_SOURCE_GROUP, 0);
	expect_one(l, BLOCK, 0);
	nsk_close(fd);
	groups_pass(&peer, GROUPS_AT_ONCE);
	expect_one(l, BLOCK, 1);
}

static void senders_by_themselves_are_allowed_and_blocked_rfc3376_5_1(void **state)
{
	(void)state;
	each(alone);
}

static void all_but(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	groups_join(&peer, fd, l, l->group);
	groups_pass(&peer, 5 * SEC);
	peer_forget(&peer);
	change(fd, l, MCAST_BLOCK_SOURCE, 0);
	expect_one(l, BLOCK, 0);
	change(fd, l, MCAST_UNBLOCK_SOURCE, 0);
	expect_one(l, ALLOW, 0);
	nsk_close(fd);
}

static void all_but_some_are_blocked_and_allowed_rfc3376_5_1(void **state)
{
	(void)state;
	each(all_but);
}

/* While the mode's change is still told, the list goes with it. */
static void modes(const struct line *l)
{
	int one = groups_socket(&peer, l), all = groups_socket(&peer, l);

	change(one, l, MCAST_JOIN_SOURCE_GROUP, 0);
	expect_one(l, ALLOW, 0);
	groups_join(&peer, all, l, l->group);
	groups_expect(&peer, l, TO_EX, l->group, 0, &r);
	change(all, l, MCAST_BLOCK_SOURCE, 1);
	groups_expect(&peer, l, TO_EX, l->group, 1, &r);
	groups_pass(&peer, 2 * SEC);
	groups_expect(&peer, l, TO_EX, l->group, 1, &r);
	groups_expect_nothing(&peer, l);
	nsk_close(all);
	groups_pass(&peer, 2 * SEC);
	for (unsigned i = 0; i < 2; i++)
		groups_expect(&peer, l, TO_IN, l->group, 1, &r);
	groups_expect_nothing(&peer, l);
	nsk_close(one);
}

static void a_change_of_the_mode_is_told_with_its_list_rfc3376_5_1(void **state)
{
	(void)state;
	each(modes);
}

static void asked(const struct line *l)
{
	int fd = groups_socket(&peer, l);
	struct query q = {.version = l->newest,
			  .group = l->group,
			  .most_ms = 1000,
			  .sender = {l->sender[0], l->sender[2]},
			  .senders = 2};

	change(fd, l, MCAST_JOIN_SOURCE_GROUP, 0);
	change(fd, l, MCAST_JOIN_SOURCE_GROUP, 1);
	groups_pass(&peer, 5 * SEC);
	peer_forget(&peer);
	groups_query(&peer, l, &(struct query){.version = l->newest, .most_ms = 1000});
	groups_pass(&peer, 2 * SEC);
	groups_expect(&peer, l, IS_IN, l->group, 2, &r);
	groups_query(&peer, l, &q);
	groups_pass(&peer, 2 * SEC);
	groups_expect(&peer, l, IS_IN, l->group, 1, &r);
	/* Nobody of them is heard: nothing is said. */
	q.sender[0] = l->sender[2];
	q.senders = 1;
	groups_query(&peer, l, &q);
	groups_pass(&peer, 2 * SEC);
	groups_expect_nothing(&peer, l);
	nsk_close(fd);
}

static void queries_are_answered_with_who_is_heard_rfc3376_5_2(void **state)
{
	(void)state;
	each(asked);
}

/* Older versions know no senders. */
static void old(const struct line *l)
{
	int fd = groups_socket(&peer, l);

	groups_query(&peer, l, &(struct query){.version = l->old, .most_ms = 1000});
	change(fd, l, MCAST_JOIN_SOURCE_GROUP, 0);
	groups_expect_old(&peer, l, l->group, false, &r);
	groups_pass(&peer, 20 * SEC);
	peer_forget(&peer);
	change(fd, l, MCAST_JOIN_SOURCE_GROUP, 1);
	change(fd, l, MCAST_LEAVE_SOURCE_GROUP, 0);
	groups_pass(&peer, 20 * SEC);
	groups_expect_nothing(&peer, l);
	change(fd, l, MCAST_LEAVE_SOURCE_GROUP, 1);
	groups_expect_old(&peer, l, l->group, true, &r);
	nsk_close(fd);
}

static void older_versions_tell_of_the_group_alone_rfc3376_7_2(void **state)
{
	(void)state;
	each(old);
}

/* ---- who is heard (of IPv4; of both: sockets/group_sources.c) ---- */

static int bound(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = groups_socket(&peer, IGMP_LINE), on = 1;

	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static bool hears(int fd, unsigned sender)
{
	struct ip_addr dst = groups_addr(IGMP_LINE->group);
	struct ip_addr src = groups_addr(IGMP_LINE->sender[sender]);
	struct eth_addr mac = eth_addr_of_multicast(&dst);
	char byte;

	peer_udp(&peer, &(struct udp_spec){.ip = {.src = ip_addr_host32(&src),
						  .dst = ip_addr_host32(&dst),
						  .dst_mac = mac.b},
					   .sport = 5,
					   .dport = PORT,
					   .data = "x",
					   .len = 1});
	return nsk_recv(fd, &byte, 1, 0) == 1;
}

static void each_member_hears_whom_it_named_rfc3376_3_1(void **state)
{
	const struct line *l = IGMP_LINE;
	int one, but, none, off = 0;

	(void)state;
	groups_start(&peer, NULL);
	one = bound();
	but = bound();
	none = bound();
	change(one, l, MCAST_JOIN_SOURCE_GROUP, 0);
	assert_true(hears(one, 0));
	assert_false(hears(one, 1));
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_GROUP_SOURCE), 1);
	groups_join(&peer, but, l, l->group);
	change(but, l, MCAST_BLOCK_SOURCE, 0);
	while (nsk_recv(but, &(char){0}, 1, 0) == 1)
		;
	assert_false(hears(but, 0));
	assert_true(hears(but, 1));
	assert_int_equal(nsk_recv(one, &(char){0}, 1, 0), 1); /* what but has not heard */
	assert_false(hears(one, 1));
	/* Who is no member hears what the host does, as in Linux. */
	while (nsk_recv(none, &(char){0}, 1, 0) == 1)
		;
	assert_true(hears(none, 2));
	assert_int_equal(nsk_setsockopt(none, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off)), 0);
	assert_false(hears(none, 2));
	nsk_close(one);
	nsk_close(but);
	nsk_close(none);
	peer_end(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(senders_by_themselves_are_allowed_and_blocked_rfc3376_5_1),
		world_test(all_but_some_are_blocked_and_allowed_rfc3376_5_1),
		world_test(a_change_of_the_mode_is_told_with_its_list_rfc3376_5_1),
		world_test(queries_are_answered_with_who_is_heard_rfc3376_5_2),
		world_test(older_versions_tell_of_the_group_alone_rfc3376_7_2),
		world_test(each_member_hears_whom_it_named_rfc3376_3_1),
	};

	return world_main(tests);
}
