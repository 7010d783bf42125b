/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A description moves to another worker, with its descriptors and those who wait in blocking calls.
 *
 * While it is on its way its descriptors name no worker (handle_in_transit()): calls wait for it to
 * arrive. Who waits where it was sees so (sock_moving()), and comes again.
 * Registrations with epoll instances end, as those are on the worker that it leaves.
 */
#ifndef NSK_SOCK_MOVE_H
#define NSK_SOCK_MOVE_H

#include "sock/sock.h"

struct sock_journey;

/*
 * On the new worker, when s is there and complete: it has the references that it had. -ENFILE,
 * -ENOBUFS: it has none, and can go again.
 */
int sock_arrives(struct sock_journey *j, struct sock *s);

/* On the old one, when nothing there knows it any more: descriptors lead to the new one from now
 * on. What is left of it is nobody's. */
void sock_departs(struct sock_journey *j);

/* On its way. */
bool sock_moving(const struct sock *s);

/* Others have the core, and the calling thread's worker serves what is wanted of it. */
void sock_let_others(void);

#endif
