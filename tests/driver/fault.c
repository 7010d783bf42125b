/* SPDX-License-Identifier: BSD-3-Clause */
/* The fault driver around a perfect wire: what is asked for is what happens. */
#include "ports.h"

#include <netstk/port.h>

#include "wire/csum.h"

struct faulty {
	struct nsk_wire *wire;
	struct pkt_pool *pool[2];
	struct port *port;  /* wraps end 0 */
	struct port *other; /* end 1, as it is */
};

static void faulty_up(struct faulty *f, const char *faults)
{
	struct port_open open = {
		.devargs = faults,
		.log = &test_log,
		.error = test_error,
		.error_size = sizeof(test_error),
	};

	f->wire = nsk_wire_create(NULL, NULL, 1500);
	assert_non_null(f->wire);
	f->pool[0] = pool_new("faulty", 1024, 2048, false);
	f->pool[1] = pool_new("other", 1024, 2048, false);
	assert_int_equal(port_open_object("loop", f->wire, 0, &open.inner), 0);
	assert_int_equal(port_open_object("loop", f->wire, 1, &f->other), 0);
	if (port_driver_named("fault")->open(&open, &f->port))
		fail_msg("%s", test_error);
	assert_int_equal(port_start_with(f->port, f->pool[0], 1500), 0);
	assert_int_equal(port_start_with(f->other, f->pool[1], 1500), 0);
}

static void faulty_down(struct faulty *f)
{
	f->port->ops->stop(f->port);
	f->port->ops->close(f->port);
	f->other->ops->stop(f->other);
	f->other->ops->close(f->other);
	assert_int_equal(pkt_pool_destroy(f->pool[0]), 0);
	assert_int_equal(pkt_pool_destroy(f->pool[1]), 0);
	nsk_wire_destroy(f->wire);
}

struct counts {
	unsigned frames, bad, disordered;
	uint32_t last;
};

static void take_all(struct port *port, uint64_t now_ns, struct counts *c)
{
	struct rte_mbuf *m;

	while ((m = frame_recv(port, now_ns)) != NULL) {
		c->disordered += c->frames && frame_number(m) < c->last;
		c->last = frame_number(m);
		c->frames++;
		c->bad += frame_bad_bytes(m) > 0;
		rte_pktmbuf_free(m);
	}
}

static uint64_t injected(struct port *port)
{
	struct port_stats st;

	port->ops->stats(port, &st);
	return st.injected;
}

static void without_faults_it_is_transparent(void **state)
{
	struct counts in = {0}, out = {0};
	struct faulty f;

	(void)state;
	faulty_up(&f, "");
	assert_string_equal(f.port->driver, "fault:loop");
	assert_int_equal(f.port->caps.mtu_max, 1500);
	for (uint32_t n = 0; n < 100; n++) {
		assert_true(frame_send(f.port, f.pool[0], 0, n, 100));
		assert_true(frame_send(f.other, f.pool[1], 0, n, 100));
	}
	take_all(f.other, 0, &out);
	take_all(f.port, 0, &in);
	assert_int_equal(out.frames, 100);
	assert_int_equal(in.frames, 100);
	assert_int_equal(injected(f.port), 0);
	faulty_down(&f);
}

static void loss_of_one_direction_leaves_the_other_alone(void **state)
{
	struct counts in = {0}, out = {0};
	struct faulty f;

	(void)state;
	faulty_up(&f, "tx.loss=100%");
	for (uint32_t n = 0; n < 100; n++) {
		assert_true(frame_send(f.port, f.pool[0], 0, n, 100));
		assert_true(frame_send(f.other, f.pool[1], 0, n, 100));
	}
	take_all(f.other, 0, &out);
	take_all(f.port, 0, &in);
	assert_int_equal(out.frames, 0);
	assert_int_equal(in.frames, 100);
	assert_int_equal(injected(f.port), 100);
	faulty_down(&f);
}

/* Frames that get through both ways in 2,000, with everything counted. */
static void some_loss(uint64_t *sent_on, uint64_t *received)
{
	struct counts in = {0}, out = {0};
	struct faulty f;

	faulty_up(&f, "loss=10%,seed=42");
	for (uint32_t n = 0; n < 2000; n++) {
		assert_true(frame_send(f.port, f.pool[0], 0, n, 100));
		assert_true(frame_send(f.other, f.pool[1], 0, n, 100));
	}
	take_all(f.other, 0, &out);
	/* One burst may lose everything and still not be the last. */
	for (unsigned i = 0; i < 2000; i++)
		take_all(f.port, 0, &in);
	assert_int_equal(injected(f.port), 4000 - in.frames - out.frames);
	*sent_on = out.frames;
	*received = in.frames;
	faulty_down(&f);
}

