/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes that change while packets are forwarded by them: a worker on one core turns all the time,
 * 32 packets a turn among many routes, and a thread on another core adds and deletes routes by the
 * public calls.
 *
 *   perf_route_changes 4|6 ROUTES RATE SECONDS FIRST_CORE [LENGTH]
 *
 * RATE changes a second, 0: none, "max": one after the other. Each takes a route out, puts it back,
 * or, as two changes, gives it another gateway. Every 64th is of a route that one packet in each
 * turn is for: how long it takes from the call until a packet leaves by it, and how many turns
 * after the one in which the call returned. With LENGTH all are of one prefix of that length, above
 * most of the others.
 *
 * What a turn took is the least of the time that went by and the time that the thread was running:
 * a core that is taken away in the middle of a turn is no fault of the turn. One line of JSON,
 * times in microseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <rte_cycles.h>

#include <netstk/netstk.h>
#include <netstk/route.h>

#include "forward_packets.h"
#include "forward_routes.h"
#include "route_mix.h"

#define BURST	     32
#define DESTINATIONS 4096
#define KEPT	     20000 /* routes that are changed */
#define PROBE_EVERY  64	   /* changes */
#define PROBE_GATE   FORWARD_GATEWAYS
#define SAMPLES	     (1u << 24)
#define LONG_US	     50
#define PATIENCE_S   10

/* Of something, in ticks. */
struct samples {
	uint32_t *ticks;
	uint32_t n;
};

struct kept {
	char destination[56];
	uint8_t gateway;
	bool there, mine;
};

static int family;
static unsigned first_core, routes;
static double seconds, rate; /* rate < 0: none */
static const char *wide;     /* NULL, or the one prefix that is changed */
static struct nsk_stack *router;
static struct nsk_wire *in, *out;
static struct packets packets, probe;
static struct kept *kept;
static struct mix mix;
static double per_us;
static bool ready, stop;   /* [A] */
static uint32_t seen_gate; /* [A] by which the last packet for the probe's route left */
static uint32_t turn_now;  /* [A] number of the worker's present turn */
static uint32_t seen_turn, most_turns_late;
static uint64_t seen_at;  /* and when that began, in ticks */
static int64_t under_way; /* packets that came and did not leave */
static uint64_t changes, taken_away, over_long;
static struct samples turns, calls, visible;

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "perf_route_changes: %s (%s)\n", what, strerror(errno));
	exit(1);
}

static void pin(unsigned core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	need(pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0, "no such core");
}

static void note(struct samples *s, uint64_t ticks)
{
	if (s->n < SAMPLES)
		s->ticks[s->n++] = (uint32_t)(ticks > UINT32_MAX ? UINT32_MAX : ticks);
}

/* ---- set up -------------------------------------------------------------------------------- */

static void configure(struct nsk_config *config, const char *key, const char *value)
{
	need(nsk_config_set(config, key, value) == 0, nsk_config_error(config));
}

static void add_neighbours(void)
{
	struct nsk_iface_info info;

	nsk_iface_info(router, 1, &info);
	for (unsigned i = 0; i <= PROBE_GATE; i++) {
		char address[48], mac[20];

		snprintf(mac, sizeof(mac), "02:00:00:00:01:%02x", i);
		snprintf(address, sizeof(address), family == AF_INET6 ? "fd00:2::%x" : "10.0.2.%u",
			 FORWARD_GATEWAY + i);
		need(nsk_neigh_add(router, info.name, address, mac) == 0, "neighbour");
	}
}

static void make_router(void)
{
	static const uint8_t sender[6] = {2, 0, 0, 0, 0, 7};
	struct nsk_config *config = nsk_config_new();
	struct nsk_iface_info info;

	in = nsk_wire_create(NULL, NULL, 1500);
	out = nsk_wire_create(NULL, NULL, 1500);
	need(nsk_config_add_wire(config, in, 0) == 0 &&
		     nsk_config_add_address(config, family == AF_INET6 ? "fd00:1::1/64"
								       : "10.0.1.1/24") == 0 &&
		     nsk_config_add_wire(config, out, 0) == 0 &&
		     nsk_config_add_address(config, family == AF_INET6 ? "fd00:2::1/64"
								       : "10.0.2.1/24") == 0,
	     nsk_config_error(config));
	configure(config, "ip.forward", "1");
	configure(config, "ipv6.forward", "1");
	configure(config, "ipv6.dad", "0");
	configure(config, "ip.routes", "1100000");
	configure(config, "pool.buffers", "8191");
	configure(config, "rx_ring", "1024");
	configure(config, "tx_ring", "1024");
	configure(config, "idle.mode", "busy");
	need(nsk_stack_create(config, &router) == 0, nsk_config_error(config));
	nsk_config_free(config);
	packets_make(&packets, family, DESTINATIONS);
	packets_make(&probe, family, 1);
	inet_pton(family, family == AF_INET6 ? "3fff::1" : "198.18.0.1", probe.destination[0]);
	nsk_iface_info(router, 0, &info);
	packets_address(&packets, info.mac, sender);
	packets_address(&probe, info.mac, sender);
	add_neighbours();
}

