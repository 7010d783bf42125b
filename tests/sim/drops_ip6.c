/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons of IPv6's headers and of neighbour discovery; see drops.h. */
#include "sim/drops.h"

#include <string.h>

#include "base/addr.h"
#include "base/checksum.h"
#include "wire/icmp6.h"
#include "wire/ipv6_ext.h"
#include "wire/nd.h"

#define IP6    ETH_HLEN
#define L4     (ETH_HLEN + IPV6_HLEN)
#define OURS   "2001:db8::1"
#define PEERS  "2001:db8::2"
#define OTHERS "2001:db8::3"

static uint8_t f[PEER_FRAME_MAX];

static const uint8_t *addr(const char *text)
{
	static struct ip_addr kept[4];
	static unsigned next;
	struct ip_addr *a = &kept[next++ % NSK_ARRAY_LEN(kept)];

	assert_int_equal(ip_addr_parse(a, text), 0);
	return a->b;
}

/* What stands behind the header is a packet from one address to another; it is handed in. */
static void packet(struct peer *p, const char *src, const char *dst, uint8_t next, uint8_t hops,
		   size_t len)
{
	ipv6_write(f + IP6, &(struct ipv6_view){.src = addr(src),
						.dst = addr(dst),
						.payload_len = (uint16_t)len,
						.next_header = next,
						.hop_limit = hops});
	if (dst[0] == 'f' && dst[1] == 'f') {
		const uint8_t *group = addr(dst);
		const uint8_t mac[6] = {0x33, 0x33, group[12], group[13], group[14], group[15]};

		eth_write(f, mac, peer_mac, ETH_TYPE_IPV6);
	} else {
		eth_write(f, stack_mac, peer_mac, ETH_TYPE_IPV6);
	}
	peer_input(p, f, L4 + len);
	peer_settle(p);
}

/* The ICMPv6 message behind the header, its checksum yet to be made. */
static void message(struct peer *p, const char *src, const char *dst, uint8_t hops, size_t len)
{
	store_be16(f + L4 + 2, 0);
	icmp_store_checksum(f + L4, wire_checksum(f + L4, len,
						  csum_pseudo6(addr(src), addr(dst),
							       IP_PROTO_ICMPV6, (uint32_t)len)));
	packet(p, src, dst, IP_PROTO_ICMPV6, hops, len);
}

static size_t neigh_message(uint8_t type, const char *target, uint8_t flags, bool named)
{
	struct nd_view v = {.type = type, .flags = flags, .has_mac = named};

	memcpy(v.mac, peer_mac, 6);
	memcpy(v.target, addr(target), 16);
	return nd_neigh_write(f + L4, &v);
}

static void solicit(struct peer *p, const char *src, const char *dst, const char *target,
		    bool named)
{
	message(p, src, dst, 255, neigh_message(ICMP6_NEIGH_SOLICIT, target, 0, named));
}

static void advertise(struct peer *p, const char *src, const char *dst, const char *target,
		      uint8_t flags)
{
	message(p, src, dst, 255, neigh_message(ICMP6_NEIGH_ADVERT, target, flags, true));
}

static void with_ipv6(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_address(config, OURS "/64"), 0);
}

/* The peer asks for us and so is known: complaints can leave at once. */
static void known(struct peer *p)
{
	solicit(p, PEERS, "ff02::1:ff00:1", OURS, true);
}

/* ---- neighbour discovery --------------------------------------------------------------------- */

static void from_beyond_a_router(struct peer *p)
{
	message(p, PEERS, OURS, 254, neigh_message(ICMP6_NEIGH_SOLICIT, OURS, 0, true));
}

static void with_a_code(struct peer *p)
{
	size_t len = neigh_message(ICMP6_NEIGH_SOLICIT, OURS, 0, true);

	f[L4 + 1] = 1;
	message(p, PEERS, OURS, 255, len);
}

