/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links that go down and come back, for 1 ms to 60 s, with data in flight both ways: connections
 * survive, and go on within the timeout that has grown meanwhile (RFC 9293 section 3.8.3). Behind
 * the link that comes back may be somebody with another link address, or a narrower path.
 */
#include <netinet/tcp.h>

#include "sim/pair.h"
#include "sim/peer.h"

#define DELAY	 (20 * MS)
#define RATE_BPS 10000000
#define PORT	 7
#define OCTETS	 400000

static const uint64_t away_ns[] = {MS, 100 * MS, SEC, 10 * SEC, 60 * SEC};

static struct world world;
static struct trace trace;

/* ---- transfers ----------------------------------------------------------------------------- */

/* One direction of the connection. */
static struct way {
	int from, to;
	size_t sent, got;
} way[2];
static uint8_t data[OCTETS], got[2][OCTETS];

static void set_wire(uint32_t mtu)
{
	for (unsigned d = 0; d < 2; d++) {
		const struct nsk_wire_params dir = {
			.seed = d, .delay_ns = DELAY, .rate_bps = RATE_BPS, .mtu = mtu};

		assert_int_equal(nsk_wire_set(world.wire, d, &dir), 0);
	}
}

/* Moves what can be moved now in the directions of a mask; true when all of it has arrived. */
static bool pump(unsigned ways)
{
	bool all = true;

	for (unsigned d = 0; d < 2; d++) {
		struct way *w = &way[d];
		ssize_t n = 1;

		if (!(ways >> d & 1))
			continue;
		while (n > 0 && w->sent < OCTETS) {
			n = nsk_send(w->from, data + w->sent, OCTETS - w->sent, 0);
			w->sent += n > 0 ? (size_t)n : 0;
		}
		while ((n = nsk_recv(w->to, got[d] + w->got, OCTETS - w->got, 0)) > 0)
			w->got += (size_t)n;
		all = all && w->got == OCTETS;
	}
	return all;
}

static void carry(unsigned ways, uint64_t ns)
{
	for (uint64_t end = world.now_ns + ns; !pump(ways) && world.now_ns < end;)
		world_step(&world, end);
}

/* Until each of the directions has got on; the time that it took. */
static uint64_t stood_for(unsigned ways)
{
	size_t before[2] = {way[0].got, way[1].got};
	uint64_t start = world.now_ns;

	do {
		carry(ways, MS);
	} while (((ways & 1) && way[0].got == before[0]) ||
		 ((ways & 2) && way[1].got == before[1]));
	return world.now_ns - start;
}

static int listener;

static void begin(uint64_t seed, const char *const *settings)
{
	int fd[2];

	world_pair(&world, &(struct world_params){.seed = seed, .settings = settings});
	set_wire(0);
	trace_start(&trace, &world);
	world_connected(&world, PORT, &listener, fd);
	way[0] = (struct way){.from = fd[0], .to = fd[1]};
	way[1] = (struct way){.from = fd[1], .to = fd[0]};
	world_fill(data, OCTETS, 0, seed);
}

static void finish(unsigned ways)
{
	carry(ways, 10 * MINUTE);
	for (unsigned d = 0; d < 2; d++)
		if (ways >> d & 1)
			assert_memory_equal(got[d], data, OCTETS);
	trace_audit(&trace);
	trace_end(&trace);
	pair_close(&world, listener, (int[2]){way[0].from, way[0].to});
	pair_finish(&world);
}

static uint64_t cut(unsigned direction)
{
	struct nsk_wire_stats stats;

	nsk_wire_stats(world.wire, direction, &stats);
	return stats.cut;
}

