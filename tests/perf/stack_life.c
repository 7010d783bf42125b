/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long it takes to make, turn once and destroy a stack with a wire: ms each, of so many
 * (argument, 1000). EAL is started before.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <netstk/netstk.h>

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void live_and_die(void)
{
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack;

	nsk_config_log(config, NULL, NULL, NSK_LOG_ERR);
	if (nsk_config_add_wire(config, wire, 0) || nsk_config_add_address(config, "10.0.0.1/24") ||
	    nsk_stack_create(config, &stack)) {
		fprintf(stderr, "%s\n", nsk_config_error(config));
		exit(1);
	}
	nsk_turn(stack);
	nsk_stack_destroy(stack);
	nsk_config_free(config);
	nsk_wire_destroy(wire);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
	uint64_t start;

	live_and_die();
	start = now_ns();
	for (unsigned i = 0; i < n; i++)
		live_and_die();
	printf("%u stacks: %.3f ms each\n", n, n ? (double)(now_ns() - start) / 1e6 / n : 0.0);
	return 0;
}
