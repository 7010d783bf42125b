/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6's extension headers: a walk ends within the packet, and says where what it means stands. */
#include "fuzz.h"
#include "wire/ipv6_ext.h"

static void check_walked(const uint8_t *p, size_t len, const struct ipv6_chain *c)
{
	FUZZ_CHECK(c->off >= IPV6_HLEN && c->off <= len && c->off % 8 == 0);
	FUZZ_CHECK(c->proto_at < c->off && p[c->proto_at] == c->proto);
	FUZZ_CHECK(c->fragment == (c->more || c->frag_off));
	if (c->fragment || c->frag_at) {
		FUZZ_CHECK(c->frag_at + IPV6_FRAG_HLEN <= c->off);
		FUZZ_CHECK(p[c->named_at] == IPV6_NEXT_FRAGMENT && c->named_at < c->frag_at);
		FUZZ_CHECK(load_be32(p + c->frag_at + 4) == c->frag_id);
	}
	if (c->fragment)
		FUZZ_CHECK(c->frag_at + IPV6_FRAG_HLEN == c->off);
	else
		FUZZ_CHECK(c->proto != IPV6_NEXT_ROUTING && c->proto != IPV6_NEXT_FRAGMENT &&
			   c->proto != IPV6_NEXT_DESTINATION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipv6_chain c;
	struct ipv6_view ip;
	enum nsk_drop bad;
	uint8_t *p;
	size_t len;

	/* The first two bytes say how much longer than the readable part the packet is. */
	if (size < 2)
		return 0;
	len = size - 2;
	p = fuzz_copy(data + 2, len);
	if (!p)
		return 0;
	if (ipv6_parse(p, len, len + load_be16(data), &ip) == NSK_DROP_NONE) {
		bad = ipv6_walk(p, len, &ip, &c);
		if (bad == NSK_DROP_NONE) {
			check_walked(p, len, &c);
			FUZZ_CHECK(c.off <= (size_t)IPV6_HLEN + ip.payload_len);
		} else if (bad == NSK_DROP_IP6_EXTENSIONS) {
			FUZZ_CHECK(!c.complain || (c.code <= 2 && c.problem < len));
		} else {
			FUZZ_CHECK(bad == NSK_DROP_IP_SPLIT_HEADERS);
			FUZZ_CHECK(len < (size_t)IPV6_HLEN + ip.payload_len);
		}
	}
	fuzz_free(p, len);
	return 0;
}
