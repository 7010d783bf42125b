/* SPDX-License-Identifier: BSD-3-Clause */
/* From the tree to a scenario: hosts, links, and what holds them together. */
#include "nsk-sim/scenario.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/fields.h"
#include "nsk-sim/parts.h"

#define SECOND UINT64_C(1000000000)

uint32_t scenario_host(const struct scenario *s, const char *name)
{
	for (uint32_t i = 0; i < s->nhosts; i++)
		if (strcmp(s->host[i].name, name) == 0)
			return i;
	return SIM_NONE;
}

uint32_t scenario_link(const struct scenario *s, const char *name)
{
	for (uint32_t i = 0; i < s->nlinks; i++)
		if (strcmp(s->link[i].name, name) == 0)
			return i;
	return SIM_NONE;
}

/* ---- hosts --------------------------------------------------------------------------------- */

static const char *scalar_text(const config_setting_t *at, char *buf, size_t size)
{
	switch (config_setting_type(at)) {
	case CONFIG_TYPE_STRING:
		return config_setting_get_string(at);
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(at) ? "true" : "false";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(buf, size, "%lld", config_setting_get_int64(at));
		return buf;
	default:
		return NULL;
	}
}

static bool add_setting(struct scenario *s, struct sim_host *h, const config_setting_t *at,
			const char *group)
{
	struct sim_setting *set = &h->setting[h->nsettings];
	struct nsk_config *config;
	char number[32];
	const char *value = scalar_text(at, number, sizeof(number));
	bool good;

	if (!value)
		return scenario_fail(s, at, "%s is %s; it must be a number, a string or a boolean",
				     config_setting_name(at), fields_type(at));
	if (h->nsettings == SIM_SETTINGS)
		return scenario_fail(s, at, "more than %d settings of host \"%s\"", SIM_SETTINGS,
				     h->name);
	snprintf(set->name, sizeof(set->name), "%.30s%s%.30s", group, *group ? "." : "",
		 config_setting_name(at));
	snprintf(set->value, sizeof(set->value), "%s", value);
	set->at = at;
	config = nsk_config_new();
	good = config && nsk_config_set(config, set->name, set->value) == 0;
	if (!good)
		scenario_fail(s, at, "host \"%s\": %s", h->name,
			      config ? nsk_config_error(config) : "out of memory");
	nsk_config_free(config);
	h->nsettings += good;
	return good;
}

/* A group of settings, as in a configuration file: a key, or a group of keys. */
static bool add_settings(struct scenario *s, struct sim_host *h, const config_setting_t *group)
{
	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return scenario_fail(s, group, "%s is %s; it must be a group { ... } of settings",
				     config_setting_name(group), fields_type(group));
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *at = config_setting_get_elem(group, (unsigned)i);

		if (config_setting_type(at) != CONFIG_TYPE_GROUP) {
			if (!add_setting(s, h, at, ""))
				return false;
			continue;
		}
		for (int k = 0; k < config_setting_length(at); k++)
			if (!add_setting(s, h, config_setting_get_elem(at, (unsigned)k),
					 config_setting_name(at)))
				return false;
	}
	return true;
}

/* Settings are of a stack, which a hostile host has not. */
static bool read_hostile_host(struct scenario *s, const config_setting_t *at, struct sim_host *h)
{
	if (config_setting_length(at) != 1)
		return scenario_fail(
			s, at,
			"host \"%s\" is hostile and has settings; it has no stack that "
			"they could be of",
			h->name);
	return parts_read_hostile(s, config_setting_get_elem(at, 0), h);
}

static bool read_host(struct scenario *s, const config_setting_t *at, const config_setting_t *all)
{
	struct sim_host *h = &s->host[s->nhosts];

	if (!fields_name(s, at, h->name))
		return false;
	s->nhosts++;
	if (config_setting_type(at) == CONFIG_TYPE_GROUP &&
	    config_setting_get_member(at, "hostile"))
		return read_hostile_host(s, at, h);
	return (!all || add_settings(s, h, all)) && add_settings(s, h, at);
}

/* ---- links --------------------------------------------------------------------------------- */

static bool read_pair(struct scenario *s, const config_setting_t *link, const char *name,
		      const char *text[2], const config_setting_t **at)
{
	*at = config_setting_get_member(link, name);
	if (!*at)
		return false;
	if (config_setting_length(*at) == 2) {
		text[0] = config_setting_get_string_elem(*at, 0);
		text[1] = config_setting_get_string_elem(*at, 1);
		if (text[0] && text[1])
			return true;
	}
	scenario_fail(s, *at, "%s must be two strings: [\"...\", \"...\"]", name);
	return false;
}

