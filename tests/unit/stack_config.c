/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/config.c, config_net.c, config_cores.c: filling a configuration by calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "stack/config.h"

static int make_config(void **state)
{
	*state = nsk_config_new();
	return *state ? 0 : -1;
}

static int free_config(void **state)
{
	nsk_config_free(*state);
	return 0;
}

#define REFUSED(config, call, err, text)                             \
	do {                                                         \
		errno = 0;                                           \
		assert_int_equal(call, -1);                          \
		assert_int_equal(errno, err);                        \
		assert_string_equal(nsk_config_error(config), text); \
	} while (0)

/* ---- life and settings --------------------------------------------------------------------- */

static void test_a_new_configuration_has_one_worker_and_no_device(void **state)
{
	struct nsk_config *c = *state;

	assert_int_equal(c->nworkers, 1);
	assert_int_equal(c->cpu[0], -1);
	assert_int_equal(c->ndevices, 0);
	assert_int_equal(c->log_level, NSK_LOG_WARN);
	assert_false(c->no_huge);
	assert_string_equal(nsk_config_error(c), "");
	assert_int_equal(config_check(c), 0);
	nsk_config_free(NULL);
}

static void test_settings_are_set_and_read_by_name(void **state)
{
	struct nsk_config *c = *state;
	char value[8];

	assert_int_equal(nsk_config_set(c, "tcp.window", "0x10000"), 0);
	assert_int_equal(nsk_config_get(c, "tcp.window", value, sizeof(value)), 5);
	assert_string_equal(value, "65536");
	assert_int_equal(nsk_config_get(c, "tcp.window", value, 3), 5);
	assert_string_equal(value, "65");
	assert_int_equal(nsk_config_get(c, "tcp.syncookies", NULL, 0), 4);
	assert_int_equal(nsk_config_get(c, "tcp.x", value, sizeof(value)), -1);
	assert_int_equal(errno, ENOENT);
	REFUSED(c, nsk_config_set(c, "tcp.windoww", "1"), ENOENT,
		"there is no setting \"tcp.windoww\"; did you mean \"tcp.window\"?");
	REFUSED(c, nsk_config_set(c, "mtu", "1"), ERANGE,
		"mtu = 1: out of range; allowed: 68 to 65535 bytes");
}

static void test_contradicting_settings_are_found_at_the_end(void **state)
{
	struct nsk_config *c = *state;

	assert_int_equal(nsk_config_set(c, "port_min", "61000"), 0);
	assert_int_equal(config_check(c), -EINVAL);
	assert_string_equal(
		nsk_config_error(c),
		"port_min = 61000 is above port_max = 60999: lower one or raise the other");
	assert_int_equal(nsk_config_set(c, "port_max", "62000"), 0);
	assert_int_equal(config_check(c), 0);
}

