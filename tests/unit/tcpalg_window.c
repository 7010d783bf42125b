/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/window.c: silly windows on both sides, edges that stay, probes. */
#include "tcpalg/window.h"
#include "tcpalg_test.h"

#define MSS 1000u
#define BUF 65536u

static void rfc7323_2_2_smallest_shift_that_fits(void **state)
{
	(void)state;
	assert_int_equal(window_shift_for(0), 0);
	assert_int_equal(window_shift_for(65535), 0);
	assert_int_equal(window_shift_for(65536), 1);
	assert_int_equal(window_shift_for(131070), 1);
	assert_int_equal(window_shift_for(131071), 2);
	assert_int_equal(window_shift_for(6291456), 7);
	assert_int_equal(window_shift_for(UINT64_C(65535) << 14), 14);
	assert_int_equal(window_shift_for(UINT64_MAX), 14);
}

static void rfc7323_2_3_larger_shifts_read_as_14(void **state)
{
	(void)state;
	assert_int_equal(window_shift_clamp(0), 0);
	assert_int_equal(window_shift_clamp(14), 14);
	assert_int_equal(window_shift_clamp(15), 14);
	assert_int_equal(window_shift_clamp(255), 14);
}

static void rfc9293_3_8_6_2_2_small_steps_are_not_advertised(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t nxt = tcpalg_origins[i];
		struct window w = {0};

		window_start(&w, nxt);
		assert_int_equal(window_advertise(&w, nxt, 10 * MSS, BUF, MSS, false), 10 * MSS);
		assert_int_equal(w.rcv_adv, nxt + 10 * MSS);
		/* 999 octets arrived and were read: the edge waits. */
		nxt += MSS - 1;
		assert_int_equal(window_select(&w, nxt, 10 * MSS, BUF, MSS), 9 * MSS + 1);
		/* One more: it moves. */
		nxt += 1;
		assert_int_equal(window_select(&w, nxt, 10 * MSS, BUF, MSS), 10 * MSS);
		/* Half of a small buffer is enough. */
		assert_int_equal(window_select(&w, nxt, 9 * MSS + 50, 100, MSS), 9 * MSS + 50);
		assert_int_equal(window_select(&w, nxt, 9 * MSS + 49, 100, MSS), 9 * MSS);
	}
}

static void rfc9293_3_8_6_the_edge_never_moves_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t nxt = tcpalg_origins[i];
		struct window w = {0};

		window_start(&w, nxt);
		window_advertise(&w, nxt, 10 * MSS, BUF, MSS, false);
		assert_int_equal(window_advertise(&w, nxt, 5 * MSS, BUF, MSS, false), 10 * MSS);
		nxt += 4 * MSS;
		assert_int_equal(window_advertise(&w, nxt, 0, BUF, MSS, false), 6 * MSS);
		assert_int_equal(window_rcv_wnd(&w, nxt), 6 * MSS);
		nxt += 6 * MSS;
		assert_int_equal(window_advertise(&w, nxt, 0, BUF, MSS, false), 0);
		assert_int_equal(window_rcv_wnd(&w, nxt), 0);
	}
}

static void rfc7323_2_2_syn_is_not_scaled(void **state)
{
	struct window w = {.rcv_shift = 7};

	(void)state;
	window_start(&w, 100);
	assert_int_equal(window_advertise(&w, 100, 1u << 20, 1u << 20, MSS, true), 65535);
	assert_int_equal(w.rcv_adv, 100 + 65535);
	assert_int_equal(window_advertise(&w, 100, 5000, 1u << 20, MSS, true), 5000);
	/* The first scaled one does not take back what the SYN offered. */
	assert_int_equal(window_advertise(&w, 100, 66000, 1u << 20, MSS, false), 512);
	assert_int_equal(window_advertise(&w, 100, 1u << 20, 1u << 20, MSS, false), 8192);
	/* More than the field can say. */
	assert_int_equal(window_select(&w, 100, 1u << 30, 1u << 30, MSS), 65535u << 7);
	assert_int_equal(window_advertise(&w, 100, 1u << 30, 1u << 30, MSS, false), 65535);
	assert_int_equal(w.rcv_adv, 100 + (65535u << 7));
}

