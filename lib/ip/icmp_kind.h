/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What differs between ICMP and ICMPv6, one row a family: so that echo, and errors in both
 * directions, are written once. RFC 792, RFC 1122 §3.2.2, RFC 4443.
 */
#ifndef NSK_IP_ICMP_KIND_H
#define NSK_IP_ICMP_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip/ip.h"
#include "net/scope.h"
#include "wire/icmp.h"

struct icmp_kind {
	uint8_t family;
	uint8_t proto; /* of its messages */
	uint8_t echo, echo_reply;
	bool group_echo;    /* echo requests to groups are answered */
	uint8_t tos;	    /* of errors that we send */
	uint16_t quote_max; /* of a packet, in an error that we send */
	uint16_t too_big_floor;
	uint16_t too_big_least; /* a router that says less is not believed */
	/* What an error quotes: as icmp_quote_parse(). */
	enum nsk_drop (*quote)(const uint8_t *p, size_t len, struct icmp_quote *out);
	/* An error about what we have sent. */
	bool (*reports)(uint8_t type);
	/* No error may be answered by one; nor is a message to us whose type is unknown. */
	bool (*may_answer)(uint8_t type);
	/* The same of a message that we forward, whose type is not our business. */
	bool (*may_answer_others)(uint8_t type);
	/* What sockets report (errno), and whether it is a hard error or one that may pass. */
	int (*err)(uint8_t type, uint8_t code, bool *hard, bool *soft);
	/* A packet of ours was too big for a link of this MTU: true, 0 where the router does not
	 * say. */
	bool (*too_big)(const struct icmp_view *icmp, uint32_t *mtu);
	/* Type and code of an error that we send. */
	struct {
		uint8_t type, code;
	} sends[IP_COMPLAINTS];
};

extern const struct icmp_kind icmp_kind_v4, icmp_kind_v6;

static inline const struct icmp_kind *icmp_kind_of(uint8_t family)
{
	return family == AF_INET6 ? &icmp_kind_v6 : &icmp_kind_v4;
}

/* The way of an answer. A link-local address is of the link that it was heard on (RFC 4007 §6), and
 * the address that was asked may be of another one. */
static inline int icmp_way_back(struct nsk_worker *w, const struct pkt *p, struct route_cache *rc,
				const struct ip_addr *to, struct ip_addr *from)
{
	if (scope_has(to))
		return net_route_link(w, rc, w->net->snap->iface[p->iface], to, from);
	return net_route(w, rc, to, from);
}

#endif
