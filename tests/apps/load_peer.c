/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_peer.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-load/sum.h"

#define CLIENT_NET 0x0a000000u
#define SERVER	   0x0a000002u
#define PEER_RTO   UINT64_C(100000000)
#define PEER_MSS   1000u

static const uint8_t server_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t client_mac[6] = {2, 0, 0, 0, 0, 1};

uint64_t peer_random(struct peer *p)
{
	p->seed ^= p->seed << 13;
	p->seed ^= p->seed >> 7;
	p->seed ^= p->seed << 17;
	return p->seed;
}

static bool chance(struct peer *p, unsigned percent)
{
	return percent && peer_random(p) % 100 < percent;
}

/* ---- frames to the client ---- */

void peer_send(struct peer *p, const void *frame, uint32_t len)
{
	struct peer_frame *f;
	uint64_t at = p->now_ns + p->delay_ns;
	unsigned i = p->queued;

	if (chance(p, p->loss_percent) || p->queued == PEER_QUEUE)
		return;
	if (chance(p, p->reorder_percent))
		at += 3 * p->delay_ns;
	/* By time; those of one time in their order. */
	for (; i > 0 && p->queue[i - 1].at_ns > at; i--)
		p->queue[i] = p->queue[i - 1];
	f = &p->queue[i];
	p->queued++;
	f->at_ns = at;
	f->len = len;
	memcpy(f->data, frame, len);
	if (chance(p, p->corrupt_percent) && len > 40)
		f->data[14 + peer_random(p) % (len - 14)] ^= (uint8_t)(1 << peer_random(p) % 8);
}

static uint32_t put_ip(const struct peer *p, uint8_t *frame, uint32_t to, uint8_t proto,
		       uint32_t len)
{
	uint8_t *ip = frame + ETH_LEN;

	memcpy(frame, client_mac, 6);
	memcpy(frame + 6, server_mac, 6);
	store16(frame + 12, 0x0800);
	memset(ip, 0, IP_LEN);
	ip[0] = 0x45;
	store16(ip + 2, (uint16_t)(IP_LEN + len));
	ip[8] = 64;
	ip[9] = proto;
	store32(ip + 12, SERVER);
	store32(ip + 16, to);
	sum_store(ip + 10, sum_bytes(ip, IP_LEN));
	ip[11] ^= p->wrong_ip_sum;
	return ETH_LEN + IP_LEN + len;
}

static void put_sum(uint8_t *frame, uint8_t proto, uint32_t len, uint32_t at)
{
	uint8_t *ip = frame + ETH_LEN, *th = ip + IP_LEN;
	uint64_t sum = sum_bytes(ip + 12, 8) + sum_u16(proto) + sum_u16((uint16_t)len);

	store16(th + at, 0);
	sum_store(th + at, sum + sum_bytes(th, len));
}

/* What it takes: its window, but no more than its answers have room for. */
static uint16_t room(const struct peer *p, const struct peer_conn *c)
{
	uint32_t n = PEER_BUFFER - c->len;

	return n < p->window ? (uint16_t)n : p->window;
}

static void send_segment(struct peer *p, const struct peer_conn *c, uint8_t flags, uint32_t seq,
			 const void *data, uint32_t len)
{
	static const uint8_t mss[4] = {2, 4, PEER_MSS >> 8, PEER_MSS & 255};
	uint8_t frame[1600], *th = frame + ETH_LEN + IP_LEN;
	uint32_t head = flags & TH_SYN ? 24 : 20, total;

	memset(th, 0, head);
	store16(th, 7);
	store16(th + 2, c->port);
	store32(th + 4, seq);
	store32(th + 8, c->rcv_nxt);
	th[12] = (uint8_t)(head / 4 << 4);
	th[13] = flags;
	store16(th + 14, room(p, c));
	if (flags & TH_SYN)
		memcpy(th + 20, mss, 4);
	if (len)
		memcpy(th + head, data, len);
	total = put_ip(p, frame, c->addr, PROTO_TCP, head + len);
	put_sum(frame, PROTO_TCP, head + len, 16);
	p->segments++;
	peer_send(p, frame, total);
}

