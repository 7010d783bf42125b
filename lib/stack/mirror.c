/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mirror of a twin: a thread that hears by rtnetlink (RFC 3549) what addresses and routes the
 * kernel has on it, set with ip(8) or by a routing daemon, and has the stack have the same
 * (mirror_table.h). All is asked for at the start, whenever the kernel could not keep what it had
 * to tell (ENOBUFS), and after changes that take routes away without a word; what was not told of
 * then, goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/build.h"
#include "stack/mirror_table.h"
#include "stack/stack.h"

#define MESSAGES_MAX 65536
#define RCVBUF                                                                              \
	(1 << 20)   /* the kernel's own limit may be less: then all is asked for more often \
		     */
#define AGAIN_MS 20 /* the stack could not: it is asked again */
#define SOON_NS	 UINT64_C(1000000000)  /* what was refused, after something has gone, */
#define LATER_NS UINT64_C(60000000000) /* or may have, by others */
#define QUIET_MS 5 /* before all is asked for, so that a heap of changes does so once */

struct mirror {
	struct mirror_table table;
	struct mnl_socket *nl;
	int stop; /* eventfd */
	pthread_t thread;
	const char *twin; /* of the configuration, while it starts */
	int started;	  /* 0 or -errno */
	uint32_t seq;
	pthread_mutex_t lock; /* of started */
	pthread_cond_t ready;
	bool is_ready;
	char buf[MESSAGES_MAX] __attribute__((aligned(8)));
};

/* ---- start --------------------------------------------------------------------------------- */

