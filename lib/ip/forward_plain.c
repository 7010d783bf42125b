/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short cut for what nearly every packet to forward is; see forward.h. Its result is what
 * forward.c would give; whatever is not plain goes there, by way of net_input(), and is judged from
 * its beginning.
 */
#include <string.h>

#include "ip/forward.h"
#include "ip/input.h"
#include "net/onward.h"
#include "net/tx.h"
#include "wire/eth.h"
#include "wire/ipv6.h"

/* Frames before a packet's turn at which memory is asked for what its route lies in. */
#define EXPECT_FAR  8
#define EXPECT_NEAR 4

/* A frame to us of that type from some station, or without a link layer a packet of that version.
 */
static inline bool is_kind(const struct iface *ifc, const uint8_t *frame, uint16_t type,
			   uint8_t version)
{
	return ifc->ethernet ? eth_is_plain(frame, ifc->mac.b, type) : frame[0] >> 4 == version;
}

/* A good header of a packet of total bytes from one host to another, neither of which is us, with
 * hops left. */
static inline bool is_plain_v4(const struct local_table *t, uint32_t checked, struct rte_mbuf *m,
			       const uint8_t *p, uint16_t len, uint16_t *total)
{
	uint32_t src, dst;
	uint8_t flags = 0; /* nobody asks for them */

	if (len < IPV4_HLEN || p[0] != 0x45 || p[offsetof(struct ipv4_wire, ttl)] <= 1)
		return false;
	*total = load_be16(p + offsetof(struct ipv4_wire, total_len));
	if (*total < IPV4_HLEN || *total > len)
		return false;
	if (ip_hardware_verdict(checked, m, &flags) != WIRE_CSUM_DONE &&
	    !csum_intact(ipv4_header_sum(p, IPV4_HLEN)))
		return false;
	src = load_be32(p + IPV4_SRC_OFF);
	dst = load_be32(p + IPV4_DST_OFF);
	return !ip_never_a_host(src) && !ip_never_a_host(dst) && !forward_is_link_local4(src) &&
	       !forward_is_link_local4(dst) &&
	       !(local_maybe_v4(t, p + IPV4_SRC_OFF) && local_find_v4(t, p + IPV4_SRC_OFF)) &&
	       !(local_maybe_v4(t, p + IPV4_DST_OFF) && local_find_v4(t, p + IPV4_DST_OFF));
}

/* Global and unique local addresses (RFC 4291 §2.4, RFC 4193): all others need a closer look. */
static inline bool is_wide(const uint8_t *addr)
{
	return addr[0] >> 5 == 1 || (addr[0] & 0xfe) == 0xfc;
}

static inline bool is_plain_v6(const struct local_table *t, const uint8_t *p, uint16_t len,
			       uint16_t *total)
{
	uint32_t all;

	if (len < IPV6_HLEN || p[0] >> 4 != 6 || p[offsetof(struct ipv6_wire, hop_limit)] <= 1)
		return false;
	all = (uint32_t)IPV6_HLEN + load_be16(p + offsetof(struct ipv6_wire, payload_len));
	if (all > len)
		return false;
	*total = (uint16_t)all;
	return is_wide(p + IPV6_SRC_OFF) && is_wide(p + IPV6_DST_OFF) &&
	       !(local_maybe_v6(t, p + IPV6_SRC_OFF) &&
		 local_find(t, p + IPV6_SRC_OFF, AF_INET6)) &&
	       !(local_maybe_v6(t, p + IPV6_DST_OFF) && local_find(t, p + IPV6_DST_OFF, AF_INET6));
}

/* The packet of total bytes at p leaves along rc. */
static inline bool send_plain(struct nsk_worker *w, const struct route_cache *rc,
			      struct rte_mbuf *m, uint8_t *p, uint16_t total)
{
	struct tx_queue *q = tx_free_way(w, rc, m);
	uint16_t data_off = (uint16_t)(p - (uint8_t *)m->buf_addr);
	uint8_t family = p[0] >> 4 == 4 ? AF_INET : AF_INET6;

	if (NSK_UNLIKELY(!q) || NSK_UNLIKELY(total > iface_mtu(rc->iface, family)) ||
	    NSK_UNLIKELY(data_off < ETH_HLEN))
		return false;
	if (family == AF_INET)
		forward_hop_v4(p);
	else
		p[offsetof(struct ipv6_wire, hop_limit)]--;
	m->data_off = data_off;
	m->data_len = total;
	m->pkt_len = total;
	pkt_forget_offloads(m);
	tx_push(w, rc, m, 0);
	tx_append(w, rc->iface, q, m);
	worker_count(w, NSK_CNT_IP_FORWARDED, 1);
	return true;
}

static inline bool way_back_is_right(const struct nsk_worker *w, const struct iface *ifc,
				     uint8_t family, const uint8_t *src)
{
	const struct ip_addr a = family == AF_INET6 ? ip_addr_v6(src) : ip_addr_v4(src);

	return !forward_is_filtered(w, ifc) || net_leads_back(w, &a, ifc);
}

/* Ports of an IPv4 packet that is whole, as they lie there; 0 of any other. */
static uint32_t ports_v4(const uint8_t *p)
{
	uint8_t proto = p[offsetof(struct ipv4_wire, proto)];
	uint32_t ports;

	if (!ipv4_is_plain(p) || (proto != IP_PROTO_TCP && proto != IP_PROTO_UDP) ||
	    load_be16(p + offsetof(struct ipv4_wire, total_len)) < IPV4_HLEN + 4)
		return 0;
	memcpy(&ports, p + IPV4_HLEN, sizeof(ports));
	return ports;
}

