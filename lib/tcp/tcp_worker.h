/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What TCP keeps per worker: tables, pools of entries, the list of connections with something to
 * send, secrets. Private to the room.
 */
#ifndef NSK_TCP_TCP_WORKER_H
#define NSK_TCP_TCP_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/htab.h"
#include "base/list.h"
#include "base/mulhash.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "base/wheel.h"
#include "mbuf/worker.h"
#include "net/net.h"
#include "tcp/full.h"
#include "tcpalg/budget.h"
#include "tcpalg/cookie.h"
#include "tcpalg/fastopen.h"
#include "tcpalg/limiter.h"
#include "tcpalg/ports.h"
#include "tcpalg/rtt.h"
#include "tcpalg/srclimit.h"

/* Segments gathered before they are looked up together. */
#define TCP_BURST_MAX 64

struct fastopen_cache;
struct tcp_conn;

struct tcp_burst_seg {
	struct rte_mbuf *m;
	uint64_t hash;
	const struct htab_bucket *bucket;
	uint32_t hint;	/* first candidate of the look-up */
	void *hint_for; /* the connection or embryo that it stands for, else NULL */
};

/* Ways to peers that new connections, and SYN,ACKs before them, find without net_route(). */
#define TCP_WAYS_SHIFT 6
#define TCP_WAY_MS     1000u

/* An IPv4 peer, our address, the way, and what our timestamp clock is ahead by on it. */
struct tcp_way {
	uint32_t peer, own; /* as on the wire */
	uint32_t found_ms;
	uint32_t ts_off;
	struct route_cache route;
};

/*
 * Embryos whose SYN-ACK waits for its ACK as long as theirs: the first one's time comes first, so
 * that one timer serves all.
 */
#define EMBRYO_BACKOFF_MAX 16u
struct embryo_queue {
	struct tcp_embryo *head, *tail;
};

/* All [W] unless marked. */
struct tcp_worker {
	struct htab table; /* flows and bound ports, see table.h */
	struct slab conns, embryos, time_waits, exts, fastopen_requests, moved;
	struct list_node moved_list; /* of moved, see moved.h */
	struct tcp_conn *dirty, **dirty_tail;
	struct tcp_conn *starved, **starved_tail; /* dirty again when the timer fires */
	struct wheel_timer starved_timer;
	uint64_t now_us;   /* the turn's clock; see tcp_clock() */
	uint32_t now_ms;   /* modulo 2^32 */
	uint64_t clock_ns; /* w->now_ns that they were made from */

	/* Buffers in queues, by charge. Each direction has its half of the marks, so that neither
	 * can stop the other. */
	struct budget snd_mem, rcv_mem;

	struct mulhash_key hash_key;	    /* [C] */
	struct siphash_key isn_key, ts_key; /* [C] */
	struct cookie_jar jar;
	struct ports ports;
	struct tcp_fulls fulls;
	struct srclimit *syn_limit;   /* NULL: SYNs are not limited by their source */
	struct rtt_limits rtt_limits; /* [C] */
	uint8_t rcv_shift;	      /* [C] window scale that we announce */

	/* TIME-WAIT entries, the one that ends first at the head */
	uint32_t tw_head, tw_tail;
	struct wheel_timer tw_timer;

	struct embryo_queue syn_queue[EMBRYO_BACKOFF_MAX + 1]; /* by embryo_backoff() */
	struct wheel_timer syn_timer;

	struct limiter rst_limit;	/* RSTs to strangers */
	struct limiter challenge_limit; /* see tcp_challenge_ok() */
	uint32_t established, listeners, bound, orphans;
	uint32_t orphans_most; /* [C] an eighth of the connections' places is left to the living */

	uint64_t syn_port_hash;	       /* of the port that the last SYN came to */
	uint16_t syn_port_be;	       /* 0 at first: no socket has that port */
	struct tcp_conn *syn_listener; /* the only socket on that port, listens on any address */
	struct tcp_way ways[1 << TCP_WAYS_SHIFT];

	uint32_t nburst, passed_on; /* segments gathered; of those, given to their owners */
	struct tcp_burst_seg burst[TCP_BURST_MAX];

	struct fastopen_jar fastopen_jar;
	struct fastopen_cache *fastopen_cache; /* NULL until a client needs it */
};

/* Brings the turn's clock up to w->now_ns. */
static inline void tcp_clock(struct nsk_worker *w)
{
	struct tcp_worker *t = w->tcp;

	if (t->clock_ns == w->now_ns)
		return;
	t->clock_ns = w->now_ns;
	t->now_us = w->now_ns / 1000;
	t->now_ms = (uint32_t)(w->now_ns / 1000000);
}

/*
 * One of the two budgets is under pressure: buffers neither grow nor keep what they had grown to.
 * Counts when that begins, and how long it lasted.
 */
bool tcp_mem_pressed(struct nsk_worker *w, struct budget *mem);

/* A token of a limit of so many a second, fuzzy so that the depth tells nobody anything; 0: none
 * ever. */
bool tcp_rate_ok(struct nsk_worker *w, struct limiter *l, uint32_t per_second);

/*
 * Whether all connections together may send one more challenge ACK. Any number if it is not set
 * otherwise, as Linux: where connections share a limit one of them can be used to find out about
 * another (CVE-2016-5696). Each has its own limit beside this.
 */
bool tcp_challenge_ok(struct nsk_worker *w);

#endif
