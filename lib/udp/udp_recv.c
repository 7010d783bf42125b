/* SPDX-License-Identifier: BSD-3-Clause */
/* Reception by the application: recvmsg, whole buffers, how much there is. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <rte_mbuf.h>

#include "udp/udp.h"

static struct udp_sock *udp_of(struct sock *s)
{
	return NSK_CONTAINER_OF(s, struct udp_sock, sock);
}

/* Copies payload to the application's pieces, as much as both have. Returns the number of bytes. */
static size_t copy_out(const struct rte_mbuf *m, const struct msghdr *msg)
{
	size_t done = 0, off = 0;

	for (size_t i = 0; m && i < msg->msg_iovlen; i++) {
		uint8_t *to = msg->msg_iov[i].iov_base;
		size_t room = msg->msg_iov[i].iov_len;

		while (m && room > 0) {
			size_t n = NSK_MIN(room, m->data_len - off);

			memcpy(to, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);
			to += n;
			room -= n;
			off += n;
			done += n;
			if (off == m->data_len) {
				m = m->next;
				off = 0;
			}
		}
	}
	return done;
}

static void fill_name(const struct pkt *p, struct msghdr *msg)
{
	struct ip_addr from = {.family = p->family};

	if (!msg->msg_name) {
		msg->msg_namelen = 0;
		return;
	}
	memcpy(from.b, p->flow.src, 16);
	ip_addr_to_sockaddr(&from, load_be16(&p->flow.sport_be), 0, msg->msg_name,
			    &msg->msg_namelen);
}

ssize_t udp_recvmsg(struct sock *s, struct msghdr *msg, int flags)
{
	struct udp_sock *u = udp_of(s);
	struct rte_mbuf *m = u->qhead;
	uint16_t len;
	size_t n;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (flags & MSG_ERRQUEUE)
		return -EAGAIN; /* nothing is ever put there */
	if (NSK_UNLIKELY(s->err))
		return sock_take_error(s);
	msg->msg_flags = 0;
	msg->msg_controllen = 0;
	if (!m) {
		msg->msg_namelen = 0;
		return u->flags & UDP_F_SHUT_RD ? 0 : -EAGAIN;
	}
	len = pkt_of(m)->pay_len;
	n = copy_out(m, msg);
	if (n < len)
		msg->msg_flags |= MSG_TRUNC;
	fill_name(pkt_of(m), msg);
	worker_count(s->worker, NSK_CNT_PAYLOAD_COPIED_RX, n);
	if (!(flags & MSG_PEEK))
		pkt_put(s->worker, udp_queue_pop(u));
	return (ssize_t)(flags & MSG_TRUNC ? len : n);
}

int udp_zc_recv(struct sock *s, struct rte_mbuf **bufs, unsigned max)
{
	struct udp_sock *u = udp_of(s);
	unsigned n = 0;

	if (s->err)
		return sock_take_error(s);
	while (n < max && u->qhead)
		bufs[n++] = udp_queue_pop(u);
	if (n == 0 && !(u->flags & UDP_F_SHUT_RD))
		return -EAGAIN;
	return (int)n;
}

int udp_ioctl(struct sock *s, unsigned long request, int *value)
{
	struct udp_sock *u = udp_of(s);

	switch (request) {
	case FIONREAD: /* of the next datagram, as Linux has it */
		*value = u->qhead ? pkt_of(u->qhead)->pay_len : 0;
		return 0;
	case TIOCOUTQ:
		*value = 0;
		return 0;
	default:
		return -ENOTTY;
	}
}
