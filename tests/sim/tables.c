/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full tables: connections, half-open ones, TIME_WAIT, neighbours, descriptors, epoll sets, ports.
 * Who asks for one more gets an errno or waits, what is there goes on, and there is room again as
 * soon as somebody leaves.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "sim/pair.h"

#define PORT 7

static struct world world;

static void begin(const char *const *settings, uint64_t delay_ns)
{
	world_pair(&world, &(struct world_params){
				   .seed = 1,
				   .wire = {.delay_ns = delay_ns},
				   .settings = settings,
			   });
}

/* ---- TCP ----------------------------------------------------------------------------------- */

static void full_connection_table_is_an_errno_and_the_listener_lives(void **state)
{
	static const char *const settings[] = {"tcp.max_conns=4", "tcp.time_wait_ms=10", NULL};
	int listener, fd[4], server[3];

	(void)state;
	begin(settings, MS);
	listener = world_listen(&world, 1, PORT, 16); /* one of the four */
	for (unsigned i = 0; i < 4; i++)
		fd[i] = pair_try_connect(&world, PORT);
	assert_int_equal(pair_try_connect(&world, PORT), -1);
	assert_int_equal(errno, ENFILE);
	for (unsigned i = 0; i < 3; i++)
		server[i] = world_accept(&world, listener);
	world_run(&world, 3 * SEC, NULL, NULL);
	assert_true(world_drops(&world, 1, NSK_DROP_TCP_TABLE_FULL) > 0);
	assert_int_equal(nsk_accept(listener, NULL, NULL), -1);
	nsk_close(server[0]); /* room for the fourth, whose SYN,ACK comes again */
	world_run(&world, SEC, NULL, NULL);
	for (unsigned i = 0; i < 4; i++)
		nsk_close(fd[i]);
	server[0] = world_accept(&world, listener);
	for (unsigned i = 0; i < 3; i++)
		nsk_close(server[i]);
	world_run(&world, MINUTE, NULL, NULL);
	fd[0] = pair_try_connect(&world, PORT); /* room again on both sides */
	server[0] = world_accept(&world, listener);
	nsk_close(fd[0]);
	nsk_close(server[0]);
	nsk_close(listener);
	pair_finish(&world);
}

/* As Linux's tcp_max_orphans; in a small table 7/8 of it. */
static void connections_that_nobody_has_any_more_leave_places(void **state)
{
	static const char *const settings[] = {"tcp.max_conns=17", NULL};
	int listener, fd[16], server[16];

	(void)state;
	begin(settings, MS);
	listener = world_listen(&world, 1, PORT, 16);
	for (unsigned i = 0; i < 16; i++) {
		fd[i] = pair_try_connect(&world, PORT);
		server[i] = world_accept(&world, listener);
	}
	/* The clients hold on to their ends. */
	for (unsigned i = 0; i < 16; i++)
		nsk_close(server[i]);
	world_run(&world, 10 * MS, NULL, NULL);
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_ORPHANS_RESET), 1);
	assert_int_equal(world_levels(&world, 1).tcp_established, 0);
	for (unsigned i = 0; i < 16; i++)
		nsk_close(fd[i]);
	/* Those that end are none any more. */
	fd[0] = pair_try_connect(&world, PORT);
	server[0] = world_accept(&world, listener);
	nsk_close(server[0]);
	nsk_close(fd[0]);
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_ORPHANS_RESET), 1);
	nsk_close(listener);
	pair_finish(&world);
}

