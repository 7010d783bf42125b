/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection that moves more than 2^32 octets. What it once kept of sequence numbers (losses,
 * probes, duplicates, marks, urgent octets, path MTU, gaps of the receiver) is more than 2^31 of
 * them old when it is needed again, and would compare as what is still to come. So everything that
 * happens is had happen at the beginning, after 2^31 octets without anything unusual, and after as
 * many again; each time the same must come of it, by the counters of both ends. RFC 9293 §3.4.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include <netstk/tcp_info.h>

#include "sim/pair.h"

#define PORT	  5001
#define MTU	  9000
#define MSS	  8948u
#define DELAY	  (5 * MS)
#define RTT	  (2 * DELAY)
#define PACED	  MS /* is enough for eight segments to leave */
#define BUFFER	  (2 << 20)
#define A_WHILE	  (UINT64_C(4) << 20)
#define VERY_FAR  ((UINT64_C(1) << 31) + (UINT64_C(64) << 20))
#define VERY_LONG (40 * MINUTE) /* more than 2^31 microseconds */
#define WORKERS	  2

static struct world world;
static int listener, fd[2];
static uint64_t sent, received;
static bool paced; /* by BBR: what its window is depends on the moment */

static uint8_t chunk[64 << 10], got[64 << 10];

/* ---- the way there ------------------------------------------------------------------------- */

static void wire(const struct nsk_wire_params *params)
{
	struct nsk_wire_params p = *params;

	p.delay_ns = DELAY;
	p.seed = 1;
	assert_int_equal(nsk_wire_set(world.wire, 0, &p), 0);
}

static void wire_is_fine(void)
{
	wire(&(struct nsk_wire_params){0});
}

static void read_on(void)
{
	ssize_t n;

	while ((n = nsk_recv(fd[1], got, sizeof(got), 0)) > 0)
		received += (uint64_t)n;
}

static bool all_read(void *arg)
{
	(void)arg;
	read_on();
	return received == sent;
}

static void drain(void)
{
	assert_true(world_run(&world, 10 * SEC, all_read, NULL));
}

/* So many octets go by, and nothing happens to them. */
static void go_on(uint64_t octets)
{
	uint64_t end = sent + octets;

	while (sent < end) {
		uint64_t left = end - sent, n = left < sizeof(chunk) ? left : sizeof(chunk);
		ssize_t took = nsk_send(fd[0], chunk, n, 0);

		if (took > 0) {
			sent += (uint64_t)took;
			continue;
		}
		read_on();
		world_step(&world, world.now_ns + SEC);
	}
	drain();
}

/* n segments leave in one turn, their octets known by their places. */
static void segments(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		world_fill(chunk, MSS, sent, 1);
		assert_int_equal(nsk_send(fd[0], chunk, MSS, 0), MSS);
		sent += MSS;
	}
	world_run(&world, PACED, NULL, NULL);
}

/* They arrive as they left, within so many round trips. */
static void arrive(unsigned round_trips)
{
	uint64_t until = world.now_ns + round_trips * RTT;

	while (received < sent) {
		uint32_t n = received + MSS <= sent ? MSS : (uint32_t)(sent - received);

		world_fill(chunk, n, received, 1);
		world_recv(&world, fd[1], got, n);
		assert_memory_equal(got, chunk, n);
		received += n;
	}
	assert_true(world.now_ns <= until || paced);
}

static void wait_ms(unsigned ms)
{
	world_run(&world, ms * MS, NULL, NULL);
}

/* ---- what happens -------------------------------------------------------------------------- */

static void the_first_of_eight_is_lost(void)
{
	wire(&(struct nsk_wire_params){.loss_ppm = 1000000});
	segments(1);
	wire_is_fine();
	segments(7);
	arrive(3);
}

static void holes_are_lost(void)
{
	for (unsigned i = 0; i < 8; i++) {
		wire(&(struct nsk_wire_params){.loss_ppm = i % 2 ? 0 : 1000000});
		segments(1);
	}
	wire_is_fine();
	arrive(10);
}

static void the_last_is_lost(void)
{
	segments(5);
	wire(&(struct nsk_wire_params){.loss_ppm = 1000000});
	segments(1);
	wire_is_fine();
	arrive(25); /* it is alone in flight: RFC 8985 §7.2 */
}

/* The probe as well. */
static void all_is_lost(void)
{
	wire(&(struct nsk_wire_params){.loss_ppm = 1000000});
	segments(2);
	wait_ms(150);
	wire_is_fine();
	arrive(300);
}

static void each_comes_twice(void)
{
	wire(&(struct nsk_wire_params){.duplicate_ppm = 1000000});
	segments(4);
	wire_is_fine();
	arrive(2);
}

