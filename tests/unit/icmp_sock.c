/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/icmp: who gets which message, what is sent, identifiers, copies for other workers. */
#include <time.h>

#include <linux/errqueue.h>
#include <linux/icmp.h>

#include "dgram_world.h"

static uint16_t id_of(struct sock *s)
{
	return dgram_of(s)->lport;
}

/* An echo message with a payload of 4 bytes; returns its length. */
static size_t echo(uint8_t *p, uint8_t type, uint16_t id, uint16_t seq)
{
	icmp_write(p, &(struct icmp_view){.type = type, .rest = (uint32_t)id << 16 | seq});
	memcpy(p + ICMP_HLEN, "data", 4);
	icmp_set_checksum(p, ICMP_HLEN + 4);
	return ICMP_HLEN + 4;
}

static void arrive(struct net_world *world, uint8_t type, uint16_t id)
{
	uint8_t p[64];

	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, p, echo(p, type, id, 1));
}

static void test_a_reply_goes_to_the_ping_socket_with_its_identifier(void **state)
{
	struct net_world *world = *state;
	struct sock *a = open_dgram(world, icmp_create_ping);
	struct sock *b = open_dgram(world, icmp_create_ping);
	uint8_t p[64];

	assert_int_equal(do_bind(a, 0, 7), 0);
	assert_int_equal(do_bind(b, 0, 8), 0);
	arrive(world, ICMP_ECHO_REPLY, 7);
	arrive(world, ICMP_ECHO_REPLY, 7 + 256); /* the same bucket */
	assert_int_equal(do_recv(a, p, sizeof(p), 0, NULL), 12);
	assert_int_equal(p[0], ICMP_ECHO_REPLY);
	assert_memory_equal(p + ICMP_HLEN, "data", 4);
	assert_int_equal(do_recv(a, p, sizeof(p), 0, NULL), -EAGAIN);
	assert_int_equal(do_recv(b, p, sizeof(p), 0, NULL), -EAGAIN);
	nw_assert_drops(world, NSK_DROP_ICMP_UNKNOWN_TYPE, 1);
}

static void test_a_raw_socket_gets_every_message_with_its_header(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_raw);
	struct ipv4_view ip = {0};
	uint8_t p[64];

	arrive(world, ICMP_ECHO_REPLY, 7);
	arrive(world, ICMP_ECHO, 9);
	assert_int_equal(do_recv(s, p, sizeof(p), 0, NULL), IPV4_HLEN + 12);
	assert_int_equal(ipv4_parse(p, sizeof(p), IPV4_HLEN + 12, 0, &ip), 0);
	assert_int_equal(ip.src, PEER);
	assert_int_equal(ip.ttl, 9);
	assert_int_equal(p[IPV4_HLEN], ICMP_ECHO_REPLY);
	/* A request as it came, and it is answered all the same. */
	assert_int_equal(do_recv(s, p, sizeof(p), 0, NULL), IPV4_HLEN + 12);
	assert_int_equal(p[IPV4_HLEN], ICMP_ECHO);
	assert_int_equal(world->nsent, 1);
	assert_int_equal(*nw_sent_ip(world, 0, peer_mac, &ip), ICMP_ECHO_REPLY);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_IN], 2);
}

static void test_what_a_filter_keeps_out_is_the_stacks_alone(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_raw);
	struct icmp_filter filter = {.data = 1 << ICMP_ECHO_REPLY};
	uint8_t p[64] = {33}; /* a type beyond the filter's bits */

	assert_int_equal(sock_option_set(s, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)), 0);
	arrive(world, ICMP_ECHO_REPLY, 7);
	assert_int_equal(do_recv(s, p, sizeof(p), 0, NULL), -EAGAIN);
	nw_assert_drops(world, NSK_DROP_ICMP_UNKNOWN_TYPE, 1);
	icmp_set_checksum(p, ICMP_HLEN);
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, p, ICMP_HLEN);
	assert_int_equal(do_recv(s, p, sizeof(p), 0, NULL), IPV4_HLEN + ICMP_HLEN);
}

