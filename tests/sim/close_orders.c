/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every order in which a connection can begin to end and end: RFC 9293 §3.6 and §3.10.4, between
 * two stacks. How long they wait afterwards is in close_waits.c; what takes forged or reordered
 * segments is in close_segments.c.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "sim/ends.h"

static struct ends e;

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

/* ---- one side closes, then the other ------------------------------------------------------- */

/* RFC 9293 §3.6 case 1, figure 12. first closes. */
static void normal_close(unsigned first)
{
	unsigned a = first, b = !first;
	uint16_t port[2] = {ENDS_CPORT, ENDS_PORT};

	ends_open(&e, NULL);
	ends_close(&e.fd[a]);
	ends_run_ms(&e, 1);
	assert_int_equal(world_state(&e.world, a, port[a]), TCPS_FIN_WAIT_1);
	ends_run_ms(&e, 10);
	assert_int_equal(world_state(&e.world, b, port[b]), TCPS_CLOSE_WAIT);
	ends_run_ms(&e, 10);
	assert_int_equal(world_state(&e.world, a, port[a]), TCPS_FIN_WAIT_2);
	world_expect_eof(&e.world, e.fd[b]);
	ends_close(&e.fd[b]);
	ends_run_ms(&e, 1);
	assert_int_equal(world_state(&e.world, b, port[b]), TCPS_LAST_ACK);
	ends_run_ms(&e, 10);
	assert_int_equal(world_state(&e.world, a, port[a]), TCPS_TIME_WAIT);
	ends_run_ms(&e, 10);
	assert_int_equal(world_state(&e.world, b, port[b]), TCPS_CLOSED);

	/* FIN, ACK, FIN, ACK and not a segment more; the ACK of the FIN is not delayed. */
	assert_int_equal(e.trace.count, 4);
	assert_int_equal(trace_count(&e.trace, a, TCP_FIN), 1);
	assert_int_equal(trace_count(&e.trace, b, TCP_FIN), 1);
	assert_int_equal(trace_count(&e.trace, b, 0), 1);
	assert_int_equal(trace_nth(&e.trace, b, 0, 0)->ack,
			 trace_nth(&e.trace, a, TCP_FIN, 0)->seq + 1);
	assert_int_equal(trace_nth(&e.trace, a, 0, 0)->ack,
			 trace_nth(&e.trace, b, TCP_FIN, 0)->seq + 1);
	world_run(&e.world, 61 * SEC, NULL, NULL);
	ends_finish(&e);
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
	ends_open(&e, NULL);
	ends_close(&e.fd[0]);
	while (world_state(&e.world, 1, ENDS_PORT) != TCPS_CLOSE_WAIT)
		world_step(&e.world, NSK_NEVER);
	ends_close(&e.fd[1]); /* nothing was received but the FIN: this is no abort */
	ends_run_ms(&e, 30);
	ends_assert_states(&e, TCPS_TIME_WAIT, TCPS_CLOSED);
	assert_int_equal(trace_count(&e.trace, FROM_B, TCP_RST), 0);
	world_run(&e.world, MINUTE, NULL, NULL);
	ends_finish(&e);
}

static void simultaneous_close_goes_through_closing_rfc9293_3_6_case_3(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	ends_close(&e.fd[0]);
	ends_close(&e.fd[1]);
	ends_run_ms(&e, 1);
	ends_assert_states(&e, TCPS_FIN_WAIT_1, TCPS_FIN_WAIT_1);
	ends_run_ms(&e, 10);
	ends_assert_states(&e, TCPS_CLOSING, TCPS_CLOSING);
	ends_run_ms(&e, 10);
	ends_assert_states(&e, TCPS_TIME_WAIT, TCPS_TIME_WAIT);
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_FIN), 1);
	assert_int_equal(trace_count(&e.trace, FROM_B, TCP_FIN), 1);
	assert_int_equal(e.trace.count, 4);
	world_run(&e.world, MINUTE, NULL, NULL);
	ends_assert_states(&e, TCPS_CLOSED, TCPS_CLOSED);
	ends_finish(&e);
}

