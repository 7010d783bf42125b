/* SPDX-License-Identifier: BSD-3-Clause */
/* What the seed of a transfer says. */
#include <stdio.h>
#include <string.h>

#include "sim/transfer.h"

static uint32_t one_of(struct rng *rng, const uint32_t *values, uint32_t n)
{
	return values[rng_below(rng, n)];
}

#define ONE_OF(...)                                      \
	one_of(&t->rng, (const uint32_t[]){__VA_ARGS__}, \
	       sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static const char *word_of(struct rng *rng, const char *const *words, uint32_t n)
{
	return words[rng_below(rng, n)];
}

#define WORD_OF(...)                                         \
	word_of(&t->rng, (const char *const[]){__VA_ARGS__}, \
		sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *))

static bool one_in(struct transfer *t, uint32_t n)
{
	return rng_below(&t->rng, n) == 0;
}

/* ---- settings ------------------------------------------------------------------------------ */

static void set_text(struct transfer *t, unsigned host, const char *key, const char *value)
{
	unsigned i = 0;

	while (t->settings[host][i])
		i++;
	assert_true(i < TRANSFER_SETTINGS);
	snprintf(t->text[host][i], sizeof(t->text[host][i]), "%s=%s", key, value);
	t->settings[host][i] = t->text[host][i];
}

static void set(struct transfer *t, unsigned host, const char *key, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	set_text(t, host, key, text);
}

/* Nobody may give up: 30 % of packets are lost each way, so 16 in a row sometimes are. */
static void set_patience(struct transfer *t, unsigned host)
{
	set(t, host, "tcp.retries", 100);
	set(t, host, "tcp.orphan_retries", 100);
	set(t, host, "tcp.syn_retries", 100);
	set(t, host, "tcp.synack_retries", 100);
	set(t, host, "tcp.keepcnt", 100);
	set(t, host, "arp.retries", 100);
	set(t, host, "arp.retry_ms", 500);
	set(t, host, "tcp.rto_max_ms", ONE_OF(2000, 10000, 120000));
}

static void choose_buffers(struct transfer *t, unsigned host, uint32_t mtu)
{
	uint32_t window = ONE_OF(2048, 8192, 65535, 65535, 262144);

	set(t, host, "tcp.window", window);
	set(t, host, "tcp.rcvbuf_max", window * ONE_OF(1, 2, 16));
	set(t, host, "tcp.sndbuf", ONE_OF(4096, 65536, 262144));
	set(t, host, "pool.buffers", mtu > 1500 ? 2047 : ONE_OF(255, 511, 511, 1023));
	set(t, host, "burst", ONE_OF(1, 4, 32, 32, 64));
	set(t, host, "timer_budget", ONE_OF(1, 256, 256, 256));
}

/* What the two offer each other, and how they send. */
static void choose_protocol(struct transfer *t, unsigned host)
{
	uint32_t fastopen = ONE_OF(0, 1, 3, 3, 519, 1543);
	const char *cookies = WORD_OF("never", "full", "full", "always");

	set(t, host, "tcp.timestamps", ONE_OF(0, 1, 1, 1));
	set(t, host, "tcp.sack", ONE_OF(0, 1, 1, 1));
	set(t, host, "tcp.wscale", ONE_OF(0, 1, 1, 1));
	set_text(t, host, "tcp.ecn", WORD_OF("off", "ask", "ask", "accept"));
	set_text(t, host, "tcp.syncookies", cookies);
	set_text(t, host, "tcp.congestion", WORD_OF("cubic", "reno", "bbr", "dctcp"));
	set_text(t, host, "tcp.ack_policy", WORD_OF("linux", "linux", "rfc"));
	set(t, host, "tcp.delack_ms", ONE_OF(1, 40, 40, 200, 499));
	set(t, host, "tcp.initcwnd", ONE_OF(1, 2, 10, 10, 10, 100));
	set(t, host, "tcp.keepalive_ms", ONE_OF(500, 5000, 7200000));
	/* All probes together outlast an ARP reply that the wire corrupted: believed for as long as
	 * a right one, then asked for 100 times. */
	set(t, host, "tcp.keepintvl_ms", ONE_OF(2000, 75000));
	set(t, host, "tcp.mtu_probing", ONE_OF(0, 1, 1));
	set(t, host, "tcp.fastopen", fastopen);
	if (host == 0)
		t->clients_fast = fastopen & 1;
	else
		t->cookies = strcmp(cookies, "never") != 0;
}

/* What ports that can do all of it do. */
static void choose_offloads(struct transfer *t, unsigned host)
{
	set(t, host, "offload.rx", ONE_OF(0, 1));
	set(t, host, "offload.tx", ONE_OF(0, 1, 1));
	set(t, host, "offload.sg", ONE_OF(0, 1, 1));
	set(t, host, "offload.tso", ONE_OF(0, 1, 1));
	set(t, host, "offload.lro", ONE_OF(0, 1));
}

/* Returns how much may be sent in one direction. */
static uint32_t choose_wire(struct transfer *t, struct nsk_wire_params *wire)
{
	uint32_t worst = ONE_OF(0, 0, 20000, 100000, 300000);

	*wire = (struct nsk_wire_params){
		.loss_ppm = rng_below(&t->rng, worst + 1),
		.duplicate_ppm = ONE_OF(0, 0, 10000, 50000),
		.corrupt_ppm = ONE_OF(0, 0, 10000, 30000),
		.reorder_ppm = ONE_OF(0, 0, 20000, 200000),
		.reorder_ns = ONE_OF(0, 100000, 5000000),
		.delay_ns = ONE_OF(0, 10000, 1000000, 20000000, 100000000),
		.jitter_ns = ONE_OF(0, 0, 1000000),
		.rate_bps = ONE_OF(0, 0, 1000000, 20000000, 1000000000),
		.queue_packets = ONE_OF(0, 0, 20, 100),
	};
	if (wire->rate_bps)
		wire->ecn_threshold = ONE_OF(0, 0, 5000, 30000);
	return worst > 20000 ? 200000 : 500000;
}

