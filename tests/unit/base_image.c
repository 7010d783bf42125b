/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/image.c: fields to octets and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/image_rows.h"

#define NOW   UINT64_C(5000000000) /* 5 s: 5,000 ms, 5,000,000 us, 305,175 ticks */
#define LATER UINT64_C(90000000000)

struct inner {
	uint16_t a;
	uint8_t b[2];
};

struct outer {
	uint64_t long_us, none_us;
	uint32_t ms, none_ms, due, ahead;
	struct inner inner;
	uint8_t raw[3];
	uint8_t flag;
	void *stays;
};

static const struct image_field inner_rows[] = {
	NUMBER(inner, a),
	ARRAY(inner, b, IMAGE_NUMBER),
};
static TABLE(inner);

static const struct image_field outer_rows[] = {
	KIND(outer, long_us, IMAGE_US_LONG),
	KIND(outer, none_us, IMAGE_US_LONG),
	KIND(outer, ms, IMAGE_MS),
	KIND(outer, none_ms, IMAGE_MS_OR_0),
	KIND(outer, due, IMAGE_TICKS),
	KIND(outer, ahead, IMAGE_AHEAD_MS),
	PART(outer, inner, inner_image),
	KIND(outer, raw, IMAGE_OCTETS),
	RANGE(outer, flag, 1, 2),
	STAYS(outer, stays, "a pointer"),
};
static TABLE(outer);

#define LEN (8 + 8 + 4 * 4 + 4 + 3 + 1)

static const struct outer sample = {
	.long_us = 4999000,
	.ms = 4990,
	.due = 305175 + 10,
	.ahead = 100,
	.inner = {0x1234, {5, 6}},
	.raw = {7, 8, 9},
	.flag = 2,
};

static void written(uint8_t octets[LEN])
{
	struct image_out o = {.at = octets, .room = LEN};

	image_put(&o, &outer_image, &sample, NOW);
	assert_int_equal(o.len, LEN);
}

static void numbers_are_little_endian_and_moments_are_how_long_ago(void **state)
{
	static const uint8_t want[LEN] = {
		0xe8, 3,    0, 0,    0, 0, 0, 0,    /* 1,000 us ago */
		0,    0,    0, 0,    0, 0, 0, 0x80, /* never */
		10,   0,    0, 0,		    /* 10 ms ago */
		0,    0,    0, 0x80,		    /* never */
		10,   0,    0, 0,		    /* ticks to go */
		0xec, 0x13, 0, 0,		    /* shows 5,100 ms */
		0x34, 0x12, 5, 6,    7, 8, 9, 2,
	};
	uint8_t octets[LEN];

	(void)state;
	written(octets);
	assert_memory_equal(octets, want, LEN);
}

static void by_another_clock_moments_lie_as_far_back(void **state)
{
	struct outer out = {.stays = &out};
	struct image_in in;
	uint8_t octets[LEN];

	(void)state;
	written(octets);
	in = (struct image_in){.at = octets, .left = LEN};
	image_get(&in, &outer_image, &out, LATER);
	assert_false(in.bad);
	assert_int_equal(in.left, 0);
	assert_int_equal(out.long_us, LATER / 1000 - 1000);
	assert_int_equal(out.none_us, 0);
	assert_int_equal(out.ms, LATER / 1000000 - 10);
	assert_int_equal(out.none_ms, 0);
	assert_int_equal(out.due, (uint32_t)(LATER >> 14) + 10);
	assert_int_equal(out.ahead, (uint32_t)(5100 - LATER / 1000000));
	assert_int_equal(out.inner.a, 0x1234);
	assert_int_equal(out.raw[2], 9);
	assert_ptr_equal(out.stays, &out);
	/* Where the clock had not begun. */
	in = (struct image_in){.at = octets, .left = LEN};
	image_get(&in, &outer_image, &out, 100000);
	assert_int_equal(out.long_us, 1);
}

static void what_is_not_there_or_not_allowed_is_bad(void **state)
{
	uint8_t octets[LEN];
	struct image_in far;
	struct outer out;

	(void)state;
	written(octets);
	for (size_t len = 0; len < LEN; len++) {
		struct image_in in = {.at = octets, .left = len};

		image_get(&in, &outer_image, &out, NOW);
		assert_true(in.bad);
	}
	for (unsigned flag = 0; flag < 4; flag++) {
		struct image_in in = {.at = octets, .left = LEN};

		octets[LEN - 1] = (uint8_t)flag;
		image_get(&in, &outer_image, &out, NOW);
		assert_int_equal(in.bad, flag < 1 || flag > 2);
	}
	written(octets);
	octets[7] = 0x7f; /* ago beyond all time */
	far = (struct image_in){.at = octets, .left = LEN};
	image_get(&far, &outer_image, &out, NOW);
	assert_true(far.bad);
}

/* Beyond the room it is only counted. */
static void an_image_too_large_for_its_room_says_how_large(void **state)
{
	uint8_t octets[LEN] = {0};
	struct image_out o = {.at = octets, .room = 8};

	(void)state;
	image_put(&o, &outer_image, &sample, NOW);
	assert_int_equal(o.len, LEN);
	for (size_t i = 8; i < LEN; i++)
		assert_int_equal(octets[i], 0);
}

static void a_forgotten_field_is_found(void **state)
{
	struct image_field rows[10];
	struct image_table t = {.field = rows, .count = 10, .size = sizeof(struct outer)};

	(void)state;
	assert_true(image_covers(&outer_image));
	assert_true(image_covers(&inner_image));
	memcpy(rows, outer_rows, sizeof(rows));
	rows[2] = rows[3]; /* one twice, one not at all */
	assert_false(image_covers(&t));
	t.count = 9;
	memcpy(rows, outer_rows, sizeof(rows));
	assert_false(image_covers(&t));
}

static void a_layout_is_known_by_its_number(void **state)
{
	struct image_field rows[10];
	struct image_table t = {.field = rows, .count = 10, .size = sizeof(struct outer)};
	uint32_t before = image_layout(&outer_image, 1);

	(void)state;
	memcpy(rows, outer_rows, sizeof(rows));
	assert_int_equal(image_layout(&t, 1), before);
	rows[2].name = "other";
	assert_int_not_equal(image_layout(&t, 1), before);
	memcpy(rows, outer_rows, sizeof(rows));
	rows[2].kind = IMAGE_US;
	assert_int_not_equal(image_layout(&t, 1), before);
	t.count = 9; /* what stays is not in the layout */
	memcpy(rows, outer_rows, sizeof(rows));
	assert_int_equal(image_layout(&t, 1), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_little_endian_and_moments_are_how_long_ago),
		cmocka_unit_test(by_another_clock_moments_lie_as_far_back),
		cmocka_unit_test(what_is_not_there_or_not_allowed_is_bad),
		cmocka_unit_test(an_image_too_large_for_its_room_says_how_large),
		cmocka_unit_test(a_forgotten_field_is_found),
		cmocka_unit_test(a_layout_is_known_by_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
