/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "nsk-load/totals.h"

#define HEADING_EVERY 20

static struct counters read_counters(const struct load *load)
{
	struct counters sum = {0}, one;
	struct nsk_stats stats;

	for (unsigned i = 0; i < load->workers; i++) {
		counters_read(&one, &load->result[i]->now);
		counters_add(&sum, &one);
	}
	/* The stack retransmits by itself. */
	if (load->stack && nsk_stats_read(load->stack, -1, &stats) == 0)
		sum.retransmits = stats.counter[NSK_CNT_TCP_RETRANS_SEGMENTS];
	return sum;
}

static uint64_t read_errors(const struct load *load)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < load->workers; i++)
		sum += result_errors(load->result[i]);
	return sum;
}

static uint64_t read_open(const struct load *load, bool waiting)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < load->workers; i++)
		sum += __atomic_load_n(waiting ? &load->result[i]->waiting : &load->result[i]->open,
				       __ATOMIC_RELAXED);
	return sum;
}

static double micro(uint64_t ns)
{
	return (double)ns / 1e3;
}

/* Of what was recorded; where nothing was, there is no number. */
static json_t *json_micro(const struct histogram *h, double us)
{
	return h->count ? json_real(us) : json_null();
}

/* ---- lines --------------------------------------------------------------------------------- */

void summary_start(struct summary *s, const struct load *load, uint64_t now_ns)
{
	memset(s, 0, sizeof(*s));
	s->load = load;
	s->start_ns = s->last_ns = now_ns;
}

static const char *phase_name(enum phase phase)
{
	static const char *const names[] = {"open", "warm-up", "", "drain", "quit"};

	return names[phase];
}

/* Latencies recorded since the last line. */
static void read_interval(struct summary *s)
{
	struct histogram *one = malloc(sizeof(*one));

	memset(&s->now, 0, sizeof(s->now));
	for (unsigned i = 0; one && i < s->load->workers; i++) {
		histogram_copy(one, &s->load->result[i]->latency);
		histogram_add(&s->now, one);
	}
	histogram_between(&s->interval, &s->latency, &s->now);
	s->latency = s->now;
	free(one);
}

static void text_line(struct summary *s, const struct counters *d, double seconds, uint64_t errors,
		      uint64_t now_ns)
{
	const struct histogram *h = &s->interval;
	char latency[64];

	/* Before the measured time there is none. */
	if (h->count)
		snprintf(latency, sizeof(latency), "%9.1f %9.1f %9.1f",
			 micro(histogram_quantile(h, 0.5)), micro(histogram_quantile(h, 0.99)),
			 micro(h->max_ns));
	else
		snprintf(latency, sizeof(latency), "%9s %9s %9s", "-", "-", "-");
	if (s->lines++ % HEADING_EVERY == 0)
		printf("%8s %11s %11s %9s %10s %10s %9s %9s %9s %9s %7s\n", "time s", "requests/s",
		       "connects/s", "open", "tx Mbit/s", "rx Mbit/s", "p50 us", "p99 us", "max us",
		       "retrans", "errors");
	printf("%8.1f %11.0f %11.0f %9llu %10.1f %10.1f %s %9llu %7llu %s\n",
	       (double)(now_ns - s->start_ns) / 1e9, (double)d->answers / seconds,
	       (double)d->opened / seconds, (unsigned long long)read_open(s->load, false),
	       (double)d->tx_bytes * 8e-6 / seconds, (double)d->rx_bytes * 8e-6 / seconds, latency,
	       (unsigned long long)d->retransmits, (unsigned long long)errors,
	       phase_name(load_phase(s->load)));
	fflush(stdout);
}

static void json_line(struct summary *s, const struct counters *d, double seconds, uint64_t errors,
		      uint64_t now_ns)
{
	const struct histogram *h = &s->interval;
	const char *phase = phase_name(load_phase(s->load));
	json_t *o = json_pack(
		"{s:s, s:s, s:f, s:f, s:f, s:I, s:I, s:f, s:f, s:o, s:o, s:o, s:I, s:I}", "kind",
		"interval", "phase", *phase ? phase : "measure", "time_s",
		(double)(now_ns - s->start_ns) / 1e9, "requests_per_s",
		(double)d->answers / seconds, "connects_per_s", (double)d->opened / seconds, "open",
		(json_int_t)read_open(s->load, false), "waiting",
		(json_int_t)read_open(s->load, true), "tx_mbit_per_s",
		(double)d->tx_bytes * 8e-6 / seconds, "rx_mbit_per_s",
		(double)d->rx_bytes * 8e-6 / seconds, "p50_us",
		json_micro(h, micro(histogram_quantile(h, 0.5))), "p99_us",
		json_micro(h, micro(histogram_quantile(h, 0.99))), "max_us",
		json_micro(h, micro(h->max_ns)), "retransmits", (json_int_t)d->retransmits,
		"errors", (json_int_t)errors);

	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
	putchar('\n');
	fflush(stdout);
	json_decref(o);
}

