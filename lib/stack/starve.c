/* SPDX-License-Identifier: BSD-3-Clause */
/* Shortages on request, for tests of what runs on a stack (nsk_starve()). */
#include <errno.h>

#include "mbuf/pool.h"
#include "sock/handle.h"
#include "stack/stack.h"

static void starve(struct run_worker *r, const struct nsk_shortage *s)
{
	struct pkt_pool *pool = r->w.pool;

	r->mem.fail_at = s->memory_at;
	r->mem.fail_every = s->memory_every;
	pool->fail_at = s->buffer_at;
	pool->fail_every = s->buffer_every;
	pool->allocs = 0;
	if (s->no_buffers)
		pkt_pool_withhold(pool);
	else
		pkt_pool_release(pool);
}

static void give_back(struct nsk_stack *stack, unsigned workers)
{
	for (unsigned i = 0; i < workers; i++)
		worker_return(stack->worker[i]);
}

/* All of its workers or none. */
int nsk_starve(struct nsk_stack *stack, const struct nsk_shortage *shortage)
{
	if (!stack || !shortage) {
		errno = EINVAL;
		return -1;
	}
	if (handles.forked) {
		errno = EPERM;
		return -1;
	}
	for (unsigned i = 0; i < stack->nworkers; i++) {
		if (worker_take(stack->worker[i]))
			continue;
		give_back(stack, i);
		errno = EBUSY;
		return -1;
	}
	for (unsigned i = 0; i < stack->nworkers; i++)
		starve(stack->worker[i], shortage);
	give_back(stack, stack->nworkers);
	return 0;
}
