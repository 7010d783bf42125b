/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls of scripts: socket calls with their results.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "script/script.h"

static const struct script_name errnos[] = {
	SCRIPT_NAME(EAGAIN),	   SCRIPT_NAME(EINPROGRESS),
	SCRIPT_NAME(EALREADY),	   SCRIPT_NAME(EISCONN),
	SCRIPT_NAME(ENOTCONN),	   SCRIPT_NAME(ECONNREFUSED),
	SCRIPT_NAME(ECONNRESET),   SCRIPT_NAME(ECONNABORTED),
	SCRIPT_NAME(EPIPE),	   SCRIPT_NAME(ETIMEDOUT),
	SCRIPT_NAME(EHOSTUNREACH), SCRIPT_NAME(ENETUNREACH),
	SCRIPT_NAME(EADDRINUSE),   SCRIPT_NAME(EADDRNOTAVAIL),
	SCRIPT_NAME(EINVAL),	   SCRIPT_NAME(EBADF),
	SCRIPT_NAME(EOPNOTSUPP),   SCRIPT_NAME(ENOPROTOOPT),
	SCRIPT_NAME(EMSGSIZE),	   SCRIPT_NAME(ENOBUFS),
	SCRIPT_NAME(EDOM),	   SCRIPT_NAME(EPROTO),
	SCRIPT_NAME(EACCES),	   SCRIPT_NAME(EFAULT),
	SCRIPT_NAME(ENOMEM),	   {NULL, 0},
};

static const struct script_name flags[] = {
	SCRIPT_NAME(MSG_PEEK), SCRIPT_NAME(MSG_WAITALL),  SCRIPT_NAME(MSG_DONTWAIT),
	SCRIPT_NAME(MSG_MORE), SCRIPT_NAME(MSG_TRUNC),	  SCRIPT_NAME(MSG_NOSIGNAL),
	SCRIPT_NAME(MSG_OOB),  SCRIPT_NAME(MSG_FASTOPEN), {NULL, 0},
};

static const struct script_name ways[] = {SCRIPT_NAME(SHUT_RD),
					  SCRIPT_NAME(SHUT_WR),
					  SCRIPT_NAME(SHUT_RDWR),
					  {NULL, 0}};

struct option_name {
	const char *name;
	int level, option;
};

