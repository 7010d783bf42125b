/* SPDX-License-Identifier: BSD-3-Clause */
/* The DHCP client: states and messages; see dhcp.h. RFC 2131 §3, §4.1, §4.4. */
#include "net/dhcp.h"

#include <string.h>

#include <rte_mbuf.h>

#include "mbuf/pool.h"
#include "mbuf/shared.h"
#include "net/net.h"
#include "net/tx.h"
#include "wire/family.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)
#define TOLD_FIRST 2  /* messages without an answer that are told of, */
#define TOLD_EVERY 15 /* and again after so many: a quarter of an hour */

static struct dhcp *of(const struct nsk_worker *w, const struct iface *ifc)
{
	return w->net->dhcp[ifc->index];
}

const char *dhcp_state_name(unsigned state)
{
	static const char *const names[] = {
		[DHCP_INIT] = "init",
		[DHCP_SELECTING] = "selecting",
		[DHCP_REQUESTING] = "requesting",
		[DHCP_BOUND] = "bound",
		[DHCP_RENEWING] = "renewing",
		[DHCP_REBINDING] = "rebinding",
	};

	return state < NSK_ARRAY_LEN(names) ? names[state] : "invalid";
}

static const char *text_of(uint32_t addr, char *text, size_t size)
{
	const struct ip_addr a = ip_addr_from_host32(addr);

	return ip_addr_format(&a, text, size);
}

static bool has_lease(const struct dhcp *d)
{
	return d->lease.prefix.addr.family;
}

