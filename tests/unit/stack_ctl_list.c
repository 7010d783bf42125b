/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/ctl_list.c, call.c: what workers copy for the control thread, and workers that do not.
 */
#include "stack_ctl_world.h"

#include <arpa/inet.h>

#include "mbuf/pool.h"

/* ---- lists --------------------------------------------------------------------------------- */

static void open_sockets(struct fixture *f, uint16_t from, unsigned n)
{
	assert_int_equal(nsk_enter(f->stack), 0);
	for (unsigned i = 0; i < n; i++) {
		struct sockaddr_in addr = {.sin_family = AF_INET,
					   .sin_port = htons((uint16_t)(from + i))};
		int fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

		assert_true(fd >= 0);
		assert_int_equal(nsk_bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	}
}

static void test_a_list_goes_from_page_to_page_and_has_each_row_once(void **state)
{
	struct fixture *f = *state;
	bool seen[600] = {false};
	json_int_t cursor = 0;
	unsigned rows = 0, pages = 0;
	int fd = dial(f->path);

	open_sockets(f, 1000, 600);
	start_turning(f);
	for (bool more = true; more; pages++) {
		char request[96];
		json_t *reply, *row;
		size_t i;

		snprintf(request, sizeof(request),
			 "{\"cmd\":\"sockets\",\"cursor\":%lld,\"limit\":100}", (long long)cursor);
		reply = ask_on(fd, request);
		assert_null(json_object_get(reply, "warnings"));
		json_array_foreach(json_object_get(reply, "sockets"), i, row)
		{
			unsigned port = 0;

			assert_int_equal(sscanf(STRING(row, "local"), "*:%u", &port), 1);
			assert_string_equal(STRING(row, "proto"), "udp");
			assert_string_equal(STRING(row, "peer"), "*:*");
			assert_true(port >= 1000 && port < 1600 && !seen[port - 1000]);
			seen[port - 1000] = true;
			rows++;
		}
		more = json_is_integer(json_object_get(reply, "next"));
		cursor = NUMBER(reply, "next");
		json_decref(reply);
	}
	assert_int_equal(rows, 600);
	assert_true(pages >= 4);
	close(fd);
}

/* Both families, and whom members hear together. */
static void test_groups_show_their_members_and_whom_they_hear(void **state)
{
	struct group_source_req r = {.gsr_interface = 1};
	struct sockaddr_in group = {.sin_family = AF_INET}, sender = group;
	struct ip_mreqn m = {.imr_ifindex = 1};
	struct fixture *f = *state;
	json_t *reply, *row;
	int fd[2];

	assert_int_equal(nsk_enter(f->stack), 0);
	inet_pton(AF_INET, "239.1.2.3", &group.sin_addr);
	inet_pton(AF_INET, "10.0.0.7", &sender.sin_addr);
	memcpy(&r.gsr_group, &group, sizeof(group));
	memcpy(&r.gsr_source, &sender, sizeof(sender));
	m.imr_multiaddr = group.sin_addr;
	for (unsigned i = 0; i < 2; i++)
		fd[i] = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_setsockopt(fd[0], IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &r, sizeof(r)),
			 0);
	reply = ask(f, "{\"cmd\":\"groups\"}");
	row = json_array_get(json_object_get(reply, "groups"), 0);
	assert_string_equal(STRING(row, "group"), "239.1.2.3");
	assert_string_equal(STRING(row, "mode"), "include");
	assert_int_equal(NUMBER(row, "sockets"), 1);
	assert_string_equal(json_string_value(json_array_get(json_object_get(row, "senders"), 0)),
			    "10.0.0.7");
	json_decref(reply);
	assert_int_equal(nsk_setsockopt(fd[1], IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)), 0);
	reply = ask(f, "{\"cmd\":\"groups\"}");
	assert_int_equal(json_array_size(json_object_get(reply, "groups")), 1);
	row = json_array_get(json_object_get(reply, "groups"), 0);
	assert_string_equal(STRING(row, "mode"), "exclude");
	assert_int_equal(NUMBER(row, "sockets"), 2);
	assert_int_equal(json_array_size(json_object_get(row, "senders")), 0);
	assert_true(json_is_null(json_object_get(reply, "next")));
	json_decref(reply);
	for (unsigned i = 0; i < 2; i++)
		nsk_close(fd[i]);
	reply = ask(f, "{\"cmd\":\"groups\"}");
	assert_int_equal(json_array_size(json_object_get(reply, "groups")), 0);
	json_decref(reply);
}

