/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Load for a router or a reflector: perf_forward_load SECONDS 4|6 -d DEVARGS. Sends packets of 60
 * octets (IPv6: 78) to a million destinations, at most WINDOW of them on their way at once, and
 * counts those that come back: one line of JSON. Answers for whoever is asked for by ARP or
 * neighbour discovery, the router apart; its link address is learnt by asking for 10.0.2.1, and
 * without an answer (a reflector has none) it is 02:00:00:00:00:01.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_mbuf.h>

#include <netstk/netstk.h>
#include <netstk/raw.h>

#include "forward_packets.h"

#define BURST	     32
#define WINDOW	     512
#define DESTINATIONS 1000000
#define SECOND	     UINT64_C(1000000000)
#define LOST_NS	     (SECOND / 50) /* nothing has come back for so long: it never will */
#define LINK_NS	     (20 * SECOND)
#define ARP_LEN	     42
#define ND_LEN	     86

static const uint8_t router_ip[4] = {10, 0, 2, 1};
static const uint8_t own_ip[4] = {10, 0, 2, 2};

struct load {
	struct nsk_raw *raw;
	struct packets packets;
	uint8_t own[6], router[6];
	bool known; /* the router's link address */
	uint64_t sent, back;
	unsigned on_the_way;
	uint64_t last_ns; /* something came back */
};

static void transmit(struct load *l, const uint8_t *frame, size_t len)
{
	struct rte_mbuf *m;

	if (nsk_raw_alloc(l->raw, &m, 1))
		return;
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	if (nsk_raw_tx(l->raw, &m, 1) == 0)
		nsk_raw_free(l->raw, &m, 1);
}

static void send_arp(struct load *l, uint8_t op, const uint8_t *to, const uint8_t *from_ip,
		     const uint8_t *to_ip)
{
	static const uint8_t header[] = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0};
	uint8_t f[ARP_LEN] = {0};

	memset(f, 0xff, 6);
	if (op == 2)
		memcpy(f, to, 6);
	memcpy(f + 6, l->own, 6);
	memcpy(f + 12, header, sizeof(header));
	f[21] = op;
	memcpy(f + 22, l->own, 6);
	memcpy(f + 28, from_ip, 4);
	if (op == 2)
		memcpy(f + 32, to, 6);
	memcpy(f + 38, to_ip, 4);
	transmit(l, f, sizeof(f));
}

static void arp_input(struct load *l, const uint8_t *f)
{
	if (f[21] == 1 && memcmp(f + 38, router_ip, 4) != 0) {
		send_arp(l, 2, f + 22, f + 38, f + 28);
	} else if (f[21] == 2) {
		memcpy(l->router, f + 22, 6);
		l->known = true;
	}
}

static uint32_t sum_of(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return sum;
}

/* A solicitation is answered (RFC 4861 §7.2.4), but not where the router asks for its own. */
static void nd_input(struct load *l, const uint8_t *f)
{
	uint8_t a[ND_LEN] = {0};
	uint32_t sum;

	if (f[22] == 0)
		return;
	memcpy(a, f + 6, 6);
	memcpy(a + 6, l->own, 6);
	memcpy(a + 12, f + 12, 10);
	a[18] = 0;
	a[19] = 32;
	memcpy(a + 22, f + 62, 16);
	memcpy(a + 38, f + 22, 16);
	a[54] = 136;
	a[58] = 0x60; /* solicited, override */
	memcpy(a + 62, f + 62, 16);
	a[78] = 2;
	a[79] = 1;
	memcpy(a + 80, l->own, 6);
	sum = sum_of(a + 22, 32) + 32 + 58 + sum_of(a + 54, 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	a[56] = (uint8_t)(~sum >> 8);
	a[57] = (uint8_t)~sum;
	transmit(l, a, sizeof(a));
}

static void receive(struct load *l, uint64_t now)
{
	struct rte_mbuf *m[BURST];
	unsigned n = nsk_raw_rx(l->raw, m, BURST);

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *f = rte_pktmbuf_mtod(m[i], const uint8_t *);

		if (f[12] == 0x08 && f[13] == 0x06) {
			arp_input(l, f);
		} else if (f[12] == 0x86 && f[20] == 58) {
			if (f[54] == 135)
				nd_input(l, f);
		} else {
			l->back++;
			l->last_ns = now;
			l->on_the_way -= l->on_the_way > 0;
		}
	}
	if (n)
		nsk_raw_free(l->raw, m, n);
}

