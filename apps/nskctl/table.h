/* SPDX-License-Identifier: BSD-3-Clause */
/* Text tables: columns as wide as what is in them. */
#ifndef NSK_APPS_NSKCTL_TABLE_H
#define NSK_APPS_NSKCTL_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct column {
	const char *heading;
	const char *key; /* of the row's object; '.' goes into an object within */
	bool right;	 /* numbers end in line */
};

/* Prints the rows (an array of objects) under their headings. columns end with heading NULL. A
 * missing value is "-". */
void table_print(FILE *out, const struct column *columns, const json_t *rows);

/* "12", "yes", "1.5", a string as it is, an array with commas between; at most size - 1 characters.
 * Returns buf. */
const char *table_cell(const json_t *value, char *buf, size_t size);

#endif
