/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options that only UDP has: many datagrams at once, one in parts. */
#include <netinet/udp.h>

#include "udp/udp.h"

static int get_segment(struct sock *s)
{
	return udp_of(s)->segment;
}

static int set_segment(struct sock *s, int value)
{
	udp_of(s)->segment = (uint16_t)value;
	return 0;
}

static int get_cork(struct sock *s)
{
	return udp_of(s)->hold;
}

static int set_cork(struct sock *s, int value)
{
	return udp_cork_set(udp_of(s), value != 0);
}

static const struct sock_option rows[] = {
	SOCK_INT(SOL_UDP, UDP_CORK, get_cork, set_cork),
	SOCK_INT_IN(SOL_UDP, UDP_SEGMENT, 0, UINT16_MAX, get_segment, set_segment),
	DGRAM_WANTS(SOL_UDP, UDP_GRO, DGRAM_WANTS_RUNS),
};

const struct sock_options udp_options = {
	.row = rows,
	.count = NSK_ARRAY_LEN(rows),
	.next = &dgram_options,
};
