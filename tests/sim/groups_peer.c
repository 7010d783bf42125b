/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/groups.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/checksum.h"

#define QUERIER	     "10.0.0.2"
#define QUERIER_LINK "fe80::2"

const struct line lines[2] = {
	{AF_INET,
	 3,
	 2,
	 "239.1.2.3",
	 "239.1.2.4",
	 {"10.0.0.7", "10.0.0.8", "10.0.0.9"},
	 "224.0.0.22",
	 "224.0.0.2",
	 10 * SEC},
	{AF_INET6,
	 2,
	 1,
	 "ff15::1:3",
	 "ff15::1:4",
	 {"2001:db8::7", "2001:db8::8", "2001:db8::9"},
	 "ff02::16",
	 "ff02::2",
	 10 * SEC},
};

static void add_six(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_address(config, "2001:db8::1/64"), 0);
}

void groups_start(struct peer *p, const char *const *settings)
{
	memset(p, 0, sizeof(*p));
	p->configure = add_six;
	peer_start(p, settings);
	peer_run(p, 5 * SEC);
	peer_forget(p);
}

void groups_pass(struct peer *p, uint64_t ns)
{
	for (uint64_t end = p->world.now_ns + ns; p->world.now_ns < end;)
		peer_run(p, NSK_MIN(end - p->world.now_ns, 100 * MS));
}

struct ip_addr groups_addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(&a, text), 0);
	return a;
}

