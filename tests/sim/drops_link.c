/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons of link, ARP, IP, ICMP and UDP; see drops.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "ip/ip.h"
#include "mbuf/pool.h"
#include "sim/drops.h"
#include "stack/stack.h"
#include "wire/family.h"

#define IP ETH_HLEN /* where the IP header of a frame begins */
#define L4 (ETH_HLEN + IPV4_HLEN)

static uint8_t f[PEER_FRAME_MAX];
static int fd = -1;

static void hand_in(struct peer *p, size_t len)
{
	peer_input(p, f, len);
	peer_settle(p);
}

/* A good UDP datagram to a port that nobody has, with a MAC to go to. */
static size_t datagram_to(const uint8_t *mac)
{
	return frame_udp(f, &(struct udp_spec){.ip.dst_mac = mac,
					       .sport = 9,
					       .dport = 9999,
					       .data = "0123456789",
					       .len = 10});
}

static size_t datagram(void)
{
	return datagram_to(NULL);
}

static void mend_ip(void)
{
	store_be16(f + IP + 10, 0);
	ipv4_set_checksum(f + IP, (size_t)(f[IP] & 15) * 4);
}

static void close_fd(struct peer *p)
{
	(void)p;
	nsk_close(fd);
	fd = -1;
}

/* ---- link ---- */

static void short_frame(struct peer *p)
{
	datagram();
	hand_in(p, 13);
}

static void other_mac(struct peer *p)
{
	static const uint8_t other[6] = {2, 9, 9, 9, 9, 9};

	hand_in(p, datagram_to(other));
}

static void group_of_others(struct peer *p)
{
	static const uint8_t group[6] = {1, 0, 0x5e, 0, 0, 0x16};

	hand_in(p, datagram_to(group));
}

static void group_source(struct peer *p)
{
	size_t n = datagram();

	f[6] |= 1;
	hand_in(p, n);
}

static void llc(struct peer *p)
{
	size_t n = datagram();

	store_be16(f + 12, 0x05ff);
	hand_in(p, n);
}

static void lldp(struct peer *p)
{
	size_t n = datagram();

	store_be16(f + 12, 0x88cc);
	hand_in(p, n);
}

static void vlan_tag(struct peer *p)
{
	size_t n = datagram();

	store_be16(f + 12, ETH_TYPE_VLAN);
	hand_in(p, n);
}

static void three_vlan_tags(struct peer *p)
{
	size_t n = datagram();

	for (unsigned i = 0; i < 3; i++)
		store_be16(f + 12 + 4 * i, ETH_TYPE_VLAN);
	hand_in(p, n);
}

/* ---- ARP ---- */

static size_t arp(uint16_t op, uint32_t spa, uint32_t tpa)
{
	return frame_arp(f, op, peer_mac, spa, NULL, tpa, NULL);
}

static void arp_bad_op(struct peer *p)
{
	hand_in(p, arp(77, HOST_B, HOST_A));
}

static void arp_cut_short(struct peer *p)
{
	hand_in(p, arp(ARP_OP_REQUEST, HOST_B, HOST_A) - 1);
}

static void arp_group_sender(struct peer *p)
{
	size_t n = arp(ARP_OP_REQUEST, HOST_B, HOST_A);

	f[IP + 8] |= 1;
	hand_in(p, n);
}

static void arp_for_others(struct peer *p)
{
	hand_in(p, arp(ARP_OP_REQUEST, HOST_B, HOST_A + 8));
}

static void arp_reply_not_asked_for(struct peer *p)
{
	hand_in(p, arp(ARP_OP_REPLY, HOST_A + 50, HOST_A));
}

static void arp_claims_our_address(struct peer *p)
{
	hand_in(p, arp(ARP_OP_REQUEST, HOST_A, HOST_A + 8));
	peer_forget(p);
}

static void udp_socket(struct peer *p)
{
	fd = world_udp(&p->world, 0, "0.0.0.0", 4000);
}

