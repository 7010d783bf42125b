/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file socket.h
 * @brief Socket calls: nsk_ + the POSIX name, same arguments, same results, same errno, the system's structures.
 *
 * Calls without a descriptor (nsk_socket(), nsk_epoll_create1()) act on the stack that the calling thread has entered
 * (stack.h); all others on the descriptor's own. Descriptors are numbers from 2^30 upwards, lowest free first, so that
 * none is ever a kernel descriptor: kernel and stack descriptors can be kept apart by nsk_is_fd().
 *
 * A blocking call turns the worker's loop when its thread runs the worker; in any other thread it sleeps until the
 * thread that runs the worker wakes it. Where no worker has a thread (nsk_turn()), the caller serialises its calls; only
 * a thread asleep inside a blocking call may overlap with others.
 *
 * When the stack is stopping, blocking calls fail with ESHUTDOWN.
 */
#ifndef NETSTK_SOCKET_H
#define NETSTK_SOCKET_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Lowest descriptor number. */
#define NSK_FD_BASE (1 << 30)

/** @brief True for a number in the range of the stack's descriptors. */
static inline bool nsk_is_fd(int fd)
{
	return fd >= NSK_FD_BASE;
}

NSK_API int nsk_socket(int domain, int type, int protocol);
NSK_API int nsk_bind(int fd, const struct sockaddr *addr, socklen_t len);
NSK_API int nsk_listen(int fd, int backlog);
NSK_API int nsk_accept(int fd, struct sockaddr *addr, socklen_t *len);
NSK_API int nsk_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
NSK_API int nsk_connect(int fd, const struct sockaddr *addr, socklen_t len);
NSK_API int nsk_shutdown(int fd, int how);
NSK_API int nsk_close(int fd);
NSK_API int nsk_dup(int fd);

NSK_API ssize_t nsk_send(int fd, const void *buf, size_t len, int flags);
NSK_API ssize_t nsk_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
			   socklen_t addr_len);
NSK_API ssize_t nsk_sendmsg(int fd, const struct msghdr *msg, int flags);
NSK_API ssize_t nsk_write(int fd, const void *buf, size_t len);
NSK_API ssize_t nsk_writev(int fd, const struct iovec *iov, int count);

NSK_API ssize_t nsk_recv(int fd, void *buf, size_t len, int flags);
NSK_API ssize_t nsk_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addr_len);
NSK_API ssize_t nsk_recvmsg(int fd, struct msghdr *msg, int flags);
NSK_API ssize_t nsk_read(int fd, void *buf, size_t len);
NSK_API ssize_t nsk_readv(int fd, const struct iovec *iov, int count);

NSK_API int nsk_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
NSK_API int nsk_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
NSK_API int nsk_getsockname(int fd, struct sockaddr *addr, socklen_t *len);
NSK_API int nsk_getpeername(int fd, struct sockaddr *addr, socklen_t *len);
/** @brief F_GETFL and F_SETFL (O_NONBLOCK), F_GETFD and F_SETFD; everything else fails with EINVAL. */
NSK_API int nsk_fcntl(int fd, int cmd, ...);
/** @brief FIONREAD, FIONBIO, SIOCINQ, SIOCOUTQ; everything else fails with ENOTTY. */
NSK_API int nsk_ioctl(int fd, unsigned long request, ...);

/** @brief poll(2) over descriptors of the stack; kernel descriptors get POLLNVAL. */
NSK_API int nsk_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

/** Most descriptors in an nsk_fd_set. */
#define NSK_FD_SETSIZE 1024

/** A set for nsk_select(): holds descriptor numbers NSK_FD_BASE to NSK_FD_BASE + NSK_FD_SETSIZE - 1. */
typedef struct nsk_fd_set {
	uint64_t bits[NSK_FD_SETSIZE / 64];
} nsk_fd_set;

/** @brief Empty a set. */
static inline void nsk_fd_zero(nsk_fd_set *set)
{
	for (unsigned i = 0; i < NSK_FD_SETSIZE / 64; i++)
		set->bits[i] = 0;
}

/** @brief True if @p fd can be in a set. */
static inline bool nsk_fd_fits(int fd)
{
	return fd >= NSK_FD_BASE && fd - NSK_FD_BASE < NSK_FD_SETSIZE;
}

/** @brief Put @p fd into a set; numbers that do not fit are ignored. */
static inline void nsk_fd_add(int fd, nsk_fd_set *set)
{
	if (nsk_fd_fits(fd))
		set->bits[(fd - NSK_FD_BASE) / 64] |= UINT64_C(1) << ((fd - NSK_FD_BASE) % 64);
}

/** @brief Take @p fd out of a set. */
static inline void nsk_fd_clr(int fd, nsk_fd_set *set)
{
	if (nsk_fd_fits(fd))
		set->bits[(fd - NSK_FD_BASE) / 64] &= ~(UINT64_C(1) << ((fd - NSK_FD_BASE) % 64));
}

/** @brief True if @p fd is in a set. */
static inline bool nsk_fd_isset(int fd, const nsk_fd_set *set)
{
	return nsk_fd_fits(fd) && (set->bits[(fd - NSK_FD_BASE) / 64] >> ((fd - NSK_FD_BASE) % 64) & 1);
}

/** @brief select(2) over descriptors of the stack. @param nfds highest number plus 1 */
NSK_API int nsk_select(int nfds, nsk_fd_set *readfds, nsk_fd_set *writefds, nsk_fd_set *exceptfds,
		       struct timeval *timeout);

#ifdef __cplusplus
}
#endif
#endif
