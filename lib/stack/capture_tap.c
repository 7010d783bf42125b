/* SPDX-License-Identifier: BSD-3-Clause */
/* Where workers write packets into captures; see capture.h. */
#include <stdio.h>
#include <string.h>

#include "mbuf/pool.h"
#include "net/vlan.h"
#include "stack/capture_session.h"
#include "wire/bytes.h"
#include "wire/eth.h"

#define OUT_MAX	    64 /* frames of a burst that are looked at together */
#define COMMENT_MAX 160

/* What is told of a packet beside its bytes. */
struct story {
	const struct iface *ifc;
	enum capture_link link;
	enum pcapng_direction direction;
	uint32_t queue; /* UINT32_MAX: none */
	uint64_t ns;	/* on the stack's clock */
	const char *comment;
};

static enum capture_link link_of(const struct iface *ifc)
{
	return ifc->ethernet ? CAPTURE_FRAMES : CAPTURE_PACKETS;
}

static void count(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

/* ---- one packet ---------------------------------------------------------------------------- */

static void copy(uint8_t *to, const struct rte_mbuf *m, uint32_t len)
{
	for (uint32_t n; len > 0; m = m->next, to += n, len -= n) {
		n = NSK_MIN(len, (uint32_t)m->data_len);
		memcpy(to, rte_pktmbuf_mtod(m, const void *), n);
	}
}

static bool matches(const struct capture *c, struct capture_ring *ring, enum capture_link link,
		    const struct rte_mbuf *m)
{
	struct pcap_pkthdr head = {.caplen = m->pkt_len, .len = m->pkt_len};
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);

	if (!c->want.filter)
		return true;
	if (!c->matches[link])
		return false;
	if (m->nb_segs > 1) {
		head.caplen = NSK_MIN(head.caplen, (uint32_t)CAPTURE_SNAPLEN_MAX);
		copy(ring->whole, m, head.caplen);
		bytes = ring->whole;
	}
	return pcap_offline_filter(&c->program[link], &head, bytes) != 0;
}

/* What became of a packet: which block's it is, CAPTURE_NO_BLOCK: the capture does not want it. */
struct outcome {
	uint8_t block;
	bool lost;
};

/* Into the worker's ring, without showing it. */
static struct outcome write_packet(const struct capture *c, struct capture_ring *ring,
				   struct rte_mbuf *m, const struct story *s)
{
	struct outcome o = {.block = c->block[s->ifc->index][s->link]};
	uint8_t *room;
	struct pcapng_packet p = {
		.interface = o.block,
		.ns = s->ns + c->wall_offset_ns,
		.len = m->pkt_len,
		.cap_len = NSK_MIN(m->pkt_len, c->want.snaplen),
		.direction = s->direction,
		.queue = s->queue,
		.lost = ring->lost_before,
		.comment = s->comment,
	};
	size_t len;

	if (o.block == CAPTURE_NO_BLOCK || !matches(c, ring, s->link, m))
		return (struct outcome){.block = CAPTURE_NO_BLOCK};
	len = pcapng_packet(NULL, &p);
	room = bytering_room(&ring->ring, len);
	o.lost = !room;
	if (!room)
		return o;
	ring->lost_before = 0;
	pcapng_packet(room, &p);
	copy(room + PCAPNG_PACKET_DATA, m, p.cap_len);
	bytering_put(&ring->ring, len, p.ns);
	return o;
}

/* It is sure that the packet came or went. */
static void count_packet(struct capture_ring *ring, struct outcome o)
{
	if (o.block == CAPTURE_NO_BLOCK)
		return;
	count(&ring->matched[o.block]);
	if (!o.lost)
		return;
	count(&ring->lost[o.block]);
	ring->lost_before++;
}

static bool wants(const struct capture *c, const struct iface *ifc, enum worker_capturing what,
		  uint16_t queue)
{
	return (c->want.what & what) && (c->want.ifaces & (UINT32_C(1) << ifc->index)) &&
	       (c->want.queue < 0 || c->want.queue == queue);
}

/* ---- in ------------------------------------------------------------------------------------ */

void capture_in(struct run_worker *r, const struct iface *ifc, uint16_t queue, struct rte_mbuf **m,
		uint16_t n)
{
	struct story s = {.ifc = ifc,
			  .link = link_of(ifc),
			  .direction = PCAPNG_IN,
			  .queue = queue,
			  .ns = r->w.now_ns};

	for (unsigned k = 0; k < r->ncaptures; k++) {
		struct capture *c = r->capture[k];
		struct capture_ring *ring = &c->worker[r->w.id];

		if (!wants(c, ifc, WORKER_CAPTURES_IN, queue))
			continue;
		for (uint16_t i = 0; i < n; i++)
			count_packet(ring, write_packet(c, ring, m[i], &s));
		bytering_publish(&ring->ring, bytering_end(&ring->ring));
	}
}

