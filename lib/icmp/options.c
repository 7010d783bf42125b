/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options that only raw sockets have: the filter and the IP header. The others are
 * lib/dgram's. */
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <string.h>

#include "icmp/icmp.h"

static int get_header_included(struct dgram *d)
{
	return icmp_sock_of(&d->sock)->header_included;
}

static int set_header_included(struct dgram *d, int value)
{
	icmp_sock_of(&d->sock)->header_included = value != 0;
	return 0;
}

static const struct dgram_option raw_options[] = {
	{IPPROTO_IP, IP_HDRINCL, get_header_included, set_header_included, 0},
};

/* The one option that is no number. */
static bool is_filter(const struct icmp_sock *i, int level, int name)
{
	return icmp_is_raw(i) && level == SOL_RAW && name == ICMP_FILTER;
}

static size_t rows(const struct icmp_sock *i)
{
	return icmp_is_raw(i) ? NSK_ARRAY_LEN(raw_options) : 0;
}

int icmp_getsockopt(struct sock *s, int level, int name, void *value, socklen_t *len)
{
	struct icmp_sock *i = icmp_sock_of(s);

	if (!is_filter(i, level, name))
		return dgram_getsockopt(&i->d, raw_options, rows(i), level, name, value, len);
	*len = NSK_MIN(*len, (socklen_t)sizeof(i->filter));
	memcpy(value, &i->filter, *len);
	return 0;
}

/* A shorter filter changes the first types alone, as in Linux. */
int icmp_setsockopt(struct sock *s, int level, int name, const void *value, socklen_t len)
{
	struct icmp_sock *i = icmp_sock_of(s);

	if (!is_filter(i, level, name))
		return dgram_setsockopt(&i->d, raw_options, rows(i), level, name, value, len);
	memcpy(&i->filter, value, NSK_MIN(len, (socklen_t)sizeof(i->filter)));
	return 0;
}
