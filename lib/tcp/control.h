/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that belong to no connection, see control.c. In line for those who send them in heaps:
 * what the caller knows when it is compiled, its segment does not ask again.
 */
#ifndef NSK_TCP_CONTROL_H
#define NSK_TCP_CONTROL_H

#include "mbuf/pool.h"
#include "tcp/fastopen.h"
#include "tcp/segment.h"
#include "tcp/way.h"

/* One of them, to the source of the flow. */
struct tcp_control {
	const struct flow *flow;	 /* as received */
	const struct tcp_opts *opts;	 /* of a SYN; else only timestamps count. NULL: none */
	const struct tcp_cookie *cookie; /* of a SYN, behind them where it fits; NULL: none */
	uint32_t seq, ack;
	uint16_t flags;
	uint16_t wnd; /* as on the wire */
	struct ip_manner how;
};

/* The MSS that an interface's MTU allows. */
static inline uint16_t control_mss(const struct iface *ifc, uint8_t family)
{
	uint32_t mtu = NSK_MIN(iface_mtu(ifc, family), (uint32_t)UINT16_MAX);

	return family_mss(family_of(family), (uint16_t)mtu);
}

static NSK_ALWAYS_INLINE unsigned control_options(uint8_t *p, const struct tcp_control *ctl,
						  const struct iface *ifc, uint64_t *sum)
{
	struct tcp_opts o;
	size_t len;

	if (!ctl->opts)
		return 0;
	if (!(ctl->flags & TCP_SYN)) {
		if (!(ctl->opts->present & TCP_HAS_TS))
			return 0;
		*sum += tcp_opts_write_ts(p, ctl->opts->tsval, ctl->opts->tsecr);
		return TCP_OPTS_TS_LEN;
	}
	o = *ctl->opts;
	if (NSK_LIKELY(o.mss == 0))
		o.mss = control_mss(ifc, ctl->how.family);
	len = tcp_opts_write_syn(p, &o, sum);
	if (ctl->cookie && fastopen_fits(ifc, ctl->how.family))
		len += tcp_opts_write_cookie(p + len, ctl->cookie, sum);
	return (unsigned)len;
}

/* Sends it, from the reserve if need be. opts->mss 0 is filled in. */
static NSK_ALWAYS_INLINE void control_send(struct nsk_worker *w, const struct tcp_control *ctl)
{
	struct route_cache room;
	const struct route_cache *rc;
	uint64_t sum = 0;
	struct rte_mbuf *m;
	unsigned hlen;
	uint8_t *p;
	int err;

	rc = tcp_way_back(w, ctl->flow, ctl->how.family, &room, &err);
	if (NSK_UNLIKELY(!rc))
		return;
	m = pkt_alloc_control(w);
	if (NSK_UNLIKELY(!m)) {
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		return;
	}
	p = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM;
	hlen = TCP_HLEN + control_options(p + TCP_HLEN, ctl, rc->iface, &sum);
	sum += segment_write(p, ctl->flow, hlen, ctl->seq, ctl->ack, ctl->flags, ctl->wnd);
	segment_out_fresh(w, rc, ip_queue(w, rc), m, ctl->flow, ctl->how, hlen, hlen, sum);
}

/* control.c: the same, not in line. */
void tcp_control_send(struct nsk_worker *w, const struct tcp_control *ctl);

#endif
