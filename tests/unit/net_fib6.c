/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/fib6.c: the index over the IPv6 routes, against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "net/fib6.h"

#define ROUTES 96
#define ROUNDS 1000000

struct entry {
	struct trie_key key;
	unsigned len;
	uint32_t node, number;
};

/* The routes, the trie with them, and the index over that. */
struct bench {
	struct mem mem;
	struct route_trie trie;
	struct fib6 fib;
	struct entry e[ROUTES];
	unsigned n;
};

static void begin(struct bench *b, uint32_t units)
{
	mem_init(&b->mem, NULL);
	b->n = 0;
	assert_int_equal(trie_init(&b->trie, &b->mem, 2 * ROUTES), 0);
	assert_int_equal(fib6_init(&b->fib, &b->mem, &b->trie, units), 0);
}

static void end(struct bench *b)
{
	fib6_fini(&b->fib);
	trie_fini(&b->trie);
	assert_int_equal(b->mem.bytes, 0);
}

static struct fib6_route route_of(const struct entry *e)
{
	return (struct fib6_route){e->key, e->len, e->node, e->number};
}

static void free_gone(struct bench *b, const uint32_t *gone, unsigned n)
{
	assert_true(n <= FIB6_GONE_MAX);
	for (unsigned i = 0; i < n; i++)
		fib6_node_free(&b->fib, gone[i]);
}

static void set(struct bench *b, struct entry *e, bool fresh)
{
	uint32_t gone[FIB6_GONE_MAX];
	struct fib6_route r;

	if (fresh)
		e->node = trie_get(&b->trie, AF_INET6, e->key, e->len);
	b->trie.node[e->node].group = e->number;
	r = route_of(e);
	free_gone(b, gone, fib6_set(&b->fib, &r, fresh, gone));
}

static void add(struct bench *b, struct trie_key key, unsigned len, uint32_t number)
{
	b->e[b->n] = (struct entry){trie_cut(key, len), len, 0, number};
	set(b, &b->e[b->n++], true);
}

static void del(struct bench *b, unsigned i)
{
	struct entry e = b->e[i];
	struct fib6_route r = route_of(&e);
	uint32_t gone[FIB6_GONE_MAX], above = trie_above(&b->trie, AF_INET6, e.key, e.len);
	unsigned n;

	b->trie.node[e.node].group = 0;
	free_gone(b, gone, fib6_clear(&b->fib, &r, &b->trie.node[above], gone));
	n = trie_prune(&b->trie, AF_INET6, e.key, e.len, gone);
	while (n > 0)
		trie_node_free(&b->trie, gone[--n]);
	b->e[i] = b->e[--b->n];
}

static uint32_t want(const struct bench *b, struct trie_key key)
{
	const struct entry *best = NULL;

	for (unsigned i = 0; i < b->n; i++) {
		const struct entry *e = &b->e[i];

		if ((!best || e->len > best->len) && trie_key_eq(trie_cut(key, e->len), e->key))
			best = e;
	}
	return best ? best->number : 0;
}

static unsigned find(const struct bench *b, struct trie_key key, unsigned len)
{
	unsigned i = 0;

	while (i < b->n && (b->e[i].len != len || !trie_key_eq(b->e[i].key, key)))
		i++;
	return i;
}

/* Few distinct bits, so that prefixes nest and meet. */
static struct trie_key random_key(struct rng *rng)
{
	struct trie_key key = {0, 0};

	for (unsigned i = 0; i < 128; i += 8) {
		uint64_t byte = rng_chance(rng, 500000) ? 0 : rng_u32(rng) & 0xc3;

		*(i < 64 ? &key.hi : &key.lo) |= byte << (56 - i % 64);
	}
	return key;
}

/* One of them comes, goes, or gets another number. */
static void step(struct bench *b, struct rng *rng, uint32_t add_ppm)
{
	unsigned len = rng_range(rng, 0, 128), i = b->n ? rng_below(rng, b->n) : 0;
	struct trie_key key = trie_cut(random_key(rng), len);
	uint32_t number = rng_below(rng, 1000) + 1;

	if (rng_chance(rng, add_ppm)) {
		if (b->n < ROUTES && find(b, key, len) == b->n)
			add(b, key, len, number);
	} else if (b->n && rng_chance(rng, 300000)) {
		b->e[i].number = number;
		set(b, &b->e[i], false);
	} else if (b->n) {
		del(b, i);
	}
}

