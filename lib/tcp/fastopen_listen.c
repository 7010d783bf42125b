/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server's side of TCP Fast Open: cookies given and judged, connections made of SYNs, and their
 * number held. RFC 7413 §4.1.2, §4.2, §5.1; see fastopen.h.
 *
 * A SYN that a RST follows may be one that somebody sent in another's name: it counts among the
 * requests for a minute more, so that an attacker who has got hold of a cookie uses up what there
 * is of Fast Open, and nothing else (§5.1, as Linux).
 */
#include "tcp/fastopen.h"

#include <errno.h>
#include <string.h>

#include "mbuf/pool.h"
#include "mbuf/shared.h"
#include "tcp/ecn.h"
#include "tcp/embryo.h"
#include "tcp/input.h"
#include "tcp/listen.h"
#include "tcp/tally.h"
#include "wire/family.h"

#define RESET_MS 60000u

/* Client's and server's address, one behind the other. */
struct addresses {
	uint8_t octets[32];
	size_t len;
};

static struct addresses addresses_of(const struct flow *f, uint8_t family)
{
	size_t n = family == AF_INET ? 4 : 16;
	struct addresses a = {.len = 2 * n};

	memcpy(a.octets, f->src, n);
	memcpy(a.octets + n, f->dst, n);
	return a;
}

/* ---- keys ---- */

/* Keys that the setting tells; none: the stack makes its own. */
static bool told_keys(const struct nsk_worker *w, struct fastopen_keys *keys)
{
	uint64_t word[4];

	for (unsigned i = 0; i < NSK_ARRAY_LEN(word); i++)
		word[i] = SETTING(w->set, tcp_fastopen_key[i]);
	*keys = (struct fastopen_keys){
		.key = {{word[0], word[1]}, {word[2], word[3]}},
		.count = !(word[0] | word[1])	? 0u
			 : !(word[2] | word[3]) ? 1u
						: 2u,
	};
	return keys->count;
}

static struct fastopen_keys stack_keys(const struct nsk_worker *w)
{
	uint64_t life_ms = SETTING(w->set, tcp_fastopen_key_ms);
	uint64_t epoch = life_ms ? w->now_ns / 1000000 / life_ms : 0;
	struct fastopen_keys keys;
	struct siphash_key secret;

	if (told_keys(w, &keys))
		return keys;
	secret = shared_key(w->shared, SHARED_FASTOPEN);
	return *fastopen_turn(&w->tcp->fastopen_jar, &secret, epoch);
}

static struct fastopen_keys keys_of(const struct nsk_worker *w, const struct tcp_fastopen *fo)
{
	return fo && fo->own_key.count ? fo->own_key : stack_keys(w);
}

static void make(const struct fastopen_keys *keys, const struct flow *f, uint8_t family,
		 struct tcp_cookie *cookie)
{
	struct addresses a = addresses_of(f, family);

	cookie->len = FASTOPEN_COOKIE_LEN;
	fastopen_make(&keys->key[0], a.octets, a.len, cookie->octets);
}

static bool enabled(const struct nsk_worker *w, const struct tcp_conn *l)
{
	return l->ext && l->ext->fastopen && l->ext->fastopen->most &&
	       (SETTING(w->set, tcp_fastopen) & FASTOPEN_SERVER);
}

bool tcp_fastopen_cookie(struct nsk_worker *w, const struct tcp_conn *l, const struct flow *f,
			 uint8_t family, struct tcp_cookie *cookie)
{
	struct fastopen_keys keys;

	if (!enabled(w, l))
		return false;
	keys = keys_of(w, l->ext->fastopen);
	make(&keys, f, family, cookie);
	return true;
}

/* ---- requests ---- */

/* Is there room for another one? The oldest that a RST ended gives way after its time. */
static bool has_room(struct nsk_worker *w, struct tcp_fastopen *fo)
{
	struct fastopen_request *r;

	if (fo->count < fo->most)
		return true;
	if (!list_empty(&fo->resets)) {
		r = NSK_CONTAINER_OF(fo->resets.next, struct fastopen_request, node);
		if (w->tcp->now_ms - r->reset_ms >= RESET_MS) {
			list_del(&r->node);
			slab_free(&w->tcp->fastopen_requests, r);
			fo->count--;
			return true;
		}
	}
	worker_count(w, NSK_CNT_TCP_FASTOPEN_LISTEN_OVERFLOW, 1);
	return false;
}

