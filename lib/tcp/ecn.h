/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explicit congestion notification (RFC 3168): what the two SYNs agree on, the bits of what a
 * connection sends, and what the marks on what it receives mean. How the window answers an echo is
 * in tcpalg/loss.h and the congestion controls.
 *
 * A connection that may send ECT has the codepoint in sock.tos (IP_TOS is the six bits above). What
 * it must set beside that, ECE or CWR, stands in struct loss among what is unusual: short cuts need
 * not know of it.
 *
 * Accurate ECN (RFC 9768) is not offered; its bit in a SYN is ignored.
 */
#ifndef NSK_TCP_ECN_H
#define NSK_TCP_ECN_H

#include <netinet/ip.h>

#include "ip/ip.h"
#include "tcp/conn.h"
#include "tcpalg/seq.h"
#include "wire/tcp.h"

/* tcp.ecn, numbers of Linux's net.ipv4.tcp_ecn. */
enum ecn_setting {
	ECN_OFF,
	ECN_ASK,    /* and accept */
	ECN_ACCEPT, /* when asked */
};

/* Of tcp_rcvq.ecn. */
enum ecn_state {
	ECN_ASKED = 1 << 0, /* our SYN asks for it */
	ECN_ON = 1 << 1,    /* agreed */
	ECN_SEEN = 1 << 2,  /* something came that was not Not-ECT */
};

#define ECN_SYN_BITS (TCP_ECE | TCP_CWR)

/* RFC 3168 §6.1.1: the SYN asks for it. */
static inline bool ecn_is_setup_syn(const struct pkt *p)
{
	return (p->tcp_flags & (ECN_SYN_BITS | TCP_ACK)) == ECN_SYN_BITS;
}

/* The SYN,ACK agrees; one with CWR as well only reflects what it got. */
static inline bool ecn_is_setup_syn_ack(const struct pkt *p)
{
	return (p->tcp_flags & (ECN_SYN_BITS | TCP_ACK)) == (TCP_ECE | TCP_ACK);
}

/* Does the listener agree to what such a SYN asks? As Linux not to one that is ECT itself, which is
 * what broken paths make of it, unless congestion control cannot do without. */
bool ecn_accepts(const struct nsk_worker *w, const struct tcp_conn *l, const struct pkt *p);

/* An active open begins: will its SYN ask? */
void ecn_ask(const struct nsk_worker *w, struct tcp_conn *c);

/* A SYN or SYN,ACK came for what we opened. */
void ecn_agree(struct tcp_conn *c, const struct pkt *p);

/* The connection is open, or has another congestion control: may it send ECT? */
void ecn_start(struct tcp_conn *c);

/* It has ended: the socket's IP_TOS has no codepoint any more. */
static inline void ecn_end(struct tcp_conn *c)
{
	c->sock.tos &= (uint8_t)~IPTOS_ECN_MASK;
}

static inline bool ecn_sends_ect(const struct tcp_conn *c)
{
	return c->sock.tos & IPTOS_ECN_MASK;
}

/* The window was reduced, for whatever reason: RFC 3168 §6.1.2. */
static inline void ecn_reduced(struct tcp_conn *c)
{
	if (ecn_sends_ect(c))
		c->loss.cwr = true;
}

/* Does the segment echo a mark? */
static inline bool ecn_is_echo(const struct tcp_conn *c, const struct pkt *p)
{
	return (p->tcp_flags & TCP_ECE) && ecn_sends_ect(c);
}

/*
 * Bits of a segment that is about to leave, plen octets from seq on: flags beside those that it
 * has, and the codepoint of its packet, which how has from sock.tos. New data is ECT (§6.1.2); what
 * carries none (§6.1.4), and what is sent again (§6.1.5) is not.
 */
static inline uint16_t ecn_mark(struct tcp_conn *c, uint32_t seq, uint16_t flags, uint32_t plen,
				struct ip_manner *how)
{
	bool fresh = plen && seq_geq(seq, c->snd_nxt);
	uint16_t bits = 0;

	if (!fresh && !(plen && cc_algos[c->cc.algo]->all_ect))
		how->tos &= (uint8_t)~IPTOS_ECN_MASK;
	if (c->loss.ece && !(flags & TCP_RST))
		bits |= TCP_ECE;
	if (fresh && c->loss.cwr) {
		bits |= TCP_CWR;
		c->loss.cwr = false;
	}
	return bits;
}

/*
 * Data or a FIN came that is acceptable; rcv_nxt has not moved over it. What its mark and CWR mean
 * for our ACKs.
 */
void ecn_input(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p);

#endif
