/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a datagram finds its socket: connected first, then bound to its address, then bound to any.
 * One keyed table holds all three, a second one finds who uses a port, for bind. RFC 6056 for ports
 * of our choice.
 */
#include <errno.h>
#include <string.h>

#include "udp/udp.h"

#define SHARING (SOCK_F_REUSEADDR | SOCK_F_REUSEPORT)

/*
 * IPv4 addresses are short: they and the ports go into one or two words. That the IPv6 addresses
 * which are zero but for their first 4 bytes have the same hash does no harm.
 */
static bool is_short(const uint64_t w[2])
{
	return ((w[0] & ~(uint64_t)UINT32_MAX) | w[1]) == 0;
}

static uint64_t hash_bound(const struct udp_worker *udp, const uint8_t laddr[16], uint16_t lport)
{
	uint64_t words[3];

	memcpy(words, laddr, 16);
	if (NSK_LIKELY(is_short(words)))
		return siphash13_1w(&udp->key, words[0] | (uint64_t)lport << 32);
	words[2] = lport;
	return siphash13_words(&udp->key, words, 3);
}

static uint64_t hash_connected(const struct udp_worker *udp, const uint8_t laddr[16],
			       uint16_t lport, const uint8_t faddr[16], uint16_t fport)
{
	uint64_t ports = (uint64_t)lport << 16 | fport;
	uint64_t l[2], f[2];

	memcpy(l, laddr, 16);
	memcpy(f, faddr, 16);
	if (NSK_LIKELY(is_short(l) && is_short(f)))
		return siphash13_2w(&udp->key, l[0] | f[0] << 32, ports);
	return siphash13_5w(&udp->key, l[0], l[1], f[0], f[1], ports);
}

static uint64_t hash_port(const struct udp_worker *udp, uint16_t port)
{
	return siphash13_1w(&udp->key, port);
}

static uint64_t hash_sock(const struct udp_worker *udp, const struct udp_sock *u)
{
	if (u->d.flags & DGRAM_F_CONNECTED)
		return hash_connected(udp, u->d.laddr.b, u->d.lport, u->d.faddr.b, u->d.fport);
	return hash_bound(udp, u->d.laddr.b, u->d.lport);
}

static uint64_t table_hash(const void *ctx, uint32_t value)
{
	const struct udp_worker *udp = ctx;

	return hash_sock(udp, slab_at(&udp->socks, value));
}

static uint64_t by_port_hash(const void *ctx, uint32_t value)
{
	const struct udp_worker *udp = ctx;
	const struct udp_sock *u = slab_at(&udp->socks, value);

	return hash_port(udp, u->d.lport);
}

int udp_table_init(struct nsk_worker *w)
{
	struct udp_worker *udp = w->udp;
	int rc;

	rng_fill(&w->rng, &udp->key, sizeof(udp->key));
	rc = htab_init(&udp->table, w->set->max_sockets, w->mem, table_hash, udp);
	if (rc)
		return rc;
	rc = htab_init(&udp->by_port, w->set->max_sockets, w->mem, by_port_hash, udp);
	if (rc)
		htab_fini(&udp->table);
	return rc;
}

void udp_table_fini(struct nsk_worker *w)
{
	htab_fini(&w->udp->by_port);
	htab_fini(&w->udp->table);
}

/* ---- lookup ---- */

/* Whether a socket with this address hears a family: its own, and [::] of both IPv4 too. */
static bool hears(const struct dgram *d, uint8_t family)
{
	return NSK_LIKELY(d->laddr.family == family) ||
	       (family == AF_INET && sock_is_dual(&d->sock) && ip_addr_is_any(&d->laddr));
}

static bool is_bound_to(const struct udp_sock *u, const uint8_t laddr[16], uint16_t lport,
			uint8_t family)
{
	return u->d.lport == lport && !(u->d.flags & DGRAM_F_CONNECTED) &&
	       memcmp(u->d.laddr.b, laddr, 16) == 0 && hears(&u->d, family);
}

/*
 * Of those with SO_REUSEPORT that are bound alike the one that the flow gives most weight: who
 * comes or goes takes its own share of the flows with it and moves no other. At most
 * UDP_SHARERS_MAX are looked at.
 */
