/* SPDX-License-Identifier: BSD-3-Clause */
/* The flat index over the IPv4 routes, changed; see fib.h. */
#include "net/fib.h"

#include <errno.h>
#include <sys/mman.h>

#define BY24   (UINT32_C(1) << 24)
#define PAGE2M (UINT32_C(1) << 21)
#define MANY   4096 /* blocks, from which on the index is for a table of the whole internet */

int fib_init(struct fib *f, struct mem *mem, uint32_t blocks)
{
	*f = (struct fib){.mem = mem, .room = blocks};
	f->by24 = mem_reserve(mem, BY24 * sizeof(f->by24[0]));
	f->block = mem_reserve(mem, ((size_t)blocks + 1) * sizeof(f->block[0]));
	if (!f->by24 || !f->block || fib_wide_init(&f->wide, mem)) {
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
	mem_unreserve(f->mem, f->block, ((size_t)f->room + 1) * sizeof(f->block[0]));
	fib_wide_fini(&f->wide);
	f->by24 = NULL;
	f->block = NULL;
}

/* ---- changes of the array by 24 bits ------------------------------------------------------- */

static void change_by24(struct fib *f, uint32_t first, uint32_t n, const struct fib_change *c)
{
	for (uint32_t i = first; i < first + n; i++) {
		uint32_t e = f->by24[i];

		if (!(e & FIB_LONGER))
			fib_change(&f->by24[i], c);
		else if (e != FIB_LONGER)
			fib_change(&f->block[e & ~FIB_LONGER].own, c);
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
		fib_store(&b->own, *entry);
		for (unsigned k = 0; k < 256; k++)
			fib_store(&b->entry[k], 0);
	}
	fib_store(entry, FIB_LONGER | i);
	return i ? b : NULL;
}

uint32_t fib_shorten(struct fib *f, uint32_t addr, unsigned own_len, uint32_t own_number)
{
	uint32_t *entry = &f->by24[addr >> 8], e = *entry;

	if (!(e & FIB_LONGER))
		return 0;
	fib_store(entry, fib_entry(own_len, own_number));
	return e & ~FIB_LONGER;
}

/* ---- changes ------------------------------------------------------------------------------- */

static void change_range(struct fib *f, uint32_t addr, unsigned len, struct fib_change c)
{
	struct fib_block *b;

	if (len <= 24) {
		change_by24(f, addr >> 8, UINT32_C(1) << (24 - len), &c);
	} else {
		b = block_get(f, addr);
		if (b)
			fib_change_many(&b->entry[addr & 255], UINT32_C(1) << (32 - len), &c);
	}
}

void fib_set(struct fib *f, uint32_t addr, unsigned len, uint32_t number)
{
	if (len <= 16)
		fib_wide_set(&f->wide, addr >> 16, len, number);
	else
		change_range(f, addr, len, fib_change_set(len, number));
}

void fib_clear(struct fib *f, uint32_t addr, unsigned len, unsigned under_len,
	       uint32_t under_number)
{
	/* The shorter one answers here where it is of the same array. */
	bool here = under_len > (len <= 24 ? 16 : 24);

	if (len <= 16)
		fib_wide_clear(&f->wide, addr >> 16, len, under_len, under_number);
	else
		change_range(f, addr, len,
			     fib_change_clear(len, here ? fib_entry(under_len, under_number) : 0));
}
