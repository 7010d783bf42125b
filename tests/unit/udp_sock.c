/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/udp: names and ports (udp_sock.c, udp_table.c), errors, options (udp_options.c), limits. */
#include "udp_world.h"

/* ---- names ---- */

static void test_bind_takes_our_addresses_and_free_ports(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_socket(world), *t = open_socket(world), *u = open_socket(world);
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	int one = 1;

	assert_int_equal(do_bind(s, PEER, 7), -EADDRNOTAVAIL);
	assert_int_equal(do_bind(s, IF0_ADDR, 7), 0);
	assert_int_equal(do_bind(s, IF0_ADDR, 8), -EINVAL);
	assert_int_equal(do_bind(t, IF0_ADDR, 7), -EADDRINUSE);
	assert_int_equal(do_bind(t, 0, 7), -EADDRINUSE);
	assert_int_equal(do_bind(t, IF0_ADDR2, 7), 0);
	sock_option_set(t, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	sock_option_set(u, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	assert_int_equal(do_bind(u, IF0_ADDR, 7), -EADDRINUSE); /* s does not share */
	assert_int_equal(do_bind(u, IF0_ADDR2, 7), 0);
	assert_int_equal(s->ops->getname(s, SOCK_NAME_OWN, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(sa.sin_port, WIRE_BE16(7));
	assert_int_equal(sa.sin_addr.s_addr, WIRE_BE32(IF0_ADDR));
	assert_int_equal(s->ops->getname(s, SOCK_NAME_PEER, (struct sockaddr *)&sa, &len),
			 -ENOTCONN);
	s->ops->close(s);
	s = bound(world, IF0_ADDR, 7);
}

static void test_a_socket_that_sends_first_gets_a_port_of_the_range(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_socket(world);
	struct ipv4_view ip;
	uint16_t port;

	assert_int_equal(do_send(s, "x", 1, PEER, 9), 1);
	port = load_be16(nw_sent_ip(world, 0, peer_mac, &ip));
	assert_in_range(port, 32768, 60999);
	assert_true(ip_addr_is_any(&dgram_of(s)->laddr));
	arrive(world, FAR, 1, IF0_ADDR2, port, "y", 1); /* anybody may write to it */
	assert_int_equal(s->ready & EPOLLIN, EPOLLIN);
}

static void test_ports_run_out_and_come_back(void **state)
{
	struct net_world *world = *state;
	struct sock *s[5];

	world->set.port_min = 40000;
	world->set.port_max = 40003;
	for (unsigned i = 0; i < 5; i++)
		s[i] = open_socket(world);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(do_bind(s[i], 0, 0), 0);
	assert_int_equal(do_bind(s[4], 0, 0), -EADDRINUSE);
	assert_int_equal(do_connect(s[4], PEER, 9), -EAGAIN);
	s[2]->ops->close(s[2]);
	assert_int_equal(do_connect(s[4], PEER, 9), 0);
}

static uint16_t owner_by_parity(struct nsk_worker *w, const struct flow *flow)
{
	(void)w;
	return load_be16(&flow->dport_be) & 1;
}

static void test_the_port_of_a_connected_socket_brings_its_flow_home(void **state)
{
	struct net_world *world = *state;
	struct worker_ops ops = nw_ops;

	ops.flow_owner = owner_by_parity;
	world->w.ops = &ops;
	world->w.peers = 2;
	for (world->w.id = 0; world->w.id < 2; world->w.id++) {
		for (unsigned i = 0; i < 20; i++) {
			struct sock *s = open_socket(world);

			if (i & 1)
				assert_int_equal(do_connect(s, PEER, 9), 0);
			else
				assert_int_equal(do_send(s, "x", 1, PEER, 9), 1);
			assert_int_equal(dgram_of(s)->lport & 1, world->w.id);
		}
	}
	world->w.id = 0;
	world->w.ops = &nw_ops;
}

static void test_connect_names_the_peer_and_unspec_takes_it_back(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7), *t = open_socket(world);
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	char buf[4];

	assert_int_equal(do_connect(s, PEER, 9), 0);
	assert_int_equal(s->ops->getname(s, SOCK_NAME_PEER, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(sa.sin_addr.s_addr, WIRE_BE32(PEER));
	assert_int_equal(s->ops->getname(s, SOCK_NAME_OWN, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(sa.sin_addr.s_addr, WIRE_BE32(IF0_ADDR));
	arrive(world, PEER, 8, IF0_ADDR, 7, "x", 1);
	nw_assert_drops(world, NSK_DROP_UDP_NO_SOCKET, 1);
	assert_int_equal(do_send(s, "abc", 3, 0, 0), 3);
	assert_int_equal(do_connect(s, FAR, 10), 0); /* another peer */
	arrive(world, FAR, 10, IF0_ADDR, 7, "x", 1);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 1);
	assert_int_equal(s->ops->connect(s, &none, sizeof(none)), 0);
	assert_true(ip_addr_is_any(&dgram_of(s)->laddr));
	arrive(world, PEER, 8, IF0_ADDR, 7, "x", 1);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 1);
	/* A port that was chosen for it goes with the connection. */
	assert_int_equal(do_connect(t, PEER, 9), 0);
	assert_int_not_equal(dgram_of(t)->lport, 0);
	assert_int_equal(t->ops->connect(t, &none, sizeof(none)), 0);
	assert_int_equal(dgram_of(t)->lport, 0);
	assert_int_equal(do_connect(t, 0x7f000001, 9), -ENETUNREACH);
}

static void test_shutdown_ends_either_direction(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	char buf[4];

	assert_int_equal(do_connect(s, PEER, 9), 0);
	assert_int_equal(s->ops->shutdown(s, 3), -EINVAL);
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	assert_int_equal(s->ops->shutdown(s, SHUT_RD), 0);
	assert_int_equal(s->ready & (EPOLLIN | EPOLLRDHUP | EPOLLHUP), EPOLLIN | EPOLLRDHUP);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 1);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 0);
	assert_int_equal(do_recv(s, buf, 4, MSG_DONTWAIT, NULL), -EAGAIN);
	assert_int_equal(s->ready & EPOLLIN, EPOLLIN); /* the end stays readable */
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);   /* as Linux: what comes is received */
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 1);
	assert_int_equal(do_send(s, "x", 1, 0, 0), 1);
	assert_int_equal(s->ops->shutdown(s, SHUT_WR), 0);
	assert_int_equal(do_send(s, "x", 1, 0, 0), -EPIPE);
	assert_int_equal(s->ready & EPOLLHUP, EPOLLHUP);
}

static void test_shutdown_without_a_peer_is_refused_and_wakes(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	char buf[4];

	assert_int_equal(do_recv(s, buf, 4, 0, NULL), -EAGAIN);
	assert_int_equal(s->ops->shutdown(s, SHUT_RDWR), -ENOTCONN);
	assert_int_equal(s->ready & (EPOLLIN | EPOLLHUP), EPOLLIN | EPOLLHUP);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 0);
	assert_int_equal(do_recv(s, buf, 4, MSG_DONTWAIT, NULL), -EAGAIN);
	assert_int_equal(do_connect(s, PEER, 9), 0);
	assert_int_equal(do_send(s, "x", 1, 0, 0), -EPIPE);
}

