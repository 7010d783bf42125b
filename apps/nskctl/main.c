/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nskctl: looks into a running program on netstk over its control socket. docs/NSKCTL.md.
 * Exit status: 0 done, 1 it failed, 2 the command line is wrong.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/netstk.h>

#include "nskctl/addr.h"
#include "nskctl/capture.h"
#include "nskctl/client.h"
#include "nskctl/doctor.h"
#include "nskctl/health.h"
#include "nskctl/neigh.h"
#include "nskctl/netstat.h"
#include "nskctl/port.h"
#include "nskctl/route.h"
#include "nskctl/show.h"
#include "nskctl/sizing.h"
#include "nskctl/watch.h"

struct options {
	char given[256]; /* letters of what is on the command line */
	const char *socket;
	bool json, all, markdown, config, stats;
	long worker; /* -1: the sum */
};

/* Letters that stand for options. */
static const struct {
	char letter;
	const char *text;
} option_names[] = {
	{'s', "--socket"}, {'a', "--all"}, {'w', "--worker"}, {'m', "--markdown or --config"},
	{'t', "--stats"},
};

struct command {
	const char *name, *operands, *help;
	int least, most;   /* operands */
	const char *takes; /* letters of options that mean something here; -j always does */
	/* One of: what to ask and how to show it, … */
	const char *cmd;
	const char *list; /* key of a list that comes in pages, else NULL */
	void (*show)(FILE *out, const json_t *reply, bool all);
	/* … or a function; exit status. */
	int (*run)(const struct options *o, char **operands);
};

static int failed(const char *text)
{
	fprintf(stderr, "nskctl: %s\n", text);
	return 1;
}

static int misused(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int misused(const char *fmt, ...)
{
	va_list ap;

	fputs("nskctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nTry \"nskctl --help\".\n", stderr);
	return 2;
}

/* ---- asking and showing -------------------------------------------------------------------- */

/* The status of a command whose output is out, or was to be. */
static int written(int status)
{
	return fflush(stdout) || ferror(stdout) ? failed("standard output takes no more") : status;
}

/* Takes what it prints. */
static void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putchar('\n');
	json_decref(json);
}

static int present(const struct options *o, json_t *reply,
		   void (*show)(FILE *out, const json_t *reply, bool all))
{
	int status = json_array_size(json_object_get(reply, "warnings")) > 0;

	if (!o->json)
		show(stdout, reply, o->all);
	fflush(stdout);
	show_warnings(reply);
	if (o->json)
		print_json(reply);
	else
		json_decref(reply);
	return written(status);
}

static int ask(const struct options *o, json_t *request,
	       void (*show)(FILE *out, const json_t *reply, bool all))
{
	struct client c;
	json_t *reply = NULL;
	int status;

	if (client_open(&c, o->socket) == 0)
		reply = client_ask(&c, request);
	else
		json_decref(request);
	status = reply ? present(o, reply, show) : failed(c.error);
	client_close(&c);
	return status;
}

static int ask_list(const struct options *o, const struct command *command)
{
	struct client c;
	json_t *reply = NULL;
	int status;

	if (client_open(&c, o->socket) == 0)
		reply = client_list(&c, command->cmd, command->list);
	status = reply ? present(o, reply, command->show) : failed(c.error);
	client_close(&c);
	return status;
}

static int run_simple(const struct options *o, const struct command *command)
{
	json_t *request = json_pack("{s:s}", "cmd", command->cmd);

	if (command->list) {
		json_decref(request);
		return ask_list(o, command);
	}
	if (o->worker >= 0)
		json_object_set_new(request, "worker", json_integer(o->worker));
	return ask(o, request, command->show);
}

/* ---- commands of their own ----------------------------------------------------------------- */

static int run_settings(const struct options *o, char **operands)
{
	(void)operands;
	if (o->markdown)
		show_settings_markdown(stdout);
	else if (o->config)
		show_settings_config(stdout);
	else
		return ask(o, json_pack("{s:s}", "cmd", "settings"), show_settings);
	return written(0);
}

/* The reply to a request that takes a worker. */
static json_t *ask_worker(const struct options *o, struct client *c, const char *cmd)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd);

	if (o->worker >= 0)
		json_object_set_new(request, "worker", json_integer(o->worker));
	return client_ask(c, request);
}

static int run_netstat(const struct options *o, char **operands)
{
	json_t *counters = NULL, *drops = NULL;
	struct client c;
	int status;

	(void)operands;
	if (client_open(&c, o->socket) == 0)
		counters = ask_worker(o, &c, "counters");
	if (counters)
		drops = ask_worker(o, &c, "drops");
	status = drops ? present(o, netstat_make(counters, drops), show_netstat) : failed(c.error);
	json_decref(counters);
	json_decref(drops);
	client_close(&c);
	return status;
}

