/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/mbuf/pool.c: where buffers are at any time, failure on order, and what a taken buffer looks
 * like. */
#include <errno.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_eal.h>

#include "mbuf/pool.h"

#define COUNT 1023

struct pools {
	struct nsk_worker w, other;
	struct rte_mbuf *m[COUNT + 1];
};

static struct pkt_pool *new_pool(uint32_t count)
{
	static unsigned number;
	char name[20];
	struct pkt_pool_params p = {.name = name,
				    .count = count,
				    .data_room = 512 + RTE_PKTMBUF_HEADROOM,
				    .numa_node = -1};
	struct pkt_pool *pool;

	snprintf(name, sizeof(name), "mp%u", number++);
	assert_int_equal(pkt_pool_create(&pool, &p), 0);
	return pool;
}

static int setup(void **state)
{
	struct pools *t = aligned_alloc(alignof(struct pools), sizeof(*t));

	assert_non_null(t);
	memset(t, 0, sizeof(*t));
	t->w.pool = new_pool(COUNT);
	t->other.pool = new_pool(COUNT);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct pools *t = *state;

	assert_int_equal(pkt_pool_destroy(t->w.pool), 0);
	assert_int_equal(pkt_pool_destroy(t->other.pool), 0);
	free(t);
	return 0;
}

static unsigned take_all(struct nsk_worker *w, struct rte_mbuf **m)
{
	unsigned n = 0;

	while ((m[n] = pkt_alloc(w)) != NULL)
		n++;
	return n;
}

static void every_buffer_but_the_reserve_can_be_had(void **state)
{
	struct pools *t = *state;
	unsigned n = take_all(&t->w, t->m);

	assert_int_equal(n, COUNT - PKT_RESERVE);
	assert_int_equal(pkt_pool_free_count(t->w.pool), PKT_RESERVE);
	assert_int_equal(t->w.pool->failed, 1);
	while (n)
		pkt_put(&t->w, t->m[--n]);
	assert_int_equal(pkt_pool_free_count(t->w.pool), COUNT);
}

static void the_count_of_free_buffers_is_right_at_every_step(void **state)
{
	struct pools *t = *state;

	for (unsigned i = 0; i < 300; i++) {
		t->m[i] = pkt_alloc(&t->w);
		assert_int_equal(pkt_pool_free_count(t->w.pool), COUNT - i - 1);
	}
	for (unsigned i = 300; i-- > 0;) {
		pkt_put_seg(&t->w, t->m[i]);
		assert_int_equal(pkt_pool_free_count(t->w.pool), COUNT - i);
		assert_true(t->w.pool->nkept <= t->w.pool->kept_max);
	}
}

static void drivers_find_what_the_worker_does_not_keep(void **state)
{
	struct pools *t = *state;
	struct rte_mbuf *m;
	unsigned n = 0;

	for (n = 0; n < 200; n++)
		t->m[n] = pkt_alloc(&t->w);
	while (n)
		pkt_put(&t->w, t->m[--n]);
	while ((m = rte_pktmbuf_alloc(t->w.pool->mp)) != NULL)
		t->m[n++] = m;
	assert_true(n >= COUNT - PKT_RESERVE - COUNT / 32);
	rte_pktmbuf_free_bulk(t->m, n);
}

static void a_small_pool_keeps_nothing(void **state)
{
	struct nsk_worker w = {.pool = new_pool(15)};
	struct rte_mbuf *m[16];
	unsigned n = take_all(&w, m);

	(void)state;
	assert_int_equal(n, 15 - 15 / 8);
	while (n)
		pkt_put(&w, m[--n]);
	assert_int_equal(w.pool->nkept, 0);
	assert_int_equal(pkt_pool_free_count(w.pool), 15);
	assert_int_equal(pkt_pool_destroy(w.pool), 0);
}

