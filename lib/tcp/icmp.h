/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors about our segments. */
#ifndef NSK_TCP_ICMP_H
#define NSK_TCP_ICMP_H

#include "ip/ip.h"

/* The error row of tcp_proto. */
bool tcp_icmp_error(struct nsk_worker *w, const struct ip_error *e);

#endif