static void the_same_seed_loses_the_same(void **state)
{
	uint64_t out[2], in[2];

	(void)state;
	some_loss(&out[0], &in[0]);
	some_loss(&out[1], &in[1]);
	assert_int_equal(out[0], out[1]);
	assert_int_equal(in[0], in[1]);
	assert_in_range(out[0], 1720, 1880);
	assert_in_range(in[0], 1720, 1880);
	assert_int_not_equal(in[0], out[0]);
}

static void delay_holds_packets_of_both_directions(void **state)
{
	struct counts in = {0}, out = {0};
	struct faulty f;

	(void)state;
	faulty_up(&f, "tx.delay=5ms,rx.delay=7ms");
	assert_true(frame_send(f.port, f.pool[0], 0, 1, 100));
	assert_true(frame_send(f.other, f.pool[1], 0, 2, 100));
	take_all(f.port, 0, &in);
	assert_int_equal(in.frames, 0);
	assert_int_equal(f.port->ops->next_ns(f.port, 0), 5 * MS);
	/* The receiving side sends what is due. */
	take_all(f.port, 5 * MS - 1, &in);
	take_all(f.other, 5 * MS - 1, &out);
	assert_int_equal(out.frames, 0);
	take_all(f.port, 5 * MS, &in);
	take_all(f.other, 5 * MS, &out);
	assert_int_equal(out.frames, 1);
	assert_int_equal(f.port->ops->next_ns(f.port, 0), 7 * MS);
	take_all(f.port, 7 * MS, &in);
	assert_int_equal(in.frames, 1);
	assert_int_equal(f.port->ops->next_ns(f.port, 0), UINT64_MAX);
	faulty_down(&f);
}

static void packets_that_wait_are_freed_by_stop(void **state)
{
	struct faulty f;

	(void)state;
	faulty_up(&f, "delay=1s");
	for (uint32_t n = 0; n < 200; n++) {
		assert_true(frame_send(f.port, f.pool[0], 0, n, 100));
		assert_true(frame_send(f.other, f.pool[1], 0, n, 100));
	}
	assert_null(frame_recv(f.port, 0));
	faulty_down(&f);
}

static void a_line_holds_no_more_than_its_queue(void **state)
{
	struct counts out = {0};
	struct faulty f;

	(void)state;
	faulty_up(&f, "tx.delay=1ms,queue=100");
	for (uint32_t n = 0; n < 250; n++)
		assert_true(frame_send(f.port, f.pool[0], 0, n, 100));
	assert_int_equal(injected(f.port), 150);
	frame_recv(f.port, 1 * MS);
	take_all(f.other, 1 * MS, &out);
	assert_int_equal(out.frames, 100);
	assert_int_equal(out.last, 99);
	faulty_down(&f);
}

static void a_copy_is_corrupted_not_the_senders_data(void **state)
{
	struct counts out = {0};
	struct rte_mbuf *data, *head;
	struct faulty f;

	(void)state;
	faulty_up(&f, "tx.corrupt=100%,seed=3");
	/* As TCP sends: a header of its own and the send queue's data by reference. */
	data = frame_new(f.pool[0], 9, 600);
	head = rte_pktmbuf_alloc(f.pool[0]->mp);
	rte_pktmbuf_attach(head, data);
	assert_int_equal(f.port->ops->tx_burst(f.port, 0, 0, &head, 1), 1);
	take_all(f.other, 0, &out);
	assert_int_equal(out.frames, 1);
	assert_int_equal(frame_bad_bytes(data), 0);
	assert_int_equal(rte_mbuf_refcnt_read(data), 1);
	rte_pktmbuf_free(data);
	faulty_down(&f);
}

static void corruption_flips_one_bit_behind_the_link_header(void **state)
{
	struct faulty f;

	(void)state;
	faulty_up(&f, "rx.corrupt=100%,seed=3");
	for (uint32_t n = 0; n < 200; n++) {
		struct rte_mbuf *m;
		unsigned bits = 0;

		assert_true(frame_send(f.other, f.pool[1], 0, n, 100));
		m = frame_recv(f.port, 0);
		assert_non_null(m);
		assert_true(frame_is_ours(m));
		for (uint32_t at = 14; at < 100; at++) {
			uint8_t was = at < 18 ? (uint8_t)(n >> (8 * (17 - at))) : frame_byte(n, at);

			bits += (unsigned)__builtin_popcount((unsigned)(chain_byte(m, at) ^ was));
		}
		assert_int_equal(bits, 1);
		assert_int_equal(m->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK |
						RTE_MBUF_F_RX_L4_CKSUM_MASK),
				 0);
		rte_pktmbuf_free(m);
	}
	faulty_down(&f);
}

/* RFC 3168 section 5: what is ECT is marked, the checksum with it, what is not is lost; the
 * sender's own bytes stay as they were. */