/* ---- half closes --------------------------------------------------------------------------- */

#define MUCH 300000
static uint8_t data[MUCH], got[MUCH];

static void half_close_leaves_the_other_direction_open_rfc9293_3_6(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	world_fill(data, MUCH, 0, 1);
	world_send(&e.world, e.fd[0], data, 5000);
	assert_int_equal(nsk_shutdown(e.fd[0], SHUT_WR), 0);
	assert_int_equal(nsk_send(e.fd[0], "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	world_recv(&e.world, e.fd[1], got, 5000);
	assert_memory_equal(got, data, 5000);
	world_expect_eof(&e.world, e.fd[1]);
	ends_run_ms(&e, 30);
	ends_assert_states(&e, TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);

	/* The peer has more to say than fits both buffers, and says it for longer than an orphan's
	 * FIN-WAIT-2 would last. */
	for (size_t done = 0; done < MUCH; done += 50000) {
		world_send(&e.world, e.fd[1], data + done, 50000);
		world_recv(&e.world, e.fd[0], got + done, 50000);
		world_run(&e.world, 30 * SEC, NULL, NULL);
	}
	assert_memory_equal(got, data, MUCH);
	ends_close(&e.fd[1]);
	world_expect_eof(&e.world, e.fd[0]);
	ends_close(&e.fd[0]);
	ends_run_ms(&e, 30);
	ends_assert_states(&e, TCPS_TIME_WAIT, TCPS_CLOSED);
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_RST), 0);
	assert_int_equal(trace_count(&e.trace, FROM_B, TCP_RST), 0);
	world_run(&e.world, MINUTE, NULL, NULL);
	ends_finish(&e);
}

static void both_half_close_with_data_under_way_each_way(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	world_fill(data, 60000, 0, 1);
	for (unsigned i = 0; i < 2; i++) {
		world_send(&e.world, e.fd[i], data, 60000);
		assert_int_equal(nsk_shutdown(e.fd[i], SHUT_WR), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		memset(got, 0, 60000);
		world_recv(&e.world, e.fd[i], got, 60000);
		assert_memory_equal(got, data, 60000);
		world_expect_eof(&e.world, e.fd[i]);
	}
	ends_run_ms(&e, 100);
	ends_assert_states(&e, TCPS_TIME_WAIT, TCPS_TIME_WAIT);
	/* The sockets are still there, at their end. */
	assert_true(events_of(e.fd[0]) & POLLHUP);
	assert_false(events_of(e.fd[0]) & POLLERR);
	ends_close(&e.fd[0]);
	ends_close(&e.fd[1]);
	world_run(&e.world, MINUTE, NULL, NULL);
	ends_finish(&e);
}

static void close_sends_what_was_written_before_its_fin_rfc9293_3_10_4(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	world_fill(data, 100000, 0, 2);
	assert_int_equal(nsk_send(e.fd[0], data, 100000, 0),
			 100000); /* more than the first windows */
	ends_close(&e.fd[0]);
	world_recv(&e.world, e.fd[1], got, 100000);
	assert_memory_equal(got, data, 100000);
	world_expect_eof(&e.world, e.fd[1]);
	ends_close(&e.fd[1]);
	ends_run_ms(&e, 100);
	ends_assert_states(&e, TCPS_TIME_WAIT, TCPS_CLOSED);
	world_run(&e.world, MINUTE, NULL, NULL);
	ends_finish(&e);
}

/* ---- aborts -------------------------------------------------------------------------------- */

static void close_with_unread_data_resets_rfc2525_2_17(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	world_send(&e.world, e.fd[0], "unread", 6);
	ends_run_ms(&e, 20);
	ends_close(&e.fd[1]);
	ends_run_ms(&e, 1);
	assert_int_equal(world_state(&e.world, 1, ENDS_PORT), TCPS_CLOSED);
	assert_int_equal(trace_count(&e.trace, FROM_B, TCP_RST), 1);
	assert_int_equal(trace_count(&e.trace, FROM_B, TCP_FIN), 0);
	ends_run_ms(&e, 20);
	assert_int_equal(world_state(&e.world, 0, ENDS_CPORT), TCPS_CLOSED);
	expect_reset(e.fd[0]);
	ends_close(&e.fd[0]);
	ends_finish(&e);
}

static void data_after_close_is_reset_rfc9293_3_10_7_4(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	ends_close(&e.fd[0]);
	ends_run_ms(&e, 50);
	ends_assert_states(&e, TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);
	world_send(&e.world, e.fd[1], "too late", 8);
	ends_run_ms(&e, 50);
	ends_assert_states(&e, TCPS_CLOSED, TCPS_CLOSED);
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_RST), 1);
	assert_int_equal(world_drops(&e.world, 0, NSK_DROP_TCP_AFTER_CLOSE), 1);
	assert_true(events_of(e.fd[1]) & POLLERR);
	assert_int_equal(world_sock_error(e.fd[1]), EPIPE); /* as Linux says it in CLOSE-WAIT */
	ends_close(&e.fd[1]);
	ends_finish(&e);
}

