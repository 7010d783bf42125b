/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of others, judged rule by rule; see forward.h. RFC 1812 §4.3.3, §5.2, §5.3, RFC 8200 §3,
 * §5, RFC 4443 §3, RFC 2644 (directed broadcasts), RFC 3704 (reverse path), RFC 3927 §7.
 *
 * The order is that of RFC 1812 §5.2.1: who may not be forwarded; the next hop; whether it may come
 * from there; hops left; options; size. Not done: redirects (RFC 1812 §5.2.7.2), multicast routing,
 * routing by type of service. Headers behind the IPv6 header are the end's business (RFC 8200 §4).
 */
#include "ip/forward.h"

#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "ip/fragment.h"
#include "ip/punt.h"
#include "mbuf/pool.h"
#include "net/onward.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#define DAY_MS	  UINT64_C(86400000)
#define NS_PER_MS UINT64_C(1000000)

/* ---- who may not be forwarded ---------------------------------------------------------------- */

static enum nsk_drop judge_v4(const struct nsk_worker *w, const struct pkt *p)
{
	uint32_t src = load_be32(p->flow.src), dst = load_be32(p->flow.dst);
	const struct local_entry *own = local_find_v4(w->net->local, p->flow.dst);

	if (dst >> 28 == 0xe)
		return NSK_DROP_IP_NOT_LOCAL; /* no multicast routing */
	if (own && own->kind == LOCAL_TENTATIVE)
		return NSK_DROP_IP_NOT_LOCAL; /* ours in a moment, or out of our reach */
	if (own)
		return NSK_DROP_IP_DIRECTED_BCAST;
	if (forward_is_link_local4(src) || forward_is_link_local4(dst))
		return NSK_DROP_IP_SCOPE;
	return NSK_DROP_NONE;
}

/* What is allowed as source of neighbour discovery is not beyond the link (RFC 4291 §2.5.2). */
static enum nsk_drop judge_v6(const struct nsk_worker *w, const struct pkt *p)
{
	const struct ip_addr src = ip_addr_v6(p->flow.src), dst = ip_addr_v6(p->flow.dst);

	if (ip_addr_is_multicast(&dst))
		return NSK_DROP_IP_NOT_LOCAL;
	if (ip_addr_is_any(&src) || net_local_entry(w, src.b, AF_INET6))
		return NSK_DROP_IP_MARTIAN_SOURCE;
	if (ip_addr_is_link_local(&src) || ip_addr_is_link_local(&dst))
		return NSK_DROP_IP_SCOPE;
	return NSK_DROP_NONE;
}

static enum nsk_drop judge(const struct nsk_worker *w, const struct pkt *p)
{
	if (p->flags & (PKT_F_LINK_BCAST | PKT_F_LINK_MCAST)) /* RFC 1812 §5.3.4 */
		return NSK_DROP_IP_LINK_BROADCAST;
	return p->family == AF_INET6 ? judge_v6(w, p) : judge_v4(w, p);
}

/* RFC 4443 §3.1, code 2: a source that means nothing where its packet wants to go. */
static bool is_beyond_scope(const struct pkt *p)
{
	const struct ip_addr dst = ip_addr_v6(p->flow.dst);

	return p->family == AF_INET6 && !ip_addr_is_link_local(&dst);
}

/* ---- ways ------------------------------------------------------------------------------------ */

/* RFC 4443 §3.1: what came by a point-to-point link to an address of its subnet does not go back
 * there, where it would be sent on again. What a route of ours sends to a gateway there may. */
static bool is_back_to_subnet(struct nsk_worker *w, const struct iface *ifc,
			      const struct route_cache *rc, const struct ip_addr *dst,
			      const struct flow *flow)
{
	struct ip_addr next;
	struct iface *out;

	return NSK_UNLIKELY(forward_turns_back(ifc, rc)) &&
	       net_next_hop(w, dst, flow, &out, &next) == 0 && ip_addr_eq(&next, dst);
}

/* What its sender hears, and what it is dropped as, where there is no way. */
static void refuse_way(struct nsk_worker *w, struct rte_mbuf *m, int err)
{
	static const struct {
		int err;
		bool told;
		enum ip_complaint what;
		enum nsk_drop reason;
	} rows[] = {
		{-ENETUNREACH, true, IP_COMPLAINT_NET, NSK_DROP_IP_NO_ROUTE},
		{-ENETDOWN, true, IP_COMPLAINT_NET, NSK_DROP_TX_LINK_DOWN},
		{-EHOSTDOWN, true, IP_COMPLAINT_HOST, NSK_DROP_ARP_UNRESOLVED},
		{-EHOSTUNREACH, true, IP_COMPLAINT_HOST, NSK_DROP_IP_ROUTE_REFUSES},
		{-EACCES, true, IP_COMPLAINT_PROHIBITED, NSK_DROP_IP_ROUTE_REFUSES},
		{-EINVAL, false, 0, NSK_DROP_IP_ROUTE_REFUSES}, /* a blackhole */
		{-ENOBUFS, false, 0, NSK_DROP_ARP_TABLE_FULL},	/* our own need */
	};
	unsigned i = 0;

	while (i + 1 < NSK_ARRAY_LEN(rows) && rows[i].err != err)
		i++;
	if (rows[i].told)
		icmp_error_output(w, m, rows[i].what, 0);
	pkt_drop(w, m, rows[i].reason);
}

