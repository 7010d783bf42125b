/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcp/sndbuf.c: octets from the write to the acknowledgment. */
#include "tcp_world.h"

#include "tcp/sndbuf.h"

static uint8_t octet_at(uint32_t seq)
{
	return (uint8_t)(seq * 2654435761u >> 24);
}

/* Writes len octets, each told by its place in the sequence. Returns how many were taken. */
static size_t write_some(struct net_world *world, struct tcp_conn *c, size_t len)
{
	uint8_t *p = malloc(len);
	size_t taken;

	assert_non_null(p);
	for (size_t i = 0; i < len; i++)
		p[i] = octet_at(c->snd_end + (uint32_t)i);
	taken = sndq_write(&world->w, c, p, len);
	free(p);
	return taken;
}

/* The queue holds [snd_una's buffer, snd_end) without a gap, and its charge is that of its buffers.
 */
static void check(const struct net_world *world, const struct tcp_conn *c)
{
	uint32_t seq = c->snd.head ? pkt_of(c->snd.head)->seq : c->snd_end, mem = 0;

	for (struct rte_mbuf *m = c->snd.head; m; m = pkt_of(m)->qnext) {
		const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

		assert_int_equal(pkt_of(m)->seq, seq);
		for (uint32_t i = 0; i < m->data_len; i++)
			assert_int_equal(p[i], octet_at(seq + i));
		seq += m->data_len;
		mem += charge_of(m);
		if (!pkt_of(m)->qnext)
			assert_ptr_equal(c->snd.tail, m);
	}
	assert_int_equal(seq, c->snd_end);
	assert_int_equal(c->snd.mem, mem);
	assert_int_equal(world->w.tcp->snd_mem.used, mem);
}

static void small_writes_share_a_buffer(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);

	for (int i = 0; i < 14; i++)
		assert_int_equal(write_some(world, c, 100), 100);
	check(world, c);
	assert_ptr_equal(c->snd.head, c->snd.tail);
	assert_int_equal(sndq_unsent(c), 1400);
	end_one(world, c);
}

/* So that each segment can later leave by reference to one buffer. */
static void a_buffer_is_filled_with_whole_segments(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);

	c->cc.smss = 500;
	assert_int_equal(write_some(world, c, 10000), 10000);
	check(world, c);
	for (struct rte_mbuf *m = c->snd.head; pkt_of(m)->qnext; m = pkt_of(m)->qnext)
		assert_int_equal(m->data_len, 2000); /* of 2048 */
	end_one(world, c);
}

static void an_octet_is_found_from_the_hint_or_from_the_head(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);
	struct rte_mbuf *last;

	assert_int_equal(write_some(world, c, 20000), 20000);
	last = c->snd.tail;
	for (uint32_t seq = 1000; seq < 21000; seq += 7) {
		struct rte_mbuf *m = sndq_find(c, NULL, seq);

		assert_in_range(seq, pkt_of(m)->seq, pkt_of(m)->seq + m->data_len - 1);
		assert_ptr_equal(sndq_find(c, m, seq), m);
		assert_ptr_equal(sndq_find(c, last, seq), m); /* a hint behind it is no use */
	}
	assert_null(sndq_find(c, NULL, 21000));
	end_one(world, c);
}

static void acknowledged_buffers_go_and_the_last_one_stays_until_all_of_it_is(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);
	uint32_t first;

	assert_int_equal(write_some(world, c, 5000), 5000);
	c->snd_nxt = c->snd_end;
	first = c->snd.head->data_len;
	c->snd.cur = c->snd.head;
	c->snd_una = 1000 + first - 1;
	sndq_acked(&world->w, c);
	check(world, c);
	assert_int_equal(pkt_of(c->snd.head)->seq, 1000);
	c->snd_una = 1000 + first;
	sndq_acked(&world->w, c);
	check(world, c);
	assert_int_equal(pkt_of(c->snd.head)->seq, 1000 + first);
	assert_null(c->snd.cur);
	c->snd_una = c->snd_end;
	sndq_acked(&world->w, c);
	check(world, c);
	assert_null(c->snd.head);
	assert_int_equal(world->w.tcp->snd_mem.used, 0);
	end_one(world, c);
}

