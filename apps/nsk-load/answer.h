/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far one answer has come. Eight bytes, because there is one in every connection.
 */
#ifndef NSK_APPS_NSK_LOAD_ANSWER_H
#define NSK_APPS_NSK_LOAD_ANSWER_H

#include <stdint.h>

struct answer {
	uint32_t left;	/* bytes to come; in an HTTP header: Content-Length so far */
	uint8_t state;	/* of http_answer.c */
	uint8_t match;	/* characters of the present line that fit what is looked for */
	uint8_t line;	/* characters of the present line, up to 255 */
	uint8_t length; /* Content-Length was there */
};

#endif
