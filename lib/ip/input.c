/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 input: from a packet off the wire to a transport. RFC 791, RFC 1122 §3.2.1, RFC 1812 §5.3.7
 * (martians), RFC 6890. The header is judged by lib/wire; what is judged here depends on who we
 * are. What becomes of fragments: reass_input.c; of what is somebody else's: forward.c.
 */
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/mem.h"
#include "ip/forward.h"
#include "ip/input.h"
#include "ip/punt.h"
#include "ip/reass.h"
#include "mbuf/pool.h"
#include "net/group.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#define TCP_SUM_OFF    16
#define UDP_SUM_OFF    6
#define HEADERS_MAX    120 /* IP and TCP headers with all options */
#define BROADCAST_ADDR UINT32_MAX

static const struct net_upcalls upcalls = {.unreachable = icmp_unreachable_here};

int ip_worker_init(struct nsk_worker *w, const struct ip_proto *const protos[256])
{
	struct ip_worker *ip = mem_zalloc_apart(w->mem, sizeof(*ip));

	if (!ip)
		return -ENOMEM;
	ip->protos = protos;
	ip->id_key.k0 = rng_u64(&w->rng);
	ip->id_key.k1 = rng_u64(&w->rng);
	rng_fill(&w->rng, ip->id, sizeof(ip->id));
	w->ip = ip;
	w->net->up = &upcalls;
	return 0;
}

void ip_worker_fini(struct nsk_worker *w)
{
	if (!w->ip)
		return;
	reass_fini(w);
	if (w->net)
		w->net->up = NULL;
	mem_free(w->mem, w->ip, sizeof(*w->ip));
	w->ip = NULL;
}

/* ---- chains of buffers ---- */

uint32_t ip_chain_sum(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint32_t sum)
{
	uint32_t done = 0;

	while (off >= m->data_len && m->next) {
		off -= m->data_len;
		m = m->next;
	}
	for (; m && done < len; m = m->next, off = 0) {
		uint32_t n = NSK_MIN(m->data_len - off, len - done);
		const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, off);

		if (done % 2 == 0)
			sum = csum_partial(p, n, sum);
		else
			sum = csum_combine(sum, csum_partial(p, n, 0), done);
		done += n;
	}
	return sum;
}

NSK_NOINLINE bool ip_join(struct rte_mbuf *m, uint32_t bytes)
{
	uint32_t want = NSK_MIN(m->pkt_len, bytes);

	if (m->data_len >= want)
		return true;
	if (!pkt_is_own(m) || want - m->data_len > rte_pktmbuf_tailroom(m))
		return false;
	while (m->data_len < want) {
		struct rte_mbuf *next = m->next;
		uint16_t n = (uint16_t)NSK_MIN(want - m->data_len, (uint32_t)next->data_len);

		memcpy(rte_pktmbuf_mtod_offset(m, char *, m->data_len),
		       rte_pktmbuf_mtod(next, char *), n);
		m->data_len = (uint16_t)(m->data_len + n);
		next->data_off = (uint16_t)(next->data_off + n);
		next->data_len = (uint16_t)(next->data_len - n);
		if (next->data_len == 0) {
			m->next = next->next;
			m->nb_segs--;
			next->next = NULL;
			next->nb_segs = 1;
			rte_pktmbuf_free_seg(next);
		}
	}
	return true;
}

bool ip_join_headers(struct rte_mbuf *m)
{
	return ip_join(m, HEADERS_MAX);
}

void ip_trim_chain(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *last = m;
	uint32_t left = len;
	uint16_t segs = 1;

	while (left > last->data_len && last->next) {
		left -= last->data_len;
		last = last->next;
		segs++;
	}
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	last->data_len = (uint16_t)left;
	m->nb_segs = segs;
	m->pkt_len = len;
}

/* Behind the header without anything between, and whole. */
static bool has_transport(struct rte_mbuf *m, const struct pkt *p)
{
	const uint8_t *h = pkt_at(m, p->l3_off);

	if (p->family == AF_INET6)
		return h[offsetof(struct ipv6_wire, next_header)] == p->proto;
	return !(load_be16(h + offsetof(struct ipv4_wire, frag)) &
		 (IPV4_FRAG_MF | IPV4_FRAG_OFFSET));
}

