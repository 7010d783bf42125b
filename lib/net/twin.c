/* SPDX-License-Identifier: BSD-3-Clause */
/* What workers give to a twin; see twin.h. */
#include "net/twin.h"

#include <rte_mbuf.h>

#include "mbuf/pkt.h"
#include "mbuf/pool.h"
#include "wire/eth.h"

#define NS_PER_SEC    UINT64_C(1000000000)
#define AT_ONCE_NS    (NS_PER_SEC / 10) /* of a limit: what comes in that time may come at once */
#define AT_ONCE_LEAST 10

/*
 * May one more go? As limiter_allow() (tcpalg/limiter.h), by any worker: those who are told no only
 * read, so that a flood at several workers does not have them take the line from each other.
 */
static bool allow(struct twin_limit *l, uint64_t now_ns, uint32_t rate)
{
	const uint64_t step = NS_PER_SEC / rate, most = NSK_MAX(AT_ONCE_NS, AT_ONCE_LEAST * step);
	uint64_t was = __atomic_load_n(&l->tat_ns, __ATOMIC_RELAXED), tat;

	do {
		tat = NSK_MAX(was, now_ns);
		if (tat - now_ns + step > most)
			return false;
	} while (!__atomic_compare_exchange_n(&l->tat_ns, &was, tat + step, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

void twin_give(struct nsk_worker *w, struct twin *t, struct twin_limit *l, struct rte_mbuf *m)
{
	if (!allow(l, w->now_ns, SETTING(w->set, twin_rate))) {
		pkt_drop(w, m, NSK_DROP_TWIN_RATE);
		return;
	}
	pkt_forget_offloads(m);
	if (rte_ring_enqueue(t->queue, m)) {
		pkt_drop(w, m, NSK_DROP_TWIN_QUEUE_FULL);
		return;
	}
	if (w->id != 0)
		w->ops->wake(w->ops->worker_at(w, 0));
}

bool twin_copy(struct nsk_worker *w, struct twin *t, const struct rte_mbuf *m, uint16_t l3_off)
{
	/* From the frame's header on, which still stands in front. */
	const uint32_t len = m->pkt_len + (uint32_t)(m->data_off - l3_off) + ETH_HLEN;
	struct rte_mbuf *c = m->nb_segs == 1 ? pkt_alloc(w) : NULL;
	char *to = c ? rte_pktmbuf_append(c, (uint16_t)len) : NULL;

	if (!to) {
		rte_pktmbuf_free(c);
		worker_count_drop(w, NSK_DROP_RX_NO_BUFFER, 1);
		return false;
	}
	memcpy(to, (const char *)m->buf_addr + l3_off - ETH_HLEN, len);
	twin_give(w, t, &t->neighbours, c);
	return true;
}
