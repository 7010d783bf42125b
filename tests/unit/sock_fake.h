/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker and a protocol that do what a test says: the turn advances the time by a millisecond and
 * runs a hook, calls of other threads wait for the next turn, sockets hold a few bytes that the
 * test puts in and takes out.
 */
#ifndef NSK_TESTS_UNIT_SOCK_FAKE_H
#define NSK_TESTS_UNIT_SOCK_FAKE_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netstk/epoll.h>
#include <netstk/socket.h>

#include "base/mem.h"
#include "base/settings.h"
#include "sock/epoll.h"
#include "sock/handle.h"
#include "sock/item.h"
#include "sock/limit.h"
#include "sock/sock.h"

#define FAKE_BYTES 64
#define FAKE_QUEUE 4
#define TURN_NS	   UINT64_C(1000000)
#define MAILS	   16

/* The call fails with that errno. */
#define assert_errno(call, err)                 \
	do {                                    \
		errno = 0;                      \
		assert_int_equal((call), -1);   \
		assert_int_equal(errno, (err)); \
	} while (0)

/* ---- protocol ------------------------------------------------------------------------------ */

struct fake {
	struct sock sock;
	char in[FAKE_BYTES]; /* what recv gives */
	size_t in_len;
	char out[FAKE_BYTES * 16]; /* what send took */
	size_t out_len;
	size_t room; /* what send will take before it says EAGAIN */
	struct fake *queue[FAKE_QUEUE];
	unsigned queued;
	int connect_rc; /* what connect says */
	int last_flags; /* of the last sendmsg */
	bool eof;
	bool marked; /* there is an urgent mark, mark bytes further on; reads end there */
	size_t mark;
	bool nameless; /* its connection is over: getname fails where it should */
	bool lingers;  /* close leaves it to the test, as TCP leaves a connection to its timers */
};

static unsigned fakes; /* that exist */

static const struct sock_ops fake_stream_ops;

static struct fake *fake_of(struct sock *s)
{
	return (struct fake *)s;
}

static struct fake *fake_new(struct nsk_worker *w, const struct sock_ops *ops)
{
	struct fake *f = calloc(1, sizeof(*f));

	sock_init(&f->sock, w, ops, AF_INET);
	fakes++;
	return f;
}

static int fake_bind(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	(void)s, (void)len;
	return addr->sa_family == AF_INET ? 0 : -EAFNOSUPPORT;
}

static int fake_listen(struct sock *s, int backlog)
{
	(void)s;
	return backlog > 0 ? 0 : -EINVAL;
}

static int fake_connect(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	(void)addr, (void)len;
	return fake_of(s)->connect_rc;
}

static int fake_connected(struct sock *s)
{
	if (!(s->ready & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		return -EAGAIN;
	return sock_take_error(s);
}

static int fake_accept(struct sock *s, struct sock **child)
{
	struct fake *f = fake_of(s);

	if (f->queued == 0)
		return -EAGAIN;
	*child = &f->queue[0]->sock;
	f->queued--;
	memmove(f->queue, f->queue + 1, sizeof(f->queue) - sizeof(f->queue[0]));
	if (f->queued == 0)
		sock_unready(s, EPOLLIN);
	return 0;
}

static ssize_t fake_sendmsg(struct sock *s, const struct msghdr *msg, int flags)
{
	struct fake *f = fake_of(s);
	size_t total = 0, taken = 0;

	if (s->err) {
		int err = s->err;

		s->err = 0;
		return -err;
	}
	f->last_flags = flags;
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		size_t n = NSK_MIN(msg->msg_iov[i].iov_len, f->room - taken);

		total += msg->msg_iov[i].iov_len;
		if (n)
			memcpy(f->out + f->out_len + taken, msg->msg_iov[i].iov_base, n);
		taken += n;
	}
	if (total && taken == 0)
		return -EAGAIN;
	f->out_len += taken;
	f->room -= taken;
	if (f->room == 0)
		sock_unready(s, EPOLLOUT);
	return (ssize_t)taken;
}

static ssize_t fake_recvmsg(struct sock *s, struct msghdr *msg, int flags)
{
	struct fake *f = fake_of(s);
	size_t given = 0, end = f->marked && f->mark ? NSK_MIN(f->mark, f->in_len) : f->in_len;
	bool named = s->ops->type == SOCK_DGRAM && msg->msg_namelen;

	msg->msg_namelen = 0;
	msg->msg_controllen = 0;
	if (f->in_len == 0) {
		int err = s->err;

		s->err = 0;
		return err ? -err : f->eof ? 0 : -EAGAIN;
	}
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		size_t n = NSK_MIN(msg->msg_iov[i].iov_len, end - given);

		memcpy(msg->msg_iov[i].iov_base, f->in + given, n);
		given += n;
	}
	if (named) {
		memset(msg->msg_name, 0, sizeof(sa_family_t));
		msg->msg_namelen = sizeof(sa_family_t);
	}
	if (flags & MSG_PEEK)
		return (ssize_t)given;
	f->marked = f->marked && f->mark >= given;
	f->mark -= given;
	f->in_len -= given;
	memmove(f->in, f->in + given, f->in_len);
	if (f->in_len == 0 && !f->eof)
		sock_unready(s, EPOLLIN);
	return (ssize_t)given;
}

