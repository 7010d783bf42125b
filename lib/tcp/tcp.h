/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP as lib/stack sees it: what a worker starts with, what its loop calls, what control tools ask.
 * RFC 9293. docs/ARCHITECTURE.md draws the way of a segment through the files of this room.
 */
#ifndef NSK_TCP_TCP_H
#define NSK_TCP_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/counters.h>

#include "base/wheel.h"
#include "ip/ip.h"
#include "mbuf/pkt.h"
#include "mbuf/worker.h"
#include "sock/sock.h"

/* Sets up and frees a worker's part; the pool must be there. 0 or -errno. */
int tcp_worker_init(struct nsk_worker *w);
/* Frees every connection that is left, without a word to the peers. */
void tcp_worker_fini(struct nsk_worker *w);

/* Resets every connection, while interfaces can still carry the RSTs. */
void tcp_worker_abort(struct nsk_worker *w);

/* The TCP row of the protocol table: checks a segment and puts it into the worker's burst. */
extern const struct ip_proto tcp_proto;

/*
 * net_input() of a burst of frames from an interface that runs, with a short cut for plain
 * segments. Consumes them.
 */
void tcp_frames_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf **bufs, unsigned n);

/* Processes the burst; called when a turn's packets are in. */
void tcp_input_burst(struct nsk_worker *w);

/* Sends for every connection marked dirty; called at the end of a turn, ACKs merge here. */
void tcp_output_dirty(struct nsk_worker *w);

/* True while connections are marked dirty: the next turn should not wait. */
bool tcp_output_pending(const struct nsk_worker *w);

/*
 * The clock leapt: it was from_ns, is w->now_ns, and by_ns of that went by without anybody who ran
 * the timers that were due.
 */
void tcp_leapt(struct nsk_worker *w, uint64_t from_ns, uint64_t by_ns);

/* For rows (…, SOCK_STREAM, IPPROTO_TCP) of the table of families. */
int tcp_create(struct nsk_worker *w, uint8_t domain, struct sock **s);

/* Timer functions, see wheel_fn; ctx is the worker. */
void tcp_conn_timer(void *ctx, struct wheel_timer *t, uint64_t now_ns);
void tcp_syn_timer(void *ctx, struct wheel_timer *t, uint64_t now_ns);
void tcp_time_wait_timer(void *ctx, struct wheel_timer *t, uint64_t now_ns);
void tcp_starved_timer(void *ctx, struct wheel_timer *t, uint64_t now_ns);

/* Adds this worker's levels. */
void tcp_levels(struct nsk_worker *w, struct nsk_levels *levels);

/* One socket or half-open or lingering connection as control tools show it. */
struct tcp_row {
	struct flow flow; /* as received: src is the peer */
	uint8_t family;
	uint8_t state; /* as tcpi_state */
	uint32_t rcvq,
		sndq; /* octets not read, octets not acknowledged; listeners: queue, backlog */
};

/*
 * For control tools, on the worker: copies rows from *cursor (0 at the start) on, at least one per
 * call as long as there are any and at most max (which is at least 1), and moves the cursor. The
 * work is bounded by max. Returns the number copied; at the end *cursor is UINT32_MAX. What comes
 * and goes meanwhile may be missed or seen twice.
 */
unsigned tcp_list(struct nsk_worker *w, uint32_t *cursor, struct tcp_row *rows, unsigned max);

#endif
