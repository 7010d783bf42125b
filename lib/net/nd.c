/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour discovery; see nd.h. */
#include "net/nd.h"

#include <string.h>

#include <rte_mbuf.h>

#include "base/checksum.h"
#include "mbuf/pool.h"
#include "net/autoconf.h"
#include "net/neigh.h"
#include "net/net.h"
#include "net/twin.h"
#include "wire/family.h"
#include "wire/icmp6.h"
#include "wire/nd.h"
#include "wire/ra.h"

#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)

/* Of a message that lies in several buffers: what every link takes. */
#define MESSAGE_MAX (IPV6_MIN_MTU - IPV6_HLEN)

static const uint8_t all_nodes[IPV6_ADDR_LEN] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

static const uint8_t all_routers[IPV6_ADDR_LEN] = {0xff, 2, 0, 0, 0, 0, 0, 0,
						   0,	 0, 0, 0, 0, 0, 0, 2};

/* ---- groups that every node listens to ------------------------------------------------------- */

static bool is_router(const struct nsk_worker *w)
{
	return SETTING(w->set, ipv6_forward);
}

/* Of the link and of the site (RFC 4291 §2.7.1); those of the node alone are on no link. */
static bool is_all_routers(const uint8_t *group)
{
	return (group[1] == 2 || group[1] == 5) && memcmp(group + 2, all_routers + 2, 14) == 0;
}

/* The anycast address of the routers of a subnet of the interface, where we are one. */
static bool is_anycast(const struct nsk_worker *w, const struct iface *ifc,
		       const struct ip_addr *addr)
{
	const struct local_entry *e = is_router(w) ? net_local_entry(w, addr->b, AF_INET6) : NULL;

	if (!e || e->kind != LOCAL_ANYCAST)
		return false;
	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		const struct ip_addr anycast = iface_addr_anycast(&ifc->addrs[i]);

		if (iface_addr_usable(&ifc->addrs[i]) && ip_addr_eq(&anycast, addr))
			return true;
	}
	return false;
}

/* Whether the solicited-node group is that of an address. */
static bool asks_for(const uint8_t *group, const struct ip_addr *addr)
{
	return addr->family == AF_INET6 && memcmp(addr->b + 13, group + 13, 3) == 0;
}

bool nd_listens(const struct nsk_worker *w, const struct iface *ifc, const uint8_t *group)
{
	bool router = is_router(w);

	if (memcmp(group, all_nodes, IPV6_ADDR_LEN) == 0 || (router && is_all_routers(group)))
		return true;
	if (!nd_is_solicited_node(group))
		return false;
	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		const struct iface_addr *a = &ifc->addrs[i];
		const struct ip_addr anycast = iface_addr_anycast(a);

		if (iface_addr_there(a) &&
		    (asks_for(group, &a->addr) || (router && asks_for(group, &anycast))))
			return true;
	}
	return false;
}

