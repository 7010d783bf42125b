/* SPDX-License-Identifier: BSD-3-Clause */
/* epoll where it is easy to get wrong: instances in instances, few places for many events, who
 * waits when an event comes, edges of writing, of listeners, of resets. */
#include <pthread.h>

#include "sockets/twin.h"

#define MANY 16

static int instance(void)
{
	int ep = epoll_create1(0);

	need(ep >= 0);
	return ep;
}

static void watch(int ep, int fd, uint32_t events, uint32_t data)
{
	struct epoll_event ev = {.events = events, .data.u32 = data};

	need(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0);
}

/* Instances watch instances: readable as long as the inner one has something to tell. */
static void nested(void)
{
	struct epoll_event ev;
	int fd[2], inner, middle, outer;
	char byte;

	tcp_pair(fd);
	on_server();
	inner = instance();
	middle = instance();
	outer = instance();
	watch(middle, inner, EPOLLIN, 1);
	watch(outer, middle, EPOLLIN, 2);
	watch(inner, fd[1], EPOLLIN, 3);
	tells("nested, nothing", outer);
	say_events("poll of the inner one", events_now(inner, POLLIN | POLLOUT));
	need(send(fd[0], "x", 1, 0) == 1);
	need(epoll_wait(outer, &ev, 1, TWIN_LIMIT_MS) == 1);
	say("nested, a byte", "data %u", ev.data.u32);
	say_events("poll of the outer one", events_now(outer, POLLIN | POLLOUT));
	tells("the outer one again", outer);
	tells("the middle one", middle);
	tells("the inner one", inner);
	receive_all(fd[1], &byte, 1);
	tells("the byte was read, the outer one", outer);
	say_events("poll of the inner one then", events_now(inner, POLLIN));
	ev.events = EPOLLIN;
	say_rc("a circle of two", epoll_ctl(inner, EPOLL_CTL_ADD, middle, &ev));
	say_rc("a circle of three", epoll_ctl(inner, EPOLL_CTL_ADD, outer, &ev));
	close(inner);
	tells("the inner one is closed", outer);
	close(middle);
	close(outer);
	close_pair(fd);
}

/* How deep they may be. */
static void deep(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int ep[8], n = 1;

	for (int i = 0; i < 8; i++)
		ep[i] = instance();
	while (n < 8 && epoll_ctl(ep[n], EPOLL_CTL_ADD, ep[n - 1], &ev) == 0)
		n++;
	say("a tower of instances", "%d, then %s", n, strerrorname_np(errno));
	for (int i = 0; i < 8; i++)
		close(ep[i]);
}

/* Many are ready, few are asked for: each has its turn. */
static void few_places(uint32_t events, const char *name)
{
	struct epoll_event ev[5];
	int fd[MANY], ep = instance(), n, total = 0;
	unsigned seen = 0;

	for (int i = 0; i < MANY; i++) {
		fd[i] = udp_socket(0);
		watch(ep, fd[i], events, (uint32_t)i);
	}
	for (int round = 0; round < 4; round++) {
		n = epoll_wait(ep, ev, round < 3 ? 5 : 1, 0);
		for (int i = 0; i < n; i++)
			seen |= 1u << ev[i].data.u32;
		total += n;
	}
	say(name, "%d events, %d sockets, then %s", total, __builtin_popcount(seen),
	    epoll_wait(ep, ev, 5, 0) ? "again" : "nothing");
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	say_rc("all closed", epoll_wait(ep, ev, 5, 0));
	close(ep);
}

/* A listener at an edge: what comes is told; who accepts one of two must go on by himself. */
static void listener_edge(void)
{
	struct sockaddr_in to;
	int listener = tcp_listener(&to, 8, SOCK_NONBLOCK), ep = instance(), client[2], fd;

	watch(ep, listener, EPOLLIN | EPOLLET, 0);
	tells("a listener at an edge", ep);
	on_client();
	for (int i = 0; i < 2; i++) {
		client[i] = tcp_socket(0);
		need(connect(client[i], SA(&to), SIN_LEN) == 0);
	}
	on_server();
	/* The second is there when it can be taken. */
	fd = accept(listener, NULL, NULL);
	if (fd < 0) {
		events_wait(listener, POLLIN);
		fd = accept(listener, NULL, NULL);
	}
	close(fd);
	events_wait(listener, POLLIN);
	tells("two came, one was accepted", ep);
	tells("again", ep);
	fd = accept(listener, NULL, NULL);
	say_if("the other is there", fd >= 0);
	say_rc("and no third", accept(listener, NULL, NULL));
	close(fd);
	tells("all were accepted", ep);
	close(client[0]);
	close(client[1]);
	close(ep);
	close(listener);
}

