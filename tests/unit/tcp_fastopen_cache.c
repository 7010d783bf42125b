/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcp/fastopen_cache.c: what a client of TCP Fast Open remembers of servers, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tcp/fastopen_cache.h"
#include "wire/bytes.h"

#define PAUSE_MS 1000

static const struct siphash_key key = {1, 2};

static struct fastopen_cache *make(uint32_t entries)
{
	uint32_t sets = fastopen_cache_sets(entries);
	struct fastopen_cache *k = calloc(1, fastopen_cache_bytes(sets));

	assert_non_null(k);
	fastopen_cache_init(k, &key, sets);
	return k;
}

/* To server number n, from port own of ours. */
static struct flow to(uint32_t n, uint16_t port, uint16_t own)
{
	struct flow f = {
		.dst = {10, 0, 0, 1}, .sport_be = WIRE_BE16(port), .dport_be = WIRE_BE16(own)};

	store_be32(f.src, 0x0a000002 + n);
	return f;
}

static struct tcp_cookie cookie(uint8_t first)
{
	return (struct tcp_cookie){.len = 4, .octets = {first, 2, 3, 4}};
}

/* What is remembered of a flow's server; 0: nothing. */
static uint8_t first_octet(struct fastopen_cache *k, struct flow f)
{
	struct tcp_cookie c;
	uint16_t mss;

	return fastopen_recall(k, &f, &c, &mss) ? c.octets[0] : 0;
}

static void remember(struct fastopen_cache *k, struct flow f, uint8_t first)
{
	struct tcp_cookie c = cookie(first);

	fastopen_remember(k, &f, &c, 1000);
}

static void rfc7413_4_1_3_a_cookie_is_of_two_addresses_whatever_the_ports(void **state)
{
	struct fastopen_cache *k = make(64);
	struct flow f = to(1, 80, 1000), other = f;
	struct tcp_cookie c;
	uint16_t mss;

	(void)state;
	assert_int_equal(first_octet(k, f), 0);
	remember(k, f, 7);
	assert_true(fastopen_recall(k, &f, &c, &mss));
	assert_int_equal(mss, 1000);
	assert_int_equal(c.len, 4);
	assert_int_equal(first_octet(k, to(1, 443, 2000)), 7);
	assert_int_equal(first_octet(k, to(2, 80, 1000)), 0);
	other.dst[3] = 9;
	assert_int_equal(first_octet(k, other), 0);
	remember(k, f, 8); /* the one received last */
	assert_int_equal(first_octet(k, f), 8);
	free(k);
}

static void rfc7413_4_1_3_1_a_failure_is_of_a_port_and_its_pause_doubles(void **state)
{
	struct fastopen_cache *k = make(64);
	struct flow f = to(1, 80, 1000), again = to(1, 80, 2000), other = to(1, 81, 1000);
	uint64_t now_ms = 5, pause_ms = PAUSE_MS;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		fastopen_failed(k, &f, now_ms, PAUSE_MS);
		assert_true(fastopen_paused(k, &again, now_ms));
		assert_true(fastopen_paused(k, &again, now_ms + pause_ms - 1));
		assert_false(fastopen_paused(k, &again, now_ms + pause_ms));
		assert_false(fastopen_paused(k, &other, now_ms));
		now_ms += pause_ms;
		if (pause_ms < (uint64_t)PAUSE_MS * FASTOPEN_PAUSES)
			pause_ms *= 2;
	}
	fastopen_worked(k, &again);
	assert_false(fastopen_paused(k, &f, 0));
	fastopen_failed(k, &f, now_ms, PAUSE_MS); /* and begins anew */
	assert_false(fastopen_paused(k, &f, now_ms + PAUSE_MS));
	free(k);
}

static void no_pause_is_none_and_cookies_outlive_failures(void **state)
{
	struct fastopen_cache *k = make(64);
	struct flow f = to(1, 80, 1000);

	(void)state;
	fastopen_failed(k, &f, 5, 0);
	assert_false(fastopen_paused(k, &f, 5));
	remember(k, f, 7);
	fastopen_failed(k, &f, 5, PAUSE_MS);
	assert_int_equal(first_octet(k, f), 7);
	fastopen_worked(k, &f);
	assert_int_equal(first_octet(k, f), 7);
	free(k);
}

/* Bounded: in a table of one set the entry that was not used for longest gives way. */
static void what_was_not_used_for_longest_gives_way(void **state)
{
	struct fastopen_cache *k = make(1);

	(void)state;
	assert_int_equal(k->sets, 1);
	for (uint8_t n = 1; n <= FASTOPEN_WAYS; n++)
		remember(k, to(n, 80, 1), n);
	assert_int_equal(first_octet(k, to(1, 80, 1)), 1); /* used: now 2 is the one */
	remember(k, to(9, 80, 1), 9);
	assert_int_equal(first_octet(k, to(2, 80, 1)), 0);
	assert_int_equal(first_octet(k, to(1, 80, 1)), 1);
	for (uint8_t n = 3; n <= FASTOPEN_WAYS; n++)
		assert_int_equal(first_octet(k, to(n, 80, 1)), n);
	assert_int_equal(first_octet(k, to(9, 80, 1)), 9);
	free(k);
}

static void as_many_as_were_asked_for(void **state)
{
	struct fastopen_cache *k = make(1024);
	unsigned kept = 0;

	(void)state;
	assert_int_equal(k->sets * FASTOPEN_WAYS, 1024);
	assert_int_equal(fastopen_cache_sets(1025) * FASTOPEN_WAYS, 2048);
	for (uint32_t n = 0; n < 512; n++)
		remember(k, to(n, 80, 1), (uint8_t)(1 + n % 255));
	for (uint32_t n = 0; n < 512; n++)
		kept += first_octet(k, to(n, 80, 1)) == (uint8_t)(1 + n % 255);
	assert_true(kept > 460); /* of a table half full few share a set with four others */
	free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7413_4_1_3_a_cookie_is_of_two_addresses_whatever_the_ports),
		cmocka_unit_test(rfc7413_4_1_3_1_a_failure_is_of_a_port_and_its_pause_doubles),
		cmocka_unit_test(no_pause_is_none_and_cookies_outlive_failures),
		cmocka_unit_test(what_was_not_used_for_longest_gives_way),
		cmocka_unit_test(as_many_as_were_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
