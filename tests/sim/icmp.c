/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP on the wire: echo of every size, errors about what cannot be delivered, and where silence is
 * the answer. RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3.2.
 */
#include <arpa/inet.h>
#include <string.h>

#include "sim/peer.h"
#include "wire/family.h"

#define L3 ETH_HLEN
#define L4 (ETH_HLEN + IPV4_HLEN)

#define BROADCAST UINT32_C(0x0a0000ff)
#define ALL_HOSTS UINT32_C(0xe0000001)

static struct peer peer;
static uint8_t f[PEER_FRAME_MAX], data[PEER_FRAME_MAX];

static void begin(const char *const *settings)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, settings);
	world_fill(data, sizeof(data), 0, 1);
}

static void hand_in(size_t len)
{
	peer_input(&peer, f, len);
	peer_settle(&peer);
}

static uint64_t drops(enum nsk_drop reason)
{
	return world_drops(&peer.world, 0, reason);
}

/* An ICMP message of the stack to the peer, its checksums verified. */
struct message {
	struct ipv4_view ip;
	struct icmp_view icmp;
	const uint8_t *body;
	size_t len;
};

static struct message take_message(void)
{
	const struct kept_frame *k = peer_take(&peer);
	struct message m;
	size_t len;

	assert_non_null(k);
	assert_int_equal(load_be16(k->data + 12), ETH_TYPE_IPV4);
	assert_memory_equal(k->data, peer_mac, 6);
	len = k->len - L3;
	assert_int_equal(ipv4_parse(k->data + L3, len, len, 0, &m.ip), 0);
	assert_int_equal(m.ip.total_len, len);
	assert_int_equal(m.ip.dst, HOST_B);
	assert_int_equal(m.ip.proto, IP_PROTO_ICMP);
	m.body = k->data + L3 + m.ip.hdr_len + ICMP_HLEN;
	m.len = len - m.ip.hdr_len - ICMP_HLEN;
	assert_int_equal(icmp_parse(m.body - ICMP_HLEN, m.len + ICMP_HLEN, 0, &m.icmp), 0);
	return m;
}

/* ---- echo ---------------------------------------------------------------------------------- */

static void echo_of(size_t len)
{
	uint32_t id_seq = (uint32_t)len << 16 | 0x1234;
	struct message m;

	hand_in(frame_icmp(f, &(struct ip_spec){.ttl = 3, .tos = 0x28}, ICMP_ECHO, 0, id_seq, data,
			   len));
	m = take_message();
	assert_int_equal(m.ip.src, HOST_A);
	assert_int_equal(m.ip.ttl, 64); /* its own, not the request's */
	assert_int_equal(m.ip.tos, 0x28);
	assert_int_equal(m.icmp.type, ICMP_ECHO_REPLY);
	assert_int_equal(m.icmp.code, 0);
	assert_int_equal(m.icmp.rest, id_seq);
	assert_int_equal(m.len, len);
	assert_memory_equal(m.body, data, len);
	peer_expect_silence(&peer);
}

static void echo_of_every_size_up_to_the_mtu_comes_back_unaltered_rfc1122_3_2_2_6(void **state)
{
	(void)state;
	begin(NULL);
	for (size_t len = 0; len <= 1500 - IPV4_HLEN - ICMP_HLEN; len++)
		echo_of(len);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_ICMP_ECHO_REPLIES), 1473);
	assert_int_equal(world_drops_all(&peer.world, 0), 0);
	peer_finish(&peer, MINUTE);
}

static void echo_of_jumbo_frames_comes_back_unaltered(void **state)
{
	static const char *const jumbo[] = {"mtu=9000", NULL};

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer.mtu = 9000;
	peer_start(&peer, jumbo);
	world_fill(data, sizeof(data), 0, 1);
	for (size_t len = 1400; len <= 9000 - IPV4_HLEN - ICMP_HLEN; len += 97)
		echo_of(len);
	echo_of(9000 - IPV4_HLEN - ICMP_HLEN);
	peer_finish(&peer, MINUTE);
}

