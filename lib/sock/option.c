/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds options in their table, and moves values between it and the application's memory. */
#include "sock/option.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "sock/sock.h"

struct found {
	const struct sock_option *option; /* NULL: there is none */
	const struct sock_options *in;
};

static struct found find(const struct sock *s, int level, int name)
{
	const struct sock_options *in = s->ops->options ? s->ops->options : &sock_options;

	/* IPv4's level is there for sockets of AF_INET6 too, not the other way round. */
	if (level == IPPROTO_IPV6 && !sock_is_six(s))
		return (struct found){0};
	for (; in; in = in->next)
		for (size_t i = 0; i < in->count; i++)
			if (in->row[i].level == level && in->row[i].name == name)
				return (struct found){&in->row[i], in};
	return (struct found){0};
}

static void prepare(struct sock *s, const struct found *f)
{
	if (f->in->before)
		f->in->before(s);
}

/* ---- an int in memory ------------------------------------------------------------------------ */

/* The options of IP are also taken as one byte or none, which is 0, and given as one if the room is
 * short, as in Linux; all others are -EINVAL if shorter, and cut. */
static int number_in(const struct sock_option *o, const void *value, socklen_t len, int *number)
{
	if (len >= sizeof(*number))
		memcpy(number, value, sizeof(*number));
	else if (o->level == IPPROTO_IP && len > 0)
		*number = *(const uint8_t *)value;
	else if (o->level == IPPROTO_IP && o->type != SOCK_OPT_INT_NEEDED)
		*number = 0;
	else
		return -EINVAL;
	return *number >= o->least && *number <= o->most ? 0 : -EINVAL;
}

static void number_out(const struct sock_option *o, int number, void *value, socklen_t *len)
{
	bool byte = o->level == IPPROTO_IP && number <= UINT8_MAX;

	if (byte && *len > 0 && *len < sizeof(number)) {
		*(uint8_t *)value = (uint8_t)number;
		*len = 1;
		return;
	}
	sock_option_copy(&number, sizeof(number), value, len);
}

void sock_option_copy(const void *from, size_t size, void *value, socklen_t *len)
{
	*len = NSK_MIN(*len, (socklen_t)size);
	memcpy(value, from, *len);
}

/* ---- the two calls --------------------------------------------------------------------------- */

/* As Linux, which looks at the level first. */
static int cannot_get(const struct sock *s, int level)
{
	bool known = level == SOL_SOCKET || level == IPPROTO_IP || level == s->ops->protocol ||
		     sock_is_six(s);

	return known ? -ENOPROTOOPT : -EOPNOTSUPP;
}

static bool can_get(const struct sock_option *o)
{
	return o && (o->get || o->get_flag || o->get_bytes);
}

int sock_option_get(struct sock *s, int level, int name, void *value, socklen_t *len)
{
	struct found f = find(s, level, name);
	const struct sock_option *o = f.option;
	int number;

	if (!can_get(o))
		return cannot_get(s, level);
	prepare(s, &f);
	if (o->type == SOCK_OPT_BYTES)
		return o->get_bytes(s, value, len);
	number = o->type == SOCK_OPT_FLAG ? o->get_flag(s, o->flag) : o->get(s);
	if (number < 0)
		return number;
	number_out(o, number, value, len);
	return 0;
}

/* As Linux: too short a value is found first, where all are numbers. */
static int cannot_set(const struct sock *s, int level, socklen_t len)
{
	bool numbers = level == SOL_SOCKET || level == s->ops->protocol;

	return numbers && len < sizeof(int) ? -EINVAL : -ENOPROTOOPT;
}

static bool can_set(const struct sock_option *o)
{
	return o && (o->set || o->set_flag || o->set_bytes);
}

int sock_option_set(struct sock *s, int level, int name, const void *value, socklen_t len)
{
	struct found f = find(s, level, name);
	const struct sock_option *o = f.option;
	int number, rc;

	if (!can_set(o))
		return cannot_set(s, level, len);
	prepare(s, &f);
	if (o->type == SOCK_OPT_BYTES)
		return len < (socklen_t)o->least ? -EINVAL : o->set_bytes(s, value, len);
	rc = number_in(o, value, len, &number);
	if (rc)
		return rc;
	return o->type == SOCK_OPT_FLAG ? o->set_flag(s, o->flag, number) : o->set(s, number);
}
