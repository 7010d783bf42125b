/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of frames from one thread to another: bytes packed back to back in blocks that the queue
 * owns, so that neither side ever sees the other's buffers and memory follows what is in flight.
 * One producer, one consumer, no locks. It knows nothing of mbufs, faults or time: due_ns and tag
 * are the owner's.
 *
 * Frames become visible with frameq_publish(), room becomes visible with frameq_release(): one
 * shared store a burst on each side. Blocks go round: the consumer hands an emptied one back and
 * the producer takes it again, so that a queue in steady use allocates nothing.
 */
#ifndef NSK_DRIVERS_FRAMEQ_H
#define NSK_DRIVERS_FRAMEQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* Data bytes of a block, unless a single frame asks for more. Two of them are cycled through. */
#define FRAMEQ_BLOCK 16384
/* Emptied blocks kept for later; what comes on top is given back to the heap. */
#define FRAMEQ_SPARE 64
/* frame.len of the mark that says "goes on in the next block". */
#define FRAMEQ_MARK UINT32_MAX

struct frame {
	uint64_t due_ns;
	uint32_t len;
	uint32_t tag;
	uint8_t data[];
};
_Static_assert(sizeof(struct frame) == 16, "frames are packed on 16 bytes");

struct frameq_block {
	struct frameq_block *next;
	uint64_t pad; /* keeps frames on 16 bytes */
	uint8_t bytes[];
};

struct frameq {
	/* The producer's. */
	struct frameq_block *tail;
	struct frameq_block *spare;
	uint64_t sent;	      /* committed, not all of them published */
	uint64_t popped_seen; /* popped when last looked */
	uint32_t tail_off;
	uint32_t nspare;
	uint32_t block_bytes; /* [C] */
	uint64_t pushed;      /* [A] published */

	/* The consumer's. */
	struct frameq_block *head NSK_CACHE_ALIGNED;
	uint64_t taken;	      /* popped, not all of them released */
	uint64_t pushed_seen; /* pushed when last looked */
	uint32_t head_off;
	uint64_t popped; /* [A] released */

	struct frameq_block *returned NSK_CACHE_ALIGNED; /* [A] emptied blocks on the way back */
} NSK_CACHE_ALIGNED;

/* An empty queue for frames of at most @frame_max bytes. 0 or -ENOMEM. */
int frameq_init(struct frameq *q, uint32_t frame_max);

/* Free the queue and what is in it. Both sides are gone. A zeroed queue is fine. */
void frameq_fini(struct frameq *q);

/* Slow half of frameq_reserve(): goes on in another block. false: no memory. */
bool frameq_next_block(struct frameq *q);

/* Slow half of frameq_peek(): leaves an emptied block. */
void frameq_leave_block(struct frameq *q);

static inline uint32_t frameq_bytes(uint32_t len)
{
	return (uint32_t)sizeof(struct frame) + NSK_ROUND_UP(len, 16U);
}

/* Producer: frames in the queue, at most; looks at the consumer only when the answer is @limit or
 * more. */
static inline uint64_t frameq_in_flight(struct frameq *q, uint64_t limit)
{
	if (q->sent - q->popped_seen >= limit)
		q->popped_seen = __atomic_load_n(&q->popped, __ATOMIC_ACQUIRE);
	return q->sent - q->popped_seen;
}

/*
 * Producer: room for a frame of @len bytes, or NULL (no memory). Nothing has happened before
 * frameq_commit(); without it the next reserve gives the same room.
 */
static inline struct frame *frameq_reserve(struct frameq *q, uint32_t len)
{
	struct frame *f;

	/* A header's room is always left for the mark. */
	if (NSK_UNLIKELY(q->tail_off + frameq_bytes(len) + sizeof(*f) > q->block_bytes) &&
	    !frameq_next_block(q))
		return NULL;
	f = (struct frame *)(void *)(q->tail->bytes + q->tail_off);
	f->len = len;
	return f;
}

/* Producer: the frame reserved last is complete. */
static inline void frameq_commit(struct frameq *q, const struct frame *f)
{
	q->tail_off += frameq_bytes(f->len);
	q->sent++;
}

/* Producer: what is committed becomes the consumer's. */
static inline void frameq_publish(struct frameq *q)
{
	__atomic_store_n(&q->pushed, q->sent, __ATOMIC_RELEASE);
}

/* Consumer: frames that can be popped; looks at the producer only when fewer than @want are known.
 */
static inline uint64_t frameq_ready(struct frameq *q, uint64_t want)
{
	if (q->pushed_seen - q->taken < want)
		q->pushed_seen = __atomic_load_n(&q->pushed, __ATOMIC_ACQUIRE);
	return q->pushed_seen - q->taken;
}

/* Consumer: no frame can be popped. */
static inline bool frameq_idle(const struct frameq *q)
{
	return __atomic_load_n(&q->pushed, __ATOMIC_ACQUIRE) == q->taken;
}

/* Consumer: the oldest frame. Only when frameq_ready() said that there is one. */
static inline struct frame *frameq_peek(struct frameq *q)
{
	struct frame *f = (struct frame *)(void *)(q->head->bytes + q->head_off);

	if (NSK_UNLIKELY(f->len == FRAMEQ_MARK)) {
		frameq_leave_block(q);
		f = (struct frame *)(void *)q->head->bytes;
	}
	return f;
}

/* Consumer: done with the frame that frameq_peek() gave. */
static inline void frameq_pop(struct frameq *q, const struct frame *f)
{
	q->head_off += frameq_bytes(f->len);
	q->taken++;
}

/* Consumer: the oldest frame, popped; its bytes stay until the queue is asked for the next one. */
static inline const struct frame *frameq_take(struct frameq *q)
{
	const struct frame *f = frameq_peek(q);

	frameq_pop(q, f);
	return f;
}

/* Consumer: what is popped counts as room again. */
static inline void frameq_release(struct frameq *q)
{
	/* An idle consumer leaves the line to the producer. */
	if (__atomic_load_n(&q->popped, __ATOMIC_RELAXED) != q->taken)
		__atomic_store_n(&q->popped, q->taken, __ATOMIC_RELEASE);
}

#endif