static int fake_shutdown(struct sock *s, int how)
{
	(void)s, (void)how;
	return 0;
}

static void fake_close(struct sock *s)
{
	struct fake *f = fake_of(s);

	if (f->lingers)
		return;
	while (f->queued)
		fake_close(&f->queue[--f->queued]->sock);
	sock_fini(s);
	free(f);
	fakes--;
}

static int fake_getname(struct sock *s, enum sock_name which, struct sockaddr *addr, socklen_t *len)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(which ? 2 : 1)};

	if (fake_of(s)->nameless && which != SOCK_NAME_ACCEPTED)
		return -ENOTCONN;
	memcpy(addr, &sin, NSK_MIN(*len, (socklen_t)sizeof(sin)));
	*len = sizeof(sin);
	return 0;
}

static int fake_ioctl(struct sock *s, unsigned long request, int *value)
{
	(void)request;
	*value = (int)fake_of(s)->in_len;
	return 0;
}

static bool fake_at_mark(struct sock *s, size_t ahead)
{
	return fake_of(s)->marked && fake_of(s)->mark == ahead;
}

static ssize_t fake_send(struct sock *s, const void *buf, size_t len, int flags)
{
	struct iovec iov = {(void *)(uintptr_t)buf, len};

	return fake_sendmsg(s, &(struct msghdr){.msg_iov = &iov, .msg_iovlen = 1}, flags);
}

static ssize_t fake_recv(struct sock *s, void *buf, size_t len)
{
	struct iovec iov = {buf, len};

	return fake_recvmsg(s, &(struct msghdr){.msg_iov = &iov, .msg_iovlen = 1}, 0);
}

static const struct sock_ops fake_stream_ops = {
	.type = SOCK_STREAM,
	.protocol = IPPROTO_TCP,
	.bind = fake_bind,
	.listen = fake_listen,
	.connect = fake_connect,
	.connected = fake_connected,
	.accept = fake_accept,
	.sendmsg = fake_sendmsg,
	.recvmsg = fake_recvmsg,
	.send = fake_send,
	.recv = fake_recv,
	.shutdown = fake_shutdown,
	.close = fake_close,
	.getname = fake_getname,
	.ioctl = fake_ioctl,
	.at_mark = fake_at_mark,
};

/* Only what no protocol may lack. */
static const struct sock_ops fake_dgram_ops = {
	.type = SOCK_DGRAM,
	.protocol = IPPROTO_UDP,
	.sendmsg = fake_sendmsg,
	.recvmsg = fake_recvmsg,
	.close = fake_close,
};

static int fake_create_stream(struct nsk_worker *w, uint8_t domain, struct sock **s)
{
	(void)domain;
	*s = &fake_new(w, &fake_stream_ops)->sock;
	return 0;
}

static int fake_create_dgram(struct nsk_worker *w, uint8_t domain, struct sock **s)
{
	(void)domain;
	*s = &fake_new(w, &fake_dgram_ops)->sock;
	return 0;
}

static const struct sock_family fake_families[] = {
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, fake_create_stream},
	{AF_INET, SOCK_DGRAM, IPPROTO_UDP, fake_create_dgram},
};

/* The fake behind a descriptor. */
static NSK_UNUSED struct fake *fake_at(int fd)
{
	struct handle *h = handle_at(fd);

	if (!h)
		abort();
	return fake_of(handle_sock(h));
}

/* Bytes arrive. */
static NSK_UNUSED void fake_feed(struct fake *f, const char *text)
{
	size_t len = strlen(text);

	assert_true(f->in_len + len <= sizeof(f->in));
	memcpy(f->in + f->in_len, text, len);
	f->in_len += len;
	sock_ready(&f->sock, EPOLLIN);
}

/* The send buffer drains. */
static NSK_UNUSED void fake_room(struct fake *f, size_t room)
{
	f->room = room;
	sock_ready(&f->sock, EPOLLOUT);
}

/* A connection arrives at a listener. */
static NSK_UNUSED struct fake *fake_arrive(struct fake *listener)
{
	struct fake *f = fake_new(listener->sock.worker, &fake_stream_ops);

	listener->queue[listener->queued++] = f;
	sock_ready(&listener->sock, EPOLLIN);
	return f;
}

/* ---- worker -------------------------------------------------------------------------------- */

struct mail {
	int (*fn)(void *arg);
	void *arg;
	int rc;
	bool done;
};

struct world {
	struct nsk_worker w;
	struct mem mem;
	struct settings set;
	struct stack_shared shared;
	void (*on_turn)(struct world *world);
	unsigned turns;
	unsigned woken;
	int stop; /* [A] */
	int fd;	  /* for hooks */
	pthread_mutex_t lock;
	pthread_cond_t answered;
	struct mail *mail[MAILS];
	unsigned mails;
	unsigned refuse; /* so many calls find the ring full */
	int place;	 /* for sock_enter() */
};

