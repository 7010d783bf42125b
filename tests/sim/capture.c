/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures: what went over the wire, and what of it was dropped, is in them, once and as it was. */
#include <errno.h>
#include <string.h>

#include <netstk/route.h>

#include "sim/blocks.h"
#include "sim/peer.h"

static struct peer p;
static struct blocks b;

static struct nsk_stack *stack(void)
{
	return p.world.host[0];
}

static void start(const struct capture_want *want)
{
	memset(&p, 0, sizeof(p));
	peer_start(&p, NULL);
	peer_run(&p, SEC);
	peer_forget(&p);
	blocks_start(&b, stack(), want);
	peer_settle(&p);
}

/* A turn lets the worker see the end. */
static void finish(void)
{
	blocks_end(&b);
	peer_settle(&p);
	blocks_finish(&b);
	peer_forget(&p);
	peer_finish(&p, MINUTE);
}

static size_t ping(uint8_t *frame, uint16_t seq, size_t len)
{
	static uint8_t body[1400];

	return frame_icmp(frame, &(struct ip_spec){0}, ICMP_ECHO, 0, 0x12340000u | seq, body, len);
}

static void send_ping(uint16_t seq)
{
	uint8_t frame[1514];

	peer_input(&p, frame, ping(frame, seq, 56));
	peer_settle(&p);
}

static void assert_packet(unsigned i, uint32_t direction, const void *data, size_t len)
{
	const struct blocks_packet *packet = &b.packet[i];

	assert_true(i < b.npackets);
	assert_int_equal(packet->direction, direction);
	assert_int_equal(packet->len, len);
	assert_int_equal(packet->cap_len, len);
	assert_memory_equal(packet->data, data, len);
}

static void what_comes_and_goes_is_captured(void **state)
{
	uint8_t frame[1514];
	size_t len = ping(frame, 1, 56);
	const struct kept_frame *reply;

	(void)state;
	start(NULL);
	peer_input(&p, frame, len);
	peer_settle(&p);
	blocks_read(&b);
	assert_int_equal(b.npackets, 2);
	assert_packet(0, 1, frame, len);
	reply = peer_take(&p);
	assert_packet(1, 2, reply->data, reply->len);
	assert_int_equal(b.packet[0].queue, 0);
	assert_true(b.packet[1].ns >= b.packet[0].ns);
	assert_string_equal(b.name[b.packet[0].interface], "callback0");
	assert_int_equal(b.link[b.packet[0].interface], 1);
	finish();
	assert_int_equal(b.matched, 2);
	assert_int_equal(b.lost, 0);
}

static void a_snap_length_cuts(void **state)
{
	uint8_t frame[1514];
	size_t len = ping(frame, 1, 1001);

	(void)state;
	start(&(struct capture_want){.snaplen = 63, .queue = -1, .what = WORKER_CAPTURES_IN});
	peer_input(&p, frame, len);
	peer_settle(&p);
	blocks_read(&b);
	assert_int_equal(b.npackets, 1);
	assert_int_equal(b.packet[0].cap_len, 63);
	assert_int_equal(b.packet[0].len, len);
	assert_memory_equal(b.packet[0].data, frame, 63);
	finish();
}

