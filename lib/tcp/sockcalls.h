/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Socket calls on TCP sockets: rows of sock_ops that are not in listen.h or close.h. They only mark
 * work; the turn's end does it. Contracts as in sock/sock.h.
 */
#ifndef NSK_TCP_SOCKCALLS_H
#define NSK_TCP_SOCKCALLS_H

#include "tcp/conn.h"

extern const struct sock_ops tcp_sock_ops;
/* Those of a connection with a mark in what it receives; see urgent.h. */
extern const struct sock_ops tcp_marked_ops;

/* bind.c */
int tcp_bind(struct sock *s, const struct sockaddr *addr, socklen_t len);
int tcp_getname(struct sock *s, enum sock_name which, struct sockaddr *addr, socklen_t *len);
/* Gives a socket without a port one of our choice. 0, -EADDRINUSE, -ENOBUFS. */
int tcp_autobind(struct nsk_worker *w, struct tcp_conn *c);

/* connect.c */
int tcp_connect(struct sock *s, const struct sockaddr *addr, socklen_t len);
int tcp_connected(struct sock *s);
/* The same as tcp_connect(), but its SYN, in SYN-SENT: 0 or -errno. */
int tcp_open(struct sock *s, const struct sockaddr *addr, socklen_t len);

/* stream.c */
ssize_t tcp_sendmsg(struct sock *s, const struct msghdr *msg, int flags);
ssize_t tcp_recvmsg(struct sock *s, struct msghdr *msg, int flags);
/* Octets that fit a message's buffers. */
size_t tcp_msg_room(const struct msghdr *msg);
/* Puts n octets, which fit, at their beginning. */
void tcp_msg_put(const struct msghdr *msg, const uint8_t *p, size_t n);
/* tcp_recvmsg() of at most so many octets, skip octets in, which is for MSG_PEEK alone. */
ssize_t tcp_stream_recvmsg(struct sock *s, struct msghdr *msg, int flags, uint32_t skip,
			   uint32_t most);
ssize_t tcp_send(struct sock *s, const void *buf, size_t len, int flags);
ssize_t tcp_recv(struct sock *s, void *buf, size_t room);
int tcp_ioctl(struct sock *s, unsigned long request, int *value);
/* What stops an empty receive queue from being filled: 0 end of stream, -EAGAIN nothing, others. */
ssize_t tcp_recv_status(struct sock *s);
/* What forbids sending: 0 nothing does. */
int tcp_send_status(struct sock *s);
/* Readiness after data was taken out of the receive queue, and the window that goes with it. */
void tcp_recv_done(struct nsk_worker *w, struct tcp_conn *c, uint32_t len);
/* A write found no room: not writable until there is some. */
void tcp_no_room(struct nsk_worker *w, struct tcp_conn *c);
/* Readiness and output after data was put into the send queue; all: there was room for all. */
void tcp_send_done(struct nsk_worker *w, struct tcp_conn *c, bool all, bool more);

/* urgent_recv.c */
ssize_t tcp_marked_recvmsg(struct sock *s, struct msghdr *msg, int flags);
int tcp_marked_zc_recv(struct sock *s, struct rte_mbuf **bufs, unsigned max);
bool tcp_at_mark(struct sock *s, size_t ahead);
/* recv() with MSG_OOB: 1, 0 at the end of the stream or without room; -EINVAL: there is none, it is
 * in line, or was given; -EAGAIN: it has not come yet. */
ssize_t tcp_recv_urgent(struct sock *s, struct msghdr *msg, int flags);
/* SIOCINQ: octets before the mark, if there is one and the urgent octet is out of line. */
uint32_t tcp_readable_octets(const struct tcp_conn *c);

/* sockopt.c */
extern const struct sock_options tcp_options;

/* info.c: fills at most *len bytes with Linux's struct tcp_info. */
void tcp_info_get(const struct nsk_worker *w, const struct tcp_conn *c, void *value,
		  socklen_t *len);

/* move.c */
int tcp_move(struct sock *s, struct nsk_worker *to, struct sock_journey *journey);

/* zc.c */
int tcp_zc_recv(struct sock *s, struct rte_mbuf **bufs, unsigned max);
ssize_t tcp_zc_send(struct sock *s, struct rte_mbuf *buf);
struct zc_queue **tcp_zc_queue(struct sock *s, bool make);
/* As sndq_write(), but what can go by reference for the call under way (the worker's zc_send) does
 * so; adds to copied what does not. */
size_t tcp_zc_write(struct nsk_worker *w, struct tcp_conn *c, const uint8_t *p, size_t len,
		    size_t *copied);

#endif
