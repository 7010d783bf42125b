/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame's TCP segment as the simulator sees it on a link, decoded without trust. */
#ifndef NSK_APPS_NSK_SIM_SEGMENT_H
#define NSK_APPS_NSK_SIM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_FIN 1
#define SEGMENT_SYN 2
#define SEGMENT_RST 4
#define SEGMENT_PSH 8
#define SEGMENT_ACK 16
#define SEGMENT_URG 32

/* Options that a segment has. */
enum {
	HAS_MSS = 1,
	HAS_WSCALE = 2,
	HAS_SACK_OK = 4,
	HAS_TS = 8,
	HAS_SACK = 16,
};

struct segment {
	uint32_t address[2]; /* source, destination */
	uint16_t port[2];
	uint32_t seq, ack, len;
	uint32_t tsval;
	uint16_t wnd, mss;
	uint8_t flags, has, shift;
};

/* False: no TCP over IPv4, or broken. */
bool segment_parse(struct segment *s, const uint8_t *frame, size_t len);

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

#endif
