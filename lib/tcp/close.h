/* SPDX-License-Identifier: BSD-3-Clause */
/* Closing by the application: RFC 9293 §3.10.4, §3.10.5. */
#ifndef NSK_TCP_CLOSE_H
#define NSK_TCP_CLOSE_H

#include "tcp/conn.h"

/* Rows of sock_ops. */
int tcp_shutdown(struct sock *s, int how);
void tcp_close(struct sock *s);

/* Ends a connection that no application has or will have. */
void tcp_discard(struct nsk_worker *w, struct tcp_conn *c);

#endif
