/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every order in which a connection can begin to end and end: RFC 9293 §3.6 and §3.10.4, between
 * two stacks; what takes forged or reordered segments is in close_segments.c.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "sim/trace.h"
#include "sim/world.h"

#define PORT  7
#define CPORT 4000
#define DELAY (10 * MS)

static struct world world;
static struct trace trace;
static int listener, fd[2];

/* A connection from A (port 4000) to B (port 7) over a wire with a delay. */
static void open_with(const char *const *settings)
{
	world_pair(&world, &(struct world_params){
				   .seed = 1,
				   .wire = {.delay_ns = DELAY},
				   .settings = settings,
			   });
	trace_start(&trace, &world);
	listener = world_listen(&world, 1, PORT, 16);
	fd[0] = world_connect_from(&world, 0, CPORT, "10.0.0.2", PORT);
	fd[1] = world_accept(&world, listener);
	world_run(&world, SEC, NULL, NULL);
	trace_clear(&trace);
}

static void open_pair(void)
{
	open_with(NULL);
}

/* Everything must be over and given back. */
static void end_pair(void)
{
	assert_true(world_all_closed(&world, 0));
	assert_true(world_all_closed(&world, 1));
	world_pool_complete(&world, 0);
	world_pool_complete(&world, 1);
	trace_end(&trace);
	world_end(&world);
}

static void wait_ms(uint64_t ms)
{
	world_run(&world, ms * MS, NULL, NULL);
}

static void assert_states(unsigned a, unsigned b)
{
	assert_int_equal(world_state(&world, 0, CPORT), a);
	assert_int_equal(world_state(&world, 1, PORT), b);
}

static void close_fd(int *which)
{
	assert_int_equal(nsk_close(*which), 0);
	*which = -1;
}

static short events_of(int which)
{
	struct pollfd pfd = {.fd = which, .events = POLLIN | POLLOUT | POLLRDHUP};

	return nsk_poll(&pfd, 1, 0) ? pfd.revents : 0;
}

