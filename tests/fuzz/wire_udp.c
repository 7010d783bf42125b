/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP: lengths that are accepted lie within the payload; what is written has a right checksum. */
#include "fuzz.h"
#include "wire/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t pseudo;
	struct udp_view v;
	size_t len;
	uint8_t *p;

	if (size < 4)
		return 0;
	pseudo = load_be32(data);
	len = size - 4;
	p = fuzz_copy(data + 4, len);
	if (!p)
		return 0;
	/* In a chain only the header need be readable. */
	if (udp_parse(p, len < UDP_HLEN ? len : UDP_HLEN, len, &v) == NSK_DROP_NONE) {
		FUZZ_CHECK(v.len >= UDP_HLEN && v.len <= len);
		FUZZ_CHECK(udp_checksum_ok(p, v.len, pseudo, true) || v.has_checksum);
		FUZZ_CHECK(!udp_checksum_ok(p, v.len, pseudo, false) || v.has_checksum);
		udp_write(p, v.sport, v.dport, v.len);
		FUZZ_CHECK(memcmp(p, data + 4, 6) == 0);
		udp_set_checksum(p, v.len, pseudo);
		FUZZ_CHECK(load_be16(p + 6) != 0);
		FUZZ_CHECK(udp_checksum_ok(p, v.len, pseudo, false));
	}
	fuzz_free(p, len);
	return 0;
}