static void send_burst(struct load *l)
{
	struct rte_mbuf *m[BURST];
	unsigned taken;

	if (l->on_the_way + BURST > WINDOW || nsk_raw_alloc(l->raw, m, BURST))
		return;
	for (unsigned i = 0; i < BURST; i++)
		packets_write(&l->packets,
			      (uint8_t *)rte_pktmbuf_append(m[i], (uint16_t)l->packets.len));
	taken = nsk_raw_tx(l->raw, m, BURST);
	if (taken < BURST)
		nsk_raw_free(l->raw, m + taken, BURST - taken);
	l->sent += taken;
	l->on_the_way += taken;
}

/* Until the other side is there, or for LINK_NS. */
static void wait_for_link(struct load *l)
{
	uint64_t end = nsk_raw_now(l->raw) + LINK_NS;
	struct nsk_raw_info info;

	do {
		receive(l, 0);
		nsk_raw_info(l->raw, &info);
	} while (!info.link_up && nsk_raw_now(l->raw) < end);
}

/* Until the router has answered, or for a second. */
static void greet(struct load *l)
{
	static const uint8_t reflector[6] = {2, 0, 0, 0, 0, 1};
	uint64_t now = nsk_raw_now(l->raw), end = now + SECOND, next = now;

	memcpy(l->router, reflector, 6);
	while (!l->known && now < end) {
		if (now >= next) {
			send_arp(l, 1, NULL, own_ip, router_ip);
			next = now + SECOND / 10;
		}
		receive(l, now);
		now = nsk_raw_now(l->raw);
	}
	packets_address(&l->packets, l->router, l->own);
}

/* Until all have come back: memif crashes the other side when it goes away among packets. */
static void drain(struct load *l)
{
	uint64_t now = nsk_raw_now(l->raw), end = now + SECOND;

	while (l->on_the_way && now < end) {
		receive(l, now);
		now = nsk_raw_now(l->raw);
	}
}

/* Packets a second that came back, over so many seconds after a first one to get warm. */
static double run(struct load *l, double seconds)
{
	uint64_t now = nsk_raw_now(l->raw), warm = now + SECOND, start = 0;
	double rate;

	while (start == 0 || now - start < (uint64_t)(seconds * 1e9)) {
		receive(l, now);
		send_burst(l);
		now = nsk_raw_now(l->raw);
		if (now - l->last_ns > LOST_NS) {
			l->last_ns = now;
			l->on_the_way = 0;
		}
		if (start == 0 && now >= warm) {
			start = now;
			l->sent = l->back = 0;
		}
	}
	rate = (double)l->back / ((double)(now - start) / 1e9);
	drain(l);
	return rate;
}

int main(int argc, char **argv)
{
	static struct load load;
	struct nsk_config *config = nsk_config_new();
	struct nsk_raw_info info;
	double rate;

	if (nsk_config_args(config, &argc, argv) || argc != 3 || atof(argv[1]) <= 0) {
		fprintf(stderr, "%s\nusage: perf_forward_load SECONDS 4|6 -d DEVARGS [options]\n",
			nsk_config_error(config));
		return 2;
	}
	if (nsk_raw_open(config, 4095, &load.raw)) {
		fprintf(stderr, "perf_forward_load: %s\n", nsk_config_error(config));
		return 1;
	}
	nsk_config_free(config);
	nsk_raw_info(load.raw, &info);
	memcpy(load.own, info.mac, 6);
	packets_make(&load.packets, argv[2][0] == '6' ? AF_INET6 : AF_INET, DESTINATIONS);
	wait_for_link(&load);
	greet(&load);
	rate = run(&load, atof(argv[1]));
	printf("{\"sent\":%llu,\"back\":%llu,\"packets_per_s\":%.0f,\"router_known\":%s}\n",
	       (unsigned long long)load.sent, (unsigned long long)load.back, rate,
	       load.known ? "true" : "false");
	packets_free(&load.packets);
	nsk_raw_close(load.raw);
	return load.back ? 0 : 1;
}
