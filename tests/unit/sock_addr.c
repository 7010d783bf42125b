/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses from the application and for it, for each use and family. */
#include <netinet/in.h>

#include "sock_fake.h"

#define OWN 0x0a000001u

static const struct sock_ops streams = {.type = SOCK_STREAM}, datagrams = {.type = SOCK_DGRAM};

static struct sock a_socket(uint8_t domain, const struct sock_ops *ops, bool only)
{
	struct sock s;

	sock_init(&s, NULL, ops, domain);
	assert_int_equal(sock_set_six_only(&s, false, only), 0);
	return s;
}

static const struct {
	enum sock_addr_use use;
	sa_family_t family;
	uint32_t address;
	socklen_t len;
	int rc;
} cases[] = {
	{SOCK_ADDR_BIND, AF_INET, OWN, 16, 0},
	{SOCK_ADDR_CONNECT, AF_INET, OWN, 16, 0},
	{SOCK_ADDR_SEND, AF_INET, OWN, 128, 0},
	{SOCK_ADDR_BIND, AF_INET, OWN, 15, -EINVAL},
	{SOCK_ADDR_SEND, AF_INET6, OWN, 15, -EINVAL},
	{SOCK_ADDR_SEND, AF_INET6, OWN, 16, -EAFNOSUPPORT},
	{SOCK_ADDR_CONNECT, AF_INET6, OWN, 28, -EAFNOSUPPORT},
	{SOCK_ADDR_BIND, AF_UNSPEC, INADDR_ANY, 16, 0},
	{SOCK_ADDR_BIND, AF_UNSPEC, OWN, 16, -EAFNOSUPPORT},
	{SOCK_ADDR_CONNECT, AF_UNSPEC, INADDR_ANY, 16, -EAFNOSUPPORT},
	{SOCK_ADDR_SEND, AF_UNSPEC, OWN, 16, 0},
};

static void test_ipv4_length_then_family_then_what_linux_forgives(void **state)
{
	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(cases); i++) {
		const struct sock s = a_socket(AF_INET, &datagrams, false);
		union {
			struct sockaddr_in in;
			struct sockaddr_storage ss;
		} sa = {.in = {.sin_family = cases[i].family,
			       .sin_port = htons(80),
			       .sin_addr.s_addr = htonl(cases[i].address)}};
		struct sock_end end;
		int rc = sock_addr_in(&s, cases[i].use, &end, (struct sockaddr *)&sa.ss,
				      cases[i].len);

		if (rc != cases[i].rc)
			fail_msg("row %zu: %d", i, rc);
		if (rc)
			continue;
		assert_int_equal(end.addr.family, AF_INET);
		assert_int_equal(end.port, 80);
		assert_int_equal(end.scope, 0);
		assert_int_equal(ip_addr_is_any(&end.addr), cases[i].address == INADDR_ANY);
	}
}

#define BIND	SOCK_ADDR_BIND
#define CONNECT SOCK_ADDR_CONNECT
#define SEND	SOCK_ADDR_SEND

