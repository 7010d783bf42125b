/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From IP to the connection: header, checksum, options, then the look-up of a whole burst in
 * passes, so that the memory of one segment's connection is on its way while another is worked on.
 */
#include <string.h>

#include "ip/forward.h"
#include "ip/input.h"
#include "ip/punt.h"
#include "net/input.h"
#include "tcp/embryo.h"
#include "tcp/icmp.h"
#include "tcp/input.h"
#include "tcp/moved.h"
#include "tcp/output.h"
#include "tcp/table.h"
#include "tcp/tcp.h"
#include "tcp/time_wait.h"

/* Where a segment lies, and what its packet adds to the checksum. */
struct place {
	const uint8_t *header;
	uint32_t in_first; /* bytes of it in the first buffer */
	uint16_t off, len; /* as in struct pkt */
	uint8_t flags;
	uint8_t merged; /* TCP_MERGED or 0 */
};

static NSK_ALWAYS_INLINE bool csum_ok(const struct rte_mbuf *m, const struct pkt *p,
				      const struct place *at)
{
	uint32_t sum = ip_pseudo_sum(p->family, p->flow.src, p->flow.dst, IP_PROTO_TCP, at->len);

	if (NSK_LIKELY(at->in_first >= at->len))
		return csum_check(at->header, at->len, sum);
	return ip_l4_csum_ok(m, p);
}

/* Decodes a segment into its descriptor; 0 or why it is dropped without a word. */
static NSK_ALWAYS_INLINE enum nsk_drop decode(const struct rte_mbuf *m, struct pkt *p,
					      const struct place *at)
{
	const uint8_t many = PKT_F_IP_BCAST | PKT_F_IP_MCAST | PKT_F_LINK_BCAST | PKT_F_LINK_MCAST;
	struct tcp_view v;
	enum nsk_drop bad;

	bad = tcp_parse(at->header, NSK_MIN(at->in_first, (uint32_t)at->len), &v);
	if (NSK_UNLIKELY(bad))
		return bad;
	if (NSK_UNLIKELY(!(at->flags & PKT_F_L4_CSUM_OK) && !csum_ok(m, p, at)))
		return NSK_DROP_TCP_CHECKSUM;
	if (NSK_UNLIKELY(at->flags & many))
		return NSK_DROP_TCP_BCAST;
	memcpy(&p->flow.sport_be, at->header, 4);
	p->tcp_flags = (uint8_t)v.flags;
	p->wnd = v.window;
	p->seq = v.seq;
	p->ack = v.ack;
	p->pay_off = (uint16_t)(at->off + v.hdr_len);
	p->pay_len = (uint16_t)(at->len - v.hdr_len);
	tcp_opts_parse(at->header + TCP_HLEN, v.hdr_len - (size_t)TCP_HLEN, &p->opts);
	p->opts.present |= at->merged;
	return NSK_DROP_NONE;
}

/* Checks a segment and puts it into the burst. Consumes m. */
static NSK_ALWAYS_INLINE void gather(struct nsk_worker *w, struct rte_mbuf *m, struct pkt *p,
				     const struct place *at)
{
	struct tcp_worker *t = w->tcp;
	enum nsk_drop bad = decode(m, p, at);

	if (NSK_UNLIKELY(bad)) {
		pkt_drop(w, m, bad);
		return;
	}
	if (NSK_UNLIKELY(t->nburst == TCP_BURST_MAX))
		tcp_input_burst(w);
	t->burst[t->nburst++].m = m;
}

static void tcp_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	struct place at = {
		.header = pkt_at(m, p->l4_off),
		.in_first = m->data_len - (uint32_t)(p->l4_off - m->data_off),
		.off = p->l4_off,
		.len = p->l4_len,
		.flags = p->flags,
		.merged = ip_is_merged(m) ? TCP_MERGED : 0,
	};

	gather(w, m, p, &at);
}