static void a_filter_chooses(void **state)
{
	(void)state;
	start(&(struct capture_want){.queue = -1,
				     .filter = "icmp[icmptype] == icmp-echoreply and len > 70"});
	for (uint16_t i = 0; i < 5; i++)
		send_ping(i);
	blocks_read(&b);
	assert_int_equal(b.npackets, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(b.packet[i].direction, 2);
	finish();
	assert_int_equal(b.matched, 5);
}

static void a_wrong_filter_is_told(void **state)
{
	struct capture_want want = {.queue = -1,
				    .ifaces = UINT32_MAX,
				    .what = WORKER_CAPTURES_IN,
				    .snaplen = 100,
				    .buffer = CAPTURE_BUFFER_MIN,
				    .filter = "tcp port"};
	struct capture *c;
	char error[256];

	(void)state;
	start(NULL);
	assert_int_equal(capture_start(stack(), &want, &c, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "tcp port"));
	finish();
}

static void a_queue_and_an_interface_are_chosen(void **state)
{
	(void)state;
	start(&(struct capture_want){.queue = 1});
	send_ping(1);
	blocks_read(&b);
	assert_int_equal(b.npackets, 0);
	finish();
	start(&(struct capture_want){.queue = -1, .ifaces = 1u << 1}); /* lo */
	send_ping(1);
	blocks_read(&b);
	assert_int_equal(b.npackets, 0);
	assert_int_equal(b.link[0], 101);
	finish();
}

/* tcpdump reads no file of two kinds of links, and lo is in every stack. */
static void an_interface_is_told_of_before_its_first_packet(void **state)
{
	(void)state;
	start(&(struct capture_want){.queue = -1});
	blocks_read(&b);
	assert_int_equal(b.ninterfaces, 0);
	send_ping(1);
	blocks_read(&b);
	assert_in_range(b.npackets, 1, 2);
	assert_int_equal(b.ninterfaces, 1);
	assert_int_equal(b.link[0], 1);
	finish();
	assert_int_equal(b.ninterfaces, 1);
	assert_int_equal(b.matched, b.npackets);

	start(&(struct capture_want){.queue = -1});
	finish();
	assert_int_equal(b.ninterfaces, 1); /* a file without any is none */
	assert_int_equal(b.matched, 0);
}

static void a_full_ring_loses_and_counts(void **state)
{
	uint8_t frame[1514];
	unsigned sent = 0;

	(void)state;
	start(&(struct capture_want){
		.queue = -1, .buffer = CAPTURE_BUFFER_MIN, .what = WORKER_CAPTURES_IN});
	for (; sent < 2 * CAPTURE_BUFFER_MIN / 1500; sent++) {
		peer_input(&p, frame, ping(frame, (uint16_t)sent, 1400));
		peer_settle(&p);
		peer_forget(&p);
	}
	blocks_read(&b);
	assert_in_range(b.npackets, CAPTURE_BUFFER_MIN / 1600, sent - 1);
	send_ping(0xffff);
	blocks_read(&b);
	/* The first one that there was room for again says how many there were not. */
	assert_int_equal(b.packet[b.npackets - 1].lost, sent + 1 - b.npackets);
	finish();
	assert_int_equal(b.matched, sent + 1);
	assert_int_equal(b.lost, sent + 1 - b.npackets);
}

/* What the port does not take is offered again: it goes out once. */
static void what_a_port_refuses_is_not_captured_until_it_takes_it(void **state)
{
	(void)state;
	start(&(struct capture_want){.queue = -1, .what = WORKER_CAPTURES_OUT});
	p.refuse = true;
	for (uint16_t i = 0; i < 2; i++) {
		uint8_t frame[1514];

		peer_input(&p, frame, ping(frame, i, 56));
		nsk_turn(stack()); /* time would stand still in peer_settle() */
		blocks_read(&b);
		assert_int_equal(b.npackets, 0);
	}
	p.refuse = false;
	peer_settle(&p);
	blocks_read(&b);
	assert_int_equal(b.npackets, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct kept_frame *f = peer_take(&p);

		assert_packet(i, 2, f->data, f->len);
	}
	finish();
	assert_int_equal(b.matched, 2);
}

/* A packet that the port refuses had said how many there was no room for: it says so again. */
static void what_was_lost_is_told_by_who_goes_out(void **state)
{
	uint8_t frame[1514];
	unsigned sent = 0, before;

	(void)state;
	start(&(struct capture_want){
		.queue = -1, .buffer = CAPTURE_BUFFER_MIN, .what = WORKER_CAPTURES_OUT});
	for (; sent < 2 * CAPTURE_BUFFER_MIN / 1500; sent++) {
		peer_input(&p, frame, ping(frame, (uint16_t)sent, 1400));
		peer_settle(&p);
		peer_forget(&p);
	}
	blocks_read(&b);
	before = b.npackets;
	assert_in_range(before, 1, sent - 1);
	p.refuse = true;
	peer_input(&p, frame, ping(frame, 7, 56));
	for (unsigned i = 0; i < 3; i++) /* time would stand still in peer_settle() */
		nsk_turn(stack());
	p.refuse = false;
	peer_settle(&p);
	blocks_read(&b);
	assert_int_equal(b.npackets, before + 1);
	assert_int_equal(b.packet[before].lost, sent - before);
	finish();
	assert_int_equal(b.lost, sent - before);
}

static void a_chain_of_buffers_is_one_packet(void **state)
{
	/* Behind the first buffer there is an octet that the filter looks at. */
	const struct capture_want want = {.queue = -1, .filter = "icmp and ether[8000] == 0x2a"};
	static const char *const jumbo[] = {"mtu=9000", NULL};
	static uint8_t data[8000], frame[PEER_FRAME_MAX];
	const struct kept_frame *reply;
	size_t len;

	(void)state;
	memset(&p, 0, sizeof(p));
	p.mtu = 9000;
	peer_start(&p, jumbo);
	blocks_start(&b, stack(), &want);
	peer_settle(&p);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	len = frame_icmp(frame, &(struct ip_spec){0}, ICMP_ECHO, 0, 1, data, sizeof(data));
	data[8000 - (len - sizeof(data))] = 0x2a;
	len = frame_icmp(frame, &(struct ip_spec){0}, ICMP_ECHO, 0, 1, data, sizeof(data));
	peer_input(&p, frame, len);
	peer_settle(&p);
	blocks_read(&b);
	assert_int_equal(b.npackets, 2);
	assert_packet(0, 1, frame, len);
	reply = peer_take(&p);
	assert_packet(1, 2, reply->data, reply->len);
	finish();
}

static void several_at_once_and_no_more(void **state)
{
	struct capture_want want = {.queue = -1,
				    .ifaces = UINT32_MAX,
				    .what = WORKER_CAPTURES_IN,
				    .snaplen = 100,
				    .buffer = CAPTURE_BUFFER_MIN};
	static struct blocks more[STACK_CAPTURES_MAX - 1];
	struct capture *c;
	char error[256];

	(void)state;
	start(NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(more); i++)
		blocks_start(&more[i], stack(), &want);
	assert_int_equal(capture_start(stack(), &want, &c, error, sizeof(error)), -EBUSY);
	peer_settle(&p);
	send_ping(1);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(more); i++) {
		blocks_end(&more[i]);
		peer_settle(&p);
		blocks_finish(&more[i]);
		assert_int_equal(more[i].npackets, 1);
	}
	/* There is room again. */
	blocks_start(&more[0], stack(), &want);
	blocks_end(&more[0]);
	peer_settle(&p);
	blocks_finish(&more[0]);
	finish();
	assert_int_equal(b.matched, 2);
}

