/* SPDX-License-Identifier: BSD-3-Clause */
/* drivers/ethdev_caps.c: what is made of a device's report, which is played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_ethdev.h>

#include <cmocka.h>

#include "drivers/ethdev.h"

#define TX (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)

/* Calls that go through this test. */
int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_socket_id(uint16_t id);

static struct rte_eth_dev_info report;

int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info)
{
	(void)id;
	*info = report;
	return 0;
}

int __wrap_rte_eth_dev_socket_id(uint16_t id)
{
	(void)id;
	return 0;
}

static struct port_caps caps_of(const char *driver)
{
	struct ethdev_port e = {.quirk = quirk_of_driver(driver)};

	assert_int_equal(ethdev_caps(&e), 0);
	return e.port.caps;
}

static uint32_t offloads_of(const char *driver)
{
	return caps_of(driver).offloads;
}

static void test_what_is_not_reported_is_not_there(void **state)
{
	(void)state;
	report = (struct rte_eth_dev_info){.tx_offload_capa = RTE_ETH_TX_OFFLOAD_TCP_CKSUM};
	assert_int_equal(offloads_of("net_ixgbe"), PORT_TX_INDIRECT);
	report.tx_offload_capa = TX;
	assert_int_equal(offloads_of("net_ixgbe"), PORT_TX_INDIRECT | PORT_TX_CSUM_L4);
}

static void test_a_packed_ring_of_virtio_takes_no_chains(void **state)
{
	const uint32_t chains = PORT_TX_MULTI_SEG | PORT_TX_TSO;

	(void)state;
	report = (struct rte_eth_dev_info){
		.tx_offload_capa = TX | RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_TCP_TSO,
		.tx_desc_lim = {.nb_max = 32768},
	};
	assert_int_equal(offloads_of("net_virtio") & chains, chains);
	assert_false(caps_of("net_virtio").restarts);
	report.tx_desc_lim.nb_max = UINT16_MAX;
	assert_int_equal(offloads_of("net_virtio") & chains, 0);
	assert_int_equal(offloads_of("net_virtio") & PORT_TX_CSUM_L4, PORT_TX_CSUM_L4);
	assert_true(caps_of("net_virtio").restarts);
	assert_int_equal(offloads_of("net_ixgbe") & chains, chains);
	assert_false(caps_of("net_ixgbe").restarts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_reported_is_not_there),
		cmocka_unit_test(test_a_packed_ring_of_virtio_takes_no_chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
