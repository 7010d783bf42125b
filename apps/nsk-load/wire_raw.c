/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers that came are sent again rather than freed and allocated: they are warm. The spare ones
 * lie on a stack.
 */
#include "nsk-load/wire_raw.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_mbuf.h>

#define SPARE_MAX      256u
#define SPARE_KEEP     128u
#define TX_PATIENCE_NS 200000u
#define LINEAR_SIZE    65600u

struct wire_raw {
	struct wire wire;
	struct nsk_raw *raw;
	struct rte_mbuf *rx[WIRE_BURST], *tx[WIRE_BURST], *spare[SPARE_MAX];
	unsigned rx_count, spares;
	uint8_t *linear; /* frames of several segments are copied here, one room for each of a burst
			  */
};

static struct wire_raw *raw_of(struct wire *wire)
{
	return (struct wire_raw *)wire;
}

/* ---- buffers ------------------------------------------------------------------------------- */

static bool reusable(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

/* Buffers of the last burst become spare. */
static void release_received(struct wire_raw *w)
{
	struct rte_mbuf *other[WIRE_BURST];
	unsigned n = 0;

	for (unsigned i = 0; i < w->rx_count; i++) {
		if (reusable(w->rx[i]))
			w->spare[w->spares++] = w->rx[i];
		else
			other[n++] = w->rx[i];
	}
	w->rx_count = 0;
	if (n)
		nsk_raw_free(w->raw, other, n);
	if (w->spares > SPARE_KEEP) {
		nsk_raw_free(w->raw, w->spare + SPARE_KEEP, w->spares - SPARE_KEEP);
		w->spares = SPARE_KEEP;
	}
}

/* Gives every place of the next burst a buffer, as far as there are any. */
static void provide(struct wire_raw *w)
{
	struct wire *wire = &w->wire;

	if (w->spares < WIRE_BURST && nsk_raw_alloc(w->raw, w->spare + w->spares, WIRE_BURST) == 0)
		w->spares += WIRE_BURST;
	while (wire->tx_room < WIRE_BURST && w->spares > 0) {
		struct rte_mbuf *m = w->spare[--w->spares];

		m->data_off = RTE_PKTMBUF_HEADROOM;
		m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
		w->tx[wire->tx_room] = m;
		wire->tx[wire->tx_room++].data = rte_pktmbuf_mtod(m, uint8_t *);
	}
}

/* ---- the wire ------------------------------------------------------------------------------ */

static void raw_flush(struct wire *wire)
{
	struct wire_raw *w = raw_of(wire);
	unsigned n = wire->tx_count, sent;
	uint64_t begin = 0;

	for (unsigned i = 0; i < n; i++) {
		w->tx[i]->data_len = (uint16_t)wire->tx[i].len;
		w->tx[i]->pkt_len = wire->tx[i].len;
	}
	sent = n ? nsk_raw_tx(w->raw, w->tx, n) : 0;
	/* A full ring: the other side will take some soon, unless it waits for us. */
	while (sent < n) {
		uint64_t now = nsk_raw_now(w->raw);

		if (!begin)
			begin = now;
		if (now - begin > TX_PATIENCE_NS)
			break;
		sent += nsk_raw_tx(w->raw, w->tx + sent, n - sent);
	}
	if (sent < n)
		nsk_raw_free(w->raw, w->tx + sent, n - sent);
	wire->tx_packets += sent;
	wire->tx_full += n - sent;
	/* What had a buffer and was not filled moves to the front. */
	for (unsigned i = n; i < wire->tx_room; i++) {
		w->tx[i - n] = w->tx[i];
		wire->tx[i - n].data = wire->tx[i].data;
	}
	wire->tx_room -= n;
	wire->tx_count = 0;
	provide(w);
}

/* Frames of several segments, which only large receive buffers or merged receives make, are made
 * one. */
static void linearize(struct wire_raw *w, unsigned i)
{
	struct wire_frame *f = &w->wire.rx[i];
	const struct rte_mbuf *m = w->rx[i];

	if (!w->linear)
		w->linear = malloc((size_t)WIRE_BURST * LINEAR_SIZE);
	if (!w->linear || m->pkt_len > LINEAR_SIZE) {
		f->len = m->data_len;
		return;
	}
	f->data = w->linear + (size_t)i * LINEAR_SIZE;
	f->len = m->pkt_len;
	for (uint32_t at = 0; m; at += m->data_len, m = m->next)
		rte_memcpy(f->data + at, rte_pktmbuf_mtod(m, const void *), m->data_len);
}

/*
 * Verified by the port, or never on a wire: a sender in this machine left its checksums to a device
 * that does not exist.
 */
static bool trusted(const struct rte_mbuf *m)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	return l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

static unsigned raw_receive(struct wire *wire)
{
	struct wire_raw *w = raw_of(wire);
	unsigned n;

	release_received(w);
	n = nsk_raw_rx(w->raw, w->rx, WIRE_BURST);
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(w->rx[i], void *));
	for (unsigned i = 0; i < n; i++) {
		wire->rx[i].data = rte_pktmbuf_mtod(w->rx[i], uint8_t *);
		wire->rx[i].len = w->rx[i]->data_len;
		wire->rx[i].trusted = trusted(w->rx[i]);
		if (w->rx[i]->nb_segs > 1)
			linearize(w, i);
	}
	w->rx_count = n;
	wire->rx_packets += n;
	return n;
}

static uint64_t raw_now(struct wire *wire)
{
	return nsk_raw_now(raw_of(wire)->raw);
}

struct wire *wire_raw_open(struct nsk_config *config, struct nsk_raw_info *info)
{
	struct wire_raw *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	if (nsk_raw_open(config, 0, &w->raw)) {
		free(w);
		return NULL;
	}
	nsk_raw_info(w->raw, info);
	memcpy(w->wire.mac, info->mac, sizeof(w->wire.mac));
	w->wire.ethernet = info->ethernet;
	w->wire.mtu = info->mtu;
	w->wire.receive = raw_receive;
	w->wire.flush = raw_flush;
	w->wire.now = raw_now;
	provide(w);
	if (w->wire.tx_room)
		w->wire.tx_size = rte_pktmbuf_tailroom(w->tx[0]);
	return &w->wire;
}

void wire_raw_close(struct wire *wire)
{
	struct wire_raw *w = raw_of(wire);

	release_received(w);
	if (w->spares)
		nsk_raw_free(w->raw, w->spare, w->spares);
	if (wire->tx_room)
		nsk_raw_free(w->raw, w->tx, wire->tx_room);
	nsk_raw_close(w->raw);
	free(w->linear);
	free(w);
}
