/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Engine stack: sockets of the stack, a loading thread on each of its workers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/netstk.h>
#include <netstk/zerocopy.h>

#include <rte_mbuf.h>

#include "nsk-load/sock.h"

#define LINK_PATIENCE_NS UINT64_C(5000000000)
#define LINK_LOOK_MS	 20

/* One buffer of the pattern, sent by reference; what it does not take stays for the next. */
static ssize_t send_zc(int fd, const struct pattern *pattern, uint64_t offset, uint64_t max)
{
	struct rte_mbuf *m = nsk_zc_alloc(fd);
	ssize_t sent;
	uint32_t n;
	int err;

	if (!m)
		return -1;
	n = rte_pktmbuf_tailroom(m);
	n = n < max ? n : (uint32_t)max;
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), pattern_at(pattern, offset), n);
	sent = nsk_zc_send(fd, m);
	if (sent < 0) {
		err = errno;
		nsk_zc_free(&m, 1);
		errno = err;
	}
	return sent;
}

/*
 * Devices that wait for their other side have no link at first; what is sent then is lost, and
 * costs a time-out. Waiting turns the loop, which is what sees the link.
 */
static void await_link(const struct load *load)
{
	uint64_t until = program_now() + LINK_PATIENCE_NS;
	int epfd = nsk_epoll_create1(0);
	struct nsk_iface_info info;
	struct epoll_event event;

	while (program_now() < until && nsk_iface_info(load->stack, 0, &info) == 0 &&
	       !info.link_up && nsk_epoll_wait(epfd, &event, 1, LINK_LOOK_MS) >= 0)
		;
	nsk_close(epfd);
}

static int run_worker(void *arg)
{
	static const struct sock_calls calls = {
		.socket = nsk_socket,
		.bind = nsk_bind,
		.connect = nsk_connect,
		.close = nsk_close,
		.send = nsk_send,
		.recv = nsk_recv,
		.getsockopt = nsk_getsockopt,
		.setsockopt = nsk_setsockopt,
		.epoll_create1 = nsk_epoll_create1,
		.epoll_ctl = nsk_epoll_ctl,
		.epoll_wait = nsk_epoll_wait,
		.send_zc = send_zc,
		.wait_ms = 1,
	};
	struct load *load = arg;
	unsigned worker = (unsigned)nsk_worker_index();

	await_link(load);
	sock_run(load, worker, &calls);
	__atomic_store_n(&load->result[worker]->done, true, __ATOMIC_RELEASE);
	return 0;
}

static void prepare(struct load *load)
{
	load->stack = program_stack(load->program, load->config);
	load->workers = nsk_stack_workers(load->stack);
}

static void launch(struct load *load)
{
	if (nsk_launch(load->stack, run_worker, load))
		program_fail(load->program, "cannot start workers: %s", strerror(errno));
}

static void finish(struct load *load)
{
	nsk_stop(load->stack);
	nsk_join(load->stack);
	load->stats = malloc(sizeof(*load->stats));
	if (load->stats)
		nsk_stats_read(load->stack, -1, load->stats);
	program_stack_end(load->stack);
	load->stack = NULL;
}

const struct engine stack_engine = {.name = "stack",
				    .prepare = prepare,
				    .launch = launch,
				    .finish = finish};
