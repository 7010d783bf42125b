/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/input6.c, output6.c and ICMPv6: what comes in, what is answered, what goes out. */
#include "net_world6.h"

#include <errno.h>

static const struct pkt *delivered(const struct net_world *world)
{
	assert_non_null(world->delivered);
	return pkt_of(world->delivered);
}

static void data_in(struct net_world *world, const char *src, const char *dst)
{
	nw6_packet(world, src, dst, NW_PROTO, 9, "hello", 5);
}

/* ---- packets and addresses ------------------------------------------------------------------- */

static void test_a_good_packet_is_described_and_cut_to_its_length(void **state)
{
	struct net_world *world = *state;
	const struct ip_addr src = nw6_addr(PEER6), dst = nw6_addr(OURS);
	uint8_t p[64] = {0};
	const struct pkt *d;

	nw6_write(p, PEER6, OURS, NW_PROTO, 9, "hello", 5);
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV6, p, sizeof(p)); /* with link padding */
	d = delivered(world);
	assert_int_equal(world->delivered->pkt_len, 45);
	assert_int_equal(world->delivered->data_len, 45);
	assert_int_equal(d->family, AF_INET6);
	assert_int_equal(d->proto, NW_PROTO);
	assert_int_equal(d->ttl, 9);
	assert_int_equal(d->tos, 0x20);
	assert_int_equal(d->iface, 0);
	assert_int_equal(d->flags, 0);
	assert_int_equal(d->l4_len, 5);
	assert_memory_equal(pkt_at(world->delivered, d->l4_off), "hello", 5);
	assert_memory_equal(d->flow.src, src.b, 16);
	assert_memory_equal(d->flow.dst, dst.b, 16);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_lies_of_the_header_are_met_with_silence(void **state)
{
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len = nw6_write(p, PEER6, OURS, NW_PROTO, 9, "hello", 5);

	for (size_t n = 0; n < IPV6_HLEN; n++)
		nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV6, p, n);
	nw_assert_drops(world, NSK_DROP_IP_SHORT, IPV6_HLEN);
	for (size_t n = IPV6_HLEN; n < len; n++)
		nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV6, p, n);
	assert_int_equal(world->w.drop[NSK_DROP_IP_TOTAL_LEN], 5);
	p[0] = 0x40;
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV6, p, len);
	assert_int_equal(world->w.drop[NSK_DROP_IP_VERSION], 1);
	assert_int_equal(world->ndelivered, 0);
	assert_int_equal(world->nsent, 0);
}

static void test_martians_are_dropped_rfc4291_2_5(void **state)
{
	static const char *const sources[] = {
		"::", "::1", "ff02::1", "ff0e::9", "::ffff:192.0.2.7", OURS, OURS_LINK, OURS_IF1};
	static const char *const dests[] = {"::", "::1", "::ffff:192.0.2.1"};
	static const char *const others[] = {PEER6, FAR6, "fe80::1", "2001:db8::"};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(sources); i++)
		data_in(world, sources[i], OURS);
	nw_assert_drops(world, NSK_DROP_IP_MARTIAN_SOURCE, NSK_ARRAY_LEN(sources));
	for (unsigned i = 0; i < NSK_ARRAY_LEN(dests); i++)
		data_in(world, PEER6, dests[i]);
	assert_int_equal(world->w.drop[NSK_DROP_IP_MARTIAN_DEST], NSK_ARRAY_LEN(dests));
	for (unsigned i = 0; i < NSK_ARRAY_LEN(others); i++)
		data_in(world, PEER6, others[i]);
	assert_int_equal(world->w.drop[NSK_DROP_IP_NOT_LOCAL], NSK_ARRAY_LEN(others));
	assert_int_equal(world->ndelivered, 0);
	assert_int_equal(world->nsent, 0);
}

