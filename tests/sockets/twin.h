/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One program of socket calls, compiled twice: against the kernel, and with TWIN_NSK against the
 * stack. What it prints must be the same, line by line (compare.py).
 *
 * There are two hosts, the client 10.0.0.1 and the server 10.0.0.2, which are 2001:db8::1 and ::2
 * and on their link fe80::1 and fe80::2 as well: two network namespaces on a veth, or two stacks on
 * a wire whose workers have threads of their own. A thread is on one of them at a time, and the
 * sockets that it makes live there.
 *
 * A check prints one line, "topic/name: what came out". There is nothing in it that two runs need
 * not share: no descriptor, no port that was chosen, no time. Nothing sleeps in the hope that
 * something happened meanwhile; whoever waits polls, or blocks, and gives up after a minute.
 */
#ifndef NSK_TESTS_SOCKETS_TWIN_H
#define NSK_TESTS_SOCKETS_TWIN_H

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef TWIN_NSK
#include "sockets/names_nsk.h"
#endif

#define TWIN_LIMIT_MS 60000 /* for anything, however slow the machine and the sanitizer */

/* Every topic is a file of that name with a function topic_NAME. */
#define TWIN_TOPICS(X)   \
	X(create)        \
	X(names)         \
	X(reuse)         \
	X(listening)     \
	X(connecting)    \
	X(sending)       \
	X(receiving)     \
	X(vectors)       \
	X(timeouts)      \
	X(shutting)      \
	X(resets)        \
	X(states)        \
	X(epolls)        \
	X(epoll_edges)   \
	X(files)         \
	X(options)       \
	X(lengths)       \
	X(unreachable)   \
	X(info)          \
	X(urgent)        \
	X(datagrams)     \
	X(corks)         \
	X(fragments)     \
	X(pings)         \
	X(groups)        \
	X(messages)      \
	X(interrupts)    \
	X(zerocopy)      \
	X(loopback)      \
	X(six_names)     \
	X(six_streams)   \
	X(six_datagrams) \
	X(six_messages)  \
	X(six_options)   \
	X(six_groups)    \
	X(group_sources)

#define TWIN_DECLARE(name) void topic_##name(void);
TWIN_TOPICS(TWIN_DECLARE)
#undef TWIN_DECLARE

/* ---- hosts (host_kernel.c, host_nsk.c) ------------------------------------------------------- */

enum twin_host {
	CLIENT, /* 10.0.0.1 */
	SERVER, /* 10.0.0.2 */
};

/* False where the machine does not allow it; why stands on stderr. */
bool hosts_start(void);
void hosts_stop(void);
/* What the calling thread makes from now on lives there. */
void on_host(enum twin_host host);
/* The number that the host's interface has there. */
unsigned link_number(enum twin_host host);

static inline void on_client(void)
{
	on_host(CLIENT);
}

static inline void on_server(void)
{
	on_host(SERVER);
}

/* ---- checks (say.c) -------------------------------------------------------------------------- */

extern const char *twin_topic;

/* One check. */
void say(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts words before the names of the checks that follow; "" takes them away. */
void about(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The result of a call: a number, or -1 and errno's name. */
void say_rc(const char *name, long rc);
/* The same, where any number is as good. */
int say_fd(const char *name, int fd);
/* poll's and epoll's events by name. */
void say_events(const char *name, uint32_t events);
/* What a call that receives returned: the bytes themselves or, of many, their hash. */
void say_bytes(const char *name, const void *bytes, ssize_t n);
/* The next datagram that comes. */
void hears(const char *name, int fd);
/* Once somebody else has heard it, who has not will not. */
void hears_nothing(const char *name, int fd);
/* An address: port numbers from 20000 on were chosen by somebody. */
void say_address(const char *name, const struct sockaddr_in *address, socklen_t len);
/* The same of IPv6. */
void say_address6(const char *name, const struct sockaddr_in6 *address, socklen_t len);
/* A control message: a number itself, of what is longer the length. */
void say_control(const struct cmsghdr *c);
/* Whether it holds. */
void say_if(const char *name, bool holds);

/* Without this the topic cannot go on: the program ends. */
#define need(condition) need_that(condition, #condition, __FILE__, __LINE__)
void need_that(bool holds, const char *what, const char *file, int line);

/* ---- what checks are made of (steps.c) ------------------------------------------------------- */

#define SA(sin)	 ((struct sockaddr *)(sin))
#define SIN_LEN	 ((socklen_t)sizeof(struct sockaddr_in))
#define SIN6_LEN ((socklen_t)sizeof(struct sockaddr_in6))
#define PORT	 7000 /* the first of those that topics choose; each host has its own */
#define PORT_NO	 6999 /* nobody ever listens here */
#define ANY_PORT 0

struct sockaddr_in host_address(enum twin_host host, uint16_t port);
/* Nobody answers for these; who has found that out may remember it. */
struct sockaddr_in silent_address(unsigned which, uint16_t port);
struct sockaddr_in any_address(uint16_t port);

/* The same of IPv6; in mapped form; by its link, as seen from the other host. */
struct sockaddr_in6 address6(const char *text, uint16_t port);
struct sockaddr_in6 host_address6(enum twin_host host, uint16_t port);
struct sockaddr_in6 mapped_address(enum twin_host host, uint16_t port);
struct sockaddr_in6 link_address(enum twin_host host, uint16_t port);

/* Sockets, made where the thread is. */
int tcp_socket(int flags);
int udp_socket(int flags);
/* Bound to a port of the host's choice; *address becomes its name as the other host knows it. */
int tcp_listener(struct sockaddr_in *address, int backlog, int flags);
int udp_bound(enum twin_host host, struct sockaddr_in *address, int flags);
struct sockaddr_in name_of(int fd);
/* Of AF_INET6. */
int six_socket(int type);
uint16_t port_of(int fd);

/* A connection: fd[0] is the client's, fd[1] the server's. */
void tcp_pair(int fd[2]);
/* The same with SO_RCVBUF (0: not set) of the server and SO_SNDBUF of the client before it is
 * opened. */
void tcp_pair_sized(int fd[2], int rcvbuf, int sndbuf);
/* Two datagram sockets that are connected to each other. */
void udp_pair(int fd[2]);
void close_pair(const int fd[2]);
/* What an instance that watches one descriptor tells now. */
void tells(const char *name, int ep);

void set_int(int fd, int level, int name, int value);
int get_int(int fd, int level, int name);
/* What becomes of an option that is a number in buffers of 0 to 9 bytes. */
void option_in_sizes(const char *name, int fd, int level, int option);
void set_nonblock(int fd, bool on);
void set_timeout(int fd, int name, unsigned ms);
void set_linger(int fd, bool on, int seconds);

/* poll() of one descriptor: its revents now, or once there are some. */
uint32_t events_now(int fd, short events);
uint32_t events_wait(int fd, short events);
/* Waits until so many bytes can be received. */
void arrived(int fd, size_t bytes);
/* Waits until the other side's end, or its reset, is here. */
void ended(int fd);
/* Receives until so many bytes are there. */
void receive_all(int fd, void *buf, size_t bytes);
/* Fills a connection that nobody reads until nothing can make room any more. */
void fill(int fd);
/* Reads what there is without blocking. */
size_t drain(int fd);
/* Whether done(fd) comes to be true. */
void until(bool (*done)(int fd), int fd);
/* Everything that was sent has been acknowledged. */
bool all_acknowledged(int fd);

#endif
