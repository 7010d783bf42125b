/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host restarts under traffic: its stack ends without a word to anybody, and another one takes
 * its address and link address. What the peers still believe in is reset, cookies of the life
 * before are worthless unless they are made from a shared secret, sequence numbers and timestamps
 * begin elsewhere. RFC 9293 sections 3.4.1, 3.5.1 and 3.5.2, RFC 5961 section 4.2.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/pair.h"
#include "sim/trace.h"
#include "stack/stack.h"

#define DELAY (10 * MS)
#define PORT  80

static const char *const cookies[] = {"tcp.syncookies=always", NULL};

static struct world world;
static struct trace trace;
static bool clustered; /* host 1 has a secret that others share */

static void share_secret(struct nsk_config *config)
{
	static const char digits[] = "000102030405060708090a0b0c0d0e0f";
	char path[] = "/tmp/nsk-restart-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, digits, 32), 32);
	close(fd);
	if (nsk_config_secret_file(config, path))
		fail_msg("%s", nsk_config_error(config));
	unlink(path);
}

/* What host 1 says from now on arrives, or nobody hears it. */
static void set_mute(bool mute)
{
	const struct nsk_wire_params dir = {
		.seed = 1, .delay_ns = DELAY, .loss_ppm = mute ? 1000000 : 0};

	assert_int_equal(nsk_wire_set(world.wire, 1, &dir), 0);
}

/* Host 1 is gone without a word, and there again at once, its secrets others. */
static void restart(const char *const *settings)
{
	struct nsk_config *config = world_config(&world, settings);

	nsk_enter(NULL);
	set_mute(true);
	nsk_stack_destroy(world.host[1]);
	set_mute(false);
	nsk_config_seed(config, 1000 + world.now_ns);
	if (clustered)
		share_secret(config);
	assert_int_equal(nsk_config_add_wire(config, world.wire, 1), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.2/24"), 0);
	if (nsk_stack_create(config, &world.host[1]))
		fail_msg("%s", nsk_config_error(config));
	nsk_config_free(config);
}

static void begin(const char *const *settings)
{
	clustered = false;
	world_pair(&world, &(struct world_params){
				   .seed = 1, .settings = settings, .wire = {.delay_ns = DELAY}});
	trace_start(&trace, &world);
}

static void finish(void)
{
	trace_end(&trace);
	pair_finish(&world);
}

static void wait_for_reset(int fd, uint64_t limit)
{
	world_wait(&world, fd, POLLERR, limit);
	assert_int_equal(world_sock_error(fd), ECONNRESET);
}

/* ---- connections --------------------------------------------------------------------------- */

/* Who is sending hears of it with its next segment: one round trip and what the timeout is. */
static void who_sends_is_reset_rfc9293_3_5_2(void **state)
{
	static uint8_t data[100000];
	int listener, fd[2], again[2];

	(void)state;
	for (uint64_t later = 0; later < 8 * DELAY; later += DELAY / 2) {
		begin(NULL);
		world_connected(&world, PORT, &listener, fd);
		world_send(&world, fd[1], data, 20000); /* both ways */
		assert_int_equal(nsk_send(fd[0], data, sizeof(data), 0), sizeof(data));
		world_run(&world, later, NULL, NULL);
		restart(NULL);
		trace_clear(&trace); /* of what nobody heard */
		wait_for_reset(fd[0], SEC);
		/* Each of the segments that came was answered, the first of these answers
		 * believed; some waited in vain for the peer's link address. */
		world_run(&world, SEC, NULL, NULL);
		assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_RST_SENT),
				 world_drops(&world, 1, NSK_DROP_TCP_NO_LISTENER));
		assert_in_range(trace_count(&trace, FROM_B, TCP_RST), 1,
				world_counter(&world, 1, NSK_CNT_TCP_RST_SENT));
		assert_int_equal(trace_count(&trace, FROM_A, TCP_RST), 0);
		assert_int_equal(world_levels(&world, 0).tcp_established, 0);
		nsk_close(fd[0]);
		/* And newcomers are served. */
		world_connected(&world, PORT, &listener, again);
		world_send(&world, again[0], "x", 1);
		world_recv(&world, again[1], data, 1);
		pair_close(&world, listener, again);
		finish();
	}
}

