/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses: one type for IPv4 and IPv6 (family and 16 bytes), prefixes, and Ethernet addresses;
 * their text forms (RFC 4291 §2.2, RFC 5952, RFC 4632) and what kind an address is.
 */
#ifndef NSK_BASE_ADDR_H
#define NSK_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* IPv4 uses the first 4 bytes and leaves the rest zero; family 0 is "no address". */
struct ip_addr {
	uint8_t b[16];	/* as on the wire */
	uint8_t family; /* AF_INET, AF_INET6 or 0 */
};

struct ip_prefix {
	struct ip_addr addr;
	uint8_t len; /* leading bits that count: up to 32 or 128 */
};

struct eth_addr {
	uint8_t b[6];
};

#define IP_ADDR_STRLEN	 46 /* longest text with its end: IPv6 with dotted IPv4 tail */
#define IP_PREFIX_STRLEN (IP_ADDR_STRLEN + 4)
#define ETH_ADDR_STRLEN	 18

#define ETH_ADDR_BROADCAST ((struct eth_addr){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}})

/* From bytes as on the wire. */
static inline struct ip_addr ip_addr_v4(const void *wire4)
{
	struct ip_addr a = {.family = AF_INET};

	memcpy(a.b, wire4, 4);
	return a;
}

static inline struct ip_addr ip_addr_v6(const void *wire16)
{
	struct ip_addr a = {.family = AF_INET6};

	memcpy(a.b, wire16, 16);
	return a;
}

/* From the 16 bytes of a family's address, of which IPv4 has the first 4 and zeros. */
static inline struct ip_addr ip_addr_of(uint8_t family, const void *b16)
{
	struct ip_addr a = {.family = family};

	memcpy(a.b, b16, 16);
	return a;
}

/* From four numbers, as in ip_addr_v4_of(10, 0, 0, 1). */
static inline struct ip_addr ip_addr_v4_of(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct ip_addr){.b = {a, b, c, d}, .family = AF_INET};
}

/* The unspecified address of a family. */
static inline struct ip_addr ip_addr_any(int family)
{
	return (struct ip_addr){.family = (uint8_t)family};
}

/* The 32 bits of an IPv4 address in network order (as in in_addr.s_addr), and in host order. */
static inline uint32_t ip_addr_be32(const struct ip_addr *a)
{
	uint32_t v;

	memcpy(&v, a->b, 4);
	return v;
}

static inline uint32_t ip_addr_host32(const struct ip_addr *a)
{
	return (uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 | (uint32_t)a->b[2] << 8 | a->b[3];
}

/* The IPv4 address with these 32 bits in host order. */
static inline struct ip_addr ip_addr_from_host32(uint32_t v)
{
	return ip_addr_v4_of((uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v);
}

/* Number of address bytes: 4, 16, or 0 for no address. */
static inline size_t ip_addr_len(const struct ip_addr *a)
{
	return a->family == AF_INET ? 4 : a->family == AF_INET6 ? 16 : 0;
}

static inline bool ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a->b, 16);
	memcpy(y, b->b, 16);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (uint64_t)(a->family ^ b->family)) == 0;
}

/* All bits zero: 0.0.0.0, ::, or no address at all. */
static inline bool ip_addr_is_any(const struct ip_addr *a)
{
	uint64_t x[2];

	memcpy(x, a->b, 16);
	return (x[0] | x[1]) == 0;
}

/* 224.0.0.0/4 (RFC 5771), ff00::/8. */
static inline bool ip_addr_is_multicast(const struct ip_addr *a)
{
	return a->family == AF_INET ? (a->b[0] & 0xf0) == 0xe0
				    : a->family == AF_INET6 && a->b[0] == 0xff;
}

/* The limited broadcast address 255.255.255.255 (RFC 919). */
static inline bool ip_addr_is_broadcast(const struct ip_addr *a)
{
	return a->family == AF_INET && ip_addr_be32(a) == UINT32_MAX;
}

/* 240.0.0.0/4 but the broadcast address: reserved, neither source nor destination (RFC 1112). */
static inline bool ip_addr_is_reserved(const struct ip_addr *a)
{
	return a->family == AF_INET && a->b[0] >= 0xf0 && !ip_addr_is_broadcast(a);
}

