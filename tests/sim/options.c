/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of TCP's socket options: each read, set, refused out of range and with a wrong length;
 * what a listener hands on; and what TCP_INFO tells. Numbers are Linux's, or follow from settings.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

#include "sim/world.h"

/* States as netinet/tcp.h numbers them; its struct tcp_info is shorter than that of linux/tcp.h, so
 * that only one of the two can be had. */
enum {
	LINUX_ESTABLISHED = 1,
	LINUX_CLOSE = 7,
	LINUX_LISTEN = 10
};

static void pair(struct world *world, uint64_t delay_ns, uint32_t loss_ppm)
{
	world_pair(world, &(struct world_params){
				  .seed = 5,
				  .wire = {.delay_ns = delay_ns, .loss_ppm = loss_ppm},
			  });
}

static int fresh(struct world *world)
{
	int fd;

	world_enter(world, 0);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	return fd;
}

static int set(int fd, int level, int name, int value)
{
	return nsk_setsockopt(fd, level, name, &value, sizeof(value)) ? errno : 0;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static const struct number {
	int level, name;
	int initial; /* -1: depends on more than the socket */
	struct {
		int value, back; /* set, then read */
	} good[4];
	int bad[3]; /* EINVAL; 0 ends the list, as 0 itself is in bad_zero */
	bool bad_zero;
} numbers[] = {
	/* As in Linux: twice, and not below or above what there is. */
	{SOL_SOCKET,
	 SO_RCVBUF,
	 2 * 65535,
	 {{100000, 200000}, {0, 2304}, {-1, 2304}, {INT32_MAX, 2 * 6291456}},
	 {0},
	 false},
	{SOL_SOCKET,
	 SO_SNDBUF,
	 2 * 262144,
	 {{50000, 100000}, {0, 4608}, {-1, 4608}, {INT32_MAX, 2 * 4194304}},
	 {0},
	 false},
	{SOL_SOCKET, SO_KEEPALIVE, 0, {{1, 1}, {0, 0}, {77, 1}, {0, 0}}, {0}, false},
	{IPPROTO_TCP, TCP_NODELAY, 0, {{1, 1}, {0, 0}, {77, 1}, {0, 0}}, {0}, false},
	{IPPROTO_TCP, TCP_CORK, 0, {{1, 1}, {0, 0}, {77, 1}, {0, 0}}, {0}, false},
	{IPPROTO_TCP,
	 TCP_MAXSEG,
	 536,
	 {{88, 88}, {1000, 1000}, {32767, 32767}, {0, 536}},
	 {87, 32768, -1},
	 false},
	{IPPROTO_TCP,
	 TCP_KEEPIDLE,
	 7200,
	 {{1, 1}, {60, 60}, {32767, 32767}, {5, 5}},
	 {32768, -1},
	 true},
	{IPPROTO_TCP,
	 TCP_KEEPINTVL,
	 75,
	 {{1, 1}, {60, 60}, {32767, 32767}, {5, 5}},
	 {32768, -1},
	 true},
	{IPPROTO_TCP, TCP_KEEPCNT, 9, {{1, 1}, {60, 60}, {127, 127}, {5, 5}}, {128, -1}, true},
	{IPPROTO_TCP,
	 TCP_USER_TIMEOUT,
	 0,
	 {{5000, 5000}, {0, 0}, {INT32_MAX, INT32_MAX}, {1, 1}},
	 {-1},
	 false},
	{IPPROTO_TCP, TCP_QUICKACK, -1, {{1, 1}, {0, 0}, {77, 1}, {0, 0}}, {0}, false},
	{IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, {{1, 1}, {0, 0}, {77, 1}, {0, 0}}, {0}, false},
};

static void each_number_is_read_set_and_kept_in_its_range(void **state)
{
	struct world world;

	(void)state;
	pair(&world, 0, 0);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct number *n = &numbers[i];
		int fd = fresh(&world), last;

		if (n->initial >= 0)
			assert_int_equal(world_getsockopt(fd, n->level, n->name), n->initial);
		for (unsigned k = 0; k < 4; k++) {
			assert_int_equal(set(fd, n->level, n->name, n->good[k].value), 0);
			assert_int_equal(world_getsockopt(fd, n->level, n->name), n->good[k].back);
		}
		last = n->good[3].back;
		for (unsigned k = 0; k < 3 && n->bad[k]; k++) {
			assert_int_equal(set(fd, n->level, n->name, n->bad[k]), EINVAL);
			assert_int_equal(world_getsockopt(fd, n->level, n->name), last);
		}
		if (n->bad_zero)
			assert_int_equal(set(fd, n->level, n->name, 0), EINVAL);
		assert_int_equal(nsk_close(fd), 0);
	}
	world_end(&world);
}

