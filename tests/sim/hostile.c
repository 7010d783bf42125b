/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a hostile peer sends: segments at random in every state, octets so scattered that each costs
 * a buffer, ICMP errors that quote what was never sent. Nothing may crash, leak, or hold more
 * memory than its bounds say; what was acknowledged never changes. CVE-2018-5390, RFC 5961, RFC
 * 5927.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "sim/peer.h"
#include "tcp/rcvbuf.h"
#include "tcp/tcp_worker.h"
#include "tcp/urgent.h"
#include "tcpalg/reasm.h"

static struct peer peer;
static struct talk t;

static void begin(const char *const *settings)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, settings);
}

static struct tcp_worker *tcp(void)
{
	return world_worker(&peer.world, 0)->tcp;
}

static void finish(void)
{
	if (t.fd >= 0)
		nsk_close(t.fd);
	if (t.listener >= 0)
		nsk_close(t.listener);
	peer_run(&peer, 2 * HOUR);
	assert_int_equal(tcp()->snd_mem.used, 0);
	assert_int_equal(tcp()->rcv_mem.used, 0);
	assert_int_equal(tcp()->exts.in_use, 0);
	peer_finish(&peer, 0);
}

static struct tcp_conn *conn(void)
{
	return talk_conn(&t);
}

/* The octet of the peer's stream with this sequence number. */
static uint8_t octet(uint32_t seq)
{
	return (uint8_t)(seq * 2654435761u >> 24);
}

static size_t fill(uint8_t *data, uint32_t seq, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = octet(seq + (uint32_t)i);
	return len;
}

/* ---- segments at random -------------------------------------------------------------------- */

struct storm {
	struct rng rng;
	uint32_t first;	   /* number of the first octet of the stream */
	uint32_t read;	   /* octets read so far, or passed over */
	bool in_line;	   /* SO_OOBINLINE */
	uint32_t una, nxt; /* of the stack, when it was seen last */
};

/* A number that is likely to hit an edge. */
static uint32_t near(struct rng *rng, uint32_t a, uint32_t b, uint32_t wnd)
{
	static const int32_t off[] = {-2, -1, 0, 1, 2, 100, 1460, 5000, 20000};

	switch (rng_below(rng, 6)) {
	case 0:
		return a + wnd + (uint32_t)off[rng_below(rng, 5)];
	case 1:
		return rng_u32(rng);
	case 2:
		return b + (uint32_t)off[rng_below(rng, 9)];
	default:
		return a + (uint32_t)off[rng_below(rng, 9)];
	}
}

/* Flags of all kinds, most of them those of data. */
static uint16_t any_flags(struct rng *rng, bool gentle)
{
	if (gentle || rng_below(rng, 4))
		return TCP_ACK | (rng_below(rng, 2) ? TCP_PSH : 0) |
		       (rng_below(rng, 8) ? 0 : TCP_URG) | (rng_below(rng, 400) ? 0 : TCP_FIN);
	return (uint16_t)(rng_u32(rng) & 0xfff & ~(rng_below(rng, 20) ? TCP_RST : 0));
}

static void throw_segment(struct storm *s, const struct tcp_conn *c, bool gentle)
{
	static uint8_t data[1460], opts[40];
	uint32_t wnd = c ? conn_rcv_wnd(c) : 65535;
	uint32_t rcv_nxt = c ? c->rcv_nxt : t.seq;
	struct tcp_spec spec = {
		.sport = t.port,
		.dport = t.stack_port,
		.flags = any_flags(&s->rng, gentle),
		.seq = near(&s->rng, rcv_nxt, s->first, wnd),
		.ack = near(&s->rng, s->nxt, s->una, 0),
		.wnd = (uint16_t)(rng_below(&s->rng, 3) ? 65535 : rng_u32(&s->rng)),
		.zero_wnd = rng_below(&s->rng, 30) == 0,
		.urgent = (uint16_t)(rng_below(&s->rng, 3) ? rng_below(&s->rng, 3000)
							   : rng_u32(&s->rng)),
		.data = data,
		.len = rng_below(&s->rng, 3) ? rng_below(&s->rng, 1400) : rng_below(&s->rng, 3),
	};

	fill(data, spec.seq, spec.len);
	if (rng_below(&s->rng, 5) == 0) {
		rng_fill(&s->rng, opts, sizeof(opts));
		spec.opts = opts;
		spec.opts_len = 4 * rng_below(&s->rng, 11);
		if (rng_below(&s->rng, 2)) /* a SACK block that might be believed */
			memcpy(opts, (uint8_t[]){1, 1, 5, 10}, 4);
	}
	peer_tcp(&peer, &spec);
}

