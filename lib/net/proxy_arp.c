/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For whom a router answers; see proxy_arp.h. RFC 1027 §2.1 (for who is on another link than the
 * asker); RFC 5227 §2.1.1, §2.3 (who asks whether an address is free, or says that it has it, must
 * not hear that we have it); RFC 3927 §7 (169.254/16 does not leave its link).
 */
#include "net/proxy_arp.h"

#include "net/net.h"

#define NS_PER_SEC UINT64_C(1000000000)

/* One host's address, which packets are forwarded to; not 0.0.0.0/8, which is "this network". */
static bool may_be_behind(const struct ip_addr *a)
{
	return a->b[0] != 0 && !ip_addr_is_multicast(a) && !ip_addr_is_broadcast(a) &&
	       !ip_addr_is_reserved(a) && !ip_addr_is_loopback(a) && !ip_addr_is_link_local(a);
}

/* By another interface that runs, and surely not by this one: of several paths none is here. */
static bool leads_elsewhere(const struct nsk_worker *w, const struct iface *ifc,
			    const struct ip_addr *target)
{
	struct iface *out;
	struct ip_addr next;

	return net_next_hop(w, target, NULL, &out, &next) == 0 && !out->loopback &&
	       iface_running(out) && !net_leads_back(w, target, ifc);
}

bool proxy_arp_answers(struct nsk_worker *w, const struct iface *ifc, const struct arp_view *v)
{
	const struct ip_addr target = ip_addr_from_host32(v->tpa),
			     sender = ip_addr_from_host32(v->spa);

	if (v->op != ARP_OP_REQUEST || arp_is_announcement(v))
		return false;
	if (!may_be_behind(&target) || ip_addr_is_link_local(&sender))
		return false;
	/* Of another interface, a broadcast of a subnet of ours, or perhaps ours in a moment; and
	 * who asks on one of our links by another must not take us for the station. */
	if (net_local_entry(w, target.b, AF_INET) || net_local_entry(w, sender.b, AF_INET))
		return false;
	if (!leads_elsewhere(w, ifc, &target) ||
	    !limiter_allow(&w->net->proxied[ifc->index], w->now_ns, NS_PER_SEC / PROXY_ARP_RATE,
			   PROXY_ARP_BURST))
		return false;
	worker_count(w, NSK_CNT_ARP_PROXIED, 1);
	return true;
}
