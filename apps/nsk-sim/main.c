/* SPDX-License-Identifier: BSD-3-Clause */
/* nsk-sim: runs scenarios on stacks and wires in one process, under virtual time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/program.h"
#include "nsk-sim/print.h"
#include "nsk-sim/process.h"
#include "nsk-sim/shrink.h"
#include "nsk-sim/sim.h"

#define SETS 64

struct options {
	const char *scenario;
	uint64_t seed, first, count;
	const char *pcap;
	const char *set[SETS];
	unsigned nsets;
	uint32_t timeout_s;
	bool seed_given, json, shrink, quiet, check;
};

#define SETTER(name) static bool set_##name(void *arg, const char *value)
#define OPTIONS	     ((struct options *)arg)

SETTER(seed)
{
	OPTIONS->seed_given = true;
	return parse_u64(value, 0, INT64_MAX, &OPTIONS->seed);
}

SETTER(seeds)
{
	struct options *o = OPTIONS;
	const char *colon = strchr(value, ':');
	char first[32];

	if (!colon || (size_t)(colon - value) >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(colon - value), value);
	return parse_u64(first, 0, INT64_MAX / 2, &o->first) &&
	       parse_u64(colon + 1, 1, INT64_MAX / 2, &o->count);
}

SETTER(pcap)
{
	OPTIONS->pcap = value;
	return *value != '\0';
}

SETTER(set)
{
	struct options *o = OPTIONS;

	if (o->nsets == SETS)
		return program_wants("%d changes at most", SETS);
	o->set[o->nsets++] = value;
	return true;
}

SETTER(timeout)
{
	return parse_u32(value, 1, 1000000, &OPTIONS->timeout_s);
}

static const struct option_row rows[] = {
	{"seed", "N", "of every random choice (default: the scenario's, else 1)", set_seed, 0},
	{"seeds", "FIRST:COUNT", "run so many seeds, each in a process of its own", set_seeds, 0},
	{"set", "PATH=VALUE", "change the scenario: links.wan.loss=1%, settings.tcp.sack=false",
	 set_set, 0},
	{"pcap", "FILE", "write all packets to a pcapng file (one seed; of what --shrink leaves)",
	 set_pcap, 0},
	{"shrink", NULL, "of a run that fails, find the least that still fails, and print it",
	 option_flag, offsetof(struct options, shrink)},
	{"timeout", "SECONDS", "of real time for a run, with --seeds and --shrink (default: none)",
	 set_timeout, 0},
	{"json", NULL, "print JSON, one object a run", option_flag, offsetof(struct options, json)},
	{"quiet", NULL, "print no tables, and nothing about a run that holds", option_flag,
	 offsetof(struct options, quiet)},
	{"check", NULL, "read the scenario, run nothing", option_flag,
	 offsetof(struct options, check)},
	{0},
};

static const char *const examples =
	"  nsk-sim config/sim-lossy.conf\n"
	"      one run: tables of applications and links; status 1 if anything was not as it must be\n"
	"  nsk-sim config/sim-lossy.conf --set links.wan.loss=5% --pcap out.pcapng\n"
	"      the same with more loss, and every packet for wireshark\n"
	"  nsk-sim config/sim-storm.conf --seeds 1:1000 --shrink\n"
	"      a thousand seeds; the first that fails is made as small as it gets\n";

static struct options options;

static const struct program program = {
	.name = "nsk-sim",
	.summary =
		"Runs a scenario (hosts, links, applications, faults) on the stack under virtual "
		"time.\nWhat a scenario file looks like: docs/NSK-SIM.md, config/sim-*.conf.",
	.usage = "[options] SCENARIO",
	.examples = examples,
	.rows = rows,
	.options = &options,
	.operands = "SCENARIO",
	.no_device = true,
	.no_stack = true,
};

/* A scenario that is wrong ends with status 2, as a command line. */
static void wrong(const char *text) __attribute__((noreturn));

static void wrong(const char *text)
{
	fprintf(stderr, "nsk-sim: %s\n", text);
	exit(2);
}

static void load(config_t *tree)
{
	char error[512];

	config_init(tree);
	if (!scenario_load(tree, options.scenario, error, sizeof(error)))
		wrong(error);
	for (unsigned i = 0; i < options.nsets; i++)
		if (!scenario_set(tree, options.set[i], error, sizeof(error)))
			wrong(error);
}

static uint64_t seed_of(const config_t *tree)
{
	long long seed = 1;

	if (options.seed_given)
		return options.seed;
	config_lookup_int64(tree, "seed", &seed);
	return (uint64_t)seed;
}

