/* SPDX-License-Identifier: BSD-3-Clause */
/* net_tap against the kernel, in a network namespace of its own: a packet socket is the other side.
 */
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "netns.h"
#include "ports.h"

#define DEVARGS "net_tap0,iface=nsk0,mac=02:00:00:00:00:99"
#define FRAMES	200

static struct pkt_pool *pool;

/* A socket that sees and sends our kind of frames on the kernel's side of the tap. */
static int kernel_side(const char *iface)
{
	struct sockaddr_ll sa = {.sll_family = AF_PACKET, .sll_protocol = htons(TEST_TYPE)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(TEST_TYPE));

	assert_true(fd >= 0);
	sa.sll_ifindex = (int)if_nametoindex(iface);
	assert_int_not_equal(sa.sll_ifindex, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* One frame from the port to the kernel. */
static void to_kernel(struct port *port, int fd, uint32_t n, uint32_t len)
{
	uint64_t deadline = clock_ns() + PATIENCE_NS;
	uint8_t frame[2048];
	ssize_t got;

	assert_true(frame_send(port, pool, clock_ns(), n, len));
	while ((got = recv(fd, frame, sizeof(frame), 0)) < 0)
		assert_true(clock_ns() < deadline);
	assert_int_equal(got, len);
	for (uint32_t at = 18; at < len; at++)
		assert_int_equal(frame[at], frame_byte(n, at));
}

/* And one from the kernel to the port. */
static void from_kernel(struct port *port, int fd, uint32_t n, uint32_t len)
{
	uint64_t deadline = clock_ns() + PATIENCE_NS;
	struct rte_mbuf *m = frame_new(pool, n, len);
	uint8_t frame[2048];

	for (uint32_t at = 0; at < len; at++)
		frame[at] = chain_byte(m, at);
	rte_pktmbuf_free(m);
	assert_int_equal(send(fd, frame, len, 0), len);
	while ((m = frame_recv(port, clock_ns())) == NULL || !frame_is_ours(m)) {
		rte_pktmbuf_free(m);
		assert_true(clock_ns() < deadline);
	}
	assert_int_equal(frame_number(m), n);
	assert_int_equal(m->pkt_len, len);
	assert_int_equal(frame_bad_bytes(m), 0);
	rte_pktmbuf_free(m);
}

static void frames_pass_to_and_from_the_kernel(void **state)
{
	struct port_stats st;
	struct port *port;
	int fd;

	(void)state;
	if (port_open_named(DEVARGS, &port))
		fail_msg("%s", test_error);
	assert_string_equal(port->driver, "ethdev:net_tap");
	assert_int_equal(port->caps.rx_queues_max, 1);
	assert_int_equal(port->caps.offloads,
			 PORT_TX_MULTI_SEG | PORT_TX_INDIRECT | PORT_TX_EXTERNAL);
	assert_memory_equal(port->mac.b, "\x02\0\0\0\0\x99", 6);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(port_start_with(port, pool, 1500), 0);
		fd = kernel_side("nsk0");
		for (uint32_t n = 0; n < FRAMES; n++) {
			to_kernel(port, fd, n, 60 + n * 7);
			from_kernel(port, fd, n, 60 + n * 7);
		}
		close(fd);
		port->ops->stats(port, &st);
		assert_true(st.tx_packets >= FRAMES && st.rx_packets >= FRAMES);
		port->ops->stop(port);
	}
	port->ops->close(port);
	assert_int_equal(if_nametoindex("nsk0"), 0);
}

static uint32_t kernels_mtu(const char *iface)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(ifr.ifr_name, iface);
	assert_int_equal(ioctl(fd, SIOCGIFMTU, &ifr), 0);
	close(fd);
	return (uint32_t)ifr.ifr_mtu;
}

static void the_kernel_learns_the_mtu(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named(DEVARGS, &port), 0);
	assert_int_equal(port_start_with(port, pool, 1280), 0);
	assert_int_equal(kernels_mtu("nsk0"), 1280);
	port->ops->stop(port);
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	assert_int_equal(kernels_mtu("nsk0"), 1500);
	port->ops->stop(port);
	/* DPDK 22.11's takes 1,504 octets at most, 24.11's any. */
	if (port_start_with(port, pool, 9000) == 0) {
		assert_int_equal(kernels_mtu("nsk0"), 9000);
		port->ops->stop(port);
	} else {
		assert_non_null(strstr(port->error, "mtu 9000 is more than the 1504"));
	}
	port->ops->close(port);
}

/* net_tap hears of packets by a signal; EAL's threads take it when the program's have blocked all.
 */
static void reception_survives_blocked_signals(void **state)
{
	sigset_t all, before;
	struct port *port;
	int fd;

	(void)state;
	sigfillset(&all);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &all, &before), 0);
	assert_int_equal(port_open_named(DEVARGS, &port), 0);
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	fd = kernel_side("nsk0");
	for (uint32_t n = 0; n < 50; n++) {
		struct rte_mbuf *m;

		/* Only after an empty poll does the driver wait for the signal. */
		while ((m = frame_recv(port, clock_ns())) != NULL)
			rte_pktmbuf_free(m);
		from_kernel(port, fd, n, 100);
	}
	close(fd);
	port->ops->stop(port);
	port->ops->close(port);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void a_tun_carries_packets_without_a_link_header(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("net_tun0,iface=nsk1", &port), 0);
	assert_false(port->caps.ethernet);
	port->ops->close(port);
}