/*
 * Whether a segment's owner must be asked for before its connection is looked for: else whoever
 * has the connection is the owner. One that has moved here gets its segments from their owner all
 * the same, so that none overtakes those that are on their way.
 */
static bool owner_first(const struct nsk_worker *w)
{
	return w->peers > 1 && __atomic_load_n(&w->shared->moves, __ATOMIC_RELAXED);
}

/* A plain packet whose header stands at header. False: it is something else, and untouched. */
static NSK_ALWAYS_INLINE bool plain_input(struct nsk_worker *w, const struct local_table *local,
					  uint32_t checked, bool ask_owner, struct rte_mbuf *m,
					  const uint8_t *header, uint16_t len)
{
	struct pkt *p = pkt_of(m);
	struct ipv4_view ip;
	struct place at;

	if (NSK_UNLIKELY(!ip_input_plain(local, checked, m, header, len, p, &ip)))
		return false;
	if (NSK_UNLIKELY(ip.proto != IP_PROTO_TCP) || NSK_UNLIKELY(ask_owner)) {
		ip_hand_over(w, m);
		return true;
	}
	len = ipv4_payload_len(&ip);
	at = (struct place){
		.header = header + IPV4_HLEN,
		.in_first = len,
		.off = (uint16_t)(header + IPV4_HLEN - (const uint8_t *)m->buf_addr),
		.len = len,
		.flags = p->flags & PKT_F_L4_CSUM_OK, /* the only one that a plain packet has */
	};
	gather(w, m, p, &at);
	return true;
}

/* Not a plain packet to our first address: a plain one of somebody else's, or whatever it is.
 * bufs[0] is it, and those behind it come next, n in all. */
static NSK_NOINLINE void other_input(struct nsk_worker *w, struct iface *ifc,
				     struct rte_mbuf **bufs, unsigned n)
{
	struct rte_mbuf *m = bufs[0];

	if (ip_forwards(w)) {
		ip_forward_expect(w, ifc, bufs, n);
		if (ip_forward_plain(w, ifc, m, rte_pktmbuf_mtod(m, uint8_t *), m->data_len))
			return;
	}
	net_input(w, ifc, m);
}

/*
 * net_input(), ip_input() and tcp_input() in one go for plain segments, whose places are known
 * without looking at the descriptor; by the same steps.
 */
void tcp_frames_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf **bufs, unsigned n)
{
	const struct local_table *local = w->net->local;
	const uint32_t checked = ip_checked_by(ifc);
	const uint16_t link = ifc->ethernet ? ETH_HLEN : 0;
	const bool ask_owner = owner_first(w);

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = bufs[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		uint16_t len = m->data_len;

		net_begin(ifc, pkt_of(m));
		if ((link && NSK_UNLIKELY(!net_frame_is_plain(ifc, frame, len))) ||
		    NSK_UNLIKELY(!plain_input(w, local, checked, ask_owner, m, frame + link,
					      (uint16_t)(len - link))))
			other_input(w, ifc, bufs + i, n - i);
	}
}

const struct ip_proto tcp_proto = {
	.input = tcp_input,
	.error = tcp_icmp_error,
};

void tcp_pass_on(struct nsk_worker *w, uint16_t to, struct rte_mbuf *m)
{
	pkt_of(m)->flags |= PKT_F_L4_CSUM_OK;
	w->tcp->passed_on++;
	w->ops->steer(w, to, m);
}

/*
 * Others that have the port bound are asked. A connection may have moved away from them: then the
 * worker knows that segments of the flow come to first, and that one is asked once more, as the
 * flag says, the last of all.
 */
