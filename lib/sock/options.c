/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of levels SOL_SOCKET, IPPROTO_IP and IPPROTO_IPV6 that every description has, as one
 * table a level: a row an option. What a protocol knows better (buffer sizes, what keepalive
 * starts) it handles itself before it comes here. What is in no row fails with ENOPROTOOPT.
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

union opt_value {
	int number;
	struct linger linger;
	struct timeval tv;
};

struct option {
	int name;
	uint8_t flag; /* of sock.flags, for yes-or-no options */
	uint8_t size;
	bool read_only;
	void (*get)(struct sock *s, const struct option *o, union opt_value *v);
	int (*set)(struct sock *s, const struct option *o, const union opt_value *v);
};

static void get_flag(struct sock *s, const struct option *o, union opt_value *v)
{
	v->number = (s->flags & o->flag) != 0;
}

static int set_flag(struct sock *s, const struct option *o, const union opt_value *v)
{
	s->flags = (uint8_t)((s->flags & ~o->flag) | (v->number ? o->flag : 0));
	return 0;
}

/* As Linux, which takes no other number for yes. */
static int set_zerocopy(struct sock *s, const struct option *o, const union opt_value *v)
{
	if (v->number < 0 || v->number > 1)
		return -EINVAL;
	return s->ops->zc_queue ? set_flag(s, o, v) : -ENOPROTOOPT;
}

static void get_error(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = -sock_take_error(s);
}

static void get_type(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = s->ops->type;
}

static void get_domain(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = sock_is_six(s) ? AF_INET6 : s->family;
}

static void get_protocol(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = s->ops->protocol;
}

/* SO_RCVLOWAT and SO_SNDLOWAT are what they are in POSIX unless set: one byte. */
static void get_one(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)s, (void)o;
	v->number = 1;
}

static void get_linger(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->linger.l_onoff = s->linger_s >= 0;
	v->linger.l_linger = s->linger_s >= 0 ? s->linger_s : 0;
}

static int set_linger(struct sock *s, const struct option *o, const union opt_value *v)
{
	(void)o;
	if (!v->linger.l_onoff)
		s->linger_s = -1;
	else
		s->linger_s = (int16_t)NSK_MIN((uint32_t)v->linger.l_linger, (uint32_t)INT16_MAX);
	return 0;
}

static uint32_t *timeo_of(struct sock *s, const struct option *o)
{
	return o->name == SO_RCVTIMEO ? &s->rcvtimeo_ms : &s->sndtimeo_ms;
}

static void get_timeo(struct sock *s, const struct option *o, union opt_value *v)
{
	uint32_t ms = *timeo_of(s, o);

	if (ms == SOCK_TIMEO_NONE)
		ms = 0;
	v->tv.tv_sec = ms / MS_PER_S;
	v->tv.tv_usec = (suseconds_t)(ms % MS_PER_S) * US_PER_MS;
}

/* 0 is for ever, a negative time no time at all; rounded up to milliseconds. */
static int set_timeo(struct sock *s, const struct option *o, const union opt_value *v)
{
	int64_t ms;

	if (v->tv.tv_usec < 0 || v->tv.tv_usec >= US_PER_S)
		return -EDOM;
	if (v->tv.tv_sec < 0)
		ms = SOCK_TIMEO_NONE;
	else if (v->tv.tv_sec >= TIMEO_MAX_MS / MS_PER_S)
		ms = 0;
	else
		ms = v->tv.tv_sec * MS_PER_S + (v->tv.tv_usec + US_PER_MS - 1) / US_PER_MS;
	*timeo_of(s, o) = (uint32_t)ms;
	return 0;
}

/* ---- IPPROTO_IP, IPPROTO_IPV6 ---- */

/* The two bits of ECN are the protocol's own where it has a use for them. */
static uint8_t own_tos(const struct sock *s)
{
	return s->ops->type == SOCK_STREAM ? IPTOS_ECN_MASK : 0;
}

static void get_tos(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = s->tos & ~own_tos(s);
}

static int set_tos(struct sock *s, const struct option *o, const union opt_value *v)
{
	uint8_t own = own_tos(s);

	(void)o;
	s->tos = (uint8_t)((s->tos & own) | (v->number & ~own));
	return 0;
}

static void get_ttl(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = s->ttl ? s->ttl : (int)SETTING(s->worker->set, ip_ttl);
}

/* -1 is what the settings say, also when they change. */
static int set_ttl(struct sock *s, const struct option *o, const union opt_value *v)
{
	(void)o;
	if (v->number != -1 && (v->number < 1 || v->number > UINT8_MAX))
		return -EINVAL;
	s->ttl = v->number == -1 ? 0 : (uint8_t)v->number;
	return 0;
}

/* -1: none. As Linux, which takes no other number for that. */
static int set_tclass(struct sock *s, const struct option *o, const union opt_value *v)
{
	const union opt_value none = {.number = 0};

	if (v->number < -1 || v->number > UINT8_MAX)
		return -EINVAL;
	return set_tos(s, o, v->number == -1 ? &none : v);
}

int sock_set_six_only(struct sock *s, bool bound, bool on)
{
	if (bound)
		return -EINVAL;
	s->six = (uint8_t)(on ? s->six | SOCK_SIX_ONLY : s->six & ~SOCK_SIX_ONLY);
	return 0;
}

