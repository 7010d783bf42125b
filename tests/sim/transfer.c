/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random transfers over bad wires. Each seed is a world of its own: how bad the wire is, what the
 * stacks offer each other, how many connections there are, how much goes each way, in what pieces
 * it is written and read, who closes first. Whatever the seed: every byte arrives once, unaltered
 * and in order; every connection ends; no packet buffer is lost; no segment breaks the rules of
 * trace_audit(); the same seed sends the same packets.
 *
 * usage: sim_transfer [FIRST COUNT]; NSK_SEED and NSK_SEEDS take their place.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "sim/trace.h"
#include "sim/world.h"

#define CONNS	   4
#define PORT	   7
#define FIRST_PORT 10000
#define CHUNK	   20000
#define PATIENCE   (12 * HOUR)

/* What an application does when it has sent everything. */
enum ending {
	SHUT_AT_ONCE,	/* half close: the other direction goes on */
	SHUT_AFTER_EOF, /* closes when the peer has closed */
	CLOSE_WHEN_DONE /* closes when it has got all that it expects; the peer's FIN finds nobody
			 */
};

struct end {
	int fd; /* -1: not there yet, or closed */
	bool opened, shut, eof;
	enum ending ending;
	uint64_t key; /* of what it sends */
	uint64_t sent, to_send;
	uint64_t got, to_get;
	uint32_t write_max, read_max;
	uint64_t paused_until;
};

struct run {
	struct world world;
	struct trace trace;
	struct rng rng;
	unsigned conns;
	int listener;
	struct end end[2][CONNS]; /* [0]: clients, on host A */
	char text[2][16][40];
	const char *settings[2][17];
	uint8_t data[CHUNK], expect[CHUNK];
};

static struct run run;
static uint64_t first = 1, count = 20;
static struct {
	uint64_t bytes, frames, lost, corrupted, reordered, duplicated;
} sum;

/* ---- what a seed says ---------------------------------------------------------------------- */

static uint32_t one_of(const uint32_t *values, uint32_t n)
{
	return values[rng_below(&run.rng, n)];
}

#define ONE_OF(...)                             \
	one_of((const uint32_t[]){__VA_ARGS__}, \
	       sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void set(unsigned host, const char *key, uint32_t value)
{
	unsigned i = 0;

	while (run.settings[host][i])
		i++;
	assert_true(i < 16);
	snprintf(run.text[host][i], sizeof(run.text[host][i]), "%s=%u", key, value);
	run.settings[host][i] = run.text[host][i];
}

static void choose_settings(unsigned host, uint32_t mtu)
{
	uint32_t window = ONE_OF(2048, 8192, 65535, 65535, 262144);

	/* Nobody may give up: 30 % of packets are lost each way, so 16 in a row sometimes are. */
	set(host, "tcp.retries", 100);
	set(host, "tcp.orphan_retries", 100);
	set(host, "tcp.syn_retries", 100);
	set(host, "tcp.synack_retries", 100);
	set(host, "arp.retries", 100);
	set(host, "arp.retry_ms", 200);
	set(host, "tcp.rto_max_ms", ONE_OF(2000, 10000, 120000));
	set(host, "tcp.timestamps", ONE_OF(0, 1, 1, 1));
	set(host, "tcp.sack", ONE_OF(0, 1, 1, 1));
	set(host, "tcp.wscale", ONE_OF(0, 1, 1, 1));
	set(host, "tcp.window", window);
	set(host, "tcp.rcvbuf_max", window * ONE_OF(1, 2, 16));
	set(host, "tcp.sndbuf", ONE_OF(4096, 65536, 262144));
	set(host, "pool.buffers", mtu > 1500 ? 2047 : ONE_OF(255, 511, 511, 1023));
	set(host, "burst", ONE_OF(1, 4, 32, 32, 64));
}

/* Returns how much may be sent in one direction. */
static uint32_t choose_wire(struct nsk_wire_params *wire)
{
	uint32_t worst = ONE_OF(0, 0, 20000, 100000, 300000);

	*wire = (struct nsk_wire_params){
		.loss_ppm = rng_below(&run.rng, worst + 1),
		.duplicate_ppm = ONE_OF(0, 0, 10000, 50000),
		.corrupt_ppm = ONE_OF(0, 0, 10000, 30000),
		.reorder_ppm = ONE_OF(0, 0, 20000, 200000),
		.reorder_ns = ONE_OF(0, 100000, 5000000),
		.delay_ns = ONE_OF(0, 10000, 1000000, 20000000, 100000000),
		.jitter_ns = ONE_OF(0, 0, 1000000),
		.rate_bps = ONE_OF(0, 0, 1000000, 20000000, 1000000000),
		.queue_packets = ONE_OF(0, 0, 20, 100),
	};
	return worst > 20000 ? 200000 : 500000;
}

static uint32_t choose_size(uint32_t most)
{
	if (rng_below(&run.rng, 4) == 0)
		return ONE_OF(0, 1, 2, 535, 1448, 1460, 1461);
	return rng_below(&run.rng, most);
}

static void choose_end(struct end *e, uint32_t most, unsigned index, unsigned side)
{
	bool crumbs;

	*e = (struct end){.fd = -1, .key = run.world.seed * 16 + index * 2 + side};
	e->to_send = choose_size(most);
	crumbs = e->to_send < 3000 && rng_below(&run.rng, 3) == 0;
	e->write_max = crumbs ? 10 : ONE_OF(300, 3000, CHUNK);
	e->read_max = ONE_OF(300, 3000, CHUNK);
	e->ending = (enum ending)rng_below(&run.rng, 2);
}

static void choose_conn(unsigned i, uint32_t most, bool lossy)
{
	struct end *a = &run.end[0][i], *b = &run.end[1][i];

	choose_end(a, most, i, 0);
	choose_end(b, most, i, 1);
	a->to_get = b->to_send;
	b->to_get = a->to_send;
	/* Somebody has to begin, and not before the connection is open. And when FINs get lost for
	 * longer than FIN-WAIT-2 waits, a peer that still reads meets an RST: fair, but not what is
	 * to be seen here. */
	if (a->ending == SHUT_AFTER_EOF && b->ending == SHUT_AFTER_EOF)
		a->ending = lossy || a->to_get == 0 ? SHUT_AT_ONCE : CLOSE_WHEN_DONE;
}

static void choose(uint64_t seed)
{
	struct world_params params = {.seed = seed};
	uint32_t most;

	memset(&run, 0, sizeof(run));
	rng_seed(&run.rng, seed);
	most = choose_wire(&params.wire);
	params.mtu = ONE_OF(1500, 1500, 1500, 256, 576, 9000);
	choose_settings(0, params.mtu);
	choose_settings(1, params.mtu);
	run.world.seed = seed;
	run.conns = rng_range(&run.rng, 1, CONNS);
	for (unsigned i = 0; i < run.conns; i++)
		choose_conn(i, most / run.conns + 1,
			    params.wire.loss_ppm || params.wire.corrupt_ppm);
	params.settings = run.settings[0];
	params.settings_b = run.settings[1];
	world_pair(&run.world, &params);
	trace_start(&run.trace, &run.world);
}

/* ---- applications -------------------------------------------------------------------------- */

static void app_accept(void)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	int fd = nsk_accept4(run.listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK);
	unsigned i;

	if (fd < 0) {
		assert_int_equal(errno, EAGAIN);
		return;
	}
	i = ntohs(peer.sin_port) - FIRST_PORT;
	assert_true(i < run.conns && !run.end[1][i].opened);
	run.end[1][i].fd = fd;
	run.end[1][i].opened = true;
}

