/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds the end of an HTTP/1.x answer in a byte stream (RFC 9112): a status of 2xx, Content-Length,
 * the blank line, the body. No chunks. Eight bytes of state; bytes may come in pieces of any size.
 */
#ifndef NSK_APPS_NSK_LOAD_HTTP_ANSWER_H
#define NSK_APPS_NSK_LOAD_HTTP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "nsk-load/answer.h"

/* Begins an answer. */
void http_answer_begin(struct answer *a);
/* Takes bytes of the header; returns how many, less than len once the header has ended. *bad: this
 * is no answer we take. */
uint32_t http_answer_header(struct answer *a, const uint8_t *data, uint32_t len, bool *bad);
/* True once the header is complete: a->left bytes of body are to come. */
bool http_answer_in_body(const struct answer *a);
/* The header is known to be complete without having been read; this much of the body is to come. */
void http_answer_skip_header(struct answer *a, uint32_t body);

#endif
