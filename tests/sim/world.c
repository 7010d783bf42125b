/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/stack.h"

/* Turns at one instant that no honest exchange needs. */
#define TURNS_AT_ONCE 1000000

/* ---- what repeats a test that fails -------------------------------------------------------- */

static struct {
	const char *test; /* that runs */
	struct world *world;
	char repeat[160];
} now_running;

void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static void tell_repeat(void)
{
	if (!now_running.test)
		return;
	fprintf(stderr, "%s failed", now_running.test);
	if (now_running.world)
		fprintf(stderr, " at %llu.%06llu ms of virtual time, seed %llu",
			(unsigned long long)(now_running.world->now_ns / MS),
			(unsigned long long)(now_running.world->now_ns % MS),
			(unsigned long long)now_running.world->seed);
	fprintf(stderr, "; again: env NSK_TEST=%s %s%s%s\n", now_running.test, now_running.repeat,
		now_running.repeat[0] ? " " : "", program_invocation_name);
	now_running.test = NULL;
	now_running.world = NULL;
}

void world_prepare(void)
{
	const char *pattern = getenv("NSK_TEST");

	if (pattern)
		cmocka_set_test_filter(pattern);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(tell_repeat);
}

void world_repeat(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(now_running.repeat, sizeof(now_running.repeat), fmt, ap);
	va_end(ap);
}

int world_setup(void **state)
{
	now_running.test = *state;
	now_running.repeat[0] = '\0';
	return 0;
}

/* A test that comes to its end has ended its world. */
int world_teardown(void **state)
{
	(void)state;
	if (now_running.world)
		tell_repeat();
	now_running.test = NULL;
	nsk_enter(NULL);
	return 0;
}

/* ---- worlds and hosts ---------------------------------------------------------------------- */

static uint64_t world_clock(void *arg)
{
	const struct world *world = arg;

	return world->now_ns;
}

