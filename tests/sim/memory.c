/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers that grow and fall on their own, and the marks of the memory of all of them together:
 * from tcp.mem_pressure on until below tcp.mem_low they fall and out-of-order data goes, from
 * tcp.mem_high on nothing more is taken. No window is ever taken back (RFC 9293 section 3.8.6).
 */
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "mbuf/pkt.h"
#include "sim/pair.h"
#include "sim/peer.h"
#include "tcp/rcvbuf.h"
#include "tcp/tcp_worker.h"

#define PORT   7
#define TALKS  24
#define WINDOW 65535u
#define LEAST  4096u
/* Of a packet buffer in a queue. */
#define CHARGE (RTE_PKTMBUF_HEADROOM + 2048 + sizeof(struct rte_mbuf) + PKT_PRIV_SIZE)
/* Buffers of a direction: below LOW pressure ends, at PRESSURE it begins, at HIGH is the end. */
#define LOW	 4u
#define PRESSURE 8u
#define HIGH	 16u

static struct peer peer;
static struct talk talk[TALKS];
static uint32_t edge[TALKS]; /* of the window that the stack offers */
static uint8_t data[200000], got[200000];

static struct tcp_worker *tcp(void)
{
	return world_worker(&peer.world, 0)->tcp;
}

static void begin(void)
{
	static char low[48], pressure[48], high[48];
	static const char *const settings[] = {low, pressure, high, "tcp.ack_policy=rfc", NULL};
	int listener = -1;

	snprintf(low, sizeof(low), "tcp.mem_low=%zu", 2 * LOW * CHARGE);
	snprintf(pressure, sizeof(pressure), "tcp.mem_pressure=%zu", 2 * PRESSURE * CHARGE);
	snprintf(high, sizeof(high), "tcp.mem_high=%zu", 2 * HIGH * CHARGE);
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, settings);
	for (unsigned i = 0; i < TALKS; i++) {
		talk_connect(&talk[i], &peer, (uint16_t)(5000 + i), listener, NULL, 0);
		listener = talk[i].listener;
		edge[i] = talk[i].seq + WINDOW;
	}
}

/* The stack's windows never go back. */
static void take_windows(void)
{
	while (peer.count) {
		struct segment s = peer_segment(&peer);
		unsigned i = s.dport - 5000u;

		assert_in_range(i, 0, TALKS - 1);
		assert_true((int32_t)(s.ack + s.wnd - edge[i]) >= 0);
		edge[i] = s.ack + s.wnd;
	}
}

static void finish(void)
{
	for (unsigned i = 0; i < TALKS; i++) {
		talk_send_at(&talk[i], TCP_RST, talk_conn(&talk[i])->rcv_nxt, 0, NULL, 0);
		nsk_close(talk[i].fd);
	}
	nsk_close(talk[0].listener);
	peer_run(&peer, 2 * HOUR);
	peer_forget(&peer);
	assert_int_equal(tcp()->snd_mem.used, 0);
	assert_int_equal(tcp()->rcv_mem.used, 0);
	assert_int_equal(world_levels(&peer.world, 0).tcp_mem_bytes, 0);
	assert_int_equal(world_levels(&peer.world, 0).tcp_mem_pressed, 0);
	peer_finish(&peer, 0);
}

/* One segment that fills no buffer and is too long to be copied behind another. */
static void segment_to(unsigned i)
{
	talk_send(&talk[i], TCP_ACK, data, 1000);
	take_windows();
}

static uint32_t rcv_limit(unsigned i)
{
	return talk_conn(&talk[i])->rcv.limit;
}

static void expect_pressure(unsigned level, unsigned times)
{
	assert_int_equal(world_levels(&peer.world, 0).tcp_mem_pressed, level);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_TCP_MEM_PRESSURES), times);
}

static void read_all(unsigned i)
{
	while (nsk_recv(talk[i].fd, got, sizeof(got), 0) > 0)
		;
	peer_settle(&peer);
	take_windows();
}

/* ---- receiving ----------------------------------------------------------------------------- */

