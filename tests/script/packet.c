/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets as scripts write them: "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,
 * wscale 7>". One grammar for what is injected and what is expected; "*" stands for anything in the
 * latter.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "script/script.h"

#define ANY INT64_MIN

struct option {
	enum {
		OPT_NOP,
		OPT_EOL,
		OPT_MSS,
		OPT_SACKOK,
		OPT_WSCALE,
		OPT_TS,
		OPT_SACK,
		OPT_FO,
		OPT_RAW
	} kind;
	int64_t a, b;
	bool a_last, b_last; /* relative to the last timestamp of the stack */
	unsigned blocks;
	int64_t from[4], to[4];
	uint8_t raw[40];
	unsigned raw_len;
};

struct packet {
	uint16_t flags;
	bool has_seq, has_opts;
	int64_t start, end, len;
	int64_t ack, win; /* ANY: not said */
	int64_t from, to; /* ports, ANY: the usual */
	int64_t tos, urgent;
	struct option opt[20];
	unsigned nopts;
	bool bad_sum;
};

/* ---- parsing ---- */

static uint16_t parse_flags(struct script *s)
{
	uint16_t flags = 0;

	lex_blanks(&s->x);
	if (lex_take(&s->x, "-"))
		return 0;
	for (; script_flag(*s->x.at); s->x.at++)
		flags |= script_flag(*s->x.at);
	if (flags == 0)
		script_fail(s, "flags expected, letters of SFRP.UEWA or -, before: %s", s->x.at);
	return flags;
}

static int64_t number_or_any(struct script *s)
{
	return lex_take(&s->x, "*") ? ANY : script_need_number(s);
}

/* A timestamp: a number, "*", or "last" with what is to be added. */
static int64_t parse_stamp(struct script *s, bool *last)
{
	int64_t n = 0;

	*last = lex_keyword(&s->x, "last");
	if (!*last)
		return number_or_any(s);
	if (lex_take(&s->x, "+"))
		n = script_need_number(s);
	else
		lex_number(&s->x, &n);
	return n;
}

static void parse_blocks(struct script *s, struct option *o)
{
	int64_t n;

	while (o->blocks < 4 && lex_number(&s->x, &n)) {
		o->from[o->blocks] = n;
		script_need(s, ":");
		o->to[o->blocks++] = script_need_number(s);
	}
	if (o->blocks == 0)
		script_fail(s, "blocks expected, as 1001:2001");
}

static void parse_hex(struct script *s, struct option *o)
{
	if (!lex_hex(&s->x, o->raw, sizeof(o->raw), &o->raw_len))
		script_fail(s, "pairs of hexadecimal digits expected, 40 at most");
}

/* "FO" asks for a cookie, "FO 0123456789abcdef" has one, "FO last" the last that the stack gave,
 * "FO *" any of eight octets. */
static void parse_cookie(struct script *s, struct option *o)
{
	if (lex_keyword(&s->x, "last")) {
		memcpy(o->raw, s->cookie.octets, s->cookie.len);
		o->raw_len = s->cookie.len;
	} else if (lex_take(&s->x, "*")) {
		o->a = ANY;
		o->raw_len = 8;
	} else {
		parse_hex(s, o);
	}
}

static void parse_option(struct script *s, struct option *o)
{
	memset(o, 0, sizeof(*o));
	if (lex_keyword(&s->x, "nop")) {
		o->kind = OPT_NOP;
	} else if (lex_keyword(&s->x, "eol")) {
		o->kind = OPT_EOL;
	} else if (lex_keyword(&s->x, "mss")) {
		o->kind = OPT_MSS;
		o->a = number_or_any(s);
	} else if (lex_keyword(&s->x, "sackOK")) {
		o->kind = OPT_SACKOK;
	} else if (lex_keyword(&s->x, "wscale")) {
		o->kind = OPT_WSCALE;
		o->a = number_or_any(s);
	} else if (lex_keyword(&s->x, "TS")) {
		o->kind = OPT_TS;
		script_need(s, "val");
		o->a = parse_stamp(s, &o->a_last);
		script_need(s, "ecr");
		o->b = parse_stamp(s, &o->b_last);
	} else if (lex_keyword(&s->x, "sack")) {
		o->kind = OPT_SACK;
		parse_blocks(s, o);
	} else if (lex_keyword(&s->x, "raw")) {
		o->kind = OPT_RAW;
		parse_hex(s, o);
	} else if (lex_keyword(&s->x, "FO")) {
		o->kind = OPT_FO;
		parse_cookie(s, o);
	} else {
		script_fail(s,
			    "one of nop eol mss sackOK wscale TS sack FO raw expected before: %s",
			    s->x.at);
	}
}