static void a_name_too_long_is_refused_in_words(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("net_tap0,iface=0123456789abcdef", &port), -EINVAL);
	assert_string_equal(
		test_error,
		"net_tap0: interface name '0123456789abcdef' is longer than 15 characters");
}

/* An interface that outlives its descriptor, as "ip tuntap add" makes it. */
static void persistent(const char *name, short flags, int persist)
{
	struct ifreq ifr = {.ifr_flags = (short)(flags | IFF_NO_PI)};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	strcpy(ifr.ifr_name, name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	assert_int_equal(ioctl(fd, TUNSETPERSIST, persist), 0);
	close(fd);
}

static void a_tap_in_use_is_not_opened_a_second_time(void **state)
{
	struct port *first, *second;

	(void)state;
	assert_int_equal(port_open_named(DEVARGS, &first), 0);
	assert_int_equal(port_open_named("net_tap1,iface=nsk0", &second), -EBUSY);
	assert_string_equal(test_error,
			    "net_tap1: interface nsk0 is in use by another program or device");
	assert_int_equal(port_start_with(first, pool, 1500), 0);
	assert_int_equal(port_open_named("net_tap1,iface=nsk0", &second), -EBUSY);
	first->ops->stop(first);
	first->ops->close(first);
	assert_int_equal(port_open_named("net_tap1,iface=nsk0", &second), 0);
	second->ops->close(second);
}

static void a_persistent_tap_that_nobody_uses_is_opened(void **state)
{
	struct port *port;

	(void)state;
	persistent("nsk2", IFF_TAP | IFF_MULTI_QUEUE, 1);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(port_open_named("net_tap0,iface=nsk2", &port), 0);
		port->ops->close(port);
		assert_int_not_equal(if_nametoindex("nsk2"), 0);
	}
	persistent("nsk2", IFF_TAP | IFF_MULTI_QUEUE, 0);
	assert_int_equal(if_nametoindex("nsk2"), 0);
}

static void interfaces_that_a_tap_cannot_be_are_refused_in_words(void **state)
{
	struct port *port;

	(void)state;
	assert_int_equal(port_open_named("net_tap0,iface=lo", &port), -EEXIST);
	assert_non_null(strstr(test_error, "interface lo exists and is no tap"));
	persistent("nsk3", IFF_TAP, 1);
	assert_int_equal(port_open_named("net_tap0,iface=nsk3", &port), -EINVAL);
	assert_non_null(strstr(test_error, "'ip tuntap add nsk3 mode tap multi_queue'"));
	assert_int_equal(port_open_named("net_tun0,iface=nsk3", &port), -EEXIST);
	assert_non_null(strstr(test_error, "interface nsk3 exists and is no tun"));
	persistent("nsk3", IFF_TAP, 0);
}

/* With one MAC on both sides, a bridge keeps what is for the stack. */
static void the_kernels_side_has_a_mac_of_its_own(void **state)
{
	struct ifreq ifr = {.ifr_name = "nsk0"};
	struct port *port;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(port_open_named(DEVARGS, &port), 0);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(port_start_with(port, pool, 1500), 0);
		assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &ifr), 0);
		assert_memory_equal(ifr.ifr_hwaddr.sa_data, "\xfe\0\0\0\0\x99", 6);
		assert_memory_equal(port->mac.b, "\x02\0\0\0\0\x99", 6);
		port->ops->stop(port);
	}
	port->ops->close(port);
	close(fd);
}

static int make_pool(void **state)
{
	const char *devargs = DEVARGS;

	(void)state;
	if (eal_start_for(&devargs, 1))
		return -1;
	pool = pool_new("tap", 2048, 2048, true);
	return pool ? 0 : -1;
}

static int drop_pool(void **state)
{
	(void)state;
	return pkt_pool_destroy(pool) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_pass_to_and_from_the_kernel),
		cmocka_unit_test(the_kernel_learns_the_mtu),
		cmocka_unit_test(reception_survives_blocked_signals),
		cmocka_unit_test(a_tun_carries_packets_without_a_link_header),
		cmocka_unit_test(a_name_too_long_is_refused_in_words),
		cmocka_unit_test(a_tap_in_use_is_not_opened_a_second_time),
		cmocka_unit_test(a_persistent_tap_that_nobody_uses_is_opened),
		cmocka_unit_test(interfaces_that_a_tap_cannot_be_are_refused_in_words),
		cmocka_unit_test(the_kernels_side_has_a_mac_of_its_own),
	};

	if (access("/dev/net/tun", R_OK | W_OK) != 0) {
		perror("SKIPPED: /dev/net/tun");
		return SKIPPED;
	}
	if (!netns_enter())
		return SKIPPED;
	return cmocka_run_group_tests(tests, make_pool, drop_pool);
}
