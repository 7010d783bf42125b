/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What passes over a world's wire: every frame hashed, every TCP segment written down, before the
 * wire's faults. For tests that look at the packets themselves.
 */
#ifndef NSK_TESTS_SIM_TRACE_H
#define NSK_TESTS_SIM_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "sim/world.h"
#include "wire/arp.h"
#include "wire/tcp.h"
#include "wire/tcp_opts.h"

/* Direction of a segment: who sent it. */
#define FROM_A 0
#define FROM_B 1

struct segment {
	uint64_t now_ns;
	unsigned from; /* FROM_A, FROM_B */
	uint16_t sport, dport;
	uint16_t flags; /* TCP_SYN … */
	uint16_t wnd;	/* as on the wire */
	uint16_t urgent;
	uint32_t seq, ack;
	uint32_t len; /* payload */
	uint8_t ttl;
	uint8_t tos;
	struct tcp_opts opts;
};

struct trace {
	struct world *world;
	uint64_t hash; /* of all frames, their times and directions */
	uint64_t frames;
	uint64_t arps;
	uint8_t mac[2][6]; /* of both ends */
	bool deaf;	   /* what enters the wire now is nobody's */
	bool cookies;	   /* a server may answer SYNs with cookies */
	size_t count, room;
	struct segment *segment;
};

/* Watches the wire of a world until trace_end(). */
void trace_start(struct trace *trace, struct world *world);
void trace_end(struct trace *trace);
/* Forgets the segments so far. */
void trace_clear(struct trace *trace);

/* Segments of a direction with exactly these of the bits SYN, FIN and RST, and len > 0 if PSH is
 * among the flags; ACK is not looked at. */
size_t trace_count(const struct trace *trace, unsigned from, uint16_t flags);
/* The n-th (from 0) of them; fails the test if there is none. */
const struct segment *trace_nth(const struct trace *trace, unsigned from, uint16_t flags, size_t n);

/*
 * What no segment of any connection may break: nobody sends beyond the window that the peer has
 * offered, or more than the peer's MSS; no offered window is taken back (RFC 9293 §3.8.6); no ACK
 * goes backwards or beyond what was sent; options agree with the handshake. Fails the test at the
 * first that does. The trace must hold the connections from their SYNs on.
 */
void trace_audit(const struct trace *trace);

/* Decodes an IPv4 TCP packet; false if it is none. */
bool segment_parse(struct segment *s, const uint8_t *packet, size_t len);

#endif