static void parse_options(struct script *s, struct packet *p)
{
	p->has_opts = true;
	if (lex_take(&s->x, ">"))
		return;
	do {
		if (p->nopts == sizeof(p->opt) / sizeof(p->opt[0]))
			script_fail(s, "too many options");
		parse_option(s, &p->opt[p->nopts++]);
	} while (lex_take(&s->x, ","));
	script_need(s, ">");
}

static void parse_packet(struct script *s, struct packet *p)
{
	*p = (struct packet){
		.ack = ANY, .win = ANY, .from = ANY, .to = ANY, .tos = ANY, .urgent = ANY};
	p->flags = parse_flags(s);
	if (lex_number(&s->x, &p->start)) {
		p->has_seq = true;
		script_need(s, ":");
		p->end = script_need_number(s);
		script_need(s, "(");
		p->len = script_need_number(s);
		script_need(s, ")");
		if (p->end - p->start != p->len || p->len < 0)
			script_fail(s, "the length is not end less start");
	}
	while (!lex_end(&s->x)) {
		if (lex_keyword(&s->x, "ack"))
			p->ack = number_or_any(s);
		else if (lex_keyword(&s->x, "win"))
			p->win = number_or_any(s);
		else if (lex_keyword(&s->x, "from"))
			p->from = script_need_number(s);
		else if (lex_keyword(&s->x, "to"))
			p->to = script_need_number(s);
		else if (lex_keyword(&s->x, "tos"))
			p->tos = script_need_number(s);
		else if (lex_keyword(&s->x, "urg"))
			p->urgent = script_need_number(s);
		else if (lex_keyword(&s->x, "badsum"))
			p->bad_sum = true;
		else if (lex_take(&s->x, "<"))
			parse_options(s, p);
		else
			script_fail(s, "not understood: %s", s->x.at);
	}
}

/* ---- options on the wire ---- */

static uint8_t *put_stamp(uint8_t *p, int64_t n, bool last, const struct script_flow *f)
{
	store_be32(p, (uint32_t)n + (last ? f->tsval : 0));
	return p + 4;
}

static uint8_t *put_option(uint8_t *p, const struct option *o, const struct script_flow *f)
{
	switch (o->kind) {
	case OPT_NOP:
		*p++ = TCP_OPT_NOP;
		break;
	case OPT_EOL:
		*p++ = TCP_OPT_EOL;
		break;
	case OPT_MSS:
		*p++ = TCP_OPT_MSS;
		*p++ = TCP_OPT_MSS_LEN;
		store_be16(p, (uint16_t)o->a);
		p += 2;
		break;
	case OPT_SACKOK:
		*p++ = TCP_OPT_SACK_PERMITTED;
		*p++ = TCP_OPT_SACK_PERMITTED_LEN;
		break;
	case OPT_WSCALE:
		*p++ = TCP_OPT_WSCALE;
		*p++ = TCP_OPT_WSCALE_LEN;
		*p++ = (uint8_t)o->a;
		break;
	case OPT_TS:
		*p++ = TCP_OPT_TS;
		*p++ = TCP_OPT_TS_LEN;
		p = put_stamp(p, o->a, false, f);
		p = put_stamp(p, o->b, o->b_last, f);
		break;
	case OPT_SACK:
		*p++ = TCP_OPT_SACK;
		*p++ = (uint8_t)(2 + 8 * o->blocks);
		for (unsigned i = 0; i < o->blocks; i++) {
			store_be32(p, f->stack_iss + (uint32_t)o->from[i]);
			store_be32(p + 4, f->stack_iss + (uint32_t)o->to[i]);
			p += 8;
		}
		break;
	case OPT_FO:
		*p++ = TCP_OPT_FASTOPEN;
		*p++ = (uint8_t)(TCP_OPT_FASTOPEN_LEN + o->raw_len);
		memcpy(p, o->raw, o->raw_len);
		p += o->raw_len;
		break;
	case OPT_RAW:
		memcpy(p, o->raw, o->raw_len);
		p += o->raw_len;
		break;
	}
	return p;
}

