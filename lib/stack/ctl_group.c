/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The groups that sockets of a stack are members of, as the control socket tells them. Their table
 * is the stack's and not a worker's: the control thread copies a group at a time, so that nobody
 * who joins waits for more than that.
 */
#include <sched.h>

#include "net/group.h"
#include "stack/ctl_command.h"

#define TRIES 1000 /* while others change the table */

static bool copy(void *arg, const struct group_state *state)
{
	*(struct group_state *)arg = *state;
	return false;
}

/* The next group; false: there is none, or the table never was free. */
static bool next_group(struct nsk_worker *w, uint32_t *cursor, struct group_state *state)
{
	for (unsigned i = 0; i < TRIES; i++) {
		if (group_each(w, cursor, copy, state))
			return *cursor != UINT32_MAX;
		sched_yield();
	}
	return false;
}

static json_t *addr_json(const struct ip_addr *a)
{
	char text[IP_ADDR_STRLEN];

	return json_string(ip_addr_format(a, text, sizeof(text)));
}

static json_t *group_json(const struct ctl_view *view, const struct group_state *state)
{
	json_t *o = json_object(), *senders = json_array();

	for (unsigned i = 0; i < state->count; i++)
		json_array_append_new(senders, addr_json(&state->source[i]));
	ctl_put(o, "group", addr_json(&state->group));
	ctl_put(o, "iface", json_string(view->stack->iface[state->iface].name));
	ctl_put(o, "sockets", json_integer(state->members));
	ctl_put(o, "mode", json_string(state->exclude ? "exclude" : "include"));
	ctl_put(o, "senders", senders);
	return o;
}

void ctl_list_groups(struct ctl_view *view, const json_t *request, json_t *reply)
{
	struct nsk_worker *w = &view->stack->worker[0]->w;
	json_t *rows = json_array();
	struct group_state state;
	uint32_t cursor = 0;

	(void)request;
	while (next_group(w, &cursor, &state))
		json_array_append_new(rows, group_json(view, &state));
	ctl_put(reply, "groups", rows);
	ctl_put(reply, "next", json_null());
}
