/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of rtnetlink as the kernel writes them, and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "net/route.h"
#include "stack/nl_decode.h"

static union {
	char bytes[4096];
	struct nlmsghdr head;
} u;

static struct nlmsghdr *message(uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h;

	memset(&u, 0, sizeof(u));
	h = mnl_nlmsg_put_header(u.bytes);
	h->nlmsg_type = type;
	h->nlmsg_flags = flags;
	return h;
}

static struct nlmsghdr *route(uint16_t type, uint16_t flags, uint8_t family, uint8_t len,
			      uint8_t kind)
{
	struct nlmsghdr *h = message(type, flags);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->rtm_family = family;
	m->rtm_dst_len = len;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_BGP;
	m->rtm_type = kind;
	return h;
}

static struct nl_change decoded(void)
{
	struct nl_change c;

	assert_int_equal(nl_decode(u.bytes, sizeof(u.bytes), &c), MNL_ALIGN(u.head.nlmsg_len));
	return c;
}

static void put_ip4(struct nlmsghdr *h, uint16_t type, uint32_t host)
{
	const struct ip_addr a = ip_addr_from_host32(host);

	mnl_attr_put(h, type, 4, a.b);
}

static void test_a_route_by_a_gateway(void **state)
{
	struct nlmsghdr *h = route(RTM_NEWROUTE, NLM_F_REPLACE, AF_INET, 16, RTN_UNICAST);
	struct nl_change c;

	(void)state;
	put_ip4(h, RTA_DST, 0x0a010000);
	put_ip4(h, RTA_GATEWAY, 0x0a090001);
	put_ip4(h, RTA_PREFSRC, 0x0a090002);
	mnl_attr_put_u32(h, RTA_OIF, 5);
	mnl_attr_put_u32(h, RTA_PRIORITY, 7);
	c = decoded();
	assert_int_equal(c.kind, NL_ROUTE);
	assert_true(c.add && c.replace && !c.dumped && !c.foreign);
	assert_int_equal(ip_addr_host32(&c.prefix.addr), 0x0a010000);
	assert_int_equal(c.prefix.len, 16);
	assert_int_equal(c.metric, 7);
	assert_int_equal(c.origin, RTPROT_BGP);
	assert_int_equal(c.table, RT_TABLE_MAIN);
	assert_int_equal(ip_addr_host32(&c.src), 0x0a090002);
	assert_int_equal(c.hops, 1);
	assert_int_equal(ip_addr_host32(&c.hop[0].gateway), 0x0a090001);
	assert_int_equal(c.hop[0].link, 5);
}

static void put_hop(struct nlmsghdr *h, int link, uint8_t hops, uint32_t gateway)
{
	struct rtnexthop nh = {.rtnh_len = sizeof(nh) + 8, .rtnh_hops = hops, .rtnh_ifindex = link};
	const struct ip_addr a = ip_addr_from_host32(gateway);
	struct nlattr at = {.nla_len = 8, .nla_type = RTA_GATEWAY};
	char *to = mnl_nlmsg_get_payload_tail(h);

	memcpy(to, &nh, sizeof(nh));
	memcpy(to + sizeof(nh), &at, sizeof(at));
	memcpy(to + sizeof(nh) + sizeof(at), a.b, 4);
	h->nlmsg_len += nh.rtnh_len;
}

static void several(unsigned n)
{
	struct nlmsghdr *h = route(RTM_NEWROUTE, 0, AF_INET, 8, RTN_UNICAST);
	struct nlattr *nest;

	put_ip4(h, RTA_DST, 0x0b000000);
	nest = mnl_attr_nest_start(h, RTA_MULTIPATH);
	for (unsigned i = 0; i < n; i++)
		put_hop(h, 5, (uint8_t)i, 0x0a090001 + i);
	mnl_attr_nest_end(h, nest);
}

static void test_several_hops_have_weights(void **state)
{
	struct nl_change c;

	(void)state;
	several(3);
	c = decoded();
	assert_int_equal(c.hops, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(c.hop[i].weight, i + 1);
		assert_int_equal(ip_addr_host32(&c.hop[i].gateway), 0x0a090001 + i);
	}
	assert_false(c.foreign);
	several(NL_HOPS_MAX + 1);
	assert_true(decoded().foreign);
}

