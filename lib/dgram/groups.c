/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multicast by the application (ip(7)): groups that a socket joins and leaves, by either pair of
 * options, and the interface that it sends to groups by. RFC 1112 §6.1, §7.1. Groups whose senders
 * are chosen (source-specific ones) are in no row and fail with ENOPROTOOPT.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/mem.h"
#include "dgram/dgram.h"
#include "net/group.h"

#define GROUPS_MAX 20 /* of one socket, as Linux */

struct membership {
	struct list_node link;
	uint32_t group; /* host order */
	uint8_t iface;
};

/* What both pairs of options say. */
struct request {
	struct in_addr group;
	struct in_addr address; /* of the interface */
	int iface;		/* its number, 0: by the address, or any */
};

static struct membership *find(const struct dgram *d, uint32_t group, uint8_t iface)
{
	struct list_node *n;

	NSK_LIST_FOREACH(n, &d->groups) {
		struct membership *m = NSK_LIST_ENTRY(n, struct membership, link);

		if (m->group == group && m->iface == iface)
			return m;
	}
	return NULL;
}

bool dgram_hears_group(const struct dgram *d, const struct pkt *p)
{
	if (!(p->flags & PKT_F_IP_MCAST) || !(d->flags & DGRAM_F_OWN_GROUPS))
		return true;
	return p->family == AF_INET && find(d, load_be32(p->flow.dst), p->iface);
}

/* ---- joining and leaving --------------------------------------------------------------------- */

/* The interface that a request names, for a group if it names none; NULL: there is no such. */
static struct iface *iface_of(const struct dgram *d, const struct request *r)
{
	const struct nsk_worker *w = d->sock.worker;
	const struct ip_addr group = ip_addr_v4((const uint8_t *)&r->group);
	const struct ip_addr own = ip_addr_v4((const uint8_t *)&r->address);

	if (r->iface)
		return r->iface > 0 && r->iface <= w->net->snap->nifaces
			       ? w->net->snap->iface[r->iface - 1]
			       : NULL;
	if (r->address.s_addr)
		return net_local_host(w, own.b, own.family);
	return ip_addr_is_any(&group) ? NULL : net_group_iface(w, &group);
}

static int join(struct dgram *d, const struct request *r)
{
	uint32_t group = ntohl(r->group.s_addr);
	struct membership *m;
	struct iface *ifc;
	int rc;

	if (!IN_MULTICAST(group))
		return -EINVAL;
	ifc = iface_of(d, r);
	if (!ifc)
		return -ENODEV;
	if (find(d, group, ifc->index))
		return -EADDRINUSE;
	if (d->group_count == GROUPS_MAX)
		return -ENOBUFS;
	m = mem_zalloc(d->sock.worker->mem, sizeof(*m));
	if (!m)
		return -ENOMEM;
	rc = group_join(d->sock.worker, ifc->index, group);
	if (rc) {
		mem_free(d->sock.worker->mem, m, sizeof(*m));
		return rc;
	}
	m->group = group;
	m->iface = ifc->index;
	list_add_tail(&d->groups, &m->link);
	d->group_count++;
	return 0;
}

static void forget(struct dgram *d, struct membership *m)
{
	struct nsk_worker *w = d->sock.worker;

	list_del(&m->link);
	d->group_count--;
	group_leave(w, m->iface, m->group);
	mem_free(w->mem, m, sizeof(*m));
}

static int leave(struct dgram *d, const struct request *r)
{
	struct iface *ifc = iface_of(d, r);
	struct membership *m;

	if (!ifc)
		return r->iface || r->address.s_addr ? -EADDRNOTAVAIL : -ENODEV;
	m = find(d, ntohl(r->group.s_addr), ifc->index);
	if (!m)
		return -EADDRNOTAVAIL;
	forget(d, m);
	return 0;
}

void dgram_groups_leave(struct dgram *d)
{
	struct list_node *n;

	while ((n = list_first(&d->groups)) != NULL)
		forget(d, NSK_LIST_ENTRY(n, struct membership, link));
}

/* ---- options --------------------------------------------------------------------------------- */

/* struct ip_mreqn, or without its last word struct ip_mreq. */
static int read_mreq(struct request *r, const void *value, socklen_t len)
{
	if (len < sizeof(struct ip_mreq))
		return -EINVAL;
	memcpy(r, value, NSK_MIN(len, (socklen_t)sizeof(struct ip_mreqn)));
	if (len < sizeof(struct ip_mreqn))
		r->iface = 0;
	return 0;
}
_Static_assert(sizeof(struct request) == sizeof(struct ip_mreqn), "the same, in its order");

static int read_group_req(struct request *r, const void *value, socklen_t len)
{
	struct group_req req;
	struct sockaddr_in sin;

	if (len < sizeof(req))
		return -EINVAL;
	memcpy(&req, value, sizeof(req));
	memcpy(&sin, &req.gr_group, sizeof(sin));
	if (sin.sin_family != AF_INET)
		return -EINVAL;
	*r = (struct request){.group = sin.sin_addr, .iface = (int)req.gr_interface};
	return 0;
}

/* The address of an interface alone, or as the others. */
static int read_iface(struct request *r, const void *value, socklen_t len)
{
	if (len >= sizeof(struct ip_mreq))
		return read_mreq(r, value, len);
	if (len < sizeof(r->address))
		return -EINVAL;
	*r = (struct request){0};
	memcpy(&r->address, value, sizeof(r->address));
	return 0;
}

/* No address and no number: as the routes say. */
static int choose_iface(struct dgram *d, const struct request *r)
{
	const struct request named = {.address = r->address, .iface = r->iface};
	struct iface *ifc = iface_of(d, &named);

	if (!ifc && (r->iface || r->address.s_addr))
		return -EADDRNOTAVAIL;
	d->mcast_iface = ifc ? (uint8_t)(ifc->index + 1) : 0;
	d->mcast_addr = r->address.s_addr;
	d->route.iface = NULL;
	return 0;
}

int dgram_join_mreq(struct sock *s, const void *value, socklen_t len)
{
	struct request r;
	int rc = read_mreq(&r, value, len);

	return rc ? rc : join(dgram_of(s), &r);
}

int dgram_leave_mreq(struct sock *s, const void *value, socklen_t len)
{
	struct request r;
	int rc = read_mreq(&r, value, len);

	return rc ? rc : leave(dgram_of(s), &r);
}

int dgram_join_req(struct sock *s, const void *value, socklen_t len)
{
	struct request r;
	int rc = read_group_req(&r, value, len);

	return rc ? rc : join(dgram_of(s), &r);
}

int dgram_leave_req(struct sock *s, const void *value, socklen_t len)
{
	struct request r;
	int rc = read_group_req(&r, value, len);

	return rc ? rc : leave(dgram_of(s), &r);
}

int dgram_set_group_iface(struct sock *s, const void *value, socklen_t len)
{
	struct request r;
	int rc = read_iface(&r, value, len);

	return rc ? rc : choose_iface(dgram_of(s), &r);
}

int dgram_get_group_iface(struct sock *s, void *value, socklen_t *len)
{
	const struct dgram *d = dgram_of(s);

	sock_option_copy(&d->mcast_addr, sizeof(d->mcast_addr), value, len);
	return 0;
}
