/* SPDX-License-Identifier: BSD-3-Clause */
/* Transmission: a header and its checksum in front of the payload, or of each part of it. RFC 768,
 * RFC 1122 §4.1.3.4. */
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "mbuf/pool.h"
#include "udp/udp.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

/* Most datagrams of one call with UDP_SEGMENT, as Linux. */
#define SEGMENTS_MAX 128

/* sum plus the eight bytes of a header. */
static uint32_t header_sum(const uint8_t *h, uint32_t sum)
{
	uint32_t w[2];

	memcpy(w, h, sizeof(w));
	return csum_add(csum_add(sum, w[0]), w[1]);
}

/* Header and checksum in front of the payload, then down to IP. Consumes m. */
static void output(const struct dgram_sending *x, struct rte_mbuf *m, bool offload, uint32_t sum)
{
	struct nsk_worker *w = x->d->sock.worker;
	uint16_t len = (uint16_t)(m->pkt_len + UDP_HLEN);
	uint32_t pseudo = ip_pseudo_sum(x->dst.family, x->src.b, x->dst.b, IP_PROTO_UDP, len);
	uint8_t *h = (uint8_t *)rte_pktmbuf_prepend(m, UDP_HLEN);

	if (NSK_UNLIKELY(!h)) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	udp_write(h, x->d->lport, x->port, len);
	if (offload)
		wire_checksum_store(h + offsetof(struct udp_wire, checksum), csum_fold(pseudo));
	else
		udp_store_checksum(h, csum_finish(csum_add(header_sum(h, pseudo), sum)));
	worker_count(w, NSK_CNT_UDP_OUT, 1);
	dgram_output(x, m, IP_PROTO_UDP);
}

/* One datagram of the next len octets: 0, -ENOBUFS, -EMSGSIZE. */
static int send_one(const struct dgram_sending *x, struct dgram_source *from, size_t len)
{
	int rc = 0;
	struct rte_mbuf *m = dgram_alloc(x, len, &rc);
	bool offload;

	if (NSK_UNLIKELY(!m))
		return rc;
	/* No port sums up what leaves in fragments. */
	offload = dgram_fits(x, len + UDP_HLEN) && ip_l4_csum_offload(x->route, m, IP_PROTO_UDP);
	output(x, m, offload, dgram_copy_in(x->d->sock.worker, m, from, len, !offload));
	return 0;
}

/* UDP_SEGMENT: datagrams of that size, the last may be shorter. When buffers end in the middle the
 * rest is lost on the way, as any datagram may be. */
static int send_segments(const struct dgram_sending *x, const struct msghdr *msg, size_t len)
{
	struct nsk_worker *w = x->d->sock.worker;
	struct dgram_source from = {.msg = msg};
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

int udp_check_length(const struct dgram_sending *x, size_t len)
{
	size_t each = x->how.segment ? NSK_MIN(len, (size_t)x->how.segment) : len;

	if (dgram_fits(x, each + UDP_HLEN))
		return 0;
	if (x->how.segment && each == x->how.segment)
		return -EINVAL; /* as Linux */
	if (dgram_check_length(x, each + UDP_HLEN) == 0)
		return 0;
	dgram_error_too_long(x, x->port);
	return -EMSGSIZE;
}

int udp_room(const struct dgram_sending *x, size_t len)
{
	size_t size = x->how.segment;

	if (NSK_LIKELY(!size || len <= size))
		return dgram_room(x, len + UDP_HLEN, 1);
	return dgram_room(x, size + UDP_HLEN, (len + size - 1) / size);
}

int udp_prepare(struct dgram_sending *x, const struct msghdr *msg, struct route_cache *own)
{
	int rc = dgram_choose_dest(x, msg);

	if (rc == 0 && x->port == 0)
		rc = -EINVAL;
	if (rc == 0)
		rc = dgram_choose_manner(x, msg);
	return rc ? rc : udp_choose_way(x, own);
}

int udp_choose_way(struct dgram_sending *x, struct route_cache *own)
{
	int rc = udp_autobind(x);

	return rc ? rc : dgram_choose_way(x, own);
}

int udp_send_payload(const struct dgram_sending *x, const struct msghdr *msg, size_t len)
{
	if (NSK_UNLIKELY(x->how.segment && len > x->how.segment))
		return send_segments(x, msg, len);
	return send_one(x, &(struct dgram_source){.msg = msg}, len);
}

ssize_t udp_sendmsg(struct sock *s, const struct msghdr *msg, int flags)
{
	struct dgram_sending x = {.d = dgram_of(s), .how.segment = udp_of(s)->segment};
	ssize_t len = dgram_payload_len(msg, family_of(s->family)->max_payload - UDP_HLEN);
	struct route_cache own;
	int rc;

	if (NSK_UNLIKELY(udp_is_corked(udp_of(s), flags)) && len >= 0)
		return udp_cork_send(udp_of(s), msg, (size_t)len, flags);
	rc = dgram_may_send(x.d, flags);
	if (rc || len < 0)
		return rc ? rc : len;
	rc = udp_prepare(&x, msg, &own);
	if (rc == 0)
		rc = udp_check_length(&x, (size_t)len);
	if (rc == 0)
		rc = udp_room(&x, (size_t)len);
	if (rc == 0)
		rc = udp_send_payload(&x, msg, (size_t)len);
	if (rc)
		return rc;
	if (flags & MSG_CONFIRM)
		net_confirm(s->worker, x.route);
	return len;
}
