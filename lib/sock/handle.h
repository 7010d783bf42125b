/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of descriptors, one for the process: number → open description and the worker that it
 * lives on. Lookups take no lock and entries never move, so that a number is good in any thread; a
 * short lock guards only the choice of numbers. The table is the one piece of process-wide state
 * besides EAL.
 *
 * A thread that does not run the worker may read only the worker from an entry and must go there
 * (call.h) before it touches the description.
 */
#ifndef NSK_SOCK_HANDLE_H
#define NSK_SOCK_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/socket.h>

#include "base/compiler.h"
#include "sock/sock.h"

#define HANDLE_MAX  (4096U * 1024U)
#define HANDLE_STEP 8192U /* entries that become usable together */

struct handle {
	struct sock *sock;	   /* [A] written by [W]; NULL: no such descriptor */
	struct nsk_worker *worker; /* [A] where sock lives */
	uint32_t generation;	   /* [A] grows each time the number is given back */
	uint32_t next_cloexec; /* [W] next descriptor of the same sock (a ring), bit 31: FD_CLOEXEC
				*/
};
_Static_assert(sizeof(struct handle) <= 24, "one for every descriptor");

#define HANDLE_CLOEXEC (1U << 31)

/* Address space for all entries is taken at once; the usable ones grow as numbers are needed and
 * stay until the process ends. */
struct handles {
	struct handle *at;  /* set before count is first raised */
	uint32_t count;	    /* [A] usable entries */
	bool watches_forks; /* [A] */
	bool forked;	    /* this process is the child of one that has stacks, and has none */
};
extern struct handles handles __attribute__((visibility("hidden")));

/* In a child made by fork(), which runs none of its parent's threads and shares its devices: no
 * number is a descriptor any more. */
void handle_forget_all(void);

/* The entry of a number that may be a descriptor, else NULL. The entry may be empty. */
static inline struct handle *handle_at(int fd)
{
	uint32_t i = (uint32_t)fd - NSK_FD_BASE;
	struct handle *h;

	if (NSK_UNLIKELY(i >= __atomic_load_n(&handles.count, __ATOMIC_ACQUIRE)))
		return NULL;
	h = &handles.at[i];
	NSK_ASSUME(h);
	return h;
}

/* The worker of an open descriptor, else NULL. Any thread. */
static inline struct nsk_worker *handle_worker(const struct handle *h)
{
	return __atomic_load_n(&h->worker, __ATOMIC_ACQUIRE);
}

/* Tells descriptors that had the same number apart. Any thread. */
static inline uint32_t handle_generation(const struct handle *h)
{
	return __atomic_load_n(&h->generation, __ATOMIC_ACQUIRE);
}

/*
 * Between the two nobody frees the worker that an entry names: the thread has the time to say at
 * the worker that it is there (call.h). For some tens of instructions, never over a wait.
 */
void handle_pin(void);
void handle_unpin(void);
/* For one who has emptied entries: whoever was between the two when this was called no longer is.
 */
void handle_pins_pass(void);

/* The same as handle_worker() for one who has pinned. */
static inline struct nsk_worker *handle_worker_pinned(const struct handle *h)
{
	return __atomic_load_n(&h->worker, __ATOMIC_SEQ_CST);
}

/* The description, for the thread that runs the worker. */
static inline struct sock *handle_sock(const struct handle *h)
{
	return __atomic_load_n(&h->sock, __ATOMIC_RELAXED);
}

/* Takes the lowest free number, its entry stays empty; -EMFILE when there is none, -ENOMEM. */
int handle_reserve(void);
/* The same from min on. */
int handle_reserve_from(int min);
/* Takes this number; -EBUSY when it is not free, -ENOMEM. */
int handle_reserve_at(int fd);
/* Lets a reserved number name s, which counts it as nothing: the reference is the caller's gift. */
void handle_install(int fd, struct sock *s, bool cloexec);
/* Both; the number or -errno. */
int handle_alloc(struct sock *s, bool cloexec);
/* Empties the entry and gives the number back. The description keeps its references. */
void handle_free(int fd);
/* Empties the entry; the number stays reserved. */
void handle_empty(int fd);
/* Gives back a number that was reserved and not used. */
void handle_unreserve(int fd);
/* In the place of a worker: the description is on its way from one to another. */
extern struct nsk_worker *const handle_transit;
/* How many descriptors name s. */
unsigned handle_count(const struct sock *s);
/* All of them say so; which they are, handle_count() of them. */
void handle_in_transit(const struct sock *s, int *fds);
/* They name s from now on, where s lives, which may give one back while others are still to come.
 */
void handle_arrive(const int *fds, unsigned n, struct sock *s);
/* The lowest open descriptor ≥ fd that lives on w, or -1. */
int handle_next_of(const struct nsk_worker *w, int fd);

#endif
