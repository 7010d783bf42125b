/* SPDX-License-Identifier: BSD-3-Clause */
/* A sender for the tests of recovery: its state, and the questions that are asked of it. */
#ifndef NSK_TESTS_UNIT_TCPALG_WORLD_H
#define NSK_TESTS_UNIT_TCPALG_WORLD_H

#include "tcpalg/recovery.h"
#include "tcpalg_test.h"

#define SMSS 100u
#define CAP  32

/* A sender with ten segments in flight from una on. */
struct world {
	struct recovery r;
	struct scoreboard *sb;
	uint32_t iss, una, nxt;
	bool sack;
};

static inline struct world setup_world(uint32_t iss, bool sack)
{
	struct world w = {.iss = iss, .una = iss + 1, .nxt = iss + 1 + 10 * SMSS, .sack = sack};

	recovery_init(&w.r, iss);
	w.sb = malloc(scoreboard_bytes(CAP));
	assert_non_null(w.sb);
	scoreboard_init(w.sb, CAP);
	return w;
}

static inline unsigned tell(struct world *w, uint32_t acked, uint32_t sacked, bool dup)
{
	const struct recovery_ack a = {
		.snd_una = w->una,
		.snd_nxt = w->nxt,
		.acked = acked,
		.sacked = sacked,
		.smss = SMSS,
		.dup = dup,
		.sack = w->sack,
	};

	return recovery_ack(&w->r, w->sb, &a);
}

static inline uint32_t pipe_of(const struct world *w)
{
	return recovery_pipe(&w->r, w->sb, w->una, w->nxt, SMSS);
}

static inline enum recovery_send next(const struct world *w, uint32_t max, bool idle,
				      struct seq_range *out)
{
	return recovery_next(&w->r, w->sb, w->una, w->nxt, SMSS, max, idle, out);
}

#endif