static struct udp_sock *heaviest(const struct udp_worker *udp, const struct pkt *p,
				 const uint8_t laddr[16], uint16_t lport, bool six)
{
	uint64_t flow =
		hash_connected(udp, p->flow.dst, lport, p->flow.src, load_be16(&p->flow.sport_be));
	struct udp_sock *best = NULL;
	uint64_t most = 0;
	struct htab_it it;

	HTAB_FOREACH(&udp->table, hash_bound(udp, laddr, lport), it) {
		struct udp_sock *u = slab_at(&udp->socks, it.value);
		uint64_t weight;

		if (!is_bound_to(u, laddr, lport, p->family) ||
		    !(u->d.sock.flags & SOCK_F_REUSEPORT) || sock_is_six(&u->d.sock) != six)
			continue;
		weight = siphash13_2w(&udp->key, flow, u->order);
		if (!best || weight > most) {
			best = u;
			most = weight;
		}
	}
	return best;
}

/* One is better than another: of the packet's family, then later. */
static bool is_better(const struct udp_sock *u, const struct udp_sock *than, uint8_t family)
{
	bool six = sock_is_six(&u->d.sock);

	if (NSK_UNLIKELY(six != sock_is_six(&than->d.sock)))
		return six == (family == AF_INET6);
	return u->order - than->order < UINT32_MAX / 2;
}

/* The socket that is bound to exactly these. Where several are, as in Linux: the one that was bound
 * last, or, if it has SO_REUSEPORT, any with that option, by the flow. Those of both families come
 * after IPv4's own. */
static struct udp_sock *find_bound(const struct udp_worker *udp, const struct pkt *p,
				   const uint8_t laddr[16], uint16_t lport)
{
	struct udp_sock *last = NULL;
	unsigned count = 0;
	struct htab_it it;

	HTAB_FOREACH(&udp->table, hash_bound(udp, laddr, lport), it) {
		struct udp_sock *u = slab_at(&udp->socks, it.value);

		if (!is_bound_to(u, laddr, lport, p->family))
			continue;
		if (NSK_LIKELY(!u->shares))
			return u;
		if (!last || is_better(u, last, p->family))
			last = u;
		count++;
	}
	if (NSK_UNLIKELY(count > 1 && last->d.sock.flags & SOCK_F_REUSEPORT))
		return heaviest(udp, p, laddr, lport, sock_is_six(&last->d.sock));
	return last;
}

static struct udp_sock *find_connected(const struct udp_worker *udp, const uint8_t laddr[16],
				       uint16_t lport, const uint8_t faddr[16], uint16_t fport,
				       uint8_t family)
{
	struct htab_it it;

	HTAB_FOREACH(&udp->table, hash_connected(udp, laddr, lport, faddr, fport), it) {
		struct udp_sock *u = slab_at(&udp->socks, it.value);

		if (u->d.lport == lport && u->d.fport == fport &&
		    (u->d.flags & DGRAM_F_CONNECTED) && memcmp(u->d.laddr.b, laddr, 16) == 0 &&
		    memcmp(u->d.faddr.b, faddr, 16) == 0 && u->d.faddr.family == family)
			return u;
	}
	return NULL;
}

struct udp_sock *udp_lookup(struct nsk_worker *w, const struct pkt *p)
{
	static const uint8_t any[16];
	const struct udp_worker *udp = w->udp;
	uint16_t sport = load_be16(&p->flow.sport_be), dport = load_be16(&p->flow.dport_be);
	struct udp_sock *u = NULL;

	if (udp->connected)
		u = find_connected(udp, p->flow.dst, dport, p->flow.src, sport, p->family);
	if (!u && udp->specific)
		u = find_bound(udp, p, p->flow.dst, dport);
	if (!u && udp->wildcard)
		u = find_bound(udp, p, any, dport);
	return u;
}

