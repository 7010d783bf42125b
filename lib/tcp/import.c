/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From an image to a connection; see image.h. Everything is read and held against everything else
 * before a buffer is touched; what cannot fail comes last.
 */
#include <errno.h>

#include "mbuf/shared.h"
#include "net/local.h"
#include "sock/zc_send.h"
#include "tcp/image.h"
#include "tcp/mtu.h"
#include "tcp/ooo.h"
#include "tcp/pace.h"
#include "tcp/rcvbuf.h"
#include "tcp/recover.h"
#include "tcp/sndbuf.h"
#include "tcp/sockcalls.h"
#include "tcp/table.h"
#include "tcp/tcp.h"
#include "tcp/timer.h"
#include "tcp/urgent.h"
#include "tcp/way.h"
#include "tcpalg/image.h"
#include "wire/family.h"

#define QUEUE_SND_OCTETS 7 /* of a buffer's entry */
#define QUEUE_RCV_OCTETS 2
#define QUEUE_OOO_OCTETS 6

struct import {
	struct nsk_worker *w;
	struct image_in in;
	uint64_t then_ns; /* when the image was taken */
	uint32_t parts;
	uint32_t snd, rcv, ooo; /* buffers */
	uint32_t ranges;	/* of the latter */
	uint64_t snd_mem, rcv_mem;
	bool bound; /* its port was named by bind() */
	struct conn_queues *q;
	struct tcp_conn *c;
};

static uint64_t number(struct import *im, unsigned width)
{
	return image_get_number(&im->in, width);
}

static void rows(struct import *im, const struct image_table *t, void *to)
{
	image_get(&im->in, t, to, im->then_ns);
}

static int verdict(const struct import *im)
{
	return im->in.bad ? -EBADMSG : 0;
}

/* What has to hold. */
static void require(struct import *im, bool ok)
{
	im->in.bad |= !ok;
}

/* ---- head ---- */

static int read_head(struct import *im, size_t len)
{
	uint64_t magic = number(im, 4), version = number(im, 2);

	if (im->in.bad || magic != CONN_IMAGE_MAGIC)
		return -EBADMSG;
	if (version != CONN_IMAGE_VERSION)
		return -EPROTONOSUPPORT;
	im->parts = (uint32_t)number(im, 2);
	require(im, number(im, 4) == len && !(im->parts & ~(uint32_t)CONN_IMAGE_ALL));
	im->snd = (uint32_t)number(im, 4);
	im->rcv = (uint32_t)number(im, 4);
	im->ooo = (uint32_t)number(im, 4);
	return verdict(im);
}

/* ---- the connection ---- */

static void check_numbers(struct import *im)
{
	const struct tcp_conn *c = im->c;
	uint32_t fin = !!(c->flags & CONN_F_FIN_SENT), flight = c->snd_nxt - c->snd_una;

	require(im, conn_in(c, TCPS_SYNCHRONIZED));
	require(im, c->flags & CONN_F_FIN_QUEUED || !fin);
	/* The FIN is queued in the states that say so, and in no other. */
	require(im, !!(c->flags & CONN_F_FIN_QUEUED) ==
			    !conn_in(c, TCPS_BIT(TCPS_ESTABLISHED) | TCPS_BIT(TCPS_CLOSE_WAIT)));
	require(im, !(c->flags & CONN_F_FIN_RCVD) == !!conn_in(c, TCPS_RECEIVING));
	require(im, flight <= CC_WND_MAX && c->snd_end + fin - c->snd_nxt <= CC_WND_MAX);
	require(im, !fin || c->snd_nxt == c->snd_end + 1);
	require(im, c->flow.sport_be && c->flow.dport_be);
	require(im,
		c->win.rcv_adv - c->rcv_nxt <= CC_WND_MAX || seq_leq(c->win.rcv_adv, c->rcv_nxt));
	require(im, cc_image_ok(&c->cc));
}

