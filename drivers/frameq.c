/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The blocks behind a queue of frames: taking, leaving, handing back. The paths that every frame
 * takes are in frameq.h.
 */
#include "frameq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct frameq_block *block_new(const struct frameq *q)
{
	struct frameq_block *b = aligned_alloc(
		NSK_CACHELINE, NSK_ROUND_UP(sizeof(*b) + q->block_bytes, (size_t)NSK_CACHELINE));

	if (b)
		b->next = NULL;
	return b;
}

static void blocks_free(struct frameq_block *b)
{
	while (b) {
		struct frameq_block *next = b->next;

		free(b);
		b = next;
	}
}

int frameq_init(struct frameq *q, uint32_t frame_max)
{
	uint32_t one = frameq_bytes(frame_max) + (uint32_t)sizeof(struct frame);

	memset(q, 0, sizeof(*q));
	/* Two of the largest frames, so that long ones do not leave half of each block unused. */
	q->block_bytes = NSK_MAX(2 * one, (uint32_t)FRAMEQ_BLOCK);
	q->head = q->tail = block_new(q);
	return q->head ? 0 : -ENOMEM;
}

void frameq_fini(struct frameq *q)
{
	blocks_free(q->head);
	blocks_free(q->spare);
	blocks_free(q->returned);
	memset(q, 0, sizeof(*q));
}

/* Producer: take back what the consumer emptied; beyond FRAMEQ_SPARE to the heap. */
static void blocks_collect(struct frameq *q)
{
	struct frameq_block *b = __atomic_exchange_n(&q->returned, NULL, __ATOMIC_ACQUIRE);

	while (b && q->nspare < FRAMEQ_SPARE) {
		struct frameq_block *next = b->next;

		b->next = q->spare;
		q->spare = b;
		q->nspare++;
		b = next;
	}
	blocks_free(b);
}

bool frameq_next_block(struct frameq *q)
{
	struct frameq_block *b;
	struct frame *mark;

	if (!q->spare)
		blocks_collect(q);
	b = q->spare;
	if (b) {
		q->spare = b->next;
		q->nspare--;
		b->next = NULL;
	} else {
		b = block_new(q);
		if (!b)
			return false;
	}
	/* Mark and link lie before the next frame, which publishes them. */
	mark = (struct frame *)(void *)(q->tail->bytes + q->tail_off);
	mark->len = FRAMEQ_MARK;
	q->tail->next = b;
	q->tail = b;
	q->tail_off = 0;
	return true;
}

void frameq_leave_block(struct frameq *q)
{
	struct frameq_block *b = q->head;

	q->head = b->next;
	q->head_off = 0;
	/* One thread pushes and the other takes all at once: no ABA. */
	b->next = __atomic_load_n(&q->returned, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&q->returned, &b->next, b, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}
