/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP options: decoder and encoder. RFC 9293 §3.1–3.2 (EOL, NOP, MSS), RFC 7323 (window scale,
 * timestamps), RFC 2018 (SACK), RFC 7413 §4.1.1 (Fast Open).
 *
 * Says what the list holds; whether an option counts in a given segment (MSS, window scale,
 * SACK-permitted and Fast Open only with SYN, SACK only with ACK) is the state machine's business.
 */
#ifndef NSK_WIRE_TCP_OPTS_H
#define NSK_WIRE_TCP_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/bytes.h"
#include "wire/tcp.h"

/* Option kinds and their lengths, kind and length bytes included. */
#define TCP_OPT_EOL	       0
#define TCP_OPT_NOP	       1
#define TCP_OPT_MSS	       2
#define TCP_OPT_WSCALE	       3
#define TCP_OPT_SACK_PERMITTED 4
#define TCP_OPT_SACK	       5
#define TCP_OPT_TS	       8
#define TCP_OPT_FASTOPEN       34

#define TCP_OPT_MSS_LEN		   4
#define TCP_OPT_WSCALE_LEN	   3
#define TCP_OPT_SACK_PERMITTED_LEN 2
#define TCP_OPT_TS_LEN		   10
#define TCP_OPT_SACK_BLOCK_LEN	   8
#define TCP_OPT_FASTOPEN_LEN	   2 /* and the cookie */

/* What the encoder writes, padding to 32 bits included. */
#define TCP_OPTS_TS_LEN	       12 /* NOP NOP TS, in every segment once negotiated */
#define TCP_OPTS_SYN_MAX       20 /* MSS, SACK-permitted + TS, NOP WS */
#define TCP_OPTS_SACK_HEAD_LEN 4  /* NOP NOP kind length, before the blocks */

#define TCP_SACK_MAX	     4 /* blocks that fit 40 bytes of options */
#define TCP_SACK_MAX_WITH_TS 3
#define TCP_WSCALE_MAX	     14 /* RFC 7323 §2.3 */
#define TCP_FASTOPEN_MIN     4	/* octets of a Fast Open cookie, an even number */
#define TCP_FASTOPEN_MAX     16

/* First word of the layout that RFC 7323 Appendix A recommends: NOP, NOP, TS, 10. */
#define TCP_OPTS_TS_WORD UINT32_C(0x0101080a)

/* Words of the other aligned layouts; where a value follows, its bits are 0. */
#define TCP_OPTS_MSS_WORD		UINT32_C(0x02040000)
#define TCP_OPTS_WSCALE_WORD		UINT32_C(0x01030300)
#define TCP_OPTS_SACK_PERMITTED_WORD	UINT32_C(0x01010402)
#define TCP_OPTS_SACK_PERMITTED_TS_WORD UINT32_C(0x0402080a)

/* Bits of tcp_opts.present. */
#define TCP_HAS_MSS	       0x01
#define TCP_HAS_WSCALE	       0x02
#define TCP_HAS_SACK_PERMITTED 0x04
#define TCP_HAS_TS	       0x08
#define TCP_HAS_SACK	       0x10
#define TCP_HAS_FASTOPEN       0x20

/* A SACK block: [start, end) in sequence space, as the peer claims it. */
struct tcp_sack_block {
	uint32_t start;
	uint32_t end;
};

/* A Fast Open cookie; without octets it asks for one. */
struct tcp_cookie {
	uint8_t len; /* 0, or TCP_FASTOPEN_MIN to TCP_FASTOPEN_MAX */
	uint8_t octets[TCP_FASTOPEN_MAX];
};

/* A decoded option list. A field is only set where present has its bit. */
struct tcp_opts {
	uint8_t present;
	uint8_t nsack;	/* always set; 0–4 */
	uint8_t wscale; /* 0–14: a larger shift is read as 14 (RFC 7323 §2.3) */
	bool malformed; /* always set: the list lies about a length somewhere */
	uint16_t mss;	/* as the peer says it, 0 included */
	uint8_t cookie_len;
	uint32_t tsval;
	uint32_t tsecr;
	struct tcp_sack_block sack[TCP_SACK_MAX];
	const uint8_t *cookie; /* in the list that was decoded */
};

/* tcp_opts_parse() for what is not the common layout; adds to @out. */
void tcp_opts_walk(const uint8_t *p, size_t len, struct tcp_opts *out);

/*
 * Begin to decode: the timestamps, where they stand first and alone as RFC 7323 Appendix A asks.
 * Returns the bytes that are decoded then, of which others may follow: tcp_opts_walk().
 */
static NSK_ALWAYS_INLINE size_t tcp_opts_begin(const uint8_t *p, size_t len, struct tcp_opts *out)
{
	out->present = 0;
	out->nsack = 0;
	out->wscale = 0;
	out->malformed = false;
	if (len < TCP_OPTS_TS_LEN || load_be32(p) != TCP_OPTS_TS_WORD)
		return 0;
	out->present = TCP_HAS_TS;
	out->tsval = load_be32(p + 4);
	out->tsecr = load_be32(p + 8);
	return TCP_OPTS_TS_LEN;
}

/*
 * Decode the @len bytes of options at @p (hdr_len - 20 of them, so 0–40; more are walked as well).
 * Never fails: a list that cannot be walked on (a length below 2 or past the end) ends there, and
 * what came before it counts; an option of a known kind with a wrong length is skipped. Both set
 * out->malformed. Unknown kinds are skipped by their length (RFC 9293 MUST-6, MUST-7). Of an
 * option that is repeated the last one counts.
 */
