/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Quantities as a scenario writes them: "20 ms", "100 Mbit/s", "1.5 MB", "0.1 %". What needs a unit
 * is not taken without one. "A..B" is a range, of which the caller draws one value.
 */
#ifndef NSK_APPS_NSK_SIM_QUANTITY_H
#define NSK_APPS_NSK_SIM_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum quantity {
	QUANTITY_TIME,	/* ns */
	QUANTITY_RATE,	/* bits a second */
	QUANTITY_BYTES, /* bytes; a plain number as well */
	QUANTITY_SHARE, /* parts per million */
	QUANTITY_COUNT, /* no unit */
};

/* Reads a value, or both ends of a range (equal for a single value). false: not understood, or a
 * range that runs backwards; only then low is above high. */
bool quantity_parse(enum quantity kind, const char *text, uint64_t *low, uint64_t *high);

/* What is accepted, for messages: "a time with its unit, such as ...". */
const char *quantity_expected(enum quantity kind);

/* Writes a value as a person would: "20 ms". Returns buf. */
const char *quantity_text(enum quantity kind, uint64_t value, char *buf, size_t size);

#endif
