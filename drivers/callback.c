/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The callback port (nsk_callback_*): packets come from the caller and go to the caller. Those that
 * come are copied into a queue of frames and from there into buffers of the stack, so that the
 * caller needs neither mbufs nor a stack that runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/port.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bell.h"
#include "counter.h"
#include "framebuf.h"
#include "frameq.h"
#include "net/port.h"
#include "rows.h"

#define CALLBACK_MTU_DEFAULT   1500
#define CALLBACK_MTU_MIN       68
#define CALLBACK_QUEUE_DEFAULT 1024
#define CALLBACK_QUEUE_MAX     (1U << 20)

struct nsk_callback_port {
	struct nsk_callback_params params; /* [C] */
	struct frameq in;		   /* caller to stack */
	struct bell bell;		   /* for the stack's worker */
	uint32_t frame_max;		   /* [C] */
	bool up;			   /* [A] */
	bool taken;			   /* [A] a stack has it */
	uint8_t flat[];			   /* [W] one packet for output, when it lies in pieces */
};

struct callback_port {
	struct port port;
	struct nsk_callback_port *cb; /* [C] */
	struct rte_mempool *pool;     /* [C] while started */
	uint32_t room;		      /* [C] bytes of a buffer */
	struct port_stats stats;      /* [W] */
};

/* ---- the caller's side --------------------------------------------------------------------- */

/* A locally administered address that differs between the callback ports of a process. */
static void made_up_mac(const void *from, uint8_t mac[6])
{
	struct rng rng;

	rng_seed(&rng, (uintptr_t)from);
	rng_fill(&rng, mac, 6);
	mac[0] = 0x02;
}

static bool params_good(const struct nsk_callback_params *p)
{
	return (p->mtu == 0 || (p->mtu >= CALLBACK_MTU_MIN && p->mtu <= FRAME_MTU_MAX)) &&
	       p->queue_packets <= CALLBACK_QUEUE_MAX && !(p->ethernet && (p->mac[0] & 1));
}

struct nsk_callback_port *nsk_callback_create(const struct nsk_callback_params *params)
{
	static const uint8_t none[6];
	struct nsk_callback_port *cb;
	uint32_t frame_max;

	if (!params || !params_good(params)) {
		errno = EINVAL;
		return NULL;
	}
	frame_max = params->mtu ? params->mtu : CALLBACK_MTU_DEFAULT;
	if (params->ethernet)
		frame_max += FRAME_LINK_MAX;
	cb = mem_apart(sizeof(*cb) + frame_max);
	if (!cb)
		return NULL;
	cb->params = *params;
	cb->frame_max = frame_max;
	cb->up = true;
	if (cb->params.mtu == 0)
		cb->params.mtu = CALLBACK_MTU_DEFAULT;
	if (cb->params.queue_packets == 0)
		cb->params.queue_packets = CALLBACK_QUEUE_DEFAULT;
	if (memcmp(cb->params.mac, none, sizeof(none)) == 0)
		made_up_mac(cb, cb->params.mac);
	if (frameq_init(&cb->in, frame_max)) {
		free(cb);
		errno = ENOMEM;
		return NULL;
	}
	return cb;
}

void nsk_callback_destroy(struct nsk_callback_port *cb)
{
	if (!cb)
		return;
	frameq_fini(&cb->in);
	bell_fini(&cb->bell);
	free(cb);
}

int nsk_callback_input(struct nsk_callback_port *cb, const void *packet, size_t len)
{
	uint64_t limit = cb->params.queue_packets;
	struct frame *f;

	if (len == 0 || len > cb->frame_max) {
		errno = len ? EMSGSIZE : EINVAL;
		return -1;
	}
	if (!__atomic_load_n(&cb->up, __ATOMIC_RELAXED)) {
		errno = ENETDOWN;
		return -1;
	}
	if (frameq_in_flight(&cb->in, limit) >= limit ||
	    (f = frameq_reserve(&cb->in, (uint32_t)len)) == NULL) {
		errno = ENOBUFS;
		return -1;
	}
	memcpy(f->data, packet, len);
	frameq_commit(&cb->in, f);
	frameq_publish(&cb->in);
	bell_ring(&cb->bell);
	return 0;
}

void nsk_callback_link(struct nsk_callback_port *cb, bool up)
{
	__atomic_store_n(&cb->up, up, __ATOMIC_RELAXED);
}

/* ---- the stack's side ---------------------------------------------------------------------- */

static struct callback_port *callback_of(struct port *port)
{
	return NSK_CONTAINER_OF(port, struct callback_port, port);
}

static int callback_start(struct port *port, const struct port_setup *setup)
{
	struct callback_port *c = callback_of(port);

	if (setup->mtu > c->cb->params.mtu) {
		snprintf(port->error, sizeof(port->error),
			 "mtu %u is more than the callback port's %u: create it with a larger mtu",
			 setup->mtu, c->cb->params.mtu);
		return -EINVAL;
	}
	c->pool = setup->rx_pool[0];
	c->room = framebuf_room(c->pool);
	port->mtu = setup->mtu ? setup->mtu : c->cb->params.mtu;
	return 0;
}

static void callback_stop(struct port *port)
{
	callback_of(port)->pool = NULL;
}