/* Whatever its last user left in it. */
static void a_taken_buffer_is_empty(void **state)
{
	struct pools *t = *state;
	struct rte_mbuf *m = pkt_alloc(&t->w), *tail = pkt_alloc(&t->w), *again;

	rte_pktmbuf_append(m, 100);
	rte_pktmbuf_prepend(m, 20);
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM;
	m->l4_len = 20;
	m->packet_type = 5;
	m->vlan_tci = 6;
	m->port = 3;
	m->next = tail;
	m->nb_segs = 2;
	pkt_put(&t->w, m);
	assert_ptr_equal(pkt_alloc(&t->w), tail);
	again = pkt_alloc(&t->w);
	assert_ptr_equal(again, m);
	assert_null(m->next);
	assert_int_equal(m->nb_segs, 1);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	assert_int_equal(m->data_off, RTE_PKTMBUF_HEADROOM);
	assert_int_equal(m->data_len, 0);
	assert_int_equal(m->pkt_len, 0);
	assert_int_equal(m->ol_flags, 0);
	assert_int_equal(m->tx_offload, 0);
	assert_int_equal(m->packet_type, 0);
	assert_int_equal(m->vlan_tci, 0);
	assert_int_equal(m->port, RTE_MBUF_PORT_INVALID);
	pkt_put(&t->w, tail);
	pkt_put(&t->w, m);
}

static void a_buffer_that_others_hold_stays(void **state)
{
	struct pools *t = *state;
	struct rte_mbuf *m = pkt_alloc(&t->w);

	rte_mbuf_refcnt_update(m, 1);
	pkt_put(&t->w, m);
	assert_int_equal(pkt_pool_free_count(t->w.pool), COUNT - 1);
	pkt_put(&t->w, m);
	assert_int_equal(pkt_pool_free_count(t->w.pool), COUNT);
}

static void an_indirect_buffer_lets_go_of_what_it_shows(void **state)
{
	struct pools *t = *state;
	struct rte_mbuf *m = pkt_alloc(&t->w), *view = pkt_alloc(&t->w);
	void *own = view->buf_addr;

	rte_pktmbuf_attach(view, m);
	pkt_put(&t->w, m);
	assert_int_equal(pkt_pool_free_count(t->w.pool), COUNT - 2);
	pkt_put(&t->w, view);
	assert_int_equal(pkt_pool_free_count(t->w.pool), COUNT);
	assert_ptr_equal(view->buf_addr, own);
}

static void buffers_of_another_worker_go_home(void **state)
{
	struct pools *t = *state;
	struct rte_mbuf *m = pkt_alloc(&t->other);
	uint32_t kept = t->w.pool->nkept;

	pkt_put(&t->w, m);
	assert_int_equal(t->w.pool->nkept, kept);
	assert_int_equal(pkt_pool_free_count(t->other.pool), COUNT);
	assert_int_equal(pkt_pool_free_count(t->w.pool), COUNT);
}

static void all_of_a_bulk_or_nothing(void **state)
{
	struct pools *t = *state;
	struct rte_mbuf *bulk[8];
	unsigned n = take_all(&t->w, t->m);

	for (unsigned i = 0; i < 7; i++)
		pkt_put(&t->w, t->m[--n]);
	assert_int_equal(pkt_alloc_bulk(&t->w, bulk, 8), -ENOBUFS);
	assert_int_equal(pkt_pool_free_count(t->w.pool), PKT_RESERVE + 7);
	assert_int_equal(pkt_alloc_bulk(&t->w, bulk, 7), 0);
	for (unsigned i = 0; i < 7; i++)
		pkt_put(&t->w, bulk[i]);
	while (n)
		pkt_put(&t->w, t->m[--n]);
}

static void the_nth_allocation_fails_and_each_so_many_after_it(void **state)
{
	struct pools *t = *state;
	struct pkt_pool *pool = t->w.pool;

	pool->fail_at = 3;
	pool->fail_every = 4;
	for (unsigned i = 1; i <= 20; i++) {
		struct rte_mbuf *m = pkt_alloc(&t->w);

		if (i >= 3 && (i - 3) % 4 == 0)
			assert_null(m);
		else
			assert_non_null(m);
		if (m)
			pkt_put(&t->w, m);
	}
	assert_int_equal(pool->failed, 5);
	assert_int_equal(pool->allocs, 20);
}

static void control_packets_have_a_reserve_that_fills_again(void **state)
{
	struct pools *t = *state;
	unsigned n = take_all(&t->w, t->m), c = 0;
	struct rte_mbuf *control[PKT_RESERVE + 1];

	while ((control[c] = pkt_alloc_control(&t->w)) != NULL)
		c++;
	assert_int_equal(c, PKT_RESERVE);
	pkt_pool_refill(t->w.pool);
	assert_int_equal(t->w.pool->reserved, 0);
	for (unsigned i = 0; i < 40; i++)
		pkt_put(&t->w, t->m[--n]);
	pkt_pool_refill(t->w.pool);
	assert_int_equal(t->w.pool->reserved, PKT_RESERVE);
	while (c)
		pkt_put(&t->w, control[--c]);
	while (n)
		pkt_put(&t->w, t->m[--n]);
}

