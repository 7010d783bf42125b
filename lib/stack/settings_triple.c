/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings that Linux keeps three to a name; see settings.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "stack/settings.h"

/* Half of a buffer is for payload there, as for SO_RCVBUF and SO_SNDBUF. */
static const struct setting_triple triples[] = {
	{"net.ipv4.tcp_rmem", {"tcp.rcvbuf_min", "tcp.window", "tcp.rcvbuf_max"}, 1, 2},
	{"net.ipv4.tcp_wmem", {"tcp.sndbuf_min", "tcp.sndbuf", "tcp.sndbuf_max"}, 1, 2},
	{"net.ipv4.tcp_mem", {"tcp.mem_low", "tcp.mem_pressure", "tcp.mem_high"}, 4096, 1},
};

const struct setting_triple *settings_triple(const char *name)
{
	for (unsigned i = 0; i < NSK_ARRAY_LEN(triples); i++)
		if (strcmp(triples[i].alias, name) == 0)
			return &triples[i];
	return NULL;
}

int settings_set_triple(struct settings *s, const struct setting_triple *t, const char *text,
			char *error, size_t size)
{
	struct settings next = *s;
	char why[SETTINGS_ERROR_MAX];
	uint64_t v[3];
	int end = 0;

	/* Fifteen digits, so that no product overflows. */
	if (text[strspn(text, "0123456789 \t")] != '\0' ||
	    sscanf(text, "%15" SCNu64 "%15" SCNu64 "%15" SCNu64 " %n", &v[0], &v[1], &v[2], &end) !=
		    3 ||
	    text[end] != '\0') {
		snprintf(error, size, "%s = %.40s: takes three numbers: %s, %s and %s", t->alias,
			 text, t->name[0], t->name[1], t->name[2]);
		return -EINVAL;
	}
	for (unsigned i = 0; i < 3; i++) {
		char ours[24];
		int rc;

		snprintf(ours, sizeof(ours), "%" PRIu64, v[i] * t->mul / t->div);
		rc = settings_set(&next, t->name[i], ours, why, sizeof(why));
		if (rc) {
			snprintf(error, size, "%s = %.40s: %.140s", t->alias, text, why);
			return rc;
		}
	}
	*s = next;
	return 0;
}

int settings_get_triple(const struct settings *s, const struct setting_triple *t, char *buf,
			size_t size)
{
	uint64_t v[3];

	for (unsigned i = 0; i < 3; i++)
		v[i] = settings_value(s, settings_find(t->name[i])) * t->div / t->mul;
	return snprintf(buf, size, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, v[0], v[1], v[2]);
}
