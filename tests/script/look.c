/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks of scripts at the stack: what is ready, TCP_INFO, counters. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <netstk/tcp_info.h>

#include "script/script.h"

static const struct script_name events[] = {
	SCRIPT_NAME(POLLIN),
	SCRIPT_NAME(POLLPRI),
	SCRIPT_NAME(POLLOUT),
	SCRIPT_NAME(POLLERR),
	SCRIPT_NAME(POLLHUP),
	SCRIPT_NAME(POLLRDHUP),
	{NULL, 0},
};

static const struct script_name states[] = {
	{"ESTABLISHED", TCP_ESTABLISHED},
	{"SYN_SENT", TCP_SYN_SENT},
	{"SYN_RECV", TCP_SYN_RECV},
	{"FIN_WAIT1", TCP_FIN_WAIT1},
	{"FIN_WAIT2", TCP_FIN_WAIT2},
	{"TIME_WAIT", TCP_TIME_WAIT},
	{"CLOSE", TCP_CLOSE},
	{"CLOSE_WAIT", TCP_CLOSE_WAIT},
	{"LAST_ACK", TCP_LAST_ACK},
	{"LISTEN", TCP_LISTEN},
	{"CLOSING", TCP_CLOSING},
	{NULL, 0},
};

/* Names of all bits that are set, joined by "|", or of the value; or a number. */
static const char *names_of(const struct script_name *list, int value, bool bits, char *text,
			    size_t size)
{
	int left = value;
	size_t n = 0;

	for (const struct script_name *e = list; e->name && n < size; e++)
		if (bits ? left & e->value : left == e->value) {
			n += (size_t)snprintf(text + n, size - n, "%s%s", n ? "|" : "", e->name);
			left = bits ? left & ~e->value : 0;
		}
	if (n == 0 || left)
		snprintf(text, size, "%d", value);
	return text;
}

static void look_poll(struct script *s)
{
	struct pollfd p = {.fd = script_variable(s)->fd,
			   .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP};
	char text[64];
	int want;

	script_need(s, ")");
	script_need(s, "=");
	want = script_one_of(s, events);
	nsk_poll(&p, 1, 0);
	if (p.revents != want)
		script_fail(s, "poll says %s",
			    names_of(events, p.revents, true, text, sizeof(text)));
}

static const struct {
	const char *name;
	size_t off, size;
} fields[] = {
#define FIELD(x)                                                     \
	{                                                            \
#x, offsetof(struct nsk_tcp_info, tcpi_##x),         \
			sizeof(((struct nsk_tcp_info *)0)->tcpi_##x) \
	}
	FIELD(snd_cwnd),
	FIELD(snd_ssthresh),
	FIELD(snd_mss),
	FIELD(rcv_mss),
	FIELD(unacked),
	FIELD(sacked),
	FIELD(lost),
	FIELD(retrans),
	FIELD(rto),
	FIELD(rtt),
	FIELD(rttvar),
	FIELD(retransmits),
	FIELD(probes),
	FIELD(backoff),
	FIELD(options),
	FIELD(total_retrans),
	FIELD(reordering),
	FIELD(ca_state),
	FIELD(pmtu),
	FIELD(advmss),
	FIELD(min_rtt),
	FIELD(segs_in),
	FIELD(segs_out),
	FIELD(data_segs_in),
	FIELD(data_segs_out),
	FIELD(bytes_acked),
	FIELD(bytes_received),
	FIELD(bytes_sent),
	FIELD(bytes_retrans),
	FIELD(delivered),
	FIELD(delivered_ce),
	FIELD(received_ce),
	FIELD(received_e0_bytes),
	FIELD(received_e1_bytes),
	FIELD(received_ce_bytes),
	FIELD(busy_time),
	FIELD(rwnd_limited),
	FIELD(sndbuf_limited),
	FIELD(rcv_rtt),
	FIELD(notsent_bytes),
	FIELD(last_data_sent),
	FIELD(last_data_recv),
	FIELD(last_ack_recv),
	FIELD(pacing_rate),
	FIELD(max_pacing_rate),
	FIELD(delivery_rate),
};

static int64_t field(const struct nsk_tcp_info *info, size_t off, size_t size)
{
	uint64_t wide = 0;

	memcpy(&wide, (const uint8_t *)info + off, size); /* little endian, as everything here */
	return (int64_t)wide;
}

/* "info(c).FIELD = N" or "= N..M"; "info(c).state = NAME". */
static void look_info(struct script *s)
{
	struct script_var *v = script_variable(s);
	struct nsk_tcp_info info = {0};
	socklen_t len = sizeof(info);
	char word[LEX_WORD_MAX];
	int64_t least, most, got;
	unsigned i = 0;

	script_need(s, ")");
	script_need(s, ".");
	if (!lex_word(&s->x, word))
		script_fail(s, "field of struct tcp_info expected");
	script_need(s, "=");
	if (nsk_getsockopt(v->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		script_fail(s, "TCP_INFO failed: %s", strerror(errno));
	if (strcmp(word, "fastopen_client_fail") == 0) {
		if (script_need_number(s) != info.tcpi_fastopen_client_fail)
			script_fail(s, "it is %u", info.tcpi_fastopen_client_fail);
		return;
	}
	if (strcmp(word, "state") == 0) {
		if (script_one_of(s, states) != info.tcpi_state)
			script_fail(s, "the state is %s",
				    names_of(states, info.tcpi_state, false, word, sizeof(word)));
		return;
	}
	while (i < sizeof(fields) / sizeof(fields[0]) && strcmp(fields[i].name, word) != 0)
		i++;
	if (i == sizeof(fields) / sizeof(fields[0]))
		script_fail(s, "no field %s", word);
	got = field(&info, fields[i].off, fields[i].size);
	least = most = script_need_number(s);
	if (lex_take(&s->x, ".."))
		most = script_need_number(s);
	if (got < least || got > most)
		script_fail(s, "%s is %" PRId64, word, got);
}

#define COUNTER(name, text, meaning) text,
#define REASON(name, text, meaning)  text,

/* "counter NAME = N", "drop REASON = N": since the stack began. */
static void look_count(struct script *s, bool drop)
{
	static const char *const counters[] = {NSK_COUNTER_LIST(COUNTER)};
	static const char *const reasons[] = {NSK_DROP_LIST(REASON)};
	const char *const *names = drop ? reasons : counters;
	unsigned n = drop ? sizeof(reasons) / sizeof(reasons[0])
			  : sizeof(counters) / sizeof(counters[0]);
	char word[LEX_WORD_MAX];
	uint64_t got;
	unsigned i = 0;

	if (!lex_word(&s->x, word))
		script_fail(s, "name expected");
	while (i < n && strcmp(names[i], word) != 0)
		i++;
	if (i == n)
		script_fail(s, "no such name: %s", word);
	script_need(s, "=");
	got = drop ? world_drops(&s->peer.world, 0, (enum nsk_drop)(i + 1))
		   : world_counter(&s->peer.world, 0, (enum nsk_counter)i);
	if (got != (uint64_t)script_need_number(s))
		script_fail(s, "%s is %" PRIu64, word, got);
}

bool script_count(struct script *s, const char *name)
{
	bool drop = strcmp(name, "drop") == 0;

	if (drop || strcmp(name, "counter") == 0)
		look_count(s, drop);
	return drop || strcmp(name, "counter") == 0;
}

bool script_look(struct script *s, const char *name)
{
	if (strcmp(name, "poll") == 0)
		look_poll(s);
	else if (strcmp(name, "info") == 0)
		look_info(s);
	else
		return false;
	return true;
}