/* Whether a socket hears a datagram to a group or to everybody. */
static bool suits(const struct dgram *d, const struct pkt *p)
{
	if (d->lport != load_be16(&p->flow.dport_be) || !dgram_hears_group(d, p))
		return false;
	if (d->flags & DGRAM_F_CONNECTED &&
	    (d->fport != load_be16(&p->flow.sport_be) || memcmp(d->faddr.b, p->flow.src, 16) != 0))
		return false;
	if (!hears(d, p->family))
		return false;
	return ip_addr_is_any(&d->laddr) || memcmp(d->laddr.b, p->flow.dst, 16) == 0;
}

void udp_many_begin(struct nsk_worker *w, const struct pkt *p, struct htab_it *it)
{
	htab_it_init(it, &w->udp->by_port, hash_port(w->udp, load_be16(&p->flow.dport_be)));
}

struct udp_sock *udp_many_next(struct nsk_worker *w, const struct pkt *p, struct htab_it *it)
{
	while (htab_it_next(it)) {
		struct udp_sock *u = slab_at(&w->udp->socks, it->value);

		if (suits(&u->d, p))
			return u;
	}
	return NULL;
}

/* ---- changes ---- */

static uint32_t *count_of(struct udp_worker *udp, const struct udp_sock *u)
{
	if (u->d.flags & DGRAM_F_CONNECTED)
		return &udp->connected;
	return ip_addr_is_any(&u->d.laddr) ? &udp->wildcard : &udp->specific;
}

/* Whether some packets suit both. */
static bool is_bound_alike(const struct udp_sock *u, const struct udp_sock *v)
{
	return is_bound_to(v, u->d.laddr.b, u->d.lport, u->d.laddr.family) ||
	       (hears(&u->d, v->d.laddr.family) &&
		is_bound_to(v, u->d.laddr.b, u->d.lport, v->d.laddr.family));
}

/* Those that are bound like u, which will be: all of them share from now on. Returns how many. */
static unsigned join_sharers(const struct udp_worker *udp, struct udp_sock *u)
{
	unsigned n = 0;
	struct htab_it it;

	HTAB_FOREACH(&udp->table, hash_sock(udp, u), it) {
		struct udp_sock *v = slab_at(&udp->socks, it.value);

		if (is_bound_alike(u, v)) {
			v->shares = true;
			n++;
		}
	}
	u->shares = n > 0;
	return n;
}

int udp_table_add(struct nsk_worker *w, struct udp_sock *u)
{
	struct udp_worker *udp = w->udp;
	uint32_t index = slab_index(&udp->socks, u);
	int rc;

	if (!(u->d.flags & DGRAM_F_CONNECTED) && join_sharers(udp, u) >= UDP_SHARERS_MAX)
		return -ENOBUFS;
	rc = htab_insert(&udp->table, hash_sock(udp, u), index);
	if (rc)
		return -ENOBUFS;
	rc = htab_insert(&udp->by_port, hash_port(udp, u->d.lport), index);
	if (rc) {
		htab_remove(&udp->table, hash_sock(udp, u), index);
		return -ENOBUFS;
	}
	(*count_of(udp, u))++;
	u->d.flags |= DGRAM_F_BOUND;
	u->order = udp->bound++;
	if (w->peers > 1)
		shared_port_use(w->shared, SHARED_UDP, u->d.lport, w->id, true);
	return 0;
}

static bool port_in_use(const struct udp_worker *udp, uint16_t lport)
{
	struct htab_it it;

	HTAB_FOREACH(&udp->by_port, hash_port(udp, lport), it)
		if (((const struct udp_sock *)slab_at(&udp->socks, it.value))->d.lport == lport)
			return true;
	return false;
}

void udp_table_del(struct nsk_worker *w, struct udp_sock *u)
{
	struct udp_worker *udp = w->udp;
	uint32_t index = slab_index(&udp->socks, u);

	if (!(u->d.flags & DGRAM_F_BOUND))
		return;
	htab_remove(&udp->table, hash_sock(udp, u), index);
	htab_remove(&udp->by_port, hash_port(udp, u->d.lport), index);
	(*count_of(udp, u))--;
	u->d.flags &= (uint16_t)~DGRAM_F_BOUND;
	if (w->peers > 1 && !port_in_use(udp, u->d.lport))
		shared_port_use(w->shared, SHARED_UDP, u->d.lport, w->id, false);
}

