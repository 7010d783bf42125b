/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers by reference (netstk/zerocopy.h): who owns them when, what is copied (nothing), and every
 * error. world_end() finds a buffer that nobody gave back.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <netstk/epoll.h>
#include <netstk/zerocopy.h>
#include <rte_mbuf.h>

#include "sim/world.h"

struct pair {
	struct world world;
	int listener, fd[2];
};

static int pair_up(void **state)
{
	static struct pair pair;

	world_setup(state);
	world_pair(&pair.world, &(struct world_params){.seed = 3});
	world_connected(&pair.world, 80, &pair.listener, pair.fd);
	world_setsockopt(pair.fd[0], IPPROTO_TCP, TCP_NODELAY, 1);
	*state = &pair;
	return 0;
}

static int pair_down(void **state)
{
	struct pair *pair = *state;

	world_end(&pair->world);
	return world_teardown(state);
}

static uint64_t copied(struct pair *pair)
{
	uint64_t n = 0;

	for (unsigned h = 0; h < 2; h++)
		n += world_counter(&pair->world, h, NSK_CNT_PAYLOAD_COPIED_RX) +
		     world_counter(&pair->world, h, NSK_CNT_PAYLOAD_COPIED_TX);
	return n;
}

/* A buffer of n bytes that tell their place in the stream. */
static struct rte_mbuf *filled(struct pair *pair, size_t n, uint64_t offset)
{
	struct rte_mbuf *m = nsk_zc_alloc(pair->fd[0]);

	(void)pair;
	assert_non_null(m);
	assert_int_equal(m->data_len, 0);
	world_fill((uint8_t *)rte_pktmbuf_append(m, (uint16_t)n), n, offset, 1);
	return m;
}

static void send_by_reference(struct pair *pair, size_t n, uint64_t offset)
{
	assert_int_equal(nsk_zc_send(pair->fd[0], filled(pair, n, offset)), n);
	world_settle(&pair->world);
}

static void expect(const struct rte_mbuf *m, size_t n, uint64_t offset)
{
	uint8_t bytes[4096];

	assert_in_range(n, 1, sizeof(bytes));
	world_fill(bytes, n, offset, 1);
	assert_int_equal(m->nb_segs, 1);
	assert_int_equal(m->data_len, n);
	assert_memory_equal(rte_pktmbuf_mtod(m, const void *), bytes, n);
}

#define assert_errno(call, error)               \
	do {                                    \
		assert_int_equal(call, -1);     \
		assert_int_equal(errno, error); \
	} while (0)

static void payload_goes_through_without_a_copy_in_its_order(void **state)
{
	struct pair *pair = *state;
	struct rte_mbuf *bufs[4];
	uint64_t before = copied(pair);

	for (unsigned i = 0; i < 3; i++)
		send_by_reference(pair, 1000, 1000 * i);
	assert_int_equal(nsk_zc_recv(pair->fd[1], bufs, 2), 2);
	expect(bufs[0], 1000, 0);
	expect(bufs[1], 1000, 1000);
	nsk_zc_free(bufs, 2);
	assert_int_equal(nsk_zc_recv(pair->fd[1], bufs, 4), 1);
	expect(bufs[0], 1000, 2000);
	nsk_zc_free(bufs, 1);
	assert_int_equal(copied(pair), before);
	assert_errno(nsk_zc_recv(pair->fd[1], bufs, 4), EAGAIN);
}

static void ordinary_calls_count_what_they_copy(void **state)
{
	struct pair *pair = *state;
	uint64_t before = copied(pair);
	char buf[100] = {0};

	world_send(&pair->world, pair->fd[0], buf, sizeof(buf));
	assert_int_equal(copied(pair), before + 100);
	world_recv(&pair->world, pair->fd[1], buf, sizeof(buf));
	assert_int_equal(copied(pair), before + 200);
}