static void test_tcp_sockets_show_state_queues_and_ends(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(8080)};
	json_t *reply, *row;
	size_t i;
	int fd;

	assert_int_equal(nsk_enter(f->stack), 0);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(nsk_listen(fd, 10), 0);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	inet_pton(AF_INET, "10.0.0.7", &there.sin_addr);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&there, sizeof(there)), -1);
	assert_int_equal(errno, EINPROGRESS);
	start_turning(f);
	reply = ask(f, "{\"cmd\":\"sockets\"}");
	assert_int_equal(json_array_size(json_object_get(reply, "sockets")), 2);
	json_array_foreach(json_object_get(reply, "sockets"), i, row)
	{
		if (strcmp(STRING(row, "state"), "LISTEN") == 0) {
			assert_string_equal(STRING(row, "local"), "*:80");
			assert_int_equal(NUMBER(row, "accept_queue"), 0);
			assert_int_equal(NUMBER(row, "backlog"), 10);
		} else {
			assert_string_equal(STRING(row, "state"), "SYN-SENT");
			assert_string_equal(STRING(row, "peer"), "10.0.0.7:8080");
			assert_int_equal(strncmp(STRING(row, "local"), "10.0.0.2:", 9), 0);
		}
	}
	json_decref(reply);
}

static void test_icmp_sockets_show_their_kind_and_identifier(void **state)
{
	struct sockaddr_in id = {.sin_family = AF_INET, .sin_port = htons(77)}, peer = id;
	struct fixture *f = *state;
	json_int_t cursor = 0;
	unsigned raw = 0, ping = 0;
	int fd;

	assert_int_equal(nsk_enter(f->stack), 0);
	fd = nsk_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&id, sizeof(id)), 0);
	fd = nsk_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	inet_pton(AF_INET, "10.0.0.7", &peer.sin_addr);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&peer, sizeof(peer)), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_true(nsk_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0);
	start_turning(f);
	while (cursor >= 0) {
		char request[96];
		json_t *reply, *row;
		size_t i;

		snprintf(request, sizeof(request),
			 "{\"cmd\":\"sockets\",\"cursor\":%lld,\"limit\":2}", (long long)cursor);
		reply = ask(f, request);
		json_array_foreach(json_object_get(reply, "sockets"), i, row)
		{
			if (strcmp(STRING(row, "proto"), "ping") == 0) {
				assert_string_equal(STRING(row, "local"), "*:77");
				assert_string_equal(STRING(row, "state"), "BOUND");
				ping++;
				continue;
			}
			assert_string_equal(STRING(row, "proto"), "raw");
			raw++;
			if (strcmp(STRING(row, "state"), "CONNECTED") == 0)
				assert_int_equal(strncmp(STRING(row, "peer"), "10.0.0.7", 8), 0);
		}
		cursor = json_is_integer(json_object_get(reply, "next")) ? NUMBER(reply, "next")
									 : -1;
		json_decref(reply);
	}
	assert_int_equal(ping, 1);
	assert_int_equal(raw, 4);
}

