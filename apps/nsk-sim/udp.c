/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/apps.h"
#include "nsk-sim/segment.h"

#define ROOM 65536
/* Answers may come for so long after the last datagram was sent. */
#define LINGER_NS SIM_SECOND

/* ---- datagrams ----------------------------------------------------------------------------- */

static size_t size_of(const struct app *app, bool server)
{
	return server ? app->a->response_bytes : app->a->request_bytes;
}

static void fill(const struct app *app, uint8_t *data, uint32_t number, bool server)
{
	put32(data, app->index);
	put32(data + 4, number);
	put32(data + 8, server);
	for (size_t i = UDP_LEAST, n = size_of(app, server); i < n; i++)
		data[i] = (uint8_t)((number * 31u + i + server) * 2654435761u >> 24);
}

/* Whether a datagram for one side is one that the other has sent, to the byte. */
static bool is_good(const struct app *app, const uint8_t *data, size_t len, bool server)
{
	static uint8_t want[ROOM];
	uint32_t number = len >= UDP_LEAST ? get32(data + 4) : UINT32_MAX;

	if (len != size_of(app, !server) || number >= app->udp.numbered)
		return false;
	fill(app, want, number, !server);
	return memcmp(data, want, len) == 0;
}

static void send_one(struct app *app, uint32_t number, bool server, const struct sockaddr_in *to)
{
	static uint8_t data[ROOM];
	struct sim_stack *h = &app->sim->stack[server ? app->a->to : app->a->from];
	ssize_t n;

	fill(app, data, number, server);
	n = nsk_sendto(app->udp.fd[server], data, size_of(app, server), 0,
		       (const struct sockaddr *)to, sizeof(*to));
	h->touched = true;
	if (n >= 0)
		app->udp.sent[server]++;
	else if (errno != EAGAIN && errno != ENETDOWN && errno != EHOSTUNREACH &&
		 !endpoint_short(h))
		sim_fail(app->sim, "application \"%s\": the %s cannot send: %m", app->a->name,
			 server ? "server" : "client");
}

/* ---- receiving ----------------------------------------------------------------------------- */

/* Two fragments of a datagram that its link has altered may add up to a good checksum; one never.
 */
static bool may_be_altered(const struct app *app, bool server)
{
	const struct sim *sim = app->sim;
	const struct sim_link *link = &sim->s->link[app->a->link];
	struct nsk_wire_stats ws[2];

	for (unsigned d = 0; d < 2; d++)
		nsk_wire_stats(sim->wire[app->a->link].wire, d, &ws[d]);
	return size_of(app, !server) + 28 > link->mtu && ws[0].corrupted + ws[1].corrupted > 1;
}

static void take(struct app *app, bool server, const uint8_t *data, size_t len,
		 const struct sockaddr_in *from)
{
	uint32_t number;

	app->udp.got[server]++;
	if (!is_good(app, data, len, server)) {
		if (!may_be_altered(app, server))
			sim_fail(
				app->sim,
				"application \"%s\": the %s got a datagram of %zu bytes that was never "
				"sent, or not so",
				app->a->name, server ? "server" : "client", len);
		return;
	}
	number = get32(data + 4);
	if (app->udp.seen[number] & 1u << server) {
		app->udp.twice++;
		return;
	}
	app->udp.seen[number] |= (uint8_t)(1u << server);
	app->result->bytes[!server] += len;
	app->result->end_ns = app->sim->now_ns;
	if (server && app->udp.answered)
		send_one(app, number, true, from);
	else if (!server)
		histogram_record(app->latency, app->sim->now_ns - app->udp.sent_ns[number]);
	if (server != app->udp.answered)
		app->result->requests++;
}

