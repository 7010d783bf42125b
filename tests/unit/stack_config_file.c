/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/config_file.c, config_text.c: configuration files that are right. */
#include "stack_config_files.h"

#include <glob.h>

#include "net/route.h"
#include "stack/settings.h"

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
		"    name = \"lan\"; mtu = 1400; mac = \"02:00:00:00:00:01\"; fault = \"loss=1%\";\n"
		"    proxy_arp = true; },\n"
		"  { device = \"fault:dup=2%:net_ring0\"; addresses = \"10.0.2.2/30\"; },\n"
		"  \"net_null0\" );\n"
		"routes = ( { destination = \"10.9.0.0/16\"; gateway = \"10.0.0.9\"; metric = 5; },\n"
		"           { destination = \"10.8.0.0/16\"; iface = \"lan\"; },\n"
		"           { destination = \"10.7.0.0/16\"; gateway = \"10.0.0.8\"; weight = 3;\n"
		"             src = \"10.0.1.2\"; },\n"
		"           { destination = \"10.7.0.0/16\"; gateway = \"10.0.0.7\"; weight = 1; },\n"
		"           { destination = \"10.6.0.0/16\"; type = \"prohibit\"; } );\n";
	struct nsk_config *c = load(*state, text);

	assert_int_equal(c->route[3].weight, 3);
	assert_int_equal(c->route[3].src.b[2], 1);
	assert_int_equal(c->route[5].type, ROUTE_PROHIBIT);

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
	assert_true(c->device[0].proxy_arp);
	assert_false(c->device[1].proxy_arp);
	assert_int_equal(c->device[0].naddrs, 2);
	assert_int_equal(c->device[0].addrs[1].addr.b[2], 1);
	assert_int_equal(c->device[0].addrs[1].len, 24);
	assert_string_equal(c->device[1].devargs, "net_ring0");
	assert_string_equal(c->device[1].faults, "dup=2%");
	assert_int_equal(c->device[1].addrs[0].len, 30);
	assert_string_equal(c->device[2].devargs, "net_null0");
	assert_null(c->device[2].faults);

	assert_int_equal(c->nroutes, 6);
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
		"rx_ring = 64; /* x\n*/\n@include \"one.conf\"\ntx_ring = 64; eal = \"-d '@include'\";\n");
	assert_int_equal(c->set.rx_ring, 64);
	assert_int_equal(c->set.mtu, 1400);
	assert_int_equal(c->set.tcp_retries, 8);
	assert_int_equal(c->set.burst, 7);
	assert_int_equal(c->set.tx_ring, 64);
	assert_string_equal(c->eal_args, "-d '@include'");
	nsk_config_free(c);
}

static void test_names_of_linux_are_groups_in_groups(void **state)
{
	struct nsk_config *c =
		load(*state,
		     "net: { ipv4: { tcp_retries2 = 7; tcp_fin_timeout = 0x10; tcp_sack = false;\n"
		     "               neigh: { default: { gc_thresh3 = 99; }; }; };\n"
		     "       core: { somaxconn = 77; }; };\n");

	assert_int_equal(c->set.tcp_retries, 7);
	assert_int_equal(c->set.tcp_fin_timeout_ms, 16000);
	assert_int_equal(c->set.tcp_sack, 0);
	assert_int_equal(c->set.arp_entries, 99);
	assert_int_equal(c->set.listen_backlog_max, 77);
	nsk_config_free(c);
	c = load(*state, "net: { ipv4: { tcp_rmem = \"8192 131072 6291456\"; }; };\n");
	assert_int_equal(c->set.tcp_rcvbuf_min, 4096);
	assert_int_equal(c->set.tcp_window, 65536);
	nsk_config_free(c);
}

/* ---- places -------------------------------------------------------------------------------- */

static void expect_place(struct folder *f, const struct config_place *at, const char *name,
			 unsigned line)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	assert_string_equal(at->name, path);
	assert_int_equal(at->line, line);
}

