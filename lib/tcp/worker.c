/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's part of TCP: start, end, levels, and listing for control tools. */
#include <errno.h>
#include <string.h>

#include "mbuf/pool.h"
#include "mbuf/shared.h"
#include "tcp/charge.h"
#include "tcp/conn.h"
#include "tcp/embryo.h"
#include "tcp/fastopen.h"
#include "tcp/listen.h"
#include "tcp/moved.h"
#include "tcp/output.h"
#include "tcp/rcvbuf.h"
#include "tcp/sndbuf.h"
#include "tcp/table.h"
#include "tcp/tcp.h"
#include "tcp/tcp_worker.h"
#include "tcp/time_wait.h"

/* Parts of the packet pool, of 4, that all queues together may hold. */
#define MEM_QUARTERS 3

bool tcp_mem_pressed(struct nsk_worker *w, struct budget *mem)
{
	uint32_t now_ms = w->tcp->now_ms, lasted_ms = now_ms - mem->since_ms;
	bool was = mem->pressed, is = budget_pressed(mem, now_ms);

	if (is && !was)
		worker_count(w, NSK_CNT_TCP_MEM_PRESSURES, 1);
	if (was && !is)
		worker_count(w, NSK_CNT_TCP_MEM_PRESSURE_MS, lasted_ms);
	return is;
}

bool tcp_rate_ok(struct nsk_worker *w, struct limiter *l, uint32_t per_second)
{
	if (per_second == 0)
		return false;
	return limiter_allow_fuzzy(l, w->now_ns, 1000000000u / per_second, per_second,
				   rng_u32(&w->rng));
}

bool tcp_challenge_ok(struct nsk_worker *w)
{
	uint32_t limit = SETTING(w->set, tcp_challenge_limit);

	return limit == INT32_MAX || tcp_rate_ok(w, &w->tcp->challenge_limit, limit);
}

static void draw_keys(struct nsk_worker *w)
{
	struct tcp_worker *t = w->tcp;
	struct siphash_key key;

	rng_fill(&w->rng, &t->hash_key, sizeof(t->hash_key));
	t->isn_key = shared_key(w->shared, SHARED_ISN);
	t->ts_key = shared_key(w->shared, SHARED_TS_OFFSET);
	key = shared_key(w->shared, SHARED_COOKIE);
	cookie_jar_init(&t->jar, &key, w->now_ns + w->shared->wall_ns);
	rng_fill(&w->rng, &key, sizeof(key));
	ports_init(&t->ports, &key);
}

/* This worker's part of a mark of the stack, most at most; 0: what goes without saying. */
static uint64_t mark(const struct nsk_worker *w, uint64_t stack, uint64_t usual, uint64_t most)
{
	return NSK_MIN(stack ? stack / NSK_MAX(w->peers, (uint16_t)1) : usual, most);
}

static void set_budgets(struct nsk_worker *w)
{
	uint64_t each = (uint64_t)rte_pktmbuf_data_room_size(w->pool->mp) +
			sizeof(struct rte_mbuf) + PKT_PRIV_SIZE;
	uint64_t most = each * w->pool->count / 4 * MEM_QUARTERS;
	uint64_t high = mark(w, w->set->tcp_mem_high, most, most);
	uint64_t pressure = mark(w, w->set->tcp_mem_pressure, high / 3 * 2, high);
	uint64_t low = mark(w, w->set->tcp_mem_low, high / 2, pressure);

	budget_init(&w->tcp->snd_mem, low / 2, pressure / 2, high / 2);
	budget_init(&w->tcp->rcv_mem, low / 2, pressure / 2, high / 2);
}

static int init_tables(struct nsk_worker *w)
{
	const struct settings *set = w->set;
	struct tcp_worker *t = w->tcp;
	uint32_t most = 3 * set->tcp_max_conns + set->tcp_max_syn + set->tcp_max_time_wait;
	int rc;

	t->orphans_most = set->tcp_max_conns - set->tcp_max_conns / 8;
	rc = slab_init(&t->conns, w->mem, sizeof(struct tcp_conn), NSK_CACHELINE,
		       set->tcp_max_conns, "tcp connections");
	if (rc == 0)
		rc = slab_init(&t->embryos, w->mem, sizeof(struct tcp_embryo), 0,
			       NSK_MAX(set->tcp_max_syn, 1u), "tcp embryos");
	if (rc == 0)
		rc = slab_init(&t->time_waits, w->mem, sizeof(struct tcp_time_wait), 0,
			       NSK_MAX(set->tcp_max_time_wait, 1u), "tcp time-wait");
	if (rc == 0)
		rc = slab_init(&t->exts, w->mem, sizeof(struct tcp_ext), 0, set->tcp_max_conns,
			       "tcp extensions");
	if (rc == 0)
		rc = slab_init(&t->fastopen_requests, w->mem, sizeof(struct fastopen_request), 0,
			       set->tcp_max_conns, "tcp fast open requests");
	if (rc == 0)
		rc = slab_init(&t->moved, w->mem, sizeof(struct tcp_moved), 0, set->tcp_max_conns,
			       "tcp moved connections");
	list_init(&t->moved_list);
	if (rc == 0)
		rc = htab_init(&t->table, most, w->mem, table_hash_of, w);
	return rc;
}

