/* SPDX-License-Identifier: BSD-3-Clause */
/* Items of any length between two threads; see bytering.h. */
#include "base/bytering.h"

#define SKIP UINT64_MAX /* as a length: the rest of the ring is empty, the item is at its start */

/* In front of each; items begin at multiples of its size, so one always fits before the end. */
struct head {
	uint64_t len;
	uint64_t number;
};

static size_t whole(size_t len)
{
	return sizeof(struct head) + ((len + sizeof(struct head) - 1) & ~(sizeof(struct head) - 1));
}

static struct head *head_at(const struct bytering *r, uint64_t at)
{
	return (struct head *)(void *)(r->data + (at & (r->size - 1)));
}

void bytering_init(struct bytering *r, uint8_t *data, size_t size)
{
	*r = (struct bytering){.data = data, .size = size};
}

uint8_t *bytering_room(struct bytering *r, size_t len)
{
	uint64_t head = r->written;
	uint64_t tail = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
	size_t to_end = r->size - (size_t)(head & (r->size - 1));

	if (len > r->size || whole(len) > r->size - (size_t)(head - tail))
		return NULL;
	if (whole(len) > to_end) {
		if (to_end + whole(len) > r->size - (size_t)(head - tail))
			return NULL;
		head_at(r, head)->len = SKIP;
		head += to_end;
	}
	r->room = head;
	return (uint8_t *)(head_at(r, head) + 1);
}

uint64_t bytering_put(struct bytering *r, size_t len, uint64_t number)
{
	*head_at(r, r->room) = (struct head){.len = len, .number = number};
	r->written = r->room + whole(len);
	return r->written;
}

void bytering_publish(struct bytering *r, uint64_t end)
{
	r->written = end;
	__atomic_store_n(&r->head, end, __ATOMIC_RELEASE);
}

const uint8_t *bytering_look(struct bytering *r, size_t *len, uint64_t *number)
{
	uint64_t head = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
	uint64_t tail = __atomic_load_n(&r->tail, __ATOMIC_RELAXED);
	const struct head *h;

	if (tail == head)
		return NULL;
	h = head_at(r, tail);
	if (h->len == SKIP) { /* it is never the last thing there */
		tail += r->size - (tail & (r->size - 1));
		__atomic_store_n(&r->tail, tail, __ATOMIC_RELEASE);
		h = head_at(r, tail);
	}
	*len = (size_t)h->len;
	*number = h->number;
	return (const uint8_t *)(h + 1);
}

void bytering_take(struct bytering *r)
{
	uint64_t tail = __atomic_load_n(&r->tail, __ATOMIC_RELAXED);

	__atomic_store_n(&r->tail, tail + whole((size_t)head_at(r, tail)->len), __ATOMIC_RELEASE);
}