static void full_time_wait_table_gives_up_its_oldest(void **state)
{
	static const char *const settings[] = {"tcp.max_time_wait=4", NULL};
	int listener, fd[2];

	(void)state;
	begin(settings, MS);
	listener = world_listen(&world, 1, PORT, 16);
	for (uint16_t i = 0; i < 7; i++) {
		fd[0] = world_connect_from(&world, 0, (uint16_t)(2000 + i), "10.0.0.2", PORT);
		fd[1] = world_accept(&world, listener);
		nsk_close(fd[0]);
		world_expect_eof(&world, fd[1]);
		nsk_close(fd[1]);
		world_run(&world, SEC, NULL, NULL);
	}
	assert_int_equal(world_levels(&world, 0).tcp_time_wait, 4);
	assert_int_equal(world_state(&world, 0, 2002), TCPS_CLOSED);
	assert_int_equal(world_state(&world, 0, 2003), TCPS_TIME_WAIT);
	nsk_close(listener);
	pair_finish(&world);
}

static void full_table_of_half_open_connections_means_cookies(void **state)
{
	static const char *const settings[] = {"tcp.max_syn=2", NULL};
	int listener, fd[6], server[6];

	(void)state;
	begin(settings, 10 * MS);
	pair_acquaint(&world);
	listener = world_listen(&world, 1, PORT, 16);
	for (unsigned i = 0; i < 6; i++)
		fd[i] = pair_try_connect(&world, PORT);
	for (unsigned i = 0; i < 6; i++)
		server[i] = world_accept(&world, listener);
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_COOKIES_SENT), 4);
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_COOKIES_ACCEPTED), 4);
	for (unsigned i = 0; i < 6; i++) {
		nsk_close(fd[i]);
		nsk_close(server[i]);
	}
	nsk_close(listener);
	pair_finish(&world);
}

/* ---- descriptors and ports ----------------------------------------------------------------- */

static void descriptors_that_run_out_are_an_errno_and_the_listener_lives(void **state)
{
	static const char *const settings[] = {"max_sockets=16", NULL};
	int listener, client[4], fd[16];
	unsigned n = 0;

	(void)state;
	begin(settings, MS);
	listener = world_listen(&world, 1, PORT, 16);
	world_enter(&world, 1);
	while (n < 16 && (fd[n] = nsk_socket(AF_INET, SOCK_DGRAM, 0)) >= 0)
		n++;
	assert_int_equal(n, 15);
	assert_int_equal(errno, ENFILE);
	for (unsigned i = 0; i < 4; i++)
		client[i] = pair_try_connect(&world, PORT);
	world_wait(&world, listener, POLLIN, SEC);
	assert_int_equal(nsk_accept(listener, NULL, NULL), -1);
	assert_int_equal(errno, ENFILE);
	nsk_close(fd[--n]);
	fd[n++] = world_accept(&world, listener);
	nsk_close(fd[--n]);
	for (unsigned i = 0; i < 3; i++)
		nsk_close(world_accept(&world, listener));
	/* Calls that come to nothing use nothing up. */
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK), -1);
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(nsk_socket(AF_INET, SOCK_SEQPACKET, 0), -1);
	}
	while (n)
		nsk_close(fd[--n]);
	for (unsigned i = 0; i < 4; i++)
		nsk_close(client[i]);
	nsk_close(listener);
	pair_finish(&world);
}

static const char *const four_ports[] = {"port_min=40000", "port_max=40003", NULL};

