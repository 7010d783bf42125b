/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams that are longer than the MTU between two hosts: every size, any wire, several workers.
 * RFC 791 §3.2, RFC 1122 §3.3.2, §3.3.3.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include <rte_mbuf.h>

#include <netstk/zerocopy.h>

#include "mbuf/pool.h"
#include "sim/pair.h"
#include "sim/peer.h"
#include "stack/stack.h"
#include "wire/family.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

#define PORT	7
#define LONGEST 65507
#define WORKERS 3

static struct world world;
static uint8_t data[LONGEST + 1], got[LONGEST + 1];

static const char *const large_pool[] = {"pool.buffers=16383", "udp.rcvbuf=8388608", NULL};

static void begin(const struct world_params *params)
{
	world_fill(data, sizeof(data), 0, 1);
	world_pair(&world, params);
	world_settle(&world);
}

static uint64_t counted(unsigned host, enum nsk_counter counter)
{
	return world_counter(&world, host, counter);
}

static uint64_t drops(void)
{
	return world_drops_all(&world, 0) + world_drops_all(&world, 1);
}

/* ---- sizes ---- */

static void expect_size(int a, int b, size_t n)
{
	assert_int_equal(pair_sendto(a, PORT, data + n % 100, n), n);
	world_settle(&world);
	memset(got, 0xee, n + 1 < sizeof(got) ? n + 1 : n);
	assert_int_equal(nsk_recv(b, got, sizeof(got), 0), n);
	assert_memory_equal(got, data + n % 100, n);
}

static void sizes_over_an_mtu(uint32_t mtu, size_t step)
{
	uint64_t before;
	int a, b;

	begin(&(struct world_params){.seed = 1, .mtu = mtu, .settings = large_pool});
	before = drops();
	a = world_udp(&world, 0, "0.0.0.0", 1000);
	b = world_udp(&world, 1, "0.0.0.0", PORT);
	/* The first to a neighbour that nobody knows yet is one of them. */
	for (size_t n = mtu - 27; n < mtu * 3 + 100; n++)
		expect_size(a, b, n);
	for (size_t n = mtu * 3 + 100; n < LONGEST - 100; n += step)
		expect_size(a, b, n);
	expect_size(a, b, LONGEST - 7);
	assert_int_equal(pair_sendto(a, PORT, data, LONGEST + 1), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(counted(0, NSK_CNT_IP_FRAG_OKS), counted(1, NSK_CNT_IP_REASM_OKS));
	assert_int_equal(counted(0, NSK_CNT_IP_FRAG_CREATES), counted(1, NSK_CNT_IP_REASM_REQDS));
	assert_int_equal(drops(), before);
	nsk_close(a);
	nsk_close(b);
	pair_finish(&world);
}

static void datagrams_of_every_size_arrive_whole_rfc1122_3_3_2(void **state)
{
	(void)state;
	sizes_over_an_mtu(1500, 997);
	sizes_over_an_mtu(9000, 997);
	sizes_over_an_mtu(1006, 2999);
}

/* By reference it is a chain, payload only. */
static void a_long_datagram_is_taken_by_reference(void **state)
{
	struct rte_mbuf *buf[2];
	int a, b;

	(void)state;
	begin(&(struct world_params){.seed = 1});
	a = world_udp(&world, 0, "0.0.0.0", 1000);
	b = world_udp(&world, 1, "0.0.0.0", PORT);
	assert_int_equal(pair_sendto(a, PORT, data, 5000), 5000);
	world_settle(&world);
	world_enter(&world, 1);
	assert_int_equal(nsk_zc_recv(b, buf, 2), 1);
	assert_int_equal(buf[0]->pkt_len, 5000);
	assert_int_equal(buf[0]->nb_segs, 4);
	assert_memory_equal(rte_pktmbuf_read(buf[0], 0, 5000, got), data, 5000);
	nsk_zc_free(buf, 1);
	nsk_close(a);
	nsk_close(b);
	pair_finish(&world);
}

/* As far as the shares of a small stack go; the longest one is within them. */
static void a_stack_of_447_buffers_takes_the_longest_datagram(void **state)
{
	int a, b;

	(void)state;
	begin(&(struct world_params){.seed = 1});
	a = world_udp(&world, 0, "0.0.0.0", 1000);
	b = world_udp(&world, 1, "0.0.0.0", PORT);
	pair_acquaint(&world);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(pair_sendto(a, PORT, data, LONGEST), LONGEST);
		world_settle(&world);
		assert_int_equal(nsk_recv(b, got, sizeof(got), 0), LONGEST);
		assert_memory_equal(got, data, LONGEST);
	}
	nsk_close(a);
	nsk_close(b);
	pair_finish(&world);
}

