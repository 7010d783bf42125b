/* SPDX-License-Identifier: BSD-3-Clause */
/* IGMP and MLD: what is a query names a group and has the senders it counts; options end. */
#include "fuzz.h"
#include "wire/groupmsg.h"

static void check(const struct groupmsg_query *q, const uint8_t *p, size_t len, size_t addr_len)
{
	FUZZ_CHECK(q->version >= 1 && q->version <= 3 && q->robustness <= 7);
	FUZZ_CHECK(q->max_resp_ms <= 31744u * 100 || addr_len == 16);
	FUZZ_CHECK(q->max_resp_ms <= 8387584 && q->interval_s <= 31744);
	FUZZ_CHECK(q->general == ((q->group[0] & 0xe0) != 0xe0));
	if (q->nsources) {
		FUZZ_CHECK(!q->general && q->source > p);
		FUZZ_CHECK(q->source + q->nsources * addr_len <= p + len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size), copy[1024];
	struct groupmsg_report r;
	struct groupmsg_query q;

	if (igmp_query_parse(p, size, &q) == NSK_DROP_NONE)
		check(&q, p, size, 4);
	if (mld_query_parse(p, size, &q) == NSK_DROP_NONE) {
		check(&q, p, size, 16);
		/* What was asked for can be said, as far as there is room. */
		groupmsg_begin(&r, MLD_V2_REPORT, 16, copy, sizeof(copy));
		FUZZ_CHECK(groupmsg_record(&r, GROUPMSG_IS_IN, q.group, 1));
		for (unsigned i = 0; i < q.nsources; i++)
			if (!groupmsg_source(&r, q.source + 16 * i))
				break;
		FUZZ_CHECK(r.len <= sizeof(copy) && r.len == 28 + 16u * load_be16(copy + 10));
	}
	if (igmp_report_group(p, size))
		FUZZ_CHECK(size >= IGMP_LEN);
	if (mld_report_group(p, size))
		FUZZ_CHECK(size >= MLD_LEN);
	if (mld_is_alerted(p, size))
		FUZZ_CHECK(size >= MLD_IP_HLEN && p[6] == 0);
	fuzz_free(p, size);
	return 0;
}
