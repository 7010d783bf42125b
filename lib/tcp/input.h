/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way in. input.c checks a segment and finds what it belongs to; input_fast.c takes what an
 * established connection gets nearly always, and input_run.c what follows upon that;
 * input_segment.c goes through RFC 9293 §3.10.7.4 step by step, with ack.c for what is acknowledged
 * and text.c for what is received; input_syn_sent.c is §3.10.7.3. LISTEN, embryos and TIME-WAIT
 * have files of their own.
 */
#ifndef NSK_TCP_INPUT_H
#define NSK_TCP_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/conn.h"
#include "wire/tcp.h"

/* Among tcp_opts.present, where the short cuts look for what is unusual: several segments, put
 * together by the port or never cut. */
#define TCP_MERGED 0x80

/* Sequence numbers that a segment takes: payload, SYN and FIN. */
static inline uint32_t seg_len(const struct pkt *p)
{
	return p->pay_len + (uint32_t)((p->tcp_flags & TCP_SYN) >> 1) +
	       (uint32_t)(p->tcp_flags & TCP_FIN);
}

/* All of these consume m. */

/* A segment for a connection in any state but CLOSED, LISTEN and SYN-SENT. */
void tcp_conn_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

/*
 * input_run.c: seg is the next of n segments of the burst, and its hint is that of the one which
 * has just been dealt with. Consumes as many as do nothing but go on; returns how many.
 */
unsigned tcp_run_input(struct nsk_worker *w, const struct tcp_burst_seg *seg, unsigned n);

/* input_segment.c: the same without the short cut. */
void tcp_segment_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

void tcp_syn_sent_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

/* input.c: a segment of the burst goes to another worker, who counts it and need not check it. */
void tcp_pass_on(struct nsk_worker *w, uint16_t to, struct rte_mbuf *m);
/* ip_ask_others() for a segment; a SYN may make a connection where it does not belong. */
bool tcp_ask_others(struct nsk_worker *w, struct rte_mbuf *m);
/* The segment again, as if no connection had been found (TIME-WAIT gave way to it). */
void tcp_stranger_input(struct nsk_worker *w, struct rte_mbuf *m, uint64_t hash,
			uint32_t iss_after);

/*
 * ack.c: snd_una moves to ack, which lies in (snd_una, snd_nxt], and nothing is unusual
 * (LOSS_OPEN): frees, measures, restarts the timer. Returns the round trip measured, 0: none.
 */
uint32_t tcp_ack_plain(struct nsk_worker *w, struct tcp_conn *c, uint32_t ack);

/* ack.c: what an acceptable ACK (in [snd_una, snd_nxt]) says, SACK blocks and window included. */
void tcp_ack_input(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p);

/* ack.c: tells congestion control of ordinary progress, and of what tcp_ack_advance() measured. */
void tcp_ack_grow(struct nsk_worker *w, struct tcp_conn *c, uint32_t acked, uint32_t rtt_us);

/* text.c: steps 7 and 8, the payload and the FIN of an acceptable segment. */
void tcp_text_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

/* text.c: step 8: rcv_nxt has reached the peer's FIN. May end c. */
void tcp_take_fin(struct nsk_worker *w, struct tcp_conn *c);

/*
 * text.c: m's data becomes its payload without the first front octets, at most len long; leading
 * and trailing buffers of a chain may be left empty.
 */
void tcp_trim(struct rte_mbuf *m, uint32_t front, uint32_t len);

/* text.c: the ACK policy's verdict on data that came. */
void tcp_ack_policy(struct nsk_worker *w, struct tcp_conn *c, uint32_t len, unsigned events);

/* input_segment.c: both SYNs are acknowledged now. */
void tcp_established(struct nsk_worker *w, struct tcp_conn *c);

/* A challenge ACK (RFC 5961 §3.2, §4.2, §5.2), limited per connection and worker (§7). */
void tcp_challenge(struct nsk_worker *w, struct tcp_conn *c);

#endif
