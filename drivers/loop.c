/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop port: one end of an in-process wire as a port. One queue, Ethernet frames, and no
 * offloads, as a plain NIC, or with them all (nsk_wire_offload()). It needs no EAL memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "counter.h"
#include "framebuf.h"
#include "net/port.h"
#include "rows.h"
#include "wire.h"

struct loop_port {
	struct port port;
	struct nsk_wire *wire;	  /* [C] */
	struct rte_mempool *pool; /* [C] while started */
	uint32_t room;		  /* [C] bytes of a buffer */
	unsigned end;		  /* [C] */
	struct port_stats stats;  /* [W] written, read by anybody */
};

static struct loop_port *loop_of(struct port *port)
{
	return NSK_CONTAINER_OF(port, struct loop_port, port);
}

static int loop_start(struct port *port, const struct port_setup *setup)
{
	struct loop_port *l = loop_of(port);

	if (setup->mtu > l->wire->mtu) {
		snprintf(port->error, sizeof(port->error),
			 "mtu %u is more than the wire's %u: make the wire with a larger mtu",
			 setup->mtu, l->wire->mtu);
		return -EINVAL;
	}
	__atomic_store_n(&l->wire->takes[l->end], setup->offloads, __ATOMIC_RELAXED);
	l->pool = setup->rx_pool[0];
	l->room = framebuf_room(l->pool);
	port->mtu = setup->mtu ? setup->mtu : l->wire->mtu;
	return 0;
}

static void loop_stop(struct port *port)
{
	struct loop_port *l = loop_of(port);

	__atomic_store_n(&l->wire->takes[l->end], 0, __ATOMIC_RELAXED);
	l->pool = NULL;
}

static void loop_close(struct port *port)
{
	struct loop_port *l = loop_of(port);

	wire_give(l->wire, l->end);
	free(l);
}

static uint16_t loop_rx(struct port *port, uint16_t queue, uint64_t now_ns, struct rte_mbuf **bufs,
			uint16_t n)
{
	struct loop_port *l = loop_of(port);
	struct wire_burst done;

	(void)queue;
	if (wire_idle(l->wire, l->end))
		return 0;
	wire_recv(l->wire, l->end, now_ns, l->pool, l->room, bufs, n, &done);
	if (done.packets) {
		counter_add(&l->stats.rx_packets, done.packets);
		counter_add(&l->stats.rx_bytes, done.bytes);
	}
	if (NSK_UNLIKELY(done.bad))
		counter_add(&l->stats.rx_nobuf, done.bad);
	return done.packets;
}

static uint16_t loop_tx(struct port *port, uint16_t queue, uint64_t now_ns, struct rte_mbuf **bufs,
			uint16_t n)
{
	struct loop_port *l = loop_of(port);
	struct wire_burst done;

	(void)queue;
	n = wire_send(l->wire, l->end, now_ns, bufs, n, &done);
	counter_add(&l->stats.tx_packets, done.packets);
	counter_add(&l->stats.tx_bytes, done.bytes);
	if (NSK_UNLIKELY(done.bad))
		counter_add(&l->stats.tx_unfit, done.bad);
	return n;
}

static void loop_link(struct port *port, struct port_link *link)
{
	struct loop_port *l = loop_of(port);
	uint64_t rate_bps = l->wire->dir[l->end].impair.p.rate_bps;

	link->up = wire_is_up(l->wire);
	link->full_duplex = true;
	link->mbps = (uint32_t)NSK_MIN(rate_bps / 1000000, (uint64_t)UINT32_MAX);
}

static void loop_stats(struct port *port, struct port_stats *stats)
{
	port_stats_read(&loop_of(port)->stats, stats);
}

static uint64_t loop_next_ns(struct port *port, uint16_t queue)
{
	struct loop_port *l = loop_of(port);

	(void)queue;
	return wire_next_ns(l->wire, l->end);
}

static struct bell *bell_of(struct port *port)
{
	struct loop_port *l = loop_of(port);

	return &l->wire->dir[l->end ^ 1].bell;
}

static int loop_rx_fd(struct port *port, uint16_t queue)
{
	(void)queue;
	return bell_fd(bell_of(port));
}

static bool loop_rx_arm(struct port *port, uint16_t queue)
{
	(void)queue;
	bell_arm(bell_of(port));
	return true;
}

static void loop_rx_disarm(struct port *port, uint16_t queue)
{
	(void)queue;
	bell_disarm(bell_of(port));
}

static const struct port_ops loop_ops = {
	.start = loop_start,
	.stop = loop_stop,
	.close = loop_close,
	.rx_burst = loop_rx,
	.tx_burst = loop_tx,
	.link = loop_link,
	.stats = loop_stats,
	.next_ns = loop_next_ns,
	.rx_fd = loop_rx_fd,
	.rx_arm = loop_rx_arm,
	.rx_disarm = loop_rx_disarm,
};

int loop_open(const struct port_open *open, struct port **port)
{
	struct nsk_wire *wire = open->object;
	struct loop_port *l;

	if (!wire || open->end > 1)
		return port_open_fail(
			open, -EINVAL,
			"loop: a wire's end has no name; it is added by the program, with "
			"nsk_config_add_wire()");
	if (wire_take(wire, open->end))
		return port_open_fail(open, -EBUSY, "loop: end %u of the wire is in use already",
				      open->end);
	l = mem_apart(sizeof(*l));
	if (!l) {
		wire_give(wire, open->end);
		return port_open_fail(open, -ENOMEM, "loop: out of memory");
	}
	l->wire = wire;
	l->end = open->end;
	port_init(&l->port, &loop_ops, open, "loop");
	snprintf(l->port.name, sizeof(l->port.name), "loop%u", open->end);
	l->port.caps = (struct port_caps){
		.offloads = PORT_TX_MULTI_SEG | PORT_TX_INDIRECT | PORT_TX_EXTERNAL,
		.rx_queues_max = 1,
		.tx_queues_max = 1,
		.mtu_max = wire->mtu,
		.ethernet = true,
		.numa_node = -1,
	};
	if (wire->nic)
		l->port.caps.offloads |= PORT_RX_CSUM_IPV4 | PORT_RX_CSUM_L4 | PORT_TX_CSUM_IPV4 |
					 PORT_TX_CSUM_L4 | PORT_TX_TSO | PORT_RX_LRO;
	/* The same in every run, so that the same seed gives the same packets. */
	l->port.mac = (struct eth_addr){{0x02, 0x6e, 0x73, 0x6b, 0x00, (uint8_t)(open->end + 1)}};
	*port = &l->port;
	return 0;
}
