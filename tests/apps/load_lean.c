/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lean client against a server in memory: what it does when all is well.
 */
#include <stdlib.h>
#include <string.h>

#include "load_peer.h"
#include "nsk-load/sum.h"

static struct options usual; /* of 1000 requests */

/* All asked, all answered, nothing amiss, everything closed on both sides. */
static void assert_clean(const struct peer *p, uint64_t requests)
{
	assert_int_equal(p->result.now.sent, requests);
	assert_int_equal(p->result.now.answers, requests);
	assert_int_equal(result_errors(&p->result), 0);
	assert_int_equal(p->result.now.retransmits, 0);
	assert_int_equal(p->result.now.stray, 0);
	assert_int_equal(p->result.now.closed, p->result.now.opened);
	assert_int_equal(p->result.open, 0);
	assert_int_equal(p->bad, 0);
	assert_int_equal(p->resets, 0);
	/* The server had to send nothing twice: everything was acknowledged. */
	assert_int_equal(p->retransmits, 0);
	for (unsigned i = 0; i < p->nconn; i++)
		assert_int_equal(p->conn[i].state, PEER_NONE);
}

static void answers_every_request_and_closes(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	assert_true(peer_run(p, 10 * SEC));
	assert_clean(p, 1000);
	assert_int_equal(p->syns, 10);
	assert_int_equal(p->fins, 10);
	assert_int_equal(p->result.now.tx_bytes, 64000);
	assert_int_equal(p->result.now.rx_bytes, 64000);
	assert_int_equal(p->result.latency.count, 1000);
	/* One delay, that of the answer, met at steps of 10 us. */
	assert_int_equal(p->result.latency.min_ns, 20000);
	assert_in_range(p->result.latency.max_ns, 20000, 30000);
	peer_free(p);
}

static void one_packet_a_request_in_the_closed_loop(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.connections = 1;
	p = peer_new(&o, false, PROTO_TCP);
	assert_true(peer_run(p, 10 * SEC));
	assert_clean(p, 1000);
	/*
	 * ARP twice, SYN, 1,000 requests of which each acknowledges the answer before and the first
	 * one the handshake, FIN, which acknowledges the last answer, ACK of the server's FIN.
	 */
	assert_int_equal(p->frames, 2 + 1 + 1000 + 1 + 1);
	peer_free(p);
}

static void short_connections_are_one_request_each(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.short_lived = true;
	p = peer_new(&o, false, PROTO_TCP);
	assert_true(peer_run(p, 10 * SEC));
	assert_clean(p, 1000);
	assert_int_equal(p->result.now.opened, 1000);
	assert_int_equal(p->syns, 1000);
	assert_int_equal(p->fins, 1000);
	peer_free(p);
}

static void ports_that_come_back_bring_larger_numbers(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.short_lived = true;
	o.connections = 4;
	o.port_first = 2000;
	o.port_last = 2003;
	p = peer_new(&o, false, PROTO_TCP);
	assert_true(peer_run(p, 10 * SEC));
	/* The server looks at each SYN: p->bad. */
	assert_clean(p, 1000);
	assert_int_equal(p->nconn, 4);
	peer_free(p);
}

static void acknowledgments_that_say_nothing_new_repeat_nothing(void **state)
{
	struct peer *p = peer_new(&usual, false, PROTO_TCP);

	(void)state;
	p->ack_after = true;
	assert_true(peer_run(p, 10 * SEC));
	assert_int_equal(p->result.now.answers, 1000);
	assert_int_equal(p->result.now.retransmits, 0);
	peer_free(p);
}

static void a_short_connection_may_be_closed_by_the_server_first(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.short_lived = true;
	p = peer_new(&o, false, PROTO_TCP);
	p->close_with_answer = true;
	assert_true(peer_run(p, 10 * SEC));
	assert_clean(p, 1000);
	assert_int_equal(p->result.now.opened, 1000);
	peer_free(p);
}

static void a_server_may_close_between_requests(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.requests_total = 100;
	p = peer_new(&o, false, PROTO_TCP);
	p->close_with_answer = true;
	assert_true(peer_run(p, 10 * SEC));
	assert_int_equal(p->result.now.answers, 100);
	assert_int_equal(result_errors(&p->result), 0);
	/* Opened again each time. */
	assert_int_equal(p->result.now.closed, 100);
	peer_free(p);
}

