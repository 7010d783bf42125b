/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/config_file.c, config_text.c: configuration files, and what is said about broken ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "stack/config.h"
#include "stack/settings.h"

/* ---- a folder of files --------------------------------------------------------------------- */

struct folder {
	char path[64];
	char main[80];
	char names[16][80];
	unsigned n;
};

static int make_folder(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	snprintf(f->path, sizeof(f->path), "/tmp/nsk-config-XXXXXX");
	if (!mkdtemp(f->path))
		return -1;
	snprintf(f->main, sizeof(f->main), "%s/main.conf", f->path);
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *f = *state;

	for (unsigned i = 0; i < f->n; i++)
		unlink(f->names[i]);
	rmdir(f->path);
	free(f);
	return 0;
}

static void write_bytes(struct folder *f, const char *name, const char *bytes, size_t n)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%.12s", f->path, name);
	for (unsigned i = 0; i <= f->n; i++) {
		if (i == f->n)
			snprintf(f->names[f->n++], sizeof(f->names[0]), "%s", path);
		if (strcmp(f->names[i], path) == 0)
			break;
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void write_file(struct folder *f, const char *name, const char *text)
{
	write_bytes(f, name, text, strlen(text));
}

static struct nsk_config *load(struct folder *f, const char *text)
{
	struct nsk_config *config = nsk_config_new();

	assert_non_null(config);
	write_file(f, "main.conf", text);
	if (nsk_config_load(config, f->main))
		fail_msg("%s", nsk_config_error(config));
	return config;
}

/* The text must be refused, with this message behind the folder's path; returns errno. */
static int expect_error(struct folder *f, const char *expected)
{
	struct nsk_config *config = nsk_config_new();
	char whole[512];
	int err;

	assert_non_null(config);
	errno = 0;
	assert_int_equal(nsk_config_load(config, f->main), -1);
	err = errno;
	snprintf(whole, sizeof(whole), "%s/%s", f->path, expected);
	assert_string_equal(nsk_config_error(config), whole);
	assert_int_not_equal(err, 0);
	nsk_config_free(config);
	return err;
}

/* ---- files that are right ------------------------------------------------------------------ */

static void test_every_key_arrives(void **state)
{
	static const char text[] =
		"workers = 3;\n"
		"eal = \"-m 64\"; no_huge = true; log = \"info\";\n"
		"control = \"/run/x.sock\"; seed = 7; gateway = \"10.0.0.1\";\n"
		"mtu = 9000; rx_ring = 512\n"
		"tcp: { window = \"128k\"; sack = false; syncookies = \"always\"; };\n"
		"pool = { buffers = 4096; }\n"
		"devices = (\n"
		"  { addresses = [\"10.0.0.2/24\", \"10.0.1.2/24\"]; device = \"net_tap0,iface=nsk0\";\n"
		"    name = \"lan\"; mtu = 1400; mac = \"02:00:00:00:00:01\"; fault = \"loss=1%\"; },\n"
		"  { device = \"fault:dup=2%:net_ring0\"; addresses = \"10.0.2.2/30\"; },\n"
		"  \"net_null0\" );\n"
		"routes = ( { destination = \"10.9.0.0/16\"; gateway = \"10.0.0.9\"; metric = 5; },\n"
		"           { destination = \"10.8.0.0/16\"; iface = \"lan\"; } );\n";
	struct nsk_config *c = load(*state, text);

	assert_int_equal(c->nworkers, 3);
	assert_string_equal(c->eal_args, "-m 64");
	assert_true(c->no_huge);
	assert_int_equal(c->log_level, NSK_LOG_INFO);
	assert_string_equal(c->control, "/run/x.sock");
	assert_true(c->seeded);
	assert_int_equal(c->seed, 7);
	assert_int_equal(c->set.mtu, 9000);
	assert_int_equal(c->set.rx_ring, 512);
	assert_int_equal(c->set.tcp_window, 131072);
	assert_int_equal(c->set.tcp_sack, 0);
	assert_int_equal(c->set.tcp_syncookies, 2);
	assert_int_equal(c->set.pool_bufs, 4096);
	assert_int_equal(c->set.tx_ring, 128); /* the others are left alone */

	assert_int_equal(c->ndevices, 3);
	assert_string_equal(c->device[0].devargs, "net_tap0,iface=nsk0");
	assert_string_equal(c->device[0].name, "lan");
	assert_int_equal(c->device[0].mtu, 1400);
	assert_true(c->device[0].has_mac);
	assert_int_equal(c->device[0].mac.b[5], 1);
	assert_string_equal(c->device[0].faults, "loss=1%");
	assert_int_equal(c->device[0].naddrs, 2);
	assert_int_equal(c->device[0].addrs[1].addr.b[2], 1);
	assert_int_equal(c->device[0].addrs[1].len, 24);
	assert_string_equal(c->device[1].devargs, "net_ring0");
	assert_string_equal(c->device[1].faults, "dup=2%");
	assert_int_equal(c->device[1].addrs[0].len, 30);
	assert_string_equal(c->device[2].devargs, "net_null0");
	assert_null(c->device[2].faults);

	assert_int_equal(c->nroutes, 3);
	assert_int_equal(c->route[0].dst.len, 0);
	assert_int_equal(c->route[0].gateway.b[3], 1);
	assert_int_equal(c->route[1].dst.len, 16);
	assert_int_equal(c->route[1].metric, 5);
	assert_string_equal(c->route[2].iface, "lan");
	assert_int_equal(c->route[2].gateway.family, 0);
	nsk_config_free(c);
}

static void test_empty_files_and_comments_change_nothing(void **state)
{
	static const char *const texts[] = {"", "\n", "# a\n// b\n/* c\n @include \"nowhere\" */",
					    "\r\n"};
	struct nsk_config *defaults = nsk_config_new();

	for (size_t i = 0; i < NSK_ARRAY_LEN(texts); i++) {
		struct nsk_config *c = load(*state, texts[i]);

		assert_memory_equal(&c->set, &defaults->set, sizeof(c->set));
		assert_int_equal(c->ndevices, 0);
		nsk_config_free(c);
	}
	nsk_config_free(defaults);
}

static void test_numbers_may_have_64_bits(void **state)
{
	struct nsk_config *c =
		load(*state, "seed = 999999999999999999L; mem_limit = 8589934592;\n");

	assert_int_equal(c->seed, UINT64_C(999999999999999999));
	assert_int_equal(c->set.mem_limit, UINT64_C(1) << 33);
	nsk_config_free(c);
}

static void test_includes_are_found_beside_the_file_that_includes(void **state)
{
	struct folder *f = *state;
	struct nsk_config *c;

	write_file(f, "one.conf", "mtu = 1400;\n  @include \"two.conf\"  # again\nburst = 7;");
	write_file(f, "two.conf", "tcp: {\n@include \"three.conf\"\n};\n");
	write_file(f, "three.conf", "retries = 8;\n");
	c = load(
		f,
		"rx_ring = 64; /* x\n*/\n@include \"one.conf\"\ntx_ring = 64; eal = \"@include\";\n");
	assert_int_equal(c->set.rx_ring, 64);
	assert_int_equal(c->set.mtu, 1400);
	assert_int_equal(c->set.tcp_retries, 8);
	assert_int_equal(c->set.burst, 7);
	assert_int_equal(c->set.tx_ring, 64);
	assert_string_equal(c->eal_args, "@include");
	nsk_config_free(c);
}

static void test_the_last_word_counts(void **state)
{
	struct nsk_config *c = load(*state, "workers = 2; mtu = 1400;\n");

	assert_int_equal(nsk_config_set(c, "mtu", "1300"), 0);
	assert_int_equal(nsk_config_load(c, ((struct folder *)*state)->main), 0);
	assert_int_equal(c->set.mtu, 1400);
	nsk_config_free(c);
}

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
	{"mtu = 1500;\nmtu = 1500;\n", "main.conf:2: duplicate setting name"},
	{"tcp: { sack = true; };\ntcp: { wscale = true; };\n",
	 "main.conf:2: duplicate setting name"},
	{"x = @y;\n", "main.conf:1: @include \"PATH\" must be alone in its line"},
	{"@include \"a\\\"b\"\n", "main.conf:1: @include \"PATH\" must be alone in its line"},
	{"@include \"x.conf\" mtu = 1;\n",
	 "main.conf:1: @include \"PATH\" must be alone in its line"},
	/* keys */
	{"\n\nmtuu = 1500;\n", "main.conf:3: there is no setting \"mtuu\"; did you mean \"mtu\"?"},
	{"interfaces = ();\n",
	 "main.conf:1: the file, settings apart, has no key \"interfaces\"; it has devices, routes, gateway, "
	 "lcores, workers, eal, no_huge, log, control, seed"},
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
	/* keys of the whole */
	{"workers = 0;\n", "main.conf:1: 0 workers: 1 to 64 are possible"},
	{"workers = -1;\n", "main.conf:1: workers = -1: out of range; allowed: 0 to 4294967295"},
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
	{"eal = \"-m '64\";\n", "main.conf:1: EAL arguments \"-m '64\": a quote is not closed"},
	{"gateway = \"10.0.0.256\";\n",
	 "main.conf:1: gateway \"10.0.0.256\" is not an address such as 10.0.0.1"},
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
	 "main.conf:3: a device has no key \"adress\"; it has device, name, addresses, mtu, mac, fault"},
	{"devices = ( \"net_tap0,iface=a\",\n \"net_tap0,iface=b\" );\n",
	 "main.conf:2: device \"net_tap0\" is there already"},
	{"devices = ( { device = \"net_tap0\";\n addresses = [\"10.0.0.2/24\",\n \"10.0.0.300/24\"]; } );\n",
	 "main.conf:3: address \"10.0.0.300/24\": write it with the length of its subnet, such as 10.0.0.2/24"},
	{"devices = ( { device = \"net_tap0\";\n addresses = \"10.0.0.2\"; } );\n",
	 "main.conf:2: address \"10.0.0.2\": write it with the length of its subnet, such as 10.0.0.2/24"},
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
	/* routes */
	{"routes = ( 1 );\n",
	 "main.conf:1: a route is a whole number; it must be a group { destination = ...; }"},
	{"routes = (\n { gateway = \"10.0.0.1\"; } );\n",
	 "main.conf:2: a route without the key \"destination\""},
	{"routes = (\n { destination = \"default\"; } );\n",
	 "main.conf:2: route \"default\" names neither gateway nor interface"},
	{"routes = (\n { destination = \"10.1.2.3/16\";\n gateway = \"10.0.0.1\"; } );\n",
	 "main.conf:2: destination \"10.1.2.3/16\" has bits behind its length; 10.1.0.0/16 is meant"},
	{"routes = ( { destination = \"default\";\n gateway = \"here\"; } );\n",
	 "main.conf:2: gateway \"here\" is not an address such as 10.0.0.1"},
	{"routes = ( { destination = \"default\"; gateway = \"10.0.0.1\";\n metric = -1; } );\n",
	 "main.conf:2: metric = -1: out of range; allowed: 0 to 4294967295"},
	{"routes = ( { destination = \"default\"; gateway = \"10.0.0.1\"; },\n"
	 " { destination = \"0.0.0.0/0\"; gateway = \"10.0.0.2\"; } );\n",
	 "main.conf:2: route \"0.0.0.0/0\" with metric 0 is there already"},
	{"routes = ( { destination = \"default\";\n via = \"10.0.0.1\"; } );\n",
	 "main.conf:2: a route has no key \"via\"; it has destination, gateway, iface, metric"},
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
	expect_error(f, "sub.conf:2: duplicate setting name");
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

