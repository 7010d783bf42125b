/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/net/dhcp*.c: an interface with the address "dhcp" and a server that the test plays, message
 * by message. RFC 2131 §3, §4.4.
 */
#include "sim/dhcp_server.h"

/* ---- a lease --------------------------------------------------------------------------------- */

static void a_lease_is_had_rfc2131_3_1(void **unused)
{
	struct asked d, q;
	const struct nsk_addr_info *a;

	(void)unused;
	for (unsigned i = 0; i < 2; i++) {
		start_with(NULL, i ? with_two_workers : with_dhcp);
		d = expect(DHCP_DISCOVER, 1001 * MS);
		assert_true(d.to_all && d.broadcast_flag);
		assert_int_equal(d.src, 0);
		assert_int_equal(d.dst, ALL);
		assert_int_equal(d.ciaddr | d.asked | d.server, 0);
		begin(DHCP_OFFER, d.xid, OFFERED);
		say();
		q = expect(DHCP_REQUEST, 0);
		assert_true(q.to_all && q.broadcast_flag);
		assert_int_equal(q.xid, d.xid);
		assert_int_equal(q.secs, d.secs);
		assert_int_equal(q.asked, OFFERED);
		assert_int_equal(q.server, SERVER);
		assert_int_equal(q.ciaddr | q.src, 0);
		assert_null(has(LEASED));
		begin(DHCP_ACK, q.xid, OFFERED);
		say();
		a = has(LEASED);
		assert_non_null(a);
		assert_true(a->dynamic && a->state == NSK_ADDR_VALID);
		assert_in_range(a->valid_s, LEASE_S - 1, LEASE_S);
		assert_string_equal(gateway_to("8.8.8.8"), "10.0.0.2");
		assert_string_equal(gateway_to("10.0.0.77"), "");
		assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_DHCP_SENT), 2);
		assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_DHCP_RECEIVED), 2);
		assert_int_equal(world_drops_all(&peer.world, 0), 0);
		assert_int_equal(lines, 0);
		finish();
	}
}

static void what_a_server_says_besides(void **unused)
{
	static const uint8_t mtu[2] = {1400 >> 8, 1400 & 255},
			     routes[] = {0, 10, 0, 0, 2, 8, 11, 10, 0,	 0,  3, 32, 12,
					 0, 0,	1, 0, 0, 0, 0,	4,  224, 10, 0, 0,  2};
	struct nsk_dns_info dns[4];
	struct nsk_iface_info info;
	struct asked a;

	(void)unused;
	start();
	a = choose();
	begin(DHCP_ACK, a.xid, OFFERED);
	reply_u32(&r, 6, 0x0a000035);
	reply_option(&r, 26, 2, mtu);
	reply_option(&r, 121, sizeof(routes), routes);
	say();
	assert_int_equal(nsk_iface_info(peer.world.host[0], 0, &info), 0);
	assert_int_equal(info.mtu, 1400);
	assert_string_equal(gateway_to("8.8.8.8"), "10.0.0.2");
	assert_string_equal(gateway_to("11.2.3.4"), "10.0.0.3");
	assert_string_equal(gateway_to("12.0.0.1"), "");	  /* on-link */
	assert_string_equal(gateway_to("230.0.0.1"), "10.0.0.2"); /* no route of groups */
	assert_int_equal(nsk_dns_list(peer.world.host[0], dns, 4), 1);
	assert_string_equal(dns[0].server, "10.0.0.53");
	assert_in_range(dns[0].lifetime_s, LEASE_S - 1, LEASE_S);
	peer_run(&peer, (LEASE_S + 1) * SEC); /* all of it goes with the lease */
	assert_int_equal(nsk_iface_info(peer.world.host[0], 0, &info), 0);
	assert_int_equal(info.mtu, 1500);
	assert_string_equal(gateway_to("11.2.3.4"), "none");
	assert_int_equal(nsk_dns_list(peer.world.host[0], dns, 4), 0);
	finish();
}

