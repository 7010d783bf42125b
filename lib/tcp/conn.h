/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP connection: its state, laid out by heat, and its life. RFC 9293 §3.3.1 (variables), §3.3.2
 * (states).
 *
 * The same structure is every TCP socket: fresh, listening, connecting, open, closing. It begins
 * with its struct sock. What most connections never need hangs off it (struct tcp_ext), and so does
 * what only listeners need (struct tcp_listener). Half-open passive connections and TIME-WAIT have
 * entries of their own, see embryo.h and time_wait.h.
 *
 * Everything here is [W].
 */
#ifndef NSK_TCP_CONN_H
#define NSK_TCP_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/wheel.h"
#include "mbuf/pkt.h"
#include "mbuf/worker.h"
#include "net/net.h"
#include "sock/sock.h"
#include "tcp/tcp_worker.h"
#include "tcpalg/ackpolicy.h"
#include "tcpalg/cc.h"
#include "tcpalg/limiter.h"
#include "tcpalg/loss.h"
#include "tcpalg/paws.h"
#include "tcpalg/round.h"
#include "tcpalg/rtt.h"
#include "tcpalg/window.h"

struct fastopen_request;
struct reasm;
struct tcp_fastopen;
struct tcp_listener;
struct tcp_moved;
struct tcp_mtu;
struct tcp_pace;

/* States, numbered as in Linux's tcp_info. */
enum tcp_state {
	TCPS_ESTABLISHED = 1,
	TCPS_SYN_SENT = 2,
	TCPS_SYN_RCVD = 3, /* simultaneous open only: passive opens are embryos */
	TCPS_FIN_WAIT_1 = 4,
	TCPS_FIN_WAIT_2 = 5,
	TCPS_TIME_WAIT = 6, /* never in a tcp_conn: see time_wait.h */
	TCPS_CLOSED = 7,
	TCPS_CLOSE_WAIT = 8,
	TCPS_LAST_ACK = 9,
	TCPS_LISTEN = 10,
	TCPS_CLOSING = 11,
};

/* A set of states as a mask. */
#define TCPS_BIT(s) (1u << (s))
/* May carry data of ours that is not acknowledged, or a FIN. */
#define TCPS_SENDING                                                                          \
	(TCPS_BIT(TCPS_ESTABLISHED) | TCPS_BIT(TCPS_CLOSE_WAIT) | TCPS_BIT(TCPS_FIN_WAIT_1) | \
	 TCPS_BIT(TCPS_CLOSING) | TCPS_BIT(TCPS_LAST_ACK))
/* The peer may still send data. */
#define TCPS_RECEIVING \
	(TCPS_BIT(TCPS_ESTABLISHED) | TCPS_BIT(TCPS_FIN_WAIT_1) | TCPS_BIT(TCPS_FIN_WAIT_2))
/* Both SYNs are acknowledged. */
#define TCPS_SYNCHRONIZED (TCPS_SENDING | TCPS_RECEIVING)

