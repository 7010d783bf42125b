/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/config_file.c, config_text.c: what is said about configuration files that are broken.
 */
#include "stack_config_files.h"

/* ---- files that are broken ----------------------------------------------------------------- */

static const struct {
	const char *text;  /* main.conf */
	const char *error; /* behind "FOLDER/" */
} broken[] = {
	/* syntax */
	{"mtu = \n",
	 "main.conf:1: syntax error (here or before: a missing ';', '=', quote or bracket?)"},
	{"mtu 1500;\n",
	 "main.conf:1: syntax error (here or before: a missing ';', '=', quote or bracket?)"},
	{"tcp: {\n window = 65535;\n",
	 "main.conf:2: syntax error (here or before: a missing ';', '=', quote or bracket?)"},
	{"log = \"info;\n", "main.conf:1: this string has no end"},
	{"\nlog = \"a\nb\nc;", "main.conf:2: this string has no end"},
	{"mtu = 1500;\n/* why\n", "main.conf:2: this comment has no end"},
	{"mtu = 1500;\nmtu = 1500;\n",
	 "main.conf:2: duplicate setting name: a name stands once in its group, and a group once in the file"},
	{"tcp: { sack = true; };\ntcp: { wscale = true; };\n",
	 "main.conf:2: duplicate setting name: a name stands once in its group, and a group once in the file"},
	{"x = @y;\n", "main.conf:1: @include \"PATH\" must be alone in its line"},
	{"@include \"a\\\"b\"\n", "main.conf:1: @include \"PATH\" must be alone in its line"},
	{"@include \"x.conf\" mtu = 1;\n",
	 "main.conf:1: @include \"PATH\" must be alone in its line"},
	{"mtu = 9000;\ntcp.window = 70000;\n",
	 "main.conf:2: tcp.window: in a file a name has no dots, groups have names: "
	 "tcp: { window = ...; };"},
	{"burst = 1; net.ipv4.tcp_retries2 : 7;\n",
	 "main.conf:1: net.ipv4.tcp_retries2: in a file a name has no dots, groups have names: "
	 "net: { ipv4: { tcp_retries2 = ...; }; };"},
	{"mtu = 15.00.5;\n",
	 "main.conf:1: syntax error (here or before: a missing ';', '=', quote or bracket?)"},
	/* keys */
	{"\n\nmtuu = 1500;\n", "main.conf:3: there is no setting \"mtuu\"; did you mean \"mtu\"?"},
	{"interfaces = ();\n",
	 "main.conf:1: the file, settings apart, has no key \"interfaces\"; it has devices, routes, gateway, "
	 "lcores, workers, eal, no_huge, log, control, secret_file, seed"},
	{"tcp: {\n windw = 1;\n};\n",
	 "main.conf:2: there is no setting \"tcp.windw\"; did you mean \"tcp.window\"?"},
	{"tcp: {\n mtu = 1;\n};\n", "main.conf:2: there is no setting \"tcp.mtu\""},
	{"tcp: {\n window: { x = 1; };\n};\n",
	 "main.conf:2: tcp.window is a group { ... }; it must be one value"},
	{"tcp = 5;\n",
	 "main.conf:1: tcp is a whole number; it must be a group { ... } of settings"},
	{"mtu = (1500);\n", "main.conf:1: mtu is a list ( ... ); it must be one value"},
	/* settings */
	{"mtu = 67;\n", "main.conf:1: mtu = 67: out of range; allowed: 68 to 65535 bytes"},
	{"mtu = -1;\n", "main.conf:1: mtu = -1: out of range; allowed: 68 to 65535 bytes"},
	{"mtu = 1500.5;\n",
	 "main.conf:1: mtu = 1500.5: not a value of this setting; allowed: 68 to 65535 bytes"},
	{"mtu = true;\n",
	 "main.conf:1: mtu = true: not a value of this setting; allowed: 68 to 65535 bytes"},
	{"mtu = \"big\";\n",
	 "main.conf:1: mtu = big: not a value of this setting; allowed: 68 to 65535 bytes"},
	{"mtu = 4294968796;\n",
	 "main.conf:1: mtu = 4294968796: out of range; allowed: 68 to 65535 bytes"},
	{"mtu = -4294965796;\n",
	 "main.conf:1: mtu = -4294965796: out of range; allowed: 68 to 65535 bytes"},
	{"mtu = 0x1000005dc;\n",
	 "main.conf:1: mtu = 4294968796: out of range; allowed: 68 to 65535 bytes"},
	{"mtu = 18446744073709551616;\n", "main.conf:1: a number of more than 18 digits"},
	{"mtu = 18446744073709551616L;\n", "main.conf:1: a number of more than 18 digits"},
	{"tcp: { sack = 2; };\n",
	 "main.conf:1: tcp.sack = 2: not a value of this setting; allowed: true or false"},
	{"tcp: {\n syncookies = \"often\";\n};\n",
	 "main.conf:2: tcp.syncookies = often: not a value of this setting; allowed: never, full or always"},
	{"mtu = \"\";\n",
	 "main.conf:1: mtu = nothing: not a value of this setting; allowed: 68 to 65535 bytes"},
	/* settings by Linux's names */
	{"net: {\n ipv4: {\n tcp_retries2 = 700; }; };\n",
	 "main.conf:3: net.ipv4.tcp_retries2 (tcp.retries) = 700: out of range; allowed: 1 to 100 times"},
	{"net: {\n ipv4: {\n tcp_retries3 = 7; }; };\n",
	 "main.conf:3: there is no setting \"net.ipv4.tcp_retries3\"; did you mean "
	 "\"net.ipv4.tcp_retries2\"?"},
	{"net: {\n ipv4 = 7; };\n",
	 "main.conf:2: net.ipv4 is a whole number; it must be a group { ... } of settings"},
	{"net: {\n ipv6: { tcp_retries2 = 7; }; };\n",
	 "main.conf:2: there is no setting \"net.ipv6.tcp_retries2\"; did you mean \"net.ipv4.tcp_retries2\"?"},
	{"net: { ipv4: {\n tcp_keepalive_time = 604801; }; };\n",
	 "main.conf:2: net.ipv4.tcp_keepalive_time (tcp.keepalive_ms) = 604801: out of range; "
	 "allowed: 1 to 604800 s"},
	{"net: { ipv4: {\n tcp_rmem = [ 1, 2, 3 ]; }; };\n",
	 "main.conf:2: net.ipv4.tcp_rmem is an array [ ... ]; it must be a string of three numbers"},
	{"net: { ipv4: { tcp_rmem = \"8192 1 8192\"; }; };\n",
	 "main.conf:1: net.ipv4.tcp_rmem = 8192 1 8192: tcp.window = 0: out of range; allowed: 1024 "
	 "to 1073725440 bytes"},
	/* keys of the whole */
	{"lcores = \"0\";\nworkers = 1;\n",
	 "main.conf:2: workers and lcores: each core of lcores is a worker; leave one of the two out"},
	{"eal = \"--bogus\";\n", "main.conf:1: EAL has no option '--bogus' for a library"},
	{"control = \"\";\n",
	 "main.conf:1: control socket \"\": a name or a path; there is none where nobody asks for one"},
	{"gateway = \"\";\n",
	 "main.conf:1: gateway \"\" is malformed: write an address such as 10.0.0.1"},
	{"workers = 0;\n", "main.conf:1: workers = 0: out of range; allowed: 1 to 64"},
	{"workers = -1;\n", "main.conf:1: workers = -1: out of range; allowed: 1 to 64"},
	{"workers = \"2\";\n", "main.conf:1: workers is a string; it must be a whole number"},
	{"lcores = [1, 2];\n",
	 "main.conf:1: lcores is an array [ ... ]; it must be a string such as \"1-3,5\", or a whole number"},
	{"lcores = \"a\";\n",
	 "main.conf:1: cores \"a\": numbers and ranges with commas between, such as 1-3,5"},
	{"no_huge = 1;\n", "main.conf:1: no_huge is a whole number; it must be true or false"},
	{"log = \"loud\";\n",
	 "main.conf:1: log level \"loud\": none, error, warning, info or debug"},
	{"seed = -3;\n", "main.conf:1: seed = -3: out of range; allowed: 0 to 9223372036854775807"},
	{"seed = 1.5;\n", "main.conf:1: seed is a number with a point; it must be a whole number"},
	{"eal = \"-m '64\";\n",
	 "main.conf:1: a quote or a backslash is open, or an argument is too long"},
	{"gateway = \"10.0.0.256\";\n",
	 "main.conf:1: gateway \"10.0.0.256\" is malformed: write an address such as 10.0.0.1"},
	{"gateway = \"224.0.0.1\";\n", "main.conf:1: gateway \"224.0.0.1\" is a multicast address"},
	/* devices */
	{"devices = \"net_tap0\";\n",
	 "main.conf:1: devices is a string; it must be a list ( ... )"},
	{"devices = (\n 5\n);\n",
	 "main.conf:2: device is a whole number; it must be a string or a group { device = ...; }"},
	{"devices = (\n { name = \"a\"; }\n);\n",
	 "main.conf:2: a device without the key \"device\", which says what it is"},
	{"devices = (\n { device = \"\"; }\n);\n", "main.conf:2: the device has no name"},
	{"devices = (\n { device = \"net_tap0\";\n   adress = \"10.0.0.2/24\"; }\n);\n",
	 "main.conf:3: a device has no key \"adress\"; it has device, name, addresses, mtu, mac, rp_filter, proxy_arp, fault, neighbours, twin, mirror, punt"},
	{"devices = ( \"net_tap0,iface=a\",\n \"net_tap0,iface=b\" );\n",
	 "main.conf:2: device \"net_tap0\" is there already"},
	{"devices = ( { device = \"net_tap0\";\n addresses = [\"10.0.0.2/24\",\n \"10.0.0.300/24\"]; } );\n",
	 "main.conf:3: address \"10.0.0.300/24\" is malformed: \"10.0.0.300\" is no address; write such as 10.0.0.2/24"},
	{"devices = ( { device = \"net_tap0\";\n addresses = \"10.0.0.2\"; } );\n",
	 "main.conf:2: address \"10.0.0.2\" lacks the length of its subnet: 10.0.0.2/24, for example"},
	{"devices = ( { device = \"net_tap0\";\n addresses = \"10.0.0.2/33\"; } );\n",
	 "main.conf:2: address \"10.0.0.2/33\": behind the / stands the length of the subnet, a number "
	 "from 1 to 32"},
	{"devices = ( { device = \"net_tap0\";\n addresses = \"10.0.0.2/\"; } );\n",
	 "main.conf:2: address \"10.0.0.2/\": behind the / stands the length of the subnet, a number "
	 "from 1 to 32"},
	{"devices = ( { device = \"net_tap0\"; addresses = \"\"; } );\n",
	 "main.conf:1: address \"\" is malformed: \"\" is no address; write such as 10.0.0.2/24"},
	{"devices = ( { device = \"net_tap0\";\n addresses = [ \"10.0.0.2/24\",\n \"10.0.0.2/16\" ]; } );\n",
	 "main.conf:3: address \"10.0.0.2/16\" is there already"},
	{"devices = ( { device = \"net_tap0\"; name = \"a\"; },\n { device = \"net_tap1\"; name = \"a\"; } );\n",
	 "main.conf:2: an interface \"a\" is there already"},
	{"devices = ( { device = \"net_tap0\";\n mtu = -1; } );\n",
	 "main.conf:2: mtu = -1: out of range; allowed: 68 to 65535 bytes"},
	{"devices = ( { device = \"net_tap0\";\n addresses = [ 10 ]; } );\n",
	 "main.conf:2: an element is a whole number; it must be a string"},
	{"devices = ( { device = \"net_tap0\";\n mtu = 70000; } );\n",
	 "main.conf:2: mtu = 70000: out of range; allowed: 68 to 65535 bytes"},
	{"devices = ( { device = \"net_tap0\";\n mac = \"01:00:00:00:00:01\"; } );\n",
	 "main.conf:2: mac \"01:00:00:00:00:01\": the address of one station, such as 02:00:00:00:00:01"},
	{"devices = ( { device = \"net_tap0\";\n name = \"a b\"; } );\n",
	 "main.conf:2: interface name \"a b\": 1 to 31 letters, digits, '_', '.' or '-'"},
	{"devices = ( { device = \"fault:loss=1%:net_tap0\";\n fault = \"loss=2%\"; } );\n",
	 "main.conf:2: the device has faults already: \"loss=1%\""},
	{"devices = ( { device = \"net_tap0\";\n rp_filter = 1; } );\n",
	 "main.conf:2: rp_filter is a whole number; it must be true or false"},
	{"devices = ( { device = \"net_tap0\";\n proxy_arp = \"yes\"; } );\n",
	 "main.conf:2: proxy_arp is a string; it must be true or false"},
	/* VLANs */
	{"devices = ( \"net_tap0\",\n \"vlan:net_tap0,4095\" );\n",
	 "main.conf:2: device \"vlan:net_tap0,4095\": write vlan:INTERFACE,NUMBER, such as vlan:eth0,100, or vlan:eth0,10.100 for a VLAN (1 to 4094) in another"},
	{"devices = ( \"net_tap0\",\n \"vlan:net_tap0,0\" );\n",
	 "main.conf:2: device \"vlan:net_tap0,0\": write vlan:INTERFACE,NUMBER, such as vlan:eth0,100, or vlan:eth0,10.100 for a VLAN (1 to 4094) in another"},
	{"devices = (\n \"vlan:,7\" );\n",
	 "main.conf:2: device \"vlan:,7\": write vlan:INTERFACE,NUMBER, such as vlan:eth0,100, or vlan:eth0,10.100 for a VLAN (1 to 4094) in another"},
	/* neighbours */
	{"devices = ( { device = \"net_tap0\";\n neighbours = 7; } );\n",
	 "main.conf:2: neighbours is a whole number; it must be a list of strings [ ... ]"},
	{"devices = ( { device = \"net_tap0\";\n neighbours = [ \"10.0.0.9 lladdr 2\" ]; } );\n",
	 "main.conf:2: neighbour \"10.0.0.9 lladdr 2\": write it as \"192.0.2.9 lladdr 02:00:00:00:00:09\""},
	/* twins */
	{"devices = ( { device = \"net_tap0\";\n twin = true; } );\n",
	 "main.conf:2: twin is true or false; it must be a string"},
	{"devices = ( { device = \"net_tap0\";\n twin = \"\"; } );\n",
	 "main.conf:2: twin \"\" has no name of 1 to 15 characters"},
	{"devices = ( { device = \"net_tap0\"; twin = \"eth0k\"; },\n { device = \"net_tap1\"; twin = \"eth0k\"; } );\n",
	 "main.conf:2: twin \"eth0k\" is there already"},
	{"devices = ( { device = \"net_tap0\";\n mirror = 1; } );\n",
	 "main.conf:2: mirror is a whole number; it must be true or false"},
	{"devices = ( { device = \"net_tap0\";\n punt = [ \"bgp\",\n \"all\" ]; } );\n",
	 "main.conf:3: punt \"all\": bgp, bfd, ospf, ssh, icmp and no-listener are possible, or a protocol, tcp, udp or a number from 1 to 254, with ports as in tcp:8080, udp:3784-3785 or tcp:179/both"},
	{"devices = ( { device = \"net_tap0\";\n punt = [ 179 ]; } );\n",
	 "main.conf:2: an element is a whole number; it must be a string"},
	/* routes */
	{"routes = ( { destination = \"10.1.0.0/33\"; gateway = \"10.0.0.1\"; } );\n",
	 "main.conf:1: destination \"10.1.0.0/33\": behind the / stands the length of the subnet, a "
	 "number from 1 to 32"},
	{"routes = ( { destination = \"127.0.0.0/8\"; gateway = \"10.0.0.1\"; } );\n",
	 "main.conf:1: destination \"127.0.0.0/8\" is loopback, which never leaves a host"},
	{"routes = (\n { destination = \"0.0.0.0/0\"; gateway = \"10.0.0.1\"; },\n"
	 " { destination = \"default\"; gateway = \"10.0.0.3\"; } );\n",
	 "main.conf:3: route \"default\" with metric 0 is there already"},
	{"routes = ( 1 );\n",
	 "main.conf:1: a route is a whole number; it must be a group { destination = ...; }"},
	{"routes = (\n { gateway = \"10.0.0.1\"; } );\n",
	 "main.conf:2: a route without the key \"destination\""},
	{"routes = (\n { destination = \"10.1.0.0/16\"; gateway = \"10.0.0.1\"; weight = 1; },\n"
	 " { destination = \"10.1.0.0/16\"; gateway = \"10.0.0.3\"; } );\n",
	 "main.conf:3: route \"10.1.0.0/16\" with metric 0 is there already: to share, each of them "
	 "needs a weight"},
	{"routes = (\n { destination = \"10.1.0.0/16\";\n type = \"sinkhole\"; } );\n",
	 "main.conf:3: type of a route \"sinkhole\": unicast, blackhole, unreachable and prohibit are "
	 "possible"},
	{"routes = ( { destination = \"10.1.0.0/16\"; type = \"blackhole\"; iface = \"lan\"; } );\n",
	 "main.conf:1: route \"10.1.0.0/16\" is of type blackhole: it leads nowhere, so it has no "
	 "gateway, interface or weight"},
	{"routes = ( { destination = \"10.1.0.0/16\"; iface = \"lan\"; src = \"nobody\"; } );\n",
	 "main.conf:1: src \"nobody\" is malformed: write an address such as 10.0.0.2"},
	{"routes = ( { destination = \"10.1.0.0/16\"; iface = \"lan\"; src = \"fd00::1\"; } );\n",
	 "main.conf:1: route \"10.1.0.0/16\": src \"fd00::1\" is of the other family"},
	{"routes = ( { destination = \"10.1.0.0/16\"; iface = \"lan\"; weight = 257; } );\n",
	 "main.conf:1: weight = 257: out of range; allowed: 1 to 256"},
	{"routes = (\n { destination = \"default\"; } );\n",
	 "main.conf:2: route \"default\" names neither gateway nor interface"},
	{"routes = (\n { destination = \"10.1.2.3/16\";\n gateway = \"10.0.0.1\"; } );\n",
	 "main.conf:2: destination \"10.1.2.3/16\" has bits behind its length; 10.1.0.0/16 is meant"},
	{"routes = ( { destination = \"default\";\n gateway = \"here\"; } );\n",
	 "main.conf:2: gateway \"here\" is malformed: write an address such as 10.0.0.1"},
	{"routes = ( { destination = \"default\"; gateway = \"10.0.0.1\";\n metric = -1; } );\n",
	 "main.conf:2: metric = -1: out of range; allowed: 0 to 4294967295"},
	{"routes = ( { destination = \"default\"; gateway = \"10.0.0.1\"; },\n"
	 " { destination = \"0.0.0.0/0\"; gateway = \"10.0.0.2\"; } );\n",
	 "main.conf:2: route \"0.0.0.0/0\" with metric 0 is there already"},
	{"routes = ( { destination = \"default\";\n via = \"10.0.0.1\"; } );\n",
	 "main.conf:2: a route has no key \"via\"; it has destination, gateway, iface, metric, src, type, weight"},
};

