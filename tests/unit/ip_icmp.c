/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/icmp.c and icmp_error.c: echo, errors received and sent. */
#include "net_world.h"

#include <errno.h>

/* An ICMP message with a good checksum comes in. */
static void icmp(struct net_world *world, uint32_t dst, uint8_t type, uint8_t code, uint32_t rest,
		 const void *body, size_t len)
{
	uint8_t msg[1500];

	icmp_write(msg, &(struct icmp_view){.type = type, .code = code, .rest = rest});
	memcpy(msg + ICMP_HLEN, body, len);
	icmp_set_checksum(msg, ICMP_HLEN + len);
	nw_packet(world, PEER, dst, IP_PROTO_ICMP, msg, ICMP_HLEN + len);
}

/* ---- echo ---- */

static void test_echo_comes_back_with_data_and_tos_RFC1122_3_2_2_6(void **state)
{
	struct net_world *world = *state;
	struct icmp_view v;
	struct ipv4_view ip;
	uint8_t data[1400];
	const uint8_t *p;

	rng_fill(&world->w.rng, data, sizeof(data));
	for (size_t len = 0; len <= sizeof(data); len += 56) {
		icmp(world, IF0_ADDR2, ICMP_ECHO, 0, 0x12340007, data, len);
		assert_int_equal(world->nsent, 1);
		p = nw_sent_ip(world, 0, peer_mac, &ip);
		assert_int_equal(ip.src, IF0_ADDR2);
		assert_int_equal(ip.dst, PEER);
		assert_int_equal(ip.ttl, 64);
		assert_int_equal(ip.tos, 0x20);
		assert_int_equal(icmp_parse(p, ipv4_payload_len(&ip), 0, &v), 0);
		assert_int_equal(v.type, ICMP_ECHO_REPLY);
		assert_int_equal(v.rest, 0x12340007);
		assert_int_equal(ipv4_payload_len(&ip), ICMP_HLEN + len);
		assert_memory_equal(p + ICMP_HLEN, data, len);
		nw_forget_sent(world);
	}
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ECHO_REPLIES], 26);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

/* e1000's driver leaves there what the buffer's last packet had computed, and refuses to send what
 * is shorter than that. */
static void test_a_reply_has_nothing_of_the_last_packet_of_its_buffer(void **state)
{
	struct net_world *world = *state;
	uint8_t msg[ICMP_HLEN], p[64];
	struct rte_mbuf *m;

	world->ifc[0].tx_offloads |= PORT_TX_CSUM_IPV4;
	icmp_write(msg, &(struct icmp_view){.type = ICMP_ECHO});
	icmp_set_checksum(msg, sizeof(msg));
	m = nw_buffer(world, p, nw_ipv4(p, PEER, IF0_ADDR, IP_PROTO_ICMP, msg, sizeof(msg)));
	m->l4_len = 32;
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	ip_input(&world->w, &world->ifc[0], m);
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 1);
	assert_int_equal(world->sent[0]->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
	assert_int_equal(world->sent[0]->l3_len, IPV4_HLEN);
	assert_int_equal(world->sent[0]->l4_len, 0);
}

static void test_a_shared_packet_is_answered_by_a_copy_and_stays_as_it_was(void **state)
{
	struct net_world *world = *state;
	uint8_t msg[16], p[64];
	struct ipv4_view ip;
	struct rte_mbuf *m;
	size_t len;

	icmp_write(msg, &(struct icmp_view){.type = ICMP_ECHO});
	memcpy(msg + 8, "12345678", 8);
	icmp_set_checksum(msg, 16);
	len = nw_ipv4(p, PEER, IF0_ADDR, IP_PROTO_ICMP, msg, 16);
	m = nw_buffer(world, p, len);
	rte_mbuf_refcnt_update(m, 1);
	ip_input(&world->w, &world->ifc[0], m);
	net_tx_flush(&world->w);
	assert_int_equal(nw_sent_ip(world, 0, peer_mac, &ip)[0], ICMP_ECHO_REPLY);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), p, len);
	pkt_free(m);
}

