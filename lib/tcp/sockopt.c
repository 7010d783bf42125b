/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Socket options of TCP; names, units and meanings as in Linux's tcp(7) and socket(7).
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "tcp/ecn.h"
#include "tcp/fastopen.h"
#include "tcp/listen.h"
#include "tcp/pace.h"
#include "tcp/rcvbuf.h"
#include "tcp/sndbuf.h"
#include "tcp/sockcalls.h"
#include "tcp/timer.h"
#include "tcp/urgent.h"

#define RCVBUF_MIN  2304
#define SNDBUF_MIN  4608
#define MAXSEG_MIN  88
#define MAXSEG_MAX  32767
#define KEEP_MAX_S  32767
#define KEEPCNT_MAX 127
#define SYNCNT_MAX  127
#define CC_NAME_MAX 16 /* octets of TCP_CONGESTION, with those behind the name, as in Linux */

static void set_flag(struct tcp_conn *c, uint32_t flag, int v)
{
	if (v)
		c->flags |= flag;
	else
		c->flags &= ~flag;
}

/* ---- SOL_SOCKET ---- */

/*
 * As in Linux, half of what is named is for payload and the rest for what holds it, and reading
 * gives twice what was set.
 */
static int get_rcvbuf(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return (int)NSK_MIN(c->rcv.limit, (uint32_t)INT32_MAX / 2) * 2;
}

static int set_rcvbuf(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	uint32_t most = NSK_MAX(w->set->tcp_rcvbuf_max, (uint32_t)RCVBUF_MIN);

	c->rcv.limit = NSK_MIN(NSK_MAX((uint32_t)NSK_MAX(v, 0), (uint32_t)RCVBUF_MIN / 2), most);
	c->flags |= CONN_F_RCVBUF_SET;
	if (conn_in(c, TCPS_RECEIVING))
		rcvq_read_done(w, c, 0);
	return 0;
}

static int get_sndbuf(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);
	uint32_t limit = c->state == TCPS_LISTEN ? c->listener->snd_limit : c->snd.limit;

	return (int)NSK_MIN(limit, (uint32_t)INT32_MAX / 2) * 2;
}

static int set_sndbuf(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);
	uint32_t most = NSK_MAX(SETTING(s->worker->set, tcp_sndbuf_max), (uint32_t)SNDBUF_MIN);
	uint32_t want = NSK_MIN(NSK_MAX((uint32_t)NSK_MAX(v, 0), (uint32_t)SNDBUF_MIN / 2), most);

	if (c->state == TCPS_LISTEN)
		c->listener->snd_limit = want;
	else
		c->snd.limit = want;
	c->flags |= CONN_F_SNDBUF_SET;
	return 0;
}

static int get_keepalive(struct sock *s)
{
	return !!(s->flags & SOCK_F_KEEPALIVE);
}

static int set_keepalive(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);

	c->sock.flags = (uint8_t)((c->sock.flags & ~SOCK_F_KEEPALIVE) | (v ? SOCK_F_KEEPALIVE : 0));
	tcp_keepalive_update(s->worker, c);
	return 0;
}

static int get_oobinline(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return !!(c->flags & CONN_F_OOBINLINE);
}

static int set_oobinline(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);

	set_flag(c, CONN_F_OOBINLINE, v);
	if (c->loss.urgent)
		urgent_tell(c);
	return 0;
}

static int get_error(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);
	int err = -sock_take_error(&c->sock);

	if (err == 0 && c->ext) {
		err = c->ext->soft_err;
		c->ext->soft_err = 0;
	}
	return err;
}

/* As in Linux four octets of value, or eight; all ones or 0: no limit, told as it was set. */
static int get_max_pacing_rate(struct sock *s, void *value, socklen_t *len)
{
	struct tcp_conn *c = conn_of_sock(s);
	uint64_t rate = pace_of(c) ? pace_of(c)->max_rate : PACE_NO_LIMIT;
	uint32_t half = (uint32_t)NSK_MIN(rate, (uint64_t)UINT32_MAX);

	if (*len >= sizeof(rate)) {
		*len = sizeof(rate);
		memcpy(value, &rate, sizeof(rate));
		return 0;
	}
	*len = NSK_MIN(*len, (socklen_t)sizeof(half));
	memcpy(value, &half, *len);
	return 0;
}

static int set_max_pacing_rate(struct sock *s, const void *value, socklen_t len)
{
	struct tcp_conn *c = conn_of_sock(s);
	uint64_t rate;
	uint32_t half;

	if (len >= sizeof(rate)) {
		memcpy(&rate, value, sizeof(rate));
	} else if (len >= sizeof(half)) {
		memcpy(&half, value, sizeof(half));
		rate = half == UINT32_MAX ? PACE_NO_LIMIT : half;
	} else {
		return -EINVAL;
	}
	return pace_limit(s->worker, c, rate);
}

