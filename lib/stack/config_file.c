/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file (libconfig): which keys there are, of which type, and the call that each
 * of them makes. Whatever is wrong is told as "FILE:LINE: what, and what is allowed".
 * docs/CONFIG.md lists the keys.
 */
#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "stack/config.h"
#include "stack/settings.h"

#define TYPE(t) (1u << CONFIG_TYPE_##t)
#define INTEGER (TYPE(INT) | TYPE(INT64))
#define SCALAR	(INTEGER | TYPE(FLOAT) | TYPE(STRING) | TYPE(BOOL))
#define SEVERAL (TYPE(ARRAY) | TYPE(LIST))

struct file {
	struct nsk_config *config;
	struct config_text text;
	config_t tree;
};

/* One key that a group may have. */
struct key {
	const char *name;
	unsigned types;	  /* TYPE() of those allowed */
	const char *must; /* "a string": what it must be */
	int (*apply)(struct file *f, const config_setting_t *s);
};

/* ---- errors -------------------------------------------------------------------------------- */

static int at_line(struct file *f, unsigned line)
{
	return config_fail_at(f->config, "%s:%u", config_text_file(&f->text, line),
			      config_text_line(&f->text, line));
}

static int at_setting(struct file *f, const config_setting_t *s)
{
	return at_line(f, config_setting_source_line(s));
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

static int wrong_type(struct file *f, const config_setting_t *s, const char *what, const char *must)
{
	config_fail(f->config, EINVAL, "%.60s is %s; it must be %s", what, type_text(s), must);
	return at_setting(f, s);
}

/* ---- values -------------------------------------------------------------------------------- */

static bool is_type(const config_setting_t *s, unsigned types)
{
	return types & (1u << config_setting_type(s));
}

/* A number, text or truth value as text. */
static const char *scalar_text(const config_setting_t *s, char *buf, size_t size)
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

/* A number that is not negative and no larger than most. */
static int whole_number(struct file *f, const config_setting_t *s, uint64_t most, uint64_t *value)
{
	long long v = config_setting_get_int64(s);

	*value = (uint64_t)v;
	if (v >= 0 && (uint64_t)v <= most)
		return 0;
	return config_fail(f->config, ERANGE, "%s = %lld: out of range; allowed: 0 to %" PRIu64,
			   config_setting_name(s), v, most);
}

/* Calls fn with each string of a list or with the one that stands alone. Errors have their place
 * already. */
static int each_string(struct file *f, const config_setting_t *s,
		       int (*fn)(struct nsk_config *config, const char *text))
{
	if (is_type(s, TYPE(STRING)))
		return fn(f->config, config_setting_get_string(s)) ? at_setting(f, s) : 0;
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);

		if (!is_type(e, TYPE(STRING)))
			return wrong_type(f, e, "an element", "a string");
		if (fn(f->config, config_setting_get_string(e)))
			return at_setting(f, e);
	}
	return 0;
}

/* ---- groups of keys ------------------------------------------------------------------------ */

static const struct key *find_key(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static int unknown_key(struct file *f, const config_setting_t *s, const struct key *keys,
		       const char *where)
{
	char list[160];
	size_t n = 0;

	for (; keys->name && n < sizeof(list); keys++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
				      keys->name);
	config_fail(f->config, EINVAL, "%s has no key \"%.60s\"; it has %s", where,
		    config_setting_name(s), list);
	return at_setting(f, s);
}

/* Errors of a key's function get the place of the key, unless the function gave one (it then
 * returns 1). */
static int apply_key(struct file *f, const config_setting_t *s, const struct key *key)
{
	if (!is_type(s, key->types))
		return wrong_type(f, s, key->name, key->must);
	return key->apply(f, s);
}

static int apply_group(struct file *f, const config_setting_t *group, const struct key *keys,
		       const char *where)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const struct key *key = find_key(keys, config_setting_name(s));

		if (!key)
			return unknown_key(f, s, keys, where);
		if (apply_key(f, s, key))
			return -1;
	}
	return 0;
}

/* A key whose value is taken elsewhere. */
static int done(struct file *f, const config_setting_t *s)
{
	(void)f;
	(void)s;
	return 0;
}

/* ---- devices ------------------------------------------------------------------------------- */

static int device_name(struct file *f, const config_setting_t *s)
{
	return config_device_name(f->config, config_setting_get_string(s)) ? at_setting(f, s) : 0;
}

static int device_addresses(struct file *f, const config_setting_t *s)
{
	return each_string(f, s, nsk_config_add_address);
}