/* Sent again in vain, which D-SACK tells. */
static void one_is_late(void)
{
	wire(&(struct nsk_wire_params){.reorder_ppm = 1000000, .reorder_ns = 3 * RTT});
	segments(1);
	wire_is_fine();
	segments(7);
	arrive(4);
}

static void marked(void)
{
	wire(&(struct nsk_wire_params){.rate_bps = 1000000000, .ecn_threshold = 1});
	segments(8);
	wire_is_fine();
	arrive(4);
	segments(2); /* CWR */
	arrive(2);
}

static void urgent(void)
{
	char octet;

	assert_int_equal(nsk_send(fd[0], "abX", 3, MSG_OOB), 3);
	sent += 3;
	segments(2);
	wait_ms(5);
	assert_int_equal(nsk_recv(fd[1], &octet, 1, MSG_OOB), 1);
	assert_int_equal(octet, 'X');
	assert_int_equal(nsk_recv(fd[1], got, 100, 0), 2);
	assert_int_equal(nsk_sockatmark(fd[1]), 1);
	received += 3;
	arrive(4);
	assert_int_equal(nsk_sockatmark(fd[1]), 0);
}

/* The window is shut, probed, and opened. */
static void nobody_reads(void)
{
	ssize_t n;

	do {
		while ((n = nsk_send(fd[0], chunk, sizeof(chunk), 0)) > 0)
			sent += (uint64_t)n;
		wait_ms(10);
	} while (nsk_send(fd[0], chunk, 1, 0) == 1 && ++sent);
	wait_ms(2000);
	assert_true(sent - received > BUFFER);
	drain();
}

/* The same the other way round: what opens the window again carries nothing. */
static void nobody_reads_what_comes_back(void)
{
	uint64_t written = 0, read = 0;
	ssize_t n;

	for (unsigned i = 0; i < 50; i++) {
		while ((n = nsk_send(fd[1], chunk, sizeof(chunk), 0)) > 0)
			written += (uint64_t)n;
		wait_ms(10);
	}
	wait_ms(2000);
	assert_true(written > BUFFER);
	for (unsigned i = 0; i < 200 && read < written; i++) {
		while ((n = nsk_recv(fd[0], got, sizeof(got), 0)) > 0)
			read += (uint64_t)n;
		wait_ms(1);
	}
	assert_int_equal(read, written);
}

static void the_path_is_narrow_for_a_while(void)
{
	wire(&(struct nsk_wire_params){.mtu = 1500});
	segments(4);
	wait_ms(10000);
	wire_is_fine();
	drain();
	go_on(A_WHILE);
	wait_ms(1500);
	go_on(2 * A_WHILE);
	wait_ms(1500);
	go_on(2 * A_WHILE);
}

static void moves_and_comes_home(int end)
{
	int home = nsk_worker_of(end);

	segments(4);
	assert_int_equal(nsk_migrate(end, !home), 0);
	arrive(2);
	segments(2); /* the worker there asks for the other's link address */
	arrive(4);
	the_first_of_eight_is_lost();
	assert_int_equal(nsk_migrate(end, (unsigned)home), 0);
}

static void the_receiver_moves_and_comes_home(void)
{
	moves_and_comes_home(fd[1]);
}

static void the_sender_moves_and_comes_home(void)
{
	moves_and_comes_home(fd[0]);
}

/* ---- and what comes of it ------------------------------------------------------------------ */

#define EVENT(fn)       \
	{               \
#fn, fn \
	}
static const struct {
	const char *name;
	void (*happens)(void);
} event[] = {
	EVENT(nobody_reads_what_comes_back), /* first: others would renew SND.WL1 */
	EVENT(the_first_of_eight_is_lost),
	EVENT(holes_are_lost),
	EVENT(the_last_is_lost),
	EVENT(all_is_lost),
	EVENT(each_comes_twice),
	EVENT(one_is_late),
	EVENT(marked),
	EVENT(urgent),
	EVENT(nobody_reads),
	EVENT(the_receiver_moves_and_comes_home),
	EVENT(the_sender_moves_and_comes_home),
	EVENT(the_path_is_narrow_for_a_while),
};
#define EVENTS (sizeof(event) / sizeof(event[0]))

