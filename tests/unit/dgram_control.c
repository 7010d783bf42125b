/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/udp: control messages, the error queue, many datagrams in one call (UDP_SEGMENT, UDP_GRO). */
#include <netinet/udp.h>
#include <sys/time.h>
#include <time.h>

#include <linux/errqueue.h>

#include "udp_world.h"

#define CONTROL 256

/* A message with room for everything. */
struct letter {
	struct msghdr msg;
	struct iovec iov;
	struct sockaddr_in name;
	char data[2048];
	_Alignas(struct cmsghdr) uint8_t control[CONTROL];
};

static struct msghdr *letter_for(struct letter *l)
{
	memset(l, 0, sizeof(*l));
	l->iov = (struct iovec){l->data, sizeof(l->data)};
	l->msg = (struct msghdr){.msg_name = &l->name,
				 .msg_namelen = sizeof(l->name),
				 .msg_iov = &l->iov,
				 .msg_iovlen = 1,
				 .msg_control = l->control,
				 .msg_controllen = sizeof(l->control)};
	return &l->msg;
}

static ssize_t get(struct sock *s, struct letter *l, int flags)
{
	return s->ops->recvmsg(s, letter_for(l), flags);
}

/* The data of the only message of a level and type, which must be of that length; NULL: none. */
static const void *told(struct letter *l, int level, int type, size_t len)
{
	const void *found = NULL;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&l->msg); c; c = CMSG_NXTHDR(&l->msg, c)) {
		if (c->cmsg_level != level || c->cmsg_type != type)
			continue;
		assert_null(found);
		assert_int_equal(c->cmsg_len, CMSG_LEN(len));
		found = CMSG_DATA(c);
	}
	return found;
}

static void set(struct sock *s, int level, int option, int value)
{
	int back = -1;
	socklen_t len = sizeof(back);

	assert_int_equal(sock_option_set(s, level, option, &value, sizeof(value)), 0);
	assert_int_equal(sock_option_get(s, level, option, &back, &len), 0);
	assert_int_equal(back, value);
}

static uint64_t nine_seconds(struct nsk_worker *w)
{
	(void)w;
	return UINT64_C(9000000000);
}

static struct worker_ops clocked;

static int setup(void **state)
{
	struct net_world *world;

	nw_setup_peer(state);
	world = *state;
	clocked = *world->w.ops;
	clocked.since_1970_ns = nine_seconds;
	world->w.ops = &clocked;
	return 0;
}

/* ---- of datagrams that came ------------------------------------------------------------------ */

static void test_what_was_not_asked_for_is_not_told(void **state)
{
	struct sock *s = bound(*state, 0, 7);
	struct letter l;

	arrive(*state, PEER, 9, IF0_ADDR, 7, "x", 1);
	assert_int_equal(get(s, &l, 0), 1);
	assert_int_equal(l.msg.msg_controllen, 0);
	assert_int_equal(l.msg.msg_flags, 0);
}

static void test_ttl_tos_and_addresses_are_told(void **state)
{
	struct sock *s = bound(*state, 0, 7);
	const struct in_pktinfo *info;
	const struct sockaddr_in *dst;
	struct letter l;

	set(s, IPPROTO_IP, IP_RECVTTL, 1);
	set(s, IPPROTO_IP, IP_RECVTOS, 1);
	set(s, IPPROTO_IP, IP_PKTINFO, 1);
	set(s, IPPROTO_IP, IP_RECVORIGDSTADDR, 1);
	arrive(*state, PEER, 9, IF0_ADDR2, 7, "x", 1);
	assert_int_equal(get(s, &l, 0), 1);
	assert_int_equal(*(const int *)told(&l, IPPROTO_IP, IP_TTL, 4), 9);
	assert_int_equal(*(const uint8_t *)told(&l, IPPROTO_IP, IP_TOS, 1), 0x20);
	info = told(&l, IPPROTO_IP, IP_PKTINFO, sizeof(*info));
	assert_int_equal(info->ipi_ifindex, 1);
	assert_int_equal(load_be32(&info->ipi_addr), IF0_ADDR2);
	assert_int_equal(load_be32(&info->ipi_spec_dst), IF0_ADDR2);
	dst = told(&l, IPPROTO_IP, IP_ORIGDSTADDR, sizeof(*dst));
	assert_int_equal(load_be16(&dst->sin_port), 7);
	assert_int_equal(load_be32(&dst->sin_addr), IF0_ADDR2);
	/* A broadcast is answered from the interface's own address. */
	arrive(*state, PEER, 9, IF0_BCAST, 7, "x", 1);
	assert_int_equal(get(s, &l, 0), 1);
	info = told(&l, IPPROTO_IP, IP_PKTINFO, sizeof(*info));
	assert_int_equal(load_be32(&info->ipi_addr), IF0_BCAST);
	assert_int_equal(load_be32(&info->ipi_spec_dst), IF0_ADDR);
	set(s, IPPROTO_IP, IP_RECVTTL, 0);
	arrive(*state, PEER, 9, IF0_ADDR2, 7, "x", 1);
	assert_int_equal(get(s, &l, 0), 1);
	assert_null(told(&l, IPPROTO_IP, IP_TTL, 4));
}