static uint32_t lease_addr(const struct dhcp *d)
{
	return has_lease(d) ? ip_addr_host32(&d->lease.prefix.addr) : 0;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* The IP packet of a message; NULL and counted without a buffer. */
static struct rte_mbuf *make_packet(struct nsk_worker *w, const struct dhcp_message *msg,
				    uint32_t dst)
{
	struct rte_mbuf *m = pkt_alloc_control(w);
	uint8_t *p = m ? (uint8_t *)rte_pktmbuf_append(m, IPV4_HLEN + UDP_HLEN + DHCP_SENT_MAX)
		       : NULL;
	uint16_t len;

	if (!p) {
		rte_pktmbuf_free(m);
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		return NULL;
	}
	len = (uint16_t)(UDP_HLEN + dhcp_write(p + IPV4_HLEN + UDP_HLEN, msg));
	rte_pktmbuf_trim(m, (uint16_t)(UDP_HLEN + DHCP_SENT_MAX - len));
	ipv4_write_summed(p, &(struct ipv4_view){.src = msg->addr,
						 .dst = dst,
						 .total_len = (uint16_t)(IPV4_HLEN + len),
						 .ttl = 64,
						 .proto = IP_PROTO_UDP});
	udp_write(p + IPV4_HLEN, DHCP_PORT_CLIENT, DHCP_PORT_SERVER, len);
	udp_set_checksum(p + IPV4_HLEN, len,
			 csum_pseudo4(p + IPV4_SRC_OFF, p + IPV4_DST_OFF, IP_PROTO_UDP, len));
	return m;
}

static void send_to_all(struct nsk_worker *w, struct iface *ifc, const struct dhcp_message *msg)
{
	static const uint8_t everybody[ETH_MAC_LEN] = {255, 255, 255, 255, 255, 255};
	struct rte_mbuf *m = make_packet(w, msg, UINT32_MAX);
	uint8_t *p = m ? (uint8_t *)rte_pktmbuf_prepend(m, ETH_HLEN) : NULL;

	if (!m)
		return;
	if (!p) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	eth_write(p, everybody, ifc->mac.b, ETH_TYPE_IPV4);
	net_tx(w, ifc, m);
}

/* To one server, whose link address is asked for; to all where no way leads to it. */
static void send_to_server(struct nsk_worker *w, struct iface *ifc, const struct dhcp_message *msg,
			   uint32_t server)
{
	const struct ip_addr dst = ip_addr_from_host32(server);
	struct ip_addr src = ip_addr_from_host32(msg->addr);
	struct route_cache rc;
	struct rte_mbuf *m;

	if (net_route(w, &rc, &dst, &src) || rc.iface != ifc) {
		send_to_all(w, ifc, msg);
		return;
	}
	m = make_packet(w, msg, server);
	if (m)
		net_output(w, &rc, m);
}

static struct dhcp_message message(struct nsk_worker *w, const struct iface *ifc, struct dhcp *d,
				   uint8_t type)
{
	struct dhcp_message msg = {.type = type, .xid = d->xid, .secs = d->secs};

	memcpy(msg.mac, ifc->mac.b, ETH_MAC_LEN);
	worker_count(w, NSK_CNT_DHCP_SENT, 1);
	return msg;
}

/* §4.1: 4, 8, … 64 s, a second more or less. */
static uint64_t next_try(struct nsk_worker *w, const struct dhcp *d)
{
	uint32_t doubled = NSK_MIN(d->tries, 5u) - 1;
	uint32_t ms = NSK_MIN((uint32_t)DHCP_FIRST_S << doubled, (uint32_t)DHCP_LONGEST_S) * 1000;

	return w->now_ns + (ms - 1000 + rng_below(&w->rng, 2001)) * NS_PER_MS;
}

static void discover(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	struct dhcp_message msg;

	d->secs = (uint16_t)NSK_MIN((w->now_ns - d->begun_ns) / NS_PER_SEC, (uint64_t)UINT16_MAX);
	msg = message(w, ifc, d, DHCP_DISCOVER);
	msg.broadcast = true;
	send_to_all(w, ifc, &msg);
	d->tries++;
	d->at_ns = next_try(w, d);
}

/* For what was offered: so that others whose offers were not taken hear of it. */
static void request(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	struct dhcp_message msg = message(w, ifc, d, DHCP_REQUEST);

	msg.broadcast = true;
	msg.asked = d->offer.addr;
	msg.server = d->offer.server;
	send_to_all(w, ifc, &msg);
	d->tries++;
	d->at_ns = next_try(w, d);
}

/* Before T2 every server is asked because the link was away: soon again, since what comes first may
 * be lost on a link that has just come, and the address be another network's. */
static bool is_hurry(const struct nsk_worker *w, const struct dhcp *d)
{
	return d->state == DHCP_REBINDING && w->now_ns < d->lease.t2_ns &&
	       d->tries <= DHCP_RETURN_TRIES;
}

/* More time for what there is; each time a question of its own, so that an answer counts from it.
 */
static void extend(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	uint64_t until_ns = d->state == DHCP_RENEWING ? d->lease.t2_ns : d->lease.end_ns, half_ns;
	struct dhcp_message msg;

	d->xid = rng_u32(&w->rng);
	d->sent_ns = w->now_ns;
	d->secs = 0;
	msg = message(w, ifc, d, DHCP_REQUEST);
	msg.addr = lease_addr(d);
	if (d->state == DHCP_RENEWING)
		send_to_server(w, ifc, &msg, d->lease.server);
	else
		send_to_all(w, ifc, &msg);
	d->tries++;
	/* A lease for ever is asked about for that reason alone. */
	if (!until_ns || is_hurry(w, d)) {
		d->at_ns = next_try(w, d);
		return;
	}
	half_ns = until_ns > w->now_ns ? (until_ns - w->now_ns) / 2 : 0;
	d->at_ns = NSK_MIN(w->now_ns + NSK_MAX(half_ns, DHCP_SHORTEST_S * NS_PER_SEC), until_ns);
}

static void decline(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	struct dhcp_message msg;

	d->xid = rng_u32(&w->rng);
	msg = message(w, ifc, d, DHCP_DECLINE);
	msg.asked = lease_addr(d);
	msg.server = d->lease.server;
	send_to_all(w, ifc, &msg);
}

/* ---- states ---------------------------------------------------------------------------------- */

static void enter(struct dhcp *d, enum dhcp_state state)
{
	d->state = (uint8_t)state;
	d->tries = 0;
	d->unshown = true;
}

/* From the start, without a lease. */
static void restart(struct nsk_worker *w, struct dhcp *d, uint64_t delay_ms)
{
	enter(d, DHCP_INIT);
	memset(&d->lease, 0, sizeof(d->lease));
	dhcp_set_routes(d, NULL);
	d->at_ns = w->now_ns + delay_ms * NS_PER_MS;
}

static void select_server(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	enter(d, DHCP_SELECTING);
	d->xid = rng_u32(&w->rng);
	d->begun_ns = w->now_ns;
	d->dropped = 0;
	discover(w, ifc, d);
}

void dhcp_begin(struct nsk_worker *w, struct iface *ifc)
{
	struct dhcp *d = of(w, ifc);

	if (!d) {
		d = mem_zalloc(w->mem, sizeof(*d));
		if (!d) { /* the next time that its link comes */
			LOG_ERR(w->log, "dhcp", "%s: no memory for a lease", ifc->name);
			return;
		}
		d->unshown = true;
		__atomic_store_n(&w->net->dhcp[ifc->index], d, __ATOMIC_RELEASE);
	}
	if (has_lease(d)) { /* it may be another link: its servers say so */
		enter(d, DHCP_REBINDING);
		d->at_ns = w->now_ns;
	} else {
		restart(w, d, rng_below(&w->rng, DHCP_START_MS + 1));
	}
	net_tick_by(w, d->at_ns);
}

static void take_lease(struct nsk_worker *w, struct iface *ifc, struct dhcp *d,
		       const struct dhcp_view *v, const struct dhcp_lease *lease)
{
	bool first = !has_lease(d);
	char text[IP_PREFIX_STRLEN], server[IP_ADDR_STRLEN], router[IP_ADDR_STRLEN] = "";

	for (unsigned i = 0; i < v->nroutes && !router[0]; i++)
		if (v->route[i].len == 0)
			text_of(v->route[i].gateway, router, sizeof(router));
	if (first)
		LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_INFO, "dhcp",
			 "%s: %s of server %s for %u s%s%s", ifc->name,
			 ip_prefix_format(&lease->prefix, text, sizeof(text)),
			 text_of(lease->server, server, sizeof(server)), lease->lease_s,
			 router[0] ? ", default route by " : ", without a default route", router);
	enter(d, DHCP_BOUND);
	d->lease = *lease;
	d->at_ns = lease->t1_ns;
	dhcp_set_routes(d, v);
}

