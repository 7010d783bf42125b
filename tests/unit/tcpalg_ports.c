/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/ports.c: every port once, in an order that nobody else knows. */
#include "tcpalg/ports.h"
#include "tcpalg_test.h"

static const struct siphash_key key = {0x0123456789abcdef, 0xfedcba9876543210};

static void every_port_comes_once(void **state)
{
	static const uint16_t ranges[][2] = {
		{1, 1},	    {7, 8},	    {1024, 1026},   {32768, 60999},
		{0, 65535}, {49152, 65535}, {65534, 65535}, {10000, 10099},
	};
	static uint8_t seen[65536];
	struct ports p;

	(void)state;
	ports_init(&p, &key);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		for (uint32_t dest = 0; dest < 20; dest++) {
			uint32_t count = 0;
			struct ports_iter it;
			uint16_t port;

			memset(seen, 0, sizeof(seen));
			ports_begin(&p, &it, &dest, sizeof(dest), ranges[i][0], ranges[i][1]);
			for (; ports_next(&it, &port); count++) {
				assert_in_range(port, ranges[i][0], ranges[i][1]);
				assert_int_equal(seen[port]++, 0);
			}
			assert_int_equal(count, ranges[i][1] - ranges[i][0] + 1);
			assert_false(ports_next(&it, &port));
			ports_taken(&p, &it);
		}
}

/* Connection after connection to one destination: no port again before all were used. */
static void rfc6056_3_3_4_reuse_is_as_late_as_can_be(void **state)
{
	static uint8_t seen[65536];
	struct ports p;
	uint32_t dest = 42;

	(void)state;
	ports_init(&p, &key);
	for (int lap = 0; lap < 3; lap++) {
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < 28232; i++) {
			struct ports_iter it;
			uint16_t port;

			ports_begin(&p, &it, &dest, sizeof(dest), 32768, 60999);
			assert_true(ports_next(&it, &port));
			assert_int_equal(seen[port]++, 0);
			ports_taken(&p, &it);
		}
	}
}

static void skipped_candidates_are_behind_us(void **state)
{
	uint16_t a[5], again;
	struct ports_iter it;
	uint32_t dest = 42;
	struct ports p;

	(void)state;
	ports_init(&p, &key);
	ports_begin(&p, &it, &dest, sizeof(dest), 1000, 2000);
	for (int i = 0; i < 5; i++)
		assert_true(ports_next(&it, &a[i]));
	/* Not taken: the same order again. */
	ports_begin(&p, &it, &dest, sizeof(dest), 1000, 2000);
	for (int i = 0; i < 5; i++) {
		assert_true(ports_next(&it, &again));
		assert_int_equal(again, a[i]);
		if (i == 3)
			ports_taken(&p, &it);
	}
	ports_begin(&p, &it, &dest, sizeof(dest), 1000, 2000);
	assert_true(ports_next(&it, &again));
	assert_int_equal(again, a[4]);
}

static void rfc6056_2_destinations_and_keys_differ(void **state)
{
	static uint32_t hits[64];
	const struct siphash_key other = {1, 2};
	struct ports p, q;
	int same = 0, sequential = 0;

	(void)state;
	ports_init(&p, &key);
	ports_init(&q, &other);
	for (uint32_t dest = 0; dest < 6400; dest++) {
		struct ports_iter it;
		uint16_t a, b, c;

		ports_begin(&q, &it, &dest, sizeof(dest), 32768, 60999);
		ports_next(&it, &c);
		ports_begin(&p, &it, &dest, sizeof(dest), 32768, 60999);
		ports_next(&it, &a);
		ports_next(&it, &b);
		same += a == c;
		sequential += b == a + 1;
		hits[(a - 32768) * 64 / 28232]++;
	}
	assert_in_range(same, 0, 5);
	assert_in_range(sequential, 0, 10);
	for (int i = 0; i < 64; i++)
		assert_in_range(hits[i], 50, 160);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_port_comes_once),
		cmocka_unit_test(rfc6056_3_3_4_reuse_is_as_late_as_can_be),
		cmocka_unit_test(skipped_candidates_are_behind_us),
		cmocka_unit_test(rfc6056_2_destinations_and_keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
