/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/rss.c against the hashes that Microsoft's RSS specification gives to verify one by. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/rss.h"

static struct flow flow(int family, const char *src, uint16_t sport, const char *dst,
			uint16_t dport)
{
	struct flow f = {.sport_be = htons(sport), .dport_be = htons(dport)};

	assert_int_equal(inet_pton(family, src, f.src), 1);
	assert_int_equal(inet_pton(family, dst, f.dst), 1);
	return f;
}

static void test_buckets_are_those_of_hardware(void **state)
{
	const struct {
		uint32_t hash;
		struct flow flow;
	} rows[] = {
		{0x51ccc178, flow(AF_INET, "66.9.149.187", 2794, "161.142.100.80", 1766)},
		{0xc626b0ea, flow(AF_INET, "199.92.111.2", 14230, "65.69.140.83", 4739)},
		{0x5c2b394a, flow(AF_INET, "24.19.198.95", 12898, "12.22.207.184", 38024)},
		{0xafc7327f, flow(AF_INET, "38.27.205.30", 48228, "209.142.163.6", 2217)},
		{0x10e828a2, flow(AF_INET, "153.39.163.191", 44251, "202.188.127.2", 1303)},
		{0x40207d3d,
		 flow(AF_INET6, "3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766)},
		{0xdde51bbf,
		 flow(AF_INET6, "3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739)},
		{0x02d1feef, flow(AF_INET6, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251,
				  "fe80::200:f8ff:fe21:67cf", 38024)},
	};
	struct rss rss;

	(void)state;
	rss_init(&rss);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rss_bucket(&rss, &rows[i].flow), rows[i].hash % RSS_BUCKETS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_are_those_of_hardware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
