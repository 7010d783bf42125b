/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CLOSE and half close: RFC 9293 §3.10.4, §3.6; a close that throws data away resets (RFC 1122
 * §4.2.2.13, RFC 2525 §2.17).
 */
#include "tcp/close.h"

#include <errno.h>

#include "tcp/listen.h"
#include "tcp/timer.h"

/* Our side ends: the FIN follows what is queued, and the state says so at once. */
static void end_sending(struct nsk_worker *w, struct tcp_conn *c)
{
	if (c->flags & CONN_F_FIN_QUEUED)
		return;
	c->flags |= CONN_F_FIN_QUEUED;
	switch (c->state) {
	case TCPS_ESTABLISHED:
		conn_set_state(w, c, TCPS_FIN_WAIT_1);
		break;
	case TCPS_CLOSE_WAIT:
		conn_set_state(w, c, TCPS_LAST_ACK);
		break;
	default: /* SYN-RECEIVED: once established */
		return;
	}
	conn_dirty(w, c);
}

static int shutdown_read(struct tcp_conn *c)
{
	c->flags |= CONN_F_SHUT_RD;
	sock_ready(&c->sock, EPOLLIN | EPOLLRDHUP);
	return 0;
}

int tcp_shutdown(struct sock *s, int how)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;

	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	tcp_clock(w);
	switch (c->state) {
	case TCPS_CLOSED: /* as Linux: who waits is woken all the same */
		if (how != SHUT_WR)
			shutdown_read(c);
		return -ENOTCONN;
	case TCPS_SYN_SENT: /* CLOSE there deletes the attempt, whichever half is meant */
		conn_ended(w, c, ECONNRESET);
		conn_disconnect(w, c);
		return 0;
	case TCPS_LISTEN:
		if (how != SHUT_WR) {
			listener_stop(w, c);
			sock_ready(s, EPOLLOUT | EPOLLHUP);
			conn_disconnect(w, c);
		}
		return 0;
	default:
		break;
	}
	if (how != SHUT_WR)
		shutdown_read(c);
	if (how != SHUT_RD) {
		end_sending(w, c);
		if (c->state != TCPS_SYN_RCVD)
			sock_ready(s, EPOLLOUT);
	}
	if ((c->flags & (CONN_F_SHUT_RD | CONN_F_FIN_RCVD)) && (c->flags & CONN_F_FIN_QUEUED))
		sock_ready(s, EPOLLHUP);
	return 0;
}

void tcp_discard(struct nsk_worker *w, struct tcp_conn *c)
{
	conn_orphan(w, c);
	if (c->state == TCPS_CLOSED)
		conn_free(w, c);
	else
		conn_abort(w, c, ECONNABORTED);
}

static bool too_many_orphans(const struct nsk_worker *w)
{
	const struct tcp_worker *t = w->tcp;

	return t->orphans >= SETTING(w->set, tcp_max_orphans) || t->orphans >= t->orphans_most;
}

/* The application leaves an open connection: the protocol ends it in its own time, unless it has
 * too many to end already. */
static void orphan(struct nsk_worker *w, struct tcp_conn *c)
{
	if (NSK_UNLIKELY(too_many_orphans(w))) {
		worker_count(w, NSK_CNT_TCP_ORPHANS_RESET, 1);
		tcp_discard(w, c);
		return;
	}
	conn_orphan(w, c);
	c->flags &= ~(CONN_F_CORK | CONN_F_MORE | CONN_F_WANT_MEM);
	tcp_timer_stop(c, TCP_T_LIFE);
	if (c->state == TCPS_FIN_WAIT_2)
		tcp_fin_wait_2_start(w, c);
	end_sending(w, c);
	conn_dirty(w, c);
}

void tcp_close(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	const uint32_t nothing_out = TCPS_BIT(TCPS_CLOSED) | TCPS_BIT(TCPS_SYN_SENT);

	tcp_clock(w);
	if (c->state == TCPS_LISTEN)
		listener_stop(w, c);
	if (conn_in(c, nothing_out)) {
		if (c->state == TCPS_SYN_SENT)
			worker_count(w, NSK_CNT_TCP_ATTEMPT_FAILS, 1);
		conn_orphan(w, c);
		conn_free(w, c);
	} else if (s->linger_s == 0 || c->rcv.bytes) {
		tcp_discard(w, c);
	} else {
		orphan(w, c);
	}
}
