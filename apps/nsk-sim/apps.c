/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/apps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "nsk-sim/best.h"
#include "nsk-sim/endpoint.h"
#include "nsk-sim/stranger.h"
#include "nsk-sim/udp.h"

#define EVENTS 256

static void *need(void *p)
{
	if (!p) {
		fprintf(stderr, "nsk-sim: out of memory\n");
		exit(1);
	}
	return p;
}

/* ---- connections --------------------------------------------------------------------------- */

/* An end of its link: the client's, the server's. */
struct sockaddr_in app_address(const struct app *app, bool server)
{
	const struct sim_app *a = app->a;
	const char *cidr = app->sim->s->link[a->link].address[a->side ^ server];
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)a->port)};
	char text[32];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(cidr, "/"), cidr);
	inet_pton(AF_INET, text, &sin.sin_addr);
	return sin;
}

static void reset_end(struct conn *c, unsigned i)
{
	const struct sim_app *a = c->app->a;

	c->end[i] = (struct endpoint){
		.conn = c,
		.stack = i ? a->to : a->from,
		.fd = -1,
		.server = i,
		.key = c->serial * 2654435761u + c->app->index * 40503u + i * 7919u,
		.last_ns = c->app->sim->now_ns,
		.over = c->app->sim->stack[i ? a->to : a->from].gone ||
			(i && (a->foreign || a->refuses)),
	};
}

static bool start_connect(struct conn *c)
{
	struct sockaddr_in sin = app_address(c->app, true), own = {0};
	struct endpoint *e = &c->end[0];
	socklen_t len = sizeof(own);
	int fd;

	nsk_enter(c->app->sim->stack[e->stack].stack);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	endpoint_open(e, fd);
	if (nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)) && errno != EINPROGRESS)
		return false;
	nsk_getsockname(fd, (struct sockaddr *)&own, &len);
	c->port = ntohs(own.sin_port);
	c->app->slot_of_port[c->port] = c->slot + 1;
	return true;
}

/* Connects, or does so when there is memory again. */
static void try_connect(struct sim *sim, void *arg)
{
	struct conn *c = arg;
	struct sim_stack *h = &sim->stack[c->app->a->from];

	if (c->over || c->end[0].fd >= 0)
		return;
	h->touched = true;
	if (start_connect(c))
		return;
	if (!endpoint_short(h)) {
		if (c->end[0].fd < 0)
			endpoint_end(&c->end[0], errno);
		else if (endpoint_step_over(&c->end[0], errno))
			endpoint_run(&c->end[0]);
		return;
	}
	nsk_close(c->end[0].fd);
	c->end[0].fd = -1;
	agenda_add(&sim->agenda, sim->now_ns + SHORT_NS, try_connect, c);
}

/* The client of a hostile server, if it is still the same one. */
static void had_enough(struct sim *sim, void *arg)
{
	struct conn *c = arg;

	if (c->over || c->begin_ns + STRANGER_NS > sim->now_ns)
		return;
	if (sim->stack[c->app->a->from].stopped) {
		agenda_add(&sim->agenda, sim->now_ns + SHORT_NS, had_enough, c);
		return;
	}
	sim->stack[c->app->a->from].touched = true;
	endpoint_end(&c->end[0], ETIMEDOUT);
}

static void begin_conn(struct sim *sim, void *arg)
{
	struct conn *c = arg;
	struct app *app = c->app;

	if (app->begun >= app->to_begin)
		return;
	if (sim->stack[app->a->from].stopped) {
		/* Its host sleeps; it asks again when that may be over. */
		if (!sim->stack[app->a->from].gone) {
			agenda_add(&sim->agenda, sim->now_ns + SIM_SECOND / 100, begin_conn, c);
			return;
		}
		app->begun++;
		app->over++;
		return;
	}
	c->begun = true;
	c->over = false;
	c->serial = app->begun++;
	c->begin_ns = c->asked_ns = c->mark_ns = sim->now_ns;
	c->end_ns[0] = c->end_ns[1] = 0;
	app->result->connections++;
	if (!app->result->begin_ns)
		app->result->begin_ns = sim->now_ns;
	for (unsigned i = 0; i < 2; i++)
		reset_end(c, i);
	sim->stack[app->a->from].touched = true;
	if (app->a->foreign)
		agenda_add(&sim->agenda, sim->now_ns + STRANGER_NS, had_enough, c);
	try_connect(sim, c);
}

