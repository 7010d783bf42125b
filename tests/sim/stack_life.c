/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Life of a stack: building fails at any step and leaves nothing behind, a thousand stacks in a row
 * leave nothing behind, starting EAL does not touch the caller's affinity and signals, interfaces
 * go through their states in order.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <netstk/netstk.h>

#include "base/compiler.h"
#include "stack/config.h"

#define MANY 1000

static bool quiet_output(void *arg, const void *packet, size_t len)
{
	(void)arg;
	(void)packet;
	(void)len;
	return true;
}

static void quiet_log(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg;
	(void)level;
	(void)module;
	(void)text;
}

struct life {
	struct nsk_wire *wire;
	struct nsk_callback_port *callback, *twin;
	struct nsk_config *config;
};

/* A wire's end with a twin, a VLAN of it and a callback port, with an address each, two workers. */
static void make_config(struct life *life)
{
	struct nsk_callback_params params = {.output = quiet_output};
	struct nsk_callback_params kernel = {.ethernet = true, .output = quiet_output};

	life->wire = nsk_wire_create(NULL, NULL, 1500);
	life->callback = nsk_callback_create(&params);
	life->twin = nsk_callback_create(&kernel);
	life->config = nsk_config_new();
	assert_non_null(life->wire);
	assert_non_null(life->callback);
	assert_non_null(life->twin);
	assert_non_null(life->config);
	nsk_config_log(life->config, quiet_log, NULL, NSK_LOG_ERR);
	assert_int_equal(nsk_config_workers(life->config, 2), 0);
	assert_int_equal(nsk_config_add_wire(life->config, life->wire, 0), 0);
	assert_int_equal(nsk_config_add_address(life->config, "10.0.0.1/24"), 0);
	assert_int_equal(nsk_config_add_twin_callback(life->config, life->twin), 0);
	assert_int_equal(nsk_config_add_punt(life->config, "ssh"), 0);
	assert_int_equal(nsk_config_add_device(life->config, "vlan:wire0,100"), 0);
	assert_int_equal(nsk_config_add_address(life->config, "10.0.2.1/24"), 0);
	assert_int_equal(nsk_config_add_callback(life->config, life->callback), 0);
	assert_int_equal(nsk_config_add_address(life->config, "10.0.1.1/24"), 0);
	assert_int_equal(nsk_config_add_gateway(life->config, "10.0.0.254"), 0);
}

static void free_config(struct life *life)
{
	nsk_config_free(life->config);
	nsk_callback_destroy(life->callback);
	nsk_callback_destroy(life->twin);
	nsk_wire_destroy(life->wire);
}

/* What is left behind shows as a leak (ASan), as a name that EAL has already, or as a device that
 * is taken. */
static void test_any_failing_step_unwinds(void **state)
{
	struct nsk_stack *stack = NULL;
	struct life life;
	unsigned steps;

	(void)state;
	make_config(&life);
	assert_int_equal(nsk_stack_create(life.config, &stack), 0);
	nsk_stack_destroy(stack);
	steps = nsk_config_fail_step(life.config, 0);
	assert_in_range(steps, 10, 200);
	for (unsigned n = 1; n <= steps; n++) {
		nsk_config_fail_step(life.config, n);
		stack = NULL;
		assert_int_equal(nsk_stack_create(life.config, &stack), -1);
		assert_int_equal(errno, ECANCELED);
		assert_null(stack);
		assert_non_null(strstr(nsk_config_error(life.config), "was made to fail"));
	}
	nsk_config_fail_step(life.config, steps + 1);
	assert_int_equal(nsk_stack_create(life.config, &stack), 0);
	nsk_stack_destroy(stack);
	free_config(&life);
}

static size_t resident_bytes(void)
{
	unsigned long size, resident;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &size, &resident), 2);
	fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static struct nsk_stack *small_stack(struct nsk_wire *wire)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack = NULL;

	assert_non_null(config);
	nsk_config_log(config, quiet_log, NULL, NSK_LOG_ERR);
	assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.1/24"), 0);
	if (nsk_stack_create(config, &stack))
		fail_msg("%s", nsk_config_error(config));
	nsk_config_free(config);
	return stack;
}

