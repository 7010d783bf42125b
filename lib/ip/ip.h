/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IP for the transports: input hand-over, output, errors. What differs between families is in
 * wire/family.h, ip/icmp_kind.h and the files that are one family's: input.c and output.c are
 * IPv4's, input6.c and output6.c IPv6's.
 */
#ifndef NSK_IP_IP_H
#define NSK_IP_IP_H

#include <stdint.h>

#include "base/checksum.h"
#include "base/siphash.h"
#include "mbuf/pkt.h"
#include "mbuf/shared.h"
#include "net/net.h"
#include "tcpalg/limiter.h"
#include "wire/family.h"

/* An ICMP error that concerns a packet of ours, after validation of its quote. */
struct ip_error {
	const struct flow *flow; /* of the quoted packet: src is ours */
	uint8_t family;
	uint8_t type, code; /* ICMP */
	uint16_t
		mtu; /* next-hop MTU of "fragmentation needed", already held at the floor, else 0 */
	int err;     /* errno that a socket reports */
	bool hard;   /* RFC 1122 §4.2.3.9 */
	bool soft;   /* it may pass: sockets of datagrams hear of it if they ask for errors */
	bool local;  /* found out here (the next hop did not answer), not by a packet */
	const uint8_t *from;  /* who says so, as in struct flow; the packet's own source if local */
	const uint8_t *quote; /* quoted transport header */
	uint16_t quote_len;   /* ≥ 8, contiguous */
	int *elsewhere;	      /* out, unless NULL: the worker that is to be told instead */
};

/* One transport protocol; the table by protocol number is filled by lib/stack. */
struct ip_proto {
	/* m's descriptor has family, proto, flow addresses, l3/l4 offsets, ttl, tos; the data still
	 * starts at the IP header and is trimmed to the IP length. Consumes m. */
	void (*input)(struct nsk_worker *w, struct rte_mbuf *m);
	/* False: nobody here wants to know, or nothing that is known here was quoted. */
	bool (*error)(struct nsk_worker *w, const struct ip_error *e);
};

/* Each family has an ICMP of its own; other protocols are both's. */
static inline bool ip_proto_fits(uint8_t family, uint8_t proto)
{
	return proto != (family == AF_INET6 ? IP_PROTO_ICMP : IP_PROTO_ICMPV6);
}

/* IDs of packets that may be fragmented on the way: counters by hash of source, destination and
 * protocol. */
#define IP_ID_COUNTERS 256

/* What lib/ip keeps per worker. All [W]. */
struct ip_worker {
	const struct ip_proto *const *protos; /* [C] by protocol number */
	struct siphash_key id_key;	      /* [C] */
	uint16_t id[IP_ID_COUNTERS];
	struct limiter errors; /* ICMP errors sent */
	struct reass *reass;   /* datagrams in fragments; NULL: none came yet */
};

/* protos must outlive the worker; needs net_worker_init() before it. 0 or -errno. */
int ip_worker_init(struct nsk_worker *w, const struct ip_proto *const protos[256]);
void ip_worker_fini(struct nsk_worker *w);

/*
 * A packet whose data starts at the IP header: validates, fills the descriptor, then: local →
 * transport, else drop. A packet whose flow another worker owns (w->ops->flow_owner) goes there by
 * w->ops->steer before the transport sees it.
 */
void ip_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
/* Its part for IPv6. */
void ip6_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
/* A datagram of IPv6 that was put together, as if it had come so. Consumes m. */
void ip6_whole_input(struct nsk_worker *w, struct rte_mbuf *m);
/* Second half of ip_input(): to the worker that the flow of a validated packet belongs to. */
void ip_hand_over(struct nsk_worker *w, struct rte_mbuf *m);
/* The last part of it: hand a validated packet to its transport (also for steered ones).
 * Consumes m. */
void ip_deliver(struct nsk_worker *w, struct rte_mbuf *m);

/* Brings the first bytes, as many as headers can have, into the first buffer. False if it has no
 * room for them. */
bool ip_join_headers(struct rte_mbuf *m);
/* The same for so many bytes, of which there may be fewer. */
bool ip_join(struct rte_mbuf *m, uint32_t bytes);
/* Answers and drops what no transport here handles. Consumes m. */
void ip_unknown_proto(struct nsk_worker *w, struct rte_mbuf *m);

/*
 * A fragment, described and for us: kept until its datagram is whole, which then is handed
 * over as if it had come so. All fragments of a datagram meet on one worker: on the way there their
 * protocol is IP_PROTO_FRAGMENT, whose row this is. Consumes m.
 */