static void app_close(struct end *e)
{
	assert_int_equal(nsk_close(e->fd), 0);
	e->fd = -1;
}

static void app_write(struct end *e)
{
	while (e->sent < e->to_send) {
		uint64_t left = e->to_send - e->sent;
		uint32_t n = rng_range(&run.rng, 1, e->write_max);
		ssize_t took;

		n = n < left ? n : (uint32_t)left;
		world_fill(run.data, n, e->sent, e->key);
		took = nsk_send(e->fd, run.data, n, MSG_NOSIGNAL);
		if (took < 0) {
			assert_int_equal(errno, EAGAIN);
			return;
		}
		assert_in_range(took, 1, n);
		e->sent += (uint64_t)took;
	}
	if (e->shut || (e->ending != SHUT_AT_ONCE && !e->eof))
		return;
	if (nsk_send(e->fd, run.data, 0, MSG_NOSIGNAL) < 0) {
		assert_int_equal(errno, EAGAIN); /* not open yet, where a shutdown is its end */
		return;
	}
	assert_int_equal(nsk_shutdown(e->fd, SHUT_WR), 0);
	e->shut = true;
}

static void app_read(struct end *e, uint64_t peer_key)
{
	while (!e->eof && e->paused_until <= run.world.now_ns) {
		uint32_t n = rng_range(&run.rng, 1, e->read_max);
		ssize_t got = nsk_recv(e->fd, run.data, n, 0);

		if (got < 0) {
			assert_int_equal(errno, EAGAIN);
			return;
		}
		e->eof = got == 0;
		assert_in_range(e->got + (uint64_t)got, 0, e->to_get);
		world_fill(run.expect, (size_t)got, e->got, peer_key);
		assert_memory_equal(run.data, run.expect, (size_t)got);
		e->got += (uint64_t)got;
		if (rng_below(&run.rng, 50) == 0)
			e->paused_until = run.world.now_ns + rng_below(&run.rng, 300) * MS;
	}
}

static bool app_done(const struct end *e)
{
	if (e->ending == CLOSE_WHEN_DONE)
		return e->sent == e->to_send && e->got == e->to_get;
	return e->shut && e->eof;
}