static void test_groups_of_a_node_and_reserved_ones_are_on_no_wire_rfc4291_2_7(void **state)
{
	static const char *const groups[] = {"ff00::1", "ff01::1", "ff10::1", "ff31::1"};
	struct net_world *world = *state;
	uint8_t p[64];

	for (unsigned i = 0; i < NSK_ARRAY_LEN(groups); i++) {
		size_t len = nw6_write(p, PEER6, groups[i], NW_PROTO, 9, "x", 1);
		static const uint8_t mac[6] = {0x33, 0x33, 0, 0, 0, 1};

		nw_frame(world, mac, peer_mac, ETH_TYPE_IPV6, p, len);
	}
	nw_assert_drops(world, NSK_DROP_IP_MARTIAN_DEST, NSK_ARRAY_LEN(groups));
	data_in(world, PEER6, "ff05::1"); /* the same link address as all nodes' */
	assert_int_equal(world->w.drop[NSK_DROP_IP_NOT_LOCAL], 1);
	data_in(world, PEER6, ALL_NODES);
	assert_int_equal(delivered(world)->flags, PKT_F_LINK_MCAST | PKT_F_IP_MCAST);
	assert_int_equal(world->ndelivered, 1);
}

static void test_every_address_of_ours_takes_packets_link_local_ones_of_their_link(void **state)
{
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len;

	data_in(world, PEER6, OURS);
	data_in(world, PEER6, OURS_TOO);
	data_in(world, PEER_LINK, OURS_LINK);
	data_in(world, PEER6, OURS_IF1); /* weak hosts, as in IPv4 (RFC 1122 §3.3.4.2) */
	assert_int_equal(world->ndelivered, 4);
	len = nw6_write(p, PEER_LINK, OURS_LINK, NW_PROTO, 9, "x", 1);
	net_input(&world->w, &world->ifc[1], nw_buffer(world, p, len));
	assert_int_equal(world->ndelivered, 4);
	nw_assert_drops(world, NSK_DROP_IP_NOT_LOCAL, 1);
	len = nw6_write(p, PEER_IF1, OURS_IF1, NW_PROTO, 9, "x", 1);
	net_input(&world->w, &world->ifc[1], nw_buffer(world, p, len));
	assert_int_equal(delivered(world)->iface, 1);
}

static void test_a_packet_for_one_host_may_not_come_to_many(void **state)
{
	static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len = nw6_write(p, PEER6, OURS, NW_PROTO, 9, "x", 1);

	nw_frame(world, all_mac, peer_mac, ETH_TYPE_IPV6, p, len);
	nw_frame(world, all_nodes_mac, peer_mac, ETH_TYPE_IPV6, p, len);
	nw_assert_drops(world, NSK_DROP_IP_LINK_BROADCAST, 2);
}

/* A packet in buffers of so many bytes each comes in. */
static void in_buffers(struct net_world *world, const uint8_t *p, size_t len, size_t each)
{
	struct rte_mbuf *m = NULL;

	for (size_t at = 0; at < len; at += each) {
		struct rte_mbuf *b = nw_buffer(world, p + at, NSK_MIN(each, len - at));

		if (!m)
			m = b;
		else
			assert_int_equal(rte_pktmbuf_chain(m, b), 0);
	}
	net_input(&world->w, &world->ifc[1], m);
	net_tx_flush(&world->w);
}

static void test_the_transports_header_is_in_one_piece_however_the_packet_came(void **state)
{
	struct net_world *world = *state;
	uint8_t payload[600] = {NW_PROTO, 31}, p[700];
	size_t len;

	memset(payload + 2, 0, 254);
	for (unsigned i = 2; i < 250; i += 124) { /* two options in 256 bytes */
		payload[i] = 0x1e;
		payload[i + 1] = (uint8_t)(i == 2 ? 122 : 128);
	}
	rng_fill(&world->w.rng, payload + 256, sizeof(payload) - 256);
	len = nw6_write(p, PEER_IF1, OURS_IF1, IPV6_NEXT_DESTINATION, 64, payload, sizeof(payload));
	for (size_t each = 296; each < 360; each++) {
		const struct pkt *d;

		in_buffers(world, p, len, each);
		d = delivered(world);
		assert_int_equal(d->l4_len, 344);
		assert_true(d->l4_off + 60 <=
			    world->delivered->data_off + world->delivered->data_len);
		assert_memory_equal(pkt_at(world->delivered, d->l4_off), payload + 256, 60);
	}
	assert_int_equal(world->ndelivered, 64);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	in_buffers(world, p, len, 200); /* extensions in two */
	nw_assert_drops(world, NSK_DROP_IP_SPLIT_HEADERS, 1);
}