static struct nsk_route route_to(const char *destination, unsigned gateway)
{
	struct nsk_route r = {.metric = destination == wide ? 2 : 1};

	snprintf(r.destination, sizeof(r.destination), "%s", destination);
	snprintf(r.gateway, sizeof(r.gateway), family == AF_INET6 ? "fd00:2::%x" : "10.0.2.%u",
		 FORWARD_GATEWAY + gateway);
	return r;
}

/* Those of forward_routes_add(), each once. */
static void keep_some(void)
{
	kept = calloc(KEPT, sizeof(*kept));
	mix_seed(&mix, family);
	for (unsigned i = 1; i < KEPT && i < routes; i++) {
		struct mix_prefix p = mix_prefix(&mix);
		struct kept *k = &kept[i];
		char text[INET6_ADDRSTRLEN];
		struct nsk_route r;

		inet_ntop(family, p.addr, text, sizeof(text));
		snprintf(k->destination, sizeof(k->destination), "%s/%u", text, p.len);
		k->gateway = i % FORWARD_GATEWAYS;
		r = route_to(k->destination, k->gateway);
		k->mine = nsk_route_del(router, &r) == 0;
	}
}

/* ---- the worker ---------------------------------------------------------------------------- */

static uint64_t running_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void bring(void)
{
	uint8_t frame[PACKETS_FRAME_MAX];

	under_way += BURST;
	for (unsigned i = 0; i < BURST; i++) {
		struct packets *p = i ? &packets : &probe;

		packets_write(p, frame);
		nsk_wire_send(in, 1, 0, frame, p->len);
	}
}

/* Takes what the router has sent, which began to in a turn at this time. */
static void take(uint64_t began)
{
	static const unsigned at[] = {30, 38}; /* the destination in a frame */
	size_t len = family == AF_INET6 ? 16 : 4;
	uint8_t frame[2048];

	while (nsk_wire_receive(out, 1, UINT64_MAX, frame, sizeof(frame))) {
		if (frame[0] != 2 || frame[4] != 1)
			continue; /* to no gateway */
		under_way--;
		if (memcmp(frame + at[family == AF_INET6], probe.destination[0], len) != 0 ||
		    frame[5] == seen_gate)
			continue;
		seen_at = began;
		seen_turn = turn_now;
		__atomic_store_n(&seen_gate, frame[5], __ATOMIC_RELEASE);
	}
}

static void *work(void *arg)
{
	struct epoll_event event;
	int epoll;

	pin(first_core);
	need(nsk_attach(router, 0) == 0, "attach");
	epoll = nsk_epoll_create1(0);
	for (unsigned i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		uint64_t ran, from, took, awake;

		__atomic_store_n(&turn_now, i, __ATOMIC_RELEASE);
		bring();
		ran = running_ns();
		from = rte_rdtsc();
		nsk_epoll_wait(epoll, &event, 1, 0);
		took = rte_rdtsc() - from;
		awake = (uint64_t)((double)(running_ns() - ran) * per_us / 1000);
		take(from + took);
		if (i == 1000)
			__atomic_store_n(&ready, true, __ATOMIC_RELEASE);
		if (i <= 1000)
			continue;
		taken_away += took > awake && (double)took > LONG_US * per_us;
		took = took < awake ? took : awake;
		over_long += (double)took > LONG_US * per_us;
		note(&turns, took);
	}
	nsk_epoll_wait(epoll, &event, 1, 0);
	take(0);
	nsk_close(epoll);
	nsk_detach();
	return arg;
}

/* ---- who changes --------------------------------------------------------------------------- */

static void add(const char *destination, unsigned gateway, bool append)
{
	struct nsk_route r = route_to(destination, gateway);
	uint64_t from = rte_rdtsc();

	need(nsk_route_add(router, &r, append) == 0, "a route is not added");
	note(&calls, rte_rdtsc() - from);
	changes++;
}

static void del(const char *destination, unsigned gateway)
{
	struct nsk_route r = route_to(destination, gateway);
	uint64_t from = rte_rdtsc();

	need(nsk_route_del(router, &r) == 0, "a route is not deleted");
	note(&calls, rte_rdtsc() - from);
	changes++;
}

/* From the call until the turn has ended in which a packet went that way. */
static void change_probe(bool there)
{
	const char *destination = family == AF_INET6 ? "3fff::/48" : "198.18.0.0/24";
	uint32_t want = there ? PROBE_GATE : 0, turn;
	uint64_t from = rte_rdtsc();

	if (there)
		add(destination, PROBE_GATE, false);
	else
		del(destination, PROBE_GATE);
	turn = __atomic_load_n(&turn_now, __ATOMIC_ACQUIRE);
	while (__atomic_load_n(&seen_gate, __ATOMIC_ACQUIRE) != want)
		need((double)(rte_rdtsc() - from) < PATIENCE_S * 1e6 * per_us,
		     "a change is not seen within ten seconds");
	note(&visible, seen_at > from ? seen_at - from : 0);
	if ((int32_t)(seen_turn - turn) > (int32_t)most_turns_late)
		most_turns_late = seen_turn - turn;
}

