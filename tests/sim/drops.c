/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every packet that is dropped counts exactly one reason, by the number sent; and every reason of
 * the list can happen.
 */
#include "sim/drops.h"
#include "sim/blocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES 5

static struct peer peer;
static struct blocks blocks;

static void read_drops(uint64_t drop[NSK_DROP_MAX])
{
	struct nsk_stats stats;

	assert_int_equal(nsk_stats_read(peer.world.host[0], -1, &stats), 0);
	memcpy(drop, stats.drop, sizeof(stats.drop));
}

/* Compares two readings: reason n times, also n times, nothing else. */
static void assert_counted(const struct drop_test *t, const uint64_t *before, unsigned n)
{
	uint64_t now[NSK_DROP_MAX];

	read_drops(now);
	for (unsigned i = 1; i < NSK_DROP_MAX; i++) {
		uint64_t want = (i == (unsigned)t->reason || i == (unsigned)t->also) ? n : 0;

		if (now[i] - before[i] != want)
			fail_msg("%s: %s counted %llu times, not %llu", t->name,
				 nsk_drop_name((enum nsk_drop)i),
				 (unsigned long long)(now[i] - before[i]),
				 (unsigned long long)want);
	}
}

/* What came in, to the last octet; or the packet in it, where nothing else is left. */
static bool came_in(const struct blocks_packet *dropped)
{
	uint32_t head = blocks.link[dropped->interface] == 101 ? ETH_HLEN : 0;

	for (unsigned i = 0; i < blocks.npackets; i++) {
		const struct blocks_packet *in = &blocks.packet[i];

		if (in->direction == 1 && in->len == dropped->len + head &&
		    memcmp(in->data + head, dropped->data, dropped->len) == 0)
			return true;
	}
	return false;
}

/* Each packet that was dropped is in a capture, with the reason. */
static void assert_captured(const struct drop_test *t, unsigned times)
{
	unsigned n = 0, want = t->captured == NOT_AT_ALL ? 0 : times;
	char comment[200];

	snprintf(comment, sizeof(comment), "dropped: %s: %s", nsk_drop_name(t->reason),
		 nsk_drop_text(t->reason));
	blocks_read(&blocks);
	for (unsigned i = 0; i < blocks.npackets; i++) {
		const struct blocks_packet *p = &blocks.packet[i];

		if (strcmp(p->comment, comment) != 0)
			continue;
		n++;
		if (t->captured == AS_THEY_CAME && !came_in(p))
			fail_msg("%s: number %u is captured otherwise than it came", t->name, n);
	}
	if (n != want)
		fail_msg("%s: %u of %u captured", t->name, n, want);
}

static void close_down(const struct drop_test *t)
{
	if (t->finish)
		t->finish(&peer);
	blocks_end(&blocks);
	peer_settle(&peer);
	blocks_finish(&blocks);
	peer_finish(&peer, 10 * MINUTE);
}

static void one_reason(void **state)
{
	const struct drop_test *t = *state;
	unsigned times = t->times ? t->times : TIMES;
	uint64_t before[NSK_DROP_MAX];

	memset(&peer, 0, sizeof(peer));
	peer.no_arp = t->no_arp;
	peer.configure = t->configure;
	peer_start(&peer, t->settings);
	if (t->prepare)
		t->prepare(&peer);
	blocks_start(&blocks, peer.world.host[0], NULL);
	nsk_turn(peer.world.host[0]);
	read_drops(before);
	if (t->at_once) {
		t->provoke(&peer);
		assert_counted(t, before, times);
	} else {
		for (unsigned i = 1; i <= times; i++) {
			t->provoke(&peer);
			assert_counted(t, before, i);
		}
	}
	assert_captured(t, times);
	close_down(t);
}

static char *name_of(const struct drop_test *t)
{
	char *name = NULL;

	if (asprintf(&name, "%s:_%s", nsk_drop_name(t->reason), t->name) < 0)
		abort();
	return name;
}

/* world_setup() wants the name, the test its row. */
static int setup(void **state)
{
	static char *name;

	free(name);
	name = name_of(*state);
	return world_setup((void **)&name);
}

static bool covered(enum nsk_drop reason)
{
	for (unsigned i = 0; i < drops_link_count; i++)
		if (drops_link[i].reason == reason)
			return true;
	for (unsigned i = 0; i < drops_dhcp_count; i++)
		if (drops_dhcp[i].reason == reason)
			return true;
	for (unsigned i = 0; i < drops_frag_count; i++)
		if (drops_frag[i].reason == reason)
			return true;
	for (unsigned i = 0; i < drops_forward_count; i++)
		if (drops_forward[i].reason == reason)
			return true;
	for (unsigned i = 0; i < drops_ip6_count; i++)
		if (drops_ip6[i].reason == reason)
			return true;
	for (unsigned i = 0; i < drops_group_count; i++)
		if (drops_group[i].reason == reason)
			return true;
	for (unsigned i = 0; i < drops_tcp_count; i++)
		if (drops_tcp[i].reason == reason)
			return true;
	for (unsigned i = 0; i < drops_port_count; i++)
		if (drops_port[i].reason == reason)
			return true;
	for (unsigned i = 0; i < drops_twin_count; i++)
		if (drops_twin[i].reason == reason)
			return true;
	return false;
}

static void every_reason_of_the_list_has_a_test(void **state)
{
	(void)state;
	for (unsigned i = 1; i < NSK_DROP_MAX; i++)
		if (!covered((enum nsk_drop)i))
			fail_msg("%s has no test", nsk_drop_name((enum nsk_drop)i));
}

static struct CMUnitTest tests[256];
static unsigned ntests;

static void add(const struct drop_test *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct CMUnitTest *test = &tests[ntests++];

		*test = (struct CMUnitTest){.name = name_of(&list[i]),
					    .test_func = one_reason,
					    .setup_func = setup,
					    .teardown_func = world_teardown,
					    .initial_state = (void *)(uintptr_t)&list[i]};
	}
}

int main(void)
{
	int rc;

	add(drops_link, drops_link_count);
	add(drops_dhcp, drops_dhcp_count);
	add(drops_frag, drops_frag_count);
	add(drops_forward, drops_forward_count);
	add(drops_ip6, drops_ip6_count);
	add(drops_group, drops_group_count);
	add(drops_tcp, drops_tcp_count);
	add(drops_port, drops_port_count);
	add(drops_twin, drops_twin_count);
	tests[ntests++] = (struct CMUnitTest)world_test(every_reason_of_the_list_has_a_test);
	world_prepare();
	rc = _cmocka_run_group_tests("drops", tests, ntests, NULL, NULL);
	for (unsigned i = 0; i + 1 < ntests; i++)
		free((void *)(uintptr_t)tests[i].name);
	return rc;
}
