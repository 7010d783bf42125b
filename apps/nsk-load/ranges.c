/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/ranges.h"

static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static void take_out(struct ranges *r, uint32_t i)
{
	for (r->count--; i < r->count; i++)
		r->range[i] = r->range[i + 1];
}

bool ranges_add(struct ranges *r, uint32_t start, uint32_t end)
{
	for (uint32_t i = 0; i < r->count;) {
		uint32_t s = r->range[i].start, e = r->range[i].end;

		if (before(end, s) || before(e, start)) {
			i++;
			continue;
		}
		start = before(s, start) ? s : start;
		end = before(end, e) ? e : end;
		take_out(r, i);
	}
	if (r->count == RANGES_MAX)
		return false;
	for (uint32_t i = r->count++; i > 0; i--)
		r->range[i] = r->range[i - 1];
	r->range[0].start = start;
	r->range[0].end = end;
	return true;
}

uint32_t ranges_advance(struct ranges *r, uint32_t next)
{
	for (uint32_t i = 0; i < r->count;) {
		if (before(next, r->range[i].start)) {
			i++;
			continue;
		}
		if (before(next, r->range[i].end))
			next = r->range[i].end;
		take_out(r, i);
	}
	return next;
}
