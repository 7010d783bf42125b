/* SPDX-License-Identifier: BSD-3-Clause */
/* What every fuzz target needs: an input buffer of exact size, and checks that stop the fuzzer. */
#ifndef NSK_TESTS_FUZZ_FUZZ_H
#define NSK_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold whatever the input; never compiled out. */
#define FUZZ_CHECK(cond)                                                                         \
	do {                                                                                     \
		if (!(cond)) {                                                                   \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #cond); \
			abort();                                                                 \
		}                                                                                \
	} while (0)

/* A copy of the input in a heap block of exactly its size: a read past the end is caught. */
static inline uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t *p = malloc(size);

	if (size == 0) {
		/* ASan rounds 0 up to a byte; leave none that may be read. */
		free(p);
		p = malloc(1);
		return p ? p + 1 : NULL;
	}
	if (p)
		memcpy(p, data, size);
	return p;
}

/* The same of what stands behind two bytes that say what comes with it; NULL: too short. */
static inline uint8_t *fuzz_copy_behind_two(const uint8_t *data, size_t size, size_t *len)
{
	if (size < 3)
		return NULL;
	*len = size - 2;
	return fuzz_copy(data + 2, *len);
}

static inline void fuzz_free(uint8_t *p, size_t size)
{
	free(size == 0 && p ? p - 1 : p);
}

#endif /* NSK_TESTS_FUZZ_FUZZ_H */
