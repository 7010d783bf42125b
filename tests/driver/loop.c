/* SPDX-License-Identifier: BSD-3-Clause */
/* The in-process wire and the ports at its ends, under virtual time. */
#include "ports.h"

#include <netstk/port.h>
#include <pthread.h>
#include <sched.h>

/* What seed 7 does in stormy(). */
#define STORM_LOST	 1023
#define STORM_DUPLICATED 590
#define STORM_CORRUPTED	 391
#define STORM_REORDERED	 776

struct wired {
	struct nsk_wire *wire;
	struct pkt_pool *pool[2];
	struct port *port[2];
};

static void wired_up(struct wired *w, const struct nsk_wire_params *ab, uint32_t mtu, uint32_t room)
{
	static const char *const names[] = {"end0", "end1"};

	w->wire = nsk_wire_create(ab, NULL, mtu);
	assert_non_null(w->wire);
	for (unsigned end = 0; end < 2; end++) {
		w->pool[end] = pool_new(names[end], 512, room, false);
		assert_non_null(w->pool[end]);
		assert_int_equal(port_open_object("loop", w->wire, end, &w->port[end]), 0);
		assert_int_equal(port_start_with(w->port[end], w->pool[end], mtu), 0);
	}
}

static void wired_down(struct wired *w)
{
	for (unsigned end = 0; end < 2; end++) {
		w->port[end]->ops->stop(w->port[end]);
		w->port[end]->ops->close(w->port[end]);
		assert_int_equal(pkt_pool_destroy(w->pool[end]), 0);
	}
	nsk_wire_destroy(w->wire);
}

/* Receives everything that is there at end 1; adds up, and mixes what came when into a hash. */
struct taken {
	uint64_t hash;
	unsigned frames, bad, disordered;
	uint32_t last;
};

static void take_all(struct wired *w, uint64_t now_ns, struct taken *t)
{
	struct rte_mbuf *m;

	while ((m = frame_recv(w->port[1], now_ns)) != NULL) {
		t->disordered += t->frames && frame_number(m) < t->last;
		t->last = frame_number(m);
		t->frames++;
		t->bad += frame_bad_bytes(m) || !frame_is_ours(m);
		t->hash = (t->hash ^ (now_ns + t->last + frame_bad_bytes(m))) *
			  UINT64_C(0x100000001b3);
		rte_pktmbuf_free(m);
	}
}

/* Runs the wire's clock from due time to due time until nothing is on the way. */
static void run_dry(struct wired *w, struct taken *t)
{
	uint64_t next;

	while ((next = w->port[1]->ops->next_ns(w->port[1], 0)) != UINT64_MAX)
		take_all(w, next, t);
}

static void a_perfect_wire_delivers_all_in_order_and_at_once(void **state)
{
	struct taken t = {0};
	struct port_stats st;
	struct wired w;

	(void)state;
	wired_up(&w, NULL, 1500, 2048);
	assert_int_equal(w.port[1]->ops->next_ns(w.port[1], 0), UINT64_MAX);
	for (uint32_t n = 0; n < 10000; n++) {
		assert_true(frame_send(w.port[0], w.pool[0], n, n, 18 + n % 1497));
		assert_int_equal(w.port[1]->ops->next_ns(w.port[1], 0), 0);
		if (n % 50 == 49)
			take_all(&w, n, &t);
	}
	assert_int_equal(t.frames, 10000);
	assert_int_equal(t.bad, 0);
	assert_int_equal(t.disordered, 0);
	w.port[0]->ops->stats(w.port[0], &st);
	assert_int_equal(st.tx_packets, 10000);
	w.port[1]->ops->stats(w.port[1], &st);
	assert_int_equal(st.rx_packets, 10000);
	wired_down(&w);
}