static void expect_reset(int which)
{
	char c;

	assert_true(events_of(which) & POLLERR);
	assert_true(events_of(which) & POLLHUP);
	assert_int_equal(nsk_recv(which, &c, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(nsk_recv(which, &c, 1, 0), 0);
	assert_int_equal(nsk_send(which, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
}

/* ---- one side closes, then the other ------------------------------------------------------------
 */

/* RFC 9293 §3.6 case 1, figure 12. first closes. */
static void normal_close(unsigned first)
{
	unsigned a = first, b = !first;
	uint16_t port[2] = {CPORT, PORT};

	open_pair();
	close_fd(&fd[a]);
	wait_ms(1);
	assert_int_equal(world_state(&world, a, port[a]), TCPS_FIN_WAIT_1);
	wait_ms(10);
	assert_int_equal(world_state(&world, b, port[b]), TCPS_CLOSE_WAIT);
	wait_ms(10);
	assert_int_equal(world_state(&world, a, port[a]), TCPS_FIN_WAIT_2);
	world_expect_eof(&world, fd[b]);
	close_fd(&fd[b]);
	wait_ms(1);
	assert_int_equal(world_state(&world, b, port[b]), TCPS_LAST_ACK);
	wait_ms(10);
	assert_int_equal(world_state(&world, a, port[a]), TCPS_TIME_WAIT);
	wait_ms(10);
	assert_int_equal(world_state(&world, b, port[b]), TCPS_CLOSED);

	/* FIN, ACK, FIN, ACK and not a segment more; the ACK of the FIN is not delayed. */
	assert_int_equal(trace.count, 4);
	assert_int_equal(trace_count(&trace, a, TCP_FIN), 1);
	assert_int_equal(trace_count(&trace, b, TCP_FIN), 1);
	assert_int_equal(trace_count(&trace, b, 0), 1);
	assert_int_equal(trace_nth(&trace, b, 0, 0)->ack,
			 trace_nth(&trace, a, TCP_FIN, 0)->seq + 1);
	assert_int_equal(trace_nth(&trace, a, 0, 0)->ack,
			 trace_nth(&trace, b, TCP_FIN, 0)->seq + 1);
	world_run(&world, 61 * SEC, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

static void active_opener_closes_first_rfc9293_3_6_case_1(void **state)
{
	(void)state;
	normal_close(0);
}

static void passive_opener_closes_first_rfc9293_3_6_case_2(void **state)
{
	(void)state;
	normal_close(1);
}

static void answer_with_fin_before_eof_is_read_rfc9293_3_6_case_2(void **state)
{
	(void)state;
	open_pair();
	close_fd(&fd[0]);
	while (world_state(&world, 1, PORT) != TCPS_CLOSE_WAIT)
		world_step(&world, NSK_NEVER);
	close_fd(&fd[1]); /* nothing was received but the FIN: this is no abort */
	wait_ms(30);
	assert_states(TCPS_TIME_WAIT, TCPS_CLOSED);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_RST), 0);
	world_run(&world, MINUTE, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

static void simultaneous_close_goes_through_closing_rfc9293_3_6_case_3(void **state)
{
	(void)state;
	open_pair();
	close_fd(&fd[0]);
	close_fd(&fd[1]);
	wait_ms(1);
	assert_states(TCPS_FIN_WAIT_1, TCPS_FIN_WAIT_1);
	wait_ms(10);
	assert_states(TCPS_CLOSING, TCPS_CLOSING);
	wait_ms(10);
	assert_states(TCPS_TIME_WAIT, TCPS_TIME_WAIT);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_FIN), 1);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_FIN), 1);
	assert_int_equal(trace.count, 4);
	world_run(&world, MINUTE, NULL, NULL);
	assert_states(TCPS_CLOSED, TCPS_CLOSED);
	close_fd(&listener);
	end_pair();
}

/* ---- half closes --------------------------------------------------------------------------------
 */

#define MUCH 300000
static uint8_t data[MUCH], got[MUCH];

static void half_close_leaves_the_other_direction_open_rfc9293_3_6(void **state)
{
	(void)state;
	open_pair();
	world_fill(data, MUCH, 0, 1);
	world_send(&world, fd[0], data, 5000);
	assert_int_equal(nsk_shutdown(fd[0], SHUT_WR), 0);
	assert_int_equal(nsk_send(fd[0], "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	world_recv(&world, fd[1], got, 5000);
	assert_memory_equal(got, data, 5000);
	world_expect_eof(&world, fd[1]);
	wait_ms(30);
	assert_states(TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);

	/* The peer has more to say than fits both buffers, and says it for longer than an orphan's
	 * FIN-WAIT-2 would last. */
	for (size_t done = 0; done < MUCH; done += 50000) {
		world_send(&world, fd[1], data + done, 50000);
		world_recv(&world, fd[0], got + done, 50000);
		world_run(&world, 30 * SEC, NULL, NULL);
	}
	assert_memory_equal(got, data, MUCH);
	close_fd(&fd[1]);
	world_expect_eof(&world, fd[0]);
	close_fd(&fd[0]);
	wait_ms(30);
	assert_states(TCPS_TIME_WAIT, TCPS_CLOSED);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_RST), 0);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_RST), 0);
	world_run(&world, MINUTE, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

static void both_half_close_with_data_under_way_each_way(void **state)
{
	(void)state;
	open_pair();
	world_fill(data, 60000, 0, 1);
	for (unsigned i = 0; i < 2; i++) {
		world_send(&world, fd[i], data, 60000);
		assert_int_equal(nsk_shutdown(fd[i], SHUT_WR), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		memset(got, 0, 60000);
		world_recv(&world, fd[i], got, 60000);
		assert_memory_equal(got, data, 60000);
		world_expect_eof(&world, fd[i]);
	}
	wait_ms(100);
	assert_states(TCPS_TIME_WAIT, TCPS_TIME_WAIT);
	/* The sockets are still there, at their end. */
	assert_true(events_of(fd[0]) & POLLHUP);
	assert_false(events_of(fd[0]) & POLLERR);
	close_fd(&fd[0]);
	close_fd(&fd[1]);
	world_run(&world, MINUTE, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

static void close_sends_what_was_written_before_its_fin_rfc9293_3_10_4(void **state)
{
	(void)state;
	open_pair();
	world_fill(data, 100000, 0, 2);
	assert_int_equal(nsk_send(fd[0], data, 100000, 0),
			 100000); /* more than the first windows */
	close_fd(&fd[0]);
	world_recv(&world, fd[1], got, 100000);
	assert_memory_equal(got, data, 100000);
	world_expect_eof(&world, fd[1]);
	close_fd(&fd[1]);
	wait_ms(100);
	assert_states(TCPS_TIME_WAIT, TCPS_CLOSED);
	world_run(&world, MINUTE, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

/* ---- aborts -------------------------------------------------------------------------------------
 */

static void close_with_unread_data_resets_rfc2525_2_17(void **state)
{
	(void)state;
	open_pair();
	world_send(&world, fd[0], "unread", 6);
	wait_ms(20);
	close_fd(&fd[1]);
	wait_ms(1);
	assert_int_equal(world_state(&world, 1, PORT), TCPS_CLOSED);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_RST), 1);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_FIN), 0);
	wait_ms(20);
	assert_int_equal(world_state(&world, 0, CPORT), TCPS_CLOSED);
	expect_reset(fd[0]);
	close_fd(&fd[0]);
	close_fd(&listener);
	end_pair();
}

static void data_after_close_is_reset_rfc9293_3_10_7_4(void **state)
{
	(void)state;
	open_pair();
	close_fd(&fd[0]);
	wait_ms(50);
	assert_states(TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);
	world_send(&world, fd[1], "too late", 8);
	wait_ms(50);
	assert_states(TCPS_CLOSED, TCPS_CLOSED);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_RST), 1);
	assert_int_equal(world_drops(&world, 0, NSK_DROP_TCP_AFTER_CLOSE), 1);
	assert_true(events_of(fd[1]) & POLLERR);
	assert_int_equal(world_sock_error(fd[1]), EPIPE); /* as Linux says it in CLOSE-WAIT */
	close_fd(&fd[1]);
	close_fd(&listener);
	end_pair();
}

static void linger_of_zero_resets_and_leaves_no_time_wait(void **state)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)state;
	open_pair();
	world_send(&world, fd[0], "lost", 4);
	assert_int_equal(nsk_setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close_fd(&fd[0]);
	wait_ms(1);
	assert_int_equal(world_state(&world, 0, CPORT), TCPS_CLOSED);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_RST), 1);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_FIN), 0);
	wait_ms(20);
	expect_reset(fd[1]);
	close_fd(&fd[1]);
	close_fd(&listener);
	end_pair();
}

