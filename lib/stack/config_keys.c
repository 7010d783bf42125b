/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of keys over libconfig's tree: each key is found in its group's table, its type is looked
 * at, and its function called. What is wrong is told with file and line.
 */
#include "stack/config_keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

/* ---- errors -------------------------------------------------------------------------------- */

/* What is read next, and what errors from here on are about. */
const config_setting_t *keys_look_at(struct key_file *f, const config_setting_t *s)
{
	f->config->here = config_text_place(&f->text, config_setting_source_line(s));
	return s;
}

static const char *type_text(const config_setting_t *s)
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
	unsigned type = (unsigned)config_setting_type(s);

	return type < NSK_ARRAY_LEN(texts) ? texts[type] : "of an unknown type";
}

int keys_wrong_type(struct key_file *f, const config_setting_t *s, const char *what,
		    const char *must)
{
	return config_fail(f->config, EINVAL, "%.60s is %s; it must be %s", what, type_text(s),
			   must);
}

/* ---- values -------------------------------------------------------------------------------- */

bool keys_is_type(const config_setting_t *s, unsigned types)
{
	return types & (1u << config_setting_type(s));
}

/* A number, text or truth value as text. */
const char *keys_text(const config_setting_t *s, char *buf, size_t size)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		return config_setting_get_string(s);
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(s) ? "true" : "false";
	case CONFIG_TYPE_FLOAT:
		snprintf(buf, size, "%g", config_setting_get_float(s));
		return buf;
	default:
		snprintf(buf, size, "%lld", config_setting_get_int64(s));
		return buf;
	}
}

int keys_number(struct key_file *f, const config_setting_t *s, long long least, long long most,
		uint64_t *value)
{
	long long v = config_setting_get_int64(s);

	*value = (uint64_t)v;
	if (v >= least && v <= most)
		return 0;
	return config_fail(f->config, ERANGE, "%s = %lld: out of range; allowed: %lld to %lld",
			   config_setting_name(s), v, least, most);
}

/* Calls fn with each string of a list or with the one that stands alone. */
int keys_each_string(struct key_file *f, const config_setting_t *s,
		     int (*fn)(struct nsk_config *config, const char *text))
{
	if (keys_is_type(s, KEY_TYPE(STRING)))
		return fn(f->config, config_setting_get_string(s));
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e =
			keys_look_at(f, config_setting_get_elem(s, (unsigned)i));

		if (!keys_is_type(e, KEY_TYPE(STRING)))
			return keys_wrong_type(f, e, "an element", "a string");
		if (fn(f->config, config_setting_get_string(e)))
			return -1;
	}
	return 0;
}

/* ---- groups of keys ------------------------------------------------------------------------ */

const struct key *keys_find(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

int keys_unknown(struct key_file *f, const config_setting_t *s, const struct key *keys,
		 const char *where)
{
	char list[160];
	size_t n = 0;

	for (; keys->name && n < sizeof(list); keys++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
				      keys->name);
	return config_fail(f->config, EINVAL, "%s has no key \"%.60s\"; it has %s", where,
			   config_setting_name(s), list);
}

int keys_apply_one(struct key_file *f, const config_setting_t *s, const struct key *key)
{
	if (!keys_is_type(s, key->types))
		return keys_wrong_type(f, s, key->name, key->must);
	return key->apply(f, s);
}

int keys_apply(struct key_file *f, const config_setting_t *group, const struct key *keys,
	       const char *where)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s =
			keys_look_at(f, config_setting_get_elem(group, (unsigned)i));
		const struct key *key = keys_find(keys, config_setting_name(s));

		if (!key)
			return keys_unknown(f, s, keys, where);
		if (keys_apply_one(f, s, key))
			return -1;
	}
	return 0;
}

/* A key whose value is taken elsewhere. */
int keys_done(struct key_file *f, const config_setting_t *s)
{
	(void)f;
	(void)s;
	return 0;
}
