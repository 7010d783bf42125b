/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP Fast Open (RFC 7413): data in the SYN, which the application has before the handshake is
 * over. API, settings and what RFCs leave open as in Linux.
 *
 * fastopen_listen.c: a listener with TCP_FASTOPEN gives cookies to clients that ask for one; a SYN
 * with a good cookie becomes a connection at once, in SYN-RECEIVED, that can be accepted, read from
 * and written to. Any other SYN becomes an embryo as always, and so do all while too many such
 * connections wait for their handshake.
 *
 * fastopen_connect.c: a client remembers the cookies that servers gave it, and puts one and data
 * into its first SYN (MSG_FASTOPEN, TCP_FASTOPEN_CONNECT).
 *
 * None of it is reached by sockets that have nothing to do with it: state hangs off struct tcp_ext.
 */
#ifndef NSK_TCP_FASTOPEN_H
#define NSK_TCP_FASTOPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "tcp/conn.h"
#include "tcpalg/fastopen.h"
#include "wire/family.h"

/* Bits of the setting tcp.fastopen, numbers of Linux's net.ipv4.tcp_fastopen. */
enum fastopen_setting {
	FASTOPEN_CLIENT = 0x1,
	FASTOPEN_SERVER = 0x2,
	FASTOPEN_CLIENT_NO_COOKIE = 0x4,
	FASTOPEN_SERVER_NO_COOKIE = 0x200,
	FASTOPEN_ALL_LISTENERS = 0x400, /* as many requests as the backlog says */
};

/* Bits of tcp_ext.fastopen_bits. */
enum fastopen_bits {
	FASTOPEN_NO_COOKIE = 1 << 0, /* TCP_FASTOPEN_NO_COOKIE */
	FASTOPEN_SYN_DATA = 1 << 1,  /* data was in the SYN, and taken */
	FASTOPEN_CONNECT = 1 << 2,   /* TCP_FASTOPEN_CONNECT */
	FASTOPEN_FAIL = 3 << 4,	     /* tcpi_fastopen_client_fail */
};
#define FASTOPEN_FAIL_SHIFT 4

/* What the SYN of our attempt has. */
enum fastopen_syn {
	FASTOPEN_PLAIN, /* nothing of Fast Open */
	FASTOPEN_WAITS, /* connect() has said that all is well; the SYN leaves with the first write
			 */
	FASTOPEN_FIRST, /* an option, data, or both; it has not left */
	FASTOPEN_OUT,	/* the same; it has, and those that follow are plain */
};

/* What a socket has that listens with Fast Open, or will, or opens a connection with it. */
struct tcp_fastopen {
	uint8_t syn;		      /* enum fastopen_syn; in SYN-SENT */
	bool option;		      /* the SYN has it; false: data without a cookie */
	struct tcp_cookie cookie;     /* of the SYN */
	uint32_t most;		      /* requests at once; 0: off */
	uint32_t count;		      /* of the lists */
	struct list_node requests;    /* connections in SYN-RECEIVED */
	struct list_node resets;      /* those that a RST ended, the first one first */
	struct fastopen_keys own_key; /* TCP_FASTOPEN_KEY; none: the stack's */
};

/* A connection that began with its SYN's data and waits for the end of its handshake; afterwards,
 * if a RST was that, alone. */
struct fastopen_request {
	struct list_node node;
	struct tcp_fastopen *of; /* NULL: the listener has ended */
	uint32_t reset_ms;
	bool tell; /* the first SYN,ACK has a new cookie */
};

/* The connection came of a SYN with a good cookie, and waits for its handshake's last ACK. */
static inline bool fastopen_early(const struct tcp_conn *c)
{
	return c->ext && c->ext->request;
}

/* Our SYN waits for the first write. */
static inline bool fastopen_waits(const struct tcp_conn *c)
{
	return c->state == TCPS_SYN_SENT && c->ext && c->ext->fastopen &&
	       c->ext->fastopen->syn == FASTOPEN_WAITS;
}

/* No cookie travels by an interface that does not take the longest header that a SYN may have. */
static inline bool fastopen_fits(const struct iface *ifc, uint8_t family)
{
	return ifc->mtu >= (uint32_t)family_of(family)->hdr_len + TCP_HLEN_MAX;
}

