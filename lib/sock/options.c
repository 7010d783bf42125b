/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of levels SOL_SOCKET, IPPROTO_IP and IPPROTO_IPV6 that every socket has. What a protocol
 * knows better (buffer sizes, what keepalive starts) has a row of its own there, found before
 * these.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/time.h>

#include "base/settings.h"
#include "sock/sock.h"

#define US_PER_S  1000000
#define US_PER_MS 1000
#define MS_PER_S  1000
/* About 24 days; longer timeouts are for ever. */
#define TIMEO_MAX_MS ((int64_t)INT32_MAX)

static int get_flag(struct sock *s, uint32_t flag)
{
	return (s->flags & flag) != 0;
}

static int set_flag(struct sock *s, uint32_t flag, int value)
{
	s->flags = (uint8_t)((s->flags & ~flag) | (value ? flag : 0));
	return 0;
}

static int set_zerocopy(struct sock *s, uint32_t flag, int value)
{
	return s->ops->zc_queue ? set_flag(s, flag, value) : -ENOPROTOOPT;
}

static int get_error(struct sock *s)
{
	return -sock_take_error(s);
}

static int get_type(struct sock *s)
{
	return s->ops->type;
}

static int get_domain(struct sock *s)
{
	return sock_is_six(s) ? AF_INET6 : s->family;
}

static int get_protocol(struct sock *s)
{
	return s->ops->protocol;
}

/* SO_RCVLOWAT and SO_SNDLOWAT are what they are in POSIX unless set: one byte. */
static int get_one(struct sock *s)
{
	(void)s;
	return 1;
}

static int get_linger(struct sock *s, void *value, socklen_t *len)
{
	const struct linger linger = {
		.l_onoff = s->linger_s >= 0,
		.l_linger = s->linger_s >= 0 ? s->linger_s : 0,
	};

	sock_option_copy(&linger, sizeof(linger), value, len);
	return 0;
}

static int set_linger(struct sock *s, const void *value, socklen_t len)
{
	struct linger linger;

	(void)len;
	memcpy(&linger, value, sizeof(linger));
	if (!linger.l_onoff)
		s->linger_s = -1;
	else
		s->linger_s = (int16_t)NSK_MIN((uint32_t)linger.l_linger, (uint32_t)INT16_MAX);
	return 0;
}

static int timeo_out(uint32_t ms, void *value, socklen_t *len)
{
	const uint32_t told = ms == SOCK_TIMEO_NONE ? 0 : ms;
	const struct timeval tv = {
		.tv_sec = told / MS_PER_S,
		.tv_usec = (suseconds_t)(told % MS_PER_S) * US_PER_MS,
	};

	sock_option_copy(&tv, sizeof(tv), value, len);
	return 0;
}

/* 0 is for ever, a negative time no time at all; rounded up to milliseconds. */
static int timeo_in(const void *value, uint32_t *ms)
{
	struct timeval tv;

	memcpy(&tv, value, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= US_PER_S)
		return -EDOM;
	if (tv.tv_sec < 0)
		*ms = SOCK_TIMEO_NONE;
	else if (tv.tv_sec >= TIMEO_MAX_MS / MS_PER_S)
		*ms = 0;
	else
		*ms = (uint32_t)(tv.tv_sec * MS_PER_S + (tv.tv_usec + US_PER_MS - 1) / US_PER_MS);
	return 0;
}

static int get_rcvtimeo(struct sock *s, void *value, socklen_t *len)
{
	return timeo_out(s->rcvtimeo_ms, value, len);
}

static int set_rcvtimeo(struct sock *s, const void *value, socklen_t len)
{
	(void)len;
	return timeo_in(value, &s->rcvtimeo_ms);
}

static int get_sndtimeo(struct sock *s, void *value, socklen_t *len)
{
	return timeo_out(s->sndtimeo_ms, value, len);
}

static int set_sndtimeo(struct sock *s, const void *value, socklen_t len)
{
	(void)len;
	return timeo_in(value, &s->sndtimeo_ms);
}

/* ---- IPPROTO_IP, IPPROTO_IPV6 ---- */

