/* SPDX-License-Identifier: BSD-3-Clause */
#include "script/lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void lex_blanks(struct lex *x)
{
	while (*x->at == ' ' || *x->at == '\t')
		x->at++;
}

bool lex_end(struct lex *x)
{
	lex_blanks(x);
	return *x->at == '\0';
}

bool lex_take(struct lex *x, const char *text)
{
	size_t n = strlen(text);

	lex_blanks(x);
	if (strncmp(x->at, text, n) != 0)
		return false;
	x->at += n;
	return true;
}

static size_t word_length(const char *p)
{
	size_t n = 0;

	if (!isalpha((unsigned char)p[0]) && p[0] != '_')
		return 0;
	while (isalnum((unsigned char)p[n]) || p[n] == '_' || p[n] == '.')
		n++;
	return n;
}

bool lex_word(struct lex *x, char word[LEX_WORD_MAX])
{
	size_t n;

	lex_blanks(x);
	n = word_length(x->at);
	if (n == 0 || n >= LEX_WORD_MAX)
		return false;
	memcpy(word, x->at, n);
	word[n] = '\0';
	x->at += n;
	return true;
}

bool lex_keyword(struct lex *x, const char *word)
{
	lex_blanks(x);
	if (word_length(x->at) != strlen(word) || strncmp(x->at, word, strlen(word)) != 0)
		return false;
	x->at += strlen(word);
	return true;
}

bool lex_number(struct lex *x, int64_t *n)
{
	char *end;

	lex_blanks(x);
	if (!isdigit((unsigned char)x->at[0]) &&
	    !(x->at[0] == '-' && isdigit((unsigned char)x->at[1])))
		return false;
	*n = strtoll(x->at, &end, 0);
	x->at = end;
	return true;
}

bool lex_hex(struct lex *x, uint8_t *octets, unsigned max, unsigned *count)
{
	char pair[3] = "";

	lex_blanks(x);
	for (*count = 0; isxdigit((unsigned char)x->at[0]); x->at += 2) {
		if (*count == max || !isxdigit((unsigned char)x->at[1]))
			return false;
		memcpy(pair, x->at, 2);
		octets[(*count)++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

bool lex_seconds(struct lex *x, uint64_t *ns)
{
	uint64_t unit = UINT64_C(1000000000), value = 0;

	lex_blanks(x);
	if (!isdigit((unsigned char)*x->at))
		return false;
	while (isdigit((unsigned char)*x->at))
		value = value * 10 + (uint64_t)(*x->at++ - '0');
	value *= unit;
	if (*x->at == '.') {
		x->at++;
		while (isdigit((unsigned char)*x->at)) {
			unit /= 10;
			value += (uint64_t)(*x->at++ - '0') * unit;
		}
	}
	*ns = value;
	return true;
}
