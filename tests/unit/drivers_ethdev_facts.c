/* SPDX-License-Identifier: BSD-3-Clause */
/* drivers/ethdev_facts.c: what a device says of itself, which is played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <errno.h>
#include <rte_ethdev.h>

#include <cmocka.h>

#include "drivers/ethdev.h"

/* Calls that go through this test. */
int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_fw_version_get(uint16_t id, char *version, size_t size);
int __wrap_rte_eth_dev_rss_hash_conf_get(uint16_t id, struct rte_eth_rss_conf *conf);
int __wrap_rte_eth_dev_rss_reta_query(uint16_t id, struct rte_eth_rss_reta_entry64 *reta,
				      uint16_t size);
int __wrap_rte_eth_dev_flow_ctrl_get(uint16_t id, struct rte_eth_fc_conf *conf);
int __wrap_rte_eth_link_get_nowait(uint16_t id, struct rte_eth_link *link);
int __wrap_rte_eth_xstats_get_names(uint16_t id, struct rte_eth_xstat_name *names, unsigned size);
int __wrap_rte_eth_xstats_get(uint16_t id, struct rte_eth_xstat *values, unsigned n);
const char *__wrap_rte_dev_name(const struct rte_device *dev);
const char *__wrap_rte_bus_name(const struct rte_bus *bus);
const struct rte_bus *__wrap_rte_dev_bus(const struct rte_device *dev);

/* Asked for its name alone, which is played. */
static char device;
#define THERE ((struct rte_device *)(void *)&device)

static struct {
	struct rte_eth_dev_info info;
	int fw; /* what asking for the firmware gives */
	enum rte_eth_fc_mode pause;
	int pause_rc;
	unsigned counters;
} nic;

int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info)
{
	(void)id;
	*info = nic.info;
	return 0;
}

int __wrap_rte_eth_dev_fw_version_get(uint16_t id, char *version, size_t size)
{
	(void)id;
	snprintf(version, size, "1.63, 0x80000a05");
	return nic.fw;
}

int __wrap_rte_eth_dev_rss_hash_conf_get(uint16_t id, struct rte_eth_rss_conf *conf)
{
	(void)id;
	memset(conf->rss_key, 0x6d, conf->rss_key_len);
	conf->rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP;
	return 0;
}

int __wrap_rte_eth_dev_rss_reta_query(uint16_t id, struct rte_eth_rss_reta_entry64 *reta,
				      uint16_t size)
{
	(void)id;
	for (unsigned i = 0; i < size; i++)
		if (reta[i / 64].mask & (UINT64_C(1) << i % 64))
			reta[i / 64].reta[i % 64] = i % 3 == 2;
	return 0;
}

int __wrap_rte_eth_dev_flow_ctrl_get(uint16_t id, struct rte_eth_fc_conf *conf)
{
	(void)id;
	conf->mode = nic.pause;
	return nic.pause_rc;
}

int __wrap_rte_eth_link_get_nowait(uint16_t id, struct rte_eth_link *link)
{
	(void)id;
	link->link_autoneg = RTE_ETH_LINK_AUTONEG;
	return 0;
}

int __wrap_rte_eth_xstats_get_names(uint16_t id, struct rte_eth_xstat_name *names, unsigned size)
{
	(void)id;
	for (unsigned i = 0; names && i < size; i++)
		snprintf(names[i].name, sizeof(names[i].name), "counter_%u", i);
	return (int)nic.counters;
}

/* In another order than the names. */
int __wrap_rte_eth_xstats_get(uint16_t id, struct rte_eth_xstat *values, unsigned n)
{
	(void)id;
	for (unsigned i = 0; i < n; i++)
		values[i] = (struct rte_eth_xstat){.id = n - 1 - i, .value = 100 + n - 1 - i};
	return (int)nic.counters;
}

const char *__wrap_rte_dev_name(const struct rte_device *dev)
{
	(void)dev;
	return "0000:01:00.0";
}

const char *__wrap_rte_bus_name(const struct rte_bus *bus)
{
	(void)bus;
	return "pci";
}

const struct rte_bus *__wrap_rte_dev_bus(const struct rte_device *dev)
{
	(void)dev;
	return NULL;
}

static void facts_of(uint16_t queues, struct port_facts *f)
{
	struct ethdev_port e = {
		.device = THERE,
		.quirk = quirk_of_driver("net_igc"),
		.rx_queues = queues,
		.rx_desc = 256,
		.tx_desc = 128,
		.offloads = PORT_RX_CSUM_L4,
		.rx_intr = true,
		.intr = {{.fd = 7}, {.fd = -1}},
	};

	memset(f, 0, sizeof(*f));
	ethdev_facts(&e.port, f);
}

static int reset(void **state)
{
	(void)state;
	memset(&nic, 0, sizeof(nic));
	nic.info = (struct rte_eth_dev_info){
		.max_rx_queues = 4,
		.max_tx_queues = 8,
		.hash_key_size = 40,
		.reta_size = 128,
		.rx_offload_capa = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM,
		.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_TCP,
	};
	return 0;
}

