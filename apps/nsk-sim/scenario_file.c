/* SPDX-License-Identifier: BSD-3-Clause */
/* The tree of a scenario: from a file, and changed from the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/scenario.h"

bool scenario_load(config_t *tree, const char *file, char *error, size_t size)
{
	FILE *in = fopen(file, "r");
	const char *at;

	if (!in) {
		snprintf(error, size, "%s: %m", file);
		return false;
	}
	if (config_read(tree, in)) {
		fclose(in);
		return true;
	}
	fclose(in);
	at = config_error_file(tree);
	snprintf(error, size, "%s:%d: %s; the syntax is that of libconfig, see docs/NSK-SIM.md",
		 at ? at : file, config_error_line(tree), config_error_text(tree));
	return false;
}

/* The kind of value that a text looks like. */
static bool put_value(config_setting_t *parent, const char *name, const char *text)
{
	config_setting_t *at;
	char *end;
	long long number = strtoll(text, &end, 10);

	config_setting_remove(parent, name);
	if (*text && !*end) {
		at = config_setting_add(parent, name, CONFIG_TYPE_INT64);
		return at && config_setting_set_int64(at, number);
	}
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		at = config_setting_add(parent, name, CONFIG_TYPE_BOOL);
		return at && config_setting_set_bool(at, text[0] == 't');
	}
	at = config_setting_add(parent, name, CONFIG_TYPE_STRING);
	return at && config_setting_set_string(at, text);
}

/* Walks down to the group that the last name of a path is put into; groups of settings are made. */
static config_setting_t *walk(config_t *tree, char *path, char **last)
{
	config_setting_t *at = config_root_setting(tree);
	char *dot;

	for (; (dot = strchr(path, '.')); path = dot + 1) {
		config_setting_t *next;

		*dot = '\0';
		if (path[0] == '[')
			next = config_setting_get_elem(at, (unsigned)strtoul(path + 1, NULL, 10));
		else
			next = config_setting_get_member(at, path);
		if (!next && config_setting_type(at) == CONFIG_TYPE_GROUP &&
		    !config_setting_is_root(at))
			next = config_setting_add(at, path, CONFIG_TYPE_GROUP);
		else if (!next && strcmp(path, "settings") == 0)
			next = config_setting_add(at, path, CONFIG_TYPE_GROUP);
		if (!next)
			return NULL;
		at = next;
	}
	*last = path;
	return config_setting_type(at) == CONFIG_TYPE_GROUP ? at : NULL;
}

bool scenario_set(config_t *tree, const char *assignment, char *error, size_t size)
{
	const char *eq = strchr(assignment, '=');
	config_setting_t *parent;
	char path[160], *last;

	if (!eq || eq == assignment || (size_t)(eq - assignment) >= sizeof(path)) {
		snprintf(error, size, "--set %s: give PATH=VALUE, such as links.wan.delay=20ms",
			 assignment);
		return false;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(eq - assignment), assignment);
	parent = walk(tree, path, &last);
	if (!parent) {
		snprintf(error, size, "--set %s: the scenario has no such group", assignment);
		return false;
	}
	if (put_value(parent, last, eq + 1))
		return true;
	snprintf(error, size, "--set %s: \"%s\" is no name of a key", assignment, last);
	return false;
}
