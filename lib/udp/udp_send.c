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

/* Most datagrams of one call with UDP_SEGMENT, as Linux. */
#define SEGMENTS_MAX 128

struct dest {
	struct ip_addr addr, src;
	uint16_t port;
};

/* Where the next octet of the application comes from. */
struct source {
	const struct msghdr *msg;
	size_t piece, off;
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
		rc = sock_addr_in(&u->sock, SOCK_ADDR_SEND, &d->addr, &d->port, msg->msg_name,
				  msg->msg_namelen);
		if (rc)
			return rc;
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

/* The next octets of the application that lie together, at most max. */
static const uint8_t *take(struct source *from, size_t max, size_t *n)
{
	const struct iovec *iov = &from->msg->msg_iov[from->piece];
	const uint8_t *at;

	while (from->off == iov->iov_len) {
		iov = &from->msg->msg_iov[++from->piece];
		from->off = 0;
	}
	at = (const uint8_t *)iov->iov_base + from->off;
	*n = NSK_MIN(max, iov->iov_len - from->off);
	from->off += *n;
	return at;
}

/* Fills a chain that has the room with the next len octets, which are there. Returns the partial
 * sum of the payload if it is wanted, else 0. */
static uint32_t copy_in(struct rte_mbuf *m, struct source *from, size_t len, bool want_sum)
{
	struct rte_mbuf *seg = m;
	uint32_t sum = 0;
	size_t done = 0;

	while (done < len) {
		size_t n, room = rte_pktmbuf_tailroom(seg);
		const uint8_t *at;
		uint8_t *to;

		if (room == 0) {
			seg = seg->next;
			continue;
		}
		at = take(from, NSK_MIN(room, len - done), &n);
		to = rte_pktmbuf_mtod_offset(seg, uint8_t *, seg->data_len);
		if (want_sum)
			sum = copy_summing(to, at, n, sum, done);
		else
			memcpy(to, at, n);
		seg->data_len = (uint16_t)(seg->data_len + n);
		done += n;
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

/* A datagram on its way out: what of it all of one call have in common. */
struct sending {
	struct udp_sock *u;
	const struct route_cache *route;
	struct dest to;
	struct udp_manner how;
};

/* Header and checksum in front of the payload, then down to IP. Consumes m. */
static void output(const struct sending *x, struct rte_mbuf *m, bool offload, uint32_t sum)
{
	struct nsk_worker *w = x->u->sock.worker;
	const struct dest *d = &x->to;
	uint16_t len = (uint16_t)(m->pkt_len + UDP_HLEN);
	uint8_t family = x->u->sock.family;
	uint32_t pseudo = ip_pseudo_sum(family, d->src.b, d->addr.b, IP_PROTO_UDP, len);
	uint8_t *h = (uint8_t *)rte_pktmbuf_prepend(m, UDP_HLEN);

	if (NSK_UNLIKELY(!h)) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	udp_write(h, x->u->lport, d->port, len);
	if (offload)
		wire_checksum_store(h + offsetof(struct udp_wire, checksum), csum_fold(pseudo));
	else
		udp_store_checksum(h, csum_finish(csum_add(header_sum(h, pseudo), sum)));
	worker_count(w, NSK_CNT_UDP_OUT, 1);
	ip_output(w, x->route, m,
		  &(struct ip_out){
			  .src = d->src.b,
			  .dst = d->addr.b,
			  .family = family,
			  .proto = IP_PROTO_UDP,
			  .ttl = x->how.ttl,
			  .tos = x->how.tos,
			  .df = x->u->flags & UDP_F_DF,
		  });
}

/* One datagram of the next len octets: 0, -ENOBUFS, -EMSGSIZE. */
static int send_one(const struct sending *x, struct source *from, size_t len)
{
	struct nsk_worker *w = x->u->sock.worker;
	int rc = 0;
	struct rte_mbuf *m = alloc_chain(w, x->route->iface, len, &rc);
	bool offload;

	if (NSK_UNLIKELY(!m))
		return rc;
	offload = ip_l4_csum_offload(x->route, m, IP_PROTO_UDP);
	output(x, m, offload, copy_in(m, from, len, !offload));
	worker_count(w, NSK_CNT_PAYLOAD_COPIED_TX, len);
	return 0;
}

/* UDP_SEGMENT: datagrams of that size, the last may be shorter. When buffers end in the middle the
 * rest is lost on the way, as any datagram may be. */
static int send_segments(const struct sending *x, const struct msghdr *msg, size_t len)
{
	struct nsk_worker *w = x->u->sock.worker;
	struct source from = {.msg = msg};
	size_t size = x->how.segment;
	int rc = 0;

	if (len > size * SEGMENTS_MAX)
		return -EINVAL;
	for (size_t done = 0; done < len && rc == 0; done += size) {
		rc = send_one(x, &from, NSK_MIN(size, len - done));
		if (rc && done) {
			worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, (len - done + size - 1) / size);
			return 0;
		}
	}
	return rc;
}

/* What forbids sending at all. */
static int may_send(struct udp_sock *u, int flags)
{
	if (flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	if (NSK_UNLIKELY(u->sock.err))
		return udp_take_error(u);
	return u->flags & UDP_F_SHUT_WR ? -EPIPE : 0;
}

/* What the socket says of its datagrams, and then what the message says of this one. */
static int choose_manner(struct sending *x, const struct msghdr *msg)
{
	const struct udp_sock *u = x->u;

	x->how = (struct udp_manner){
		.ttl = ip_addr_is_multicast(&x->to.addr) ? u->mcast_ttl : u->sock.ttl,
		.tos = u->sock.tos,
		.segment = u->segment,
	};
	return msg->msg_controllen && msg->msg_control ? udp_control_read(msg, &x->how) : 0;
}

/* The way of a datagram that asks for an address or an interface of its own; own is where it is
 * kept. */
static int own_route(struct sending *x, struct route_cache *own)
{
	struct nsk_worker *w = x->u->sock.worker;
	int rc;

	x->to.src = x->how.src.family ? x->how.src : ip_addr_any(x->u->sock.family);
	rc = net_route(w, own, &x->to.addr, &x->to.src);
	if (rc)
		return rc == -EADDRNOTAVAIL && x->how.src.family ? -EINVAL : rc;
	if (x->how.iface && own->iface->index + 1U != x->how.iface)
		return -ENETUNREACH;
	x->route = own;
	return 0;
}

static int find_route(struct sending *x, struct route_cache *own)
{
	x->route = &x->u->route;
	if (NSK_UNLIKELY(x->how.src.family || x->how.iface))
		return own_route(x, own);
	return udp_route(x->u, &x->to.addr, &x->to.src);
}

/* Whether one datagram of len octets is short enough for the way. */
static int check_length(const struct sending *x, size_t len)
{
	struct udp_sock *u = x->u;

	if (len + UDP_HLEN + family_of(u->sock.family)->hdr_len <= x->route->iface->mtu)
		return 0;
	if (x->how.segment && len == x->how.segment)
		return -EINVAL; /* as Linux */
	if (u->wants & UDP_WANTS_ERRORS)
		udp_errors_add_too_long(u, &x->to.addr, x->to.port, x->route->iface->mtu);
	return -EMSGSIZE;
}

static int prepare(struct sending *x, const struct msghdr *msg, struct route_cache *own)
{
	int rc = choose_dest(x->u, msg, &x->to);

	if (rc == 0)
		rc = choose_manner(x, msg);
	if (rc == 0)
		rc = udp_autobind(x->u, &x->to.addr, x->to.port);
	return rc ? rc : find_route(x, own);
}

ssize_t udp_sendmsg(struct sock *s, const struct msghdr *msg, int flags)
{
	struct sending x = {.u = udp_of(s)};
	ssize_t len = payload_len(msg, family_of(s->family)->max_payload - UDP_HLEN);
	struct route_cache own;
	size_t each;
	int rc = may_send(x.u, flags);

	if (rc || len < 0)
		return rc ? rc : len;
	rc = prepare(&x, msg, &own);
	if (rc)
		return rc;
	each = x.how.segment ? NSK_MIN((size_t)len, (size_t)x.how.segment) : (size_t)len;
	rc = check_length(&x, each);
	if (rc)
		return rc;
	if (NSK_UNLIKELY(each < (size_t)len))
		rc = send_segments(&x, msg, (size_t)len);
	else
		rc = send_one(&x, &(struct source){.msg = msg}, (size_t)len);
	if (rc)
		return rc;
	if (flags & MSG_CONFIRM)
		net_confirm(s->worker, x.route);
	return len;
}
