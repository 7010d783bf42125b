/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes by name, as applications and control tools write them; see <netstk/route.h>. What a route
 * may be follows Linux's rtnetlink, its errors too. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <netstk/route.h>

#include "net/addr.h"
#include "sock/call.h"
#include "stack/route_change.h"
#include "stack/sense.h"

/* ---- what is wrong ------------------------------------------------------------------------- */

/* A request, and room for what is wrong with it. */
struct request {
	struct nsk_stack *stack;
	const struct nsk_route *in;
	char *why; /* of STACK_ROUTE_WHY bytes, or NULL */
};

/* Returns -err. */
static int __attribute__((format(printf, 3, 4)))
wrong(const struct request *q, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (q->why)
		vsnprintf(q->why, STACK_ROUTE_WHY, fmt, ap);
	va_end(ap);
	return -err;
}

static int no_such_iface(const struct request *q)
{
	char names[256];

	return wrong(q, ENODEV, "there is no interface \"%s\"; there are %s", q->in->iface,
		     stack_iface_names(q->stack, names, sizeof(names)));
}

/* ---- in ------------------------------------------------------------------------------------ */

/* That of one station; "": none. */
static int read_addr(const struct request *q, const char *what, const char *text, struct ip_addr *a)
{
	const char *why;

	if (!text[0])
		return 0;
	if (ip_addr_parse(a, text))
		return wrong(q, EINVAL, "%s \"%s\" is no address; write such as 10.0.0.1", what,
			     text);
	why = sense_not_a_host(a);
	return why ? wrong(q, EINVAL, "%s %s %s", what, text, why) : 0;
}

static int read_destination(const struct request *q, struct route *r)
{
	const char *text = q->in->destination, *why;
	char right[IP_PREFIX_STRLEN];
	struct ip_prefix meant;

	if (strcmp(text, "default") == 0) {
		r->dst.addr = ip_addr_any(r->gateway.family ? r->gateway.family : AF_INET);
		return 0;
	}
	if (ip_prefix_parse(&r->dst, text))
		return wrong(q, EINVAL,
			     "it is no prefix: write \"default\", or such as 10.1.0.0/16 or "
			     "2001:db8::/32, of at most 32 and 128 bits");
	why = sense_not_a_destination(&r->dst);
	if (why)
		return wrong(q, EINVAL, "it %s", why);
	meant = (struct ip_prefix){.addr = ip_prefix_network(&r->dst), .len = r->dst.len};
	return ip_addr_eq(&meant.addr, &r->dst.addr)
		       ? 0
		       : wrong(q, EINVAL, "it has bits behind its length; %s is meant",
			       ip_prefix_format(&meant, right, sizeof(right)));
}