static void receive_buffers_fall_from_pressure_until_below_low(void **state)
{
	uint32_t limit = WINDOW;

	(void)state;
	begin();
	for (unsigned i = 0; i < PRESSURE - 1; i++)
		segment_to(i);
	assert_int_equal(tcp()->rcv_mem.used, (PRESSURE - 1) * CHARGE);
	expect_pressure(0, 0);
	segment_to(0);
	assert_int_equal(rcv_limit(0), WINDOW);
	expect_pressure(1, 1);
	peer_run(&peer, 3 * SEC);
	take_windows();
	/* Those that are looked at fall by half each time, down to the least. */
	for (unsigned n = 0; n < 6; n++) {
		limit = NSK_MAX(limit / 2, LEAST);
		talk_send(&talk[1], TCP_ACK, data, 300);
		assert_int_equal(rcv_limit(1), limit);
		take_windows();
	}
	assert_int_equal(limit, LEAST);
	assert_int_equal(rcv_limit(2), WINDOW);
	/* What was offered is taken all the same, and is all there. */
	assert_int_equal(talk_conn(&talk[1])->rcv.bytes, 1000 + 6 * 300);
	/* Reading has them fall, too, as long as it is not below low. */
	for (unsigned i = PRESSURE - 2; tcp()->rcv_mem.used >= (LOW + 1) * CHARGE; i--) {
		read_all(i);
		expect_pressure(1, 1);
	}
	peer_run(&peer, 2 * SEC);
	read_all(0);
	expect_pressure(0, 1);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_TCP_MEM_PRESSURE_MS), 5000);
	assert_int_equal(world_drops_all(&peer.world, 0), 0);
	finish();
}

/* At high only those that hold nothing get something, and soon they neither. */
static void from_high_on_nothing_more_is_taken_and_each_drop_is_counted(void **state)
{
	unsigned n;

	(void)state;
	begin();
	for (n = 0; n < HIGH; n++)
		segment_to(n);
	assert_int_equal(tcp()->rcv_mem.used, HIGH * CHARGE);
	/* One that holds something: the room that is left in its buffer, and no more. */
	talk_send(&talk[0], TCP_ACK, data, 1400);
	take_windows();
	assert_int_equal(talk_conn(&talk[0])->rcv_nxt, talk[0].seq - 1400);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TCP_MEM_FULL), 1);
	talk[0].seq -= 1400;
	/* Those that hold nothing: a third more. */
	for (; n < TALKS; n++)
		segment_to(n);
	assert_int_equal(tcp()->rcv_mem.used, (HIGH * 4 / 3 + 1) * CHARGE);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TCP_MEM_FULL), 1 + 2);
	assert_int_equal(world_drops_all(&peer.world, 0), 3);
	for (unsigned i = 0; i < HIGH; i++)
		read_all(i);
	/* Sent again, all is well. */
	for (n = TALKS - 2; n < TALKS; n++) {
		talk[n].seq -= 1000;
		segment_to(n);
		assert_int_equal(talk_conn(&talk[n])->rcv.bytes, 1000);
	}
	assert_int_equal(world_drops_all(&peer.world, 0), 3);
	finish();
}

/* RFC 2018 section 8: what was sacked may go when memory is short. */
static void pressure_prunes_what_came_out_of_order_rfc2018_8(void **state)
{
	static const uint8_t sack[] = {4, 2, 1, 1};
	struct talk *t = &talk[0];

	(void)state;
	begin();
	talk_send_at(t, TCP_RST, t->seq, 0, NULL, 0);
	nsk_close(t->fd);
	peer_run(&peer, SEC);
	talk_connect(t, &peer, 5000, talk[1].listener, sack, sizeof(sack));
	edge[0] = t->seq + WINDOW;
	for (unsigned i = 1; i <= 5; i++) {
		talk_send_at(t, TCP_ACK, t->seq + i * 5000, t->ack, data, 1000);
		take_windows();
	}
	assert_int_equal(rcvq_mem(talk_conn(t)), 5 * CHARGE);
	for (unsigned i = 1; i <= PRESSURE - 5; i++)
		segment_to(i);
	/* The limit falls to 32767 … 4096, of which twice is for memory: three buffers. */
	for (unsigned i = 0; i < 4; i++) {
		talk_send_at(t, TCP_ACK, t->seq + 5000, t->ack, data, 1000);
		take_windows();
	}
	assert_int_equal(rcv_limit(0), LEAST);
	assert_int_equal(rcvq_mem(talk_conn(t)), 2 * LEAST / CHARGE * CHARGE - CHARGE);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TCP_OOO_FULL), 3);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TCP_DUPLICATE), 4);
	finish();
}

