/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/port.h"

#include <string.h>

#include "nskctl/table.h"

json_t *port_request(char *const *operands, bool counters, char *error, size_t size)
{
	json_t *request;

	if (!operands[0] || strcmp(operands[0], "show") != 0) {
		snprintf(error, size, "port: show [IFACE] is what it knows, not %s",
			 operands[0] ? operands[0] : "nothing");
		return NULL;
	}
	request = json_pack("{s:s, s:b}", "cmd", "ports", "counters", counters);
	if (request && operands[1] &&
	    json_object_set_new(request, "iface", json_string(operands[1]))) {
		json_decref(request);
		request = NULL;
	}
	if (!request)
		snprintf(error, size, "port: a name must be text in UTF-8");
	return request;
}

static bool is_true(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

/* "value" of a key, at most so long. Two at once need two rooms. */
static const char *cell(const json_t *o, const char *key, char (*room)[256])
{
	return table_cell(json_object_get(o, key), *room, sizeof(*room));
}

static void show_head(FILE *out, const json_t *port)
{
	const json_t *link = json_object_get(port, "link");
	char a[256], b[256];

	fprintf(out, "%s: %s, link %s", cell(port, "name", &a), cell(port, "state", &b),
		is_true(link, "up") ? "up" : "down");
	if (json_is_integer(json_object_get(link, "mbps")))
		fprintf(out, ", %s Mbit/s", cell(link, "mbps", &a));
	if (is_true(link, "up"))
		fprintf(out, ", %s duplex, %s\n", is_true(link, "full_duplex") ? "full" : "half",
			is_true(link, "autoneg") ? "negotiated" : "fixed");
	else
		fputc('\n', out);
}

static void show_device(FILE *out, const json_t *port)
{
	char a[256], b[256], c[256];

	fprintf(out, "    device      %s\n", cell(port, "device", &a));
	fprintf(out, "    driver      %s, version %s, firmware %s\n", cell(port, "driver", &a),
		cell(port, "version", &b), cell(port, "firmware", &c));
	fprintf(out, "    bus         %s %s, NUMA node %s\n", cell(port, "bus", &a),
		cell(port, "bus_address", &b), cell(port, "numa_node", &c));
	fprintf(out, "    mac         %s\n", cell(port, "mac", &a));
	fprintf(out, "    mtu         %s of at most %s bytes\n", cell(port, "mtu", &a),
		cell(port, "mtu_max", &b));
	fprintf(out, "    pause       %s\n", cell(port, "pause", &a));
	fprintf(out, "    interrupts  of %s receive queues\n", cell(port, "rx_interrupts", &a));
}

static void show_queues(FILE *out, const json_t *port, const char *way)
{
	const json_t *queues = json_object_get(port, "queues"), *q = json_object_get(queues, way);
	const json_t *ring = json_object_get(json_object_get(port, "rings"), way);
	char a[256], b[256], c[256], reported[32];

	snprintf(reported, sizeof(reported), "%s_reported", way);
	fprintf(out, "    %s queues   %s of %s", way, cell(q, "used", &a), cell(q, "max", &b));
	if (json_integer_value(json_object_get(queues, reported)) >
	    json_integer_value(json_object_get(q, "max")))
		fprintf(out, " (the device says %s)", cell(queues, reported, &c));
	if (ring)
		fprintf(out, ", each of %s descriptors (%s to %s)", cell(ring, "size", &a),
			cell(ring, "min", &b), cell(ring, "max", &c));
	fputc('\n', out);
}

static void show_rss(FILE *out, const json_t *rss)
{
	char a[256], b[256];

	if (!json_is_object(rss))
		return;
	fprintf(out, "    rss         %s\n", cell(rss, "fields", &a));
	fprintf(out, "    rss key     %s\n", cell(rss, "key", &a));
	fprintf(out, "    rss table   %s entries, of each queue %s\n", cell(rss, "table", &a),
		cell(rss, "shares", &b));
}

static void show_one(FILE *out, const json_t *port)
{
	static const struct column columns[] = {
		{"    offload", "line", false}, {"has", "has", false},
		{"asked", "asked", false},	{"used", "used", false},
		{"why not", "why", false},	{0},
	};
	json_t *offloads = json_object_get(port, "offloads");
	char a[256];

	show_head(out, port);
	show_device(out, port);
	show_queues(out, port, "rx");
	show_queues(out, port, "tx");
	show_rss(out, json_object_get(port, "rss"));
	if (json_is_string(json_object_get(port, "quirk")))
		fprintf(out, "    note        %s\n",
			json_string_value(json_object_get(port, "quirk")));
	for (size_t i = 0; i < json_array_size(offloads); i++) {
		json_t *o = json_array_get(offloads, i);

		json_object_set_new(o, "line", json_sprintf("    %s", cell(o, "name", &a)));
	}
	table_print(out, columns, offloads);
}

static void show_counters(FILE *out, json_t *counters, bool all)
{
	const char *key;
	json_t *value;

	json_object_foreach(counters, key, value)
	{
		if (all || json_integer_value(value))
			fprintf(out, "    %-32s %14" JSON_INTEGER_FORMAT "\n", key,
				json_integer_value(value));
	}
}

void port_show(FILE *out, const json_t *reply, bool all)
{
	const json_t *list = json_object_get(reply, "ports");

	for (size_t i = 0; i < json_array_size(list); i++) {
		show_one(out, json_array_get(list, i));
		show_counters(out, json_object_get(json_array_get(list, i), "counters"), all);
	}
}
