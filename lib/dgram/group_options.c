/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Socket options of multicast (ip(7), ipv6(7), RFC 3678): groups by each family's own structure and
 * by the one for both, and which interface, hop limit and copies datagrams to groups have. What
 * becomes of groups: groups.c.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "dgram/dgram.h"

/* ---- values ---------------------------------------------------------------------------------- */

/* struct ip_mreqn, or without its last word struct ip_mreq. */
static int read_mreq(struct dgram_group *g, const void *value, socklen_t len)
{
	struct ip_mreqn mreq = {0};

	if (len < sizeof(struct ip_mreq))
		return -EINVAL;
	memcpy(&mreq, value, len < sizeof(mreq) ? sizeof(struct ip_mreq) : sizeof(struct ip_mreqn));
	*g = (struct dgram_group){
		.group = ip_addr_v4(&mreq.imr_multiaddr),
		.address = ip_addr_v4(&mreq.imr_address),
		.iface = mreq.imr_ifindex,
	};
	return 0;
}

static int read_mreq6(struct dgram_group *g, const void *value)
{
	struct ipv6_mreq mreq;

	memcpy(&mreq, value, sizeof(mreq));
	*g = (struct dgram_group){
		.group = ip_addr_v6(&mreq.ipv6mr_multiaddr),
		.iface = (int)mreq.ipv6mr_interface,
	};
	return 0;
}

/* A group, or a sender, of the option's family. */
static int read_address(struct ip_addr *a, uint8_t family, const struct sockaddr_storage *from)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memcpy(&sin, from, sizeof(sin));
	memcpy(&sin6, from, sizeof(sin6));
	*a = family == AF_INET6 ? ip_addr_v6(&sin6.sin6_addr) : ip_addr_v4(&sin.sin_addr);
	return from->ss_family == family ? 0 : -EADDRNOTAVAIL;
}