static void test_null_is_refused(void **state)
{
	struct nsk_config *c = *state;

	errno = 0;
	assert_int_equal(nsk_config_set(c, NULL, "1"), -1);
	assert_int_equal(nsk_config_load(c, NULL), -1);
	assert_int_equal(nsk_config_add_device(NULL, "x"), -1);
	assert_int_equal(nsk_config_add_wire(c, NULL, 0), -1);
	assert_int_equal(nsk_config_add_callback(c, NULL), -1);
	assert_int_equal(nsk_config_add_address(c, NULL), -1);
	assert_int_equal(nsk_config_add_gateway(c, NULL), -1);
	assert_int_equal(nsk_config_add_route(c, NULL, NULL, NULL, 0), -1);
	assert_int_equal(nsk_config_lcores(c, NULL), -1);
	assert_int_equal(nsk_config_workers(NULL, 1), -1);
	assert_int_equal(nsk_config_eal(c, NULL), -1);
	assert_int_equal(nsk_config_control(NULL, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_string_equal(nsk_config_error(NULL), "");
}

/* ---- devices ------------------------------------------------------------------------------- */

static void test_devices_are_copied(void **state)
{
	struct nsk_config *c = *state;
	char name[] = "net_tap0,iface=nsk0";

	assert_int_equal(nsk_config_add_device(c, name), 0);
	memset(name, 'x', sizeof(name) - 1);
	assert_string_equal(c->device[0].devargs, "net_tap0,iface=nsk0");
	assert_int_equal(c->device[0].kind, CONFIG_DEVARGS);
	assert_null(c->device[0].faults);
}

static void test_a_fault_prefix_is_taken_off(void **state)
{
	struct nsk_config *c = *state;

	assert_int_equal(nsk_config_add_device(c, "fault:loss=1%,seed=7:0000:03:00.0"), 0);
	assert_string_equal(c->device[0].devargs, "0000:03:00.0");
	assert_string_equal(c->device[0].faults, "loss=1%,seed=7");
	REFUSED(c, nsk_config_add_device(c, "fault:net_tap0"), EINVAL,
		"device \"fault:net_tap0\": write fault:FAULTS:DEVICE, such as fault:loss=1%,seed=7:net_tap0");
	REFUSED(c, nsk_config_add_device(c, "fault::net_tap0"), EINVAL,
		"device \"fault::net_tap0\": write fault:FAULTS:DEVICE, such as fault:loss=1%,seed=7:net_tap0");
	REFUSED(c, nsk_config_add_device(c, "fault:loss=1%:"), EINVAL, "the device has no name");
	REFUSED(c, nsk_config_add_device(c, "fault:a:fault:b:x"), EINVAL,
		"device \"fault:a:fault:b:x\": one fault: is enough, it takes several faults");
	REFUSED(c, nsk_config_add_fault(c, "loss=2%"), EEXIST,
		"the device has faults already: \"loss=1%,seed=7\"");
	assert_int_equal(c->ndevices, 1);
}

static void test_names_that_cannot_be_devices_are_refused(void **state)
{
	struct nsk_config *c = *state;
	char name[2000];

	REFUSED(c, nsk_config_add_device(c, ""), EINVAL, "the device has no name");
	REFUSED(c, nsk_config_add_device(c, "-a"), EINVAL,
		"\"-a\" looks like an option, not like a device");
	REFUSED(c, nsk_config_add_device(c, "net tap"), EINVAL,
		"device \"net tap\": a blank or a character that does not print");
	REFUSED(c, nsk_config_add_device(c, "net\n"), EINVAL,
		"device \"net?\": a blank or a character that does not print");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(nsk_config_add_device(c, name), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	REFUSED(c, nsk_config_add_fault(c, "loss=1%"), EINVAL,
		"faults \"loss=1%\" without a device before");
	assert_int_equal(c->ndevices, 0);
}

static void test_the_same_device_twice_is_refused(void **state)
{
	struct nsk_config *c = *state;

	assert_int_equal(nsk_config_add_device(c, "net_tap0,iface=a"), 0);
	REFUSED(c, nsk_config_add_device(c, "net_tap0,iface=b"), EEXIST,
		"device \"net_tap0\" is there already");
	REFUSED(c, nsk_config_add_device(c, "fault:loss=1%:net_tap0"), EEXIST,
		"device \"net_tap0\" is there already");
	REFUSED(c, nsk_config_add_device(c, "vdev:net_tap0"), EEXIST,
		"device \"vdev:net_tap0\" is there already");
	assert_int_equal(nsk_config_add_device(c, "net_tap01"), 0);
	assert_int_equal(nsk_config_add_device(c, "0000:03:00.0"), 0);
	REFUSED(c, nsk_config_add_device(c, "0000:03:00.0"), EEXIST,
		"device \"0000:03:00.0\" is there already");
	/* Where the name is no name: two readers of one file, two devices found by their bus. */
	assert_int_equal(nsk_config_add_device(c, "pcap:rx=a.pcap"), 0);
	assert_int_equal(nsk_config_add_device(c, "pcap:rx=a.pcap"), 0);
	assert_int_equal(nsk_config_add_device(c, "bus=pci,addr=0000:03:00.1"), 0);
	assert_int_equal(nsk_config_add_device(c, "bus=pci,addr=0000:03:00.2"), 0);
}

static void test_a_stack_has_so_many_devices_at_most(void **state)
{
	struct nsk_config *c = *state;
	char name[32];

	for (unsigned i = 0; i < IFACE_DEVICES_MAX; i++) {
		snprintf(name, sizeof(name), "net_ring%u", i);
		assert_int_equal(nsk_config_add_device(c, name), 0);
	}
	REFUSED(c, nsk_config_add_device(c, "net_tap0"), ENOSPC, "a stack has 31 devices at most");
	REFUSED(c, nsk_config_add_wire(c, (struct nsk_wire *)c, 0), ENOSPC,
		"a stack has 31 devices at most");
}

static void test_each_end_of_a_wire_and_each_callback_port_is_plugged_once(void **state)
{
	struct nsk_config *c = *state;
	int object;
	struct nsk_wire *wire = (struct nsk_wire *)&object;
	struct nsk_callback_port *port = (struct nsk_callback_port *)&object;

	assert_int_equal(nsk_config_add_wire(c, wire, 1), 0);
	assert_int_equal(nsk_config_add_wire(c, wire, 0), 0);
	REFUSED(c, nsk_config_add_wire(c, wire, 1), EEXIST,
		"this end of the wire is there already");
	REFUSED(c, nsk_config_add_wire(c, wire, 2), EINVAL, "a wire has the ends 0 and 1, not 2");
	assert_int_equal(nsk_config_add_callback(c, port), 0);
	REFUSED(c, nsk_config_add_callback(c, port), EEXIST, "this callback port is there already");
	assert_int_equal(c->ndevices, 3);
	assert_int_equal(c->device[0].kind, CONFIG_WIRE);
	assert_int_equal(c->device[0].end, 1);
	assert_ptr_equal(c->device[2].object, port);
}

/* ---- addresses ----------------------------------------------------------------------------- */

static void test_addresses_belong_to_the_device_added_last(void **state)
{
	struct nsk_config *c = *state;

	REFUSED(c, nsk_config_add_address(c, "10.0.0.2/24"), EINVAL,
		"address \"10.0.0.2/24\" without a device before: it belongs to one");
	assert_int_equal(nsk_config_add_device(c, "net_tap0"), 0);
	assert_int_equal(nsk_config_add_address(c, "10.0.0.2/24"), 0);
	assert_int_equal(nsk_config_add_device(c, "net_tap1"), 0);
	assert_int_equal(nsk_config_add_address(c, "10.0.1.2/31"), 0);
	assert_int_equal(nsk_config_add_address(c, "10.0.2.2/32"), 0);
	assert_int_equal(c->device[0].naddrs, 1);
	assert_int_equal(c->device[1].naddrs, 2);
	REFUSED(c, nsk_config_add_address(c, "10.0.0.2/16"), EEXIST,
		"address \"10.0.0.2/16\" is there already");
}

static void test_addresses_that_no_station_can_have_are_refused(void **state)
{
	static const struct {
		const char *cidr, *text;
	} cases[] = {
		{"10.0.0.2",
		 "address \"10.0.0.2\" lacks the length of its subnet: 10.0.0.2/24, for example"},
		{"10.0.0/24",
		 "address \"10.0.0/24\" is malformed: \"10.0.0\" is no address; write such as 10.0.0.2/24"},
		{"10.0.0.2/33",
		 "address \"10.0.0.2/33\": behind the / stands the length of the subnet, a number from 1 to 32"},
		{"10.0.0.2/",
		 "address \"10.0.0.2/\": behind the / stands the length of the subnet, a number from 1 to 32"},
		{"", "address \"\" is malformed: \"\" is no address; write such as 10.0.0.2/24"},
		{"2001:db8::1",
		 "address \"2001:db8::1\" lacks the length of its subnet: 2001:db8::1/64, for example"},
		{"2001:db8::1/129",
		 "address \"2001:db8::1/129\": behind the / stands the length of the subnet, a number from 1 to 128"},
		{"2001:db8::1/0",
		 "address \"2001:db8::1/0\" has a subnet of length 0; 1 to 128 are possible"},
		{"2001:db8::/64",
		 "address \"2001:db8::/64\" is the subnet's own number, which means any router of it"},
		{"::/64", "address \"::/64\" means no address"},
		{"::1/128", "address \"::1/128\" is the loopback address, which only lo has"},
		{"ff02::1/64", "address \"ff02::1/64\" is a multicast address"},
		{"::ffff:10.0.0.1/96",
		 "address \"::ffff:10.0.0.1/96\" is an IPv4 address in IPv6's clothes: write it as IPv4"},
		{"0.0.0.1/8", "address \"0.0.0.1/8\" is in 0.0.0.0/8, which means no address"},
		{"127.0.0.1/8", "address \"127.0.0.1/8\" is a loopback address, which only lo has"},
		{"224.0.0.1/4", "address \"224.0.0.1/4\" is a multicast address"},
		{"255.255.255.255/8",
		 "address \"255.255.255.255/8\" is in 240.0.0.0/4, which is no station's"},
		{"240.0.0.1/8", "address \"240.0.0.1/8\" is in 240.0.0.0/4, which is no station's"},
		{"10.0.0.2/0",
		 "address \"10.0.0.2/0\" has a subnet of length 0; 1 to 32 are possible"},
		{"10.0.0.0/24",
		 "address \"10.0.0.0/24\" is the subnet's own number, not a station in it"},
		{"10.0.0.255/24", "address \"10.0.0.255/24\" is the subnet's broadcast address"},
	};
	struct nsk_config *c = *state;

	assert_int_equal(nsk_config_add_device(c, "net_tap0"), 0);
	for (size_t i = 0; i < NSK_ARRAY_LEN(cases); i++)
		REFUSED(c, nsk_config_add_address(c, cases[i].cidr), EINVAL, cases[i].text);
	assert_int_equal(c->device[0].naddrs, 0);
}

static void test_an_interface_has_so_many_addresses_at_most(void **state)
{
	struct nsk_config *c = *state;
	char cidr[32];

	assert_int_equal(nsk_config_add_device(c, "net_tap0"), 0);
	for (unsigned i = 0; i < CONFIG_ADDRS_MAX; i++) {
		snprintf(cidr, sizeof(cidr), "10.0.%u.2/24", i);
		assert_int_equal(nsk_config_add_address(c, cidr), 0);
	}
	REFUSED(c, nsk_config_add_address(c, "10.1.0.2/24"), ENOSPC,
		"address \"10.1.0.2/24\": an interface has 16 at most");
}

static void test_properties_of_a_device_are_checked(void **state)
{
	struct nsk_config *c = *state;

	assert_int_equal(nsk_config_add_device(c, "net_tap0"), 0);
	assert_int_equal(config_device_name(c, "lan-1.x_Y"), 0);
	assert_int_equal(nsk_config_add_device(c, "net_tap1"), 0);
	REFUSED(c, config_device_name(c, "lan-1.x_Y"), EEXIST,
		"an interface \"lan-1.x_Y\" is there already");
	REFUSED(c, config_device_name(c, ""), EINVAL,
		"interface name \"\": 1 to 31 letters, digits, '_', '.' or '-'");
	REFUSED(c, config_device_name(c, "12345678901234567890123456789012"), EINVAL,
		"interface name \"12345678901234567890123456789012\": 1 to 31 letters, digits, '_', '.' or '-'");
	assert_int_equal(config_device_mtu(c, "68"), 0);
	assert_int_equal(config_device_mtu(c, "65535"), 0);
	REFUSED(c, config_device_mtu(c, "67"), ERANGE,
		"mtu = 67: out of range; allowed: 68 to 65535 bytes");
	REFUSED(c, config_device_mtu(c, "65536"), ERANGE,
		"mtu = 65536: out of range; allowed: 68 to 65535 bytes");
	REFUSED(c, config_device_mac(c, "00:00:00:00:00:00"), EINVAL,
		"mac \"00:00:00:00:00:00\": the address of one station, such as 02:00:00:00:00:01");
	REFUSED(c, config_device_mac(c, "02:00"), EINVAL,
		"mac \"02:00\": the address of one station, such as 02:00:00:00:00:01");
	assert_false(c->device[1].has_mac);
}

/* ---- routes -------------------------------------------------------------------------------- */

static void test_a_later_gateway_takes_the_place_of_an_earlier(void **state)
{
	struct nsk_config *c = *state;

	assert_int_equal(nsk_config_add_gateway(c, "10.0.0.1"), 0);
	assert_int_equal(nsk_config_add_gateway(c, "10.0.0.9"), 0);
	assert_int_equal(c->nroutes, 1);
	assert_int_equal(c->route[0].gateway.b[3], 9);
	assert_int_equal(c->route[0].dst.len, 0);
	assert_int_equal(nsk_config_add_route(c, "default", "10.0.0.2", NULL, 1), 0);
	REFUSED(c, nsk_config_add_route(c, "default", "10.0.0.2", NULL, 0), EEXIST,
		"route \"default\" with metric 0 is there already");
}

static void test_routes_that_lead_nowhere_are_refused(void **state)
{
	struct nsk_config *c = *state;

	REFUSED(c, nsk_config_add_route(c, "10.0.0.0/8", NULL, NULL, 0), EINVAL,
		"route \"10.0.0.0/8\" names neither gateway nor interface");
	REFUSED(c, nsk_config_add_route(c, "10.0.0.1/8", "10.0.0.1", NULL, 0), EINVAL,
		"destination \"10.0.0.1/8\" has bits behind its length; 10.0.0.0/8 is meant");
	REFUSED(c, nsk_config_add_route(c, "somewhere", "10.0.0.1", NULL, 0), EINVAL,
		"destination \"somewhere\" is malformed: \"somewhere\" is no address; write such as \"default\" or 10.1.0.0/16");
	REFUSED(c, nsk_config_add_route(c, "2001:db8::/32", "10.0.0.1", NULL, 0), EINVAL,
		"route \"2001:db8::/32\": gateway \"10.0.0.1\" is of the other family");
	REFUSED(c, nsk_config_add_route(c, "10.0.0.0/8", "2001:db8::1", NULL, 0), EINVAL,
		"route \"10.0.0.0/8\": gateway \"2001:db8::1\" is of the other family");
	REFUSED(c, nsk_config_add_route(c, "10.0.0.0/8", "0.0.0.0", NULL, 0), EINVAL,
		"gateway \"0.0.0.0\" is in 0.0.0.0/8, which means no address");
	REFUSED(c, nsk_config_add_route(c, "10.0.0.0/8", NULL, "", 0), EINVAL,
		"route \"10.0.0.0/8\": interface \"\" has no name of 1 to 31 characters");
	assert_int_equal(c->nroutes, 0);
	/* One station is a route as well. */
	assert_int_equal(nsk_config_add_route(c, "10.0.0.1", NULL, "lan", 4294967295u), 0);
	assert_int_equal(c->route[0].dst.len, 32);
}

static void test_a_configuration_has_so_many_routes_at_most(void **state)
{
	struct nsk_config *c = *state;

	for (uint32_t i = 0; i < CONFIG_ROUTES_MAX; i++)
		assert_int_equal(nsk_config_add_route(c, "default", "10.0.0.1", NULL, i), 0);
	REFUSED(c, nsk_config_add_route(c, "10.0.0.0/8", "10.0.0.1", NULL, 0), ENOSPC,
		"a configuration has 1024 routes at most");
}

/* ---- cores --------------------------------------------------------------------------------- */

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);

/* Whatever the machine has: this process may use the cores 1, 2 and 4. */
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	assert_int_equal(pid, 0);
	assert_int_equal(size, sizeof(*set));
	CPU_ZERO(set);
	CPU_SET(1, set);
	CPU_SET(2, set);
	CPU_SET(4, set);
	return 0;
}

static void test_lists_of_cores_make_one_worker_each(void **state)
{
	struct nsk_config *c = *state;

	assert_int_equal(nsk_config_lcores(c, "1"), 0);
	assert_int_equal(c->nworkers, 1);
	assert_int_equal(c->cpu[0], 1);
	assert_int_equal(nsk_config_lcores(c, "2,1"), 0);
	assert_int_equal(c->nworkers, 2);
	assert_int_equal(c->cpu[0], 2);
	assert_int_equal(c->cpu[1], 1);
	assert_int_equal(nsk_config_lcores(c, "4,1-2"), 0);
	assert_int_equal(c->nworkers, 3);
	assert_int_equal(c->cpu[0], 4);
	assert_int_equal(c->cpu[1], 1);
	assert_int_equal(c->cpu[2], 2);
	assert_int_equal(nsk_config_workers(c, 2), 0);
	assert_int_equal(c->nworkers, 2);
	assert_int_equal(c->cpu[0], -1);
}

static void test_lists_of_cores_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"",	",",	 "a",	"1,", ",1",  "1-",
					  "-1", "1-2-3", "2-1", "1 ", "0x1", "1,,2"};
	struct nsk_config *c = *state;
	char text[128];

	assert_int_equal(nsk_config_workers(c, 2), 0);
	for (size_t i = 0; i < NSK_ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text),
			 "cores \"%s\": numbers and ranges with commas between, such as 1-3,5",
			 bad[i]);
		REFUSED(c, nsk_config_lcores(c, bad[i]), EINVAL, text);
	}
	assert_int_equal(c->nworkers, 2);
	assert_int_equal(c->cpu[0], -1);
	REFUSED(c, nsk_config_lcores(c, "1,1"), EEXIST, "core 1 is named twice");
	assert_int_equal(c->cpu[0], -1);
}

