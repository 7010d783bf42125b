/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hosts with two routers between them, all four of them stacks: connections of both families
 * through wires that lose and reorder, through one with a smaller MTU (RFC 1191, RFC 8201), over a
 * way that goes down and comes back, and while there is no way at all (RFC 1812 §5.2.7.1).
 *
 *     host 0 ──wire 0── router 1 ══wire 1 and 2══ router 2 ──wire 3── host 3
 *
 * Between the routers the first wire has the better metric.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <netstk/route.h>

#include "sim/world.h"

#define PORT   80
#define WIRES  4
#define SEEDS  12
#define OCTETS (256 * 1024)
#define PIECE  8192

struct line {
	struct world world;
	struct nsk_wire *wire[WIRES];
	int listener, fd[2]; /* host 0's, host 3's */
};

static const char *const none[] = {NULL};
static const char *const routing[] = {"ip.forward=1", "ipv6.forward=1", NULL};
static const bool families[] = {false, true};

/* ---- the line ------------------------------------------------------------------------------ */

/* Net n's host h, with the length of the prefix if there is one. */
static const char *name(char *text, bool six, unsigned n, unsigned h, const char *len)
{
	snprintf(text, 64, six ? "2001:db8:%u::%u%s" : "10.0.%u.%u%s", n, h, len);
	return text;
}

static void attach(struct line *line, struct nsk_config *config, unsigned net, unsigned end)
{
	char text[64];

	assert_int_equal(nsk_config_add_wire(config, line->wire[net], end), 0);
	for (unsigned k = 0; k < 2; k++)
		assert_int_equal(nsk_config_add_address(config,
							name(text, families[k], net, end + 1,
							     families[k] ? "/64" : "/24")),
				 0);
}

/* To another net by host h of net by. */
static void route(struct nsk_config *config, unsigned to, unsigned by, unsigned h, uint32_t metric)
{
	char dst[64], gw[64];

	for (unsigned k = 0; k < 2; k++) {
		name(dst, families[k], to, 0, families[k] ? "/64" : "/24");
		assert_int_equal(nsk_config_add_route(config, dst, name(gw, families[k], by, h, ""),
						      NULL, metric),
				 0);
	}
}

/* faults: of every wire in each direction, with seeds of their own; mtu: of wire 1. */
static void line_start(struct line *line, uint64_t seed, struct nsk_wire_params faults,
		       uint32_t mtu)
{
	struct nsk_config *config[4];

	world_init(&line->world, seed);
	for (unsigned i = 0; i < WIRES; i++) {
		struct nsk_wire_params dir[2] = {faults, faults};

		dir[0].seed = seed * 2 * WIRES + 2 * i;
		dir[1].seed = dir[0].seed + 1;
		line->wire[i] = nsk_wire_create(&dir[0], &dir[1], i == 1 ? mtu : 1500);
		assert_non_null(line->wire[i]);
	}
	for (unsigned i = 0; i < 4; i++)
		config[i] = world_config(&line->world, i == 1 || i == 2 ? routing : none);
	attach(line, config[0], 0, 0);
	route(config[0], 3, 0, 2, 1);
	attach(line, config[1], 0, 1);
	attach(line, config[1], 1, 0);
	attach(line, config[1], 2, 0);
	route(config[1], 3, 1, 2, 1);
	route(config[1], 3, 2, 2, 9);
	attach(line, config[2], 1, 1);
	attach(line, config[2], 2, 1);
	attach(line, config[2], 3, 0);
	route(config[2], 0, 1, 1, 1);
	route(config[2], 0, 2, 1, 9);
	attach(line, config[3], 3, 1);
	route(config[3], 0, 3, 1, 1);
	for (unsigned i = 0; i < 4; i++)
		world_add(&line->world, config[i]);
}

static void connect_through(struct line *line, bool six)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};

	world_enter(&line->world, 3);
	line->listener = nsk_socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_bind(line->listener, (struct sockaddr *)&sin6, sizeof(sin6)), 0);
	assert_int_equal(nsk_listen(line->listener, 4), 0);
	inet_pton(AF_INET6, six ? "2001:db8:3::2" : "::ffff:10.0.3.2", &sin6.sin6_addr);
	world_enter(&line->world, 0);
	line->fd[0] = nsk_socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_connect(line->fd[0], (struct sockaddr *)&sin6, sizeof(sin6)), -1);
	assert_int_equal(errno, EINPROGRESS);
	line->fd[1] = world_accept(&line->world, line->listener);
}

/* So many octets both ways, a piece at a time. */
static void exchange(struct line *line, size_t octets)
{
	static uint8_t out[PIECE], in[PIECE];

	for (size_t done = 0; done < octets; done += PIECE)
		for (unsigned k = 0; k < 2; k++) {
			world_fill(out, PIECE, done, k);
			world_send(&line->world, line->fd[k], out, PIECE);
			world_recv(&line->world, line->fd[!k], in, PIECE);
			assert_memory_equal(in, out, PIECE);
		}
}

static void line_end(struct line *line)
{
	assert_int_equal(nsk_close(line->fd[0]), 0);
	world_expect_eof(&line->world, line->fd[1]);
	assert_int_equal(nsk_close(line->fd[1]), 0);
	assert_int_equal(nsk_close(line->listener), 0);
	world_run(&line->world, 5 * MINUTE, NULL, NULL);
	for (unsigned h = 0; h < 4; h++) {
		assert_true(world_all_closed(&line->world, h));
		world_pool_complete(&line->world, h);
	}
	world_end(&line->world);
	for (unsigned i = 0; i < WIRES; i++)
		nsk_wire_destroy(line->wire[i]);
}

