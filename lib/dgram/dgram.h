/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sockets of datagrams have in common, whatever the protocol: the queue of what came,
 * receiving from it, control messages, the error queue, options, the way out. lib/udp and lib/icmp
 * put their own around it: how a datagram finds its socket and what stands in front of the payload.
 *
 * Nothing is queued here on the way out but a datagram in parts (udp_cork.c), for its writer: a
 * socket is writable unless the transmit queue that its last datagram was for had no room for it.
 */
#ifndef NSK_DGRAM_DGRAM_H
#define NSK_DGRAM_DGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "ip/ip.h"
#include "net/tx.h"
#include "sock/sock.h"

enum dgram_flags {
	DGRAM_F_BOUND = 1 << 0, /* has a local port and is in its protocol's table */
	DGRAM_F_CONNECTED = 1 << 1,
	DGRAM_F_SHUT_RD = 1 << 2,
	DGRAM_F_SHUT_WR = 1 << 3,
	DGRAM_F_PICKED = 1 << 4,      /* the port was chosen for it, not by bind() */
	DGRAM_F_ADDR_PICKED = 1 << 5, /* the local address was chosen by connect() */
	DGRAM_F_NO_LOOP = 1 << 6,     /* IP_MULTICAST_LOOP is off */
	DGRAM_F_OWN_GROUPS = 1 << 7,  /* IP_MULTICAST_ALL is off */
	DGRAM_F_NO_LOOP6 = 1 << 8,    /* the same of IPv6 */
	DGRAM_F_OWN_GROUPS6 = 1 << 9,
};

/* What is told beside a datagram, as control messages, and in which ways it is given. */
enum dgram_wants {
	DGRAM_WANTS_PKTINFO = 1 << 0,
	DGRAM_WANTS_TTL = 1 << 1,
	DGRAM_WANTS_TOS = 1 << 2,
	DGRAM_WANTS_DESTINATION = 1 << 3, /* IP_RECVORIGDSTADDR */
	DGRAM_WANTS_TIME_US = 1 << 4,	  /* SO_TIMESTAMP */
	DGRAM_WANTS_TIME_NS = 1 << 5,	  /* SO_TIMESTAMPNS */
	DGRAM_WANTS_OVERFLOWS = 1 << 6,	  /* SO_RXQ_OVFL */
	DGRAM_WANTS_ERRORS = 1 << 7,	  /* IP_RECVERR */
	DGRAM_WANTS_RUNS = 1 << 8,	  /* UDP_GRO */
	/* Of IPPROTO_IPV6, which a socket of both families has beside those of IPPROTO_IP. */
	DGRAM_WANTS_PKTINFO6 = 1 << 9,
	DGRAM_WANTS_HOPLIMIT = 1 << 10,
	DGRAM_WANTS_TCLASS = 1 << 11,
	DGRAM_WANTS_DESTINATION6 = 1 << 12,
	DGRAM_WANTS_ERRORS6 = 1 << 13,
};

/* All [W]. */
struct dgram {
	struct sock sock;
	struct ip_addr laddr;	 /* unspecified: any */
	struct ip_addr faddr;	 /* connected: the peer */
	uint16_t lport, fport;	 /* host order, 0: none; of a ping socket the identifier */
	uint16_t flags;		 /* enum dgram_flags */
	uint16_t wants;		 /* enum dgram_wants */
	uint8_t mcast_ttl;	 /* 0: to our own sockets alone */
	uint8_t mcast_hops;	 /* the same of IPv6 */
	uint8_t mcast_iface;	 /* IP_MULTICAST_IF: number from 1 on, 0: as the routes say */
	uint8_t mcast_iface6;	 /* IPV6_MULTICAST_IF */
	uint8_t mtu_discover;	 /* IP_MTU_DISCOVER */
	uint8_t mtu_discover6;	 /* IPV6_MTU_DISCOVER */
	bool whole6;		 /* IPV6_DONTFRAG: nothing is fragmented */
	uint32_t mcast_addr;	 /* its address, as told, network order */
	uint32_t overflows;	 /* datagrams dropped because the buffer was full */
	uint32_t rcvbuf, sndbuf; /* bytes; the latter is told and bounds nothing */
	uint32_t queued_bytes;	 /* charged: whole buffers */
	uint32_t queued;	 /* datagrams */
	struct rte_mbuf *qhead, *qtail;
	struct route_cache route; /* to route_dst from route_src */
	struct ip_addr route_dst, route_src;
	uint16_t route_port; /* the peer's, if several paths lead there */
	bool route_several;
	struct list_node groups; /* struct membership */
	struct list_node errors; /* struct dgram_error, oldest first */
	unsigned error_count;
	struct zc_queue *zc;	 /* sends by reference */
	struct tx_waiter waiter; /* not writable: for room on the way out */
};

