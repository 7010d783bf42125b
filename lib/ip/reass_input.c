/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments of both families: what their header says, the worker where they meet, and the header of
 * what is whole. RFC 791 §3.2, RFC 1122 §3.3.2, RFC 8200 §4.5. The datagrams themselves: reass.c.
 *
 * A fragment has no ports to say whose it is, so all of a datagram go to the worker that the hash
 * of addresses, number and protocol names, and what is whole from there to its flow's own.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "ip/ip.h"
#include "ip/reass.h"
#include "mbuf/pool.h"
#include "wire/ipv4.h"
#include "wire/ipv6_ext.h"

static uint8_t *header_field(struct rte_mbuf *m, size_t offset)
{
	return pkt_at(m, pkt_of(m)->l3_off) + offset;
}

static bool read_view_v4(struct rte_mbuf *m, struct frag_view *v)
{
	struct ipv4_view ip = {
		.frag = load_be16(header_field(m, offsetof(struct ipv4_wire, frag)))};

	*v = (struct frag_view){
		.id = load_be16(header_field(m, offsetof(struct ipv4_wire, id))),
		.off = ipv4_frag_offset(&ip),
		.proto = *header_field(m, offsetof(struct ipv4_wire, proto)),
		.more = ip.frag & IPV4_FRAG_MF,
	};
	return ipv4_is_fragment(&ip);
}

/* IPv6's header of a fragment stands in front of what it carries. */
static const uint8_t *frag_header(struct rte_mbuf *m)
{
	return pkt_at(m, pkt_of(m)->l4_off) - IPV6_FRAG_HLEN;
}

static bool read_view_v6(struct rte_mbuf *m, struct frag_view *v)
{
	const uint8_t *h = frag_header(m);
	uint16_t field = load_be16(h + 2);

	*v = (struct frag_view){
		.id = load_be32(h + 4),
		.off = field & 0xfff8,
		.more = field & 1,
	};
	return true;
}

/* False: it is no fragment. */
static bool read_view(struct rte_mbuf *m, struct frag_view *v)
{
	return pkt_of(m)->family == AF_INET6 ? read_view_v6(m, v) : read_view_v4(m, v);
}

/* Where others read the first buffer as well: the same packet with a header of its own in front.
 * NULL, and m is gone: there was no buffer. */
static struct rte_mbuf *own_header(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	uint16_t len = (uint16_t)(p->l4_off - p->l3_off);
	struct rte_mbuf *own;
	void *header;

	if (NSK_LIKELY(pkt_is_own(m)))
		return m;
	own = pkt_alloc(w);
	header = own ? rte_pktmbuf_append(own, len) : NULL;
	if (!header) {
		rte_pktmbuf_free(own);
		pkt_drop(w, m, NSK_DROP_RX_NO_BUFFER);
		return NULL;
	}
	memcpy(header, pkt_at(m, p->l3_off), len);
	*pkt_of(own) = *p;
	pkt_of(own)->l3_off = own->data_off;
	pkt_of(own)->l4_off = (uint16_t)(own->data_off + len);
	rte_pktmbuf_adj(m, len);
	own->next = m;
	own->nb_segs = (uint16_t)(m->nb_segs + 1);
	own->pkt_len = m->pkt_len + len;
	return own;
}

/* As if it had never been cut. That it may not be cut again (DF) is of no use to a host. */
static void mend_header_v4(struct rte_mbuf *m, const struct pkt *p)
{
	uint16_t len = (uint16_t)(p->l4_off - p->l3_off);

	store_be16(header_field(m, offsetof(struct ipv4_wire, total_len)),
		   (uint16_t)(len + p->l4_len));
	store_be16(header_field(m, offsetof(struct ipv4_wire, frag)), 0);
	store_be16(header_field(m, offsetof(struct ipv4_wire, checksum)), 0);
	*header_field(m, offsetof(struct ipv4_wire, tos)) = p->tos;
	ipv4_set_checksum(pkt_at(m, p->l3_off), len);
}

