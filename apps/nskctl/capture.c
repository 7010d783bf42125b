/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program sends a pcapng file without end. It is cut here into its blocks, to count packets and
 * to begin new files: each then has the blocks of the section and the interfaces in front. An
 * interface is told of before its first packet.
 */
#include "nskctl/capture.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/program.h"

#define BLOCK_INTERFACE	 1u
#define BLOCK_PACKET	 6u
#define BLOCK_STATISTICS 5u
#define OPTION_IFDROP	 5u
#define STATISTICS_HEAD	 20u /* type, length, interface, time */
#define BLOCK_MAX	 (1u << 20)
#define ROOM		 (4u << 20)

/* ---- words ----------------------------------------------------------------------------------- */

static int wrong(char *error, size_t size, const char *text, const char *word)
{
	snprintf(error, size, "capture: %s%s%s", text, word ? ", not " : "", word ? word : "");
	return -1;
}

static bool number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno && *value >= 1 && *value <= most;
}

static bool put_number(json_t *request, const char *key, const char *text, uint64_t unit)
{
	uint64_t value;
	bool zero = strcmp(text, "0") == 0;

	if (!zero && !number(text, UINT32_MAX, &value))
		return false;
	json_object_set_new(request, key, json_integer(zero ? 0 : (json_int_t)(value * unit)));
	return true;
}

