/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hostile host: it has no stack and stands at the end of one link, from which it sends what it
 * likes to the host at the other end, its victim. All of it follows from the seed. It may do
 * anything on connections of its own. In connections of others it is blind: what only luck could
 * send, the right number, it never sends, so that whoever defends himself well loses nothing.
 */
#ifndef NSK_APPS_NSK_SIM_HOSTILE_H
#define NSK_APPS_NSK_SIM_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nsk-sim/packet.h"
#include "nsk-sim/segment.h"
#include "nsk-sim/sim.h"

#define HOSTILE_TALKS 64

/* A connection of its own. */
struct talk {
	bool used, open;
	bool served; /* the victim has connected */
	uint8_t act; /* how it behaves: one of the first acts */
	uint16_t port, victim_port;
	uint32_t isn;
	uint32_t next;	    /* behind what it has sent in order */
	uint32_t seen;	    /* behind the highest octet that came */
	uint32_t acked_own; /* highest acknowledgment that it sent, where it keeps to one */
	uint32_t edge;	    /* of the victim's window */
	uint8_t shift;	    /* of that window */
	unsigned steps;	    /* until it has had enough */
	uint64_t victim_ts; /* latest timestamp that came, + 1; 0: none */
};

struct hostile {
	struct sim *sim;
	const struct sim_hostile *conf;
	struct sim_wire *wire;
	struct sim_stack *victim;
	unsigned end;	   /* of the wire */
	uint32_t own, its; /* addresses */
	uint32_t index;	   /* of the host */
	uint8_t mac[6], its_mac[6];
	bool met; /* knows its_mac */
	bool over;
	uint64_t rng;
	uint16_t next_port;
	struct talk talk[HOSTILE_TALKS];
};

/* Puts every hostile host's deeds on the agenda. */
void hostile_start(struct sim *sim);
/* What has come for it; when the next comes. */
uint64_t hostile_turn(struct sim_stack *h);
/* Ends all deeds. */
void hostile_stop(struct sim *sim);
void hostile_free(struct sim *sim);

/* ---- of the hostile files among themselves ------------------------------------------------- */

uint32_t hostile_random(struct hostile *x, uint32_t below);
/* Sends what stands behind the Ethernet header of frame. */
void hostile_send(struct hostile *x, uint8_t *frame, size_t len, uint16_t type);
/* Sends a segment between these addresses, of which the second is one of the victim's. */
void hostile_tcp(struct hostile *x, uint32_t src, uint32_t dst, const struct packet_tcp *t);
/* A port that some application of the victim listens on. */
uint16_t hostile_listener(struct hostile *x);
/* A connection between the victim and somebody honest, with the victim's side in *side; NULL: none.
 * living: one of which no end has been seen. */
const struct watch_flow *hostile_flow(struct hostile *x, unsigned *side, bool living);
/* Octets behind the fixed headers of a segment that its link takes: options, payload. */
uint32_t hostile_room(const struct hostile *x);
/* How many of len octets of payload its link takes behind the segment's options. */
uint32_t hostile_fit(const struct hostile *x, const struct packet_tcp *p, uint32_t len);
/* Option lists: often good, often malformed; as long as the link takes them. */
uint8_t hostile_options(struct hostile *x, uint8_t opts[PACKET_OPTS], bool syn);

/* hostile_talk.c: a step of a connection of its own; a segment for one. */
void talk_step(struct hostile *x, unsigned act);
void talk_input(struct hostile *x, const struct segment *s);

/* hostile_junk.c: the acts without connections of its own. */
void junk_blind(struct hostile *x);
void junk_flood(struct hostile *x);
void junk_icmp(struct hostile *x);
void junk_garbage(struct hostile *x);

#endif
