/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of slots, one each at most, re-armed lazily: the owner of a slot notes when it is due and
 * the ticker, when it comes by, asks for that time and comes again then. Moving a deadline further
 * away costs nothing but the note.
 *
 * A ring of 4,096 ticks of 1 ms; what is further away is looked at every 4 s. Four bytes a slot.
 */
#ifndef NSK_APPS_NSK_LOAD_TICKER_H
#define NSK_APPS_NSK_LOAD_TICKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKER_RING    4096u
#define TICKER_NONE    UINT32_MAX
#define TICKER_TICK_NS UINT64_C(1000000)

struct ticker {
	uint32_t head[TICKER_RING];
	uint32_t *next;	   /* by slot */
	uint32_t now;	   /* the tick whose list is being emptied, or the next one */
	const void *slots; /* where slots lie, to fetch them ahead; NULL: nowhere */
	size_t slot_size;
};

/*
 * The slot's time may have come: returns the tick at which to ask again, or TICKER_NONE to leave
 * the ticker (until ticker_add()). A tick that is not in the future means the next one.
 */
typedef uint32_t (*ticker_fn)(void *arg, uint32_t slot);

bool ticker_init(struct ticker *t, uint32_t slots, const void *base, size_t slot_size);
void ticker_free(struct ticker *t);

static inline uint32_t ticker_of(uint64_t now_ns)
{
	return (uint32_t)(now_ns / TICKER_TICK_NS);
}

/* Sets the time without running anything. */
void ticker_start(struct ticker *t, uint32_t now);
/* A slot that is not in the ticker enters it. */
void ticker_add(struct ticker *t, uint32_t slot, uint32_t due);
/* Asks slots up to and including tick now, about budget of them at most; the rest is left for the
 * next call. */
void ticker_run(struct ticker *t, uint32_t now, unsigned budget, ticker_fn fn, void *arg);

#endif
