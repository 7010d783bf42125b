/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a connection waits for when its user has closed it, and for how long: TIME-WAIT and what
 * ends it early, FIN-WAIT-2, a FIN that gets lost, a peer that has gone. RFC 9293 §3.6.1 and
 * §3.10.7.4, RFC 6191.
 */
#include "sim/ends.h"

static struct ends e;

static void close_both(unsigned first)
{
	ends_close(&e.fd[first]);
	world_expect_eof(&e.world, e.fd[!first]);
	ends_close(&e.fd[!first]);
	ends_run_ms(&e, 30);
}

static void time_wait_lasts_two_msl_rfc9293_3_6_1(void **state)
{
	static const char *const settings[] = {"tcp.time_wait_ms=30000", NULL};

	(void)state;
	ends_open(&e, settings);
	close_both(0);
	ends_assert_states(&e, TCPS_TIME_WAIT, TCPS_CLOSED);
	world_run(&e.world, 29900 * MS, NULL, NULL);
	ends_assert_states(&e, TCPS_TIME_WAIT, TCPS_CLOSED);
	world_run(&e.world, 200 * MS, NULL, NULL);
	ends_assert_states(&e, TCPS_CLOSED, TCPS_CLOSED);
	ends_finish(&e);
}

/* RFC 6191: a SYN with a newer timestamp reopens a connection that the server holds in TIME-WAIT.
 */
static void syn_reopens_a_connection_in_time_wait_rfc6191(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	close_both(1);
	ends_assert_states(&e, TCPS_CLOSED, TCPS_TIME_WAIT);
	world_run(&e.world, 2 * SEC, NULL, NULL);
	for (unsigned i = 0; i < 5; i++) {
		e.fd[0] = world_connect_from(&e.world, 0, ENDS_CPORT, "10.0.0.2", ENDS_PORT);
		e.fd[1] = world_accept(&e.world, e.listener);
		ends_run_ms(&e, 50);
		ends_assert_states(&e, TCPS_ESTABLISHED, TCPS_ESTABLISHED);
		world_send(&e.world, e.fd[0], "again", 5);
		world_recv(&e.world, e.fd[1], (char[5]){0}, 5);
		close_both(1);
		ends_assert_states(&e, TCPS_CLOSED, TCPS_TIME_WAIT);
		world_run(&e.world, 2 * SEC, NULL, NULL);
	}
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_RST), 0);
	assert_int_equal(trace_count(&e.trace, FROM_B, TCP_RST), 0);
	world_run(&e.world, MINUTE, NULL, NULL);
	ends_finish(&e);
}

static void listening_again_is_possible_while_connections_are_in_time_wait(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	close_both(1);
	ends_close(&e.listener);
	e.listener = world_listen(&e.world, 1, ENDS_PORT, 16);
	e.fd[0] = world_connect(&e.world, 0, "10.0.0.2", ENDS_PORT);
	e.fd[1] = world_accept(&e.world, e.listener);
	close_both(0);
	world_run(&e.world, 61 * SEC, NULL, NULL);
	ends_finish(&e);
}

static void orphan_in_fin_wait_2_waits_no_longer_than_fin_timeout(void **state)
{
	static const char *const settings[] = {"tcp.fin_timeout_ms=20000", NULL};

	(void)state;
	ends_open(&e, settings);
	ends_close(&e.fd[0]);
	ends_run_ms(&e, 50);
	ends_assert_states(&e, TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);
	world_run(&e.world, 19 * SEC, NULL, NULL);
	ends_assert_states(&e, TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);
	world_run(&e.world, 2 * SEC, NULL, NULL);
	ends_assert_states(&e, TCPS_CLOSED, TCPS_CLOSE_WAIT);
	/* The peer's FIN comes too late and is reset; the peer has nothing to lose by it. */
	world_expect_eof(&e.world, e.fd[1]);
	ends_close(&e.fd[1]);
	ends_run_ms(&e, 50);
	ends_assert_states(&e, TCPS_CLOSED, TCPS_CLOSED);
	ends_finish(&e);
}

static void set_loss(unsigned direction, uint32_t ppm)
{
	struct nsk_wire_params params = {.delay_ns = ENDS_DELAY, .seed = 5, .loss_ppm = ppm};

	assert_int_equal(nsk_wire_set(e.world.wire, direction, &params), 0);
}

static void lost_fin_is_sent_again(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	set_loss(FROM_A, 1000000);
	ends_close(&e.fd[0]);
	ends_run_ms(&e, 100);
	ends_assert_states(&e, TCPS_FIN_WAIT_1, TCPS_ESTABLISHED);
	set_loss(FROM_A, 0);
	ends_run_ms(&e, 500);
	ends_assert_states(&e, TCPS_FIN_WAIT_2, TCPS_CLOSE_WAIT);
	assert_int_equal(trace_count(&e.trace, FROM_A, TCP_FIN), 2);
	world_expect_eof(&e.world, e.fd[1]);
	ends_close(&e.fd[1]);
	world_run(&e.world, 61 * SEC, NULL, NULL);
	ends_finish(&e);
}

static void time_wait_acknowledges_a_fin_again_and_starts_anew_rfc9293_3_10_7_4(void **state)
{
	(void)state;
	ends_open(&e, NULL);
	ends_close(&e.fd[0]);
	world_expect_eof(&e.world, e.fd[1]);
	ends_run_ms(&e, 20);
	set_loss(FROM_A, 1000000); /* the last ACK gets lost, for 40 s */
	ends_close(&e.fd[1]);
	world_run(&e.world, 40 * SEC, NULL, NULL);
	ends_assert_states(&e, TCPS_TIME_WAIT, TCPS_LAST_ACK);
	assert_true(trace_count(&e.trace, FROM_B, TCP_FIN) > 3);
	set_loss(FROM_A, 0);
	world_run(&e.world, 30 * SEC, NULL,
		  NULL); /* 70 s since the first FIN, not since the last */
	ends_assert_states(&e, TCPS_TIME_WAIT, TCPS_CLOSED);
	world_run(&e.world, 60 * SEC, NULL, NULL);
	ends_assert_states(&e, TCPS_CLOSED, TCPS_CLOSED);
	ends_finish(&e);
}

static void orphan_gives_up_after_orphan_retries(void **state)
{
	static const char *const settings[] = {"tcp.orphan_retries=3", NULL};

	(void)state;
	ends_open(&e, settings);
	world_send(&e.world, e.fd[0], "nobody hears", 12);
	set_loss(FROM_A, 1000000);
	set_loss(FROM_B, 1000000);
	ends_close(&e.fd[0]);
	world_run(&e.world, 30 * SEC, NULL, NULL);
	assert_int_equal(world_state(&e.world, 0, ENDS_CPORT), TCPS_CLOSED);
	assert_int_equal(world_counter(&e.world, 0, NSK_CNT_TCP_TIMEOUTS), 1);
	ends_close(&e.fd[1]);
	world_run(&e.world, HOUR, NULL, NULL);
	ends_finish(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