/* ---- ports ---- */

/* Two may have the same address and port if both say so, in the same words. */
static bool both_share(const struct udp_sock *a, const struct udp_sock *b)
{
	return (a->d.sock.flags & b->d.sock.flags & SHARING) != 0;
}

static bool conflict(const struct udp_sock *u, const struct ip_addr *laddr, uint16_t lport,
		     bool may_share)
{
	const struct udp_worker *udp = u->d.sock.worker->udp;
	bool dual = sock_is_dual(&u->d.sock);
	struct htab_it it;

	HTAB_FOREACH(&udp->by_port, hash_port(udp, lport), it) {
		const struct udp_sock *v = slab_at(&udp->socks, it.value);

		if (v->d.lport != lport)
			continue;
		if (!sock_addrs_overlap(laddr, dual, &v->d.laddr, sock_is_dual(&v->d.sock)))
			continue;
		if (!may_share || !both_share(u, v))
			return true;
	}
	return false;
}

bool udp_table_conflict(const struct udp_sock *u, const struct ip_addr *laddr, uint16_t lport)
{
	return conflict(u, laddr, lport, true);
}

/* Whether what a peer sends to this port of ours comes to this worker. */
static bool comes_here(struct nsk_worker *w, const struct ip_addr *laddr, uint16_t lport,
		       const struct sock_end *peer)
{
	struct flow flow;

	if (w->peers == 1 || !peer || ip_addr_is_any(laddr))
		return true;
	memcpy(flow.src, peer->addr.b, 16);
	memcpy(flow.dst, laddr->b, 16);
	store_be16(&flow.sport_be, peer->port);
	store_be16(&flow.dport_be, lport);
	return w->ops->flow_owner(w, &flow) == w->id;
}

int udp_table_pick(const struct udp_sock *u, const struct ip_addr *bind_addr,
		   const struct ip_addr *from, const struct sock_end *peer, uint16_t *port)
{
	struct nsk_worker *w = u->d.sock.worker;
	struct ports_iter it;
	uint8_t dest[34] = {0};

	memcpy(dest, from->b, 16);
	if (peer) {
		memcpy(dest + 16, peer->addr.b, 16);
		store_be16(dest + 32, peer->port);
	}
	ports_begin(&w->udp->ports, &it, dest, sizeof(dest), (uint16_t)w->set->port_min,
		    (uint16_t)w->set->port_max);
	while (ports_next(&it, port)) {
		if (!comes_here(w, from, *port, peer) || conflict(u, bind_addr, *port, false))
			continue;
		ports_taken(&w->udp->ports, &it);
		return 0;
	}
	return -EADDRINUSE;
}

/* ---- control tools ---- */

static void list_one(const struct udp_sock *u, struct dgram_row *row)
{
	dgram_row(&u->d, row);
}

/* Rows of one bucket with its overflow; what does not fit in max is left out. Returns how many
 * there are. */
static unsigned list_bucket(const struct udp_worker *udp, uint32_t number, struct dgram_row *rows,
			    unsigned max)
{
	const struct htab_bucket *b = htab_bucket_at(&udp->table, number);
	unsigned n = 0;

	for (; b; b = b->more) {
		for (unsigned i = 0; i < HTAB_WAYS; i++) {
			if (!b->tag[i])
				continue;
			if (n < max)
				list_one(slab_at(&udp->socks, b->value[i]), &rows[n]);
			n++;
		}
	}
	return n;
}

unsigned udp_list(const struct nsk_worker *w, uint32_t *cursor, struct dgram_row *rows,
		  unsigned max)
{
	const struct udp_worker *udp = w->udp;
	uint32_t looks = 4 * max;
	unsigned n = 0;

	while (*cursor < udp->table.n_buckets && looks-- > 0) {
		unsigned here = list_bucket(udp, *cursor, rows + n, max - n);

		/* A bucket goes out whole, with the next call if need be; one alone that is too
		 * large is cut. */
		if (n > 0 && n + here > max)
			return n;
		n += NSK_MIN(here, max);
		(*cursor)++;
	}
	if (*cursor >= udp->table.n_buckets)
		*cursor = UINT32_MAX;
	return n;
}