/* Units that are in use. */
static uint32_t in_use(const struct bench *b)
{
	uint32_t left = b->fib.used;

	for (uint32_t size = 0; size < FIB6_SIZES; size++)
		for (uint32_t i = b->fib.free[size]; i; i = (uint32_t)fib6_at(&b->fib, i)->ways)
			left -= size;
	return left;
}

/* What the index takes depends on the routes that there are, and not on those that were. */
static void assert_as_if_new(const struct bench *b)
{
	static struct bench other;

	begin(&other, 1 << 16);
	for (unsigned i = b->n; i-- > 0;)
		add(&other, b->e[i].key, b->e[i].len, b->e[i].number);
	assert_int_equal(in_use(b), in_use(&other));
	end(&other);
}

static void test_random_operations_agree_with_a_plain_list(void **state)
{
	static struct bench b;
	struct rng rng;

	(void)state;
	begin(&b, 1 << 16);
	rng_seed(&rng, 20241122);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct trie_key key = random_key(&rng);

		step(&b, &rng, round / 500 % 2 ? 200000 : 800000);
		assert_int_equal(fib6_lookup(&b.fib, key), want(&b, key));
		if (round % 500 == 250)
			assert_as_if_new(&b);
	}
	assert_int_equal(b.fib.missing, 0);
	while (b.n > 0)
		del(&b, b.n - 1);
	assert_int_equal(in_use(&b), 0);
	assert_int_equal(fib6_lookup(&b.fib, random_key(&rng)), 0);
	end(&b);
}

/* It never lies: it says that it does not know. It knows again when there is room. */
static void test_what_there_is_no_room_for_is_asked_for_elsewhere(void **state)
{
	static struct bench b;
	unsigned asked = 0, known = 0;
	struct rng rng;

	(void)state;
	begin(&b, 120);
	rng_seed(&rng, 7);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct trie_key key = random_key(&rng);
		uint32_t number;

		step(&b, &rng, round / 500 % 2 ? 200000 : 800000);
		number = fib6_lookup(&b.fib, key);
		if (number == FIB_ASK)
			asked++;
		else
			assert_int_equal(number, want(&b, key));
		known += number != FIB_ASK;
	}
	assert_in_range(asked, ROUNDS / 20, ROUNDS);
	assert_in_range(known, ROUNDS / 20, ROUNDS);
	while (b.n > 0)
		del(&b, b.n - 1);
	assert_int_equal(b.fib.missing, 0);
	assert_int_equal(in_use(&b), 0);
	assert_int_equal(fib6_lookup(&b.fib, random_key(&rng)), 0);
	add(&b, (struct trie_key){1, 1}, 128, 5);
	assert_int_equal(fib6_lookup(&b.fib, (struct trie_key){1, 1}), 5);
	end(&b);
}

/* A way of nodes with one link each, which goes with the second of two routes. */
static void test_two_routes_that_part_at_the_last_bit_and_one_above(void **state)
{
	const struct trie_key even = {UINT64_C(0x20010db8) << 32, 0}, odd = {even.hi, 1};
	static struct bench b;

	(void)state;
	begin(&b, 1000);
	add(&b, even, 128, 1);
	assert_int_equal(in_use(&b), 0);
	add(&b, odd, 128, 2);
	assert_int_equal(in_use(&b), 2 * 19); /* 16 bits and then 6 each */
	add(&b, even, 32, 3);
	assert_int_equal(fib6_lookup(&b.fib, even), 1);
	assert_int_equal(fib6_lookup(&b.fib, odd), 2);
	assert_int_equal(fib6_lookup(&b.fib, (struct trie_key){even.hi, 2}), 3);
	assert_int_equal(fib6_lookup(&b.fib, (struct trie_key){even.hi ^ 1, 0}), 3);
	assert_int_equal(fib6_lookup(&b.fib, (struct trie_key){0, 1}), 0);
	del(&b, 0);
	assert_int_equal(fib6_lookup(&b.fib, even), 3);
	assert_int_equal(fib6_lookup(&b.fib, odd), 2);
	del(&b, 0); /* the /32 has taken its place */
	assert_int_equal(in_use(&b), 0);
	assert_int_equal(fib6_lookup(&b.fib, even), 0);
	assert_int_equal(fib6_lookup(&b.fib, odd), 2);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_routes_that_part_at_the_last_bit_and_one_above),
		cmocka_unit_test(test_random_operations_agree_with_a_plain_list),
		cmocka_unit_test(test_what_there_is_no_room_for_is_asked_for_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