/* ---- what servers say ------------------------------------------------------------------------ */

/* Of another transaction, for somebody else, or of no use in this state. */
static bool is_ours(const struct iface *ifc, const struct dhcp *d, const struct dhcp_view *v)
{
	if (v->xid != d->xid || !eth_mac_equal(v->mac, ifc->mac.b))
		return false;
	/* RFC 6842 §3: who repeats an identifier repeats ours. */
	if (v->has_client_id &&
	    (v->client_id[0] != 1 || !eth_mac_equal(v->client_id + 1, ifc->mac.b)))
		return false;
	switch ((enum dhcp_state)d->state) {
	case DHCP_SELECTING:
		return v->type == DHCP_OFFER;
	case DHCP_REQUESTING:
		return v->type != DHCP_OFFER && v->server == d->offer.server;
	case DHCP_RENEWING:
	case DHCP_REBINDING:
		return v->type != DHCP_OFFER;
	default:
		return false;
	}
}

/* §3.1 (4), §4.4.5: what there is must not be used any more. Who refuses each time does not make us
 * ask each time. */
static void refused(struct nsk_worker *w, struct iface *ifc, struct dhcp *d,
		    const struct dhcp_view *v)
{
	char server[IP_ADDR_STRLEN];
	uint32_t delay_ms = d->failures ? 1000u << NSK_MIN(d->failures, (uint8_t)6) : 0;

	LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "dhcp",
		 "%s: server %s refuses%s%s: it begins again in %u s", ifc->name,
		 text_of(v->server, server, sizeof(server)), v->text[0] ? ": " : "", v->text,
		 delay_ms / 1000);
	if (d->failures < UINT8_MAX)
		d->failures++;
	restart(w, d, delay_ms);
}

