/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scripts of applications: lists of steps, each a text such as "write 100 KB", "wait 200 ms" or
 * "read 1 expect ECONNRESET".
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "nsk-sim/endpoint.h"
#include "nsk-sim/fields.h"
#include "nsk-sim/parts.h"

#define SECOND	 UINT64_C(1000000000)
#define YEAR	 (8760 * 3600 * SECOND)
#define TERABYTE UINT64_C(1000000000000)

enum takes {
	TAKES_NOTHING,
	TAKES_BYTES,
	TAKES_TIME,
	TAKES_TIMES,
	TAKES_OPTION,
};

/* What begins with the same words as another stands before it. */
static const struct phrase {
	const char *words;
	enum sim_step_kind what;
	enum takes takes;
	bool fails; /* it may: "expect" may follow */
} phrases[] = {
	{"connect", STEP_CONNECT, TAKES_NOTHING, true},
	{"write", STEP_WRITE, TAKES_BYTES, true},
	{"read to end", STEP_READ_END, TAKES_NOTHING, true},
	{"read", STEP_READ, TAKES_BYTES, true},
	{"keep reading", STEP_KEEP_READING, TAKES_NOTHING, false},
	{"stop reading", STEP_STOP_READING, TAKES_NOTHING, false},
	{"wait until", STEP_WAIT_UNTIL, TAKES_TIME, false},
	{"wait", STEP_WAIT, TAKES_TIME, false},
	{"set", STEP_SET, TAKES_OPTION, true},
	{"shutdown read", STEP_SHUTDOWN_READ, TAKES_NOTHING, true},
	{"shutdown", STEP_SHUTDOWN, TAKES_NOTHING, true},
	{"repeat to end", STEP_REPEAT_TO_END, TAKES_NOTHING, false},
	{"repeat", STEP_REPEAT, TAKES_TIMES, false},
	{"again", STEP_AGAIN, TAKES_NOTHING, false},
	{"close", STEP_CLOSE, TAKES_NOTHING, false},
	{"abort", STEP_ABORT, TAKES_NOTHING, false},
	{"refuse", STEP_REFUSE, TAKES_NOTHING, false},
};

#define PHRASES (sizeof(phrases) / sizeof(phrases[0]))

#define ERROR(name)         \
	{                   \
#name, name \
	}
const struct sim_outcome parts_outcomes[] = {
	{"done", CALL_DONE}, {"end", CALL_ENDS},   ERROR(ECONNREFUSED), ERROR(ECONNRESET),
	ERROR(ECONNABORTED), ERROR(EPIPE),	   ERROR(ETIMEDOUT),	ERROR(EHOSTUNREACH),
	ERROR(ENETUNREACH),  ERROR(ENOTCONN),	   ERROR(EINVAL),	ERROR(EDOM),
	ERROR(EISCONN),	     ERROR(EADDRNOTAVAIL), ERROR(EADDRINUSE),	ERROR(EOPNOTSUPP),
	ERROR(ENOPROTOOPT),  ERROR(ENOMEM),	   ERROR(ENOBUFS),	{NULL, 0},
};

/* A step while it is read. */
struct reading {
	struct scenario *s;
	const config_setting_t *at;
	struct sim_script *script;
	bool server;
	char shown[160]; /* for messages */
	char text[96];
	struct sim_step step;
	uint32_t begin; /* of the repetition that it is in; SIM_NONE: in none */
	bool reads;	/* that reads something */
};

static bool wrong(struct reading *r, const char *what)
{
	return scenario_fail(r->s, r->at, "%s: %s", r->shown, what);
}

/* ---- one step ------------------------------------------------------------------------------ */

static bool no_such_step(struct reading *r)
{
	char list[360];
	size_t n = 0;

	for (unsigned i = 0; i < PHRASES; i++)
		fields_list(list, sizeof(list), &n, phrases[i].words);
	return scenario_fail(r->s, r->at, "%s: there is no such step; there are %s", r->shown,
			     list);
}