/* ---- errors ---- */

static void port_unreachable(struct net_world *world, uint16_t sport, uint16_t dport)
{
	uint8_t msg[8 + 28], udp[8];

	icmp_write(msg, &(struct icmp_view){.type = 3, .code = 3});
	udp_write(udp, sport, dport, 8);
	nw_ipv4(msg + 8, IF0_ADDR, PEER, IP_PROTO_UDP, udp, 8);
	icmp_set_checksum(msg, sizeof(msg));
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, msg, sizeof(msg));
}

static void test_a_refused_port_is_told_once_to_the_connected_socket_RFC1122_4_1_3_3(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7), *other = bound(world, 0, 8);
	char buf[4];
	int err;
	socklen_t len = sizeof(err);

	assert_int_equal(do_connect(s, PEER, 9), 0);
	port_unreachable(world, 7, 10);
	port_unreachable(world, 8, 9);
	assert_int_equal((s->ready | other->ready) & EPOLLERR, 0);
	for (unsigned way = 0; way < 3; way++) {
		port_unreachable(world, 7, 9);
		assert_int_equal(s->ready & EPOLLERR, EPOLLERR);
		if (way == 0) {
			assert_int_equal(do_recv(s, buf, 4, 0, NULL), -ECONNREFUSED);
		} else if (way == 1) {
			assert_int_equal(do_send(s, "x", 1, 0, 0), -ECONNREFUSED);
		} else {
			assert_int_equal(sock_option_get(s, SOL_SOCKET, SO_ERROR, &err, &len), 0);
			assert_int_equal(err, ECONNREFUSED);
		}
		assert_int_equal(s->ready & EPOLLERR, 0);
		assert_int_equal(do_recv(s, buf, 4, 0, NULL), -EAGAIN);
	}
}

