/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the public calls share: errno, descriptors of new sockets, checks of addresses and vectors.
 */
#ifndef NSK_SOCK_API_H
#define NSK_SOCK_API_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include "base/compiler.h"
#include "sock/handle.h"
#include "sock/item.h"
#include "sock/limit.h"
#include "sock/sock.h"

/* Most bytes that one call moves, as Linux's MAX_RW_COUNT: a result fits an int. */
#define API_BYTES_MAX ((size_t)0x7ffff000)
/* Most pieces of a vector, as Linux's UIO_MAXIOV. */
#define API_IOV_MAX 1024
/* Pieces of a vector that a call which goes on after a part has in hand at once. */
#define API_IOV_PART 8

/* -1 with errno from a negative one. */
static inline int api_fail(int err)
{
	errno = -err;
	return -1;
}

static inline int api_int(int rc)
{
	return NSK_LIKELY(rc >= 0) ? rc : api_fail(rc);
}

static inline ssize_t api_size(ssize_t rc)
{
	return NSK_LIKELY(rc >= 0) ? rc : api_fail((int)rc);
}

/* What a call without descriptor takes to its worker. */
struct api_create {
	struct nsk_worker *w;
	int flags;
	const struct sock_family *family;
};

/* Why an operation is missing: -ENOTSOCK for an epoll instance, else -EOPNOTSUPP. */
static inline int api_missing(const struct sock *s)
{
	return s->flags & SOCK_F_EPOLL ? -ENOTSOCK : -EOPNOTSUPP;
}

/* Where w runs: a number for a socket to come, -ENFILE (the stack's limit), -EMFILE, -ENOMEM. */
static inline int api_reserve(struct nsk_worker *w)
{
	int fd;

	if (NSK_UNLIKELY(!limit_has(w, 1)))
		return -ENFILE;
	fd = handle_reserve();
	if (NSK_LIKELY(fd >= 0))
		w->sock->open++;
	return fd;
}

static inline void api_unreserve(struct nsk_worker *w, int fd)
{
	limit_return(w, 1);
	handle_unreserve(fd);
}

/* Where s lives: a descriptor for its one reference; on failure the reference is dropped. */
int api_open(struct sock *s, bool cloexec);
/* Where s lives: one descriptor more for it, the lowest free one from min on. */
int api_dup(struct sock *s, int min, bool cloexec);

/* Where s lives: takes the descriptor away with its reference. */
static inline void api_close(struct sock *s, int fd)
{
	handle_free(fd);
	limit_return(s->worker, 1);
	sock_put(s);
}

/* -1 for arguments that are no good: for this reason, or EBADF, which comes first. */
ssize_t api_refuse(int fd, int rc);

/* What read(2) and write(2) make of a result: they know no sockets alone, so that an epoll instance
 * is just unsuitable. */
static inline ssize_t api_as_file(ssize_t n)
{
	if (NSK_UNLIKELY(n < 0) && errno == ENOTSOCK)
		errno = EINVAL;
	return n;
}

/* read(2), readv(2) and writev(2) of no bytes look at the descriptor alone, as in Linux: 0 whatever
 * the socket's state, and no empty datagram is sent or taken. */
ssize_t api_move_nothing(int fd);

/* An address to bind or connect to: -EFAULT, -EINVAL. */
int api_check_addr(const struct sockaddr *addr, socklen_t len);
/* A place for an address, or none: -EFAULT, -EINVAL. */
static inline int api_check_addr_out(const struct sockaddr *addr, const socklen_t *len)
{
	if (!addr)
		return 0;
	if (!len)
		return -EFAULT;
	return *len > INT_MAX ? -EINVAL : 0;
}

#define API_TIMEOUT_BAD INT64_MIN
/* Nanoseconds of a timeout, WAIT_FOREVER if it is NULL or too long, or API_TIMEOUT_BAD. */
int64_t api_timeout(const struct timespec *timeout);

/* Bytes of a vector, at most API_BYTES_MAX are counted: -EFAULT, -EINVAL. */
int api_iov_total(const struct iovec *iov, size_t count, size_t *total);

/* A message to be sent or received, and the bytes of its vector: -EFAULT, -EINVAL, -EMSGSIZE. */
int api_check_msg(const struct msghdr *msg, size_t *total);

/* Flags that calls know. */
#define API_SEND_PLAIN (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_EOR | MSG_CONFIRM)
#define API_SEND_FLAGS (API_SEND_PLAIN | MSG_ZEROCOPY | MSG_OOB)
#define API_RECV_FLAGS                                                                         \
	(MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC | \
	 MSG_ERRQUEUE | MSG_OOB)
/* Receiving that does not wait, whatever the socket's flags say. */
#define API_RECV_NOWAIT (MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB)

/* A message on its way, perhaps in several attempts. */
struct api_transfer {
	struct msghdr *msg; /* read alone when it is sent */
	size_t total;
	size_t done;
	int flags;
	struct zc_send *zc; /* MSG_ZEROCOPY: once it has begun */
};

/* Attempts for sock_wait(), arg is a struct api_transfer: the bytes of all of it, or -errno, and
 * done says how much of a stream was moved nevertheless. */
int api_try_send(struct sock *s, void *arg);
int api_try_recv(struct sock *s, void *arg);
/* There will be no attempts any more to send it; arg as above. */
void api_sent(void *arg);

/*
 * The part of msg's vector that begins skip bytes in, in at most API_IOV_PART pieces and max bytes:
 * part becomes msg with that vector. Returns its bytes.
 */
size_t api_iov_part(struct msghdr *part, struct iovec iov[API_IOV_PART], const struct msghdr *msg,
		    size_t skip, size_t max);

#endif