static void linger_of_zero_resets_and_leaves_no_time_wait(void **state)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)state;
	ends_open(&e, NULL);
	world_send(&e.world, e.fd[0], "lost", 4);
	assert_int_equal(nsk_setsockopt(e.fd[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	ends_close(&e.fd[0]);
	ends_run_ms(&e, 1);
	assert_int_equal(world_state(&e.world, 0, ENDS_CPORT), TCPS_CLOSED);
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_RST), 1);
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_FIN), 0);
	ends_run_ms(&e, 20);
	expect_reset(e.fd[1]);
	ends_close(&e.fd[1]);
	ends_finish(&e);
}

static void destroy_and_expect_a_reset(void)
{
	nsk_enter(NULL);
	nsk_stack_destroy(e.world.host[1]);
	e.world.nhosts = 1;
	ends_run_ms(&e, 20);
	assert_int_equal(world_state(&e.world, 0, ENDS_CPORT), TCPS_CLOSED);
	assert_int_equal(trace_count(&e.trace, FROM_B, TCP_RST), 1);
	expect_reset(e.fd[0]);
	assert_int_equal(nsk_recv(e.fd[1], data, 1, 0), -1);
	assert_int_equal(errno, EBADF);
	ends_close(&e.fd[0]);
	world_pool_complete(&e.world, 0);
	trace_end(&e.trace);
	world_end(&e.world);
}

static void destroying_a_stack_resets_its_connections(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	destroy_and_expect_a_reset();
}

/* Its descriptor is closed first, and there is no turn left for the FIN. */
static void destroying_a_stack_resets_those_that_the_peer_half_closed(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	assert_int_equal(nsk_shutdown(e.fd[0], SHUT_WR), 0);
	ends_run_ms(&e, 20);
	destroy_and_expect_a_reset();
}

static void closing_a_listener_resets_what_nobody_accepted(void **state)
{
	int waiting;

	(void)state;
	ends_open(&e, NULL);
	waiting = world_connect(&e.world, 0, "10.0.0.2", ENDS_PORT);
	assert_int_equal(world_wait(&e.world, waiting, POLLOUT, SEC), POLLOUT);
	ends_run_ms(&e, 50);
	ends_close(&e.listener);
	ends_run_ms(&e, 50);
	assert_int_equal(world_sock_error(waiting), ECONNRESET);
	/* What had been accepted lives on. */
	ends_assert_states(&e, TCPS_ESTABLISHED, TCPS_ESTABLISHED);
	ends_close(&waiting);
	ends_close(&e.fd[0]);
	world_expect_eof(&e.world, e.fd[1]);
	ends_close(&e.fd[1]);
	world_run(&e.world, 61 * SEC, NULL, NULL);
	ends_finish(&e);
}

