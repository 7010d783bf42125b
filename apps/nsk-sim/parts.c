/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/fields.h"

#define SECOND	 UINT64_C(1000000000)
#define HOUR	 (3600 * SECOND)
#define YEAR	 (8760 * HOUR)
#define MILLION	 1000000
#define TERABYTE UINT64_C(1000000000000)

/* ---- links --------------------------------------------------------------------------------- */

/* What happens to the packets of one direction; at: where its struct nsk_wire_params lies. */
#define DIRECTION(at)                                                                              \
	{"rate",                                                                                   \
	 FIELD_RATE,                                                                               \
	 (at) + offsetof(struct nsk_wire_params, rate_bps),                                        \
	 1000,                                                                                     \
	 UINT64_C(10000000000000),                                                                 \
	 NULL},                                                                                    \
		{"delay", FIELD_TIME, (at) + offsetof(struct nsk_wire_params, delay_ns),           \
		 0,	  HOUR,	      NULL},                                                       \
		{"jitter", FIELD_TIME, (at) + offsetof(struct nsk_wire_params, jitter_ns),         \
		 0,	   HOUR,       NULL},                                                      \
		{"queue", FIELD_BYTES, (at) + offsetof(struct nsk_wire_params, queue_bytes),       \
		 1,	  TERABYTE,    NULL},                                                      \
		{"queue_packets",                                                                  \
		 FIELD_COUNT,                                                                      \
		 (at) + offsetof(struct nsk_wire_params, queue_packets),                           \
		 1,                                                                                \
		 1u << 24,                                                                         \
		 NULL},                                                                            \
		{"loss", FIELD_SHARE, (at) + offsetof(struct nsk_wire_params, loss_ppm),           \
		 0,	 MILLION,     NULL},                                                       \
		{"burst", FIELD_SHARE, (at) + offsetof(struct nsk_wire_params, burst_ppm),         \
		 0,	  MILLION,     NULL},                                                      \
		{"burst_packets",                                                                  \
		 FIELD_COUNT,                                                                      \
		 (at) + offsetof(struct nsk_wire_params, burst_packets),                           \
		 1,                                                                                \
		 MILLION,                                                                          \
		 NULL},                                                                            \
		{"burst_loss",                                                                     \
		 FIELD_SHARE,                                                                      \
		 (at) + offsetof(struct nsk_wire_params, burst_loss_ppm),                          \
		 1,                                                                                \
		 MILLION,                                                                          \
		 NULL},                                                                            \
		{"duplicate", FIELD_SHARE, (at) + offsetof(struct nsk_wire_params, duplicate_ppm), \
		 0,	      MILLION,	   NULL},                                                  \
		{"corrupt", FIELD_SHARE, (at) + offsetof(struct nsk_wire_params, corrupt_ppm),     \
		 0,	    MILLION,	 NULL},                                                    \
		{"reorder", FIELD_SHARE, (at) + offsetof(struct nsk_wire_params, reorder_ppm),     \
		 0,	    MILLION,	 NULL},                                                    \
		{"reorder_by", FIELD_TIME, (at) + offsetof(struct nsk_wire_params, reorder_ns), 1, \
		 HOUR,	       NULL},                                                              \
		{"ecn_threshold",                                                                  \
		 FIELD_BYTES,                                                                      \
		 (at) + offsetof(struct nsk_wire_params, ecn_threshold),                           \
		 1,                                                                                \
		 TERABYTE,                                                                         \
		 NULL},

struct link_faults {
	uint32_t rxfail_ppm, txfull_ppm, txpart_ppm;
};

static const struct field link_fields[] = {
	{"ends", FIELD_OTHER, 0, 0, 0, NULL},
	{"addresses", FIELD_OTHER, 0, 0, 0, NULL},
	{"mtu", FIELD_COUNT, offsetof(struct sim_link, mtu), 68, 65535, NULL},
	{"back", FIELD_OTHER, 0, 0, 0, NULL},
	{"ports", FIELD_OTHER, 0, 0, 0, NULL},
	DIRECTION(offsetof(struct sim_link, dir)){0},
};

static const struct field back_fields[] = {DIRECTION(0){0}};

const struct field parts_set_fields[] = {
	{"mtu", FIELD_COUNT, offsetof(struct nsk_wire_params, mtu), 68, 65535, NULL},
	{"back", FIELD_OTHER, 0, 0, 0, NULL},
	DIRECTION(0){0},
};

