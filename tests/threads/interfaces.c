/* SPDX-License-Identifier: BSD-3-Clause */
/* Several threads take an interface up and down at once while others look at it: its states still
 * follow one another, and no change is lost. */

#include <sched.h>

#include "threads/crew.h"

#define CHANGERS 3
#define CHANGES	 40

/* States in the order of their events, which come one at a time. */
static struct {
	int last;     /* [A] */
	int wrong;    /* [A] events that do not follow the one before */
	int starts;   /* [A] */
	int together; /* [A] threads in the callback */
} seen;

static void hear(void *arg, const struct nsk_event *event)
{
	int before;

	(void)arg;
	if (event->type != NSK_EVENT_IFACE_STATE || strcmp(event->iface, "lo") == 0)
		return;
	if (__atomic_fetch_add(&seen.together, 1, __ATOMIC_RELAXED))
		__atomic_fetch_add(&seen.wrong, 1, __ATOMIC_RELAXED);
	before = __atomic_exchange_n(&seen.last, event->value, __ATOMIC_RELAXED);
	if (event->value != (before + 1) % (NSK_IFACE_DISABLING + 1))
		__atomic_fetch_add(&seen.wrong, 1, __ATOMIC_RELAXED);
	if (event->value == NSK_IFACE_ENABLING)
		__atomic_fetch_add(&seen.starts, 1, __ATOMIC_RELAXED);
	sched_yield();
	__atomic_fetch_sub(&seen.together, 1, __ATOMIC_RELAXED);
}

static void do_change(struct job *job)
{
	for (unsigned i = 0; i < CHANGES; i++) {
		JOB_CALL(job, nsk_iface_set(job->stack, job->data, i % 2));
		if (job->rc)
			return;
	}
}

static void do_look(struct job *job)
{
	struct nsk_iface_info info;

	for (unsigned i = 0; i < 50 * CHANGES; i++) {
		JOB_CALL(job, nsk_iface_info(job->stack, 0, &info));
		if (job->rc || info.mtu != 1500 || info.state == NSK_IFACE_ENABLING ||
		    info.state == NSK_IFACE_DISABLING)
			job->other++;
	}
}

/* A worker's own thread changes it too, as others wait for it. */
static int turn_and_change(void *stack)
{
	struct nsk_iface_info info;

	if (nsk_worker_index() == 0 && nsk_iface_info(stack, 0, &info) == 0)
		for (unsigned i = 0; i < CHANGES; i++)
			if (nsk_iface_set(stack, info.name, i % 2))
				return errno;
	return crew_turn(stack);
}

static void changes_of_several_threads_come_one_after_the_other(void **state)
{
	struct bustle b = {.config = nsk_config_new()};
	void *const data[CHANGERS] = {b.iface, b.iface, b.iface};

	(void)state;
	nsk_config_events(b.config, hear, NULL);
	bustle_start(&b, turn_and_change);
	bustle_run(&b, do_change, data, CHANGERS, do_look);
	bustle_end(&b);
	assert_int_equal(seen.wrong, 0);
	assert_int_equal(seen.last, NSK_IFACE_DISABLED);
	assert_in_range(seen.starts, 2, 1 + (CHANGERS + 1) * CHANGES / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_of_several_threads_come_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
