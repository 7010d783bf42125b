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

void listen_tell(struct nsk_worker *w, struct iface *ifc)
{
	struct list list = {.n = 0};

	/* A twin's kernel may be a member of any. */
	if (!ifc->ethernet || ifc->twin || !ifc->port->ops->listen || !iface_running(ifc))
		return;
	for (unsigned i = 0; i < REPORT_FAMILIES; i++) {
		const struct report_side *side = w->net->report[ifc->index][i];
		struct report_group *g;

		add(&list, &report_kinds[i].all_hosts);
		if (!side)
			continue;
		REPORT_FOREACH(side, g)
		if (g->wanted)
			add(&list, &g->addr);
	}
	ifc->port->ops->listen(ifc->port, list.mac, list.n);
}
