/* SPDX-License-Identifier: BSD-3-Clause */
/* What is remembered of peers, found out; see way.h. And what begins towards them: ISNs. */
#include "tcp/way.h"

#include "mbuf/shared.h"
#include "tcpalg/isn.h"

uint32_t tcp_isn(const struct nsk_worker *w, const struct flow *flow, uint8_t family)
{
	uint32_t word[sizeof(*flow) / 4];

	if (NSK_UNLIKELY(family != AF_INET))
		return isn_make(&w->tcp->isn_key, flow, sizeof(*flow), w->now_ns);
	memcpy(word, flow, sizeof(word));
	return isn_make_12(&w->tcp->isn_key, (uint64_t)word[0] << 32 | word[4], word[8], w->now_ns);
}

uint32_t way_ts_offset(const struct nsk_worker *w, const struct flow *flow, uint8_t family)
{
	uint32_t wall_ms = (uint32_t)(w->shared->wall_ns / 1000000);
	uint8_t pair[8];

	if (family != AF_INET)
		return wall_ms + isn_ts_offset(&w->tcp->ts_key, flow, 32); /* both addresses */
	memcpy(pair, flow->src, 4);
	memcpy(pair + 4, flow->dst, 4);
	return wall_ms + isn_ts_offset(&w->tcp->ts_key, pair, sizeof(pair));
}

static void remember(struct nsk_worker *w, const struct flow *flow, const struct route_cache *rc)
{
	struct tcp_way *way = way_of(w->tcp, flow);

	way->route = *rc;
	way->found_ms = w->tcp->now_ms;
	way->ts_off = way_ts_offset(w, flow, AF_INET);
	memcpy(&way->peer, flow->src, 4);
	memcpy(&way->own, flow->dst, 4);
}

const struct route_cache *way_find(struct nsk_worker *w, const struct flow *flow, uint8_t family,
				   struct route_cache *room, int *err)
{
	struct ip_addr dst = {.family = family}, src = dst;

	memcpy(dst.b, flow->src, 16);
	memcpy(src.b, flow->dst, 16);
	*err = net_route_ports(w, room, &dst, &src, flow->sport_be, flow->dport_be);
	if (*err) {
		room->iface = NULL;
		return NULL;
	}
	if (family == AF_INET && !net_route_several(w))
		remember(w, flow, room);
	return room;
}