static void behind_the_threshold_packets_are_marked_or_lost(void **state)
{
	static const uint8_t tos[] = {2, 2, 1, 0, 3}, heard[] = {2, 2, 3, 3};
	const uint8_t header[] = {0x08, 0, 0x45, 0, 0, 86};
	struct rte_mbuf *data[NSK_ARRAY_LEN(tos)], *m;
	struct port_stats st;
	struct faulty f;
	unsigned got = 0;

	(void)state;
	faulty_up(&f, "tx.rate=8mbit,tx.ecn_threshold=150");
	assert_int_equal(f.port->caps.offloads & PORT_TX_CSUM_IPV4, 0);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(tos); i++) {
		uint8_t *at;

		m = data[i] = frame_new(f.pool[0], i, 100);
		at = rte_pktmbuf_mtod(m, uint8_t *);
		memcpy(at + 12, header, sizeof(header));
		at[15] = tos[i];
		memset(at + 24, 0, 2);
		wire_checksum_store(at + 24, wire_checksum(at + 14, 20, 0));
		rte_mbuf_refcnt_update(m, 1);
		assert_int_equal(f.port->ops->tx_burst(f.port, 0, 0, &m, 1), 1);
	}
	assert_null(frame_recv(f.other, 0));
	f.port->ops->tx_burst(f.port, 0, MS, NULL, 0);
	while ((m = frame_recv(f.other, MS)) != NULL) {
		assert_int_equal(chain_byte(m, 15), heard[got++]);
		assert_true(wire_checksum_ok(rte_pktmbuf_mtod_offset(m, uint8_t *, 14), 20, 0));
		rte_pktmbuf_free(m);
	}
	assert_int_equal(got, NSK_ARRAY_LEN(heard));
	assert_int_equal(injected(f.port), 1);
	f.port->ops->stats(f.port, &st);
	assert_int_equal(st.marked, 2);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(tos); i++) {
		assert_int_equal(chain_byte(data[i], 15), tos[i]);
		rte_pktmbuf_free(data[i]);
	}
	faulty_down(&f);
}

/* A queue of so many bytes before a slow line: what finds it full is lost. */
static void a_queue_of_bytes_overflows(void **state)
{
	struct counts out = {0};
	struct faulty f;

	(void)state;
	faulty_up(&f, "tx.rate=8mbit,tx.queue_bytes=350");
	for (unsigned i = 0; i < 6; i++)
		assert_true(frame_send(f.port, f.pool[0], 0, i, 100));
	f.port->ops->tx_burst(f.port, 0, MS, NULL, 0);
	take_all(f.other, MS, &out);
	/* 100 bytes each: the fourth would be the 400th byte. */
	assert_int_equal(out.frames, 3);
	assert_int_equal(injected(f.port), 3);
	assert_true(frame_send(f.port, f.pool[0], MS, 6, 100));
	f.port->ops->tx_burst(f.port, 0, 2 * MS, NULL, 0);
	take_all(f.other, 2 * MS, &out);
	assert_int_equal(out.frames, 4);
	faulty_down(&f);
}

static void duplicates_and_held_packets_come_through(void **state)
{
	struct counts out = {0};
	struct port_stats st;
	struct faulty f;

	(void)state;
	faulty_up(&f, "tx.dup=50%,tx.reorder=50%,tx.reorder_by=5ms,seed=11");
	for (uint32_t n = 0; n < 100; n++)
		assert_true(frame_send(f.port, f.pool[0], n * MS, n, 100));
	frame_recv(f.port, 200 * MS);
	take_all(f.other, 200 * MS, &out);
	assert_in_range(out.frames, 130, 170);
	assert_true(out.disordered > 10);
	assert_int_equal(out.bad, 0);
	f.port->ops->stats(f.port, &st);
	assert_int_equal(st.duplicated, out.frames - 100);
	assert_in_range(st.held, 30, 70);
	assert_int_equal(st.corrupted + st.marked + st.injected, 0);
	faulty_down(&f);
}

static void a_full_ring_takes_nothing_and_keeps_nothing(void **state)
{
	struct rte_mbuf *bufs[8];
	struct faulty f;

	(void)state;
	faulty_up(&f, "txfull=100%");
	for (uint32_t n = 0; n < 8; n++)
		bufs[n] = frame_new(f.pool[0], n, 100);
	assert_int_equal(f.port->ops->tx_burst(f.port, 0, 0, bufs, 8), 0);
	rte_pktmbuf_free_bulk(bufs, 8);
	faulty_down(&f);
}