/* The bytes that count for goodput. */
static void add_measured(struct conn *c)
{
	struct app_result *r = c->app->result;

	for (unsigned d = 0; d < 2; d++) {
		const struct endpoint *reader = &c->end[!d];
		uint64_t got = reader->got_at_end ? reader->got_at_end : reader->got;
		uint64_t end = c->end_ns[d] ? c->end_ns[d] : reader->last_ns;

		r->bytes[d] += reader->got;
		if (got > reader->got_at_mark && end > c->mark_ns) {
			r->measured[d] += got - reader->got_at_mark;
			if (end - c->mark_ns > r->measured_ns[d])
				r->measured_ns[d] = end - c->mark_ns;
			best_note_flow(c->app->sim, c->app->a, d,
				       (double)(got - reader->got_at_mark) * 8e9 /
					       (double)(end - c->mark_ns));
		}
	}
}

static void conn_over(struct conn *c)
{
	struct app *app = c->app;
	struct sim *sim = app->sim;

	c->over = true;
	app->over++;
	app->result->end_ns = sim->now_ns;
	if (c->port && app->slot_of_port[c->port] == c->slot + 1)
		app->slot_of_port[c->port] = 0;
	if (c->end[0].error || c->end[1].error)
		app->result->errors++;
	else if (c->end[0].opened && (c->end[1].opened || c->end[0].broken))
		app->result->done++;
	add_measured(c);
	/* A slot goes on with the next short connection, in a turn of its own. */
	if (app->a->kind == SIM_SHORT && app->begun < app->to_begin)
		agenda_add(&sim->agenda, sim->now_ns, begin_conn, c);
}

void conn_end_over(struct conn *c)
{
	struct endpoint *client = &c->end[0], *server = &c->end[1];
	/* A client that failed may have a server that never was; one that got through and left as
	 * its script says has one, if that has a script. */
	bool alone = !server->opened && client->broken &&
		     (client->error || !client->connected || !c->app->a->script[1].step[0].number);

	if (!c->over && client->over && (server->over || alone))
		conn_over(c);
}

/* ---- listeners ----------------------------------------------------------------------------- */

