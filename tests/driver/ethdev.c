/* SPDX-License-Identifier: BSD-3-Clause */
/* The ethdev port on devices that exist in any process: net_ring and net_null. */
#include <rte_ethdev.h>

#include "ports.h"

static struct pkt_pool *pool;

static void a_ring_gives_back_what_it_is_given(void **state)
{
	struct port_stats st;
	struct port_link link;
	struct port *port;

	(void)state;
	if (port_open_named("net_ring0", &port))
		fail_msg("%s", test_error);
	assert_string_equal(port->driver, "ethdev:net_ring");
	assert_string_equal(port->name, "net_ring0");
	assert_int_equal(port->mac.b[0], 0x02);
	assert_true(port->caps.ethernet && port->caps.device_memory);
	assert_int_equal(port->caps.rx_queues_max, 1);
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	port->ops->link(port, &link);
	assert_true(link.up);
	for (uint32_t n = 0; n < 1000; n++) {
		struct rte_mbuf *m;

		assert_true(frame_send(port, pool, 0, n, 60 + n));
		m = frame_recv(port, 0);
		assert_non_null(m);
		assert_int_equal(frame_number(m), n);
		assert_int_equal(frame_bad_bytes(m), 0);
		rte_pktmbuf_free(m);
	}
	port->ops->stats(port, &st);
	assert_int_equal(st.rx_packets, 1000);
	assert_int_equal(st.tx_packets, 1000);
	port->ops->stop(port);
	port->ops->close(port);
}

static void stop_returns_what_is_in_the_ring(void **state)
{
	uint32_t free_before = pkt_pool_free_count(pool);
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("net_ring0", &port), 0);
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	for (uint32_t n = 0; n < 200; n++)
		assert_true(frame_send(port, pool, 0, n, 60));
	assert_int_equal(pkt_pool_free_count(pool), free_before - 200);
	port->ops->stop(port);
	assert_int_equal(pkt_pool_free_count(pool), free_before);
	/* And it starts again. */
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	assert_null(frame_recv(port, 0));
	port->ops->stop(port);
	port->ops->close(port);
}

/* However often and however full: what a port held when it stopped is in the pool. */
static void no_stop_costs_a_buffer(void **state)
{
	static const char *const devices[] = {"net_ring0", "net_null0,size=200",
					      "fault:delay=10ms:net_ring0"};

	(void)state;
	for (size_t d = 0; d < NSK_ARRAY_LEN(devices); d++) {
		uint32_t free_before = pkt_pool_free_count(pool);
		struct port *port;

		if (port_open_named(devices[d], &port))
			fail_msg("%s", test_error);
		for (unsigned cycle = 0; cycle < 100; cycle++) {
			assert_int_equal(port_start_with(port, pool, 1500), 0);
			for (uint32_t n = 0; n < cycle; n++)
				assert_true(frame_send(port, pool, 0, n, 60));
			port->ops->stop(port);
			assert_int_equal(pkt_pool_free_count(pool), free_before);
		}
		port->ops->close(port);
		assert_int_equal(pkt_pool_free_count(pool), free_before);
	}
}

static void a_full_ring_leaves_the_rest_with_the_caller(void **state)
{
	struct rte_mbuf *bufs[32];
	unsigned sent = 0;
	struct port *port;
	uint16_t n;

	(void)state;
	assert_int_equal(port_open_named("net_ring0", &port), 0);
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	do {
		for (uint32_t i = 0; i < 32; i++)
			assert_non_null(bufs[i] = frame_new(pool, i, 60));
		n = port->ops->tx_burst(port, 0, 0, bufs, 32);
		rte_pktmbuf_free_bulk(bufs + n, 32U - n);
		sent += n;
	} while (n == 32);
	assert_int_equal(sent, 1023); /* DPDK's ring of 1,024 */
	port->ops->stop(port);
	port->ops->close(port);
}

static void a_device_serves_one_stack_and_is_free_again_afterwards(void **state)
{
	struct port *port, *second;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		assert_int_equal(port_open_named("net_null0", &port), 0);
		assert_int_equal(port_open_named("net_null0", &second), -EBUSY);
		assert_string_equal(test_error, "net_null0 is in use already in this process");
		assert_int_equal(port_open_named("net_null1", &second), 0);
		port->ops->close(port);
		second->ops->close(second);
	}
}

static void null_swallows_and_delivers(void **state)
{
	struct port *port;
	struct rte_mbuf *m;

	(void)state;
	assert_int_equal(port_open_named("net_null0,size=200", &port), 0);
	assert_int_equal(port->caps.offloads & PORT_RX_RSS, 0);
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	assert_true(frame_send(port, pool, 0, 1, 100));
	m = frame_recv(port, 0);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 200);
	rte_pktmbuf_free(m);
	port->ops->stop(port);
	port->ops->close(port);
}

