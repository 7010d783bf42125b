/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses from the application: how long they must be and which family counts, as in Linux. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "sock/sock.h"

/* What people forget to fill in: a family of 0 is IPv4's where something is sent, and where any
 * address is bound. */
static int from_unspec(enum sock_addr_use use, struct ip_addr *a, uint16_t *port,
		       const struct sockaddr *sa)
{
	struct sockaddr_in in;

	memcpy(&in, sa, sizeof(in));
	if (use == SOCK_ADDR_CONNECT || (use == SOCK_ADDR_BIND && in.sin_addr.s_addr != INADDR_ANY))
		return -EAFNOSUPPORT;
	in.sin_family = AF_INET;
	return ip_addr_from_sockaddr(a, port, NULL, (const struct sockaddr *)&in, sizeof(in));
}

int sock_addr_in(const struct sock *s, enum sock_addr_use use, struct ip_addr *a, uint16_t *port,
		 const struct sockaddr *sa, socklen_t len)
{
	bool ipv4 = s->family == AF_INET;
	sa_family_t family;

	if (len < (ipv4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)))
		return -EINVAL;
	memcpy(&family, &sa->sa_family, sizeof(family));
	if (family == s->family)
		return ip_addr_from_sockaddr(a, port, NULL, sa, len);
	return ipv4 && family == AF_UNSPEC ? from_unspec(use, a, port, sa) : -EAFNOSUPPORT;
}
