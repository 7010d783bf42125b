/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fault driver: wraps any port and does to its packets what impair.c decides, besides what only
 * a port can do: a full transmit ring, half a burst, no buffer on receive, a link that goes down.
 *
 * Packets that have to wait are kept as they are, in two queues a direction that are each sorted by
 * time. A packet of the sender's may share its data with a send queue: it is copied before a bit of
 * it flips. Held packets leave when either burst function is called on their queue.
 */
#include "fault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ce.h"
#include "counter.h"
#include "framebuf.h"
#include "impair.h"
#include "rows.h"

struct waiting {
	struct rte_mbuf *m;
	uint64_t due_ns;
};

/* A ring of packets that wait, sorted by time; it grows to the line's queue_packets. */
struct waitq {
	struct waiting *v;
	uint32_t head, count, size; /* size: power of two or 0 */
};

struct fault_line {
	struct impair impair;
	struct waitq inorder, held;
};

/* One queue of the port, both directions: one worker's. */
struct fault_queue {
	struct fault_line line[FAULT_SIDES];
	struct rng rng; /* of faults that are not the line's */
	uint64_t injected, nobuf, marked, duplicated, corrupted, held;
} NSK_CACHE_ALIGNED;

struct fault_port {
	struct port port;
	struct port *inner;	    /* [C] owned */
	struct fault_params params; /* [C] */
	uint64_t first_ns;	    /* [A] time of the first burst, UINT64_MAX before */
	uint64_t now_ns;	    /* [A] time of the latest burst */
	struct fault_queue queue[PORT_QUEUES_MAX];
};

static struct fault_port *fault_of(struct port *port)
{
	return NSK_CONTAINER_OF(port, struct fault_port, port);
}

/* ---- packets that wait --------------------------------------------------------------------- */

static bool waitq_grow(struct waitq *q)
{
	uint32_t size = q->size ? q->size * 2 : 64;
	struct waiting *v = malloc(size * sizeof(*v));

	if (!v)
		return false;
	for (uint32_t i = 0; i < q->count; i++)
		v[i] = q->v[(q->head + i) & (q->size - 1)];
	free(q->v);
	q->v = v;
	q->head = 0;
	q->size = size;
	return true;
}

static bool waitq_push(struct waitq *q, struct rte_mbuf *m, uint64_t due_ns)
{
	if (q->count == q->size && !waitq_grow(q))
		return false;
	q->v[(q->head + q->count++) & (q->size - 1)] = (struct waiting){m, due_ns};
	return true;
}

static void waitq_pop(struct waitq *q)
{
	q->head = (q->head + 1) & (q->size - 1);
	q->count--;
}

static uint64_t waitq_due(const struct waitq *q)
{
	return q->count ? q->v[q->head].due_ns : UINT64_MAX;
}

static void waitq_fini(struct waitq *q)
{
	for (; q->count; waitq_pop(q))
		rte_pktmbuf_free(q->v[q->head].m);
	free(q->v);
	memset(q, 0, sizeof(*q));
}

/* The queue whose head is due first; the one sent first, at the same instant. */
static struct waitq *line_first(struct fault_line *l)
{
	return waitq_due(&l->held) <= waitq_due(&l->inorder) ? &l->held : &l->inorder;
}

static uint64_t line_due(struct fault_line *l)
{
	return waitq_due(line_first(l));
}

/* ---- one packet ---------------------------------------------------------------------------- */

static void flip_bit(struct rte_mbuf *m, uint32_t byte, uint32_t bit)
{
	while (byte >= m->data_len && m->next) {
		byte -= m->data_len;
		m = m->next;
	}
	*rte_pktmbuf_mtod_offset(m, uint8_t *, byte) ^= (uint8_t)(1U << bit);
}

/* The packet, or a copy of it in its place, that may be written to; NULL: there is no buffer for
 * one. */
static struct rte_mbuf *writable(struct rte_mbuf *m, enum fault_side side)
{
	struct rte_mbuf *copy = m;

