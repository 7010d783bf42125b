/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t world_clock(void *arg)
{
	const struct world *world = arg;

	return world->now_ns;
}

static void silent(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg;
	if (level <= NSK_LOG_ERR)
		fprintf(stderr, "%s: %s\n", module, text);
}

static void apply(struct nsk_config *config, const char *const *settings)
{
	char key[64];

	for (; settings && *settings; settings++) {
		const char *eq = strchr(*settings, '=');

		assert_non_null(eq);
		snprintf(key, sizeof(key), "%.*s", (int)(eq - *settings), *settings);
		if (nsk_config_set(config, key, eq + 1))
			fail_msg("%s", nsk_config_error(config));
	}
}

struct nsk_config *world_config(struct world *world, const char *const *settings)
{
	struct nsk_config *config = nsk_config_new();

	assert_non_null(config);
	nsk_config_clock(config, world_clock, world);
	nsk_config_seed(config, world->seed * 16 + world->nhosts + 1);
	nsk_config_log(config, silent, NULL, NSK_LOG_WARN);
	apply(config, settings);
	return config;
}

unsigned world_add(struct world *world, struct nsk_config *config)
{
	assert_true(world->nhosts < WORLD_HOSTS);
	if (nsk_stack_create(config, &world->host[world->nhosts]))
		fail_msg("%s", nsk_config_error(config));
	nsk_config_free(config);
	return world->nhosts++;
}

static void add_end(struct world *world, const struct world_params *params, unsigned end, const char *cidr)
{
	struct nsk_config *config = world_config(world, params->settings);

	if (end == 1)
		apply(config, params->settings_b);
	assert_int_equal(nsk_config_add_wire(config, world->wire, end), 0);
	assert_int_equal(nsk_config_add_address(config, cidr), 0);
	world_add(world, config);
}

void world_pair(struct world *world, const struct world_params *params)
{
	struct nsk_wire_params dir[2] = { params->wire, params->wire };

	memset(world, 0, sizeof(*world));
	world->now_ns = SEC;
	world->seed = params->seed;
	dir[0].seed = params->seed * 2 + 1;
	dir[1].seed = params->seed * 2 + 2;
	world->wire = nsk_wire_create(&dir[0], &dir[1], params->mtu ? params->mtu : 1500);
	assert_non_null(world->wire);
	if (params->no_wire)
		return;
	add_end(world, params, 0, "10.0.0.1/24");
	add_end(world, params, 1, "10.0.0.2/24");
}

void world_end(struct world *world)
{
	nsk_enter(NULL);
	for (unsigned i = 0; i < world->nhosts; i++)
		nsk_stack_destroy(world->host[i]);
	nsk_wire_destroy(world->wire);
}

void world_enter(struct world *world, unsigned host)
{
	assert_int_equal(nsk_enter(world->host[host]), 0);
}

bool world_step(struct world *world, uint64_t limit_ns)
{
	uint64_t next = NSK_NEVER;

	for (unsigned i = 0; i < world->nhosts; i++) {
		uint64_t due = nsk_turn(world->host[i]);

		if (due < next)
			next = due;
	}
	if (next == NSK_NEVER && limit_ns == NSK_NEVER)
		return false;
	if (next > limit_ns)
		next = limit_ns;
	if (next > world->now_ns)
		world->now_ns = next;
	return true;
}

bool world_run(struct world *world, uint64_t ns, bool (*done)(void *arg), void *arg)
{
	uint64_t limit = world->now_ns + ns;

	while (world->now_ns < limit) {
		if (done && done(arg))
			return true;
		if (!world_step(world, limit))
			break;
	}
	return done ? done(arg) : true;
}

static struct sockaddr_in address(const char *addr, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET, addr, &sin.sin_addr), 1);
	return sin;
}

static int bound(struct world *world, unsigned h, int type, const char *addr, uint16_t port)
{
	struct sockaddr_in sin = address(addr, port);
	int fd;

	world_enter(world, h);
	fd = nsk_socket(AF_INET, type | SOCK_NONBLOCK, 0);
	assert_true(fd >= NSK_FD_BASE);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

int world_listen(struct world *world, unsigned h, uint16_t port, int backlog)
{
	int fd = bound(world, h, SOCK_STREAM, "0.0.0.0", port);

	assert_int_equal(nsk_listen(fd, backlog), 0);
	return fd;
}

int world_udp(struct world *world, unsigned h, const char *addr, uint16_t port)
{
	return bound(world, h, SOCK_DGRAM, addr, port);
}

int world_connect(struct world *world, unsigned h, const char *addr, uint16_t port)
{
	struct sockaddr_in sin = address(addr, port);
	int fd;

	world_enter(world, h);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= NSK_FD_BASE);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)), -1);
	assert_int_equal(errno, EINPROGRESS);
	return fd;
}

struct waiting {
	struct pollfd pfd;
};

static bool is_ready(void *arg)
{
	struct waiting *w = arg;

	return nsk_poll(&w->pfd, 1, 0) > 0;
}

short world_wait(struct world *world, int fd, short events, uint64_t limit_ns)
{
	struct waiting w = { .pfd = { .fd = fd, .events = events } };

	if (!world_run(world, limit_ns, is_ready, &w))
		fail_msg("fd %d: poll bits %#x not ready within %llu ms of virtual time (seed %llu)", fd, (unsigned)events,
			 (unsigned long long)(limit_ns / MS), (unsigned long long)world->seed);
	return w.pfd.revents;
}

int world_accept(struct world *world, int listener)
{
	int fd;

	world_wait(world, listener, POLLIN, 600 * SEC);
	fd = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fd >= NSK_FD_BASE);
	return fd;
}

void world_connected(struct world *world, uint16_t port, int *listener, int fd[2])
{
	*listener = world_listen(world, 1, port, 16);
	fd[0] = world_connect(world, 0, "10.0.0.2", port);
	fd[1] = world_accept(world, *listener);
	assert_int_equal(world_wait(world, fd[0], POLLOUT, 600 * SEC) & (POLLERR | POLLHUP), 0);
}

static void read_stats(struct world *world, unsigned h, struct nsk_stats *stats)
{
	assert_int_equal(nsk_stats_read(world->host[h], -1, stats), 0);
}

uint64_t world_drops(struct world *world, unsigned h, enum nsk_drop reason)
{
	struct nsk_stats stats;

	read_stats(world, h, &stats);
	return stats.drop[reason];
}

uint64_t world_counter(struct world *world, unsigned h, enum nsk_counter counter)
{
	struct nsk_stats stats;

	read_stats(world, h, &stats);
	return stats.counter[counter];
}

void world_context(const struct world *world, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "seed %llu, virtual time %llu.%06llu ms: ", (unsigned long long)world->seed,
		(unsigned long long)(world->now_ns / MS), (unsigned long long)(world->now_ns % MS));
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