static void test_types_and_what_is_none_of_ours(void **state)
{
	static const struct {
		uint8_t from, to;
	} types[] = {{RTN_BLACKHOLE, ROUTE_BLACKHOLE},
		     {RTN_UNREACHABLE, ROUTE_UNREACHABLE},
		     {RTN_PROHIBIT, ROUTE_PROHIBIT}};
	struct nlmsghdr *h;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		route(RTM_DELROUTE, 0, AF_INET6, 0, types[i].from);
		assert_int_equal(decoded().type, types[i].to);
		assert_false(decoded().add);
	}
	route(RTM_NEWROUTE, 0, AF_INET, 32, RTN_LOCAL);
	assert_int_equal(decoded().kind, NL_NOTHING);
	route(RTM_NEWROUTE, 0, AF_INET, 33, RTN_UNICAST);
	assert_int_equal(decoded().kind, NL_NOTHING);
	route(RTM_NEWROUTE, 0, AF_BRIDGE, 0, RTN_UNICAST);
	assert_int_equal(decoded().kind, NL_NOTHING);
	h = route(RTM_NEWROUTE, 0, AF_INET, 0, RTN_UNICAST);
	mnl_attr_put_u32(h, RTA_VIA, 0);
	assert_true(decoded().foreign);
}

static void test_addresses(void **state)
{
	struct ifaddrmsg *m;
	struct nlmsghdr *h = message(RTM_NEWADDR, NLM_F_MULTI);
	struct nl_change c;

	(void)state;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ifa_family = AF_INET;
	m->ifa_prefixlen = 24;
	m->ifa_index = 5;
	put_ip4(h, IFA_ADDRESS, 0x0a090063); /* the other end's */
	put_ip4(h, IFA_LOCAL, 0x0a090005);
	c = decoded();
	assert_int_equal(c.kind, NL_ADDR);
	assert_true(c.add && c.dumped);
	assert_int_equal(c.link, 5);
	assert_int_equal(c.prefix.len, 24);
	assert_int_equal(ip_addr_host32(&c.prefix.addr), 0x0a090005);
	m->ifa_scope = RT_SCOPE_LINK;
	assert_int_equal(decoded().kind, NL_NOTHING);
	m->ifa_scope = 0;
	m->ifa_prefixlen = 33;
	assert_int_equal(decoded().kind, NL_NOTHING);
}

static void test_ends_of_dumps(void **state)
{
	struct nlmsghdr *h = message(NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR);
	struct nlmsgerr *e;

	(void)state;
	assert_int_equal(decoded().kind, NL_END);
	assert_true(decoded().torn);
	h = message(NLMSG_ERROR, 0);
	e = mnl_nlmsg_put_extra_header(h, sizeof(*e));
	assert_int_equal(decoded().kind, NL_NOTHING); /* an acknowledgment */
	e->error = -16;
	assert_int_equal(decoded().kind, NL_FAILED);
	assert_int_equal(decoded().err, -16);
}

/* Cut anywhere, and with any length inside: nothing beyond the end is read (ASan tells). */
static void test_no_length_leads_beyond_the_end(void **state)
{
	struct nl_change c;
	size_t whole;

	(void)state;
	several(4);
	whole = u.head.nlmsg_len;
	for (size_t len = 0; len < whole; len++)
		assert_int_equal(nl_decode(u.bytes, len, &c), 0);
	for (size_t at = sizeof(struct nlmsghdr) + sizeof(struct rtmsg); at + 2 <= whole; at += 2) {
		char was[2];

		memcpy(was, u.bytes + at, 2);
		for (unsigned v = 0; v < 65536; v += 37) {
			u.bytes[at] = (char)v;
			u.bytes[at + 1] = (char)(v >> 8);
			nl_decode(u.bytes, whole, &c);
			assert_true(c.hops <= NL_HOPS_MAX);
		}
		memcpy(u.bytes + at, was, 2);
	}
}

