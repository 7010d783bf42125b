/* SPDX-License-Identifier: BSD-3-Clause */
/* What applications look like from outside: how far they are, what they wait for, and whether the
 * numbers of their connections are possible. */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "nsk-sim/apps.h"
#include "nsk-sim/endpoint.h"

#define LOOKED_AT_ONCE 8

/* ---- how far they are ---------------------------------------------------------------------- */

/*
 * Ends on hosts that are gone will never say so themselves. Their peers learn it when they have
 * something to send, or by keepalive; one that only waits closes now, as if its user had had
 * enough.
 */
static void bury_end(struct endpoint *dead, struct endpoint *peer)
{
	int left = 0, asks = 0;
	socklen_t len = sizeof(asks);

	if (!dead->over) {
		dead->over = dead->broken = true;
		dead->error = EHOSTDOWN;
		conn_end_over(dead->conn);
	}
	if (peer->over || peer->fd < 0 || (!peer->server && !peer->connected) ||
	    !endpoint_only_waits(peer))
		return;
	nsk_ioctl(peer->fd, SIOCOUTQ, &left);
	nsk_getsockopt(peer->fd, SOL_SOCKET, SO_KEEPALIVE, &asks, &len);
	if (left == 0 && !asks)
		endpoint_end(peer, ETIMEDOUT);
}

static void bury(struct app *app)
{
	for (uint32_t i = 0; i < app->a->connections; i++) {
		struct conn *c = &app->conn[i];

		for (unsigned k = 0; k < 2 && c->begun && !c->over; k++)
			if (app->sim->stack[c->end[k].stack].gone)
				bury_end(&c->end[k], &c->end[!k]);
	}
}

bool apps_over(struct apps *apps)
{
	for (unsigned i = 0; i < apps->count; i++) {
		struct app *app = &apps->app[i];

		if (app->over >= app->to_begin)
			continue;
		if (app->may_fail)
			bury(app);
		if (app->over < app->to_begin)
			return false;
	}
	return true;
}

/* By bytes, by time or by what has been answered, whichever an application is about. */
static double share_of(const struct app *app)
{
	const struct sim_app *a = app->a;
	double got = (double)app->over * (double)(a->bytes + a->bytes_back);
	uint64_t since = app->sim->now_ns - SIM_START_NS;

	if (a->duration_ns)
		return since < a->start_ns ? 0
					   : (double)(since - a->start_ns) / (double)a->duration_ns;
	if (a->kind == SIM_UDP)
		return (double)app->udp.numbered / a->count;
	if (a->kind == SIM_REQUEST)
		return (double)app->result->requests / ((double)a->connections * a->count);
	if (a->kind == SIM_SHORT || a->kind == SIM_STEPS)
		return (double)app->over / (double)app->to_begin;
	for (uint32_t i = 0; i < a->connections; i++)
		if (app->conn[i].begun && !app->conn[i].over)
			got += (double)(app->conn[i].end[0].got + app->conn[i].end[1].got);
	return got / ((double)a->connections * (double)(a->bytes + a->bytes_back));
}

double apps_share(const struct apps *apps)
{
	double least = 1;

	for (unsigned i = 0; apps && i < apps->count; i++) {
		double share = share_of(&apps->app[i]);

		least = share < least ? share : least;
	}
	return least;
}

static const char *state_of(const struct endpoint *e, char *buf, size_t size)
{
	char step[400];

	if (e->over)
		return "is over";
	if (!e->opened)
		return "was never accepted";
	if (!e->server && !e->connected)
		return "is connecting";
	if (endpoint_step(e, step, sizeof(step))) {
		snprintf(buf, size, "waits in %s", step);
		return buf;
	}
	return e->eof ? "has read all" : e->shut ? "has sent all" : "goes on";
}

static void tell_stuck(struct conn *c, const char *what)
{
	const struct endpoint *a = &c->end[0], *b = &c->end[1];
	char client[420], server[420];

	sim_fail(c->app->sim,
		 "application \"%s\", connection %llu %s: the client %s, sent %llu, got %llu; the "
		 "server %s, sent %llu, got %llu",
		 c->app->a->name, (unsigned long long)c->serial, what,
		 state_of(a, client, sizeof(client)), (unsigned long long)a->sent,
		 (unsigned long long)a->got, state_of(b, server, sizeof(server)),
		 (unsigned long long)b->sent, (unsigned long long)b->got);
}

static struct conn *first_not_over(const struct app *app)
{
	for (uint32_t k = 0; k < app->a->connections; k++)
		if (app->conn[k].begun && !app->conn[k].over)
			return &app->conn[k];
	return NULL;
}

static void tell_not_over(const struct app *app)
{
	struct conn *c = first_not_over(app);

	if (c)
		tell_stuck(c, "is not over at the scenario's time limit");
	else if (app->a->kind == SIM_UDP)
		sim_fail(app->sim,
			 "application \"%s\" has sent %u of %u datagrams at the scenario's time "
			 "limit",
			 app->a->name, app->udp.numbered, app->a->count);
	else
		sim_fail(app->sim,
			 "application \"%s\" has begun %llu of %llu connections at the scenario's "
			 "time limit",
			 app->a->name, (unsigned long long)app->begun,
			 (unsigned long long)app->to_begin);
}