static inline void tcp_opts_parse(const uint8_t *p, size_t len, struct tcp_opts *out)
{
	size_t done = tcp_opts_begin(p, len, out);

	if (len != done)
		tcp_opts_walk(p + done, len - done, out);
}

/* Write NOP NOP TS, TCP_OPTS_TS_LEN bytes, at @p. Returns the sum of the words for the checksum. */
static inline uint64_t tcp_opts_write_ts(uint8_t *p, uint32_t tsval, uint32_t tsecr)
{
	uint32_t w0 = WIRE_BE32(TCP_OPTS_TS_WORD), w1 = WIRE_BE32(tsval), w2 = WIRE_BE32(tsecr);

	memcpy(p, &w0, 4);
	memcpy(p + 4, &w1, 4);
	memcpy(p + 8, &w2, 4);
	return (uint64_t)w0 + w1 + w2;
}

/* Number of bytes, a multiple of 4, that tcp_opts_write_syn() writes for @present. */
static inline size_t tcp_opts_syn_len(uint8_t present)
{
	size_t len = 0;

	if (present & TCP_HAS_MSS)
		len += 4;
	if (present & TCP_HAS_TS)
		len += TCP_OPTS_TS_LEN; /* SACK-permitted takes the place of its NOPs */
	else if (present & TCP_HAS_SACK_PERMITTED)
		len += 4;
	if (present & TCP_HAS_WSCALE)
		len += 4;
	return len;
}

/* Writes a word, and adds it as it lies in the packet to the sum. */
static NSK_ALWAYS_INLINE uint8_t *tcp_opts_put(uint8_t *p, uint32_t host, uint64_t *sum)
{
	uint32_t word = WIRE_BE32(host);

	memcpy(p, &word, 4);
	*sum += word;
	return p + 4;
}

/*
 * Write the options of a SYN or SYN-ACK that @o->present names (SACK blocks excepted) at @p, in
 * Linux's order: MSS, SACK-permitted, timestamps, NOP, window scale. Returns their length,
 * tcp_opts_syn_len(o->present); *sum grows by the words written.
 */
static NSK_ALWAYS_INLINE size_t tcp_opts_write_syn(uint8_t *p, const struct tcp_opts *o,
						   uint64_t *sum)
{
	const uint8_t *start = p;

	if (o->present & TCP_HAS_MSS)
		p = tcp_opts_put(p, TCP_OPTS_MSS_WORD | o->mss, sum);
	if (o->present & TCP_HAS_TS) {
		p = tcp_opts_put(p,
				 o->present & TCP_HAS_SACK_PERMITTED
					 ? TCP_OPTS_SACK_PERMITTED_TS_WORD
					 : TCP_OPTS_TS_WORD,
				 sum);
		p = tcp_opts_put(p, o->tsval, sum);
		p = tcp_opts_put(p, o->tsecr, sum);
	} else if (o->present & TCP_HAS_SACK_PERMITTED) {
		p = tcp_opts_put(p, TCP_OPTS_SACK_PERMITTED_WORD, sum);
	}
	if (o->present & TCP_HAS_WSCALE)
		p = tcp_opts_put(p, TCP_OPTS_WSCALE_WORD | o->wscale, sum);
	return (size_t)(p - start);
}

/* Number of bytes, a multiple of 4, that tcp_opts_write_cookie() writes for a cookie. */
static inline size_t tcp_opts_cookie_len(const struct tcp_cookie *c)
{
	return (TCP_OPT_FASTOPEN_LEN + c->len + (size_t)3) & ~(size_t)3;
}

/* Write the Fast Open option and, as Linux, NOPs behind it. Returns the length; *sum as above. */
size_t tcp_opts_write_cookie(uint8_t *p, const struct tcp_cookie *c, uint64_t *sum);

/* Number of SACK blocks of @nsack that fit beside a timestamp, if there is one. */
static inline unsigned tcp_opts_sack_fit(unsigned nsack, bool ts)
{
	unsigned max = ts ? TCP_SACK_MAX_WITH_TS : TCP_SACK_MAX;

	return nsack < max ? nsack : max;
}

/* Number of bytes, a multiple of 4, that tcp_opts_write() writes. */
static inline size_t tcp_opts_len(bool ts, unsigned nsack)
{
	size_t len = ts ? TCP_OPTS_TS_LEN : 0;

	nsack = tcp_opts_sack_fit(nsack, ts);
	if (nsack)
		len += TCP_OPTS_SACK_HEAD_LEN + nsack * (size_t)TCP_OPT_SACK_BLOCK_LEN;
	return len;
}

/* Write NOP NOP SACK with @nsack blocks, 1–4 and as many as fit, at @p. Returns the length. */
size_t tcp_opts_write_sack(uint8_t *p, const struct tcp_sack_block *blocks, unsigned nsack);

/*
 * Write the options of a segment without SYN at @p: timestamps if @o->present has them, then as
 * many of the SACK blocks (TCP_HAS_SACK) as fit. Returns their length, tcp_opts_len().
 */
size_t tcp_opts_write(uint8_t *p, const struct tcp_opts *o);

#endif /* NSK_WIRE_TCP_OPTS_H */
