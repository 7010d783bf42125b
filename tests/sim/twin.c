/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way to the kernel: what each rule lets go there, what stays, and what is copied. Nothing here
 * needs a kernel: the tap is tests/netns/twin.py.
 */
#include "sim/kernel.h"
#include "wire/arp.h"
#include "wire/icmp6.h"
#include "wire/ipv6.h"
#include "wire/nd.h"

#define L3	   ETH_HLEN
#define L4	   (ETH_HLEN + IPV4_HLEN)
#define OWN_KERNEL UINT32_C(0x0a000009) /* an address that only the kernel has */
#define ALL_OSPF   UINT32_C(0xe0000005)
#define PROTO_OSPF 89

/* ---- rules --------------------------------------------------------------------------------- */

static void bgp_goes_there_whichever_side_opens(void **state)
{
	(void)state;
	begin(NULL, RULES("bgp"));
	kernel_gets_it(syn(0, 5000, 179));
	kernel_gets_it(syn(0, 179, 5000));
	refused(syn(0, 5000, 180));
	refused(syn(0, 5000, 22));
	refused(frame_udp(f,
			  &(struct udp_spec){.sport = 5000, .dport = 179, .data = "x", .len = 1}));
	assert_int_equal(counted(NSK_CNT_TWIN_IN), 2);
	assert_int_equal(counted(NSK_CNT_TWIN_OUT), 0);
	end();
}

static void ssh_and_bfd_go_to_their_ports(void **state)
{
	static const uint16_t bfd[] = {3784, 3785, 4784};

	(void)state;
	begin(NULL, RULES("ssh", "bfd"));
	kernel_gets_it(syn(0, 5000, 22));
	refused(syn(0, 22, 5000));
	for (unsigned i = 0; i < NSK_ARRAY_LEN(bfd); i++)
		kernel_gets_it(frame_udp(f, &(struct udp_spec){.ip = {.ttl = 255},
							       .sport = 50000,
							       .dport = bfd[i],
							       .data = "bfd",
							       .len = 3}));
	refused(frame_udp(f,
			  &(struct udp_spec){.sport = 3784, .dport = 4000, .data = "x", .len = 1}));
	end();
}

static void ports_may_be_a_range_of_either_side(void **state)
{
	(void)state;
	begin(NULL, RULES("tcp:8000-8010/both", "udp:53"));
	kernel_gets_it(syn(0, 5000, 8000));
	kernel_gets_it(syn(0, 8010, 5000));
	refused(syn(0, 7999, 8011));
	kernel_gets_it(
		frame_udp(f, &(struct udp_spec){.sport = 1, .dport = 53, .data = "x", .len = 1}));
	end();
}

/* To groups that the stack is no member of, and to one host. */
static void ospf_goes_there_from_groups_as_well(void **state)
{
	static const uint8_t ospf_mac[6] = {0x01, 0x00, 0x5e, 0, 0, 5};
	static const uint8_t other_mac[6] = {0x01, 0x00, 0x5e, 0, 0, 0x12};
	const struct ip_spec to_all = {
		.dst = ALL_OSPF, .dst_mac = ospf_mac, .proto = PROTO_OSPF, .ttl = 1};

	(void)state;
	begin(NULL, RULES("ospf"));
	kernel_gets_it(frame_ip(f, &to_all, "hello", 5));
	kernel_gets_it(frame_ip(f, &(struct ip_spec){.proto = PROTO_OSPF, .ttl = 1}, "hello", 5));
	/* Other protocols, and VRRP's group, are nobody's. */
	dropped(frame_ip(f, &(struct ip_spec){.dst = ALL_OSPF, .dst_mac = ospf_mac, .proto = 90},
			 "x", 1),
		NSK_DROP_IP_NOT_LOCAL);
	dropped(frame_ip(f,
			 &(struct ip_spec){
				 .dst = UINT32_C(0xe0000012), .dst_mac = other_mac, .proto = 112},
			 "x", 1),
		NSK_DROP_IP_NOT_LOCAL);
	refused(frame_ip(f, &(struct ip_spec){.proto = 90}, "x", 1));
	end();
}

