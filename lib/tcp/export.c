/* SPDX-License-Identifier: BSD-3-Clause */
/* From a connection to its image, and its buffers out of its queues; see image.h. */
#include <errno.h>

#include "sock/zc_send.h"
#include "tcp/image.h"
#include "tcp/mtu.h"
#include "tcp/ooo.h"
#include "tcp/pace.h"
#include "tcp/rcvbuf.h"
#include "tcp/sndbuf.h"
#include "tcpalg/image.h"

int conn_exportable(const struct tcp_conn *c)
{
	switch (c->state) {
	case TCPS_LISTEN:
		return -EOPNOTSUPP;
	case TCPS_CLOSED:
		return -ENOTCONN;
	case TCPS_SYN_SENT:
	case TCPS_SYN_RCVD:
		return -EAGAIN;
	default:
		return c->ext && c->ext->zc && c->ext->zc->sends ? -EAGAIN : 0;
	}
}

/* ---- parts ---- */

static uint16_t parts_of(const struct tcp_conn *c)
{
	const struct tcp_ext *x = c->ext;
	uint32_t parts = 0;

	if (c->flight.room)
		parts |= CONN_IMAGE_ROOM;
	if (!x)
		return (uint16_t)parts;
	parts |= CONN_IMAGE_EXT;
	if (x->loss)
		parts |= CONN_IMAGE_LOSS;
	if (x->pace)
		parts |= CONN_IMAGE_PACE;
	if (x->pace && x->pace->model)
		parts |= CONN_IMAGE_MODEL;
	if (x->mtu)
		parts |= CONN_IMAGE_MTU;
	if (x->ooo)
		parts |= CONN_IMAGE_OOO;
	return (uint16_t)parts;
}

static void put_priv(struct image_out *o, const struct cc *cc, uint64_t now_ns)
{
	const struct image_table *t = cc_image_of_priv(cc);

	if (t)
		image_put(o, t, &cc->priv, now_ns);
}

/* Of what is not armed nothing is ever looked at. */
static void put_loss(struct image_out *o, const struct loss_more *from, uint64_t now_ns)
{
	struct loss_more m = *from;

	if (!m.undo.armed)
		m.undo = (struct undo){0};
	image_put(o, &loss_more_image, &m, now_ns);
	if (!m.undo.armed)
		return;
	image_put(o, &cc_image, &m.undo.cc, now_ns);
	put_priv(o, &m.undo.cc, now_ns);
}

static void put_pace(struct image_out *o, const struct tcp_pace *p, uint64_t now_ns)
{
	const struct rate_room *room = p->rate.room;
	unsigned n = room ? room->n : 0;

	image_put(o, &tcp_pace_image, p, now_ns);
	image_put_number(o, n, 2);
	for (unsigned k = 0; k < n; k++)
		image_put(o, &rate_snap_image, &room->s[(room->first + k) % room->cap], now_ns);
}

static void put_room(struct image_out *o, const struct flight_room *room, uint64_t now_ns)
{
	const struct flight_losses losses = {room->lost_new, room->nlost, room->lost_us};

	image_put(o, &flight_losses_image, &losses, now_ns);
	image_put_number(o, room->n, 2);
	for (unsigned k = 0; k < room->n; k++)
		image_put(o, &flight_range_image, &room->r[room->first + k], now_ns);
}

static void put_ooo(struct image_out *o, const struct reasm *s)
{
	image_put_number(o, s->nrecent, 4);
	for (unsigned i = 0; i < s->nrecent; i++)
		image_put_number(o, s->recent[i], 4);
}

