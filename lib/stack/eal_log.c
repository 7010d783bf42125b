/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stream that EAL writes to, and where its lines go from there.
 */
#include "stack/eal_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "base/compiler.h"

#define LINE_MAX_BYTES 400

/*
 * What DPDK reports as an error or a warning and is none, as we use it: we have no secondary
 * processes, no rte_flow on taps, no legacy telemetry. All of it is seen at each start of a good
 * device, so it is for --log=debug.
 */
static const char *const harmless[] = {
	"No legacy callbacks, legacy socket not created",
	"Failed to send start req to secondary",
	"Failed to register mp action callback",
	"Specified qdisc kind is unknown",
	"Could not add multiq qdisc",
	"failed to create multiq qdisc",
	"Disabling rte flow support",
	"can't MAC address for TUN",
	"No valid MAC in devargs or device, use random",
	"No DPDK runtime directory created",
	"Error creating '", /* the runtime folder: without one there is no telemetry */
	"kB hugepages reported on node",
	"RING: Cannot reserve memory", /* net_ring: its ring of the last time is still there */
};

static struct {
	pthread_mutex_t lock;
	const struct log **to; /* the last one gets the messages */
	size_t count, room;
	FILE *stream;
	char line[LINE_MAX_BYTES]; /* one message may come in pieces */
	size_t len;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER};

static enum nsk_log_level our_level(int level)
{
	if (level <= (int)RTE_LOG_ERR)
		return NSK_LOG_ERR;
	if (level == (int)RTE_LOG_WARNING)
		return NSK_LOG_WARN;
	return level <= (int)RTE_LOG_INFO ? NSK_LOG_INFO : NSK_LOG_DEBUG;
}

static bool is_harmless(const char *line)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(harmless); i++)
		if (strstr(line, harmless[i]))
			return true;
	return false;
}

/* A whole line; under sink.lock. */
static void sink_line(void)
{
	enum nsk_log_level level = our_level(rte_log_cur_msg_loglevel());

	sink.line[sink.len] = '\0';
	if (level < NSK_LOG_DEBUG && is_harmless(sink.line))
		level = NSK_LOG_DEBUG;

	if (sink.len && sink.count)
		LOG_AT(sink.to[sink.count - 1], level, "dpdk", "%s", sink.line);
	sink.len = 0;
}

static ssize_t sink_write(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	pthread_mutex_lock(&sink.lock);
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			sink_line();
		else if (sink.len < sizeof(sink.line) - 1)
			sink.line[sink.len++] = text[i];
	}
	pthread_mutex_unlock(&sink.lock);
	return (ssize_t)size;
}

int eal_log_open(void)
{
	cookie_io_functions_t io = {.write = sink_write};

	if (sink.stream)
		return 0;
	sink.stream = fopencookie(NULL, "w", io);
	if (!sink.stream)
		return -ENOMEM;
	setvbuf(sink.stream, NULL, _IOLBF, 0);
	return rte_openlog_stream(sink.stream) ? -ENOMEM : 0;
}

int eal_log_add(const struct log *log)
{
	int rc = 0;

	if (!log)
		return 0;
	pthread_mutex_lock(&sink.lock);
	if (sink.count == sink.room) {
		size_t room = sink.room ? sink.room * 2 : 8;
		const struct log **to = realloc(sink.to, room * sizeof(*to));

		if (to) {
			sink.to = to;
			sink.room = room;
		} else {
			rc = -ENOMEM;
		}
	}
	if (rc == 0)
		sink.to[sink.count++] = log;
	pthread_mutex_unlock(&sink.lock);
	return rc;
}

void eal_log_remove(const struct log *log)
{
	size_t left = 0;

	pthread_mutex_lock(&sink.lock);
	for (size_t i = 0; i < sink.count; i++)
		if (sink.to[i] != log)
			sink.to[left++] = sink.to[i];
	sink.count = left;
	if (left == 0) {
		free(sink.to);
		sink.to = NULL;
		sink.room = 0;
	}
	pthread_mutex_unlock(&sink.lock);
}