static void send_to(uint32_t dst)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(7), .sin_addr.s_addr = htonl(dst)};

	nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&sin, sizeof(sin));
}

static const char *const few_neighbours[] = {"arp.entries=16", "arp.retries=100", NULL};

static uint32_t newcomers;

/* All places taken by neighbours that we ask for. */
static void fill_neighbours(struct peer *p)
{
	udp_socket(p);
	for (uint32_t i = 0; i < 16; i++)
		send_to(HOST_A + 100 + i);
	peer_settle(p);
}

/* Each newcomer pushes out the one that has waited longest for its answer, and what waited there.
 */
static void echo_from_a_new_neighbour(struct peer *p)
{
	hand_in(p, frame_icmp(f, &(struct ip_spec){.src = HOST_A + 50 + newcomers++}, ICMP_ECHO, 0,
			      1, "x", 1));
}

static void fourth_packet_to_an_unresolved_neighbour(struct peer *p)
{
	send_to(HOST_A + 77);
	peer_settle(p);
}

static void three_packets_wait(struct peer *p)
{
	udp_socket(p);
	for (unsigned i = 0; i < 3; i++)
		fourth_packet_to_an_unresolved_neighbour(p);
}

static void neighbour_that_does_not_answer(struct peer *p)
{
	send_to(HOST_A + 77);
	send_to(HOST_A + 77);
	peer_run(p, 4 * SEC);
	peer_forget(p);
}

/* ---- IP ---- */

static void ip_short(struct peer *p)
{
	datagram();
	hand_in(p, L4 - 1);
}

static void ip_version_6(struct peer *p)
{
	size_t n = datagram();

	f[IP] = 0x65;
	hand_in(p, n);
}

static void ip_header_of_16(struct peer *p)
{
	size_t n = datagram();

	f[IP] = 0x44;
	mend_ip();
	hand_in(p, n);
}

static void ip_header_past_the_end(struct peer *p)
{
	size_t n = datagram();

	f[IP] = 0x4f;
	hand_in(p, n);
}

static void ip_longer_than_the_frame(struct peer *p)
{
	size_t n = datagram();

	store_be16(f + IP + 2, (uint16_t)(n - IP + 1));
	mend_ip();
	hand_in(p, n);
}

static void ip_shorter_than_its_header(struct peer *p)
{
	size_t n = datagram();

	store_be16(f + IP + 2, 19);
	mend_ip();
	hand_in(p, n);
}

static void ip_bad_checksum(struct peer *p)
{
	size_t n = datagram();

	f[IP + 8] ^= 1;
	hand_in(p, n);
}

static void with_options(struct peer *p, const uint8_t *options, size_t len)
{
	struct ip_spec s = {.proto = IP_PROTO_UDP, .options = options, .options_len = len};

	hand_in(p, frame_ip(f, &s, "01234567", 8));
}

static void loose_source_route(struct peer *p)
{
	with_options(p, (const uint8_t[]){131, 7, 4, 10, 0, 0, 9, 0}, 8);
}

static void option_of_length_0(struct peer *p)
{
	with_options(p, (const uint8_t[]){7, 0, 0, 0}, 4);
}

static void from_to(struct peer *p, uint32_t src, uint32_t dst)
{
	hand_in(p, frame_udp(f, &(struct udp_spec){.ip = {.src = src, .dst = dst}, .dport = 9}));
}

static void from_loopback(struct peer *p)
{
	from_to(p, 0x7f000001, HOST_A);
}

static void from_multicast(struct peer *p)
{
	from_to(p, 0xe0000005, HOST_A);
}

static void from_ourselves(struct peer *p)
{
	from_to(p, HOST_A, HOST_A);
}

/* LAND (CVE-1999-0016). */
static void syn_from_its_own_destination(struct peer *p)
{
	hand_in(p,
		frame_tcp(f, &(struct tcp_spec){
				     .ip.src = HOST_A, .sport = 7, .dport = 7, .flags = TCP_SYN}));
}

