/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4: lengths that are accepted lie within the packet, fields are written back as they came, and
 * the checksum decides nothing but itself. The first two bytes say how much longer than the
 * readable part the packet is.
 */
#include "fuzz.h"
#include "wire/ipv4.h"

static void check_accepted(const uint8_t *p, size_t len, size_t pkt_len, const struct ipv4_view *v)
{
	uint8_t back[IPV4_HLEN];
	size_t i = IPV4_HLEN;

	FUZZ_CHECK(v->hdr_len >= IPV4_HLEN && v->hdr_len <= len && v->hdr_len % 4 == 0);
	FUZZ_CHECK(v->hdr_len <= v->total_len && v->total_len <= pkt_len);
	FUZZ_CHECK(ipv4_payload_len(v) == v->total_len - v->hdr_len);
	FUZZ_CHECK(ipv4_frag_offset(v) <= 65528);
	ipv4_write(back, v);
	FUZZ_CHECK(back[0] == 0x45);
	FUZZ_CHECK(memcmp(back + 1, p + 1, 9) == 0);
	FUZZ_CHECK(memcmp(back + 12, p + 12, 8) == 0);
	/* No source route is the first option, however many fillers stand before it. */
	while (i < v->hdr_len && p[i] == IPV4_OPT_NOP)
		i++;
	FUZZ_CHECK(i == v->hdr_len || (p[i] != IPV4_OPT_LSRR && p[i] != IPV4_OPT_SSRR));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipv4_view v, unchecked;
	enum nsk_drop with, without;
	size_t len, pkt_len;
	uint8_t *p;

	if (size < 2)
		return 0;
	len = size - 2;
	pkt_len = len + load_be16(data);
	p = fuzz_copy(data + 2, len);
	if (!p)
		return 0;
	with = ipv4_parse(p, len, pkt_len, 0, &v);
	without = ipv4_parse(p, len, pkt_len, WIRE_CSUM_DONE, &unchecked);
	FUZZ_CHECK(with == without || with == NSK_DROP_IP_CHECKSUM);
	if (without == NSK_DROP_NONE)
		check_accepted(p, len, pkt_len, &unchecked);
	if (with == NSK_DROP_NONE)
		FUZZ_CHECK(csum_block(p, v.hdr_len) == 0);
	if (with == NSK_DROP_IP_CHECKSUM) {
		size_t hdr_len = (size_t)(p[0] & 15) * 4;

		store_be16(p + 10, 0);
		ipv4_set_checksum(p, hdr_len);
		FUZZ_CHECK(ipv4_parse(p, len, pkt_len, 0, &v) == without);
	}
	fuzz_free(p, len);
	return 0;
}