/* Answers to the address itself are of a flow that may be any worker's: worker 0 gets them. */
static void any_worker_hands_an_answer_on(void **unused)
{
	struct asked a;

	(void)unused;
	start_with(NULL, with_six_workers);
	get_lease();
	for (unsigned i = 0; i < 5; i++) {
		a = expect(DHCP_REQUEST, LEASE_S * SEC);
		assert_int_equal(a.ciaddr, OFFERED + i);
		begin(DHCP_ACK, a.xid, OFFERED + i);
		say_to(OFFERED + i);
		assert_int_equal(state(), DHCP_BOUND);
		a = expect(DHCP_REQUEST, LEASE_S * SEC);
		begin(DHCP_NAK, a.xid, 0); /* and another address, of another flow */
		say_to(OFFERED + i);
		a = expect(DHCP_DISCOVER, 2 * MINUTE);
		begin(DHCP_OFFER, a.xid, OFFERED + i + 1);
		say();
		a = expect(DHCP_REQUEST, 0);
		begin(DHCP_ACK, a.xid, OFFERED + i + 1);
		say();
		assert_int_equal(state(), DHCP_BOUND);
	}
	assert_int_equal(world_drops_all(&peer.world, 0), 0);
	finish();
}

/* ---- silence --------------------------------------------------------------------------------- */

/* §4.1: 4, 8, 16, 32, 64 s, a second more or less; one line says what was tried. */
static void a_silent_server_is_asked_ever_more_rarely_rfc2131_4_1(void **unused)
{
	static const unsigned gaps[] = {4, 8, 16, 32, 64, 64, 64, 64, 64, 64};
	uint64_t odd_ns = 0;
	struct asked a, b;

	(void)unused;
	start();
	a = expect(DHCP_DISCOVER, 1001 * MS);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(gaps); i++) {
		b = expect(DHCP_DISCOVER, 66 * SEC);
		assert_in_range(b.now_ns - a.now_ns, (gaps[i] - 1) * SEC, (gaps[i] + 1) * SEC + MS);
		assert_int_equal(b.xid, a.xid);
		assert_true(b.secs > a.secs);
		assert_int_equal(lines, i > 0);
		odd_ns |= (b.now_ns - a.now_ns) % SEC / (10 * MS);
		a = b;
	}
	assert_true(odd_ns > 0); /* by chance, so that many who start at once do not go on so */
	assert_non_null(strstr(last_line, "DISCOVER"));
	assert_non_null(strstr(last_line, "68 to 67"));
	peer_run(&peer, HOUR);
	assert_in_range(lines, 4, 6);
	peer_forget(&peer);
	get_lease(); /* it comes back */
	assert_non_null(has(LEASED));
	finish();
}

static void an_offer_that_is_not_kept_is_left(void **unused)
{
	struct asked a, b;

	(void)unused;
	start();
	a = choose();
	for (unsigned i = 0; i < 3; i++) {
		b = expect(DHCP_REQUEST, 20 * SEC);
		assert_int_equal(b.xid, a.xid);
		assert_int_equal(b.asked, OFFERED);
	}
	b = expect(DHCP_DISCOVER, 40 * SEC);
	assert_int_not_equal(b.xid, a.xid);
	assert_int_equal(lines, 1);
	assert_non_null(strstr(last_line, "10.0.0.5"));
	finish();
}

/* ---- more time ------------------------------------------------------------------------------- */