static void to_loopback(struct peer *p)
{
	from_to(p, HOST_B, 0x7f000001);
}

static void to_class_e(struct peer *p)
{
	from_to(p, HOST_B, 0xf0000001);
}

static void unicast_in_a_broadcast_frame(struct peer *p)
{
	hand_in(p, datagram_to(bcast_mac));
}

static void to_a_neighbour(struct peer *p)
{
	from_to(p, HOST_B, HOST_A + 8);
}

static void to_a_group(struct peer *p)
{
	from_to(p, HOST_B, 0xe0000055);
}

static void protocol_99(struct peer *p)
{
	hand_in(p, frame_ip(f, &(struct ip_spec){.proto = 99}, "x", 1));
	assert_int_equal(peer_take(p)->data[L4], ICMP_UNREACHABLE);
}

static void echo_from_where_no_route_leads(struct peer *p)
{
	hand_in(p, frame_icmp(f, &(struct ip_spec){.src = 0xc0000201}, ICMP_ECHO, 0, 1, "x", 1));
}

/* Sockets refuse what is too long, and all else may be fragmented. */
static void longer_than_our_mtu_and_whole(struct peer *p)
{
	struct nsk_worker *w = world_worker(&p->world, 0);
	struct ip_addr to = ip_addr_from_host32(HOST_B), from = {.family = 0};
	struct rte_mbuf *m = pkt_alloc(w);
	struct route_cache rc;

	assert_non_null(rte_pktmbuf_append(m, 1481));
	assert_int_equal(net_route(w, &rc, &to, &from), 0);
	ip_output(w, &rc, m,
		  &(struct ip_out){.src = from.b, .dst = to.b, .family = AF_INET, .df = true});
}

/* Devices may deliver headers in pieces; ours do not, so the pieces are handed in by hand. */
static void headers_in_shared_buffers(struct peer *p)
{
	struct nsk_worker *w = world_worker(&p->world, 0);
	struct rte_mbuf *m[2];
	size_t n = datagram();

	assert_int_equal(pkt_alloc_bulk(w, m, 2), 0);
	memcpy(rte_pktmbuf_append(m[0], 6), f + IP, 6);
	memcpy(rte_pktmbuf_append(m[1], (uint16_t)(n - IP - 6)), f + IP + 6, n - IP - 6);
	assert_int_equal(rte_pktmbuf_chain(m[0], m[1]), 0);
	rte_pktmbuf_refcnt_update(m[0],
				  1); /* somebody else reads it too: it may not be written to */
	w->ops->ip_input(w, w->net->snap->iface[0], m[0]);
	rte_pktmbuf_free(m[0]);
}

/* ---- ICMP ---- */

static void icmp_of(struct peer *p, const struct ip_spec *s, uint8_t type, uint8_t code,
		    const void *body, size_t len)
{
	hand_in(p, frame_icmp(f, s, type, code, 0, body, len));
}

static const struct ip_spec usual;

static void icmp_of_4_octets(struct peer *p)
{
	hand_in(p, frame_ip(f, &(struct ip_spec){.proto = IP_PROTO_ICMP}, "\10\0\0\0", 4));
}

static void icmp_bad_checksum(struct peer *p)
{
	size_t n = frame_icmp(f, &usual, ICMP_ECHO, 0, 1, "abc", 3);

	f[n - 1] ^= 1;
	hand_in(p, n);
}

static void icmp_timestamp(struct peer *p)
{
	icmp_of(p, &usual, 13, 0, "0123456789ab", 12);
}

static void icmp_echo_reply(struct peer *p)
{
	icmp_of(p, &usual, ICMP_ECHO_REPLY, 0, "x", 1);
}

static const char *const no_echo[] = {"icmp.echo=0", NULL};

static void icmp_echo(struct peer *p)
{
	icmp_of(p, &usual, ICMP_ECHO, 0, "x", 1);
}