static void test_the_longest_packet_is_more_than_65535_bytes(void **state)
{
	static uint8_t p[IPV6_HLEN + IPV6_MAX_PAYLOAD];
	struct net_world *world = *state;
	const struct ip_addr s = nw6_addr(PEER_IF1), d = nw6_addr(OURS_IF1);

	ipv6_write(p, &(struct ipv6_view){.src = s.b,
					  .dst = d.b,
					  .payload_len = IPV6_MAX_PAYLOAD,
					  .next_header = NW_PROTO,
					  .hop_limit = 64});
	in_buffers(world, p, sizeof(p), 2048);
	assert_int_equal(delivered(world)->l4_len, IPV6_MAX_PAYLOAD);
	assert_int_equal(world->delivered->pkt_len, sizeof(p));
}

/* ---- echo ------------------------------------------------------------------------------------ */

static void echo(struct net_world *world, const char *src, const char *dst)
{
	nw6_icmp(world, src, dst, ICMP6_ECHO, 0, 0x12340007, "some data", 9);
}

static void assert_echo_reply(struct net_world *world, unsigned i, const char *from, const char *to)
{
	struct ipv6_view ip;
	const uint8_t *p = nw6_sent_icmp(world, i, peer_mac, from, to, &ip);

	assert_int_equal(ip.hop_limit, 64);
	assert_int_equal(ip.traffic_class, 0x20);
	assert_int_equal(ip.payload_len, ICMP_HLEN + 9);
	assert_int_equal(p[0], ICMP6_ECHO_REPLY);
	assert_int_equal(p[1], 0);
	assert_int_equal(load_be32(p + 4), 0x12340007);
	assert_memory_equal(p + 8, "some data", 9);
}

static void test_rfc4443_4_2_echo_is_answered_from_the_address_that_was_asked(void **state)
{
	struct net_world *world = *state;

	nw6_solicit(world, PEER_LINK, OUR_GROUP, OURS, peer_mac);
	nw_forget_sent(world);
	echo(world, PEER6, OURS);
	echo(world, PEER6, OURS_TOO);
	echo(world, PEER_LINK, OURS_LINK);
	echo(world, PEER_LINK, OURS);
	assert_echo_reply(world, 0, OURS, PEER6);
	assert_echo_reply(world, 1, OURS_TOO, PEER6);
	assert_echo_reply(world, 2, OURS_LINK, PEER_LINK);
	assert_echo_reply(world, 3, OURS, PEER_LINK);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ECHO_REPLIES], 4);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

/* The address that was asked is the other interface's. */
static void test_rfc4007_6_who_is_heard_on_a_link_is_answered_there(void **state)
{
	struct net_world *world = *state;

	nw6_solicit(world, PEER_LINK, OUR_GROUP, OURS, peer_mac);
	nw_forget_sent(world);
	echo(world, PEER_LINK, OURS_IF1);
	assert_echo_reply(world, 0, OURS_IF1, PEER_LINK);
	assert_int_equal(world->sent_iface[0], 0);
	nw6_packet(world, PEER_LINK, OURS_IF1, 99, 64, "12345678", 8);
	assert_int_equal(nw6_sent_icmp(world, 1, peer_mac, OURS_IF1, PEER_LINK,
				       &(struct ipv6_view){0})[0],
			 ICMP6_PARAMETER_PROBLEM);
	assert_int_equal(world->sent_iface[1], 0);
}

static void test_rfc4443_4_2_echo_to_a_group_is_answered_from_an_address_of_ours(void **state)
{
	struct net_world *world = *state;

	nw6_solicit(world, PEER_LINK, OUR_GROUP, OURS, peer_mac);
	nw_forget_sent(world);
	echo(world, PEER_LINK, ALL_NODES);
	echo(world, PEER6, ALL_NODES);
	assert_echo_reply(world, 0, OURS_LINK, PEER_LINK);
	assert_echo_reply(world, 1, OURS, PEER6);
	world->set.icmp_echo = 0;
	echo(world, PEER6, OURS);
	assert_int_equal(world->nsent, 2);
}

