/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/watch.h"

#include <stdint.h>
#include <stdio.h>

#include <netstk/netstk.h>

#include "common/program.h"

#define HEADING_EVERY 20

/* One reading: two requests that the program answers one after the other. */
struct reading {
	json_t *counters, *drops;
};

/* What a line shows, a second. */
static const struct {
	const char *heading, *counter;
	double factor;
} rates[] = {
	{"rx packets/s", "rx_packets", 1},	  {"rx Mbit/s", "rx_bytes", 8e-6},
	{"tx packets/s", "tx_packets", 1},	  {"tx Mbit/s", "tx_bytes", 8e-6},
	{"accepted/s", "tcp_accepted", 1},	  {"closed/s", "tcp_closed", 1},
	{"retrans/s", "tcp_retrans_segments", 1},
};

#define RATES (sizeof(rates) / sizeof(rates[0]))

static void forget(struct reading *r)
{
	json_decref(r->counters);
	json_decref(r->drops);
	*r = (struct reading){0};
}

static int take(struct client *c, struct reading *r)
{
	r->counters = client_ask(c, json_pack("{s:s}", "cmd", "counters"));
	r->drops = r->counters ? client_ask(c, json_pack("{s:s}", "cmd", "drops")) : NULL;
	if (r->drops)
		return 0;
	forget(r);
	return -1;
}

static double counter(const struct reading *r, const char *name)
{
	return (double)json_integer_value(
		json_object_get(json_object_get(r->counters, "counters"), name));
}

static json_int_t level(const struct reading *r, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(r->counters, "levels"), name));
}

static double all_drops(const struct reading *r)
{
	const char *key;
	double sum = 0;
	json_t *value;

	json_object_foreach(json_object_get(r->drops, "drops"), key, value)
		sum += (double)json_integer_value(value);
	return sum;
}

static double seconds(const struct reading *a, const struct reading *b)
{
	double ns = (double)(json_integer_value(json_object_get(b->counters, "now_ns")) -
			     json_integer_value(json_object_get(a->counters, "now_ns")));

	return ns > 0 ? ns / 1e9 : 1;
}

static double busy_percent(const struct reading *a, const struct reading *b)
{
	double ns = counter(b, "loop_ns") - counter(a, "loop_ns");

	return ns > 0 ? 100 * (counter(b, "loop_busy_ns") - counter(a, "loop_busy_ns")) / ns : 0;
}

static void print_heading(void)
{
	for (size_t i = 0; i < RATES; i++)
		printf("%13s", rates[i].heading);
	printf("%13s%13s%9s\n", "connections", "drops/s", "busy %");
}

static void print_line(const struct reading *a, const struct reading *b)
{
	double s = seconds(a, b);

	for (size_t i = 0; i < RATES; i++) {
		double rate = (counter(b, rates[i].counter) - counter(a, rates[i].counter)) *
			      rates[i].factor / s;

		printf(rates[i].factor < 1 ? "%13.1f" : "%13.0f", rate);
	}
	printf("%13" JSON_INTEGER_FORMAT "%13.0f%9.1f\n", level(b, "tcp_connections"),
	       (all_drops(b) - all_drops(a)) / s, busy_percent(a, b));
}

static void print_json(const struct reading *a, const struct reading *b)
{
	json_t *o = json_pack("{s:f, s:f, s:f, s:I}", "interval_s", seconds(a, b), "drops_per_s",
			      (all_drops(b) - all_drops(a)) / seconds(a, b), "busy_percent",
			      busy_percent(a, b), "tcp_connections", level(b, "tcp_connections"));

	for (size_t i = 0; i < RATES; i++) {
		char key[64];

		snprintf(key, sizeof(key), "%s_per_s", rates[i].counter);
		json_object_set_new(
			o, key,
			json_real((counter(b, rates[i].counter) - counter(a, rates[i].counter)) /
				  seconds(a, b)));
	}
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(o);
}

int watch(struct client *c, double interval_s, unsigned count, bool json)
{
	uint64_t next = program_now();
	struct reading before = {0}, now = {0};

	/* Ctrl-C is how it is ended: no failure. */
	program_catch_signals(NULL);
	if (take(c, &before))
		return -1;
	for (unsigned line = 0; count == 0 || line < count; line++) {
		next += (uint64_t)(interval_s * 1e9);
		program_sleep_until(next);
		if (program_ended())
			break;
		if (take(c, &now)) {
			forget(&before);
			return -1;
		}
		if (!json && line % HEADING_EVERY == 0)
			print_heading();
		if (json)
			print_json(&before, &now);
		else
			print_line(&before, &now);
		fflush(stdout);
		forget(&before);
		before = now;
	}
	forget(&before);
	return 0;
}
