/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way out: where to, how, and one copy from the application into packet buffers, summed up as
 * it goes where that is wanted. Whether what exceeds the MTU is fragmented, IP_MTU_DISCOVER says.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_mbuf.h>

#include "dgram/dgram.h"
#include "mbuf/pool.h"
#include "net/group.h"
#include "net/pmtu.h"
#include "net/scope.h"
#include "wire/ipv6_ext.h"

/* ---- where to, and how ----------------------------------------------------------------------- */

ssize_t dgram_payload_len(const struct msghdr *msg, size_t max)
{
	size_t len = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		if (msg->msg_iov[i].iov_len > max - len)
			return -EMSGSIZE;
		len += msg->msg_iov[i].iov_len;
	}
	return (ssize_t)len;
}

int dgram_may_send(struct dgram *d, int flags)
{
	if (flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	if (NSK_UNLIKELY(d->sock.err))
		return dgram_take_error(d);
	return 0;
}

static int named_dest(struct dgram_sending *x, const struct msghdr *msg)
{
	struct sock_end to;
	int rc = sock_addr_in(&x->d->sock, SOCK_ADDR_SEND, &to, msg->msg_name, msg->msg_namelen);

	if (rc)
		return rc;
	x->dst = to.addr;
	net_mean_self(&x->dst, &x->d->laddr);
	x->port = to.port;
	x->how.iface = to.scope;
	return 0;
}

int dgram_choose_dest(struct dgram_sending *x, const struct msghdr *msg)
{
	const struct dgram *d = x->d;

	if (msg->msg_name && msg->msg_namelen &&
	    NSK_LIKELY(!sock_addr_is_nobody(&d->sock, msg->msg_name, msg->msg_namelen)))
		return named_dest(x, msg);
	if (!(d->flags & DGRAM_F_CONNECTED))
		return -EDESTADDRREQ;
	x->dst = d->faddr;
	x->port = d->fport;
	return 0;
}

int dgram_choose_manner(struct dgram_sending *x, const struct msghdr *msg)
{
	const struct dgram *d = x->d;

	x->how.ttl = !ip_addr_is_multicast(&x->dst) ? d->sock.ttl
		     : x->dst.family == AF_INET6    ? d->mcast_hops
						    : d->mcast_ttl;
	x->how.tos = d->sock.tos;
	return msg->msg_controllen ? dgram_control_read(d, msg, x->dst.family, &x->how) : 0;
}

/* Where such a datagram comes from: what it says; to a link its socket's address, else one of the
 * link's; else any. */
static int own_source(struct dgram_sending *x)
{
	const struct dgram *d = x->d;

	x->src = x->how.src.family ? x->how.src : ip_addr_any(x->dst.family);
	if (NSK_LIKELY(!scope_has(&x->dst)) || x->how.src.family)
		return 0;
	if (net_local(d->sock.worker, d->laddr.b, d->laddr.family)) {
		x->src = d->laddr;
		return 0;
	}
	return scope_source(d->sock.worker, x->how.iface, &x->src);
}

/* The way of a datagram that asks for an address or an interface of its own; own is where it is
 * kept. */
static int own_way(struct dgram_sending *x, struct route_cache *own)
{
	struct nsk_worker *w = x->d->sock.worker;
	int rc;

	if (x->how.iface > w->net->snap->nifaces)
		return -ENODEV;
	rc = own_source(x);
	if (rc == 0)
		rc = dgram_find_way(x->d, own, x->how.iface, &x->dst, x->port, &x->src);
	if (rc == -EADDRNOTAVAIL && x->how.src.family)
		return x->dst.family == AF_INET ? -ENETUNREACH : -EINVAL; /* as Linux */
	if (rc)
		return rc;
	if (x->how.iface && own->iface->index + 1U != x->how.iface)
		return -ENETUNREACH;
	x->route = own;
	return 0;
}

/* A socket that was shut for writing says so last, as in Linux. */
int dgram_choose_way(struct dgram_sending *x, struct route_cache *own)
{
	int rc;

	if (NSK_UNLIKELY(x->dst.family == AF_INET6) && x->d->laddr.family == AF_INET)
		return -EAFNOSUPPORT; /* as Linux: it is bound to an IPv4 address */
	if (!dgram_may_send_to(x->d, &x->dst))
		return -EACCES;
	x->route = &x->d->route;
	if (NSK_UNLIKELY(x->how.src.family || x->how.iface))
		rc = own_way(x, own);
	else
		rc = dgram_route(x->d, &x->dst, x->port, &x->src);
	return NSK_UNLIKELY(rc == 0 && x->d->flags & DGRAM_F_SHUT_WR) ? -EPIPE : rc;
}

uint32_t dgram_path_mtu(const struct dgram *d, const struct route_cache *way,
			const struct ip_addr *dst)
{
	return pmtu_to(d->sock.worker, dst, iface_mtu(way->iface, dst->family), false);
}

/* Linux's values of IP_MTU_DISCOVER and IPV6_MTU_DISCOVER, and what each of them means. */
static const struct discover {
	bool minds_path; /* what routers told counts, not the interface's MTU alone */
	bool cuts;	 /* what is longer is fragmented here, not refused */
	bool df;	 /* routers must not fragment, and so it is if what is shorter has it */
	bool df_if_whole;
} discover[] = {
	[IP_PMTUDISC_DONT] = {.minds_path = true, .cuts = true},
	[IP_PMTUDISC_WANT] = {.minds_path = true, .cuts = true, .df_if_whole = true},
	[IP_PMTUDISC_DO] = {.minds_path = true, .df = true},
	[IP_PMTUDISC_PROBE] = {.df = true},
	[IP_PMTUDISC_INTERFACE] = {.df = false},
	[IP_PMTUDISC_OMIT] = {.cuts = true},
};

static const struct discover *rule_of(const struct dgram_sending *x)
{
	return &discover[dgram_discover(x->d, x->dst.family)];
}

uint32_t dgram_sending_mtu(const struct dgram_sending *x)
{
	if (!rule_of(x)->minds_path)
		return iface_mtu(x->route->iface, x->dst.family);
	return dgram_path_mtu(x->d, x->route, &x->dst);
}

bool dgram_fits(const struct dgram_sending *x, size_t len)
{
	return len + family_of(x->dst.family)->hdr_len <= dgram_sending_mtu(x);
}

int dgram_check_length(const struct dgram_sending *x, size_t len)
{
	bool whole = x->dst.family == AF_INET6 && x->d->whole6;

	if (len > family_of(x->dst.family)->max_payload)
		return -EMSGSIZE; /* of a socket whose other family would take it */
	return (rule_of(x)->cuts && !whole) || dgram_fits(x, len) ? 0 : -EMSGSIZE;
}

/* Frames that a datagram becomes, or a few more. */
static uint32_t frames_of(const struct dgram_sending *x, size_t len)
{
	uint32_t each = dgram_sending_mtu(x) - family_of(x->dst.family)->hdr_len;

	return 1 + (uint32_t)len / (each - IPV6_FRAG_HLEN - 7);
}

int dgram_room(const struct dgram_sending *x, size_t len, size_t n)
{
	uint32_t frames = NSK_LIKELY(dgram_fits(x, len)) ? 1 : frames_of(x, len);
	struct iface *ifc = x->route->iface;
	struct dgram *d = x->d;

	frames *= (uint32_t)n;
	if (NSK_UNLIKELY(!tx_may_send(ifc)) || NSK_LIKELY(tx_has_room(d->sock.worker, ifc, frames)))
		return 0;
	sock_unready(&d->sock, EPOLLOUT | EPOLLWRBAND);
	tx_wait(d->sock.worker, ifc, frames, &d->waiter);
	return -EAGAIN;
}

/* RFC 1191 §3: a whole datagram finds out what its path takes. */
static bool must_stay_whole(const struct dgram_sending *x, size_t len)
{
	return rule_of(x)->df || (rule_of(x)->df_if_whole && dgram_fits(x, len));
}

/* ---- buffers --------------------------------------------------------------------------------- */

struct rte_mbuf *dgram_alloc(const struct dgram_sending *x, size_t len, int *err)
{
	struct nsk_worker *w = x->d->sock.worker;
	struct rte_mbuf *m = pkt_alloc(w), *last = m;
	size_t room;

	*err = -ENOBUFS;
	if (!m)
		return NULL;
	for (room = rte_pktmbuf_tailroom(m); NSK_UNLIKELY(room < len);
	     room += rte_pktmbuf_tailroom(last)) {
		if (!(x->route->iface->tx_offloads & PORT_TX_MULTI_SEG) && dgram_fits(x, len)) {
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
static const uint8_t *take(struct dgram_source *from, size_t max, size_t *n)
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

uint32_t dgram_copy_in(struct nsk_worker *w, struct rte_mbuf *m, struct dgram_source *from,
		       size_t len, bool want_sum)
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
	worker_count(w, NSK_CNT_PAYLOAD_COPIED_TX, len);
	return sum;
}

/* Broadcasts come back to the sender's host, datagrams to groups unless it does not want it. */
static bool is_heard_here(const struct dgram_sending *x)
{
	const struct nsk_worker *w = x->d->sock.worker;
	const struct local_entry *own;

	if (ip_addr_is_multicast(&x->dst))
		return !(x->d->flags &
			 (x->dst.family == AF_INET6 ? DGRAM_F_NO_LOOP6 : DGRAM_F_NO_LOOP)) &&
		       group_joined(w, x->route->iface->index, &x->dst);
	own = net_local_entry(w, x->dst.b, x->dst.family);
	return own ? own->kind == LOCAL_BROADCAST : ip_addr_is_broadcast(&x->dst);
}

/* To a group, and not to leave the host: by its time to live, or as interface-local groups of IPv6
 * (RFC 4291 §2.7). */
static bool stays_here(const struct dgram_sending *x)
{
	return ip_addr_is_multicast(&x->dst) &&
	       (x->how.ttl == 0 || (x->dst.family == AF_INET6 && (x->dst.b[1] & 15) <= 1));
}

void dgram_output(const struct dgram_sending *x, struct rte_mbuf *m, uint8_t proto)
{
	const struct ip_out out = {
		.src = x->src.b,
		.dst = x->dst.b,
		.family = x->dst.family,
		.proto = proto,
		.ttl = x->how.ttl,
		.tos = x->how.tos,
		.df = must_stay_whole(x, m->pkt_len),
		.mtu = (uint16_t)dgram_sending_mtu(x),
	};
	struct nsk_worker *w = x->d->sock.worker;

	if (NSK_UNLIKELY(is_heard_here(x)))
		ip_loop_back(w, x->route, m, &out);
	if (NSK_UNLIKELY(stays_here(x)))
		pkt_put(w, m);
	else
		ip_output(w, x->route, m, &out);
}
