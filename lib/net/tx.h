/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmit queues: frames of one worker for one interface, gathered over a turn and given to the
 * port in one burst. What the port does not take stays, in order; what finds the queue full even so
 * is dropped.
 */
#ifndef NSK_NET_TX_H
#define NSK_NET_TX_H

#include <stdint.h>

#include "mbuf/worker.h"
#include "net/iface.h"

#define TX_QUEUE_MIN 64
#define TX_QUEUE_MAX 512

/* All [W]. */
struct tx_queue {
	uint16_t size; /* [C] */
	uint16_t head; /* first frame */
	uint16_t tail; /* behind the last */
	uint16_t spare;
	uint32_t spare2;
	uint64_t bytes; /* of the frames that wait */
	struct rte_mbuf *frame[];
};

/* Queues for the interfaces of the present snapshot that have none yet. 0 or -ENOMEM (those made
 * stay). */
int tx_queues_create(struct nsk_worker *w);
/* Drops what waits and gives the memory back. */
void tx_queues_free(struct nsk_worker *w);
/* Drops what waits for an interface (TX_LINK_DOWN). */
void tx_queue_purge(struct nsk_worker *w, uint8_t iface);

#endif
