/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours that are given, over the control socket. */
#include <errno.h>
#include <string.h>

#include "stack/ctl_command.h"
#include "stack/neigh_api.h"

static const char *why(int rc)
{
	switch (rc) {
	case -EINVAL:
		return "is no station's address, or its link address is none, or the interface has no link addresses";
	case -ENOENT:
		return "it is not one that was given";
	case -ENOBUFS:
		return "as many are given as can be";
	default:
		return strerror(-rc);
	}
}

static void change(struct ctl_view *view, const json_t *request, json_t *reply, bool add)
{
	const char *iface = json_string_value(json_object_get(request, "iface"));
	const char *address = json_string_value(json_object_get(request, "address"));
	const char *mac = json_string_value(json_object_get(request, "mac"));
	int rc;

	if (!iface || !address || (add && !mac)) {
		ctl_refuse(reply, "a neighbour is named by \"iface\" and \"address\"%s, as text",
			   add ? ", its link address by \"mac\"" : "");
		return;
	}
	rc = add ? stack_neigh_add(view->stack, iface, address, mac)
		 : stack_neigh_del(view->stack, iface, address);
	if (rc == -ENODEV) {
		ctl_refuse_iface(view->stack, iface, reply);
		return;
	}
	if (rc) {
		ctl_refuse(reply, "%.60s on %.40s: %s", address, iface, why(rc));
		return;
	}
	LOG_INFO(&view->stack->log, "control", "%s: neighbour %s %s", iface, address,
		 add ? "given" : "taken back");
	ctl_put(reply, "address", json_string(address));
	ctl_put(reply, "iface", json_string(iface));
}

void ctl_neigh_add(struct ctl_view *view, const json_t *request, json_t *reply)
{
	change(view, request, reply, true);
}

void ctl_neigh_del(struct ctl_view *view, const json_t *request, json_t *reply)
{
	change(view, request, reply, false);
}
