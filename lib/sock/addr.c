/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses from the application and for it: how long they must be and which family counts, as in
 * Linux, and the two forms of an IPv4 address (RFC 3493 §3.7, RFC 4291 §2.5.5.2).
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "sock/sock.h"

/* struct sockaddr_in6 without sin6_scope_id (RFC 2133), which Linux still takes. */
#define SIN6_LEN_OLD offsetof(struct sockaddr_in6, sin6_scope_id)

static int from_v4(struct sock_end *end, const struct sockaddr *sa, socklen_t len)
{
	end->scope = 0;
	return ip_addr_from_sockaddr(&end->addr, &end->port, NULL, sa, len);
}

/* What people forget to fill in: a family of 0 is IPv4's where something is sent, and where any
 * address is bound. */
static int from_unspec(enum sock_addr_use use, struct sock_end *end, const struct sockaddr *sa)
{
	struct sockaddr_in in;

	memcpy(&in, sa, sizeof(in));
	if (use == SOCK_ADDR_CONNECT || (use == SOCK_ADDR_BIND && in.sin_addr.s_addr != INADDR_ANY))
		return -EAFNOSUPPORT;
	in.sin_family = AF_INET;
	return from_v4(end, (const struct sockaddr *)&in, sizeof(in));
}

/* An interface counts only where addresses, of groups too, are the link's: others have it for
 * nothing. */
static bool has_scope(const struct ip_addr *a)
{
	if (a->b[0] == 0xff)
		return (a->b[1] & 15) == 1 || (a->b[1] & 15) == 2; /* RFC 4291 §2.7 */
	return ip_addr_is_link_local(a);
}

static int from_v6(const struct sock *s, enum sock_addr_use use, struct sock_end *end,
		   const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in6 in = {0};

	if (len < SIN6_LEN_OLD)
		return -EINVAL;
	memcpy(&in, sa, NSK_MIN((size_t)len, sizeof(in)));
	if (in.sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	end->addr = ip_addr_v6(&in.sin6_addr);
	end->port = ntohs(in.sin6_port);
	end->scope = has_scope(&end->addr) ? in.sin6_scope_id : 0;
	if (!ip_addr_is_v4mapped(&end->addr))
		return 0;
	if (s->six & SOCK_SIX_ONLY)
		return use == SOCK_ADDR_BIND ? -EINVAL : -ENETUNREACH;
	end->addr = ip_addr_unmap(&end->addr);
	return 0;
}

/* Datagrams of both families also take IPv4's own form of an address, streams do not. */
static int six_in(const struct sock *s, enum sock_addr_use use, struct sock_end *end,
		  const struct sockaddr *sa, socklen_t len)
{
	bool either = use != SOCK_ADDR_BIND && s->ops->type == SOCK_DGRAM;
	sa_family_t family = AF_UNSPEC;

	if (!either || len < sizeof(family))
		return from_v6(s, use, end, sa, len);
	memcpy(&family, &sa->sa_family, sizeof(family));
	if (family == AF_INET) {
		if (s->six & SOCK_SIX_ONLY)
			return use == SOCK_ADDR_SEND ? -ENETUNREACH : -EAFNOSUPPORT;
		return from_v4(end, sa, len);
	}
	if (use == SOCK_ADDR_SEND && family != AF_INET6)
		return -EINVAL;
	return from_v6(s, use, end, sa, len);
}

int sock_addr_in(const struct sock *s, enum sock_addr_use use, struct sock_end *end,
		 const struct sockaddr *sa, socklen_t len)
{
	sa_family_t family;

	if (NSK_UNLIKELY(sock_is_six(s)))
		return six_in(s, use, end, sa, len);
	if (len < sizeof(struct sockaddr_in))
		return -EINVAL;
	memcpy(&family, &sa->sa_family, sizeof(family));
	if (NSK_LIKELY(family == AF_INET))
		return from_v4(end, sa, len);
	return family == AF_UNSPEC ? from_unspec(use, end, sa) : -EAFNOSUPPORT;
}

bool sock_addr_is_nobody(const struct sock *s, const struct sockaddr *sa, socklen_t len)
{
	sa_family_t family;

	if (NSK_LIKELY(!sock_is_six(s)) || len < sizeof(family))
		return false;
	memcpy(&family, &sa->sa_family, sizeof(family));
	return family == AF_UNSPEC;
}

void sock_addr_out(const struct sock *s, const struct ip_addr *a, uint16_t port, uint32_t scope,
		   struct sockaddr *sa, socklen_t *len)
{
	struct ip_addr mapped;

	if (NSK_UNLIKELY(sock_is_six(s)) && a->family == AF_INET) {
		mapped = ip_addr_map(a);
		a = &mapped;
	}
	ip_addr_to_sockaddr(a, port, scope, sa, len);
}
