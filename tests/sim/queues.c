/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports with fewer queues than the stack has workers: who sends by them. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "sim/world.h"

static uint64_t frames_out(const struct nsk_stack *stack, int index)
{
	struct nsk_stats stats;

	assert_int_equal(nsk_stats_read(stack, index, &stats), 0);
	return stats.counter[NSK_CNT_TX_PACKETS];
}

/* One datagram to all on the network of a port. */
static void shout(struct nsk_stack *stack, unsigned index, unsigned port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(7),
				 .sin_addr.s_addr = htonl(0x0a0000ff + (port << 8))};
	int fd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(stack, index), 0);
	fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	world_setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1);
	assert_int_equal(nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(nsk_detach(), 0);
}

/* Otherwise all that leaves by the second port would be handed over to the first worker. */
static void a_port_with_one_queue_is_sent_by_who_polls_it(void **state)
{
	static struct world world;
	struct nsk_wire *wire[2];
	struct nsk_config *config;
	struct nsk_stack *stack;

	(void)state;
	world_init(&world, 1);
	config = world_config(&world, NULL);
	assert_int_equal(nsk_config_workers(config, 2), 0);
	for (unsigned i = 0; i < 2; i++) {
		wire[i] = nsk_wire_create(NULL, NULL, 1500);
		assert_int_equal(nsk_config_add_wire(config, wire[i], 0), 0);
		assert_int_equal(nsk_config_add_address(config, i ? "10.0.1.1/24" : "10.0.0.1/24"),
				 0);
	}
	stack = world.host[world_add(&world, config)];
	world_settle(&world);
	for (unsigned from = 0; from < 2; from++) {
		for (unsigned port = 0; port < 2; port++) {
			uint64_t before[2] = {frames_out(stack, 0), frames_out(stack, 1)};

			shout(stack, from, port);
			world_settle(&world);
			assert_int_equal(frames_out(stack, (int)port), before[port] + 1);
			assert_int_equal(frames_out(stack, (int)!port), before[!port]);
		}
	}
	world_end(&world);
	for (unsigned i = 0; i < 2; i++)
		nsk_wire_destroy(wire[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_port_with_one_queue_is_sent_by_who_polls_it),
	};

	return world_main(tests);
}
