/* SPDX-License-Identifier: BSD-3-Clause */
/* A stack's limit of open descriptors, in parts; see limit.h. */
#include "sock/limit.h"

#include "sock/handle.h"

/* Parts of the limit for each worker: what lies idle with the others is a few hundredths of it. */
#define PARTS 64U

void limit_init(struct stack_shared *shared, const struct settings *set)
{
	shared->sockets_left = NSK_MIN(set->max_sockets, HANDLE_MAX);
}

bool limit_take(struct nsk_worker *w, uint32_t n)
{
	struct sock_worker *sw = w->sock;
	uint32_t need = n - (sw->open_max - sw->open), take;
	uint32_t left = __atomic_load_n(&w->shared->sockets_left, __ATOMIC_RELAXED);

	do {
		if (left < need)
			return false;
		take = NSK_MIN(left, NSK_MAX(need, sw->open_part));
	} while (!__atomic_compare_exchange_n(&w->shared->sockets_left, &left, left - take, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	sw->open_max += take;
	return true;
}

void limit_give(struct nsk_worker *w)
{
	struct sock_worker *sw = w->sock;
	uint32_t n = sw->open_max - sw->open - sw->open_part;

	sw->open_max -= n;
	__atomic_fetch_add(&w->shared->sockets_left, n, __ATOMIC_RELAXED);
}

/* One worker takes all there is. Of several each has at most two parts that it does not need, so
 * that these together are little of the whole. */
void limit_share(const struct nsk_worker *w, struct sock_worker *sw)
{
	uint32_t all = w->set->max_sockets;

	sw->open_part = w->peers > 1 ? NSK_MAX(all / (PARTS * w->peers), 1U) : all;
	sw->spare_max = w->peers > 1 ? 2 * sw->open_part : UINT32_MAX;
}