static void groups_go_there_from_a_router_as_well(void **state)
{
	static const uint8_t ospf_mac[6] = {0x01, 0x00, 0x5e, 0, 0, 5};
	static const char *const router[] = {"ip.forward=1", NULL};
	const struct ip_spec to_all = {
		.dst = ALL_OSPF, .dst_mac = ospf_mac, .proto = PROTO_OSPF, .ttl = 1};

	(void)state;
	begin(router, RULES("ospf", "bgp"));
	kernel_gets_it(frame_ip(f, &to_all, "hello", 5));
	/* What is on its way to others is not looked at. */
	hand_in(syn(UINT32_C(0x0b000001), 5000, 179));
	assert_int_equal(kernel.n, 0);
	end();
}

/* An address of the kernel's alone: rules that name a protocol say what goes there. */
static void addresses_of_the_kernel_alone_are_reached_by_rules(void **state)
{
	(void)state;
	begin(NULL, RULES("ssh", "no-listener"));
	kernel_gets_it(syn(OWN_KERNEL, 5000, 22));
	dropped(syn(OWN_KERNEL, 5000, 23), NSK_DROP_IP_NOT_LOCAL);
	end();
}

static void what_nobody_listens_to_goes_there_when_asked(void **state)
{
	static const uint8_t group_mac[6] = {0x01, 0x00, 0x5e, 0, 0, 0xfb};
	int listener, udp;

	(void)state;
	begin(NULL, RULES("no-listener"));
	kernel_gets_it(syn(0, 5000, 8080));
	kernel_gets_it(
		frame_udp(f, &(struct udp_spec){.sport = 1, .dport = 9, .data = "x", .len = 1}));
	kernel_gets_it(frame_ip(f, &(struct ip_spec){.proto = 47}, "gre", 3));
	kernel_gets_it(frame_icmp(f, &(struct ip_spec){0}, ICMP_ECHO_REPLY, 0, 1, "x", 1));
	/* What many get is not for one host. */
	dropped(frame_udp(f, &(struct udp_spec){.ip = {.dst = UINT32_C(0xe00000fb),
						       .dst_mac = group_mac},
						.sport = 5353,
						.dport = 5353,
						.data = "x",
						.len = 1}),
		NSK_DROP_IP_NOT_LOCAL);
	hand_in(frame_udp(f, &(struct udp_spec){.ip = {.dst = HOST_A | 255, .dst_mac = bcast_mac},
						.sport = 1,
						.dport = 9,
						.data = "x",
						.len = 1}));
	assert_int_equal(kernel.n, 0);
	peer_expect_silence(&peer);
	listener = world_listen(&peer.world, 0, 8080, 8);
	udp = world_udp(&peer.world, 0, "0.0.0.0", 9);
	hand_in(syn(0, 5001, 8080));
	hand_in(frame_udp(f, &(struct udp_spec){.sport = 1, .dport = 9, .data = "x", .len = 1}));
	assert_int_equal(kernel.n, 0);
	assert_non_null(peer_take(&peer)); /* SYN,ACK */
	peer_expect_silence(&peer);
	nsk_close(listener);
	nsk_close(udp);
	peer_forget(&peer);
	end();
}

/* The stack's own sockets come first: a rule names what is left. */
static void an_own_listener_comes_before_a_rule(void **state)
{
	struct talk t = {0};

	(void)state;
	begin(NULL, RULES("bgp", "no-listener"));
	talk_connect(&t, &peer, 179, -1, NULL, 0);
	talk_send(&t, TCP_ACK | TCP_PSH, "open", 4);
	peer_run(&peer, SEC);
	talk_expect(&t, TCP_ACK);
	assert_int_equal(kernel.n, 0);
	talk_send(&t, TCP_RST, NULL, 0);
	peer_run(&peer, SEC);
	assert_int_equal(kernel.n, 0);
	nsk_close(t.fd);
	nsk_close(t.listener);
	end();
}

/* Echo requests are the stack's, unless it does not answer; replies and errors are whose question
 * or packet it was. */