static void icmp_redirect(struct peer *p)
{
	icmp_of(p, &usual, ICMP_REDIRECT, 1, f + 100, 28);
}

static void icmp_source_quench(struct peer *p)
{
	icmp_of(p, &usual, ICMP_SOURCE_QUENCH, 0, f + 100, 28);
}

static void icmp_quotes_too_little(struct peer *p)
{
	icmp_of(p, &usual, ICMP_UNREACHABLE, 3, "0123456789", 10);
}

static void icmp_quotes_what_others_sent(struct peer *p)
{
	uint8_t quote[IPV4_HLEN + 8];
	size_t n = datagram();

	assert_true(n >= IP + sizeof(quote));
	memcpy(quote, f + IP, sizeof(quote)); /* from B to A */
	icmp_of(p, &usual, ICMP_UNREACHABLE, 3, quote, sizeof(quote));
}

static void echo_to_broadcast(struct peer *p)
{
	icmp_of(p, &(struct ip_spec){.dst = 0x0a0000ff, .dst_mac = bcast_mac}, ICMP_ECHO, 0, "x",
		1);
}

static void echo_to_all_ones(struct peer *p)
{
	icmp_of(p, &(struct ip_spec){.dst = UINT32_MAX, .dst_mac = bcast_mac}, ICMP_ECHO, 0, "x",
		1);
}

static const char *const one_error[] = {"icmp.rate=1", "icmp.burst=1", NULL};

static void closed_port(struct peer *p)
{
	hand_in(p, datagram());
}

static void spend_the_rate(struct peer *p)
{
	for (unsigned i = 0; i < 4; i++)
		closed_port(p);
	peer_forget(p);
}

static void closed_port_answered(struct peer *p)
{
	closed_port(p);
	assert_int_equal(peer_take(p)->data[L4], ICMP_UNREACHABLE);
}

/* ---- UDP ---- */

static void udp_of_7_octets(struct peer *p)
{
	hand_in(p, frame_ip(f, &(struct ip_spec){.proto = IP_PROTO_UDP}, "0123456", 7));
}

static void udp_length_past_the_end(struct peer *p)
{
	size_t n = datagram();

	store_be16(f + L4 + 4, 19);
	hand_in(p, n);
}

static void udp_length_below_8(struct peer *p)
{
	size_t n = datagram();

	store_be16(f + L4 + 4, 7);
	hand_in(p, n);
}

static void udp_bad_checksum(struct peer *p)
{
	size_t n = datagram();

	f[n - 1] ^= 1;
	hand_in(p, n);
}

static const char *const small_rcvbuf[] = {"udp.rcvbuf=5000", NULL};

static void full_udp_socket(struct peer *p)
{
	fd = world_udp(&p->world, 0, "0.0.0.0", 9999);
	while (world_drops(&p->world, 0, NSK_DROP_UDP_RCVBUF_FULL) == 0)
		closed_port(p);
}

#define CASE(why, fn, ...)                                                        \
	{                                                                         \
		.reason = NSK_DROP_##why, .name = #fn, .provoke = fn, __VA_ARGS__ \
	}