static void frames_longer_than_a_buffer_come_as_chains(void **state)
{
	struct taken t = {0};
	struct rte_mbuf *m;
	struct wired w;

	(void)state;
	wired_up(&w, NULL, 65535, 1000);
	assert_true(frame_send(w.port[0], w.pool[0], 0, 1, 65549));
	m = frame_recv(w.port[1], 0);
	assert_non_null(m);
	assert_int_equal(m->nb_segs, 66);
	assert_int_equal(m->pkt_len, 65549);
	assert_int_equal(frame_bad_bytes(m), 0);
	rte_mbuf_sanity_check(m, 1);
	rte_pktmbuf_free(m);
	/* A frame of two buffers and one of one, in one burst. */
	assert_true(frame_send(w.port[0], w.pool[0], 0, 2, 1001));
	assert_true(frame_send(w.port[0], w.pool[0], 0, 3, 1000));
	take_all(&w, 0, &t);
	assert_int_equal(t.frames, 2);
	assert_int_equal(t.bad, 0);
	wired_down(&w);
}

static void a_frame_longer_than_the_mtu_allows_is_dropped_and_counted(void **state)
{
	struct port_stats st;
	struct wired w;

	(void)state;
	wired_up(&w, NULL, 1500, 2048);
	assert_true(frame_send(w.port[0], w.pool[0], 0, 1, 1522));
	assert_true(frame_send(w.port[0], w.pool[0], 0, 2, 1523));
	w.port[0]->ops->stats(w.port[0], &st);
	assert_int_equal(st.tx_packets, 1);
	assert_int_equal(st.tx_unfit, 1);
	wired_down(&w);
}

static void a_full_queue_drops_what_comes_on_top(void **state)
{
	struct nsk_wire_params p = {.queue_packets = 10};
	struct nsk_wire_stats ws;
	struct taken t = {0};
	struct wired w;

	(void)state;
	wired_up(&w, &p, 1500, 2048);
	for (uint32_t n = 0; n < 25; n++)
		assert_true(frame_send(w.port[0], w.pool[0], 0, n, 100));
	take_all(&w, 0, &t);
	assert_int_equal(t.frames, 10);
	assert_int_equal(t.last, 9);
	nsk_wire_stats(w.wire, 0, &ws);
	assert_int_equal(ws.packets, 10);
	assert_int_equal(ws.bytes, 1000);
	assert_int_equal(ws.queue_full, 15);
	assert_int_equal(ws.delivered, 10);
	wired_down(&w);
}

static void without_a_buffer_the_frame_is_dropped_and_counted(void **state)
{
	struct rte_mbuf *all[512];
	struct taken t = {0};
	struct port_stats st;
	struct wired w;

	(void)state;
	wired_up(&w, NULL, 1500, 2048);
	unsigned left = 0;
	while ((all[left] = rte_pktmbuf_alloc(w.pool[1]->mp)) != NULL)
		left++;
	rte_pktmbuf_free(all[--left]);
	for (uint32_t n = 0; n < 3; n++)
		assert_true(frame_send(w.port[0], w.pool[0], 0, n, 100));
	struct rte_mbuf *got[4];
	assert_int_equal(w.port[1]->ops->rx_burst(w.port[1], 0, 0, got, 4), 1);
	assert_int_equal(frame_number(got[0]), 0);
	rte_pktmbuf_free(got[0]);
	rte_pktmbuf_free_bulk(all, left);
	take_all(&w, 0, &t);
	assert_int_equal(t.frames, 0);
	w.port[1]->ops->stats(w.port[1], &st);
	assert_int_equal(st.rx_nobuf, 2);
	wired_down(&w);
}

static void delay_is_kept_to_the_nanosecond(void **state)
{
	struct nsk_wire_params p = {.delay_ns = 20 * MS};
	struct taken t = {0};
	struct wired w;

	(void)state;
	wired_up(&w, &p, 1500, 2048);
	assert_true(frame_send(w.port[0], w.pool[0], 1000, 1, 100));
	assert_int_equal(w.port[1]->ops->next_ns(w.port[1], 0), 1000 + 20 * MS);
	take_all(&w, 1000 + 20 * MS - 1, &t);
	assert_int_equal(t.frames, 0);
	take_all(&w, 1000 + 20 * MS, &t);
	assert_int_equal(t.frames, 1);
	assert_int_equal(w.port[1]->ops->next_ns(w.port[1], 0), UINT64_MAX);
	wired_down(&w);
}

