/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device that is taken out of the machine while it is in use. vfio asks first, and waits until
 * the device has been given back: EAL's thread for interrupts hears it, the port says so with its
 * link, and is stopped for it. By uio it is gone at once and nobody is told: its registers read as
 * ones, so that its link is seen to go down and no more.
 */
#define ALLOW_EXPERIMENTAL_API /* rte_dev_event_callback_register() */
#include <rte_dev.h>
#include <rte_errno.h>

#include "ethdev.h"

/* In a thread of EAL's, again and again until the device has been given back. */
static void on_event(const char *name, enum rte_dev_event_type type, void *arg)
{
	struct ethdev_port *e = arg;

	(void)name;
	if (type == RTE_DEV_EVENT_REMOVE)
		__atomic_store_n(&e->gone, true, __ATOMIC_RELEASE);
}

void ethdev_gone_watch(struct ethdev_port *e)
{
	if (rte_dev_event_callback_register(rte_dev_name(e->device), on_event, e))
		LOG_WARN(e->port.log, "ethdev",
			 "%s: nobody would hear that it is taken out of the machine", e->port.name);
}

void ethdev_release(struct ethdev_port *e)
{
	struct ethdev_hush hush;

	if (!e->device)
		return;
	ethdev_hush(&hush);
	(void)rte_dev_event_callback_unregister(rte_dev_name(e->device), on_event, e);
	rte_spinlock_lock(&e->look_lock);
	ethdev_look(e, &e->last);
	rte_eth_dev_close(e->id);
	/* The device goes too, so that its name can be used again. */
	if (rte_dev_remove(e->device) != 0)
		LOG_WARN(e->port.log, "ethdev", "%s: the device stays in EAL: %s", e->port.name,
			 rte_strerror(rte_errno));
	e->device = NULL;
	rte_spinlock_unlock(&e->look_lock);
	ethdev_unhush(&hush);
}
