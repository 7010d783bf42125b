/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of settings for people: one line each for --help, and row by row for whoever prints it
 * in another way. */
#include <errno.h>
#include <stdio.h>

#include "stack/config.h"
#include "stack/settings.h"

void nsk_config_settings_help(FILE *out)
{
	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		char range[128], def[32];

		settings_range(row, range, sizeof(range));
		settings_format(row, row->def, def, sizeof(def));
		fprintf(out, "  %-22s %-30s default %-8s %s\n", row->name, range, def, row->text);
	}
}

int nsk_setting_info(unsigned index, struct nsk_setting_info *info)
{
	const struct setting *row;

	if (!info || index >= settings_count) {
		errno = info ? ENOENT : EINVAL;
		return -1;
	}
	row = &settings_table[index];
	info->name = row->name;
	info->alias = row->alias;
	info->unit = row->unit;
	info->text = row->text;
	info->live = row->live;
	settings_range(row, info->range, sizeof(info->range));
	settings_format(row, row->def, info->def, sizeof(info->def));
	return 0;
}