static void a_rate_is_kept_and_shown_as_the_links(void **state)
{
	struct nsk_wire_params p = {.rate_bps = 100000000, .delay_ns = MS};
	struct port_link link;
	struct taken t = {0};
	uint64_t last = 0, next;
	struct wired w;

	(void)state;
	wired_up(&w, &p, 1500, 2048);
	for (uint32_t n = 0; n < 100; n++)
		assert_true(frame_send(w.port[0], w.pool[0], 0, n, 1250));
	while ((next = w.port[1]->ops->next_ns(w.port[1], 0)) != UINT64_MAX) {
		/* 1,250 bytes at 100 Mbit/s: 100 us each. */
		last += 100000;
		assert_int_equal(next, last + MS);
		take_all(&w, next, &t);
	}
	assert_int_equal(t.frames, 100);
	w.port[0]->ops->link(w.port[0], &link);
	assert_int_equal(link.mbps, 100);
	wired_down(&w);
}

static void a_packet_held_back_is_overtaken(void **state)
{
	struct nsk_wire_params p = {.reorder_ppm = 500000, .reorder_ns = 5 * MS, .seed = 1};
	struct nsk_wire_stats ws;
	struct taken t = {0};
	struct wired w;

	(void)state;
	wired_up(&w, &p, 1500, 2048);
	for (uint32_t n = 0; n < 100; n++)
		assert_true(frame_send(w.port[0], w.pool[0], n * MS, n, 100));
	run_dry(&w, &t);
	nsk_wire_stats(w.wire, 0, &ws);
	assert_int_equal(t.frames, 100);
	assert_true(ws.reordered > 30 && ws.reordered < 70);
	assert_true(t.disordered > 10);
	wired_down(&w);
}

/* All faults at once, 20,000 frames, and what must add up in any case. */
static uint64_t stormy(uint64_t seed, struct nsk_wire_stats *ws)
{
	struct nsk_wire_params p = {
		.seed = seed,
		.delay_ns = 3 * MS,
		.jitter_ns = 2 * MS,
		.rate_bps = 1000000000,
		.queue_packets = 2000,
		.loss_ppm = 50000,
		.duplicate_ppm = 30000,
		.corrupt_ppm = 20000,
		.reorder_ppm = 40000,
		.reorder_ns = 4 * MS,
	};
	struct taken t = {0};
	struct wired w;

	wired_up(&w, &p, 1500, 2048);
	for (uint32_t n = 0; n < 20000; n++) {
		uint64_t now = n * 10000;

		assert_true(frame_send(w.port[0], w.pool[0], now, n, 1000));
		take_all(&w, now, &t);
	}
	run_dry(&w, &t);
	nsk_wire_stats(w.wire, 0, ws);
	assert_int_equal(ws->packets, 20000);
	assert_int_equal(ws->queue_full, 0);
	assert_int_equal(ws->delivered, ws->packets - ws->lost + ws->duplicated);
	assert_int_equal(t.frames, ws->delivered);
	/* A flipped bit shows in the one byte, or in the number, or twice when duplicated. */
	assert_true(t.bad >= ws->corrupted && t.bad <= ws->corrupted + ws->corrupted / 8);
	assert_true(t.disordered > 0);
	wired_down(&w);
	return t.hash;
}

static void the_same_seed_gives_the_same_wire(void **state)
{
	struct nsk_wire_stats a, b, c;
	uint64_t ha = stormy(7, &a), hb = stormy(7, &b), hc = stormy(8, &c);

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(ha == hb);
	assert_true(ha != hc);
	/* The figures of seed 7: any change of the model shows here. */
	assert_int_equal(a.lost, STORM_LOST);
	assert_int_equal(a.duplicated, STORM_DUPLICATED);
	assert_int_equal(a.corrupted, STORM_CORRUPTED);
	assert_int_equal(a.reordered, STORM_REORDERED);
}