/* Link padding is no part of the message, and does not come back. */
static void padding_does_not_come_back(void **state)
{
	static const uint8_t nops[4] = {1, 1, 1, 0};
	struct message m;
	size_t len;

	(void)state;
	begin(NULL);
	for (size_t options = 0; options <= 4; options += 4) { /* the short way and the long one */
		len = frame_icmp(f, &(struct ip_spec){.options = nops, .options_len = options},
				 ICMP_ECHO, 0, 1, "abc", 3);
		memset(f + len, 0x55, 60 - len);
		hand_in(60);
		m = take_message();
		assert_int_equal(m.len, 3);
		assert_memory_equal(m.body, "abc", 3);
	}
	peer_finish(&peer, MINUTE);
}

/* RFC 1122 §3.2.2.6 lets us; smurf. */
static void echo_to_many_is_ignored(void **state)
{
	static const uint8_t all_hosts_mac[6] = {1, 0, 0x5e, 0, 0, 1};
	const struct ip_spec many[] = {
		{.dst = BROADCAST, .dst_mac = bcast_mac},
		{.dst = UINT32_MAX, .dst_mac = bcast_mac},
		{.dst = BROADCAST}, /* though the frame is for us alone */
		{.dst = ALL_HOSTS, .dst_mac = all_hosts_mac},
	};

	(void)state;
	begin(NULL);
	for (unsigned i = 0; i < 4; i++)
		hand_in(frame_icmp(f, &many[i], ICMP_ECHO, 0, 1, data, 56));
	assert_int_equal(drops(NSK_DROP_ICMP_BROADCAST_ECHO), 4);
	/* To one in a frame for all. */
	hand_in(frame_icmp(f, &(struct ip_spec){.dst_mac = bcast_mac}, ICMP_ECHO, 0, 1, data, 56));
	assert_int_equal(drops(NSK_DROP_IP_LINK_BROADCAST), 1);
	/* Asked in the name of all, of nobody, of ourselves. */
	hand_in(frame_icmp(f, &(struct ip_spec){.src = BROADCAST}, ICMP_ECHO, 0, 1, data, 56));
	hand_in(frame_icmp(f, &(struct ip_spec){.src = UINT32_MAX}, ICMP_ECHO, 0, 1, data, 56));
	hand_in(frame_icmp(f, &(struct ip_spec){.src = HOST_A}, ICMP_ECHO, 0, 1, data, 56));
	assert_int_equal(drops(NSK_DROP_IP_MARTIAN_SOURCE), 3);
	peer_expect_silence(&peer);
	peer_finish(&peer, MINUTE);
}

/* ---- errors -------------------------------------------------------------------------------- */

/* What the stack says about the packet in f, which is of len bytes with its frame. */
static void expect_unreachable(uint8_t code, size_t len)
{
	size_t quoted = len - L3 < ICMP_QUOTE_MAX ? len - L3 : ICMP_QUOTE_MAX;
	struct message m;

	hand_in(len);
	m = take_message();
	assert_int_equal(m.ip.src, HOST_A);
	assert_int_equal(m.ip.tos, 0xc0); /* RFC 1812 §4.3.2.5 */
	assert_int_equal(m.icmp.type, ICMP_UNREACHABLE);
	assert_int_equal(m.icmp.code, code);
	assert_int_equal(m.icmp.rest, 0);
	assert_int_equal(m.len, quoted);
	assert_memory_equal(m.body, f + L3, quoted);
	assert_true(m.ip.total_len <= 576); /* RFC 1812 §4.3.2.3 */
	peer_expect_silence(&peer);
}

static size_t datagram(const struct ip_spec *ip, size_t len)
{
	return frame_udp(
		f,
		&(struct udp_spec){.ip = *ip, .sport = 5000, .dport = 9, .data = data, .len = len});
}

