/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP over links of the smallest MTUs that IPv4 allows: 68 octets leave 16 of payload beside
 * timestamps (RFC 791 §3.2, RFC 9293 §3.7.1), one SACK block or none, and no cookie of Fast Open.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "sim/pair.h"
#include "sim/trace.h"

#define OCTETS 6000

static struct world world;
static struct trace trace;
static uint8_t sent[OCTETS], got[OCTETS];

/* 88 and 87 are the MTUs with and without room for the 36 octets that a hostile MSS leaves. */
static const uint32_t mtus[] = {68, 69, 87, 88};

/* Whether host h has dropped a packet of its own for its length. */
static void assert_fits(unsigned h)
{
	assert_int_equal(world_drops(&world, h, NSK_DROP_IP_TOO_BIG), 0);
}

static void carry(uint32_t mtu, bool ts, bool sack, uint32_t loss_ppm)
{
	const char *const settings[] = {ts ? "tcp.timestamps=1" : "tcp.timestamps=0",
					sack ? "tcp.sack=1" : "tcp.sack=0", NULL};
	uint32_t most = mtu - 40 - (ts ? 12 : 0), full = 0;
	int listener, fd[2];

	world_pair(&world, &(struct world_params){.seed = mtu,
						  .mtu = mtu,
						  .settings = settings,
						  .wire = {.delay_ns = MS, .loss_ppm = loss_ppm}});
	trace_start(&trace, &world);
	world_connected(&world, 7, &listener, fd);
	world_fill(sent, OCTETS, 0, mtu);
	for (unsigned i = 0; i < 2; i++) {
		world_send(&world, fd[i], sent, OCTETS);
		world_recv(&world, fd[!i], got, OCTETS);
		assert_memory_equal(got, sent, OCTETS);
		assert_fits(i);
	}
	for (size_t i = 0; i < trace.count; i++) {
		assert_in_range(trace.segment[i].len, 0, most);
		full += trace.segment[i].len == most;
	}
	assert_in_range(full, 2 * (OCTETS / most), trace.count);
	trace_audit(&trace);
	trace_end(&trace);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

static void the_least_mtus_carry_data_rfc9293_3_7_1(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < 4; k++)
			carry(mtus[i], k & 1, k & 2, 0);
}

/* An ACK has as many SACK blocks as the MTU leaves room for (RFC 2018 §3). */
static void the_least_mtus_carry_data_that_is_lost_rfc2018_3(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < 4; k++)
			carry(mtus[i], k & 1, k & 2, 50000);
}

/* Opens with a word to be sent, which the server reads; the client's end. */
static int opened_with_a_word(int listener)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(7)};
	char word[5];
	int fd, peer;

	world_enter(&world, 0);
	fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	sin.sin_addr.s_addr = htonl(HOST_B);
	assert_int_equal(nsk_fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	if (nsk_sendto(fd, "hello", 5, MSG_FASTOPEN, (void *)&sin, sizeof(sin)) < 0) {
		assert_int_equal(errno, EINPROGRESS);
		world_wait(&world, fd, POLLOUT, SEC / 2); /* before any SYN would be repeated */
		world_send(&world, fd, "hello", 5);
	}
	peer = world_accept(&world, listener);
	world_recv(&world, peer, word, 5);
	assert_memory_equal(word, "hello", 5);
	nsk_close(peer);
	return fd;
}

/* The second connection has the cookie that the first was given. */
static void fast_open_is_left_out_where_its_syn_may_not_fit_rfc7413_4_1_3(void **state)
{
	static const char *const settings[] = {"tcp.fastopen=3", NULL};
	/* Headers of 80 octets are the longest that there are; 92 leave room for a word. */
	static const uint32_t sizes[] = {68, 79, 80, 92};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		int listener;

		world_pair(&world, &(struct world_params){
					   .seed = 1, .mtu = sizes[i], .settings = settings});
		listener = world_listen(&world, 1, 7, 16);
		world_setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, 16);
		for (unsigned k = 0; k < 2; k++)
			nsk_close(opened_with_a_word(listener));
		assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_FASTOPEN_COOKIE_REQD),
				 sizes[i] >= 80);
		assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_FASTOPEN_PASSIVE),
				 sizes[i] >= 80);
		assert_fits(0);
		assert_fits(1);
		nsk_close(listener);
		pair_finish(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_least_mtus_carry_data_rfc9293_3_7_1),
		world_test(the_least_mtus_carry_data_that_is_lost_rfc2018_3),
		world_test(fast_open_is_left_out_where_its_syn_may_not_fit_rfc7413_4_1_3),
	};

	return world_main(tests);
}
