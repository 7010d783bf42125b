/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports within the process wake whoever sleeps on them, by what comes and by nothing else. */
#include "ports.h"

#include <netstk/port.h>
#include <poll.h>

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/* What a port's descriptor does while packets come, each by send(arg). */
static void check_bell(struct port *port, void (*send)(void *arg), void *arg)
{
	const struct port_ops *ops = port->ops;
	int fd;

	assert_int_equal(ops->rx_fd(port, 0), -1); /* made, and told from the next time on */
	fd = ops->rx_fd(port, 0);
	assert_true(fd >= 0);
	send(arg);
	assert_false(readable(fd)); /* nobody sleeps */
	assert_true(ops->rx_arm(port, 0));
	assert_false(readable(fd));
	assert_true(ops->next_ns(port, 0) != UINT64_MAX); /* which is why nobody will */
	send(arg);
	send(arg);
	assert_true(readable(fd));
	ops->rx_disarm(port, 0);
	assert_false(readable(fd));
	send(arg);
	assert_false(readable(fd));
}

static void finish(struct port *port, struct pkt_pool *pool)
{
	struct rte_mbuf *m;

	while ((m = frame_recv(port, UINT64_C(1000000000))) != NULL)
		rte_pktmbuf_free(m);
	port->ops->stop(port);
	port->ops->close(port);
	assert_int_equal(pkt_pool_destroy(pool), 0);
}

struct wired {
	struct nsk_wire *wire;
	struct pkt_pool *pool[2];
	struct port *port[2];
};

static void send_frame(void *arg)
{
	struct wired *w = arg;

	assert_true(frame_send(w->port[0], w->pool[0], 0, 0, 60));
}

static void send_by_hand(void *arg)
{
	assert_int_equal(nsk_wire_send(((struct wired *)arg)->wire, 0, 0, "0123456789abcdef", 16),
			 0);
}

static void on_a_wire(const struct nsk_wire_params *params, void (*send)(void *arg))
{
	static const char *const names[] = {"end0", "end1"};
	struct wired w = {.wire = nsk_wire_create(params, NULL, 1500)};

	assert_non_null(w.wire);
	for (unsigned end = 0; end < 2; end++) {
		w.pool[end] = pool_new(names[end], 512, 2048, false);
		assert_non_null(w.pool[end]);
		assert_int_equal(port_open_object("loop", w.wire, end, &w.port[end]), 0);
		assert_int_equal(port_start_with(w.port[end], w.pool[end], 1500), 0);
	}
	check_bell(w.port[1], send, &w);
	for (unsigned end = 0; end < 2; end++)
		finish(w.port[end], w.pool[end]);
	nsk_wire_destroy(w.wire);
}

static void frames_on_a_wire_do(void **state)
{
	const struct nsk_wire_params slow = {.delay_ns = 5000000};

	(void)state;
	on_a_wire(NULL, send_frame);
	on_a_wire(&slow, send_frame);
	on_a_wire(NULL, send_by_hand);
}

static void send_packet(void *arg)
{
	assert_int_equal(nsk_callback_input(arg, "abcd", 4), 0);
}

static void packets_of_the_program_do(void **state)
{
	struct nsk_callback_port *cb = nsk_callback_create(&(struct nsk_callback_params){0});
	struct pkt_pool *pool = pool_new("callback", 256, 1000, false);
	struct port *port;

	(void)state;
	assert_non_null(cb);
	assert_non_null(pool);
	assert_int_equal(port_open_object("callback", cb, 0, &port), 0);
	assert_int_equal(port_start_with(port, pool, port->caps.mtu_max), 0);
	check_bell(port, send_packet, cb);
	finish(port, pool);
	nsk_callback_destroy(cb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_on_a_wire_do),
		cmocka_unit_test(packets_of_the_program_do),
	};

	return cmocka_run_group_tests(tests, eal_small, NULL);
}
