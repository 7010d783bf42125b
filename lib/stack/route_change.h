/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes of a stack's routes while it runs, by any thread, a worker in its turn as well. One at a
 * time changes the table in place, the workers read it without a lock. What is taken out is freed
 * when every worker has passed: when it has seen, between packets, a generation of the snapshot
 * that is younger.
 *
 * A change is seen at once by whoever looks a way up. Ways that are kept (by connections, sockets)
 * are chosen anew when the generation grows: with the first change at once, with those that follow
 * in a heap once in ROUTES_TELL_NS for all of them, however many they are.
 */
#ifndef NSK_STACK_ROUTE_CHANGE_H
#define NSK_STACK_ROUTE_CHANGE_H

#include <netstk/route.h>

#include "net/route.h"
#include "stack/stack.h"

#define ROUTES_TELL_NS UINT64_C(10000000)

/*
 * 0 or -errno as route_add() and route_del_own(). -EAGAIN: within a worker's turn somebody else was
 * changing the table for longer than a turn may last, or some worker has not turned for so long
 * that no more can be taken out: nothing has changed, it is to be tried again later.
 */
int stack_route_add(struct nsk_stack *stack, const struct route *route);
int stack_route_del(struct nsk_stack *stack, const struct route *route);

/* The same, but -EEXIST also if there is one of its destination and metric. */
int stack_route_add_new(struct nsk_stack *stack, const struct route *route);
/* Takes out the first one of its destination and type; of its metric, weight and origin unless they
 * are 0, its gateway and source if it has them, and its interface unless that is: */
#define STACK_ROUTE_ANY_IFACE UINT8_MAX
int stack_route_del_like(struct nsk_stack *stack, const struct route *like);

/* As nsk_route_add() and nsk_route_del(), 0 or -errno; what is wrong with the route itself is left
 * in why (room for so many bytes, or NULL), to follow its destination. */
#define STACK_ROUTE_WHY 400
int stack_route_add_named(struct nsk_stack *stack, const struct nsk_route *route, bool append,
			  char *why);
int stack_route_del_named(struct nsk_stack *stack, const struct nsk_route *route, char *why);

/* As route_swap(). */
int stack_route_swap(struct nsk_stack *stack, const struct ip_prefix *dst, const struct route *gone,
		     unsigned ngone, const struct route *come, unsigned ncome, uint32_t *added);

/* The route that decides now, whatever its interface can do. 0, -ENETUNREACH: none, -EAGAIN: the
 * table is busy. */
int stack_route_match(struct nsk_stack *stack, uint8_t family, const uint8_t addr[16],
		      struct route *route);
/* The same by what interfaces can do now, as packets go. */
int stack_route_now(struct nsk_stack *stack, const struct ip_addr *dst, struct route *route);
/* As route_list(). -EAGAIN: the table is busy, nothing has moved. */
int stack_route_list(struct nsk_stack *stack, uint64_t *cursor, struct route *rows, unsigned max);

/* What the workers know of changes. */
enum stack_routes_news {
	ROUTES_QUIET,  /* all, for a while: the next one is told of at once */
	ROUTES_TOLD,   /* all, since a moment ago */
	ROUTES_UNTOLD, /* not the last ones */
};

static inline uint32_t stack_routes_news(const struct nsk_stack *stack)
{
	return __atomic_load_n(&stack->routes_news, __ATOMIC_RELAXED);
}

/* A worker while there are news: tells of what has changed, once in ROUTES_TELL_NS. */
void stack_routes_tell(struct run_worker *r);

/* A worker has seen this generation, and looks at nothing that it found in the table before. */
static inline void stack_routes_passed(struct run_worker *r, uint32_t generation)
{
	__atomic_store_n(&r->routes_passed, generation, __ATOMIC_RELEASE);
}

#endif