static void test_a_device_says_who_it_is_and_what_it_runs_with(void **state)
{
	struct port_facts f;

	(void)state;
	facts_of(2, &f);
	assert_string_equal(f.firmware, "1.63, 0x80000a05");
	assert_string_equal(f.bus, "pci");
	assert_string_equal(f.name, "0000:01:00.0");
	assert_true(f.autoneg);
	assert_int_equal(f.rx_reported, 4);
	assert_int_equal(f.tx_reported, 8);
	assert_int_equal(f.rx_desc, 256);
	assert_int_equal(f.tx_desc, 128);
	assert_int_equal(f.rx_intr, 1); /* the other queue has none */
	assert_int_equal(f.used, PORT_RX_CSUM_L4);
	assert_int_equal(f.reported, PORT_RX_CSUM_IPV4 | PORT_RX_RSS | PORT_TX_INDIRECT);
	nic.fw = -ENOTSUP;
	facts_of(2, &f);
	assert_string_equal(f.firmware, "");
}

static void test_the_spread_is_what_the_device_has_now(void **state)
{
	unsigned second = 0;
	struct port_facts f;

	(void)state;
	facts_of(2, &f);
	assert_string_equal(f.rss_fields, "ipv4-tcp ipv6-udp");
	assert_int_equal(f.rss_key_len, 40);
	assert_int_equal(f.rss_key[39], 0x6d);
	assert_int_equal(f.rss_key[40], 0);
	assert_int_equal(f.rss_table_len, 128);
	for (unsigned i = 0; i < 128; i++)
		second += f.rss_table[i] == 1;
	assert_int_equal(second, 42);
}

static void test_one_queue_spreads_nothing(void **state)
{
	struct port_facts f;

	(void)state;
	facts_of(1, &f);
	assert_int_equal(f.rss_table_len, 0);
	assert_int_equal(f.rss_key_len, 0);
	assert_string_equal(f.rss_fields, "");
}

static void test_a_key_or_a_table_too_long_is_not_read(void **state)
{
	struct port_facts f;

	(void)state;
	nic.info.reta_size = PORT_RSS_TABLE_MAX + 64;
	facts_of(2, &f);
	assert_int_equal(f.rss_table_len, 0);
	nic.info.hash_key_size = PORT_RSS_KEY_MAX + 1;
	facts_of(2, &f);
	assert_int_equal(f.rss_key_len, 0);
}

static void test_a_stopped_device_runs_with_nothing(void **state)
{
	struct port_facts f;

	(void)state;
	facts_of(0, &f);
	assert_int_equal(f.used | f.rx_desc | f.tx_desc | f.rx_intr, 0);
	assert_string_equal(f.name, "0000:01:00.0");
}

static void test_pause_frames_are_told_where_known(void **state)
{
	static const struct {
		enum rte_eth_fc_mode theirs;
		int rc;
		enum pause_mode ours;
	} rows[] = {
		{RTE_ETH_FC_NONE, 0, PAUSE_OFF},	 {RTE_ETH_FC_RX_PAUSE, 0, PAUSE_RX},
		{RTE_ETH_FC_TX_PAUSE, 0, PAUSE_TX},	 {RTE_ETH_FC_FULL, 0, PAUSE_BOTH},
		{RTE_ETH_FC_FULL, -ENOTSUP, PAUSE_KEEP},
	};
	struct port_facts f;

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		nic.pause = rows[i].theirs;
		nic.pause_rc = rows[i].rc;
		facts_of(1, &f);
		assert_int_equal(f.pause, rows[i].ours);
	}
}

static void add(void *arg, const char *name, uint64_t value)
{
	unsigned *n = arg;
	char want[32];

	snprintf(want, sizeof(want), "counter_%u", (unsigned)value - 100);
	assert_string_equal(name, want);
	(*n)++;
}

static void test_a_device_that_was_given_back_is_asked_nothing(void **state)
{
	struct ethdev_port e = {.quirk = &quirk_none};
	struct port_facts f = {.pause = PAUSE_TX};
	unsigned n = 0;

	(void)state;
	nic.counters = 5;
	ethdev_facts(&e.port, &f);
	ethdev_counters(&e.port, add, &n);
	assert_int_equal(f.pause, PAUSE_TX);
	assert_string_equal(f.version, "");
	assert_int_equal(n, 0);
}

static void test_each_counter_has_its_name(void **state)
{
	struct ethdev_port e = {.device = THERE};
	unsigned n = 0;

	(void)state;
	ethdev_counters(&e.port, add, &n);
	assert_int_equal(n, 0);
	nic.counters = 5;
	ethdev_counters(&e.port, add, &n);
	assert_int_equal(n, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_device_says_who_it_is_and_what_it_runs_with, reset),
		cmocka_unit_test_setup(test_the_spread_is_what_the_device_has_now, reset),
		cmocka_unit_test_setup(test_one_queue_spreads_nothing, reset),
		cmocka_unit_test_setup(test_a_key_or_a_table_too_long_is_not_read, reset),
		cmocka_unit_test_setup(test_a_stopped_device_runs_with_nothing, reset),
		cmocka_unit_test_setup(test_pause_frames_are_told_where_known, reset),
		cmocka_unit_test_setup(test_each_counter_has_its_name, reset),
		cmocka_unit_test_setup(test_a_device_that_was_given_back_is_asked_nothing, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
