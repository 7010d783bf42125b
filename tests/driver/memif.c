/* SPDX-License-Identifier: BSD-3-Clause */
/* net_memif between two processes, without hugepages; a stale socket file is in the way. */
#include "pair.h"
#include "stale.h"

static char dir[] = "/tmp/nsk-memif-XXXXXX";
static char path[64], server[160], client[160];

static void frames_pass_both_ways_over_a_stale_socket(void **state)
{
	struct pair pair = {.reflector = server, .sender = client, .mtu = 1500, .restart = true};

	(void)state;
	leave_stale_socket(path);
	pair_run(&pair);
	assert_int_equal(access(path, F_OK), -1);
}

static void what_does_not_work_is_refused_with_a_reason(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("net_memif1,zero-copy=yes", &port), -EINVAL);
	assert_non_null(strstr(test_error, "net_memif1: zero-copy=yes is not supported"));
	assert_int_equal(write_file(path), 0);
	assert_int_equal(port_open_named(server, &port), -EEXIST);
	assert_non_null(strstr(test_error, "exists and is no socket: choose another path"));
	assert_int_equal(unlink(path), 0);
}

static void a_client_wants_its_server_first(void **state)
{
	struct port *port;
	int fd;

	(void)state;
	assert_int_equal(port_open_named(client, &port), -ECONNREFUSED);
	assert_non_null(strstr(test_error, ": start the server side first"));
	leave_stale_socket(path);
	assert_int_equal(port_open_named(client, &port), -ECONNREFUSED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(port_open_named("net_memif2,role=client,socket=/nobody", &port),
			 -ECONNREFUSED);
	assert_string_equal(test_error, "net_memif2: nobody listens on /nobody (abstract, without "
					"socket-abstract=no): start the server side first");
	fd = live_socket(path);
	assert_int_equal(port_open_named(client, &port), 0);
	port->ops->close(port);
	close(fd);
	assert_int_equal(unlink(path), 0);
}

static void a_server_wants_the_folder_of_its_socket(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(
		port_open_named("net_memif2,role=server,socket-abstract=no,socket=/nowhere/sock",
				&port),
		-ENOENT);
	assert_string_equal(test_error, "net_memif2: no socket can be made in the folder /nowhere: "
					"No such file or directory");
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(server, sizeof(server), "net_memif0,role=server,socket-abstract=no,socket=%s",
		 path);
	snprintf(client, sizeof(client), "net_memif0,role=client,socket-abstract=no,socket=%s",
		 path);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_pass_both_ways_over_a_stale_socket),
		cmocka_unit_test(what_does_not_work_is_refused_with_a_reason),
		cmocka_unit_test(a_client_wants_its_server_first),
		cmocka_unit_test(a_server_wants_the_folder_of_its_socket),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
