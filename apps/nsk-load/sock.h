/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Load over sockets and epoll: one loop for the stack's calls and the kernel's, which differ in a
 * table.
 */
#ifndef NSK_APPS_NSK_LOAD_SOCK_H
#define NSK_APPS_NSK_LOAD_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "nsk-load/load.h"
#include "nsk-load/pattern.h"
#include "nsk-load/schedule.h"
#include "nsk-load/ticker.h"
#include "nsk-load/work.h"

/* The calls, as POSIX has them. */
struct sock_calls {
	int (*socket)(int domain, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *addr, socklen_t len);
	int (*connect)(int fd, const struct sockaddr *addr, socklen_t len);
	int (*close)(int fd);
	ssize_t (*send)(int fd, const void *buf, size_t len, int flags);
	ssize_t (*recv)(int fd, void *buf, size_t len, int flags);
	int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *len);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t len);
	int (*epoll_create1)(int flags);
	int (*epoll_ctl)(int epfd, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(int epfd, struct epoll_event *events, int max, int timeout_ms);
	/* Bulk data by reference, at most max bytes of the pattern from an offset on; NULL: by
	 * send. As send returns. */
	ssize_t (*send_zc)(int fd, const struct pattern *pattern, uint64_t offset, uint64_t max);
	int wait_ms; /* longest sleep in epoll_wait when nothing is due by the clock */
	bool dear;   /* a call costs more than a look at the clock: look at each event */
};

enum sconn_state {
	SCONN_CLOSED,
	SCONN_BACKOFF,
	SCONN_CONNECTING,
	SCONN_IDLE,
	SCONN_BUSY,
	SCONN_THINK
};

#define SCONN_TIMED  0x01 /* is in the ticker */
#define SCONN_PARKED 0x02 /* is in the queue of idle ones */

struct sconn {
	int fd;
	uint8_t state, flags;
	uint16_t unused;
	uint32_t due;	   /* tick */
	uint32_t requests; /* begun, for the tag */
	struct answer answer;
	uint64_t start_ns;
	uint64_t sent, received; /* of the request, or of the bulk stream */
};

#define SOCK_BUFFER 262144u

struct sock {
	const struct sock_calls *calls;
	struct load *load;
	const struct options *o;
	struct result *result;
	unsigned worker;
	struct work work;
	struct pattern *pattern;
	struct schedule plan;
	struct ticker ticker;
	struct sconn *conn;
	uint32_t nslots;
	int epfd;
	uint64_t now_ns;
	uint32_t now_tick;
	uint32_t sweep;
	uint64_t drain_until_ns;
	bool draining;
	uint8_t *buffer;  /* SOCK_BUFFER bytes: what was received */
	uint8_t *request; /* one with its tag */
};

/* Runs one loading thread to its end. */
void sock_run(struct load *load, unsigned worker, const struct sock_calls *calls);

/* ---- sock_conn.c: a connection's steps; see lean.h for the like-named ones */
void sconn_open(struct sock *s, uint32_t slot, uint64_t due_ns);
void sconn_event(struct sock *s, uint32_t slot, uint32_t events);
void sconn_request(struct sock *s, uint32_t slot, uint64_t due_ns);
void sconn_end(struct sock *s, uint32_t slot);
void sconn_failed(struct sock *s, uint32_t slot, enum load_error error);
uint32_t sconn_timeout(void *sock, uint32_t slot);
void sconn_arm(struct sock *s, uint32_t slot, uint32_t ticks);
/* The kind of error that an errno of a socket is; one of no kind is remembered. */
enum load_error sconn_error(struct sock *s, int err, bool connecting);

/* ---- sock_bulk.c */
void sbulk_begin(struct sock *s, uint32_t slot);
void sbulk_event(struct sock *s, uint32_t slot, uint32_t events);

static inline void sock_time(struct sock *s)
{
	s->now_ns = program_now();
	s->now_tick = ticker_of(s->now_ns);
}

static inline uint64_t sconn_tag(const struct sconn *c, uint32_t slot)
{
	return work_tag(slot, c->requests);
}

#endif
