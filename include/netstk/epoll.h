/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file epoll.h
 * @brief epoll(7) over descriptors of the stack: level, edge (EPOLLET) and one-shot (EPOLLONESHOT).
 *
 * The system's struct epoll_event and constants. In a worker's thread nsk_epoll_wait() is the loop:
 * each call finishes the turn before (timers, output, transmit), receives the next burst and
 * returns what became ready. Its cost grows with what is ready, never with what is registered.
 *
 * Semantics are Linux's: EPOLLERR and EPOLLHUP are always reported; a registration belongs to the
 * descriptor and its description, is reported on by EPOLL_CTL_ADD and EPOLL_CTL_MOD at once if
 * ready, and goes with the description's last descriptor; an edge is told for every arrival, even
 * if what came before was not read; a one-shot registration that has fired is silent until
 * EPOLL_CTL_MOD; level-triggered ones take turns when max_events is small. Instances can be polled
 * and put into instances, five deep. Of several threads that wait for one instance an event wakes
 * one, and another if something is left on the list when that one has looked. Each instance that a
 * socket is in is told, but with EPOLLEXCLUSIVE the first one that a thread of no worker sleeps on
 * (all of them, if there is none; the worker's own thread does not count, unlike in Linux).
 *
 * Descriptors of the kernel (timers, signals, pipes, sockets of its own) can be in an instance
 * beside the stack's. A worker's thread looks at them every 50 microseconds, and with a timeout of
 * 0 always; any other thread that waits sleeps on both kinds at once. The other way round
 * nsk_epoll_fd() gives a kernel descriptor that stands for an instance.
 *
 * What differs: an instance takes sockets of its own worker only, else EXDEV (in a worker's
 * function and in a thread that has entered a stack everything made there is on one worker);
 * EPOLLWAKEUP has no meaning; an instance that has descriptors of the kernel cannot be put into
 * another one, nor get them there (EINVAL, ELOOP).
 */
#ifndef NETSTK_EPOLL_H
#define NETSTK_EPOLL_H

#include <signal.h>
#include <sys/epoll.h>
#include <time.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Make an epoll instance on the stack that the calling thread has entered.
 *
 * It lives on the worker that nsk_socket() would use, and is closed by nsk_close().
 *
 * @param flags 0 or EPOLL_CLOEXEC (kept for F_GETFD, no meaning otherwise)
 * @return the descriptor, or -1 with errno: ENXIO (the thread has entered no stack), EINVAL, EMFILE
 *         (most instances or descriptors), ENFILE, ENOMEM
 */
NSK_API int nsk_epoll_create1(int flags);

/**
 * @brief EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, as epoll_ctl(2).
 *
 * @param event not read by EPOLL_CTL_DEL, for which it may be NULL
 * @return 0, or -1 with errno: EBADF (either descriptor), EPERM (an ordinary file), EEXIST, ENOENT,
 * EFAULT, EINVAL (epfd is no instance or is fd itself, unknown operation, EPOLLEXCLUSIVE with what
 * it does not go with), ELOOP (instances in a circle or too deep), EXDEV (fd lives on another
 * worker), ENOSPC (most registrations), ENOMEM
 */
NSK_API int nsk_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);

/**
 * @brief A descriptor of the kernel that is readable while an instance has events: for the kernel's
 * own epoll, poll and select, in a thread that does not run the instance's worker.
 *
 * It becomes readable with the first event, and stays so until an nsk_epoll_wait() that leaves
 * nothing ready; that one may return 0, when what had happened is over. Do not read or close it: it
 * belongs to the instance and goes with it.
 *
 * @return the descriptor, the same each time, or -1 with errno: EBADF, EINVAL (no instance, or one
 *         with descriptors of the kernel), ENOMEM (no memory, or no descriptor left)
 */
NSK_API int nsk_epoll_fd(int epfd);

/**
 * @brief Wait for events, as epoll_wait(2).
 *
 * In the thread that runs the instance's worker each call is at least one turn of the loop, and a
 * wait goes on turning; a timeout is counted on the stack's clock. Any other thread sleeps until
 * the worker wakes it. Where the worker has no thread nothing is turned: nsk_turn() does that.
 *
 * @param[out] events receives at most @p max_events
 * @param timeout_ms -1: for ever; 0: one turn and back
 * @return number of events, 0 when the time is over, or -1 with errno: EBADF, EFAULT, EINVAL (no
 *         instance, max_events), EINTR (a sleeping thread alone), ESHUTDOWN (the stack is stopping
 *         and nothing is ready), EDEADLK (from inside a turn), ENOBUFS (no memory to sleep)
 */
NSK_API int nsk_epoll_wait(int epfd, struct epoll_event *events, int max_events, int timeout_ms);

/** @brief nsk_epoll_wait() with a signal mask that is in force while it waits, as nsk_ppoll(). */
NSK_API int nsk_epoll_pwait(int epfd, struct epoll_event *events, int max_events, int timeout_ms,
			    const sigset_t *mask);

/**
 * @brief The same with a timeout in nanoseconds.
 * @param timeout NULL: for ever
 * @return as nsk_epoll_wait(); EINVAL as well for a timeout that makes no sense, and EINTR in a
 *         worker's thread too, as nsk_ppoll()
 */
NSK_API int nsk_epoll_pwait2(int epfd, struct epoll_event *events, int max_events,
			     const struct timespec *timeout, const sigset_t *mask);

#ifdef __cplusplus
}
#endif
#endif
