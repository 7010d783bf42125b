/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP: sockets of one worker, found by a keyed hash of their addresses and ports. RFC 768, RFC 1122
 * §4.1, RFC 8085 (port choice by RFC 6056).
 *
 * A socket lives on the worker that made it. A server that is to use all cores opens its port on
 * each worker; what comes to a worker that has no socket for it goes to one that has. A connected
 * socket gets a source port whose flow comes back to its own worker. Datagrams are not fragmented
 * yet: longer than the MTU is EMSGSIZE. Nothing waits here on the way out, so a socket is always
 * writable.
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
#include "ip/ip.h"
#include "sock/sock.h"
#include "tcpalg/ports.h"

enum udp_flags {
	UDP_F_BOUND = 1 << 0, /* has a local port and is in the table */
	UDP_F_CONNECTED = 1 << 1,
	UDP_F_SHUT_RD = 1 << 2,
	UDP_F_SHUT_WR = 1 << 3,
	UDP_F_PICKED = 1 << 4,	    /* the port was chosen for it, not by bind() */
	UDP_F_ADDR_PICKED = 1 << 5, /* the local address was chosen by connect() */
	UDP_F_DF = 1 << 6,	    /* IP_MTU_DISCOVER */
};

/* What is told beside a datagram, as control messages, and in which ways it is given. */
enum udp_wants {
	UDP_WANTS_PKTINFO = 1 << 0,
	UDP_WANTS_TTL = 1 << 1,
	UDP_WANTS_TOS = 1 << 2,
	UDP_WANTS_DESTINATION = 1 << 3, /* IP_RECVORIGDSTADDR */
	UDP_WANTS_TIME_US = 1 << 4,	/* SO_TIMESTAMP */
	UDP_WANTS_TIME_NS = 1 << 5,	/* SO_TIMESTAMPNS */
	UDP_WANTS_OVERFLOWS = 1 << 6,	/* SO_RXQ_OVFL */
	UDP_WANTS_ERRORS = 1 << 7,	/* IP_RECVERR */
	UDP_WANTS_RUNS = 1 << 8,	/* UDP_GRO */
};

/* All [W]. */
struct udp_sock {
	struct sock sock;
	struct ip_addr laddr;  /* unspecified: any */
	struct ip_addr faddr;  /* connected: the peer */
	uint16_t lport, fport; /* host order, 0: none */
	uint8_t flags;	       /* enum udp_flags */
	uint8_t mcast_ttl;
	uint16_t wants;		 /* enum udp_wants */
	uint16_t segment;	 /* UDP_SEGMENT, 0: what is sent at once is one datagram */
	uint32_t overflows;	 /* datagrams dropped because the buffer was full */
	uint32_t rcvbuf, sndbuf; /* bytes; the latter is told, nothing waits to be sent */
	uint32_t queued_bytes;	 /* charged: whole buffers */
	uint32_t queued;	 /* datagrams */
	struct rte_mbuf *qhead, *qtail;
	struct route_cache route; /* to route_dst from route_src */
	struct ip_addr route_dst, route_src;
	struct list_node link;	 /* all sockets of the worker */
	struct list_node errors; /* struct udp_error_entry, oldest first */
	unsigned error_count;
};
_Static_assert(sizeof(struct udp_sock) <= 512, "a UDP socket costs at most 512 bytes");

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
	struct list_node all;
	struct ports ports;
};