static void test_broken_messages_come_to_raw_sockets_alone(void **state)
{
	struct net_world *world = *state;
	struct sock *raw = open_dgram(world, icmp_create_raw);
	struct sock *ping = open_dgram(world, icmp_create_ping);
	uint8_t p[64];
	size_t len;

	assert_int_equal(do_bind(ping, 0, 7), 0);
	len = echo(p, ICMP_ECHO_REPLY, 7, 1);
	p[len - 1] ^= 1;
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, p, len);
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, p, 7);
	assert_int_equal(do_recv(raw, p, sizeof(p), 0, NULL), IPV4_HLEN + len);
	assert_int_equal(do_recv(raw, p, sizeof(p), 0, NULL), -EAGAIN);
	assert_int_equal(do_recv(ping, p, sizeof(p), 0, NULL), -EAGAIN);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_CHECKSUM], 1);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_SHORT], 1);
}

static void test_a_full_buffer_is_counted(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_raw);
	int least = 1;

	assert_int_equal(sock_option_set(s, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	for (unsigned i = 0; i < 3; i++)
		arrive(world, ICMP_ECHO_REPLY, 7);
	nw_assert_drops(world, NSK_DROP_ICMP_RCVBUF_FULL, 2);
	assert_int_equal(dgram_of(s)->overflows, 2);
}

static void test_a_copy_that_has_no_buffer_is_counted(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_raw);
	struct rte_mbuf *m;
	uint8_t p[64], frame[128];
	size_t len =
		nw_ipv4(frame, PEER, IF0_ADDR, IP_PROTO_ICMP, p, echo(p, ICMP_ECHO_REPLY, 7, 1));

	m = nw_buffer(world, frame, len);
	pkt_pool_withhold(world->w.pool);
	ip_input(&world->w, &world->ifc[0], m);
	pkt_pool_release(world->w.pool);
	assert_int_equal(do_recv(s, p, sizeof(p), 0, NULL), -EAGAIN);
	nw_assert_drops(world, NSK_DROP_RX_NO_BUFFER, 1);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void test_a_request_gets_its_identifier_and_checksum(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_ping);
	uint8_t p[1480] = {ICMP_ECHO, 0, 0xee, 0xee, 0xee, 0xee, 0, 5, 'x'};
	struct icmp_view v;
	struct ipv4_view ip;
	const uint8_t *sent;

	for (size_t len = ICMP_HLEN; len <= sizeof(p); len += 491) {
		assert_int_equal(do_send(s, p, len, PEER, 0), len);
		sent = nw_sent_ip(world, 0, peer_mac, &ip);
		assert_int_equal(ip.total_len, IPV4_HLEN + len);
		assert_int_equal(icmp_parse(sent, len, 0, &v), 0);
		assert_int_equal(icmp_echo_id(&v), id_of(s));
		assert_int_equal(icmp_echo_seq(&v), 5);
		nw_forget_sent(world);
	}
	assert_int_not_equal(id_of(s), 0);
	assert_int_equal(do_send(s, p, 7, PEER, 0), -EINVAL);
	p[1] = 1;
	assert_int_equal(do_send(s, p, 8, PEER, 0), -EINVAL);
	p[0] = ICMP_ECHO_REPLY;
	p[1] = 0;
	assert_int_equal(do_send(s, p, 8, PEER, 0), -EINVAL);
	assert_int_equal(do_send(s, p, 8, 0, 0), -EDESTADDRREQ);
	assert_int_equal(world->nsent, 0);
}

