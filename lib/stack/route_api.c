/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes by name, as applications and control tools write them; see <netstk/route.h>. What a route
 * may be follows Linux's rtnetlink, its errors too. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <netstk/route.h>

#include "net/addr.h"
#include "sock/call.h"
#include "stack/route_change.h"

/* ---- in ------------------------------------------------------------------------------------ */

static int read_addr(const char *text, struct ip_addr *a)
{
	if (!text[0])
		return 0;
	return ip_addr_parse(a, text) ? -EINVAL : 0;
}

static int read_destination(const struct nsk_route *in, struct route *r)
{
	struct ip_addr network;

	if (strcmp(in->destination, "default") == 0) {
		r->dst.addr = ip_addr_any(r->gateway.family ? r->gateway.family : AF_INET);
		return 0;
	}
	if (ip_prefix_parse(&r->dst, in->destination))
		return -EINVAL;
	network = ip_prefix_network(&r->dst);
	return ip_addr_eq(&network, &r->dst.addr) ? 0 : -EINVAL;
}

static int read_iface(const struct nsk_stack *stack, const char *name, struct route *r)
{
	r->iface = STACK_ROUTE_ANY_IFACE;
	for (unsigned i = 0; name[0] && i < stack->nifaces; i++)
		if (strcmp(stack->iface[i].name, name) == 0)
			r->iface = (uint8_t)i;
	if (r->iface != STACK_ROUTE_ANY_IFACE && stack->iface[r->iface].loopback)
		return -EINVAL; /* what is for us goes there by itself */
	return name[0] && r->iface == STACK_ROUTE_ANY_IFACE ? -ENODEV : 0;
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool texts_end(const struct nsk_route *in)
{
	return ends(in->destination, sizeof(in->destination)) &&
	       ends(in->gateway, sizeof(in->gateway)) && ends(in->iface, sizeof(in->iface)) &&
	       ends(in->source, sizeof(in->source));
}

static int read_route(const struct nsk_stack *stack, const struct nsk_route *in, struct route *r)
{
	int rc;

	*r = (struct route){
		.type = (uint8_t)in->type,
		.metric = in->metric,
		.weight = (uint16_t)in->weight,
		.origin = in->proto ? (uint8_t)in->proto : ROUTE_FROM_BOOT,
	};
	if (!texts_end(in) || (unsigned)in->type > NSK_ROUTE_PROHIBIT ||
	    in->weight > ROUTE_WEIGHT_MAX || in->proto > UINT8_MAX)
		return -EINVAL;
	rc = read_addr(in->gateway, &r->gateway);
	if (rc == 0)
		rc = read_addr(in->source, &r->src);
	if (rc == 0)
		rc = read_destination(in, r);
	return rc ? rc : read_iface(stack, in->iface, r);
}

/* ---- sense --------------------------------------------------------------------------------- */

static bool is_ours(const struct nsk_stack *stack, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		const struct iface *ifc = &stack->iface[i];
		struct iface_addr a;

		for (unsigned k = 0; k < iface_naddrs(ifc); k++)
			if (addr_get(&stack->worker[0]->w, ifc, k, &a) == 0 &&
			    ip_addr_eq(&a.addr, addr))
				return true;
	}
	return false;
}

/* The gateway must be a station on a link; without Ethernet there is one at the other end, whatever
 * its address. */
static int reach_gateway(struct nsk_stack *stack, struct route *r)
{
	struct route link;
	int rc;

	if (is_ours(stack, &r->gateway))
		return -EINVAL;
	if (r->iface != STACK_ROUTE_ANY_IFACE && !stack->iface[r->iface].ethernet)
		return 0;
	if (r->gateway.family == AF_INET6 && ip_addr_is_link_local(&r->gateway))
		return r->iface == STACK_ROUTE_ANY_IFACE ? -EINVAL : 0;
	rc = stack_route_match(stack, r->gateway.family, r->gateway.b, &link);
	if (rc)
		return rc;
	if (link.type != ROUTE_UNICAST || link.gateway.family ||
	    (r->iface != STACK_ROUTE_ANY_IFACE && r->iface != link.iface))
		return -ENETUNREACH;
	r->iface = link.iface;
	return 0;
}

