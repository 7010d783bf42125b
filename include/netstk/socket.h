/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file socket.h
 * @brief Socket calls: nsk_ + the POSIX name, same arguments, same results, same errno, the
 * system's structures and constants.
 *
 * @section sock_fd Descriptors
 * Calls without a descriptor (nsk_socket(), nsk_epoll_create1()) act on the stack that the calling
 * thread has entered (stack.h); all others on the descriptor's own. Descriptors are numbers from
 * 2^30 upwards, lowest free first, so that none is ever a kernel descriptor: nsk_is_fd() keeps the
 * two kinds apart, and both can be waited for by one nsk_poll() or nsk_epoll_wait(). A descriptor
 * names an open description; nsk_dup() makes another name for it, and what F_SETFL, socket options
 * and epoll registrations say belongs to the description. The last nsk_close() ends it.
 *
 * @section sock_threads Threads
 * Any thread may use any descriptor. In the thread that runs the socket's worker a call is a
 * function call; from any other thread it travels to the worker and is done in the worker's turn
 * while the caller waits, which costs microseconds. Where no worker has a thread (nsk_turn()), a
 * call is done at once, by itself, and what it sends leaves in the next turn. The thread that
 * called nsk_turn() last would wait for itself: a call of it that would have to wait fails with
 * EDEADLK, with a timeout as well. Such a program uses non-blocking sockets, or leaves turning to
 * another thread.
 *
 * @section sock_blocking Blocking
 * Sockets block unless SOCK_NONBLOCK, O_NONBLOCK, FIONBIO or MSG_DONTWAIT says otherwise. While a
 * call waits,
 * - a thread that runs a worker turns that worker's loop: everything else goes on. Signals do not
 *   end the wait (their handlers run); timeouts are counted on the stack's clock. From inside a
 * turn such a call fails with EDEADLK.
 * - any other thread sleeps until the socket's worker wakes it. A signal handler that runs
 *   meanwhile ends the wait with EINTR, with SA_RESTART as well (as in Linux for a socket with a
 *   timeout). Timeouts are counted on the kernel's clock.
 *
 * SO_RCVTIMEO and SO_SNDTIMEO end a wait with EAGAIN (connect: EINPROGRESS). When the stack is
 * stopping (nsk_stop()), a call that would wait fails with ESHUTDOWN. A description that is closed
 * while a call waits on it ends when that call returns, as in Linux.
 *
 * @section sock_errors Errors of every call
 * Where nothing else is said a call returns 0, or -1 with errno: EBADF (not an open descriptor of a
 * stack), ENOTSOCK (an epoll instance; read and write forms: EINVAL), EOPNOTSUPP (the protocol
 * cannot do that), EFAULT (a pointer is NULL; other bad pointers crash, they are not probed as a
 * kernel does), EINVAL. Calls that block add EAGAIN, EINTR, ESHUTDOWN, EDEADLK, and ENOBUFS when
 * there is no memory to wait.
 *
 * @section sock_options Options
 * docs/SOCKETS.md lists the options of each protocol; others fail with ENOPROTOOPT.
 *
 * @section sock_linux What differs from Linux
 * - No call ever raises SIGPIPE: sending on a broken stream is EPIPE alone, with or without
 *   MSG_NOSIGNAL.
 * - Flags that a call does not know are refused with EOPNOTSUPP, not ignored.
 * - A call whose address cannot be told (EFAULT, EINVAL) has done nothing: the connection stays in
 *   the queue, the bytes can be received.
 * - Connections do not keep their listener's port: it can be bound again without SO_REUSEADDR.
 * - The next hop that did not answer is remembered for a while: connections through it fail with
 *   EHOSTUNREACH at once.
 * - A datagram socket gets its port by a send that has a destination, which the port suits.
 * - IP_BIND_ADDRESS_NO_PORT is 1 unless set: packets then come to the socket's own worker.
 * - There is no SIGURG: EPOLLPRI and POLLPRI tell of urgent bytes.
 * - nsk_close() never waits: SO_LINGER with a time is a graceful close in the background, with zero
 *   seconds it resets the connection, as in Linux.
 * - Descriptors do not survive fork(): in the child all of them are EBADF, nsk_socket() is ENXIO,
 *   and calls of stack.h that would use a stack of the parent's fail with EPERM. End it by exec()
 *   or _exit(): DPDK's own exit handler removes the parent's telemetry socket.
 */
