/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/show.h"

#include <string.h>

#include <netstk/netstk.h>

#include "nskctl/table.h"

static const char *text(const json_t *o, const char *key, char *buf, size_t size)
{
	return table_cell(json_object_get(o, key), buf, size);
}

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* ---- program and interfaces ---------------------------------------------------------------- */

void show_version(FILE *out, const json_t *reply, bool all)
{
	char a[64], b[64], c[64];

	(void)all;
	fprintf(out, "program  %s, process %s\n", text(reply, "program", a, sizeof(a)),
		text(reply, "pid", b, sizeof(b)));
	fprintf(out, "netstk   %s on %s\n", text(reply, "version", a, sizeof(a)),
		text(reply, "dpdk", b, sizeof(b)));
	fprintf(out, "running  %s s, %s worker%s\n", text(reply, "uptime_s", a, sizeof(a)),
		text(reply, "workers", c, sizeof(c)), number(reply, "workers") == 1 ? "" : "s");
}

static void show_port(FILE *out, const json_t *port)
{
	fprintf(out,
		"    received    %" JSON_INTEGER_FORMAT " packets, %" JSON_INTEGER_FORMAT
		" bytes; missed %" JSON_INTEGER_FORMAT ", errors %" JSON_INTEGER_FORMAT
		", no buffer %" JSON_INTEGER_FORMAT "\n",
		number(port, "rx_packets"), number(port, "rx_bytes"), number(port, "rx_missed"),
		number(port, "rx_errors"), number(port, "rx_nobuf"));
	fprintf(out,
		"    sent        %" JSON_INTEGER_FORMAT " packets, %" JSON_INTEGER_FORMAT
		" bytes; errors %" JSON_INTEGER_FORMAT "\n",
		number(port, "tx_packets"), number(port, "tx_bytes"), number(port, "tx_errors"));
	if (number(port, "injected"))
		fprintf(out, "    lost on purpose  %" JSON_INTEGER_FORMAT " packets\n",
			number(port, "injected"));
}

/* The way to the kernel. */
static void show_twin(FILE *out, const json_t *twin)
{
	const json_t *port = json_object_get(twin, "port");
	const char *state = json_string_value(json_object_get(twin, "state"));
	char name[256];

	if (json_is_object(twin))
		fprintf(out,
			"    twin        %s%s, %" JSON_INTEGER_FORMAT
			" packets to it, %" JSON_INTEGER_FORMAT " from it%s\n",
			text(twin, "name", name, sizeof(name)),
			!state || strcmp(state, "there") == 0 ? ""
			: strcmp(state, "gone") == 0 ? ": gone, the kernel has taken it away"
						     : ": moved to another network namespace",
			number(port, "tx_packets"), number(port, "rx_packets"),
			json_is_true(json_object_get(twin, "mirror")) ? ", mirrored" : "");
}

static void show_interface(FILE *out, const json_t *ifc)
{
	char a[256], b[256];

	fprintf(out, "%s: %s, link %s, mtu %" JSON_INTEGER_FORMAT " bytes%s\n",
		text(ifc, "name", a, sizeof(a)), text(ifc, "state", b, sizeof(b)),
		json_is_true(json_object_get(ifc, "link_up")) ? "up" : "down", number(ifc, "mtu"),
		json_is_true(json_object_get(ifc, "primary")) ? ", primary" : "");
	fprintf(out,
		"    device      %s (%s), queues: %" JSON_INTEGER_FORMAT
		" rx, %" JSON_INTEGER_FORMAT " tx\n",
		text(ifc, "device", a, sizeof(a)), text(ifc, "driver", b, sizeof(b)),
		number(ifc, "rx_queues"), number(ifc, "tx_queues"));
	fprintf(out, "    mac         %s\n", text(ifc, "mac", a, sizeof(a)));
	fprintf(out, "    addresses   %s\n",
		json_array_size(json_object_get(ifc, "addresses"))
			? text(ifc, "addresses", a, sizeof(a))
		: json_object_get(ifc, "dhcp")
			? "none yet: a DHCP server is to give it one; nskctl addr shows more"
			: "none: nothing can reach it; -a CIDR behind its -d gives it one");
	if (json_object_get(ifc, "dhcp"))
		fprintf(out, "    dhcp        %s\n", text(ifc, "dhcp", a, sizeof(a)));
	if (json_is_true(json_object_get(ifc, "rp_filter")) ||
	    json_is_true(json_object_get(ifc, "proxy_arp")))
		fprintf(out, "    router     %s%s\n",
			json_is_true(json_object_get(ifc, "rp_filter")) ? " rp_filter" : "",
			json_is_true(json_object_get(ifc, "proxy_arp")) ? " proxy_arp" : "");
	show_port(out, json_object_get(ifc, "port"));
	show_twin(out, json_object_get(ifc, "twin"));
}

