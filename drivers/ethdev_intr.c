/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive interrupts of a DPDK device: what a worker without work sleeps on. They are asked for
 * where the driver's row says that it has them (quirks.c); a device that does not start with them
 * starts without.
 *
 * Each queue has an epoll instance of the kernel's with what the device gave for it. EAL takes the
 * event out of that (rte_epoll_wait()), since what has to be read of it depends on the kind of
 * interrupt.
 *
 * No packet is missed: one that has come before interrupts are on raises none, so they are on for a
 * whole turn, in which the queue is polled, before there is a sleep. One that comes meanwhile is
 * either polled or ends the sleep, and both do no harm. They stay on until the worker has slept or
 * has found work, whichever of its ports that comes from. A queue whose interrupts cannot be
 * switched on any more has no descriptor from then on: sleeps are as short as without.
 */
#include <sys/epoll.h>
#include <unistd.h>

#include "ethdev.h"

enum intr {
	INTR_OFF,
	INTR_ON,
	INTR_BROKEN /* could not be switched on */
};

/* Queues may share a register, and belong to workers: one at a time, as in DPDK's own programs. */
static int switch_intr(struct ethdev_port *e, uint16_t queue, bool on)
{
	int rc;

	rte_spinlock_lock(&e->intr_lock);
	rc = on ? rte_eth_dev_rx_intr_enable(e->id, queue)
		: rte_eth_dev_rx_intr_disable(e->id, queue);
	rte_spinlock_unlock(&e->intr_lock);
	return rc;
}

/* Whether one queue has them. */
static int queue_up(struct ethdev_port *e, uint16_t queue, int fd)
{
	int rc = rte_eth_dev_rx_intr_ctl_q(e->id, queue, fd, RTE_INTR_EVENT_ADD, NULL);

	if (rc == 0)
		rc = switch_intr(e, queue, true);
	if (rc == 0)
		rc = switch_intr(e, queue, false);
	return rc;
}

void ethdev_intr_up(struct ethdev_port *e, uint16_t queues)
{
	for (uint16_t q = 0; q < queues; q++) {
		int fd = epoll_create1(EPOLL_CLOEXEC);

		if (fd >= 0 && queue_up(e, q, fd)) {
			LOG_DEBUG(e->port.log, "ethdev", "%s: no receive interrupts of queue %u",
				  e->port.name, q);
			close(fd);
			fd = -1;
		}
		e->intr[q].fd = fd;
		e->intr[q].state = INTR_OFF;
	}
}

void ethdev_intr_down(struct ethdev_port *e)
{
	for (uint16_t q = 0; q < e->rx_queues; q++) {
		if (e->intr[q].fd < 0)
			continue;
		rte_eth_dev_rx_intr_ctl_q(e->id, q, e->intr[q].fd, RTE_INTR_EVENT_DEL, NULL);
		close(e->intr[q].fd);
		e->intr[q].fd = -1;
	}
}

int ethdev_rx_fd(struct port *port, uint16_t queue)
{
	const struct ethdev_port *e = ethdev_of(port);

	if (e->quirk->rx_fds)
		return rte_eth_dev_rx_intr_ctl_q_get_fd(e->id, queue);
	return e->rx_intr && e->intr[queue].state != INTR_BROKEN ? e->intr[queue].fd : -1;
}

bool ethdev_rx_arm(struct port *port, uint16_t queue)
{
	struct ethdev_port *e = ethdev_of(port);
	struct ethdev_intr *intr = &e->intr[queue];

	if (!e->rx_intr)
		return true; /* readable while packets wait, whatever is asked for */
	if (intr->state == INTR_OFF)
		intr->state = switch_intr(e, queue, true) ? INTR_BROKEN : INTR_ON;
	else if (intr->state == INTR_ON)
		return true;
	return false;
}

void ethdev_rx_disarm(struct port *port, uint16_t queue)
{
	struct ethdev_port *e = ethdev_of(port);
	struct rte_epoll_event event;

	if (!e->rx_intr || e->intr[queue].state != INTR_ON)
		return;
	switch_intr(e, queue, false);
	rte_epoll_wait(e->intr[queue].fd, &event, 1, 0); /* takes away what has happened */
	e->intr[queue].state = INTR_OFF;
}
