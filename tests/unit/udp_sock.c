/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/udp: sockets, lookup, reception, transmission, errors, options. */
#include "net_world.h"

#include <errno.h>
#include <sys/ioctl.h>

static struct sock *open_socket(struct net_world *world)
{
	struct sock *s;

	assert_int_equal(udp_create(&world->w, &s), 0);
	assert_int_equal(s->ready, EPOLLOUT);
	return s;
}

static struct udp_sock *udp_of(struct sock *s)
{
	return NSK_CONTAINER_OF(s, struct udp_sock, sock);
}

static struct sockaddr_in name(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = WIRE_BE16(port),
				    .sin_addr.s_addr = WIRE_BE32(addr)};
}

static int do_bind(struct sock *s, uint32_t addr, uint16_t port)
{
	struct sockaddr_in sa = name(addr, port);

	return s->ops->bind(s, (struct sockaddr *)&sa, sizeof(sa));
}

static int do_connect(struct sock *s, uint32_t addr, uint16_t port)
{
	struct sockaddr_in sa = name(addr, port);

	return s->ops->connect(s, (struct sockaddr *)&sa, sizeof(sa));
}

static struct sock *bound(struct net_world *world, uint32_t addr, uint16_t port)
{
	struct sock *s = open_socket(world);

	assert_int_equal(do_bind(s, addr, port), 0);
	return s;
}

/* addr 0: to the peer of a connected socket. */
static ssize_t do_send(struct sock *s, const void *data, size_t len, uint32_t addr, uint16_t port)
{
	struct sockaddr_in sa = name(addr, port);
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (addr) {
		msg.msg_name = &sa;
		msg.msg_namelen = sizeof(sa);
	}
	n = s->ops->sendmsg(s, &msg, 0);
	net_tx_flush(&net_world_of(s->worker)->w);
	return n;
}

static ssize_t do_recv(struct sock *s, void *buf, size_t len, int flags, struct msghdr *out)
{
	static struct sockaddr_in from;
	struct iovec iov = {.iov_base = buf, .iov_len = len};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &from,
			     .msg_controllen = 9};
	ssize_t n = s->ops->recvmsg(s, &msg, flags);

	if (out)
		*out = msg;
	return n;
}

/* A datagram with a good checksum. Returns its length. */
static size_t datagram(uint8_t *p, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport,
		       const void *data, size_t len)
{
	uint8_t s[4], d[4];

	store_be32(s, src);
	store_be32(d, dst);
	udp_write(p, sport, dport, (uint16_t)(UDP_HLEN + len));
	memcpy(p + UDP_HLEN, data, len);
	udp_set_checksum(p, UDP_HLEN + len,
			 csum_pseudo4(s, d, IP_PROTO_UDP, (uint16_t)(UDP_HLEN + len)));
	return UDP_HLEN + len;
}

static void arrive(struct net_world *world, uint32_t src, uint16_t sport, uint32_t dst,
		   uint16_t dport, const void *data, size_t len)
{
	uint8_t p[1600];

	len = datagram(p, src, sport, dst, dport, data, len);
	nw_packet(world, src, dst, IP_PROTO_UDP, p, len);
}

static int setup(void **state)
{
	nw_setup(state);
	nw_resolve(*state, PEER, peer_mac);
	return 0;
}

/* ---- who receives -------------------------------------------------------------------------------
 */