static void cut_short(struct peer *p)
{
	neigh_message(ICMP6_NEIGH_SOLICIT, OURS, 0, false);
	message(p, PEERS, OURS, 255, ND_NEIGH_LEN - 1);
}

static void about_a_group(struct peer *p)
{
	solicit(p, PEERS, OURS, "ff02::1:ff00:1", true);
}

static void option_of_length_0(struct peer *p)
{
	size_t len = neigh_message(ICMP6_NEIGH_SOLICIT, OURS, 0, true);

	f[L4 + ND_NEIGH_LEN + 1] = 0;
	message(p, PEERS, OURS, 255, len);
}

static void option_past_the_end(struct peer *p)
{
	size_t len = neigh_message(ICMP6_NEIGH_ADVERT, PEERS, 0, true);

	f[L4 + ND_NEIGH_LEN + 1] = 2;
	message(p, PEERS, OURS, 255, len);
}

static void link_address_of_a_group(struct peer *p)
{
	size_t len = neigh_message(ICMP6_NEIGH_SOLICIT, OURS, 0, true);

	f[L4 + ND_NEIGH_LEN + 2] = 1;
	message(p, PEERS, OURS, 255, len);
}

static void from_nobody_with_a_link_address(struct peer *p)
{
	solicit(p, "::", "ff02::1:ff00:1", OURS, true);
}

static void from_nobody_to_one(struct peer *p)
{
	solicit(p, "::", OURS, OURS, false);
}

static void answer_to_all(struct peer *p)
{
	advertise(p, PEERS, "ff02::1", PEERS, ND_F_SOLICITED);
}

/* RFC 6980. */
static void in_a_fragment_that_is_all(struct peer *p)
{
	size_t len = neigh_message(ICMP6_NEIGH_SOLICIT, OURS, 0, true);

	icmp_store_checksum(f + L4, wire_checksum(f + L4, len,
						  csum_pseudo6(addr(PEERS), addr(OURS),
							       IP_PROTO_ICMPV6, (uint32_t)len)));
	memmove(f + L4 + 8, f + L4, len);
	memset(f + L4, 0, 8);
	f[L4] = IP_PROTO_ICMPV6;
	packet(p, PEERS, OURS, IPV6_NEXT_FRAGMENT, 255, len + 8);
}

static void about_somebody_else(struct peer *p)
{
	solicit(p, PEERS, OURS, OTHERS, true);
}

static void in_our_group_about_somebody_else(struct peer *p)
{
	solicit(p, PEERS, "ff02::1:ff00:1", "2001:db8::100:1", true);
}

static void answer_that_nobody_asked_for(struct peer *p)
{
	advertise(p, PEERS, OURS, PEERS, ND_F_SOLICITED | ND_F_OVERRIDE);
}

static void news_for_all(struct peer *p)
{
	advertise(p, PEERS, "ff02::1", PEERS, ND_F_OVERRIDE);
}

static void ours_claimed(struct peer *p)
{
	advertise(p, PEERS, "ff02::1", OURS, ND_F_OVERRIDE);
}

static void ours_wanted(struct peer *p)
{
	solicit(p, "::", "ff02::1:ff00:1", OURS, false);
}

static void of_routers(struct peer *p, uint8_t type)
{
	memset(f + L4, 0, 40);
	f[L4] = type;
	message(p, "fe80::2", type == ICMP6_REDIRECT ? OURS : "ff02::1", 255, 40);
}

static void router_solicited(struct peer *p)
{
	of_routers(p, ICMP6_ROUTER_SOLICIT);
}

static void router_advertised(struct peer *p)
{
	of_routers(p, ICMP6_ROUTER_ADVERT);
}

static void redirect(struct peer *p)
{
	of_routers(p, ICMP6_REDIRECT);
}

/* ---- extension headers ----------------------------------------------------------------------- */

