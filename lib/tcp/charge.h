/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a buffer in a queue costs: all of it, however little of it is used, so that tiny segments
 * cannot pin the pool. Each queue has its own limit; all queues of a worker together have a budget,
 * so that the pool always has buffers left to receive ACKs with.
 */
#ifndef NSK_TCP_CHARGE_H
#define NSK_TCP_CHARGE_H

#include <rte_mbuf.h>

#include "mbuf/pkt.h"

static inline uint32_t charge_of(const struct rte_mbuf *m)
{
	return (uint32_t)m->buf_len + (uint32_t)sizeof(struct rte_mbuf) + PKT_PRIV_SIZE;
}

#endif
