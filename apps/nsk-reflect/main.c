/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsk-reflect: sends every packet of a port back where it came from, without any state: the ceiling
 * that figures of stacks on the same wire are held against.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include <netstk/raw.h>

#include "common/program.h"
#include "nsk-reflect/reflect.h"

#define BURST 32

struct options {
	double duration_s;
	bool json, quiet;
};

struct totals {
	uint64_t rx, tx, bytes, ignored, not_taken, polls, polls_empty;
};

static const struct option_row rows[] = {
	{"duration", "SECONDS", "end after this time (default: run until Ctrl-C)", option_duration,
	 offsetof(struct options, duration_s)},
	{"quiet", NULL, "print the summary only", option_flag, offsetof(struct options, quiet)},
	{"json", NULL, "print the summary as JSON", option_flag, offsetof(struct options, json)},
	{0},
};

/* One poll: what came, turned round in place, goes out; a full ring is tried once more and then
 * loses. */
static void reflect_burst(struct nsk_raw *raw, const struct reflect *r, struct totals *t)
{
	struct rte_mbuf *bufs[BURST];
	unsigned n = nsk_raw_rx(raw, bufs, BURST);
	unsigned out = 0, sent;

	t->polls++;
	if (n == 0) {
		t->polls_empty++;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		t->bytes += bufs[i]->pkt_len;
		if (reflect_packet(r, rte_pktmbuf_mtod(bufs[i], uint8_t *), bufs[i]->data_len)) {
			bufs[out++] = bufs[i];
		} else {
			t->ignored++;
			nsk_raw_free(raw, &bufs[i], 1);
		}
	}
	sent = nsk_raw_tx(raw, bufs, out);
	if (sent < out)
		sent += nsk_raw_tx(raw, bufs + sent, out - sent);
	if (sent < out)
		nsk_raw_free(raw, bufs + sent, out - sent);
	t->rx += n;
	t->tx += sent;
	t->not_taken += out - sent;
}

static void print_line(const struct totals *now, const struct totals *before, double seconds,
		       double at)
{
	printf("%8.1f s  rx %10.0f pkt/s  tx %10.0f pkt/s  %9.1f Mbit/s  ignored %llu  tx full %llu  empty polls %.0f %%\n",
	       at, per_second((double)(now->rx - before->rx), seconds),
	       per_second((double)(now->tx - before->tx), seconds),
	       per_second((double)(now->bytes - before->bytes) * 8e-6, seconds),
	       (unsigned long long)(now->ignored - before->ignored),
	       (unsigned long long)(now->not_taken - before->not_taken),
	       now->polls > before->polls
		       ? 100.0 * (double)(now->polls_empty - before->polls_empty) /
				 (double)(now->polls - before->polls)
		       : 0.0);
	fflush(stdout);
}

static void print_summary(const struct options *o, const struct totals *t, double seconds)
{
	static const struct totals none;

	if (o->json) {
		printf("{\"kind\":\"summary\",\"seconds\":%.3f,\"rx_packets\":%llu,\"tx_packets\":%llu,\"rx_bytes\":%llu,"
		       "\"ignored\":%llu,\"tx_full\":%llu,\"rx_packets_per_s\":%.0f}\n",
		       seconds, (unsigned long long)t->rx, (unsigned long long)t->tx,
		       (unsigned long long)t->bytes, (unsigned long long)t->ignored,
		       (unsigned long long)t->not_taken, per_second((double)t->rx, seconds));
		return;
	}
	printf("summary: ");
	print_line(t, &none, seconds, seconds);
}

static void run(struct nsk_raw *raw, const struct options *o)
{
	struct nsk_raw_info info;
	struct reflect r = {0};
	struct totals now = {0}, before = {0};
	uint64_t start = nsk_raw_now(raw), line = start, t = start;
	uint64_t end = o->duration_s > 0 ? start + (uint64_t)(o->duration_s * 1e9) : UINT64_MAX;

	nsk_raw_info(raw, &info);
	r.ethernet = info.ethernet;
	memcpy(r.mac, info.mac, sizeof(r.mac));
	memcpy(r.address, info.address, sizeof(r.address));
	while (!program_ended() && t < end) {
		reflect_burst(raw, &r, &now);
		t = nsk_raw_now(raw);
		if (t - line < 1000000000u)
			continue;
		if (!o->quiet && !o->json)
			print_line(&now, &before, (double)(t - line) / 1e9,
				   (double)(t - start) / 1e9);
		before = now;
		line = t;
	}
	print_summary(o, &now, (double)(t - start) / 1e9);
}

static const struct useless useless[] = {
	{"gateway", "packets go back to where they came from"},
	{"control", "there is no stack here to look into"},
	{"secret-file", "there are no connections here"},
	{0},
};

int main(int argc, char **argv)
{
	static struct options options;
	const struct program program = {
		.name = "nsk-reflect",
		.summary =
			"Sends every packet of a port back: the ceiling for stacks on the same wire. Answers ARP and ping.",
		.usage = "-d DEVARGS [-a CIDR] [options]",
		.rows = rows,
		.useless = useless,
		.options = &options,
	};
	struct nsk_config *config = program_args(&program, &argc, argv);
	struct nsk_raw *raw;

	program_raw(&program, config, 1);
	if (nsk_config_addresses(config) > 1)
		program_misuse(&program,
			       "--address: one at most; without any, ARP is answered for all");
	program_catch_signals(NULL);
	if (nsk_raw_open(config, 0, &raw))
		program_config_fail(&program, config);
	nsk_config_free(config);
	run(raw, &options);
	nsk_raw_close(raw);
	return program_status(&program, 0);
}
