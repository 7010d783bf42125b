/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sequence numbers: arithmetic modulo 2^32 (RFC 9293 section 3.4) and the acceptance test of
 * arriving segments (section 3.10.7.4, first check).
 *
 * Two numbers are comparable while they lie less than 2^31 apart. Which of two numbers exactly
 * 2^31 apart comes first is arbitrary; no caller may depend on it.
 */
#ifndef NSK_TCPALG_SEQ_H
#define NSK_TCPALG_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* Half-open piece of sequence space: start is in it, end is not. Empty when start == end. */
struct seq_range {
	uint32_t start;
	uint32_t end;
};

/* Signed distance from b to a: positive when a comes after b. */
static inline int32_t seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) < 0;
}

static inline bool seq_leq(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) <= 0;
}

static inline bool seq_gt(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) > 0;
}

static inline bool seq_geq(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) >= 0;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
	return seq_geq(a, b) ? a : b;
}

static inline uint32_t seq_min(uint32_t a, uint32_t b)
{
	return seq_leq(a, b) ? a : b;
}

/* low <= seq <= high, for any low <= high however far apart. */
static inline bool seq_between(uint32_t low, uint32_t seq, uint32_t high)
{
	return seq - low <= high - low;
}

/* start <= seq < start + wnd. A window of 0 holds nothing. */
static inline bool seq_in_window(uint32_t seq, uint32_t start, uint32_t wnd)
{
	return seq - start < wnd;
}

static inline uint32_t seq_range_len(struct seq_range r)
{
	return r.end - r.start;
}

/*
 * RFC 9293 section 3.10.7.4: may a segment of seg_len octets (SYN and FIN count one each) at
 * seg_seq be processed? The four cases of the table, in its order.
 */
static inline bool seq_acceptable(uint32_t rcv_nxt, uint32_t rcv_wnd, uint32_t seg_seq,
				  uint32_t seg_len)
{
	if (seg_len == 0)
		return rcv_wnd == 0 ? seg_seq == rcv_nxt : seq_in_window(seg_seq, rcv_nxt, rcv_wnd);
	if (rcv_wnd == 0)
		return false;
	return seq_in_window(seg_seq, rcv_nxt, rcv_wnd) ||
	       seq_in_window(seg_seq + seg_len - 1, rcv_nxt, rcv_wnd);
}

#endif
