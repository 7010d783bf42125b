/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP options off the common path; see tcp_opts.h. */
#include "wire/tcp_opts.h"

#define TCP_OPTS_SACK_WORD UINT32_C(0x01010500)

/* Decode the SACK option of @len bytes at @p: 1–4 blocks. False if the length is none of theirs. */
static bool tcp_opts_sack(const uint8_t *p, size_t len, struct tcp_opts *out)
{
	size_t n = (len - 2) / TCP_OPT_SACK_BLOCK_LEN;

	if ((len - 2) % TCP_OPT_SACK_BLOCK_LEN != 0 || n < 1 || n > TCP_SACK_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		out->sack[i].start = load_be32(p + 2 + i * TCP_OPT_SACK_BLOCK_LEN);
		out->sack[i].end = load_be32(p + 6 + i * TCP_OPT_SACK_BLOCK_LEN);
	}
	out->nsack = (uint8_t)n;
	out->present |= TCP_HAS_SACK;
	return true;
}

/* The same of the Fast Open option, whose cookie stays where it is. */
static bool tcp_opts_fastopen(const uint8_t *p, size_t len, struct tcp_opts *out)
{
	size_t n = len - TCP_OPT_FASTOPEN_LEN;

	if (n != 0 && (n < TCP_FASTOPEN_MIN || n > TCP_FASTOPEN_MAX || n % 2 != 0))
		return false;
	out->cookie = p + TCP_OPT_FASTOPEN_LEN;
	out->cookie_len = (uint8_t)n;
	out->present |= TCP_HAS_FASTOPEN;
	return true;
}

/* Decode one option of @len bytes (2 or more) at @p. False if a known kind has a wrong length. */
static bool tcp_opts_one(const uint8_t *p, size_t len, struct tcp_opts *out)
{
	switch (p[0]) {
	case TCP_OPT_MSS:
		if (len != TCP_OPT_MSS_LEN)
			return false;
		out->mss = load_be16(p + 2);
		out->present |= TCP_HAS_MSS;
		return true;
	case TCP_OPT_WSCALE:
		if (len != TCP_OPT_WSCALE_LEN)
			return false;
		out->wscale = p[2] > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : p[2];
		out->present |= TCP_HAS_WSCALE;
		return true;
	case TCP_OPT_SACK_PERMITTED:
		if (len != TCP_OPT_SACK_PERMITTED_LEN)
			return false;
		out->present |= TCP_HAS_SACK_PERMITTED;
		return true;
	case TCP_OPT_SACK:
		return tcp_opts_sack(p, len, out);
	case TCP_OPT_TS:
		if (len != TCP_OPT_TS_LEN)
			return false;
		out->tsval = load_be32(p + 2);
		out->tsecr = load_be32(p + 6);
		out->present |= TCP_HAS_TS;
		return true;
	case TCP_OPT_FASTOPEN:
		return tcp_opts_fastopen(p, len, out);
	default:
		return true;
	}
}

/* The list of most SYNs, in Linux's order: MSS, SACK-permitted, timestamps, NOP, window scale. */
static bool tcp_opts_usual_syn(const uint8_t *p, size_t len, struct tcp_opts *out)
{
	uint32_t mss, scale;

	if (len != TCP_OPTS_SYN_MAX || load_be32(p + 4) != TCP_OPTS_SACK_PERMITTED_TS_WORD)
		return false;
	mss = load_be32(p);
	scale = load_be32(p + 16);
	if (mss >> 16 != TCP_OPTS_MSS_WORD >> 16 || scale >> 8 != TCP_OPTS_WSCALE_WORD >> 8)
		return false;
	out->present |= TCP_HAS_MSS | TCP_HAS_SACK_PERMITTED | TCP_HAS_TS | TCP_HAS_WSCALE;
	out->mss = (uint16_t)mss;
	out->tsval = load_be32(p + 8);
	out->tsecr = load_be32(p + 12);
	scale &= 0xff;
	out->wscale = (uint8_t)(scale > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : scale);
	return true;
}

void tcp_opts_walk(const uint8_t *p, size_t len, struct tcp_opts *out)
{
	size_t i = 0;

	if (tcp_opts_usual_syn(p, len, out))
		return;
	/* Each turn moves on by at least one byte, and a length below 2 ends the walk. */
	while (i < len) {
		size_t opt_len;

		if (p[i] == TCP_OPT_EOL)
			return;
		if (p[i] == TCP_OPT_NOP) {
			i++;
			continue;
		}
		if (len - i < 2 || p[i + 1] < 2 || p[i + 1] > len - i) {
			out->malformed = true;
			return;
		}
		opt_len = p[i + 1];
		if (!tcp_opts_one(p + i, opt_len, out))
			out->malformed = true;
		i += opt_len;
	}
}

size_t tcp_opts_write_cookie(uint8_t *p, const struct tcp_cookie *c, uint64_t *sum)
{
	size_t used = TCP_OPT_FASTOPEN_LEN + (size_t)c->len, len = tcp_opts_cookie_len(c);

	p[0] = TCP_OPT_FASTOPEN;
	p[1] = (uint8_t)used;
	memcpy(p + TCP_OPT_FASTOPEN_LEN, c->octets, c->len);
	memset(p + used, TCP_OPT_NOP, len - used);
	for (size_t i = 0; i < len; i += 4) {
		uint32_t word;

		memcpy(&word, p + i, 4);
		*sum += word;
	}
	return len;
}

size_t tcp_opts_write_sack(uint8_t *p, const struct tcp_sack_block *blocks, unsigned nsack)
{
	size_t blocks_len = nsack * (size_t)TCP_OPT_SACK_BLOCK_LEN;

	store_be32(p, TCP_OPTS_SACK_WORD | (uint32_t)(blocks_len + 2));
	p += TCP_OPTS_SACK_HEAD_LEN;
	for (unsigned i = 0; i < nsack; i++) {
		store_be32(p, blocks[i].start);
		store_be32(p + 4, blocks[i].end);
		p += TCP_OPT_SACK_BLOCK_LEN;
	}
	return TCP_OPTS_SACK_HEAD_LEN + blocks_len;
}

size_t tcp_opts_write(uint8_t *p, const struct tcp_opts *o)
{
	bool ts = (o->present & TCP_HAS_TS) != 0;
	unsigned nsack = o->present & TCP_HAS_SACK ? tcp_opts_sack_fit(o->nsack, ts) : 0;
	size_t len = 0;

	if (ts) {
		tcp_opts_write_ts(p, o->tsval, o->tsecr);
		len = TCP_OPTS_TS_LEN;
	}
	if (nsack)
		len += tcp_opts_write_sack(p + len, o->sack, nsack);
	return len;
}
