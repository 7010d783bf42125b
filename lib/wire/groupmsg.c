/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages about group membership; see groupmsg.h. */
#include "wire/groupmsg.h"

#include "wire/family.h"
#include "wire/icmp6.h"
#include "wire/ipv6_ext.h"

#define RECORD_HEAD    4 /* without the group's address */
#define IGMP_GROUP_OFF 4
#define MLD_GROUP_OFF  8
#define QRV_BITS       7
#define OPT_ALERT4     0x94 /* RFC 2113 */
#define OPT_PAD1       0
#define OPT_PADN       1
#define OPT_ALERT6     5 /* RFC 2711 */
#define ALERT_MLD      0

/* ---- reading --------------------------------------------------------------------------------- */

/* A code of so many bits: itself, or with its first bit set a number with a mantissa (RFC 3376
 * §4.1.1, RFC 3810 §5.1.3). */
static uint32_t decode(uint32_t code, unsigned bits)
{
	unsigned mantissa = bits - 4;

	if (!(code >> (bits - 1)))
		return code;
	return ((code & ((1u << mantissa) - 1)) | 1u << mantissa) << ((code >> mantissa & 7) + 3);
}

static bool is_any(const uint8_t *p, size_t len)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < len; i++)
		bits |= p[i];
	return bits == 0;
}

/* What follows the group in a query of the newest version: flags, interval, senders. */
static bool read_sources(const uint8_t *p, size_t len, size_t addr_len, struct groupmsg_query *out)
{
	out->robustness = p[0] & QRV_BITS;
	out->interval_s = decode(p[1], 8);
	out->nsources = load_be16(p + 2);
	out->source = p + 4;
	return (size_t)out->nsources * addr_len <= len - 4 && !(out->general && out->nsources);
}

/* RFC 3376 §7.1: the length and the code tell the version. */
enum nsk_drop igmp_query_parse(const uint8_t *p, size_t len, struct groupmsg_query *out)
{
	*out = (struct groupmsg_query){.version = 3};
	if (len < IGMP_LEN || (len > IGMP_LEN && len < IGMP_V3_QUERY_LEN))
		return NSK_DROP_GROUP_MALFORMED;
	if (len == IGMP_LEN)
		out->version = p[1] ? 2 : 1;
	out->max_resp_ms = out->version == 1   ? IGMP_V1_MAX_RESP_MS
			   : out->version == 2 ? p[1] * 100u
					       : decode(p[1], 8) * 100;
	out->general = out->version == 1 || is_any(p + IGMP_GROUP_OFF, 4);
	if (!out->general) {
		if (p[IGMP_GROUP_OFF] >> 4 != 0xe)
			return NSK_DROP_GROUP_MALFORMED;
		memcpy(out->group, p + IGMP_GROUP_OFF, 4);
	}
	if (out->version == 3 && !read_sources(p + IGMP_LEN, len - IGMP_LEN, 4, out))
		return NSK_DROP_GROUP_MALFORMED;
	return NSK_DROP_NONE;
}

/* RFC 3810 §8.1. */
enum nsk_drop mld_query_parse(const uint8_t *p, size_t len, struct groupmsg_query *out)
{
	*out = (struct groupmsg_query){.version = 2};
	if (len < MLD_LEN || (len > MLD_LEN && len < MLD_V2_QUERY_LEN))
		return NSK_DROP_GROUP_MALFORMED;
	if (len == MLD_LEN)
		out->version = 1;
	out->max_resp_ms = out->version == 1 ? load_be16(p + 4) : decode(load_be16(p + 4), 16);
	out->general = is_any(p + MLD_GROUP_OFF, IPV6_ADDR_LEN);
	if (!out->general && p[MLD_GROUP_OFF] != 0xff)
		return NSK_DROP_GROUP_MALFORMED;
	memcpy(out->group, p + MLD_GROUP_OFF, IPV6_ADDR_LEN);
	if (out->version == 2 && !read_sources(p + MLD_LEN, len - MLD_LEN, IPV6_ADDR_LEN, out))
		return NSK_DROP_GROUP_MALFORMED;
	return NSK_DROP_NONE;
}

const uint8_t *igmp_report_group(const uint8_t *p, size_t len)
{
	return len >= IGMP_LEN && p[IGMP_GROUP_OFF] >> 4 == 0xe ? p + IGMP_GROUP_OFF : NULL;
}

