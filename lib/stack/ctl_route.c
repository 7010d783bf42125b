/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket's commands about routes: the control thread looks at the table itself, under
 * its lock. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <netstk/route.h>

#include "stack/ctl_command.h"
#include "stack/route_change.h"

/* ---- rows ---------------------------------------------------------------------------------- */

static const char *const types[] = {
	[NSK_ROUTE_UNICAST] = "unicast",
	[NSK_ROUTE_BLACKHOLE] = "blackhole",
	[NSK_ROUTE_UNREACHABLE] = "unreachable",
	[NSK_ROUTE_PROHIBIT] = "prohibit",
};

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

static json_t *destination_json(const char *text)
{
	size_t n = strlen(text);

	return json_string(n > 2 && strcmp(text + n - 2, "/0") == 0 ? "default" : text);
}

static json_t *route_json(const struct nsk_route *r)
{
	json_t *o = json_object();

	ctl_put(o, "destination", destination_json(r->destination));
	ctl_put(o, "family", json_string(strchr(r->destination, ':') ? "inet6" : "inet"));
	ctl_put(o, "type", json_string(types[r->type]));
	ctl_put(o, "gateway", text_or_null(r->gateway));
	ctl_put(o, "iface", text_or_null(r->iface));
	ctl_put(o, "source", text_or_null(r->source));
	ctl_put(o, "metric", json_integer(r->metric));
	ctl_put(o, "weight", json_integer(r->weight));
	ctl_put(o, "proto", json_integer(r->proto));
	return o;
}

/* ---- requests ------------------------------------------------------------------------------ */

/* A text of the request, left out: ""; false: it is no text, or too long. */
static bool read_text(const json_t *request, const char *key, char *text, size_t size)
{
	const json_t *value = json_object_get(request, key);

	if (!value)
		return true;
	if (!json_is_string(value) || json_string_length(value) >= size)
		return false;
	snprintf(text, size, "%s", json_string_value(value));
	return true;
}

static bool read_number(const json_t *request, const char *key, uint32_t *number)
{
	const json_t *value = json_object_get(request, key);

	if (!value)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > UINT32_MAX)
		return false;
	*number = (uint32_t)json_integer_value(value);
	return true;
}

static bool read_type(const json_t *request, enum nsk_route_type *type)
{
	const json_t *value = json_object_get(request, "type");
	const char *text = json_string_value(value);

	for (unsigned i = 0; text && i < NSK_ARRAY_LEN(types); i++) {
		if (strcmp(text, types[i]) != 0)
			continue;
		*type = (enum nsk_route_type)i;
		return true;
	}
	return !value;
}

static bool read_route(const json_t *request, json_t *reply, struct nsk_route *r)
{
	memset(r, 0, sizeof(*r));
	if (read_text(request, "destination", r->destination, sizeof(r->destination)) &&
	    read_text(request, "gateway", r->gateway, sizeof(r->gateway)) &&
	    read_text(request, "iface", r->iface, sizeof(r->iface)) &&
	    read_text(request, "source", r->source, sizeof(r->source)) &&
	    read_type(request, &r->type) && read_number(request, "metric", &r->metric) &&
	    read_number(request, "weight", &r->weight) &&
	    read_number(request, "proto", &r->proto)) {
		if (r->weight || !json_object_get(request, "weight"))
			return true;
		ctl_refuse(reply, "route %s: weight 0 is not 1 to %d", r->destination,
			   ROUTE_WEIGHT_MAX);
		return false;
	}
	ctl_refuse(reply, "a route has destination, gateway, iface, source and type as texts, and "
			  "metric, weight and proto as numbers; type is unicast, blackhole, "
			  "unreachable or prohibit");
	return false;
}

static const char *why(int err)
{
	switch (err) {
	case EEXIST:
		return "there is one with this destination and metric";
	case ESRCH:
		return "there is no such route";
	case ENOSPC:
		return "there are as many as ip.routes allows, or as one destination can have";
	default:
		return strerror(err);
	}
}

/* With a text of its own, if there is one, of what is wrong. */
static void answer(struct ctl_view *view, json_t *reply, const struct nsk_route *r,
		   const char *verb, int rc, const char *text)
{
	if (rc) {
		ctl_refuse(reply, "route %s: %s", r->destination, text[0] ? text : why(-rc));
		return;
	}
	LOG_INFO(&view->stack->log, "control", "route %s%s%s %s", r->destination,
		 r->gateway[0] ? " via " : "", r->gateway, verb);
	ctl_put(reply, "route", route_json(r));
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
	struct nsk_route rows[CTL_ROWS_MAX];
	json_t *list;
	uint64_t cursor = (uint64_t)at;
	int n;

	if (at < 0 || limit < 1 || limit > CTL_ROWS_MAX) {
		ctl_refuse(reply, "cursor is 0 or what \"next\" said, limit is 1 to %d",
			   CTL_ROWS_MAX);
		return;
	}
	n = nsk_route_list(view->stack, &cursor, rows, (unsigned)limit);
	list = json_array();
	for (int i = 0; i < n; i++)
		json_array_append_new(list, route_json(&rows[i]));
	ctl_put(reply, "routes", list);
	ctl_put(reply, "next",
		cursor == UINT64_MAX ? json_null() : json_integer((json_int_t)cursor));
}

void ctl_route_add(struct ctl_view *view, const json_t *request, json_t *reply)
{
	bool append = json_is_true(json_object_get(request, "append"));
	char text[STACK_ROUTE_WHY] = "";
	struct nsk_route r;

	if (read_route(request, reply, &r))
		answer(view, reply, &r, "added",
		       stack_route_add_named(view->stack, &r, append, text), text);
}

void ctl_route_del(struct ctl_view *view, const json_t *request, json_t *reply)
{
	char text[STACK_ROUTE_WHY] = "";
	struct nsk_route r;

	if (read_route(request, reply, &r))
		answer(view, reply, &r, "removed", stack_route_del_named(view->stack, &r, text),
		       text);
}

void ctl_route_get(struct ctl_view *view, const json_t *request, json_t *reply)
{
	const char *address = json_string_value(json_object_get(request, "address"));
	struct nsk_route r;

	if (address && nsk_route_get(view->stack, address, &r) == 0) {
		ctl_put(reply, "found", json_true());
		ctl_put(reply, "route", route_json(&r));
		return;
	}
	if (!address)
		ctl_refuse(reply, "route_get takes \"address\" as text");
	else if (errno == ENETUNREACH)
		ctl_refuse(reply, "no route leads to %.60s", address);
	else
		ctl_refuse(reply, "\"%.60s\" is no address", address);
}
