/* SPDX-License-Identifier: BSD-3-Clause */
#include "stack/sizing.h"

#include <errno.h>

#include <netstk/sizing.h>

#include "base/compiler.h"
#include "mbuf/pool.h"
#include "net/iface.h"
#include "stack/settings.h"
#include "stack/stack.h"

#define DATA_USUAL   16384u /* buffers for data in flight where nothing else is said */
#define DEVICE_LEAST 32768u /* and in all; one less is what a pool of so many holds */
#define WIRE_USUAL   448u   /* without devices */
#define HEADERS	     40	    /* bytes of IPv4 and TCP: the rest of a packet is data */
#define CONN_BYTES   512    /* of an idle connection with all that is its own */
#define EAL_BYTES    (UINT64_C(16) << 20) /* for itself, and what pools and devices keep beside */
#define DESC_BYTES   64			  /* of a descriptor, the device's and the driver's */
#define CONNS_MOST   16777216u

static uint64_t div_up(uint64_t n, uint64_t by)
{
	return (n + by - 1) / by;
}

uint64_t sizing_buffers(uint64_t descriptors, uint64_t data)
{
	/* TCP's queues get three quarters of a pool, half of that each way. */
	uint64_t room = div_up(data * 8, 3);

	if (descriptors == 0)
		return NSK_MAX(room, (uint64_t)WIRE_USUAL) - 1;
	/* A ring full, and as many on the way between it and the stack. */
	return NSK_MAX(2 * descriptors + NSK_MAX(room, (uint64_t)DATA_USUAL),
		       (uint64_t)DEVICE_LEAST) -
	       1;
}

/* What a setting would be: 0 is its default. */
static bool take(uint32_t value, const char *name, uint32_t *out)
{
	const struct setting *row = settings_find(name);

	*out = value ? value : (uint32_t)row->def;
	return *out >= row->min && *out <= row->max;
}

static bool in_range(const struct nsk_sizing_plan *p, struct nsk_sizing *s)
{
	return p->workers >= 1 && p->workers <= CONFIG_WORKERS_MAX &&
	       p->ports <= IFACE_DEVICES_MAX && p->connections <= CONNS_MOST &&
	       p->active <= p->connections && take(p->mtu, "mtu", &s->mtu) &&
	       take(p->rx_ring, "rx_ring", &s->rx_ring) &&
	       take(p->tx_ring, "tx_ring", &s->tx_ring) &&
	       take(p->buffer_bytes, "pool.buffer_bytes", &s->buffer_bytes);
}

int nsk_sizing(const struct nsk_sizing_plan *p, struct nsk_sizing *s)
{
	uint64_t descriptors, data, buffers;
	uint32_t payload;

	if (!in_range(p, s)) {
		errno = EINVAL;
		return -1;
	}
	payload = NSK_MIN(s->mtu - HEADERS, s->buffer_bytes);
	descriptors = (uint64_t)p->ports * (s->rx_ring + s->tx_ring);
	data = div_up((uint64_t)p->active, p->workers) * div_up((uint64_t)p->flight_bytes, payload);
	buffers = sizing_buffers(descriptors, data);
	if (buffers > settings_find("pool.buffers")->max) {
		errno = ERANGE;
		return -1;
	}
	s->buffers = (uint32_t)buffers;
	s->ring_buffers = (uint32_t)(2 * descriptors);
	s->data_buffers = s->buffers - NSK_MIN(s->buffers, s->ring_buffers);
	s->buffer_size = pkt_buffer_size(s->buffer_bytes + RTE_PKTMBUF_HEADROOM);
	s->pool_bytes = (uint64_t)s->buffers * s->buffer_size;
	s->device_bytes =
		p->ports ? EAL_BYTES + p->workers * (s->pool_bytes + descriptors * DESC_BYTES) : 0;
	s->connection_bytes = (uint64_t)p->connections * CONN_BYTES;
	return 0;
}
