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
#include "net/route.h"
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

/* What is read next, and what errors from here on are about. */
static const config_setting_t *look_at(struct file *f, const config_setting_t *s)
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

static int wrong_type(struct file *f, const config_setting_t *s, const char *what, const char *must)
{
	return config_fail(f->config, EINVAL, "%.60s is %s; it must be %s", what, type_text(s),
			   must);
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

static int whole_number(struct file *f, const config_setting_t *s, long long least, long long most,
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
static int each_string(struct file *f, const config_setting_t *s,
		       int (*fn)(struct nsk_config *config, const char *text))
{
	if (is_type(s, TYPE(STRING)))
		return fn(f->config, config_setting_get_string(s));
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e = look_at(f, config_setting_get_elem(s, (unsigned)i));

		if (!is_type(e, TYPE(STRING)))
			return wrong_type(f, e, "an element", "a string");
		if (fn(f->config, config_setting_get_string(e)))
			return -1;
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
	return config_fail(f->config, EINVAL, "%s has no key \"%.60s\"; it has %s", where,
			   config_setting_name(s), list);
}

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
		const config_setting_t *s = look_at(f, config_setting_get_elem(group, (unsigned)i));
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
	return config_device_name(f->config, config_setting_get_string(s));
}

static int device_addresses(struct file *f, const config_setting_t *s)
{
	return each_string(f, s, nsk_config_add_address);
}

static int device_neighbours(struct file *f, const config_setting_t *s)
{
	return each_string(f, s, config_device_neigh);
}

static int device_mtu(struct file *f, const config_setting_t *s)
{
	char buf[32];

	return config_device_mtu(f->config, scalar_text(s, buf, sizeof(buf)));
}

static int device_mac(struct file *f, const config_setting_t *s)
{
	return config_device_mac(f->config, config_setting_get_string(s));
}

static int device_rp_filter(struct file *f, const config_setting_t *s)
{
	f->config->device[f->config->ndevices - 1].rp_filter = config_setting_get_bool(s);
	return 0;
}

static int device_proxy_arp(struct file *f, const config_setting_t *s)
{
	f->config->device[f->config->ndevices - 1].proxy_arp = config_setting_get_bool(s);
	return 0;
}

static int device_fault(struct file *f, const config_setting_t *s)
{
	return nsk_config_add_fault(f->config, config_setting_get_string(s));
}

static int device_twin(struct file *f, const config_setting_t *s)
{
	return nsk_config_add_twin(f->config, config_setting_get_string(s));
}

static int device_mirror(struct file *f, const config_setting_t *s)
{
	struct config_device *d = &f->config->device[f->config->ndevices - 1];

	d->mirror = config_setting_get_bool(s);
	d->mirror_at = f->config->here;
	return 0;
}

static int device_punt(struct file *f, const config_setting_t *s)
{
	return config_device_punts(f->config) || each_string(f, s, nsk_config_add_punt) ? -1 : 0;
}

static const struct key device_keys[] = {
	{"device", TYPE(STRING), "a string", done},
	{"name", TYPE(STRING), "a string", device_name},
	{"addresses", TYPE(STRING) | SEVERAL, "a list of strings [ ... ]", device_addresses},
	{"mtu", INTEGER, "a whole number", device_mtu},
	{"mac", TYPE(STRING), "a string", device_mac},
	{"rp_filter", TYPE(BOOL), "true or false", device_rp_filter},
	{"proxy_arp", TYPE(BOOL), "true or false", device_proxy_arp},
	{"fault", TYPE(STRING), "a string", device_fault},
	{"neighbours", TYPE(STRING) | SEVERAL, "a list of strings [ ... ]", device_neighbours},
	{"twin", TYPE(STRING), "a string", device_twin},
	{"mirror", TYPE(BOOL), "true or false", device_mirror},
	{"punt", TYPE(STRING) | SEVERAL, "a list of strings [ ... ]", device_punt},
	{0},
};

/* "device" comes first, whatever the order in the file. */
static int add_device(struct file *f, const config_setting_t *s)
{
	const config_setting_t *name = look_at(f, s);

	if (is_type(s, TYPE(GROUP)))
		name = config_setting_get_member(s, "device");
	if (!name)
		return config_fail(f->config, EINVAL,
				   "a device without the key \"device\", which says what it is");
	if (!is_type(look_at(f, name), TYPE(STRING)))
		return wrong_type(f, name, "device", "a string or a group { device = ...; }");
	if (nsk_config_add_device(f->config, config_setting_get_string(name)))
		return -1;
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

	return config_destination(f->config, config_setting_get_string(s), &dst);
}

static int route_gateway(struct file *f, const config_setting_t *s)
{
	struct ip_addr gateway;

	return config_gateway(f->config, config_setting_get_string(s), &gateway);
}

static int route_metric(struct file *f, const config_setting_t *s)
{
	uint64_t metric;

	return whole_number(f, s, 0, UINT32_MAX, &metric);
}

static int route_source(struct file *f, const config_setting_t *s)
{
	struct ip_addr src;

	return config_route_source(f->config, config_setting_get_string(s), &src);
}

static int route_type(struct file *f, const config_setting_t *s)
{
	uint8_t type;

	return config_route_type(f->config, config_setting_get_string(s), &type);
}

static int route_weight(struct file *f, const config_setting_t *s)
{
	uint64_t weight;

	return whole_number(f, s, 1, ROUTE_WEIGHT_MAX, &weight);
}

/* Each key by itself, at its own line; the route is made of them when the group has been read. */
static const struct key route_keys[] = {
	{"destination", TYPE(STRING), "a string", route_destination},
	{"gateway", TYPE(STRING), "a string", route_gateway},
	{"iface", TYPE(STRING), "a string", done},
	{"metric", INTEGER, "a whole number", route_metric},
	{"src", TYPE(STRING), "a string", route_source},
	{"type", TYPE(STRING), "a string", route_type},
	{"weight", INTEGER, "a whole number", route_weight},
	{0},
};

static const char *member_string(const config_setting_t *group, const char *name)
{
	const config_setting_t *s = config_setting_get_member(group, name);

	return s ? config_setting_get_string(s) : NULL;
}

static int64_t member_number(const config_setting_t *group, const char *name)
{
	const config_setting_t *s = config_setting_get_member(group, name);

	return s ? config_setting_get_int64(s) : 0;
}

static int add_route(struct file *f, const config_setting_t *s)
{
	struct config_route_text text;

	if (!is_type(look_at(f, s), TYPE(GROUP)))
		return wrong_type(f, s, "a route", "a group { destination = ...; }");
	if (apply_group(f, s, route_keys, "a route"))
		return -1;
	text = (struct config_route_text){
		.destination = member_string(s, "destination"),
		.gateway = member_string(s, "gateway"),
		.iface = member_string(s, "iface"),
		.source = member_string(s, "src"),
		.type = member_string(s, "type"),
		.metric = (uint32_t)member_number(s, "metric"),
		.weight = (uint16_t)member_number(s, "weight"),
	};
	look_at(f, s);
	if (!text.destination)
		return config_fail(f->config, EINVAL, "a route without the key \"destination\"");
	return config_add_route(f->config, &text);
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

	return nsk_config_lcores(f->config, scalar_text(s, buf, sizeof(buf)));
}

static int set_workers(struct file *f, const config_setting_t *s)
{
	uint64_t n;

	if (config_setting_get_member(config_root_setting(&f->tree), "lcores"))
		return config_fail(
			f->config, EINVAL,
			"workers and lcores: each core of lcores is a worker; leave one of the two "
			"out");
	return whole_number(f, s, 1, CONFIG_WORKERS_MAX, &n) ||
	       nsk_config_workers(f->config, (unsigned)n);
}

static int set_seed(struct file *f, const config_setting_t *s)
{
	uint64_t seed;

	if (whole_number(f, s, 0, INT64_MAX, &seed))
		return -1;
	nsk_config_seed(f->config, seed);
	return 0;
}

static int set_eal(struct file *f, const config_setting_t *s)
{
	return nsk_config_eal(f->config, config_setting_get_string(s));
}

static int set_no_huge(struct file *f, const config_setting_t *s)
{
	return nsk_config_no_huge(f->config, config_setting_get_bool(s));
}

static int set_log(struct file *f, const config_setting_t *s)
{
	return config_log_level(f->config, config_setting_get_string(s));
}

static int set_control(struct file *f, const config_setting_t *s)
{
	return nsk_config_control(f->config, config_setting_get_string(s));
}

static int set_secret_file(struct file *f, const config_setting_t *s)
{
	return nsk_config_secret_file(f->config, config_setting_get_string(s));
}

static int set_gateway(struct file *f, const config_setting_t *s)
{
	return nsk_config_add_gateway(f->config, config_setting_get_string(s));
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
	{"secret_file", TYPE(STRING), "a string", set_secret_file},
	{"seed", INTEGER, "a whole number", set_seed},
	{0},
};

/* ---- settings ------------------------------------------------------------------------------ */

static int apply_setting(struct file *f, const config_setting_t *s, const char *name)
{
	char number[32];

	if (settings_triple(name) && !is_type(s, TYPE(STRING)))
		return wrong_type(f, s, name, "a string of three numbers");
	if (settings_find(name) && !is_type(s, SCALAR))
		return wrong_type(f, s, name, "one value");
	return nsk_config_set(f->config, name,
			      is_type(s, SCALAR) ? scalar_text(s, number, sizeof(number)) : "");
}

/* A group of settings, or of groups: "net.ipv4" is "ipv4" in "net". Bounded by the names there are.
 */
static int apply_settings(struct file *f, const config_setting_t *group, const char *path)
{
	char name[128];
	int rc = 0;

	if (!is_type(group, TYPE(GROUP)))
		return wrong_type(f, group, path, "a group { ... } of settings");
	for (int i = 0; rc == 0 && i < config_setting_length(group); i++) {
		const config_setting_t *s = look_at(f, config_setting_get_elem(group, (unsigned)i));

		snprintf(name, sizeof(name), "%.60s.%.60s", path, config_setting_name(s));
		rc = settings_is_group(name) ? apply_settings(f, s, name)
					     : apply_setting(f, s, name);
	}
	return rc;
}

static int apply_root(struct file *f)
{
	const config_setting_t *root = config_root_setting(&f->tree);

	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s = look_at(f, config_setting_get_elem(root, (unsigned)i));
		const char *name = config_setting_name(s);
		const struct key *key = find_key(root_keys, name);
		int rc;

		if (key)
			rc = apply_key(f, s, key);
		else if (settings_is_group(name))
			rc = apply_settings(f, s, name);
		else if (settings_find(name) || settings_nearest(name))
			rc = apply_setting(f, s, name);
		else
			rc = unknown_key(f, s, root_keys, "the file, settings apart,");
		if (rc)
			return -1;
	}
	return 0;
}

