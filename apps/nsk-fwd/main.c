/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsk-fwd: a router for IPv4 and IPv6 on every worker of a stack, with a table a second. What it
 * does with packets is the library's (lib/ip/forward.c); here it is switched on, and watched.
 */
#include <errno.h>
#include <string.h>

#include "common/program.h"
#include "common/report.h"

enum family {
	BOTH,
	IPV4,
	IPV6,
};

struct options {
	enum family family;
	bool json;
	struct report_times times;
};

static bool set_family(void *arg, const char *value)
{
	struct options *o = arg;

	if (strcmp(value, "4") == 0)
		o->family = IPV4;
	else if (strcmp(value, "6") == 0)
		o->family = IPV6;
	else
		return program_wants("4 or 6");
	return true;
}

static const struct option_row rows[] = {
	{"family", "4|6", "forward packets of one family alone (default both)", set_family, 0},
	{"duration", "SECONDS", "end after this time (default: run until Ctrl-C)", option_duration,
	 offsetof(struct options, times.duration_s)},
	{"interval", "SECONDS", "time between lines of the table (default 1)", option_interval,
	 offsetof(struct options, times.interval_s)},
	{"quiet", NULL, "print the summary only", option_flag,
	 offsetof(struct options, times.quiet)},
	{"json", NULL, "print JSON, one object a line", option_flag,
	 offsetof(struct options, json)},
	{0},
};

/* A worker's thread: it waits, and while it does the stack forwards. */
static int forward(void *arg)
{
	struct epoll_event event;
	int epoll = nsk_epoll_create1(0);

	(void)arg;
	if (epoll < 0) {
		perror("nsk-fwd: epoll");
		program_end();
		return -1;
	}
	while (nsk_epoll_wait(epoll, &event, 1, -1) >= 0 || errno == EINTR)
		continue;
	nsk_close(epoll);
	return 0;
}

static void watch(const struct options *o, struct nsk_stack *stack)
{
	struct report report;

	report_start(&report, stack, o->json, 0);
	report.router = true;
	report_until_end(&report, &o->times, NULL, NULL);
}

int main(int argc, char **argv)
{
	static struct options options = {.times = {.interval_s = 1}};
	const struct program program = {
		.name = "nsk-fwd",
		.summary =
			"Forwards IPv4 and IPv6 packets between its devices, by its routes. Answers ping.",
		.usage = "-c FILE | -d DEVARGS -a CIDR -d DEVARGS -a CIDR ... [options]",
		.examples =
			"  nsk-fwd -d net_tap0,iface=lan -a 10.1.0.1/24 -d net_tap1,iface=wan -a 192.0.2.2/24 -g 192.0.2.1\n"
			"      a router between two taps; routes other than the default one stand in a file: -c router.conf\n"
			"  nskctl interfaces; nskctl set ip.rp_filter true\n",
		.rows = rows,
		.options = &options,
	};
	struct nsk_config *config = program_args(&program, &argc, argv);
	struct nsk_stack *stack;
	int rc;

	if (nsk_config_set(config, "ip.forward", options.family == IPV6 ? "false" : "true") ||
	    nsk_config_set(config, "ipv6.forward", options.family == IPV4 ? "false" : "true"))
		program_config_fail(&program, config);
	stack = program_stack(&program, config);
	nsk_config_free(config);
	program_catch_signals(stack);
	if (!options.json)
		report_interfaces(stack);
	if (nsk_launch(stack, forward, NULL))
		program_fail(&program, "cannot start workers: %s", strerror(errno));
	watch(&options, stack);
	nsk_stop(stack);
	rc = nsk_join(stack);
	program_stack_end(stack);
	return program_status(&program, rc ? 1 : 0);
}
