/* SPDX-License-Identifier: BSD-3-Clause */
/* Text forms, socket addresses, kinds of addresses, and prefix arithmetic. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/compiler.h"

static const uint8_t v4mapped_head[12] = {[10] = 0xff, [11] = 0xff};

bool ip_addr_is_loopback(const struct ip_addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	if (a->family == AF_INET)
		return a->b[0] == 127;
	return a->family == AF_INET6 && memcmp(a->b, one, 16) == 0;
}

struct ip_addr ip_addr_loopback(uint8_t family)
{
	if (family == AF_INET6)
		return (struct ip_addr){.b = {[15] = 1}, .family = AF_INET6};
	return (struct ip_addr){.b = {127, 0, 0, 1}, .family = AF_INET};
}

bool ip_addr_is_link_local(const struct ip_addr *a)
{
	if (a->family == AF_INET)
		return a->b[0] == 169 && a->b[1] == 254;
	return a->family == AF_INET6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool ip_addr_is_v4mapped(const struct ip_addr *a)
{
	return a->family == AF_INET6 && memcmp(a->b, v4mapped_head, sizeof(v4mapped_head)) == 0;
}

struct ip_addr ip_addr_unmap(const struct ip_addr *a)
{
	return ip_addr_is_v4mapped(a) ? ip_addr_v4(a->b + sizeof(v4mapped_head)) : *a;
}

struct ip_addr ip_addr_map(const struct ip_addr *a)
{
	struct ip_addr mapped = {.family = AF_INET6};

	if (a->family != AF_INET)
		return *a;
	memcpy(mapped.b, v4mapped_head, sizeof(v4mapped_head));
	memcpy(mapped.b + sizeof(v4mapped_head), a->b, 4);
	return mapped;
}

int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

int ip_addr_from_sockaddr(struct ip_addr *a, uint16_t *port, uint32_t *scope,
			  const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in6 in6 = {0};
	struct sockaddr_in in = {0};
	sa_family_t family;

	/* Copied out: the caller's buffer need not be aligned for either type. */
	if (len < sizeof(family))
		return -EINVAL;
	memcpy(&family, &sa->sa_family, sizeof(family));
	if (family == AF_INET) {
		if (len < sizeof(in))
			return -EINVAL;
		memcpy(&in, sa, sizeof(in));
		*a = ip_addr_v4(&in.sin_addr);
		in6.sin6_port = in.sin_port;
	} else if (family == AF_INET6) {
		if (len < sizeof(in6))
			return -EINVAL;
		memcpy(&in6, sa, sizeof(in6));
		*a = ip_addr_v6(&in6.sin6_addr);
	} else {
		return -EAFNOSUPPORT;
	}
	if (port != NULL)
		*port = ntohs(in6.sin6_port);
	if (scope != NULL)
		*scope = in6.sin6_scope_id;
	return 0;
}

void ip_addr_to_sockaddr(const struct ip_addr *a, uint16_t port, uint32_t scope,
			 struct sockaddr *sa, socklen_t *len)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope};
	const void *from = &in;
	size_t size = sizeof(in);

	if (sa == NULL || len == NULL)
		return;
	if (a->family == AF_INET6) {
		memcpy(&in6.sin6_addr, a->b, 16);
		from = &in6;
		size = sizeof(in6);
	} else {
		memcpy(&in.sin_addr, a->b, 4);
	}
	memcpy(sa, from, NSK_MIN((size_t)*len, size));
	*len = (socklen_t)size;
}

int ip_addr_parse(struct ip_addr *a, const char *text)
{
	struct ip_addr out = {.family = AF_INET};

	if (inet_pton(AF_INET, text, out.b) != 1) {
		out.family = AF_INET6;
		if (inet_pton(AF_INET6, text, out.b) != 1)
			return -EINVAL;
	}
	*a = out;
	return 0;
}

const char *ip_addr_format(const struct ip_addr *a, char *buf, size_t size)
{
	char text[IP_ADDR_STRLEN] = "-";

	if (ip_addr_len(a) != 0 && inet_ntop(a->family, a->b, text, sizeof(text)) == NULL)
		text[0] = '\0';
	snprintf(buf, size, "%s", text);
	return buf;
}