/* What the socket says of fragments of a family; the numbers are the same in both. */
static inline uint8_t dgram_discover(const struct dgram *d, uint8_t family)
{
	return NSK_LIKELY(family == AF_INET) ? d->mtu_discover : d->mtu_discover6;
}

static inline struct dgram *dgram_of(struct sock *s)
{
	return NSK_CONTAINER_OF(s, struct dgram, sock);
}

/* ---- life and addresses: dgram.c ---- */

/* Sets a fresh socket, all zero before: nothing queued, writable, options as by default. */
void dgram_init(struct dgram *d, struct nsk_worker *w, const struct sock_ops *ops, uint8_t domain);
/* Frees what hangs off it; its protocol frees it. */
void dgram_fini(struct dgram *d);

/* A socket as control tools show it. */
struct dgram_row {
	uint8_t type;		     /* SOCK_DGRAM, SOCK_RAW */
	struct ip_addr laddr, faddr; /* faddr: family 0 unless connected */
	uint16_t lport, fport;
	uint32_t queued_bytes;
	uint32_t rcvbuf;
};

void dgram_row(const struct dgram *d, struct dgram_row *row);

/* What may be bound: a host's own address, any, or one that many listen to. 0, or as scope_bind().
 */
int dgram_may_bind(const struct nsk_worker *w, const struct sock_end *own);
/* The socket gets a name, and loses it; its protocol keeps its tables. */
void dgram_set_name(struct dgram *d, const struct sock_end *own);
void dgram_clear_name(struct dgram *d);
/* False for broadcast addresses unless the socket has SO_BROADCAST. */
bool dgram_may_send_to(const struct dgram *d, const struct ip_addr *dst);
/* The way to a destination as net_route(), to a group by an interface (number, 0: any). */
int dgram_find_way(const struct dgram *d, struct route_cache *rc, unsigned iface,
		   const struct ip_addr *dst, uint16_t port, struct ip_addr *src);
/* Finds the way to a destination, keeping it for the next datagram. 0 or -errno as net_route(),
 * -EAFNOSUPPORT: the socket is bound to an address of the other family. */
int dgram_route(struct dgram *d, const struct ip_addr *dst, uint16_t port, struct ip_addr *src);
/* The same for connect(), which sends nothing yet, so that a silent next hop is no error; to the
 * link that the address names. */
int dgram_route_later(struct dgram *d, const struct sock_end *to, struct ip_addr *src);

/* True for connect()'s way to say that there is a peer no more. */
bool dgram_names_nobody(const struct sockaddr *sa, socklen_t len);
/* Whom to connect to: 0, as sock_addr_in(), -EACCES (a broadcast without SO_BROADCAST). */
int dgram_peer_in(const struct dgram *d, struct sock_end *peer, const struct sockaddr *sa,
		  socklen_t len);
/* Connected, from src if it has no address of its own; and back. The caller keeps its tables. */
void dgram_set_peer(struct dgram *d, const struct ip_addr *src, const struct sock_end *peer);
void dgram_clear_peer(struct dgram *d);

/* Rows of sock_ops. */
int dgram_shutdown(struct sock *s, int how);
struct zc_queue **dgram_zc_queue(struct sock *s, bool make);
int dgram_getname(struct sock *s, enum sock_name which, struct sockaddr *sa, socklen_t *len);

/* ---- the queue: queue.c ---- */

