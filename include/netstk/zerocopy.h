/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file zerocopy.h
 * @brief Receive and send packet buffers by reference. The one public header that names DPDK types.
 *
 * All calls belong to the thread that runs the socket's worker.
 */
#ifndef NETSTK_ZEROCOPY_H
#define NETSTK_ZEROCOPY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rte_mbuf;

/**
 * @brief Take received payload out of a TCP or UDP socket as buffers, oldest first.
 *
 * Each buffer's data is payload only (rte_pktmbuf_mtod, data_len), single segments for TCP. The bytes may be shared: read
 * only. The buffers are the caller's until nsk_zc_free().
 * @return number of buffers, 0 at end of stream, -1 with errno (EAGAIN …). Never blocks.
 */
NSK_API int nsk_zc_recv(int fd, struct rte_mbuf **bufs, unsigned max);

/** @brief Give received buffers back. */
NSK_API void nsk_zc_free(struct rte_mbuf **bufs, unsigned count);

/**
 * @brief Get an empty transmit buffer from the pool of the socket's worker; fill it with rte_pktmbuf_append().
 * @return NULL with errno ENOBUFS
 */
NSK_API struct rte_mbuf *nsk_zc_alloc(int fd);

/**
 * @brief Send a buffer by reference on a stream socket; it belongs to the stack from now on when it was taken.
 * @return payload bytes taken (all of it), or -1 with errno (EAGAIN: no room in the send buffer; the buffer stays yours)
 */
NSK_API ssize_t nsk_zc_send(int fd, struct rte_mbuf *buf);

#ifdef __cplusplus
}
#endif
#endif
