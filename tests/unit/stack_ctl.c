/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/ctl.c, ctl_command.c, ctl_socket.c: requests and replies, clients, the socket's file.
 */
#include "stack_ctl_world.h"

#include <sys/stat.h>

/* ---- what is answered without the workers -------------------------------------------------- */

static void test_version_names_the_program(void **state)
{
	json_t *reply = ask(*state, "{\"cmd\":\"version\"}");

	assert_string_equal(STRING(reply, "version"), nsk_version());
	assert_int_equal(NUMBER(reply, "pid"), getpid());
	assert_int_equal(NUMBER(reply, "workers"), 1);
	json_decref(reply);
}

static void test_interfaces_have_addresses_and_port_counters(void **state)
{
	json_t *reply = ask(*state, "{\"cmd\":\"interfaces\"}");
	json_t *ifc = first(reply, "interfaces");

	assert_string_equal(STRING(ifc, "state"), "enabled");
	assert_true(json_is_null(json_object_get(ifc, "mac"))); /* IP packets without link layer */
	assert_int_equal(NUMBER(ifc, "mtu"), 1500);
	assert_string_equal(json_string_value(json_array_get(json_object_get(ifc, "addresses"), 0)),
			    "10.0.0.2/24");
	assert_int_equal(NUMBER(json_object_get(ifc, "port"), "rx_packets"), 0);
	json_decref(reply);
}

static void test_ports_say_what_they_do_without_a_device(void **state)
{
	json_t *reply = ask(*state, "{\"cmd\":\"ports\",\"counters\":true}");
	json_t *port = first(reply, "ports");
	json_t *offloads = json_object_get(port, "offloads");

	assert_int_equal(json_array_size(json_object_get(reply, "ports")), 1); /* without lo */
	assert_true(json_is_null(json_object_get(port, "firmware")));
	assert_true(json_is_null(json_object_get(port, "mac")));
	assert_true(json_is_null(json_object_get(port, "rss")));
	assert_int_equal(NUMBER(port, "mtu"), 1500);
	assert_true(json_is_true(json_object_get(json_object_get(port, "link"), "up")));
	assert_int_equal(json_object_size(json_object_get(port, "counters")), 0);
	assert_string_equal(STRING(json_array_get(offloads, 0), "name"), "rx-checksum-ipv4");
	assert_string_equal(STRING(json_array_get(offloads, 0), "why"), "the port lacks it");
	json_decref(reply);
	expect_error(*state, "{\"cmd\":\"ports\",\"iface\":\"lo\"}",
		     "\"lo\" is no interface with a port of its own");
	expect_error(*state, "{\"cmd\":\"ports\",\"iface\":5}",
		     "\"\" is no interface with a port of its own");
}

static void test_counters_drops_and_levels_are_those_of_the_stack(void **state)
{
	struct fixture *f = *state;
	static const uint8_t short_packet[4] = {0x45};
	struct nsk_stats st;
	json_t *reply;

	assert_int_equal(nsk_callback_input(f->port, short_packet, sizeof(short_packet)), 0);
	nsk_turn(f->stack);
	assert_int_equal(nsk_stats_read(f->stack, -1, &st), 0);
	reply = ask(f, "{\"cmd\":\"counters\"}");
	assert_int_equal(json_object_size(json_object_get(reply, "counters")), NSK_CNT_MAX);
	assert_int_equal(NUMBER(json_object_get(reply, "counters"), "rx_packets"), 1);
	assert_int_equal(NUMBER(json_object_get(reply, "counters"), "turns"),
			 st.counter[NSK_CNT_TURNS]);
	assert_int_equal(NUMBER(json_object_get(reply, "levels"), "buffers_total"),
			 st.level.buffers_total);
	json_decref(reply);
	reply = ask(f, "{\"cmd\":\"drops\",\"worker\":0}");
	assert_int_equal(json_object_size(json_object_get(reply, "drops")), NSK_DROP_MAX - 1);
	assert_int_equal(NUMBER(json_object_get(reply, "drops"), "ip_short"), 1);
	assert_int_equal(NUMBER(reply, "worker"), 0);
	json_decref(reply);
}

static void test_workers_without_thread_have_none(void **state)
{
	json_t *reply = ask(*state, "{\"cmd\":\"workers\"}");
	json_t *worker = first(reply, "workers");

	assert_int_equal(NUMBER(worker, "worker"), 0);
	assert_true(json_is_null(json_object_get(worker, "thread")));
	assert_true(json_is_null(json_object_get(worker, "core")));
	json_decref(reply);
}