static void what_there_is_no_memory_for_is_not_set(void **state)
{
	static const struct {
		int name, value, initial;
	} needy[] = {
		{TCP_MAXSEG, 1000, 536}, {TCP_KEEPIDLE, 60, 7200}, {TCP_KEEPINTVL, 60, 75},
		{TCP_KEEPCNT, 60, 9},	 {TCP_FASTOPEN, 5, 0},	   {TCP_FASTOPEN_NO_COOKIE, 1, 0},
	};
	struct world world;
	int fd;

	(void)state;
	pair(&world, 0, 0);
	fd = fresh(&world);
	for (size_t i = 0; i < sizeof(needy) / sizeof(needy[0]); i++) {
		world_worker(&world, 0)->mem->fail_at = 1;
		assert_int_equal(set(fd, IPPROTO_TCP, needy[i].name, needy[i].value), ENOBUFS);
		assert_int_equal(world_getsockopt(fd, IPPROTO_TCP, needy[i].name),
				 needy[i].initial);
	}
	world_worker(&world, 0)->mem->fail_at = 1;
	assert_int_equal(set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000), ENOBUFS);
	assert_int_equal(world_getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
	assert_int_equal(set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000), 0);
	assert_int_equal(nsk_close(fd), 0);
	world_end(&world);
}

static void a_short_value_is_refused_and_a_long_one_taken(void **state)
{
	int wide[2] = {1, 77};
	struct world world;

	(void)state;
	pair(&world, 0, 0);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct number *n = &numbers[i];
		int fd = fresh(&world), before = world_getsockopt(fd, n->level, n->name), value = 0;
		socklen_t len = 2;

		if (n->level == IPPROTO_IP) /* also taken as a byte: see names.c */
			continue;
		wide[0] = n->good[0].value;
		for (socklen_t shorter = 0; shorter < sizeof(int); shorter++) {
			assert_int_equal(nsk_setsockopt(fd, n->level, n->name, wide, shorter), -1);
			assert_int_equal(errno, EINVAL);
		}
		assert_int_equal(world_getsockopt(fd, n->level, n->name), before);
		assert_int_equal(nsk_setsockopt(fd, n->level, n->name, NULL, sizeof(int)), -1);
		assert_int_equal(errno, EFAULT);
		assert_int_equal(nsk_setsockopt(fd, n->level, n->name, wide, sizeof(wide)), 0);
		/* Reading cuts at the room there is. */
		assert_int_equal(nsk_getsockopt(fd, n->level, n->name, &value, &len), 0);
		assert_int_equal(len, 2);
		assert_int_equal(value, n->good[0].back & 0xffff);
		assert_int_equal(nsk_close(fd), 0);
	}
	world_end(&world);
}

static void what_is_in_no_row_is_unknown(void **state)
{
	/* Reading at a level that is not the socket's has an errno of its own, as in Linux. */
	static const int unknown[][3] = {
		{IPPROTO_TCP, 9999, ENOPROTOOPT}, {IPPROTO_TCP, -1, ENOPROTOOPT},
		{SOL_SOCKET, 9999, ENOPROTOOPT},  {IPPROTO_IP, 9999, ENOPROTOOPT},
		{12345, 1, EOPNOTSUPP},		  {IPPROTO_UDP, TCP_NODELAY, EOPNOTSUPP},
	};
	static const int fixed[][2] = {
		{SOL_SOCKET, SO_ERROR}, {SOL_SOCKET, SO_TYPE}, {IPPROTO_TCP, TCP_INFO}};
	struct world world;
	int fd, value = 1;
	socklen_t len = sizeof(value);

	(void)state;
	pair(&world, 0, 0);
	fd = fresh(&world);
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(set(fd, unknown[i][0], unknown[i][1], 1), ENOPROTOOPT);
		assert_int_equal(nsk_getsockopt(fd, unknown[i][0], unknown[i][1], &value, &len),
				 -1);
		assert_int_equal(errno, unknown[i][2]);
	}
	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		assert_int_equal(set(fd, fixed[i][0], fixed[i][1], 1), ENOPROTOOPT);
	world_end(&world);
}