static void both_ways_of_receiving_mix(void **state)
{
	struct pair *pair = *state;
	struct rte_mbuf *m;
	uint8_t bytes[600], want[600];

	send_by_reference(pair, 1000, 0);
	world_recv(&pair->world, pair->fd[1], bytes, 600);
	world_fill(want, 600, 0, 1);
	assert_memory_equal(bytes, want, 600);
	assert_int_equal(nsk_zc_recv(pair->fd[1], &m, 1), 1);
	expect(m, 400, 600);
	nsk_zc_free(&m, 1);
}

/* As nsk_recv(): ends at the mark, goes on behind the urgent octet or, in line, with it. */
static void taking_ends_at_the_urgent_mark(void **state)
{
	struct pair *pair = *state;
	struct rte_mbuf *bufs[4];
	int n;

	for (int in_line = 0; in_line < 2; in_line++) {
		world_setsockopt(pair->fd[1], SOL_SOCKET, SO_OOBINLINE, in_line);
		assert_int_equal(nsk_send(pair->fd[0], "abcX", 4, MSG_OOB), 4);
		assert_int_equal(nsk_send(pair->fd[0], "def", 3, 0), 3);
		world_settle(&pair->world);
		n = nsk_zc_recv(pair->fd[1], bufs, 4);
		assert_int_equal(n, 1);
		assert_int_equal(bufs[0]->data_len, 3);
		assert_memory_equal(rte_pktmbuf_mtod(bufs[0], char *), "abc", 3);
		nsk_zc_free(bufs, 1);
		assert_int_equal(nsk_sockatmark(pair->fd[1]), 1);
		n = nsk_zc_recv(pair->fd[1], bufs, 4);
		assert_int_equal(n, 1);
		assert_int_equal(bufs[0]->data_len, 3 + in_line);
		assert_memory_equal(rte_pktmbuf_mtod(bufs[0], char *), &"Xdef"[!in_line],
				    3 + (size_t)in_line);
		nsk_zc_free(bufs, 1);
		assert_errno(nsk_zc_recv(pair->fd[1], bufs, 4), EAGAIN);
	}
}

static void both_ways_of_sending_mix(void **state)
{
	struct pair *pair = *state;
	uint8_t bytes[300], want[300];

	world_fill(bytes, 300, 0, 1);
	assert_int_equal(nsk_send(pair->fd[0], bytes, 100, 0), 100);
	assert_int_equal(nsk_zc_send(pair->fd[0], filled(pair, 100, 100)), 100);
	assert_int_equal(nsk_send(pair->fd[0], bytes + 200, 100, 0), 100);
	world_recv(&pair->world, pair->fd[1], want, 300);
	assert_memory_equal(bytes, want, 300);
}

static void a_received_buffer_may_be_sent_on(void **state)
{
	struct pair *pair = *state;
	struct rte_mbuf *bufs[2];
	uint8_t bytes[2000], want[2000];

	world_fill(want, sizeof(want), 0, 1);
	send_by_reference(pair, 1000, 0);
	send_by_reference(pair, 1000, 1000);
	assert_int_equal(nsk_zc_recv(pair->fd[1], bufs, 2), 2);
	assert_int_equal(nsk_zc_send(pair->fd[1], bufs[0]), 1000);
	assert_int_equal(nsk_zc_send(pair->fd[1], bufs[1]), 1000);
	world_recv(&pair->world, pair->fd[0], bytes, sizeof(bytes));
	assert_memory_equal(bytes, want, sizeof(want));
}

static void received_buffers_outlive_the_socket(void **state)
{
	struct pair *pair = *state;
	struct rte_mbuf *m;

	send_by_reference(pair, 1000, 0);
	assert_int_equal(nsk_zc_recv(pair->fd[1], &m, 1), 1);
	assert_int_equal(nsk_close(pair->fd[1]), 0);
	assert_int_equal(nsk_close(pair->fd[0]), 0);
	world_run(&pair->world, 5 * MINUTE, NULL, NULL);
	assert_true(world_all_closed(&pair->world, 1));
	expect(m, 1000, 0);
	nsk_zc_free(&m, 1);
	world_pool_complete(&pair->world, 1);
}

