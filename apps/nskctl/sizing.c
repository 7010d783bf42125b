/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/sizing.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include <netstk/netstk.h>

#include "common/program.h"

#define MIB	(1u << 20)
#define HUGE_2M (UINT64_C(2) << 20)
#define HUGE_1G (UINT64_C(1) << 30)

struct word {
	const char *name;
	size_t at; /* uint32_t of the plan */
	uint32_t min, max;
};

static const struct word known[] = {
	{"connections", offsetof(struct nsk_sizing_plan, connections), 0, 16777216},
	{"active", offsetof(struct nsk_sizing_plan, active), 0, 16777216},
	{"flight", offsetof(struct nsk_sizing_plan, flight_bytes), 0, 1u << 30},
	{"workers", offsetof(struct nsk_sizing_plan, workers), 1, 64},
	{"ports", offsetof(struct nsk_sizing_plan, ports), 0, 31},
	{"rx_ring", offsetof(struct nsk_sizing_plan, rx_ring), 32, 32768},
	{"tx_ring", offsetof(struct nsk_sizing_plan, tx_ring), 32, 32768},
	{"mtu", offsetof(struct nsk_sizing_plan, mtu), 68, 65535},
	{"buffer_bytes", offsetof(struct nsk_sizing_plan, buffer_bytes), 256, 65280},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

/* "connections, active, …" */
static void list_words(char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < KNOWN && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s%s", i ? ", " : "", known[i].name);
}

static int take(struct nsk_sizing_plan *plan, const char *name, const char *value, char *error,
		size_t size)
{
	char list[160];
	uint32_t n;

	for (size_t i = 0; i < KNOWN; i++) {
		if (strcmp(known[i].name, name) != 0)
			continue;
		if (!value || !parse_u32(value, known[i].min, known[i].max, &n)) {
			snprintf(error, size, "sizing: %s is %" PRIu32 " to %" PRIu32 ", not %s",
				 name, known[i].min, known[i].max, value ? value : "nothing");
			return 2;
		}
		memcpy((char *)plan + known[i].at, &n, sizeof(n));
		return 0;
	}
	list_words(list, sizeof(list));
	snprintf(error, size, "sizing: no such word: %s; there are %s", name, list);
	return 2;
}

/* ---- what comes of it ---------------------------------------------------------------------- */

static uint64_t pages(uint64_t bytes, uint64_t page)
{
	return (bytes + page - 1) / page;
}

/* Lines of a configuration file; where a default does, none. */
static void settings_lines(const struct nsk_sizing_plan *p, const struct nsk_sizing *s, char *text,
			   size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	if (p->rx_ring)
		n += (size_t)snprintf(text + n, size - n, "rx_ring = %" PRIu32 ";\n", p->rx_ring);
	if (p->tx_ring)
		n += (size_t)snprintf(text + n, size - n, "tx_ring = %" PRIu32 ";\n", p->tx_ring);
	if (p->mtu)
		n += (size_t)snprintf(text + n, size - n, "mtu = %" PRIu32 ";\n", p->mtu);
	n += (size_t)snprintf(text + n, size - n, "pool:\n{\n\tbuffers = %" PRIu32 ";\n",
			      s->buffers);
	if (p->buffer_bytes)
		n += (size_t)snprintf(text + n, size - n, "\tbuffer_bytes = %" PRIu32 ";\n",
				      p->buffer_bytes);
	snprintf(text + n, size - n, "};\n");
}

static void print_text(FILE *out, const struct nsk_sizing_plan *p, const struct nsk_sizing *s,
		       const char *lines)
{
	fprintf(out,
		"for          %" PRIu32 " worker%s, %" PRIu32 " port%s with rings of %" PRIu32
		" and %" PRIu32 ", mtu %" PRIu32 "; %" PRIu32 " connections, %" PRIu32
		" of them with %" PRIu32 " bytes each way\n",
		p->workers, p->workers == 1 ? "" : "s", p->ports, p->ports == 1 ? "" : "s",
		s->rx_ring, s->tx_ring, s->mtu, p->connections, p->active, p->flight_bytes);
	fprintf(out,
		"buffers      %" PRIu32 " of each worker: %" PRIu32 " for rings, %" PRIu32
		" for data\n",
		s->buffers, s->ring_buffers, s->data_buffers);
	fprintf(out, "a pool       %" PRIu64 " MiB, %" PRIu32 " bytes a buffer\n",
		pages(s->pool_bytes, MIB), s->buffer_size);
	if (s->device_bytes)
		fprintf(out,
			"hugepages    %" PRIu64 " MiB in all: sysctl vm.nr_hugepages=%" PRIu64
			" (of 2 MiB; or %" PRIu64 " of 1 GiB)\n",
			pages(s->device_bytes, MIB), pages(s->device_bytes, HUGE_2M),
			pages(s->device_bytes, HUGE_1G));
	else
		fprintf(out, "hugepages    none: ports without devices use ordinary memory\n");
	fprintf(out, "connections  %" PRIu64 " MiB of ordinary memory while they are idle\n",
		pages(s->connection_bytes, MIB));
	fprintf(out, "settings\n%s", lines);
}

static void print_json(FILE *out, const struct nsk_sizing *s, const char *lines)
{
	json_t *o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "buffers",
			      (json_int_t)s->buffers, "ring_buffers", (json_int_t)s->ring_buffers,
			      "data_buffers", (json_int_t)s->data_buffers, "buffer_size",
			      (json_int_t)s->buffer_size, "pool_bytes", (json_int_t)s->pool_bytes,
			      "device_bytes", (json_int_t)s->device_bytes, "hugepages_2m",
			      (json_int_t)pages(s->device_bytes, HUGE_2M), "hugepages_1g",
			      (json_int_t)pages(s->device_bytes, HUGE_1G), "connection_bytes",
			      (json_int_t)s->connection_bytes, "settings", lines);

	json_dumpf(o, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(o);
}

int sizing(FILE *out, char *const *words, bool json, char *error, size_t size)
{
	struct nsk_sizing_plan plan = {
		.workers = 1, .ports = 1, .active = UINT32_MAX, .flight_bytes = 65535};
	struct nsk_sizing s;
	char lines[256];

	for (char *const *at = words; *at; at += 1 + (at[1] != NULL)) {
		int rc = take(&plan, at[0], at[1], error, size);

		if (rc)
			return rc;
	}
	if (plan.active == UINT32_MAX)
		plan.active = plan.connections;
	if (plan.active > plan.connections) {
		snprintf(error, size, "sizing: active is at most connections, %" PRIu32,
			 plan.connections);
		return 2;
	}
	if (nsk_sizing(&plan, &s)) {
		snprintf(error, size, "%s",
			 errno == ERANGE
				 ? "that takes more than 16777216 buffers of a worker, which is "
				   "what a pool may have: more workers, or less in flight"
				 : strerror(errno));
		return 1;
	}
	settings_lines(&plan, &s, lines, sizeof(lines));
	if (json)
		print_json(out, &s, lines);
	else
		print_text(out, &plan, &s, lines);
	return 0;
}
