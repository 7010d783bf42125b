/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/ticker.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD 8

bool ticker_init(struct ticker *t, uint32_t slots, const void *base, size_t slot_size)
{
	memset(t->head, 0xff, sizeof(t->head));
	t->now = 0;
	t->slots = base;
	t->slot_size = slot_size;
	t->next = malloc((size_t)slots * sizeof(*t->next));
	return t->next != NULL;
}

void ticker_free(struct ticker *t)
{
	free(t->next);
	t->next = NULL;
}

void ticker_start(struct ticker *t, uint32_t now)
{
	t->now = now;
}

void ticker_add(struct ticker *t, uint32_t slot, uint32_t due)
{
	uint32_t ahead = due - t->now;
	uint32_t *head;

	/* Never into the list that is being emptied. */
	if ((int32_t)ahead < 1)
		ahead = 1;
	if (ahead > TICKER_RING - 1)
		ahead = TICKER_RING - 1;
	head = &t->head[(t->now + ahead) % TICKER_RING];
	t->next[slot] = *head;
	*head = slot;
}

/* Takes up to AHEAD slots out of the present list and lets the memory fetch them. */
static unsigned take_some(struct ticker *t, uint32_t *some)
{
	uint32_t *head = &t->head[t->now % TICKER_RING];
	unsigned n = 0;

	while (n < AHEAD && *head != TICKER_NONE) {
		some[n] = *head;
		if (t->slots)
			__builtin_prefetch((const char *)t->slots + (size_t)*head * t->slot_size,
					   1);
		*head = t->next[*head];
		n++;
	}
	return n;
}

void ticker_run(struct ticker *t, uint32_t now, unsigned budget, ticker_fn fn, void *arg)
{
	uint32_t some[AHEAD];
	unsigned n, done = 0;

	while ((int32_t)(now - t->now) >= 0 && done < budget) {
		n = take_some(t, some);
		for (unsigned i = 0; i < n; i++) {
			uint32_t due = fn(arg, some[i]);

			if (due != TICKER_NONE)
				ticker_add(t, some[i], due);
		}
		if (n == 0)
			t->now++;
		done += n;
	}
}
