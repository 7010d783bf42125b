/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/secret.c: what a secret file may hold, and what is said of others. */
#include "stack/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/nsk-secret-XXXXXX";

static int up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int down(void **state)
{
	(void)state;
	return unlink(path);
}

static int read_text(const char *text, mode_t mode, struct siphash_key *key, char *error,
		     size_t size)
{
	FILE *file;

	assert_int_equal(unlink(path), 0); /* it may be one that even we cannot write */
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
	return secret_read(path, key, error, size);
}

static void test_digits_are_a_key_in_order(void **state)
{
	struct siphash_key key;
	char error[256];

	(void)state;
	assert_int_equal(read_text("# of all nodes: 00\n0123456789abcdef\n FEDCBA98 76543210\n",
				   0600, &key, error, sizeof(error)),
			 0);
	assert_true(key.k0 == UINT64_C(0x0123456789abcdef));
	assert_true(key.k1 == UINT64_C(0xfedcba9876543210));
	assert_int_equal(
		read_text("00112233445566778899aabbccddeeff", 0400, &key, error, sizeof(error)), 0);
	assert_true(key.k1 == UINT64_C(0x8899aabbccddeeff));
}

static void assert_refused(const char *text, mode_t mode, int rc, const char *what)
{
	struct siphash_key key;
	char error[256] = "", want[256];

	assert_int_equal(read_text(text, mode, &key, error, sizeof(error)), rc);
	snprintf(want, sizeof(want), "secret file \"%s\": %s", path, what);
	assert_string_equal(error, want);
}

static void test_all_else_is_refused(void **state)
{
	static const char *const digits =
		"it must hold 32 hexadecimal digits, as \"openssl rand -hex 16\" prints them";
	struct siphash_key key;
	char error[256];

	(void)state;
	assert_refused("", 0600, -EINVAL, digits);
	assert_refused("0123456789abcdef0123456789abcde", 0600, -EINVAL, digits);
	assert_refused("0123456789abcdef0123456789abcdef0", 0600, -EINVAL, digits);
	assert_refused("0123456789abcdef0123456789abcdeg", 0600, -EINVAL, digits);
	assert_refused("0x23456789abcdef0123456789abcdef", 0600, -EINVAL, digits);
	assert_refused("# 0123456789abcdef0123456789abcdef", 0600, -EINVAL, digits);
	assert_refused("0123456789abcdef0123456789abcdef", 0640, -EACCES,
		       "others may read it; chmod 600 mends that");
	assert_refused("0123456789abcdef0123456789abcdef", 0604, -EACCES,
		       "others may read it; chmod 600 mends that");
	assert_int_equal(secret_read("/tmp", &key, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "secret file \"/tmp\": not a plain file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(secret_read(path, &key, error, sizeof(error)), -EINVAL);
	assert_int_equal(secret_read("/nowhere/secret", &key, error, sizeof(error)), -ENOENT);
	assert_string_equal(error, "secret file \"/nowhere/secret\": No such file or directory");
}

/* Root may read it, and so may whoever it belongs to. */
static void test_it_belongs_to_its_reader_or_to_root(void **state)
{
	static const char *const others = "it belongs to another user, who knows it",
				 *const mode = "others may read it; chmod 600 mends that";
	static const struct {
		struct stat file;
		uid_t reader;
		const char *why;
	} rows[] = {
		{{.st_uid = 12345, .st_mode = 0600}, 12345, NULL},
		{{.st_uid = 0, .st_mode = 0400}, 12345, NULL},
		{{.st_uid = 0, .st_mode = 0600}, 0, NULL},
		{{.st_uid = 12345, .st_mode = 0600}, 0, others},
		{{.st_uid = 12345, .st_mode = 0600}, 12346, others},
		{{.st_uid = 0, .st_mode = 0640}, 12345, mode},
		{{.st_uid = 12345, .st_mode = 0601}, 12345, mode},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why = secret_unsafe(&rows[i].file, rows[i].reader);

		if (!rows[i].why)
			assert_null(why);
		else
			assert_string_equal(why, rows[i].why);
	}
}

/* The rule above, asked about the file itself: only root can give one away, so that others look at
 * one of root's. */
static void test_the_owner_of_the_file_is_looked_at(void **state)
{
	struct siphash_key key;
	char error[256];

	(void)state;
	if (geteuid() != 0) {
		assert_int_equal(secret_read("/etc/passwd", &key, error, sizeof(error)), -EACCES);
		assert_non_null(strstr(error, ": others may read it"));
		return;
	}
	assert_int_equal(
		read_text("00112233445566778899aabbccddeeff", 0600, &key, error, sizeof(error)), 0);
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(secret_read(path, &key, error, sizeof(error)), -EACCES);
	assert_non_null(strstr(error, ": it belongs to another user, who knows it"));
	assert_int_equal(seteuid(12345), 0);
	assert_int_equal(secret_read(path, &key, error, sizeof(error)), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chown(path, 0, (gid_t)-1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits_are_a_key_in_order),
		cmocka_unit_test(test_it_belongs_to_its_reader_or_to_root),
		cmocka_unit_test(test_the_owner_of_the_file_is_looked_at),
		cmocka_unit_test(test_all_else_is_refused),
	};

	return cmocka_run_group_tests(tests, up, down);
}
