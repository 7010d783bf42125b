/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses over the control socket. Workers are told and not waited for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/dhcp.h"
#include "stack/addrs.h"
#include "stack/ctl_command.h"

#define DNS_MAX	 64
#define LIST_MAX (IFACE_MAX * IFACE_ADDRS_MAX)

static const char *text_of(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

/* ---- list ---------------------------------------------------------------------------------- */

static json_t *lifetime_json(uint64_t seconds)
{
	return seconds == NSK_FOREVER ? json_null() : json_integer((json_int_t)seconds);
}

static json_t *address_json(const struct nsk_addr_info *info)
{
	json_t *o = json_object();

	ctl_put(o, "iface", json_string(info->iface));
	ctl_put(o, "address", json_string(info->address));
	ctl_put(o, "state", json_string(stack_addr_state_name(info->state)));
	ctl_put(o, "deprecated", json_boolean(info->deprecated));
	ctl_put(o, "dynamic", json_boolean(info->dynamic));
	ctl_put(o, "temporary", json_boolean(info->temporary));
	ctl_put(o, "valid_s", lifetime_json(info->valid_s));
	ctl_put(o, "preferred_s", lifetime_json(info->preferred_s));
	return o;
}

static json_t *dns_json(struct ctl_view *view)
{
	struct nsk_dns_info *list = calloc(DNS_MAX, sizeof(*list));
	int n = list ? nsk_dns_list(view->stack, list, DNS_MAX) : 0;
	json_t *rows = json_array();

	for (int i = 0; i < n && i < DNS_MAX; i++) {
		json_t *o = json_object();

		ctl_put(o, "iface", json_string(list[i].iface));
		ctl_put(o, list[i].server[0] ? "server" : "domain",
			json_string(list[i].server[0] ? list[i].server : list[i].domain));
		ctl_put(o, "lifetime_s", lifetime_json(list[i].lifetime_s));
		json_array_append_new(rows, o);
	}
	free(list);
	return rows;
}

/* What a lease is, and until when. */
static void put_lease(struct ctl_view *view, json_t *o, const struct dhcp_lease *lease)
{
	const struct ip_addr server = ip_addr_from_host32(lease->server);
	char text[IP_PREFIX_STRLEN];

	ctl_put(o, "address", json_string(ip_prefix_format(&lease->prefix, text, sizeof(text))));
	ctl_put(o, "server", json_string(ip_addr_format(&server, text, sizeof(text))));
	ctl_put(o, "lease_s", lifetime_json(stack_seconds_left(view->stack, lease->end_ns)));
	ctl_put(o, "renew_s", lifetime_json(stack_seconds_left(view->stack, lease->t1_ns)));
	ctl_put(o, "rebind_s", lifetime_json(stack_seconds_left(view->stack, lease->t2_ns)));
}

static json_t *dhcp_json(struct ctl_view *view, const char *iface)
{
	struct nsk_stack *stack = view->stack;
	json_t *rows = json_array();

	for (unsigned i = 0; i < stack->nifaces; i++) {
		const struct iface *ifc = &stack->iface[i];
		struct dhcp_shown d = {.state = DHCP_INIT};
		json_t *o;

		if (!ifc->dhcp || (iface && strcmp(iface, ifc->name) != 0))
			continue;
		dhcp_look(&stack->worker[0]->w, ifc, &d);
		o = json_object();
		ctl_put(o, "iface", json_string(ifc->name));
		ctl_put(o, "state", json_string(dhcp_state_name(d.state)));
		ctl_put(o, "unanswered", json_integer(d.tries));
		if (d.lease.prefix.addr.family)
			put_lease(view, o, &d.lease);
		json_array_append_new(rows, o);
	}
	return rows;
}

void ctl_addresses(struct ctl_view *view, const json_t *request, json_t *reply)
{
	struct nsk_addr_info *list = calloc(LIST_MAX, sizeof(*list));
	const char *iface = text_of(request, "iface");
	json_t *rows;
	int n;

	if (json_object_get(request, "iface") && !ctl_has_iface(view->stack, iface)) {
		ctl_refuse_iface(view->stack, iface, reply);
		free(list);
		return;
	}
	n = list ? nsk_addr_list(view->stack, list, LIST_MAX) : 0;
	rows = json_array();
	for (int i = 0; i < n && i < LIST_MAX; i++)
		if (!iface || strcmp(iface, list[i].iface) == 0)
			json_array_append_new(rows, address_json(&list[i]));
	free(list);
	ctl_put(reply, "addresses", rows);
	ctl_put(reply, "dns", dns_json(view));
	ctl_put(reply, "dhcp", dhcp_json(view, iface));
}

/* ---- changes ------------------------------------------------------------------------------- */

static const char *why(int rc)
{
	switch (rc) {
	case -EINVAL:
		return "is no address that can be there";
	case -EEXIST:
		return "the interface has it already";
	case -EADDRNOTAVAIL:
		return "the interface has no such address with this length";
	case -EBUSY:
		return "it is leased by a DHCP server, and goes with its lease: take \"dhcp\" out "
		       "of the interface's addresses in the configuration, and start anew";
	case -ENOBUFS:
		return "the interface has as many addresses as it can";
	default:
		return strerror(-rc);
	}
}

static void answer(struct ctl_view *view, json_t *reply, const char *verb, const char *address,
		   const char *iface, int rc, const char *text)
{
	if (rc == -ENODEV) {
		ctl_refuse_iface(view->stack, iface, reply);
		return;
	}
	if (rc) {
		ctl_refuse(reply, "%.60s on %.40s: %s", address, iface, text ? text : why(rc));
		return;
	}
	LOG_INFO(&view->stack->log, "control", "%s: address %s %s", iface, address, verb);
	ctl_put(reply, "address", json_string(address));
	ctl_put(reply, "iface", json_string(iface));
}

/* A number of seconds; missing: forever. False for anything else. */
static bool read_lifetime(const json_t *request, const char *key, uint64_t *seconds)
{
	const json_t *value = json_object_get(request, key);

	*seconds = NSK_FOREVER;
	if (!value)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*seconds = (uint64_t)json_integer_value(value);
	return true;
}

static bool read_names(const json_t *request, json_t *reply, const char **iface,
		       const char **address)
{
	*iface = text_of(request, "iface");
	*address = text_of(request, "address");
	if (*iface && *address)
		return true;
	ctl_refuse(reply, "an address is named by \"iface\" and \"address\", both as text");
	return false;
}

void ctl_address_add(struct ctl_view *view, const json_t *request, json_t *reply)
{
	const char *iface, *address, *text;
	uint64_t valid_s, preferred_s;
	int rc;

	if (!read_names(request, reply, &iface, &address))
		return;
	if (!read_lifetime(request, "valid_s", &valid_s) ||
	    !read_lifetime(request, "preferred_s", &preferred_s)) {
		ctl_refuse(reply, "valid_s and preferred_s are numbers of seconds");
		return;
	}
	if (!json_object_get(request, "preferred_s"))
		preferred_s = valid_s;
	rc = stack_addr_add_checked(view->stack, iface, address, preferred_s, valid_s, &text);
	answer(view, reply, "added", address, iface, rc, text);
}

void ctl_address_del(struct ctl_view *view, const json_t *request, json_t *reply)
{
	const char *iface, *address;

	if (read_names(request, reply, &iface, &address))
		answer(view, reply, "removed", address, iface,
		       stack_addr_del(view->stack, iface, address), NULL);
}
