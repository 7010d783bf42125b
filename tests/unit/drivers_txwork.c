/* SPDX-License-Identifier: BSD-3-Clause */
/* What a NIC makes of a packet: segments and checksums, against an independent sum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>

#include "base/checksum.h"
#include "drivers/txwork.h"

#define LINK  14
#define FRAME 9000
#define FIN   0x01
#define PSH   0x08
#define ACK   0x10
#define CWR   0x80

struct packet {
	uint8_t bytes[FRAME];
	struct rte_mbuf m;
	bool six;
	uint32_t payload;
};

static uint32_t ip_len(const struct packet *p)
{
	return p->six ? 40 : 20;
}

/* TCP with timestamps (32 bytes of header), or UDP; the checksum field holds what is of no use. */
static void make(struct packet *p, bool six, uint8_t proto, uint32_t payload)
{
	uint32_t l4_len = proto == IPPROTO_TCP ? 32 : 8;
	uint8_t *ip = p->bytes + LINK, *l4;
	uint32_t len;

	*p = (struct packet){.six = six, .payload = payload};
	l4 = ip + ip_len(p);
	len = l4_len + payload;
	for (uint32_t i = 0; i < len; i++)
		l4[i] = (uint8_t)(i * 7 + i / 251);
	if (six) {
		ip[0] = 0x60;
		ip[4] = (uint8_t)(len >> 8);
		ip[5] = (uint8_t)len;
		ip[6] = proto;
		memset(ip + 8, 0x2a, 32);
	} else {
		ip[0] = 0x45;
		ip[2] = (uint8_t)((len + 20) >> 8);
		ip[3] = (uint8_t)(len + 20);
		ip[4] = 0xff;
		ip[5] = 0xff;
		ip[9] = proto;
		memcpy(ip + 12, "\x0a\0\0\x01\x0a\0\0\x02", 8);
	}
	if (proto == IPPROTO_TCP) {
		memcpy(l4 + 4, "\xff\xff\xff\xf0", 4);
		l4[12] = 8 << 4;
		l4[13] = FIN | PSH | ACK | CWR;
	} else {
		l4[4] = (uint8_t)(len >> 8);
		l4[5] = (uint8_t)len;
	}
	p->m.l2_len = LINK;
	p->m.l3_len = ip_len(p) & 0x1ff;
	p->m.l4_len = l4_len & 0xff;
	p->m.pkt_len = LINK + ip_len(p) + len;
	p->m.ol_flags = six ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	p->m.ol_flags |= proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
}

/* The sums of a frame are right, and its lengths. */
static void assert_sound(const struct packet *p, const uint8_t *frame, uint32_t len, uint8_t proto)
{
	const uint8_t *ip = frame + LINK, *l4 = ip + ip_len(p);
	uint32_t n = len - LINK - ip_len(p), sum;

	if (p->six) {
		assert_int_equal(ip[4] << 8 | ip[5], n);
		sum = csum_pseudo6(ip + 8, ip + 24, proto, n);
	} else {
		assert_int_equal(ip[2] << 8 | ip[3], n + 20);
		assert_int_equal(csum_finish(csum_partial(ip, 20, 0)), 0);
		sum = csum_pseudo4(ip + 12, ip + 16, proto, (uint16_t)n);
	}
	assert_int_equal(csum_finish(csum_partial(l4, n, sum)), 0);
}

static uint32_t seq_of(const uint8_t *tcp)
{
	return (uint32_t)tcp[4] << 24 | (uint32_t)tcp[5] << 16 | (uint32_t)tcp[6] << 8 | tcp[7];
}

/* RFC 9293 §3.1, RFC 3168 §6.1.2: what of the header is whose. */
static void cut(bool six, uint32_t payload, uint16_t mss)
{
	static struct packet p;
	static uint8_t out[FRAME];
	uint32_t done = 0, len, head, index = 0;
	struct txwork t;

	make(&p, six, IPPROTO_TCP, payload);
	p.m.ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	p.m.tso_segsz = mss;
	head = LINK + ip_len(&p) + 32;
	txwork_begin(&t, &p.m, p.bytes);
	for (; (len = txwork_next(&t, out)) > 0; index++) {
		const uint8_t *tcp = out + LINK + ip_len(&p);
		uint32_t part = len - head;
		bool last = done + part == payload;
		uint8_t flags = ACK;

		assert_int_equal(part, payload - done < mss ? payload - done : mss);
		assert_sound(&p, out, len, IPPROTO_TCP);
		assert_int_equal(seq_of(tcp), UINT32_C(0xfffffff0) + done);
		flags |= (uint8_t)((index == 0 ? CWR : 0) | (last ? PSH | FIN : 0));
		assert_int_equal(tcp[13], flags);
		assert_memory_equal(tcp + 20, p.bytes + LINK + ip_len(&p) + 20, 12);
		assert_memory_equal(out + head, p.bytes + head + done, part);
		if (!six)
			assert_int_equal(out[LINK + 4] << 8 | out[LINK + 5],
					 (0xffff + index) & 0xffff);
		done += part;
	}
	assert_int_equal(done, payload);
}

