/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Settings of a stack that runs: by name, from any thread, for programs and for the control socket.
 * Workers read a live setting each time they need it; a store of each word is all that changes it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "net/addr.h"
#include "net/net.h"
#include "sock/handle.h"
#include "stack/settings.h"
#include "stack/stack.h"

/* The first row that would change, or is the one that key stands for, and may not; or NULL. */
static const struct setting *first_fixed(const struct nsk_stack *stack, const char *key,
					 const struct settings *next)
{
	const struct setting *only = settings_find(key);

	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];

		if (!row->live && (row == only || !settings_same(next, &stack->set, row)))
			return row;
	}
	return NULL;
}

/* Of three numbers that are one setting of Linux's two may change: the third is said. */
static void explain_fixed(const struct nsk_stack *stack, const char *key,
			  const struct setting *fixed, char *error, size_t size)
{
	static const char *const places[] = {"first", "second", "third"};
	const struct setting_triple *t = settings_triple(key);
	unsigned i = 0;

	while (t && i < 2 && strcmp(t->name[i], fixed->name) != 0)
		i++;
	if (t)
		snprintf(error, size,
			 "%s: the %s number, %s, is read when the stack is made; while it runs it "
			 "must stay %" PRIu64,
			 key, places[i], fixed->name,
			 settings_value(&stack->set, fixed) * t->div / t->mul);
	else
		snprintf(error, size,
			 "%s is read when the stack is made; it cannot change while it runs",
			 fixed->name);
}

/* The anycast addresses of our subnets come or go. */
static void became_router(struct nsk_stack *stack)
{
	net_addresses_changed(&stack->worker[0]->w);
	addr_wake_workers(&stack->worker[0]->w);
}

/* What came put together cannot be sent on: a stack that is to forward must know it before. */
static int check_forwarding(const struct nsk_stack *stack, const struct settings *next, char *error,
			    size_t size)
{
	if (!next->ip_forward && !next->ipv6_forward)
		return 0;
	for (unsigned i = 0; i < stack->nifaces; i++) {
		if (!(stack->iface[i].rx_offloads & PORT_RX_LRO) || stack->iface[i].loopback)
			continue;
		snprintf(
			error, size,
			"%s receives segments put together, which cannot be sent on: make the stack with "
			"%s on, or with offload.lro off",
			stack->iface[i].name, next->ip_forward ? "ip.forward" : "ipv6.forward");
		return -EBUSY;
	}
	return 0;
}

static int change(struct nsk_stack *stack, const char *key, const char *value, char *error,
		  size_t size)
{
	struct settings next = stack->set;
	const struct setting *about[2], *fixed;
	uint32_t router = SETTING(&stack->set, ipv6_forward);
	int rc = settings_set(&next, key, value, error, size);

	if (rc == 0)
		rc = settings_check(&next, about, error, size);
	if (rc == 0)
		rc = check_forwarding(stack, &next, error, size);
	if (rc)
		return rc;
	fixed = first_fixed(stack, key, &next);
	if (fixed) {
		explain_fixed(stack, key, fixed, error, size);
		return -EPERM;
	}
	for (unsigned i = 0; i < settings_count; i++)
		if (!settings_same(&stack->set, &next, &settings_table[i]))
			settings_copy(&stack->set, &next, &settings_table[i]);
	if (SETTING(&stack->set, ipv6_forward) != router)
		became_router(stack);
	return 0;
}

int stack_set(struct nsk_stack *stack, const char *key, const char *value, char *error, size_t size)
{
	int rc;

	pthread_mutex_lock(&stack->set_lock);
	rc = change(stack, key, value, error, size);
	pthread_mutex_unlock(&stack->set_lock);
	return rc;
}

int nsk_set(struct nsk_stack *stack, const char *key, const char *value)
{
	char error[SETTINGS_ERROR_MAX];
	int rc;

	if (!stack || !key || !value) {
		errno = EINVAL;
		return -1;
	}
	if (handles.forked) {
		errno = EPERM;
		return -1;
	}
	rc = stack_set(stack, key, value, error, sizeof(error));
	if (rc == 0)
		return 0;
	LOG_ERR(&stack->log, "stack", "%s", error);
	errno = -rc;
	return -1;
}

int nsk_get(const struct nsk_stack *stack, const char *key, char *value, size_t size)
{
	int n = stack && key && (value || !size) ? settings_get(&stack->set, key, value, size)
						 : -EINVAL;

	if (n >= 0)
		return n;
	errno = -n;
	return -1;
}
