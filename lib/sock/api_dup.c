/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls that make one more name for a description. A number that dup2() replaces stays
 * reserved in between, so that no other thread gets it.
 */
#include <fcntl.h>

#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"

int api_dup(struct sock *s, int min, bool cloexec)
{
	int fd;

	if (!limit_has(s->worker, 1))
		return -ENFILE;
	if (s->refs >= SOCK_DUPS_MAX)
		return -EMFILE;
	fd = handle_reserve_from(min);
	if (fd < 0)
		return fd;
	s->worker->sock->open++;
	sock_hold(s);
	handle_install(fd, s, cloexec);
	return fd;
}

static int dup_run(struct sock *s, void *arg)
{
	(void)arg;
	return api_dup(s, NSK_FD_BASE, false);
}

int nsk_dup(int fd)
{
	return api_int(sock_call_fd(fd, dup_run, NULL));
}

/* ---- to a number of the caller's choice ------------------------------------------------------ */

struct dup_arg {
	int to;
	bool cloexec;
};

/* Where the description of the number to be replaced lives: closed, but for the number. */
static int vacate_run(struct sock *s, void *arg)
{
	handle_empty(*(int *)arg);
	limit_return(s->worker, 1);
	sock_put(s);
	return 0;
}

/* Linux's answer, too, to a number that another thread is about to give away: -EBUSY. */
static int take_number(int fd)
{
	int rc = handle_reserve_at(fd);

	if (rc != -EBUSY)
		return rc;
	rc = sock_call_fd(fd, vacate_run, &fd);
	return rc == -EBADF ? handle_reserve_at(fd) : rc;
}

/* The number is reserved. */
static int name_run(struct sock *s, void *arg)
{
	const struct dup_arg *d = arg;

	if (!limit_has(s->worker, 1))
		return -ENFILE;
	if (s->refs >= SOCK_DUPS_MAX)
		return -EMFILE;
	s->worker->sock->open++;
	sock_hold(s);
	handle_install(d->to, s, d->cloexec);
	return d->to;
}

static bool is_open(int fd)
{
	const struct handle *h = handle_at(fd);

	return h && handle_worker(h);
}

static bool in_range(int fd)
{
	return fd >= NSK_FD_BASE && (uint32_t)(fd - NSK_FD_BASE) < HANDLE_MAX;
}

int nsk_dup3(int fd, int to, int flags)
{
	struct dup_arg d = {.to = to, .cloexec = flags & O_CLOEXEC};
	int rc;

	if (flags & ~O_CLOEXEC || fd == to)
		return api_fail(-EINVAL);
	if (!is_open(fd) || !in_range(to))
		return api_fail(-EBADF);
	rc = take_number(to);
	if (rc)
		return api_fail(rc);
	rc = sock_call_fd(fd, name_run, &d);
	if (rc < 0)
		handle_unreserve(to);
	return api_int(rc);
}

int nsk_dup2(int fd, int to)
{
	if (fd != to)
		return nsk_dup3(fd, to, 0);
	return is_open(fd) ? fd : api_fail(-EBADF);
}