static void free_buffers_can_be_withheld_and_released(void **state)
{
	struct pools *t = *state;
	struct pkt_pool *pool = t->w.pool;
	struct rte_mbuf *m = pkt_alloc(&t->w);

	pkt_pool_withhold(pool);
	assert_int_equal(pkt_pool_free_count(pool), PKT_RESERVE);
	assert_null(pkt_alloc(&t->w));
	/* What is freed meanwhile is there until it is withheld as well. */
	pkt_put(&t->w, m);
	assert_int_equal(pkt_pool_free_count(pool), PKT_RESERVE + 1);
	pkt_pool_withhold(pool);
	assert_int_equal(pkt_pool_free_count(pool), PKT_RESERVE);
	pkt_pool_release(pool);
	assert_int_equal(pkt_pool_free_count(pool), COUNT);
	pkt_pool_withhold(pool); /* and its end finds them */
}

static void a_buffer_takes_what_is_reckoned(void **state)
{
	struct pools *t = *state;
	const struct rte_mempool *mp = t->w.pool->mp;

	assert_int_equal(pkt_buffer_size(512 + RTE_PKTMBUF_HEADROOM),
			 mp->header_size + mp->elt_size + mp->trailer_size);
}

static void what_is_still_out_is_a_leak(void **state)
{
	struct nsk_worker w = {.pool = new_pool(255)};

	(void)state;
	pkt_alloc(&w);
	pkt_put(&w, pkt_alloc(&w));
	pkt_alloc_control(&w);
	assert_int_equal(pkt_pool_destroy(w.pool), 2);
}

static void a_buffer_without_room_for_headers_is_refused(void **state)
{
	struct pkt_pool_params p = {.name = "tiny", .count = 15, .data_room = 64, .numa_node = -1};
	struct pkt_pool *pool;

	(void)state;
	assert_int_equal(pkt_pool_create(&pool, &p), -EINVAL);
}

static int start_eal(void **state)
{
	const char *argv[] = {"test", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			      "-m",   "64",	   "--lcores", "0@0",	      "--log-level=error",
			      NULL};

	(void)state;
	return rte_eal_init(10, (char **)argv) < 0 ? -1 : 0;
}

/* What was given back last is still in the core's cache. */
static void what_was_given_back_last_is_taken_first(void **state)
{
	struct pools *t = *state;
	struct rte_mempool *mp = t->w.pool->mp;
	void *all[300], *again[8];

	assert_int_equal(rte_mempool_get_bulk(mp, all, 300), 0);
	rte_mempool_put_bulk(mp, all, 292);
	rte_mempool_put_bulk(mp, &all[292], 8);
	assert_int_equal(rte_mempool_get_bulk(mp, again, 8), 0);
	assert_memory_equal(again, &all[292], sizeof(again));
	rte_mempool_put_bulk(mp, again, 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_buffer_but_the_reserve_can_be_had),
		TEST(the_count_of_free_buffers_is_right_at_every_step),
		TEST(drivers_find_what_the_worker_does_not_keep),
		cmocka_unit_test(a_small_pool_keeps_nothing),
		TEST(what_was_given_back_last_is_taken_first),
		TEST(a_taken_buffer_is_empty),
		TEST(a_buffer_that_others_hold_stays),
		TEST(an_indirect_buffer_lets_go_of_what_it_shows),
		TEST(buffers_of_another_worker_go_home),
		TEST(all_of_a_bulk_or_nothing),
		TEST(the_nth_allocation_fails_and_each_so_many_after_it),
		TEST(control_packets_have_a_reserve_that_fills_again),
		TEST(free_buffers_can_be_withheld_and_released),
		cmocka_unit_test_setup_teardown(a_buffer_takes_what_is_reckoned, setup, teardown),
		cmocka_unit_test(what_is_still_out_is_a_leak),
		cmocka_unit_test(a_buffer_without_room_for_headers_is_refused),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
