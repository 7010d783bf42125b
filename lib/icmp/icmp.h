/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP sockets, of two kinds. A raw one (raw(7)) gets a copy of every ICMP message that comes to
 * its address, IP header and all, and sends what the application wrote. A ping socket (icmp(7))
 * sends echo requests and gets the replies to its own: it is known by the identifier in them, which
 * is its port. Neither keeps the stack from answering (ip/icmp.c), and neither needs a privilege:
 * who runs a stack owns its devices. RFC 792, RFC 1122 §3.2.2 (messages are passed to the user).
 *
 * A reply comes to the worker that its addresses belong to, whoever asked; so every message goes
 * round the workers that have ICMP sockets (input.c).
 */
#ifndef NSK_ICMP_ICMP_H
#define NSK_ICMP_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/counters.h>

#include "base/list.h"
#include "base/slab.h"
#include "dgram/dgram.h"

#define ICMP_BUCKETS 256

/* All [W]. */
struct icmp_sock {
	struct dgram d;
	uint32_t filter;	/* ICMP_FILTER: bit n, messages of type n are not wanted */
	bool header_included;	/* IP_HDRINCL */
	struct list_node found; /* raw ones, or ping sockets of a bucket */
	struct list_node link;	/* all sockets of the worker */
};

/* What lib/icmp keeps per worker. All [W]. */
struct icmp_worker {
	struct slab socks;
	struct list_node all;
	struct list_node raw;
	struct list_node ping[ICMP_BUCKETS]; /* with an identifier, by its last bits */
	uint32_t count;
};

int icmp_worker_init(struct nsk_worker *w);
/* Frees every socket that is left. */
void icmp_worker_fini(struct nsk_worker *w);

/* The ICMP row of the protocol table: sockets first, then the stack itself. */
extern const struct ip_proto icmp_proto;

/* For rows (…, SOCK_RAW, IPPROTO_ICMP) and (…, SOCK_DGRAM, IPPROTO_ICMP) of the table of families.
 */
int icmp_create_raw(struct nsk_worker *w, uint8_t domain, struct sock **s);
int icmp_create_ping(struct nsk_worker *w, uint8_t domain, struct sock **s);

/* Adds this worker's levels. */
void icmp_levels(const struct nsk_worker *w, struct nsk_levels *levels);

/* As udp_list(), in the order in which they were made. */
unsigned icmp_list(const struct nsk_worker *w, uint32_t *cursor, struct dgram_row *rows,
		   unsigned max);

/* ---- within the room ---- */

static inline struct icmp_sock *icmp_sock_of(struct sock *s)
{
	return NSK_CONTAINER_OF(s, struct icmp_sock, d.sock);
}

static inline bool icmp_is_raw(const struct icmp_sock *i)
{
	return i->d.sock.ops->type == SOCK_RAW;
}

/* sock.c: gives a ping socket an identifier if it has none. 0 or -EAGAIN: all are taken. */
int icmp_autobind(struct icmp_sock *i);

/* send.c, options.c: rows of sock_ops. */
ssize_t icmp_raw_sendmsg(struct sock *s, const struct msghdr *msg, int flags);
ssize_t icmp_ping_sendmsg(struct sock *s, const struct msghdr *msg, int flags);
extern const struct sock_options icmp_raw_options;

#endif