/* One header of 8 bytes in front of what is no transport. */
static void header_of(struct peer *p, const char *dst, uint8_t kind, uint32_t first, uint32_t rest)
{
	store_be32(f + L4, first);
	store_be32(f + L4 + 4, rest);
	packet(p, PEERS, dst, kind, 64, 8);
}

/* Routing type 0 with a segment left (RFC 5095). */
static void route_that_goes_on(struct peer *p)
{
	header_of(p, OURS, IPV6_NEXT_ROUTING, 0x3b000001, 0);
}

static void option_to_discard(struct peer *p)
{
	header_of(p, OURS, IPV6_NEXT_DESTINATION, 0x3b004004, 0);
}

static void option_to_complain_of(struct peer *p)
{
	header_of(p, OURS, IPV6_NEXT_HOP_BY_HOP, 0x3b008004, 0);
}

static void option_to_complain_of_to_a_group(struct peer *p)
{
	header_of(p, "ff02::1", IPV6_NEXT_DESTINATION, 0x3b00c004, 0);
}

static void option_past_its_header(struct peer *p)
{
	header_of(p, OURS, IPV6_NEXT_DESTINATION, 0x3b000105, 0);
}

static void header_past_the_end(struct peer *p)
{
	header_of(p, OURS, IPV6_NEXT_DESTINATION, 0x3b010104, 0);
}

static void padding_without_an_end(struct peer *p)
{
	memset(f + L4, 0, 16);
	store_be16(f + L4, 0x3b01);
	packet(p, PEERS, OURS, IPV6_NEXT_DESTINATION, 64, 16);
}

static void headers(struct peer *p, uint8_t kind, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		store_be32(f + L4 + 8 * i, (uint32_t)(i + 1 < n ? kind : 59) << 24 | 0x0104);
		store_be32(f + L4 + 8 * i + 4, 0);
	}
	packet(p, PEERS, OURS, IPV6_NEXT_DESTINATION, 64, 8 * (size_t)n);
}

static void too_many_headers(struct peer *p)
{
	headers(p, IPV6_NEXT_DESTINATION, IPV6_EXT_MAX + 1);
}

static void hop_by_hop_second(struct peer *p)
{
	headers(p, IPV6_NEXT_HOP_BY_HOP, 2);
}

/* A whole datagram whose payload is a fragment again. */
static void fragment_of_a_fragment(struct peer *p)
{
	memset(f + L4, 0, 32);
	store_be32(f + L4, 0x2c000001);
	packet(p, PEERS, OURS, IPV6_NEXT_FRAGMENT, 64, 16);
	store_be32(f + L4, 0x2c000008);
	packet(p, PEERS, OURS, IPV6_NEXT_FRAGMENT, 64, 16);
}

static void nothing_behind_the_header(struct peer *p)
{
	packet(p, PEERS, OURS, IPV6_NEXT_NONE, 64, 0);
}

/* RFC 8200 §4.7: what is there all the same is not looked at. */
static void something_behind_no_header(struct peer *p)
{
	memset(f + L4, 0x3a, 40);
	packet(p, PEERS, OURS, IPV6_NEXT_NONE, 64, 40);
}

static void nothing_behind_options(struct peer *p)
{
	headers(p, IPV6_NEXT_DESTINATION, 3);
}

/* ---- transports, which speak IPv4 alone so far -------------------------------------------------
 */

static int fd = -1;

static void listener_of_80(struct peer *p)
{
	known(p);
	fd = world_listen(&p->world, 0, 80, 8);
}

static void socket_of_9999(struct peer *p)
{
	known(p);
	fd = world_udp(&p->world, 0, "0.0.0.0", 9999);
}

static void close_fd(struct peer *p)
{
	(void)p;
	nsk_close(fd);
	fd = -1;
}

static void transport(struct peer *p, const char *dst, uint8_t proto, size_t sum_at, size_t len)
{
	wire_checksum_store(f + L4 + sum_at, wire_checksum(f + L4, len,
							   csum_pseudo6(addr(PEERS), addr(dst),
									proto, (uint32_t)len)));
	packet(p, PEERS, dst, proto, 64, len);
}

