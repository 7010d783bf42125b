/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one table of settings: what each field of struct settings is called, its unit, range, default
 * and meaning. The configuration file, the command line, the control socket, their help texts and
 * docs/CONFIG.md are made from it.
 *
 * To add a setting: a field in base/settings.h and a row in settings_table.c; a test fails while
 * one is without the other.
 */
#ifndef NSK_STACK_SETTINGS_H
#define NSK_STACK_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"

#define SETTINGS_ERROR_MAX 256 /* room for any text that these functions leave */
/* Packet buffers beside those in receive rings: with fewer the reserve for control packets is all
 * there is. */
#define SETTINGS_POOL_LEAST 64

enum setting_type {
	SETTING_U32,
	SETTING_U64,
	SETTING_BOOL, /* a uint32_t, 0 or 1 */
	SETTING_ENUM, /* a uint32_t, index of choices[] */
	SETTING_KEY,  /* two keys of two uint64_t each, all 0: none; a secret */
};

#define SETTING_KEY_WORDS 4

struct setting {
	const char *name; /* "tcp.window": group and key of the configuration file */
	/*
	 * Linux's name for the same thing, NULL: none. Its values are Linux's: those of a row in
	 * ms are in seconds, unless the name ends in "_ms"; truth values and choices are numbers,
	 * unless linux_words says that Linux has the words.
	 */
	const char *alias;
	const char *unit;	    /* "bytes"; "" when there is none */
	const char *text;	    /* meaning, one line */
	const char *const *choices; /* SETTING_ENUM: max + 1 names */
	uint64_t min, max, def;
	uint16_t offset; /* in struct settings */
	uint8_t type;	 /* enum setting_type */
	bool live;	 /* may change while the stack runs */
	bool linux_words;
};

extern const struct setting settings_table[];
extern const unsigned settings_count;

void settings_defaults(struct settings *s);

/*
 * Names of Linux that stand for three rows at once, smallest first: "net.ipv4.tcp_rmem",
 * "net.ipv4.tcp_wmem" (there in bytes of memory, here of payload: half of it) and
 * "net.ipv4.tcp_mem" (there in pages).
 */
struct setting_triple {
	const char *alias;
	const char *name[3];
	uint32_t mul, div; /* a value of Linux's times mul / div is one of ours */
};

/* NULL: it is none. */
const struct setting_triple *settings_triple(const char *name);

/* Three numbers with blanks between, as settings_set() and settings_get(). */
int settings_set_triple(struct settings *s, const struct setting_triple *t, const char *text,
			char *error, size_t size);
int settings_get_triple(const struct settings *s, const struct setting_triple *t, char *buf,
			size_t size);

/* What a value under this name is to be multiplied by to be one of ours. */
uint64_t settings_linux_factor(const struct setting *row, const char *name);
/* Is this Linux's name, and a value under it a number where ours is a word? */
bool settings_linux_number(const struct setting *row, const char *name);
/* What is allowed then: "0 (off), 1 (ask) or 2 (accept)". */
void settings_linux_range(const struct setting *row, char *buf, size_t size);
/* Why a value that Linux knows under this name is not taken, or NULL. */
const char *settings_linux_missing(const char *name, const char *text);

/* The row of a name or an alias, or NULL. */
const struct setting *settings_find(const char *name);
/* True if some name, or one of Linux's, begins with these and a dot: a group of the file. */
bool settings_is_group(const char *name);
/* The name that is nearest to one that does not exist, or NULL when none is near. */
const char *settings_nearest(const char *name);

/* A field, or one of a key's SETTING_KEY_WORDS. One aligned load or store: others may read at the
 * same time. */
uint64_t settings_word(const struct settings *s, const struct setting *row, unsigned word);
void settings_set_word(struct settings *s, const struct setting *row, unsigned word,
		       uint64_t value);

/* Of a key: 0 if there is none, 1 if there is. */
uint64_t settings_value(const struct settings *s, const struct setting *row);
/* Stores a value that is in range; of keys that is 0. */
void settings_store(struct settings *s, const struct setting *row, uint64_t value);
/* Is it the same in both; and what makes it so. Whoever reads a key meanwhile may get a part of
 * each, which fits neither. */
bool settings_same(const struct settings *a, const struct settings *b, const struct setting *row);
void settings_copy(struct settings *to, const struct settings *from, const struct setting *row);

/*
 * A value from text: decimal or 0x hexadecimal, bytes also with a unit behind ("64K", "64 KiB",
 * "64 KB"), true and false, names. 0, or -EINVAL or -ERANGE with a text that names the key, what is
 * allowed and its unit.
 */
int settings_parse(const struct setting *row, const char *text, uint64_t *value, char *error,
		   size_t size);

/* Find, parse and store; -ENOENT for an unknown name. Stores all or nothing. */
int settings_set(struct settings *s, const char *name, const char *text, char *error, size_t size);

/* Writes a value as settings_parse() would read it; the length as snprintf(). Of a key only whether
 * it was told. */
int settings_format(const struct setting *row, uint64_t value, char *buf, size_t size);
/* The same for a setting by name; -ENOENT. */
int settings_get(const struct settings *s, const char *name, char *buf, size_t size);
/* Keys as text: "own" for none, or one or, with a comma between, two of them. */
int settings_set_key(struct settings *s, const struct setting *row, const char *text, char *error,
		     size_t size);
int settings_get_key(const struct settings *s, const struct setting *row, char *buf, size_t size);
/* "1024 to 65535 bytes", "true or false", "never, full or always"; returns buf. */
const char *settings_range(const struct setting *row, char *buf, size_t size);

/*
 * What no row can say by itself: settings that contradict each other. 0, or -EINVAL with a text and
 * the rows that it is about, of which the second may be NULL.
 */
int settings_check(const struct settings *s, const struct setting *about[2], char *error,
		   size_t size);

#endif
