/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int scenario_place(const struct scenario *s, const config_setting_t *at, char *buf, size_t size)
{
	unsigned line = at ? config_setting_source_line(at) : 0;
	const char *file = at ? config_setting_source_file(at) : NULL;

	if (!at)
		return snprintf(buf, size, "%s: ", s->file);
	/* What did not come from the file came from the command line. */
	if (line == 0)
		return snprintf(buf, size, "--set: ");
	return snprintf(buf, size, "%s:%u: ", file ? file : s->file, line);
}

bool scenario_fail(struct scenario *s, const config_setting_t *at, const char *fmt, ...)
{
	int n = scenario_place(s, at, s->error, sizeof(s->error));
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->error + n, sizeof(s->error) - (size_t)n, fmt, ap);
	va_end(ap);
	return false;
}

const char *fields_type(const config_setting_t *at)
{
	static const char *const texts[] = {
		[CONFIG_TYPE_NONE] = "nothing",
		[CONFIG_TYPE_GROUP] = "a group { ... }",
		[CONFIG_TYPE_INT] = "a whole number",
		[CONFIG_TYPE_INT64] = "a whole number",
		[CONFIG_TYPE_FLOAT] = "a number with a point",
		[CONFIG_TYPE_STRING] = "a string",
		[CONFIG_TYPE_BOOL] = "true or false",
		[CONFIG_TYPE_ARRAY] = "an array [ ... ]",
		[CONFIG_TYPE_LIST] = "a list ( ... )",
	};

	return texts[config_setting_type(at)];
}

bool fields_name(struct scenario *s, const config_setting_t *at, char *name)
{
	const char *text = config_setting_name(at);

	if (strlen(text) >= SIM_NAME)
		return scenario_fail(s, at, "the name \"%.40s\" is longer than %d characters", text,
				     SIM_NAME - 1);
	snprintf(name, SIM_NAME, "%s", text);
	return true;
}

/* ---- what is drawn from the seed ----------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= UINT64_C(0x7fb5d329728ea185);
	x ^= x >> 27;
	x *= UINT64_C(0x81dadef4bc2dd44d);
	return x ^ x >> 33;
}

/* Depends on seed and path alone: what is removed elsewhere in the file changes nothing here. */
static uint64_t draw(const struct scenario *s, const config_setting_t *at, uint64_t low,
		     uint64_t high)
{
	uint64_t h = mix(s->seed + UINT64_C(0x9e3779b97f4a7c15));

	for (; at && !config_setting_is_root(at); at = config_setting_parent(at)) {
		const char *name = config_setting_name(at);

		for (; name && *name; name++)
			h = mix(h ^ (uint8_t)*name);
		if (!name)
			h = mix(h ^ (uint64_t)config_setting_index(at));
	}
	return low + (uint64_t)(((unsigned __int128)h * (high - low + 1)) >> 64);
}

/* ---- one value ----------------------------------------------------------------------------- */

static bool wrong_type(struct scenario *s, const config_setting_t *at, const char *must)
{
	const char *name = config_setting_name(at);

	return scenario_fail(s, at, "%s is %s; it must be %s", name ? name : "one of a list",
			     fields_type(at), must);
}

static bool out_of_range(struct scenario *s, const config_setting_t *at, const struct field *f,
			 enum quantity q)
{
	char low[32], high[32];

	return scenario_fail(s, at, "%s is out of range; allowed: %s to %s", f->name,
			     quantity_text(q, f->min, low, sizeof(low)),
			     quantity_text(q, f->max, high, sizeof(high)));
}

bool fields_quantity(struct scenario *s, const config_setting_t *at, const struct field *f,
		     const char *shown, enum quantity q, const char *text, uint64_t *value)
{
	uint64_t low, high;

	if (!quantity_parse(q, text, &low, &high)) {
		if (low > high)
			return scenario_fail(s, at,
					     "%s: the range runs backwards; the least comes first",
					     shown);
		return scenario_fail(s, at, "%s: give %s", shown, quantity_expected(q));
	}
	if (low < f->min || high > f->max)
		return out_of_range(s, at, f, q);
	*value = draw(s, at, low, high);
	return true;
}

static bool read_quantity(struct scenario *s, const config_setting_t *at, const struct field *f,
			  enum quantity q, uint64_t *value)
{
	int type = config_setting_type(at);
	char number[32], shown[128];
	const char *text;

	if (type == CONFIG_TYPE_STRING) {
		text = config_setting_get_string(at);
	} else if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) {
		snprintf(number, sizeof(number), "%lld", config_setting_get_int64(at));
		text = number;
	} else {
		return wrong_type(s, at, quantity_expected(q));
	}
	snprintf(shown, sizeof(shown), "%s = \"%.60s\"", f->name, text);
	return fields_quantity(s, at, f, shown, q, text, value);
}