/* ---- connections --------------------------------------------------------------------------- */

static void choose_options(struct transfer *t, struct end_options *o)
{
	*o = (struct end_options){
		.nodelay = one_in(t, 3),
		.cork = one_in(t, 4),
		.keepalive = one_in(t, 2),
		.linger_s = (int)ONE_OF(0, 0, 1, 30),
		.user_timeout_ms = one_in(t, 12) ? ONE_OF(300, 5000) : ONE_OF(0, 0, 40000000),
	};
	if (one_in(t, 2))
		o->congestion = WORD_OF("cubic", "reno", "bbr", "dctcp");
	if (one_in(t, 4))
		o->rcvbuf = (int)ONE_OF(1, 3000, 20000, 200000);
	if (one_in(t, 4))
		o->sndbuf = (int)ONE_OF(1, 3000, 20000, 200000);
}

static uint32_t choose_size(struct transfer *t, uint32_t most)
{
	if (one_in(t, 4))
		return ONE_OF(0, 1, 2, 535, 1448, 1460, 1461);
	return rng_below(&t->rng, most);
}

static void choose_end(struct transfer *t, uint32_t most, unsigned index, unsigned side)
{
	struct end *e = &t->end[side][index];
	bool crumbs;

	*e = (struct end){.fd = -1, .key = t->world.seed * 16 + index * 2 + side};
	e->to_send = choose_size(t, most);
	crumbs = e->to_send < 3000 && one_in(t, 3);
	e->write_max = crumbs ? 10 : ONE_OF(300, 3000, TRANSFER_CHUNK);
	e->read_max = ONE_OF(300, 3000, TRANSFER_CHUNK);
	e->gap_ms = ONE_OF(0, 0, 0, 50, 3000);
	e->ending = (enum ending)rng_below(&t->rng, 2);
	e->aborts = one_in(t, 16);
	e->abort_left = e->aborts ? rng_below(&t->rng, e->to_send + 1) : 0;
	choose_options(t, &e->options);
}

/* Who has nothing to send finds out by asking that the other end is there no more. */
static void choose_keepalive(struct transfer *t, unsigned i)
{
	for (unsigned side = 0; side < 2; side++) {
		struct end *e = &t->end[side][i], *peer = &t->end[!side][i];

		if (peer->aborts || peer->options.user_timeout_ms ||
		    (t->fault[FAULT_VANISH].there && t->fault[FAULT_VANISH].host != side))
			e->options.keepalive = true;
	}
}

static void choose_conn(struct transfer *t, unsigned i, uint32_t most)
{
	struct end *a = &t->end[0][i], *b = &t->end[1][i];

	choose_end(t, most, i, 0);
	choose_end(t, most, i, 1);
	a->to_get = b->to_send;
	b->to_get = a->to_send;
	a->start_ns = SEC + ONE_OF(0, 0, 100, 3000) * MS;
	if (t->clients_fast && a->to_send)
		a->opening = (enum opening)ONE_OF(OPEN_PLAIN, OPEN_WITH_DATA, OPEN_BY_WRITING);
	/* Somebody has to begin, and not before the connection is open. And when FINs get lost for
	 * longer than FIN-WAIT-2 waits, a peer that still reads meets an RST: fair, but not what is
	 * to be seen here. */
	if (a->ending == SHUT_AFTER_EOF && b->ending == SHUT_AFTER_EOF)
		a->ending = t->lossy || a->to_get == 0 ? SHUT_AT_ONCE : CLOSE_WHEN_DONE;
	/* Of a client whose ACK is lost a server that gave a cookie knows nothing until there is
	 * something to send. */
	if (a->to_send == 0)
		a->ending = SHUT_AT_ONCE;
	choose_keepalive(t, i);
}

/* May packets get lost, or come late? */
static bool is_lossy(const struct transfer *t, const struct nsk_wire_params *wire)
{
	bool lossy = wire->loss_ppm || wire->corrupt_ppm || wire->reorder_ppm ||
		     wire->queue_packets || wire->ecn_threshold;

	for (unsigned kind = 0; kind < FAULTS; kind++)
		lossy |= t->fault[kind].there;
	return lossy;
}

void transfer_choose(struct transfer *t, uint64_t seed)
{
	struct world_params params = {.seed = seed};
	uint32_t most;

	memset(t, 0, sizeof(*t));
	rng_seed(&t->rng, seed);
	most = choose_wire(t, &params.wire);
	params.mtu = ONE_OF(1500, 1500, 1500, 256, 576, 9000);
	for (unsigned host = 0; host < 2; host++) {
		set_patience(t, host);
		choose_buffers(t, host, params.mtu);
		choose_protocol(t, host);
	}
	t->fastopen = (int)ONE_OF(0, 1, 16);
	t->backlog = (int)ONE_OF(1, 2, 16, 16);
	transfer_choose_faults(t, seed);
	t->lossy = is_lossy(t, &params.wire);
	t->world.seed = seed;
	t->conns = rng_range(&t->rng, 1, TRANSFER_CONNS);
	for (unsigned i = 0; i < t->conns; i++)
		choose_conn(t, i, most / t->conns + 1);
	params.nic = one_in(t, 2);
	for (unsigned host = 0; host < 2; host++)
		choose_offloads(t, host);
	params.settings = t->settings[0];
	params.settings_b = t->settings[1];
	world_pair(&t->world, &params);
	trace_start(&t->trace, &t->world);
	t->trace.cookies = t->cookies;
}