void summary_line(struct summary *s, uint64_t now_ns)
{
	struct counters now = read_counters(s->load), d = now;
	uint64_t errors = read_errors(s->load);
	double seconds = (double)(now_ns - s->last_ns) / 1e9;

	counters_sub(&d, &s->last);
	read_interval(s);
	if (seconds > 0)
		(s->load->options->json ? json_line : text_line)(s, &d, seconds,
								 errors - s->last_errors, now_ns);
	s->last = now;
	s->last_ns = now_ns;
	s->last_errors = errors;
}

/* ---- the end ------------------------------------------------------------------------------- */

static double jitter_us(const struct totals *t)
{
	return t->latency.count > 1 ? (double)t->c.jitter_ns / (double)(t->latency.count - 1) / 1e3
				    : 0;
}

static double ns_per_request(const struct totals *t)
{
	return t->c.answers ? (double)t->c.busy_ns / (double)t->c.answers : 0;
}

static void text_histogram(const char *what, const struct histogram *h)
{
	if (!h->count)
		return;
	printf("  %-13s us  min %.1f  p50 %.1f  p90 %.1f  p99 %.1f  p99.9 %.1f  max %.1f  mean %.1f\n",
	       what, micro(h->min_ns), micro(histogram_quantile(h, 0.5)),
	       micro(histogram_quantile(h, 0.9)), micro(histogram_quantile(h, 0.99)),
	       micro(histogram_quantile(h, 0.999)), micro(h->max_ns), histogram_mean(h) / 1e3);
}

/* What the stack under the sockets dropped, and why. */
static void text_drops(const struct nsk_stats *stats)
{
	for (unsigned i = 1; i < NSK_DROP_MAX; i++)
		if (stats->drop[i])
			printf("  dropped       %12llu %s\n", (unsigned long long)stats->drop[i],
			       nsk_drop_name((enum nsk_drop)i));
}

static json_t *json_drops(const struct nsk_stats *stats)
{
	json_t *drops = json_object();

	for (unsigned i = 1; stats && i < NSK_DROP_MAX; i++)
		if (stats->drop[i])
			json_object_set_new(drops, nsk_drop_name((enum nsk_drop)i),
					    json_integer((json_int_t)stats->drop[i]));
	return drops;
}

static void text_end(const struct load *load, const struct totals *t)
{
	const struct options *o = load->options;
	const struct counters *c = &t->c;

	printf("\n%s, %u connections, measured %.2f s\n", o->engine, o->connections, t->seconds);
	if (!o->bulk)
		printf("  requests      %llu answered (%.0f/s), %llu sent\n",
		       (unsigned long long)c->answers, totals_rate(t, c->answers),
		       (unsigned long long)c->sent);
	printf("  connections   %llu opened (%.0f/s), %llu closed (%.0f/s)\n",
	       (unsigned long long)c->opened, totals_rate(t, c->opened),
	       (unsigned long long)c->closed, totals_rate(t, c->closed));
	printf("  payload       sent %.1f Mbit/s (%llu bytes), received %.1f Mbit/s (%llu bytes)\n",
	       totals_rate(t, c->tx_bytes) * 8e-6, (unsigned long long)c->tx_bytes,
	       totals_rate(t, c->rx_bytes) * 8e-6, (unsigned long long)c->rx_bytes);
	if (c->tx_packets)
		printf("  packets       sent %.0f/s, received %.0f/s, stray %llu, not taken by the port %llu, no buffer %llu\n",
		       totals_rate(t, c->tx_packets), totals_rate(t, c->rx_packets),
		       (unsigned long long)c->stray, (unsigned long long)c->tx_full,
		       (unsigned long long)c->no_buffers);
	text_histogram("latency", &t->latency);
	text_histogram("connect", &t->connect);
	if (t->latency.count > 1)
		printf("  jitter        %.1f us (mean difference between one latency and the next)\n",
		       jitter_us(t));
	if (o->rate > 0)
		printf("  waiting       %llu requests were due and not begun at the end\n",
		       (unsigned long long)t->waiting);
	if (c->busy_ns)
		printf("  generator     busy %.1f %%, %.0f ns a request\n",
		       totals_rate(t, c->busy_ns) / 1e7, ns_per_request(t));
	if (load->stats || strcmp(o->engine, "lean") == 0)
		printf("  retransmitted %llu segments\n", (unsigned long long)c->retransmits);
	printf("  errors        %llu\n", (unsigned long long)t->errors);
	for (unsigned e = 0; e < LOAD_ERR_MAX; e++)
		if (t->error[e])
			printf("    %-18s %12llu  %s\n", load_error_name((enum load_error)e),
			       (unsigned long long)t->error[e],
			       load_error_text((enum load_error)e));
	if (t->socket_errno)
		printf("    the last of socket_errors: %s\n", strerror((int)t->socket_errno));
	if (load->stats)
		text_drops(load->stats);
}

