/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reports and leave messages on their way: records of what has changed, of what is, and of what was
 * asked for (RFC 3376 §4.2, §5, RFC 3810 §5.2, §6), as many in a packet as it takes, and the
 * messages of older versions, a group each.
 */
#include "net/report.h"

#include <rte_mbuf.h>

#include "mbuf/pkt.h"
#include "mbuf/pool.h"
#include "net/net.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/family.h"
#include "wire/icmp.h"

const struct report_kind report_kinds[REPORT_FAMILIES] = {
	{
		.family = AF_INET,
		.newest = 3,
		.leaves_from = 2,
		.addr_len = 4,
		.ip_hlen = IGMP_IP_HLEN,
		.report = IGMP_V3_REPORT,
		.old_report = {0, IGMP_V1_REPORT, IGMP_V2_REPORT},
		.leave = IGMP_V2_LEAVE,
		.unsolicited_ms = {0, 10000, 10000, 1000},
		.all_hosts = {.b = {224, 0, 0, 1}, .family = AF_INET},
		.reports_to = {.b = {224, 0, 0, 22}, .family = AF_INET},
		.leaves_to = {.b = {224, 0, 0, 2}, .family = AF_INET},
		.queries = NSK_CNT_IGMP_QUERIES,
		.sent = NSK_CNT_IGMP_REPORTS_SENT,
		.query = igmp_query_parse,
		.report_group = igmp_report_group,
		.old_write = igmp_old_write,
		.ip_write = igmp_ip_write,
	},
	{
		.family = AF_INET6,
		.newest = 2,
		.leaves_from = 1,
		.addr_len = 16,
		.ip_hlen = MLD_IP_HLEN,
		.report = MLD_V2_REPORT,
		.old_report = {0, MLD_V1_REPORT, MLD_V1_REPORT},
		.leave = MLD_V1_DONE,
		.unsolicited_ms = {0, 10000, 1000},
		.all_hosts = {.b = {0xff, 2, [15] = 1}, .family = AF_INET6},
		.reports_to = {.b = {0xff, 2, [15] = 0x16}, .family = AF_INET6},
		.leaves_to = {.b = {0xff, 2, [15] = 2}, .family = AF_INET6},
		.queries = NSK_CNT_MLD_QUERIES,
		.sent = NSK_CNT_MLD_REPORTS_SENT,
		.query = mld_query_parse,
		.report_group = mld_report_group,
		.old_write = mld_old_write,
		.ip_write = mld_ip_write,
	},
};

/* ---- packets --------------------------------------------------------------------------------- */

/* Where a message comes from: of MLD the link-local address, or nobody while there is none that is
 * surely ours (RFC 3590); of IGMP one of ours, or nobody (RFC 3376 §4.2.13). */
static struct ip_addr source(struct report_side *side, const struct ip_addr *dst)
{
	const struct ip_addr *own;
	struct ip_addr link;

	if (side->kind->family == AF_INET6) {
		if (side->named && net_link_local(side->ifc, &link))
			return link;
		side->unnamed_sent = true;
		return ip_addr_any(AF_INET6);
	}
	own = iface_source(side->ifc, dst);
	return own ? *own : ip_addr_any(AF_INET);
}

/* The message of len bytes stands in m behind room for the IP header, its checksum is 0. Consumes
 * m. */
static void send_message(struct nsk_worker *w, struct report_side *side, struct rte_mbuf *m,
			 size_t len, const struct ip_addr *dst)
{
	const struct report_kind *kind = side->kind;
	const struct ip_addr src = source(side, dst);
	const struct eth_addr mac = eth_addr_of_multicast(dst);
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), *message = p + kind->ip_hlen;
	uint32_t pseudo = kind->family == AF_INET6
				  ? csum_pseudo6(src.b, dst->b, IP_PROTO_ICMPV6, (uint32_t)len)
				  : 0;

	icmp_store_checksum(message, wire_checksum(message, len, pseudo));
	kind->ip_write(p, src.b, dst->b, len);
	m->data_len = (uint16_t)(kind->ip_hlen + len);
	m->pkt_len = m->data_len;
	if (side->ifc->ethernet) {
		p = (uint8_t *)rte_pktmbuf_prepend(m, ETH_HLEN);
		if (!p) {
			pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
			return;
		}
		eth_write(p, mac.b, side->ifc->mac.b,
			  kind->family == AF_INET6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4);
	}
	worker_count(w, kind->sent, 1);
	net_tx(w, side->ifc, m);
}

