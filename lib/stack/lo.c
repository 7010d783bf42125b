/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loopback interface: what a stack sends to itself comes back in by it. RFC 1122 §3.2.1.3 (g),
 * §3.3.1.1, RFC 4291 §2.5.3.
 *
 * To all above it is an interface without a link layer, whose port gives what it was given. Each
 * worker has a queue of its own, of which both ends are the worker's, so nothing is shared and
 * nobody need be woken; a packet for another worker's flow goes there from ip_input(), as from any
 * port. The queue is among the worker's sources while something is in it: who speaks to others
 * alone does not pay for it, and a worker that has packets for itself has work.
 *
 * Nobody computes or looks at checksums here: the port says that it does the one and has done the
 * other. What shares its data with a send queue is copied, since that may be sent again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mbuf/pool.h"
#include "net/port.h"
#include "stack/build.h"
#include "stack/stack.h"

#define LO_PACKETS 256	 /* of a worker; what does not fit waits in its transmit queue */
#define LO_MTU	   65536 /* as Linux has it */
#define LO_GOOD	   (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD)

/* A worker's. All [W]. */
struct lo_queue {
	struct rte_mbuf *packet[LO_PACKETS];
	uint32_t head, tail; /* run on; packet n is in place n % LO_PACKETS */
	uint64_t sent_ns;    /* the last of them */
	struct port_stats stats;
} NSK_CACHE_ALIGNED;

struct lo_port {
	struct port port;
	struct nsk_stack *stack; /* [C] */
	struct lo_queue queue[]; /* one a worker */
};

static struct lo_port *lo_of(struct port *port)
{
	return NSK_CONTAINER_OF(port, struct lo_port, port);
}

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static uint32_t waiting(const struct lo_queue *q)
{
	return q->tail - q->head;
}

/* ---- packets ------------------------------------------------------------------------------- */

/* A packet as its receiver may have it: nobody else's. NULL: no buffer. */
static struct rte_mbuf *as_received(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct rte_mbuf *own = m;

	if (m->nb_segs > 1 || !pkt_is_own(m)) {
		own = rte_pktmbuf_copy(m, w->pool->mp, 0, UINT32_MAX);
		pkt_put(w, m);
	}
	if (own) {
		own->ol_flags = LO_GOOD;
		own->tx_offload = 0;
	}
	return own;
}

static uint16_t lo_tx_burst(struct port *port, uint16_t queue, uint64_t now_ns,
			    struct rte_mbuf **bufs, uint16_t n)
{
	struct lo_port *lo = lo_of(port);
	struct run_worker *r = lo->stack->worker[queue];
	struct lo_queue *q = &lo->queue[queue];
	bool idle = waiting(q) == 0;
	uint16_t taken = 0;

	for (; taken < n && waiting(q) < LO_PACKETS; taken++) {
		uint32_t bytes = bufs[taken]->pkt_len;
		struct rte_mbuf *m = as_received(&r->w, bufs[taken]);

		if (!m) {
			count(&q->stats.rx_nobuf, 1);
			continue;
		}
		q->packet[q->tail++ % LO_PACKETS] = m;
		count(&q->stats.tx_packets, 1);
		count(&q->stats.tx_bytes, bytes);
	}
	q->sent_ns = now_ns;
	if (idle && waiting(q))
		r->source[r->nsources++] =
			(struct rx_source){.ifc = lo->stack->snap.lo, .queue = queue};
	return taken;
}

static uint16_t lo_rx_burst(struct port *port, uint16_t queue, uint64_t now_ns,
			    struct rte_mbuf **bufs, uint16_t n)
{
	struct lo_port *lo = lo_of(port);
	struct lo_queue *q = &lo->queue[queue];
	uint16_t got = 0;

	(void)now_ns;
	for (; got < n && waiting(q); got++) {
		bufs[got] = q->packet[q->head++ % LO_PACKETS];
		count(&q->stats.rx_packets, 1);
		count(&q->stats.rx_bytes, bufs[got]->pkt_len);
	}
	if (got && !waiting(q))
		lo->stack->worker[queue]->nsources--; /* it is the last one */
	return got;
}

static uint64_t lo_next_ns(struct port *port, uint16_t queue)
{
	const struct lo_queue *q = &lo_of(port)->queue[queue];

	return waiting(q) ? q->sent_ns : UINT64_MAX;
}

/* ---- port ---------------------------------------------------------------------------------- */

static int lo_start(struct port *port, const struct port_setup *setup)
{
	port->mtu = setup->mtu;
	return 0;
}

