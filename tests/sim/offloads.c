/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports that judge and compute checksums, cut TCP and hand it over uncut: with every subset of that
 * at either end the applications see the same bytes, over a wire that passes packets on as they are
 * and over one where they are cut and summed, lost and reordered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/ip.h>

#include "sim/pair.h"
#include "tcp/rcvbuf.h"

#define SUBSETS 32
#define OCTETS	150000
#define PORT	7

static struct world world;
static uint8_t sent[OCTETS], got[OCTETS];

static const char *const names[] = {"offload.rx", "offload.tx", "offload.sg", "offload.tso",
				    "offload.lro"};

struct subset {
	char text[NSK_ARRAY_LEN(names)][24];
	const char *list[NSK_ARRAY_LEN(names) + 1];
};

static const char *const *settings_of(struct subset *s, unsigned bits)
{
	for (unsigned i = 0; i < NSK_ARRAY_LEN(names); i++) {
		snprintf(s->text[i], sizeof(s->text[i]), "%s=%u", names[i], bits >> i & 1);
		s->list[i] = s->text[i];
	}
	s->list[NSK_ARRAY_LEN(names)] = NULL;
	return s->list;
}

static void begin(unsigned a, unsigned b, const struct nsk_wire_params *wire)
{
	static struct subset subset[2];

	world_pair(&world,
		   &(struct world_params){.seed = a * SUBSETS + b,
					  .settings = settings_of(&subset[0], a),
					  .settings_b = settings_of(&subset[1], b),
					  .wire = wire ? *wire : (struct nsk_wire_params){0},
					  .nic = true,
					  .six = true});
}

/* ---- patterns ------------------------------------------------------------------------------ */

/* Writes some, reads some, until all has come; pieces of odd lengths. */
static void stream(const int fd[2], uint64_t key, uint32_t octets)
{
	uint32_t out = 0, in = 0, piece = 1;

	world_fill(sent, octets, 0, key);
	memset(got, 0, octets);
	while (in < octets) {
		ssize_t n;

		if (out < octets) {
			piece = piece * 5 % 60013 + 1;
			n = nsk_send(fd[0], sent + out, NSK_MIN(piece, octets - out), 0);
			out += n > 0 ? (uint32_t)n : 0;
		}
		world_run(&world, MS, NULL, NULL);
		while ((n = nsk_recv(fd[1], got + in, octets - in, 0)) > 0)
			in += (uint32_t)n;
	}
	assert_memory_equal(got, sent, octets);
}

static void streams(void)
{
	int listener, fd[2], back[2];

	world_connected(&world, PORT, &listener, fd);
	back[0] = fd[1];
	back[1] = fd[0];
	stream(fd, 1, OCTETS);
	stream(back, 2, OCTETS / 3);
	pair_close(&world, listener, fd);
}

static struct sockaddr_in6 six(unsigned host)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};

	assert_int_equal(inet_pton(AF_INET6, host ? "2001:db8::2" : "2001:db8::1", &sin6.sin6_addr),
			 1);
	return sin6;
}

static int six_socket(unsigned host, int type)
{
	struct sockaddr_in6 sin6 = six(host);
	int fd;

	world_enter(&world, host);
	fd = nsk_socket(AF_INET6, type | SOCK_NONBLOCK, 0);
	assert_true(fd >= NSK_FD_BASE);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)), 0);
	return fd;
}

