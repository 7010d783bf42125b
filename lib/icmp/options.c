/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options that only raw sockets have: the filter and the IP header. */
#include <linux/icmp.h>
#include <netinet/in.h>
#include <string.h>

#include "icmp/icmp.h"

static int get_header_included(struct sock *s)
{
	return icmp_sock_of(s)->header_included;
}

static int set_header_included(struct sock *s, int value)
{
	icmp_sock_of(s)->header_included = value != 0;
	return 0;
}

static int get_filter(struct sock *s, void *value, socklen_t *len)
{
	const struct icmp_sock *i = icmp_sock_of(s);

	sock_option_copy(&i->filter, sizeof(i->filter), value, len);
	return 0;
}

/* A shorter filter changes the first types alone, as in Linux. */
static int set_filter(struct sock *s, const void *value, socklen_t len)
{
	struct icmp_sock *i = icmp_sock_of(s);

	memcpy(&i->filter, value, NSK_MIN(len, (socklen_t)sizeof(i->filter)));
	return 0;
}

static const struct sock_option rows[] = {
	SOCK_INT(IPPROTO_IP, IP_HDRINCL, get_header_included, set_header_included),
	SOCK_BYTES(SOL_RAW, ICMP_FILTER, 0, get_filter, set_filter),
};

const struct sock_options icmp_raw_options = {
	.row = rows,
	.count = NSK_ARRAY_LEN(rows),
	.next = &dgram_options,
};
