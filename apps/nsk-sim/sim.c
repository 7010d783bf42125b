/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/program.h"
#include "nsk-sim/apps.h"
#include "nsk-sim/hostile.h"
#include "nsk-sim/packet.h"
#include "nsk-sim/pcapng.h"
#include "nsk-sim/stranger.h"
#include "nsk-sim/watch.h"

/* Turns at one instant that no honest exchange needs. */
#define TURNS_AT_ONCE 2000000
#define POOL_LEAST    8192
#define POOL_MOST     (1u << 20)
#define STALL_NS      20000
#define TELL_EVERY    UINT64_C(1000000000)

void sim_fail(struct sim *sim, const char *fmt, ...)
{
	struct result *r = sim->result;
	uint64_t since = sim->now_ns - SIM_START_NS;
	va_list ap;
	int n;

	if (r->failed)
		return;
	r->failed = true;
	n = snprintf(r->why, sizeof(r->why),
		     "at %llu.%09llu s: ", (unsigned long long)(since / SIM_SECOND),
		     (unsigned long long)(since % SIM_SECOND));
	va_start(ap, fmt);
	vsnprintf(r->why + n, sizeof(r->why) - (size_t)n, fmt, ap);
	va_end(ap);
}

/* ---- hosts --------------------------------------------------------------------------------- */

static uint64_t read_clock(void *arg)
{
	return ((const struct sim *)arg)->now_ns;
}

static void take_log(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	struct sim_stack *h = arg;

	if (level <= NSK_LOG_ERR)
		sim_fail(h->sim, "host \"%s\" says: %s: %s", h->host->name, module, text);
}

/* Buffers for what links carry in a round trip: in both queues, twice over, and some more. */
static uint32_t pool_for(const struct sim *sim, uint32_t index)
{
	double need = POOL_LEAST;

	for (unsigned i = 0; i < sim->s->nlinks; i++) {
		const struct sim_link *l = &sim->s->link[i];
		double rtt = (double)(l->dir[0].delay_ns + l->dir[1].delay_ns) / 1e9;

		if (l->host[0] != index && l->host[1] != index)
			continue;
		need += 5 * (double)l->dir[0].rate_bps / 8 * rtt / (l->mtu < 2000 ? l->mtu : 2000);
	}
	return need < POOL_MOST ? (uint32_t)need : POOL_MOST;
}

static bool set(struct sim *sim, struct nsk_config *config, const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	if (nsk_config_set(config, name, text) == 0)
		return true;
	sim_fail(sim, "%s", nsk_config_error(config));
	return false;
}

static bool add_links(struct sim *sim, uint32_t index, struct nsk_config *config)
{
	for (unsigned i = 0; i < sim->s->nlinks; i++) {
		const struct sim_link *l = &sim->s->link[i];

		for (unsigned end = 0; end < 2; end++) {
			if (l->host[end] != index)
				continue;
			if (!set(sim, config, "mtu", l->mtu) ||
			    nsk_config_add_wire(config, sim->wire[i].wire, end) ||
			    nsk_config_add_address(config, l->address[end]) ||
			    (l->fault[0] && nsk_config_add_fault(config, l->fault))) {
				sim_fail(sim, "link \"%s\": %s", l->name, nsk_config_error(config));
				return false;
			}
		}
	}
	return true;
}

static uint64_t setting(const struct nsk_config *config, const char *name)
{
	char value[32] = "";

	nsk_config_get(config, name, value, sizeof(value));
	return strtoull(value, NULL, 10);
}

static bool configure(struct sim *sim, uint32_t index, struct nsk_config *config)
{
	struct sim_stack *h = &sim->stack[index];

	nsk_config_clock(config, read_clock, sim);
	nsk_config_seed(config, sim->s->seed * 64 + index + 1);
	nsk_config_log(config, take_log, h, NSK_LOG_WARN);
	if (!set(sim, config, "pool.buffers", pool_for(sim, index)) ||
	    !add_links(sim, index, config))
		return false;
	for (unsigned i = 0; i < h->host->nsettings; i++)
		if (nsk_config_set(config, h->host->setting[i].name, h->host->setting[i].value)) {
			sim_fail(sim, "host \"%s\": %s", h->host->name, nsk_config_error(config));
			return false;
		}
	h->rto_max_ns = setting(config, "tcp.rto_max_ms") * 1000000;
	h->tcp_mem_high = setting(config, "tcp.mem_high");
	h->mem_limit = setting(config, "mem_limit");
	h->buffer_bytes = setting(config, "pool.buffer_bytes");
	return true;
}

