/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of level SOL_SOCKET that every description has, as one table: a row an option. What a
 * protocol knows better (buffer sizes, what keepalive starts) it handles itself before it comes
 * here. What is in no row fails with ENOPROTOOPT.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

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

static void get_error(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = s->err;
	s->err = 0;
}

static void get_type(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = s->ops->type;
}

static void get_domain(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = s->family;
}

static void get_protocol(struct sock *s, const struct option *o, union opt_value *v)
{
	(void)o;
	v->number = s->ops->type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
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
		s->linger_s = v->linger.l_linger < 0 ? INT32_MAX : v->linger.l_linger;
	return 0;
}

static uint32_t *timeo_of(struct sock *s, const struct option *o)
{
	return o->name == SO_RCVTIMEO ? &s->rcvtimeo_ms : &s->sndtimeo_ms;
}

static void get_timeo(struct sock *s, const struct option *o, union opt_value *v)
{
	uint32_t ms = *timeo_of(s, o);

	v->tv.tv_sec = ms / MS_PER_S;
	v->tv.tv_usec = (suseconds_t)(ms % MS_PER_S) * US_PER_MS;
}

/* 0 is for ever, a negative time the shortest there is; rounded up to milliseconds. */
static int set_timeo(struct sock *s, const struct option *o, const union opt_value *v)
{
	int64_t ms;

	if (v->tv.tv_usec < 0 || v->tv.tv_usec >= US_PER_S)
		return -EDOM;
	if (v->tv.tv_sec < 0)
		ms = 1;
	else if (v->tv.tv_sec >= TIMEO_MAX_MS / MS_PER_S)
		ms = 0;
	else
		ms = v->tv.tv_sec * MS_PER_S + (v->tv.tv_usec + US_PER_MS - 1) / US_PER_MS;
	*timeo_of(s, o) = (uint32_t)ms;
	return 0;
}

#define INT	  sizeof(int)
#define READ_ONLY true

static const struct option options[] = {
	{SO_REUSEADDR, SOCK_F_REUSEADDR, INT, false, get_flag, set_flag},
	{SO_REUSEPORT, SOCK_F_REUSEPORT, INT, false, get_flag, set_flag},
	{SO_KEEPALIVE, SOCK_F_KEEPALIVE, INT, false, get_flag, set_flag},
	{SO_BROADCAST, SOCK_F_BROADCAST, INT, false, get_flag, set_flag},
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

static const struct option *find_option(int level, int name)
{
	for (size_t i = 0; level == SOL_SOCKET && i < NSK_ARRAY_LEN(options); i++)
		if (options[i].name == name)
			return &options[i];
	return NULL;
}

/* A shorter buffer gets the beginning, as in Linux. */
int sock_getsockopt(struct sock *s, int level, int name, void *value, socklen_t *len)
{
	const struct option *o = find_option(level, name);
	union opt_value v;

	if (!o)
		return -ENOPROTOOPT;
	o->get(s, o, &v);
	*len = NSK_MIN(*len, (socklen_t)o->size);
	memcpy(value, &v, *len);
	return 0;
}

int sock_setsockopt(struct sock *s, int level, int name, const void *value, socklen_t len)
{
	const struct option *o = find_option(level, name);
	union opt_value v;

	if (!o || o->read_only)
		return -ENOPROTOOPT;
	if (len < o->size)
		return -EINVAL;
	memcpy(&v, value, o->size);
	return o->set(s, o, &v);
}