const uint8_t *mld_report_group(const uint8_t *p, size_t len)
{
	return len >= MLD_LEN && p[MLD_GROUP_OFF] == 0xff ? p + MLD_GROUP_OFF : NULL;
}

bool mld_is_alerted(const uint8_t *p, size_t len)
{
	size_t off = IPV6_HLEN + 2, end;

	if (len < IPV6_HLEN + 8 ||
	    p[offsetof(struct ipv6_wire, next_header)] != IPV6_NEXT_HOP_BY_HOP)
		return false;
	end = IPV6_HLEN + ((size_t)p[IPV6_HLEN + 1] + 1) * 8;
	if (end > len)
		return false;
	while (off < end) {
		size_t n = p[off] == OPT_PAD1 ? 1 : off + 2 <= end ? 2 + (size_t)p[off + 1] : end;

		if (n > end - off)
			return false;
		if (p[off] == OPT_ALERT6 && n == 4)
			return load_be16(p + off + 2) == ALERT_MLD;
		off += n;
	}
	return false;
}

/* ---- writing --------------------------------------------------------------------------------- */

size_t igmp_old_write(uint8_t *p, uint8_t type, const uint8_t *group)
{
	memset(p, 0, IGMP_LEN);
	p[0] = type;
	memcpy(p + IGMP_GROUP_OFF, group, 4);
	return IGMP_LEN;
}

size_t mld_old_write(uint8_t *p, uint8_t type, const uint8_t *group)
{
	memset(p, 0, MLD_LEN);
	p[0] = type;
	memcpy(p + MLD_GROUP_OFF, group, IPV6_ADDR_LEN);
	return MLD_LEN;
}

void groupmsg_begin(struct groupmsg_report *r, uint8_t type, uint8_t addr_len, uint8_t *p,
		    size_t room)
{
	*r = (struct groupmsg_report){
		.p = p, .len = GROUPMSG_HEAD, .room = room, .addr_len = addr_len};
	memset(p, 0, GROUPMSG_HEAD);
	p[0] = type;
}

bool groupmsg_record(struct groupmsg_report *r, enum groupmsg_record type, const uint8_t *group,
		     unsigned sources)
{
	size_t len = RECORD_HEAD + (size_t)r->addr_len;

	if (len + (size_t)sources * r->addr_len > r->room - r->len || r->records == UINT16_MAX)
		return false;
	r->record = r->p + r->len;
	memset(r->record, 0, RECORD_HEAD);
	r->record[0] = (uint8_t)type;
	memcpy(r->record + RECORD_HEAD, group, r->addr_len);
	r->len += len;
	store_be16(r->p + GROUPMSG_HEAD - 2, ++r->records);
	return true;
}

bool groupmsg_source(struct groupmsg_report *r, const uint8_t *source)
{
	if (r->addr_len > r->room - r->len)
		return false;
	memcpy(r->p + r->len, source, r->addr_len);
	r->len += r->addr_len;
	store_be16(r->record + 2, (uint16_t)(load_be16(r->record + 2) + 1));
	return true;
}

void igmp_ip_write(uint8_t *p, const uint8_t *src, const uint8_t *dst, size_t len)
{
	const struct ipv4_view v = {
		.src = load_be32(src),
		.dst = load_be32(dst),
		.total_len = (uint16_t)(IGMP_IP_HLEN + len),
		.frag = IPV4_FRAG_DF,
		.tos = GROUPMSG_TOS,
		.ttl = GROUPMSG_HOPS,
		.proto = IP_PROTO_IGMP,
	};

	ipv4_write(p, &v);
	p[0] = 0x40 | IGMP_IP_HLEN / 4;
	store_be32(p + IPV4_HLEN, (uint32_t)OPT_ALERT4 << 24 | 4u << 16);
	ipv4_set_checksum(p, IGMP_IP_HLEN);
}

void mld_ip_write(uint8_t *p, const uint8_t *src, const uint8_t *dst, size_t len)
{
	const uint8_t options[8] = {IP_PROTO_ICMPV6, 0, OPT_ALERT6, 2, 0, ALERT_MLD, OPT_PADN, 0};
	const struct ipv6_view v = {
		.src = src,
		.dst = dst,
		.payload_len = (uint16_t)(sizeof(options) + len),
		.next_header = IPV6_NEXT_HOP_BY_HOP,
		.hop_limit = GROUPMSG_HOPS,
	};

	ipv6_write(p, &v);
	memcpy(p + IPV6_HLEN, options, sizeof(options));
}
