/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls of scripts: socket calls with their results, and looks at the stack.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <netstk/tcp_info.h>

#include "script/script.h"

struct name {
	const char *name;
	int value;
};

#define E(x)          \
	{             \
#x, x \
	}

static const struct name errnos[] = {
	E(EAGAIN),	 E(EINPROGRESS), E(EALREADY),	  E(EISCONN),	    E(ENOTCONN),
	E(ECONNREFUSED), E(ECONNRESET),	 E(ECONNABORTED), E(EPIPE),	    E(ETIMEDOUT),
	E(EHOSTUNREACH), E(ENETUNREACH), E(EADDRINUSE),	  E(EADDRNOTAVAIL), E(EINVAL),
	E(EBADF),	 E(EOPNOTSUPP),	 E(ENOPROTOOPT),  E(EMSGSIZE),	    E(ENOBUFS),
	E(EDOM),	 E(EPROTO),	 E(EACCES),	  E(EFAULT),	    E(ENOMEM),
	{NULL, 0},
};

static const struct name flags[] = {
	E(MSG_PEEK),	 E(MSG_WAITALL), E(MSG_DONTWAIT), E(MSG_MORE), E(MSG_TRUNC),
	E(MSG_NOSIGNAL), E(MSG_OOB),	 E(MSG_FASTOPEN), {NULL, 0},
};

static const struct name ways[] = {E(SHUT_RD), E(SHUT_WR), E(SHUT_RDWR), {NULL, 0}};

static const struct name events[] = {
	E(POLLIN), E(POLLPRI), E(POLLOUT), E(POLLERR), E(POLLHUP), E(POLLRDHUP), {NULL, 0},
};

static const struct name states[] = {
	{"ESTABLISHED", TCP_ESTABLISHED},
	{"SYN_SENT", TCP_SYN_SENT},
	{"SYN_RECV", TCP_SYN_RECV},
	{"FIN_WAIT1", TCP_FIN_WAIT1},
	{"FIN_WAIT2", TCP_FIN_WAIT2},
	{"TIME_WAIT", TCP_TIME_WAIT},
	{"CLOSE", TCP_CLOSE},
	{"CLOSE_WAIT", TCP_CLOSE_WAIT},
	{"LAST_ACK", TCP_LAST_ACK},
	{"LISTEN", TCP_LISTEN},
	{"CLOSING", TCP_CLOSING},
	{NULL, 0},
};

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
	{"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT},
	{"TCP_QUICKACK", IPPROTO_TCP, TCP_QUICKACK},
	{"TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN},
	{"TCP_FASTOPEN_CONNECT", IPPROTO_TCP, TCP_FASTOPEN_CONNECT},
	{"TCP_FASTOPEN_KEY", IPPROTO_TCP, TCP_FASTOPEN_KEY},
	{"TCP_FASTOPEN_NO_COOKIE", IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE},
	{NULL, 0, 0},
};

/* ---- arguments and results ---- */

static const struct name *find(const struct name *list, const char *name)
{
	while (list->name && strcmp(list->name, name) != 0)
		list++;
	return list->name ? list : NULL;
}

/* Names of a list joined by "|", or a number. */
static int one_of(struct script *s, const struct name *list)
{
	char word[LEX_WORD_MAX];
	int64_t n;
	int value = 0;

	if (lex_number(&s->x, &n))
		return (int)n;
	do {
		const struct name *found = lex_word(&s->x, word) ? find(list, word) : NULL;

		if (!found)
			script_fail(s, "name expected, such as %s", list->name);
		value |= found->value;
	} while (lex_take(&s->x, "|"));
	return value;
}

static struct script_var *variable(struct script *s)
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

	for (const struct name *e = errnos; rc < 0 && e->name; e++)
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
		const struct name *e = lex_word(&s->x, word) ? find(errnos, word) : NULL;

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
	struct script_var *v = variable(s);
	struct sockaddr_in sin = need_address(s, INADDR_ANY);

	return nsk_bind(v->fd, (struct sockaddr *)&sin, sizeof(sin));
}

