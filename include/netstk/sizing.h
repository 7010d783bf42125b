/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file sizing.h
 * @brief How many packet buffers a stack needs, and how much memory, before there is one.
 *
 * The formula is the one that a stack uses by itself where `pool.buffers` is 0; docs/OPERATIONS.md
 * explains it.
 */
#ifndef NETSTK_SIZING_H
#define NETSTK_SIZING_H

#include <stdint.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a stack is to carry. */
struct nsk_sizing_plan {
	uint32_t workers;      /**< 1 to 64 */
	uint32_t ports;	       /**< DPDK devices, 0 to 31: none, but wires or callback ports */
	uint32_t rx_ring;      /**< descriptors, as the setting; 0: its default */
	uint32_t tx_ring;      /**< the same */
	uint32_t mtu;	       /**< bytes, 68 to 65535; 0: the setting's default */
	uint32_t buffer_bytes; /**< as pool.buffer_bytes; 0: its default */
	uint32_t connections;  /**< of TCP, open at once in the whole stack */
	uint32_t active;       /**< of those: how many move data at once */
	uint32_t flight_bytes; /**< each of these, in each direction: sent and not acknowledged,
				  come and not read */
};

/** What it takes. */
struct nsk_sizing {
	uint32_t mtu;	       /**< what was reckoned with, defaults filled in */
	uint32_t rx_ring;      /**< the same */
	uint32_t tx_ring;      /**< the same */
	uint32_t buffer_bytes; /**< room for data in a buffer */
	uint32_t ring_buffers; /**< of a worker: what rings and transmit queues of its ports can
				  hold */
	uint32_t data_buffers; /**< of a worker: for data of its connections */
	uint32_t buffers;      /**< of a worker, all in all: the setting pool.buffers */
	uint32_t buffer_size;  /**< bytes of memory that a buffer takes */
	uint64_t pool_bytes;   /**< of a worker */
	uint64_t device_bytes; /**< memory for EAL, hugepages if it has some: all pools, rings and
				  EAL's own; 0 without ports */
	uint64_t connection_bytes; /**< ordinary memory for the connections while they are idle */
};

/** @brief Work it out. @return 0, or -1 with errno EINVAL (a number is out of its range) or ERANGE
 * (it would take more buffers than a pool may have) */
NSK_API int nsk_sizing(const struct nsk_sizing_plan *plan, struct nsk_sizing *sizing);

#ifdef __cplusplus
}
#endif
#endif