static size_t put_options(struct script *s, const struct packet *p, const struct script_flow *f,
			  uint8_t bytes[128])
{
	uint8_t *end = bytes;

	for (unsigned i = 0; i < p->nopts && end - bytes <= TCP_OPTS_MAX; i++)
		end = put_option(end, &p->opt[i], f);
	while ((end - bytes) % 4)
		*end++ = TCP_OPT_EOL;
	if (end - bytes > TCP_OPTS_MAX)
		script_fail(s, "options are longer than 40 octets");
	return (size_t)(end - bytes);
}

/* ---- injecting ---- */

/* Octets of the peer's stream that begin with relative number 1, a SYN's with that behind it. */
static const uint8_t *stream_at(struct script *s, int64_t start, int64_t len)
{
	int64_t off = start - 1;

	if (len == 0)
		return script_data;
	if (off < 0 || off + len > SCRIPT_DATA) /* nonsense, or before the stream */
		off = 0;
	if (len > SCRIPT_DATA)
		script_fail(s, "that many octets cannot be sent");
	return script_data + off;
}

/* "icmp TYPE CODE [mtu N] quote SEQ [from PORT]": an error about 1500 octets that the stack sent.
 */
static void inject_icmp(struct script *s)
{
	const struct ip_spec quoted = {.src = HOST_A, .dst = HOST_B, .proto = IP_PROTO_TCP};
	static uint8_t frame[PEER_FRAME_MAX], quote[PEER_FRAME_MAX], head[1480];
	uint8_t type = (uint8_t)script_need_number(s), code = (uint8_t)script_need_number(s);
	uint32_t mtu = lex_keyword(&s->x, "mtu") ? (uint32_t)script_need_number(s) : 0, seq;
	struct script_flow *f;
	size_t n;

	script_need(s, "quote");
	seq = (uint32_t)script_need_number(s);
	f = script_flow(s, lex_keyword(&s->x, "from") ? (uint16_t)script_need_number(s) : 0);
	store_be16(head, f->stack_port);
	store_be16(head + 2, f->peer_port);
	store_be32(head + 4, f->stack_iss + seq);
	head[12] = TCP_HLEN / 4 << 4;
	frame_ip(quote, &quoted, head, sizeof(head));
	n = frame_icmp(frame, &(struct ip_spec){0}, type, code, mtu, quote + ETH_HLEN,
		       IPV4_HLEN + TCP_HLEN);
	peer_input(&s->peer, frame + ETH_HLEN, n - ETH_HLEN);
	peer_settle(&s->peer);
}