/* The peer is told at once, not when it probes: it sends on at the same instant. */
static void taking_buffers_opens_the_window(void **state)
{
	struct pair *pair = *state;
	uint64_t sent = 0, taken = 0, now_ns;
	struct rte_mbuf *m, *bufs[32];
	int n;

	while ((m = filled(pair, 1000, sent)) && nsk_zc_send(pair->fd[0], m) == 1000)
		sent += 1000;
	assert_int_equal(errno, EAGAIN);
	nsk_zc_free(&m, 1); /* it stayed ours */
	world_run(&pair->world, 100 * MS, NULL, NULL);
	assert_true(sent > 65535);
	now_ns = pair->world.now_ns;
	for (unsigned more = 0; taken < sent; more++) {
		assert_true(more < 1000);
		while ((n = nsk_zc_recv(pair->fd[1], bufs, 32)) > 0) {
			for (int i = 0; i < n; i++) {
				expect(bufs[i], bufs[i]->data_len, taken);
				taken += bufs[i]->data_len;
			}
			nsk_zc_free(bufs, (unsigned)n);
		}
		world_settle(&pair->world);
		assert_int_equal(pair->world.now_ns, now_ns);
	}
}

static void the_end_of_the_stream_is_no_buffer(void **state)
{
	struct pair *pair = *state;
	struct rte_mbuf *m;

	send_by_reference(pair, 10, 0);
	assert_int_equal(nsk_close(pair->fd[0]), 0);
	world_settle(&pair->world);
	assert_int_equal(nsk_zc_recv(pair->fd[1], &m, 1), 1);
	nsk_zc_free(&m, 1);
	assert_int_equal(nsk_zc_recv(pair->fd[1], &m, 1), 0);
}

static void a_buffer_that_cannot_be_taken_stays_the_callers(void **state)
{
	struct pair *pair = *state;
	struct rte_mbuf *m = nsk_zc_alloc(pair->fd[0]), *second = filled(pair, 10, 0);

	assert_errno(nsk_zc_send(pair->fd[0], m), EINVAL); /* empty */
	rte_pktmbuf_append(m, 10);
	rte_mbuf_refcnt_update(m, 1);
	assert_errno(nsk_zc_send(pair->fd[0], m), EINVAL); /* somebody else has it too */
	rte_mbuf_refcnt_update(m, -1);
	assert_int_equal(rte_pktmbuf_chain(m, second), 0);
	assert_errno(nsk_zc_send(pair->fd[0], m), EINVAL); /* a chain */
	assert_int_equal(nsk_shutdown(pair->fd[0], SHUT_WR), 0);
	assert_errno(nsk_zc_send(pair->fd[0], m), EPIPE);
	nsk_zc_free(&m, 1);
}

static void errors_are_those_of_the_ordinary_calls(void **state)
{
	struct pair *pair = *state;
	struct rte_mbuf *m = nsk_zc_alloc(pair->fd[0]);
	int fresh, ep, udp;

	world_enter(&pair->world, 0);
	fresh = nsk_socket(AF_INET, SOCK_STREAM, 0);
	ep = nsk_epoll_create1(0);
	udp = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	rte_pktmbuf_append(m, 10);
	assert_errno(nsk_zc_recv(pair->fd[1], &m, 0), EINVAL);
	assert_errno(nsk_zc_recv(pair->fd[1], NULL, 1), EFAULT);
	assert_errno(nsk_zc_recv(-1, &m, 1), EBADF);
	assert_errno(nsk_zc_recv(fresh, &m, 1), ENOTCONN);
	assert_errno(nsk_zc_recv(ep, &m, 1), ENOTSOCK);
	assert_errno(nsk_zc_recv(udp, &m, 1), EAGAIN);
	assert_errno(nsk_zc_send(pair->fd[0], NULL), EFAULT);
	assert_errno(nsk_zc_send(-1, m), EBADF);
	assert_errno(nsk_zc_send(fresh, m), EPIPE); /* as nsk_send() */
	assert_errno(nsk_zc_send(ep, m), ENOTSOCK);
	assert_errno(nsk_zc_send(udp, m), EOPNOTSUPP);
	assert_null(nsk_zc_alloc(-1));
	assert_int_equal(errno, EBADF);
	assert_null(nsk_zc_alloc(ep));
	assert_int_equal(errno, ENOTSOCK);
	nsk_zc_free(&m, 1);
}

