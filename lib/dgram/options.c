/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options of datagrams: buffer sizes, what is told beside a datagram, and what of IPPROTO_IP
 * and IPPROTO_IPV6 only datagrams have. Those of groups: group_options.c. */
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

static int get_rcvbuf(struct sock *s)
{
	return (int)dgram_of(s)->rcvbuf;
}

static int set_rcvbuf(struct sock *s, int value)
{
	dgram_of(s)->rcvbuf = buffer_size(value);
	return 0;
}

static int get_sndbuf(struct sock *s)
{
	return (int)dgram_of(s)->sndbuf;
}

static int set_sndbuf(struct sock *s, int value)
{
	dgram_of(s)->sndbuf = buffer_size(value);
	return 0;
}

static int get_mtu_discover(struct sock *s)
{
	return dgram_of(s)->mtu_discover;
}

static int set_mtu_discover(struct sock *s, int value)
{
	dgram_of(s)->mtu_discover = (uint8_t)value;
	return 0;
}

static int get_mtu_discover6(struct sock *s)
{
	return dgram_of(s)->mtu_discover6;
}

static int set_mtu_discover6(struct sock *s, int value)
{
	dgram_of(s)->mtu_discover6 = (uint8_t)value;
	return 0;
}

static int get_dontfrag(struct sock *s)
{
	return dgram_of(s)->whole6;
}

static int set_dontfrag(struct sock *s, int value)
{
	dgram_of(s)->whole6 = value != 0;
	return 0;
}

static int get_six_only(struct sock *s)
{
	return !!(s->six & SOCK_SIX_ONLY);
}

static int set_six_only(struct sock *s, int value)
{
	struct dgram *d = dgram_of(s);

	return sock_set_six_only(&d->sock, d->flags & DGRAM_F_BOUND, value);
}

static int get_mtu(struct sock *s)
{
	struct dgram *d = dgram_of(s);
	struct ip_addr src;
	int rc;

	if (!(d->flags & DGRAM_F_CONNECTED))
		return -ENOTCONN;
	rc = dgram_route(d, &d->faddr, d->fport, &src);
	return rc ? rc : (int)dgram_path_mtu(d, &d->route, &d->faddr);
}

static int get_error(struct sock *s)
{
	return -dgram_take_error(dgram_of(s));
}

int dgram_get_wants(struct sock *s, uint32_t wants)
{
	return (dgram_of(s)->wants & wants) != 0;
}

/* Linux's two kinds of time stamp exclude each other. */
int dgram_set_wants(struct sock *s, uint32_t wants, int value)
{
	const uint16_t times = DGRAM_WANTS_TIME_US | DGRAM_WANTS_TIME_NS;
	struct dgram *d = dgram_of(s);

	if (wants & times && value)
		d->wants &= (uint16_t)~times;
	d->wants = (uint16_t)((d->wants & ~wants) | (value ? wants : 0));
	if (wants & (DGRAM_WANTS_ERRORS | DGRAM_WANTS_ERRORS6) && !value)
		dgram_errors_purge(d);
	return 0;
}

static const struct sock_option rows[] = {
	SOCK_INT(SOL_SOCKET, SO_ERROR, get_error, NULL),
	SOCK_INT(SOL_SOCKET, SO_RCVBUF, get_rcvbuf, set_rcvbuf),
	SOCK_INT(SOL_SOCKET, SO_SNDBUF, get_sndbuf, set_sndbuf),
	DGRAM_WANTS(SOL_SOCKET, SO_TIMESTAMP, DGRAM_WANTS_TIME_US),
	DGRAM_WANTS(SOL_SOCKET, SO_TIMESTAMPNS, DGRAM_WANTS_TIME_NS),
	DGRAM_WANTS(SOL_SOCKET, SO_RXQ_OVFL, DGRAM_WANTS_OVERFLOWS),
	SOCK_INT_IN(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT,
		    get_mtu_discover, set_mtu_discover),
	SOCK_INT(IPPROTO_IP, IP_MTU, get_mtu, NULL),
	DGRAM_WANTS(IPPROTO_IP, IP_PKTINFO, DGRAM_WANTS_PKTINFO),
	DGRAM_WANTS(IPPROTO_IP, IP_RECVTTL, DGRAM_WANTS_TTL),
	DGRAM_WANTS(IPPROTO_IP, IP_RECVTOS, DGRAM_WANTS_TOS),
	DGRAM_WANTS(IPPROTO_IP, IP_RECVORIGDSTADDR, DGRAM_WANTS_DESTINATION),
	DGRAM_WANTS(IPPROTO_IP, IP_RECVERR, DGRAM_WANTS_ERRORS),
	SOCK_INT(IPPROTO_IPV6, IPV6_V6ONLY, get_six_only, set_six_only),
	SOCK_INT_IN(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_OMIT,
		    get_mtu_discover6, set_mtu_discover6),
	SOCK_INT(IPPROTO_IPV6, IPV6_MTU, get_mtu, NULL),
	SOCK_INT(IPPROTO_IPV6, IPV6_DONTFRAG, get_dontfrag, set_dontfrag),
	DGRAM_WANTS(IPPROTO_IPV6, IPV6_RECVPKTINFO, DGRAM_WANTS_PKTINFO6),
	DGRAM_WANTS(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, DGRAM_WANTS_HOPLIMIT),
	DGRAM_WANTS(IPPROTO_IPV6, IPV6_RECVTCLASS, DGRAM_WANTS_TCLASS),
	DGRAM_WANTS(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, DGRAM_WANTS_DESTINATION6),
	DGRAM_WANTS(IPPROTO_IPV6, IPV6_RECVERR, DGRAM_WANTS_ERRORS6),
};

const struct sock_options dgram_options = {
	.row = rows,
	.count = NSK_ARRAY_LEN(rows),
	.next = &dgram_group_options,
};