/* Octets across 2^32. */
static void sequence_numbers_may_wrap(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);

	c->snd_una = c->snd_nxt = c->snd_end = UINT32_MAX - 3000;
	assert_int_equal(write_some(world, c, 10000), 10000);
	check(world, c);
	assert_non_null(sndq_find(c, NULL, 0));
	c->snd_nxt = c->snd_end;
	c->snd_una = 100;
	sndq_acked(&world->w, c);
	check(world, c);
	assert_true(seq_leq(pkt_of(c->snd.head)->seq, 100));
	assert_true(seq_gt(pkt_of(c->snd.head)->seq + c->snd.head->data_len, 100));
	end_one(world, c);
}

static void a_buffer_of_the_applications_is_never_appended_to(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);
	struct rte_mbuf *m = pkt_alloc(&world->w);

	assert_non_null(m);
	for (uint32_t i = 0; i < 10; i++)
		*(uint8_t *)rte_pktmbuf_append(m, 1) = octet_at(1000 + i);
	sndq_push(&world->w, c, m);
	assert_int_equal(write_some(world, c, 10), 10);
	check(world, c);
	assert_int_equal(m->data_len, 10);
	assert_ptr_not_equal(c->snd.tail, m);
	end_one(world, c);
}

/* By octets, by memory, and by what all connections have together. */
static void a_write_ends_at_each_limit(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);
	size_t taken;

	c->snd.limit = 10000;
	taken = write_some(world, c, 100000);
	assert_in_range(taken, 10000, 12047); /* the buffer that was begun is filled */
	check(world, c);
	assert_true(sndq_full(c));
	assert_int_equal(write_some(world, c, 5000), 0);
	sndq_purge(&world->w, c);
	check(world, c);
	budget_init(&world->w.tcp->snd_mem, 0, 0, 4 * (uint64_t)(2048 + 1000));
	taken = write_some(world, c, 100000);
	assert_in_range(taken, 2048, 4 * 2048);
	assert_false(sndq_has_room(&world->w, c));
	end_one(world, c);
}

static void room_is_told_when_a_third_is_free(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);

	c->snd.limit = 30000;
	write_some(world, c, 100000);
	sock_unready(&c->sock, EPOLLOUT);
	c->snd_nxt = c->snd_end;
	while (c->snd_end - c->snd_una > 20000) {
		assert_false(c->sock.ready & EPOLLOUT);
		c->snd_una += 2048;
		sndq_acked(&world->w, c);
	}
	assert_true(c->sock.ready & EPOLLOUT);
	end_one(world, c);
}

static void the_buffer_grows_with_the_window_unless_it_is_fixed(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);

	c->cc.cwnd = 200000;
	sndq_grow(&world->w, c);
	assert_int_equal(c->snd.limit, 400000);
	c->cc.cwnd = 100000;
	sndq_grow(&world->w, c);
	assert_int_equal(c->snd.limit, 400000);
	c->flags |= CONN_F_SNDBUF_SET;
	c->cc.cwnd = 300000;
	sndq_grow(&world->w, c);
	assert_int_equal(c->snd.limit, 400000);
	end_one(world, c);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, tw_setup, tw_teardown)
	const struct CMUnitTest tests[] = {
		T(small_writes_share_a_buffer),
		T(a_buffer_is_filled_with_whole_segments),
		T(an_octet_is_found_from_the_hint_or_from_the_head),
		T(acknowledged_buffers_go_and_the_last_one_stays_until_all_of_it_is),
		T(sequence_numbers_may_wrap),
		T(a_buffer_of_the_applications_is_never_appended_to),
		T(a_write_ends_at_each_limit),
		T(room_is_told_when_a_third_is_free),
		T(the_buffer_grows_with_the_window_unless_it_is_fixed),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