static bool read_outcome(struct reading *r, const char *name)
{
	char list[360];
	size_t n = 0;

	for (unsigned i = 0; parts_outcomes[i].name; i++) {
		fields_list(list, sizeof(list), &n, parts_outcomes[i].name);
		if (strcmp(parts_outcomes[i].name, name) != 0)
			continue;
		if (parts_outcomes[i].code == CALL_ENDS && r->step.what != STEP_READ)
			return wrong(r, "\"end\" is for \"read\" of so many bytes");
		r->step.outcomes |= 1u << i;
		return true;
	}
	return scenario_fail(r->s, r->at, "%s: nothing ends with \"%.40s\"; there are %s", r->shown,
			     name, list);
}

/* What follows "expect": one or more, with "or" between them. */
static bool read_outcomes(struct reading *r, const struct phrase *phrase, char *text)
{
	char *next;

	if (!phrase->fails)
		return wrong(r, "nothing can be expected of it; it does not fail");
	for (; text; text = next) {
		next = strstr(text, " or ");
		if (next) {
			*next = '\0';
			next += strlen(" or ");
		}
		if (!read_outcome(r, text))
			return false;
	}
	return true;
}

/* What follows a step's words. */
static bool read_value(struct reading *r, enum takes takes, char *text)
{
	static const struct {
		enum quantity q;
		uint64_t min, max;
	} kinds[] = {
		[TAKES_BYTES] = {QUANTITY_BYTES, 1, TERABYTE},
		[TAKES_TIME] = {QUANTITY_TIME, 0, YEAR},
		[TAKES_TIMES] = {QUANTITY_COUNT, 1, 1000000},
	};
	struct field field = {.name = r->shown};
	char *times = takes == TAKES_TIMES ? strstr(text, " times") : NULL;

	if (takes == TAKES_OPTION)
		return parts_read_option(r->s, r->at, r->shown, text, &r->step.other,
					 &r->step.value);
	if (times && !times[strlen(" times")])
		*times = '\0';
	field.min = kinds[takes].min;
	field.max = kinds[takes].max;
	return fields_quantity(r->s, r->at, &field, r->shown, kinds[takes].q, text, &r->step.value);
}

static bool read_step(struct reading *r)
{
	char *expect = strstr(r->text, " expect ");

	if (expect)
		*expect = '\0';
	for (unsigned i = 0; i < PHRASES; i++) {
		const struct phrase *p = &phrases[i];
		size_t len = strlen(p->words);

		if (strncmp(p->words, r->text, len) != 0)
			continue;
		if (r->text[len] != (p->takes == TAKES_NOTHING ? '\0' : ' '))
			continue;
		r->step.what = p->what;
		return (p->takes == TAKES_NOTHING || read_value(r, p->takes, r->text + len + 1)) &&
		       (!expect || read_outcomes(r, p, expect + strlen(" expect ")));
	}
	return no_such_step(r);
}

/* ---- one after the other ------------------------------------------------------------------- */

static bool put(struct reading *r)
{
	if (r->script->count == SIM_SCRIPT)
		return scenario_fail(r->s, r->at,
				     "there are more than %d steps, connecting and closing "
				     "included",
				     SIM_SCRIPT);
	r->script->step[r->script->count++] = r->step;
	return true;
}

static bool is_over(const struct sim_script *script)
{
	uint32_t last = script->count ? script->step[script->count - 1].what : STEP_CONNECT;

	return last == STEP_CLOSE || last == STEP_ABORT;
}

static bool begin_again(struct reading *r)
{
	struct sim_step *begin = &r->script->step[r->begin];

	if (r->begin == SIM_NONE)
		return wrong(r, "no \"repeat\" stands before it");
	if (begin->what == STEP_REPEAT_TO_END && !r->reads)
		return wrong(r, "who reads nothing never comes to the end");
	r->step.other = r->begin;
	begin->other = r->script->count;
	r->begin = SIM_NONE;
	return true;
}

