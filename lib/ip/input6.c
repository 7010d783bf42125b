/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 input: from a packet off the wire to a transport. RFC 8200 §3, §4, RFC 4291 (which addresses
 * may stand where), RFC 4942 §2.2 (mapped ones may not). The headers are judged by lib/wire; what
 * is judged here depends on who we are. What is somebody else's: forward.c.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "ip/forward.h"
#include "ip/input.h"
#include "ip/punt.h"
#include "mbuf/pool.h"
#include "net/group.h"
#include "net/nd.h"
#include "wire/icmp6.h"
#include "wire/ipv6_ext.h"
#include "wire/nd.h"

/* ---- addresses ------------------------------------------------------------------------------- */

/* An advertisement from the link: its sender may say that an address of ours is his, from there. */
static bool is_advert(struct rte_mbuf *m, const struct pkt *p)
{
	return p->proto == IP_PROTO_ICMPV6 && p->ttl == ND_HOP_LIMIT && p->l4_len > 0 &&
	       p->l4_off < m->data_off + m->data_len && *pkt_at(m, p->l4_off) == ICMP6_NEIGH_ADVERT;
}

/* The unspecified address asks for neighbours and for groups, nothing else (RFC 4291 §2.5.2). */
static bool bad_source(const struct nsk_worker *w, struct rte_mbuf *m, const struct pkt *p,
		       const struct ip_addr *src)
{
	if (ip_addr_is_any(src))
		return p->proto != IP_PROTO_ICMPV6;
	if (net_local_entry(w, src->b, AF_INET6))
		return !is_advert(m, p);
	return ip_addr_is_multicast(src) || ip_addr_is_loopback(src) || ip_addr_is_v4mapped(src);
}

/* A scope that is reserved or does not leave a node (RFC 4291 §2.7). */
static bool bad_group(const struct ip_addr *dst)
{
	return (dst->b[1] & 15) <= 1;
}

static enum nsk_drop check_group(const struct nsk_worker *w, const struct iface *ifc,
				 const struct ip_addr *src, const struct ip_addr *dst,
				 struct pkt *p)
{
	if (bad_group(dst))
		return NSK_DROP_IP_MARTIAN_DEST;
	if (!nd_listens(w, ifc, dst->b)) {
		if (!group_joined(w, ifc->index, dst))
			return NSK_DROP_IP_NOT_LOCAL;
		if (p->proto != IP_PROTO_ICMPV6 && !group_wants(w, ifc->index, dst, src))
			return NSK_DROP_GROUP_SOURCE;
	}
	p->flags |= PKT_F_IP_MCAST;
	return NSK_DROP_NONE;
}

/* A link-local address is one of its own link alone. What came to one of a subnet's routers is
 * treated as what came to several: nothing is sent from there, no connection begins. */
static enum nsk_drop check_host(const struct nsk_worker *w, const struct iface *ifc,
				const struct ip_addr *dst, struct pkt *p)
{
	const struct local_entry *own = net_local_entry(w, dst->b, AF_INET6);
	enum nsk_drop bad;

	if (ip_addr_is_any(dst) || ip_addr_is_loopback(dst) || ip_addr_is_v4mapped(dst))
		return NSK_DROP_IP_MARTIAN_DEST;
	if (!own || (ip_addr_is_link_local(dst) && own->iface != ifc->index))
		return NSK_DROP_IP_NOT_LOCAL;
	bad = ip_one_host(p);
	if (!bad && own->kind == LOCAL_ANYCAST)
		p->flags |= PKT_F_IP_BCAST;
	return bad;
}

static enum nsk_drop check_addresses(const struct nsk_worker *w, const struct iface *ifc,
				     struct rte_mbuf *m, struct pkt *p)
{
	const struct ip_addr src = ip_addr_v6(p->flow.src), dst = ip_addr_v6(p->flow.dst);

	if (bad_source(w, m, p, &src))
		return NSK_DROP_IP_MARTIAN_SOURCE;
	return ip_addr_is_multicast(&dst) ? check_group(w, ifc, &src, &dst, p)
					  : check_host(w, ifc, &dst, p);
}

/* ---- input ----------------------------------------------------------------------------------- */

static void describe(struct rte_mbuf *m, const struct ipv6_view *ip, const struct ipv6_chain *chain,
		     struct pkt *p)
{
	p->family = AF_INET6;
	p->proto = chain->proto;
	p->ttl = ip->hop_limit;
	p->tos = ip->traffic_class;
	p->l3_off = m->data_off;
	p->l4_off = (uint16_t)(m->data_off + chain->off);
	p->l4_len = (uint16_t)(IPV6_HLEN + ip->payload_len - chain->off);
	memcpy(p->flow.src, ip->src, IPV6_ADDR_LEN);
	memcpy(p->flow.dst, ip->dst, IPV6_ADDR_LEN);
	p->flow.sport_be = p->flow.dport_be = 0;
}

