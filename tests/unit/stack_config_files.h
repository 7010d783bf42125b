/* SPDX-License-Identifier: BSD-3-Clause */
/* A folder of configuration files for one test, and what is said when one is read. */
#ifndef NSK_TESTS_UNIT_STACK_CONFIG_FILES_H
#define NSK_TESTS_UNIT_STACK_CONFIG_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "stack/config.h"

struct folder {
	char path[64];
	char main[80];
	char names[16][80];
	unsigned n;
};

static inline int make_folder(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	snprintf(f->path, sizeof(f->path), "/tmp/nsk-config-XXXXXX");
	if (!mkdtemp(f->path))
		return -1;
	snprintf(f->main, sizeof(f->main), "%s/main.conf", f->path);
	*state = f;
	return 0;
}

static inline int remove_folder(void **state)
{
	struct folder *f = *state;

	for (unsigned i = 0; i < f->n; i++)
		unlink(f->names[i]);
	rmdir(f->path);
	free(f);
	return 0;
}

static inline void write_bytes(struct folder *f, const char *name, const char *bytes, size_t n)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%.12s", f->path, name);
	for (unsigned i = 0; i <= f->n; i++) {
		if (i == f->n)
			snprintf(f->names[f->n++], sizeof(f->names[0]), "%s", path);
		if (strcmp(f->names[i], path) == 0)
			break;
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static inline void write_file(struct folder *f, const char *name, const char *text)
{
	write_bytes(f, name, text, strlen(text));
}

static inline struct nsk_config *load(struct folder *f, const char *text)
{
	struct nsk_config *config = nsk_config_new();

	assert_non_null(config);
	write_file(f, "main.conf", text);
	if (nsk_config_load(config, f->main))
		fail_msg("%s", nsk_config_error(config));
	return config;
}

/* The text must be refused, with this message behind the folder's path; returns errno. */
static inline int expect_error(struct folder *f, const char *expected)
{
	struct nsk_config *config = nsk_config_new();
	char whole[512];
	int err;

	assert_non_null(config);
	errno = 0;
	assert_int_equal(nsk_config_load(config, f->main), -1);
	err = errno;
	snprintf(whole, sizeof(whole), "%s/%s", f->path, expected);
	assert_string_equal(nsk_config_error(config), whole);
	assert_int_not_equal(err, 0);
	nsk_config_free(config);
	return err;
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

#endif
