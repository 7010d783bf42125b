/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP on the wire: what is asked, answered and announced when, what waits meanwhile, and that what
 * others say about addresses moves no traffic. RFC 826, RFC 1122 §2.3.2, RFC 5227.
 */
#include "sim/arp_peer.h"
#include "wire/family.h"

/* A socket, and the peer's address known through a question and its answer. */
static int acquainted(const char *const *settings)
{
	int fd;

	begin(settings);
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	send_letter(fd, 'a');
	expect_question(bcast_mac);
	answer_from(peer_mac);
	expect_letter(peer_mac, 'a');
	peer_expect_silence(&peer);
	return fd;
}

static uint64_t drops(enum nsk_drop reason)
{
	return world_drops(&peer.world, 0, reason);
}

/* What comes back with a link may be somebody else: we say who we are, and ask anew. */
static void link_that_returns_is_a_new_beginning_rfc5227_2_3(void **state)
{
	int fd;

	(void)state;
	fd = acquainted(NULL);
	nsk_callback_link(peer.port, false);
	peer_run(&peer, SEC);
	send_letter(fd, 'b');
	assert_int_equal(drops(NSK_DROP_TX_LINK_DOWN), 1);
	nsk_callback_link(peer.port, true);
	peer_run(&peer, 200 * MS); /* it is noticed */
	peer_run(&peer, SEC);
	expect_question(peer_mac);
	peer_expect_arp(&peer, ARP_OP_REQUEST, bcast_mac, HOST_A, HOST_A);
	expect_question(peer_mac);
	expect_question(peer_mac);
	expect_question(bcast_mac);
	send_letter(fd, 'c');
	answer_from(other_mac);
	expect_letter(other_mac, 'c');
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

/* ---- announcements and answers ------------------------------------------------------------- */

static void address_is_announced_twice_two_seconds_apart_rfc5227_2_3(void **state)
{
	uint64_t first;

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer.no_arp = true;
	peer_start(&peer, NULL);
	peer_run(&peer, HOUR);
	first = peer_expect_arp(&peer, ARP_OP_REQUEST, bcast_mac, HOST_A, HOST_A);
	assert_in_range(peer_expect_arp(&peer, ARP_OP_REQUEST, bcast_mac, HOST_A, HOST_A) - first,
			2000 * MS, 2001 * MS);
	peer_expect_silence(&peer);
	peer_finish(&peer, 3 * MINUTE);
}

static void request_for_us_is_answered_to_the_asker_alone_rfc826(void **state)
{
	(void)state;
	begin(NULL);
	peer_arp(&peer, ARP_OP_REQUEST, peer_mac, HOST_B, HOST_A);
	peer_expect_arp(&peer, ARP_OP_REPLY, peer_mac, HOST_A, HOST_B);
	/* A probe asks as nobody. */
	peer_arp(&peer, ARP_OP_REQUEST, other_mac, 0, HOST_A);
	peer_expect_arp(&peer, ARP_OP_REPLY, other_mac, HOST_A, 0);
	/* Not for others, not for everybody, not for the network. */
	peer_arp(&peer, ARP_OP_REQUEST, peer_mac, HOST_B, HOST_A + 8);
	peer_arp(&peer, ARP_OP_REQUEST, peer_mac, HOST_B, 0x0a0000ff);
	peer_arp(&peer, ARP_OP_REQUEST, peer_mac, HOST_B, 0x0a000000);
	peer_arp(&peer, ARP_OP_REQUEST, peer_mac, HOST_B, 0);
	peer_expect_silence(&peer);
	assert_int_equal(drops(NSK_DROP_ARP_NOT_OURS), 4);
	peer_finish(&peer, 3 * MINUTE);
}

static void own_address_is_defended_every_ten_seconds_at_most_rfc5227_2_4(void **state)
{
	uint64_t first;
	int fd;

	(void)state;
	fd = acquainted(NULL);
	for (unsigned i = 0; i < 150; i++) { /* a claim every 100 ms */
		peer_arp(&peer, i % 2 ? ARP_OP_REQUEST : ARP_OP_REPLY, other_mac, HOST_A, HOST_A);
		peer_run(&peer, 100 * MS);
	}
	first = peer_expect_arp(&peer, ARP_OP_REQUEST, bcast_mac, HOST_A, HOST_A);
	assert_in_range(peer_expect_arp(&peer, ARP_OP_REQUEST, bcast_mac, HOST_A, HOST_A) - first,
			10 * SEC, 10 * SEC + 100 * MS);
	peer_expect_silence(&peer);
	assert_int_equal(drops(NSK_DROP_ARP_CONFLICT), 150);
	send_letter(fd, 'b');
	expect_letter(peer_mac, 'b');
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

/* ---- questions ----------------------------------------------------------------------------- */

static void a_burst_of_first_packets_waits_and_leaves_in_order_rfc1122_2_3_2_2(void **state)
{
	static const char *const hundred[] = {"arp.queue=100", NULL};
	int fd;

	(void)state;
	begin(hundred);
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	for (char letter = 'a'; letter <= 'z'; letter++)
		send_letter(fd, letter);
	expect_question(bcast_mac);
	answer_from(peer_mac);
	for (char letter = 'a'; letter <= 'z'; letter++)
		expect_letter(peer_mac, letter);
	peer_expect_silence(&peer);
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

static void of_packets_that_wait_the_latest_are_kept_rfc1122_2_3_2_2(void **state)
{
	int fd;

	(void)state;
	begin(NULL);
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	for (char letter = 'a'; letter <= 'f'; letter++)
		send_letter(fd, letter);
	assert_int_equal(drops(NSK_DROP_ARP_QUEUE_FULL), 3);
	expect_question(bcast_mac); /* one for all of them */
	peer_expect_silence(&peer);
	answer_from(peer_mac);
	expect_letter(peer_mac, 'd'); /* the latest are kept */
	expect_letter(peer_mac, 'e');
	expect_letter(peer_mac, 'f');
	send_letter(fd, 'g');
	expect_letter(peer_mac, 'g');
	peer_expect_silence(&peer);
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

/* The next hop is asked for, not the destination, and once for all that lie behind it. */
static void configure_gateway(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_gateway(config, "10.0.0.2"), 0);
}

static void gateway_is_asked_for_what_lies_behind_it(void **state)
{
	int fd;

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer.no_arp = true;
	peer.configure = configure_gateway;
	peer_start(&peer, NULL);
	peer_run(&peer, 3 * SEC);
	peer_forget(&peer);
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	assert_int_equal(send_to(fd, 0xc0000201, 'a'), 1);
	assert_int_equal(send_to(fd, 0xc6336401, 'b'), 1);
	expect_question(bcast_mac);
	peer_expect_silence(&peer);
	answer_from(peer_mac);
	expect_letter_to(peer_mac, 0xc0000201, 'a');
	expect_letter_to(peer_mac, 0xc6336401, 'b');
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

static void nobody_is_asked_for_what_goes_to_many_rfc1112_6_4(void **state)
{
	static const uint8_t group[6] = {1, 0, 0x5e, 0x01, 2, 3};
	int fd;

	(void)state;
	begin(NULL);
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	world_setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1);
	assert_int_equal(send_to(fd, 0x0a0000ff, 'a'), 1);
	assert_int_equal(send_to(fd, UINT32_MAX, 'b'), 1);
	assert_int_equal(send_to(fd, 0xef810203, 'c'), 1); /* 239.129.2.3: 23 bits are kept */
	expect_letter_to(bcast_mac, 0x0a0000ff, 'a');
	expect_letter_to(bcast_mac, UINT32_MAX, 'b');
	expect_letter_to(group, 0xef810203, 'c');
	peer_expect_silence(&peer);
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* Sends a letter every 100 ms for so long; each must go to mac. Returns how many questions went to
 * whom. */
static void keep_sending(int fd, uint64_t ns, const uint8_t *mac, unsigned *to_it, unsigned *to_all)
{
	const struct kept_frame *k;

	*to_it = *to_all = 0;
	for (uint64_t end = peer.world.now_ns + ns; peer.world.now_ns < end;) {
		send_letter(fd, 'x');
		peer_run(&peer, 100 * MS);
		while ((k = peer_take(&peer))) {
			if (load_be16(k->data + 12) == ETH_TYPE_IPV4)
				assert_memory_equal(k->data, mac, 6);
			else if (memcmp(k->data, bcast_mac, 6) == 0)
				++*to_all;
			else
				++*to_it;
		}
	}
}

static void used_entry_is_asked_itself_while_it_serves_rfc1122_2_3_2_1(void **state)
{
	unsigned to_it, to_all;
	int fd;

	(void)state;
	fd = acquainted(quick);
	keep_sending(fd, 4900 * MS, peer_mac, &to_it, &to_all);
	assert_int_equal(to_it + to_all, 0);
	keep_sending(fd, 200 * MS, peer_mac, &to_it, &to_all);
	assert_int_equal(to_it, 1);
	answer_from(peer_mac);
	keep_sending(fd, 4800 * MS, peer_mac, &to_it, &to_all);
	assert_int_equal(to_it + to_all, 0); /* good for another while */
	/* Now it keeps silent: three times itself, then everybody. */
	keep_sending(fd, 3100 * MS, peer_mac, &to_it, &to_all);
	assert_int_equal(to_it, 3);
	assert_int_equal(to_all, 0);
	peer_run(&peer, SEC);
	expect_question(bcast_mac);
	answer_from(other_mac); /* a new card */
	send_letter(fd, 'z');
	expect_letter(other_mac, 'z');
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

static void unused_entry_expires_without_a_question_rfc1122_2_3_2_1(void **state)
{
	int fd;

	(void)state;
	fd = acquainted(quick);
	peer_run(&peer, MINUTE);
	peer_expect_silence(&peer);
	send_letter(fd, 'b');
	expect_question(bcast_mac);
	answer_from(other_mac);
	expect_letter(other_mac, 'b');
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

/* A connection that gets ahead shows that its next hop lives (RFC 1122 §2.3.2.1 (4)). */
static void progress_of_a_connection_takes_the_place_of_questions(void **state)
{
	struct talk t;
	uint64_t asked;

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, quick);
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
	asked = world_counter(&peer.world, 0, NSK_CNT_ARP_REQUESTS_SENT);
	for (unsigned i = 0; i < 60; i++) {
		assert_int_equal(nsk_send(t.fd, "x", 1, 0), 1);
		peer_settle(&peer);
		talk_expect(&t, TCP_ACK);
		talk_send(&t, TCP_ACK, NULL, 0);
		peer_run(&peer, SEC);
	}
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_ARP_REQUESTS_SENT), asked);
	talk_send_at(&t, TCP_RST, t.seq, 0, NULL, 0);
	nsk_close(t.fd);
	nsk_close(t.listener);
	peer_finish(&peer, 3 * MINUTE);
}

/* ---- what others say ----------------------------------------------------------------------- */

static void unsolicited_answers_make_no_entry(void **state)
{
	int fd;

	(void)state;
	begin(NULL);
	answer_from(other_mac);
	peer_arp(&peer, ARP_OP_REPLY, other_mac, HOST_B, HOST_B);
	peer_arp(&peer, ARP_OP_REQUEST, other_mac, HOST_B, HOST_B); /* an announcement */
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	send_letter(fd, 'a');
	expect_question(bcast_mac);
	answer_from(peer_mac);
	expect_letter(peer_mac, 'a');
	assert_int_equal(drops(NSK_DROP_ARP_UNSOLICITED), 2);
	assert_int_equal(drops(NSK_DROP_ARP_NOT_OURS), 1);
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

/* Says in one way of four that the other's address is another link address. */
static void claim(unsigned kind)
{
	static const uint32_t tpa[] = {HOST_A, HOST_B, HOST_B, HOST_A};

	peer_arp(&peer, kind < 2 ? ARP_OP_REPLY : ARP_OP_REQUEST, other_mac, HOST_B, tpa[kind]);
	expect_question(peer_mac);
	if (kind == 3)
		peer_expect_arp(&peer, ARP_OP_REPLY, other_mac, HOST_A, HOST_B);
}

static void claims_of_another_move_no_traffic_while_the_old_one_answers(void **state)
{
	int fd;

	(void)state;
	fd = acquainted(NULL);
	for (unsigned kind = 0; kind < 4; kind++) {
		peer_run(&peer, 2 * SEC);
		claim(kind);
		send_letter(fd, 'b');
		expect_letter(peer_mac, 'b');
		answer_from(peer_mac);
		answer_from(other_mac);
		send_letter(fd, 'c');
		expect_letter(peer_mac, 'c');
		peer_expect_silence(&peer);
	}
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

static void claim_of_another_is_followed_when_the_old_one_is_silent(void **state)
{
	int fd;

	(void)state;
	fd = acquainted(NULL);
	peer_run(&peer, 2 * SEC);
	peer_arp(&peer, ARP_OP_REQUEST, other_mac, HOST_B, HOST_B);
	peer_run(&peer, SEC);
	for (unsigned i = 0; i < 3; i++)
		expect_question(peer_mac);
	expect_question(bcast_mac);
	answer_from(other_mac);
	send_letter(fd, 'b');
	expect_letter(other_mac, 'b');
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

static void request_for_us_saves_the_question_back(void **state)
{
	int fd;

	(void)state;
	begin(NULL);
	peer_arp(&peer, ARP_OP_REQUEST, peer_mac, HOST_B, HOST_A);
	peer_expect_arp(&peer, ARP_OP_REPLY, peer_mac, HOST_A, HOST_B);
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	send_letter(fd, 'a');
	expect_letter(peer_mac, 'a');
	/* But that what we send arrives is still to be seen (RFC 4861 §7.3.3). */
	peer_run(&peer, 4900 * MS);
	peer_expect_silence(&peer);
	peer_run(&peer, 200 * MS);
	expect_question(peer_mac);
	answer_from(peer_mac);
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

/* CVE-2020-11914 and the like: any number of askers, bounded memory, and who is in use stays. */
static void flood_of_askers_is_answered_and_takes_no_place_of_others(void **state)
{
	static const char *const few[] = {"arp.entries=16", NULL};
	int fd;

	(void)state;
	fd = acquainted(few);
	for (uint32_t i = 0; i < 200; i++) {
		peer_arp(&peer, ARP_OP_REQUEST, other_mac, HOST_A + 10 + i, HOST_A);
		peer_expect_arp(&peer, ARP_OP_REPLY, other_mac, HOST_A, HOST_A + 10 + i);
		peer_run(&peer, 10 * MS); /* the one that we asked for has long been idle */
	}
	send_letter(fd, 'b');
	expect_letter(peer_mac, 'b');
	peer_expect_silence(&peer);
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(link_that_returns_is_a_new_beginning_rfc5227_2_3),
		world_test(address_is_announced_twice_two_seconds_apart_rfc5227_2_3),
		world_test(request_for_us_is_answered_to_the_asker_alone_rfc826),
		world_test(own_address_is_defended_every_ten_seconds_at_most_rfc5227_2_4),
		world_test(a_burst_of_first_packets_waits_and_leaves_in_order_rfc1122_2_3_2_2),
		world_test(of_packets_that_wait_the_latest_are_kept_rfc1122_2_3_2_2),
		world_test(gateway_is_asked_for_what_lies_behind_it),
		world_test(nobody_is_asked_for_what_goes_to_many_rfc1112_6_4),
		world_test(used_entry_is_asked_itself_while_it_serves_rfc1122_2_3_2_1),
		world_test(unused_entry_expires_without_a_question_rfc1122_2_3_2_1),
		world_test(progress_of_a_connection_takes_the_place_of_questions),
		world_test(unsolicited_answers_make_no_entry),
		world_test(claims_of_another_move_no_traffic_while_the_old_one_answers),
		world_test(claim_of_another_is_followed_when_the_old_one_is_silent),
		world_test(request_for_us_saves_the_question_back),
		world_test(flood_of_askers_is_answered_and_takes_no_place_of_others),
	};

	return world_main(tests);
}
