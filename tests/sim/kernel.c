/* SPDX-License-Identifier: BSD-3-Clause */
/* A callback port in the kernel's place; see kernel.h. */
#include "sim/kernel.h"

struct peer peer;
struct kernel kernel;
uint8_t f[PEER_FRAME_MAX];

static bool kernel_gets(void *arg, const void *packet, size_t len)
{
	(void)arg;
	if (kernel.refuse)
		return false;
	assert_true(kernel.n < KERNEL_KEPT && len <= sizeof(kernel.last));
	kernel.len[kernel.n++] = len;
	memcpy(kernel.last, packet, len);
	return true;
}

static const char *const *rules;
static void (*further)(struct nsk_config *config);

static void configure(struct nsk_config *config)
{
	struct nsk_callback_params params = {.ethernet = true, .mtu = 9000, .output = kernel_gets};

	memset(&kernel, 0, sizeof(kernel));
	kernel.port = nsk_callback_create(&params);
	assert_non_null(kernel.port);
	if (further)
		further(config);
	assert_int_equal(nsk_config_add_twin_callback(config, kernel.port), 0);
	for (unsigned i = 0; rules[i]; i++)
		assert_int_equal(nsk_config_add_punt(config, rules[i]), 0);
	assert_int_equal(nsk_config_add_address(config, "2001:db8::1/64"), 0);
}

void begin(const char *const *settings, const char *const *punt)
{
	begin_with(settings, punt, NULL);
}

void begin_with(const char *const *settings, const char *const *punt,
		void (*more)(struct nsk_config *config))
{
	further = more;
	memset(&peer, 0, sizeof(peer));
	peer.configure = configure;
	rules = punt;
	peer_start(&peer, settings);
	kernel.n = 0;
}

void end(void)
{
	struct nsk_callback_port *port = kernel.port;

	kernel.refuse = false;
	peer_finish(&peer, 10 * MINUTE);
	nsk_callback_destroy(port);
}

uint64_t drops(enum nsk_drop reason)
{
	return world_drops(&peer.world, 0, reason);
}

uint64_t counted(enum nsk_counter counter)
{
	return world_counter(&peer.world, 0, counter);
}

void hand_in(size_t len)
{
	peer_input(&peer, f, len);
	peer_run(&peer, 2 * MS);
}

void kernel_got_it(size_t len)
{
	assert_int_equal(kernel.n, 1);
	assert_int_equal(kernel.len[0], len);
	assert_memory_equal(kernel.last, f, len);
	kernel.n = 0;
}

size_t syn(uint32_t dst, uint16_t sport, uint16_t dport)
{
	return frame_tcp(f, &(struct tcp_spec){.ip = {.dst = dst},
					       .sport = sport,
					       .dport = dport,
					       .flags = TCP_SYN,
					       .seq = 1});
}

void kernel_gets_it(size_t len)
{
	hand_in(len);
	kernel_got_it(len);
	peer_expect_silence(&peer);
}

void refused(size_t len)
{
	hand_in(len);
	assert_int_equal(kernel.n, 0);
	assert_non_null(peer_take(&peer));
	peer_expect_silence(&peer);
}

void dropped(size_t len, enum nsk_drop reason)
{
	uint64_t before = drops(reason);

	hand_in(len);
	assert_int_equal(kernel.n, 0);
	assert_int_equal(drops(reason), before + 1);
	peer_expect_silence(&peer);
}
