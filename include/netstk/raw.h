/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file raw.h
 * @brief A device without a stack on it: bursts of packet buffers in and out.
 *
 * For reflectors, generators and tests that must cost less than any stack. One thread uses a raw
 * port; it is what opened it. Buffers are DPDK mbufs of the port's own pool.
 */
#ifndef NETSTK_RAW_H
#define NETSTK_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/config.h>
#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rte_mbuf;

/** A device opened without a stack. Opaque. */
struct nsk_raw;

/** Facts of a raw port. */
struct nsk_raw_info {
	uint8_t mac[6];	    /**< own link address */
	uint32_t mtu;	    /**< bytes of IP packet */
	bool ethernet;	    /**< frames; false: IP packets */
	bool link_up;	    /**< the device has a peer */
	uint8_t address[4]; /**< first IPv4 address configured on the device, network order; zero:
			       none */
	uint8_t prefix_len; /**< of the address's subnet, bits */
	uint8_t gateway[4]; /**< of the default route, zero: none */
};

/** What a raw port has moved, and what it lost. */
struct nsk_raw_stats {
	uint64_t rx_packets; /**< received */
	uint64_t rx_bytes;   /**< of them */
	uint64_t tx_packets; /**< sent */
	uint64_t tx_bytes;   /**< of them */
	uint64_t rx_missed;  /**< lost by the device: its ring was full */
	uint64_t rx_nobuf;   /**< lost by the driver: it had no buffer */
	uint64_t rx_errors;  /**< broken when they came */
	uint64_t tx_errors;  /**< not sent: refused by driver or device, or failed there */
	uint64_t injected;   /**< lost on purpose, in either direction, by "fault:" */
	uint64_t marked;     /**< by "fault:" as well: that have met congestion (RFC 3168) */
	uint64_t duplicated; /**< that arrive twice */
	uint64_t corrupted;  /**< of which a bit flipped */
	uint64_t late;	     /**< that were held back */
};

/**
 * @brief Open and start the devices of a configuration with one queue each, and pin the calling
 * thread to its first core. What comes back is the first device; nsk_raw_next() leads to the
 * others.
 * Settings of a command line (-o) that only a stack would heed are refused.
 * @param buffers packet buffers in the pool, unless `pool.buffers` is set; 0: as many as its rings
 * need
 * @return 0, or -1 with errno and a text in nsk_config_error()
 */
NSK_API int nsk_raw_open(struct nsk_config *config, uint32_t buffers, struct nsk_raw **raw);

/** @brief The device behind this one in the configuration; it lives until the first is closed.
 * Buffers of one may be sent on another. @return NULL: this is the last */
NSK_API struct nsk_raw *nsk_raw_next(struct nsk_raw *raw);

/** @brief Stop and close the devices; @p raw is the first. Every buffer must have been given back.
 * @param raw may be NULL
 */
NSK_API void nsk_raw_close(struct nsk_raw *raw);

/** @brief Facts of the device. */
NSK_API void nsk_raw_info(struct nsk_raw *raw, struct nsk_raw_info *info);

/** @brief Counters of the device. */
NSK_API void nsk_raw_stats(struct nsk_raw *raw, struct nsk_raw_stats *stats);

/** @brief Receive up to @p max packets, never waits. @return number received; they are the caller's
 */
NSK_API unsigned nsk_raw_rx(struct nsk_raw *raw, struct rte_mbuf **bufs, unsigned max);

/** @brief Send packets, never waits. @return number taken, first ones first; the others stay the
 * caller's */
NSK_API unsigned nsk_raw_tx(struct nsk_raw *raw, struct rte_mbuf **bufs, unsigned count);

/** @brief Get @p count empty buffers, all or none. @return 0, or -1 with errno ENOBUFS; EPERM in a
 * child made by fork() */
NSK_API int nsk_raw_alloc(struct nsk_raw *raw, struct rte_mbuf **bufs, unsigned count);

/** @brief Give buffers back. */
NSK_API void nsk_raw_free(struct nsk_raw *raw, struct rte_mbuf **bufs, unsigned count);

/** @brief The clock in ns: what the configuration brought, else CLOCK_MONOTONIC by way of the TSC.
 */
NSK_API uint64_t nsk_raw_now(struct nsk_raw *raw);

#ifdef __cplusplus
}
#endif
#endif