/* ---- a packet that may be written to --------------------------------------------------------- */

/* Some buffer is another's as well. */
static bool is_shared(const struct rte_mbuf *m)
{
	for (; m; m = m->next)
		if (!pkt_is_own(m))
			return true;
	return false;
}

/* What nobody else reads, with room for a link header; NULL, and m is gone: there was no buffer. */
static struct rte_mbuf *writable(struct nsk_worker *w, const struct iface *out, struct rte_mbuf *m)
{
	uint16_t link = out->ethernet ? ETH_HLEN : 0;
	struct rte_mbuf *copy;

	if (NSK_LIKELY(!is_shared(m)) && NSK_LIKELY(rte_pktmbuf_headroom(m) >= link))
		return m;
	copy = rte_pktmbuf_copy(m, w->pool->mp, 0, UINT32_MAX);
	if (!copy) {
		pkt_drop(w, m, NSK_DROP_RX_NO_BUFFER);
		return NULL;
	}
	*pkt_of(copy) = *pkt_of(m);
	pkt_of(copy)->l3_off = copy->data_off;
	pkt_of(copy)->l4_off = (uint16_t)(copy->data_off + pkt_of(m)->l4_off - m->data_off);
	pkt_put(w, m);
	return copy;
}

/* ---- options --------------------------------------------------------------------------------- */

static bool is_ours(void *arg, const uint8_t addr[4])
{
	const struct nsk_worker *w = arg;
	const struct local_entry *e = local_find_v4(w->net->local, addr);

	return e && e->kind == LOCAL_UNICAST;
}

static uint32_t ms_of_day(struct nsk_worker *w)
{
	uint64_t since = w->ops->since_1970_ns(w);

	if (!since)
		return UINT32_C(1) << 31 | (uint32_t)(w->now_ns / NS_PER_MS % DAY_MS);
	return (uint32_t)((w->now_ns + since) / NS_PER_MS % DAY_MS);
}

/* The header with its options as they leave by an interface; false: one of them is wrong, and its
 * sender was told (RFC 1812 §4.3.3.5). */
static bool stamp_options(struct nsk_worker *w, struct rte_mbuf *m, const struct iface *out,
			  uint8_t *header, size_t hdr_len)
{
	static const struct ip_addr none;
	const struct ip_addr dst = ip_addr_v4(header + IPV4_DST_OFF);
	const struct ip_addr *own = iface_source(out, &dst);
	const struct forward_stamp stamp = {
		.own = own ? own->b : none.b, .ms = ms_of_day(w), .is_ours = is_ours, .arg = w};
	unsigned wrong = forward_options(header + IPV4_HLEN, hdr_len - IPV4_HLEN, &stamp);

	if (wrong) {
		icmp_error_output(w, m, IP_COMPLAINT_FIELD, wrong << 24);
		return false;
	}
	store_be16(header + offsetof(struct ipv4_wire, checksum), 0);
	ipv4_set_checksum(header, hdr_len);
	return true;
}

/* ---- fragments ------------------------------------------------------------------------------- */

/* The header in front of each. */
struct cut {
	struct pkt p; /* as it came */
	uint8_t header[IPV4_HLEN_MAX];
	uint32_t off; /* of its first octet in the datagram */
	bool more;    /* it was not the last of it */
};

/* RFC 791 §3.1: an option whose type says so is in every fragment. In the others there is nothing
 * in its place, so that all headers are as long. */
static void blank_options(uint8_t *options, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len && options[i] != IPV4_OPT_END; i += n) {
		n = options[i] == IPV4_OPT_NOP ? 1 : options[i + 1];
		if (!(options[i] & 0x80))
			memset(options + i, IPV4_OPT_NOP, n);
	}
}

static void write_fragment(const struct ip_cutter *c, const struct iface *ifc, struct rte_mbuf *m,
			   uint8_t *p, uint32_t off, uint32_t len, bool more)
{
	const struct cut *cut = c->view;
	uint16_t frag = (uint16_t)((cut->off + off) / 8);

	(void)ifc;
	memcpy(p, cut->header, c->hdr_len);
	if (off > 0)
		blank_options(p + IPV4_HLEN, c->hdr_len - (size_t)IPV4_HLEN);
	if (more || cut->more)
		frag |= IPV4_FRAG_MF;
	store_be16(p + offsetof(struct ipv4_wire, total_len), (uint16_t)(c->hdr_len + len));
	store_be16(p + offsetof(struct ipv4_wire, frag), frag);
	store_be16(p + offsetof(struct ipv4_wire, checksum), 0);
	ipv4_set_checksum(p, c->hdr_len);
	*pkt_of(m) = cut->p;
	pkt_of(m)->l3_off = (uint16_t)(p - (const uint8_t *)m->buf_addr);
	pkt_of(m)->l4_off = (uint16_t)(pkt_of(m)->l3_off + c->hdr_len);
	pkt_of(m)->l4_len = (uint16_t)len;
}

