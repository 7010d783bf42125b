/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses of a stack that runs, as applications and control tools change and see them. */
#include "stack/addrs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/addr.h"
#include "net/autoconf.h"
#include "net/dhcp.h"
#include "net/net.h"
#include "sock/call.h"
#include "stack/sense.h"

#define NS_PER_SEC UINT64_C(1000000000)

_Static_assert((int)NSK_ADDR_OPTIMISTIC == IFACE_ADDR_OPTIMISTIC &&
		       (int)NSK_ADDR_TENTATIVE == IFACE_ADDR_TENTATIVE &&
		       (int)NSK_ADDR_DUPLICATE == IFACE_ADDR_DUPLICATE,
	       "states are the same");

/* Any worker: what is its own is not touched. */
static struct nsk_worker *some_worker(const struct nsk_stack *stack)
{
	return &stack->worker[0]->w;
}

static struct iface *find_iface(struct nsk_stack *stack, const char *name)
{
	for (unsigned i = 0; i < stack->nifaces; i++)
		if (strcmp(stack->iface[i].name, name) == 0)
			return &stack->iface[i];
	return NULL;
}

/* Interface and address of a request: 0 or -errno. */
static int read_request(struct nsk_stack *stack, const char *iface, const char *cidr,
			struct iface **ifc, struct ip_prefix *prefix)
{
	if (!stack || !iface || !cidr)
		return -EINVAL;
	if (handles.forked)
		return -EPERM;
	*ifc = find_iface(stack, iface);
	if (!*ifc)
		return -ENODEV;
	return ip_prefix_parse(prefix, cidr) ? -EINVAL : 0;
}

/* Control tools come in a thread that must not call a clock of the caller's. */
static uint64_t now_of(const struct nsk_stack *stack)
{
	return stack->clock.fn ? __atomic_load_n(&some_worker(stack)->now_ns, __ATOMIC_RELAXED)
			       : nsk_now(stack);
}

/* The moment that a lifetime ends, 0: never. */
static uint64_t end_of(const struct nsk_stack *stack, uint64_t lifetime_s)
{
	uint64_t now_ns = now_of(stack);

	return lifetime_s >= (UINT64_MAX - now_ns) / NS_PER_SEC ? 0
								: now_ns + lifetime_s * NS_PER_SEC;
}

/* What is asked for, with when its lifetimes end: 0 or -errno. */
static int read_spec(struct nsk_stack *stack, const char *iface, const char *cidr,
		     uint64_t preferred_s, uint64_t valid_s, struct iface **ifc,
		     struct addr_spec *spec)
{
	int rc = read_request(stack, iface, cidr, ifc, &spec->prefix);

	if (rc)
		return rc;
	if (valid_s == 0 || preferred_s > valid_s)
		return -EINVAL;
	spec->preferred_ns = end_of(stack, preferred_s);
	spec->valid_ns = end_of(stack, valid_s);
	spec->flags = spec->valid_ns ? IFACE_ADDR_DYNAMIC : 0;
	return 0;
}

int stack_addr_add(struct nsk_stack *stack, const char *iface, const char *cidr,
		   uint64_t preferred_s, uint64_t valid_s)
{
	struct addr_spec spec;
	struct iface *ifc;
	int rc = read_spec(stack, iface, cidr, preferred_s, valid_s, &ifc, &spec);

	if (rc)
		return rc;
	if (ifc->loopback && spec.prefix.len != 8 * ip_addr_len(&spec.prefix.addr))
		return -EINVAL; /* nobody else is in a subnet there */
	return addr_add(some_worker(stack), ifc, &spec, ADDR_WAITS);
}

/* An interface that has the address, but for link-local ones, which each link may have (RFC 4007
 * section 6); NULL: none. */
static const struct iface *whose(struct nsk_stack *stack, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		const struct iface *ifc = &stack->iface[i];
		struct iface_addr a;

		for (unsigned k = 0; k < iface_naddrs(ifc); k++)
			if (addr_get(some_worker(stack), ifc, k, &a) == 0 &&
			    ip_addr_eq(&a.addr, addr) && !ip_addr_is_link_local(addr))
				return ifc;
	}
	return NULL;
}

