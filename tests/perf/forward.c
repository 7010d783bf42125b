/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a router does for a packet, from the rx burst to the tx burst, in one thread under virtual
 * time: packets of 60 octets come by one in-process wire and leave by another, to as many
 * destinations as there is room for among routes as the internet has them. Of each turn the ticks
 * are counted, of which the median is told, as others may use the core, and by callgrind the
 * instructions:
 *
 *   valgrind --tool=callgrind --instr-atstart=no --collect-atstart=no --toggle-collect=serve \
 *       perf_forward forward4 --connections 32 --count 10000 --eal --force-max-simd-bitwidth=256
 *
 * --connections, as in perf_instructions, is how many come at once. With --routes 1 the default
 * route leads to all destinations, which are the same ones.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_cycles.h>
#include <valgrind/callgrind.h>

#include <netstk/netstk.h>

#include "forward_packets.h"
#include "forward_routes.h"

#define AT_ONCE_MAX 256
#define TURN_NS	    10000
#define WARM_UP	    1000 /* turns, in which neighbours are found */

struct bench {
	const char *eal; /* further arguments for EAL, NULL: none */
	int family;
	unsigned at_once, routes, destinations;
	uint64_t count, now_ns;
	uint32_t *ticks; /* of each turn */
	uint32_t turns;
	struct nsk_stack *router, *gateways;
	struct nsk_wire *in, *out;
	struct packets packets;
};

static uint64_t bench_clock(void *arg)
{
	return ((struct bench *)arg)->now_ns;
}

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "perf_forward: %s\n", what);
	exit(1);
}

static void set(struct nsk_config *config, const char *key, const char *value)
{
	need(nsk_config_set(config, key, value) == 0, nsk_config_error(config));
}

/* Hosts first to last of a net that both families number alike. */
static void add_addresses(const struct bench *b, struct nsk_config *config, unsigned net,
			  unsigned first, unsigned last)
{
	char cidr[64];

	for (unsigned i = first; i <= last; i++) {
		snprintf(cidr, sizeof(cidr),
			 b->family == AF_INET6 ? "fd00:%u::%x/64" : "10.0.%u.%u/24", net, i);
		need(nsk_config_add_address(config, cidr) == 0, nsk_config_error(config));
	}
}

static struct nsk_stack *create(struct bench *b, struct nsk_config *config)
{
	struct nsk_stack *stack;

	nsk_config_clock(config, bench_clock, b);
	nsk_config_seed(config, 1);
	if (b->eal)
		need(nsk_config_eal(config, b->eal) == 0, nsk_config_error(config));
	set(config, "pool.buffers", "8191");
	set(config, "rx_ring", "1024");
	set(config, "tx_ring", "1024");
	set(config, "ipv6.dad", "0");
	set(config, "ip.routes", "1100000");
	need(nsk_stack_create(config, &stack) == 0, nsk_config_error(config));
	nsk_config_free(config);
	return stack;
}

static void start(struct bench *b)
{
	static const uint8_t sender[6] = {2, 0, 0, 0, 0, 7};
	struct nsk_config *config = nsk_config_new();
	struct nsk_iface_info info;

	b->now_ns = 1000000000;
	b->in = nsk_wire_create(NULL, NULL, 1500);
	b->out = nsk_wire_create(NULL, NULL, 1500);
	nsk_config_add_wire(config, b->in, 0);
	add_addresses(b, config, 1, 1, 1);
	nsk_config_add_wire(config, b->out, 0);
	add_addresses(b, config, 2, 1, 1);
	set(config, "ip.forward", "1");
	set(config, "ipv6.forward", "1");
	b->router = create(b, config);
	config = nsk_config_new();
	nsk_config_add_wire(config, b->out, 1);
	add_addresses(b, config, 2, FORWARD_GATEWAY, FORWARD_GATEWAY + FORWARD_GATEWAYS - 1);
	b->gateways = create(b, config);
	forward_routes_add(b->router, b->family, b->routes);
	packets_make(&b->packets, b->family, b->destinations);
	nsk_iface_info(b->router, 0, &info);
	packets_address(&b->packets, info.mac, sender);
}