static void destroying_a_stack_resets_its_connections(void **state)
{
	(void)state;
	open_pair();
	nsk_enter(NULL);
	nsk_stack_destroy(world.host[1]);
	world.nhosts = 1;
	wait_ms(20);
	assert_int_equal(world_state(&world, 0, CPORT), TCPS_CLOSED);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_RST), 1);
	expect_reset(fd[0]);
	assert_int_equal(nsk_recv(fd[1], data, 1, 0), -1);
	assert_int_equal(errno, EBADF);
	close_fd(&fd[0]);
	world_pool_complete(&world, 0);
	trace_end(&trace);
	world_end(&world);
}

static void closing_a_listener_resets_what_nobody_accepted(void **state)
{
	int waiting;

	(void)state;
	open_pair();
	waiting = world_connect(&world, 0, "10.0.0.2", PORT);
	assert_int_equal(world_wait(&world, waiting, POLLOUT, SEC), POLLOUT);
	wait_ms(50);
	close_fd(&listener);
	wait_ms(50);
	assert_int_equal(world_sock_error(waiting), ECONNRESET);
	/* What had been accepted lives on. */
	assert_states(TCPS_ESTABLISHED, TCPS_ESTABLISHED);
	close_fd(&waiting);
	close_fd(&fd[0]);
	world_expect_eof(&world, fd[1]);
	close_fd(&fd[1]);
	world_run(&world, 61 * SEC, NULL, NULL);
	end_pair();
}

/* ---- beginnings that end ------------------------------------------------------------------------
 */

