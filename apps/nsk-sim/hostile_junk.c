/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a hostile host sends that belongs to no connection of its own: into those of others, whose
 * ports it knows and whose numbers it does not; SYNs from anywhere; ICMP errors; frames that are
 * broken.
 *
 * Blind segments carry numbers near the right ones as well, but never those that would be taken:
 * neither the exact one of a RST (RFC 5961 §3) nor a sequence number in the window with an
 * acknowledgment that is acceptable (§5). The wire shows what has been sent, and the frame arrives
 * at once, so that what has not been sent yet is no right number.
 */
#include <string.h>

#include "nsk-sim/hostile.h"
#include "nsk-sim/watch.h"

#define FAR	  (1u << 25) /* further than the other end's window may reach */
#define QUOTE_LEN (PACKET_IP + 8)

/* ---- blind --------------------------------------------------------------------------------- */

/* Not acknowledged yet, most likely in the window, and not the number that is expected. */
static uint32_t wrong_seq(struct hostile *x, const struct watch_side *its,
			  const struct watch_side *peer)
{
	uint32_t room = its->right - peer->sent;

	switch (hostile_random(x, 4)) {
	case 0:
		return its->ack - 1 - hostile_random(x, hostile_random(x, 2) ? 1000 : 100000);
	case 1:
		return peer->sent + FAR + hostile_random(x, 1u << 30);
	default:
		return peer->sent + 1 +
		       (room > 2 && room < 1u << 30 ? hostile_random(x, room - 1) : 0);
	}
}

void junk_blind(struct hostile *x)
{
	static const uint8_t flags[] = {SEGMENT_RST,
					SEGMENT_RST | SEGMENT_ACK,
					SEGMENT_SYN,
					SEGMENT_SYN | SEGMENT_ACK,
					SEGMENT_ACK,
					SEGMENT_ACK | SEGMENT_PSH,
					SEGMENT_FIN | SEGMENT_ACK,
					SEGMENT_FIN,
					0};
	uint8_t flag = flags[hostile_random(x, sizeof(flags))];
	unsigned side;
	const struct watch_flow *f = hostile_flow(x, &side, flag & SEGMENT_SYN);
	struct packet_tcp p;

	if (!f)
		return;
	p = (struct packet_tcp){
		.sport = f->port[!side],
		.dport = f->port[side],
		.seq = wrong_seq(x, &f->side[side], &f->side[!side]),
		.ack = f->side[side].sent + FAR + hostile_random(x, 1u << 30),
		.wnd = (uint16_t)hostile_random(x, 65536),
		.flags = flag,
	};
	switch (hostile_random(x, 3)) {
	case 0: /* a clock that is far ahead, lest it be believed */
		memcpy(p.opts, (uint8_t[]){1, 1, 8, 10}, 4);
		put32(p.opts + 4, hostile_random(x, UINT32_MAX));
		put32(p.opts + 8, hostile_random(x, UINT32_MAX));
		p.nopts = 12;
		break;
	case 1:
		p.nopts = hostile_options(x, p.opts, flag & SEGMENT_SYN);
		break;
	default:
		break;
	}
	if (!(flag & (SEGMENT_RST | SEGMENT_SYN)))
		p.len = hostile_fit(x, &p, hostile_random(x, 2) * hostile_random(x, 1000));
	hostile_tcp(x, f->address[!side], f->address[side], &p);
}

/* ---- floods -------------------------------------------------------------------------------- */

void junk_flood(struct hostile *x)
{
	struct packet_tcp p = {
		.sport = (uint16_t)hostile_random(x, 65536),
		.dport = hostile_listener(x),
		.seq = hostile_random(x, UINT32_MAX),
		.wnd = (uint16_t)hostile_random(x, 65536),
		.flags = SEGMENT_SYN,
	};
	/* A neighbour that is not there, or somebody far away. Nobody that this scenario has. */
	uint32_t src = hostile_random(x, 2) ? (x->own & 0xffffff00) + 3 + hostile_random(x, 250)
					    : (11u << 24) + hostile_random(x, 100u << 24);

	p.nopts = hostile_options(x, p.opts, true);
	if (src != x->own && src != x->its)
		hostile_tcp(x, src, x->its, &p);
}

/* ---- ICMP ---------------------------------------------------------------------------------- */

/* Quotes a connection of somebody else's with a number that is not in flight, or one of its own. */
static bool quote(struct hostile *x, uint8_t *to)
{
	struct packet_ip h = {.src = x->its, .dst = x->own, .proto = 6};
	const struct talk *t = &x->talk[hostile_random(x, x->conf->connections)];
	const struct watch_flow *f = NULL;
	unsigned side = 0;

	if (hostile_random(x, 2))
		f = hostile_flow(x, &side, false);
	if (f) {
		h.src = f->address[side];
		h.dst = f->address[!side];
		put16(to + PACKET_IP, f->port[side]);
		put16(to + PACKET_IP + 2, f->port[!side]);
		put32(to + PACKET_IP + 4, f->side[side].sent + FAR + hostile_random(x, 1u << 30));
	} else if (t->used) {
		put16(to + PACKET_IP, t->victim_port);
		put16(to + PACKET_IP + 2, t->port);
		put32(to + PACKET_IP + 4, t->seen - hostile_random(x, 2000));
	} else {
		return false;
	}
	packet_ip(to, &h, 8);
	put16(to + 2, PACKET_IP + 20 + hostile_random(x, 1400));
	return true;
}

