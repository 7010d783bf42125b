/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that belong to no connection: RSTs to strangers (RFC 9293 §3.5.2, §3.10.7.1), SYN,ACKs
 * of embryos and cookies, ACKs of TIME-WAIT. Their buffers may come from the reserve.
 */
#include <string.h>

#include "ip/ip.h"
#include "mbuf/pool.h"
#include "tcp/output.h"
#include "tcp/segment.h"
#include "tcpalg/isn.h"
#include "wire/family.h"

uint32_t tcp_isn(const struct nsk_worker *w, const struct flow *flow, uint8_t family)
{
	uint32_t word[sizeof(*flow) / 4];

	if (NSK_UNLIKELY(family != AF_INET))
		return isn_make(&w->tcp->isn_key, flow, sizeof(*flow), w->now_ns);
	memcpy(word, flow, sizeof(word));
	return isn_make_12(&w->tcp->isn_key, (uint64_t)word[0] << 32 | word[4], word[8], w->now_ns);
}

/* A place is for an IPv4 pair; what is not found there is looked up, and takes the place over. */
static struct tcp_way *way_of(struct tcp_worker *t, const struct flow *flow)
{
	uint32_t peer, own;

	memcpy(&peer, flow->src, sizeof(peer));
	memcpy(&own, flow->dst, sizeof(own));
	return &t->ways[(peer * UINT32_C(0x9e3779b1) + own) >> (32 - TCP_WAYS_SHIFT)];
}

static bool way_is(const struct tcp_way *way, const struct flow *flow)
{
	return memcmp(way->peer, flow->src, 4) == 0 && memcmp(way->own, flow->dst, 4) == 0;
}

static uint32_t pair_ts_offset(const struct tcp_worker *t, const struct flow *flow)
{
	uint8_t pair[8];

	memcpy(pair, flow->src, 4);
	memcpy(pair + 4, flow->dst, 4);
	return isn_ts_offset(&t->ts_key, pair, sizeof(pair));
}

uint32_t tcp_ts_offset(const struct nsk_worker *w, const struct flow *flow, uint8_t family)
{
	const struct tcp_way *way = way_of(w->tcp, flow);

	if (NSK_UNLIKELY(family != AF_INET))
		return isn_ts_offset(&w->tcp->ts_key, flow, 32); /* both addresses */
	return NSK_LIKELY(way_is(way, flow)) ? way->ts_off : pair_ts_offset(w->tcp, flow);
}

/*
 * What net_route() would say again: nothing that it looks at has changed. A better way's link may
 * have come back, which no generation tells; so none is believed for long.
 */
static bool way_good(const struct nsk_worker *w, const struct tcp_way *way, const struct flow *flow)
{
	const struct route_cache *rc = &way->route;

	return way_is(way, flow) && w->tcp->now_ms - way->found_ms < TCP_WAY_MS &&
	       net_route_valid(w, rc) && rc->neigh && iface_running(rc->iface) &&
	       __atomic_load_n(&rc->iface->link_up, __ATOMIC_RELAXED) &&
	       rc->neigh->state >= NEIGH_REACHABLE && rc->neigh->list == NEIGH_LIST_ACTIVE;
}

/* Slow half of tcp_route(); way: the place to remember it in, or NULL. */
static NSK_NOINLINE int find_way(struct nsk_worker *w, struct route_cache *rc,
				 const struct flow *flow, uint8_t family, struct tcp_way *way)
{
	struct ip_addr dst = {.family = family}, src = dst;
	int err;

	memcpy(dst.b, flow->src, 16);
	memcpy(src.b, flow->dst, 16);
	err = net_route(w, rc, &dst, &src);
	if (err) {
		rc->iface = NULL;
		return err;
	}
	if (way) {
		way->route = *rc;
		way->found_ms = w->tcp->now_ms;
		way->ts_off = pair_ts_offset(w->tcp, flow);
		memcpy(way->peer, flow->src, 4);
		memcpy(way->own, flow->dst, 4);
	}
	return 0;
}

int tcp_route(struct nsk_worker *w, struct route_cache *rc, const struct flow *flow, uint8_t family)
{
	struct tcp_way *way;

	if (NSK_UNLIKELY(family != AF_INET))
		return find_way(w, rc, flow, family, NULL);
	way = way_of(w->tcp, flow);
	if (NSK_UNLIKELY(!way_good(w, way, flow)))
		return find_way(w, rc, flow, family, way);
	*rc = way->route;
	return 0;
}

static unsigned write_options(uint8_t *p, const struct tcp_control *ctl, const struct iface *ifc)
{
	struct tcp_opts o;
	uint32_t mtu;

	if (!ctl->opts)
		return 0;
	if (!(ctl->flags & TCP_SYN)) {
		if (!(ctl->opts->present & TCP_HAS_TS))
			return 0;
		tcp_opts_write_ts(p, ctl->opts->tsval, ctl->opts->tsecr);
		return TCP_OPTS_TS_LEN;
	}
	o = *ctl->opts;
	mtu = NSK_MIN(ifc->mtu, (uint32_t)UINT16_MAX);
	if (o.mss == 0)
		o.mss = family_mss(family_of(ctl->how.family), (uint16_t)mtu);
	return (unsigned)tcp_opts_write_syn(p, &o);
}

void tcp_control_send(struct nsk_worker *w, const struct tcp_control *ctl)
{
	const struct flow *f = ctl->flow;
	struct route_cache rc;
	struct rte_mbuf *m;
	unsigned hlen;
	uint64_t sum;
	uint8_t *p;

	if (tcp_route(w, &rc, f, ctl->how.family) != 0)
		return;
	m = pkt_alloc_control(w);
	if (!m) {
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		return;
	}
	p = rte_pktmbuf_mtod(m, uint8_t *);
	hlen = TCP_HLEN + write_options(p + TCP_HLEN, ctl, rc.iface);
	sum = segment_write(p, f, hlen, ctl->seq, ctl->ack, ctl->flags, ctl->wnd);
	sum += csum_words(p + TCP_HLEN, (hlen - TCP_HLEN) / 4);
	m->data_len = (uint16_t)hlen;
	m->pkt_len = hlen;
	segment_out(w, &rc, m, f, ctl->how, hlen, hlen, sum);
}

void tcp_reset_reply(struct nsk_worker *w, const struct pkt *p)
{
	const uint8_t many = PKT_F_LINK_BCAST | PKT_F_LINK_MCAST | PKT_F_IP_BCAST | PKT_F_IP_MCAST;
	struct tcp_control ctl = {
		.flow = &p->flow,
		.how.family = p->family,
		.flags = TCP_RST,
	};

	if ((p->tcp_flags & TCP_RST) || (p->flags & many))
		return;
	if (!tcp_rate_ok(w, &w->tcp->rst_limit, SETTING(w->set, tcp_rst_limit)))
		return;
	if (p->tcp_flags & TCP_ACK) {
		ctl.seq = p->ack;
	} else {
		ctl.flags |= TCP_ACK;
		ctl.ack = p->seq + p->pay_len + !!(p->tcp_flags & TCP_SYN) +
			  !!(p->tcp_flags & TCP_FIN);
	}
	worker_count(w, NSK_CNT_TCP_RST_SENT, 1);
	tcp_control_send(w, &ctl);
}
