/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading counters and levels from any thread. Counters are read where the worker writes them;
 * levels, which are made from live tables, are published by the worker about every millisecond, or
 * read directly where the caller runs the worker.
 */
#include <errno.h>
#include <string.h>

#include "icmp/icmp.h"
#include "ip/reass.h"
#include "mbuf/pool.h"
#include "stack/stack.h"
#include "tcp/tcp.h"
#include "udp/udp.h"

#define LEVELS (sizeof(struct nsk_levels) / sizeof(uint64_t))

_Static_assert(sizeof(struct nsk_levels) % sizeof(uint64_t) == 0,
	       "levels are copied as 64-bit words");

void stats_publish(struct run_worker *r)
{
	union {
		struct nsk_levels level;
		uint64_t word[LEVELS];
	} u = {.level = {0}};

	tcp_levels(&r->w, &u.level);
	udp_levels(&r->w, &u.level);
	icmp_levels(&r->w, &u.level);
	reass_levels(&r->w, &u.level);
	u.level.buffers_total = r->w.pool->count;
	u.level.buffers_free = pkt_pool_free_count(r->w.pool);
	u.level.memory_bytes = r->w.mem->bytes;
#pragma GCC unroll 32
	for (unsigned i = 0; i < LEVELS; i++)
		__atomic_store_n(&r->pub.level[i], u.word[i], __ATOMIC_RELAXED);
}

static void add_worker(struct run_worker *r, struct nsk_stats *out)
{
	uint64_t *level = (uint64_t *)&out->level;

	for (unsigned i = 0; i < NSK_CNT_MAX; i++)
		out->counter[i] += __atomic_load_n(&r->w.cnt[i], __ATOMIC_RELAXED);
	for (unsigned i = 0; i < NSK_DROP_MAX; i++)
		out->drop[i] += __atomic_load_n(&r->w.drop[i], __ATOMIC_RELAXED);
	for (unsigned i = 0; i < LEVELS; i++)
		level[i] += __atomic_load_n(&r->pub.level[i], __ATOMIC_RELAXED);
}

/* What ports and devices dropped, before a worker saw it or after; the first worker answers for
 * them. */
static void add_ports(const struct nsk_stack *stack, struct nsk_stats *out)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		struct port *port = stack->iface[i].port;
		struct port_stats ps = {0};

		port->ops->stats(port, &ps);
		out->drop[NSK_DROP_RX_MISSED] += ps.rx_missed;
		out->drop[NSK_DROP_RX_BROKEN] += ps.rx_errors;
		out->drop[NSK_DROP_RX_NO_BUFFER] += ps.rx_nobuf;
		out->drop[NSK_DROP_TX_FAILED] += ps.tx_errors;
		out->drop[NSK_DROP_TX_UNFIT] += ps.tx_unfit;
		out->drop[NSK_DROP_TX_LINK_DOWN] += ps.tx_down;
		out->drop[NSK_DROP_FAULT_INJECTED] += ps.injected;
	}
	twins_stats(stack, out);
}

int stats_read(const struct nsk_stack *stack, int worker, struct nsk_stats *stats)
{
	if (!stack || !stats || worker < -1 || worker >= (int)stack->nworkers) {
		errno = EINVAL;
		return -1;
	}
	memset(stats, 0, sizeof(*stats));
	for (unsigned i = 0; i < stack->nworkers; i++)
		if (worker < 0 || worker == (int)i)
			add_worker(stack->worker[i], stats);
	if (worker <= 0)
		add_ports(stack, stats);
	return 0;
}

/* Levels of a worker that no thread runs are read as they are now. */
static void publish_idle(struct run_worker *r)
{
	if (!worker_take(r))
		return;
	stats_publish(r);
	worker_return(r);
}

int nsk_stats_read(const struct nsk_stack *stack, int worker, struct nsk_stats *stats)
{
	int rc;

	for (unsigned i = 0; stack && i < stack->nworkers; i++)
		publish_idle(stack->worker[i]);
	rc = stats_read(stack, worker, stats);
	if (rc == 0)
		stats->now_ns = nsk_now(stack);
	return rc;
}

const char *nsk_counter_name(enum nsk_counter counter)
{
	static const char *const names[] = {
#define X(name, text, meaning) [NSK_CNT_##name] = text,
		NSK_COUNTER_LIST(X)
#undef X
	};

	return (unsigned)counter < NSK_CNT_MAX ? names[counter] : "unknown";
}

const char *nsk_counter_text(enum nsk_counter counter)
{
	static const char *const texts[] = {
#define X(name, text, meaning) [NSK_CNT_##name] = meaning,
		NSK_COUNTER_LIST(X)
#undef X
	};

	return (unsigned)counter < NSK_CNT_MAX ? texts[counter] : "unknown counter";
}