static int device_mtu(struct file *f, const config_setting_t *s)
{
	uint64_t mtu;

	return whole_number(f, s, UINT32_MAX, &mtu) || config_device_mtu(f->config, mtu)
		       ? at_setting(f, s)
		       : 0;
}

static int device_mac(struct file *f, const config_setting_t *s)
{
	return config_device_mac(f->config, config_setting_get_string(s)) ? at_setting(f, s) : 0;
}

static int device_fault(struct file *f, const config_setting_t *s)
{
	return nsk_config_add_fault(f->config, config_setting_get_string(s)) ? at_setting(f, s) : 0;
}

static const struct key device_keys[] = {
	{"device", TYPE(STRING), "a string", done},
	{"name", TYPE(STRING), "a string", device_name},
	{"addresses", TYPE(STRING) | SEVERAL, "a list of strings [ ... ]", device_addresses},
	{"mtu", INTEGER, "a whole number", device_mtu},
	{"mac", TYPE(STRING), "a string", device_mac},
	{"fault", TYPE(STRING), "a string", device_fault},
	{0},
};

/* "device" comes first, whatever the order in the file. */
static int add_device(struct file *f, const config_setting_t *s)
{
	const config_setting_t *name = s;

	if (is_type(s, TYPE(GROUP)))
		name = config_setting_get_member(s, "device");
	if (!name) {
		config_fail(f->config, EINVAL,
			    "a device without the key \"device\", which says what it is");
		return at_setting(f, s);
	}
	if (!is_type(name, TYPE(STRING)))
		return wrong_type(f, name, "device", "a string or a group { device = ...; }");
	if (nsk_config_add_device(f->config, config_setting_get_string(name)))
		return at_setting(f, name);
	return is_type(s, TYPE(GROUP)) ? apply_group(f, s, device_keys, "a device") : 0;
}

static int add_devices(struct file *f, const config_setting_t *s)
{
	for (int i = 0; i < config_setting_length(s); i++)
		if (add_device(f, config_setting_get_elem(s, (unsigned)i)))
			return -1;
	return 0;
}

/* ---- routes -------------------------------------------------------------------------------- */

static int route_destination(struct file *f, const config_setting_t *s)
{
	struct ip_prefix dst;

	return config_destination(f->config, config_setting_get_string(s), &dst) ? at_setting(f, s)
										 : 0;
}

static int route_gateway(struct file *f, const config_setting_t *s)
{
	struct ip_addr gateway;

	return config_gateway(f->config, config_setting_get_string(s), &gateway) ? at_setting(f, s)
										 : 0;
}

static int route_metric(struct file *f, const config_setting_t *s)
{
	uint64_t metric;

	return whole_number(f, s, UINT32_MAX, &metric) ? at_setting(f, s) : 0;
}

/* Each key by itself, at its own line; the route is made of them when the group has been read. */
static const struct key route_keys[] = {
	{"destination", TYPE(STRING), "a string", route_destination},
	{"gateway", TYPE(STRING), "a string", route_gateway},
	{"iface", TYPE(STRING), "a string", done},
	{"metric", INTEGER, "a whole number", route_metric},
	{0},
};

static const char *member_string(const config_setting_t *group, const char *name)
{
	const config_setting_t *s = config_setting_get_member(group, name);

	return s ? config_setting_get_string(s) : NULL;
}

static int add_route(struct file *f, const config_setting_t *s)
{
	const config_setting_t *metric;
	const char *destination;

	if (!is_type(s, TYPE(GROUP)))
		return wrong_type(f, s, "a route", "a group { destination = ...; }");
	if (apply_group(f, s, route_keys, "a route"))
		return -1;
	metric = config_setting_get_member(s, "metric");
	destination = member_string(s, "destination");
	if (!destination) {
		config_fail(f->config, EINVAL, "a route without the key \"destination\"");
		return at_setting(f, s);
	}
	if (nsk_config_add_route(f->config, destination, member_string(s, "gateway"),
				 member_string(s, "iface"),
				 metric ? (uint32_t)config_setting_get_int64(metric) : 0))
		return at_setting(f, s);
	return 0;
}

static int add_routes(struct file *f, const config_setting_t *s)
{
	for (int i = 0; i < config_setting_length(s); i++)
		if (add_route(f, config_setting_get_elem(s, (unsigned)i)))
			return -1;
	return 0;
}

/* ---- keys of the whole --------------------------------------------------------------------- */

static int set_lcores(struct file *f, const config_setting_t *s)
{
	char buf[32];

	return nsk_config_lcores(f->config, scalar_text(s, buf, sizeof(buf))) ? at_setting(f, s)
									      : 0;
}

