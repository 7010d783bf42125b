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
		settings_set_word(s, row, i, word[i]);
	return 0;
}

/* The text of a key from two words; "" if there is none. */
static void format_key(const uint64_t word[2], char text[KEY_CHARS + 1])
{
	text[0] = '\0';
	if (word[0] | word[1])
		snprintf(text, KEY_CHARS + 1,
			 "%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32, (uint32_t)word[0],
			 (uint32_t)(word[0] >> 32), (uint32_t)word[1], (uint32_t)(word[1] >> 32));
}

int settings_get_key(const struct settings *s, const struct setting *row, char *buf, size_t size)
{
	char first[KEY_CHARS + 1], second[KEY_CHARS + 1];
	uint64_t word[SETTING_KEY_WORDS];

	for (unsigned i = 0; i < SETTING_KEY_WORDS; i++)
		word[i] = settings_word(s, row, i);
	format_key(word, first);
	format_key(word + 2, second);
	if (!first[0])
		return snprintf(buf, size, OWN);
	return snprintf(buf, size, "%s%s%s", first, second[0] ? "," : "", second);
}
