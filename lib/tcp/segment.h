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
#include "tcp/conn.h"
#include "tcp/rcvbuf.h"
#include "wire/bytes.h"
#include "wire/family.h"
#include "wire/tcp.h"
#include "wire/tcp_opts.h"

/* Writes the 20 bytes that every header has; checksum and urgent pointer are 0. */
static inline void segment_write(uint8_t *p, const struct tcp_conn *c, unsigned hlen, uint32_t seq,
				 uint32_t ack, uint16_t flags, uint16_t wnd)
{
	uint32_t ports;

	memcpy(&ports, &c->flow.sport_be, sizeof(ports));
	ports = ports << 16 | ports >> 16; /* as received, now the other way round */
	memcpy(p, &ports, sizeof(ports));
	store_be32(p + 4, seq);
	store_be32(p + 8, ack);
	store_be32(p + 12, (uint32_t)hlen << 26 | (uint32_t)flags << 16 | wnd);
	memset(p + 16, 0, 4);
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

/* Partial checksum of a header of hlen bytes, 20 or more and a multiple of 4. */
static inline uint32_t segment_sum(const uint8_t *p, unsigned hlen, uint32_t sum)
{
	uint64_t total = sum, two;
	uint32_t one;
	unsigned i = 0;

	for (; i + 8 <= hlen; i += 8) {
		memcpy(&two, p + i, sizeof(two));
		total += (two & UINT32_MAX) + (two >> 32);
	}
	if (i < hlen) {
		memcpy(&one, p + i, sizeof(one));
		total += one;
	}
	return csum_add((uint32_t)total, (uint32_t)(total >> 32));
}

/*
 * The checksum of a segment whose header of hlen bytes is written, payload of plen behind it with
 * the partial sum given; then the segment goes to IP. Consumes m.
 */
static inline void segment_out(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m,
			       unsigned hlen, uint32_t plen, uint32_t sum)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct ip_out out = {
		.src = c->flow.dst,
		.dst = c->flow.src,
		.family = c->sock.family,
		.proto = IP_PROTO_TCP,
		.df = true,
	};
	uint32_t pseudo =
		ip_pseudo_sum(c->sock.family, out.src, out.dst, IP_PROTO_TCP, hlen + plen);

	if (ip_l4_csum_offload(&c->route, m, IP_PROTO_TCP)) {
		m->l4_len = hlen;
		tcp_store_checksum(p, csum_fold(pseudo));
	} else {
		sum = segment_sum(p, hlen, csum_add(pseudo, sum));
		tcp_store_checksum(p, csum_finish(sum));
	}
	worker_count(w, NSK_CNT_TCP_SEGMENTS_OUT, 1);
	ip_output(w, &c->route, m, &out);
}

#endif