/* What nobody waits for has to end by itself, and an end that has come is none to wait for. */
static void check_end(struct import *im)
{
	const struct tcp_conn *c = im->c;
	bool told = c->flags & CONN_F_FIN_SENT && c->snd_una == c->snd_nxt;

	require(im, told == (c->state == TCPS_FIN_WAIT_2));
	require(im, !(c->flags & CONN_F_FIN_KNOWN) || conn_in(c, TCPS_RECEIVING));
	if (!(c->flags & CONN_F_ORPHAN))
		return;
	require(im, c->flags & CONN_F_FIN_QUEUED);
	require(im, c->state != TCPS_FIN_WAIT_2 || tcp_timer_running(c, TCP_T_LIFE));
}

/* What others are there for. */
static void check_parts(struct import *im)
{
	const struct tcp_conn *c = im->c;
	uint32_t parts = im->parts;
	uint32_t of_ext = CONN_IMAGE_LOSS | CONN_IMAGE_PACE | CONN_IMAGE_MODEL | CONN_IMAGE_MTU |
			  CONN_IMAGE_OOO;

	require(im, parts & CONN_IMAGE_EXT || !(parts & of_ext));
	require(im, parts & CONN_IMAGE_EXT || !(c->flags & CONN_F_FIN_KNOWN || c->loss.urgent));
	require(im, parts & CONN_IMAGE_PACE || !(parts & CONN_IMAGE_MODEL));
	require(im, !(c->cc.flags & CC_MODEL) || parts & CONN_IMAGE_MODEL);
	require(im, parts & CONN_IMAGE_LOSS || c->loss.state != LOSS_FAST);
	require(im, parts & CONN_IMAGE_PACE || !c->loss.watched);
	require(im, parts & CONN_IMAGE_PACE || !tcp_timer_running(c, TCP_T_PACE));
	require(im, parts & CONN_IMAGE_MTU || !(c->loss.mtu || tcp_timer_running(c, TCP_T_MTU)));
	require(im, !(parts & CONN_IMAGE_OOO) == !im->ooo);
}

static int read_conn(struct import *im)
{
	struct tcp_conn *c = im->c;

	rows(im, &tcp_conn_image, c);
	im->w->tcp->orphans += !!(c->flags & CONN_F_ORPHAN);
	/* What it is not, or not yet. */
	require(im, !(c->flags & CONN_F_LOCAL));
	require(im, !(c->sock.flags & (SOCK_F_EPOLL | SOCK_F_LISTEN)));
	im->bound = c->flags & CONN_F_BOUND;
	c->flags &= ~(CONN_F_LOCAL | CONN_F_BOUND);
	if (im->in.bad || !family_of(c->sock.family))
		return -EBADMSG;
	require(im, c->sock.family == AF_INET || sock_is_six(&c->sock));
	check_numbers(im);
	check_end(im);
	check_parts(im);
	if (im->in.bad)
		return -EBADMSG;
	return net_local(im->w, c->flow.dst, c->sock.family) ? 0 : -EADDRNOTAVAIL;
}

/* ---- parts ---- */

/* Memory for a part, -ENOBUFS without. */
static int get_part(struct import *im, void **at, size_t size, const struct image_table *t)
{
	*at = mem_zalloc(im->w->mem, size);
	if (!*at)
		return -ENOBUFS;
	rows(im, t, *at);
	return verdict(im);
}

static void read_priv(struct import *im, struct cc *cc)
{
	const struct image_table *t = cc_image_of_priv(cc);

	if (t && !im->in.bad)
		rows(im, t, &cc->priv);
}

static int read_ext(struct import *im)
{
	const uint16_t least = family_of(im->c->sock.family)->min_mtu;
	struct tcp_ext *x = conn_ext(im->w, im->c);
	uint32_t zc;

	if (!x)
		return -ENOBUFS;
	rows(im, &tcp_ext_image, x);
	zc = (uint32_t)number(im, 4);
	if (im->in.bad)
		return verdict(im);
	if (zc && !zc_count_on(&im->c->sock, zc))
		return -ENOBUFS;
	require(im, !x->path_mtu || x->path_mtu >= least);
	require(im,
		!(im->c->flags & CONN_F_FIN_KNOWN) || x->fin_seq - im->c->rcv_nxt - 1 < CC_WND_MAX);
	require(im, !x->urgent.sends || seq_geq(im->c->snd_end, x->urgent.snd_up));
	return verdict(im);
}

