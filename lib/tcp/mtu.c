/* SPDX-License-Identifier: BSD-3-Clause */
/* Down and up again with the path MTU of a connection; see mtu.h. */
#include "tcp/mtu.h"

#include "net/pmtu.h"
#include "tcp/output.h"
#include "tcp/recover.h"
#include "tcp/sndbuf.h"
#include "tcp/timer.h"
#include "wire/family.h"

/* So many segments behind the probe tell of its loss at once (RFC 4821 §7.4). */
#define FOLLOW (RACK_DUPTHRESH + 1)

/* Octets of a segment's headers. */
static uint32_t headers(const struct tcp_conn *c)
{
	return tcp_header_len(c) + family_of(c->sock.family)->hdr_len;
}

static struct tcp_mtu *mtu_of(const struct tcp_conn *c)
{
	return c->ext ? c->ext->mtu : NULL;
}

/* The largest packet that we could send on the route, whatever is known of the path. */
static uint16_t largest(const struct nsk_worker *w, struct tcp_conn *c)
{
	uint16_t known = c->ext->path_mtu;
	uint32_t size;

	c->ext->path_mtu = 0;
	size = conn_mss_effective(w, c) + headers(c);
	c->ext->path_mtu = known;
	return (uint16_t)size;
}

static void set_state(struct tcp_conn *c, enum mtu_probe state)
{
	c->ext->mtu->state = (uint8_t)state;
	c->loss.mtu = state != MTU_RESTS;
}

/* What is known now is believed for a while; without memory, for good. */
static void rest(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = c->ext;

	if (!x->mtu)
		x->mtu = mem_zalloc(w->mem, sizeof(*x->mtu));
	if (!x->mtu)
		return;
	set_state(c, MTU_RESTS);
	tcp_timer_set(w, c, TCP_T_MTU, SETTING(w->set, tcp_mtu_probe_ms) * MS_NS);
}

void mtu_free(struct nsk_worker *w, struct tcp_conn *c)
{
	if (!mtu_of(c))
		return;
	tcp_timer_stop(c, TCP_T_MTU);
	c->loss.mtu = false;
	mem_free(w->mem, c->ext->mtu, sizeof(*c->ext->mtu));
	c->ext->mtu = NULL;
}

/* The segment size follows the path's. True: it has become smaller. */
static bool set_smss(struct nsk_worker *w, struct tcp_conn *c)
{
	uint16_t before = c->cc.smss;

	if (!conn_in(c, TCPS_SYNCHRONIZED))
		return false;
	cc_set_smss(&c->cc, conn_mss_effective(w, c));
	return c->cc.smss < before;
}

bool mtu_lower(struct nsk_worker *w, struct tcp_conn *c, uint32_t mtu)
{
	uint16_t floor = family_of(c->sock.family)->min_mtu;
	struct tcp_ext *x = conn_ext(w, c);

	mtu = NSK_MIN(NSK_MAX(mtu, (uint32_t)floor), (uint32_t)UINT16_MAX);
	if (!x)
		return false;
	if (x->path_mtu && x->path_mtu <= mtu) {
		if (x->mtu && x->mtu->state == MTU_OUT)
			mtu_search_told(&x->mtu->search, (uint16_t)mtu);
		return false;
	}
	x->path_mtu = (uint16_t)mtu;
	rest(w, c);
	return set_smss(w, c);
}

void mtu_known(struct nsk_worker *w, struct tcp_conn *c)
{
	const struct ip_addr peer = ip_addr_of(c->sock.family, c->flow.src);
	const struct iface *ifc = c->route.iface;
	uint32_t mtu, most;

	if (!ifc)
		return;
	most = iface_mtu(ifc, c->sock.family);
	mtu = pmtu_to(w, &peer, most, true);
	if (mtu < most)
		mtu_lower(w, c, mtu);
}

/* ---- upwards ---- */

/* What comes after a probe, or instead of one. */
static void go_on(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = c->ext;

	if (x->path_mtu >= largest(w, c)) {
		x->path_mtu = 0;
		mtu_free(w, c);
	} else if (mtu_search_next(&x->mtu->search)) {
		set_state(c, MTU_WANTED);
	} else {
		rest(w, c);
	}
}

void mtu_due(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = c->ext;

	if (!conn_in(c, TCPS_SENDING))
		return;
	if (conn_route(w, c) != 0) {
		rest(w, c);
		return;
	}
	mtu_search_begin(&x->mtu->search, x->path_mtu, largest(w, c));
	go_on(w, c);
}

bool mtu_output(struct nsk_worker *w, struct tcp_conn *c, uint32_t *budget)
{
	uint32_t flight = c->snd_nxt - c->snd_una, smss = c->cc.smss, len, all;
	struct tcp_mtu *m = c->ext->mtu;

	if (m->state != MTU_WANTED || c->loss.state != LOSS_OPEN)
		return false;
	m->size = NSK_MIN(mtu_search_next(&m->search), largest(w, c));
	if (m->size <= c->ext->path_mtu) { /* the route is another one by now */
		rest(w, c);
		return false;
	}
	len = m->size - headers(c);
	all = len + FOLLOW * smss;
	if (sndq_unsent(c) < all || c->win.snd_wnd < all || c->cc.cwnd < all || *budget < len)
		return false;
	if (window_usable(&c->win, c->snd_una, c->snd_nxt) < all || c->cc.cwnd < flight + all)
		return true;
	recover_prepare(w, c, c->snd_una);
	m->probe.start = c->snd_nxt;
	len = tcp_send_larger(w, c, len);
	m->probe.end = c->snd_nxt;
	m->size = (uint16_t)(len + headers(c)); /* of octets that lie scattered fewer left */
	*budget -= len;
	if (len && m->size > c->ext->path_mtu)
		set_state(c, MTU_OUT);
	return false;
}

static void passed(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_mtu *m = c->ext->mtu;

	worker_count(w, NSK_CNT_TCP_MTU_RAISED, 1);
	mtu_search_passed(&m->search, m->size);
	c->ext->path_mtu = m->size;
	go_on(w, c);
	set_smss(w, c);
}

static void lost(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_mtu *m = c->ext->mtu;

	worker_count(w, NSK_CNT_TCP_MTU_PROBES_LOST, 1);
	if (m->search.high >= m->size)
		mtu_search_lost(&m->search, m->size);
	go_on(w, c);
}

unsigned mtu_acked(struct nsk_worker *w, struct tcp_conn *c, struct loss_ctx *x, unsigned ev)
{
	struct tcp_mtu *m = c->ext->mtu;
	struct seq_range probe = m->probe;

	if (m->state != MTU_OUT)
		return ev;
	if (seq_geq(c->snd_una, probe.end)) {
		passed(w, c);
		return ev;
	}
	probe.start = seq_max(probe.start, c->snd_una);
	if (!(flight_at(x->f, x->una, probe.start).flags & FLIGHT_LOST))
		return ev;
	if (!(ev & LOSS_EV_ENTER) || flight_lost(x->f, x->una, x->nxt) > seq_range_len(probe)) {
		go_on(w, c); /* others were lost, too: it says nothing of the size */
		return ev;
	}
	loss_forgive(x, probe.end);
	lost(w, c);
	return ev & ~LOSS_EV_ENTER;
}

void mtu_timeout(struct nsk_worker *w, struct tcp_conn *c)
{
	if (c->ext->mtu->state == MTU_OUT)
		lost(w, c);
}
