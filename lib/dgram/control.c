/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control messages of datagrams (recvmsg(3), ip(7), ipv6(7), udp(7), socket(7), RFC 3542): what is
 * told of one that came, and what may be asked for one that goes. Whether an option is on is in
 * dgram.wants.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <rte_mbuf.h>

#include "dgram/dgram.h"
#include "net/scope.h"

#define NS_PER_SEC UINT64_C(1000000000)
#define NS_PER_US  1000

/* ---- of a datagram that came ----------------------------------------------------------------- */

static void put_pktinfo(const struct dgram *d, const struct pkt *p, struct msghdr *msg,
			size_t *used)
{
	struct in_pktinfo info = {.ipi_ifindex = p->iface + 1};

	memcpy(&info.ipi_addr, p->flow.dst, sizeof(info.ipi_addr));
	info.ipi_spec_dst = info.ipi_addr;
	if (p->flags & (PKT_F_IP_BCAST | PKT_F_IP_MCAST)) {
		const struct iface *ifc = d->sock.worker->net->snap->iface[p->iface];
		const struct ip_addr from = ip_addr_v4(p->flow.src);
		const struct ip_addr *own = iface_source(ifc, &from);

		memset(&info.ipi_spec_dst, 0, sizeof(info.ipi_spec_dst));
		if (own)
			memcpy(&info.ipi_spec_dst, own->b, sizeof(info.ipi_spec_dst));
	}
	sock_control_put(msg, used, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void put_destination(const struct pkt *p, struct msghdr *msg, size_t *used)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = p->flow.dport_be};

	memcpy(&sin.sin_addr, p->flow.dst, sizeof(sin.sin_addr));
	sock_control_put(msg, used, IPPROTO_IP, IP_ORIGDSTADDR, &sin, sizeof(sin));
}

static void put_pktinfo6(const struct pkt *p, struct msghdr *msg, size_t *used)
{
	struct in6_pktinfo info = {.ipi6_ifindex = p->iface + 1U};
	const struct ip_addr to = ip_addr_of(p->family, p->flow.dst), shown = ip_addr_map(&to);

	memcpy(&info.ipi6_addr, shown.b, sizeof(info.ipi6_addr));
	sock_control_put(msg, used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void put_destination6(const struct pkt *p, struct msghdr *msg, size_t *used)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = p->flow.dport_be};
	const struct ip_addr to = ip_addr_v6(p->flow.dst);

	memcpy(&sin6.sin6_addr, to.b, sizeof(sin6.sin6_addr));
	sin6.sin6_scope_id = scope_has(&to) ? p->iface + 1U : 0;
	sock_control_put(msg, used, IPPROTO_IPV6, IPV6_ORIGDSTADDR, &sin6, sizeof(sin6));
}

static void put_time(const struct dgram *d, const struct pkt *p, struct msghdr *msg, size_t *used)
{
	struct nsk_worker *w = d->sock.worker;
	uint64_t ns = p->arrived_ns + w->ops->since_1970_ns(w);
	struct timespec ts = {(time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC)};
	struct timeval tv = {ts.tv_sec, ts.tv_nsec / NS_PER_US};

	if (d->wants & DGRAM_WANTS_TIME_NS)
		sock_control_put(msg, used, SOL_SOCKET, SCM_TIMESTAMPNS, &ts, sizeof(ts));
	else
		sock_control_put(msg, used, SOL_SOCKET, SCM_TIMESTAMP, &tv, sizeof(tv));
}

