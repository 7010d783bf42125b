/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The small parts of nsk-load: ticker, ranges, arrivals, schedule, pattern, addresses.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nsk-load/addresses.h"
#include "nsk-load/arrivals.h"
#include "nsk-load/pattern.h"
#include "nsk-load/ranges.h"
#include "nsk-load/result.h"
#include "nsk-load/schedule.h"
#include "nsk-load/sum.h"
#include "nsk-load/ticker.h"

/* ---- ticker ---- */

#define SLOTS 1000u

struct timers {
	struct ticker ticker;
	uint32_t now, due[SLOTS], fired[SLOTS];
};

static uint32_t ask(void *arg, uint32_t slot)
{
	struct timers *t = arg;

	if ((int32_t)(t->due[slot] - t->now) > 0)
		return t->due[slot];
	t->fired[slot] = t->now;
	return TICKER_NONE;
}

static void timers_fire_at_their_tick(void **state)
{
	struct timers *t = calloc(1, sizeof(*t));

	(void)state;
	assert_non_null(t);
	/* Across the wrap of the tick, and beyond the ring. */
	t->now = UINT32_MAX - 2000;
	assert_true(ticker_init(&t->ticker, SLOTS, t->due, sizeof(t->due[0])));
	ticker_start(&t->ticker, t->now);
	for (uint32_t i = 0; i < SLOTS; i++) {
		t->due[i] = t->now + 1 + i * 13;
		ticker_add(&t->ticker, i, t->due[i]);
	}
	for (uint32_t n = 0; n < SLOTS * 13 + 10; n++) {
		ticker_run(&t->ticker, t->now, UINT32_MAX, ask, t);
		t->now++;
	}
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(t->fired[i], t->due[i]);
	ticker_free(&t->ticker);
	free(t);
}

static void a_timer_put_off_is_asked_again(void **state)
{
	struct timers *t = calloc(1, sizeof(*t));

	(void)state;
	assert_non_null(t);
	assert_true(ticker_init(&t->ticker, SLOTS, NULL, 0));
	t->due[7] = 10;
	ticker_add(&t->ticker, 7, 10);
	t->due[7] = 5000;
	for (t->now = 0; t->now < 6000; t->now++)
		ticker_run(&t->ticker, t->now, UINT32_MAX, ask, t);
	assert_int_equal(t->fired[7], 5000);
	ticker_free(&t->ticker);
	free(t);
}

static void a_budget_spreads_the_work_and_loses_none(void **state)
{
	struct timers *t = calloc(1, sizeof(*t));
	uint32_t fired = 0;

	(void)state;
	assert_non_null(t);
	assert_true(ticker_init(&t->ticker, SLOTS, NULL, 0));
	for (uint32_t i = 0; i < SLOTS; i++) {
		t->due[i] = 5;
		ticker_add(&t->ticker, i, 5);
	}
	t->now = 5;
	ticker_run(&t->ticker, 5, 64, ask, t);
	for (uint32_t i = 0; i < SLOTS; i++)
		fired += t->fired[i] != 0;
	assert_in_range(fired, 64, 72);
	for (unsigned i = 0; i < SLOTS / 64 + 1; i++)
		ticker_run(&t->ticker, 5, 64, ask, t);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(t->fired[i], 5);
	ticker_free(&t->ticker);
	free(t);
}

static void what_was_due_already_fires_at_once(void **state)
{
	struct timers *t = calloc(1, sizeof(*t));

	(void)state;
	assert_non_null(t);
	assert_true(ticker_init(&t->ticker, SLOTS, NULL, 0));
	ticker_start(&t->ticker, 100);
	t->due[3] = 90;
	ticker_add(&t->ticker, 3, 90);
	t->now = 101;
	ticker_run(&t->ticker, 101, UINT32_MAX, ask, t);
	assert_int_equal(t->fired[3], 101);
	ticker_free(&t->ticker);
	free(t);
}

/* ---- results ---- */

static void jitter_is_the_difference_of_neighbours(void **state)
{
	struct result *r = calloc(1, sizeof(*r));

	(void)state;
	assert_non_null(r);
	result_latency(r, 100);
	result_latency(r, 300);
	result_latency(r, 250);
	assert_int_equal(r->now.jitter_ns, 200 + 50);
	assert_int_equal(r->latency.count, 3);
	free(r);
}

static void only_the_measured_time_counts(void **state)
{
	struct result *r = calloc(1, sizeof(*r));

	(void)state;
	assert_non_null(r);
	result_add(&r->now.answers, 10);
	result_begin(r, 1000);
	result_add(&r->now.answers, 5);
	result_end(r, 2000);
	result_add(&r->now.answers, 100);
	counters_sub(&r->end, &r->base);
	assert_int_equal(r->end.answers, 5);
	free(r);
}

