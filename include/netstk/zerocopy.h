/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file zerocopy.h
 * @brief Receive and send without copies: packet buffers by reference, and the application's own
 * memory. The one public header that names DPDK types.
 *
 * All calls with packet buffers belong to the thread that runs the socket's worker, or to whoever
 * calls nsk_turn(); in another thread they fail with EPERM. None of them blocks. Buffers come from
 * the pool of the worker and go back to it: one that the application keeps is one less for
 * everybody, so give received buffers back soon. They mix freely with nsk_send() and nsk_recv() on
 * the same socket, and with epoll.
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

struct msghdr;
struct rte_mbuf;
struct nsk_stack;

/**
 * @brief Take received payload out of a TCP or UDP socket as buffers, oldest first.
 *
 * Each buffer's data is payload only (rte_pktmbuf_mtod, data_len), single segments for TCP. A
 * datagram is one buffer, or a chain (next, pkt_len) if it came in several, as one in IP fragments
 * does. The bytes may be shared: read only. As nsk_recv() it ends at the mark of urgent data. The
 * buffers are the caller's until nsk_zc_free(), which may be after the socket was closed. Of a
 * stream the receive window opens by what was taken.
 *
 * @param[out] bufs receives at most @p max buffers
 * @return number of buffers, 0 at the end of a stream, or -1 with errno: EAGAIN (nothing there),
 * EBADF, EPERM (another thread's worker), ENOBUFS (no buffer for what is before the mark), EFAULT,
 * EINVAL (max is 0), ENOTSOCK, EOPNOTSUPP, ENOTCONN and errors of the connection as nsk_recv()
 */
NSK_API int nsk_zc_recv(int fd, struct rte_mbuf **bufs, unsigned max);

/**
 * @brief What nsk_recvmsg() would have told of a datagram beside its payload.
 *
 * Fills name, control messages and flags of @p msg as that call does: who sent it, and what the
 * socket's options ask for, SO_TIMESTAMPNS when it came, IP_PKTINFO where. The vector is not looked
 * at; MSG_TRUNC is never set.
 *
 * @param fd the socket that gave the buffer, in the thread that took it
 * @param buf a buffer of nsk_zc_recv() that was not given back yet
 * @return 0, or -1 with errno: EOPNOTSUPP (a stream: nsk_getpeername()), EBADF, EPERM, EFAULT,
 *         EINVAL (a name's length), ENOTSOCK
 */
NSK_API int nsk_zc_msg(int fd, struct rte_mbuf *buf, struct msghdr *msg);

/** @brief Give received buffers back, in the thread that took them. In a child made by fork() it
 * does nothing: they are its parent's. */
NSK_API void nsk_zc_free(struct rte_mbuf **bufs, unsigned count);

/**
 * @brief Get an empty transmit buffer from the pool of the socket's worker; fill it with
 * rte_pktmbuf_append(). Send it by nsk_zc_send() or give it back by nsk_zc_free().
 * @return the buffer, or NULL with errno: ENOBUFS (the pool is empty), EBADF, EPERM, ENOTSOCK
 */
NSK_API struct rte_mbuf *nsk_zc_alloc(int fd);

/**
 * @brief Send a buffer by reference on a stream socket.
 *
 * A buffer that was taken belongs to the stack: it is read until its bytes are acknowledged and
 * must not be changed any more. One that was not stays the caller's. A buffer received with
 * nsk_zc_recv() may be sent as well, on any stream socket of the same worker, if nobody else holds
 * it (EINVAL says that somebody does: copy its bytes then); nothing of it is changed, and it needs
 * no nsk_zc_free() once it was taken.
 *
 * @return payload bytes taken (all of it), or -1 with errno: EAGAIN (no room in the send buffer;
 *         EPOLLOUT tells when there is), EINVAL (empty, a chain, or held by somebody else as well),
 *         EBADF, EPERM, EFAULT, ENOTSOCK, EOPNOTSUPP (not a stream),
 * EPIPE, ENOTCONN and errors of the connection as nsk_send()
 */
NSK_API ssize_t nsk_zc_send(int fd, struct rte_mbuf *buf);

/**
 * @brief Let packets point into memory of the application: what is sent out of it with MSG_ZEROCOPY
 * is not copied.
 *
 * As in Linux a socket asks for it once (SO_ZEROCOPY is 1), and then each call with the flag
 * MSG_ZEROCOPY that took something has the next number of the socket, from 0 on. The bytes belong
 * to the stack until the socket has told that the call of this number is over: EPOLLERR is ready,
 * and nsk_recvmsg() with MSG_ERRQUEUE gives a struct sock_extended_err of origin
 * SO_EE_ORIGIN_ZEROCOPY for the calls from ee_info to ee_data; ee_code is
 * SO_EE_CODE_ZEROCOPY_COPIED if nothing of them went by reference. Copied is what is in no
 * registered memory, pieces of less than 2,048 bytes, datagrams, and all that leaves by a port that
 * cannot read the memory itself (docs/SOCKETS.md says which).
 *
 * A socket that was closed tells nothing any more: nsk_zc_unregister() does, which fails until
 * nothing points into the memory.
 *
 * The memory is the application's; it must stay mapped, and in place, until it was unregistered or
 * the stack is destroyed. Any thread may call.
 *
 * @return 0, or -1 with errno: EINVAL (no stack, no bytes), EEXIST (overlaps what is registered),
 *         ENOSPC (64 regions are registered), EPERM (in a child made by fork())
 */
NSK_API int nsk_zc_register(struct nsk_stack *stack, void *addr, size_t len);

/**
 * @brief Take back memory that was registered, by the address that it was registered with.
 * @return 0, or -1 with errno: ENOENT (nothing is registered there), EBUSY (packets or send queues
 *         still point into it: try again later), EINVAL (no stack), EPERM (in a child made by
 *         fork())
 */
NSK_API int nsk_zc_unregister(struct nsk_stack *stack, void *addr);

#ifdef __cplusplus
}
#endif
#endif
