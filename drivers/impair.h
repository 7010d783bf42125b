/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of a packet on a bad line: lost, duplicated, corrupted, held back, and when it
 * arrives. A function of parameters, seed and the order of calls; it holds no packet and reads no
 * clock. The in-process wire asks it for each frame, the fault driver for each mbuf.
 *
 * The model of one direction: a queue, a transmitter with a rate, behind it a line with a delay. A
 * packet occupies the transmitter for its bytes even when it is lost afterwards. Losses are
 * independent, or come in bursts (Gilbert and Elliott: a good state without such losses, a bad one
 * that begins and ends by chance). Order is kept (jitter
 * only stretches gaps) except for packets that are held back on purpose. Those, among themselves,
 * keep their order too: two queues that are each sorted by time are all that a user of this needs.
 */
#ifndef NSK_DRIVERS_IMPAIR_H
#define NSK_DRIVERS_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/port.h>

#include "base/rng.h"

#define IMPAIR_QUEUE_DEFAULT 4096
#define IMPAIR_QUEUE_MAX     (16U << 20)
#define IMPAIR_REORDER_NS    1000000
#define IMPAIR_BURST_DEFAULT 10

struct impair {
	struct nsk_wire_params p; /* [C] defaults filled in */
	struct rng rng;
	uint64_t busy_ns;   /* the transmitter is free again */
	uint64_t busy_rest; /* what division left over, in bits x 1e9 */
	uint64_t last_ns;   /* arrival of the latest packet in order */
	uint64_t held_ns;   /* arrival of the latest packet held back */
	uint32_t burst_end; /* [C] chance in ppm that a packet is the last one of its burst */
	bool burst;	    /* in a burst of losses */
	bool any;	    /* [C] something can happen to a packet */
	bool timed;	    /* [C] arrival differs from departure */
};

struct fate {
	uint64_t due_ns; /* when it arrives */
	uint32_t bit;	 /* which bit flips, when corrupted; counted from the link header's end */
	bool lost;
	bool too_long; /* lost as well, for its length */
	bool duplicated;
	bool corrupted;
	bool held; /* goes to the queue of those held back */
};

/* NULL if the parameters make sense, else what is wrong with them. */
const char *impair_check(const struct nsk_wire_params *p);

/* Start from checked parameters; NULL: a perfect line. */
void impair_init(struct impair *i, const struct nsk_wire_params *p);

/* Other parameters for a line in use: what is on its way stays so. */
void impair_change(struct impair *i, const struct nsk_wire_params *p);

/* True when a packet of @len bytes finds no room in the queue before the transmitter. */
bool impair_full(const struct impair *i, uint64_t now_ns, uint32_t len);

/* True when so much waits before the transmitter that a packet is to be marked. */
bool impair_congested(const struct impair *i, uint64_t now_ns);

/*
 * The fate of the next packet: @len bytes that leave at @now_ns, of which the first @link_len are a
 * link header that no bit flips in (an Ethernet's frame check would have found it).
 */
void impair_decide(struct impair *i, uint64_t now_ns, uint32_t len, uint32_t link_len,
		   struct fate *fate);

#endif