static void a_lease_is_renewed_rfc2131_4_4_5(void **unused)
{
	uint64_t since;
	struct asked a;

	(void)unused;
	start();
	since = get_lease();
	for (unsigned i = 0; i < 5; i++) {
		a = expect(DHCP_REQUEST, LEASE_S * SEC);
		assert_in_range(a.now_ns - since, LEASE_S / 2 * SEC * 31 / 32,
				LEASE_S / 2 * SEC + MS);
		assert_int_equal(a.dst, SERVER); /* to it alone */
		assert_false(a.to_all);
		assert_int_equal(a.src, OFFERED);
		assert_int_equal(a.ciaddr, OFFERED);
		assert_int_equal(a.asked | a.server, 0);
		assert_false(a.broadcast_flag);
		since = a.now_ns;
		begin(DHCP_ACK, a.xid, OFFERED);
		say_to(OFFERED);
		assert_int_equal(state(), DHCP_BOUND);
		assert_in_range(has(LEASED)->valid_s, LEASE_S - 2, LEASE_S);
	}
	assert_int_equal(lines, 0);
	finish();
}

static void every_server_is_asked_then_all_goes_rfc2131_4_4_5(void **unused)
{
	uint64_t since, before = 0;
	unsigned n = 0;
	struct asked a;

	(void)unused;
	start();
	since = get_lease();
	for (a = expect(DHCP_REQUEST, LEASE_S * SEC); a.dst == SERVER;
	     a = expect(DHCP_REQUEST, LEASE_S * SEC)) {
		assert_true(!before || a.now_ns - before >= 59 * SEC);
		before = a.now_ns;
		n++;
	}
	assert_in_range(n, 3, 8);
	assert_in_range(a.now_ns - since, LEASE_S / 8 * 7 * SEC * 31 / 32,
			LEASE_S / 8 * 7 * SEC + MS);
	assert_true(a.to_all);
	assert_int_equal(a.dst, ALL);
	assert_int_equal(a.src, OFFERED);
	assert_int_equal(a.ciaddr, OFFERED);
	assert_int_equal(lines, 1);
	assert_non_null(strstr(last_line, "every server"));
	while (has(LEASED)) {
		assert_string_equal(gateway_to("8.8.8.8"), "10.0.0.2");
		peer_run(&peer, SEC);
	}
	assert_in_range(peer.world.now_ns - since, LEASE_S * SEC, (LEASE_S + 2) * SEC);
	assert_string_equal(gateway_to("8.8.8.8"), "none");
	assert_string_equal(gateway_to("10.0.0.2"), "none");
	assert_int_equal(lines, 2);
	while (a.type == DHCP_REQUEST)
		assert_true(next_asked(MINUTE, &a));
	assert_int_equal(a.type, DHCP_DISCOVER);
	finish();
}

static void another_server_may_extend_it(void **unused)
{
	struct asked a;

	(void)unused;
	start();
	get_lease();
	do
		a = expect(DHCP_REQUEST, LEASE_S * SEC);
	while (!a.to_all);
	reply_begin(&r, DHCP_ACK, a.xid, stack_mac, OFFERED);
	reply_u32(&r, 54, UINT32_C(0x0a000003));
	reply_u32(&r, 51, 600);
	reply_u32(&r, 1, 0xffffff00);
	say();
	assert_int_equal(state(), DHCP_BOUND);
	assert_in_range(has(LEASED)->valid_s, 599, 600);
	assert_string_equal(gateway_to("8.8.8.8"), "none"); /* it tells of no router */
	finish();
}

