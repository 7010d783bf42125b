/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/hostile.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/watch.h"

#define ETH_ARP	    0x0806
#define ARP_REQUEST 1
#define ARP_REPLY   2
#define PATIENCE_NS (SIM_SECOND / 100)

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* ---- chances ------------------------------------------------------------------------------- */

static uint64_t random64(struct hostile *x)
{
	uint64_t z = x->rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint32_t hostile_random(struct hostile *x, uint32_t below)
{
	return (uint32_t)((random64(x) >> 32) * below >> 32);
}

/* ---- frames -------------------------------------------------------------------------------- */

void hostile_send(struct hostile *x, uint8_t *frame, size_t len, uint16_t type)
{
	packet_eth(frame, x->met ? x->its_mac : everybody, x->mac, type);
	if (nsk_wire_send(x->wire->wire, x->end, x->sim->now_ns, frame, PACKET_ETH + len))
		sim_fail(x->sim, "a hostile frame of %zu bytes does not fit its link: %m", len);
}

uint32_t hostile_room(const struct hostile *x)
{
	uint32_t mtu = x->wire->link->mtu, most = PACKET_MAX - PACKET_ETH;

	return (mtu < most ? mtu : most) - PACKET_IP - PACKET_TCP;
}

uint32_t hostile_fit(const struct hostile *x, const struct packet_tcp *p, uint32_t len)
{
	uint32_t room = hostile_room(x) - p->nopts;

	return len < room ? len : room;
}

void hostile_tcp(struct hostile *x, uint32_t src, uint32_t dst, const struct packet_tcp *t)
{
	uint8_t frame[PACKET_MAX], *ip = frame + PACKET_ETH;
	struct packet_ip h = {.src = src, .dst = dst, .proto = 6};

	hostile_send(x, frame, packet_ip(ip, &h, packet_tcp(ip, &h, t)), PACKET_ETH_IP);
}

static void send_arp(struct hostile *x, uint16_t op)
{
	uint8_t frame[PACKET_MAX];

	hostile_send(x, frame, packet_arp(frame + PACKET_ETH, op, x->mac, x->own, x->its), ETH_ARP);
}

static void take_frame(struct hostile *x, const uint8_t *frame, size_t len)
{
	const uint8_t *arp = frame + PACKET_ETH;
	struct segment s;

	if (len < PACKET_ETH + 28)
		return;
	memcpy(x->its_mac, frame + 6, 6);
	x->met = true;
	if (get16(frame + 12) == ETH_ARP && get16(arp + 6) == ARP_REQUEST &&
	    get32(arp + 24) == x->own)
		send_arp(x, ARP_REPLY);
	else if (segment_parse(&s, frame, len) && s.address[1] == x->own)
		talk_input(x, &s);
}

uint64_t hostile_turn(struct sim_stack *h)
{
	struct hostile *x = h->hostile;
	uint8_t frame[PACKET_MAX];
	size_t len;

	while ((len = nsk_wire_receive(x->wire->wire, x->end, x->sim->now_ns, frame,
				       sizeof(frame))) > 0)
		if (!x->over && len <= sizeof(frame))
			take_frame(x, frame, len);
	return nsk_wire_next(x->wire->wire, x->end);
}

/* ---- whom it knows ------------------------------------------------------------------------- */

uint16_t hostile_listener(struct hostile *x)
{
	const struct scenario *s = x->sim->s;
	uint32_t start = s->napps ? hostile_random(x, s->napps) : 0;

	for (uint32_t i = 0; i < s->napps; i++) {
		const struct sim_app *a = &s->app[(start + i) % s->napps];

		if (a->to == (uint32_t)(x->victim - x->sim->stack))
			return (uint16_t)a->port;
	}
	return (uint16_t)(1 + hostile_random(x, 65535));
}

const struct watch_flow *hostile_flow(struct hostile *x, unsigned *side, bool living)
{
	struct sim *sim = x->sim;
	uint32_t victim = (uint32_t)(x->victim - sim->stack), start = hostile_random(x, SIM_LINKS);

	for (uint32_t i = 0; i < SIM_LINKS; i++) {
		uint32_t k = (start + i) % SIM_LINKS, n;
		const struct sim_link *l = &sim->s->link[k];
		const struct watch_flow *f;

		if (k >= sim->s->nlinks || sim->wire[k].lawless ||
		    (l->host[0] != victim && l->host[1] != victim))
			continue;
		n = watch_flows(sim->wire[k].watch);
		if (n == 0)
			continue;
		/* The latest ones are those that live. */
		n -= 1 + hostile_random(x, hostile_random(x, 4) ? (n < 8 ? n : 8) : n);
		f = watch_flow(sim->wire[k].watch, n);
		*side = l->host[1] == victim;
		if (f->side[*side].told && f->side[!*side].syn &&
		    !(living && (f->ending || f->reset[0] || f->reset[1])))
			return f;
	}
	return NULL;
}

/* ---- options ------------------------------------------------------------------------------- */

static uint8_t good_syn_options(struct hostile *x, uint8_t *p)
{
	static const uint16_t sizes[] = {0, 1, 8, 47, 48, 88, 536, 1460, 1460, 1460, 65535};
	uint8_t n = 0;

	if (hostile_random(x, 8)) {
		memcpy(p, (uint8_t[]){2, 4}, 2);
		put16(p + 2, sizes[hostile_random(x, sizeof(sizes) / sizeof(sizes[0]))]);
		n = 4;
	}
	if (hostile_random(x, 2)) {
		memcpy(p + n, (uint8_t[]){1, 1, 4, 2}, 4);
		n += 4;
	}
	if (hostile_random(x, 2)) {
		memcpy(p + n, (uint8_t[]){1, 3, 3, (uint8_t)hostile_random(x, 20)}, 4);
		n += 4;
	}
	if (hostile_random(x, 2)) {
		memcpy(p + n, (uint8_t[]){1, 1, 8, 10}, 4);
		put32(p + n + 4, hostile_random(x, UINT32_MAX));
		put32(p + n + 8, 0);
		n += 12;
	}
	return n;
}

uint8_t hostile_options(struct hostile *x, uint8_t opts[PACKET_OPTS], bool syn)
{
	uint32_t room = hostile_room(x);
	uint8_t n;

	if (syn && hostile_random(x, 4))
		return good_syn_options(x, opts);
	room = room < PACKET_OPTS ? room : PACKET_OPTS;
	n = (uint8_t)(4 * hostile_random(x, room / 4 + 1));
	for (uint8_t i = 0; i < n; i++)
		opts[i] = (uint8_t)hostile_random(x, 256);
	/* Kinds that mean something, with lengths that may not. */
	if (n && hostile_random(x, 2)) {
		opts[0] = (uint8_t)hostile_random(x, 36);
		opts[1] = (uint8_t)hostile_random(x, 14);
	}
	return n;
}

/* ---- deeds --------------------------------------------------------------------------------- */

static void (*const junk[])(struct hostile *x) = {
	[ACT_BLIND] = junk_blind,
	[ACT_FLOOD] = junk_flood,
	[ACT_ICMP] = junk_icmp,
	[ACT_GARBAGE] = junk_garbage,
};

static unsigned any_act(struct hostile *x)
{
	unsigned act;

	do
		act = hostile_random(x, ACT_COUNT);
	while (!(x->conf->acts & 1u << act));
	return act;
}

static void deed(struct hostile *x)
{
	unsigned act = any_act(x);

	if (!x->met)
		send_arp(x, ARP_REQUEST);
	else if (act >= ACT_BLIND)
		junk[act](x);
	else
		talk_step(x, act);
}

static void step(struct sim *sim, void *arg)
{
	struct hostile *x = arg;
	uint64_t pause = SIM_SECOND / x->conf->per_second;
	uint64_t until = SIM_START_NS + x->conf->start_ns + x->conf->duration_ns;

	if (x->over || (x->conf->duration_ns && sim->now_ns >= until))
		return;
	if (x->victim->stopped || !x->met)
		pause = pause > PATIENCE_NS ? pause : PATIENCE_NS;
	agenda_add(&sim->agenda, sim->now_ns + 1 + pause / 2 + random64(x) % (pause + 1), step, x);
	if (x->victim->stopped)
		return;
	deed(x);
	/* It arrives before anybody else does anything: what was no right number still is none. */
	sim_turn(sim, x->victim);
}

/* ---- life ---------------------------------------------------------------------------------- */

static uint32_t address_of(const char *cidr)
{
	struct in_addr in = {0};
	char text[32];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(cidr, "/"), cidr);
	inet_pton(AF_INET, text, &in);
	return ntohl(in.s_addr);
}

