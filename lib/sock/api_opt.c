/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls that read and change what a socket is like: options, file status flags, ioctl.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"
#include "sock/handle.h"

/* ---- options --------------------------------------------------------------------------------- */

struct opt_arg {
	int level, name;
	void *value;
	socklen_t *len;
};

static int getsockopt_run(struct sock *s, void *arg)
{
	const struct opt_arg *o = arg;

	if (s->flags & SOCK_F_EPOLL)
		return -ENOTSOCK;
	if (!o->len || !o->value)
		return -EFAULT;
	if (*o->len > INT_MAX)
		return -EINVAL;
	return sock_option_get(s, o->level, o->name, o->value, o->len);
}

int nsk_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	struct opt_arg o = {level, name, value, len};

	return api_int(sock_call_fd(fd, getsockopt_run, &o));
}

static int setsockopt_run(struct sock *s, void *arg)
{
	const struct opt_arg *o = arg;

	if (s->flags & SOCK_F_EPOLL)
		return -ENOTSOCK;
	if (*o->len > INT_MAX)
		return -EINVAL;
	if (!o->value)
		return -EFAULT;
	return sock_option_set(s, o->level, o->name, o->value, *o->len);
}

int nsk_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	struct opt_arg o = {level, name, (void *)(uintptr_t)value, &len};

	return api_int(sock_call_fd(fd, setsockopt_run, &o));
}

/* ---- fcntl ----------------------------------------------------------------------------------- */

struct fcntl_arg {
	int fd, cmd, arg;
};

static int set_nonblock(struct sock *s, bool on)
{
	s->flags = (uint8_t)((s->flags & ~SOCK_F_NONBLOCK) | (on ? SOCK_F_NONBLOCK : 0));
	return 0;
}

/* Numbers of the kernel's are below all of ours. */
static int dup_from(struct sock *s, int min, bool cloexec)
{
	if (min < 0 || (uint32_t)min >= NSK_FD_BASE + HANDLE_MAX)
		return -EINVAL;
	return api_dup(s, NSK_MAX(min, NSK_FD_BASE), cloexec);
}

static int fcntl_run(struct sock *s, void *arg)
{
	const struct fcntl_arg *f = arg;
	struct handle *h = handle_at(f->fd);

	switch (f->cmd) {
	case F_GETFL:
		return O_RDWR | (s->flags & SOCK_F_NONBLOCK ? O_NONBLOCK : 0);
	case F_SETFL:
		return set_nonblock(s, f->arg & O_NONBLOCK);
	case F_GETFD:
		return h->next_cloexec & HANDLE_CLOEXEC ? FD_CLOEXEC : 0;
	case F_SETFD:
		h->next_cloexec &= ~HANDLE_CLOEXEC;
		h->next_cloexec |= f->arg & FD_CLOEXEC ? HANDLE_CLOEXEC : 0;
		return 0;
	case F_DUPFD:
		return dup_from(s, f->arg, false);
	case F_DUPFD_CLOEXEC:
		return dup_from(s, f->arg, true);
	default:
		return -EINVAL;
	}
}

int nsk_fcntl(int fd, int cmd, ...)
{
	struct fcntl_arg f = {.fd = fd, .cmd = cmd};
	va_list ap;

	va_start(ap, cmd);
	if (cmd == F_SETFL || cmd == F_SETFD || cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
		f.arg = va_arg(ap, int);
	va_end(ap);
	return api_int(sock_call_fd(fd, fcntl_run, &f));
}

/* ---- ioctl ----------------------------------------------------------------------------------- */

_Static_assert(SIOCINQ == FIONREAD && SIOCOUTQ == TIOCOUTQ, "the same under two names");

struct ioctl_arg {
	unsigned long request;
	int *value;
};

static int ioctl_run(struct sock *s, void *arg)
{
	const struct ioctl_arg *i = arg;

	if (i->request != FIONBIO && i->request != SIOCINQ && i->request != SIOCOUTQ &&
	    i->request != SIOCOUTQNSD && i->request != SIOCATMARK)
		return -ENOTTY;
	if (!i->value)
		return -EFAULT;
	if (i->request == FIONBIO)
		return set_nonblock(s, *i->value != 0);
	return s->ops->ioctl ? s->ops->ioctl(s, i->request, i->value) : -ENOTTY;
}

int nsk_ioctl(int fd, unsigned long request, ...)
{
	struct ioctl_arg i = {.request = request};
	va_list ap;

	va_start(ap, request);
	i.value = va_arg(ap, int *);
	va_end(ap);
	return api_int(sock_call_fd(fd, ioctl_run, &i));
}

int nsk_sockatmark(int fd)
{
	int at = 0;

	return nsk_ioctl(fd, SIOCATMARK, &at) ? -1 : at;
}