/* As the configuration's: each thing that can be wrong has its own words. */
static void test_what_is_wrong_with_a_route_is_said(void **state)
{
	static const struct {
		const char *words, *error;
	} rows[] = {
		{"\"destination\":\"10.1.2.3/16\",\"gateway\":\"10.0.0.1\"",
		 "route 10.1.2.3/16: it has bits behind its length; 10.1.0.0/16 is meant"},
		{"\"destination\":\"10.1.0.0/33\",\"gateway\":\"10.0.0.1\"",
		 "route 10.1.0.0/33: it is no prefix: write \"default\", or such as 10.1.0.0/16 or "
		 "2001:db8::/32, of at most 32 and 128 bits"},
		{"\"destination\":\"127.0.0.0/8\",\"gateway\":\"10.0.0.1\"",
		 "route 127.0.0.0/8: it is loopback, which never leaves a host"},
		{"\"destination\":\"10.1.0.0/16\"",
		 "route 10.1.0.0/16: it names neither gateway nor interface"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"2001:db8::1\"",
		 "route 10.1.0.0/16: gateway 2001:db8::1 is of the other family"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"here\"",
		 "route 10.1.0.0/16: gateway \"here\" is no address; write such as 10.0.0.1"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"10.0.0.2\"",
		 "route 10.1.0.0/16: gateway 10.0.0.2 is this host's own address"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"10.0.0.255\"",
		 "route 10.1.0.0/16: gateway 10.0.0.255 is the number or the broadcast address of its "
		 "subnet, not a station"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"127.0.0.1\"",
		 "route 10.1.0.0/16: gateway 127.0.0.1 is a loopback address, which only lo has"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"224.0.0.1\"",
		 "route 10.1.0.0/16: gateway 224.0.0.1 is a multicast address"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"255.255.255.255\"",
		 "route 10.1.0.0/16: gateway 255.255.255.255 is in 240.0.0.0/4, which is no station's"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"10.0.0.1\",\"weight\":0",
		 "route 10.1.0.0/16: weight 0 is not 1 to 256"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"10.0.0.1\",\"weight\":257",
		 "route 10.1.0.0/16: weight 257 is not 1 to 256"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"10.0.0.1\",\"proto\":256",
		 "route 10.1.0.0/16: proto 256 is not 1 to 255"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"10.0.0.1\",\"source\":\"10.0.0.9\"",
		 "route 10.1.0.0/16: src 10.0.0.9 is no address of an interface here"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"10.0.0.1\",\"type\":\"blackhole\"",
		 "route 10.1.0.0/16: its type leads nowhere, so it has no gateway, interface or weight"},
		{"\"destination\":\"10.1.0.0/16\",\"iface\":\"eth0\"",
		 "route 10.1.0.0/16: there is no interface \"eth0\"; there are callback0, lo"},
		{"\"destination\":\"10.1.0.0/16\",\"iface\":\"lo\"",
		 "route 10.1.0.0/16: what is for this host goes to lo by itself"},
		{"\"destination\":\"10.1.0.0/16\",\"gateway\":\"11.0.0.1\"",
		 "route 10.1.0.0/16: gateway 11.0.0.1 is on no link of ours"},
	};
	struct fixture *f = *state;
	char request[256];

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		snprintf(request, sizeof(request), "{\"cmd\":\"route_add\",%s}", rows[i].words);
		expect_error(f, request, rows[i].error);
	}
	expect_error(f, "{\"cmd\":\"route_del\",\"destination\":\"10.1.0.0/16\"}",
		     "route 10.1.0.0/16: there is no such route");
}

static void test_routes_are_listed_once_whatever_the_workers(void **state)
{
	struct fixture *f = *state;
	json_t *reply;

	make_stack(f, 2);
	start_turning(f);
	reply = ask(f, "{\"cmd\":\"routes\"}");
	assert_int_equal(json_array_size(json_object_get(reply, "routes")), 2);
	assert_true(json_is_null(json_object_get(reply, "next")));
	json_decref(reply);
	reply = ask(f, "{\"cmd\":\"arp\"}");
	assert_int_equal(json_array_size(json_object_get(reply, "neighbours")), 0);
	assert_true(json_is_null(json_object_get(reply, "next")));
	json_decref(reply);
}

static void test_any_cursor_is_harmless(void **state)
{
	static const char *const cursors[] = {"1", "4294967295", "4294967296",
					      "9223372036854775807", "77309411328"};
	struct fixture *f = *state;

	open_sockets(f, 1000, 3);
	start_turning(f);
	for (size_t i = 0; i < NSK_ARRAY_LEN(cursors); i++) {
		static const char *const lists[] = {"arp", "routes", "sockets"};

		for (size_t k = 0; k < NSK_ARRAY_LEN(lists); k++) {
			char request[96];
			json_t *reply;

			snprintf(request, sizeof(request), "{\"cmd\":\"%s\",\"cursor\":%s}",
				 lists[k], cursors[i]);
			reply = ask(f, request);
			assert_null(json_object_get(reply, "error"));
			assert_true(json_is_null(json_object_get(reply, "next")));
			json_decref(reply);
		}
	}
}

