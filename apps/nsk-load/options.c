/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/options.h"

#include <string.h>

#include "nsk-load/addresses.h"

const char *const load_examples =
	"  nsk-load -d net_memif0,role=client,id=0,socket=/tmp/m -a 10.0.0.1/24 \\\n"
	"           --target 10.0.0.2:80 --http --connections 1000\n"
	"      closed loop: 1,000 connections, one request outstanding on each\n"
	"  nsk-load ... --target 10.0.0.2:7 --rate 200000 --connections 500 --duration 30\n"
	"      open loop: 200,000 requests/s whatever the server does; latency from the time a request was due\n"
	"  nsk-load ... --target 10.0.0.2:80 --http --short --connections 64\n"
	"      connections/s: SYN, request, answer, close\n"
	"  nsk-load ... --target 10.0.0.2:7 --connections 1000000 --source-range 10.0.1.0/24\n"
	"      a million connections to one port\n"
	"  nsk-load ... --target 10.0.0.2:7 --bulk both --bytes 104857600 --connections 1\n"
	"      100 MiB there and back, every byte compared\n"
	"  nsk-load ... --engine raw --target 10.0.0.2:7 --connections 64\n"
	"      the same frames against nsk-reflect: the ceiling\n"
	"  nsk-load --engine kernel --target 10.0.0.2:7 --connections 64\n"
	"      the same load from the kernel's own sockets\n";

#define SETTER(name) static bool set_##name(void *arg, const char *value)
#define OPTIONS	     ((struct options *)arg)

static const char *const engines[] = {"lean", "raw", "stack", "kernel"};

SETTER(engine)
{
	for (unsigned i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i], value) == 0)
			OPTIONS->engine = value;
	return OPTIONS->engine == value || program_wants("lean, raw, stack or kernel");
}

SETTER(target)
{
	struct options *o = OPTIONS;

	if (o->ntargets == LOAD_TARGETS)
		return program_wants("%u targets at most", LOAD_TARGETS);
	return (parse_target(value, &o->target[o->ntargets]) && ++o->ntargets) ||
	       program_wants("ADDRESS:PORT of a host, such as 10.0.0.2:7 or [2001:db8::2]:7");
}

SETTER(connections)
{
	return parse_u32(value, 1, LOAD_CONNECTIONS, &OPTIONS->connections);
}

SETTER(in_flight)
{
	return parse_u32(value, 1, LOAD_CONNECTIONS, &OPTIONS->in_flight);
}

SETTER(handshakes)
{
	return parse_u32(value, 1, LOAD_CONNECTIONS, &OPTIONS->handshakes);
}

SETTER(request)
{
	return parse_u32(value, 1, 1 << 24, &OPTIONS->request_bytes);
}

SETTER(response)
{
	return parse_u32(value, 1, 1 << 30, &OPTIONS->response_bytes);
}

SETTER(path)
{
	OPTIONS->path = value;
	return (*value == '/' && strlen(value) < 512 && !strpbrk(value, " \r\n")) ||
	       program_wants("a path that begins with /, without blanks, 511 bytes at most");
}

SETTER(bulk)
{
	static const char *const names[] = {"", "send", "recv", "both"};

	for (unsigned i = BULK_SEND; i <= BULK_BOTH; i++)
		if (strcmp(value, names[i]) == 0)
			OPTIONS->bulk = (enum bulk)i;
	return OPTIONS->bulk != BULK_NONE || program_wants("send, recv or both");
}

SETTER(bytes)
{
	return parse_u64(value, 1, UINT64_C(1) << 50, &OPTIONS->bulk_bytes);
}

SETTER(rate)
{
	return (parse_seconds(value, &OPTIONS->rate) && OPTIONS->rate > 0) ||
	       program_wants("requests a second, more than 0");
}

SETTER(think)
{
	return parse_u32(value, 0, 3600000, &OPTIONS->think_ms);
}

SETTER(requests_total)
{
	return parse_u64(value, 1, UINT64_MAX / 2, &OPTIONS->requests_total);
}

SETTER(timeout)
{
	return parse_u32(value, 1, 3600000, &OPTIONS->timeout_ms);
}

SETTER(rto)
{
	return parse_u32(value, 1, 60000, &OPTIONS->rto_ms);
}

SETTER(window)
{
	return parse_u32(value, 536, 65535u << 14, &OPTIONS->window);
}

SETTER(source_range)
{
	return parse_range(value, &OPTIONS->source_first, &OPTIONS->source_count) ||
	       program_wants(
		       "10.0.1.0/24, 10.0.1.1-10.0.1.9 or 10.0.1.1+9, 65536 addresses at most");
}

SETTER(ports)
{
	return parse_ports(value, &OPTIONS->port_first, &OPTIONS->port_last) ||
	       program_wants("FIRST-LAST, such as 1024-65535");
}