/* The field holds the pseudo header's sum now. UDP without a checksum stays so. */
void ip_make_sum(struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint16_t off = p->proto == IP_PROTO_TCP ? TCP_SUM_OFF : UDP_SUM_OFF;
	uint8_t *field = pkt_at(m, p->l4_off) + off;
	uint32_t sum, at = (uint32_t)(p->l4_off - m->data_off);

	if ((p->proto != IP_PROTO_TCP && p->proto != IP_PROTO_UDP) || !has_transport(m, p) ||
	    p->l4_len < off + 2 || at + off + 2 > m->data_len ||
	    (p->proto == IP_PROTO_UDP && load_be16(field) == 0))
		return;
	store_be16(field, 0);
	sum = ip_pseudo_sum(p->family, p->flow.src, p->flow.dst, p->proto, p->l4_len);
	sum = ip_chain_sum(m, at, p->l4_len, sum);
	wire_checksum_store(field,
			    p->proto == IP_PROTO_UDP ? csum_finish_udp(sum) : csum_finish(sum));
}

/* ---- addresses ---- */

static enum nsk_drop check_group(const struct nsk_worker *w, struct pkt *p)
{
	const struct ip_addr group = ip_addr_v4(p->flow.dst), source = ip_addr_v4(p->flow.src);

	if (!group_joined(w, p->iface, &group))
		return NSK_DROP_IP_NOT_LOCAL;
	if (p->proto != IP_PROTO_IGMP && !group_wants(w, p->iface, &group, &source))
		return NSK_DROP_GROUP_SOURCE;
	p->flags |= PKT_F_IP_MCAST;
	return NSK_DROP_NONE;
}

/* Destinations other than the first address of ours. */
static enum nsk_drop other_dest(const struct nsk_worker *w, uint32_t dst, struct pkt *p)
{
	const struct local_entry *own = local_find_v4(w->net->local, p->flow.dst);

	if (own && own->kind == LOCAL_UNICAST)
		return ip_one_host(p);
	if (dst == BROADCAST_ADDR ||
	    (own && own->kind == LOCAL_BROADCAST && own->iface == p->iface)) {
		p->flags |= PKT_F_IP_BCAST;
		return NSK_DROP_NONE;
	}
	if (dst >> 28 == 0xe)
		return check_group(w, p);
	if (ip_never_a_host(dst))
		return NSK_DROP_IP_MARTIAN_DEST;
	return NSK_DROP_IP_NOT_LOCAL;
}

/* A switch that has no address asks for members all the same (RFC 4541 §2.1.1), as Linux has it. */
static bool is_nobodys_query(const struct ipv4_view *ip)
{
	return ip->src == 0 && ip->proto == IP_PROTO_IGMP && ip->dst >> 28 == 0xe;
}

static inline enum nsk_drop check_addresses(const struct nsk_worker *w, const struct ipv4_view *ip,
					    struct pkt *p)
{
	const struct local_table *t = w->net->local;

	if (NSK_UNLIKELY(ip_never_a_host(ip->src)) && !is_nobodys_query(ip))
		return NSK_DROP_IP_MARTIAN_SOURCE;
	if (NSK_UNLIKELY(local_maybe_v4(t, p->flow.src)) &&
	    local_in_use(local_find_v4(t, p->flow.src)))
		return NSK_DROP_IP_MARTIAN_SOURCE;
	if (NSK_LIKELY(local_is_first_v4(t, p->flow.dst)))
		return ip_one_host(p);
	return other_dest(w, ip->dst, p);
}

/* What we have sent to ourselves: the address may have gone meanwhile. */
NSK_NOINLINE enum nsk_drop ip_check_looped(const struct nsk_worker *w, const struct pkt *p)
{
	return net_local(w, p->flow.dst, p->family) ? NSK_DROP_NONE : NSK_DROP_IP_NOT_LOCAL;
}

/* ---- input ---- */

NSK_NOINLINE void ip_unknown_proto(struct nsk_worker *w, struct rte_mbuf *m)
{
	if (ip_punted(w, m))
		return;
	icmp_error_output(w, m, IP_COMPLAINT_PROTO, 0);
	pkt_drop(w, m, NSK_DROP_IP_UNKNOWN_PROTO);
}

static inline void deliver(struct nsk_worker *w, struct rte_mbuf *m, uint8_t number)
{
	const struct ip_proto *proto = w->ip->protos[number];

	if (NSK_LIKELY(proto != NULL))
		proto->input(w, m);
	else
		ip_unknown_proto(w, m);
}

