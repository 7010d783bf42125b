/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding the driver and the quirks of what stands behind -d. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "drivers/quirks.h"
#include "net/port.h"

static void a_prefix_names_the_driver_and_the_rest_is_for_dpdk(void **state)
{
	static const struct {
		const char *devargs, *driver, *rest;
	} rows[] = {
		{"fault:loss=1%:net_tap0", "fault", "loss=1%:net_tap0"},
		{"pcap:rx=a.pcap", "pcap", "rx=a.pcap"},
		{"loop:", "loop", ""},
		{"net_tap0,iface=nsk0", "ethdev", "net_tap0,iface=nsk0"},
		{"0000:00:08.0", "ethdev", "0000:00:08.0"},
		{"faulty", "ethdev", "faulty"},
		{"ethdev:net_ring0", "ethdev", "net_ring0"},
	};

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		const char *rest;

		assert_string_equal(port_driver_find(rows[i].devargs, &rest)->name, rows[i].driver);
		assert_string_equal(rest, rows[i].rest);
	}
	assert_null(port_driver_named("nobody"));
	assert_string_equal(port_driver_named("callback")->name, "callback");
}

static void pci_addresses_are_told_from_names(void **state)
{
	static const char *const pci[] = {"0000:00:08.0", "00:08.0", "0000:3b:00.1,args=1",
					  "10000:e1:00.0"};
	static const char *const other[] = {"net_tap0", "00:08", "00:08.8",  "000:00:08.0",
					    "ab:cd:ef", "",	 "00:08.0x", "0000:00:08.0.1"};
	size_t len;

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(pci); i++)
		assert_true(devargs_is_pci(pci[i], &len));
	for (size_t i = 0; i < NSK_ARRAY_LEN(other); i++)
		assert_false(devargs_is_pci(other[i], &len));
	devargs_is_pci("0000:3b:00.1,args=1", &len);
	assert_int_equal(len, 12);
}

static void a_virtual_device_finds_its_row_by_name(void **state)
{
	(void)state;
	assert_string_equal(quirk_of_devargs("net_tap0,iface=nsk0")->driver, "net_tap");
	assert_string_equal(quirk_of_devargs("net_tap_lan")->driver, "net_tap");
	assert_string_equal(quirk_of_devargs("vdev:net_memif1")->driver, "net_memif");
	assert_string_equal(quirk_of_devargs("net_virtio_user0,path=x")->driver, "net_virtio_user");
	assert_string_equal(quirk_of_devargs("net_tap")->driver, "net_tap");
	assert_string_equal(quirk_of_devargs("net_tap,iface=x")->driver, "net_tap");
	assert_string_equal(quirk_of_devargs("net_tap_foo,iface=x")->driver, "net_tap");
	assert_string_equal(quirk_of_devargs("net_tap0lan")->driver, "net_tap");
	assert_ptr_equal(quirk_of_devargs("net_tapestry0"), &quirk_none);
	assert_ptr_equal(quirk_of_devargs("net_tapp0"), &quirk_none);
	assert_ptr_equal(quirk_of_devargs("net_tapP0"), &quirk_none);
	assert_ptr_equal(quirk_of_devargs("net_tap-0"), &quirk_none);
	assert_ptr_equal(quirk_of_devargs("net_ta"), &quirk_none);
	assert_ptr_equal(quirk_of_devargs("net_virtio0"), &quirk_none);
	assert_ptr_equal(quirk_of_devargs("net_e1000_em0"), &quirk_none);
	assert_ptr_equal(quirk_of_devargs("0000:00:08.0"), &quirk_none);
	assert_string_equal(quirk_of_driver("net_e1000_em")->driver, "net_e1000_em");
	assert_ptr_equal(quirk_of_driver("net_mlx4"), &quirk_none);
}

static void a_name_that_eal_would_take_for_a_drivers_is_told(void **state)
{
	char names[160];

	(void)state;
	assert_string_equal(quirk_taken_for("net_tapp0")->driver, "net_tap");
	assert_string_equal(quirk_taken_for("net_virtio_users0")->driver, "net_virtio_user");
	assert_null(quirk_taken_for("net_what0"));
	assert_null(quirk_taken_for("net_virtio0"));
	assert_string_equal(quirk_virtual_names(names, sizeof(names)),
			    "net_tap net_tun net_virtio_user net_vhost net_memif net_af_packet "
			    "net_ring net_pcap net_null net_bonding");
	assert_string_equal(quirk_virtual_names(names, 12), "net_tap net");
}