static void test_bad_messages_have_their_reasons(void **state)
{
	struct net_world *world = *state;
	uint8_t msg[32] = {ICMP6_ECHO};

	for (size_t len = 0; len < ICMP_HLEN; len++)
		nw6_packet(world, PEER6, OURS, IP_PROTO_ICMPV6, 64, msg, len);
	nw_assert_drops(world, NSK_DROP_ICMP_SHORT, ICMP_HLEN);
	icmp_set_checksum(msg, sizeof(msg)); /* without the pseudo-header (RFC 4443 §2.3) */
	nw6_packet(world, PEER6, OURS, IP_PROTO_ICMPV6, 64, msg, sizeof(msg));
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_CHECKSUM], 1);
	nw6_icmp(world, PEER6, OURS, ICMP6_ECHO_REPLY, 0, 0, msg, 8);
	nw6_icmp(world, PEER6, OURS, 5, 0, 0, msg, 8);
	nw6_icmp(world, PEER6, OURS, 200, 0, 0, msg, 8);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_UNKNOWN_TYPE], 3);
	assert_int_equal(world->nsent, 0);
}

/* ---- errors sent ----------------------------------------------------------------------------- */

/* Frame i is an error about the packet at p. */
static void assert_error(struct net_world *world, unsigned i, const char *from, uint8_t type,
			 uint8_t code, uint32_t rest, const uint8_t *p, size_t quoted)
{
	struct ipv6_view ip;
	const uint8_t *msg = nw6_sent_icmp(world, i, peer_mac, from, PEER6, &ip);

	assert_int_equal(msg[0], type);
	assert_int_equal(msg[1], code);
	assert_int_equal(load_be32(msg + 4), rest);
	assert_int_equal(ip.payload_len, ICMP_HLEN + quoted);
	assert_memory_equal(msg + ICMP_HLEN, p, quoted);
}

static void test_rfc8200_4_an_unknown_next_header_is_pointed_at(void **state)
{
	static const uint8_t options[16] = {99, 0, 1, 4};
	struct net_world *world = *state;
	uint8_t p[128];
	size_t len;

	nw6_packet(world, PEER6, OURS, 99, 64, "x", 1);
	len = nw6_write(p, PEER6, OURS, 99, 64, "x", 1);
	assert_error(world, 0, OURS, ICMP6_PARAMETER_PROBLEM, ICMP6_PARAM_HEADER, 6, p, len);
	nw6_packet(world, PEER6, OURS, IPV6_NEXT_DESTINATION, 64, options, 16);
	len = nw6_write(p, PEER6, OURS, IPV6_NEXT_DESTINATION, 64, options, 16);
	assert_error(world, 1, OURS, ICMP6_PARAMETER_PROBLEM, ICMP6_PARAM_HEADER, 40, p, len);
	nw6_packet(world, PEER6, OURS, IP_PROTO_ICMP, 64, "x", 1); /* IPv4's */
	assert_int_equal(world->nsent, 3);
	nw_assert_drops(world, NSK_DROP_IP_UNKNOWN_PROTO, 3);
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMPV6, "x", 1); /* and the other way round */
	nw_assert_drops(world, NSK_DROP_IP_UNKNOWN_PROTO, 4);
}

static void test_rfc8200_4_2_unknown_options_are_pointed_at_even_of_groups(void **state)
{
	uint8_t options[8] = {NW_PROTO, 0, 0x80, 4}, route[8] = {NW_PROTO, 0, 0, 1}, p[64];
	struct net_world *world = *state;
	size_t len;

	nw6_packet(world, PEER6, OURS, 0, 64, options, 8);
	len = nw6_write(p, PEER6, OURS, 0, 64, options, 8);
	assert_error(world, 0, OURS, ICMP6_PARAMETER_PROBLEM, 2, 42, p, len);
	nw6_packet(world, PEER6, ALL_NODES, 0, 64, options, 8);
	len = nw6_write(p, PEER6, ALL_NODES, 0, 64, options, 8);
	assert_error(world, 1, OURS, ICMP6_PARAMETER_PROBLEM, 2, 42, p, len);
	nw6_packet(world, PEER6, OURS, 43, 64, route, 8);
	len = nw6_write(p, PEER6, OURS, 43, 64, route, 8);
	assert_error(world, 2, OURS, ICMP6_PARAMETER_PROBLEM, 0, 42, p, len);
	nw_assert_drops(world, NSK_DROP_IP6_EXTENSIONS, 3);
}