void udp_run(struct app *app, bool server)
{
	static uint8_t data[ROOM];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while (app->udp.fd[server] >= 0 && !app->sim->result->failed &&
	       (n = nsk_recvfrom(app->udp.fd[server], data, sizeof(data), 0,
				 (struct sockaddr *)&from, &len)) >= 0)
		take(app, server, data, (size_t)n, &from);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void over(struct sim *sim, void *arg)
{
	struct app *app = arg;

	(void)sim;
	app->over = app->to_begin;
	app->result->done = app->udp.numbered;
}

static void next(struct sim *sim, void *arg)
{
	struct app *app = arg;
	uint32_t number = app->udp.numbered;
	struct sockaddr_in to = app_address(app, true);

	if (sim->stack[app->a->from].gone || sim->result->failed) {
		over(sim, app);
		return;
	}
	if (sim->stack[app->a->from].stopped) {
		agenda_add(&sim->agenda, sim->now_ns + SHORT_NS, next, app);
		return;
	}
	if (number + 1 < app->a->count)
		agenda_add(&sim->agenda, sim->now_ns + app->a->think_ns, next, app);
	else
		agenda_add(&sim->agenda, sim->now_ns + LINGER_NS, over, app);
	app->udp.sent_ns[number] = sim->now_ns;
	app->udp.numbered++;
	app->result->connections++;
	send_one(app, number, false, &to);
}

/* A socket of the client's or the server's; the server's has the known port. */
static bool open_one(struct app *app, bool server)
{
	struct sim_stack *h = &app->sim->stack[server ? app->a->to : app->a->from];
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	struct sockaddr_in sin = app_address(app, server);
	int fd;

	ev.data.u64 = (uint64_t)(app->index * 2 + server) << 2 | READY_UDP;
	if (!server)
		sin.sin_port = 0;
	nsk_enter(h->stack);
	app->udp.fd[server] = fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	return fd >= 0 && nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	       nsk_epoll_ctl(h->epfd, EPOLL_CTL_ADD, fd, &ev) == 0;
}

bool udp_start(struct app *app)
{
	app->udp.answered = app->a->response_bytes > 0;
	app->udp.fd[0] = app->udp.fd[1] = -1;
	app->udp.seen = calloc(app->a->count, sizeof(*app->udp.seen));
	app->udp.sent_ns = calloc(app->a->count, sizeof(*app->udp.sent_ns));
	if (!app->udp.seen || !app->udp.sent_ns || !open_one(app, true) || !open_one(app, false)) {
		sim_fail(app->sim, "application \"%s\" cannot begin: %m", app->a->name);
		return false;
	}
	app->result->begin_ns = SIM_START_NS + app->a->start_ns;
	agenda_add(&app->sim->agenda, app->result->begin_ns, next, app);
	return true;
}

void udp_close(struct app *app)
{
	for (unsigned i = 0; i < 2; i++)
		if (app->udp.fd[i] >= 0)
			nsk_close(app->udp.fd[i]);
	free(app->udp.seen);
	free(app->udp.sent_ns);
}

/* ---- the sums ------------------------------------------------------------------------------ */

/* Where a datagram ends before a link has taken it, and behind the link. Not at a header that is
 * wrong: links say themselves what they have altered. */
static const enum nsk_drop lost_sending[] = {
	NSK_DROP_ARP_TABLE_FULL, NSK_DROP_ARP_QUEUE_FULL, NSK_DROP_ARP_UNRESOLVED,
	NSK_DROP_IP_NO_ROUTE,	 NSK_DROP_IP_TOO_BIG,	  NSK_DROP_TX_NO_BUFFER,
	NSK_DROP_TX_RING_FULL,	 NSK_DROP_TX_SEGMENTS,	  NSK_DROP_TX_LINK_DOWN,
	NSK_DROP_TX_UNFIT,	 NSK_DROP_TX_FAILED,	  NSK_DROP_FAULT_INJECTED,
};
static const enum nsk_drop lost_receiving[] = {
	NSK_DROP_UDP_NO_SOCKET,	 NSK_DROP_UDP_RCVBUF_FULL, NSK_DROP_RX_NO_BUFFER,
	NSK_DROP_RX_IFACE_DOWN,	 NSK_DROP_RX_MISSED,	   NSK_DROP_STEER_RING_FULL,
	NSK_DROP_FAULT_INJECTED, NSK_DROP_UDP_MEM_FULL,	   NSK_DROP_IP_FRAG_FULL,
	NSK_DROP_IP_FRAG_STALE,	 NSK_DROP_IP_FRAG_TIMEOUT, NSK_DROP_IP_FRAG_MANY,
};

static uint64_t drops_of(struct sim_stack *h, const enum nsk_drop *reasons, size_t n)
{
	uint64_t sum = 0;
	struct nsk_stats st;

	if (!h->stack)
		return 0;
	nsk_stats_read(h->stack, -1, &st);
	while (n--)
		sum += st.drop[reasons[n]];
	return sum;
}

#define DROPS_OF(h, reasons) drops_of(h, reasons, sizeof(reasons) / sizeof((reasons)[0]))

static uint64_t sent_by(const struct apps *apps, uint32_t host)
{
	uint64_t sent = 0;

	for (unsigned i = 0; i < apps->count; i++)
		for (unsigned server = 0; server < 2; server++)
			if ((server ? apps->app[i].a->to : apps->app[i].a->from) == host)
				sent += apps->app[i].udp.sent[server];
	return sent;
}

/* What a host has sent was taken by its links, or the host or the links count it as lost. */
static void check_sent(struct apps *apps, uint32_t host)
{
	struct sim *sim = apps->sim;
	uint64_t sent = sent_by(apps, host), taken = 0,
		 lost = DROPS_OF(&sim->stack[host], lost_sending);
	struct nsk_wire_stats ws;

	for (unsigned i = 0; i < sim->s->nlinks; i++)
		for (unsigned d = 0; d < 2; d++) {
			if (sim->wire[i].lawless || sim->s->link[i].host[d] != host)
				continue;
			nsk_wire_stats(sim->wire[i].wire, d, &ws);
			taken += sim->wire[i].datagrams[d];
			lost += ws.queue_full;
		}
	if (sent > taken + lost)
		sim_fail(sim,
			 "host \"%s\" has sent %llu datagrams; its links have taken %llu, %llu "
			 "packets are lost",
			 sim->s->host[host].name, (unsigned long long)sent,
			 (unsigned long long)taken, (unsigned long long)lost);
}

/* Whether a host has cut datagrams in fragments. */
static bool has_cut(struct sim_stack *h)
{
	struct nsk_stats st;

	return h->stack && nsk_stats_read(h->stack, -1, &st) == 0 &&
	       st.counter[NSK_CNT_IP_FRAG_OKS] > 0;
}

/* What links have taken has arrived, or links or hosts count it as lost; and no more than that. A
 * hostile host's link has nothing to do with it. Of one in fragments links have taken the first. */
static void check_got(struct sim *sim, uint64_t got, uint64_t twice)
{
	uint64_t taken = 0, doubled = 0, lost = 0, full = 0;
	struct nsk_wire_stats ws;

	for (unsigned i = 0; i < sim->s->nlinks; i++)
		for (unsigned d = 0; d < 2 && !sim->wire[i].lawless; d++) {
			nsk_wire_stats(sim->wire[i].wire, d, &ws);
			taken += sim->wire[i].datagrams[d];
			doubled += ws.duplicated;
			lost += ws.lost + ws.too_long + ws.cut + ws.no_buffer + ws.corrupted;
			full += ws.queue_full;
		}
	for (unsigned i = 0; i < sim->s->nhosts; i++) {
		lost += DROPS_OF(&sim->stack[i], lost_receiving);
		if (has_cut(&sim->stack[i]))
			lost += DROPS_OF(&sim->stack[i], lost_sending) + full;
	}
	if (taken > got + lost)
		sim_fail(sim,
			 "%llu datagrams have not arrived; links and hosts have lost %llu packets",
			 (unsigned long long)(taken - got), (unsigned long long)lost);
	if (twice > doubled)
		sim_fail(sim, "%llu datagrams came twice; links have doubled %llu packets",
			 (unsigned long long)twice, (unsigned long long)doubled);
}

/* What the applications of a host have sent and got is what its stack has. */
static void check_host(struct apps *apps, uint32_t host)
{
	struct sim_stack *h = &apps->sim->stack[host];
	uint64_t sent = sent_by(apps, host), got = 0;
	struct nsk_stats st;

	if (!h->stack)
		return;
	nsk_stats_read(h->stack, -1, &st);
	for (unsigned i = 0; i < apps->count; i++)
		for (unsigned server = 0; server < 2; server++)
			if ((server ? apps->app[i].a->to : apps->app[i].a->from) == host)
				got += apps->app[i].udp.got[server];
	if (sent != st.counter[NSK_CNT_UDP_OUT] || got != st.counter[NSK_CNT_UDP_IN])
		sim_fail(
			apps->sim,
			"host \"%s\" counts %llu datagrams sent and %llu received, its applications "
			"%llu and %llu",
			h->host->name, (unsigned long long)st.counter[NSK_CNT_UDP_OUT],
			(unsigned long long)st.counter[NSK_CNT_UDP_IN], (unsigned long long)sent,
			(unsigned long long)got);
	check_sent(apps, host);
}

void udp_check(struct apps *apps)
{
	uint64_t got = 0, twice = 0;
	bool gone = false;

	for (uint32_t i = 0; i < apps->sim->s->nhosts; i++) {
		if (apps->sim->stack[i].gone)
			gone = true;
		else
			check_host(apps, i);
	}
	if (gone)
		return; /* what was on its way to it */
	for (unsigned i = 0; i < apps->count; i++) {
		got += apps->app[i].udp.got[0] + apps->app[i].udp.got[1];
		twice += apps->app[i].udp.twice;
	}
	check_got(apps->sim, got, twice);
}
