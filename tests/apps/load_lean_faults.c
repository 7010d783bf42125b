/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lean client against a server in memory: loss, corruption, and servers that misbehave. Each is
 * counted for what it is.
 */
#include <stdlib.h>
#include <string.h>

#include "load_peer.h"

static struct options usual; /* of 100 requests */

/* Exactly these errors, all of one kind. */
static void assert_errors(const struct peer *p, enum load_error kind, uint64_t count)
{
	for (unsigned i = 0; i < LOAD_ERR_MAX; i++)
		assert_int_equal(p->result.error[i], i == kind ? count : 0);
}

static void loses_no_request_where_packets_are_lost(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct options o = usual;
		struct peer *p;

		o.short_lived = seed & 1;
		o.timeout_ms = 60000;
		o.request_bytes = seed % 3 ? 64 : 5000;
		o.requests_total = 300;
		p = peer_new(&o, false, PROTO_TCP);
		p->seed = seed * 7919;
		p->loss_percent = 6;
		p->reorder_percent = 5;
		assert_true(peer_run(p, 600 * SEC));
		assert_int_equal(p->result.now.answers, 300);
		assert_int_equal(result_errors(&p->result), 0);
		assert_true(p->result.now.retransmits > 0);
		assert_int_equal(p->bad, 0);
		peer_free(p);
	}
}

static void bulk_survives_loss_and_disorder(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct options o = usual;
		struct peer *p;

		o.bulk = BULK_BOTH;
		o.bulk_bytes = 200000;
		o.connections = 2;
		o.requests_total = 0;
		o.timeout_ms = 60000;
		p = peer_new(&o, false, PROTO_TCP);
		p->seed = seed * 104729;
		p->window = 20000;
		p->loss_percent = 3;
		p->reorder_percent = 10;
		assert_true(peer_run(p, 600 * SEC));
		assert_int_equal(result_errors(&p->result), 0);
		assert_int_equal(p->result.now.answers, 2);
		assert_int_equal(p->result.now.rx_bytes, 400000);
		assert_int_equal(p->bad, 0);
		peer_free(p);
	}
}

static void corruption_is_found_by_checksum_and_repaired(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.timeout_ms = 60000;
	o.requests_total = 1000;
	p = peer_new(&o, false, PROTO_TCP);
	p->corrupt_percent = 10;
	assert_true(peer_run(p, 600 * SEC));
	assert_int_equal(p->result.now.answers, 1000);
	assert_in_range(p->result.error[LOAD_ERR_CHECKSUM], 50, 300);
	assert_errors(p, LOAD_ERR_CHECKSUM, p->result.error[LOAD_ERR_CHECKSUM]);
	peer_free(p);
}

static void a_wrong_ip_checksum_is_found(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	p->wrong_ip_sum = true;
	peer_run(p, 100 * MS);
	assert_int_equal(p->result.now.opened, 0);
	assert_errors(p, LOAD_ERR_CHECKSUM, 10);
	peer_free(p);
}

static void a_reset_that_is_not_in_order_is_ignored(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	/* RFC 5961 §3.2 */
	p->blind_reset = true;
	assert_true(peer_run(p, 60 * SEC));
	assert_int_equal(p->result.now.answers, 100);
	assert_int_equal(result_errors(&p->result), 0);
	peer_free(p);
}

static void three_duplicates_repeat_a_segment_before_its_time_is_out(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.bulk = BULK_SEND;
	o.bulk_bytes = 20000;
	o.connections = 1;
	o.requests_total = 0;
	o.rto_ms = 2000;
	p = peer_new(&o, false, PROTO_TCP);
	p->lose_data = 3;
	peer_run(p, 100 * MS);
	assert_int_equal(p->result.now.retransmits, 1);
	assert_true(peer_run(p, 10 * SEC));
	assert_int_equal(p->result.now.answers, 1);
	peer_free(p);
}

static void what_comes_early_is_not_asked_for_again(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.bulk = BULK_BOTH;
	o.bulk_bytes = 200000;
	o.connections = 2;
	o.requests_total = 0;
	p = peer_new(&o, false, PROTO_TCP);
	p->window = 20000;
	p->reorder_percent = 5;
	assert_true(peer_run(p, 60 * SEC));
	assert_int_equal(p->result.now.answers, 2);
	assert_int_equal(result_errors(&p->result), 0);
	assert_int_equal(p->retransmits, 0);
	peer_free(p);
}

