/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram that is written in parts: MSG_MORE and UDP_CORK, as in Linux (udp(7)). The first part
 * says where it goes and how; it leaves with the first send that has no MSG_MORE while the option
 * is off, or when the option goes off. A part that cannot be added ends it, and so does close().
 *
 * What waits is memory of the worker, one datagram a socket: as long as the MTU, with UDP_SEGMENT
 * as the protocol has it, 64 KiB. As in Linux SO_SNDBUF does not bound that, and an error that ICMP
 * told stops the first part alone: it stays pending while others are added.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "udp/udp.h"
#include "wire/udp.h"

#define ROOM_MIN 1024u

struct udp_cork {
	struct ip_addr dst;
	uint16_t port;
	struct dgram_manner how;
	size_t len, room; /* bytes of data: written, and allocated */
	uint8_t *data;
};

void udp_cork_drop(struct udp_sock *u)
{
	struct mem *mem = u->d.sock.worker->mem;

	if (!u->cork)
		return;
	mem_free(mem, u->cork->data, u->cork->room);
	mem_free(mem, u->cork, sizeof(*u->cork));
	u->cork = NULL;
}

/* The first part of a datagram says what it is. */
static int begin(struct udp_sock *u, const struct msghdr *msg, int flags)
{
	struct dgram_sending x = {.d = &u->d, .how.segment = u->segment};
	struct route_cache own;
	int rc = dgram_may_send(&u->d, flags);

	if (rc == 0)
		rc = udp_prepare(&x, msg, &own);
	if (rc)
		return rc;
	u->cork = mem_zalloc(u->d.sock.worker->mem, sizeof(*u->cork));
	if (!u->cork)
		return -ENOBUFS;
	u->cork->dst = x.dst;
	u->cork->port = x.port;
	u->cork->how = x.how;
	return 0;
}

static int make_room(struct udp_sock *u, size_t len)
{
	struct udp_cork *c = u->cork;
	size_t room = NSK_MAX(c->room, (size_t)ROOM_MIN);
	uint8_t *data;

	while (room < len)
		room *= 2;
	if (room == c->room)
		return 0;
	data = mem_resize(u->d.sock.worker->mem, c->data, c->room, room);
	if (!data)
		return -ENOBUFS;
	c->data = data;
	c->room = room;
	return 0;
}

static int append(struct udp_sock *u, const struct dgram_sending *x, const struct msghdr *msg,
		  size_t len)
{
	size_t most = family_of(u->d.sock.family)->max_payload - UDP_HLEN;
	struct udp_cork *c = u->cork;
	int rc = -EMSGSIZE;

	if (c->len + len <= most)
		rc = udp_check_length(x, c->len + len);
	if (rc == 0)
		rc = make_room(u, c->len + len);
	if (rc)
		return rc;
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		const struct iovec *v = &msg->msg_iov[i];

		if (v->iov_len)
			memcpy(c->data + c->len, v->iov_base, v->iov_len);
		c->len += v->iov_len;
	}
	return 0;
}

/* As a datagram of its own; its memory is the caller's to give back. */
static int push(const struct udp_cork *c, const struct dgram_sending *x)
{
	struct iovec iov = {c->data, c->len};

	return udp_send_payload(x, &(struct msghdr){.msg_iov = &iov, .msg_iovlen = 1}, c->len);
}

/* Where it goes by now: routes and the socket's own name may have changed. */
static int find_way(struct udp_sock *u, struct dgram_sending *x, struct route_cache *own)
{
	*x = (struct dgram_sending){
		.d = &u->d, .dst = u->cork->dst, .port = u->cork->port, .how = u->cork->how};
	return udp_choose_way(x, own);
}

ssize_t udp_cork_send(struct udp_sock *u, const struct msghdr *msg, size_t len, int flags)
{
	bool more = u->hold || flags & MSG_MORE;
	struct dgram_sending x;
	struct route_cache own;
	int rc = 0;

	if (flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	if (!u->cork)
		rc = begin(u, msg, flags);
	if (rc)
		return rc;
	rc = find_way(u, &x, &own);
	if (rc == 0 && !more)
		rc = udp_room(&x, u->cork->len + len);
	if (rc == -EAGAIN && u->cork->len) /* what was taken waits for the rest */
		return rc;
	if (rc == 0)
		rc = append(u, &x, msg, len);
	if (rc == 0 && !more)
		rc = push(u->cork, &x);
	if (rc || !more)
		udp_cork_drop(u);
	if (rc == 0 && flags & MSG_CONFIRM)
		net_confirm(u->d.sock.worker, x.route);
	return rc ? rc : (ssize_t)len;
}

/* What stops it now nobody is told, as in Linux. */
int udp_cork_set(struct udp_sock *u, bool on)
{
	struct dgram_sending x;
	struct route_cache own;

	u->hold = on;
	if (on || !u->cork)
		return 0;
	if (find_way(u, &x, &own) == 0)
		push(u->cork, &x);
	udp_cork_drop(u);
	return 0;
}
