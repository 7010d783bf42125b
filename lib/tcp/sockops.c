/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP's rows in the table of socket types, and the making of a socket. */
#include <errno.h>

#include "tcp/close.h"
#include "tcp/listen.h"
#include "tcp/sockcalls.h"
#include "tcp/tcp.h"

/* All but what receives. */
#define ROWS                                                                                    \
	.type = SOCK_STREAM, .protocol = IPPROTO_TCP, .bind = tcp_bind, .listen = tcp_listen,   \
	.connect = tcp_connect, .connected = tcp_connected, .accept = tcp_accept,               \
	.sendmsg = tcp_sendmsg, .send = tcp_send, .shutdown = tcp_shutdown, .close = tcp_close, \
	.options = &tcp_options, .getname = tcp_getname, .ioctl = tcp_ioctl,                    \
	.zc_send = tcp_zc_send, .zc_queue = tcp_zc_queue, .move = tcp_move

const struct sock_ops tcp_sock_ops = {
	ROWS,
	.recvmsg = tcp_recvmsg,
	.recv = tcp_recv,
	.zc_recv = tcp_zc_recv,
};

const struct sock_ops tcp_marked_ops = {
	ROWS,
	.recvmsg = tcp_marked_recvmsg,
	.zc_recv = tcp_marked_zc_recv,
	.at_mark = tcp_at_mark,
};

int tcp_create(struct nsk_worker *w, uint8_t domain, struct sock **s)
{
	struct tcp_conn *c = conn_new(w, domain);

	if (!c)
		return slab_room(&w->tcp->conns) ? -ENOMEM : -ENFILE;
	/* As Linux: what is not connected hangs up, and would take a write to say so. */
	sock_ready(&c->sock, EPOLLOUT | EPOLLHUP);
	*s = &c->sock;
	return 0;
}
