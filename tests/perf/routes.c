/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The route table by itself: what a lookup costs among COUNT routes, what the table takes of
 * memory, what a change takes. One line of JSON.
 * The routes are those of route_mix.h. Forty routers are the gateways.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "net/route.h"

#include "route_mix.h"

#define LOOKUPS	 4000000u
#define FEWER	 1000u /* times, where instructions are counted */
#define HOT	 4096u
#define GATEWAYS 40
#define CHANGES	 20000u

static struct mem mem;
static struct mix mix;
static uint32_t times = LOOKUPS;

static struct ip_addr random_addr(uint8_t family)
{
	uint8_t b[16];

	mix_addr(&mix, b);
	return family == AF_INET ? ip_addr_v4(b) : ip_addr_v6(b);
}

static struct route random_route(uint8_t family)
{
	struct mix_prefix p = mix_prefix(&mix);
	struct route r = {.dst = {.len = p.len}};
	unsigned gw = mix_below(&mix, GATEWAYS);

	r.dst.addr = family == AF_INET ? ip_addr_v4(p.addr) : ip_addr_v6(p.addr);
	r.gateway = family == AF_INET
			    ? ip_addr_v4_of(192, 0, 2, (uint8_t)(gw + 1))
			    : (struct ip_addr){.family = family,
					       .b = {0xfe, 0x80, [15] = (uint8_t)(gw + 1)}};
	r.iface = gw % 4;
	return r;
}

/* Of this process, in bytes. */
static size_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long size = 0, rss = 0;

	if (!f || fscanf(f, "%lu %lu", &size, &rss) != 2)
		exit(1);
	fclose(f);
	return rss * (size_t)sysconf(_SC_PAGESIZE);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Of the counter that cycles are counted by. */
static double cycles_per_us(void)
{
	double start = seconds(), end;
	uint64_t from = rte_rdtsc();

	while ((end = seconds()) - start < 0.05)
		;
	return (double)(rte_rdtsc() - from) / (end - start) / 1e6;
}

/* Cycles a lookup, addresses in the order of the list, which is looked through again and again. */
static double lookups(const struct route_table *t, const struct ip_addr *addr, uint32_t n)
{
	double best = 1e9;
	uintptr_t sum = 0;

	for (int run = 0; run < 5; run++) {
		uint64_t start = rte_rdtsc();

		for (uint32_t i = 0, k = 0; i < times; i++) {
			const struct route_group *g = route_find(t, addr[k].family, addr[k].b);

			sum += (uintptr_t)g;
			k = k + 1 == n ? 0 : k + 1;
		}
		best = NSK_MIN(best, (double)(rte_rdtsc() - start) / times);
	}
	if (sum == 1)
		printf(" ");
	return best;
}

static void fill(struct route_table *t, uint8_t family, uint32_t count, struct route *kept)
{
	while (route_count(t) < count) {
		struct route r = random_route(family);

		if (route_add(t, &r) == 0 && route_count(t) <= CHANGES)
			kept[route_count(t) - 1] = r;
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * Takes routes out and puts them back one by one, as workers see it: kept until they have passed.
 * Microseconds of the mean, and of what one in a thousand takes longer than: on a machine that does
 * other things the longest says nothing.
 */
static void changes(struct route_table *t, const struct route *kept, uint32_t n, double *mean,
		    double *most)
{
	double per_us = cycles_per_us();
	uint64_t all = 0, *took = calloc(2 * n, sizeof(*took));

	route_table_share(t);
	for (uint32_t i = 0; i < 2 * n; i++) {
		uint64_t start = rte_rdtsc();

		if (i < n ? route_del(t, &kept[i]) : route_add(t, &kept[i - n]))
			exit(1);
		route_stamp(t, i);
		route_reclaim(t, i);
		took[i] = rte_rdtsc() - start;
		all += took[i];
	}
	*mean = (double)all / (2.0 * n) / per_us;
	qsort(took, 2 * n, sizeof(*took), by_number);
	*most = (double)took[2 * n - 1 - 2 * n / 1000] / per_us;
	free(took);
}

/* The prefix that changes most entries: microseconds of the longer one of adding and deleting. */
static double widest(struct route_table *t, uint8_t len)
{
	struct route r = {.dst = {.addr = ip_addr_v4_of(64, 0, 0, 0), .len = len}};
	double per_us = cycles_per_us(), most = 1e9;

	r.dst.addr = ip_prefix_network(&r.dst);
	for (int run = 0; run < 20; run++) {
		uint64_t start = rte_rdtsc(), mid, end;

		if (route_add(t, &r))
			exit(1);
		mid = rte_rdtsc();
		if (route_del(t, &r))
			exit(1);
		end = rte_rdtsc();
		route_stamp(t, 0);
		route_reclaim(t, 0);
		most = NSK_MIN(most, (double)NSK_MAX(mid - start, end - mid) / per_us);
	}
	return most;
}

int main(int argc, char **argv)
{
	uint8_t family = argc > 2 && strcmp(argv[2], "6") == 0 ? AF_INET6 : AF_INET;
	uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
	struct route *kept = calloc(CHANGES, sizeof(*kept));
	struct ip_addr *addr = calloc(LOOKUPS, sizeof(*addr));
	uint32_t n = NSK_MIN(count, CHANGES);
	double start, added, hot, all, mean, most;
	struct route_table *t;
	size_t before, after;

	if (argc > 3)
		times = LOOKUPS / FEWER;
	mix_seed(&mix, family);
	for (uint32_t i = 0; i < LOOKUPS; i++)
		addr[i] = random_addr(family);
	memset(kept, 1, CHANGES * sizeof(*kept));
	mem_init(&mem, NULL);
	before = resident();
	t = route_table_new(&mem, NSK_MAX(count + 10, UINT32_C(1024)));
	if (!t || count == 0)
		return 1;
	start = seconds();
	fill(t, family, count, kept);
	added = seconds() - start;
	after = resident();
	hot = lookups(t, addr, HOT);
	all = lookups(t, addr, LOOKUPS);
	changes(t, kept, n, &mean, &most);
	printf("{\"family\":%d,\"routes\":%" PRIu32 ",\"bytes\":%zu,\"adds_per_s\":%.0f,"
	       "\"hot_cycles\":%.1f,\"random_cycles\":%.1f,\"change_us\":%.2f,\"longest_us\":%.1f,"
	       "\"slash1_us\":%.1f,\"slash8_us\":%.1f}\n",
	       family == AF_INET ? 4 : 6, count, after - before, count / added, hot, all, mean,
	       most, family == AF_INET ? widest(t, 1) : 0.0,
	       family == AF_INET ? widest(t, 8) : 0.0);
	route_table_free(t);
	free(kept);
	free(addr);
	return 0;
}