const struct option_row load_option_rows[] = {
	{"engine", "NAME",
	 "lean (default), raw and stack: over -d; kernel: the system's own sockets", set_engine, 0},
	{"target", "ADDR:PORT", "whom to load; up to 64 times, connections take turns", set_target,
	 0},
	{"connections", "N", "connections at a time, to 1,000,000 (default 1)", set_connections, 0},
	{"in-flight", "N", "requests at a time over all connections (default: one each)",
	 set_in_flight, 0},
	{"handshakes", "N", "connections being opened at a time (default 512)", set_handshakes, 0},
	{"request", "BYTES", "size of a request (default 64)", set_request, 0},
	{"response", "BYTES", "size of an answer (default: the request comes back and is compared)",
	 set_response, 0},
	{"http", NULL, "GET requests, answers by their Content-Length", option_flag,
	 offsetof(struct options, http)},
	{"path", "PATH", "what to GET (default /)", set_path, 0},
	{"short", NULL, "one request a connection: SYN, request, answer, close", option_flag,
	 offsetof(struct options, short_lived)},
	{"udp", NULL, "UDP echo", option_flag, offsetof(struct options, udp)},
	{"bulk", "WHICH", "throughput: send, recv, or both (echo, compared)", set_bulk, 0},
	{"bytes", "N", "bulk bytes a connection and direction (default: until the time is over)",
	 set_bytes, 0},
	{"zero-copy", NULL, "bulk send by reference (engine stack)", option_flag,
	 offsetof(struct options, zero_copy)},
	{"rate", "R", "open loop: requests/s (default: closed loop)", set_rate, 0},
	{"think", "MS", "pause between answer and next request (default 0)", set_think, 0},
	{"requests-total", "N", "end after so many requests, without warm-up (default: by time)",
	 set_requests_total, 0},
	{"duration", "SECONDS", "measured time (default 10)", option_duration,
	 offsetof(struct options, duration_s)},
	{"warmup", "SECONDS", "load before it is measured, once all are connected (default 1)",
	 option_seconds, offsetof(struct options, warmup_s)},
	{"patience", "SECONDS",
	 "end if nothing opens or, in a run by count, answers for so long (default 10; refused: 1)",
	 option_duration, offsetof(struct options, patience_s)},
	{"ramp", "SECONDS", "time over which connections are opened (default 0)", option_seconds,
	 offsetof(struct options, ramp_s)},
	{"interval", "SECONDS", "time between progress lines (default 1)", option_interval,
	 offsetof(struct options, interval_s)},
	{"timeout", "MS", "when an answer, or a handshake, is given up (default 5000, UDP 1000)",
	 set_timeout, 0},
	{"rto", "MS", "first retransmission timeout, lean (default 200)", set_rto, 0},
	{"window", "BYTES", "receive window, lean (default 65535; 262140 with --bulk)", set_window,
	 0},
	{"source-range", "RANGE",
	 "own addresses: CIDR, FIRST-LAST or FIRST+COUNT (default: that of -a)", set_source_range,
	 0},
	{"ports", "FIRST-LAST", "own ports, lean and raw (default 1024-65535)", set_ports, 0},
	{"no-checksum", NULL, "do not verify checksums of what comes, lean and raw", option_flag,
	 offsetof(struct options, no_checksum)},
	{"strict", NULL, "exit with 1 if there was any error", option_flag,
	 offsetof(struct options, strict)},
	{"quiet", NULL, "print the summary only", option_flag, offsetof(struct options, quiet)},
	{"json", NULL, "print JSON, one object a line", option_flag,
	 offsetof(struct options, json)},
	{0},
};

void options_init(struct options *o)
{
	*o = (struct options){
		.engine = "lean",
		.connections = 1,
		.handshakes = 512,
		.request_bytes = 64,
		.response_bytes = UINT32_MAX,
		.path = "/",
		.duration_s = 10,
		.warmup_s = 1,
		.interval_s = 1,
		.rto_ms = 200,
		.port_first = 1024,
		.port_last = 65535,
	};
}

/* ---- what makes no sense together ---------------------------------------------------------- */

/* What a run is, a bit each. */
enum {
	LEAN = 1,
	RAW = 2,
	STACK = 4,
	KERNEL = 8,
	BULK = 16,
	NO_BULK = 32,
	SENDS = 64,	/* --bulk send or both */
	RECEIVES = 128, /* --bulk recv */
	HTTP = 256,
	NO_HTTP = 512,
	SHORT = 1024,
	UDP = 2048,
	RATE = 4096,
	COUNTED = 8192, /* so many requests or bytes */
};

