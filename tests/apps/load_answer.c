/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests made and answers checked, in pieces of every size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nsk-load/http_answer.h"
#include "nsk-load/sum.h"
#include "nsk-load/work.h"

static const uint64_t tag = 0x1122334455667788;

/* Feeds an answer in pieces; the state after the last one, or the first that is not MORE before it.
 */
static enum work_state feed(struct work *w, const char *data, size_t len, size_t piece)
{
	enum work_state state = WORK_MORE;
	struct answer a;

	work_expect(w, &a);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		/* An exact-size copy, so that a sanitizer sees every byte read too many. */
		uint8_t *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, data + at, n);
		state = work_feed(w, &a, tag, copy, (uint32_t)n);
		free(copy);
		if (state != WORK_MORE && at + n < len)
			return WORK_WRONG;
	}
	return state;
}

static void an_echo_is_the_request(void **state)
{
	(void)state;
	for (uint32_t size = 1; size <= 40; size++) {
		char request[40];
		struct work w;

		assert_int_equal(work_init(&w, size, UINT32_MAX), 0);
		work_copy(&w, tag, 0, request, size);
		for (size_t piece = 1; piece <= size; piece++)
			assert_int_equal(feed(&w, request, size, piece), WORK_DONE);
		for (uint32_t i = 0; i < size; i++) {
			request[i] ^= 1;
			assert_int_equal(feed(&w, request, size, 7), WORK_WRONG);
			request[i] ^= 1;
		}
		if (size > 1)
			assert_int_equal(feed(&w, request, size - 1, 1), WORK_MORE);
		work_free(&w);
	}
}

static void more_than_an_answer_is_wrong(void **state)
{
	char data[65] = "";
	struct work w;

	(void)state;
	assert_int_equal(work_init(&w, 10, 64), 0);
	assert_int_equal(feed(&w, data, 64, 64), WORK_DONE);
	assert_int_equal(feed(&w, data, 65, 65), WORK_WRONG);
	work_free(&w);
}

static void pieces_of_a_request_make_the_request(void **state)
{
	char whole[100], piece[100];
	struct work w;

	(void)state;
	assert_int_equal(work_init(&w, sizeof(whole), UINT32_MAX), 0);
	work_copy(&w, tag, 0, whole, sizeof(whole));
	for (uint32_t at = 0; at < sizeof(whole); at++) {
		work_copy(&w, tag, at, piece, (uint32_t)sizeof(whole) - at);
		assert_memory_equal(piece, whole + at, sizeof(whole) - at);
		work_copy(&w, tag, at, piece, 1);
		assert_memory_equal(piece, whole + at, 1);
	}
	work_free(&w);
}

static void requests_of_others_have_other_tags(void **state)
{
	char a[64], b[64], c[64];
	struct work w;

	(void)state;
	assert_int_equal(work_init(&w, 64, UINT32_MAX), 0);
	work_copy(&w, work_tag(1, 1), 0, a, 64);
	work_copy(&w, work_tag(2, 1), 0, b, 64);
	work_copy(&w, work_tag(1, 2), 0, c, 64);
	assert_memory_not_equal(a, b, 64);
	assert_memory_not_equal(a, c, 64);
	assert_memory_equal(a + WORK_TAG, b + WORK_TAG, 64 - WORK_TAG);
	work_free(&w);
}

static void http(const char *text, enum work_state expected)
{
	size_t len = strlen(text);
	struct work w;

	for (size_t piece = 1; piece <= len; piece++) {
		assert_int_equal(work_init_http(&w, "host", "/"), 0);
		assert_int_equal(feed(&w, text, len, piece), expected);
		/* Again, with the header known, whole and in pieces. */
		assert_int_equal(feed(&w, text, len, len), expected);
		assert_int_equal(feed(&w, text, len, piece), expected);
		work_free(&w);
	}
}

static void http_answers_end_by_content_length(void **state)
{
	(void)state;
	http("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", WORK_DONE);
	http("HTTP/1.0 204 Nothing\nX: y\nCONTENT-length:0\n\n", WORK_DONE);
	http("HTTP/1.1 200 OK\r\nX-Content-Length: 9\r\nContent-Length:\t 12 \r\nB: c\r\n\r\n0123456789ab",
	     WORK_DONE);
	http("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", WORK_MORE);
	http("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r", WORK_MORE);
}

static void http_that_is_not_a_good_answer_is_wrong(void **state)
{
	(void)state;
	http("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", WORK_WRONG);
	http("SSH-2.0-OpenSSH\r\n", WORK_WRONG);
	http("HTTP/1.1\r\nContent-Length: 0\r\n\r\n", WORK_WRONG);
	/* RFC 9112 §6.3: without a length the end is not to be known; two lengths are an attack. */
	http("HTTP/1.1 200 OK\r\nX: y\r\n\r\n", WORK_WRONG);
	http("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", WORK_WRONG);
	http("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", WORK_WRONG);
	http("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", WORK_WRONG);
	http("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", WORK_WRONG);
}

static void http_headers_may_change_between_answers(void **state)
{
	static const char one[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: 1\r\n\r\nhello";
	static const char two[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nDate: 22\r\n\r\nbye bye";
	struct work w;

	(void)state;
	assert_int_equal(work_init_http(&w, "host", "/"), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(feed(&w, one, sizeof(one) - 1, 1000), WORK_DONE);
		assert_int_equal(feed(&w, two, sizeof(two) - 1, 1000), WORK_DONE);
		assert_int_equal(feed(&w, two, sizeof(two) - 1, 3), WORK_DONE);
	}
	assert_true(w.head_len > 0);
	work_free(&w);
}

static void sums_are_those_of_the_bytes(void **state)
{
	uint8_t data[100];
	struct work w;

	(void)state;
	assert_int_equal(work_init(&w, 77, UINT32_MAX), 0);
	work_copy(&w, tag, 0, data, 77);
	assert_int_equal(sum_fold(sum_bytes(data, 77)),
			 sum_fold(w.request_sum + sum_bytes(&tag, 8)));
	work_free(&w);
	/* RFC 1071 §3's example, and one that carries. */
	assert_int_equal(sum_fold(sum_bytes("\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8)), htons(0xddf2));
	memset(data, 0xff, sizeof(data));
	assert_int_equal(sum_fold(sum_bytes(data, 99)), htons(0xff00));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_echo_is_the_request),
		cmocka_unit_test(more_than_an_answer_is_wrong),
		cmocka_unit_test(pieces_of_a_request_make_the_request),
		cmocka_unit_test(requests_of_others_have_other_tags),
		cmocka_unit_test(http_answers_end_by_content_length),
		cmocka_unit_test(http_that_is_not_a_good_answer_is_wrong),
		cmocka_unit_test(http_headers_may_change_between_answers),
		cmocka_unit_test(sums_are_those_of_the_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
