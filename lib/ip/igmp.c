/* SPDX-License-Identifier: BSD-3-Clause */
/* IGMP's place among the protocols of IPv4: a message whose checksum is right goes to lib/net,
 * which speaks it (net/report.h). */
#include <rte_mbuf.h>

#include "ip/ip.h"
#include "mbuf/pool.h"
#include "net/report.h"

static void igmp_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint16_t off = (uint16_t)(p->l4_off - m->data_off);

	if (p->family != AF_INET)
		ip_unknown_proto(w, m);
	else if (csum_finish(ip_chain_sum(m, off, p->l4_len, 0)) != 0)
		pkt_drop(w, m, NSK_DROP_GROUP_MALFORMED);
	else
		report_input(w, m, NSK_MIN((size_t)p->l4_len, (size_t)(m->data_len - off)));
}

const struct ip_proto igmp_proto = {.input = igmp_input};