/* All that is left, as one text. */
static bool put_filter(json_t *request, char *const *words)
{
	char text[2048];
	size_t n = 0;

	for (; *words && n < sizeof(text); words++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", *words);
	return n > 0 && n < sizeof(text) &&
	       json_object_set_new(request, "filter", json_string(text)) == 0;
}

static int take_word(struct capture_words *w, const char *word, const char *value, char *error,
		     size_t size)
{
	uint64_t n = 0;

	if (strcmp(word, "dev") == 0)
		return json_object_set_new(w->request, "iface", json_string(value))
			       ? wrong(error, size, "an interface's name is text", NULL)
			       : 0;
	if (strcmp(word, "write") == 0) {
		w->path = value;
		return 0;
	}
	if (strcmp(word, "queue") == 0)
		return put_number(w->request, "queue", value, 1)
			       ? 0
			       : wrong(error, size, "queue takes a number", value);
	if (strcmp(word, "snaplen") == 0)
		return put_number(w->request, "snaplen", value, 1)
			       ? 0
			       : wrong(error, size, "snaplen takes bytes of a packet", value);
	if (strcmp(word, "buffer") == 0)
		return put_number(w->request, "buffer", value, 1 << 20)
			       ? 0
			       : wrong(error, size, "buffer takes MiB of each worker", value);
	if (!number(value, 1000000000000, &n))
		return wrong(error, size, "count, size and files take a number from 1", value);
	if (strcmp(word, "count") == 0)
		w->count = n;
	else if (strcmp(word, "size") == 0)
		w->file_size = n << 20;
	else
		w->files = (unsigned)n;
	return 0;
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static int check(const struct capture_words *w, char *error, size_t size)
{
	if (w->files && !w->file_size)
		return wrong(error, size, "files needs a size of each: size MIB", NULL);
	if (w->file_size && !w->path)
		return wrong(error, size, "size needs a file: write FILE", NULL);
	if (w->files > 100000 || w->file_size > (uint64_t)1 << 44)
		return wrong(error, size, "files is 100000 at most, size 16777216 MiB", NULL);
	return 0;
}

int capture_words(char *const *operands, struct capture_words *w, char *error, size_t size)
{
	static const char *const what[] = {"in", "out", "drops", NULL};
	static const char *const valued[] = {"dev",   "write", "queue", "snaplen", "buffer",
					     "count", "size",  "files", NULL};

	*w = (struct capture_words){.request = json_pack("{s:s}", "cmd", "capture")};
	for (char *const *at = operands; *at; at++) {
		if (is_one_of(*at, what)) {
			json_object_set_new(w->request, *at, json_true());
		} else if (strcmp(*at, "filter") == 0) {
			if (put_filter(w->request, at + 1))
				break;
			return wrong(error, size,
				     "filter takes an expression, the rest of the line", NULL);
		} else if (!is_one_of(*at, valued)) {
			return wrong(error, size,
				     "in, out, drops, dev, queue, snaplen, buffer, count, write, "
				     "size, files and, last, filter are known words",
				     *at);
		} else if (!at[1]) {
			return wrong(error, size, "a value is missing behind the last word", NULL);
		} else if (take_word(w, at[0], at[1], error, size)) {
			return -1;
		} else {
			at++;
		}
	}
	return check(w, error, size);
}

/* ---- files ----------------------------------------------------------------------------------- */

struct output {
	const struct capture_words *words;
	struct client *c;
	FILE *file;
	char path[1024]; /* of the file */
	uint64_t number; /* of files that were begun */
	uint64_t size;	 /* of the present one */
	uint8_t *head; /* what another file begins with: blocks of the section and of interfaces */
	size_t head_len;
	uint32_t interfaces;
	uint64_t packets, lost;
};

static int failed(struct output *o)
{
	snprintf(o->c->error, sizeof(o->c->error), "%.400s: %s", o->path,
		 errno ? strerror(errno) : "it takes no more");
	return -1;
}

/* n is 0: bytes may be NULL. */
static int write_bytes(struct output *o, const void *bytes, size_t n)
{
	errno = 0;
	o->size += n;
	return !n || fwrite(bytes, 1, n, o->file) == n ? 0 : failed(o);
}

static int close_file(struct output *o)
{
	FILE *file = o->file;
	int rc = 0;

	errno = 0;
	o->file = NULL;
	if (file == stdout)
		rc = fflush(file);
	else if (file)
		rc = fclose(file);
	return rc ? failed(o) : 0;
}

/* The first file, or the next: FILE, or FILE.0, FILE.1 and so on. */
static int open_file(struct output *o)
{
	const struct capture_words *w = o->words;
	uint64_t n = w->files ? o->number % w->files : o->number;

	if (close_file(o))
		return -1;
	if (!w->path)
		snprintf(o->path, sizeof(o->path), "standard output");
	else if (w->file_size)
		snprintf(o->path, sizeof(o->path), "%.1000s.%llu", w->path, (unsigned long long)n);
	else
		snprintf(o->path, sizeof(o->path), "%.1000s", w->path);
	o->file = w->path ? fopen(o->path, "wb") : stdout;
	if (!o->file)
		return failed(o);
	o->number++;
	o->size = 0;
	return write_bytes(o, o->head, o->head_len);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static int keep(struct output *o, const uint8_t *block, uint32_t len)
{
	uint8_t *grown = realloc(o->head, o->head_len + len);

	if (!grown) {
		snprintf(o->c->error, sizeof(o->c->error), "no memory");
		return -1;
	}
	memcpy(grown + o->head_len, block, len);
	o->head = grown;
	o->head_len += len;
	return 0;
}

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* What an interface has lost, from its statistics. */
static uint64_t lost_of(const uint8_t *block, uint32_t len)
{
	uint64_t lost = 0;

	for (uint32_t at = STATISTICS_HEAD; at + 8 <= len;) {
		uint16_t option[2];

		memcpy(option, block + at, sizeof(option));
		if (option[0] == OPTION_IFDROP && option[1] == sizeof(lost) && at + 12 <= len)
			memcpy(&lost, block + at + 4, sizeof(lost));
		at += 4 + ((option[1] + 3u) & ~3u);
	}
	return lost;
}

static int take_block(struct output *o, const uint8_t *block, uint32_t len)
{
	bool full = o->words->count && o->packets == o->words->count;
	uint32_t type = u32_at(block);

	if (full && (type == BLOCK_PACKET || type == BLOCK_INTERFACE))
		return 0;
	if (type == BLOCK_PACKET) {
		o->packets++;
		if (o->words->file_size && o->size > o->head_len &&
		    o->size + len > o->words->file_size && open_file(o))
			return -1;
	} else if (type == BLOCK_STATISTICS) {
		o->lost += lost_of(block, len);
		if (u32_at(block + 8) >= o->interfaces)
			return 0;
	} else {
		o->interfaces += type == BLOCK_INTERFACE;
		if (keep(o, block, len))
			return -1;
	}
	return write_bytes(o, block, len);
}

/* Whole blocks at the start of n bytes; how many bytes they were, or -1. */
static ssize_t take_blocks(struct output *o, const uint8_t *bytes, size_t n)
{
	size_t at = 0;

	while (n - at >= 12) {
		uint32_t len = u32_at(bytes + at + 4);

		if (len < 12 || len % 4 || len > BLOCK_MAX) {
			snprintf(o->c->error, sizeof(o->c->error),
				 "%.400s: what comes is no pcapng", o->c->path);
			return -1;
		}
		if (len > n - at)
			break;
		if (take_block(o, bytes + at, len))
			return -1;
		at += len;
	}
	return (ssize_t)at;
}

/* ---- the stream ------------------------------------------------------------------------------ */

static bool enough(const struct output *o)
{
	return program_ended() || (o->words->count && o->packets >= o->words->count);
}

/* Bytes, 0: no more come, -1 with a text. The program is told once that it is enough. */
static ssize_t receive(struct output *o, uint8_t *room, size_t n, bool *told)
{
	struct pollfd pfd = {.fd = o->c->fd, .events = POLLIN};
	ssize_t got;

	for (;;) {
		if (!*told && enough(o)) {
			shutdown(o->c->fd, SHUT_WR);
			*told = true;
		}
		if (poll(&pfd, 1, 100) <= 0)
			continue;
		got = recv(o->c->fd, room, n, 0);
		if (got >= 0)
			return got;
		if (errno != EINTR && errno != EAGAIN) {
			snprintf(o->c->error, sizeof(o->c->error), "%.400s: %s", o->c->path,
				 strerror(errno));
			return -1;
		}
	}
}

/* c->in holds what came behind the reply. */
static int stream(struct output *o, uint8_t *room)
{
	size_t have = client_rest(o->c, room, ROOM);
	bool told = false;

	for (;;) {
		ssize_t n = take_blocks(o, room, have);

		if (n < 0)
			return -1;
		have -= (size_t)n;
		memmove(room, room + n, have);
		if (n > 0 && fflush(o->file))
			return failed(o);
		n = receive(o, room + have, ROOM - have, &told);
		if (n <= 0)
			return (int)n;
		have += (size_t)n;
	}
}

static int run(struct output *o)
{
	uint8_t *room = malloc(ROOM);
	int rc = -1;

	if (!room)
		snprintf(o->c->error, sizeof(o->c->error), "no memory");
	else if (open_file(o) == 0)
		rc = stream(o, room);
	if (rc == 0)
		rc = close_file(o);
	else if (o->file && o->file != stdout)
		fclose(o->file);
	free(room);
	free(o->head);
	return rc;
}

int capture(struct client *c, struct capture_words *words, bool json)
{
	struct output o = {.words = words, .c = c};
	const char *warning;
	json_t *reply;
	int rc;

	if (!words->path && isatty(STDOUT_FILENO)) {
		json_decref(words->request);
		snprintf(c->error, sizeof(c->error),
			 "capture: packets do not go to a terminal: write FILE, or | tshark -r -");
		return -1;
	}
	program_catch_signals(NULL);
	reply = client_ask(c, words->request);
	if (!reply)
		return -1;
	warning = json_string_value(json_object_get(reply, "warning"));
	if (warning || !json)
		fprintf(stderr, "nskctl: capturing%s%s\n", warning ? "; warning: " : "",
			warning ? warning : "");
	json_decref(reply);
	rc = run(&o);
	fprintf(stderr,
		json ? "{\"packets\":%llu,\"lost\":%llu}\n"
		     : "nskctl: %llu packets captured, %llu lost for want of room\n",
		(unsigned long long)o.packets, (unsigned long long)o.lost);
	return rc;
}
