/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsk-echo: TCP and UDP echo, and an HTTP responder, on every worker of a stack, with a table a
 * second.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/program.h"
#include "common/report.h"
#include "nsk-echo/server.h"

#define WORKERS_MAX 64

struct echo {
	struct server_options server;
	bool json;
	bool failed; /* [A] a worker has said why */
	unsigned workers;
	struct report_times times;
	struct {
		uint64_t requests;
		char pad[56]; /* workers count on lines of their own */
	} worker[WORKERS_MAX];
};

static bool add_port(uint16_t *ports, unsigned *count, const char *text)
{
	if (*count == SERVER_PORTS)
		return program_wants("%u ports at most", SERVER_PORTS);
	return parse_port(text, &ports[*count]) && ++*count;
}

static bool set_tcp(void *arg, const char *value)
{
	struct server_options *s = &((struct echo *)arg)->server;

	return add_port(s->tcp, &s->ntcp, value);
}

static bool set_udp(void *arg, const char *value)
{
	struct server_options *s = &((struct echo *)arg)->server;

	return add_port(s->udp, &s->nudp, value);
}

static bool set_http(void *arg, const char *value)
{
	struct server_options *s = &((struct echo *)arg)->server;

	return add_port(s->http, &s->nhttp, value);
}

static bool set_body(void *arg, const char *value)
{
	return parse_u32(value, 0, 1 << 20, &((struct echo *)arg)->server.body_bytes);
}

static bool set_backlog(void *arg, const char *value)
{
	uint32_t backlog;

	if (!parse_u32(value, 1, 65535, &backlog))
		return false;
	((struct echo *)arg)->server.backlog = (int)backlog;
	return true;
}

static const struct option_row rows[] = {
	{"tcp", "PORT",
	 "echo TCP on this port; up to 8 times (7 unless another port option is given)", set_tcp,
	 0},
	{"udp", "PORT",
	 "echo UDP on this port; up to 8 times (7 unless another port option is given)", set_udp,
	 0},
	{"http", "PORT", "answer every HTTP request on this port; up to 8 times", set_http, 0},
	{"body", "BYTES", "size of the HTTP answer's body (default 64)", set_body, 0},
	{"backlog", "N", "listen() backlog (default 1024)", set_backlog, 0},
	{"duration", "SECONDS", "end after this time (default: run until Ctrl-C)", option_duration,
	 offsetof(struct echo, times.duration_s)},
	{"interval", "SECONDS", "time between lines of the table (default 1)", option_interval,
	 offsetof(struct echo, times.interval_s)},
	{"quiet", NULL, "print the summary only", option_flag, offsetof(struct echo, times.quiet)},
	{"json", NULL, "print JSON, one object a line", option_flag, offsetof(struct echo, json)},
	{0},
};

static int serve(void *arg)
{
	struct echo *echo = arg;

	if (server_run(&echo->server, &echo->worker[nsk_worker_index()].requests) == 0)
		return 0;
	__atomic_store_n(&echo->failed, true, __ATOMIC_RELEASE);
	program_end();
	return -1;
}

static bool total_requests(void *arg, uint64_t *total)
{
	const struct echo *echo = arg;

	*total = 0;
	for (unsigned i = 0; i < echo->workers; i++)
		*total += __atomic_load_n(&echo->worker[i].requests, __ATOMIC_RELAXED);
	return !__atomic_load_n(&echo->failed, __ATOMIC_ACQUIRE);
}

static void watch(struct echo *echo, struct nsk_stack *stack)
{
	struct report report;

	echo->workers = nsk_stack_workers(stack);
	report_start(&report, stack, echo->json, 0);
	report_until_end(&report, &echo->times, total_requests, echo);
}

int main(int argc, char **argv)
{
	static struct echo echo = {.server = {.body_bytes = 64, .backlog = 1024},
				   .times = {.interval_s = 1}};
	const struct program program = {
		.name = "nsk-echo",
		.summary =
			"Echoes TCP and UDP and answers HTTP requests, on a TCP/IP stack of its own over DPDK.",
		.usage = "-d DEVARGS -a CIDR [options]",
		.examples =
			"  nsk-echo -d net_tap0,iface=nsk0 -a 10.9.0.2/24 --tcp 7 --http 80\n"
			"      then: ip addr add 10.9.0.1/24 dev nsk0; ping 10.9.0.2; curl http://10.9.0.2/\n",
		.rows = rows,
		.options = &echo,
	};
	struct nsk_config *config = program_args(&program, &argc, argv);
	struct nsk_stack *stack;
	int rc;

	if (!echo.server.ntcp && !echo.server.nudp && !echo.server.nhttp) {
		set_tcp(&echo, "7");
		set_udp(&echo, "7");
	}
	stack = program_stack(&program, config);
	nsk_config_free(config);
	program_catch_signals(stack);
	if (!echo.json)
		report_interfaces(stack);
	if (nsk_launch(stack, serve, &echo))
		program_fail(&program, "cannot start workers: %s", strerror(errno));
	watch(&echo, stack);
	nsk_stop(stack);
	rc = nsk_join(stack);
	program_stack_end(stack);
	return program_status(&program, rc ? 1 : 0);
}
