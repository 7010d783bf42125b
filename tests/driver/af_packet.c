/* SPDX-License-Identifier: BSD-3-Clause */
/* net_af_packet on both ends of a veth pair, in a network namespace of its own. */
#include <stdlib.h>
#include <sys/wait.h>

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

/* Whether the kernel computes the checksums of what it sends there. */
static bool computes_checksums(const char *iface)
{
	char command[96];

	snprintf(command, sizeof(command), "ethtool -k %s | grep -q '^tx-checksumming: off'",
		 iface);
	return system(command) == 0;
}

static void the_offloads_of_a_veth_peer_are_put_off(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(system("ethtool -K nskv1 tx on >/dev/null"), 0);
	assert_false(computes_checksums("nskv1"));
	warned[0] = '\0';
	log_init(&test_log, NSK_LOG_WARN, sink, NULL);
	assert_int_equal(port_open_named("net_af_packet1,iface=nskv0", &port), 0);
	assert_true(computes_checksums("nskv1"));
	assert_string_equal(warned, "");
	port->ops->close(port);
}

/* A process in a namespace of its own, which ends with the pipe's other end. */
static pid_t elsewhere(int *keep)
{
	int ends[2], ready[2];
	pid_t pid;
	char c = 0;

	assert_int_equal(pipe(ends) | pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[1]);
		if (unshare(CLONE_NEWNET) == 0 && write(ready[1], &c, 1) == 1)
			_exit(read(ends[0], &c, 1) == 0 ? 0 : 1);
		_exit(1);
	}
	close(ends[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*keep = ends[1];
	return pid;
}

static void a_veth_peer_elsewhere_has_to_be_told(void **state)
{
	struct port *port;
	char command[128];
	int keep;
	pid_t pid = elsewhere(&keep);

	(void)state;
	snprintf(command, sizeof(command),
		 "ip link add nskv2 type veth peer name nskv3 netns %d && ip link set nskv2 up",
		 (int)pid);
	assert_int_equal(system(command), 0);
	log_init(&test_log, NSK_LOG_WARN, sink, NULL);
	assert_int_equal(port_open_named("net_af_packet1,iface=nskv2", &port), 0);
	assert_non_null(strstr(warned, "run 'ethtool -K PEER tx off tso off gso off'"));
	port->ops->close(port);
	close(keep);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
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
		cmocka_unit_test(the_offloads_of_a_veth_peer_are_put_off),
		cmocka_unit_test(a_veth_peer_elsewhere_has_to_be_told),
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
