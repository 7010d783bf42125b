/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options that only UDP has: many datagrams at once, one in parts. The others are
 * lib/dgram's. */
#include <errno.h>
#include <netinet/udp.h>

#include "udp/udp.h"

static int get_segment(struct dgram *d)
{
	return udp_of(&d->sock)->segment;
}

static int set_segment(struct dgram *d, int value)
{
	if (value < 0 || value > UINT16_MAX)
		return -EINVAL;
	udp_of(&d->sock)->segment = (uint16_t)value;
	return 0;
}

static int get_cork(struct dgram *d)
{
	return udp_of(&d->sock)->hold;
}

static int set_cork(struct dgram *d, int value)
{
	return udp_cork_set(udp_of(&d->sock), value != 0);
}

static const struct dgram_option options[] = {
	{SOL_UDP, UDP_CORK, get_cork, set_cork, 0},
	{SOL_UDP, UDP_SEGMENT, get_segment, set_segment, 0},
	{SOL_UDP, UDP_GRO, NULL, NULL, DGRAM_WANTS_RUNS},
};

int udp_getsockopt(struct sock *s, int level, int name, void *value, socklen_t *len)
{
	return dgram_getsockopt(dgram_of(s), options, NSK_ARRAY_LEN(options), level, name, value,
				len);
}

int udp_setsockopt(struct sock *s, int level, int name, const void *value, socklen_t len)
{
	return dgram_setsockopt(dgram_of(s), options, NSK_ARRAY_LEN(options), level, name, value,
				len);
}
