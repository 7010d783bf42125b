/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Error texts of a configuration, and the places that they begin with: what is being read has one
 * (config->here), and whatever is kept takes it along for those who find fault with it later.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/config.h"
#include "stack/settings.h"

/* Texts name what the user wrote: what does not print would forge lines or upset a terminal. */
static void clean(char *text)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text))
			*text = '?';
}

const char *config_place_text(const struct config_place *at, char *buf, size_t size)
{
	const char *name = at->name ? at->name : "";

	if (at->line)
		snprintf(buf, size, "%.250s:%u", name, at->line);
	else
		snprintf(buf, size, "%.250s", name);
	return buf;
}

/* The end of a text that does not fit is lost: where it is matters more. */
static void leave(struct nsk_config *config, const struct config_place *at, const char *what)
{
	char where[CONFIG_PLACE_MAX];

	config_place_text(at, where, sizeof(where));
	snprintf(config->error, sizeof(config->error), "%s%s%s", where, where[0] ? ": " : "", what);
	clean(config->error);
}

int config_fail(struct nsk_config *config, int err, const char *fmt, ...)
{
	char what[CONFIG_ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	leave(config, &config->here, what);
	errno = err;
	return -1;
}

int config_fail_at(struct nsk_config *config, const struct config_place *at, int err,
		   const char *fmt, ...)
{
	char what[CONFIG_ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	leave(config, at, what);
	return -err;
}

void config_put_place(struct nsk_config *config, const struct config_place *at)
{
	char what[CONFIG_ERROR_MAX];

	memcpy(what, config->error, sizeof(what));
	leave(config, at, what);
}

const char *config_file_named(struct nsk_config *config, const char *name)
{
	struct config_file_name *f;

	for (f = config->files; f; f = f->next)
		if (strcmp(f->name, name) == 0)
			return f->name;
	f = malloc(sizeof(*f) + strlen(name) + 1);
	if (!f)
		return NULL;
	memcpy(f->name, name, strlen(name) + 1);
	f->next = config->files;
	config->files = f;
	return f->name;
}

struct config_place *config_set_at(const struct nsk_config *config, const struct setting *row)
{
	return &config->set_at[row - settings_table];
}