/* RFC 8200 §4.5: the header of the fragment goes, and what was in front of it moves up. */
static void mend_header_v6(struct rte_mbuf *m, struct pkt *p)
{
	const uint16_t front = (uint16_t)(p->l4_off - p->l3_off - IPV6_FRAG_HLEN);
	uint8_t *header = pkt_at(m, p->l3_off);
	uint8_t next = header[front];
	struct ipv6_chain chain;
	struct ipv6_view ip;

	ipv6_parse(header, front + IPV6_FRAG_HLEN, SIZE_MAX, &ip);
	ipv6_walk(header, front + IPV6_FRAG_HLEN, &ip, &chain);
	header[chain.named_at] = next;
	memmove(header + IPV6_FRAG_HLEN, header, front);
	rte_pktmbuf_adj(m, IPV6_FRAG_HLEN);
	p->l3_off = m->data_off;
	header = pkt_at(m, p->l3_off);
	store_be16(header + offsetof(struct ipv6_wire, payload_len),
		   (uint16_t)(front - IPV6_HLEN + p->l4_len));
	ipv6_set_traffic_class(header, p->tos);
}

static void mend_header(struct rte_mbuf *m, struct pkt *p)
{
	if (p->family == AF_INET6)
		mend_header_v6(m, p);
	else
		mend_header_v4(m, p);
}

static void whole_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt *p;

	m = own_header(w, m);
	if (!m)
		return;
	p = pkt_of(m);
	/* What hardware says of a fragment's checksum says nothing of the whole's. */
	p->flags &= (uint8_t) ~(PKT_F_L4_CSUM_OK | PKT_F_STEERED);
	mend_header(m, p);
	if (!ip_join_headers(m))
		pkt_drop(w, m, NSK_DROP_IP_SPLIT_HEADERS);
	else if (p->family == AF_INET6)
		ip6_whole_input(w, m);
	else
		ip_hand_over(w, m);
}

/* RFC 8200 §4.5: lengths that cannot be are pointed at. IPv4 has no words for that. */
static void complain_of_length(struct nsk_worker *w, struct rte_mbuf *m, const struct frag_view *v)
{
	const struct pkt *p = pkt_of(m);

	if (p->family != AF_INET6)
		return;
	if (v->more && p->l4_len % 8 != 0)
		icmp_error_output(w, m, IP_COMPLAINT_FIELD,
				  offsetof(struct ipv6_wire, payload_len));
	else if (v->off + p->l4_len > IPV6_MAX_PAYLOAD)
		icmp_error_output(w, m, IP_COMPLAINT_FIELD,
				  (uint32_t)(p->l4_off - p->l3_off - IPV6_FRAG_HLEN + 2));
}

static void take(struct nsk_worker *w, struct rte_mbuf *m, const struct frag_view *v)
{
	struct pkt *p = pkt_of(m);
	struct rte_mbuf *whole;

	p->proto = p->family == AF_INET6 ? *frag_header(m) : v->proto;
	complain_of_length(w, m, v);
	whole = reass_take(w, m, v);
	if (whole)
		whole_input(w, whole);
}

void ip_fragment_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct frag_view v;
	struct flow flow;
	uint16_t owner;

	read_view(m, &v);
	if (w->peers > 1) {
		reass_flow(pkt_of(m), &v, &flow);
		owner = w->ops->flow_owner(w, &flow);
		if (owner != w->id) {
			pkt_of(m)->proto = IP_PROTO_FRAGMENT;
			w->ops->steer(w, owner, m);
			return;
		}
	}
	take(w, m, &v);
}

/* What another worker has handed over, or a packet whose protocol has that number by itself. */
static void handed_over(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct frag_view v;

	if (read_view(m, &v))
		take(w, m, &v);
	else
		ip_unknown_proto(w, m);
}

const struct ip_proto ip_fragment_proto = {.input = handed_over};
