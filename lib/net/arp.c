/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP: answers, questions, announcements, and what is believed of what others say. RFC 826, RFC
 * 5227; that an entry is made or changed by nothing but an answer to our question or a request for
 * us is RFC 826's merge rule, narrowed: see neigh.h. An address of ours is kept whoever else claims
 * it (RFC 5227 §2.4 (c)).
 */
#include "net/arp.h"

#include <string.h>

#include <rte_mbuf.h>

#include "mbuf/pool.h"
#include "net/neigh.h"
#include "net/net.h"
#include "net/proxy_arp.h"
#include "net/twin.h"
#include "wire/arp.h"
#include "wire/eth.h"

#define NS_PER_MS UINT64_C(1000000)

static const uint8_t broadcast_mac[ETH_MAC_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* ---- sending ---- */

/* Makes m, which is empty, the frame that carries v. Consumes it. */
static void send_frame(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m,
		       const uint8_t *dst, const struct arp_view *v)
{
	uint8_t *p = (uint8_t *)rte_pktmbuf_append(m, ETH_HLEN + ARP_LEN);

	if (!p) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	eth_write(p, dst, ifc->mac.b, ETH_TYPE_ARP);
	arp_write(p + ETH_HLEN, v);
	worker_count(w,
		     v->op == ARP_OP_REQUEST ? NSK_CNT_ARP_REQUESTS_SENT : NSK_CNT_ARP_REPLIES_SENT,
		     1);
	net_tx(w, ifc, m);
}

static void send_request(struct nsk_worker *w, struct iface *ifc, const uint8_t *dst, uint32_t spa,
			 uint32_t tpa)
{
	struct arp_view v = {.op = ARP_OP_REQUEST, .spa = spa, .tpa = tpa};
	struct rte_mbuf *m = pkt_alloc_control(w);

	if (!m) {
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		return;
	}
	memcpy(v.sha, ifc->mac.b, ETH_MAC_LEN);
	send_frame(w, ifc, m, dst, &v);
}

void arp_request(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *target,
		 const uint8_t *mac)
{
	const struct ip_addr *source = iface_source(ifc, target);

	if (source)
		send_request(w, ifc, mac ? mac : broadcast_mac, ip_addr_host32(source),
			     ip_addr_host32(target));
}

void arp_announce(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr)
{
	send_request(w, ifc, broadcast_mac, ip_addr_host32(addr), ip_addr_host32(addr));
}

void arp_probe(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr)
{
	send_request(w, ifc, broadcast_mac, 0, ip_addr_host32(addr));
}

/* Answers in the buffer of the request when nobody else has it, else in one of its own. */
static void answer(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m,
		   const struct arp_view *request)
{
	struct arp_view v = {.op = ARP_OP_REPLY, .spa = request->tpa, .tpa = request->spa};

	memcpy(v.sha, ifc->mac.b, ETH_MAC_LEN);
	memcpy(v.tha, request->sha, ETH_MAC_LEN);
	if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1 || m->nb_segs != 1) {
		pkt_put(w, m);
		m = pkt_alloc_control(w);
	} else {
		rte_pktmbuf_reset(m);
	}
	if (m)
		send_frame(w, ifc, m, v.tha, &v);
	else
		worker_count_drop(w, NSK_DROP_RX_NO_BUFFER, 1);
}

/* ---- receiving ---- */

static bool own_mac(const struct nsk_worker *w, const uint8_t *mac)
{
	const struct net_snapshot *snap = w->net->snap;

	for (unsigned i = 0; i < snap->nifaces; i++)
		if (snap->iface[i]->ethernet && eth_mac_equal(snap->iface[i]->mac.b, mac))
			return true;
	return false;
}

/* RFC 5227 §2.4: say once in a while whose address it is; one announcement for any number of
 * claims. */
static void defend(struct nsk_worker *w, struct iface *ifc, const struct arp_view *v)
{
	struct net_worker *net = w->net;
	struct eth_addr mac;
	char text[ETH_ADDR_STRLEN];

	memcpy(mac.b, v->sha, ETH_MAC_LEN);
	LOG_RATE(w->log, &net->log_rate, w->now_ns, NSK_LOG_WARN, "arp",
		 "%s: %u.%u.%u.%u is ours but %s uses it too", ifc->name, v->spa >> 24,
		 v->spa >> 16 & 255, v->spa >> 8 & 255, v->spa & 255,
		 eth_addr_format(&mac, text, sizeof(text)));
	if (net->defended_ns[ifc->index] &&
	    w->now_ns - net->defended_ns[ifc->index] < ARP_DEFEND_INTERVAL_MS * NS_PER_MS)
		return;
	net->defended_ns[ifc->index] = w->now_ns;
	send_request(w, ifc, broadcast_mac, v->spa, v->spa);
}

