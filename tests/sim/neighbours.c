/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours whose link addresses are given. */
#include <stdio.h>

#include "sim/arp_peer.h"

static const char *interface(void)
{
	static struct nsk_iface_info info;

	assert_int_equal(nsk_iface_info(peer.world.host[0], 0, &info), 0);
	return info.name;
}

static int give(const char *address, const char *mac)
{
	int rc = nsk_neigh_add(peer.world.host[0], interface(), address, mac);

	peer_settle(&peer);
	return rc;
}

static int take_back(void)
{
	int rc = nsk_neigh_del(peer.world.host[0], interface(), "10.0.0.2");

	peer_settle(&peer);
	return rc;
}

/* It is never asked, and whatever others say, their link address is not believed. */
static void a_neighbour_that_is_given_is_not_asked_for(void **state)
{
	int fd;

	(void)state;
	begin(quick);
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	assert_int_equal(give("10.0.0.2", "02:00:00:00:00:0c"), 0);
	send_letter(fd, 'a');
	expect_letter(other_mac, 'a');
	answer_from(peer_mac);
	peer_arp(&peer, ARP_OP_REQUEST, peer_mac, HOST_B, HOST_A);
	peer_run(&peer, HOUR);
	peer_forget(&peer);
	send_letter(fd, 'b');
	expect_letter(other_mac, 'b');
	peer_arp(&peer, ARP_OP_REQUEST, peer_mac, HOST_B, HOST_A); /* who asks is answered */
	peer_expect_arp(&peer, ARP_OP_REPLY, peer_mac, HOST_A, HOST_B);
	peer_run(&peer, MINUTE);
	peer_expect_silence(&peer);
	assert_int_equal(give("10.0.0.2", "02:00:00:00:00:0d"), 0);
	send_letter(fd, 'c');
	expect_letter((const uint8_t[]){2, 0, 0, 0, 0, 0xd}, 'c');
	assert_int_equal(take_back(), 0);
	send_letter(fd, 'd');
	expect_question(bcast_mac);
	answer_from(peer_mac);
	expect_letter(peer_mac, 'd');
	assert_int_equal(take_back(), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(nsk_close(fd), 0);
	peer_finish(&peer, MINUTE);
}

/* Packets that wait for an answer go when the link address is given. */
static void what_waits_goes_to_the_neighbour_that_is_given(void **state)
{
	int fd;

	(void)state;
	begin(NULL);
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	send_letter(fd, 'a');
	expect_question(bcast_mac);
	assert_int_equal(give("10.0.0.2", "02:00:00:00:00:0c"), 0);
	expect_letter(other_mac, 'a');
	peer_run(&peer, MINUTE);
	peer_expect_silence(&peer);
	assert_int_equal(nsk_close(fd), 0);
	peer_finish(&peer, MINUTE);
}

static void a_neighbour_that_is_given_outlives_link_and_interface(void **state)
{
	int fd;

	(void)state;
	begin(NULL);
	fd = world_udp(&peer.world, 0, "0.0.0.0", 9);
	assert_int_equal(give("10.0.0.2", "02:00:00:00:00:0c"), 0);
	for (unsigned i = 0; i < 2; i++) {
		if (i == 0)
			nsk_callback_link(peer.port, false);
		else
			assert_int_equal(nsk_iface_set(peer.world.host[0], interface(), false), 0);
		peer_run(&peer, SEC);
		if (i == 0)
			nsk_callback_link(peer.port, true);
		else
			assert_int_equal(nsk_iface_set(peer.world.host[0], interface(), true), 0);
		peer_run(&peer, 5 * SEC);
		peer_forget(&peer);
		send_letter(fd, 'a');
		expect_letter(other_mac, 'a');
	}
	assert_int_equal(nsk_close(fd), 0);
	peer_finish(&peer, MINUTE);
}

static void what_no_station_has_cannot_be_given(void **state)
{
	static const struct {
		const char *address, *mac;
	} rows[] = {
		{"224.0.0.1", "02:00:00:00:00:0c"},
		{"255.255.255.255", "02:00:00:00:00:0c"},
		{"0.0.0.0", "02:00:00:00:00:0c"},
		{"127.0.0.1", "02:00:00:00:00:0c"},
		{"10.0.0.2", "03:00:00:00:00:0c"},
		{"10.0.0.2", "00:00:00:00:00:00"},
		{"10.0.0.2", "02:00"},
		{"10.0.0", "02:00:00:00:00:0c"},
		{"ff02::1", "02:00:00:00:00:0c"},
		{"::1", "02:00:00:00:00:0c"},
	};
	char address[32];

	(void)state;
	begin(NULL);
	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		assert_int_equal(give(rows[i].address, rows[i].mac), -1);
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(nsk_neigh_add(peer.world.host[0], "none", "10.0.0.2", "02:00:00:00:00:0c"),
			 -1);
	assert_int_equal(errno, ENODEV);
	for (unsigned i = 0; i <= 256; i++) {
		snprintf(address, sizeof(address), "10.1.%u.2", i);
		if (i == 256)
			snprintf(address, sizeof(address), "10.2.0.2");
		assert_int_equal(give(address, "02:00:00:00:00:0c"), i < 256 ? 0 : -1);
	}
	assert_int_equal(errno, ENOBUFS);
	peer_finish(&peer, MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_neighbour_that_is_given_is_not_asked_for),
		world_test(what_waits_goes_to_the_neighbour_that_is_given),
		world_test(a_neighbour_that_is_given_outlives_link_and_interface),
		world_test(what_no_station_has_cannot_be_given),
	};

	return world_main(tests);
}