static void a_lease_for_ever_is_never_renewed(void **unused)
{
	struct asked a;

	(void)unused;
	start();
	a = choose();
	reply_begin(&r, DHCP_ACK, a.xid, stack_mac, OFFERED);
	reply_u32(&r, 54, SERVER);
	reply_u32(&r, 51, UINT32_MAX);
	reply_u32(&r, 1, 0xffffff00);
	say();
	assert_false(next_asked(30 * 24 * HOUR, &a));
	assert_int_equal(has(LEASED)->valid_s, NSK_FOREVER);
	finish();
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void a_refusal_begins_again_rfc2131_3_1(void **unused)
{
	uint64_t wait[3];
	struct asked a;

	(void)unused;
	start();
	get_lease();
	a = expect(DHCP_REQUEST, LEASE_S * SEC);
	for (unsigned i = 0; i < 3; i++) {
		begin(DHCP_NAK, a.xid, 0);
		reply_option(&r, 56, 11, "wrong place");
		say();
		assert_null(has(LEASED));
		assert_string_equal(gateway_to("8.8.8.8"), "none");
		assert_non_null(strstr(last_line, "wrong place"));
		wait[i] = peer.world.now_ns;
		a = expect(DHCP_DISCOVER, MINUTE);
		wait[i] = a.now_ns - wait[i];
		begin(DHCP_OFFER, a.xid, OFFERED);
		say();
		a = expect(DHCP_REQUEST, 0);
	}
	assert_int_equal(wait[0], 0); /* at once, then no longer at once */
	assert_in_range(wait[1], SEC, 3 * SEC);
	assert_in_range(wait[2], 3 * SEC, 5 * SEC);
	finish();
}

/* ---- conflicts ------------------------------------------------------------------------------- */

static void what_another_station_has_is_declined_rfc2131_3_1_5(void **unused)
{
	static const char *const dad[] = {"ipv4.dad=true", NULL};
	static const uint8_t other[6] = {2, 0, 0, 0, 0, 0x99};
	uint64_t least = 10 * SEC;
	struct asked a;

	(void)unused;
	start_with(dad, with_dhcp);
	for (unsigned i = 0; i < 3; i++) {
		get_lease();
		assert_int_equal(has(LEASED)->state, NSK_ADDR_TENTATIVE);
		peer_run(&peer, 1500 * MS);
		peer_arp(&peer, ARP_OP_REPLY, other, OFFERED, 0);
		a = expect(DHCP_DECLINE, 2 * SEC);
		assert_int_equal(a.asked, OFFERED);
		assert_int_equal(a.server, SERVER);
		assert_int_equal(a.ciaddr | a.src, 0);
		assert_null(has(LEASED));
		assert_string_equal(gateway_to("8.8.8.8"), "none");
		assert_false(next_asked(least - SEC, &a));
		least *= 2;
	}
	get_lease();
	peer_run(&peer, 10 * SEC);
	assert_int_equal(has(LEASED)->state, NSK_ADDR_VALID);
	finish();
}

/* ---- the link -------------------------------------------------------------------------------- */

static void go_down_and_up(void)
{
	for (unsigned up = 0; up < 2; up++) {
		nsk_callback_link(peer.port, up);
		peer_forget(&peer);
		for (unsigned i = 0; i < 3; i++) /* it is looked at every 100 ms, in turns */
			peer_run(&peer, 101 * MS);
	}
}

/* It may be another one: whoever serves it says whether the lease holds. */
static void a_link_that_returns_is_asked(void **unused)
{
	struct asked a;

	(void)unused;
	start();
	get_lease();
	go_down_and_up();
	a = expect(DHCP_REQUEST, 2 * SEC);
	assert_true(a.to_all);
	assert_int_equal(a.ciaddr, OFFERED);
	assert_non_null(has(LEASED));
	begin(DHCP_ACK, a.xid, OFFERED);
	say();
	assert_int_equal(state(), DHCP_BOUND);
	go_down_and_up();
	a = expect(DHCP_REQUEST, 2 * SEC);
	begin(DHCP_NAK, a.xid, 0);
	say();
	assert_null(has(LEASED));
	expect(DHCP_DISCOVER, SEC);
	finish();
}

/* What is said first is lost where a switch does not forward yet. Then as rarely as ever. */
static void a_link_that_returns_is_asked_again(void **unused)
{
	static const unsigned gaps[] = {4, 8, 16, 32, 64};
	struct asked a, b;

	(void)unused;
	start();
	get_lease();
	go_down_and_up();
	a = expect(DHCP_REQUEST, 2 * SEC);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(gaps); i++) {
		b = expect(DHCP_REQUEST, 66 * SEC);
		assert_in_range(b.now_ns - a.now_ns, (gaps[i] - 1) * SEC, (gaps[i] + 1) * SEC + MS);
		assert_true(b.to_all);
		a = b;
	}
	b = expect(DHCP_REQUEST, LEASE_S * SEC);
	assert_true(b.now_ns - a.now_ns > 1000 * SEC);
	assert_non_null(has(LEASED));
	begin(DHCP_NAK, b.xid, 0);
	say();
	assert_null(has(LEASED));
	finish();
}