static void close_in_syn_sent_deletes_the_connection_rfc9293_3_10_4(void **state)
{
	int client;

	(void)state;
	open_pair();
	trace_clear(&trace);
	client = world_connect(&world, 0, "10.0.0.2", PORT);
	wait_ms(1);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_SYN), 1);
	close_fd(&client);
	assert_int_equal(world_levels(&world, 0).tcp_connections, 1);
	/* The SYN,ACK that comes now belongs to nobody and is reset (§3.10.7.1). */
	wait_ms(50);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_SYN), 1);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_RST), 1);
	assert_int_equal(world_levels(&world, 1).tcp_embryonic, 0);
	assert_int_equal(nsk_accept(listener, NULL, NULL), -1);
	close_fd(&fd[0]);
	close_fd(&fd[1]);
	world_run(&world, 61 * SEC, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

static void simultaneous_open_rfc9293_3_5_figure_8(void **state)
{
	(void)state;
	world_pair(&world, &(struct world_params){.seed = 2, .wire = {.delay_ns = DELAY}});
	trace_start(&trace, &world);
	/* ARP first, so that both SYNs leave at the same instant. */
	listener = world_connect(&world, 0, "10.0.0.2", 9);
	world_wait(&world, listener, POLLERR, SEC);
	close_fd(&listener);
	trace_clear(&trace);

	fd[0] = world_connect_from(&world, 0, CPORT, "10.0.0.2", PORT);
	fd[1] = world_connect_from(&world, 1, PORT, "10.0.0.1", CPORT);
	wait_ms(11);
	assert_states(TCPS_SYN_RCVD, TCPS_SYN_RCVD);
	wait_ms(30);
	assert_states(TCPS_ESTABLISHED, TCPS_ESTABLISHED);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_SYN), 2); /* SYN, then SYN,ACK */
	assert_int_equal(trace_count(&trace, FROM_B, TCP_SYN), 2);
	assert_false(trace_nth(&trace, FROM_A, TCP_SYN, 0)->flags & TCP_ACK);
	assert_true(trace_nth(&trace, FROM_A, TCP_SYN, 1)->flags & TCP_ACK);
	assert_int_equal(trace_nth(&trace, FROM_A, TCP_SYN, 0)->seq,
			 trace_nth(&trace, FROM_A, TCP_SYN, 1)->seq);

	/* It is a connection like any other. */
	world_fill(data, 100000, 0, 3);
	world_send(&world, fd[0], data, 100000);
	world_recv(&world, fd[1], got, 100000);
	assert_memory_equal(got, data, 100000);
	world_send(&world, fd[1], data, 1000);
	world_recv(&world, fd[0], got, 1000);
	close_fd(&fd[1]);
	world_expect_eof(&world, fd[0]);
	close_fd(&fd[0]);
	world_run(&world, 61 * SEC, NULL, NULL);
	end_pair();
}

/* ---- TIME-WAIT and FIN-WAIT-2 -------------------------------------------------------------------
 */

static void close_both(unsigned first)
{
	close_fd(&fd[first]);
	world_expect_eof(&world, fd[!first]);
	close_fd(&fd[!first]);
	wait_ms(30);
}

static void time_wait_lasts_two_msl_rfc9293_3_6_1(void **state)
{
	static const char *const settings[] = {"tcp.time_wait_ms=30000", NULL};

	(void)state;
	open_with(settings);
	close_both(0);
	assert_states(TCPS_TIME_WAIT, TCPS_CLOSED);
	world_run(&world, 29900 * MS, NULL, NULL);
	assert_states(TCPS_TIME_WAIT, TCPS_CLOSED);
	world_run(&world, 200 * MS, NULL, NULL);
	assert_states(TCPS_CLOSED, TCPS_CLOSED);
	close_fd(&listener);
	end_pair();
}

/* RFC 6191: a SYN with a newer timestamp reopens a connection that the server holds in TIME-WAIT.
 */
