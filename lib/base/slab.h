/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pool of objects of one size, bounded, grown chunk by chunk as needed and never shrunk before
 * slab_fini. Each object has a 32-bit handle, for tables that would waste pointers; handle and
 * address lead to each other in O(1). The last object freed is the first handed out again, since
 * its lines are warm. Objects move never; free ones are poisoned under AddressSanitizer.
 *
 * A chunk is a power of two in size and aligned to it; its head says which chunk it is, so an
 * object's address leads to its handle: chunk number << shift | position.
 */
#ifndef NSK_BASE_SLAB_H
#define NSK_BASE_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/mem.h"

/* No object; never the handle of one. */
#define SLAB_NONE UINT32_MAX

struct slab_chunk {
	uint32_t base; /* handle of the chunk's first object */
};

struct slab_free_obj {
	struct slab_free_obj *next;
};

struct slab {
	struct slab_free_obj *free; /* [W] freed objects, last freed first */
	struct mem *mem;	    /* [C] */
	uint8_t **chunks;	    /* [W] each chunk's first object */
	uint32_t in_use;	    /* [W] objects handed out */
	uint32_t max_objs;	    /* [C] */
	uint32_t obj_size;	    /* [C] rounded up to the alignment */
	uint32_t reciprocal;	    /* [C] ceil(2^32 / obj_size), to divide by it */
	uint32_t head_size;	    /* [C] from a chunk's start to its first object */
	uint32_t chunk_objs;	    /* [C] objects in a chunk */
	uint32_t pos_mask;	    /* [C] the bits of a handle that say the position */
	uint8_t shift;		    /* [C] how many they are */
	size_t chunk_size;	    /* [C] bytes, a power of two */
	uint32_t n_chunks;	    /* [W] */
	uint32_t dir_size;	    /* [W] entries that @chunks has room for */
	uint32_t carved;	    /* [W] objects of the last chunk that were ever handed out */
	uint32_t peak;		    /* [W] most that were in use at once */
	const char *name;	    /* [C] for messages; must outlive the slab */
};

/*
 * Prepare a pool of at most @max_objs (1 to 2^30) objects of @obj_size bytes, each aligned to
 * @align (a power of two up to 4096; 0 for 16). Takes no memory yet. 0 or -EINVAL.
 */
int slab_init(struct slab *s, struct mem *mem, size_t obj_size, size_t align, uint32_t max_objs,
	      const char *name);

/* Give all memory back, whatever is still in use; returns how many objects were. */
uint32_t slab_fini(struct slab *s);

/* Slow half of slab_alloc: carve a new object. */
void *slab_carve(struct slab *s);

/* One object, not cleared; NULL at the limit or without memory. */
static inline void *slab_alloc(struct slab *s)
{
	struct slab_free_obj *o = s->free;

	if (NSK_UNLIKELY(mem_inject(s->mem)))
		return NULL;
	if (NSK_UNLIKELY(o == NULL))
		return slab_carve(s);
	NSK_UNPOISON(o, s->obj_size);
	s->free = o->next;
	s->in_use++;
	if (s->in_use > s->peak)
		s->peak = s->in_use;
	return o;
}

/* The same, cleared. */
static inline void *slab_zalloc(struct slab *s)
{
	void *o = slab_alloc(s);

	return o == NULL ? NULL : memset(o, 0, s->obj_size);
}

/* Give an object back; NULL is ignored. */
static inline void slab_free(struct slab *s, void *obj)
{
	struct slab_free_obj *o = (struct slab_free_obj *)obj;

	if (NSK_UNLIKELY(o == NULL))
		return;
	o->next = s->free;
	s->free = o;
	s->in_use--;
	NSK_POISON(o, s->obj_size);
}

/* The handle of an object of this slab. */
static inline uint32_t slab_index(const struct slab *s, const void *obj)
{
	uintptr_t in = (uintptr_t)obj & (s->chunk_size - 1);
	const struct slab_chunk *c = (const struct slab_chunk *)((uintptr_t)obj - in);

	return c->base + (uint32_t)(((in - s->head_size) * s->reciprocal) >> 32);
}

/* The object of a handle that slab_index gave. */
static inline void *slab_at(const struct slab *s, uint32_t index)
{
	return s->chunks[index >> s->shift] + (size_t)(index & s->pos_mask) * s->obj_size;
}

/* How many more objects the limit allows. */
static inline uint32_t slab_room(const struct slab *s)
{
	return s->max_objs - s->in_use;
}

#endif
