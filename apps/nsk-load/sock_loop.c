/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop of an engine over sockets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-load/sock.h"

#define FIRST_TRIES    3u
#define EVENTS_MAX     256
#define START_A_TURN   64u
#define TIMERS_A_TURN  256u
#define DRAIN_PATIENCE UINT64_C(1000000000)

/*
 * The first one goes alone: the next hop is not known yet, and what a stack keeps until it is are a
 * few packets.
 */
static bool first_is_under_way(const struct sock *s)
{
	const struct counters *now = &s->result->now;

	return s->plan.active && !(s->o->udp ? now->answers : now->opened) &&
	       result_errors(s->result) < FIRST_TRIES;
}

static void start_some(struct sock *s)
{
	uint32_t slot;
	uint64_t due_ns;

	schedule_turn(&s->plan, s->now_ns, load_phase(s->load) != PHASE_OPEN);
	for (unsigned n = 0; n < START_A_TURN && !first_is_under_way(s) &&
			     schedule_open(&s->plan, s->now_ns, &slot, &due_ns);
	     n++)
		sconn_open(s, slot, due_ns);
	for (unsigned n = 0; n < START_A_TURN && schedule_waiting(&s->plan, s->now_ns, &slot);
	     n++) {
		s->conn[slot].flags &= (uint8_t)~SCONN_PARKED;
		if (s->conn[slot].state == SCONN_IDLE)
			sconn_request(s, slot, schedule_issue(&s->plan, s->now_ns));
	}
	if (s->plan.open_loop)
		result_set(&s->result->waiting, arrivals_waiting(&s->plan.arrivals, s->now_ns));
}

/* Closes what waits for nothing; at the end of patience everything. True when all is closed. */
static bool drain(struct sock *s)
{
	bool all;

	if (!s->draining) {
		s->draining = true;
		s->drain_until_ns = s->now_ns + DRAIN_PATIENCE;
	}
	all = s->now_ns >= s->drain_until_ns || load_phase(s->load) == PHASE_QUIT;
	for (uint32_t i = 0; i < s->nslots; i++) {
		struct sconn *c = &s->conn[i];
		bool waits = c->state == SCONN_BUSY && !s->o->bulk;

		if (c->fd >= 0 && (all || !waits))
			sconn_end(s, i);
	}
	return all || !s->plan.outstanding;
}

static void turn(struct sock *s, struct epoll_event *events)
{
	/* Sleeping is for those who wait for answers alone. */
	bool by_clock = s->plan.open_loop || s->draining || s->plan.closed.count;
	int n = s->calls->epoll_wait(s->epfd, events, EVENTS_MAX, by_clock ? 0 : s->calls->wait_ms);

	sock_time(s);
	if (n < 0 && errno != EINTR) {
		load_fail(s->load, "epoll: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		if (i && s->calls->dear)
			sock_time(s);
		sconn_event(s, events[i].data.u32, events[i].events);
	}
}

static void loop(struct sock *s)
{
	struct epoll_event events[EVENTS_MAX];
	enum phase phase;
	bool over = false;

	sock_time(s);
	ticker_start(&s->ticker, s->now_tick);
	while (!over && !s->load->failed) {
		turn(s, events);
		phase = load_turn(s->load, s->result, s->now_ns);
		if (!s->draining && schedule_finished(&s->plan) && !s->result->measure_end_ns)
			result_end(s->result, s->now_ns);
		if (phase >= PHASE_DRAIN || s->draining || schedule_finished(&s->plan))
			over = drain(s);
		else
			start_some(s);
		ticker_run(&s->ticker, s->now_tick, TIMERS_A_TURN, sconn_timeout, s);
	}
}

static bool setup(struct sock *s)
{
	const struct options *o = s->o;
	int rc = o->http ? work_init_http(&s->work, o->target[0].text, o->path)
			 : work_init(&s->work, o->request_bytes, o->response_bytes);

	s->nslots = (uint32_t)schedule_share(o->connections, s->worker, s->load->workers);
	/* Nobody's share may be nothing. */
	s->nslots = s->nslots ? s->nslots : 1;
	s->conn = calloc(s->nslots, sizeof(*s->conn));
	s->buffer = malloc(SOCK_BUFFER);
	s->request = rc ? NULL : malloc(s->work.request_len);
	s->pattern = o->bulk ? pattern_new() : NULL;
	if (rc || !s->conn || !s->buffer || !s->request || (o->bulk && !s->pattern) ||
	    !ticker_init(&s->ticker, s->nslots, s->conn, sizeof(*s->conn)) ||
	    !schedule_init(&s->plan, o, s->nslots, s->worker, s->load->workers)) {
		load_fail(s->load, "out of memory for %u connections", s->nslots);
		return false;
	}
	for (uint32_t i = 0; i < s->nslots; i++)
		s->conn[i] = (struct sconn){.fd = -1, .due = TICKER_NONE};
	s->epfd = s->calls->epoll_create1(0);
	if (s->epfd < 0)
		load_fail(s->load, "epoll: %s", strerror(errno));
	return s->epfd >= 0;
}

void sock_run(struct load *load, unsigned worker, const struct sock_calls *calls)
{
	struct sock *s = calloc(1, sizeof(*s));

	if (!s) {
		load_fail(load, "out of memory");
		return;
	}
	s->calls = calls;
	s->load = load;
	s->o = load->options;
	s->result = load->result[worker];
	s->worker = worker;
	s->epfd = -1;
	if (setup(s))
		loop(s);
	if (s->epfd >= 0)
		calls->close(s->epfd);
	ticker_free(&s->ticker);
	schedule_free(&s->plan);
	work_free(&s->work);
	free(s->pattern);
	free(s->request);
	free(s->buffer);
	free(s->conn);
	free(s);
}