static bool open_host(struct sim *sim, uint32_t index)
{
	struct sim_stack *h = &sim->stack[index];
	struct nsk_config *config;

	h->sim = sim;
	h->host = &sim->s->host[index];
	h->touched = true;
	if (h->host->hostile.at)
		return true;
	config = nsk_config_new();
	if (!config)
		sim_fail(sim, "host \"%s\": out of memory", h->host->name);
	else if (configure(sim, index, config) && nsk_stack_create(config, &h->stack))
		sim_fail(sim, "host \"%s\": %s", h->host->name, nsk_config_error(config));
	nsk_config_free(config);
	if (sim->result->failed)
		return false;
	nsk_enter(h->stack);
	h->epfd = nsk_epoll_create1(0);
	if (h->epfd < 0)
		sim_fail(sim, "host \"%s\" has no epoll: %m", h->host->name);
	return h->epfd >= 0;
}

/* ---- wires --------------------------------------------------------------------------------- */

static void saw(void *arg, unsigned direction, uint64_t now_ns, const void *frame, size_t len)
{
	struct sim_wire *w = arg;
	struct sim *sim = w->sim;
	struct sim_stack *to = &sim->stack[w->link->host[!direction]];

	to->touched = true;
	/* Twice where the link doubles. What it alters lies behind the Ethernet header. */
	if (memcmp((const uint8_t *)frame + 12, "\x08\x06", 2) == 0)
		to->arp += w->now[direction].duplicate_ppm ? 2 : 1;
	w->datagrams[direction] += packet_is_udp(frame);
	if (!w->first_ns[direction])
		w->first_ns[direction] = now_ns;
	w->last_ns[direction] = now_ns;
	sim->result->packets++;
	if (w->lawless)
		watch_anything(w->watch, direction, now_ns, frame, len);
	else
		watch_frame(w->watch, direction, now_ns, frame, len);
	if (sim->pcap)
		pcapng_frame(sim->pcap, (uint32_t)(w - sim->wire), direction, now_ns - SIM_START_NS,
			     frame, len);
}

static bool open_wire(struct sim *sim, uint32_t index)
{
	struct sim_wire *w = &sim->wire[index];
	const struct sim_link *l = &sim->s->link[index];

	w->sim = sim;
	w->link = l;
	w->lawless = sim->s->host[l->host[0]].hostile.at || sim->s->host[l->host[1]].hostile.at;
	memcpy(w->now, l->dir, sizeof(w->now));
	for (unsigned d = 0; d < 2; d++)
		w->now[d].seed = sim->s->seed * 4096 + index * 2 + d;
	w->wire = nsk_wire_create(&w->now[0], &w->now[1], l->mtu);
	if (!w->wire) {
		sim_fail(sim, "link \"%s\" cannot be made: %m", l->name);
		return false;
	}
	w->watch = watch_new(sim, l->name);
	nsk_wire_tap(w->wire, saw, w);
	if (sim->pcap)
		pcapng_interface(sim->pcap, l->name);
	return true;
}

/* Makes hosts and wires. false: result->why says what went wrong. */
static bool sim_open(struct sim *sim, const struct scenario *s, struct result *result)
{
	sim->s = s;
	sim->result = result;
	sim->now_ns = SIM_START_NS;
	for (uint32_t i = 0; i < s->nlinks; i++)
		if (!open_wire(sim, i))
			return false;
	for (uint32_t i = 0; i < s->nhosts; i++)
		if (!open_host(sim, i))
			return false;
	return true;
}

/* Ends stacks and wires; what they complain about is a failure too. */
static void sim_close(struct sim *sim)
{
	nsk_enter(NULL);
	for (unsigned i = 0; i < sim->s->nhosts; i++)
		nsk_stack_destroy(sim->stack[i].stack);
	for (unsigned i = 0; i < sim->s->nlinks; i++) {
		if (!sim->wire[i].wire)
			continue;
		nsk_wire_tap(sim->wire[i].wire, NULL, NULL);
		sim->result->hash ^= watch_hash(sim->wire[i].watch) * (2 * i + 1);
		nsk_wire_destroy(sim->wire[i].wire);
		watch_free(sim->wire[i].watch);
	}
	agenda_free(&sim->agenda);
}

/* ---- time ---------------------------------------------------------------------------------- */

void sim_turn(struct sim *sim, struct sim_stack *h)
{
	h->touched = false;
	if (h->hostile) {
		h->due_ns = hostile_turn(h);
		return;
	}
	/* What has been freed meanwhile is not there either. */
	if (h->shortage && h->shortage->shortage.no_buffers)
		nsk_starve(h->stack, &h->shortage->shortage);
	h->due_ns = nsk_turn(h->stack);
	/* It tries again and again until its port takes something. */
	if (h->stalled && h->due_ns < sim->now_ns + STALL_NS)
		h->due_ns = sim->now_ns + STALL_NS;
	checks_turn(sim, h);
	if (apps_serve(sim->apps, h))
		h->touched = true;
	if (sim->turns++ > TURNS_AT_ONCE)
		sim_fail(sim, "time stands still: host \"%s\" has turned %u times at this instant",
			 h->host->name, TURNS_AT_ONCE);
}

/* Everything that is due now, and what comes of it. A host for which a packet was sent is turned,
 * because that alone tells when the packet arrives. */
