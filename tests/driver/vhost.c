/* SPDX-License-Identifier: BSD-3-Clause */
/* net_virtio_user to net_vhost in another process, without hugepages. */
#include "pair.h"
#include "stale.h"

static char dir[] = "/tmp/nsk-vhost-XXXXXX";
static char path[64], vhost[160], virtio[160];

static void frames_pass_both_ways_over_a_stale_socket(void **state)
{
	struct pair pair = {
		.reflector = vhost, .sender = virtio, .mtu = 1500, .restart = true, .sleeps = true};

	(void)state;
	leave_stale_socket(path);
	pair_run(&pair);
	assert_int_equal(access(path, F_OK), -1);
}

static void virtio_user_says_when_nobody_is_there(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named(virtio, &port), -ENOENT);
	assert_non_null(strstr(test_error, "start the vhost side first (net_vhost0,iface="));
	leave_stale_socket(path);
	assert_int_equal(port_open_named(virtio, &port), -ECONNREFUSED);
	assert_non_null(strstr(test_error, "nobody listens on"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(port_open_named("net_virtio_user0", &port), -EINVAL);
	assert_string_equal(test_error, "net_virtio_user0: which socket? Add ,path=PATH");
}

static void vhost_leaves_a_live_socket_alone(void **state)
{
	struct port *port;
	int fd;

	(void)state;
	fd = live_socket(path);
	assert_int_equal(port_open_named(vhost, &port), -EADDRINUSE);
	assert_non_null(strstr(test_error, "is in use by another process: choose another path"));
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(vhost, sizeof(vhost), "net_vhost0,iface=%s", path);
	snprintf(virtio, sizeof(virtio), "net_virtio_user0,path=%s", path);
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
		cmocka_unit_test(virtio_user_says_when_nobody_is_there),
		cmocka_unit_test(vhost_leaves_a_live_socket_alone),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
