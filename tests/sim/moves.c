/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections move between the workers of a stack (nsk_migrate()) while they send, receive, lose
 * and close: what an application sees of it is nothing.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

#include <netstk/epoll.h>

#include "base/rng.h"
#include "sim/moves.h"
#include "sock/handle.h"
#include "tcp/conn.h"

/* ---- where it is ----------------------------------------------------------------------------- */

static void it_goes_on_at_every_worker_and_comes_home(void **state)
{
	struct moves *m = quiet();
	int home = nsk_worker_of(m->fd[1]);

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 1; i <= WORKERS; i++) {
			unsigned to = ((unsigned)home + i) % WORKERS;

			assert_int_equal(nsk_migrate(m->fd[1], to), 0);
			assert_int_equal(nsk_worker_of(m->fd[1]), to);
			exchange(m);
		}
		/* At home again there is nothing to be remembered. */
		for (unsigned i = 0; i < WORKERS; i++)
			assert_int_equal(tcp_of(m, i)->moved.in_use, 0);
	}
	assert_int_equal(world_counter(&m->world, 1, NSK_CNT_TCP_MOVES), 9);
	assert_int_equal(nsk_migrate(m->fd[1], (unsigned)home), 0);
	assert_int_equal(world_counter(&m->world, 1, NSK_CNT_TCP_MOVES), 9);
	down(m);
}

