/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages about group membership: IGMP of three versions (RFC 1112 appendix I, RFC 2236 §2,
 * RFC 3376 §4) and MLD of two (RFC 2710 §3, RFC 3810 §5), which say the same in other numbers. A
 * host reads queries and what others report, and writes reports and leave messages.
 *
 * Only the message, and the IP header with its router alert: who asks and what is answered is
 * lib/net's business.
 */
#ifndef NSK_WIRE_GROUPMSG_H
#define NSK_WIRE_GROUPMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netstk/drop.h>

#include "wire/bytes.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* Types. */
#define IGMP_QUERY     0x11
#define IGMP_V1_REPORT 0x12
#define IGMP_V2_REPORT 0x16
#define IGMP_V2_LEAVE  0x17
#define IGMP_V3_REPORT 0x22
#define MLD_QUERY      130
#define MLD_V1_REPORT  131
#define MLD_V1_DONE    132
#define MLD_V2_REPORT  143

/* Bytes of messages, and of the headers in front of those that we send. */
#define IGMP_LEN	  8
#define IGMP_V3_QUERY_LEN 12
#define MLD_LEN		  24
#define MLD_V2_QUERY_LEN  28
#define GROUPMSG_HEAD	  8  /* of a report of the newest version */
#define GROUPMSG_OLD_MAX  24 /* of one of an older one */
#define IGMP_IP_HLEN	  24 /* with router alert */
#define MLD_IP_HLEN	  48

#define GROUPMSG_HOPS	      1
#define GROUPMSG_TOS	      0xc0 /* of IGMP: internetwork control (RFC 3376 §4) */
#define IGMP_V1_MAX_RESP_MS   10000
#define GROUPMSG_ADDR_MAX_LEN 16

/* A query. */
struct groupmsg_query {
	uint8_t version;
	uint8_t robustness; /* 0: it does not say */
	uint16_t nsources;
	uint32_t max_resp_ms;		      /* answers are spread over so long */
	uint32_t interval_s;		      /* between general queries; 0: it does not say */
	bool general;			      /* about all groups */
	uint8_t group[GROUPMSG_ADDR_MAX_LEN]; /* of IPv4 the first four bytes */
	const uint8_t *source; /* nsources addresses of the family, one after the other */
};

/* Decode a query of @len bytes at @p, its checksum judged. 0 or NSK_DROP_GROUP_MALFORMED: of no
 * version, or about what is no group. */
enum nsk_drop igmp_query_parse(const uint8_t *p, size_t len, struct groupmsg_query *out);
enum nsk_drop mld_query_parse(const uint8_t *p, size_t len, struct groupmsg_query *out);

/* The group that a report of an older version is about; NULL: it is too short, or no group. */
const uint8_t *igmp_report_group(const uint8_t *p, size_t len);
const uint8_t *mld_report_group(const uint8_t *p, size_t len);

/* Whether the headers of @len bytes at @p, an IPv6 header and what stands before the transport,
 * have a router alert for MLD in a hop-by-hop options header (RFC 2711, RFC 3810 §6.2). */
bool mld_is_alerted(const uint8_t *p, size_t len);

/* ---- writing --------------------------------------------------------------------------------- */

/* Checksums are left 0, but those of IP headers. */

/* A report of an older version, or a leave message; returns its length. */
size_t igmp_old_write(uint8_t *p, uint8_t type, const uint8_t *group);
size_t mld_old_write(uint8_t *p, uint8_t type, const uint8_t *group);

/* What a record of a report says of a group (RFC 3376 §4.2.12, RFC 3810 §5.2.12). */
enum groupmsg_record {
	GROUPMSG_IS_IN = 1,
	GROUPMSG_IS_EX,
	GROUPMSG_TO_IN,
	GROUPMSG_TO_EX,
	GROUPMSG_ALLOW,
	GROUPMSG_BLOCK,
};

/* A report of the newest version that grows. */
struct groupmsg_report {
	uint8_t *p;
	size_t len, room;
	uint8_t addr_len;
	uint16_t records;
	uint8_t *record; /* the last one */
};

/* @room: at least GROUPMSG_HEAD bytes at @p. */
void groupmsg_begin(struct groupmsg_report *r, uint8_t type, uint8_t addr_len, uint8_t *p,
		    size_t room);
/* Adds a record, if there is room for it and for so many senders. */
bool groupmsg_record(struct groupmsg_report *r, enum groupmsg_record type, const uint8_t *group,
		     unsigned sources);
/* Adds a sender to the last record, if there is room. */
bool groupmsg_source(struct groupmsg_report *r, const uint8_t *source);

/* The headers in front of a message of @len bytes, with router alert. */
void igmp_ip_write(uint8_t *p, const uint8_t *src, const uint8_t *dst, size_t len);
void mld_ip_write(uint8_t *p, const uint8_t *src, const uint8_t *dst, size_t len);

#endif /* NSK_WIRE_GROUPMSG_H */
