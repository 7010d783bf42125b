/* SPDX-License-Identifier: BSD-3-Clause */
/* What routers say: of what is accepted nothing is beyond its bounds. */
#include "fuzz.h"
#include "wire/icmp6.h"
#include "wire/ra.h"

static void check_prefix(const struct ra_prefix *x)
{
	FUZZ_CHECK(x->len <= 128);
	for (unsigned i = x->len; i < 128; i++)
		FUZZ_CHECK(!(x->addr[i / 8] & 0x80 >> i % 8));
}

static void check_domain(const struct ra_domain *x)
{
	size_t n = strnlen(x->name, sizeof(x->name));

	FUZZ_CHECK(n > 0 && n < sizeof(x->name));
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(x->name[i] > ' ' && x->name[i] != '/' && x->name[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t src[16] = {0xfe, 0x80}, *p;
	struct ra_view v;
	size_t len;

	/* The first byte is the hop limit, a bit of the second says that it comes from afar. */
	p = fuzz_copy_behind_two(data, size, &len);
	if (!p)
		return 0;
	if (data[1] & 1)
		src[0] = 0x20;
	p[0] = ICMP6_ROUTER_ADVERT;
	if (ra_parse(p, len, src, data[0], &v) == NSK_DROP_NONE) {
		FUZZ_CHECK(len >= RA_LEN && len % 8 == 0 && data[0] == ND_HOP_LIMIT);
		FUZZ_CHECK(p[1] == 0 && !(data[1] & 1));
		FUZZ_CHECK(v.preference >= -1 && v.preference <= 1);
		FUZZ_CHECK(v.nprefixes <= RA_PREFIXES_MAX && v.nservers <= RA_SERVERS_MAX &&
			   v.ndomains <= RA_DOMAINS_MAX);
		FUZZ_CHECK(!v.has_mac || !(v.mac[0] & 1));
		for (unsigned i = 0; i < v.nprefixes; i++)
			check_prefix(&v.prefix[i]);
		for (unsigned i = 0; i < v.ndomains; i++)
			check_domain(&v.domain[i]);
	}
	fuzz_free(p, len);
	return 0;
}
