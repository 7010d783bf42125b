/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is asked and what must come back: the bytes of a request, and the check of its answer.
 *
 * A request begins with a tag of eight bytes (or as many as fit), made from the connection and the
 * request, so that an answer to somebody else is found out; an HTTP request has none.
 */
#ifndef NSK_APPS_NSK_LOAD_WORK_H
#define NSK_APPS_NSK_LOAD_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nsk-load/answer.h"

#define WORK_TAG      8u
#define WORK_HEAD_MAX 512u

enum work_kind {
	WORK_ECHO,  /* the answer is the request */
	WORK_BYTES, /* the answer is so many bytes, whichever */
	WORK_HTTP,
};

struct work {
	enum work_kind kind;
	uint8_t *request; /* without tag: zeros there */
	uint32_t request_len;
	uint32_t answer_len; /* not for HTTP */
	uint32_t tag_len;
	uint64_t request_sum; /* checksum piece of request, without tag */
	/* The first HTTP header that came: most others are the same and need not be read. */
	uint8_t head[WORK_HEAD_MAX];
	uint32_t head_len, body_len;
};

enum work_state {
	WORK_MORE,
	WORK_DONE,
	WORK_WRONG
};

/* answer_bytes UINT32_MAX: echo. 0, or -ENOMEM. */
int work_init(struct work *w, uint32_t request_bytes, uint32_t answer_bytes);
/* GET path from host. */
int work_init_http(struct work *w, const char *host, const char *path);
void work_free(struct work *w);

/* The tag of a request, as it lies in memory. */
static inline uint64_t work_tag(uint32_t connection, uint32_t request)
{
	return (uint64_t)connection << 32 | request;
}

/* Writes len bytes of a request from an offset on. */
void work_copy(const struct work *w, uint64_t tag, uint32_t offset, void *to, uint32_t len);

/* The answer to a new request is awaited. */
void work_expect(const struct work *w, struct answer *a);
/* Takes received bytes of an answer. More bytes than the answer has are wrong. */
enum work_state work_feed(struct work *w, struct answer *a, uint64_t tag, const uint8_t *data,
			  uint32_t len);

#endif