static bool read_ends(struct scenario *s, const config_setting_t *at, struct sim_link *l)
{
	const config_setting_t *ends;
	const char *name[2];

	s->error[0] = '\0';
	if (!read_pair(s, at, "ends", name, &ends))
		return s->error[0] ? false
				   : scenario_fail(s, at,
						   "link \"%s\" has no ends; say which hosts it "
						   "joins: ends = [\"a\", \"b\"];",
						   l->name);
	for (unsigned i = 0; i < 2; i++) {
		l->host[i] = scenario_host(s, name[i]);
		if (l->host[i] == SIM_NONE)
			return scenario_fail(s, ends,
					     "link \"%s\" ends at \"%.40s\", which is none of the "
					     "hosts",
					     l->name, name[i]);
	}
	if (l->host[0] == l->host[1])
		return scenario_fail(s, ends, "link \"%s\" has both ends at host \"%s\"", l->name,
				     name[0]);
	return true;
}

static bool check_address(struct scenario *s, const config_setting_t *at, const char *cidr)
{
	char address[32];
	struct in_addr in;
	int len = (int)strcspn(cidr, "/");

	snprintf(address, sizeof(address), "%.*s", len < 31 ? len : 31, cidr);
	if (cidr[len] == '/' && inet_pton(AF_INET, address, &in) == 1 &&
	    strlen(cidr) < sizeof(address))
		return true;
	return scenario_fail(s, at,
			     "address \"%.40s\": give an IPv4 address with the length of its "
			     "subnet, such as \"10.1.0.1/24\"",
			     cidr);
}

static bool read_addresses(struct scenario *s, const config_setting_t *at, struct sim_link *l)
{
	const config_setting_t *list;
	const char *cidr[2];

	for (unsigned i = 0; i < 2; i++)
		snprintf(l->address[i], sizeof(l->address[i]), "10.0.%u.%u/24", s->nlinks, i + 1);
	s->error[0] = '\0';
	if (!read_pair(s, at, "addresses", cidr, &list))
		return s->error[0] == '\0';
	for (unsigned i = 0; i < 2; i++) {
		if (!check_address(s, list, cidr[i]))
			return false;
		snprintf(l->address[i], sizeof(l->address[i]), "%s", cidr[i]);
	}
	return true;
}

/* What the file leaves open. */
static bool finish_queues(struct scenario *s, const config_setting_t *at, struct sim_link *l)
{
	uint64_t rtt = l->dir[0].delay_ns + l->dir[1].delay_ns;

	for (unsigned d = 0; d < 2; d++) {
		struct nsk_wire_params *p = &l->dir[d];
		uint64_t least = UINT64_C(64) * (l->mtu + 14);
		bool open = !p->queue_bytes && !p->queue_packets;

		if ((p->queue_bytes || p->ecn_threshold) && !p->rate_bps)
			return scenario_fail(s, at,
					     "link \"%s\" has a queue and no rate; without one "
					     "nothing waits: add rate = \"100 Mbit/s\"; or remove "
					     "the queue",
					     l->name);
		if (open && p->rate_bps) {
			p->queue_bytes = (uint64_t)((double)p->rate_bps / 8e9 * (double)rtt);
			p->queue_bytes = p->queue_bytes > least ? p->queue_bytes : least;
		}
		if (!p->queue_packets)
			p->queue_packets = 1u << 24;
	}
	return true;
}

/* A host's interfaces have one MTU, a setting. */
static bool check_mtu(struct scenario *s, const config_setting_t *at, const struct sim_link *l)
{
	for (uint32_t i = 0; i < s->nlinks; i++)
		for (unsigned k = 0; k < 4; k++)
			if (s->link[i].host[k / 2] == l->host[k % 2] && s->link[i].mtu != l->mtu)
				return scenario_fail(
					s, at,
					"link \"%s\" has another mtu than link \"%s\"; "
					"all links of host \"%s\" have the same",
					l->name, s->link[i].name, s->host[l->host[k % 2]].name);
	return true;
}

/* What a hostile host sends arrives at once: only so can be told what is no right number. */
static bool check_hostile(struct scenario *s, const config_setting_t *at, const struct sim_link *l)
{
	const struct sim_host *h[2] = {&s->host[l->host[0]], &s->host[l->host[1]]};
	const char *name = h[0]->hostile.at ? h[0]->name : h[1]->name;

	if (!h[0]->hostile.at && !h[1]->hostile.at)
		return true;
	if (h[0]->hostile.at && h[1]->hostile.at)
		return scenario_fail(s, at, "link \"%s\" has hostile hosts at both ends", l->name);
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *key = config_setting_get_elem(at, (unsigned)i);

		if (strcmp(config_setting_name(key), "ends") != 0 &&
		    strcmp(config_setting_name(key), "addresses") != 0 &&
		    strcmp(config_setting_name(key), "mtu") != 0)
			return scenario_fail(s, key,
					     "link \"%s\" leads to the hostile host \"%s\": such a "
					     "link has ends, addresses and mtu",
					     l->name, name);
	}
	for (uint32_t i = 0; i < s->nlinks; i++)
		for (unsigned k = 0; k < 4; k++)
			if (s->link[i].host[k / 2] == l->host[k % 2] &&
			    s->host[l->host[k % 2]].hostile.at)
				return scenario_fail(s, at, "hostile host \"%s\" is on two links",
						     name);
	return true;
}

