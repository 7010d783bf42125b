/* SPDX-License-Identifier: BSD-3-Clause */
/* What ends of connections do, step by step, where the scenario has no steps but a kind and sizes.
 */
#include "nsk-sim/parts.h"

static struct sim_step *add(struct sim_script *script, enum sim_step_kind what, uint64_t value)
{
	struct sim_step *step = &script->step[script->count++];

	*step = (struct sim_step){.what = what, .value = value};
	return step;
}

/* Ends a repetition that begins at a step. */
static void add_again(struct sim_script *script, uint32_t begin)
{
	script->step[begin].other = script->count;
	add(script, STEP_AGAIN, 0)->other = begin;
}

/* Both ends at once. */
static void bulk(const struct sim_app *a, struct sim_script *script, unsigned server)
{
	uint64_t there = a->duration_ns ? UINT64_MAX : a->bytes;
	uint64_t own = server ? a->bytes_back : there, peers = server ? there : a->bytes_back;

	/* Who only reads keeps its side open until it has read all. */
	if (own || !peers) {
		add(script, STEP_KEEP_READING, 0);
		add(script, STEP_WRITE, own);
		if (a->duration_ns && server)
			add(script, STEP_WAIT_UNTIL, a->start_ns + a->duration_ns);
		add(script, STEP_SHUTDOWN, 0);
	}
	add(script, STEP_READ_END, 0);
	if (!own && peers)
		add(script, STEP_SHUTDOWN, 0);
}

static void half_close(const struct sim_app *a, struct sim_script *script, unsigned server)
{
	if (server) {
		add(script, STEP_READ_END, 0);
		add(script, STEP_WRITE, a->bytes_back);
		add(script, STEP_SHUTDOWN, 0);
		return;
	}
	add(script, STEP_KEEP_READING, 0);
	add(script, STEP_WRITE, a->bytes);
	add(script, STEP_SHUTDOWN, 0);
	add(script, STEP_READ_END, 0);
}

static void ask(const struct sim_app *a, struct sim_script *script)
{
	uint32_t begin;

	add(script, STEP_WRITE, a->request_bytes);
	add(script, STEP_READ, a->response_bytes);
	begin = script->count;
	add(script, STEP_REPEAT, a->kind == SIM_SHORT ? 0 : a->count - 1);
	add(script, STEP_WAIT, a->think_ns);
	add(script, STEP_WRITE, a->request_bytes);
	add(script, STEP_READ, a->response_bytes);
	add_again(script, begin);
	add(script, STEP_SHUTDOWN, 0);
	add(script, STEP_READ_END, 0);
}

static void answer(const struct sim_app *a, struct sim_script *script)
{
	uint32_t begin = script->count;

	add(script, STEP_REPEAT_TO_END, 0);
	add(script, STEP_READ, a->request_bytes);
	add(script, STEP_WRITE, a->response_bytes);
	add_again(script, begin);
	add(script, STEP_SHUTDOWN, 0);
}

static void make(const struct sim_app *a, struct sim_script *script, unsigned server)
{
	if (!server)
		add(script, STEP_CONNECT, 0);
	if (a->kind == SIM_STEPS)
		add(script, STEP_READ_END, 0);
	else if (a->kind == SIM_BULK)
		bulk(a, script, server);
	else if (a->kind == SIM_HALF_CLOSE)
		half_close(a, script, server);
	else if (server)
		answer(a, script);
	else
		ask(a, script);
	add(script, STEP_CLOSE, 0);
}

void parts_make_scripts(struct sim_app *a)
{
	for (unsigned server = 0; server < 2 && a->kind != SIM_UDP; server++)
		if (a->script[server].count == 0)
			make(a, &a->script[server], server);
}
