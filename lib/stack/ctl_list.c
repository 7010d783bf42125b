/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables that belong to workers: neighbours, sockets. The worker itself copies a page of
 * rows in its turn, into memory that was made for it when the stack started; a worker that does not
 * come back keeps its page until it does, and the reply says so. A list goes through (worker,
 * table) pairs; its cursor is the pair's number and the table's own cursor.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "icmp/icmp.h"
#include "net/iface.h"
#include "net/neigh.h"
#include "net/net.h"
#include "stack/ctl_command.h"
#include "tcp/conn.h"
#include "tcp/tcp.h"
#include "udp/udp.h"

struct ctl_page {
	struct call call;
	struct nsk_worker *w;
	unsigned (*copy)(struct nsk_worker *w, uint32_t *cursor, struct ctl_page *page,
			 unsigned max);
	uint32_t cursor;
	unsigned max, n;
	union {
		struct neigh_row neigh[CTL_ROWS_MAX];
		struct tcp_row tcp[CTL_ROWS_MAX];
		struct dgram_row dgram[CTL_ROWS_MAX];
	} rows;
};

/* A table that can be listed. */
struct ctl_table {
	unsigned (*copy)(struct nsk_worker *w, uint32_t *cursor, struct ctl_page *page,
			 unsigned max);
	json_t *(*row)(const struct ctl_view *view, const struct ctl_page *page, unsigned i);
};

/* A list as one command gives it. */
struct ctl_listing {
	const char *key; /* of the reply's array */
	const struct ctl_table *tables;
	unsigned ntables;
};

/* ---- pages --------------------------------------------------------------------------------- */

int ctl_pages_create(struct ctl_view *view)
{
	for (unsigned i = 0; i < view->stack->nworkers; i++) {
		view->pages[i] = calloc(1, sizeof(struct ctl_page));
		if (!view->pages[i])
			return -ENOMEM;
		view->pages[i]->w = &view->stack->worker[i]->w;
		view->pages[i]->call.done = CALL_DONE;
	}
	return 0;
}

static void serve_until_done(struct run_worker *r, const struct ctl_page *page)
{
	while (!call_done(&page->call) && call_serve(r))
		;
}

/*
 * The stack is coming down. A worker without a thread, or with this one, does not serve its ring
 * any more: it is served here. One that somebody still runs will, and gets the time for it.
 */
static void take_back(struct nsk_stack *stack, unsigned worker, struct ctl_page *page)
{
	struct run_worker *r = stack->worker[worker];

	if (nsk_worker_index() == (int)worker) {
		serve_until_done(r, page);
	} else if (worker_borrow(r)) {
		serve_until_done(r, page);
		worker_return(r);
	} else {
		call_wait(&page->call, CTL_REQUEST_NS);
	}
}

void ctl_pages_destroy(struct ctl_view *view)
{
	for (unsigned i = 0; i < view->stack->nworkers; i++) {
		struct ctl_page *page = view->pages[i];

		if (!page)
			continue;
		if (!call_done(&page->call))
			take_back(view->stack, i, page);
		if (call_done(&page->call))
			free(page);
		else /* a worker hangs with it: memory that is lost, rather than written to when it
			is not ours */
			LOG_ERR(&view->stack->log, "control",
				"worker %u never gave a page of rows back", i);
		view->pages[i] = NULL;
	}
}

static int copy_page(void *arg)
{
	struct ctl_page *page = arg;

	page->n = page->copy(page->w, &page->cursor, page, page->max);
	return 0;
}

/* Why a worker gave no page, as the reply tells it. */
static void warn_worker(struct ctl_view *view, unsigned worker, json_t *warnings, const char *what)
{
	bool run = __atomic_load_n(&view->stack->worker[worker]->w.settled, __ATOMIC_RELAXED);
	char text[128];

	snprintf(text, sizeof(text), "worker %u %s%s", worker, what, run ? "" : "; nobody runs it");
	json_array_append_new(warnings, json_string(text));
}