static const struct option_name options[] = {
	{"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
	{"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE},
	{"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF},
	{"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF},
	{"SO_ERROR", SOL_SOCKET, SO_ERROR},
	{"SO_LINGER", SOL_SOCKET, SO_LINGER},
	{"SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE},
	{"IP_TOS", IPPROTO_IP, IP_TOS},
	{"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY},
	{"TCP_CORK", IPPROTO_TCP, TCP_CORK},
	{"TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG},
	{"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE},
	{"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL},
	{"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT},
	{"TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT},
	{"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT},
	{"TCP_QUICKACK", IPPROTO_TCP, TCP_QUICKACK},
	{"TCP_CONGESTION", IPPROTO_TCP, TCP_CONGESTION},
	{"TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN},
	{"TCP_FASTOPEN_CONNECT", IPPROTO_TCP, TCP_FASTOPEN_CONNECT},
	{"TCP_FASTOPEN_KEY", IPPROTO_TCP, TCP_FASTOPEN_KEY},
	{"TCP_FASTOPEN_NO_COOKIE", IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE},
	{NULL, 0, 0},
};

/* ---- arguments and results ---- */

static const struct script_name *find(const struct script_name *list, const char *name)
{
	while (list->name && strcmp(list->name, name) != 0)
		list++;
	return list->name ? list : NULL;
}

/* Names of a list joined by "|", or a number. */
int script_one_of(struct script *s, const struct script_name *list)
{
	char word[LEX_WORD_MAX];
	int64_t n;
	int value = 0;

	if (lex_number(&s->x, &n))
		return (int)n;
	do {
		const struct script_name *found = lex_word(&s->x, word) ? find(list, word) : NULL;

		if (!found)
			script_fail(s, "name expected, such as %s", list->name);
		value |= found->value;
	} while (lex_take(&s->x, "|"));
	return value;
}

struct script_var *script_variable(struct script *s)
{
	char word[LEX_WORD_MAX];

	if (!lex_word(&s->x, word))
		script_fail(s, "name of a descriptor expected");
	for (unsigned i = 0; i < s->nvars; i++)
		if (strcmp(s->var[i].name, word) == 0)
			return &s->var[i];
	script_fail(s, "there is no descriptor %s", word);
}

static void define(struct script *s, const char *name, int fd)
{
	struct script_var *v = NULL;

	for (unsigned i = 0; i < s->nvars && !v; i++)
		if (strcmp(s->var[i].name, name) == 0)
			v = &s->var[i];
	if (!v && s->nvars == SCRIPT_VARS)
		script_fail(s, "too many descriptors");
	if (!v)
		v = &s->var[s->nvars++];
	*v = (struct script_var){.fd = fd};
	snprintf(v->name, sizeof(v->name), "%s", name);
}

static const char *result_name(int64_t rc)
{
	static char text[32];

	for (const struct script_name *e = errnos; rc < 0 && e->name; e++)
		if (e->value == -rc)
			return e->name;
	snprintf(text, sizeof(text), "%" PRId64, rc);
	return text;
}

/* ") = RESULT", RESULT a number or an errno's name; without it the call must succeed. */
static void result(struct script *s, int64_t rc)
{
	char word[LEX_WORD_MAX];
	int64_t want;

	script_need(s, ")");
	if (!lex_take(&s->x, "=")) {
		if (rc < 0)
			script_fail(s, "the call failed: %s", result_name(rc));
		return;
	}
	if (!lex_number(&s->x, &want)) {
		const struct script_name *e = lex_word(&s->x, word) ? find(errnos, word) : NULL;

		if (!e)
			script_fail(s, "result expected, a number or the name of an errno");
		want = -e->value;
	}
	if (want != rc)
		script_fail(s, "the result is %s", result_name(rc));
}

static int64_t outcome(int64_t rc)
{
	return rc < 0 ? -errno : rc;
}

/* ---- calls ---- */

/* A comma and a port of that host. */
static struct sockaddr_in need_address(struct script *s, uint32_t host)
{
	script_need(s, ",");
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)script_need_number(s)),
		.sin_addr.s_addr = htonl(host),
	};
}

static int64_t call_bind(struct script *s)
{
	struct script_var *v = script_variable(s);
	struct sockaddr_in sin = need_address(s, INADDR_ANY);

	return nsk_bind(v->fd, (struct sockaddr *)&sin, sizeof(sin));
}

static int64_t call_listen(struct script *s)
{
	struct script_var *v = script_variable(s);

	script_need(s, ",");
	return nsk_listen(v->fd, (int)script_need_number(s));
}

static int64_t call_connect(struct script *s)
{
	struct script_var *v = script_variable(s);
	struct sockaddr_in sin = {.sin_family = AF_UNSPEC};

	if (!lex_take(&s->x, ", AF_UNSPEC"))
		sin = need_address(s, HOST_B);
	return nsk_connect(v->fd, (struct sockaddr *)&sin, sizeof(sin));
}

/* "sendto(s, N, FLAGS, PORT)" is "send(s, N, FLAGS)" to that port of the peer. */
static int64_t send_to(struct script *s, bool named)
{
	struct script_var *v = script_variable(s);
	struct sockaddr_in sin;
	int64_t len, rc;
	int with = 0;

	script_need(s, ",");
	len = script_need_number(s);
	if (lex_take(&s->x, ","))
		with = script_one_of(s, flags);
	if (named)
		sin = need_address(s, HOST_B);
	if (len < 0 || v->sent + len > SCRIPT_DATA)
		script_fail(s, "that many octets cannot be sent");
	rc = nsk_sendto(v->fd, script_data + v->sent, (size_t)len, with | MSG_DONTWAIT,
			named ? (struct sockaddr *)&sin : NULL, sizeof(sin));
	if (rc > 0)
		v->sent += (uint32_t)rc;
	return rc;
}

static int64_t call_send(struct script *s)
{
	return send_to(s, false);
}

static int64_t call_sendto(struct script *s)
{
	return send_to(s, true);
}

/* "recv(s, N, FLAGS, OCTET)": what comes begins with that octet of the peer's, the first being 1.
 */
static int64_t call_recv(struct script *s)
{
	static uint8_t buffer[SCRIPT_DATA];
	struct script_var *v = script_variable(s);
	int64_t len, rc, at = v->received;
	int with = 0;

	script_need(s, ",");
	len = script_need_number(s);
	if (lex_take(&s->x, ","))
		with = script_one_of(s, flags);
	if (lex_take(&s->x, ","))
		at = script_need_number(s) - 1;
	if (len < 0 || len > SCRIPT_DATA)
		script_fail(s, "that many octets cannot be received");
	rc = nsk_recv(v->fd, buffer, (size_t)len, with | MSG_DONTWAIT);
	if (rc <= 0 || with & MSG_TRUNC)
		return rc;
	if (at >= 0 && at + rc <= SCRIPT_DATA && memcmp(buffer, script_data + at, (size_t)rc) != 0)
		script_fail(s, "the octets received are not those sent");
	if (!(with & (MSG_PEEK | MSG_OOB)))
		v->received = (uint32_t)(at + rc);
	return rc;
}

static int64_t call_close(struct script *s)
{
	struct script_var *v = script_variable(s);
	int rc = nsk_close(v->fd);

	v->fd = -1;
	return rc;
}

static int64_t call_shutdown(struct script *s)
{
	struct script_var *v = script_variable(s);

	script_need(s, ",");
	return nsk_shutdown(v->fd, script_one_of(s, ways));
}

static const struct option_name *option(struct script *s)
{
	const struct option_name *o = options;
	char word[LEX_WORD_MAX];

	if (lex_word(&s->x, word))
		while (o->name && strcmp(o->name, word) != 0)
			o++;
	if (!o->name)
		script_fail(s, "name of a socket option expected");
	return o;
}

/* Of SO_LINGER the value is the seconds, -1: off; of TCP_FASTOPEN_KEY the key's octets; of
 * TCP_CONGESTION a name. */
static int64_t call_setsockopt(struct script *s)
{
	struct script_var *v = script_variable(s);
	const struct option_name *o;
	struct linger linger;
	char name[LEX_WORD_MAX];
	uint8_t key[40];
	unsigned len;
	int value;

	script_need(s, ",");
	o = option(s);
	script_need(s, ",");
	if (o->option == TCP_FASTOPEN_KEY) {
		if (!lex_hex(&s->x, key, sizeof(key), &len))
			script_fail(s, "a key's octets expected, 40 at most");
		return nsk_setsockopt(v->fd, o->level, o->option, key, len);
	}
	if (o->level == IPPROTO_TCP && o->option == TCP_CONGESTION) {
		if (!lex_word(&s->x, name))
			script_fail(s, "a name expected");
		return nsk_setsockopt(v->fd, o->level, o->option, name, (socklen_t)strlen(name));
	}
	value = (int)script_need_number(s);
	if (o->level == SOL_SOCKET && o->option == SO_LINGER) {
		linger = (struct linger){.l_onoff = value >= 0, .l_linger = value < 0 ? 0 : value};
		return nsk_setsockopt(v->fd, o->level, o->option, &linger, sizeof(linger));
	}
	return nsk_setsockopt(v->fd, o->level, o->option, &value, sizeof(value));
}

/* What SO_ERROR gives is told as an errno. */
static int64_t call_getsockopt(struct script *s)
{
	struct script_var *v = script_variable(s);
	int value = 0, rc;
	socklen_t len = sizeof(value);
	const struct option_name *o;

	script_need(s, ",");
	o = option(s);
	rc = nsk_getsockopt(v->fd, o->level, o->option, &value, &len);
	if (rc < 0 || value == 0 || o->level != SOL_SOCKET || o->option != SO_ERROR)
		return rc < 0 ? rc : value;
	errno = value;
	return -1;
}

static int64_t call_getpeername(struct script *s)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	return nsk_getpeername(script_variable(s)->fd, (struct sockaddr *)&sin, &len);
}

static int64_t call_ioctl(struct script *s)
{
	struct script_var *v = script_variable(s);
	int value = 0, rc;

	script_need(s, ",");
	if (lex_keyword(&s->x, "FIONREAD"))
		rc = nsk_ioctl(v->fd, FIONREAD, &value);
	else if (lex_keyword(&s->x, "TIOCOUTQ"))
		rc = nsk_ioctl(v->fd, TIOCOUTQ, &value);
	else if (lex_keyword(&s->x, "SIOCOUTQNSD"))
		rc = nsk_ioctl(v->fd, SIOCOUTQNSD, &value);
	else
		script_fail(s, "FIONREAD, TIOCOUTQ or SIOCOUTQNSD expected");
	return rc < 0 ? rc : value;
}

static int64_t call_sockatmark(struct script *s)
{
	return nsk_sockatmark(script_variable(s)->fd);
}

static const struct {
	const char *name;
	int64_t (*fn)(struct script *s);
} calls[] = {
	{"bind", call_bind},
	{"close", call_close},
	{"connect", call_connect},
	{"getpeername", call_getpeername},
	{"getsockopt", call_getsockopt},
	{"ioctl", call_ioctl},
	{"listen", call_listen},
	{"recv", call_recv},
	{"send", call_send},
	{"sendto", call_sendto},
	{"setsockopt", call_setsockopt},
	{"shutdown", call_shutdown},
	{"sockatmark", call_sockatmark},
};

/* ---- those that make a descriptor: "c = accept(s)" ---- */

static int64_t make(struct script *s)
{
	char word[LEX_WORD_MAX];

	if (!lex_word(&s->x, word))
		script_fail(s, "socket or accept expected");
	script_need(s, "(");
	if (strcmp(word, "socket") == 0)
		return nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (strcmp(word, "accept") == 0)
		return nsk_accept4(script_variable(s)->fd, NULL, NULL, SOCK_NONBLOCK);
	script_fail(s, "socket or accept expected");
}

void script_call(struct script *s, const char *name)
{
	if (script_count(s, name))
		return;
	if (lex_take(&s->x, "=")) {
		int64_t rc = outcome(make(s));

		if (rc >= 0)
			define(s, name, (int)rc);
		result(s, rc < 0 ? rc : 0);
		peer_settle(&s->peer);
		return;
	}
	script_need(s, "(");
	if (script_look(s, name))
		return;
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, name) == 0) {
			result(s, outcome(calls[i].fn(s)));
			peer_settle(&s->peer);
			return;
		}
	}
	script_fail(s, "no such call: %s", name);
}