bool tcp_ask_others(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	bool syn = p->tcp_flags & TCP_SYN; /* m may be another worker's afterwards */
	bool asked_all = p->flags & PKT_F_MOVED;
	uint16_t home;

	if (tcp_moved_back(w, m))
		return true;
	if (asked_all)
		return false;
	if (!ip_ask_others(w, m, SHARED_TCP)) {
		if (!__atomic_load_n(&w->shared->moves, __ATOMIC_RELAXED))
			return false;
		home = w->ops->flow_owner(w, &p->flow);
		if (home == w->id)
			return false;
		p->flags |= PKT_F_MOVED;
		tcp_pass_on(w, home, m);
		return true;
	}
	w->tcp->passed_on++;
	if (syn && !__atomic_load_n(&w->shared->strays, __ATOMIC_RELAXED))
		__atomic_store_n(&w->shared->strays, true, __ATOMIC_RELAXED);
	return true;
}

/* To the worker that owns the flow, if that is another and was not asked yet. */
static NSK_NOINLINE bool pass_to_owner(struct nsk_worker *w, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint16_t owner;

	if (p->flags & PKT_F_STEERED)
		return false;
	owner = w->ops->flow_owner(w, &p->flow);
	if (owner == w->id)
		return false;
	tcp_pass_on(w, owner, m);
	return true;
}

void tcp_stranger_input(struct nsk_worker *w, struct rte_mbuf *m, uint64_t hash, uint32_t iss_after)
{
	const struct pkt *p = pkt_of(m);
	struct tcp_conn *l = NULL;

	if (NSK_UNLIKELY(w->peers > 1) && pass_to_owner(w, m))
		return;
	if (w->tcp->listeners)
		l = table_find_listener(w, &p->flow, p->family, hash);
	if (l)
		tcp_listen_input(w, l, m, hash, iss_after);
	else if (!tcp_ask_others(w, m) && !ip_punted(w, m))
		tcp_refuse(w, m, NSK_DROP_TCP_NO_LISTENER);
}

static void dispatch(struct nsk_worker *w, struct rte_mbuf *m, uint64_t hash)
{
	struct tcp_worker *t = w->tcp;
	const struct pkt *p = pkt_of(m);
	uint32_t value = table_find(w, hash, &p->flow, p->family);
	uint32_t index = table_index(value);
	struct tcp_conn *c;

	if (NSK_UNLIKELY(value == HTAB_NONE)) {
		tcp_stranger_input(w, m, hash, 0);
		return;
	}
	switch (table_kind_of(value)) {
	case TABLE_EMBRYO:
		tcp_embryo_input(w, slab_at(&t->embryos, index), m, hash);
		return;
	case TABLE_TIME_WAIT:
		tcp_time_wait_input(w, slab_at(&t->time_waits, index), m, hash);
		return;
	case TABLE_MOVED:
		tcp_moved_input(w, slab_at(&t->moved, index), m, hash);
		return;
	default:
		c = slab_at(&t->conns, index);
		if (NSK_UNLIKELY(c->state == TCPS_SYN_SENT))
			tcp_syn_sent_input(w, c, m);
		else
			tcp_conn_input(w, c, m);
	}
}

static inline void find_bucket(const struct tcp_worker *t, struct tcp_burst_seg *seg)
{
	const struct pkt *p = pkt_of(seg->m);

	seg->hash = table_flow_hash(t, &p->flow, p->family);
	seg->bucket = htab_prefetch(&t->table, seg->hash);
}

/* Takes the first candidate as a hint, and brings its lines. */
static NSK_ALWAYS_INLINE void look_up(const struct tcp_worker *t, struct tcp_burst_seg *seg)
{
	const uint8_t *line;

	seg->hint = htab_first(seg->bucket, seg->hash);
	seg->hint_for = NULL;
	switch (table_kind_of(seg->hint)) {
	case TABLE_CONN:
		line = seg->hint_for = slab_at(&t->conns, seg->hint);
		NSK_PREFETCH_W(line);
		NSK_PREFETCH_W(line + NSK_CACHELINE);
		NSK_PREFETCH_W(line + 2 * NSK_CACHELINE);
		NSK_PREFETCH(line + offsetof(struct tcp_conn, flow));
		break;
	case TABLE_EMBRYO:
		line = seg->hint_for = slab_at(&t->embryos, table_index(seg->hint));
		NSK_PREFETCH_W(line);
		NSK_PREFETCH_W(line + NSK_CACHELINE);
		break;
	default: /* HTAB_NONE too */
		break;
	}
}
_Static_assert(TABLE_CONN == 0, "a connection's value is its handle");

