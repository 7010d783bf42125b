/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multicast groups of both families that a socket is a member of (ip(7), ipv6(7), RFC 3678):
 * joining, leaving, and whom it hears. RFC 1112 §6.1, §7.1. How the application says what it wants:
 * group_options.c.
 */
#include <errno.h>

#include "base/mem.h"
#include "dgram/dgram.h"
#include "net/group.h"

struct membership {
	struct list_node link;
	struct ip_addr group;
	uint8_t iface;
	bool exclude;	/* hears all senders but those of the list, else those alone */
	bool listed;	/* there was a list before */
	uint16_t count; /* in the list */
	struct ip_addr *source;
};

/* What the table of groups is told of it. */
static struct group_want want_of(const struct membership *m)
{
	return (struct group_want){.exclude = m->exclude, .count = m->count, .source = m->source};
}

/* iface NULL: on any. */
static struct membership *find(const struct dgram *d, const struct ip_addr *group,
			       const struct iface *ifc)
{
	struct list_node *n;

	NSK_LIST_FOREACH(n, &d->groups) {
		struct membership *m = NSK_LIST_ENTRY(n, struct membership, link);

		if (ip_addr_eq(&m->group, group) && (!ifc || m->iface == ifc->index))
			return m;
	}
	return NULL;
}

static bool is_listed(const struct membership *m, const struct ip_addr *source)
{
	for (unsigned i = 0; i < m->count; i++)
		if (ip_addr_eq(&m->source[i], source))
			return true;
	return false;
}

bool dgram_hears_group(const struct dgram *d, const struct pkt *p)
{
	const uint16_t own = p->family == AF_INET6 ? DGRAM_F_OWN_GROUPS6 : DGRAM_F_OWN_GROUPS;
	const struct membership *m;
	struct ip_addr group, source;

	if (!(p->flags & PKT_F_IP_MCAST) || (!(d->flags & own) && list_empty(&d->groups)))
		return true;
	group = ip_addr_of(p->family, p->flow.dst);
	m = find(d, &group, d->sock.worker->net->snap->iface[p->iface]);
	if (!m)
		return !(d->flags & own);
	source = ip_addr_of(p->family, p->flow.src);
	return is_listed(m, &source) != m->exclude;
}

/* ---- interfaces ------------------------------------------------------------------------------ */

struct iface *dgram_iface_numbered(const struct dgram *d, int number)
{
	const struct net_snapshot *snap = d->sock.worker->net->snap;

	return number > 0 && number <= snap->nifaces ? snap->iface[number - 1] : NULL;
}

struct iface *dgram_group_iface(const struct dgram *d, const struct dgram_group *g)
{
	const struct nsk_worker *w = d->sock.worker;

	if (g->iface)
		return dgram_iface_numbered(d, g->iface);
	if (!ip_addr_is_any(&g->address))
		return net_local_host(w, g->address.b, g->address.family);
	return ip_addr_is_any(&g->group) ? NULL : net_group_iface(w, &g->group);
}

/* ---- joining and leaving --------------------------------------------------------------------- */

/* Of IPv4 as Linux; IPv6 has no limit of a socket's, but the table's. */
static bool may_join_more(const struct dgram *d, const struct ip_addr *group)
{
	const uint32_t most = SETTING(d->sock.worker->set, igmp_max_memberships);
	uint32_t n = 0;
	struct list_node *at;

	if (group->family != AF_INET)
		return true;
	NSK_LIST_FOREACH(at, &d->groups)
		n += NSK_LIST_ENTRY(at, struct membership, link)->group.family == AF_INET;
	return n < most;
}

static int add(struct dgram *d, const struct ip_addr *group, const struct iface *ifc, bool exclude)
{
	struct nsk_worker *w = d->sock.worker;
	struct membership *m = mem_zalloc(w->mem, sizeof(*m));
	struct group_want want;
	int rc;

	if (!m)
		return -ENOMEM;
	m->group = *group;
	m->iface = ifc->index;
	m->exclude = exclude;
	want = want_of(m);
	rc = group_change(w, m->iface, group, NULL, &want);
	if (rc) {
		mem_free(w->mem, m, sizeof(*m));
		return rc;
	}
	list_add_tail(&d->groups, &m->link);
	return 0;
}

int dgram_group_join(struct dgram *d, const struct dgram_group *g, bool exclude)
{
	bool six = g->group.family == AF_INET6;
	struct iface *ifc;

	if (!ip_addr_is_multicast(&g->group))
		return -EINVAL;
	if (six && !g->iface && find(d, &g->group, NULL))
		return -EADDRINUSE; /* as Linux, which looks for an interface afterwards */
	ifc = dgram_group_iface(d, g);
	if (!ifc)
		return -ENODEV;
	if (find(d, &g->group, ifc))
		return -EADDRINUSE;
	return may_join_more(d, &g->group) ? add(d, &g->group, ifc, exclude) : -ENOBUFS;
}

