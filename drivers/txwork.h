/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a NIC does to a packet before it leaves, as DPDK's flags in the mbuf ask for it, for ports
 * that are no NIC: checksums, and TCP cut into segments. For packets whose lengths (l2_len, l3_len,
 * l4_len) are right, which only this stack makes.
 *
 * Segments differ as those that Linux and NICs make (RFC 9293 §3.1, RFC 3168 §6.1.2): sequence
 * number, identification and lengths run on, CWR is the first one's, PSH and FIN are the last
 * one's, options are everybody's.
 */
#ifndef NSK_DRIVERS_TXWORK_H
#define NSK_DRIVERS_TXWORK_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* A packet on its way through the NIC. */
struct txwork {
	const uint8_t *frame; /* the whole packet, flat */
	uint64_t asked;	      /* ol_flags */
	uint32_t len, done;   /* bytes: all of it, and of the payload those that are in frames */
	uint32_t head;	      /* bytes of all headers */
	uint32_t most;	      /* bytes of payload in a frame */
	uint16_t l3, l4;      /* where headers begin */
	uint16_t frames;      /* made so far */
};

/* The packet asks for something. */
static inline bool txwork_asked(const struct rte_mbuf *m)
{
	return m->ol_flags &
	       (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
}

/* frame: m->pkt_len bytes, the packet's, which stay until it is over. */
void txwork_begin(struct txwork *t, const struct rte_mbuf *m, const uint8_t *frame);

/* Writes the next frame, at most t->len bytes; its length, or 0: there is none. */
uint32_t txwork_next(struct txwork *t, uint8_t *out);

/*
 * A chain whose L4 checksum was left to the device and which has a buffer of odd length before the
 * last, counted from the L4 header on: the checksum is made here and is not asked for any more. TCP
 * to be cut is left alone.
 */
void txwork_sum_odd(struct rte_mbuf *m);

/* The sum over an IPv4 header alone, in place. */
void txwork_sum_ipv4(uint8_t *header);

#endif