static void streams6(void)
{
	struct sockaddr_in6 to = six(1);
	int listener = six_socket(1, SOCK_STREAM), fd[2];

	assert_int_equal(nsk_listen(listener, 1), 0);
	fd[0] = six_socket(0, SOCK_STREAM);
	assert_int_equal(nsk_connect(fd[0], (struct sockaddr *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EINPROGRESS);
	fd[1] = world_accept(&world, listener);
	stream(fd, 3, OCTETS / 2);
	pair_close(&world, listener, fd);
}

/* Datagrams that need no fragments and such that do. */
static void datagrams(int from, int to, const void *addr, socklen_t len)
{
	static const uint32_t sizes[] = {0, 1, 1000, 1452, 8001};

	for (unsigned i = 0; i < NSK_ARRAY_LEN(sizes); i++) {
		world_fill(sent, sizes[i], 0, i);
		assert_int_equal(nsk_sendto(from, sent, sizes[i], 0, addr, len), sizes[i]);
		world_wait(&world, to, POLLIN, SEC);
		assert_int_equal(nsk_recv(to, got, sizeof(got), 0), sizes[i]);
		assert_memory_equal(got, sent, sizes[i]);
	}
	nsk_close(from);
	nsk_close(to);
}

static void all_datagrams(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct sockaddr_in6 sin6 = six(1);

	sin.sin_addr.s_addr = htonl(HOST_B);
	datagrams(world_udp(&world, 0, "10.0.0.1", PORT), world_udp(&world, 1, "10.0.0.2", PORT),
		  &sin, sizeof(sin));
	datagrams(six_socket(0, SOCK_DGRAM), six_socket(1, SOCK_DGRAM), &sin6, sizeof(sin6));
}

static void assert_nothing_dropped(void)
{
	/* Announcements of addresses and reports of groups are nobody's. */
	for (unsigned h = 0; h < 2; h++)
		assert_int_equal(world_drops_all(&world, h),
				 world_drops(&world, h, NSK_DROP_ETH_OTHER_MAC) +
					 world_drops(&world, h, NSK_DROP_ARP_NOT_OURS));
}

/* ---- tests --------------------------------------------------------------------------------- */

static void every_subset_carries_the_same(void **state)
{
	(void)state;
	for (unsigned a = 0; a < SUBSETS; a++)
		for (unsigned b = 0; b < SUBSETS; b++) {
			world_repeat("subsets %u and %u", a, b);
			begin(a, b, NULL);
			streams();
			streams6();
			all_datagrams();
			assert_nothing_dropped();
			pair_finish(&world);
		}
}

static void every_subset_carries_the_same_over_a_bad_wire(void **state)
{
	const struct nsk_wire_params bad = {.delay_ns = MS,
					    .rate_bps = 200000000,
					    .loss_ppm = 20000,
					    .corrupt_ppm = 5000,
					    .reorder_ppm = 20000,
					    .reorder_ns = 300000,
					    .ecn_threshold = 20000};

	(void)state;
	for (unsigned a = 0; a < SUBSETS; a++)
		for (unsigned b = 0; b < SUBSETS; b += SUBSETS - 1) {
			world_repeat("subsets %u and %u", a, b);
			begin(a, b, &bad);
			streams();
			streams6();
			pair_finish(&world);
		}
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	assert_int_equal(nsk_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info;
}

/* What is not cut counts as the segments that it is (TCP_INFO, as in Linux). */
static void packets_go_over_whole_and_count_as_segments(void **state)
{
	const uint32_t least = OCTETS / 1448;
	struct nsk_wire_stats stats;
	int listener, fd[2];

	(void)state;
	begin(SUBSETS - 1, SUBSETS - 1, NULL);
	world_connected(&world, PORT, &listener, fd);
	stream(fd, 1, OCTETS);
	nsk_wire_stats(world.wire, 0, &stats);
	assert_true(stats.packets < least / 2);
	assert_in_range(info_of(fd[0]).tcpi_data_segs_out, least, 2 * least);
	assert_int_equal(info_of(fd[0]).tcpi_data_segs_out, info_of(fd[1]).tcpi_data_segs_in);
	assert_int_equal(info_of(fd[0]).tcpi_segs_out, info_of(fd[1]).tcpi_segs_in);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_TCP_SEGMENTS_OUT),
			 world_counter(&world, 1, NSK_CNT_TCP_SEGMENTS_IN));
	assert_int_equal(info_of(fd[1]).tcpi_rcv_mss, 1448);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

/* Where the other end wants frames, they are cut on the way: by the port, not by the stack. */
static void the_port_cuts_for_who_wants_frames(void **state)
{
	struct nsk_wire_stats stats;
	int listener, fd[2];

	(void)state;
	begin(SUBSETS - 1, 0, NULL);
	world_connected(&world, PORT, &listener, fd);
	stream(fd, 1, OCTETS);
	nsk_wire_stats(world.wire, 0, &stats);
	assert_true(stats.packets >= OCTETS / 1448);
	assert_int_equal(info_of(fd[0]).tcpi_data_segs_out, info_of(fd[1]).tcpi_data_segs_in);
	assert_nothing_dropped();
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

/* A stack that may have to send on what it received must get frames, and says so. */
static void who_forwards_takes_nothing_put_together(void **state)
{
	static const char *const router[] = {"ip.forward=1", NULL};

	(void)state;
	world_pair(&world, &(struct world_params){.settings_b = router, .nic = true});
	assert_true(world_worker(&world, 0)->net->snap->iface[0]->rx_offloads & PORT_RX_LRO);
	assert_false(world_worker(&world, 1)->net->snap->iface[0]->rx_offloads & PORT_RX_LRO);
	world.errors_expected = true;
	assert_int_equal(nsk_set(world.host[0], "ip.forward", "1"), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(nsk_set(world.host[1], "ip.forward", "0"), 0);
	assert_int_equal(nsk_set(world.host[1], "ip.forward", "1"), 0);
	world_end(&world);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		world_test(every_subset_carries_the_same),
		world_test(every_subset_carries_the_same_over_a_bad_wire),
		world_test(packets_go_over_whole_and_count_as_segments),
		world_test(the_port_cuts_for_who_wants_frames),
		world_test(who_forwards_takes_nothing_put_together),
	};

	return world_main(tests);
}
