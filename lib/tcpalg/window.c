/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows of both directions; see window.h. */
#include "tcpalg/window.h"

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

bool window_update_due(const struct window *w, uint32_t rcv_nxt, uint32_t space, uint32_t bufsize,
		       uint32_t mss)
{
	uint32_t cur = window_rcv_wnd(w, rcv_nxt);
	uint32_t gain = window_select(w, rcv_nxt, space, bufsize, mss) - cur;

	return gain != 0 && (gain >= bufsize / 4 || cur < 2 * mss);
}

uint32_t nagle_sendable(const struct nagle *s)
{
	uint32_t n = min_u32(s->queued, s->usable);
	bool small = s->nodelay || !s->unacked; /* Nagle would let a small segment go */

	if (n == s->queued && small && !s->more)
		return n; /* (2): everything, pushed */
	if (n >= s->mss)
		return n - n % s->mss; /* (1) */
	if (n != 0 && ((small && n >= s->max_wnd / 2) || s->override_due))
		return n; /* (3), (4) */
	return 0;
}

uint32_t window_probe_us(uint32_t rto_us, unsigned n, uint32_t max_us)
{
	while (n-- != 0 && rto_us < max_us)
		rto_us = rto_us > max_us / 2 ? max_us : rto_us * 2;
	return min_u32(rto_us, max_us);
}
