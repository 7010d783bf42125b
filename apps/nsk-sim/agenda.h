/* SPDX-License-Identifier: BSD-3-Clause */
/* What is to happen at a time: a heap. Entries of the same time come in the order of their making.
 */
#ifndef NSK_APPS_NSK_SIM_AGENDA_H
#define NSK_APPS_NSK_SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;
typedef void (*agenda_fn)(struct sim *sim, void *arg);

struct agenda_entry {
	uint64_t at_ns;
	uint64_t number;
	agenda_fn fn;
	void *arg;
};

struct agenda {
	struct agenda_entry *entry;
	size_t count, room;
	uint64_t number;
};

/* Ends the process when there is no memory. */
void agenda_add(struct agenda *a, uint64_t at_ns, agenda_fn fn, void *arg);
/* Time of the first entry, UINT64_MAX: none. */
uint64_t agenda_next_ns(const struct agenda *a);
/* Takes out the first entry. */
struct agenda_entry agenda_pop(struct agenda *a);
void agenda_free(struct agenda *a);

#endif