static void no_port_is_left(void)
{
	assert_int_equal(pair_try_connect(&world, PORT), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
}

/* Both ends of a connection to PORT. */
static void connect_to(int listener, int *fd, int *server)
{
	*fd = pair_try_connect(&world, PORT);
	assert_true(*fd >= NSK_FD_BASE);
	*server = world_accept(&world, listener);
}

/* A world of four ports, each of which has a connection; what listens. */
static int use_four_ports(int fd[4], int server[4])
{
	int listener;

	begin(four_ports, MS);
	pair_acquaint(&world);
	listener = world_listen(&world, 1, PORT, 16);
	for (unsigned i = 0; i < 4; i++)
		connect_to(listener, &fd[i], &server[i]);
	no_port_is_left();
	return listener;
}

/* After so long a port can be had again; the end. */
static void a_port_is_there_after(uint64_t ns, int listener)
{
	int fd, server;

	world_run(&world, ns, NULL, NULL);
	connect_to(listener, &fd, &server);
	nsk_close(server);
	nsk_close(fd);
	nsk_close(listener);
	pair_finish(&world);
}

static void ports_that_run_out_are_an_errno(void **state)
{
	int fd[4], server[4], fifth;
	int listener = use_four_ports(fd, server);

	(void)state;
	/* The same ports serve for another destination. */
	fifth = pair_try_connect(&world, PORT + 1);
	assert_true(fifth >= NSK_FD_BASE);
	nsk_close(fifth);
	for (unsigned i = 0; i < 4; i++)
		nsk_close(server[i]);
	for (unsigned i = 0; i < 4; i++)
		nsk_close(fd[i]);
	a_port_is_there_after(MINUTE, listener);
}

/* A reset gives its port back at once; a TIME-WAIT after a second (RFC 6191). */
static void a_port_that_comes_free_is_found_at_once(void **state)
{
	const struct linger at_once = {.l_onoff = 1};
	int fd[4], server[4];
	int listener = use_four_ports(fd, server);

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		no_port_is_left();
		nsk_setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		nsk_close(fd[i]);
		nsk_close(server[i]);
		connect_to(listener, &fd[i], &server[i]);
	}
	no_port_is_left();
	for (unsigned i = 0; i < 4; i++) {
		nsk_close(fd[i]);
		nsk_close(server[i]);
	}
	a_port_is_there_after(2 * SEC, listener);
}

static void udp_ports_that_run_out_are_an_errno(void **state)
{
	int fd[5];

	(void)state;
	begin(four_ports, MS);
	world_enter(&world, 0);
	for (unsigned i = 0; i < 5; i++)
		fd[i] = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pair_sendto(fd[i], 9, "x", 1), 1);
	assert_int_equal(pair_sendto(fd[4], 9, "x", 1), -1);
	assert_int_equal(errno, EAGAIN);
	nsk_close(fd[2]);
	assert_int_equal(pair_sendto(fd[4], 9, "x", 1), 1);
	fd[2] = fd[4];
	for (unsigned i = 0; i < 4; i++)
		nsk_close(fd[i]);
	pair_finish(&world);
}

/* ---- neighbours ---------------------------------------------------------------------------- */

/* Nobody is at these addresses. */
static void send_to_the_void(int fd, uint32_t n)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

	for (uint32_t i = 0; i < n; i++) {
		to.sin_addr.s_addr = htonl(HOST_A + 20 + i);
		assert_int_equal(nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	}
}

