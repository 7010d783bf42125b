/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/http_answer.h"

#include <string.h>

enum {
	STATUS,
	LINE,
	BODY
};

#define NO_MATCH 255
#define BODY_MAX (UINT32_MAX / 16)

static const char wanted[] = "content-length:";

#define WANTED_LEN ((uint8_t)(sizeof(wanted) - 1))

void http_answer_begin(struct answer *a)
{
	memset(a, 0, sizeof(*a));
}

bool http_answer_in_body(const struct answer *a)
{
	return a->state == BODY;
}

void http_answer_skip_header(struct answer *a, uint32_t body)
{
	a->state = BODY;
	a->left = body;
}

/* "HTTP/1.x 2..": anything else is not an answer to count. */
static bool status_char(const struct answer *a, char c)
{
	static const char status[] = "HTTP/1.? 2";

	return a->line >= sizeof(status) - 1 || status[a->line] == '?' || status[a->line] == c;
}

/* One character of a header line; false: a length that nobody can mean, or a second one. */
static bool line_char(struct answer *a, char c)
{
	if (a->match < WANTED_LEN && a->line == a->match) {
		char lower = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;

		a->match = lower == wanted[a->match] ? (uint8_t)(a->match + 1) : NO_MATCH;
		return a->match != WANTED_LEN || !a->length;
	}
	if (a->match != WANTED_LEN || c == ' ' || c == '\t')
		return true;
	if (c < '0' || c > '9' || a->left > BODY_MAX)
		return false;
	a->left = a->left * 10 + (uint32_t)(c - '0');
	a->length = 1;
	return true;
}

/* A line has ended; false: the header ends without a length. */
static bool line_end(struct answer *a)
{
	if (a->line == 0) {
		a->state = BODY;
		return a->length != 0;
	}
	a->state = LINE;
	a->line = 0;
	a->match = 0;
	return true;
}

uint32_t http_answer_header(struct answer *a, const uint8_t *data, uint32_t len, bool *bad)
{
	uint32_t i = 0;

	while (i < len && a->state != BODY && !*bad) {
		char c = (char)data[i++];

		if (c == '\n') {
			*bad = (a->state == STATUS && a->line < 10) || !line_end(a);
			continue;
		}
		if (c == '\r')
			continue;
		*bad = a->state == STATUS ? !status_char(a, c) : !line_char(a, c);
		if (a->line < 255)
			a->line++;
	}
	return i;
}