static void a_wire_that_goes_down_loses_what_is_on_it(void **state)
{
	struct nsk_wire_stats ws;
	struct port_link link;
	struct taken t = {0};
	struct wired w;

	(void)state;
	wired_up(&w, NULL, 1500, 2048);
	assert_true(frame_send(w.port[0], w.pool[0], 0, 1, 100));
	nsk_wire_link(w.wire, false);
	nsk_wire_link(w.wire, false);
	for (unsigned end = 0; end < 2; end++) {
		w.port[end]->ops->link(w.port[end], &link);
		assert_false(link.up);
	}
	assert_true(frame_send(w.port[0], w.pool[0], 0, 2, 100));
	nsk_wire_link(w.wire, true);
	assert_true(frame_send(w.port[0], w.pool[0], 0, 3, 100));
	w.port[0]->ops->link(w.port[0], &link);
	assert_true(link.up);
	take_all(&w, 0, &t);
	assert_int_equal(t.frames, 1);
	assert_int_equal(t.last, 3);
	nsk_wire_stats(w.wire, 0, &ws);
	assert_int_equal(ws.packets, 3);
	assert_int_equal(ws.lost, 1);
	assert_int_equal(ws.cut, 1);
	assert_int_equal(ws.delivered, 1);
	wired_down(&w);
}

/* A host without a stack: what is sent by hand arrives as from a port, and the other way round. */
static void an_end_can_be_played_by_hand(void **state)
{
	struct nsk_wire_params p = {.delay_ns = 5};
	uint8_t frame[100] = {[12] = TEST_TYPE >> 8, [13] = TEST_TYPE & 0xff, [99] = 7}, got[2000];
	struct nsk_wire_stats ws;
	struct rte_mbuf *m;
	struct wired w;

	(void)state;
	wired_up(&w, &p, 1500, 2048);
	w.port[0]->ops->stop(w.port[0]);
	assert_int_equal(nsk_wire_send(w.wire, 0, 10, frame, sizeof(frame)), 0);
	assert_int_equal(nsk_wire_send(w.wire, 0, 10, frame, 1500 + 23), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(nsk_wire_send(w.wire, 2, 10, frame, sizeof(frame)), -1);
	assert_int_equal(errno, EINVAL);
	assert_null(frame_recv(w.port[1], 14));
	m = frame_recv(w.port[1], 15);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, sizeof(frame));
	assert_int_equal(chain_byte(m, 99), 7);
	rte_pktmbuf_free(m);
	assert_true(nsk_wire_next(w.wire, 0) == UINT64_MAX);
	assert_int_equal(nsk_wire_receive(w.wire, 0, 20, got, sizeof(got)), 0);
	for (uint32_t n = 0; n < 3; n++)
		assert_true(frame_send(w.port[1], w.pool[1], 20, n, 60 + n));
	assert_int_equal(nsk_wire_next(w.wire, 0), 0);
	for (uint32_t n = 0; n < 3; n++)
		assert_int_equal(nsk_wire_receive(w.wire, 0, 20, got, n == 1 ? 14 : sizeof(got)),
				 60 + n);
	assert_int_equal(got[61], frame_byte(2, 61));
	assert_true(frame_send(w.port[1], w.pool[1], 20, 4, 60));
	nsk_wire_link(w.wire, false);
	assert_int_equal(nsk_wire_send(w.wire, 0, 10, frame, sizeof(frame)), 0);
	nsk_wire_link(w.wire, true);
	assert_int_equal(nsk_wire_receive(w.wire, 0, 20, got, sizeof(got)), 0);
	nsk_wire_stats(w.wire, 0, &ws);
	assert_int_equal(ws.packets, 2);
	assert_int_equal(ws.lost, 1);
	assert_int_equal(ws.delivered, 1);
	nsk_wire_stats(w.wire, 1, &ws);
	assert_int_equal(ws.delivered, 3);
	assert_int_equal(ws.cut, 1);
	wired_down(&w);
}

