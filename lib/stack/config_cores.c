/* SPDX-License-Identifier: BSD-3-Clause */
/* Which cores the workers get: lists such as "1-3,5", checked against the cores that this process
 * may use. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/config.h"

static int core_error(struct nsk_config *config, const char *list)
{
	return config_fail(
		config, EINVAL,
		"cores \"%.100s\": numbers and ranges with commas between, such as 1-3,5", list);
}

/* A number at *at, which moves behind it; -1 if there is none. Cores past those that a set can hold
 * are all alike. */
static long core_number(const char **at)
{
	long n = 0;

	if (**at < '0' || **at > '9')
		return -1;
	for (; **at >= '0' && **at <= '9'; (*at)++)
		n = n < 1000000 ? n * 10 + (**at - '0') : n;
	return n;
}

/* "0-3,6" of a set, for error texts. */
static const char *set_text(const cpu_set_t *set, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < CPU_SETSIZE && n + 16 < size; i++) {
		int last = i;

		if (!CPU_ISSET((unsigned)i, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET((unsigned)last + 1, set))
			last++;
		n += (size_t)snprintf(buf + n, size - n, last > i ? "%s%d-%d" : "%s%d",
				      n ? "," : "", i, last);
		i = last;
	}
	return buf;
}

/* One more core for one more worker. */
static int take_core(struct nsk_config *config, const cpu_set_t *usable, cpu_set_t *taken,
		     unsigned *n, long core)
{
	char text[128];

	if (core >= CPU_SETSIZE || !CPU_ISSET((unsigned)core, usable))
		return config_fail(config, ENODEV,
				   "core %ld is not there for this process; it may use %s", core,
				   set_text(usable, text, sizeof(text)));
	if (CPU_ISSET((unsigned)core, taken))
		return config_fail(config, EEXIST, "core %ld is named twice", core);
	if (*n == CONFIG_WORKERS_MAX)
		return config_fail(config, ENOSPC, "a stack has %d workers at most",
				   CONFIG_WORKERS_MAX);
	CPU_SET((unsigned)core, taken);
	config->cpu[(*n)++] = (int)core;
	return 0;
}

static int take_range(struct nsk_config *config, const cpu_set_t *usable, cpu_set_t *taken,
		      unsigned *n, const char **at, const char *list)
{
	long first = core_number(at), last = first;

	if (first >= 0 && **at == '-') {
		(*at)++;
		last = core_number(at);
	}
	if (first < 0 || last < first || (**at && **at != ','))
		return core_error(config, list);
	for (long core = first; core <= last; core++)
		if (take_core(config, usable, taken, n, core))
			return -1;
	return 0;
}

int nsk_config_lcores(struct nsk_config *config, const char *list)
{
	cpu_set_t usable, taken;
	int before[CONFIG_WORKERS_MAX];
	const char *at = list;
	unsigned n = 0;

	if (!config || !list) {
		errno = EINVAL;
		return -1;
	}
	if (sched_getaffinity(0, sizeof(usable), &usable))
		return config_fail(config, errno, "the cores of this process cannot be read: %s",
				   strerror(errno));
	CPU_ZERO(&taken);
	memcpy(before, config->cpu, sizeof(before));
	for (;;) {
		if (take_range(config, &usable, &taken, &n, &at, list)) {
			memcpy(config->cpu, before, sizeof(before));
			return -1;
		}
		if (*at == '\0')
			break;
		at++;
	}
	config->nworkers = n;
	return 0;
}

int nsk_config_workers(struct nsk_config *config, unsigned count)
{
	if (!config) {
		errno = EINVAL;
		return -1;
	}
	if (count < 1 || count > CONFIG_WORKERS_MAX)
		return config_fail(config, EINVAL, "%u workers: 1 to %d are possible", count,
				   CONFIG_WORKERS_MAX);
	for (unsigned i = 0; i < count; i++)
		config->cpu[i] = -1;
	config->nworkers = count;
	return 0;
}

unsigned nsk_config_worker_count(const struct nsk_config *config)
{
	return config->nworkers;
}
