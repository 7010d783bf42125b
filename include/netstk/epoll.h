/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file epoll.h
 * @brief epoll(7) over descriptors of the stack: level, edge (EPOLLET) and one-shot (EPOLLONESHOT).
 *
 * The system's struct epoll_event and constants. In a worker's thread nsk_epoll_wait() is the loop: each call finishes
 * the turn before (timers, output, transmit), receives the next burst and returns what became ready.
 */
#ifndef NETSTK_EPOLL_H
#define NETSTK_EPOLL_H

#include <sys/epoll.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Make an epoll instance on the calling thread's stack. @param flags 0 or EPOLL_CLOEXEC (no meaning here) */
NSK_API int nsk_epoll_create1(int flags);

/** @brief EPOLL_CTL_ADD, MOD, DEL, as epoll_ctl(2). */
NSK_API int nsk_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);

/**
 * @brief As epoll_wait(2).
 * @param timeout_ms -1: for ever; 0: one turn and back
 * @return number of events, or -1 with errno (ESHUTDOWN: the stack is stopping)
 */
NSK_API int nsk_epoll_wait(int epfd, struct epoll_event *events, int max_events, int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