/* ---- out ----------------------------------------------------------------------------------- */

/* A frame that is offered to a port, and its block's end. */
struct frame_out {
	struct outcome own, tagged;
	uint64_t end;
	uint64_t lost_before; /* it */
};

/* Frames of an interface on a VLAN are its parent's with their tags. */
static struct frame_out write_out(const struct capture *c, struct capture_ring *ring,
				  struct rte_mbuf *m, struct story s)
{
	struct frame_out f = {.own.block = CAPTURE_NO_BLOCK,
			      .tagged.block = CAPTURE_NO_BLOCK,
			      .lost_before = ring->lost_before};
	const struct iface *ifc = s.ifc;

	if (wants(c, ifc, WORKER_CAPTURES_OUT, (uint16_t)s.queue))
		f.own = write_packet(c, ring, m, &s);
	s.ifc = ifc->parent;
	if (s.ifc && wants(c, s.ifc, WORKER_CAPTURES_OUT, (uint16_t)s.queue) && vlan_push(ifc, m)) {
		f.tagged = write_packet(c, ring, m, &s);
		vlan_pop(ifc, m);
	}
	f.end = bytering_end(&ring->ring);
	return f;
}

/* Of those that were offered the port took n. What a block said that is not shown is said again. */
static void show_out(struct capture_ring *ring, uint64_t end, const struct frame_out *f,
		     uint16_t offered, uint16_t n)
{
	if (n < offered)
		ring->lost_before = f[n].lost_before;
	for (uint16_t i = 0; i < n; i++) {
		count_packet(ring, f[i].own);
		count_packet(ring, f[i].tagged);
		end = f[i].end;
	}
	bytering_publish(&ring->ring, end);
}

/* A packet may be gone once the port has it, and be offered again if not: blocks are written before
 * and shown as far as it took the frames. */
static uint16_t out_some(struct run_worker *r, const struct iface *ifc, uint16_t queue,
			 struct rte_mbuf **m, uint16_t n)
{
	struct frame_out frame[STACK_CAPTURES_MAX][OUT_MAX];
	uint64_t before[STACK_CAPTURES_MAX];
	const struct story s = {.ifc = ifc,
				.link = link_of(ifc),
				.direction = PCAPNG_OUT,
				.queue = queue,
				.ns = r->w.now_ns};
	uint16_t taken;

	for (unsigned k = 0; k < r->ncaptures; k++) {
		struct capture_ring *ring = &r->capture[k]->worker[r->w.id];

		before[k] = bytering_end(&ring->ring);
		for (uint16_t i = 0; i < n; i++)
			frame[k][i] = write_out(r->capture[k], ring, m[i], s);
	}
	taken = ifc->port->ops->tx_burst(ifc->port, queue, r->w.now_ns, m, n);
	for (unsigned k = 0; k < r->ncaptures; k++)
		show_out(&r->capture[k]->worker[r->w.id], before[k], frame[k], n, taken);
	return taken;
}

uint16_t capture_out(struct run_worker *r, const struct iface *ifc, uint16_t queue,
		     struct rte_mbuf **m, uint16_t n)
{
	uint16_t done = 0, part, taken;

	do {
		part = (uint16_t)NSK_MIN(n - done, OUT_MAX);
		taken = out_some(r, ifc, queue, m + done, part);
		done = (uint16_t)(done + taken);
	} while (taken == part && done < n);
	return done;
}

/* ---- dropped ------------------------------------------------------------------------------- */

/* How much of a packet that is dropped lies before its data, or that it is not said. */
enum found {
	FOUND_FRAME,	 /* nothing: nobody has looked into the frame yet */
	FOUND_BODY,	 /* the frame's header: what is wrong is the next one */
	FOUND_DESCRIBED, /* the descriptor says where the IP header is */
	FOUND_OUT,	 /* nothing: it was about to go out */
};

