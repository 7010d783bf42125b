/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory on a node; see node_mem.h. */
#include "stack/node_mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numa.h>

#include "base/compiler.h"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void *node_map(size_t size, size_t align, int node)
{
	size_t page = page_size(), whole, before;
	uint8_t *p;

	size = NSK_ROUND_UP(size, page);
	align = NSK_MAX(align, page);
	whole = size + align - page;
	p = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	/* What lies before the first multiple of align, and behind the size, goes back. */
	before = (size_t)(-(uintptr_t)p & (align - 1));
	if (before)
		munmap(p, before);
	if (whole - before > size)
		munmap(p + before + size, whole - before - size);
	p += before;
	if (node >= 0)
		numa_tonode_memory(p, size, node);
	return p;
}

void node_unmap(void *p, size_t size)
{
	munmap(p, NSK_ROUND_UP(size, page_size()));
}

void *node_alloc(void *arg, size_t size, size_t align)
{
	if (size < page_size())
		return aligned_alloc(NSK_MAX(align, _Alignof(max_align_t)),
				     NSK_ROUND_UP(size, NSK_MAX(align, _Alignof(max_align_t))));
	return node_map(size, align, *(const int *)arg);
}

void node_free(void *arg, void *p, size_t size)
{
	(void)arg;
	if (size < page_size())
		free(p);
	else
		node_unmap(p, size);
}
