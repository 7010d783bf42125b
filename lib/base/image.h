/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flat images of structures: a table says what of a structure is written, field by field, and both
 * directions follow it. There are no pointers and no padding in an image, numbers are little-endian
 * and as wide as the field; moments are written as time gone by (or to come) at the moment of the
 * image, so that they mean the same by another clock.
 *
 * A table names every octet of its structure once, also what stays behind, and why: a field that
 * nobody thought of is found by image_covers(). What is read may come from anybody: image_in stops
 * at the end of what there is, and numbers are held against what the table allows.
 */
#ifndef NSK_BASE_IMAGE_H
#define NSK_BASE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a field, or each element of an array, is written. */
enum image_kind {
	IMAGE_NUMBER,  /* as it is; from ->least to ->most */
	IMAGE_OCTETS,  /* as it is, in the order of memory: what came off the wire */
	IMAGE_MS,      /* a reading of 32 bits of milliseconds: how long ago */
	IMAGE_MS_OR_0, /* the same; 0 is none */
	IMAGE_US,      /* the same of microseconds */
	IMAGE_US_OR_0,
	IMAGE_US_LONG, /* a reading of 64 bits; 0 is none, and none is earlier than 1 */
	IMAGE_NS_LONG,
	IMAGE_AHEAD_MS, /* what a clock of 32 bits of milliseconds is ahead by: what it shows */
	IMAGE_TICKS,	/* a deadline in ticks of the wheel, modulo 2^32: how many to go */
	IMAGE_PART,	/* a structure with a table of its own */
	IMAGE_STAYS,	/* not in the image */
};

struct image_table;

struct image_field {
	const char *name;
	const char *why;		/* it stays; else NULL */
	const struct image_table *part; /* IMAGE_PART */
	uint64_t least, most;		/* of a number; 0: any */
	uint16_t at, size;		/* in the structure */
	uint8_t width;			/* of an element */
	uint8_t kind;			/* enum image_kind */
};

struct image_table {
	const struct image_field *field;
	uint16_t count;
	uint16_t size; /* of the structure */
};

/* ---- out ---- */

/* Where an image is written; beyond its end is only counted. */
struct image_out {
	uint8_t *at;
	size_t room, len;
};

void image_put_number(struct image_out *o, uint64_t v, unsigned width);
/* now_ns: the clock that readings in the structure are of. */
void image_put(struct image_out *o, const struct image_table *t, const void *from, uint64_t now_ns);

/* ---- in ---- */

/* What is left of an image. */
struct image_in {
	const uint8_t *at;
	size_t left;
	bool bad; /* something was not there, or not allowed */
};

uint64_t image_get_number(struct image_in *in, unsigned width);
/* What stays is left alone. */
void image_get(struct image_in *in, const struct image_table *t, void *to, uint64_t now_ns);

/* ---- checks ---- */

/* Every octet of the structure is in exactly one row. */
bool image_covers(const struct image_table *t);
/* A number that is another one when names, kinds, widths or the order of rows are. */
uint32_t image_layout(const struct image_table *t, uint32_t so_far);

#endif
