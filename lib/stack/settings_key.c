/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Settings that are keys; see settings.h. Linux's form of its net.ipv4.tcp_fastopen_key: four
 * hexadecimal numbers with hyphens between, each of four octets, the first of them lowest.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "stack/settings.h"

#define OWN	  "own"
#define KEY_CHARS 35 /* of one key */

static uint64_t *words(const struct settings *s, const struct setting *row)
{
	return (uint64_t *)((uintptr_t)s + row->offset);
}

/* Two words of a key from its text. */
static bool parse_key(const char *text, uint64_t word[2])
{
	uint64_t half[4];

	for (unsigned i = 0; i < KEY_CHARS; i++)
		if (i % 9 == 8 ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(half); i++)
		half[i] = strtoul(text + (size_t)9 * i, NULL, 16);
	word[0] = half[0] | half[1] << 32;
	word[1] = half[2] | half[3] << 32;
	return true;
}

int settings_set_key(struct settings *s, const struct setting *row, const char *text, char *error,
		     size_t size)
{
	uint64_t word[SETTING_KEY_WORDS] = {0};
	size_t n = strlen(text);
	bool ok = strcmp(text, OWN) == 0;

	if (n == KEY_CHARS || (n == 2 * KEY_CHARS + 1 && text[KEY_CHARS] == ','))
		ok = parse_key(text, word) &&
		     (n == KEY_CHARS || parse_key(text + KEY_CHARS + 1, word + 2));
	if (!ok) {
		char range[128];

		/* What was meant to be a secret is not repeated. */
		snprintf(error, size, "%s: not a key; allowed: %s", row->name,
			 settings_range(row, range, sizeof(range)));
		return -EINVAL;
	}
	for (unsigned i = 0; i < SETTING_KEY_WORDS; i++)
		__atomic_store_n(&words(s, row)[i], word[i], __ATOMIC_RELAXED);
	return 0;
}

int settings_get_key(const struct settings *s, const struct setting *row, char *buf, size_t size)
{
	uint32_t half[2 * SETTING_KEY_WORDS];
	uint64_t any[2] = {0};
	int n;

	for (unsigned i = 0; i < SETTING_KEY_WORDS; i++) {
		uint64_t word = __atomic_load_n(&words(s, row)[i], __ATOMIC_RELAXED);

		any[i / 2] |= word;
		half[2 * i] = (uint32_t)word;
		half[2 * i + 1] = (uint32_t)(word >> 32);
	}
	if (!any[0])
		return snprintf(buf, size, OWN);
	n = snprintf(buf, size, "%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32, half[0],
		     half[1], half[2], half[3]);
	if (any[1] && (size_t)n < size)
		n += snprintf(buf + n, size - (size_t)n,
			      ",%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32, half[4],
			      half[5], half[6], half[7]);
	return n;
}
