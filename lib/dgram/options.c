/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options of datagrams: buffer sizes, what is told beside a datagram, and what of IPPROTO_IP
 * and IPPROTO_IPV6 only datagrams have, one row an option. A protocol's own are asked before,
 * lib/sock's after. */
#include <errno.h>
#include <netinet/in.h>

#include "dgram/dgram.h"

#define BUF_MIN 2304 /* as Linux */
#define BUF_MAX (64u << 20)

/* As Linux: twice what is asked for, since buffers are charged whole. */
static uint32_t buffer_size(int value)
{
	uint32_t half = value < 0 ? BUF_MAX / 2 : NSK_MIN((uint32_t)value, BUF_MAX / 2);

	return NSK_MAX(2 * half, (uint32_t)BUF_MIN);
}

static int get_rcvbuf(struct dgram *d)
{
	return (int)d->rcvbuf;
}

static int set_rcvbuf(struct dgram *d, int value)
{
	d->rcvbuf = buffer_size(value);
	return 0;
}

static int get_sndbuf(struct dgram *d)
{
	return (int)d->sndbuf;
}

static int set_sndbuf(struct dgram *d, int value)
{
	d->sndbuf = buffer_size(value);
	return 0;
}

static int get_mcast_ttl(struct dgram *d)
{
	return d->mcast_ttl;
}

static int set_mcast_ttl(struct dgram *d, int value)
{
	if (value < -1 || value > 255)
		return -EINVAL;
	d->mcast_ttl = value == -1 ? 1 : (uint8_t)value;
	return 0;
}

static int get_loop(struct dgram *d)
{
	return !(d->flags & DGRAM_F_NO_LOOP);
}

static int set_flag(struct dgram *d, uint16_t flag, bool on)
{
	d->flags = (uint16_t)((d->flags & ~flag) | (on ? flag : 0));
	return 0;
}

static int set_loop(struct dgram *d, int value)
{
	return set_flag(d, DGRAM_F_NO_LOOP, !value);
}

static int get_all_groups(struct dgram *d)
{
	return !(d->flags & DGRAM_F_OWN_GROUPS);
}

static int set_all_groups(struct dgram *d, int value)
{
	return value & ~1 ? -EINVAL : set_flag(d, DGRAM_F_OWN_GROUPS, !value);
}

static int get_mtu_discover(struct dgram *d)
{
	return d->mtu_discover;
}

static int set_mtu_discover(struct dgram *d, int value)
{
	if (value < IP_PMTUDISC_DONT || value > IP_PMTUDISC_OMIT)
		return -EINVAL;
	d->mtu_discover = (uint8_t)value;
	return 0;
}

static int get_mtu_discover6(struct dgram *d)
{
	return d->mtu_discover6;
}

static int set_mtu_discover6(struct dgram *d, int value)
{
	if (value < IPV6_PMTUDISC_DONT || value > IPV6_PMTUDISC_OMIT)
		return -EINVAL;
	d->mtu_discover6 = (uint8_t)value;
	return 0;
}

static int get_dontfrag(struct dgram *d)
{
	return d->whole6;
}

static int set_dontfrag(struct dgram *d, int value)
{
	d->whole6 = value != 0;
	return 0;
}

static int get_six_only(struct dgram *d)
{
	return !!(d->sock.six & SOCK_SIX_ONLY);
}

static int set_six_only(struct dgram *d, int value)
{
	return sock_set_six_only(&d->sock, d->flags & DGRAM_F_BOUND, value);
}

static int get_mtu(struct dgram *d)
{
	struct ip_addr src;
	int rc;

	if (!(d->flags & DGRAM_F_CONNECTED))
		return -ENOTCONN;
	rc = dgram_route(d, &d->faddr, &src);
	return rc ? rc : (int)dgram_path_mtu(d, &d->route, &d->faddr);
}

static int get_error(struct dgram *d)
{
	return -dgram_take_error(d);
}

/* Linux's two kinds of time stamp exclude each other. */
static int set_wants(struct dgram *d, uint16_t wants, int value)
{
	const uint16_t times = DGRAM_WANTS_TIME_US | DGRAM_WANTS_TIME_NS;

	if (wants & times && value)
		d->wants &= (uint16_t)~times;
	d->wants = (uint16_t)((d->wants & ~wants) | (value ? wants : 0));
	if (wants & (DGRAM_WANTS_ERRORS | DGRAM_WANTS_ERRORS6) && !value)
		dgram_errors_purge(d);
	return 0;
}

