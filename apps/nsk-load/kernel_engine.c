/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Engine kernel: the system's own sockets, one thread. What is measured is the kernel's stack on
 * both sides.
 */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "nsk-load/sock.h"

/* Descriptors besides those of connections. */
#define OTHER_FDS 64u

static void prepare(struct load *load)
{
	rlim_t wanted = load->options->connections + OTHER_FDS;
	struct rlimit limit;

	load->workers = 1;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		program_fail(load->program,
			     "%u connections need more descriptors than ulimit -n allows",
			     load->options->connections);
}

static void run(struct load *load, unsigned worker)
{
	static const struct sock_calls calls = {
		.socket = socket,
		.bind = bind,
		.connect = connect,
		.close = close,
		.send = send,
		.recv = recv,
		.getsockopt = getsockopt,
		.setsockopt = setsockopt,
		.epoll_create1 = epoll_create1,
		.epoll_ctl = epoll_ctl,
		.epoll_wait = epoll_wait,
		.wait_ms = 1,
		.dear = true,
	};

	sock_run(load, worker, &calls);
}

const struct engine kernel_engine = {.name = "kernel", .prepare = prepare, .run = run};
