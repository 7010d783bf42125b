/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading and writing settings by way of their table: defaults, text in and out, ranges, and what
 * no single row can check.
 */
#include "stack/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"

/* ---- values -------------------------------------------------------------------------------- */

/* Words that a field has; those of 64 bits. */
static unsigned words_of(const struct setting *row)
{
	return row->type == SETTING_KEY ? SETTING_KEY_WORDS : row->type == SETTING_U64 ? 1 : 0;
}

uint64_t settings_word(const struct settings *s, const struct setting *row, unsigned word)
{
	const void *field = (const char *)s + row->offset;

	if (words_of(row))
		return __atomic_load_n((const uint64_t *)field + word, __ATOMIC_RELAXED);
	return __atomic_load_n((const uint32_t *)field, __ATOMIC_RELAXED);
}

void settings_set_word(struct settings *s, const struct setting *row, unsigned word, uint64_t value)
{
	void *field = (char *)s + row->offset;

	if (words_of(row))
		__atomic_store_n((uint64_t *)field + word, value, __ATOMIC_RELAXED);
	else
		__atomic_store_n((uint32_t *)field, (uint32_t)value, __ATOMIC_RELAXED);
}

uint64_t settings_value(const struct settings *s, const struct setting *row)
{
	uint64_t value = settings_word(s, row, 0);

	return row->type == SETTING_KEY ? (value | settings_word(s, row, 1)) != 0 : value;
}

void settings_store(struct settings *s, const struct setting *row, uint64_t value)
{
	settings_set_word(s, row, 0, value);
	for (unsigned i = 1; i < words_of(row); i++)
		settings_set_word(s, row, i, 0);
}

bool settings_same(const struct settings *a, const struct settings *b, const struct setting *row)
{
	bool same = settings_word(a, row, 0) == settings_word(b, row, 0);

	for (unsigned i = 1; i < words_of(row); i++)
		same &= settings_word(a, row, i) == settings_word(b, row, i);
	return same;
}

void settings_copy(struct settings *to, const struct settings *from, const struct setting *row)
{
	settings_set_word(to, row, 0, settings_word(from, row, 0));
	for (unsigned i = 1; i < words_of(row); i++)
		settings_set_word(to, row, i, settings_word(from, row, i));
}

void settings_defaults(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < settings_count; i++)
		settings_store(s, &settings_table[i], settings_table[i].def);
}

/* ---- names --------------------------------------------------------------------------------- */

const struct setting *settings_find(const char *name)
{
	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];

		if (strcmp(row->name, name) == 0 || (row->alias && strcmp(row->alias, name) == 0))
			return row;
	}
	return NULL;
}

static bool begins(const char *name, const char *group, size_t n)
{
	return name && strncmp(name, group, n) == 0 && name[n] == '.';
}

bool settings_is_group(const char *name)
{
	size_t n = strlen(name);

	/* Those that stand for three rows are beside others of Linux's. */
	for (unsigned i = 0; i < settings_count; i++)
		if (begins(settings_table[i].name, name, n) ||
		    begins(settings_table[i].alias, name, n))
			return true;
	return false;
}

/* Characters to add, take away or replace to make b of a. Longer names than there are differ by
 * more than matters. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[48];
	size_t n = strlen(b);

	if (n >= NSK_ARRAY_LEN(row) || strlen(a) >= NSK_ARRAY_LEN(row))
		return UINT32_MAX;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			unsigned replace = diagonal + (a[i - 1] != b[j - 1]);
			unsigned other = NSK_MIN(row[j], row[j - 1]) + 1;

			diagonal = row[j];
			row[j] = NSK_MIN(replace, other);
		}
	}
	return row[n];
}

const char *settings_nearest(const char *name)
{
	const char *nearest = NULL;
	/* Further away than a third of its length it is another word. */
	unsigned least = NSK_MIN((unsigned)strnlen(name, 9) / 3 + 1, 4u);

	for (unsigned i = 0; i < settings_count; i++) {
		const char *const names[] = {settings_table[i].name, settings_table[i].alias};

		for (unsigned k = 0; k < NSK_ARRAY_LEN(names) && names[k]; k++) {
			unsigned d = distance(name, names[k]);

			if (d < least) {
				least = d;
				nearest = names[k];
			}
		}
	}
	return nearest;
}