	if (side == FAULT_TX) {
		copy = rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX);
		if (copy)
			rte_pktmbuf_free(m);
	}
	return copy;
}

/* The packet itself if there is no buffer for a copy. */
static struct rte_mbuf *corrupted(struct fault_queue *fq, struct rte_mbuf *m, enum fault_side side,
				  uint32_t link_len, uint32_t bit)
{
	struct rte_mbuf *copy = writable(m, side);

	if (!copy)
		return m;
	counter_add(&fq->corrupted, 1);
	flip_bit(copy, link_len + bit / 8, bit % 8);
	/* What the device has verified is true no more. */
	copy->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	return copy;
}

/* The packet with a mark; NULL: it knows none, or there is no buffer for a copy. What has no such
 * field passes as it is. */
static struct rte_mbuf *marked(struct fault_queue *fq, struct rte_mbuf *m, enum fault_side side,
			       uint32_t link_len)
{
	uint8_t *tos = ce_field(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, link_len);

	if (!tos)
		return m;
	if (!ce_capable(tos))
		return NULL;
	m = writable(m, side);
	if (!m)
		return NULL;
	ce_mark(ce_field(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, link_len));
	counter_add(&fq->marked, 1);
	return m;
}

static void line_drop(struct fault_queue *fq, struct rte_mbuf *m)
{
	counter_add(&fq->injected, 1);
	rte_pktmbuf_free(m);
}

static void line_wait(struct fault_queue *fq, struct fault_line *l, struct rte_mbuf *m,
		      const struct fate *fate)
{
	if (l->inorder.count + l->held.count >= l->impair.p.queue_packets ||
	    !waitq_push(fate->held ? &l->held : &l->inorder, m, fate->due_ns))
		line_drop(fq, m);
}

/* A packet goes onto the line: it is lost, or waits until it is due. */
static void line_enter(struct fault_port *f, struct fault_queue *fq, enum fault_side side,
		       uint64_t now_ns, struct rte_mbuf *m)
{
	uint32_t link_len = f->port.caps.ethernet ? FRAME_ETH_LEN : 0;
	struct fault_line *l = &fq->line[side];
	struct rte_mbuf *twin = NULL, *known = m;
	struct fate fate;

	if (impair_full(&l->impair, now_ns, m->pkt_len))
		known = NULL;
	else if (impair_congested(&l->impair, now_ns))
		known = marked(fq, m, side, link_len);
	if (!known) {
		line_drop(fq, m);
		return;
	}
	m = known;
	impair_decide(&l->impair, now_ns, m->pkt_len, link_len, &fate);
	if (fate.lost) {
		line_drop(fq, m);
		return;
	}
	if (fate.corrupted)
		m = corrupted(fq, m, side, link_len, fate.bit);
	if (fate.duplicated)
		twin = rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX);
	counter_add(&fq->held, fate.held);
	counter_add(&fq->duplicated, twin != NULL);
	line_wait(fq, l, m, &fate);
	if (twin)
		line_wait(fq, l, twin, &fate);
}

/* ---- link ---------------------------------------------------------------------------------- */

static bool fault_down_at(const struct fault_port *f, uint64_t now_ns)
{
	uint64_t first_ns = counter_read(&f->first_ns), every_ns = f->params.down_every_ns;

	/* Up first, down at the end of each period. */
	return every_ns && now_ns > first_ns &&
	       (now_ns - first_ns) % every_ns >= every_ns - f->params.down_for_ns;
}