static void settle(struct sim *sim)
{
	bool again = true;

	while (again && !sim->result->failed) {
		again = false;
		while (agenda_next_ns(&sim->agenda) <= sim->now_ns) {
			struct agenda_entry e = agenda_pop(&sim->agenda);

			e.fn(sim, e.arg);
		}
		for (unsigned i = 0; i < sim->s->nhosts; i++) {
			struct sim_stack *h = &sim->stack[i];

			if (h->stopped || (!h->touched && h->due_ns > sim->now_ns))
				continue;
			sim_turn(sim, h);
			again = true;
		}
	}
}

static uint64_t next_ns(const struct sim *sim)
{
	uint64_t next = agenda_next_ns(&sim->agenda);

	for (unsigned i = 0; i < sim->s->nhosts; i++)
		if (!sim->stack[i].stopped && sim->stack[i].due_ns < next)
			next = sim->stack[i].due_ns;
	return next;
}

static void tell(struct sim *sim)
{
	uint64_t now = program_now();

	if (sim->told_ns == 0)
		sim->told_ns = now;
	if (now - sim->told_ns < TELL_EVERY)
		return;
	sim->told_ns = now;
	fprintf(stderr, "\rseed %llu: %.6f s of virtual time, %llu packets, %.0f %% done   ",
		(unsigned long long)sim->s->seed, (double)(sim->now_ns - SIM_START_NS) / 1e9,
		(unsigned long long)sim->result->packets, 100 * apps_share(sim->apps));
	fflush(stderr);
}

void sim_run(struct sim *sim, uint64_t limit_ns, bool (*done)(struct sim *sim))
{
	unsigned steps = 0;

	for (;;) {
		uint64_t next;

		settle(sim);
		if (program_ended() && !sim->result->failed) {
			sim->result->stopped = true;
			sim_fail(sim, "ended by a signal");
		}
		if (sim->result->failed || done(sim))
			return;
		if (sim->progress && ++steps % 4096 == 0)
			tell(sim);
		next = next_ns(sim);
		if (next < sim->now_ns + sim->s->step_ns)
			next = sim->now_ns + sim->s->step_ns;
		if (next > limit_ns) {
			if (limit_ns > sim->now_ns)
				sim->now_ns = limit_ns;
			return;
		}
		sim->now_ns = next;
		sim->turns = 0;
	}
}

/* ---- a scenario from start to end ---------------------------------------------------------- */

static bool work_done(struct sim *sim)
{
	return apps_over(sim->apps);
}

/* Longest time in which ends that are closed may still have to wait for each other. */
#define DRAIN_NS (UINT64_C(6) * 3600 * SIM_SECOND)

/* Until all that was closed is gone. A leap of the clock is no time in which ends could talk. */
static void drain(struct sim *sim)
{
	uint64_t end_ns;

	do {
		end_ns = sim->faults_end_ns;
		sim_run(sim, sim->now_ns + DRAIN_NS, checks_all_closed);
	} while (sim->faults_end_ns != end_ns && !sim->result->failed);
}

static void run_all(struct sim *sim)
{
	uint64_t limit = SIM_START_NS + sim->s->limit_ns;

	sim->apps = apps_new(sim);
	hostile_start(sim);
	faults_start(sim);
	checks_start(sim);
	sim_run(sim, limit, work_done);
	if (!sim->result->failed && !work_done(sim))
		apps_not_over(sim->apps);
	sim->result->virtual_ns = sim->now_ns - SIM_START_NS;
	apps_result(sim->apps);
	apps_close(sim->apps);
	strangers_close(sim);
	hostile_stop(sim);
	drain(sim);
	checks_end(sim);
	for (unsigned i = 0; i < sim->s->nlinks; i++)
		for (unsigned d = 0; d < 2; d++)
			nsk_wire_stats(sim->wire[i].wire, d, &sim->result->link[i].dir[d]);
	apps_free(sim->apps);
	strangers_free(sim);
	hostile_free(sim);
}

void sim_scenario(const struct scenario *s, const char *pcap, bool progress, struct result *result)
{
	static struct sim sim;

	memset(result, 0, sizeof(*result));
	memset(&sim, 0, sizeof(sim));
	result->seed = s->seed;
	sim.progress = progress;
	if (pcap) {
		sim.pcap = pcapng_open(pcap);
		if (!sim.pcap) {
			result->failed = result->stopped = true;
			snprintf(result->why, sizeof(result->why), "%s: %m", pcap);
			return;
		}
	}
	if (sim_open(&sim, s, result))
		run_all(&sim);
	sim_close(&sim);
	if (sim.pcap && !pcapng_close(sim.pcap) && !result->failed) {
		result->stopped = true;
		sim_fail(&sim, "%s: the capture cannot be written", pcap);
	}
	if (sim.told_ns)
		fprintf(stderr, "\r%76s\r", "");
	result->ended = true;
}
