/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What connections cost in memory: a stack gets so many of them, and the process is asked how much
 * it has grown. All that belongs to a connection is in it: its socket, its descriptor, its place in
 * the tables, its watch in an epoll instance. Time stands still, so that none times out.
 *
 *   perf_memory idle|embryonic|time-wait [CONNECTIONS [LIMIT]]
 *
 * Above LIMIT bytes each it fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "perf/crowd.h"

#define WARM 4096

static uint64_t resident(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long long all, here;

	if (!statm || fscanf(statm, "%llu %llu", &all, &here) != 2)
		crowd_die("/proc/self/statm");
	fclose(statm);
	return here * (uint64_t)sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = {"idle", "embryonic", "time-wait"};
	unsigned connections = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000000;
	unsigned kind = 0, came;
	static struct crowd crowd;
	bool answering;
	double limit = argc > 3 ? strtod(argv[3], NULL) : 0, each;
	uint64_t before;

	while (kind < 3 && (argc < 2 || strcmp(argv[1], kinds[kind]) != 0))
		kind++;
	if (kind == 3 || connections == 0 || connections > CROWD_MAX) {
		fprintf(stderr,
			"usage: perf_memory idle|embryonic|time-wait [CONNECTIONS [LIMIT]]\n");
		return 2;
	}
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* what nobody has touched is not to count */
	answering = kind != 1;
	crowd.mute = !answering;
	crowd_start(&crowd, WARM + connections, 4095);
	came = crowd_come(&crowd, 0, WARM, kind == 2);
	before = resident();
	came += crowd_come(&crowd, WARM, WARM + connections, kind == 2);
	if (came != (answering ? WARM + connections : 0)) {
		fprintf(stderr, "perf_memory: %u connections, not %u\n", came, WARM + connections);
		return 1;
	}
	each = (double)(resident() - before) / connections;
	printf("{\"kind\":\"%s\",\"connections\":%u,\"bytes_each\":%.1f}\n", kinds[kind],
	       connections, each);
	crowd_end(&crowd);
	if (limit > 0 && each > limit)
		fprintf(stderr, "perf_memory: more than %.0f bytes each\n", limit);
	return limit > 0 && each > limit;
}
