/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-echo/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADER_LINE_LIMIT 8192

static bool starts_with(const struct http_parser *p, const char *prefix)
{
	size_t n = strlen(prefix);

	return p->line_len >= n && strncasecmp(p->line, prefix, n) == 0;
}

static bool line_contains(const struct http_parser *p, const char *word)
{
	char text[HTTP_LINE_MAX + 1];
	size_t n = p->line_len < HTTP_LINE_MAX ? p->line_len : HTTP_LINE_MAX;

	memcpy(text, p->line, n);
	text[n] = '\0';
	return strcasestr(text, word) != NULL;
}

/* A whole line is there. True if it was the blank line that ends the header. */
static bool end_of_line(struct http_parser *p)
{
	bool blank = p->line_len == 0;

	if (!p->first_line_done) {
		/* Blank lines before a request are skipped (RFC 9112 §2.2). */
		p->first_line_done = !blank;
		p->http10 = p->line_len < HTTP_LINE_MAX && line_contains(p, "HTTP/1.0");
		p->close = p->http10;
		p->line_len = 0;
		return false;
	}
	if (starts_with(p, "content-length:"))
		p->content_length = strtoull(p->line + 15, NULL, 10);
	else if (starts_with(p, "connection:"))
		p->close = p->http10 ? !line_contains(p, "keep-alive") : line_contains(p, "close");
	p->line_len = 0;
	return blank;
}

static void next_request(struct http_parser *p)
{
	*p = (struct http_parser){0};
}

/* Bytes of header; returns how many were taken, -1 if a line is too long. *ended: the header is
 * complete. */
static ssize_t feed_header(struct http_parser *p, const char *data, size_t len, bool *ended)
{
	const char *eol = memchr(data, '\n', len);
	size_t n = eol ? (size_t)(eol - data) : len;
	size_t room = p->line_len < HTTP_LINE_MAX ? HTTP_LINE_MAX - p->line_len : 0;

	memcpy(p->line + (room ? p->line_len : 0), data, n < room ? n : room);
	if (p->line_len + n > HEADER_LINE_LIMIT)
		return -1;
	p->line_len = (uint16_t)(p->line_len + n);
	if (!eol)
		return (ssize_t)len;
	if (p->line_len && (n ? data[n - 1] == '\r'
			      : p->line_len <= HTTP_LINE_MAX && p->line[p->line_len - 1] == '\r'))
		p->line_len--;
	if (p->line_len < HTTP_LINE_MAX)
		p->line[p->line_len] = '\0';
	else
		p->line[HTTP_LINE_MAX - 1] = '\0';
	*ended = end_of_line(p);
	return (ssize_t)n + 1;
}

int http_feed(struct http_parser *p, const char *data, size_t len, bool *closing)
{
	int requests = 0;

	while (len > 0 || (p->in_body && p->body_left == 0)) {
		bool ended = false;
		ssize_t used;

		if (p->in_body) {
			uint64_t n = p->body_left < len ? p->body_left : len;

			p->body_left -= n;
			data += n;
			len -= n;
			if (p->body_left)
				break;
			requests++;
			*closing |= p->close;
			if (p->close)
				break;
			next_request(p);
			continue;
		}
		used = feed_header(p, data, len, &ended);
		if (used < 0)
			return -1;
		data += used;
		len -= (size_t)used;
		if (ended) {
			p->in_body = true;
			p->body_left = p->content_length;
		}
	}
	return requests;
}