static void forget(struct dgram *d, struct membership *m)
{
	const struct group_want want = want_of(m);
	struct nsk_worker *w = d->sock.worker;

	list_del(&m->link);
	group_change(w, m->iface, &m->group, &want, NULL);
	if (m->source)
		mem_free(w->mem, m->source, m->count * sizeof(*m->source));
	mem_free(w->mem, m, sizeof(*m));
}

/* As Linux: where IPv6 names no interface, any that it was joined on. */
int dgram_group_leave(struct dgram *d, const struct dgram_group *g)
{
	bool six = g->group.family == AF_INET6, any = six && !g->iface;
	struct iface *ifc = any ? NULL : dgram_group_iface(d, g);
	struct membership *m;

	if (six && !ip_addr_is_multicast(&g->group))
		return -EINVAL;
	if (!any && !ifc)
		return six || g->iface || !ip_addr_is_any(&g->address) ? -EADDRNOTAVAIL : -ENODEV;
	m = find(d, &g->group, ifc);
	if (!m)
		return -EADDRNOTAVAIL;
	forget(d, m);
	return 0;
}

/* ---- senders --------------------------------------------------------------------------------- */

/* It wants something else, of a list that is made for it and that it owns from now on. */
static int change(struct dgram *d, struct membership *m, bool exclude, struct ip_addr *source,
		  uint16_t count)
{
	struct nsk_worker *w = d->sock.worker;
	const struct group_want from = want_of(m);
	const struct group_want to = {.exclude = exclude, .count = count, .source = source};
	int rc = group_change(w, m->iface, &m->group, &from, &to);

	if (rc) {
		if (source)
			mem_free(w->mem, source, count * sizeof(*source));
		return rc;
	}
	if (m->source)
		mem_free(w->mem, m->source, m->count * sizeof(*m->source));
	m->exclude = exclude;
	m->source = source;
	m->count = count;
	return 0;
}

/* The list with one more (add), or without it. */
static int change_list(struct dgram *d, struct membership *m, const struct ip_addr *source,
		       bool more)
{
	uint16_t count = (uint16_t)(m->count + (more ? 1 : -1)), n = 0;
	struct ip_addr *list = NULL;

	if (count) {
		list = mem_alloc(d->sock.worker->mem, count * sizeof(*list));
		if (!list)
			return more ? -ENOBUFS : -ENOMEM;
	}
	for (unsigned i = 0; i < m->count; i++)
		if (!ip_addr_eq(&m->source[i], source))
			list[n++] = m->source[i];
	if (more)
		list[n] = *source;
	m->listed = true;
	return change(d, m, m->exclude, list, count);
}

static int add_source(struct dgram *d, struct membership *m, const struct ip_addr *source)
{
	const struct settings *set = d->sock.worker->set;
	uint32_t most = m->group.family == AF_INET6 ? SETTING(set, mld_max_sources)
						    : SETTING(set, igmp_max_sources);

	if (m->count >= most)
		return -ENOBUFS;
	return is_listed(m, source) ? -EADDRNOTAVAIL : change_list(d, m, source, true);
}

/* Who hears nobody any more is no member. */
static int drop_source(struct dgram *d, struct membership *m, const struct ip_addr *source)
{
	if (!is_listed(m, source))
		return -EADDRNOTAVAIL;
	if (m->count > 1 || m->exclude)
		return change_list(d, m, source, false);
	forget(d, m);
	return 0;
}

/* As Linux: who has not named anybody yet becomes one that hears all but some, or some alone. */
int dgram_group_source(struct dgram *d, const struct dgram_group *g, const struct ip_addr *source,
		       bool exclude, bool more)
{
	bool any = g->group.family == AF_INET6 && !g->iface;
	struct membership *m;
	struct iface *ifc;
	int rc;

	if (!ip_addr_is_multicast(&g->group))
		return -EINVAL;
	ifc = dgram_group_iface(d, g);
	if (!ifc)
		return -ENODEV;
	m = find(d, &g->group, any ? NULL : ifc);
	if (!m || (m->listed && m->exclude != exclude))
		return -EINVAL;
	if (m->exclude != exclude) {
		rc = change(d, m, exclude, NULL, 0);
		if (rc)
			return rc;
	}
	return more ? add_source(d, m, source) : drop_source(d, m, source);
}

void dgram_groups_leave(struct dgram *d)
{
	struct list_node *n;

	while ((n = list_first(&d->groups)) != NULL)
		forget(d, NSK_LIST_ENTRY(n, struct membership, link));
}
