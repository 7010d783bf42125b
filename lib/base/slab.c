/* SPDX-License-Identifier: BSD-3-Clause */
/* Set-up and growth of object pools; taking and giving back are inline in the header. */
#include "base/slab.h"

#include <errno.h>

#define SLAB_CHUNK_MIN 4096
#define SLAB_CHUNK_MAX 65536	  /* unless fewer than SLAB_OBJS_MIN objects fit */
#define SLAB_OBJS_MIN  8U	  /* keeps what is left over at a chunk's end small */
#define SLAB_OBJ_MAX   (1U << 24) /* bytes */
#define SLAB_ALIGN_MAX 4096
#define SLAB_DIR_FIRST 4
/* Beyond so many, chunks come so many at a time: the C library spends a page on each alignment. */
#define SLAB_GROUP 16

/* The smallest chunk that holds all objects, or the usual one, or one for a few large objects. */
static size_t slab_chunk_size(const struct slab *s)
{
	size_t all = s->head_size + (size_t)s->max_objs * s->obj_size;
	size_t few = s->head_size + (size_t)NSK_MIN(s->max_objs, SLAB_OBJS_MIN) * s->obj_size;
	size_t size = SLAB_CHUNK_MIN;

	while (size < few || (size < SLAB_CHUNK_MAX && size < all))
		size *= 2;
	return size;
}

int slab_init(struct slab *s, struct mem *mem, size_t obj_size, size_t align, uint32_t max_objs,
	      const char *name)
{
	memset(s, 0, sizeof(*s));
	if (align == 0)
		align = _Alignof(max_align_t);
	if (obj_size == 0 || obj_size > SLAB_OBJ_MAX || (align & (align - 1)) != 0 ||
	    align > SLAB_ALIGN_MAX || max_objs == 0 || max_objs > UINT32_C(1) << 30)
		return -EINVAL;
	align = NSK_MAX(align, sizeof(struct slab_free_obj));
	s->mem = mem;
	s->name = name;
	s->max_objs = max_objs;
	s->obj_size = (uint32_t)NSK_ROUND_UP(obj_size, align);
	s->head_size = (uint32_t)NSK_ROUND_UP(sizeof(struct slab_chunk), align);
	s->reciprocal = (uint32_t)(((UINT64_C(1) << 32) + s->obj_size - 1) / s->obj_size);
	s->chunk_size = slab_chunk_size(s);
	s->chunk_objs = (uint32_t)((s->chunk_size - s->head_size) / s->obj_size);
	while (UINT32_C(1) << s->shift < s->chunk_objs)
		s->shift++;
	s->pos_mask = (UINT32_C(1) << s->shift) - 1;
	return 0;
}

/* Chunks that chunk number i has come with, itself counted; 0: it came with one before it. */
static size_t slab_group(uint32_t i)
{
	if (i < SLAB_GROUP)
		return 1;
	return i % SLAB_GROUP == 0 ? SLAB_GROUP : 0;
}

uint32_t slab_fini(struct slab *s)
{
	uint32_t left = s->in_use;

	for (uint32_t i = 0; i < s->n_chunks; i++) {
		uint8_t *chunk = s->chunks[i] - s->head_size;
		size_t size = slab_group(i) * s->chunk_size;

		if (size == 0)
			continue;
		NSK_UNPOISON(chunk, size);
		mem_free(s->mem, chunk, size);
	}
	mem_free(s->mem, s->chunks, s->dir_size * sizeof(s->chunks[0]));
	memset(s, 0, sizeof(*s));
	return left;
}

/* Make room for one more chunk in the directory. */
static int slab_grow_dir(struct slab *s)
{
	uint32_t size = s->dir_size == 0 ? SLAB_DIR_FIRST : s->dir_size * 2;
	uint8_t **dir;

	if (s->n_chunks < s->dir_size)
		return 0;
	dir = mem_resize(s->mem, s->chunks, s->dir_size * sizeof(dir[0]), size * sizeof(dir[0]));
	if (dir == NULL)
		return -ENOMEM;
	s->chunks = dir;
	s->dir_size = size;
	return 0;
}

/* Add a chunk, none of whose objects is carved. */
static int slab_grow(struct slab *s)
{
	size_t size = slab_group(s->n_chunks) * s->chunk_size;
	uint8_t *chunk;
	struct slab_chunk *c;

	if (slab_grow_dir(s) != 0)
		return -ENOMEM;
	if (size)
		chunk = mem_alloc_aligned(s->mem, size, s->chunk_size);
	else
		chunk = s->chunks[s->n_chunks - 1] - s->head_size + s->chunk_size;
	if (chunk == NULL)
		return -ENOMEM;
	NSK_UNPOISON(chunk, sizeof(*c));
	c = (struct slab_chunk *)chunk;
	c->base = s->n_chunks << s->shift;
	s->chunks[s->n_chunks++] = (uint8_t *)c + s->head_size;
	s->carved = 0;
	NSK_POISON(chunk + s->head_size, NSK_MAX(size, s->chunk_size) - s->head_size);
	return 0;
}

void *slab_carve(struct slab *s)
{
	uint8_t *o;

	/* No object is free, so those in use are all that were ever carved. */
	if (s->in_use == s->max_objs)
		return NULL;
	if ((s->n_chunks == 0 || s->carved == s->chunk_objs) && slab_grow(s) != 0)
		return NULL;
	o = s->chunks[s->n_chunks - 1] + (size_t)s->carved * s->obj_size;
	NSK_UNPOISON(o, s->obj_size);
	s->carved++;
	s->in_use++;
	if (s->in_use > s->peak)
		s->peak = s->in_use;
	return o;
}
