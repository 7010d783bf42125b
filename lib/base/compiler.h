/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the compiler offers beyond C11, under names of ours: branch hints, alignment, type-safe
 * minimum and maximum, prefetch, container-of, and marking of memory that nobody may touch
 * (AddressSanitizer). Not a place for general helpers.
 */
#ifndef NSK_BASE_COMPILER_H
#define NSK_BASE_COMPILER_H

#include <stddef.h>
#include <stdint.h>

/* Size of the line that caches and adjacent cores share; struct layouts are planned for it. */
#define NSK_CACHELINE 64
/* What two cores write lies that far apart: processors fetch lines in pairs. */
#define NSK_APART 128

#define NSK_LIKELY(x)	__builtin_expect(!!(x), 1)
#define NSK_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* @x holds, which the compiler cannot see: it leaves out what would be done if not. */
#define NSK_ASSUME(x)                            \
	do {                                     \
		if (!(x))                        \
			__builtin_unreachable(); \
	} while (0)

#define NSK_ALIGNED(n)	    __attribute__((aligned(n)))
#define NSK_CACHE_ALIGNED   NSK_ALIGNED(NSK_CACHELINE)
#define NSK_UNUSED	    __attribute__((unused))
#define NSK_WARN_UNUSED	    __attribute__((warn_unused_result))
#define NSK_NOINLINE	    __attribute__((noinline))
#define NSK_ALWAYS_INLINE   inline __attribute__((always_inline))
#define NSK_PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))

/* Fetch the line of @p for reading (or writing) into all cache levels; any address is allowed. */
#define NSK_PREFETCH(p)	  __builtin_prefetch((p), 0, 3)
#define NSK_PREFETCH_W(p) __builtin_prefetch((p), 1, 3)

/* The structure whose member @member lives at @ptr; the type of @ptr is checked. */
#define NSK_CONTAINER_OF(ptr, type, member)                             \
	__extension__({                                                 \
		const __typeof__(((type *)0)->member) *nsk_co_ = (ptr); \
		(type *)((uintptr_t)nsk_co_ - offsetof(type, member));  \
	})

/*
 * Smaller and larger of two values of the same type; each argument is evaluated once. The numbered
 * names let one stand inside the other without shadowing.
 */
#define NSK_MIN(a, b) NSK_PICK_(<, a, b, __COUNTER__)
#define NSK_MAX(a, b) NSK_PICK_(>, a, b, __COUNTER__)

#define NSK_PICK_(op, a, b, n) NSK_PICK_OF_(op, a, b, n)
#define NSK_PICK_OF_(op, a, b, n)                               \
	__extension__({                                         \
		__typeof__(a) nsk_a_##n = (a);                  \
		__typeof__(b) nsk_b_##n = (b);                  \
		(void)(&nsk_a_##n == &nsk_b_##n);               \
		nsk_a_##n op nsk_b_##n ? nsk_a_##n : nsk_b_##n; \
	})

#define NSK_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* @x rounded up to a multiple of @n, which is a power of two. */
#define NSK_ROUND_UP(x, n) (((x) + ((n)-1)) & ~((__typeof__(x))(n)-1))

/*
 * NSK_POISON(p, n) makes any access to the n bytes at p an error under AddressSanitizer, until
 * NSK_UNPOISON; both cost nothing in other builds. NSK_ASAN tells which build this is.
 */
#if defined(__SANITIZE_ADDRESS__)
#define NSK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NSK_ASAN 1
#endif
#endif
#ifndef NSK_ASAN
#define NSK_ASAN 0
#endif

#if NSK_ASAN
#include <sanitizer/asan_interface.h>
#define NSK_POISON(p, n)   __asan_poison_memory_region((p), (n))
#define NSK_UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define NSK_POISON(p, n)   ((void)(p), (void)(n))
#define NSK_UNPOISON(p, n) ((void)(p), (void)(n))
#endif

/*
 * What lies at p goes from thread to thread by a way that ThreadSanitizer cannot see: NSK_HAND_OVER
 * before, NSK_TAKE_OVER after. Nothing in other builds. NSK_TSAN tells which build this is.
 */
#if defined(__SANITIZE_THREAD__)
#define NSK_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NSK_TSAN 1
#endif
#endif
#ifndef NSK_TSAN
#define NSK_TSAN 0
#endif

#if NSK_TSAN
#include <sanitizer/tsan_interface.h>
#define NSK_HAND_OVER(p) __tsan_release(p)
#define NSK_TAKE_OVER(p) __tsan_acquire(p)
#else
#define NSK_HAND_OVER(p) ((void)(p))
#define NSK_TAKE_OVER(p) ((void)(p))
#endif

#endif