/* One socket as control tools show it. */
struct udp_row {
	struct ip_addr laddr, faddr; /* faddr: family 0 unless connected */
	uint16_t lport, fport;
	uint32_t queued_bytes;
	uint32_t rcvbuf;
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
unsigned udp_list(const struct nsk_worker *w, uint32_t *cursor, struct udp_row *rows, unsigned max);

/* ---- within the room ---- */

extern const struct sock_ops udp_ops;

/* udp_table.c: what a socket is found by. */
struct udp_sock *udp_lookup(struct nsk_worker *w, const struct pkt *p);
/* The socket connected to exactly these, or NULL. */
struct udp_sock *udp_lookup_connected(struct nsk_worker *w, const struct ip_addr *laddr,
				      uint16_t lport, const struct ip_addr *faddr, uint16_t fport);
int udp_table_init(struct nsk_worker *w);
void udp_table_fini(struct nsk_worker *w);
/* Puts a socket with its address and port into the table, and takes it out. 0, -ENOMEM, -ENOBUFS.
 */
int udp_table_add(struct nsk_worker *w, struct udp_sock *u);
void udp_table_del(struct nsk_worker *w, struct udp_sock *u);
/* True if a bound socket forbids u, which is not bound itself (NULL: somebody who shares with
 * nobody) this local address and port. */
bool udp_table_conflict(struct nsk_worker *w, const struct udp_sock *u, const struct ip_addr *laddr,
			uint16_t lport);
/*
 * A port that is free for the local address bind_addr and whose flow from faddr and fport (NULL, 0:
 * nobody in particular) to from comes to this worker. 0 with *port set, or -EADDRINUSE (none left).
 */
int udp_table_pick(struct nsk_worker *w, const struct ip_addr *bind_addr,
		   const struct ip_addr *from, const struct ip_addr *faddr, uint16_t fport,
		   uint16_t *port);

/* udp_send.c, udp_recv.c, udp_options.c: rows of udp_ops. */
ssize_t udp_sendmsg(struct sock *s, const struct msghdr *msg, int flags);
ssize_t udp_recvmsg(struct sock *s, struct msghdr *msg, int flags);
int udp_zc_recv(struct sock *s, struct rte_mbuf **bufs, unsigned max);
int udp_ioctl(struct sock *s, unsigned long request, int *value);
int udp_getsockopt(struct sock *s, int level, int name, void *value, socklen_t *len);
int udp_setsockopt(struct sock *s, int level, int name, const void *value, socklen_t len);

/* udp_control.c: control messages. What one that goes with a datagram to be sent asks for, beside
 * what the socket says; all of it is set before. */
struct udp_manner {
	struct ip_addr src; /* family 0: not asked for */
	unsigned iface;	    /* number from 1 on, 0: any */
	uint8_t ttl;	    /* 0: default of settings */
	uint8_t tos;
	uint16_t segment;
};
/* 0 or -EINVAL: what does not exist or makes no sense. */
int udp_control_read(const struct msghdr *msg, struct udp_manner *how);
/* Fills msg's control buffer with what the socket wants to know of a datagram; run: UDP_GRO's size
 * of each, 0: it is one. MSG_CTRUNC in msg_flags if it does not fit. */
void udp_control_write(const struct udp_sock *u, struct rte_mbuf *m, unsigned run,
		       struct msghdr *msg);
/* The bare step of both: one message behind the *used bytes that are there. */
void udp_control_put(struct msghdr *msg, size_t *used, int level, int type, const void *data,
		     size_t len);

/* The pending error as sock_take_error(); EPOLLERR stays while the error queue has entries. */
static inline int udp_take_error(struct udp_sock *u)
{
	int err = sock_take_error(&u->sock);

	if (u->error_count)
		u->sock.ready |= EPOLLERR;
	return err;
}

/* udp_errors.c: IP_RECVERR. Forgets all that is queued. */
void udp_errors_purge(struct udp_sock *u);
/* Keeps an error that ICMP told of a datagram of ours. */
void udp_errors_add(struct udp_sock *u, const struct ip_error *e);
/* Keeps that a datagram to dst was longer than the MTU. */
void udp_errors_add_too_long(struct udp_sock *u, const struct ip_addr *dst, uint16_t port,
			     uint32_t mtu);
/* recvmsg with MSG_ERRQUEUE. */
ssize_t udp_errors_recv(struct udp_sock *u, struct msghdr *msg);

/* udp_sock.c: binds to a port of our choice if the socket has none. 0 or -errno. */
int udp_autobind(struct udp_sock *u, const struct ip_addr *faddr, uint16_t fport);
/* Finds the way to a destination, keeping it for the next datagram. 0 or -errno as net_route(). */
int udp_route(struct udp_sock *u, const struct ip_addr *dst, struct ip_addr *src);

/* False for broadcast addresses unless the socket has SO_BROADCAST. */
bool udp_may_send_to(const struct udp_sock *u, const struct ip_addr *dst);

/* udp_input.c: frees what is queued. */
void udp_queue_purge(struct udp_sock *u);
/* Takes the oldest datagram out of the queue; the caller owns it. */
struct rte_mbuf *udp_queue_pop(struct udp_sock *u);

#endif
