/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens when packet buffers or memory run out, for a while or at any one allocation. Nothing
 * crashes, nothing leaks, what is there goes on, and what failed works again as soon as there is
 * room. Places in tables: tables.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <rte_mbuf.h>

#include "mbuf/pool.h"
#include "sim/pair.h"

#define PORT 7

static struct world world;
static uint8_t data[200000], got[200000];

static void begin(const char *const *settings, uint64_t delay_ns)
{
	world_pair(&world, &(struct world_params){
				   .seed = 1,
				   .wire = {.delay_ns = delay_ns},
				   .settings = settings,
			   });
	world_fill(data, sizeof(data), 0, 1);
}

/* ---- packet buffers ------------------------------------------------------------------------ */

struct hoard {
	unsigned n;
	struct rte_mbuf *m[8192];
};
static struct hoard hoard[2];

static void take_buffers(unsigned host)
{
	struct hoard *h = &hoard[host];

	h->n = 0;
	while ((h->m[h->n] = pkt_alloc(world_worker(&world, host))) != NULL)
		assert_true(++h->n < 8192);
}

static void give_buffers(unsigned host)
{
	struct hoard *h = &hoard[host];

	while (h->n)
		rte_pktmbuf_free(h->m[--h->n]);
}

static void transfer_gets_through_with_few_buffers(void **state)
{
	static const char *const few[][2] = {
		{"pool.buffers=64", NULL},
		{"pool.buffers=96", NULL},
		{"pool.buffers=127", NULL},
	};
	int listener, fd[2];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin(few[i], 5 * MS);
		world_connected(&world, PORT, &listener, fd);
		for (unsigned way = 0; way < 2; way++) {
			for (size_t done = 0; done < 100000; done += 5000) {
				world_send(&world, fd[way], data + done, 5000);
				world_recv(&world, fd[!way], got + done, 5000);
			}
			assert_memory_equal(got, data, 100000);
		}
		pair_close(&world, listener, fd);
		pair_finish(&world);
	}
}

static size_t received;

static bool reader_gets_more(void *arg)
{
	ssize_t n = nsk_recv(*(int *)arg, got + received, sizeof(got) - received, 0);

	if (n > 0)
		received += (size_t)n;
	return n > 0;
}

/* The pool of a host is empty for a while in the middle of a transfer. */
static void outage(unsigned host, uint64_t away)
{
	int listener, fd[2];
	size_t before;

	begin(NULL, 5 * MS);
	world_connected(&world, PORT, &listener, fd);
	received = 0;
	assert_int_equal(nsk_send(fd[0], data, 100000, 0), 100000);
	assert_true(world_run(&world, SEC, reader_gets_more, &fd[1]));
	take_buffers(host);
	world_run(&world, away, NULL, NULL);
	while (reader_gets_more(&fd[1])) /* what had come before */
		;
	before = received;
	give_buffers(host);
	/* No timeout has grown beyond the time that it waited in all. */
	assert_true(world_run(&world, away + SEC, reader_gets_more, &fd[1]));
	assert_true(received > before);
	world_recv(&world, fd[1], got + received, 100000 - received);
	assert_memory_equal(got, data, 100000);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

static void transfer_recovers_within_an_rto_of_the_buffers_return(void **state)
{
	static const uint64_t away[] = {10 * MS, 300 * MS, 2 * SEC, 20 * SEC};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		outage(0, away[i]);
		outage(1, away[i]);
	}
}

/*
 * Segments that find no buffer make nobody spin: the stack says when it looks again, soon, and goes
 * on when there are some, without waiting for a timeout.
 */
