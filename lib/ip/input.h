/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Input's steps for what nearly every packet is: IPv4, whole in one buffer, without options, from a
 * host that is not us to our first address. In line and without a call, so that a transport can
 * judge both headers in one go (tcp/input.c). Any other packet is ip_input()'s, which looks at it
 * from the start by the same steps and those that a plain packet does not need.
 */
#ifndef NSK_IP_INPUT_H
#define NSK_IP_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ip/ip.h"
#include "wire/ipv4.h"

/* 0/8, 127/8 and from 224/3 on: no host that could write to us (RFC 1122 §3.2.1.3). */
static inline bool ip_never_a_host(uint32_t addr)
{
	uint32_t top = addr >> 24;

	return top == 0 || top == 127 || top >= 224;
}

/* A host's address of ours. RFC 1122 §3.3.6: who writes to one host does not shout. */
static inline enum nsk_drop ip_one_host(const struct pkt *p)
{
	if (NSK_UNLIKELY(p->flags & (PKT_F_LINK_BCAST | PKT_F_LINK_MCAST)))
		return NSK_DROP_IP_LINK_BROADCAST;
	return NSK_DROP_NONE;
}

/* Whether what came by the loopback interface, and so from ourselves, is still for us. */
enum nsk_drop ip_check_looped(const struct nsk_worker *w, const struct pkt *p);

/* What of an interface's offloads says something about checksums. */
static inline uint32_t ip_checked_by(const struct iface *ifc)
{
	return ifc->rx_offloads & (PORT_RX_CSUM_IPV4 | PORT_RX_CSUM_L4);
}

/* Several segments that the port or their sender has put together. */
static inline bool ip_is_merged(const struct rte_mbuf *m)
{
	return m->ol_flags & RTE_MBUF_F_RX_LRO;
}

/* What hardware that does this much said about the checksums: flags for ipv4_parse(), and into
 * *flags of the descriptor. */
static inline unsigned ip_hardware_verdict(uint32_t offloads, const struct rte_mbuf *m,
					   uint8_t *flags)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if (!offloads)
		return 0;
	/* "None": the field is not filled in (a virtual device), but the data never left memory. */
	if ((offloads & PORT_RX_CSUM_L4) &&
	    (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE))
		*flags |= PKT_F_L4_CSUM_OK;
	/* What it calls bad is looked at again: the verdict is ours. */
	if ((offloads & PORT_RX_CSUM_IPV4) &&
	    (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return WIRE_CSUM_DONE;
	return 0;
}

static inline void ip_describe(struct rte_mbuf *m, const struct ipv4_view *ip, struct pkt *p)
{
	p->family = AF_INET;
	p->proto = ip->proto;
	p->ttl = ip->ttl;
	p->tos = ip->tos;
	p->l3_off = m->data_off;
	p->l4_off = (uint16_t)(m->data_off + ip->hdr_len);
	p->l4_len = ipv4_payload_len(ip);
	memset(&p->flow, 0, sizeof(p->flow));
	store_be32(p->flow.src, ip->src);
	store_be32(p->flow.dst, ip->dst);
}

/* Steps that pass without more than a look: from a host that is not us to our first address. */
static inline bool ip_plain_addresses(const struct local_table *t, const uint8_t *header,
				      uint32_t src)
{
	return !ip_never_a_host(src) && !local_maybe_v4(t, header + IPV4_SRC_OFF) &&
	       local_is_first_v4(t, header + IPV4_DST_OFF);
}

/*
 * A packet that came to our own link address, of which len bytes stand at header, in m. True: it is
 * plain and good, and described in p, its descriptor, and ip; m's data is the packet, trimmed to
 * its length. False: nothing is said about it. checked: ip_checked_by() of its interface, t: the
 * worker's addresses.
 */
static NSK_ALWAYS_INLINE bool ip_input_plain(const struct local_table *t, uint32_t checked,
					     struct rte_mbuf *m, const uint8_t *header,
					     uint16_t len, struct pkt *p, struct ipv4_view *ip)
{
	uint8_t flags = 0;

	if (NSK_UNLIKELY(m->nb_segs > 1 || len < IPV4_HLEN || !ipv4_is_plain(header)) ||
	    (NSK_UNLIKELY(checked != 0) && ip_is_merged(m)) ||
	    NSK_UNLIKELY(
		    ipv4_parse_plain(header, len, ip_hardware_verdict(checked, m, &flags), ip)) ||
	    NSK_UNLIKELY(!ip_plain_addresses(t, header, ip->src)))
		return false;
	m->data_off = (uint16_t)(header - (const uint8_t *)m->buf_addr);
	m->data_len = ip->total_len;
	m->pkt_len = ip->total_len;
	ip_describe(m, ip, p);
	p->flags = flags;
	return true;
}

#endif
