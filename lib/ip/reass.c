/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams in fragments; see reass.h. */
#include "ip/reass.h"

#include <string.h>

#include <rte_mbuf.h>

#include "base/list.h"
#include "base/slab.h"
#include "ip/ip.h"
#include "mbuf/pool.h"
#include "wire/icmp.h"
#include "wire/ipv6_ext.h"

#define BUCKETS	    256
#define NS_PER_MS   UINT64_C(1000000)
#define ECN_MASK    3
#define ECN_NOT_ECT 0
#define ECN_CE	    3

struct key {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint8_t family, proto;
	uint16_t zero;
};
_Static_assert(sizeof(struct key) == 40, "keys are compared and hashed as five words");

/* Who has datagrams here that are not whole. */
struct source {
	struct list_node link;	    /* its bucket */
	struct list_node datagrams; /* oldest first */
	uint8_t addr[16];
	uint8_t family;
	uint32_t buffers;
	uint32_t arrived; /* fragments, modulo 2^32 */
};

struct datagram {
	struct list_node link;	  /* its bucket */
	struct list_node age;	  /* of all, oldest first */
	struct list_node sibling; /* of its source, oldest first */
	struct source *source;
	struct wheel_timer timer;
	struct key key;
	struct pieces pieces;
	uint32_t buffers;	 /* what it is charged */
	uint32_t arrived;	 /* of its source, when its last fragment came */
	uint8_t ecn;		 /* codepoints that its fragments have, a bit each */
	enum nsk_drop worthless; /* why, and so is what comes of it; else none */
};

/* All [W]. */
struct reass {
	struct siphash_key hash_key; /* [C] */
	struct slab datagrams, sources;
	uint32_t buffers;
	struct list_node age;
	struct list_node bucket[BUCKETS];
	struct list_node source_bucket[BUCKETS];
};

/* ---- bounds ---------------------------------------------------------------------------------- */

/* Bytes of a buffer, all in. */
static uint32_t buffer_bytes(const struct nsk_worker *w)
{
	return (uint32_t)sizeof(struct rte_mbuf) + PKT_PRIV_SIZE +
	       rte_pktmbuf_data_room_size(w->pool->mp);
}

static uint32_t most_of_all(const struct nsk_worker *w)
{
	uint32_t have = w->pool->count / w->peers;
	uint32_t share = NSK_MAX(have / REASS_SHARE, NSK_MIN(REASS_LEAST, have / 4));

	return (uint32_t)NSK_MIN(SETTING(w->set, ip_frag_mem) / buffer_bytes(w), (uint64_t)share);
}

static uint32_t most_of_one(uint32_t most)
{
	return NSK_MAX(most / 4, NSK_MIN(REASS_SOURCE_LEAST, (most + 1) / 2));
}