static int read_loss(struct import *im)
{
	struct tcp_ext *x = im->c->ext;
	int rc = get_part(im, (void **)&x->loss, sizeof(*x->loss), &loss_more_image);
	struct undo *u;

	if (rc)
		return rc;
	require(im, im->c->loss.state != LOSS_FAST || x->loss->prr.recover_fs);
	u = &x->loss->undo;
	if (!u->armed) {
		*u = (struct undo){.cc = im->c->cc};
		return verdict(im);
	}
	rows(im, &cc_image, &u->cc);
	require(im, u->cc.algo == im->c->cc.algo && cc_image_ok(&u->cc));
	read_priv(im, &u->cc);
	return verdict(im);
}

static int read_snaps(struct import *im, struct rate *r)
{
	unsigned n = (unsigned)number(im, 2), cap = RATE_CAP_MIN;
	struct rate_room *room;

	require(im, n <= RATE_CAP_MAX);
	if (n == 0 || im->in.bad)
		return verdict(im);
	while (cap < n)
		cap *= 2;
	room = mem_alloc(im->w->mem, rate_bytes(cap));
	if (!room)
		return -ENOBUFS;
	rate_attach(r, room, (uint16_t)cap);
	room->n = (uint16_t)n;
	for (unsigned k = 0; k < n; k++)
		rows(im, &rate_snap_image, &room->s[k]);
	return verdict(im);
}

static int read_pace(struct import *im)
{
	struct tcp_ext *x = im->c->ext;
	int rc = get_part(im, (void **)&x->pace, sizeof(*x->pace), &tcp_pace_image);

	return rc ? rc : read_snaps(im, &x->pace->rate);
}

static int read_model(struct import *im)
{
	const struct cc_algo *algo = cc_algos[im->c->cc.algo];
	struct tcp_ext *x = im->c->ext;
	int rc;

	require(im, algo->state_bytes);
	if (im->in.bad)
		return -EBADMSG;
	x->pace->model_bytes = (uint32_t)algo->state_bytes;
	rc = get_part(im, (void **)&x->pace->model, algo->state_bytes, algo->image);
	im->c->cc.priv.ptr = x->pace->model;
	if (x->loss)
		x->loss->undo.cc.priv.ptr = x->pace->model;
	return rc;
}

static int read_mtu(struct import *im)
{
	return get_part(im, (void **)&im->c->ext->mtu, sizeof(struct tcp_mtu), &tcp_mtu_image);
}

static int read_room(struct import *im)
{
	const struct tcp_conn *c = im->c;
	struct flight_losses losses = {0};
	struct flight_range *r;
	struct flight_room *room;
	unsigned n, cap = RECOVER_RANGES_MIN;

	rows(im, &flight_losses_image, &losses);
	n = (unsigned)number(im, 2);
	require(im, n <= RECOVER_RANGES_MAX && !n == (c->snd_una == c->snd_nxt));
	if (im->in.bad)
		return -EBADMSG;
	while (cap < n)
		cap *= 2;
	room = mem_alloc(im->w->mem, flight_bytes(cap));
	if (!room)
		return -ENOBUFS;
	flight_begin(&im->c->flight, room, (uint16_t)cap, c->snd_una, &losses);
	for (unsigned k = 0; k < n && !im->in.bad; k++) {
		r = &room->r[k];
		rows(im, &flight_range_image, r);
		require(im, k ? seq_gt(r->start, r[-1].start) && seq_lt(r->start, c->snd_nxt)
			      : r->start == c->snd_una);
	}
	if (!im->in.bad)
		flight_know(&im->c->flight, n, c->snd_nxt);
	return verdict(im);
}

static int read_ooo(struct import *im, uint32_t recent[REASM_RECENT], uint32_t *n)
{
	*n = (uint32_t)number(im, 4);
	require(im, *n <= REASM_RECENT);
	for (unsigned i = 0; !im->in.bad && i < *n; i++)
		recent[i] = (uint32_t)number(im, 4);
	return verdict(im);
}

