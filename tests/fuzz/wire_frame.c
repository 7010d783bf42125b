/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole frame through all decoders in the order of the receive path: each next header starts
 * where the one before ended and is told no more bytes than that one granted. Checksums are
 * computed and their verdict is ignored, so that the fuzzer gets past them.
 */
#include <sys/socket.h>

#include "fuzz.h"
#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/family.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"
#include "wire/tcp_opts.h"
#include "wire/udp.h"
#include "wire/vlan.h"

static void decode_l4(uint8_t proto, const struct family *f, const uint8_t *src, const uint8_t *dst,
		      const uint8_t *p, size_t len)
{
	uint32_t pseudo = f->pseudo(src, dst, proto, (uint32_t)len);
	struct icmp_view icmp;
	struct icmp_quote quote;
	struct udp_view udp;
	struct tcp_view tcp;
	struct tcp_opts opts;

	if (proto == f->icmp_proto && icmp_parse(p, len, WIRE_CSUM_DONE, &icmp) == 0) {
		(void)wire_checksum_ok(p, len, 0);
		if (icmp_is_error(icmp.type) &&
		    icmp_quote_parse(p + ICMP_HLEN, len - ICMP_HLEN, &quote) == 0)
			FUZZ_CHECK(quote.l4 + quote.l4_len <= p + len);
	} else if (proto == IP_PROTO_UDP && udp_parse(p, len, len, &udp) == 0) {
		FUZZ_CHECK(udp.len <= len);
		(void)udp_checksum_ok(p, udp.len, pseudo, f->udp_zero_ok);
	} else if (proto == IP_PROTO_TCP && tcp_parse(p, len, &tcp) == 0) {
		FUZZ_CHECK(tcp.hdr_len <= len);
		(void)tcp_checksum_ok(p, len, pseudo);
		tcp_opts_parse(p + TCP_HLEN, tcp.hdr_len - (size_t)TCP_HLEN, &opts);
	}
}

static void decode_frame(const uint8_t *p, size_t size)
{
	const uint8_t *ip = p + ETH_HLEN;
	struct eth_view eth;
	struct arp_view arp;
	struct ipv4_view v4;
	struct ipv6_view v6;
	size_t len;

	if (eth_parse(p, size, &eth))
		return;
	FUZZ_CHECK(size >= ETH_HLEN && !eth_is_multicast(eth.src) && eth.type >= ETH_MIN_TYPE);
	len = size - ETH_HLEN;
	if (eth.type == ETH_TYPE_ARP && arp_parse(ip, len, &arp) == 0) {
		FUZZ_CHECK(len >= ARP_LEN);
	} else if (eth.type == ETH_TYPE_IPV4 &&
		   ipv4_parse(ip, len, len, WIRE_CSUM_DONE, &v4) == 0) {
		FUZZ_CHECK(v4.total_len <= len);
		if (!ipv4_is_fragment(&v4))
			decode_l4(v4.proto, family_of(AF_INET), ip + 12, ip + 16, ip + v4.hdr_len,
				  ipv4_payload_len(&v4));
	} else if (eth.type == ETH_TYPE_IPV6 && ipv6_parse(ip, len, len, &v6) == 0) {
		FUZZ_CHECK(v6.payload_len + (size_t)IPV6_HLEN <= len);
		decode_l4(v6.next_header, family_of(AF_INET6), v6.src, v6.dst, ip + IPV6_HLEN,
			  v6.payload_len);
	}
}

/* Takes the tags out, as the receive path does; what stands in front of them then. */
static uint8_t *untag(uint8_t *p, size_t *size)
{
	struct vlan vlan;
	unsigned bytes;

	if (*size < ETH_HLEN || vlan_parse(p, *size, &vlan, &bytes))
		return p;
	memmove(p + bytes, p, ETH_HLEN - sizeof(uint16_t));
	*size -= bytes;
	return p + bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	size_t len = size;

	if (!p)
		return 0;
	decode_frame(untag(p, &len), len);
	fuzz_free(p, size);
	return 0;
}