/* Has the worker fill its page. False, with a warning, if it does not do so in time. */
static bool fetch(struct ctl_view *view, unsigned worker, const struct ctl_table *table,
		  uint32_t cursor, unsigned max, uint64_t wait_ns, json_t *warnings)
{
	struct ctl_page *page = view->pages[worker];
	int rc;

	if (!call_done(&page->call)) {
		warn_worker(view, worker, warnings, "still owes an earlier answer");
		return false;
	}
	page->call.fn = copy_page;
	page->call.arg = page;
	page->copy = table->copy;
	page->cursor = cursor;
	page->max = max;
	page->n = 0;
	rc = call_run_timeout(page->w, &page->call, wait_ns);
	if (rc == 0)
		return true;
	warn_worker(view, worker, warnings,
		    rc == -EAGAIN ? "has too much waiting" : "did not answer in time");
	return false;
}

static unsigned copy_nothing(struct nsk_worker *w, uint32_t *cursor, struct ctl_page *page,
			     unsigned max)
{
	(void)w, (void)cursor, (void)page, (void)max;
	return 0;
}

bool ctl_worker_answers(struct ctl_view *view, unsigned worker, uint64_t wait_ns, json_t *warnings)
{
	static const struct ctl_table nothing = {.copy = copy_nothing};

	return fetch(view, worker, &nothing, 0, 0, wait_ns, warnings);
}

/* ---- a list from page to page -------------------------------------------------------------- */

/* A non-negative number of the request, or what stands for a missing one; -1 for anything else. */
static json_int_t number_or(const json_t *request, const char *key, json_int_t missing)
{
	const json_t *value = json_object_get(request, key);

	if (!value)
		return missing;
	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
									: -1;
}

static void add_rows(struct ctl_view *view, const struct ctl_table *table,
		     const struct ctl_page *page, json_t *rows)
{
	for (unsigned i = 0; i < page->n; i++)
		json_array_append_new(rows, table->row(view, page, i));
}

/* Goes on from pair and cursor until there are enough rows, no more time, or no more pairs. Returns
 * where it stopped. */
static uint64_t walk(struct ctl_view *view, const struct ctl_listing *list, uint64_t at,
		     unsigned limit, json_t *rows, json_t *warnings)
{
	uint64_t pairs = (uint64_t)view->stack->nworkers * list->ntables;
	uint64_t end = clock_system_ns() + CTL_REQUEST_NS;
	uint64_t pair = at >> 32;
	uint32_t cursor = (uint32_t)at;

	while (pair < pairs && json_array_size(rows) < limit) {
		unsigned worker = (unsigned)(pair / list->ntables);
		const struct ctl_table *table = &list->tables[pair % list->ntables];
		uint64_t now = clock_system_ns();
		bool ok;

		if (now >= end)
			break;
		ok = fetch(view, worker, table, cursor, limit,
			   NSK_MIN((uint64_t)CTL_WAIT_NS, end - now), warnings);
		if (ok)
			add_rows(view, table, view->pages[worker], rows);
		cursor = ok ? view->pages[worker]->cursor : UINT32_MAX;
		if (cursor != UINT32_MAX)
			continue;
		pair = ok ? pair + 1 : (uint64_t)(worker + 1) * list->ntables;
		cursor = 0;
	}
	return pair < pairs ? pair << 32 | cursor : UINT64_MAX;
}

