/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file (libconfig): which keys there are, of which type, and the call that each
 * of them makes. Whatever is wrong is told as "FILE:LINE: what, and what is allowed".
 * docs/CONFIG.md lists the keys.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "net/route.h"
#include "stack/config_keys.h"
#include "stack/settings.h"

/* ---- devices ------------------------------------------------------------------------------- */

static int device_name(struct key_file *f, const config_setting_t *s)
{
	return config_device_name(f->config, config_setting_get_string(s));
}

static int device_addresses(struct key_file *f, const config_setting_t *s)
{
	return keys_each_string(f, s, nsk_config_add_address);
}

static int device_neighbours(struct key_file *f, const config_setting_t *s)
{
	return keys_each_string(f, s, config_device_neigh);
}

static int device_mtu(struct key_file *f, const config_setting_t *s)
{
	char buf[32];

	return config_device_mtu(f->config, keys_text(s, buf, sizeof(buf)));
}

static int device_mac(struct key_file *f, const config_setting_t *s)
{
	return config_device_mac(f->config, config_setting_get_string(s));
}

static int device_rp_filter(struct key_file *f, const config_setting_t *s)
{
	f->config->device[f->config->ndevices - 1].rp_filter = config_setting_get_bool(s);
	return 0;
}

static int device_proxy_arp(struct key_file *f, const config_setting_t *s)
{
	f->config->device[f->config->ndevices - 1].proxy_arp = config_setting_get_bool(s);
	return 0;
}

static int device_fault(struct key_file *f, const config_setting_t *s)
{
	return nsk_config_add_fault(f->config, config_setting_get_string(s));
}

static int device_twin(struct key_file *f, const config_setting_t *s)
{
	return nsk_config_add_twin(f->config, config_setting_get_string(s));
}

static int device_mirror(struct key_file *f, const config_setting_t *s)
{
	struct config_device *d = &f->config->device[f->config->ndevices - 1];

	d->mirror = config_setting_get_bool(s);
	d->mirror_at = f->config->here;
	return 0;
}

static int device_punt(struct key_file *f, const config_setting_t *s)
{
	return config_device_punts(f->config) || keys_each_string(f, s, nsk_config_add_punt) ? -1
											     : 0;
}

static const struct key device_keys[] = {
	{"device", KEY_TYPE(STRING), "a string", keys_done},
	{"name", KEY_TYPE(STRING), "a string", device_name},
	{"addresses", KEY_TYPE(STRING) | KEY_SEVERAL, "a list of strings [ ... ]",
	 device_addresses},
	{"mtu", KEY_INTEGER, "a whole number", device_mtu},
	{"mac", KEY_TYPE(STRING), "a string", device_mac},
	{"rp_filter", KEY_TYPE(BOOL), "true or false", device_rp_filter},
	{"proxy_arp", KEY_TYPE(BOOL), "true or false", device_proxy_arp},
	{"fault", KEY_TYPE(STRING), "a string", device_fault},
	{"neighbours", KEY_TYPE(STRING) | KEY_SEVERAL, "a list of strings [ ... ]",
	 device_neighbours},
	{"twin", KEY_TYPE(STRING), "a string", device_twin},
	{"mirror", KEY_TYPE(BOOL), "true or false", device_mirror},
	{"punt", KEY_TYPE(STRING) | KEY_SEVERAL, "a list of strings [ ... ]", device_punt},
	{0},
};

/* "device" comes first, whatever the order in the file. */
static int add_device(struct key_file *f, const config_setting_t *s)
{
	const config_setting_t *name = keys_look_at(f, s);

	if (keys_is_type(s, KEY_TYPE(GROUP)))
		name = config_setting_get_member(s, "device");
	if (!name)
		return config_fail(f->config, EINVAL,
				   "a device without the key \"device\", which says what it is");
	if (!keys_is_type(keys_look_at(f, name), KEY_TYPE(STRING)))
		return keys_wrong_type(f, name, "device", "a string or a group { device = ...; }");
	if (nsk_config_add_device(f->config, config_setting_get_string(name)))
		return -1;
	return keys_is_type(s, KEY_TYPE(GROUP)) ? keys_apply(f, s, device_keys, "a device") : 0;
}

