/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DHCP messages of IPv4: what a client sends, and what servers answer. RFC 2131 §2, §3, RFC 2132,
 * classless routes RFC 3442, options in pieces RFC 3396, client identifiers in answers RFC 6842.
 *
 * Only the message: whether it is an answer to us, and what to believe of it, is lib/net's
 * business. Of what there may be many, so many as there is room for are taken, in their order.
 */
#ifndef NSK_WIRE_DHCP_H
#define NSK_WIRE_DHCP_H

#include <stdbool.h>

#include <netstk/drop.h>

#include "wire/bytes.h"
#include "wire/eth.h"

#define DHCP_PORT_SERVER 67
#define DHCP_PORT_CLIENT 68
#define DHCP_FIXED	 240 /* bytes before the options, the magic cookie included */
#define DHCP_LEAST	 300 /* of what is sent, for relays of BOOTP (RFC 1542 §2.1) */
#define DHCP_SENT_MAX	 400
#define DHCP_MOST	 1472 /* of what is taken, and so of what servers are told: an Ethernet frame */
#define DHCP_ROUTES_MAX	 16
#define DHCP_DNS_MAX	 4
#define DHCP_TEXT_MAX	 80
#define DHCP_CLIENT_ID	 7 /* of an Ethernet station: 1 and its address (RFC 2132 §9.14) */
#define DHCP_FOREVER_S	 UINT32_MAX

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
};

/* All addresses in host order, 0: not said. */
struct dhcp_route {
	uint32_t dst;
	uint32_t gateway; /* 0: on-link */
	uint8_t len;	  /* at most 32 */
};

/* An offer, an acknowledgment or a refusal. The first two have a server, an address and a lease. */
struct dhcp_view {
	uint8_t type;
	uint8_t mac[ETH_MAC_LEN];
	uint32_t xid;
	uint32_t addr;
	uint32_t server;
	uint32_t lease_s, t1_s, t2_s; /* 0: not said; DHCP_FOREVER_S */
	uint8_t prefix_len;	      /* of the mask; 0: not said */
	uint16_t mtu;
	bool has_client_id;
	uint8_t client_id[DHCP_CLIENT_ID]; /* all zero if it is not of this length */
	uint8_t nroutes, ndns;
	struct dhcp_route route[DHCP_ROUTES_MAX]; /* of option 121, else of the first router */
	uint32_t dns[DHCP_DNS_MAX];
	char text[DHCP_TEXT_MAX]; /* why it is refused, as far as it prints */
};

/* What is sent. */
struct dhcp_message {
	uint8_t type;
	bool broadcast; /* the answer shall come to everybody: we have no address yet */
	uint8_t mac[ETH_MAC_LEN];
	uint16_t secs;
	uint32_t xid;
	uint32_t addr;	 /* that we have: ciaddr */
	uint32_t asked;	 /* that we want, or do not */
	uint32_t server; /* whom it concerns */
};

/* Decodes the datagram of @len bytes at @p. 0, or NSK_DROP_DHCP_MALFORMED also for what is no
 * answer of a server. */
enum nsk_drop dhcp_parse(const uint8_t *p, size_t len, struct dhcp_view *out);

/* Writes a message at @p, DHCP_SENT_MAX bytes at most. Returns its length. */
size_t dhcp_write(uint8_t *p, const struct dhcp_message *msg);

#endif /* NSK_WIRE_DHCP_H */
