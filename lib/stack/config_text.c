/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration file as one text: includes are put in place here and not by libconfig, which
 * would find them by the working directory, and which ends the process when one of them is a
 * folder. Sizes and depth are bounded; what is not a regular file is refused before it is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "stack/config.h"

#define FILE_BYTES_MAX (1 << 20)
#define TEXT_BYTES_MAX (4 << 20)
#define DEPTH_MAX      8
#define FILES_MAX      64u

/* Where in libconfig's syntax a place is: only in plain text does @include mean something. */
enum place {
	PLAIN,
	STRING,
	COMMENT, /* between slash-star and star-slash, which may be lines apart */
};

struct reader {
	struct nsk_config *config;
	struct config_text *text;
	unsigned depth;
};

static int read_file(struct reader *r, const char *path);

/* ---- one file from the disk ---------------------------------------------------------------- */

static int refuse_file(struct nsk_config *config, const struct stat *st, const char *path)
{
	if (!S_ISREG(st->st_mode))
		return config_fail(config, S_ISDIR(st->st_mode) ? EISDIR : EINVAL,
				   "%.300s: not a regular file", path);
	if (st->st_size > FILE_BYTES_MAX)
		return config_fail(config, EFBIG, "%.300s: larger than %d bytes", path,
				   FILE_BYTES_MAX);
	return 0;
}

/* The whole of an open file with a NUL behind; NULL with errno. A file that grows meanwhile is cut.
 */
static char *slurp(int fd, size_t size, size_t *len)
{
	char *buf = malloc(size + 1);
	ssize_t n = 1;

	for (*len = 0; buf && n > 0 && *len < size; *len += (size_t)n) {
		n = read(fd, buf + *len, size - *len);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0) {
			free(buf);
			return NULL;
		}
		if (n == 0)
			break;
	}
	if (buf)
		buf[*len] = '\0';
	return buf;
}