/* One to three decimal digits, nothing else, up to @max; -1 otherwise. */
static int prefix_len_parse(const char *text, int max)
{
	int n = 0, digits = 0;

	for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
		n = n * 10 + (*text - '0');
	return digits == 0 || *text != '\0' || n > max ? -1 : n;
}

int ip_prefix_parse(struct ip_prefix *p, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t n = slash == NULL ? strlen(text) : (size_t)(slash - text);
	char addr[IP_ADDR_STRLEN];
	struct ip_prefix out;
	int len;

	if (n >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, n);
	addr[n] = '\0';
	if (ip_addr_parse(&out.addr, addr) != 0)
		return -EINVAL;
	len = (int)ip_addr_len(&out.addr) * 8;
	if (slash != NULL)
		len = prefix_len_parse(slash + 1, len);
	if (len < 0)
		return -EINVAL;
	out.len = (uint8_t)len;
	*p = out;
	return 0;
}

const char *ip_prefix_format(const struct ip_prefix *p, char *buf, size_t size)
{
	char addr[IP_ADDR_STRLEN];

	snprintf(buf, size, "%s/%u", ip_addr_format(&p->addr, addr, sizeof(addr)), p->len);
	return buf;
}

/* The bits of byte @i that belong to a prefix of @len bits. */
static uint8_t prefix_mask(unsigned int i, unsigned int len)
{
	if (len >= i * 8 + 8)
		return 0xff;
	if (len <= i * 8)
		return 0;
	return (uint8_t)(0xff00U >> (len - i * 8));
}

bool ip_prefix_match(const struct ip_prefix *p, const struct ip_addr *a)
{
	unsigned int whole = p->len / 8;

	if (a->family != p->addr.family || memcmp(a->b, p->addr.b, whole) != 0)
		return false;
	return p->len % 8 == 0 ||
	       ((a->b[whole] ^ p->addr.b[whole]) & prefix_mask(whole, p->len)) == 0;
}

bool ip_prefix_eq(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->len == b->len && ip_prefix_match(a, &b->addr);
}

bool ip_prefix_same(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->len == b->len && ip_addr_eq(&a->addr, &b->addr);
}

struct ip_addr ip_prefix_network(const struct ip_prefix *p)
{
	struct ip_addr a = p->addr;

	for (unsigned int i = 0; i < sizeof(a.b); i++)
		a.b[i] &= prefix_mask(i, p->len);
	return a;
}

struct ip_addr ip_prefix_broadcast(const struct ip_prefix *p)
{
	struct ip_addr a = p->addr;

	if (a.family != AF_INET || p->len > 30)
		return (struct ip_addr){0};
	for (unsigned int i = 0; i < 4; i++)
		a.b[i] = (uint8_t)(a.b[i] | (uint8_t)~prefix_mask(i, p->len));
	return a;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int eth_addr_parse(struct eth_addr *a, const char *text)
{
	struct eth_addr out;
	char sep = '\0';

	for (int i = 0; i < 6; i++) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0)
			return -EINVAL;
		out.b[i] = (uint8_t)(high << 4 | low);
		text += 2;
		if (i == 0)
			sep = *text;
		if (i < 5 && (*text++ != sep || (sep != ':' && sep != '-')))
			return -EINVAL;
	}
	if (*text != '\0')
		return -EINVAL;
	*a = out;
	return 0;
}

const char *eth_addr_format(const struct eth_addr *a, char *buf, size_t size)
{
	snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", a->b[0], a->b[1], a->b[2], a->b[3],
		 a->b[4], a->b[5]);
	return buf;
}

struct eth_addr eth_addr_of_multicast(const struct ip_addr *a)
{
	if (a->family == AF_INET6)
		return (struct eth_addr){{0x33, 0x33, a->b[12], a->b[13], a->b[14], a->b[15]}};
	return (struct eth_addr){{0x01, 0x00, 0x5e, a->b[1] & 0x7f, a->b[2], a->b[3]}};
}