/* RFC 1812 §5.2.6: a router cuts what its next link does not take whole, unless it may not. */
static void forward_cut(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
			uint16_t hdr_len)
{
	const uint8_t *header = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t frag = load_be16(header + offsetof(struct ipv4_wire, frag));
	struct cut cut = {
		.p = *pkt_of(m),
		.off = (uint32_t)(frag & IPV4_FRAG_OFFSET) * 8,
		.more = frag & IPV4_FRAG_MF,
	};

	memcpy(cut.header, header, hdr_len);
	rte_pktmbuf_adj(m, hdr_len);
	ip_output_fragments(
		w, rc, m,
		&(struct ip_cutter){.hdr_len = hdr_len, .write = write_fragment, .view = &cut},
		rc->iface->mtu);
}

/* ---- on -------------------------------------------------------------------------------------- */

/* Too big for the next link, and may not be cut. */
static bool is_too_big(struct rte_mbuf *m, const struct pkt *p, uint32_t mtu)
{
	const uint8_t *h = pkt_at(m, p->l3_off);

	return NSK_UNLIKELY(m->pkt_len > mtu) &&
	       (p->family == AF_INET6 ||
		load_be16(h + offsetof(struct ipv4_wire, frag)) & IPV4_FRAG_DF);
}

/* Nothing speaks against it any more. header: hdr_len bytes of IPv4 as they are to leave. */
static void send_on(struct nsk_worker *w, const struct iface *ifc, const struct route_cache *rc,
		    struct rte_mbuf *m, const uint8_t *header, uint16_t hdr_len)
{
	bool sum = ip_lacks_sum(ifc, m);

	m = writable(w, rc->iface, m);
	if (!m)
		return;
	if (sum)
		ip_make_sum(m);
	pkt_forget_offloads(m);
	worker_count(w, NSK_CNT_IP_FORWARDED, 1);
	if (hdr_len) {
		memcpy(rte_pktmbuf_mtod(m, uint8_t *), header, hdr_len);
		forward_hop_v4(rte_pktmbuf_mtod(m, uint8_t *));
		if (m->pkt_len > rc->iface->mtu) {
			forward_cut(w, rc, m, hdr_len);
			return;
		}
	} else {
		rte_pktmbuf_mtod(m, uint8_t *)[offsetof(struct ipv6_wire, hop_limit)]--;
	}
	net_output(w, rc, m);
}

static void forward_way(struct nsk_worker *w, const struct iface *ifc, const struct route_cache *rc,
			struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint16_t hdr_len = p->family == AF_INET6 ? 0 : (uint16_t)(p->l4_off - p->l3_off);
	uint32_t mtu = iface_mtu(rc->iface, p->family);
	uint8_t header[IPV4_HLEN_MAX];

	if (p->ttl <= 1) {
		icmp_error_output(w, m, IP_COMPLAINT_HOPS, 0);
		pkt_drop(w, m, NSK_DROP_IP_TTL);
		return;
	}
	memcpy(header, pkt_at(m, p->l3_off), hdr_len);
	if (hdr_len > IPV4_HLEN && !stamp_options(w, m, rc->iface, header, hdr_len)) {
		pkt_drop(w, m, NSK_DROP_IP_OPTIONS);
		return;
	}
	if (is_too_big(m, p, mtu)) {
		icmp_error_output(w, m, IP_COMPLAINT_TOO_BIG, mtu);
		pkt_drop(w, m, NSK_DROP_IP_TOO_BIG);
		return;
	}
	send_on(w, ifc, rc, m, header, hdr_len);
}

void ip_forward(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	const struct ip_addr src = ip_addr_of(p->family, p->flow.src);
	const struct ip_addr dst = ip_addr_of(p->family, p->flow.dst);
	enum nsk_drop bad = judge(w, p);
	struct route_cache rc;
	struct flow flow;
	int err;

	if (bad) {
		/* A group that the kernel may be a member of. */
		if ((p->flags & PKT_F_LINK_MCAST) && punt_stranger(w, m))
			return;
		if (bad == NSK_DROP_IP_SCOPE && is_beyond_scope(p))
			icmp_error_output(w, m, IP_COMPLAINT_SCOPE, 0);
		pkt_drop(w, m, bad);
		return;
	}
	if (forward_is_filtered(w, ifc) && !net_leads_back(w, &src, ifc)) {
		pkt_drop(w, m, NSK_DROP_IP_REVERSE_PATH); /* in silence: RFC 1812 §5.3.8 */
		return;
	}
	forward_flow(pkt_at(m, p->l3_off), &flow);
	err = onward_find(w, &rc, &dst, &flow);
	if (!err && is_back_to_subnet(w, ifc, &rc, &dst, &flow))
		err = -EHOSTUNREACH;
	if (err)
		refuse_way(w, m, err);
	else
		forward_way(w, ifc, &rc, m);
}