static void test_the_time_is_that_of_arrival(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	const struct timespec *ts;
	const struct timeval *tv;
	uint64_t came = world->w.now_ns + 9 * UINT64_C(1000000000);
	struct letter l;
	int on;
	socklen_t len = sizeof(on);

	set(s, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	nw_pass(world, 5);
	assert_int_equal(get(s, &l, 0), 1);
	ts = told(&l, SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(*ts));
	assert_int_equal((uint64_t)ts->tv_sec * UINT64_C(1000000000) + (uint64_t)ts->tv_nsec, came);
	set(s, SOL_SOCKET, SO_TIMESTAMP, 1); /* one or the other */
	assert_int_equal(sock_option_get(s, SOL_SOCKET, SO_TIMESTAMPNS, &on, &len), 0);
	assert_int_equal(on, 0);
	arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	assert_int_equal(get(s, &l, 0), 1);
	assert_null(told(&l, SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(*ts)));
	tv = told(&l, SOL_SOCKET, SCM_TIMESTAMP, sizeof(*tv));
	assert_int_equal(tv->tv_sec, (came + 5000000) / UINT64_C(1000000000));
	assert_int_equal(tv->tv_usec, (came + 5000000) / 1000 % 1000000);
}

/* A buffer by reference has what recvmsg() tells of one that is copied, but for the payload. */
static void test_a_buffer_has_its_letter(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(*state, 0, 7);
	struct letter copied, taken;
	struct rte_mbuf *m;

	set(s, IPPROTO_IP, IP_PKTINFO, 1);
	set(s, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	for (int i = 0; i < 2; i++)
		arrive(*state, PEER, 4321, IF0_ADDR2, 7, "same", 4);
	assert_int_equal(get(s, &copied, 0), 4);
	assert_int_equal(s->ops->zc_recv(s, &m, 1), 1);
	world->w.now_ns += 12345; /* it was asked later */
	s->ops->zc_msg(s, m, letter_for(&taken));
	assert_int_equal(taken.name.sin_port, WIRE_BE16(4321));
	assert_memory_equal(&taken.name, &copied.name, sizeof(taken.name));
	assert_int_equal(taken.msg.msg_namelen, copied.msg.msg_namelen);
	assert_true(taken.msg.msg_controllen > CMSG_SPACE(sizeof(struct timespec)));
	assert_int_equal(taken.msg.msg_controllen, copied.msg.msg_controllen);
	assert_memory_equal(taken.control, copied.control, taken.msg.msg_controllen);
	assert_int_equal(taken.msg.msg_flags, 0);
	pkt_free(m);
}

static void test_overflows_are_counted_for_the_socket(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	int least = 1;
	struct letter l;

	set(s, SOL_SOCKET, SO_RXQ_OVFL, 1);
	assert_int_equal(sock_option_set(s, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	for (unsigned i = 0; i < 5; i++)
		arrive(world, PEER, 9, IF0_ADDR, 7, "x", 1);
	nw_assert_drops(world, NSK_DROP_UDP_RCVBUF_FULL, 4);
	assert_int_equal(get(s, &l, 0), 1);
	assert_int_equal(*(const uint32_t *)told(&l, SOL_SOCKET, SO_RXQ_OVFL, 4), 4);
}

static void test_what_does_not_fit_the_control_buffer_is_cut_and_said(void **state)
{
	struct sock *s = bound(*state, 0, 7);
	struct letter l;

	set(s, IPPROTO_IP, IP_RECVTTL, 1);
	set(s, IPPROTO_IP, IP_RECVTOS, 1);
	for (size_t room = 0; room < CMSG_SPACE(4) + CMSG_LEN(1); room++) {
		arrive(*state, PEER, 9, IF0_ADDR, 7, "x", 1);
		letter_for(&l);
		l.msg.msg_controllen = room;
		memset(l.control + room, 0xee, 8);
		assert_int_equal(s->ops->recvmsg(s, &l.msg, 0), 1);
		assert_int_equal(l.msg.msg_flags, MSG_CTRUNC);
		assert_true(l.msg.msg_controllen <= room);
		assert_memory_equal(l.control + room, "\xee\xee\xee\xee\xee\xee\xee\xee", 8);
	}
	arrive(*state, PEER, 9, IF0_ADDR, 7, "x", 1);
	letter_for(&l);
	l.msg.msg_controllen = CMSG_SPACE(4) + CMSG_LEN(1);
	assert_int_equal(s->ops->recvmsg(s, &l.msg, 0), 1);
	assert_int_equal(l.msg.msg_flags, 0);
}

/* ---- of datagrams that go -------------------------------------------------------------------- */

static void add(struct letter *l, int level, int type, const void *data, size_t len)
{
	struct cmsghdr c = {.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
	uint8_t *to = l->control + l->msg.msg_controllen;

	memcpy(to, &c, sizeof(c));
	memcpy(CMSG_DATA((struct cmsghdr *)to), data, len);
	l->msg.msg_controllen += CMSG_SPACE(len);
}

static struct letter *letter_to(struct letter *l, uint32_t addr, const void *data, size_t len)
{
	letter_for(l);
	memcpy(l->data, data, len);
	l->iov.iov_len = len;
	l->name = name(addr, 9);
	l->msg.msg_controllen = 0;
	return l;
}

static ssize_t put(struct sock *s, struct letter *l)
{
	ssize_t n = s->ops->sendmsg(s, &l->msg, 0);

	net_tx_flush(s->worker);
	return n;
}

static void test_one_datagram_may_have_a_ttl_tos_and_source_of_its_own(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	int ttl = 3, tos = 0x48;
	struct in_pktinfo info = {.ipi_ifindex = 1};
	struct ipv4_view ip;
	struct letter l;

	store_be32(&info.ipi_spec_dst, IF0_ADDR2);
	letter_to(&l, PEER, "x", 1);
	add(&l, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	add(&l, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	add(&l, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	add(&l, IPPROTO_TCP, 1, &tos, sizeof(tos)); /* not ours to read */
	assert_int_equal(put(s, &l), 1);
	nw_sent_ip(world, 0, peer_mac, &ip);
	assert_int_equal(ip.ttl, 3);
	assert_int_equal(ip.tos, 0x48);
	assert_int_equal(ip.src, IF0_ADDR2);
	/* The next one is as the socket says. */
	assert_int_equal(put(s, letter_to(&l, PEER, "x", 1)), 1);
	nw_sent_ip(world, 1, peer_mac, &ip);
	assert_int_equal(ip.ttl, 64);
	assert_int_equal(ip.tos, 0);
	assert_int_equal(ip.src, IF0_ADDR);
}

static ssize_t put_with(struct sock *s, int level, int type, const void *data, size_t len)
{
	struct letter l;

	letter_to(&l, PEER, "x", 1);
	add(&l, level, type, data, len);
	return put(s, &l);
}

static void test_control_messages_without_sense_are_refused(void **state)
{
	struct sock *s = bound(*state, 0, 7);
	int zero = 0, large = 256, minus = -1;
	struct in_pktinfo info = {.ipi_ifindex = 0};
	struct cmsghdr lie = {.cmsg_len = CMSG_LEN(100), .cmsg_level = IPPROTO_IP};
	struct letter l;

	assert_int_equal(put_with(s, IPPROTO_IP, IP_TTL, &zero, 4), -EINVAL);
	assert_int_equal(put_with(s, IPPROTO_IP, IP_TTL, &large, 4), -EINVAL);
	assert_int_equal(put_with(s, IPPROTO_IP, IP_TTL, &large, 3), -EINVAL);
	assert_int_equal(put_with(s, IPPROTO_IP, IP_TOS, &minus, 4), -EINVAL);
	assert_int_equal(put_with(s, IPPROTO_IP, IP_RECVERR, &zero, 4), -EINVAL);
	assert_int_equal(put_with(s, SOL_SOCKET, SCM_TIMESTAMP, &zero, 4), -EINVAL);
	assert_int_equal(put_with(s, SOL_UDP, UDP_GRO, &zero, 4), -EINVAL);
	assert_int_equal(put_with(s, SOL_UDP, UDP_SEGMENT, &zero, 4), -EINVAL);
	assert_int_equal(put_with(s, IPPROTO_IP, IP_PKTINFO, &info, 3), -EINVAL);
	store_be32(&info.ipi_spec_dst, PEER); /* not ours */
	assert_int_equal(put_with(s, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)), -ENETUNREACH);
	info = (struct in_pktinfo){.ipi_ifindex = 77};
	assert_int_equal(put_with(s, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)), -ENODEV);
	info = (struct in_pktinfo){.ipi_ifindex = 2};
	assert_int_equal(put_with(s, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)), -ENETUNREACH);
	letter_to(&l, PEER, "x", 1);
	memcpy(l.control, &lie, sizeof(lie));
	l.msg.msg_controllen = sizeof(lie);
	assert_int_equal(put(s, &l), -EINVAL);
	assert_int_equal(((struct net_world *)*state)->nsent, 0);
	assert_int_equal(put_with(s, SOL_SOCKET, SCM_RIGHTS, &zero, 4), 1); /* as Linux */
}

/* ---- many at once ---------------------------------------------------------------------------- */

static void test_a_call_is_cut_into_datagrams(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	uint16_t four = 4;
	struct letter l;

	set(s, SOL_UDP, UDP_SEGMENT, 4);
	assert_int_equal(put(s, letter_to(&l, PEER, "abcdefghij", 10)), 10);
	assert_int_equal(world->nsent, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct ipv4_view ip;
		const uint8_t *p = nw_sent_ip(world, i, peer_mac, &ip);
		size_t len = i < 2 ? 4 : 2;

		assert_int_equal(ip.total_len, IPV4_HLEN + UDP_HLEN + len);
		assert_memory_equal(p + UDP_HLEN, &"abcdefghij"[4 * i], len);
	}
	set(s, SOL_UDP, UDP_SEGMENT, 0);
	letter_to(&l, PEER, "abcdefghij", 10);
	add(&l, SOL_UDP, UDP_SEGMENT, &four, sizeof(four));
	assert_int_equal(put(s, &l), 10);
	assert_int_equal(world->nsent, 6);
	assert_int_equal(put(s, letter_to(&l, PEER, "abcdefghij", 10)), 10);
	assert_int_equal(world->nsent, 7);
}

static void test_segments_have_limits(void **state)
{
	static const char zeros[1600];
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	struct letter l;
	int bad = -1;

	assert_int_equal(sock_option_set(s, SOL_UDP, UDP_SEGMENT, &bad, sizeof(bad)), -EINVAL);
	set(s, SOL_UDP, UDP_SEGMENT, 1);
	assert_int_equal(put(s, letter_to(&l, PEER, zeros, 129)), -EINVAL);
	assert_int_equal(put(s, letter_to(&l, PEER, zeros, 128)), 128);
	assert_int_equal(world->nsent, 128);
	set(s, SOL_UDP, UDP_SEGMENT, 1500);
	assert_int_equal(put(s, letter_to(&l, PEER, zeros, 1600)), -EINVAL);
	assert_int_equal(put(s, letter_to(&l, PEER, zeros, 100)), 100);
}

static void test_datagrams_of_a_flow_are_given_as_one(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	struct letter l;

	set(s, SOL_UDP, UDP_GRO, 1);
	arrive(world, PEER, 9, IF0_ADDR, 7, "abcd", 4);
	arrive(world, PEER, 9, IF0_ADDR, 7, "efgh", 4);
	arrive(world, PEER, 9, IF0_ADDR, 7, "ij", 2); /* shorter: the last */
	arrive(world, PEER, 9, IF0_ADDR, 7, "kl", 2);
	arrive(world, PEER, 10, IF0_ADDR, 7, "mn", 2);	/* another flow */
	arrive(world, PEER, 10, IF0_ADDR, 7, "opq", 3); /* longer */
	arrive(world, PEER, 10, IF0_ADDR, 7, "", 0);
	assert_int_equal(get(s, &l, MSG_PEEK), 10);
	assert_int_equal(get(s, &l, 0), 10);
	assert_memory_equal(l.data, "abcdefghij", 10);
	assert_int_equal(*(const int *)told(&l, SOL_UDP, UDP_GRO, 4), 4);
	assert_int_equal(l.msg.msg_flags, 0);
	assert_int_equal(get(s, &l, 0), 2);
	assert_int_equal(l.msg.msg_controllen, 0);
	assert_int_equal(get(s, &l, 0), 2);
	assert_int_equal(load_be16(&l.name.sin_port), 10);
	assert_int_equal(get(s, &l, 0), 3);
	assert_int_equal(get(s, &l, 0), 0);
	assert_int_equal(get(s, &l, 0), -EAGAIN);
}

/* Nothing is lost for want of room: what does not fit comes with the next call. */
static void test_a_run_is_as_long_as_there_is_room(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	struct letter l;

	set(s, SOL_UDP, UDP_GRO, 1);
	for (unsigned i = 0; i < 3; i++)
		arrive(world, PEER, 9, IF0_ADDR, 7, "abcd", 4);
	letter_for(&l);
	l.iov.iov_len = 9;
	assert_int_equal(s->ops->recvmsg(s, &l.msg, 0), 8);
	letter_for(&l);
	l.iov.iov_len = 3; /* not even for one: cut, as ever */
	assert_int_equal(s->ops->recvmsg(s, &l.msg, MSG_TRUNC), 4);
	assert_int_equal(l.msg.msg_flags, MSG_TRUNC);
}

/* ---- the error queue ------------------------------------------------------------------------- */

static void unreachable(struct net_world *world, uint16_t dport, uint8_t code, uint16_t mtu)
{
	uint8_t msg[8 + 28 + 3], udp[8 + 3];

	icmp_write(msg, &(struct icmp_view){.type = 3, .code = code, .rest = mtu});
	udp_write(udp, 7, dport, sizeof(udp));
	memcpy(udp + 8, "abc", 3);
	nw_ipv4(msg + 8, IF0_ADDR, FAR, IP_PROTO_UDP, udp, sizeof(udp));
	icmp_set_checksum(msg, sizeof(msg));
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, msg, sizeof(msg));
}

struct told_error {
	struct sock_extended_err err;
	struct sockaddr_in offender;
};

static void test_errors_are_queued_with_what_they_are_about(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, IF0_ADDR, 7); /* not connected */
	const struct told_error *e;
	struct letter l;

	unreachable(world, 9, ICMP_UNREACH_PORT, 0);
	assert_int_equal(s->ready & EPOLLERR, 0); /* it could not tell which peer is meant */
	set(s, IPPROTO_IP, IP_RECVERR, 1);
	unreachable(world, 9, ICMP_UNREACH_PORT, 0);
	unreachable(world, 10, ICMP_UNREACH_HOST, 0);
	assert_int_equal(get(s, &l, 0), -EHOSTUNREACH); /* the last one, told once */
	assert_int_equal(s->ready & EPOLLERR, EPOLLERR);
	assert_int_equal(get(s, &l, MSG_ERRQUEUE), 3);
	assert_memory_equal(l.data, "abc", 3);
	assert_int_equal(l.msg.msg_flags, MSG_ERRQUEUE);
	assert_int_equal(load_be16(&l.name.sin_port), 9);
	assert_int_equal(load_be32(&l.name.sin_addr), FAR);
	e = told(&l, IPPROTO_IP, IP_RECVERR, sizeof(*e));
	assert_int_equal(e->err.ee_errno, ECONNREFUSED);
	assert_int_equal(e->err.ee_origin, SO_EE_ORIGIN_ICMP);
	assert_int_equal(e->err.ee_type, 3);
	assert_int_equal(e->err.ee_code, 3);
	assert_int_equal(load_be32(&e->offender.sin_addr), PEER);
	assert_int_equal(s->err, EHOSTUNREACH); /* the next one's */
	letter_for(&l);
	l.iov.iov_len = 2;
	assert_int_equal(s->ops->recvmsg(s, &l.msg, MSG_ERRQUEUE), 2);
	assert_int_equal(l.msg.msg_flags, MSG_ERRQUEUE | MSG_TRUNC);
	assert_int_equal(s->err, 0);
	assert_int_equal(s->ready & EPOLLERR, 0);
	assert_int_equal(get(s, &l, MSG_ERRQUEUE), -EAGAIN);
}

static void test_a_datagram_that_is_too_long_is_told_with_the_mtu(void **state)
{
	static const char zeros[1600];
	struct sock *s = bound(*state, 0, 7);
	const struct told_error *e;
	struct letter l;

	set(s, IPPROTO_IP, IP_RECVERR, 1);
	set(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	assert_int_equal(put(s, letter_to(&l, PEER, zeros, 1473)), -EMSGSIZE);
	assert_int_equal(s->ready & EPOLLERR, EPOLLERR);
	assert_int_equal(get(s, &l, 0), -EAGAIN);
	assert_int_equal(get(s, &l, MSG_ERRQUEUE), 0);
	e = told(&l, IPPROTO_IP, IP_RECVERR, sizeof(*e));
	assert_int_equal(e->err.ee_errno, EMSGSIZE);
	assert_int_equal(e->err.ee_origin, SO_EE_ORIGIN_LOCAL);
	assert_int_equal(e->err.ee_info, 1500);
	assert_int_equal(e->offender.sin_family, 0);
	assert_int_equal(s->ready & EPOLLERR, 0);
}

static void test_the_error_queue_is_bounded_and_goes_with_the_option(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, IF0_ADDR, 7);
	struct letter l;

	set(s, IPPROTO_IP, IP_RECVERR, 1);
	for (unsigned i = 0; i < 100; i++)
		unreachable(world, 9, ICMP_UNREACH_PORT, 0);
	assert_int_equal(world->w.cnt[NSK_CNT_SOCK_ERRORS_LOST], 100 - 32);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(get(s, &l, MSG_ERRQUEUE), 3);
	assert_int_equal(get(s, &l, MSG_ERRQUEUE), -EAGAIN);
	unreachable(world, 9, ICMP_UNREACH_PORT, 0);
	set(s, IPPROTO_IP, IP_RECVERR, 0);
	assert_int_equal(get(s, &l, MSG_ERRQUEUE), -EAGAIN);
	set(s, IPPROTO_IP, IP_RECVERR, 1);
	unreachable(world, 9, ICMP_UNREACH_PORT, 0); /* freed with the socket */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, nw_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_what_was_not_asked_for_is_not_told),
		T(test_ttl_tos_and_addresses_are_told),
		T(test_the_time_is_that_of_arrival),
		T(test_a_buffer_has_its_letter),
		T(test_overflows_are_counted_for_the_socket),
		T(test_what_does_not_fit_the_control_buffer_is_cut_and_said),
		T(test_one_datagram_may_have_a_ttl_tos_and_source_of_its_own),
		T(test_control_messages_without_sense_are_refused),
		T(test_a_call_is_cut_into_datagrams),
		T(test_segments_have_limits),
		T(test_datagrams_of_a_flow_are_given_as_one),
		T(test_a_run_is_as_long_as_there_is_room),
		T(test_errors_are_queued_with_what_they_are_about),
		T(test_a_datagram_that_is_too_long_is_told_with_the_mtu),
		T(test_the_error_queue_is_bounded_and_goes_with_the_option),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