static int64_t call_listen(struct script *s)
{
	struct script_var *v = variable(s);

	script_need(s, ",");
	return nsk_listen(v->fd, (int)script_need_number(s));
}

static int64_t call_connect(struct script *s)
{
	struct script_var *v = variable(s);
	struct sockaddr_in sin = {.sin_family = AF_UNSPEC};

	if (!lex_take(&s->x, ", AF_UNSPEC"))
		sin = need_address(s, HOST_B);
	return nsk_connect(v->fd, (struct sockaddr *)&sin, sizeof(sin));
}

/* "sendto(s, N, FLAGS, PORT)" is "send(s, N, FLAGS)" to that port of the peer. */
static int64_t send_to(struct script *s, bool named)
{
	struct script_var *v = variable(s);
	struct sockaddr_in sin;
	int64_t len, rc;
	int with = 0;

	script_need(s, ",");
	len = script_need_number(s);
	if (lex_take(&s->x, ","))
		with = one_of(s, flags);
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
	struct script_var *v = variable(s);
	int64_t len, rc, at = v->received;
	int with = 0;

	script_need(s, ",");
	len = script_need_number(s);
	if (lex_take(&s->x, ","))
		with = one_of(s, flags);
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
	struct script_var *v = variable(s);
	int rc = nsk_close(v->fd);

	v->fd = -1;
	return rc;
}

