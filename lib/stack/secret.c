/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a secret; see secret.h. */
#include "stack/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DIGITS (2 * sizeof(struct siphash_key))

/* The digits of a file, at most one more than there should be; their number, -1: something else. */
static int digits_of(FILE *file, char digits[DIGITS + 1])
{
	unsigned n = 0;
	int ch;

	while (n <= DIGITS && (ch = fgetc(file)) != EOF) {
		if (ch == '#') {
			while (ch != '\n' && ch != EOF)
				ch = fgetc(file);
		} else if (isxdigit(ch)) {
			digits[n++] = (char)ch;
		} else if (!isspace(ch)) {
			return -1;
		}
	}
	return (int)n;
}

static uint64_t word_of(const char *digits)
{
	uint64_t word = 0;

	for (unsigned i = 0; i < 16; i++) {
		char ch = (char)tolower(digits[i]);

		word = word << 4 | (uint64_t)(ch <= '9' ? ch - '0' : ch - 'a' + 10);
	}
	return word;
}

const char *secret_unsafe(const struct stat *st, uid_t reader)
{
	if (st->st_uid != reader && st->st_uid != 0)
		return "it belongs to another user, who knows it";
	if (st->st_mode & (S_IRWXG | S_IRWXO))
		return "others may read it; chmod 600 mends that";
	return NULL;
}

static int read_key(FILE *file, struct siphash_key *key, char *why, size_t size)
{
	char digits[DIGITS + 1];
	const char *unsafe;
	struct stat st;
	int n;

	if (fstat(fileno(file), &st) || !S_ISREG(st.st_mode)) {
		snprintf(why, size, "not a plain file");
		return -EINVAL;
	}
	unsafe = secret_unsafe(&st, geteuid());
	if (unsafe) {
		snprintf(why, size, "%s", unsafe);
		return -EACCES;
	}
	n = digits_of(file, digits);
	if (n == DIGITS) {
		key->k0 = word_of(digits);
		key->k1 = word_of(digits + 16);
	}
	explicit_bzero(digits, sizeof(digits));
	if (n != DIGITS) {
		snprintf(why, size,
			 "it must hold 32 hexadecimal digits, as \"openssl rand -hex 16\" "
			 "prints them");
		return -EINVAL;
	}
	return 0;
}

int secret_read(const char *path, struct siphash_key *key, char *error, size_t size)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc; /* a FIFO must not hold us */
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char why[128];

	if (file) {
		setvbuf(file, NULL, _IONBF, 0); /* no copy of it stays behind */
		rc = read_key(file, key, why, sizeof(why));
		fclose(file);
	} else {
		rc = -errno;
		snprintf(why, sizeof(why), "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	if (rc)
		snprintf(error, size, "secret file \"%.200s\": %s", path, why);
	return rc;
}
