/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a capture gave: its blocks, one after the other, looked at as a reader of pcapng does, but
 * stricter.
 */
#ifndef NSK_TESTS_SIM_BLOCKS_H
#define NSK_TESTS_SIM_BLOCKS_H

#include "sim/world.h"
#include "stack/capture.h"

#define BLOCKS_PACKETS_MAX    4096
#define BLOCKS_INTERFACES_MAX 16

struct blocks_packet {
	uint32_t interface;
	uint64_t ns;
	const uint8_t *data;
	uint32_t cap_len, len;
	uint32_t direction; /* 0: none */
	uint32_t queue;	    /* UINT32_MAX: none */
	uint64_t lost;	    /* before it */
	char comment[200];
};

struct blocks {
	struct capture *capture;
	uint8_t *bytes;
	size_t have, room, parsed;
	char name[BLOCKS_INTERFACES_MAX][32];
	uint16_t link[BLOCKS_INTERFACES_MAX];
	unsigned ninterfaces;
	struct blocks_packet packet[BLOCKS_PACKETS_MAX];
	unsigned npackets;
	bool counted[BLOCKS_INTERFACES_MAX];
	uint64_t matched, lost; /* of all interfaces, at the end */
};

/* Begins a capture of everything of a host's interfaces, or as wanted (buffer and snaplen may be
 * 0). The worker takes it up in its next turn. */
void blocks_start(struct blocks *b, struct nsk_stack *stack, const struct capture_want *want);
/* What has come since. */
void blocks_read(struct blocks *b);
/* Ends it; after the worker's next turn: */
void blocks_end(struct blocks *b);
/* reads the rest and the counts, and gives all back. */
void blocks_finish(struct blocks *b);

#endif
