/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of lib/tcpalg share: cmocka with its includes, and the seed of random tests. */
#ifndef NSK_TESTS_UNIT_TCPALG_TEST_H
#define NSK_TESTS_UNIT_TCPALG_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "tcpalg/cc.h"

/* Sequence numbers from which every test is worth running: zero, the sign, the wrap. */
static const uint32_t tcpalg_origins[] = {
	0, 1, 0x7fffffff, 0x80000000, 0xffffffff - 1459, 0xfffffff0, 0xffffffff,
};

#define TCPALG_ORIGINS (sizeof(tcpalg_origins) / sizeof(tcpalg_origins[0]))

/* A sender under a congestion control, its window used up. */
static inline struct cc tcpalg_cc(const struct cc_algo *algo, uint16_t smss, uint32_t cwnd,
				  uint32_t ssthresh)
{
	struct cc cc;

	cc_init(&cc, algo, smss, CC_INITIAL_SEGS);
	cc.cwnd = cwnd;
	cc.ssthresh = ssthresh;
	cc_sent(&cc, cwnd);
	return cc;
}

/* Start r with @seed, or with NSK_TEST_SEED from the environment, and say which. */
static inline void tcpalg_seed(struct rng *r, uint64_t seed)
{
	const char *env = getenv("NSK_TEST_SEED");

	if (env)
		seed = strtoull(env, NULL, 0);
	print_message("NSK_TEST_SEED=%llu\n", (unsigned long long)seed);
	rng_seed(r, seed);
}

#endif