static void connections_survive_with_data_in_flight_either_way(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(away_ns); i++) {
		for (unsigned ways = 1; ways <= 3; ways++) {
			begin(1, NULL);
			carry(ways, 150 * MS);
			nsk_wire_link(world.wire, false);
			carry(ways, away_ns[i]);
			nsk_wire_link(world.wire, true);
			/* A timeout has at most doubled since the link went down. */
			assert_in_range(stood_for(ways), 0, away_ns[i] + SEC);
			for (unsigned d = 0; d < 2; d++)
				assert_true(cut(d) > 0);
			finish(ways);
		}
	}
}

/* 2,000 times, for 1 ms: what gets through between is enough. */
static void a_link_that_flutters_ends_no_connection(void **state)
{
	(void)state;
	begin(2, NULL);
	for (unsigned i = 0; i < 2000; i++) {
		nsk_wire_link(world.wire, false);
		carry(3, MS);
		nsk_wire_link(world.wire, true);
		carry(3, 49 * MS);
	}
	finish(3);
}

/* The link comes back on a narrower path, which says nothing: RFC 4821 finds out. */
static void new_segments_fit_the_path_that_comes_back_rfc4821(void **state)
{
	static const char *const settings[] = {"tcp.mtu_probing=1", NULL};

	(void)state;
	for (unsigned i = 1; i < 4; i++) {
		struct nsk_wire_stats before, after;

		begin(3, settings);
		carry(3, 150 * MS);
		nsk_wire_link(world.wire, false);
		carry(3, away_ns[i]);
		set_wire(1280);
		nsk_wire_link(world.wire, true);
		carry(3, 10 * MINUTE);
		nsk_wire_stats(world.wire, 0, &before);
		way[0].sent = way[0].got = way[1].sent = way[1].got = 0;
		carry(3, 10 * MINUTE);
		nsk_wire_stats(world.wire, 0, &after);
		assert_int_equal(after.too_long, before.too_long);
		finish(3);
	}
}

/* ---- another link address ------------------------------------------------------------------ */

static const uint8_t new_mac[6] = {2, 0, 0, 0, 0, 0x77};
static struct peer peer;
static struct talk t;

/* What the stack sends within so long: ARP is answered for the new address, and once it is known
 * segments must go there; how many there were. */
static unsigned segments_to_the_new_one(uint64_t ns)
{
	bool known = false;
	unsigned n = 0;

	for (uint64_t end = peer.world.now_ns + ns; peer.world.now_ns < end;) {
		const struct kept_frame *k;

		peer_run(&peer, 10 * MS);
		while ((k = peer_take(&peer)) != NULL) {
			bool arp = load_be16(k->data + 12) == ETH_TYPE_ARP;

			if (arp && memcmp(k->data, bcast_mac, 6) == 0 &&
			    load_be32(k->data + ETH_HLEN + 24) == HOST_B) {
				peer_arp(&peer, ARP_OP_REPLY, new_mac, HOST_B, HOST_A);
				known = true;
			} else if (!arp) {
				assert_memory_equal(k->data, known ? new_mac : peer_mac, 6);
				n += known;
			}
		}
	}
	return n;
}

static void segments_go_to_the_address_that_comes_back(void **state)
{
	(void)state;
	for (unsigned i = 1; i < NSK_ARRAY_LEN(away_ns); i++) {
		memset(&peer, 0, sizeof(peer));
		peer_start(&peer, NULL);
		talk_connect(&t, &peer, 7, -1, NULL, 0);
		talk_write(&t, "hello", 5);
		talk_expect(&t, TCP_ACK);
		peer.no_arp = true;
		nsk_callback_link(peer.port, false);
		peer_run(&peer, away_ns[i]);
		nsk_callback_link(peer.port, true);
		assert_true(segments_to_the_new_one(away_ns[i] + 2 * SEC) > 0);
		talk_end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(connections_survive_with_data_in_flight_either_way),
		world_test(a_link_that_flutters_ends_no_connection),
		world_test(new_segments_fit_the_path_that_comes_back_rfc4821),
		world_test(segments_go_to_the_address_that_comes_back),
	};

	return world_main(tests);
}
