/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls for the life of a socket: making, naming, listening, shutting down and closing; and
 * what all public calls share (api.h).
 */
#include <limits.h>

#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"
#include "sock/wait.h"

#define NS_PER_S INT64_C(1000000000)

/* Numbers of types and of domains end here in Linux: beyond is EINVAL, EAFNOSUPPORT. */
#define DOMAINS	     46
#define SOCK_TYPES   11
#define PROTOCOL_MAX 262

/* ---- shared ---------------------------------------------------------------------------------- */

int api_open(struct sock *s, bool cloexec)
{
	int fd = api_reserve(s->worker);

	if (fd >= 0)
		handle_install(fd, s, cloexec);
	else
		sock_put(s);
	return fd;
}

ssize_t api_refuse(int fd, int rc)
{
	const struct handle *h = handle_at(fd);

	return api_fail(h && handle_worker(h) ? rc : -EBADF);
}

static int no_bytes(struct sock *s, void *arg)
{
	(void)arg;
	return s->flags & SOCK_F_EPOLL ? -EINVAL : 0;
}

ssize_t api_move_nothing(int fd)
{
	return api_int(sock_call_fd(fd, no_bytes, NULL));
}

int api_check_addr(const struct sockaddr *addr, socklen_t len)
{
	if (len < sizeof(sa_family_t) || len > sizeof(struct sockaddr_storage))
		return -EINVAL;
	return addr ? 0 : -EFAULT;
}

int api_iov_total(const struct iovec *iov, size_t count, size_t *total)
{
	size_t sum = 0;

	if (!iov && count)
		return -EFAULT;
	for (size_t i = 0; i < count; i++) {
		if (!iov[i].iov_base && iov[i].iov_len)
			return -EFAULT;
		if (iov[i].iov_len > SSIZE_MAX - sum)
			return -EINVAL;
		sum += iov[i].iov_len;
	}
	*total = NSK_MIN(sum, API_BYTES_MAX);
	return 0;
}

int api_check_msg(const struct msghdr *msg, size_t *total)
{
	if (!msg)
		return -EFAULT;
	if (msg->msg_iovlen > API_IOV_MAX)
		return -EMSGSIZE;
	if (msg->msg_name && msg->msg_namelen > INT_MAX)
		return -EINVAL;
	return api_iov_total(msg->msg_iov, msg->msg_iovlen, total);
}

int64_t api_timeout(const struct timespec *timeout)
{
	if (!timeout)
		return WAIT_FOREVER;
	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= NS_PER_S)
		return API_TIMEOUT_BAD;
	if (timeout->tv_sec >= INT64_MAX / NS_PER_S - 1)
		return WAIT_FOREVER;
	return timeout->tv_sec * NS_PER_S + timeout->tv_nsec;
}

size_t api_iov_part(struct msghdr *part, struct iovec iov[API_IOV_PART], const struct msghdr *msg,
		    size_t skip, size_t max)
{
	size_t n = 0;
	size_t bytes = 0;

	for (size_t i = 0; i < msg->msg_iovlen && n < API_IOV_PART && bytes < max; i++) {
		size_t len = msg->msg_iov[i].iov_len;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		iov[n].iov_base = (char *)msg->msg_iov[i].iov_base + skip;
		iov[n].iov_len = NSK_MIN(len - skip, max - bytes);
		bytes += iov[n++].iov_len;
		skip = 0;
	}
	*part = *msg;
	part->msg_iov = iov;
	part->msg_iovlen = n;
	return bytes;
}

/* ---- socket ---------------------------------------------------------------------------------- */

/* The row for a request, or why there is none: the nearest that a row comes to it. */
static int find_family(const struct sock_worker *sw, int domain, int type, int protocol,
		       const struct sock_family **found)
{
	int why = -EAFNOSUPPORT;

	for (unsigned i = 0; i < sw->family_count; i++) {
		const struct sock_family *f = &sw->families[i];

		if (f->domain != domain)
			continue;
		if (f->type != type) {
			if (why == -EAFNOSUPPORT)
				why = -ESOCKTNOSUPPORT;
			continue;
		}
		/* Who wants it raw says what. */
		if (protocol == f->protocol || (protocol == 0 && type != SOCK_RAW)) {
			*found = f;
			return 0;
		}
		why = -EPROTONOSUPPORT;
	}
	return why;
}

