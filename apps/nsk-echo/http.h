/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds the ends of HTTP/1.x requests in a byte stream; it answers nothing and understands no more
 * than it must: the blank line, Content-Length, Connection: close.
 */
#ifndef NSK_APPS_NSK_ECHO_HTTP_H
#define NSK_APPS_NSK_ECHO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_LINE_MAX 64

struct http_parser {
	uint64_t body_left; /* bytes of the present request's body still to come */
	uint64_t content_length;
	uint16_t line_len; /* of the present line, without CR; counts on past HTTP_LINE_MAX */
	bool in_body;
	bool first_line_done;
	bool close; /* the present request asks to close */
	bool http10;
	char line[HTTP_LINE_MAX]; /* its first bytes */
};

/*
 * Takes bytes; returns the number of requests that ended in them, -1 if this is no HTTP. *closing
 * is set when one of them asks to close; bytes after it are ignored.
 */
int http_feed(struct http_parser *parser, const char *data, size_t len, bool *closing);

#endif
