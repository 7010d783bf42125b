/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of a stream has come out of order: up to four ranges of sequence numbers, the one that
 * changed last first, as SACK blocks want them (RFC 2018 §4). The bytes themselves were checked
 * when they came, and are not kept.
 */
#ifndef NSK_APPS_NSK_LOAD_RANGES_H
#define NSK_APPS_NSK_LOAD_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define RANGES_MAX 4u

struct ranges {
	uint32_t count;
	struct {
		uint32_t start, end; /* end: one past the last */
	} range[RANGES_MAX];
};

/* Adds a range, joined with those that it touches; false: there is no room, it must come again. */
bool ranges_add(struct ranges *r, uint32_t start, uint32_t end);
/* The stream has come to next: returns how far it goes from there, and forgets what that covers. */
uint32_t ranges_advance(struct ranges *r, uint32_t next);

#endif
