/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons of ports, buffers, steering and ICMP sockets; see drops.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "mbuf/pool.h"
#include "net/tx.h"
#include "sim/drops.h"
#include "stack/stack.h"

static uint8_t f[PEER_FRAME_MAX];
static int fd = -1;
static uint16_t sport;

static struct nsk_worker *worker(struct peer *p)
{
	return world_worker(&p->world, 0);
}

static struct iface *iface(struct peer *p)
{
	return &p->world.host[0]->iface[0];
}

static void udp_socket(struct peer *p)
{
	fd = world_udp(&p->world, 0, "0.0.0.0", 4000);
}

static void close_fd(struct peer *p)
{
	(void)p;
	nsk_close(fd);
	fd = -1;
}

static ssize_t send_datagram(void)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(7), .sin_addr.s_addr = htonl(HOST_B)};

	return nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&sin, sizeof(sin));
}

static void receive_datagram(struct peer *p)
{
	peer_udp(p, &(struct udp_spec){.sport = sport, .dport = 4000, .data = "x", .len = 1});
}

/* ---- buffers ---- */

static struct rte_mbuf *taken[4096];
static unsigned ntaken;

/* Takes every buffer there is, the reserve apart. */
static void empty_pool(struct peer *p)
{
	udp_socket(p);
	ntaken = 0;
	while ((taken[ntaken] = pkt_alloc(worker(p))) != NULL)
		assert_true(++ntaken < 4096);
}

static void refill_pool(struct peer *p)
{
	while (ntaken)
		rte_pktmbuf_free(taken[--ntaken]);
	close_fd(p);
}

static void datagram_that_nothing_can_hold(struct peer *p)
{
	receive_datagram(p);
}

/* What was received finds its buffer, but its answer does not. */
static void no_answers(struct peer *p)
{
	worker(p)->pool->fail_at = 1;
	worker(p)->pool->fail_every = 1;
}

static void error_that_nothing_can_carry(struct peer *p)
{
	receive_datagram(p);
	peer_expect_silence(p);
}

static void answers_again(struct peer *p)
{
	worker(p)->pool->fail_at = 0;
}

/* ---- the way out ---- */

/* The port takes nothing and the queue is full. */
static void stuck_port(struct peer *p)
{
	udp_socket(p);
	p->refuse = true;
	while (send_datagram() == 1)
		;
	assert_int_equal(errno, EAGAIN);
}

static void ping(struct peer *p)
{
	peer_input(p, f, frame_icmp(f, &(struct ip_spec){0}, ICMP_ECHO, 0, 1, "x", 1));
	nsk_turn(p->world.host[0]); /* time would stand still in peer_settle() */
}

static void one_more_datagram(struct peer *p)
{
	(void)p;
	send_datagram();
}

static void free_port(struct peer *p)
{
	p->refuse = false;
	peer_settle(p);
	peer_forget(p);
	close_fd(p);
}

static const char *const small_buffers[] = {"pool.buffer_bytes=256", NULL};

/* A port that sends single buffers: what does not fit one cannot go. */
static void plain_port(struct peer *p)
{
	iface(p)->tx_offloads &= ~(uint32_t)PORT_TX_MULTI_SEG;
}

static void long_echo(struct peer *p)
{
	static uint8_t body[1000];

	peer_input(p, f, frame_icmp(f, &(struct ip_spec){0}, ICMP_ECHO, 0, 1, body, sizeof(body)));
	peer_settle(p);
}

static void cut_wire(struct peer *p)
{
	udp_socket(p);
	send_datagram();
	peer_settle(p);
	peer_forget(p);
	nsk_callback_link(p->port, false);
	peer_run(p, SEC);
}

static void mend_wire(struct peer *p)
{
	nsk_callback_link(p->port, true);
	peer_run(p, SEC);
	peer_forget(p);
	close_fd(p);
}

/* A burst was taken from a port that has just gone down. */
static void iface_down(struct peer *p)
{
	assert_int_equal(nsk_iface_set(p->world.host[0], iface(p)->name, false), 0);
}

static void iface_up(struct peer *p)
{
	assert_int_equal(nsk_iface_set(p->world.host[0], iface(p)->name, true), 0);
}

static void frame_of_a_burst(struct peer *p)
{
	struct nsk_worker *w = worker(p);
	struct rte_mbuf *m = pkt_alloc(w);
	size_t n = frame_udp(f, &(struct udp_spec){.dport = 9});

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), f, n);
	net_input(w, iface(p), m);
}

/* ---- what device and driver drop ---- */

/* A packet that no stack makes: it goes past everything to the port. */
static void packet_too_long_for_the_port(struct peer *p)
{
	struct port *port = iface(p)->port;
	struct rte_mbuf *m = pkt_alloc(worker(p));

	assert_non_null(m);
	assert_non_null(rte_pktmbuf_append(m, 1600));
	assert_int_equal(port->ops->tx_burst(port, 0, p->world.now_ns, &m, 1), 1);
}

/* The link goes down between the look at it and the burst. */
static void packet_at_a_port_that_went_down(struct peer *p)
{
	struct port *port = iface(p)->port;
	struct rte_mbuf *m = pkt_alloc(worker(p));

	assert_non_null(m);
	assert_non_null(rte_pktmbuf_append(m, 60));
	nsk_callback_link(p->port, false);
	assert_int_equal(port->ops->tx_burst(port, 0, p->world.now_ns, &m, 1), 1);
	nsk_callback_link(p->port, true);
}

