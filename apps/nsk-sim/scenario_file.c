/* SPDX-License-Identifier: BSD-3-Clause */
/* The tree of a scenario: from a file, and changed from the command line. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "nsk-sim/scenario.h"

/* The line at which a string begins that goes on behind its end; 0: none up to that line. */
static unsigned open_string(FILE *in, unsigned last)
{
	unsigned line = 1, begun = 0;
	int c, before = 0;
	char in_what = 0; /* '"', '#' or '*': a string, a comment to the line's end or C's */

	for (; (c = fgetc(in)) != EOF && line <= last; before = c) {
		if (c == '\n' && in_what == '"')
			return begun;
		if (in_what == '"' && c == '\\') {
			fgetc(in);
		} else if (in_what == 0 && c == '"') {
			in_what = '"';
			begun = line;
		} else if (in_what == 0 && (c == '#' || (c == '/' && before == '/'))) {
			in_what = '#';
		} else if (in_what == 0 && c == '*' && before == '/') {
			in_what = '*';
		} else if ((in_what == '"' && c == '"') || (in_what == '#' && c == '\n') ||
			   (in_what == '*' && c == '/' && before == '*')) {
			in_what = 0;
		}
		line += c == '\n';
	}
	return in_what == '"' ? begun : 0;
}

/* A line of a file, without the blanks around it. */
static const char *text_of_line(FILE *in, unsigned line, char *buf, size_t size)
{
	char *end;

	buf[0] = '\0';
	while (line > 0 && fgets(buf, (int)size, in))
		line -= strchr(buf, '\n') != NULL;
	for (end = buf + strlen(buf); end > buf && isspace((unsigned char)end[-1]); end--)
		end[-1] = '\0';
	return buf + strspn(buf, " \t");
}

/* What libconfig says of a file, which is a line and two words, with the line itself. */
static void explain(const config_t *tree, const char *file, char *error, size_t size)
{
	unsigned line = (unsigned)config_error_line(tree), begun;
	bool syntax = strcmp(config_error_text(tree), "syntax error") == 0;
	FILE *in = fopen(file, "r");
	char buf[160];

	if (!in) {
		snprintf(error, size, "%s:%u: %s", file, line, config_error_text(tree));
		return;
	}
	begun = syntax ? open_string(in, line) : 0;
	rewind(in);
	if (begun)
		snprintf(error, size, "%s:%u: a string has no end in this line: %.100s", file,
			 begun, text_of_line(in, begun, buf, sizeof(buf)));
	else
		snprintf(error, size, "%s:%u: %s%s: %.100s%s", file, line, config_error_text(tree),
			 syntax ? " here or just before" : "",
			 text_of_line(in, line, buf, sizeof(buf)),
			 syntax ? "\nWords and quantities stand in double quotes, groups in { }, "
				  "lists of faults in ( ); docs/NSK-SIM.md has examples."
				: "");
	fclose(in);
}

bool scenario_load(config_t *tree, const char *file, char *error, size_t size)
{
	FILE *in = fopen(file, "r");
	struct stat st;
	const char *at;

	if (!in) {
		snprintf(error, size, "%s: %m", file);
		return false;
	}
	/* libconfig's scanner ends the process where it cannot read. */
	if (fstat(fileno(in), &st) || S_ISDIR(st.st_mode)) {
		snprintf(error, size, "%s: a folder, no scenario", file);
		fclose(in);
		return false;
	}
	if (config_read(tree, in)) {
		fclose(in);
		return true;
	}
	fclose(in);
	at = config_error_file(tree);
	explain(tree, at ? at : file, error, size);
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

/* What a group or list has, for a path that leads to nothing. */
static void no_such(const config_setting_t *at, const char *name, const char *where, char *error,
		    size_t size)
{
	int n = config_setting_length(at), parts = config_setting_is_aggregate(at) ? n : 0;
	int used = snprintf(error, size, "--set: there is no \"%s\" in %s, which has ", name,
			    *where ? where : "a scenario");

	for (int i = 0; i < parts && used >= 0 && (size_t)used < size; i++) {
		const char *part = config_setting_name(config_setting_get_elem(at, (unsigned)i));
		char index[16];

		snprintf(index, sizeof(index), "[%d]", i);
		used += snprintf(error + used, size - (size_t)used, "%s%s", i ? ", " : "",
				 part ? part : index);
	}
	if (parts == 0 && used >= 0 && (size_t)used < size)
		snprintf(error + used, size - (size_t)used, "no parts");
}

static config_setting_t *part_of(config_setting_t *at, const char *name)
{
	if (name[0] == '[')
		return config_setting_get_elem(at, (unsigned)strtoul(name + 1, NULL, 10));
	return config_setting_get_member(at, name);
}

/* Groups of settings need not be there to be changed: below "settings" and a host. */
static bool is_made(const char *whole, unsigned depth)
{
	return strcmp(whole, "settings") == 0 || (strcmp(whole, "hosts") == 0 && depth >= 2);
}

/* Walks down to the group that the last name of a path is put into. NULL after a text. */
static config_setting_t *walk(config_t *tree, const char *whole, const char **last, char *error,
			      size_t size)
{
	config_setting_t *at = config_root_setting(tree), *next;
	char first[16], where[160] = "", name[160];
	const char *path = whole, *dot;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(whole, "."), whole);
	for (unsigned depth = 0; (dot = strchr(path, '.')); path = dot + 1, depth++) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		next = part_of(at, name);
		if (!next && is_made(first, depth) && config_setting_type(at) == CONFIG_TYPE_GROUP)
			next = config_setting_add(at, name, CONFIG_TYPE_GROUP);
		if (!next) {
			no_such(at, name, where, error, size);
			return NULL;
		}
		at = next;
		snprintf(where, sizeof(where), "%.*s", (int)(dot - whole), whole);
	}
	*last = path;
	if (config_setting_type(at) == CONFIG_TYPE_GROUP)
		return at;
	no_such(at, path, where, error, size);
	return NULL;
}

bool scenario_set(config_t *tree, const char *assignment, char *error, size_t size)
{
	const char *eq = strchr(assignment, '=');
	config_setting_t *parent;
	const char *last;
	char path[160];

	if (!eq || eq == assignment || (size_t)(eq - assignment) >= sizeof(path)) {
		snprintf(error, size, "--set %s: give PATH=VALUE, such as links.wan.delay=20ms",
			 assignment);
		return false;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(eq - assignment), assignment);
	parent = walk(tree, path, &last, error, size);
	if (!parent)
		return false;
	if (put_value(parent, last, eq + 1))
		return true;
	snprintf(error, size, "--set %s: \"%s\" is no name of a key", assignment, last);
	return false;
}
