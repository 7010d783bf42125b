/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiles a program written for the stack's sockets against the kernel's: the same server on both
 * sides of a comparison. Given to the compiler by -include.
 */
#ifndef NSK_TESTS_PERF_KERNEL_SOCKETS_H
#define NSK_TESTS_PERF_KERNEL_SOCKETS_H

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netstk/netstk.h>

#define nsk_socket		 socket
#define nsk_bind		 bind
#define nsk_setsockopt		 setsockopt
#define nsk_listen		 listen
#define nsk_accept4		 accept4
#define nsk_close		 close
#define nsk_recv		 recv
#define nsk_recvfrom		 recvfrom
#define nsk_send(f, b, n, flags) send(f, b, n, (flags) | MSG_NOSIGNAL)
#define nsk_sendto		 sendto
#define nsk_epoll_create1	 epoll_create1
#define nsk_epoll_ctl		 epoll_ctl
#define nsk_epoll_wait		 epoll_wait

#endif