static void test_a_thousand_stacks_in_a_row_leave_nothing(void **state)
{
	size_t before;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);

		nsk_stack_destroy(small_stack(wire));
		nsk_wire_destroy(wire);
	}
	before = resident_bytes();
	for (unsigned i = 0; i < MANY; i++) {
		struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
		struct nsk_stack *stack = small_stack(wire);

		nsk_turn(stack);
		nsk_stack_destroy(stack);
		nsk_wire_destroy(wire);
	}
	print_message("%u stacks: resident memory grew by %ld KiB\n", MANY,
		      ((long)resident_bytes() - (long)before) / 1024);
	/* Under ASan freed memory stays in quarantine; leaks are its own business there. */
	if (!NSK_ASAN)
		assert_true(resident_bytes() < before + (4u << 20));
}

/* Resident, all in: workers, tables, packet buffers touched by initialisation, wire. */
static void test_a_stack_costs_at_most_two_megabytes(void **state)
{
	enum {
		STACKS = 16
	};
	struct nsk_wire *wire[STACKS];
	struct nsk_stack *stack[STACKS];
	size_t before, each;

	(void)state;
	before = resident_bytes();
	for (unsigned i = 0; i < STACKS; i++) {
		wire[i] = nsk_wire_create(NULL, NULL, 1500);
		stack[i] = small_stack(wire[i]);
		nsk_turn(stack[i]);
	}
	each = (resident_bytes() - before) / STACKS;
	print_message("a stack on a wire: %zu KiB resident\n", each / 1024);
	for (unsigned i = 0; i < STACKS; i++) {
		nsk_stack_destroy(stack[i]);
		nsk_wire_destroy(wire[i]);
	}
	if (!NSK_ASAN)
		assert_true(each <= 2u << 20);
}

struct said {
	unsigned lines;
	char text[256];
};

static void keep_last(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	struct said *said = arg;

	(void)level;
	if (strcmp(module, "iface") != 0)
		return;
	said->lines++;
	snprintf(said->text, sizeof(said->text), "%s", text);
}

/* The wire takes 1400: more is refused where somebody asked for it; the default is cut. */
static void test_an_mtu_that_the_port_cannot_do(void **state)
{
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1400);
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack = NULL;
	struct nsk_iface_info info;
	struct said said = {0};

	(void)state;
	nsk_config_log(config, keep_last, &said, NSK_LOG_INFO);
	assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.1/24"), 0);
	assert_int_equal(config_device_mtu(config, "1401"), 0);
	assert_int_equal(nsk_stack_create(config, &stack), -1);
	assert_int_equal(errno, EINVAL);
	assert_string_equal(nsk_config_error(config),
			    "mtu = 1401: wire0 can do 1400 at most, as its driver says (loop)");
	config->device[0].mtu = 0;
	assert_int_equal(nsk_config_set(config, "mtu", "1401"), 0);
	assert_int_equal(nsk_stack_create(config, &stack), -1);
	assert_string_equal(
		nsk_config_error(config),
		"mtu = 1401: wire0 can do 1400 at most, as its driver says (loop); in a file "
		"each device may have its own mtu");
	assert_int_equal(config_device_mtu(config, "1400"), 0);
	assert_int_equal(nsk_stack_create(config, &stack), 0);
	assert_int_equal(nsk_stack_destroy(stack), 0);
	assert_int_equal(said.lines, 0);
	nsk_config_free(config);

	config = nsk_config_new();
	nsk_config_log(config, keep_last, &said, NSK_LOG_INFO);
	assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.1/24"), 0);
	assert_int_equal(nsk_stack_create(config, &stack), 0);
	assert_int_equal(nsk_iface_info(stack, 0, &info), 0);
	assert_int_equal(info.mtu, 1400);
	assert_int_equal(said.lines, 1);
	assert_string_equal(said.text, "wire0: mtu is 1400, not 1500: the port can do no more");
	assert_int_equal(nsk_stack_destroy(stack), 0);
	nsk_config_free(config);
	nsk_wire_destroy(wire);
}

