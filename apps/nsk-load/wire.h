/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where frames come from and go to, a burst at a time: a raw port (wire_raw.c), or a test.
 *
 * Receiving: rx() fills rx[0…n - 1]; the bytes stay there until the next rx(). Sending: wire_get()
 * gives room for a frame of up to tx_size bytes, whose length goes to wire_put() before the next
 * wire_get(); flush() sends what is there.
 */
#ifndef NSK_APPS_NSK_LOAD_WIRE_H
#define NSK_APPS_NSK_LOAD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_BURST 32u

struct wire_frame {
	uint8_t *data;
	uint32_t len;
	bool trusted; /* received: the port has verified its checksums, or no wire can have hurt it
		       */
};

struct wire {
	struct wire_frame rx[WIRE_BURST], tx[WIRE_BURST];
	unsigned tx_count, tx_room; /* frames filled, frames that have a buffer */
	uint32_t tx_size;
	unsigned (*receive)(struct wire *wire);
	void (*flush)(struct wire *wire);
	uint64_t (*now)(struct wire *wire);
	/* Facts of the port. */
	uint8_t mac[6];
	bool ethernet;
	uint32_t mtu;
	/* What happened. */
	uint64_t tx_packets, rx_packets, tx_full, no_buffers;
};

/* Room for one frame, or NULL: there is no buffer, the frame is lost. */
static inline uint8_t *wire_get(struct wire *wire)
{
	if (wire->tx_count == wire->tx_room)
		wire->flush(wire);
	if (wire->tx_count == wire->tx_room) {
		wire->no_buffers++;
		return NULL;
	}
	return wire->tx[wire->tx_count].data;
}

/* The frame whose room was got last is complete. */
static inline void wire_put(struct wire *wire, uint32_t len)
{
	wire->tx[wire->tx_count++].len = len;
}

#endif