/* What is queued and fits the client's window, from snd_nxt on; the FIN behind the last byte when
 * it is time. */
static void send_queued(struct peer *p, struct peer_conn *c)
{
	uint32_t done = c->snd_nxt - c->snd_una;

	while (done < c->len && done < c->peer_wnd) {
		uint32_t n = c->len - done < PEER_MSS ? c->len - done : PEER_MSS;
		bool last = done + n == c->len;
		uint8_t fin = last && c->fin_sent ? TH_FIN : 0;

		n = n < c->peer_wnd - done ? n : c->peer_wnd - done;
		send_segment(p, c, TH_ACK | (last ? TH_PSH : 0) | fin, c->snd_nxt, c->buffer + done,
			     n);
		c->snd_nxt += n + (fin ? 1 : 0);
		done += n;
		c->rto_at_ns = p->now_ns + PEER_RTO;
	}
}

static void send_fin(struct peer *p, struct peer_conn *c)
{
	c->fin_sent = true;
	send_segment(p, c, TH_ACK | TH_FIN, c->snd_nxt, NULL, 0);
	c->snd_nxt++;
	c->rto_at_ns = p->now_ns + PEER_RTO;
}

/* ---- the server ---- */

/* Places of connections that are gone are used again. */
static struct peer_conn *find(struct peer *p, uint32_t addr, uint16_t port)
{
	struct peer_conn *free_one = NULL;

	for (unsigned i = 0; i < p->nconn; i++) {
		if (p->conn[i].addr == addr && p->conn[i].port == port)
			return &p->conn[i];
		if (p->conn[i].state == PEER_NONE)
			free_one = &p->conn[i];
	}
	if (!free_one && p->nconn == PEER_CONNS)
		abort();
	if (!free_one)
		free_one = &p->conn[p->nconn++];
	memset(free_one, 0, offsetof(struct peer_conn, buffer));
	free_one->addr = addr;
	free_one->port = port;
	return free_one;
}

static void take_syn(struct peer *p, struct peer_conn *c, uint32_t seq)
{
	p->syns++;
	/* A SYN again, or a number beyond all before (RFC 9293 §3.4.1). */
	p->bad += c->isn && c->isn != seq && !seq_lt(c->isn, seq);
	c->isn = seq;
	if (p->refuse) {
		c->rcv_nxt = seq + 1;
		send_segment(p, c, TH_RST | TH_ACK, 0, NULL, 0);
		return;
	}
	if (p->challenge_first && !c->challenged) {
		/* An old connection that the client knows nothing of. */
		c->challenged = true;
		c->state = PEER_OPEN;
		c->rcv_nxt = seq ^ 0x40000000;
		c->snd_una = c->snd_nxt = 77;
	}
	if (c->state == PEER_OPEN || c->state == PEER_CLOSING) {
		p->challenges++;
		send_segment(p, c, TH_ACK, c->snd_nxt, NULL, 0);
		return;
	}
	if (c->state != PEER_SYN) {
		uint32_t addr = c->addr;
		uint16_t port = c->port;
		bool challenged = c->challenged;
		uint32_t isn = c->isn;

		memset(c, 0, offsetof(struct peer_conn, buffer));
		c->addr = addr;
		c->port = port;
		c->challenged = challenged;
		c->isn = isn;
		c->state = PEER_SYN;
		c->snd_una = (uint32_t)peer_random(p);
		c->snd_nxt = c->snd_una + 1;
	}
	c->rcv_nxt = seq + 1;
	send_segment(p, c, TH_SYN | TH_ACK, c->snd_una, NULL, 0);
}

static void queue_answer(struct peer *p, struct peer_conn *c, const uint8_t *data, uint32_t len)
{
	if (c->len + len > PEER_BUFFER)
		abort();
	memcpy(c->buffer + c->len, data, len);
	if (p->wrong_byte)
		c->buffer[c->len + len / 2] ^= 1;
	if (p->swap)
		c->buffer[c->len] ^= 1;
	c->len += len;
}