/* As in Linux: a datagram in parts has looked for errors with its first one. */
static void test_an_error_between_parts_waits_for_the_next_datagram(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	struct iovec iov = {(char[]){'x'}, 1};
	struct msghdr part = {.msg_iov = &iov, .msg_iovlen = 1};

	assert_int_equal(do_connect(s, PEER, 9), 0);
	assert_int_equal(s->ops->sendmsg(s, &part, MSG_MORE), 1);
	port_unreachable(world, 7, 9);
	assert_int_equal(s->ops->sendmsg(s, &part, MSG_MORE), 1);
	assert_int_equal(s->ops->sendmsg(s, &part, 0), 1);
	assert_int_equal(world->w.cnt[NSK_CNT_UDP_OUT], 1);
	assert_int_equal(s->ops->sendmsg(s, &part, MSG_MORE), -ECONNREFUSED);
	assert_int_equal(s->ops->sendmsg(s, &part, 0), 1);
	assert_int_equal(world->w.cnt[NSK_CNT_UDP_OUT], 2);
}

/* A router on the way to the peer takes no packet that is longer than this. */
static void too_big(struct net_world *world, uint16_t mtu)
{
	uint8_t msg[8 + 28], udp[8], *ip = msg + 8;

	icmp_write(msg, &(struct icmp_view){.type = 3, .code = 4, .rest = mtu});
	udp_write(udp, 7, 9, 8);
	nw_ipv4(ip, IF0_ADDR, PEER, IP_PROTO_UDP, udp, 8);
	store_be16(ip + 2, 1500);
	ipv4_set_checksum(ip, 20);
	icmp_set_checksum(msg, sizeof(msg));
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, msg, sizeof(msg));
}

/* A socket with a peer, whose datagrams must not be fragmented. */
static struct sock *of_a_path(struct net_world *world)
{
	struct sock *s = bound(world, 0, 7);
	int must_not = IP_PMTUDISC_DO;

	assert_int_equal(do_connect(s, PEER, 9), 0);
	assert_int_equal(
		sock_option_set(s, IPPROTO_IP, IP_MTU_DISCOVER, &must_not, sizeof(must_not)), 0);
	return s;
}

static int path_mtu(struct sock *s)
{
	socklen_t len = sizeof(int);
	int mtu;

	assert_int_equal(sock_option_get(s, IPPROTO_IP, IP_MTU, &mtu, &len), 0);
	return mtu;
}

static void test_a_path_stays_narrow_for_ten_minutes_RFC1191_6_3(void **state)
{
	static const uint8_t data[1472];
	struct net_world *world = *state;
	struct sock *s = of_a_path(world);

	assert_int_equal(path_mtu(s), 1500);
	assert_int_equal(do_send(s, data, 1472, 0, 0), 1472);
	too_big(world, 1000);
	assert_int_equal(do_send(s, data, 1, 0, 0), -EMSGSIZE); /* the pending error */
	assert_int_equal(path_mtu(s), 1000);
	assert_int_equal(do_send(s, data, 973, 0, 0), -EMSGSIZE);
	assert_int_equal(do_send(s, data, 972, 0, 0), 972);
	assert_int_equal(do_send(s, data, 1472, FAR, 9), 1472); /* another path */
	world->w.now_ns += UINT64_C(599000000000);
	assert_int_equal(do_send(s, data, 973, 0, 0), -EMSGSIZE);
	world->w.now_ns += UINT64_C(1000000000);
	assert_int_equal(path_mtu(s), 1500);
	assert_int_equal(do_send(s, data, 973, 0, 0), 973);
	too_big(world, 100); /* nobody's path is that narrow */
	assert_int_equal(do_send(s, data, 1, 0, 0), -EMSGSIZE);
	assert_int_equal(path_mtu(s), IPV4_PMTU_FLOOR);
}

/* What comes late, or is forged, names a size as it likes: its quote says that more was sent. */
static void test_a_too_big_message_never_widens_a_path_RFC1191_3(void **state)
{
	static const uint8_t data[1472];
	struct net_world *world = *state;
	struct sock *s = of_a_path(world);

	too_big(world, 600);
	assert_int_equal(do_send(s, data, 1, 0, 0), -EMSGSIZE); /* the pending error */
	world->w.now_ns += UINT64_C(599000000000);
	too_big(world, 1400);
	assert_int_equal(do_send(s, data, 1, 0, 0), -EMSGSIZE);
	assert_int_equal(path_mtu(s), 600);
	assert_int_equal(do_send(s, data, 573, 0, 0), -EMSGSIZE);
	world->w.now_ns += UINT64_C(1000000000);
	assert_int_equal(path_mtu(s), 1500); /* nor does it keep it narrow for longer */
	too_big(world, 1400);
	assert_int_equal(do_send(s, data, 1, 0, 0), -EMSGSIZE);
	assert_int_equal(path_mtu(s), 1400);
	too_big(world, 1300);
	assert_int_equal(do_send(s, data, 1, 0, 0), -EMSGSIZE);
	assert_int_equal(path_mtu(s), 1300);
}