/* ---- work ------------------------------------------------------------------------------------ */

/* What is counted. */
__attribute__((noinline)) void serve(struct bench *b);
__attribute__((noinline)) void serve(struct bench *b)
{
	nsk_turn(b->router);
}

static void turn(struct bench *b)
{
	uint8_t frame[PACKETS_FRAME_MAX];
	uint64_t from;

	for (unsigned i = 0; i < b->at_once; i++) {
		packets_write(&b->packets, frame);
		nsk_wire_send(b->in, 1, b->now_ns, frame, b->packets.len);
	}
	from = rte_rdtsc();
	serve(b);
	b->ticks[b->turns++] = (uint32_t)(rte_rdtsc() - from);
	nsk_turn(b->gateways);
	b->now_ns += TURN_NS;
}

static uint64_t forwarded(const struct bench *b)
{
	struct nsk_stats stats;

	nsk_stats_read(b->router, -1, &stats);
	return stats.counter[NSK_CNT_IP_FORWARDED];
}

static uint64_t run(struct bench *b)
{
	uint64_t before, turns = b->count / b->at_once;

	b->ticks = calloc(turns + WARM_UP, sizeof(b->ticks[0]));
	need(b->ticks != NULL, "no memory");
	for (unsigned i = 0; i < WARM_UP; i++)
		turn(b);
	before = forwarded(b);
	b->turns = 0;
	CALLGRIND_START_INSTRUMENTATION;
	for (uint64_t i = 0; i < turns; i++)
		turn(b);
	CALLGRIND_STOP_INSTRUMENTATION;
	need(forwarded(b) - before == turns * b->at_once, "not all packets were forwarded");
	return turns * b->at_once;
}

static int ascending(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* For a packet, in the median of the turns. */
static double ticks_each(struct bench *b)
{
	qsort(b->ticks, b->turns, sizeof(b->ticks[0]), ascending);
	return b->turns ? (double)b->ticks[b->turns / 2] / b->at_once : 0;
}

static unsigned number(const char *text, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n == 0 || n > max) {
		fprintf(stderr, "perf_forward: \"%s\" is no number from 1 to %u\n", text, max);
		exit(2);
	}
	return (unsigned)n;
}

static void take(struct bench *b, const char *option, const char *value)
{
	if (strcmp(option, "--connections") == 0)
		b->at_once = number(value, AT_ONCE_MAX);
	else if (strcmp(option, "--count") == 0)
		b->count = number(value, 1000000000);
	else if (strcmp(option, "--routes") == 0)
		b->routes = number(value, 1000000);
	else if (strcmp(option, "--destinations") == 0)
		b->destinations = number(value, 100000000);
	else if (strcmp(option, "--eal") == 0)
		b->eal = value;
	else
		need(false, "no such option");
}

int main(int argc, char **argv)
{
	static struct bench bench = {
		.at_once = 32, .count = 10000, .routes = 1, .destinations = 4096};
	uint64_t done;

	if (argc < 2 || argc % 2 ||
	    (strcmp(argv[1], "forward4") != 0 && strcmp(argv[1], "forward6") != 0)) {
		fputs("usage: perf_forward forward4|forward6 [--connections N] [--count N] [--routes N]\n"
		      "       [--destinations N] [--eal ARGS]\n",
		      stderr);
		return 2;
	}
	bench.family = argv[1][7] == '6' ? AF_INET6 : AF_INET;
	for (int i = 2; i + 1 < argc; i += 2)
		take(&bench, argv[i], argv[i + 1]);
	start(&bench);
	done = run(&bench);
	printf("{\"work\":\"%s\",\"at_once\":%u,\"routes\":%u,\"destinations\":%u,\"done\":%llu,"
	       "\"ticks_each\":%.1f}\n",
	       argv[1], bench.at_once, bench.routes, bench.destinations, (unsigned long long)done,
	       ticks_each(&bench));
	free(bench.ticks);
	packets_free(&bench.packets);
	nsk_stack_destroy(bench.router);
	nsk_stack_destroy(bench.gateways);
	nsk_wire_destroy(bench.in);
	nsk_wire_destroy(bench.out);
	return 0;
}
