/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces on VLANs; see vlan.h. */
#include "net/vlan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/input.h"
#include "wire/vlan.h"

#define ADDRS_LEN (2 * ETH_MAC_LEN)
#define BURST	  32
#define TX_WORK	  (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG)

/* What one worker counts: received as that worker, sent by that queue. [W] */
struct vlan_counts {
	struct port_stats n;
} NSK_CACHE_ALIGNED;

struct vlan_port {
	struct port port;
	struct iface *parent;			    /* [C] */
	uint8_t tags[VLAN_TAG_LEN * VLAN_TAGS_MAX]; /* [C] */
	unsigned bytes;				    /* [C] of them */
	unsigned workers;			    /* [C] */
	struct vlan_counts count[];
};

static struct vlan_port *vlan_of(struct port *port)
{
	return NSK_CONTAINER_OF(port, struct vlan_port, port);
}

static void count(uint64_t *packets, uint64_t *bytes, uint64_t n, uint64_t len)
{
	__atomic_store_n(packets, *packets + n, __ATOMIC_RELAXED);
	__atomic_store_n(bytes, *bytes + len, __ATOMIC_RELAXED);
}

/* ---- in -------------------------------------------------------------------------------------- */

static struct iface *find(const struct nsk_worker *w, const struct iface *parent,
			  const struct vlan *vlan)
{
	const struct net_snapshot *snap = w->net->snap;

	for (unsigned i = 0; i < snap->nifaces; i++) {
		struct iface *ifc = snap->iface[i];

		if (ifc->parent == parent && ifc->vlan.outer == vlan->outer &&
		    ifc->vlan.inner == vlan->inner)
			return ifc;
	}
	return NULL;
}

/* Takes the tags out. What hardware says to have checked behind them is checked again, unless the
 * field was never filled in. */
static void strip(struct rte_mbuf *m, unsigned bytes)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	memmove(frame + bytes, frame, ADDRS_LEN);
	rte_pktmbuf_adj(m, (uint16_t)bytes);
	m->ol_flags &= ~RTE_MBUF_F_RX_IP_CKSUM_MASK;
	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_NONE)
		m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
}

void vlan_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct iface *to = ifc;
	struct vlan vlan;
	unsigned bytes = 0;
	enum nsk_drop bad = vlan_parse(rte_pktmbuf_mtod(m, const uint8_t *),
				       rte_pktmbuf_data_len(m), &vlan, &bytes);

	if (!bad && (vlan.outer || vlan.inner)) {
		to = find(w, ifc, &vlan);
		bad = to ? NSK_DROP_NONE : NSK_DROP_ETH_VLAN_UNKNOWN;
	}
	if (bad) {
		pkt_drop(w, m, bad);
		return;
	}
	strip(m, bytes);
	if (to != ifc) {
		if (NSK_UNLIKELY(w->capturing & WORKER_CAPTURES_IN))
			w->ops->tagged_in(w, to, m);
		struct port_stats *n = &vlan_of(to->port)->count[w->id].n;

		count(&n->rx_packets, &n->rx_bytes, 1, m->pkt_len);
	}
	net_input(w, to, m);
}

/* ---- out ------------------------------------------------------------------------------------- */

static bool push(const struct vlan_port *v, struct rte_mbuf *m)
{
	uint8_t *frame = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)v->bytes);

	if (!frame)
		return false;
	memmove(frame, frame + v->bytes, ADDRS_LEN);
	memcpy(frame + ADDRS_LEN, v->tags, v->bytes);
	if (m->ol_flags & TX_WORK)
		m->l2_len += v->bytes;
	return true;
}

static void pop(const struct vlan_port *v, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	memmove(frame + v->bytes, frame, ADDRS_LEN);
	rte_pktmbuf_adj(m, (uint16_t)v->bytes);
	if (m->ol_flags & TX_WORK)
		m->l2_len -= v->bytes;
}

bool vlan_push(const struct iface *ifc, struct rte_mbuf *m)
{
	return push(vlan_of(ifc->port), m);
}

void vlan_pop(const struct iface *ifc, struct rte_mbuf *m)
{
	pop(vlan_of(ifc->port), m);
}