/* Gives a packet to the worker that its flow belongs to. Ports decide, so both must be there. What
 * is for many is copied to all workers that want it, from wherever it came in. */
static NSK_NOINLINE void deliver_to_owner(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	uint16_t owner = w->id;

	if (!(p->flags & (PKT_F_IP_BCAST | PKT_F_IP_MCAST)) &&
	    (p->proto == IP_PROTO_TCP || p->proto == IP_PROTO_UDP) && p->l4_len >= 4) {
		memcpy(&p->flow.sport_be, pkt_at(m, p->l4_off), 2);
		memcpy(&p->flow.dport_be, pkt_at(m, p->l4_off) + 2, 2);
		owner = w->ops->flow_owner(w, &p->flow);
	}
	if (owner == w->id)
		deliver(w, m, p->proto);
	else
		w->ops->steer(w, owner, m);
}

void ip_hand_over(struct nsk_worker *w, struct rte_mbuf *m)
{
	if (NSK_UNLIKELY(w->peers > 1))
		deliver_to_owner(w, m);
	else
		deliver(w, m, pkt_of(m)->proto);
}

/* Where there is no link header that tells, the version does. */
static bool is_ipv6(const struct iface *ifc, struct rte_mbuf *m, const struct pkt *p)
{
	if (ifc->ethernet)
		return p->family == AF_INET6;
	return m->data_len && *rte_pktmbuf_mtod(m, const uint8_t *) >> 4 == 6;
}

static NSK_NOINLINE void input_any(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	struct ipv4_view ip;
	enum nsk_drop bad;

	if (m->nb_segs > 1 && !ip_join_headers(m)) {
		p->l3_off = m->data_off;
		pkt_drop(w, m, NSK_DROP_IP_SPLIT_HEADERS);
		return;
	}
	if (is_ipv6(ifc, m, p)) {
		ip6_input(w, ifc, m);
		return;
	}
	bad = ipv4_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), m->pkt_len,
			 ip_hardware_verdict(ip_checked_by(ifc), m, &p->flags), &ip);
	if (bad) {
		p->l3_off = m->data_off;
		pkt_drop(w, m, bad);
		return;
	}
	ip_trim(m, ip.total_len); /* what follows is link padding */
	ip_describe(m, &ip, p);
	bad = NSK_UNLIKELY(ifc->loopback) ? ip_check_looped(w, p) : check_addresses(w, &ip, p);
	if (bad == NSK_DROP_IP_NOT_LOCAL && SETTING(w->set, ip_forward) && !ifc->loopback)
		ip_forward(w, ifc, m);
	else if (bad)
		punt_or_drop(w, m, bad);
	else if (ipv4_is_fragment(&ip))
		ip_fragment_input(w, m);
	else
		ip_hand_over(w, m);
}

/* Without a call before the last one, unless the packet is not plain. */
void ip_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	struct ipv4_view ip;

	if (NSK_LIKELY(!(p->flags & (PKT_F_LINK_BCAST | PKT_F_LINK_MCAST))) &&
	    NSK_LIKELY(p->family != AF_INET6) &&
	    NSK_LIKELY(ip_input_plain(w->net->local, ip_checked_by(ifc), m,
				      rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, p, &ip)))
		ip_hand_over(w, m);
	else
		input_any(w, ifc, m);
}

void ip_deliver(struct nsk_worker *w, struct rte_mbuf *m)
{
	deliver(w, m, pkt_of(m)->proto);
}

bool ip_ask_others(struct nsk_worker *w, struct rte_mbuf *m, enum shared_proto proto)
{
	const struct pkt *p = pkt_of(m);
	int next;

	if (w->peers == 1)
		return false;
	next = shared_port_next(w->shared, proto, load_be16(&p->flow.dport_be), w->id,
				w->ops->flow_owner(w, &p->flow), w->peers);
	if (next < 0)
		return false;
	w->ops->steer(w, (uint16_t)next, m);
	return true;
}

int ip_round(const struct nsk_worker *w, struct pkt *p, uint64_t users)
{
	int next;

	if (!(p->flags & PKT_F_ROUND)) {
		p->flags |= PKT_F_ROUND;
		p->round = (uint8_t)w->id;
	}
	next = shared_next(users, w->id, p->round & PKT_ROUND_FIRST, w->peers);
	if (next < 0) {
		p->round |= PKT_ROUND_OVER;
		p->flags &= (uint8_t)~PKT_F_STEERED;
	}
	return next;
}