static void without_checksums_the_comparison_finds_it(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.no_checksum = true;
	o.timeout_ms = 60000;
	o.requests_total = 1000;
	p = peer_new(&o, false, PROTO_TCP);
	p->corrupt_percent = 10;
	peer_run(p, 600 * SEC);
	assert_int_equal(p->result.error[LOAD_ERR_CHECKSUM], 0);
	assert_true(p->result.error[LOAD_ERR_BAD] > 10);
	peer_free(p);
}

static void a_wrong_byte_is_a_bad_answer(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	p->wrong_byte = true;
	assert_true(peer_run(p, 60 * SEC));
	assert_int_equal(p->result.now.answers, 0);
	assert_errors(p, LOAD_ERR_BAD, 100);
	assert_true(p->resets >= 100);
	peer_free(p);
}

static void somebody_elses_answer_is_a_bad_answer(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	p->swap = true;
	assert_true(peer_run(p, 60 * SEC));
	assert_errors(p, LOAD_ERR_BAD, 100);
	peer_free(p);
}

static void a_wrong_bulk_byte_is_bad(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.bulk = BULK_BOTH;
	o.bulk_bytes = 50000;
	o.requests_total = 0;
	p = peer_new(&o, false, PROTO_TCP);
	p->wrong_byte = true;
	assert_true(peer_run(p, 60 * SEC));
	assert_int_equal(p->result.now.answers, 0);
	assert_errors(p, LOAD_ERR_BAD, 10);
	peer_free(p);
}

static void a_reset_of_a_syn_is_a_refusal(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	p->refuse = true;
	peer_run(p, 1050 * MS);
	/* Each tries again when its timer is looked at next: after the retransmission timeout. */
	assert_int_equal(p->result.error[LOAD_ERR_REFUSED], 60);
	assert_errors(p, LOAD_ERR_REFUSED, p->result.error[LOAD_ERR_REFUSED]);
	peer_free(p);
}

static void a_reset_of_a_connection_is_counted(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	p->reset_on_data = true;
	assert_true(peer_run(p, 60 * SEC));
	assert_int_equal(p->result.now.answers, 0);
	assert_errors(p, LOAD_ERR_RESET, 100);
	peer_free(p);
}

static void an_end_before_the_answer_is_counted(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	p->close_on_data = true;
	assert_true(peer_run(p, 60 * SEC));
	assert_errors(p, LOAD_ERR_CLOSED, 100);
	peer_free(p);
}

static void no_answer_to_syn_is_a_connect_timeout(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.timeout_ms = 3000;
	p = peer_new(&o, false, PROTO_TCP);
	peer_run(p, 10 * MS); /* ARP is answered */
	p->silent = true;
	peer_run(p, 1 * SEC);
	p = (peer_free(p), peer_new(&o, false, PROTO_TCP));
	p->silent = true;
	peer_run(p, 2900 * MS);
	assert_errors(p, LOAD_ERR_CONNECT_TIMEOUT, 0);
	peer_run(p, 300 * MS);
	assert_errors(p, LOAD_ERR_CONNECT_TIMEOUT, 10);
	/* Once more after a second. */
	assert_int_equal(p->result.now.retransmits, 10);
	peer_free(p);
}

static void no_answer_to_a_request_is_a_timeout(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.timeout_ms = 1000;
	p = peer_new(&o, false, PROTO_TCP);
	p->deaf_to_data = true;
	peer_run(p, 900 * MS);
	assert_errors(p, LOAD_ERR_TIMEOUT, 0);
	peer_run(p, 600 * MS);
	assert_errors(p, LOAD_ERR_TIMEOUT, 10);
	/* The server had acknowledged: nothing was sent again. */
	assert_int_equal(p->result.now.retransmits, 0);
	assert_int_equal(p->resets, 10);
	peer_free(p);
}

static void a_lost_datagram_is_a_timeout_and_a_late_one_is_stray(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.udp = true;
	o.timeout_ms = 50;
	o.connections = 1;
	o.requests_total = 3;
	p = peer_new(&o, true, PROTO_UDP);
	p->delay_ns = 70 * MS;
	assert_true(peer_run(p, 60 * SEC));
	assert_int_equal(p->result.now.answers, 0);
	assert_errors(p, LOAD_ERR_TIMEOUT, 3);
	assert_int_equal(p->result.now.stray, 2);
	peer_free(p);
}