static void test_connected_before_bound_before_any(void **state)
{
	struct net_world *world = *state;
	struct sock *any = bound(world, 0, 53), *specific, *connected;
	char buf[8];
	int one = 1;

	assert_int_equal(any->ops->setsockopt(any, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	specific = open_socket(world);
	specific->ops->setsockopt(specific, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(do_bind(specific, IF0_ADDR, 53), 0);
	connected = open_socket(world);
	connected->ops->setsockopt(connected, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(do_bind(connected, IF0_ADDR, 53), 0);
	assert_int_equal(do_connect(connected, PEER, 9), 0);

	arrive(world, PEER, 9, IF0_ADDR, 53, "c", 1);
	arrive(world, PEER, 8, IF0_ADDR, 53, "s", 1);
	arrive(world, FAR, 9, IF0_ADDR, 53, "t", 1);
	arrive(world, PEER, 9, IF0_ADDR2, 53, "a", 1);
	assert_int_equal(do_recv(connected, buf, 8, 0, NULL), 1);
	assert_int_equal(buf[0], 'c');
	assert_int_equal(do_recv(specific, buf, 8, 0, NULL), 1);
	assert_int_equal(do_recv(specific, buf + 1, 7, 0, NULL), 1);
	assert_memory_equal(buf, "st", 2);
	assert_int_equal(do_recv(any, buf, 8, 0, NULL), 1);
	assert_int_equal(buf[0], 'a');
	assert_int_equal(do_recv(any, buf, 8, 0, NULL), -EAGAIN);
	assert_int_equal(world->w.cnt[NSK_CNT_UDP_IN], 4);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_nobody_is_port_unreachable_but_not_to_broadcasts_RFC1122_4_1_3_1(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	struct ipv4_view ip;
	const uint8_t *p;

	arrive(world, PEER, 9, IF0_ADDR, 8, "x", 1);
	p = nw_sent_ip(world, 0, peer_mac, &ip);
	assert_int_equal(p[0], ICMP_UNREACHABLE);
	assert_int_equal(p[1], ICMP_UNREACH_PORT);
	arrive(world, PEER, 9, IF0_BCAST, 8, "x", 1);
	arrive(world, PEER, 9, IF0_ADDR, 0, "x", 1);
	assert_int_equal(world->nsent, 2);
	nw_assert_drops(world, NSK_DROP_UDP_NO_SOCKET, 3);
	arrive(world, PEER, 9, IF0_BCAST, 7, "x", 1);
	assert_int_equal(s->ready & EPOLLIN, EPOLLIN);
}

static void test_bad_lengths_and_checksums_are_dropped(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	uint8_t p[64];
	char buf[64];
	size_t len = datagram(p, PEER, 9, IF0_ADDR, 7, "hello", 5);

	for (size_t n = 0; n < UDP_HLEN; n++)
		nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, p, n);
	nw_assert_drops(world, NSK_DROP_UDP_SHORT, UDP_HLEN);
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, p, len - 1);
	p[5] = 7;
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, p, len);
	assert_int_equal(world->w.drop[NSK_DROP_UDP_LENGTH], 2);
	for (unsigned bit = 0; bit < 8 * (unsigned)len; bit++) {
		datagram(p, PEER, 9, IF0_ADDR, 7, "hello", 5);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit / 8 != 4 && bit / 8 != 5) /* the length is judged first */
			nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, p, len);
	}
	assert_int_equal(world->w.drop[NSK_DROP_UDP_CHECKSUM], 8 * (len - 2));
	assert_int_equal(do_recv(s, buf, 64, 0, NULL), -EAGAIN);
	/* No checksum is none, and what follows the length is no data. RFC 768 */
	datagram(p, PEER, 9, IF0_ADDR, 7, "hello", 5);
	store_be16(p + 6, 0);
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, p, len + 7);
	assert_int_equal(do_recv(s, buf, 64, 0, NULL), 5);
	assert_memory_equal(buf, "hello", 5);
}

/* ---- reception ----------------------------------------------------------------------------------
 */

