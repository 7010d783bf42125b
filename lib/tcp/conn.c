/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of a connection: memory, states, end; see conn.h. */
#include "tcp/conn.h"

#include <errno.h>
#include <string.h>

#include "sock/zc_send.h"
#include "tcp/ecn.h"
#include "tcp/fastopen.h"
#include "tcp/moved.h"
#include "tcp/mtu.h"
#include "tcp/ooo.h"
#include "tcp/output.h"
#include "tcp/pace.h"
#include "tcp/rcvbuf.h"
#include "tcp/recover.h"
#include "tcp/sndbuf.h"
#include "tcp/sockcalls.h"
#include "tcp/table.h"
#include "tcp/tally.h"
#include "tcp/urgent.h"
#include "tcp/way.h"
#include "wire/family.h"

/* What the least MTU of IPv4 leaves beside timestamps. Others cannot bring us here: what they tell
 * of their MSS (tcp.mss_min) and of a path's MTU (IPV4_PMTU_FLOOR) is held higher (CVE-2019-11479).
 */
#define MSS_FLOOR 16

#define OPENING_STATES (TCPS_BIT(TCPS_SYN_SENT) | TCPS_BIT(TCPS_SYN_RCVD))

struct tcp_conn *conn_new(struct nsk_worker *w, uint8_t family)
{
	struct tcp_conn *c = conn_alloc(w);

	if (!c)
		return NULL;
	sock_init(&c->sock, w, &tcp_sock_ops, family);
	c->state = TCPS_CLOSED;
	c->rcv.limit = SETTING(w->set, tcp_window);
	c->snd.limit = SETTING(w->set, tcp_sndbuf);
	c->cc.algo = (uint8_t)SETTING(w->set, tcp_congestion);
	return c;
}

struct tcp_ext *conn_ext(struct nsk_worker *w, struct tcp_conn *c)
{
	if (!c->ext) {
		c->ext = slab_zalloc(&w->tcp->exts);
		if (c->ext)
			c->ext->progress_ms = w->tcp->now_ms;
	}
	return c->ext;
}

static void free_ext(struct nsk_worker *w, struct tcp_conn *c)
{
	if (!c->ext)
		return;
	tcp_moved_over(c);
	ooo_free(w, c);
	pace_free(w, c);
	mtu_free(w, c);
	tcp_fastopen_free(w, c);
	zc_closed(c->ext->zc);
	slab_free(&w->tcp->exts, c->ext);
	c->ext = NULL;
}

void conn_free(struct nsk_worker *w, struct tcp_conn *c)
{
	conn_set_state(w, c, TCPS_CLOSED);
	table_del_conn(w, c);
	table_del_port(w, c);
	wheel_cancel(&w->wheel, &c->timer);
	c->timers = 0;
	w->tcp->orphans -= !!(c->flags & CONN_F_ORPHAN);
	sndq_purge(w, c);
	rcvq_purge(w, c);
	recover_end(w, c);
	free_ext(w, c);
	sock_fini(&c->sock);
	if (w->tcp->nburst)
		conn_dirty(w, c); /* segments of this burst may have hints that lead here */
	if (c->flags & CONN_F_DIRTY)
		c->flags |= CONN_F_DEAD;
	else
		slab_free(&w->tcp->conns, c);
}

/* What an earlier connection of the socket has left ends; options stay. */
static void ext_renew(struct tcp_ext *x)
{
	const struct tcp_ext old = *x;

	*x = (struct tcp_ext){
		.loss = old.loss,
		.ooo = old.ooo,
		.pace = old.pace,
		.mtu = old.mtu,
		.user_timeout_ms = old.user_timeout_ms,
		.urgent = old.urgent,
		.keepidle_s = old.keepidle_s,
		.keepintvl_s = old.keepintvl_s,
		.user_mss = old.user_mss,
		.keepcnt = old.keepcnt,
		.syncnt = old.syncnt,
		.fastopen_bits = old.fastopen_bits,
		.fastopen = old.fastopen,
		.request = old.request,
		.zc = old.zc,
	};
}

