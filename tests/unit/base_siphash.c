/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/siphash.c: published vectors of 2-4, vectors of 1-3 under the zero key, and the words.
 */
#include "base/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* SipHash-2-4 of the bytes 0, 1, ... n-1 under the key 00 01 .. 0f, for n from 0 to 63. */
static const uint64_t vectors24[64] = {
	UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd), UINT64_C(0x0d6c8009d9a94f5a),
	UINT64_C(0x85676696d7fb7e2d), UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
	UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137), UINT64_C(0x93f5f5799a932462),
	UINT64_C(0x9e0082df0ba9e4b0), UINT64_C(0x7a5dbbc594ddb9f3), UINT64_C(0xf4b32f46226bada7),
	UINT64_C(0x751e8fbc860ee5fb), UINT64_C(0x14ea5627c0843d90), UINT64_C(0xf723ca908e7af2ee),
	UINT64_C(0xa129ca6149be45e5), UINT64_C(0x3f2acc7f57c29bdb), UINT64_C(0x699ae9f52cbe4794),
	UINT64_C(0x4bc1b3f0968dd39c), UINT64_C(0xbb6dc91da77961bd), UINT64_C(0xbed65cf21aa2ee98),
	UINT64_C(0xd0f2cbb02e3b67c7), UINT64_C(0x93536795e3a33e88), UINT64_C(0xa80c038ccd5ccec8),
	UINT64_C(0xb8ad50c6f649af94), UINT64_C(0xbce192de8a85b8ea), UINT64_C(0x17d835b85bbb15f3),
	UINT64_C(0x2f2e6163076bcfad), UINT64_C(0xde4daaaca71dc9a5), UINT64_C(0xa6a2506687956571),
	UINT64_C(0xad87a3535c49ef28), UINT64_C(0x32d892fad841c342), UINT64_C(0x7127512f72f27cce),
	UINT64_C(0xa7f32346f95978e3), UINT64_C(0x12e0b01abb051238), UINT64_C(0x15e034d40fa197ae),
	UINT64_C(0x314dffbe0815a3b4), UINT64_C(0x027990f029623981), UINT64_C(0xcadcd4e59ef40c4d),
	UINT64_C(0x9abfd8766a33735c), UINT64_C(0x0e3ea96b5304a7d0), UINT64_C(0xad0c42d6fc585992),
	UINT64_C(0x187306c89bc215a9), UINT64_C(0xd4a60abcf3792b95), UINT64_C(0xf935451de4f21df2),
	UINT64_C(0xa9538f0419755787), UINT64_C(0xdb9acddff56ca510), UINT64_C(0xd06c98cd5c0975eb),
	UINT64_C(0xe612a3cb9ecba951), UINT64_C(0xc766e62cfcadaf96), UINT64_C(0xee64435a9752fe72),
	UINT64_C(0xa192d576b245165a), UINT64_C(0x0a8787bf8ecb74b2), UINT64_C(0x81b3e73d20b49b6f),
	UINT64_C(0x7fa8220ba3b2ecea), UINT64_C(0x245731c13ca42499), UINT64_C(0xb78dbfaf3a8d83bd),
	UINT64_C(0xea1ad565322a1a0b), UINT64_C(0x60e61c23a3795013), UINT64_C(0x6606d7e446282b93),
	UINT64_C(0x6ca4ecb15c5f91e1), UINT64_C(0x9f626da15c9625f3), UINT64_C(0xe51b38608ef25f57),
	UINT64_C(0x958a324ceb064572),
};

/* SipHash-1-3 of the bytes 0, 1, ... n-1 under the key of zeros, for n from 1 to 24. */
static const uint64_t vectors13[24] = {
	UINT64_C(0x68a914128e01e473), UINT64_C(0x010bac45c41e3669), UINT64_C(0x4d4c9a4a8ef6e0ad),
	UINT64_C(0x7cc43f98813e4dbd), UINT64_C(0x5abe2169dff36275), UINT64_C(0xe3c25f87624f1cdb),
	UINT64_C(0x2f098ab0c751325a), UINT64_C(0xead411e67ebe2eea), UINT64_C(0x75927f9d95124362),
	UINT64_C(0xaf9f77a65ab51a1d), UINT64_C(0xfe64ce8b6617fcff), UINT64_C(0xa6baf4fb0f9fe1c2),
	UINT64_C(0xa0cf3211850f8e0d), UINT64_C(0x7f86049379fbfe67), UINT64_C(0xf30eb725bb91c9ea),
	UINT64_C(0x8972188433a5c5b7), UINT64_C(0x4883c49a2c009c1d), UINT64_C(0xadc2c0b63044067d),
	UINT64_C(0x091f4a3329f87d19), UINT64_C(0x639e355ae68c0100), UINT64_C(0xb17bef2cb5213239),
	UINT64_C(0xf8aeb1066236ccfe), UINT64_C(0x37332b1389daa4ff), UINT64_C(0x31185a47af932f3a),
};

static void siphash24_gives_the_published_vectors(void **state)
{
	const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t data[64];

	(void)state;
	for (size_t n = 0; n < sizeof(data); n++)
		data[n] = (uint8_t)n;
	for (size_t n = 0; n < 64; n++)
		assert_int_equal(siphash24(&key, data, n), vectors24[n]);
	/* At an odd address too. */
	memmove(data + 1, data, 63);
	assert_int_equal(siphash24(&key, data + 1, 63), vectors24[63]);
}

static void siphash13_gives_its_vectors(void **state)
{
	const struct siphash_key key = {0, 0};
	uint8_t data[24];

	(void)state;
	for (size_t n = 0; n < sizeof(data); n++)
		data[n] = (uint8_t)n;
	for (size_t n = 1; n <= 24; n++)
		assert_int_equal(siphash13(&key, data, n), vectors13[n - 1]);
}

static void words_hash_as_their_bytes(void **state)
{
	struct siphash_key key;
	struct rng r;

	(void)state;
	rng_seed(&r, 1);
	for (int i = 0; i < 1000; i++) {
		uint64_t w[5], le[5];

		key.k0 = rng_u64(&r);
		key.k1 = rng_u64(&r);
		for (int k = 0; k < 5; k++) {
			w[k] = rng_u64(&r);
			for (int b = 0; b < 8; b++)
				((uint8_t *)&le[k])[b] = (uint8_t)(w[k] >> 8 * b);
		}
		for (size_t n = 0; n <= 5; n++)
			assert_int_equal(siphash13_words(&key, w, n), siphash13(&key, le, n * 8));
		assert_int_equal(siphash13_1w(&key, w[0]), siphash13(&key, le, 8));
		assert_int_equal(siphash24_12b(&key, w[0], (uint32_t)w[1]),
				 siphash24(&key, le, 12));
		assert_int_equal(siphash13_2w(&key, w[0], w[1]), siphash13(&key, le, 16));
		assert_int_equal(siphash13_5w(&key, w[0], w[1], w[2], w[3], w[4]),
				 siphash13(&key, le, 40));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash24_gives_the_published_vectors),
		cmocka_unit_test(siphash13_gives_its_vectors),
		cmocka_unit_test(words_hash_as_their_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
