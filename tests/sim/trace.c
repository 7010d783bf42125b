/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "wire/eth.h"
#include "wire/family.h"
#include "wire/ipv4.h"

#define CONTROL (TCP_SYN | TCP_FIN | TCP_RST)

bool segment_parse(struct segment *s, const uint8_t *packet, size_t len)
{
	struct ipv4_view ip;
	struct tcp_view tcp;
	const uint8_t *p;

	if (ipv4_parse(packet, len, len, 0, &ip) || ip.proto != IP_PROTO_TCP)
		return false;
	p = packet + ip.hdr_len;
	if (tcp_parse(p, ipv4_payload_len(&ip), &tcp))
		return false;
	*s = (struct segment){
		.sport = tcp.sport,
		.dport = tcp.dport,
		.flags = tcp.flags,
		.wnd = tcp.window,
		.urgent = tcp.urgent,
		.seq = tcp.seq,
		.ack = tcp.ack,
		.len = (uint32_t)ipv4_payload_len(&ip) - tcp.hdr_len,
		.ttl = ip.ttl,
		.tos = ip.tos,
	};
	tcp_opts_parse(p + TCP_HLEN, (size_t)tcp.hdr_len - TCP_HLEN, &s->opts);
	return true;
}

static void seen(void *arg, unsigned direction, uint64_t now_ns, const void *frame, size_t len)
{
	struct trace *t = arg;
	const uint8_t *p = frame;
	struct segment s;

	if (t->deaf)
		return;
	memcpy(t->mac[direction], p + 6, 6);
	t->frames++;
	t->hash = siphash13(&(struct siphash_key){t->hash, 2 * now_ns + direction}, frame, len);
	if (len > ETH_HLEN && load_be16(p + 12) == ETH_TYPE_ARP)
		t->arps++;
	if (len <= ETH_HLEN || load_be16(p + 12) != ETH_TYPE_IPV4 ||
	    !segment_parse(&s, p + ETH_HLEN, len - ETH_HLEN))
		return;
	s.now_ns = now_ns;
	s.from = direction;
	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 256;
		t->segment = realloc(t->segment, t->room * sizeof(*t->segment));
		assert_non_null(t->segment);
	}
	t->segment[t->count++] = s;
}

void trace_start(struct trace *trace, struct world *world)
{
	memset(trace, 0, sizeof(*trace));
	trace->world = world;
	nsk_wire_tap(world->wire, seen, trace);
}

void trace_end(struct trace *trace)
{
	nsk_wire_tap(trace->world->wire, NULL, NULL);
	free(trace->segment);
	trace->segment = NULL;
}

void trace_clear(struct trace *trace)
{
	trace->count = 0;
}

static bool matches(const struct segment *s, unsigned from, uint16_t flags)
{
	return s->from == from && (s->flags & CONTROL) == (flags & CONTROL) &&
	       (!(flags & TCP_PSH) || s->len > 0);
}

size_t trace_count(const struct trace *trace, unsigned from, uint16_t flags)
{
	size_t n = 0;

	for (size_t i = 0; i < trace->count; i++)
		n += matches(&trace->segment[i], from, flags);
	return n;
}

const struct segment *trace_nth(const struct trace *trace, unsigned from, uint16_t flags, size_t n)
{
	for (size_t i = 0; i < trace->count; i++)
		if (matches(&trace->segment[i], from, flags) && n-- == 0)
			return &trace->segment[i];
	fail_msg("host %c sent no such segment, flags %#x", from == FROM_A ? 'A' : 'B', flags);
	return NULL;
}

/* ---- audit --------------------------------------------------------------------------------- */

#define AUDIT_CONNS 16
#define ASIDE_MOST  (1u << 20) /* octets that a server sends to nobody */

