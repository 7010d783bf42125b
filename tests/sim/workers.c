/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack of several workers behind a port with one queue: what they share, and that a flow is good
 * whichever of them it comes to.
 */
#include <netinet/in.h>

#include "mbuf/shared.h"
#include "sim/world.h"
#include "sock/handle.h"
#include "stack/stack.h"
#include "tcp/embryo.h"
#include "tcp/output.h"
#include "tcpalg/cookie.h"

#define WORKERS 3

/* Host 0: one worker, the client. Host 1: several. */
struct many {
	struct world world;
};

static int many_up(void **state)
{
	static struct many many;
	struct world *world = &many.world;
	static const char *const cidr[] = {"10.0.0.1/24", "10.0.0.2/24"};

	world_setup(state);
	world_init(world, 1);
	world->wire = nsk_wire_create(NULL, NULL, 1500);
	for (unsigned i = 0; i < 2; i++) {
		struct nsk_config *config = world_config(world, NULL);

		assert_int_equal(nsk_config_workers(config, i == 1 ? WORKERS : 1), 0);
		assert_int_equal(nsk_config_add_wire(config, world->wire, i), 0);
		assert_int_equal(nsk_config_add_address(config, cidr[i]), 0);
		world_add(world, config);
	}
	world_settle(world);
	*state = &many;
	return 0;
}

static int many_down(void **state)
{
	struct many *many = *state;

	world_end(&many->world);
	return world_teardown(state);
}

static struct nsk_worker *worker(struct many *many, unsigned index)
{
	return &many->world.host[1]->worker[index]->w;
}

/* A listener on one of the workers. */
static int listener_on(struct many *many, unsigned index, uint16_t port)
{
	int fd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(many->world.host[1], index), 0);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_bind(fd,
				  (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET,
									   .sin_port = htons(port)},
				  sizeof(struct sockaddr_in)),
			 0);
	assert_int_equal(nsk_listen(fd, 64), 0);
	assert_int_equal(nsk_detach(), 0);
	return fd;
}

/* ---- secrets --------------------------------------------------------------------------------- */

static struct pkt packet(uint8_t flags)
{
	struct pkt p = {.family = AF_INET, .tcp_flags = flags, .seq = 1000};

	store_be32(p.flow.src, HOST_A);
	store_be32(p.flow.dst, HOST_B);
	p.flow.sport_be = htons(4000);
	p.flow.dport_be = htons(80);
	p.opts.present = TCP_HAS_MSS;
	p.opts.mss = 1460;
	return p;
}

static uint32_t cookie_for(struct nsk_worker *w, const struct pkt *syn)
{
	const struct cookie_conn conn = {
		.tuple = &syn->flow, .len = sizeof(syn->flow), .peer_isn = syn->seq};
	const struct cookie_opts co = {.mss = 1460, .wscale = COOKIE_NO_WSCALE};

	return cookie_make(&w->tcp->jar, &conn, &co, NULL, w->now_ns);
}

static void a_cookie_of_one_worker_is_good_on_the_others(void **state)
{
	struct many *many = *state;
	int fd = listener_on(many, 0, 80);
	struct tcp_conn *l = conn_of_sock(handle_sock(handle_at(fd)));
	struct pkt syn = packet(TCP_SYN), ack = packet(TCP_ACK);
	struct tcp_birth birth;

	ack.seq = syn.seq + 1;
	ack.ack = cookie_for(worker(many, 0), &syn) + 1;
	for (unsigned i = 0; i < WORKERS; i++)
		assert_false(tcp_cookie_input(worker(many, i), &ack, 0, &birth)); /* none is out */
	tcp_cookie_send(worker(many, 0), l, &syn);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_true(tcp_cookie_input(worker(many, i), &ack, 0, &birth));
		assert_int_equal(birth.peer_mss, 1460);
		ack.ack++;
		assert_false(tcp_cookie_input(worker(many, i), &ack, 0, &birth));
		ack.ack--;
	}
	assert_int_equal(nsk_close(fd), 0);
}

static void sequence_numbers_and_timestamps_are_those_of_the_stack(void **state)
{
	struct many *many = *state;
	struct pkt p = packet(TCP_SYN);
	uint32_t isn = tcp_isn(worker(many, 0), &p.flow, AF_INET);
	uint32_t offset = tcp_ts_offset(worker(many, 0), &p.flow, AF_INET);

	for (unsigned i = 1; i < WORKERS; i++) {
		assert_int_equal(tcp_isn(worker(many, i), &p.flow, AF_INET), isn);
		assert_int_equal(tcp_ts_offset(worker(many, i), &p.flow, AF_INET), offset);
	}
	/* Another stack has others, and each purpose its own. */
	assert_int_not_equal(tcp_isn(world_worker(&many->world, 0), &p.flow, AF_INET), isn);
	assert_memory_not_equal(&worker(many, 0)->tcp->isn_key, &worker(many, 0)->tcp->ts_key,
				sizeof(struct siphash_key));
}

#define many_test(fn) \
	cmocka_unit_test_prestate_setup_teardown(fn, many_up, many_down, (void *)(uintptr_t) #fn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		many_test(a_cookie_of_one_worker_is_good_on_the_others),
		many_test(sequence_numbers_and_timestamps_are_those_of_the_stack),
	};

	return world_main(tests);
}