void show_interfaces(FILE *out, const json_t *reply, bool all)
{
	const json_t *list = json_object_get(reply, "interfaces");

	(void)all;
	for (size_t i = 0; i < json_array_size(list); i++)
		show_interface(out, json_array_get(list, i));
}

/* ---- lists --------------------------------------------------------------------------------- */

void show_warnings(const json_t *reply)
{
	const json_t *list = json_object_get(reply, "warnings");

	for (size_t i = 0; i < json_array_size(list); i++)
		fprintf(stderr, "nskctl: incomplete: %s\n",
			json_string_value(json_array_get(list, i)));
}

void show_workers(FILE *out, const json_t *reply, bool all)
{
	static const struct column columns[] = {
		{"worker", "worker", true},
		{"core", "core", true},
		{"node", "numa_node", true},
		{"thread", "thread", true},
		{"busy %", "busy", true},
		{"connections", "tcp_connections", true},
		{"listeners", "tcp_listeners", true},
		{"time-wait", "tcp_time_wait", true},
		{"udp", "udp_sockets", true},
		{"buffers free", "buffers_free", true},
		{"of", "buffers_total", true},
		{0},
	};
	json_t *list = json_object_get(reply, "workers");

	(void)all;
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *o = json_array_get(list, i);
		double ns = (double)number(o, "loop_ns");

		json_object_set_new(
			o, "busy",
			ns > 0 ? json_real(100.0 * (double)number(o, "loop_busy_ns") / ns)
			       : json_null());
	}
	table_print(out, columns, list);
}

void show_arp(FILE *out, const json_t *reply, bool all)
{
	static const struct column columns[] = {
		{"address", "address", false},
		{"mac", "mac", false},
		{"interface", "iface", false},
		{"state", "state", false},
		{"waiting", "queued", true},
		{"used s ago", "used_s_ago", true},
		{"confirmed s ago", "confirmed_s_ago", true},
		{"worker", "worker", true},
		{0},
	};

	(void)all;
	table_print(out, columns, json_object_get(reply, "neighbours"));
}

/* "all", "all but 10.0.0.7", "10.0.0.7, 10.0.0.8". */
static json_t *senders_text(const json_t *group)
{
	const json_t *senders = json_object_get(group, "senders");
	const char *mode = json_string_value(json_object_get(group, "mode"));
	char text[512];
	size_t n = 0;

	if (mode && strcmp(mode, "exclude") == 0)
		n = (size_t)snprintf(text, sizeof(text), "all%s",
				     json_array_size(senders) ? " but " : "");
	else
		n = (size_t)snprintf(text, sizeof(text), "%s",
				     json_array_size(senders) ? "" : "none");
	for (size_t i = 0; i < json_array_size(senders) && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? ", " : "",
				      json_string_value(json_array_get(senders, i)));
	return json_string(text);
}

void show_groups(FILE *out, const json_t *reply, bool all)
{
	static const struct column columns[] = {
		{"group", "group", false},
		{"iface", "iface", false},
		{"sockets", "sockets", true},
		{"senders", "heard", false},
		{0},
	};
	json_t *list = json_object_get(reply, "groups");

	(void)all;
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *o = json_array_get(list, i);

		json_object_set_new(o, "heard", senders_text(o));
	}
	table_print(out, columns, list);
}

/* Of a listener the queue is of connections and not of bytes, as in ss(8). */
void show_sockets(FILE *out, const json_t *reply, bool all)
{
	static const struct column columns[] = {
		{"proto", "proto", false},	{"state", "state", false},
		{"recv-q bytes", "rcvq", true}, {"send-q bytes", "sndq", true},
		{"local", "local", false},	{"peer", "peer", false},
		{"worker", "worker", true},	{0},
	};
	json_t *list = json_object_get(reply, "sockets");

	(void)all;
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *o = json_array_get(list, i);
		char listener[64];

		if (json_object_get(o, "backlog")) {
			snprintf(listener, sizeof(listener),
				 "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT,
				 number(o, "accept_queue"), number(o, "backlog"));
			json_object_set_new(o, "rcvq", json_string(listener));
		} else {
			json_object_set(o, "rcvq", json_object_get(o, "rcvq_bytes"));
			json_object_set(o, "sndq", json_object_get(o, "sndq_bytes"));
		}
	}
	table_print(out, columns, list);
}

/* ---- counters ------------------------------------------------------------------------------ */