/* Options that would do nothing in a run that is one of these. */
static const struct {
	const char *option;
	unsigned in;
	const char *why;
} useless[] = {
	{"short", RAW, "is for engines that know connections"},
	{"bulk", RAW, "is for engines that know connections"},
	{"udp", BULK, "goes without --bulk"},
	{"short", BULK | UDP, "goes with neither --bulk nor --udp"},
	{"rate", BULK, "goes without --bulk"},
	{"think", BULK | SHORT | RATE, "goes with none of --bulk, --short and --rate"},
	{"in-flight", BULK, "goes without --bulk"},
	{"requests-total", BULK, "goes without --bulk, which has --bytes"},
	{"bytes", NO_BULK, "goes with --bulk"},
	{"zero-copy", LEAN | RAW | KERNEL, "is for --engine stack"},
	{"zero-copy", NO_BULK | RECEIVES, "goes with --bulk send or both"},
	{"http", UDP, "goes without --udp"},
	{"http", SENDS, "goes with --bulk recv alone"},
	{"path", NO_HTTP, "goes with --http"},
	{"request", HTTP | BULK, "goes with neither --http nor --bulk"},
	{"response", HTTP, "goes without --http: such an answer says its own length"},
	{"response", BULK | RAW, "goes with neither --bulk nor --engine raw"},
	{"handshakes", RAW | UDP | SHORT, "goes with none of --engine raw, --udp and --short"},
	{"rto", RAW | STACK | KERNEL | UDP, "is for --engine lean over TCP"},
	{"window", RAW | STACK | KERNEL | UDP, "is for --engine lean over TCP"},
	{"ports", STACK | KERNEL, "is for --engine lean and raw"},
	{"no-checksum", STACK | KERNEL, "is for --engine lean and raw"},
	{"duration", COUNTED, "goes with neither --requests-total nor --bytes"},
	{"warmup", COUNTED, "goes with neither --requests-total nor --bytes"},
};

static unsigned run_of(const struct options *o)
{
	unsigned run = 0;

	for (unsigned i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i], o->engine) == 0)
			run |= LEAN << i;
	run |= o->bulk ? BULK : NO_BULK;
	run |= o->bulk & BULK_SEND ? SENDS : 0;
	run |= o->bulk == BULK_RECV ? RECEIVES : 0;
	run |= o->http ? HTTP : NO_HTTP;
	run |= o->short_lived ? SHORT : 0;
	run |= o->udp ? UDP : 0;
	run |= o->rate > 0 ? RATE : 0;
	run |= o->requests_total || o->bulk_bytes ? COUNTED : 0;
	return run;
}

/* A connection has an address and a port of its own, whomever it goes to. */
static void check_ports(const struct options *o, const struct program *p)
{
	uint32_t addresses = o->source_count ? o->source_count : 1;
	uint32_t ports = o->port_last - o->port_first + 1u;

	if ((uint64_t)addresses * ports < o->connections)
		program_misuse(
			p,
			"--connections %u: more than addresses times ports, %u times %u; see "
			"--source-range and --ports",
			o->connections, addresses, ports);
}

static void check_shared(const struct options *o, unsigned run, const struct program *p,
			 const struct nsk_config *config)
{
	if (run & KERNEL) {
		if (nsk_config_given(config, NULL))
			program_misuse(p,
				       "--engine kernel uses the system's own sockets: -d and the "
				       "other options of a stack do nothing there");
		return;
	}
	program_need_device(p, config);
	if (run & (LEAN | RAW)) {
		program_raw(p, config, 1);
		check_ports(o, p);
	}
	if (!nsk_config_addresses(config) && (run & STACK || !o->source_count))
		program_misuse(p, "no address of our own: give it with -a");
	if (nsk_config_addresses(config) > 1 && run & (LEAN | RAW))
		program_misuse(p, "--address: one is used; --source-range takes more");
	if (run & STACK && nsk_config_worker_count(config) > o->connections)
		program_misuse(p, "%u workers for --connections %u: some would idle",
			       nsk_config_worker_count(config), o->connections);
	for (uint32_t i = 0; i < o->ntargets; i++)
		if (o->target[i].sa.sa_family != AF_INET)
			program_misuse(p, "--target %s: --engine kernel alone speaks IPv6",
				       o->target[i].text);
}

void options_check(struct options *o, const struct program *p, const struct nsk_config *config)
{
	unsigned run = run_of(o);

	if (!o->ntargets)
		program_misuse(p, "no --target: give ADDRESS:PORT of whom to load");
	for (unsigned i = 0; i < sizeof(useless) / sizeof(useless[0]); i++)
		if (run & useless[i].in && program_given(p, useless[i].option))
			program_misuse(p, "--%s %s", useless[i].option, useless[i].why);
	if (o->udp && o->request_bytes > 65507)
		program_misuse(p, "--request: a datagram has room for 65507 bytes");
	check_shared(o, run, p, config);
	if (!o->timeout_ms)
		o->timeout_ms = o->udp ? 1000 : 5000;
	if (!program_given(p, "patience"))
		o->patience_s = o->timeout_ms > 10000 ? o->timeout_ms / 1e3 : 10;
}
