/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/report.h"

#include <stdio.h>

#include <jansson.h>

#include "common/program.h"

#define HEADING_EVERY 20

struct rates {
	double seconds, rx_pps, tx_pps, rx_mbps, tx_mbps, requests, accepted, forwarded, errors,
		busy;
	uint64_t drops;
};

static uint64_t count(const struct nsk_stats *from, const struct nsk_stats *to, enum nsk_counter c)
{
	return to->counter[c] - from->counter[c];
}

static struct rates rates_between(const struct nsk_stats *a, const struct nsk_stats *b,
				  uint64_t requests)
{
	struct rates r = {.seconds = (double)(b->now_ns - a->now_ns) / 1e9};
	double per = r.seconds > 0 ? 1 / r.seconds : 0;
	uint64_t loop_ns = count(a, b, NSK_CNT_LOOP_NS);

	r.rx_pps = (double)count(a, b, NSK_CNT_RX_PACKETS) * per;
	r.tx_pps = (double)count(a, b, NSK_CNT_TX_PACKETS) * per;
	r.rx_mbps = (double)count(a, b, NSK_CNT_RX_BYTES) * 8e-6 * per;
	r.tx_mbps = (double)count(a, b, NSK_CNT_TX_BYTES) * 8e-6 * per;
	r.requests = (double)requests * per;
	r.accepted = (double)count(a, b, NSK_CNT_TCP_ACCEPTED) * per;
	r.forwarded = (double)count(a, b, NSK_CNT_IP_FORWARDED) * per;
	r.errors = (double)count(a, b, NSK_CNT_ICMP_ERRORS_SENT) * per;
	r.busy = loop_ns ? 100.0 * (double)count(a, b, NSK_CNT_LOOP_BUSY_NS) / (double)loop_ns : 0;
	for (unsigned i = 0; i < NSK_DROP_MAX; i++)
		r.drops += b->drop[i] - a->drop[i];
	return r;
}

void report_start(struct report *report, struct nsk_stack *stack, bool json, uint64_t requests)
{
	*report = (struct report){.stack = stack,
				  .json = json,
				  .first_requests = requests,
				  .last_requests = requests};
	/* From the stack's very start, as nskctl counts: what was lost then is lost as well. */
	report->first.now_ns = nsk_now(stack);
	report->last = report->first;
}

static void print_drops(const struct nsk_stats *a, const struct nsk_stats *b)
{
	for (unsigned i = 1; i < NSK_DROP_MAX; i++)
		if (b->drop[i] != a->drop[i])
			printf("    dropped %-24s %12llu\n", nsk_drop_name((enum nsk_drop)i),
			       (unsigned long long)(b->drop[i] - a->drop[i]));
}

static json_t *json_drops(const struct nsk_stats *a, const struct nsk_stats *b)
{
	json_t *drops = json_object();

	for (unsigned i = 1; i < NSK_DROP_MAX; i++)
		if (b->drop[i] != a->drop[i])
			json_object_set_new(drops, nsk_drop_name((enum nsk_drop)i),
					    json_integer((json_int_t)(b->drop[i] - a->drop[i])));
	return drops;
}

static void print_json(const char *kind, bool router, const struct rates *r,
		       const struct nsk_stats *a, const struct nsk_stats *b)
{
	json_t *o = json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:o}",
			      "kind", kind, "seconds", r->seconds, "rx_packets_per_s", r->rx_pps,
			      "tx_packets_per_s", r->tx_pps, "rx_mbit_per_s", r->rx_mbps,
			      "tx_mbit_per_s", r->tx_mbps, "requests_per_s", r->requests,
			      "accepts_per_s", r->accepted, "busy_percent", r->busy, "connections",
			      (json_int_t)b->level.tcp_connections, "dropped", (json_int_t)r->drops,
			      "drops", json_drops(a, b));

	if (router) {
		json_object_set_new(o, "forwarded_per_s", json_real(r->forwarded));
		json_object_set_new(o, "icmp_errors_per_s", json_real(r->errors));
	}

	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
	putchar('\n');
	fflush(stdout);
	json_decref(o);
}