static void world_log(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	struct world *world = arg;

	if (level > NSK_LOG_ERR)
		return;
	world->errors++;
	if (!world->errors_expected)
		fprintf(stderr, "log of a stack: %s: %s\n", module, text);
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
	nsk_config_log(config, world_log, world, NSK_LOG_WARN);
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

static void add_end(struct world *world, const struct world_params *params, unsigned end,
		    const char *cidr)
{
	static const char *const six[] = {"2001:db8::1/64", "2001:db8::2/64"};
	struct nsk_config *config = world_config(world, params->settings);
	char mtu[16];

	if (end == 1)
		apply(config, params->settings_b);
	if (params->workers[end])
		assert_int_equal(nsk_config_workers(config, params->workers[end]), 0);
	snprintf(mtu, sizeof(mtu), "%u", params->mtu ? params->mtu : 1500);
	assert_int_equal(nsk_config_set(config, "mtu", mtu), 0);
	assert_int_equal(nsk_config_add_wire(config, world->wire, end), 0);
	assert_int_equal(nsk_config_add_address(config, cidr), 0);
	if (params->six)
		assert_int_equal(nsk_config_add_address(config, six[end]), 0);
	if (end == 0 && params->gateway)
		assert_int_equal(nsk_config_add_gateway(config, params->gateway), 0);
	world_add(world, config);
}

void world_init(struct world *world, uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	world->now_ns = SEC;
	world->seed = seed;
	now_running.world = world;
}

void world_pair(struct world *world, const struct world_params *params)
{
	struct nsk_wire_params dir[2] = {params->wire, params->wire};

	world_init(world, params->seed);
	dir[0].seed = params->seed * 2 + 1;
	dir[1].seed = params->seed * 2 + 2;
	world->wire = nsk_wire_create(&dir[0], &dir[1], params->mtu ? params->mtu : 1500);
	assert_non_null(world->wire);
	if (params->nic)
		assert_int_equal(nsk_wire_offload(world->wire), 0);
	add_end(world, params, 0, "10.0.0.1/24");
	add_end(world, params, 1, "10.0.0.2/24");
}

void world_end(struct world *world)
{
	nsk_enter(NULL);
	for (unsigned i = 0; i < world->nhosts; i++)
		nsk_stack_destroy(world->host[i]);
	nsk_wire_destroy(world->wire);
	if (!world->errors_expected)
		assert_int_equal(world->errors, 0);
	now_running.world = NULL;
}

/* ---- time ---------------------------------------------------------------------------------- */

void world_enter(struct world *world, unsigned host)
{
	assert_int_equal(nsk_enter(world->host[host]), 0);
}

/* When the first of the hosts has something to do. */
static uint64_t next_ns(struct world *world)
{
	uint64_t next = NSK_NEVER;

	for (unsigned i = 0; i < world->nhosts; i++)
		for (unsigned k = 0; k < world->host[i]->nworkers; k++) {
			struct nsk_worker *w = &world->host[i]->worker[k]->w;
			bool asleep = world->stopped[i] || w->owner_tid > 0;
			uint64_t due = asleep ? NSK_NEVER : loop_next_ns(w);

			if (due < next)
				next = due;
		}
	return next;
}

static void turn_all(struct world *world)
{
	for (unsigned i = 0; i < world->nhosts; i++)
		if (!world->stopped[i])
			nsk_turn(world->host[i]);
	if (world->turns++ > TURNS_AT_ONCE)
		fail_msg("time stands still");
}

bool world_step(struct world *world, uint64_t limit_ns)
{
	uint64_t next = next_ns(world);

	if (next == NSK_NEVER && limit_ns == NSK_NEVER)
		return false;
	if (next < world->now_ns + world->least_step_ns)
		next = world->now_ns + world->least_step_ns;
	if (next > limit_ns)
		next = limit_ns;
	if (next > world->now_ns) {
		world->now_ns = next;
		world->turns = 0;
	}
	turn_all(world);
	return true;
}

bool world_run(struct world *world, uint64_t ns, bool (*done)(void *arg), void *arg)
{
	uint64_t limit = world->now_ns + ns;

	for (;;) {
		if (done && done(arg))
			return true;
		if (world->now_ns >= limit && next_ns(world) > limit)
			return !done;
		world_step(world, limit);
	}
}

void world_settle(struct world *world)
{
	do {
		turn_all(world);
	} while (next_ns(world) <= world->now_ns);
}

/* ---- sockets ------------------------------------------------------------------------------- */

static struct sockaddr_in address(const char *addr, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};

	assert_int_equal(inet_pton(AF_INET, addr, &sin.sin_addr), 1);
	return sin;
}

static int fresh(struct world *world, unsigned h, int type)
{
	int fd;

	world_enter(world, h);
	fd = nsk_socket(AF_INET, type | SOCK_NONBLOCK, 0);
	assert_true(fd >= NSK_FD_BASE);
	return fd;
}

static int bound(struct world *world, unsigned h, int type, const char *addr, uint16_t port)
{
	struct sockaddr_in sin = address(addr, port);
	int fd = fresh(world, h, type);

	world_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static void connect_start(int fd, const char *addr, uint16_t port)
{
	struct sockaddr_in sin = address(addr, port);

	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)), -1);
	assert_int_equal(errno, EINPROGRESS);
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
	int fd = fresh(world, h, SOCK_STREAM);

	connect_start(fd, addr, port);
	return fd;
}

int world_connect_from(struct world *world, unsigned h, uint16_t sport, const char *addr,
		       uint16_t port)
{
	int fd = bound(world, h, SOCK_STREAM, "0.0.0.0", sport);

	connect_start(fd, addr, port);
	return fd;
}

static bool is_ready(void *arg)
{
	return nsk_poll(arg, 1, 0) > 0;
}