/* The command line that repeats a run. */
static void print_again(FILE *out, const char *name, uint64_t seed)
{
	fprintf(out, "again: %s %s --seed %llu", name, options.scenario, (unsigned long long)seed);
	for (unsigned i = 0; i < options.nsets; i++)
		fprintf(out, " --set '%s'", options.set[i]);
	fputc('\n', out);
}

static void print_result(const struct scenario *s, const struct result *r)
{
	if (options.json && (r->failed || !options.quiet))
		print_json(s, r);
	else if (!options.json && !options.quiet)
		print_text(s, r);
}

static void failed(config_t *tree, const char *name, const struct result *r)
{
	fflush(stdout);
	if (r->stopped) {
		fprintf(stderr, "nsk-sim: %s\n", r->why);
		return;
	}
	fprintf(stderr, "nsk-sim: FAILED with seed %llu %s\n", (unsigned long long)r->seed, r->why);
	print_again(stderr, name, r->seed);
	if (options.shrink)
		shrink(tree, options.scenario, r->seed, options.timeout_s, options.pcap, r, stdout);
}

static bool run_one(config_t *tree, const char *name, struct scenario *s)
{
	static struct result result;

	/* In this process, where a debugger and sanitizers see it; to be shrunk it must survive. */
	if (options.shrink)
		process_run(s, options.timeout_s, NULL, &result);
	else
		sim_scenario(s, options.pcap, isatty(2) && !options.quiet, &result);
	if (!options.shrink && (result.ended || !result.stopped))
		print_result(s, &result);
	if (result.failed)
		failed(tree, name, &result);
	else if (options.shrink && !options.quiet)
		fprintf(stderr, "nsk-sim: seed %llu holds: there is nothing to make smaller\n",
			(unsigned long long)result.seed);
	return !result.failed;
}

static bool run_seeds(config_t *tree, const char *name, struct scenario *s)
{
	static struct result result;

	for (uint64_t i = 0; i < options.count; i++) {
		if (!scenario_read(s, tree, options.scenario, options.first + i))
			wrong(s->error);
		process_run(s, options.timeout_s, NULL, &result);
		if (options.json)
			print_result(s, &result);
		if (result.failed) {
			failed(tree, name, &result);
			if (result.stopped)
				fprintf(stderr, "nsk-sim: %llu of %llu seeds from %llu held\n",
					(unsigned long long)i, (unsigned long long)options.count,
					(unsigned long long)options.first);
			return false;
		}
		if (isatty(2) && !options.quiet)
			fprintf(stderr, "\r%llu of %llu seeds ", (unsigned long long)i + 1,
				(unsigned long long)options.count);
	}
	if (isatty(2) && !options.quiet)
		fputs("\r", stderr);
	if (!options.json && !options.quiet)
		fprintf(options.shrink ? stderr : stdout,
			"%llu seeds from %llu: all as they must be\n",
			(unsigned long long)options.count, (unsigned long long)options.first);
	return true;
}

static void check_options(void)
{
	static const char *const runs[] = {"seed",    "seeds", "pcap", "shrink",
					   "timeout", "json",  NULL};

	for (const char *const *name = runs; options.check && *name; name++)
		if (program_given(&program, *name))
			program_misuse(&program, "--%s: --check runs nothing", *name);
	if (options.count && options.pcap && !options.shrink)
		program_misuse(&program,
			       "--pcap goes with one seed or --shrink; --seeds runs many");
	if (options.count && options.seed_given)
		program_misuse(&program, "--seed goes with one seed; --seeds runs many");
	if (options.timeout_s && !options.count && !options.shrink)
		program_misuse(&program, "--timeout goes with --seeds or --shrink");
	if (options.json && options.shrink)
		program_misuse(&program, "--json goes without --shrink, which prints a scenario");
}

int main(int argc, char **argv)
{
	static struct scenario scenario;
	config_t tree;
	bool good = true;

	nsk_config_free(program_args(&program, &argc, argv));
	if (argc != 2)
		program_misuse(&program, "give one scenario file, not %d", argc - 1);
	options.scenario = argv[1];
	check_options();
	program_catch_signals(NULL);
	load(&tree);
	if (!scenario_read(&scenario, &tree, options.scenario, seed_of(&tree)))
		wrong(scenario.error);
	if (!options.check)
		good = options.count ? run_seeds(&tree, argv[0], &scenario)
				     : run_one(&tree, argv[0], &scenario);
	else if (!options.quiet)
		printf("%s: hosts %u, links %u, applications %u, faults %u: nothing is wrong\n",
		       options.scenario, scenario.nhosts, scenario.nlinks, scenario.napps,
		       scenario.nfaults);
	config_destroy(&tree);
	return program_status(&program, good ? 0 : 1);
}
