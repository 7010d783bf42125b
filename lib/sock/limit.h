/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many descriptors a stack may have open (max_sockets): one limit for all its workers. Each
 * takes a part of what is left when it needs more, and gives back what it has too much of, so that
 * opening and closing touch nothing that workers share.
 */
#ifndef NSK_SOCK_LIMIT_H
#define NSK_SOCK_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/settings.h"
#include "mbuf/shared.h"
#include "mbuf/worker.h"
#include "sock/item.h"

/* Of a stack, before its workers. */
void limit_init(struct stack_shared *shared, const struct settings *set);
/* How a worker deals with its part, before the first descriptor. */
void limit_share(const struct nsk_worker *w, struct sock_worker *sw);

/* Slow halves of the two below: what is left of the stack's limit may be others' only. */
bool limit_take(struct nsk_worker *w, uint32_t n);
void limit_give(struct nsk_worker *w);

/* Whether n descriptors more may be open at w within the stack's limit; then its open may grow by
 * so many. */
static inline bool limit_has(struct nsk_worker *w, uint32_t n)
{
	const struct sock_worker *sw = w->sock;

	return NSK_LIKELY(sw->open_max - sw->open >= n) || limit_take(w, n);
}

static inline void limit_return(struct nsk_worker *w, uint32_t n)
{
	struct sock_worker *sw = w->sock;

	sw->open -= n;
	if (NSK_UNLIKELY(sw->open_max - sw->open > sw->spare_max))
		limit_give(w);
}

#endif