/*
 * A datagram for the application: decoded, its descriptor's pay_off and pay_len say what is given.
 * Else why not, which the socket has counted, and m is still the caller's: full, as its buffer is,
 * or all queues of the worker together are. The first datagram is taken however small the buffer.
 */
enum nsk_drop dgram_enqueue(struct dgram *d, struct rte_mbuf *m, enum nsk_drop full);
/* Takes the oldest datagram out of the queue; the caller owns it. */
struct rte_mbuf *dgram_queue_pop(struct dgram *d);
/* Frees what is queued. */
void dgram_queue_purge(struct dgram *d);

/* ---- receiving: recv.c, rows of sock_ops ---- */

ssize_t dgram_recvmsg(struct sock *s, struct msghdr *msg, int flags);
int dgram_zc_recv(struct sock *s, struct rte_mbuf **bufs, unsigned max);
void dgram_zc_msg(struct sock *s, struct rte_mbuf *buf, struct msghdr *msg);
int dgram_ioctl(struct sock *s, unsigned long request, int *value);

/* ---- control messages: control.c ---- */

/* What one that goes with a datagram to be sent asks for, beside what the socket says; all of it is
 * set before. */
struct dgram_manner {
	struct ip_addr src; /* family 0: not asked for */
	unsigned iface;	    /* number from 1 on, 0: any */
	uint8_t ttl;	    /* 0: default of settings */
	uint8_t tos;
	uint16_t segment; /* UDP_SEGMENT */
};
/* Of a datagram to an address of family; 0, -EINVAL (what does not exist or makes no sense),
 * -EFAULT. */
int dgram_control_read(const struct dgram *d, const struct msghdr *msg, uint8_t family,
		       struct dgram_manner *how);
/* Fills msg's control buffer with what the socket wants to know of a datagram; run: UDP_GRO's size
 * of each, 0: it is one. MSG_CTRUNC in msg_flags if it does not fit. */
void dgram_control_write(const struct dgram *d, struct rte_mbuf *m, unsigned run,
			 struct msghdr *msg);

/* ---- errors: errors.c ---- */

struct dgram_sending;

/* The pending error as sock_take_error(); EPOLLERR stays while the error queue has entries. */
static inline int dgram_take_error(struct dgram *d)
{
	int err = sock_take_error(&d->sock);

	if (d->error_count)
		d->sock.ready |= EPOLLERR;
	return err;
}

/* Whether the socket keeps errors about datagrams of a family. */
static inline bool dgram_wants_errors(const struct dgram *d, uint8_t family)
{
	return d->wants & (family == AF_INET6 ? DGRAM_WANTS_ERRORS6 : DGRAM_WANTS_ERRORS);
}

/* An error that ICMP told of a datagram of ours, whose own header has skip bytes: kept with
 * IP_RECVERR, and the socket's error. */
void dgram_error(struct dgram *d, const struct ip_error *e, uint16_t skip);
/* What it names as the path's MTU, if it names one, kept whether or not the socket is told;
 * dgram_error() does it as well. */
void dgram_learn_mtu(struct dgram *d, const struct ip_error *e);
/* With IP_RECVERR: keeps that a datagram to a port was longer than the MTU. */
void dgram_error_too_long(const struct dgram_sending *x, uint16_t port);
/* Forgets all that is queued. */
void dgram_errors_purge(struct dgram *d);
/* recvmsg with MSG_ERRQUEUE. */
ssize_t dgram_errors_recv(struct dgram *d, struct msghdr *msg);

/* ---- groups: groups.c ---- */

/* Whether the socket hears datagrams to the group of a packet, if it is one to a group. */
bool dgram_hears_group(const struct dgram *d, const struct pkt *p);
/* Leaves all groups. */
void dgram_groups_leave(struct dgram *d);

/* A group as options name it. */
struct dgram_group {
	struct ip_addr group;
	struct ip_addr address; /* of the interface, IPv4's way to name it */
	int iface;		/* its number, 0: by the address, or any */
};

/* The interface with a number from 1 on; NULL: there is none. */
struct iface *dgram_iface_numbered(const struct dgram *d, int number);
/* The one that is named, for a group if none is: where its packets go; NULL: there is no such. */
struct iface *dgram_group_iface(const struct dgram *d, const struct dgram_group *g);
/* A member of a group from now on, which hears all of its senders (exclude) or, so far, none. 0,
 * -EINVAL (no group), -ENODEV, -EADDRINUSE (it is), -ENOBUFS, -ENOMEM. */
