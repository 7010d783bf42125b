/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way out, in three steps: output.c decides what to send, as pieces (sequence, length) that may
 * exceed a segment; split.c cuts pieces into packets; segment.c writes headers. control.c sends
 * what belongs to no connection.
 */
#ifndef NSK_TCP_OUTPUT_H
#define NSK_TCP_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "ip/ip.h"
#include "tcp/conn.h"
#include "wire/tcp.h"
#include "wire/tcp_opts.h"

/* output.c: sends what a connection has to send now. */
void tcp_output(struct nsk_worker *w, struct tcp_conn *c);

/*
 * output.c: there was no buffer for what the connection has to send now. It tries again in a
 * moment, when it has its next turn: until then that of what else happens to it waits as well.
 */
void tcp_starved(struct nsk_worker *w, struct tcp_conn *c);
/* The moment is over for all of them: they are dirty. */
void tcp_starved_wake(struct tcp_worker *t);

/*
 * output.c: sends a tail loss probe: a segment of new data, or else the last one again. False: none
 * could be sent.
 */
bool tcp_send_loss_probe(struct nsk_worker *w, struct tcp_conn *c);

/* output_fast.c: the same if it is one small answer and nothing else; false: nothing was done. */
bool tcp_output_plain(struct nsk_worker *w, struct tcp_conn *c);

/* Payload up to this is cheaper copied than referred to. */
#define TCP_COPY_MAX 256

/*
 * split.c: sends the piece [seq, seq + len), FIN behind it if fin. The route is valid, the octets
 * are queued. Returns octets sent, FIN counted: less than asked when packet buffers ran out.
 */
uint32_t tcp_split(struct nsk_worker *w, struct tcp_conn *c, uint32_t seq, uint32_t len, bool fin,
		   bool again);

/* The same as one segment, larger than others: octets sent, fewer if the buffers are too small. */
uint32_t tcp_send_one(struct nsk_worker *w, struct tcp_conn *c, uint32_t seq, uint32_t len);

/* output.c: len octets of new data in one segment, larger than others. Octets sent. */
uint32_t tcp_send_larger(struct nsk_worker *w, struct tcp_conn *c, uint32_t len);

/*
 * segment.c: length of the header of a segment of the connection that carries data, SACK blocks not
 * counted.
 */
static inline unsigned tcp_header_len(const struct tcp_conn *c)
{
	return TCP_HLEN + (c->flags & CONN_F_TS ? TCP_OPTS_TS_LEN : 0);
}

/*
 * Writes the header of hlen bytes (SACK blocks in it are written already) at the start of m's data,
 * payload of plen behind it, and sends it. sum: partial checksum of the payload (not looked at when
 * the port computes it). Consumes m.
 */
void tcp_segment_send(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m, unsigned hlen,
		      uint32_t seq, uint16_t flags, uint32_t plen, uint32_t sum);

/* True if the port of the connection's route computes checksums of its segments. */
static inline bool tcp_csum_by_port(const struct tcp_conn *c)
{
	return c->route.iface->tx_offloads & PORT_TX_CSUM_L4;
}

/* A segment without data: ACK with SACK blocks, if there are any. False: no buffer. */
bool tcp_send_ack(struct nsk_worker *w, struct tcp_conn *c);

/*
 * A segment that the peer must answer although it carries nothing: one below snd_una (RFC 9293
 * §3.8.4; also the zero-window probe, as Linux sends it).
 */
void tcp_send_probe(struct nsk_worker *w, struct tcp_conn *c);

/* SYN or SYN,ACK of an active or simultaneous open. */
void tcp_send_syn(struct nsk_worker *w, struct tcp_conn *c);

/* RST for a connection of ours. */
void tcp_send_reset(struct nsk_worker *w, struct tcp_conn *c);

/* The answer of a closed port (RFC 9293 §3.10.7.1), if there may be one. Does not consume m. */
void tcp_reset_reply(struct nsk_worker *w, const struct pkt *p);

/* The same, and drops the segment with a reason. */
static inline void tcp_refuse(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason)
{
	tcp_reset_reply(w, pkt_of(m));
	pkt_drop(w, m, reason);
}

#endif
