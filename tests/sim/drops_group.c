/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons of multicast groups: IGMP, MLD, and senders that nobody wants; see drops.h. */
#include "sim/drops.h"
#include "sim/groups.h"

static int fd;

static void with_ipv6(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_address(config, "2001:db8::1/64"), 0);
}

/* What the stack says of its own addresses is over. */
static void settled(struct peer *p)
{
	peer_run(p, 5 * SEC);
	peer_forget(p);
}

static void query_from_beyond_a_router(struct peer *p)
{
	groups_query(p, IGMP_LINE, &(struct query){.version = 3, .hops = 2, .most_ms = 1000});
}

static void query_with_a_wrong_checksum(struct peer *p)
{
	groups_query(p, IGMP_LINE,
		     &(struct query){.version = 2, .bad_checksum = true, .most_ms = 1000});
}

static void query_that_routers_do_not_look_at(struct peer *p)
{
	groups_query(p, MLD_LINE, &(struct query){.version = 2, .no_alert = true, .most_ms = 1000});
}

static void query_of_no_version(struct peer *p)
{
	groups_query(p, MLD_LINE, &(struct query){.version = 1, .len = 26, .most_ms = 1000});
}

static void leave_message(struct peer *p)
{
	uint8_t m[8] = {0x17, 0, 0, 0, 239, 1, 2, 3}, f[128];

	icmp_store_checksum(m, csum_block(m, sizeof(m)));
	peer_input(p, f, frame_ip(f, &(struct ip_spec){.proto = 2, .ttl = 1}, m, sizeof(m)));
	peer_settle(p);
}

static void report_of_an_unknown_type(struct peer *p)
{
	uint8_t m[8] = {0x99}, f[128];

	icmp_store_checksum(m, csum_block(m, sizeof(m)));
	peer_input(p, f, frame_ip(f, &(struct ip_spec){.proto = 2, .ttl = 1}, m, sizeof(m)));
	peer_settle(p);
}

static void asked_enough(struct peer *p)
{
	settled(p);
	for (unsigned i = 0; i < 256; i++)
		groups_query(p, IGMP_LINE, &(struct query){.version = 3, .most_ms = 1000});
}

static void query_too_many(struct peer *p)
{
	groups_query(p, IGMP_LINE, &(struct query){.version = 3, .most_ms = 1000});
}

static void hears_one(struct peer *p)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(9)};

	fd = groups_socket(p, IGMP_LINE);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(groups_source(fd, IGMP_LINE, MCAST_JOIN_SOURCE_GROUP, IGMP_LINE->group,
				       IGMP_LINE->sender[0]),
			 0);
	settled(p);
}

static void close_fd(struct peer *p)
{
	(void)p;
	nsk_close(fd);
}

static void datagram_of_another_sender(struct peer *p)
{
	struct ip_addr dst = groups_addr(IGMP_LINE->group);
	struct eth_addr mac = eth_addr_of_multicast(&dst);

	peer_udp(p, &(struct udp_spec){.ip = {.dst = ip_addr_host32(&dst), .dst_mac = mac.b},
				       .sport = 5,
				       .dport = 9,
				       .data = "x",
				       .len = 1});
}

#define CASE_AFTER(why, fn, ...)                                                              \
	{                                                                                     \
		.reason = NSK_DROP_##why, .name = #fn, .provoke = fn, .configure = with_ipv6, \
		.prepare = __VA_ARGS__                                                        \
	}
#define CASE(why, fn) CASE_AFTER(why, fn, settled)

const struct drop_test drops_group[] = {
	CASE(GROUP_MALFORMED, query_from_beyond_a_router),
	CASE(GROUP_MALFORMED, query_with_a_wrong_checksum),
	CASE(GROUP_MALFORMED, query_that_routers_do_not_look_at),
	CASE(GROUP_MALFORMED, query_of_no_version),
	CASE(GROUP_IGNORED, leave_message),
	CASE(GROUP_IGNORED, report_of_an_unknown_type),
	CASE_AFTER(GROUP_FLOOD, query_too_many, asked_enough),
	CASE_AFTER(GROUP_SOURCE, datagram_of_another_sender, hears_one, .finish = close_fd),
};
const unsigned drops_group_count = NSK_ARRAY_LEN(drops_group);