/* ---- IPPROTO_TCP ---- */

static int get_nodelay(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return !!(c->flags & CONN_F_NODELAY);
}

static int set_nodelay(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);

	set_flag(c, CONN_F_NODELAY, v);
	if (v && conn_in(c, TCPS_SENDING))
		conn_dirty(s->worker, c);
	return 0;
}

static int get_cork(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return !!(c->flags & CONN_F_CORK);
}

/* Pulling the cork sends what it held back, Nagle or not. */
static int set_cork(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);
	bool was = c->flags & CONN_F_CORK;

	set_flag(c, CONN_F_CORK, v);
	if (!was && v)
		c->flags &= ~CONN_F_FORCE; /* what was written before waits as well */
	if (was && !v && conn_in(c, TCPS_SENDING) && sndq_unsent(c)) {
		c->flags = (c->flags & ~CONN_F_MORE) | CONN_F_FORCE;
		conn_dirty(s->worker, c);
	}
	return 0;
}

static int get_maxseg(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	if (conn_in(c, TCPS_SYNCHRONIZED))
		return c->cc.smss;
	return c->ext && c->ext->user_mss ? c->ext->user_mss : 536;
}

static int set_maxseg(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct tcp_ext *x;

	if (v && v < MAXSEG_MIN)
		return -EINVAL;
	x = conn_ext(s->worker, c);
	if (!x)
		return -ENOBUFS;
	x->user_mss = (uint16_t)v;
	return 0;
}

static int get_keepidle(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return c->ext && c->ext->keepidle_s
		       ? c->ext->keepidle_s
		       : (int)(SETTING(s->worker->set, tcp_keepalive_ms) / 1000);
}

static int get_keepintvl(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return c->ext && c->ext->keepintvl_s
		       ? c->ext->keepintvl_s
		       : (int)(SETTING(s->worker->set, tcp_keepintvl_ms) / 1000);
}

static int get_keepcnt(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return c->ext && c->ext->keepcnt ? c->ext->keepcnt
					 : (int)SETTING(s->worker->set, tcp_keepcnt);
}

static int set_keepidle(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;

	if (!conn_ext(w, c))
		return -ENOBUFS;
	c->ext->keepidle_s = (uint16_t)v;
	tcp_keepalive_update(w, c);
	return 0;
}

static int set_keepintvl(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);

	if (!conn_ext(s->worker, c))
		return -ENOBUFS;
	c->ext->keepintvl_s = (uint16_t)v;
	return 0;
}

static int set_keepcnt(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);

	if (!conn_ext(s->worker, c))
		return -ENOBUFS;
	c->ext->keepcnt = (uint8_t)v;
	return 0;
}

/* As Linux, of a listener's SYN,ACK as well. */
static int get_syncnt(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return c->ext && c->ext->syncnt ? c->ext->syncnt
					: (int)SETTING(s->worker->set, tcp_syn_retries);
}

static int set_syncnt(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);

	if (!conn_ext(s->worker, c))
		return -ENOBUFS;
	c->ext->syncnt = (uint8_t)v;
	return 0;
}

static int get_user_timeout(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return (int)(c->ext ? c->ext->user_timeout_ms
			    : SETTING(s->worker->set, tcp_user_timeout_ms));
}

static int set_user_timeout(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;

	if (!conn_ext(w, c))
		return -ENOBUFS;
	c->ext->user_timeout_ms = (uint32_t)v;
	c->ext->progress_ms = w->tcp->now_ms;
	return 0;
}

static int get_quickack(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return c->ack.quick != 0;
}

/* As in Linux not for ever: until the traffic looks like request and response again. */
static int set_quickack(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);

	c->ack.quick = v ? ACKPOLICY_QUICK : 0;
	if (v && ackpolicy_owed(&c->ack) && conn_in(c, TCPS_SYNCHRONIZED))
		conn_ack_now(s->worker, c);
	return 0;
}

static int get_info(struct sock *s, void *value, socklen_t *len)
{
	struct tcp_conn *c = conn_of_sock(s);

	tcp_info_get(s->worker, c, value, len);
	return 0;
}

static int get_congestion(struct sock *s, void *value, socklen_t *len)
{
	struct tcp_conn *c = conn_of_sock(s);
	char name[CC_NAME_MAX] = "";

	snprintf(name, sizeof(name), "%s", cc_algos[c->cc.algo]->name);
	*len = NSK_MIN(*len, (socklen_t)sizeof(name));
	memcpy(value, name, *len);
	return 0;
}

