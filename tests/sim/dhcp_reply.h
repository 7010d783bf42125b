/* SPDX-License-Identifier: BSD-3-Clause */
/* What a DHCP server says, octet by octet, for tests of the client and of its decoder. */
#ifndef NSK_TESTS_SIM_DHCP_REPLY_H
#define NSK_TESTS_SIM_DHCP_REPLY_H

#include <string.h>

#include "wire/dhcp.h"

struct dhcp_reply {
	uint8_t p[2048];
	size_t len;
};

static inline void reply_option(struct dhcp_reply *r, uint8_t code, uint8_t len, const void *data)
{
	r->p[r->len++] = code;
	r->p[r->len++] = len;
	memcpy(r->p + r->len, data, len);
	r->len += len;
}

static inline void reply_u32(struct dhcp_reply *r, uint8_t code, uint32_t value)
{
	uint8_t b[4];

	store_be32(b, value);
	reply_option(r, code, 4, b);
}

/* The fixed part and the type; 0 leaves the type out. */
static inline void reply_begin(struct dhcp_reply *r, uint8_t type, uint32_t xid, const uint8_t *mac,
			       uint32_t addr)
{
	memset(r, 0, sizeof(*r));
	r->p[0] = 2;
	r->p[1] = 1;
	r->p[2] = 6;
	store_be32(r->p + 4, xid);
	store_be32(r->p + 16, addr);
	memcpy(r->p + 28, mac, 6);
	store_be32(r->p + 236, 0x63825363);
	r->len = DHCP_FIXED;
	if (type)
		reply_option(r, 53, 1, &type);
}

static inline void reply_end(struct dhcp_reply *r)
{
	r->p[r->len++] = 255;
}

#endif
