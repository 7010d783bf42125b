/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Received frames of the lean client: a burst is sorted by slot first, so that connections are on
 * their way into the cache while others are worked on; then each frame is checked and handed over.
 * What fits no slot is ARP, ICMP, or stray.
 */
#include "nsk-load/lean.h"

#include <string.h>

#include "nsk-load/sum.h"

#define NO_SLOT UINT32_MAX

#define TYPE_IPV4	 0x0800
#define TYPE_ARP	 0x0806
#define IP_FRAGMENT	 0x3fff
#define ICMP_UNREACHABLE 3
#define ICMP_LEN	 8u

/* The slot of an IPv4 packet without options or fragmentation whose own address and port are at dst
 * and dport. */
static inline uint32_t slot_of(const struct lean *l, uint32_t addr, uint16_t port)
{
	uint32_t a = addr - l->addr_first, p = port - l->port_first, slot;

	if (a >= l->addr_count || p >= l->port_count)
		return NO_SLOT;
	slot = lean_slot(l, a, p);
	return slot < l->nslots ? slot : NO_SLOT;
}

static inline uint32_t classify(const struct lean *l, const struct wire_frame *f)
{
	const uint8_t *ip = f->data + l->l2_len;

	if (f->len < l->l2_len + IP_LEN + UDP_LEN ||
	    (l->l2_len && load16(f->data + 12) != TYPE_IPV4) || ip[0] != 0x45 ||
	    ip[9] != l->proto || (load16(ip + 6) & IP_FRAGMENT))
		return NO_SLOT;
	return slot_of(l, load32(ip + 16), load16(ip + IP_LEN + 2));
}

static bool from_target(const struct lean *l, uint32_t slot, const uint8_t *ip)
{
	const struct lean_target *t = &l->target[l->conn[slot].target];

	return load32(ip + 12) == t->addr && load16(ip + IP_LEN) == t->port;
}

/* Verifies the checksums of a packet whose transport part has len bytes. */
static inline bool sums_right(const uint8_t *ip, uint32_t len)
{
	uint64_t sum = sum_bytes(ip + 12, 8) + sum_u16(ip[9]) + sum_u16((uint16_t)len) +
		       sum_bytes(ip + IP_LEN, len);

	return sum_fold(sum_bytes(ip, IP_LEN)) == 0xffff && sum_fold(sum) == 0xffff;
}

static void tcp_frame(struct lean *l, uint32_t slot, const uint8_t *ip, uint32_t len)
{
	const uint8_t *th = ip + IP_LEN;
	uint32_t head = len < TCP_LEN ? 0 : (uint32_t)(th[12] >> 4) * 4;
	struct segment s;

	if (head < TCP_LEN || head > len) {
		result_add(&l->result->now.stray, 1);
		return;
	}
	s.seq = load32(th + 4);
	s.ack = load32(th + 8);
	s.flags = th[13];
	s.wnd = load16(th + 14);
	s.options = th + TCP_LEN;
	s.options_len = head - TCP_LEN;
	s.data = th + head;
	s.len = len - head;
	lean_tcp_input(l, slot, &s);
}

/* An answer to the present request, or one that comes too late to anybody. */
static void datagram_frame(struct lean *l, uint32_t slot, const uint8_t *ip, uint32_t len)
{
	struct conn *c = &l->conn[slot];
	uint32_t head = l->proto == PROTO_UDP ? UDP_LEN : TCP_LEN;
	uint64_t tag = lean_tag(c, slot);
	const uint8_t *data = ip + IP_LEN + head;

	if (l->proto == PROTO_UDP && len >= UDP_LEN && load16(ip + IP_LEN + 4) <= len)
		len = load16(ip + IP_LEN + 4);
	if (c->state != CONN_BUSY || len < head + l->work.tag_len ||
	    (l->work.kind == WORK_ECHO && memcmp(data, &tag, l->work.tag_len) != 0)) {
		result_add(&l->result->now.stray, 1);
		return;
	}
	result_add(&l->result->now.rx_bytes, len - head);
	if (work_feed(&l->work, &c->answer, tag, data, len - head) == WORK_DONE)
		conn_answered(l, slot);
	else
		conn_failed(l, slot, LOAD_ERR_BAD, false);
}

static void slot_frame(struct lean *l, uint32_t slot, const struct wire_frame *f)
{
	const uint8_t *ip = f->data + l->l2_len;
	uint32_t total = load16(ip + 2);

	if (total > f->len - l->l2_len || total < IP_LEN + UDP_LEN || !from_target(l, slot, ip)) {
		result_add(&l->result->now.stray, 1);
		return;
	}
	/* Zero in UDP: the sender made none (RFC 768). */
	if (!f->trusted && !l->o->no_checksum &&
	    !(l->proto == PROTO_UDP && load16(ip + IP_LEN + 6) == 0) &&
	    !sums_right(ip, total - IP_LEN)) {
		result_error(l->result, LOAD_ERR_CHECKSUM);
		return;
	}
	if (l->datagrams)
		datagram_frame(l, slot, ip, total - IP_LEN);
	else
		tcp_frame(l, slot, ip, total - IP_LEN);
}

/* A packet of ours did not get there: a handshake or a datagram has failed; an established
 * connection goes on. */
static void icmp_frame(struct lean *l, const uint8_t *icmp, uint32_t len)
{
	const uint8_t *ip = icmp + ICMP_LEN;
	uint32_t slot;

	if (len < ICMP_LEN + IP_LEN + 4 || icmp[0] != ICMP_UNREACHABLE || ip[0] != 0x45 ||
	    ip[9] != l->proto || sum_fold(sum_bytes(icmp, len)) != 0xffff)
		return;
	slot = slot_of(l, load32(ip + 12), load16(ip + IP_LEN));
	if (slot == NO_SLOT || load32(ip + 16) != l->target[l->conn[slot].target].addr)
		return;
	if (l->conn[slot].state == CONN_SYN || (l->datagrams && l->conn[slot].state == CONN_BUSY))
		conn_failed(l, slot, LOAD_ERR_UNREACHABLE, false);
}

static void other_frame(struct lean *l, const struct wire_frame *f)
{
	const uint8_t *ip = f->data + l->l2_len;
	uint32_t total;

	if (f->len < l->l2_len + IP_LEN)
		return;
	if (l->l2_len && load16(f->data + 12) == TYPE_ARP) {
		lean_arp_input(l, ip, f->len - l->l2_len);
		return;
	}
	result_add(&l->result->now.stray, 1);
	if ((l->l2_len && load16(f->data + 12) != TYPE_IPV4) || ip[0] != 0x45 ||
	    ip[9] != PROTO_ICMP)
		return;
	total = load16(ip + 2);
	if (total >= IP_LEN && total <= f->len - l->l2_len)
		icmp_frame(l, ip + IP_LEN, total - IP_LEN);
}

void lean_receive(struct lean *l)
{
	struct wire *wire = l->wire;
	uint32_t slot[WIRE_BURST];
	unsigned n = wire->receive(wire);

	for (unsigned i = 0; i < n; i++) {
		slot[i] = classify(l, &wire->rx[i]);
		if (slot[i] != NO_SLOT)
			__builtin_prefetch(&l->conn[slot[i]], 1);
	}
	for (unsigned i = 0; i < n; i++) {
		if (slot[i] == NO_SLOT)
			other_frame(l, &wire->rx[i]);
		else
			slot_frame(l, slot[i], &wire->rx[i]);
	}
}
