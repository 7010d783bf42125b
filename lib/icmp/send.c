/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ICMP sockets send. A raw one: the message as the application made it, checksum and all, or
 * with IP_HDRINCL the IP header as well. A ping socket: an echo request, which gets the socket's
 * identifier and its checksum here.
 */
#include <errno.h>

#include <rte_mbuf.h>

#include "icmp/icmp.h"
#include "mbuf/pool.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

/* Where to and how. */
static int prepare(struct dgram_sending *x, const struct msghdr *msg, size_t len,
		   struct route_cache *own)
{
	int rc = dgram_choose_dest(x, msg);

	if (rc == 0)
		rc = dgram_choose_manner(x, msg);
	if (rc == 0)
		rc = dgram_choose_way(x, own);
	return rc ? rc : dgram_room(x, len, 1);
}

/* The application's bytes in a chain of buffers, of which the first header ones are IP's; NULL with
 * *err set. */
static struct rte_mbuf *take_in(const struct dgram_sending *x, const struct msghdr *msg, size_t len,
				size_t header, int *err)
{
	struct rte_mbuf *m = NULL;

	/* A header that the application wrote is for one packet, as in Linux. */
	*err = header ? (dgram_fits(x, len - header) ? 0 : -EMSGSIZE) : dgram_check_length(x, len);
	if (*err)
		dgram_error_too_long(x, 0);
	else
		m = dgram_alloc(x, len, err);
	if (m)
		dgram_copy_in(x->d->sock.worker, m, &(struct dgram_source){.msg = msg}, len, false);
	return m;
}

static int output(const struct dgram_sending *x, struct rte_mbuf *m)
{
	dgram_output(x, m, IP_PROTO_ICMP);
	return 0;
}

/* ---- raw ------------------------------------------------------------------------------------- */

/*
 * Sends a packet whose header the application wrote. What it may leave open is filled in as in
 * raw(7): length and checksum always, source and identification where they are 0. Consumes m.
 */
static int output_whole(const struct dgram_sending *x, struct rte_mbuf *m)
{
	struct nsk_worker *w = x->d->sock.worker;
	uint8_t *h = rte_pktmbuf_mtod(m, uint8_t *);
	size_t hdr_len = (size_t)(h[0] & 0xf) * 4;

	if (hdr_len < IPV4_HLEN || hdr_len > m->data_len || h[0] >> 4 != 4) {
		pkt_put(w, m);
		return -EINVAL;
	}
	store_be16(h + offsetof(struct ipv4_wire, total_len), (uint16_t)m->pkt_len);
	if (load_be32(h + IPV4_SRC_OFF) == 0)
		memcpy(h + IPV4_SRC_OFF, x->src.b, 4);
	if (load_be16(h + offsetof(struct ipv4_wire, id)) == 0)
		store_be16(h + offsetof(struct ipv4_wire, id), (uint16_t)rng_u32(&w->rng));
	store_be16(h + offsetof(struct ipv4_wire, checksum), 0);
	ipv4_set_checksum(h, hdr_len);
	net_output(w, x->route, m);
	return 0;
}

ssize_t icmp_raw_sendmsg(struct sock *s, const struct msghdr *msg, int flags)
{
	struct icmp_sock *i = icmp_sock_of(s);
	struct dgram_sending x = {.d = &i->d};
	size_t header = i->header_included ? IPV4_HLEN : 0;
	ssize_t len = dgram_payload_len(msg, family_of(s->family)->max_payload + header);
	struct route_cache own;
	struct rte_mbuf *m;
	int rc = dgram_may_send(x.d, flags);

	if (rc || len < 0)
		return rc ? rc : len;
	if (flags & MSG_MORE)
		return -EOPNOTSUPP; /* a ping socket does not look at it, as in Linux */
	if ((size_t)len < header)
		return -EINVAL;
	rc = prepare(&x, msg, (size_t)len, &own);
	if (rc)
		return rc;
	m = take_in(&x, msg, (size_t)len, header, &rc);
	if (!m)
		return rc;
	rc = header ? output_whole(&x, m) : output(&x, m);
	if (rc)
		return rc;
	worker_count(s->worker, NSK_CNT_ICMP_OUT, 1);
	return len;
}

/* ---- ping ------------------------------------------------------------------------------------ */

/* Identifier and checksum of a message in a chain; its header is in the first buffer. */
static void complete(const struct dgram *d, struct rte_mbuf *m)
{
	uint8_t *h = rte_pktmbuf_mtod(m, uint8_t *);

	store_be16(h + offsetof(struct icmp_wire, rest), d->lport);
	store_be16(h + offsetof(struct icmp_wire, checksum), 0);
	icmp_store_checksum(h, csum_finish(ip_chain_sum(m, 0, m->pkt_len, 0)));
}

static int prepare_ping(struct dgram_sending *x, const struct msghdr *msg, size_t len,
			struct route_cache *own)
{
	int rc = icmp_autobind(icmp_sock_of(&x->d->sock));

	return rc ? rc : prepare(x, msg, len, own);
}

ssize_t icmp_ping_sendmsg(struct sock *s, const struct msghdr *msg, int flags)
{
	struct dgram_sending x = {.d = dgram_of(s)};
	ssize_t len = dgram_payload_len(msg, family_of(s->family)->max_payload);
	struct route_cache own;
	struct rte_mbuf *m;
	const uint8_t *h;
	int rc = dgram_may_send(x.d, flags);

	if (rc || len < 0)
		return rc ? rc : len;
	if (len < ICMP_HLEN)
		return -EINVAL;
	rc = prepare_ping(&x, msg, (size_t)len, &own);
	if (rc)
		return rc;
	m = take_in(&x, msg, (size_t)len, 0, &rc);
	if (!m)
		return rc;
	h = rte_pktmbuf_mtod(m, const uint8_t *);
	if (h[0] != ICMP_ECHO || h[1] != 0) {
		pkt_put(s->worker, m);
		return -EINVAL;
	}
	complete(x.d, m);
	output(&x, m);
	worker_count(s->worker, NSK_CNT_ICMP_OUT, 1);
	return len;
}
