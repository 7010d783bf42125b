/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ends of lifetimes of addresses, by worker 0: what is not preferred any more is deprecated,
 * what is not valid any more goes. RFC 4862 §5.5.4. And worker 0's clock for all that interfaces
 * have to do from time to time.
 */
#include <errno.h>

#include "net/addr.h"
#include "net/autoconf.h"
#include "net/dhcp.h"
#include "net/net.h"
#include "net/report.h"

#define AGAIN_NS UINT64_C(1000000) /* where others change addresses */

/* Whether it is time; else next is no later than that. */
static bool ends(const struct nsk_worker *w, const uint64_t *at, uint64_t *next)
{
	uint64_t at_ns = __atomic_load_n(at, __ATOMIC_RELAXED);

	if (!at_ns)
		return false;
	if (w->now_ns >= at_ns)
		return true;
	*next = NSK_MIN(*next, at_ns);
	return false;
}

static void look(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a, uint64_t *next)
{
	const struct ip_prefix prefix = {.addr = a->addr, .len = a->prefix_len};
	bool old = iface_addr_flags(a) & IFACE_ADDR_DEPRECATED;

	if (ends(w, &a->valid_ns, next)) {
		if (addr_del(w, ifc, &prefix, ADDR_IN_TURN) == -EAGAIN)
			*next = NSK_MIN(*next, w->now_ns + AGAIN_NS);
		return;
	}
	if (ends(w, &a->preferred_ns, next) == old)
		return;
	__atomic_fetch_xor(&a->flags, IFACE_ADDR_DEPRECATED, __ATOMIC_RELAXED);
	net_snapshot_touch(w->net->snap); /* sources are chosen anew */
}

uint64_t net_lifetimes_run(struct nsk_worker *w)
{
	const struct net_snapshot *snap = w->net->snap;
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < snap->nifaces; i++) {
		uint64_t follow_ns = addr_follow_subnets(w, snap->iface[i]);

		next = NSK_MIN(next, follow_ns);
		for (unsigned k = 0; k < iface_naddrs(snap->iface[i]); k++)
			if (iface_addr_there(&snap->iface[i]->addrs[k]))
				look(w, snap->iface[i], &snap->iface[i]->addrs[k], &next);
	}
	return next;
}

void net_tick_by(struct nsk_worker *w, uint64_t at_ns)
{
	struct wheel_timer *tick = &w->net->tick;

	if (!wheel_armed(tick) || wheel_expires_ns(tick) > at_ns)
		wheel_arm(&w->wheel, tick, at_ns);
}

void net_tick(struct nsk_worker *w)
{
	uint64_t (*const runs[])(struct nsk_worker *) = {net_announce_run, net_lifetimes_run,
							 autoconf_run, dhcp_run, report_run};
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(runs); i++) {
		uint64_t at_ns = runs[i](w);

		next = NSK_MIN(next, at_ns);
	}
	if (next != UINT64_MAX)
		net_tick_by(w, next);
}