void script_inject(struct script *s)
{
	static uint8_t frame[PEER_FRAME_MAX];
	uint8_t opts[128];
	struct script_flow *f;
	struct tcp_spec spec;
	struct packet p;
	size_t n;

	if (lex_keyword(&s->x, "icmp")) {
		inject_icmp(s);
		return;
	}
	parse_packet(s, &p);
	if (!p.has_seq || ((p.flags & TCP_ACK) && p.ack == ANY))
		script_fail(s, "an injected packet needs its numbers");
	f = script_flow(s, p.from == ANY ? 0 : (uint16_t)p.from);
	if (p.to != ANY)
		f->stack_port = (uint16_t)p.to;
	spec = (struct tcp_spec){
		.ip = {.tos = p.tos == ANY ? 0 : (uint8_t)p.tos},
		.sport = f->peer_port,
		.dport = f->stack_port,
		.flags = p.flags,
		.wnd = p.win == ANY ? 0 : (uint16_t)p.win,
		.zero_wnd = p.win == 0,
		.urgent = p.urgent == ANY ? 0 : (uint16_t)p.urgent,
		.seq = f->peer_iss + (uint32_t)p.start,
		.ack = p.ack == ANY ? 0 : f->stack_iss + (uint32_t)p.ack,
		.opts = opts,
		.opts_len = put_options(s, &p, f, opts),
		.data = stream_at(s, p.start, p.len),
		.len = (size_t)p.len,
	};
	if (spec.opts_len + spec.len + TCP_HLEN + IPV4_HLEN > SCRIPT_MTU)
		script_fail(s, "a packet of that length cannot be sent");
	n = frame_tcp(frame, &spec);
	if (p.bad_sum)
		frame[ETH_HLEN + IPV4_HLEN + offsetof(struct tcp_wire, checksum)] ^= 0x55;
	peer_input(&s->peer, frame + ETH_HLEN, n - ETH_HLEN);
	peer_settle(&s->peer);
}

/* ---- comparing ---- */

struct found {
	struct script *s;
	const struct script_flow *f;
	const struct segment *g;
	const struct kept_frame *k;
	const uint8_t *tcp; /* the header */
	size_t hlen;
};

static _Noreturn void differs(const struct found *x, const char *what)
{
	char text[SCRIPT_PACKET];

	script_describe(x->s, x->k, text, sizeof(text));
	script_fail(x->s, "the %s differs\nthe stack sent\n    %s", what, text);
}

static void compare_number(const struct found *x, int64_t want, uint32_t got, const char *what)
{
	if (want != ANY && (uint32_t)want != got)
		differs(x, what);
}

static void compare_stamp(const struct found *x, int64_t want, bool last, uint32_t got,
			  const char *what)
{
	compare_number(x, want == ANY ? ANY : want + (last ? x->f->tsval : 0), got, what);
}

static const uint8_t *compare_option(const struct found *x, const struct option *o,
				     const uint8_t *p, const uint8_t *end)
{
	uint8_t want[64];
	size_t n = (size_t)(put_option(want, o, x->f) - want);

	if ((size_t)(end - p) < n || p[0] != want[0] || (n > 1 && p[1] != want[1]))
		differs(x, "list of options");
	switch (o->kind) {
	case OPT_MSS:
		compare_number(x, o->a, load_be16(p + 2), "MSS");
		break;
	case OPT_WSCALE:
		compare_number(x, o->a, p[2], "window scale");
		break;
	case OPT_TS:
		compare_stamp(x, o->a, o->a_last, load_be32(p + 2), "timestamp");
		compare_stamp(x, o->b, o->b_last, load_be32(p + 6), "timestamp's echo");
		break;
	case OPT_SACK:
		for (unsigned i = 0; i < o->blocks; i++) {
			compare_number(x, o->from[i], load_be32(p + 2 + 8 * i) - x->f->peer_iss,
				       "start of a SACK block");
			compare_number(x, o->to[i], load_be32(p + 6 + 8 * i) - x->f->peer_iss,
				       "end of a SACK block");
		}
		break;
	case OPT_FO:
		if (o->a == ANY)
			break;
		/* fallthrough */
	default:
		if (memcmp(p, want, n) != 0)
			differs(x, "list of options");
	}
	return p + n;
}

static void compare_options(const struct found *x, const struct packet *want)
{
	const uint8_t *p = x->tcp + TCP_HLEN, *end = x->tcp + x->hlen;

	if (!want->has_opts)
		return;
	for (unsigned i = 0; i < want->nopts; i++)
		p = compare_option(x, &want->opt[i], p, end);
	for (; p < end; p++)
		if (*p != TCP_OPT_EOL)
			differs(x, "list of options");
}

