/* SPDX-License-Identifier: BSD-3-Clause */
/* Several threads, a worker's own among them, add and remove addresses while others look: no place
 * is lost, nobody reads one that is half written. */

#include <errno.h>
#include <string.h>

#include "threads/crew.h"

#define CHANGERS 3
#define CHANGES	 300

static const char *const own[] = {"10.1.0.1/24", "10.2.0.1/24", "10.3.0.1/24", "2001:db8::7/64"};

static bool known(const char *address)
{
	for (unsigned i = 0; i < 4; i++)
		if (strcmp(address, own[i]) == 0)
			return true;
	return strncmp(address, "fe80::", 6) == 0 || strncmp(address, "127.0.0.1/", 10) == 0 ||
	       strncmp(address, "::1/", 4) == 0;
}

static int change(struct nsk_stack *stack, const char *name, const char *cidr, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		if (nsk_addr_add(stack, name, cidr, NSK_FOREVER, NSK_FOREVER))
			return errno;
		if (nsk_addr_del(stack, name, cidr))
			return errno;
	}
	return 0;
}

struct who {
	const char *name, *cidr;
};

static void do_change(struct job *job)
{
	const struct who *who = job->data;

	JOB_CALL(job, change(job->stack, who->name, who->cidr, CHANGES));
}

static void do_look(struct job *job)
{
	struct nsk_addr_info list[32];

	for (unsigned i = 0; i < 20 * CHANGES; i++) {
		JOB_CALL(job, nsk_addr_list(job->stack, list, 32));
		if (job->rc < 0 || job->rc > 5 + 2 /* lo's */)
			job->other++;
		for (int k = 0; k < job->rc; k++)
			job->other += !known(list[k].address);
	}
	job->rc = 0;
}

static int turn_and_change(void *stack)
{
	struct nsk_iface_info info;

	if (nsk_worker_index() == 0 && nsk_iface_info(stack, 0, &info) == 0) {
		int err = change(stack, info.name, own[3], CHANGES);

		if (err)
			return err;
	}
	return crew_turn(stack);
}

static void addresses_come_and_go_from_all_sides(void **state)
{
	struct bustle b = {.config = nsk_config_new()};
	struct who who[CHANGERS];
	void *data[CHANGERS];

	(void)state;
	bustle_start(&b, turn_and_change);
	for (unsigned i = 0; i < CHANGERS; i++) {
		who[i] = (struct who){b.iface, own[i]};
		data[i] = &who[i];
	}
	bustle_run(&b, do_change, data, CHANGERS, do_look);
	assert_true(nsk_addr_list(b.stack, NULL, 0) <= 1 + 2); /* a link-local one, and lo's */
	bustle_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_and_go_from_all_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