/* ---- workers that do not answer ------------------------------------------------------------ */

static void expect_warning(struct fixture *f, const char *warning)
{
	uint64_t before = now_ms();
	json_t *reply = ask(f, "{\"cmd\":\"sockets\"}");

	assert_true(now_ms() - before < 1000);
	assert_int_equal(json_array_size(json_object_get(reply, "sockets")), 0);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(reply, "warnings"), 0)), warning);
	json_decref(reply);
}

static void test_a_worker_that_nobody_runs_is_named_within_a_second(void **state)
{
	struct fixture *f = *state;
	json_t *reply = NULL;

	open_sockets(f, 1000, 1);
	expect_warning(f, "worker 0 did not answer in time; nobody runs it");
	/* Its page is still lent: the next answer does not wait. */
	expect_warning(f, "worker 0 still owes an earlier answer; nobody runs it");
	nsk_turn(f->stack);
	start_turning(f);
	reply = ask(f, "{\"cmd\":\"sockets\"}");
	assert_int_equal(json_array_size(json_object_get(reply, "sockets")), 1);
	assert_null(json_object_get(reply, "warnings"));
	json_decref(reply);
}

/* ---- health -------------------------------------------------------------------------------- */

static void expect_health(struct fixture *f, const char *request, const char *state,
			  const char *reason)
{
	json_t *reply = ask(f, request);
	const json_t *reasons = json_object_get(reply, "reasons");

	assert_string_equal(STRING(reply, "state"), state);
	assert_int_equal(json_is_true(json_object_get(reply, "healthy")),
			 strcmp(state, "serving") == 0);
	assert_int_equal(json_array_size(reasons), reason != NULL);
	if (reason)
		assert_string_equal(json_string_value(json_array_get(reasons, 0)), reason);
	json_decref(reply);
}

static int count_up(void *arg)
{
	return ++*(int *)arg;
}

/* The worker turns. */
static void expect_answers(struct fixture *f)
{
	struct call c = {.fn = count_up, .arg = &(int){0}};

	assert_int_equal(call_run_timeout(&f->stack->worker[0]->w, &c, UINT64_C(20000000000)), 1);
}

static void test_health_is_workers_that_answer_and_a_link(void **state)
{
	static const char health[] = "{\"cmd\":\"health\"}";
	struct fixture *f = *state;

	expect_health(f, health, "failing", "worker 0 did not answer in time; nobody runs it");
	start_turning(f);
	expect_answers(f); /* also the one that it owes */
	expect_health(f, health, "serving", NULL);
	nsk_callback_link(f->port, false);
	while (__atomic_load_n(&f->stack->iface[0].link_up, __ATOMIC_RELAXED))
		sched_yield();
	expect_health(f, health, "failing", "no interface has a link");
	nsk_callback_link(f->port, true);
	while (!__atomic_load_n(&f->stack->iface[0].link_up, __ATOMIC_RELAXED))
		sched_yield();
	expect_health(f, health, "serving", NULL);
}

static void test_a_stack_that_drains_is_not_healthy_until_it_serves_again(void **state)
{
	struct fixture *f = *state;

	start_turning(f);
	assert_false(nsk_draining(f->stack));
	expect_health(f, "{\"cmd\":\"drain\"}", "draining", NULL);
	assert_true(nsk_draining(f->stack));
	expect_health(f, "{\"cmd\":\"health\"}", "draining", NULL);
	expect_health(f, "{\"cmd\":\"drain\",\"on\":false}", "serving", NULL);
	assert_false(nsk_draining(f->stack));
	expect_error(f, "{\"cmd\":\"drain\",\"on\":1}", "\"on\" is true or false");
}

static void test_a_call_that_was_given_up_is_not_run_any_more(void **state)
{
	struct fixture *f = *state;
	int calls = 0;
	struct call c = {.fn = count_up, .arg = &calls};

	assert_int_equal(call_run_timeout(&f->stack->worker[0]->w, &c, 1000000), -ETIMEDOUT);
	assert_false(call_done(&c));
	nsk_turn(f->stack);
	assert_true(call_done(&c));
	assert_int_equal(calls, 0);
	start_turning(f);
	assert_int_equal(call_run_timeout(&f->stack->worker[0]->w, &c, UINT64_C(20000000000)), 1);
}