/* Offers up to BURST frames, all with tags, to the parent's port; how many it took. */
static uint16_t offer(struct vlan_port *v, uint16_t queue, uint64_t now_ns, struct rte_mbuf **bufs,
		      uint16_t n)
{
	struct port *lower = v->parent->port;
	struct port_stats *stats = &v->count[queue].n;
	uint32_t len[BURST];
	uint64_t bytes = 0;
	uint16_t taken;

	for (uint16_t i = 0; i < n; i++)
		len[i] = bufs[i]->pkt_len;
	taken = lower->ops->tx_burst(lower, queue, now_ns, bufs, n);
	for (uint16_t i = 0; i < taken; i++)
		bytes += len[i] - v->bytes;
	count(&stats->tx_packets, &stats->tx_bytes, taken, bytes);
	return taken;
}

static uint16_t vlan_tx_burst(struct port *port, uint16_t queue, uint64_t now_ns,
			      struct rte_mbuf **bufs, uint16_t n)
{
	struct vlan_port *v = vlan_of(port);
	uint16_t done = 0;

	while (done < n) {
		uint16_t ready = 0, taken;

		while (done + ready < n && ready < BURST && push(v, bufs[done + ready]))
			ready++;
		if (ready == 0) {
			struct port_stats *stats = &v->count[queue].n;

			rte_pktmbuf_free(bufs[done++]);
			count(&stats->tx_unfit, &stats->tx_bytes, 1, 0);
			continue;
		}
		taken = offer(v, queue, now_ns, bufs + done, ready);
		for (uint16_t i = taken; i < ready; i++)
			pop(v, bufs[done + i]);
		done = (uint16_t)(done + taken);
		if (taken < ready)
			break;
	}
	return done;
}

/* ---- port ------------------------------------------------------------------------------------ */

static int vlan_start(struct port *port, const struct port_setup *setup)
{
	port->mtu = NSK_MIN(setup->mtu, vlan_of(port)->parent->mtu);
	return 0;
}

static void vlan_stop(struct port *port)
{
	(void)port;
}

static void vlan_close(struct port *port)
{
	free(vlan_of(port));
}

/* Frames come by vlan_input(). */
static uint16_t vlan_rx_burst(struct port *port, uint16_t queue, uint64_t now_ns,
			      struct rte_mbuf **bufs, uint16_t n)
{
	(void)port;
	(void)queue;
	(void)now_ns;
	(void)bufs;
	(void)n;
	return 0;
}

static void vlan_link(struct port *port, struct port_link *link)
{
	const struct iface *parent = vlan_of(port)->parent;

	parent->port->ops->link(parent->port, link);
}

static void add(uint64_t *to, const uint64_t *from)
{
	*to += __atomic_load_n(from, __ATOMIC_RELAXED);
}

static void vlan_stats(struct port *port, struct port_stats *stats)
{
	struct vlan_port *v = vlan_of(port);

	*stats = (struct port_stats){0};
	for (unsigned i = 0; i < v->workers; i++) {
		const struct port_stats *from = &v->count[i].n;

		add(&stats->rx_packets, &from->rx_packets);
		add(&stats->rx_bytes, &from->rx_bytes);
		add(&stats->tx_packets, &from->tx_packets);
		add(&stats->tx_bytes, &from->tx_bytes);
		add(&stats->tx_unfit, &from->tx_unfit);
	}
}

static const struct port_ops vlan_ops = {
	.start = vlan_start,
	.stop = vlan_stop,
	.close = vlan_close,
	.rx_burst = vlan_rx_burst,
	.tx_burst = vlan_tx_burst,
	.link = vlan_link,
	.stats = vlan_stats,
};

struct port *vlan_port_open(struct iface *ifc, unsigned workers, struct log *log)
{
	const struct port_caps *lower = &ifc->parent->port->caps;
	struct vlan_port *v = mem_apart(sizeof(*v) + workers * sizeof(v->count[0]));

	if (!v)
		return NULL;
	v->parent = ifc->parent;
	v->bytes = vlan_write(v->tags, &ifc->vlan);
	v->workers = workers;
	v->port.ops = &vlan_ops;
	v->port.log = log;
	v->port.mac = ifc->parent->mac;
	snprintf(v->port.driver, sizeof(v->port.driver), "vlan");
	v->port.caps = *lower;
	v->port.caps.offloads &= ~(uint32_t)(PORT_RX_CSUM_IPV4 | PORT_TX_TSO);
	v->port.caps.mtu_max = ifc->parent->mtu;
	v->port.caps.device_memory = false; /* it has no rings */
	return &v->port;
}