/*
 * The hint is right. Since it was made the connection may have ended; its memory stays what it is
 * until the burst is over (conn_free).
 */
static inline bool is_conn(const struct tcp_burst_seg *seg, const struct pkt *p)
{
	const struct tcp_conn *c = seg->hint_for;

	return table_kind_of(seg->hint) == TABLE_CONN &&
	       flow_is(&c->flow, c->sock.family, &p->flow, p->family) &&
	       (c->flags & CONN_F_HASHED) && c->state != TCPS_SYN_SENT;
}

/* The same of an embryo, whose memory is its own only while the table leads there. */
static inline bool is_embryo(const struct tcp_burst_seg *seg, const struct pkt *p)
{
	const struct tcp_embryo *e = seg->hint_for;

	return htab_first(seg->bucket, seg->hash) == seg->hint &&
	       flow_is(&e->flow, e->family, &p->flow, p->family);
}

/* To what the hint leads to. False: that is wrong, and the segment is still the caller's. */
static NSK_ALWAYS_INLINE bool by_hint(struct nsk_worker *w, const struct tcp_burst_seg *seg)
{
	const struct pkt *p = pkt_of(seg->m);

	if (NSK_UNLIKELY(!seg->hint_for))
		return false;
	if (NSK_LIKELY(is_conn(seg, p))) {
		tcp_conn_input(w, seg->hint_for, seg->m);
		return true;
	}
	if (table_kind_of(seg->hint) != TABLE_EMBRYO || !is_embryo(seg, p))
		return false;
	tcp_embryo_input(w, seg->hint_for, seg->m, seg->hash);
	return true;
}

/* A hint spoilt by the burst itself (an embryo has become a connection) is taken again. */
static NSK_NOINLINE void find_out(struct nsk_worker *w, struct tcp_burst_seg *seg)
{
	if (seg->hint_for) {
		look_up(w->tcp, seg);
		if (by_hint(w, seg))
			return;
	}
	if (htab_lacks(&w->tcp->table, seg->hash))
		tcp_stranger_input(w, seg->m, seg->hash, 0);
	else
		dispatch(w, seg->m, seg->hash);
}

static NSK_ALWAYS_INLINE void deal_with(struct nsk_worker *w, struct tcp_burst_seg *seg)
{
	if (NSK_UNLIKELY(!by_hint(w, seg)))
		find_out(w, seg);
}

/* Neighbours are of one connection. */
static NSK_NOINLINE void input_runs(struct nsk_worker *w)
{
	struct tcp_burst_seg *seg = w->tcp->burst, *end = seg + w->tcp->nburst;

	while (seg < end) {
		deal_with(w, seg++);
		if (seg < end && seg->hash == seg[-1].hash)
			seg += tcp_run_input(w, seg, (unsigned)(end - seg));
	}
}

void tcp_input_burst(struct nsk_worker *w)
{
	struct tcp_worker *t = w->tcp;
	uint32_t n = t->nburst;
	uint64_t before = 0;
	bool runs = false;

	tcp_clock(w);
	for (uint32_t i = 0; i < n; i++) {
		find_bucket(t, &t->burst[i]);
		runs |= t->burst[i].hash == before;
		before = t->burst[i].hash;
	}
	for (uint32_t i = 0; i < n; i++)
		look_up(t, &t->burst[i]);
	if (runs)
		input_runs(w);
	else
		for (uint32_t i = 0; i < n; i++)
			deal_with(w, &t->burst[i]);
	worker_count(w, NSK_CNT_TCP_SEGMENTS_IN, n - t->passed_on);
	t->nburst = t->passed_on = 0;
}
