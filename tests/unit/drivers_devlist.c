/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of usable devices: it names what is there and how to say it with -d. */
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netstk/config.h>

static void the_list_names_each_kernel_interface_and_the_virtual_devices(void **state)
{
	struct if_nameindex *all = if_nameindex();
	char *text = NULL, want[64];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int usable;

	(void)state;
	assert_non_null(out);
	usable = nsk_devices_list(out);
	fclose(out);
	assert_true(usable >= 0);
	assert_non_null(strstr(text, "-d net_tap0,iface=nsk0 "));
	assert_non_null(strstr(text, "-d net_memif0,role=server"));
	assert_non_null(strstr(text, "-d fault:loss=1%,delay=10ms,seed=7:DEVICE"));
	for (struct if_nameindex *i = all; i && i->if_index; i++) {
		snprintf(want, sizeof(want), "-d net_af_packet0,iface=%s ", i->if_name);
		assert_int_equal(strstr(text, want) != NULL, strcmp(i->if_name, "lo") != 0);
	}
	if_freenameindex(all);
	free(text);
}

/* What a listing has said so far. */
struct seen {
	int ready;
	unsigned taps, ifaces;
};

static void look(void *arg, const struct nsk_device_info *info)
{
	struct seen *seen = arg;

	seen->ready += info->ready;
	seen->taps += strcmp(info->args, "net_tap0,iface=nsk0") == 0;
	seen->ifaces += strncmp(info->args, "net_af_packet0,iface=", 21) == 0;
	assert_non_null(info->group);
	assert_true(info->text[0] != '\0');
}

static void each_device_is_told_once(void **state)
{
	struct if_nameindex *all = if_nameindex();
	struct seen seen = {0};
	unsigned others = 0;
	int ready;

	(void)state;
	for (struct if_nameindex *i = all; i && i->if_index; i++)
		others += strcmp(i->if_name, "lo") != 0;
	if_freenameindex(all);
	ready = nsk_devices_each(look, &seen);
	assert_int_equal(ready, seen.ready);
	assert_int_equal(seen.taps, 1);
	assert_int_equal(seen.ifaces, others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_names_each_kernel_interface_and_the_virtual_devices),
		cmocka_unit_test(each_device_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