/* ---- ranges ---- */

/* Against a plain model: a set of octets, across the wrap. */
static void ranges_are_what_a_set_of_octets_is(void **state)
{
	uint64_t seed = 99;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		uint32_t base = UINT32_MAX - 50, next = base;
		bool have[200] = {false};
		struct ranges r = {0};

		for (unsigned i = 0; i < 20; i++) {
			uint32_t start, len, at;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			start = (uint32_t)(seed >> 33) % 150;
			len = 1 + (uint32_t)(seed >> 50) % 20;
			if ((int32_t)(base + start - next) <= 0)
				continue;
			if (ranges_add(&r, base + start, base + start + len))
				for (at = start; at < start + len; at++)
					have[at] = true;
			assert_true(r.count <= RANGES_MAX);
			/* The newest first. */
			assert_true(r.count == 0 || r.count == RANGES_MAX ||
				    r.range[0].start - base <= start);
			if (i % 5 != 4)
				continue;
			for (at = next - base; have[at] || at < next - base + 3; at++)
				have[at] = true;
			/* Three more octets came in order, then whatever was there already. */
			next = ranges_advance(&r, next + 3);
			assert_int_equal(next - base, at);
		}
		for (uint32_t i = 0; i < r.count; i++)
			for (uint32_t at = r.range[i].start; at != r.range[i].end; at++)
				assert_true(have[at - base]);
	}
}

static void a_fifth_range_is_refused(void **state)
{
	struct ranges r = {0};

	(void)state;
	for (uint32_t i = 0; i < RANGES_MAX; i++)
		assert_true(ranges_add(&r, 100 * i + 10, 100 * i + 20));
	assert_false(ranges_add(&r, 1000, 1010));
	assert_true(ranges_add(&r, 20, 110));
	assert_int_equal(r.count, RANGES_MAX - 1);
	assert_int_equal(r.range[0].start, 10);
	assert_int_equal(r.range[0].end, 120);
}

/* ---- arrivals, schedule ---- */

static void arrivals_keep_their_rate(void **state)
{
	static const double rates[] = {1, 3, 1000, 333333, 7777777};
	struct arrivals a;

	(void)state;
	for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint64_t n = 0, last = 0;

		arrivals_start(&a, 1000, rates[i]);
		while (arrivals_due(&a, 1000 + UINT64_C(10000000000))) {
			last = arrivals_take(&a);
			n++;
			if (n == 1)
				assert_int_equal(last, 1000);
		}
		assert_in_range(n, (uint64_t)(rates[i] * 10), (uint64_t)(rates[i] * 10) + 1);
		assert_int_equal(arrivals_waiting(&a, 1000), 0);
		assert_in_range(arrivals_waiting(&a, 1000 + UINT64_C(20000000000)),
				(uint64_t)(rates[i] * 10) - 1, (uint64_t)(rates[i] * 10) + 1);
	}
}

static void shares_add_up(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers < 10; workers++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < workers; i++)
			sum += schedule_share(1001, i, workers);
		assert_int_equal(sum, 1001);
	}
}

static void handshakes_at_once_are_limited(void **state)
{
	struct options o = {.connections = 100, .handshakes = 5};
	struct schedule s;
	uint32_t slot, n = 0;
	uint64_t due;

	(void)state;
	assert_true(schedule_init(&s, &o, 100, 0, 1));
	schedule_turn(&s, 1, true);
	while (schedule_open(&s, 1, &slot, &due)) {
		assert_int_equal(slot, n++);
		s.handshakes++;
	}
	assert_int_equal(n, 5);
	s.handshakes = 0;
	assert_true(schedule_open(&s, 1, &slot, &due));
	schedule_free(&s);
}

static void those_who_wait_go_first(void **state)
{
	struct options o = {.connections = 3, .handshakes = 5, .in_flight = 1};
	struct schedule s;
	uint32_t slot;
	uint64_t due;

	(void)state;
	assert_true(schedule_init(&s, &o, 3, 0, 1));
	schedule_turn(&s, 1, true);
	assert_true(schedule_next(&s, 5, &due));
	assert_int_equal(due, 5);
	s.outstanding = 1;
	assert_false(schedule_next(&s, 6, &due));
	slotq_put(&s.idle, 1);
	s.outstanding = 0;
	assert_false(schedule_next(&s, 7, &due));
	slotq_put(&s.idle, 2);
	assert_true(schedule_waiting(&s, 8, &slot));
	assert_int_equal(slot, 1);
	schedule_free(&s);
}

