/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ports that filter are told of the groups that an interface listens to, by their link
 * addresses: those of sockets (group.h), and of every host (RFC 1112 §7.2, RFC 4291 §2.8). Worker
 * 0 does it, which keeps a list of them for its reports.
 */
#include "net/group.h"
#include "net/net.h"
#include "net/report.h"

struct list {
	unsigned n;
	struct eth_addr mac[PORT_GROUPS_MAX];
};

/* Groups share link addresses. */
static void add(struct list *list, const struct ip_addr *group)
{
	const struct eth_addr mac = eth_addr_of_multicast(group);

	for (unsigned i = 0; i < list->n; i++)
		if (eth_addr_eq(&list->mac[i], &mac))
			return;
	if (list->n < PORT_GROUPS_MAX)
		list->mac[list->n++] = mac;
}

/* All that an interface listens to. */
static void add_all(struct list *list, const struct nsk_worker *w, const struct iface *ifc)
{
	for (unsigned i = 0; i < REPORT_FAMILIES; i++) {
		const struct report_side *side = w->net->report[ifc->index][i];
		struct report_group *g;

		add(list, &report_kinds[i].all_hosts);
		if (!side)
			continue;
		REPORT_FOREACH(side, g)
		if (g->wanted)
			add(list, &g->addr);
	}
}

/* An interface and those on its VLANs, which share its port. A twin's kernel may be a member of any
 * group: then the port is told nothing. */
void listen_tell(struct nsk_worker *w, struct iface *ifc)
{
	const struct net_snapshot *snap = w->net->snap;
	struct list list = {.n = 0};

	if (!ifc->ethernet || !ifc->port->ops->listen || !iface_running(ifc))
		return;
	for (unsigned i = 0; i < snap->nifaces; i++) {
		const struct iface *at = snap->iface[i];

		if (at != ifc && at->parent != ifc)
			continue;
		if (at->twin)
			return;
		add_all(&list, w, at);
	}
	ifc->port->ops->listen(ifc->port, list.mac, list.n);
}
