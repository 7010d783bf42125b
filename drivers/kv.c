/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of key=value and numbers with units; see kv.h.
 */
#include "kv.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

struct unit {
	const char *name;
	double factor;
};

int kv_next(const char **list, struct kv *kv)
{
	const char *item = *list;
	size_t len = strcspn(item, ",");
	const char *equals = memchr(item, '=', len);
	size_t key_len, value_len;

	if (len == 0 && item[0] == '\0')
		return 0;
	snprintf(kv->key, sizeof(kv->key), "%.*s", (int)len, item);
	if (!equals || equals == item)
		return -EINVAL;
	key_len = (size_t)(equals - item);
	value_len = len - key_len - 1;
	if (key_len >= sizeof(kv->key) || value_len >= sizeof(kv->value))
		return -EINVAL;
	snprintf(kv->key, sizeof(kv->key), "%.*s", (int)key_len, item);
	snprintf(kv->value, sizeof(kv->value), "%.*s", (int)value_len, equals + 1);
	*list = item + len + (item[len] == ',');
	return 1;
}

int kv_find(const char *list, const char *key, char *value, size_t size)
{
	size_t key_len = strlen(key);

	while (*list) {
		size_t len = strcspn(list, ",");

		if (len > key_len && list[key_len] == '=' && strncmp(list, key, key_len) == 0) {
			snprintf(value, size, "%.*s", (int)(len - key_len - 1), list + key_len + 1);
			return 0;
		}
		list += len + (list[len] == ',');
	}
	return -ENOENT;
}

int kv_u64(const char *text, uint64_t max, uint64_t *value, const char **expect)
{
	unsigned long long v;
	char *end;

	*expect = "a number";
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (*end != '\0')
		return -EINVAL;
	*expect = "a smaller number";
	if (errno == ERANGE || v > max)
		return -EINVAL;
	*value = v;
	return 0;
}

int kv_bool(const char *text, uint64_t *value, const char **expect)
{
	int rc = kv_u64(text, 1, value, expect);

	*expect = "0 or 1";
	return rc;
}

/* A number with one of the units; a plain 0 needs none. */
static int number_with_unit(const char *text, const struct unit *units, double max, double *value)
{
	char *end;
	double v;

	/* strtod would also take a sign, "inf", "nan" and hexadecimal. */
	if (text[0] == '\0' || strspn(text, "0123456789.") == 0)
		return -EINVAL;
	v = strtod(text, &end);
	if (end != text + strspn(text, "0123456789."))
		return -EINVAL;
	if (*end == '\0' && v == 0) {
		*value = 0;
		return 0;
	}
	for (; units->name; units++) {
		if (strcmp(end, units->name) == 0) {
			*value = v * units->factor;
			return *value <= max ? 0 : -EINVAL;
		}
	}
	return -EINVAL;
}

int kv_ppm(const char *text, uint32_t *ppm, const char **expect)
{
	static const struct unit units[] = {{"%", 1e4}, {"ppm", 1}, {NULL, 0}};
	double v;

	*expect = "a share such as 1%, 0.5% or 200ppm, at most 100%";
	if (number_with_unit(text, units, 1e6, &v))
		return -EINVAL;
	*ppm = (uint32_t)(v + 0.5);
	return 0;
}

int kv_time_ns(const char *text, uint64_t *ns, const char **expect)
{
	static const struct unit units[] = {
		{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {NULL, 0}};
	double v;

	*expect = "a time such as 20ms, 1.5s, 100us or 50ns, at most 3600s";
	if (number_with_unit(text, units, 3600e9, &v))
		return -EINVAL;
	*ns = (uint64_t)(v + 0.5);
	return 0;
}

int kv_rate_bps(const char *text, uint64_t *bps, const char **expect)
{
	static const struct unit units[] = {
		{"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {NULL, 0},
	};
	double v;

	*expect = "a rate such as 10mbit, 64kbit or 1gbit, 1kbit to 1000gbit, or 0 for any";
	if (number_with_unit(text, units, 1e12, &v) || (v > 0 && v < 1000))
		return -EINVAL;
	*bps = (uint64_t)(v + 0.5);
	return 0;
}
