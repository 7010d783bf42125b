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

struct tcp_conn;

/* What the two SYNs agreed on. */
enum tcp_agreed {
	AGREED_TS = 1 << 0,
	AGREED_SACK = 1 << 1,
	AGREED_WSCALE = 1 << 2,
};

/* Whether the peer's repeated SYN was answered. */
enum embryo_resent {
	RESENT_EVER = 1 << 0, /* so the first round trip cannot be told */
	RESENT_NOW = 1 << 1,  /* since the timer was set: once is enough */
};

struct tcp_embryo {
	struct wheel_timer timer; /* SYN-ACK again */
	struct flow flow;
	uint8_t family;
	uint8_t agreed;	    /* enum tcp_agreed */
	uint8_t snd_wscale; /* shift of the peer's windows */
	uint8_t retries;
	uint32_t iss, irs;
	uint32_t ts_recent;
	uint32_t ts_off;     /* what our timestamp clock is ahead by */
	uint32_t listener;   /* handle of the connection that listens */
	uint32_t next, prev; /* of the listener; SLAB_NONE at the ends */
	uint16_t peer_mss;
	uint8_t resent; /* enum embryo_resent */
	uint8_t spare;
};
_Static_assert(sizeof(struct tcp_embryo) <= 96, "an embryonic connection is 96 bytes");

/* A connection ready to be made: what an embryo or a cookie remembers. */
struct tcp_birth {
	const struct flow *flow;
	uint64_t hash;
	uint32_t iss, irs;
	uint32_t ts_recent;
	uint32_t ts_off;
	uint32_t rtt_us; /* 0: not measured */
	uint16_t peer_mss;
	uint8_t family;
	uint8_t agreed;
	uint8_t snd_wscale;
	bool syn_lost;
};

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

/* A new embryo for a SYN, in table and list, its SYN-ACK sent. False: no room or no memory. */
bool embryo_new(struct nsk_worker *w, struct tcp_conn *l, const struct pkt *p, uint64_t hash,
		uint32_t iss);

/* Takes an embryo out of table (replaced by a connection: in_table false) and list, and frees it.
 */
void embryo_free(struct nsk_worker *w, struct tcp_embryo *e, bool in_table);

/* An ICMP error about its SYN-ACK. */
void embryo_error(struct nsk_worker *w, struct tcp_embryo *e, uint32_t seq, bool hard);

/*
 * Makes the connection of a completed handshake and queues it for accept. NULL (counted: reason)
 * when the accept queue is full or there is no memory. e: its embryo, or NULL for a cookie.
 */
struct tcp_conn *tcp_birth(struct nsk_worker *w, struct tcp_conn *l, const struct tcp_birth *b,
			   struct tcp_embryo *e, enum nsk_drop *reason);

/* syncookie.c: answers a SYN with a cookie; judges the ACK that may bring one back. */
void tcp_cookie_send(struct nsk_worker *w, struct tcp_conn *l, const struct pkt *p);
bool tcp_cookie_input(struct nsk_worker *w, const struct pkt *p, uint64_t hash,
		      struct tcp_birth *b);

#endif
