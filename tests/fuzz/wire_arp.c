/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP: what is accepted is written back as it came. */
#include "fuzz.h"
#include "wire/arp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	uint8_t back[ARP_LEN];
	struct arp_view v;

	if (!p)
		return 0;
	if (arp_parse(p, size, &v) == NSK_DROP_NONE) {
		FUZZ_CHECK(size >= ARP_LEN);
		FUZZ_CHECK(v.op == ARP_OP_REQUEST || v.op == ARP_OP_REPLY);
		FUZZ_CHECK(!(v.sha[0] & 1));
		FUZZ_CHECK(v.spa >> 28 < 0xe && v.spa >> 24 != 127);
		arp_write(back, &v);
		FUZZ_CHECK(memcmp(back, p, ARP_LEN) == 0);
		FUZZ_CHECK(!arp_is_probe(&v) || !arp_is_announcement(&v));
	}
	fuzz_free(p, size);
	return 0;
}