static void answer(struct peer *p, struct peer_conn *c, const uint8_t *data, uint32_t len)
{
	if (p->reset_on_data) {
		send_segment(p, c, TH_RST | TH_ACK, c->snd_nxt, NULL, 0);
		c->state = PEER_NONE;
		return;
	}
	if (p->close_on_data) {
		send_fin(p, c);
		return;
	}
	if (p->deaf_to_data)
		return;
	if (p->blind_reset)
		send_segment(p, c, TH_RST, c->snd_nxt + 100, NULL, 0);
	c->got += len;
	if (p->http) {
		if (len < 4 || memcmp(data + len - 4, "\r\n\r\n", 4) != 0)
			return;
		queue_answer(p, c, (const uint8_t *)p->http, (uint32_t)strlen(p->http));
	} else {
		queue_answer(p, c, data, len);
	}
	if (p->close_with_answer && (p->http || c->got == p->options.request_bytes))
		c->fin_sent = true;
}

/* Both sides have closed, and the client knows of ours. */
static void check_gone(struct peer_conn *c)
{
	if (c->fin_sent && c->fin_received && c->snd_una == c->snd_nxt)
		c->state = PEER_NONE;
}

static void take_data(struct peer *p, struct peer_conn *c, uint32_t seq, const uint8_t *data,
		      uint32_t len, bool fin)
{
	uint32_t old = c->rcv_nxt - seq;
	uint64_t sent = p->segments;

	if (len + fin == 0) {
		/* An octet number that was never due asks for an answer. */
		if (seq != c->rcv_nxt)
			send_segment(p, c, TH_ACK, c->snd_nxt, NULL, 0);
		return;
	}
	/* Like the client it keeps nothing that comes early; like everybody it takes no more than
	 * its window. */
	if (old > len || (int32_t)old < 0 || (old == len && !fin) || len - old > room(p, c)) {
		send_segment(p, c, TH_ACK, c->snd_nxt, NULL, 0);
		return;
	}
	c->rcv_nxt += len - old;
	if (len > old)
		answer(p, c, data + old, len - old);
	if (c->state == PEER_NONE)
		return;
	if (fin) {
		c->rcv_nxt++;
		c->fin_received = true;
		p->fins++;
		c->state = PEER_CLOSING;
	}
	send_queued(p, c);
	if (fin && !c->fin_sent)
		send_fin(p, c);
	/* Unless something else has said it. */
	if (p->segments == sent || p->ack_after)
		send_segment(p, c, TH_ACK, c->snd_nxt, NULL, 0);
	check_gone(c);
}

static void take_ack(struct peer_conn *c, uint32_t ack)
{
	uint32_t n = ack - c->snd_una;

	if (n == 0 || n > c->snd_nxt - c->snd_una)
		return;
	c->snd_una = ack;
	/* The SYN and the FIN are octets without bytes. */
	if (c->state == PEER_SYN) {
		c->state = PEER_OPEN;
		n--;
	}
	n = n < c->len ? n : c->len;
	memmove(c->buffer, c->buffer + n, c->len - n);
	c->len -= n;
	check_gone(c);
}

static void tcp_input(struct peer *p, const uint8_t *ip, uint32_t len)
{
	const uint8_t *th = ip + IP_LEN;
	struct peer_conn *c = find(p, load32(ip + 12), load16(th));
	uint32_t seq = load32(th + 4), head = (uint32_t)(th[12] >> 4) * 4;
	uint8_t flags = th[13];

	if (flags & TH_RST) {
		p->resets++;
		if (c->state != PEER_NONE && seq == c->rcv_nxt)
			c->state = PEER_NONE;
		return;
	}
	if (flags & TH_SYN) {
		take_syn(p, c, seq);
		return;
	}
	if (c->state == PEER_NONE) {
		/* The last acknowledgment of a connection that is gone may come twice. */
		if (len > head || flags & TH_FIN)
			send_segment(p, c, TH_RST, load32(th + 8), NULL, 0);
		return;
	}
	c->peer_wnd = (uint32_t)load16(th + 14) << p->lean.wscale;
	take_ack(c, load32(th + 8));
	if (len > head && ++p->data_segments == p->lose_data)
		return;
	if (len - head > p->longest)
		p->longest = len - head;
	if (c->state >= PEER_OPEN) {
		take_data(p, c, seq, th + head, len - head, flags & TH_FIN);
		if (c->state >= PEER_OPEN)
			send_queued(p, c);
	}
}

