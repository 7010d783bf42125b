/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/agenda.h"

#include <stdio.h>
#include <stdlib.h>

static bool before(const struct agenda_entry *a, const struct agenda_entry *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->number < b->number;
}

void agenda_add(struct agenda *a, uint64_t at_ns, agenda_fn fn, void *arg)
{
	struct agenda_entry e = {at_ns, a->number++, fn, arg};
	size_t i = a->count++;

	if (a->count > a->room) {
		a->room = a->room ? 2 * a->room : 256;
		a->entry = realloc(a->entry, a->room * sizeof(*a->entry));
		if (!a->entry) {
			fprintf(stderr, "nsk-sim: out of memory\n");
			exit(1);
		}
	}
	for (; i && before(&e, &a->entry[(i - 1) / 2]); i = (i - 1) / 2)
		a->entry[i] = a->entry[(i - 1) / 2];
	a->entry[i] = e;
}

uint64_t agenda_next_ns(const struct agenda *a)
{
	return a->count ? a->entry[0].at_ns : UINT64_MAX;
}

struct agenda_entry agenda_pop(struct agenda *a)
{
	struct agenda_entry first = a->entry[0], last = a->entry[--a->count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < a->count) {
		if (child + 1 < a->count && before(&a->entry[child + 1], &a->entry[child]))
			child++;
		if (!before(&a->entry[child], &last))
			break;
		a->entry[i] = a->entry[child];
		i = child;
	}
	a->entry[i] = last;
	return first;
}

void agenda_free(struct agenda *a)
{
	free(a->entry);
}
