/* SPDX-License-Identifier: BSD-3-Clause */
/* A NIC's work on what leaves; see txwork.h. */
#include "txwork.h"

#include <netinet/in.h>
#include <string.h>

#include "base/checksum.h"
#include "base/compiler.h"

#define IP4_LEN	    2
#define IP4_ID	    4
#define IP4_CHECK   10
#define IP4_SRC	    12
#define IP6_LEN	    4
#define IP6_SRC	    8
#define IP6_HLEN    40
#define TCP_SEQ	    4
#define TCP_FLAGS   13
#define TCP_CHECK   16
#define UDP_CHECK   6
#define FIRST_ALONE 0x80 /* CWR */
#define LAST_ALONE  0x09 /* PSH, FIN */

static uint16_t load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void store16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void add32(uint8_t *p, uint32_t n)
{
	uint32_t v = ((uint32_t)load16(p) << 16 | load16(p + 2)) + n;

	store16(p, v >> 16);
	store16(p + 2, v);
}

void txwork_sum_ipv4(uint8_t *header)
{
	uint16_t sum;

	memset(header + IP4_CHECK, 0, sizeof(sum));
	sum = csum_finish(csum_words(header, header[0] & 15U));
	memcpy(header + IP4_CHECK, &sum, sizeof(sum));
}

void txwork_begin(struct txwork *t, const struct rte_mbuf *m, const uint8_t *frame)
{
	bool cuts = m->ol_flags & RTE_MBUF_F_TX_TCP_SEG;
	uint32_t l4_len = cuts ? m->l4_len : 0;

	*t = (struct txwork){
		.frame = frame,
		.asked = m->ol_flags,
		.len = m->pkt_len,
		.l3 = m->l2_len,
		.l4 = (uint16_t)(m->l2_len + m->l3_len),
	};
	t->head = NSK_MIN((uint32_t)t->l4 + l4_len, t->len);
	t->most = cuts ? NSK_MAX((uint32_t)m->tso_segsz, 1u) : t->len - t->head;
}

static void write_lengths(const struct txwork *t, uint8_t *out, uint32_t len)
{
	uint8_t *ip = out + t->l3;

	if (t->asked & RTE_MBUF_F_TX_IPV6) {
		store16(ip + IP6_LEN, len - t->l3 - IP6_HLEN);
		return;
	}
	store16(ip + IP4_LEN, len - t->l3);
	store16(ip + IP4_ID, load16(ip + IP4_ID) + (uint32_t)t->frames);
}

/* One of several: what is not as in the packet. */
static void write_segment(const struct txwork *t, uint8_t *out, uint32_t len, bool last)
{
	uint8_t *tcp = out + t->l4;

	write_lengths(t, out, len);
	add32(tcp + TCP_SEQ, t->done);
	if (t->frames)
		tcp[TCP_FLAGS] &= (uint8_t)~FIRST_ALONE;
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t)~LAST_ALONE;
}

/* The checksum of what is behind the IP header, from scratch: what stands in the field is of the
 * packet. */
static void sum_l4(const struct txwork *t, uint8_t *out, uint32_t len)
{
	uint64_t kind = t->asked & RTE_MBUF_F_TX_L4_MASK;
	bool tcp = (t->asked & RTE_MBUF_F_TX_TCP_SEG) || kind == RTE_MBUF_F_TX_TCP_CKSUM;
	uint8_t *l4 = out + t->l4, *field = l4 + (tcp ? TCP_CHECK : UDP_CHECK);
	uint8_t proto = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	uint32_t n = len - t->l4, sum;
	uint16_t check;

	if (t->asked & RTE_MBUF_F_TX_IPV6)
		sum = csum_pseudo6(out + t->l3 + IP6_SRC, out + t->l3 + IP6_SRC + 16, proto, n);
	else
		sum = csum_pseudo4(out + t->l3 + IP4_SRC, out + t->l3 + IP4_SRC + 4, proto,
				   (uint16_t)n);
	memset(field, 0, sizeof(check));
	sum = csum_partial(l4, n, sum);
	check = tcp ? csum_finish(sum) : csum_finish_udp(sum);
	memcpy(field, &check, sizeof(check));
}

uint32_t txwork_next(struct txwork *t, uint8_t *out)
{
	uint32_t left = t->len - t->head - t->done, part = NSK_MIN(left, t->most);
	uint32_t len = t->head + part;

	if (t->frames && part == 0)
		return 0;
	memcpy(out, t->frame, t->head);
	memcpy(out + t->head, t->frame + t->head + t->done, part);
	if (t->asked & RTE_MBUF_F_TX_TCP_SEG)
		write_segment(t, out, len, part == left);
	if (t->asked & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4) &&
	    !(t->asked & RTE_MBUF_F_TX_IPV6))
		txwork_sum_ipv4(out + t->l3);
	if (t->asked & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG))
		sum_l4(t, out, len);
	t->done += part;
	t->frames++;
	return len;
}

/* The number of L4 octets is odd where a buffer begins. */
static bool odd_within(const struct rte_mbuf *m)
{
	uint32_t at = m->data_len - ((uint32_t)m->l2_len + m->l3_len);

	for (const struct rte_mbuf *seg = m->next; seg; at += seg->data_len, seg = seg->next)
		if (at & 1)
			return true;
	return false;
}

void txwork_sum_odd(struct rte_mbuf *m)
{
	uint64_t kind = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	uint16_t l4 = (uint16_t)(m->l2_len + m->l3_len), check;
	uint32_t at = m->data_len - (uint32_t)l4, sum;
	uint8_t *header = rte_pktmbuf_mtod_offset(m, uint8_t *, l4);

	if (!kind || (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) || !odd_within(m))
		return;
	/* The field holds the sum of the pseudo-header. */
	sum = csum_partial(header, at, 0);
	for (const struct rte_mbuf *seg = m->next; seg; at += seg->data_len, seg = seg->next)
		sum = csum_combine(
			sum, csum_partial(rte_pktmbuf_mtod(seg, uint8_t *), seg->data_len, 0), at);
	check = kind == RTE_MBUF_F_TX_TCP_CKSUM ? csum_finish(sum) : csum_finish_udp(sum);
	memcpy(header + (kind == RTE_MBUF_F_TX_TCP_CKSUM ? TCP_CHECK : UDP_CHECK), &check,
	       sizeof(check));
	m->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
}