int groups_socket(struct peer *p, const struct line *l)
{
	int fd;

	world_enter(&p->world, 0);
	fd = nsk_socket(l->family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	return fd;
}

static void put(struct sockaddr_storage *ss, const struct ip_addr *a)
{
	socklen_t len = sizeof(*ss);

	ip_addr_to_sockaddr(a, 0, 0, (struct sockaddr *)ss, &len);
}

int groups_change(int fd, const struct line *l, int option, const char *group)
{
	int level = l->family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
	struct ip_addr a = groups_addr(group);
	struct group_req r = {.gr_interface = 1};

	put(&r.gr_group, &a);
	return nsk_setsockopt(fd, level, option, &r, sizeof(r)) ? -errno : 0;
}

void groups_join(struct peer *p, int fd, const struct line *l, const char *group)
{
	assert_int_equal(groups_change(fd, l, MCAST_JOIN_GROUP, group), 0);
	groups_pass(p, GROUPS_AT_ONCE);
}

void groups_leave(struct peer *p, int fd, const struct line *l, const char *group)
{
	assert_int_equal(groups_change(fd, l, MCAST_LEAVE_GROUP, group), 0);
	groups_pass(p, GROUPS_AT_ONCE);
}

int groups_source(int fd, const struct line *l, int option, const char *group, const char *sender)
{
	int level = l->family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
	struct ip_addr a = groups_addr(group), s = groups_addr(sender);
	struct group_source_req r = {.gsr_interface = 1};

	put(&r.gsr_group, &a);
	put(&r.gsr_source, &s);
	return nsk_setsockopt(fd, level, option, &r, sizeof(r)) ? -errno : 0;
}

/* ---- queries --------------------------------------------------------------------------------- */

static void put_addr(uint8_t *p, const char *text)
{
	struct ip_addr a = groups_addr(text);

	memcpy(p, a.b, ip_addr_len(&a));
}

static size_t write_igmp(uint8_t *m, const struct query *q)
{
	size_t len = 8;

	m[0] = 0x11;
	m[1] = q->code ? q->code : q->version == 1 ? 0 : (uint8_t)(q->most_ms / 100);
	if (q->group)
		put_addr(m + 4, q->group);
	if (q->version == 3) {
		m[8] = q->robustness;
		m[9] = q->interval;
		store_be16(m + 10, (uint16_t)q->senders);
		len = 12 + 4 * q->senders;
		for (unsigned i = 0; i < q->senders; i++)
			put_addr(m + 12 + 4 * i, q->sender[i]);
	}
	if (q->len)
		len = q->len;
	store_be16(m + 2, 0);
	icmp_store_checksum(m, csum_block(m, len));
	return len;
}

static void query_igmp(struct peer *p, const struct query *q)
{
	static const uint8_t alert[4] = {0x94, 4, 0, 0};
	struct ip_addr src = groups_addr(q->src ? q->src : QUERIER);
	struct ip_addr dst = groups_addr(q->dst ? q->dst : q->group ? q->group : "224.0.0.1");
	struct eth_addr mac = eth_addr_of_multicast(&dst);
	uint8_t message[512] = {0}, f[1024];
	size_t len = write_igmp(message, q);
	struct ip_spec ip = {
		.src = ip_addr_host32(&src),
		.dst = ip_addr_host32(&dst),
		.dst_mac = ip_addr_is_multicast(&dst) ? mac.b : stack_mac,
		.proto = 2,
		.ttl = q->hops ? q->hops : 1,
		.options = q->no_alert ? NULL : alert,
		.options_len = q->no_alert ? 0 : sizeof(alert),
	};

	if (q->bad_checksum)
		message[2] ^= 0x55;
	len = frame_ip(f, &ip, message, len);
	if (ip_addr_is_any(&src)) { /* which stands for the peer's to frame_ip() */
		store_be32(f + ETH_HLEN + 12, 0);
		store_be16(f + ETH_HLEN + 10, 0);
		ipv4_set_checksum(f + ETH_HLEN, (size_t)(f[ETH_HLEN] & 15) * 4);
	}
	peer_input(p, f, len);
}

/* An MLD message with its headers, from one who is on the link. */
static void input_mld(struct peer *p, const char *from, const char *to, uint8_t hops, bool alert,
		      uint8_t *m, size_t len, bool bad_checksum)
{
	struct ip_addr src = groups_addr(from), dst = groups_addr(to);
	struct eth_addr mac = eth_addr_of_multicast(&dst);
	const uint8_t options[8] = {58, 0, 5, 2, 0, 0, 1, 0}, plain[8] = {58, 0, 1, 4};
	uint8_t f[2048], *ip = f + 14;

	store_be16(m + 2, 0);
	icmp_store_checksum(m, csum_finish(csum_partial(
				       m, len, csum_pseudo6(src.b, dst.b, 58, (uint32_t)len))));
	m[2] ^= bad_checksum ? 0x55 : 0;
	memcpy(f, ip_addr_is_multicast(&dst) ? mac.b : stack_mac, 6);
	memcpy(f + 6, peer_mac, 6);
	store_be16(f + 12, 0x86dd);
	memset(ip, 0, 40);
	ip[0] = 0x60;
	store_be16(ip + 4, (uint16_t)(8 + len));
	ip[7] = hops;
	memcpy(ip + 8, src.b, 16);
	memcpy(ip + 24, dst.b, 16);
	memcpy(ip + 40, alert ? options : plain, 8);
	memcpy(ip + 48, m, len);
	peer_input(p, f, 14 + 48 + len);
}

static void query_mld(struct peer *p, const struct query *q)
{
	uint8_t m[2048] = {130};
	size_t len = 24;

	store_be16(m + 4, (uint16_t)q->most_ms);
	if (q->group)
		put_addr(m + 8, q->group);
	if (q->version == 2) {
		m[24] = q->robustness;
		m[25] = q->interval;
		store_be16(m + 26, (uint16_t)q->senders);
		len = 28 + 16 * q->senders;
		for (unsigned i = 0; i < q->senders; i++)
			put_addr(m + 28 + 16 * i, q->sender[i]);
	}
	if (q->len)
		len = q->len;
	input_mld(p, q->src ? q->src : QUERIER_LINK,
		  q->dst     ? q->dst
		  : q->group ? q->group
			     : "ff02::1",
		  q->hops ? q->hops : 1, !q->no_alert, m, len, q->bad_checksum);
}

void groups_query(struct peer *p, const struct line *l, const struct query *q)
{
	if (l->family == AF_INET6)
		query_mld(p, q);
	else
		query_igmp(p, q);
	peer_settle(p);
}

void groups_other_reports(struct peer *p, const struct line *l, const char *group)
{
	struct ip_addr dst = groups_addr(group);
	struct eth_addr mac = eth_addr_of_multicast(&dst);
	uint8_t m[24] = {l->family == AF_INET6 ? 131 : 0x16}, f[256];

	if (l->family == AF_INET6) {
		put_addr(m + 8, group);
		input_mld(p, QUERIER_LINK, group, 1, true, m, 24, false);
	} else {
		put_addr(m + 4, group);
		icmp_store_checksum(m, csum_block(m, 8));
		peer_input(p, f,
			   frame_ip(f,
				    &(struct ip_spec){.dst = ip_addr_host32(&dst),
						      .dst_mac = mac.b,
						      .proto = 2,
						      .ttl = 1},
				    m, 8));
	}
	peer_settle(p);
}

/* ---- reports --------------------------------------------------------------------------------- */

static void read_records(struct report *r, const uint8_t *m, size_t len, unsigned addr_len,
			 int family)
{
	unsigned n = load_be16(m + 6);
	size_t off = 8;

	for (unsigned i = 0; i < n; i++) {
		struct record *x = &r->record[r->records++];

		assert_true(r->records <= RECORDS_MAX && off + 4 + addr_len <= len);
		*x = (struct record){.type = m[off], .senders = load_be16(m + off + 2)};
		assert_int_equal(m[off + 1], 0);
		assert_true(x->senders <= SENDERS_MAX);
		x->group.family = (uint8_t)family;
		memcpy(x->group.b, m + off + 4, addr_len);
		off += 4 + addr_len;
		assert_true(off + (size_t)x->senders * addr_len <= len);
		for (unsigned k = 0; k < x->senders; k++, off += addr_len) {
			x->sender[k].family = (uint8_t)family;
			memcpy(x->sender[k].b, m + off, addr_len);
		}
	}
	assert_int_equal(off, len);
}

static void read_old(struct report *r, const uint8_t *m, size_t len, unsigned addr_len, int family)
{
	r->records = 1;
	r->record[0] = (struct record){.group.family = (uint8_t)family};
	memcpy(r->record[0].group.b, m + (family == AF_INET6 ? 8 : 4), addr_len);
	assert_int_equal(len, family == AF_INET6 ? 24 : 8);
}

/* Every packet: to its group's link address, one hop, with router alert, its sums right. */
static bool read_igmp(const struct kept_frame *k, struct report *r)
{
	const uint8_t *ip = k->data + 14, *m = ip + 24;
	struct eth_addr mac;
	size_t len;

	if (load_be16(k->data + 12) != 0x0800 || ip[9] != 2)
		return false;
	assert_int_equal(ip[0], 0x46);
	assert_int_equal(ip[1], 0xc0);
	assert_int_equal(ip[8], 1);
	assert_int_equal(load_be32(ip + 20), 0x94040000);
	assert_int_equal(csum_block(ip, 24), 0);
	len = load_be16(ip + 2) - 24u;
	assert_int_equal(14 + 24 + len, k->len);
	assert_int_equal(csum_block(m, len), 0);
	r->src = ip_addr_v4(ip + 12);
	r->dst = ip_addr_v4(ip + 16);
	mac = eth_addr_of_multicast(&r->dst);
	assert_memory_equal(k->data, mac.b, 6);
	r->version = m[0] == 0x12 ? 1 : m[0] == 0x22 ? 3 : 2;
	r->leave = m[0] == 0x17;
	assert_true(r->version != 2 || r->leave || m[0] == 0x16);
	if (r->version == 3)
		read_records(r, m, len, 4, AF_INET);
	else
		read_old(r, m, len, 4, AF_INET);
	return true;
}

static bool read_mld(const struct kept_frame *k, struct report *r)
{
	const uint8_t *ip = k->data + 14, *m = ip + 48;
	struct eth_addr mac;
	size_t len;

	if (load_be16(k->data + 12) != 0x86dd || ip[6] != 0)
		return false;
	assert_int_equal(ip[7], 1);
	assert_int_equal(load_be64(ip + 40), 0x3a00050200000100);
	len = load_be16(ip + 4) - 8u;
	assert_int_equal(14 + 48 + len, k->len);
	r->src = ip_addr_v6(ip + 8);
	r->dst = ip_addr_v6(ip + 24);
	assert_int_equal(csum_finish(csum_partial(
				 m, len, csum_pseudo6(r->src.b, r->dst.b, 58, (uint32_t)len))),
			 0);
	mac = eth_addr_of_multicast(&r->dst);
	assert_memory_equal(k->data, mac.b, 6);
	r->version = m[0] == 143 ? 2 : 1;
	r->leave = m[0] == 132;
	assert_true(m[0] == 143 || m[0] == 131 || m[0] == 132);
	if (r->version == 2)
		read_records(r, m, len, 16, AF_INET6);
	else
		read_old(r, m, len, 16, AF_INET6);
	return true;
}

/* Solicited-node groups are reported by the way. */
static void leave_out_others(struct report *r)
{
	static const uint8_t solicited[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
	unsigned n = 0;

	for (unsigned i = 0; i < r->records; i++)
		if (memcmp(r->record[i].group.b, solicited, sizeof(solicited)) != 0)
			r->record[n++] = r->record[i];
	r->records = n;
}

bool groups_next(struct peer *p, const struct line *l, struct report *r)
{
	const struct kept_frame *k;

	while ((k = peer_take(p)) != NULL) {
		memset(r, 0, offsetof(struct report, record));
		r->now_ns = k->now_ns;
		r->len = k->len - 14;
		if (!(l->family == AF_INET6 ? read_mld(k, r) : read_igmp(k, r)))
			continue;
		leave_out_others(r);
		if (r->records)
			return true;
	}
	return false;
}

static void assert_addr(const struct ip_addr *a, const char *text)
{
	char buf[IP_ADDR_STRLEN];

	assert_string_equal(ip_addr_format(a, buf, sizeof(buf)), text);
}

void groups_expect(struct peer *p, const struct line *l, uint8_t type, const char *group,
		   unsigned senders, struct report *r)
{
	assert_true(groups_next(p, l, r));
	assert_int_equal(r->version, l->newest);
	assert_addr(&r->dst, l->reports_to);
	assert_int_equal(r->records, 1);
	assert_int_equal(r->record[0].type, type);
	assert_int_equal(r->record[0].senders, senders);
	assert_addr(&r->record[0].group, group);
}

void groups_expect_old(struct peer *p, const struct line *l, const char *group, bool leave,
		       struct report *r)
{
	assert_true(groups_next(p, l, r));
	assert_true(r->version < l->newest);
	assert_int_equal(r->leave, leave);
	assert_addr(&r->record[0].group, group);
	assert_addr(&r->dst, leave ? l->leaves_to : group);
}

void groups_expect_nothing(struct peer *p, const struct line *l)
{
	struct report r;

	assert_false(groups_next(p, l, &r));
}