/* A device that counts what it drops itself: this port with counters of the test's. */
static struct port_stats device;
static const struct port_ops *port_ops;
static struct port_ops device_ops;

static void device_stats(struct port *port, struct port_stats *stats)
{
	port_ops->stats(port, stats);
	stats->rx_missed += device.rx_missed;
	stats->rx_errors += device.rx_errors;
	stats->tx_errors += device.tx_errors;
}

static void become_device(struct peer *p)
{
	port_ops = iface(p)->port->ops;
	device_ops = *port_ops;
	device_ops.stats = device_stats;
	iface(p)->port->ops = &device_ops;
	memset(&device, 0, sizeof(device));
}

static void device_misses_one(struct peer *p)
{
	(void)p;
	device.rx_missed++;
}

static void device_finds_one_broken(struct peer *p)
{
	(void)p;
	device.rx_errors++;
}

static void device_cannot_send_one(struct peer *p)
{
	(void)p;
	device.tx_errors++;
}

/* ---- steering ---- */

static void two_workers(struct nsk_config *config)
{
	assert_int_equal(nsk_config_workers(config, 2), 0);
	assert_int_equal(nsk_config_set(config, "handoff_ring", "64"), 0);
}

/* Worker 1 belongs to a thread that does not turn it; its ring fills. */
static void stalled_worker(struct peer *p)
{
	nsk_enter(NULL);
	assert_int_equal(nsk_attach(p->world.host[0], 1), 0);
	for (sport = 1000; world_drops(&p->world, 0, NSK_DROP_STEER_RING_FULL) == 0; sport++) {
		receive_datagram(p);
		peer_forget(p);
	}
	sport--; /* the flow that it happened to */
}

static void worker_goes_on(struct peer *p)
{
	assert_int_equal(nsk_detach(), 0);
	world_enter(&p->world, 0);
	sport = 0;
}

static void datagram_for_a_stalled_worker(struct peer *p)
{
	receive_datagram(p);
}

/* ---- faults on request ---- */

static void losing(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_fault(config, "rx.loss=100%,seed=1"), 0);
}

static void datagram_lost_on_request(struct peer *p)
{
	receive_datagram(p);
}

/* ---- ICMP sockets ---- */

static const char *const small_rcvbuf[] = {"udp.rcvbuf=5000", NULL};
static const char *const little_memory[] = {"udp.mem=10000", NULL};

static void reply_for_a_raw_socket(struct peer *p)
{
	peer_input(p, f, frame_icmp(f, &(struct ip_spec){0}, ICMP_ECHO_REPLY, 0, 0, "x", 1));
	peer_settle(p);
}

static void full_raw_socket(struct peer *p)
{
	nsk_enter(p->world.host[0]);
	fd = nsk_socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
	while (world_drops(&p->world, 0, NSK_DROP_ICMP_RCVBUF_FULL) +
		       world_drops(&p->world, 0, NSK_DROP_UDP_MEM_FULL) ==
	       0)
		reply_for_a_raw_socket(p);
}

#define CASE(why, fn, ...)                                                        \
	{                                                                         \
		.reason = NSK_DROP_##why, .name = #fn, .provoke = fn, __VA_ARGS__ \
	}

const struct drop_test drops_port[] = {
	CASE(RX_NO_BUFFER, datagram_that_nothing_can_hold, .prepare = empty_pool,
	     .finish = refill_pool, .captured = NOT_AT_ALL),
	CASE(TX_NO_BUFFER, error_that_nothing_can_carry, .prepare = no_answers,
	     .finish = answers_again, .also = NSK_DROP_UDP_NO_SOCKET, .captured = NOT_AT_ALL),
	CASE(TX_RING_FULL, ping, .prepare = stuck_port, .finish = free_port, .captured = OTHERWISE),
	CASE(TX_SEGMENTS, long_echo, .settings = small_buffers, .prepare = plain_port,
	     .captured = OTHERWISE),
	CASE(TX_LINK_DOWN, one_more_datagram, .prepare = cut_wire, .finish = mend_wire,
	     .captured = OTHERWISE),
	CASE(RX_IFACE_DOWN, frame_of_a_burst, .prepare = iface_down, .finish = iface_up,
	     .captured = OTHERWISE),
	CASE(TX_UNFIT, packet_too_long_for_the_port, .captured = NOT_AT_ALL),
	CASE(TX_LINK_DOWN, packet_at_a_port_that_went_down, .captured = NOT_AT_ALL),
	CASE(RX_MISSED, device_misses_one, .prepare = become_device, .captured = NOT_AT_ALL),
	CASE(RX_BROKEN, device_finds_one_broken, .prepare = become_device, .captured = NOT_AT_ALL),
	CASE(TX_FAILED, device_cannot_send_one, .prepare = become_device, .captured = NOT_AT_ALL),
	CASE(STEER_RING_FULL, datagram_for_a_stalled_worker, .configure = two_workers,
	     .prepare = stalled_worker, .finish = worker_goes_on),
	CASE(ICMP_RCVBUF_FULL, reply_for_a_raw_socket, .settings = small_rcvbuf,
	     .prepare = full_raw_socket, .finish = close_fd),
	CASE(UDP_MEM_FULL, reply_for_a_raw_socket, .settings = little_memory,
	     .prepare = full_raw_socket, .finish = close_fd),
	CASE(FAULT_INJECTED, datagram_lost_on_request, .configure = losing, .captured = NOT_AT_ALL),
};
const unsigned drops_port_count = NSK_ARRAY_LEN(drops_port);
