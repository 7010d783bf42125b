/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/sizing.c: the formula, by numbers worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include <netstk/netstk.h>

#include "stack/sizing.h"

static void test_usual_pools(void **state)
{
	(void)state;
	assert_int_equal(sizing_buffers(0, 0), 447);
	assert_int_equal(sizing_buffers(256 + 128, 0), 32767);
	assert_int_equal(sizing_buffers(8192, 0), 32767);
	assert_int_equal(sizing_buffers(8193, 0), 2 * 8193 + 16384 - 1);
}

/* Three eighths of a pool are for each direction. */
static void test_data_gets_three_eighths_each_way(void **state)
{
	(void)state;
	assert_int_equal(sizing_buffers(0, 300), 799);
	assert_int_equal(sizing_buffers(384, 6144), 32767);
	assert_int_equal(sizing_buffers(384, 30000), 768 + 80000 - 1);
	assert_int_equal(sizing_buffers(384, 30001), 768 + 80003 - 1);
}

static void test_a_plan_is_worked_out(void **state)
{
	struct nsk_sizing_plan plan = {
		.workers = 3,
		.ports = 2,
		.rx_ring = 1024,
		.tx_ring = 512,
		.connections = 100000,
		.active = 10000,
		.flight_bytes = 14601,
	};
	struct nsk_sizing s;
	const uint32_t data = 3334 * 11; /* connections of a worker, packets of 1,460 bytes each */

	(void)state;
	assert_int_equal(nsk_sizing(&plan, &s), 0);
	assert_int_equal(s.ring_buffers, 2 * 2 * (1024 + 512));
	assert_int_equal(s.buffers, s.ring_buffers + (data * 8 + 2) / 3 - 1);
	assert_int_equal(s.data_buffers, s.buffers - s.ring_buffers);
	assert_int_equal(s.buffer_bytes, 2048);
	assert_in_range(s.buffer_size, 2048 + 128 + 128, 2048 + 512);
	assert_int_equal(s.pool_bytes, (uint64_t)s.buffers * s.buffer_size);
	assert_true(s.device_bytes > 3 * s.pool_bytes);
	assert_int_equal(s.connection_bytes, 51200000);
}

static void test_a_packet_takes_as_many_buffers_as_it_needs(void **state)
{
	struct nsk_sizing_plan plan = {
		.workers = 1, .connections = 1000, .active = 1000, .flight_bytes = 9000};
	struct nsk_sizing s;

	(void)state;
	plan.mtu = 9040;
	plan.buffer_bytes = 9100;
	assert_int_equal(nsk_sizing(&plan, &s), 0);
	assert_int_equal(s.buffers, 2666); /* one each */
	plan.buffer_bytes = 2048;
	assert_int_equal(nsk_sizing(&plan, &s), 0);
	assert_int_equal(s.buffers, 13333); /* five each */
	assert_int_equal(s.device_bytes, 0);
}

static void test_what_cannot_be_is_refused(void **state)
{
	const struct nsk_sizing_plan good = {
		.workers = 1, .ports = 1, .connections = 5, .active = 5, .flight_bytes = 1};
	struct nsk_sizing_plan plan;
	struct nsk_sizing s;

	(void)state;
#define REFUSED(field, value, error)                         \
	do {                                                 \
		plan = good;                                 \
		plan.field = (value);                        \
		assert_int_equal(nsk_sizing(&plan, &s), -1); \
		assert_int_equal(errno, error);              \
	} while (0)
	REFUSED(workers, 0, EINVAL);
	REFUSED(workers, 65, EINVAL);
	REFUSED(ports, 32, EINVAL);
	REFUSED(rx_ring, 31, EINVAL);
	REFUSED(tx_ring, 32769, EINVAL);
	REFUSED(mtu, 67, EINVAL);
	REFUSED(mtu, 65536, EINVAL);
	REFUSED(buffer_bytes, 255, EINVAL);
	REFUSED(active, 6, EINVAL);
	REFUSED(connections, 16777217, EINVAL);
	REFUSED(flight_bytes, UINT32_MAX, ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_pools),
		cmocka_unit_test(test_data_gets_three_eighths_each_way),
		cmocka_unit_test(test_a_plan_is_worked_out),
		cmocka_unit_test(test_a_packet_takes_as_many_buffers_as_it_needs),
		cmocka_unit_test(test_what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