int stack_addr_add_checked(struct nsk_stack *stack, const char *iface, const char *cidr,
			   uint64_t preferred_s, uint64_t valid_s, const char **why)
{
	const struct iface *other;
	struct addr_spec spec;
	struct iface *ifc;
	int rc = read_request(stack, iface, cidr, &ifc, &spec.prefix);

	*why = NULL;
	if (rc == -EINVAL && stack && iface && cidr)
		*why = "is malformed: write such as 10.0.0.2/24 or 2001:db8::2/64";
	if (rc)
		return rc;
	*why = sense_not_a_host(&spec.prefix.addr);
	if (!*why)
		*why = sense_not_in_subnet(&spec.prefix);
	if (!*why && (valid_s == 0 || preferred_s > valid_s))
		*why = "has lifetimes that do not fit: valid_lft is 1 at least, preferred_lft no "
		       "longer than that";
	if (!*why && spec.prefix.addr.family == AF_INET6 && ifc->mtu < IPV6_MIN_MTU)
		*why = "is of IPv6, which needs an mtu of 1280 at least";
	if (*why)
		return -EINVAL;
	other = whose(stack, &spec.prefix.addr);
	if (other) {
		*why = other == ifc ? "the interface has it already"
				    : "another interface has it already";
		return -EEXIST;
	}
	return stack_addr_add(stack, iface, cidr, preferred_s, valid_s);
}

int stack_addr_lifetimes(struct nsk_stack *stack, const char *iface, const char *cidr,
			 uint64_t preferred_s, uint64_t valid_s)
{
	struct addr_spec spec;
	struct iface *ifc;
	int rc = read_spec(stack, iface, cidr, preferred_s, valid_s, &ifc, &spec);

	return rc ? rc : addr_change_lifetimes(some_worker(stack), ifc, &spec);
}

int stack_addr_del(struct nsk_stack *stack, const char *iface, const char *cidr)
{
	struct ip_prefix prefix;
	struct iface *ifc;
	int rc = read_request(stack, iface, cidr, &ifc, &prefix);

	if (rc == 0 && ip_addr_is_loopback(&prefix.addr))
		rc = ifc->loopback ? -EINVAL : -EADDRNOTAVAIL;
	if (rc == 0 && dhcp_holds(some_worker(stack), ifc, &prefix))
		rc = -EBUSY; /* the client would go on with a lease that nobody uses */
	return rc ? rc : addr_del(some_worker(stack), ifc, &prefix, ADDR_WAITS);
}

const char *stack_addr_state_name(enum nsk_addr_state state)
{
	static const char *const names[] = {
		[NSK_ADDR_VALID] = "valid",
		[NSK_ADDR_OPTIMISTIC] = "optimistic",
		[NSK_ADDR_TENTATIVE] = "tentative",
		[NSK_ADDR_DUPLICATE] = "duplicate",
	};

	return (unsigned)state < NSK_ARRAY_LEN(names) ? names[state] : "invalid";
}

/* ---- waiting for workers ------------------------------------------------------------------- */

static int look(void *arg)
{
	loop_look_at_ifaces(arg);
	return 0;
}

/* Each worker knows of all changes then, and holds on to nothing that was before. */
static void tell_workers(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nworkers; i++)
		sock_call(&stack->worker[i]->w, look, stack->worker[i]);
}

static int result(int rc)
{
	if (rc == 0)
		return 0;
	errno = -rc;
	return -1;
}

int nsk_addr_add(struct nsk_stack *stack, const char *iface, const char *cidr, uint64_t preferred_s,
		 uint64_t valid_s)
{
	const char *why;
	int rc = stack_addr_add_checked(stack, iface, cidr, preferred_s, valid_s, &why);

	if (rc == -ENOBUFS) { /* places may be vacant that not every worker has left */
		tell_workers(stack);
		rc = stack_addr_add(stack, iface, cidr, preferred_s, valid_s);
	}
	if (rc == 0)
		tell_workers(stack);
	return result(rc);
}

int nsk_addr_del(struct nsk_stack *stack, const char *iface, const char *cidr)
{
	int rc = stack_addr_del(stack, iface, cidr);

	if (rc == 0)
		tell_workers(stack);
	return result(rc);
}

/* ---- lists --------------------------------------------------------------------------------- */