static void test_calls_that_wait_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct call *c = calloc(1025, sizeof(*c));
	int calls = 0;

	assert_non_null(c);
	for (unsigned i = 0; i <= 1024; i++) {
		c[i] = (struct call){.fn = count_up, .arg = &calls};
		assert_int_equal(call_run_timeout(&f->stack->worker[0]->w, &c[i], 0),
				 i < 1024 ? -ETIMEDOUT : -EAGAIN);
	}
	assert_true(call_done(&c[1024]));
	for (unsigned i = 0; !call_done(&c[1023]); i++) {
		assert_true(i < 1024 / 32);
		nsk_turn(f->stack);
	}
	assert_int_equal(calls, 0);
	free(c);
}

static void test_a_hanging_worker_does_not_hide_the_others(void **state)
{
	struct fixture *f = *state;
	json_t *reply;

	make_stack(f, 2);
	open_sockets(f, 1000, 1);
	/* Worker 1 belongs to this thread, which does nothing for it. */
	assert_int_equal(nsk_enter(NULL), 0);
	assert_int_equal(nsk_attach(f->stack, 1), 0);
	start_turning(f);
	reply = ask(f, "{\"cmd\":\"sockets\"}");
	assert_int_equal(json_array_size(json_object_get(reply, "sockets")), 1);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(reply, "warnings"), 0)),
		"worker 1 did not answer in time");
	json_decref(reply);
	stop_turning(f);
	assert_int_equal(nsk_detach(), 0);
}

static void test_a_stack_ends_with_a_page_lent(void **state)
{
	struct fixture *f = *state;

	expect_warning(f, "worker 0 did not answer in time; nobody runs it");
	end_stack(f);
	make_stack(f, 1); /* and there is nothing left of it */
}

static void test_it_answers_when_every_packet_buffer_is_in_use(void **state)
{
	struct fixture *f = *state;
	struct nsk_worker *w = &f->stack->worker[0]->w;
	struct rte_mbuf *held = NULL, *m;
	json_t *reply;

	open_sockets(f, 1000, 1);
	while ((m = pkt_alloc_control(w)) != NULL) {
		m->next = held;
		held = m;
	}
	assert_int_equal(pkt_pool_free_count(w->pool), 0);
	start_turning(f);
	reply = ask(f, "{\"cmd\":\"sockets\"}");
	assert_int_equal(json_array_size(json_object_get(reply, "sockets")), 1);
	json_decref(reply);
	reply = ask(f, "{\"cmd\":\"interfaces\"}");
	assert_null(json_object_get(reply, "error"));
	json_decref(reply);
	stop_turning(f);
	while (held) {
		m = held;
		held = m->next;
		m->next = NULL;
		rte_pktmbuf_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STACK(test_a_list_goes_from_page_to_page_and_has_each_row_once),
		WITH_STACK(test_groups_show_their_members_and_whom_they_hear),
		WITH_STACK(test_tcp_sockets_show_state_queues_and_ends),
		WITH_STACK(test_icmp_sockets_show_their_kind_and_identifier),
		WITH_STACK(test_what_is_wrong_with_a_route_is_said),
		WITH_FOLDER(test_routes_are_listed_once_whatever_the_workers),
		WITH_STACK(test_any_cursor_is_harmless),
		WITH_STACK(test_a_worker_that_nobody_runs_is_named_within_a_second),
		WITH_STACK(test_health_is_workers_that_answer_and_a_link),
		WITH_STACK(test_a_stack_that_drains_is_not_healthy_until_it_serves_again),
		WITH_STACK(test_a_call_that_was_given_up_is_not_run_any_more),
		WITH_STACK(test_calls_that_wait_are_bounded),
		WITH_FOLDER(test_a_hanging_worker_does_not_hide_the_others),
		WITH_STACK(test_a_stack_ends_with_a_page_lent),
		WITH_STACK(test_it_answers_when_every_packet_buffer_is_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
