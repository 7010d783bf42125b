/* SPDX-License-Identifier: BSD-3-Clause */
/* The routes of 16 bits and less of a flat index; see fib_wide.h. */
#include "net/fib_wide.h"

#include <errno.h>

#define BY16_BYTES (sizeof(uint32_t) << 16)

int fib_wide_init(struct fib_wide *w, struct mem *mem)
{
	*w = (struct fib_wide){.mem = mem, .by16 = mem_reserve(mem, BY16_BYTES)};
	return w->by16 ? 0 : -ENOMEM;
}

void fib_wide_fini(struct fib_wide *w)
{
	mem_unreserve(w->mem, w->by16, BY16_BYTES);
	w->by16 = NULL;
}

static void change(struct fib_wide *w, uint32_t top, unsigned len, struct fib_change c)
{
	fib_change_many(&w->by16[top], UINT32_C(1) << (16 - len), &c);
}

void fib_wide_set(struct fib_wide *w, uint32_t top, unsigned len, uint32_t number)
{
	if (len)
		change(w, top, len, fib_change_set(len, number));
	else
		fib_store(&w->all, number);
}

void fib_wide_clear(struct fib_wide *w, uint32_t top, unsigned len, unsigned under_len,
		    uint32_t under_number)
{
	uint32_t under = under_len ? fib_entry(under_len, under_number) : 0;

	if (len)
		change(w, top, len, fib_change_clear(len, under));
	else
		fib_store(&w->all, 0);
}