static void test_live_settings_change_and_others_do_not(void **state)
{
	struct fixture *f = *state;
	json_t *reply = ask(f, "{\"cmd\":\"set\",\"key\":\"tcp.retries\",\"value\":\"8\"}");

	assert_string_equal(STRING(json_object_get(reply, "setting"), "value"), "8");
	json_decref(reply);
	assert_int_equal(f->stack->set.tcp_retries, 8);
	expect_error(f, "{\"cmd\":\"set\",\"key\":\"mtu\",\"value\":\"1400\"}",
		     "mtu is read when the stack is made; it cannot change while it runs");
	expect_error(f, "{\"cmd\":\"set\",\"key\":\"tcp.retries\",\"value\":\"0\"}",
		     "tcp.retries = 0: out of range; allowed: 1 to 100 times");
	expect_error(
		f, "{\"cmd\":\"set\",\"key\":\"tcp.window\",\"value\":\"8M\"}",
		"tcp.window = 8388608 is above tcp.rcvbuf_max = 6291456: lower one or raise the other");
	expect_error(f, "{\"cmd\":\"set\",\"key\":\"tcp.retries\",\"value\":8}",
		     "set takes \"key\" and \"value\", both as text");
	assert_int_equal(f->stack->set.tcp_retries, 8);
	assert_int_equal(f->stack->set.mtu, 1500);
}

/* It arrives whole, and is not told to anybody. */
static void test_a_key_changes_and_stays_a_secret(void **state)
{
	struct fixture *f = *state;
	json_t *reply = ask(f, "{\"cmd\":\"set\",\"key\":\"net.ipv4.tcp_fastopen_key\",\"value\":"
			       "\"00000001-00000002-00000003-00000004,"
			       "00000005-00000006-00000007-00000008\"}");

	assert_string_equal(STRING(json_object_get(reply, "setting"), "value"), "told");
	json_decref(reply);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(f->stack->set.tcp_fastopen_key[i],
				 (2 * i + 2) << 32 | (2 * i + 1));
}

static void test_the_level_of_the_log_changes(void **state)
{
	struct fixture *f = *state;
	json_t *reply = ask(f, "{\"cmd\":\"log\",\"level\":\"debug\"}");

	assert_string_equal(STRING(reply, "level"), "debug");
	json_decref(reply);
	assert_int_equal(f->stack->log.level, NSK_LOG_DEBUG);
	expect_error(f, "{\"cmd\":\"log\",\"level\":\"loud\"}",
		     "level is none, error, warning, info or debug");
	expect_error(f, "{\"cmd\":\"log\",\"level\":3}",
		     "level is none, error, warning, info or debug");
	reply = ask(f, "{\"cmd\":\"log\"}");
	assert_string_equal(STRING(reply, "level"), "debug");
	json_decref(reply);
}

/* A stack with more names of interfaces than a reply would list. */
static int make_vlans(void **state)
{
	struct nsk_callback_params params = {.mtu = 1500, .ethernet = true, .output = take_packet};
	struct nsk_config *config;
	struct fixture *f;
	char device[32];

	if (make_folder(state))
		return -1;
	f = *state;
	f->port = nsk_callback_create(&params);
	config = configure(f, f->port, 1);
	for (unsigned i = 0; i < 25; i++) {
		snprintf(device, sizeof(device), "vlan:callback0,%u", 100 + i);
		assert_int_equal(nsk_config_add_device(config, device), 0);
	}
	if (nsk_stack_create(config, &f->stack))
		fail_msg("%s", nsk_config_error(config));
	nsk_config_free(config);
	start_turning(f);
	return 0;
}

static void test_each_of_many_interfaces_can_be_captured(void **state)
{
	struct fixture *f = *state;
	char request[80];

	for (unsigned i = 0; i < 25; i++) {
		json_t *reply;

		snprintf(request, sizeof(request),
			 "{\"cmd\":\"capture\",\"iface\":\"callback0.%u\"}", 100 + i);
		reply = ask(f, request);
		assert_null(STRING(reply, "error"));
		assert_string_equal(STRING(reply, "capture"), "pcapng");
		json_decref(reply);
	}
}

/* ---- addresses ----------------------------------------------------------------------------- */

static void refuse_address(struct fixture *f, const char *cidr, const char *why)
{
	char request[128], error[256];

	snprintf(request, sizeof(request),
		 "{\"cmd\":\"address_add\",\"iface\":\"callback0.100\",\"address\":\"%s\"}", cidr);
	snprintf(error, sizeof(error), "%s on callback0.100: %s", cidr, why);
	expect_error(f, request, error);
}

