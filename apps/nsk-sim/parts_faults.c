/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/fields.h"
#include "nsk-sim/parts.h"

#define SECOND	UINT64_C(1000000000)
#define YEAR	(8760 * 3600 * SECOND)
#define MILLION 1000000

struct fault_keys {
	uint64_t at_ns, for_ns, clock_ns;
	uint32_t link, host, memory, buffers;
	bool down, stop, no_buffers, tx_full;
};

#define FAULT(field) offsetof(struct fault_keys, field)

static const struct field fault_fields[] = {
	{"at", FIELD_TIME, FAULT(at_ns), 0, YEAR, NULL},
	{"for", FIELD_TIME, FAULT(for_ns), 1, YEAR, NULL},
	{"link", FIELD_LINK, FAULT(link), 0, 0, NULL},
	{"host", FIELD_HOST, FAULT(host), 0, 0, NULL},
	{"down", FIELD_FLAG, FAULT(down), 0, 0, NULL},
	{"tx_full", FIELD_FLAG, FAULT(tx_full), 0, 0, NULL},
	{"set", FIELD_OTHER, 0, 0, 0, NULL},
	{"stop", FIELD_FLAG, FAULT(stop), 0, 0, NULL},
	{"memory", FIELD_COUNT, FAULT(memory), 1, 1000 * MILLION, NULL},
	{"buffers", FIELD_COUNT, FAULT(buffers), 1, 1000 * MILLION, NULL},
	{"no_buffers", FIELD_FLAG, FAULT(no_buffers), 0, 0, NULL},
	{"clock", FIELD_TIME, FAULT(clock_ns), 1, YEAR, NULL},
	{0},
};

/* What a fault is about. */
enum about {
	ABOUT_LINK,
	ABOUT_HOST,
	ABOUT_ALL
};

