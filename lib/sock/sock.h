/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A socket as the API sees it: an open description with operations that the protocol supplies. TCP
 * connections, UDP sockets and epoll instances begin with a struct sock. Readiness is a mask that
 * the protocol keeps true at all times.
 *
 * Operations run on the thread that runs the socket's worker (the API layer takes them there),
 * never block, return ≥ 0 or -errno, and never call back into the API.
 */
#ifndef NSK_SOCK_SOCK_H
#define NSK_SOCK_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/compiler.h"
#include "mbuf/worker.h"
#include "sock/option.h"

struct epoll_item;
struct rte_mbuf;
struct sock;
struct sock_journey;
struct zc_queue;

/* Whose name. */
enum sock_name {
	SOCK_NAME_OWN,
	SOCK_NAME_PEER,
	SOCK_NAME_ACCEPTED, /* the peer's, of a new connection that may be over already */
};

/*
 * What a protocol can do. sendmsg, recvmsg and close must be there; a missing other one makes the
 * call fail with EOPNOTSUPP (ioctl: ENOTTY).
 */
struct sock_ops {
	int type; /* SOCK_STREAM, SOCK_DGRAM, SOCK_RAW; 0 for an epoll instance */
	int protocol;
	int (*bind)(struct sock *s, const struct sockaddr *addr, socklen_t len);
	int (*listen)(struct sock *s, int backlog);
	/*
	 * 0 done, -EINPROGRESS started (EPOLLOUT, EPOLLERR or EPOLLHUP becomes ready at the end and
	 * s->err is the result), -EALREADY still going on, -EISCONN; 0 once between the last two.
	 * While it is going on EPOLLOUT is not ready.
	 */
	int (*connect)(struct sock *s, const struct sockaddr *addr, socklen_t len);
	/*
	 * What came of it: 0 it stands, or stood, -EAGAIN still going on, else why it failed, which
	 * this takes out of s->err: afterwards the socket is as before the attempt. Must be there
	 * if connect ever says that it started.
	 */
	int (*connected)(struct sock *s);
	/* 0 and a new socket with one reference, or -EAGAIN. A listener with an entry is EPOLLIN.
	 */
	int (*accept)(struct sock *s, struct sock **child);
	/*
	 * Bytes taken or -EAGAIN, -EPIPE … The API layer raises no SIGPIPE. name, control and flags
	 * as POSIX; MSG_DONTWAIT and MSG_NOSIGNAL may be there and mean nothing here. A blocking
	 * call waits for room if EPOLLOUT is not ready upon -EAGAIN; if it is, that is its result.
	 */
	ssize_t (*sendmsg)(struct sock *s, const struct msghdr *msg, int flags);
	/*
	 * Bytes given, 0 at end of stream, -EAGAIN … sets msg_flags, msg_controllen and, if there
	 * is a msg_name, msg_namelen (0: no name); the API layer restores them on failure.
	 * MSG_PEEK, MSG_TRUNC, MSG_OOB as recv(2); MSG_WAITALL's waiting is the API layer's.
	 */
	ssize_t (*recvmsg)(struct sock *s, struct msghdr *msg, int flags);
	/*
	 * The same for one buffer without name or control, the way of nsk_send() and nsk_recv();
	 * may be missing, also from one call to the next. send: flags as sendmsg but MSG_OOB.
	 * recv: no flags.
	 */
	ssize_t (*send)(struct sock *s, const void *buf, size_t len, int flags);
	ssize_t (*recv)(struct sock *s, void *buf, size_t len);
	int (*shutdown)(struct sock *s, int how);
	/* Last reference gone: the protocol ends it in its own time and frees it; s is not to be
	 * used any more. It has no epoll registrations by now. */
	void (*close)(struct sock *s);
	const struct sock_options *options; /* NULL: those of all sockets */
	/* -ENOTCONN: there is no peer. */
	int (*getname)(struct sock *s, enum sock_name which, struct sockaddr *addr, socklen_t *len);
	/* FIONREAD (SIOCINQ), TIOCOUTQ (SIOCOUTQ), SIOCOUTQNSD, SIOCATMARK; -ENOTTY for others. */
	int (*ioctl)(struct sock *s, unsigned long request, int *value);
	/*
	 * s goes on at another worker of its stack: sock_arrives() there, then sock_departs() here,
	 * and s is freed. Until then it is as it was, and so it stays upon -errno. Others may run
	 * on s's worker meanwhile, but nothing of s.
	 */
	int (*move)(struct sock *s, struct nsk_worker *to, struct sock_journey *journey);
	int (*zc_recv)(struct sock *s, struct rte_mbuf **bufs, unsigned max);
	/* What recvmsg tells of a datagram that zc_recv has given, but for its payload. */
	void (*zc_msg)(struct sock *s, struct rte_mbuf *buf, struct msghdr *msg);
	ssize_t (*zc_send)(struct sock *s, struct rte_mbuf *buf);
	/* Where the queue of sends by reference is kept; NULL: nowhere yet, or with make no memory.
	 * Must be there if sendmsg looks at the worker's zc_send. */
	struct zc_queue **(*zc_queue)(struct sock *s, bool make);
	/* A stream's urgent mark, at which reads end, is ahead octets further on than what was
	 * read. Missing: there is no mark. */
	bool (*at_mark)(struct sock *s, size_t ahead);
};

