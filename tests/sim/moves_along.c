/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a connection that moves to another worker takes along, what it leaves behind, and who finds
 * it: urgent data, sends by reference, registrations, ICMP errors, the clock, the end of its stack.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <linux/sockios.h>

#include <netstk/zerocopy.h>

#include "sim/moves.h"
#include "sim/peer.h"
#include "sock/handle.h"
#include "sock/item.h"
#include "tcp/conn.h"
#include "tcp/tcp.h"

static unsigned items(struct moves *m, unsigned worker)
{
	return m->world.host[1]->worker[worker]->w.sock->items.in_use;
}

static int epoll_at(struct moves *m, int worker)
{
	int epfd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(m->world.host[1], (unsigned)worker), 0);
	epfd = nsk_epoll_create1(0);
	assert_int_equal(nsk_detach(), 0);
	return epfd;
}

static void move_on(struct moves *m)
{
	assert_int_equal(nsk_migrate(m->fd[1], other_than(nsk_worker_of(m->fd[1]))), 0);
}

/* ---- urgent data ----------------------------------------------------------------------------- */

/* RFC 9293 §3.8.5: the mark and the octet, unread, go along; so does what is still to be sent. */
static void urgent_data_goes_along(void **state)
{
	struct moves *m = quiet();
	char buf[8];
	int mark;

	(void)state;
	assert_int_equal(nsk_send(m->fd[0], "abX", 3, MSG_OOB), 3);
	world_send(&m->world, m->fd[0], "cd", 2);
	world_run(&m->world, SEC, NULL, NULL);
	assert_int_equal(nsk_send(m->fd[1], "efY", 3, MSG_OOB), 3);
	move_on(m);
	assert_int_equal(nsk_recv(m->fd[1], buf, 8, 0), 2); /* no further than the mark */
	move_on(m);
	assert_int_equal(nsk_ioctl(m->fd[1], SIOCATMARK, &mark), 0);
	assert_int_equal(mark, 1);
	assert_int_equal(nsk_recv(m->fd[1], buf, 1, MSG_OOB), 1);
	assert_int_equal(buf[0], 'X');
	assert_int_equal(nsk_recv(m->fd[1], buf, 8, 0), 2);
	assert_memory_equal(buf, "cd", 2);
	world_run(&m->world, SEC, NULL, NULL);
	assert_int_equal(nsk_recv(m->fd[0], buf, 8, 0), 2);
	assert_int_equal(nsk_recv(m->fd[0], buf, 1, MSG_OOB), 1);
	assert_int_equal(buf[0], 'Y');
	down(m);
}

/* ---- by reference ---------------------------------------------------------------------------- */

/* Who sends by reference waits until it is told that all is over; the next call has the next
 * number. */
static void sends_by_reference_hold_it(void **state)
{
	static uint8_t room[4000];
	struct moves *m = quiet();
	char control[100];
	struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control)};
	int home = nsk_worker_of(m->fd[1]);

	(void)state;
	world_setsockopt(m->fd[1], SOL_SOCKET, SO_ZEROCOPY, 1);
	assert_int_equal(nsk_zc_register(m->world.host[1], room, sizeof(room)), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(nsk_send(m->fd[1], room, 1000, MSG_ZEROCOPY), 1000);
		assert_int_equal(nsk_migrate(m->fd[1], other_than(home)), -1);
		assert_int_equal(errno, EAGAIN);
		world_run(&m->world, SEC, NULL, NULL);
		world_recv(&m->world, m->fd[0], room + 1000, 1000);
		assert_int_equal(nsk_migrate(m->fd[1], other_than(home)), -1); /* not told */
		msg.msg_controllen = sizeof(control);
		assert_int_equal(nsk_recvmsg(m->fd[1], &msg, MSG_ERRQUEUE), 0);
		move_on(m);
		home = nsk_worker_of(m->fd[1]);
	}
	exchange(m);
	down(m);
}

/* Buffers that the application holds are its own, wherever the connection goes. */
static void buffers_that_the_application_holds_stay_good(void **state)
{
	struct moves *m = quiet();
	struct rte_mbuf *in, *out = nsk_zc_alloc(m->fd[1]);
	char buf[8];

	(void)state;
	memcpy(rte_pktmbuf_append(out, 4), "sent", 4);
	world_send(&m->world, m->fd[0], "came", 4);
	world_run(&m->world, SEC, NULL, NULL);
	assert_int_equal(nsk_zc_recv(m->fd[1], &in, 1), 1);
	move_on(m);
	assert_memory_equal(rte_pktmbuf_mtod(in, char *), "came", 4);
	nsk_zc_free(&in, 1);
	assert_int_equal(nsk_zc_send(m->fd[1], out), 4);
	world_recv(&m->world, m->fd[0], buf, 4);
	assert_memory_equal(buf, "sent", 4);
	exchange(m);
	down(m);
}

