/* SPDX-License-Identifier: BSD-3-Clause */
/* net_af_packet on both ends of a veth pair, in a network namespace of its own. */
#include "netns.h"
#include "pair.h"

static char warned[600];

static void sink(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg;
	(void)level;
	(void)module;
	if (strstr(text, "ethtool"))
		snprintf(warned, sizeof(warned), "%s", text);
}

static void frames_pass_both_ways(void **state)
{
	struct pair pair = {
		.reflector = "net_af_packet0,iface=nskv0",
		.sender = "net_af_packet0,iface=nskv1",
		.mtu = 1500,
		.restart = true,
	};

	(void)state;
	pair_run(&pair);
}

static void the_veth_peer_that_has_to_be_told_is_named(void **state)
{
	struct port *port;

	(void)state;
	log_init(&test_log, NSK_LOG_WARN, sink, NULL);
	assert_int_equal(port_open_named("net_af_packet1,iface=nskv0", &port), 0);
	assert_non_null(strstr(warned, "run 'ethtool -K nskv1 tx off tso off gso off'"));
	port->ops->close(port);
}

static void an_interface_that_is_not_there_is_named(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("net_af_packet0,iface=nosuch", &port), -ENODEV);
	assert_string_equal(test_error,
			    "net_af_packet0: no interface 'nosuch' here: 'ip link' lists them");
	assert_int_equal(port_open_named("net_af_packet0", &port), -EINVAL);
	assert_string_equal(test_error, "net_af_packet0: which interface? Add ,iface=NAME");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_pass_both_ways),
		cmocka_unit_test(the_veth_peer_that_has_to_be_told_is_named),
		cmocka_unit_test(an_interface_that_is_not_there_is_named),
	};

	if (!netns_enter())
		return SKIPPED;
	if (system("ip link add nskv0 type veth peer name nskv1 && ip link set nskv0 up && "
		   "ip link set nskv1 up") != 0) {
		fprintf(stderr, "SKIPPED: no veth pair can be made here\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