static const struct field port_fields[] = {
	{"no_buffer", FIELD_SHARE, offsetof(struct link_faults, rxfail_ppm), 0, MILLION, NULL},
	{"tx_full", FIELD_SHARE, offsetof(struct link_faults, txfull_ppm), 0, MILLION, NULL},
	{"tx_partial", FIELD_SHARE, offsetof(struct link_faults, txpart_ppm), 0, MILLION, NULL},
	{0},
};

bool parts_read_link(struct scenario *s, const config_setting_t *at, struct sim_link *link)
{
	const config_setting_t *back, *ports;
	struct link_faults f = {0};
	char where[SIM_NAME + 32];

	snprintf(where, sizeof(where), "link \"%s\"", link->name);
	if (!fields_read(s, at, link_fields, link, where))
		return false;
	link->dir[1] = link->dir[0];
	back = config_setting_get_member(at, "back");
	snprintf(where, sizeof(where), "back of link \"%s\"", link->name);
	if (back && !fields_read(s, back, back_fields, &link->dir[1], where))
		return false;
	ports = config_setting_get_member(at, "ports");
	snprintf(where, sizeof(where), "ports of link \"%s\"", link->name);
	if (ports && !fields_read(s, ports, port_fields, &f, where))
		return false;
	if (f.rxfail_ppm || f.txfull_ppm || f.txpart_ppm)
		snprintf(link->fault, sizeof(link->fault), "rxfail=%g%%,txfull=%g%%,txpart=%g%%",
			 f.rxfail_ppm / 1e4, f.txfull_ppm / 1e4, f.txpart_ppm / 1e4);
	return true;
}

/* ---- applications -------------------------------------------------------------------------- */

const char *const parts_kinds[] = {
	[SIM_BULK] = "bulk",
	[SIM_REQUEST] = "request",
	[SIM_SHORT] = "short",
	[SIM_HALF_CLOSE] = "half-close",
	[SIM_UDP] = "udp",
	[SIM_STEPS] = "steps",
	NULL,
};

static const char *const expects[] =
	{[EXPECT_DONE] = "done", [EXPECT_ERROR] = "error", [EXPECT_ANY] = "any", NULL};

#define APP(field) offsetof(struct sim_app, field)

static const struct field app_fields[] = {
	{"kind", FIELD_CHOICE, APP(kind), 0, 0, parts_kinds},
	{"from", FIELD_HOST, APP(from), 0, 0, NULL},
	{"to", FIELD_HOST, APP(to), 0, 0, NULL},
	{"link", FIELD_LINK, APP(link), 0, 0, NULL},
	{"port", FIELD_COUNT, APP(port), 1, 65535, NULL},
	{"connections", FIELD_COUNT, APP(connections), 1, 20000, NULL},
	{"count", FIELD_COUNT, APP(count), 1, 1000 * MILLION, NULL},
	{"expect", FIELD_CHOICE, APP(expect), 0, 0, expects},
	{"start", FIELD_TIME, APP(start_ns), 0, YEAR, NULL},
	{"stagger", FIELD_TIME, APP(stagger_ns), 0, YEAR, NULL},
	{"bytes", FIELD_BYTES, APP(bytes), 0, TERABYTE, NULL},
	{"bytes_back", FIELD_BYTES, APP(bytes_back), 0, TERABYTE, NULL},
	{"duration", FIELD_TIME, APP(duration_ns), 1, YEAR, NULL},
	{"warmup", FIELD_TIME, APP(warmup_ns), 0, YEAR, NULL},
	{"request", FIELD_BYTES, APP(request_bytes), 1, TERABYTE, NULL},
	{"response", FIELD_BYTES, APP(response_bytes), 1, TERABYTE, NULL},
	{"think", FIELD_TIME, APP(think_ns), 0, YEAR, NULL},
	{"read_rate", FIELD_RATE, APP(read_bps), 1000, UINT64_C(10000000000000), NULL},
	{"write_bytes", FIELD_BYTES32, APP(write_bytes), 1, 65536, NULL},
	{"read_bytes", FIELD_BYTES32, APP(read_bytes), 1, 65536, NULL},
	{"sndbuf", FIELD_BYTES32, APP(sndbuf), 1, 1u << 30, NULL},
	{"rcvbuf", FIELD_BYTES32, APP(rcvbuf), 1, 1u << 30, NULL},
	{"user_timeout", FIELD_TIME, APP(user_timeout_ns), MILLION, 168 * HOUR, NULL},
	{"write_pause", FIELD_TIME, APP(write_pause_ns), 0, YEAR, NULL},
	{"options", FIELD_OTHER, 0, 0, 0, NULL},
	{"client_options", FIELD_OTHER, 0, 0, 0, NULL},
	{"server_options", FIELD_OTHER, 0, 0, 0, NULL},
	{"client_steps", FIELD_OTHER, 0, 0, 0, NULL},
	{"server_steps", FIELD_OTHER, 0, 0, 0, NULL},
	{"nodelay", FIELD_FLAG, APP(nodelay), 0, 0, NULL},
	{"urgent", FIELD_FLAG, APP(urgent), 0, 0, NULL},
	{"congestion", FIELD_TEXT, APP(congestion), 0, sizeof(((struct sim_app *)0)->congestion),
	 NULL},
	{0},
};

