/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way to the kernel: how much goes there and comes from there, and what a configuration may say
 * of it.
 */
#include <errno.h>

#include "sim/kernel.h"
#include "wire/arp.h"

/* ---- limits -------------------------------------------------------------------------------- */

static const char *const slow[] = {"twin.rate=100", "twin.queue=16", NULL};

/* A tenth of a second's at once, then so many a second; one rule's flood is not another's. */
static void each_rule_has_its_own_limit(void **state)
{
	unsigned before;

	(void)state;
	begin(slow, RULES("ssh", "bgp"));
	for (unsigned i = 0; i < 50; i++)
		hand_in(syn(0, (uint16_t)(5000 + i), 22)); /* 100 ms */
	before = kernel.n;
	assert_in_range(before, 10 + 9, 10 + 11);
	assert_int_equal(drops(NSK_DROP_TWIN_RATE), 50 - before);
	peer_expect_silence(&peer); /* no RST: the kernel may listen there */
	hand_in(syn(0, 6000, 179));
	assert_int_equal(kernel.n, before + 1);
	peer_run(&peer, SEC);
	hand_in(syn(0, 7000, 22));
	assert_int_equal(kernel.n, before + 2);
	end();
}

static void a_full_queue_drops_the_newest(void **state)
{
	static const char *const short_queue[] = {"twin.rate=100000", "twin.queue=16", NULL};

	(void)state;
	begin(short_queue, RULES("ssh"));
	for (unsigned i = 0; i < 20; i++)
		peer_input(&peer, f, syn(0, (uint16_t)(5000 + i), 22));
	peer_run(&peer, 5 * MS);
	assert_int_equal(kernel.n, 16);
	assert_int_equal(drops(NSK_DROP_TWIN_QUEUE_FULL), 4);
	end();
}

static void a_twin_that_takes_nothing_drops(void **state)
{
	(void)state;
	begin(NULL, RULES("ssh"));
	kernel.refuse = true;
	dropped(syn(0, 5000, 22), NSK_DROP_TWIN_DOWN);
	kernel.refuse = false;
	nsk_callback_link(kernel.port, false);
	dropped(syn(0, 5000, 22), NSK_DROP_TWIN_DOWN);
	nsk_callback_link(kernel.port, true);
	kernel_gets_it(syn(0, 5000, 22));
	end();
}

/* ---- from the kernel ----------------------------------------------------------------------- */

static void kernel_sends(size_t len)
{
	assert_int_equal(nsk_callback_input(kernel.port, f, len), 0);
}

static void what_the_kernel_sends_leaves_by_the_interface(void **state)
{
	const struct kept_frame *k;
	size_t len;

	(void)state;
	begin(NULL, RULES("bgp"));
	len = frame_arp(f, ARP_OP_REQUEST, stack_mac, HOST_A, NULL, UINT32_C(0x0a000063),
			bcast_mac);
	peer.no_arp = true;
	kernel_sends(len);
	peer_run(&peer, 2 * MS);
	k = peer_take(&peer);
	assert_non_null(k);
	assert_int_equal(k->len, len);
	assert_memory_equal(k->data, f, len);
	peer.no_arp = false;
	len = frame_tcp(f, &(struct tcp_spec){.ip = {.src = HOST_A, .dst = HOST_B},
					      .sport = 179,
					      .dport = 5000,
					      .flags = TCP_SYN | TCP_ACK});
	memcpy(f, peer_mac, 6);
	memcpy(f + 6, stack_mac, 6);
	kernel_sends(len);
	peer_run(&peer, 2 * MS);
	k = peer_take(&peer);
	assert_non_null(k);
	assert_memory_equal(k->data, f, len);
	assert_int_equal(counted(NSK_CNT_TWIN_OUT), 2);
	assert_int_equal(kernel.n, 0); /* and nothing of it comes back */
	end();
}