static uint64_t seconds_left(uint64_t now_ns, uint64_t end_ns)
{
	if (!end_ns)
		return NSK_FOREVER;
	return end_ns > now_ns ? (end_ns - now_ns) / NS_PER_SEC : 0;
}

uint64_t stack_seconds_left(const struct nsk_stack *stack, uint64_t end_ns)
{
	return seconds_left(now_of(stack), end_ns);
}

static void describe(const struct iface *ifc, const struct iface_addr *a, uint64_t now_ns,
		     struct nsk_addr_info *info)
{
	const struct ip_prefix p = {.addr = a->addr, .len = a->prefix_len};

	memset(info, 0, sizeof(*info));
	snprintf(info->iface, sizeof(info->iface), "%s", ifc->name);
	ip_prefix_format(&p, info->address, sizeof(info->address));
	info->state = (enum nsk_addr_state)a->state;
	info->deprecated = a->flags & IFACE_ADDR_DEPRECATED;
	info->dynamic = a->flags & IFACE_ADDR_DYNAMIC;
	info->temporary = a->flags & IFACE_ADDR_TEMPORARY;
	info->preferred_s = seconds_left(now_ns, a->preferred_ns);
	info->valid_s = seconds_left(now_ns, a->valid_ns);
}

/* 0 or -errno for a list with room for max rows. */
static int may_list(const struct nsk_stack *stack, const void *list, unsigned max)
{
	if (!stack || (max && !list))
		return -EINVAL;
	return handles.forked ? -EPERM : 0;
}

int nsk_addr_list(const struct nsk_stack *stack, struct nsk_addr_info *list, unsigned max)
{
	int rc = may_list(stack, list, max);
	uint64_t now_ns;
	unsigned n = 0;

	if (rc)
		return result(rc);
	now_ns = now_of(stack);
	for (unsigned i = 0; i < stack->nifaces; i++) {
		const struct iface *ifc = &stack->iface[i];

		for (unsigned k = 0; k < iface_naddrs(ifc); k++) {
			struct iface_addr a;

			if (addr_get(some_worker(stack), ifc, k, &a))
				continue;
			if (n < max)
				describe(ifc, &a, now_ns, &list[n]);
			n++;
		}
	}
	return (int)n;
}

static void describe_dns(const struct iface *ifc, const struct dns_entry *d, uint64_t now_ns,
			 struct nsk_dns_info *info)
{
	memset(info, 0, sizeof(*info));
	snprintf(info->iface, sizeof(info->iface), "%s", ifc->name);
	snprintf(info->domain, sizeof(info->domain), "%s", d->domain);
	if (d->server.family)
		ip_addr_format(&d->server, info->server, sizeof(info->server));
	info->lifetime_s = seconds_left(now_ns, d->end_ns);
}

/* Servers of a lease hold as long as it does. */
static bool lease_dns(struct nsk_worker *w, const struct iface *ifc, unsigned place,
		      struct dns_entry *d)
{
	struct dhcp_shown lease;

	if (!dhcp_look(w, ifc, &lease) || place >= lease.lease.ndns)
		return false;
	*d = (struct dns_entry){.used = true,
				.end_ns = lease.lease.end_ns,
				.server = ip_addr_from_host32(lease.lease.dns[place])};
	return true;
}

/* What routers have told of, then what a lease has. */
static bool dns_at(struct nsk_worker *w, const struct iface *ifc, unsigned place,
		   struct dns_entry *d)
{
	return place < AUTO_DNS ? autoconf_dns(w, ifc, place, d)
				: lease_dns(w, ifc, place - AUTO_DNS, d);
}

int nsk_dns_list(const struct nsk_stack *stack, struct nsk_dns_info *list, unsigned max)
{
	int rc = may_list(stack, list, max);
	uint64_t now_ns;
	unsigned n = 0;

	if (rc)
		return result(rc);
	now_ns = now_of(stack);
	for (unsigned i = 0; i < stack->nifaces; i++) {
		for (unsigned k = 0; k < AUTO_DNS + DHCP_DNS_MAX; k++) {
			struct dns_entry d;

			if (!dns_at(some_worker(stack), &stack->iface[i], k, &d))
				continue;
			if (n < max)
				describe_dns(&stack->iface[i], &d, now_ns, &list[n]);
			n++;
		}
	}
	return (int)n;
}
