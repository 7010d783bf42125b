/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building a stack and taking it down. The steps stand in one table; each has its mirror; a step
 * that fails leaves the ones before it to be undone in reverse.
 */
#include "stack/stack.h"
#include "sock/zc_send.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sock/call.h"
#include "sock/item.h"
#include "sock/limit.h"
#include "stack/build.h"
#include "stack/capture.h"
#include "stack/ctl.h"
#include "stack/eal.h"
#include "stack/neigh_api.h"
#include "stack/telemetry.h"

/* ---- EAL ----------------------------------------------------------------------------------- */

static int eal_up(struct nsk_stack *stack, struct nsk_config *config)
{
	const char *devargs[IFACE_DEVICES_MAX];
	struct eal_request req = {
		.devargs = devargs,
		.user_args = config->eal_args,
		.no_huge = config->no_huge,
		.log = &stack->log,
	};
	int rc = build_step(config, "starting EAL");

	if (rc)
		return rc;
	for (unsigned i = 0; i < config->ndevices; i++)
		if (config->device[i].kind == CONFIG_DEVARGS)
			devargs[req.ndevargs++] = config->device[i].devargs;
	rc = eal_need(&req, config->error, sizeof(config->error));
	/* What this machine lacks is no fault of that line. */
	if ((rc == -EINVAL || rc == -E2BIG) && config->eal_args[0])
		config_put_place(config, &config->eal_at);
	return rc;
}

/* EAL is the process's: it stays, but must not write into this stack's log any more. */
static void eal_down(struct nsk_stack *stack)
{
	eal_forget(&stack->log);
}

/* ---- workers, ports, pools ----------------------------------------------------------------- */

static void workers_down(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nworkers; i++)
		worker_drain(stack->worker[i]);
	for (unsigned i = 0; i < stack->nworkers; i++)
		if (stack->worker[i])
			zc_serve(&stack->worker[i]->w); /* nobody refers to anything any more */
	for (unsigned i = stack->nworkers; i-- > 0;) {
		worker_destroy(stack->worker[i]);
		stack->worker[i] = NULL;
	}
	for (unsigned i = 0; i < SHARED_PROTOS; i++)
		free(stack->shared.port_users[i]);
	extmem_fini(&stack->shared.extmem);
	pthread_mutex_destroy(&stack->shared.groups.lock);
	pthread_mutex_destroy(&stack->shared.addr_lock);
	pthread_mutex_destroy(&stack->snap.statics.lock);
}

_Static_assert(CONFIG_WORKERS_MAX <= 64, "one bit each in port_users");
_Static_assert(CONFIG_WORKERS_MAX <= EXTMEM_WORKERS, "each counts what it holds");

/* Fresh pages that cost nothing until a port in them is bound. */
static int ports_shared(struct nsk_stack *stack, struct nsk_config *config)
{
	int rc = stack->nworkers > 1 ? build_step(config, "table of ports") : 0;

	for (unsigned i = 0; rc == 0 && stack->nworkers > 1 && i < SHARED_PROTOS; i++) {
		stack->shared.port_users[i] = calloc(SHARED_PORTS, sizeof(uint64_t));
		if (!stack->shared.port_users[i])
			rc = build_fail(config, ENOMEM, "no memory for the table of ports");
	}
	if (rc)
		free(stack->shared.port_users[0]);
	return rc;
}

static int workers_up(struct nsk_stack *stack, struct nsk_config *config)
{
	int err = ports_shared(stack, config);

	if (err)
		return err;
	if (stack->nworkers > 1)
		rss_init(&stack->rss);
	extmem_init(&stack->shared.extmem);
	limit_init(&stack->shared, &stack->set);
	pthread_mutex_init(&stack->shared.groups.lock, NULL);
	pthread_mutex_init(&stack->shared.addr_lock, NULL);
	pthread_mutex_init(&stack->snap.statics.lock, NULL);
	for (unsigned i = 0; i < stack->nworkers; i++) {
		int rc = worker_create(stack, i, config, &stack->worker[i]);

		if (rc) {
			workers_down(stack);
			return rc;
		}
	}
	return 0;
}