int dgram_group_join(struct dgram *d, const struct dgram_group *g, bool exclude);
/* 0, -EINVAL, -ENODEV, -EADDRNOTAVAIL (it is no member). */
int dgram_group_leave(struct dgram *d, const struct dgram_group *g);

/*
 * One sender more, or less, that it hears alone or not (exclude). 0, -EINVAL (no group, no member,
 * or one of the other kind), -ENODEV, -EADDRNOTAVAIL (he was named already, or not), -ENOBUFS. The
 * last of those that are heard alone takes the membership along.
 */
int dgram_group_source(struct dgram *d, const struct dgram_group *g, const struct ip_addr *source,
		       bool exclude, bool more);

/* Options; after those of all datagrams. group_options.c */
extern const struct sock_options dgram_group_options;

/* ---- options: options.c ---- */

/* Those of all datagrams; a protocol's own go before. */
extern const struct sock_options dgram_options;

/* A row that is yes or no to something that the socket wants to be told: enum dgram_wants. */
#define DGRAM_WANTS(Level, Name, Wants) \
	SOCK_FLAG(Level, Name, Wants, dgram_get_wants, dgram_set_wants)
int dgram_get_wants(struct sock *s, uint32_t wants);
int dgram_set_wants(struct sock *s, uint32_t wants, int value);

/* ---- sending: send.c ---- */

/* A datagram on its way out: what of it all of one call have in common. */
struct dgram_sending {
	struct dgram *d;
	const struct route_cache *route;
	struct ip_addr dst, src;
	uint16_t port;
	struct dgram_manner how;
};

/* Where the next octet of the application comes from. */
struct dgram_source {
	const struct msghdr *msg;
	size_t piece, off;
};

/* Bytes of all pieces, or -EMSGSIZE: more than max. */
ssize_t dgram_payload_len(const struct msghdr *msg, size_t max);
/* What forbids sending at all. */
int dgram_may_send(struct dgram *d, int flags);
/* The named destination, else the peer, in x, and the link that its address names. */
int dgram_choose_dest(struct dgram_sending *x, const struct msghdr *msg);
/* What the socket says of its datagrams, and then what the message says of this one. */
int dgram_choose_manner(struct dgram_sending *x, const struct msghdr *msg);
/* The way there, the socket's or, in own, one that the message asks for. */
int dgram_choose_way(struct dgram_sending *x, struct route_cache *own);
/* The MTU of a way to a destination: the interface's, or what a router has told this worker. */
uint32_t dgram_path_mtu(const struct dgram *d, const struct route_cache *way,
			const struct ip_addr *dst);
/* What one packet may hold: the path's MTU, or the interface's if the socket does not mind it. */
uint32_t dgram_sending_mtu(const struct dgram_sending *x);
/* Whether an IP packet with len bytes in it is no longer than that. */
bool dgram_fits(const struct dgram_sending *x, size_t len);
/* 0, or -EMSGSIZE: it is, and must not be fragmented. */
int dgram_check_length(const struct dgram_sending *x, size_t len);
/* 0; or -EAGAIN: the transmit queue has no room for n datagrams of len bytes in IP packets, and the
 * socket is not writable until it has. */
int dgram_room(const struct dgram_sending *x, size_t len, size_t n);
/* Room for len bytes in a chain; NULL with *err set. */
struct rte_mbuf *dgram_alloc(const struct dgram_sending *x, size_t len, int *err);
/* Fills a chain that has the room with the next len octets, which are there. Returns the partial
 * sum of the payload if it is wanted, else 0. */
uint32_t dgram_copy_in(struct nsk_worker *w, struct rte_mbuf *m, struct dgram_source *from,
		       size_t len, bool want_sum);
/* Down to IP, and to our own sockets what they hear of it. Consumes m. */
void dgram_output(const struct dgram_sending *x, struct rte_mbuf *m, uint8_t proto);

#endif