void ip_fragment_input(struct nsk_worker *w, struct rte_mbuf *m);
extern const struct ip_proto ip_fragment_proto;

/*
 * A decoded packet has found no socket here: gives it to the next worker that has one bound to its
 * port. False, and m is still the caller's: there is none, or all were asked.
 */
bool ip_ask_others(struct nsk_worker *w, struct rte_mbuf *m, enum shared_proto proto);

/*
 * A packet that sockets of all of users, a mask of workers, may want: begins its round if it has
 * not begun. The worker to hand it to (w->ops->steer) once the sockets here have their copies; -1:
 * it has been everywhere, and p->round says whether anybody wanted it. It is one packet all the
 * way, so that one worker alone judges, and counts, what nobody wants.
 */
int ip_round(const struct nsk_worker *w, struct pkt *p, uint64_t users);

/* What ip_output() needs to know. */
struct ip_out {
	const uint8_t *src, *dst; /* 16 bytes each, as in struct flow */
	uint8_t family;
	uint8_t proto;
	uint8_t ttl; /* 0: default of settings */
	uint8_t tos;
	bool df;      /* don't fragment, neither here nor, with IPv4, on the way */
	uint16_t mtu; /* the path's, where it takes less than the interface; 0: not known */
};

/*
 * Puts an IP header in front of m (data starts at the transport header, transport checksum done or
 * left to the port as ip_l4_csum_offload() said), and sends it along rc. Longer than the MTU: in
 * fragments, for which the checksum is done; with df it is dropped and counted. Consumes m.
 */
void ip_output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
	       const struct ip_out *out);

/* Its part for IPv6, which no router fragments. */
void ip6_output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
		const struct ip_out *out);

/* The header alone, where there is room for it. Returns its hop limit. */
uint8_t ip6_put_header(struct nsk_worker *w, const struct iface *ifc, struct rte_mbuf *m,
		       const struct ip_out *out);

/* A packet to a group or to everybody, as for ip_output(): what our own sockets hear of it. Without
 * a buffer they do not, and that is counted. Does not consume m. */
void ip_loop_back(struct nsk_worker *w, const struct route_cache *rc, const struct rte_mbuf *m,
		  const struct ip_out *out);

/* What is in a packet's IP header by its sender's wish; a sender without wishes sets the family. */
struct ip_manner {
	uint8_t family;
	uint8_t tos;
	uint8_t ttl; /* 0: default of settings */
};

/* The same back to the source of a flow, as TCP sends: whole (DF). */
void ip_reply(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
	      const struct flow *to, uint8_t proto, struct ip_manner how);

/*
 * Asks the port to compute the checksum of a TCP or UDP packet that leaves along rc. True: the port
 * does, and the caller stores csum_fold(ip_pseudo_sum(…)) in the checksum field; false: the caller
 * computes it. Before ip_output().
 */
static inline bool ip_l4_csum_offload(const struct route_cache *rc, struct rte_mbuf *m,
				      uint8_t proto)
{
	if (!(rc->iface->tx_offloads & PORT_TX_CSUM_L4))
		return false;
	m->ol_flags |= proto == IP_PROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	return true;
}

/* Partial (not folded) checksum of the pseudo header. len: transport header and payload. */
static inline uint32_t ip_pseudo_sum(uint8_t family, const uint8_t *src, const uint8_t *dst,
				     uint8_t proto, uint32_t len)
{
	if (NSK_LIKELY(family == AF_INET))
		return csum_pseudo4(src, dst, proto, (uint16_t)len);
	return csum_pseudo6(src, dst, proto, len);
}

/* Slow half of ip_trim(). */
void ip_trim_chain(struct rte_mbuf *m, uint32_t len);

