/* SPDX-License-Identifier: BSD-3-Clause */
/* Why a run of nsk-load came to nothing, in words that say what to do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nsk-load/totals.h"

struct run {
	struct options o;
	struct result r;
	struct load load;
	char why[512];
};

static struct run *run_new(const char *engine)
{
	struct run *run = aligned_alloc(64, (sizeof(*run) + 63) / 64 * 64);

	assert_non_null(run);
	memset(run, 0, sizeof(*run));
	run->o = (struct options){
		.engine = engine, .connections = 4, .ntargets = 1, .response_bytes = UINT32_MAX};
	strcpy(run->o.target[0].text, "10.0.0.2:7");
	run->load = (struct load){.options = &run->o, .workers = 1, .result = {&run->r}};
	return run;
}

/* The run ends now, and must have failed with that reason; NULL: must not have failed. */
static void expect(struct run *run, const char *why)
{
	struct totals *t = malloc(sizeof(*t));
	bool failed;

	assert_non_null(t);
	if (!run->r.measure_start_ns)
		result_begin(&run->r, 1000);
	result_end(&run->r, 2000);
	totals_add_up(t, &run->load);
	failed = totals_failed(t, &run->load, run->why, sizeof(run->why));
	assert_string_equal(run->why, why ? why : "");
	assert_true(failed == (why != NULL));
	free(t);
	free(run);
}

static void answers_are_a_run(void **state)
{
	struct run *run = run_new("lean");

	(void)state;
	result_begin(&run->r, 1000);
	run->r.now.opened = run->r.now.sent = run->r.now.answers = 4;
	run->r.error[LOAD_ERR_RESET] = 1;
	expect(run, NULL);
}

static void a_server_is_no_reflector(void **state)
{
	struct run *run = run_new("raw");

	(void)state;
	run->r.now.opened = run->r.now.sent = 4;
	run->r.now.rx_packets = 8;
	expect(run,
	       "of 4 frames none came back as it was, 8 others came: engine raw needs nsk-reflect "
	       "at the other end, not a server");
	run = run_new("raw");
	run->r.now.opened = run->r.now.sent = 4;
	expect(run, "of 4 frames none came back: engine raw needs nsk-reflect at the other end");
}

static void an_echo_sends_nothing_of_its_own_accord(void **state)
{
	struct run *run = run_new("lean");

	(void)state;
	run->o.bulk = BULK_RECV;
	run->r.now.opened = 4;
	expect(run, "10.0.0.2:7 sent nothing of its own accord, as --bulk recv wants it; an HTTP "
		    "server is asked with --http, an echo is loaded by --bulk both");
	run = run_new("lean");
	run->o.bulk = BULK_RECV;
	run->o.http = true;
	run->r.now.opened = 4;
	run->r.now.tx_bytes = 100;
	expect(run, "10.0.0.2:7 sent nothing: is it an HTTP server?");
}

static void what_is_not_opened_has_its_reason(void **state)
{
	static const struct {
		enum load_error error;
		const char *why;
	} rows[] = {
		{LOAD_ERR_REFUSED, "10.0.0.2:7 refuses connections: nobody listens there"},
		{LOAD_ERR_UNREACHABLE,
		 "10.0.0.2:7 is unreachable, says ICMP: is a route missing there?"},
		{LOAD_ERR_CONNECT_TIMEOUT,
		 "no connection to 10.0.0.2:7 was opened: no answer; is a server there, and the link "
		 "up?"},
		{LOAD_ERR_SOCKET,
		 "no connection to 10.0.0.2:7 was opened: Cannot assign requested address"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *run = run_new("stack");

		run->r.error[rows[i].error] = 3;
		run->r.socket_errno = rows[i].error == LOAD_ERR_SOCKET ? EADDRNOTAVAIL : 0;
		expect(run, rows[i].why);
	}
}

static void what_is_not_answered_has_its_reason(void **state)
{
	static const struct {
		const char *engine;
		bool http, udp;
		enum load_error error; /* LOAD_ERR_MAX: none */
		const char *why;
	} rows[] = {
		{"lean", false, false, LOAD_ERR_MAX,
		 "10.0.0.2:7 answered none of 4 requests; expected is the same bytes (else: "
		 "--http, or --response BYTES)"},
		{"lean", true, false, LOAD_ERR_BAD,
		 "10.0.0.2:7 does not answer as expected: with an HTTP answer"},
		{"lean", false, false, LOAD_ERR_CLOSED,
		 "10.0.0.2:7 ends connections before it has answered"},
		{"stack", false, true, LOAD_ERR_UNREACHABLE,
		 "10.0.0.2:7 is unreachable, says ICMP: nobody receives there"},
		{"kernel", false, true, LOAD_ERR_REFUSED,
		 "10.0.0.2:7 is unreachable, says ICMP: nobody receives there"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *run = run_new(rows[i].engine);

		run->o.http = rows[i].http;
		run->o.udp = rows[i].udp;
		run->r.now.opened = run->r.now.sent = 4;
		if (rows[i].error != LOAD_ERR_MAX)
			run->r.error[rows[i].error] = 4;
		expect(run, rows[i].why);
	}
}

static void part_of_the_work_is_not_all_of_it(void **state)
{
	struct run *run = run_new("lean");

	(void)state;
	result_begin(&run->r, 1000);
	run->o.bulk = BULK_SEND;
	run->o.bulk_bytes = 1000;
	run->r.now.tx_bytes = 3500;
	run->r.now.answers = 3;
	expect(run, "3 of 4 connections have moved all their bytes");
	run = run_new("lean");
	result_begin(&run->r, 1000);
	run->o.requests_total = 100;
	run->r.now.answers = 7;
	run->load.given_up = true;
	expect(run, "given up: no answer came for a long time (--patience), 7 of 100 did");
	run = run_new("lean");
	result_begin(&run->r, 1000);
	run->o.strict = true;
	run->r.now.answers = 7;
	run->r.error[LOAD_ERR_RESET] = 2;
	expect(run, "--strict: there were 2 errors");
}

static void answers_before_the_measured_time_do_not_count(void **state)
{
	struct run *run = run_new("lean");

	(void)state;
	run->r.now.opened = run->r.now.sent = run->r.now.answers = 4;
	expect(run, "nothing was measured: ended before, or silent since");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_a_run),
		cmocka_unit_test(a_server_is_no_reflector),
		cmocka_unit_test(an_echo_sends_nothing_of_its_own_accord),
		cmocka_unit_test(what_is_not_opened_has_its_reason),
		cmocka_unit_test(what_is_not_answered_has_its_reason),
		cmocka_unit_test(part_of_the_work_is_not_all_of_it),
		cmocka_unit_test(answers_before_the_measured_time_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
