/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options of UDP: buffer sizes, what is told beside a datagram, and what of
 * IPPROTO_IP only datagrams have, one row an option. The others are lib/sock's. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include "udp/udp.h"

#define BUF_MIN 2304 /* as Linux */
#define BUF_MAX (64u << 20)

/* A row is yes or no to something that the socket wants, or has functions of its own. */
struct option {
	int level, name;
	int (*get)(struct udp_sock *u);
	int (*set)(struct udp_sock *u, int value); /* NULL: read only */
	uint16_t wants;				   /* enum udp_wants */
};

static struct udp_sock *udp_of(struct sock *s)
{
	return NSK_CONTAINER_OF(s, struct udp_sock, sock);
}

/* As Linux: twice what is asked for, since buffers are charged whole. */
static uint32_t buffer_size(int value)
{
	uint32_t half = value < 0 ? BUF_MAX / 2 : NSK_MIN((uint32_t)value, BUF_MAX / 2);

	return NSK_MAX(2 * half, (uint32_t)BUF_MIN);
}

static int get_rcvbuf(struct udp_sock *u)
{
	return (int)u->rcvbuf;
}

static int set_rcvbuf(struct udp_sock *u, int value)
{
	u->rcvbuf = buffer_size(value);
	return 0;
}

static int get_sndbuf(struct udp_sock *u)
{
	return (int)u->sndbuf;
}

static int set_sndbuf(struct udp_sock *u, int value)
{
	u->sndbuf = buffer_size(value);
	return 0;
}

static int get_mcast_ttl(struct udp_sock *u)
{
	return u->mcast_ttl;
}

static int set_mcast_ttl(struct udp_sock *u, int value)
{
	/* 0 would stay on this host, to which there is no way yet. */
	if (value != -1 && (value < 1 || value > 255))
		return -EINVAL;
	u->mcast_ttl = value == -1 ? 1 : (uint8_t)value;
	return 0;
}

static int get_mtu_discover(struct udp_sock *u)
{
	return u->flags & UDP_F_DF ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
}

static int set_mtu_discover(struct udp_sock *u, int value)
{
	if (value < IP_PMTUDISC_DONT || value > IP_PMTUDISC_PROBE)
		return -EINVAL;
	u->flags &= (uint8_t)~UDP_F_DF;
	if (value >= IP_PMTUDISC_DO)
		u->flags |= UDP_F_DF;
	return 0;
}

static int get_mtu(struct udp_sock *u)
{
	struct ip_addr src;
	int rc;

	if (!(u->flags & UDP_F_CONNECTED))
		return -ENOTCONN;
	rc = udp_route(u, &u->faddr, &src);
	return rc ? rc : (int)u->route.iface->mtu;
}

static int get_segment(struct udp_sock *u)
{
	return u->segment;
}

static int set_segment(struct udp_sock *u, int value)
{
	if (value < 0 || value > UINT16_MAX)
		return -EINVAL;
	u->segment = (uint16_t)value;
	return 0;
}

static int get_error(struct udp_sock *u)
{
	return -udp_take_error(u);
}

/* Linux's two kinds of time stamp exclude each other. */
static int set_wants(struct udp_sock *u, uint16_t wants, int value)
{
	const uint16_t times = UDP_WANTS_TIME_US | UDP_WANTS_TIME_NS;

	if (wants & times && value)
		u->wants &= (uint16_t)~times;
	u->wants = (uint16_t)((u->wants & ~wants) | (value ? wants : 0));
	if (wants == UDP_WANTS_ERRORS && !value)
		udp_errors_purge(u);
	return 0;
}

static const struct option options[] = {
	{SOL_SOCKET, SO_ERROR, get_error, NULL, 0},
	{SOL_SOCKET, SO_RCVBUF, get_rcvbuf, set_rcvbuf, 0},
	{SOL_SOCKET, SO_SNDBUF, get_sndbuf, set_sndbuf, 0},
	{IPPROTO_IP, IP_MULTICAST_TTL, get_mcast_ttl, set_mcast_ttl, 0},
	{IPPROTO_IP, IP_MTU_DISCOVER, get_mtu_discover, set_mtu_discover, 0},
	{IPPROTO_IP, IP_MTU, get_mtu, NULL, 0},
	{SOL_UDP, UDP_SEGMENT, get_segment, set_segment, 0},
	{SOL_UDP, UDP_GRO, NULL, NULL, UDP_WANTS_RUNS},
	{SOL_SOCKET, SO_TIMESTAMP, NULL, NULL, UDP_WANTS_TIME_US},
	{SOL_SOCKET, SO_TIMESTAMPNS, NULL, NULL, UDP_WANTS_TIME_NS},
	{SOL_SOCKET, SO_RXQ_OVFL, NULL, NULL, UDP_WANTS_OVERFLOWS},
	{IPPROTO_IP, IP_PKTINFO, NULL, NULL, UDP_WANTS_PKTINFO},
	{IPPROTO_IP, IP_RECVTTL, NULL, NULL, UDP_WANTS_TTL},
	{IPPROTO_IP, IP_RECVTOS, NULL, NULL, UDP_WANTS_TOS},
	{IPPROTO_IP, IP_RECVORIGDSTADDR, NULL, NULL, UDP_WANTS_DESTINATION},
	{IPPROTO_IP, IP_RECVERR, NULL, NULL, UDP_WANTS_ERRORS},
};

static const struct option *find_option(int level, int name)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(options); i++)
		if (options[i].level == level && options[i].name == name)
			return &options[i];
	return NULL;
}

int udp_getsockopt(struct sock *s, int level, int name, void *value, socklen_t *len)
{
	const struct option *o = find_option(level, name);
	int number;

	if (!o)
		return sock_getsockopt(s, level, name, value, len);
	number = o->wants ? (udp_of(s)->wants & o->wants) != 0 : o->get(udp_of(s));
	if (number < 0)
		return number;
	sock_option_out(level, number, value, len);
	return 0;
}

int udp_setsockopt(struct sock *s, int level, int name, const void *value, socklen_t len)
{
	const struct option *o = find_option(level, name);
	int number, rc;

	if (!o)
		return sock_setsockopt(s, level, name, value, len);
	if (!o->set && !o->wants)
		return -ENOPROTOOPT;
	rc = sock_option_in(level, value, len, &number);
	if (rc)
		return rc;
	return o->wants ? set_wants(udp_of(s), o->wants, number) : o->set(udp_of(s), number);
}