static void closed_port_is_told_with_as_much_of_the_packet_as_fits_rfc1122_4_1_3_1(void **state)
{
	static const uint8_t nops[40] = {[0 ... 38] = 1, 0};
	static const char *const many[] = {"icmp.burst=10000", NULL};

	(void)state;
	begin(many);
	for (size_t len = 0; len <= 1472; len++)
		expect_unreachable(ICMP_UNREACH_PORT, datagram(&(struct ip_spec){0}, len));
	/* Options are part of the header that is quoted. */
	for (size_t n = 4; n <= 40; n += 4)
		expect_unreachable(
			ICMP_UNREACH_PORT,
			datagram(&(struct ip_spec){.options = nops + 40 - n, .options_len = n},
				 20));
	assert_int_equal(drops(NSK_DROP_UDP_NO_SOCKET), 1473 + 10);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_ICMP_ERRORS_SENT), 1473 + 10);
	peer_finish(&peer, MINUTE);
}

static void unknown_protocols_are_told_rfc1122_3_2_2_1(void **state)
{
	static const char *const many[] = {"icmp.burst=10000", NULL};
	unsigned told = 0;

	(void)state;
	begin(many);
	for (unsigned proto = 0; proto < 256; proto++) {
		struct ip_spec ip = {.proto = (uint8_t)proto};

		if (proto == IP_PROTO_ICMP || proto == IP_PROTO_IGMP || proto == IP_PROTO_TCP ||
		    proto == IP_PROTO_UDP)
			continue;
		expect_unreachable(ICMP_UNREACH_PROTO, frame_ip(f, &ip, data, 8));
		told++;
	}
	assert_int_equal(drops(NSK_DROP_IP_UNKNOWN_PROTO), told);
	peer_finish(&peer, MINUTE);
}

/* CVE-2020-25705: how many more may go is not to be told from how many went. */
static void errors_are_limited_and_echo_is_not(void **state)
{
	static const char *const few[] = {"icmp.rate=10", "icmp.burst=20", NULL};
	unsigned sent, seen = 0;

	(void)state;
	begin(few);
	for (unsigned i = 0; i < 1000; i++)
		hand_in(datagram(&(struct ip_spec){0}, 8));
	sent = (unsigned)peer.count;
	assert_in_range(sent, 10, 30);
	assert_int_equal(drops(NSK_DROP_ICMP_RATE_LIMITED), 1000 - sent);
	peer_forget(&peer);
	for (size_t i = 0; i < 100; i++)
		echo_of(i);
	/* A hundred seconds under the same flood: ten a second, more or less by chance. */
	for (unsigned i = 0; i < 10000; i++) {
		peer_run(&peer, 10 * MS);
		hand_in(datagram(&(struct ip_spec){0}, 8));
		seen += (unsigned)peer.count;
		peer_forget(&peer);
	}
	assert_in_range(seen, 940, 1060);
	peer_finish(&peer, MINUTE);
}

/* ---- silence ------------------------------------------------------------------------------- */

static void expect_nothing_about(size_t len)
{
	hand_in(len);
	peer_expect_silence(&peer);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_ICMP_ERRORS_SENT), 0);
}

/* A message of this type that quotes a packet of ours that never was. */
static size_t error_message(uint8_t type, uint8_t code)
{
	uint8_t quote[IPV4_HLEN + 8] = {0};
	struct ipv4_view ip = {.src = HOST_A,
			       .dst = HOST_B,
			       .total_len = sizeof(quote),
			       .ttl = 60,
			       .proto = IP_PROTO_UDP};

	ipv4_write(quote, &ip);
	ipv4_set_checksum(quote, IPV4_HLEN);
	return frame_icmp(f, &(struct ip_spec){0}, type, code, 0, quote, sizeof(quote));
}