/* False: it cannot be believed. */
static bool answered(struct nsk_worker *w, struct iface *ifc, struct dhcp *d,
		     const struct dhcp_view *v)
{
	uint32_t expected = d->state == DHCP_REQUESTING ? d->offer.addr : lease_addr(d);
	struct dhcp_lease lease;

	if (v->type == DHCP_NAK) {
		refused(w, ifc, d, v);
		return true;
	}
	if (!dhcp_read_lease(w, ifc, v, d->state == DHCP_SELECTING ? w->now_ns : d->sent_ns,
			     &lease) ||
	    (v->type == DHCP_ACK && v->addr != expected))
		return false;
	if (v->type == DHCP_ACK) {
		take_lease(w, ifc, d, v, &lease);
		return true;
	}
	enter(d, DHCP_REQUESTING);
	d->offer = *v;
	d->sent_ns = w->now_ns;
	request(w, ifc, d);
	return true;
}

static enum nsk_drop take(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	struct dhcp *d = of(w, ifc);
	uint8_t room[DHCP_MOST];
	struct dhcp_view v;
	const uint8_t *data;
	enum nsk_drop bad;

	if (!d || load_be16(&p->flow.sport_be) != DHCP_PORT_SERVER)
		return NSK_DROP_DHCP_NOT_OURS;
	data = p->pay_len <= sizeof(room)
		       ? rte_pktmbuf_read(m, (uint32_t)(p->pay_off - m->data_off), p->pay_len, room)
		       : NULL;
	bad = data ? dhcp_parse(data, p->pay_len, &v) : NSK_DROP_DHCP_MALFORMED;
	if (!bad && !is_ours(ifc, d, &v))
		bad = NSK_DROP_DHCP_NOT_OURS;
	if (!bad && !answered(w, ifc, d, &v))
		bad = NSK_DROP_DHCP_REFUSED;
	d->dropped += bad == NSK_DROP_DHCP_MALFORMED || bad == NSK_DROP_DHCP_REFUSED;
	return bad;
}

void dhcp_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	enum nsk_drop bad;

	if (w->id != 0) {
		w->ops->steer(w, 0, m);
		return;
	}
	bad = take(w, ifc, m);
	if (bad) {
		pkt_drop(w, m, bad);
		return;
	}
	worker_count(w, NSK_CNT_DHCP_RECEIVED, 1);
	pkt_put(w, m);
	net_tick(w);
}

/* ---- with time ------------------------------------------------------------------------------- */

/* Nobody answers: what was tried, and where to look. */
static void tell_of_silence(struct nsk_worker *w, const struct iface *ifc, const struct dhcp *d)
{
	char mac[ETH_ADDR_STRLEN];

	if (d->tries < TOLD_FIRST || (d->tries - TOLD_FIRST) % TOLD_EVERY)
		return;
	LOG_WARN(
		w->log, "dhcp",
		"%s: no DHCP server has answered %u times DISCOVER in %u s, from %s by broadcast, UDP "
		"port 68 to 67 (%u answers were no use: nskctl drops). Is a server on this link? It "
		"is asked again at least every %d s",
		ifc->name, d->tries, (unsigned)((w->now_ns - d->begun_ns) / NS_PER_SEC),
		eth_addr_format(&ifc->mac, mac, sizeof(mac)), d->dropped, DHCP_LONGEST_S + 1);
}

static void give_up_offer(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	char addr[IP_ADDR_STRLEN], server[IP_ADDR_STRLEN];

	LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "dhcp",
		 "%s: server %s has offered %s and does not answer %d requests for it: others are "
		 "asked",
		 ifc->name, text_of(d->offer.server, server, sizeof(server)),
		 text_of(d->offer.addr, addr, sizeof(addr)), DHCP_REQUESTS);
	select_server(w, ifc, d);
}

static void expire(struct nsk_worker *w, const struct iface *ifc, struct dhcp *d)
{
	char text[IP_PREFIX_STRLEN];

	LOG_RATE(
		w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "dhcp",
		"%s: no server has extended the lease of %s: address and routes go, it begins again",
		ifc->name, ip_prefix_format(&d->lease.prefix, text, sizeof(text)));
	restart(w, d, 0);
}

static void rebind(struct nsk_worker *w, const struct iface *ifc, struct dhcp *d)
{
	char server[IP_ADDR_STRLEN];

	LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "dhcp",
		 "%s: server %s does not extend the lease: every server is asked", ifc->name,
		 text_of(d->lease.server, server, sizeof(server)));
	enter(d, DHCP_REBINDING);
}

