/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket's commands about routes: the control thread looks at the table itself, under
 * its lock. */
#include "stack/ctl_command.h"
#include "stack/route_change.h"

/* ---- rows ---------------------------------------------------------------------------------- */

static json_t *addr_json(const struct ip_addr *a)
{
	char text[IP_ADDR_STRLEN];

	return a->family ? json_string(ip_addr_format(a, text, sizeof(text))) : json_null();
}

static json_t *destination_json(const struct ip_prefix *dst)
{
	char text[IP_PREFIX_STRLEN];

	return json_string(dst->len ? ip_prefix_format(dst, text, sizeof(text)) : "default");
}

static json_t *route_json(const struct nsk_stack *stack, const struct route *r)
{
	json_t *o = json_object();

	ctl_put(o, "destination", destination_json(&r->dst));
	ctl_put(o, "gateway", addr_json(&r->gateway));
	ctl_put(o, "iface",
		json_string(r->iface < stack->nifaces ? stack->iface[r->iface].name : "?"));
	ctl_put(o, "metric", json_integer(r->metric));
	return o;
}

/* ---- commands ------------------------------------------------------------------------------ */

static json_int_t number_or(const json_t *request, const char *key, json_int_t missing)
{
	const json_t *value = json_object_get(request, key);

	if (!value)
		return missing;
	return json_is_integer(value) ? json_integer_value(value) : -1;
}

void ctl_list_routes(struct ctl_view *view, const json_t *request, json_t *reply)
{
	json_int_t at = number_or(request, "cursor", 0);
	json_int_t limit = number_or(request, "limit", CTL_ROWS_MAX);
	struct route rows[CTL_ROWS_MAX];
	json_t *list;
	uint64_t cursor = (uint64_t)at;
	unsigned n;

	if (at < 0 || limit < 1 || limit > CTL_ROWS_MAX) {
		ctl_refuse(reply, "cursor is 0 or what \"next\" said, limit is 1 to %d",
			   CTL_ROWS_MAX);
		return;
	}
	n = stack_route_list(view->stack, &cursor, rows, (unsigned)limit);
	list = json_array();
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, route_json(view->stack, &rows[i]));
	ctl_put(reply, "routes", list);
	ctl_put(reply, "next",
		cursor == UINT64_MAX ? json_null() : json_integer((json_int_t)cursor));
}
