/* SPDX-License-Identifier: BSD-3-Clause */
/* Sending by reference; see zc_send.h. */
#include "sock/zc_send.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/errqueue.h>

#include "mbuf/shared.h"

/* ---- buffers --------------------------------------------------------------------------------- */

/* Nothing refers to the octets any more. The worker does the rest: this may be any thread. */
static void leave(struct zc_send *z)
{
	struct nsk_worker *w = z->worker; /* z may be gone as soon as it is in the list */
	struct zc_send **head = &w->zc_returned;

	z->next = __atomic_load_n(head, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(head, &z->next, z, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	w->ops->wake(w);
}

static void buffer_freed(void *addr, void *z)
{
	(void)addr;
	leave(z);
}

/* A region of the call, or one more. */
static bool hold_region(struct zc_send *z, const void *p, size_t len)
{
	struct extmem_region *r;
	unsigned i = 0;

	while (i < ZC_REGIONS && z->region[i] && !extmem_has(z->region[i], p, len))
		i++;
	if (i == ZC_REGIONS)
		return false;
	if (z->region[i])
		return true;
	r = extmem_hold(&z->worker->shared->extmem, z->worker->id, p, len);
	z->region[i] = r;
	return r != NULL;
}

uint32_t zc_refer(struct zc_send *z, struct rte_mbuf *m, const void *p, size_t len)
{
	uint16_t n = (uint16_t)NSK_MIN(len, (size_t)ZC_PIECE_MAX);

	if (!hold_region(z, p, n))
		return 0;
	rte_mbuf_ext_refcnt_update(&z->shared, 1);
	rte_pktmbuf_attach_extbuf(m, (void *)(uintptr_t)p, RTE_BAD_IOVA, n, &z->shared);
	m->data_len = n;
	m->pkt_len = n;
	return n;
}

/* ---- a call ---------------------------------------------------------------------------------- */

static struct zc_queue *queue_of(struct sock *s)
{
	struct zc_queue **q = s->ops->zc_queue(s, true);

	if (q && !*q) {
		*q = mem_zalloc(s->worker->mem, sizeof(**q));
		if (*q)
			(*q)->sock = s;
	}
	return q ? *q : NULL;
}

bool zc_count_on(struct sock *s, uint32_t next)
{
	struct zc_queue *q = queue_of(s);

	if (q)
		q->next = next;
	return q;
}

struct zc_send *zc_begin(struct sock *s)
{
	struct zc_queue *q = queue_of(s);
	struct zc_send *z;

	if (!q || q->sends == ZC_SENDS_MAX)
		return NULL;
	z = mem_zalloc(s->worker->mem, sizeof(*z));
	if (!z)
		return NULL;
	z->queue = q;
	z->worker = s->worker;
	z->shared.free_cb = buffer_freed;
	z->shared.fcb_opaque = z;
	rte_mbuf_ext_refcnt_set(&z->shared, 1);
	q->sends++;
	return z;
}

void zc_number(struct zc_send *z)
{
	if (z->numbered)
		return;
	z->numbered = true;
	z->first = z->queue->next++;
	z->last = z->first;
}

void zc_end(struct zc_send *z)
{
	if (rte_mbuf_ext_refcnt_update(&z->shared, (int16_t)-1) == 0)
		leave(z);
}

/* ---- what is over ---------------------------------------------------------------------------- */

static void queue_free(struct nsk_worker *w, struct zc_queue *q)
{
	if (q->sends == 0 && !q->sock)
		mem_free(w->mem, q, sizeof(*q));
}

static void send_free(struct zc_send *z)
{
	struct nsk_worker *w = z->worker;
	struct zc_queue *q = z->queue;

	mem_free(w->mem, z, sizeof(*z));
	q->sends--;
	queue_free(w, q);
}

/* As Linux: calls of adjoining numbers that fared alike are told of together. */
static bool adjoins(const struct zc_send *tail, const struct zc_send *z)
{
	return tail && tail->last + 1 == z->first && tail->copied == z->copied;
}

static void put_regions(const struct zc_send *z)
{
	for (unsigned i = 0; i < ZC_REGIONS && z->region[i]; i++)
		extmem_put(&z->worker->shared->extmem, z->worker->id, z->region[i]);
}

static void over(struct zc_send *z)
{
	struct zc_queue *q = z->queue;

	put_regions(z);
	if (!z->numbered || !q->sock) {
		send_free(z);
		return;
	}
	z->copied = !z->region[0];
	sock_ready(q->sock, EPOLLERR);
	if (adjoins(q->tail, z)) {
		q->tail->last = z->last;
		send_free(z);
		return;
	}
	z->next = NULL;
	*(q->tail ? &q->tail->next : &q->head) = z;
	q->tail = z;
}

void zc_serve(struct nsk_worker *w)
{
	struct zc_send *list = __atomic_exchange_n(&w->zc_returned, NULL, __ATOMIC_ACQUIRE);
	struct zc_send *oldest = NULL;

	while (list) { /* the last that came is first */
		struct zc_send *next = list->next;

		list->next = oldest;
		oldest = list;
		list = next;
	}
	while (oldest) {
		struct zc_send *next = oldest->next;

		over(oldest);
		oldest = next;
	}
}

void sock_untold_ready(struct sock *s)
{
	struct zc_queue **q = s->ops->zc_queue ? s->ops->zc_queue(s, false) : NULL;

	if (q && zc_untold(*q))
		s->ready |= EPOLLERR;
}

int sock_take_error(struct sock *s)
{
	int err = s->err;

	s->err = 0;
	sock_unready(s, EPOLLERR);
	sock_untold_ready(s);
	return -err;
}

/* ---- what the application asks --------------------------------------------------------------- */

int zc_told(struct sock *s, struct zc_queue *q, struct msghdr *msg)
{
	struct {
		struct sock_extended_err err;
		struct sockaddr_in offender;
	} told = {.err = {.ee_origin = SO_EE_ORIGIN_ZEROCOPY}};
	struct zc_send *z;
	size_t used = 0;

	if (!zc_untold(q))
		return -EAGAIN;
	z = q->head;
	told.err.ee_info = z->first;
	told.err.ee_data = z->last;
	told.err.ee_code = z->copied ? SO_EE_CODE_ZEROCOPY_COPIED : 0;
	if (msg->msg_name)
		msg->msg_namelen = 0;
	msg->msg_flags = MSG_ERRQUEUE;
	sock_control_put(msg, &used, IPPROTO_IP, IP_RECVERR, &told, sizeof(told));
	msg->msg_controllen = used;
	q->head = z->next;
	if (!q->head)
		q->tail = NULL;
	send_free(z);
	if (!q->head && !s->err)
		sock_unready(s, EPOLLERR);
	return 0;
}

void zc_closed(struct zc_queue *q)
{
	struct nsk_worker *w;

	if (!q)
		return;
	w = q->sock->worker;
	while (q->head) {
		struct zc_send *z = q->head;

		q->head = z->next;
		send_free(z);
	}
	q->tail = NULL;
	q->sock = NULL;
	queue_free(w, q);
}
