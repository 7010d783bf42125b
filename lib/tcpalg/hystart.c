/* SPDX-License-Identifier: BSD-3-Clause */
/* HyStart++; see hystart.h. */
#include "tcpalg/hystart.h"

#include "tcpalg/seq.h"

#define UNIT_US 64u

static uint16_t in_units(uint32_t us)
{
	uint32_t units = us / UNIT_US;

	return (uint16_t)(units < HYSTART_NONE ? units : HYSTART_NONE - 1u);
}

void hystart_init(struct hystart *h)
{
	*h = (struct hystart){
		.last_min = HYSTART_NONE,
		.cur_min = HYSTART_NONE,
		.baseline = HYSTART_NONE,
	};
}

static void start_round(struct hystart *h, uint32_t snd_nxt)
{
	h->last_min = h->cur_min;
	h->cur_min = HYSTART_NONE;
	h->samples = 0;
	h->window_end = snd_nxt;
}

static void take_sample(struct hystart *h, uint32_t rtt_us)
{
	uint16_t rtt = in_units(rtt_us);

	if (rtt < h->cur_min)
		h->cur_min = rtt;
	if (h->samples < UINT8_MAX)
		h->samples++;
}

/* RttThresh: an eighth of the last round's least, within bounds. */
static uint32_t threshold(const struct hystart *h)
{
	uint32_t t = h->last_min / HYSTART_RTT_DIVISOR;
	uint32_t least = HYSTART_MIN_THRESH_US / UNIT_US, most = HYSTART_MAX_THRESH_US / UNIT_US;

	if (t < least)
		return least;
	return t < most ? t : most;
}

static void judge(struct hystart *h)
{
	if (h->samples < HYSTART_SAMPLES || h->cur_min == HYSTART_NONE)
		return;
	if (hystart_css(h)) {
		if (h->cur_min < h->baseline)
			h->baseline = HYSTART_NONE; /* a false alarm */
	} else if (h->last_min != HYSTART_NONE && h->cur_min >= h->last_min + threshold(h)) {
		h->baseline = h->cur_min;
		h->rounds = 0;
	}
}

bool hystart_ack(struct hystart *h, uint32_t rtt_us, uint32_t snd_una, uint32_t snd_nxt)
{
	if (h->window_end == 0 && h->samples == 0 && h->cur_min == HYSTART_NONE)
		start_round(h, snd_nxt);
	if (rtt_us)
		take_sample(h, rtt_us);
	judge(h);
	/* Nobody asked while the window was not used: the round's end may lie anywhere behind. */
	if (snd_una != h->window_end && seq_between(snd_una, h->window_end, snd_nxt))
		return false;
	if (hystart_css(h) && ++h->rounds >= HYSTART_CSS_ROUNDS)
		return true;
	start_round(h, snd_nxt);
	return false;
}