static enum fastopen_verdict judge(struct nsk_worker *w, const struct tcp_conn *l,
				   const struct pkt *p)
{
	const struct tcp_ext *x = l->ext;
	struct fastopen_keys keys;
	struct addresses a;

	if ((x->fastopen_bits & FASTOPEN_NO_COOKIE) ||
	    (SETTING(w->set, tcp_fastopen) & FASTOPEN_SERVER_NO_COOKIE))
		return FASTOPEN_GOOD;
	if (!(p->opts.present & TCP_HAS_FASTOPEN))
		return FASTOPEN_BAD;
	keys = keys_of(w, x->fastopen);
	a = addresses_of(&p->flow, p->family);
	return fastopen_check(&keys, a.octets, a.len, p->opts.cookie, p->opts.cookie_len);
}

/* A connection of a SYN, in the table, with its request. NULL: it cannot be. */
static struct tcp_conn *begin(struct nsk_worker *w, struct tcp_conn *l, const struct pkt *p,
			      uint64_t hash, uint32_t iss)
{
	struct tcp_fastopen *fo = l->ext->fastopen;
	struct fastopen_request *r = slab_zalloc(&w->tcp->fastopen_requests);
	struct tcp_conn *c;

	if (!r)
		return NULL;
	c = tcp_birth_early(w, l, p, hash, iss);
	if (!c) {
		slab_free(&w->tcp->fastopen_requests, r);
		return NULL;
	}
	r->of = fo;
	list_add_tail(&fo->requests, &r->node);
	fo->count++;
	c->ext->request = r;
	return c;
}

bool tcp_fastopen_syn(struct nsk_worker *w, struct tcp_conn *l, struct rte_mbuf *m, uint64_t hash,
		      uint32_t iss)
{
	struct pkt *p = pkt_of(m);
	bool asks = p->opts.present & TCP_HAS_FASTOPEN;
	enum fastopen_verdict verdict;
	struct tcp_conn *c;

	if (asks && p->opts.cookie_len == 0)
		worker_count(w, NSK_CNT_TCP_FASTOPEN_COOKIE_REQD, 1);
	if (!enabled(w, l) || !(asks || p->pay_len))
		return false;
	if (!has_room(w, l->ext->fastopen)) {
		p->opts.present &= (uint8_t)~TCP_HAS_FASTOPEN;
		return false;
	}
	verdict = judge(w, l, p);
	if (verdict == FASTOPEN_BAD) {
		if (asks && p->opts.cookie_len)
			worker_count(w, NSK_CNT_TCP_FASTOPEN_PASSIVE_FAIL, 1);
		return false;
	}
	c = begin(w, l, p, hash, iss);
	if (!c)
		return false;
	worker_count(w, NSK_CNT_TCP_FASTOPEN_PASSIVE, 1);
	if (verdict == FASTOPEN_OLD) {
		worker_count(w, NSK_CNT_TCP_FASTOPEN_PASSIVE_ALT_KEY, 1);
		c->ext->request->tell = true;
	}
	if (p->pay_len) {
		c->ext->fastopen_bits |= FASTOPEN_SYN_DATA;
		c->tally_in += 1u << TALLY_DATA_SEGS;
	}
	/* What is left is the data behind the SYN. */
	p->seq++;
	p->tcp_flags &= (uint8_t) ~(TCP_SYN | ECN_SYN_BITS);
	tcp_text_input(w, c, m);
	conn_ack_now(w, c);
	listener_push(w, l, c);
	return true;
}

/* Lets a request go, whose connection does not have it any more. */
static void forget(struct nsk_worker *w, struct fastopen_request *r)
{
	list_del(&r->node);
	if (r->of)
		r->of->count--;
	slab_free(&w->tcp->fastopen_requests, r);
}

void tcp_fastopen_end(struct nsk_worker *w, struct tcp_conn *c, bool reset)
{
	struct fastopen_request *r = c->ext->request;

	c->ext->request = NULL;
	if (!reset || !r->of) {
		forget(w, r);
		return;
	}
	r->reset_ms = w->tcp->now_ms;
	list_del(&r->node);
	list_add_tail(&r->of->resets, &r->node);
}

/* IRS of one that is early: SND.WL1 begins as that, and moves with the handshake's last ACK. */
static uint32_t early_irs(const struct tcp_conn *c)
{
	return c->snd_wl1;
}

