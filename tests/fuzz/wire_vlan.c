/* SPDX-License-Identifier: BSD-3-Clause */
/* VLAN tags: what a frame is said to be on follows from its tags read one by one, and written again
 * they say the same. */
#include "fuzz.h"
#include "wire/vlan.h"

#define TYPE_AT 12u /* behind the addresses */

static uint16_t word(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* A plain reading of tags that were accepted. */
static void check(const uint8_t *frame, size_t len, const struct vlan *vlan, unsigned bytes)
{
	struct vlan plain = {0};

	FUZZ_CHECK(bytes <= 8 && bytes % 4 == 0 && len >= TYPE_AT + bytes + 2);
	FUZZ_CHECK(!vlan_is_tag(word(frame + TYPE_AT + bytes)));
	for (unsigned at = TYPE_AT; at < TYPE_AT + bytes; at += 4) {
		uint16_t id = word(frame + at + 2) & 0xfff;

		FUZZ_CHECK(vlan_is_tag(word(frame + at)) && id <= VLAN_ID_MAX);
		if (!id)
			continue;
		/* One of a kind, the provider's outside. */
		FUZZ_CHECK(!plain.inner && (word(frame + at) == 0x8100 || !plain.outer));
		*(word(frame + at) == 0x88a8 ? &plain.outer : &plain.inner) = id;
	}
	FUZZ_CHECK(plain.outer == vlan->outer && plain.inner == vlan->inner);
}

static void check_written(const struct vlan *vlan)
{
	uint8_t frame[TYPE_AT + VLAN_TAG_LEN * VLAN_TAGS_MAX + 2] = {0};
	unsigned n = vlan_write(frame + TYPE_AT, vlan), bytes;
	struct vlan again;

	FUZZ_CHECK(n == 4u * (!!vlan->outer + !!vlan->inner));
	FUZZ_CHECK(vlan_parse(frame, TYPE_AT + n + 2, &again, &bytes) == NSK_DROP_NONE);
	FUZZ_CHECK(bytes == n && again.outer == vlan->outer && again.inner == vlan->inner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p;
	struct vlan vlan;
	unsigned bytes;
	enum nsk_drop rc;

	if (size < ETH_HLEN)
		return 0; /* vlan_parse() is asked of nothing shorter */
	p = fuzz_copy(data, size);
	if (!p)
		return 0;
	rc = vlan_parse(p, size, &vlan, &bytes);
	if (rc == NSK_DROP_NONE) {
		check(p, size, &vlan, bytes);
		check_written(&vlan);
	} else {
		FUZZ_CHECK(rc == NSK_DROP_ETH_SHORT || rc == NSK_DROP_ETH_VLAN_DEPTH ||
			   rc == NSK_DROP_ETH_VLAN_UNKNOWN);
		FUZZ_CHECK(vlan_is_tag(word(p + TYPE_AT)));
	}
	fuzz_free(p, size);
	return 0;
}