static void an_old_connection_of_the_server_is_reset_and_replaced(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	/* RFC 9293 §3.5.1: the SYN is challenged, the challenge is reset, the SYN goes again. */
	p->challenge_first = true;
	/* Soon: when the timer is looked at next, not when the SYN would have been repeated. */
	assert_true(peer_run(p, 300 * MS));
	assert_int_equal(p->result.now.answers, 100);
	assert_int_equal(result_errors(&p->result), 0);
	assert_int_equal(p->challenges, 10);
	assert_int_equal(p->resets, 10);
	peer_free(p);
}

static void a_closed_window_is_probed(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.request_bytes = 5000;
	o.timeout_ms = 60000;
	p = peer_new(&o, false, PROTO_TCP);
	p->window = 0;
	peer_run(p, 2 * SEC);
	assert_int_equal(p->result.now.answers, 0);
	p->window = 3000;
	assert_true(peer_run(p, 60 * SEC));
	assert_int_equal(p->result.now.answers, 100);
	assert_int_equal(result_errors(&p->result), 0);
	peer_free(p);
}

static void no_answer_to_arp_ends_the_run(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	p->no_arp = true;
	assert_true(peer_run(p, 60 * SEC));
	assert_true(p->load.failed);
	assert_string_equal(p->load.failure,
			    "no answer to ARP for 10.0.0.2: is that host there, and the link up?");
	peer_free(p);
}

static void the_end_does_not_wait_for_a_dead_server(void **state)
{
	struct options o = usual;
	struct peer *p;
	uint64_t begin;

	(void)state;
	o.requests_total = 0;
	p = peer_new(&o, false, PROTO_TCP);
	peer_run(p, 100 * MS);
	assert_int_equal(p->result.open, 10);
	p->silent = true;
	p->load.phase = PHASE_DRAIN;
	begin = p->now_ns;
	assert_true(peer_run(p, 60 * SEC));
	assert_in_range(p->now_ns - begin, 900 * MS, 1500 * MS);
	assert_int_equal(p->result.open, 0);
	peer_free(p);
}

/* Whatever comes, nothing breaks: frames of random bytes, and real ones with random bits changed
 * and no checksums. */
static void survives_garbage(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.no_checksum = true;
	o.requests_total = 0;
	p = peer_new(&o, false, PROTO_TCP);
	p->corrupt_percent = 50;
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t frame[128];
		uint32_t len = (uint32_t)(peer_random(p) % sizeof(frame));

		for (uint32_t j = 0; j < len; j++)
			frame[j] = (uint8_t)peer_random(p);
		if (len > 34 && i % 2) {
			memcpy(frame + 12, "\x08\x00\x45", 3);
			frame[23] = i % 4 == 1 ? PROTO_ICMP : PROTO_TCP;
			memcpy(frame + 30, "\x0a\0\0\x01", 4);
		}
		peer_send(p, frame, len);
		peer_step(p);
	}
	assert_false(p->load.failed);
	peer_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loses_no_request_where_packets_are_lost),
		cmocka_unit_test(bulk_survives_loss_and_disorder),
		cmocka_unit_test(corruption_is_found_by_checksum_and_repaired),
		cmocka_unit_test(a_wrong_ip_checksum_is_found),
		cmocka_unit_test(a_reset_that_is_not_in_order_is_ignored),
		cmocka_unit_test(three_duplicates_repeat_a_segment_before_its_time_is_out),
		cmocka_unit_test(what_comes_early_is_not_asked_for_again),
		cmocka_unit_test(without_checksums_the_comparison_finds_it),
		cmocka_unit_test(a_wrong_byte_is_a_bad_answer),
		cmocka_unit_test(somebody_elses_answer_is_a_bad_answer),
		cmocka_unit_test(a_wrong_bulk_byte_is_bad),
		cmocka_unit_test(a_reset_of_a_syn_is_a_refusal),
		cmocka_unit_test(a_reset_of_a_connection_is_counted),
		cmocka_unit_test(an_end_before_the_answer_is_counted),
		cmocka_unit_test(no_answer_to_syn_is_a_connect_timeout),
		cmocka_unit_test(no_answer_to_a_request_is_a_timeout),
		cmocka_unit_test(a_lost_datagram_is_a_timeout_and_a_late_one_is_stray),
		cmocka_unit_test(an_old_connection_of_the_server_is_reset_and_replaced),
		cmocka_unit_test(a_closed_window_is_probed),
		cmocka_unit_test(no_answer_to_arp_ends_the_run),
		cmocka_unit_test(the_end_does_not_wait_for_a_dead_server),
		cmocka_unit_test(survives_garbage),
	};

	usual = peer_options(100);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