/* To the twin's namespace, where the thread stays. */
static int go_there(const char *twin)
{
	const char *netns = strstr(twin, ",netns=");
	char path[320];
	int fd, rc = 0;

	if (!netns)
		return 0;
	netns += strlen(",netns=");
	snprintf(path, sizeof(path), "%s%s", strchr(netns, '/') ? "" : "/run/netns/", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* 0 or -errno, which if_nametoindex() has not where descriptors are short. */
static int find_twin(const char *twin, int *link)
{
	const char *name = twin + strlen("tap:");
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%.*s", (int)strcspn(name, ","), name);
	rc = ioctl(fd, SIOCGIFINDEX, &ifr) ? -errno : 0;
	close(fd);
	*link = ifr.ifr_ifindex;
	return rc;
}

static int open_socket(struct mirror *m)
{
	static const int groups[] = {RTNLGRP_LINK,	 RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				     RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_NEIGH,
				     RTNLGRP_NEXTHOP};
	int rcvbuf = RCVBUF;

	m->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!m->nl || mnl_socket_bind(m->nl, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	setsockopt(mnl_socket_get_fd(m->nl), SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	for (unsigned i = 0; i < NSK_ARRAY_LEN(groups); i++)
		if (mnl_socket_setsockopt(m->nl, NETLINK_ADD_MEMBERSHIP,
					  (void *)(uintptr_t)&groups[i], sizeof(groups[i])) &&
		    groups[i] != RTNLGRP_NEXTHOP)
			return -errno;
	return 0;
}

/* ---- hearing ------------------------------------------------------------------------------- */

enum heard {
	HEARD_ALL = 0,	    /* nothing waits any more */
	HEARD_END = 1 << 0, /* of what was asked for */
	HEARD_TORN = 1 << 1,
	HEARD_STALE = 1 << 2, /* all is to be asked for */
	HEARD_AGAIN = 1 << 3, /* the stack could not do it */
};

static unsigned take(struct mirror *m, size_t len)
{
	struct nl_change c;
	unsigned heard = 0;
	size_t at = 0, n;

	while ((n = nl_decode(m->buf + at, len - at, &c)) > 0) {
		int rc = mirror_apply(&m->table, &c);

		/* What is left of an earlier answer is not the end of this one. */
		if (c.seq == m->seq && (c.kind == NL_END || c.kind == NL_FAILED))
			heard |= c.kind == NL_END ? HEARD_END : HEARD_END | HEARD_TORN;
		heard |= c.torn ? HEARD_TORN : 0;
		heard |= rc == -ESTALE ? HEARD_STALE : rc ? HEARD_STALE | HEARD_AGAIN : 0;
		at += n;
	}
	return heard;
}

/* What waits now, or until the end of what was asked for. */
static unsigned hear(struct mirror *m)
{
	unsigned heard = 0;

	while (!(heard & HEARD_END)) {
		ssize_t n = mnl_socket_recvfrom(m->nl, m->buf, sizeof(m->buf));

		if (n > 0)
			heard |= take(m, (size_t)n);
		else if (n < 0 && errno == ENOBUFS)
			return heard | HEARD_STALE | HEARD_TORN;
		else
			break;
	}
	return heard;
}

/* Until the descriptor is readable; false: the stack ends, or nothing came for so long. */
static bool wait_for(struct mirror *m, int ms)
{
	struct pollfd fds[] = {
		{.fd = mnl_socket_get_fd(m->nl), .events = POLLIN},
		{.fd = m->stop, .events = POLLIN},
	};

	return poll(fds, 2, ms) > 0 && !fds[1].revents;
}

static bool stops_within(const struct mirror *m, int ms)
{
	struct pollfd fd = {.fd = m->stop, .events = POLLIN};

	return poll(&fd, 1, ms) > 0;
}

/* ---- asking -------------------------------------------------------------------------------- */

static bool ask(struct mirror *m, uint16_t type, uint8_t family)
{
	char buf[64] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct rtgenmsg *g;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++m->seq;
	g = mnl_nlmsg_put_extra_header(h, type == RTM_GETROUTE	 ? sizeof(struct rtmsg)
					  : type == RTM_GETNEIGH ? sizeof(struct ndmsg)
								 : sizeof(struct rtgenmsg));
	g->rtgen_family = family;
	return mnl_socket_sendto(m->nl, h, h->nlmsg_len) >= 0;
}

/* One question with its answer, and whatever is told beside it. */
static unsigned ask_for(struct mirror *m, uint16_t type, uint8_t family)
{
	unsigned heard = ask(m, type, family) ? 0 : HEARD_STALE;

	while (!(heard & (HEARD_END | HEARD_TORN | HEARD_STALE)) && wait_for(m, -1))
		heard |= hear(m);
	return heard;
}

/* Asks for all; true: the stack has what the kernel has. */
static bool ask_for_all(struct mirror *m)
{
	static const struct {
		uint16_t type;
		uint8_t family;
	} questions[] = {
		{RTM_GETADDR, AF_INET},	  {RTM_GETADDR, AF_INET6}, {RTM_GETNEIGH, AF_INET},
		{RTM_GETNEIGH, AF_INET6}, {RTM_GETROUTE, AF_INET}, {RTM_GETROUTE, AF_INET6},
	};

	mirror_begin(&m->table);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(questions); i++) {
		unsigned heard = ask_for(m, questions[i].type, questions[i].family);

		if (!(heard & HEARD_END) || (heard & (HEARD_TORN | HEARD_STALE)))
			return false;
	}
	return mirror_sweep(&m->table) == 0;
}

/* How long to wait for news: what was refused is tried again. */
static int patience_ms(const struct mirror *m, uint64_t asked_ns)
{
	uint64_t end_ns = asked_ns + (m->table.room ? SOON_NS : LATER_NS);
	uint64_t now_ns = clock_system_ns();

	if (!mirror_lacks(&m->table))
		return -1;
	return end_ns > now_ns ? (int)((end_ns - now_ns) / 1000000 + 1) : 0;
}

/* ---- the thread ---------------------------------------------------------------------------- */

static void *run(void *arg)
{
	struct mirror *m = arg;
	uint64_t asked_ns = 0;
	bool complete;
	int rc = go_there(m->twin);

	if (rc == 0)
		rc = find_twin(m->twin, &m->table.link);
	if (rc == 0)
		rc = open_socket(m);
	pthread_mutex_lock(&m->lock);
	m->started = rc;
	m->is_ready = true;
	pthread_cond_signal(&m->ready);
	pthread_mutex_unlock(&m->lock);
	complete = false;
	while (rc == 0 && !stops_within(m, 0)) {
		unsigned heard;

		if (!complete) {
			m->table.room = false;
			complete = ask_for_all(m);
			asked_ns = clock_system_ns();
			if (!complete)
				stops_within(m, AGAIN_MS);
			continue;
		}
		if (!wait_for(m, patience_ms(m, asked_ns))) {
			complete = patience_ms(m, asked_ns) != 0;
			continue;
		}
		heard = hear(m);
		/* A heap of changes is one reason to ask, not many. */
		if (heard & HEARD_STALE) {
			complete = false;
			stops_within(m, QUIET_MS);
		}
	}
	return NULL;
}

/* ---- beginning and end --------------------------------------------------------------------- */

static void mirror_free(struct mirror *m)
{
	if (m->nl)
		mnl_socket_close(m->nl);
	if (m->stop >= 0)
		close(m->stop);
	mirror_table_fini(&m->table);
	pthread_cond_destroy(&m->ready);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static void mirror_down(struct mirror *m)
{
	eventfd_write(m->stop, 1);
	pthread_join(m->thread, NULL);
	mirror_free(m);
}

static int start(struct mirror *m)
{
	int rc = mirror_table_init(&m->table);
	sigset_t all, before;

	m->stop = rc ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rc == 0 && m->stop < 0)
		rc = -errno;
	/* Signals are the program's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (rc == 0)
		rc = -pthread_create(&m->thread, NULL, run, m);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return rc;
	pthread_mutex_lock(&m->lock);
	while (!m->is_ready)
		pthread_cond_wait(&m->ready, &m->lock);
	pthread_mutex_unlock(&m->lock);
	if (m->started)
		pthread_join(m->thread, NULL);
	return m->started;
}

static int mirror_up(struct nsk_stack *stack, struct nsk_config *config, unsigned index)
{
	const struct config_device *d = &config->device[index];
	struct mirror *m;
	int rc = build_step(config, "the mirror of %s", stack->iface[index].name);

	if (rc)
		return rc;
	m = calloc(1, sizeof(*m));
	if (!m)
		return build_fail(config, ENOMEM, "no memory for a mirror");
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->ready, NULL);
	m->table.stack = stack;
	m->table.ifc = &stack->iface[index];
	m->twin = d->twin;
	rc = start(m);
	m->twin = NULL;
	if (rc) {
		mirror_free(m);
		return config_fail_at(config, &d->mirror_at, -rc, "mirror of %s: %s", d->twin,
				      strerror(-rc));
	}
	stack->mirror[index] = m;
	return 0;
}

void mirrors_down(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nifaces; i++)
		if (stack->mirror[i])
			mirror_down(stack->mirror[i]);
	memset(stack->mirror, 0, sizeof(stack->mirror));
}

int mirrors_up(struct nsk_stack *stack, struct nsk_config *config)
{
	for (unsigned i = 0; i < config->ndevices; i++) {
		int rc = config->device[i].mirror ? mirror_up(stack, config, i) : 0;

		if (rc) {
			mirrors_down(stack);
			return rc;
		}
	}
	return 0;
}
