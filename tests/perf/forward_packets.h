/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for a router: UDP of 60 octets in all (IPv4) or 78 (IPv6), to many destinations. */
#ifndef NSK_TESTS_PERF_FORWARD_PACKETS_H
#define NSK_TESTS_PERF_FORWARD_PACKETS_H

#include <stddef.h>
#include <stdint.h>

#define PACKETS_FRAME_MAX 78

struct packets {
	int family;
	uint32_t count, next;
	size_t len; /* of a frame */
	uint8_t frame[PACKETS_FRAME_MAX];
	uint8_t (*destination)[16];
};

/*
 * Frames to as many destinations, each within one of a million routes that route_mix.h gives,
 * whatever routes the router has. They come from 10.0.1.7 or fd00:1::7.
 */
void packets_make(struct packets *p, int family, uint32_t destinations);
void packets_free(struct packets *p);
/* To whom they go from now on, and from whom. */
void packets_address(struct packets *p, const uint8_t to[6], const uint8_t from[6]);
/* The next frame, p->len bytes. */
void packets_write(struct packets *p, uint8_t *frame);

#endif
