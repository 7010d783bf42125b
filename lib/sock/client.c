/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connecting within a time, and connections that are used again: made of the public calls. How long
 * one has waited is told by the stack's clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/client.h>
#include <netstk/socket.h>

#include "base/compiler.h"
#include "base/list.h"
#include "sock/call.h"

#define NS_PER_MS UINT64_C(1000000)

/* ---- connecting within a time ---------------------------------------------------------------- */

/* Until an attempt that goes on has come to something; connect() then tells what. */
static int await_connection(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int n = nsk_poll(&p, 1, timeout_ms);

	if (n == 0) {
		nsk_shutdown(fd, SHUT_RDWR); /* the attempt is given up */
		errno = ETIMEDOUT;
	}
	return n > 0 ? 0 : -1;
}

int nsk_connect_timeout(int fd, const struct sockaddr *addr, socklen_t len, int timeout_ms)
{
	int flags = nsk_fcntl(fd, F_GETFL);
	int rc, err;

	if (flags < 0 || nsk_fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -1;
	rc = nsk_connect(fd, addr, len);
	if (rc < 0 && (errno == EINPROGRESS || errno == EALREADY)) {
		rc = await_connection(fd, timeout_ms);
		if (rc == 0)
			rc = nsk_connect(fd, addr, len);
	}
	err = errno;
	nsk_fcntl(fd, F_SETFL, flags);
	errno = err;
	return rc;
}

/* ---- connections that wait ------------------------------------------------------------------- */

struct pooled {
	struct list_node link;
	int fd;
	socklen_t len;
	struct sockaddr_storage addr;
	uint64_t since_ns;
};

struct nsk_pool {
	struct list_node idle; /* the one that came last is first */
	unsigned count, most;
	int idle_ms;
};

static int read_clock(struct sock *s, void *arg)
{
	*(uint64_t *)arg = s->worker->now_ns;
	return 0;
}

/* The time of the stack that a connection is in. */
static uint64_t now_of(int fd)
{
	uint64_t ns = 0;

	sock_call_fd(fd, read_clock, &ns);
	return ns;
}

struct nsk_pool *nsk_pool_new(unsigned most, int idle_ms)
{
	struct nsk_pool *pool;

	if (most == 0 || idle_ms < -1) {
		errno = EINVAL;
		return NULL;
	}
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return NULL;
	list_init(&pool->idle);
	pool->most = most;
	pool->idle_ms = idle_ms;
	return pool;
}

/* Takes one out; its descriptor is the caller's. */
static int take(struct nsk_pool *pool, struct pooled *c)
{
	int fd = c->fd;

	list_del(&c->link);
	pool->count--;
	free(c);
	return fd;
}

static struct pooled *oldest(const struct nsk_pool *pool)
{
	struct list_node *n = list_last(&pool->idle);

	return n ? NSK_LIST_ENTRY(n, struct pooled, link) : NULL;
}

static bool is_stale(const struct nsk_pool *pool, const struct pooled *c)
{
	return pool->idle_ms >= 0 &&
	       now_of(c->fd) - c->since_ns >= (uint64_t)pool->idle_ms * NS_PER_MS;
}

/* Closes those that have waited too long, and more until there is room for so many. */
static void make_room(struct nsk_pool *pool, unsigned room)
{
	struct pooled *c;

	while ((c = oldest(pool)) != NULL && (pool->count + room > pool->most || is_stale(pool, c)))
		nsk_close(take(pool, c));
}

/* Nothing has come of it: no error, no end, no octet that belongs to nobody. */
static bool is_quiet(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDHUP};

	return nsk_poll(&p, 1, 0) == 0;
}

static int find_idle(struct nsk_pool *pool, const struct sockaddr *addr, socklen_t len)
{
	struct list_node *n, *tmp;

	NSK_LIST_FOREACH_SAFE(n, tmp, &pool->idle) {
		struct pooled *c = NSK_LIST_ENTRY(n, struct pooled, link);
		int fd;

		if (c->len != len || memcmp(&c->addr, addr, len) != 0)
			continue;
		fd = take(pool, c);
		if (is_quiet(fd))
			return fd;
		nsk_close(fd);
	}
	return -1;
}

union address {
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* The address as getpeername() tells it, whatever is in the rest of the caller's: no flow label,
 * and an interface only where the address is its link's. */
static void normalize(const struct sockaddr **addr, socklen_t *len, union address *a)
{
	if (*len >= sizeof(a->in) && (*addr)->sa_family == AF_INET) {
		memcpy(&a->in, *addr, sizeof(a->in));
		memset(a->in.sin_zero, 0, sizeof(a->in.sin_zero));
		*len = sizeof(a->in);
	} else if (*len >= sizeof(a->in6) && (*addr)->sa_family == AF_INET6) {
		memcpy(&a->in6, *addr, sizeof(a->in6));
		a->in6.sin6_flowinfo = 0;
		if (!IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr))
			a->in6.sin6_scope_id = 0;
		*len = sizeof(a->in6);
	} else {
		return;
	}
	*addr = (const struct sockaddr *)a;
}

int nsk_pool_get(struct nsk_pool *pool, const struct sockaddr *addr, socklen_t len, int timeout_ms)
{
	union address a;
	int fd, err;

	if (!addr || len > sizeof(struct sockaddr_storage)) {
		errno = addr ? EINVAL : EFAULT;
		return -1;
	}
	normalize(&addr, &len, &a);
	make_room(pool, 0);
	fd = find_idle(pool, addr, len);
	if (fd >= 0)
		return fd;
	fd = nsk_socket(addr->sa_family, SOCK_STREAM, 0);
	if (fd < 0 || nsk_connect_timeout(fd, addr, len, timeout_ms) == 0)
		return fd;
	err = errno;
	nsk_close(fd);
	errno = err;
	return -1;
}

void nsk_pool_put(struct nsk_pool *pool, int fd)
{
	struct pooled *c = malloc(sizeof(*c));

	if (c)
		*c = (struct pooled){.fd = fd, .len = sizeof(c->addr), .since_ns = now_of(fd)};
	if (!c || nsk_getpeername(fd, (struct sockaddr *)&c->addr, &c->len) < 0 || !is_quiet(fd)) {
		free(c);
		nsk_close(fd);
		return;
	}
	make_room(pool, 1);
	list_add_head(&pool->idle, &c->link);
	pool->count++;
}

void nsk_pool_free(struct nsk_pool *pool)
{
	struct pooled *c;

	while (pool && (c = oldest(pool)) != NULL)
		nsk_close(take(pool, c));
	free(pool);
}
