/* SPDX-License-Identifier: BSD-3-Clause */
/* The rare part of IPv4's header: its options. See ipv4.h. */
#include "wire/ipv4.h"

enum nsk_drop ipv4_options_check(const uint8_t *p, size_t len)
{
	size_t i = 0;

	/* Each turn moves on by at least one byte, and a length below 2 ends the walk. */
	while (i < len) {
		uint8_t type = p[i];
		size_t opt_len;

		if (type == IPV4_OPT_END)
			break;
		if (type == IPV4_OPT_NOP) {
			i++;
			continue;
		}
		if (type == IPV4_OPT_LSRR || type == IPV4_OPT_SSRR)
			return NSK_DROP_IP_OPTIONS;
		if (len - i < 2)
			return NSK_DROP_IP_OPTIONS;
		opt_len = p[i + 1];
		if (opt_len < 2 || opt_len > len - i)
			return NSK_DROP_IP_OPTIONS;
		i += opt_len;
	}
	return NSK_DROP_NONE;
}
