/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows of both directions; see window.h. */
#include "tcpalg/window.h"

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t window_select(const struct window *w, uint32_t rcv_nxt, uint32_t space, uint32_t bufsize,
		       uint32_t mss)
{
	uint32_t cur = window_rcv_wnd(w, rcv_nxt);
	uint32_t step = min_u32(bufsize / 2, mss);
	uint32_t most = (uint32_t)UINT16_MAX << w->rcv_shift;
	uint32_t wnd = min_u32(space, most) >> w->rcv_shift << w->rcv_shift;

	return wnd > cur && wnd - cur >= step ? wnd : cur;
}

uint16_t window_advertise(struct window *w, uint32_t rcv_nxt, uint32_t space, uint32_t bufsize,
			  uint32_t mss, bool syn)
{
	uint32_t unit = 1u << w->rcv_shift, wnd, field;

	if (syn) {
		wnd = min_u32(space, UINT16_MAX);
		w->rcv_adv = seq_max(w->rcv_adv, rcv_nxt + wnd);
		return (uint16_t)wnd;
	}
	wnd = window_select(w, rcv_nxt, space, bufsize, mss);
	field = wnd >> w->rcv_shift;
	if ((wnd & (unit - 1)) != 0 && wnd - (wnd & (unit - 1)) + unit <= space)
		field++;
	field = min_u32(field, UINT16_MAX);
	w->rcv_adv = seq_max(w->rcv_adv, rcv_nxt + (field << w->rcv_shift));
	return (uint16_t)field;
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