static void icmp_that_the_stack_has_no_use_for_goes_there(void **state)
{
	uint8_t quote[28];
	size_t len;

	(void)state;
	begin(NULL, RULES("icmp"));
	refused(frame_icmp(f, &(struct ip_spec){0}, ICMP_ECHO, 0, 1, "x", 1));
	kernel_gets_it(frame_icmp(f, &(struct ip_spec){0}, ICMP_ECHO_REPLY, 0, 1, "x", 1));
	/* About a segment that the stack has no connection for. */
	len = frame_tcp(f, &(struct tcp_spec){.ip = {.src = HOST_A, .dst = HOST_B},
					      .sport = 40000,
					      .dport = 179,
					      .flags = TCP_SYN});
	assert_true(len >= L3 + sizeof(quote));
	memcpy(quote, f + L3, sizeof(quote));
	kernel_gets_it(
		frame_icmp(f, &(struct ip_spec){0}, ICMP_UNREACHABLE, 1, 0, quote, sizeof(quote)));
	refused(syn(0, 5000, 179));
	end();
}

static void without_a_rule_icmp_stays(void **state)
{
	(void)state;
	begin(NULL, RULES("bgp"));
	dropped(frame_icmp(f, &(struct ip_spec){0}, ICMP_ECHO_REPLY, 0, 1, "x", 1),
		NSK_DROP_ICMP_UNKNOWN_TYPE);
	end();
}

/* A datagram in fragments is put together first, and has its frame's header again. */
static void fragments_are_put_together_first(void **state)
{
	static uint8_t data[2000];
	uint8_t whole[PEER_FRAME_MAX];
	size_t len;

	(void)state;
	begin(NULL, RULES("udp:9"));
	world_fill(data, sizeof(data), 0, 1);
	len = frame_udp(whole, &(struct udp_spec){
				       .sport = 1, .dport = 9, .data = data, .len = sizeof(data)});
	hand_in(frame_ip(f, &(struct ip_spec){.proto = IP_PROTO_UDP, .frag = 0x2000}, whole + L4,
			 1000));
	assert_int_equal(kernel.n, 0);
	hand_in(frame_ip(f, &(struct ip_spec){.proto = IP_PROTO_UDP, .frag = 125},
			 whole + L4 + 1000, len - L4 - 1000));
	assert_int_equal(kernel.n, 1);
	assert_int_equal(kernel.len[0], len);
	assert_memory_equal(kernel.last, stack_mac, 6);
	assert_int_equal(load_be16(kernel.last + 12), ETH_TYPE_IPV4);
	assert_memory_equal(kernel.last + L4, whole + L4, len - L4);
	end();
}

/* ---- neighbours ---------------------------------------------------------------------------- */

static size_t arp(uint16_t op, uint32_t spa, uint32_t tpa)
{
	return frame_arp(f, op, peer_mac, spa, op == ARP_OP_REPLY ? stack_mac : NULL, tpa,
			 op == ARP_OP_REPLY ? stack_mac : NULL);
}

/* Both learn from answers; a question is the answerer's. No rule is needed. */
static void arp_goes_to_both(void **state)
{
	(void)state;
	memset(&peer, 0, sizeof(peer));
	begin(NULL, RULES("bgp"));
	hand_in(arp(ARP_OP_REPLY, HOST_B, HOST_A));
	kernel_got_it(L3 + ARP_LEN);
	assert_int_equal(drops(NSK_DROP_ARP_UNSOLICITED), 0); /* the kernel may have asked */
	hand_in(arp(ARP_OP_REQUEST, HOST_B, OWN_KERNEL));
	kernel_got_it(L3 + ARP_LEN);
	peer_expect_silence(&peer);
	hand_in(arp(ARP_OP_REQUEST, HOST_B, HOST_A)); /* one answer, the stack's */
	assert_int_equal(kernel.n, 0);
	assert_int_equal(counted(NSK_CNT_ARP_REPLIES_SENT) > 0, true);
	peer_forget(&peer);
	end();
}

static const uint8_t peer6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
static const uint8_t own6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t kernel6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};

