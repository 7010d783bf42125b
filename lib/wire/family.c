/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of address families; see family.h. */
#include "wire/family.h"

#include <sys/socket.h>

#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static uint32_t family_pseudo_ipv4(const uint8_t *src, const uint8_t *dst, uint8_t proto,
				   uint32_t len)
{
	return csum_pseudo4(src, dst, proto, (uint16_t)len);
}

static uint32_t family_pseudo_ipv6(const uint8_t *src, const uint8_t *dst, uint8_t proto,
				   uint32_t len)
{
	return csum_pseudo6(src, dst, proto, len);
}

const struct family family_ipv4 = {
	.af = AF_INET,
	.addr_len = 4,
	.hdr_len = IPV4_HLEN,
	.icmp_proto = IP_PROTO_ICMP,
	.ethertype = ETH_TYPE_IPV4,
	.default_mss = IPV4_MIN_MTU - IPV4_HLEN - TCP_HLEN,
	.min_mtu = IPV4_PMTU_FLOOR,
	.max_payload = IPV4_MAX_LEN - IPV4_HLEN,
	.udp_zero_ok = true,
	.pseudo = family_pseudo_ipv4,
};

const struct family family_ipv6 = {
	.af = AF_INET6,
	.addr_len = IPV6_ADDR_LEN,
	.hdr_len = IPV6_HLEN,
	.icmp_proto = IP_PROTO_ICMPV6,
	.ethertype = ETH_TYPE_IPV6,
	.default_mss = IPV6_MIN_MTU - IPV6_HLEN - TCP_HLEN,
	.min_mtu = IPV6_MIN_MTU,
	.max_payload = IPV6_MAX_PAYLOAD,
	.udp_zero_ok = false,
	.pseudo = family_pseudo_ipv6,
};