static void silent_neighbours_press_out_each_other_and_nobody_in_use(void **state)
{
	static const char *const settings[] = {"arp.entries=16", NULL};
	uint64_t asked, lost;
	int listener, fd[2], udp;
	char c;

	(void)state;
	begin(settings, MS);
	world_connected(&world, PORT, &listener, fd);
	world_run(&world, 5 * SEC, NULL, NULL); /* all announcements are made */
	udp = world_udp(&world, 0, "0.0.0.0", 9);
	for (unsigned round = 0; round < 20; round++) {
		lost = world_drops_all(&world, 0);
		send_to_the_void(udp, 100);
		/* One place is the other host's, who is in use. */
		assert_int_equal(world_drops(&world, 0, NSK_DROP_ARP_TABLE_FULL), 85 * (round + 1));
		asked = world_counter(&world, 0, NSK_CNT_ARP_REQUESTS_SENT);
		world_send(&world, fd[0], "x", 1);
		world_recv(&world, fd[1], &c, 1);
		assert_int_equal(world_counter(&world, 0, NSK_CNT_ARP_REQUESTS_SENT), asked);
		/* Those that waited to the end are given up then, and their places are free. */
		world_run(&world, 5 * SEC, NULL, NULL);
		assert_int_equal(world_drops_all(&world, 0) - lost, 100);
		assert_int_equal(world_drops(&world, 0, NSK_DROP_ARP_UNRESOLVED), 15 * (round + 1));
	}
	nsk_close(udp);
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

/* ---- epoll --------------------------------------------------------------------------------- */

static void epoll_sets_that_run_out_are_an_errno(void **state)
{
	static const char *const settings[] = {"max_epolls=3", NULL};
	int ep[3];

	(void)state;
	begin(settings, 0);
	world_enter(&world, 0);
	for (unsigned i = 0; i < 3; i++) {
		ep[i] = nsk_epoll_create1(0);
		assert_true(ep[i] >= NSK_FD_BASE);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(nsk_epoll_create1(0), -1);
		assert_int_equal(errno, EMFILE);
		nsk_close(ep[i]);
		ep[i] = nsk_epoll_create1(0);
		assert_true(ep[i] >= NSK_FD_BASE);
	}
	for (unsigned i = 0; i < 3; i++)
		nsk_close(ep[i]);
	pair_finish(&world);
}

#define SETS 50

/* Every socket in every set, until there is no more room for that. Returns how many have found it.
 */
static unsigned watch_all(const int ep[SETS], const int fd[SETS])
{
	struct epoll_event event = {.events = EPOLLOUT};
	unsigned n = 0;

	for (unsigned i = 0; i < SETS; i++) {
		for (unsigned k = 0; k < SETS; k++, n++) {
			event.data.u32 = k;
			if (nsk_epoll_ctl(ep[i], EPOLL_CTL_ADD, fd[k], &event))
				return n;
		}
	}
	return n;
}

static void epoll_interests_that_run_out_are_an_errno(void **state)
{
	static const char *const settings[] = {"max_sockets=100", NULL};
	struct epoll_event event[SETS];
	int ep[SETS], fd[SETS];
	unsigned n;

	(void)state;
	begin(settings, 0);
	world_enter(&world, 0);
	for (unsigned i = 0; i < SETS; i++) {
		ep[i] = nsk_epoll_create1(0);
		fd[i] = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_true(ep[i] >= NSK_FD_BASE && fd[i] >= NSK_FD_BASE);
	}
	n = watch_all(ep, fd);
	assert_int_equal(errno, ENOSPC);
	assert_in_range(n, 2 * SETS, SETS * SETS - 1);
	/* What is watched is still told. */
	assert_int_equal(nsk_epoll_wait(ep[0], event, SETS, 0), SETS);
	/* A set that goes makes room for as many as it had. */
	nsk_close(ep[0]);
	ep[0] = nsk_epoll_create1(0);
	assert_int_equal(watch_all(ep, fd), SETS);
	/* So does a socket that is taken out. */
	for (unsigned i = 0; i < SETS; i++)
		assert_int_equal(nsk_epoll_ctl(ep[0], EPOLL_CTL_DEL, fd[i], NULL), 0);
	assert_int_equal(watch_all(ep, fd), SETS);
	for (unsigned i = 0; i < SETS; i++) {
		nsk_close(fd[i]);
		nsk_close(ep[i]);
	}
	pair_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(full_connection_table_is_an_errno_and_the_listener_lives),
		world_test(connections_that_nobody_has_any_more_leave_places),
		world_test(full_time_wait_table_gives_up_its_oldest),
		world_test(full_table_of_half_open_connections_means_cookies),
		world_test(descriptors_that_run_out_are_an_errno_and_the_listener_lives),
		world_test(ports_that_run_out_are_an_errno),
		world_test(a_port_that_comes_free_is_found_at_once),
		world_test(udp_ports_that_run_out_are_an_errno),
		world_test(silent_neighbours_press_out_each_other_and_nobody_in_use),
		world_test(epoll_sets_that_run_out_are_an_errno),
		world_test(epoll_interests_that_run_out_are_an_errno),
	};

	return world_main(tests);
}