static json_t *json_histogram(const struct histogram *h)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "count", (json_int_t)h->count,
			 "min_us", json_micro(h, micro(h->min_ns)), "p50_us",
			 json_micro(h, micro(histogram_quantile(h, 0.5))), "p90_us",
			 json_micro(h, micro(histogram_quantile(h, 0.9))), "p99_us",
			 json_micro(h, micro(histogram_quantile(h, 0.99))), "p999_us",
			 json_micro(h, micro(histogram_quantile(h, 0.999))), "max_us",
			 json_micro(h, micro(h->max_ns)), "mean_us",
			 json_micro(h, histogram_mean(h) / 1e3));
}

static json_t *json_errors(const struct totals *t)
{
	json_t *errors = json_object();

	for (unsigned e = 0; e < LOAD_ERR_MAX; e++)
		if (t->error[e])
			json_object_set_new(errors, load_error_name((enum load_error)e),
					    json_integer((json_int_t)t->error[e]));
	return errors;
}

static json_t *json_counters(const struct counters *c)
{
	json_t *o = json_object();

#define X(field) json_object_set_new(o, #field, json_integer((json_int_t)c->field));
	LOAD_COUNTER_LIST(X)
#undef X
	return o;
}

static void json_end(const struct load *load, const struct totals *t, const char *why)
{
	const struct options *o = load->options;
	json_t *j = json_pack(
		"{s:s, s:s, s:o, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:f, s:f, s:f, s:I, s:o, s:I, s:o, s:o}",
		"kind", "summary", "engine", o->engine, "failure",
		*why ? json_string(why) : json_null(), "connections", (json_int_t)o->connections,
		"seconds", t->seconds, "requests_per_s", totals_rate(t, t->c.answers),
		"connects_per_s", totals_rate(t, t->c.opened), "closes_per_s",
		totals_rate(t, t->c.closed), "tx_mbit_per_s", totals_rate(t, t->c.tx_bytes) * 8e-6,
		"rx_mbit_per_s", totals_rate(t, t->c.rx_bytes) * 8e-6, "latency",
		json_histogram(&t->latency), "connect", json_histogram(&t->connect), "jitter_us",
		jitter_us(t), "busy_percent", totals_rate(t, t->c.busy_ns) / 1e7,
		"busy_ns_per_request", ns_per_request(t), "waiting", (json_int_t)t->waiting,
		"counters", json_counters(&t->c), "errors", (json_int_t)t->errors, "errors_by_kind",
		json_errors(t), "drops", json_drops(load->stats));

	json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
	putchar('\n');
	json_decref(j);
}

int summary_end(struct summary *s)
{
	const struct load *load = s->load;
	struct totals *t = malloc(sizeof(*t));
	char why[512];
	bool failed;

	if (!t)
		program_fail(load->program, "out of memory for the summary");
	totals_add_up(t, load);
	failed = totals_failed(t, load, why, sizeof(why));
	if (load->options->json)
		json_end(load, t, why);
	else
		text_end(load, t);
	free(t);
	fflush(stdout);
	if (failed)
		fprintf(stderr, "%s: %s\n", load->program->name, why);
	return program_status(load->program, failed);
}