static void a_stalled_end_takes_nothing_until_it_goes_on(void **state)
{
	struct taken t = {0};
	struct wired w;

	(void)state;
	wired_up(&w, NULL, 1500, 2048);
	nsk_wire_stall(w.wire, 0, true);
	assert_false(frame_send(w.port[0], w.pool[0], 0, 1, 100));
	/* The other direction goes on. */
	assert_true(frame_send(w.port[1], w.pool[1], 0, 1, 100));
	nsk_wire_stall(w.wire, 0, false);
	assert_true(frame_send(w.port[0], w.pool[0], 0, 2, 100));
	take_all(&w, 0, &t);
	assert_int_equal(t.frames, 1);
	assert_int_equal(t.last, 2);
	wired_down(&w);
}

struct watched {
	unsigned frames, direction;
	size_t bytes;
	uint64_t now_ns;
};

static void watch(void *arg, unsigned direction, uint64_t now_ns, const void *frame, size_t len)
{
	struct watched *seen = arg;

	seen->frames++;
	seen->direction = direction;
	seen->bytes += len;
	seen->now_ns = now_ns;
	assert_int_equal(((const uint8_t *)frame)[0], 0xff);
}

static void a_watcher_sees_packets_before_faults(void **state)
{
	struct nsk_wire_params p = {.loss_ppm = 1000000};
	struct watched seen = {0};
	struct taken t = {0};
	struct wired w;

	(void)state;
	wired_up(&w, &p, 1500, 2048);
	nsk_wire_tap(w.wire, watch, &seen);
	assert_true(frame_send(w.port[0], w.pool[0], 5, 1, 100));
	assert_int_equal(seen.frames, 1);
	assert_int_equal(seen.direction, 0);
	assert_true(frame_send(w.port[1], w.pool[1], 6, 1, 50));
	assert_int_equal(seen.frames, 2);
	assert_int_equal(seen.direction, 1);
	assert_int_equal(seen.bytes, 150);
	assert_int_equal(seen.now_ns, 6);
	take_all(&w, 10, &t);
	assert_int_equal(t.frames, 0);
	wired_down(&w);
}

static void either_end_may_go_while_packets_are_on_the_way(void **state)
{
	struct taken t = {0};
	struct wired w;

	(void)state;
	wired_up(&w, NULL, 1500, 2048);
	for (uint32_t n = 0; n < 100; n++)
		assert_true(frame_send(w.port[0], w.pool[0], 0, n, 1000));
	w.port[0]->ops->stop(w.port[0]);
	w.port[0]->ops->close(w.port[0]);
	assert_int_equal(pkt_pool_destroy(w.pool[0]), 0);
	take_all(&w, 0, &t);
	assert_int_equal(t.frames, 100);
	assert_int_equal(t.bad, 0);
	/* The end is free for another stack. */
	w.pool[0] = pool_new("again", 512, 2048, false);
	assert_int_equal(port_open_object("loop", w.wire, 0, &w.port[0]), 0);
	assert_int_equal(port_start_with(w.port[0], w.pool[0], 1500), 0);
	wired_down(&w);
}

static void an_end_is_plugged_into_one_stack_only(void **state)
{
	struct port *second;
	struct wired w;

	(void)state;
	wired_up(&w, NULL, 1500, 2048);
	assert_int_equal(port_open_object("loop", w.wire, 0, &second), -EBUSY);
	assert_string_equal(test_error, "loop: end 0 of the wire is in use already");
	assert_int_equal(port_open_object("loop", NULL, 0, &second), -EINVAL);
	wired_down(&w);
}

static void wires_with_nonsense_are_refused(void **state)
{
	struct nsk_wire_params p = {.loss_ppm = 1000001};
	struct nsk_wire *wire;

	(void)state;
	assert_null(nsk_wire_create(NULL, NULL, 67));
	assert_int_equal(errno, EINVAL);
	assert_null(nsk_wire_create(NULL, NULL, 65536));
	assert_null(nsk_wire_create(NULL, &p, 1500));
	assert_int_equal(errno, EINVAL);
	wire = nsk_wire_create(NULL, NULL, 1500);
	assert_non_null(wire);
	assert_int_equal(nsk_wire_set(wire, 0, &p), -1);
	assert_int_equal(errno, EINVAL);
	p.loss_ppm = 1;
	assert_int_equal(nsk_wire_set(wire, 2, &p), -1);
	assert_int_equal(nsk_wire_set(wire, 1, &p), 0);
	nsk_wire_destroy(wire);
}

