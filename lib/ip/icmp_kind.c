/* SPDX-License-Identifier: BSD-3-Clause */
/* The two rows; see icmp_kind.h. */
#include "ip/icmp_kind.h"

#include <errno.h>

#include "wire/icmp6.h"

/* ---- IPv4 ------------------------------------------------------------------------------------ */

static bool reports_v4(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER_PROBLEM;
}

static bool may_answer_v4(uint8_t type)
{
	return type == ICMP_ECHO;
}

static bool may_answer_others_v4(uint8_t type)
{
	return !icmp_is_error(type);
}

/* What may pass, as Linux has it: net, host and source route unreachable, for a type of service or
 * not, and time exceeded. */
static bool is_soft_v4(uint8_t type, uint8_t code)
{
	const unsigned codes = 1u << 0 | 1u << 1 | 1u << 5 | 1u << 11 | 1u << 12;

	return type == ICMP_TIME_EXCEEDED ||
	       (type == ICMP_UNREACHABLE && code < 32 && codes >> code & 1);
}

static int err_v4(uint8_t type, uint8_t code, bool *hard, bool *soft)
{
	static const uint8_t unreachable[] = {
		ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,  ECONNREFUSED, EMSGSIZE,     EOPNOTSUPP,
		ENETUNREACH,  EHOSTDOWN,    ENONET,	  ENETUNREACH,	EHOSTUNREACH, ENETUNREACH,
		EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
	};

	*hard = false;
	*soft = is_soft_v4(type, code);
	switch (type) {
	case ICMP_UNREACHABLE:
		*hard = code == ICMP_UNREACH_PROTO || code == ICMP_UNREACH_PORT;
		return code < NSK_ARRAY_LEN(unreachable) ? unreachable[code] : EHOSTUNREACH;
	case ICMP_TIME_EXCEEDED:
		return EHOSTUNREACH;
	case ICMP_PARAMETER_PROBLEM:
		return EPROTO;
	default:
		return 0;
	}
}

static bool too_big_v4(const struct icmp_view *icmp, uint32_t *mtu)
{
	*mtu = icmp_mtu(icmp);
	return icmp->type == ICMP_UNREACHABLE && icmp->code == ICMP_UNREACH_NEEDFRAG;
}

const struct icmp_kind icmp_kind_v4 = {
	.family = AF_INET,
	.proto = IP_PROTO_ICMP,
	.echo = ICMP_ECHO,
	.echo_reply = ICMP_ECHO_REPLY,
	.tos = 0xc0, /* RFC 1812 §4.3.2.5: precedence internetwork control */
	.quote_max = ICMP_QUOTE_MAX,
	.too_big_floor = IPV4_PMTU_FLOOR,
	.quote = icmp_quote_parse,
	.reports = reports_v4,
	.may_answer = may_answer_v4,
	.may_answer_others = may_answer_others_v4,
	.err = err_v4,
	.too_big = too_big_v4,
	.sends = {[IP_COMPLAINT_PROTO] = {ICMP_UNREACHABLE, ICMP_UNREACH_PROTO},
		  [IP_COMPLAINT_PORT] = {ICMP_UNREACHABLE, ICMP_UNREACH_PORT},
		  [IP_COMPLAINT_REASSEMBLY] = {ICMP_TIME_EXCEEDED, ICMP_EXCEEDED_REASSEMBLY},
		  [IP_COMPLAINT_FIELD] = {ICMP_PARAMETER_PROBLEM, 0},
		  [IP_COMPLAINT_HOPS] = {ICMP_TIME_EXCEEDED, ICMP_EXCEEDED_TTL},
		  [IP_COMPLAINT_NET] = {ICMP_UNREACHABLE, ICMP_UNREACH_NET},
		  [IP_COMPLAINT_HOST] = {ICMP_UNREACHABLE, ICMP_UNREACH_HOST},
		  [IP_COMPLAINT_PROHIBITED] = {ICMP_UNREACHABLE, ICMP_UNREACH_FILTER},
		  [IP_COMPLAINT_TOO_BIG] = {ICMP_UNREACHABLE, ICMP_UNREACH_NEEDFRAG}},
};

/* ---- IPv6 ------------------------------------------------------------------------------------ */

