/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons of the way to the kernel, a callback port in the kernel's place; see drops.h. */
#include "sim/drops.h"
#include "wire/tcp.h"

#define KERNEL_PORT 22

static uint8_t f[PEER_FRAME_MAX];
/* Of all tests, since it must be there until the stack of the last one is gone. */
static struct nsk_callback_port *kernel;
static bool refuses;

static bool kernel_gets(void *arg, const void *packet, size_t len)
{
	(void)arg;
	(void)packet;
	(void)len;
	return !refuses;
}

static void with_a_twin(struct nsk_config *config)
{
	const struct nsk_callback_params params = {.ethernet = true, .output = kernel_gets};

	if (!kernel)
		kernel = nsk_callback_create(&params);
	assert_non_null(kernel);
	assert_int_equal(nsk_config_add_twin_callback(config, kernel), 0);
	assert_int_equal(nsk_config_add_punt(config, "ssh"), 0);
}

/* Time stands still: it waits for the kernel. */
static void segment_for_the_kernel(struct peer *p)
{
	peer_tcp(p, &(struct tcp_spec){.sport = 5000, .dport = KERNEL_PORT, .flags = TCP_SYN});
}

static void segments(struct peer *p, enum nsk_drop until)
{
	while (world_drops(&p->world, 0, until) == 0)
		segment_for_the_kernel(p);
}

static const char *const one_a_second[] = {"twin.rate=1", NULL};
static const char *const short_queue[] = {"twin.rate=1000000", "twin.queue=16", NULL};

static void allowance_used_up(struct peer *p)
{
	segments(p, NSK_DROP_TWIN_RATE);
}

static void queue_filled(struct peer *p)
{
	segments(p, NSK_DROP_TWIN_QUEUE_FULL);
}

static void twin_refuses(struct peer *p)
{
	(void)p;
	refuses = true;
}

static void twin_takes(struct peer *p)
{
	(void)p;
	refuses = false;
}

static void segment_for_a_twin_that_is_down(struct peer *p)
{
	segment_for_the_kernel(p);
	peer_run(p, 2 * MS);
}

static void runt_of_the_kernel(struct peer *p)
{
	assert_int_equal(nsk_callback_input(kernel, f, 13), 0);
	peer_run(p, 2 * MS);
}

#define CASE(why, fn, ...)                                                                      \
	{                                                                                       \
		.reason = NSK_DROP_##why, .name = #fn, .provoke = fn, .configure = with_a_twin, \
		__VA_ARGS__                                                                     \
	}

const struct drop_test drops_twin[] = {
	CASE(TWIN_RATE, segment_for_the_kernel, .settings = one_a_second,
	     .prepare = allowance_used_up),
	CASE(TWIN_QUEUE_FULL, segment_for_the_kernel, .settings = short_queue,
	     .prepare = queue_filled),
	CASE(TWIN_DOWN, segment_for_a_twin_that_is_down, .prepare = twin_refuses,
	     .finish = twin_takes),
	CASE(TWIN_BAD_FRAME, runt_of_the_kernel, .captured = NOT_AT_ALL),
};
const unsigned drops_twin_count = NSK_ARRAY_LEN(drops_twin);