static void a_partial_burst_takes_the_first_ones(void **state)
{
	struct counts out = {0};
	unsigned partial = 0;
	struct faulty f;

	(void)state;
	faulty_up(&f, "txpart=100%,seed=5");
	for (unsigned round = 0; round < 50; round++) {
		struct rte_mbuf *bufs[8];
		uint16_t n;

		for (uint32_t i = 0; i < 8; i++)
			bufs[i] = frame_new(f.pool[0], i, 100);
		n = f.port->ops->tx_burst(f.port, 0, 0, bufs, 8);
		assert_true(n < 8);
		partial += n > 0;
		rte_pktmbuf_free_bulk(bufs + n, 8U - n);
		out = (struct counts){0};
		take_all(f.other, 0, &out);
		assert_int_equal(out.frames, n);
		assert_int_equal(out.disordered, 0);
		if (n)
			assert_int_equal(out.last, n - 1U);
	}
	assert_true(partial > 30);
	faulty_down(&f);
}

static void rxfail_looks_like_a_port_without_buffers(void **state)
{
	struct counts in = {0};
	struct port_stats st;
	struct faulty f;

	(void)state;
	faulty_up(&f, "rxfail=100%");
	for (uint32_t n = 0; n < 20; n++)
		assert_true(frame_send(f.other, f.pool[1], 0, n, 100));
	for (unsigned i = 0; i < 20; i++)
		take_all(f.port, 0, &in);
	assert_int_equal(in.frames, 0);
	f.port->ops->stats(f.port, &st);
	assert_int_equal(st.rx_nobuf, 20);
	assert_int_equal(st.injected, 0);
	faulty_down(&f);
}

static bool link_at(struct faulty *f, uint64_t now_ns)
{
	struct port_link link;

	frame_recv(f->port, now_ns);
	f->port->ops->link(f->port, &link);
	return link.up;
}

static void the_link_goes_down_and_comes_back(void **state)
{
	struct counts in = {0}, out = {0};
	struct faulty f;

	(void)state;
	faulty_up(&f, "down_every=10s,down_for=1s");
	/* Time counts from the first burst. */
	assert_true(link_at(&f, 100 * SECOND));
	assert_true(link_at(&f, 109 * SECOND - 1));
	assert_false(link_at(&f, 109 * SECOND));
	assert_true(frame_send(f.port, f.pool[0], 109 * SECOND, 1, 100));
	assert_true(frame_send(f.other, f.pool[1], 109 * SECOND, 1, 100));
	take_all(f.port, 109 * SECOND, &in);
	take_all(f.other, 109 * SECOND, &out);
	assert_int_equal(in.frames + out.frames, 0);
	assert_int_equal(injected(f.port), 2);
	assert_true(link_at(&f, 110 * SECOND));
	assert_true(frame_send(f.port, f.pool[0], 110 * SECOND, 2, 100));
	take_all(f.other, 110 * SECOND, &out);
	assert_int_equal(out.frames, 1);
	assert_false(link_at(&f, 119 * SECOND + SECOND / 2));
	faulty_down(&f);
}

static void devargs_name_faults_and_device_in_one(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("fault:loss=1%", &port), -EINVAL);
	assert_non_null(strstr(test_error, "which device? fault:FAULTS:DEVICE"));
	assert_int_equal(port_open_named("fault:loss=1%:", &port), -EINVAL);
	assert_int_equal(port_open_named("fault:loss=1:pcap:tx=x", &port), -EINVAL);
	assert_non_null(strstr(test_error, "loss=1: give a share"));
	assert_int_equal(port_open_named("fault:loss=1%:pcap:rx=/nonexistent", &port), -ENOENT);
	assert_int_equal(port_open_named("fault:loss=1%:fault:dup=1%:pcap:tx=/dev/null", &port), 0);
	assert_string_equal(port->driver, "fault:fault:pcap");
	port->ops->close(port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_faults_it_is_transparent),
		cmocka_unit_test(loss_of_one_direction_leaves_the_other_alone),
		cmocka_unit_test(the_same_seed_loses_the_same),
		cmocka_unit_test(delay_holds_packets_of_both_directions),
		cmocka_unit_test(packets_that_wait_are_freed_by_stop),
		cmocka_unit_test(a_line_holds_no_more_than_its_queue),
		cmocka_unit_test(a_copy_is_corrupted_not_the_senders_data),
		cmocka_unit_test(corruption_flips_one_bit_behind_the_link_header),
		cmocka_unit_test(behind_the_threshold_packets_are_marked_or_lost),
		cmocka_unit_test(a_queue_of_bytes_overflows),
		cmocka_unit_test(duplicates_and_held_packets_come_through),
		cmocka_unit_test(a_full_ring_takes_nothing_and_keeps_nothing),
		cmocka_unit_test(a_partial_burst_takes_the_first_ones),
		cmocka_unit_test(rxfail_looks_like_a_port_without_buffers),
		cmocka_unit_test(the_link_goes_down_and_comes_back),
		cmocka_unit_test(devargs_name_faults_and_device_in_one),
	};

	return cmocka_run_group_tests(tests, eal_small, NULL);
}
