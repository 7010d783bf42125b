/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP: messages that are accepted can be written and answered with right checksums; quotes lie
 * within the message.
 */
#include "fuzz.h"
#include "wire/icmp.h"

static void check_quote(const uint8_t *p, size_t len)
{
	struct icmp_quote q;
	struct ipv4_view ip;

	if (icmp_quote_parse(p, len, &q))
		return;
	FUZZ_CHECK(ipv4_parse(p, len, IPV4_MAX_LEN, WIRE_CSUM_DONE, &ip) == NSK_DROP_NONE);
	FUZZ_CHECK(q.total_len == ip.total_len && q.proto == ip.proto);
	FUZZ_CHECK(q.l4 == p + ip.hdr_len);
	FUZZ_CHECK(q.l4_len >= ICMP_QUOTE_MIN && q.l4_len <= len - ip.hdr_len);
	FUZZ_CHECK(q.l4_len <= ipv4_payload_len(&ip));
	FUZZ_CHECK(ipv4_frag_offset(&ip) == 0);
	if (q.proto == 6 || q.proto == 17)
		FUZZ_CHECK(q.sport == load_be16(q.l4) && q.dport == load_be16(q.l4 + 2));
	else
		FUZZ_CHECK(q.sport == 0 && q.dport == 0);
	FUZZ_CHECK(q.seq == (q.proto == 6 ? load_be32(q.l4 + 4) : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct icmp_view v, again;
	enum nsk_drop got;

	if (!p)
		return 0;
	got = icmp_parse(p, size, 0, &again);
	if (icmp_parse(p, size, WIRE_CSUM_DONE, &v) == NSK_DROP_NONE) {
		FUZZ_CHECK(size >= ICMP_HLEN);
		FUZZ_CHECK(got == NSK_DROP_NONE || got == NSK_DROP_ICMP_CHECKSUM);
		check_quote(p + ICMP_HLEN, size - ICMP_HLEN);
		icmp_write(p, &v);
		FUZZ_CHECK(p[0] == data[0] && p[1] == data[1]);
		FUZZ_CHECK(memcmp(p + 4, data + 4, size - 4) == 0);
		icmp_set_checksum(p, size);
		FUZZ_CHECK(icmp_parse(p, size, 0, &again) == NSK_DROP_NONE);
		if (v.type == ICMP_ECHO) {
			icmp_echo_to_reply(p);
			FUZZ_CHECK(icmp_parse(p, size, 0, &again) == NSK_DROP_NONE);
			FUZZ_CHECK(again.type == ICMP_ECHO_REPLY && again.rest == v.rest);
		}
	} else {
		FUZZ_CHECK(got == NSK_DROP_ICMP_SHORT && size < ICMP_HLEN);
	}
	fuzz_free(p, size);
	return 0;
}
