/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading and writing by reference: netstk/zerocopy.h. */
#include <errno.h>

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
		return tcp_recv_status(s);
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
