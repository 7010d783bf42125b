/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet descriptor. A packet is decoded and validated once; what was learnt travels in the
 * mbuf's private area and nobody further on reads the headers again. It is not a second packet
 * type: the packet is the mbuf.
 *
 * Offsets are absolute in the buffer (from buf_addr), so that moving the start of the data does not
 * change them.
 */
#ifndef NSK_MBUF_PKT_H
#define NSK_MBUF_PKT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/addr.h"
#include "base/compiler.h"
#include "base/pieces.h"
#include "mbuf/worker.h"
#include "wire/tcp_opts.h"

/* Addresses and ports of a packet as they stand on the wire. 36 bytes. IPv4: first 4 bytes, rest
 * zero. */
struct flow {
	uint8_t src[16];
	uint8_t dst[16];
	uint16_t sport_be;
	uint16_t dport_be;
};
_Static_assert(sizeof(struct flow) == 36, "flow keys are compared and hashed as 36 bytes");

enum pkt_flags {
	PKT_F_LINK_BCAST = 1 << 0, /* came to the Ethernet broadcast address */
	PKT_F_LINK_MCAST = 1 << 1,
	PKT_F_L4_CSUM_OK = 1 << 2, /* hardware verified the transport checksum */
	PKT_F_STEERED = 1 << 3,	   /* handed over by another worker, its owner is known */
	PKT_F_IP_BCAST = 1 << 4,   /* IP destination is a broadcast address of ours */
	PKT_F_IP_MCAST = 1 << 5,
	PKT_F_LOOPED = 1 << 7, /* sent by ourselves, and for our sockets as well */
	PKT_F_ROUND = 1 << 6,  /* of what is not TCP's: round is there */
	PKT_F_MOVED = 1 << 6,  /* of TCP's: steered to where its connection has moved */
};

/* Sockets of several workers may want the packet: it goes from one to the next, in their order, and
 * each gives copies to its sockets; ip_round(). */
enum pkt_round {
	PKT_ROUND_FIRST = 63,	  /* worker that it began with, as a mask */
	PKT_ROUND_OVER = 1 << 6,  /* all had it: what is left is the stack's own */
	PKT_ROUND_TAKEN = 1 << 7, /* somebody wanted it: it is no loss whatever comes of it */
};

struct pkt {
	struct rte_mbuf *qnext; /* link in send, receive, reassembly and neighbour queues */
	uint8_t iface;		/* index of the interface it came in on */
	uint8_t family;		/* AF_INET, AF_INET6, 0: not IP */
	uint8_t proto;		/* IPPROTO_* of the transport header */
	uint8_t flags;		/* enum pkt_flags */
	uint8_t ttl;
	uint8_t tos;	  /* DSCP and ECN */
	uint16_t l3_off;  /* IP header */
	uint16_t l4_off;  /* transport header */
	uint16_t l4_len;  /* transport header and payload, bytes */
	uint16_t pay_off; /* payload, set by the transport's decoder */
	uint16_t pay_len;
	struct flow flow;
	uint8_t tcp_flags;
	uint8_t round; /* of what is not TCP's: enum pkt_round */
	uint16_t wnd;  /* as on the wire, not scaled */
	union {
		struct {
			uint32_t seq;
			uint32_t ack;
		};
		uint64_t arrived_ns; /* of a datagram, on the stack's clock */
	};
	union {
		struct tcp_opts opts;
		struct piece piece; /* of a fragment, while its datagram is not whole: ip/reass.h */
	};
};
_Static_assert(sizeof(struct pkt) <= 128, "the descriptor is two cache lines");

/* Bytes of private area behind each rte_mbuf. */
#define PKT_PRIV_SIZE 128

static inline struct pkt *pkt_of(struct rte_mbuf *m)
{
	return (struct pkt *)rte_mbuf_to_priv(m);
}

/* And back. */
static inline struct rte_mbuf *pkt_mbuf(struct pkt *p)
{
	return (struct rte_mbuf *)p - 1;
}

/* Whether the first buffer is nobody else's, so that its data may be changed. */
static inline bool pkt_is_own(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

/* First byte at an absolute buffer offset. */
static inline uint8_t *pkt_at(struct rte_mbuf *m, uint16_t off)
{
	return (uint8_t *)m->buf_addr + off;
}

/*
 * A received packet is to leave again: what reception said of it is over, and what the buffer's
 * last packet had computed, which drivers leave there. The port it leaves by is asked for nothing.
 */
static inline void pkt_forget_offloads(struct rte_mbuf *m)
{
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->tx_offload = 0;
}

/* Frees a packet from any thread. The worker itself has a cheaper way: pkt_put() and pkt_drop() of
 * mbuf/pool.h. */
static inline void pkt_free(struct rte_mbuf *m)
{
	rte_pktmbuf_free(m);
}

#endif