/* ---- fastopen_listen.c ---- */

/*
 * A SYN in LISTEN, when there is room for an embryo. True: a connection has come of it, and m is
 * consumed. False: it is to become an embryo; p->opts has the option still if the SYN,ACK is to
 * have a cookie.
 */
bool tcp_fastopen_syn(struct nsk_worker *w, struct tcp_conn *l, struct rte_mbuf *m, uint64_t hash,
		      uint32_t iss);

/* The cookie of a flow for its peer. False: the listener gives none. */
bool tcp_fastopen_cookie(struct nsk_worker *w, const struct tcp_conn *l, const struct flow *f,
			 uint8_t family, struct tcp_cookie *cookie);

/* fastopen_early(): the peer's SYN again. True if it is that, and answered or not; m is still the
 * caller's. */
bool tcp_fastopen_syn_again(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p);

/* fastopen_early() is over: reset is how. */
void tcp_fastopen_end(struct nsk_worker *w, struct tcp_conn *c, bool reset);

/* fastopen_early(): the cookie of a SYN,ACK that leaves now. False: it has none. */
bool tcp_fastopen_tell(struct nsk_worker *w, struct tcp_conn *c, struct tcp_cookie *cookie);

/* c->ext->fastopen, made if there is none; NULL without memory. */
struct tcp_fastopen *tcp_fastopen_of(struct nsk_worker *w, struct tcp_conn *c);

/* c begins to listen, ceases to, or is freed. */
void tcp_fastopen_listen(struct nsk_worker *w, struct tcp_conn *c, uint32_t backlog);
void tcp_fastopen_stop(struct nsk_worker *w, struct tcp_conn *c);
void tcp_fastopen_free(struct nsk_worker *w, struct tcp_conn *c);

/* ---- fastopen_connect.c ---- */

/* MSG_FASTOPEN: connects to the name of the message. Octets that the SYN takes of it; -EINPROGRESS:
 * none, but there is a SYN; else -errno, and there is none. */
ssize_t tcp_fastopen_sendmsg(struct sock *s, const struct msghdr *msg);

/* The SYN of connect() with TCP_FASTOPEN_CONNECT: -EINPROGRESS, or 0 if it is to wait. */
int tcp_fastopen_connect(struct nsk_worker *w, struct tcp_conn *c);
/* fastopen_waits() is over, with these octets, or none. As tcp_fastopen_sendmsg(). */
ssize_t tcp_fastopen_deferred(struct sock *s, const struct msghdr *msg);

/* c has an extension and sends a SYN or SYN,ACK: writes what follows the other options, and payload
 * behind it. The length of the former; the latter's into *len, the sum of both onto *sum. */
unsigned tcp_fastopen_write(struct nsk_worker *w, struct tcp_conn *c, uint8_t *p, uint32_t *len,
			    uint64_t *sum);

/* Our SYN is acknowledged by p, or never will be. c->ext->fastopen is there. */
void tcp_fastopen_opened(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p);
void tcp_fastopen_ended(struct nsk_worker *w, struct tcp_conn *c, int err);
/* In SYN-SENT the peer's SYN has come: if ours has not left, the SYN,ACK has nothing of it. As
 * above. */
void tcp_fastopen_crossed(struct nsk_worker *w, struct tcp_conn *c);

void tcp_fastopen_cache_free(struct nsk_worker *w);

/* ---- rows of the table of socket options, see sockopt.c ---- */

/* What the options of one bit have in common; -ENOBUFS without memory. */
int tcp_fastopen_set_bit(struct nsk_worker *w, struct tcp_conn *c, enum fastopen_bits bit, bool on);

int tcp_fastopen_get_connect(struct sock *s);
int tcp_fastopen_set_connect(struct sock *s, int v);
int tcp_fastopen_get_most(struct sock *s);
int tcp_fastopen_set_most(struct sock *s, int v);
int tcp_fastopen_get_no_cookie(struct sock *s);
int tcp_fastopen_set_no_cookie(struct sock *s, int v);
int tcp_fastopen_get_key(struct sock *s, void *value, socklen_t *len);
int tcp_fastopen_set_key(struct sock *s, const void *value, socklen_t len);

#endif