static void test_each_broken_file_gets_its_message(void **state)
{
	struct folder *f = *state;

	assert_true(NSK_ARRAY_LEN(broken) >= 30);
	for (size_t i = 0; i < NSK_ARRAY_LEN(broken); i++) {
		write_file(f, "main.conf", broken[i].text);
		expect_error(f, broken[i].error);
	}
}

static void test_errors_in_included_files_name_those(void **state)
{
	struct folder *f = *state;

	write_file(f, "main.conf", "rx_ring = 64;\n\n@include \"sub.conf\"\nmtu = 1;\n");
	write_file(f, "sub.conf", "# one\nburst = 7;\ntcp: { window = 1; };\n");
	expect_error(f,
		     "sub.conf:3: tcp.window = 1: out of range; allowed: 1024 to 1073725440 bytes");
	write_file(f, "sub.conf", "# one\n# two");
	expect_error(f, "main.conf:4: mtu = 1: out of range; allowed: 68 to 65535 bytes");
	write_file(f, "sub.conf", "# one\nrx_ring = 64;\n");
	expect_error(
		f,
		"sub.conf:2: duplicate setting name: a name stands once in its group, and a group once in the file");
	write_file(f, "sub.conf", "\n\n/* open\n");
	expect_error(f, "sub.conf:3: this comment has no end");
}