/* ---- hostile --------------------------------------------------------------------------------- */

static void lies_are_refused(void **unused)
{
	static const uint32_t bad[] = {0x00000001, 0x7f000001, 0xe0000001, 0xf0000001,
				       0xffffffff, 0x0a000000, 0x0a0000ff, SERVER};
	uint64_t refused;
	struct asked a;

	(void)unused;
	start();
	a = expect(DHCP_DISCOVER, SEC + MS);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(bad); i++) {
		begin(DHCP_OFFER, a.xid, bad[i]);
		say();
		assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_DHCP_REFUSED), i + 1);
	}
	for (unsigned i = 0; i < NSK_ARRAY_LEN(bad) - 3; i++) { /* such servers */
		reply_begin(&r, DHCP_OFFER, a.xid, stack_mac, OFFERED);
		reply_u32(&r, 54, bad[i]);
		reply_u32(&r, 51, 60);
		say();
	}
	refused = world_drops(&peer.world, 0, NSK_DROP_DHCP_REFUSED);
	assert_int_equal(refused, 2 * NSK_ARRAY_LEN(bad) - 3);
	reply_begin(&r, DHCP_OFFER, a.xid, stack_mac, OFFERED);
	reply_u32(&r, 54, SERVER);
	reply_u32(&r, 51, 0); /* for no time */
	say();
	/* one whose acknowledgment is of another address than was asked for */
	begin(DHCP_OFFER, a.xid, OFFERED);
	say();
	a = expect(DHCP_REQUEST, 0);
	begin(DHCP_ACK, a.xid, OFFERED + 1);
	say();
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_DHCP_REFUSED), refused + 2);
	assert_int_equal(state(), DHCP_REQUESTING);
	finish();
}

static void what_is_not_ours_is_passed_over(void **unused)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x42};
	static const uint8_t id[7] = {1, 2, 0, 0, 0, 0, 0x42};
	struct asked a;

	(void)unused;
	start();
	a = expect(DHCP_DISCOVER, SEC + MS);
	begin(DHCP_OFFER, a.xid + 1, OFFERED);
	say();
	begin(DHCP_OFFER, a.xid, OFFERED);
	memcpy(r.p + 28, mac, 6);
	say();
	begin(DHCP_OFFER, a.xid, OFFERED); /* RFC 6842 */
	reply_option(&r, 61, 7, id);
	say();
	begin(DHCP_OFFER, a.xid, OFFERED);
	say_from(1067, ALL);		 /* what any program may send from */
	begin(DHCP_ACK, a.xid, OFFERED); /* nobody asked for it yet */
	say();
	begin(DHCP_NAK, a.xid, 0);
	say();
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_DHCP_NOT_OURS), 6);
	assert_int_equal(state(), DHCP_SELECTING);
	begin(DHCP_OFFER, a.xid, OFFERED);
	say();
	a = expect(DHCP_REQUEST, 0);
	reply_begin(&r, DHCP_NAK, a.xid, stack_mac, 0); /* of another server */
	reply_u32(&r, 54, UINT32_C(0x0a000003));
	say();
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_DHCP_NOT_OURS), 7);
	begin(DHCP_ACK, a.xid, OFFERED);
	say();
	begin(DHCP_NAK, a.xid, 0); /* too late */
	say();
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_DHCP_NOT_OURS), 8);
	assert_non_null(has(LEASED));
	finish();
}