static void who_waits_for_a_buffer_looks_again_after_a_moment(void **state)
{
	static const char *const roomy[] = {"pool.buffers=4095", "tcp.initcwnd=200",
					    "tcp.window=1000000", "tcp.sndbuf=1000000", NULL};
	uint64_t failures;
	int listener, fd[2];

	(void)state;
	begin(roomy, MS);
	world_connected(&world, PORT, &listener, fd);
	world_send(&world, fd[1], "x",
		   1); /* more window than a SYN tells: more than one turn sends */
	world_recv(&world, fd[0], got, 1);
	assert_int_equal(nsk_send(fd[0], data, 150000, 0), 150000);
	take_buffers(0);
	failures = world_drops(&world, 0, NSK_DROP_TX_NO_BUFFER);
	world_run(&world, 100 * MS, NULL, NULL);
	assert_in_range(world_drops(&world, 0, NSK_DROP_TX_NO_BUFFER) - failures, 50, 200);
	received = 0;
	assert_false(reader_gets_more(&fd[1]));
	give_buffers(0);
	assert_true(world_run(&world, 3 * MS, reader_gets_more, &fd[1]));
	world_recv(&world, fd[1], got + received, 150000 - received);
	assert_memory_equal(got, data, 150000);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

/* A whole conversation: UDP, TCP both ways, ICMP error, a refused port, an orderly end. */
static void conversation(size_t len)
{
	int listener = world_listen(&world, 1, PORT, 4), udp = world_udp(&world, 1, "0.0.0.0", 9);
	int a = world_udp(&world, 0, "0.0.0.0", 9), refused, fd[2];

	for (unsigned i = 0; i < 3; i++)
		pair_sendto(a, 9, data, 100);
	pair_sendto(a, 10, data, 100);
	refused = world_connect(&world, 0, "10.0.0.2", 99);
	fd[0] = world_connect(&world, 0, "10.0.0.2", PORT);
	fd[1] = world_accept(&world, listener);
	world_send(&world, fd[0], data, len);
	world_send(&world, fd[1], data, len);
	world_recv(&world, fd[1], got, len);
	assert_memory_equal(got, data, len);
	world_recv(&world, fd[0], got, len);
	assert_memory_equal(got, data, len);
	assert_true(world_wait(&world, refused, POLLOUT, 10 * MINUTE) & POLLERR);
	while (nsk_recv(udp, got, sizeof(got), 0) > 0)
		;
	nsk_close(refused);
	nsk_close(udp);
	nsk_close(a);
	pair_close(&world, listener, fd);
}

/* Host's buffers fail at the n-th allocation from now on, and at each every-th behind it (0: at
 * none). */
static void fail_buffers(unsigned host, uint64_t n, uint64_t every)
{
	struct pkt_pool *pool = world_worker(&world, host)->pool;

	pool->fail_at = n;
	pool->fail_every = every;
	pool->allocs = 0;
}

/* True if the n-th buffer was asked for. */
static bool conversation_without(unsigned host, uint64_t n, uint64_t every)
{
	bool asked;

	world_repeat("NSK_SEED=%llu", (unsigned long long)n);
	begin(NULL, MS);
	fail_buffers(host, n, every);
	conversation(20000);
	asked = world_worker(&world, host)->pool->allocs >= n;
	fail_buffers(host, 0, 0);
	pair_finish(&world);
	return asked;
}

static void conversation_survives_the_failure_of_the_nth_buffer(void **state)
{
	const char *only = getenv("NSK_SEED");
	uint64_t n = only ? strtoull(only, NULL, 0) : 1;

	(void)state;
	for (unsigned host = 0; host < 2; host++) {
		for (n = only ? n : 1; conversation_without(host, n, 0) && !only; n++)
			;
		assert_true(only || n > 40); /* so many does a conversation take */
	}
}

/* Every second or third would starve what takes two at once for ever. */
static void conversation_survives_the_failure_of_every_kth_buffer(void **state)
{
	(void)state;
	for (uint64_t every = 5; every < 25; every++)
		for (unsigned host = 0; host < 2; host++)
			assert_true(conversation_without(host, 1, every));
}

/* The reserve is for these: who has no other buffer left still says them. */
static void acks_and_resets_go_out_without_another_buffer(void **state)
{
	int listener, fd[2], refused;
	int unacknowledged = 1;

	(void)state;
	begin(NULL, MS);
	fail_buffers(1, 1, 1);
	refused = world_connect(&world, 0, "10.0.0.2", 99);
	world_wait(&world, refused, POLLERR, SEC);
	assert_int_equal(world_sock_error(refused), ECONNREFUSED);
	nsk_close(refused);
	fail_buffers(1, 0, 0);
	world_connected(&world, PORT, &listener, fd);
	fail_buffers(1, 1, 1);
	world_send(&world, fd[0], data, 10000);
	world_run(&world, SEC, NULL, NULL);
	assert_int_equal(nsk_ioctl(fd[0], TIOCOUTQ, &unacknowledged), 0);
	assert_int_equal(unacknowledged, 0);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_TCP_RETRANS_SEGMENTS), 0);
	fail_buffers(1, 0, 0);
	world_recv(&world, fd[1], got, 10000);
	assert_memory_equal(got, data, 10000);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