static void test_a_raw_message_leaves_as_it_is(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_raw);
	uint8_t p[1481] = "\x2a\x01\x02\x03whatever";
	int must_not = IP_PMTUDISC_DO;
	struct ipv4_view ip;

	assert_int_equal(do_send(s, p, 12, PEER, 0), 12);
	assert_memory_equal(nw_sent_ip(world, 0, peer_mac, &ip), p, 12);
	assert_int_equal(ip.proto, IP_PROTO_ICMP);
	assert_int_equal(ip.src, IF0_ADDR);
	sock_option_set(s, IPPROTO_IP, IP_MTU_DISCOVER, &must_not, sizeof(must_not));
	assert_int_equal(do_send(s, p, sizeof(p), PEER, 0), -EMSGSIZE);
	assert_int_equal(do_send(s, p, 12, IF0_BCAST, 0), -EACCES);
	assert_int_equal(do_connect(s, PEER, 0), 0);
	assert_int_equal(do_send(s, p, 12, 0, 0), 12);
	assert_int_equal(world->nsent, 2);
}

static void test_a_header_of_the_applications_is_completed_raw7(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_raw);
	uint8_t p[1500] = {0x45, 7, 0xee, 0xee, 0, 0, 0, 0, 33, 253, 0xee, 0xee};
	struct ipv4_view ip;
	int on = 1;

	assert_int_equal(sock_option_set(s, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)), 0);
	store_be32(p + IPV4_DST_OFF, FAR);
	assert_int_equal(do_send(s, p, 24, PEER, 0), 24);
	nw_sent_ip(world, 0, peer_mac, &ip); /* to whom the call says, for whom the header says */
	assert_int_equal(ip.src, IF0_ADDR);
	assert_int_equal(ip.dst, FAR);
	assert_int_equal(ip.proto, 253);
	assert_int_equal(ip.ttl, 33);
	assert_int_equal(ip.tos, 7);
	assert_int_not_equal(ip.id, 0);
	store_be32(p + IPV4_SRC_OFF, 0x01020304);
	store_be16(p + 4, 5);
	assert_int_equal(do_send(s, p, 1500, PEER, 0), 1500);
	nw_sent_ip(world, 1, peer_mac, &ip);
	assert_int_equal(ip.src, 0x01020304);
	assert_int_equal(ip.id, 5);
	assert_int_equal(do_send(s, p, 19, PEER, 0), -EINVAL);
	p[0] = 0x47;
	assert_int_equal(do_send(s, p, 24, PEER, 0), -EINVAL);
	p[0] = 0x44;
	assert_int_equal(do_send(s, p, 24, PEER, 0), -EINVAL);
	p[0] = 0x65;
	assert_int_equal(do_send(s, p, 24, PEER, 0), -EINVAL);
	assert_int_equal(world->nsent, 2);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* The peer's router says that an echo request of ours with this identifier lived too long. */
static void error_about(struct net_world *world, uint16_t id)
{
	uint8_t quote[64], msg[128];
	size_t len = echo(quote, ICMP_ECHO, id, 3);

	icmp_write(msg, &(struct icmp_view){.type = ICMP_TIME_EXCEEDED});
	len = ICMP_HLEN + nw_ipv4(msg + ICMP_HLEN, IF0_ADDR, PEER, IP_PROTO_ICMP, quote, len);
	icmp_set_checksum(msg, len);
	nw_packet(world, PEER + 1, IF0_ADDR, IP_PROTO_ICMP, msg, len);
}

static void test_errors_come_to_the_sender_rfc1122_3_2_2(void **state)
{
	struct net_world *world = *state;
	struct sock *connected = open_dgram(world, icmp_create_ping);
	struct sock *asking = open_dgram(world, icmp_create_ping);
	struct sock *other = open_dgram(world, icmp_create_ping);
	uint8_t control[128], data[64];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct sock_extended_err err;
	int on = 1;

	assert_int_equal(sock_option_set(asking, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	assert_int_equal(do_bind(asking, 0, 8), 0);
	assert_int_equal(do_bind(other, 0, 9), 0);
	assert_int_equal(do_connect(connected, PEER, 0), 0);
	error_about(world, id_of(connected));
	error_about(world, 8);
	assert_int_equal(connected->err, 0); /* it may pass */
	assert_int_equal(asking->err, EHOSTUNREACH);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_RECEIVED], 2);
	error_about(world, 9);
	assert_int_equal(other->err, 0);
	nw_assert_drops(world, NSK_DROP_ICMP_BAD_QUOTE, 1);
	/* With the message that it is about. */
	assert_int_equal(asking->ops->recvmsg(asking, &msg, MSG_ERRQUEUE), 12);
	assert_int_equal(data[0], ICMP_ECHO);
	memcpy(&err, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(err));
	assert_int_equal(err.ee_origin, SO_EE_ORIGIN_ICMP);
	assert_int_equal(err.ee_type, ICMP_TIME_EXCEEDED);
}