static void ports_down(struct nsk_stack *stack)
{
	while (stack->nifaces)
		iface_close(stack, --stack->nifaces);
}

static int ports_up(struct nsk_stack *stack, struct nsk_config *config)
{
	for (unsigned i = 0; i < config->ndevices; i++) {
		int rc = iface_open(stack, config, i);

		if (rc) {
			ports_down(stack);
			return rc;
		}
	}
	return 0;
}

/* worker_destroy() frees the pool: a pool must outlive the port that holds its buffers, and ports
 * are closed first. */
static int pools_up(struct nsk_stack *stack, struct nsk_config *config)
{
	bool device_memory = false;

	for (unsigned i = 0; i < stack->nifaces; i++)
		device_memory |= stack->iface[i].port->caps.device_memory;
	for (unsigned i = 0; i < stack->nworkers; i++) {
		int rc = worker_create_pool(stack->worker[i], config, device_memory);

		if (rc)
			return rc;
	}
	return 0;
}

static void pools_down(struct nsk_stack *stack)
{
	(void)stack;
}

/* ---- protocols, interfaces, control -------------------------------------------------------- */

static void protocols_down(struct nsk_stack *stack)
{
	for (unsigned i = stack->nworkers; i-- > 0;)
		worker_stop(stack->worker[i]);
}

static int protocols_up(struct nsk_stack *stack, struct nsk_config *config)
{
	for (unsigned i = 0; i < stack->nworkers; i++) {
		int rc = worker_start(stack->worker[i], config);

		if (rc) {
			protocols_down(stack);
			return rc;
		}
	}
	return 0;
}

static void ifaces_down(struct nsk_stack *stack)
{
	for (unsigned i = stack->nifaces; i-- > 0;)
		iface_disable(stack, &stack->iface[i]);
}

static int ifaces_up(struct nsk_stack *stack, struct nsk_config *config)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];
		int rc = build_step(config, "starting interface %s", ifc->name);

		if (rc == 0) {
			rc = iface_enable(stack, ifc);
			if (rc)
				config_fail_at(config, &config->device[i].at, -rc, "%s: %s",
					       ifc->name, ifc->port->error);
		}
		if (rc) {
			ifaces_down(stack);
			return rc;
		}
	}
	return 0;
}

/* Threads can enter the stack, and make sockets, from here on. */
static int users_up(struct nsk_stack *stack, struct nsk_config *config)
{
	int rc = build_step(config, "place among the stacks of the process");

	if (rc)
		return rc;
	stack->place = sock_stack_add(&stack->worker[0]->w);
	if (stack->place < 0)
		return build_fail(config, ENFILE, "there are %u stacks in this process already",
				  SOCK_STACKS);
	return 0;
}

/* Nobody is in a call and no descriptor is open: nothing leads to the stack any more. */
static bool users_gone(struct nsk_stack *stack)
{
	handle_pins_pass();
	for (unsigned i = 0; i < stack->nworkers; i++)
		if (sock_visited(&stack->worker[i]->w))
			return false;
	for (unsigned i = 0; i < stack->nworkers; i++)
		if (stack->worker[i]->w.sock->open)
			return false;
	return true;
}

/*
 * Closes every descriptor and lets those out who are in a call: sleepers are woken, see that the
 * stack is stopping and leave; what they ask for on their way is done here, and may once more make
 * a descriptor.
 */
static void users_down(struct nsk_stack *stack)
{
	sock_stack_remove(stack->place);
	for (unsigned i = 0; i < stack->nworkers; i++)
		stack->worker[i]->w.ops->read_clock(&stack->worker[i]->w);
	do {
		call_serve_seized(stack);
		for (unsigned i = 0; i < stack->nworkers; i++)
			sock_worker_close_all(&stack->worker[i]->w);
		call_serve_own();
	} while (!users_gone(stack));
	for (unsigned i = 0; i < stack->nworkers; i++)
		worker_quiesce(stack->worker[i]);
}

