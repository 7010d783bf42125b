/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Children made by fork(), by a thread in a stack and by one that runs a worker: each call tells
 * them clearly that the stack is not theirs, and the parent's connections do not notice.
 */
#include <sys/wait.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include <netstk/epoll.h>
#include <netstk/raw.h>
#include <netstk/zerocopy.h>

#include "mbuf/pool.h"
#include "sock/call.h"
#include "stack/stack.h"
#include "threads/crew.h"

/* In the child: the number of the first thing that is not as it should be, 0: all is. */
#define CHILD_EXPECT(what)             \
	do {                           \
		number++;              \
		if (!(what))           \
			return number; \
	} while (0)
#define CHILD_FAILS(call, error) CHILD_EXPECT((errno = 0, (call) == -1) && errno == (error))

static int calls_of_a_child(struct nsk_stack *stack, int fd)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *other = NULL;
	struct epoll_event ev = {.events = EPOLLIN};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int number = 0;
	char c;

	CHILD_FAILS(nsk_socket(AF_INET, SOCK_STREAM, 0), ENXIO);
	CHILD_FAILS(nsk_epoll_create1(0), ENXIO);
	CHILD_FAILS(nsk_send(fd, "x", 1, 0), EBADF);
	CHILD_FAILS(nsk_recv(fd, &c, 1, 0), EBADF);
	CHILD_FAILS(nsk_epoll_wait(fd, &ev, 1, -1), EBADF);
	CHILD_FAILS(nsk_close(fd), EBADF);
	CHILD_EXPECT(nsk_poll(&p, 1, -1) == 1 && p.revents == POLLNVAL);
	CHILD_EXPECT(nsk_worker_index() == -1);
	CHILD_FAILS(nsk_enter(stack), EPERM);
	CHILD_FAILS(nsk_attach(stack, 0), EPERM);
	CHILD_FAILS(nsk_launch(stack, crew_turn, stack), EPERM);
	CHILD_FAILS(nsk_join(stack), EPERM);
	CHILD_FAILS(nsk_iface_set(stack, "wire0", false), EPERM);
	CHILD_FAILS(nsk_iface_info(stack, 0, &(struct nsk_iface_info){0}), EPERM);
	CHILD_FAILS(nsk_set(stack, "ip.ttl", "65"), EPERM);
	CHILD_FAILS(nsk_starve(stack, &(struct nsk_shortage){0}), EPERM);
	CHILD_FAILS(nsk_stack_destroy(stack), EPERM);
	CHILD_EXPECT(nsk_turn(stack) == NSK_NEVER);
	CHILD_EXPECT(nsk_config_add_device(config, "net_null0") == 0 &&
		     nsk_config_add_address(config, "10.0.0.3/24") == 0);
	CHILD_FAILS(nsk_stack_create(config, &other), EPERM);
	CHILD_EXPECT(strstr(nsk_config_error(config), "fork()") != NULL);
	nsk_config_free(config);
	return 0;
}

/* A device without a stack is the parent's as well. */
static int raw_calls_of_a_child(struct nsk_raw *raw)
{
	struct nsk_raw_stats stats;
	struct nsk_raw_info info;
	struct rte_mbuf *buf = NULL;
	int number = 0;

	CHILD_EXPECT(nsk_raw_rx(raw, &buf, 1) == 0);
	CHILD_EXPECT(nsk_raw_tx(raw, &buf, 1) == 0);
	CHILD_FAILS(nsk_raw_alloc(raw, &buf, 1), EPERM);
	nsk_raw_stats(raw, &stats);
	CHILD_EXPECT(stats.tx_packets == 0);
	nsk_raw_info(raw, &info);
	CHILD_EXPECT(!info.link_up && info.mtu == 1500);
	nsk_raw_close(raw);
	return 0;
}

static void nor_in_its_devices_without_a_stack(void **state)
{
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
	struct nsk_config *config = nsk_config_new();
	struct nsk_raw_stats stats;
	struct nsk_raw *raw = NULL;
	struct rte_mbuf *buf = NULL;
	int status = -1;
	pid_t child;

	(void)state;
	assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
	assert_int_equal(nsk_raw_open(config, 0, &raw), 0);
	assert_int_equal(nsk_raw_alloc(raw, &buf, 1), 0);
	buf->data_len = 60;
	buf->pkt_len = 60;
	assert_int_equal(nsk_raw_tx(raw, &buf, 1), 1);
	child = fork();
	if (child == 0)
		_exit(raw_calls_of_a_child(raw));
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	nsk_raw_stats(raw, &stats);
	assert_int_equal(stats.tx_packets, 1);
	nsk_raw_close(raw);
	nsk_config_free(config);
	nsk_wire_destroy(wire);
}

/* Octets go both ways, the one that was on its way when the child was made included. */
static void assert_alive(struct pair *pair, const char *waiting)
{
	char buf[4];

	for (; *waiting; waiting++) {
		assert_int_equal(nsk_recv(pair->fd[1], buf, 1, 0), 1);
		assert_int_equal(buf[0], *waiting);
	}
	assert_int_equal(nsk_send(pair->fd[1], "b", 1, 0), 1);
	assert_int_equal(nsk_recv(pair->fd[0], buf, 1, 0), 1);
	assert_int_equal(buf[0], 'b');
}

/* Buffers that the parent has received by reference. */
static int buffers_of_a_child(struct rte_mbuf *m)
{
	unsigned before = rte_mempool_avail_count(m->pool);
	int number = 0;

	nsk_zc_free(&m, 1);
	CHILD_EXPECT(rte_mempool_avail_count(m->pool) == before && rte_mbuf_refcnt_read(m) == 1);
	return 0;
}

static void nor_in_buffers_that_its_parent_has(void **state)
{
	struct pair *pair = *state;
	struct rte_mbuf *m;
	int status = -1;
	pid_t child;

	crew_enter(&pair->crew, 1);
	m = rte_pktmbuf_alloc(pair->crew.stack[1]->worker[0]->w.pool->mp);
	assert_non_null(m);
	child = fork();
	if (child == 0)
		_exit(buffers_of_a_child(m));
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	rte_pktmbuf_free(m);
}

static void have_a_child(struct job *job)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		_exit(calls_of_a_child(job->data, job->fd));
	waitpid(child, &status, 0);
	job->rc = status;
}

static void a_child_has_no_part_in_its_parents_stack(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = have_a_child, .stack = pair->crew.stack[0], .fd = pair->fd[0]};

	job.data = pair->crew.stack[0];
	assert_int_equal(nsk_send(pair->fd[0], "a", 1, 0), 1);
	job_start(&job);
	job_join(&job);
	assert_int_equal(WEXITSTATUS(job.rc), 0);
	assert_true(WIFEXITED(job.rc));
	assert_alive(pair, "a");
}

/* Runs in the worker's thread, as a call that another thread has sent there. */
static int have_a_child_there(void *arg)
{
	have_a_child(arg);
	return 0;
}

static void nor_has_the_child_of_a_worker(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fd = pair->fd[0], .data = pair->crew.stack[0]};
	struct nsk_worker *w;

	assert_int_equal(nsk_send(pair->fd[0], "a", 1, 0), 1);
	w = sock_visit_fd(pair->fd[0]);
	assert_int_equal(sock_call(w, have_a_child_there, &job), 0);
	sock_leave(w);
	assert_int_equal(job.rc, 0);
	assert_alive(pair, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		pair_test(a_child_has_no_part_in_its_parents_stack),
		pair_test(nor_has_the_child_of_a_worker),
		pair_test(nor_in_buffers_that_its_parent_has),
		cmocka_unit_test(nor_in_its_devices_without_a_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
