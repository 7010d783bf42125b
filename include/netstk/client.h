/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file client.h
 * @brief What clients and servers that call others need beside the socket calls: connecting within
 * a time, names, connections that are used again.
 *
 * In a thread that runs a worker each of these goes on turning the worker's loop while it waits, as
 * blocking calls do; in any other thread it sleeps.
 */
#ifndef NETSTK_CLIENT_H
#define NETSTK_CLIENT_H

#include <netdb.h>
#include <sys/socket.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief nsk_connect() that takes no longer than it is given, on a blocking or non-blocking socket,
 * whose O_NONBLOCK is the same afterwards.
 *
 * When the time is over the attempt is given up, and the socket is good for nsk_close() alone.
 *
 * @param timeout_ms -1: as long as the connection's own timers say
 * @return 0, or -1 with errno as nsk_connect(), and ETIMEDOUT
 */
NSK_API int nsk_connect_timeout(int fd, const struct sockaddr *addr, socklen_t len, int timeout_ms);

/**
 * @brief getaddrinfo(3) as it is: arguments, results (freeaddrinfo(3)) and EAI_… numbers, through
 * the host's resolver and the kernel's network, in a thread of its own. Families that the stack
 * does not have are not left out: say so by the hints.
 * @return 0 or an EAI_… number; EAI_SYSTEM with errno EAGAIN (no thread can be made, or 64 ask
 * already), ENOMEM or what nsk_poll() says (EINTR, ESHUTDOWN, EDEADLK)
 */
NSK_API int nsk_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
			    struct addrinfo **result);

/** A question to the resolver that is under way. Opaque. */
struct nsk_lookup;

/**
 * @brief Ask as nsk_getaddrinfo(), without waiting.
 * @return what nsk_lookup_end() must be called with, or NULL with errno (EAGAIN: as there; ENOMEM,
 * EMFILE)
 */
NSK_API struct nsk_lookup *nsk_lookup_begin(const char *node, const char *service,
					    const struct addrinfo *hints);

/** @brief A descriptor of the kernel's that is readable when there is an answer: for
 * nsk_epoll_ctl(), nsk_poll() and the kernel's own. It goes with nsk_lookup_end(). */
NSK_API int nsk_lookup_fd(const struct nsk_lookup *lookup);

/**
 * @brief Take the answer and end the question.
 *
 * Without an answer yet the question is given up: the resolver's thread goes on by itself and what
 * it finds is freed.
 *
 * @param[out] result as getaddrinfo(3); NULL: give it up
 * @return 0 or an EAI_… number; EAI_AGAIN: there is no answer yet
 */
NSK_API int nsk_lookup_end(struct nsk_lookup *lookup, struct addrinfo **result);

/** Connections that wait to be used again, by the address they lead to. Opaque. */
struct nsk_pool;

/**
 * @brief Make an empty pool. It belongs to one thread at a time, and its connections to the stack
 * that the thread has entered.
 *
 * @param most connections that wait at most, at least 1; one more closes the oldest
 * @param idle_ms how long one waits before it is closed, looked at by the calls below; -1: for ever
 * @return the pool, or NULL with errno (EINVAL, ENOMEM)
 */
NSK_API struct nsk_pool *nsk_pool_new(unsigned most, int idle_ms);

/**
 * @brief A stream that is connected to an address: the one that has waited shortest, if it is alive
 * and has nothing unread, else a new one by nsk_connect_timeout(). It blocks.
 * @param timeout_ms for a new one
 * @return the descriptor, or -1 with errno as nsk_socket() and nsk_connect_timeout()
 */
NSK_API int nsk_pool_get(struct nsk_pool *pool, const struct sockaddr *addr, socklen_t len,
			 int timeout_ms);

/**
 * @brief Give a connection to the pool; the descriptor is the pool's from now on.
 *
 * One that has failed, that the peer has closed, or that has something unread is closed. Options
 * stay as they are: leave it as you would like to find it.
 */
NSK_API void nsk_pool_put(struct nsk_pool *pool, int fd);

/** @brief Close all that waits, and free the pool. NULL is ignored. */
NSK_API void nsk_pool_free(struct nsk_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