/* The two bits of ECN are the protocol's own where it has a use for them. */
static uint8_t own_tos(const struct sock *s)
{
	return s->ops->type == SOCK_STREAM ? IPTOS_ECN_MASK : 0;
}

static int get_tos(struct sock *s)
{
	return s->tos & ~own_tos(s);
}

static int set_tos(struct sock *s, int value)
{
	uint8_t own = own_tos(s);

	s->tos = (uint8_t)((s->tos & own) | (value & ~own));
	return 0;
}

static int get_ttl(struct sock *s)
{
	return s->ttl ? s->ttl : (int)SETTING(s->worker->set, ip_ttl);
}

/* -1 is what the settings say, also when they change. */
static int set_ttl(struct sock *s, int value)
{
	if (value == 0)
		return -EINVAL;
	s->ttl = value == -1 ? 0 : (uint8_t)value;
	return 0;
}

static int set_tclass(struct sock *s, int value)
{
	return set_tos(s, NSK_MAX(value, 0));
}

int sock_set_six_only(struct sock *s, bool bound, bool on)
{
	if (bound)
		return -EINVAL;
	s->six = (uint8_t)(on ? s->six | SOCK_SIX_ONLY : s->six & ~SOCK_SIX_ONLY);
	return 0;
}

/* ---- table ---- */

static const struct sock_option rows[] = {
	SOCK_FLAG(SOL_SOCKET, SO_REUSEADDR, SOCK_F_REUSEADDR, get_flag, set_flag),
	SOCK_FLAG(SOL_SOCKET, SO_REUSEPORT, SOCK_F_REUSEPORT, get_flag, set_flag),
	SOCK_FLAG(SOL_SOCKET, SO_KEEPALIVE, SOCK_F_KEEPALIVE, get_flag, set_flag),
	SOCK_FLAG(SOL_SOCKET, SO_BROADCAST, SOCK_F_BROADCAST, get_flag, set_flag),
	/* As Linux, which takes no other number for yes. */
	SOCK_FLAG_IN(SOL_SOCKET, SO_ZEROCOPY, 0, 1, SOCK_F_ZEROCOPY, get_flag, set_zerocopy),
	SOCK_BYTES(SOL_SOCKET, SO_LINGER, sizeof(struct linger), get_linger, set_linger),
	SOCK_BYTES(SOL_SOCKET, SO_RCVTIMEO, sizeof(struct timeval), get_rcvtimeo, set_rcvtimeo),
	SOCK_BYTES(SOL_SOCKET, SO_SNDTIMEO, sizeof(struct timeval), get_sndtimeo, set_sndtimeo),
	SOCK_FLAG(SOL_SOCKET, SO_ACCEPTCONN, SOCK_F_LISTEN, get_flag, NULL),
	SOCK_INT(SOL_SOCKET, SO_ERROR, get_error, NULL),
	SOCK_INT(SOL_SOCKET, SO_TYPE, get_type, NULL),
	SOCK_INT(SOL_SOCKET, SO_DOMAIN, get_domain, NULL),
	SOCK_INT(SOL_SOCKET, SO_PROTOCOL, get_protocol, NULL),
	SOCK_INT(SOL_SOCKET, SO_RCVLOWAT, get_one, NULL),
	SOCK_INT(SOL_SOCKET, SO_SNDLOWAT, get_one, NULL),
	SOCK_INT(IPPROTO_IP, IP_TOS, get_tos, set_tos),
	SOCK_INT_IN(IPPROTO_IP, IP_TTL, -1, UINT8_MAX, get_ttl, set_ttl),
	/* -1: none. As Linux, which takes no other number for that. */
	SOCK_INT_IN(IPPROTO_IPV6, IPV6_TCLASS, -1, UINT8_MAX, get_tos, set_tclass),
	SOCK_INT_IN(IPPROTO_IPV6, IPV6_UNICAST_HOPS, -1, UINT8_MAX, get_ttl, set_ttl),
};

const struct sock_options sock_options = {.row = rows, .count = NSK_ARRAY_LEN(rows)};
