/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Intrusive, circular, doubly linked list. The head is a node of its own; a node that is on no
 * list points at itself after list_node_init or list_del, so that list_linked can tell and a second
 * list_del is harmless. The macros carry our prefix, since <sys/queue.h>, which DPDK's headers
 * include, has the short names.
 */
#ifndef NSK_BASE_LIST_H
#define NSK_BASE_LIST_H

#include <stdbool.h>

#include "base/compiler.h"

struct list_node {
	struct list_node *next;
	struct list_node *prev;
};

/* Make @head an empty list. */
static inline void list_init(struct list_node *head)
{
	head->next = head;
	head->prev = head;
}

/* Mark @n as being on no list; needed once before list_linked or list_del may be asked. */
static inline void list_node_init(struct list_node *n)
{
	list_init(n);
}

static inline bool list_empty(const struct list_node *head)
{
	return head->next == head;
}

/* Whether the node @n is on a list. */
static inline bool list_linked(const struct list_node *n)
{
	return n->next != n;
}

/* Put @n, which is on no list, between the neighbours @prev and @next. */
static inline void list_insert(struct list_node *n, struct list_node *prev, struct list_node *next)
{
	n->next = next;
	n->prev = prev;
	prev->next = n;
	next->prev = n;
}

static inline void list_add_head(struct list_node *head, struct list_node *n)
{
	list_insert(n, head, head->next);
}

static inline void list_add_tail(struct list_node *head, struct list_node *n)
{
	list_insert(n, head->prev, head);
}

/* Take @n off its list, if it is on one. */
static inline void list_del(struct list_node *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_node_init(n);
}

/* First node, or NULL when the list is empty. */
static inline struct list_node *list_first(const struct list_node *head)
{
	return list_empty(head) ? NULL : head->next;
}

/* Last node, or NULL when the list is empty. */
static inline struct list_node *list_last(const struct list_node *head)
{
	return list_empty(head) ? NULL : head->prev;
}

/* Take off and return the first node, or NULL when the list is empty. */
static inline struct list_node *list_pop(struct list_node *head)
{
	struct list_node *n = list_first(head);

	if (n != NULL)
		list_del(n);
	return n;
}

/* Move all nodes of @from, in order, to the end of @to; @from is empty afterwards. */
static inline void list_splice_tail(struct list_node *to, struct list_node *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* The structure around a node. */
#define NSK_LIST_ENTRY(n, type, member) NSK_CONTAINER_OF(n, type, member)

/* Visit every node; the body must not take the current one off (use NSK_LIST_FOREACH_SAFE). */
#define NSK_LIST_FOREACH(n, head) for ((n) = (head)->next; (n) != (head); (n) = (n)->next)

/* The same; the body may take off or free the current node, but no other. */
#define NSK_LIST_FOREACH_SAFE(n, tmp, head) \
	for ((n) = (head)->next, (tmp) = (n)->next; (n) != (head); (n) = (tmp), (tmp) = (n)->next)

#endif
