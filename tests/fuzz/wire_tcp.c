/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP header with its options, as a segment is decoded: what is accepted is written back as it
 * came, with a right checksum.
 */
#include "fuzz.h"
#include "wire/tcp.h"
#include "wire/tcp_opts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcp_view v;
	struct tcp_opts o;
	uint32_t pseudo;
	size_t len;
	uint8_t *p;

	if (size < 4)
		return 0;
	pseudo = load_be32(data);
	len = size - 4;
	p = fuzz_copy(data + 4, len);
	if (!p)
		return 0;
	if (tcp_parse(p, len, &v) == NSK_DROP_NONE) {
		FUZZ_CHECK(v.hdr_len >= TCP_HLEN && v.hdr_len <= len && v.hdr_len % 4 == 0);
		FUZZ_CHECK(v.flags <= 0xfff);
		tcp_opts_parse(p + TCP_HLEN, v.hdr_len - (size_t)TCP_HLEN, &o);
		FUZZ_CHECK(o.nsack <= TCP_SACK_MAX && o.wscale <= TCP_WSCALE_MAX);
		tcp_write(p, &v);
		FUZZ_CHECK(memcmp(p, data + 4, 16) == 0);
		FUZZ_CHECK(memcmp(p + 18, data + 22, 2) == 0);
		tcp_set_checksum(p, len, pseudo);
		FUZZ_CHECK(tcp_checksum_ok(p, len, pseudo));
	}
	fuzz_free(p, len);
	return 0;
}