static void test_what_is_kept_knows_where_it_was_written(void **state)
{
	struct folder *f = *state;
	struct nsk_config *c;

	write_file(f, "sub.conf", "\nmtu = 1400;\n");
	c = load(f, "devices = (\n"
		    " { device = \"net_tap0\";\n"
		    "   addresses = [\"10.0.0.2/24\",\n"
		    "     \"10.0.1.2/24\"];\n"
		    "   fault = \"loss=1%\"; mtu = 1400;\n"
		    "   mac = \"02:00:00:00:00:01\"; } );\n"
		    "@include \"sub.conf\"\n"
		    "gateway = \"10.0.0.1\";\n"
		    "routes = (\n"
		    " { destination = \"10.9.0.0/16\";\n"
		    "   gateway = \"10.0.0.9\"; } );\n"
		    "eal = \"-m 64\";\n"
		    "control = \"x\";\n"
		    "net: {\n ipv4: {\n tcp_rmem = \"8192 131072 6291456\"; }; };\n");
	expect_place(f, &c->device[0].at, "main.conf", 2);
	expect_place(f, &c->device[0].addrs_at[0], "main.conf", 3);
	expect_place(f, &c->device[0].addrs_at[1], "main.conf", 4);
	expect_place(f, &c->device[0].faults_at, "main.conf", 5);
	expect_place(f, &c->device[0].mtu_at, "main.conf", 5);
	expect_place(f, &c->device[0].mac_at, "main.conf", 6);
	expect_place(f, config_set_at(c, settings_find("mtu")), "sub.conf", 2);
	expect_place(f, &c->route[0].at, "main.conf", 8);
	expect_place(f, &c->route[1].at, "main.conf", 10);
	expect_place(f, &c->eal_at, "main.conf", 12);
	expect_place(f, &c->control_at, "main.conf", 13);
	expect_place(f, config_set_at(c, settings_find("tcp.rcvbuf_max")), "main.conf", 16);
	assert_null(config_set_at(c, settings_find("tcp.sack"))->name);
	/* A call has no place, but somebody has given the value. */
	assert_int_equal(nsk_config_set(c, "mtu", "1300"), 0);
	assert_string_equal(config_set_at(c, settings_find("mtu"))->name, "");
	nsk_config_free(c);
}

static void test_settings_that_contradict_each_other_have_both_places(void **state)
{
	struct folder *f = *state;
	struct nsk_config *c = load(f, "burst = 7;\nport_max = 100;\n");
	char expected[512];

	assert_int_equal(config_check(c), -EINVAL);
	snprintf(expected, sizeof(expected),
		 "%s:2: port_min = 32768 is above port_max = 100: lower one or raise the other",
		 f->main);
	assert_string_equal(nsk_config_error(c), expected);
	write_file(f, "main.conf", "\n\nport_min = 200;\n");
	assert_int_equal(nsk_config_load(c, f->main), 0);
	assert_int_equal(config_check(c), -EINVAL);
	snprintf(expected, sizeof(expected),
		 "%s:3: port_min = 200 is above port_max = 100: lower one or raise the other "
		 "(port_max is set by %s:2)",
		 f->main, f->main);
	assert_string_equal(nsk_config_error(c), expected);
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

static void test_neighbours_are_given_in_the_words_of_ip_neigh(void **state)
{
	static const char *const wrong[] = {"10.0.0.9", "10.0.0.9 lladdr",
					    "10.0.0.9 dev 02:00:00:00:00:09",
					    "10.0.0 lladdr 02:00:00:00:00:09",
					    "10.0.0.9 lladdr 02:00:00:00:00:09 nud"};
	struct folder *f = *state;
	struct nsk_config *c = load(f, "devices = ( { device = \"net_tap0\";\n"
				       " neighbours = [ \"10.0.0.9 lladdr 02:00:00:00:00:09\",\n"
				       "   \"fe80::9 lladdr 02:00:00:00:00:0a\" ]; } );\n");
	char text[256];

	assert_int_equal(c->device[0].nneighs, 2);
	assert_int_equal(c->device[0].neigh[0].addr.b[3], 9);
	assert_int_equal(c->device[0].neigh[1].mac.b[5], 10);
	expect_place(f, &c->device[0].neigh[1].at, "main.conf", 3);
	nsk_config_free(c);
	for (size_t i = 0; i < NSK_ARRAY_LEN(wrong); i++) {
		snprintf(text, sizeof(text),
			 "devices = ( { device = \"net_tap0\"; neighbours = \"%s\"; } );\n",
			 wrong[i]);
		write_file(f, "wrong.conf", text);
		snprintf(text, sizeof(text), "%s/wrong.conf", f->path);
		c = nsk_config_new();
		assert_int_equal(nsk_config_load(c, text), -1);
		assert_non_null(strstr(nsk_config_error(c),
				       "write it as \"192.0.2.9 lladdr 02:00:00:00:00:09\""));
		nsk_config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_every_key_arrives),
		IN_FOLDER(test_empty_files_and_comments_change_nothing),
		IN_FOLDER(test_numbers_may_have_64_bits),
		IN_FOLDER(test_includes_are_found_beside_the_file_that_includes),
		IN_FOLDER(test_names_of_linux_are_groups_in_groups),
		IN_FOLDER(test_what_is_kept_knows_where_it_was_written),
		IN_FOLDER(test_neighbours_are_given_in_the_words_of_ip_neigh),
		IN_FOLDER(test_settings_that_contradict_each_other_have_both_places),
		IN_FOLDER(test_the_last_word_counts),
		IN_FOLDER(test_the_sample_changes_no_setting),
		cmocka_unit_test(test_every_sample_loads_and_has_a_device_with_an_address),
		IN_FOLDER(test_the_sample_lists_every_setting_with_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
