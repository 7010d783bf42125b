/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/tcp_opts.c: the option of TCP Fast Open, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "wire/tcp_opts.h"

/* RFC 7413 §4.1.1: no octets, or an even number from 4 to 16. */
static bool is_cookie(unsigned len)
{
	return len == 0 || (len >= 4 && len <= 16 && len % 2 == 0);
}

static void rfc7413_4_1_1_cookies_of_every_length(void **state)
{
	(void)state;
	for (unsigned len = 0; len <= TCP_OPTS_MAX - 6; len++) {
		uint8_t list[TCP_OPTS_MAX] = {34, (uint8_t)(len + 2)};
		struct tcp_opts o;

		for (unsigned i = 0; i < len; i++)
			list[2 + i] = (uint8_t)(0xc0 + i);
		memcpy(list + 2 + len, (uint8_t[]){2, 4, 5, 0xb4}, 4);
		tcp_opts_parse(list, len + 6, &o);
		assert_int_equal(o.malformed, !is_cookie(len));
		assert_int_equal(o.present, TCP_HAS_MSS | (is_cookie(len) ? TCP_HAS_FASTOPEN : 0));
		if (!is_cookie(len))
			continue;
		assert_int_equal(o.cookie_len, len);
		assert_ptr_equal(o.cookie, list + 2);
	}
}

/* As Linux: the option, then NOPs to the next multiple of four. */
static void rfc7413_4_1_1_cookies_that_are_written(void **state)
{
	(void)state;
	for (uint8_t len = 0; len <= TCP_FASTOPEN_MAX; len = (uint8_t)(len ? len + 2 : 4)) {
		struct tcp_cookie c = {.len = len};
		uint8_t buf[TCP_OPTS_MAX];
		struct tcp_opts o;
		uint64_t sum = 0;
		size_t n;

		for (unsigned i = 0; i < len; i++)
			c.octets[i] = (uint8_t)(0x10 + i);
		n = tcp_opts_write_cookie(buf, &c, &sum);
		assert_int_equal(n, (len + 2u + 3u) / 4 * 4);
		assert_int_equal(n, tcp_opts_cookie_len(&c));
		assert_int_equal(csum_fold64(sum), csum_words(buf, n / 4));
		tcp_opts_parse(buf, n, &o);
		assert_int_equal(o.present, TCP_HAS_FASTOPEN);
		assert_int_equal(o.cookie_len, len);
		assert_memory_equal(o.cookie, c.octets, len);
		for (size_t i = len + 2u; i < n; i++)
			assert_int_equal(buf[i], TCP_OPT_NOP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7413_4_1_1_cookies_of_every_length),
		cmocka_unit_test(rfc7413_4_1_1_cookies_that_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