static void charge(struct reass *t, struct datagram *d, uint32_t buffers)
{
	t->buffers += buffers - d->buffers;
	d->source->buffers += buffers - d->buffers;
	d->buffers = buffers;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static struct reass *table_of(struct nsk_worker *w)
{
	struct reass *t = w->ip->reass;

	if (NSK_LIKELY(t != NULL))
		return t;
	t = mem_zalloc(w->mem, sizeof(*t));
	if (!t)
		return NULL;
	slab_init(&t->datagrams, w->mem, sizeof(struct datagram), 0, w->pool->count, "fragments");
	slab_init(&t->sources, w->mem, sizeof(struct source), 0, w->pool->count,
		  "sources of fragments");
	t->hash_key.k0 = rng_u64(&w->rng);
	t->hash_key.k1 = rng_u64(&w->rng);
	list_init(&t->age);
	for (unsigned i = 0; i < BUCKETS; i++) {
		list_init(&t->bucket[i]);
		list_init(&t->source_bucket[i]);
	}
	w->ip->reass = t;
	return t;
}

static struct key key_of(const struct pkt *p, const struct frag_view *v)
{
	struct key key = {.id = v->id, .family = p->family, .proto = v->proto};

	memcpy(key.src, p->flow.src, sizeof(key.src));
	memcpy(key.dst, p->flow.dst, sizeof(key.dst));
	return key;
}

static struct list_node *bucket_of(struct reass *t, const struct key *key)
{
	uint64_t word[5];

	memcpy(word, key, sizeof(word));
	return &t->bucket[siphash13_5w(&t->hash_key, word[0], word[1], word[2], word[3], word[4]) %
			  BUCKETS];
}

static struct datagram *find(struct reass *t, const struct key *key)
{
	struct list_node *bucket = bucket_of(t, key), *n;

	NSK_LIST_FOREACH(n, bucket) {
		struct datagram *d = NSK_LIST_ENTRY(n, struct datagram, link);

		if (memcmp(&d->key, key, sizeof(*key)) == 0)
			return d;
	}
	return NULL;
}

/* The source of a datagram, a new one if it has none here. */
static struct source *source_of(struct reass *t, const struct key *key)
{
	struct list_node *bucket, *n;
	struct source *s;
	uint64_t word[2];

	memcpy(word, key->src, sizeof(word));
	bucket = &t->source_bucket[siphash13_2w(&t->hash_key, word[0], word[1]) % BUCKETS];
	NSK_LIST_FOREACH(n, bucket) {
		s = NSK_LIST_ENTRY(n, struct source, link);
		if (s->family == key->family && memcmp(s->addr, key->src, sizeof(s->addr)) == 0)
			return s;
	}
	s = slab_zalloc(&t->sources);
	if (!s)
		return NULL;
	s->family = key->family;
	memcpy(s->addr, key->src, sizeof(s->addr));
	list_init(&s->datagrams);
	list_add_tail(bucket, &s->link);
	return s;
}

static void release_source(struct reass *t, struct source *s)
{
	if (!list_empty(&s->datagrams))
		return;
	list_del(&s->link);
	slab_free(&t->sources, s);
}

static void arm(struct nsk_worker *w, struct datagram *d)
{
	wheel_arm(&w->wheel, &d->timer,
		  w->now_ns + SETTING(w->set, ip_frag_timeout_ms) * NS_PER_MS);
}

static struct datagram *begin(struct nsk_worker *w, struct reass *t, const struct key *key)
{
	struct source *s = source_of(t, key);
	struct datagram *d;

	if (!s)
		return NULL;
	d = slab_zalloc(&t->datagrams);
	if (!d) {
		release_source(t, s);
		return NULL;
	}
	d->key = *key;
	d->source = s;
	list_add_tail(bucket_of(t, key), &d->link);
	list_add_tail(&t->age, &d->age);
	list_add_tail(&s->datagrams, &d->sibling);
	wheel_timer_init(&d->timer, TIMER_IP_REASS);
	arm(w, d);
	return d;
}

static void forget(struct nsk_worker *w, struct reass *t, struct datagram *d)
{
	struct source *s = d->source;

	charge(t, d, 0);
	wheel_cancel(&w->wheel, &d->timer);
	list_del(&d->link);
	list_del(&d->age);
	list_del(&d->sibling);
	slab_free(&t->datagrams, d);
	release_source(t, s);
}

/* ---- giving up ------------------------------------------------------------------------------- */

static struct rte_mbuf *mbuf_of(struct piece *piece)
{
	return pkt_mbuf(NSK_CONTAINER_OF(piece, struct pkt, piece));
}

static void drop_pieces(struct nsk_worker *w, struct datagram *d, enum nsk_drop why)
{
	struct piece *piece = d->pieces.head;

	while (piece) {
		struct piece *next = piece->next;

		pkt_drop(w, mbuf_of(piece), why);
		piece = next;
	}
	d->pieces = (struct pieces){0};
	d->ecn = 0;
	if (!d->worthless)
		worker_count(w, NSK_CNT_IP_REASM_FAILS, 1);
}

/* It never becomes whole: what comes of it is dropped until its time is over. */
static void condemn(struct nsk_worker *w, struct reass *t, struct datagram *d, enum nsk_drop why)
{
	drop_pieces(w, d, why);
	d->worthless = why;
	charge(t, d, 1);
}

static void end(struct nsk_worker *w, struct reass *t, struct datagram *d, enum nsk_drop why)
{
	drop_pieces(w, d, why);
	forget(w, t, d);
}

/* Makes room: the oldest goes, unless it is d, which is in use. */
static void evict(struct nsk_worker *w, struct reass *t, struct datagram *oldest,
		  struct datagram *d)
{
	if (oldest == d)
		condemn(w, t, d, NSK_DROP_IP_FRAG_FULL);
	else
		end(w, t, oldest, NSK_DROP_IP_FRAG_FULL);
}

/* Within the bounds again after d got a fragment, at its own cost if need be. */
static void shrink(struct nsk_worker *w, struct reass *t, struct datagram *d)
{
	uint32_t most = most_of_all(w);

	while (!d->worthless && d->source->buffers > most_of_one(most))
		evict(w, t,
		      NSK_LIST_ENTRY(list_first(&d->source->datagrams), struct datagram, sibling),
		      d);
	while (!d->worthless && t->buffers > most)
		evict(w, t, NSK_LIST_ENTRY(list_first(&t->age), struct datagram, age), d);
}

/*
 * RFC 1122 §3.3.2: the source is told if the first fragment is there, which alone can be quoted.
 * May it be answered at all: icmp_error.c.
 */
void reass_timer(void *ctx, struct wheel_timer *timer, uint64_t now_ns)
{
	struct datagram *d = NSK_CONTAINER_OF(timer, struct datagram, timer);
	struct piece *first = d->pieces.head;
	struct nsk_worker *w = ctx;

	(void)now_ns;
	if (!d->worthless)
		worker_count(w, NSK_CNT_IP_REASM_TIMEOUT, 1);
	if (first && first->off == 0)
		icmp_error_output(w, mbuf_of(first), IP_COMPLAINT_REASSEMBLY, 0);
	end(w, w->ip->reass, d, NSK_DROP_IP_FRAG_TIMEOUT);
}

void reass_fini(struct nsk_worker *w)
{
	struct reass *t = w->ip->reass;
	struct list_node *n;

	if (!t)
		return;
	while ((n = list_first(&t->age)) != NULL)
		end(w, t, NSK_LIST_ENTRY(n, struct datagram, age), NSK_DROP_IP_FRAG_TIMEOUT);
	slab_fini(&t->datagrams);
	slab_fini(&t->sources);
	mem_free(w->mem, t, sizeof(*t));
	w->ip->reass = NULL;
}

void reass_levels(const struct nsk_worker *w, struct nsk_levels *levels)
{
	if (w->ip->reass)
		levels->ip_reasm_bytes += (uint64_t)w->ip->reass->buffers * buffer_bytes(w);
}

/* ---- what is whole --------------------------------------------------------------------------- */

/*
 * RFC 3168 §5.3: a mark of congestion is not lost, unless a fragment says that its sender would not
 * understand it; then the datagram is. Other mixtures mean nothing: the first fragment's holds.
 */
static bool join_ecn(const struct datagram *d, struct pkt *p)
{
	if (!(d->ecn & 1 << ECN_CE))
		return true;
	p->tos |= ECN_CE;
	return !(d->ecn & 1 << ECN_NOT_ECT);
}

/* The payloads of the others behind the first fragment. */
static struct rte_mbuf *join(const struct datagram *d)
{
	struct rte_mbuf *whole = mbuf_of(d->pieces.head), *last = rte_pktmbuf_lastseg(whole);
	struct piece *piece = d->pieces.head->next, *next;

	for (; piece; piece = next) {
		struct rte_mbuf *m = mbuf_of(piece);

		next = piece->next;
		rte_pktmbuf_adj(m, (uint16_t)(pkt_of(m)->l4_off - m->data_off));
		last->next = m;
		last = rte_pktmbuf_lastseg(m);
		whole->nb_segs = (uint16_t)(whole->nb_segs + m->nb_segs);
		whole->pkt_len += m->pkt_len;
	}
	return whole;
}

/* Bytes that the whole keeps between the family's header and the payload: IPv6's header of a
 * fragment, which goes, stands in front of that. */
static uint32_t headers_kept(const struct pkt *p)
{
	uint32_t headers = (uint32_t)(p->l4_off - p->l3_off) - family_of(p->family)->hdr_len;

	return p->family == AF_INET6 ? headers - IPV6_FRAG_HLEN : headers;
}

static struct rte_mbuf *finish(struct nsk_worker *w, struct reass *t, struct datagram *d)
{
	struct pkt *p = NSK_CONTAINER_OF(d->pieces.head, struct pkt, piece);
	uint32_t total = d->pieces.total;
	struct rte_mbuf *whole;

	if (total + headers_kept(p) > family_of(p->family)->max_payload) {
		end(w, t, d, NSK_DROP_IP_FRAG_TOO_LONG);
		return NULL;
	}
	if (!join_ecn(d, p)) {
		end(w, t, d, NSK_DROP_IP_FRAG_ECN);
		return NULL;
	}
	whole = join(d);
	p->l4_len = (uint16_t)total;
	worker_count(w, NSK_CNT_IP_REASM_OKS, 1);
	forget(w, t, d);
	return whole;
}

/* ---- fragments ------------------------------------------------------------------------------- */

void reass_flow(const struct pkt *p, const struct frag_view *v, struct flow *flow)
{
	*flow = p->flow;
	flow->sport_be = (uint16_t)(v->id ^ v->id >> 16);
	flow->dport_be = v->proto;
}

static enum nsk_drop judge(const struct nsk_worker *w, const struct rte_mbuf *m,
			   const struct pkt *p, const struct frag_view *v)
{
	if (p->l4_len == 0 || (v->more && p->l4_len % 8 != 0))
		return NSK_DROP_IP_FRAG_LENGTH;
	if (v->off + p->l4_len > family_of(p->family)->max_payload)
		return NSK_DROP_IP_FRAG_TOO_LONG;
	return m->nb_segs > most_of_all(w) ? NSK_DROP_IP_FRAG_FULL : NSK_DROP_NONE;
}

/*
 * RFC 4963: a source that sends fast uses its numbers again soon. What came of others since this
 * datagram's last fragment says that it is another one with the same number, as Linux sees it.
 */
static void restart_if_stale(struct nsk_worker *w, struct reass *t, struct datagram *d)
{
	uint32_t most = SETTING(w->set, ip_frag_max_dist), before = d->arrived;

	d->arrived = ++d->source->arrived;
	if (d->key.family == AF_INET6) /* whose numbers do not come again so soon (RFC 4963 §5) */
		return;
	if (!most || !d->pieces.count || d->arrived - before - 1 <= most)
		return;
	drop_pieces(w, d, NSK_DROP_IP_FRAG_STALE);
	charge(t, d, 0);
	arm(w, d);
}

/* One more piece of d: NULL, or d is whole, and what became of it. */
static struct rte_mbuf *add(struct nsk_worker *w, struct reass *t, struct datagram *d,
			    struct rte_mbuf *m, bool last)
{
	struct pkt *p = pkt_of(m);

	switch (pieces_add(&d->pieces, &p->piece, last)) {
	case PIECES_DUPLICATE:
		pkt_drop(w, m, NSK_DROP_IP_FRAG_DUPLICATE);
		return NULL;
	case PIECES_CONFLICT:
		pkt_drop(w, m, NSK_DROP_IP_FRAG_OVERLAP);
		condemn(w, t, d, NSK_DROP_IP_FRAG_OVERLAP);
		return NULL;
	case PIECES_ADDED:
		break;
	}
	d->ecn |= (uint8_t)(1 << (p->tos & ECN_MASK));
	charge(t, d, d->buffers + m->nb_segs);
	if (pieces_whole(&d->pieces))
		return finish(w, t, d);
	if (d->pieces.count >= REASS_PIECES_MAX)
		condemn(w, t, d, NSK_DROP_IP_FRAG_MANY);
	else
		shrink(w, t, d);
	return NULL;
}

struct rte_mbuf *reass_take(struct nsk_worker *w, struct rte_mbuf *m, const struct frag_view *v)
{
	struct pkt *p = pkt_of(m);
	struct key key = key_of(p, v);
	enum nsk_drop bad = judge(w, m, p, v);
	struct reass *t = bad ? NULL : table_of(w);
	struct datagram *d = t ? find(t, &key) : NULL;

	worker_count(w, NSK_CNT_IP_REASM_REQDS, 1);
	if (t && !d)
		d = begin(w, t, &key);
	if (!d) {
		pkt_drop(w, m, bad ? bad : NSK_DROP_IP_FRAG_FULL);
		return NULL;
	}
	if (d->worthless) {
		pkt_drop(w, m, d->worthless);
		return NULL;
	}
	restart_if_stale(w, t, d);
	p->piece = (struct piece){.off = v->off, .end = v->off + p->l4_len};
	return add(w, t, d, m, !v->more);
}