/* Takes notice of the time; true while the link is down on purpose. */
static bool fault_is_down(struct fault_port *f, uint64_t now_ns)
{
	uint64_t never = UINT64_MAX;

	if (NSK_LIKELY(!f->params.down_every_ns))
		return false;
	__atomic_compare_exchange_n(&f->first_ns, &never, now_ns, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
	__atomic_store_n(&f->now_ns, now_ns, __ATOMIC_RELAXED);
	return fault_down_at(f, now_ns);
}

static void fault_link(struct port *port, struct port_link *link)
{
	struct fault_port *f = fault_of(port);

	f->inner->ops->link(f->inner, link);
	if (fault_down_at(f, counter_read(&f->now_ns)))
		link->up = false;
}

/* ---- bursts -------------------------------------------------------------------------------- */

/* Gives the inner port what is due; what it does not take stays first in line. */
static void tx_flush(struct fault_port *f, uint16_t queue, uint64_t now_ns)
{
	struct fault_line *l = &f->queue[queue].line[FAULT_TX];

	while (line_due(l) <= now_ns) {
		struct waitq *q = line_first(l);

		if (f->inner->ops->tx_burst(f->inner, queue, now_ns, &q->v[q->head].m, 1) == 0)
			break;
		waitq_pop(q);
	}
}

static uint16_t fault_tx(struct port *port, uint16_t queue, uint64_t now_ns, struct rte_mbuf **bufs,
			 uint16_t n)
{
	struct fault_port *f = fault_of(port);
	struct fault_queue *fq = &f->queue[queue];

	if (n && rng_chance(&fq->rng, f->params.txfull_ppm))
		n = 0;
	else if (n && rng_chance(&fq->rng, f->params.txpart_ppm))
		n = (uint16_t)rng_below(&fq->rng, n);
	if (fault_is_down(f, now_ns)) {
		counter_add(&fq->injected, n);
		rte_pktmbuf_free_bulk(bufs, n);
		return n;
	}
	if (!fq->line[FAULT_TX].impair.any)
		return n ? f->inner->ops->tx_burst(f->inner, queue, now_ns, bufs, n) : 0;
	for (uint16_t i = 0; i < n; i++)
		line_enter(f, fq, FAULT_TX, now_ns, bufs[i]);
	tx_flush(f, queue, now_ns);
	return n;
}

/* Drops some of the packets as a port without buffers does; returns how many are left. */
static uint16_t rx_fail(struct fault_port *f, struct fault_queue *fq, struct rte_mbuf **bufs,
			uint16_t n)
{
	uint16_t left = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (rng_chance(&fq->rng, f->params.rxfail_ppm)) {
			counter_add(&fq->nobuf, 1);
			rte_pktmbuf_free(bufs[i]);
		} else {
			bufs[left++] = bufs[i];
		}
	}
	return left;
}

static uint16_t fault_rx(struct port *port, uint16_t queue, uint64_t now_ns, struct rte_mbuf **bufs,
			 uint16_t n)
{
	struct fault_port *f = fault_of(port);
	struct fault_queue *fq = &f->queue[queue];
	struct fault_line *l = &fq->line[FAULT_RX];
	uint16_t got, out = 0;

	if (fq->line[FAULT_TX].impair.any)
		tx_flush(f, queue, now_ns);
	got = f->inner->ops->rx_burst(f->inner, queue, now_ns, bufs, n);
	if (fault_is_down(f, now_ns)) {
		counter_add(&fq->injected, got);
		rte_pktmbuf_free_bulk(bufs, got);
		return 0;
	}
	if (got && f->params.rxfail_ppm)
		got = rx_fail(f, fq, bufs, got);
	if (!l->impair.any)
		return got;
	for (uint16_t i = 0; i < got; i++)
		line_enter(f, fq, FAULT_RX, now_ns, bufs[i]);
	for (; out < n && line_due(l) <= now_ns; out++) {
		struct waitq *q = line_first(l);

		bufs[out] = q->v[q->head].m;
		waitq_pop(q);
	}
	return out;
}

