/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers come from a tree of bitmaps, 64 children a word: a set bit in a leaf is a number in use,
 * a set bit above is a full child. Four words say the lowest free number among four million.
 */
#include "sock/handle.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#define FULL	 UINT64_MAX
#define LEVELS	 4
#define WORDS(n) (((n) + 63) / 64)

struct handles handles;

void handle_forget_all(void)
{
	handles.count = 0;
	handles.forked = true;
}

/* Process-wide, guarded by lock. Zero is the empty table. */
static struct {
	int lock; /* [A] */
	uint64_t leaf[WORDS(HANDLE_MAX)];
	uint64_t mid[WORDS(WORDS(HANDLE_MAX))];
	uint64_t top[WORDS(WORDS(WORDS(HANDLE_MAX)))];
	uint64_t root;
	uint32_t low; /* all leaves before this one are full */
} numbers;

static uint64_t *const level[LEVELS] = {&numbers.root, numbers.top, numbers.mid, numbers.leaf};

_Static_assert(WORDS(WORDS(WORDS(HANDLE_MAX))) <= 64, "the root is one word");

/* Somebody else has the lock. */
static NSK_NOINLINE void lock_busy(void)
{
	unsigned tries = 0;

	do {
		while (__atomic_load_n(&numbers.lock, __ATOMIC_RELAXED)) {
			if (++tries % 64 == 0)
				sched_yield(); /* the holder may have lost its core */
		}
	} while (__atomic_exchange_n(&numbers.lock, 1, __ATOMIC_ACQUIRE));
}

/* Held for tens of instructions, but where the table grows: spinning beats sleeping. */
static inline void lock(void)
{
	if (NSK_UNLIKELY(__atomic_exchange_n(&numbers.lock, 1, __ATOMIC_ACQUIRE)))
		lock_busy();
}

static inline void unlock(void)
{
	__atomic_store_n(&numbers.lock, 0, __ATOMIC_RELEASE);
}

/* The lowest number that is free, or HANDLE_MAX: from the root down. */
static uint32_t lowest_free(void)
{
	uint32_t at = 0;

	for (unsigned l = 0; l < LEVELS; l++) {
		uint64_t word = level[l][at];

		if (word == FULL)
			return HANDLE_MAX; /* only the root: a full child is marked above */
		at = at * 64 + (uint32_t)__builtin_ctzll(~word);
		if (at >= HANDLE_MAX >> (6 * (LEVELS - 1 - l)))
			return HANDLE_MAX;
	}
	numbers.low = at / 64;
	return at;
}

static void mark_used(uint32_t i)
{
	for (unsigned l = LEVELS; l-- > 0; i /= 64) {
		level[l][i / 64] |= UINT64_C(1) << (i % 64);
		if (level[l][i / 64] != FULL)
			return;
	}
}

/* Leaf i is no longer full: nor is what is above it. */
static NSK_NOINLINE void mark_not_full(uint32_t i)
{
	bool was_full = true;

	for (unsigned l = LEVELS - 1; was_full && l-- > 0; i /= 64) {
		was_full = level[l][i / 64] == FULL;
		level[l][i / 64] &= ~(UINT64_C(1) << (i % 64));
	}
}

static inline void mark_free(uint32_t i)
{
	bool was_full = numbers.leaf[i / 64] == FULL;

	numbers.low = NSK_MIN(numbers.low, i / 64);
	numbers.leaf[i / 64] &= ~(UINT64_C(1) << (i % 64));
	if (NSK_UNLIKELY(was_full))
		mark_not_full(i / 64);
}

_Static_assert(HANDLE_MAX % HANDLE_STEP == 0 && HANDLE_STEP * sizeof(struct handle) % 65536 == 0,
	       "a step is whole pages");

