/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changing the index: insert, remove, and growth by splitting one bucket per insert. Of a chain,
 * every bucket but the last is full; removal keeps it so by moving the last entry into the gap.
 */
#include "base/htab.h"

#include <errno.h>
#include <string.h>

/* Where an entry lies. */
struct htab_pos {
	struct htab_bucket *bucket; /* NULL: nowhere */
	uint32_t way;
};

/* Bytes of the segment that a top bit stands for; it begins at that place. */
static size_t htab_seg_size(uint32_t top)
{
	return ((size_t)1 << top) * sizeof(struct htab_bucket);
}

/* Make sure that the bucket of number @n has memory, and clear it. */
static int htab_make_bucket(struct htab *h, uint32_t n)
{
	uint32_t top = 31U - (uint32_t)__builtin_clz(n + HTAB_FIRST);
	size_t size = htab_seg_size(top);
	void *seg;

	if (top >= NSK_ARRAY_LEN(h->seg))
		return -ENOSPC;
	if (h->seg[top] == 0) {
		seg = mem_alloc_aligned(h->mem, size, NSK_CACHELINE);
		if (seg == NULL)
			return -ENOMEM;
		h->seg[top] = (uintptr_t)seg - size;
	}
	memset(htab_bucket_at(h, n), 0, sizeof(struct htab_bucket));
	return 0;
}

int htab_init(struct htab *h, uint32_t max, struct mem *mem, htab_hash_fn hash_of, const void *ctx)
{
	int rc;

	memset(h, 0, sizeof(*h));
	if (max == 0 || max > UINT32_C(1) << 30)
		return -EINVAL;
	h->mem = mem;
	h->max = max;
	h->hash_of = hash_of;
	h->ctx = ctx;
	h->n_buckets = HTAB_FIRST;
	h->mask = HTAB_FIRST - 1;
	/* A chain's overflow buckets stand behind as many full ones, so there are never more. */
	rc = slab_init(&h->overflow, mem, sizeof(struct htab_bucket), NSK_CACHELINE,
		       max / HTAB_WAYS + 1, "htab overflow");
	for (uint32_t i = 0; rc == 0 && i < HTAB_FIRST; i++)
		rc = htab_make_bucket(h, i);
	return rc;
}

void htab_fini(struct htab *h)
{
	if (h->mem == NULL)
		return;
	slab_fini(&h->overflow);
	for (uint32_t top = 0; top < NSK_ARRAY_LEN(h->seg); top++) {
		if (h->seg[top])
			mem_free(h->mem, (void *)(h->seg[top] + htab_seg_size(top)),
				 htab_seg_size(top));
	}
	memset(h, 0, sizeof(*h));
}

static struct htab_bucket *htab_last(struct htab_bucket *b)
{
	while (b->more != NULL)
		b = b->more;
	return b;
}

/* Write into the first free way of @b; false when it is full. */
static bool htab_put(struct htab_bucket *b, uint16_t tag, uint32_t value)
{
	uint32_t room = htab_match(b, 0);
	uint32_t way;

	if (room == 0)
		return false;
	way = (uint32_t)__builtin_ctz(room) / 2;
	b->tag[way] = tag;
	b->value[way] = value;
	return true;
}

/*
 * Append to the chain that ends with *@last, lengthening it from @spare. There is a spare bucket
 * whenever one is needed: two chains hold no more than the one they came from did, in buckets that
 * are full but for the last, and one more bucket than that had was added.
 */
static void htab_append(struct htab_bucket **last, struct htab_bucket **spare, uint16_t tag,
			uint32_t value)
{
	struct htab_bucket *b;

	if (htab_put(*last, tag, value))
		return;
	b = *spare;
	*spare = b->more;
	memset(b, 0, sizeof(*b));
	(*last)->more = b;
	*last = b;
	htab_put(b, tag, value);
}