static int add_devices(struct key_file *f, const config_setting_t *s)
{
	for (int i = 0; i < config_setting_length(s); i++)
		if (add_device(f, config_setting_get_elem(s, (unsigned)i)))
			return -1;
	return 0;
}

/* ---- routes -------------------------------------------------------------------------------- */

static int route_destination(struct key_file *f, const config_setting_t *s)
{
	struct ip_prefix dst;

	return config_destination(f->config, config_setting_get_string(s), &dst);
}

static int route_gateway(struct key_file *f, const config_setting_t *s)
{
	struct ip_addr gateway;

	return config_gateway(f->config, config_setting_get_string(s), &gateway);
}

static int route_metric(struct key_file *f, const config_setting_t *s)
{
	uint64_t metric;

	return keys_number(f, s, 0, UINT32_MAX, &metric);
}

static int route_source(struct key_file *f, const config_setting_t *s)
{
	struct ip_addr src;

	return config_route_source(f->config, config_setting_get_string(s), &src);
}

static int route_type(struct key_file *f, const config_setting_t *s)
{
	uint8_t type;

	return config_route_type(f->config, config_setting_get_string(s), &type);
}

static int route_weight(struct key_file *f, const config_setting_t *s)
{
	uint64_t weight;

	return keys_number(f, s, 1, ROUTE_WEIGHT_MAX, &weight);
}