/* What comes out, "-" for an error; of a stream and of a datagram socket. */
static const struct {
	enum sock_addr_use use;
	const char *address;
	sa_family_t family; /* that is said of it */
	socklen_t len;
	bool only;
	int rc[2];
	const char *out;
	uint32_t scope;
} sixes[] = {
	{BIND, "::", AF_INET6, 28, false, {0, 0}, "::", 0},
	{BIND, "2001:db8::1", AF_INET6, 28, true, {0, 0}, "2001:db8::1", 0},
	{CONNECT, "2001:db8::1", AF_INET6, 128, false, {0, 0}, "2001:db8::1", 0},
	{SEND, "2001:db8::1", AF_INET6, 24, false, {0, 0}, "2001:db8::1", 0},
	{BIND, "::", AF_INET6, 23, false, {-EINVAL, -EINVAL}, NULL, 0},
	{CONNECT, "::1", AF_INET6, 23, false, {-EINVAL, -EINVAL}, NULL, 0},
	{SEND, "::1", AF_INET6, 23, false, {-EINVAL, -EINVAL}, NULL, 0},
	{BIND, "::", AF_UNSPEC, 28, false, {-EAFNOSUPPORT, -EAFNOSUPPORT}, NULL, 0},
	{BIND, "::", AF_INET, 28, false, {-EAFNOSUPPORT, -EAFNOSUPPORT}, NULL, 0},
	{BIND, "::", AF_UNIX, 28, false, {-EAFNOSUPPORT, -EAFNOSUPPORT}, NULL, 0},
	{CONNECT, "::1", AF_UNIX, 28, false, {-EAFNOSUPPORT, -EAFNOSUPPORT}, NULL, 0},
	{SEND, "::1", AF_UNIX, 28, false, {-EAFNOSUPPORT, -EINVAL}, NULL, 0},
	/* IPv4, in mapped form and in its own. */
	{BIND, "::ffff:10.0.0.1", AF_INET6, 28, false, {0, 0}, "10.0.0.1", 0},
	{BIND, "::ffff:0.0.0.0", AF_INET6, 28, false, {0, 0}, "0.0.0.0", 0},
	{CONNECT, "::ffff:10.0.0.1", AF_INET6, 28, false, {0, 0}, "10.0.0.1", 0},
	{SEND, "::ffff:10.0.0.1", AF_INET6, 28, false, {0, 0}, "10.0.0.1", 0},
	{BIND, "::ffff:10.0.0.1", AF_INET6, 28, true, {-EINVAL, -EINVAL}, NULL, 0},
	{CONNECT, "::ffff:10.0.0.1", AF_INET6, 28, true, {-ENETUNREACH, -ENETUNREACH}, NULL, 0},
	{SEND, "::ffff:10.0.0.1", AF_INET6, 28, true, {-ENETUNREACH, -ENETUNREACH}, NULL, 0},
	{CONNECT, "10.0.0.1", AF_INET, 16, false, {-EINVAL, 0}, "10.0.0.1", 0},
	{CONNECT, "10.0.0.1", AF_INET, 28, false, {-EAFNOSUPPORT, 0}, "10.0.0.1", 0},
	{CONNECT, "10.0.0.1", AF_INET, 28, true, {-EAFNOSUPPORT, -EAFNOSUPPORT}, NULL, 0},
	{SEND, "10.0.0.1", AF_INET, 16, false, {-EINVAL, 0}, "10.0.0.1", 0},
	{SEND, "10.0.0.1", AF_INET, 15, false, {-EINVAL, -EINVAL}, NULL, 0},
	{SEND, "10.0.0.1", AF_INET, 28, true, {-EAFNOSUPPORT, -ENETUNREACH}, NULL, 0},
	/* A number of an interface counts with what is the link's alone. */
	{CONNECT, "fe80::1", AF_INET6, 28, false, {0, 0}, "fe80::1", 7},
	{SEND, "ff02::1", AF_INET6, 28, false, {0, 0}, "ff02::1", 7},
	{SEND, "ff01::1", AF_INET6, 28, false, {0, 0}, "ff01::1", 7},
	{SEND, "ff05::1", AF_INET6, 28, false, {0, 0}, "ff05::1", 0},
	{CONNECT, "fe80::1", AF_INET6, 27, false, {0, 0}, "fe80::1", -1u},
};

static void one_six(size_t i, bool dgram)
{
	const struct sock s = a_socket(AF_INET6, dgram ? &datagrams : &streams, sixes[i].only);
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	char text[IP_ADDR_STRLEN];
	struct sock_end end;
	struct ip_addr a;
	int rc;

	assert_int_equal(ip_addr_parse(&a, sixes[i].address), 0);
	ip_addr_to_sockaddr(&a, 80, 7, (struct sockaddr *)&ss, &len);
	ss.ss_family = sixes[i].family;
	rc = sock_addr_in(&s, sixes[i].use, &end, (struct sockaddr *)&ss, sixes[i].len);
	if (rc != sixes[i].rc[dgram])
		fail_msg("row %zu, %s: %d", i, dgram ? "datagrams" : "stream", rc);
	if (rc)
		return;
	assert_string_equal(ip_addr_format(&end.addr, text, sizeof(text)), sixes[i].out);
	assert_int_equal(end.port, 80);
	if (sixes[i].scope != -1u)
		assert_int_equal(end.scope, sixes[i].scope);
}

static void test_ipv6_takes_both_forms_as_linux_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(sixes); i++)
		for (int dgram = 0; dgram < 2; dgram++)
			one_six(i, dgram);
}

