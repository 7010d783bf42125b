/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Watches the segments that pass over a link, before the link does anything to them, and holds
 * them against what no segment may break: nothing beyond the window that the peer has offered or
 * the peer's MSS, no offered window taken back (RFC 9293 §3.8.6), no ACK backwards or of what was
 * never sent, options as the handshake agreed. What it finds fails the simulation.
 */
#ifndef NSK_APPS_NSK_SIM_WATCH_H
#define NSK_APPS_NSK_SIM_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;
struct watch;

/* One side of one connection, as its segments tell. */
struct watch_side {
	bool syn;    /* has sent one */
	bool told;   /* has sent an ACK */
	bool twice;  /* has sent another SYN before, whose number is isn_before */
	uint8_t has; /* options of its SYN */
	uint8_t shift;
	uint16_t mss;
	uint16_t syn_wnd; /* window of its SYN */
	uint32_t early;	  /* behind what the peer had sent before its first ACK */
	uint32_t isn, isn_before;
	uint32_t ack;	/* highest */
	uint32_t right; /* edge of the window that it offered */
	uint32_t sent;	/* behind the highest octet that it sent */
};

struct watch_flow {
	uint32_t address[2]; /* at the link's ends */
	uint16_t port[2];
	bool ending;   /* there was a FIN */
	bool reset[2]; /* there was a RST, and nothing since from the same end */
	struct watch_side side[2];
};

struct watch *watch_new(struct sim *sim, const char *link);
void watch_frame(struct watch *w, unsigned direction, uint64_t now_ns, const void *frame,
		 size_t len);
/* The same without looking at what it is: for links on which hosts are hostile. */
void watch_anything(struct watch *w, unsigned direction, uint64_t now_ns, const void *frame,
		    size_t len);
/* Connections seen, and each of them, [0] at the link's first end; good until the next frame. */
uint32_t watch_flows(const struct watch *w);
const struct watch_flow *watch_flow(const struct watch *w, uint32_t n);
/* Of everything seen. */
uint64_t watch_hash(const struct watch *w);
void watch_free(struct watch *w);

#endif