/* Cuts a packet to its first len bytes (at most as many as it has). */
static inline void ip_trim(struct rte_mbuf *m, uint32_t len)
{
	if (NSK_UNLIKELY(m->nb_segs > 1)) {
		ip_trim_chain(m, len);
		return;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

/* sum plus the len bytes of a chain of buffers from byte off (of the data) on; they must be there.
 */
uint32_t ip_chain_sum(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint32_t sum);

/* True if the transport checksum of a delivered packet is right (l4_off, l4_len), or hardware said
 * so. */
static inline bool ip_l4_csum_ok(const struct rte_mbuf *m, const struct pkt *p)
{
	uint32_t sum;

	if (p->flags & PKT_F_L4_CSUM_OK)
		return true;
	sum = ip_pseudo_sum(p->family, p->flow.src, p->flow.dst, p->proto, p->l4_len);
	if (NSK_LIKELY(m->nb_segs == 1)) {
		const uint8_t *l4 = (const uint8_t *)m->buf_addr + p->l4_off;

		return csum_finish(csum_partial(l4, p->l4_len, sum)) == 0;
	}
	return csum_finish(ip_chain_sum(m, (uint32_t)(p->l4_off - m->data_off), p->l4_len, sum)) ==
	       0;
}

/* Hardware, or who sent it in a machine of its own, has left the transport's checksum to be made
 * where the packet leaves for a wire. */
static inline bool ip_lacks_sum(const struct iface *ifc, const struct rte_mbuf *m)
{
	return (ifc->rx_offloads & PORT_RX_CSUM_L4) &&
	       (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

/* Makes it, in a packet that is described, data starting at its IP header, and nobody else's. What
 * is a fragment, or no TCP or UDP, stays as it is. */
void ip_make_sum(struct rte_mbuf *m);

/* What a packet that net_route() found no way for is dropped as. */
enum nsk_drop ip_route_drop(int err);

/* What the sender of a packet is told by an ICMP error, in the words of its family. */
enum ip_complaint {
	IP_COMPLAINT_PROTO,	 /* no such transport here */
	IP_COMPLAINT_PORT,	 /* nobody there */
	IP_COMPLAINT_FIELD,	 /* a field of a header means nothing */
	IP_COMPLAINT_REASSEMBLY, /* a datagram did not become whole in time */
	IP_COMPLAINT_OPTION,	 /* IPv6: an option is unknown and may not be passed over */
	/* A router's, about packets that are not ours */
	IP_COMPLAINT_HOPS,    /* it has come through too many routers */
	IP_COMPLAINT_NET,     /* no way leads there */
	IP_COMPLAINT_HOST,    /* the last step: nobody answers there */
	IP_COMPLAINT_TOO_BIG, /* the next link takes less, and it may not be cut; info: how much */
	IP_COMPLAINT_PROHIBITED, /* a route forbids it */
	IP_COMPLAINT_SCOPE,	 /* IPv6: its source means nothing beyond its link */
	IP_COMPLAINTS,
};

/*
 * Sends an ICMP error about a received packet (descriptor filled, data starting at its IP header)
 * if the rules allow (RFC 1122 §3.2.2, RFC 1812 §4.3.2, RFC 4443 §2.4 (e): none about ICMP errors,
 * packets for many, later fragments, sources that are no single host; rate limited). info: the
 * header's last word in host order (the byte that is wrong; IPv4: in its highest byte). It comes
 * from the address that was meant, or where that is not ours from one of the interface it leaves
 * by (RFC 1812 §4.3.2.4). Does not consume m.
 */
void icmp_error_output(struct nsk_worker *w, struct rte_mbuf *m, enum ip_complaint what,
		       uint32_t info);

/* Who is told of errors about what a transport of a family sent, or NULL. */
typedef bool ip_error_fn_t(struct nsk_worker *w, const struct ip_error *e);
static inline ip_error_fn_t *ip_error_fn(const struct nsk_worker *w, uint8_t family, uint8_t proto)
{
	const struct ip_proto *p = w->ip->protos[proto];

	return p && ip_proto_fits(family, proto) ? p->error : NULL;
}

/* lib/net's upcall: tells the transport of a packet of ours, or the sender of one that we forward,
 * that the next hop did not answer. */
void icmp_unreachable_here(struct nsk_worker *w, struct rte_mbuf *m);

/*
 * An ICMP message as the stack itself takes it: answers echo requests, tells transports of errors.
 * taken: a socket has a copy, so that what is nothing to us is no loss. Consumes m.
 */
void icmp_input(struct nsk_worker *w, struct rte_mbuf *m, bool taken);
/* The same for a message that goes on to another worker, for sockets here alone: tells them of an
 * error about what ICMP sockets sent. True: one was told. m is still the caller's. */
bool icmp_tell(struct nsk_worker *w, struct rte_mbuf *m);

extern const struct ip_proto icmp6_proto, igmp_proto;

struct icmp_view;
/* Whether a delivered message's header can be read; decodes it and judges its checksum. */
bool icmp_readable(struct rte_mbuf *m);
enum nsk_drop icmp_decode(struct rte_mbuf *m, struct icmp_view *v);

#endif
