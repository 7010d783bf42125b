/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What worker 0 says of an address when it comes, and when its link does. Of IPv6: first whether it
 * is somebody else's (RFC 4862 §5.4), then whose it is (RFC 4861 §7.2.6). In between it is
 * optimistic (RFC 4429): in use, but nobody is told to prefer us to somebody else. Two seconds are
 * longer than the one that an answer has; there is no random delay in front, which would keep the
 * first packet waiting. Of IPv4: whose it is, twice (RFC 5227 §2.3); where ipv4.dad is on, before
 * that and before it is used, three times whether it is another's (RFC 5227 §2.1.1).
 */
#include "net/arp.h"
#include "net/autoconf.h"
#include "net/dhcp.h"
#include "net/nd.h"
#include "net/net.h"

#define NS_PER_MS UINT64_C(1000000)

enum addr_step {
	STEP_PROBE,  /* ask for an address of IPv4 */
	STEP_WON,    /* nobody has answered */
	STEP_SETTLE, /* say it once more, of IPv6 now that nobody has answered */
};

static void next_step(struct nsk_worker *w, struct addr_task *t, enum addr_step step,
		      uint64_t delay_ms)
{
	t->step = (uint8_t)step;
	t->at_ns = w->now_ns + delay_ms * NS_PER_MS;
	net_tick_by(w, t->at_ns);
}

/* Changes a state that is still as it was seen; which must not be that of one that was removed: any
 * thread may do that, and it stays so. */
static bool change(struct iface_addr *a, uint8_t from, uint8_t to)
{
	return __atomic_compare_exchange_n(&a->state, &from, to, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

/* ---- IPv6 ------------------------------------------------------------------------------------ */

/* Asks about an address. One that was found to be ours is not put in doubt by a link that was lost
 * for a moment; one that was another's may be free by now. */
static void ask(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a)
{
	uint8_t state = iface_addr_state(a);

	if (state == IFACE_ADDR_REMOVED)
		return;
	if (!SETTING(w->set, ipv6_dad) || a->sure) {
		if (iface_addr_usable(a))
			nd_announce(w, ifc, &a->addr);
		return;
	}
	if (state != IFACE_ADDR_OPTIMISTIC && change(a, state, IFACE_ADDR_OPTIMISTIC) &&
	    state == IFACE_ADDR_DUPLICATE)
		net_addresses_changed(w);
	nd_probe(w, ifc, &a->addr);
}

/* Unless somebody has answered, it is ours. */
static void settle(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a)
{
	if (change(a, IFACE_ADDR_OPTIMISTIC, IFACE_ADDR_VALID))
		a->sure = true;
	if (iface_addr_usable(a))
		nd_announce(w, ifc, &a->addr);
}

/* ---- IPv4 ------------------------------------------------------------------------------------ */

static void begin4(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a,
		   struct addr_task *t)
{
	uint8_t state = iface_addr_state(a);

	if (state == IFACE_ADDR_REMOVED)
		return;
	if (a->sure || (state == IFACE_ADDR_VALID && !SETTING(w->set, ipv4_dad))) {
		arp_announce(w, ifc, &a->addr);
		next_step(w, t, STEP_SETTLE, ARP_ANNOUNCE_INTERVAL_MS);
		return;
	}
	if (state != IFACE_ADDR_TENTATIVE && change(a, state, IFACE_ADDR_TENTATIVE))
		net_addresses_changed(w);
	t->probes = ARP_PROBE_NUM;
	next_step(w, t, STEP_PROBE, rng_below(&w->rng, ARP_PROBE_WAIT_MS + 1));
}

static void probe4(struct nsk_worker *w, struct iface *ifc, const struct iface_addr *a,
		   struct addr_task *t)
{
	arp_probe(w, ifc, &a->addr);
	if (--t->probes)
		next_step(w, t, STEP_PROBE, rng_range(&w->rng, ARP_PROBE_MIN_MS, ARP_PROBE_MAX_MS));
	else
		next_step(w, t, STEP_WON, ARP_ANNOUNCE_WAIT_MS);
}

static void win4(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a, struct addr_task *t)
{
	if (!change(a, IFACE_ADDR_TENTATIVE, IFACE_ADDR_VALID))
		return;
	a->sure = true;
	net_addresses_changed(w);
	arp_announce(w, ifc, &a->addr);
	next_step(w, t, STEP_SETTLE, ARP_ANNOUNCE_INTERVAL_MS);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void begin(struct nsk_worker *w, struct iface *ifc, unsigned i)
{
	struct addr_task *t = &w->net->task[ifc->index][i];
	struct iface_addr *a = &ifc->addrs[i];

	t->at_ns = 0;
	t->serial = __atomic_load_n(&a->serial, __ATOMIC_RELAXED);
	if (a->addr.family == AF_INET) {
		begin4(w, ifc, a, t);
		return;
	}
	ask(w, ifc, a);
	next_step(w, t, STEP_SETTLE, ARP_ANNOUNCE_INTERVAL_MS);
}

void net_announce(struct nsk_worker *w, struct iface *ifc)
{
	for (unsigned i = 0; ifc->ethernet && i < iface_naddrs(ifc); i++)
		if (iface_addr_there(&ifc->addrs[i]))
			begin(w, ifc, i);
	if (ifc->automatic)
		autoconf_begin(w, ifc);
	if (ifc->dhcp)
		dhcp_begin(w, ifc);
}

void net_announce_new(struct nsk_worker *w, struct iface *ifc)
{
	const struct addr_task *t = w->net->task[ifc->index];

	for (unsigned i = 0; ifc->ethernet && i < iface_naddrs(ifc); i++)
		if (iface_addr_there(&ifc->addrs[i]) &&
		    t[i].serial != __atomic_load_n(&ifc->addrs[i].serial, __ATOMIC_RELAXED))
			begin(w, ifc, i);
}

static void go_on(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a,
		  struct addr_task *t)
{
	bool gone = !iface_addr_there(a) ||
		    t->serial != __atomic_load_n(&a->serial, __ATOMIC_RELAXED);

	t->at_ns = 0;
	if (gone || !iface_running(ifc))
		return;
	if (t->step == STEP_SETTLE && a->addr.family == AF_INET6)
		settle(w, ifc, a);
	else if (t->step == STEP_SETTLE && iface_addr_usable(a))
		arp_announce(w, ifc, &a->addr);
	else if (t->step == STEP_PROBE && iface_addr_state(a) == IFACE_ADDR_TENTATIVE)
		probe4(w, ifc, a, t);
	else if (t->step == STEP_WON)
		win4(w, ifc, a, t);
}

uint64_t net_announce_run(struct nsk_worker *w)
{
	const struct net_snapshot *snap = w->net->snap;
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < snap->nifaces; i++) {
		for (unsigned k = 0; k < iface_naddrs(snap->iface[i]); k++) {
			struct addr_task *t = &w->net->task[i][k];

			if (t->at_ns && w->now_ns >= t->at_ns)
				go_on(w, snap->iface[i], &snap->iface[i]->addrs[k], t);
			if (t->at_ns)
				next = NSK_MIN(next, t->at_ns);
		}
	}
	return next;
}