static void buffers_that_the_application_sized_stay(void **state)
{
	(void)state;
	begin();
	world_setsockopt(talk[0].fd, SOL_SOCKET, SO_RCVBUF, 30000);
	world_setsockopt(talk[0].fd, SOL_SOCKET, SO_SNDBUF, 20000);
	for (unsigned i = 0; i < HIGH; i++)
		segment_to(i);
	for (unsigned i = 1; i < HIGH; i++)
		assert_int_equal(nsk_send(talk[i].fd, data, 1000, 0), 1000);
	talk_send(&talk[0], TCP_ACK, data, 1000);
	nsk_send(talk[0].fd, data, 1000, 0);
	expect_pressure(2, 2);
	assert_int_equal(rcv_limit(0), 30000);
	assert_int_equal(talk_conn(&talk[0])->snd.limit, 20000);
	finish();
}

/* ---- sending ------------------------------------------------------------------------------- */

static uint32_t snd_limit(unsigned i)
{
	return talk_conn(&talk[i])->snd.limit;
}

static void send_buffers_fall_and_writes_are_refused_at_high(void **state)
{
	struct pollfd pfd = {.fd = talk[TALKS - 1].fd, .events = POLLOUT};
	unsigned n = 0;

	(void)state;
	begin();
	pfd.fd = talk[TALKS - 1].fd;
	for (; n < PRESSURE; n++)
		assert_int_equal(nsk_send(talk[n].fd, data, 1000, 0), 1000);
	assert_int_equal(tcp()->snd_mem.used, PRESSURE * CHARGE);
	assert_int_equal(snd_limit(PRESSURE - 1), 262144);
	for (; n < HIGH; n++) {
		assert_int_equal(nsk_send(talk[n].fd, data, 1000, 0), 1000);
		assert_int_equal(snd_limit(n), 131072);
	}
	assert_int_equal(nsk_send(talk[n].fd, data, 1000, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(nsk_send(pfd.fd, data, 1000, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(tcp()->snd_mem.used, HIGH * CHARGE);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_TCP_MEM_REFUSED), 2);
	expect_pressure(1, 1);
	assert_int_equal(nsk_poll(&pfd, 1, 0), 0);
	peer_settle(&peer);
	peer_forget(&peer);
	/* Who asks again and again needs no turn for each. */
	assert_int_equal(nsk_send(pfd.fd, data, 1000, 0), -1);
	assert_true(nsk_turn(peer.world.host[0]) > peer.world.now_ns);
	assert_int_equal(nsk_send(pfd.fd, data, 1000, 0), -1);
	assert_false(tcp_output_pending(world_worker(&peer.world, 0)));
	/* ACKs of others make room, and who waits learns it. */
	for (n = 0; n < HIGH; n++)
		talk_send_at(&talk[n], TCP_ACK, talk[n].seq, talk[n].ack + 1000, NULL, 0);
	peer_run(&peer, 2 * SEC);
	assert_int_equal(nsk_poll(&pfd, 1, 0), 1);
	assert_int_equal(nsk_send(pfd.fd, data, 1000, 0), 1000);
	expect_pressure(0, 1);
	peer_run(&peer, SEC);
	peer_forget(&peer);
	finish();
}

/* ---- growing and falling ------------------------------------------------------------------- */

static struct world world;

static void transfer(const int fd[2], unsigned times)
{
	while (times--) {
		world_send(&world, fd[0], data, sizeof(data));
		world_recv(&world, fd[1], got, sizeof(got));
		assert_memory_equal(got, data, sizeof(data));
	}
}

static int rcvbuf(int fd)
{
	return world_getsockopt(fd, SOL_SOCKET, SO_RCVBUF) / 2;
}

static int sndbuf(int fd)
{
	return world_getsockopt(fd, SOL_SOCKET, SO_SNDBUF) / 2;
}

static void buffers_grow_with_traffic_and_fall_when_idle(void **state)
{
	static const char *const settings[] = {"pool.buffers=4096", NULL};
	int listener, fd[2], grown;

	(void)state;
	world_pair(&world, &(struct world_params){
				   .seed = 1, .wire = {.delay_ns = 10 * MS}, .settings = settings});
	world_fill(data, sizeof(data), 0, 1);
	world_connected(&world, PORT, &listener, fd);
	assert_int_equal(rcvbuf(fd[1]), WINDOW);
	assert_int_equal(sndbuf(fd[0]), 262144);
	transfer(fd, 40);
	grown = rcvbuf(fd[1]);
	assert_true(grown > 200000);
	assert_true(sndbuf(fd[0]) > 262144);
	/* Half of it for each ten seconds; the sender's follows the window, which begins anew. */
	world_run(&world, 11 * SEC, NULL, NULL);
	world_send(&world, fd[0], data, 1000);
	world_recv(&world, fd[1], got, 1000);
	assert_int_equal(rcvbuf(fd[1]), grown / 2);
	assert_int_equal(sndbuf(fd[0]), 262144);
	world_run(&world, 200 * SEC, NULL, NULL);
	world_send(&world, fd[0], data, 1000);
	world_recv(&world, fd[1], got, 1000);
	assert_int_equal(rcvbuf(fd[1]), WINDOW);
	/* And again. */
	transfer(fd, 40);
	assert_true(rcvbuf(fd[1]) > 200000);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

#define PAIRS 12

/* Many transfers at once through all of the marks: each octet arrives, and no window goes back. */
static void transfers_get_through_whatever_the_pressure(void **state)
{
	static const char *const settings[] = {"tcp.mem_low=60K", "tcp.mem_pressure=100K",
					       "tcp.mem_high=200K", NULL};
	size_t sent[PAIRS] = {0}, had[PAIRS] = {0}, left = PAIRS * sizeof(data), most = 0;
	int listener, a[PAIRS], b[PAIRS];
	struct trace trace;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 2,
						  .wire = {.delay_ns = 5 * MS},
						  .settings_b = settings});
	world_fill(data, sizeof(data), 0, 1);
	trace_start(&trace, &world);
	listener = world_listen(&world, 1, PORT, PAIRS);
	for (unsigned i = 0; i < PAIRS; i++) {
		a[i] = world_connect(&world, 0, "10.0.0.2", PORT);
		b[i] = world_accept(&world, listener);
	}
	for (unsigned turn = 0; left; turn++) {
		assert_true(turn < 100000);
		for (unsigned i = 0; i < PAIRS; i++) {
			ssize_t n = nsk_send(a[i], data + sent[i], sizeof(data) - sent[i], 0);

			sent[i] += n > 0 ? (size_t)n : 0;
			/* Each reads seldom, and some hardly ever. */
			if (turn % (20 + 20 * i) == 0) {
				n = nsk_recv(b[i], got, sizeof(got), 0);
				if (n <= 0)
					continue;
				assert_memory_equal(got, data + had[i], (size_t)n);
				had[i] += (size_t)n;
				left -= (size_t)n;
			}
		}
		world_run(&world, MS, NULL, NULL);
		most = NSK_MAX(most, world_levels(&world, 1).tcp_mem_bytes);
	}
	trace_audit(&trace);
	trace_end(&trace);
	/* The half of it that is for receiving, and a third of that. */
	assert_in_range(most, 100 * 1024 / 2, 100 * 1024 * 4 / 3 + CHARGE);
	assert_true(world_counter(&world, 1, NSK_CNT_TCP_MEM_PRESSURES) > 0);
	assert_true(world_drops(&world, 1, NSK_DROP_TCP_MEM_FULL) > 0);
	for (unsigned i = 0; i < PAIRS; i++) {
		nsk_close(a[i]);
		world_expect_eof(&world, b[i]);
		nsk_close(b[i]);
	}
	nsk_close(listener);
	pair_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(receive_buffers_fall_from_pressure_until_below_low),
		world_test(from_high_on_nothing_more_is_taken_and_each_drop_is_counted),
		world_test(pressure_prunes_what_came_out_of_order_rfc2018_8),
		world_test(buffers_that_the_application_sized_stay),
		world_test(send_buffers_fall_and_writes_are_refused_at_high),
		world_test(buffers_grow_with_traffic_and_fall_when_idle),
		world_test(transfers_get_through_whatever_the_pressure),
	};

	return world_main(tests);
}
