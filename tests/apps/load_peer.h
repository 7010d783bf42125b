/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other side of the lean client in memory: a wire under virtual time with a small TCP and UDP
 * server behind it, which verifies every checksum, echoes, retransmits, and misbehaves as it is
 * told.
 */
#ifndef NSK_TESTS_APPS_LOAD_PEER_H
#define NSK_TESTS_APPS_LOAD_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nsk-load/lean.h"

#define MS  UINT64_C(1000000)
#define SEC UINT64_C(1000000000)

#define PEER_CONNS  128
#define PEER_BUFFER 65536
#define PEER_QUEUE  2048

enum peer_state {
	PEER_NONE,
	PEER_SYN,
	PEER_OPEN,
	PEER_CLOSING
};

struct peer_conn {
	uint32_t addr;
	uint16_t port;
	enum peer_state state;
	uint32_t rcv_nxt, snd_una, snd_nxt;
	uint32_t peer_wnd;
	bool fin_sent, fin_received, challenged;
	uint64_t rto_at_ns;
	uint32_t len; /* bytes from snd_una on that are queued, sent or not */
	uint32_t isn; /* the client's, of the last SYN */
	uint32_t got; /* bytes of the present request */
	uint8_t buffer[PEER_BUFFER];
};

struct peer_frame {
	uint64_t at_ns;
	uint32_t len;
	uint8_t data[1600];
};

struct peer {
	struct wire wire;
	struct lean lean;
	struct load load;
	struct options options;
	struct result result;

	uint64_t now_ns, step_ns, delay_ns;
	uint64_t seed;
	struct peer_frame *queue; /* to the client, by time */
	unsigned queued;
	struct peer_conn *conn;
	unsigned nconn;
	uint8_t tx[WIRE_BURST][2048], rx[WIRE_BURST][2048];

	/* How it behaves. */
	unsigned loss_percent, corrupt_percent, reorder_percent;
	uint16_t window;	/* advertised */
	bool silent;		/* takes nothing, says nothing */
	bool deaf_to_data;	/* acknowledges, never answers */
	bool refuse;		/* resets every SYN */
	bool wrong_byte;	/* one byte of each answer is wrong */
	bool swap;		/* answers with another connection's tag */
	bool close_with_answer; /* FIN on the last byte */
	bool reset_on_data;
	bool close_on_data;   /* FIN in place of an answer */
	bool challenge_first; /* the first SYN of each connection meets an old connection */
	bool no_arp;
	bool wrong_ip_sum; /* of everything but ARP */
	bool ack_after;	   /* each answer is followed by an acknowledgment that says nothing new */
	bool blind_reset;  /* each answer comes after a reset that is in the window but not in order
			    */
	unsigned lose_data; /* the data segment of this number, from 1, is lost */
	const char
		*http; /* the answer in place of an echo, once a request ends with a blank line */
	uint64_t stall_from_ns, stall_until_ns; /* no frame is taken between them; they wait */

	/* What it saw. */
	uint64_t segments; /* sent */
	uint64_t asked;	   /* by ARP */
	uint64_t frames, syns, fins, resets, bad, challenges;
	uint64_t data_segments, longest, retransmits;
	uint64_t outstanding_max;
};

/* Ten connections that send so many requests of 64 bytes in all. */
struct options peer_options(uint64_t requests);
/* A client with these options (targets are filled in) and its server; its frames take delay_ns. */
struct peer *peer_new(const struct options *options, bool datagrams, uint8_t proto);
void peer_free(struct peer *p);
/* Turns until the client has ended; false after limit_ns. */
bool peer_run(struct peer *p, uint64_t limit_ns);
/* One turn of the client, one step of time. False when the client has ended. */
bool peer_step(struct peer *p);
/* Puts a frame to the client. */
void peer_send(struct peer *p, const void *frame, uint32_t len);
uint64_t peer_random(struct peer *p);

#endif