/* Out of line an urgent octet is not among what is read next, nor is one that nobody fetched before
 * the next one became urgent. */
static void pass_over(struct storm *s)
{
	const struct tcp_conn *c = conn();
	uint32_t next;

	if (s->in_line || !c)
		return;
	next = urgent_unread(c) + urgent_is_next(c) - s->first;
	assert_true(next >= s->read);
	s->read = next;
}

/* What the application does meanwhile. Each octet comes once, in order, unaltered. */
static void application(struct storm *s)
{
	static uint8_t data[20000];
	ssize_t n;

	if (t.fd < 0)
		return;
	switch (rng_below(&s->rng, 12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		pass_over(s);
		n = nsk_recv(t.fd, data, 1 + rng_below(&s->rng, 5000), 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(data[i], octet(s->first + s->read++));
		break;
	case 4:
	case 5:
		nsk_send(t.fd, data, rng_below(&s->rng, sizeof(data)),
			 MSG_DONTWAIT | (rng_below(&s->rng, 3) ? 0 : MSG_OOB));
		break;
	case 6:
		if (rng_below(&s->rng, 60) == 0)
			nsk_shutdown(t.fd, (int)rng_below(&s->rng, 3));
		break;
	case 7:
		if (rng_below(&s->rng, 200) == 0) {
			nsk_close(t.fd);
			t.fd = -1;
		}
		break;
	case 8:
		if (conn() && nsk_recv(t.fd, data, 1, MSG_OOB) == 1)
			assert_int_equal(data[0], octet(conn()->ext->urgent.rcv_up));
		break;
	default:
		break;
	}
}

/* RFC 9293 §3.3.1 figures 2 and 3, and what the memory of both queues may be. */
static void check_invariants(struct storm *s)
{
	const struct tcp_conn *c = conn();

	if (!c)
		return;
	s->una = c->snd_una;
	s->nxt = c->snd_nxt;
	assert_true(seq_leq(c->snd_una, c->snd_nxt));
	assert_true(seq_leq(c->snd_nxt, c->snd_end + 1));
	assert_true(seq_leq(c->rcv_nxt, c->win.rcv_adv + 1));
	assert_true(rcvq_mem(c) <= 2 * c->rcv.limit + 4096);
	assert_true(c->rcv.bytes <= c->rcv.limit);
	assert_true(c->cc.cwnd >= c->cc.smss);
}

static void storm_of(uint64_t seed, bool gentle)
{
	static const uint8_t sack_ts[] = {4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 3, 3, 2, 0};
	static const uint8_t sack[] = {4, 2, 1, 1};
	struct storm s = {0};

	begin(NULL);
	rng_seed(&s.rng, seed);
	world_repeat("NSK_SEED=%llu", (unsigned long long)seed);
	switch (seed % 3) {
	case 0:
		talk_connect(&t, &peer, 5000, -1, NULL, 0);
		break;
	case 1:
		talk_connect(&t, &peer, 5000, -1, sack, sizeof(sack));
		break;
	default:
		talk_connect(&t, &peer, 5000, -1, sack_ts, sizeof(sack_ts));
	}
	s.first = t.seq;
	s.in_line = seed & 1;
	nsk_setsockopt(t.fd, SOL_SOCKET, SO_OOBINLINE, &(int){s.in_line}, sizeof(int));
	for (unsigned i = 0; i < 3000; i++) {
		check_invariants(&s);
		throw_segment(&s, conn(), gentle);
		application(&s);
		if (rng_below(&s.rng, 4) == 0)
			peer_run(&peer, rng_below(&s.rng, 300) * MS);
		peer_forget(&peer);
	}
	check_invariants(&s);
	finish();
}

static void segments_at_random_break_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++)
		storm_of(seed, false);
}

static void data_at_random_places_arrives_once_and_unaltered(void **state)
{
	(void)state;
	for (uint64_t seed = 1001; seed <= 1030; seed++)
		storm_of(seed, true);
}

/* ---- scattered octets ---------------------------------------------------------------------- */