#ifndef NETSTK_SOCKET_H
#define NETSTK_SOCKET_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsghdr; /* of <sys/socket.h> with _GNU_SOURCE */

/** Lowest descriptor number. */
#define NSK_FD_BASE (1 << 30)

/** @brief True for a number in the range of the stack's descriptors. */
static inline bool nsk_is_fd(int fd)
{
	return fd >= NSK_FD_BASE;
}

/**
 * @brief Make a socket on the stack that the calling thread has entered.
 *
 * In a worker's thread it lives on that worker, else on the stack's first one.
 *
 * Raw sockets and ping sockets (raw(7), icmp(7)) need no privilege: who runs a stack owns its
 * devices.
 *
 * A socket of AF_INET6 speaks IPv4 as well unless IPV6_V6ONLY is set, whose addresses are shown and
 * taken in mapped form (RFC 4291 §2.5.5.2).
 *
 * @param domain AF_INET or AF_INET6
 * @param type SOCK_STREAM, SOCK_DGRAM or SOCK_RAW, or'ed with SOCK_NONBLOCK and SOCK_CLOEXEC (which
 *             is kept for F_GETFD and means nothing else: descriptors do not survive exec)
 * @param protocol 0, or IPPROTO_TCP, IPPROTO_UDP as fits; IPPROTO_ICMP: with SOCK_DGRAM a ping
 *                 socket, with SOCK_RAW a raw one, which is the only one that there is; both of
 *                 AF_INET alone
 * @return the descriptor, or -1 with errno: ENXIO (the thread has entered no stack), EAFNOSUPPORT,
 *         ESOCKTNOSUPPORT, EPROTONOSUPPORT, EINVAL (a type or protocol that does not exist), ENFILE
 *         (the stack has its most sockets), EMFILE (the process has its most descriptors,
 * 4,194,304), ENOMEM
 */
NSK_API int nsk_socket(int domain, int type, int protocol);

/**
 * @brief Give a socket its own address and port; port 0 chooses one: a stream's when it is first
 * needed, by nsk_listen(), nsk_connect() or nsk_getsockname(), or at once if
 * IP_BIND_ADDRESS_NO_PORT is set to 0.
 *
 * A link-local IPv6 address needs the number of its interface in sin6_scope_id: 1 for the first
 * that is configured. The same holds for nsk_connect() and for what is sent.
 *
 * @return 0, or -1 with errno: EINVAL (bound already, bad length, a link-local address without an
 *         interface), EAFNOSUPPORT, EADDRINUSE (taken, or no port is left to choose), ENOBUFS,
 *         EADDRNOTAVAIL (not an address of this stack), ENODEV (no such interface)
 */
NSK_API int nsk_bind(int fd, const struct sockaddr *addr, socklen_t len);

/**
 * @brief Accept connections from now on.
 * @param backlog most connections that wait for nsk_accept(), cut to the setting
 *                listen_backlog_max; negative: as many as that
 * @return 0, or -1 with errno: EOPNOTSUPP (not a stream), EINVAL (connected), EADDRINUSE
 */
NSK_API int nsk_listen(int fd, int backlog);

/** @brief nsk_accept4() without flags. */
NSK_API int nsk_accept(int fd, struct sockaddr *addr, socklen_t *len);

/**
 * @brief Take the oldest connection that waits; blocks while there is none.
 *
 * @param fd a listening socket
 * @param[out] addr receives the peer's address, cut at *len; may be NULL
 * @param[in,out] len room at addr, then the address's whole length
 * @param flags SOCK_NONBLOCK, SOCK_CLOEXEC; the listener's own O_NONBLOCK is not inherited
 * @return the connection's descriptor, or -1 with errno: EAGAIN, EINVAL (not listening, unknown
 *         flags), ENFILE and EMFILE (the connection stays in the queue)
 */
NSK_API int nsk_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);

