/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The free buffers of a pool as a stack: the one that was given back last, whose lines are still in
 * the core's cache, is the next to be taken. DPDK's ring, its usual mempool, hands out the one that
 * was not used for longest; with more buffers than the cache holds each of them is a miss, and bulk
 * transfers are two to four times slower.
 */
#ifndef NSK_MBUF_LIFO_H
#define NSK_MBUF_LIFO_H

/* The name of the mempool operations. A pool with RTE_MEMPOOL_F_SP_PUT and RTE_MEMPOOL_F_SC_GET is
 * one thread's and takes no lock. */
const char *lifo_ops_name(void);

#endif