static void congestion_control_goes_by_name(void **state)
{
	struct world world;
	char name[16], before[16];
	socklen_t len = sizeof(before);
	int fd;

	(void)state;
	pair(&world, 0, 0);
	fd = fresh(&world);
	assert_int_equal(nsk_getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, before, &len), 0);
	assert_int_equal(len, sizeof(before)); /* as Linux, with what is behind the name */
	assert_int_equal(nsk_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nonsense", 8), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(nsk_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, before, 2), -1);
	assert_int_equal(errno, ENOENT);
	len = sizeof(name);
	assert_int_equal(nsk_getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, before);
	/* With its end or without. */
	assert_int_equal(nsk_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
	assert_int_equal(nsk_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 5), 0);
	len = sizeof(name);
	assert_int_equal(nsk_getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, "reno");
	len = 3;
	memset(name, 'x', sizeof(name));
	assert_int_equal(nsk_getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(name, "renx", 4);
	world_end(&world);
}

static void an_accepted_connection_has_its_listeners_options(void **state)
{
	static const int options[][3] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},	 {SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 60}, {IPPROTO_TCP, TCP_KEEPINTVL, 7},
		{IPPROTO_TCP, TCP_KEEPCNT, 3},	 {IPPROTO_TCP, TCP_USER_TIMEOUT, 5000},
	};
	struct linger linger = {.l_onoff = 1, .l_linger = 9}, got = {0};
	socklen_t len = sizeof(linger);
	struct world world;
	int listener, fd;

	(void)state;
	pair(&world, 0, 0);
	listener = world_listen(&world, 1, 80, 1);
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		world_setsockopt(listener, options[i][0], options[i][1], options[i][2]);
	assert_int_equal(nsk_setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, len), 0);
	world_setsockopt(listener, SOL_SOCKET, SO_RCVBUF, 40000);
	world_setsockopt(listener, SOL_SOCKET, SO_SNDBUF, 50000);
	world_connect(&world, 0, "10.0.0.2", 80);
	fd = world_accept(&world, listener);
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		assert_int_equal(world_getsockopt(fd, options[i][0], options[i][1]), options[i][2]);
	assert_int_equal(world_getsockopt(fd, SOL_SOCKET, SO_RCVBUF), 80000);
	assert_int_equal(world_getsockopt(fd, SOL_SOCKET, SO_SNDBUF), 100000);
	assert_int_equal(nsk_getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &len), 0);
	assert_memory_equal(&got, &linger, sizeof(linger));
	world_end(&world);
}

/* ---- TCP_INFO ------------------------------------------------------------------------------ */

static struct tcp_info info(int fd)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	memset(&i, 0xff, sizeof(i));
	assert_int_equal(nsk_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	assert_int_equal(len, sizeof(i));
	return i;
}