static int read_iface(const struct request *q, struct route *r)
{
	const char *name = q->in->iface;

	r->iface = STACK_ROUTE_ANY_IFACE;
	for (unsigned i = 0; name[0] && i < q->stack->nifaces; i++)
		if (strcmp(q->stack->iface[i].name, name) == 0)
			r->iface = (uint8_t)i;
	if (r->iface != STACK_ROUTE_ANY_IFACE && q->stack->iface[r->iface].loopback)
		return wrong(q, EINVAL, "what is for this host goes to %s by itself", name);
	return name[0] && r->iface == STACK_ROUTE_ANY_IFACE ? no_such_iface(q) : 0;
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

static int check_numbers(const struct request *q)
{
	const struct nsk_route *in = q->in;

	if (!texts_end(in))
		return wrong(q, EINVAL, "a text has no end");
	if ((unsigned)in->type > NSK_ROUTE_PROHIBIT)
		return wrong(q, EINVAL, "there is no type %u", (unsigned)in->type);
	if (in->weight > ROUTE_WEIGHT_MAX)
		return wrong(q, EINVAL, "weight %u is not 1 to %d", in->weight, ROUTE_WEIGHT_MAX);
	if (in->proto > UINT8_MAX)
		return wrong(q, EINVAL, "proto %u is not 1 to %d", in->proto, UINT8_MAX);
	return 0;
}

static int check_families(const struct request *q, const struct route *r)
{
	if (r->gateway.family && r->gateway.family != r->dst.addr.family)
		return wrong(q, EINVAL, "gateway %s is of the other family", q->in->gateway);
	if (r->src.family && r->src.family != r->dst.addr.family)
		return wrong(q, EINVAL, "src %s is of the other family", q->in->source);
	return 0;
}

static int read_route(const struct request *q, struct route *r)
{
	const struct nsk_route *in = q->in;
	int rc = check_numbers(q);

	if (rc)
		return rc;
	*r = (struct route){
		.type = (uint8_t)in->type,
		.metric = in->metric,
		.weight = (uint16_t)in->weight,
		.origin = in->proto ? (uint8_t)in->proto : ROUTE_FROM_BOOT,
	};
	rc = read_addr(q, "gateway", in->gateway, &r->gateway);
	if (rc == 0)
		rc = read_addr(q, "src", in->source, &r->src);
	if (rc == 0)
		rc = read_destination(q, r);
	if (rc == 0)
		rc = check_families(q, r);
	return rc ? rc : read_iface(q, r);
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

/* The gateway against our own addresses. */
static int check_station(const struct request *q, const struct ip_addr *gateway)
{
	for (unsigned i = 0; i < q->stack->nifaces; i++) {
		const struct iface *ifc = &q->stack->iface[i];

		for (unsigned k = 0; k < iface_naddrs(ifc); k++) {
			const char *why = NULL;
			struct iface_addr a;

			if (addr_get(&q->stack->worker[0]->w, ifc, k, &a) == 0)
				why = sense_not_a_gateway(&a, gateway);
			if (why)
				return wrong(q, EINVAL, "gateway %s %s", q->in->gateway, why);
		}
	}
	return 0;
}

/* The gateway must be a station on a link; without Ethernet there is one at the other end, whatever
 * its address. */
static int reach_gateway(const struct request *q, struct route *r)
{
	struct nsk_stack *stack = q->stack;
	struct route link;
	int rc = check_station(q, &r->gateway);

	if (rc)
		return rc;
	if (r->iface != STACK_ROUTE_ANY_IFACE && !stack->iface[r->iface].ethernet)
		return 0;
	if (r->gateway.family == AF_INET6 && ip_addr_is_link_local(&r->gateway)) {
		if (r->iface == STACK_ROUTE_ANY_IFACE && stack_nlinks(stack) > 1)
			return wrong(q, EINVAL,
				     "gateway %s is a link-local address: name the interface whose "
				     "link is meant",
				     q->in->gateway);
		if (r->iface == STACK_ROUTE_ANY_IFACE)
			r->iface = 0;
		return 0;
	}
	rc = stack_route_match(stack, r->gateway.family, r->gateway.b, &link);
	if (rc && rc != -ENETUNREACH)
		return rc;
	if (rc || link.type != ROUTE_UNICAST || link.gateway.family)
		return wrong(q, ENETUNREACH, "gateway %s is on no link of ours", q->in->gateway);
	if (r->iface != STACK_ROUTE_ANY_IFACE && r->iface != link.iface)
		return wrong(q, ENETUNREACH, "gateway %s is on the link of %s, not of %s",
			     q->in->gateway, stack->iface[link.iface].name, q->in->iface);
	r->iface = link.iface;
	return 0;
}

static int make_sense(const struct request *q, struct route *r)
{
	if (r->src.family && !is_ours(q->stack, &r->src))
		return wrong(q, EINVAL, "src %s is no address of an interface here", q->in->source);
	if (r->type != ROUTE_UNICAST) {
		if (r->gateway.family || r->iface != STACK_ROUTE_ANY_IFACE || r->weight)
			return wrong(q, EINVAL,
				     "its type leads nowhere, so it has no gateway, interface or "
				     "weight");
		r->iface = 0;
		return 0;
	}
	if (r->gateway.family)
		return reach_gateway(q, r);
	return r->iface == STACK_ROUTE_ANY_IFACE
		       ? wrong(q, EINVAL, "it names neither gateway nor interface")
		       : 0;
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

int stack_route_add_named(struct nsk_stack *stack, const struct nsk_route *route, bool append,
			  char *why)
{
	const struct request q = {.stack = stack, .in = route, .why = why};
	struct route r;
	int rc = may_call(stack, route);

	if (rc == 0)
		rc = read_route(&q, &r);
	if (rc == 0)
		rc = make_sense(&q, &r);
	if (rc)
		return rc;
	return append ? stack_route_add(stack, &r) : stack_route_add_new(stack, &r);
}

int stack_route_del_named(struct nsk_stack *stack, const struct nsk_route *route, char *why)
{
	const struct request q = {.stack = stack, .in = route, .why = why};
	struct route r;
	int rc = may_call(stack, route);

	if (rc == 0)
		rc = read_route(&q, &r);
	if (rc)
		return rc;
	r.origin = (uint8_t)route->proto; /* 0: of anybody's */
	return stack_route_del_like(stack, &r);
}

int nsk_route_add(struct nsk_stack *stack, const struct nsk_route *route, bool append)
{
	return result(stack_route_add_named(stack, route, append, NULL));
}

int nsk_route_del(struct nsk_stack *stack, const struct nsk_route *route)
{
	return result(stack_route_del_named(stack, route, NULL));
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