static void put_parts(struct image_out *o, const struct tcp_conn *c, uint16_t parts,
		      uint64_t now_ns)
{
	const struct tcp_ext *x = c->ext;

	if (parts & CONN_IMAGE_EXT) {
		image_put(o, &tcp_ext_image, x, now_ns);
		image_put_number(o, x->zc ? x->zc->next : 0, 4);
	}
	if (parts & CONN_IMAGE_LOSS)
		put_loss(o, x->loss, now_ns);
	if (parts & CONN_IMAGE_PACE)
		put_pace(o, x->pace, now_ns);
	if (parts & CONN_IMAGE_MODEL)
		image_put(o, cc_algos[c->cc.algo]->image, x->pace->model, now_ns);
	if (parts & CONN_IMAGE_MTU)
		image_put(o, &tcp_mtu_image, x->mtu, now_ns);
	if (parts & CONN_IMAGE_ROOM)
		put_room(o, c->flight.room, now_ns);
	if (parts & CONN_IMAGE_OOO)
		put_ooo(o, x->ooo);
	put_priv(o, &c->cc, now_ns);
}

/* ---- queues ---- */

static uint32_t put_sndq(struct image_out *o, const struct tcp_conn *c)
{
	uint32_t n = 0;

	for (struct rte_mbuf *m = c->snd.head; m; m = pkt_of(m)->qnext, n++) {
		image_put_number(o, pkt_of(m)->seq, 4);
		image_put_number(o, m->data_len, 2);
		image_put_number(o, !!(pkt_of(m)->tcp_flags & TCP_PSH), 1);
	}
	return n;
}

static uint32_t put_rcvq(struct image_out *o, const struct tcp_conn *c)
{
	uint32_t n = 0;

	for (struct rte_mbuf *m = c->rcv.head; m; m = pkt_of(m)->qnext, n++)
		image_put_number(o, m->data_len, 2);
	return n;
}

static uint32_t put_pieces(struct image_out *o, const struct tcp_conn *c)
{
	const struct reasm *s = conn_ooo(c);
	uint32_t n = 0;

	for (unsigned i = 0; s && i < s->n; i++) {
		uint32_t seq = s->r[i].start;

		for (struct rte_mbuf *m = ooo_first(&s->r[i]); m; m = ooo_next(m), n++) {
			image_put_number(o, seq, 4);
			image_put_number(o, m->data_len, 2);
			seq += m->data_len;
		}
	}
	return n;
}

/* ---- all of it ---- */

static void put_head(struct image_out *o, uint16_t parts, size_t len, const uint32_t count[3])
{
	image_put_number(o, CONN_IMAGE_MAGIC, 4);
	image_put_number(o, CONN_IMAGE_VERSION, 2);
	image_put_number(o, parts, 2);
	image_put_number(o, len, 4);
	for (unsigned i = 0; i < 3; i++)
		image_put_number(o, count[i], 4);
}

size_t conn_export(const struct nsk_worker *w, const struct tcp_conn *c, void *image, size_t room)
{
	struct image_out o = {.at = image, .room = room}, head = o;
	uint16_t parts = parts_of(c);
	uint32_t count[3] = {0};
	struct tcp_conn copy = *c;

	copy.flags &= ~CONN_F_LOCAL;
	put_head(&o, parts, 0, count);
	image_put(&o, &tcp_conn_image, &copy, w->now_ns);
	put_parts(&o, c, parts, w->now_ns);
	count[0] = put_sndq(&o, c);
	count[1] = put_rcvq(&o, c);
	count[2] = put_pieces(&o, c);
	put_head(&head, parts, o.len, count);
	return o.len;
}

/* ---- buffers ---- */

void conn_queues_take(struct nsk_worker *w, struct tcp_conn *c, struct conn_queues *q)
{
	q->snd = c->snd.head;
	q->rcv = c->rcv.head;
	w->tcp->snd_mem.used -= c->snd.mem;
	w->tcp->rcv_mem.used -= c->rcv.mem;
	c->snd.head = c->snd.tail = c->snd.cur = NULL;
	c->rcv.head = c->rcv.tail = NULL;
	c->snd.mem = c->rcv.mem = c->rcv.bytes = 0;
	if (c->ext)
		c->ext->rxt_cur = NULL;
	q->ooo = ooo_take(w, c);
}

void conn_queues_return(struct nsk_worker *w, struct tcp_conn *c, struct conn_queues *q)
{
	sndq_give(w, c, q->snd);
	rcvq_give(w, c, q->rcv);
	ooo_give(w, c, q->ooo);
}