/* ---- registrations --------------------------------------------------------------------------- */

/* Ready or not, they end at all instances, and nothing of them is left. */
static void registrations_with_many_instances_end(void **state)
{
	struct moves *m = quiet();
	struct epoll_event ev = {.events = EPOLLIN}, got;
	int at = nsk_worker_of(m->fd[1]), epfd[3], dup = nsk_dup(m->fd[1]);
	unsigned before;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		epfd[i] = epoll_at(m, at);
	before = items(m, (unsigned)at);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(nsk_epoll_ctl(epfd[i], EPOLL_CTL_ADD, m->fd[1], &ev), 0);
	assert_int_equal(nsk_epoll_ctl(epfd[2], EPOLL_CTL_ADD, dup, &ev), 0);
	world_send(&m->world, m->fd[0], "x", 1);
	world_run(&m->world, SEC, NULL, NULL);
	assert_int_equal(nsk_epoll_wait(epfd[1], &got, 1, 0), 1);
	move_on(m);
	assert_int_equal(items(m, (unsigned)at), before);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(nsk_epoll_wait(epfd[i], &got, 1, 0), 0);
		assert_int_equal(nsk_epoll_ctl(epfd[i], EPOLL_CTL_MOD, m->fd[1], &ev), -1);
		assert_int_equal(errno, EXDEV);
	}
	/* Back again it is a stranger to them. */
	assert_int_equal(nsk_migrate(m->fd[1], (unsigned)at), 0);
	assert_int_equal(nsk_epoll_ctl(epfd[0], EPOLL_CTL_DEL, m->fd[1], NULL), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(nsk_epoll_ctl(epfd[0], EPOLL_CTL_ADD, m->fd[1], &ev), 0);
	assert_int_equal(nsk_epoll_wait(epfd[0], &got, 1, 0), 1);
	for (unsigned i = 0; i < 3; i++)
		nsk_close(epfd[i]);
	nsk_close(dup);
	down(m);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* The new worker has slept, and its clock with it: what was to happen in ten seconds still is. */
static void a_worker_that_slept_knows_what_time_it_is(void **state)
{
	struct moves *m = quiet();
	unsigned at = (unsigned)nsk_worker_of(m->fd[1]);
	uint64_t before;

	(void)state;
	world_setsockopt(m->fd[1], IPPROTO_TCP, TCP_KEEPIDLE, 60);
	world_setsockopt(m->fd[1], SOL_SOCKET, SO_KEEPALIVE, 1);
	exchange(m);
	world_run(&m->world, SEC, NULL, NULL);
	before = world_counter(&m->world, 1, NSK_CNT_TCP_SEGMENTS_OUT);
	m->world.now_ns += 49 * SEC;
	turn_one(m, at);
	assert_int_equal(nsk_migrate(m->fd[1], other_than((int)at)), 0);
	world_run(&m->world, 8 * SEC, NULL, NULL);
	assert_int_equal(world_counter(&m->world, 1, NSK_CNT_TCP_SEGMENTS_OUT), before);
	world_run(&m->world, 4 * SEC, NULL, NULL);
	assert_int_equal(world_counter(&m->world, 1, NSK_CNT_TCP_SEGMENTS_OUT), before + 1);
	down(m);
}

/* ---- the end of the stack -------------------------------------------------------------------- */

/* Open, closed and with something to send, at home and not, and no worker ends before another. */
static void a_stack_ends_with_connections_away_from_home(void **state)
{
	struct moves *m = quiet();

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		int fd[2] = {world_connect(&m->world, 0, "10.0.0.2", PORT), -1};

		fd[1] = world_accept(&m->world, m->listener);
		assert_int_equal(nsk_migrate(fd[1], i % WORKERS), 0);
		if (i & 4)
			assert_int_equal(nsk_send(fd[1], "x", 1, 0), 1);
		if (i & 8)
			assert_int_equal(nsk_close(fd[1]), 0);
		assert_int_equal(nsk_migrate(fd[0], i % 2), 0);
	}
	world_end(&m->world);
}

