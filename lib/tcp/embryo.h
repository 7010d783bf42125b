/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Embryos: passive opens that wait for the last ACK of the handshake (SYN-RECEIVED reached from
 * LISTEN). 96 bytes each, from a pool of their own, bounded per listener and per worker.
 */
#ifndef NSK_TCP_EMBRYO_H
#define NSK_TCP_EMBRYO_H

#include <stdint.h>

#include "base/wheel.h"
#include "mbuf/pkt.h"
#include "tcp/tcp_worker.h"
#include "tcp/timer.h"
#include "wire/tcp.h"

/* What the two SYNs agreed on, as the options that stand in both. */
enum tcp_agreed {
	AGREED_TS = TCP_HAS_TS,
	AGREED_SACK = TCP_HAS_SACK_PERMITTED,
	AGREED_WSCALE = TCP_HAS_WSCALE,
	AGREED_ECN = TCP_ECE,		    /* no option: the flag of the SYN,ACK that says so */
	AGREED_FASTOPEN = TCP_HAS_FASTOPEN, /* the first SYN,ACK has a cookie */
};

/* As many challenge ACKs answer others than the peer, or one that has restarted. */
#define CHALLENGES_MAX 10

/* Whether the peer's repeated SYN was answered. */
enum embryo_resent {
	RESENT_EVER = 1 << 0, /* so the first round trip cannot be told */
	RESENT_NOW = 1 << 1,  /* since the timer was set: once is enough */
};

struct tcp_embryo {
	struct tcp_embryo *next, *prev; /* of those that wait as long, see embryo_queue */
	uint64_t due_ns;		/* SYN-ACK again */
	struct flow flow;
	uint8_t family;
	uint8_t agreed;	    /* enum tcp_agreed */
	uint8_t snd_wscale; /* shift of the peer's windows */
	uint8_t retries;
	uint32_t iss, irs;
	uint32_t ts_recent;
	uint32_t ts_off;   /* what our timestamp clock is ahead by */
	uint32_t listener; /* handle of the connection that listens; SLAB_NONE: a cookie's */
	uint16_t peer_mss;
	uint8_t resent;	    /* enum embryo_resent */
	uint8_t challenged; /* challenge ACKs since the timer was set */
};
_Static_assert(sizeof(struct tcp_embryo) <= 96, "an embryonic connection is 96 bytes");

/* What a cookie remembered has the same form, but nobody keeps it. */
static inline bool embryo_in_table(const struct tcp_embryo *e)
{
	return e->listener != SLAB_NONE;
}

/* How often its timeout was doubled; which queue it is in. */
static inline unsigned embryo_backoff(const struct tcp_embryo *e)
{
	return NSK_MIN(e->retries, (uint8_t)EMBRYO_BACKOFF_MAX);
}

/* How long its last SYN,ACK is waited for. */
static inline uint64_t embryo_rto_ns(const struct nsk_worker *w, const struct tcp_embryo *e)
{
	uint64_t ns = (uint64_t)w->set->tcp_rto_init_ms * MS_NS;

	return NSK_MIN(ns << embryo_backoff(e), w->set->tcp_rto_max_ms * MS_NS);
}

/* Time since the SYN,ACK went out by the timer or at first; not 0. */
static inline uint32_t embryo_age_us(const struct nsk_worker *w, const struct tcp_embryo *e)
{
	uint64_t sent_ns = e->due_ns - embryo_rto_ns(w, e);

	return w->now_ns > sent_ns + US_NS ? (uint32_t)((w->now_ns - sent_ns) / US_NS) : 1;
}

/* Options of a SYN that we take up. */
uint8_t embryo_agree(const struct nsk_worker *w, const struct tcp_opts *o);

/* The peer's MSS as far as it is believed. */
uint16_t embryo_peer_mss(const struct nsk_worker *w, const struct tcp_opts *o, uint8_t family);

/* A segment in LISTEN. Consumes m. */
void tcp_listen_input(struct nsk_worker *w, struct tcp_conn *l, struct rte_mbuf *m, uint64_t hash,
		      uint32_t iss_after);

/* A segment for an embryo. Consumes m. */
void tcp_embryo_input(struct nsk_worker *w, struct tcp_embryo *e, struct rte_mbuf *m,
		      uint64_t hash);

/* A new embryo for a SYN, in table and queue, its SYN-ACK sent. False: no room or no memory. */
bool embryo_new(struct nsk_worker *w, struct tcp_conn *l, const struct pkt *p, uint64_t hash,
		uint32_t iss);

/* What an embryo of a SYN knows; it is in neither, and no listener's. */
void embryo_of_syn(struct nsk_worker *w, const struct tcp_conn *l, const struct pkt *p,
		   uint32_t iss, struct tcp_embryo *e);

/* Takes an embryo out of table and queue, and frees it. */
void embryo_free(struct nsk_worker *w, struct tcp_embryo *e);
/* The same with all of a listener's. */
void embryo_free_all(struct nsk_worker *w, const struct tcp_listener *ls);

/* An ICMP error about its SYN-ACK; false: it quotes something else. */
bool embryo_error(struct nsk_worker *w, struct tcp_embryo *e, uint32_t seq, bool hard);

/*
 * birth.c: makes the connection of a handshake that p, an acceptable ACK, completes, and queues it
 * for accept. NULL, and why: the accept queue is full or there is no memory. e gives its place in
 * the table to the connection but is still the caller's.
 */
struct tcp_conn *tcp_birth(struct nsk_worker *w, struct tcp_conn *l, const struct tcp_embryo *e,
			   uint64_t hash, const struct pkt *p, enum nsk_drop *reason);

/*
 * birth.c: the same of a SYN, in SYN-RECEIVED: nothing is sent, and the accept queue, which has
 * room, does not know of it. It has an extension.
 */
struct tcp_conn *tcp_birth_early(struct nsk_worker *w, struct tcp_conn *l, const struct pkt *p,
				 uint64_t hash, uint32_t iss);

/*
 * syncookie.c: answers a SYN with a cookie; whether ACKs to listeners may be meant to bring one
 * back; judges such an ACK.
 */
void tcp_cookie_send(struct nsk_worker *w, struct tcp_conn *l, const struct pkt *p);
bool tcp_cookies_expected(const struct nsk_worker *w);
bool tcp_cookie_input(struct nsk_worker *w, const struct pkt *p, struct tcp_embryo *e);

#endif