/* What IPPROTO_IP tells. */
static void put_v4(const struct dgram *d, const struct pkt *p, struct msghdr *msg, size_t *used)
{
	int ttl = p->ttl;

	if (d->wants & DGRAM_WANTS_PKTINFO)
		put_pktinfo(d, p, msg, used);
	if (d->wants & DGRAM_WANTS_TTL)
		sock_control_put(msg, used, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	if (d->wants & DGRAM_WANTS_TOS)
		sock_control_put(msg, used, IPPROTO_IP, IP_TOS, &p->tos, sizeof(p->tos));
	if (d->wants & DGRAM_WANTS_DESTINATION)
		put_destination(p, msg, used);
}

/* What IPPROTO_IPV6 tells of IPv6 alone. */
static void put_v6(const struct dgram *d, const struct pkt *p, struct msghdr *msg, size_t *used)
{
	int hops = p->ttl, tclass = p->tos;

	if (d->wants & DGRAM_WANTS_HOPLIMIT)
		sock_control_put(msg, used, IPPROTO_IPV6, IPV6_HOPLIMIT, &hops, sizeof(hops));
	if (d->wants & DGRAM_WANTS_TCLASS)
		sock_control_put(msg, used, IPPROTO_IPV6, IPV6_TCLASS, &tclass, sizeof(tclass));
	if (d->wants & DGRAM_WANTS_DESTINATION6)
		put_destination6(p, msg, used);
}

/* In Linux's order. */
void dgram_control_write(const struct dgram *d, struct rte_mbuf *m, unsigned run,
			 struct msghdr *msg)
{
	const struct pkt *p = pkt_of(m);
	int size = (int)run;
	size_t used = 0;

	if (d->wants & (DGRAM_WANTS_TIME_US | DGRAM_WANTS_TIME_NS))
		put_time(d, p, msg, &used);
	if (d->wants & DGRAM_WANTS_OVERFLOWS && d->overflows)
		sock_control_put(msg, &used, SOL_SOCKET, SO_RXQ_OVFL, &d->overflows,
				 sizeof(d->overflows));
	if (run)
		sock_control_put(msg, &used, SOL_UDP, UDP_GRO, &size, sizeof(size));
	if (d->wants & DGRAM_WANTS_PKTINFO6)
		put_pktinfo6(p, msg, &used);
	if (NSK_LIKELY(p->family == AF_INET))
		put_v4(d, p, msg, &used);
	else
		put_v6(d, p, msg, &used);
	msg->msg_controllen = used;
}

/* ---- of one that goes ------------------------------------------------------------------------ */

static int read_pktinfo(const void *data, size_t len, struct dgram_manner *how)
{
	struct in_pktinfo info;

	if (len != sizeof(info))
		return -EINVAL;
	memcpy(&info, data, sizeof(info));
	if (info.ipi_ifindex < 0)
		return -EINVAL;
	how->iface = (unsigned)info.ipi_ifindex;
	if (info.ipi_spec_dst.s_addr)
		how->src = ip_addr_v4((const uint8_t *)&info.ipi_spec_dst);
	return 0;
}

/* IP_TTL, and IP_TOS, which may be one octet as well. */
static int read_number(const void *data, size_t len, int least, uint8_t *number)
{
	int value;

	if (len == sizeof(value))
		memcpy(&value, data, sizeof(value));
	else if (len == 1 && least == 0)
		value = *(const uint8_t *)data;
	else
		return -EINVAL;
	if (value < least || value > UINT8_MAX)
		return -EINVAL;
	*number = (uint8_t)value;
	return 0;
}

static int read_ip(const struct cmsghdr *c, size_t len, struct dgram_manner *how)
{
	const void *data = CMSG_DATA(c);

	switch (c->cmsg_type) {
	case IP_PKTINFO:
		return read_pktinfo(data, len, how);
	case IP_TTL:
		return read_number(data, len, 1, &how->ttl);
	case IP_TOS:
		return read_number(data, len, 0, &how->tos);
	default:
		return -EINVAL;
	}
}

/* An address in mapped form with what goes by IPv4, and only there. */
static int read_pktinfo6(const void *data, size_t len, uint8_t family, struct dgram_manner *how)
{
	struct in6_pktinfo info;
	struct ip_addr from;

	if (len < sizeof(info))
		return -EINVAL;
	memcpy(&info, data, sizeof(info));
	from = ip_addr_v6(&info.ipi6_addr);
	if (ip_addr_is_v4mapped(&from) != (family == AF_INET) &&
	    !(family == AF_INET6 && ip_addr_is_any(&from)))
		return -EINVAL;
	from = ip_addr_unmap(&from);
	if (info.ipi6_ifindex)
		how->iface = info.ipi6_ifindex;
	if (!ip_addr_is_any(&from))
		how->src = from;
	return 0;
}

/* IPV6_HOPLIMIT and IPV6_TCLASS; -1: what the socket says. */
static int read_number6(const void *data, size_t len, uint8_t *number)
{
	int value;

	if (len != sizeof(value))
		return -EINVAL;
	memcpy(&value, data, sizeof(value));
	if (value < -1 || value > UINT8_MAX)
		return -EINVAL;
	if (value >= 0)
		*number = (uint8_t)value;
	return 0;
}

/* As Linux: of these IPv4 looks at the first alone. */
static int read_ipv6(const struct cmsghdr *c, size_t len, uint8_t family, struct dgram_manner *how)
{
	const void *data = CMSG_DATA(c);

	if (c->cmsg_type == IPV6_PKTINFO)
		return read_pktinfo6(data, len, family, how);
	if (family == AF_INET)
		return 0;
	switch (c->cmsg_type) {
	case IPV6_HOPLIMIT:
		return read_number6(data, len, &how->ttl);
	case IPV6_TCLASS:
		return read_number6(data, len, &how->tos);
	default:
		return -EINVAL;
	}
}

static int read_udp(const struct cmsghdr *c, size_t len, struct dgram_manner *how)
{
	if (c->cmsg_type != UDP_SEGMENT || len != sizeof(how->segment))
		return -EINVAL;
	memcpy(&how->segment, CMSG_DATA(c), sizeof(how->segment));
	return 0;
}

/* Levels that are not ours to read are passed over, as in Linux. */
int dgram_control_read(const struct dgram *d, const struct msghdr *msg, uint8_t family,
		       struct dgram_manner *how)
{
	const struct cmsghdr *c = NULL;
	int rc;

	while ((rc = sock_control_next(msg, &c)) > 0) {
		if (c->cmsg_level == IPPROTO_IP && family == AF_INET)
			rc = read_ip(c, c->cmsg_len - CMSG_LEN(0), how);
		else if (c->cmsg_level == IPPROTO_IPV6 && sock_is_six(&d->sock))
			rc = read_ipv6(c, c->cmsg_len - CMSG_LEN(0), family, how);
		else if (c->cmsg_level == SOL_UDP && d->sock.ops->protocol == IPPROTO_UDP)
			rc = read_udp(c, c->cmsg_len - CMSG_LEN(0), how);
		else if (c->cmsg_level == SOL_SOCKET)
			rc = sock_control_socket(c);
		if (rc < 0)
			return rc;
	}
	return rc;
}