/* IEEE 802.3 annex 31B is for what has a cable. */
static void test_pause_frames_of_a_port_that_has_none(void **state)
{
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack = NULL;

	(void)state;
	assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.1/24"), 0);
	assert_int_equal(nsk_config_set(config, "pause", "rx"), 0);
	assert_int_equal(nsk_stack_create(config, &stack), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_string_equal(nsk_config_error(config),
			    "wire0: it cannot be told about pause frames (loop): leave the setting "
			    "pause at \"keep\"");
	assert_int_equal(nsk_config_set(config, "pause", "keep"), 0);
	assert_int_equal(nsk_stack_create(config, &stack), 0);
	assert_int_equal(nsk_stack_destroy(stack), 0);
	nsk_config_free(config);
	nsk_wire_destroy(wire);
}

static void test_affinity_and_signal_mask_stay(void **state)
{
	cpu_set_t cpus_before, cpus_after;
	sigset_t mask_before, mask_after;
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);

	(void)state;
	sigemptyset(&mask_before);
	sigaddset(&mask_before, SIGUSR2);
	assert_int_equal(sigprocmask(SIG_SETMASK, &mask_before, NULL), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(cpus_before), &cpus_before), 0);
	nsk_stack_destroy(small_stack(wire));
	assert_int_equal(sched_getaffinity(0, sizeof(cpus_after), &cpus_after), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask_after), 0);
	assert_true(CPU_EQUAL(&cpus_before, &cpus_after));
	for (int sig = 1; sig < SIGRTMIN; sig++)
		assert_int_equal(sigismember(&mask_before, sig), sigismember(&mask_after, sig));
	nsk_wire_destroy(wire);
}

static void test_other_eal_arguments_are_refused_clearly(void **state)
{
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *first = small_stack(wire), *second = NULL;

	(void)state;
	nsk_config_log(config, quiet_log, NULL, NSK_LOG_ERR);
	assert_int_equal(nsk_config_add_wire(config, wire, 1), 0);
	assert_int_equal(nsk_config_eal(config, "-m 77"), 0);
	assert_int_equal(nsk_stack_create(config, &second), -1);
	assert_int_equal(errno, EBUSY);
	assert_non_null(strstr(nsk_config_error(config), "-m 77"));
	nsk_config_free(config);
	nsk_stack_destroy(first);
	nsk_wire_destroy(wire);
}

struct heard {
	unsigned n;
	int state[16];
};

static void hear(void *arg, const struct nsk_event *event)
{
	struct heard *heard = arg;

	if (event->type == NSK_EVENT_IFACE_STATE && strcmp(event->iface, "lo") && heard->n < 16)
		heard->state[heard->n++] = event->value;
}

static void test_an_interface_goes_through_its_states_in_order(void **state)
{
	static const int expected[] = {NSK_IFACE_ENABLING,  NSK_IFACE_ENABLED,	NSK_IFACE_DISABLING,
				       NSK_IFACE_DISABLED,  NSK_IFACE_ENABLING, NSK_IFACE_ENABLED,
				       NSK_IFACE_DISABLING, NSK_IFACE_DISABLED};
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
	struct nsk_config *config = nsk_config_new();
	struct nsk_iface_info info;
	struct nsk_stack *stack;
	struct heard heard = {0};

	(void)state;
	nsk_config_log(config, quiet_log, NULL, NSK_LOG_ERR);
	nsk_config_events(config, hear, &heard);
	assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
	assert_int_equal(nsk_stack_create(config, &stack), 0);
	assert_int_equal(nsk_iface_info(stack, 0, &info), 0);
	assert_int_equal(info.state, NSK_IFACE_ENABLED);
	assert_true(info.primary);
	assert_int_equal(nsk_iface_set(stack, "no such one", false), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(nsk_iface_set(stack, info.name, false), 0);
	assert_int_equal(nsk_iface_set(stack, info.name, false), 0);
	nsk_turn(stack);
	assert_int_equal(nsk_iface_set(stack, info.name, true), 0);
	nsk_turn(stack);
	nsk_stack_destroy(stack);
	assert_int_equal(heard.n, sizeof(expected) / sizeof(expected[0]));
	assert_memory_equal(heard.state, expected, sizeof(expected));
	nsk_config_free(config);
	nsk_wire_destroy(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_affinity_and_signal_mask_stay), /* first: it starts EAL */
		cmocka_unit_test(test_any_failing_step_unwinds),
		cmocka_unit_test(test_a_stack_costs_at_most_two_megabytes),
		cmocka_unit_test(test_a_thousand_stacks_in_a_row_leave_nothing),
		cmocka_unit_test(test_an_mtu_that_the_port_cannot_do),
		cmocka_unit_test(test_pause_frames_of_a_port_that_has_none),
		cmocka_unit_test(test_other_eal_arguments_are_refused_clearly),
		cmocka_unit_test(test_an_interface_goes_through_its_states_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
