/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a value is under Linux's name of a setting: times in seconds, truth values and choices as
 * Linux's numbers, which are the places of our words; see settings.h. Linux's values that mean
 * something that is not there have their reasons here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "stack/settings.h"

uint64_t settings_linux_factor(const struct setting *row, const char *name)
{
	size_t n = strlen(name);

	if (strcmp(row->name, name) == 0 || strcmp(row->unit, "ms") != 0)
		return 1;
	return n > 3 && strcmp(name + n - 3, "_ms") == 0 ? 1 : 1000;
}

bool settings_linux_number(const struct setting *row, const char *name)
{
	return strcmp(row->name, name) != 0 &&
	       (row->type == SETTING_BOOL || (row->type == SETTING_ENUM && !row->linux_words));
}

void settings_linux_range(const struct setting *row, char *buf, size_t size)
{
	static const char *const truth[] = {"false", "true"};
	const char *const *words = row->type == SETTING_BOOL ? truth : row->choices;
	size_t n = 0;

	for (uint64_t i = 0; i <= row->max && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%" PRIu64 " (%s)",
				      i == 0	      ? ""
				      : i == row->max ? " or "
						      : ", ",
				      i, words[i]);
}

const char *settings_linux_missing(const char *name, const char *text)
{
	static const struct {
		const char *name, *value, *why;
	} missing[] = {
		{"net.ipv4.tcp_timestamps", "2",
		 "timestamps always begin at an offset that belongs to the pair of addresses"},
		{"net.ipv4.tcp_mtu_probing", "2",
		 "no path is probed before full segments have timed out"},
		{"net.ipv4.conf.all.rp_filter", "2",
		 "the loose filter, which asks only whether there is any route back, is not there"},
		{"net.ipv4.tcp_ecn", "3", "accurate ECN feedback (RFC 9768) is not negotiated"},
	};

	for (unsigned i = 0; i < NSK_ARRAY_LEN(missing); i++)
		if (strcmp(missing[i].name, name) == 0 && strcmp(missing[i].value, text) == 0)
			return missing[i].why;
	return NULL;
}
