/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/udp: who receives (udp_input.c, udp_table.c), reception (udp_recv.c), transmission
 * (udp_send.c). */
#include "udp_world.h"

/* ---- who receives ---- */

static void test_connected_before_bound_before_any(void **state)
{
	struct net_world *world = *state;
	struct sock *any = bound(world, 0, 53), *specific, *connected;
	char buf[8];
	int one = 1;

	assert_int_equal(sock_option_set(any, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	specific = open_socket(world);
	sock_option_set(specific, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(do_bind(specific, IF0_ADDR, 53), 0);
	connected = open_socket(world);
	sock_option_set(connected, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
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

#define SHARERS 4
#define FLOWS	400

/* Which of the sockets hears each flow; every datagram is heard by one. */
static void who_hears(struct net_world *world, struct sock *sharer[SHARERS], uint8_t who[FLOWS])
{
	char buf[4];

	for (unsigned flow = 0; flow < FLOWS; flow++) {
		unsigned heard = 0;

		arrive(world, PEER, (uint16_t)(2000 + flow), IF0_ADDR, 53, "x", 1);
		for (uint8_t i = 0; i < SHARERS; i++) {
			if (sharer[i] && do_recv(sharer[i], buf, 4, 0, NULL) == 1) {
				who[flow] = i;
				heard++;
			}
		}
		assert_int_equal(heard, 1);
	}
}

/* SO_REUSEPORT: about as many for each, and the flows of those who stay are not moved when one
 * goes, or comes. */
static void test_sockets_that_share_a_port_share_its_flows(void **state)
{
	struct net_world *world = *state;
	uint8_t all[FLOWS], less[FLOWS], again[FLOWS];
	struct sock *sharer[SHARERS];
	unsigned count[SHARERS] = {0};
	int one = 1;

	for (int i = 0; i < SHARERS; i++) {
		sharer[i] = open_socket(world);
		sock_option_set(sharer[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		assert_int_equal(do_bind(sharer[i], i % 2 ? 0 : IF0_ADDR, 53), 0);
	}
	who_hears(world, sharer, all);
	for (unsigned flow = 0; flow < FLOWS; flow++)
		count[all[flow]]++;
	assert_true(count[0] > FLOWS / 3 && count[2] > FLOWS / 3); /* half less 6 sigma */
	assert_int_equal(count[1] + count[3], 0);		   /* bound to any address */
	who_hears(world, sharer, again);
	assert_memory_equal(all, again, sizeof(all));
	sharer[1]->ops->close(sharer[1]);
	sharer[1] = open_socket(world);
	sock_option_set(sharer[1], SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	assert_int_equal(do_bind(sharer[1], IF0_ADDR, 53), 0);
	who_hears(world, sharer, again);
	for (unsigned flow = 0; flow < FLOWS; flow++)
		assert_true(again[flow] == all[flow] || again[flow] == 1);
	sharer[0]->ops->close(sharer[0]);
	sharer[0] = NULL;
	who_hears(world, sharer, less);
	for (unsigned flow = 0; flow < FLOWS; flow++)
		assert_true(less[flow] == again[flow] || again[flow] == 0);
}

static struct sock *sharing(struct net_world *world, int option)
{
	struct sock *s = open_socket(world);
	int one = 1;

	assert_int_equal(sock_option_set(s, SOL_SOCKET, option, &one, sizeof(one)), 0);
	return s;
}

/* Each datagram to them looks at all of them. */
static void test_so_many_share_a_port_and_no_more(void **state)
{
	struct sock *sharer[UDP_SHARERS_MAX], *s;
	struct net_world *world = *state;
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	for (unsigned i = 0; i < UDP_SHARERS_MAX; i++) {
		sharer[i] = sharing(world, SO_REUSEPORT);
		assert_int_equal(do_bind(sharer[i], 0, 53), 0);
	}
	s = sharing(world, SO_REUSEPORT);
	assert_int_equal(do_bind(s, 0, 53), -ENOBUFS);
	assert_int_equal(do_bind(s, IF0_ADDR, 53), 0); /* another address */
	s = sharing(world, SO_REUSEPORT);
	assert_int_equal(do_bind(s, 0, 53), -ENOBUFS);
	/* One that is connected is found by its peer; it has no way back while its place is taken.
	 */
	assert_int_equal(do_connect(sharer[0], PEER, 9), 0);
	assert_int_equal(sharer[0]->ops->connect(sharer[0], &none, sizeof(none)), 0);
	assert_int_equal(do_connect(sharer[0], PEER, 9), 0);
	assert_int_equal(do_bind(s, 0, 53), 0);
	assert_int_equal(sharer[0]->ops->connect(sharer[0], &none, sizeof(none)), -ENOBUFS);
	assert_int_equal(dgram_of(sharer[0])->lport, 0);
	s->ops->close(s);
	assert_int_equal(do_bind(sharer[0], 0, 53), 0);
}

/* SO_REUSEADDR, whenever it was set and cleared. */
static void test_of_those_that_share_a_port_the_last_one_hears(void **state)
{
	struct net_world *world = *state;
	struct sock *first = bound(world, 0, 53), *last = sharing(world, SO_REUSEADDR);
	int one = 1, zero = 0;
	char buf[4];

	sock_option_set(first, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(do_bind(last, 0, 53), 0);
	for (unsigned round = 0; round < 3; round++) {
		arrive(world, PEER, 9, IF0_ADDR, 53, "x", 1);
		assert_int_equal(do_recv(first, buf, 4, 0, NULL), -EAGAIN);
		assert_int_equal(do_recv(last, buf, 4, 0, NULL), 1);
		if (round == 0)
			sock_option_set(first, SOL_SOCKET, SO_REUSEADDR, &zero, sizeof(zero));
		else
			sock_option_set(last, SOL_SOCKET, SO_REUSEADDR, &zero, sizeof(zero));
	}
	last->ops->close(last);
	arrive(world, PEER, 9, IF0_ADDR, 53, "x", 1);
	assert_int_equal(do_recv(first, buf, 4, 0, NULL), 1);
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

/* ---- reception ---- */

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
	assert_int_equal(do_recv(s, buf, 4, MSG_OOB, NULL), -EAGAIN); /* it means nothing */
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
	room = dgram_of(s)->queued;
	/* One byte costs its buffer: 2,048 bytes and the headroom, at least. */
	assert_in_range(room, 80, 212992 / (2048 + RTE_PKTMBUF_HEADROOM));
	nw_assert_drops(world, NSK_DROP_UDP_RCVBUF_FULL, 200 - room);
	assert_int_equal(do_recv(s, buf, 4, 0, NULL), 1);
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	nw_assert_drops(world, NSK_DROP_UDP_RCVBUF_FULL, 200 - room);
	s->ops->close(s);
	/* However small the buffer, one fits. */
	s = bound(world, 0, 7);
	dgram_of(s)->rcvbuf = 1;
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	assert_int_equal(dgram_of(s)->queued, 1);
	s->ops->close(s);
	assert_int_equal(pkt_pool_free_count(world->w.pool), 1023);
}

static void test_all_sockets_together_hold_an_eighth_of_the_buffers(void **state)
{
	struct net_world *world = *state;
	struct sock *s[2] = {bound(world, 0, 7), bound(world, 0, 8)};
	char byte;

	for (unsigned i = 0; i < 80; i++)
		arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	for (unsigned i = 0; i < 80; i++)
		arrive(world, PEER, 9, IF0_ADDR, 8, "x", 1);
	assert_int_equal(dgram_of(s[0])->queued, 80);
	assert_int_equal(dgram_of(s[1])->queued, 1023 / 8 - 80);
	nw_assert_drops(world, NSK_DROP_UDP_MEM_FULL, 160 - 1023 / 8);
	assert_int_equal(do_recv(s[0], &byte, 1, 0, NULL), 1);
	arrive(world, PEER, 9, IF0_ADDR, 8, "x", 1);
	assert_int_equal(dgram_of(s[1])->queued, 1023 / 8 - 79);
	s[0]->ops->close(s[0]);
	s[1]->ops->close(s[1]);
	assert_int_equal(world->sock.dgram_bytes, 0);
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
	assert_int_equal(dgram_of(s)->queued_bytes, 0);
	pkt_free(bufs[0]);
	pkt_free(bufs[1]);
}

/* ---- transmission ---- */

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

static ssize_t send_part(struct sock *s, const void *data, size_t len, int flags)
{
	struct iovec iov = {(void *)(uintptr_t)data, len};
	ssize_t n = s->ops->sendmsg(s, &(struct msghdr){.msg_iov = &iov, .msg_iovlen = 1}, flags);

	net_tx_flush(&net_world_of(s->worker)->w);
	return n;
}

/* MSG_MORE: a part for which there is no memory ends the datagram, and nothing is left of it. */
static void test_a_datagram_in_parts_needs_memory(void **state)
{
	static const uint8_t data[1472];
	struct net_world *world = *state;
	struct sock *s = bound(world, IF0_ADDR, 7);
	uint64_t live = world->mem.live;
	size_t len;

	assert_int_equal(do_connect(s, PEER, 9), 0);
	for (unsigned n = 1; n <= 2; n++) {
		world->mem.fail_at = n;
		assert_int_equal(send_part(s, data, 1, MSG_MORE), -ENOBUFS);
		assert_int_equal(world->mem.live, live);
	}
	assert_int_equal(send_part(s, data, 1000, MSG_MORE), 1000);
	world->mem.fail_at = 1;
	assert_int_equal(send_part(s, data, 472, 0), -ENOBUFS);
	assert_int_equal(world->mem.live, live);
	assert_int_equal(world->nsent, 0);
	assert_int_equal(send_part(s, data, 1000, MSG_MORE), 1000);
	assert_int_equal(send_part(s, data, 472, 0), 472);
	assert_int_equal(world->mem.live, live);
	assert_int_equal(world->nsent, 1);
	nw_sent(world, 0, &len);
	assert_int_equal(len, ETH_HLEN + 20 + 8 + 1472);
	assert_int_equal(send_part(s, data, 1, MSG_MORE), 1);
	s->ops->close(s);
	assert_true(world->mem.live <= live);
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
	assert_int_equal(do_send(s, data, 65508, PEER, 9), -EMSGSIZE);
	assert_int_equal(do_send(s, data, sizeof(data), PEER, 9), -EMSGSIZE);
	assert_int_equal(do_send(s, "x", 1, 0x7f000001, 9), -ENETUNREACH);
	assert_int_equal(s->ops->sendmsg(s, &msg, 0), -EAFNOSUPPORT);
	msg.msg_namelen = 3;
	assert_int_equal(s->ops->sendmsg(s, &msg, 0), -EINVAL);
	assert_int_equal(do_send(s, "x", 1, IF0_BCAST, 9), -EACCES);
	assert_int_equal(do_send(s, "x", 1, UINT32_MAX, 9), -EACCES);
	assert_int_equal(do_connect(s, IF0_BCAST, 9), -EACCES);
	sock_option_set(s, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	assert_int_equal(do_send(s, "x", 1, IF0_BCAST, 9), 1);
	assert_int_equal(do_send(s, "x", 1, UINT32_MAX, 9), 1);
	world->w.pool->fail_at = 1;
	world->w.pool->fail_every = 1;
	assert_int_equal(do_send(s, "x", 1, PEER, 9), -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST_PEER(test_connected_before_bound_before_any),
		NW_TEST_PEER(test_sockets_that_share_a_port_share_its_flows),
		NW_TEST_PEER(test_so_many_share_a_port_and_no_more),
		NW_TEST_PEER(test_of_those_that_share_a_port_the_last_one_hears),
		NW_TEST_PEER(test_nobody_is_port_unreachable_but_not_to_broadcasts_RFC1122_4_1_3_1),
		NW_TEST_PEER(test_bad_lengths_and_checksums_are_dropped),
		NW_TEST_PEER(test_a_datagram_is_read_once_whole_or_cut),
		NW_TEST_PEER(test_the_receive_buffer_is_charged_by_whole_buffers),
		NW_TEST_PEER(test_all_sockets_together_hold_an_eighth_of_the_buffers),
		NW_TEST_PEER(test_buffers_are_handed_over_whole_in_order),
		NW_TEST_PEER(test_what_is_sent_is_a_sound_datagram_of_any_length_in_any_pieces),
		NW_TEST_PEER(test_a_jumbo_datagram_goes_in_a_chain_if_the_port_takes_chains),
		NW_TEST_PEER(test_the_port_computes_the_checksum_if_it_can),
		NW_TEST_PEER(test_a_datagram_in_parts_needs_memory),
		NW_TEST_PEER(test_refusals_have_their_errno),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