short world_wait(struct world *world, int fd, short events, uint64_t limit_ns)
{
	struct pollfd pfd = {.fd = fd, .events = events};

	if (!world_run(world, limit_ns, is_ready, &pfd))
		fail_msg("fd %d: poll bits %#x not ready within %llu ms of virtual time", fd,
			 (unsigned)events, (unsigned long long)(limit_ns / MS));
	return pfd.revents;
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

void world_send(struct world *world, int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = nsk_send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			world_wait(world, fd, POLLOUT, HOUR);
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
}

void world_recv(struct world *world, int fd, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = nsk_recv(fd, p, len, 0);

		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			world_wait(world, fd, POLLIN, HOUR);
			continue;
		}
		assert_true(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

void world_expect_eof(struct world *world, int fd)
{
	char c;

	world_wait(world, fd, POLLIN, 600 * SEC);
	assert_int_equal(nsk_recv(fd, &c, 1, 0), 0);
}

int world_getsockopt(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(nsk_getsockopt(fd, level, name, &value, &len), 0);
	assert_int_equal(len, sizeof(value));
	return value;
}

int world_sock_error(int fd)
{
	return world_getsockopt(fd, SOL_SOCKET, SO_ERROR);
}

void world_setsockopt(int fd, int level, int name, int value)
{
	assert_int_equal(nsk_setsockopt(fd, level, name, &value, sizeof(value)), 0);
}

static uint64_t word_of(uint64_t index)
{
	uint64_t x = index * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

void world_fill(uint8_t *data, size_t n, uint64_t offset, uint64_t key)
{
	for (size_t i = 0; i < n;) {
		uint64_t at = offset + i;
		uint64_t word = word_of(at / 8 + key * UINT64_C(0x9e3779b97f4a7c15));

		for (unsigned k = at % 8; k < 8 && i < n; k++, i++)
			data[i] = (uint8_t)(word >> k * 8);
	}
}

/* ---- looking at hosts ---------------------------------------------------------------------- */

static void read_stats(struct world *world, unsigned h, struct nsk_stats *stats)
{
	assert_int_equal(nsk_stats_read(world->host[h], -1, stats), 0);
}

struct nsk_levels world_levels(struct world *world, unsigned h)
{
	struct nsk_stats stats;

	read_stats(world, h, &stats);
	return stats.level;
}

uint64_t world_drops(struct world *world, unsigned h, enum nsk_drop reason)
{
	struct nsk_stats stats;

	read_stats(world, h, &stats);
	return stats.drop[reason];
}

uint64_t world_drops_all(struct world *world, unsigned h)
{
	struct nsk_stats stats;
	uint64_t sum = 0;

	read_stats(world, h, &stats);
	for (unsigned i = 0; i < NSK_DROP_MAX; i++)
		sum += stats.drop[i];
	return sum;
}

uint64_t world_counter(struct world *world, unsigned h, enum nsk_counter counter)
{
	struct nsk_stats stats;

	read_stats(world, h, &stats);
	return stats.counter[counter];
}

bool world_all_closed(struct world *world, unsigned h)
{
	struct nsk_levels level = world_levels(world, h);

	return level.tcp_connections + level.tcp_embryonic + level.tcp_time_wait == 0;
}

void world_pool_complete(struct world *world, unsigned h)
{
	struct nsk_levels level = world_levels(world, h);

	assert_true(level.buffers_total > 0);
	assert_int_equal(level.buffers_free, level.buffers_total);
}

struct nsk_worker *world_worker(struct world *world, unsigned h)
{
	return &world->host[h]->worker[0]->w;
}

unsigned world_state(struct world *world, unsigned h, uint16_t port)
{
	unsigned found = 0, state = TCPS_CLOSED;
	struct tcp_row row;
	uint32_t cursor = 0;

	while (cursor != UINT32_MAX) {
		if (tcp_list(world_worker(world, h), &cursor, &row, 1) == 0)
			break;
		if (ntohs(row.flow.dport_be) != port || row.state == TCPS_LISTEN ||
		    row.state == TCPS_CLOSED)
			continue;
		found++;
		state = row.state;
	}
	assert_true(found <= 1);
	return state;
}
