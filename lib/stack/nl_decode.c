/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of rtnetlink; see nl_decode.h, <linux/rtnetlink.h>, RFC 3549. */
#include "stack/nl_decode.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/compiler.h"
#include "net/route.h"

#define ATTRS 32 /* those that are read have lower numbers */

/* Attributes by their number; of one that comes twice the last. */
struct attrs {
	const struct nlattr *at[ATTRS];
};

static void take(struct attrs *all, const struct nlattr *a)
{
	if (mnl_attr_get_type(a) < ATTRS)
		all->at[mnl_attr_get_type(a)] = a;
}

static void read_attrs(const struct nlmsghdr *h, size_t skip, struct attrs *all)
{
	const void *first = (const char *)mnl_nlmsg_get_payload(h) + skip;
	const struct nlattr *attr;

	memset(all, 0, sizeof(*all));
	/* Not mnl_attr_for_each(), which takes a message to be as long as its length rounded up. */
	mnl_attr_for_each_payload(first, mnl_nlmsg_get_payload_len(h) - skip) take(all, attr);
}

static bool read_u32(const struct attrs *all, unsigned type, uint32_t *value)
{
	const struct nlattr *a = all->at[type];

	if (!a || mnl_attr_get_payload_len(a) < sizeof(*value))
		return false;
	memcpy(value, mnl_attr_get_payload(a), sizeof(*value));
	return true;
}

static bool read_ip(const struct attrs *all, unsigned type, uint8_t family, struct ip_addr *addr)
{
	const struct nlattr *a = all->at[type];
	size_t len = family == AF_INET6 ? 16 : 4;

	if (!a || mnl_attr_get_payload_len(a) < len)
		return false;
	memset(addr, 0, sizeof(*addr));
	addr->family = family;
	memcpy(addr->b, mnl_attr_get_payload(a), len);
	return true;
}

static bool is_ip(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

/* ---- addresses ----------------------------------------------------------------------------- */

static void read_lifetimes(const struct attrs *all, uint32_t flags, struct nl_change *out)
{
	const struct nlattr *a = all->at[IFA_CACHEINFO];
	struct ifa_cacheinfo info = {.ifa_prefered = NL_FOREVER, .ifa_valid = NL_FOREVER};

	if (a && mnl_attr_get_payload_len(a) >= sizeof(info))
		memcpy(&info, mnl_attr_get_payload(a), sizeof(info));
	out->valid_s = NSK_MAX(info.ifa_valid, 1U); /* it is there: the kernel counts down to 0 */
	out->preferred_s = flags & IFA_F_DEPRECATED ? 0 : NSK_MIN(info.ifa_prefered, out->valid_s);
}

static void decode_addr(const struct nlmsghdr *h, struct nl_change *out)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	uint32_t flags = 0;
	struct attrs all;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || !is_ip(m->ifa_family) ||
	    m->ifa_scope == RT_SCOPE_LINK || m->ifa_scope == RT_SCOPE_HOST)
		return;
	read_attrs(h, sizeof(*m), &all);
	flags = m->ifa_flags;
	read_u32(&all, IFA_FLAGS, &flags);
	/* Of a link between two the other end's stands in IFA_ADDRESS. */
	if (!read_ip(&all, IFA_LOCAL, m->ifa_family, &out->prefix.addr) &&
	    !read_ip(&all, IFA_ADDRESS, m->ifa_family, &out->prefix.addr))
		return;
	if (m->ifa_prefixlen > 8 * ip_addr_len(&out->prefix.addr))
		return;
	out->kind = NL_ADDR;
	out->add = h->nlmsg_type == RTM_NEWADDR && !(flags & IFA_F_DADFAILED);
	out->link = (int)m->ifa_index;
	out->prefix.len = m->ifa_prefixlen;
	read_lifetimes(&all, flags, out);
}

/* ---- routes -------------------------------------------------------------------------------- */

/* The rest of a hop from its attributes. */
static void read_hop(const struct attrs *all, uint8_t family, struct nl_change *out,
		     struct nl_hop *hop)
{
	read_ip(all, RTA_GATEWAY, family, &hop->gateway);
	if (hop->gateway.family && ip_addr_is_any(&hop->gateway))
		hop->gateway.family = 0;
	out->foreign |= all->at[RTA_VIA] || all->at[RTA_ENCAP];
}

static struct nl_hop *add_hop(struct nl_change *out, int link, unsigned weight)
{
	struct nl_hop *hop;

	if (out->hops == NL_HOPS_MAX) {
		out->foreign = true;
		return NULL;
	}
	hop = &out->hop[out->hops++];
	*hop = (struct nl_hop){.link = link, .weight = (uint16_t)weight};
	return hop;
}

static void read_multipath(const struct nlattr *list, uint8_t family, struct nl_change *out)
{
	const uint8_t *at = mnl_attr_get_payload(list);
	size_t left = mnl_attr_get_payload_len(list);
	struct rtnexthop nh;

	while (left >= sizeof(nh)) {
		const struct nlattr *attr;
		struct nl_hop *hop;
		struct attrs all;

		memcpy(&nh, at, sizeof(nh));
		if (nh.rtnh_len < sizeof(nh) || nh.rtnh_len > left)
			break;
		memset(&all, 0, sizeof(all));
		mnl_attr_for_each_payload((const void *)(at + sizeof(nh)), nh.rtnh_len - sizeof(nh))
			take(&all, attr);
		hop = add_hop(out, nh.rtnh_ifindex, nh.rtnh_hops + 1U);
		if (!hop)
			return;
		read_hop(&all, family, out, hop);
		if ((size_t)MNL_ALIGN(nh.rtnh_len) >= left)
			break;
		at += MNL_ALIGN(nh.rtnh_len);
		left -= MNL_ALIGN(nh.rtnh_len);
	}
}

