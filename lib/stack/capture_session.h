/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a capture is made of; between capture.c, which begins, reads and ends it, and capture_tap.c,
 * where workers write.
 */
#ifndef NSK_STACK_CAPTURE_SESSION_H
#define NSK_STACK_CAPTURE_SESSION_H

#include <pcap/pcap.h>

#include "base/bytering.h"
#include "stack/capture.h"
#include "wire/pcapng.h"

#define CAPTURE_NO_BLOCK UINT8_MAX

/* The links that there are: a filter is compiled for each. */
enum capture_link {
	CAPTURE_FRAMES, /* Ethernet */
	CAPTURE_PACKETS,
	CAPTURE_LINKS,
};

/* A worker's part. */
struct capture_ring {
	struct bytering ring;
	uint8_t *whole;			 /* [W] for a packet that lies in several buffers */
	uint64_t lost_before;		 /* [W] since the last block */
	uint64_t matched[2 * IFACE_MAX]; /* [A] by block of the interface */
	uint64_t lost[2 * IFACE_MAX];	 /* [A] of those */
};

struct capture {
	struct nsk_stack *stack;
	struct capture_want want; /* [C] but for the filter's text */
	uint64_t wall_offset_ns;  /* [C] from the stack's clock to 1970; 0: it is the caller's */
	bool active;		  /* [A] */
	bool left;		  /* nobody reads it any more */
	uint32_t generation;	  /* of the snapshot that tells workers of the last change */
	/* [C] Which interface's block packets of a link refer to in the rings. A reader is told of
	 * an interface before its first packet: many read only files whose interfaces are all of
	 * one kind, and lo is in every stack. */
	uint8_t block[IFACE_MAX][CAPTURE_LINKS];
	unsigned nblocks;
	uint8_t number[2 * IFACE_MAX]; /* of a block as it was told, or CAPTURE_NO_BLOCK */
	unsigned ntold;
	struct bpf_program program[CAPTURE_LINKS]; /* [C] of the filter, */
	bool matches[CAPTURE_LINKS];		   /* [C] false: nothing of that link does */
	uint8_t *preamble;		    /* [C] blocks of the section and the interfaces, */
	size_t preamble_len;		    /* [C] */
	size_t block_at[2 * IFACE_MAX + 1]; /* [C] where those begin; after them their end */
	bool begun;			    /* the section's was read */
	unsigned counted;		    /* interfaces whose counts were read at the end */
	uint64_t last_ns;		    /* of the last packet that was read */
	uint8_t *memory;
	size_t memory_len;
	struct capture_ring worker[];
};

#endif
