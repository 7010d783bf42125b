/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/totals.h"

#include <stdio.h>
#include <string.h>

#define COUNT(n) ((unsigned long long)(n))

void totals_add_up(struct totals *t, const struct load *load)
{
	memset(t, 0, sizeof(*t));
	for (unsigned i = 0; i < load->workers; i++) {
		const struct result *r = load->result[i];
		struct counters c = r->end;
		double seconds = (double)(r->measure_end_ns - r->measure_start_ns) / 1e9;

		/* A thread that never came so far has errors at most. */
		if (r->measure_end_ns) {
			counters_sub(&c, &r->base);
			counters_add(&t->c, &c);
			t->seconds = seconds > t->seconds ? seconds : t->seconds;
		}
		counters_add(&t->all, &r->now);
		for (unsigned e = 0; e < LOAD_ERR_MAX; e++) {
			t->error[e] += r->error[e];
			t->errors += r->error[e];
		}
		t->socket_errno = r->socket_errno ? r->socket_errno : t->socket_errno;
		t->waiting += r->waiting;
		histogram_add(&t->latency, &r->latency);
		histogram_add(&t->connect, &r->connect);
	}
	if (load->stats)
		t->c.retransmits = load->stats->counter[NSK_CNT_TCP_RETRANS_SEGMENTS];
}

/* ---- why it failed ------------------------------------------------------------------------- */

/* The target, or the first of them. */
static const char *whom(const struct options *o)
{
	return o->target[0].text;
}

static void why_not_opened(const struct totals *t, const struct options *o, char *text, size_t size)
{
	if (t->error[LOAD_ERR_REFUSED])
		snprintf(text, size, "%s refuses connections: nobody listens there", whom(o));
	else if (t->error[LOAD_ERR_UNREACHABLE])
		snprintf(text, size, "%s is unreachable, says ICMP: is a route missing there?",
			 whom(o));
	else if (t->socket_errno)
		snprintf(text, size, "no connection to %s was opened: %s", whom(o),
			 strerror((int)t->socket_errno));
	else
		snprintf(text, size,
			 "no connection to %s was opened: no answer; is a server there, and the "
			 "link up?",
			 whom(o));
}

static void why_raw_is_silent(const struct totals *t, char *text, size_t size)
{
	if (t->all.rx_packets)
		snprintf(text, size,
			 "of %llu frames none came back as it was, %llu others came: engine raw "
			 "needs nsk-reflect at the other end, not a server",
			 COUNT(t->all.sent), COUNT(t->all.rx_packets));
	else
		snprintf(text, size,
			 "of %llu frames none came back: engine raw needs nsk-reflect at the "
			 "other end",
			 COUNT(t->all.sent));
}

/* Connected, asked, and nothing that was right came. */
static void why_not_answered(const struct totals *t, const struct options *o, char *text,
			     size_t size)
{
	const char *asked = o->http   ? "an HTTP answer"
			    : o->udp  ? "the same datagram"
			    : o->bulk ? "the same bytes"
			    : o->response_bytes != UINT32_MAX
				    ? "an answer of --response bytes"
				    : "the same bytes (else: --http, or --response BYTES)";

	if (o->bulk == BULK_RECV && !t->error[LOAD_ERR_RESET] && !t->error[LOAD_ERR_CLOSED])
		snprintf(text, size,
			 o->http ? "%s sent nothing: is it an HTTP server?"
				 : "%s sent nothing of its own accord, as --bulk recv wants it; "
				   "an HTTP server is asked with --http, an echo is loaded by "
				   "--bulk both",
			 whom(o));
	else if (t->error[LOAD_ERR_BAD])
		snprintf(text, size, "%s does not answer as expected: with %s", whom(o), asked);
	else if (t->error[LOAD_ERR_UNREACHABLE] || (o->udp && t->error[LOAD_ERR_REFUSED]))
		snprintf(text, size, "%s is unreachable, says ICMP: nobody receives there",
			 whom(o));
	else if (t->error[LOAD_ERR_RESET] || t->error[LOAD_ERR_CLOSED])
		snprintf(text, size, "%s ends connections before it has answered", whom(o));
	else
		snprintf(text, size, "%s answered none of %llu requests; expected is %s", whom(o),
			 COUNT(t->all.sent), asked);
}

/* What a run is for. What is sent to a server that was to send is a request at most. */
static uint64_t work_done(const struct options *o, const struct counters *c)
{
	if (!o->bulk)
		return c->answers;
	return c->rx_bytes + (o->bulk == BULK_RECV ? 0 : c->tx_bytes);
}

/* Nothing came of it at all. */
static void why_nothing(const struct totals *t, const struct load *load, char *text, size_t size)
{
	const struct options *o = load->options;
	bool raw = strcmp(o->engine, "raw") == 0;

	if (work_done(o, &t->all))
		snprintf(text, size, "nothing was measured: ended before, or silent since");
	else if (!load->given_up && program_ended())
		snprintf(text, size, "ended before anything was measured");
	else if (!t->all.opened)
		why_not_opened(t, o, text, size);
	else if (raw && t->all.sent)
		why_raw_is_silent(t, text, size);
	else
		why_not_answered(t, o, text, size);
}

bool totals_failed(const struct totals *t, const struct load *load, char *text, size_t size)
{
	const struct options *o = load->options;

	text[0] = '\0';
	if (!work_done(o, &t->c))
		why_nothing(t, load, text, size);
	else if (o->bulk_bytes && t->c.answers != o->connections)
		snprintf(text, size, "%llu of %u connections have moved all their bytes",
			 COUNT(t->c.answers), o->connections);
	else if (load->given_up)
		snprintf(text, size,
			 "given up: no answer came for a long time (--patience), %llu of %llu did",
			 COUNT(t->c.answers), COUNT(o->requests_total));
	else if (o->strict && t->errors)
		snprintf(text, size, "--strict: there were %llu errors", COUNT(t->errors));
	return text[0] != '\0';
}
