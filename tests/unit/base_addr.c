/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/addr.c: text forms, socket addresses, kinds and prefixes. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(&a, text), 0);
	return a;
}

static struct ip_prefix net(const char *text)
{
	struct ip_prefix p;

	assert_int_equal(ip_prefix_parse(&p, text), 0);
	return p;
}

static void parses_and_formats_rfc5952(void **state)
{
	static const char *const text[][2] = {
		{"0.0.0.0", "0.0.0.0"},
		{"10.1.2.3", "10.1.2.3"},
		{"255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"::1", "::1"},
		{"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char buf[IP_ADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct ip_addr a = ip(text[i][0]);

		assert_string_equal(ip_addr_format(&a, buf, sizeof(buf)), text[i][1]);
	}
	assert_string_equal(ip_addr_format(&(struct ip_addr){0}, buf, sizeof(buf)), "-");
	assert_string_equal(ip_addr_format(&(struct ip_addr){.b = {10}, .family = AF_INET}, buf, 5),
			    "10.0");
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = {
		"",	    "1",	"1.2.3",	 "1.2.3.4.5",	 "1.2.3.256",  "01.2.3.4x",
		"1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4",	 "1.2.3.",	 ":",	       ":::",
		"1::2::3",  "g::",	"1:2:3:4:5:6:7", "fe80::1%eth0", "10.0.0.0/8",
	};
	struct ip_addr a = ip("9.9.9.9");

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ip_addr_parse(&a, bad[i]), -EINVAL);
	assert_true(ip_addr_eq(&a, &(struct ip_addr){.b = {9, 9, 9, 9}, .family = AF_INET}));
}

static void made_and_read_as_numbers(void **state)
{
	const uint8_t wire[16] = {192, 0, 2, 1, 5, 6, 7};
	struct ip_addr a = ip_addr_v4(wire), b = ip_addr_v4_of(192, 0, 2, 1);
	struct ip_addr c = ip_addr_from_host32(UINT32_C(0xc0000201)), d = ip_addr_v6(wire);

	(void)state;
	assert_true(ip_addr_eq(&a, &b));
	assert_true(ip_addr_eq(&a, &c));
	assert_false(ip_addr_eq(&a, &d));
	assert_int_equal(ip_addr_host32(&a), UINT32_C(0xc0000201));
	assert_int_equal(ip_addr_be32(&a), htonl(UINT32_C(0xc0000201)));
	assert_int_equal(ip_addr_len(&a), 4);
	assert_int_equal(ip_addr_len(&d), 16);
	assert_int_equal(ip_addr_len(&(struct ip_addr){0}), 0);
	assert_int_equal(a.b[4], 0);
	/* The same bytes in another family are another address. */
	a = ip_addr_any(AF_INET);
	b = ip_addr_any(AF_INET6);
	assert_false(ip_addr_eq(&a, &b));
	assert_true(ip_addr_is_any(&a) && ip_addr_is_any(&b));
	assert_true(ip_addr_cmp(&a, &b) < 0 && ip_addr_cmp(&b, &a) > 0);
	assert_true(ip_addr_cmp(&c, &a) > 0 && ip_addr_cmp(&c, &c) == 0);
	for (int i = 0; i < 16; i++) {
		b = d;
		b.b[i] ^= 0x80;
		assert_false(ip_addr_eq(&b, &d));
	}
}

static void tells_the_kinds_apart(void **state)
{
	/* Letters: any, multicast, broadcast, loopback, link-local, reserved, v4mapped. */
	static const char *const kinds[][2] = {
		{"0.0.0.0", "a"},
		{"1.2.3.4", ""},
		{"223.255.255.255", ""},
		{"224.0.0.0", "m"},
		{"239.255.255.255", "m"},
		{"240.0.0.0", "r"},
		{"255.255.255.254", "r"},
		{"255.255.255.255", "b"},
		{"127.0.0.1", "l"},
		{"127.255.255.255", "l"},
		{"128.0.0.0", ""},
		{"169.254.1.1", "k"},
		{"169.253.1.1", ""},
		{"::", "a"},
		{"::1", "l"},
		{"::2", ""},
		{"fe80::1", "k"},
		{"febf::1", "k"},
		{"fec0::1", ""},
		{"ff02::1", "m"},
		{"fe00::1", ""},
		{"::ffff:0.0.0.1", "v"},
		{"::fffe:0.0.0.1", ""},
		{"7f00::1", ""},
		{"e000::", ""},
		{"ffff::", "m"},
		{"a9fe::", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct ip_addr a = ip(kinds[i][0]);
		const char *k = kinds[i][1];

		assert_int_equal(ip_addr_is_any(&a), strchr(k, 'a') != NULL);
		assert_int_equal(ip_addr_is_multicast(&a), strchr(k, 'm') != NULL);
		assert_int_equal(ip_addr_is_broadcast(&a), strchr(k, 'b') != NULL);
		assert_int_equal(ip_addr_is_loopback(&a), strchr(k, 'l') != NULL);
		assert_int_equal(ip_addr_is_link_local(&a), strchr(k, 'k') != NULL);
		assert_int_equal(ip_addr_is_reserved(&a), strchr(k, 'r') != NULL);
		assert_int_equal(ip_addr_is_v4mapped(&a), strchr(k, 'v') != NULL);
	}
}

static void mapped_addresses_become_ipv4_and_back(void **state)
{
	struct ip_addr mapped = ip("::ffff:10.0.0.1"), v4 = ip("10.0.0.1"), v6 = ip("::10.0.0.1");
	struct ip_addr a = ip_addr_unmap(&mapped), b = ip_addr_unmap(&v6);

	(void)state;
	assert_true(ip_addr_eq(&a, &v4));
	assert_true(ip_addr_eq(&b, &v6));
	a = ip_addr_map(&v4);
	b = ip_addr_map(&v6);
	assert_true(ip_addr_eq(&a, &mapped));
	assert_true(ip_addr_eq(&b, &v6));
}

static void sockaddr_and_back(void **state)
{
	static const char *const text[] = {"192.0.2.7", "2001:db8::7"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct ip_addr a = ip(text[i]), b;
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss),
			  whole = i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
		uint32_t scope = 99;
		uint16_t port;

		memset(&ss, 0xee, sizeof(ss));
		ip_addr_to_sockaddr(&a, 8080, 5, (struct sockaddr *)&ss, &len);
		assert_int_equal(len, whole);
		assert_int_equal(((uint8_t *)&ss)[whole], 0xee);
		assert_int_equal(
			ip_addr_from_sockaddr(&b, &port, &scope, (struct sockaddr *)&ss, len), 0);
		assert_true(ip_addr_eq(&a, &b));
		assert_int_equal(port, 8080);
		assert_int_equal(scope, i == 0 ? 0 : 5);
		assert_int_equal(ip_addr_from_sockaddr(&b, NULL, NULL, (struct sockaddr *)&ss,
						       len - 1),
				 -EINVAL);
		assert_int_equal(ip_addr_from_sockaddr(&b, NULL, NULL, (struct sockaddr *)&ss, 1),
				 -EINVAL);
	}
}

/* accept(2): the buffer gets what it holds, the length says how much there was. */
static void sockaddr_is_cut_at_the_buffer(void **state)
{
	struct ip_addr a = ip("192.0.2.7");
	struct sockaddr_storage ss;
	socklen_t len = 4;

	(void)state;
	memset(&ss, 0xee, sizeof(ss));
	ip_addr_to_sockaddr(&a, 80, 0, (struct sockaddr *)&ss, &len);
	assert_int_equal(len, sizeof(struct sockaddr_in));
	assert_int_equal(ss.ss_family, AF_INET);
	assert_int_equal(((uint8_t *)&ss)[4], 0xee);
	ip_addr_to_sockaddr(&a, 80, 0, NULL, &len);
	ss.ss_family = AF_UNIX;
	assert_int_equal(ip_addr_from_sockaddr(&a, NULL, NULL, (struct sockaddr *)&ss, sizeof(ss)),
			 -EAFNOSUPPORT);
}

static void prefixes_parse_and_format(void **state)
{
	static const char *const bad[] = {
		"10.0.0.0/",   "10.0.0.0/33",
		"10.0.0.0/-1", "10.0.0.0/8 ",
		"/8",	       "::/129",
		"::/0128",     "10.0.0.0/8/8",
		"10.0.0.0/ 8", "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8"};
	char buf[IP_PREFIX_STRLEN];
	struct ip_prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ip_prefix_parse(&p, bad[i]), -EINVAL);
	p = net("10.1.2.3/8");
	assert_string_equal(ip_prefix_format(&p, buf, sizeof(buf)), "10.1.2.3/8");
	p = net("10.1.2.3");
	assert_int_equal(p.len, 32);
	p = net("::1");
	assert_int_equal(p.len, 128);
	p = net("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128");
	assert_string_equal(ip_prefix_format(&p, buf, sizeof(buf)),
			    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

/* Each length against the bits one by one. */
static void prefixes_match_their_leading_bits(void **state)
{
	(void)state;
	for (int family = 0; family < 2; family++) {
		struct ip_addr base = ip(family == 0 ? "170.85.240.15"
						     : "aa55:f00f:1234:5678:9abc:def0:aa55:f00f");
		int bits = (int)ip_addr_len(&base) * 8;

		for (int len = 0; len <= bits; len++) {
			struct ip_prefix p = {base, (uint8_t)len};
			struct ip_addr first = ip_prefix_network(&p);

			assert_true(ip_prefix_match(&p, &base));
			assert_true(ip_prefix_match(&p, &first));
			for (int bit = 0; bit < bits; bit++) {
				struct ip_addr a = base;
				bool set;

				a.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
				assert_int_equal(ip_prefix_match(&p, &a), bit >= len);
				set = (first.b[bit / 8] & (0x80 >> bit % 8)) != 0;
				assert_int_equal(set, bit < len && (base.b[bit / 8] &
								    (0x80 >> bit % 8)));
			}
		}
	}
}

static void prefixes_of_one_family_only(void **state)
{
	struct ip_prefix all4 = net("0.0.0.0/0"), all6 = net("::/0"), a = net("10.1.0.0/16");
	struct ip_addr x = ip("10.1.2.3"), y = ip("a01::");
	struct ip_prefix b = net("10.1.9.9/16"), c = net("10.1.0.0/17");

	(void)state;
	assert_true(ip_prefix_match(&all4, &x) && ip_prefix_match(&all6, &y));
	assert_false(ip_prefix_match(&all4, &y) || ip_prefix_match(&all6, &x));
	assert_true(ip_prefix_eq(&a, &b));
	assert_false(ip_prefix_eq(&a, &c));
	assert_false(ip_prefix_eq(&all4, &all6));
	assert_false(ip_prefix_same(&a, &b));
	assert_true(ip_prefix_same(&a, &a));
	assert_false(ip_prefix_same(&all4, &all6));
}

static void directed_broadcast_up_to_30_bits(void **state)
{
	static const char *const text[][2] = {{"10.1.2.3/8", "10.255.255.255"},
					      {"10.1.2.3/30", "10.1.2.3"},
					      {"10.1.2.129/25", "10.1.2.255"},
					      {"0.0.0.0/0", "255.255.255.255"}};
	struct ip_prefix p;
	struct ip_addr a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		p = net(text[i][0]);
		a = ip_prefix_broadcast(&p);
		b = ip(text[i][1]);
		assert_true(ip_addr_eq(&a, &b));
	}
	p = net("10.0.0.0/31");
	assert_int_equal(ip_prefix_broadcast(&p).family, 0);
	p = net("2001:db8::/64");
	assert_int_equal(ip_prefix_broadcast(&p).family, 0);
}

static void ethernet_addresses(void **state)
{
	static const char *const bad[] = {"",
					  "02:00:00:00:00",
					  "02:00:00:00:00:01:",
					  "02:00:00:00:00:0",
					  "02:00-00:00:00:01",
					  "0200:00:00:00:01",
					  "02:00:00:00:00:0g",
					  "02.00.00.00.00.01",
					  "2:0:0:0:0:1"};
	struct eth_addr a, b;
	char buf[ETH_ADDR_STRLEN];

	(void)state;
	assert_int_equal(eth_addr_parse(&a, "02:aB:00:ff:10:01"), 0);
	assert_int_equal(eth_addr_parse(&b, "02-ab-00-ff-10-01"), 0);
	assert_true(eth_addr_eq(&a, &b));
	assert_string_equal(eth_addr_format(&a, buf, sizeof(buf)), "02:ab:00:ff:10:01");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(eth_addr_parse(&b, bad[i]), -EINVAL);
	assert_true(eth_addr_eq(&a, &b));
	assert_false(eth_addr_is_multicast(&a) || eth_addr_is_broadcast(&a) ||
		     eth_addr_is_zero(&a));
	a = ETH_ADDR_BROADCAST;
	assert_true(eth_addr_is_multicast(&a) && eth_addr_is_broadcast(&a));
	a.b[5] = 0xfe;
	assert_true(eth_addr_is_multicast(&a) && !eth_addr_is_broadcast(&a));
	assert_true(eth_addr_is_zero(&(struct eth_addr){{0}}));
	assert_false(eth_addr_is_zero(&(struct eth_addr){{0, 0, 0, 0, 0, 1}}));
}

static void multicast_maps_to_group_addresses(void **state)
{
	struct ip_addr v4 = ip("239.129.2.3"), v6 = ip("ff02::1:ff12:3456");
	struct eth_addr a = eth_addr_of_multicast(&v4), b = eth_addr_of_multicast(&v6);

	(void)state;
	assert_memory_equal(a.b, ((uint8_t[]){0x01, 0x00, 0x5e, 0x01, 0x02, 0x03}), 6);
	assert_memory_equal(b.b, ((uint8_t[]){0x33, 0x33, 0xff, 0x12, 0x34, 0x56}), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_and_formats_rfc5952),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(made_and_read_as_numbers),
		cmocka_unit_test(tells_the_kinds_apart),
		cmocka_unit_test(mapped_addresses_become_ipv4_and_back),
		cmocka_unit_test(sockaddr_and_back),
		cmocka_unit_test(sockaddr_is_cut_at_the_buffer),
		cmocka_unit_test(prefixes_parse_and_format),
		cmocka_unit_test(prefixes_match_their_leading_bits),
		cmocka_unit_test(prefixes_of_one_family_only),
		cmocka_unit_test(directed_broadcast_up_to_30_bits),
		cmocka_unit_test(ethernet_addresses),
		cmocka_unit_test(multicast_maps_to_group_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
