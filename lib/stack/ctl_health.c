/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether traffic should be led to this stack: each worker answers and has buffers, some interface
 * has a link, and nobody drains it. For who announces its addresses (docs/SCALE-OUT.md).
 */
#include <stdio.h>

#include "mbuf/pool.h"
#include "stack/ctl_command.h"

/* Of each worker by itself, or what it lacks. */
static void judge_workers(struct ctl_view *view, json_t *reasons)
{
	uint64_t end = clock_system_ns() + CTL_REQUEST_NS;

	for (unsigned i = 0; i < view->stack->nworkers; i++) {
		uint64_t now = clock_system_ns(), left = now < end ? end - now : 0;
		struct nsk_stats st;
		char text[64];

		if (!ctl_worker_answers(view, i, NSK_MIN((uint64_t)CTL_WAIT_NS, left), reasons))
			continue;
		stats_read(view->stack, (int)i, &st);
		if (st.level.buffers_free > PKT_RESERVE)
			continue;
		snprintf(text, sizeof(text), "worker %u has no packet buffers left", i);
		json_array_append_new(reasons, json_string(text));
	}
}

static void judge_links(const struct nsk_stack *stack, json_t *reasons)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		const struct iface *ifc = &stack->iface[i];

		if (!ifc->loopback && iface_running(ifc) &&
		    __atomic_load_n(&ifc->link_up, __ATOMIC_RELAXED))
			return;
	}
	json_array_append_new(reasons, json_string("no interface has a link"));
}

void ctl_health(struct ctl_view *view, const json_t *request, json_t *reply)
{
	bool draining = nsk_draining(view->stack), failing;
	json_t *reasons = json_array();
	struct nsk_stats st;

	(void)request;
	judge_workers(view, reasons);
	judge_links(view->stack, reasons);
	if (nsk_stopping(view->stack))
		json_array_append_new(reasons, json_string("the stack is stopping"));
	stats_read(view->stack, -1, &st);
	failing = json_array_size(reasons) > 0;
	ctl_put(reply, "healthy", json_boolean(!failing && !draining));
	ctl_put(reply, "state",
		json_string(failing    ? "failing"
			    : draining ? "draining"
				       : "serving"));
	ctl_put(reply, "reasons", reasons);
	ctl_put(reply, "connections",
		json_integer((json_int_t)(st.level.tcp_connections + st.level.tcp_embryonic)));
}

void ctl_drain(struct ctl_view *view, const json_t *request, json_t *reply)
{
	const json_t *on = json_object_get(request, "on");

	if (on && !json_is_boolean(on)) {
		ctl_refuse(reply, "\"on\" is true or false");
		return;
	}
	nsk_drain(view->stack, !json_is_false(on));
	LOG_INFO(&view->stack->log, "control", "%s",
		 nsk_draining(view->stack) ? "draining" : "not draining any more");
	ctl_health(view, request, reply);
}
