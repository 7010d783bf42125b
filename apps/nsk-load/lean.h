/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lean client: as much of TCP (RFC 9293) as it takes to keep a server busy, and no more, on
 * frames of a wire.
 *
 * It is right about sequence numbers, checksums, windows, retransmission, closing and resets; it
 * has no options but MSS, window scale and, for bulk, SACK of what it received. Pieces of an answer
 * that come out of order are not kept (the server sends them again); those of a bulk transfer are,
 * as ranges. Congestion control is a slow start with halving, for bulk sends alone. IPv4 only.
 *
 * A connection is a slot. Own address and own port say which: there is no look-up. Everything about
 * a slot is in one cache line; frames are made from a template of their target.
 */
#ifndef NSK_APPS_NSK_LOAD_LEAN_H
#define NSK_APPS_NSK_LOAD_LEAN_H

#include <stdbool.h>
#include <stdint.h>

#include "nsk-load/load.h"
#include "nsk-load/pattern.h"
#include "nsk-load/ranges.h"
#include "nsk-load/schedule.h"
#include "nsk-load/ticker.h"
#include "nsk-load/wire.h"
#include "nsk-load/work.h"

#define ETH_LEN 14u
#define IP_LEN	20u
#define TCP_LEN 20u
#define UDP_LEN 8u

#define PROTO_ICMP 1
#define PROTO_TCP  6
#define PROTO_UDP  17

#define TH_FIN 0x01
#define TH_SYN 0x02
#define TH_RST 0x04
#define TH_PSH 0x08
#define TH_ACK 0x10

enum conn_state {
	CONN_CLOSED,
	CONN_BACKOFF, /* after an error, until it is opened again */
	CONN_SYN,     /* SYN sent */
	CONN_IDLE,    /* established, nothing outstanding */
	CONN_BUSY,    /* a request is outstanding, or a bulk transfer runs */
	CONN_THINK,
	CONN_FIN, /* our FIN is sent; until it and the other side's are acknowledged */
};

#define CONN_TIMED    0x01 /* is in the ticker */
#define CONN_ACK      0x02 /* owes an acknowledgment, is in the list of the burst */
#define CONN_PEER_FIN 0x04 /* the other side's FIN has come */
#define CONN_PARKED   0x08 /* is in the queue of idle ones */

/* One connection, or one datagram's place in the closed loop. */
struct conn {
	uint32_t snd_una, snd_nxt, snd_max, snd_wnd;
	uint32_t rcv_nxt;
	uint32_t req_seq; /* of the first byte of the present request, or of the bulk stream */
	union {
		struct answer answer;
		struct {			 /* bulk send */
			uint32_t cwnd, ssthresh; /* segments */
		};
	};
	union {
		struct {
			uint64_t start_ns; /* when the request was due, or the connection opened */
			uint64_t unused;
		};
		struct { /* bulk */
			uint64_t send_left, received;
		};
	};
	uint32_t due;	     /* tick, TICKER_NONE: none */
	uint16_t port, addr; /* own ones, as offsets in their ranges */
	uint8_t state, flags, retries, wscale;
	uint8_t target, dupacks;
	uint16_t mss;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct conn) == 64, "a connection is one cache line");

/* Whom to send to, and how the headers to it begin. */
struct lean_target {
	uint8_t head[64]; /* Ethernet, IPv4, TCP or UDP; own address, ports, lengths, numbers are
			     zero or fixed later */
	uint64_t tcp_sum; /* checksum piece of pseudo-header and header, without own address, port,
			     numbers, length */
	uint64_t ip_sum;  /* the same of the IPv4 header, without own address and length */
	uint32_t addr;	  /* host order */
	uint32_t hop;	  /* next hop */
	uint16_t port;
	bool resolved;
	uint32_t arp_tries;
	uint64_t arp_next_ns;
};

struct lean {
	struct wire *wire;
	struct load *load;
	const struct options *o;
	struct result *result;
	struct work work;
	struct pattern *pattern;

	/* Own addresses and ports, and the slots made of them. */
	uint32_t addr_first, addr_count; /* host order */
	uint32_t own_addr, prefix_mask, gateway;
	uint32_t announced; /* own addresses that the next hops were told of */
	uint32_t port_first, port_count;
	uint32_t nslots;
	struct conn *conn;
	struct ranges *early; /* bulk: by slot, what came out of order */
	struct lean_target target[LOAD_TARGETS];
	uint32_t ntargets;
	uint32_t l2_len; /* 14, or 0 without Ethernet */
	uint8_t proto;	 /* IP's */
	uint16_t mss;	 /* ours */
	uint8_t wscale;	 /* ours, of window */
	uint16_t window;
	bool datagrams; /* requests and answers are single frames: UDP, or any with engine raw */

	uint64_t now_ns;
	uint32_t now_tick;
	bool busy;	   /* the turn had work */
	bool resolved;	   /* every target's next hop is known */
	uint64_t quick_ns; /* latency that three of four answers exceed */
	uint32_t rto_ticks;
	uint32_t isn;

	struct ticker ticker;
	struct schedule plan;
	uint32_t sweep; /* next slot to close while draining */
	uint64_t drain_until_ns;
	bool draining, aborting;

	uint32_t ack[WIRE_BURST]; /* slots that owe an acknowledgment at the burst's end */
	unsigned acks;
};

/* ---- lean_setup.c */
/* Everything but frames: 0, or -1 after load_fail(). The wire, addresses and options are set
 * already. */