static const struct dgram_option options[] = {
	{SOL_SOCKET, SO_ERROR, get_error, NULL, 0},
	{SOL_SOCKET, SO_RCVBUF, get_rcvbuf, set_rcvbuf, 0},
	{SOL_SOCKET, SO_SNDBUF, get_sndbuf, set_sndbuf, 0},
	{IPPROTO_IP, IP_MULTICAST_TTL, get_mcast_ttl, set_mcast_ttl, 0},
	{IPPROTO_IP, IP_MULTICAST_LOOP, get_loop, set_loop, 0},
	{IPPROTO_IP, IP_MULTICAST_ALL, get_all_groups, set_all_groups, 0},
	{IPPROTO_IP, IP_MTU_DISCOVER, get_mtu_discover, set_mtu_discover, 0},
	{IPPROTO_IP, IP_MTU, get_mtu, NULL, 0},
	{SOL_SOCKET, SO_TIMESTAMP, NULL, NULL, DGRAM_WANTS_TIME_US},
	{SOL_SOCKET, SO_TIMESTAMPNS, NULL, NULL, DGRAM_WANTS_TIME_NS},
	{SOL_SOCKET, SO_RXQ_OVFL, NULL, NULL, DGRAM_WANTS_OVERFLOWS},
	{IPPROTO_IP, IP_PKTINFO, NULL, NULL, DGRAM_WANTS_PKTINFO},
	{IPPROTO_IP, IP_RECVTTL, NULL, NULL, DGRAM_WANTS_TTL},
	{IPPROTO_IP, IP_RECVTOS, NULL, NULL, DGRAM_WANTS_TOS},
	{IPPROTO_IP, IP_RECVORIGDSTADDR, NULL, NULL, DGRAM_WANTS_DESTINATION},
	{IPPROTO_IP, IP_RECVERR, NULL, NULL, DGRAM_WANTS_ERRORS},
	{IPPROTO_IPV6, IPV6_V6ONLY, get_six_only, set_six_only, 0},
	{IPPROTO_IPV6, IPV6_MTU_DISCOVER, get_mtu_discover6, set_mtu_discover6, 0},
	{IPPROTO_IPV6, IPV6_MTU, get_mtu, NULL, 0},
	{IPPROTO_IPV6, IPV6_DONTFRAG, get_dontfrag, set_dontfrag, 0},
	{IPPROTO_IPV6, IPV6_RECVPKTINFO, NULL, NULL, DGRAM_WANTS_PKTINFO6},
	{IPPROTO_IPV6, IPV6_RECVHOPLIMIT, NULL, NULL, DGRAM_WANTS_HOPLIMIT},
	{IPPROTO_IPV6, IPV6_RECVTCLASS, NULL, NULL, DGRAM_WANTS_TCLASS},
	{IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, NULL, NULL, DGRAM_WANTS_DESTINATION6},
	{IPPROTO_IPV6, IPV6_RECVERR, NULL, NULL, DGRAM_WANTS_ERRORS6},
};

static const struct dgram_option *find_in(const struct dgram_option *table, size_t count, int level,
					  int name)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].level == level && table[i].name == name)
			return &table[i];
	return NULL;
}

static const struct dgram_option *find_option(const struct dgram *d, const struct dgram_option *own,
					      size_t count, int level, int name)
{
	const struct dgram_option *o = find_in(own, count, level, name);

	if (level == IPPROTO_IPV6 && !sock_is_six(&d->sock))
		return NULL;
	return o ? o : find_in(options, NSK_ARRAY_LEN(options), level, name);
}

int dgram_getsockopt(struct dgram *d, const struct dgram_option *own, size_t count, int level,
		     int name, void *value, socklen_t *len)
{
	const struct dgram_option *o = find_option(d, own, count, level, name);
	int number;

	if (dgram_group_getsockopt(d, level, name, value, len))
		return 0;
	if (!o)
		return sock_getsockopt(&d->sock, level, name, value, len);
	number = o->wants ? (d->wants & o->wants) != 0 : o->get(d);
	if (number < 0)
		return number;
	sock_option_out(level, number, value, len);
	return 0;
}

/* As Linux: most of IPPROTO_IP take no bytes for 0, those of groups do not. */
static bool wants_value(const struct dgram_option *o)
{
	return o->set == set_mcast_ttl || o->set == set_loop || o->set == set_all_groups;
}

int dgram_setsockopt(struct dgram *d, const struct dgram_option *own, size_t count, int level,
		     int name, const void *value, socklen_t len)
{
	const struct dgram_option *o = find_option(d, own, count, level, name);
	int number, rc;

	if (dgram_group_setsockopt(d, level, name, value, len, &rc))
		return rc;
	if (!o)
		return sock_setsockopt(&d->sock, level, name, value, len);
	if (!o->set && !o->wants)
		return sock_option_unset(&d->sock, level, len);
	rc = !len && wants_value(o) ? -EINVAL : sock_option_in(level, value, len, &number);
	if (rc)
		return rc;
	return o->wants ? set_wants(d, o->wants, number) : o->set(d, number);
}