/* ---- the sample ---------------------------------------------------------------------------- */

/* A line of the sample that is a key behind a '#'. Which cores there are is the machine's affair.
 */
static bool is_commented_key(const char *line)
{
	size_t n;

	line += strspn(line, "\t");
	if (strncmp(line, "# ", 2) != 0 || strncmp(line + 2, "lcores", 6) == 0)
		return false;
	n = strspn(line + 2, "abcdefghijklmnopqrstuvwxyz_0123456789");
	return n > 0 && strncmp(line + 2 + n, " = ", 3) == 0;
}

static const char *source_root(void)
{
	const char *root = getenv("NSK_SOURCE_ROOT");

	if (!root)
		fail_msg("NSK_SOURCE_ROOT must name the folder of the sources");
	return root;
}

static char *sample(bool uncommented)
{
	char path[4096], line[512], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	FILE *in;

	snprintf(path, sizeof(path), "%s/config/echo-tap.conf", source_root());
	in = fopen(path, "r");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		bool hidden = uncommented && is_commented_key(line);
		char *hash = strchr(line, '#');

		if (hidden)
			hash[0] = hash[1] = ' ';
		fputs(line, out);
	}
	fclose(in);
	fclose(out);
	return text;
}

static void test_the_sample_changes_no_setting(void **state)
{
	struct nsk_config *c, *defaults = nsk_config_new();
	char *text;

	text = sample(false);
	c = load(*state, text);
	assert_memory_equal(&c->set, &defaults->set, sizeof(c->set));
	nsk_config_free(c);
	nsk_config_free(defaults);
	free(text);
}

