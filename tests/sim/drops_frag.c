/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons of IP fragments; see drops.h. */
#include "sim/drops.h"

#define IP    ETH_HLEN
#define PIECE 64 /* bytes */

static uint8_t f[PEER_FRAME_MAX];
static uint16_t id;
static int fd = -1;

/* Bytes [off, off + len) of a UDP datagram for port 9999. */
static void fragment_of(struct peer *p, uint16_t number, uint8_t tos, uint32_t off, uint32_t len,
			bool more)
{
	static uint8_t datagram[4 * PIECE] = {0, 9, 0x27, 0x0f, 0, 2 * PIECE};
	size_t n = frame_ip(f,
			    &(struct ip_spec){
				    .proto = IP_PROTO_UDP,
				    .tos = tos,
				    .frag = (uint16_t)(off / 8 | (more ? IPV4_FRAG_MF : 0)),
			    },
			    datagram + off % (2 * PIECE), len);

	store_be16(f + IP + 4, number);
	store_be16(f + IP + 10, 0);
	ipv4_set_checksum(f + IP, IPV4_HLEN);
	peer_input(p, f, n);
	peer_settle(p);
}

static void first(struct peer *p)
{
	fragment_of(p, 1, 0, 0, PIECE, true);
}

static void no_multiple_of_8(struct peer *p)
{
	fragment_of(p, 1, 0, 0, PIECE + 1, true);
}

static void beyond_65535(struct peer *p)
{
	fragment_of(p, 1, 0, 65528, PIECE, false);
}

static void two_that_overlap(struct peer *p)
{
	first(p);
	fragment_of(p, 1, 0, 8, PIECE, true);
}

static void as_many_as_are_taken(struct peer *p)
{
	for (uint32_t i = 0; i < 128; i++)
		fragment_of(p, 1, 0, 8 * i, 8, true);
}

static const char *const large_pool[] = {"pool.buffers=16384", NULL};
static const char *const no_memory[] = {"ip.frag_mem=0", NULL};
static const char *const one_between[] = {"ip.frag_max_dist=1", NULL};

static void socket_of_9999(struct peer *p)
{
	fd = world_udp(&p->world, 0, "0.0.0.0", 9999);
}

static void close_fd(struct peer *p)
{
	(void)p;
	nsk_close(fd);
	fd = -1;
}

static void two_of_another_between(struct peer *p)
{
	id++;
	fragment_of(p, id, 0, 0, PIECE, true);
	fragment_of(p, 0, 0, PIECE, PIECE, false);
	fragment_of(p, 0, 0, 0, PIECE, true);
	fragment_of(p, id, 0, PIECE, PIECE, true);
}

static void alone_for_30_seconds(struct peer *p)
{
	fragment_of(p, 1, 0, PIECE, PIECE, false);
	peer_run(p, 31 * SEC);
}

static void marked_and_not_capable(struct peer *p)
{
	fragment_of(p, 1, 0, 0, PIECE, true);
	fragment_of(p, 1, 3, PIECE, PIECE, false);
}

#define CASE(why, fn, ...)                                                        \
	{                                                                         \
		.reason = NSK_DROP_##why, .name = #fn, .provoke = fn, __VA_ARGS__ \
	}

const struct drop_test drops_frag[] = {
	CASE(IP_FRAG_LENGTH, no_multiple_of_8),
	CASE(IP_FRAG_TOO_LONG, beyond_65535),
	CASE(IP_FRAG_OVERLAP, two_that_overlap, .at_once = true, .times = 2),
	CASE(IP_FRAG_OVERLAP, first, .prepare = two_that_overlap),
	CASE(IP_FRAG_DUPLICATE, first, .prepare = first),
	CASE(IP_FRAG_MANY, first, .prepare = as_many_as_are_taken, .settings = large_pool),
	CASE(IP_FRAG_FULL, first, .settings = no_memory),
	CASE(IP_FRAG_STALE, two_of_another_between, .settings = one_between,
	     .prepare = socket_of_9999, .finish = close_fd),
	CASE(IP_FRAG_TIMEOUT, alone_for_30_seconds),
	CASE(IP_FRAG_ECN, marked_and_not_capable, .at_once = true, .times = 2),
};
const unsigned drops_frag_count = NSK_ARRAY_LEN(drops_frag);