enum tcp_conn_flags {
	CONN_F_DIRTY = 1u << 0,	      /* on the worker's dirty list, or its starved one */
	CONN_F_DEAD = 1u << 1,	      /* over; memory waits until the dirty list lets go */
	CONN_F_ORPHAN = 1u << 2,      /* the application closed it */
	CONN_F_HASHED = 1u << 3,      /* in the table under its 4-tuple */
	CONN_F_BOUND = 1u << 4,	      /* in the table under its local port */
	CONN_F_ACTIVE = 1u << 5,      /* opened by connect(), which has not been told yet */
	CONN_F_ACK_NOW = 1u << 6,     /* an ACK must leave in this turn */
	CONN_F_ACK_LATER = 1u << 7,   /* an ACK is owed: delay it if no answer carries it */
	CONN_F_TS = 1u << 8,	      /* timestamps negotiated */
	CONN_F_SACK = 1u << 9,	      /* SACK negotiated */
	CONN_F_FIN_QUEUED = 1u << 10, /* our FIN follows snd_end */
	CONN_F_FIN_SENT = 1u << 11,   /* snd_nxt counts our FIN */
	CONN_F_FIN_KNOWN = 1u << 12,  /* the peer's FIN is at ext->fin_seq, not reached yet */
	CONN_F_FIN_RCVD = 1u << 13,   /* rcv_nxt counts the peer's FIN */
	CONN_F_SHUT_RD = 1u << 14,
	CONN_F_NODELAY = 1u << 15,
	CONN_F_CORK = 1u << 16,
	CONN_F_MORE = 1u << 17,	      /* the last write had MSG_MORE */
	CONN_F_PERSIST = 1u << 18,    /* TCP_T_SEND probes instead of retransmitting */
	CONN_F_FORCE = 1u << 19,      /* the override timer ran out: send what the window takes */
	CONN_F_OPENER = 1u << 20,     /* our SYN was the first, or crossed the peer's */
	CONN_F_RCVBUF_SET = 1u << 21, /* SO_RCVBUF: no growth of its own */
	CONN_F_SNDBUF_SET = 1u << 22,
	CONN_F_WANT_MEM = 1u << 23, /* a write found the worker's send budget used up */
	CONN_F_OOBINLINE = 1u << 24,
	CONN_F_ESTAB = 1u << 25,     /* counted as established */
	CONN_F_PORT_SET = 1u << 26,  /* the local port was named by bind() */
	CONN_F_ADDR_SET = 1u << 27,  /* the local address was named by bind() */
	CONN_F_WAS_OPEN = 1u << 28,  /* has been synchronised: end of stream is 0, not ENOTCONN */
	CONN_F_NAMED = 1u << 29,     /* bind() was called */
	CONN_F_SMALL = 1u << 30,     /* a segment was not full: see flight.behind; for Nagle */
	CONN_F_BIND_PORT = 1u << 31, /* IP_BIND_ADDRESS_NO_PORT is 0 */
};
/* What a child takes over from its listener. */
#define CONN_F_INHERIT                                                                             \
	(CONN_F_NODELAY | CONN_F_CORK | CONN_F_RCVBUF_SET | CONN_F_SNDBUF_SET | CONN_F_OOBINLINE | \
	 CONN_F_BIND_PORT)

/* Deadlines of a connection; see timer.c. */
enum tcp_timer_id {
	TCP_T_SEND,   /* retransmission, loss probe, reordering, CONN_F_PERSIST or _WANT_MEM */
	TCP_T_DELACK, /* delayed ACK */
	TCP_T_LIFE,   /* keepalive; after close: end of FIN-WAIT-2 */
	TCP_T_PACE,   /* the next quantum may leave; only with struct tcp_pace */
	TCP_T_MTU,    /* a larger path MTU may be tried; only with struct tcp_mtu */
	TCP_TIMERS,
};

/* Bytes sent or to be sent, oldest first, as buffers of their own; sndbuf.c. */
struct tcp_sndq {
	struct rte_mbuf *head, *tail;
	struct rte_mbuf *cur; /* holds snd_nxt, or is the one before; NULL: look from the head */
	uint32_t mem;	      /* charge of all buffers */
	uint32_t limit;	      /* of octets; memory may be twice that */
};

/* Bytes received in order and not yet read; rcvbuf.c. */
struct tcp_rcvq {
	struct rte_mbuf *head, *tail;
	uint32_t bytes;
	uint32_t mem;	/* charge of all buffers */
	uint32_t limit; /* of bytes; memory may be twice that, out-of-order data included */
	uint16_t peer_mss;
	uint8_t dupacks; /* duplicate ACKs owed for out-of-order segments of this turn */
	uint8_t ecn;	 /* enum ecn_state */
};

struct tcp_conn {
	struct sock sock;

	/* every segment */
	uint32_t flags;	 /* enum tcp_conn_flags */
	uint8_t state;	 /* enum tcp_state */
	uint8_t timers;	 /* deadlines that run, 1 << enum tcp_timer_id */
	uint8_t retries; /* retransmissions or probes without an answer */
	uint8_t probes;	 /* probes of this zero window; keepalive probes without an answer */

