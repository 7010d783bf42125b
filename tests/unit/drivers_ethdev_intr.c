/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker with two devices that have receive interrupts: when it sleeps on them, and when they are
 * on. The devices' side of it is played here, and so is the sleep.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <poll.h>
#include <rte_ethdev.h>
#include <rte_ring.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/ethdev.h"
#include "stack/settings.h"
#include "stack/stack.h"

#define DEVICES 2
#define SOON_NS 5000 /* not worth a sleep */

/* Calls that go through this test. */
int __wrap_rte_eth_dev_rx_intr_enable(uint16_t port, uint16_t queue);
int __wrap_rte_eth_dev_rx_intr_disable(uint16_t port, uint16_t queue);
int __wrap_rte_eth_dev_rx_intr_ctl_q(uint16_t port, uint16_t queue, int epfd, int op, void *data);
int __wrap_rte_epoll_wait(int epfd, struct rte_epoll_event *events, int n, int timeout);
int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *ts, const sigset_t *mask);
uint64_t __wrap_loop_next_ns(struct nsk_worker *w);

static struct {
	bool on[DEVICES];
	bool broken[DEVICES]; /* cannot be switched on */
	unsigned sleeps;
	nfds_t slept_on; /* descriptors */
	bool slept_off;	 /* a device that was slept on had them off */
	long slept_ns;
	uint64_t next_ns;
} fake;

int __wrap_rte_eth_dev_rx_intr_enable(uint16_t port, uint16_t queue)
{
	(void)queue;
	if (fake.broken[port])
		return -EIO;
	fake.on[port] = true;
	return 0;
}

int __wrap_rte_eth_dev_rx_intr_disable(uint16_t port, uint16_t queue)
{
	(void)queue;
	fake.on[port] = false;
	return 0;
}

int __wrap_rte_eth_dev_rx_intr_ctl_q(uint16_t port, uint16_t queue, int epfd, int op, void *data)
{
	(void)port, (void)queue, (void)epfd, (void)op, (void)data;
	return 0;
}

int __wrap_rte_epoll_wait(int epfd, struct rte_epoll_event *events, int n, int timeout)
{
	(void)epfd, (void)events, (void)n, (void)timeout;
	return 0;
}

int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *ts, const sigset_t *mask)
{
	(void)mask;
	fake.sleeps++;
	fake.slept_on = 0;
	for (nfds_t i = 0; i < n; i++) {
		fake.slept_on += fds[i].fd >= 0;
		fds[i].revents = 0;
	}
	fake.slept_ns = ts->tv_nsec;
	for (unsigned i = 0; i < DEVICES; i++)
		fake.slept_off |= !fake.on[i] && !fake.broken[i];
	return 0;
}

uint64_t __wrap_loop_next_ns(struct nsk_worker *worker)
{
	(void)worker;
	return fake.next_ns;
}

static struct world {
	struct nsk_stack stack;
	struct run_worker r;
	struct settings set;
	struct ethdev_port dev[DEVICES];
	struct iface ifc[DEVICES];
	char ring[1024] __attribute__((aligned(128)));
} * w;

static const struct port_ops ops = {.rx_fd = ethdev_rx_fd,
				    .rx_arm = ethdev_rx_arm,
				    .rx_disarm = ethdev_rx_disarm};
static const struct quirk row = {.rx_intr = true};

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.next_ns = UINT64_MAX;
	w = aligned_alloc(128, (sizeof(*w) + 127) / 128 * 128);
	memset(w, 0, sizeof(*w));
	settings_defaults(&w->set);
	w->set.idle_mode = IDLE_SLEEP;
	w->r.w.set = &w->set;
	w->r.stack = &w->stack;
	w->r.call_ring = (struct rte_ring *)w->ring;
	assert_true((size_t)rte_ring_get_memsize(2) <= sizeof(w->ring));
	assert_int_equal(rte_ring_init(w->r.call_ring, "calls", 2, 0), 0);
	idle_init(&w->r);
	for (unsigned i = 0; i < DEVICES; i++) {
		struct ethdev_port *e = &w->dev[i];

		*e = (struct ethdev_port){.port.ops = &ops,
					  .quirk = &row,
					  .id = (uint16_t)i,
					  .rx_queues = 1,
					  .rx_intr = true};
		ethdev_intr_up(e, 1);
		assert_true(ethdev_rx_fd(&e->port, 0) >= 0);
		w->ifc[i].port = &e->port;
		w->ifc[i].state = NSK_IFACE_ENABLED;
		w->r.source[w->r.nsources++].ifc = &w->ifc[i];
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DEVICES; i++)
		ethdev_intr_down(&w->dev[i]);
	idle_fini(&w->r);
	free(w);
	return 0;
}

/* The end of a turn; true if the worker slept. */
static bool turn(bool busy)
{
	unsigned before = fake.sleeps;

	w->r.w.busy = busy;
	idle_wait(&w->r.w, UINT64_MAX, -1, NULL);
	return fake.sleeps > before;
}

static unsigned are_on(void)
{
	return fake.on[0] + fake.on[1];
}

static void interrupts_are_on_for_a_turn_before_the_sleep_and_off_after_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_false(turn(false));
		assert_int_equal(are_on(), 2);
		assert_true(turn(false));
		assert_int_equal(fake.slept_on, 3); /* and the bell */
		assert_int_equal(are_on(), 0);
	}
	assert_false(fake.slept_off);
}

static void a_device_that_comes_back_does_not_keep_the_worker_awake(void **state)
{
	(void)state;
	w->ifc[1].state = NSK_IFACE_DISABLED;
	assert_false(turn(false));
	w->ifc[1].state = NSK_IFACE_ENABLED;
	assert_false(turn(false)); /* the second one's turn; the first waits for it */
	assert_int_equal(are_on(), 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(turn(false));
		assert_false(turn(false));
	}
	assert_false(fake.slept_off);
}

static void interrupts_are_off_while_there_is_work(void **state)
{
	(void)state;
	assert_false(turn(false));
	assert_int_equal(are_on(), 2);
	assert_false(turn(true));
	assert_int_equal(are_on(), 0);
	assert_false(turn(false)); /* a whole turn again */
	assert_true(turn(false));
	assert_false(fake.slept_off);
}

static void what_is_due_at_once_leaves_them_on(void **state)
{
	(void)state;
	assert_false(turn(false));
	fake.next_ns = SOON_NS;
	assert_false(turn(false));
	assert_int_equal(are_on(), 2);
	fake.next_ns = UINT64_MAX;
	assert_true(turn(false));
	assert_int_equal(are_on(), 0);
}

static void without_interrupts_of_a_device_sleeps_are_short(void **state)
{
	(void)state;
	w->set.idle_sleep_us = 70;
	fake.broken[1] = true;
	assert_false(turn(false));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(turn(false));
		assert_int_equal(fake.slept_on, 2);
		assert_int_equal(fake.slept_ns, 70000);
		assert_false(turn(false));
	}
	ethdev_intr_down(&w->dev[1]);
	fake.broken[1] = false;
	ethdev_intr_up(&w->dev[1], 1); /* it starts again */
	assert_false(turn(true));
	assert_false(turn(false));
	assert_true(turn(false));
	assert_int_equal(fake.slept_on, 3);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(interrupts_are_on_for_a_turn_before_the_sleep_and_off_after_it),
		T(a_device_that_comes_back_does_not_keep_the_worker_awake),
		T(interrupts_are_off_while_there_is_work),
		T(what_is_due_at_once_leaves_them_on),
		T(without_interrupts_of_a_device_sleeps_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