static int set_workers(struct file *f, const config_setting_t *s)
{
	uint64_t n;

	return whole_number(f, s, UINT32_MAX, &n) || nsk_config_workers(f->config, (unsigned)n)
		       ? at_setting(f, s)
		       : 0;
}

static int set_seed(struct file *f, const config_setting_t *s)
{
	uint64_t seed;

	if (whole_number(f, s, INT64_MAX, &seed))
		return at_setting(f, s);
	nsk_config_seed(f->config, seed);
	return 0;
}

static int set_eal(struct file *f, const config_setting_t *s)
{
	return nsk_config_eal(f->config, config_setting_get_string(s)) ? at_setting(f, s) : 0;
}

static int set_no_huge(struct file *f, const config_setting_t *s)
{
	return nsk_config_no_huge(f->config, config_setting_get_bool(s));
}

static int set_log(struct file *f, const config_setting_t *s)
{
	return config_log_level(f->config, config_setting_get_string(s)) ? at_setting(f, s) : 0;
}

static int set_control(struct file *f, const config_setting_t *s)
{
	return nsk_config_control(f->config, config_setting_get_string(s)) ? at_setting(f, s) : 0;
}

static int set_gateway(struct file *f, const config_setting_t *s)
{
	return nsk_config_add_gateway(f->config, config_setting_get_string(s)) ? at_setting(f, s)
									       : 0;
}

static const struct key root_keys[] = {
	{"devices", TYPE(LIST), "a list ( ... )", add_devices},
	{"routes", TYPE(LIST), "a list ( ... )", add_routes},
	{"gateway", TYPE(STRING), "a string", set_gateway},
	{"lcores", TYPE(STRING) | INTEGER, "a string such as \"1-3,5\", or a whole number",
	 set_lcores},
	{"workers", INTEGER, "a whole number", set_workers},
	{"eal", TYPE(STRING), "a string", set_eal},
	{"no_huge", TYPE(BOOL), "true or false", set_no_huge},
	{"log", TYPE(STRING), "a string", set_log},
	{"control", TYPE(STRING), "a string", set_control},
	{"seed", INTEGER, "a whole number", set_seed},
	{0},
};

/* ---- settings ------------------------------------------------------------------------------ */

static int apply_setting(struct file *f, const config_setting_t *s, const char *group)
{
	char name[128], number[32];

	snprintf(name, sizeof(name), "%.60s%s%.60s", group, group[0] ? "." : "",
		 config_setting_name(s));
	if (settings_find(name) && !is_type(s, SCALAR))
		return wrong_type(f, s, name, "one value");
	if (nsk_config_set(f->config, name,
			   is_type(s, SCALAR) ? scalar_text(s, number, sizeof(number)) : ""))
		return at_setting(f, s);
	return 0;
}

static int apply_settings(struct file *f, const config_setting_t *group)
{
	const char *name = config_setting_name(group);

	if (!is_type(group, TYPE(GROUP)))
		return wrong_type(f, group, name, "a group { ... } of settings");
	for (int i = 0; i < config_setting_length(group); i++)
		if (apply_setting(f, config_setting_get_elem(group, (unsigned)i), name))
			return -1;
	return 0;
}

static int apply_root(struct file *f)
{
	const config_setting_t *root = config_root_setting(&f->tree);

	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(s);
		const struct key *key = find_key(root_keys, name);
		int rc;

		if (key)
			rc = apply_key(f, s, key);
		else if (settings_is_group(name))
			rc = apply_settings(f, s);
		else if (settings_find(name) || settings_nearest(name))
			rc = apply_setting(f, s, "");
		else
			rc = unknown_key(f, s, root_keys, "the file, settings apart,");
		if (rc)
			return -1;
	}
	return 0;
}

/* ---- the file ------------------------------------------------------------------------------ */

static int parse(struct file *f)
{
	const char *what;

	if (config_read_string(&f->tree, f->text.text ? f->text.text : ""))
		return 0;
	what = config_error_text(&f->tree);
	config_fail(f->config, EINVAL, "%s%s", what,
		    strcmp(what, "syntax error") == 0
			    ? " (here or before: a missing ';', '=', quote or bracket?)"
			    : "");
	return at_line(f, (unsigned)config_error_line(&f->tree));
}

int nsk_config_load(struct nsk_config *config, const char *path)
{
	struct file f = {.config = config};
	int rc, err;

	if (!config || !path) {
		errno = EINVAL;
		return -1;
	}
	config_init(&f.tree);
	rc = config_text_read(config, &f.text, path);
	if (rc == 0)
		rc = parse(&f);
	if (rc == 0)
		rc = apply_root(&f);
	err = errno;
	config_destroy(&f.tree);
	config_text_free(&f.text);
	errno = err;
	return rc;
}
