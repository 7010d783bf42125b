/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets and datagrams for the tests of lib/udp, in the world of net_world.h. The peer is
 * resolved. */
#ifndef NSK_TESTS_UNIT_UDP_WORLD_H
#define NSK_TESTS_UNIT_UDP_WORLD_H

#include "net_world.h"

#include <errno.h>
#include <sys/ioctl.h>

static inline struct sock *open_socket(struct net_world *world)
{
	struct sock *s;

	assert_int_equal(udp_create(&world->w, AF_INET, &s), 0);
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

static inline struct sock *bound(struct net_world *world, uint32_t addr, uint16_t port)
{
	struct sock *s = open_socket(world);

	assert_int_equal(do_bind(s, addr, port), 0);
	return s;
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

/* A datagram with a good checksum. Returns its length. */
static inline size_t datagram(uint8_t *p, uint32_t src, uint16_t sport, uint32_t dst,
			      uint16_t dport, const void *data, size_t len)
{
	uint8_t s[4], d[4];

	store_be32(s, src);
	store_be32(d, dst);
	udp_write(p, sport, dport, (uint16_t)(UDP_HLEN + len));
	memcpy(p + UDP_HLEN, data, len);
	udp_set_checksum(p, UDP_HLEN + len,
			 csum_pseudo4(s, d, IP_PROTO_UDP, (uint16_t)(UDP_HLEN + len)));
	return UDP_HLEN + len;
}

static inline void arrive(struct net_world *world, uint32_t src, uint16_t sport, uint32_t dst,
			  uint16_t dport, const void *data, size_t len)
{
	uint8_t p[1600];

	len = datagram(p, src, sport, dst, dport, data, len);
	nw_packet(world, src, dst, IP_PROTO_UDP, p, len);
}

static inline int udp_setup(void **state)
{
	nw_setup(state);
	nw_resolve(*state, PEER, peer_mac);
	return 0;
}

#define UDP_TEST(name) cmocka_unit_test_setup_teardown(name, udp_setup, nw_teardown)

#endif
