/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One worker of two stands still for 100 ms, as when its core is taken away, and the other one
 * goes on as if nothing had been: no request of its connections waits, no buffer is missing. What
 * is handed to the one that stands is bounded, and what does not fit is counted. It is not the one
 * that polls the port: on a port with one queue all depend on that.
 */
#include <errno.h>
#include <netinet/in.h>

#include "sim/pair.h"
#include "stack/stack.h"

#define WORKERS 2
#define GOES	0 /* the worker that polls the port */
#define STANDS	1
#define EACH	8 /* connections of each worker */
#define DELAY	MS
#define STALL	(100 * MS)
#define PORT	80
#define UDP	53

static struct world world;
static int listener[WORKERS];
/* Of each worker: the client's end and the server's. */
static int client[WORKERS][EACH], server[WORKERS][EACH];
static unsigned count[WORKERS];

/* The thread is the worker's for as long, and does not turn it. */
static void stand(void)
{
	nsk_enter(NULL);
	assert_int_equal(nsk_attach(world.host[1], STANDS), 0);
}

static void go_on(void)
{
	assert_int_equal(nsk_detach(), 0);
}

static int socket_on(unsigned worker, int type, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(world.host[1], worker), 0);
	fd = nsk_socket(AF_INET, type | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(nsk_listen(fd, 64), 0);
	assert_int_equal(nsk_detach(), 0);
	return fd;
}

static void begin(const char *const *settings)
{
	world_pair(&world, &(struct world_params){
				   .seed = 1,
				   .wire = {.delay_ns = DELAY},
				   .settings_b = settings,
				   .workers = {1, WORKERS},
			   });
	for (unsigned i = 0; i < WORKERS; i++)
		listener[i] = socket_on(i, SOCK_STREAM, PORT);
	pair_acquaint(&world);
}

/* The listener that has it says whose connection it is. */
static void accept_one(int fd)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		int accepted = nsk_accept4(listener[i], NULL, NULL, SOCK_NONBLOCK);

		if (accepted < 0)
			continue;
		if (count[i] == EACH) {
			nsk_close(fd);
			nsk_close(accepted);
			return;
		}
		client[i][count[i]] = fd;
		server[i][count[i]++] = accepted;
		return;
	}
	fail_msg("nobody has accepted it");
}

static void connect_all(void)
{
	count[GOES] = count[STANDS] = 0;
	while (count[GOES] < EACH || count[STANDS] < EACH) {
		int fd = world_connect(&world, 0, "10.0.0.2", PORT);

		world_run(&world, 3 * DELAY, NULL, NULL);
		accept_one(fd);
	}
	world_run(&world, SEC, NULL, NULL);
	nsk_enter(NULL);
}

static void finish(void)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		for (unsigned k = 0; k < count[i]; k++) {
			nsk_close(client[i][k]);
			world_expect_eof(&world, server[i][k]);
			nsk_close(server[i][k]);
		}
		nsk_close(listener[i]);
	}
	pair_finish(&world);
}

/* What one connection's ends can do now; a request of 64 octets has been asked since asked_ns, 0:
 * none. The time that it took if its answer has come. */
static uint64_t serve_one(int asks, int answers, uint64_t *asked_ns, bool again)
{
	char c[64] = {0};
	uint64_t took_ns = 0;

	if (nsk_recv(answers, c, 64, 0) > 0)
		assert_int_equal(nsk_send(answers, c, 64, 0), 64);
	if (nsk_recv(asks, c, 64, 0) > 0) {
		took_ns = world.now_ns - *asked_ns;
		*asked_ns = 0;
	}
	if (*asked_ns == 0 && again) {
		assert_int_equal(nsk_send(asks, c, 64, 0), 64);
		*asked_ns = world.now_ns;
	}
	return took_ns;
}

/* Requests one after the other on each of a worker's connections for so long; the longest that one
 * took. */