/* As in Linux: it has no way to say which datagram was meant, so that it hears of no error. */
static void test_a_socket_without_a_peer_learns_how_narrow_a_path_is(void **state)
{
	static const uint8_t data[1472];
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	int must_not = IP_PMTUDISC_DO;

	sock_option_set(s, IPPROTO_IP, IP_MTU_DISCOVER, &must_not, sizeof(must_not));
	assert_int_equal(do_send(s, data, 1472, PEER, 9), 1472);
	too_big(world, 1000);
	assert_int_equal(s->err, 0);
	assert_int_equal(s->ready & EPOLLERR, 0);
	assert_int_equal(do_send(s, data, 973, PEER, 9), -EMSGSIZE);
	assert_int_equal(do_send(s, data, 972, PEER, 9), 972);
	assert_int_equal(do_send(s, data, 1472, FAR, 9), 1472);
	port_unreachable(world, 7, 9);
	assert_int_equal(s->err, 0);
}

/* It may answer one day: as in Linux those hear of it that ask for errors. */
static void test_a_silent_next_hop_is_host_unreachable(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_socket(world), *plain = open_socket(world);
	int on = 1;

	assert_int_equal(sock_option_set(s, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	assert_int_equal(do_connect(s, PEER + 1, 9), 0);
	assert_int_equal(do_connect(plain, PEER + 1, 9), 0);
	assert_int_equal(do_send(s, "x", 1, 0, 0), 1);
	assert_int_equal(do_send(plain, "x", 1, 0, 0), 1);
	nw_pass(world, 3100);
	assert_int_equal(s->err, EHOSTUNREACH);
	assert_int_equal(do_send(s, "x", 1, 0, 0), -EHOSTUNREACH);
	assert_int_equal(plain->err, 0);
	nw_assert_drops(world, NSK_DROP_ARP_UNRESOLVED, 2);
}

/* ---- options ---- */

static int set(struct sock *s, int level, int option, int value)
{
	return sock_option_set(s, level, option, &value, sizeof(value));
}

static int get(struct sock *s, int level, int option)
{
	int value = -12345;
	socklen_t len = sizeof(value);
	int rc = sock_option_get(s, level, option, &value, &len);

	return rc ? rc : value;
}

static void test_options_are_kept_and_take_effect(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	uint8_t byte = 33;
	struct ipv4_view ip;

	assert_int_equal(get(s, SOL_SOCKET, SO_RCVBUF), 212992);
	assert_int_equal(set(s, SOL_SOCKET, SO_RCVBUF, 10000), 0);
	assert_int_equal(get(s, SOL_SOCKET, SO_RCVBUF), 20000);
	assert_int_equal(set(s, SOL_SOCKET, SO_SNDBUF, 1), 0);
	assert_int_equal(get(s, SOL_SOCKET, SO_SNDBUF), 2304);
	assert_int_equal(set(s, SOL_SOCKET, SO_RCVBUF, -1), 0);
	assert_int_equal(get(s, SOL_SOCKET, SO_RCVBUF), 64 << 20);
	assert_int_equal(get(s, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	assert_int_equal(get(s, IPPROTO_IP, IP_TTL), 64);
	assert_int_equal(set(s, IPPROTO_IP, IP_TTL, 256), -EINVAL);
	assert_int_equal(set(s, IPPROTO_IP, IP_TTL, 0), -EINVAL);
	assert_int_equal(sock_option_set(s, IPPROTO_IP, IP_TTL, &byte, 1), 0);
	assert_int_equal(set(s, IPPROTO_IP, IP_TOS, 0x10), 0);
	assert_int_equal(set(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
	assert_int_equal(do_send(s, "x", 1, PEER, 9), 1);
	nw_sent_ip(world, 0, peer_mac, &ip);
	assert_int_equal(ip.ttl, 33);
	assert_int_equal(ip.tos, 0x10);
	assert_int_equal(ip.frag, IPV4_FRAG_DF);
	assert_int_equal(get(s, IPPROTO_IP, IP_MTU), -ENOTCONN);
	assert_int_equal(do_connect(s, PEER, 9), 0);
	assert_int_equal(get(s, IPPROTO_IP, IP_MTU), 1500);
	assert_int_equal(set(s, IPPROTO_IP, IP_MTU, 1), -ENOPROTOOPT);
	assert_int_equal(set(s, IPPROTO_IP, 12345, 1), -ENOPROTOOPT);
	assert_int_equal(set(s, IPPROTO_IP, IP_MULTICAST_TTL, 5), 0);
	assert_int_equal(do_send(s, "x", 1, 0xe0000105, 9), 1);
	assert_int_equal(rte_pktmbuf_mtod(world->sent[1], uint8_t *)[ETH_HLEN + 8], 5);
	assert_int_equal(sock_option_set(s, IPPROTO_IP, IP_MTU_DISCOVER, &byte, 2), -EINVAL);
}

/* ---- limits ---- */

static int setup_few(void **state)
{
	struct net_world *world = nw_new();

	world->set.max_sockets = 3;
	nw_start(world);
	*state = world;
	return 0;
}

static void test_sockets_run_out_and_come_back(void **state)
{
	struct net_world *world = *state;
	struct nsk_levels levels = {.udp_sockets = 10};
	struct sock *s = open_socket(world), *t;

	open_socket(world);
	open_socket(world);
	assert_int_equal(udp_create(&world->w, AF_INET, &t), -ENOBUFS);
	udp_levels(&world->w, &levels);
	assert_int_equal(levels.udp_sockets, 13);
	s->ops->close(s);
	open_socket(world);
}

static void test_a_list_in_pages_has_every_bound_socket_once(void **state)
{
	struct net_world *world = *state;
	uint8_t seen[300] = {0};
	struct dgram_row rows[16];
	uint32_t cursor = 0;

	open_socket(world); /* not bound: nobody can tell it from nothing */
	for (unsigned i = 0; i < 300; i++) {
		struct sock *s = bound(world, 0, (uint16_t)(1000 + i));

		if (i % 3 == 0)
			assert_int_equal(do_connect(s, PEER, (uint16_t)(1 + i)), 0);
	}
	while (cursor != UINT32_MAX) {
		unsigned n = udp_list(&world->w, &cursor, rows, 16);

		for (unsigned i = 0; i < n; i++) {
			unsigned k = rows[i].lport - 1000u;

			seen[k]++;
			assert_int_equal(rows[i].fport, k % 3 ? 0 : 1 + k);
			assert_int_equal(rows[i].faddr.family, k % 3 ? 0 : AF_INET);
		}
	}
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(seen[i], 1);
}

static void test_every_failing_allocation_leaves_nothing_behind(void **state)
{
	struct net_world *world = nw_new();
	struct sock *s;
	unsigned n = 1;

	assert_int_equal(net_worker_init(&world->w, &world->snap), 0);
	do {
		world->mem.fail_at = n++;
	} while (udp_worker_init(&world->w) == -ENOMEM);
	assert_true(n > 4);
	world->mem.fail_at = 1;
	assert_int_equal(udp_create(&world->w, AF_INET, &s), -ENOBUFS);
	world->mem.fail_at = 0;
	*state = world;
	nw_teardown(state);
	*state = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST_PEER(test_bind_takes_our_addresses_and_free_ports),
		NW_TEST_PEER(test_a_socket_that_sends_first_gets_a_port_of_the_range),
		NW_TEST_PEER(test_ports_run_out_and_come_back),
		NW_TEST_PEER(test_the_port_of_a_connected_socket_brings_its_flow_home),
		NW_TEST_PEER(test_connect_names_the_peer_and_unspec_takes_it_back),
		NW_TEST_PEER(test_shutdown_ends_either_direction),
		NW_TEST_PEER(test_shutdown_without_a_peer_is_refused_and_wakes),
		NW_TEST_PEER(
			test_a_refused_port_is_told_once_to_the_connected_socket_RFC1122_4_1_3_3),
		NW_TEST_PEER(test_an_error_between_parts_waits_for_the_next_datagram),
		NW_TEST_PEER(test_a_path_stays_narrow_for_ten_minutes_RFC1191_6_3),
		NW_TEST_PEER(test_a_socket_without_a_peer_learns_how_narrow_a_path_is),
		NW_TEST_PEER(test_a_too_big_message_never_widens_a_path_RFC1191_3),
		NW_TEST_PEER(test_a_silent_next_hop_is_host_unreachable),
		NW_TEST_PEER(test_options_are_kept_and_take_effect),
		cmocka_unit_test_setup_teardown(test_sockets_run_out_and_come_back, setup_few,
						nw_teardown),
		NW_TEST_PEER(test_a_list_in_pages_has_every_bound_socket_once),
		cmocka_unit_test(test_every_failing_allocation_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