static size_t frame_six(const uint8_t *dst_mac, const uint8_t *src, const uint8_t *dst,
			uint8_t proto, const void *payload, size_t len)
{
	const struct ipv6_view ip = {.src = src,
				     .dst = dst,
				     .payload_len = (uint16_t)len,
				     .next_header = proto,
				     .hop_limit = 255};

	eth_write(f, dst_mac, peer_mac, ETH_TYPE_IPV6);
	ipv6_write(f + L3, &ip);
	memcpy(f + L3 + IPV6_HLEN, payload, len);
	if (proto == IP_PROTO_ICMPV6) {
		uint8_t *message = f + L3 + IPV6_HLEN;
		uint16_t sum;

		memset(message + 2, 0, 2);
		sum = csum_finish(
			csum_partial(message, len, csum_pseudo6(src, dst, proto, (uint32_t)len)));
		memcpy(message + 2, &sum, 2);
	}
	return L3 + IPV6_HLEN + len;
}

static size_t frame_nd(uint8_t type, const uint8_t *target, const uint8_t *dst)
{
	struct nd_view v = {.type = type,
			    .flags = type == ICMP6_NEIGH_ADVERT ? ND_F_SOLICITED : 0,
			    .has_mac = true};
	uint8_t message[ND_NEIGH_MAX], group[16], mac[6];
	size_t len;

	memcpy(v.target, target, 16);
	memcpy(v.mac, peer_mac, 6);
	len = nd_neigh_write(message, &v);
	memcpy(mac, stack_mac, 6);
	if (!dst) {
		nd_solicited_node(group, target);
		memcpy(mac, (uint8_t[]){0x33, 0x33, group[12], group[13], group[14], group[15]}, 6);
		dst = group;
	}
	return frame_six(mac, peer6, dst, IP_PROTO_ICMPV6, message, len);
}

static void neighbour_discovery_goes_to_both(void **state)
{
	size_t len;

	(void)state;
	begin(NULL, RULES("bgp"));
	len = frame_nd(ICMP6_NEIGH_ADVERT, peer6, own6);
	hand_in(len);
	kernel_got_it(len);
	len = frame_nd(ICMP6_NEIGH_SOLICIT, kernel6,
		       NULL); /* to a group that the stack is not in */
	hand_in(len);
	kernel_got_it(len);
	peer_expect_silence(&peer);
	hand_in(frame_nd(ICMP6_NEIGH_SOLICIT, own6, NULL));
	assert_int_equal(kernel.n, 0);
	assert_non_null(peer_take(&peer)); /* the stack's answer */
	peer_expect_silence(&peer);
	assert_int_equal(drops(NSK_DROP_ND_UNSOLICITED), 0);
	/* From beyond the link it is no discovery. */
	len = frame_nd(ICMP6_NEIGH_SOLICIT, kernel6, NULL);
	f[L3 + 7] = 64;
	dropped(len, NSK_DROP_IP_NOT_LOCAL);
	end();
}

static void ipv6_goes_there_by_the_same_rules(void **state)
{
	uint8_t tcp[TCP_HLEN] = {0};
	size_t len;
	uint16_t sum;

	(void)state;
	begin(NULL, RULES("bgp", "ospf"));
	hand_in(frame_nd(ICMP6_NEIGH_ADVERT, peer6, own6));
	peer_forget(&peer);
	kernel.n = 0;
	store_be16(tcp, 5000);
	store_be16(tcp + 2, 179);
	tcp[12] = 5 << 4;
	tcp[13] = TCP_SYN;
	sum = csum_finish(csum_partial(tcp, sizeof(tcp),
				       csum_pseudo6(peer6, own6, IP_PROTO_TCP, sizeof(tcp))));
	memcpy(tcp + 16, &sum, 2);
	len = frame_six(stack_mac, peer6, own6, IP_PROTO_TCP, tcp, sizeof(tcp));
	kernel_gets_it(len);
	len = frame_six(stack_mac, peer6, own6, PROTO_OSPF, "hello", 5);
	kernel_gets_it(len);
	len = frame_six((const uint8_t[]){0x33, 0x33, 0, 0, 0, 5}, peer6,
			(const uint8_t[16]){0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5},
			PROTO_OSPF, "hello", 5);
	kernel_gets_it(len);
	end();
}