/* ---- tables ---- */

#define INT	  sizeof(int)
#define READ_ONLY true

static const struct option socket_options[] = {
	{SO_REUSEADDR, SOCK_F_REUSEADDR, INT, false, get_flag, set_flag},
	{SO_REUSEPORT, SOCK_F_REUSEPORT, INT, false, get_flag, set_flag},
	{SO_KEEPALIVE, SOCK_F_KEEPALIVE, INT, false, get_flag, set_flag},
	{SO_BROADCAST, SOCK_F_BROADCAST, INT, false, get_flag, set_flag},
	{SO_ZEROCOPY, SOCK_F_ZEROCOPY, INT, false, get_flag, set_zerocopy},
	{SO_LINGER, 0, sizeof(struct linger), false, get_linger, set_linger},
	{SO_RCVTIMEO, 0, sizeof(struct timeval), false, get_timeo, set_timeo},
	{SO_SNDTIMEO, 0, sizeof(struct timeval), false, get_timeo, set_timeo},
	{SO_ACCEPTCONN, SOCK_F_LISTEN, INT, READ_ONLY, get_flag, NULL},
	{SO_ERROR, 0, INT, READ_ONLY, get_error, NULL},
	{SO_TYPE, 0, INT, READ_ONLY, get_type, NULL},
	{SO_DOMAIN, 0, INT, READ_ONLY, get_domain, NULL},
	{SO_PROTOCOL, 0, INT, READ_ONLY, get_protocol, NULL},
	{SO_RCVLOWAT, 0, INT, READ_ONLY, get_one, NULL},
	{SO_SNDLOWAT, 0, INT, READ_ONLY, get_one, NULL},
};

static const struct option ip_options[] = {
	{IP_TOS, 0, INT, false, get_tos, set_tos},
	{IP_TTL, 0, INT, false, get_ttl, set_ttl},
};

/* Of sockets of AF_INET6. IPv4's serve them too, and both families share what there is. */
static const struct option ipv6_options[] = {
	{IPV6_TCLASS, 0, INT, false, get_tos, set_tclass},
	{IPV6_UNICAST_HOPS, 0, INT, false, get_ttl, set_ttl},
};

static const struct option *find_in(const struct option *table, size_t count, int name)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].name == name)
			return &table[i];
	return NULL;
}

static const struct option *find_option(const struct sock *s, int level, int name)
{
	switch (level) {
	case SOL_SOCKET:
		return find_in(socket_options, NSK_ARRAY_LEN(socket_options), name);
	case IPPROTO_IP:
		return find_in(ip_options, NSK_ARRAY_LEN(ip_options), name);
	case IPPROTO_IPV6:
		if (sock_is_six(s))
			return find_in(ipv6_options, NSK_ARRAY_LEN(ipv6_options), name);
		return NULL;
	default:
		return NULL;
	}
}

int sock_option_in(int level, const void *value, socklen_t len, int *number)
{
	if (len >= sizeof(*number))
		memcpy(number, value, sizeof(*number));
	else if (level == IPPROTO_IP)
		*number = len > 0 ? *(const uint8_t *)value : 0;
	else
		return -EINVAL;
	return 0;
}

void sock_option_out(int level, int number, void *value, socklen_t *len)
{
	bool byte = level == IPPROTO_IP && number >= 0 && number <= UINT8_MAX;

	if (byte && *len > 0 && *len < sizeof(number)) {
		*(uint8_t *)value = (uint8_t)number;
		*len = 1;
		return;
	}
	*len = NSK_MIN(*len, (socklen_t)sizeof(number));
	memcpy(value, &number, *len);
}

/* A shorter buffer gets the beginning, as in Linux. */
int sock_getsockopt(struct sock *s, int level, int name, void *value, socklen_t *len)
{
	const struct option *o = find_option(s, level, name);
	union opt_value v;

	if (!o)
		return level == SOL_SOCKET || level == IPPROTO_IP || level == s->ops->protocol ||
				       sock_is_six(s)
			       ? -ENOPROTOOPT
			       : -EOPNOTSUPP; /* as Linux, which looks at the level first */
	o->get(s, o, &v);
	if (o->size == INT) {
		sock_option_out(level, v.number, value, len);
		return 0;
	}
	*len = NSK_MIN(*len, (socklen_t)o->size);
	memcpy(value, &v, *len);
	return 0;
}

int sock_option_unset(const struct sock *s, int level, socklen_t len)
{
	bool numbers = level == SOL_SOCKET || level == s->ops->protocol;

	return numbers && len < sizeof(int) ? -EINVAL : -ENOPROTOOPT;
}

int sock_setsockopt(struct sock *s, int level, int name, const void *value, socklen_t len)
{
	const struct option *o = find_option(s, level, name);
	union opt_value v;
	int rc = 0;

	if (!o || o->read_only)
		return sock_option_unset(s, level, len);
	if (o->size == INT)
		rc = sock_option_in(level, value, len, &v.number);
	else if (len < o->size)
		rc = -EINVAL;
	else
		memcpy(&v, value, o->size);
	return rc ? rc : o->set(s, o, &v);
}