/* CVE-2018-5390: single octets with gaps between, as many as the window takes. */
static void scattered_octets_hold_no_more_than_twice_the_receive_buffer(void **state)
{
	uint32_t most = 0;
	uint8_t b;

	(void)state;
	begin(NULL);
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
	for (uint32_t i = 1; i < 60000; i += 2) {
		b = octet(t.seq + i);
		talk_send_at(&t, TCP_ACK, t.seq + i, t.ack, &b, 1);
		most = NSK_MAX(most, rcvq_mem(conn()));
		peer_forget(&peer);
	}
	assert_in_range(most, 1, 2 * conn()->rcv.limit);
	assert_true(world_drops(&peer.world, 0, NSK_DROP_TCP_OOO_FULL) > 0);
	/* Honest data still gets through. */
	b = octet(t.seq);
	talk_send_at(&t, TCP_ACK, t.seq, t.ack, &b, 1);
	assert_int_equal(nsk_recv(t.fd, (char[8]){0}, 8, 0), 2);
	talk_send_at(&t, TCP_RST, conn()->rcv_nxt, 0, NULL, 0);
	finish();
}

/* The same in order: a reader that never reads gets its buffer's octets, not a buffer for each. */
static void single_octets_in_order_hold_no_more_than_twice_the_receive_buffer(void **state)
{
	uint32_t most = 0;
	uint8_t b;

	(void)state;
	begin(NULL);
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
	for (uint32_t i = 0; i < 60000; i++) {
		b = octet(t.seq);
		talk_send(&t, TCP_ACK, &b, 1);
		most = NSK_MAX(most, rcvq_mem(conn()));
		peer_forget(&peer);
	}
	assert_int_equal(conn()->rcv.bytes, 60000);
	assert_in_range(most, 60000, 2 * conn()->rcv.limit);
	talk_send_at(&t, TCP_RST, t.seq, 0, NULL, 0);
	finish();
}

/* Segments of a size that suits the buffers worst: just too long to be copied behind others. */
static void segments_of_257_octets_hold_no_more_than_twice_the_receive_buffer(void **state)
{
	static uint8_t data[257], got[65000];
	uint32_t first, n = 0, most = 0;

	(void)state;
	begin(NULL);
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
	first = t.seq;
	for (; n + sizeof(data) <= sizeof(got); n += sizeof(data)) {
		fill(data, t.seq, sizeof(data));
		talk_send(&t, TCP_ACK, data, sizeof(data));
		most = NSK_MAX(most, rcvq_mem(conn()));
		peer_forget(&peer);
	}
	assert_in_range(most, n, 2 * conn()->rcv.limit);
	world_recv(&peer.world, t.fd, got, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(got[i], octet(first + i));
	talk_send_at(&t, TCP_RST, t.seq, 0, NULL, 0);
	finish();
}

/* ---- what was there first stays ------------------------------------------------------------ */

static void overlapping_data_does_not_change_what_was_received_first(void **state)
{
	char got[16];

	(void)state;
	begin(NULL);
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
	talk_send_at(&t, TCP_ACK, t.seq + 4, t.ack, "EFGH", 4);
	talk_send_at(&t, TCP_ACK, t.seq + 2, t.ack, "cdefghij", 8);
	talk_send_at(&t, TCP_ACK, t.seq, t.ack, "abxxyy", 6);
	assert_int_equal(nsk_recv(t.fd, got, sizeof(got), 0), 8);
	assert_memory_equal(got, "abcdEFGH", 8);
	talk_send_at(&t, TCP_RST, t.seq + 8, 0, NULL, 0);
	finish();
}

/* ---- ICMP ---------------------------------------------------------------------------------- */

/* An ICMP error that quotes a segment of the stack. */
static void icmp_error(uint8_t type, uint8_t code, uint32_t rest, uint16_t sport, uint16_t dport,
		       uint32_t seq)
{
	uint8_t quote[IPV4_HLEN + 8], f[PEER_FRAME_MAX];
	struct ipv4_view ip = {
		.src = HOST_A,
		.dst = HOST_B,
		.total_len = 1500,
		.frag = IPV4_FRAG_DF,
		.ttl = 60,
		.proto = IP_PROTO_TCP,
	};
	struct ip_spec spec = {0};

	ipv4_write(quote, &ip);
	ipv4_set_checksum(quote, IPV4_HLEN);
	store_be16(quote + IPV4_HLEN, sport);
	store_be16(quote + IPV4_HLEN + 2, dport);
	store_be32(quote + IPV4_HLEN + 4, seq);
	peer_input(&peer, f, frame_icmp(f, &spec, type, code, rest, quote, sizeof(quote)));
	peer_settle(&peer);
}

static void icmp_error_ends_an_open_only_with_the_sequence_of_its_syn_rfc5927_4_1(void **state)
{
	struct segment syn;

	(void)state;
	begin(NULL);
	t = (struct talk){.fd = world_connect(&peer.world, 0, "10.0.0.2", 80), .listener = -1};
	peer_settle(&peer);
	syn = peer_segment(&peer);
	icmp_error(ICMP_UNREACHABLE, ICMP_UNREACH_PORT, 0, syn.sport, 80, syn.seq + 7);
	icmp_error(ICMP_UNREACHABLE, ICMP_UNREACH_PORT, 0, syn.sport, 81, syn.seq);
	assert_int_equal(world_state(&peer.world, 0, syn.sport), TCPS_SYN_SENT);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_ICMP_BAD_QUOTE), 2);
	/* Host unreachable is soft: the next SYN may get through. */
	icmp_error(ICMP_UNREACHABLE, ICMP_UNREACH_HOST, 0, syn.sport, 80, syn.seq);
	assert_int_equal(world_state(&peer.world, 0, syn.sport), TCPS_SYN_SENT);
	icmp_error(ICMP_UNREACHABLE, ICMP_UNREACH_PORT, 0, syn.sport, 80, syn.seq);
	assert_int_equal(world_state(&peer.world, 0, syn.sport), TCPS_CLOSED);
	assert_int_equal(world_sock_error(t.fd), ECONNREFUSED);
	finish();
}