/* Divide the chain at @from between it and the empty bucket @to by @bit of the hash. */
static void htab_divide(struct htab *h, struct htab_bucket *from, struct htab_bucket *to,
			uint32_t bit)
{
	struct htab_bucket *last[2] = {from, to};
	struct htab_bucket *spare = NULL;
	struct htab_bucket *rest = from->more;
	struct htab_bucket old = *from;

	memset(from, 0, sizeof(*from));
	for (;;) {
		struct htab_bucket *b = rest;

		for (uint32_t i = 0; i < HTAB_WAYS; i++) {
			bool moves;

			if (old.tag[i] == 0)
				continue;
			moves = (h->hash_of(h->ctx, old.value[i]) >> 32 & bit) != 0;
			htab_append(&last[moves], &spare, old.tag[i], old.value[i]);
		}
		if (b == NULL)
			break;
		old = *b;
		rest = b->more;
		b->more = spare;
		spare = b;
	}
	while (spare != NULL) {
		struct htab_bucket *b = spare;

		spare = b->more;
		slab_free(&h->overflow, b);
	}
}

/* Add one bucket, which takes its share from the bucket that answered for it so far. */
static void htab_split(struct htab *h)
{
	uint32_t n = h->n_buckets;
	uint32_t mask = n > h->mask ? h->mask * 2 + 1 : h->mask;
	uint32_t bit = (mask >> 1) + 1;

	if (htab_make_bucket(h, n) != 0)
		return;
	h->mask = mask;
	h->n_buckets = n + 1;
	h->growing = n != mask;
	htab_divide(h, htab_bucket_at(h, n & ~bit), htab_bucket_at(h, n), bit);
}

int htab_insert(struct htab *h, uint64_t hash, uint32_t value)
{
	struct htab_bucket *b, *more;
	uint16_t tag = htab_tag(hash);

	if (h->count >= h->max)
		return -ENOSPC;
	if (h->growing || h->count / HTAB_LOAD >= h->n_buckets)
		htab_split(h);
	b = htab_last(htab_bucket_of(h, hash));
	if (NSK_UNLIKELY(!htab_put(b, tag, value))) {
		more = slab_zalloc(&h->overflow);
		if (more == NULL)
			return -ENOMEM;
		htab_put(more, tag, value);
		b->more = more;
	}
	h->count++;
	return 0;
}

static struct htab_pos htab_locate(const struct htab *h, uint64_t hash, uint32_t value)
{
	uint16_t tag = htab_tag(hash);

	for (struct htab_bucket *b = htab_bucket_of(h, hash); b != NULL; b = b->more) {
		for (uint32_t hits = htab_match(b, tag); hits != 0; hits &= hits - 1) {
			uint32_t way = (uint32_t)__builtin_ctz(hits) / 2;

			if (b->value[way] == value)
				return (struct htab_pos){b, way};
		}
	}
	return (struct htab_pos){NULL, 0};
}

/* Unlink and free the last bucket of the chain at @first, which is empty and not @first. */
static void htab_drop_last(struct htab *h, struct htab_bucket *first, struct htab_bucket *last)
{
	while (first->more != last)
		first = first->more;
	first->more = NULL;
	slab_free(&h->overflow, last);
}

int htab_remove(struct htab *h, uint64_t hash, uint32_t value)
{
	struct htab_bucket *first = htab_bucket_of(h, hash);
	struct htab_pos pos = htab_locate(h, hash, value);
	struct htab_bucket *last;

	if (pos.bucket == NULL)
		return -ENOENT;
	h->count--;
	last = htab_last(pos.bucket);
	if (last != pos.bucket) {
		uint32_t used = ~htab_match(last, 0) & 0x5555;
		uint32_t way = (uint32_t)__builtin_ctz(used) / 2;

		pos.bucket->tag[pos.way] = last->tag[way];
		pos.bucket->value[pos.way] = last->value[way];
		pos = (struct htab_pos){last, way};
	}
	pos.bucket->tag[pos.way] = 0;
	if (last != first && htab_match(last, 0) == 0x5555)
		htab_drop_last(h, first, last);
	return 0;
}

int htab_replace(struct htab *h, uint64_t hash, uint32_t from, uint32_t to)
{
	struct htab_pos pos = htab_locate(h, hash, from);

	if (pos.bucket == NULL)
		return -ENOENT;
	pos.bucket->value[pos.way] = to;
	return 0;
}

void htab_walk(const struct htab *h, void (*fn)(void *arg, uint32_t value), void *arg)
{
	for (uint32_t n = 0; n < h->n_buckets; n++) {
		const struct htab_bucket *b = htab_bucket_at(h, n);

		for (; b != NULL; b = b->more) {
			for (uint32_t i = 0; i < HTAB_WAYS; i++) {
				if (b->tag[i] != 0)
					fn(arg, b->value[i]);
			}
		}
	}
}