static bool listen_on(struct app *app)
{
	struct sim_stack *h = &app->sim->stack[app->a->to];
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET,
				 .data.u64 = (app->index << 2) | READY_LISTENER};
	struct sockaddr_in sin = app_address(app, true);
	int one = 1, rcvbuf = (int)app->a->rcvbuf;

	/* From wherever they come: a hostile host may be on another link. */
	sin.sin_addr.s_addr = htonl(INADDR_ANY);
	nsk_enter(h->stack);
	app->listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	nsk_setsockopt(app->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* What somebody makes urgent is in its place in the stream, where checks expect it. */
	nsk_setsockopt(app->listener, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
	/* The window of the SYN,ACK is of the listener's making. */
	if (rcvbuf)
		nsk_setsockopt(app->listener, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	endpoint_options(app->sim, app->a, app->listener, SOCKET_LISTENER);
	if (nsk_bind(app->listener, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	    nsk_listen(app->listener, 4096) == 0 &&
	    nsk_epoll_ctl(h->epfd, EPOLL_CTL_ADD, app->listener, &ev) == 0)
		return true;
	sim_fail(app->sim, "application \"%s\" cannot listen: %m", app->a->name);
	return false;
}

static void accept_all(struct sim *sim, void *arg);

static bool accept_one(struct app *app)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	int fd = nsk_accept4(app->listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK);
	struct conn *c;
	uint32_t slot;

	if (fd < 0 && endpoint_short(&app->sim->stack[app->a->to]))
		agenda_add(&app->sim->agenda, app->sim->now_ns + SHORT_NS, accept_all, app);
	if (fd < 0)
		return false;
	if (peer.sin_addr.s_addr != app_address(app, false).sin_addr.s_addr) {
		stranger_open(app->sim, &app->sim->stack[app->a->to], fd, ntohs(peer.sin_port));
		return true;
	}
	slot = app->slot_of_port[ntohs(peer.sin_port)];
	c = slot ? &app->conn[slot - 1] : NULL;
	/* Its client has given up meanwhile. */
	if (!c || c->over || c->end[1].opened) {
		nsk_close(fd);
		return true;
	}
	endpoint_open(&c->end[1], fd);
	endpoint_run(&c->end[1]);
	return true;
}

static void accept_all(struct sim *sim, void *arg)
{
	struct app *app = arg;

	sim->stack[app->a->to].touched = true;
	while (app->listener >= 0 && !sim->stack[app->a->to].stopped && accept_one(app))
		;
}

static void ready(struct apps *apps, uint64_t what)
{
	switch (what & READY_KINDS) {
	case READY_LISTENER:
		accept_all(apps->sim, &apps->app[what >> 2]);
		break;
	case READY_STRANGER:
		stranger_run((struct stranger *)(uintptr_t)(what & ~(uint64_t)READY_KINDS));
		break;
	case READY_UDP:
		udp_run(&apps->app[what >> 3], what >> 2 & 1);
		break;
	default:
		endpoint_run((struct endpoint *)(uintptr_t)what);
	}
}

bool apps_serve(struct apps *apps, struct sim_stack *h)
{
	struct epoll_event ev[EVENTS];
	bool any = false;
	int n;

	if (!apps)
		return false;
	while ((n = nsk_epoll_wait(h->epfd, ev, EVENTS, 0)) > 0) {
		any = true;
		for (int i = 0; i < n; i++)
			ready(apps, ev[i].data.u64);
		if (apps->sim->result->failed)
			break;
	}
	return any;
}

void apps_wake(struct apps *apps, uint32_t host)
{
	for (unsigned i = 0; i < apps->count; i++) {
		struct app *app = &apps->app[i];

		if (app->a->to == host)
			accept_all(apps->sim, app);
		for (uint32_t k = 0; k < app->a->connections; k++)
			for (unsigned e = 0; e < 2; e++)
				if (app->conn[k].begun && app->conn[k].end[e].stack == host)
					endpoint_run(&app->conn[k].end[e]);
	}
}

/* ---- the time of an application ------------------------------------------------------------ */

static void mark(struct sim *sim, void *arg)
{
	struct app *app = arg;

	app->marked = true;
	for (uint32_t i = 0; i < app->a->connections; i++) {
		struct conn *c = &app->conn[i];

		if (!c->begun)
			continue;
		c->mark_ns = sim->now_ns;
		for (unsigned k = 0; k < 2; k++)
			c->end[k].got_at_mark = c->end[k].got;
	}
}

/* What a duration ends. */
static void stop(struct sim *sim, void *arg)
{
	struct app *app = arg;

	app->stopped = true;
	for (uint32_t i = 0; i < app->a->connections; i++) {
		struct conn *c = &app->conn[i];

		if (!c->begun || c->over)
			continue;
		c->end_ns[0] = sim->now_ns;
		c->end[1].got_at_end = c->end[1].got;
		c->end[0].goal = c->end[0].sent;
		endpoint_run(&c->end[0]);
	}
}

static bool vanishes(const struct sim *sim, uint32_t host)
{
	for (unsigned i = 0; i < sim->s->nfaults; i++)
		if (sim->s->fault[i].what == FAULT_STOP && sim->s->fault[i].host == host &&
		    !sim->s->fault[i].for_ns)
			return true;
	return false;
}

static void start_app(struct apps *apps, const struct sim_app *a)
{
	struct sim *sim = apps->sim;
	struct app *app = &apps->app[apps->count];
	uint64_t at = SIM_START_NS + a->start_ns;

	*app = (struct app){.sim = sim, .a = a, .index = apps->count, .listener = -1};
	apps->count++;
	app->result = &sim->result->app[app->index];
	app->may_fail = vanishes(sim, a->from) || vanishes(sim, a->to) || a->foreign;
	app->to_begin = a->kind == SIM_SHORT ? a->count : a->connections;
	app->conn = need(calloc(a->connections, sizeof(*app->conn)));
	app->slot_of_port = need(calloc(65536, sizeof(*app->slot_of_port)));
	app->latency = need(calloc(1, sizeof(*app->latency)));
	if (a->kind == SIM_UDP ? !udp_start(app) : !a->foreign && !a->refuses && !listen_on(app))
		return;
	for (uint32_t i = 0; a->kind != SIM_UDP && i < a->connections && i < app->to_begin; i++) {
		app->conn[i].app = app;
		app->conn[i].slot = i;
		agenda_add(&sim->agenda, at + i * a->stagger_ns, begin_conn, &app->conn[i]);
	}
	if (a->warmup_ns)
		agenda_add(&sim->agenda, at + a->warmup_ns, mark, app);
	if (a->duration_ns)
		agenda_add(&sim->agenda, at + a->duration_ns, stop, app);
}

struct apps *apps_new(struct sim *sim)
{
	struct apps *apps = need(calloc(1, sizeof(*apps)));

	apps->sim = sim;
	pattern_make();
	for (unsigned i = 0; i < sim->s->napps && !sim->result->failed; i++)
		start_app(apps, &sim->s->app[i]);
	return apps;
}

/* ---- the end -------------------------------------------------------------------------------- */

void apps_result(struct apps *apps)
{
	for (unsigned i = 0; i < apps->count; i++) {
		struct app *app = &apps->app[i];
		struct app_result *r = app->result;

		for (uint32_t k = 0; k < app->a->connections; k++)
			if (app->conn[k].begun && !app->conn[k].over)
				add_measured(&app->conn[k]);
		if (app->a->expect == EXPECT_ERROR && !r->errors)
			sim_fail(apps->sim,
				 "application \"%s\" has ended without the error that it was to "
				 "have",
				 app->a->name);
		r->begin_ns = r->begin_ns ? r->begin_ns - SIM_START_NS : 0;
		r->end_ns = r->end_ns ? r->end_ns - SIM_START_NS : 0;
		for (unsigned d = 0; d < 2; d++)
			r->rtt_us[d] =
				app->rtt_count[d] ? app->rtt_sum[d] / (double)app->rtt_count[d] : 0;
		r->latency_p50_us = (double)histogram_quantile(app->latency, 0.5) / 1e3;
		r->latency_p99_us = (double)histogram_quantile(app->latency, 0.99) / 1e3;
	}
	best_result(apps->sim);
}

void apps_close(struct apps *apps)
{
	for (unsigned i = 0; i < apps->count; i++) {
		struct app *app = &apps->app[i];

		for (uint32_t k = 0; k < app->a->connections; k++)
			for (unsigned e = 0; e < 2; e++)
				if (app->conn[k].begun && app->conn[k].end[e].fd >= 0) {
					nsk_close(app->conn[k].end[e].fd);
					app->conn[k].end[e].fd = -1;
				}
		if (app->listener >= 0)
			nsk_close(app->listener);
		app->listener = -1;
		if (app->a->kind == SIM_UDP)
			udp_close(app);
	}
	for (unsigned i = 0; i < apps->sim->s->nhosts; i++)
		apps->sim->stack[i].touched = true;
}

void apps_free(struct apps *apps)
{
	for (unsigned i = 0; i < apps->count; i++) {
		free(apps->app[i].conn);
		free(apps->app[i].slot_of_port);
		free(apps->app[i].latency);
	}
	free(apps);
}
