/* SPDX-License-Identifier: BSD-3-Clause */
/* See sense.h. */
#include "stack/sense.h"

static const char *not_a_host_v6(const struct ip_addr *a)
{
	if (ip_addr_is_any(a))
		return "means no address";
	if (ip_addr_is_multicast(a))
		return "is a multicast address";
	if (ip_addr_is_loopback(a))
		return "is the loopback address, which only lo has";
	if (ip_addr_is_v4mapped(a))
		return "is an IPv4 address in IPv6's clothes: write it as IPv4";
	return NULL;
}

const char *sense_not_a_host(const struct ip_addr *a)
{
	if (a->family == AF_INET6)
		return not_a_host_v6(a);
	if (ip_addr_is_any(a) || a->b[0] == 0)
		return "is in 0.0.0.0/8, which means no address";
	if (ip_addr_is_multicast(a))
		return "is a multicast address";
	if (ip_addr_is_broadcast(a) || ip_addr_is_reserved(a))
		return "is in 240.0.0.0/4, which is no station's";
	if (ip_addr_is_loopback(a))
		return "is a loopback address, which only lo has";
	return NULL;
}

const char *sense_not_in_subnet(const struct ip_prefix *p)
{
	struct ip_addr network = ip_prefix_network(p), broadcast = ip_prefix_broadcast(p);
	bool six = p->addr.family == AF_INET6;

	if (p->len == 0)
		return six ? "has a subnet of length 0; 1 to 128 are possible"
			   : "has a subnet of length 0; 1 to 32 are possible";
	if (six) /* RFC 4291 §2.6.1, RFC 6164 */
		return p->len < 127 && ip_addr_eq(&p->addr, &network)
			       ? "is the subnet's own number, which means any router of it"
			       : NULL;
	if (p->len <= 30 && ip_addr_eq(&p->addr, &network))
		return "is the subnet's own number, not a station in it";
	if (p->len <= 30 && ip_addr_eq(&p->addr, &broadcast))
		return "is the subnet's broadcast address";
	return NULL;
}

const char *sense_not_a_destination(const struct ip_prefix *p)
{
	return ip_addr_is_loopback(&p->addr) && p->len >= 8
		       ? "is loopback, which never leaves a host"
		       : NULL;
}

const char *sense_not_a_gateway(const struct iface_addr *own, const struct ip_addr *gateway)
{
	const struct ip_prefix subnet = {.addr = own->addr, .len = own->prefix_len};
	struct ip_addr network;

	if (ip_addr_eq(&own->addr, gateway))
		return "is this host's own address";
	if (!own->broadcast.family || !ip_prefix_match(&subnet, gateway))
		return NULL;
	network = ip_prefix_network(&subnet);
	if (ip_addr_eq(gateway, &own->broadcast) || ip_addr_eq(gateway, &network))
		return "is the number or the broadcast address of its subnet, not a station";
	return NULL;
}
