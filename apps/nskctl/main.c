/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nskctl: looks into a running program on netstk over its control socket. docs/NSKCTL.md.
 * Exit status: 0 done, 1 it failed, 2 the command line is wrong.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/netstk.h>

#include "nskctl/client.h"
#include "nskctl/netstat.h"
#include "nskctl/show.h"
#include "nskctl/watch.h"

struct options {
	const char *socket;
	bool json, all, markdown, config;
	long worker; /* -1: the sum */
};

struct command {
	const char *name, *operands, *help;
	int least, most; /* operands */
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

static int misused(const char *text, const char *what)
{
	fprintf(stderr, "nskctl: %s%s\nTry \"nskctl --help\".\n", text, what);
	return 2;
}

/* ---- asking and showing -------------------------------------------------------------------- */

static int present(const struct options *o, json_t *reply,
		   void (*show)(FILE *out, const json_t *reply, bool all))
{
	int status = 0;

	if (o->json) {
		json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
		putchar('\n');
	} else {
		show(stdout, reply, o->all);
	}
	fflush(stdout);
	show_warnings(reply);
	if (json_array_size(json_object_get(reply, "warnings")) || ferror(stdout))
		status = 1;
	json_decref(reply);
	return status;
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
	return fflush(stdout) || ferror(stdout) ? failed("standard output takes no more") : 0;
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

static int run_log(const struct options *o, char **operands)
{
	json_t *request = json_pack("{s:s}", "cmd", "log");

	if (operands[0])
		json_object_set_new(request, "level", json_string(operands[0]));
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
		return misused("an interval is 0.01 to 3600 seconds, not ", operands[0]);
	if (operands[0] && operands[1]) {
		count = strtoul(operands[1], &end, 10);
		if (operands[1][0] < '0' || operands[1][0] > '9' || *end || count == 0 ||
		    count > 1000000000)
			return misused("a count of lines is 1 to 1000000000, not ", operands[1]);
	}
	if (client_open(&c, o->socket) || watch(&c, interval, (unsigned)count, o->json))
		status = failed(c.error);
	client_close(&c);
	return status;
}

static int run_devices(const struct options *o, char **operands)
{
	(void)o;
	(void)operands;
	return nsk_devices_list(stdout) > 0 ? 0 : failed("no device was found");
}

static const struct command commands[] = {
	{"interfaces", "", "interfaces, their addresses and ports", 0, 0, "interfaces", NULL,
	 show_interfaces, NULL},
	{"arp", "", "neighbours and their link addresses", 0, 0, "arp", "neighbours", show_arp,
	 NULL},
	{"routes", "", "routes", 0, 0, "routes", "routes", show_routes, NULL},
	{"sockets", "", "TCP connections and listeners, UDP sockets", 0, 0, "sockets", "sockets",
	 show_sockets, NULL},
	{"counters", "", "what happened since the start (-a: what did not, too)", 0, 0, "counters",
	 NULL, show_counters, NULL},
	{"drops", "", "packets dropped, by reason (-a: all reasons)", 0, 0, "drops", NULL,
	 show_drops, NULL},
	{"netstat", "", "counters by Linux's names, as nstat (-a: what did not happen, too)", 0, 0,
	 NULL, NULL, NULL, run_netstat},
	{"workers", "", "workers, their cores, share of busy time, buffers", 0, 0, "workers", NULL,
	 show_workers, NULL},
	{"settings", "", "settings and their values; --markdown, --config: the table", 0, 0, NULL,
	 NULL, NULL, run_settings},
	{"set", "KEY VALUE", "change a setting that may change while the program runs", 2, 2, NULL,
	 NULL, NULL, run_set},
	{"log", "[LEVEL]", "level of the log: none, error, warning, info, debug", 0, 1, NULL, NULL,
	 NULL, run_log},
	{"version", "", "program, version, time running", 0, 0, "version", NULL, show_version,
	 NULL},
	{"watch", "[SECONDS [COUNT]]", "rates, a line each second", 0, 2, NULL, NULL, NULL,
	 run_watch},
	{"devices", "", "devices of this machine, as -d takes them (needs no program)", 0, 0, NULL,
	 NULL, NULL, run_devices},
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
	       "  -w, --worker N             counters and drops of one worker instead of the sum\n"
	       "      --markdown, --config   settings: all of them as a table, as lines of a file\n"
	       "  -h, --help                 print this and exit\n"
	       "  -V, --version              print the version of nskctl and exit\n");
}

enum {
	OPT_MARKDOWN = 256,
	OPT_CONFIG
};

/* 0, or the exit status to end with plus 1. */
static int take_option(struct options *o, int letter)
{
	char *end;

	switch (letter) {
	case 's':
		o->socket = optarg;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 'a':
		o->all = true;
		return 0;
	case 'w':
		o->worker = strtol(optarg, &end, 10);
		if (optarg[0] < '0' || optarg[0] > '9' || *end || o->worker > 1000)
			return 1 + misused("a worker is a number, not ", optarg);
		return 0;
	case OPT_MARKDOWN:
		o->markdown = true;
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

static int dispatch(const struct options *o, int argc, char **argv)
{
	int operands = argc - optind - 1;

	if (operands < 0)
		return misused("which command?", "");
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &commands[i];

		if (strcmp(c->name, argv[optind]) != 0)
			continue;
		if (operands < c->least || operands > c->most)
			return misused(c->most ? "operands are missing or too many: "
					       : "no operands are taken by ",
				       c->name);
		return c->run ? c->run(o, argv + optind + 1) : run_simple(o, c);
	}
	return misused("no such command: ", argv[optind]);
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