static void an_empty_pool_gives_no_buffer(void **state)
{
	struct pair *pair = *state;
	static struct rte_mbuf *bufs[4096];
	unsigned n = 0;

	while (n < 4096 && (bufs[n] = nsk_zc_alloc(pair->fd[0])) != NULL)
		n++;
	assert_in_range(n, 1, 4095);
	assert_int_equal(errno, ENOBUFS);
	nsk_zc_free(bufs, n);
}

static void datagrams_come_by_reference_one_a_buffer(void **state)
{
	struct pair *pair = *state;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(HOST_B)};
	int from = world_udp(&pair->world, 0, "10.0.0.1", 1000);
	int fd = world_udp(&pair->world, 1, "10.0.0.2", 53);
	struct rte_mbuf *bufs[4];
	uint8_t bytes[300];
	uint64_t before;

	world_fill(bytes, sizeof(bytes), 0, 1);
	for (size_t n = 1; n <= 3; n++)
		assert_int_equal(nsk_sendto(from, bytes, 100 * n, 0, (struct sockaddr *)&to,
					    sizeof(to)),
				 100 * n);
	world_settle(&pair->world);
	before = copied(pair);
	assert_int_equal(nsk_zc_recv(fd, bufs, 4), 3);
	for (size_t n = 1; n <= 3; n++)
		expect(bufs[n - 1], 100 * n, 0);
	assert_int_equal(copied(pair), before);
	nsk_zc_free(bufs, 3);
}

/* What was sent is read again from the same buffer until it is acknowledged. */
static void what_is_lost_is_sent_again_from_the_buffer(void **state)
{
	struct world_params params = {.seed = 11, .wire = {.delay_ns = MS, .loss_ppm = 200000}};
	uint8_t got[20000], want[20000];
	struct pair pair;

	(void)state;
	world_pair(&pair.world, &params);
	world_connected(&pair.world, 80, &pair.listener, pair.fd);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(nsk_zc_send(pair.fd[0], filled(&pair, 1000, 1000 * i)), 1000);
	world_recv(&pair.world, pair.fd[1], got, sizeof(got));
	world_fill(want, sizeof(want), 0, 1);
	assert_memory_equal(got, want, sizeof(want));
	assert_true(world_counter(&pair.world, 0, NSK_CNT_TCP_RETRANS_SEGMENTS) > 0);
	world_end(&pair.world);
}

#define pair_test(fn) \
	cmocka_unit_test_prestate_setup_teardown(fn, pair_up, pair_down, (void *)(uintptr_t) #fn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		pair_test(payload_goes_through_without_a_copy_in_its_order),
		pair_test(ordinary_calls_count_what_they_copy),
		pair_test(both_ways_of_receiving_mix),
		pair_test(taking_ends_at_the_urgent_mark),
		pair_test(both_ways_of_sending_mix),
		pair_test(a_received_buffer_may_be_sent_on),
		pair_test(received_buffers_outlive_the_socket),
		pair_test(taking_buffers_opens_the_window),
		pair_test(the_end_of_the_stream_is_no_buffer),
		pair_test(a_buffer_that_cannot_be_taken_stays_the_callers),
		pair_test(errors_are_those_of_the_ordinary_calls),
		pair_test(an_empty_pool_gives_no_buffer),
		pair_test(datagrams_come_by_reference_one_a_buffer),
		world_test(what_is_lost_is_sent_again_from_the_buffer),
	};

	return world_main(tests);
}