static void frames_that_fit_no_wire_are_dropped(void **state)
{
	(void)state;
	begin(NULL, RULES("bgp"));
	memset(f, 0, sizeof(f));
	kernel_sends(ETH_HLEN - 1);
	peer_run(&peer, 2 * MS);
	assert_int_equal(drops(NSK_DROP_TWIN_BAD_FRAME), 1);
	kernel_sends(ETH_HLEN + 4 + 1501);
	peer_run(&peer, 2 * MS);
	assert_int_equal(drops(NSK_DROP_TWIN_BAD_FRAME), 2);
	peer_expect_silence(&peer);
	kernel_sends(ETH_HLEN + 4 + 1500); /* with a tag */
	peer_run(&peer, 2 * MS);
	assert_non_null(peer_take(&peer));
	nsk_callback_link(peer.port, false);
	peer_run(&peer, SEC);
	kernel_sends(60);
	peer_run(&peer, 2 * MS);
	assert_int_equal(drops(NSK_DROP_TX_LINK_DOWN), 1);
	nsk_callback_link(peer.port, true);
	end();
}

static unsigned sent(void)
{
	return (unsigned)counted(NSK_CNT_TWIN_OUT);
}

/* What is beyond the rate is not read: it waits where the kernel bounds it. */
static void the_kernel_sends_no_faster_than_allowed(void **state)
{
	static const char *const few[] = {"twin.send_rate=1000", NULL};

	(void)state;
	begin(few, RULES("bgp"));
	memset(f, 0, 60);
	for (unsigned i = 0; i < 500; i++)
		kernel_sends(60);
	peer_run(&peer, 100 * MS);
	assert_in_range(sent(), 100 + 15, 100 + 25);
	peer_run(&peer, SEC);
	assert_int_equal(sent(), 500);
	peer_forget(&peer);
	end();
}

/* ---- configuration ------------------------------------------------------------------------- */

static void refuses(const char *rule, const char *why)
{
	struct nsk_config *config = nsk_config_new();

	assert_non_null(config);
	assert_int_equal(nsk_config_add_device(config, "pcap:tx=/dev/null"), 0);
	assert_int_equal(nsk_config_add_punt(config, rule), -1);
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(nsk_config_error(config), why));
	nsk_config_free(config);
}

static void rules_that_mean_nothing_are_refused(void **state)
{
	static const char *const bad[] = {"",	     "all",    "tcp:",	 "tcp:5-",  "tcp:5/one",
					  "icmp:1",  "0",      "255",	 "89:1",    "tcp:22x",
					  "bgp ",    "TCP:22", "tcp:-1", "tcp: 22", "udp/both",
					  "tcpx:22", "-1"};
	static const char *const ports[] = {"tcp:0", "tcp:65536", "tcp:5-4"};

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(bad); i++)
		refuses(bad[i], "no-listener");
	for (unsigned i = 0; i < NSK_ARRAY_LEN(ports); i++)
		refuses(ports[i], "1 to 65535");
}

static void a_twin_says_what_goes_there(void **state)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack;

	(void)state;
	assert_int_equal(nsk_config_add_twin(config, "eth0k"), -1);
	assert_int_equal(nsk_config_add_device(config, "pcap:tx=/dev/null"), 0);
	assert_int_equal(nsk_config_add_twin(config, "eth0k"), 0);
	assert_int_equal(nsk_config_add_twin(config, "eth1k"), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(nsk_stack_create(config, &stack), -1);
	assert_non_null(strstr(nsk_config_error(config), "without punt"));
	nsk_config_free(config);
	config = nsk_config_new();
	assert_int_equal(nsk_config_add_punt(config, "bgp"), -1);
	assert_int_equal(nsk_config_add_device(config, "pcap:tx=/dev/null"), 0);
	assert_int_equal(nsk_config_add_punt(config, "bgp"), 0);
	assert_int_equal(nsk_stack_create(config, &stack), -1);
	assert_non_null(strstr(nsk_config_error(config), "punt without a twin"));
	nsk_config_free(config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		world_test(each_rule_has_its_own_limit),
		world_test(a_full_queue_drops_the_newest),
		world_test(a_twin_that_takes_nothing_drops),
		world_test(what_the_kernel_sends_leaves_by_the_interface),
		world_test(frames_that_fit_no_wire_are_dropped),
		world_test(the_kernel_sends_no_faster_than_allowed),
		world_test(rules_that_mean_nothing_are_refused),
		world_test(a_twin_says_what_goes_there),
	};

	return world_main(tests);
}