/* As in a configuration. */
static void test_what_is_wrong_with_an_address_is_said(void **state)
{
	struct fixture *f = *state;

	refuse_address(f, "10.0.0.2/24", "another interface has it already");
	refuse_address(f, "10.9.0.0/24", "is the subnet's own number, not a station in it");
	refuse_address(f, "10.9.0.255/24", "is the subnet's broadcast address");
	refuse_address(f, "127.0.0.5/8", "is a loopback address, which only lo has");
	refuse_address(f, "240.0.0.1/8", "is in 240.0.0.0/4, which is no station's");
	refuse_address(f, "10.9.0.1/33",
		       "is malformed: write such as 10.0.0.2/24 or 2001:db8::2/64");
	assert_int_equal(nsk_addr_add(f->stack, "callback0.100", "10.0.0.2/16", NSK_FOREVER,
				      NSK_FOREVER),
			 -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(nsk_addr_add(f->stack, "callback0.100", "10.9.0.1/24", NSK_FOREVER,
				      NSK_FOREVER),
			 0);
	refuse_address(f, "10.9.0.1/24", "the interface has it already");
}

static void test_interfaces_that_are_not_there_are_refused_with_those_that_are(void **state)
{
	static const char error[] = "there is no interface \"foo\"; there are callback0, lo";
	struct fixture *f = *state;

	expect_error(f, "{\"cmd\":\"addresses\",\"iface\":\"foo\"}", error);
	expect_error(f, "{\"cmd\":\"address_add\",\"iface\":\"foo\",\"address\":\"10.9.0.1/24\"}",
		     error);
	expect_error(f, "{\"cmd\":\"address_del\",\"iface\":\"foo\",\"address\":\"10.9.0.1/24\"}",
		     error);
	expect_error(f,
		     "{\"cmd\":\"neigh_add\",\"iface\":\"foo\",\"address\":\"10.9.0.1\","
		     "\"mac\":\"02:00:00:00:00:01\"}",
		     error);
	expect_error(f, "{\"cmd\":\"capture\",\"iface\":\"callback0\",\"queue\":9}",
		     "there is no queue 9, but queue 0 alone");
}

/* ---- requests that are wrong --------------------------------------------------------------- */

static void test_wrong_requests_say_what_is_wrong(void **state)
{
	struct fixture *f = *state;

	expect_error(f, "{}", "a request is {\"cmd\":NAME, ...}");
	expect_error(f, "[]", "a request is {\"cmd\":NAME, ...}");
	expect_error(f, "{\"cmd\":5}", "a request is {\"cmd\":NAME, ...}");
	expect_error(
		f, "{\"cmd\":\"fly\"}",
		"there is no command \"fly\"; there are version, interfaces, ports, counters, drops, workers, settings, set, "
		"log, addresses, address_add, address_del, arp, groups, neigh_add, neigh_del, routes, route_add, route_del, route_get, sockets, health, drain, capture");
	expect_error(f, "{\"cmd\":\"capture\",\"in\":false,\"out\":1}",
		     "nothing is to be captured: \"in\", \"out\" or \"drops\" are true");
	expect_error(f, "{\"cmd\":\"capture\",\"snaplen\":\"5\"}",
		     "\"snaplen\" is 1 to 262144 bytes");
	expect_error(f, "{\"cmd\":\"capture\",\"buffer\":262143}",
		     "\"buffer\" is 262144 to 1073741824 bytes a worker");
	expect_error(f, "{\"cmd\":\"capture\",\"queue\":16}",
		     "\"queue\" is 0 to 15, or not there: any");
	expect_error(f, "{\"cmd\":\"capture\",\"filter\":5}",
		     "\"filter\" is text as pcap-filter(7) has it");
	expect_error(f, "{\"cmd\":\"capture\",\"filter\":\"tcp portt 5\"}",
		     "filter \"tcp portt 5\": can't parse filter expression: syntax error");
	expect_error(f, "{\"cmd\":\"counters\",\"worker\":1}",
		     "worker is 0 to 0, or left out for the sum");
	expect_error(f, "{\"cmd\":\"drops\",\"worker\":-1}",
		     "worker is 0 to 0, or left out for the sum");
	expect_error(f, "{\"cmd\":\"drops\",\"worker\":\"0\"}",
		     "worker is 0 to 0, or left out for the sum");
	expect_error(f, "{\"cmd\":\"arp\",\"cursor\":-1}",
		     "cursor is 0 or what \"next\" said, limit is 1 to 256");
	expect_error(f, "{\"cmd\":\"arp\",\"limit\":0}",
		     "cursor is 0 or what \"next\" said, limit is 1 to 256");
	expect_error(f, "{\"cmd\":\"arp\",\"limit\":257}",
		     "cursor is 0 or what \"next\" said, limit is 1 to 256");
	expect_error(f, "{\"cmd\":\"arp\",\"limit\":1.5}",
		     "cursor is 0 or what \"next\" said, limit is 1 to 256");
}

static void test_what_is_no_json_is_refused_and_the_client_stays(void **state)
{
	struct fixture *f = *state;
	static const char *const lines[] = {
		"", "x", "{", "{\"cmd\":\"version\"", "\x80\xff", "{\"cmd\":\"a\",\"cmd\":\"b\"}"};
	int fd = dial(f->path);
	json_t *reply;

	for (size_t i = 0; i < NSK_ARRAY_LEN(lines); i++) {
		reply = ask_on(fd, lines[i]);
		assert_int_equal(strncmp(STRING(reply, "error"), "not JSON: ", 10), 0);
		json_decref(reply);
	}
	reply = ask_on(fd, "{\"cmd\":\"version\"}");
	assert_non_null(STRING(reply, "version"));
	json_decref(reply);
	close(fd);
}

static void test_a_request_without_end_is_refused_and_the_client_left(void **state)
{
	struct fixture *f = *state;
	char request[4096];
	int fd = dial(f->path);
	json_t *reply;

	memset(request, ' ', sizeof(request));
	say(fd, request, sizeof(request));
	reply = hear(fd);
	assert_string_equal(STRING(reply, "error"), "the request is longer than 4095 bytes");
	json_decref(reply);
	assert_null(hear(fd));
	close(fd);
}

static void test_the_longest_request_is_taken(void **state)
{
	struct fixture *f = *state;
	char request[4096];
	int fd = dial(f->path);
	json_t *reply;

	memset(request, ' ', sizeof(request));
	memcpy(request, "{\"cmd\":\"version\"}", 17);
	request[4095] = '\n';
	say(fd, request, sizeof(request));
	reply = hear(fd);
	assert_non_null(STRING(reply, "version"));
	json_decref(reply);
	close(fd);
}

static void test_requests_in_one_write_are_answered_in_order(void **state)
{
	static const char text[] =
		"{\"cmd\":\"version\"}\n{\"cmd\":\"log\"}\n{\"cmd\":\"settings\"}\n";
	static const char *const keys[] = {"version", "level", "settings"};
	int fd = dial(((struct fixture *)*state)->path);

	say(fd, text, sizeof(text) - 1);
	for (size_t i = 0; i < NSK_ARRAY_LEN(keys); i++) {
		json_t *reply = hear(fd);

		assert_non_null(json_object_get(reply, keys[i]));
		json_decref(reply);
	}
	close(fd);
}

static void test_clients_are_bounded(void **state)
{
	struct fixture *f = *state;
	int fd[8], one_more;
	json_t *reply;

	for (unsigned i = 0; i < 8; i++) {
		fd[i] = dial(f->path);
		json_decref(ask_on(fd[i], "{\"cmd\":\"log\"}"));
	}
	one_more = dial(f->path);
	reply = hear(one_more);
	assert_string_equal(STRING(reply, "error"), "too many clients");
	json_decref(reply);
	assert_null(hear(one_more));
	close(one_more);
	/* A place becomes free when the thread hears of the end: a client that is refused before
	 * comes again. */
	close(fd[3]);
	for (reply = NULL; !reply || json_object_get(reply, "error");) {
		json_decref(reply);
		fd[3] = dial(f->path);
		say(fd[3], "{\"cmd\":\"log\"}\n", 14);
		reply = hear(fd[3]);
		assert_non_null(reply);
		if (json_object_get(reply, "error"))
			close(fd[3]);
	}
	json_decref(reply);
	for (unsigned i = 0; i < 8; i++)
		close(fd[i]);
}

/* ---- the file ------------------------------------------------------------------------------ */

static void expect_no_stack(struct fixture *f, int err, const char *error)
{
	struct nsk_callback_params params = {.mtu = 1500, .output = take_packet};
	struct nsk_callback_port *port = nsk_callback_create(&params);
	struct nsk_config *config = configure(f, port, 1);
	struct nsk_stack *stack = NULL;
	char text[256];

	errno = 0;
	assert_int_equal(nsk_stack_create(config, &stack), -1);
	assert_int_equal(errno, err);
	snprintf(text, sizeof(text), "control socket %s: %s", f->path, error);
	assert_string_equal(nsk_config_error(config), text);
	nsk_config_free(config);
	nsk_callback_destroy(port);
}

static void test_user_and_group_may_open_it_and_it_goes_with_the_stack(void **state)
{
	struct fixture *f = *state;
	mode_t before = umask(0077);
	struct stat st;

	make_stack(f, 1);
	umask(before);
	assert_int_equal(stat(f->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
	end_stack(f);
	assert_int_equal(stat(f->path, &st), -1);
	assert_int_equal(errno, ENOENT);
	make_stack(f, 1);
}

static void test_a_socket_that_answers_is_left_to_its_program(void **state)
{
	struct fixture *f = *state;

	expect_no_stack(f, EADDRINUSE, "another program answers there; choose another path");
	json_decref(ask(f, "{\"cmd\":\"version\"}"));
}

static void test_a_socket_that_nobody_answers_at_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", f->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	make_stack(f, 1);
	json_decref(ask(f, "{\"cmd\":\"version\"}"));
}

static void test_a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct fixture *f = *state;
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	fclose(file);
	expect_no_stack(f, EEXIST, "a file is there that is no socket");
	assert_int_equal(access(f->path, F_OK), 0);
	unlink(f->path);
	make_stack(f, 1);
}

static void test_a_missing_folder_is_named(void **state)
{
	struct fixture *f = *state;
	char right[sizeof(f->path)];

	memcpy(right, f->path, sizeof(right));
	snprintf(f->path, sizeof(f->path), "%s/none/c.sock", f->folder);
	expect_no_stack(f, ENOENT, "its folder is not there");
	memcpy(f->path, right, sizeof(right));
	make_stack(f, 1);
}

static void test_names_stand_for_paths(void **state)
{
	char *before = getenv("XDG_RUNTIME_DIR");
	char path[128], expected[128];

	(void)state;
	assert_int_equal(nsk_control_path("/a/b", path, sizeof(path)), 4);
	assert_string_equal(path, "/a/b");
	assert_int_equal(nsk_control_path("./b", path, sizeof(path)), 3);
	if (geteuid() == 0)
		snprintf(expected, sizeof(expected), "/run/netstk/echo.sock");
	else if (before && before[0] == '/')
		snprintf(expected, sizeof(expected), "%.80s/netstk/echo.sock", before);
	else
		snprintf(expected, sizeof(expected), "/tmp/netstk-%u/echo.sock",
			 (unsigned)geteuid());
	assert_int_equal(nsk_control_path("echo", path, sizeof(path)), strlen(expected));
	assert_string_equal(path, expected);
	assert_int_equal(nsk_control_path("", path, sizeof(path)),
			 strlen(expected) - strlen("/echo.sock"));
	assert_int_equal(nsk_control_path(NULL, path, sizeof(path)), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STACK(test_version_names_the_program),
		WITH_STACK(test_interfaces_that_are_not_there_are_refused_with_those_that_are),
		cmocka_unit_test_setup_teardown(test_what_is_wrong_with_an_address_is_said,
						make_vlans, unmake),
		WITH_STACK(test_interfaces_have_addresses_and_port_counters),
		WITH_STACK(test_ports_say_what_they_do_without_a_device),
		WITH_STACK(test_counters_drops_and_levels_are_those_of_the_stack),
		WITH_STACK(test_workers_without_thread_have_none),
		WITH_STACK(test_live_settings_change_and_others_do_not),
		WITH_STACK(test_a_key_changes_and_stays_a_secret),
		WITH_STACK(test_the_level_of_the_log_changes),
		cmocka_unit_test_setup_teardown(test_each_of_many_interfaces_can_be_captured,
						make_vlans, unmake),
		WITH_STACK(test_wrong_requests_say_what_is_wrong),
		WITH_STACK(test_what_is_no_json_is_refused_and_the_client_stays),
		WITH_STACK(test_a_request_without_end_is_refused_and_the_client_left),
		WITH_STACK(test_the_longest_request_is_taken),
		WITH_STACK(test_requests_in_one_write_are_answered_in_order),
		WITH_STACK(test_clients_are_bounded),
		WITH_FOLDER(test_user_and_group_may_open_it_and_it_goes_with_the_stack),
		WITH_STACK(test_a_socket_that_answers_is_left_to_its_program),
		WITH_FOLDER(test_a_socket_that_nobody_answers_at_is_replaced),
		WITH_FOLDER(test_a_file_that_is_no_socket_is_left_alone),
		WITH_FOLDER(test_a_missing_folder_is_named),
		cmocka_unit_test(test_names_stand_for_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