/* The link that an application uses, and which of its ends the client is on. */
static bool find_path(struct scenario *s, const config_setting_t *at, struct sim_app *a)
{
	for (uint32_t i = 0; i < s->nlinks; i++) {
		const struct sim_link *l = &s->link[i];

		if (a->link != SIM_NONE && a->link != i)
			continue;
		for (uint32_t side = 0; side < 2; side++)
			if (l->host[side] == a->from && l->host[!side] == a->to) {
				a->link = i;
				a->side = side;
				return true;
			}
	}
	if (a->link != SIM_NONE)
		return scenario_fail(s, at,
				     "application \"%s\": link \"%s\" does not join hosts "
				     "\"%s\" and \"%s\"",
				     a->name, s->link[a->link].name, s->host[a->from].name,
				     s->host[a->to].name);
	return scenario_fail(s, at,
			     "application \"%s\": no link joins hosts \"%s\" and \"%s\"; "
			     "hosts do not forward, so a link must lead straight there",
			     a->name, s->host[a->from].name, s->host[a->to].name);
}

static bool has(const config_setting_t *at, const char *name)
{
	return config_setting_get_member(at, name) != NULL;
}

/* Datagrams have few keys; what is longer than the MTU goes in fragments. */
static bool check_udp(struct scenario *s, const config_setting_t *at, const struct sim_app *a)
{
	static const char *const of_udp[] = {"kind",	 "from",  "to",	   "link",
					     "port",	 "count", "start", "request",
					     "response", "think", NULL};
	uint64_t room = 65507, least = 12;

	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *key = config_setting_get_elem(at, (unsigned)i);
		const char *const *name = of_udp;

		while (*name && strcmp(*name, config_setting_name(key)) != 0)
			name++;
		if (!*name)
			return scenario_fail(s, key,
					     "application \"%s\": %s is not for kind \"udp\"",
					     a->name, config_setting_name(key));
	}
	if (a->request_bytes < least || a->request_bytes > room ||
	    (a->response_bytes && (a->response_bytes < least || a->response_bytes > room)))
		return scenario_fail(s, at, "application \"%s\": datagrams have %llu to %llu bytes",
				     a->name, (unsigned long long)least, (unsigned long long)room);
	if (s->host[a->to].hostile.at)
		return scenario_fail(s, config_setting_get_member(at, "to"),
				     "application \"%s\": a hostile host has no use for datagrams",
				     a->name);
	return true;
}

static bool refuse_keys(struct scenario *s, const config_setting_t *at, const struct sim_app *a,
			const char *const *names)
{
	for (; *names; names++)
		if (has(at, *names))
			return scenario_fail(s, config_setting_get_member(at, *names),
					     "application \"%s\": %s is not for kind \"%s\"",
					     a->name, *names, parts_kinds[a->kind]);
	return true;
}

