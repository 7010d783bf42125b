/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The in-process wire between two ends that do what NICs do (nsk_wire_offload()). What a sender
 * asks for is done on the way (txwork.h), unless the receiver can do without and nobody sees the
 * frames between: as between two machines of one host, a packet then goes over whole, and its
 * checksum is never computed.
 */
#include "wire.h"

#include <errno.h>
#include <stdlib.h>

#include "counter.h"
#include "framebuf.h"
#include "net/port.h"
#include "txwork.h"

int wire_nic_setup(struct nsk_wire *wire)
{
	const uint32_t frame_max = FRAME_MTU_MAX + FRAME_LINK_MAX;
	struct frameq bigger[2] = {0};
	uint8_t *scratch[2] = {malloc(2 * (size_t)frame_max), malloc(2 * (size_t)frame_max)};
	int rc = scratch[0] && scratch[1] ? 0 : -ENOMEM;

	for (unsigned i = 0; rc == 0 && i < 2; i++)
		rc = frameq_init(&bigger[i], frame_max);
	for (unsigned i = 0; i < 2; i++) {
		frameq_fini(rc ? &bigger[i] : &wire->dir[i].inorder);
		free(rc ? scratch[i] : wire->scratch[i]);
		if (rc)
			continue;
		wire->dir[i].inorder = bigger[i];
		wire->scratch[i] = scratch[i];
	}
	if (rc == 0) {
		wire->frame_max = frame_max;
		wire->nic = true;
	}
	return rc;
}

/* The receiver takes the packet as it is, and nothing on the way looks at it. */
static bool goes_whole(const struct nsk_wire *wire, const struct wire_dir *d,
		       const struct rte_mbuf *m)
{
	uint32_t takes = __atomic_load_n(&wire->takes[d == &wire->dir[0]], __ATOMIC_RELAXED);
	uint32_t needs = PORT_RX_CSUM_L4;

	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		needs |= PORT_RX_LRO;
	return (takes & needs) == needs && !d->impair.any && !wire->tap;
}

static bool send_whole(struct wire_dir *d, const struct rte_mbuf *m, uint32_t epoch)
{
	struct frame *f = wire_reserve(d, m);

	if (!f)
		return false;
	framebuf_flatten(m, f->data);
	f->due_ns = 0;
	f->tag = WIRE_EPOCH(epoch) | WIRE_UNSUMMED;
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		f->tag |= (uint32_t)m->tso_segsz << WIRE_SEGSZ_SHIFT;
	if (m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4))
		txwork_sum_ipv4(f->data + m->l2_len);
	frameq_commit(&d->inorder, f);
	counter_add(&d->sent.packets, 1);
	counter_add(&d->sent.bytes, m->pkt_len);
	return true;
}

/* Frames made of a packet. */
static void send_worked(struct nsk_wire *wire, struct wire_dir *d, uint64_t now_ns,
			const struct rte_mbuf *m, uint32_t epoch, struct wire_burst *done)
{
	uint8_t *flat = wire->scratch[d == &wire->dir[1]], *out = flat + wire->frame_max;
	struct txwork work;
	uint32_t len;

	framebuf_flatten(m, flat);
	txwork_begin(&work, m, flat);
	while ((len = txwork_next(&work, out)) > 0) {
		/* A packet as far as a direction looks at one; nobody keeps or frees it. */
		struct rte_mbuf frame = {
			.buf_addr = out, .nb_segs = 1, .data_len = (uint16_t)len, .pkt_len = len};

		done->packets++;
		done->bytes += len;
		wire_send_one(wire, d, now_ns, &frame, epoch);
	}
}

/* Nobody can make it fit. */
static bool is_unfit(const struct nsk_wire *wire, const struct rte_mbuf *m)
{
	bool cuts = m->ol_flags & RTE_MBUF_F_TX_TCP_SEG;

	return m->pkt_len == 0 ||
	       m->pkt_len > (cuts ? wire->frame_max : wire->mtu + FRAME_LINK_MAX);
}

void wire_nic_send(struct nsk_wire *wire, struct wire_dir *d, uint64_t now_ns,
		   struct rte_mbuf **bufs, uint16_t n, uint32_t epoch, struct wire_burst *done)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = bufs[i];

		if (is_unfit(wire, m)) {
			done->bad++;
			continue;
		}
		if (txwork_asked(m) && !goes_whole(wire, d, m)) {
			send_worked(wire, d, now_ns, m, epoch, done);
			continue;
		}
		done->packets++;
		done->bytes += m->pkt_len;
		if (!txwork_asked(m))
			wire_send_one(wire, d, now_ns, m, epoch);
		else if (!send_whole(d, m, epoch))
			counter_add(&d->sent.queue_full, 1);
	}
	frameq_publish(&d->inorder);
	if (d->held.head)
		frameq_publish(&d->held);
}

void wire_nic_tell(const struct frame *f, struct rte_mbuf *m)
{
	if (!(f->tag & WIRE_UNSUMMED))
		return;
	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_NONE;
	if (!WIRE_SEGSZ(f->tag))
		return;
	m->ol_flags |= RTE_MBUF_F_RX_LRO;
	m->tso_segsz = WIRE_SEGSZ(f->tag);
}
