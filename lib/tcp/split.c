/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one splitting step: pieces of the send queue become packets of at most one MSS, or of many
 * for a port that cuts them itself (TSO).
 *
 * No struct rte_mbuf is in the send queue and at a port at once. A small payload is copied behind
 * its header, unless the application was promised that it would not be; a large one goes as an
 * indirect buffer chained to the header's, where the port can send such (and sums itself, or else
 * the sum needs a pass over the octets all the same, which the copy does on its way).
 */
#include <string.h>

#include "mbuf/pool.h"
#include "tcp/output.h"
#include "tcp/sndbuf.h"
#include "tcp/tally.h"

/* Buffers that one packet refers to at most; scattered further, it is copied. */
#define REFS_MAX 4

/* The same of one that the port cuts, and its octets: with its headers an IP packet. */
#define SUPER_REFS_MAX 48
#define SUPER_MAX      (UINT16_MAX - 60 - TCP_HLEN_MAX)

/* One packet to be. */
struct cut {
	struct rte_mbuf *from; /* buffer of the send queue that holds the first octet */
	uint32_t seq;
	uint32_t len;
	unsigned hlen;
	uint32_t sum;  /* of the payload copied, when we sum */
	uint32_t smss; /* the port may be given more than a segment, to cut into such; 0: it may not
			*/
	bool push;     /* a write ended at or before the last octet */
};

/* Visits the stretch of the cut that lies in buffer m; *off is where it starts there. */
static uint32_t stretch(const struct rte_mbuf *m, uint32_t seq, uint32_t left, uint32_t *off)
{
	*off = seq - pkt_of((struct rte_mbuf *)(uintptr_t)m)->seq;
	return NSK_MIN(left, (uint32_t)m->data_len - *off);
}

/* Notes whether the stretch contains the end of a write. */
static void note_push(struct cut *cut, struct rte_mbuf *m, uint32_t end_off)
{
	if (end_off == m->data_len && (pkt_of(m)->tcp_flags & TCP_PSH))
		cut->push = true;
}

/* What was queued by reference and is copied nevertheless. */
static inline void count_copied(struct nsk_worker *w, struct rte_mbuf *m, uint32_t n)
{
	if (NSK_UNLIKELY(pkt_of(m)->pay_len == 0))
		worker_count(w, NSK_CNT_PAYLOAD_COPIED_TX, n);
}

/* Copies the payload behind the header in one buffer. */
static struct rte_mbuf *by_copy(struct nsk_worker *w, const struct tcp_conn *c, struct cut *cut)
{
	struct rte_mbuf *m = pkt_alloc(w), *q = cut->from;
	uint32_t seq = cut->seq, left = cut->len, done = 0, off;
	bool sum = !tcp_csum_by_port(c);
	uint8_t *p;

	if (NSK_UNLIKELY(!m))
		return NULL;
	p = rte_pktmbuf_mtod_offset(m, uint8_t *, cut->hlen);
	for (; left; q = pkt_of(q)->qnext) {
		uint32_t n = stretch(q, seq, left, &off);
		const uint8_t *from = rte_pktmbuf_mtod_offset(q, const uint8_t *, off);

		if (sum)
			cut->sum = csum_combine(cut->sum, csum_copy(p + done, from, n, 0), done);
		else
			memcpy(p + done, from, n);
		note_push(cut, q, off + n);
		count_copied(w, q, n);
		seq += n;
		done += n;
		left -= n;
	}
	m->data_len = (uint16_t)(cut->hlen + cut->len);
	m->pkt_len = m->data_len;
	return m;
}

/* The same for what is nearly always the case: a payload that lies in one buffer. */
static struct rte_mbuf *by_copy_one(struct nsk_worker *w, const struct tcp_conn *c, struct cut *cut)
{
	struct rte_mbuf *m = pkt_alloc(w), *q = cut->from;
	uint32_t off = cut->seq - pkt_of(q)->seq;
	const uint8_t *from = rte_pktmbuf_mtod_offset(q, const uint8_t *, off);
	uint8_t *to;