static void what_is_unread_unsent_and_set_goes_along(void **state)
{
	struct moves *m = quiet();
	char buf[16];
	int dup;

	(void)state;
	world_send(&m->world, m->fd[0], "unread", 6);
	world_run(&m->world, SEC, NULL, NULL);
	world_setsockopt(m->fd[1], SOL_SOCKET, SO_KEEPALIVE, 1);
	assert_int_equal(nsk_send(m->fd[1], "unsent", 6, MSG_MORE), 6);
	dup = nsk_dup(m->fd[1]);
	assert_int_equal(nsk_migrate(m->fd[1], other_than(nsk_worker_of(m->fd[1]))), 0);
	assert_int_equal(nsk_worker_of(dup), nsk_worker_of(m->fd[1]));
	assert_int_equal(world_getsockopt(dup, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(nsk_close(m->fd[1]), 0);
	m->fd[1] = dup;
	world_recv(&m->world, dup, buf, 6);
	assert_memory_equal(buf, "unread", 6);
	world_send(&m->world, dup, "!", 1);
	world_recv(&m->world, m->fd[0], buf, 7);
	assert_memory_equal(buf, "unsent!", 7);
	exchange(m);
	down(m);
}

/* What is not an open connection stays, and says why. */
static void refusals(void **state)
{
	struct moves *m = quiet();
	int udp = world_udp(&m->world, 1, "10.0.0.2", 9), epfd, fresh;
	int opening = world_connect(&m->world, 0, "10.0.0.77", 1);

	(void)state;
	world_enter(&m->world, 1);
	epfd = nsk_epoll_create1(0);
	fresh = nsk_socket(AF_INET, SOCK_STREAM, 0);
#define refused(fd, worker, error)                                 \
	do {                                                       \
		assert_int_equal(nsk_migrate((fd), (worker)), -1); \
		assert_int_equal(errno, (error));                  \
	} while (0)
	refused(-1, 1, EBADF);
	refused(NSK_FD_BASE + 4000, 1, EBADF);
	refused(m->fd[1], WORKERS, EINVAL);
	refused(m->listener, other_than(nsk_worker_of(m->listener)), EOPNOTSUPP);
	refused(udp, other_than(nsk_worker_of(udp)), EOPNOTSUPP);
	refused(epfd, other_than(nsk_worker_of(epfd)), ENOTSOCK);
	refused(fresh, other_than(nsk_worker_of(fresh)), ENOTCONN);
	refused(opening, !nsk_worker_of(opening), EAGAIN);
	nsk_close(udp);
	nsk_close(epfd);
	nsk_close(fresh);
	nsk_close(opening);
	exchange(m);
	down(m);
}

/* Whatever the new worker has no memory for: the connection stays, and goes on. */
static void without_memory_it_stays(void **state)
{
	struct moves *m = quiet();
	int at = nsk_worker_of(m->fd[1]);
	struct nsk_worker *to = &m->world.host[1]->worker[other_than(at)]->w;
	unsigned n;

	(void)state;
	world_send(&m->world, m->fd[0], "x", 1);
	world_run(&m->world, SEC, NULL, NULL);
	for (n = 1; n < 50; n++) {
		to->mem->fail_at = n;
		if (nsk_migrate(m->fd[1], to->id) == 0)
			break;
		assert_int_equal(errno, ENOBUFS);
		assert_int_equal(nsk_worker_of(m->fd[1]), at);
		assert_int_equal(tcp_of(m, (unsigned)at)->moved.in_use, 0);
	}
	assert_in_range(n, 2, 49);
	to->mem->fail_at = 0;
	world_recv(&m->world, m->fd[1], &(char){0}, 1);
	exchange(m);
	down(m);
}

/* ---- epoll ----------------------------------------------------------------------------------- */

static void registrations_end_and_a_new_one_tells_what_is_ready(void **state)
{
	struct moves *m = quiet();
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET}, got;
	int at = nsk_worker_of(m->fd[1]), old, new;

	(void)state;
	nsk_enter(NULL);
	assert_int_equal(nsk_attach(m->world.host[1], (unsigned)at), 0);
	old = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(old, EPOLL_CTL_ADD, m->fd[1], &ev), 0);
	assert_int_equal(nsk_detach(), 0);
	world_send(&m->world, m->fd[0], "x", 1);
	world_run(&m->world, SEC, NULL, NULL);
	assert_int_equal(nsk_migrate(m->fd[1], other_than(at)), 0);
	assert_int_equal(nsk_epoll_ctl(old, EPOLL_CTL_DEL, m->fd[1], NULL), -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(nsk_epoll_wait(old, &got, 1, 0), 0);
	assert_int_equal(nsk_attach(m->world.host[1], other_than(at)), 0);
	new = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(new, EPOLL_CTL_ADD, m->fd[1], &ev), 0);
	assert_int_equal(nsk_detach(), 0);
	assert_int_equal(nsk_epoll_wait(new, &got, 1, 0), 1);
	nsk_close(old);
	nsk_close(new);
	world_recv(&m->world, m->fd[1], &(char){0}, 1);
	down(m);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* TIME-WAIT is spent where the segments come, whoever had the connection. */
static void time_wait_is_spent_at_home(void **state)
{
	struct moves *m = quiet();
	int home = nsk_worker_of(m->fd[1]);
	unsigned away = other_than(home);

	(void)state;
	assert_int_equal(nsk_migrate(m->fd[1], away), 0);
	exchange(m);
	assert_int_equal(nsk_shutdown(m->fd[1], SHUT_WR), 0);
	world_expect_eof(&m->world, m->fd[0]);
	assert_int_equal(nsk_close(m->fd[0]), 0);
	world_expect_eof(&m->world, m->fd[1]);
	m->fd[0] = -1;
	assert_int_equal(tcp_of(m, away)->time_waits.in_use, 0);
	assert_int_equal(tcp_of(m, (unsigned)home)->moved.in_use, 1);
	assert_int_equal(world_drops(&m->world, 1, NSK_DROP_TCP_NO_LISTENER), 0);
	down(m);
}

/* The peer comes again from the same port: the entry gives way, and the listener hears of it. */
static void the_same_port_opens_the_next_connection(void **state)
{
	struct moves *m = quiet();
	int fd[2] = {world_connect_from(&m->world, 0, 5555, "10.0.0.2", PORT), -1};
	struct linger now = {.l_onoff = 1};

	(void)state;
	fd[1] = world_accept(&m->world, m->listener);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(nsk_migrate(fd[1], other_than(nsk_worker_of(fd[1]))), 0);
		assert_int_equal(
			nsk_setsockopt(fd[i % 2], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
		nsk_close(fd[i % 2]);
		world_run(&m->world, SEC, NULL, NULL);
		nsk_close(fd[!(i % 2)]);
		fd[0] = world_connect_from(&m->world, 0, 5555, "10.0.0.2", PORT);
		fd[1] = world_accept(&m->world, m->listener);
	}
	nsk_close(fd[0]);
	nsk_close(fd[1]);
	exchange(m);
	down(m);
}

/* ---- under load ------------------------------------------------------------------------------ */

#define OCTETS (256u << 10)

struct stream {
	int from, to;
	uint64_t key, sent, received;
	bool shut, eof;
};

static void pump(struct stream *s)
{
	uint8_t data[4096], want[4096];
	ssize_t n;

	while (s->sent < OCTETS) {
		size_t len = NSK_MIN(sizeof(data), (size_t)(OCTETS - s->sent));

		world_fill(data, len, s->sent, s->key);
		n = nsk_send(s->from, data, len, 0);
		if (n <= 0)
			break;
		s->sent += (uint64_t)n;
	}
	while ((n = nsk_recv(s->to, data, sizeof(data), 0)) > 0) {
		world_fill(want, (size_t)n, s->received, s->key);
		assert_memory_equal(data, want, (size_t)n);
		s->received += (uint64_t)n;
	}
	s->eof = n == 0;
	assert_true(n == 0 || errno == EAGAIN);
}

/* To any worker, at times one without memory for it. A connection that is over goes nowhere. */
static bool move_at_random(struct moves *m, struct rng *rng, const struct stream *s)
{
	unsigned end = rng_u32(rng) % 2, to = rng_u32(rng) % (end ? WORKERS : 2);
	struct mem *mem = m->world.host[end]->worker[to]->w.mem;
	int rc;

	if (rng_u32(rng) % 8 == 0)
		mem->fail_at = 1 + rng_u32(rng) % 12;
	rc = nsk_migrate(m->fd[end], to);
	mem->fail_at = 0;
	if (rc)
		assert_true(errno == ENOBUFS || (errno == ENOTCONN && s[0].shut && s[1].shut));
	return rc == 0;
}

/* Both ends move at random moments while octets, and then their ends, go both ways. */
static void transfer(uint64_t seed, const char *congestion, uint32_t loss_ppm, uint32_t reorder_ppm)
{
	static struct moves m;
	const struct nsk_wire_params wire = {
		.delay_ns = MS / 2,
		.rate_bps = 100000000,
		.loss_ppm = loss_ppm,
		.reorder_ppm = reorder_ppm,
		.duplicate_ppm = loss_ppm / 2,
	};
	struct stream s[2];
	struct rng rng;
	unsigned moves = 0;

	memset(&m, 0, sizeof(m));
	world_repeat("seed %llu", (unsigned long long)seed);
	rng_seed(&rng, seed);
	up(&m, seed, &wire);
	for (unsigned i = 0; i < 2; i++) {
		s[i] = (struct stream){.from = m.fd[i], .to = m.fd[!i], .key = seed + i};
		assert_int_equal(nsk_setsockopt(m.fd[i], IPPROTO_TCP, TCP_CONGESTION, congestion,
						(socklen_t)strlen(congestion)),
				 0);
	}
	while (!s[0].eof || !s[1].eof) {
		for (unsigned i = 0; i < 2; i++) {
			pump(&s[i]);
			if (s[i].sent == OCTETS && !s[i].shut && rng_u32(&rng) % 16 == 0) {
				assert_int_equal(nsk_shutdown(s[i].from, SHUT_WR), 0);
				s[i].shut = true;
			}
		}
		if (rng_u32(&rng) % 4 == 0)
			moves += move_at_random(&m, &rng, s);
		assert_true(world_step(&m.world, m.world.now_ns + HOUR));
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(s[i].received, OCTETS);
	assert_true(moves > 30);
	down(&m);
}

static void octets_are_the_same_on_a_good_wire(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		transfer(seed, "cubic", 0, 0);
}

static void octets_are_the_same_on_a_bad_wire(void **state)
{
	static const char *const congestion[] = {"cubic", "reno", "bbr", "dctcp"};

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++)
		transfer(seed, congestion[seed % 4], 20000, 20000);
}

struct later {
	struct call call;
	int fd;
	unsigned to;
};

static int move_now(void *arg)
{
	const struct later *l = arg;

	return nsk_migrate(l->fd, l->to);
}

/* A move in the middle of a turn, where a call of another thread would be served. */
static void move_in_turn(struct moves *m, unsigned to)
{
	struct later l = {
		.call = {.fn = move_now, .arg = &l, .done = CALL_WAITS}, .fd = m->fd[1], .to = to};

	assert_int_equal(rte_ring_enqueue(m->world.host[1]->worker[0]->call_ring, &l.call), 0);
	nsk_turn(m->world.host[1]);
	assert_true(call_done(&l.call));
	assert_int_equal(l.call.result, 0);
}

/* The worker that the connection's segments come to. */
static unsigned home_of(struct moves *m)
{
	struct sock *s = handle_sock(handle_at(m->fd[1]));

	return steer_owner(s->worker, &conn_of_sock(s)->flow);
}

/*
 * No segment overtakes another on its way in or out: nothing is ever out of order, and nothing is
 * sent again. Between turns and in them, and with what a turn has made still waiting for the port
 * or for another worker.
 */
static void a_move_reorders_nothing(void **state)
{
	unsigned homes = 0;
	struct rng rng;

	(void)state;
	for (unsigned run = 0; run < 12; run++) { /* the flow has another home in each second one */
		unsigned way = run % 2;
		struct moves *m = quiet_of(1 + run / 2);
		struct stream s = {.from = m->fd[way], .to = m->fd[!way], .key = 3};
		uint64_t dropped = world_drops_all(&m->world, 1);

		homes |= 1u << home_of(m);
		rng_seed(&rng, run);
		while (s.received < OCTETS) {
			uint32_t what = rng_u32(&rng);

			pump(&s);
			if (what & 1)
				nsk_turn(m->world.host[0]);
			nsk_wire_stall(m->world.wire, 1, what & 16);
			if (what & 8)
				move_in_turn(m, (what >> 10) % WORKERS);
			if (what & 2)
				turn_one(m, 0); /* to which all comes first */
			if (what & 4)
				turn_one(m, what >> 8 & 1 ? 1 : 2);
			assert_int_equal(nsk_migrate(m->fd[1], (what >> 16) % WORKERS), 0);
			nsk_wire_stall(m->world.wire, 1, false);
			if (what >> 24 < 64)
				assert_true(world_step(&m->world, m->world.now_ns + HOUR));
		}
		for (unsigned h = 0; h < 2; h++) {
			assert_int_equal(world_counter(&m->world, h, NSK_CNT_TCP_OOO_QUEUED), 0);
			/* Who is not turned for a while may be probed. */
			assert_int_equal(world_counter(&m->world, h, NSK_CNT_TCP_RETRANS_SEGMENTS),
					 world_counter(&m->world, h, NSK_CNT_TCP_LOSS_PROBES));
		}
		assert_int_equal(world_drops_all(&m->world, 1), dropped);
		down(m);
	}
	assert_int_equal(homes & 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(it_goes_on_at_every_worker_and_comes_home),
		world_test(what_is_unread_unsent_and_set_goes_along),
		world_test(refusals),
		world_test(without_memory_it_stays),
		world_test(registrations_end_and_a_new_one_tells_what_is_ready),
		world_test(time_wait_is_spent_at_home),
		world_test(the_same_port_opens_the_next_connection),
		world_test(octets_are_the_same_on_a_good_wire),
		world_test(octets_are_the_same_on_a_bad_wire),
		world_test(a_move_reorders_nothing),
	};

	return world_main(tests);
}