/* One round of one application; false once it is through. */
static bool app_run(struct end *e, const struct end *peer)
{
	if (e->fd < 0)
		return !e->opened;
	app_read(e, peer->key);
	app_write(e);
	if (!app_done(e))
		return true;
	assert_int_equal(e->got, e->to_get);
	app_close(e);
	return false;
}

/* One round of all of them; when the next one wakes up, 0: all are through. */
static uint64_t apps_run(uint64_t deadline)
{
	uint64_t wake = deadline;
	bool busy = false;

	app_accept();
	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < run.conns; i++) {
			struct end *e = &run.end[side][i];

			busy |= app_run(e, &run.end[!side][i]);
			if (e->paused_until > run.world.now_ns && e->paused_until < wake)
				wake = e->paused_until;
		}
	return busy ? wake : 0;
}

/* ---- one seed ------------------------------------------------------------------------------ */

static void connect_all(void)
{
	run.listener = world_listen(&run.world, 1, PORT, 16);
	for (unsigned i = 0; i < run.conns; i++) {
		struct end *e = &run.end[0][i];

		e->fd = world_connect_from(&run.world, 0, (uint16_t)(FIRST_PORT + i), "10.0.0.2",
					   PORT);
		e->opened = true;
	}
}

/* Writing and reading start at once: both must say EAGAIN until the handshake is done. */
static void transfer_all(void)
{
	uint64_t deadline = run.world.now_ns + PATIENCE, wake;

	while ((wake = apps_run(deadline)) != 0) {
		assert_true(run.world.now_ns < deadline);
		world_step(&run.world, wake);
	}
}

static bool all_over(void *arg)
{
	(void)arg;
	return world_all_closed(&run.world, 0) && world_all_closed(&run.world, 1);
}

static void add_up(void)
{
	for (unsigned i = 0; i < 2 * CONNS; i++)
		sum.bytes += run.end[i / CONNS][i % CONNS].got;
	for (unsigned dir = 0; dir < 2; dir++) {
		struct nsk_wire_stats stats;

		nsk_wire_stats(run.world.wire, dir, &stats);
		sum.frames += stats.packets;
		sum.lost += stats.lost + stats.queue_full;
		sum.corrupted += stats.corrupted;
		sum.reordered += stats.reordered;
		sum.duplicated += stats.duplicated;
	}
}

/* Returns the hash of all packets. */
static uint64_t run_seed(uint64_t seed)
{
	uint64_t hash;

	world_repeat("NSK_SEED=%llu NSK_SEEDS=1", (unsigned long long)seed);
	choose(seed);
	connect_all();
	transfer_all();
	assert_true(world_run(&run.world, PATIENCE, all_over, NULL));
	assert_int_equal(nsk_close(run.listener), 0);
	world_run(&run.world, SEC, NULL, NULL);
	world_pool_complete(&run.world, 0);
	world_pool_complete(&run.world, 1);
	trace_audit(&run.trace);
	hash = run.trace.hash;
	add_up();
	trace_end(&run.trace);
	world_end(&run.world);
	return hash;
}

static void every_byte_arrives_once_in_order_whatever_the_wire_does(void **state)
{
	(void)state;
	for (uint64_t seed = first; seed < first + count; seed++)
		run_seed(seed);
	print_message("%llu seeds from %llu: %llu bytes in %llu frames, of which %llu lost, %llu "
		      "corrupted, %llu reordered, %llu duplicated\n",
		      (unsigned long long)count, (unsigned long long)first,
		      (unsigned long long)sum.bytes, (unsigned long long)sum.frames,
		      (unsigned long long)sum.lost, (unsigned long long)sum.corrupted,
		      (unsigned long long)sum.reordered, (unsigned long long)sum.duplicated);
}

static void same_seed_sends_the_same_packets(void **state)
{
	(void)state;
	for (uint64_t seed = first; seed < first + count; seed += 25) {
		uint64_t hash = run_seed(seed);

		assert_int_equal(run_seed(seed), hash);
		assert_int_not_equal(run_seed(seed + 1), hash);
	}
}

/* So many times the seeds with ./dev test --all: 50,000; under sanitizers, which are slow, 8,000.
 */
#ifdef __SANITIZE_ADDRESS__
#define MANY 4
#else
#define MANY 25
#endif

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		world_test(every_byte_arrives_once_in_order_whatever_the_wire_does),
		world_test(same_seed_sends_the_same_packets),
	};
	const char *seed = getenv("NSK_SEED"), *seeds = getenv("NSK_SEEDS");

	if (argc > 2) {
		first = strtoull(argv[1], NULL, 0);
		count = strtoull(argv[2], NULL, 0);
	}
	if (getenv("NSK_TEST_ALL")) {
		first *= 100;
		count *= MANY;
	}
	if (seed)
		first = strtoull(seed, NULL, 0);
	if (seeds)
		count = strtoull(seeds, NULL, 0);
	return world_main(tests);
}