/* ---- other interfaces, more workers -------------------------------------------------------- */

#define OWN_100	 UINT32_C(0x0a640001)
#define PEER_100 UINT32_C(0x0a640002)

static void on_vlan_100(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_device(config, "vlan:callback0,100"), 0);
	assert_int_equal(nsk_config_add_address(config, "10.100.0.1/24"), 0);
}

/* Length of f with a tag in it. */
static size_t with_tag(size_t len)
{
	memmove(f + 16, f + 12, len - 12);
	memcpy(f + 12, (const uint8_t[]){0x81, 0, 0, 100}, 4);
	return len + 4;
}

/* The kernel knows nothing of tags. */
static void a_twin_of_a_vlan_is_without_its_tags(void **state)
{
	const struct kept_frame *k;
	size_t len;

	(void)state;
	begin_with(NULL, RULES("ssh", "ospf"), on_vlan_100);
	len = frame_tcp(f, &(struct tcp_spec){.ip = {.src = PEER_100, .dst = OWN_100},
					      .sport = 5000,
					      .dport = 22,
					      .flags = TCP_SYN});
	hand_in(with_tag(len));
	assert_int_equal(kernel.n, 1);
	assert_int_equal(kernel.len[0], len);
	memmove(f + 12, f + 16, len - 12);
	assert_memory_equal(kernel.last, f, len);
	kernel.n = 0;
	peer_expect_silence(&peer);
	/* What the kernel sends has them on the wire. */
	len = frame_arp(f, ARP_OP_REQUEST, stack_mac, OWN_100, NULL, PEER_100, bcast_mac);
	peer.no_arp = true;
	assert_int_equal(nsk_callback_input(kernel.port, f, len), 0);
	peer_run(&peer, 2 * MS);
	k = peer_take(&peer);
	assert_non_null(k);
	assert_int_equal(k->len, with_tag(len));
	assert_memory_equal(k->data, f, k->len);
	peer.no_arp = false;
	/* On the link without tags no rule holds, nor on another VLAN. */
	refused(syn(0, 5000, 22));
	len = with_tag(syn(0, 5000, 22));
	f[15] = 101;
	hand_in(len);
	assert_int_equal(drops(NSK_DROP_ETH_VLAN_UNKNOWN), 1);
	assert_int_equal(kernel.n, 0);
	peer_forget(&peer);
	end();
}

static void three_workers(struct nsk_config *config)
{
	assert_int_equal(nsk_config_workers(config, 3), 0);
}

/* Whichever worker finds that nobody wants it. */
static void every_worker_gives_to_the_twin(void **state)
{
	static const char *const fast[] = {"twin.rate=100000", NULL};

	(void)state;
	begin_with(fast, RULES("ssh", "tcp:179/both"), three_workers);
	for (uint16_t i = 0; i < 60; i++)
		kernel_gets_it(syn(0, (uint16_t)(5000 + i), i % 2 ? 22 : 179));
	for (uint16_t i = 0; i < 20; i++)
		refused(syn(0, (uint16_t)(5000 + i), 23));
	assert_int_equal(counted(NSK_CNT_TWIN_IN), 60);
	end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		world_test(bgp_goes_there_whichever_side_opens),
		world_test(ssh_and_bfd_go_to_their_ports),
		world_test(ports_may_be_a_range_of_either_side),
		world_test(ospf_goes_there_from_groups_as_well),
		world_test(groups_go_there_from_a_router_as_well),
		world_test(addresses_of_the_kernel_alone_are_reached_by_rules),
		world_test(what_nobody_listens_to_goes_there_when_asked),
		world_test(an_own_listener_comes_before_a_rule),
		world_test(icmp_that_the_stack_has_no_use_for_goes_there),
		world_test(without_a_rule_icmp_stays),
		world_test(fragments_are_put_together_first),
		world_test(arp_goes_to_both),
		world_test(neighbour_discovery_goes_to_both),
		world_test(ipv6_goes_there_by_the_same_rules),
		world_test(a_twin_of_a_vlan_is_without_its_tags),
		world_test(every_worker_gives_to_the_twin),
	};

	return world_main(tests);
}