static void test_a_datagram_is_read_once_whole_or_cut(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	struct msghdr msg;
	struct sockaddr_in *from;
	char buf[16] = {0};
	int n;

	arrive(world, PEER, 4321, IF0_ADDR, 7, "0123456789", 10);
	arrive(world, PEER, 4321, IF0_ADDR, 7, "", 0);
	assert_int_equal(s->ops->ioctl(s, FIONREAD, &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(do_recv(s, buf, 4, MSG_PEEK, &msg), 4);
	assert_int_equal(msg.msg_flags, MSG_TRUNC);
	assert_int_equal(do_recv(s, buf, 4, MSG_TRUNC, &msg), 10);
	assert_int_equal(msg.msg_flags, MSG_TRUNC);
	assert_memory_equal(buf, "0123\0", 5);
	from = msg.msg_name;
	assert_int_equal(msg.msg_namelen, sizeof(*from));
	assert_int_equal(msg.msg_controllen, 0);
	assert_int_equal(from->sin_addr.s_addr, WIRE_BE32(PEER));
	assert_int_equal(from->sin_port, WIRE_BE16(4321));
	assert_int_equal(s->ready & EPOLLIN, EPOLLIN);
	assert_int_equal(do_recv(s, buf, 4, 0, &msg), 0);
	assert_int_equal(msg.msg_flags, 0);
	assert_int_equal(s->ready & EPOLLIN, 0);
	assert_int_equal(do_recv(s, buf, 4, 0, &msg), -EAGAIN);
	assert_int_equal(world->w.cnt[NSK_CNT_PAYLOAD_COPIED_RX], 8);
	assert_int_equal(do_recv(s, buf, 4, MSG_OOB, NULL), -EOPNOTSUPP);
	assert_int_equal(s->ops->ioctl(s, 1, &n), -ENOTTY);
}

static void test_the_receive_buffer_is_charged_by_whole_buffers(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	unsigned room;
	char buf[4];

	for (unsigned i = 0; i < 200; i++)
		arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	room = udp_of(s)->queued;
	/* One byte costs its buffer: 2,048 bytes and the headroom, at least. */
	assert_in_range(room, 80, 212992 / (2048 + RTE_PKTMBUF_HEADROOM));
	nw_assert_drops(world, NSK_DROP_UDP_RCVBUF_FULL, 200 - room);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 1);
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	nw_assert_drops(world, NSK_DROP_UDP_RCVBUF_FULL, 200 - room);
	s->ops->close(s);
	assert_int_equal(pkt_pool_free_count(world->w.pool), 1023);
}

static void test_buffers_are_handed_over_whole_in_order(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	struct rte_mbuf *bufs[4];

	assert_int_equal(s->ops->zc_recv(s, bufs, 4), -EAGAIN);
	arrive(world, PEER, 9, IF0_ADDR, 7, "one", 3);
	arrive(world, PEER, 9, IF0_ADDR, 7, "two", 3);
	assert_int_equal(s->ops->zc_recv(s, bufs, 4), 2);
	assert_int_equal(bufs[1]->pkt_len, 3);
	assert_memory_equal(rte_pktmbuf_mtod(bufs[0], char *), "one", 3);
	assert_memory_equal(rte_pktmbuf_mtod(bufs[1], char *), "two", 3);
	assert_int_equal(udp_of(s)->queued_bytes, 0);
	pkt_free(bufs[0]);
	pkt_free(bufs[1]);
}

/* ---- transmission -------------------------------------------------------------------------------
 */

static void test_what_is_sent_is_a_sound_datagram_of_any_length_in_any_pieces(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, IF0_ADDR, 7);
	struct sockaddr_in sa = name(PEER, 9);
	uint8_t data[1472];
	struct rng rng;

	rng_seed(&rng, 5);
	rng_fill(&rng, data, sizeof(data));
	for (unsigned round = 0; round < 500; round++) {
		size_t len = round == 0 ? sizeof(data) : rng_below(&rng, sizeof(data) + 1);
		size_t a = rng_below(&rng, (uint32_t)len + 1);
		size_t b = a + rng_below(&rng, (uint32_t)(len - a) + 1);
		struct iovec iov[3] = {{data, a}, {data + a, b - a}, {data + b, len - b}};
		struct msghdr msg = {.msg_name = &sa,
				     .msg_namelen = sizeof(sa),
				     .msg_iov = iov,
				     .msg_iovlen = 3};
		struct udp_view v = {0};
		struct ipv4_view ip;
		const uint8_t *p;

		assert_int_equal(s->ops->sendmsg(s, &msg, 0), len);
		net_tx_flush(&world->w);
		p = nw_sent_ip(world, 0, peer_mac, &ip);
		assert_int_equal(ip.src, IF0_ADDR);
		assert_int_equal(udp_parse(p, ipv4_payload_len(&ip), ipv4_payload_len(&ip), &v), 0);
		assert_int_equal(v.len, UDP_HLEN + len);
		assert_int_equal(v.sport, 7);
		assert_int_equal(v.dport, 9);
		assert_true(v.has_checksum);
		assert_true(udp_checksum_ok(
			p, v.len, csum_pseudo4(p - 8, p - 4, IP_PROTO_UDP, v.len), false));
		assert_memory_equal(p + UDP_HLEN, data, len);
		nw_forget_sent(world);
	}
	assert_int_equal(world->w.cnt[NSK_CNT_UDP_OUT], 500);
}

