/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading and writing by reference: netstk/zerocopy.h, MSG_ZEROCOPY. */
#include <errno.h>

#include "mbuf/pool.h"
#include "sock/zc_send.h"
#include "tcp/fastopen.h"
#include "tcp/rcvbuf.h"
#include "tcp/sndbuf.h"
#include "tcp/sockcalls.h"

int tcp_zc_recv(struct sock *s, struct rte_mbuf **bufs, unsigned max)
{
	struct tcp_conn *c = conn_of_sock(s);
	uint32_t len = 0;
	unsigned n = 0;

	if (max == 0)
		return 0;
	if (c->rcv.bytes == 0)
		return (int)tcp_recv_status(s);
	while (n < max && c->rcv.head) {
		bufs[n] = rcvq_pop(s->worker, c);
		len += bufs[n++]->data_len;
	}
	tcp_recv_done(s->worker, c, len);
	return (int)n;
}

ssize_t tcp_zc_send(struct sock *s, struct rte_mbuf *buf)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	uint32_t len = buf->data_len;
	int rc = tcp_send_status(s);

	if (fastopen_waits(c))
		tcp_fastopen_deferred(s, &(struct msghdr){0}); /* without data: that follows */
	if (rc)
		return rc;
	/* A chain, or a struct that others hold too, cannot be linked into the queue. */
	if (buf->nb_segs != 1 || rte_mbuf_refcnt_read(buf) != 1 || len == 0)
		return -EINVAL;
	if (!sndq_has_room(w, c)) {
		tcp_no_room(w, c);
		return -EAGAIN;
	}
	sndq_push(w, c, buf);
	tcp_send_done(w, c, true, false);
	return (ssize_t)len;
}

/* ---- the application's own memory ---- */

/* A piece for which another buffer would have been large enough pins as much memory as that. */
#define PIECE_MIN 2048u

struct zc_queue **tcp_zc_queue(struct sock *s, bool make)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct tcp_ext *x = make ? conn_ext(s->worker, c) : c->ext;

	return x ? &x->zc : NULL;
}

/* Whether what is sent may lie where the application has it. */
static bool way_refers(struct nsk_worker *w, struct tcp_conn *c)
{
	const uint32_t need = PORT_TX_MULTI_SEG | PORT_TX_INDIRECT | PORT_TX_EXTERNAL;

	return conn_route(w, c) == 0 && (c->route.iface->tx_offloads & need) == need;
}

/* Octets for one buffer, so that what is left is not too small for the next. */
static size_t piece_len(const struct tcp_conn *c, size_t left)
{
	size_t n = NSK_MIN(left, (size_t)ZC_PIECE_MAX);
	uint32_t room = c->snd.limit - NSK_MIN(sndq_bytes(c), c->snd.limit);

	n = NSK_MIN(n, (size_t)NSK_MAX(room, 2 * PIECE_MIN));
	return n < left && left - n < PIECE_MIN ? n - PIECE_MIN : n;
}

/* Queues the next piece. Octets taken; 0: no room, or it has to be copied (*copy). */
static size_t push_piece(struct nsk_worker *w, struct tcp_conn *c, const uint8_t *p, size_t left,
			 bool *copy)
{
	struct rte_mbuf *m = sndq_has_room(w, c) ? pkt_alloc(w) : NULL;
	uint32_t n;

	if (!m)
		return 0;
	n = zc_refer(w->zc_send, m, p, piece_len(c, left));
	if (n) {
		sndq_push(w, c, m);
	} else {
		pkt_put_seg(w, m);
		*copy = true;
	}
	return n;
}

size_t tcp_zc_write(struct nsk_worker *w, struct tcp_conn *c, const uint8_t *p, size_t len,
		    size_t *copied)
{
	bool copy = len < PIECE_MIN || !way_refers(w, c);
	size_t taken = 0, n = 1;

	while (!copy && n && taken < len) {
		n = push_piece(w, c, p + taken, len - taken, &copy);
		taken += n;
	}
	if (!copy)
		return taken;
	n = sndq_write(w, c, p + taken, len - taken);
	*copied += n;
	return taken + n;
}
