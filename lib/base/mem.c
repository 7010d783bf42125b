/* SPDX-License-Identifier: BSD-3-Clause */
/* Counted allocation; see the header for what it is for. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void mem_init(struct mem *m, const struct mem_ops *ops)
{
	memset(m, 0, sizeof(*m));
	m->ops = ops;
	m->limit = SIZE_MAX;
}

void *mem_apart(size_t size)
{
	void *p = aligned_alloc(NSK_APART, NSK_ROUND_UP(size, (size_t)NSK_APART));

	if (p != NULL)
		memset(p, 0, size);
	return p;
}

/* From the given source, or from the C library; cleared if @zero says so. */
static void *mem_take(const struct mem *m, size_t size, size_t align, bool zero)
{
	void *p;

	if (m->ops == NULL && align <= _Alignof(max_align_t))
		return zero ? calloc(1, size) : malloc(size);
	if (m->ops != NULL)
		p = m->ops->alloc(m->ops->arg, size, align);
	else if (size <= SIZE_MAX - align)
		p = aligned_alloc(align, (size + align - 1) & ~(align - 1));
	else
		p = NULL;
	if (p != NULL && zero)
		memset(p, 0, size);
	return p;
}

/* Neither injected nor above the limit. */
static bool may_take(struct mem *m, size_t size)
{
	if (mem_inject(m))
		return false;
	if (size == 0 || m->bytes > m->limit || size > m->limit - m->bytes) {
		m->failed++;
		return false;
	}
	return true;
}

/* Counts what was got; NULL: nothing. */
static void *took(struct mem *m, void *p, size_t size)
{
	if (p == NULL) {
		m->failed++;
		return NULL;
	}
	m->bytes += size;
	m->live++;
	m->total++;
	if (m->bytes > m->peak)
		m->peak = m->bytes;
	return p;
}

static void *mem_get(struct mem *m, size_t size, size_t align, bool zero)
{
	return may_take(m, size) ? took(m, mem_take(m, size, align, zero), size) : NULL;
}

/*
 * Under mlockall(MCL_FUTURE) the kernel fills what may be written to as soon as it is mapped. So it
 * is mapped as what may not be, and if it is then locked, which is told by nothing else than that
 * MADV_DONTNEED is refused, it is to be locked page by page.
 */
static void *map_empty(size_t size)
{
	void *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, size, MADV_DONTNEED) != 0)
		mlock2(p, size, MLOCK_ONFAULT);
	if (mprotect(p, size, PROT_READ | PROT_WRITE) == 0)
		return p;
	munmap(p, size);
	return NULL;
}

void *mem_reserve(struct mem *m, size_t size)
{
	return may_take(m, size) ? took(m, map_empty(size), size) : NULL;
}

void mem_unreserve(struct mem *m, void *p, size_t size)
{
	if (p == NULL)
		return;
	m->bytes -= size;
	m->live--;
	munmap(p, size);
}

void *mem_alloc(struct mem *m, size_t size)
{
	return mem_get(m, size, _Alignof(max_align_t), false);
}

void *mem_zalloc(struct mem *m, size_t size)
{
	return mem_get(m, size, _Alignof(max_align_t), true);
}

void *mem_zalloc_apart(struct mem *m, size_t size)
{
	return mem_get(m, size, NSK_APART, true);
}

void *mem_alloc_aligned(struct mem *m, size_t size, size_t align)
{
	return mem_get(m, size, align, false);
}

void mem_free(struct mem *m, void *p, size_t size)
{
	if (p == NULL)
		return;
	m->bytes -= size;
	m->live--;
	if (m->ops != NULL)
		m->ops->free(m->ops->arg, p, size);
	else
		free(p);
}

void *mem_resize(struct mem *m, void *p, size_t from, size_t to)
{
	void *q = mem_alloc(m, to);

	if (q == NULL || p == NULL)
		return q;
	memcpy(q, p, NSK_MIN(from, to));
	mem_free(m, p, from);
	return q;
}