enum sock_flags {
	SOCK_F_NONBLOCK = 1 << 0,
	SOCK_F_REUSEADDR = 1 << 1,
	SOCK_F_REUSEPORT = 1 << 2,
	SOCK_F_KEEPALIVE = 1 << 3,
	SOCK_F_BROADCAST = 1 << 4,
	SOCK_F_EPOLL = 1 << 5,	/* an epoll instance */
	SOCK_F_LISTEN = 1 << 6, /* SO_ACCEPTCONN: set by the API layer when listen succeeded,
				 * cleared by the protocol when that ends */
	SOCK_F_ZEROCOPY = 1 << 7,
};

/*
 * The family that the application sees and the one on the wire need not be the same: a socket of
 * AF_INET6 also speaks IPv4 (RFC 3493 §3.7), whose addresses it shows as ::ffff:a.b.c.d. Inside
 * they are IPv4's; sock_addr_in() and sock_addr_out() alone turn one form into the other.
 */
enum sock_six {
	SOCK_SIX_API = 1 << 0,	/* a socket of AF_INET6 */
	SOCK_SIX_ONLY = 1 << 1, /* IPV6_V6ONLY: and of nothing else */
};

/* A timeout that was set to less than nothing. */
#define SOCK_TIMEO_NONE UINT32_MAX

/* Part of every connection. All [W]. */
struct sock {
	const struct sock_ops *ops;
	struct nsk_worker *worker;
	struct epoll_item *items; /* registrations with epoll instances and sleeping threads */
	int32_t fd;		  /* one of the descriptors that name it, -1: none (handle.c) */
	uint32_t rcvtimeo_ms;	  /* 0: for ever, SOCK_TIMEO_NONE: not at all */
	uint32_t sndtimeo_ms;
	uint16_t ready;	  /* EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP and synonyms */
	uint16_t refs;	  /* descriptors (dup, SOCK_DUPS_MAX), and blocking calls under way */
	int16_t linger_s; /* -1: off */
	uint8_t tos;	  /* IP_TOS, IPV6_TCLASS of what is sent */
	uint8_t ttl;	  /* IP_TTL, IPV6_UNICAST_HOPS of what is sent to one, 0: of settings */
	uint8_t six;	  /* enum sock_six */
	/* A stream's on the wire, AF_INET6 while that is open; of datagrams each address has its
	 * own, and this is the socket's. */
	uint8_t family;
	uint8_t err;   /* SO_ERROR, positive errno, cleared by reading it */
	uint8_t flags; /* enum sock_flags */
};
_Static_assert(sizeof(struct sock) <= 48, "part of every connection");

/* References beyond which there are no more descriptors: what is left is for calls that wait. */
#define SOCK_DUPS_MAX 32768u

