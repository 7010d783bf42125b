/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections by the million: a stack on a callback port, and a peer that is only arithmetic. All
 * of the peer's addresses and ports follow from a connection's number, all of its sequence numbers
 * from how many requests it has sent.
 */
#ifndef NSK_TESTS_PERF_CROWD_H
#define NSK_TESTS_PERF_CROWD_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/netstk.h>

#include "mbuf/pkt.h"

#define CROWD_WAVE 256 /* connections that come at once */
#define CROWD_MAX  4000000
#define CROWD_PORTS \
	60000u /* of an address of the peer, from 1024 on; each has a listener of its own */
#define CROWD_LISTENERS 70
#define CROWD_PACKET	192
#define CROWD_FIN	0x01
#define CROWD_SYN	0x02
#define CROWD_PSH	0x08
#define CROWD_ACK	0x10

struct crowd {
	struct nsk_stack *stack;
	struct nsk_callback_port *port;
	int listener[CROWD_LISTENERS], epoll;
	uint64_t now_ns;
	bool mute;				       /* the peer says nothing by itself */
	uint32_t *iss;				       /* of the stack, by connection */
	uint8_t answers[4 * CROWD_WAVE][CROWD_PACKET]; /* wait for the turn to end */
	unsigned nanswers, lengths[4 * CROWD_WAVE];
};

/* Prints program and reason, and ends the program. */
void crowd_die(const char *what);

/* A stack that has room for so many connections, with its listeners in an epoll instance. buffers:
 * of its pool. */
void crowd_start(struct crowd *crowd, unsigned connections, unsigned buffers);
void crowd_end(struct crowd *crowd);

/* Turns until nothing is left to do. */
void crowd_settle(struct crowd *crowd);

/* Connections first to last come, are accepted, and watched (or closed); how many were accepted. */
unsigned crowd_come(struct crowd *crowd, unsigned first, unsigned last, bool close);

/* The flow of a connection, as the stack knows it. */
struct flow crowd_flow(unsigned connection);

/* A segment of a connection on its way to the stack: so many octets behind its SYN, payload. */
void crowd_send(struct crowd *crowd, unsigned connection, uint32_t sent, uint32_t received,
		unsigned len);

#endif