static void a_ping_of_20000_octets_is_answered_rfc1122_3_2_2_6(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(HOST_B)};
	int fd;

	(void)state;
	begin(&(struct world_params){.seed = 1});
	world_enter(&world, 0);
	fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_ICMP);
	memset(data, 0, ICMP_HLEN);
	data[0] = ICMP_ECHO;
	for (size_t n = 1481; n <= 20008; n += 18527) {
		assert_int_equal(nsk_sendto(fd, data, n, 0, (struct sockaddr *)&to, sizeof(to)), n);
		world_settle(&world);
		assert_int_equal(nsk_recv(fd, got, sizeof(got), 0), n);
		assert_int_equal(got[0], ICMP_ECHOREPLY);
		assert_memory_equal(got + ICMP_HLEN, data + ICMP_HLEN, n - ICMP_HLEN);
	}
	assert_int_equal(counted(1, NSK_CNT_IP_REASM_OKS), 2);
	assert_int_equal(counted(1, NSK_CNT_IP_FRAG_OKS), 2);
	nsk_close(fd);
	pair_finish(&world);
}

/* ---- TCP, which we do not fragment and others may ---- */

static struct peer peer;

/* Piece i, of 400 octets, of the packet in a frame. */
static void hand_in_piece(const uint8_t *frame, size_t len, size_t i)
{
	const uint8_t *ip = frame + ETH_HLEN;
	size_t all = len - ETH_HLEN - IPV4_HLEN, off = 400 * i, n = NSK_MIN(all - off, (size_t)400);
	static uint8_t f[PEER_FRAME_MAX];

	assert_true(off < all);
	memcpy(f, frame, ETH_HLEN + IPV4_HLEN);
	memcpy(f + ETH_HLEN + IPV4_HLEN, ip + IPV4_HLEN + off, n);
	store_be16(f + ETH_HLEN + 2, (uint16_t)(IPV4_HLEN + n));
	store_be16(f + ETH_HLEN + 6, (uint16_t)(off / 8 | (off + n < all ? IPV4_FRAG_MF : 0)));
	store_be16(f + ETH_HLEN + 10, 0);
	ipv4_set_checksum(f + ETH_HLEN, IPV4_HLEN);
	peer_input(&peer, f, ETH_HLEN + IPV4_HLEN + n);
	peer_settle(&peer);
}

static void segments_in_fragments_are_segments(void **state)
{
	static const size_t order[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
	static uint8_t frame[PEER_FRAME_MAX];
	struct talk t;

	(void)state;
	world_fill(data, sizeof(data), 0, 1);
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, NULL);
	talk_connect(&t, &peer, PORT, -1, NULL, 0);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(order); i++) {
		size_t len = frame_tcp(frame, &(struct tcp_spec){.sport = t.port,
								 .dport = t.stack_port,
								 .flags = TCP_ACK | TCP_PSH,
								 .seq = t.seq,
								 .ack = t.ack,
								 .data = data + i,
								 .len = 1100});

		for (unsigned k = 0; k < 3; k++)
			hand_in_piece(frame, len, order[i][k]);
		t.seq += 1100;
		assert_int_equal(nsk_recv(t.fd, got, sizeof(got), 0), 1100);
		assert_memory_equal(got, data + i, 1100);
		peer_run(&peer, SEC);
		assert_int_equal(peer_segment(&peer).ack, t.seq);
		peer_forget(&peer);
	}
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_IP_REASM_OKS), 4);
	talk_end(&t);
}

/* ---- wires ---- */

#define COUNT 60