/* Conditions with their synonyms: EPOLLIN is EPOLLRDNORM too, EPOLLOUT is EPOLLWRNORM. */
static inline uint32_t sock_synonyms(uint32_t bits)
{
	_Static_assert(EPOLLRDNORM == EPOLLIN << 6 && EPOLLWRNORM == EPOLLOUT << 6, "one shift");
	return bits | (bits & (EPOLLIN | EPOLLOUT)) << 6;
}

/* Slow half of sock_ready(): tells epoll instances and sleepers. */
void sock_notify(struct sock *s, uint32_t bits);

/* Wakes all threads that wait at s, whatever they wait for. */
void sock_wake_watches(struct sock *s);

/* The protocol says: these became (or are again, with new data) true. An edge for each call. */
static inline void sock_ready(struct sock *s, uint32_t bits)
{
	bits = sock_synonyms(bits);
	s->ready |= (uint16_t)bits;
	if (s->items)
		sock_notify(s, bits);
}

/* The protocol says: these are no longer true. */
static inline void sock_unready(struct sock *s, uint32_t bits)
{
	s->ready &= (uint16_t)~sock_synonyms(bits);
}

/* The pending error as -errno, which is told once; 0: none. EPOLLERR stays while a send by
 * reference is over and the application has not been told. */
int sock_take_error(struct sock *s);
/* EPOLLERR was taken away with all else: there again if there is something to be told. */
void sock_untold_ready(struct sock *s);

static inline bool sock_is_six(const struct sock *s)
{
	return s->six & SOCK_SIX_API;
}

/* Of both families. */
static inline bool sock_is_dual(const struct sock *s)
{
	return s->six == SOCK_SIX_API;
}

/* Sets a fresh struct sock: one reference, blocking, nothing ready. six: enum sock_six. */
static inline void sock_init_as(struct sock *s, struct nsk_worker *w, const struct sock_ops *ops,
				uint8_t family, uint8_t six)
{
	*s = (struct sock){
		.ops = ops,
		.worker = w,
		.fd = -1,
		.refs = 1,
		.linger_s = -1,
		.six = six,
		.family = family,
	};
}

/* The same as socket() makes it. */
static inline void sock_init(struct sock *s, struct nsk_worker *w, const struct sock_ops *ops,
			     uint8_t domain)
{
	sock_init_as(s, w, ops, domain, domain == AF_INET6 ? SOCK_SIX_API : 0);
}

/* Slow half of sock_fini(): somebody wants to know about s still. */
void sock_fini_items(struct sock *s);

/* The protocol frees the memory that holds s: drops its epoll registrations. Called once before
 * free. */
static inline void sock_fini(struct sock *s)
{
	if (NSK_UNLIKELY(s->items != NULL))
		sock_fini_items(s);
}

/* One user more. */
static inline void sock_hold(struct sock *s)
{
	s->refs++;
}

/* The last user is gone: the description ends. */
void sock_end(struct sock *s);

/* One user less; the last one closes. s is not to be used any more. */
static inline void sock_put(struct sock *s)
{
	if (--s->refs == 0)
		sock_end(s);
}

/* How nsk_socket() finds the protocol: one row per (family, type, protocol), table given by
 * lib/stack. */
struct sock_family {
	int domain, type, protocol; /* protocol 0 matches too, but for SOCK_RAW */
	int (*create)(struct nsk_worker *w, uint8_t domain, struct sock **s);
};

/* IPV6_V6ONLY; bound: it has a name already, and this is too late (-EINVAL). */
int sock_set_six_only(struct sock *s, bool bound, bool on);

/*
 * A control message behind the used bytes of msg's room, which it makes more. As Linux: what does
 * not fit is cut, and what has not even room for its header is left out. lib/sock/control.c
 */
void sock_control_put(struct msghdr *msg, size_t *used, int level, int type, const void *data,
		      size_t len);

/*
 * The control message behind *c, NULL: the first, of a message to be sent: 1 with *c set, 0 (there
 * is no more), -EINVAL (malformed), -EFAULT (no memory).
 */