/* Any reader, any segments: the rules, octet by octet. */
static void rfc7323_appendix_f_edges_under_scaling(void **state)
{
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 8);
	for (int round = 0; round < 2000; round++) {
		uint8_t shift = (uint8_t)rng_below(&rng, 15);
		uint32_t unit = 1u << shift, buf = unit * rng_range(&rng, 4, 60000);
		uint32_t nxt = rng_u32(&rng), held = 0, edge = nxt, adv;
		struct window w = {.rcv_shift = shift};

		window_start(&w, nxt);
		for (int op = 0; op < 60; op++) {
			uint32_t space = buf > held ? buf - held : 0, wnd, got;

			adv = w.rcv_adv;
			wnd = (uint32_t)window_advertise(&w, nxt, space, buf, MSS, false) << shift;
			assert_true(seq_geq(w.rcv_adv, adv));
			assert_true(seq_leq(nxt + wnd, w.rcv_adv));
			/* The wire's edge moves back only in a full buffer, by less than a unit. */
			if (seq_lt(nxt + wnd, edge)) {
				assert_true(wnd + unit > space);
				assert_in_range(edge - (nxt + wnd), 1, unit - 1);
			}
			edge = seq_max(edge, nxt + wnd);
			/* Nothing is offered that does not fit, beyond what was offered before. */
			assert_true(wnd <= space || seq_leq(nxt + wnd, adv));
			got = rng_below(&rng, 4) ? rng_below(&rng, wnd + 1)
						 : rng_below(&rng, wnd < 10 ? wnd + 1 : 10);
			nxt += got;
			held += got;
			assert_true(held <= buf);
			held -= rng_below(&rng, 3) ? 0 : rng_below(&rng, held + 1);
		}
	}
}

static void a_window_update_goes_when_it_matters(void **state)
{
	struct window w = {0};

	(void)state;
	window_start(&w, 0);
	window_advertise(&w, 0, 40000, 40000, MSS, false);
	assert_false(window_update_due(&w, 5000, 40000, 40000, MSS));
	assert_true(window_update_due(&w, 10000, 40000, 40000, MSS)); /* a quarter */
	/* A peer that is stuck, or nearly so, hears of the first step. */
	assert_false(window_update_due(&w, 40000, 999, 40000, MSS));
	assert_true(window_update_due(&w, 40000, 1000, 40000, MSS));
	assert_true(window_update_due(&w, 38001, 3000, 40000, MSS));
	assert_false(window_update_due(&w, 38000, 3000, 40000, MSS));
}

static void rfc9293_3_10_7_4_wl1_and_wl2(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t wl1 = tcpalg_origins[i], wl2 = ~wl1;

		assert_true(window_snd_fresh(wl1, wl2, wl1 + 1, wl2 - 5));
		assert_true(window_snd_fresh(wl1, wl2, wl1, wl2));
		assert_true(window_snd_fresh(wl1, wl2, wl1, wl2 + 1));
		assert_false(window_snd_fresh(wl1, wl2, wl1, wl2 - 1));
		assert_false(window_snd_fresh(wl1, wl2, wl1 - 1, wl2 + 1));
	}
}

static void what_the_peer_offers(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t una = tcpalg_origins[i];
		struct window w = {.snd_shift = 3};

		window_snd_set(&w, 500, true);
		assert_int_equal(w.snd_wnd, 500);
		window_snd_set(&w, 500, false);
		assert_int_equal(w.snd_wnd, 4000);
		assert_int_equal(w.max_wnd, 4000);
		assert_int_equal(window_usable(&w, una, una), 4000);
		assert_int_equal(window_usable(&w, una, una + 3999), 1);
		assert_int_equal(window_usable(&w, una, una + 4000), 0);
		window_snd_set(&w, 100, false); /* it shrank below what is in flight */
		assert_int_equal(window_usable(&w, una, una + 4000), 0);
		assert_int_equal(w.max_wnd, 4000);
		w.snd_shift = 14;
		window_snd_set(&w, 65535, false);
		assert_int_equal(w.snd_wnd, 65535u << 14);
	}
}

