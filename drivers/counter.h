/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters with one writer that anybody may read: a plain load and store, no locked instruction.
 */
#ifndef NSK_DRIVERS_COUNTER_H
#define NSK_DRIVERS_COUNTER_H

#include <stdint.h>

static inline void counter_add(uint64_t *c, uint64_t n)
{
	__atomic_store_n(c, *c + n, __ATOMIC_RELAXED);
}

static inline uint64_t counter_read(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}

#endif
