/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The names of POSIX for the calls of the stack. Macros with arguments leave structures (struct
 * pollfd) and the names of the topics alone.
 */
#ifndef NSK_TESTS_SOCKETS_NAMES_NSK_H
#define NSK_TESTS_SOCKETS_NAMES_NSK_H

#include <netstk/netstk.h>

#define socket(...)	   nsk_socket(__VA_ARGS__)
#define bind(...)	   nsk_bind(__VA_ARGS__)
#define listen(...)	   nsk_listen(__VA_ARGS__)
#define accept(...)	   nsk_accept(__VA_ARGS__)
#define accept4(...)	   nsk_accept4(__VA_ARGS__)
#define connect(...)	   nsk_connect(__VA_ARGS__)
#define shutdown(...)	   nsk_shutdown(__VA_ARGS__)
#define close(...)	   nsk_close(__VA_ARGS__)
#define dup(...)	   nsk_dup(__VA_ARGS__)
#define send(...)	   nsk_send(__VA_ARGS__)
#define sendto(...)	   nsk_sendto(__VA_ARGS__)
#define sendmsg(...)	   nsk_sendmsg(__VA_ARGS__)
#define sendmmsg(...)	   nsk_sendmmsg(__VA_ARGS__)
#define write(...)	   nsk_write(__VA_ARGS__)
#define writev(...)	   nsk_writev(__VA_ARGS__)
#define sendfile(...)	   nsk_sendfile(__VA_ARGS__)
#define recv(...)	   nsk_recv(__VA_ARGS__)
#define recvfrom(...)	   nsk_recvfrom(__VA_ARGS__)
#define recvmsg(...)	   nsk_recvmsg(__VA_ARGS__)
#define recvmmsg(...)	   nsk_recvmmsg(__VA_ARGS__)
#define read(...)	   nsk_read(__VA_ARGS__)
#define readv(...)	   nsk_readv(__VA_ARGS__)
#define getsockopt(...)	   nsk_getsockopt(__VA_ARGS__)
#define setsockopt(...)	   nsk_setsockopt(__VA_ARGS__)
#define getsockname(...)   nsk_getsockname(__VA_ARGS__)
#define getpeername(...)   nsk_getpeername(__VA_ARGS__)
#define fcntl(...)	   nsk_fcntl(__VA_ARGS__)
#define ioctl(...)	   nsk_ioctl(__VA_ARGS__)
#define sockatmark(...)	   nsk_sockatmark(__VA_ARGS__)
#define poll(...)	   nsk_poll(__VA_ARGS__)
#define ppoll(...)	   nsk_ppoll(__VA_ARGS__)
#define select(...)	   nsk_select(__VA_ARGS__)
#define pselect(...)	   nsk_pselect(__VA_ARGS__)
#define epoll_create1(...) nsk_epoll_create1(__VA_ARGS__)
#define epoll_ctl(...)	   nsk_epoll_ctl(__VA_ARGS__)
#define epoll_wait(...)	   nsk_epoll_wait(__VA_ARGS__)
#define epoll_pwait2(...)  nsk_epoll_pwait2(__VA_ARGS__)

/* select() has a set of its own. */
#undef FD_ZERO
#undef FD_SET
#undef FD_CLR
#undef FD_ISSET
#define fd_set		  nsk_fd_set
#define FD_ZERO(set)	  nsk_fd_zero(set)
#define FD_SET(fd, set)	  nsk_fd_add(fd, set)
#define FD_CLR(fd, set)	  nsk_fd_clr(fd, set)
#define FD_ISSET(fd, set) nsk_fd_isset(fd, set)

#endif
