/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory, addresses and limits of a lean client, from its options and the facts of its port.
 */
#include "nsk-load/lean.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Short connections take turns over more slots than are in use at a time, so that no address and
 * port comes back at once. */
#define ROTATION 4096u
/* About as many segments as the smallest rings hold. */
#define BULK_WINDOW 262140u

static struct conn *conns_new(uint32_t n)
{
	size_t size = (size_t)n * sizeof(struct conn);
	struct conn *conn =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (conn == MAP_FAILED)
		return NULL;
	madvise(conn, size, MADV_HUGEPAGE);
	return conn;
}

static int setup_targets(struct lean *l)
{
	l->ntargets = l->o->ntargets;
	for (uint32_t i = 0; i < l->ntargets; i++) {
		const struct target_addr *a = &l->o->target[i];
		struct lean_target *t = &l->target[i];

		t->addr = ntohl(a->in.sin_addr.s_addr);
		t->port = ntohs(a->in.sin_port);
		t->hop = t->addr;
		if ((t->addr ^ l->own_addr) & l->prefix_mask) {
			if (!l->gateway) {
				load_fail(l->load, "no route to %s: give a gateway with -g",
					  a->text);
				return -1;
			}
			t->hop = l->gateway;
		}
		if (!l->l2_len)
			tx_template(l, t, NULL);
	}
	return 0;
}

static int setup_addresses(struct lean *l)
{
	const struct options *o = l->o;

	l->addr_first = o->source_count ? o->source_first : l->own_addr;
	l->addr_count = o->source_count ? o->source_count : 1;
	if (!l->own_addr)
		l->own_addr = l->addr_first;
	l->port_first = o->port_first;
	l->port_count = o->port_last - o->port_first + 1u;
	l->nslots = o->connections;
	if (o->short_lived && l->nslots < ROTATION)
		l->nslots = ROTATION;
	if ((uint64_t)l->addr_count * l->port_count < l->nslots && o->short_lived)
		l->nslots = l->addr_count * l->port_count;
	if ((uint64_t)l->addr_count * l->port_count < o->connections) {
		load_fail(
			l->load,
			"%u connections need more than %u addresses with %u ports: see --source-range",
			o->connections, l->addr_count, l->port_count);
		return -1;
	}
	return 0;
}

static int setup_sizes(struct lean *l)
{
	uint32_t head = l->proto == PROTO_UDP ? IP_LEN + UDP_LEN : IP_LEN + TCP_LEN;
	uint32_t mtu = l->wire->mtu, fits = l->wire->tx_size - l->l2_len, window;

	mtu = mtu < fits ? mtu : fits;
	mtu = mtu < 65535 ? mtu : 65535;
	if (mtu < 576) {
		load_fail(l->load, "an MTU of %u is too small", mtu);
		return -1;
	}
	l->mss = (uint16_t)(mtu - IP_LEN - TCP_LEN);
	window = l->o->window ? l->o->window : l->o->bulk ? BULK_WINDOW : 65535;
	while (window >> l->wscale > 65535)
		l->wscale++;
	l->window = (uint16_t)(window >> l->wscale);
	if (l->datagrams && l->work.request_len > mtu - head) {
		load_fail(l->load, "--request %u: that does not fit a packet of %u bytes",
			  l->work.request_len, mtu);
		return -1;
	}
	return 0;
}

static int setup_work(struct lean *l)
{
	const struct options *o = l->o;
	bool raw = l->datagrams && l->proto == PROTO_TCP;
	uint32_t frame_bytes;

	if (o->http) {
		if (work_init_http(&l->work, o->target[0].text, o->path))
			return -1;
		if (!raw)
			return 0;
		/* The reflector returns what it got: frames of that size. */
		frame_bytes = l->work.request_len;
		work_free(&l->work);
		return work_init(&l->work, frame_bytes, UINT32_MAX);
	}
	return work_init(&l->work, o->request_bytes, raw ? UINT32_MAX : o->response_bytes);
}

static int setup_slots(struct lean *l)
{
	l->conn = conns_new(l->nslots);
	l->early = l->o->bulk ? calloc(l->nslots, sizeof(*l->early)) : NULL;
	if (!l->conn || (l->o->bulk && !l->early) ||
	    !ticker_init(&l->ticker, l->nslots, l->conn, sizeof(*l->conn)) ||
	    !schedule_init(&l->plan, l->o, l->nslots, 0, 1))
		return -1;
	ticker_start(&l->ticker, ticker_of(l->wire->now(l->wire)));
	for (uint32_t i = 0; i < l->nslots; i++) {
		struct conn *c = &l->conn[i];

		c->addr = (uint16_t)(i / l->port_count);
		c->port = (uint16_t)(i % l->port_count);
		c->target = (uint8_t)(i % l->ntargets);
		c->due = TICKER_NONE;
		c->mss = l->mss;
		c->snd_max = l->isn;
	}
	return 0;
}

int lean_setup(struct lean *l)
{
	const struct options *o = l->o;

	l->l2_len = l->wire->ethernet ? ETH_LEN : 0;
	l->now_ns = l->wire->now(l->wire);
	/* Clock-driven, as RFC 6528 §3 has it without the secret: nobody attacks a generator. */
	l->isn = (uint32_t)(l->now_ns >> 12);
	l->rto_ticks = o->rto_ms;
	if (setup_addresses(l))
		return -1;
	l->pattern = o->bulk ? pattern_new() : NULL;
	if (setup_work(l) || (o->bulk && !l->pattern)) {
		load_fail(l->load, "out of memory");
		return -1;
	}
	if (setup_sizes(l) || setup_targets(l))
		return -1;
	if (setup_slots(l)) {
		load_fail(l->load, "out of memory for %u connections", l->nslots);
		return -1;
	}
	return 0;
}

void lean_teardown(struct lean *l)
{
	if (l->conn)
		munmap(l->conn, (size_t)l->nslots * sizeof(*l->conn));
	ticker_free(&l->ticker);
	schedule_free(&l->plan);
	work_free(&l->work);
	free(l->early);
	free(l->pattern);
}