	uint32_t rcv_nxt;
	uint32_t snd_una;
	uint32_t snd_nxt; /* highest sent, never pulled back; counts SYN and FIN */
	uint32_t snd_end; /* behind the last octet queued, FIN not counted */
	uint32_t snd_wl1; /* SND.WL2 is not kept: it never passes snd_una, which a window update
			   * must reach */
	uint32_t ts_recent;
	uint32_t ts_off; /* what our timestamp clock is ahead by */
	uint32_t last_ack_sent;
	struct window win;
	uint32_t last_ack_ms; /* last acceptable segment, but see conn_silent_ms() */
	uint32_t last_snd_ms; /* last data */
	uint64_t tally_in;    /* both: see tally.h */
	uint32_t tally_out;
	uint32_t hash_upper; /* of flow, while CONN_F_HASHED; see conn_hash() */
	struct tcp_rcvq rcv;
	union {
		struct tcp_sndq snd;
		struct tcp_listener *listener; /* LISTEN */
	};

	struct cc cc;
	struct flight flight;
	struct loss loss;
	struct rtt rtt;
	struct ackpolicy ack;
	uint32_t last_data_ms; /* rcv_nxt was moved by data last */
	struct route_cache route;

	struct flow flow; /* as received: src is the peer. Before connect: dst as bound */
	uint32_t deadline[TCP_T_PACE]; /* in ticks of the wheel, modulo 2^32 */
	struct wheel_timer timer;
	struct tcp_conn *dirty_next;
	struct tcp_ext *ext;
};
_Static_assert(sizeof(struct tcp_conn) <= 384, "an idle connection is 512 bytes, all in");

/* What is counted where it happens to few, and what the tallies were emptied into; tally.h. */
struct tcp_counts {
	int64_t acked;	   /* sequence numbers: our FIN's, too, and our SYN's with CONN_F_OPENER */
	uint64_t received; /* the peer's FIN, too */
	uint32_t segs_in, data_segs_in;
	uint32_t segs_out, data_segs_out;
	uint64_t busy_ms; /* with something in flight */
	uint64_t retrans_octets;
	uint32_t retrans;	/* segments sent again */
	uint32_t retrans_data;	/* of which with payload */
	uint32_t abandoned;	/* sequence numbers in flight when the connection ended */
	uint32_t rto_ms;	/* from first timeouts to the ACKs after them */
	uint16_t rtos;		/* timeouts */
	uint16_t rto_runs;	/* of which the first in a row */
	uint32_t dsack_dups;	/* duplicates that the peer reported */
	uint32_t reord_seen;	/* ACKs of octets that others had overtaken */
	uint32_t rcv_ooo;	/* segments that came out of order */
	uint32_t limited_ms[2]; /* by the peer's window, by the send buffer */
	uint32_t delivered_ce;	/* segments whose ACK echoed a mark */
	uint32_t received_ce;	/* segments that were marked */
	uint32_t ecn_octets[3]; /* received, by codepoint: ECT(1), ECT(0), CE */
	uint32_t spare;
};

/* Urgent data, see urgent.h. */
struct tcp_urgent {
	uint32_t snd_up; /* while sends: behind the last octet that is urgent (SND.UP) */
	uint32_t rcv_up; /* while there is a mark: the number of the urgent octet */
	uint8_t octet;	 /* with URGENT_HERE */
	uint8_t mark;	 /* enum urgent_mark */
	bool sends;
	uint8_t spare;
};