/* Engine raw's frames wear a TCP header: they come back as they are, like UDP's. */
static void reflect(struct peer *p, const uint8_t *frame, uint32_t len)
{
	uint8_t back[1600];
	uint8_t *ip = back + ETH_LEN;

	memcpy(back, frame, len);
	memcpy(back, frame + 6, 6);
	memcpy(back + 6, frame, 6);
	memcpy(ip + 12, frame + ETH_LEN + 16, 4);
	memcpy(ip + 16, frame + ETH_LEN + 12, 4);
	memcpy(ip + 20, frame + ETH_LEN + 22, 2);
	memcpy(ip + 22, frame + ETH_LEN + 20, 2);
	if (!p->deaf_to_data)
		peer_send(p, back, len);
}

static void arp_input(struct peer *p, const uint8_t *frame)
{
	uint8_t reply[60];

	if (p->no_arp || load16(frame + ETH_LEN + 6) != 1 || load32(frame + ETH_LEN + 24) != SERVER)
		return;
	p->asked++;
	memcpy(reply, frame, sizeof(reply));
	memcpy(reply, frame + 6, 6);
	memcpy(reply + 6, server_mac, 6);
	store16(reply + ETH_LEN + 6, 2);
	memcpy(reply + ETH_LEN + 8, server_mac, 6);
	store32(reply + ETH_LEN + 14, SERVER);
	memcpy(reply + ETH_LEN + 18, frame + ETH_LEN + 8, 10);
	peer_send(p, reply, sizeof(reply));
}

/* Every frame of the client must be right to the last bit. */
static bool right(const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + ETH_LEN;
	uint32_t total = load16(ip + 2);
	uint64_t sum;

	if (memcmp(frame, server_mac, 6) != 0 || memcmp(frame + 6, client_mac, 6) != 0 ||
	    total + ETH_LEN != len)
		return false;
	if (sum_fold(sum_bytes(ip, IP_LEN)) != 0xffff)
		return false;
	sum = sum_bytes(ip + 12, 8) + sum_u16(ip[9]) + sum_u16((uint16_t)(total - IP_LEN));
	return sum_fold(sum + sum_bytes(ip + IP_LEN, total - IP_LEN)) == 0xffff;
}

static void frame_input(struct peer *p, const uint8_t *frame, uint32_t len)
{
	p->frames++;
	if (load16(frame + 12) == 0x0806) {
		arp_input(p, frame);
		return;
	}
	if (!right(frame, len)) {
		p->bad++;
		return;
	}
	if (p->silent || chance(p, p->loss_percent))
		return;
	if (p->lean.datagrams)
		reflect(p, frame, len);
	else
		tcp_input(p, frame + ETH_LEN, len - ETH_LEN - IP_LEN);
}

static void timers(struct peer *p)
{
	for (unsigned i = 0; i < p->nconn; i++) {
		struct peer_conn *c = &p->conn[i];

		if (c->state < PEER_OPEN || c->snd_una == c->snd_nxt || p->now_ns < c->rto_at_ns)
			continue;
		c->rto_at_ns = p->now_ns + PEER_RTO;
		c->snd_nxt = c->snd_una;
		p->retransmits++;
		if (c->len)
			send_queued(p, c);
		else if (c->fin_sent)
			send_fin(p, c);
	}
}

/* ---- the wire ---- */

static struct peer *peer_of(struct wire *wire)
{
	return (struct peer *)wire;
}

static uint64_t wire_now(struct wire *wire)
{
	return peer_of(wire)->now_ns;
}