static int run_set(const struct options *o, char **operands)
{
	json_t *request = json_pack("{s:s, s:s, s:s}", "cmd", "set", "key", operands[0], "value",
				    operands[1]);

	return request ? ask(o, request, show_setting)
		       : failed("key and value must be text in UTF-8");
}

static int run_addr(const struct options *o, char **operands)
{
	char error[128];
	json_t *request = addr_request(operands, error, sizeof(error));

	return request ? ask(o, request, addr_show) : misused("%s", error);
}

static int run_port(const struct options *o, char **operands)
{
	char error[160];
	json_t *request;

	if (o->all && !o->stats)
		return misused("--all does nothing for port without --stats");
	request = port_request(operands, o->stats, error, sizeof(error));
	return request ? ask(o, request, port_show) : misused("%s", error);
}

static int run_neigh(const struct options *o, char **operands)
{
	char error[128];
	json_t *request = neigh_request(operands, error, sizeof(error));

	return request ? ask(o, request, neigh_show) : misused("%s", error);
}

/* All of them are a list, whose pages are put together. */
static int run_route(const struct options *o, char **operands)
{
	static const struct command all = {.cmd = "routes", .list = "routes", .show = route_show};
	char error[160];
	json_t *request = route_request(operands, error, sizeof(error));

	if (!request)
		return misused("%s", error);
	if (strcmp(json_string_value(json_object_get(request, "cmd")), "routes") != 0)
		return ask(o, request, route_show);
	json_decref(request);
	return ask_list(o, &all);
}

static int run_log(const struct options *o, char **operands)
{
	json_t *request = json_pack("{s:s}", "cmd", "log");

	if (operands[0] && json_object_set_new(request, "level", json_string(operands[0]))) {
		json_decref(request);
		return failed("a level must be text in UTF-8");
	}
	return ask(o, request, show_log);
}

static int run_watch(const struct options *o, char **operands)
{
	char *end = NULL;
	double interval = operands[0] ? strtod(operands[0], &end) : 1;
	unsigned long count = 0;
	struct client c;
	int status = 0;

	if (operands[0] && (end == operands[0] || *end || !(interval >= 0.01 && interval <= 3600)))
		return misused("watch: an interval is 0.01 to 3600 seconds, not %s", operands[0]);
	if (operands[0] && operands[1]) {
		count = strtoul(operands[1], &end, 10);
		if (operands[1][0] < '0' || operands[1][0] > '9' || *end || count == 0 ||
		    count > 1000000000)
			return misused("watch: a count of lines is 1 to 1000000000, not %s",
				       operands[1]);
	}
	if (client_open(&c, o->socket) || watch(&c, interval, (unsigned)count, o->json))
		status = failed(c.error);
	client_close(&c);
	return status;
}

static int run_health(const struct options *o, char **operands)
{
	struct client c;
	int status = -1;

	(void)operands;
	if (client_open(&c, o->socket) == 0)
		status = health(&c, o->json);
	if (status < 0)
		status = failed(c.error);
	client_close(&c);
	return written(status);
}

/* Without -s a program is looked at if there is one. */
static int run_doctor(const struct options *o, char **operands)
{
	struct client c;
	int status = -1;

	(void)operands;
	if (client_open(&c, o->socket) == 0 || !o->socket)
		status = doctor(stdout, &c, o->json);
	if (status < 0)
		status = failed(c.error);
	client_close(&c);
	return written(status);
}

static int run_drain(const struct options *o, char **operands)
{
	bool off = operands[0] && strcmp(operands[0], "off") == 0;
	char *end = NULL;
	double seconds = operands[0] && !off ? strtod(operands[0], &end) : 0;
	struct client c;
	int status = -1;

	if (end && (end == operands[0] || *end || !(seconds >= 0 && seconds <= 604800)))
		return misused("drain: takes \"off\", or 0 to 604800 seconds to wait, not %s",
			       operands[0]);
	if (client_open(&c, o->socket) == 0)
		status = end ? drain_wait(&c, seconds, o->json) : drain(&c, !off, o->json);
	if (status < 0)
		status = failed(c.error);
	client_close(&c);
	return written(status);
}

