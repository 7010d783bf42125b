/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Floods of SYNs and of fragments from addresses of the subnet where nobody is, against a stack
 * with the packet buffers that it has without a setting (447). Answers wait for neighbours that
 * never answer (RFC 6583), fragments for the rest of their datagrams (CVE-2018-5391); connections
 * and datagrams of others must not pay for that (RFC 4987).
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/rng.h"
#include "sim/peer.h"
#include "wire/family.h"

#define PORT	5001
#define SUBNET	UINT32_C(0x0a010000) /* the flooded interface's, /16; .0.1 is ours */
#define NOBODY	60000		     /* addresses of it that the flood comes from */
#define RATE	UINT64_C(20000000)   /* bit/s of the wire between client and server */
#define DELAY	(10 * MS)
#define SECONDS 8
/* Turns of both hosts between two deadlines of honest work. */
#define TURNS_AT_ONCE 1000

static struct world world;

static struct {
	struct nsk_callback_port *port;
	struct rng rng;
	uint64_t next_ns, gap_ns; /* 0: nothing comes */
	void (*what)(void);
} alley;

static bool swallow(void *arg, const void *packet, size_t len)
{
	(void)arg;
	(void)packet;
	(void)len;
	return true;
}

/* Host 0 serves: to host 1 over a wire, and to an Ethernet where nobody is. */
static void begin(void)
{
	struct nsk_callback_params params = {.ethernet = true, .output = swallow};
	struct nsk_wire_params way = {.rate_bps = RATE, .delay_ns = DELAY, .queue_bytes = 50000};
	struct nsk_config *config;

	world_init(&world, 1);
	memcpy(params.mac, stack_mac, 6);
	alley.port = nsk_callback_create(&params);
	world.wire = nsk_wire_create(&way, &way, 1500);
	assert_non_null(world.wire);
	config = world_config(&world, NULL);
	assert_int_equal(nsk_config_add_wire(config, world.wire, 0), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.1/24"), 0);
	assert_int_equal(nsk_config_add_callback(config, alley.port), 0);
	assert_int_equal(nsk_config_add_address(config, "10.1.0.1/16"), 0);
	world_add(&world, config);
	config = world_config(&world, NULL);
	assert_int_equal(nsk_config_add_wire(config, world.wire, 1), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.2/24"), 0);
	world_add(&world, config);
	rng_seed(&alley.rng, 1);
	alley.next_ns = 0;
}

static void end(void)
{
	world_run(&world, 5 * MINUTE, NULL, NULL);
	world_pool_complete(&world, 0);
	world_pool_complete(&world, 1);
	world_end(&world);
	nsk_callback_destroy(alley.port);
}

static void syn_from_nobody(void)
{
	uint8_t frame[128];
	struct tcp_spec syn = {
		.ip.src = SUBNET + 2 + rng_below(&alley.rng, NOBODY),
		.ip.dst = SUBNET + 1,
		.sport = (uint16_t)(1024 + rng_below(&alley.rng, 60000)),
		.dport = PORT,
		.flags = TCP_SYN,
		.seq = rng_u32(&alley.rng),
	};

	nsk_callback_input(alley.port, frame, frame_tcp(frame, &syn));
}

/* The first of a datagram that has no other. */
static void fragment_from_nobody(void)
{
	static const uint8_t bytes[64];
	uint8_t frame[128];
	size_t len = frame_ip(frame,
			      &(struct ip_spec){
				      .src = SUBNET + 2 + rng_below(&alley.rng, NOBODY),
				      .dst = SUBNET + 1,
				      .proto = IP_PROTO_UDP,
				      .frag = IPV4_FRAG_MF,
			      },
			      bytes, sizeof(bytes));

	nsk_callback_input(alley.port, frame, len);
}

/* So many a second from now on. */
static void flood(uint64_t per_second, void (*what)(void))
{
	alley.what = what;
	alley.gap_ns = SEC / per_second;
	alley.next_ns = world.now_ns + alley.gap_ns;
}

/* Both ends write and read all they can; what has come is added up. */
static void pump(const int fd[2], uint64_t got[2])
{
	static uint8_t buf[65536];
	ssize_t n;

	for (unsigned i = 0; i < 2; i++) {
		while (nsk_send(fd[i], buf, sizeof(buf), 0) > 0)
			;
		while ((n = nsk_recv(fd[i], buf, sizeof(buf), 0)) > 0)
			got[i] += (uint64_t)n;
	}
}

static void some_time(const int fd[2], uint64_t got[2], uint64_t ns)
{
	uint64_t limit = world.now_ns + ns;

	while (world.now_ns < limit) {
		if (world.now_ns >= alley.next_ns) {
			alley.what();
			alley.next_ns += alley.gap_ns;
		}
		world_step(&world, NSK_MIN(alley.next_ns, limit));
		assert_true(world.turns < TURNS_AT_ONCE);
		pump(fd, got);
	}
}

/* One second goes by. */
static void second(const int fd[2], uint64_t got[2])
{
	some_time(fd, got, SEC);
}

static void a_connection_has_its_rate_through(uint64_t per_second, void (*what)(void))
{
	uint64_t before[2], got[2] = {0, 0};
	int listener, fd[2];

	begin();
	assert_int_equal(world_levels(&world, 0).buffers_total, 447);
	listener = world_listen(&world, 0, PORT, 128);
	fd[1] = world_connect(&world, 1, "10.0.0.1", PORT);
	fd[0] = world_accept(&world, listener);
	flood(per_second, what);
	second(fd, got);
	for (unsigned i = 1; i < SECONDS; i++) {
		memcpy(before, got, sizeof(got));
		second(fd, got);
		for (unsigned end = 0; end < 2; end++)
			assert_true(got[end] - before[end] > RATE / 8 * 3 / 4);
	}
	nsk_close(fd[0]);
	nsk_close(fd[1]);
	nsk_close(listener);
	end();
}

static void connection_has_its_rate_through_syns_from_absent_neighbours_rfc4987_2(void **state)
{
	static const uint64_t per_second[] = {100, 300, 500, 1000, 10000};

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(per_second); i++)
		a_connection_has_its_rate_through(per_second[i], syn_from_nobody);
}

static void connection_has_its_rate_through_fragments_of_nothing(void **state)
{
	(void)state;
	a_connection_has_its_rate_through(1000, fragment_from_nobody);
	a_connection_has_its_rate_through(10000, fragment_from_nobody);
}

/* CVE-2018-5391: the oldest go, and what comes in time becomes whole. */
static void long_datagrams_arrive_through_fragments_of_nothing(void **state)
{
	static uint8_t data[9000], buf[9000];
	uint64_t got[2], most = 447 / 4, bytes;
	int none[2] = {-1, -1}, from, to;

	(void)state;
	begin();
	from = world_udp(&world, 1, "0.0.0.0", 1000);
	to = world_udp(&world, 0, "0.0.0.0", PORT);
	flood(10000, fragment_from_nobody);
	for (unsigned i = 0; i < 100; i++) {
		struct sockaddr_in sin = {.sin_family = AF_INET,
					  .sin_port = htons(PORT),
					  .sin_addr.s_addr = htonl(HOST_A)};

		world_fill(data, sizeof(data), i, 1);
		assert_int_equal(nsk_sendto(from, data, sizeof(data), 0, (struct sockaddr *)&sin,
					    sizeof(sin)),
				 sizeof(data));
		some_time(none, got, 50 * MS);
		assert_int_equal(nsk_recv(to, buf, sizeof(buf), 0), sizeof(buf));
		assert_memory_equal(buf, data, sizeof(data));
		bytes = world_levels(&world, 0).ip_reasm_bytes;
		assert_true(bytes <= most * 3000); /* a buffer and what describes it */
	}
	assert_true(world_drops(&world, 0, NSK_DROP_IP_FRAG_FULL) > 40000);
	alley.next_ns = UINT64_MAX;
	nsk_close(from);
	nsk_close(to);
	end();
}

/* However many absent ones are asked for, all that wait keep to their part of the buffers. */
static void what_waits_for_absent_neighbours_has_a_sixteenth_of_the_buffers(void **state)
{
	int listener, fd[2] = {-1, -1};
	uint64_t got[2], base;

	(void)state;
	begin();
	listener = world_listen(&world, 0, PORT, 128);
	world_run(&world, SEC, NULL, NULL);
	base = world_levels(&world, 0).buffers_free;
	flood(3000, syn_from_nobody);
	for (unsigned i = 0; i < 5; i++) {
		second(fd, got);
		assert_in_range(base - world_levels(&world, 0).buffers_free, 20, 447 / 16);
	}
	nsk_close(listener);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(connection_has_its_rate_through_syns_from_absent_neighbours_rfc4987_2),
		world_test(connection_has_its_rate_through_fragments_of_nothing),
		world_test(long_datagrams_arrive_through_fragments_of_nothing),
		world_test(what_waits_for_absent_neighbours_has_a_sixteenth_of_the_buffers),
	};

	return world_main(tests);
}