static void syn_reopens_a_connection_in_time_wait_rfc6191(void **state)
{
	(void)state;
	open_pair();
	close_both(1);
	assert_states(TCPS_CLOSED, TCPS_TIME_WAIT);
	world_run(&world, 2 * SEC, NULL, NULL);
	for (unsigned i = 0; i < 5; i++) {
		fd[0] = world_connect_from(&world, 0, CPORT, "10.0.0.2", PORT);
		fd[1] = world_accept(&world, listener);
		wait_ms(50);
		assert_states(TCPS_ESTABLISHED, TCPS_ESTABLISHED);
		world_send(&world, fd[0], "again", 5);
		world_recv(&world, fd[1], got, 5);
		close_both(1);
		assert_states(TCPS_CLOSED, TCPS_TIME_WAIT);
		world_run(&world, 2 * SEC, NULL, NULL);
	}
	assert_int_equal(trace_count(&trace, FROM_A, TCP_RST), 0);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_RST), 0);
	world_run(&world, MINUTE, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

static void listening_again_is_possible_while_connections_are_in_time_wait(void **state)
{
	(void)state;
	open_pair();
	close_both(1);
	close_fd(&listener);
	listener = world_listen(&world, 1, PORT, 16);
	fd[0] = world_connect(&world, 0, "10.0.0.2", PORT);
	fd[1] = world_accept(&world, listener);
	close_both(0);
	world_run(&world, 61 * SEC, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

static void orphan_in_fin_wait_2_waits_no_longer_than_fin_timeout(void **state)
{
	static const char *const settings[] = {"tcp.fin_timeout_ms=20000", NULL};

	(void)state;
	open_with(settings);
	close_fd(&fd[0]);
	wait_ms(50);
	assert_states(TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);
	world_run(&world, 19 * SEC, NULL, NULL);
	assert_states(TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);
	world_run(&world, 2 * SEC, NULL, NULL);
	assert_states(TCPS_CLOSED, TCPS_CLOSE_WAIT);
	/* The peer's FIN comes too late and is reset; the peer has nothing to lose by it. */
	world_expect_eof(&world, fd[1]);
	close_fd(&fd[1]);
	wait_ms(50);
	assert_states(TCPS_CLOSED, TCPS_CLOSED);
	close_fd(&listener);
	end_pair();
}

static void set_loss(unsigned direction, uint32_t ppm)
{
	struct nsk_wire_params params = {.delay_ns = DELAY, .seed = 5, .loss_ppm = ppm};

	assert_int_equal(nsk_wire_set(world.wire, direction, &params), 0);
}

static void lost_fin_is_sent_again(void **state)
{
	(void)state;
	open_pair();
	set_loss(FROM_A, 1000000);
	close_fd(&fd[0]);
	wait_ms(100);
	assert_states(TCPS_FIN_WAIT_1, TCPS_ESTABLISHED);
	set_loss(FROM_A, 0);
	wait_ms(500);
	assert_states(TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_FIN), 2);
	world_expect_eof(&world, fd[1]);
	close_fd(&fd[1]);
	world_run(&world, 61 * SEC, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

static void time_wait_acknowledges_a_fin_again_and_starts_anew_rfc9293_3_10_7_4(void **state)
{
	(void)state;
	open_pair();
	close_fd(&fd[0]);
	world_expect_eof(&world, fd[1]);
	wait_ms(20);
	set_loss(FROM_A, 1000000); /* the last ACK gets lost, for 40 s */
	close_fd(&fd[1]);
	world_run(&world, 40 * SEC, NULL, NULL);
	assert_states(TCPS_TIME_WAIT, TCPS_LAST_ACK);
	assert_true(trace_count(&trace, FROM_B, TCP_FIN) > 3);
	set_loss(FROM_A, 0);
	world_run(&world, 30 * SEC, NULL, NULL); /* 70 s since the first FIN, not since the last */
	assert_states(TCPS_TIME_WAIT, TCPS_CLOSED);
	world_run(&world, 60 * SEC, NULL, NULL);
	assert_states(TCPS_CLOSED, TCPS_CLOSED);
	close_fd(&listener);
	end_pair();
}

static void orphan_gives_up_after_orphan_retries(void **state)
{
	static const char *const settings[] = {"tcp.orphan_retries=3", NULL};

	(void)state;
	open_with(settings);
	world_send(&world, fd[0], "nobody hears", 12);
	set_loss(FROM_A, 1000000);
	set_loss(FROM_B, 1000000);
	close_fd(&fd[0]);
	world_run(&world, 30 * SEC, NULL, NULL);
	assert_int_equal(world_state(&world, 0, CPORT), TCPS_CLOSED);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_TCP_TIMEOUTS), 1);
	close_fd(&fd[1]);
	world_run(&world, HOUR, NULL, NULL);
	close_fd(&listener);
	end_pair();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(active_opener_closes_first_rfc9293_3_6_case_1),
		world_test(passive_opener_closes_first_rfc9293_3_6_case_2),
		world_test(answer_with_fin_before_eof_is_read_rfc9293_3_6_case_2),
		world_test(simultaneous_close_goes_through_closing_rfc9293_3_6_case_3),
		world_test(half_close_leaves_the_other_direction_open_rfc9293_3_6),
		world_test(both_half_close_with_data_under_way_each_way),
		world_test(close_sends_what_was_written_before_its_fin_rfc9293_3_10_4),
		world_test(close_with_unread_data_resets_rfc2525_2_17),
		world_test(data_after_close_is_reset_rfc9293_3_10_7_4),
		world_test(linger_of_zero_resets_and_leaves_no_time_wait),
		world_test(destroying_a_stack_resets_its_connections),
		world_test(closing_a_listener_resets_what_nobody_accepted),
		world_test(close_in_syn_sent_deletes_the_connection_rfc9293_3_10_4),
		world_test(simultaneous_open_rfc9293_3_5_figure_8),
		world_test(time_wait_lasts_two_msl_rfc9293_3_6_1),
		world_test(syn_reopens_a_connection_in_time_wait_rfc6191),
		world_test(listening_again_is_possible_while_connections_are_in_time_wait),
		world_test(orphan_in_fin_wait_2_waits_no_longer_than_fin_timeout),
		world_test(lost_fin_is_sent_again),
		world_test(time_wait_acknowledges_a_fin_again_and_starts_anew_rfc9293_3_10_7_4),
		world_test(orphan_gives_up_after_orphan_retries),
	};

	return world_main(tests);
}