static void test_echo_to_many_is_not_answered(void **state)
{
	static const uint8_t all_hosts[6] = {1, 0, 0x5e, 0, 0, 1};
	struct net_world *world = *state;
	uint8_t msg[8], p[64];
	size_t len;

	icmp(world, IF0_BCAST, ICMP_ECHO, 0, 0, "", 0);
	icmp(world, UINT32_MAX, ICMP_ECHO, 0, 0, "", 0);
	icmp_write(msg, &(struct icmp_view){.type = ICMP_ECHO});
	icmp_set_checksum(msg, 8);
	len = nw_ipv4(p, PEER, 0xe0000001, IP_PROTO_ICMP, msg, 8);
	nw_frame(world, all_hosts, peer_mac, ETH_TYPE_IPV4, p, len);
	nw_assert_drops(world, NSK_DROP_ICMP_BROADCAST_ECHO, 3);
	world->set.icmp_echo = 0;
	icmp(world, IF0_ADDR, ICMP_ECHO, 0, 0, "", 0);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_UNKNOWN_TYPE], 1);
	assert_int_equal(world->nsent, 0);
}

static void test_bad_messages_have_their_reasons(void **state)
{
	struct net_world *world = *state;
	uint8_t msg[32] = {ICMP_ECHO};

	for (size_t len = 0; len < ICMP_HLEN; len++)
		nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, msg, len);
	nw_assert_drops(world, NSK_DROP_ICMP_SHORT, ICMP_HLEN);
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, msg, 32);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_CHECKSUM], 1);
	icmp(world, IF0_ADDR, ICMP_REDIRECT, 1, GATEWAY, msg, 28);
	icmp(world, IF0_ADDR, ICMP_SOURCE_QUENCH, 0, 0, msg, 28);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_IGNORED], 2);
	icmp(world, IF0_ADDR, ICMP_ECHO_REPLY, 0, 0, msg, 8);
	icmp(world, IF0_ADDR, 13, 0, 0, msg, 12);
	icmp(world, IF0_ADDR, 255, 0, 0, msg, 12);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_UNKNOWN_TYPE], 3);
	assert_int_equal(world->nsent, 0);
}

/* ---- errors received ---- */

/* An error that quotes a packet of total length len, as it would have left us, comes in. */
static void error_about(struct net_world *world, uint8_t type, uint8_t code, uint32_t rest,
			uint32_t src, uint8_t proto, uint16_t len)
{
	uint8_t quote[28];

	nw_ipv4(quote, src, FAR, proto, "\x12\x34\x56\x78zzzz", 8);
	store_be16(quote + 2, len);
	icmp(world, IF0_ADDR, type, code, rest, quote, sizeof(quote));
}

static void test_errors_become_errno_RFC1122_4_2_3_9(void **state)
{
	static const struct {
		uint8_t type, code;
		int err;
		bool hard;
	} rows[] = {
		{3, 0, ENETUNREACH, false},   {3, 1, EHOSTUNREACH, false},
		{3, 2, ENOPROTOOPT, true},    {3, 3, ECONNREFUSED, true},
		{3, 5, EOPNOTSUPP, false},    {3, 6, ENETUNREACH, false},
		{3, 13, EHOSTUNREACH, false}, {3, 99, EHOSTUNREACH, false},
		{11, 0, EHOSTUNREACH, false}, {12, 0, EPROTO, false},
	};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		error_about(world, rows[i].type, rows[i].code, 0, IF0_ADDR, NW_PROTO, 28);
		assert_int_equal(world->nerrors, i + 1);
		assert_int_equal(world->error.err, rows[i].err);
		assert_int_equal(world->error.hard, rows[i].hard);
		assert_int_equal(world->error.type, rows[i].type);
		assert_int_equal(world->error.code, rows[i].code);
		assert_int_equal(world->error.quote_len, 8);
		assert_int_equal(world->error.mtu, 0);
		assert_false(world->error.local);
	}
	assert_int_equal(load_be32(world->error_flow.src), IF0_ADDR);
	assert_int_equal(load_be32(world->error_flow.dst), FAR);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_RECEIVED], NSK_ARRAY_LEN(rows));
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_a_quote_that_cannot_be_ours_counts_for_nothing(void **state)
{
	struct net_world *world = *state;
	uint8_t quote[28];

	error_about(world, 3, 3, 0, PEER, NW_PROTO, 28);      /* not our address */
	error_about(world, 3, 3, 0, IF0_ADDR2, NW_PROTO, 28); /* ours, but not whom it was told */
	error_about(world, 3, 3, 0, IF0_ADDR, 99, 28);	      /* a transport that we do not have */
	error_about(world, 3, 3, 0, IF0_ADDR, IP_PROTO_ICMP, 28);
	nw_ipv4(quote, IF0_ADDR, FAR, NW_PROTO, "12345678", 8);
	for (size_t len = 0; len < sizeof(quote); len++)
		icmp(world, IF0_ADDR, 3, 3, 0, quote, len);
	icmp(world, IF0_BCAST, 3, 3, 0, quote, sizeof(quote));
	nw_ipv4(quote, IF0_BCAST, FAR, NW_PROTO, "12345678", 8); /* what nobody sends */
	icmp(world, IF0_BCAST, 3, 3, 0, quote, sizeof(quote));
	nw_ipv4(quote, IF0_ADDR, FAR, NW_PROTO, "12345678", 8);
	store_be16(quote + 6, 1); /* a later fragment */
	icmp(world, IF0_ADDR, 3, 3, 0, quote, sizeof(quote));
	nw_assert_drops(world, NSK_DROP_ICMP_BAD_QUOTE, 4 + 28 + 3);
	assert_int_equal(world->nerrors, 0);
}

