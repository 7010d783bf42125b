/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP messages for sockets: copies for raw ones that want the type, for ping sockets replies with
 * their identifier, for both the errors about what they sent. A message goes round the workers that
 * have such sockets (ip_round()); on the last one it comes to the stack itself (ip/icmp.c), unless
 * we have sent it ourselves.
 */
#include <rte_mbuf.h>

#include "icmp/icmp.h"
#include "mbuf/pool.h"
#include "wire/icmp.h"

#define FILTER_TYPES 32

/* ---- to whom --------------------------------------------------------------------------------- */

/* Whether a message comes to an address of the socket's, and from its peer. */
static bool for_addresses(const struct dgram *d, const struct pkt *p)
{
	if (!dgram_hears_group(d, p))
		return false;
	if (d->flags & DGRAM_F_CONNECTED && memcmp(d->faddr.b, p->flow.src, 16) != 0)
		return false;
	return ip_addr_is_any(&d->laddr) || memcmp(d->laddr.b, p->flow.dst, 16) == 0;
}

/* Types beyond the filter's bits are always wanted. */
static bool wants_type(const struct icmp_sock *i, uint8_t type)
{
	return type >= FILTER_TYPES || !(i->filter >> type & 1);
}

/* A copy into the socket's queue; payload begins at an offset of the buffer. */
static void give(struct nsk_worker *w, struct icmp_sock *i, struct rte_mbuf *m, uint16_t off,
		 uint16_t len)
{
	struct rte_mbuf *copy = pkt_clone(w, m);
	enum nsk_drop why;

	if (!copy)
		return;
	pkt_of(copy)->pay_off = off;
	pkt_of(copy)->pay_len = len;
	why = dgram_enqueue(&i->d, copy, NSK_DROP_ICMP_RCVBUF_FULL);
	if (why)
		pkt_drop(w, copy, why);
	else
		worker_count(w, NSK_CNT_ICMP_IN, 1);
}

/* Messages with a wrong checksum as well: who listens raw wants to see. True: somebody does. */
static bool give_raw(struct nsk_worker *w, struct rte_mbuf *m, uint8_t type)
{
	const struct pkt *p = pkt_of(m);
	struct list_node *n;
	bool taken = false;

	NSK_LIST_FOREACH(n, &w->icmp->raw) {
		struct icmp_sock *i = NSK_LIST_ENTRY(n, struct icmp_sock, found);

		if (!wants_type(i, type) || !for_addresses(&i->d, p))
			continue;
		give(w, i, m, p->l3_off, (uint16_t)(p->l4_off - p->l3_off + p->l4_len));
		taken = true;
	}
	return taken;
}

/* A socket is asked for its address alone: its peer may be an address that many answer. */
static bool give_ping(struct nsk_worker *w, struct rte_mbuf *m, const struct icmp_view *v)
{
	const struct pkt *p = pkt_of(m);
	uint16_t id = icmp_echo_id(v);
	struct list_node *n;
	bool taken = false;

	NSK_LIST_FOREACH(n, &w->icmp->ping[id % ICMP_BUCKETS]) {
		struct icmp_sock *i = NSK_LIST_ENTRY(n, struct icmp_sock, found);
		const struct dgram *d = &i->d;

		if (d->lport != id ||
		    (!ip_addr_is_any(&d->laddr) && memcmp(d->laddr.b, p->flow.dst, 16) != 0))
			continue;
		give(w, i, m, p->l4_off, p->l4_len);
		taken = true;
	}
	return taken;
}

/* Sockets of this worker. True: there is one that is interested. */
static bool give_here(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	struct icmp_view v;
	bool taken;

	if (!icmp_readable(m))
		return false;
	p->flow.sport_be = p->flow.dport_be = 0;
	taken = give_raw(w, m, *pkt_at(m, p->l4_off));
	if (icmp_decode(m, &v) == 0 && v.type == ICMP_ECHO_REPLY)
		taken |= give_ping(w, m, &v);
	return taken;
}

/* The part of sockets. True: m has gone on to those of another worker. */
static bool round_of_sockets(struct nsk_worker *w, struct rte_mbuf *m)
{
	uint64_t users = __atomic_load_n(&w->shared->icmp_users, __ATOMIC_RELAXED);
	struct pkt *p = pkt_of(m);
	int next = ip_round(w, p, users);
	bool taken = users >> w->id & 1 && give_here(w, m);

	if (NSK_UNLIKELY(next >= 0))
		taken |= icmp_tell(w, m);
	p->round |= taken ? PKT_ROUND_TAKEN : 0;
	if (NSK_UNLIKELY(next >= 0))
		w->ops->steer(w, (uint16_t)next, m);
	return next >= 0;
}

static void icmp_sock_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	/* An error is on its way to whom it is about, the sockets of ICMP have had it. */
	bool over = p->flags & PKT_F_ROUND && p->round & PKT_ROUND_OVER;

	if (!over && round_of_sockets(w, m))
		return;
	if (NSK_UNLIKELY(p->flags & PKT_F_LOOPED))
		pkt_put(w, m);
	else
		icmp_input(w, m, p->round & PKT_ROUND_TAKEN);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* Whether it may be about what this socket has sent. */
static bool is_about(const struct icmp_sock *i, const struct ip_error *e)
{
	const struct dgram *d = &i->d;

	if (!ip_addr_is_any(&d->laddr) && memcmp(d->laddr.b, e->flow->src, 16) != 0)
		return false;
	return !(d->flags & DGRAM_F_CONNECTED) || memcmp(d->faddr.b, e->flow->dst, 16) == 0;
}

/* As UDP has it: who is connected to the destination hears of it, and who asked for errors. */
static bool tell(struct list_node *list, const struct ip_error *e, int id)
{
	struct list_node *n;
	bool told = false;

	NSK_LIST_FOREACH(n, list) {
		struct icmp_sock *i = NSK_LIST_ENTRY(n, struct icmp_sock, found);

		if ((id >= 0 && i->d.lport != id) || !is_about(i, e))
			continue;
		if (i->d.flags & DGRAM_F_CONNECTED || i->d.wants & DGRAM_WANTS_ERRORS) {
			dgram_error(&i->d, e, 0);
			told = true;
		} else {
			dgram_learn_mtu(&i->d, e);
		}
	}
	return told;
}

/* An error about an ICMP message of ours. Only an echo request has an identifier. */
static bool icmp_sock_error(struct nsk_worker *w, const struct ip_error *e)
{
	uint16_t id = load_be16(e->quote + offsetof(struct icmp_wire, rest));
	bool told = tell(&w->icmp->raw, e, -1);

	if (e->quote[0] == ICMP_ECHO)
		told |= tell(&w->icmp->ping[id % ICMP_BUCKETS], e, id);
	return told;
}

const struct ip_proto icmp_proto = {.input = icmp_sock_input, .error = icmp_sock_error};
