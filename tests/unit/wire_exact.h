/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers of exact size for tests of decoders: the last byte lies in front of a page that nobody
 * may read, so that a read past the end ends the test in any build, sanitizer or not.
 */
#ifndef NSK_TESTS_UNIT_WIRE_EXACT_H
#define NSK_TESTS_UNIT_WIRE_EXACT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXACT_MAX 4096

/* A copy of @len <= EXACT_MAX bytes, valid until the next call. Any alignment may come out. */
static inline uint8_t *exact_copy(const void *data, size_t len)
{
	static uint8_t *guard;

	if (!guard) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		size_t room = (EXACT_MAX + page - 1) / page * page;
		void *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (map == MAP_FAILED || mprotect((uint8_t *)map + room, page, PROT_NONE))
			abort();
		guard = (uint8_t *)map + room;
	}
	if (len > EXACT_MAX)
		abort();
	if (len)
		memcpy(guard - len, data, len);
	return guard - len;
}

#endif /* NSK_TESTS_UNIT_WIRE_EXACT_H */