static void test_a_jumbo_datagram_goes_in_a_chain_if_the_port_takes_chains(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	static uint8_t data[8972], got[9100];
	struct rng rng;
	const uint8_t *p;

	rng_seed(&rng, 6);
	rng_fill(&rng, data, sizeof(data));
	world->ifc[0].mtu = 9000;
	assert_int_equal(do_send(s, data, sizeof(data), PEER, 9), sizeof(data));
	assert_int_equal(world->sent[0]->nb_segs, 5);
	assert_int_equal(world->sent[0]->pkt_len, 9000 + ETH_HLEN);
	p = rte_pktmbuf_read(world->sent[0], ETH_HLEN, 9000, got);
	assert_non_null(p);
	assert_memory_equal(p + 28, data, sizeof(data));
	assert_true(udp_checksum_ok(p + 20, 8980, csum_pseudo4(p + 12, p + 16, IP_PROTO_UDP, 8980),
				    false));
	world->ifc[0].tx_offloads = 0;
	assert_int_equal(do_send(s, data, sizeof(data), PEER, 9), -EMSGSIZE);
	assert_int_equal(do_send(s, data, 2048, PEER, 9), 2048);
}

static void test_the_port_computes_the_checksum_if_it_can(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	struct ipv4_view ip;
	const uint8_t *p;
	uint16_t field;

	world->ifc[0].tx_offloads |= PORT_TX_CSUM_L4;
	assert_int_equal(do_send(s, "hello", 5, PEER, 9), 5);
	p = nw_sent_ip(world, 0, peer_mac, &ip);
	memcpy(&field, p + 6, 2);
	assert_int_equal(field, csum_fold(csum_pseudo4(p - 8, p - 4, IP_PROTO_UDP, 13)));
	assert_int_equal(world->sent[0]->ol_flags, RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4);
}

static void test_refusals_have_their_errno(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_socket(world);
	static const uint8_t data[70000];
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = 9};
	struct iovec iov = {.iov_base = NULL, .iov_len = 0};
	struct msghdr msg = {.msg_name = &six, .msg_namelen = sizeof(six), .msg_iov = &iov};
	int one = 1;

	assert_int_equal(do_send(s, "x", 1, 0, 0), -EDESTADDRREQ);
	assert_int_equal(do_send(s, "x", 1, PEER, 0), -EINVAL);
	assert_int_equal(do_send(s, data, 1473, PEER, 9), -EMSGSIZE);
	assert_int_equal(do_send(s, data, sizeof(data), PEER, 9), -EMSGSIZE);
	assert_int_equal(do_send(s, "x", 1, 0x7f000001, 9), -ENETUNREACH);
	assert_int_equal(s->ops->sendmsg(s, &msg, 0), -EAFNOSUPPORT);
	msg.msg_namelen = 3;
	assert_int_equal(s->ops->sendmsg(s, &msg, 0), -EINVAL);
	assert_int_equal(do_send(s, "x", 1, IF0_BCAST, 9), -EACCES);
	assert_int_equal(do_send(s, "x", 1, UINT32_MAX, 9), -EACCES);
	assert_int_equal(do_connect(s, IF0_BCAST, 9), -EACCES);
	s->ops->setsockopt(s, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	assert_int_equal(do_send(s, "x", 1, IF0_BCAST, 9), 1);
	assert_int_equal(do_send(s, "x", 1, UINT32_MAX, 9), 1);
	world->w.pool->fail_at = 1;
	world->w.pool->fail_every = 1;
	assert_int_equal(do_send(s, "x", 1, PEER, 9), -ENOBUFS);
}