static bool read_text(struct scenario *s, const config_setting_t *at, const char **text)
{
	*text = config_setting_get_string(at);
	return *text || wrong_type(s, at, "a string");
}

void fields_list(char *list, size_t size, size_t *n, const char *name)
{
	if (*n < size)
		*n += (size_t)snprintf(list + *n, size - *n, "%s%s", *n ? ", " : "", name);
}

bool fields_choice(struct scenario *s, const config_setting_t *at, const char *name,
		   const char *const *choices, uint32_t *value)
{
	const char *text;
	char list[160];
	size_t n = 0;

	if (!read_text(s, at, &text))
		return false;
	for (*value = 0; choices[*value]; ++*value)
		if (strcmp(choices[*value], text) == 0)
			return true;
	for (const char *const *choice = choices; *choice; choice++)
		fields_list(list, sizeof(list), &n, *choice);
	return scenario_fail(s, at, "%s = \"%.40s\": there is no such %s; there are %s", name, text,
			     name, list);
}

static bool read_index(struct scenario *s, const config_setting_t *at, const struct field *f,
		       uint32_t *value)
{
	const char *text, *what = f->kind == FIELD_HOST ? "host" : "link";

	if (!read_text(s, at, &text))
		return false;
	*value = f->kind == FIELD_HOST ? scenario_host(s, text) : scenario_link(s, text);
	if (*value != SIM_NONE)
		return true;
	return scenario_fail(s, at, "%s = \"%.40s\": no such %s; name one of the group \"%ss\"",
			     f->name, text, what, what);
}

static bool read_flag(struct scenario *s, const config_setting_t *at, bool *value)
{
	if (config_setting_type(at) != CONFIG_TYPE_BOOL)
		return wrong_type(s, at, "true or false");
	*value = config_setting_get_bool(at);
	return true;
}

static bool copy_text(struct scenario *s, const config_setting_t *at, const struct field *f,
		      char *value)
{
	const char *text;

	if (!read_text(s, at, &text))
		return false;
	if (strlen(text) >= f->max)
		return scenario_fail(s, at, "%s is longer than %llu characters", f->name,
				     (unsigned long long)f->max - 1);
	snprintf(value, f->max, "%s", text);
	return true;
}

static bool read_number(struct scenario *s, const config_setting_t *at, const struct field *f,
			void *to)
{
	static const struct {
		enum quantity q;
		bool wide;
	} kinds[] = {
		[FIELD_TIME] = {QUANTITY_TIME, true},	 [FIELD_RATE] = {QUANTITY_RATE, true},
		[FIELD_BYTES] = {QUANTITY_BYTES, true},	 [FIELD_BYTES32] = {QUANTITY_BYTES, false},
		[FIELD_SHARE] = {QUANTITY_SHARE, false}, [FIELD_COUNT] = {QUANTITY_COUNT, false},
	};
	uint64_t value = 0;

	if (!read_quantity(s, at, f, kinds[f->kind].q, &value))
		return false;
	if (kinds[f->kind].wide)
		*(uint64_t *)to = value;
	else
		*(uint32_t *)to = (uint32_t)value;
	return true;
}

static bool read_field(struct scenario *s, const config_setting_t *at, const struct field *f,
		       void *base)
{
	void *to = (char *)base + f->offset;

	switch (f->kind) {
	case FIELD_OTHER:
		return true;
	case FIELD_FLAG:
		return read_flag(s, at, to);
	case FIELD_TEXT:
		return copy_text(s, at, f, to);
	case FIELD_CHOICE:
		return fields_choice(s, at, f->name, f->choices, to);
	case FIELD_HOST:
	case FIELD_LINK:
		return read_index(s, at, f, to);
	default:
		return read_number(s, at, f, to);
	}
}

static bool unknown_key(struct scenario *s, const config_setting_t *at, const struct field *fields,
			const char *where)
{
	char list[360];
	size_t n = 0;

	for (; fields->name; fields++)
		fields_list(list, sizeof(list), &n, fields->name);
	return scenario_fail(s, at, "%s has no key \"%.40s\"; it has %s", where,
			     config_setting_name(at), list);
}

bool fields_read(struct scenario *s, const config_setting_t *group, const struct field *fields,
		 void *base, const char *where)
{
	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return scenario_fail(s, group, "%s is %s; it must be a group { ... }", where,
				     fields_type(group));
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *at = config_setting_get_elem(group, (unsigned)i);
		const struct field *f = fields;

		while (f->name && strcmp(f->name, config_setting_name(at)) != 0)
			f++;
		if (!f->name)
			return unknown_key(s, at, fields, where);
		if (!read_field(s, at, f, base))
			return false;
	}
	return true;
}