static void each_row_says_why_it_is_there(void **state)
{
	static const char *const drivers[] = {"net_tap",     "net_tun",	     "net_virtio_user",
					      "net_vhost",   "net_memif",    "net_af_packet",
					      "net_ring",    "net_pcap",     "net_null",
					      "net_bonding", "net_e1000_em", "net_virtio"};

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(drivers); i++) {
		const struct quirk *q = quirk_of_driver(drivers[i]);

		assert_string_equal(q->driver, drivers[i]);
		assert_non_null(q->reason);
		assert_non_null(q->package);
	}
}

static void arguments_that_a_driver_does_not_have_are_refused(void **state)
{
	static const struct {
		const char *devargs, *says; /* NULL: good */
	} rows[] = {
		{"net_tap0", NULL},
		{"net_tap0,iface=nsk0,mac=02:00:00:00:00:01,persist", NULL},
		{"vdev:net_tap_lan,iface=nsk0,", NULL},
		{"net_ring0", NULL},
		{"0000:00:08.0,anything=1", NULL},
		{"net_tap0,ifac=nsk0",
		 "no argument 'ifac'; did you mean 'iface'? net_tap has: iface remote mac persist"},
		{"net_tap0,mac=fixed,inface=nsk0",
		 "no argument 'inface'; did you mean 'iface'? net_tap has: iface remote mac persist"},
		{"net_tun0,mac=fixed", "no argument 'mac'; net_tun has: iface"},
		{"net_null0,length=64", "no argument 'length'; net_null has: size copy no-rx"},
		{"net_null0,sizes", "no argument 'sizes'; did you mean 'size'? net_null has: size "
				    "copy no-rx"},
		{"net_null0,size=64,copy=0,no-rx=1", NULL},
		{"net_null0,size=banana", "size=banana: give a number"},
		{"net_null0,size=-1", "size=-1: give a number"},
		{"net_null0,size=4294967296", "size=4294967296: give a smaller number"},
		{"net_null0,size=", "size=: give a number"},
		{"net_null0,size", "size=: give a value"},
		{"net_null0,no-rx=2", "no-rx=2: give 0 or 1"},
		{"net_null0,size=64,copy=0,size=65", "size is given twice"},
		{"net_tap0,iface=", "iface=: give a value"},
		{"net_tap0,persist=1", "persist takes no value"},
		{"net_memif0,role=server,id=x", "id=x: give a number"},
		{"net_memif0,role=serv", "role=serv: give one of server|client|master|slave"},
		{"net_memif0,zero-copy=maybe", "zero-copy=maybe: give one of yes|no"},
		{"net_memif0,mac=02:00", "mac=02:00: give an Ethernet address"},
		{"net_pcap0,rx_pcap=a,rx_pcap=b", NULL},
		{"net_null0,a_word_that_is_longer_than_thirty_two_letters=1",
		 "no argument 'a_word_that_is_longer_than_thirty_two_letters'; net_null has: size "
		 "copy no-rx"},
	};

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		const struct quirk *q = quirk_of_devargs(rows[i].devargs);
		char error[256] = "";
		int rc = devargs_check(q, rows[i].devargs, error, sizeof(error));

		assert_int_equal(rc, rows[i].says ? -EINVAL : 0);
		assert_string_equal(error, rows[i].says ? rows[i].says : "");
	}
}

static void needs_are_seen_through_wrappers(void **state)
{
	struct port_needs n;

	(void)state;
	port_needs("fault:loss=1%:net_memif0,role=server", &n);
	assert_string_equal(n.device, "net_memif0,role=server");
	assert_true(n.no_in_memory);
	assert_false(n.single_file);
	assert_false(n.pci);
	port_needs("fault:loss=1%:fault:dup=1%:0000:00:08.0", &n);
	assert_string_equal(n.device, "0000:00:08.0");
	assert_true(n.pci);
	port_needs("net_virtio_user0,path=x", &n);
	assert_true(n.single_file);
	port_needs("pcap:rx=a.pcap", &n);
	assert_null(n.device);
	port_needs("fault:loss=1%", &n);
	assert_null(n.device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefix_names_the_driver_and_the_rest_is_for_dpdk),
		cmocka_unit_test(pci_addresses_are_told_from_names),
		cmocka_unit_test(a_virtual_device_finds_its_row_by_name),
		cmocka_unit_test(a_name_that_eal_would_take_for_a_drivers_is_told),
		cmocka_unit_test(each_row_says_why_it_is_there),
		cmocka_unit_test(arguments_that_a_driver_does_not_have_are_refused),
		cmocka_unit_test(needs_are_seen_through_wrappers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