/**
 * @brief Connect a stream; name the peer of a datagram socket.
 *
 * Blocks until the connection stands or has failed, at most SO_SNDTIMEO. Non-blocking: EINPROGRESS;
 * EPOLLOUT then tells the end and SO_ERROR, or another call of this, the result. When a call has
 * told a failure the socket is what it was before, and may try again. An address of family
 * AF_UNSPEC takes the peer away: a connection is reset (SO_ERROR says ECONNRESET), a listener ends.
 *
 * @return 0, or -1 with errno: EINPROGRESS, EALREADY (non-blocking and still going on), EISCONN,
 *         ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL (no free port),
 *         EAFNOSUPPORT, ECONNABORTED
 */
NSK_API int nsk_connect(int fd, const struct sockaddr *addr, socklen_t len);

/**
 * @brief End one or both directions of a connection. While it is being opened any of them gives the
 * attempt up: a call that waits for it fails with ECONNRESET. SHUT_RD ends listening.
 *
 * A datagram socket that was shut for reading still receives what comes; a call that would wait for
 * it gives 0. Without a peer it is ENOTCONN, and holds nevertheless, so that who waits is woken; of
 * a stream without a connection that is so of reading alone.
 * @param how SHUT_RD, SHUT_WR, SHUT_RDWR
 * @return 0, or -1 with errno: ENOTCONN, EINVAL
 */
NSK_API int nsk_shutdown(int fd, int how);

/**
 * @brief Give a descriptor back; the last one of a description ends it.
 *
 * Never blocks and never fails on an open descriptor: data that was sent is delivered in the
 * background unless SO_LINGER with zero seconds asks for a reset. Epoll registrations of the
 * description go with its last descriptor.
 */
NSK_API int nsk_close(int fd);

/**
 * @brief Another descriptor, the lowest free one, for the same description; without FD_CLOEXEC.
 * @return the descriptor, or -1 with errno: ENFILE, EMFILE
 */
NSK_API int nsk_dup(int fd);

/**
 * @brief Make another descriptor, of a number of the caller's choice, for the same description. If
 * the number is in use it is closed first, and nobody else can get it in between.
 * @param to NSK_FD_BASE or above
 * @return the number, or -1 with errno: EBADF (fd, or a number that cannot be a descriptor of a
 *         stack), EBUSY (another thread is just being given the number), ENFILE, EMFILE (32,768
 *         descriptors of one description; the number is closed by then, as with ENFILE), ENOMEM;
 * EINVAL (nsk_dup3() alone: unknown flags, or fd is the number)
 */
NSK_API int nsk_dup2(int fd, int to);

/** @brief nsk_dup2() with O_CLOEXEC or 0 as flags. */
NSK_API int nsk_dup3(int fd, int to, int flags);

/**
 * @brief Move an open TCP connection to another worker of its stack.
 *
 * From any thread. Nothing that was sent or received is lost or changes its order; descriptors,
 * options and calls that wait go along, and calls that come meanwhile wait for it to arrive.
 * Registrations with epoll instances end, as if it was closed, since an instance has sockets of its
 * own worker: add it to one of the new worker, which tells at once what is ready. The worker that
 * it leaves waits until the new one has taken it, which it does in its next turn, or at once where
 * it waits; where segments come to a third worker (nsk_migrate() of one that has moved before) that
 * one waits as well. One connection of a stack moves at a time: further calls wait for their turn.
 * @return 0, also if it is there already; or -1 with errno, and it is as before: EBADF, EINVAL (no
 *         such worker), ENOTCONN (it is over, or was never opened), EAGAIN (it is being opened, or
 *         not all that was sent with MSG_ZEROCOPY is over and told), EOPNOTSUPP (a listener, or no
 *         TCP socket), ENOTSOCK (an epoll instance), ENFILE (the new worker has as many descriptors
 *         as it may have), ENOBUFS (it has no memory for it, or for what is in its queues),
 *         ESHUTDOWN
 */
NSK_API int nsk_migrate(int fd, unsigned worker);

/** @brief Index of the worker that a descriptor's socket lives on, or -1 with errno EBADF. */
NSK_API int nsk_worker_of(int fd);