static int control_up(struct nsk_stack *stack, struct nsk_config *config)
{
	int rc = build_step(config, "control socket");

	if (rc)
		return rc;
	if (config->control[0])
		rc = ctl_start(stack, config->control, &stack->ctl, config->error,
			       sizeof(config->error));
	if (rc)
		config_put_place(config, &config->control_at);
	else
		telemetry_add(stack);
	return rc;
}

static void control_down(struct nsk_stack *stack)
{
	telemetry_remove(stack);
	ctl_stop(stack->ctl);
	stack->ctl = NULL;
	captures_down(stack);
}

static const struct {
	int (*up)(struct nsk_stack *stack, struct nsk_config *config);
	void (*down)(struct nsk_stack *stack);
} steps[] = {
	{eal_up, eal_down},
	{workers_up, workers_down},
	{ports_up, ports_down},
	{pools_up, pools_down},
	{lo_up, lo_down},
	{stack_routes_up, stack_routes_down},
	{stack_neighs_up, stack_neighs_down},
	{protocols_up, protocols_down},
	{ifaces_up, ifaces_down},
	{twins_up, twins_down},
	{users_up, users_down},
	{mirrors_up, mirrors_down},
	{control_up, control_down},
};

/* ---- public -------------------------------------------------------------------------------- */

/* How many of the steps make ports with pools, without routes and protocols. */
#define STEPS_TO_PORTS 4

static int check_config(struct nsk_config *config)
{
	config->steps = 0;
	config->error[0] = '\0';
	if (config->ndevices == 0)
		return build_fail(
			config, EINVAL,
			"no device: name one with -d, 'nskctl devices' lists what there is");
	return config_check(config);
}

/*
 * What a stack's random numbers grow from, and the secret of its workers. The same seed gives the
 * same secret, but not one that the workers' generators betray. Without the kernel's randomness
 * there is no stack: whoever could guess it would find sequence numbers and cookies.
 */
static int own_secrets(struct nsk_stack *stack, struct nsk_config *config)
{
	struct siphash_key *key = &stack->shared.secret;
	struct rng rng;

	if (config->seeded) {
		stack->seed = config->seed;
		rng_seed(&rng, ~stack->seed);
		rng_fill(&rng, key, sizeof(*key));
		return 0;
	}
	if (getrandom(&stack->seed, sizeof(stack->seed), 0) == (ssize_t)sizeof(stack->seed) &&
	    getrandom(key, sizeof(*key), 0) == (ssize_t)sizeof(*key))
		return 0;
	return build_fail(
		config, EIO,
		"no random numbers from the kernel (getrandom: %s): the stack's secrets would be "
		"guessable",
		strerror(errno));
}

static int choose_secrets(struct nsk_stack *stack, struct nsk_config *config)
{
	struct stack_shared *shared = &stack->shared;
	int rc = own_secrets(stack, config);

	shared->clustered = config->clustered;
	shared->cluster = config->clustered ? config->cluster : shared->secret;
	if (config->clustered && !config->clock)
		shared->wall_ns = clock_wall_offset_ns();
	return rc;
}

/* Names of pools and rings must be unique in the process: a number never used twice. */
static unsigned next_id(void)
{
	static unsigned ids; /* [A] */

	return __atomic_fetch_add(&ids, 1, __ATOMIC_RELAXED);
}

/* Who sends on what it received would have to cut it again. */
static bool may_merge(const struct nsk_config *config)
{
	const struct settings *set = &config->set;

	for (unsigned i = 0; i < config->ndevices; i++)
		if (config->device[i].twin || config->device[i].twin_object)
			return false;
	return set->offload_lro && !SETTING(set, ip_forward) && !SETTING(set, ipv6_forward);
}