/* Who only listens learns of it by its keepalive. */
static void who_is_idle_is_reset_at_its_next_probe(void **state)
{
	int listener, fd[2];

	(void)state;
	begin(NULL);
	world_connected(&world, PORT, &listener, fd);
	world_setsockopt(fd[0], SOL_SOCKET, SO_KEEPALIVE, 1);
	world_setsockopt(fd[0], IPPROTO_TCP, TCP_KEEPIDLE, 60);
	world_run(&world, 30 * SEC, NULL, NULL);
	restart(NULL);
	world_run(&world, 29 * SEC, NULL, NULL);
	assert_int_equal(world_levels(&world, 0).tcp_established, 1);
	wait_for_reset(fd[0], 2 * SEC);
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_RST_SENT), 1);
	nsk_close(fd[0]);
	finish();
}

/*
 * The host that lost its memory opens the same connection again. The peer, which still has it, asks
 * whether that is so (a challenge), the answer is a RST, and the SYN that comes again is served:
 * figure 9 of RFC 9293.
 */
static void a_half_open_connection_is_discovered_rfc9293_3_5_1(void **state)
{
	int listener, fd[2], again[2];
	char c;

	(void)state;
	begin(NULL);
	listener = world_listen(&world, 0, PORT, 4);
	fd[1] = world_connect_from(&world, 1, 4000, "10.0.0.1", PORT);
	fd[0] = world_accept(&world, listener);
	restart(NULL);
	trace_clear(&trace);
	again[1] = world_connect_from(&world, 1, 4000, "10.0.0.1", PORT);
	again[0] = world_accept(&world, listener);
	assert_int_equal(world_sock_error(fd[0]), ECONNRESET);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_SYN), 2);
	assert_int_equal(trace_count(&trace, FROM_B, TCP_RST), 1);
	assert_int_equal(trace_count(&trace, FROM_A, TCP_SYN), 1);
	assert_in_range(trace_nth(&trace, FROM_B, TCP_SYN, 1)->now_ns -
				trace_nth(&trace, FROM_B, TCP_SYN, 0)->now_ns,
			SEC - 2 * DELAY, SEC); /* the first waited for ARP's answer */
	world_send(&world, again[1], "x", 1);
	world_recv(&world, again[0], &c, 1);
	nsk_close(fd[0]);
	pair_close(&world, listener, again);
	finish();
}

/* ---- cookies ------------------------------------------------------------------------------- */

/*
 * A cookie of the life before comes back, with data, just after the host gave out one of its new
 * life; the connection then lives or is reset.
 */
static void bring_an_old_cookie(bool shared)
{
	int listener, fd, other[2], server;
	char text[5];

	begin(cookies);
	clustered = shared;
	restart(cookies); /* the first life has the secret, too */
	pair_acquaint(&world);
	listener = world_listen(&world, 1, PORT, 4);
	fd = world_connect(&world, 0, "10.0.0.2", PORT);
	world_run(&world, DELAY + DELAY / 2, NULL, NULL); /* the cookie is on its way */
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_COOKIES_SENT), 1);
	restart(cookies);
	listener = world_listen(&world, 1, PORT, 4);
	other[0] = world_connect(&world, 0, "10.0.0.2", PORT);
	world_run(&world, DELAY, NULL, NULL); /* and now a new one */
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_COOKIES_SENT), 1);
	assert_int_equal(nsk_send(fd, "hello", 5, 0), 5);
	if (shared) {
		server = world_accept(&world, listener);
		world_recv(&world, server, text, 5);
		assert_memory_equal(text, "hello", 5);
		nsk_close(server);
	} else {
		wait_for_reset(fd, SEC);
	}
	other[1] = world_accept(&world, listener);
	assert_int_equal(world_drops(&world, 1, NSK_DROP_TCP_BAD_COOKIE), shared ? 0 : 2);
	nsk_close(fd);
	pair_close(&world, listener, other);
	finish();
}