void conn_start(struct nsk_worker *w, struct tcp_conn *c, uint32_t iss)
{
	c->snd_una = iss;
	c->snd_nxt = iss;
	c->snd_end = iss + 1;
	c->retries = 0;
	c->probes = 0;
	c->last_ack_ms = w->tcp->now_ms;
	c->last_data_ms = w->tcp->now_ms;
	c->last_snd_ms = w->tcp->now_ms;
	c->ts_recent = 0;
	c->last_ack_sent = 0;
	c->rcv.dupacks = 0;
	if (c->ext)
		ext_renew(c->ext);
	tally_clear(c);
	c->win = (struct window){.rcv_shift = w->set->tcp_wscale ? w->tcp->rcv_shift : 0};
	if (SETTING(w->set, tcp_user_timeout_ms) && conn_ext(w, c) && !c->ext->user_timeout_ms)
		c->ext->user_timeout_ms = SETTING(w->set, tcp_user_timeout_ms);
	recover_forget(w, c);
	loss_init(&c->loss);
	if (c->ext) {
		c->ext->progress_ms = w->tcp->now_ms;
		urgent_forget(c);
		pace_start(w, c);
	}
	rtt_init(&c->rtt, &w->tcp->rtt_limits);
	ackpolicy_init(&c->ack, (enum ackpolicy_profile)SETTING(w->set, tcp_ack_policy));
}

uint16_t conn_mss_announced(const struct tcp_conn *c, const struct iface *ifc)
{
	uint32_t mtu = NSK_MIN(iface_mtu(ifc, c->sock.family), (uint32_t)UINT16_MAX);
	uint16_t mss = family_mss(family_of(c->sock.family), (uint16_t)mtu);

	if (c->ext && c->ext->user_mss)
		mss = NSK_MIN(mss, c->ext->user_mss);
	return mss;
}

uint16_t conn_mss_effective(const struct nsk_worker *w, const struct tcp_conn *c)
{
	const struct iface *ifc = c->route.iface;
	uint16_t mss = c->rcv.peer_mss;

	if (ifc) {
		uint32_t room = w->set->buf_bytes - TCP_HLEN_MAX + TCP_OPTS_TS_LEN;

		mss = NSK_MIN(mss, family_mss(family_of(c->sock.family), mtu_of_path(c, ifc)));
		if (!(ifc->tx_offloads & PORT_TX_MULTI_SEG) && mss > room)
			mss = (uint16_t)room;
	}
	if (c->ext && c->ext->user_mss)
		mss = NSK_MIN(mss, c->ext->user_mss);
	if (c->flags & CONN_F_TS)
		mss = mss > TCP_OPTS_TS_LEN ? (uint16_t)(mss - TCP_OPTS_TS_LEN) : 0;
	return NSK_MAX(mss, (uint16_t)MSS_FLOOR);
}

void conn_open(struct nsk_worker *w, struct tcp_conn *c, uint32_t timeouts)
{
	cc_init(&c->cc, cc_algos[c->cc.algo], conn_mss_effective(w, c),
		NSK_UNLIKELY(timeouts > 1) ? 1 : w->set->tcp_initcwnd);
	if (NSK_UNLIKELY(w->net->pmtu != NULL))
		mtu_known(w, c);
	if (NSK_UNLIKELY(c->cc.flags & CC_MODEL))
		pace_model(w, c);
	c->flags |= CONN_F_WAS_OPEN;
	c->last_ack_ms = w->tcp->now_ms;
	c->last_data_ms = w->tcp->now_ms;
	c->last_snd_ms = w->tcp->now_ms;
}

int conn_route_slow(struct nsk_worker *w, struct tcp_conn *c)
{
	int rc = tcp_route(w, &c->route, &c->flow, c->sock.family);

	if (rc)
		return rc;
	if (conn_in(c, TCPS_SYNCHRONIZED)) {
		uint16_t mss = conn_mss_effective(w, c);

		if (mss != c->cc.smss)
			cc_set_smss(&c->cc, mss);
	}
	return 0;
}

static void tell_end(struct tcp_conn *c, int err)
{
	uint32_t bits = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP;

	if (err) {
		c->sock.err = (uint8_t)err;
		bits |= EPOLLERR;
	}
	sock_ready(&c->sock, bits);
}

