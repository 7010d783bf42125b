/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of a socket: what came and was not read yet, within its receive buffer. */
#include <rte_mbuf.h>

#include "dgram/dgram.h"
#include "mbuf/pool.h"
#include "sock/item.h"

/* What a datagram is charged: whole buffers, so that tiny ones cannot pin the pool. */
static uint32_t charge_of(const struct rte_mbuf *m)
{
	uint32_t bytes = 0;

	for (; m; m = m->next)
		bytes += (uint32_t)sizeof(struct rte_mbuf) + PKT_PRIV_SIZE + m->buf_len;
	return bytes;
}

/* What the queues of a worker hold together at most; each: what a buffer is charged. */
static uint64_t most(const struct nsk_worker *w, uint32_t each)
{
	return w->set->udp_mem ? w->set->udp_mem / w->peers : (uint64_t)each * (w->pool->count / 8);
}

enum nsk_drop dgram_enqueue(struct dgram *d, struct rte_mbuf *m, enum nsk_drop full)
{
	struct nsk_worker *w = d->sock.worker;
	uint32_t bytes = charge_of(m);
	struct pkt *p = pkt_of(m);
	enum nsk_drop why = NSK_DROP_NONE;

	if (NSK_UNLIKELY(d->queued && d->queued_bytes + bytes > d->rcvbuf))
		why = full;
	else if (NSK_UNLIKELY(w->sock->dgram_bytes + bytes > most(w, bytes / m->nb_segs)))
		why = NSK_DROP_UDP_MEM_FULL;
	if (NSK_UNLIKELY(why)) {
		d->overflows++;
		return why;
	}
	p->qnext = NULL;
	if (d->qhead)
		pkt_of(d->qtail)->qnext = m;
	else
		d->qhead = m;
	d->qtail = m;
	d->queued++;
	d->queued_bytes += bytes;
	w->sock->dgram_bytes += bytes;
	p->arrived_ns = w->now_ns;
	rte_pktmbuf_adj(m, (uint16_t)(p->pay_off - m->data_off));
	sock_ready(&d->sock, EPOLLIN);
	return NSK_DROP_NONE;
}

struct rte_mbuf *dgram_queue_pop(struct dgram *d)
{
	struct rte_mbuf *m = d->qhead;
	uint32_t bytes;

	if (!m)
		return NULL;
	bytes = charge_of(m);
	d->qhead = pkt_of(m)->qnext;
	d->queued--;
	d->queued_bytes -= bytes;
	d->sock.worker->sock->dgram_bytes -= bytes;
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