/* One side of one connection, as its segments tell. */
struct audit_side {
	bool syn, syn_ack;
	uint8_t present; /* options of its last SYN */
	uint8_t shift;
	uint16_t mss;
	uint16_t syn_wnd; /* of its SYN */
	uint32_t first;	  /* octet that it sends */
	uint32_t early;	  /* behind what the peer had sent by its first ACK */
	bool told;	  /* has sent an ACK */
	uint32_t ack;	  /* highest */
	uint32_t right;	  /* edge of the window that it offered */
	bool any;	  /* has sent something */
	uint32_t sent;	  /* behind the highest octet that it sent */
	bool passed;	  /* the peer has passed over a SYN,ACK of it */
	uint32_t aside;	  /* first octet behind that */
};

struct audit {
	uint16_t port[2]; /* A's, B's */
	struct audit_side side[2];
	bool reset; /* by one of the two */
	bool over;  /* what comes is another connection's */
};

static bool after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static struct audit *audit_of(struct audit *list, unsigned *n, const struct segment *s)
{
	uint16_t a = s->from == FROM_A ? s->sport : s->dport;
	uint16_t b = s->from == FROM_A ? s->dport : s->sport;

	for (unsigned i = 0; i < *n; i++)
		if (list[i].port[0] == a && list[i].port[1] == b)
			return &list[i];
	assert_true(*n < AUDIT_CONNS);
	list[*n] = (struct audit){.port = {a, b}};
	return &list[(*n)++];
}

static void audit_fail(const struct segment *s, const char *what)
{
	fail_msg("%c at %llu.%06llu ms: seq %u len %u ack %u wnd %u flags %#x: %s",
		 s->from == FROM_A ? 'A' : 'B', (unsigned long long)(s->now_ns / MS),
		 (unsigned long long)(s->now_ns % MS), s->seq, s->len, s->ack, s->wnd, s->flags,
		 what);
}

static void audit_syn(const struct segment *s, struct audit_side *me, const struct audit_side *peer)
{
	me->syn_ack = s->flags & TCP_ACK;
	/* The one that is answered need not be the last: both may have waited for the link address.
	 */
	me->present = s->opts.present | (me->syn && !me->syn_ack ? me->present : 0);
	me->shift = s->opts.wscale;
	me->mss = s->opts.mss;
	me->syn_wnd = s->wnd;
	me->first = s->seq + 1;
	if (me->syn_ack && (s->opts.present & ~peer->present & ~TCP_HAS_MSS))
		audit_fail(s, "its SYN,ACK takes up what the SYN did not offer");
	if (!me->syn && me->any && after(me->sent, me->first + peer->syn_wnd + 1))
		audit_fail(s, "what came before it goes beyond the window of the SYN");
	me->syn = true;
}

/* A full queue of the wire swallows segments before they can be seen. When that is a SYN,ACK, the
 * data that a server with Fast Open sends behind it (RFC 7413 §4.2.2) comes first: with timestamps
 * only if the SYN had them. */
static void audit_options(const struct segment *s, const struct audit_side *me,
			  const struct audit_side *peer)
{
	uint8_t both = peer->present & (me->syn ? me->present : UINT8_MAX);
	uint8_t ts = s->opts.present & TCP_HAS_TS;

	if (me->syn ? ts != (both & TCP_HAS_TS) : ts & ~both)
		audit_fail(s, "timestamps do not agree with the handshake");
	if ((s->opts.present & TCP_HAS_SACK) && !(both & TCP_HAS_SACK_PERMITTED))
		audit_fail(s, "SACK was not permitted");
}

static void audit_ack(const struct segment *s, struct audit_side *me, const struct audit_side *peer,
		      uint8_t both)
{
	unsigned shift = (both & TCP_HAS_WSCALE) && !(s->flags & TCP_SYN) ? me->shift : 0;
	uint32_t right = s->ack + ((uint32_t)s->wnd << shift);

	if (after(s->ack, peer->sent))
		audit_fail(s, "acknowledges what was never sent");
	if (me->told && after(me->ack, s->ack))
		audit_fail(s, "its ACK goes backwards");
	/* By less than a unit of the scale it may, since the field cannot say it (RFC 7323 §2.4),
	 * and a SYN,ACK that is repeated cannot say a large one. */
	if (me->told && me->right - right >= 1u << shift && after(me->right, right) &&
	    !(s->flags & TCP_SYN))
		audit_fail(s, "takes an offered window back");
	/* What came before was sent into the window of the SYN (RFC 7413 §4.2.2). */
	if (!me->told)
		me->early = peer->sent;
	if (!me->told || after(right, me->right))
		me->right = right;
	me->told = true;
	me->ack = s->ack;
}

