/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A socket as the API sees it: an open description with operations that the protocol supplies. TCP connections, UDP
 * sockets and epoll instances begin with a struct sock. Readiness is a mask that the protocol keeps true at all times.
 *
 * Operations run on the thread that runs the socket's worker (the API layer takes them there), never block, return ≥ 0 or
 * -errno, and never call back into the API.
 */
#ifndef NSK_SOCK_SOCK_H
#define NSK_SOCK_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/compiler.h"
#include "mbuf/worker.h"

struct epoll_item;
struct rte_mbuf;
struct sock;

struct sock_ops {
	int type; /* SOCK_STREAM, SOCK_DGRAM; 0 for an epoll instance */
	int (*bind)(struct sock *s, const struct sockaddr *addr, socklen_t len);
	int (*listen)(struct sock *s, int backlog);
	/* 0 done, -EINPROGRESS started (ready EPOLLOUT tells the end, s->err the result). */
	int (*connect)(struct sock *s, const struct sockaddr *addr, socklen_t len);
	/* 0 and a new socket with one reference, or -EAGAIN. */
	int (*accept)(struct sock *s, struct sock **child);
	/* Bytes taken or -EAGAIN, -EPIPE … The API layer raises no SIGPIPE. name, control and flags as POSIX. */
	ssize_t (*sendmsg)(struct sock *s, const struct msghdr *msg, int flags);
	/* Bytes given, 0 at end of stream, -EAGAIN … sets msg_flags, msg_namelen. MSG_PEEK, MSG_TRUNC, MSG_WAITALL's waiting is
	 * the API layer's. */
	ssize_t (*recvmsg)(struct sock *s, struct msghdr *msg, int flags);
	int (*shutdown)(struct sock *s, int how);
	/* Last reference gone: the protocol ends it in its own time and frees it; s is not to be used any more. */
	void (*close)(struct sock *s);
	int (*getsockopt)(struct sock *s, int level, int name, void *value, socklen_t *len);
	int (*setsockopt)(struct sock *s, int level, int name, const void *value, socklen_t len);
	/* peer: 0 own address, 1 peer's; -ENOTCONN. */
	int (*getname)(struct sock *s, int peer, struct sockaddr *addr, socklen_t *len);
	int (*ioctl)(struct sock *s, unsigned long request, int *value);
	int (*zc_recv)(struct sock *s, struct rte_mbuf **bufs, unsigned max);
	ssize_t (*zc_send)(struct sock *s, struct rte_mbuf *buf);
};

enum sock_flags {
	SOCK_F_NONBLOCK = 1 << 0,
	SOCK_F_REUSEADDR = 1 << 1,
	SOCK_F_REUSEPORT = 1 << 2,
	SOCK_F_KEEPALIVE = 1 << 3,
	SOCK_F_BROADCAST = 1 << 4,
	SOCK_F_EPOLL = 1 << 5, /* an epoll instance */
};

/* 64 bytes: it is part of every connection. All [W]; wake is [A]. */
struct sock {
	const struct sock_ops *ops;
	struct nsk_worker *worker;
	struct epoll_item *items;  /* registrations with epoll instances */
	uint32_t ready;            /* EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP */
	uint32_t wake;             /* futex word for threads asleep in a blocking call: changes with each new readiness */
	uint32_t sleepers;         /* threads asleep on wake */
	uint32_t refs;             /* descriptors (dup) that name this description */
	uint32_t rcvtimeo_ms;      /* 0: for ever */
	uint32_t sndtimeo_ms;
	int16_t err;               /* SO_ERROR, positive errno, cleared by reading it */
	uint8_t flags;             /* enum sock_flags */
	uint8_t family;
	int32_t linger_s;          /* -1: off */
	uint32_t spare;
};
_Static_assert(sizeof(struct sock) <= 72, "part of every connection");

/* Slow half of sock_ready(): epoll lists and sleepers. lib/sock/ready.c */
void sock_notify(struct sock *s, uint32_t bits);

/* The protocol says: these became (or are again, with new data) true. An edge for each call. */
static inline void sock_ready(struct sock *s, uint32_t bits)
{
	s->ready |= bits;
	if (s->items || __atomic_load_n(&s->sleepers, __ATOMIC_RELAXED))
		sock_notify(s, bits);
}

/* The protocol says: these are no longer true. */
static inline void sock_unready(struct sock *s, uint32_t bits)
{
	s->ready &= ~bits;
}

/* Sets a fresh struct sock: one reference, blocking, nothing ready. */
void sock_init(struct sock *s, struct nsk_worker *w, const struct sock_ops *ops, uint8_t family);
/* The protocol frees the memory that holds s: drops its epoll registrations. Called once before free. */
void sock_fini(struct sock *s);

/* How nsk_socket() finds the protocol: one row per (family, type, protocol), table given by lib/stack. */
struct sock_family {
	int domain, type, protocol; /* protocol 0 matches too */
	int (*create)(struct nsk_worker *w, struct sock **s);
};

/* Options of level SOL_SOCKET that live in struct sock; -ENOPROTOOPT if not one of them. lib/sock/options.c */
int sock_getsockopt(struct sock *s, int level, int name, void *value, socklen_t *len);
int sock_setsockopt(struct sock *s, int level, int name, const void *value, socklen_t len);

/* What lib/sock keeps per worker. */
struct sock_worker;
int sock_worker_init(struct nsk_worker *w, const struct sock_family *families, unsigned count);
/* Closes what is still open on the worker (descriptors included) and frees. */
void sock_worker_fini(struct nsk_worker *w);

/* The thread's worker and stack (the one allowed piece of thread state). */
struct nsk_worker *sock_current(void);
void sock_set_current(struct nsk_worker *w);

#endif
