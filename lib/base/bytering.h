/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring of items of any length between one thread that writes and one that reads. Neither waits;
 * what does not fit is the writer's to count. Items lie in one piece and carry a number by which
 * the reader may put those of several rings in order.
 */
#ifndef NSK_BASE_BYTERING_H
#define NSK_BASE_BYTERING_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct bytering {
	uint8_t *data; /* [C] */
	size_t size;   /* [C] a power of two */
	/* The writer's: up to here there are items that the reader may not see yet, and where the
	 * one begins that there is room for. */
	uint64_t written, room;
	uint64_t head NSK_CACHE_ALIGNED; /* [A] the reader sees up to here */
	uint64_t tail NSK_CACHE_ALIGNED; /* [A] read up to here */
};

/* size: of data, a power of two, 64 at least. */
void bytering_init(struct bytering *r, uint8_t *data, size_t size);

/* Writer: room for an item of up to len bytes, or NULL: it does not fit. */
uint8_t *bytering_room(struct bytering *r, size_t len);
/* Then the item, of no more than that; where the ring's items end now. */
uint64_t bytering_put(struct bytering *r, size_t len, uint64_t number);
/* Items up to such an end are the reader's; those behind it never were. */
void bytering_publish(struct bytering *r, uint64_t end);
static inline uint64_t bytering_end(const struct bytering *r)
{
	return r->written;
}

/* Reader: the oldest item, or NULL. It stays until bytering_take(). */
const uint8_t *bytering_look(struct bytering *r, size_t *len, uint64_t *number);
void bytering_take(struct bytering *r);

#endif
