/* SPDX-License-Identifier: BSD-3-Clause */
/* A stack on Ethernet whose neighbour the test is, and datagrams of one letter, so that they can be
 * told apart. */
#ifndef NSK_TESTS_SIM_ARP_PEER_H
#define NSK_TESTS_SIM_ARP_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "sim/peer.h"

#define L3 ETH_HLEN
#define L4 (ETH_HLEN + IPV4_HLEN)

static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 0xc};

static const char *const quick[] = {"arp.timeout_ms=5000", NULL};

static struct peer peer;

/* A stack on Ethernet that has made its announcements and knows nobody; the test answers. */
static inline void begin(const char *const *settings)
{
	memset(&peer, 0, sizeof(peer));
	peer.no_arp = true;
	peer_start(&peer, settings);
	peer_run(&peer, 3 * SEC);
	peer_forget(&peer);
}

static inline void answer_from(const uint8_t *mac)
{
	peer_arp(&peer, ARP_OP_REPLY, mac, HOST_B, HOST_A);
}

static inline uint64_t expect_question(const uint8_t *to)
{
	return peer_expect_arp(&peer, ARP_OP_REQUEST, to, HOST_A, HOST_B);
}

static inline ssize_t send_to(int fd, uint32_t addr, char letter)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(addr)};
	ssize_t n = nsk_sendto(fd, &letter, 1, 0, (struct sockaddr *)&to, sizeof(to));
	int err = errno;

	peer_settle(&peer);
	errno = err;
	return n;
}

static inline void send_letter(int fd, char letter)
{
	assert_int_equal(send_to(fd, HOST_B, letter), 1);
}

static inline void expect_letter_to(const uint8_t *mac, uint32_t addr, char letter)
{
	const struct kept_frame *k = peer_take(&peer);

	assert_non_null(k);
	assert_int_equal(load_be16(k->data + 12), ETH_TYPE_IPV4);
	assert_memory_equal(k->data, mac, 6);
	assert_int_equal(load_be32(k->data + L3 + 16), addr);
	assert_int_equal(k->data[L4 + 8], letter);
}

static inline void expect_letter(const uint8_t *mac, char letter)
{
	expect_letter_to(mac, HOST_B, letter);
}

#endif
