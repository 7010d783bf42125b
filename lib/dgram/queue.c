/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of a socket: what came and was not read yet, within its receive buffer. */
#include <rte_mbuf.h>

#include "dgram/dgram.h"

/* What a datagram is charged: whole buffers, so that tiny ones cannot pin the pool. */
static uint32_t charge_of(const struct rte_mbuf *m)
{
	uint32_t bytes = 0;

	for (; m; m = m->next)
		bytes += (uint32_t)sizeof(struct rte_mbuf) + PKT_PRIV_SIZE + m->buf_len;
	return bytes;
}

bool dgram_enqueue(struct dgram *d, struct rte_mbuf *m)
{
	uint32_t bytes = charge_of(m);
	struct pkt *p = pkt_of(m);

	if (NSK_UNLIKELY(d->queued && d->queued_bytes + bytes > d->rcvbuf)) {
		d->overflows++;
		return false;
	}
	p->qnext = NULL;
	if (d->qhead)
		pkt_of(d->qtail)->qnext = m;
	else
		d->qhead = m;
	d->qtail = m;
	d->queued++;
	d->queued_bytes += bytes;
	p->arrived_ns = d->sock.worker->now_ns;
	rte_pktmbuf_adj(m, (uint16_t)(p->pay_off - m->data_off));
	sock_ready(&d->sock, EPOLLIN);
	return true;
}

struct rte_mbuf *dgram_queue_pop(struct dgram *d)
{
	struct rte_mbuf *m = d->qhead;

	if (!m)
		return NULL;
	d->qhead = pkt_of(m)->qnext;
	d->queued--;
	d->queued_bytes -= charge_of(m);
	if (!d->qhead) {
		d->qtail = NULL;
		if (!(d->flags & DGRAM_F_SHUT_RD))
			sock_unready(&d->sock, EPOLLIN);
	}
	return m;
}

void dgram_queue_purge(struct dgram *d)
{
	struct rte_mbuf *m;

	while ((m = dgram_queue_pop(d)))
		pkt_put(d->sock.worker, m);
}
