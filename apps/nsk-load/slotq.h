/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A first-in first-out queue of slot numbers with room for all slots: it cannot be full, as long as
 * no slot is in it twice.
 */
#ifndef NSK_APPS_NSK_LOAD_SLOTQ_H
#define NSK_APPS_NSK_LOAD_SLOTQ_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct slotq {
	uint32_t *slot;
	uint32_t size, head, count;
};

static inline bool slotq_init(struct slotq *q, uint32_t size)
{
	*q = (struct slotq){.slot = malloc((size_t)size * sizeof(*q->slot)), .size = size};
	return q->slot != NULL;
}

static inline void slotq_free(struct slotq *q)
{
	free(q->slot);
	q->slot = NULL;
}

static inline void slotq_put(struct slotq *q, uint32_t slot)
{
	uint32_t at = q->head + q->count;

	assert(q->count < q->size);
	q->slot[at < q->size ? at : at - q->size] = slot;
	q->count++;
}

/* Only when count > 0. */
static inline uint32_t slotq_take(struct slotq *q)
{
	uint32_t slot = q->slot[q->head];

	assert(q->count > 0);
	q->head = q->head + 1 < q->size ? q->head + 1 : 0;
	q->count--;
	return slot;
}

#endif
