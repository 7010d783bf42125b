/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scripted peer: one stack, 10.0.0.1, on a callback port, and a test that plays everybody else by
 * hand, frame by frame. What the stack sends is kept in order until the test takes it.
 */
#ifndef NSK_TESTS_SIM_PEER_H
#define NSK_TESTS_SIM_PEER_H

#include "sim/trace.h"
#include "sim/world.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

#define PEER_FRAME_MAX 9100
#define PEER_KEPT      4096

extern const uint8_t peer_mac[6];  /* of 10.0.0.2 */
extern const uint8_t stack_mac[6]; /* of 10.0.0.1 */
extern const uint8_t bcast_mac[6];

struct kept_frame {
	uint64_t now_ns;
	size_t len;
	uint8_t data[];
};

struct peer {
	struct world world; /* host 0 is the stack */
	struct nsk_callback_port *port;
	bool ip_only; /* IP packets, no Ethernet */
	bool no_arp;  /* does not answer for 10.0.0.2, and keeps ARP packets among the others */
	bool refuse;  /* takes no packet off the stack */
	uint32_t mtu; /* of the port, 0: 1500 */
	void (*configure)(struct nsk_config *config); /* further settings of the stack, or NULL */
	size_t head, count;
	struct kept_frame *kept[PEER_KEPT]; /* a ring */
	struct kept_frame *last;	    /* handed out */
};

/* The stack with these settings ("key=value" …, NULL-terminated, or NULL). Set ip_only, no_arp,
 * mtu and configure before; the rest is cleared. */
void peer_start(struct peer *p, const char *const *settings);
void peer_end(struct peer *p);
/* The same after so long, in which everything must be over and given back. */
void peer_finish(struct peer *p, uint64_t ns);

/* Hands a frame in; the stack sees it in its next turn. */
void peer_input(struct peer *p, const void *frame, size_t len);
/* Turns until nothing more happens at this instant, answering ARP. */
void peer_settle(struct peer *p);
/* The same while time goes on for so long. */
void peer_run(struct peer *p, uint64_t ns);
/* Turns until the stack has sent something, at most so long; false if it has not. */
bool peer_await(struct peer *p, uint64_t ns);

/* The oldest frame not yet taken, valid until the next call; NULL: none. */
const struct kept_frame *peer_take(struct peer *p);
/* The oldest of them must be a TCP segment. */
struct segment peer_segment(struct peer *p);
/* The stack must have sent nothing. */
void peer_expect_silence(struct peer *p);
/* Says something by ARP, as sha with address spa, and settles. */
void peer_arp(struct peer *p, uint16_t op, const uint8_t *sha, uint32_t spa, uint32_t tpa);
/* The oldest frame must be an ARP packet of the stack to this link address, about these addresses
 * (no_arp must be set). Returns when it was sent. */
uint64_t peer_expect_arp(struct peer *p, uint16_t op, const uint8_t *to, uint32_t spa,
			 uint32_t tpa);
/* Forgets what the stack has sent. */
void peer_forget(struct peer *p);

/* ---- frames ---- */

/* Zero stands for what is usual: from 10.0.0.2 to 10.0.0.1, TTL 64, no options. */
struct ip_spec {
	uint32_t src, dst; /* host order */
	const uint8_t *dst_mac;
	uint8_t proto, ttl, tos;
	uint16_t frag;
	const uint8_t *options; /* a multiple of 4 */
	size_t options_len;
};
struct tcp_spec {
	struct ip_spec ip;
	uint16_t sport, dport;
	uint16_t flags, wnd; /* wnd 0: 65535, unless zero_wnd */
	bool zero_wnd;
	uint16_t urgent;
	uint32_t seq, ack;
	const uint8_t *opts; /* a multiple of 4 */
	size_t opts_len;
	const void *data;
	size_t len;
};
struct udp_spec {
	struct ip_spec ip;
	uint16_t sport, dport;
	const void *data;
	size_t len;
};

/* Each writes a whole frame with right checksums at f and returns its length. */
size_t frame_arp(uint8_t *f, uint16_t op, const uint8_t *sha, uint32_t spa, const uint8_t *tha,
		 uint32_t tpa, const uint8_t *dst_mac);
size_t frame_ip(uint8_t *f, const struct ip_spec *s, const void *payload, size_t len);
size_t frame_tcp(uint8_t *f, const struct tcp_spec *s);
size_t frame_udp(uint8_t *f, const struct udp_spec *s);
size_t frame_icmp(uint8_t *f, const struct ip_spec *s, uint8_t type, uint8_t code, uint32_t rest,
		  const void *body, size_t len);

/* Hand in one of them and settle. */
void peer_tcp(struct peer *p, const struct tcp_spec *s);
void peer_udp(struct peer *p, const struct udp_spec *s);

/* ---- conversations ---- */

/* One TCP connection of the peer with the stack, as the peer sees it. */
struct talk {
	struct peer *p;
	uint16_t port, stack_port;
	uint32_t seq, ack; /* next to send, next expected */
	uint16_t wnd;
	bool ts;
	uint32_t tsval, tsecr;
	int fd;		    /* the stack's end */
	int listener;	    /* -1: the stack connected */
	struct segment syn; /* of the stack */
};

/* The stack's end of the conversation; NULL if it is gone. */
struct tcp_conn *talk_conn(const struct talk *t);

/* The peer connects to a listener that is made for it (or is there: listener ≥ 0). opts: of the
 * SYN. */
void talk_connect(struct talk *t, struct peer *p, uint16_t port, int listener, const uint8_t *opts,
		  size_t opts_len);
/* The stack connects to the peer. */
void talk_accept(struct talk *t, struct peer *p, uint16_t port, const uint8_t *opts,
		 size_t opts_len);
/* Sends a segment at t->seq with t->ack; moves t->seq by data, SYN and FIN. */
void talk_send(struct talk *t, uint16_t flags, const void *data, size_t len);
/* Sends a segment from any place; t stays. */
void talk_send_at(struct talk *t, uint16_t flags, uint32_t seq, uint32_t ack, const void *data,
		  size_t len);
/* Acknowledges up to ack and, by SACK, [from, to) beyond it; t stays. */
void talk_sack(struct talk *t, uint32_t ack, uint32_t from, uint32_t to);
/* The stack's user writes so much; time stands still. */
void talk_write(struct talk *t, const void *data, size_t len);
/* The next frame must be a segment of this connection with these flags (PSH not looked at); t->ack
 * moves behind it when it is in order. */
struct segment talk_expect(struct talk *t, uint16_t flags);
/* Both ends are gone and the peer with its stack ends; nothing may be left behind. The peer resets
 * the connection first. */
void talk_end(struct talk *t);

#endif
