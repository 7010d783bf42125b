/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory on the NUMA node of a worker's core. */
#ifndef NSK_STACK_NODE_MEM_H
#define NSK_STACK_NODE_MEM_H

#include <stddef.h>

/* Cleared memory of whole pages, aligned to align (a power of two), on this node, -1: any. NULL. */
void *node_map(size_t size, size_t align, int node);
void node_unmap(void *p, size_t size);

/* The same in the manner of struct mem_ops, arg pointing to the node: what is smaller than a page
 * is the C library's, and lies where the thread runs that touches it first. Not cleared. */
void *node_alloc(void *arg, size_t size, size_t align);
void node_free(void *arg, void *p, size_t size);

#endif