static void list_rows(struct ctl_view *view, const struct ctl_listing *list, const json_t *request,
		      json_t *reply)
{
	json_int_t at = number_or(request, "cursor", 0);
	json_int_t limit = number_or(request, "limit", CTL_ROWS_MAX);
	json_t *rows = json_array(), *warnings = json_array();
	uint64_t next;

	if (at < 0 || limit < 1 || limit > CTL_ROWS_MAX) {
		ctl_refuse(reply, "cursor is 0 or what \"next\" said, limit is 1 to %d",
			   CTL_ROWS_MAX);
		json_decref(rows);
		json_decref(warnings);
		return;
	}
	next = walk(view, list, (uint64_t)at, (unsigned)limit, rows, warnings);
	ctl_put(reply, list->key, rows);
	ctl_put(reply, "next", next == UINT64_MAX ? json_null() : json_integer((json_int_t)next));
	if (json_array_size(warnings))
		ctl_put(reply, "warnings", warnings);
	else
		json_decref(warnings);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static json_t *addr_json(const struct ip_addr *a)
{
	char text[IP_ADDR_STRLEN];

	return json_string(ip_addr_format(a, text, sizeof(text)));
}

/* "10.0.0.2:7", "[::1]:7"; an address or port that is not set is "*". */
static json_t *endpoint_json(const struct ip_addr *a, uint16_t port)
{
	char addr[IP_ADDR_STRLEN], number[8], text[IP_ADDR_STRLEN + 12];
	bool six = a->family == AF_INET6 && !ip_addr_is_any(a);

	snprintf(number, sizeof(number), "%u", port);
	snprintf(text, sizeof(text), "%s%s%s:%s", six ? "[" : "",
		 ip_addr_is_any(a) ? "*" : ip_addr_format(a, addr, sizeof(addr)), six ? "]" : "",
		 port ? number : "*");
	return json_string(text);
}

static const char *iface_name(const struct ctl_view *view, unsigned index)
{
	return index < view->stack->nifaces ? view->stack->iface[index].name : "?";
}

/* Time in seconds, or null for "never". */
static json_t *seconds_json(uint64_t ns)
{
	return ns == UINT64_MAX ? json_null() : json_real((double)(ns / 1000000) / 1e3);
}

static unsigned copy_neigh(struct nsk_worker *w, uint32_t *cursor, struct ctl_page *page,
			   unsigned max)
{
	return neigh_list(w, cursor, page->rows.neigh, max);
}

static json_t *neigh_json(const struct ctl_view *view, const struct ctl_page *page, unsigned i)
{
	const struct neigh_row *row = &page->rows.neigh[i];
	char mac[ETH_ADDR_STRLEN];
	json_t *o = json_object();

	ctl_put(o, "address", addr_json(&row->addr));
	ctl_put(o, "mac",
		eth_addr_is_zero(&row->mac)
			? json_null()
			: json_string(eth_addr_format(&row->mac, mac, sizeof(mac))));
	ctl_put(o, "iface", json_string(iface_name(view, row->iface)));
	ctl_put(o, "state", json_string(neigh_state_name(row->state)));
	ctl_put(o, "queued", json_integer(row->queued));
	ctl_put(o, "used_s_ago", seconds_json(row->used_ns_ago));
	ctl_put(o, "confirmed_s_ago", seconds_json(row->confirmed_ns_ago));
	ctl_put(o, "worker", json_integer(page->w->id));
	return o;
}

static const char *tcp_state_text(uint8_t state)
{
	static const char *const names[] = {
		[TCPS_ESTABLISHED] = "ESTABLISHED", [TCPS_SYN_SENT] = "SYN-SENT",
		[TCPS_SYN_RCVD] = "SYN-RECEIVED",   [TCPS_FIN_WAIT_1] = "FIN-WAIT-1",
		[TCPS_FIN_WAIT_2] = "FIN-WAIT-2",   [TCPS_TIME_WAIT] = "TIME-WAIT",
		[TCPS_CLOSED] = "CLOSED",	    [TCPS_CLOSE_WAIT] = "CLOSE-WAIT",
		[TCPS_LAST_ACK] = "LAST-ACK",	    [TCPS_LISTEN] = "LISTEN",
		[TCPS_CLOSING] = "CLOSING",
	};

	return state < NSK_ARRAY_LEN(names) && names[state] ? names[state] : "UNKNOWN";
}

static unsigned copy_tcp(struct nsk_worker *w, uint32_t *cursor, struct ctl_page *page,
			 unsigned max)
{
	return tcp_list(w, cursor, page->rows.tcp, max);
}

static json_t *socket_json(const char *proto, const char *state, json_t *local, json_t *peer,
			   unsigned worker)
{
	json_t *o = json_object();

	ctl_put(o, "proto", json_string(proto));
	ctl_put(o, "state", json_string(state));
	ctl_put(o, "local", local);
	ctl_put(o, "peer", peer);
	ctl_put(o, "worker", json_integer(worker));
	return o;
}

static json_t *tcp_json(const struct ctl_view *view, const struct ctl_page *page, unsigned i)
{
	const struct tcp_row *row = &page->rows.tcp[i];
	const struct flow *f = &row->flow;
	bool six = row->family == AF_INET6, listens = row->state == TCPS_LISTEN;
	struct ip_addr us = six ? ip_addr_v6(f->dst) : ip_addr_v4(f->dst);
	struct ip_addr peer = six ? ip_addr_v6(f->src) : ip_addr_v4(f->src);
	json_t *o = socket_json("tcp", tcp_state_text(row->state),
				endpoint_json(&us, ntohs(f->dport_be)),
				endpoint_json(&peer, ntohs(f->sport_be)), page->w->id);

	(void)view;
	ctl_put(o, listens ? "accept_queue" : "rcvq_bytes", json_integer(row->rcvq));
	ctl_put(o, listens ? "backlog" : "sndq_bytes", json_integer(row->sndq));
	return o;
}

static unsigned copy_udp(struct nsk_worker *w, uint32_t *cursor, struct ctl_page *page,
			 unsigned max)
{
	return udp_list(w, cursor, page->rows.dgram, max);
}

static unsigned copy_icmp(struct nsk_worker *w, uint32_t *cursor, struct ctl_page *page,
			  unsigned max)
{
	return icmp_list(w, cursor, page->rows.dgram, max);
}

static json_t *dgram_json(const char *proto, const struct ctl_page *page, unsigned i)
{
	const struct dgram_row *row = &page->rows.dgram[i];
	json_t *o = socket_json(proto, row->faddr.family ? "CONNECTED" : "BOUND",
				endpoint_json(&row->laddr, row->lport),
				endpoint_json(&row->faddr, row->fport), page->w->id);

	ctl_put(o, "rcvq_bytes", json_integer(row->queued_bytes));
	ctl_put(o, "rcvbuf_bytes", json_integer(row->rcvbuf));
	return o;
}

static json_t *udp_json(const struct ctl_view *view, const struct ctl_page *page, unsigned i)
{
	(void)view;
	return dgram_json("udp", page, i);
}

static json_t *icmp_json(const struct ctl_view *view, const struct ctl_page *page, unsigned i)
{
	(void)view;
	return dgram_json(page->rows.dgram[i].type == SOCK_RAW ? "raw" : "ping", page, i);
}

/* ---- commands ------------------------------------------------------------------------------ */

void ctl_list_arp(struct ctl_view *view, const json_t *request, json_t *reply)
{
	static const struct ctl_table table = {copy_neigh, neigh_json};
	static const struct ctl_listing list = {
		.key = "neighbours", .tables = &table, .ntables = 1};

	list_rows(view, &list, request, reply);
}

void ctl_list_sockets(struct ctl_view *view, const json_t *request, json_t *reply)
{
	static const struct ctl_table tables[] = {
		{copy_tcp, tcp_json}, {copy_udp, udp_json}, {copy_icmp, icmp_json}};
	static const struct ctl_listing list = {
		.key = "sockets", .tables = tables, .ntables = NSK_ARRAY_LEN(tables)};

	list_rows(view, &list, request, reply);
}