/* A heading now and then, and the line's figures. */
static void print_line(struct report *report, const struct rates *r, const struct nsk_stats *now)
{
	bool heading = report->lines++ % HEADING_EVERY == 0;
	double at = (double)(now->now_ns - report->first.now_ns) / 1e9;

	if (heading)
		printf("%8s %10s %10s %9s %9s", "time s", "rx pkt/s", "tx pkt/s", "rx Mb/s",
		       "tx Mb/s");
	if (heading && report->router)
		printf(" %11s %9s %8s %6s\n", "on pkt/s", "errors/s", "drops", "busy %");
	else if (heading)
		printf(" %11s %9s %9s %8s %6s\n", "requests/s", "accepts/s", "open", "drops",
		       "busy %");
	printf("%8.1f %10.0f %10.0f %9.1f %9.1f", at, r->rx_pps, r->tx_pps, r->rx_mbps, r->tx_mbps);
	if (report->router)
		printf(" %11.0f %9.0f", r->forwarded, r->errors);
	else
		printf(" %11.0f %9.0f %9llu", r->requests, r->accepted,
		       (unsigned long long)now->level.tcp_connections);
	printf(" %8llu %6.1f\n", (unsigned long long)r->drops, r->busy);
}

void report_line(struct report *report, uint64_t requests)
{
	struct nsk_stats now;
	struct rates r;

	nsk_stats_read(report->stack, -1, &now);
	r = rates_between(&report->last, &now, requests - report->last_requests);
	if (report->json) {
		print_json("interval", report->router, &r, &report->last, &now);
	} else {
		print_line(report, &r, &now);
		print_drops(&report->last, &now);
		fflush(stdout);
	}
	report->last = now;
	report->last_requests = requests;
}

static void print_work(const struct report *report, const struct rates *r,
		       const struct nsk_stats *now, uint64_t requests)
{
	printf("    requests %llu (%.0f/s), connections accepted %llu (%.0f/s)\n",
	       (unsigned long long)(requests - report->first_requests), r->requests,
	       (unsigned long long)count(&report->first, now, NSK_CNT_TCP_ACCEPTED), r->accepted);
	printf("    segments retransmitted %llu, packets dropped %llu, busy %.1f %% of the time\n",
	       (unsigned long long)count(&report->first, now, NSK_CNT_TCP_RETRANS_SEGMENTS),
	       (unsigned long long)r->drops, r->busy);
}

void report_summary(struct report *report, uint64_t requests)
{
	struct nsk_stats now;
	struct rates r;

	nsk_stats_read(report->stack, -1, &now);
	r = rates_between(&report->first, &now, requests - report->first_requests);
	if (report->json) {
		print_json("summary", report->router, &r, &report->first, &now);
		return;
	}
	printf("\nsummary over %.1f s\n", r.seconds);
	printf("    received %llu packets (%.0f/s), sent %llu packets (%.0f/s)\n",
	       (unsigned long long)count(&report->first, &now, NSK_CNT_RX_PACKETS), r.rx_pps,
	       (unsigned long long)count(&report->first, &now, NSK_CNT_TX_PACKETS), r.tx_pps);
	if (report->router)
		printf("    sent on %llu packets (%.0f/s), ICMP errors %llu, packets dropped %llu, "
		       "busy %.1f %% of the time\n",
		       (unsigned long long)count(&report->first, &now, NSK_CNT_IP_FORWARDED),
		       r.forwarded,
		       (unsigned long long)count(&report->first, &now, NSK_CNT_ICMP_ERRORS_SENT),
		       (unsigned long long)r.drops, r.busy);
	else
		print_work(report, &r, &now, requests);
	print_drops(&report->first, &now);
}

/* ---- until the end ------------------------------------------------------------------------- */

void report_until_end(struct report *report, const struct report_times *times,
		      bool (*requests)(void *arg, uint64_t *total), void *arg)
{
	uint64_t step = (uint64_t)(times->interval_s * 1e9), now = program_now(), line = now;
	uint64_t end = times->duration_s > 0 ? now + (uint64_t)(times->duration_s * 1e9)
					     : UINT64_MAX;
	uint64_t total = 0;

	while (!program_ended() && !nsk_stopping(report->stack) && now < end) {
		program_sleep_until(end - line < step ? end : line + step);
		now = program_now();
		/* A line stands for a whole interval; what is left at the end is the summary's, and
		 * lines that were missed stay missed. */
		if (now < line + step)
			continue;
		line += (now - line) / step * step;
		if (!times->quiet && (!requests || requests(arg, &total)))
			report_line(report, total);
	}
	if (!requests || requests(arg, &total))
		report_summary(report, total);
}

void report_interfaces(struct nsk_stack *stack)
{
	struct nsk_iface_info info;

	for (unsigned i = 0; nsk_iface_info(stack, i, &info) == 0 && !info.loopback; i++)
		printf("%s: %s (%s), MAC %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, link %s\n",
		       info.name, info.device, info.driver, info.mac[0], info.mac[1], info.mac[2],
		       info.mac[3], info.mac[4], info.mac[5], info.mtu,
		       info.link_up ? "up" : "down");
	fflush(stdout);
}