static int create_run(void *arg)
{
	const struct api_create *c = arg;
	struct sock *s;
	int rc;

	if (!limit_has(c->w, 1))
		return -ENFILE;
	rc = c->family->create(c->w, (uint8_t)c->family->domain, &s);
	if (rc)
		return rc;
	if (c->flags & SOCK_NONBLOCK)
		s->flags |= SOCK_F_NONBLOCK;
	return api_open(s, c->flags & SOCK_CLOEXEC);
}

int nsk_socket(int domain, int type, int protocol)
{
	struct api_create c = {
		.flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC),
	};
	int rc;

	type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
	c.w = sock_visit_current();
	if (!c.w)
		return api_fail(-ENXIO);
	if (domain < 0 || domain >= DOMAINS)
		rc = -EAFNOSUPPORT;
	else if (type < 0 || type >= SOCK_TYPES || protocol < 0 || protocol > PROTOCOL_MAX)
		rc = -EINVAL;
	else
		rc = find_family(c.w->sock, domain, type, protocol, &c.family);
	if (rc == 0)
		rc = sock_call(c.w, create_run, &c);
	sock_leave(c.w);
	return api_int(rc);
}

/* ---- names ----------------------------------------------------------------------------------- */

struct addr_arg {
	const struct sockaddr *addr;
	socklen_t len;
};

static int bind_run(struct sock *s, void *arg)
{
	const struct addr_arg *a = arg;

	return s->ops->bind ? s->ops->bind(s, a->addr, a->len) : api_missing(s);
}

int nsk_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct addr_arg a = {addr, len};
	struct handle *h = handle_at(fd);
	int rc = h && handle_worker(h) ? api_check_addr(addr, len) : -EBADF;

	return api_int(rc ? rc : sock_call_fd(fd, bind_run, &a));
}

struct name_arg {
	enum sock_name which;
	struct sockaddr *addr;
	socklen_t *len;
};

static int name_run(struct sock *s, void *arg)
{
	const struct name_arg *a = arg;

	if (!s->ops->getname)
		return api_missing(s);
	if (!a->addr || !a->len)
		return -EFAULT;
	if (*a->len > INT_MAX)
		return -EINVAL;
	return s->ops->getname(s, a->which, a->addr, a->len);
}

int nsk_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct name_arg a = {SOCK_NAME_OWN, addr, len};

	return api_int(sock_call_fd(fd, name_run, &a));
}

int nsk_getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct name_arg a = {SOCK_NAME_PEER, addr, len};

	return api_int(sock_call_fd(fd, name_run, &a));
}

/* ---- listen, shutdown ------------------------------------------------------------------------ */

static int listen_run(struct sock *s, void *arg)
{
	int rc = s->ops->listen ? s->ops->listen(s, *(int *)arg) : api_missing(s);

	if (rc == 0)
		s->flags |= SOCK_F_LISTEN;
	return rc;
}

/* Linux takes the backlog as unsigned: a negative one asks for as much as there is. */
int nsk_listen(int fd, int backlog)
{
	int n = backlog < 0 ? INT_MAX : backlog;

	return api_int(sock_call_fd(fd, listen_run, &n));
}

static int shutdown_run(struct sock *s, void *arg)
{
	return s->ops->shutdown ? s->ops->shutdown(s, *(int *)arg) : api_missing(s);
}

static int shutdown_bad(struct sock *s, void *arg)
{
	(void)arg;
	return s->ops->shutdown ? -EINVAL : api_missing(s);
}

int nsk_shutdown(int fd, int how)
{
	bool ok = how == SHUT_RD || how == SHUT_WR || how == SHUT_RDWR;

	return api_int(sock_call_fd(fd, ok ? shutdown_run : shutdown_bad, &how));
}

/* ---- close ------------------------------------------------------------------------------------
 */

static int close_run(struct sock *s, void *arg)
{
	api_close(s, *(int *)arg);
	return 0;
}

static NSK_NOINLINE int close_far(int fd)
{
	return api_int(sock_call_fd_far(fd, close_run, &fd));
}

int nsk_close(int fd)
{
	struct sock *s = sock_direct(fd);

	if (NSK_UNLIKELY(!s))
		return close_far(fd);
	api_close(s, fd);
	return 0;
}