static int read_parts(struct import *im)
{
	static int (*const part[])(struct import * im) = {
		read_ext, read_loss, read_pace, read_model, read_mtu, read_room,
	};
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < sizeof(part) / sizeof(part[0]); i++)
		if (im->parts & 1u << i)
			rc = part[i](im);
	return rc;
}

/* ---- queues ---- */

/* The entries, n of so many octets each, as one who looks twice reads them. */
static struct image_in entries(struct import *im, uint32_t n, size_t octets)
{
	struct image_in part = {.at = im->in.at, .left = n * octets};

	require(im, n <= im->in.left / octets);
	if (im->in.bad)
		return (struct image_in){.bad = true};
	im->in.at += n * octets;
	im->in.left -= n * octets;
	return part;
}

static struct rte_mbuf *check_buffer(struct import *im, struct rte_mbuf *m, uint64_t len,
				     uint64_t *mem)
{
	require(im, m && len && m->data_len == len && m->nb_segs == 1);
	if (im->in.bad)
		return NULL;
	*mem += charge_of(m);
	return pkt_of(m)->qnext;
}

/* One after the other from at or below snd_una to snd_end. */
static void check_sndq(struct import *im, struct image_in in)
{
	const struct tcp_conn *c = im->c;
	struct rte_mbuf *m = im->q->snd;
	uint32_t at = 0;

	for (uint32_t i = 0; i < im->snd && !im->in.bad; i++) {
		uint32_t seq = (uint32_t)image_get_number(&in, 4);
		uint32_t len = (uint32_t)image_get_number(&in, 2);

		require(im, image_get_number(&in, 1) <= 1);
		require(im, i ? seq == at : c->snd_una - seq < len);
		m = check_buffer(im, m, len, &im->snd_mem);
		at = seq + len;
	}
	require(im, !m && (im->snd ? at == c->snd_end : seq_leq(c->snd_end, c->snd_una)));
}

static void check_rcvq(struct import *im, struct image_in in)
{
	struct rte_mbuf *m = im->q->rcv;
	uint64_t octets = 0;

	for (uint32_t i = 0; i < im->rcv && !im->in.bad; i++) {
		uint64_t len = image_get_number(&in, 2);

		m = check_buffer(im, m, len, &im->rcv_mem);
		octets += len;
	}
	require(im, !m && octets <= CC_WND_MAX);
}

/* In order, apart, and behind what is missing. */
static void check_ooo(struct import *im, struct image_in in)
{
	const struct tcp_conn *c = im->c;
	struct rte_mbuf *m = im->q->ooo;
	uint32_t at = c->rcv_nxt;

	for (uint32_t i = 0; i < im->ooo && !im->in.bad; i++) {
		uint32_t seq = (uint32_t)image_get_number(&in, 4);
		uint32_t len = (uint32_t)image_get_number(&in, 2);

		require(im, i ? seq_geq(seq, at) : seq_gt(seq, at));
		require(im, seq + len - c->rcv_nxt <= CC_WND_MAX);
		im->ranges += !i || seq != at;
		m = check_buffer(im, m, len, &im->rcv_mem);
		at = seq + len;
	}
	require(im, !m);
}

/* A worker that has no budget left takes no connection with queues. */
static bool affordable(const struct budget *b, uint64_t mem)
{
	return mem == 0 || b->used + mem <= b->high;
}

static void name_sndq(const struct import *im, struct image_in in)
{
	struct rte_mbuf *m = im->q->snd;

	for (; m; m = pkt_of(m)->qnext) {
		pkt_of(m)->seq = (uint32_t)image_get_number(&in, 4);
		image_get_number(&in, 2);
		pkt_of(m)->pay_len = 0; /* as it came: never append */
		pkt_of(m)->tcp_flags = image_get_number(&in, 1) ? TCP_PSH : 0;
	}
}

static void name_ooo(const struct import *im, struct image_in in)
{
	for (struct rte_mbuf *m = im->q->ooo; m; m = pkt_of(m)->qnext) {
		ooo_place(m, (uint32_t)image_get_number(&in, 4));
		image_get_number(&in, 2);
	}
}

/* ---- into the tables ---- */