static void read_hops(const struct attrs *all, uint8_t family, struct nl_change *out)
{
	uint32_t link = 0;
	struct nl_hop *hop;

	if (all->at[RTA_MULTIPATH]) {
		read_multipath(all->at[RTA_MULTIPATH], family, out);
		return;
	}
	read_u32(all, RTA_OIF, &link);
	hop = add_hop(out, (int)link, 1);
	if (hop)
		read_hop(all, family, out, hop);
}

static bool read_type(uint8_t type, uint8_t *to)
{
	static const struct {
		uint8_t from, to;
	} types[] = {
		{RTN_UNICAST, ROUTE_UNICAST},
		{RTN_BLACKHOLE, ROUTE_BLACKHOLE},
		{RTN_UNREACHABLE, ROUTE_UNREACHABLE},
		{RTN_PROHIBIT, ROUTE_PROHIBIT},
	};

	for (unsigned i = 0; i < NSK_ARRAY_LEN(types); i++) {
		if (types[i].from != type)
			continue;
		*to = types[i].to;
		return true;
	}
	return false;
}

static void decode_route(const struct nlmsghdr *h, struct nl_change *out)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct attrs all;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || !is_ip(m->rtm_family) ||
	    (m->rtm_flags & RTM_F_CLONED) ||
	    m->rtm_dst_len > (m->rtm_family == AF_INET ? 32 : 128) ||
	    !read_type(m->rtm_type, &out->type))
		return;
	read_attrs(h, sizeof(*m), &all);
	out->prefix = (struct ip_prefix){.addr = ip_addr_any(m->rtm_family), .len = m->rtm_dst_len};
	read_ip(&all, RTA_DST, m->rtm_family, &out->prefix.addr);
	out->prefix.addr = ip_prefix_network(&out->prefix);
	out->kind = NL_ROUTE;
	out->add = h->nlmsg_type == RTM_NEWROUTE;
	out->replace = h->nlmsg_flags & NLM_F_REPLACE;
	out->origin = m->rtm_protocol;
	out->table = m->rtm_table;
	out->foreign = m->rtm_src_len || (m->rtm_family == AF_INET && m->rtm_tos);
	read_u32(&all, RTA_TABLE, &out->table);
	read_u32(&all, RTA_PRIORITY, &out->metric);
	read_ip(&all, RTA_PREFSRC, m->rtm_family, &out->src);
	if (out->type == ROUTE_UNICAST)
		read_hops(&all, m->rtm_family, out);
}

/* ---- neighbours ---------------------------------------------------------------------------- */

static void decode_neigh(const struct nlmsghdr *h, struct nl_change *out)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *mac;
	struct attrs all;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || !is_ip(m->ndm_family) ||
	    (m->ndm_flags & NTF_PROXY))
		return;
	read_attrs(h, sizeof(*m), &all);
	if (!read_ip(&all, NDA_DST, m->ndm_family, &out->prefix.addr))
		return;
	mac = all.at[NDA_LLADDR];
	out->kind = NL_NEIGH;
	out->link = m->ndm_ifindex;
	out->prefix.len = (uint8_t)(8 * ip_addr_len(&out->prefix.addr));
	out->add = h->nlmsg_type == RTM_NEWNEIGH && (m->ndm_state & NUD_PERMANENT) && mac &&
		   mnl_attr_get_payload_len(mac) == sizeof(out->mac.b);
	if (out->add)
		memcpy(out->mac.b, mnl_attr_get_payload(mac), sizeof(out->mac.b));
}

/* ---- messages ------------------------------------------------------------------------------ */

static void decode_link(const struct nlmsghdr *h, struct nl_change *out)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return;
	out->kind = NL_LINK;
	out->link = m->ifi_index;
	/* Of family AF_BRIDGE: it leaves a bridge. */
	out->gone = h->nlmsg_type == RTM_DELLINK && m->ifi_family == AF_UNSPEC;
}

static void decode_error(const struct nlmsghdr *h, struct nl_change *out)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*e) || e->error == 0)
		return;
	out->kind = NL_FAILED;
	out->err = e->error;
}

size_t nl_decode(const void *bytes, size_t len, struct nl_change *out)
{
	const struct nlmsghdr *h = bytes;

	memset(out, 0, sizeof(*out));
	/* libmnl takes a length above INT32_MAX for a negative one. */
	if (len < sizeof(*h) || len > INT32_MAX || h->nlmsg_len > len || !mnl_nlmsg_ok(h, (int)len))
		return 0;
	out->dumped = h->nlmsg_flags & NLM_F_MULTI;
	out->seq = h->nlmsg_seq;
	out->torn = h->nlmsg_flags & NLM_F_DUMP_INTR;
	switch (h->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		decode_addr(h, out);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		decode_route(h, out);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		decode_neigh(h, out);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		decode_link(h, out);
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		out->kind = NL_UNKNOWN;
		break;
	case NLMSG_DONE:
		out->kind = NL_END;
		break;
	case NLMSG_ERROR:
		decode_error(h, out);
		break;
	default:
		break;
	}
	return NSK_MIN((size_t)MNL_ALIGN(h->nlmsg_len), len);
}