static int run_capture(const struct options *o, char **operands)
{
	struct capture_words words;
	char error[256];
	struct client c;
	int status;

	if (capture_words(operands, &words, error, sizeof(error))) {
		json_decref(words.request);
		return misused("%s", error);
	}
	if (client_open(&c, o->socket) == 0) {
		status = capture(&c, &words, o->json) ? failed(c.error) : 0;
	} else {
		json_decref(words.request);
		status = failed(c.error);
	}
	client_close(&c);
	return status;
}

static int run_sizing(const struct options *o, char **operands)
{
	char error[256];
	int status = sizing(stdout, operands, o->json, error, sizeof(error));

	return status == 0 ? written(0) : status == 1 ? failed(error) : misused("%s", error);
}

static void add_device(void *list, const struct nsk_device_info *info)
{
	json_array_append_new(list,
			      json_pack("{s:s, s:s, s:s, s:b}", "device", info->args, "group",
					info->group, "text", info->text, "ready", info->ready));
}

static int run_devices(const struct options *o, char **operands)
{
	json_t *list = o->json ? json_array() : NULL;
	int ready = list ? nsk_devices_each(add_device, list) : nsk_devices_list(stdout);

	(void)operands;
	if (list)
		print_json(json_pack("{s:o}", "devices", list));
	return written(ready > 0 ? 0 : failed("no device was found"));
}