static int make_sense(struct nsk_stack *stack, struct route *r)
{
	if (r->src.family && !is_ours(stack, &r->src))
		return -EINVAL;
	if (r->type != ROUTE_UNICAST) {
		if (r->gateway.family || r->iface != STACK_ROUTE_ANY_IFACE)
			return -EINVAL;
		r->iface = 0;
		return 0;
	}
	if (r->gateway.family)
		return reach_gateway(stack, r);
	return r->iface == STACK_ROUTE_ANY_IFACE ? -EINVAL : 0;
}

/* ---- out ----------------------------------------------------------------------------------- */

static void write_addr(const struct ip_addr *a, char *text, size_t size)
{
	if (a->family)
		ip_addr_format(a, text, size);
}

static void write_route(const struct nsk_stack *stack, const struct route *r, struct nsk_route *out)
{
	memset(out, 0, sizeof(*out));
	ip_prefix_format(&r->dst, out->destination, sizeof(out->destination));
	write_addr(&r->gateway, out->gateway, sizeof(out->gateway));
	write_addr(&r->src, out->source, sizeof(out->source));
	if (r->type == ROUTE_UNICAST && r->iface < stack->nifaces)
		snprintf(out->iface, sizeof(out->iface), "%s", stack->iface[r->iface].name);
	out->type = (enum nsk_route_type)r->type;
	out->metric = r->metric;
	out->weight = r->weight;
	out->proto = r->origin;
}

/* ---- public -------------------------------------------------------------------------------- */

static int result(int rc)
{
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

static int may_call(const struct nsk_stack *stack, const void *what)
{
	if (!stack || !what)
		return -EINVAL;
	return handles.forked ? -EPERM : 0;
}

int nsk_route_add(struct nsk_stack *stack, const struct nsk_route *route, bool append)
{
	struct route r;
	int rc = may_call(stack, route);

	if (rc == 0)
		rc = read_route(stack, route, &r);
	if (rc == 0)
		rc = make_sense(stack, &r);
	if (rc == 0)
		rc = append ? stack_route_add(stack, &r) : stack_route_add_new(stack, &r);
	return result(rc);
}

int nsk_route_del(struct nsk_stack *stack, const struct nsk_route *route)
{
	struct route r;
	int rc = may_call(stack, route);

	if (rc == 0)
		rc = read_route(stack, route, &r);
	if (rc)
		return result(rc);
	r.origin = (uint8_t)route->proto; /* 0: of anybody's */
	return result(stack_route_del_like(stack, &r));
}

/* No route of the table: what is for an address of ours stays here. */
static bool to_self(const struct nsk_stack *stack, const struct ip_addr *addr, struct route *r)
{
	if (!ip_addr_is_loopback(addr) && !is_ours(stack, addr))
		return false;
	*r = (struct route){
		.dst = {.addr = *addr, .len = (uint8_t)(8 * ip_addr_len(addr))},
		.iface = stack->snap.lo->index,
		.origin = ROUTE_FROM_KERNEL,
	};
	return true;
}

int nsk_route_get(struct nsk_stack *stack, const char *address, struct nsk_route *route)
{
	struct ip_addr a;
	struct route r;
	int rc = may_call(stack, route);

	if (rc == 0 && (!address || ip_addr_parse(&a, address)))
		rc = -EINVAL;
	if (rc == 0 && !to_self(stack, &a, &r))
		rc = stack_route_now(stack, &a, &r);
	if (rc == 0)
		write_route(stack, &r, route);
	return result(rc);
}

int nsk_route_list(struct nsk_stack *stack, uint64_t *cursor, struct nsk_route *list, unsigned max)
{
	struct route rows[64];
	int rc = may_call(stack, cursor);
	unsigned n = 0;

	if (rc || (max && !list))
		return result(rc ? rc : -EINVAL);
	while (n < max && *cursor != UINT64_MAX) {
		int got = stack_route_list(stack, cursor, rows,
					   NSK_MIN(max - n, (unsigned)NSK_ARRAY_LEN(rows)));

		if (got < 0)
			return n ? (int)n : result(got); /* in a turn: not as long as it takes */
		for (int i = 0; i < got; i++)
			write_route(stack, &rows[i], &list[n++]);
	}
	return (int)n;
}
