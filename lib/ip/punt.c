/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules for the way to the kernel, and packets that take it; see punt.h. */
#include "ip/punt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "ip/ip.h"
#include "mbuf/pool.h"
#include "wire/eth.h"
#include "wire/family.h"
#include "wire/icmp6.h"
#include "wire/nd.h"

#define PROTO_OSPF 89

/* ---- rules as they are written --------------------------------------------------------------- */

#define ALL_PORTS 0, 0

static const struct {
	const char *name;
	struct twin_match part[TWIN_RULE_PARTS]; /* those with a protocol */
} names[] = {
	{"bgp", {{IP_PROTO_TCP, true, 179, 179}}}, /* whichever side opens */
	{"bfd",
	 {{IP_PROTO_UDP, false, 3784, 3785},   /* RFC 5881 §4 */
	  {IP_PROTO_UDP, false, 4784, 4784}}}, /* RFC 5883 §5 */
	{"ospf", {{PROTO_OSPF, false, ALL_PORTS}}},
	{"ssh", {{IP_PROTO_TCP, false, 22, 22}}},
	{"icmp", {{IP_PROTO_ICMP, false, ALL_PORTS}, {IP_PROTO_ICMPV6, false, ALL_PORTS}}},
	{"no-listener", {{TWIN_REST, false, ALL_PORTS}}},
};

static bool named(const char *text, struct twin_rule *rule)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(names); i++) {
		if (strcmp(names[i].name, text) != 0)
			continue;
		memcpy(rule->part, names[i].part, sizeof(rule->part));
		while (rule->parts < TWIN_RULE_PARTS && rule->part[rule->parts].proto)
			rule->parts++;
		return true;
	}
	return false;
}

/* A number up to most; what follows it is left at *text. -1: there is none. */
static long number(const char **text, long least, long most)
{
	char *end;
	long value;

	if (**text < '0' || **text > '9')
		return -1;
	value = strtol(*text, &end, 10);
	*text = end;
	return value >= least && value <= most ? value : -1;
}

static bool has_ports(const struct twin_match *m)
{
	return m->proto == IP_PROTO_TCP || m->proto == IP_PROTO_UDP;
}

/* ":PORT[-PORT][/both]"; -ERANGE: numbers that are no ports. */
static int read_ports(const char *text, struct twin_match *match)
{
	const char *digits;
	long from, to;

	digits = ++text;
	from = to = number(&text, 1, UINT16_MAX);
	if (from > 0 && *text == '-') {
		digits = ++text;
		to = number(&text, from, UINT16_MAX);
	}
	if (from < 0 || to < 0)
		return text == digits ? -EINVAL : -ERANGE;
	match->from = (uint16_t)from;
	match->to = (uint16_t)to;
	match->both = strcmp(text, "/both") == 0;
	return *text == '\0' || match->both ? 0 : -EINVAL;
}

int punt_parse(const char *text, struct twin_rule *rule)
{
	struct twin_match *match = &rule->part[0];
	long proto;

	memset(rule, 0, sizeof(*rule));
	if (named(text, rule))
		return 0;
	rule->parts = 1;
	if (strncmp(text, "tcp", 3) == 0 || strncmp(text, "udp", 3) == 0) {
		proto = text[0] == 't' ? IP_PROTO_TCP : IP_PROTO_UDP;
		text += 3;
	} else {
		proto = number(&text, 1, TWIN_REST - 1);
	}
	if (proto < 0)
		return -EINVAL;
	match->proto = (uint8_t)proto;
	if (*text == '\0')
		return 0;
	return *text == ':' && has_ports(match) ? read_ports(text, match) : -EINVAL;
}

/* ---- packets --------------------------------------------------------------------------------- */

static bool within(const struct twin_match *r, uint16_t port)
{
	return port >= r->from && port <= r->to;
}

/* For nobody else. */
static bool for_one_host(const struct pkt *p)
{
	return !(p->flags &
		 (PKT_F_IP_BCAST | PKT_F_IP_MCAST | PKT_F_LINK_BCAST | PKT_F_LINK_MCAST));
}

static bool matches(const struct twin_match *r, struct rte_mbuf *m, bool ours)
{
	const struct pkt *p = pkt_of(m);
	const uint8_t *ports = pkt_at(m, p->l4_off);

	if (r->proto == TWIN_REST)
		return ours && for_one_host(p);
	if (r->proto != p->proto)
		return false;
	if (r->from == 0)
		return true;
	if (p->l4_len < 4 || p->l4_off + 4 > m->data_off + m->data_len)
		return false;
	return within(r, load_be16(ports + 2)) || (r->both && within(r, load_be16(ports)));
}

/* What the kernel has to know of neighbours, and no rule need name. */
static bool is_discovery(struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint8_t type;

	if (p->family != AF_INET6 || p->proto != IP_PROTO_ICMPV6 || p->ttl != ND_HOP_LIMIT ||
	    p->l4_len == 0 || p->l4_off >= m->data_off + m->data_len)
		return false;
	type = *pkt_at(m, p->l4_off);
	return type >= ICMP6_ROUTER_SOLICIT && type <= ICMP6_REDIRECT;
}

/* The limit of the rule that a packet meets first; NULL: it meets none. */
static struct twin_limit *find(struct twin *t, struct rte_mbuf *m, bool ours)
{
	if (is_discovery(m))
		return &t->neighbours;
	for (unsigned i = 0; i < t->rules; i++)
		for (unsigned k = 0; k < t->rule[i].parts; k++)
			if (matches(&t->rule[i].part[k], m, ours))
				return &t->limit[i];
	return NULL;
}

/* The link header still stands in front, unless the packet was put together of fragments. */
static bool restore_frame(const struct iface *ifc, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	const uint16_t type = p->family == AF_INET6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4;
	static const uint8_t nobody[ETH_MAC_LEN];
	struct eth_wire *eth;

	if (p->l3_off < ETH_HLEN)
		return false;
	eth = (struct eth_wire *)(void *)pkt_at(m, (uint16_t)(p->l3_off - ETH_HLEN));
	if (load_be16(pkt_at(m, (uint16_t)(p->l3_off - 2))) != type ||
	    !(eth_mac_equal(eth->dst, ifc->mac.b) || eth->dst[0] & 1)) {
		if (!pkt_is_own(m))
			return false;
		eth_write((uint8_t *)eth, ifc->mac.b, nobody, type);
	}
	m->data_len = (uint16_t)(m->data_len + m->data_off - p->l3_off + ETH_HLEN);
	m->pkt_len += (uint32_t)(m->data_off - p->l3_off + ETH_HLEN);
	m->data_off = (uint16_t)(p->l3_off - ETH_HLEN);
	return true;
}

bool punt_packet(struct nsk_worker *w, struct twin *t, struct rte_mbuf *m, bool ours)
{
	struct twin_limit *limit;

	if (pkt_of(m)->flags & PKT_F_LOOPED)
		return false;
	limit = find(t, m, ours);
	if (!limit)
		return false;
	if (ip_lacks_sum(t->ifc, m) && pkt_is_own(m))
		ip_make_sum(m);
	if (!restore_frame(t->ifc, m))
		return false;
	twin_give(w, t, limit, m);
	return true;
}

bool punt_stranger(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct twin *t = w->net->snap->iface[pkt_of(m)->iface]->twin;

	return t && punt_packet(w, t, m, false);
}

void punt_or_drop(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason)
{
	if (reason != NSK_DROP_IP_NOT_LOCAL || !punt_stranger(w, m))
		pkt_drop(w, m, reason);
}
