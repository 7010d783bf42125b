/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a router does to the options of IPv4 packets on their way. RFC 791 §3.1, RFC 1812 §5.3.13.
 * Source routes do not come this far: they are refused (RFC 7126 §4.3, §4.4).
 */
#include "ip/forward.h"

#include "wire/ipv4.h"

#define OPT_RECORD_ROUTE 7
#define OPT_TIMESTAMP	 68

#define ROUTE_FIRST 4 /* least value of an option's pointer: its first place */
#define STAMP_FIRST 5

/* Flags of a timestamp option. */
#define STAMP_TIMES    0
#define STAMP_BOTH     1
#define STAMP_GIVEN    3 /* the sender has named who is to write */
#define OVERFLOW_FIRST 0x10

/* An option of len octets, its pointer at option[2], counted from 1. 0, or the octet that is wrong,
 * counted from 1 as well. */
static unsigned record_route(uint8_t *option, uint8_t len, const struct forward_stamp *stamp)
{
	uint8_t at = option[2];

	if (at < ROUTE_FIRST)
		return 3;
	if (at > len)
		return 0; /* full: it goes on as it is */
	if (at + 3 > len)
		return 3;
	memcpy(option + at - 1, stamp->own, 4);
	option[2] = (uint8_t)(at + 4);
	return 0;
}

/* One who finds no room counts himself; when that is no longer possible the packet is lost. */
static unsigned count_overflow(uint8_t *option)
{
	if (option[3] >> 4 == 15)
		return 4;
	option[3] = (uint8_t)(option[3] + OVERFLOW_FIRST);
	return 0;
}

static unsigned stamp_time(uint8_t *option, uint8_t len, const struct forward_stamp *stamp)
{
	uint8_t at = option[2], flag = option[3] & 15;
	uint8_t need = flag == STAMP_TIMES ? 4 : 8;

	if (at < STAMP_FIRST)
		return 3;
	if (flag != STAMP_TIMES && flag != STAMP_BOTH && flag != STAMP_GIVEN)
		return 4;
	if (at > len)
		return flag == STAMP_GIVEN ? 0 : count_overflow(option);
	if (at + need - 1 > len)
		return 3;
	if (flag == STAMP_GIVEN && !stamp->is_ours(stamp->arg, option + at - 1))
		return 0;
	if (flag == STAMP_BOTH)
		memcpy(option + at - 1, stamp->own, 4);
	store_be32(option + at - 1 + (need - 4), stamp->ms);
	option[2] = (uint8_t)(at + need);
	return 0;
}

unsigned forward_options(uint8_t *options, size_t len, const struct forward_stamp *stamp)
{
	unsigned wrong = 0;
	size_t n;

	/* Lengths were judged when the packet came in: ipv4_options_check(). */
	for (size_t i = 0; i < len && options[i] != IPV4_OPT_END && !wrong; i += n) {
		uint8_t *option = options + i;

		n = option[0] == IPV4_OPT_NOP ? 1 : option[1];
		if (option[0] == OPT_RECORD_ROUTE && n >= 3)
			wrong = record_route(option, (uint8_t)n, stamp);
		else if (option[0] == OPT_TIMESTAMP && n >= 4)
			wrong = stamp_time(option, (uint8_t)n, stamp);
		if (wrong)
			wrong += IPV4_HLEN + (unsigned)i - 1;
	}
	return wrong;
}
