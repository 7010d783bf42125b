/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What routers said of paths: how long a packet to a destination may be, for ten minutes, for all
 * that is sent there (RFC 1191 §6.3, RFC 8201 §5.2, §5.3). A worker's own: the messages come to
 * the worker whose packets they are about.
 *
 * Who is asked to believe a message knows how far: TCP compares the sequence number that it quotes
 * (RFC 5927 §4.1), a datagram's ports can be guessed. So TCP minds nothing that datagrams learnt.
 */
#ifndef NSK_NET_PMTU_H
#define NSK_NET_PMTU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "net/net.h"

struct pmtu_table;

/*
 * A router says that mtu octets are the most. Never makes a path wider than what is known, nor
 * known for longer (RFC 1191 §3). Of 1,024 destinations, and of four that share a place, those go
 * first that are not sure, then those that are the oldest. Without memory nothing is kept.
 */
void pmtu_learn(struct nsk_worker *w, const struct ip_addr *dst, uint16_t mtu, bool sure);
void pmtu_fini(struct nsk_worker *w);

uint32_t pmtu_look_up(const struct nsk_worker *w, const struct ip_addr *dst, uint32_t mtu,
		      bool sure);

/* What a packet to dst may hold where the interface takes mtu; sure: by what is certain alone. */
static inline uint32_t pmtu_to(const struct nsk_worker *w, const struct ip_addr *dst, uint32_t mtu,
			       bool sure)
{
	return NSK_LIKELY(!w->net->pmtu) ? mtu : pmtu_look_up(w, dst, mtu, sure);
}

#endif