/* 33:33 and the group's last four bytes (RFC 2464 §7). */
bool nd_listens_mac(const struct nsk_worker *w, const struct iface *ifc, const uint8_t *mac)
{
	uint8_t group[IPV6_ADDR_LEN];
	uint32_t low = load_be32(mac + 2);

	if (load_be16(mac) != 0x3333)
		return false;
	if (low == 1 || (low == 2 && is_router(w)))
		return true;
	nd_solicited_node(group, all_nodes);
	memcpy(group + 12, mac + 2, 4);
	return nd_listens(w, ifc, group);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void dst_mac_of(const uint8_t *dst, uint8_t *mac)
{
	const struct ip_addr group = ip_addr_v6(dst);

	memcpy(mac, eth_addr_of_multicast(&group).b, ETH_MAC_LEN);
}

/* The packet of a message, its data from the IP header on; NULL and counted without a buffer. */
static struct rte_mbuf *make_packet(struct nsk_worker *w, const uint8_t *src, const uint8_t *dst,
				    const uint8_t *message, size_t len)
{
	const struct ipv6_view ip = {.src = src,
				     .dst = dst,
				     .payload_len = (uint16_t)len,
				     .next_header = IP_PROTO_ICMPV6,
				     .hop_limit = ND_HOP_LIMIT};
	struct rte_mbuf *m = pkt_alloc_control(w);
	uint8_t *p = m ? (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(IPV6_HLEN + len)) : NULL;

	if (!p) {
		rte_pktmbuf_free(m);
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		return NULL;
	}
	ipv6_write(p, &ip);
	memcpy(p + IPV6_HLEN, message, len);
	icmp_store_checksum(p + IPV6_HLEN,
			    wire_checksum(p + IPV6_HLEN, len,
					  csum_pseudo6(src, dst, IP_PROTO_ICMPV6, ip.payload_len)));
	return m;
}

/* A message on its way: from and to whom, mac NULL: to the group dst. */
static void send_message(struct nsk_worker *w, struct iface *ifc, const uint8_t *src,
			 const uint8_t *dst, const uint8_t *mac, const uint8_t *message, size_t len)
{
	struct rte_mbuf *m = make_packet(w, src, dst, message, len);
	uint8_t group_mac[ETH_MAC_LEN], *p;

	if (!m)
		return;
	if (!mac)
		dst_mac_of(dst, group_mac);
	p = (uint8_t *)rte_pktmbuf_prepend(m, ETH_HLEN);
	if (!p) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	eth_write(p, mac ? mac : group_mac, ifc->mac.b, ETH_TYPE_IPV6);
	net_tx(w, ifc, m);
}

static void send_neigh(struct nsk_worker *w, struct iface *ifc, const uint8_t *src,
		       const uint8_t *dst, const uint8_t *mac, const struct nd_view *v)
{
	uint8_t message[ND_NEIGH_MAX];
	size_t len = nd_neigh_write(message, v);

	worker_count(w,
		     v->type == ICMP6_NEIGH_SOLICIT ? NSK_CNT_ND_SOLICITS_SENT
						    : NSK_CNT_ND_ADVERTS_SENT,
		     1);
	send_message(w, ifc, src, dst, mac, message, len);
}

static bool is_valid(const struct iface *ifc, const struct ip_addr *addr)
{
	const struct iface_addr *a = iface_find_addr(ifc, addr);

	return a && iface_addr_valid(a);
}

void nd_probe(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr)
{
	static const uint8_t nobody[IPV6_ADDR_LEN];
	struct nd_view v = {.type = ICMP6_NEIGH_SOLICIT};
	uint8_t group[IPV6_ADDR_LEN];

	memcpy(v.target, addr->b, IPV6_ADDR_LEN);
	nd_solicited_node(group, addr->b);
	send_neigh(w, ifc, nobody, group, NULL, &v);
}

void nd_solicit(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *target,
		const uint8_t *mac)
{
	const struct ip_addr *source = net_source(ifc, target);
	struct nd_view v = {.type = ICMP6_NEIGH_SOLICIT};
	uint8_t group[IPV6_ADDR_LEN];

	if (!source)
		return;
	/* RFC 4429 §3.2: nobody shall put an address that may be another's beside our MAC. */
	v.has_mac = is_valid(ifc, source);
	memcpy(v.target, target->b, IPV6_ADDR_LEN);
	memcpy(v.mac, ifc->mac.b, ETH_MAC_LEN);
	nd_solicited_node(group, target->b);
	send_neigh(w, ifc, source->b, mac ? target->b : group, mac, &v);
}

void nd_solicit_routers(struct nsk_worker *w, struct iface *ifc)
{
	static const uint8_t nobody[IPV6_ADDR_LEN];
	struct ip_addr own;
	uint8_t message[RS_MAX];
	size_t len;
	bool valid;

	/* RFC 4429 §3.2: an address that may be another's is not put beside our MAC. */
	valid = net_link_local(ifc, &own) && is_valid(ifc, &own);
	len = rs_write(message, valid ? ifc->mac.b : NULL);
	worker_count(w, NSK_CNT_ND_ROUTER_SOLICITS_SENT, 1);
	send_message(w, ifc, valid ? own.b : nobody, all_routers, NULL, message, len);
}

static struct nd_view advert_of(const struct nsk_worker *w, const struct iface *ifc,
				const uint8_t *addr, uint8_t flags)
{
	struct nd_view v = {.type = ICMP6_NEIGH_ADVERT, .flags = flags, .has_mac = true};

	if (is_router(w)) /* §4.4 */
		v.flags |= ND_F_ROUTER;
	memcpy(v.target, addr, IPV6_ADDR_LEN);
	memcpy(v.mac, ifc->mac.b, ETH_MAC_LEN);
	return v;
}

void nd_announce(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr)
{
	const struct nd_view v = advert_of(w, ifc, addr->b, ND_F_OVERRIDE);

	send_neigh(w, ifc, addr->b, all_nodes, NULL, &v);
}

/* The station that a frame came from: its link header is still in front of the packet. */
static const uint8_t *came_from(struct rte_mbuf *m)
{
	return pkt_at(m, (uint16_t)(pkt_of(m)->l3_off - ETH_HLEN)) + offsetof(struct eth_wire, src);
}

/*
 * Answers a solicitation. Who names no link address is not looked for first (§7.2.4), but answered
 * where the question came from: two whose addresses are optimistic would wait for each other. What
 * others may have as well, an optimistic address and an anycast one, overrides nothing; the latter
 * is told from an address of ours.
 */
static void answer(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m,
		   const struct nd_view *asked, bool anycast)
{
	const struct ip_addr target = ip_addr_v6(asked->target),
			     to = ip_addr_v6(pkt_of(m)->flow.src);
	const struct nd_view v =
		advert_of(w, ifc, asked->target,
			  (uint8_t)(ND_F_SOLICITED | (is_valid(ifc, &target) ? ND_F_OVERRIDE : 0)));
	const struct ip_addr *from = anycast ? net_source(ifc, &to) : &target;

	if (from)
		send_neigh(w, ifc, from->b, to.b, asked->has_mac ? asked->mac : came_from(m), &v);
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* RFC 4862 §5.4.5: what was not sure to be ours is not. True: that was the case. */
static bool give_up(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a)
{
	uint8_t optimistic = IFACE_ADDR_OPTIMISTIC;
	char text[IP_ADDR_STRLEN];

	if (!__atomic_compare_exchange_n(&a->state, &optimistic, IFACE_ADDR_DUPLICATE, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return false;
	net_addresses_changed(w);
	LOG_ERR(w->log, "nd", "%s: another station has %s: it is not used here", ifc->name,
		ip_addr_format(&a->addr, text, sizeof(text)));
	return true;
}

/*
 * Somebody else has an address of ours, or wants it: says whose it is. Who asks gets his answer
 * (§7.2.4), or he would take it; one who claims it gets one once in a while. The caller has found
 * the address: another worker may give it up meanwhile, so that looking again may find nothing.
 */
static void defend(struct nsk_worker *w, struct iface *ifc, const struct iface_addr *own,
		   bool asked)
{
	const ptrdiff_t i = own - ifc->addrs;
	uint64_t *last = &w->net->defended6_ns[ifc->index][i];
	char text[IP_ADDR_STRLEN];

	if (give_up(w, ifc, &ifc->addrs[i]) || !iface_addr_usable(own))
		return;
	LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "nd",
		 "%s: %s is ours but another station claims it", ifc->name,
		 ip_addr_format(&own->addr, text, sizeof(text)));
	if (!asked && *last && w->now_ns - *last < ND_DEFEND_INTERVAL_MS * NS_PER_MS)
		return;
	*last = w->now_ns;
	nd_announce(w, ifc, &own->addr);
}

/* Whether every worker has a use for it: the others get copies, and learn from them alone. */
static bool is_copy(const struct pkt *p)
{
	return p->flags & PKT_F_STEERED;
}

/* The kernel learns from it, too: as twin_neighbours(), once of all copies. */
static bool to_twin(struct nsk_worker *w, const struct iface *ifc, struct rte_mbuf *m)
{
	return !is_copy(pkt_of(m)) && twin_neighbours(w, ifc, m, pkt_of(m)->l3_off);
}

static void solicited(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m,
		      const struct nd_view *v)
{
	const struct pkt *p = pkt_of(m);
	const struct ip_addr src = ip_addr_v6(p->flow.src), target = ip_addr_v6(v->target);
	const struct iface_addr *own = iface_find_addr(ifc, &target);
	bool anycast = !own && is_anycast(w, ifc, &target);

	if (!own && !anycast) {
		if (to_twin(w, ifc, m))
			pkt_put(w, m);
		else
			pkt_drop(w, m, NSK_DROP_ND_NOT_OURS);
		return;
	}
	if (ip_addr_is_any(&src)) { /* RFC 4862 §5.4: it wants our address for itself */
		if (own && !is_copy(p))
			defend(w, ifc, own, true);
		pkt_drop(w, m, NSK_DROP_ND_CONFLICT);
		return;
	}
	if (v->has_mac && iface_on_link(ifc, &src))
		neigh_heard(w, ifc, &src, v->mac);
	if (!is_copy(p)) {
		if (w->peers > 1)
			w->ops->share(w, m);
		answer(w, ifc, m, v, anycast);
	}
	pkt_put(w, m);
}

/* An advertisement that names no link address says that the one we have is right. */
static bool learn(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *target,
		  const struct nd_view *v)
{
	const struct neigh *n = v->has_mac ? NULL : neigh_find(w, ifc->index, target);
	const uint8_t *mac = v->has_mac				? v->mac
			     : n && n->state >= NEIGH_REACHABLE ? n->header
								: NULL;

	if (!mac)
		return false;
	if (v->flags & ND_F_SOLICITED)
		return neigh_answered(w, ifc, target, mac);
	neigh_doubt(w, ifc, target, mac);
	return false;
}

static void advertised(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m,
		       const struct nd_view *v)
{
	const struct ip_addr target = ip_addr_v6(v->target);
	const struct iface_addr *own = iface_find_addr(ifc, &target);
	bool copy = is_copy(pkt_of(m)), asked, copied;

	if (own) {
		if (!copy)
			defend(w, ifc, own, false);
		pkt_drop(w, m, NSK_DROP_ND_CONFLICT);
		return;
	}
	asked = learn(w, ifc, &target, v);
	copied = to_twin(w, ifc, m);
	if (w->peers > 1 && !copy)
		w->ops->share(w, m);
	if (asked || copied ||
	    w->peers > 1) /* with several workers, perhaps another one had asked */
		pkt_put(w, m);
	else
		pkt_drop(w, m, NSK_DROP_ND_UNSOLICITED);
}

/* Routers are worker 0's business, of interfaces that learn from them (autoconf.h), unless we are
 * one (§6.2: as Linux's accept_ra = 1). Who is not on the link (§6.1.2) is judged first, so that he
 * has no part in what is looked at. */
static void router_advertised(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m,
			      const uint8_t *message)
{
	const struct pkt *p = pkt_of(m);
	const struct ip_addr router = ip_addr_v6(p->flow.src);
	bool good = p->ttl == ND_HOP_LIMIT && ip_addr_is_link_local(&router), copied;
	struct ra_view v;

	copied = good && to_twin(w, ifc, m);
	if (!ifc->automatic || is_router(w)) {
		if (copied)
			pkt_put(w, m);
		else
			pkt_drop(w, m, NSK_DROP_ND_IGNORED);
		return;
	}
	if (!good) {
		pkt_drop(w, m, NSK_DROP_ND_MALFORMED);
		return;
	}
	if (w->id != 0) {
		w->ops->steer(w, 0, m);
		return;
	}
	if (!limiter_allow(&w->net->heard[ifc->index], w->now_ns, NS_PER_SEC / AUTO_HEARD_RATE,
			   AUTO_HEARD_BURST)) {
		pkt_drop(w, m, NSK_DROP_ND_IGNORED);
		return;
	}
	if (ra_parse(message, p->l4_len, p->flow.src, p->ttl, &v)) {
		pkt_drop(w, m, NSK_DROP_ND_MALFORMED);
		return;
	}
	worker_count(w, NSK_CNT_ND_ROUTER_ADVERTS, 1);
	pkt_put(w, m);
	if (v.has_mac)
		neigh_heard(w, ifc, &router, v.mac);
	autoconf_heard(w, ifc, &router, &v);
}

/* In one piece, which it is unless buffers are small. NULL: it is too long for that. */
static const uint8_t *read_message(struct rte_mbuf *m, uint8_t room[MESSAGE_MAX])
{
	const struct pkt *p = pkt_of(m);
	uint32_t off = (uint32_t)(p->l4_off - m->data_off);

	if (off + p->l4_len > m->data_len && p->l4_len > MESSAGE_MAX)
		return NULL;
	return rte_pktmbuf_read(m, off, p->l4_len, room);
}

void nd_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	struct iface *ifc = w->net->snap->iface[p->iface];
	uint8_t room[MESSAGE_MAX];
	const uint8_t *message = read_message(m, room);
	struct nd_view v;

	/* RFC 4862 §5.4.3: what we have said ourselves, and a link gives back, means nothing. */
	if (ifc->ethernet && !is_copy(p) && eth_mac_equal(came_from(m), ifc->mac.b))
		pkt_drop(w, m, NSK_DROP_ND_IGNORED);
	else if (!ifc->ethernet || !message)
		pkt_drop(w, m, NSK_DROP_ND_MALFORMED);
	else if (message[0] == ICMP6_ROUTER_ADVERT)
		router_advertised(w, ifc, m, message);
	else if (nd_neigh_parse(message, p->l4_len, p->flow.src, p->flow.dst, p->ttl, &v))
		pkt_drop(w, m, NSK_DROP_ND_MALFORMED);
	else if (v.type == ICMP6_NEIGH_SOLICIT)
		solicited(w, ifc, m, &v);
	else
		advertised(w, ifc, m, &v);
}