/* ---- ICMP ------------------------------------------------------------------------------------ */

static struct peer peer;
static const uint8_t mss[] = {TCP_OPT_MSS, 4, 1460 >> 8, 1460 & 255};

static void several_workers(struct nsk_config *config)
{
	assert_int_equal(nsk_config_workers(config, WORKERS), 0);
}

static struct tcp_conn *conn_at(int fd)
{
	return conn_of_sock(handle_sock(handle_at(fd)));
}

/* Quotes a segment of the conversation. */
static void icmp_error(const struct talk *t, uint8_t code, uint32_t rest, uint32_t seq)
{
	uint8_t quote[IPV4_HLEN + 8], f[PEER_FRAME_MAX];
	struct ip_spec spec = {0};

	ipv4_write(quote, &(struct ipv4_view){.src = HOST_A,
					      .dst = HOST_B,
					      .total_len = 1500,
					      .frag = IPV4_FRAG_DF,
					      .ttl = 60,
					      .proto = IP_PROTO_TCP});
	ipv4_set_checksum(quote, IPV4_HLEN);
	store_be16(quote + IPV4_HLEN, t->stack_port);
	store_be16(quote + IPV4_HLEN + 2, t->port);
	store_be32(quote + IPV4_HLEN + 4, seq);
	peer_input(&peer, f,
		   frame_icmp(f, &spec, ICMP_UNREACHABLE, code, rest, quote, sizeof(quote)));
	peer_settle(&peer);
}

/* RFC 1191 §6.5, RFC 1122 §4.2.3.9. Errors come to whatever worker, as to home: the connection's
 * hears of them. */
static void hears_of_its_path(struct talk *t)
{
	static uint8_t data[1460];
	struct segment s;

	talk_write(t, data, sizeof(data));
	s = peer_segment(&peer);
	assert_int_equal(s.len, 1460);
	for (unsigned i = 0; i <= WORKERS; i++) {
		uint16_t mtu = (uint16_t)(1000 - 100 * i);

		assert_int_equal(nsk_migrate(t->fd, i % WORKERS), 0);
		peer_settle(&peer);
		icmp_error(t, ICMP_UNREACH_NEEDFRAG, mtu, s.seq);
		assert_int_equal(conn_at(t->fd)->cc.smss, mtu - 40);
	}
	icmp_error(t, ICMP_UNREACH_HOST, 0, s.seq);
	assert_int_equal(conn_at(t->fd)->ext->soft_err, EHOSTUNREACH);
	talk_send_at(t, TCP_RST, t->seq, 0, NULL, 0);
	assert_int_equal(world_sock_error(t->fd), ECONNRESET);
	nsk_close(t->fd);
	world_run(&peer.world, 10 * MINUTE, NULL, NULL); /* what was said of the path is old */
	peer_forget(&peer);
}

/* The listener is on worker 0, wherever the connection's segments come to. */
static void errors_find_it(void **state)
{
	uint64_t before;
	unsigned homes = 0;
	struct talk t;
	int listener;

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer.configure = several_workers;
	peer_start(&peer, NULL);
	listener = world_listen(&peer.world, 0, 7, 16);
	before = world_drops_all(&peer.world, 0);
	for (uint16_t port = 5000; port < 5012; port++) {
		struct nsk_worker *w;

		talk_connect(&t, &peer, port, listener, mss, sizeof(mss));
		w = conn_at(t.fd)->sock.worker;
		homes |= 1u << w->ops->flow_owner(w, &conn_at(t.fd)->flow);
		hears_of_its_path(&t);
	}
	assert_int_equal(homes, (1 << WORKERS) - 1);
	assert_int_equal(world_drops_all(&peer.world, 0), before);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_ICMP_ERRORS_RECEIVED),
			 12 * (WORKERS + 2));
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_TCP_RST_SENT), 0);
	nsk_close(listener);
	peer_finish(&peer, MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(urgent_data_goes_along),
		world_test(sends_by_reference_hold_it),
		world_test(buffers_that_the_application_holds_stay_good),
		world_test(registrations_with_many_instances_end),
		world_test(a_worker_that_slept_knows_what_time_it_is),
		world_test(a_stack_ends_with_connections_away_from_home),
		world_test(errors_find_it),
	};

	return world_main(tests);
}