static bool read_link(struct scenario *s, const config_setting_t *at)
{
	struct sim_link *l = &s->link[s->nlinks];

	l->at = at;
	l->mtu = 1500;
	if (!fields_name(s, at, l->name) || !parts_read_link(s, at, l) || !read_ends(s, at, l) ||
	    !read_addresses(s, at, l) || !finish_queues(s, at, l) || !check_mtu(s, at, l) ||
	    !check_hostile(s, at, l))
		return false;
	s->nlinks++;
	return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static const struct field root_fields[] = {
	{"title", FIELD_OTHER, 0, 0, 0, NULL},
	{"seed", FIELD_OTHER, 0, 0, 0, NULL},
	{"limit", FIELD_TIME, offsetof(struct scenario, limit_ns), SECOND / 1000,
	 8760 * 3600 * SECOND, NULL},
	{"step", FIELD_TIME, offsetof(struct scenario, step_ns), 0, SECOND, NULL},
	{"settings", FIELD_OTHER, 0, 0, 0, NULL},
	{"hosts", FIELD_OTHER, 0, 0, 0, NULL},
	{"links", FIELD_OTHER, 0, 0, 0, NULL},
	{"apps", FIELD_OTHER, 0, 0, 0, NULL},
	{"faults", FIELD_OTHER, 0, 0, 0, NULL},
	{0},
};

/* Calls fn with each member of one of the groups of the whole. */
static bool each(struct scenario *s, const config_setting_t *root, const char *name, int type,
		 int most, bool (*fn)(struct scenario *s, const config_setting_t *at))
{
	const config_setting_t *group = config_setting_get_member(root, name);

	if (!group)
		return true;
	/* An empty list may stand where a group is meant, and the other way round. */
	if (config_setting_type(group) != type)
		return scenario_fail(s, group, "%s is %s; it must be %s", name, fields_type(group),
				     type == CONFIG_TYPE_GROUP ? "a group { name = { ... }; }"
							       : "a list ( { ... }, ... )");
	if (config_setting_length(group) > most)
		return scenario_fail(s, group, "%s: there are more than %d", name, most);
	for (int i = 0; i < config_setting_length(group); i++)
		if (!fn(s, config_setting_get_elem(group, (unsigned)i)))
			return false;
	return true;
}

static bool read_hosts(struct scenario *s, const config_setting_t *root)
{
	const config_setting_t *all = config_setting_get_member(root, "settings");
	const config_setting_t *hosts = config_setting_get_member(root, "hosts");

	if (!hosts || config_setting_type(hosts) != CONFIG_TYPE_GROUP)
		return scenario_fail(s, hosts,
				     "say which hosts there are: hosts = { a = { }; "
				     "b = { }; };");
	if (config_setting_length(hosts) > SIM_HOSTS)
		return scenario_fail(s, hosts, "hosts: there are more than %d", SIM_HOSTS);
	for (int i = 0; i < config_setting_length(hosts); i++)
		if (!read_host(s, config_setting_get_elem(hosts, (unsigned)i), all))
			return false;
	return true;
}

static bool every_host_is_on_a_link(struct scenario *s, const config_setting_t *root)
{
	for (uint32_t h = 0; h < s->nhosts; h++) {
		bool found = false;

		for (uint32_t l = 0; l < s->nlinks; l++)
			found |= s->link[l].host[0] == h || s->link[l].host[1] == h;
		if (!found)
			return scenario_fail(
				s,
				config_setting_get_member(config_setting_get_member(root, "hosts"),
							  s->host[h].name),
				"host \"%s\" is on no link; add one that ends there, or "
				"remove the host",
				s->host[h].name);
	}
	return true;
}

bool scenario_read(struct scenario *s, const config_t *tree, const char *file, uint64_t seed)
{
	const config_setting_t *root = config_root_setting(tree);

	memset(s, 0, sizeof(*s));
	snprintf(s->file, sizeof(s->file), "%s", file);
	s->seed = seed;
	s->limit_ns = 4 * 3600 * SECOND;
	if (!fields_read(s, root, root_fields, s, "a scenario") || !read_hosts(s, root) ||
	    !each(s, root, "links", CONFIG_TYPE_GROUP, SIM_LINKS, read_link) ||
	    !every_host_is_on_a_link(s, root) ||
	    !each(s, root, "apps", CONFIG_TYPE_GROUP, SIM_APPS, parts_read_app) ||
	    !each(s, root, "faults", CONFIG_TYPE_LIST, SIM_FAULTS, parts_read_fault) ||
	    !parts_finish_faults(s))
		return false;
	if (s->napps == 0)
		return scenario_fail(s, config_setting_get_member(root, "apps"),
				     "nothing is to be done: apps = { upload = { from = \"a\"; "
				     "to = \"b\"; }; };");
	return true;
}