/* Each datagram says which it is, and how long. Returns how many came. */
static unsigned what_came(int b, bool *seen)
{
	unsigned came = 0;
	ssize_t n;

	while ((n = nsk_recv(b, got, sizeof(got), 0)) > 0) {
		uint32_t which = load_be32(got), len = load_be32(got + 4);

		assert_true(which < COUNT);
		assert_int_equal(n, len);
		assert_memory_equal(got + 8, data + which, len - 8);
		came += !seen[which];
		seen[which] = true;
	}
	return came;
}

static unsigned over_a_wire(uint64_t seed, struct nsk_wire_params wire, uint64_t wait)
{
	bool seen[COUNT] = {false};
	unsigned came = 0;
	struct rng rng;
	int a, b;

	wire.delay_ns = 5 * MS;
	begin(&(struct world_params){.seed = seed, .wire = wire, .settings = large_pool});
	rng_seed(&rng, seed);
	a = world_udp(&world, 0, "0.0.0.0", 1000);
	b = world_udp(&world, 1, "0.0.0.0", PORT);
	for (uint32_t i = 0; i < COUNT; i++) {
		static uint8_t p[LONGEST];
		uint32_t len = rng_range(&rng, 1473, 30000);

		store_be32(p, i);
		store_be32(p + 4, len);
		memcpy(p + 8, data + i, len - 8);
		assert_int_equal(pair_sendto(a, PORT, p, len), len);
		world_run(&world, wait, NULL, NULL);
		came += what_came(b, seen);
	}
	world_run(&world, MINUTE, NULL, NULL);
	came += what_came(b, seen);
	nsk_close(a);
	nsk_close(b);
	pair_finish(&world);
	return came;
}

static void order_and_duplicates_do_not_matter(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		assert_int_equal(over_a_wire(seed,
					     (struct nsk_wire_params){.reorder_ppm = 300000,
								      .reorder_ns = 9 * MS,
								      .duplicate_ppm = 200000},
					     10 * MS),
				 COUNT);
}

static void what_arrives_over_a_bad_wire_is_what_was_sent(void **state)
{
	unsigned came = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		came += over_a_wire(seed,
				    (struct nsk_wire_params){.reorder_ppm = 300000,
							     .duplicate_ppm = 50000,
							     .corrupt_ppm = 10000,
							     .loss_ppm = 20000},
				    MS);
	assert_in_range(came, 20 * COUNT / 3, 20 * COUNT - 100);
}

/* RFC 1122 §3.3.2, §3.2.2.4: after 30 seconds the sender hears of it. */
static void the_sender_is_told_of_what_never_became_whole(void **state)
{
	int a, b;

	(void)state;
	begin(&(struct world_params){.seed = 1});
	a = world_udp(&world, 0, "0.0.0.0", 1000);
	b = world_udp(&world, 1, "0.0.0.0", PORT);
	world_setsockopt(a, IPPROTO_IP, IP_RECVERR, 1);
	pair_acquaint(&world);
	/* Of eight datagrams half of the fragments are lost. */
	nsk_wire_set(world.wire, 0, &(struct nsk_wire_params){.loss_ppm = 500000, .seed = 3});
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pair_sendto(a, PORT, data, 2000), 2000);
	world_settle(&world);
	nsk_wire_set(world.wire, 0, &(struct nsk_wire_params){.seed = 3});
	world_run(&world, 29900 * MS, NULL, NULL);
	assert_int_equal(world_sock_error(a), 0);
	world_run(&world, 200 * MS, NULL, NULL);
	assert_int_equal(world_sock_error(a), EHOSTUNREACH);
	assert_true(counted(1, NSK_CNT_IP_REASM_TIMEOUT) > 0);
	assert_int_equal(counted(1, NSK_CNT_IP_REASM_TIMEOUT),
			 world_drops(&world, 1, NSK_DROP_IP_FRAG_TIMEOUT));
	nsk_close(a);
	nsk_close(b);
	pair_finish(&world);
}

/* ---- workers ---- */

static struct nsk_worker *worker(unsigned index)
{
	return &world.host[1]->worker[index]->w;
}

static int udp_on(unsigned index, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(world.host[1], index), 0);
	fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(nsk_detach(), 0);
	return fd;
}