/** @brief nsk_sendto() without an address. */
NSK_API ssize_t nsk_send(int fd, const void *buf, size_t len, int flags);

/**
 * @brief Send bytes.
 *
 * A stream takes what fits its send buffer; a blocking call goes on until all was taken, and if it
 * ends before that returns what was. A datagram is taken whole or not at all. The bytes are copied,
 * and the buffer is free again after the call, except with MSG_ZEROCOPY on a socket with
 * SO_ZEROCOPY: netstk/zerocopy.h says when.
 *
 * @param flags MSG_DONTWAIT, MSG_MORE (more follows: do not send a short segment yet),
 * MSG_OOB (a stream: the last byte is urgent), MSG_FASTOPEN (a stream: connect to addr as well,
 * with data in the SYN if there is a cookie; a call that does not block fails with EINPROGRESS if
 * there is none), MSG_ZEROCOPY, MSG_NOSIGNAL, MSG_EOR and MSG_CONFIRM (no meaning)
 * @param addr destination of a datagram, or of MSG_FASTOPEN; NULL: the connected peer
 * @return bytes taken, or -1 with errno: EAGAIN (also at once, blocking or not: no port is left for
 *         a datagram socket that has none), EPIPE (shut down for sending, or the connection
 *         is gone), ECONNRESET and other errors of the connection, ENOTCONN, EDESTADDRREQ, EISCONN,
 *         EMSGSIZE, ENOBUFS, ENETUNREACH, EACCES (broadcast without SO_BROADCAST), EOPNOTSUPP
 *         (unknown flags)
 */
NSK_API ssize_t nsk_sendto(int fd, const void *buf, size_t len, int flags,
			   const struct sockaddr *addr, socklen_t addr_len);

/** @brief nsk_sendto() from several buffers. At most 1,024 of them, else EMSGSIZE. Of a datagram
 * control messages say more (docs/SOCKETS.md). */
NSK_API ssize_t nsk_sendmsg(int fd, const struct msghdr *msg, int flags);

/**
 * @brief nsk_sendmsg() of several messages, which costs a thread that does not run the worker one
 * journey instead of one for each. At most 1,024 are looked at.
 * @param[in,out] vec messages; msg_len tells the bytes that were taken of each
 * @return messages taken; or, if it is none, -1 with errno as nsk_sendmsg()
 */
NSK_API int nsk_sendmmsg(int fd, struct mmsghdr *vec, unsigned count, int flags);

/**
 * @brief Send a part of a file to a stream.
 *
 * Through a buffer of 64 KiB. Reading the file may wait for a disk: in a worker's thread all else
 * waits, too.
 *
 * @param in_fd an ordinary file of the kernel's
 * @param[in,out] offset where in the file to begin, then where to go on; NULL: the file's position,
 *                       which moves on instead
 * @return bytes sent, 0 at the end of the file, or -1 with errno: EINVAL (not a stream, not an
 *         ordinary file, negative offset), ENOMEM, errors of fstat(2), pread(2) and nsk_send()
 */
NSK_API ssize_t nsk_sendfile(int out_fd, int in_fd, off_t *offset, size_t count);

/** @brief nsk_send() without flags. Never raises SIGPIPE. */
NSK_API ssize_t nsk_write(int fd, const void *buf, size_t len);

/** @brief nsk_write() from several buffers; a count below 0 or above 1,024 is EINVAL. */
NSK_API ssize_t nsk_writev(int fd, const struct iovec *iov, int count);

/** @brief nsk_recvfrom() without an address. */
NSK_API ssize_t nsk_recv(int fd, void *buf, size_t len, int flags);