static uint64_t serve(unsigned worker, uint64_t ns)
{
	uint64_t end = world.now_ns + ns, asked_ns[EACH] = {0}, longest = 0;
	bool waiting = true;

	while (waiting) {
		assert_true(world.now_ns < end + SEC);
		waiting = false;
		for (unsigned i = 0; i < EACH; i++) {
			uint64_t took_ns = serve_one(client[worker][i], server[worker][i],
						     &asked_ns[i], world.now_ns < end);

			longest = NSK_MAX(longest, took_ns);
			waiting = waiting || asked_ns[i];
		}
		world_step(&world, world.now_ns + DELAY);
	}
	return longest;
}

static void the_other_worker_does_not_notice(void **state)
{
	static uint8_t data[5000], got[5000];
	uint64_t before[WORKERS], resets;

	(void)state;
	begin(NULL);
	connect_all();
	for (unsigned i = 0; i < WORKERS; i++)
		before[i] = serve(i, STALL);
	assert_int_equal(before[GOES], 2 * DELAY);
	world_fill(data, sizeof(data), 0, 1);
	resets = world_counter(&world, 0, NSK_CNT_TCP_RST_SENT) +
		 world_counter(&world, 1, NSK_CNT_TCP_RST_SENT);
	stand();
	for (unsigned i = 0; i < EACH; i++)
		assert_int_equal(nsk_send(client[STANDS][i], data, sizeof(data), 0), sizeof(data));
	assert_int_equal(serve(GOES, STALL), before[GOES]);
	go_on();
	/* Nobody's time was up: what stood goes on where it was. */
	for (unsigned i = 0; i < EACH; i++) {
		world_recv(&world, server[STANDS][i], got, sizeof(got));
		assert_memory_equal(got, data, sizeof(got));
	}
	assert_int_equal(world_counter(&world, 0, NSK_CNT_TCP_RST_SENT) +
				 world_counter(&world, 1, NSK_CNT_TCP_RST_SENT),
			 resets);
	world_run(&world, STALL, NULL, NULL);
	assert_int_equal(serve(STANDS, STALL), before[STANDS]);
	finish();
}

/* A flood that is for the worker that stands; returns how many datagrams got to it afterwards. */
static unsigned flood(const char *const *settings, unsigned datagrams)
{
	unsigned got = 0;
	uint64_t before;
	int from, to;
	char c;

	begin(settings);
	connect_all();
	to = socket_on(STANDS, SOCK_DGRAM, UDP);
	world_setsockopt(to, SOL_SOCKET, SO_RCVBUF, 1 << 24);
	from = world_udp(&world, 0, "10.0.0.1", 2000);
	assert_int_equal(pair_sendto(from, UDP, "x", 1), 1);
	world_run(&world, 3 * DELAY, NULL, NULL);
	assert_int_equal(nsk_recv(to, &c, 1, 0), 1);
	before = serve(GOES, STALL);
	stand();
	for (unsigned i = 0; i < datagrams; i++) {
		assert_int_equal(pair_sendto(from, UDP, "x", 1), 1);
		nsk_turn(world.host[0]);
		if (i % 16 == 0)
			assert_int_equal(serve(GOES, 3 * DELAY), before);
	}
	assert_int_equal(serve(GOES, STALL), before);
	go_on();
	world_settle(&world);
	while (nsk_recv(to, &c, 1, 0) == 1)
		got++;
	assert_int_equal(world_drops(&world, 1, NSK_DROP_STEER_RING_FULL), datagrams - got);
	assert_int_equal(world_drops(&world, 1, NSK_DROP_RX_NO_BUFFER), 0);
	assert_int_equal(serve(STANDS, STALL), before);
	nsk_close(from);
	nsk_close(to);
	finish();
	return got;
}

static void what_is_handed_over_meanwhile_is_bounded(void **state)
{
	static const char *const large[] = {"pool.buffers=32767", NULL};
	static const char *const small[] = {"pool.buffers=32767", "handoff_ring=64", NULL};
	static const char *const few[] = {"udp.mem=1000000", NULL};

	(void)state;
	assert_int_equal(flood(large, 2000), 1024);
	assert_int_equal(flood(small, 500), 64);
	/* With few buffers it is an eighth of them. */
	assert_int_equal(flood(few, 1000), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_other_worker_does_not_notice),
		world_test(what_is_handed_over_meanwhile_is_bounded),
	};

	return world_main(tests);
}