static const char *shown(uint8_t domain, const char *text, uint32_t *scope)
{
	static char out[IP_ADDR_STRLEN];
	const struct sock s = a_socket(domain, &streams, false);
	struct sockaddr_in6 sin6 = {0};
	socklen_t len = sizeof(sin6);
	struct ip_addr a;
	uint16_t port;

	assert_int_equal(ip_addr_parse(&a, text), 0);
	sock_addr_out(&s, &a, 80, 3, (struct sockaddr *)&sin6, &len);
	assert_int_equal(sin6.sin6_family, domain);
	assert_int_equal(ip_addr_from_sockaddr(&a, &port, scope, (struct sockaddr *)&sin6, len), 0);
	assert_int_equal(port, 80);
	return ip_addr_format(&a, out, sizeof(out));
}

static void test_a_socket_shows_addresses_of_its_own_family(void **state)
{
	uint32_t scope;

	(void)state;
	assert_string_equal(shown(AF_INET, "10.0.0.1", &scope), "10.0.0.1");
	assert_string_equal(shown(AF_INET6, "10.0.0.1", &scope), "::ffff:10.0.0.1");
	assert_string_equal(shown(AF_INET6, "0.0.0.0", &scope), "::ffff:0.0.0.0");
	assert_string_equal(shown(AF_INET6, "fe80::1", &scope), "fe80::1");
	assert_int_equal(scope, 3);
}

static void test_family_0_names_nobody_to_ipv6_alone(void **state)
{
	const struct sockaddr sa = {.sa_family = AF_UNSPEC}, in = {.sa_family = AF_INET};
	const struct sock four = a_socket(AF_INET, &datagrams, false);
	const struct sock six = a_socket(AF_INET6, &datagrams, false);

	(void)state;
	assert_false(sock_addr_is_nobody(&four, &sa, sizeof(sa)));
	assert_true(sock_addr_is_nobody(&six, &sa, 2));
	assert_false(sock_addr_is_nobody(&six, &sa, 1));
	assert_false(sock_addr_is_nobody(&six, &in, sizeof(in)));
}

/* Two local addresses of one port; "6" is :: of both families, "only" :: of IPv6 alone. */
static bool overlap(const char *a, const char *b)
{
	const char *text[2] = {a, b};
	struct ip_addr addr[2];
	bool dual[2];

	for (int i = 0; i < 2; i++) {
		bool any = !strcmp(text[i], "6") || !strcmp(text[i], "only");

		dual[i] = strcmp(text[i], "only") != 0;
		assert_int_equal(ip_addr_parse(&addr[i], any ? "::" : text[i]), 0);
	}
	assert_int_equal(sock_addrs_overlap(&addr[0], dual[0], &addr[1], dual[1]),
			 sock_addrs_overlap(&addr[1], dual[1], &addr[0], dual[0]));
	return sock_addrs_overlap(&addr[0], dual[0], &addr[1], dual[1]);
}

static void test_who_is_in_whose_way(void **state)
{
	(void)state;
	assert_true(overlap("0.0.0.0", "10.0.0.1"));
	assert_true(overlap("10.0.0.1", "10.0.0.1"));
	assert_false(overlap("10.0.0.1", "10.0.0.2"));
	assert_true(overlap("6", "2001:db8::1"));
	assert_true(overlap("6", "6"));
	assert_true(overlap("6", "only"));
	assert_true(overlap("only", "2001:db8::1"));
	assert_false(overlap("2001:db8::1", "2001:db8::2"));
	assert_true(overlap("6", "0.0.0.0"));
	assert_true(overlap("6", "10.0.0.1"));
	assert_false(overlap("only", "0.0.0.0"));
	assert_false(overlap("only", "10.0.0.1"));
	assert_false(overlap("2001:db8::1", "0.0.0.0"));
	/* The same bytes. */
	assert_false(overlap("0a00:0001::", "10.0.0.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4_length_then_family_then_what_linux_forgives),
		cmocka_unit_test(test_ipv6_takes_both_forms_as_linux_does),
		cmocka_unit_test(test_a_socket_shows_addresses_of_its_own_family),
		cmocka_unit_test(test_family_0_names_nobody_to_ipv6_alone),
		cmocka_unit_test(test_who_is_in_whose_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
