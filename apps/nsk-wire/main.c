/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsk-wire: joins two ports. What one receives the other sends, unchanged; what a bad link does to
 * packets is asked of the fault driver around a port.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include <netstk/raw.h>

#include "common/program.h"

#define BURST 32
#define ENDS  2
#define KEPT  512 /* packets that one port waits to send, at most */

struct options {
	double duration_s;
	bool json, quiet;
};

/* From one port to the other. */
struct way {
	struct nsk_raw *from, *to;
	struct rte_mbuf *kept[KEPT]; /* what to did not take, oldest first */
	unsigned nkept;
	uint64_t packets, bytes, dropped;
};

static const struct option_row rows[] = {
	{"duration", "SECONDS", "end after this time (default: run until Ctrl-C)", option_duration,
	 offsetof(struct options, duration_s)},
	{"quiet", NULL, "print the summary only", option_flag, offsetof(struct options, quiet)},
	{"json", NULL, "print the summary as JSON", option_flag, offsetof(struct options, json)},
	{0},
};

static const struct useless useless[] = {
	{"address", "a wire has no address, its ends' hosts have"},
	{"gateway", "a wire sends nothing of its own"},
	{"control", "there is no stack here to look into"},
	{"secret-file", "a wire has no connections"},
	{0},
};

/* Sends what waits; the rest stays in its order. */
static void send_kept(struct way *w)
{
	unsigned sent = nsk_raw_tx(w->to, w->kept, w->nkept);

	w->nkept -= sent;
	memmove(w->kept, w->kept + sent, w->nkept * sizeof(w->kept[0]));
}

static void forward(struct way *w)
{
	struct rte_mbuf *bufs[BURST];
	unsigned n = nsk_raw_rx(w->from, bufs, BURST);

	for (unsigned i = 0; i < n; i++) {
		if (w->nkept == KEPT) {
			w->dropped++;
			nsk_raw_free(w->to, &bufs[i], 1);
			continue;
		}
		w->packets++;
		w->bytes += bufs[i]->pkt_len;
		w->kept[w->nkept++] = bufs[i];
	}
	/* Also with nothing: a fault port lets go of what it holds back when it is called. */
	send_kept(w);
}

static void print_line(const struct way way[ENDS], const struct way before[ENDS], double seconds,
		       double at)
{
	printf("%8.1f s", at);
	for (unsigned i = 0; i < ENDS; i++)
		printf("  %s %9.0f pkt/s %9.3f Mbit/s dropped %llu", i ? "<-" : "->",
		       per_second((double)(way[i].packets - before[i].packets), seconds),
		       per_second((double)(way[i].bytes - before[i].bytes) * 8e-6, seconds),
		       (unsigned long long)(way[i].dropped - before[i].dropped));
	printf("\n");
	fflush(stdout);
}

/* What became of packets at each end: by its faults, and by device and driver. */
static void print_fates(const struct way way[ENDS], bool json)
{
	for (unsigned i = 0; i < ENDS; i++) {
		struct nsk_raw_stats s;

		nsk_raw_stats(way[i].from, &s);
		printf(json ? ",\"%c\":{\"faults\":%llu,\"lost\":%llu,\"marked\":%llu,"
			      "\"duplicated\":%llu,\"corrupted\":%llu,\"late\":%llu}"
			    : "%c: lost by its faults %llu, by device and driver %llu; marked %llu, "
			      "duplicated %llu, corrupted %llu, late %llu\n",
		       'a' + (int)i, (unsigned long long)s.injected,
		       (unsigned long long)(s.rx_missed + s.rx_nobuf + s.rx_errors + s.tx_errors),
		       (unsigned long long)s.marked, (unsigned long long)s.duplicated,
		       (unsigned long long)s.corrupted, (unsigned long long)s.late);
	}
}

static void print_json(const struct way way[ENDS], double seconds)
{
	printf("{\"kind\":\"summary\",\"seconds\":%.3f", seconds);
	for (unsigned i = 0; i < ENDS; i++)
		printf(",\"%s\":{\"packets\":%llu,\"bytes\":%llu,\"dropped\":%llu}",
		       i ? "b_to_a" : "a_to_b", (unsigned long long)way[i].packets,
		       (unsigned long long)way[i].bytes, (unsigned long long)way[i].dropped);
	print_fates(way, true);
	printf("}\n");
}

static void run(struct way way[ENDS], const struct options *o)
{
	static struct way before[ENDS], none[ENDS];
	struct nsk_raw *raw = way[0].from;
	uint64_t start = nsk_raw_now(raw), line = start, t = start;
	uint64_t end = o->duration_s > 0 ? start + (uint64_t)(o->duration_s * 1e9) : UINT64_MAX;
	double seconds;

	puts(o->json ? "{\"kind\":\"joined\"}" : "joined; Ctrl-C ends");
	fflush(stdout);
	while (!program_ended() && t < end) {
		forward(&way[0]);
		forward(&way[1]);
		t = nsk_raw_now(raw);
		if (t - line < 1000000000u)
			continue;
		if (!o->quiet && !o->json)
			print_line(way, before, (double)(t - line) / 1e9,
				   (double)(t - start) / 1e9);
		memcpy(before, way, sizeof(before));
		line = t;
	}
	for (unsigned i = 0; i < ENDS; i++)
		nsk_raw_free(way[i].to, way[i].kept, way[i].nkept);
	seconds = (double)(t - start) / 1e9;
	if (o->json) {
		print_json(way, seconds);
	} else {
		printf("summary: ");
		print_line(way, none, seconds, seconds);
		print_fates(way, false);
	}
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct way way[ENDS];
	const struct program program = {
		.name = "nsk-wire",
		.summary = "Joins two ports: what one receives the other sends.",
		.usage = "-d DEVARGS -d DEVARGS [options]",
		.examples =
			"  A bad link between two taps, which can be moved to namespaces of their own:\n"
			"  nsk-wire -d 'fault:delay=10ms,rate=100mbit,queue=200,loss=1%,seed=7:net_tap0,iface=w0' \\\n"
			"           -d net_tap1,iface=w1\n"
			"  Faults: loss dup corrupt reorder reorder_by delay jitter rate queue queue_bytes ecn_threshold\n"
			"  seed (docs/CONFIG.md); with rx. or tx. in front for one direction.\n",
		.rows = rows,
		.useless = useless,
		.options = &options,
	};
	struct nsk_config *config = program_args(&program, &argc, argv);
	struct nsk_raw *raw;

	program_raw(&program, config, ENDS);
	program_catch_signals(NULL);
	if (nsk_raw_open(config, 8192, &raw))
		program_config_fail(&program, config);
	nsk_config_free(config);
	way[0].from = way[1].to = raw;
	way[1].from = way[0].to = nsk_raw_next(raw);
	run(way, &options);
	nsk_raw_close(raw);
	return program_status(&program, 0);
}