static void compare(const struct found *x, const struct packet *want)
{
	const struct segment *g = x->g;
	uint32_t seq = g->seq - x->f->stack_iss, off = seq - !(g->flags & TCP_SYN);

	if (g->flags != want->flags)
		differs(x, "set of flags");
	if (want->has_seq) {
		compare_number(x, want->start, seq, "sequence number");
		compare_number(x, want->len, g->len, "length");
	}
	if (g->flags & TCP_ACK)
		compare_number(x, want->ack, g->ack - x->f->peer_iss, "acknowledgment");
	compare_number(x, want->win, g->wnd, "window");
	compare_number(x, want->tos, g->tos, "type of service");
	compare_number(x, want->urgent == ANY ? 0 : want->urgent, g->urgent, "urgent pointer");
	compare_options(x, want);
	if (g->len && off + g->len <= SCRIPT_DATA &&
	    memcmp(x->tcp + x->hlen, script_data + off, g->len) != 0)
		differs(x, "payload");
}

/* The flow of what the stack sent; its SYN tells the stack's ISN and port. */
static struct script_flow *flow_of(struct script *s, const struct segment *g)
{
	struct script_flow *f = script_flow(s, g->dport);

	f->stack_port = g->sport;
	if (s->numbered && f == s->flow && !f->stack_known && g->seq != s->stack_iss)
		script_fail(s, "the stack's ISN is %u, not %u", g->seq, s->stack_iss);
	if ((g->flags & TCP_SYN) && !(f->stack_known && f->stack_iss == g->seq)) {
		f->stack_iss = g->seq;
		f->stack_known = true;
		f->ts_first = g->opts.tsval;
	}
	if (!f->stack_known) /* RSTs to strangers */
		f->stack_iss = 0;
	return f;
}

/* RFC 9293 §3.1: the sender must sum each segment. */
static bool summed(const struct kept_frame *k)
{
	uint16_t len = (uint16_t)(k->len - IPV4_HLEN);
	const uint8_t *src = k->data + offsetof(struct ipv4_wire, src);

	return csum_check(k->data + IPV4_HLEN, len, csum_pseudo4(src, src + 4, IP_PROTO_TCP, len));
}

static void take_found(struct script *s, const struct kept_frame *k, const struct packet *want)
{
	struct segment g = {0};
	struct script_flow *f;
	struct found x;
	char text[SCRIPT_PACKET];

	if (!segment_parse(&g, k->data, k->len))
		script_fail(s, "what the stack sent is not TCP");
	if (!summed(k))
		script_fail(s, "its checksum is wrong");
	if (load_be16(k->data + offsetof(struct ipv4_wire, frag)) != IPV4_FRAG_DF)
		script_fail(s, "it may be fragmented (RFC 1191 §3)");
	g.now_ns = k->now_ns;
	f = flow_of(s, &g);
	x = (struct found){.s = s, .f = f, .g = &g, .k = k, .tcp = k->data + IPV4_HLEN};
	x.hlen = (size_t)(load_be16(x.tcp + 12) >> 12) * 4;
	if (want->to != ANY && want->to != g.dport)
		differs(&x, "port");
	compare(&x, want);
	script_describe(s, k, text, sizeof(text));
	if (s->trace)
		puts(text);
	if (g.opts.present & TCP_HAS_TS)
		f->tsval = g.opts.tsval;
	if ((g.opts.present & TCP_HAS_FASTOPEN) && g.opts.cookie_len) {
		s->cookie.len = g.opts.cookie_len;
		memcpy(s->cookie.octets, g.opts.cookie, g.opts.cookie_len);
	}
	if (k->now_ns + s->slack_ns < s->at_ns || k->now_ns > s->at_ns + s->slack_ns)
		script_fail(s, "it came at %.6f, not at %.6f\nthe stack sent\n    %s",
			    (double)(k->now_ns - s->start_ns) / 1e9,
			    (double)(s->at_ns - s->start_ns) / 1e9, text);
}

void script_expect(struct script *s)
{
	const struct kept_frame *k;
	struct packet want;

	parse_packet(s, &want);
	if (s->peer.count == 0)
		peer_await(&s->peer, s->slack_ns);
	k = peer_take(&s->peer);
	if (!k)
		script_fail(s, "the stack sent nothing");
	take_found(s, k, &want);
}