static void an_old_cookie_is_refused(void **state)
{
	(void)state;
	bring_an_old_cookie(false);
}

static void an_old_cookie_of_a_shared_secret_is_honoured(void **state)
{
	(void)state;
	bring_an_old_cookie(true);
}

/* ---- sequence numbers ---------------------------------------------------------------------- */

#define FLOWS 256

struct first {
	uint64_t now_ns;
	uint32_t isn, tsval;
};

/* How the connections from so many ports begin. */
static void look_at_first_numbers(struct first first[FLOWS])
{
	pair_acquaint(&world);
	trace_clear(&trace);
	for (uint16_t i = 0; i < FLOWS; i++) {
		int fd = world_connect_from(&world, 1, (uint16_t)(4000 + i), "10.0.0.1", PORT);
		const struct segment *syn;

		world_run(&world, 3 * DELAY, NULL, NULL);
		assert_int_equal(world_sock_error(fd), ECONNREFUSED);
		nsk_close(fd);
		syn = trace_nth(&trace, FROM_B, TCP_SYN, i);
		first[i] = (struct first){syn->now_ns, syn->seq, syn->opts.tsval};
	}
}

/* How many are where the clocks alone have moved them: 4 us a number (RFC 9293 section 3.4.1), 1 ms
 * a timestamp. */
static unsigned same_isn_key(const struct first a[FLOWS], const struct first b[FLOWS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < FLOWS; i++)
		n += b[i].isn - a[i].isn ==
		     (uint32_t)(b[i].now_ns / 4000) - (uint32_t)(a[i].now_ns / 4000);
	return n;
}

static unsigned same_ts_key(const struct first a[FLOWS], const struct first b[FLOWS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < FLOWS; i++)
		n += b[i].tsval - a[i].tsval ==
		     (uint32_t)(b[i].now_ns / MS) - (uint32_t)(a[i].now_ns / MS);
	return n;
}

/* Timestamps go on where cookies are honoured: what the peer has seen of them must not look old. */
static void begin_elsewhere(bool shared)
{
	struct first before[FLOWS], later[FLOWS], after[FLOWS];

	begin(NULL);
	clustered = shared;
	restart(NULL);
	look_at_first_numbers(before);
	look_at_first_numbers(later);
	assert_int_equal(same_isn_key(before, later), FLOWS);
	assert_int_equal(same_ts_key(before, later), FLOWS);
	restart(NULL);
	look_at_first_numbers(after);
	assert_int_equal(same_isn_key(later, after), 0);
	assert_int_equal(same_ts_key(later, after), shared ? FLOWS : 0);
	finish();
}

static void first_numbers_are_not_those_of_before_rfc9293_3_4_1(void **state)
{
	(void)state;
	begin_elsewhere(false);
	begin_elsewhere(true);
}

/* Where no seed is configured, the kernel's randomness tells one life from another. */
static void each_life_has_a_secret_of_its_own(void **state)
{
	struct siphash_key secret[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct nsk_config *config = nsk_config_new();
		struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
		struct nsk_stack *stack;

		assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
		assert_int_equal(nsk_config_add_address(config, "10.0.0.1/24"), 0);
		assert_int_equal(nsk_stack_create(config, &stack), 0);
		secret[i] = stack->shared.secret;
		nsk_stack_destroy(stack);
		nsk_wire_destroy(wire);
		nsk_config_free(config);
	}
	assert_memory_not_equal(&secret[0], &secret[1], sizeof(secret[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(who_sends_is_reset_rfc9293_3_5_2),
		world_test(who_is_idle_is_reset_at_its_next_probe),
		world_test(a_half_open_connection_is_discovered_rfc9293_3_5_1),
		world_test(an_old_cookie_is_refused),
		world_test(an_old_cookie_of_a_shared_secret_is_honoured),
		world_test(first_numbers_are_not_those_of_before_rfc9293_3_4_1),
		world_test(each_life_has_a_secret_of_its_own),
	};

	return world_main(tests);
}
