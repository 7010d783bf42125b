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

SETTER(engine)
{
	OPTIONS->engine = value;
	return *value || program_wants("lean, raw, stack or kernel");
}

SETTER(target)
{
	struct options *o = OPTIONS;

	if (o->ntargets == LOAD_TARGETS)
		return program_wants("%u targets at most", LOAD_TARGETS);
	return (parse_target(value, &o->target[o->ntargets]) && ++o->ntargets) ||
	       program_wants("ADDRESS:PORT, such as 10.0.0.2:7 or [2001:db8::2]:7");
}

SETTER(connections)
{
	return parse_u32(value, 1, LOAD_CONNECTIONS, &OPTIONS->connections);
}

SETTER(in_flight)
{
	return parse_u32(value, 0, LOAD_CONNECTIONS, &OPTIONS->in_flight);
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
	{"duration", "SECONDS", "measured time (default 10)", option_seconds,
	 offsetof(struct options, duration_s)},
	{"warmup", "SECONDS", "load before it is measured, once all are connected (default 1)",
	 option_seconds, offsetof(struct options, warmup_s)},
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
	 "own addresses, lean: CIDR, FIRST-LAST or FIRST+COUNT (default: that of -a)",
	 set_source_range, 0},
	{"ports", "FIRST-LAST", "own ports, lean (default 1024-65535)", set_ports, 0},
	{"no-checksum", NULL, "do not verify checksums of what comes, lean", option_flag,
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

const char *options_check(struct options *o)
{
	if (!o->timeout_ms)
		o->timeout_ms = o->udp ? 1000 : 5000;
	if (!o->ntargets)
		return "no --target";
	if (o->bulk &&
	    (o->udp || o->short_lived || o->rate > 0 || o->requests_total || o->think_ms))
		return "--bulk goes with none of --udp, --short, --rate, --requests-total and --think";
	if (o->bulk == BULK_BOTH && o->http)
		return "--bulk both compares an echo; --http goes with --bulk recv";
	if (o->bulk == BULK_SEND && o->http)
		return "--http goes with --bulk recv";
	if (!o->bulk && (o->bulk_bytes || o->zero_copy))
		return "--bytes and --zero-copy need --bulk";
	if (o->udp && (o->http || o->short_lived))
		return "--udp goes with neither --http nor --short";
	if (o->udp && o->request_bytes > 65507)
		return "a datagram has room for 65507 bytes";
	if (o->rate > 0 && o->think_ms)
		return "--think is for the closed loop, --rate for the open one";
	if (o->http && o->response_bytes != UINT32_MAX)
		return "--response: an HTTP answer says its own length";
	return NULL;
}
