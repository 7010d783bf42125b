/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How an in-process port wakes the worker that receives from it: an eventfd that is written to
 * while somebody sleeps on it, and not otherwise. It is the queue's, not the worker's: who sends
 * may do so while the receiver's stack goes.
 *
 * No packet is missed: the receiver arms the bell and looks for packets afterwards, the sender
 * publishes a packet and looks at the bell afterwards, with a full fence between the two on either
 * side. A sender that has not seen the bell made has no fence and pays one load: instead, whoever
 * makes the bell has the kernel put a full fence into every running thread of the process
 * (membarrier(2)). A sender that was past the load by then had published before the fence, and the
 * receiver finds the packet when it looks; one that was not sees that the bell is made. Where the
 * kernel does not do it there is no bell. It is first slept on the next time it is asked for.
 */
#ifndef NSK_DRIVERS_BELL_H
#define NSK_DRIVERS_BELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* All zero: none. */
struct bell {
	uint32_t made;	/* [A] */
	int fd;		/* [C] once made */
	bool broken;	/* [W] senders may not have seen that it is made: nobody sleeps on it */
	uint32_t armed; /* [A] */
};

/* No thread uses it any more. */
void bell_fini(struct bell *b);

/* The receiver: what to sleep on, -1: nothing, this time. */
int bell_fd(struct bell *b);
/* Before it looks for packets the last time, and after its sleep. */
void bell_arm(struct bell *b);
void bell_disarm(struct bell *b);

/* Slow half of bell_ring(). */
void bell_ring_armed(struct bell *b);

/* The sender, after it has published packets. */
static inline void bell_ring(struct bell *b)
{
	if (NSK_UNLIKELY(__atomic_load_n(&b->made, __ATOMIC_RELAXED)))
		bell_ring_armed(b);
}

#endif
