/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What others on the link say about groups: queries, whose answers are put off for a random time
 * (RFC 3376 §5.2, RFC 3810 §6.2), reports of older versions, which make ours needless (RFC 2236 §3,
 * RFC 2710 §4), and which version they speak (RFC 3376 §7.2, RFC 3810 §8.2).
 */
#include "net/report.h"

#include "base/mem.h"
#include "mbuf/pkt.h"
#include "mbuf/pool.h"
#include "net/net.h"

#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)

/* ---- versions -------------------------------------------------------------------------------- */

uint8_t report_version(const struct nsk_worker *w, const struct report_side *side,
		       uint64_t *until_ns)
{
	const struct report_kind *kind = side->kind;
	uint32_t forced = kind->family == AF_INET6 ? SETTING(w->set, mld_version)
						   : SETTING(w->set, igmp_version);

	if (forced)
		return (uint8_t)forced;
	for (uint8_t version = 1; version < kind->newest; version++) {
		if (side->old_end_ns[version] <= w->now_ns)
			continue;
		*until_ns = side->old_end_ns[version];
		return version;
	}
	return kind->newest;
}

/* RFC 3376 §8.12: as long as it takes until the querier asks again. */
static void hear_version(struct nsk_worker *w, struct report_side *side,
			 const struct groupmsg_query *q)
{
	uint64_t interval_s = side->interval_s ? side->interval_s : REPORT_INTERVAL_S, until;
	uint8_t version;

	if (q->version < side->kind->newest)
		side->old_end_ns[q->version] =
			w->now_ns + report_robustness(w, side) * interval_s * NS_PER_SEC +
			REPORT_RESPONSE_MS * NS_PER_MS;
	version = report_version(w, side, &until);
	if (version == side->version)
		return;
	report_cancel(w, side); /* RFC 3376 §7.2.1 */
	side->version = version;
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool is_asked(const struct report_group *g, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < g->nasked; i++)
		if (ip_addr_eq(&g->asked[i], addr))
			return true;
	return false;
}

/* Senders that are asked for too; none: all of the group, and so if there are too many. */
static void ask_for(struct nsk_worker *w, const struct report_kind *kind, struct report_group *g,
		    const struct groupmsg_query *q)
{
	if (!g->asked && q->nsources)
		g->asked = mem_alloc(w->mem, REPORT_ASKED_MAX * sizeof(*g->asked));
	if (!g->asked || !q->nsources) {
		g->nasked = 0;
		return;
	}
	for (unsigned i = 0; i < q->nsources; i++) {
		struct ip_addr addr = {.family = kind->family};

		memcpy(addr.b, q->source + (size_t)i * kind->addr_len, kind->addr_len);
		if (is_asked(g, &addr))
			continue;
		if (g->nasked == REPORT_ASKED_MAX) {
			g->nasked = 0;
			return;
		}
		g->asked[g->nasked++] = addr;
	}
}

/* RFC 3376 §5.2, rules 1 and 3 to 5: an answer about all that comes no later will do; else one
 * about the group, at the earlier of two times. */
static void ask_group(struct nsk_worker *w, struct report_side *side, struct report_group *g,
		      const struct groupmsg_query *q, uint64_t at_ns)
{
	if (side->general_ns && side->general_ns <= at_ns)
		return;
	if (!g->answer_ns) {
		g->nasked = 0;
		ask_for(w, side->kind, g, q);
	} else if (!q->nsources || !g->nasked) {
		g->nasked = 0;
	} else {
		ask_for(w, side->kind, g, q);
	}
	g->answer_ns = g->answer_ns ? NSK_MIN(g->answer_ns, at_ns) : at_ns;
}

/* RFC 2236 §3: a timer that runs is set anew if it would come too late. */
static void ask_old(struct nsk_worker *w, struct report_group *g, uint32_t most_ms)
{
	if (g->wanted && (!g->answer_ns || g->answer_ns > w->now_ns + most_ms * NS_PER_MS))
		g->answer_ns = report_pick(w, most_ms);
}

static void query_old(struct nsk_worker *w, struct report_side *side,
		      const struct groupmsg_query *q, struct report_group *asked)
{
	struct report_group *g;

	if (asked)
		ask_old(w, asked, q->max_resp_ms);
	if (!q->general)
		return;
	REPORT_FOREACH(side, g)
	ask_old(w, g, q->max_resp_ms);
}

static void query_new(struct nsk_worker *w, struct report_side *side,
		      const struct groupmsg_query *q, struct report_group *asked)
{
	uint64_t at_ns = report_pick(w, q->max_resp_ms);

	if (q->robustness)
		side->robustness = q->robustness;
	if (q->interval_s)
		side->interval_s = q->interval_s;
	if (asked && asked->wanted)
		ask_group(w, side, asked, q, at_ns);
	else if (q->general && (!side->general_ns || at_ns < side->general_ns))
		side->general_ns = at_ns;
}

