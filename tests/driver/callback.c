/* SPDX-License-Identifier: BSD-3-Clause */
/* The callback port: packets from and to the program. */
#include "ports.h"

#include <netstk/port.h>

struct caller {
	unsigned calls, refuse;
	size_t len;
	uint8_t packet[65600];
};

static bool output(void *arg, const void *packet, size_t len)
{
	struct caller *c = arg;

	c->calls++;
	if (c->refuse && c->refuse-- > 0)
		return false;
	memcpy(c->packet, packet, len);
	c->len = len;
	return true;
}

struct setup {
	struct nsk_callback_port *cb;
	struct pkt_pool *pool;
	struct port *port;
	struct caller caller;
};

static void setup_up(struct setup *s, struct nsk_callback_params params)
{
	memset(s, 0, sizeof(*s));
	params.output = output;
	params.arg = &s->caller;
	s->cb = nsk_callback_create(&params);
	assert_non_null(s->cb);
	s->pool = pool_new("callback", 256, 1000, false);
	assert_non_null(s->pool);
	assert_int_equal(port_open_object("callback", s->cb, 0, &s->port), 0);
	assert_int_equal(port_start_with(s->port, s->pool, s->port->caps.mtu_max), 0);
}

static void setup_down(struct setup *s)
{
	s->port->ops->stop(s->port);
	s->port->ops->close(s->port);
	assert_int_equal(pkt_pool_destroy(s->pool), 0);
	nsk_callback_destroy(s->cb);
}

static void packets_handed_in_are_received_in_order(void **state)
{
	uint8_t packet[1500];
	struct setup s;

	(void)state;
	setup_up(&s, (struct nsk_callback_params){0});
	assert_false(s.port->caps.ethernet);
	assert_int_equal(s.port->ops->next_ns(s.port, 0), UINT64_MAX);
	for (unsigned n = 0; n < 10; n++) {
		memset(packet, (int)n, sizeof(packet));
		assert_int_equal(nsk_callback_input(s.cb, packet, 100 * (n + 1)), 0);
	}
	assert_int_equal(s.port->ops->next_ns(s.port, 0), 0);
	for (unsigned n = 0; n < 10; n++) {
		struct rte_mbuf *m = frame_recv(s.port, 0);

		assert_non_null(m);
		assert_int_equal(m->pkt_len, 100 * (n + 1));
		assert_int_equal(chain_byte(m, 0), n);
		assert_int_equal(chain_byte(m, m->pkt_len - 1), n);
		rte_pktmbuf_free(m);
	}
	assert_null(frame_recv(s.port, 0));
	setup_down(&s);
}

static void packets_sent_come_in_one_piece(void **state)
{
	struct rte_mbuf *m;
	struct setup s;

	(void)state;
	setup_up(&s, (struct nsk_callback_params){.ethernet = true, .mtu = 9000});
	m = frame_new(s.pool, 5, 4000);
	assert_true(m->nb_segs > 1);
	assert_int_equal(s.port->ops->tx_burst(s.port, 0, 0, &m, 1), 1);
	assert_int_equal(s.caller.len, 4000);
	for (uint32_t at = 18; at < 4000; at++)
		assert_int_equal(s.caller.packet[at], frame_byte(5, at));
	setup_down(&s);
}

static void a_packet_refused_stays_with_the_stack(void **state)
{
	struct rte_mbuf *bufs[3];
	struct port_stats st;
	struct setup s;

	(void)state;
	setup_up(&s, (struct nsk_callback_params){.ethernet = true});
	for (uint32_t n = 0; n < 3; n++)
		bufs[n] = frame_new(s.pool, n, 100);
	s.caller.refuse = 1;
	assert_int_equal(s.port->ops->tx_burst(s.port, 0, 0, bufs, 3), 0);
	assert_int_equal(s.port->ops->tx_burst(s.port, 0, 0, bufs, 3), 3);
	assert_int_equal(s.caller.calls, 4);
	s.port->ops->stats(s.port, &st);
	assert_int_equal(st.tx_packets, 3);
	assert_int_equal(st.tx_bytes, 300);
	setup_down(&s);
}

