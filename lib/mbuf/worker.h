/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One core's world, as every room above sees it: the clock reading, random source, timers, buffers,
 * counters, and a pointer to what each room keeps per worker. It is not the loop
 * (lib/stack/loop.c); it knows nothing of what the rooms' own structures hold.
 *
 * Everything here belongs to the thread that runs the worker [W] unless marked otherwise.
 */
#ifndef NSK_MBUF_WORKER_H
#define NSK_MBUF_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/counters.h>

#include "base/compiler.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/settings.h"
#include "base/wheel.h"

struct nsk_stack;
struct nsk_worker;
struct stack_shared;
struct pkt_pool;
struct rte_mbuf;
struct flow;
struct iface;
struct route;
struct zc_send;

/* Who a timer belongs to; lib/stack/worker.c holds the table kind → function. */
enum timer_kind {
	TIMER_TCP_CONN,
	TIMER_TCP_SYN,
	TIMER_TCP_TIME_WAIT,
	TIMER_TCP_STARVED,
	TIMER_NEIGH,
	TIMER_IP_REASS,
	TIMER_KINDS,
};

/* What of a worker's packets is being captured. */
enum worker_capturing {
	WORKER_CAPTURES_IN = 1 << 0,
	WORKER_CAPTURES_OUT = 1 << 1,
	WORKER_CAPTURES_DROPS = 1 << 2,
};

/* Calls upward, filled in by lib/stack. */
struct worker_ops {
	/* Ends the turn before (timers, output, transmit), then receives and processes. */
	void (*turn)(struct nsk_worker *w);
	/* After a turn, for a thread that waits and goes on turning: may sleep until there is work,
	 * a call of another thread, one of the kernel's descriptors (-1: none) is readable, the
	 * time has come, or wake() was called after word (may be NULL) became other than 0. */
	void (*idle)(struct nsk_worker *w, uint64_t until_ns, int kernel_fd, const uint32_t *word);
	/* Time of the next timer or packet of this worker, UINT64_MAX if none. */
	uint64_t (*next_ns)(struct nsk_worker *w);
	/* Reads the clock into w->now_ns outside a turn. */
	void (*read_clock)(struct nsk_worker *w);
	/* From now_ns to the time of day in ns since 1970; 0 where the clock is the caller's. */
	uint64_t (*since_1970_ns)(struct nsk_worker *w);
	/* Index of the worker that owns a flow as seen from here (source and destination as
	 * received). */
	uint16_t (*flow_owner)(struct nsk_worker *w, const struct flow *flow);
	/* Hands a decoded packet to its owner's ring; drops it with STEER_RING_FULL when full.
	 * Consumes m. */
	void (*steer)(struct nsk_worker *w, uint16_t owner, struct rte_mbuf *m);
	/* Gives every other worker a copy of a packet about neighbours. Does not consume m. */
	void (*share)(struct nsk_worker *w, struct rte_mbuf *m);
	/* Gives frames to the worker's transmit queue of an interface's port, or to the worker that
	 * owns one; as tx_burst of net/port.h. */
	uint16_t (*tx_burst)(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf **bufs,
			     uint16_t n);
	/* An IP packet from lib/net's link layer goes up. Consumes it. */
	void (*ip_input)(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
	/* Runs fn(arg) on the worker in its own thread and waits for the result; see worker_call().
	 */
	int (*call)(struct nsk_worker *w, int (*fn)(void *arg), void *arg);
	/* After something was put where the worker will find it: it sleeps no longer. Any thread.
	 */
	void (*wake)(struct nsk_worker *w);
	/* Worker of the stack by its index; NULL: there is none. */
	struct nsk_worker *(*worker_at)(struct nsk_worker *w, unsigned index);
	/* Runs what other threads want of w, for one who runs it and waits for something. */
	void (*serve)(struct nsk_worker *w);
	/* Takes in all packets that other workers have handed over so far. */
	void (*drain)(struct nsk_worker *w);
	/* Gives away all that waits here by now: to other workers their packets, to the ports
	 * frames, its own and other workers'. */
	void (*flush)(struct nsk_worker *w);
	/* A route comes or goes, in any thread: 0 or -errno as route_add() and route_del_own(),
	 * -EAGAIN: in this turn the table is busy. May be NULL. */
	int (*route)(struct nsk_worker *w, const struct route *route, bool add);
	/* On any worker: worker 0 runs net_tick() soon. May be NULL. */
	void (*tick)(struct nsk_worker *w);
	/* While WORKER_CAPTURES_DROPS: a packet before it is freed, not consumed. Its descriptor
	 * says which interface it is of. */
	void (*dropped)(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason);
	/* While WORKER_CAPTURES_IN: a frame of an interface on a VLAN, its tags taken off; not
	 * consumed. */
	void (*tagged_in)(struct nsk_worker *w, const struct iface *ifc, struct rte_mbuf *m);
	/* True once the stack is stopping. */
	bool (*stopping)(const struct nsk_worker *w);
};

/* In owner_tid: launched, but its thread does not run yet, or no more. Nobody but one who takes the
 * worker for a moment may touch it. */
#define WORKER_AWAY (-1)

struct nsk_worker {
	uint64_t now_ns;	    /* the clock, read once a turn */
	const struct settings *set; /* [S] */
	struct pkt_pool *pool;	    /* packet buffers */
	struct tcp_worker *tcp;
	struct udp_worker *udp;
	struct icmp_worker *icmp;
	struct ip_worker *ip;
	struct net_worker *net;
	struct sock_worker *sock;
	struct run_worker *run;	      /* lib/stack */
	struct nsk_stack *stack;      /* [C] */
	struct stack_shared *shared;  /* [C] mbuf/shared.h */
	const struct worker_ops *ops; /* [C] */
	struct log *log;	      /* [C] */
	struct mem *mem;	      /* allocator on the worker's NUMA node */
	uint16_t id;		      /* [C] index in the stack */
	uint16_t peers;		      /* [C] number of workers in the stack */
	int owner_tid;	/* [A] thread that runs the worker or has taken it for a turn or a call; 0:
			 * nobody, or WORKER_AWAY */
	int turner_tid; /* [A] thread that called nsk_turn() last, 0: none did since a thread ran it
			 */
	bool settled;	/* [A] a thread runs it, and has not only taken it for a moment */
	bool in_turn;
	bool busy;		 /* this turn did something */
	uint8_t capturing;	 /* enum worker_capturing; mostly nothing */
	struct zc_send *zc_send; /* during an attempt to send by reference: sock/zc_send.h */
	struct rng rng;
	uint64_t cnt[NSK_CNT_MAX];   /* written by [W], read by anybody */
	uint64_t drop[NSK_DROP_MAX]; /* the same */
	struct wheel wheel;
	/* [A] calls of threads that do not run the worker; it is not freed under them. */
	uint32_t visitors NSK_CACHE_ALIGNED;
	/* [A] came to their end, in any thread; looked at each turn */
	struct zc_send *zc_returned NSK_CACHE_ALIGNED;
};

/* Adds to a counter. A plain load and store: only the worker writes, readers may be one behind. */
static inline void worker_count(struct nsk_worker *w, enum nsk_counter c, uint64_t n)
{
	__atomic_store_n(&w->cnt[c], w->cnt[c] + n, __ATOMIC_RELAXED);
}

static inline void worker_count_drop(struct nsk_worker *w, enum nsk_drop reason, uint64_t n)
{
	__atomic_store_n(&w->drop[reason], w->drop[reason] + n, __ATOMIC_RELAXED);
}

#endif