void apps_not_over(struct apps *apps)
{
	for (unsigned i = 0; i < apps->count; i++)
		if (apps->app[i].over < apps->app[i].to_begin) {
			tell_not_over(&apps->app[i]);
			return;
		}
}

void apps_check_progress(struct apps *apps, uint64_t since_ns)
{
	for (unsigned i = 0; i < apps->count; i++)
		for (uint32_t k = 0; k < apps->app[i].a->connections; k++) {
			struct conn *c = &apps->app[i].conn[k];
			uint64_t last = c->end[0].last_ns;

			if (!c->begun || c->over || c->app->a->foreign)
				continue;
			if (c->end[1].last_ns > last)
				last = c->end[1].last_ns;
			if (last < since_ns && !c->end[0].wake_ns && !c->end[1].wake_ns)
				tell_stuck(c, "has not got on for twice the longest RTO");
		}
}

/* ---- numbers ------------------------------------------------------------------------------- */

static void impossible(const struct endpoint *e, const char *what, uint64_t a, uint64_t b)
{
	sim_fail(e->conn->app->sim,
		 "application \"%s\", connection %llu: of the %s %s, %llu and %llu",
		 e->conn->app->a->name, (unsigned long long)e->conn->serial,
		 e->server ? "server" : "client", what, (unsigned long long)a,
		 (unsigned long long)b);
}

/* False: the connection has not got such numbers yet, or any more. */
static bool read_numbers(struct endpoint *e, uint64_t *una, uint64_t *nxt, uint64_t *rcv)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	int left = 0, unsent = 0, unread = 0;
	uint64_t end = e->sent + e->shut;

	if (e->fd < 0 || nsk_getsockopt(e->fd, IPPROTO_TCP, TCP_INFO, &info, &len) ||
	    info.tcpi_state == TCP_CLOSE || info.tcpi_state == TCP_SYN_SENT ||
	    info.tcpi_state == TCP_SYN_RECV || nsk_ioctl(e->fd, SIOCOUTQ, &left) ||
	    nsk_ioctl(e->fd, SIOCOUTQNSD, &unsent) || nsk_ioctl(e->fd, SIOCINQ, &unread))
		return false;
	if ((uint64_t)left > end || (uint64_t)unsent > end) {
		impossible(e, "more is left to send than was written", (uint64_t)left, end);
		return false;
	}
	*una = end - (uint64_t)left;
	*nxt = end - (uint64_t)unsent;
	*rcv = e->got + (uint64_t)unread;
	return true;
}

static void check_end(struct endpoint *e)
{
	const struct endpoint *peer = &e->conn->end[!e->server];
	uint64_t una, nxt, rcv;

	e->seen.now = read_numbers(e, &una, &nxt, &rcv);
	if (!e->seen.now)
		return;
	if (una > nxt)
		impossible(e, "SND.UNA is behind SND.NXT", una, nxt);
	if (una < e->seen.una)
		impossible(e, "SND.UNA went back", e->seen.una, una);
	if (nxt < e->seen.nxt)
		impossible(e, "SND.NXT went back", e->seen.nxt, nxt);
	if (rcv < e->seen.rcv)
		impossible(e, "RCV.NXT went back", e->seen.rcv, rcv);
	e->seen.una = una;
	e->seen.nxt = nxt;
	e->seen.rcv = rcv;
	/* Only while the other end is there: what it had when it ended is not known. */
	if (peer->fd < 0)
		return;
	if (rcv > peer->sent)
		impossible(e, "RCV.NXT is behind what the peer has written", rcv, peer->sent);
}

/* An octet is acknowledged after it was received, and received after it was sent. Of an end that is
 * closed the last numbers are not known, though its application may still have to read. */
static void check_pair(struct conn *c)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct endpoint *from = &c->end[i], *to = &c->end[!i];

		if (!from->seen.now || !to->seen.now)
			continue;
		if (from->seen.una > to->seen.rcv + from->shut)
			impossible(from, "SND.UNA is behind the peer's RCV.NXT", from->seen.una,
				   to->seen.rcv);
		if (to->seen.rcv > from->seen.nxt)
			impossible(to, "RCV.NXT is behind the peer's SND.NXT", to->seen.rcv,
				   from->seen.nxt);
	}
}

static void check_conn(struct conn *c)
{
	for (unsigned i = 0; i < 2; i++)
		check_end(&c->end[i]);
	check_pair(c);
}

void apps_check_numbers(struct apps *apps)
{
	uint32_t all = 0, first, n;

	for (unsigned i = 0; i < apps->count; i++)
		all += apps->app[i].a->foreign ? 0 : apps->app[i].a->connections;
	first = all ? apps->looked % all : 0;
	n = all < LOOKED_AT_ONCE ? all : LOOKED_AT_ONCE;
	apps->looked = first + n;
	for (unsigned i = 0; i < apps->count && n; i++) {
		struct app *app = &apps->app[i];

		if (app->a->foreign)
			continue;
		if (first >= app->a->connections) {
			first -= app->a->connections;
			continue;
		}
		for (uint32_t k = first; k < app->a->connections && n; k++, n--)
			if (app->conn[k].begun && !app->conn[k].over)
				check_conn(&app->conn[k]);
		first = 0;
	}
}
