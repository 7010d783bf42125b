/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Engines lean and raw: one thread, one raw port, the lean client on it.
 *
 * Engine raw is the same without TCP: each request is one frame, TCP-shaped or UDP, that
 * nsk-reflect returns. What it reaches is what the wire and the generator allow.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-load/lean.h"
#include "nsk-load/sum.h"
#include "nsk-load/wire_raw.h"

static void prepare(struct load *load)
{
	load->workers = 1;
}

static void take_facts(struct lean *l, const struct nsk_raw_info *info)
{
	l->own_addr = load32(info->address);
	l->prefix_mask = info->prefix_len ? UINT32_MAX << (32 - info->prefix_len) : 0;
	l->gateway = load32(info->gateway);
}

static void run(struct load *load, unsigned worker, bool raw)
{
	struct result *r = load->result[worker];
	struct nsk_raw_info info;
	struct lean *l = calloc(1, sizeof(*l));
	struct wire *wire = l ? wire_raw_open(load->config, &info) : NULL;

	if (!wire) {
		const char *why = nsk_config_error(load->config);

		load->status = program_config_status(errno);
		load_fail(load, "%s", *why ? why : strerror(errno));
		free(l);
		return;
	}
	l->wire = wire;
	l->load = load;
	l->o = load->options;
	l->result = r;
	l->datagrams = raw || l->o->udp;
	l->proto = l->o->udp ? PROTO_UDP : PROTO_TCP;
	take_facts(l, &info);
	if (lean_setup(l) == 0)
		while (lean_turn(l))
			;
	lean_teardown(l);
	wire_raw_close(wire);
	free(l);
}

static void run_lean(struct load *load, unsigned worker)
{
	run(load, worker, false);
}

static void run_raw(struct load *load, unsigned worker)
{
	run(load, worker, true);
}

const struct engine lean_engine = {.name = "lean", .prepare = prepare, .run = run_lean};
const struct engine raw_engine = {.name = "raw", .prepare = prepare, .run = run_raw};
