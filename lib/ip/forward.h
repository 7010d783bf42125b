/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of others: on to where the routes lead, with a hop less to live. RFC 1812 §5, RFC 8200.
 *
 * A worker forwards what it receives by itself: nothing of a flow is kept, so no other worker has
 * to see it. Fragments go on as they are. There are no redirects, and no multicast routing.
 */
#ifndef NSK_IP_FORWARD_H
#define NSK_IP_FORWARD_H

#include "ip/ip.h"
#include "wire/ipv4.h"

/*
 * A valid packet that came in on ifc and is nobody's here: described, trimmed, its data from the IP
 * header on. Sends it on, or drops it with a reason, and an ICMP error where there is one. Consumes
 * m. forward.c
 */
void ip_forward(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);

/*
 * The same in one go, for what nearly every packet to forward is: in one buffer of its own, without
 * options, to a neighbour that is known. len bytes stand at frame, link header included, where m's
 * data begins. False: nothing has happened, and net_input() sees to it. forward_plain.c
 */
bool ip_forward_plain(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m, uint8_t *frame,
		      uint16_t len);

/* The first of n frames is looked at now, those behind it come next: what the routes to their
 * destinations lie in begins to come from memory. forward_plain.c */
void ip_forward_expect(struct nsk_worker *w, const struct iface *ifc, struct rte_mbuf **bufs,
		       unsigned n);

/* Whether packets of some family go on. */
static inline bool ip_forwards(const struct nsk_worker *w)
{
	return SETTING(w->set, ip_forward) | SETTING(w->set, ipv6_forward);
}

/* 169.254/16 and fe80::/10: not beyond one link (RFC 3927 §7, RFC 4291 §2.5.6). */
static inline bool forward_is_link_local4(uint32_t addr)
{
	return addr >> 16 == 0xa9fe;
}

/* Interfaces that forward only what comes from where the way back leads. */
static inline bool forward_is_filtered(const struct nsk_worker *w, const struct iface *ifc)
{
	return ifc->rp_filter || SETTING(w->set, ip_rp_filter);
}

/* To the other end of a link that has but two, and that is where it came from. */
static inline bool forward_turns_back(const struct iface *ifc, const struct route_cache *rc)
{
	return rc->iface == ifc && !ifc->ethernet;
}

/* A hop less: RFC 1812 §5.3.1, the checksum by the difference (RFC 1624). */
static inline void forward_hop_v4(uint8_t *header)
{
	uint8_t *field = header + offsetof(struct ipv4_wire, checksum);
	uint16_t sum, from, to;

	memcpy(&from, header + offsetof(struct ipv4_wire, ttl), sizeof(from));
	header[offsetof(struct ipv4_wire, ttl)]--;
	memcpy(&to, header + offsetof(struct ipv4_wire, ttl), sizeof(to));
	memcpy(&sum, field, sizeof(sum));
	sum = csum_update16(sum, from, to);
	memcpy(field, &sum, sizeof(sum));
}

/* What a packet belongs to, from its first bytes: addresses, and ports where they are sure, else 0:
 * of fragments most have none, so they go by addresses alone. forward_plain.c */
void forward_flow(const uint8_t *packet, struct flow *flow);

/*
 * Options of a header on its way (RFC 1812 §5.3.13): the route is recorded, and the time, where the
 * sender asks for it; all others stay as they are. own: the address that the packet leaves from, 4
 * bytes; ms: since midnight UT, its highest bit set where that is not known. is_ours tells whether
 * an address is. 0, or the place of the octet that is wrong, from the header's begin.
 * forward_options.c
 */
struct forward_stamp {
	const uint8_t *own;
	uint32_t ms;
	bool (*is_ours)(void *arg, const uint8_t addr[4]);
	void *arg;
};
unsigned forward_options(uint8_t *options, size_t len, const struct forward_stamp *stamp);

#endif