static void test_rfc4443_2_4_an_error_is_1280_bytes_at_most(void **state)
{
	struct net_world *world = *state;
	uint8_t data[1400] = {1}, p[1440];

	nw6_packet(world, PEER6, OURS, 99, 64, data, sizeof(data));
	nw6_write(p, PEER6, OURS, 99, 64, data, sizeof(data));
	assert_error(world, 0, OURS, ICMP6_PARAMETER_PROBLEM, 1, 6, p, 1280 - 40 - 8);
}

static void test_rfc4443_2_4_no_error_about_what_must_not_be_answered(void **state)
{
	static const uint8_t types[] = {1, 2, 3, 4, 5, 127, 137, 200};
	static const uint8_t route[8] = {NW_PROTO, 0, 0, 1}, discard[8] = {NW_PROTO, 0, 0x40, 4},
			     unless_group[8] = {NW_PROTO, 0, 0xc0, 4};
	struct net_world *world = *state;

	nw6_packet(world, PEER6, ALL_NODES, 99, 64, "x", 1);
	nw6_packet(world, PEER6, ALL_NODES, 43, 64, route, 8);
	nw6_packet(world, PEER6, ALL_NODES, 60, 64, unless_group, 8);
	nw6_packet(world, PEER6, OURS, 60, 64, discard, 8);
	nw6_packet(world, "::", OURS, 99, 64, "x", 1);
	nw6_packet(world, PEER6, FAR6, 99, 64, "x", 1);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(types); i++) {
		struct rte_mbuf *m;
		uint8_t p[64];

		m = nw_buffer(world, p,
			      nw6_write(p, PEER6, OURS, IP_PROTO_ICMPV6, 64, types + i, 1));
		*pkt_of(m) = (struct pkt){.family = AF_INET6,
					  .proto = IP_PROTO_ICMPV6,
					  .l3_off = m->data_off,
					  .l4_off = (uint16_t)(m->data_off + IPV6_HLEN),
					  .l4_len = 1};
		memcpy(pkt_of(m)->flow.src, nw6_addr(PEER6).b, 16);
		memcpy(pkt_of(m)->flow.dst, nw6_addr(OURS).b, 16);
		icmp_error_output(&world->w, m, IP_COMPLAINT_PROTO, 6);
		pkt_free(m);
	}
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 0);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_SENT], 0);
}

static void test_rfc4443_2_4_both_families_errors_are_limited_by_one_bucket(void **state)
{
	struct net_world *world = *state;
	unsigned sent;

	for (unsigned i = 0; i < 100; i++) {
		nw6_packet(world, PEER6, OURS, 99, 64, "x", 1);
		nw_packet(world, PEER, IF0_ADDR, 99, "x", 1);
	}
	sent = (unsigned)world->w.cnt[NSK_CNT_ICMP_ERRORS_SENT];
	assert_in_range(sent, 30, 75);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_RATE_LIMITED], 200 - sent);
}

/* ---- errors received ------------------------------------------------------------------------- */

/* An error that quotes a packet of so many bytes, as it would have left us. */
static void error_about(struct net_world *world, uint8_t type, uint8_t code, uint32_t rest,
			const char *src, uint8_t proto, uint32_t len)
{
	uint8_t quote[64];

	nw6_write(quote, src, FAR6, proto, 64, "\x12\x34\x56\x78zzzz", 8);
	store_be16(quote + 4, (uint16_t)(len - IPV6_HLEN));
	nw6_icmp(world, PEER6, OURS, type, code, rest, quote, IPV6_HLEN + 8);
}