static void test_a_path_mtu_is_held_at_the_floor_and_must_be_below_the_packet_RFC1191(void **state)
{
	static const struct {
		uint16_t said, len, got;
	} rows[] = {
		{1400, 1500, 1400}, {552, 1500, 552},	{551, 1500, 552}, {68, 1500, 552},
		{1, 1500, 552},	    {0, 1500, 1492},	{0, 1492, 1006},  {0, 1006, 552},
		{0, 9000, 8166},    {1499, 1500, 1499},
	};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		error_about(world, 3, 4, rows[i].said, IF0_ADDR, NW_PROTO, rows[i].len);
		assert_int_equal(world->nerrors, i + 1);
		assert_int_equal(world->error.err, EMSGSIZE);
		assert_int_equal(world->error.mtu, rows[i].got);
	}
	error_about(world, 3, 4, 1500, IF0_ADDR, NW_PROTO, 1500);
	error_about(world, 3, 4, 9000, IF0_ADDR, NW_PROTO, 1500);
	nw_assert_drops(world, NSK_DROP_ICMP_BAD_QUOTE, 2);
}

static void test_an_error_goes_to_the_worker_of_the_flow_that_it_quotes(void **state)
{
	struct net_world *world = *state;
	struct rte_mbuf *m;

	world->w.peers = 2;
	world->owner = 1;
	error_about(world, 3, 3, 0, IF0_ADDR, IP_PROTO_UDP, 28);
	m = world->steered;
	assert_non_null(m);
	assert_int_equal(load_be32(world->asked.src), FAR);
	assert_int_equal(load_be32(world->asked.dst), IF0_ADDR);
	assert_int_equal(load_be16(&world->asked.sport_be), 0x5678);
	assert_int_equal(load_be16(&world->asked.dport_be), 0x1234);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_RECEIVED], 0);
	world->steered = NULL;
	pkt_of(m)->flags |= PKT_F_STEERED;
	ip_deliver(&world->w, m);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_RECEIVED], 1);
}

/* ---- errors sent ---- */

static void test_an_error_quotes_up_to_576_bytes_RFC1812_4_3_2_3(void **state)
{
	struct net_world *world = *state;
	uint8_t data[1400] = {0};
	struct ipv4_view ip, quoted;
	struct icmp_view v;
	const uint8_t *p;

	for (unsigned i = 0; i < 2; i++) {
		size_t len = i ? 1400 : 8;

		nw_packet(world, PEER, IF0_ADDR, 99, data, len);
		p = nw_sent_ip(world, i, peer_mac, &ip);
		assert_int_equal(ip.total_len, i ? 576 : 20 + 8 + 28);
		assert_int_equal(ip.tos, 0xc0);
		assert_int_equal(ip.src, IF0_ADDR);
		assert_int_equal(icmp_parse(p, ipv4_payload_len(&ip), 0, &v), 0);
		assert_int_equal(v.type, ICMP_UNREACHABLE);
		assert_int_equal(ipv4_parse(p + ICMP_HLEN, 20, 20 + len, 0, &quoted), 0);
		assert_int_equal(quoted.src, PEER);
		assert_int_equal(quoted.proto, 99);
	}
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_SENT], 2);
}