/* ---- memory -------------------------------------------------------------------------------- */

static bool out_of_memory(void)
{
	return errno == ENOMEM || errno == ENOBUFS || errno == ENFILE || errno == EMFILE ||
	       errno == ENOSPC || errno == EADDRNOTAVAIL || errno == EAGAIN;
}

/* One attempt at a TCP connection; any call may fail with an errno that says so. */
static void attempt_tcp(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int listener, client, server = -1;

	inet_pton(AF_INET, "10.0.0.2", &sin.sin_addr);
	world_enter(&world, 1);
	listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (listener < 0 || nsk_bind(listener, (struct sockaddr *)&sin, sizeof(sin)) ||
	    nsk_listen(listener, 4))
		assert_true(out_of_memory());
	client = pair_try_connect(&world, PORT);
	if (client < 0)
		assert_true(out_of_memory());
	for (unsigned i = 0; i < 50 && server < 0 && listener >= 0; i++) {
		world_run(&world, 100 * MS, NULL, NULL);
		server = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	}
	if (server >= 0) {
		/* Out of order on the way, so that both ends keep books. */
		nsk_send(client, data, 30000, MSG_NOSIGNAL);
		nsk_send(server, data, 30000, MSG_NOSIGNAL);
		world_run(&world, 5 * SEC, NULL, NULL);
		while (nsk_recv(server, got, sizeof(got), 0) > 0)
			;
		nsk_close(server);
	}
	nsk_close(client);
	nsk_close(listener);
}

/* Nobody is at these addresses. */
static ssize_t send_to_stranger(int fd, uint32_t n)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(HOST_A + 10 + n % 200)};

	return nsk_sendto(fd, data, 1, 0, (struct sockaddr *)&to, sizeof(to));
}

/* The same of a datagram to somebody new, and an epoll set that waits for its answer. */
static void attempt_udp(unsigned host)
{
	struct epoll_event event = {.events = EPOLLIN};
	int ep, fd;

	world_enter(&world, host);
	fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || send_to_stranger(fd, 0) != 1)
		assert_true(out_of_memory());
	ep = nsk_epoll_create1(0);
	if (ep < 0 || (fd >= 0 && nsk_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event)))
		assert_true(out_of_memory());
	nsk_close(ep);
	nsk_close(fd);
}

/* True if there was an n-th allocation. */
static bool attempt_without(unsigned host, uint64_t n)
{
	static const struct nsk_wire_params bad = {
		.delay_ns = MS, .loss_ppm = 50000, .reorder_ppm = 100000, .reorder_ns = 3 * MS};
	struct mem *mem;
	bool asked;

	world_repeat("NSK_SEED=%llu", (unsigned long long)n);
	world_pair(&world, &(struct world_params){.seed = n, .wire = bad});
	mem = world_worker(&world, host)->mem;
	mem->fail_at = n;
	attempt_udp(host);
	attempt_tcp();
	asked = mem->fail_at == 0;
	assert_int_equal(mem->failed, asked);
	mem->fail_at = 0;
	conversation(5000);
	pair_finish(&world);
	return asked;
}

static void every_failing_allocation_is_survived_and_what_failed_works_again(void **state)
{
	const char *only = getenv("NSK_SEED");
	uint64_t n = only ? strtoull(only, NULL, 0) : 1;

	(void)state;
	for (unsigned host = 0; host < 2; host++) {
		for (n = only ? n : 1; attempt_without(host, n) && !only; n++)
			;
		assert_true(only || n > 15); /* so many does an attempt take */
	}
}

#define NEWCOMERS 300

/* A while with memory of host that fails at the k-th allocation again and again. */
static void while_failing(unsigned host, uint64_t k, uint64_t ns)
{
	struct mem *mem = world_worker(&world, host)->mem;

	for (uint64_t end = world.now_ns + ns; world.now_ns < end;) {
		if (!mem->fail_at)
			mem->fail_at = k;
		world_step(&world, end);
	}
	if (!mem->fail_at)
		mem->fail_at = k;
}