static void test_rfc4443_3_errors_become_errno(void **state)
{
	static const struct {
		uint8_t type, code;
		int err;
		bool hard, soft;
	} rows[] = {
		{1, 0, ENETUNREACH, false, true},  {1, 1, EACCES, true, false},
		{1, 2, EHOSTUNREACH, false, true}, {1, 3, EHOSTUNREACH, false, true},
		{1, 4, ECONNREFUSED, true, false}, {1, 5, EACCES, true, false},
		{1, 6, EACCES, true, false},	   {1, 99, EPROTO, false, false},
		{3, 0, EHOSTUNREACH, false, true}, {3, 1, EHOSTUNREACH, false, true},
		{4, 0, EPROTO, true, false},	   {4, 1, EPROTO, true, false},
	};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		error_about(world, rows[i].type, rows[i].code, 0, OURS, NW_PROTO, 48);
		assert_int_equal(world->nerrors, i + 1);
		assert_int_equal(world->error.err, rows[i].err);
		assert_int_equal(world->error.hard, rows[i].hard);
		assert_int_equal(world->error.soft, rows[i].soft);
		assert_int_equal(world->error.family, AF_INET6);
		assert_int_equal(world->error.mtu, 0);
		assert_int_equal(world->error.quote_len, 8);
	}
	assert_memory_equal(world->error_flow.src, nw6_addr(OURS).b, 16);
	assert_memory_equal(world->error_flow.dst, nw6_addr(FAR6).b, 16);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_RECEIVED], NSK_ARRAY_LEN(rows));
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_a_quote_that_cannot_be_ours_counts_for_nothing(void **state)
{
	struct net_world *world = *state;
	uint8_t quote[64];

	error_about(world, 1, 4, 0, PEER6, NW_PROTO, 48);
	error_about(world, 1, 4, 0, OURS_TOO, NW_PROTO, 48);
	error_about(world, 1, 4, 0, OURS, 99, 48);
	error_about(world, 1, 4, 0, OURS, IP_PROTO_ICMPV6, 48);
	error_about(world, 1, 4, 0, OURS, IP_PROTO_ICMP, 48);
	nw6_write(quote, OURS, FAR6, NW_PROTO, 64, "12345678", 8);
	for (size_t len = 0; len < IPV6_HLEN + 8; len++)
		nw6_icmp(world, PEER6, OURS, 1, 4, 0, quote, len);
	nw6_icmp(world, PEER6, ALL_NODES, 1, 4, 0, quote, IPV6_HLEN + 8);
	nw_assert_drops(world, NSK_DROP_ICMP_BAD_QUOTE, 5 + 48 + 1);
	assert_int_equal(world->nerrors, 0);
}

static void test_rfc8201_4_no_path_has_less_than_1280_bytes(void **state)
{
	static const struct {
		uint32_t said, len, got;
	} rows[] = {{1280, 1500, 1280}, {1400, 1500, 1400}, {1499, 1500, 1499}};
	static const uint32_t never[] = {0, 1, 68, 1279, 1500, 65536 + 1400, UINT32_MAX};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		error_about(world, 2, 0, rows[i].said, OURS, NW_PROTO, rows[i].len);
		assert_int_equal(world->nerrors, i + 1);
		assert_int_equal(world->error.err, EMSGSIZE);
		assert_int_equal(world->error.mtu, rows[i].got);
	}
	for (unsigned i = 0; i < NSK_ARRAY_LEN(never); i++)
		error_about(world, 2, 0, never[i], OURS, NW_PROTO, 1500);
	nw_assert_drops(world, NSK_DROP_ICMP_BAD_QUOTE, NSK_ARRAY_LEN(never));
	assert_int_equal(world->nerrors, NSK_ARRAY_LEN(rows));
}

/* A router's word about an ICMPv6 message of ours to far away. */
static void too_big(struct net_world *world, uint8_t type, uint32_t mtu)
{
	uint8_t msg[600] = {type}, quote[700];
	size_t len = nw6_write(quote, OURS, FAR6, IP_PROTO_ICMPV6, 60, msg, sizeof(msg));

	store_be16(quote + 4, 1408);
	nw6_icmp(world, PEER6, OURS, ICMP6_TOO_BIG, 0, mtu, quote, len);
}

/* What the worker sends in answer to an echo request of so many bytes from far away. */
static unsigned fragments_of_reply(struct net_world *world, size_t bytes)
{
	static const uint8_t data[1400];
	struct route_cache rc;
	unsigned n;

	nw_forget_sent(world);
	assert_int_equal(nw6_send(world, FAR6, &rc), 0); /* its gateway is asked for */
	nw6_advertise(world, "2001:db8::fe", OURS, "2001:db8::fe", ND_F_SOLICITED, peer_mac);
	nw_forget_sent(world);
	nw6_icmp(world, FAR6, OURS, ICMP6_ECHO, 0, 7, data, bytes);
	n = world->nsent;
	nw_forget_sent(world);
	return n;
}