bool tcp_fastopen_syn_again(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	uint32_t now_us = (uint32_t)w->tcp->now_us;

	if ((p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN || p->seq != early_irs(c))
		return false;
	if (!ecn_is_setup_syn(p))
		c->rcv.ecn = 0; /* it asks no more (RFC 3168 §6.1.1) */
	/* As an embryo: our SYN,ACK was lost, or is on its way. */
	if (now_us - flight_first_sent(&c->flight) >= w->set->tcp_rto_min_ms * 1000) {
		flight_send_again(&c->flight, c->snd_nxt,
				  (struct seq_range){c->snd_una, c->snd_nxt}, now_us, 0);
		conn_ack_now(w, c);
	}
	return true;
}

bool tcp_fastopen_tell(struct nsk_worker *w, struct tcp_conn *c, struct tcp_cookie *cookie)
{
	struct fastopen_request *r = c->ext->request;
	struct fastopen_keys keys;

	if (!r->tell || !fastopen_fits(c->route.iface, c->sock.family))
		return false;
	r->tell = false; /* not when it is sent again (§4.2.2) */
	keys = keys_of(w, r->of);
	make(&keys, &c->flow, c->sock.family, cookie);
	return true;
}

/* ---- the listener ---- */

struct tcp_fastopen *tcp_fastopen_of(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = conn_ext(w, c);

	if (!x || x->fastopen)
		return x ? x->fastopen : NULL;
	x->fastopen = mem_zalloc(w->mem, sizeof(*x->fastopen));
	if (x->fastopen) {
		list_init(&x->fastopen->requests);
		list_init(&x->fastopen->resets);
	}
	return x->fastopen;
}

void tcp_fastopen_listen(struct nsk_worker *w, struct tcp_conn *c, uint32_t backlog)
{
	const uint32_t all = FASTOPEN_SERVER | FASTOPEN_ALL_LISTENERS;
	struct tcp_fastopen *fo;

	if ((SETTING(w->set, tcp_fastopen) & all) != all)
		return;
	fo = tcp_fastopen_of(w, c);
	if (fo && fo->most == 0)
		fo->most = backlog;
}

void tcp_fastopen_stop(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_fastopen *fo = c->ext ? c->ext->fastopen : NULL;

	if (!fo)
		return;
	while (!list_empty(&fo->resets))
		forget(w, NSK_CONTAINER_OF(fo->resets.next, struct fastopen_request, node));
	while (!list_empty(&fo->requests)) {
		struct list_node *n = fo->requests.next;

		NSK_CONTAINER_OF(n, struct fastopen_request, node)->of = NULL;
		list_del(n);
	}
	fo->count = 0;
}

void tcp_fastopen_free(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = c->ext;

	if (x->request)
		tcp_fastopen_end(w, c, false);
	tcp_fastopen_stop(w, c);
	mem_free(w->mem, x->fastopen, sizeof(*x->fastopen));
	x->fastopen = NULL;
}

/* ---- options ---- */

static bool may_set(const struct tcp_conn *c)
{
	return conn_in(c, TCPS_BIT(TCPS_CLOSED) | TCPS_BIT(TCPS_LISTEN));
}

int tcp_fastopen_set_bit(struct nsk_worker *w, struct tcp_conn *c, enum fastopen_bits bit, bool on)
{
	struct tcp_ext *x = conn_ext(w, c);

	if (!x)
		return -ENOBUFS;
	x->fastopen_bits &= (uint8_t)~bit;
	x->fastopen_bits |= on ? (uint8_t)bit : 0;
	return 0;
}

int tcp_fastopen_get_most(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return c->ext && c->ext->fastopen ? (int)c->ext->fastopen->most : 0;
}

int tcp_fastopen_set_most(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	struct tcp_fastopen *fo;

	if (!may_set(c))
		return -EINVAL;
	fo = tcp_fastopen_of(w, c);
	if (!fo)
		return -ENOBUFS;
	fo->most = NSK_MIN((uint32_t)v, SETTING(w->set, listen_backlog_max));
	return 0;
}

int tcp_fastopen_get_no_cookie(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return c->ext && (c->ext->fastopen_bits & FASTOPEN_NO_COOKIE);
}

int tcp_fastopen_set_no_cookie(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);

	if (!may_set(c))
		return -EINVAL;
	return tcp_fastopen_set_bit(s->worker, c, FASTOPEN_NO_COOKIE, v);
}

/* As Linux: 16 octets or, with the key before, 32; the stack's if the socket has none. */
int tcp_fastopen_get_key(struct sock *s, void *value, socklen_t *len)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct fastopen_keys keys = keys_of(s->worker, c->ext ? c->ext->fastopen : NULL);

	*len = NSK_MIN(*len, (socklen_t)(keys.count * FASTOPEN_KEY_LEN));
	memcpy(value, keys.key, *len);
	return 0;
}

int tcp_fastopen_set_key(struct sock *s, const void *value, socklen_t len)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct tcp_fastopen *fo;

	if (len != FASTOPEN_KEY_LEN && len != 2 * FASTOPEN_KEY_LEN)
		return -EINVAL;
	fo = tcp_fastopen_of(s->worker, c);
	if (!fo)
		return -ENOBUFS;
	fo->own_key.count = len / FASTOPEN_KEY_LEN;
	memcpy(fo->own_key.key, value, len);
	return 0;
}
