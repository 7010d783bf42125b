/* SPDX-License-Identifier: BSD-3-Clause */
/* Registered memory; see extmem.h. */
#include "mbuf/extmem.h"

#include <errno.h>
#include <string.h>

void extmem_init(struct extmem *x)
{
	memset(x, 0, sizeof(*x));
	pthread_mutex_init(&x->lock, NULL);
}

void extmem_fini(struct extmem *x)
{
	pthread_mutex_destroy(&x->lock);
}

/* Under the lock. */
static bool overlaps(const struct extmem_region *r, uintptr_t start, size_t len)
{
	return r->len && start < r->start + r->len && r->start < start + len;
}

static int add(struct extmem *x, uintptr_t start, size_t len)
{
	struct extmem_region *empty = NULL;

	for (unsigned i = 0; i < EXTMEM_REGIONS; i++) {
		struct extmem_region *r = &x->region[i];

		if (overlaps(r, start, len))
			return -EEXIST;
		if (r->len == 0 && !empty)
			empty = r;
	}
	if (!empty)
		return -ENOSPC;
	__atomic_store_n(&empty->start, start, __ATOMIC_RELAXED);
	__atomic_store_n(&empty->len, len, __ATOMIC_SEQ_CST);
	if (x->most <= empty - x->region)
		__atomic_store_n(&x->most, (unsigned)(empty - x->region) + 1, __ATOMIC_RELEASE);
	return 0;
}

int extmem_add(struct extmem *x, const void *start, size_t len)
{
	uintptr_t at = (uintptr_t)start;
	int rc;

	if (!start || len == 0 || at + len < at)
		return -EINVAL;
	pthread_mutex_lock(&x->lock);
	rc = add(x, at, len);
	pthread_mutex_unlock(&x->lock);
	return rc;
}

static bool held(const struct extmem *x, const struct extmem_region *r)
{
	for (unsigned i = 0; i < EXTMEM_WORKERS; i++)
		if (__atomic_load_n(&x->users[i].of[r - x->region], __ATOMIC_SEQ_CST))
			return true;
	return false;
}

/* Nobody finds it from here on; who has found it before is seen among the users. */
static int take_back(struct extmem *x, struct extmem_region *r)
{
	size_t len = r->len;

	__atomic_store_n(&r->len, 0, __ATOMIC_SEQ_CST);
	if (!held(x, r))
		return 0;
	__atomic_store_n(&r->len, len, __ATOMIC_SEQ_CST);
	return -EBUSY;
}

int extmem_remove(struct extmem *x, const void *start)
{
	int rc = -ENOENT;

	pthread_mutex_lock(&x->lock);
	for (unsigned i = 0; i < EXTMEM_REGIONS && rc == -ENOENT; i++)
		if (x->region[i].len && x->region[i].start == (uintptr_t)start)
			rc = take_back(x, &x->region[i]);
	pthread_mutex_unlock(&x->lock);
	return rc;
}

struct extmem_region *extmem_hold(struct extmem *x, unsigned worker, const void *p, size_t len)
{
	unsigned most = __atomic_load_n(&x->most, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < most; i++) {
		struct extmem_region *r = &x->region[i];

		if (!extmem_has(r, p, len))
			continue;
		__atomic_fetch_add(&x->users[worker].of[i], 1, __ATOMIC_SEQ_CST);
		if (NSK_LIKELY(extmem_has(r, p, len)))
			return r;
		extmem_put(x, worker, r);
	}
	return NULL;
}