static const struct command commands[] = {
	{"interfaces", "", "interfaces, their addresses and ports", 0, 0, "s", "interfaces", NULL,
	 show_interfaces, NULL},
	{"port", "show [IFACE]", "devices, drivers, offloads, as ethtool (--stats: their counters)",
	 1, 2, "sat", NULL, NULL, NULL, run_port},
	{"addr", "[show|add|del ...]", "addresses, in the words of ip addr", 0, 8, "s", NULL, NULL,
	 NULL, run_addr},
	{"arp", "", "neighbours and their link addresses", 0, 0, "s", "arp", "neighbours", show_arp,
	 NULL},
	{"groups", "", "multicast groups that sockets have joined, and whom they hear", 0, 0, "s",
	 "groups", "groups", show_groups, NULL},
	{"neigh", "add|del ...", "gives a neighbour's link address, in the words of ip neigh", 1, 6,
	 "s", NULL, NULL, NULL, run_neigh},
	{"route", "[show|add|append|del|get ...]", "routes, in the words of ip route", 0, 16, "s",
	 NULL, NULL, NULL, run_route},
	{"routes", "", "the same as route show", 0, 0, "s", "routes", "routes", route_show, NULL},
	{"sockets", "", "TCP connections and listeners, UDP and ICMP sockets", 0, 0, "s", "sockets",
	 "sockets", show_sockets, NULL},
	{"counters", "", "what happened since the start (-a: what did not, too)", 0, 0, "saw",
	 "counters", NULL, show_counters, NULL},
	{"drops", "", "packets dropped, by reason (-a: all reasons)", 0, 0, "saw", "drops", NULL,
	 show_drops, NULL},
	{"netstat", "", "counters by Linux's names, as nstat (-a: what did not happen, too)", 0, 0,
	 "saw", NULL, NULL, NULL, run_netstat},
	{"workers", "", "workers, their cores, share of busy time, buffers", 0, 0, "s", "workers",
	 NULL, show_workers, NULL},
	{"settings", "", "settings and their values; --markdown, --config: the table", 0, 0, "sm",
	 NULL, NULL, NULL, run_settings},
	{"set", "KEY VALUE", "change a setting that may change while the program runs", 2, 2, "s",
	 NULL, NULL, NULL, run_set},
	{"log", "[LEVEL]", "level of the log: none, error, warning, info, debug", 0, 1, "s", NULL,
	 NULL, NULL, run_log},
	{"version", "", "program, version, time running", 0, 0, "s", "version", NULL, show_version,
	 NULL},
	{"watch", "[SECONDS [COUNT]]", "rates, a line each second", 0, 2, "s", NULL, NULL, NULL,
	 run_watch},
	{"health", "", "whether traffic should be led to it; status 1: it should not", 0, 0, "s",
	 NULL, NULL, NULL, run_health},
	{"drain", "[off | SECONDS]", "no new work; wait until no connection is left", 0, 1, "s",
	 NULL, NULL, NULL, run_drain},
	{"capture", "[WORDS]", "packets as pcapng, into a file or tshark; docs/NSKCTL.md", 0, 256,
	 "s", NULL, NULL, NULL, run_capture},
	{"doctor", "", "what is wrong here, what it costs, what mends it; status 1: something", 0,
	 0, "s", NULL, NULL, NULL, run_doctor},
	{"sizing", "[WORD NUMBER ...]",
	 "buffers, hugepages, settings for a load (needs no program)", 0, 32, "", NULL, NULL, NULL,
	 run_sizing},
	{"devices", "", "devices of this machine, as -d takes them (needs no program)", 0, 0, "",
	 NULL, NULL, NULL, run_devices},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* ---- command line -------------------------------------------------------------------------- */

static void print_help(void)
{
	printf("usage: nskctl [OPTIONS] COMMAND [OPERANDS]\n\n"
	       "Looks into a running program on netstk that was started with --control.\n\ncommands:\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		char left[48];

		snprintf(left, sizeof(left), "%s %s", commands[i].name, commands[i].operands);
		printf("  %-26s %s\n", left, commands[i].help);
	}
	printf("\noptions:\n"
	       "  -s, --socket PATH|NAME     control socket; a name without slash is looked for where\n"
	       "                             --control NAME puts it; default: the only program running\n"
	       "  -j, --json                 print JSON\n"
	       "  -a, --all                  counters and drops that are 0 as well\n"
	       "      --stats                port show: what the device itself counts (-a: zeros too)\n"
	       "  -w, --worker N             counters and drops of one worker instead of the sum\n"
	       "      --markdown, --config   settings: all of them as a table, as lines of a file\n"
	       "  -h, --help                 print this and exit\n"
	       "  -V, --version              print the version of nskctl and exit\n");
}

enum {
	OPT_MARKDOWN = 256,
	OPT_CONFIG,
	OPT_STATS,
};

static void note(struct options *o, char letter)
{
	size_t n = strlen(o->given);

	if (!strchr(o->given, letter) && n + 1 < sizeof(o->given))
		o->given[n] = letter;
}

/* 0, or the exit status to end with plus 1. */
static int take_option(struct options *o, int letter)
{
	char *end;

	note(o, letter < 256 ? (char)letter : letter == OPT_STATS ? 't' : 'm');
	switch (letter) {
	case 's':
		o->socket = optarg;
		return *optarg ? 0 : 1 + misused("--socket: give a path or a name");
	case 'j':
		o->json = true;
		return 0;
	case 'a':
		o->all = true;
		return 0;
	case 'w':
		o->worker = strtol(optarg, &end, 10);
		if (optarg[0] < '0' || optarg[0] > '9' || *end || o->worker > 1000)
			return 1 +
			       misused("--worker: give a number from 0 to 1000, not %s", optarg);
		return 0;
	case OPT_MARKDOWN:
		o->markdown = true;
		return 0;
	case OPT_STATS:
		o->stats = true;
		return 0;
	case OPT_CONFIG:
		o->config = true;
		return 0;
	case 'h':
		print_help();
		return 1;
	case 'V':
		printf("nskctl %s\n", nsk_version());
		return 1;
	default:
		fprintf(stderr, "Try \"nskctl --help\".\n");
		return 3;
	}
}

/* No option goes without effect; false after a message. */
static bool options_fit(const struct options *o, const struct command *c)
{
	bool table = o->markdown || o->config;

	for (size_t i = 0; i < sizeof(option_names) / sizeof(option_names[0]); i++)
		if (strchr(o->given, option_names[i].letter) &&
		    !strchr(c->takes, option_names[i].letter)) {
			misused("%s does nothing for %s", option_names[i].text, c->name);
			return false;
		}
	if (o->markdown && o->config)
		return misused("--markdown and --config: one of them") == 0;
	if (table && (o->socket || o->json))
		return misused("--markdown and --config print what every program has: "
			       "no --socket, no --json") == 0;
	return true;
}

static int dispatch(const struct options *o, int argc, char **argv)
{
	int operands = argc - optind - 1;

	if (operands < 0)
		return misused("which command?");
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &commands[i];

		if (strcmp(c->name, argv[optind]) != 0)
			continue;
		if (operands < c->least || operands > c->most)
			return misused("%s takes %s", c->name,
				       *c->operands ? c->operands : "no operands");
		if (!options_fit(o, c))
			return 2;
		return c->run ? c->run(o, argv + optind + 1) : run_simple(o, c);
	}
	return misused("no such command: %s", argv[optind]);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'a'},
		{"worker", required_argument, NULL, 'w'},
		{"markdown", no_argument, NULL, OPT_MARKDOWN},
		{"config", no_argument, NULL, OPT_CONFIG},
		{"stats", no_argument, NULL, OPT_STATS},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	struct options o = {.worker = -1};
	int letter;

	while ((letter = getopt_long(argc, argv, "s:jaw:hV", longs, NULL)) >= 0) {
		int end = take_option(&o, letter);

		if (end)
			return end - 1;
	}
	return dispatch(&o, argc, argv);
}
