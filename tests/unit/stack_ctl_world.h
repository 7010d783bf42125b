/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack without device and clients of its control socket. Its workers are run by a thread of the
 * test, or by nobody.
 */
#ifndef NSK_TESTS_UNIT_STACK_CTL_WORLD_H
#define NSK_TESTS_UNIT_STACK_CTL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <netstk/netstk.h>

#include "base/compiler.h"
#include "stack/stack.h"

struct fixture {
	char folder[64], path[96];
	struct nsk_callback_port *port;
	struct nsk_stack *stack;
	pthread_t turner;
	bool turning;
	bool stop; /* [A] */
};

/* ---- stacks -------------------------------------------------------------------------------- */

static inline bool take_packet(void *arg, const void *packet, size_t len)
{
	(void)arg, (void)packet, (void)len;
	return true;
}

static inline struct nsk_config *configure(const struct fixture *f, struct nsk_callback_port *port,
					   unsigned workers)
{
	struct nsk_config *config = nsk_config_new();

	assert_non_null(config);
	nsk_config_log(config, NULL, NULL, NSK_LOG_NONE);
	assert_int_equal(nsk_config_add_callback(config, port), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.2/24"), 0);
	assert_int_equal(nsk_config_add_gateway(config, "10.0.0.1"), 0);
	assert_int_equal(nsk_config_workers(config, workers), 0);
	assert_int_equal(nsk_config_control(config, f->path), 0);
	return config;
}

static inline void make_stack(struct fixture *f, unsigned workers)
{
	struct nsk_callback_params params = {.mtu = 1500, .output = take_packet};
	struct nsk_config *config;

	f->port = nsk_callback_create(&params);
	assert_non_null(f->port);
	config = configure(f, f->port, workers);
	if (nsk_stack_create(config, &f->stack))
		fail_msg("%s", nsk_config_error(config));
	nsk_config_free(config);
}

static inline void *turn(void *arg)
{
	struct fixture *f = arg;

	while (!__atomic_load_n(&f->stop, __ATOMIC_ACQUIRE)) {
		nsk_turn(f->stack);
		sched_yield();
	}
	return NULL;
}

static inline void start_turning(struct fixture *f)
{
	f->stop = false;
	assert_int_equal(pthread_create(&f->turner, NULL, turn, f), 0);
	f->turning = true;
}

static inline void stop_turning(struct fixture *f)
{
	if (!f->turning)
		return;
	__atomic_store_n(&f->stop, true, __ATOMIC_RELEASE);
	pthread_join(f->turner, NULL);
	f->turning = false;
}

static inline void end_stack(struct fixture *f)
{
	stop_turning(f);
	nsk_enter(NULL);
	nsk_stack_destroy(f->stack);
	nsk_callback_destroy(f->port);
	f->stack = NULL;
	f->port = NULL;
}

static inline int make_folder(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	snprintf(f->folder, sizeof(f->folder), "/tmp/nsk-ctl-XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/c.sock", f->folder);
	*state = f;
	return 0;
}

static inline int make(void **state)
{
	if (make_folder(state))
		return -1;
	make_stack(*state, 1);
	return 0;
}

static inline int unmake(void **state)
{
	struct fixture *f = *state;

	end_stack(f);
	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

/* ---- clients ------------------------------------------------------------------------------- */

static inline int dial(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 20};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static inline void say(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

		assert_true(sent > 0);
		text += sent;
		n -= (size_t)sent;
	}
}

/* The next line as JSON; NULL at the end of the stream. */
static inline json_t *hear(int fd)
{
	char *line = NULL;
	size_t n = 0, room = 0;
	json_t *reply;

	for (;;) {
		if (n == room) {
			room = room * 2 + 1024;
			line = realloc(line, room);
			assert_non_null(line);
		}
		if (recv(fd, line + n, 1, 0) != 1) {
			free(line);
			return NULL;
		}
		if (line[n] == '\n')
			break;
		n++;
	}
	reply = json_loadb(line, n, 0, NULL);
	free(line);
	assert_non_null(reply);
	return reply;
}

static inline json_t *ask_on(int fd, const char *request)
{
	say(fd, request, strlen(request));
	say(fd, "\n", 1);
	return hear(fd);
}

static inline json_t *ask(struct fixture *f, const char *request)
{
	int fd = dial(f->path);
	json_t *reply = ask_on(fd, request);

	close(fd);
	assert_non_null(reply);
	return reply;
}

static inline void expect_error(struct fixture *f, const char *request, const char *error)
{
	json_t *reply = ask(f, request);

	assert_int_equal(json_object_size(reply), 1);
	assert_string_equal(json_string_value(json_object_get(reply, "error")), error);
	json_decref(reply);
}

static inline json_t *first(const json_t *reply, const char *key)
{
	json_t *row = json_array_get(json_object_get(reply, key), 0);

	assert_non_null(row);
	return row;
}

#define STRING(o, key) json_string_value(json_object_get(o, key))
#define NUMBER(o, key) json_integer_value(json_object_get(o, key))

static inline uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

#define WITH_STACK(test)  cmocka_unit_test_setup_teardown(test, make, unmake)
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, unmake)

#endif