/* ---- the file ------------------------------------------------------------------------------ */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define WORD	LETTERS "0123456789_-*"

/* The first name with dots that is given a value in a line, n characters; NULL: there is none. */
static const char *dotted_name(const char *line, size_t *n)
{
	const char *end = line + strcspn(line, "\n");

	for (const char *at = line; at < end; at += *n ? *n : 1) {
		size_t first = strspn(at, LETTERS) ? strspn(at, WORD) : 0;

		*n = strspn(at, WORD ".");
		if (first && first < *n && at[*n - 1] != '.' &&
		    strchr("=:", at[*n + strspn(at + *n, " \t")]) && at + *n < end)
			return at;
	}
	return NULL;
}

/* "tcp: { window = ...; };" of "tcp.window". */
static void nest(const char *name, size_t n, char *buf, size_t size)
{
	size_t len = 0, depth = 0;

	for (; n && len < size; depth++) {
		size_t word = strcspn(name, ".");
		bool last = word >= n;

		word = last ? n : word;
		len += (size_t)snprintf(buf + len, size - len, "%.*s%s", (int)word, name,
					last ? " = ...;" : ": { ");
		name += word + !last;
		n -= word + !last;
	}
	for (; depth > 1 && len < size; depth--)
		len += (size_t)snprintf(buf + len, size - len, " };");
}

