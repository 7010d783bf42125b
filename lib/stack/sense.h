/* SPDX-License-Identifier: BSD-3-Clause */
/* What may be an address of a station, a subnet, a destination of routes, wherever it was written:
 * in a configuration, or said to a stack that runs. */
#ifndef NSK_STACK_SENSE_H
#define NSK_STACK_SENSE_H

#include "base/addr.h"
#include "net/iface.h"

/* Each: what speaks against it, to follow its text in a sentence; NULL: nothing. */
const char *sense_not_a_host(const struct ip_addr *a);
/* The address against its own subnet. */
const char *sense_not_in_subnet(const struct ip_prefix *p);
/* But for bits behind the length, which the caller can name. */
const char *sense_not_a_destination(const struct ip_prefix *p);
/* As somebody else's address, if it is in the subnet of this one of ours. */
const char *sense_not_a_gateway(const struct iface_addr *own, const struct ip_addr *gateway);

#endif
