/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words and numbers of a script's line. A cursor never moves past the line's end.
 */
#ifndef NSK_TESTS_SCRIPT_LEX_H
#define NSK_TESTS_SCRIPT_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEX_WORD_MAX 64

struct lex {
	const char *at; /* NUL at the end of the line */
};

/* Past blanks. */
void lex_blanks(struct lex *x);
/* True at the end, blanks not counted. */
bool lex_end(struct lex *x);
/* Takes this text if it is what follows. */
bool lex_take(struct lex *x, const char *text);
/* Takes a word: letters, digits, "_" and "." after a letter or "_". False if none follows. */
bool lex_word(struct lex *x, char word[LEX_WORD_MAX]);
/* Takes this word, as a whole. */
bool lex_keyword(struct lex *x, const char *word);
/* Takes a decimal or 0x number with an optional sign. */
bool lex_number(struct lex *x, int64_t *n);
/* Takes pairs of hexadecimal digits, as many as there are; false: more than max, or half a pair. */
bool lex_hex(struct lex *x, uint8_t *octets, unsigned max, unsigned *count);
/* Takes seconds with a fraction, as nanoseconds. */
bool lex_seconds(struct lex *x, uint64_t *ns);

#endif