static int parse(struct file *f)
{
	const char *what, *hint = "", *name;
	char nested[160];
	unsigned line;
	size_t n;

	if (config_read_string(&f->tree, f->text.text ? f->text.text : ""))
		return 0;
	what = config_error_text(&f->tree);
	line = (unsigned)config_error_line(&f->tree);
	f->config->here = config_text_place(&f->text, line);
	if (strcmp(what, "duplicate setting name") == 0)
		hint = ": a name stands once in its group, and a group once in the file";
	if (strcmp(what, "syntax error") != 0)
		return config_fail(f->config, EINVAL, "%s%s", what, hint);
	name = dotted_name(config_text_line(&f->text, line), &n);
	if (!name)
		return config_fail(
			f->config, EINVAL,
			"syntax error (here or before: a missing ';', '=', quote or bracket?)");
	nest(name, n, nested, sizeof(nested));
	return config_fail(f->config, EINVAL,
			   "%.*s: in a file a name has no dots, groups have names: %s",
			   (int)NSK_MIN(n, (size_t)60), name, nested);
}

int nsk_config_load(struct nsk_config *config, const char *path)
{
	struct file f = {.config = config};
	struct config_place before;
	int rc, err;

	if (!config || !path) {
		errno = EINVAL;
		return -1;
	}
	before = config->here;
	config_init(&f.tree);
	rc = config_text_read(config, &f.text, path);
	if (rc == 0)
		rc = parse(&f);
	if (rc == 0)
		rc = apply_root(&f);
	err = errno;
	config_destroy(&f.tree);
	config_text_free(&f.text);
	config->here = before;
	errno = err;
	return rc;
}