/* What few connections need; allocated when they do. */
struct tcp_ext {
	struct loss_more *loss;	  /* once something was missed */
	struct reasm *ooo;	  /* while something is out of order */
	struct tcp_pace *pace;	  /* once somebody wants a rate, see pace.h */
	struct tcp_mtu *mtu;	  /* once the path was found to be narrow, see mtu.h */
	struct rte_mbuf *rxt_cur; /* where the last retransmission was found */
	struct limiter challenge; /* RFC 5961 §7 */
	struct seq_range dsack;	  /* duplicate to report in the next ACK */
	struct paws_gap gap;	  /* while ooo is there */
	uint32_t ooo_mem;	  /* charge of out-of-order buffers */
	uint32_t fin_seq;
	uint32_t grow_bytes, grow_before, grow_since_us; /* receive buffer growth */
	uint32_t user_timeout_ms;
	uint32_t progress_ms; /* when snd_una last moved or, with nothing in flight, data was sent
			       * or began to wait */
	struct tcp_counts count;
	struct round round;
	uint32_t rto_since_ms;	 /* when the first of these timeouts was */
	uint32_t limit_since_ms; /* since when limit holds */
	struct tcp_urgent urgent;
	uint16_t keepidle_s, keepintvl_s; /* 0: settings */
	uint16_t user_mss;		  /* TCP_MAXSEG, 0: none */
	uint16_t path_mtu;		  /* told by ICMP or found out, 0: none */
	int16_t soft_err;		  /* last soft ICMP error */
	uint8_t keepcnt;
	uint8_t limit;	       /* enum tally_limit */
	uint8_t fastopen_bits; /* see fastopen.h, and the next two */
	uint8_t syncnt;	       /* TCP_SYNCNT, 0: settings */
	uint8_t spare[2];
	struct tcp_fastopen *fastopen;
	struct fastopen_request *request;
	struct zc_queue *zc;	 /* sends by reference */
	struct tcp_moved *moved; /* where its segments come, while that is elsewhere */
};

/* Nobody has a descriptor of it any more; it was no orphan before. */
static inline void conn_orphan(struct nsk_worker *w, struct tcp_conn *c)
{
	c->flags |= CONN_F_ORPHAN;
	w->tcp->orphans++;
}

static inline bool conn_in(const struct tcp_conn *c, uint32_t states)
{
	return TCPS_BIT(c->state) & states;
}

static inline struct tcp_conn *conn_of_sock(struct sock *s)
{
	return NSK_CONTAINER_OF(s, struct tcp_conn, sock);
}

static inline struct reasm *conn_ooo(const struct tcp_conn *c)
{
	return c->ext ? c->ext->ooo : NULL;
}

/* How long ago the last acceptable segment came. Short cuts note data in last_data_ms alone, and
 * one of the two may stay behind for as long as the connection lives. */
static inline uint32_t conn_silent_ms(const struct nsk_worker *w, const struct tcp_conn *c)
{
	return NSK_MIN(w->tcp->now_ms - c->last_ack_ms, w->tcp->now_ms - c->last_data_ms);
}

static inline uint32_t conn_rcv_wnd(const struct tcp_conn *c)
{
	return window_rcv_wnd(&c->win, c->rcv_nxt);
}

/* The hash that the connection is in the table by, as far as the table looks. */
static inline uint64_t conn_hash(const struct tcp_conn *c)
{
	return (uint64_t)c->hash_upper << 32;
}

/* Our timestamp now. */
static inline uint32_t conn_ts_now(const struct nsk_worker *w, const struct tcp_conn *c)
{
	return w->tcp->now_ms + c->ts_off;
}

/* Memory for a connection: all zero, and a timer that is not armed. NULL as conn_new(). */
static inline struct tcp_conn *conn_alloc(struct nsk_worker *w)
{
	struct tcp_conn *c = slab_alloc(&w->tcp->conns);

	if (NSK_UNLIKELY(!c))
		return NULL;
	mem_zero_lines(c, sizeof(*c));
	wheel_timer_init(&c->timer, TIMER_TCP_CONN);
	return c;
}

/* A CLOSED connection with one reference, in no table; NULL at the limit or without memory. */
struct tcp_conn *conn_new(struct nsk_worker *w, uint8_t family);

/* Takes a connection out of everything and gives its memory back (at the end of the turn if it is
 * dirty, or if segments are being taken in). */
void conn_free(struct nsk_worker *w, struct tcp_conn *c);

/* Its extension, made if there is none; NULL without memory. */
struct tcp_ext *conn_ext(struct nsk_worker *w, struct tcp_conn *c);

/* len octets are sent again, in so many segments: the worker's count, and the connection's if there
 * is memory for it. */