static void test_files_that_cannot_be_read_say_why(void **state)
{
	struct folder *f = *state;
	struct nsk_config *config = nsk_config_new();
	char expected[256];

	assert_int_equal(nsk_config_load(config, f->path), -1);
	assert_int_equal(errno, EISDIR);
	snprintf(expected, sizeof(expected), "%s: not a regular file", f->path);
	assert_string_equal(nsk_config_error(config), expected);
	assert_int_equal(nsk_config_load(config, "/dev/zero"), -1);
	assert_string_equal(nsk_config_error(config), "/dev/zero: not a regular file");
	assert_int_equal(nsk_config_load(config, f->main), -1);
	assert_int_equal(errno, ENOENT);
	snprintf(expected, sizeof(expected), "%s: No such file or directory", f->main);
	assert_string_equal(nsk_config_error(config), expected);
	nsk_config_free(config);

	write_bytes(f, "main.conf", "mtu = 1500;\0 x", 14);
	assert_int_equal(expect_error(f, "main.conf: not a text: it contains NUL bytes"), EINVAL);
}

static void test_includes_that_cannot_be_read_name_the_line(void **state)
{
	struct folder *f = *state;
	char expected[256];

	write_file(f, "main.conf", "\n@include \"gone.conf\"\n");
	snprintf(expected, sizeof(expected), "main.conf:2: %s/gone.conf: No such file or directory",
		 f->path);
	assert_int_equal(expect_error(f, expected), ENOENT);
	write_file(f, "main.conf", "@include \".\"\n");
	snprintf(expected, sizeof(expected), "main.conf:1: %s/.: not a regular file", f->path);
	assert_int_equal(expect_error(f, expected), EISDIR);
	write_file(f, "main.conf", "@include \"/dev/null\"\n");
	expect_error(f, "main.conf:1: /dev/null: not a regular file");
	write_file(f, "main.conf", "# x\n@include \"main.conf\"\n");
	expect_error(f, "main.conf:2: included too deep; does a file include itself?");
}

static void test_a_file_that_is_too_large_is_not_read(void **state)
{
	struct folder *f = *state;
	char *text = malloc((1 << 20) + 1);

	memset(text, '\n', (1 << 20) + 1);
	write_bytes(f, "main.conf", text, (1 << 20) + 1);
	assert_int_equal(expect_error(f, "main.conf: larger than 1048576 bytes"), EFBIG);
	free(text);
}

static void test_a_message_is_one_printable_line(void **state)
{
	struct folder *f = *state;

	write_file(f, "main.conf", "log = \"a\\nb\\x1b[31m\";\n");
	expect_error(f, "main.conf:1: log level \"a?b?[31m\": none, error, warning, info or debug");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_each_broken_file_gets_its_message),
		IN_FOLDER(test_errors_in_included_files_name_those),
		IN_FOLDER(test_files_that_cannot_be_read_say_why),
		IN_FOLDER(test_includes_that_cannot_be_read_name_the_line),
		IN_FOLDER(test_a_file_that_is_too_large_is_not_read),
		IN_FOLDER(test_a_message_is_one_printable_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