/* The connection ends, but its application may still ask what it was. */
static void count_end(struct nsk_worker *w, struct tcp_conn *c, int err)
{
	uint32_t flight = c->snd_nxt - c->snd_una;

	if (c->ext)
		tally_window_open(w, c);
	tally_limited(w, c, TALLY_FREE);
	if (!flight)
		return;
	if (tally_in_full(c))
		tally_fold(w, c);
	tally_busy(w, c);
	if (c->state == TCPS_LAST_ACK && !err) { /* the short cut in has left this to us */
		tally_in_segment(c, false);
		tally_acked(w, c, flight);
	} else if (conn_ext(w, c)) {
		c->ext->count.abandoned = flight;
	}
}

void conn_ended(struct nsk_worker *w, struct tcp_conn *c, int err)
{
	if (c->state == TCPS_CLOSED)
		return;
	if (conn_in(c, OPENING_STATES)) {
		worker_count(w, NSK_CNT_TCP_ATTEMPT_FAILS, 1);
		if (fastopen_early(c))
			tcp_fastopen_end(w, c, false);
		else if (c->ext && c->ext->fastopen)
			tcp_fastopen_ended(w, c, err);
	} else {
		worker_count(w, NSK_CNT_TCP_CLOSED, 1);
	}
	if (c->flags & CONN_F_ORPHAN) {
		conn_free(w, c);
		return;
	}
	count_end(w, c, err);
	conn_set_state(w, c, TCPS_CLOSED);
	table_del_conn(w, c);
	wheel_cancel(&w->wheel, &c->timer);
	c->timers = 0;
	c->flags &= ~(CONN_F_ACK_NOW | CONN_F_ACK_LATER | CONN_F_PERSIST | CONN_F_WANT_MEM |
		      CONN_F_FIN_QUEUED | CONN_F_FIN_KNOWN);
	ecn_end(c);
	c->flags |= CONN_F_WAS_OPEN; /* reading gives the end of the stream, a refused one's too */
	sndq_purge(w, c);
	if (c->ext) {
		tcp_moved_over(c);
		ooo_free(w, c);
		mtu_free(w, c);
	}
	recover_end(w, c);
	tell_end(c, err);
}

void conn_disconnect(struct nsk_worker *w, struct tcp_conn *c)
{
	if (!(c->flags & CONN_F_PORT_SET)) {
		table_del_port(w, c);
		c->flow.dport_be = 0;
		c->flags &= ~CONN_F_NAMED;
	}
	if (!(c->flags & CONN_F_ADDR_SET)) {
		memset(c->flow.dst, 0, 16);
		if (sock_is_six(&c->sock))
			c->sock.family = AF_INET6;
	}
	memset(c->flow.src, 0, 16);
	c->flow.sport_be = 0;
	c->flags &= ~(CONN_F_ACTIVE | CONN_F_OPENER | CONN_F_WAS_OPEN | CONN_F_SHUT_RD |
		      CONN_F_FIN_SENT | CONN_F_FIN_RCVD);
	rcvq_purge(w, c);
	tally_clear(c);
	urgent_forget(c);
	sock_unready(&c->sock, EPOLLIN | EPOLLRDHUP);
}

/* Closed on both sides, but the peer has not been told of ours: without a word it would wait. */
static bool fin_untold(const struct tcp_conn *c)
{
	return conn_in(c, TCPS_BIT(TCPS_LAST_ACK) | TCPS_BIT(TCPS_CLOSING)) &&
	       !(c->flags & CONN_F_FIN_SENT);
}

void conn_abort(struct nsk_worker *w, struct tcp_conn *c, int err)
{
	const uint32_t need_rst = TCPS_BIT(TCPS_SYN_RCVD) | TCPS_BIT(TCPS_ESTABLISHED) |
				  TCPS_BIT(TCPS_FIN_WAIT_1) | TCPS_BIT(TCPS_FIN_WAIT_2) |
				  TCPS_BIT(TCPS_CLOSE_WAIT);

	if (conn_in(c, need_rst) || fin_untold(c))
		tcp_send_reset(w, c);
	if (conn_in(c, TCPS_OPEN))
		worker_count(w, NSK_CNT_TCP_ESTAB_RESETS, 1);
	conn_ended(w, c, err);
}