static void change_kept(void)
{
	struct kept *k = &kept[mix_below(&mix, KEPT)];

	if (!k->mine)
		return;
	if (!k->there) {
		add(k->destination, k->gateway, false);
		k->there = true;
	} else if (changes & 4) {
		del(k->destination, k->gateway);
		k->there = false;
	} else {
		uint8_t other = (uint8_t)((k->gateway + 1) % FORWARD_GATEWAYS);

		add(k->destination, other, true);
		del(k->destination, k->gateway);
		k->gateway = other;
	}
}

static void change_all_the_time(void)
{
	uint64_t begin = rte_rdtsc(), end = begin + (uint64_t)(seconds * 1e6 * per_us), now;
	uint64_t probes = 0;
	bool there = false, wide_there = false;

	while ((now = rte_rdtsc()) < end) {
		if (rate < 0 ||
		    (rate > 0 && (double)changes >= (double)(now - begin) / per_us / 1e6 * rate))
			continue;
		if (changes / PROBE_EVERY >= probes) {
			change_probe(there = !there);
			probes++;
		}
		if (!wide)
			change_kept();
		else if ((wide_there = !wide_there))
			add(wide, 0, true);
		else
			del(wide, 0);
	}
	seconds = (double)(now - begin) / per_us / 1e6;
}

/* ---- what came of it ----------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_samples(const char *name, struct samples *s)
{
	static const unsigned per_10000[] = {5000, 9900, 9999, 10000};

	qsort(s->ticks, s->n, sizeof(s->ticks[0]), ascending);
	printf(",\"%s\":{\"n\":%u,\"us\":[", name, s->n);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t at = (uint64_t)s->n * per_10000[i] / 10000;

		printf("%s%.2f", i ? "," : "",
		       s->n ? s->ticks[at < s->n ? at : s->n - 1] / per_us : 0.0);
	}
	printf("]}");
}

static void read_arguments(int argc, char **argv)
{
	static char text[64];
	unsigned length;

	if (argc < 6 || argc > 7) {
		fputs("usage: perf_route_changes 4|6 ROUTES RATE SECONDS FIRST_CORE [LENGTH]\n",
		      stderr);
		exit(2);
	}
	family = argv[1][0] == '6' ? AF_INET6 : AF_INET;
	routes = (unsigned)strtoul(argv[2], NULL, 10);
	rate = strcmp(argv[3], "max") == 0 ? 0 : strtod(argv[3], NULL);
	if (argv[3][0] == '0')
		rate = -1;
	seconds = strtod(argv[4], NULL);
	first_core = (unsigned)strtoul(argv[5], NULL, 10);
	if (argc < 7)
		return;
	length = (unsigned)strtoul(argv[6], NULL, 10);
	if (family == AF_INET6)
		snprintf(text, sizeof(text), "%s/%u", length < 3 ? "::" : "2000::", length);
	else
		snprintf(text, sizeof(text), "%s/%u", length < 2 ? "0.0.0.0" : "64.0.0.0", length);
	wide = text;
}

int main(int argc, char **argv)
{
	pthread_t worker;

	read_arguments(argc, argv);
	turns.ticks = malloc(SAMPLES * sizeof(uint32_t));
	calls.ticks = malloc(SAMPLES * sizeof(uint32_t));
	visible.ticks = malloc(SAMPLES * sizeof(uint32_t));
	need(turns.ticks && calls.ticks && visible.ticks && routes, "memory");
	make_router();
	per_us = (double)rte_get_tsc_hz() / 1e6;
	forward_routes_add(router, family, routes);
	keep_some();
	need(pthread_create(&worker, NULL, work, NULL) == 0, "thread");
	pin(first_core + 1);
	while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
		;
	change_all_the_time();
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(worker, NULL);
	printf("{\"family\":%d,\"routes\":%u,\"changes_per_s\":%.0f,\"lost\":%lld,\"turns_over_%u_us\":%llu,"
	       "\"turns_interrupted\":%llu,\"most_turns_late\":%u",
	       family == AF_INET6 ? 6 : 4, routes, (double)changes / seconds, (long long)under_way,
	       LONG_US, (unsigned long long)over_long, (unsigned long long)taken_away,
	       most_turns_late);
	print_samples("turn", &turns);
	print_samples("call", &calls);
	print_samples("seen", &visible);
	puts("}");
	packets_free(&packets);
	packets_free(&probe);
	free(kept);
	nsk_stack_destroy(router);
	nsk_wire_destroy(in);
	nsk_wire_destroy(out);
	return 0;
}
