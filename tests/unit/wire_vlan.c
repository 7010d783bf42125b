/* SPDX-License-Identifier: BSD-3-Clause */
/* VLAN tags: which a frame has, of every length and kind; nothing beyond its end is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "wire/vlan.h"

#define Q  0x8100
#define AD 0x88a8
#define IP 0x0800

/* Types and tags by turns, the last a type: in a block of exactly their size. */
static enum nsk_drop parse(const uint16_t *words, unsigned n, size_t cut, struct vlan *vlan,
			   unsigned *bytes)
{
	size_t len = 12 + 2 * n - cut;
	uint8_t *frame = calloc(1, len);
	enum nsk_drop rc;

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < 2; k++)
			if (12 + 2 * i + k < len)
				frame[12 + 2 * i + k] = (uint8_t)(words[i] >> (k ? 0 : 8));
	rc = vlan_parse(frame, len, vlan, bytes);
	free(frame);
	return rc;
}

static void tags_tell_the_vlan_8021Q_9_6(void **state)
{
	static const struct {
		uint16_t words[7];
		unsigned n;
		enum nsk_drop rc;
		uint16_t outer, inner;
	} cases[] = {
		{{IP}, 1, 0, 0, 0},
		{{Q, 100, IP}, 3, 0, 0, 100},
		{{Q, 0xe000 | 100, IP}, 3, 0, 0, 100}, /* priority 7 */
		{{Q, 0x1000 | 100, IP}, 3, 0, 0, 100}, /* may be dropped */
		{{Q, 0, IP}, 3, 0, 0, 0},	       /* priority alone */
		{{Q, 0xa000, IP}, 3, 0, 0, 0},
		{{Q, 1, IP}, 3, 0, 0, 1},
		{{Q, 4094, IP}, 3, 0, 0, 4094},
		{{Q, 4095, IP}, 3, NSK_DROP_ETH_VLAN_UNKNOWN, 0, 0},
		{{AD, 10, IP}, 3, 0, 10, 0},
		{{AD, 10, Q, 100, IP}, 5, 0, 10, 100},
		{{AD, 10, Q, 0, IP}, 5, 0, 10, 0},
		{{AD, 0, Q, 100, IP}, 5, 0, 0, 100},
		{{Q, 0, Q, 100, IP}, 5, 0, 0, 100},
		{{Q, 100, Q, 0, IP}, 5, 0, 0, 100},
		{{Q, 100, Q, 100, IP}, 5, NSK_DROP_ETH_VLAN_UNKNOWN, 0, 0},
		{{Q, 100, AD, 10, IP}, 5, NSK_DROP_ETH_VLAN_UNKNOWN, 0, 0},
		{{AD, 10, AD, 100, IP}, 5, NSK_DROP_ETH_VLAN_UNKNOWN, 0, 0},
		{{AD, 10, Q, 100, Q, 1, IP}, 7, NSK_DROP_ETH_VLAN_DEPTH, 0, 0},
		{{Q, 0, Q, 0, Q, 0, IP}, 7, NSK_DROP_ETH_VLAN_DEPTH, 0, 0},
	};

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(cases); i++) {
		struct vlan vlan;
		unsigned bytes = 99;

		assert_int_equal(parse(cases[i].words, cases[i].n, 0, &vlan, &bytes), cases[i].rc);
		if (cases[i].rc)
			continue;
		assert_int_equal(vlan.outer, cases[i].outer);
		assert_int_equal(vlan.inner, cases[i].inner);
		assert_int_equal(bytes, 2 * (cases[i].n - 1));
	}
}

/* A tag that is cut off, at each octet. */
static void what_is_cut_off_is_short(void **state)
{
	static const uint16_t words[] = {AD, 10, Q, 100, IP};
	struct vlan vlan;
	unsigned bytes;

	(void)state;
	for (size_t cut = 1; cut <= 8; cut++)
		assert_int_equal(parse(words, 5, cut, &vlan, &bytes), NSK_DROP_ETH_SHORT);
}

static void what_is_written_is_read(void **state)
{
	static const struct vlan vlans[] = {{0, 1}, {0, 4094}, {1, 1}, {4094, 17}};

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(vlans); i++) {
		uint8_t frame[12 + 8 + 2] = {0};
		unsigned n = vlan_write(frame + 12, &vlans[i]), bytes;
		struct vlan read;

		assert_int_equal(n, vlans[i].outer ? 8 : 4);
		frame[12 + n] = 8;
		assert_int_equal(vlan_parse(frame, 12 + n + 2, &read, &bytes), 0);
		assert_int_equal(bytes, n);
		assert_memory_equal(&read, &vlans[i], sizeof(read));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_tell_the_vlan_8021Q_9_6),
		cmocka_unit_test(what_is_cut_off_is_short),
		cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