static void query_heard(struct nsk_worker *w, struct report_side *side,
			const struct groupmsg_query *q)
{
	const struct ip_addr group = ip_addr_of(side->kind->family, q->group);
	struct report_group *asked;

	worker_count(w, side->kind->queries, 1);
	hear_version(w, side, q);
	asked = q->general ? NULL : report_find(side, &group);
	if (side->version < side->kind->newest)
		query_old(w, side, q, asked);
	else
		query_new(w, side, q, asked);
	net_tick(w);
}

/* Somebody else has reported a group: ours is needless, and so is our leave message. */
static void report_heard(struct report_side *side, const uint8_t *addr)
{
	struct ip_addr group = {.family = side->kind->family};
	struct report_group *g;

	memcpy(group.b, addr, side->kind->addr_len);
	g = report_find(side, &group);
	if (!g || !g->wanted || side->version == side->kind->newest)
		return;
	g->left = 0;
	g->change_ns = 0;
	g->answer_ns = 0;
	g->last = false;
}

/* ---- messages -------------------------------------------------------------------------------- */

/* A query about everything goes to everybody, if not to us alone (RFC 3376 §9.1). */
static bool is_well_sent(const struct report_kind *kind, const struct pkt *p,
			 const struct groupmsg_query *q)
{
	const struct ip_addr dst = ip_addr_of(p->family, p->flow.dst);

	return !q->general || !(p->flags & (PKT_F_IP_MCAST | PKT_F_IP_BCAST)) ||
	       ip_addr_eq(&dst, &kind->all_hosts);
}

/* RFC 3810 §6.2; of IGMP the router alert is not asked for, as in Linux. */
static bool is_from_link(struct rte_mbuf *m, bool query)
{
	const struct pkt *p = pkt_of(m);
	const struct ip_addr src = ip_addr_of(p->family, p->flow.src);

	if (p->ttl != GROUPMSG_HOPS)
		return false;
	if (p->family == AF_INET)
		return true;
	if (!query)
		return ip_addr_is_link_local(&src) || ip_addr_is_any(&src);
	return ip_addr_is_link_local(&src) &&
	       mld_is_alerted(pkt_at(m, p->l3_off), (size_t)(p->l4_off - p->l3_off));
}

static enum nsk_drop take_query(struct nsk_worker *w, struct report_side *side, struct rte_mbuf *m,
				const uint8_t *message, size_t len)
{
	struct groupmsg_query q;
	enum nsk_drop bad = side->kind->query(message, len, &q);

	if (bad)
		return bad;
	if (!is_well_sent(side->kind, pkt_of(m), &q))
		return NSK_DROP_GROUP_MALFORMED;
	if (!limiter_allow(&side->heard, w->now_ns, NS_PER_SEC / REPORT_HEARD_RATE,
			   REPORT_HEARD_BURST))
		return NSK_DROP_GROUP_FLOOD;
	query_heard(w, side, &q);
	return NSK_DROP_NONE;
}

static enum nsk_drop take_report(struct report_side *side, const uint8_t *message, size_t len)
{
	const uint8_t *group = side->kind->report_group(message, len);

	if (!group)
		return NSK_DROP_GROUP_MALFORMED;
	report_heard(side, group);
	return NSK_DROP_NONE;
}

static bool is_old_report(const struct report_kind *kind, uint8_t type)
{
	return type == kind->old_report[1] || type == kind->old_report[2];
}

static enum nsk_drop take(struct nsk_worker *w, struct rte_mbuf *m, size_t len)
{
	const struct pkt *p = pkt_of(m);
	const struct report_kind *kind = &report_kinds[p->family == AF_INET6];
	const uint8_t *message = pkt_at(m, p->l4_off);
	bool query = len && message[0] == (kind->family == AF_INET6 ? MLD_QUERY : IGMP_QUERY);
	struct report_side *side;

	if (len < p->l4_len || !len)
		return NSK_DROP_GROUP_MALFORMED;
	if (!query && !is_old_report(kind, message[0]))
		return NSK_DROP_GROUP_IGNORED;
	if (!is_from_link(m, query))
		return NSK_DROP_GROUP_MALFORMED;
	side = report_side_of(w, w->net->snap->iface[p->iface], p->family);
	if (!side)
		return NSK_DROP_GROUP_IGNORED;
	return query ? take_query(w, side, m, message, len) : take_report(side, message, len);
}

void report_input(struct nsk_worker *w, struct rte_mbuf *m, size_t len)
{
	enum nsk_drop bad;

	if (w->id != 0) {
		w->ops->steer(w, 0, m);
		return;
	}
	bad = take(w, m, len);
	if (bad)
		pkt_drop(w, m, bad);
	else
		pkt_put(w, m);
}
