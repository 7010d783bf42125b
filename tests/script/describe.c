/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets of the stack as a script would write them: what packet.c reads. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "script/script.h"

static const struct {
	char letter;
	uint16_t flag;
} letters[] = {
	{'S', TCP_SYN}, {'F', TCP_FIN}, {'R', TCP_RST}, {'P', TCP_PSH}, {'.', TCP_ACK},
	{'U', TCP_URG}, {'E', TCP_ECE}, {'W', TCP_CWR}, {'A', TCP_AE},
};
#define LETTERS (sizeof(letters) / sizeof(letters[0]))

uint16_t script_flag(char letter)
{
	for (unsigned i = 0; i < LETTERS; i++)
		if (letters[i].letter == letter)
			return letters[i].flag;
	return 0;
}

struct text {
	char *at;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static void add(const struct text *t, const char *fmt, ...)
{
	size_t n = strlen(t->at);
	va_list args;

	va_start(args, fmt);
	vsnprintf(t->at + n, t->size - n, fmt, args);
	va_end(args);
}

static void add_hex(const struct text *t, const char *name, const uint8_t *p, size_t len)
{
	add(t, "%s", name);
	for (size_t i = 0; i < len; i++)
		add(t, "%s%02x", i ? "" : " ", p[i]);
}

/* Of the first there is no last one. */
static void add_stamp(const struct text *t, const struct script_flow *f, const uint8_t *p)
{
	uint32_t val = load_be32(p + 2);

	if (f->tsval)
		add(t, "TS val last%+" PRId32 " ecr %u", (int32_t)(val - f->tsval),
		    load_be32(p + 6));
	else
		add(t, "TS val %u ecr %u", val, load_be32(p + 6));
}

static void add_blocks(const struct text *t, const struct script_flow *f, const uint8_t *p,
		       size_t len)
{
	add(t, "sack");
	for (size_t i = 2; i + 8 <= len; i += 8)
		add(t, " %" PRId32 ":%" PRId32, (int32_t)(load_be32(p + i) - f->peer_iss),
		    (int32_t)(load_be32(p + i + 4) - f->peer_iss));
}

/* One with kind and length; what is not of the length that it should be is raw. */
static void add_option(const struct text *t, const struct script_flow *f, const uint8_t *p,
		       size_t len)
{
	if (p[0] == TCP_OPT_MSS && len == TCP_OPT_MSS_LEN)
		add(t, "mss %u", load_be16(p + 2));
	else if (p[0] == TCP_OPT_SACK_PERMITTED && len == TCP_OPT_SACK_PERMITTED_LEN)
		add(t, "sackOK");
	else if (p[0] == TCP_OPT_WSCALE && len == TCP_OPT_WSCALE_LEN)
		add(t, "wscale %u", p[2]);
	else if (p[0] == TCP_OPT_TS && len == TCP_OPT_TS_LEN)
		add_stamp(t, f, p);
	else if (p[0] == TCP_OPT_SACK && len > 2)
		add_blocks(t, f, p, len);
	else if (p[0] == TCP_OPT_FASTOPEN)
		add_hex(t, "FO", p + TCP_OPT_FASTOPEN_LEN, len - TCP_OPT_FASTOPEN_LEN);
	else
		add_hex(t, "raw", p, len);
}

static void add_options(const struct text *t, const struct script_flow *f, const uint8_t *p,
			const uint8_t *end)
{
	const char *between = " <";

	for (size_t len; p < end; p += len, between = ",") {
		add(t, "%s", between);
		len = 1;
		if (*p == TCP_OPT_NOP || *p == TCP_OPT_EOL) {
			add(t, *p == TCP_OPT_NOP ? "nop" : "eol");
			continue;
		}
		len = end - p > 1 && p[1] >= 2 && p[1] <= end - p ? p[1] : (size_t)(end - p);
		add_option(t, f, p, len);
	}
	add(t, *between == ',' ? ">" : "");
}

static const struct script_flow *flow_of(const struct script *s, uint16_t peer_port)
{
	for (unsigned i = 0; i < s->nflows; i++)
		if (s->flow[i].peer_port == peer_port)
			return &s->flow[i];
	return s->flow;
}

void script_describe(const struct script *s, const struct kept_frame *k, char *text, size_t size)
{
	const struct text t = {text, size};
	const uint8_t *tcp = k->data + IPV4_HLEN;
	const struct script_flow *f;
	struct segment g;
	uint32_t seq;

	snprintf(text, size, "%.6f > ", (double)(k->now_ns - s->start_ns) / 1e9);
	if (!segment_parse(&g, k->data, k->len)) {
		add(&t, "something other than TCP");
		return;
	}
	f = flow_of(s, g.dport);
	seq = f->stack_known ? g.seq - f->stack_iss : g.flags & TCP_SYN ? 0 : g.seq;
	for (unsigned i = 0; i < LETTERS; i++)
		if (g.flags & letters[i].flag)
			add(&t, "%c", letters[i].letter);
	add(&t, "%s %" PRId32 ":%" PRId32 "(%u)", g.flags ? "" : "-", (int32_t)seq,
	    (int32_t)(seq + g.len), g.len);
	if (g.flags & TCP_ACK)
		add(&t, " ack %" PRId32, (int32_t)(g.ack - f->peer_iss));
	add(&t, " win %u", g.wnd);
	if (g.dport != SCRIPT_PEER)
		add(&t, " to %u", g.dport);
	if (g.tos)
		add(&t, " tos %u", g.tos);
	if (g.urgent)
		add(&t, " urg %u", g.urgent);
	add_options(&t, f, tcp + TCP_HLEN, tcp + (size_t)(load_be16(tcp + 12) >> 12) * 4);
}
