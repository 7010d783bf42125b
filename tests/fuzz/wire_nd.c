/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of neighbours: what is accepted has what RFC 4861 §7.1 wants, and can be written. */
#include "fuzz.h"
#include "wire/icmp6.h"
#include "wire/nd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t src[16] = {0x20, 1}, dst[16] = {0x20, 2}, back[ND_NEIGH_MAX], *p;
	struct nd_view v, again;
	size_t len;

	/* The first byte is the hop limit, bits of the second say whether it comes from nobody and
	 * goes to many. */
	p = fuzz_copy_behind_two(data, size, &len);
	if (!p)
		return 0;
	if (data[1] & 1)
		src[0] = src[1] = 0;
	if (data[1] & 2)
		nd_solicited_node(dst, dst);
	p[0] = p[0] & 1 ? ICMP6_NEIGH_SOLICIT : ICMP6_NEIGH_ADVERT;
	if (nd_neigh_parse(p, len, src, dst, data[0], &v) == NSK_DROP_NONE) {
		FUZZ_CHECK(len >= ND_NEIGH_LEN && len % 8 == 0 && data[0] == ND_HOP_LIMIT);
		FUZZ_CHECK(p[1] == 0 && v.type == p[0] && v.target[0] != 0xff);
		FUZZ_CHECK(memcmp(v.target, p + 8, 16) == 0);
		if (v.has_mac)
			FUZZ_CHECK(len >= ND_NEIGH_MAX && !(v.mac[0] & 1));
		if (v.type == ICMP6_NEIGH_SOLICIT)
			FUZZ_CHECK(src[0] || (!v.has_mac && dst[0] == 0xff));
		else
			FUZZ_CHECK(dst[0] != 0xff || !(v.flags & ND_F_SOLICITED));
		FUZZ_CHECK(nd_neigh_parse(back, nd_neigh_write(back, &v), src, dst, 255, &again) ==
			   NSK_DROP_NONE);
		FUZZ_CHECK(memcmp(again.target, v.target, 16) == 0);
		FUZZ_CHECK(again.has_mac == v.has_mac && memcmp(again.mac, v.mac, 6) == 0);
	}
	fuzz_free(p, len);
	return 0;
}
