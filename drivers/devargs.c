/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments of a virtual device that its driver does not know. DPDK's drivers pass over them, or
 * over all of them at once: a slip of the pen makes a device that nobody asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "quirks.h"

#define WORD_MAX 32
#define NEAR	 2 /* letters to add, drop or change */

/* How many letters must be added, dropped or changed to make a word of the other (Levenshtein). */
static unsigned distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned row[WORD_MAX + 1];

	if (alen > WORD_MAX || blen > WORD_MAX)
		return WORD_MAX;
	for (unsigned j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			unsigned change = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] = NSK_MIN(change, NSK_MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[blen];
}

/* The word of a list, parted by blanks, that is nearest; *best is how near. */
static const char *nearest(const char *list, const char *key, size_t len, unsigned *best)
{
	const char *found = list;

	*best = WORD_MAX;
	for (size_t n; *list; list += n + (list[n] == ' ')) {
		unsigned d;

		n = strcspn(list, " ");
		d = distance(key, len, list, n);
		if (d < *best) {
			*best = d;
			found = list;
		}
	}
	return found;
}

int devargs_check(const struct quirk *quirk, const char *devargs, char *error, size_t size)
{
	if (!quirk->keys)
		return 0;
	devargs += strcspn(devargs, ",");
	while (*devargs == ',') {
		size_t len = strcspn(++devargs, ",=");
		unsigned far;
		const char *word = nearest(quirk->keys, devargs, len, &far);

		if (len && far > NEAR)
			snprintf(error, size, "no argument '%.*s'; %s has: %s", (int)len, devargs,
				 quirk->driver, quirk->keys);
		else if (len && far > 0)
			snprintf(error, size, "no argument '%.*s'; did you mean '%.*s'? %s has: %s",
				 (int)len, devargs, (int)strcspn(word, " "), word, quirk->driver,
				 quirk->keys);
		if (len && far > 0)
			return -EINVAL;
		devargs += strcspn(devargs, ",");
	}
	return 0;
}