/* ---- names --------------------------------------------------------------------------------------
 */

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
	t->ops->setsockopt(t, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	u->ops->setsockopt(u, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	assert_int_equal(do_bind(u, IF0_ADDR, 7), -EADDRINUSE); /* s does not share */
	assert_int_equal(do_bind(u, IF0_ADDR2, 7), 0);
	assert_int_equal(s->ops->getname(s, 0, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(sa.sin_port, WIRE_BE16(7));
	assert_int_equal(sa.sin_addr.s_addr, WIRE_BE32(IF0_ADDR));
	assert_int_equal(s->ops->getname(s, 1, (struct sockaddr *)&sa, &len), -ENOTCONN);
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
	assert_true(ip_addr_is_any(&udp_of(s)->laddr));
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
			assert_int_equal(udp_of(s)->lport & 1, world->w.id);
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
	assert_int_equal(s->ops->getname(s, 1, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(sa.sin_addr.s_addr, WIRE_BE32(PEER));
	assert_int_equal(s->ops->getname(s, 0, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(sa.sin_addr.s_addr, WIRE_BE32(IF0_ADDR));
	arrive(world, PEER, 8, IF0_ADDR, 7, "x", 1);
	nw_assert_drops(world, NSK_DROP_UDP_NO_SOCKET, 1);
	assert_int_equal(do_send(s, "abc", 3, 0, 0), 3);
	assert_int_equal(do_connect(s, FAR, 10), 0); /* another peer */
	arrive(world, FAR, 10, IF0_ADDR, 7, "x", 1);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 1);
	assert_int_equal(s->ops->connect(s, &none, sizeof(none)), 0);
	assert_true(ip_addr_is_any(&udp_of(s)->laddr));
	arrive(world, PEER, 8, IF0_ADDR, 7, "x", 1);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 1);
	/* A port that was chosen for it goes with the connection. */
	assert_int_equal(do_connect(t, PEER, 9), 0);
	assert_int_not_equal(udp_of(t)->lport, 0);
	assert_int_equal(t->ops->connect(t, &none, sizeof(none)), 0);
	assert_int_equal(udp_of(t)->lport, 0);
	assert_int_equal(do_connect(t, 0x7f000001, 9), -ENETUNREACH);
}

static void test_shutdown_ends_either_direction(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	char buf[4];

	assert_int_equal(s->ops->shutdown(s, SHUT_RD), -ENOTCONN);
	assert_int_equal(do_connect(s, PEER, 9), 0);
	assert_int_equal(s->ops->shutdown(s, 3), -EINVAL);
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	assert_int_equal(s->ops->shutdown(s, SHUT_RD), 0);
	assert_int_equal(s->ready & (EPOLLIN | EPOLLRDHUP | EPOLLHUP), EPOLLIN | EPOLLRDHUP);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 1);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 0);
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 0);
	assert_int_equal(do_send(s, "x", 1, 0, 0), 1);
	assert_int_equal(s->ops->shutdown(s, SHUT_WR), 0);
	assert_int_equal(do_send(s, "x", 1, 0, 0), -EPIPE);
	assert_int_equal(s->ready & EPOLLHUP, EPOLLHUP);
}

/* ---- errors -------------------------------------------------------------------------------------
 */

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
			assert_int_equal(s->ops->getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len),
					 0);
			assert_int_equal(err, ECONNREFUSED);
		}
		assert_int_equal(s->ready & EPOLLERR, 0);
		assert_int_equal(do_recv(s, buf, 4, 0, NULL), -EAGAIN);
	}
}

