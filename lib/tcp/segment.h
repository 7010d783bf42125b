/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts that a connection's segment is made of, in line for those who send many: segment.c and
 * output_fast.c. RFC 9293 §3.1.
 */
#ifndef NSK_TCP_SEGMENT_H
#define NSK_TCP_SEGMENT_H

#include <stdint.h>
#include <string.h>

#include "ip/ip.h"
#include "ip/reply.h"
#include "tcp/conn.h"
#include "tcp/rcvbuf.h"
#include "wire/bytes.h"
#include "wire/family.h"
#include "wire/tcp.h"
#include "wire/tcp_opts.h"

/*
 * Writes the 20 bytes that every header has, to the source of a flow; checksum and urgent pointer
 * are 0. Returns the sum of what was written, made of the words while they are at hand.
 */
static inline uint64_t segment_write(uint8_t *p, const struct flow *to, unsigned hlen, uint32_t seq,
				     uint32_t ack, uint16_t flags, uint16_t wnd)
{
	uint32_t w1 = WIRE_BE32(seq), w2 = WIRE_BE32(ack), ports;
	uint32_t w3 = WIRE_BE32((uint32_t)hlen << 26 | (uint32_t)flags << 16 | wnd);

	memcpy(&ports, &to->sport_be, sizeof(ports));
	ports = ports << 16 | ports >> 16; /* as received, now the other way round */
	memcpy(p, &ports, 4);
	memcpy(p + 4, &w1, 4);
	memcpy(p + 8, &w2, 4);
	memcpy(p + 12, &w3, 4);
	memset(p + 16, 0, 4);
	return (uint64_t)ports + w1 + w2 + w3;
}

/* Gives such a header an urgent pointer; URG is among the flags that it was written with. Returns
 * what that adds to the sum. */
static inline uint64_t segment_set_urgent(uint8_t *p, uint16_t pointer)
{
	uint16_t word = WIRE_BE16(pointer);

	memcpy(p + offsetof(struct tcp_wire, urgent), &word, sizeof(word));
	return word;
}

/* The window that a segment announces now; it is announced by this. */
static inline uint16_t segment_window(struct tcp_conn *c)
{
	return window_advertise(&c->win, c->rcv_nxt, rcvq_space(c), c->rcv.limit, c->ack.rcv_mss,
				false);
}

/* A segment with an ACK leaves: none is owed any more. */
static inline void segment_acks(struct tcp_conn *c, bool data)
{
	c->last_ack_sent = c->rcv_nxt;
	c->flags &= ~(CONN_F_ACK_NOW | CONN_F_ACK_LATER);
	c->timers &= (uint8_t) ~(1u << TCP_T_DELACK);
	ackpolicy_sent(&c->ack, data);
}

/* How a connection's packets go: IP_TOS, IP_TTL. */
static inline struct ip_manner segment_manner(const struct tcp_conn *c)
{
	return (struct ip_manner){
		.family = c->sock.family,
		.tos = c->sock.tos,
		.ttl = c->sock.ttl,
	};
}

/* The same before there is one: what a listener sends to a peer of its own or the other family. */
static inline struct ip_manner segment_manner_of(const struct tcp_conn *l, uint8_t family)
{
	return (struct ip_manner){
		.family = family,
		.tos = l->sock.tos,
		.ttl = l->sock.ttl,
	};
}

/*
 * A segment of len bytes, its header of hlen bytes written, gets its checksum and goes along rc to
 * the source of a flow. sum: of header (checksum field 0) and payload; not looked at when the port
 * computes it. Consumes m.
 */
static inline void segment_out(struct nsk_worker *w, const struct route_cache *rc,
			       struct rte_mbuf *m, const struct flow *to, struct ip_manner how,
			       unsigned hlen, uint32_t len, uint64_t sum)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t pseudo = ip_pseudo_sum(how.family, to->dst, to->src, IP_PROTO_TCP, len);

	if (ip_l4_csum_offload(rc, m, IP_PROTO_TCP)) {
		m->l4_len = hlen;
		if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) /* each segment has a length of its own */
			pseudo = ip_pseudo_sum(how.family, to->dst, to->src, IP_PROTO_TCP, 0);
		tcp_store_checksum(p, csum_fold(pseudo));
	} else {
		tcp_store_checksum(p, csum_finish(csum_fold64(csum_add64(sum, pseudo))));
	}
	worker_count(w, NSK_CNT_TCP_SEGMENTS_OUT, 1);
	ip_reply(w, rc, m, to, IP_PROTO_TCP, how);
}

/*
 * The same for a buffer fresh from the pool in which the segment begins where data begins, and
 * whose lengths are not set. q: ip_queue() of rc.
 */
static NSK_ALWAYS_INLINE void segment_out_fresh(struct nsk_worker *w, const struct route_cache *rc,
						struct tx_queue *q, struct rte_mbuf *m,
						const struct flow *to, struct ip_manner how,
						unsigned hlen, uint32_t len, uint64_t sum)
{
	uint8_t *p = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM;
	uint32_t pseudo;

	if (NSK_UNLIKELY(!q) || NSK_UNLIKELY(how.family != AF_INET) ||
	    NSK_UNLIKELY(!ip_way_open(rc, len))) {
		m->data_len = (uint16_t)len;
		m->pkt_len = len;
		segment_out(w, rc, m, to, how, hlen, len, sum);
		return;
	}
	pseudo = ip_pseudo_sum(how.family, to->dst, to->src, IP_PROTO_TCP, len);
	tcp_store_checksum(p, csum_finish(csum_fold64(csum_add64(sum, pseudo))));
	worker_count(w, NSK_CNT_TCP_SEGMENTS_OUT, 1);
	ip_reply_open(w, rc, q, m, len, to, IP_PROTO_TCP, how);
}

#endif