/* ---- beginnings that end ------------------------------------------------------------------- */

static void close_in_syn_sent_deletes_the_connection_rfc9293_3_10_4(void **state)
{
	int client;

	(void)state;
	ends_open(&e, NULL);
	trace_clear(&e.trace);
	client = world_connect(&e.world, 0, "10.0.0.2", ENDS_PORT);
	ends_run_ms(&e, 1);
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_SYN), 1);
	ends_close(&client);
	assert_int_equal(world_levels(&e.world, 0).tcp_connections, 1);
	/* The SYN,ACK that comes now belongs to nobody and is reset (§3.10.7.1). */
	ends_run_ms(&e, 50);
	assert_int_equal(trace_count(&e.trace, FROM_B, TCP_SYN), 1);
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_RST), 1);
	assert_int_equal(world_levels(&e.world, 1).tcp_embryonic, 0);
	assert_int_equal(nsk_accept(e.listener, NULL, NULL), -1);
	ends_close(&e.fd[0]);
	ends_close(&e.fd[1]);
	world_run(&e.world, 61 * SEC, NULL, NULL);
	ends_finish(&e);
}

static void simultaneous_open_rfc9293_3_5_figure_8(void **state)
{
	(void)state;
	world_pair(&e.world, &(struct world_params){.seed = 2, .wire = {.delay_ns = ENDS_DELAY}});
	trace_start(&e.trace, &e.world);
	/* ARP first, so that both SYNs leave at the same instant. */
	e.listener = world_connect(&e.world, 0, "10.0.0.2", 9);
	world_wait(&e.world, e.listener, POLLERR, SEC);
	ends_close(&e.listener);
	trace_clear(&e.trace);

	e.fd[0] = world_connect_from(&e.world, 0, ENDS_CPORT, "10.0.0.2", ENDS_PORT);
	e.fd[1] = world_connect_from(&e.world, 1, ENDS_PORT, "10.0.0.1", ENDS_CPORT);
	ends_run_ms(&e, 11);
	ends_assert_states(&e, TCPS_SYN_RCVD, TCPS_SYN_RCVD);
	ends_run_ms(&e, 30);
	ends_assert_states(&e, TCPS_ESTABLISHED, TCPS_ESTABLISHED);
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_SYN), 2); /* SYN, then SYN,ACK */
	assert_int_equal(trace_count(&e.trace, FROM_B, TCP_SYN), 2);
	assert_false(trace_nth(&e.trace, FROM_A, TCP_SYN, 0)->flags & TCP_ACK);
	assert_true(trace_nth(&e.trace, FROM_A, TCP_SYN, 1)->flags & TCP_ACK);
	assert_int_equal(trace_nth(&e.trace, FROM_A, TCP_SYN, 0)->seq,
			 trace_nth(&e.trace, FROM_A, TCP_SYN, 1)->seq);

	/* It is a connection like any other. */
	world_fill(data, 100000, 0, 3);
	world_send(&e.world, e.fd[0], data, 100000);
	world_recv(&e.world, e.fd[1], got, 100000);
	assert_memory_equal(got, data, 100000);
	world_send(&e.world, e.fd[1], data, 1000);
	world_recv(&e.world, e.fd[0], got, 1000);
	ends_close(&e.fd[1]);
	world_expect_eof(&e.world, e.fd[0]);
	ends_close(&e.fd[0]);
	world_run(&e.world, 61 * SEC, NULL, NULL);
	ends_finish(&e);
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
		world_test(destroying_a_stack_resets_those_that_the_peer_half_closed),
		world_test(closing_a_listener_resets_what_nobody_accepted),
		world_test(close_in_syn_sent_deletes_the_connection_rfc9293_3_10_4),
		world_test(simultaneous_open_rfc9293_3_5_figure_8),
	};

	return world_main(tests);
}