static int64_t call_shutdown(struct script *s)
{
	struct script_var *v = variable(s);

	script_need(s, ",");
	return nsk_shutdown(v->fd, one_of(s, ways));
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

/* Of SO_LINGER the value is the seconds, -1: off; of TCP_FASTOPEN_KEY the key's octets. */
static int64_t call_setsockopt(struct script *s)
{
	struct script_var *v = variable(s);
	const struct option_name *o;
	struct linger linger;
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
	struct script_var *v = variable(s);
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

	return nsk_getpeername(variable(s)->fd, (struct sockaddr *)&sin, &len);
}

static int64_t call_ioctl(struct script *s)
{
	struct script_var *v = variable(s);
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
	return nsk_sockatmark(variable(s)->fd);
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
		return nsk_accept4(variable(s)->fd, NULL, NULL, SOCK_NONBLOCK);
	script_fail(s, "socket or accept expected");
}

/* ---- looks at the stack ---- */

static void look_poll(struct script *s)
{
	struct pollfd p = {.fd = variable(s)->fd, .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP};
	int want;

	script_need(s, ")");
	script_need(s, "=");
	want = one_of(s, events);
	nsk_poll(&p, 1, 0);
	if (p.revents != want)
		script_fail(s, "poll says %#x, not %#x", (unsigned)p.revents, (unsigned)want);
}

static const struct {
	const char *name;
	size_t off, size;
} fields[] = {
#define FIELD(x)                                                     \
	{                                                            \
#x, offsetof(struct nsk_tcp_info, tcpi_##x),         \
			sizeof(((struct nsk_tcp_info *)0)->tcpi_##x) \
	}
	FIELD(snd_cwnd),
	FIELD(snd_ssthresh),
	FIELD(snd_mss),
	FIELD(rcv_mss),
	FIELD(unacked),
	FIELD(sacked),
	FIELD(lost),
	FIELD(retrans),
	FIELD(rto),
	FIELD(rtt),
	FIELD(rttvar),
	FIELD(retransmits),
	FIELD(probes),
	FIELD(backoff),
	FIELD(options),
	FIELD(total_retrans),
	FIELD(reordering),
	FIELD(ca_state),
	FIELD(pmtu),
	FIELD(advmss),
	FIELD(min_rtt),
	FIELD(segs_in),
	FIELD(segs_out),
	FIELD(data_segs_in),
	FIELD(data_segs_out),
	FIELD(bytes_acked),
	FIELD(bytes_received),
	FIELD(bytes_sent),
	FIELD(bytes_retrans),
	FIELD(delivered),
	FIELD(delivered_ce),
	FIELD(received_ce),
	FIELD(received_e0_bytes),
	FIELD(received_e1_bytes),
	FIELD(received_ce_bytes),
	FIELD(busy_time),
	FIELD(rwnd_limited),
	FIELD(sndbuf_limited),
	FIELD(rcv_rtt),
	FIELD(notsent_bytes),
};

static int64_t field(const struct nsk_tcp_info *info, size_t off, size_t size)
{
	uint64_t wide = 0;

	memcpy(&wide, (const uint8_t *)info + off, size); /* little endian, as everything here */
	return (int64_t)wide;
}

/* "info(c).FIELD = N" or "= N..M"; "info(c).state = NAME". */
static void look_info(struct script *s)
{
	struct script_var *v = variable(s);
	struct nsk_tcp_info info = {0};
	socklen_t len = sizeof(info);
	char word[LEX_WORD_MAX];
	int64_t least, most, got;
	unsigned i = 0;

	script_need(s, ")");
	script_need(s, ".");
	if (!lex_word(&s->x, word))
		script_fail(s, "field of struct tcp_info expected");
	script_need(s, "=");
	if (nsk_getsockopt(v->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		script_fail(s, "TCP_INFO failed: %s", strerror(errno));
	if (strcmp(word, "fastopen_client_fail") == 0) {
		if (script_need_number(s) != info.tcpi_fastopen_client_fail)
			script_fail(s, "it is %u", info.tcpi_fastopen_client_fail);
		return;
	}
	if (strcmp(word, "state") == 0) {
		if (one_of(s, states) != info.tcpi_state)
			script_fail(s, "the state is %u", info.tcpi_state);
		return;
	}
	while (i < sizeof(fields) / sizeof(fields[0]) && strcmp(fields[i].name, word) != 0)
		i++;
	if (i == sizeof(fields) / sizeof(fields[0]))
		script_fail(s, "no field %s", word);
	got = field(&info, fields[i].off, fields[i].size);
	least = most = script_need_number(s);
	if (lex_take(&s->x, ".."))
		most = script_need_number(s);
	if (got < least || got > most)
		script_fail(s, "%s is %" PRId64, word, got);
}

#define COUNTER(name, text, meaning) text,
#define REASON(name, text, meaning)  text,

/* "counter NAME = N", "drop REASON = N": since the stack began. */
static void look_count(struct script *s, bool drop)
{
	static const char *const counters[] = {NSK_COUNTER_LIST(COUNTER)};
	static const char *const reasons[] = {NSK_DROP_LIST(REASON)};
	const char *const *names = drop ? reasons : counters;
	unsigned n = drop ? sizeof(reasons) / sizeof(reasons[0])
			  : sizeof(counters) / sizeof(counters[0]);
	char word[LEX_WORD_MAX];
	uint64_t got;
	unsigned i = 0;

	if (!lex_word(&s->x, word))
		script_fail(s, "name expected");
	while (i < n && strcmp(names[i], word) != 0)
		i++;
	if (i == n)
		script_fail(s, "no such name: %s", word);
	script_need(s, "=");
	got = drop ? world_drops(&s->peer.world, 0, (enum nsk_drop)(i + 1))
		   : world_counter(&s->peer.world, 0, (enum nsk_counter)i);
	if (got != (uint64_t)script_need_number(s))
		script_fail(s, "%s is %" PRIu64, word, got);
}

void script_call(struct script *s, const char *name)
{
	if (strcmp(name, "counter") == 0 || strcmp(name, "drop") == 0) {
		look_count(s, name[0] == 'd');
		return;
	}
	if (lex_take(&s->x, "=")) {
		int64_t rc = outcome(make(s));

		if (rc >= 0)
			define(s, name, (int)rc);
		result(s, rc < 0 ? rc : 0);
		peer_settle(&s->peer);
		return;
	}
	script_need(s, "(");
	if (strcmp(name, "poll") == 0) {
		look_poll(s);
		return;
	}
	if (strcmp(name, "info") == 0) {
		look_info(s);
		return;
	}
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, name) == 0) {
			result(s, outcome(calls[i].fn(s)));
			peer_settle(&s->peer);
			return;
		}
	}
	script_fail(s, "no such call: %s", name);
}