static void test_a_ping_socket_without_a_peer_learns_how_narrow_a_path_is(void **state)
{
	uint8_t quote[64], msg[128], ping[1480] = {ICMP_ECHO};
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_ping);
	size_t len = echo(quote, ICMP_ECHO, 9, 3);
	int must_not = IP_PMTUDISC_DO;

	assert_int_equal(do_bind(s, 0, 9), 0);
	sock_option_set(s, IPPROTO_IP, IP_MTU_DISCOVER, &must_not, sizeof(must_not));
	assert_int_equal(do_send(s, ping, 1480, PEER, 0), 1480);
	icmp_write(msg, &(struct icmp_view){.type = ICMP_UNREACHABLE,
					    .code = ICMP_UNREACH_NEEDFRAG,
					    .rest = 1000});
	len = ICMP_HLEN + nw_ipv4(msg + ICMP_HLEN, IF0_ADDR, PEER, IP_PROTO_ICMP, quote, len);
	store_be16(msg + ICMP_HLEN + 2, 1500);
	ipv4_set_checksum(msg + ICMP_HLEN, IPV4_HLEN);
	icmp_set_checksum(msg, len);
	nw_packet(world, PEER + 1, IF0_ADDR, IP_PROTO_ICMP, msg, len);
	assert_int_equal(s->err, 0);
	assert_int_equal(do_send(s, ping, 981, PEER, 0), -EMSGSIZE);
	assert_int_equal(do_send(s, ping, 980, PEER, 0), 980);
	nw_assert_drops(world, NSK_DROP_ICMP_BAD_QUOTE, 1); /* as each error that nobody hears */
}

/* ---- identifiers ----------------------------------------------------------------------------- */

static void test_an_identifier_is_one_sockets_if_it_does_not_share(void **state)
{
	struct net_world *world = *state;
	struct sock *a = open_dgram(world, icmp_create_ping);
	struct sock *b = open_dgram(world, icmp_create_ping);
	int off = 0;

	assert_int_equal(sock_option_set(b, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)), 0);
	assert_int_equal(do_bind(a, 0, 7), 0);
	assert_int_equal(do_bind(b, 0, 7), -EADDRINUSE);
	a->ops->close(a);
	assert_int_equal(do_bind(b, 0, 7), 0);
	b->ops->close(b);
	assert_int_equal(world->with_peers.icmp_users, 0);
}

static void test_workers_choose_different_identifiers(void **state)
{
	struct net_world *world = *state;

	world->w.peers = 4;
	world->w.id = 2;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(do_bind(open_dgram(world, icmp_create_ping), 0, 0), 0);
	for (unsigned i = 0; i < ICMP_BUCKETS; i++)
		if (!list_empty(&world->w.icmp->ping[i]))
			assert_int_equal(i % 4, 2);
}

/* ---- workers --------------------------------------------------------------------------------- */

/* What was handed to the other of two workers is delivered there: the world is that worker now. */
static void go_on(struct net_world *world)
{
	struct rte_mbuf *m = world->steered;

	assert_non_null(m);
	world->steered = NULL;
	world->w.id = !world->w.id;
	ip_deliver(&world->w, m);
	net_tx_flush(&world->w);
	assert_null(world->steered);
}

static void two_workers(struct net_world *world, uint64_t with_sockets)
{
	world->w.peers = 2;
	world->owner = 1;
	world->with_peers.icmp_users = with_sockets;
}

