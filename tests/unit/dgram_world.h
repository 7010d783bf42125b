/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls on sockets of datagrams, UDP's and ICMP's, in the world of net_world.h. */
#ifndef NSK_TESTS_UNIT_DGRAM_WORLD_H
#define NSK_TESTS_UNIT_DGRAM_WORLD_H

#include "net_world.h"

#include <errno.h>

static inline struct sock *open_dgram(struct net_world *world,
				      int (*create)(struct nsk_worker *w, uint8_t domain,
						    struct sock **s))
{
	struct sock *s;

	assert_int_equal(create(&world->w, AF_INET, &s), 0);
	assert_int_equal(s->ready, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	return s;
}

static inline struct sockaddr_in name(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = WIRE_BE16(port),
				    .sin_addr.s_addr = WIRE_BE32(addr)};
}

static inline int do_bind(struct sock *s, uint32_t addr, uint16_t port)
{
	struct sockaddr_in sa = name(addr, port);

	return s->ops->bind(s, (struct sockaddr *)&sa, sizeof(sa));
}

static inline int do_connect(struct sock *s, uint32_t addr, uint16_t port)
{
	struct sockaddr_in sa = name(addr, port);

	return s->ops->connect(s, (struct sockaddr *)&sa, sizeof(sa));
}

/* addr 0: to the peer of a connected socket. */
static inline ssize_t do_send(struct sock *s, const void *data, size_t len, uint32_t addr,
			      uint16_t port)
{
	struct sockaddr_in sa = name(addr, port);
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (addr) {
		msg.msg_name = &sa;
		msg.msg_namelen = sizeof(sa);
	}
	n = s->ops->sendmsg(s, &msg, 0);
	net_tx_flush(&net_world_of(s->worker)->w);
	return n;
}

static inline ssize_t do_recv(struct sock *s, void *buf, size_t len, int flags, struct msghdr *out)
{
	static struct sockaddr_in from;
	struct iovec iov = {.iov_base = buf, .iov_len = len};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &from,
			     .msg_controllen = 9};
	ssize_t n = s->ops->recvmsg(s, &msg, flags);

	if (out)
		*out = msg;
	return n;
}

#endif