static void no_error_about_an_error_rfc1122_3_2_2(void **state)
{
	static const char *const deaf[] = {"icmp.echo=0", NULL};

	(void)state;
	begin(deaf);
	for (unsigned type = 0; type < 256; type++)
		for (unsigned code = 0; code < 20; code++)
			expect_nothing_about(error_message((uint8_t)type, (uint8_t)code));
	/* Nor about what is no whole message. */
	for (size_t len = 0; len < ICMP_HLEN; len++)
		expect_nothing_about(
			frame_ip(f, &(struct ip_spec){.proto = IP_PROTO_ICMP}, data, len));
	peer_finish(&peer, MINUTE);
}

static void no_error_about_a_packet_for_many_rfc1122_3_2_2(void **state)
{
	static const uint8_t all_hosts_mac[6] = {1, 0, 0x5e, 0, 0, 1};
	const struct ip_spec many[] = {
		{.dst = BROADCAST, .dst_mac = bcast_mac},
		{.dst = UINT32_MAX, .dst_mac = bcast_mac},
		{.dst = BROADCAST},
		{.dst = ALL_HOSTS, .dst_mac = all_hosts_mac},
		{.dst_mac = bcast_mac},
	};

	(void)state;
	begin(NULL);
	for (unsigned i = 0; i < 5; i++) {
		struct ip_spec unknown = many[i];

		expect_nothing_about(datagram(&many[i], 8));
		unknown.proto = 99;
		expect_nothing_about(frame_ip(f, &unknown, data, 8));
	}
	assert_int_equal(drops(NSK_DROP_UDP_NO_SOCKET), 4);
	assert_int_equal(drops(NSK_DROP_IP_UNKNOWN_PROTO), 4);
	assert_int_equal(drops(NSK_DROP_IP_LINK_BROADCAST), 2);
	peer_finish(&peer, MINUTE);
}

static void no_error_about_a_fragment_rfc1122_3_2_2(void **state)
{
	(void)state;
	begin(NULL);
	for (uint16_t frag = 1; frag < 0x1fff; frag = (uint16_t)(2 * frag + 1)) {
		expect_nothing_about(datagram(&(struct ip_spec){.frag = frag}, 8));
		expect_nothing_about(datagram(&(struct ip_spec){.frag = frag | IPV4_FRAG_MF}, 16));
	}
	peer_finish(&peer, MINUTE);
}

static void no_error_to_what_is_no_host_rfc1122_3_2_2(void **state)
{
	static const uint32_t src[] = {
		0x00000001, 0x7f000001, ALL_HOSTS, 0xf0000001, UINT32_MAX, BROADCAST, HOST_A,
	};

	(void)state;
	begin(NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(src); i++)
		expect_nothing_about(datagram(&(struct ip_spec){.src = src[i]}, 8));
	assert_int_equal(drops(NSK_DROP_IP_MARTIAN_SOURCE), NSK_ARRAY_LEN(src));
	peer_finish(&peer, MINUTE);
}

static void no_error_about_what_is_damaged(void **state)
{
	(void)state;
	begin(NULL);
	for (unsigned at = L3; at < L4 + 16; at++) {
		size_t len = datagram(&(struct ip_spec){0}, 8);

		f[at] ^= 0x10; /* the sum of header or datagram no longer holds */
		expect_nothing_about(len);
	}
	peer_finish(&peer, MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(echo_of_every_size_up_to_the_mtu_comes_back_unaltered_rfc1122_3_2_2_6),
		world_test(echo_of_jumbo_frames_comes_back_unaltered),
		world_test(padding_does_not_come_back),
		world_test(echo_to_many_is_ignored),
		world_test(closed_port_is_told_with_as_much_of_the_packet_as_fits_rfc1122_4_1_3_1),
		world_test(unknown_protocols_are_told_rfc1122_3_2_2_1),
		world_test(errors_are_limited_and_echo_is_not),
		world_test(no_error_about_an_error_rfc1122_3_2_2),
		world_test(no_error_about_a_packet_for_many_rfc1122_3_2_2),
		world_test(no_error_about_a_fragment_rfc1122_3_2_2),
		world_test(no_error_to_what_is_no_host_rfc1122_3_2_2),
		world_test(no_error_about_what_is_damaged),
	};

	return world_main(tests);
}