static void tcp_is_cut(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		cut(six, 1, 1448);
		cut(six, 1448, 1448);
		cut(six, 1449, 1448);
		cut(six, 2896, 1448);
		cut(six, 8001, 1448);
		cut(six, 101, 7);
	}
}

static void sums_alone(bool six, uint8_t proto, uint32_t payload)
{
	static struct packet p;
	static uint8_t out[FRAME];
	struct txwork t;
	uint32_t len;

	make(&p, six, proto, payload);
	assert_true(txwork_asked(&p.m));
	txwork_begin(&t, &p.m, p.bytes);
	len = txwork_next(&t, out);
	assert_int_equal(len, p.m.pkt_len);
	assert_sound(&p, out, len, proto);
	assert_int_equal(txwork_next(&t, out), 0);
}

static void checksums_are_computed(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++)
		for (uint32_t payload = 0; payload < 70; payload++) {
			sums_alone(six, IPPROTO_TCP, payload);
			sums_alone(six, IPPROTO_UDP, payload);
		}
}

/* RFC 768: 0 would say that there is none. */
static void a_sum_of_zero_is_sent_as_ones(void **state)
{
	static struct packet p;
	static uint8_t out[FRAME];
	struct txwork t;
	uint8_t *payload;
	uint32_t sum;

	(void)state;
	make(&p, false, IPPROTO_UDP, 2);
	payload = p.bytes + LINK + 28;
	memset(payload, 0, 2);
	txwork_begin(&t, &p.m, p.bytes);
	txwork_next(&t, out);
	memcpy(payload, out + LINK + 26, 2); /* with its own sum as data the sum is 0 */
	sum = (uint32_t)(payload[0] << 8 | payload[1]);
	assert_int_not_equal(sum, 0);
	txwork_begin(&t, &p.m, p.bytes);
	txwork_next(&t, out);
	assert_int_equal(out[LINK + 26] << 8 | out[LINK + 27], 0xffff);
}

static void what_asks_for_nothing_is_told(void **state)
{
	struct rte_mbuf m = {.ol_flags = RTE_MBUF_F_TX_IPV4};

	(void)state;
	assert_false(txwork_asked(&m));
}

/* The packet in three buffers, its checksum field prepared as for a device; flat again in out. */
static uint64_t summed_in_three(const struct packet *p, uint8_t proto, uint32_t a, uint32_t b,
				uint8_t *out)
{
	uint32_t head = LINK + ip_len(p) + p->m.l4_len, n = p->m.pkt_len - LINK - ip_len(p);
	const uint32_t ends[3] = {head + a, head + a + b, p->m.pkt_len};
	const uint8_t *ip = out + LINK;
	struct rte_mbuf seg[3];
	uint16_t pseudo;

	memcpy(out, p->bytes, p->m.pkt_len);
	pseudo = csum_fold(p->six ? csum_pseudo6(ip + 8, ip + 24, proto, n)
				  : csum_pseudo4(ip + 12, ip + 16, proto, (uint16_t)n));
	memcpy(out + LINK + ip_len(p) + (proto == IPPROTO_TCP ? 16 : 6), &pseudo, sizeof(pseudo));
	for (int i = 0; i < 3; i++) {
		uint32_t from = i ? ends[i - 1] : 0;

		seg[i] = p->m;
		seg[i].buf_addr = out + from;
		seg[i].data_len = (uint16_t)(ends[i] - from);
		seg[i].next = i < 2 ? &seg[i + 1] : NULL;
	}
	seg[0].nb_segs = 3;
	txwork_sum_odd(&seg[0]);
	return seg[0].ol_flags;
}

/* All that a device's driver gets wrong is done, and nothing else. */
static void a_chain_with_odd_buffers_is_summed_up(void **state)
{
	const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	static struct packet p;
	static uint8_t out[FRAME];

	(void)state;
	for (int kind = 0; kind < 4; kind++)
		for (uint32_t cut = 0; cut < 4 * 4; cut++) {
			uint8_t proto = protos[kind & 1];
			uint32_t a = cut / 4, b = 100 + cut % 4;
			uint64_t flags;

			make(&p, kind >= 2, proto, 1001);
			flags = summed_in_three(&p, proto, a, b, out);
			if (!(a & 1) && !(b & 1)) {
				assert_int_equal(flags, p.m.ol_flags);
				continue;
			}
			assert_int_equal(flags, p.m.ol_flags & ~RTE_MBUF_F_TX_L4_MASK);
			if (!p.six)
				txwork_sum_ipv4(out + LINK);
			assert_sound(&p, out, p.m.pkt_len, proto);
			p.m.ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
			assert_int_equal(summed_in_three(&p, proto, a, b, out), p.m.ol_flags);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_is_cut),
		cmocka_unit_test(checksums_are_computed),
		cmocka_unit_test(a_sum_of_zero_is_sent_as_ones),
		cmocka_unit_test(what_asks_for_nothing_is_told),
		cmocka_unit_test(a_chain_with_odd_buffers_is_summed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