static void test_a_silent_next_hop_is_host_unreachable(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_socket(world);

	assert_int_equal(do_connect(s, PEER + 1, 9), 0);
	assert_int_equal(do_send(s, "x", 1, 0, 0), 1);
	nw_pass(world, 3100);
	assert_int_equal(s->err, EHOSTUNREACH);
	assert_int_equal(do_send(s, "x", 1, 0, 0), -EHOSTUNREACH);
	nw_assert_drops(world, NSK_DROP_ARP_UNRESOLVED, 1);
}

/* ---- options ------------------------------------------------------------------------------------
 */

static int set(struct sock *s, int level, int option, int value)
{
	return s->ops->setsockopt(s, level, option, &value, sizeof(value));
}

static int get(struct sock *s, int level, int option)
{
	int value = -12345;
	socklen_t len = sizeof(value);
	int rc = s->ops->getsockopt(s, level, option, &value, &len);

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
	assert_int_equal(s->ops->setsockopt(s, IPPROTO_IP, IP_TTL, &byte, 1), 0);
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
	assert_int_equal(s->ops->setsockopt(s, IPPROTO_IP, IP_MTU_DISCOVER, &byte, 2), -EINVAL);
}

/* ---- limits -------------------------------------------------------------------------------------
 */

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
	assert_int_equal(udp_create(&world->w, &t), -ENOBUFS);
	udp_levels(&world->w, &levels);
	assert_int_equal(levels.udp_sockets, 13);
	s->ops->close(s);
	open_socket(world);
}

static void test_a_list_in_pages_has_every_bound_socket_once(void **state)
{
	struct net_world *world = *state;
	uint8_t seen[300] = {0};
	struct udp_row rows[16];
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
	assert_int_equal(udp_create(&world->w, &s), -ENOBUFS);
	world->mem.fail_at = 0;
	*state = world;
	nw_teardown(state);
	*state = NULL;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, nw_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_connected_before_bound_before_any),
		TEST(test_nobody_is_port_unreachable_but_not_to_broadcasts_RFC1122_4_1_3_1),
		TEST(test_bad_lengths_and_checksums_are_dropped),
		TEST(test_a_datagram_is_read_once_whole_or_cut),
		TEST(test_the_receive_buffer_is_charged_by_whole_buffers),
		TEST(test_buffers_are_handed_over_whole_in_order),
		TEST(test_what_is_sent_is_a_sound_datagram_of_any_length_in_any_pieces),
		TEST(test_a_jumbo_datagram_goes_in_a_chain_if_the_port_takes_chains),
		TEST(test_the_port_computes_the_checksum_if_it_can),
		TEST(test_refusals_have_their_errno),
		TEST(test_bind_takes_our_addresses_and_free_ports),
		TEST(test_a_socket_that_sends_first_gets_a_port_of_the_range),
		TEST(test_ports_run_out_and_come_back),
		TEST(test_the_port_of_a_connected_socket_brings_its_flow_home),
		TEST(test_connect_names_the_peer_and_unspec_takes_it_back),
		TEST(test_shutdown_ends_either_direction),
		TEST(test_a_refused_port_is_told_once_to_the_connected_socket_RFC1122_4_1_3_3),
		TEST(test_a_silent_next_hop_is_host_unreachable),
		TEST(test_options_are_kept_and_take_effect),
		cmocka_unit_test_setup_teardown(test_sockets_run_out_and_come_back, setup_few,
						nw_teardown),
		TEST(test_a_list_in_pages_has_every_bound_socket_once),
		cmocka_unit_test(test_every_failing_allocation_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