static struct rte_mbuf *alloc(struct nsk_worker *w)
{
	struct rte_mbuf *m = pkt_alloc_control(w);

	if (!m)
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
	return m;
}

/* ---- records --------------------------------------------------------------------------------- */

/* Reports that grow until they are full. */
struct out {
	struct nsk_worker *w;
	struct report_side *side;
	struct rte_mbuf *m; /* NULL: none has been begun */
	struct groupmsg_report report;
};

static bool begin(struct out *o)
{
	const struct report_kind *kind = o->side->kind;
	uint32_t room;

	o->m = alloc(o->w);
	if (!o->m)
		return false;
	room = NSK_MIN(iface_mtu(o->side->ifc, kind->family), (uint32_t)rte_pktmbuf_tailroom(o->m));
	groupmsg_begin(&o->report, kind->report, kind->addr_len,
		       rte_pktmbuf_mtod_offset(o->m, uint8_t *, kind->ip_hlen),
		       NSK_MAX(room, kind->ip_hlen + (uint32_t)GROUPMSG_HEAD) - kind->ip_hlen);
	return true;
}

static void flush(struct out *o)
{
	if (!o->m)
		return;
	if (o->report.records)
		send_message(o->w, o->side, o->m, o->report.len, &o->side->kind->reports_to);
	else
		pkt_put(o->w, o->m);
	o->m = NULL;
}

/* In this packet, or in the next one. False: not in any. */
static bool put_record(struct out *o, enum groupmsg_record type, const struct ip_addr *group,
		       unsigned sources)
{
	if (o->m && groupmsg_record(&o->report, type, group->b, sources))
		return true;
	flush(o);
	return begin(o) && groupmsg_record(&o->report, type, group->b, sources);
}

/* Which senders of a group. */
typedef bool chooses(const struct report_group *g, const struct report_source *s);

static bool of_list(const struct report_group *g, const struct report_source *s)
{
	(void)g;
	return s->in;
}

static bool allowed(const struct report_group *g, const struct report_source *s)
{
	return s->left && s->in != g->exclude;
}

static bool blocked(const struct report_group *g, const struct report_source *s)
{
	return s->left && s->in == g->exclude;
}

/*
 * A record with some senders; without any there is none, unless it says a mode. One that does not
 * fit is cut in several, but what a mode excludes is left out (RFC 3376 §4.2.16): then too much
 * comes, not too little.
 */
static void put_sources(struct out *o, enum groupmsg_record type, const struct report_group *g,
			chooses *chosen)
{
	bool mode = type == GROUPMSG_IS_EX || type == GROUPMSG_TO_EX, begun = false;

	if (mode || type == GROUPMSG_TO_IN)
		begun = put_record(o, type, &g->addr, mode && g->nsources ? 1 : 0);
	for (unsigned i = 0; i < g->nsources; i++) {
		const uint8_t *addr = g->source[i].addr.b;

		if (!chosen(g, &g->source[i]) || (begun && groupmsg_source(&o->report, addr)))
			continue;
		if (begun && mode)
			return;
		begun = put_record(o, type, &g->addr, 1) && groupmsg_source(&o->report, addr);
		if (!begun)
			return;
	}
}

static void put_state(struct out *o, const struct report_group *g)
{
	put_sources(o, g->exclude ? GROUPMSG_IS_EX : GROUPMSG_IS_IN, g, of_list);
}

static void put_changes(struct out *o, const struct report_group *g)
{
	if (g->left) {
		put_sources(o, g->exclude ? GROUPMSG_TO_EX : GROUPMSG_TO_IN, g, of_list);
		return;
	}
	put_sources(o, GROUPMSG_ALLOW, g, allowed);
	put_sources(o, GROUPMSG_BLOCK, g, blocked);
}