/* The workers have dropped what was in their queues. */
static void lo_stop(struct port *port)
{
	(void)port;
}

static void lo_close(struct port *port)
{
	struct lo_port *lo = lo_of(port);

	for (unsigned i = 0; i < lo->stack->nworkers; i++)
		for (struct lo_queue *q = &lo->queue[i]; waiting(q);)
			rte_pktmbuf_free(q->packet[q->head++ % LO_PACKETS]);
	free(lo);
}

static void lo_link(struct port *port, struct port_link *link)
{
	(void)port;
	*link = (struct port_link){.up = true, .full_duplex = true};
}

static void add(uint64_t *to, const uint64_t *counter)
{
	*to += __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void lo_stats(struct port *port, struct port_stats *stats)
{
	struct lo_port *lo = lo_of(port);

	*stats = (struct port_stats){0};
	for (unsigned i = 0; i < lo->stack->nworkers; i++) {
		const struct port_stats *from = &lo->queue[i].stats;

		add(&stats->rx_packets, &from->rx_packets);
		add(&stats->rx_bytes, &from->rx_bytes);
		add(&stats->tx_packets, &from->tx_packets);
		add(&stats->tx_bytes, &from->tx_bytes);
		add(&stats->rx_nobuf, &from->rx_nobuf);
	}
}

static const struct port_ops lo_ops = {
	.start = lo_start,
	.stop = lo_stop,
	.close = lo_close,
	.rx_burst = lo_rx_burst,
	.tx_burst = lo_tx_burst,
	.link = lo_link,
	.stats = lo_stats,
	.next_ns = lo_next_ns,
};

/* ---- interface ----------------------------------------------------------------------------- */

static struct port *open_port(struct nsk_stack *stack)
{
	struct lo_port *lo = mem_apart(sizeof(*lo) + stack->nworkers * sizeof(lo->queue[0]));

	if (!lo)
		return NULL;
	lo->stack = stack;
	lo->port.ops = &lo_ops;
	lo->port.log = &stack->log;
	snprintf(lo->port.name, sizeof(lo->port.name), "lo");
	snprintf(lo->port.driver, sizeof(lo->port.driver), "lo");
	/* A worker beyond those queues hands its packets to one that has one. */
	lo->port.caps = (struct port_caps){
		.offloads = PORT_RX_CSUM_IPV4 | PORT_RX_CSUM_L4 | PORT_TX_CSUM_IPV4 |
			    PORT_TX_CSUM_L4 | PORT_TX_MULTI_SEG | PORT_TX_INDIRECT |
			    PORT_TX_EXTERNAL | PORT_RX_RSS,
		.rx_queues_max = PORT_QUEUES_MAX,
		.tx_queues_max = PORT_QUEUES_MAX,
		.mtu_max = LO_MTU,
		.numa_node = -1,
	};
	return &lo->port;
}

/* They are told from others' by their bits, wherever that matters: here they are for lists. */
static void put_loopback(struct iface *ifc, uint8_t family, uint8_t len)
{
	ifc->addrs[ifc->naddrs++] = (struct iface_addr){
		.addr = ip_addr_loopback(family),
		.prefix_len = len,
		.state = IFACE_ADDR_VALID,
	};
}

int lo_up(struct nsk_stack *stack, struct nsk_config *config)
{
	struct iface *ifc = &stack->iface[stack->nifaces];
	int rc = build_step(config, "loopback interface");

	if (rc)
		return rc;
	ifc->port = open_port(stack);
	if (!ifc->port)
		return build_fail(config, ENOMEM, "no memory for the loopback interface");
	ifc->index = (uint8_t)stack->nifaces;
	ifc->loopback = true;
	ifc->mtu = LO_MTU;
	snprintf(ifc->name, sizeof(ifc->name), "lo");
	put_loopback(ifc, AF_INET, 8);
	put_loopback(ifc, AF_INET6, 128);
	stack->nifaces++;
	return 0;
}

void lo_down(struct nsk_stack *stack)
{
	iface_close(stack, --stack->nifaces);
}

void lo_purge(struct nsk_worker *w)
{
	struct lo_port *lo = lo_of(w->stack->snap.lo->port);
	struct rte_mbuf *m;

	while (w->id < PORT_QUEUES_MAX && lo_rx_burst(&lo->port, w->id, w->now_ns, &m, 1))
		pkt_drop(w, m, NSK_DROP_RX_IFACE_DOWN);
}