/* May a step stand where it does? */
static bool place(struct reading *r)
{
	if (is_over(r->script))
		return wrong(r, "nothing follows \"close\" or \"abort\"");
	switch (r->step.what) {
	case STEP_CONNECT:
		if (r->server || r->script->count)
			return wrong(r, "it is the first of client_steps, or goes without saying");
		break;
	case STEP_REFUSE:
		if (!r->server || config_setting_length(config_setting_parent(r->at)) != 1)
			return wrong(r, "it is the only one of server_steps: nobody listens");
		break;
	case STEP_REPEAT:
	case STEP_REPEAT_TO_END:
		if (r->begin != SIM_NONE)
			return wrong(r, "no repetition stands in another");
		r->begin = r->script->count;
		r->reads = false;
		break;
	case STEP_READ:
	case STEP_READ_END:
		r->reads = true;
		break;
	case STEP_AGAIN:
		return begin_again(r);
	default:
		break;
	}
	return true;
}

static bool read_one(struct reading *r, const char *key, unsigned number)
{
	const char *text = config_setting_get_string(r->at);

	if (!text)
		return scenario_fail(r->s, r->at, "%s has %s; each step must be a string", key,
				     fields_type(r->at));
	snprintf(r->shown, sizeof(r->shown), "step %u of %s, \"%.80s\"", number, key, text);
	if (strlen(text) >= sizeof(r->text))
		return wrong(r, "too long for a step");
	snprintf(r->text, sizeof(r->text), "%s", text);
	r->step = (struct sim_step){.number = number, .at = r->at};
	return read_step(r) && place(r) && put(r);
}

/* What goes without saying: connecting and closing. */
static bool put_implied(struct reading *r, const config_setting_t *list, enum sim_step_kind what)
{
	r->at = list;
	r->step = (struct sim_step){.what = what, .at = list};
	return put(r);
}

static bool read_list(struct reading *r, const config_setting_t *list, const char *key)
{
	const char *first;

	if (config_setting_is_group(list) || !config_setting_is_aggregate(list))
		return scenario_fail(r->s, list,
				     "%s is %s; it must be a list of steps, such as "
				     "[\"write 100 KB\", \"read to end\", \"close\"]",
				     key, fields_type(list));
	first = config_setting_get_string_elem(list, 0);
	if (!r->server && !(first && strncmp(first, "connect", strlen("connect")) == 0) &&
	    !put_implied(r, list, STEP_CONNECT))
		return false;
	for (int i = 0; i < config_setting_length(list); i++) {
		r->at = config_setting_get_elem(list, (unsigned)i);
		if (!read_one(r, key, (unsigned)i + 1))
			return false;
	}
	if (r->begin != SIM_NONE) {
		r->at = r->script->step[r->begin].at;
		return scenario_fail(r->s, r->at, "step %u of %s, \"%s\": no \"again\" follows",
				     r->script->step[r->begin].number, key,
				     config_setting_get_string(r->at));
	}
	return is_over(r->script) || put_implied(r, list, STEP_CLOSE);
}

bool parts_read_scripts(struct scenario *s, const config_setting_t *at, struct sim_app *a)
{
	for (unsigned server = 0; server < 2; server++) {
		const char *key = server ? "server_steps" : "client_steps";
		const config_setting_t *list = config_setting_get_member(at, key);
		struct sim_script *script = &a->script[server];
		struct reading r = {.s = s, .script = script, .server = server, .begin = SIM_NONE};

		if (list && !read_list(&r, list, key))
			return false;
		if (list && server && a->foreign)
			return scenario_fail(s, list,
					     "application \"%s\": a hostile host does as it likes, "
					     "and takes no server_steps",
					     a->name);
	}
	a->refuses = a->script[1].step[0].what == STEP_REFUSE;
	return true;
}
