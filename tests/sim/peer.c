/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/peer.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/table.h"
#include "tcp/tcp_worker.h"
#include "wire/family.h"
#include "wire/udp.h"

const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 0xb};
const uint8_t stack_mac[6] = {2, 0, 0, 0, 0, 0xa};
const uint8_t bcast_mac[6] = {255, 255, 255, 255, 255, 255};

/* ---- the port ------------------------------------------------------------------------------ */

static bool keep(void *arg, const void *packet, size_t len)
{
	struct peer *p = arg;
	struct kept_frame *f;

	if (p->refuse)
		return false;
	assert_true(p->count < PEER_KEPT);
	f = malloc(sizeof(*f) + len);
	assert_non_null(f);
	f->now_ns = p->world.now_ns;
	f->len = len;
	memcpy(f->data, packet, len);
	p->kept[(p->head + p->count++) % PEER_KEPT] = f;
	return true;
}

void peer_start(struct peer *p, const char *const *settings)
{
	struct peer keep_these = {.ip_only = p->ip_only,
				  .no_arp = p->no_arp,
				  .mtu = p->mtu,
				  .configure = p->configure};
	bool ip_only = p->ip_only, no_arp = p->no_arp;
	struct nsk_callback_params params = {
		.ethernet = !ip_only, .mtu = p->mtu, .output = keep, .arg = p};
	struct nsk_config *config;
	uint8_t f[64];

	*p = keep_these;
	memcpy(params.mac, stack_mac, 6);
	world_init(&p->world, 1);
	p->port = nsk_callback_create(&params);
	assert_non_null(p->port);
	config = world_config(&p->world, settings);
	assert_int_equal(nsk_config_add_callback(config, p->port), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.1/24"), 0);
	if (p->configure)
		p->configure(config);
	world_add(&p->world, config);
	world_enter(&p->world, 0);
	if (!ip_only && !no_arp) { /* both know each other */
		peer_input(p, f,
			   frame_arp(f, ARP_OP_REQUEST, peer_mac, HOST_B, NULL, HOST_A, NULL));
		peer_run(p, 3 * SEC);
	}
	peer_forget(p);
}

void peer_end(struct peer *p)
{
	struct nsk_callback_port *port = p->port;

	p->refuse = false;
	world_end(&p->world);
	nsk_callback_destroy(port);
	peer_forget(p);
	free(p->last);
	p->last = NULL;
}

void peer_finish(struct peer *p, uint64_t ns)
{
	peer_run(p, ns);
	assert_true(world_all_closed(&p->world, 0));
	world_pool_complete(&p->world, 0);
	peer_end(p);
}

void peer_input(struct peer *p, const void *frame, size_t len)
{
	assert_int_equal(nsk_callback_input(p->port, frame, len), 0);
}

/* Answers what the stack asks; such frames are not kept. */
static bool answer_arp(struct peer *p)
{
	size_t n = p->count;
	bool answered = false;
	uint8_t f[64];

	while (n--) {
		struct kept_frame *k = p->kept[p->head++ % PEER_KEPT];
		struct arp_view v;

		p->head %= PEER_KEPT;
		if (k->len < ETH_HLEN || load_be16(k->data + 12) != ETH_TYPE_ARP) {
			p->kept[(p->head + p->count - 1) % PEER_KEPT] = k;
			continue;
		}
		p->count--;
		if (arp_parse(k->data + ETH_HLEN, k->len - ETH_HLEN, &v) == 0 &&
		    v.op == ARP_OP_REQUEST && v.tpa == HOST_B) {
			peer_input(p, f,
				   frame_arp(f, ARP_OP_REPLY, peer_mac, HOST_B, v.sha, v.spa,
					     NULL));
			answered = true;
		}
		free(k);
	}
	return answered;
}

void peer_settle(struct peer *p)
{
	do {
		world_settle(&p->world);
	} while (!p->ip_only && !p->no_arp && answer_arp(p));
}

/* One step and the answers to it. */
static void go_on(struct peer *p, uint64_t limit)
{
	world_step(&p->world, limit);
	peer_settle(p);
}

void peer_run(struct peer *p, uint64_t ns)
{
	uint64_t limit = p->world.now_ns + ns;

	peer_settle(p);
	while (p->world.now_ns < limit)
		go_on(p, limit);
}

bool peer_await(struct peer *p, uint64_t ns)
{
	uint64_t limit = p->world.now_ns + ns;

	peer_settle(p);
	while (p->count == 0 && p->world.now_ns < limit)
		go_on(p, limit);
	return p->count > 0;
}

const struct kept_frame *peer_take(struct peer *p)
{
	free(p->last);
	p->last = NULL;
	if (p->count == 0)
		return NULL;
	p->last = p->kept[p->head];
	p->head = (p->head + 1) % PEER_KEPT;
	p->count--;
	return p->last;
}

struct segment peer_segment(struct peer *p)
{
	const struct kept_frame *f = peer_take(p);
	size_t skip = p->ip_only ? 0 : ETH_HLEN;
	struct segment s = {0};

	if (!f)
		fail_msg("the stack sent nothing");
	if (!segment_parse(&s, f->data + skip, f->len - skip))
		fail_msg("the stack sent no TCP segment");
	s.now_ns = f->now_ns;
	return s;
}

void peer_expect_silence(struct peer *p)
{
	const struct kept_frame *f;

	peer_settle(p);
	f = peer_take(p);
	if (f)
		fail_msg("the stack sent %zu bytes where it should keep silent", f->len);
}

void peer_arp(struct peer *p, uint16_t op, const uint8_t *sha, uint32_t spa, uint32_t tpa)
{
	uint8_t f[64];

	peer_input(p, f, frame_arp(f, op, sha, spa, NULL, tpa, NULL));
	peer_settle(p);
}

uint64_t peer_expect_arp(struct peer *p, uint16_t op, const uint8_t *to, uint32_t spa, uint32_t tpa)
{
	static const uint8_t unknown[6];
	const struct kept_frame *k = peer_take(p);
	struct arp_view v;

	assert_non_null(k);
	assert_true(k->len >= ETH_HLEN + ARP_LEN);
	assert_int_equal(load_be16(k->data + 12), ETH_TYPE_ARP);
	assert_memory_equal(k->data, to, 6);
	assert_memory_equal(k->data + 6, stack_mac, 6);
	assert_int_equal(arp_parse(k->data + ETH_HLEN, k->len - ETH_HLEN, &v), 0);
	assert_int_equal(v.op, op);
	assert_memory_equal(v.sha, stack_mac, 6);
	assert_memory_equal(v.tha, op == ARP_OP_REPLY ? to : unknown, 6);
	assert_int_equal(v.spa, spa);
	assert_int_equal(v.tpa, tpa);
	return k->now_ns;
}

void peer_forget(struct peer *p)
{
	while (peer_take(p))
		;
}

/* ---- frames -------------------------------------------------------------------------------- */

size_t frame_arp(uint8_t *f, uint16_t op, const uint8_t *sha, uint32_t spa, const uint8_t *tha,
		 uint32_t tpa, const uint8_t *dst_mac)
{
	struct arp_view v = {.op = op, .spa = spa, .tpa = tpa};

	memcpy(v.sha, sha, 6);
	if (tha)
		memcpy(v.tha, tha, 6);
	if (!dst_mac)
		dst_mac = op == ARP_OP_REQUEST ? bcast_mac : stack_mac;
	eth_write(f, dst_mac, sha, ETH_TYPE_ARP);
	arp_write(f + ETH_HLEN, &v);
	return ETH_HLEN + ARP_LEN;
}

static uint32_t src_of(const struct ip_spec *s)
{
	return s->src ? s->src : HOST_B;
}

static uint32_t dst_of(const struct ip_spec *s)
{
	return s->dst ? s->dst : HOST_A;
}

size_t frame_ip(uint8_t *f, const struct ip_spec *s, const void *payload, size_t len)
{
	size_t hlen = IPV4_HLEN + s->options_len;
	struct ipv4_view ip = {
		.src = src_of(s),
		.dst = dst_of(s),
		.total_len = (uint16_t)(hlen + len),
		.frag = s->frag,
		.tos = s->tos,
		.ttl = s->ttl ? s->ttl : 64,
		.proto = s->proto,
	};
	uint8_t *p = f + ETH_HLEN;

	eth_write(f, s->dst_mac ? s->dst_mac : stack_mac, peer_mac, ETH_TYPE_IPV4);
	ipv4_write(p, &ip);
	p[0] = (uint8_t)(0x40 | hlen / 4);
	if (s->options_len)
		memcpy(p + IPV4_HLEN, s->options, s->options_len);
	ipv4_set_checksum(p, hlen);
	if (len)
		memcpy(p + hlen, payload, len);
	return ETH_HLEN + hlen + len;
}

static uint32_t pseudo_of(const struct ip_spec *s, uint8_t proto, size_t len)
{
	uint32_t src = htonl(src_of(s)), dst = htonl(dst_of(s));

	return csum_pseudo4(&src, &dst, proto, (uint16_t)len);
}

size_t frame_tcp(uint8_t *f, const struct tcp_spec *s)
{
	static uint8_t segment[PEER_FRAME_MAX];
	struct ip_spec ip = s->ip;
	size_t hlen = TCP_HLEN + s->opts_len;
	struct tcp_view tcp = {
		.seq = s->seq,
		.ack = s->ack,
		.sport = s->sport,
		.dport = s->dport,
		.flags = s->flags,
		.window = s->wnd || s->zero_wnd ? s->wnd : 65535,
		.urgent = s->urgent,
		.hdr_len = (uint8_t)hlen,
	};

	ip.proto = IP_PROTO_TCP;
	tcp_write(segment, &tcp);
	if (s->opts_len)
		memcpy(segment + TCP_HLEN, s->opts, s->opts_len);
	if (s->len)
		memcpy(segment + hlen, s->data, s->len);
	tcp_set_checksum(segment, hlen + s->len, pseudo_of(&ip, IP_PROTO_TCP, hlen + s->len));
	return frame_ip(f, &ip, segment, hlen + s->len);
}

size_t frame_udp(uint8_t *f, const struct udp_spec *s)
{
	static uint8_t datagram[PEER_FRAME_MAX];
	struct ip_spec ip = s->ip;
	size_t len = UDP_HLEN + s->len;

	ip.proto = IP_PROTO_UDP;
	udp_write(datagram, s->sport, s->dport, (uint16_t)len);
	if (s->len)
		memcpy(datagram + UDP_HLEN, s->data, s->len);
	udp_set_checksum(datagram, len, pseudo_of(&ip, IP_PROTO_UDP, len));
	return frame_ip(f, &ip, datagram, len);
}

size_t frame_icmp(uint8_t *f, const struct ip_spec *s, uint8_t type, uint8_t code, uint32_t rest,
		  const void *body, size_t len)
{
	static uint8_t message[PEER_FRAME_MAX];
	struct ip_spec ip = *s;
	struct icmp_view icmp = {.type = type, .code = code, .rest = rest};

	ip.proto = IP_PROTO_ICMP;
	icmp_write(message, &icmp);
	if (len)
		memcpy(message + ICMP_HLEN, body, len);
	icmp_set_checksum(message, ICMP_HLEN + len);
	return frame_ip(f, &ip, message, ICMP_HLEN + len);
}

static void input_ip(struct peer *p, const uint8_t *f, size_t len)
{
	size_t skip = p->ip_only ? ETH_HLEN : 0;

	peer_input(p, f + skip, len - skip);
	peer_settle(p);
}

void peer_tcp(struct peer *p, const struct tcp_spec *s)
{
	static uint8_t f[PEER_FRAME_MAX];

	input_ip(p, f, frame_tcp(f, s));
}

void peer_udp(struct peer *p, const struct udp_spec *s)
{
	static uint8_t f[PEER_FRAME_MAX];

	input_ip(p, f, frame_udp(f, s));
}

/* ---- conversations ------------------------------------------------------------------------- */

void talk_send_at(struct talk *t, uint16_t flags, uint32_t seq, uint32_t ack, const void *data,
		  size_t len)
{
	uint8_t opts[TCP_OPTS_TS_LEN];

	tcp_opts_write_ts(opts, t->tsval, t->tsecr);
	peer_tcp(t->p, &(struct tcp_spec){
			       .sport = t->port,
			       .dport = t->stack_port,
			       .flags = flags,
			       .seq = seq,
			       .ack = ack,
			       .wnd = t->wnd,
			       .zero_wnd = true,
			       .opts = opts,
			       .opts_len = t->ts ? sizeof(opts) : 0,
			       .data = data,
			       .len = len,
		       });
}

void talk_send(struct talk *t, uint16_t flags, const void *data, size_t len)
{
	uint32_t seq = t->seq;

	t->seq += (uint32_t)len + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
	talk_send_at(t, flags, seq, t->ack, data, len);
}

struct segment talk_expect(struct talk *t, uint16_t flags)
{
	struct segment s = peer_segment(t->p);

	assert_int_equal(s.sport, t->stack_port);
	assert_int_equal(s.dport, t->port);
	if ((s.flags & ~TCP_PSH) != flags)
		fail_msg("flags %#x where %#x was expected", s.flags, flags);
	if (s.opts.present & TCP_HAS_TS)
		t->tsecr = s.opts.tsval;
	if (s.seq == t->ack || (flags & TCP_SYN))
		t->ack = s.seq + s.len + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
	return s;
}

void talk_sack(struct talk *t, uint32_t ack, uint32_t from, uint32_t to)
{
	uint8_t opts[12] = {1, 1, 5, 10};

	store_be32(opts + 4, from);
	store_be32(opts + 8, to);
	peer_tcp(t->p, &(struct tcp_spec){.sport = t->port,
					  .dport = t->stack_port,
					  .flags = TCP_ACK,
					  .seq = t->seq,
					  .ack = ack,
					  .opts = opts,
					  .opts_len = sizeof(opts)});
}

void talk_write(struct talk *t, const void *data, size_t len)
{
	assert_int_equal(nsk_send(t->fd, data, len, 0), len);
	peer_settle(t->p);
}

void talk_end(struct talk *t)
{
	talk_send_at(t, TCP_RST, t->seq, 0, NULL, 0);
	nsk_close(t->fd);
	nsk_close(t->listener);
	peer_finish(t->p, SEC);
}

static void send_syn(struct talk *t, uint16_t flags, const uint8_t *opts, size_t opts_len)
{
	peer_tcp(t->p, &(struct tcp_spec){
			       .sport = t->port,
			       .dport = t->stack_port,
			       .flags = flags,
			       .seq = t->seq++,
			       .ack = flags & TCP_ACK ? t->ack : 0,
			       .opts = opts,
			       .opts_len = opts_len,
		       });
}

static void start(struct talk *t, struct peer *p, uint16_t port, uint16_t stack_port)
{
	*t = (struct talk){.p = p,
			   .port = port,
			   .stack_port = stack_port,
			   .seq = 1000000,
			   .wnd = 65535,
			   .tsval = 1,
			   .fd = -1,
			   .listener = -1};
}

struct tcp_conn *talk_conn(const struct talk *t)
{
	struct nsk_worker *w = world_worker(&t->p->world, 0);
	struct flow f = {.sport_be = htons(t->port), .dport_be = htons(t->stack_port)};
	uint32_t src = htonl(HOST_B), dst = htonl(HOST_A), value;

	memcpy(f.src, &src, 4);
	memcpy(f.dst, &dst, 4);
	value = table_find(w, table_flow_hash(w->tcp, &f, AF_INET), &f, AF_INET);
	if (value == HTAB_NONE || table_kind_of(value) != TABLE_CONN)
		return NULL;
	return slab_at(&w->tcp->conns, table_index(value));
}

void talk_connect(struct talk *t, struct peer *p, uint16_t port, int listener, const uint8_t *opts,
		  size_t opts_len)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);

	start(t, p, port, 7);
	t->listener = listener >= 0 ? listener : world_listen(&p->world, 0, 7, 16);
	assert_int_equal(nsk_getsockname(t->listener, (struct sockaddr *)&name, &len), 0);
	t->stack_port = ntohs(name.sin_port);
	send_syn(t, TCP_SYN, opts, opts_len);
	t->syn = talk_expect(t, TCP_SYN | TCP_ACK);
	t->ts = t->syn.opts.present & TCP_HAS_TS;
	talk_send(t, TCP_ACK, NULL, 0);
	t->fd = nsk_accept4(t->listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(t->fd >= NSK_FD_BASE);
	peer_expect_silence(p);
}

void talk_accept(struct talk *t, struct peer *p, uint16_t port, const uint8_t *opts,
		 size_t opts_len)
{
	struct pollfd pfd = {.events = POLLOUT};

	start(t, p, port, 0);
	t->fd = world_connect(&p->world, 0, "10.0.0.2", port);
	peer_settle(p);
	t->syn = peer_segment(p);
	assert_int_equal(t->syn.flags, TCP_SYN);
	assert_int_equal(t->syn.dport, port);
	t->stack_port = t->syn.sport;
	t->ack = t->syn.seq + 1;
	t->tsecr = t->syn.opts.tsval;
	send_syn(t, TCP_SYN | TCP_ACK, opts, opts_len);
	for (size_t i = 0; opts && i + 1 < opts_len; i += opts[i] == TCP_OPT_NOP ? 1u : opts[i + 1])
		t->ts |= opts[i] == TCP_OPT_TS && (t->syn.opts.present & TCP_HAS_TS);
	talk_expect(t, TCP_ACK);
	pfd.fd = t->fd;
	assert_int_equal(nsk_poll(&pfd, 1, 0), 1);
	assert_int_equal(pfd.revents, POLLOUT);
	peer_expect_silence(p);
}