/* ---- text ---------------------------------------------------------------------------------- */

static void choices_text(const struct setting *row, char *buf, size_t size)
{
	size_t n = 0;

	for (uint64_t i = 0; i <= row->max && n < size; i++) {
		const char *between = i == 0 ? "" : i == row->max ? " or " : ", ";

		n += (size_t)snprintf(buf + n, size - n, "%s%s", between, row->choices[i]);
	}
}

/* The range as values stand under one of the names. */
static const char *range_text(const struct setting *row, const char *name, char *buf, size_t size)
{
	uint64_t factor = settings_linux_factor(row, name);
	const char *unit = factor == 1 ? row->unit : "s";

	if (settings_linux_number(row, name))
		settings_linux_range(row, buf, size);
	else if (row->type == SETTING_ENUM)
		choices_text(row, buf, size);
	else if (row->type == SETTING_BOOL)
		snprintf(buf, size, "true or false");
	else if (row->type == SETTING_KEY)
		snprintf(buf, size,
			 "own, or one key or two as xxxxxxxx-xxxxxxxx-xxxxxxxx-xxxxxxxx");
	else
		snprintf(buf, size, "%" PRIu64 " to %" PRIu64 "%s%s",
			 (row->min + factor - 1) / factor, row->max / factor, unit[0] ? " " : "",
			 unit);
	return buf;
}

const char *settings_range(const struct setting *row, char *buf, size_t size)
{
	return range_text(row, row->name, buf, size);
}

static int refuse(const struct setting *row, const char *name, const char *text, int err,
		  char *error, size_t size)
{
	bool ours = strcmp(row->name, name) == 0;
	const char *why = settings_linux_missing(name, text);
	char range[128];

	if (!why)
		why = err == ERANGE ? "out of range" : "not a value of this setting";
	snprintf(error, size, "%s%s%s%s = %.40s: %s; allowed: %s", name, ours ? "" : " (",
		 ours ? "" : row->name, ours ? "" : ")", text[0] ? text : "nothing", why,
		 range_text(row, name, range, sizeof(range)));
	return -err;
}

static int parse_bool(const char *text, uint64_t *value)
{
	static const char *const names[][4] = {{"0", "false", "no", "off"},
					       {"1", "true", "yes", "on"}};

	for (unsigned v = 0; v < 2; v++) {
		for (unsigned i = 0; i < NSK_ARRAY_LEN(names[0]); i++) {
			if (strcasecmp(text, names[v][i]) == 0) {
				*value = v;
				return 0;
			}
		}
	}
	return -EINVAL;
}