static void audit_text(const struct segment *s, struct audit_side *me,
		       const struct audit_side *peer)
{
	uint32_t end = s->seq + s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);

	if (peer->mss && s->len > peer->mss)
		audit_fail(s, "is larger than the peer's MSS");
	/* One octet may go beyond as a probe, and so may a FIN. */
	if (peer->told && after(end, peer->right + 1) && after(end, peer->early))
		audit_fail(s, "goes beyond the window");
	if (!peer->told && peer->syn && me->syn && after(end, me->first + peer->syn_wnd + 1))
		audit_fail(s, "goes beyond the window of the SYN");
	/* Who repeats a SYN leaves out the data that the first one may have had (RFC 7413 §4.1.3).
	 */
	if (!me->any || after(end, me->sent))
		me->sent = end;
	me->any = true;
}

/* What the peer of s first acknowledges, but for RSTs; NULL: nothing. */
static const struct segment *first_ack(const struct trace *trace, const struct segment *s)
{
	for (size_t i = 0; i < trace->count; i++) {
		const struct segment *a = &trace->segment[i];

		if (a->from != s->from && a->sport == s->dport && a->dport == s->sport &&
		    (a->flags & TCP_ACK) && !(a->flags & TCP_RST))
			return a;
	}
	return NULL;
}

/*
 * A SYN,ACK that the client does not take up, since another one was there first. Who answers with
 * cookies keeps nothing (RFC 4987 §3.6): when the SYN is repeated and does not ask for ECN any more
 * (RFC 3168 §6.1.1), or an epoch has passed, its answer has another ISN.
 */
static bool passed_over(const struct trace *trace, const struct segment *s)
{
	const struct segment *a;

	if (!trace->cookies || (s->flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK))
		return false;
	a = first_ack(trace, s);
	if (!a || a->ack == s->seq + 1)
		return false;
	for (size_t i = 0; i < trace->count; i++) {
		const struct segment *other = &trace->segment[i];

		if (other->from == s->from && other->sport == s->sport &&
		    other->dport == s->dport &&
		    (other->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
		    other->seq + 1 == a->ack)
			return true;
	}
	return false;
}

/* A server whose connection was reset takes a SYN that the wire has doubled, or kept for long, for
 * a new one (RFC 9293 §3.5.2), which has other numbers. */
static bool is_over(struct audit *a, const struct segment *s)
{
	if ((s->flags & (TCP_RST | TCP_ACK)) == (TCP_RST | TCP_ACK))
		a->reset |= s->seq != 0; /* 0: the answer to what has no ACK */
	else if ((s->flags & TCP_SYN) && a->reset)
		a->over = true;
	return a->over;
}

/* One that was passed over, and with Fast Open what the server sends behind it. */
static bool is_aside(const struct trace *trace, const struct segment *s, struct audit_side *me)
{
	if (passed_over(trace, s)) {
		me->passed = true;
		me->aside = s->seq + 1;
		return true;
	}
	return me->passed && !(s->flags & TCP_SYN) && s->seq - me->aside < ASIDE_MOST;
}

void trace_audit(const struct trace *trace)
{
	struct audit list[AUDIT_CONNS];
	unsigned n = 0;

	for (size_t i = 0; i < trace->count; i++) {
		const struct segment *s = &trace->segment[i];
		struct audit *a = audit_of(list, &n, s);
		struct audit_side *me = &a->side[s->from], *peer = &a->side[!s->from];

		if (is_over(a, s) || (s->flags & TCP_RST) || is_aside(trace, s, me))
			continue;
		if (s->flags & TCP_SYN)
			audit_syn(s, me, peer);
		else
			audit_options(s, me, peer);
		if (s->flags & TCP_ACK)
			audit_ack(s, me, peer, me->present & peer->present);
		audit_text(s, me, peer);
	}
}
