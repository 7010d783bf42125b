/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/eth.h: Ethernet II headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/eth.h"
#include "wire_exact.h"
#include "wire_packets.h"

static void test_frame_of_linux_is_decoded(void **state)
{
	struct eth_view v = {0};

	(void)state;
	assert_int_equal(eth_parse(linux_syn4, sizeof(linux_syn4), &v), 0);
	assert_ptr_equal(v.dst, linux_syn4);
	assert_ptr_equal(v.src, linux_syn4 + 6);
	assert_int_equal(v.type, ETH_TYPE_IPV4);
	assert_int_equal(eth_parse(linux_udp6, sizeof(linux_udp6), &v), 0);
	assert_int_equal(v.type, ETH_TYPE_IPV6);
	assert_int_equal(eth_parse(linux_arp_request, sizeof(linux_arp_request), &v), 0);
	assert_int_equal(v.type, ETH_TYPE_ARP);
	assert_true(eth_is_broadcast(v.dst));
}

static void test_every_truncation_is_short(void **state)
{
	struct eth_view v = {0};

	(void)state;
	for (size_t len = 0; len < ETH_HLEN; len++)
		assert_int_equal(eth_parse(exact_copy(linux_syn4, len), len, &v),
				 NSK_DROP_ETH_SHORT);
	assert_int_equal(eth_parse(exact_copy(linux_syn4, ETH_HLEN), ETH_HLEN, &v), 0);
}

static void test_group_source_is_refused(void **state)
{
	uint8_t frame[ETH_HLEN];
	struct eth_view v = {0};

	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		memcpy(frame, linux_syn4, sizeof(frame));
		frame[6] = (uint8_t)first;
		assert_int_equal(eth_parse(frame, sizeof(frame), &v),
				 first & 1 ? NSK_DROP_ETH_BAD_SOURCE : NSK_DROP_NONE);
	}
}

static void test_ieee_802_3_length_field_means_llc(void **state)
{
	uint8_t frame[ETH_HLEN];
	struct eth_view v = {0};

	(void)state;
	memcpy(frame, linux_syn4, sizeof(frame));
	for (unsigned type = 0; type <= 0xffff; type++) {
		store_be16(frame + 12, (uint16_t)type);
		assert_int_equal(eth_parse(frame, sizeof(frame), &v),
				 type < 0x600 ? NSK_DROP_ETH_LLC : NSK_DROP_NONE);
	}
}

static void test_address_predicates(void **state)
{
	static const uint8_t bcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t zero[6];

	(void)state;
	assert_true(eth_is_broadcast(bcast));
	assert_true(eth_is_multicast(bcast));
	assert_true(eth_is_zero(zero));
	assert_true(eth_mac_equal(zero, zero));
	for (int i = 0; i < 6; i++) {
		uint8_t mac[6];

		memcpy(mac, bcast, 6);
		mac[i] = 0xfe;
		assert_false(eth_is_broadcast(mac));
		assert_false(eth_mac_equal(mac, bcast));
		assert_int_equal(eth_is_multicast(mac), i != 0);
		memcpy(mac, zero, 6);
		mac[i] = 0x80;
		assert_false(eth_is_zero(mac));
	}
}

static void test_what_is_written_is_read_back(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 1);
	for (int i = 0; i < 10000; i++) {
		uint8_t mac[2][6], buf[ETH_HLEN];
		uint16_t type = (uint16_t)rng_range(&r, ETH_MIN_TYPE, 0xffff);
		struct eth_view v = {0};

		rng_fill(&r, mac, sizeof(mac));
		mac[1][0] &= 0xfe;
		eth_write(buf, mac[0], mac[1], type);
		assert_int_equal(eth_parse(exact_copy(buf, sizeof(buf)), sizeof(buf), &v), 0);
		assert_memory_equal(v.dst, mac[0], 6);
		assert_memory_equal(v.src, mac[1], 6);
		assert_int_equal(v.type, type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_of_linux_is_decoded),
		cmocka_unit_test(test_every_truncation_is_short),
		cmocka_unit_test(test_group_source_is_refused),
		cmocka_unit_test(test_ieee_802_3_length_field_means_llc),
		cmocka_unit_test(test_address_predicates),
		cmocka_unit_test(test_what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