int lean_setup(struct lean *l);
void lean_teardown(struct lean *l);

/* ---- lean_turn.c */
/* One turn: receive, answer, begin what is due, timers, send. False when all is over. */
bool lean_turn(struct lean *l);

/* ---- lean_start.c: what begins at each turn */
void lean_start(struct lean *l);
/* True when everything is closed, or time is up and the rest was reset. */
bool lean_drain(struct lean *l);

/* ---- lean_arp.c */
void lean_arp_input(struct lean *l, const uint8_t *arp, uint32_t len);
/* Asks for the next hops that are not known, and tells them own addresses; true when all is known.
 */
bool lean_arp_resolve(struct lean *l);

/* ---- lean_rx.c */
void lean_receive(struct lean *l);

/* ---- lean_tcp.c: one segment */
struct segment {
	uint32_t seq, ack, wnd;
	const uint8_t *data;
	uint32_t len;
	uint8_t flags;
	const uint8_t *options;
	uint32_t options_len;
};
void lean_tcp_input(struct lean *l, uint32_t slot, const struct segment *s);

/* ---- lean_conn.c: a connection's steps */
void conn_open(struct lean *l, uint32_t slot, uint64_t due_ns);
void conn_established(struct lean *l, uint32_t slot);
/* Begins a request that was due at a time. */
void conn_request(struct lean *l, uint32_t slot, uint64_t due_ns);
/* The answer is complete. */
void conn_answered(struct lean *l, uint32_t slot);
/* Established and free: begins the next request, waits in a queue for its turn, or closes. */
void conn_next(struct lean *l, uint32_t slot);
void conn_close(struct lean *l, uint32_t slot);
/* It has ended; the slot may be used again. */
void conn_closed(struct lean *l, uint32_t slot);
/* It has failed: counted, reset if the other side may still hold it, and opened again later. */
void conn_failed(struct lean *l, uint32_t slot, enum load_error error, bool reset);
/* Its time has come: for ticker_run(). */
uint32_t conn_timeout(void *lean, uint32_t slot);
void conn_arm(struct lean *l, uint32_t slot, uint32_t ticks);
static inline void conn_disarm(struct conn *c)
{
	c->due = TICKER_NONE;
}

/* ---- lean_bulk.c */
void bulk_begin(struct lean *l, uint32_t slot);
/* In order, rcv_nxt is beyond it already; moves rcv_nxt over what had come early. */
void bulk_received(struct lean *l, uint32_t slot, const uint8_t *data, uint32_t len);
/* ahead bytes beyond rcv_nxt. */
void bulk_early(struct lean *l, uint32_t slot, uint32_t ahead, const uint8_t *data, uint32_t len);
/* Sends what windows allow. */
void bulk_send(struct lean *l, uint32_t slot);
/* snd_una moved by so many bytes, or an acknowledgment came twice. */
void bulk_acked(struct lean *l, uint32_t slot, uint32_t bytes);
void bulk_duplicate(struct lean *l, uint32_t slot);
void bulk_timeout(struct lean *l, uint32_t slot);
/* The other side sends no more. */
void bulk_ended(struct lean *l, uint32_t slot);
/* Where a slot's stream begins in the pattern: streams differ, and pieces keep even offsets. */
static inline uint64_t bulk_offset(uint32_t slot)
{
	return (uint64_t)slot * 7918;
}

/* ---- lean_tx.c: frames */
/* A segment without payload, at snd_nxt (SYN and FIN included by the caller afterwards). */
void tx_control(struct lean *l, uint32_t slot, uint8_t flags, uint32_t seq);
/*
 * Asks a receiver with a closed window how it is: by an octet number that it must answer, not by an
 * octet (RFC 9293 §3.8.6.1), which it may take or not.
 */
void tx_probe(struct lean *l, uint32_t slot);
/* The answer to a segment that nobody wanted. */
void tx_reset(struct lean *l, uint32_t slot, uint32_t seq, uint32_t ack, uint8_t flags);
/* Ends the connection at the peer: what is not acknowledged may have been lost, and only a RST that
 * is exactly at what the peer expects next does it without a challenge (RFC 5961 §3.2). */
void tx_cut(struct lean *l, uint32_t slot);
/* A whole request that fits one segment: the fast path. */
void tx_request(struct lean *l, uint32_t slot);
/* len bytes of the request or bulk stream from sequence number seq on. */
void tx_piece(struct lean *l, uint32_t slot, uint32_t seq, uint32_t len, bool again);
/* As much of the request as windows allow, from snd_nxt on. */
void tx_pump(struct lean *l, uint32_t slot);
/* A request as one datagram. */
void tx_datagram(struct lean *l, uint32_t slot);
/* Makes the headers of a target, once its next hop is known. */
void tx_template(struct lean *l, struct lean_target *t, const uint8_t *hop_mac);
/* Acknowledges everything received when the burst is over, unless something else carries it
 * earlier. */
static inline void tx_ack_later(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (c->flags & CONN_ACK)
		return;
	c->flags |= CONN_ACK;
	l->ack[l->acks++] = slot;
}
void tx_acks(struct lean *l);

/* ---- small things */
static inline uint64_t lean_tag(const struct conn *c, uint32_t slot)
{
	return work_tag(slot, c->req_seq);
}

static inline uint32_t lean_slot(const struct lean *l, uint32_t addr, uint32_t port)
{
	return addr * l->port_count + port;
}

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_leq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

#endif