static int stack_new(struct nsk_config *config, struct nsk_stack **out)
{
	struct nsk_stack *stack;
	int rc;

	if (handles.forked)
		return build_fail(config, EPERM,
				  "this process was made by fork() from one with a stack, whose "
				  "devices and memory it shares: fork before the first stack, or "
				  "exec");
	sock_watch_forks();
	stack = calloc(1, sizeof(*stack));
	if (!stack)
		return build_fail(config, ENOMEM, "no memory for a stack");
	rc = choose_secrets(stack, config);
	if (rc) {
		free(stack);
		return rc;
	}
	stack->set = config->set;
	stack->merges = may_merge(config);
	pthread_mutex_init(&stack->set_lock, NULL);
	mem_init(&stack->mem, NULL);
	log_init(&stack->log, config->log_level, config->log_fn, config->log_arg);
	stack->clock = (struct clock){.fn = config->clock, .arg = config->clock_arg};
	stack->id = next_id();
	stack->nworkers = config->nworkers;
	stack->event_fn = config->event_fn;
	stack->event_arg = config->event_arg;
	*out = stack;
	return 0;
}

static void take_down(struct nsk_stack *stack, unsigned done)
{
	while (done > 0)
		steps[--done].down(stack);
	pthread_mutex_destroy(&stack->set_lock);
	free(stack);
}

/* The first n steps, or none. */
static int build(struct nsk_stack *stack, struct nsk_config *config, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int rc = steps[i].up(stack, config);

		if (rc) {
			take_down(stack, i);
			return rc;
		}
	}
	return 0;
}

int stack_build_ports(struct nsk_config *config, uint32_t buffers, struct nsk_stack **out)
{
	struct nsk_stack *stack;
	int rc = check_config(config);

	for (unsigned i = 0; rc == 0 && i < config->ndevices; i++)
		if (config->device[i].kind == CONFIG_VLAN)
			rc = config_fail_at(
				config, &config->device[i].at, EINVAL,
				"device \"%s\": frames come with their tags here, by the "
				"device itself",
				config->device[i].devargs);
	if (rc == 0)
		rc = stack_new(config, &stack);
	if (rc)
		return rc;
	stack->nworkers = 1;
	stack->merges = false; /* whoever sends on what it received cannot cut it again */
	stack->set.offload_tso = 0;
	/* Virtio's other end may leave checksums to be made to whoever lets hardware judge them. */
	stack->set.offload_rx = 0;
	if (buffers && !stack->set.pool_bufs)
		stack->set.pool_bufs = buffers;
	rc = build(stack, config, STEPS_TO_PORTS);
	if (rc)
		return rc;
	rc = ifaces_up(stack, config);
	if (rc) {
		take_down(stack, STEPS_TO_PORTS);
		return rc;
	}
	*out = stack;
	return 0;
}

void stack_free_ports(struct nsk_stack *stack)
{
	ifaces_down(stack);
	take_down(stack, STEPS_TO_PORTS);
}

int nsk_stack_create(struct nsk_config *config, struct nsk_stack **out)
{
	struct nsk_stack *stack;
	int rc;

	if (!config || !out) {
		errno = EINVAL;
		return -1;
	}
	rc = check_config(config);
	if (rc) {
		errno = -rc;
		return -1;
	}
	rc = stack_new(config, &stack);
	if (rc == 0)
		rc = build(stack, config, sizeof(steps) / sizeof(steps[0]));
	if (rc) {
		struct log log;

		log_init(&log, config->log_level, config->log_fn, config->log_arg);
		/* The caller has the text, and says it to whom it concerns. */
		LOG_INFO(&log, "stack", "%s", config->error);
		errno = -rc;
		return -1;
	}
	*out = stack;
	return 0;
}

int nsk_stack_destroy(struct nsk_stack *stack)
{
	int rc = stack && handles.forked ? -EPERM : 0;

	if (stack && rc == 0)
		rc = stack_seize(stack);

	if (rc) {
		errno = -rc;
		return -1;
	}
	if (stack)
		take_down(stack, sizeof(steps) / sizeof(steps[0]));
	return 0;
}

unsigned nsk_stack_workers(const struct nsk_stack *stack)
{
	return stack->nworkers;
}