static void syn_over_ipv6(struct peer *p)
{
	memset(f + L4, 0, 20);
	store_be32(f + L4, 0x04000050);
	store_be16(f + L4 + 12, 0x5002);
	transport(p, OURS, IP_PROTO_TCP, 16, 20);
}

static void datagram_to(struct peer *p, const char *dst)
{
	memset(f + L4, 0, 8);
	store_be32(f + L4, 0x0400270f);
	store_be16(f + L4 + 4, 8);
	transport(p, dst, IP_PROTO_UDP, 6, 8);
}

static void datagram_over_ipv6(struct peer *p)
{
	datagram_to(p, OURS);
}

static void datagram_to_all_nodes(struct peer *p)
{
	datagram_to(p, "ff02::1");
}

#define CASE_AFTER(why, fn, ...)                                                              \
	{                                                                                     \
		.reason = NSK_DROP_##why, .name = #fn, .provoke = fn, .configure = with_ipv6, \
		.prepare = __VA_ARGS__                                                        \
	}
#define CASE(why, fn) CASE_AFTER(why, fn, known)

const struct drop_test drops_ip6[] = {
	CASE(ND_MALFORMED, from_beyond_a_router),
	CASE(ND_MALFORMED, with_a_code),
	CASE(ND_MALFORMED, cut_short),
	CASE(ND_MALFORMED, about_a_group),
	CASE(ND_MALFORMED, option_of_length_0),
	CASE(ND_MALFORMED, option_past_the_end),
	CASE(ND_MALFORMED, link_address_of_a_group),
	CASE(ND_MALFORMED, from_nobody_with_a_link_address),
	CASE(ND_MALFORMED, from_nobody_to_one),
	CASE(ND_MALFORMED, answer_to_all),
	CASE(ND_MALFORMED, in_a_fragment_that_is_all),
	CASE(ND_NOT_OURS, about_somebody_else),
	CASE(ND_NOT_OURS, in_our_group_about_somebody_else),
	CASE(ND_UNSOLICITED, answer_that_nobody_asked_for),
	CASE(ND_UNSOLICITED, news_for_all),
	CASE(ND_CONFLICT, ours_claimed),
	CASE(ND_CONFLICT, ours_wanted),
	CASE(ND_IGNORED, router_solicited),
	CASE(ND_IGNORED, router_advertised),
	CASE(ND_IGNORED, redirect),
	CASE(IP6_EXTENSIONS, route_that_goes_on),
	CASE(IP6_EXTENSIONS, option_to_discard),
	CASE(IP6_EXTENSIONS, option_to_complain_of),
	CASE(IP6_EXTENSIONS, option_to_complain_of_to_a_group),
	CASE(IP6_EXTENSIONS, option_past_its_header),
	CASE(IP6_EXTENSIONS, header_past_the_end),
	CASE(IP6_EXTENSIONS, padding_without_an_end),
	CASE(IP6_EXTENSIONS, too_many_headers),
	CASE(IP6_EXTENSIONS, hop_by_hop_second),
	CASE_AFTER(IP6_EXTENSIONS, fragment_of_a_fragment, known, .captured = OTHERWISE),
	CASE(IP6_NO_NEXT, nothing_behind_the_header),
	CASE(IP6_NO_NEXT, something_behind_no_header),
	CASE(IP6_NO_NEXT, nothing_behind_options),
	CASE_AFTER(TCP_NO_LISTENER, syn_over_ipv6, listener_of_80, .finish = close_fd),
	CASE_AFTER(UDP_NO_SOCKET, datagram_over_ipv6, socket_of_9999, .finish = close_fd),
	CASE_AFTER(UDP_NO_SOCKET, datagram_to_all_nodes, socket_of_9999, .finish = close_fd),
};
const unsigned drops_ip6_count = NSK_ARRAY_LEN(drops_ip6);