static void input_says_why_it_refuses(void **state)
{
	static uint8_t packet[2000];
	struct setup s;

	(void)state;
	setup_up(&s, (struct nsk_callback_params){.queue_packets = 4});
	assert_int_equal(nsk_callback_input(s.cb, packet, 1501), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(nsk_callback_input(s.cb, packet, 0), -1);
	assert_int_equal(errno, EINVAL);
	for (unsigned n = 0; n < 4; n++)
		assert_int_equal(nsk_callback_input(s.cb, packet, 1500), 0);
	assert_int_equal(nsk_callback_input(s.cb, packet, 1), -1);
	assert_int_equal(errno, ENOBUFS);
	/* One taken makes room for one. */
	rte_pktmbuf_free(frame_recv(s.port, 0));
	assert_int_equal(nsk_callback_input(s.cb, packet, 1), 0);
	nsk_callback_link(s.cb, false);
	assert_int_equal(nsk_callback_input(s.cb, packet, 1), -1);
	assert_int_equal(errno, ENETDOWN);
	setup_down(&s);
}

static void a_frame_may_be_longer_by_a_header_with_two_tags(void **state)
{
	static uint8_t frame[2000];
	struct setup s;

	(void)state;
	setup_up(&s, (struct nsk_callback_params){.ethernet = true});
	assert_int_equal(nsk_callback_input(s.cb, frame, 1522), 0);
	assert_int_equal(nsk_callback_input(s.cb, frame, 1523), -1);
	assert_int_equal(errno, EMSGSIZE);
	rte_pktmbuf_free(frame_recv(s.port, 0));
	setup_down(&s);
}

static void without_buffers_packets_are_dropped_and_counted(void **state)
{
	static uint8_t packet[2000];
	struct rte_mbuf *all[256];
	struct port_stats st;
	unsigned n = 0;
	struct setup s;

	(void)state;
	setup_up(&s, (struct nsk_callback_params){0});
	while ((all[n] = rte_pktmbuf_alloc(s.pool->mp)) != NULL)
		n++;
	rte_pktmbuf_free(all[--n]);
	/* 1,500 bytes need two buffers of 1,000: the one that is there is given back. */
	assert_int_equal(nsk_callback_input(s.cb, packet, 1500), 0);
	assert_null(frame_recv(s.port, 0));
	s.port->ops->stats(s.port, &st);
	assert_int_equal(st.rx_nobuf, 1);
	all[n] = rte_pktmbuf_alloc(s.pool->mp);
	assert_non_null(all[n]);
	rte_pktmbuf_free_bulk(all, n + 1);
	setup_down(&s);
}

static void the_link_is_the_callers(void **state)
{
	struct port_link link;
	struct port_stats st;
	struct setup s;

	(void)state;
	setup_up(&s, (struct nsk_callback_params){.ethernet = true});
	s.port->ops->link(s.port, &link);
	assert_true(link.up);
	nsk_callback_link(s.cb, false);
	s.port->ops->link(s.port, &link);
	assert_false(link.up);
	assert_true(frame_send(s.port, s.pool, 0, 1, 100));
	assert_int_equal(s.caller.calls, 0);
	s.port->ops->stats(s.port, &st);
	assert_int_equal(st.tx_down, 1);
	setup_down(&s);
}

static void a_port_serves_one_stack(void **state)
{
	struct port *second;
	struct setup s;

	(void)state;
	setup_up(&s, (struct nsk_callback_params){0});
	assert_int_equal(port_open_object("callback", s.cb, 0, &second), -EBUSY);
	assert_int_equal(port_open_object("callback", NULL, 0, &second), -EINVAL);
	setup_down(&s);
}

static void addresses_are_as_given_or_made_up(void **state)
{
	struct nsk_callback_params p = {.ethernet = true, .mac = {2, 1, 2, 3, 4, 5}};
	struct nsk_callback_port *a, *b;
	struct port *pa, *pb;

	(void)state;
	a = nsk_callback_create(&p);
	assert_int_equal(port_open_object("callback", a, 0, &pa), 0);
	assert_memory_equal(pa->mac.b, p.mac, 6);
	pa->ops->close(pa);
	nsk_callback_destroy(a);
	memset(p.mac, 0, 6);
	a = nsk_callback_create(&p);
	b = nsk_callback_create(&p);
	assert_int_equal(port_open_object("callback", a, 0, &pa), 0);
	assert_int_equal(port_open_object("callback", b, 0, &pb), 0);
	assert_int_equal(pa->mac.b[0], 0x02);
	assert_memory_not_equal(pa->mac.b, pb->mac.b, 6);
	pa->ops->close(pa);
	pb->ops->close(pb);
	nsk_callback_destroy(a);
	nsk_callback_destroy(b);
}

static void parameters_that_make_no_sense_are_refused(void **state)
{
	struct nsk_callback_params p = {.mtu = 67};

	(void)state;
	assert_null(nsk_callback_create(&p));
	assert_int_equal(errno, EINVAL);
	p.mtu = 65536;
	assert_null(nsk_callback_create(&p));
	p = (struct nsk_callback_params){.ethernet = true, .mac = {1}};
	assert_null(nsk_callback_create(&p));
	assert_null(nsk_callback_create(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_handed_in_are_received_in_order),
		cmocka_unit_test(packets_sent_come_in_one_piece),
		cmocka_unit_test(a_packet_refused_stays_with_the_stack),
		cmocka_unit_test(input_says_why_it_refuses),
		cmocka_unit_test(a_frame_may_be_longer_by_a_header_with_two_tags),
		cmocka_unit_test(without_buffers_packets_are_dropped_and_counted),
		cmocka_unit_test(the_link_is_the_callers),
		cmocka_unit_test(a_port_serves_one_stack),
		cmocka_unit_test(addresses_are_as_given_or_made_up),
		cmocka_unit_test(parameters_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, eal_small, NULL);
}