static uint32_t ports_v6(const uint8_t *p)
{
	uint8_t next = p[offsetof(struct ipv6_wire, next_header)];
	uint32_t ports;

	if ((next != IP_PROTO_TCP && next != IP_PROTO_UDP) ||
	    load_be16(p + offsetof(struct ipv6_wire, payload_len)) < 4)
		return 0;
	memcpy(&ports, p + IPV6_HLEN, sizeof(ports));
	return ports;
}

void forward_flow(const uint8_t *packet, struct flow *flow)
{
	bool six = packet[0] >> 4 == 6;
	uint32_t ports = six ? ports_v6(packet) : ports_v4(packet);

	*flow = (struct flow){.sport_be = 0};
	if (six) {
		memcpy(flow->src, packet + IPV6_SRC_OFF, IPV6_ADDR_LEN);
		memcpy(flow->dst, packet + IPV6_DST_OFF, IPV6_ADDR_LEN);
	} else {
		memcpy(flow->src, packet + IPV4_SRC_OFF, 4);
		memcpy(flow->dst, packet + IPV4_DST_OFF, 4);
	}
	memcpy(&flow->sport_be, &ports, sizeof(ports));
}

static inline void expect(struct nsk_worker *w, const struct rte_mbuf *m, uint16_t link, bool near)
{
	const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, link);

	if (m->data_len >= link + IPV6_HLEN && p[0] >> 4 == 6)
		net_expect(w, AF_INET6, p + IPV6_DST_OFF, near);
	else if (!near && m->data_len >= link + IPV4_HLEN && p[0] >> 4 == 4)
		net_expect(w, AF_INET, p + IPV4_DST_OFF, near);
}

/* A burst begins: nobody has looked ahead to these. */
static NSK_NOINLINE void expect_first(struct nsk_worker *w, struct rte_mbuf **bufs, unsigned n,
				      uint16_t link)
{
	for (unsigned i = 0; i < n && i < EXPECT_FAR; i++)
		expect(w, bufs[i], link, false);
	for (unsigned i = 0; i < n && i < EXPECT_NEAR; i++)
		expect(w, bufs[i], link, true);
}

/* Apart, so that IPv4 saves no registers for it. */
static NSK_NOINLINE void expect_v6(struct nsk_worker *w, struct rte_mbuf **bufs, uint16_t link)
{
	expect(w, bufs[EXPECT_FAR], link, false);
	expect(w, bufs[EXPECT_NEAR], link, true);
}

/* In two steps: what the second one is for, of IPv6 alone, can only be found when what the first
 * one asked for has come. */
void ip_forward_expect(struct nsk_worker *w, const struct iface *ifc, struct rte_mbuf **bufs,
		       unsigned n)
{
	const uint16_t link = ifc->ethernet ? ETH_HLEN : 0;
	const struct rte_mbuf *m;
	const uint8_t *p;

	if (NSK_UNLIKELY(w->net->expected != n))
		expect_first(w, bufs, n, link);
	w->net->expected = n - 1;
	if (n <= EXPECT_FAR)
		return;
	m = bufs[EXPECT_FAR];
	p = rte_pktmbuf_mtod_offset(m, const uint8_t *, link);
	if (NSK_LIKELY(m->data_len >= link + IPV4_HLEN) && NSK_LIKELY(p[0] >> 4 == 4))
		net_expect(w, AF_INET, p + IPV4_DST_OFF, false);
	else
		expect_v6(w, bufs, link);
}

bool ip_forward_plain(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m, uint8_t *frame,
		      uint16_t len)
{
	const uint16_t link = ifc->ethernet ? ETH_HLEN : 0;
	const uint32_t checked = ip_checked_by(ifc);
	uint8_t *p = frame + link;
	struct route_cache rc;
	struct ip_addr dst;
	struct flow flow;
	uint16_t total;

	if (m->nb_segs > 1 || !pkt_is_own(m) || len <= link || ip_lacks_sum(ifc, m))
		return false;
	len = (uint16_t)(len - link);
	if (NSK_LIKELY(is_kind(ifc, frame, ETH_TYPE_IPV4, 4))) {
		if (!SETTING(w->set, ip_forward) ||
		    !is_plain_v4(w->net->local, checked, m, p, len, &total) ||
		    !way_back_is_right(w, ifc, AF_INET, p + IPV4_SRC_OFF))
			return false;
		dst = ip_addr_v4(p + IPV4_DST_OFF);
	} else {
		if (!SETTING(w->set, ipv6_forward) || !is_kind(ifc, frame, ETH_TYPE_IPV6, 6) ||
		    !is_plain_v6(w->net->local, p, len, &total) ||
		    !way_back_is_right(w, ifc, AF_INET6, p + IPV6_SRC_OFF))
			return false;
		dst = ip_addr_v6(p + IPV6_DST_OFF);
	}
	forward_flow(p, &flow);
	return onward_find(w, &rc, &dst, &flow) == 0 && NSK_LIKELY(!forward_turns_back(ifc, &rc)) &&
	       send_plain(w, &rc, m, p, total);
}