/* The stack may end before its captures: their memory goes with it. */
static void the_stack_may_end_first(void **state)
{
	(void)state;
	start(NULL);
	send_ping(1);
	peer_forget(&p);
	peer_finish(&p, MINUTE);
	free(b.bytes);
}

static void after_the_end_nothing_is_captured(void **state)
{
	(void)state;
	start(NULL);
	send_ping(1);
	blocks_end(&b);
	assert_false(capture_settled(b.capture));
	peer_settle(&p);
	assert_true(capture_settled(b.capture));
	send_ping(2);
	blocks_read(&b);
	assert_int_equal(b.npackets, 2);
	assert_int_equal(b.matched, 2);
	capture_leave(b.capture);
	free(b.bytes);
	peer_forget(&p);
	peer_finish(&p, MINUTE);
}

/* Whoever changes routes takes a worker that nobody runs, and says that it has seen all of before:
 * it has, but then holds on to no capture that has ended. */
static void one_that_ended_is_not_held_when_routes_change(void **state)
{
	const struct nsk_route route = {.destination = "10.99.0.0/16", .iface = "callback0"};

	(void)state;
	start(NULL);
	send_ping(1);
	blocks_end(&b);
	assert_int_equal(nsk_route_add(stack(), &route, false), 0);
	assert_true(capture_settled(b.capture));
	blocks_finish(&b);
	captures_sweep(stack());
	send_ping(2); /* would be written into what is gone */
	peer_forget(&p);
	peer_finish(&p, MINUTE);
}

static void a_dropped_packet_says_why(void **state)
{
	uint8_t frame[1514];
	size_t len = ping(frame, 1, 56);

	(void)state;
	start(&(struct capture_want){.queue = -1, .what = WORKER_CAPTURES_DROPS});
	send_ping(1);
	frame[len - 1] ^= 1; /* the checksum of ICMP is wrong now */
	peer_input(&p, frame, len);
	peer_settle(&p);
	blocks_read(&b);
	assert_int_equal(b.npackets, 1);
	assert_packet(0, 0, frame, len);
	assert_string_equal(b.packet[0].comment,
			    "dropped: icmp_checksum: The ICMP checksum is wrong.");
	finish();
}

static void time_is_the_stack_s_where_that_is_the_caller_s(void **state)
{
	uint64_t now;

	(void)state;
	start(NULL);
	peer_run(&p, HOUR);
	now = p.world.now_ns;
	send_ping(1);
	blocks_read(&b);
	assert_int_equal(b.packet[b.npackets - 1].ns, now);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(what_comes_and_goes_is_captured),
		world_test(a_snap_length_cuts),
		world_test(a_filter_chooses),
		world_test(a_wrong_filter_is_told),
		world_test(a_queue_and_an_interface_are_chosen),
		world_test(an_interface_is_told_of_before_its_first_packet),
		world_test(a_full_ring_loses_and_counts),
		world_test(what_a_port_refuses_is_not_captured_until_it_takes_it),
		world_test(what_was_lost_is_told_by_who_goes_out),
		world_test(a_chain_of_buffers_is_one_packet),
		world_test(several_at_once_and_no_more),
		world_test(the_stack_may_end_first),
		world_test(after_the_end_nothing_is_captured),
		world_test(one_that_ended_is_not_held_when_routes_change),
		world_test(a_dropped_packet_says_why),
		world_test(time_is_the_stack_s_where_that_is_the_caller_s),
	};

	world_prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