static void test_rfc8201_5_2_echo_replies_fit_the_path_too(void **state)
{
	struct net_world *world = *state;

	assert_int_equal(fragments_of_reply(world, 1400), 1);
	too_big(world, ICMP6_ECHO, 1280); /* we have sent none */
	assert_int_equal(fragments_of_reply(world, 1400), 1);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_BAD_QUOTE], 1);
	too_big(world, ICMP6_ECHO_REPLY, 1300);
	assert_int_equal(fragments_of_reply(world, 1400), 2);
	assert_int_equal(fragments_of_reply(world, 1300 - IPV6_HLEN - ICMP_HLEN), 1);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_BAD_QUOTE], 1);
	nw_pass(world, 600001);
	assert_int_equal(fragments_of_reply(world, 1400), 1);
}

/* An error is one behind whatever headers it stands, that which is complained of included. */
static void test_rfc4443_2_4_no_error_about_an_error_behind_other_headers(void **state)
{
	static const uint8_t option[8] = {IP_PROTO_ICMPV6, 0, 0x80, 4},
			     route[8] = {IP_PROTO_ICMPV6, 0, 0, 1};
	uint8_t b[8 + 8 + 8 + 48] = {0};
	struct net_world *world = *state;

	for (unsigned type = 0; type < 128; type++) {
		memcpy(b, option, 8);
		b[8] = (uint8_t)type;
		nw6_packet(world, PEER6, OURS, 60, 64, b, 56);
		memcpy(b, route, 8);
		nw6_packet(world, PEER6, OURS, 43, 64, b, 56);
		b[0] = IPV6_NEXT_DESTINATION; /* the message is behind another header still */
		memcpy(b + 8, option, 8);
		b[16] = (uint8_t)type;
		nw6_packet(world, PEER6, OURS, 43, 64, b, 64);
	}
	nw_assert_drops(world, NSK_DROP_IP6_EXTENSIONS, 3 * 128);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_SENT], 0);
	memcpy(b, option, 8);
	b[8] = ICMP6_ECHO;
	nw6_packet(world, PEER6, OURS, 60, 64, b, 56);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_SENT], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW6_TEST_PEER(test_rfc4443_2_4_no_error_about_an_error_behind_other_headers),
		NW6_TEST(test_a_good_packet_is_described_and_cut_to_its_length),
		NW6_TEST(test_lies_of_the_header_are_met_with_silence),
		NW6_TEST(test_martians_are_dropped_rfc4291_2_5),
		NW6_TEST(test_groups_of_a_node_and_reserved_ones_are_on_no_wire_rfc4291_2_7),
		NW6_TEST(test_every_address_of_ours_takes_packets_link_local_ones_of_their_link),
		NW6_TEST(test_a_packet_for_one_host_may_not_come_to_many),
		NW6_TEST(test_the_transports_header_is_in_one_piece_however_the_packet_came),
		NW6_TEST(test_the_longest_packet_is_more_than_65535_bytes),
		NW6_TEST_PEER(test_rfc4443_4_2_echo_is_answered_from_the_address_that_was_asked),
		NW6_TEST_PEER(test_rfc4443_4_2_echo_to_a_group_is_answered_from_an_address_of_ours),
		NW6_TEST_PEER(test_rfc4007_6_who_is_heard_on_a_link_is_answered_there),
		NW6_TEST_PEER(test_bad_messages_have_their_reasons),
		NW6_TEST_PEER(test_rfc8200_4_an_unknown_next_header_is_pointed_at),
		NW6_TEST_PEER(test_rfc8200_4_2_unknown_options_are_pointed_at_even_of_groups),
		NW6_TEST_PEER(test_rfc4443_2_4_an_error_is_1280_bytes_at_most),
		NW6_TEST_PEER(test_rfc4443_2_4_no_error_about_what_must_not_be_answered),
		NW6_TEST_PEER(test_rfc4443_2_4_both_families_errors_are_limited_by_one_bucket),
		NW6_TEST_PEER(test_rfc4443_3_errors_become_errno),
		NW6_TEST_PEER(test_a_quote_that_cannot_be_ours_counts_for_nothing),
		NW6_TEST_PEER(test_rfc8201_4_no_path_has_less_than_1280_bytes),
		NW6_TEST_PEER(test_rfc8201_5_2_echo_replies_fit_the_path_too),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
