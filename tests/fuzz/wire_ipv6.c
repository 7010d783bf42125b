/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6: what is accepted fits the packet and is written back as it came. */
#include "fuzz.h"
#include "wire/ipv6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t back[IPV6_HLEN], *p;
	size_t len, pkt_len;
	struct ipv6_view v;

	/* The first two bytes say how much longer than the readable part the packet is. */
	if (size < 2)
		return 0;
	len = size - 2;
	pkt_len = len + load_be16(data);
	p = fuzz_copy(data + 2, len);
	if (!p)
		return 0;
	if (ipv6_parse(p, len, pkt_len, &v) == NSK_DROP_NONE) {
		FUZZ_CHECK(len >= IPV6_HLEN && (size_t)IPV6_HLEN + v.payload_len <= pkt_len);
		FUZZ_CHECK(v.src >= p && v.dst + IPV6_ADDR_LEN <= p + len);
		ipv6_write(back, &v);
		FUZZ_CHECK(memcmp(back, p, IPV6_HLEN) == 0);
	}
	fuzz_free(p, len);
	return 0;
}
