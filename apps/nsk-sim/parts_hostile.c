/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <string.h>

#include "nsk-sim/fields.h"
#include "nsk-sim/hostile.h"
#include "nsk-sim/parts.h"

#define SECOND UINT64_C(1000000000)
#define YEAR   (8760 * 3600 * SECOND)

const char *const parts_acts[ACT_COUNT + 1] = {
	[ACT_CHAOS] = "chaos",	 [ACT_STUCK] = "stuck",	    [ACT_OPTIMIST] = "optimist",
	[ACT_RENEGE] = "renege", [ACT_SCATTER] = "scatter", [ACT_BLIND] = "blind",
	[ACT_FLOOD] = "flood",	 [ACT_ICMP] = "icmp",	    [ACT_GARBAGE] = "garbage",
	[ACT_COUNT] = NULL,
};

#define HOSTILE(field) offsetof(struct sim_hostile, field)

static const struct field hostile_fields[] = {
	{"acts", FIELD_OTHER, 0, 0, 0, NULL},
	{"per_second", FIELD_COUNT, HOSTILE(per_second), 1, 10000000, NULL},
	{"connections", FIELD_COUNT, HOSTILE(connections), 1, HOSTILE_TALKS, NULL},
	{"start", FIELD_TIME, HOSTILE(start_ns), 0, YEAR, NULL},
	{"duration", FIELD_TIME, HOSTILE(duration_ns), 1, YEAR, NULL},
	{0},
};

static bool read_acts(struct scenario *s, const config_setting_t *at, uint32_t *bits)
{
	int n = config_setting_length(at);

	if (!config_setting_is_aggregate(at) || config_setting_is_group(at) || n == 0)
		return scenario_fail(s, at,
				     "acts is %s; it must be a list of what it does, such as "
				     "[\"chaos\", \"flood\"]",
				     fields_type(at));
	for (int i = 0; i < n; i++) {
		const config_setting_t *one = config_setting_get_elem(at, (unsigned)i);
		uint32_t act;

		if (!fields_choice(s, one, "acts", parts_acts, &act))
			return false;
		*bits |= 1u << act;
	}
	return true;
}

bool parts_read_hostile(struct scenario *s, const config_setting_t *at, struct sim_host *host)
{
	struct sim_hostile *x = &host->hostile;
	const config_setting_t *list;
	char where[SIM_NAME + 32];

	*x = (struct sim_hostile){.at = at, .per_second = 1000, .connections = 16};
	snprintf(where, sizeof(where), "hostile of host \"%s\"", host->name);
	if (!fields_read(s, at, hostile_fields, x, where))
		return false;
	list = config_setting_get_member(at, "acts");
	if (list)
		return read_acts(s, list, &x->acts);
	x->acts = (1u << ACT_COUNT) - 1;
	return true;
}