	if (NSK_UNLIKELY(!m))
		return NULL;
	to = rte_pktmbuf_mtod_offset(m, uint8_t *, cut->hlen);
	if (tcp_csum_by_port(c))
		memcpy(to, from, cut->len);
	else
		cut->sum = csum_copy(to, from, cut->len, 0);
	note_push(cut, q, off + cut->len);
	count_copied(w, q, cut->len);
	m->data_len = (uint16_t)(cut->hlen + cut->len);
	m->pkt_len = m->data_len;
	return m;
}

/* Chains indirect buffers behind a header's. */
static struct rte_mbuf *by_reference(struct nsk_worker *w, const struct tcp_conn *c,
				     struct cut *cut, unsigned refs)
{
	struct rte_mbuf *bufs[1 + SUPER_REFS_MAX], *q = cut->from;
	uint32_t seq = cut->seq, left = cut->len, done = 0, off;
	bool sum = !tcp_csum_by_port(c);

	if (pkt_alloc_bulk(w, bufs, refs + 1) != 0)
		return NULL;
	bufs[0]->data_len = (uint16_t)cut->hlen;
	for (unsigned i = 1; i <= refs; i++, q = pkt_of(q)->qnext) {
		uint32_t n = stretch(q, seq, left, &off);
		struct rte_mbuf *m = bufs[i];

		rte_pktmbuf_attach(m, q);
		m->data_off = (uint16_t)(q->data_off + off);
		m->data_len = (uint16_t)n;
		m->pkt_len = n;
		if (sum)
			cut->sum = csum_combine(
				cut->sum, csum_partial(rte_pktmbuf_mtod(m, void *), n, 0), done);
		note_push(cut, q, off + n);
		bufs[i - 1]->next = m;
		seq += n;
		done += n;
		left -= n;
	}
	bufs[0]->nb_segs = (uint16_t)(refs + 1);
	bufs[0]->pkt_len = cut->hlen + cut->len;
	return bufs[0];
}

/* Number of buffers of the send queue that the cut touches, counted to most; *left: of its octets,
 * those in others. */
static unsigned count_refs(const struct cut *cut, unsigned most, uint32_t *left)
{
	struct rte_mbuf *q = cut->from;
	uint32_t seq = cut->seq, off;
	unsigned refs = 0;

	for (*left = cut->len; *left && refs < most; q = pkt_of(q)->qnext, refs++) {
		uint32_t n = stretch(q, seq, *left, &off);

		seq += n;
		*left -= n;
	}
	return refs;
}

/* Whether the port sends what lies in the queue's buffers, or where those point to. */
static bool may_refer(const struct tcp_conn *c)
{
	uint32_t need = PORT_TX_MULTI_SEG | PORT_TX_INDIRECT;

	if (c->ext && c->ext->zc)
		need |= PORT_TX_EXTERNAL;
	return (c->route.iface->tx_offloads & need) == need;
}

/*
 * Several segments in one packet that the port cuts: as many whole ones as lie in the buffers that
 * it may have, or all that there is. NULL: there is none but one, or there are no buffers for more.
 */
static struct rte_mbuf *build_super(struct nsk_worker *w, const struct tcp_conn *c, struct cut *cut)
{
	uint32_t left, whole = cut->len;
	struct rte_mbuf *m;
	unsigned refs;

	refs = count_refs(cut, NSK_MIN(c->route.iface->tso_bufs - 1u, (unsigned)SUPER_REFS_MAX),
			  &left);
	if (left) {
		cut->len -= left + (cut->len - left) % cut->smss;
		refs = cut->len > cut->smss ? count_refs(cut, SUPER_REFS_MAX, &left) : 0;
	}
	m = cut->len > cut->smss ? by_reference(w, c, cut, refs) : NULL;
	if (!m) {
		cut->len = NSK_MIN(whole, cut->smss);
		return NULL;
	}
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	m->tso_segsz = (uint16_t)cut->smss;
	return m;
}

/* Builds a packet of at most one segment. */
static struct rte_mbuf *build(struct nsk_worker *w, const struct tcp_conn *c, struct cut *cut)
{
	bool fits = cut->hlen + cut->len <= w->set->buf_bytes, refers = may_refer(c);
	bool small = cut->len <= TCP_COPY_MAX && !RTE_MBUF_HAS_EXTBUF(cut->from);
	uint32_t left = 0;
	unsigned refs;