/* A packet as ip_input() would have described it, about which an error is wanted. */
static void complain(struct net_world *world, uint8_t proto, uint16_t frag, uint8_t flags,
		     uint8_t first)
{
	uint8_t p[64];
	size_t len = nw_ipv4(p, PEER, IF0_ADDR, proto, &first, 1);
	struct rte_mbuf *m;
	struct pkt *d;

	store_be16(p + 6, frag);
	m = nw_buffer(world, p, len);
	d = pkt_of(m);
	d->family = AF_INET;
	d->proto = proto;
	d->flags = flags;
	d->l3_off = m->data_off;
	d->l4_off = (uint16_t)(m->data_off + IPV4_HLEN);
	d->l4_len = 1;
	store_be32(d->flow.src, PEER);
	store_be32(d->flow.dst, IF0_ADDR);
	icmp_error_output(&world->w, m, IP_COMPLAINT_PORT, 0);
	net_tx_flush(&world->w);
	pkt_free(m);
}

static void test_no_error_about_what_must_not_be_answered_RFC1122_3_2_2(void **state)
{
	static const uint8_t flags[] = {PKT_F_LINK_BCAST, PKT_F_LINK_MCAST, PKT_F_IP_BCAST,
					PKT_F_IP_MCAST};
	static const uint8_t types[] = {0, 3, 4, 5, 11, 12, 13, 200};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(flags); i++)
		complain(world, IP_PROTO_UDP, 0, flags[i], 0);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(types); i++)
		complain(world, IP_PROTO_ICMP, 0, 0, types[i]);
	complain(world, IP_PROTO_UDP, 1, 0, 0);
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	complain(world, IP_PROTO_UDP, 0, 0, 0);
	complain(world, IP_PROTO_UDP, IPV4_FRAG_MF, 0, 0);
	complain(world, IP_PROTO_ICMP, 0, 0, ICMP_ECHO);
	assert_int_equal(world->nsent, 3);
}

static void test_errors_are_limited_by_a_bucket_of_uncertain_depth(void **state)
{
	struct net_world *world = *state;
	unsigned all = 0, least = 200, most = 0;

	for (unsigned round = 0; round < 20; round++) {
		nw_pass(world, 1000);
		nw_forget_sent(world);
		for (unsigned i = 0; i < 200; i++)
			complain(world, IP_PROTO_UDP, 0, 0, 0);
		assert_in_range(world->nsent, 30, 75);
		all += world->nsent;
		least = NSK_MIN(least, world->nsent);
		most = NSK_MAX(most, world->nsent);
	}
	/* Nobody can tell by what is left what others got (CVE-2020-25705). */
	assert_true(most - least >= 4);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_RATE_LIMITED], 20 * 200 - all);
	world->set.icmp_rate = 0;
	nw_pass(world, 10000);
	nw_forget_sent(world);
	complain(world, IP_PROTO_UDP, 0, 0, 0);
	assert_int_equal(world->nsent, 0);
}

static void test_without_a_buffer_an_error_is_left_out_and_counted(void **state)
{
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len = nw_ipv4(p, PEER, IF0_ADDR, 99, "x", 1);
	struct rte_mbuf *m = nw_buffer(world, p, len);

	world->w.pool->fail_at = 1;
	world->w.pool->fail_every = 1;
	ip_input(&world->w, &world->ifc[0], m);
	world->w.pool->fail_at = 0;
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 0);
	assert_int_equal(world->w.drop[NSK_DROP_TX_NO_BUFFER], 1);
	assert_int_equal(world->w.drop[NSK_DROP_IP_UNKNOWN_PROTO], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST_PEER(test_echo_comes_back_with_data_and_tos_RFC1122_3_2_2_6),
		NW_TEST_PEER(test_a_reply_has_nothing_of_the_last_packet_of_its_buffer),
		NW_TEST_PEER(test_a_shared_packet_is_answered_by_a_copy_and_stays_as_it_was),
		NW_TEST_PEER(test_echo_to_many_is_not_answered),
		NW_TEST_PEER(test_bad_messages_have_their_reasons),
		NW_TEST_PEER(test_errors_become_errno_RFC1122_4_2_3_9),
		NW_TEST_PEER(test_a_quote_that_cannot_be_ours_counts_for_nothing),
		NW_TEST_PEER(
			test_a_path_mtu_is_held_at_the_floor_and_must_be_below_the_packet_RFC1191),
		NW_TEST_PEER(test_an_error_goes_to_the_worker_of_the_flow_that_it_quotes),
		NW_TEST_PEER(test_an_error_quotes_up_to_576_bytes_RFC1812_4_3_2_3),
		NW_TEST_PEER(test_no_error_about_what_must_not_be_answered_RFC1122_3_2_2),
		NW_TEST_PEER(test_errors_are_limited_by_a_bucket_of_uncertain_depth),
		NW_TEST_PEER(test_without_a_buffer_an_error_is_left_out_and_counted),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
