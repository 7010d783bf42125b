/* SPDX-License-Identifier: BSD-3-Clause */
/* Two stacks on a wire, each turned by a thread of its own. */
#include <sched.h>
#include <stdio.h>

#include "sockets/twin.h"

static struct nsk_wire *wire;
static struct nsk_stack *stacks[2];

static void log_line(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg;
	need(level > NSK_LOG_ERR);
	fprintf(stderr, "log of a stack: %s: %s\n", module, text);
}

/* Gives the core away after each turn: there may be fewer cores than threads. */
static int turn(void *arg)
{
	struct epoll_event ev;
	int ep = nsk_epoll_create1(0);

	(void)arg;
	while (nsk_epoll_wait(ep, &ev, 1, 0) >= 0)
		sched_yield();
	return errno == ESHUTDOWN ? 0 : errno;
}

static void stack_start(enum twin_host host)
{
	struct nsk_config *config = nsk_config_new();
	char cidr[32];

	snprintf(cidr, sizeof(cidr), "10.0.0.%d/24", host + 1);
	nsk_config_log(config, log_line, NULL, NSK_LOG_WARN);
	need(nsk_config_workers(config, 1) == 0);
	need(nsk_config_set(config, "pool.buffers", "8192") == 0);
	need(nsk_config_add_wire(config, wire, host) == 0);
	need(nsk_config_add_address(config, cidr) == 0);
	snprintf(cidr, sizeof(cidr), "2001:db8::%d/64", host + 1);
	need(nsk_config_add_address(config, cidr) == 0);
	snprintf(cidr, sizeof(cidr), "fe80::%d/64", host + 1);
	need(nsk_config_add_address(config, cidr) == 0);
	if (nsk_stack_create(config, &stacks[host]))
		fprintf(stderr, "%s\n", nsk_config_error(config));
	need(stacks[host] != NULL);
	nsk_config_free(config);
	need(nsk_launch(stacks[host], turn, NULL) == 0);
}

bool hosts_start(void)
{
	wire = nsk_wire_create(NULL, NULL, 1500);
	need(wire != NULL);
	stack_start(CLIENT);
	stack_start(SERVER);
	return true;
}

void hosts_stop(void)
{
	nsk_enter(NULL);
	for (int i = 0; i < 2; i++)
		nsk_stop(stacks[i]);
	for (int i = 0; i < 2; i++) {
		need(nsk_join(stacks[i]) == 0);
		need(nsk_stack_destroy(stacks[i]) == 0);
	}
	nsk_wire_destroy(wire);
}

unsigned link_number(enum twin_host host)
{
	(void)host;
	return 1;
}

void on_host(enum twin_host host)
{
	need(nsk_enter(stacks[host]) == 0);
}