/* True if the sender is a host of one of the interface's subnets: only such become neighbours. */
static bool sender_on_link(const struct iface *ifc, const struct ip_addr *spa)
{
	const struct iface_addr *a = spa->family ? iface_on_link(ifc, spa) : NULL;

	return a && !ip_addr_eq(spa, &a->broadcast) && !ip_addr_is_any(spa);
}

/* What the neighbour table learns from a packet. True if it is the answer to a question of ours. */
static bool learn(struct nsk_worker *w, struct iface *ifc, const struct arp_view *v, bool for_us)
{
	struct ip_addr spa = ip_addr_from_host32(v->spa);

	if (!sender_on_link(ifc, &spa))
		return false;
	if (!for_us)
		neigh_doubt(w, ifc, &spa, v->sha);
	else if (v->op == ARP_OP_REPLY)
		return neigh_answered(w, ifc, &spa, v->sha);
	else
		neigh_heard(w, ifc, &spa, v->sha);
	return false;
}

/*
 * RFC 5227 §2.1.1: whoever has an address that we ask for, or asks for it as we do, gets it. True:
 * the packet says so.
 */
static bool gives_up(struct nsk_worker *w, struct iface *ifc, const struct arp_view *v)
{
	bool probes = v->op == ARP_OP_REQUEST && v->spa == 0;
	const struct ip_addr claimed = ip_addr_from_host32(probes ? v->tpa : v->spa);
	struct iface_addr *a = iface_have_addr(ifc, &claimed);
	uint8_t tentative = IFACE_ADDR_TENTATIVE;
	char text[IP_ADDR_STRLEN];

	if (!a || iface_addr_state(a) != IFACE_ADDR_TENTATIVE || own_mac(w, v->sha))
		return false;
	if (__atomic_compare_exchange_n(&a->state, &tentative, IFACE_ADDR_DUPLICATE, false,
					__ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
		net_addresses_changed(w);
		LOG_ERR(w->log, "arp", "%s: another station has %s: it is not used here", ifc->name,
			ip_addr_format(&claimed, text, sizeof(text)));
	}
	return true;
}

static bool has_addr(const struct iface *ifc, uint32_t host)
{
	struct ip_addr a = ip_addr_from_host32(host);

	return host != 0 && iface_find_addr(ifc, &a) != NULL;
}

/* Whether we answer for the station that is asked for. */
static bool proxied(struct nsk_worker *w, const struct iface *ifc, const struct arp_view *v)
{
	const struct ip_addr spa = ip_addr_from_host32(v->spa);

	return proxy_arp_on(w, ifc) && sender_on_link(ifc, &spa) && proxy_arp_answers(w, ifc, v);
}

void arp_receive(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct arp_view v;
	bool for_us, asked, answered, copied;

	if (arp_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &v)) {
		pkt_drop(w, m, NSK_DROP_ARP_MALFORMED);
		return;
	}
	if (NSK_UNLIKELY(gives_up(w, ifc, &v))) {
		pkt_drop(w, m, NSK_DROP_ARP_CONFLICT);
		return;
	}
	if (has_addr(ifc, v.spa)) {
		bool own = own_mac(w, v.sha);

		if (!own)
			defend(w, ifc, &v);
		pkt_drop(w, m, own ? NSK_DROP_ARP_NOT_OURS : NSK_DROP_ARP_CONFLICT);
		return;
	}
	for_us = has_addr(ifc, v.tpa);
	asked = learn(w, ifc, &v, for_us);
	answered = for_us ? v.op == ARP_OP_REQUEST : proxied(w, ifc, &v);
	/* Who asks for what the stack answers gets one answer. */
	copied = !answered && twin_neighbours(w, ifc, m, m->data_off);
	if (w->peers > 1 && (for_us || arp_is_announcement(&v)))
		w->ops->share(w, m);
	if (answered)
		answer(w, ifc, m, &v);
	else if (asked || copied || (for_us && w->peers > 1))
		pkt_put(w, m); /* with several workers, perhaps another one had asked */
	else
		pkt_drop(w, m,
			 v.op == ARP_OP_REPLY ? NSK_DROP_ARP_UNSOLICITED : NSK_DROP_ARP_NOT_OURS);
}

void arp_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct arp_view v;

	/* The worker that received it has answered, defended and counted. */
	if (!arp_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &v) &&
	    !has_addr(ifc, v.spa))
		learn(w, ifc, &v, has_addr(ifc, v.tpa));
	pkt_put(w, m);
}
