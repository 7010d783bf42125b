/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/print.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "nsk-sim/parts.h"
#include "nsk-sim/quantity.h"

static double rate(uint64_t bytes, uint64_t ns)
{
	return ns ? (double)bytes * 8e9 / (double)ns : 0;
}

static double goodput(const struct app_result *r, unsigned d)
{
	return rate(r->measured[d], r->measured_ns[d]);
}

static double seconds(const struct app_result *r)
{
	return r->end_ns > r->begin_ns ? (double)(r->end_ns - r->begin_ns) / 1e9 : 0;
}

static const char *outcome(const struct app_result *r, char *buf, size_t size)
{
	if (r->errors)
		snprintf(buf, size, "%llu of %llu failed: %s", (unsigned long long)r->errors,
			 (unsigned long long)r->connections, strerror(r->last_error));
	else if (r->done == r->connections && r->done)
		snprintf(buf, size, "done");
	else
		snprintf(buf, size, "%llu of %llu done", (unsigned long long)r->done,
			 (unsigned long long)r->connections);
	return buf;
}

/* ---- tables -------------------------------------------------------------------------------- */

static void share_text(double part, double whole, char *buf, size_t size)
{
	if (whole > 0)
		snprintf(buf, size, "%.1f %%", 100 * part / whole);
	else
		snprintf(buf, size, "-");
}

static void print_bulk(const struct sim_app *a, const struct app_result *r)
{
	static const char *const arrows[] = {"->", "<-"};
	char bytes[32], bps[32], share[32], text[96];

	for (unsigned d = 0; d < 2; d++) {
		if (!r->bytes[d] && (d || r->bytes[1]))
			continue;
		share_text(goodput(r, d), r->best_bps[d], share, sizeof(share));
		printf("%-14s %-10s %5llu %s %10s %11.6f s %14s %8s %8llu %9.3f ms  %s\n", a->name,
		       parts_kinds[a->kind], (unsigned long long)r->connections, arrows[d],
		       quantity_text(QUANTITY_BYTES, r->bytes[d], bytes, sizeof(bytes)), seconds(r),
		       quantity_text(QUANTITY_RATE, (uint64_t)goodput(r, d), bps, sizeof(bps)),
		       share, (unsigned long long)r->retransmits[d], r->rtt_us[d] / 1e3,
		       outcome(r, text, sizeof(text)));
	}
}

/* What both ends saw, where they share a row. */
static double rtt_of_both(const struct app_result *r)
{
	if (r->rtt_us[0] > 0 && r->rtt_us[1] > 0)
		return (r->rtt_us[0] + r->rtt_us[1]) / 2;
	return r->rtt_us[0] + r->rtt_us[1];
}

static void print_requests(const struct sim_app *a, const struct app_result *r)
{
	double per_s = seconds(r) > 0 ? (double)r->requests / seconds(r) : 0;
	char share[32], text[96], bps[32], latency[64] = "";

	share_text(per_s, r->best_requests, share, sizeof(share));
	snprintf(bps, sizeof(bps), "%.1f /s", per_s);
	if (r->latency_p99_us > 0)
		snprintf(latency, sizeof(latency), "; p50 %.3f ms, p99 %.3f ms",
			 r->latency_p50_us / 1e3, r->latency_p99_us / 1e3);
	printf("%-14s %-10s %5llu    %6llu req %11.6f s %14s %8s %8llu %9.3f ms  %s%s\n", a->name,
	       parts_kinds[a->kind], (unsigned long long)r->connections,
	       (unsigned long long)r->requests, seconds(r), bps, share,
	       (unsigned long long)(r->retransmits[0] + r->retransmits[1]), rtt_of_both(r) / 1e3,
	       outcome(r, text, sizeof(text)), latency);
}

static void print_link(const struct scenario *s, const struct sim_link *l,
		       const struct link_result *r, unsigned d)
{
	const struct nsk_wire_stats *w = &r->dir[d];
	char bytes[32], ends[2 * SIM_NAME + 8], jain[16] = "-", used[16] = "-";

	snprintf(ends, sizeof(ends), "%s>%s", s->host[l->host[d]].name, s->host[l->host[!d]].name);
	if (r->jain[d] > 0)
		snprintf(jain, sizeof(jain), "%.3f", r->jain[d]);
	if (r->used[d] > 0)
		snprintf(used, sizeof(used), "%.1f %%", 100 * r->used[d]);
	printf("%-14s %-16s %9llu %10s %8s %7llu %7llu %7llu %7llu %7llu %7llu %7llu %8s\n",
	       l->name, ends, (unsigned long long)w->packets,
	       quantity_text(QUANTITY_BYTES, w->bytes, bytes, sizeof(bytes)), used,
	       (unsigned long long)(w->lost + w->cut + w->too_long),
	       (unsigned long long)w->queue_full, (unsigned long long)w->marked,
	       (unsigned long long)w->reordered, (unsigned long long)w->duplicated,
	       (unsigned long long)w->corrupted, (unsigned long long)w->no_buffer, jain);
}

/* What each host has dropped, and why. */
static void print_host(const struct sim_host *h, const struct host_result *r)
{
	bool any = false;

	for (unsigned i = 1; i < NSK_DROP_MAX; i++) {
		if (!r->drop[i])
			continue;
		if (!any)
			printf("%-14s ", h->name);
		printf("%s%s %llu", any ? ", " : "", nsk_drop_name(i),
		       (unsigned long long)r->drop[i]);
		any = true;
	}
	if (any)
		putchar('\n');
}