/* 256 MB of bandwidth-delay product: 10 Gbit/s and 205 ms. */
static void a_long_fat_wire_holds_256_megabytes(void **state)
{
	struct nsk_wire_params p = {
		.rate_bps = 10000000000, .delay_ns = 205 * MS, .queue_packets = 200000};
	const uint32_t frames = 177000;
	struct nsk_wire_stats ws;
	struct taken t = {0};
	struct wired w;
	uint64_t next;

	(void)state;
	wired_up(&w, &p, 1500, 2048);
	for (uint32_t n = 0; n < frames; n++)
		assert_true(frame_send(w.port[0], w.pool[0], 0, n, 1514));
	nsk_wire_stats(w.wire, 0, &ws);
	assert_int_equal(ws.queue_full, 0);
	assert_true(ws.bytes > 256000000);
	next = w.port[1]->ops->next_ns(w.port[1], 0);
	assert_int_equal(next, 205 * MS + 1211);
	take_all(&w, SECOND, &t);
	assert_int_equal(t.frames, frames);
	assert_int_equal(t.bad, 0);
	assert_int_equal(t.disordered, 0);
	wired_down(&w);
}

#define THREADED 200000

static void *sender(void *arg)
{
	struct wired *w = arg;
	uint32_t n = 0;

	while (n < THREADED) {
		struct nsk_wire_stats ws;

		nsk_wire_stats(w->wire, 0, &ws);
		if (ws.packets - ws.delivered > 1000 ||
		    !frame_send(w->port[0], w->pool[0], n, n, 18 + n % 500))
			sched_yield();
		else
			n++;
	}
	return NULL;
}

static void two_threads_share_a_wire(void **state)
{
	struct taken t = {0};
	pthread_t thread;
	struct wired w;

	(void)state;
	wired_up(&w, NULL, 1500, 2048);
	assert_int_equal(pthread_create(&thread, NULL, sender, &w), 0);
	while (t.frames < THREADED) {
		unsigned before = t.frames;

		take_all(&w, 0, &t);
		if (t.frames == before)
			sched_yield();
	}
	pthread_join(thread, NULL);
	assert_int_equal(t.bad, 0);
	assert_int_equal(t.disordered, 0);
	wired_down(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perfect_wire_delivers_all_in_order_and_at_once),
		cmocka_unit_test(frames_longer_than_a_buffer_come_as_chains),
		cmocka_unit_test(a_frame_longer_than_the_mtu_allows_is_dropped_and_counted),
		cmocka_unit_test(a_full_queue_drops_what_comes_on_top),
		cmocka_unit_test(without_a_buffer_the_frame_is_dropped_and_counted),
		cmocka_unit_test(delay_is_kept_to_the_nanosecond),
		cmocka_unit_test(a_rate_is_kept_and_shown_as_the_links),
		cmocka_unit_test(a_packet_held_back_is_overtaken),
		cmocka_unit_test(the_same_seed_gives_the_same_wire),
		cmocka_unit_test(a_wire_that_goes_down_loses_what_is_on_it),
		cmocka_unit_test(an_end_can_be_played_by_hand),
		cmocka_unit_test(a_stalled_end_takes_nothing_until_it_goes_on),
		cmocka_unit_test(a_watcher_sees_packets_before_faults),
		cmocka_unit_test(either_end_may_go_while_packets_are_on_the_way),
		cmocka_unit_test(an_end_is_plugged_into_one_stack_only),
		cmocka_unit_test(wires_with_nonsense_are_refused),
		cmocka_unit_test(a_long_fat_wire_holds_256_megabytes),
		cmocka_unit_test(two_threads_share_a_wire),
	};

	return cmocka_run_group_tests(tests, eal_small, NULL);
}