static void rfc9293_3_8_6_2_1_sender(void **state)
{
	static const struct {
		struct nagle s;
		uint32_t want;
	} rows[] = {
		/* (1) full segments always go; more than one in one piece */
		{{.queued = MSS, .usable = MSS, .unacked = true}, MSS},
		{{.queued = 5 * MSS + 1, .usable = 9 * MSS, .unacked = true}, 5 * MSS},
		{{.queued = 9 * MSS, .usable = 5 * MSS + 1, .unacked = true}, 5 * MSS},
		{{.queued = 9 * MSS, .usable = 5 * MSS + 1, .nodelay = true}, 5 * MSS},
		/* (2) everything there is, pushed */
		{{.queued = 1, .usable = MSS}, 1},
		{{.queued = 5 * MSS + 1, .usable = 9 * MSS}, 5 * MSS + 1},
		{{.queued = 1, .usable = 1}, 1},
		/* RFC 9293 section 3.7.4, Nagle: not while something is unacknowledged */
		{{.queued = 1, .usable = MSS, .unacked = true}, 0},
		{{.queued = 1, .usable = MSS, .unacked = true, .nodelay = true}, 1},
		{{.queued = MSS - 1, .usable = MSS, .unacked = true}, 0},
		/* held back by the application */
		{{.queued = 1, .usable = MSS, .more = true}, 0},
		{{.queued = 1, .usable = MSS, .nodelay = true, .more = true}, 0},
		{{.queued = 2 * MSS + 1, .usable = 9 * MSS, .more = true}, 2 * MSS},
		/* (3) half of the largest window that there ever was */
		{{.queued = 300, .usable = 200, .max_wnd = 400}, 200},
		{{.queued = 300, .usable = 199, .max_wnd = 400}, 0},
		{{.queued = 300, .usable = 200, .max_wnd = 400, .unacked = true}, 0},
		{{.queued = 300, .usable = 200, .max_wnd = 400, .unacked = true, .nodelay = true},
		 200},
		/* (4) the override timer */
		{{.queued = 300, .usable = 1, .max_wnd = 4000, .override_due = true}, 1},
		{{.queued = 1, .usable = 9, .unacked = true, .override_due = true}, 1},
		/* nothing to send, or nowhere to */
		{{.queued = 0, .usable = MSS, .override_due = true}, 0},
		{{.queued = MSS, .usable = 0, .override_due = true}, 0},
		{{.queued = MSS, .usable = 0, .nodelay = true}, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nagle s = rows[i].s;

		s.mss = MSS;
		if (s.max_wnd == 0)
			s.max_wnd = 64 * MSS;
		if (nagle_sendable(&s) != rows[i].want)
			fail_msg("row %zu: %u, not %u", i, nagle_sendable(&s), rows[i].want);
		assert_int_equal(nagle_may_send(&s), rows[i].want != 0);
	}
}

static void rfc9293_3_8_6_1_probes_back_off(void **state)
{
	(void)state;
	assert_int_equal(window_probe_us(200000, 0, 120000000), 200000);
	assert_int_equal(window_probe_us(200000, 1, 120000000), 400000);
	assert_int_equal(window_probe_us(200000, 9, 120000000), 102400000);
	assert_int_equal(window_probe_us(200000, 10, 120000000), 120000000);
	assert_int_equal(window_probe_us(200000, UINT32_MAX, 120000000), 120000000);
	assert_int_equal(window_probe_us(200000000, 0, 120000000), 120000000);
	assert_int_equal(window_probe_us(0x90000000, 3, UINT32_MAX), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7323_2_2_smallest_shift_that_fits),
		cmocka_unit_test(rfc7323_2_3_larger_shifts_read_as_14),
		cmocka_unit_test(rfc9293_3_8_6_2_2_small_steps_are_not_advertised),
		cmocka_unit_test(rfc9293_3_8_6_the_edge_never_moves_back),
		cmocka_unit_test(rfc7323_2_2_syn_is_not_scaled),
		cmocka_unit_test(rfc7323_appendix_f_edges_under_scaling),
		cmocka_unit_test(a_window_update_goes_when_it_matters),
		cmocka_unit_test(rfc9293_3_10_7_4_wl1_and_wl2),
		cmocka_unit_test(what_the_peer_offers),
		cmocka_unit_test(rfc9293_3_8_6_2_1_sender),
		cmocka_unit_test(rfc9293_3_8_6_1_probes_back_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