/* Keys that an application of another kind has. */
static bool check_kind(struct scenario *s, const config_setting_t *at, const struct sim_app *a)
{
	static const char *const of_bulk[] = {"bytes", "bytes_back", "duration", NULL};
	static const char *const of_request[] = {"request", "response", "count", "think", NULL};
	static const char *const of_steps[] = {"client_steps", "server_steps", NULL};
	bool bulk = a->kind == SIM_BULK || a->kind == SIM_HALF_CLOSE, steps = a->kind == SIM_STEPS;

	if (a->kind == SIM_UDP)
		return check_udp(s, at, a);
	if ((!bulk && !refuse_keys(s, at, a, of_bulk)) ||
	    ((bulk || steps) && !refuse_keys(s, at, a, of_request)) ||
	    (!steps && !refuse_keys(s, at, a, of_steps)))
		return false;
	if (steps && !has(at, "client_steps") && !has(at, "server_steps"))
		return scenario_fail(s, at,
				     "application \"%s\": kind \"steps\" has client_steps, "
				     "server_steps or both",
				     a->name);
	if (has(at, "duration") && (has(at, "bytes") || a->kind != SIM_BULK))
		return scenario_fail(s, config_setting_get_member(at, "duration"),
				     "application \"%s\": duration is for kind \"bulk\" and takes "
				     "the place of bytes",
				     a->name);
	if (a->kind == SIM_SHORT && has(at, "think"))
		return scenario_fail(s, config_setting_get_member(at, "think"),
				     "application \"%s\": think is not for kind \"short\"",
				     a->name);
	if (a->duration_ns && a->warmup_ns >= a->duration_ns)
		return scenario_fail(s, config_setting_get_member(at, "warmup"),
				     "application \"%s\": warmup is not shorter than duration",
				     a->name);
	return true;
}

/* The stack knows its congestion controls: those that the setting takes. */
static bool check_congestion(struct scenario *s, const config_setting_t *at,
			     const struct sim_app *a)
{
	struct nsk_config *config = nsk_config_new();
	bool good = config && (!a->congestion[0] ||
			       nsk_config_set(config, "tcp.congestion", a->congestion) == 0);

	if (!good)
		scenario_fail(s, config_setting_get_member(at, "congestion"),
			      "application \"%s\": %s", a->name,
			      config ? nsk_config_error(config) : "out of memory");
	nsk_config_free(config);
	return good;
}

/* What an application does that the file does not say. */
static void set_defaults(const config_setting_t *at, struct sim_app *a)
{
	if (!has(at, "kind") && (has(at, "client_steps") || has(at, "server_steps")))
		a->kind = SIM_STEPS;
	if (!has(at, "count"))
		a->count = a->kind == SIM_REQUEST || a->kind == SIM_SHORT || a->kind == SIM_UDP
				   ? 100
				   : 1;
	if (!a->request_bytes)
		a->request_bytes = 64;
	if (!a->response_bytes && a->kind != SIM_UDP)
		a->response_bytes = 64;
	if (!has(at, "think") && a->kind == SIM_UDP)
		a->think_ns = SECOND / 100;
	if (!has(at, "bytes") && !a->duration_ns && !a->bytes_back)
		a->bytes = MILLION;
	if (a->kind == SIM_HALF_CLOSE && !has(at, "bytes_back"))
		a->bytes_back = MILLION;
}

bool parts_read_app(struct scenario *s, const config_setting_t *at)
{
	struct sim_app *a = &s->app[s->napps];
	char where[SIM_NAME + 32];

	*a = (struct sim_app){.from = SIM_NONE, .to = SIM_NONE, .link = SIM_NONE, .at = at};
	a->port = 5001 + s->napps;
	a->connections = 1;
	a->write_bytes = a->read_bytes = 65536;
	if (!fields_name(s, at, a->name))
		return false;
	snprintf(where, sizeof(where), "application \"%s\"", a->name);
	if (!fields_read(s, at, app_fields, a, where) ||
	    !parts_read_options(s, at, where, a->options))
		return false;
	for (unsigned i = 0; i < 2; i++)
		if ((i ? a->to : a->from) == SIM_NONE)
			return scenario_fail(s, at,
					     "%s has no key \"%s\", which names the host "
					     "that %s",
					     where, i ? "to" : "from", i ? "listens" : "connects");
	set_defaults(at, a);
	if (!find_path(s, at, a) || !check_kind(s, at, a) || !check_congestion(s, at, a))
		return false;
	for (uint32_t i = 0; i < s->napps; i++)
		if (s->app[i].to == a->to && s->app[i].port == a->port)
			return scenario_fail(s, at, "%s: port %u of host \"%s\" is that of \"%s\"",
					     where, a->port, s->host[a->to].name, s->app[i].name);
	if (s->host[a->from].hostile.at)
		return scenario_fail(
			s, config_setting_get_member(at, "from"),
			"%s: host \"%s\" is hostile; it connects to whom it likes, and "
			"runs no application",
			where, s->host[a->from].name);
	a->foreign = s->host[a->to].hostile.at != NULL;
	if (!parts_read_scripts(s, at, a))
		return false;
	parts_make_scripts(a);
	s->napps++;
	return true;
}