/* What the operator has added is his. */
static void an_equal_route_of_the_operator_stays(void **unused)
{
	struct nsk_route route = {.destination = "default", .gateway = "10.0.0.2", .metric = 1024};
	struct nsk_iface_info info;

	(void)unused;
	start();
	assert_int_equal(nsk_iface_info(peer.world.host[0], 0, &info), 0);
	assert_int_equal(nsk_addr_add(peer.world.host[0], info.name, "10.0.0.7/24", NSK_FOREVER,
				      NSK_FOREVER),
			 0);
	assert_int_equal(nsk_route_add(peer.world.host[0], &route, false), 0);
	get_lease();
	peer_run(&peer, (LEASE_S + 1) * SEC);
	assert_null(has(LEASED));
	assert_string_equal(gateway_to("8.8.8.8"), "10.0.0.2");
	finish();
}

/* Without its address the client would be bound to nothing. */
static void the_address_of_a_lease_is_not_taken_out(void **unused)
{
	struct nsk_iface_info info;
	struct nsk_stack *stack;
	struct asked a;

	(void)unused;
	start();
	stack = peer.world.host[0];
	assert_int_equal(nsk_iface_info(stack, 0, &info), 0);
	get_lease();
	assert_int_equal(nsk_addr_del(stack, info.name, LEASED), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(nsk_addr_del(stack, info.name, "10.0.0.5/25"), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_non_null(has(LEASED));
	a = expect(DHCP_REQUEST, LEASE_S * SEC); /* and so it is renewed */
	begin(DHCP_ACK, a.xid, OFFERED);
	say();
	assert_int_equal(state(), DHCP_BOUND);
	peer_run(&peer, (LEASE_S + 1) * SEC);
	assert_null(has(LEASED));
	/* The same one of the operator is his, with a lease or without. */
	assert_int_equal(nsk_addr_add(stack, info.name, LEASED, NSK_FOREVER, NSK_FOREVER), 0);
	peer_forget(&peer);
	get_lease();
	assert_int_equal(nsk_addr_del(stack, info.name, LEASED), 0);
	finish();
}

static void with_a_vlan(struct nsk_config *config)
{
	with_dhcp(config);
	assert_int_equal(nsk_config_add_device(config, "vlan:callback0,100"), 0);
}

/* What is on a VLAN is no wider than what carries it. */
static void an_interface_on_a_vlan_gets_the_mtu_too(void **unused)
{
	static const uint8_t mtu[2] = {1300 >> 8, 1300 & 255};
	struct nsk_iface_info info;
	struct asked a;

	(void)unused;
	start_with(NULL, with_a_vlan);
	assert_int_equal(nsk_iface_info(peer.world.host[0], 1, &info), 0);
	assert_int_equal(info.mtu, 1500);
	a = choose();
	begin(DHCP_ACK, a.xid, OFFERED);
	reply_option(&r, 26, 2, mtu);
	say();
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(nsk_iface_info(peer.world.host[0], i, &info), 0);
		assert_int_equal(info.mtu, 1300);
	}
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_lease_is_had_rfc2131_3_1),
		world_test(what_a_server_says_besides),
		world_test(any_worker_hands_an_answer_on),
		world_test(a_silent_server_is_asked_ever_more_rarely_rfc2131_4_1),
		world_test(an_offer_that_is_not_kept_is_left),
		world_test(a_lease_is_renewed_rfc2131_4_4_5),
		world_test(every_server_is_asked_then_all_goes_rfc2131_4_4_5),
		world_test(another_server_may_extend_it),
		world_test(a_lease_for_ever_is_never_renewed),
		world_test(a_refusal_begins_again_rfc2131_3_1),
		world_test(what_another_station_has_is_declined_rfc2131_3_1_5),
		world_test(a_link_that_returns_is_asked),
		world_test(a_link_that_returns_is_asked_again),
		world_test(lies_are_refused),
		world_test(what_is_not_ours_is_passed_over),
		world_test(an_equal_route_of_the_operator_stays),
		world_test(the_address_of_a_lease_is_not_taken_out),
		world_test(an_interface_on_a_vlan_gets_the_mtu_too),
	};

	return world_main(tests);
}
