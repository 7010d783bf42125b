/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/addresses.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define RANGE_MAX 65536u

/* Copies what stands before the last separator; the rest is behind it. NULL: there is none, or no
 * room. */
static const char *split(const char *text, char separator, char *head, size_t size)
{
	const char *at = strrchr(text, separator);
	size_t n = at ? (size_t)(at - text) : size;

	if (n >= size)
		return NULL;
	memcpy(head, text, n);
	head[n] = '\0';
	return at + 1;
}

/* Neither "this host" nor a group nor everybody. */
static bool is_host(uint32_t addr)
{
	return addr >> 24 != 0 && addr >> 28 < 0xe;
}

bool parse_target(const char *text, struct target_addr *target)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *port_text = split(text, ':', host, sizeof(host));
	size_t n = strlen(host);
	uint16_t port;

	memset(target, 0, sizeof(*target));
	if (!port_text || !parse_port(port_text, &port))
		return false;
	snprintf(target->text, sizeof(target->text), "%s", text);
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		target->in6.sin6_family = AF_INET6;
		target->in6.sin6_port = htons(port);
		target->len = sizeof(target->in6);
		return inet_pton(AF_INET6, host + 1, &target->in6.sin6_addr) == 1;
	}
	target->in.sin_family = AF_INET;
	target->in.sin_port = htons(port);
	target->len = sizeof(target->in);
	return inet_pton(AF_INET, host, &target->in.sin_addr) == 1 &&
	       is_host(ntohl(target->in.sin_addr.s_addr));
}

static bool parse_ipv4(const char *text, uint32_t *host_order)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	*host_order = ntohl(in.s_addr);
	return true;
}

static bool parse_cidr(const char *address, const char *len_text, uint32_t *first, uint32_t *count)
{
	uint32_t len;

	if (!parse_ipv4(address, first) || !parse_u32(len_text, 16, 32, &len))
		return false;
	*count = UINT32_C(1) << (32 - len);
	*first &= ~(*count - 1);
	if (*count > 2) {
		*first += 1;
		*count -= 2;
	}
	return true;
}

bool parse_range(const char *text, uint32_t *first, uint32_t *count)
{
	char head[INET_ADDRSTRLEN];
	const char *rest;
	uint32_t last;

	if ((rest = split(text, '/', head, sizeof(head))))
		return parse_cidr(head, rest, first, count);
	if ((rest = split(text, '-', head, sizeof(head)))) {
		if (!parse_ipv4(head, first) || !parse_ipv4(rest, &last) || last < *first ||
		    last - *first >= RANGE_MAX)
			return false;
		*count = last - *first + 1;
		return true;
	}
	if ((rest = split(text, '+', head, sizeof(head))))
		return parse_ipv4(head, first) && parse_u32(rest, 1, RANGE_MAX, count);
	*count = 1;
	return parse_ipv4(text, first);
}

bool parse_ports(const char *text, uint16_t *first, uint16_t *last)
{
	char head[8];
	const char *rest = split(text, '-', head, sizeof(head));

	return rest && parse_port(head, first) && parse_port(rest, last) && *first <= *last;
}