/* Else the device's own filter would keep what is for it. */
static void a_mac_that_was_given_is_the_devices(void **state)
{
	const struct eth_addr mac = {{2, 0, 0, 0, 0, 7}};
	struct port_setup setup = {.rx_queues = 1,
				   .tx_queues = 1,
				   .rx_desc = 64,
				   .tx_desc = 64,
				   .mtu = 1500,
				   .rx_pool = {pool->mp},
				   .mac = &mac};
	struct rte_ether_addr now;
	struct port *port;
	uint16_t id;

	(void)state;
	assert_int_equal(port_open_named("net_null0", &port), 0);
	assert_int_equal(port->ops->start(port, &setup), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null0", &id), 0);
	assert_int_equal(rte_eth_macaddr_get(id, &now), 0);
	assert_memory_equal(now.addr_bytes, mac.b, sizeof(mac.b));
	port->ops->stop(port);
	port->ops->close(port);
	/* Where it cannot be set, everything is taken as it is. */
	assert_int_equal(port_open_named("net_ring1", &port), 0);
	assert_int_equal(port->ops->start(port, &setup), 0);
	port->ops->stop(port);
	port->ops->close(port);
}

static void buffers_too_small_for_the_mtu_are_refused_with_the_size_to_set(void **state)
{
	struct pkt_pool *small = pool_new("small", 256, 1024, true);
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("net_null0", &port), 0);
	assert_int_equal(port_start_with(port, small, 1500), -EINVAL);
	assert_non_null(strstr(port->error, "buffers of 1024 bytes are too small for mtu 1500"));
	assert_non_null(strstr(port->error, "set pool.buffer_bytes to 1522 or more"));
	port->ops->close(port);
	assert_int_equal(pkt_pool_destroy(small), 0);
}

static void faults_wrap_a_device(void **state)
{
	struct port_stats st;
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("fault:tx.loss=100%:net_ring0", &port), 0);
	assert_string_equal(port->driver, "fault:ethdev:net_ring");
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	for (uint32_t n = 0; n < 10; n++)
		assert_true(frame_send(port, pool, 0, n, 60));
	assert_null(frame_recv(port, 0));
	port->ops->stats(port, &st);
	assert_int_equal(st.injected, 10);
	port->ops->stop(port);
	port->ops->close(port);
}

/* Those that can are looked at in a VM. */
static void pause_frames_are_refused_by_a_device_without_them(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("fault:tx.loss=1%:net_ring0", &port), 0);
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	assert_int_equal(port->ops->pause(port, PAUSE_BOTH), -ENOTSUP);
	port->ops->stop(port);
	port->ops->close(port);
}

static void devices_that_are_not_there_are_explained(void **state)
{
	struct port *port;

	(void)state;
	log_set_level(&test_log, NSK_LOG_NONE);
	assert_int_equal(port_open_named("", &port), -EINVAL);
	assert_string_equal(test_error, "no device named: 'nskctl devices' lists what there is");
	assert_int_equal(port_open_named("net_nosuch0", &port), -ENODEV);
	assert_non_null(
		strstr(test_error, "no device 'net_nosuch0': not a device that this DPDK knows"));
	assert_int_equal(port_open_named("net_nulls0", &port), -ENODEV);
	assert_non_null(strstr(test_error, "no device 'net_nulls0': behind the driver's name"));
	assert_int_equal(port_open_named("0000:ff:1f.7", &port), -ENODEV);
	assert_string_equal(
		test_error,
		"no PCI device 0000:ff:1f.7: 'nskctl devices' lists those that there are");
	assert_int_equal(port_open_named("ff:1f.7", &port), -ENODEV);
	assert_string_equal(
		test_error,
		"no PCI device 0000:ff:1f.7: 'nskctl devices' lists those that there are");
	log_set_level(&test_log, NSK_LOG_ERR);
}

static int make_pool(void **state)
{
	const char *devargs = "net_ring0";

	(void)state;
	if (eal_start_for(&devargs, 1))
		return -1;
	pool = pool_new("ethdev", 4096, 2048, true);
	return pool ? 0 : -1;
}

static int drop_pool(void **state)
{
	(void)state;
	return pkt_pool_destroy(pool) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_gives_back_what_it_is_given),
		cmocka_unit_test(stop_returns_what_is_in_the_ring),
		cmocka_unit_test(no_stop_costs_a_buffer),
		cmocka_unit_test(a_full_ring_leaves_the_rest_with_the_caller),
		cmocka_unit_test(a_device_serves_one_stack_and_is_free_again_afterwards),
		cmocka_unit_test(null_swallows_and_delivers),
		cmocka_unit_test(a_mac_that_was_given_is_the_devices),
		cmocka_unit_test(buffers_too_small_for_the_mtu_are_refused_with_the_size_to_set),
		cmocka_unit_test(pause_frames_are_refused_by_a_device_without_them),
		cmocka_unit_test(faults_wrap_a_device),
		cmocka_unit_test(devices_that_are_not_there_are_explained),
	};

	return cmocka_run_group_tests(tests, make_pool, drop_pool);
}