static int parse_choice(const struct setting *row, const char *text, uint64_t *value)
{
	for (uint64_t i = 0; i <= row->max; i++) {
		char number[24];

		snprintf(number, sizeof(number), "%" PRIu64, i);
		if (strcasecmp(text, row->choices[i]) == 0 || strcmp(text, number) == 0) {
			*value = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* What a unit behind a number of bytes multiplies it by: B; K or KiB, 1024; KB, 1000; M and G
 * likewise, a blank may be in front. 0: it is none. */
static uint64_t unit_factor(const char *unit)
{
	static const char letters[] = "kmg";
	uint64_t base = 1024, factor = 1;
	const char *at;

	unit += *unit == ' ';
	if (strcmp(unit, "B") == 0)
		return 1;
	at = unit[0] ? strchr(letters, unit[0] | 0x20) : NULL;
	if (at && strcmp(unit + 1, "B") == 0)
		base = 1000;
	else if (!at || (unit[1] && strcmp(unit + 1, "iB") != 0))
		return 0;
	for (size_t i = 0; i <= (size_t)(at - letters); i++)
		factor *= base;
	return factor;
}

static int parse_number(const struct setting *row, uint64_t factor, const char *text,
			uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	unsigned long long v;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return text[0] == '-' && text[1] >= '0' && text[1] <= '9' ? -ERANGE : -EINVAL;
	errno = 0;
	v = strtoull(text, &end, hex ? 16 : 10);
	if (*end)
		factor *= strcmp(row->unit, "bytes") == 0 ? unit_factor(end) : 0;
	if (factor == 0)
		return -EINVAL;
	if (errno || v > UINT64_MAX / factor)
		return -ERANGE;
	*value = (uint64_t)v * factor;
	return *value < row->min || *value > row->max ? -ERANGE : 0;
}

/* A value under one of the names of a row. */
static int parse_as(const struct setting *row, const char *name, const char *text, uint64_t *value,
		    char *error, size_t size)
{
	int rc;

	if (row->type == SETTING_BOOL)
		rc = parse_bool(text, value);
	else if (row->type == SETTING_ENUM)
		rc = parse_choice(row, text, value);
	else
		rc = parse_number(row, settings_linux_factor(row, name), text, value);
	return rc ? refuse(row, name, text, -rc, error, size) : 0;
}

int settings_parse(const struct setting *row, const char *text, uint64_t *value, char *error,
		   size_t size)
{
	return parse_as(row, row->name, text, value, error, size);
}

int settings_set(struct settings *s, const char *name, const char *text, char *error, size_t size)
{
	const struct setting *row = settings_find(name);
	uint64_t value;
	int rc;

	if (settings_triple(name))
		return settings_set_triple(s, settings_triple(name), text, error, size);
	if (!row) {
		const char *nearest = settings_nearest(name);

		snprintf(error, size, "there is no setting \"%.60s\"%s%s%s", name,
			 nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			 nearest ? "\"?" : "");
		return -ENOENT;
	}
	if (row->type == SETTING_KEY)
		return settings_set_key(s, row, text, error, size);
	rc = parse_as(row, name, text, &value, error, size);
	if (rc)
		return rc;
	settings_store(s, row, value);
	return 0;
}

int settings_format(const struct setting *row, uint64_t value, char *buf, size_t size)
{
	if (row->type == SETTING_BOOL)
		return snprintf(buf, size, "%s", value ? "true" : "false");
	if (row->type == SETTING_ENUM)
		return snprintf(buf, size, "%s", row->choices[value]);
	if (row->type == SETTING_KEY)
		return snprintf(buf, size, "%s", value ? "told" : "own");
	return snprintf(buf, size, "%" PRIu64, value);
}

int settings_get(const struct settings *s, const char *name, char *buf, size_t size)
{
	const struct setting *row = settings_find(name);

	if (settings_triple(name))
		return settings_get_triple(s, settings_triple(name), buf, size);
	if (!row)
		return -ENOENT;
	if (row->type == SETTING_KEY)
		return settings_get_key(s, row, buf, size);
	if (settings_linux_number(row, name))
		return snprintf(buf, size, "%" PRIu64, settings_value(s, row));
	return settings_format(row, settings_value(s, row) / settings_linux_factor(row, name), buf,
			       size);
}

/* ---- settings that depend on each other ---------------------------------------------------- */

/* Pairs that must be in order. */
static const struct {
	const char *low, *high;
} ordered[] = {
	{"port_min", "port_max"},
	{"tcp.window", "tcp.rcvbuf_max"},
	{"tcp.sndbuf", "tcp.sndbuf_max"},
	{"tcp.mem_low", "tcp.mem_pressure"},
	{"tcp.mem_low", "tcp.mem_high"},
	{"tcp.mem_pressure", "tcp.mem_high"},
	{"tcp.rto_min_ms", "tcp.rto_init_ms"},
	{"tcp.rto_init_ms", "tcp.rto_max_ms"},
};

int settings_check(const struct settings *s, const struct setting *about[2], char *error,
		   size_t size)
{
	for (unsigned i = 0; i < NSK_ARRAY_LEN(ordered); i++) {
		uint64_t low, high;

		about[0] = settings_find(ordered[i].low);
		about[1] = settings_find(ordered[i].high);
		low = settings_value(s, about[0]);
		high = settings_value(s, about[1]);

		if (low > high && high != 0) { /* 0: made from others */
			snprintf(error, size,
				 "%s = %" PRIu64 " is above %s = %" PRIu64
				 ": lower one or raise the other",
				 ordered[i].low, low, ordered[i].high, high);
			return -EINVAL;
		}
	}
	about[0] = settings_find("pool.buffers");
	about[1] = NULL;
	if (s->pool_bufs && s->pool_bufs < SETTINGS_POOL_LEAST) {
		snprintf(error, size,
			 "pool.buffers = %u: 0 (as many as the ports ask for), or at least %u",
			 s->pool_bufs, SETTINGS_POOL_LEAST);
		return -EINVAL;
	}
	return 0;
}
