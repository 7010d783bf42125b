/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client's side of TCP Fast Open: RFC 7413 §4.1.3, §4.2; see fastopen.h.
 *
 * The first SYN of an attempt has the server's cookie and data, or asks for a cookie; those that
 * follow a timeout have neither. What the SYN,ACK does not acknowledge of the data was not sent: it
 * leaves again with the ACK. A server and port that have failed us are left alone for a while,
 * which doubles each time (§4.1.3.1; Linux tries again at once unless a setting says otherwise).
 */
#include <errno.h>
#include <linux/tcp.h>
#include <string.h>

#include "tcp/fastopen.h"
#include "tcp/fastopen_cache.h"
#include "tcp/output.h"
#include "tcp/recover.h"
#include "tcp/sndbuf.h"
#include "tcp/sockcalls.h"
#include "tcp/timer.h"
#include "wire/family.h"

/* Larger segments may be more than a path takes in a SYN (§4.1.3). */
#define CACHED_MSS_MAX 1460

static uint64_t clock_ms(const struct nsk_worker *w)
{
	return w->now_ns / 1000000;
}

static struct fastopen_cache *cache_of(struct nsk_worker *w)
{
	struct tcp_worker *t = w->tcp;
	uint32_t sets = fastopen_cache_sets(w->set->tcp_fastopen_cache);
	struct siphash_key key;

	if (t->fastopen_cache)
		return t->fastopen_cache;
	t->fastopen_cache = mem_zalloc(w->mem, fastopen_cache_bytes(sets));
	if (t->fastopen_cache) {
		rng_fill(&w->rng, &key, sizeof(key));
		fastopen_cache_init(t->fastopen_cache, &key, sets);
	}
	return t->fastopen_cache;
}

void tcp_fastopen_cache_free(struct nsk_worker *w)
{
	struct fastopen_cache *k = w->tcp->fastopen_cache;

	if (k)
		mem_free(w->mem, k, fastopen_cache_bytes(k->sets));
	w->tcp->fastopen_cache = NULL;
}

static void note_failure(struct tcp_conn *c, enum tcp_fastopen_client_fail why)
{
	uint32_t bits = c->ext->fastopen_bits & ~FASTOPEN_FAIL;

	c->ext->fastopen_bits = (uint8_t)(bits | (uint32_t)why << FASTOPEN_FAIL_SHIFT);
}

static bool without_cookie(const struct nsk_worker *w, const struct tcp_conn *c)
{
	return (SETTING(w->set, tcp_fastopen) & FASTOPEN_CLIENT_NO_COOKIE) ||
	       (c->ext->fastopen_bits & FASTOPEN_NO_COOKIE);
}

/* The attempt has its addresses: what its first SYN is to have. True: data. */
static bool prepare(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_fastopen *fo = tcp_fastopen_of(w, c);
	struct fastopen_cache *k = cache_of(w);
	bool known;

	if (!fo || !k)
		return false;
	c->ext->fastopen_bits &= (uint8_t) ~(FASTOPEN_SYN_DATA | FASTOPEN_FAIL);
	c->rcv.peer_mss = family_of(c->sock.family)->default_mss;
	c->cc.smss = 0; /* of a connection before: what fits the SYN is to be in one buffer */
	if (!fastopen_fits(c->route.iface, c->sock.family) ||
	    fastopen_paused(k, &c->flow, clock_ms(w)))
		return false;
	fo->syn = FASTOPEN_FIRST;
	fo->cookie.len = 0;
	fo->option = !without_cookie(w, c);
	if (!fo->option)
		return true;
	known = fastopen_recall(k, &c->flow, &fo->cookie, &c->rcv.peer_mss);
	if (!known)
		note_failure(c, TFO_COOKIE_UNAVAILABLE);
	return known;
}

/* Octets that fit the SYN, with the longest options that somebody on the way might make of ours, as
 * Linux reckons. */