/* ---- pattern ---- */

static void pattern_sums_are_those_of_its_bytes(void **state)
{
	struct pattern *p = pattern_new();

	(void)state;
	assert_non_null(p);
	for (uint64_t at = 0; at < 3 * PATTERN_PERIOD; at += 1777)
		for (uint32_t len = 0; len < 3000; len += 131)
			assert_int_equal(sum_fold(pattern_sum(p, at, len)),
					 sum_fold(sum_bytes(pattern_at(p, at), len)));
	assert_memory_equal(pattern_at(p, 0), pattern_at(p, PATTERN_PERIOD), 100);
	assert_int_equal(pattern_at(p, PATTERN_PERIOD - 1)[1], pattern_at(p, 0)[0]);
	/* Pieces that are not at the right place show. */
	assert_memory_not_equal(pattern_at(p, 0), pattern_at(p, 1), 100);
	free(p);
}

/* ---- addresses ---- */

static void assert_range(const char *text, const char *first, uint32_t count)
{
	uint32_t a, n;
	struct in_addr in;

	assert_true(parse_range(text, &a, &n));
	in.s_addr = htonl(a);
	assert_string_equal(inet_ntoa(in), first);
	assert_int_equal(n, count);
}

static void ranges_of_addresses(void **state)
{
	static const char *const wrong[] = {
		"",	      "10.0.0.0/8", "10.0.0.0/33", "10.0.0.9-10.0.0.1",
		"10.0.0.1+0", "10.0.0.1+x", "10.0.0",	   "10.0.0.1-",
		"/24",	      "10.0.0.1/"};
	uint32_t a, n;

	(void)state;
	assert_range("10.0.1.0/24", "10.0.1.1", 254);
	assert_range("10.0.1.77/24", "10.0.1.1", 254);
	assert_range("10.0.1.4/31", "10.0.1.4", 2);
	assert_range("10.0.1.4/32", "10.0.1.4", 1);
	assert_range("10.0.1.1-10.0.1.9", "10.0.1.1", 9);
	assert_range("10.0.1.1+20", "10.0.1.1", 20);
	assert_range("10.0.1.5", "10.0.1.5", 1);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(parse_range(wrong[i], &a, &n));
}

static void targets(void **state)
{
	static const char *const wrong[] = {
		"",	     "10.0.0.1",    "10.0.0.1:0", "10.0.0.1:65536", "host:80", ":80",
		"[fd00::1]", "[fd00::1:80", "fd00::1:80", "10.0.0.1:8x",    "[]:80"};
	struct target_addr t;

	(void)state;
	assert_true(parse_target("10.0.0.1:80", &t));
	assert_int_equal(t.in.sin_family, AF_INET);
	assert_int_equal(t.in.sin_port, htons(80));
	assert_int_equal(t.in.sin_addr.s_addr, htonl(0x0a000001));
	assert_true(parse_target("[fd00::1]:65535", &t));
	assert_int_equal(t.in6.sin6_family, AF_INET6);
	assert_int_equal(t.in6.sin6_port, htons(65535));
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(parse_target(wrong[i], &t));
}

static void ranges_of_ports(void **state)
{
	uint16_t first, last;

	(void)state;
	assert_true(parse_ports("1024-65535", &first, &last));
	assert_int_equal(first, 1024);
	assert_int_equal(last, 65535);
	assert_true(parse_ports("7-7", &first, &last));
	assert_false(parse_ports("8-7", &first, &last));
	assert_false(parse_ports("8", &first, &last));
	assert_false(parse_ports("0-7", &first, &last));
	assert_false(parse_ports("1-65536", &first, &last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_at_their_tick),
		cmocka_unit_test(a_timer_put_off_is_asked_again),
		cmocka_unit_test(a_budget_spreads_the_work_and_loses_none),
		cmocka_unit_test(what_was_due_already_fires_at_once),
		cmocka_unit_test(jitter_is_the_difference_of_neighbours),
		cmocka_unit_test(only_the_measured_time_counts),
		cmocka_unit_test(ranges_are_what_a_set_of_octets_is),
		cmocka_unit_test(a_fifth_range_is_refused),
		cmocka_unit_test(arrivals_keep_their_rate),
		cmocka_unit_test(shares_add_up),
		cmocka_unit_test(handshakes_at_once_are_limited),
		cmocka_unit_test(those_who_wait_go_first),
		cmocka_unit_test(pattern_sums_are_those_of_its_bytes),
		cmocka_unit_test(ranges_of_addresses),
		cmocka_unit_test(targets),
		cmocka_unit_test(ranges_of_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