static struct nlmsghdr *neighbour(uint16_t type, uint16_t state)
{
	struct nlmsghdr *h = message(type, 0);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ndm_family = AF_INET;
	m->ndm_ifindex = 5;
	m->ndm_state = state;
	put_ip4(h, NDA_DST, 0x0a090009);
	return h;
}

/* Those alone whose link address somebody gave; all others are as if they were gone. */
static void test_neighbours_that_are_permanent(void **state)
{
	static const uint8_t mac[8] = {2, 0, 0, 0, 0, 9};
	static const struct {
		uint16_t type, state;
		uint16_t len; /* of the link address */
		bool add;
	} rows[] = {
		{RTM_NEWNEIGH, NUD_PERMANENT, 6, true},	 {RTM_NEWNEIGH, NUD_REACHABLE, 6, false},
		{RTM_NEWNEIGH, NUD_STALE, 6, false},	 {RTM_DELNEIGH, NUD_PERMANENT, 6, false},
		{RTM_NEWNEIGH, NUD_PERMANENT, 0, false}, {RTM_NEWNEIGH, NUD_PERMANENT, 5, false},
		{RTM_NEWNEIGH, NUD_PERMANENT, 8, false},
	};

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct nlmsghdr *h = neighbour(rows[i].type, rows[i].state);
		struct nl_change c;

		if (rows[i].len)
			mnl_attr_put(h, NDA_LLADDR, rows[i].len, mac);
		c = decoded();
		assert_int_equal(c.kind, NL_NEIGH);
		assert_int_equal(c.link, 5);
		assert_int_equal(ip_addr_host32(&c.prefix.addr), 0x0a090009);
		assert_int_equal(c.add, rows[i].add);
		assert_memory_equal(c.mac.b, rows[i].add ? mac : (const uint8_t[6]){0}, 6);
	}
	((struct ndmsg *)mnl_nlmsg_get_payload(neighbour(RTM_NEWNEIGH, NUD_PERMANENT)))->ndm_flags =
		NTF_PROXY;
	assert_int_equal(decoded().kind, NL_NOTHING);
	((struct ndmsg *)mnl_nlmsg_get_payload(neighbour(RTM_NEWNEIGH, NUD_PERMANENT)))
		->ndm_family = AF_BRIDGE;
	assert_int_equal(decoded().kind, NL_NOTHING);
	mnl_nlmsg_put_extra_header(message(RTM_NEWNEIGH, 0), 4);
	assert_int_equal(decoded().kind, NL_NOTHING);
}

/* libmnl would read up to the next multiple of four. */
static void test_no_attribute_reaches_beyond_the_message(void **state)
{
	struct nlmsghdr *h = message(RTM_NEWADDR, 0);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	(void)state;
	m->ifa_family = AF_INET;
	m->ifa_prefixlen = 24;
	put_ip4(h, IFA_LOCAL, 0x0a090002);
	assert_int_equal(decoded().kind, NL_ADDR);
	h->nlmsg_len--;
	assert_int_equal(decoded().kind, NL_NOTHING);
	h->nlmsg_len -= 4; /* nor its header */
	assert_int_equal(decoded().kind, NL_NOTHING);
}

static void test_a_length_beyond_all_numbers_is_no_message(void **state)
{
	struct nl_change c;

	(void)state;
	route(RTM_NEWROUTE, 0, AF_INET, 16, RTN_UNICAST)->nlmsg_len = UINT32_C(0x80000010);
	assert_int_equal(nl_decode(u.bytes, sizeof(u.bytes), &c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_route_by_a_gateway),
		cmocka_unit_test(test_several_hops_have_weights),
		cmocka_unit_test(test_types_and_what_is_none_of_ours),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_ends_of_dumps),
		cmocka_unit_test(test_no_length_leads_beyond_the_end),
		cmocka_unit_test(test_neighbours_that_are_permanent),
		cmocka_unit_test(test_no_attribute_reaches_beyond_the_message),
		cmocka_unit_test(test_a_length_beyond_all_numbers_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
