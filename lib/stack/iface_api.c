/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The public calls that look at an interface, and take it up and down.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sock/call.h"
#include "stack/route_change.h"
#include "stack/stack.h"

/* The interface of the default route, the first one where there is none. */
static unsigned primary(struct nsk_stack *stack)
{
	static const uint8_t any[16];
	struct route route;

	return stack_route_match(stack, AF_INET, any, &route) == 0 && route.dst.len == 0
		       ? route.iface
		       : 0;
}

const char *stack_iface_names(const struct nsk_stack *stack, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < stack->nifaces && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s%s", i ? ", " : "",
				      stack->iface[i].name);
	return text;
}

/* Changes of interfaces, and looks at them, are one thread's at a time. They wait for workers: so a
 * worker's thread goes on serving others while it waits for its turn here. */
static void lock(struct nsk_stack *stack)
{
	while (__atomic_exchange_n(&stack->iface_lock, true, __ATOMIC_ACQUIRE))
		call_serve_own();
}

static void unlock(struct nsk_stack *stack)
{
	__atomic_store_n(&stack->iface_lock, false, __ATOMIC_RELEASE);
}

static void fill_info(struct nsk_stack *stack, unsigned index, struct nsk_iface_info *info)
{
	const struct iface *ifc = &stack->iface[index];

	memset(info, 0, sizeof(*info));
	snprintf(info->name, sizeof(info->name), "%s", ifc->name);
	snprintf(info->device, sizeof(info->device), "%s", ifc->port->name);
	snprintf(info->driver, sizeof(info->driver), "%s", ifc->port->driver);
	info->state = (enum nsk_iface_state)__atomic_load_n(&ifc->state, __ATOMIC_ACQUIRE);
	info->link_up = __atomic_load_n(&ifc->link_up, __ATOMIC_RELAXED);
	info->ethernet = ifc->ethernet;
	memcpy(info->mac, ifc->mac.b, sizeof(info->mac));
	info->mtu = ifc->mtu;
	info->rx_queues = ifc->rx_queues;
	info->tx_queues = ifc->tx_queues;
	info->primary = index == primary(stack);
	info->loopback = ifc->loopback;
}

int nsk_iface_info(const struct nsk_stack *stack, unsigned index, struct nsk_iface_info *info)
{
	struct nsk_stack *locked = (struct nsk_stack *)(uintptr_t)stack;

	if (!stack || !info || index >= stack->nifaces) {
		errno = stack && info ? ENOENT : EINVAL;
		return -1;
	}
	if (handles.forked) {
		errno = EPERM;
		return -1;
	}
	lock(locked);
	fill_info(locked, index, info);
	unlock(locked);
	return 0;
}

static int enable(struct nsk_stack *stack, struct iface *ifc)
{
	if (iface_running(ifc))
		return 0;
	if (ifc->parent && !iface_running(ifc->parent))
		return ENETDOWN;
	if (iface_enable(stack, ifc)) {
		LOG_ERR(&stack->log, "iface", "%s: %s", ifc->name, ifc->port->error);
		return EIO;
	}
	return 0;
}

/* Those on VLANs of an interface go down with it, and come back with it. */
static void children_down(struct nsk_stack *stack, const struct iface *parent)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];

		if (ifc->parent != parent || !iface_running(ifc))
			continue;
		ifc->went_along = true;
		iface_disable(stack, ifc);
	}
}

static void children_up(struct nsk_stack *stack, const struct iface *parent)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];

		if (ifc->parent == parent && ifc->went_along)
			enable(stack, ifc);
	}
}

static int set_up(struct nsk_stack *stack, struct iface *ifc, bool up)
{
	int err = 0;

	ifc->went_along = false;
	if (!up) {
		children_down(stack, ifc);
		iface_disable(stack, ifc);
	} else {
		err = enable(stack, ifc);
		if (!err)
			children_up(stack, ifc);
	}
	return err;
}

static bool try_lock(struct nsk_stack *stack)
{
	return !__atomic_exchange_n(&stack->iface_lock, true, __ATOMIC_ACQUIRE);
}

bool iface_remove(struct nsk_stack *stack, struct iface *ifc)
{
	if (!try_lock(stack))
		return false;
	set_up(stack, ifc, false);
	unlock(stack);
	return true;
}

bool iface_restart(struct nsk_stack *stack, struct iface *ifc)
{
	if (!try_lock(stack))
		return false;
	set_up(stack, ifc, false);
	(void)set_up(stack, ifc, true); /* what failed is in the log */
	unlock(stack);
	return true;
}

int nsk_iface_set(struct nsk_stack *stack, const char *name, bool up)
{
	int err;

	if (handles.forked) {
		errno = EPERM;
		return -1;
	}
	for (unsigned i = 0; stack && name && i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];

		if (strcmp(ifc->name, name) != 0)
			continue;
		lock(stack);
		err = set_up(stack, ifc, up);
		unlock(stack);
		if (err)
			errno = err;
		return err ? -1 : 0;
	}
	errno = stack && name ? ENOENT : EINVAL;
	return -1;
}