static void callback_close(struct port *port)
{
	struct callback_port *c = callback_of(port);

	__atomic_store_n(&c->cb->taken, false, __ATOMIC_RELEASE);
	free(c);
}

static uint16_t callback_rx(struct port *port, uint16_t queue, uint64_t now_ns,
			    struct rte_mbuf **bufs, uint16_t n)
{
	struct callback_port *c = callback_of(port);
	struct frameq *q = &c->cb->in;
	uint64_t bytes = 0;
	uint16_t out = 0;

	(void)queue;
	(void)now_ns;
	n = (uint16_t)NSK_MIN(frameq_ready(q, n), (uint64_t)n);
	for (uint16_t i = 0; i < n; i++) {
		struct frame *f = frameq_peek(q);

		bufs[out] = framebuf_make(c->pool, f->data, f->len);
		if (bufs[out]) {
			bytes += f->len;
			out++;
		} else {
			counter_add(&c->stats.rx_nobuf, 1);
		}
		frameq_pop(q, f);
	}
	frameq_release(q);
	counter_add(&c->stats.rx_packets, out);
	counter_add(&c->stats.rx_bytes, bytes);
	return out;
}

/* Shows one packet to the caller. false: not now. */
static bool callback_output(struct nsk_callback_port *cb, struct rte_mbuf *m)
{
	const void *packet = rte_pktmbuf_mtod(m, const void *);

	if (!cb->params.output)
		return true;
	if (m->nb_segs > 1) {
		framebuf_flatten(m, cb->flat);
		packet = cb->flat;
	}
	return cb->params.output(cb->params.arg, packet, m->pkt_len);
}

static uint16_t callback_tx(struct port *port, uint16_t queue, uint64_t now_ns,
			    struct rte_mbuf **bufs, uint16_t n)
{
	struct callback_port *c = callback_of(port);
	uint16_t i;

	(void)queue;
	(void)now_ns;
	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = bufs[i];

		if (m->pkt_len > c->cb->frame_max) {
			counter_add(&c->stats.tx_unfit, 1);
		} else if (!__atomic_load_n(&c->cb->up, __ATOMIC_RELAXED)) {
			counter_add(&c->stats.tx_down, 1);
		} else if (callback_output(c->cb, m)) {
			counter_add(&c->stats.tx_packets, 1);
			counter_add(&c->stats.tx_bytes, m->pkt_len);
		} else {
			break;
		}
		rte_pktmbuf_free(m);
	}
	return i;
}

static void callback_link(struct port *port, struct port_link *link)
{
	link->up = __atomic_load_n(&callback_of(port)->cb->up, __ATOMIC_RELAXED);
	link->full_duplex = true;
	link->mbps = 0;
}

static void callback_stats(struct port *port, struct port_stats *stats)
{
	port_stats_read(&callback_of(port)->stats, stats);
}

static uint64_t callback_next_ns(struct port *port, uint16_t queue)
{
	(void)queue;
	return frameq_ready(&callback_of(port)->cb->in, 1) ? 0 : UINT64_MAX;
}

static int callback_rx_fd(struct port *port, uint16_t queue)
{
	(void)queue;
	return bell_fd(&callback_of(port)->cb->bell);
}

static bool callback_rx_arm(struct port *port, uint16_t queue)
{
	(void)queue;
	bell_arm(&callback_of(port)->cb->bell);
	return true;
}

static void callback_rx_disarm(struct port *port, uint16_t queue)
{
	(void)queue;
	bell_disarm(&callback_of(port)->cb->bell);
}

static const struct port_ops callback_ops = {
	.start = callback_start,
	.stop = callback_stop,
	.close = callback_close,
	.rx_burst = callback_rx,
	.tx_burst = callback_tx,
	.link = callback_link,
	.stats = callback_stats,
	.next_ns = callback_next_ns,
	.rx_fd = callback_rx_fd,
	.rx_arm = callback_rx_arm,
	.rx_disarm = callback_rx_disarm,
};

int callback_open(const struct port_open *open, struct port **port)
{
	struct nsk_callback_port *cb = open->object;
	struct callback_port *c;

	if (!cb)
		return port_open_fail(
			open, -EINVAL,
			"callback: such a port has no name; it is added by the program, "
			"with nsk_config_add_callback()");
	if (__atomic_exchange_n(&cb->taken, true, __ATOMIC_ACQ_REL))
		return port_open_fail(open, -EBUSY,
				      "callback: the port is in use by another stack");
	c = mem_apart(sizeof(*c));
	if (!c) {
		__atomic_store_n(&cb->taken, false, __ATOMIC_RELEASE);
		return port_open_fail(open, -ENOMEM, "callback: out of memory");
	}
	c->cb = cb;
	port_init(&c->port, &callback_ops, open, "callback");
	c->port.caps = (struct port_caps){
		.offloads = PORT_TX_MULTI_SEG | PORT_TX_INDIRECT | PORT_TX_EXTERNAL,
		.rx_queues_max = 1,
		.tx_queues_max = 1,
		.mtu_max = cb->params.mtu,
		.ethernet = cb->params.ethernet,
		.numa_node = -1,
	};
	memcpy(c->port.mac.b, cb->params.mac, sizeof(c->port.mac.b));
	*port = &c->port;
	return 0;
}