static char *load(struct nsk_config *config, const char *path, size_t *len)
{
	int fd = path[0] ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	char *buf = NULL;
	struct stat st;

	if (!path[0]) {
		config_fail(config, EINVAL, "the file has no name");
	} else if (fd < 0 || fstat(fd, &st)) {
		config_fail(config, errno, "%.300s: %s", path, strerror(errno));
	} else if (refuse_file(config, &st, path) == 0) {
		buf = slurp(fd, (size_t)st.st_size, len);
		if (!buf)
			config_fail(config, errno, "%.300s: %s", path, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return buf;
}

/* ---- the text that grows ------------------------------------------------------------------- */

static int no_memory(struct reader *r)
{
	return config_fail(r->config, ENOMEM, "no memory");
}

static int put(struct reader *r, const char *bytes, size_t n)
{
	struct config_text *t = r->text;
	char *text;

	if (t->len + n >= TEXT_BYTES_MAX)
		return config_fail(r->config, EFBIG,
				   "with all that is included larger than %d bytes",
				   TEXT_BYTES_MAX);
	if (t->len + n >= t->room) {
		size_t room = NSK_MAX(2 * t->room, t->len + n + 1);

		text = realloc(t->text, room);
		if (!text)
			return no_memory(r);
		t->text = text;
		t->room = room;
	}
	memcpy(t->text + t->len, bytes, n);
	t->len += n;
	t->text[t->len] = '\0';
	return 0;
}

static int end_line(struct reader *r, const struct config_place *at)
{
	struct config_text *t = r->text;
	struct config_place *lines;

	/* Room doubles: it is the power of two that is not below what is in it. */
	if ((t->nlines & (t->nlines - 1)) == 0) {
		lines = realloc(t->line, sizeof(*lines) * NSK_MAX(2 * t->nlines, 1u));
		if (!lines)
			return no_memory(r);
		t->line = lines;
	}
	t->line[t->nlines++] = *at;
	return put(r, "\n", 1);
}

/* ---- includes ------------------------------------------------------------------------------ */

/* Length of the path between the quotes of an include line, 0 if the line is something else. *path
 * is where it begins. */
static size_t include_path(const char *line, const char *end, const char **path)
{
	static const char word[] = "@include";
	const char *at = line, *quote;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if ((size_t)(end - at) < sizeof(word) || memcmp(at, word, sizeof(word) - 1) != 0)
		return 0;
	for (at += sizeof(word) - 1; at < end && (*at == ' ' || *at == '\t'); at++)
		;
	if (at == end || *at++ != '"')
		return 0;
	quote = memchr(at, '"', (size_t)(end - at));
	if (!quote || memchr(at, '\\', (size_t)(quote - at)))
		return 0;
	*path = at;
	for (const char *rest = quote + 1; rest < end && *rest != '#'; rest++)
		if (*rest != ' ' && *rest != '\t' && *rest != '\r')
			return 0;
	return (size_t)(quote - at);
}

/* What is wrong with the file itself is wrong with this line. */
static int include(struct reader *r, const struct config_place *at, const char *path, size_t n)
{
	const char *slash = strrchr(at->name, '/');
	int folder = slash && path[0] != '/' ? (int)(slash - at->name + 1) : 0;
	char full[4096];

	r->config->here = *at;
	if (r->depth == DEPTH_MAX)
		return config_fail(r->config, EINVAL,
				   "included too deep; does a file include itself?");
	if (snprintf(full, sizeof(full), "%.*s%.*s", folder, at->name, (int)n, path) >=
	    (int)sizeof(full))
		return config_fail(r->config, EINVAL, "the path is too long");
	return read_file(r, full);
}

/* ---- lines --------------------------------------------------------------------------------- */

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*.+-"

/*
 * libconfig cuts whole numbers that do not end in L to 32 bits without a word. True if a word of n
 * characters is one that needs the L; *too_long if 64 bits do not hold it either.
 */
static bool is_long_number(const char *word, size_t n, bool *too_long)
{
	size_t sign = word[0] == '-' || word[0] == '+';
	bool hex = n >= 2 && word[0] == '0' && (word[1] | 0x20) == 'x';
	size_t from = hex ? 2 : sign;
	size_t digits = strspn(word + from, hex ? "0123456789abcdefABCDEF" : "0123456789");
	size_t left = n - from - NSK_MIN(digits, n - from);

	*too_long = false;
	if (left > 2 || (left > 0 && word[n - 1] != 'L') || (left == 2 && word[n - 2] != 'L'))
		return false;
	*too_long = digits > (hex ? 15 : 18);
	return left == 0 && digits > (hex ? 7 : 9);
}

/* The rest of a string or comment, or as much of it as is in this line. */
static const char *pass_open(enum place *place, const char *at, const char *end)
{
	for (; at < end; at++) {
		char next = at + 1 < end ? at[1] : '\0';

		if (*place == COMMENT && *at == '*' && next == '/') {
			*place = PLAIN;
			return at + 2;
		}
		if (*place == STRING && *at == '"') {
			*place = PLAIN;
			return at + 1;
		}
		if (*place == STRING && *at == '\\' && next)
			at++;
	}
	return end;
}

/* One piece of plain text: a comment to the end of the line, a word, a sign, or what opens
 * something. */
static const char *pass_plain(enum place *place, const char *at, const char *end)
{
	char next = at + 1 < end ? at[1] : '\0';

	if (*at == '#' || (*at == '/' && next == '/'))
		return end;
	if (*at == '/' && next == '*') {
		*place = COMMENT;
		return at + 2;
	}
	if (*at == '"')
		*place = STRING;
	return at + NSK_MAX(strspn(at, WORD), (size_t)1);
}

/* Copies a line. 0, or -1 with an error. */
static int copy_line(struct reader *r, enum place *place, const char *line, const char *end,
		     const struct config_place *at_line)
{
	r->config->here = *at_line;
	for (const char *at = line; at < end;) {
		const char *from = at;
		bool plain = *place == PLAIN, too_long = false, lengthen = false;

		at = plain ? pass_plain(place, at, end) : pass_open(place, at, end);
		if (plain && *from == '@')
			return config_fail(r->config, EINVAL,
					   "@include \"PATH\" must be alone in its line");
		if (plain)
			lengthen = is_long_number(from, (size_t)(at - from), &too_long);
		if (too_long)
			return config_fail(r->config, EINVAL, "a number of more than 18 digits");
		if (put(r, from, (size_t)(at - from)) || (lengthen && put(r, "L", 1)))
			return -1;
	}
	return end_line(r, at_line);
}

static int read_lines(struct reader *r, const char *buf, size_t len, const char *file)
{
	struct config_place at = {.name = file, .line = 1}, opened = at;
	const char *end = buf + len;
	enum place place = PLAIN;

	for (const char *line = buf; line < end; at.line++) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		enum place before = place;
		const char *path = NULL;
		size_t n = 0;

		stop = stop ? stop : end;
		if (place == PLAIN)
			n = include_path(line, stop, &path);
		if (n ? include(r, &at, path, n) : copy_line(r, &place, line, stop, &at))
			return -1;
		if (before == PLAIN)
			opened = at;
		line = stop + 1;
	}
	r->config->here = opened;
	if (place != PLAIN)
		return config_fail(r->config, EINVAL,
				   place == STRING ? "this string has no end"
						   : "this comment has no end");
	return 0;
}

static int read_file(struct reader *r, const char *path)
{
	const char *file = config_file_named(r->config, path);
	size_t len = 0;
	char *buf;
	int rc;

	if (!file)
		return no_memory(r);
	if (r->text->nfiles++ == FILES_MAX)
		return config_fail(r->config, EMFILE, "%.300s: more than %u files", path,
				   FILES_MAX);
	buf = load(r->config, path, &len);
	if (!buf)
		return -1;
	r->depth++;
	if (memchr(buf, '\0', len))
		rc = config_fail(r->config, EINVAL, "%.300s: not a text: it contains NUL bytes",
				 path);
	else
		rc = read_lines(r, buf, len, file);
	r->depth--;
	free(buf);
	return rc;
}

int config_text_read(struct nsk_config *config, struct config_text *text, const char *path)
{
	struct reader r = {.config = config, .text = text};

	memset(text, 0, sizeof(*text));
	return read_file(&r, path);
}

void config_text_free(struct config_text *text)
{
	free(text->line);
	free(text->text);
	memset(text, 0, sizeof(*text));
}

/* libconfig counts the end of the text as a line of its own: the last one is meant. */
struct config_place config_text_place(const struct config_text *text, unsigned n)
{
	static const struct config_place none = {"", 1};

	return text->nlines ? text->line[NSK_MIN(NSK_MAX(n, 1u), text->nlines) - 1] : none;
}

const char *config_text_line(const struct config_text *text, unsigned n)
{
	const char *at = text->text ? text->text : "";

	for (; n > 1 && *at; n--) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return at;
}
