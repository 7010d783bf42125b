/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP options: the decoder against a second one, written for clearness and nothing else; and what
 * it found, encoded and decoded again.
 */
#include "fuzz.h"
#include "wire/tcp_opts.h"

/* Length of the option at the head of @len bytes at @p; 0 if the list cannot be walked on. */
static size_t length_of(const uint8_t *p, size_t len)
{
	if (p[0] == TCP_OPT_NOP)
		return 1;
	if (len < 2 || p[1] < 2 || p[1] > len)
		return 0;
	return p[1];
}

static void reference(const uint8_t *p, size_t len, struct tcp_opts *o)
{
	memset(o, 0, sizeof(*o));
	while (len > 0 && p[0] != TCP_OPT_EOL) {
		size_t n = length_of(p, len);

		if (n == 0) {
			o->malformed = true;
			return;
		}
		if (p[0] == TCP_OPT_MSS && n == 4) {
			o->present |= TCP_HAS_MSS;
			o->mss = (uint16_t)(p[2] << 8 | p[3]);
		} else if (p[0] == TCP_OPT_WSCALE && n == 3) {
			o->present |= TCP_HAS_WSCALE;
			o->wscale = p[2] < 14 ? p[2] : 14;
		} else if (p[0] == TCP_OPT_SACK_PERMITTED && n == 2) {
			o->present |= TCP_HAS_SACK_PERMITTED;
		} else if (p[0] == TCP_OPT_SACK && (n == 10 || n == 18 || n == 26 || n == 34)) {
			o->present |= TCP_HAS_SACK;
			o->nsack = (uint8_t)(n / 8);
			for (unsigned i = 0; i < o->nsack; i++) {
				o->sack[i].start = load_be32(p + 2 + 8 * i);
				o->sack[i].end = load_be32(p + 6 + 8 * i);
			}
		} else if (p[0] == TCP_OPT_TS && n == 10) {
			o->present |= TCP_HAS_TS;
			o->tsval = load_be32(p + 2);
			o->tsecr = load_be32(p + 6);
		} else if (p[0] == TCP_OPT_FASTOPEN &&
			   (n == 2 || (n >= 6 && n <= 18 && n % 2 == 0))) {
			o->present |= TCP_HAS_FASTOPEN;
			o->cookie = p + 2;
			o->cookie_len = (uint8_t)(n - 2);
		} else if ((p[0] >= TCP_OPT_MSS && p[0] <= TCP_OPT_SACK) || p[0] == TCP_OPT_TS ||
			   p[0] == TCP_OPT_FASTOPEN) {
			o->malformed = true;
		}
		p += n;
		len -= n;
	}
}

/* Both say the same about the options in @mask. */
static void check_same(const struct tcp_opts *a, const struct tcp_opts *b, uint8_t mask)
{
	uint8_t has = a->present & mask;

	FUZZ_CHECK(has == (b->present & mask));
	FUZZ_CHECK(!(has & TCP_HAS_MSS) || a->mss == b->mss);
	FUZZ_CHECK(!(has & TCP_HAS_WSCALE) || a->wscale == b->wscale);
	FUZZ_CHECK(!(has & TCP_HAS_TS) || (a->tsval == b->tsval && a->tsecr == b->tsecr));
	FUZZ_CHECK(!(has & TCP_HAS_FASTOPEN) ||
		   (a->cookie == b->cookie && a->cookie_len == b->cookie_len));
	if (has & TCP_HAS_SACK) {
		FUZZ_CHECK(a->nsack == b->nsack && a->nsack >= 1 && a->nsack <= TCP_SACK_MAX);
		FUZZ_CHECK(memcmp(a->sack, b->sack, a->nsack * sizeof(a->sack[0])) == 0);
	}
}

static void check_round_trips(const struct tcp_opts *o)
{
	const uint8_t in_syn = TCP_HAS_MSS | TCP_HAS_WSCALE | TCP_HAS_SACK_PERMITTED | TCP_HAS_TS;
	const uint8_t in_data = TCP_HAS_TS | TCP_HAS_SACK;
	bool ts = (o->present & TCP_HAS_TS) != 0;
	struct tcp_opts cut = *o, again;
	uint8_t buf[TCP_OPTS_MAX];
	uint64_t sum = 0;
	size_t n = tcp_opts_write_syn(buf, o, &sum);

	FUZZ_CHECK(n <= TCP_OPTS_SYN_MAX && n % 4 == 0 && n == tcp_opts_syn_len(o->present));
	FUZZ_CHECK(csum_fold64(sum) == csum_words(buf, n / 4));
	tcp_opts_parse(buf, n, &again);
	FUZZ_CHECK(!again.malformed && !(again.present & TCP_HAS_SACK));
	check_same(o, &again, in_syn);

	n = tcp_opts_write(buf, o);
	FUZZ_CHECK(n <= sizeof(buf) && n % 4 == 0 && n == tcp_opts_len(ts, o->nsack));
	tcp_opts_parse(buf, n, &again);
	FUZZ_CHECK(!again.malformed && !(again.present & ~in_data));
	cut.nsack = (uint8_t)tcp_opts_sack_fit(cut.nsack, ts);
	check_same(&cut, &again, in_data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct tcp_opts o, want;

	if (!p)
		return 0;
	memset(&o, 0xee, sizeof(o));
	tcp_opts_parse(p, size, &o);
	reference(p, size, &want);
	FUZZ_CHECK(o.malformed == want.malformed && o.nsack == want.nsack);
	FUZZ_CHECK(o.present == want.present && o.wscale <= TCP_WSCALE_MAX);
	check_same(&o, &want, 0xff);
	check_round_trips(&o);
	fuzz_free(p, size);
	return 0;
}
