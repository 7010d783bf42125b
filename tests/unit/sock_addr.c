/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses from the application, for each use and family. */
#include <netinet/in.h>

#include "sock_fake.h"

#define OWN 0x0a000001u

static const struct {
	uint8_t sock;
	enum sock_addr_use use;
	sa_family_t family;
	uint32_t address;
	socklen_t len;
	int rc;
} cases[] = {
	{AF_INET, SOCK_ADDR_BIND, AF_INET, OWN, 16, 0},
	{AF_INET, SOCK_ADDR_CONNECT, AF_INET, OWN, 16, 0},
	{AF_INET, SOCK_ADDR_SEND, AF_INET, OWN, 128, 0},
	{AF_INET, SOCK_ADDR_BIND, AF_INET, OWN, 15, -EINVAL},
	{AF_INET, SOCK_ADDR_SEND, AF_INET6, OWN, 15, -EINVAL},
	{AF_INET, SOCK_ADDR_SEND, AF_INET6, OWN, 16, -EAFNOSUPPORT},
	{AF_INET, SOCK_ADDR_CONNECT, AF_INET6, OWN, 28, -EAFNOSUPPORT},
	{AF_INET, SOCK_ADDR_BIND, AF_UNSPEC, INADDR_ANY, 16, 0},
	{AF_INET, SOCK_ADDR_BIND, AF_UNSPEC, OWN, 16, -EAFNOSUPPORT},
	{AF_INET, SOCK_ADDR_CONNECT, AF_UNSPEC, INADDR_ANY, 16, -EAFNOSUPPORT},
	{AF_INET, SOCK_ADDR_SEND, AF_UNSPEC, OWN, 16, 0},
	{AF_INET6, SOCK_ADDR_BIND, AF_INET6, INADDR_ANY, 28, 0},
	{AF_INET6, SOCK_ADDR_BIND, AF_INET6, INADDR_ANY, 16, -EINVAL},
	{AF_INET6, SOCK_ADDR_BIND, AF_UNSPEC, INADDR_ANY, 28, -EAFNOSUPPORT},
	{AF_INET6, SOCK_ADDR_SEND, AF_INET, OWN, 28, -EAFNOSUPPORT},
};

static void test_length_then_family_then_what_linux_forgives(void **state)
{
	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(cases); i++) {
		struct sock s = {.family = cases[i].sock};
		union {
			struct sockaddr_in in;
			struct sockaddr_storage ss;
		} sa = {.in = {.sin_family = cases[i].family,
			       .sin_port = htons(80),
			       .sin_addr.s_addr = htonl(cases[i].address)}};
		uint16_t port = 0;
		struct ip_addr a;
		int rc = sock_addr_in(&s, cases[i].use, &a, &port, (struct sockaddr *)&sa.ss,
				      cases[i].len);

		if (rc != cases[i].rc)
			fail_msg("row %zu: %d", i, rc);
		if (rc)
			continue;
		assert_int_equal(a.family, cases[i].sock);
		assert_int_equal(port, 80);
		if (a.family == AF_INET)
			assert_int_equal(ip_addr_is_any(&a), cases[i].address == INADDR_ANY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length_then_family_then_what_linux_forgives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