void print_text(const struct scenario *s, const struct result *r)
{
	printf("%s, seed %llu: applications took %.9f s of virtual time; %llu packets, hash "
	       "%016llx\n\n",
	       s->file, (unsigned long long)r->seed, (double)r->virtual_ns / 1e9,
	       (unsigned long long)r->packets, (unsigned long long)r->hash);
	printf("%-14s %-10s %5s    %10s %13s %14s %8s %8s %12s  %s\n", "application", "kind",
	       "conns", "arrived", "time", "goodput", "of best", "retrans", "RTT", "result");
	for (unsigned i = 0; i < s->napps; i++)
		if (s->app[i].kind == SIM_BULK || s->app[i].kind == SIM_HALF_CLOSE ||
		    s->app[i].kind == SIM_STEPS)
			print_bulk(&s->app[i], &r->app[i]);
		else
			print_requests(&s->app[i], &r->app[i]);
	printf("\n%-14s %-16s %9s %10s %8s %7s %7s %7s %7s %7s %7s %7s %8s\n", "link", "direction",
	       "packets", "bytes", "used", "lost", "q.full", "marked", "late", "twice", "altered",
	       "no buf", "fairness");
	for (unsigned i = 0; i < s->nlinks; i++)
		for (unsigned d = 0; d < 2; d++)
			print_link(s, &s->link[i], &r->link[i], d);
	printf("\nhost           dropped\n");
	for (unsigned i = 0; i < s->nhosts; i++)
		print_host(&s->host[i], &r->host[i]);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *app_json(const struct sim_app *a, const struct app_result *r)
{
	json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", a->name, "kind",
			      parts_kinds[a->kind], "connections", number(r->connections), "done",
			      number(r->done), "errors", number(r->errors), "requests",
			      number(r->requests), "bytes", number(r->bytes[0]), "bytes_back",
			      number(r->bytes[1]));

	json_object_set_new(o, "begin_s", json_real((double)r->begin_ns / 1e9));
	json_object_set_new(o, "end_s", json_real((double)r->end_ns / 1e9));
	json_object_set_new(o, "goodput_bps", json_real(goodput(r, 0)));
	json_object_set_new(o, "goodput_back_bps", json_real(goodput(r, 1)));
	json_object_set_new(o, "best_bps", json_real(r->best_bps[0]));
	json_object_set_new(o, "best_back_bps", json_real(r->best_bps[1]));
	json_object_set_new(o, "best_requests_per_s", json_real(r->best_requests));
	json_object_set_new(o, "latency_p50_us", json_real(r->latency_p50_us));
	json_object_set_new(o, "latency_p99_us", json_real(r->latency_p99_us));
	json_object_set_new(o, "retransmits", number(r->retransmits[0]));
	json_object_set_new(o, "retransmits_back", number(r->retransmits[1]));
	json_object_set_new(o, "rtt_us", json_real(r->rtt_us[0]));
	json_object_set_new(o, "rtt_back_us", json_real(r->rtt_us[1]));
	json_object_set_new(o, "error",
			    r->errors ? json_string(strerror(r->last_error)) : json_null());
	return o;
}

static json_t *direction_json(const struct link_result *r, unsigned d)
{
	const struct nsk_wire_stats *w = &r->dir[d];
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "packets",
			      number(w->packets), "bytes", number(w->bytes), "delivered",
			      number(w->delivered), "lost", number(w->lost), "duplicated",
			      number(w->duplicated), "corrupted", number(w->corrupted), "reordered",
			      number(w->reordered), "queue_full", number(w->queue_full), "too_long",
			      number(w->too_long), "cut", number(w->cut), "no_buffer",
			      number(w->no_buffer));

	json_object_set_new(o, "marked", number(w->marked));
	json_object_set_new(o, "used", json_real(r->used[d]));
	json_object_set_new(o, "flows", number(r->flows[d]));
	json_object_set_new(o, "fairness", r->jain[d] > 0 ? json_real(r->jain[d]) : json_null());
	return o;
}

static json_t *host_json(const struct sim_host *h, const struct host_result *r)
{
	json_t *drops = json_object();

	for (unsigned i = 1; i < NSK_DROP_MAX; i++)
		if (r->drop[i])
			json_object_set_new(drops, nsk_drop_name(i), number(r->drop[i]));
	return json_pack("{s:s, s:o, s:o, s:o}", "name", h->name, "received", number(r->received),
			 "sent", number(r->sent), "drops", drops);
}

void print_json(const struct scenario *s, const struct result *r)
{
	json_t *apps = json_array(), *links = json_array(), *hosts = json_array(), *o;
	char hash[20];

	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->hash);
	for (unsigned i = 0; i < s->napps; i++)
		json_array_append_new(apps, app_json(&s->app[i], &r->app[i]));
	for (unsigned i = 0; i < s->nlinks; i++)
		json_array_append_new(links, json_pack("{s:s, s:o, s:o}", "name", s->link[i].name,
						       "forth", direction_json(&r->link[i], 0),
						       "back", direction_json(&r->link[i], 1)));
	for (unsigned i = 0; i < s->nhosts; i++)
		json_array_append_new(hosts, host_json(&s->host[i], &r->host[i]));
	o = json_pack("{s:s, s:o, s:b, s:o, s:f, s:o, s:s, s:o, s:o, s:o}", "scenario", s->file,
		      "seed", number(r->seed), "ok", !r->failed, "why",
		      r->failed ? json_string(r->why) : json_null(), "virtual_s",
		      (double)r->virtual_ns / 1e9, "packets", number(r->packets), "hash", hash,
		      "apps", apps, "links", links, "hosts", hosts);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}