static void test_cores_that_are_not_there_are_refused(void **state)
{
	static const char *const far[] = {
		"0", "1-3", "3", "1023", "1024", "99999999999999999999", "1023-99999999999"};
	struct nsk_config *c = *state;

	for (size_t i = 0; i < NSK_ARRAY_LEN(far); i++) {
		errno = 0;
		assert_int_equal(nsk_config_lcores(c, far[i]), -1);
		assert_int_equal(errno, ENODEV);
		assert_non_null(strstr(nsk_config_error(c),
				       "is not there for this process; it may use 1-2,4"));
	}
}

static void test_workers_are_bounded(void **state)
{
	struct nsk_config *c = *state;

	REFUSED(c, nsk_config_workers(c, 0), EINVAL, "0 workers: 1 to 64 are possible");
	REFUSED(c, nsk_config_workers(c, 65), EINVAL, "65 workers: 1 to 64 are possible");
	assert_int_equal(nsk_config_workers(c, 64), 0);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void test_eal_arguments_add_up_and_must_close_their_quotes(void **state)
{
	static const char *const open[] = {"'", "\"", "a\\", "\"a'", "'a\"", "'a\\'b'"};
	struct nsk_config *c = *state;
	char text[1200];

	assert_int_equal(nsk_config_eal(c, "-m 64"), 0);
	assert_int_equal(nsk_config_eal(c, "--vdev='a b' -d \"c\\\"d\""), 0);
	assert_string_equal(c->eal_args, "-m 64 --vdev='a b' -d \"c\\\"d\"");
	for (size_t i = 0; i < NSK_ARRAY_LEN(open); i++)
		REFUSED(c, nsk_config_eal(c, open[i]), EINVAL,
			"a quote or a backslash is open, or an argument is too long");
	REFUSED(c, nsk_config_eal(c, "--bogus"), EINVAL,
		"EAL has no option '--bogus' for a library");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	REFUSED(c, nsk_config_eal(c, text), ENAMETOOLONG,
		"EAL arguments: more than 1023 characters");
}

static void test_the_control_path_fits_a_socket_address(void **state)
{
	struct nsk_config *c = *state;
	char path[CONFIG_PATH_MAX + 1];

	memset(path, 'p', sizeof(path));
	path[CONFIG_PATH_MAX] = '\0';
	assert_int_equal(nsk_config_control(c, path), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	path[CONFIG_PATH_MAX - 1] = '\0';
	assert_int_equal(nsk_config_control(c, path), 0);
	assert_string_equal(c->control, path);
	REFUSED(c, nsk_config_control(c, ""), EINVAL,
		"control socket \"\": a name or a path; there is none where nobody asks for one");
	assert_int_equal(nsk_config_control(c, NULL), 0);
	assert_string_equal(c->control, "");
}

static void sink(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg, (void)level, (void)module, (void)text;
}

static void test_a_null_sink_keeps_the_sink(void **state)
{
	struct nsk_config *c = *state;

	nsk_config_log(c, sink, c, NSK_LOG_DEBUG);
	nsk_config_log(c, NULL, NULL, NSK_LOG_ERR);
	assert_ptr_equal(c->log_fn, sink);
	assert_ptr_equal(c->log_arg, c);
	assert_int_equal(c->log_level, NSK_LOG_ERR);
	assert_int_equal(config_log_level(c, "warn"), 0);
	assert_int_equal(c->log_level, NSK_LOG_WARN);
}

static void test_the_failing_step_is_kept_and_the_last_count_told(void **state)
{
	struct nsk_config *c = *state;

	c->steps = 17;
	assert_int_equal(nsk_config_fail_step(c, 5), 17);
	assert_int_equal(c->fail_step, 5);
}

#define WITH_CONFIG(test) cmocka_unit_test_setup_teardown(test, make_config, free_config)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CONFIG(test_a_new_configuration_has_one_worker_and_no_device),
		WITH_CONFIG(test_settings_are_set_and_read_by_name),
		WITH_CONFIG(test_contradicting_settings_are_found_at_the_end),
		WITH_CONFIG(test_null_is_refused),
		WITH_CONFIG(test_devices_are_copied),
		WITH_CONFIG(test_a_fault_prefix_is_taken_off),
		WITH_CONFIG(test_names_that_cannot_be_devices_are_refused),
		WITH_CONFIG(test_the_same_device_twice_is_refused),
		WITH_CONFIG(test_a_stack_has_so_many_devices_at_most),
		WITH_CONFIG(test_each_end_of_a_wire_and_each_callback_port_is_plugged_once),
		WITH_CONFIG(test_addresses_belong_to_the_device_added_last),
		WITH_CONFIG(test_addresses_that_no_station_can_have_are_refused),
		WITH_CONFIG(test_an_interface_has_so_many_addresses_at_most),
		WITH_CONFIG(test_properties_of_a_device_are_checked),
		WITH_CONFIG(test_a_later_gateway_takes_the_place_of_an_earlier),
		WITH_CONFIG(test_routes_that_lead_nowhere_are_refused),
		WITH_CONFIG(test_a_configuration_has_so_many_routes_at_most),
		WITH_CONFIG(test_lists_of_cores_make_one_worker_each),
		WITH_CONFIG(test_lists_of_cores_that_are_none_are_refused),
		WITH_CONFIG(test_cores_that_are_not_there_are_refused),
		WITH_CONFIG(test_workers_are_bounded),
		WITH_CONFIG(test_eal_arguments_add_up_and_must_close_their_quotes),
		WITH_CONFIG(test_the_control_path_fits_a_socket_address),
		WITH_CONFIG(test_a_null_sink_keeps_the_sink),
		WITH_CONFIG(test_the_failing_step_is_kept_and_the_last_count_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
