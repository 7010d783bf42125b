/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/quantity.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	double factor;
};

/* Ascending; the first is what a rest is printed in. */
static const struct unit times[] = {{"ns", 1},	   {"us", 1e3},	  {"ms", 1e6}, {"s", 1e9},
				    {"min", 60e9}, {"h", 3600e9}, {NULL, 0}};
static const struct unit rates[] = {{"bit/s", 1},
				    {"kbit/s", 1e3},
				    {"Mbit/s", 1e6},
				    {"Gbit/s", 1e9},
				    {NULL, 0}};
static const struct unit bytes[] = {{"B", 1},
				    {"KB", 1e3},
				    {"MB", 1e6},
				    {"GB", 1e9},
				    {"KiB", 1024.0},
				    {"MiB", 1048576.0},
				    {"GiB", 1073741824.0},
				    {"K", 1024.0},
				    {"M", 1048576.0},
				    {"G", 1073741824.0},
				    {NULL, 0}};
static const struct unit shares[] = {{"ppm", 1}, {"%", 1e4}, {NULL, 0}};
static const struct unit none[] = {{NULL, 0}};

static const struct {
	const struct unit *units;
	bool bare; /* a number without unit is one, too */
	double most;
	const char *expected;
} kinds[] = {
	[QUANTITY_TIME] = {times, false, 1e18,
			   "a time with its unit, such as \"20 ms\" (ns, us, ms, s, min, h)"},
	[QUANTITY_RATE] = {rates, false, 1e15,
			   "a rate with its unit, such as \"100 Mbit/s\" "
			   "(bit/s, kbit/s, Mbit/s, Gbit/s)"},
	[QUANTITY_BYTES] =
		{bytes, true, 1e18,
		 "bytes, such as \"1.5 MB\" (B, KB, MB, GB; K or KiB, M or MiB, G or GiB)"},
	[QUANTITY_SHARE] = {shares, false, 1e6,
			    "a share of the packets, such as \"0.1 %\" (%, ppm), at most 100 %"},
	[QUANTITY_COUNT] = {none, true, 1e18, "a whole number"},
};

static const struct unit *unit_named(enum quantity kind, const char *name, size_t len)
{
	for (const struct unit *u = kinds[kind].units; u->name; u++)
		if (strlen(u->name) == len && memcmp(u->name, name, len) == 0)
			return u;
	return NULL;
}

/* Reads one value up to what ends it; NULL: not understood. */
static const char *read_one(enum quantity kind, const char *p, uint64_t *value)
{
	const struct unit *u;
	double number;
	size_t len = 0;
	char *end;

	while (*p == ' ')
		p++;
	/* No signs, hexadecimals, "inf" or "nan"; the two points of a range are no fraction. */
	if (!isdigit((unsigned char)*p) || (p[0] == '0' && (p[1] | 32) == 'x'))
		return NULL;
	number = strtod(p, &end);
	if (end[-1] == '.')
		end--;
	for (p = end; *p == ' '; p++)
		;
	while (p[len] && p[len] != ' ' && strncmp(p + len, "..", 2) != 0)
		len++;
	u = unit_named(kind, p, len);
	if (!u && !(len == 0 && (kinds[kind].bare || number == 0)))
		return NULL;
	number *= u ? u->factor : 1;
	if (!(number <= kinds[kind].most) || (kinds[kind].bare && !u && number != floor(number)))
		return NULL;
	*value = (uint64_t)llround(number);
	for (p += len; *p == ' '; p++)
		;
	return p;
}

bool quantity_parse(enum quantity kind, const char *text, uint64_t *low, uint64_t *high)
{
	const char *p = read_one(kind, text, low);

	if (p) {
		*high = *low;
		if (strncmp(p, "..", 2) == 0)
			p = read_one(kind, p + 2, high);
	}
	if (p && *p == '\0')
		return *low <= *high;
	*low = *high = 0;
	return false;
}

const char *quantity_expected(enum quantity kind)
{
	return kinds[kind].expected;
}

const char *quantity_text(enum quantity kind, uint64_t value, char *buf, size_t size)
{
	const struct unit *best = NULL;
	double v = (double)value;

	for (const struct unit *u = kinds[kind].units; u->name && strcmp(u->name, "KiB") != 0; u++)
		if (!best || v >= u->factor)
			best = u;
	if (!best)
		snprintf(buf, size, "%llu", (unsigned long long)value);
	else
		snprintf(buf, size, "%.4g %s", v / best->factor, best->name);
	return buf;
}
