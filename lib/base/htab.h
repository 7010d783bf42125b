/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Index from a keyed 64-bit hash to 32-bit values (slab handles): the connection table without the
 * connections. A bucket is one cache line: eight 16-bit tags, eight values, and a link to
 * an overflow bucket. The caller compares the candidates' keys.
 *
 * Bucket and tag are taken from the upper half of the hash, the bucket from its lower end and the
 * tag from its upper one. They meet in tables of more than 65,536 buckets: fewer than one foreign
 * candidate in 4,000 turns up per lookup below that, one in 500 with a million entries.
 *
 * It grows by linear hashing: a bucket splits into itself and a new one at the end, so no insert
 * does more than one split and nothing is ever rehashed as a whole. A round, which doubles the
 * table, starts at an average of four entries in a bucket and is over before it is five. Segments
 * of doubling size hold the buckets, which therefore never move; a new segment's memory is not
 * touched before its buckets are made. It never shrinks. One writer, which is the only reader too.
 *
 * The hash must be keyed with a secret (mulhash.h, siphash.h): that is what keeps the chains short
 * against an attacker who chooses the keys.
 */
#ifndef NSK_BASE_HTAB_H
#define NSK_BASE_HTAB_H

#include <stdbool.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/compiler.h"
#include "base/mem.h"
#include "base/slab.h"

#define HTAB_WAYS	 8
#define HTAB_FIRST_SHIFT 3
#define HTAB_FIRST	 (1U << HTAB_FIRST_SHIFT) /* buckets at the start */
#define HTAB_SEGMENTS	 28
#define HTAB_LOAD	 4 /* entries a bucket, on average, at which a round starts */
#define HTAB_NONE	 UINT32_MAX

struct htab_bucket {
	uint16_t tag[HTAB_WAYS]; /* 0: free */
	uint32_t value[HTAB_WAYS];
	struct htab_bucket *more; /* overflow; only when this bucket is full */
	uint64_t unused;
} NSK_CACHE_ALIGNED;

_Static_assert(sizeof(struct htab_bucket) == NSK_CACHELINE, "a bucket is one cache line");

/* The hash that @value was inserted with; needed when its bucket splits. */
typedef uint64_t (*htab_hash_fn)(const void *ctx, uint32_t value);

struct htab {
	uint32_t n_buckets; /* [W] */
	uint32_t mask;	/* [W] of a whole round's buckets: the smallest 2^k - 1 >= n_buckets - 1 */
	uint32_t count; /* [W] entries */
	uint32_t max;	/* [C] */
	/* [W] by the top bit of what htab_bucket_at() counts: the segment's address less that of
	 * its first bucket's place, so that places count from it; 0: no memory yet */
	uintptr_t seg[HTAB_FIRST_SHIFT + HTAB_SEGMENTS];
	htab_hash_fn hash_of; /* [C] */
	const void *ctx;      /* [C] */
	struct mem *mem;      /* [C] */
	struct slab overflow; /* [W] */
	bool growing;	      /* [W] in the middle of a round */
};

/* An empty table for at most @max (1 to 2^30) values. 0, -EINVAL, -ENOMEM. */
int htab_init(struct htab *h, uint32_t max, struct mem *mem, htab_hash_fn hash_of, const void *ctx);

/* Give the memory back; the values are nobody's business here. */
void htab_fini(struct htab *h);

/*
 * Add a value under its hash; whether it is there already is not checked. -ENOSPC at the limit,
 * -ENOMEM when its bucket is full and no overflow bucket can be had. Room for growth that cannot
 * be had is no error: chains get longer, and the next insert tries again.
 */
int htab_insert(struct htab *h, uint64_t hash, uint32_t value);

/* Take one occurrence of @value under @hash out. 0 or -ENOENT. */
int htab_remove(struct htab *h, uint64_t hash, uint32_t value);

/* Replace one occurrence of @from under @hash by @to, of the same hash. 0 or -ENOENT. */
int htab_replace(struct htab *h, uint64_t hash, uint32_t from, uint32_t to);

/* Call @fn for every value; it must not change the table. */
void htab_walk(const struct htab *h, void (*fn)(void *arg, uint32_t value), void *arg);

/* Never 0, which is a free way's. */
static inline uint16_t htab_tag(uint64_t hash)
{
	return (uint16_t)(hash >> 48 | 1);
}