static void info_tells_what_was_negotiated_and_measured(void **state)
{
	static uint8_t data[100000];
	struct tcp_info a, b;
	struct world world;
	int listener, fd[2];

	(void)state;
	pair(&world, 10 * MS, 0);
	a = info(fresh(&world));
	assert_int_equal(a.tcpi_state, LINUX_CLOSE);
	world_connected(&world, 80, &listener, fd);
	world_send(&world, fd[0], data, sizeof(data));
	world_recv(&world, fd[1], data, sizeof(data));
	world_run(&world, SEC, NULL, NULL);
	a = info(fd[0]);
	b = info(fd[1]);
	assert_int_equal(a.tcpi_state, LINUX_ESTABLISHED);
	assert_int_equal(a.tcpi_ca_state, TCP_CA_Open);
	assert_int_equal(a.tcpi_options, TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
	assert_int_equal(a.tcpi_snd_wscale, b.tcpi_rcv_wscale);
	assert_int_equal(a.tcpi_rcv_wscale, b.tcpi_snd_wscale);
	assert_int_equal(a.tcpi_snd_mss, 1448); /* timestamps take 12 */
	assert_int_equal(a.tcpi_advmss, 1460);
	assert_int_equal(a.tcpi_pmtu, 1500);
	assert_in_range(a.tcpi_rtt, 20000, 60000); /* twice the delay, and some ACKs late */
	assert_in_range(a.tcpi_rto, 200000, 1000000);
	assert_int_equal(a.tcpi_ato, 40000);
	assert_true(a.tcpi_snd_cwnd >= 10);
	assert_int_equal(a.tcpi_unacked, 0);
	assert_int_equal(a.tcpi_sacked, 0);
	assert_int_equal(a.tcpi_retransmits, 0);
	assert_int_equal(a.tcpi_total_retrans, 0);
	assert_int_equal(a.tcpi_notsent_bytes, 0);
	assert_in_range(a.tcpi_last_data_sent, 900, 2000);
	assert_in_range(b.tcpi_last_data_recv, 900, 2000);
	/* What fits the field, in steps of the scale. */
	assert_in_range(b.tcpi_rcv_ssthresh - a.tcpi_snd_wnd, 0, (1u << b.tcpi_rcv_wscale) - 1);
	world_end(&world);
}

static void info_counts_what_is_on_the_way_and_what_waits(void **state)
{
	static uint8_t data[100000];
	struct world world;
	struct tcp_info i;
	int listener, fd[2];

	(void)state;
	pair(&world, 10 * MS, 0);
	world_connected(&world, 80, &listener, fd);
	assert_int_equal(nsk_send(fd[0], data, sizeof(data), 0), sizeof(data));
	nsk_turn(world.host[0]);
	i = info(fd[0]);
	assert_int_equal(i.tcpi_unacked, 10); /* the initial window */
	assert_int_equal(i.tcpi_notsent_bytes, sizeof(data) - 10 * 1448);
	world_end(&world);
}

static void info_counts_retransmissions(void **state)
{
	static uint8_t data[60000];
	struct world world;
	int listener, fd[2];

	(void)state;
	pair(&world, 5 * MS, 100000);
	world_connected(&world, 80, &listener, fd);
	world_send(&world, fd[0], data, sizeof(data));
	world_recv(&world, fd[1], data, sizeof(data));
	assert_true(info(fd[0]).tcpi_total_retrans > 0);
	assert_int_equal(info(fd[0]).tcpi_total_retrans,
			 world_counter(&world, 0, NSK_CNT_TCP_RETRANS_SEGMENTS));
	world_end(&world);
}

static void info_of_a_listener_is_its_queue_and_is_cut_at_the_room(void **state)
{
	uint8_t room[4] = {0, 0xaa, 0xaa, 0xaa};
	struct world world;
	socklen_t len = 1;
	int listener;

	(void)state;
	pair(&world, 0, 0);
	listener = world_listen(&world, 1, 80, 7);
	for (unsigned i = 0; i < 3; i++)
		world_connect(&world, 0, "10.0.0.2", 80);
	world_settle(&world);
	assert_int_equal(info(listener).tcpi_state, LINUX_LISTEN);
	assert_int_equal(info(listener).tcpi_unacked, 3);
	assert_int_equal(info(listener).tcpi_sacked, 7);
	assert_int_equal(nsk_getsockopt(listener, IPPROTO_TCP, TCP_INFO, room, &len), 0);
	assert_int_equal(len, 1);
	assert_int_equal(room[0], LINUX_LISTEN);
	assert_int_equal(room[1], 0xaa);
	world_end(&world);
}

/* All of it, or as much as there is room for; what else the application has stays. */
static void info_has_the_length_and_the_layout_of_linux(void **state)
{
	union {
		struct nsk_tcp_info ours;
		struct tcp_info systems;
		uint8_t octet[512];
	} i;
	static uint8_t data[10000];
	socklen_t len = sizeof(i);
	struct world world;
	int listener, fd[2];

	(void)state;
	pair(&world, 10 * MS, 0);
	world_connected(&world, 80, &listener, fd);
	world_send(&world, fd[0], data, sizeof(data));
	world_recv(&world, fd[1], data, sizeof(data));
	memset(&i, 0xaa, sizeof(i));
	assert_int_equal(nsk_getsockopt(fd[0], IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	assert_int_equal(len, 280);
	assert_int_equal(i.octet[280], 0xaa);
	assert_int_equal(i.systems.tcpi_rtt, i.ours.tcpi_rtt);
	assert_int_equal(i.systems.tcpi_snd_wnd, i.ours.tcpi_snd_wnd);
	assert_int_equal(offsetof(struct nsk_tcp_info, tcpi_rcv_wnd), 232);
	assert_int_equal(offsetof(struct nsk_tcp_info, tcpi_total_rto), 240);
	assert_int_equal(offsetof(struct nsk_tcp_info, tcpi_received_ce), 248);
	assert_int_equal(i.ours.tcpi_rcv_wnd, i.ours.tcpi_rcv_ssthresh);
	len = 232;
	memset(&i, 0xaa, sizeof(i));
	assert_int_equal(nsk_getsockopt(fd[0], IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	assert_int_equal(len, 232);
	assert_int_equal(i.octet[232], 0xaa);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(each_number_is_read_set_and_kept_in_its_range),
		world_test(what_there_is_no_memory_for_is_not_set),
		world_test(a_short_value_is_refused_and_a_long_one_taken),
		world_test(what_is_in_no_row_is_unknown),
		world_test(congestion_control_goes_by_name),
		world_test(an_accepted_connection_has_its_listeners_options),
		world_test(info_has_the_length_and_the_layout_of_linux),
		world_test(info_tells_what_was_negotiated_and_measured),
		world_test(info_counts_what_is_on_the_way_and_what_waits),
		world_test(info_counts_retransmissions),
		world_test(info_of_a_listener_is_its_queue_and_is_cut_at_the_room),
	};

	return world_main(tests);
}