static void large_requests_are_cut_at_mss_and_window(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.request_bytes = 30001;
	o.requests_total = 50;
	p = peer_new(&o, false, PROTO_TCP);
	p->window = 5000;
	assert_true(peer_run(p, 20 * SEC));
	assert_clean(p, 50);
	assert_int_equal(p->result.now.rx_bytes, 50 * 30001);
	/* The server's MSS is 1,000. */
	assert_int_equal(p->longest, 1000);
	peer_free(p);
}

static void http_answers_are_read_by_their_length(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.http = true;
	p = peer_new(&o, false, PROTO_TCP);
	p->http = "HTTP/1.1 200 OK\r\ncontent-LENGTH: 11\r\nX: y\r\n\r\nhello world";
	assert_true(peer_run(p, 10 * SEC));
	assert_clean(p, 1000);
	assert_int_equal(p->result.now.rx_bytes, 1000 * strlen(p->http));
	peer_free(p);
}

static void http_errors_are_bad_answers(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.http = true;
	o.requests_total = 10;
	p = peer_new(&o, false, PROTO_TCP);
	p->http = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
	assert_true(peer_run(p, 10 * SEC));
	assert_int_equal(p->result.now.answers, 0);
	assert_int_equal(p->result.error[LOAD_ERR_BAD], 10);
	peer_free(p);
}

static void datagrams_go_and_come(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t proto = i ? PROTO_TCP : PROTO_UDP;
		struct options o = usual;
		struct peer *p;

		o.udp = proto == PROTO_UDP;
		o.request_bytes = 64 + i;
		p = peer_new(&o, true, proto);
		assert_true(peer_run(p, 10 * SEC));
		assert_clean(p, 1000);
		peer_free(p);
	}
}

static void no_more_in_flight_than_allowed(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.in_flight = 3;
	p = peer_new(&o, false, PROTO_TCP);
	assert_true(peer_run(p, 10 * SEC));
	assert_clean(p, 1000);
	assert_int_equal(p->outstanding_max, 3);
	peer_free(p);
}

static void thinks_between_requests(void **state)
{
	struct options o = usual;
	struct peer *p;
	uint64_t begin;

	(void)state;
	o.connections = 1;
	o.requests_total = 11;
	o.think_ms = 130; /* longer than the server waits for an acknowledgment */
	p = peer_new(&o, false, PROTO_TCP);
	begin = p->now_ns;
	assert_true(peer_run(p, 10 * SEC));
	assert_int_equal(p->result.now.answers, 11);
	assert_int_equal(p->retransmits, 0);
	/* Ten pauses; ticks are of 1 ms. */
	assert_in_range(p->result.measure_end_ns - begin, 1290 * MS, 1330 * MS);
	peer_free(p);
}

static void latency_counts_from_when_a_request_was_due(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.rate = 1000;
	o.requests_total = 1000;
	o.connections = 4;
	o.rto_ms = 1000;
	p = peer_new(&o, false, PROTO_TCP);
	/* A stall of 100 ms: 100 requests were due meanwhile, though only 4 could be under way. */
	p->stall_from_ns = p->now_ns + 300 * MS;
	p->stall_until_ns = p->now_ns + 400 * MS;
	assert_true(peer_run(p, 10 * SEC));
	assert_int_equal(p->result.now.answers, 1000);
	assert_int_equal(result_errors(&p->result), 0);
	assert_in_range(p->result.latency.max_ns, 95 * MS, 101 * MS);
	/* About half of the hundred waited longer than half of it. */
	assert_in_range(histogram_quantile(&p->result.latency, 0.95), 45 * MS, 56 * MS);
	assert_in_range(histogram_quantile(&p->result.latency, 0.85), 0, MS);
	peer_free(p);
}

static void opens_connections_as_the_ramp_says(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.connections = 100;
	o.ramp_s = 1;
	o.requests_total = 0;
	p = peer_new(&o, false, PROTO_TCP);
	peer_run(p, 500 * MS);
	assert_in_range(p->result.open, 48, 50);
	peer_run(p, 600 * MS);
	assert_int_equal(p->result.open, 100);
	p->load.phase = PHASE_DRAIN;
	assert_true(peer_run(p, 10 * SEC));
	assert_int_equal(p->result.now.closed, 100);
	assert_int_equal(p->result.now.answers, p->result.now.sent);
	peer_free(p);
}

