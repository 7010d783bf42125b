/* SPDX-License-Identifier: BSD-3-Clause */
/* What DHCP servers say: of what is accepted nothing is beyond its bounds. */
#include "fuzz.h"
#include "wire/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct dhcp_view v;

	if (!p)
		return 0;
	if (dhcp_parse(p, size, &v) == NSK_DROP_NONE) {
		FUZZ_CHECK(size >= DHCP_FIXED && size <= DHCP_MOST && p[0] == 2);
		FUZZ_CHECK(v.type == DHCP_OFFER || v.type == DHCP_ACK || v.type == DHCP_NAK);
		FUZZ_CHECK(v.server && (v.addr || v.type == DHCP_NAK));
		FUZZ_CHECK(v.prefix_len <= 32);
		FUZZ_CHECK(v.nroutes <= DHCP_ROUTES_MAX && v.ndns <= DHCP_DNS_MAX);
		for (unsigned i = 0; i < v.nroutes; i++) {
			const struct dhcp_route *r = &v.route[i];

			FUZZ_CHECK(r->len <= 32);
			FUZZ_CHECK(r->len == 32 || !(r->dst << r->len));
		}
		FUZZ_CHECK(memchr(v.text, '\0', sizeof(v.text)) != NULL);
		for (const char *c = v.text; *c; c++)
			FUZZ_CHECK(*c >= ' ' && *c < 0x7f);
	}
	fuzz_free(p, size);
	return 0;
}