/* 127.0.0.0/8 (RFC 1122 §3.2.1.3), ::1. */
bool ip_addr_is_loopback(const struct ip_addr *a);
/* 127.0.0.1, ::1. */
struct ip_addr ip_addr_loopback(uint8_t family);

/* 169.254.0.0/16 (RFC 3927), fe80::/10. */
bool ip_addr_is_link_local(const struct ip_addr *a);

/* ::ffff:a.b.c.d, and the IPv4 address that it stands for (others are returned as they are). */
bool ip_addr_is_v4mapped(const struct ip_addr *a);
struct ip_addr ip_addr_unmap(const struct ip_addr *a);
/* The reverse: what an IPv6 socket shows of an IPv4 address. */
struct ip_addr ip_addr_map(const struct ip_addr *a);

/* Order for sorted output: by family, then by bytes; as memcmp. */
int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b);

/*
 * From a socket address of AF_INET or AF_INET6; @port (host order) and @scope (sin6_scope_id, 0 for
 * IPv4) may be NULL. -EINVAL when @len is too short for the family, -EAFNOSUPPORT for others.
 */
int ip_addr_from_sockaddr(struct ip_addr *a, uint16_t *port, uint32_t *scope,
			  const struct sockaddr *sa, socklen_t len);

/*
 * To a socket address in the manner of accept(2): at most *@len bytes are written and *@len becomes
 * the whole length. @sa may be NULL, then nothing happens.
 */
void ip_addr_to_sockaddr(const struct ip_addr *a, uint16_t port, uint32_t scope,
			 struct sockaddr *sa, socklen_t *len);

/* From text, IPv4 dotted (four decimal parts) or IPv6. 0 or -EINVAL. */
int ip_addr_parse(struct ip_addr *a, const char *text);

/* To text (RFC 5952 for IPv6; "-" for no address), cut at @size; returns @buf. */
const char *ip_addr_format(const struct ip_addr *a, char *buf, size_t size);

/* From "address/len"; without "/len" all bits count. Bits after the prefix are kept. 0, -EINVAL. */
int ip_prefix_parse(struct ip_prefix *p, const char *text);

const char *ip_prefix_format(const struct ip_prefix *p, char *buf, size_t size);

/* Whether @a, of the same family, begins with the bits of @p. */
bool ip_prefix_match(const struct ip_prefix *p, const struct ip_addr *a);

/* Same family, length and leading bits. */
bool ip_prefix_eq(const struct ip_prefix *a, const struct ip_prefix *b);

/* The same address in the same subnet: bits after the prefix count as well. */
bool ip_prefix_same(const struct ip_prefix *a, const struct ip_prefix *b);

/* The prefix's first address: bits after the prefix cleared. */
struct ip_addr ip_prefix_network(const struct ip_prefix *p);

/*
 * The directed broadcast address of an IPv4 prefix: bits after it set. Prefixes longer than 30 have
 * none (RFC 3021), and neither has IPv6: family 0 is returned.
 */
struct ip_addr ip_prefix_broadcast(const struct ip_prefix *p);

static inline bool eth_addr_eq(const struct eth_addr *a, const struct eth_addr *b)
{
	return memcmp(a->b, b->b, 6) == 0;
}

/* Group bit: multicast and broadcast. */
static inline bool eth_addr_is_multicast(const struct eth_addr *a)
{
	return (a->b[0] & 1) != 0;
}

static inline bool eth_addr_is_broadcast(const struct eth_addr *a)
{
	return (a->b[0] & a->b[1] & a->b[2] & a->b[3] & a->b[4] & a->b[5]) == 0xff;
}

static inline bool eth_addr_is_zero(const struct eth_addr *a)
{
	return (a->b[0] | a->b[1] | a->b[2] | a->b[3] | a->b[4] | a->b[5]) == 0;
}

/* From six pairs of hexadecimal digits, all separated by ':' or all by '-'. 0 or -EINVAL. */
int eth_addr_parse(struct eth_addr *a, const char *text);

/* To "02:00:00:00:00:01", cut at @size; returns @buf. */
const char *eth_addr_format(const struct eth_addr *a, char *buf, size_t size);

/* The group address that a multicast IP address is sent to (RFC 1112 §6.4, RFC 2464 §7). */
struct eth_addr eth_addr_of_multicast(const struct ip_addr *a);

#endif
