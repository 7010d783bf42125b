/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmission: one copy from the application into packet buffers, summed up on the way where the
 * port does not compute checksums. RFC 768, RFC 1122 §4.1.3.4. What exceeds the MTU is refused:
 * nothing is fragmented.
 */
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "mbuf/pool.h"
#include "udp/udp.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

struct dest {
	struct ip_addr addr, src;
	uint16_t port;
};

static struct udp_sock *udp_of(struct sock *s)
{
	return NSK_CONTAINER_OF(s, struct udp_sock, sock);
}

/* Bytes of all pieces, or -EMSGSIZE: more than max. */
static ssize_t payload_len(const struct msghdr *msg, size_t max)
{
	size_t len = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		if (msg->msg_iov[i].iov_len > max - len)
			return -EMSGSIZE;
		len += msg->msg_iov[i].iov_len;
	}
	return (ssize_t)len;
}

/* The named destination, else the peer. */
static int choose_dest(const struct udp_sock *u, const struct msghdr *msg, struct dest *d)
{
	int rc;

	if (!msg->msg_name || !msg->msg_namelen) {
		if (!(u->flags & UDP_F_CONNECTED))
			return -EDESTADDRREQ;
		d->addr = u->faddr;
		d->port = u->fport;
	} else {
		rc = ip_addr_from_sockaddr(&d->addr, &d->port, NULL, msg->msg_name,
					   msg->msg_namelen);
		if (rc)
			return rc;
		if (d->addr.family != u->sock.family)
			return -EAFNOSUPPORT;
	}
	if (d->port == 0)
		return -EINVAL;
	return udp_may_send_to(u, &d->addr) ? 0 : -EACCES;
}

/* Room for len bytes in a chain; NULL with *err set. */
static struct rte_mbuf *alloc_chain(struct nsk_worker *w, const struct iface *ifc, size_t len,
				    int *err)
{
	struct rte_mbuf *m = pkt_alloc(w), *last = m;
	size_t room;

	*err = -ENOBUFS;
	if (!m)
		return NULL;
	for (room = rte_pktmbuf_tailroom(m); NSK_UNLIKELY(room < len);
	     room += rte_pktmbuf_tailroom(last)) {
		if (!(ifc->tx_offloads & PORT_TX_MULTI_SEG)) {
			*err = -EMSGSIZE;
			goto fail;
		}
		last->next = pkt_alloc(w);
		if (!last->next)
			goto fail;
		last = last->next;
		m->nb_segs++;
	}
	return m;

fail:
	rte_pktmbuf_free(m);
	return NULL;
}

/* Copies n bytes; returns sum plus theirs, which stand at byte at of the payload. */
static uint32_t copy_summing(uint8_t *to, const uint8_t *from, size_t n, uint32_t sum, size_t at)
{
	if (at % 2 == 0)
		return csum_copy(to, from, n, sum);
	return csum_combine(sum, csum_copy(to, from, n, 0), at);
}

/* Fills a chain that has the room. Returns the partial sum of the payload if it is wanted, else 0.
 */
static uint32_t copy_in(struct rte_mbuf *m, const struct msghdr *msg, bool want_sum)
{
	struct rte_mbuf *seg = m;
	uint32_t sum = 0;
	size_t done = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		const uint8_t *from = msg->msg_iov[i].iov_base;
		size_t left = msg->msg_iov[i].iov_len;

		while (left > 0) {
			size_t n = NSK_MIN(left, (size_t)rte_pktmbuf_tailroom(seg));
			uint8_t *to = rte_pktmbuf_mtod_offset(seg, uint8_t *, seg->data_len);

			if (n == 0) {
				seg = seg->next;
				continue;
			}
			if (want_sum)
				sum = copy_summing(to, from, n, sum, done);
			else
				memcpy(to, from, n);
			seg->data_len = (uint16_t)(seg->data_len + n);
			from += n;
			left -= n;
			done += n;
		}
	}
	m->pkt_len = (uint32_t)done;
	return sum;
}

/* sum plus the eight bytes of a header. */
static uint32_t header_sum(const uint8_t *h, uint32_t sum)
{
	uint32_t w[2];

	memcpy(w, h, sizeof(w));
	return csum_add(csum_add(sum, w[0]), w[1]);
}

/* Header and checksum in front of the payload, then down to IP. Consumes m. */
static void output(struct udp_sock *u, struct rte_mbuf *m, const struct dest *d, bool offload,
		   uint32_t sum)
{
	struct nsk_worker *w = u->sock.worker;
	uint16_t len = (uint16_t)(m->pkt_len + UDP_HLEN);
	uint32_t pseudo = ip_pseudo_sum(u->sock.family, d->src.b, d->addr.b, IP_PROTO_UDP, len);
	uint8_t *h = (uint8_t *)rte_pktmbuf_prepend(m, UDP_HLEN);

	if (NSK_UNLIKELY(!h)) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	udp_write(h, u->lport, d->port, len);
	if (offload)
		wire_checksum_store(h + offsetof(struct udp_wire, checksum), csum_fold(pseudo));
	else
		udp_store_checksum(h, csum_finish(csum_add(header_sum(h, pseudo), sum)));
	worker_count(w, NSK_CNT_UDP_OUT, 1);
	ip_output(w, &u->route, m,
		  &(struct ip_out){
			  .src = d->src.b,
			  .dst = d->addr.b,
			  .family = u->sock.family,
			  .proto = IP_PROTO_UDP,
			  .ttl = ip_addr_is_multicast(&d->addr) ? u->mcast_ttl : u->sock.ttl,
			  .tos = u->sock.tos,
			  .df = u->flags & UDP_F_DF,
		  });
}

/* What forbids sending at all. */
static int may_send(struct sock *s, const struct udp_sock *u, int flags)
{
	if (flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	if (NSK_UNLIKELY(s->err))
		return sock_take_error(s);
	return u->flags & UDP_F_SHUT_WR ? -EPIPE : 0;
}

ssize_t udp_sendmsg(struct sock *s, const struct msghdr *msg, int flags)
{
	struct udp_sock *u = udp_of(s);
	struct nsk_worker *w = s->worker;
	const struct family *family = family_of(s->family);
	ssize_t len = payload_len(msg, family->max_payload - UDP_HLEN);
	struct rte_mbuf *m;
	struct dest d;
	bool offload;
	int rc = may_send(s, u, flags);

	if (rc || len < 0)
		return rc ? rc : len;
	rc = choose_dest(u, msg, &d);
	if (rc)
		return rc;
	rc = udp_autobind(u, &d.addr, d.port);
	if (rc)
		return rc;
	rc = udp_route(u, &d.addr, &d.src);
	if (rc)
		return rc;
	if ((size_t)len + UDP_HLEN + family->hdr_len > u->route.iface->mtu)
		return -EMSGSIZE;
	m = alloc_chain(w, u->route.iface, (size_t)len, &rc);
	if (NSK_UNLIKELY(!m))
		return rc;
	offload = ip_l4_csum_offload(&u->route, m, IP_PROTO_UDP);
	output(u, m, &d, offload, copy_in(m, msg, !offload));
	worker_count(w, NSK_CNT_PAYLOAD_COPIED_TX, (uint64_t)len);
	if (flags & MSG_CONFIRM)
		net_confirm(w, &u->route);
	return len;
}