static const struct {
	const char *key;
	enum sim_fault_what what;
	enum about about;
} kinds[] = {
	{"down", FAULT_DOWN, ABOUT_LINK},	  {"tx_full", FAULT_TX_FULL, ABOUT_LINK},
	{"set", FAULT_SET, ABOUT_LINK},		  {"stop", FAULT_STOP, ABOUT_HOST},
	{"memory", FAULT_STARVE, ABOUT_HOST},	  {"buffers", FAULT_STARVE, ABOUT_HOST},
	{"no_buffers", FAULT_STARVE, ABOUT_HOST}, {"clock", FAULT_CLOCK, ABOUT_ALL},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* There, and not false. */
static bool says(const config_setting_t *at, const char *key)
{
	const config_setting_t *value = config_setting_get_member(at, key);

	return value &&
	       (config_setting_type(value) != CONFIG_TYPE_BOOL || config_setting_get_bool(value));
}

/* The one thing that happens; KINDS: none, or several. */
static unsigned kind_of(const config_setting_t *at)
{
	unsigned kind = KINDS, n = 0;

	for (unsigned i = 0; i < KINDS; i++)
		if (says(at, kinds[i].key)) {
			kind = i;
			n++;
		}
	return n == 1 ? kind : KINDS;
}

static bool check_place(struct scenario *s, const config_setting_t *at, unsigned kind,
			const struct fault_keys *k)
{
	const char *key = kinds[kind].key;
	bool link = k->link != SIM_NONE, host = k->host != SIM_NONE;

	if (link != (kinds[kind].about == ABOUT_LINK))
		return scenario_fail(s, at, "a fault with %s %s", key,
				     link ? "is not about a link" : "names no link");
	if (host != (kinds[kind].about == ABOUT_HOST))
		return scenario_fail(s, at, "a fault with %s %s", key,
				     host ? "is not about a host" : "names no host");
	if (host && s->host[k->host].hostile.at)
		return scenario_fail(s, at, "host \"%s\" is hostile: nothing happens to it",
				     s->host[k->host].name);
	if (kinds[kind].what == FAULT_CLOCK && k->for_ns)
		return scenario_fail(s, at, "a leap of the clock has no \"for\"");
	if ((k->no_buffers || k->tx_full) && !k->for_ns)
		return scenario_fail(
			s, at,
			"a fault with %s has no \"for\"; say how long, for nobody gets "
			"on meanwhile",
			key);
	return true;
}

/* Once, or for a time each so many. */
static struct nsk_shortage shortage_of(const struct fault_keys *k)
{
	return (struct nsk_shortage){
		.memory_at = k->memory,
		.memory_every = k->for_ns ? k->memory : 0,
		.buffer_at = k->buffers,
		.buffer_every = k->for_ns ? k->buffers : 0,
		.no_buffers = k->no_buffers,
	};
}

bool parts_read_fault(struct scenario *s, const config_setting_t *at)
{
	struct sim_fault *f = &s->fault[s->nfaults];
	struct fault_keys k = {.link = SIM_NONE, .host = SIM_NONE};
	unsigned kind;

	if (!fields_read(s, at, fault_fields, &k, "a fault"))
		return false;
	if (!config_setting_get_member(at, "at"))
		return scenario_fail(s, at, "a fault has no key \"at\", the time when it happens");
	kind = kind_of(at);
	if (kind == KINDS)
		return scenario_fail(s, at,
				     "a fault is one of: link and down = true, tx_full = true or "
				     "set = { ... }; host and stop = true, memory = 5, buffers = 5 "
				     "or no_buffers = true; clock = \"10 s\"");
	if (!check_place(s, at, kind, &k))
		return false;
	*f = (struct sim_fault){.what = kinds[kind].what,
				.at_ns = k.at_ns,
				.for_ns = k.for_ns,
				.link = k.link,
				.host = k.host,
				.leap_ns = k.clock_ns,
				.shortage = shortage_of(&k),
				.at = at};
	s->nfaults++;
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct sim_fault *x = a, *y = b;

	/* Those of the same time stay in the order of the file. */
	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return config_setting_index(x->at) - config_setting_index(y->at);
}

/* What a fault leaves as it is stays; both directions change unless "back" says otherwise. */
static bool read_set(struct scenario *s, struct sim_fault *f, struct nsk_wire_params now[2])
{
	const config_setting_t *set = config_setting_get_member(f->at, "set");
	const config_setting_t *back = config_setting_get_member(set, "back");

	if (config_setting_length(set) == (back ? 1 : 0) &&
	    (!back || config_setting_length(back) == 0))
		return scenario_fail(s, f->at,
				     "set of a fault changes nothing; say what, such as "
				     "set = { loss = \"5 %%\"; }");
	if (!fields_read(s, set, parts_set_fields, &now[0], "set of a fault") ||
	    !fields_read(s, set, parts_set_fields, &now[1], "set of a fault"))
		return false;
	if (back && !fields_read(s, back, parts_set_fields, &now[1], "back of a fault"))
		return false;
	f->dir[0] = now[0];
	f->dir[1] = now[1];
	return true;
}

bool parts_finish_faults(struct scenario *s)
{
	struct nsk_wire_params now[SIM_LINKS][2];

	qsort(s->fault, s->nfaults, sizeof(s->fault[0]), by_time);
	for (unsigned i = 0; i < s->nlinks; i++)
		memcpy(now[i], s->link[i].dir, sizeof(now[i]));
	for (unsigned i = 0; i < s->nfaults; i++) {
		struct sim_fault *f = &s->fault[i];
		struct nsk_wire_params before[2];

		if (f->what != FAULT_SET)
			continue;
		memcpy(before, now[f->link], sizeof(before));
		if (!read_set(s, f, now[f->link]))
			return false;
		/* What is for a time leaves no trace behind. */
		if (f->for_ns)
			memcpy(now[f->link], before, sizeof(before));
	}
	return true;
}