/**
 * @brief Receive bytes; blocks while there are none.
 *
 * A datagram that does not fit is cut and the rest lost.
 *
 * @param flags MSG_DONTWAIT; MSG_PEEK (leave them there); MSG_WAITALL (a stream: until the buffer
 * is full, the stream ends or an error comes); MSG_TRUNC (a datagram: return its whole length; a
 * stream: throw the bytes away); MSG_OOB (a stream's urgent byte, never waits); MSG_ERRQUEUE (the
 * error queue, never waits), MSG_NOSIGNAL, MSG_CMSG_CLOEXEC (no meaning)
 * @param[out] addr receives where a datagram came from, cut at *addr_len; may be NULL
 * @param[in,out] addr_len room at addr, then the address's whole length; 0 for a stream
 * @return bytes; 0 at the end of a stream; or -1 with errno: EAGAIN, ENOTCONN, ECONNRESET,
 *         ETIMEDOUT and other errors of the connection, ECONNREFUSED (a connected datagram socket
 *         whose peer's port is closed), EINVAL (MSG_OOB, and there is no urgent byte to be given),
 *         EOPNOTSUPP (unknown flags)
 */
NSK_API ssize_t nsk_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr,
			     socklen_t *addr_len);

/** @brief nsk_recvfrom() into several buffers; msg_flags tells MSG_TRUNC. At most 1,024, else
 * EMSGSIZE. Control messages of datagrams: docs/SOCKETS.md. */
NSK_API ssize_t nsk_recvmsg(int fd, struct msghdr *msg, int flags);

/**
 * @brief nsk_recvmsg() of several messages; blocks until all of them came. At most 1,024.
 * @param[in,out] vec messages; msg_len tells the bytes of each
 * @param flags those of nsk_recvmsg(), and MSG_WAITFORONE: does not wait when there is one
 * @param timeout the call waits so long altogether (Linux looks at the time only when a message
 *                comes); NULL: what SO_RCVTIMEO says
 * @return messages, fewer if the time is over or an error came, which the next call tells; or, if
 *         it is none, -1 with errno as nsk_recvmsg()
 */
NSK_API int nsk_recvmmsg(int fd, struct mmsghdr *vec, unsigned count, int flags,
			 struct timespec *timeout);

/** @brief nsk_recv() without flags; of 0 bytes it is 0 whatever the socket's state. */
NSK_API ssize_t nsk_read(int fd, void *buf, size_t len);

/** @brief nsk_read() into several buffers; a count below 0 or above 1,024 is EINVAL. */
NSK_API ssize_t nsk_readv(int fd, const struct iovec *iov, int count);

/**
 * @brief Read an option.
 *
 * Level SOL_SOCKET: SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST,
 * SO_LINGER, SO_RCVTIMEO, SO_SNDTIMEO, and only to be read SO_ERROR (cleared by reading), SO_TYPE,
 * SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN, SO_RCVLOWAT, SO_SNDLOWAT (always 1). Level IPPROTO_IP:
 * IP_TOS (a stream keeps the two bits of ECN for itself), IP_TTL (-1: the setting ip.ttl); accepted
 * connections have their listener's. Each protocol adds its own.
 *
 * @param[out] value receives the option, cut at *len
 * @param[in,out] len room at value, then the option's length
 * @return 0, or -1 with errno: ENOPROTOOPT (no such option), EINVAL
 */
NSK_API int nsk_getsockopt(int fd, int level, int name, void *value, socklen_t *len);

/**
 * @brief Set an option, see nsk_getsockopt().
 *
 * Timeouts are kept in milliseconds, rounded up; 0 is for ever, a negative time not at all (read as
 * 0), and more than 24 days are for ever.
 *
 * @return 0, or -1 with errno: ENOPROTOOPT (no such option, or not to be set), EINVAL (too short,
 * out of range), EDOM (microseconds of a timeout)
 */
NSK_API int nsk_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

/** @brief The socket's own address, cut at *len; *len becomes its whole length. ENOBUFS: bound to
 * port 0, and none is left. */
NSK_API int nsk_getsockname(int fd, struct sockaddr *addr, socklen_t *len);

/** @brief The peer's address, cut at *len; *len becomes its whole length. ENOTCONN without a peer.
 */
NSK_API int nsk_getpeername(int fd, struct sockaddr *addr, socklen_t *len);

/**
 * @brief F_GETFL and F_SETFL (O_NONBLOCK; other flags are ignored), F_GETFD and F_SETFD
 * (FD_CLOEXEC), F_DUPFD and F_DUPFD_CLOEXEC (another descriptor, the lowest free one from the
 * argument on).
 * @return the value, the descriptor or 0, or -1 with errno EINVAL (any other command, or no number
 *         of a descriptor), ENFILE, EMFILE, ENOMEM
 */