static struct world *world_of(const struct nsk_worker *w)
{
	return (struct world *)(uintptr_t)w;
}

static void world_read_clock(struct nsk_worker *w)
{
	(void)w;
}

static bool world_stopping(const struct nsk_worker *w)
{
	return __atomic_load_n(&world_of(w)->stop, __ATOMIC_ACQUIRE);
}

static int world_call(struct nsk_worker *w, int (*fn)(void *arg), void *arg)
{
	struct world *world = world_of(w);
	struct mail m = {.fn = fn, .arg = arg};
	int nobody = 0;

	/* Nobody's: taken for the call. */
	if (__atomic_compare_exchange_n(&w->owner_tid, &nobody, sock_tid(), false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED)) {
		m.rc = fn(arg);
		__atomic_store_n(&w->owner_tid, 0, __ATOMIC_RELEASE);
		return m.rc;
	}
	pthread_mutex_lock(&world->lock);
	if (world->refuse) {
		world->refuse--;
		pthread_mutex_unlock(&world->lock);
		return -EAGAIN;
	}
	world->mail[world->mails++] = &m;
	while (!m.done)
		pthread_cond_wait(&world->answered, &world->lock);
	pthread_mutex_unlock(&world->lock);
	return m.rc;
}

static void world_turn(struct nsk_worker *w)
{
	struct world *world = world_of(w);

	w->in_turn = true;
	w->now_ns += TURN_NS;
	world->turns++;
	pthread_mutex_lock(&world->lock);
	while (world->mails) {
		struct mail *m = world->mail[--world->mails];

		m->rc = m->fn(m->arg);
		m->done = true;
	}
	pthread_cond_broadcast(&world->answered);
	pthread_mutex_unlock(&world->lock);
	if (world->on_turn)
		world->on_turn(world);
	w->in_turn = false;
}

static void world_idle(struct nsk_worker *w, uint64_t until_ns, int kernel_fd, const uint32_t *word)
{
	(void)w, (void)until_ns, (void)kernel_fd, (void)word;
}

static void world_wake(struct nsk_worker *w)
{
	world_of(w)->woken++;
}

static const struct worker_ops world_ops = {
	.turn = world_turn,
	.idle = world_idle,
	.wake = world_wake,
	.read_clock = world_read_clock,
	.call = world_call,
	.stopping = world_stopping,
};

/* The calling thread runs this world's worker, if it is its; calls without a descriptor act there.
 * NULL: it is in none. */
static NSK_UNUSED void world_switch(struct world *world)
{
	sock_set_own(world && world->w.owner_tid == sock_tid() ? &world->w : NULL);
	sock_enter(world ? world->place : 0);
}

/* Whoever turns it: the calling thread gives its worker back. */
static NSK_UNUSED void world_give_back(struct world *world)
{
	world->w.owner_tid = 0;
	world->w.settled = false;
	world_switch(world);
}

/* A worker that the calling thread runs, or nobody. */
static NSK_UNUSED void world_init(struct world *world, bool mine)
{
	memset(world, 0, sizeof(*world));
	mem_init(&world->mem, NULL);
	world->set.max_sockets = 1000;
	world->set.max_epolls = 20;
	world->w.ops = &world_ops;
	world->w.mem = &world->mem;
	world->w.set = &world->set;
	world->w.peers = 1;
	world->w.shared = &world->shared;
	limit_init(&world->shared, &world->set);
	world->w.owner_tid = mine ? sock_tid() : 0;
	world->w.settled = mine;
	pthread_mutex_init(&world->lock, NULL);
	pthread_cond_init(&world->answered, NULL);
	assert_int_equal(sock_worker_init(&world->w, fake_families, NSK_ARRAY_LEN(fake_families)),
			 0);
	world->place = sock_stack_add(&world->w);
	assert_true(world->place > 0);
	world_switch(world);
}

/* Everything that was opened is closed and freed. */
static NSK_UNUSED void world_fini(struct world *world)
{
	sock_worker_fini(&world->w);
	assert_int_equal(world->w.visitors, 0);
	sock_stack_remove(world->place);
	world_switch(NULL);
	assert_int_equal(world->mem.live, 0);
	assert_int_equal(fakes, 0);
	pthread_cond_destroy(&world->answered);
	pthread_mutex_destroy(&world->lock);
}

/* A world for each test, run by the test's thread. */
static NSK_UNUSED int world_setup(void **state)
{
	*state = calloc(1, sizeof(struct world));
	world_init(*state, true);
	return 0;
}

static NSK_UNUSED int world_teardown(void **state)
{
	world_fini(*state);
	free(*state);
	return 0;
}

static NSK_UNUSED int stream_fd(void)
{
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);

	assert_true(nsk_is_fd(fd));
	return fd;
}

#endif