/* What could not be passed over, of a packet that is for us. */
static void refuse(struct nsk_worker *w, struct rte_mbuf *m, const struct ipv6_chain *chain)
{
	static const enum ip_complaint complaints[] = {IP_COMPLAINT_FIELD, IP_COMPLAINT_PROTO,
						       IP_COMPLAINT_OPTION};

	if (chain->complain)
		icmp_error_output(w, m, complaints[chain->code], chain->problem);
	pkt_drop(w, m, NSK_DROP_IP6_EXTENSIONS);
}

/* RFC 6980 §5: whose headers can be anywhere in a fragment could pass by who watches the link. */
static bool is_neighbours(struct rte_mbuf *m, const struct pkt *p)
{
	uint8_t type;

	if (p->proto != IP_PROTO_ICMPV6 || p->l4_len == 0 || p->l4_off >= m->data_off + m->data_len)
		return false;
	type = *pkt_at(m, p->l4_off);
	return type >= ICMP6_ROUTER_SOLICIT && type <= ICMP6_REDIRECT;
}

/* The transport's header follows the last extension in the first buffer. */
static bool join_transport(struct rte_mbuf *m, const struct ipv6_chain *chain)
{
	return m->nb_segs == 1 || ip_join(m, (uint32_t)chain->off + TCP_HLEN_MAX);
}

/* The chain of headers was passed over: what is behind it. whole: put together of fragments. */
static void hand_over(struct nsk_worker *w, struct rte_mbuf *m, const struct ipv6_chain *chain,
		      bool whole)
{
	if (chain->fragment) {
		ip_fragment_input(w, m);
	} else if (!join_transport(m, chain)) {
		pkt_drop(w, m, NSK_DROP_IP_SPLIT_HEADERS);
	} else if ((whole || chain->frag_at) && is_neighbours(m, pkt_of(m))) {
		pkt_drop(w, m, NSK_DROP_ND_MALFORMED);
	} else if (chain->proto == IPV6_NEXT_NONE) {
		pkt_drop(w, m, NSK_DROP_IP6_NO_NEXT);
	} else if (!w->ip->protos[chain->proto] || !ip_proto_fits(AF_INET6, chain->proto)) {
		if (ip_punted(w, m))
			return;
		icmp_error_output(w, m, IP_COMPLAINT_PROTO, chain->proto_at);
		pkt_drop(w, m, NSK_DROP_IP_UNKNOWN_PROTO);
	} else {
		ip_hand_over(w, m);
	}
}

/* Its addresses were judged with each fragment. A fragment of a whole is none that a sender makes.
 */
void ip6_whole_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	const uint8_t *header = rte_pktmbuf_mtod(m, const uint8_t *);
	struct ipv6_chain chain;
	struct ipv6_view ip;
	enum nsk_drop bad = ipv6_parse(header, rte_pktmbuf_data_len(m), m->pkt_len, &ip);

	if (!bad)
		bad = ipv6_walk(header, rte_pktmbuf_data_len(m), &ip, &chain);
	if (!bad && chain.fragment)
		bad = NSK_DROP_IP6_EXTENSIONS;
	if (bad == NSK_DROP_IP6_EXTENSIONS) {
		refuse(w, m, &chain);
	} else if (bad) {
		pkt_drop(w, m, bad);
	} else {
		describe(m, &ip, &chain, pkt_of(m));
		hand_over(w, m, &chain, true);
	}
}

void ip6_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	const uint8_t *header = rte_pktmbuf_mtod(m, const uint8_t *);
	struct pkt *p = pkt_of(m);
	struct ipv6_chain chain;
	struct ipv6_view ip;
	enum nsk_drop bad, unwalked;

	bad = ipv6_parse(header, rte_pktmbuf_data_len(m), m->pkt_len, &ip);
	if (bad) {
		pkt_drop(w, m, bad);
		return;
	}
	ip_trim(m, (uint32_t)IPV6_HLEN + ip.payload_len); /* what follows is link padding */
	ip_hardware_verdict(ip_checked_by(ifc), m, &p->flags);
	unwalked = ipv6_walk(header, rte_pktmbuf_data_len(m), &ip, &chain);
	describe(m, &ip, &chain, p);
	bad = NSK_UNLIKELY(ifc->loopback) ? ip_check_looped(w, p) : check_addresses(w, ifc, m, p);
	if (bad == NSK_DROP_IP_NOT_LOCAL && SETTING(w->set, ipv6_forward) && !ifc->loopback)
		ip_forward(w, ifc, m);
	else if (bad)
		punt_or_drop(w, m, bad);
	else if (unwalked == NSK_DROP_IP6_EXTENSIONS)
		refuse(w, m, &chain);
	else if (unwalked)
		pkt_drop(w, m, unwalked);
	else
		hand_over(w, m, &chain, false);
}
