/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IP for the transports: input hand-over, output, errors. IPv4 now; families differ only through wire/family.h.
 */
#ifndef NSK_IP_IP_H
#define NSK_IP_IP_H

#include <stdint.h>

#include "mbuf/pkt.h"
#include "net/net.h"

/* An ICMP error that concerns a packet of ours, after validation of its quote. */
struct ip_error {
	const struct flow *flow;   /* of the quoted packet: src is ours */
	uint8_t family;
	uint8_t type, code;        /* ICMP */
	uint16_t mtu;              /* next-hop MTU of "fragmentation needed", else 0 */
	int err;                   /* errno that a socket reports */
	bool hard;                 /* RFC 1122 §4.2.3.9 */
	const uint8_t *quote;      /* quoted transport header */
	uint16_t quote_len;        /* ≥ 8 */
};

/* One transport protocol; the table by protocol number is filled by lib/stack. */
struct ip_proto {
	/* m's descriptor has family, proto, flow addresses, l3/l4 offsets, ttl, tos; the data still starts at the IP header
	 * and is trimmed to the IP length. Consumes m. */
	void (*input)(struct nsk_worker *w, struct rte_mbuf *m);
	void (*error)(struct nsk_worker *w, const struct ip_error *e);
};

struct ip_worker;
int ip_worker_init(struct nsk_worker *w, const struct ip_proto *const protos[256]);
void ip_worker_fini(struct nsk_worker *w);

/*
 * A packet whose data starts at the IP header: validates, fills the descriptor, then: local → transport, else drop.
 * A packet whose flow another worker owns (w->ops->flow_owner) goes there by w->ops->steer before the transport sees it.
 */
void ip_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
/* Second half of ip_input(): hand a validated packet to its transport (also for steered ones). Consumes m. */
void ip_deliver(struct nsk_worker *w, struct rte_mbuf *m);

struct ip_out {
	const uint8_t *src, *dst; /* 16 bytes each, as in struct flow */
	uint8_t family;
	uint8_t proto;
	uint8_t ttl;              /* 0: default of settings */
	uint8_t tos;
	bool df;                  /* IPv4 don't fragment */
};

/*
 * Puts an IP header in front of m (data starts at the transport header, transport checksum done or left to the port as
 * ip_l4_csum_offload() said), and sends it along rc. Longer than the MTU: dropped and counted (callers split). Consumes m.
 */
void ip_output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m, const struct ip_out *out);

/* Partial (not folded) checksum of the pseudo header. len: transport header and payload. */
uint32_t ip_pseudo_sum(uint8_t family, const uint8_t *src, const uint8_t *dst, uint8_t proto, uint32_t len);

/* Sends an ICMP error about a received packet (descriptor filled) if the rules allow (RFC 1122 §3.2.2: none about ICMP
 * errors, broadcasts, later fragments; rate limited). Does not consume m. */
void icmp_error_output(struct nsk_worker *w, struct rte_mbuf *m, uint8_t type, uint8_t code, uint32_t info);

/* The ICMP row of the protocol table. */
extern const struct ip_proto icmp_proto;

#endif