static void close_all(int *fd, unsigned n)
{
	while (n)
		if (fd[--n] >= 0)
			nsk_close(fd[n]);
}

/* As many as make every table grow, when it cannot. */
static void newcomers_without_memory(unsigned host, uint64_t k)
{
	int fd[NEWCOMERS], udp[NEWCOMERS], server[NEWCOMERS], listener;
	unsigned n = 0;

	world_repeat("NSK_SEED=%llu", (unsigned long long)k);
	begin(NULL, MS);
	listener = world_listen(&world, 1, PORT, NEWCOMERS);
	for (unsigned i = 0; i < NEWCOMERS; i++) {
		while_failing(host, k, MS / 2);
		fd[i] = pair_try_connect(&world, PORT);
		assert_true(fd[i] >= 0 || out_of_memory());
		while_failing(host, k, MS / 2);
		world_enter(&world, 0);
		udp[i] = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_true(udp[i] >= 0 || out_of_memory());
		assert_true(udp[i] < 0 || send_to_stranger(udp[i], i) == 1 || out_of_memory());
	}
	while_failing(host, k, SEC);
	assert_true(world_worker(&world, host)->mem->failed > 0);
	world_worker(&world, host)->mem->fail_at = 0;
	while (n < NEWCOMERS && (server[n] = nsk_accept(listener, NULL, NULL)) >= 0)
		n++;
	assert_true(host == 0 || n > 0);
	close_all(fd, NEWCOMERS);
	close_all(udp, NEWCOMERS);
	close_all(server, n);
	nsk_close(listener);
	world_run(&world, 10 * MINUTE, NULL, NULL);
	conversation(5000);
	pair_finish(&world);
}

static void newcomers_survive_memory_that_fails_again_and_again(void **state)
{
	static const uint64_t every[] = {1, 2, 3, 7};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned host = 0; host < 2; host++)
			newcomers_without_memory(host, every[i]);
}

/* A cookie instead would be lost for good if its ACK found no memory either: the server begins
 * here, so that nobody would send anything again. */
static void a_syn_without_memory_is_dropped_and_the_next_one_served(void **state)
{
	int listener, fd[2];
	char c;

	(void)state;
	begin(NULL, MS);
	listener = world_listen(&world, 1, PORT, 4);
	nsk_starve(world.host[1], &(struct nsk_shortage){.memory_at = 1, .memory_every = 1});
	fd[0] = world_connect(&world, 0, "10.0.0.2", PORT);
	world_run(&world, 500 * MS, NULL, NULL);
	assert_int_equal(world_drops(&world, 1, NSK_DROP_TCP_NO_MEMORY), 1);
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_COOKIES_SENT), 0);
	nsk_starve(world.host[1], &(struct nsk_shortage){0});
	fd[1] = world_accept(&world, listener);
	world_send(&world, fd[1], "x", 1);
	world_recv(&world, fd[0], &c, 1);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

/* ---- shortages on request ------------------------------------------------------------------ */

static void a_stack_runs_short_of_what_its_user_says(void **state)
{
	struct nsk_stack *stack;
	int fd;

	(void)state;
	begin(NULL, MS);
	stack = world.host[0];
	assert_int_equal(nsk_starve(stack, NULL), -1);
	assert_int_equal(errno, EINVAL);
	world_enter(&world, 0);
	assert_int_equal(
		nsk_starve(stack, &(struct nsk_shortage){.memory_at = 1, .memory_every = 1}), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(nsk_epoll_create1(0), -1);
		assert_int_equal(errno, ENOMEM);
	}
	nsk_starve(stack, &(struct nsk_shortage){0});
	fd = world_udp(&world, 0, "0.0.0.0", 9);
	nsk_starve(stack, &(struct nsk_shortage){.buffer_at = 1});
	assert_int_equal(send_to_stranger(fd, 0), -1);
	assert_int_equal(errno, ENOBUFS);
	nsk_starve(stack, &(struct nsk_shortage){.no_buffers = true});
	assert_int_equal(send_to_stranger(fd, 0), -1);
	assert_true(world_levels(&world, 0).buffers_free < 64);
	nsk_starve(stack, &(struct nsk_shortage){0});
	assert_int_equal(send_to_stranger(fd, 0), 1);
	nsk_close(fd);
	conversation(5000);
	pair_finish(&world);
}