static void hard_icmp_errors_are_soft_once_synchronised_rfc5927_5_2(void **state)
{
	(void)state;
	begin(NULL);
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
	world_send(&peer.world, t.fd, "data", 4);
	peer_settle(&peer);
	icmp_error(ICMP_UNREACHABLE, ICMP_UNREACH_PORT, 0, 7, 5000, t.ack);
	icmp_error(ICMP_UNREACHABLE, ICMP_UNREACH_PROTO, 0, 7, 5000, t.ack);
	assert_int_equal(world_state(&peer.world, 0, 7), TCPS_ESTABLISHED);
	talk_send_at(&t, TCP_RST, t.seq, 0, NULL, 0);
	finish();
}

static void smaller_path_mtu_resends_in_smaller_segments_rfc1191_6_5(void **state)
{
	static const uint8_t mss[] = {2, 4, 5, 0xb4};
	static uint8_t data[1460];
	struct segment s;

	(void)state;
	begin(NULL);
	talk_connect(&t, &peer, 5000, -1, mss, sizeof(mss));
	world_send(&peer.world, t.fd, data, sizeof(data));
	peer_settle(&peer);
	s = peer_segment(&peer);
	assert_int_equal(s.len, 1460);
	icmp_error(ICMP_UNREACHABLE, ICMP_UNREACH_NEEDFRAG, 1000, 7, 5000, s.seq + 100000);
	peer_expect_silence(&peer); /* nothing in flight has this number */
	icmp_error(ICMP_UNREACHABLE, ICMP_UNREACH_NEEDFRAG, 1000, 7, 5000, s.seq);
	s = peer_segment(&peer);
	assert_int_equal(s.seq, t.ack);
	assert_int_equal(s.len, 960);
	/* Below the floor it is held at the floor. */
	icmp_error(ICMP_UNREACHABLE, ICMP_UNREACH_NEEDFRAG, 68, 7, 5000, s.seq);
	assert_int_equal(conn()->cc.smss, 552 - 40);
	talk_send_at(&t, TCP_RST, t.seq, 0, NULL, 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(segments_at_random_break_nothing),
		world_test(data_at_random_places_arrives_once_and_unaltered),
		world_test(scattered_octets_hold_no_more_than_twice_the_receive_buffer),
		world_test(single_octets_in_order_hold_no_more_than_twice_the_receive_buffer),
		world_test(segments_of_257_octets_hold_no_more_than_twice_the_receive_buffer),
		world_test(overlapping_data_does_not_change_what_was_received_first),
		world_test(icmp_error_ends_an_open_only_with_the_sequence_of_its_syn_rfc5927_4_1),
		world_test(hard_icmp_errors_are_soft_once_synchronised_rfc5927_5_2),
		world_test(smaller_path_mtu_resends_in_smaller_segments_rfc1191_6_5),
	};

	return world_main(tests);
}