static void open_one(struct sim *sim, uint32_t index, struct sim_wire *w, unsigned end)
{
	struct hostile *x = calloc(1, sizeof(*x));

	if (!x) {
		sim_fail(sim, "out of memory");
		return;
	}
	sim->stack[index].hostile = x;
	x->sim = sim;
	x->conf = &sim->s->host[index].hostile;
	x->wire = w;
	x->end = end;
	x->index = index;
	x->victim = &sim->stack[w->link->host[!end]];
	x->own = address_of(w->link->address[end]);
	x->its = address_of(w->link->address[!end]);
	memcpy(x->mac, (uint8_t[]){2, 0x6e, 0x73, 0x6b, 0x66, (uint8_t)index}, 6);
	x->rng = sim->s->seed * 4096 + 2 * SIM_LINKS + index;
	x->next_port = (uint16_t)(1024 + hostile_random(x, 60000));
	agenda_add(&sim->agenda, SIM_START_NS + x->conf->start_ns, step, x);
}

void hostile_start(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->s->nlinks; i++)
		for (unsigned end = 0; end < 2; end++) {
			uint32_t host = sim->s->link[i].host[end];

			if (sim->s->host[host].hostile.at)
				open_one(sim, host, &sim->wire[i], end);
		}
}

void hostile_stop(struct sim *sim)
{
	for (unsigned i = 0; i < sim->s->nhosts; i++)
		if (sim->stack[i].hostile)
			sim->stack[i].hostile->over = true;
}

void hostile_free(struct sim *sim)
{
	for (unsigned i = 0; i < sim->s->nhosts; i++)
		free(sim->stack[i].hostile);
}
