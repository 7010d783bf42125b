/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encoders of the blocks of a pcapng file (draft-ietf-opsawg-pcapng), in the machine's byte order,
 * times in nanoseconds since 1970. Each tells how long its block is; a room of NULL is not written
 * to.
 */
#ifndef NSK_WIRE_PCAPNG_H
#define NSK_WIRE_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

enum pcapng_link {
	PCAPNG_ETHERNET = 1,
	PCAPNG_RAW = 101, /* IPv4 or IPv6, as the version says */
};

enum pcapng_direction {
	PCAPNG_UNKNOWN,
	PCAPNG_IN,
	PCAPNG_OUT,
};

/* Texts may be NULL. */
struct pcapng_interface {
	const char *name;
	const char *description;
	const char *filter;
	uint16_t link;	    /* enum pcapng_link */
	uint32_t snaplen;   /* 0: whole packets */
	const uint8_t *mac; /* 6 octets, or NULL */
};

struct pcapng_packet {
	uint32_t interface; /* in the order of their blocks */
	uint64_t ns;
	uint32_t cap_len;    /* bytes in the block */
	uint32_t len;	     /* bytes on the wire */
	uint32_t direction;  /* enum pcapng_direction */
	uint32_t queue;	     /* UINT32_MAX: unknown */
	uint64_t lost;	     /* packets between the one before and this one */
	const char *comment; /* or NULL */
};

size_t pcapng_section(uint8_t *room, const char *application);
size_t pcapng_interface(uint8_t *room, const struct pcapng_interface *i);

/* A packet's block; its cap_len bytes are then to be written PCAPNG_PACKET_DATA bytes into it. */
#define PCAPNG_PACKET_DATA 28
size_t pcapng_packet(uint8_t *room, const struct pcapng_packet *p);
/* The interface in a packet's block. */
uint32_t pcapng_packet_interface(const uint8_t *block);
void pcapng_packet_set_interface(uint8_t *block, uint32_t interface);

/* What became of an interface's packets, at the end of a section. */
size_t pcapng_statistics(uint8_t *room, uint32_t interface, uint64_t ns, uint64_t matched,
			 uint64_t lost);

#endif