/* What tells that something was done otherwise. */
static const enum nsk_counter telling[] = {
	NSK_CNT_TCP_RETRANS_SEGMENTS,
	NSK_CNT_TCP_FAST_RETRANS,
	NSK_CNT_TCP_RTO,
	NSK_CNT_TCP_LOSS_PROBES,
	NSK_CNT_TCP_PROBE_REPAIRS,

	NSK_CNT_TCP_MTU_RAISED,

	NSK_CNT_TCP_UNDOS,
	NSK_CNT_TCP_DSACKS,
	NSK_CNT_TCP_CE_RECEIVED,
	NSK_CNT_TCP_ECN_ECHOES,
	NSK_CNT_TCP_ECN_REDUCTIONS,
	NSK_CNT_TCP_CHALLENGE_ACKS,
	NSK_CNT_TCP_OOO_QUEUED,
	NSK_CNT_TCP_MOVES,
	NSK_CNT_TCP_ZERO_WINDOW_PROBES,
};
#define TELLING (sizeof(telling) / sizeof(telling[0]))

struct outcome {
	uint64_t count[2][TELLING];
	uint64_t drops[2];
};

static struct outcome so_far(void)
{
	struct outcome o;

	for (unsigned h = 0; h < 2; h++) {
		o.drops[h] = world_drops_all(&world, h);
		for (unsigned i = 0; i < TELLING; i++)
			o.count[h][i] = world_counter(&world, h, telling[i]);
	}
	return o;
}

static void less(struct outcome *o, const struct outcome *before)
{
	for (unsigned h = 0; h < 2; h++) {
		o->drops[h] -= before->drops[h];
		for (unsigned i = 0; i < TELLING; i++)
			o->count[h][i] -= before->count[h][i];
	}
}

static void assert_same(const struct outcome *a, const struct outcome *b, unsigned what)
{
	for (unsigned h = 0; h < 2; h++)
		for (unsigned i = 0; i < TELLING; i++)
			if (a->count[h][i] != b->count[h][i])
				print_error("%s, host %u: %s %llu, now %llu\n", event[what].name, h,
					    nsk_counter_name(telling[i]),
					    (unsigned long long)a->count[h][i],
					    (unsigned long long)b->count[h][i]);
	assert_memory_equal(a, b, sizeof(*a));
}

static struct outcome let_happen(unsigned what)
{
	struct outcome before, after;

	go_on(A_WHILE);
	wait_ms(50); /* so short that the window stays */
	before = so_far();
	event[what].happens();
	wait_ms(500);
	after = so_far();
	less(&after, &before);
	return after;
}

/* Octets are counted in 64 bits. */
static void assert_all_counted(void)
{
	struct nsk_tcp_info i[2];
	socklen_t len = sizeof(i[0]);

	for (unsigned h = 0; h < 2; h++)
		assert_int_equal(nsk_getsockopt(fd[h], IPPROTO_TCP, TCP_INFO, &i[h], &len), 0);
	assert_int_equal(i[0].tcpi_bytes_acked - 1, sent);
	assert_int_equal(i[1].tcpi_bytes_received, sent);
}

static void nothing_that_is_old_counts(const char *congestion)
{
	const char *const settings[] = {"pool.buffers=16384", "pool.buffer_bytes=10240",
					"tcp.ecn=ask",	      "tcp.mtu_probe_ms=1000",
					congestion,	      NULL};
	struct outcome first[EVENTS], now;

	sent = 0;
	received = 0;
	paced = strstr(congestion, "bbr");
	world_pair(&world, &(struct world_params){.seed = 3,
						  .mtu = MTU,
						  .settings = settings,
						  .workers = {WORKERS, WORKERS},
						  .wire = {.delay_ns = DELAY}});
	world_connected(&world, PORT, &listener, fd);
	for (unsigned h = 0; h < 2; h++) {
		world_setsockopt(fd[h], SOL_SOCKET, SO_SNDBUF, BUFFER);
		world_setsockopt(fd[h], SOL_SOCKET, SO_RCVBUF, BUFFER);
	}
	go_on(4 * A_WHILE);
	wait_ms(3000); /* addresses are announced */
	for (unsigned i = 0; i < EVENTS; i++)
		first[i] = let_happen(i);
	for (unsigned round = 0; round < 2; round++) {
		go_on(VERY_FAR);
		world_run(&world, round * VERY_LONG, NULL, NULL);
		for (unsigned i = 0; i < EVENTS; i++) {
			now = let_happen(i);
			assert_same(&first[i], &now, i);
		}
		assert_all_counted();
	}
	assert_true(sent > UINT64_C(1) << 32);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

static void nothing_that_is_old_counts_cubic(void **state)
{
	(void)state;
	nothing_that_is_old_counts("tcp.congestion=cubic");
}

static void nothing_that_is_old_counts_bbr(void **state)
{
	(void)state;
	nothing_that_is_old_counts("tcp.congestion=bbr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(nothing_that_is_old_counts_cubic),
		world_test(nothing_that_is_old_counts_bbr),
	};

	return world_main(tests);
}