/* As Linux, which has another errno for IPv4. */
static int read_group_req(struct dgram_group *g, uint8_t family, const void *value)
{
	struct group_req req;
	int rc;

	memcpy(&req, value, sizeof(req));
	*g = (struct dgram_group){.iface = (int)req.gr_interface};
	rc = read_address(&g->group, family, &req.gr_group);
	return rc && family == AF_INET ? -EINVAL : rc;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static int join_mreq(struct sock *s, const void *value, socklen_t len)
{
	struct dgram_group g;
	int rc = read_mreq(&g, value, len);

	return rc ? rc : dgram_group_join(dgram_of(s), &g, true);
}

static int leave_mreq(struct sock *s, const void *value, socklen_t len)
{
	struct dgram_group g;
	int rc = read_mreq(&g, value, len);

	return rc ? rc : dgram_group_leave(dgram_of(s), &g);
}

static int join_mreq6(struct sock *s, const void *value, socklen_t len)
{
	struct dgram_group g;

	(void)len;
	read_mreq6(&g, value);
	return dgram_group_join(dgram_of(s), &g, true);
}

static int leave_mreq6(struct sock *s, const void *value, socklen_t len)
{
	struct dgram_group g;

	(void)len;
	read_mreq6(&g, value);
	return dgram_group_leave(dgram_of(s), &g);
}

static int join_req(struct sock *s, uint8_t family, const void *value)
{
	struct dgram_group g;
	int rc = read_group_req(&g, family, value);

	return rc ? rc : dgram_group_join(dgram_of(s), &g, true);
}

static int leave_req(struct sock *s, uint8_t family, const void *value)
{
	struct dgram_group g;
	int rc = read_group_req(&g, family, value);

	return rc ? rc : dgram_group_leave(dgram_of(s), &g);
}

static int join_req4(struct sock *s, const void *value, socklen_t len)
{
	(void)len;
	return join_req(s, AF_INET, value);
}

static int leave_req4(struct sock *s, const void *value, socklen_t len)
{
	(void)len;
	return leave_req(s, AF_INET, value);
}

static int join_req6(struct sock *s, const void *value, socklen_t len)
{
	(void)len;
	return join_req(s, AF_INET6, value);
}

static int leave_req6(struct sock *s, const void *value, socklen_t len)
{
	(void)len;
	return leave_req(s, AF_INET6, value);
}

/* ---- senders --------------------------------------------------------------------------------- */

/* What an option does to a membership. */
struct naming {
	bool exclude, more;
	bool joins;
};

static const struct naming joins = {.more = true, .joins = true}, leaves = {.more = false},
			   blocks = {.exclude = true, .more = true}, unblocks = {.exclude = true};

/* As Linux: another sender for one who is a member already. */
static int name(struct sock *s, const struct dgram_group *g, const struct ip_addr *source,
		const struct naming *how)
{
	int rc = how->joins ? dgram_group_join(dgram_of(s), g, false) : 0;

	if (rc && rc != -EADDRINUSE)
		return rc;
	return dgram_group_source(dgram_of(s), g, source, how->exclude, how->more);
}

static int name_mreq(struct sock *s, const void *value, socklen_t len, const struct naming *how)
{
	struct ip_mreq_source mreq;
	struct dgram_group g = {0};
	struct ip_addr source;

	if (len != sizeof(mreq))
		return -EINVAL; /* as Linux */
	memcpy(&mreq, value, sizeof(mreq));
	g.group = ip_addr_v4(&mreq.imr_multiaddr);
	g.address = ip_addr_v4(&mreq.imr_interface);
	source = ip_addr_v4(&mreq.imr_sourceaddr);
	return name(s, &g, &source, how);
}

static int name_req(struct sock *s, uint8_t family, const void *value, const struct naming *how)
{
	struct group_source_req req;
	struct dgram_group g = {0};
	struct ip_addr source;
	int rc;

	memcpy(&req, value, sizeof(req));
	g.iface = (int)req.gsr_interface;
	rc = read_address(&g.group, family, &req.gsr_group);
	if (rc == 0)
		rc = read_address(&source, family, &req.gsr_source);
	return rc ? rc : name(s, &g, &source, how);
}

/* Three setters for each of the four. */
#define NAMING(what)                                                             \
	static int what##_mreq(struct sock *s, const void *value, socklen_t len) \
	{                                                                        \
		return name_mreq(s, value, len, &what);                          \
	}                                                                        \
	static int what##_req4(struct sock *s, const void *value, socklen_t len) \
	{                                                                        \
		(void)len;                                                       \
		return name_req(s, AF_INET, value, &what);                       \
	}                                                                        \
	static int what##_req6(struct sock *s, const void *value, socklen_t len) \
	{                                                                        \
		(void)len;                                                       \
		return name_req(s, AF_INET6, value, &what);                      \
	}
NAMING(joins)
NAMING(leaves)
NAMING(blocks)
NAMING(unblocks)
#undef NAMING

/* ---- the interface that is sent by ----------------------------------------------------------- */

/* The address of an interface alone, or as the others. */
static int read_iface(struct dgram_group *g, const void *value, socklen_t len)
{
	if (len >= sizeof(struct ip_mreq))
		return read_mreq(g, value, len);
	if (len < sizeof(struct in_addr))
		return -EINVAL;
	*g = (struct dgram_group){.address = ip_addr_v4(value)};
	return 0;
}

/* No address and no number: as the routes say. */
static int set_iface(struct sock *s, const void *value, socklen_t len)
{
	struct dgram *d = dgram_of(s);
	struct dgram_group g;
	struct iface *ifc;
	int rc = read_iface(&g, value, len);

	if (rc)
		return rc;
	g.group = ip_addr_any(AF_INET);
	ifc = dgram_group_iface(d, &g);
	if (!ifc && (g.iface || !ip_addr_is_any(&g.address)))
		return -EADDRNOTAVAIL;
	d->mcast_iface = ifc ? (uint8_t)(ifc->index + 1) : 0;
	d->mcast_addr = ip_addr_be32(&g.address);
	d->route.iface = NULL;
	return 0;
}

static int get_iface(struct sock *s, void *value, socklen_t *len)
{
	const struct dgram *d = dgram_of(s);

	sock_option_copy(&d->mcast_addr, sizeof(d->mcast_addr), value, len);
	return 0;
}

static int get_iface6(struct sock *s)
{
	return dgram_of(s)->mcast_iface6;
}

static int set_iface6(struct sock *s, int number)
{
	struct dgram *d = dgram_of(s);

	if (number && !dgram_iface_numbered(d, number))
		return -ENODEV;
	d->mcast_iface6 = (uint8_t)number;
	d->route.iface = NULL;
	return 0;
}

/* ---- how far, and to whom -------------------------------------------------------------------- */

static int get_ttl(struct sock *s)
{
	return dgram_of(s)->mcast_ttl;
}

static int set_ttl(struct sock *s, int value)
{
	dgram_of(s)->mcast_ttl = value == -1 ? 1 : (uint8_t)value;
	return 0;
}

static int get_hops(struct sock *s)
{
	return dgram_of(s)->mcast_hops;
}

static int set_hops(struct sock *s, int value)
{
	dgram_of(s)->mcast_hops = value == -1 ? 1 : (uint8_t)value;
	return 0;
}

/* Flags whose options say the opposite. */
static int get_not(struct sock *s, uint32_t flag)
{
	return !(dgram_of(s)->flags & flag);
}

static int set_not(struct sock *s, uint32_t flag, int value)
{
	struct dgram *d = dgram_of(s);

	d->flags = (uint16_t)((d->flags & ~flag) | (value ? 0 : flag));
	return 0;
}

static int get_loop(struct sock *s)
{
	return get_not(s, DGRAM_F_NO_LOOP);
}

static int set_loop(struct sock *s, int value)
{
	return set_not(s, DGRAM_F_NO_LOOP, value);
}

static int get_all(struct sock *s)
{
	return get_not(s, DGRAM_F_OWN_GROUPS);
}

static int set_all(struct sock *s, int value)
{
	return set_not(s, DGRAM_F_OWN_GROUPS, value);
}

/* ---- table ----------------------------------------------------------------------------------- */

/* As Linux: most of IPPROTO_IP take no bytes for 0, those of groups do not. */
#define GROUP_INT(Name, Least, Most, Get, Set)                                    \
	{                                                                         \
		.level = IPPROTO_IP, .name = (Name), .type = SOCK_OPT_INT_NEEDED, \
		.least = (Least), .most = (Most), .get = (Get), .set = (Set)      \
	}

static const struct sock_option rows[] = {
	GROUP_INT(IP_MULTICAST_TTL, -1, UINT8_MAX, get_ttl, set_ttl),
	GROUP_INT(IP_MULTICAST_LOOP, INT_MIN, INT_MAX, get_loop, set_loop),
	GROUP_INT(IP_MULTICAST_ALL, 0, 1, get_all, set_all),
	SOCK_BYTES(IPPROTO_IP, IP_MULTICAST_IF, 0, get_iface, set_iface),
	SOCK_BYTES(IPPROTO_IP, IP_ADD_MEMBERSHIP, 0, NULL, join_mreq),
	SOCK_BYTES(IPPROTO_IP, IP_DROP_MEMBERSHIP, 0, NULL, leave_mreq),
	SOCK_BYTES(IPPROTO_IP, MCAST_JOIN_GROUP, sizeof(struct group_req), NULL, join_req4),
	SOCK_BYTES(IPPROTO_IP, MCAST_LEAVE_GROUP, sizeof(struct group_req), NULL, leave_req4),
	SOCK_BYTES(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, 0, NULL, joins_mreq),
	SOCK_BYTES(IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, 0, NULL, leaves_mreq),
	SOCK_BYTES(IPPROTO_IP, IP_BLOCK_SOURCE, 0, NULL, blocks_mreq),
	SOCK_BYTES(IPPROTO_IP, IP_UNBLOCK_SOURCE, 0, NULL, unblocks_mreq),
	SOCK_BYTES(IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, sizeof(struct group_source_req), NULL,
		   joins_req4),
	SOCK_BYTES(IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, sizeof(struct group_source_req), NULL,
		   leaves_req4),
	SOCK_BYTES(IPPROTO_IP, MCAST_BLOCK_SOURCE, sizeof(struct group_source_req), NULL,
		   blocks_req4),
	SOCK_BYTES(IPPROTO_IP, MCAST_UNBLOCK_SOURCE, sizeof(struct group_source_req), NULL,
		   unblocks_req4),
	SOCK_BYTES(IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, sizeof(struct group_source_req), NULL,
		   joins_req6),
	SOCK_BYTES(IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP, sizeof(struct group_source_req), NULL,
		   leaves_req6),
	SOCK_BYTES(IPPROTO_IPV6, MCAST_BLOCK_SOURCE, sizeof(struct group_source_req), NULL,
		   blocks_req6),
	SOCK_BYTES(IPPROTO_IPV6, MCAST_UNBLOCK_SOURCE, sizeof(struct group_source_req), NULL,
		   unblocks_req6),
	SOCK_INT_IN(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, -1, UINT8_MAX, get_hops, set_hops),
	SOCK_FLAG_IN(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, 1, DGRAM_F_NO_LOOP6, get_not, set_not),
	SOCK_FLAG(IPPROTO_IPV6, IPV6_MULTICAST_ALL, DGRAM_F_OWN_GROUPS6, get_not, set_not),
	SOCK_INT(IPPROTO_IPV6, IPV6_MULTICAST_IF, get_iface6, set_iface6),
	SOCK_BYTES(IPPROTO_IPV6, IPV6_JOIN_GROUP, sizeof(struct ipv6_mreq), NULL, join_mreq6),
	SOCK_BYTES(IPPROTO_IPV6, IPV6_LEAVE_GROUP, sizeof(struct ipv6_mreq), NULL, leave_mreq6),
	SOCK_BYTES(IPPROTO_IPV6, MCAST_JOIN_GROUP, sizeof(struct group_req), NULL, join_req6),
	SOCK_BYTES(IPPROTO_IPV6, MCAST_LEAVE_GROUP, sizeof(struct group_req), NULL, leave_req6),
};

const struct sock_options dgram_group_options = {
	.row = rows,
	.count = NSK_ARRAY_LEN(rows),
	.next = &sock_options,
};
