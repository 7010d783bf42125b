/* SPDX-License-Identifier: BSD-3-Clause */
/* The flat index over the IPv4 routes, changed; see fib.h. */
#include "net/fib.h"

#include <errno.h>
#include <sys/mman.h>

#define BY24   (UINT32_C(1) << 24)
#define BY16   (UINT32_C(1) << 16)
#define PAGE2M (UINT32_C(1) << 21)
#define MANY   4096 /* blocks, from which on the index is for a table of the whole internet */

int fib_init(struct fib *f, struct mem *mem, uint32_t blocks)
{
	*f = (struct fib){.mem = mem, .room = blocks};
	f->by24 = mem_reserve(mem, BY24 * sizeof(f->by24[0]));
	f->by16 = mem_reserve(mem, BY16 * sizeof(f->by16[0]));
	f->block = mem_reserve(mem, ((size_t)blocks + 1) * sizeof(f->block[0]));
	if (!f->by24 || !f->by16 || !f->block) {
		fib_fini(f);
		return -ENOMEM;
	}
	/* Such a table is filled all over: pages of 2 MB spare most of the TLB's misses. Whether
	 * there are any is the kernel's affair. */
	if (blocks >= MANY) {
		uintptr_t from = NSK_ROUND_UP((uintptr_t)f->by24, (uintptr_t)PAGE2M);

		madvise((void *)from, BY24 * sizeof(f->by24[0]) - PAGE2M, MADV_HUGEPAGE);
	}
	return 0;
}

void fib_fini(struct fib *f)
{
	mem_unreserve(f->mem, f->by24, BY24 * sizeof(f->by24[0]));
	mem_unreserve(f->mem, f->by16, BY16 * sizeof(f->by16[0]));
	mem_unreserve(f->mem, f->block, ((size_t)f->room + 1) * sizeof(f->block[0]));
	f->by24 = f->by16 = NULL;
	f->block = NULL;
}

/* ---- entries ------------------------------------------------------------------------------- */

static uint32_t entry_of(unsigned len, uint32_t number)
{
	return number ? (uint32_t)(len - 1) << FIB_LEN_SHIFT | number : 0;
}

static void store(uint32_t *entry, uint32_t e)
{
	__atomic_store_n(entry, e, __ATOMIC_RELEASE);
}

/* What a change is: entries from low to high become e. As numbers they are in the order of their
 * lengths, nothing being the least. */
struct change {
	uint32_t low, high;
	uint32_t e;
};

/* Stored in any case: which entries change is nothing that a processor could foresee. */
static inline void change(uint32_t *entry, const struct change *c)
{
	uint32_t e = *entry;

	store(entry, e - c->low <= c->high - c->low ? c->e : e);
}

static void change_many(uint32_t *entry, uint32_t n, const struct change *c)
{
	for (uint32_t i = 0; i < n; i++)
		change(&entry[i], c);
}

static void change_by24(struct fib *f, uint32_t first, uint32_t n, const struct change *c)
{
	for (uint32_t i = first; i < first + n; i++) {
		uint32_t e = f->by24[i];

		if (!(e & FIB_LONGER))
			change(&f->by24[i], c);
		else if (e != FIB_LONGER)
			change(&f->block[e & ~FIB_LONGER].own, c);
	}
}

/* ---- blocks -------------------------------------------------------------------------------- */

static uint32_t block_take(struct fib *f)
{
	uint32_t i = f->free;

	if (i)
		f->free = f->block[i].entry[0];
	else if (f->used < f->room)
		i = ++f->used;
	return i;
}

void fib_block_free(struct fib *f, uint32_t block)
{
	f->block[block].entry[0] = f->free;
	f->free = block;
}

/* The block of a /24 that has longer routes from now on, or NULL: there is none left. */
static struct fib_block *block_get(struct fib *f, uint32_t addr)
{
	uint32_t *entry = &f->by24[addr >> 8];
	struct fib_block *b;
	uint32_t i;

	if (*entry & FIB_LONGER)
		return *entry == FIB_LONGER ? NULL : &f->block[*entry & ~FIB_LONGER];
	i = block_take(f);
	b = &f->block[i];
	if (i) {
		store(&b->own, *entry);
		for (unsigned k = 0; k < 256; k++)
			store(&b->entry[k], 0);
	}
	store(entry, FIB_LONGER | i);
	return i ? b : NULL;
}

uint32_t fib_shorten(struct fib *f, uint32_t addr, unsigned own_len, uint32_t own_number)
{
	uint32_t *entry = &f->by24[addr >> 8], e = *entry;

	if (!(e & FIB_LONGER))
		return 0;
	store(entry, entry_of(own_len, own_number));
	return e & ~FIB_LONGER;
}

/* ---- changes ------------------------------------------------------------------------------- */

static void change_range(struct fib *f, uint32_t addr, unsigned len, const struct change *c)
{
	struct fib_block *b;

	if (len == 0) {
		store(&f->all, c->e);
	} else if (len <= 16) {
		change_many(&f->by16[addr >> 16], UINT32_C(1) << (16 - len), c);
	} else if (len <= 24) {
		change_by24(f, addr >> 8, UINT32_C(1) << (24 - len), c);
	} else {
		b = block_get(f, addr);
		if (b)
			change_many(&b->entry[addr & 255], UINT32_C(1) << (32 - len), c);
	}
}

/* The largest entry of a length. */
static uint32_t highest(unsigned len)
{
	return len ? entry_of(len, FIB_NUMBER_MAX) : 0;
}

void fib_set(struct fib *f, uint32_t addr, unsigned len, uint32_t number)
{
	change_range(f, addr, len,
		     &(struct change){0, highest(len), len ? entry_of(len, number) : number});
}

/* Which array a length belongs to. */
static unsigned level_of(unsigned len)
{
	return len == 0 ? 0 : len <= 16 ? 1 : len <= 24 ? 2 : 3;
}

void fib_clear(struct fib *f, uint32_t addr, unsigned len, unsigned under_len,
	       uint32_t under_number)
{
	bool here = len && level_of(under_len) == level_of(len);

	change_range(f, addr, len,
		     &(struct change){
			     .low = len ? entry_of(len, 1) : 0,
			     .high = highest(len),
			     .e = here ? entry_of(under_len, under_number) : 0,
		     });
}