static enum found found_by(enum nsk_drop reason)
{
	if (reason <= NSK_DROP_ETH_UNKNOWN_TYPE)
		return FOUND_FRAME;
	if (reason < NSK_DROP_ARP_TABLE_FULL)
		return FOUND_BODY;
	if (reason <= NSK_DROP_ARP_UNRESOLVED)
		return FOUND_OUT;
	if (reason >= NSK_DROP_IP_SHORT && reason <= NSK_DROP_IP_CHECKSUM)
		return FOUND_BODY;
	if (reason >= NSK_DROP_RX_NO_BUFFER && reason <= NSK_DROP_RX_BROKEN)
		return FOUND_FRAME;
	return reason >= NSK_DROP_TX_NO_BUFFER && reason != NSK_DROP_STEER_RING_FULL
		       ? FOUND_OUT
		       : FOUND_DESCRIBED;
}

static bool is_packet(struct rte_mbuf *m, uint16_t at)
{
	uint8_t version = *pkt_at(m, at) >> 4;

	return version == 4 || version == 6;
}

/* Whether a frame's header with this type's number stands there. */
static bool is_frame(struct rte_mbuf *m, uint16_t at)
{
	const uint8_t *p = pkt_at(m, at);
	uint16_t type = load_be16(p + ETH_HLEN - 2);

	if (type == ETH_TYPE_IPV4 || type == ETH_TYPE_IPV6)
		return p[ETH_HLEN] >> 4 == (type == ETH_TYPE_IPV4 ? 4 : 6);
	return type == ETH_TYPE_ARP;
}

static void set_start(struct rte_mbuf *m, uint16_t start)
{
	int by = m->data_off - start;

	m->data_off = start;
	m->data_len = (uint16_t)(m->data_len + by);
	m->pkt_len = (uint32_t)((int)m->pkt_len + by);
}

/* Sets m's data to the frame or, where there is none any more or not yet, the packet. False: it is
 * neither, but a part of what was to become one. */
static bool find_start(struct rte_mbuf *m, const struct iface *ifc, enum nsk_drop reason,
		       enum capture_link *link)
{
	enum found found = found_by(reason);
	uint16_t start = m->data_off;

	*link = link_of(ifc);
	if (found == FOUND_FRAME)
		return true;
	if (found == FOUND_DESCRIBED && pkt_of(m)->l3_off <= start)
		start = pkt_of(m)->l3_off;
	if (ifc->ethernet && start >= ETH_HLEN && found != FOUND_OUT &&
	    (found == FOUND_BODY || is_frame(m, (uint16_t)(start - ETH_HLEN))))
		start = (uint16_t)(start - ETH_HLEN);
	else if (!ifc->ethernet || !is_frame(m, start))
		*link = CAPTURE_PACKETS;
	set_start(m, start);
	return *link == CAPTURE_FRAMES || found == FOUND_BODY || is_packet(m, start);
}

void capture_dropped(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason)
{
	struct run_worker *r = run_of(w);
	uint8_t index = pkt_of(m)->iface;
	uint16_t was = m->data_off;
	char comment[COMMENT_MAX];
	struct story s;

	if (index >= r->stack->nifaces)
		return;
	snprintf(comment, sizeof(comment), "dropped: %s: %s", nsk_drop_name(reason),
		 nsk_drop_text(reason));
	s = (struct story){.ifc = &r->stack->iface[index],
			   .queue = UINT32_MAX,
			   .ns = w->now_ns,
			   .comment = comment};
	if (!find_start(m, s.ifc, reason, &s.link))
		return set_start(m, was);
	for (unsigned k = 0; k < r->ncaptures; k++) {
		struct capture *c = r->capture[k];
		struct capture_ring *ring = &c->worker[w->id];

		if (!wants(c, s.ifc, WORKER_CAPTURES_DROPS, (uint16_t)c->want.queue))
			continue;
		count_packet(ring, write_packet(c, ring, m, &s));
		bytering_publish(&ring->ring, bytering_end(&ring->ring));
	}
	set_start(m, was);
}

void capture_tagged(struct nsk_worker *w, const struct iface *ifc, struct rte_mbuf *m)
{
	capture_in(run_of(w), ifc, 0, &m, 1);
}

/* ---- which --------------------------------------------------------------------------------- */

void capture_look(struct run_worker *r)
{
	uint8_t what = 0;

	r->ncaptures = 0;
	for (unsigned i = 0; i < STACK_CAPTURES_MAX; i++) {
		struct capture *c = __atomic_load_n(&r->stack->capture[i], __ATOMIC_ACQUIRE);

		if (!c || !__atomic_load_n(&c->active, __ATOMIC_ACQUIRE))
			continue;
		r->capture[r->ncaptures++] = c;
		what |= c->want.what;
	}
	r->w.capturing = what;
}