static size_t syn_room(const struct nsk_worker *w, const struct tcp_conn *c)
{
	uint32_t mss = conn_mss_effective(w, c), room = w->set->buf_bytes - TCP_HLEN_MAX;

	return mss > TCP_OPTS_MAX ? NSK_MIN(mss - TCP_OPTS_MAX, room) : 0;
}

/* Queues what of a message fits the SYN, which leaves at the end of the turn. */
static ssize_t launch(struct nsk_worker *w, struct tcp_conn *c, const struct msghdr *msg, bool data)
{
	size_t room = data ? syn_room(w, c) : 0, taken = 0;

	for (size_t i = 0; i < msg->msg_iovlen && taken < room; i++) {
		const struct iovec *v = &msg->msg_iov[i];
		size_t len = NSK_MIN(v->iov_len, room - taken);
		size_t n = sndq_write(w, c, v->iov_base, len);

		taken += n;
		if (n < len)
			break;
	}
	sndq_mark_push(c);
	conn_ack_now(w, c);
	worker_count(w, NSK_CNT_PAYLOAD_COPIED_TX, taken);
	return taken ? (ssize_t)taken : -EINPROGRESS;
}

ssize_t tcp_fastopen_sendmsg(struct sock *s, const struct msghdr *msg)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	int rc;

	if (!(SETTING(w->set, tcp_fastopen) & FASTOPEN_CLIENT))
		return -EOPNOTSUPP;
	if (fastopen_waits(c))
		return tcp_fastopen_deferred(s, msg);
	if (conn_in(c, TCPS_BIT(TCPS_SYN_SENT) | TCPS_BIT(TCPS_SYN_RCVD)))
		return -EALREADY;
	if (c->state != TCPS_CLOSED)
		return -EISCONN;
	if (!msg->msg_name)
		return -EINVAL;
	rc = tcp_open(s, msg->msg_name, msg->msg_namelen);
	return rc ? rc : launch(w, c, msg, prepare(w, c));
}

int tcp_fastopen_connect(struct nsk_worker *w, struct tcp_conn *c)
{
	if (!prepare(w, c)) {
		conn_ack_now(w, c);
		return -EINPROGRESS;
	}
	c->ext->fastopen->syn = FASTOPEN_WAITS;
	sock_ready(&c->sock, EPOLLOUT);
	return 0;
}

ssize_t tcp_fastopen_deferred(struct sock *s, const struct msghdr *msg)
{
	struct tcp_conn *c = conn_of_sock(s);

	tcp_clock(s->worker);
	c->ext->fastopen->syn = FASTOPEN_FIRST;
	sock_unready(s, EPOLLOUT);
	return launch(s->worker, c, msg, true);
}

unsigned tcp_fastopen_write(struct nsk_worker *w, struct tcp_conn *c, uint8_t *p, uint32_t *len,
			    uint64_t *sum)
{
	struct tcp_fastopen *fo = c->ext->fastopen;
	const struct rte_mbuf *data = c->snd.head;
	struct tcp_cookie cookie;
	unsigned n = 0;

	if (c->ext->request)
		return tcp_fastopen_tell(w, c, &cookie)
			       ? (unsigned)tcp_opts_write_cookie(p, &cookie, sum)
			       : 0;
	if (!fo || fo->syn != FASTOPEN_FIRST)
		return 0;
	fo->syn = FASTOPEN_OUT;
	if (fo->option)
		n = (unsigned)tcp_opts_write_cookie(p, &fo->cookie, sum);
	/* What fits a SYN is in one buffer. */
	*len = data ? data->data_len : 0;
	if (*len && tcp_csum_by_port(c))
		memcpy(p + n, rte_pktmbuf_mtod(data, const uint8_t *), *len);
	else if (*len)
		*sum += csum_copy(p + n, rte_pktmbuf_mtod(data, const uint8_t *), *len, 0);
	return n;
}