static void test_every_sample_loads_and_has_a_device_with_an_address(void **state)
{
	unsigned samples = 0;
	char pattern[4096];
	glob_t found;

	(void)state;
	/* The others are nsk-sim's scenarios. */
	snprintf(pattern, sizeof(pattern), "%s/config/echo-*.conf", source_root());
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (; samples < found.gl_pathc; samples++) {
		struct nsk_config *c = nsk_config_new();

		if (nsk_config_load(c, found.gl_pathv[samples]))
			fail_msg("%s", nsk_config_error(c));
		assert_int_equal(config_check(c), 0);
		assert_true(c->ndevices >= 1);
		assert_true(c->device[0].naddrs >= 1);
		nsk_config_free(c);
	}
	assert_true(samples >= 3);
	globfree(&found);
}

static void test_the_sample_lists_every_setting_with_its_default(void **state)
{
	struct nsk_config *c = nsk_config_new();
	struct folder *f = *state;
	char *text;

	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];

		settings_store(&c->set, row, row->def == row->max ? row->min : row->max);
	}
	text = sample(true);
	write_file(f, "main.conf", text);
	if (nsk_config_load(c, f->main))
		fail_msg("%s", nsk_config_error(c));
	assert_int_equal(c->nroutes, 3); /* the keys that are no settings work as well */
	assert_string_equal(c->control, "/run/netstk/echo.sock");
	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];

		if (settings_value(&c->set, row) != row->def)
			fail_msg("%s is not in the sample with its default", row->name);
	}
	nsk_config_free(c);
	free(text);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_every_key_arrives),
		IN_FOLDER(test_empty_files_and_comments_change_nothing),
		IN_FOLDER(test_numbers_may_have_64_bits),
		IN_FOLDER(test_includes_are_found_beside_the_file_that_includes),
		IN_FOLDER(test_the_last_word_counts),
		IN_FOLDER(test_each_broken_file_gets_its_message),
		IN_FOLDER(test_errors_in_included_files_name_those),
		IN_FOLDER(test_files_that_cannot_be_read_say_why),
		IN_FOLDER(test_includes_that_cannot_be_read_name_the_line),
		IN_FOLDER(test_a_file_that_is_too_large_is_not_read),
		IN_FOLDER(test_a_message_is_one_printable_line),
		IN_FOLDER(test_the_sample_changes_no_setting),
		cmocka_unit_test(test_every_sample_loads_and_has_a_device_with_an_address),
		IN_FOLDER(test_the_sample_lists_every_setting_with_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
