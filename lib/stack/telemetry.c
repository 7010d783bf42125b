/* SPDX-License-Identifier: BSD-3-Clause */
/* Callbacks of DPDK's telemetry carry no argument: the stacks that they read are in one list of the
 * process. */
#include "stack/telemetry.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_telemetry.h>

#include "mbuf/dpdk_version.h"
#include "stack/stack.h"

static struct {
	pthread_mutex_t lock;
	bool registered;
	struct nsk_stack *stack[TELEMETRY_STACKS];
} shown = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Adds up the stacks that a parameter means: the one with that number, or all. 0 or -EINVAL. */
static int read_stacks(const char *params, struct nsk_stats *sum)
{
	char *end = NULL;
	unsigned long id = params ? strtoul(params, &end, 10) : 0;
	bool found = !params;

	*sum = (struct nsk_stats){0};
	if (params && (end == params || *end))
		return -EINVAL;
	for (unsigned i = 0; i < TELEMETRY_STACKS; i++) {
		struct nsk_stats one;

		if (!shown.stack[i] || (params && shown.stack[i]->id != id))
			continue;
		found = true;
		stats_read(shown.stack[i], -1, &one);
		for (unsigned k = 0; k < NSK_CNT_MAX; k++)
			sum->counter[k] += one.counter[k];
		for (unsigned k = 0; k < NSK_DROP_MAX; k++)
			sum->drop[k] += one.drop[k];
	}
	return found ? 0 : -EINVAL;
}

static int show_stacks(const char *cmd, const char *params, struct rte_tel_data *data)
{
	(void)cmd, (void)params;
	rte_tel_data_start_array(data, RTE_TEL_INT_VAL);
	pthread_mutex_lock(&shown.lock);
	for (unsigned i = 0; i < TELEMETRY_STACKS; i++)
		if (shown.stack[i])
			rte_tel_data_add_array_int(data, (int)shown.stack[i]->id);
	pthread_mutex_unlock(&shown.lock);
	return 0;
}

static int read_locked(const char *params, struct nsk_stats *sum)
{
	int rc;

	pthread_mutex_lock(&shown.lock);
	rc = read_stacks(params && params[0] ? params : NULL, sum);
	pthread_mutex_unlock(&shown.lock);
	return rc;
}

static int show_counters(const char *cmd, const char *params, struct rte_tel_data *data)
{
	struct nsk_stats sum;

	(void)cmd;
	if (read_locked(params, &sum))
		return -EINVAL;
	rte_tel_data_start_dict(data);
	for (unsigned i = 0; i < NSK_CNT_MAX; i++)
		TELEMETRY_ADD_U64(data, nsk_counter_name((enum nsk_counter)i), sum.counter[i]);
	return 0;
}

static int show_drops(const char *cmd, const char *params, struct rte_tel_data *data)
{
	struct nsk_stats sum;

	(void)cmd;
	if (read_locked(params, &sum))
		return -EINVAL;
	rte_tel_data_start_dict(data);
	for (unsigned i = NSK_DROP_NONE + 1; i < NSK_DROP_MAX; i++)
		TELEMETRY_ADD_U64(data, nsk_drop_name((enum nsk_drop)i), sum.drop[i]);
	return 0;
}

/* A process registers once: commands cannot be taken away again. */
static void register_commands(void)
{
	if (shown.registered)
		return;
	shown.registered = true;
	rte_telemetry_register_cmd("/netstk/stacks", show_stacks,
				   "Numbers of the stacks of this process. No parameters.");
	rte_telemetry_register_cmd("/netstk/counters", show_counters,
				   "Counters. Parameter: stack; without: the sum.");
	rte_telemetry_register_cmd("/netstk/drops", show_drops,
				   "Drops by reason. Parameter: stack; without: the sum.");
}

void telemetry_add(struct nsk_stack *stack)
{
	pthread_mutex_lock(&shown.lock);
	register_commands();
	for (unsigned i = 0; i < TELEMETRY_STACKS; i++) {
		if (!shown.stack[i]) {
			shown.stack[i] = stack;
			break;
		}
	}
	pthread_mutex_unlock(&shown.lock);
}

void telemetry_remove(struct nsk_stack *stack)
{
	pthread_mutex_lock(&shown.lock);
	for (unsigned i = 0; i < TELEMETRY_STACKS; i++)
		if (shown.stack[i] == stack)
			shown.stack[i] = NULL;
	pthread_mutex_unlock(&shown.lock);
}