static inline void conn_count_retrans(struct nsk_worker *w, struct tcp_conn *c, uint32_t len,
				      uint32_t segs)
{
	worker_count(w, NSK_CNT_TCP_RETRANS_SEGMENTS, segs);
	if (!conn_ext(w, c))
		return;
	c->ext->count.retrans += segs;
	c->ext->count.retrans_data += len ? segs : 0;
	c->ext->count.retrans_octets += len;
}

/* In these states a connection counts as established (RFC 4022, tcpCurrEstab). */
#define TCPS_OPEN (TCPS_BIT(TCPS_ESTABLISHED) | TCPS_BIT(TCPS_CLOSE_WAIT))

/* Changes the state and what is counted by state. */
static inline void conn_set_state(struct nsk_worker *w, struct tcp_conn *c, enum tcp_state state)
{
	bool open = TCPS_BIT(state) & TCPS_OPEN;

	c->state = (uint8_t)state;
	if (open == !!(c->flags & CONN_F_ESTAB))
		return;
	c->flags ^= CONN_F_ESTAB;
	w->tcp->established += open ? 1u : UINT32_MAX;
}

/*
 * Gets a connection's variables ready to send and receive, the handshake's numbers being known: our
 * ISN, and the peer's if it is known.
 */
void conn_start(struct nsk_worker *w, struct tcp_conn *c, uint32_t iss);

/*
 * The route is known and the peer's options are: sets segment size and congestion window. timeouts:
 * of our SYN or SYN,ACK; as in Linux one alone may have been needless (RFC 6928 §2), more mean
 * a window of one segment.
 */
void conn_open(struct nsk_worker *w, struct tcp_conn *c, uint32_t timeouts);

/*
 * The protocol is done with the connection: takes it out of the tables, stops its timers, drops
 * what was to be sent. An orphan is freed; else the application learns (err: positive errno or 0)
 * and may still read what had come.
 */
void conn_ended(struct nsk_worker *w, struct tcp_conn *c, int err);

/*
 * What is left of a connection that has ended, or of a listener, goes: the socket is what bind()
 * made of it; a port of our choice is given back. A pending error stays. As Linux's
 * tcp_disconnect().
 */
void conn_disconnect(struct nsk_worker *w, struct tcp_conn *c);

/* Sends an RST if the state asks for one (RFC 9293 §3.10.5 ABORT), then conn_ended(). */
void conn_abort(struct nsk_worker *w, struct tcp_conn *c, int err);

/* Appends a connection to one of the lists that output goes through, unless it is in one. False:
 * it is. */
static inline bool conn_list(struct tcp_conn *c, struct tcp_conn ***tail)
{
	if (c->flags & CONN_F_DIRTY)
		return false;
	c->flags |= CONN_F_DIRTY;
	c->dirty_next = NULL;
	**tail = c;
	*tail = &c->dirty_next;
	return true;
}

/* The output of this turn will look at the connection. */
static inline void conn_dirty(struct nsk_worker *w, struct tcp_conn *c)
{
	conn_list(c, &w->tcp->dirty_tail);
}

/* An ACK leaves in this turn, on data or alone. */
static inline void conn_ack_now(struct nsk_worker *w, struct tcp_conn *c)
{
	c->flags |= CONN_F_ACK_NOW;
	conn_dirty(w, c);
}

/*
 * Makes the cached way valid and keeps the segment size in step with the interface's MTU. 0 or
 * -errno as net_route().
 */
int conn_route_slow(struct nsk_worker *w, struct tcp_conn *c);

static inline int conn_route(struct nsk_worker *w, struct tcp_conn *c)
{
	return NSK_LIKELY(net_route_valid(w, &c->route)) ? 0 : conn_route_slow(w, c);
}

/* MSS that we announce on the interface of the route. */
uint16_t conn_mss_announced(const struct tcp_conn *c, const struct iface *ifc);

/* Largest payload of a segment, given peer, path and options (RFC 9293 §3.7.1 Eff.snd.MSS). */
uint16_t conn_mss_effective(const struct nsk_worker *w, const struct tcp_conn *c);

#endif