static void uses_a_range_of_addresses_and_answers_arp_for_it(void **state)
{
	struct options o = usual;
	uint8_t ask[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,
			   2,	 8,    6,    0,	   1,	 8,    0, 6, 4, 0, 1};
	uint32_t seen = 0;
	struct peer *p;
	uint64_t frames;

	(void)state;
	o.source_first = 0x0a000a01;
	o.source_count = 3;
	o.port_first = 2000;
	o.port_last = 2003;
	p = peer_new(&o, false, PROTO_TCP);
	assert_true(peer_run(p, 10 * SEC));
	assert_clean(p, 1000);
	for (unsigned i = 0; i < p->nconn; i++) {
		assert_in_range(p->conn[i].addr, 0x0a000a01, 0x0a000a03);
		assert_in_range(p->conn[i].port, 2000, 2003);
		seen |= 1u << (p->conn[i].addr - 0x0a000a01);
	}
	assert_int_equal(p->nconn, 10);
	assert_int_equal(seen, 7);
	/* The server was told of each address before the first SYN. */
	assert_int_equal(p->asked, 1 + 3);
	memcpy(ask + 22, "\x02\0\0\0\0\x02\x0a\0\0\x02", 10);
	memcpy(ask + 38, "\x0a\0\x0a\x02", 4);
	frames = p->frames;
	peer_send(p, ask, sizeof(ask));
	ask[41] = 4; /* 10.0.10.4 is nobody's */
	peer_send(p, ask, sizeof(ask));
	for (unsigned i = 0; i < 10; i++)
		peer_step(p);
	assert_int_equal(p->frames, frames + 1);
	peer_free(p);
}

static void too_many_connections_for_its_ports_are_refused(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.port_first = o.port_last = 5000;
	p = peer_new(&o, false, PROTO_TCP);
	assert_true(p->load.failed);
	assert_non_null(strstr(p->load.failure, "--source-range"));
	peer_free(p);
}

static void every_bulk_byte_comes_back(void **state)
{
	struct options o = usual;
	struct peer *p;

	(void)state;
	o.bulk = BULK_BOTH;
	o.bulk_bytes = 1000001;
	o.connections = 3;
	o.requests_total = 0;
	o.window = 30000;
	p = peer_new(&o, false, PROTO_TCP);
	p->window = 20500;
	assert_true(peer_run(p, 60 * SEC));
	assert_int_equal(result_errors(&p->result), 0);
	assert_int_equal(p->result.now.answers, 3);
	assert_int_equal(p->result.now.tx_bytes, 3 * 1000001);
	assert_int_equal(p->result.now.rx_bytes, 3 * 1000001);
	assert_int_equal(p->result.now.closed, 3);
	/* Whole segments, though the window is no multiple of them (RFC 9293 §3.8.6.2.1). */
	assert_in_range(p->data_segments, 3 * 1001, 3 * 1001 + 10);
	assert_int_equal(p->bad, 0);
	peer_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_every_request_and_closes),
		cmocka_unit_test(one_packet_a_request_in_the_closed_loop),
		cmocka_unit_test(short_connections_are_one_request_each),
		cmocka_unit_test(ports_that_come_back_bring_larger_numbers),
		cmocka_unit_test(acknowledgments_that_say_nothing_new_repeat_nothing),
		cmocka_unit_test(a_short_connection_may_be_closed_by_the_server_first),
		cmocka_unit_test(a_server_may_close_between_requests),
		cmocka_unit_test(large_requests_are_cut_at_mss_and_window),
		cmocka_unit_test(http_answers_are_read_by_their_length),
		cmocka_unit_test(http_errors_are_bad_answers),
		cmocka_unit_test(datagrams_go_and_come),
		cmocka_unit_test(no_more_in_flight_than_allowed),
		cmocka_unit_test(thinks_between_requests),
		cmocka_unit_test(latency_counts_from_when_a_request_was_due),
		cmocka_unit_test(opens_connections_as_the_ramp_says),
		cmocka_unit_test(uses_a_range_of_addresses_and_answers_arp_for_it),
		cmocka_unit_test(too_many_connections_for_its_ports_are_refused),
		cmocka_unit_test(every_bulk_byte_comes_back),
	};

	usual = peer_options(1000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
