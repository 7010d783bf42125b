/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options of an application, by their names. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>

#include "nsk-sim/fields.h"
#include "nsk-sim/parts.h"

static const struct {
	int level, name;
} places[] = {
	{SOL_SOCKET, SO_KEEPALIVE},
	{SOL_SOCKET, SO_LINGER},
	{SOL_SOCKET, SO_MAX_PACING_RATE},
	{IPPROTO_TCP, TCP_NODELAY},
	{IPPROTO_TCP, TCP_CORK},
	{IPPROTO_TCP, TCP_QUICKACK},
	{IPPROTO_TCP, TCP_MAXSEG},
	{IPPROTO_TCP, TCP_KEEPIDLE},
	{IPPROTO_TCP, TCP_KEEPINTVL},
	{IPPROTO_TCP, TCP_KEEPCNT},
	{IPPROTO_TCP, TCP_USER_TIMEOUT},
	{IPPROTO_TCP, TCP_FASTOPEN},
	{IPPROTO_TCP, TCP_FASTOPEN_CONNECT},
	{IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE},
};

_Static_assert(sizeof(places) / sizeof(places[0]) == SIM_OPTIONS, "one a row below");

#define VALUE(i) offsetof(struct sim_options, value) + (i) * sizeof(uint32_t)

/* In the order of the places. */
static const struct field option_fields[] = {
	{"SO_KEEPALIVE", FIELD_COUNT, VALUE(0), 0, 1, NULL},
	{"SO_LINGER", FIELD_COUNT, VALUE(1), 0, 32767, NULL},
	{"SO_MAX_PACING_RATE", FIELD_COUNT, VALUE(2), 1, UINT32_MAX - 1, NULL},
	{"TCP_NODELAY", FIELD_COUNT, VALUE(3), 0, 1, NULL},
	{"TCP_CORK", FIELD_COUNT, VALUE(4), 0, 1, NULL},
	{"TCP_QUICKACK", FIELD_COUNT, VALUE(5), 0, 1, NULL},
	{"TCP_MAXSEG", FIELD_COUNT, VALUE(6), 88, 32767, NULL},
	{"TCP_KEEPIDLE", FIELD_COUNT, VALUE(7), 1, 32767, NULL},
	{"TCP_KEEPINTVL", FIELD_COUNT, VALUE(8), 1, 32767, NULL},
	{"TCP_KEEPCNT", FIELD_COUNT, VALUE(9), 1, 127, NULL},
	{"TCP_USER_TIMEOUT", FIELD_COUNT, VALUE(10), 0, INT32_MAX, NULL},
	{"TCP_FASTOPEN", FIELD_COUNT, VALUE(11), 0, 65535, NULL},
	{"TCP_FASTOPEN_CONNECT", FIELD_COUNT, VALUE(12), 0, 1, NULL},
	{"TCP_FASTOPEN_NO_COOKIE", FIELD_COUNT, VALUE(13), 0, 1, NULL},
	{0},
};

static bool read_group(struct scenario *s, const config_setting_t *app, const char *key,
		       const char *where, struct sim_options *o)
{
	const config_setting_t *at = config_setting_get_member(app, key);
	char text[SIM_NAME + 64];

	if (!at)
		return true;
	snprintf(text, sizeof(text), "%s of %s", key, where);
	if (!fields_read(s, at, option_fields, o, text))
		return false;
	for (unsigned i = 0; i < SIM_OPTIONS; i++)
		if (config_setting_get_member(at, option_fields[i].name))
			o->there |= 1u << i;
	return true;
}

bool parts_read_options(struct scenario *s, const config_setting_t *at, const char *where,
			struct sim_options o[2])
{
	return read_group(s, at, "options", where, &o[0]) &&
	       read_group(s, at, "options", where, &o[1]) &&
	       read_group(s, at, "client_options", where, &o[0]) &&
	       read_group(s, at, "server_options", where, &o[1]);
}

/* Which sockets have it: one that listens, one that connects, or any that is connected. */
static bool is_for(int level, int name, enum sim_socket which)
{
	if (level == IPPROTO_TCP && name == TCP_FASTOPEN)
		return which == SOCKET_LISTENER;
	if (level == IPPROTO_TCP && name == TCP_FASTOPEN_CONNECT)
		return which == SOCKET_CLIENT;
	/* Others of a listener's are its connections' from when they are accepted. */
	return which != SOCKET_LISTENER || name == TCP_FASTOPEN_NO_COOKIE;
}

const char *parts_set_options(const struct sim_options *o, int fd, enum sim_socket which)
{
	for (unsigned i = 0; i < SIM_OPTIONS; i++) {
		struct linger linger = {1, (int)o->value[i]};
		bool is_linger = places[i].level == SOL_SOCKET && places[i].name == SO_LINGER;
		const void *value = is_linger ? (const void *)&linger : &o->value[i];
		socklen_t len = is_linger ? sizeof(linger) : sizeof(o->value[i]);

		if ((o->there & 1u << i) && is_for(places[i].level, places[i].name, which) &&
		    nsk_setsockopt(fd, places[i].level, places[i].name, value, len))
			return option_fields[i].name;
	}
	return NULL;
}
