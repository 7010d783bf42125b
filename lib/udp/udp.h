/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP: sockets of one worker, found by a keyed hash of their addresses and ports. RFC 768, RFC 1122
 * §4.1, RFC 8085 (port choice by RFC 6056). What any socket of datagrams does is in lib/dgram.
 *
 * A socket lives on the worker that made it. A server that is to use all cores opens its port on
 * each worker; what comes to a worker that has no socket for it goes to one that has. A connected
 * socket gets a source port whose flow comes back to its own worker.
 */
#ifndef NSK_UDP_UDP_H
#define NSK_UDP_UDP_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/counters.h>

#include "base/htab.h"
#include "base/list.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "dgram/dgram.h"
#include "tcpalg/ports.h"

/* Sockets of a worker that may be bound to one address and port: a datagram to them looks at each.
 */
#define UDP_SHARERS_MAX 64

/* All [W]. */
struct udp_sock {
	struct dgram d;
	uint16_t segment;      /* UDP_SEGMENT, 0: what is sent at once is one datagram */
	bool hold;	       /* UDP_CORK */
	bool shares;	       /* there is, or has been, another one that is bound alike */
	struct udp_cork *cork; /* a datagram of which more is to come, or NULL */
	uint32_t order;	       /* who was bound later has more, modulo 2^32 */
	struct list_node link; /* all sockets of the worker */
};
_Static_assert(sizeof(struct udp_sock) <= 512, "a UDP socket costs at most 512 bytes");

static inline struct udp_sock *udp_of(struct sock *s)
{
	return NSK_CONTAINER_OF(s, struct udp_sock, d.sock);
}

/* What lib/udp keeps per worker. All [W]. */
struct udp_worker {
	struct slab socks;
	struct htab table;	/* bound sockets by addresses and ports, see udp_table.c */
	struct htab by_port;	/* the same by local port */
	struct siphash_key key; /* [C] */
	uint32_t connected; /* sockets in the table by kind: what nobody uses is not looked up */
	uint32_t specific;
	uint32_t wildcard;
	uint32_t count; /* all sockets */
	uint32_t bound; /* the next one's order */
	struct list_node all;
	struct ports ports;
};

int udp_worker_init(struct nsk_worker *w);
/* Frees every socket that is left. */
void udp_worker_fini(struct nsk_worker *w);

/* The UDP row of the protocol table. */
extern const struct ip_proto udp_proto;

/* For rows (…, SOCK_DGRAM, IPPROTO_UDP) of the table of families. */
int udp_create(struct nsk_worker *w, uint8_t domain, struct sock **s);

/* Adds this worker's levels. */
void udp_levels(const struct nsk_worker *w, struct nsk_levels *levels);

/*
 * For control tools, on the worker: copies up to max rows from *cursor (0 at the start) on and
 * moves the cursor; at most 4 * max places are looked at. Returns the number copied; at the end
 * *cursor is UINT32_MAX.
 */
unsigned udp_list(const struct nsk_worker *w, uint32_t *cursor, struct dgram_row *rows,
		  unsigned max);

/* ---- within the room ---- */

extern const struct sock_ops udp_ops;

/* udp_table.c: what a socket is found by. */
struct udp_sock *udp_lookup(struct nsk_worker *w, const struct pkt *p);
/* The sockets that hear a datagram to a group or to everybody, one after the other; NULL is the
 * end. */
void udp_many_begin(struct nsk_worker *w, const struct pkt *p, struct htab_it *it);
struct udp_sock *udp_many_next(struct nsk_worker *w, const struct pkt *p, struct htab_it *it);
int udp_table_init(struct nsk_worker *w);
void udp_table_fini(struct nsk_worker *w);
/* Puts a socket with its address and port into the table, and takes it out. 0, -ENOMEM, -ENOBUFS:
 * also if UDP_SHARERS_MAX are bound alike already. */
int udp_table_add(struct nsk_worker *w, struct udp_sock *u);
void udp_table_del(struct nsk_worker *w, struct udp_sock *u);
/* True if a bound socket forbids u, which is not bound itself, this local address and port. */
bool udp_table_conflict(const struct udp_sock *u, const struct ip_addr *laddr, uint16_t lport);
/*
 * A port that is free for u at the local address bind_addr and whose flow from peer (NULL: nobody
 * in particular) to from comes to this worker. 0 with *port set, or -EADDRINUSE (none left).
 */
int udp_table_pick(const struct udp_sock *u, const struct ip_addr *bind_addr,
		   const struct ip_addr *from, const struct sock_end *peer, uint16_t *port);

/* udp_cork.c: datagrams in parts. */
static inline bool udp_is_corked(const struct udp_sock *u, int flags)
{
	return u->cork || u->hold || flags & MSG_MORE;
}

/* A part of len bytes, or the last one: len, or -errno, and there is no such datagram any more. */
ssize_t udp_cork_send(struct udp_sock *u, const struct msghdr *msg, size_t len, int flags);
/* UDP_CORK; off: what waits leaves. 0. */
int udp_cork_set(struct udp_sock *u, bool on);
/* Forgets what waits. */
void udp_cork_drop(struct udp_sock *u);

/* udp_send.c: steps of sending, on x, in this order. 0 or -errno. */
int udp_prepare(struct dgram_sending *x, const struct msghdr *msg, struct route_cache *own);
/* The last step of the former: a port of its own, and the way. */
int udp_choose_way(struct dgram_sending *x, struct route_cache *own);
/* dgram_room() for len octets. */
int udp_room(const struct dgram_sending *x, size_t len);
int udp_check_length(const struct dgram_sending *x, size_t len);
/* One datagram, or as many as UDP_SEGMENT says. */
int udp_send_payload(const struct dgram_sending *x, const struct msghdr *msg, size_t len);

/* udp_send.c, udp_options.c: rows of udp_ops. */
ssize_t udp_sendmsg(struct sock *s, const struct msghdr *msg, int flags);
extern const struct sock_options udp_options;

/* udp_sock.c: binds the socket that sends to a port of our choice if it has none. 0 or -errno. */
int udp_autobind(const struct dgram_sending *x);

#endif