NSK_API int nsk_fcntl(int fd, int cmd, ...);

/**
 * @brief FIONBIO; FIONREAD = SIOCINQ (bytes to be received, of a datagram socket: of the next
 * datagram); SIOCOUTQ (bytes not sent or not acknowledged), SIOCOUTQNSD (bytes not sent; TCP),
 * SIOCATMARK (nsk_sockatmark()). The argument points to an int.
 * @return 0, or -1 with errno ENOTTY (any other request, or unknown to the protocol)
 */
NSK_API int nsk_ioctl(int fd, unsigned long request, ...);

/**
 * @brief sockatmark(3): is the next byte to be received the urgent one, or the one behind it?
 *
 * Of a stream alone.
 *
 * @return 1 at the mark, 0 elsewhere or if there is none, or -1 with errno ENOTTY (a datagram
 *         socket, an epoll instance)
 */
NSK_API int nsk_sockatmark(int fd);

/**
 * @brief poll(2) over descriptors of any stacks and workers of the process, epoll instances
 * included, and of the kernel.
 *
 * A worker's thread asks the kernel for its descriptors at the beginning and then every 50
 * microseconds; any other thread sleeps on all of them at once.
 *
 * In a worker's thread each call runs at least one turn of the loop, so that a server may be
 * written around it; for more than a few descriptors use nsk_epoll_wait(), whose cost does not grow
 * with those that are idle.
 *
 * @param fds negative descriptors in it are skipped
 * @param timeout_ms -1: for ever; 0: one look
 * @return number of descriptors with revents, 0 when the time is over, or -1 with errno: EFAULT,
 *         EINVAL (count), EINTR, ESHUTDOWN, EDEADLK, ENOMEM
 */
NSK_API int nsk_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

/**
 * @brief nsk_poll() with a timeout in nanoseconds, and with a signal mask that is in force while
 * the call waits, so that no signal slips by between a look at what its handler has set and the
 * wait (ppoll(2)).
 *
 * In a thread that runs a worker signals are asked for once a millisecond: those that the mask
 * lets through and the thread has blocked otherwise end the call, after their handlers.
 *
 * @param timeout NULL: for ever; not changed
 * @param mask NULL: signals as they are
 * @return as nsk_poll(), which has EINTR in a worker's thread never; EINVAL as well for a timeout
 *         that makes no sense
 */
NSK_API int nsk_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		      const sigset_t *mask);

/** Most descriptors in an nsk_fd_set. */
#define NSK_FD_SETSIZE 1024

/** A set for nsk_select(): holds descriptor numbers NSK_FD_BASE to NSK_FD_BASE + NSK_FD_SETSIZE
 * - 1. */
typedef struct nsk_fd_set {
	uint64_t bits[NSK_FD_SETSIZE / 64]; /**< bit n: descriptor NSK_FD_BASE + n */
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
	return nsk_fd_fits(fd) &&
	       (set->bits[(fd - NSK_FD_BASE) / 64] >> ((fd - NSK_FD_BASE) % 64) & 1);
}

/**
 * @brief select(2) over descriptors of any stacks and workers of the process; waits as nsk_poll().
 *
 * @param nfds highest number plus 1
 * @param readfds may be NULL, like the others
 * @param timeout NULL: for ever; not changed, unlike in Linux
 * @return number of bits left in the sets, 0 when the time is over, or -1 with errno: EBADF (the
 * sets are unchanged), EINVAL, EINTR, ESHUTDOWN, EDEADLK, ENOMEM
 */
NSK_API int nsk_select(int nfds, nsk_fd_set *readfds, nsk_fd_set *writefds, nsk_fd_set *exceptfds,
		       struct timeval *timeout);

/** @brief nsk_select() with a timeout in nanoseconds and a signal mask as nsk_ppoll(). */
NSK_API int nsk_pselect(int nfds, nsk_fd_set *readfds, nsk_fd_set *writefds, nsk_fd_set *exceptfds,
			const struct timespec *timeout, const sigset_t *mask);

#ifdef __cplusplus
}
#endif
#endif