static bool reports_v6(uint8_t type)
{
	return type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER_PROBLEM;
}

static bool may_answer_v6(uint8_t type)
{
	return type == ICMP6_ECHO;
}

static bool may_answer_others_v6(uint8_t type)
{
	return !icmp6_is_error(type) && type != ICMP6_REDIRECT;
}

/* As Linux has it: what a policy refuses is final, and so is a header that is not known. */
static int err_v6(uint8_t type, uint8_t code, bool *hard, bool *soft)
{
	static const struct {
		uint8_t err;
		bool hard;
	} unreachable[] = {
		[ICMP6_UNREACH_ROUTE] = {ENETUNREACH, false},
		[ICMP6_UNREACH_FILTER] = {EACCES, true},
		[ICMP6_UNREACH_SCOPE] = {EHOSTUNREACH, false},
		[ICMP6_UNREACH_ADDR] = {EHOSTUNREACH, false},
		[ICMP6_UNREACH_PORT] = {ECONNREFUSED, true},
		[ICMP6_UNREACH_POLICY] = {EACCES, true},
		[ICMP6_UNREACH_REJECT] = {EACCES, true},
	};

	*hard = false;
	*soft = type == ICMP6_TIME_EXCEEDED;
	switch (type) {
	case ICMP6_UNREACHABLE:
		if (code >= NSK_ARRAY_LEN(unreachable))
			return EPROTO;
		*hard = unreachable[code].hard;
		*soft = !*hard;
		return unreachable[code].err;
	case ICMP6_TOO_BIG:
		return EMSGSIZE;
	case ICMP6_TIME_EXCEEDED:
		return EHOSTUNREACH;
	case ICMP6_PARAMETER_PROBLEM:
		*hard = true;
		return EPROTO;
	default:
		return 0;
	}
}

static bool too_big_v6(const struct icmp_view *icmp, uint32_t *mtu)
{
	*mtu = icmp->rest;
	return icmp->type == ICMP6_TOO_BIG;
}

const struct icmp_kind icmp_kind_v6 = {
	.family = AF_INET6,
	.proto = IP_PROTO_ICMPV6,
	.echo = ICMP6_ECHO,
	.echo_reply = ICMP6_ECHO_REPLY,
	.group_echo = true, /* RFC 4443 §4.2 */
	.quote_max = IPV6_MIN_MTU - IPV6_HLEN - ICMP_HLEN,
	.too_big_floor = IPV6_MIN_MTU,
	.too_big_least = IPV6_MIN_MTU, /* RFC 8201 §4 */
	.quote = icmp6_quote_parse,
	.reports = reports_v6,
	.may_answer = may_answer_v6,
	.may_answer_others = may_answer_others_v6,
	.err = err_v6,
	.too_big = too_big_v6,
	.sends = {[IP_COMPLAINT_PROTO] = {ICMP6_PARAMETER_PROBLEM, ICMP6_PARAM_HEADER},
		  [IP_COMPLAINT_PORT] = {ICMP6_UNREACHABLE, ICMP6_UNREACH_PORT},
		  [IP_COMPLAINT_REASSEMBLY] = {ICMP6_TIME_EXCEEDED, ICMP6_TIME_REASSEMBLY},
		  [IP_COMPLAINT_FIELD] = {ICMP6_PARAMETER_PROBLEM, 0},
		  [IP_COMPLAINT_OPTION] = {ICMP6_PARAMETER_PROBLEM, 2},
		  [IP_COMPLAINT_HOPS] = {ICMP6_TIME_EXCEEDED, ICMP6_TIME_HOPS},
		  [IP_COMPLAINT_NET] = {ICMP6_UNREACHABLE, ICMP6_UNREACH_ROUTE},
		  [IP_COMPLAINT_HOST] = {ICMP6_UNREACHABLE, ICMP6_UNREACH_ADDR},
		  [IP_COMPLAINT_PROHIBITED] = {ICMP6_UNREACHABLE, ICMP6_UNREACH_FILTER},
		  [IP_COMPLAINT_TOO_BIG] = {ICMP6_TOO_BIG, 0},
		  [IP_COMPLAINT_SCOPE] = {ICMP6_UNREACHABLE, ICMP6_UNREACH_SCOPE}},
};
