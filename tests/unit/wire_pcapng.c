/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/pcapng.c: blocks word for word as draft-ietf-opsawg-pcapng has them; that others read
 * them tests/netns/capture.py shows. */
#include "wire/pcapng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static _Alignas(8) uint8_t room[4096];

#define OPTION(code, len) ((uint32_t)(code) | (uint32_t)(len) << 16)

/* A block is as long as it was measured to be and as these words are; nothing behind it is touched.
 */
static void assert_block(size_t measured, size_t written, const uint32_t *words, size_t size)
{
	assert_int_equal(measured, size);
	assert_int_equal(written, size);
	assert_memory_equal(room, words, size);
	for (size_t i = size; i < size + 64; i++)
		assert_int_equal(room[i], 0xee);
}

static uint8_t *empty_room(void)
{
	memset(room, 0xee, sizeof(room));
	return room;
}

static void test_a_section(void **state)
{
	const uint32_t plain[] = {0x0a0d0d0a, 32, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 0, 32};
	const uint32_t words[] = {
		0x0a0d0d0a,   40,	  0x1a2b3c4d,	1,
		UINT32_MAX,   UINT32_MAX, OPTION(4, 4), 0x74736574, /* "test" */
		OPTION(0, 0), 40,
	};

	(void)state;
	assert_block(pcapng_section(NULL, NULL), pcapng_section(empty_room(), NULL), plain,
		     sizeof(plain));
	assert_block(pcapng_section(NULL, "test"), pcapng_section(empty_room(), "test"), words,
		     sizeof(words));
}

static void test_an_interface(void **state)
{
	static const uint8_t mac[] = {1, 2, 3, 4, 5, 6};
	const struct pcapng_interface i = {.name = "eth0",
					   .description = "a",
					   .filter = "ip",
					   .link = PCAPNG_ETHERNET,
					   .snaplen = 96,
					   .mac = mac};
	const uint32_t words[] = {
		1,
		68,
		1, /* the link, and a reserved half */
		96,
		OPTION(2, 4),
		0x30687465, /* "eth0" */
		OPTION(3, 1),
		0x61,
		OPTION(6, 6),
		0x04030201,
		0x0605,
		OPTION(9, 1),
		9, /* nanoseconds */
		OPTION(11, 3),
		0x706900, /* a text of libpcap's: "ip" */
		OPTION(0, 0),
		68,
	};

	(void)state;
	assert_block(pcapng_interface(NULL, &i), pcapng_interface(empty_room(), &i), words,
		     sizeof(words));
}

static void test_a_packet(void **state)
{
	const struct pcapng_packet p = {.interface = 2,
					.ns = 0x1122334455667788,
					.cap_len = 5,
					.len = 60,
					.direction = PCAPNG_OUT,
					.queue = 7,
					.lost = 3,
					.comment = "why"};
	const uint32_t words[] = {
		6,
		80,
		2,
		0x11223344,
		0x55667788,
		5,
		60,
		0xeeeeeeee,
		0, /* the bytes, and what fills them up */
		OPTION(1, 3),
		0x00796877, /* "why" */
		OPTION(2, 4),
		2,
		OPTION(4, 8),
		3,
		OPTION(0, 0),
		OPTION(6, 4),
		7,
		OPTION(0, 0),
		80,
	};
	size_t len;

	(void)state;
	len = pcapng_packet(empty_room(), &p);
	assert_int_equal(PCAPNG_PACKET_DATA, 28);
	assert_block(pcapng_packet(NULL, &p), len, words, sizeof(words));
}

static void test_a_plain_packet(void **state)
{
	const struct pcapng_packet p = {.cap_len = 0, .len = 9, .queue = UINT32_MAX};
	const uint32_t words[] = {6, 36, 0, 0, 0, 0, 9, 0, 36};

	(void)state;
	assert_block(pcapng_packet(NULL, &p), pcapng_packet(empty_room(), &p), words,
		     sizeof(words));
}

static void test_statistics(void **state)
{
	const uint32_t words[] = {5, 52, 1, 1, 2, OPTION(4, 8), 10, 0, OPTION(5, 8), 3, 0, 0, 52};
	const uint64_t ns = (UINT64_C(1) << 32) + 2;

	(void)state;
	assert_block(pcapng_statistics(NULL, 1, ns, 10, 3),
		     pcapng_statistics(empty_room(), 1, ns, 10, 3), words, sizeof(words));
}

/* Texts without end are cut. */
static void test_a_long_text(void **state)
{
	static char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(pcapng_section(NULL, text), 32 + 4 + 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_section),  cmocka_unit_test(test_an_interface),
		cmocka_unit_test(test_a_packet),   cmocka_unit_test(test_a_plain_packet),
		cmocka_unit_test(test_statistics), cmocka_unit_test(test_a_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