const struct drop_test drops_link[] = {
	CASE(ETH_SHORT, short_frame),
	CASE(ETH_OTHER_MAC, other_mac),
	CASE(ETH_OTHER_MAC, group_of_others),
	CASE(ETH_BAD_SOURCE, group_source),
	CASE(ETH_LLC, llc),
	CASE(ETH_UNKNOWN_TYPE, lldp),
	CASE(ETH_VLAN_UNKNOWN, vlan_tag),
	CASE(ETH_VLAN_DEPTH, three_vlan_tags),
	CASE(ARP_MALFORMED, arp_bad_op),
	CASE(ARP_MALFORMED, arp_cut_short),
	CASE(ARP_MALFORMED, arp_group_sender),
	CASE(ARP_NOT_OURS, arp_for_others),
	CASE(ARP_UNSOLICITED, arp_reply_not_asked_for),
	CASE(ARP_CONFLICT, arp_claims_our_address),
	CASE(ARP_TABLE_FULL, echo_from_a_new_neighbour, .settings = few_neighbours,
	     .prepare = fill_neighbours, .finish = close_fd, .no_arp = true, .captured = OTHERWISE),
	CASE(ARP_QUEUE_FULL, fourth_packet_to_an_unresolved_neighbour,
	     .prepare = three_packets_wait, .finish = close_fd, .captured = OTHERWISE),
	CASE(ARP_UNRESOLVED, neighbour_that_does_not_answer, .prepare = udp_socket,
	     .finish = close_fd, .times = 2, .at_once = true, .captured = OTHERWISE),
	CASE(IP_SHORT, ip_short),
	CASE(IP_VERSION, ip_version_6),
	CASE(IP_HEADER_LEN, ip_header_of_16),
	CASE(IP_HEADER_LEN, ip_header_past_the_end),
	CASE(IP_TOTAL_LEN, ip_longer_than_the_frame),
	CASE(IP_TOTAL_LEN, ip_shorter_than_its_header),
	CASE(IP_CHECKSUM, ip_bad_checksum),
	CASE(IP_OPTIONS, loose_source_route),
	CASE(IP_OPTIONS, option_of_length_0),
	CASE(IP_MARTIAN_SOURCE, from_loopback),
	CASE(IP_MARTIAN_SOURCE, from_multicast),
	CASE(IP_MARTIAN_SOURCE, from_ourselves),
	CASE(IP_MARTIAN_SOURCE, syn_from_its_own_destination),
	CASE(IP_MARTIAN_DEST, to_loopback),
	CASE(IP_MARTIAN_DEST, to_class_e),
	CASE(IP_LINK_BROADCAST, unicast_in_a_broadcast_frame),
	CASE(IP_SPLIT_HEADERS, headers_in_shared_buffers, .captured = OTHERWISE),
	CASE(IP_NOT_LOCAL, to_a_neighbour),
	CASE(IP_NOT_LOCAL, to_a_group),
	CASE(IP_UNKNOWN_PROTO, protocol_99),
	CASE(IP_NO_ROUTE, echo_from_where_no_route_leads),
	CASE(IP_TOO_BIG, longer_than_our_mtu_and_whole, .captured = NOT_AT_ALL),
	CASE(ICMP_SHORT, icmp_of_4_octets),
	CASE(ICMP_CHECKSUM, icmp_bad_checksum),
	CASE(ICMP_UNKNOWN_TYPE, icmp_timestamp),
	CASE(ICMP_UNKNOWN_TYPE, icmp_echo_reply),
	CASE(ICMP_UNKNOWN_TYPE, icmp_echo, .settings = no_echo),
	CASE(ICMP_IGNORED, icmp_redirect),
	CASE(ICMP_IGNORED, icmp_source_quench),
	CASE(ICMP_RATE_LIMITED, closed_port, .settings = one_error, .prepare = spend_the_rate,
	     .also = NSK_DROP_UDP_NO_SOCKET, .captured = NOT_AT_ALL),
	CASE(ICMP_BAD_QUOTE, icmp_quotes_too_little),
	CASE(ICMP_BAD_QUOTE, icmp_quotes_what_others_sent),
	CASE(ICMP_BROADCAST_ECHO, echo_to_broadcast),
	CASE(ICMP_BROADCAST_ECHO, echo_to_all_ones),
	CASE(UDP_SHORT, udp_of_7_octets),
	CASE(UDP_LENGTH, udp_length_past_the_end),
	CASE(UDP_LENGTH, udp_length_below_8),
	CASE(UDP_CHECKSUM, udp_bad_checksum),
	CASE(UDP_NO_SOCKET, closed_port_answered),
	CASE(UDP_RCVBUF_FULL, closed_port, .settings = small_rcvbuf, .prepare = full_udp_socket,
	     .finish = close_fd),
};
const unsigned drops_link_count = NSK_ARRAY_LEN(drops_link);