/* Number of the bucket for a hash. */
static inline uint32_t htab_slot(const struct htab *h, uint64_t hash)
{
	uint32_t n = (uint32_t)(hash >> 32) & h->mask;

	return n < h->n_buckets ? n : n & (h->mask >> 1);
}

/* The bucket of a number. Counted from HTAB_FIRST, a number's top bit says the segment. */
static inline struct htab_bucket *htab_bucket_at(const struct htab *h, uint32_t n)
{
	uint32_t place = n + HTAB_FIRST;
	uint32_t top = 31U - (uint32_t)__builtin_clz(place);

	return (struct htab_bucket *)(h->seg[top] + place * sizeof(struct htab_bucket));
}

static inline struct htab_bucket *htab_bucket_of(const struct htab *h, uint64_t hash)
{
	return htab_bucket_at(h, htab_slot(h, hash));
}

/* The bucket of a hash, on its way into the cache; the first pass over a burst. */
static inline const struct htab_bucket *htab_prefetch(const struct htab *h, uint64_t hash)
{
	const struct htab_bucket *b = htab_bucket_of(h, hash);

	NSK_PREFETCH(b);
	return b;
}

/* The ways of a bucket that carry a tag, bit 2i for way i, on any processor. */
static inline uint32_t htab_match_scalar(const struct htab_bucket *b, uint16_t tag)
{
	uint32_t hits = 0;

	for (uint32_t i = 0; i < HTAB_WAYS; i++)
		hits |= (uint32_t)(b->tag[i] == tag) << (2 * i);
	return hits;
}

/* The same in the fewest instructions. */
static inline uint32_t htab_match(const struct htab_bucket *b, uint16_t tag)
{
#ifdef __SSE2__
	__m128i tags = _mm_load_si128((const __m128i *)(const void *)b->tag);
	__m128i same = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag));

	return (uint32_t)_mm_movemask_epi8(same) & 0x5555;
#else
	return htab_match_scalar(b, tag);
#endif
}

/* A position in the sequence of candidates for a hash. */
struct htab_it {
	const struct htab_bucket *bucket; /* NULL at the end */
	uint32_t hits;			  /* candidates of it not yet visited */
	uint16_t tag;
	uint32_t value; /* the candidate */
};

static inline void htab_it_init(struct htab_it *it, const struct htab *h, uint64_t hash)
{
	it->bucket = htab_bucket_of(h, hash);
	it->tag = htab_tag(hash);
	it->hits = htab_match(it->bucket, it->tag);
}

static inline bool htab_it_next(struct htab_it *it)
{
	while (NSK_UNLIKELY(it->hits == 0)) {
		it->bucket = it->bucket->more;
		if (NSK_LIKELY(it->bucket == NULL))
			return false;
		it->hits = htab_match(it->bucket, it->tag);
	}
	it->value = it->bucket->value[(uint32_t)__builtin_ctz(it->hits) / 2];
	it->hits &= it->hits - 1;
	return true;
}

/*
 * Visit each candidate for @hash: HTAB_FOREACH(h, hash, it) { if (key matches it.value) ... }, with
 * a struct htab_it of the caller's. The body must not change the table, unless it breaks out.
 */
#define HTAB_FOREACH(h, hash, it) for (htab_it_init(&(it), (h), (hash)); htab_it_next(&(it));)

/*
 * The first candidate in the bucket that htab_prefetch() gave, or HTAB_NONE: nearly always the one,
 * so the second pass over a burst can prefetch the entry behind it. A hint: others may be in
 * overflow buckets, and after an insert or a removal in other places.
 */
static inline uint32_t htab_first(const struct htab_bucket *b, uint64_t hash)
{
	uint32_t hits = htab_match(b, htab_tag(hash));

	return NSK_LIKELY(hits) ? b->value[(uint32_t)__builtin_ctz(hits) / 2] : HTAB_NONE;
}

/* True: no value is in the table under a hash, seen by one look. False: there may be one. */
static inline bool htab_lacks(const struct htab *h, uint64_t hash)
{
	const struct htab_bucket *b = htab_bucket_of(h, hash);

	return htab_first(b, hash) == HTAB_NONE && !b->more;
}

#endif