static unsigned wire_receive(struct wire *wire)
{
	struct peer *p = peer_of(wire);
	unsigned n = 0;

	while (n < WIRE_BURST && n < p->queued && p->queue[n].at_ns <= p->now_ns) {
		memcpy(p->rx[n], p->queue[n].data, p->queue[n].len);
		wire->rx[n] = (struct wire_frame){.data = p->rx[n], .len = p->queue[n].len};
		n++;
	}
	p->queued -= n;
	memmove(p->queue, p->queue + n, p->queued * sizeof(*p->queue));
	wire->rx_packets += n;
	return n;
}

static void wire_flush(struct wire *wire)
{
	struct peer *p = peer_of(wire);
	uint64_t now = p->now_ns;

	/* A stalled server finds its frames later; what it answers comes from then on. */
	if (now >= p->stall_from_ns && now < p->stall_until_ns)
		p->now_ns = p->stall_until_ns;
	for (unsigned i = 0; i < wire->tx_count; i++)
		frame_input(p, wire->tx[i].data, wire->tx[i].len);
	p->now_ns = now;
	wire->tx_packets += wire->tx_count;
	wire->tx_count = 0;
	for (wire->tx_room = 0; wire->tx_room < WIRE_BURST; wire->tx_room++)
		wire->tx[wire->tx_room].data = p->tx[wire->tx_room];
}

/* ---- the whole ---- */

struct options peer_options(uint64_t requests)
{
	return (struct options){
		.engine = "lean",
		.connections = 10,
		.handshakes = 512,
		.request_bytes = 64,
		.response_bytes = UINT32_MAX,
		.path = "/",
		.requests_total = requests,
		.timeout_ms = 5000,
		.rto_ms = 200,
		.port_first = 1024,
		.port_last = 65535,
	};
}

struct peer *peer_new(const struct options *options, bool datagrams, uint8_t proto)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct target_addr *t;

	if (!p)
		abort();
	p->options = *options;
	t = &p->options.target[0];
	p->options.ntargets = 1;
	t->in.sin_family = AF_INET;
	t->in.sin_port = htons(7);
	t->in.sin_addr.s_addr = htonl(SERVER);
	snprintf(t->text, sizeof(t->text), "10.0.0.2:7");
	p->now_ns = UINT64_C(5000000000);
	p->step_ns = 10000;
	p->delay_ns = 20000;
	p->seed = 0x1234567;
	p->window = 65535;
	p->queue = malloc(PEER_QUEUE * sizeof(*p->queue));
	p->conn = calloc(PEER_CONNS, sizeof(*p->conn));
	if (!p->queue || !p->conn)
		abort();
	memcpy(p->wire.mac, client_mac, 6);
	p->wire.ethernet = true;
	p->wire.mtu = 1500;
	p->wire.tx_size = 2048;
	p->wire.receive = wire_receive;
	p->wire.flush = wire_flush;
	p->wire.now = wire_now;
	wire_flush(&p->wire);
	p->load = (struct load){.options = &p->options, .workers = 1, .phase = PHASE_MEASURE};
	p->load.result[0] = &p->result;
	p->lean = (struct lean){
		.wire = &p->wire, .load = &p->load, .o = &p->options, .result = &p->result};
	p->lean.datagrams = datagrams;
	p->lean.proto = proto;
	p->lean.own_addr = CLIENT_NET + 1;
	p->lean.prefix_mask = 0xffffff00;
	lean_setup(&p->lean);
	return p;
}

void peer_free(struct peer *p)
{
	lean_teardown(&p->lean);
	free(p->queue);
	free(p->conn);
	free(p);
}

bool peer_step(struct peer *p)
{
	bool more = lean_turn(&p->lean);

	if (p->lean.plan.outstanding > p->outstanding_max)
		p->outstanding_max = p->lean.plan.outstanding;
	timers(p);
	p->now_ns += p->step_ns;
	return more;
}

bool peer_run(struct peer *p, uint64_t limit_ns)
{
	uint64_t until = p->now_ns + limit_ns;

	while (p->now_ns < until)
		if (!peer_step(p))
			return true;
	return false;
}