/* Makes one more step of entries usable; 0 or -ENOMEM. Only what is usable counts as memory. */
static NSK_NOINLINE int grow(void)
{
	struct handle *first;

	if (!handles.at) {
		void *p = mmap(NULL, HANDLE_MAX * sizeof(struct handle), PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			return -ENOMEM;
		handles.at = p;
	}
	first = &handles.at[handles.count];
	if (mprotect(first, HANDLE_STEP * sizeof(*first), PROT_READ | PROT_WRITE))
		return -ENOMEM;
	__atomic_store_n(&handles.count, handles.count + HANDLE_STEP, __ATOMIC_RELEASE);
	return 0;
}

/* Slow half of handle_reserve(), in which the lock is held already. */
static NSK_NOINLINE int reserve_slow(void)
{
	uint32_t i = lowest_free();
	int rc = 0;

	/* All numbers below the lowest free one have entries: it is the next at most. */
	if (i == handles.count)
		rc = i == HANDLE_MAX ? -EMFILE : grow();
	if (rc == 0)
		mark_used(i);
	unlock();
	return rc ? rc : (int)(i + NSK_FD_BASE);
}

/* Usually the leaf that numbers.low says has a free number and is not full with it. */
int handle_reserve(void)
{
	uint64_t *leaf;
	uint64_t after;
	uint32_t i;

	lock();
	leaf = &numbers.leaf[numbers.low];
	after = *leaf | (*leaf + 1);
	if (NSK_UNLIKELY(after == FULL))
		return reserve_slow();
	i = numbers.low * 64 + (uint32_t)__builtin_ctzll(~*leaf);
	if (NSK_UNLIKELY(i >= handles.count))
		return reserve_slow();
	*leaf = after;
	unlock();
	return (int)(i + NSK_FD_BASE);
}

/* Entries up to i are there; 0 or -ENOMEM. */
static int grow_to(uint32_t i)
{
	int rc = 0;

	while (rc == 0 && i >= handles.count)
		rc = grow();
	return rc;
}

/* The lowest free number from min on, or HANDLE_MAX. */
static uint32_t lowest_free_from(uint32_t min)
{
	uint32_t at = min / 64;
	uint64_t used = numbers.leaf[at] | ((UINT64_C(1) << min % 64) - 1);

	while (used == FULL) {
		if (++at == WORDS(HANDLE_MAX))
			return HANDLE_MAX;
		used = numbers.leaf[at];
	}
	return at * 64 + (uint32_t)__builtin_ctzll(~used);
}

int handle_reserve_from(int min)
{
	uint32_t i;
	int rc;

	lock();
	i = lowest_free_from((uint32_t)min - NSK_FD_BASE);
	rc = i == HANDLE_MAX ? -EMFILE : grow_to(i);
	if (rc == 0)
		mark_used(i);
	unlock();
	return rc ? rc : (int)(i + NSK_FD_BASE);
}

int handle_reserve_at(int fd)
{
	uint32_t i = (uint32_t)fd - NSK_FD_BASE;
	int rc;

	lock();
	rc = grow_to(i);
	if (rc == 0 && numbers.leaf[i / 64] >> i % 64 & 1)
		rc = -EBUSY;
	if (rc == 0)
		mark_used(i);
	unlock();
	return rc;
}

static inline void unreserve(uint32_t i)
{
	lock();
	mark_free(i);
	unlock();
}

void handle_unreserve(int fd)
{
	unreserve((uint32_t)fd - NSK_FD_BASE);
}

static struct handle *entry(uint32_t i)
{
	return &handles.at[i];
}

static uint32_t next_of(const struct handle *h)
{
	return h->next_cloexec & ~HANDLE_CLOEXEC;
}

static void set_next(struct handle *h, uint32_t next)
{
	h->next_cloexec = (h->next_cloexec & HANDLE_CLOEXEC) | next;
}

void handle_install(int fd, struct sock *s, bool cloexec)
{
	uint32_t i = (uint32_t)fd - NSK_FD_BASE;
	struct handle *h = entry(i);

	h->next_cloexec = i | (cloexec ? HANDLE_CLOEXEC : 0);
	if (s->fd < 0) {
		s->fd = fd;
	} else {
		struct handle *other = handle_at(s->fd);

		set_next(h, next_of(other));
		set_next(other, i);
	}
	__atomic_store_n(&h->sock, s, __ATOMIC_RELAXED);
	__atomic_store_n(&h->worker, s->worker, __ATOMIC_RELEASE);
}

int handle_alloc(struct sock *s, bool cloexec)
{
	int fd = handle_reserve();

	if (fd >= 0)
		handle_install(fd, s, cloexec);
	return fd;
}

/* Takes entry i out of the ring of its description's descriptors, which are more than one. */
static NSK_NOINLINE void unring(uint32_t i, struct handle *h, struct sock *s)
{
	uint32_t next = next_of(h);
	struct handle *before = entry(next);

	while (next_of(before) != i)
		before = entry(next_of(before));
	set_next(before, next);
	s->fd = (int)(next + NSK_FD_BASE);
}

static inline void empty(uint32_t i)
{
	struct handle *h = entry(i);

	if (NSK_LIKELY(next_of(h) == i))
		h->sock->fd = -1;
	else
		unring(i, h, h->sock);
	__atomic_store_n(&h->worker, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&h->sock, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&h->generation, h->generation + 1, __ATOMIC_RELEASE);
}

void handle_free(int fd)
{
	uint32_t i = (uint32_t)fd - NSK_FD_BASE;

	empty(i);
	unreserve(i);
}

void handle_empty(int fd)
{
	empty((uint32_t)fd - NSK_FD_BASE);
}

/* Only its address counts: it is never looked at as a worker. */
static const uint64_t nowhere;
struct nsk_worker *const handle_transit = (struct nsk_worker *)(uintptr_t)&nowhere;

unsigned handle_count(const struct sock *s)
{
	uint32_t first = (uint32_t)s->fd - NSK_FD_BASE, i = first;
	unsigned n = 0;

	do {
		i = next_of(entry(i));
		n++;
	} while (i != first);
	return n;
}

void handle_in_transit(const struct sock *s, int *fds)
{
	uint32_t first = (uint32_t)s->fd - NSK_FD_BASE, i = first;

	do {
		*fds++ = (int)(i + NSK_FD_BASE);
		__atomic_store_n(&entry(i)->worker, handle_transit, __ATOMIC_SEQ_CST);
		i = next_of(entry(i));
	} while (i != first);
}

void handle_arrive(const int *fds, unsigned n, struct sock *s)
{
	for (unsigned i = 0; i < n; i++) {
		struct handle *h = handle_at(fds[i]);

		__atomic_store_n(&h->sock, s, __ATOMIC_RELAXED);
		__atomic_store_n(&h->worker, s->worker, __ATOMIC_RELEASE);
	}
}

/* ---- threads that look -----------------------------------------------------------------------
 */

#define PINS 64

/* Threads that hold a pin, spread by their number so that they do not meet. [A] */
static struct {
	uint32_t threads NSK_CACHE_ALIGNED;
} pins[PINS];

/* Sequentially consistent, as the emptying thread's look is: either it sees the pin, or the pinner
 * sees the empty entry. */
void handle_pin(void)
{
	__atomic_fetch_add(&pins[(unsigned)sock_tid() % PINS].threads, 1, __ATOMIC_SEQ_CST);
}

void handle_unpin(void)
{
	__atomic_fetch_sub(&pins[(unsigned)sock_tid() % PINS].threads, 1, __ATOMIC_RELEASE);
}

void handle_pins_pass(void)
{
	/* Whoever pins from here on sees the entries empty. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < PINS; i++)
		while (__atomic_fetch_add(&pins[i].threads, 0, __ATOMIC_SEQ_CST))
			sched_yield();
}

int handle_next_of(const struct nsk_worker *w, int fd)
{
	uint32_t count = __atomic_load_n(&handles.count, __ATOMIC_ACQUIRE);

	for (uint32_t i = (uint32_t)fd - NSK_FD_BASE; i < count; i++)
		if (handle_worker(entry(i)) == w)
			return (int)(i + NSK_FD_BASE);
	return -1;
}