static void test_a_message_goes_round_and_is_answered_at_the_end(void **state)
{
	struct net_world *world = *state;
	struct sock *s;
	uint8_t p[64];

	two_workers(world, 2);
	arrive(world, ICMP_ECHO, 7);
	assert_int_equal(world->nsent, 0);
	s = open_dgram(world, icmp_create_raw);
	world->with_peers.icmp_users = 2;
	go_on(world);
	assert_int_equal(world->nsent, 1);
	assert_int_equal(do_recv(s, p, sizeof(p), 0, NULL), IPV4_HLEN + 12);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_what_nobody_wants_is_counted_at_the_end(void **state)
{
	struct net_world *world = *state;

	two_workers(world, 2);
	arrive(world, ICMP_ECHO_REPLY, 7);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	go_on(world);
	nw_assert_drops(world, NSK_DROP_ICMP_UNKNOWN_TYPE, 1);
}

static void test_what_a_socket_on_the_way_took_is_no_loss_at_the_end(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_raw);
	uint8_t p[64];

	two_workers(world, 3);
	arrive(world, ICMP_ECHO_REPLY, 7);
	assert_int_equal(do_recv(s, p, sizeof(p), 0, NULL), IPV4_HLEN + 12);
	s->ops->close(s);
	go_on(world);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_an_error_reaches_the_sender_on_the_way(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_ping);
	int on = 1;

	assert_int_equal(sock_option_set(s, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	two_workers(world, 2);
	assert_int_equal(do_connect(s, PEER, 0), 0);
	error_about(world, id_of(s));
	assert_int_equal(dgram_of(s)->sock.err, EHOSTUNREACH);
	s->ops->close(s);
	world->with_peers.icmp_users = 2;
	go_on(world);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ERRORS_RECEIVED], 1);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_an_error_about_nobody_is_counted_at_the_end(void **state)
{
	struct net_world *world = *state;
	struct sock *s = open_dgram(world, icmp_create_ping);

	two_workers(world, 2);
	assert_int_equal(do_connect(s, PEER, 0), 0);
	error_about(world, 1); /* not about this one */
	assert_int_equal(dgram_of(s)->sock.err, 0);
	go_on(world);
	nw_assert_drops(world, NSK_DROP_ICMP_BAD_QUOTE, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST_PEER(test_a_reply_goes_to_the_ping_socket_with_its_identifier),
		NW_TEST_PEER(test_a_raw_socket_gets_every_message_with_its_header),
		NW_TEST_PEER(test_what_a_filter_keeps_out_is_the_stacks_alone),
		NW_TEST_PEER(test_broken_messages_come_to_raw_sockets_alone),
		NW_TEST_PEER(test_a_full_buffer_is_counted),
		NW_TEST_PEER(test_a_copy_that_has_no_buffer_is_counted),
		NW_TEST_PEER(test_a_request_gets_its_identifier_and_checksum),
		NW_TEST_PEER(test_a_raw_message_leaves_as_it_is),
		NW_TEST_PEER(test_a_header_of_the_applications_is_completed_raw7),
		NW_TEST_PEER(test_errors_come_to_the_sender_rfc1122_3_2_2),
		NW_TEST_PEER(test_a_ping_socket_without_a_peer_learns_how_narrow_a_path_is),
		NW_TEST_PEER(test_an_identifier_is_one_sockets_if_it_does_not_share),
		NW_TEST_PEER(test_workers_choose_different_identifiers),
		NW_TEST_PEER(test_a_message_goes_round_and_is_answered_at_the_end),
		NW_TEST_PEER(test_what_nobody_wants_is_counted_at_the_end),
		NW_TEST_PEER(test_what_a_socket_on_the_way_took_is_no_loss_at_the_end),
		NW_TEST_PEER(test_an_error_reaches_the_sender_on_the_way),
		NW_TEST_PEER(test_an_error_about_nobody_is_counted_at_the_end),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