static int set_congestion(struct sock *s, const void *value, socklen_t len)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	const struct cc before = c->cc;
	const struct cc_algo *algo;

	len = (socklen_t)strnlen(value, len);
	algo = cc_find_n(value, len);
	if (!algo)
		return -ENOENT;
	if (algo->id == c->cc.algo)
		return 0;
	if (!c->cc.smss) {
		c->cc.algo = algo->id;
		return 0;
	}
	cc_change(&c->cc, algo);
	if (!algo->state_bytes) {
		pace_end_model(w, c);
	} else if (!pace_model(w, c)) {
		c->cc = before;
		return -ENOBUFS;
	}
	ecn_start(c);
	if (c->ext && c->ext->loss)
		loss_new_control(c->ext->loss);
	return 0;
}

/* ---- IPPROTO_IP ---- */

/* Unlike in Linux, 1 is where we begin: the port can then be one that brings the peer's packets to
 * this worker. */
static int get_no_port(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return !(c->flags & CONN_F_BIND_PORT);
}

static int set_no_port(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);

	set_flag(c, CONN_F_BIND_PORT, !v);
	return 0;
}

/* ---- IPPROTO_IPV6 ---- */

static int get_six_only(struct sock *s)
{
	return !!(s->six & SOCK_SIX_ONLY);
}

static int set_six_only(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);
	bool named = c->flags & (CONN_F_NAMED | CONN_F_BOUND) || c->flow.dport_be;

	return sock_set_six_only(&c->sock, named, v);
}

static const struct sock_option rows[] = {
	SOCK_INT(SOL_SOCKET, SO_RCVBUF, get_rcvbuf, set_rcvbuf),
	SOCK_INT(SOL_SOCKET, SO_SNDBUF, get_sndbuf, set_sndbuf),
	SOCK_INT(SOL_SOCKET, SO_KEEPALIVE, get_keepalive, set_keepalive),
	SOCK_INT(SOL_SOCKET, SO_ERROR, get_error, NULL),
	SOCK_INT(SOL_SOCKET, SO_OOBINLINE, get_oobinline, set_oobinline),
	SOCK_BYTES(SOL_SOCKET, SO_MAX_PACING_RATE, sizeof(uint32_t), get_max_pacing_rate,
		   set_max_pacing_rate),
	SOCK_INT(IPPROTO_TCP, TCP_NODELAY, get_nodelay, set_nodelay),
	SOCK_INT(IPPROTO_TCP, TCP_CORK, get_cork, set_cork),
	SOCK_INT_IN(IPPROTO_TCP, TCP_MAXSEG, 0, MAXSEG_MAX, get_maxseg, set_maxseg),
	SOCK_INT_IN(IPPROTO_TCP, TCP_KEEPIDLE, 1, KEEP_MAX_S, get_keepidle, set_keepidle),
	SOCK_INT_IN(IPPROTO_TCP, TCP_KEEPINTVL, 1, KEEP_MAX_S, get_keepintvl, set_keepintvl),
	SOCK_INT_IN(IPPROTO_TCP, TCP_KEEPCNT, 1, KEEPCNT_MAX, get_keepcnt, set_keepcnt),
	SOCK_INT_IN(IPPROTO_TCP, TCP_SYNCNT, 1, SYNCNT_MAX, get_syncnt, set_syncnt),
	SOCK_INT_IN(IPPROTO_TCP, TCP_USER_TIMEOUT, 0, INT_MAX, get_user_timeout, set_user_timeout),
	SOCK_INT(IPPROTO_TCP, TCP_QUICKACK, get_quickack, set_quickack),
	SOCK_BYTES(IPPROTO_TCP, TCP_INFO, 0, get_info, NULL),
	SOCK_INT_IN(IPPROTO_TCP, TCP_FASTOPEN, 0, INT_MAX, tcp_fastopen_get_most,
		    tcp_fastopen_set_most),
	SOCK_INT_IN(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0, 1, tcp_fastopen_get_connect,
		    tcp_fastopen_set_connect),
	SOCK_INT_IN(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 0, 1, tcp_fastopen_get_no_cookie,
		    tcp_fastopen_set_no_cookie),
	SOCK_BYTES(IPPROTO_TCP, TCP_FASTOPEN_KEY, 0, tcp_fastopen_get_key, tcp_fastopen_set_key),
	SOCK_BYTES(IPPROTO_TCP, TCP_CONGESTION, 1, get_congestion, set_congestion),
	SOCK_INT(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, get_no_port, set_no_port),
	SOCK_INT(IPPROTO_IPV6, IPV6_V6ONLY, get_six_only, set_six_only),
};

/* Calls come between turns as well. */
static void set_clock(struct sock *s)
{
	tcp_clock(s->worker);
}

const struct sock_options tcp_options = {
	.row = rows,
	.count = NSK_ARRAY_LEN(rows),
	.next = &sock_options,
	.before = set_clock,
};