/* ---- many writers and readers that do not read --------------------------------------------- */

#define CROWD 40

static void readers_that_do_not_read_hold_no_more_than_their_share(void **state)
{
	int listener, fd[CROWD], server[CROWD], one[2];
	char c;

	(void)state;
	begin(NULL, MS);
	listener = world_listen(&world, 1, PORT, 64);
	for (unsigned i = 0; i < CROWD; i++) {
		fd[i] = world_connect(&world, 0, "10.0.0.2", PORT);
		server[i] = world_accept(&world, listener);
	}
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < CROWD; i++)
			nsk_send(fd[i], data, 10000, MSG_NOSIGNAL);
		world_run(&world, 100 * MS, NULL, NULL);
	}
	/* A newcomer is served all the same. */
	assert_true(world_levels(&world, 0).buffers_free > 0);
	assert_true(world_levels(&world, 1).buffers_free > 0);
	one[0] = world_connect(&world, 0, "10.0.0.2", PORT);
	one[1] = world_accept(&world, listener);
	world_send(&world, one[0], "x", 1);
	world_recv(&world, one[1], &c, 1);
	world_send(&world, one[1], "y", 1);
	world_recv(&world, one[0], &c, 1);
	/* They read at last, and everything that was taken arrives. */
	for (unsigned i = 0; i < CROWD; i++) {
		nsk_close(fd[i]);
		while (world_wait(&world, server[i], POLLIN, HOUR) &&
		       nsk_recv(server[i], got, sizeof(got), 0) > 0)
			;
		nsk_close(server[i]);
	}
	pair_close(&world, listener, one);
	pair_finish(&world);
}

/*
 * A small stack's budget is full before the buffers that the settings allow one connection. As in
 * Linux a write waits then as long as its time allows and nobody reads; and goes on when somebody
 * does, however late.
 */
static void a_write_waits_while_nobody_reads_and_goes_on_then(void **state)
{
	size_t sent = 0, left = 300000;
	struct pollfd full = {.events = POLLOUT};
	int listener, fd[2];
	ssize_t n;

	(void)state;
	begin(NULL, MS);
	world_connected(&world, PORT, &listener, fd);
	full.fd = fd[0];
	for (unsigned hour = 0; hour < 3; hour++) {
		while ((n = nsk_send(fd[0], data, 10000, MSG_NOSIGNAL)) > 0)
			sent += (size_t)n;
		assert_int_equal(errno, EAGAIN);
		world_run(&world, HOUR, NULL, NULL);
	}
	assert_in_range(sent, 150000, 299999);
	assert_int_equal(nsk_poll(&full, 1, 0), 0);
	while (left) {
		n = nsk_recv(fd[1], got, sizeof(got), 0);
		if (n > 0)
			left -= NSK_MIN((size_t)n, left);
		n = sent < 300000 ? nsk_send(fd[0], data, NSK_MIN((size_t)10000, 300000 - sent),
					     MSG_NOSIGNAL)
				  : 0;
		if (n > 0)
			sent += (size_t)n;
		world_run(&world, 10 * MS, NULL, NULL);
		assert_true(world.now_ns < 6 * HOUR);
	}
	assert_int_equal(sent, 300000);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(transfer_gets_through_with_few_buffers),
		world_test(transfer_recovers_within_an_rto_of_the_buffers_return),
		world_test(who_waits_for_a_buffer_looks_again_after_a_moment),
		world_test(conversation_survives_the_failure_of_the_nth_buffer),
		world_test(conversation_survives_the_failure_of_every_kth_buffer),
		world_test(acks_and_resets_go_out_without_another_buffer),
		world_test(every_failing_allocation_is_survived_and_what_failed_works_again),
		world_test(newcomers_survive_memory_that_fails_again_and_again),
		world_test(a_syn_without_memory_is_dropped_and_the_next_one_served),
		world_test(a_stack_runs_short_of_what_its_user_says),
		world_test(a_write_waits_while_nobody_reads_and_goes_on_then),
		world_test(readers_that_do_not_read_hold_no_more_than_their_share),
	};

	return world_main(tests);
}