static int init_syn_limit(struct nsk_worker *w)
{
	const struct settings *set = w->set;
	struct siphash_key key;
	struct srclimit *l;

	if (set->tcp_syn_rate == 0)
		return 0;
	l = mem_zalloc(w->mem, sizeof(*l));
	if (!l)
		return -ENOMEM;
	rng_fill(&w->rng, &key, sizeof(key));
	srclimit_init(l, &key, set->tcp_syn_rate, set->tcp_syn_burst, (uint8_t)set->tcp_syn_prefix4,
		      (uint8_t)set->tcp_syn_prefix6);
	w->tcp->syn_limit = l;
	return 0;
}

int tcp_worker_init(struct nsk_worker *w)
{
	struct tcp_worker *t = mem_zalloc_apart(w->mem, sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	w->tcp = t;
	t->dirty_tail = &t->dirty;
	t->starved_tail = &t->starved;
	t->clock_ns = UINT64_MAX;
	tcp_clock(w);
	t->tw_head = SLAB_NONE;
	t->tw_tail = SLAB_NONE;
	wheel_timer_init(&t->tw_timer, TIMER_TCP_TIME_WAIT);
	wheel_timer_init(&t->syn_timer, TIMER_TCP_SYN);
	wheel_timer_init(&t->starved_timer, TIMER_TCP_STARVED);
	t->rtt_limits = rtt_limits_default;
	t->rtt_limits.min_us = w->set->tcp_rto_min_ms * 1000;
	t->rtt_limits.max_us = w->set->tcp_rto_max_ms * 1000;
	t->rtt_limits.init_us = w->set->tcp_rto_init_ms * 1000;
	t->rcv_shift = window_shift_for(w->set->tcp_rcvbuf_max);
	draw_keys(w);
	set_budgets(w);
	rc = init_syn_limit(w);
	if (rc == 0)
		rc = init_tables(w);
	if (rc) {
		mem_free(w->mem, t->syn_limit, sizeof(*t->syn_limit));
		mem_free(w->mem, t, sizeof(*t));
		w->tcp = NULL;
	}
	return rc;
}

/* ---- walking the table ---- */

/*
 * Cursor of a walk: number of a bucket << 8 | entries of it that were taken. The entries of a
 * bucket's chain beyond 255 are passed over.
 */
#define CURSOR_SHIFT 8
#define CURSOR_MASK  255u

/* The nth value of a bucket's chain, or HTAB_NONE at its end. */
static uint32_t bucket_value(const struct htab *h, uint32_t bucket, uint32_t n)
{
	const struct htab_bucket *b;

	for (b = htab_bucket_at(h, bucket); b; b = b->more)
		for (unsigned way = 0; way < HTAB_WAYS; way++)
			if (b->tag[way] != 0 && n-- == 0)
				return b->value[way];
	return HTAB_NONE;
}

static void row_of_conn(const struct tcp_conn *c, struct tcp_row *row)
{
	row->flow = c->flow;
	row->family = c->sock.family;
	row->state = c->state;
	if (c->state == TCPS_LISTEN) {
		row->rcvq = c->listener->count;
		row->sndq = c->listener->backlog;
	} else {
		row->rcvq = c->rcv.bytes;
		row->sndq = c->snd_end - c->snd_una;
	}
}

static bool row_of(const struct tcp_worker *t, uint32_t value, struct tcp_row *row)
{
	uint32_t index = table_index(value);

	*row = (struct tcp_row){0};
	switch (table_kind_of(value)) {
	case TABLE_EMBRYO: {
		const struct tcp_embryo *e = slab_at(&t->embryos, index);

		row->flow = e->flow;
		row->family = e->family;
		row->state = TCPS_SYN_RCVD;
		return true;
	}
	case TABLE_TIME_WAIT: {
		const struct tcp_time_wait *tw = slab_at(&t->time_waits, index);

		row->flow = tw->flow;
		row->family = tw->family;
		row->state = TCPS_TIME_WAIT;
		return true;
	}
	case TABLE_MOVED:
		return false; /* its worker tells of it */
	case TABLE_PORT: {
		const struct tcp_conn *c = slab_at(&t->conns, index);

		row_of_conn(c, row);
		return c->state == TCPS_LISTEN; /* a connection has another entry, if it is one */
	}
	default:
		row_of_conn(slab_at(&t->conns, index), row);
		return true;
	}
}

unsigned tcp_list(struct nsk_worker *w, uint32_t *cursor, struct tcp_row *rows, unsigned max)
{
	const struct tcp_worker *t = w->tcp;
	uint32_t bucket = *cursor >> CURSOR_SHIFT, n = *cursor & CURSOR_MASK;
	unsigned out = 0;

	while (out < max && bucket < t->table.n_buckets) {
		uint32_t value = n < CURSOR_MASK ? bucket_value(&t->table, bucket, n) : HTAB_NONE;

		if (value == HTAB_NONE) {
			bucket++;
			n = 0;
		} else {
			out += row_of(t, value, &rows[out]);
			n++;
		}
	}
	*cursor = bucket < t->table.n_buckets ? bucket << CURSOR_SHIFT | n : UINT32_MAX;
	return out;
}

void tcp_levels(struct nsk_worker *w, struct nsk_levels *levels)
{
	struct tcp_worker *t = w->tcp;

	tcp_clock(w);
	levels->tcp_mem_pressed += tcp_mem_pressed(w, &t->snd_mem);
	levels->tcp_mem_pressed += tcp_mem_pressed(w, &t->rcv_mem);
	levels->tcp_mem_bytes += t->snd_mem.used + t->rcv_mem.used;
	levels->tcp_connections += t->conns.in_use - t->listeners;
	levels->tcp_established += t->established;
	levels->tcp_embryonic += t->embryos.in_use;
	levels->tcp_time_wait += t->time_waits.in_use;
	levels->tcp_listeners += t->listeners;
}

/* ---- the end ---- */

static void drop_value(struct nsk_worker *w, uint32_t value, bool reset)
{
	struct tcp_worker *t = w->tcp;
	uint32_t index = table_index(value);
	struct tcp_conn *c;

	switch (table_kind_of(value)) {
	case TABLE_EMBRYO:
		embryo_free(w, slab_at(&t->embryos, index));
		return;
	case TABLE_TIME_WAIT:
		time_wait_free(w, slab_at(&t->time_waits, index));
		return;
	case TABLE_MOVED:
		/* Until all workers have dropped theirs a connection may have a word for it. */
		if (!reset)
			tcp_moved_free(w, slab_at(&t->moved, index));
		return;
	default:
		c = slab_at(&t->conns, index);
		if (c->state == TCPS_LISTEN)
			listener_stop(w, c);
		if (reset) {
			conn_abort(w, c, ECONNABORTED);
		} else {
			if (!(c->flags & CONN_F_ORPHAN))
				conn_orphan(w, c);
			conn_free(w, c);
		}
	}
}

/* Ends what the table holds; what ends by that may take others along, so each step starts anew. */
static void drop_all(struct nsk_worker *w, bool reset)
{
	const struct htab *h = &w->tcp->table;

	for (uint32_t bucket = 0; bucket < h->n_buckets; bucket++) {
		uint32_t kept = 0, value;

		while ((value = bucket_value(h, bucket, kept)) != HTAB_NONE) {
			uint32_t count = h->count;

			drop_value(w, value, reset);
			kept += h->count == count; /* the application still has it bound */
		}
	}
}

void tcp_worker_abort(struct nsk_worker *w)
{
	if (!w->tcp)
		return;
	tcp_clock(w);
	drop_all(w, true);
	tcp_output_dirty(w);
}

void tcp_worker_fini(struct nsk_worker *w)
{
	struct tcp_worker *t = w->tcp;

	if (!t)
		return;
	for (uint32_t i = 0; i < t->nburst; i++)
		pkt_free(t->burst[i].m);
	t->nburst = 0;
	drop_all(w, false);
	tcp_starved_wake(t);
	while (t->dirty) {
		struct tcp_conn *c = t->dirty;

		t->dirty = c->dirty_next;
		slab_free(&t->conns, c);
	}
	wheel_cancel(&w->wheel, &t->tw_timer);
	wheel_cancel(&w->wheel, &t->syn_timer);
	wheel_cancel(&w->wheel, &t->starved_timer);
	tcp_fastopen_cache_free(w);
	htab_fini(&t->table);
	slab_fini(&t->moved);
	slab_fini(&t->fastopen_requests);
	slab_fini(&t->exts);
	slab_fini(&t->time_waits);
	slab_fini(&t->embryos);
	slab_fini(&t->conns);
	mem_free(w->mem, t->syn_limit, sizeof(*t->syn_limit));
	mem_free(w->mem, t, sizeof(*t));
	w->tcp = NULL;
}