/* RFC 3376 §5.2: of those that were asked for, who is heard. */
static void put_asked(struct out *o, const struct report_group *g)
{
	bool begun = false;

	for (unsigned i = 0; i < g->nasked; i++) {
		bool listed = false;

		for (unsigned k = 0; k < g->nsources; k++)
			listed |= g->source[k].in && ip_addr_eq(&g->source[k].addr, &g->asked[i]);
		if (listed == g->exclude || (begun && groupmsg_source(&o->report, g->asked[i].b)))
			continue;
		begun = put_record(o, GROUPMSG_IS_IN, &g->addr, 1) &&
			groupmsg_source(&o->report, g->asked[i].b);
		if (!begun)
			return;
	}
}

/* ---- messages of older versions -------------------------------------------------------------- */

static void send_old(struct nsk_worker *w, struct report_side *side, const struct report_group *g,
		     bool leave)
{
	const struct report_kind *kind = side->kind;
	struct rte_mbuf *m = alloc(w);
	size_t len;

	if (!m)
		return;
	if (rte_pktmbuf_tailroom(m) < kind->ip_hlen + GROUPMSG_OLD_MAX) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	len = kind->old_write(rte_pktmbuf_mtod_offset(m, uint8_t *, kind->ip_hlen),
			      leave ? kind->leave : kind->old_report[side->version], g->addr.b);
	send_message(w, side, m, len, leave ? &kind->leaves_to : &g->addr);
}

/* RFC 2236 §3: who has not been the last to report may leave in silence. */
static void change_old(struct nsk_worker *w, struct report_side *side, struct report_group *g)
{
	bool joined = report_is_joined(g);

	if (joined || (g->last && side->version >= side->kind->leaves_from))
		send_old(w, side, g, !joined);
	g->last = joined;
	g->left = joined && g->left ? (uint8_t)(g->left - 1) : 0;
}

/* ---- what is due ----------------------------------------------------------------------------- */

/* It was told once more. */
static bool told(struct report_group *g)
{
	bool more = false;
	unsigned n = 0;

	if (g->left)
		g->left--;
	for (unsigned i = 0; i < g->nsources; i++) {
		struct report_source *s = &g->source[i];

		s->left = s->left ? (uint8_t)(s->left - 1) : 0;
		more |= s->left > 0;
		if (s->in || s->left)
			g->source[n++] = *s;
	}
	g->nsources = (uint16_t)n;
	return more || g->left;
}

/* All that is due together stays together. */
void report_send_changes(struct nsk_worker *w, struct report_side *side)
{
	uint64_t next_ns = report_pick(w, side->kind->unsolicited_ms[side->version]);
	struct out o = {.w = w, .side = side};
	struct report_group *g;
	bool more;

	REPORT_FOREACH(side, g)
	{
		if (!g->change_ns || w->now_ns < g->change_ns)
			continue;
		if (side->version < side->kind->newest) {
			change_old(w, side, g);
			more = g->left > 0;
		} else {
			put_changes(&o, g);
			more = told(g);
		}
		g->change_ns = more ? next_ns : 0;
	}
	flush(&o);
}

void report_send_all(struct nsk_worker *w, struct report_side *side)
{
	struct out o = {.w = w, .side = side};
	struct report_group *g;

	side->general_ns = 0;
	REPORT_FOREACH(side, g)
	if (g->wanted)
		put_state(&o, g);
	flush(&o);
}

void report_send_answers(struct nsk_worker *w, struct report_side *side)
{
	struct out o = {.w = w, .side = side};
	struct report_group *g;

	REPORT_FOREACH(side, g)
	{
		if (!g->answer_ns || w->now_ns < g->answer_ns)
			continue;
		g->answer_ns = 0;
		if (side->version < side->kind->newest) {
			send_old(w, side, g, false);
			g->last = true;
		} else if (g->nasked) {
			put_asked(&o, g);
		} else {
			put_state(&o, g);
		}
		g->nasked = 0;
	}
	flush(&o);
}