/* An edge of writing: full, then room. */
static void writing_edge(void)
{
	struct epoll_event ev;
	int fd[2], ep;

	tcp_pair_sized(fd, 8192, 16384);
	on_client();
	ep = instance();
	watch(ep, fd[0], EPOLLOUT | EPOLLET, 0);
	tells("writable at an edge", ep);
	tells("once", ep);
	fill(fd[0]);
	while (epoll_wait(ep, &ev, 1, 0) == 1)
		;
	tells("full", ep);
	do
		drain(fd[1]);
	while (epoll_wait(ep, &ev, 1, 10) == 0);
	say_events("room again", ev.events);
	close(ep);
	close_pair(fd);
}

/* What is told of an end and of a reset, whatever was asked for. */
static void ends_and_resets(void)
{
	static const struct {
		const char *name;
		uint32_t events;
	} asked[] = {{"for nothing", 0},
		     {"for EPOLLRDHUP", EPOLLRDHUP},
		     {"for EPOLLIN", EPOLLIN},
		     {"for EPOLLIN and EPOLLRDHUP", EPOLLIN | EPOLLRDHUP},
		     {"for EPOLLOUT", EPOLLOUT}};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		int fd[2], ep;

		tcp_pair(fd);
		on_server();
		ep = instance();
		watch(ep, fd[1], asked[i].events, 0);
		about("asked %s", asked[i].name);
		need(shutdown(fd[0], SHUT_WR) == 0);
		ended(fd[1]);
		tells("the peer's end", ep);
		need(shutdown(fd[1], SHUT_WR) == 0);
		events_wait(fd[1], POLLHUP);
		tells("both ends", ep);
		close(ep);
		close_pair(fd);
		tcp_pair(fd);
		on_server();
		ep = instance();
		watch(ep, fd[1], asked[i].events, 0);
		set_linger(fd[0], true, 0);
		close(fd[0]);
		events_wait(fd[1], POLLERR);
		tells("a reset", ep);
		need(get_int(fd[1], SOL_SOCKET, SO_ERROR) == ECONNRESET);
		tells("a reset that was told", ep);
		close(ep);
		close(fd[1]);
	}
	about("%s", "");
}

/* ---- a thread that waits --------------------------------------------------------------------- */

struct waiter {
	int ep, n;
	struct epoll_event ev;
};

static void *wait_in_thread(void *arg)
{
	struct waiter *w = arg;

	on_server();
	w->n = epoll_wait(w->ep, &w->ev, 1, TWIN_LIMIT_MS);
	return NULL;
}

/* What is added, changed and sent while a thread waits reaches it. */
static void told_while_waiting(void)
{
	struct waiter w;
	pthread_t thread;
	int fd[2];

	tcp_pair(fd);
	on_server();
	w = (struct waiter){.ep = instance()};
	need(pthread_create(&thread, NULL, wait_in_thread, &w) == 0);
	watch(w.ep, fd[1], EPOLLIN, 5);
	need(send(fd[0], "x", 1, 0) == 1);
	need(pthread_join(thread, NULL) == 0);
	say("added while a thread waits, then a byte", "%d, data %u", w.n, w.ev.data.u32);
	receive_all(fd[1], &(char){0}, 1);
	need(pthread_create(&thread, NULL, wait_in_thread, &w) == 0);
	w.ev = (struct epoll_event){.events = EPOLLOUT, .data.u32 = 6};
	need(epoll_ctl(w.ep, EPOLL_CTL_MOD, fd[1],
		       &(struct epoll_event){.events = EPOLLOUT, .data.u32 = 6}) == 0);
	need(pthread_join(thread, NULL) == 0);
	say("changed to what is the case", "%d, data %u", w.n, w.ev.data.u32);
	close(w.ep);
	close_pair(fd);
}

void topic_epoll_edges(void)
{
	nested();
	deep();
	on_server();
	few_places(EPOLLOUT, "level, few places");
	about("edge");
	few_places(EPOLLOUT | EPOLLET, "few places");
	about("one-shot");
	few_places(EPOLLOUT | EPOLLONESHOT, "few places");
	about("%s", "");
	listener_edge();
	writing_edge();
	ends_and_resets();
	told_while_waiting();
}