static const char *counter_text(const char *name)
{
	for (int i = 0; i < NSK_CNT_MAX; i++)
		if (strcmp(nsk_counter_name((enum nsk_counter)i), name) == 0)
			return nsk_counter_text((enum nsk_counter)i);
	return "";
}

static const char *drop_text(const char *name)
{
	for (int i = 0; i < NSK_DROP_MAX; i++)
		if (strcmp(nsk_drop_name((enum nsk_drop)i), name) == 0)
			return nsk_drop_text((enum nsk_drop)i);
	return "";
}

/* Names with their numbers and meanings; returns how many lines. */
static unsigned show_numbers(FILE *out, json_t *o, bool all,
			     const char *(*meaning)(const char *name))
{
	const char *key;
	json_t *value;
	unsigned lines = 0;

	json_object_foreach(o, key, value)
	{
		if (!all && json_integer_value(value) == 0)
			continue;
		fprintf(out, "%-24s %14" JSON_INTEGER_FORMAT "  %s\n", key,
			json_integer_value(value), meaning(key));
		lines++;
	}
	return lines;
}

static const char *level_text(const char *name)
{
	static const char *const texts[][2] = {
#define X(field, name, meaning) {name, meaning},
		NSK_LEVEL_LIST(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i][0], name) == 0)
			return texts[i][1];
	return "";
}

void show_counters(FILE *out, const json_t *reply, bool all)
{
	show_numbers(out, json_object_get(reply, "counters"), all, counter_text);
	show_numbers(out, json_object_get(reply, "levels"), true, level_text);
}

void show_drops(FILE *out, const json_t *reply, bool all)
{
	if (show_numbers(out, json_object_get(reply, "drops"), all, drop_text) == 0)
		fprintf(out, "nothing was dropped\n");
}

/* ---- settings and log ---------------------------------------------------------------------- */

static const struct column setting_columns[] = {
	{"setting", "name", false}, {"value", "value", true},  {"default", "default", true},
	{"live", "live", false},    {"range", "range", false}, {0},
};

void show_settings(FILE *out, const json_t *reply, bool all)
{
	(void)all;
	table_print(out, setting_columns, json_object_get(reply, "settings"));
}

void show_setting(FILE *out, const json_t *reply, bool all)
{
	json_t *one = json_pack("[O]", json_object_get(reply, "setting"));

	(void)all;
	table_print(out, setting_columns, one);
	json_decref(one);
}

void show_log(FILE *out, const json_t *reply, bool all)
{
	char a[32];

	(void)all;
	fprintf(out, "log level %s\n", text(reply, "level", a, sizeof(a)));
}

/* ---- the table of settings without a program ----------------------------------------------- */

void show_settings_markdown(FILE *out)
{
	struct nsk_setting_info info;

	fprintf(out, "| Setting | Default | Allowed | Meaning |\n|---|---|---|---|\n");
	for (unsigned i = 0; nsk_setting_info(i, &info) == 0; i++)
		fprintf(out, "| `%s`%s%s%s%s | %s | %s | %s |\n", info.name, info.live ? " °" : "",
			info.alias ? "<br>`" : "", info.alias ? info.alias : "",
			info.alias ? "`" : "", info.def, info.range, info.text);
}

/* "window" of "tcp.window"; *group gets "tcp", or "". */
static const char *split_name(const char *name, char *group, size_t size)
{
	const char *dot = strchr(name, '.');

	snprintf(group, size, "%.*s", dot ? (int)(dot - name) : 0, name);
	return dot ? dot + 1 : name;
}

/* Names stand between quotes in a file, numbers and truth values do not. */
static bool is_word(const char *value)
{
	return !strchr("0123456789", value[0]) && strcmp(value, "true") != 0 &&
	       strcmp(value, "false") != 0;
}

void show_settings_config(FILE *out)
{
	struct nsk_setting_info info;
	char group[32] = "", last[32] = "";

	for (unsigned i = 0; nsk_setting_info(i, &info) == 0; i++) {
		const char *key = split_name(info.name, group, sizeof(group));
		const char *indent = group[0] ? "\t" : "", *quote = is_word(info.def) ? "\"" : "";

		if (strcmp(group, last) != 0) {
			fprintf(out, "%s%s:\n{\n", last[0] ? "};\n\n" : "\n", group);
			memcpy(last, group, sizeof(last));
		}
		fprintf(out, "%s# %s (%s)\n%s# %s = %s%s%s;\n", indent, info.text, info.range,
			indent, key, quote, info.def, quote);
	}
	if (last[0])
		fprintf(out, "};\n");
}