void junk_icmp(struct hostile *x)
{
	static const uint8_t types[] = {3, 3, 3, 4, 5, 11, 12, 8, 0, 13, 255};
	uint8_t frame[PACKET_MAX] = {0}, *ip = frame + PACKET_ETH, *icmp = ip + PACKET_IP;
	struct packet_ip h = {.src = x->own, .dst = x->its, .proto = 1};
	size_t len = 8 + QUOTE_LEN;

	if (!quote(x, icmp + 8))
		return;
	icmp[0] = types[hostile_random(x, sizeof(types))];
	icmp[1] = (uint8_t)hostile_random(x, 17);
	put32(icmp + 4,
	      hostile_random(x, 3) ? hostile_random(x, 1501) : hostile_random(x, UINT32_MAX));
	if (hostile_random(x, 10) == 0)
		len = hostile_random(x, (uint32_t)len);
	if (len >= 8)
		packet_icmp(icmp, len);
	hostile_send(x, frame, packet_ip(ip, &h, len), PACKET_ETH_IP);
}

/* ---- garbage ------------------------------------------------------------------------------- */

static void random_bytes(struct hostile *x, uint8_t *p, size_t len)
{
	while (len--)
		*p++ = (uint8_t)hostile_random(x, 256);
}

/* Sources that no host may have, the victim itself among them (LAND). */
static uint32_t impossible(struct hostile *x)
{
	const uint32_t list[] = {x->its,     UINT32_C(0x7f000001), 0,	      UINT32_MAX,
				 0xe0000001, x->own | 0xff,	   0xf0000001};

	return list[hostile_random(x, sizeof(list) / sizeof(list[0]))];
}

/* A good SYN with one thing wrong about its IP header, or in pieces. */
static void bad_packet(struct hostile *x)
{
	struct packet_ip h = {.src = x->own, .dst = x->its, .proto = 6};
	struct packet_tcp t = {.sport = 7,
			       .dport = hostile_listener(x),
			       .seq = hostile_random(x, UINT32_MAX),
			       .flags = SEGMENT_SYN};
	uint8_t frame[PACKET_MAX], *ip = frame + PACKET_ETH;
	size_t len;

	t.len = hostile_fit(x, &t, hostile_random(x, 64));
	switch (hostile_random(x, 5)) {
	case 0:
		h.src = impossible(x);
		break;
	case 1:
		h.dst = impossible(x) - (hostile_random(x, 2) ? 0 : 1);
		break;
	case 2: /* pieces that lie over each other */
		h.frag = (uint16_t)(0x2000 * hostile_random(x, 2) + 1 + hostile_random(x, 0x1fff));
		break;
	case 3:
		h.proto = (uint8_t)hostile_random(x, 256);
		break;
	default:
		h.bad_checksum = true;
	}
	len = packet_ip(ip, &h, packet_tcp(ip, &h, &t));
	hostile_send(x, frame, len, PACKET_ETH_IP);
}

/* A good segment of which bits are not, or the rest is missing. */
static void bent_packet(struct hostile *x)
{
	struct packet_ip h = {.src = x->own, .dst = x->its, .proto = 6};
	struct packet_tcp t = {.sport = 7, .dport = hostile_listener(x), .flags = SEGMENT_SYN};
	uint8_t frame[PACKET_MAX], *ip = frame + PACKET_ETH;
	size_t len;

	t.nopts = hostile_options(x, t.opts, true);
	len = packet_ip(ip, &h, packet_tcp(ip, &h, &t));
	if (hostile_random(x, 2))
		len = 1 + hostile_random(x, (uint32_t)len);
	/* Whose address it bears is not left to chance. */
	for (uint32_t n = hostile_random(x, 4); n > 0; n--) {
		uint32_t at = hostile_random(x, (uint32_t)len);

		if (at < 12 || at >= PACKET_IP)
			ip[at] ^= (uint8_t)(1u << hostile_random(x, 8));
	}
	hostile_send(x, frame, len, PACKET_ETH_IP);
}

/* ARP with anything in it, about addresses of this link alone. */
static void bad_arp(struct hostile *x)
{
	uint8_t frame[PACKET_MAX], *arp = frame + PACKET_ETH;
	uint32_t about = (x->own & 0xffffff00) + hostile_random(x, 256);
	size_t len = packet_arp(arp, (uint16_t)hostile_random(x, 4), x->mac, about, x->its);

	if (hostile_random(x, 3) == 0)
		arp[hostile_random(x, 8)] ^= (uint8_t)(1u << hostile_random(x, 8));
	if (hostile_random(x, 4) == 0)
		len = hostile_random(x, (uint32_t)len + 1);
	hostile_send(x, frame, len, 0x0806);
}

void junk_garbage(struct hostile *x)
{
	static const uint16_t types[] = {PACKET_ETH_IP, 0x0806, 0x86dd, 0x8100, 100};
	uint8_t frame[PACKET_MAX];
	uint32_t room = hostile_room(x) + PACKET_IP + PACKET_TCP;
	size_t len = hostile_random(x, room < 200 ? room : 200);

	switch (hostile_random(x, 4)) {
	case 0:
		random_bytes(x, frame + PACKET_ETH, len);
		hostile_send(x, frame, len,
			     hostile_random(x, 2) ? types[hostile_random(x, 5)]
						  : (uint16_t)hostile_random(x, 65536));
		break;
	case 1:
		bad_packet(x);
		break;
	case 2:
		bent_packet(x);
		break;
	default:
		bad_arp(x);
	}
}