/* What the server has told of cookies; false: nothing. */
static bool take_cookie(struct tcp_conn *c, struct fastopen_cache *k, const struct pkt *p)
{
	struct tcp_cookie cookie = {.len = p->opts.cookie_len};

	if (!(p->tcp_flags & TCP_SYN) || !(p->opts.present & TCP_HAS_FASTOPEN) || !cookie.len ||
	    !c->ext->fastopen->option)
		return false;
	memcpy(cookie.octets, p->opts.cookie, cookie.len);
	fastopen_remember(k, &c->flow, &cookie, NSK_MIN(c->rcv.peer_mss, (uint16_t)CACHED_MSS_MAX));
	return true;
}

static void pause_path(struct nsk_worker *w, const struct tcp_conn *c)
{
	fastopen_failed(w->tcp->fastopen_cache, &c->flow, clock_ms(w),
			SETTING(w->set, tcp_fastopen_pause_ms));
}

/* The attempt is over: what was kept for it goes. */
static void done(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_fastopen *fo = c->ext->fastopen;

	fo->syn = FASTOPEN_PLAIN;
	if (fo->most || fo->own_key.count)
		return; /* it may listen one day */
	mem_free(w->mem, fo, sizeof(*fo));
	c->ext->fastopen = NULL;
}

void tcp_fastopen_opened(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	struct fastopen_cache *k = w->tcp->fastopen_cache;
	struct tcp_fastopen *fo = c->ext->fastopen;
	bool sent = c->snd_nxt != c->snd_una + 1, taken = sent && p->ack == c->snd_nxt, told;

	if (fo->syn != FASTOPEN_OUT) {
		done(w, c);
		return;
	}
	told = take_cookie(c, k, p);
	if (taken) {
		c->ext->fastopen_bits |= FASTOPEN_SYN_DATA;
		worker_count(w, NSK_CNT_TCP_FASTOPEN_ACTIVE, 1);
	} else if (sent) {
		note_failure(c, c->rtt.backoff ? TFO_SYN_RETRANSMITTED : TFO_DATA_NOT_ACKED);
		worker_count(w, NSK_CNT_TCP_FASTOPEN_ACTIVE_FAIL, 1);
		conn_count_retrans(w, c, c->snd_nxt - p->ack, 1);
		c->snd_nxt = p->ack;
	}
	if (taken || told)
		fastopen_worked(k, &c->flow);
	else if (sent || (fo->option && !fo->cookie.len))
		pause_path(w, c);
	done(w, c);
}

void tcp_fastopen_crossed(struct nsk_worker *w, struct tcp_conn *c)
{
	if (c->ext->fastopen->syn == FASTOPEN_OUT)
		return; /* it has left: its ACK tells what was taken */
	if (fastopen_waits(c))
		sock_unready(&c->sock, EPOLLOUT);
	else if (c->snd_nxt != c->snd_una)
		c->snd_nxt = c->snd_una + 1; /* no buffer for it; its data was to be sent */
	done(w, c);
}

/* Whoever refuses has understood, and of what we gave up ourselves nothing is known. */
static bool is_failure(int err)
{
	return err && err != ECONNREFUSED && err != ECONNRESET && err != ECONNABORTED;
}

void tcp_fastopen_ended(struct nsk_worker *w, struct tcp_conn *c, int err)
{
	if (c->ext->fastopen->syn == FASTOPEN_OUT && is_failure(err)) {
		if (c->snd_nxt != c->snd_una + 1)
			worker_count(w, NSK_CNT_TCP_FASTOPEN_ACTIVE_FAIL, 1);
		pause_path(w, c);
	}
	done(w, c);
}

/* ---- options ---- */

int tcp_fastopen_get_connect(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	return c->ext && (c->ext->fastopen_bits & FASTOPEN_CONNECT);
}

int tcp_fastopen_set_connect(struct sock *s, int v)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;

	if (!(SETTING(w->set, tcp_fastopen) & FASTOPEN_CLIENT))
		return -EOPNOTSUPP;
	if (c->state != TCPS_CLOSED)
		return -EINVAL;
	return tcp_fastopen_set_bit(w, c, FASTOPEN_CONNECT, v);
}
