/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/trace.h"

#include <stdlib.h>
#include <string.h>

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
		.seq = tcp.seq,
		.ack = tcp.ack,
		.len = (uint32_t)ipv4_payload_len(&ip) - tcp.hdr_len,
		.ttl = ip.ttl,
		.tos = ip.tos,
	};
	tcp_opts_parse(p + TCP_HLEN, (size_t)tcp.hdr_len - TCP_HLEN, &s->opts);
	return true;
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	for (; len; p++, len--)
		hash = (hash ^ *p) * UINT64_C(0x100000001b3);
	return hash;
}

static void seen(void *arg, unsigned direction, uint64_t now_ns, const void *frame, size_t len)
{
	struct trace *t = arg;
	const uint8_t *p = frame;
	struct segment s;

	t->frames++;
	t->hash = hash_bytes(t->hash, &now_ns, sizeof(now_ns));
	t->hash = hash_bytes(t->hash, &direction, sizeof(direction));
	t->hash = hash_bytes(t->hash, frame, len);
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