int sock_control_next(const struct msghdr *msg, const struct cmsghdr **c);
/* One of SOL_SOCKET: 0, or -EINVAL, there is no such. Those of AF_UNIX mean nothing elsewhere, as
 * in Linux. */
int sock_control_socket(const struct cmsghdr *c);
/* All of a protocol that has none of its own; levels that are not asked for are passed over. 0,
 * -EINVAL, -EFAULT. */
int sock_control_check(const struct msghdr *msg);

/* What an address from the application is for. */
enum sock_addr_use {
	SOCK_ADDR_BIND,
	SOCK_ADDR_CONNECT,
	SOCK_ADDR_SEND,
};

/* One end of what a socket does, as it is on the wire. */
struct sock_end {
	struct ip_addr addr;
	uint32_t scope; /* sin6_scope_id: number of an interface from 1 on, 0: none was named */
	uint16_t port;	/* host order */
};

/* Such an address of the socket's family; IPv4 in mapped form becomes IPv4. 0, -EINVAL (too short;
 * IPv4 to be bound with IPV6_V6ONLY), -EAFNOSUPPORT, -ENETUNREACH (IPv4, but IPV6_V6ONLY).
 * lib/sock/addr.c */
int sock_addr_in(const struct sock *s, enum sock_addr_use use, struct sock_end *end,
		 const struct sockaddr *sa, socklen_t len);
/* An address for the application, as ip_addr_to_sockaddr(), in the form of the socket's family. */
void sock_addr_out(const struct sock *s, const struct ip_addr *a, uint16_t port, uint32_t scope,
		   struct sockaddr *sa, socklen_t *len);
/* True for an address that stands for no peer where one would be named: a datagram goes to the one
 * that the socket has. As Linux, of AF_INET6 alone. */
bool sock_addr_is_nobody(const struct sock *s, const struct sockaddr *sa, socklen_t len);

/*
 * Whether two local addresses of one port are in each other's way: equal, or one of them any, of
 * the same family or of both (dual: a socket of both families has it).
 */
static inline bool sock_addrs_overlap(const struct ip_addr *a, bool a_dual, const struct ip_addr *b,
				      bool b_dual)
{
	if (NSK_UNLIKELY(a->family != b->family))
		return a->family == AF_INET6 ? a_dual && ip_addr_is_any(a)
					     : b_dual && ip_addr_is_any(b);
	return ip_addr_is_any(a) || ip_addr_is_any(b) || ip_addr_eq(a, b);
}

/* What lib/sock keeps per worker. */
struct sock_worker;
/* Limits come from w->set (max_sockets, max_epolls). The table must live as long as the worker.
 * 0 or -errno. */
int sock_worker_init(struct nsk_worker *w, const struct sock_family *families, unsigned count);
/* Closes every descriptor that is still open on the worker. No other thread may use them. */
void sock_worker_close_all(struct nsk_worker *w);
/* The same, then frees; harmless without init. */
void sock_worker_fini(struct nsk_worker *w);
/* Wakes every thread that sleeps in a blocking call on the worker's sockets, so that it sees that
 * the stack is stopping. Runs where the worker runs. */
void sock_wake_all(struct nsk_worker *w);

/* The calling thread runs w from now on; NULL: none. (Thread state: the one allowed piece of it.)
 */
void sock_set_own(struct nsk_worker *w);

/*
 * Stacks that a thread can enter. A thread keeps the place of a stack and a number that no other
 * stack in this place has, never a pointer that could outlive it.
 */
#define SOCK_STACKS 4096
/* From now on a child made by fork() has no descriptors and is in no stack. */
void sock_watch_forks(void);
/* A place ≥ 1 for a stack whose calls without a descriptor go to w; -ENFILE. */
int sock_stack_add(struct nsk_worker *w);
/* Whoever has entered it is in none now. */
void sock_stack_remove(int place);
/* The calling thread enters the stack at a place; 0: it leaves. */
void sock_enter(int place);
/* The calling thread's number as it stands in owner_tid: gettid(), asked once a thread. */
int sock_tid(void);

#endif
