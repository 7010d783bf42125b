/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words that tables of image.h are written in. For files of tables alone: the words are short.
 * S is the structure, f its field; the rows of S stand in S_rows, its table is S_image.
 */
#ifndef NSK_BASE_IMAGE_ROWS_H
#define NSK_BASE_IMAGE_ROWS_H

#include "base/image.h"

#define FIELD(S, f) (((struct S *)0)->f)

/* ... how it is written. */
#define ROW(S, f, ...)                                                                            \
	{                                                                                         \
		.name = #f, .at = offsetof(struct S, f), .size = sizeof(FIELD(S, f)), __VA_ARGS__ \
	}
#define KIND(S, f, how) ROW(S, f, .kind = (how), .width = sizeof(FIELD(S, f)))
#define NUMBER(S, f)	KIND(S, f, IMAGE_NUMBER)
#define RANGE(S, f, from, to) \
	ROW(S, f, .kind = IMAGE_NUMBER, .width = sizeof(FIELD(S, f)), .least = (from), .most = (to))
#define MOST(S, f, n)	    RANGE(S, f, 0, n)
#define FLAG(S, f)	    MOST(S, f, 1)
#define ARRAY(S, f, how)    ROW(S, f, .kind = (how), .width = sizeof(FIELD(S, f[0])))
#define PART(S, f, table)   ROW(S, f, .kind = IMAGE_PART, .part = &(table))
#define STAYS(S, f, reason) ROW(S, f, .kind = IMAGE_STAYS, .why = (reason))
#define SPARE(S, f)	    STAYS(S, f, "holds nothing")

#define TABLE(S)                                                                               \
	const struct image_table S##_image = {.field = S##_rows,                               \
					      .count = sizeof(S##_rows) / sizeof(S##_rows[0]), \
					      .size = sizeof(struct S)}

#endif
