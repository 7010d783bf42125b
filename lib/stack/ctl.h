/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: a UNIX socket (mode 0660) that nskctl talks to. Served by a thread of its own
 * that is no worker and never walks live tables: lists are copied by the worker in its turn, a
 * bounded page at a time.
 */
#ifndef NSK_STACK_CTL_H
#define NSK_STACK_CTL_H

#include <stddef.h>

struct ctl;
struct nsk_stack;

/* Starts the thread; 0, or -errno with a text in error that says what to do. */
int ctl_start(struct nsk_stack *stack, const char *path, struct ctl **ctl, char *error,
	      size_t error_size);
/* Ends the thread, removes the socket. ctl may be NULL. */
void ctl_stop(struct ctl *ctl);

#endif