/* Packets that a direction of a wire has taken. */
static uint64_t carried(const struct line *line, unsigned wire, unsigned direction)
{
	struct nsk_wire_stats stats;

	nsk_wire_stats(line->wire[wire], direction, &stats);
	return stats.packets;
}

static uint64_t forwarded(struct line *line, unsigned h)
{
	return world_counter(&line->world, h, NSK_CNT_IP_FORWARDED);
}

/* ---- what is shown ------------------------------------------------------------------------- */

static void all_arrives_through_two_routers(void **state)
{
	const struct nsk_wire_params faults = {.delay_ns = MS,
					       .jitter_ns = MS / 10,
					       .loss_ppm = 5000,
					       .duplicate_ppm = 5000,
					       .reorder_ppm = 10000};
	const char *only = getenv("NSK_SEED");
	static struct line line;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		if (only && strtoull(only, NULL, 10) != seed)
			continue;
		world_repeat("NSK_SEED=%llu", (unsigned long long)seed);
		line_start(&line, seed, faults, 1500);
		connect_through(&line, seed & 1);
		exchange(&line, OCTETS);
		assert_in_range(forwarded(&line, 1), 2 * OCTETS / 1500, UINT32_MAX);
		assert_in_range(forwarded(&line, 2), 2 * OCTETS / 1500, UINT32_MAX);
		line_end(&line);
	}
}

/* The router before the smaller link tells of it once for each direction, and the hosts believe
 * it. */
static void hosts_learn_the_mtu_of_a_link_beyond_rfc1191_rfc8201(void **state)
{
	static const struct nsk_wire_params clean = {.delay_ns = MS};
	static struct line line;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		line_start(&line, 1, clean, 1300);
		connect_through(&line, families[k]);
		exchange(&line, OCTETS);
		for (unsigned r = 1; r < 3; r++)
			assert_in_range(world_drops(&line.world, r, NSK_DROP_IP_TOO_BIG), 1, 16);
		for (unsigned end = 0; end < 2; end++) {
			struct tcp_info info;
			socklen_t len = sizeof(info);

			assert_int_equal(nsk_getsockopt(line.fd[end], IPPROTO_TCP, TCP_INFO, &info,
							&len),
					 0);
			assert_int_equal(info.tcpi_pmtu, 1300);
		}
		line_end(&line);
	}
}

static void a_way_that_goes_down_has_its_traffic_go_another_and_come_back(void **state)
{
	static const struct nsk_wire_params clean = {.delay_ns = MS};
	static struct line line;
	uint64_t before;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		line_start(&line, 1, clean, 1500);
		connect_through(&line, families[k]);
		exchange(&line, OCTETS / 4);
		assert_in_range(carried(&line, 1, 0), 1, UINT32_MAX);
		before = carried(&line, 2, 0);
		nsk_wire_link(line.wire[1], false);
		exchange(&line, OCTETS / 4);
		assert_in_range(carried(&line, 2, 0) - before, OCTETS / 4 / 1500, UINT32_MAX);
		nsk_wire_link(line.wire[1], true);
		world_run(&line.world, SEC, NULL, NULL);
		before = carried(&line, 1, 0);
		exchange(&line, OCTETS / 4);
		assert_in_range(carried(&line, 1, 0) - before, OCTETS / 4 / 1500, UINT32_MAX);
		line_end(&line);
	}
}

/* The router answers that there is no way, which ends no connection (RFC 1122 §4.2.3.9); it goes on
 * when there is one again. */
static void a_connection_outlives_the_loss_of_its_route_rfc1122_4_2_3_9(void **state)
{
	static const struct nsk_wire_params clean = {.delay_ns = MS};
	static struct line line;
	struct nsk_route r = {.metric = 0};
	uint8_t piece[PIECE];

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		line_start(&line, 1, clean, 1500);
		connect_through(&line, families[k]);
		exchange(&line, OCTETS / 4);
		name(r.destination, families[k], 3, 0, families[k] ? "/64" : "/24");
		assert_int_equal(nsk_route_del(line.world.host[1], &r), 0);
		assert_int_equal(nsk_route_del(line.world.host[1], &r), 0);
		world_fill(piece, PIECE, 0, 7);
		world_send(&line.world, line.fd[0], piece, PIECE);
		world_run(&line.world, 20 * SEC, NULL, NULL);
		assert_in_range(world_drops(&line.world, 1, NSK_DROP_IP_NO_ROUTE), 3, 100);
		assert_int_equal(world_sock_error(line.fd[0]), ENETUNREACH); /* soft, as on Linux */
		name(r.gateway, families[k], 1, 2, "");
		assert_int_equal(nsk_route_add(line.world.host[1], &r, false), 0);
		world_recv(&line.world, line.fd[1], piece, PIECE);
		exchange(&line, OCTETS / 4);
		r.gateway[0] = 0;
		line_end(&line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(all_arrives_through_two_routers),
		world_test(hosts_learn_the_mtu_of_a_link_beyond_rfc1191_rfc8201),
		world_test(a_way_that_goes_down_has_its_traffic_go_another_and_come_back),
		world_test(a_connection_outlives_the_loss_of_its_route_rfc1122_4_2_3_9),
	};

	return world_main(tests);
}