/* Segments of its flow come to another worker, who asks this one as one that has the port. */
static void be_found(struct nsk_worker *w, const struct tcp_conn *c)
{
	shared_port_use(w->shared, SHARED_TCP, load_be16(&c->flow.dport_be), w->id, true);
	__atomic_store_n(&w->shared->strays, true, __ATOMIC_RELAXED);
}

/* 0 or -errno; afterwards nothing can fail. */
static int enter(struct import *im)
{
	struct nsk_worker *w = im->w;
	struct tcp_conn *c = im->c;
	uint64_t hash = table_flow_hash(w->tcp, &c->flow, c->sock.family);
	uint32_t there;

	there = table_find(w, hash, &c->flow, c->sock.family);
	if (there != HTAB_NONE && table_kind_of(there) != TABLE_MOVED)
		return -EADDRINUSE;
	if (!affordable(&w->tcp->snd_mem, im->snd_mem) ||
	    !affordable(&w->tcp->rcv_mem, im->rcv_mem))
		return -ENOBUFS;
	if (im->ranges && !ooo_begin(w, c, im->ranges))
		return -ENOBUFS;
	if ((im->bound && table_add_port(w, c)) || table_add_conn(w, c, hash))
		return -ENOBUFS;
	if (w->peers > 1 && w->ops->flow_owner(w, &c->flow) != w->id)
		be_found(w, c);
	return 0;
}

/* It goes on. */
static void start(struct import *im)
{
	struct nsk_worker *w = im->w;
	struct tcp_conn *c = im->c;

	conn_set_state(w, c, (enum tcp_state)c->state);
	if (c->ext)
		urgent_settle(c);
	sndq_give(w, c, im->q->snd);
	rcvq_give(w, c, im->q->rcv);
	ooo_give(w, c, im->q->ooo);
	*im->q = (struct conn_queues){0};
	conn_route_slow(w, c); /* segments fit the way from here; without one, output tries again */
	tcp_timers_arm(w, c);
	if (c->flags & (CONN_F_ACK_NOW | CONN_F_ACK_LATER) || conn_in(c, TCPS_SENDING))
		conn_dirty(w, c);
}

static int read_all(struct import *im, size_t len)
{
	uint32_t recent[REASM_RECENT], nrecent = 0;
	struct image_in snd, rcv, ooo;
	int rc = read_head(im, len);

	if (rc == 0)
		rc = read_conn(im);
	if (rc == 0)
		rc = read_parts(im);
	if (rc == 0 && im->parts & CONN_IMAGE_OOO)
		rc = read_ooo(im, recent, &nrecent);
	if (rc)
		return rc;
	read_priv(im, &im->c->cc);
	snd = entries(im, im->snd, QUEUE_SND_OCTETS);
	rcv = entries(im, im->rcv, QUEUE_RCV_OCTETS);
	ooo = entries(im, im->ooo, QUEUE_OOO_OCTETS);
	check_sndq(im, snd);
	check_rcvq(im, rcv);
	check_ooo(im, ooo);
	require(im, im->in.left == 0);
	rc = verdict(im);
	if (rc == 0)
		rc = enter(im);
	if (rc)
		return rc;
	name_sndq(im, snd);
	name_ooo(im, ooo);
	if (im->ranges) {
		im->c->ext->ooo->nrecent = nrecent;
		memcpy(im->c->ext->ooo->recent, recent, sizeof(recent));
	}
	return 0;
}

int conn_import(struct nsk_worker *w, const void *image, size_t len, uint64_t elapsed_ns,
		struct conn_queues *q, struct tcp_conn **out)
{
	struct import im = {
		.w = w,
		.in = {.at = image, .left = len},
		.then_ns = w->now_ns - NSK_MIN(elapsed_ns, w->now_ns),
		.q = q,
	};
	int rc;

	tcp_clock(w);
	im.c = conn_alloc(w);
	if (!im.c)
		return -ENOBUFS;
	sock_init(&im.c->sock, w, &tcp_sock_ops, AF_UNSPEC);
	rc = read_all(&im, len);
	if (rc) {
		im.c->state = TCPS_CLOSED;
		conn_free(w, im.c);
		return rc;
	}
	start(&im);
	*out = im.c;
	return 0;
}