/* Each key by itself, at its own line; the route is made of them when the group has been read. */
static const struct key route_keys[] = {
	{"destination", KEY_TYPE(STRING), "a string", route_destination},
	{"gateway", KEY_TYPE(STRING), "a string", route_gateway},
	{"iface", KEY_TYPE(STRING), "a string", keys_done},
	{"metric", KEY_INTEGER, "a whole number", route_metric},
	{"src", KEY_TYPE(STRING), "a string", route_source},
	{"type", KEY_TYPE(STRING), "a string", route_type},
	{"weight", KEY_INTEGER, "a whole number", route_weight},
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

static int add_route(struct key_file *f, const config_setting_t *s)
{
	struct config_route_text text;

	if (!keys_is_type(keys_look_at(f, s), KEY_TYPE(GROUP)))
		return keys_wrong_type(f, s, "a route", "a group { destination = ...; }");
	if (keys_apply(f, s, route_keys, "a route"))
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
	keys_look_at(f, s);
	if (!text.destination)
		return config_fail(f->config, EINVAL, "a route without the key \"destination\"");
	return config_add_route(f->config, &text);
}

static int add_routes(struct key_file *f, const config_setting_t *s)
{
	for (int i = 0; i < config_setting_length(s); i++)
		if (add_route(f, config_setting_get_elem(s, (unsigned)i)))
			return -1;
	return 0;
}

/* ---- keys of the whole --------------------------------------------------------------------- */

static int set_lcores(struct key_file *f, const config_setting_t *s)
{
	char buf[32];

	return nsk_config_lcores(f->config, keys_text(s, buf, sizeof(buf)));
}

static int set_workers(struct key_file *f, const config_setting_t *s)
{
	uint64_t n;

	if (config_setting_get_member(config_root_setting(&f->tree), "lcores"))
		return config_fail(
			f->config, EINVAL,
			"workers and lcores: each core of lcores is a worker; leave one of the two "
			"out");
	return keys_number(f, s, 1, CONFIG_WORKERS_MAX, &n) ||
	       nsk_config_workers(f->config, (unsigned)n);
}

static int set_seed(struct key_file *f, const config_setting_t *s)
{
	uint64_t seed;

	if (keys_number(f, s, 0, INT64_MAX, &seed))
		return -1;
	nsk_config_seed(f->config, seed);
	return 0;
}

static int set_eal(struct key_file *f, const config_setting_t *s)
{
	return nsk_config_eal(f->config, config_setting_get_string(s));
}

static int set_no_huge(struct key_file *f, const config_setting_t *s)
{
	return nsk_config_no_huge(f->config, config_setting_get_bool(s));
}

static int set_log(struct key_file *f, const config_setting_t *s)
{
	return config_log_level(f->config, config_setting_get_string(s));
}

static int set_control(struct key_file *f, const config_setting_t *s)
{
	return nsk_config_control(f->config, config_setting_get_string(s));
}

static int set_secret_file(struct key_file *f, const config_setting_t *s)
{
	return nsk_config_secret_file(f->config, config_setting_get_string(s));
}

static int set_gateway(struct key_file *f, const config_setting_t *s)
{
	return nsk_config_add_gateway(f->config, config_setting_get_string(s));
}

static const struct key root_keys[] = {
	{"devices", KEY_TYPE(LIST), "a list ( ... )", add_devices},
	{"routes", KEY_TYPE(LIST), "a list ( ... )", add_routes},
	{"gateway", KEY_TYPE(STRING), "a string", set_gateway},
	{"lcores", KEY_TYPE(STRING) | KEY_INTEGER, "a string such as \"1-3,5\", or a whole number",
	 set_lcores},
	{"workers", KEY_INTEGER, "a whole number", set_workers},
	{"eal", KEY_TYPE(STRING), "a string", set_eal},
	{"no_huge", KEY_TYPE(BOOL), "true or false", set_no_huge},
	{"log", KEY_TYPE(STRING), "a string", set_log},
	{"control", KEY_TYPE(STRING), "a string", set_control},
	{"secret_file", KEY_TYPE(STRING), "a string", set_secret_file},
	{"seed", KEY_INTEGER, "a whole number", set_seed},
	{0},
};

/* ---- settings ------------------------------------------------------------------------------ */

static int apply_setting(struct key_file *f, const config_setting_t *s, const char *name)
{
	char number[32];

	if (settings_triple(name) && !keys_is_type(s, KEY_TYPE(STRING)))
		return keys_wrong_type(f, s, name, "a string of three numbers");
	if (settings_find(name) && !keys_is_type(s, KEY_SCALAR))
		return keys_wrong_type(f, s, name, "one value");
	return nsk_config_set(f->config, name,
			      keys_is_type(s, KEY_SCALAR) ? keys_text(s, number, sizeof(number))
							  : "");
}

/* A group of settings, or of groups: "net.ipv4" is "ipv4" in "net". Bounded by the names there are.
 */
static int apply_settings(struct key_file *f, const config_setting_t *group, const char *path)
{
	char name[128];
	int rc = 0;

	if (!keys_is_type(group, KEY_TYPE(GROUP)))
		return keys_wrong_type(f, group, path, "a group { ... } of settings");
	for (int i = 0; rc == 0 && i < config_setting_length(group); i++) {
		const config_setting_t *s =
			keys_look_at(f, config_setting_get_elem(group, (unsigned)i));

		snprintf(name, sizeof(name), "%.60s.%.60s", path, config_setting_name(s));
		rc = settings_is_group(name) ? apply_settings(f, s, name)
					     : apply_setting(f, s, name);
	}
	return rc;
}

static int apply_root(struct key_file *f)
{
	const config_setting_t *root = config_root_setting(&f->tree);

	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s =
			keys_look_at(f, config_setting_get_elem(root, (unsigned)i));
		const char *name = config_setting_name(s);
		const struct key *key = keys_find(root_keys, name);
		int rc;

		if (key)
			rc = keys_apply_one(f, s, key);
		else if (settings_is_group(name))
			rc = apply_settings(f, s, name);
		else if (settings_find(name) || settings_nearest(name))
			rc = apply_setting(f, s, name);
		else
			rc = keys_unknown(f, s, root_keys, "the file, settings apart,");
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

static int parse(struct key_file *f)
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
	struct key_file f = {.config = config};
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