	if (small && cut->seq + cut->len - pkt_of(cut->from)->seq <= cut->from->data_len)
		return by_copy_one(w, c, cut);
	if (fits && (small || !refers))
		return by_copy(w, c, cut);
	refs = refers ? count_refs(cut, REFS_MAX, &left) : 0;
	if (refs && !left)
		return by_reference(w, c, cut, refs);
	if (!fits)
		cut->len = w->set->buf_bytes - cut->hlen; /* a shorter segment does as well */
	return by_copy(w, c, cut);
}

/* Sends the cut, which may have become shorter, with a FIN if it ends at fin_at. False: no buffer.
 */
static inline bool send_cut(struct nsk_worker *w, struct tcp_conn *c, struct cut *cut,
			    struct rte_mbuf **hint, uint32_t fin_at, bool fin)
{
	struct rte_mbuf *m;
	uint16_t flags = 0;

	cut->from = cut->len ? sndq_find(c, *hint, cut->seq) : NULL;
	m = cut->smss ? build_super(w, c, cut) : NULL;
	if (!m)
		m = cut->len ? build(w, c, cut) : by_copy(w, c, cut);
	if (NSK_UNLIKELY(!m)) {
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		tcp_starved(w, c);
		return false;
	}
	if (cut->len)
		*hint = cut->from;
	if (cut->len && (cut->push || cut->seq + cut->len == c->snd_end))
		flags = TCP_PSH;
	if (fin && cut->seq + cut->len == fin_at)
		flags |= TCP_FIN;
	tcp_segment_send(w, c, m, cut->hlen, cut->seq, flags, cut->len, cut->sum);
	return true;
}

/*
 * Octets that one packet may have: more than a segment's if the port cuts it, where all segments
 * are alike. One that says CWR (RFC 3168 §6.1.2) or points at urgent data is not like the next.
 */
static uint32_t most_octets(const struct tcp_conn *c)
{
	uint32_t smss = c->cc.smss;

	if (NSK_LIKELY(!(c->route.iface->tx_offloads & PORT_TX_TSO)) || c->loss.cwr ||
	    c->loss.urgent || !may_refer(c))
		return smss;
	return SUPER_MAX - SUPER_MAX % smss;
}

/* A packet that the port cuts counts as what it will be. */
static void count_more(struct nsk_worker *w, struct tcp_conn *c, uint32_t segs)
{
	tally_out_more(c, segs);
	worker_count(w, NSK_CNT_TCP_SEGMENTS_OUT, segs);
}

uint32_t tcp_split(struct nsk_worker *w, struct tcp_conn *c, uint32_t seq, uint32_t len, bool fin,
		   bool again)
{
	struct rte_mbuf *hint = again && c->ext ? c->ext->rxt_cur : c->snd.cur;
	unsigned hlen = tcp_header_len(c);
	uint32_t sent = 0;

	do {
		uint32_t smss = c->cc.smss, segs = 1;
		struct cut cut = {
			.seq = seq + sent,
			.len = NSK_MIN(len - sent, most_octets(c)),
			.hlen = hlen,
		};

		if (cut.len > smss)
			cut.smss = smss;
		if (NSK_UNLIKELY(!send_cut(w, c, &cut, &hint, seq + len, fin)))
			break;
		sent += cut.len;
		if (cut.len > smss) {
			segs = (cut.len + smss - 1) / smss;
			count_more(w, c, segs - 1);
		}
		if (NSK_UNLIKELY(again))
			conn_count_retrans(w, c, cut.len, segs);
		if (fin && sent == len)
			sent++;
	} while (sent < len);
	if (!again)
		c->snd.cur = hint;
	else if (c->ext)
		c->ext->rxt_cur = hint;
	return sent;
}

uint32_t tcp_send_one(struct nsk_worker *w, struct tcp_conn *c, uint32_t seq, uint32_t len)
{
	struct cut cut = {.seq = seq, .len = len, .hlen = tcp_header_len(c)};

	return send_cut(w, c, &cut, &c->snd.cur, seq + len, false) ? cut.len : 0;
}
