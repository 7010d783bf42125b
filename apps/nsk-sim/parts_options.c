/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options of an application, by their names. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "nsk-sim/fields.h"
#include "nsk-sim/parts.h"

/* Each with its level, least and most value. */
#define OPTIONS(X)                                           \
	X(SOL_SOCKET, SO_KEEPALIVE, 0, 1)                    \
	X(SOL_SOCKET, SO_LINGER, 0, 32767)                   \
	X(SOL_SOCKET, SO_MAX_PACING_RATE, 1, UINT32_MAX - 1) \
	X(IPPROTO_TCP, TCP_NODELAY, 0, 1)                    \
	X(IPPROTO_TCP, TCP_CORK, 0, 1)                       \
	X(IPPROTO_TCP, TCP_QUICKACK, 0, 1)                   \
	X(IPPROTO_TCP, TCP_MAXSEG, 88, 32767)                \
	X(IPPROTO_TCP, TCP_KEEPIDLE, 1, 32767)               \
	X(IPPROTO_TCP, TCP_KEEPINTVL, 1, 32767)              \
	X(IPPROTO_TCP, TCP_KEEPCNT, 1, 127)                  \
	X(IPPROTO_TCP, TCP_USER_TIMEOUT, 0, INT32_MAX)       \
	X(IPPROTO_TCP, TCP_FASTOPEN, 0, 65535)               \
	X(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0, 1)           \
	X(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 0, 1)

#define INDEX(level, name, least, most) INDEX_##name,
enum {
	OPTIONS(INDEX) INDEX_COUNT
};
_Static_assert(INDEX_COUNT == SIM_OPTIONS, "a value for each");

#define PLACE(level, name, least, most) {level, name},
static const struct {
	int level, name;
} places[] = {OPTIONS(PLACE)};

#define VALUE(i) offsetof(struct sim_options, value) + (i) * sizeof(uint32_t)
#define FIELD(level, name, least, most) \
	{#name, FIELD_COUNT, VALUE(INDEX_##name), least, most, NULL},
static const struct field option_fields[] = {OPTIONS(FIELD){0}};

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

bool parts_read_option(struct scenario *s, const config_setting_t *at, const char *shown,
		       const char *text, uint32_t *option, uint64_t *value)
{
	size_t len = strcspn(text, " "), n = 0;
	char list[360];

	for (uint32_t i = 0; i < SIM_OPTIONS; i++) {
		struct field field = option_fields[i];

		fields_list(list, sizeof(list), &n, field.name);
		if (strlen(field.name) != len || memcmp(field.name, text, len) != 0)
			continue;
		*option = i;
		field.name = shown;
		return fields_quantity(s, at, &field, shown, QUANTITY_COUNT, text + len, value);
	}
	return scenario_fail(s, at, "%s: there is no such option; there are %s", shown, list);
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

int parts_set_option(uint32_t option, uint32_t value, int fd)
{
	struct linger linger = {1, (int)value};
	bool is_linger = option == INDEX_SO_LINGER;

	return nsk_setsockopt(fd, places[option].level, places[option].name,
			      is_linger ? (const void *)&linger : &value,
			      is_linger ? sizeof(linger) : sizeof(value));
}

const char *parts_set_options(const struct sim_options *o, int fd, enum sim_socket which)
{
	for (unsigned i = 0; i < SIM_OPTIONS; i++)
		if ((o->there & 1u << i) && is_for(places[i].level, places[i].name, which) &&
		    parts_set_option(i, o->value[i], fd))
			return option_fields[i].name;
	return NULL;
}
