/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-load/http_answer.h"
#include "nsk-load/sum.h"

int work_init(struct work *w, uint32_t request_bytes, uint32_t answer_bytes)
{
	memset(w, 0, sizeof(*w));
	w->kind = answer_bytes == UINT32_MAX ? WORK_ECHO : WORK_BYTES;
	w->request_len = request_bytes;
	w->answer_len = w->kind == WORK_ECHO ? request_bytes : answer_bytes;
	w->tag_len = request_bytes < WORK_TAG ? request_bytes : WORK_TAG;
	w->request = calloc(1, request_bytes + WORK_TAG);
	if (!w->request)
		return -ENOMEM;
	for (uint32_t i = w->tag_len; i < request_bytes; i++)
		w->request[i] = (uint8_t)('a' + i % 26);
	w->request_sum = sum_bytes(w->request, request_bytes);
	return 0;
}

int work_init_http(struct work *w, const char *host, const char *path)
{
	int n;

	memset(w, 0, sizeof(*w));
	w->kind = WORK_HTTP;
	n = asprintf((char **)&w->request,
		     "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: nsk-load\r\n\r\n", path, host);
	if (n < 0) {
		w->request = NULL;
		return -ENOMEM;
	}
	w->request_len = (uint32_t)n;
	w->request_sum = sum_bytes(w->request, w->request_len);
	return 0;
}

void work_free(struct work *w)
{
	free(w->request);
	w->request = NULL;
}

void work_copy(const struct work *w, uint64_t tag, uint32_t offset, void *to, uint32_t len)
{
	memcpy(to, w->request + offset, len);
	if (offset < w->tag_len)
		memcpy(to, (const uint8_t *)&tag + offset,
		       len < w->tag_len - offset ? len : w->tag_len - offset);
}

void work_expect(const struct work *w, struct answer *a)
{
	if (w->kind == WORK_HTTP)
		http_answer_begin(a);
	else
		*a = (struct answer){.left = w->answer_len};
}

/* True if the bytes are those of the request from an offset on. */
static bool same_as_request(const struct work *w, uint64_t tag, uint32_t offset,
			    const uint8_t *data, uint32_t len)
{
	uint32_t n = 0;

	if (offset < w->tag_len) {
		n = len < w->tag_len - offset ? len : w->tag_len - offset;
		if (memcmp(data, (const uint8_t *)&tag + offset, n) != 0)
			return false;
	}
	return memcmp(data + n, w->request + offset + n, len - n) == 0;
}

/* Remembers the header of an answer that began and ended in one piece. */
static void learn_header(struct work *w, const struct answer *a, const uint8_t *data, uint32_t head)
{
	if (w->head_len || head > WORK_HEAD_MAX)
		return;
	memcpy(w->head, data, head);
	w->head_len = head;
	w->body_len = a->left;
}

static enum work_state feed_http(struct work *w, struct answer *a, const uint8_t *data,
				 uint32_t len)
{
	bool first = !http_answer_in_body(a) && a->state == 0 && a->line == 0;
	bool bad = false;
	uint32_t n = 0;

	if (first && w->head_len && len >= w->head_len && memcmp(data, w->head, w->head_len) == 0) {
		n = w->head_len;
		http_answer_skip_header(a, w->body_len);
	} else if (!http_answer_in_body(a)) {
		n = http_answer_header(a, data, len, &bad);
		if (bad)
			return WORK_WRONG;
		if (!http_answer_in_body(a))
			return WORK_MORE;
		if (first)
			learn_header(w, a, data, n);
	}
	if (len - n > a->left)
		return WORK_WRONG;
	a->left -= len - n;
	return a->left ? WORK_MORE : WORK_DONE;
}

enum work_state work_feed(struct work *w, struct answer *a, uint64_t tag, const uint8_t *data,
			  uint32_t len)
{
	if (w->kind == WORK_HTTP)
		return feed_http(w, a, data, len);
	if (len > a->left)
		return WORK_WRONG;
	if (w->kind == WORK_ECHO && !same_as_request(w, tag, w->answer_len - a->left, data, len))
		return WORK_WRONG;
	a->left -= len;
	return a->left ? WORK_MORE : WORK_DONE;
}
