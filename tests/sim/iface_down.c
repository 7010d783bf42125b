/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An interface that is taken down and up again: its neighbours are forgotten by every worker, what
 * waited for them is dropped under its name, and afterwards the peers are asked anew. So is one
 * whose port wants it when its link has returned.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/net.h"
#include "sim/world.h"
#include "stack/stack.h"

#define WORKERS 2

struct downed {
	struct world world;
	struct nsk_iface_info ifc;
	int fd[WORKERS]; /* on host 0, one on each of its workers */
};

static int downed_up(void **state)
{
	static struct downed d;
	struct world *world = &d.world;

	world_setup(state);
	world_pair(world, &(struct world_params){.seed = 1, .workers = {WORKERS, 1}});
	assert_int_equal(nsk_iface_info(world->host[0], 0, &d.ifc), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(nsk_attach(world->host[0], i), 0);
		d.fd[i] = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_int_equal(nsk_detach(), 0);
	}
	world_settle(world);
	*state = &d;
	return 0;
}

static int downed_down(void **state)
{
	struct downed *d = *state;

	world_end(&d->world);
	return world_teardown(state);
}

static void send_from(struct downed *d, unsigned worker, uint32_t to)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(to)};

	assert_int_equal(nsk_sendto(d->fd[worker], "x", 1, 0, (struct sockaddr *)&sin, sizeof(sin)),
			 1);
	nsk_turn(d->world.host[0]);
}

static unsigned neighbours(struct downed *d, unsigned worker)
{
	struct neigh_row rows[8];
	uint32_t cursor = 0;
	unsigned n = 0;

	while (cursor != UINT32_MAX)
		n += neigh_list(&d->world.host[0]->worker[worker]->w, &cursor, rows, 8);
	return n;
}

static void set(struct downed *d, bool up)
{
	assert_int_equal(nsk_iface_set(d->world.host[0], d->ifc.name, up), 0);
}

static void every_worker_forgets_the_neighbours(void **state)
{
	struct downed *d = *state;
	uint64_t asked;

	for (unsigned i = 0; i < WORKERS; i++) {
		send_from(d, i, HOST_B);
		world_settle(&d->world);
		assert_int_equal(neighbours(d, i), 1);
	}
	set(d, false);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(neighbours(d, i), 0);
	set(d, true);
	world_settle(&d->world);
	asked = world_counter(&d->world, 0, NSK_CNT_ARP_REQUESTS_SENT);
	for (unsigned i = 0; i < WORKERS; i++) {
		send_from(d, i, HOST_B);
		world_settle(&d->world);
		/* The answer to the first worker is one to all. */
		assert_int_equal(neighbours(d, i), 1);
	}
	assert_true(world_counter(&d->world, 0, NSK_CNT_ARP_REQUESTS_SENT) > asked);
}

static void what_waits_for_a_neighbour_is_dropped_by_name(void **state)
{
	struct downed *d = *state;
	uint64_t before = world_drops_all(&d->world, 0);

	for (unsigned i = 0; i < WORKERS; i++) {
		send_from(d, i, HOST_B + 7);
		assert_int_equal(neighbours(d, i), 1);
	}
	assert_int_equal(world_drops_all(&d->world, 0), before);
	set(d, false);
	assert_int_equal(world_drops(&d->world, 0, NSK_DROP_TX_LINK_DOWN), WORKERS);
	assert_int_equal(world_drops_all(&d->world, 0), before + WORKERS);
	set(d, true);
}

static void a_connection_goes_on_when_the_interface_is_back(void **state)
{
	struct downed *d = *state;
	int listener = world_listen(&d->world, 1, 80, 1), fd, accepted;
	char text[6];

	fd = world_connect(&d->world, 0, "10.0.0.2", 80);
	accepted = world_accept(&d->world, listener);
	set(d, false);
	assert_int_equal(nsk_send(accepted, "hello", 6, 0), 6);
	world_run(&d->world, SEC, NULL, NULL);
	set(d, true);
	world_recv(&d->world, fd, text, 6);
	assert_string_equal(text, "hello");
}

/* The link goes and comes back, each for long enough to be seen. */
static void flap(struct downed *d)
{
	for (unsigned up = 0; up < 2; up++) {
		nsk_wire_link(d->world.wire, up);
		world_run(&d->world, SEC, NULL, NULL);
	}
}

static void note_state(void *arg, const struct nsk_event *event)
{
	char *states = arg;

	if (event->type == NSK_EVENT_IFACE_STATE)
		states[strlen(states)] = (char)('0' + event->value);
}