/* RFC 2131 §3.1 (5): another station has it (announce.c, arp.c). */
static bool is_conflict(struct iface *ifc, const struct dhcp *d)
{
	const struct iface_addr *a =
		d->given.addr.family && !d->foreign ? iface_have_addr(ifc, &d->given.addr) : NULL;

	return a && iface_addr_state(a) == IFACE_ADDR_DUPLICATE;
}

static void leave_to_other(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	if (has_lease(d))
		decline(w, ifc, d);
	restart(w, d, (DHCP_DECLINED_S * 1000u) << NSK_MIN(d->failures, (uint8_t)DHCP_DECLINES));
	if (d->failures < UINT8_MAX)
		d->failures++;
}

/* What is due in a state. */
static void step(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	switch ((enum dhcp_state)d->state) {
	case DHCP_INIT:
		select_server(w, ifc, d);
		return;
	case DHCP_SELECTING:
		tell_of_silence(w, ifc, d);
		discover(w, ifc, d);
		return;
	case DHCP_REQUESTING:
		if (d->tries >= DHCP_REQUESTS)
			give_up_offer(w, ifc, d);
		else
			request(w, ifc, d);
		return;
	case DHCP_BOUND:
		d->failures = 0;
		enter(d, DHCP_RENEWING);
		extend(w, ifc, d);
		return;
	case DHCP_RENEWING:
		if (w->now_ns >= d->lease.t2_ns)
			rebind(w, ifc, d);
		extend(w, ifc, d);
		return;
	case DHCP_REBINDING:
		extend(w, ifc, d);
		return;
	}
}

/* Whoever looks finds the last one that could be shown. */
static void show(struct nsk_worker *w, struct dhcp *d)
{
	if (!d->unshown || pthread_mutex_trylock(&w->shared->addr_lock)) {
		d->again |= d->unshown;
		return;
	}
	d->shown = (struct dhcp_shown){.state = d->state, .tries = d->tries, .lease = d->lease};
	if (!d->foreign)
		d->shown.held = d->given;
	pthread_mutex_unlock(&w->shared->addr_lock);
	d->unshown = false;
}

static uint64_t run(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	uint64_t next;

	if (has_lease(d) && d->lease.end_ns && w->now_ns >= d->lease.end_ns)
		expire(w, ifc, d);
	else if (is_conflict(ifc, d))
		leave_to_other(w, ifc, d);
	if (d->at_ns && w->now_ns >= d->at_ns && tx_may_send(ifc)) {
		step(w, ifc, d);
		d->unshown = true;
	}
	next = dhcp_apply(w, ifc, d);
	show(w, d);
	if (d->again)
		next = NSK_MIN(next, w->now_ns + NS_PER_MS);
	if (d->at_ns > w->now_ns)
		next = NSK_MIN(next, d->at_ns);
	if (has_lease(d) && d->lease.end_ns)
		next = NSK_MIN(next, d->lease.end_ns);
	return next;
}

uint64_t dhcp_run(struct nsk_worker *w)
{
	const struct net_snapshot *snap = w->net->snap;
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < snap->nifaces; i++) {
		struct dhcp *d = of(w, snap->iface[i]);
		uint64_t at_ns = d ? run(w, snap->iface[i], d) : UINT64_MAX;

		next = NSK_MIN(next, at_ns);
	}
	return next;
}

bool dhcp_look(struct nsk_worker *w, const struct iface *ifc, struct dhcp_shown *as)
{
	const struct dhcp *d = __atomic_load_n(&w->net->dhcp[ifc->index], __ATOMIC_ACQUIRE);

	if (!d)
		return false;
	pthread_mutex_lock(&w->shared->addr_lock);
	*as = d->shown;
	pthread_mutex_unlock(&w->shared->addr_lock);
	return true;
}

bool dhcp_holds(struct nsk_worker *w, const struct iface *ifc, const struct ip_prefix *prefix)
{
	struct dhcp_shown d;

	return dhcp_look(w, ifc, &d) && d.held.addr.family && ip_prefix_eq(&d.held, prefix);
}

void dhcp_fini(struct nsk_worker *w)
{
	for (unsigned i = 0; i < IFACE_MAX; i++)
		if (w->net->dhcp[i])
			mem_free(w->mem, w->net->dhcp[i], sizeof(*w->net->dhcp[i]));
}