/* A fragment of a UDP datagram from 10.0.0.1:sport that one of the workers receives. */
static void receive(unsigned index, uint16_t id, uint32_t off, size_t len, bool more)
{
	struct nsk_worker *w = worker(index);
	struct rte_mbuf *m = pkt_alloc(w);
	uint8_t *p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(IPV4_HLEN + len));

	ipv4_write(p, &(struct ipv4_view){.src = HOST_A,
					  .dst = HOST_B,
					  .total_len = (uint16_t)(IPV4_HLEN + len),
					  .id = id,
					  .frag = (uint16_t)(off / 8 | (more ? IPV4_FRAG_MF : 0)),
					  .ttl = 64,
					  .proto = IP_PROTO_UDP});
	ipv4_set_checksum(p, IPV4_HLEN);
	memcpy(p + IPV4_HLEN, data + off, len);
	pkt_of(m)->iface = 0;
	pkt_of(m)->flags = 0;
	w->ops->ip_input(w, w->net->snap->iface[0], m);
}

static void fragments_on_the_queues_of_different_workers_meet(void **state)
{
	unsigned on[WORKERS] = {0};
	int fd[WORKERS];
	uint64_t before;

	(void)state;
	begin(&(struct world_params){.seed = 1, .workers = {1, WORKERS}});
	before = drops();
	for (unsigned i = 0; i < WORKERS; i++)
		fd[i] = udp_on(i, PORT);
	for (uint16_t i = 0; i < 300; i++) {
		udp_write(data, (uint16_t)(1000 + i), PORT, 3000); /* no checksum */
		receive(i % WORKERS, i, 0, 1400, true);
		receive((i + 1u) % WORKERS, i, 2400, 600, false);
		receive((i + 2u) % WORKERS, i, 1400, 1000, true);
		world_settle(&world);
		for (unsigned k = 0; k < WORKERS; k++)
			if (nsk_recv(fd[k], got, sizeof(got), 0) == 2992) {
				assert_memory_equal(got, data + UDP_HLEN, 2992);
				on[k]++;
			}
	}
	assert_int_equal(on[0] + on[1] + on[2], 300);
	assert_int_equal(counted(1, NSK_CNT_IP_REASM_OKS), 300);
	assert_int_equal(drops(), before);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_true(on[i] > 30); /* the flows' own workers */
		assert_true(worker(i)->cnt[NSK_CNT_IP_REASM_OKS] > 30);
		nsk_close(fd[i]);
	}
	pair_finish(&world);
}

static void long_datagrams_find_the_worker_of_their_flow(void **state)
{
	int fd[WORKERS], from[24];

	(void)state;
	begin(&(struct world_params){.seed = 1, .workers = {1, WORKERS}, .settings = large_pool});
	for (unsigned i = 0; i < WORKERS; i++)
		fd[i] = udp_on(i, PORT);
	for (uint16_t i = 0; i < 24; i++) {
		unsigned got_small = WORKERS, got_large = WORKERS;

		from[i] = world_udp(&world, 0, "10.0.0.1", (uint16_t)(2000 + i));
		assert_int_equal(pair_sendto(from[i], PORT, data, 10), 10);
		assert_int_equal(pair_sendto(from[i], PORT, data, 40000), 40000);
		world_settle(&world);
		for (unsigned k = 0; k < WORKERS; k++) {
			ssize_t n;

			while ((n = nsk_recv(fd[k], got, sizeof(got), 0)) > 0)
				*(n == 10 ? &got_small : &got_large) = k;
		}
		assert_true(got_small < WORKERS);
		assert_int_equal(got_large, got_small);
		assert_memory_equal(got, data, 10);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		nsk_close(fd[i]);
	for (unsigned i = 0; i < 24; i++)
		nsk_close(from[i]);
	pair_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(datagrams_of_every_size_arrive_whole_rfc1122_3_3_2),
		world_test(a_long_datagram_is_taken_by_reference),
		world_test(a_stack_of_447_buffers_takes_the_longest_datagram),
		world_test(a_ping_of_20000_octets_is_answered_rfc1122_3_2_2_6),
		world_test(segments_in_fragments_are_segments),
		world_test(order_and_duplicates_do_not_matter),
		world_test(what_arrives_over_a_bad_wire_is_what_was_sent),
		world_test(the_sender_is_told_of_what_never_became_whole),
		world_test(fragments_on_the_queues_of_different_workers_meet),
		world_test(long_datagrams_find_the_worker_of_their_flow),
	};

	return world_main(tests);
}