static uint64_t fault_next_ns(struct port *port, uint16_t queue)
{
	struct fault_port *f = fault_of(port);
	struct fault_queue *fq = &f->queue[queue];
	uint64_t next = NSK_MIN(line_due(&fq->line[FAULT_RX]), line_due(&fq->line[FAULT_TX]));

	if (f->inner->ops->next_ns)
		next = NSK_MIN(next, f->inner->ops->next_ns(f->inner, queue));
	return next;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int fault_start(struct port *port, const struct port_setup *setup)
{
	struct fault_port *f = fault_of(port);
	int rc = f->inner->ops->start(f->inner, setup);

	if (rc) {
		memcpy(port->error, f->inner->error, sizeof(port->error));
		return rc;
	}
	port->mtu = f->inner->mtu;
	port->mac = f->inner->mac;
	for (uint16_t q = 0; q < PORT_QUEUES_MAX; q++) {
		struct fault_queue *fq = &f->queue[q];

		for (int side = 0; side < FAULT_SIDES; side++) {
			struct nsk_wire_params line = f->params.line[side];

			line.seed += q;
			impair_init(&fq->line[side].impair, &line);
		}
		rng_seed(&fq->rng, ~(f->params.line[FAULT_RX].seed + q));
	}
	__atomic_store_n(&f->first_ns, UINT64_MAX, __ATOMIC_RELAXED);
	__atomic_store_n(&f->now_ns, 0, __ATOMIC_RELAXED);
	return 0;
}

static void fault_stop(struct port *port)
{
	struct fault_port *f = fault_of(port);

	for (uint16_t q = 0; q < PORT_QUEUES_MAX; q++) {
		for (int side = 0; side < FAULT_SIDES; side++) {
			waitq_fini(&f->queue[q].line[side].inorder);
			waitq_fini(&f->queue[q].line[side].held);
		}
	}
	f->inner->ops->stop(f->inner);
}

static void fault_close(struct port *port)
{
	struct fault_port *f = fault_of(port);

	f->inner->ops->close(f->inner);
	free(f);
}

static void fault_stats(struct port *port, struct port_stats *stats)
{
	struct fault_port *f = fault_of(port);

	f->inner->ops->stats(f->inner, stats);
	for (uint16_t q = 0; q < PORT_QUEUES_MAX; q++) {
		const struct fault_queue *fq = &f->queue[q];

		stats->injected += counter_read(&fq->injected);
		stats->rx_nobuf += counter_read(&fq->nobuf);
		stats->marked += counter_read(&fq->marked);
		stats->duplicated += counter_read(&fq->duplicated);
		stats->corrupted += counter_read(&fq->corrupted);
		stats->held += counter_read(&fq->held);
	}
}

/* What is held back has its time, which next_ns() tells. */
static int fault_rx_fd(struct port *port, uint16_t queue)
{
	struct port *inner = fault_of(port)->inner;

	return inner->ops->rx_fd ? inner->ops->rx_fd(inner, queue) : -1;
}

static bool fault_rx_arm(struct port *port, uint16_t queue)
{
	struct port *inner = fault_of(port)->inner;

	return !inner->ops->rx_arm || inner->ops->rx_arm(inner, queue);
}

static void fault_rx_disarm(struct port *port, uint16_t queue)
{
	struct port *inner = fault_of(port)->inner;

	if (inner->ops->rx_disarm)
		inner->ops->rx_disarm(inner, queue);
}

static void fault_listen(struct port *port, const struct eth_addr *groups, unsigned n)
{
	struct port *inner = fault_of(port)->inner;

	if (inner->ops->listen)
		inner->ops->listen(inner, groups, n);
}

static int fault_pause(struct port *port, enum pause_mode mode)
{
	struct port *inner = fault_of(port)->inner;
	int rc = inner->ops->pause ? inner->ops->pause(inner, mode) : -ENOTSUP;

	if (rc)
		snprintf(port->error, sizeof(port->error), "%s", inner->error);
	return rc;
}

static void fault_facts(struct port *port, struct port_facts *facts)
{
	struct port *inner = fault_of(port)->inner;

	if (inner->ops->facts)
		inner->ops->facts(inner, facts);
}

static void fault_counters(struct port *port,
			   void (*fn)(void *arg, const char *name, uint64_t value), void *arg)
{
	struct port *inner = fault_of(port)->inner;

	if (inner->ops->counters)
		inner->ops->counters(inner, fn, arg);
}

static const struct port_ops fault_ops = {
	.start = fault_start,
	.stop = fault_stop,
	.close = fault_close,
	.rx_burst = fault_rx,
	.rx_fd = fault_rx_fd,
	.rx_arm = fault_rx_arm,
	.rx_disarm = fault_rx_disarm,
	.tx_burst = fault_tx,
	.link = fault_link,
	.stats = fault_stats,
	.next_ns = fault_next_ns,
	.listen = fault_listen,
	.pause = fault_pause,
	.facts = fault_facts,
	.counters = fault_counters,
};

/* What the wrapped port can do, as far as the faults leave it true. */
static void fault_caps(struct fault_port *f)
{
	struct port_caps *caps = &f->port.caps;
	uint16_t queues;

	*caps = f->inner->caps;
	/* A device that computes checksums would make the corrupted packet a good one, and wants
	 * fields for them that no mark has touched. */
	if (f->params.line[FAULT_TX].corrupt_ppm || f->params.line[FAULT_TX].ecn_threshold)
		caps->offloads &= ~(uint32_t)(PORT_TX_CSUM_IPV4 | PORT_TX_CSUM_L4 | PORT_TX_TSO);
	/* Receiving on a queue also sends what was held back on it: queues come in pairs. */
	queues = NSK_MIN(caps->rx_queues_max, caps->tx_queues_max);
	caps->rx_queues_max = queues;
	caps->tx_queues_max = queues;
}

/* Reads "FAULTS:DEVICE" and opens the device; *list_len: of FAULTS. */
static int inner_open(const struct port_open *open, struct port **inner, size_t *list_len)
{
	struct port_open in = *open;
	const struct port_driver *driver;

	*list_len = strcspn(open->devargs, ":");
	if (open->devargs[*list_len] != ':' || open->devargs[*list_len + 1] == '\0')
		return port_open_fail(open, -EINVAL,
				      "fault: which device? fault:FAULTS:DEVICE, as in "
				      "fault:loss=1%%,seed=7:net_tap0,iface=nsk0");
	driver = port_driver_find(open->devargs + *list_len + 1, &in.devargs);
	return driver->open(&in, inner);
}

static int faults_read(const struct port_open *open, size_t list_len, struct fault_params *params)
{
	char list[512], text[256];
	int rc;

	if (list_len >= sizeof(list))
		return port_open_fail(open, -EINVAL, "fault: the list of faults is too long");
	snprintf(list, sizeof(list), "%.*s", (int)list_len, open->devargs);
	rc = fault_parse(list, params, text, sizeof(text));
	return rc ? port_open_fail(open, rc, "%s", text) : 0;
}

int fault_open(const struct port_open *open, struct port **port)
{
	size_t list_len = open->devargs ? strcspn(open->devargs, ":") : 0;
	struct port *inner = open->inner;
	struct fault_params params;
	struct fault_port *f;
	int rc;

	if (!open->devargs)
		return port_open_fail(open, -EINVAL, "fault: which faults?");
	rc = faults_read(open, list_len, &params);
	if (rc == 0 && !inner)
		rc = inner_open(open, &inner, &list_len);
	if (rc)
		return rc;
	f = mem_apart(sizeof(*f));
	if (!f) {
		/* A port that was given stays the giver's when this fails. */
		if (!open->inner)
			inner->ops->close(inner);
		return port_open_fail(open, -ENOMEM, "fault: out of memory");
	}
	f->inner = inner;
	f->params = params;
	port_init(&f->port, &fault_ops, open, "fault");
	snprintf(f->port.driver, sizeof(f->port.driver), "fault:%.*s",
		 (int)sizeof(f->port.driver) - 7, inner->driver);
	snprintf(f->port.name, sizeof(f->port.name), "fault:%.*s", (int)sizeof(f->port.name) - 7,
		 inner->name);
	f->port.mac = inner->mac;
	fault_caps(f);
	*port = &f->port;
	return 0;
}