static void a_port_that_its_link_leaves_dead_is_started_again(void **state)
{
	const char again[] = {'0' + NSK_IFACE_DISABLING, '0' + NSK_IFACE_DISABLED,
			      '0' + NSK_IFACE_ENABLING, '0' + NSK_IFACE_ENABLED, '\0'};
	struct downed *d = *state;
	struct nsk_stack *stack = d->world.host[0];
	char states[16] = "";

	stack->event_fn = note_state;
	stack->event_arg = states;
	flap(d);
	assert_string_equal(states, "");
	stack->iface[0].port->caps.restarts = true;
	flap(d);
	assert_string_equal(states, again);
	assert_int_equal(nsk_iface_info(stack, 0, &d->ifc), 0);
	assert_true(d->ifc.link_up);
	send_from(d, 1, HOST_B);
	world_settle(&d->world);
	assert_int_equal(neighbours(d, 1), 1);
	stack->event_fn = NULL;
}

/* Every other datagram comes in fragments, if it may. */
static void send_some(struct world *world, unsigned host, int fd, const char *to, unsigned n,
		      bool fragments)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(9)};
	static const char data[4000]; /* three fragments: one datagram does not come whole */

	inet_pton(AF_INET, to, &sin.sin_addr);
	for (unsigned i = 0; i < n; i++) {
		size_t len = fragments && i % 2 ? sizeof(data) : 100;

		assert_int_equal(nsk_sendto(fd, data, len, 0, (struct sockaddr *)&sin, sizeof(sin)),
				 len);
	}
	nsk_turn(world->host[host]);
}

/* By pool counts: whatever was on its way, waited for a neighbour or was asked for when a
 * port stopped, all buffers of both hosts are free then, cycle after cycle. */
static void every_stop_gives_all_buffers_back(void **state)
{
	struct nsk_iface_info ifc[2];
	struct world world;
	int fd[2], peer[2], listener;

	(void)state;
	world_pair(&world, &(struct world_params){
				   .seed = 3,
				   .wire = {.delay_ns = 10 * MS, .rate_bps = 100000000},
				   .workers = {WORKERS, 1},
			   });
	world_connected(&world, 80, &listener, peer);
	for (unsigned h = 0; h < 2; h++) {
		assert_int_equal(nsk_iface_info(world.host[h], 0, &ifc[h]), 0);
		fd[h] = world_udp(&world, h, h ? "10.0.0.2" : "10.0.0.1", 0);
	}
	for (unsigned cycle = 0; cycle < 100; cycle++) {
		uint64_t some_ns = cycle % 10 * 3 * MS;
		bool fragments = cycle / 10 % 2;

		send_some(&world, 0, fd[0], "10.0.0.2", 20, fragments);
		send_some(&world, 0, fd[0], "10.0.0.99", 5, false); /* nobody is there */
		send_some(&world, 1, fd[1], "10.0.0.1", 20, fragments);
		world_run(&world, some_ns, NULL, NULL);
		assert_true(cycle % 10 || world_levels(&world, 0).buffers_free <
						  world_levels(&world, 0).buffers_total);
		for (unsigned h = 0; h < 2; h++)
			assert_int_equal(nsk_iface_set(world.host[h], ifc[h].name, false), 0);
		/* Those that came wait for the rest, for 60 s at most, and not for the port. */
		if (fragments)
			world_run(&world, 61 * SEC, NULL, NULL);
		world_pool_complete(&world, 0);
		world_pool_complete(&world, 1);
		for (unsigned h = 0; h < 2; h++)
			assert_int_equal(nsk_iface_set(world.host[h], ifc[h].name, true), 0);
	}
	/* And it is the same as before. */
	world_send(&world, peer[0], "hello", 6);
	world_end(&world);
}

static void link_of_one_that_leaves(struct port *port, struct port_link *link)
{
	(void)port;
	*link = (struct port_link){.gone = true};
}

static void a_device_that_leaves_takes_its_interface_down(void **state)
{
	const char down[] = {'0' + NSK_IFACE_DISABLING, '0' + NSK_IFACE_DISABLED, '\0'};
	struct downed *d = *state;
	struct nsk_stack *stack = d->world.host[0];
	const struct port_ops *own = stack->iface[0].port->ops;
	struct port_ops ops = *own;
	char states[16] = "";

	ops.link = link_of_one_that_leaves;
	stack->iface[0].port->ops = &ops;
	stack->event_fn = note_state;
	stack->event_arg = states;
	stack->log.level = NSK_LOG_NONE; /* it says so as an error */
	world_run(&d->world, SEC, NULL, NULL);
	stack->iface[0].port->ops = own;
	stack->event_fn = NULL;
	assert_string_equal(states, down);
	assert_int_equal(nsk_iface_info(stack, 0, &d->ifc), 0);
	assert_false(d->ifc.link_up);
}

#define downed_test(fn)                                                      \
	cmocka_unit_test_prestate_setup_teardown(fn, downed_up, downed_down, \
						 (void *)(uintptr_t) #fn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		downed_test(every_worker_forgets_the_neighbours),
		downed_test(what_waits_for_a_neighbour_is_dropped_by_name),
		downed_test(a_connection_goes_on_when_the_interface_is_back),
		downed_test(a_port_that_its_link_leaves_dead_is_started_again),
		world_test(every_stop_gives_all_buffers_back),
		downed_test(a_device_that_leaves_takes_its_interface_down),
	};

	return world_main(tests);
}
