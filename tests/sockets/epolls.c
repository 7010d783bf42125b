/* SPDX-License-Identifier: BSD-3-Clause */
/* epoll_create1(), epoll_ctl(): arguments, changing and taking away, dup and close, level, edge and
 * one-shot; how many events a call tells. */
#include <stdio.h>
#include <sys/timerfd.h>

#include "sockets/twin.h"

static volatile int minus_one = -1; /* the compiler would warn of it */

static int instance(void)
{
	int ep = epoll_create1(0);

	need(ep >= 0);
	return ep;
}

static int control(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.u32 = (uint32_t)fd};

	return epoll_ctl(ep, op, fd, &ev);
}

static void arguments(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = instance(), other = instance(), fd = udp_socket(0), closed = udp_socket(0);

	close(closed);
	say_rc("create with a wrong flag", epoll_create1(1));
	say_rc("wait for no events", epoll_wait(ep, &ev, 0, 0));
	say_rc("wait for -1 events", epoll_wait(ep, &ev, minus_one, 0));
	say_rc("wait on a socket", epoll_wait(fd, &ev, 1, 0));
	say_rc("wait on a closed one", epoll_wait(closed, &ev, 1, 0));
	say_rc("add a closed one", control(ep, EPOLL_CTL_ADD, closed, EPOLLIN));
	say_rc("add to a closed one", control(closed, EPOLL_CTL_ADD, fd, EPOLLIN));
	say_rc("add to a socket", control(fd, EPOLL_CTL_ADD, ep, EPOLLIN));
	say_rc("add an instance to itself", control(ep, EPOLL_CTL_ADD, ep, EPOLLIN));
	say_rc("add without event", epoll_ctl(ep, EPOLL_CTL_ADD, fd, NULL));
	say_rc("change what is not there", control(ep, EPOLL_CTL_MOD, fd, EPOLLIN));
	say_rc("delete what is not there", control(ep, EPOLL_CTL_DEL, fd, EPOLLIN));
	say_rc("an operation that is none", control(ep, 77, fd, EPOLLIN));
	say_rc("add", control(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	say_rc("add again", control(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	say_rc("change without event", epoll_ctl(ep, EPOLL_CTL_MOD, fd, NULL));
	say_rc("change to nothing", control(ep, EPOLL_CTL_MOD, fd, 0));
	say_rc("delete without event", epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
	say_rc("delete again", epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
	say_rc("add to two, the first", control(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	say_rc("add to two, the second", control(other, EPOLL_CTL_ADD, fd, EPOLLIN));
	close(fd);
	say_rc("delete what is closed", epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
	close(ep);
	say_rc("wait after close", epoll_wait(ep, &ev, 1, 0));
	close(other);
}

/* Descriptors of the system's own in an instance that has none yet. */
static void of_the_system(void)
{
	FILE *file = tmpfile();
	int ep = instance(), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	need(file && timer >= 0);
	about("of the system");
	say_rc("an operation that is none", control(ep, 77, timer, EPOLLIN));
	say_rc("change what is not there", control(ep, EPOLL_CTL_MOD, timer, EPOLLIN));
	say_rc("delete what is not there", control(ep, EPOLL_CTL_DEL, timer, EPOLLIN));
	say_rc("add a file", control(ep, EPOLL_CTL_ADD, fileno(file), EPOLLIN));
	say_rc("change a file", control(ep, EPOLL_CTL_MOD, fileno(file), EPOLLIN));
	say_rc("delete a file", control(ep, EPOLL_CTL_DEL, fileno(file), EPOLLIN));
	say_rc("delete what is closed", control(ep, EPOLL_CTL_DEL, 999, EPOLLIN));
	say_rc("add", control(ep, EPOLL_CTL_ADD, timer, EPOLLIN));
	say_rc("add again", control(ep, EPOLL_CTL_ADD, timer, EPOLLIN));
	say_rc("delete", control(ep, EPOLL_CTL_DEL, timer, EPOLLIN));
	say_rc("delete again", control(ep, EPOLL_CTL_DEL, timer, EPOLLIN));
	about("%s", "");
	close(ep);
	fclose(file);
	fclose(fdopen(timer, "r"));
}

static void exclusive(void)
{
	int ep = instance(), inner = instance(), fd = udp_socket(0);

	about("EPOLLEXCLUSIVE");
	say_rc("with EPOLLRDHUP",
	       control(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP | EPOLLEXCLUSIVE));
	say_rc("with EPOLLONESHOT",
	       control(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT | EPOLLEXCLUSIVE));
	say_rc("of an instance", control(ep, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLEXCLUSIVE));
	say_rc("and edge", control(ep, EPOLL_CTL_ADD, fd, EPOLLOUT | EPOLLET | EPOLLEXCLUSIVE));
	tells("tells", ep);
	say_rc("changed", control(ep, EPOLL_CTL_MOD, fd, EPOLLIN));
	say_rc("deleted", control(ep, EPOLL_CTL_DEL, fd, 0));
	say_rc("added without", control(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	say_rc("changed to it", control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLEXCLUSIVE));
	about("%s", "");
	close(fd);
	close(inner);
	close(ep);
}

/* One byte, told in each mode, before and after it is read. */
static void modes(void)
{
	static const struct {
		const char *name;
		uint32_t events;
	} modes[] = {
		{"level", EPOLLIN},
		{"edge", EPOLLIN | EPOLLET},
		{"one-shot", EPOLLIN | EPOLLONESHOT},
		{"edge and one-shot", EPOLLIN | EPOLLET | EPOLLONESHOT},
	};
	char byte;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct epoll_event ev;
		int fd[2], ep;

		tcp_pair(fd);
		on_server();
		ep = instance();
		about("%s", modes[i].name);
		need(control(ep, EPOLL_CTL_ADD, fd[1], modes[i].events) == 0);
		tells("nothing there", ep);
		need(send(fd[0], "a", 1, 0) == 1);
		need(epoll_wait(ep, &ev, 1, TWIN_LIMIT_MS) == 1);
		say_events("a byte comes", ev.events);
		tells("again", ep);
		need(send(fd[0], "b", 1, 0) == 1);
		arrived(fd[1], 2);
		tells("another byte", ep);
		tells("again after that", ep);
		receive_all(fd[1], &byte, 1);
		tells("one of two was read", ep);
		need(control(ep, EPOLL_CTL_MOD, fd[1], modes[i].events) == 0);
		tells("changed to the same", ep);
		tells("and again", ep);
		receive_all(fd[1], &byte, 1);
		tells("all was read", ep);
		need(control(ep, EPOLL_CTL_MOD, fd[1], modes[i].events) == 0);
		tells("changed with nothing there", ep);
		need(shutdown(fd[0], SHUT_WR) == 0);
		need(epoll_wait(ep, &ev, 1, TWIN_LIMIT_MS) == 1);
		say_events("the end comes", ev.events);
		close(ep);
		close_pair(fd);
	}
	about("%s", "");
}

static void changes(void)
{
	int fd[2], ep;

	tcp_pair(fd);
	on_server();
	ep = instance();
	need(send(fd[0], "a", 1, 0) == 1);
	arrived(fd[1], 1);
	about("readable");
	need(control(ep, EPOLL_CTL_ADD, fd[1], 0) == 0);
	tells("watched for nothing", ep);
	need(control(ep, EPOLL_CTL_MOD, fd[1], EPOLLOUT) == 0);
	tells("for EPOLLOUT", ep);
	need(control(ep, EPOLL_CTL_MOD, fd[1], EPOLLIN | EPOLLOUT) == 0);
	tells("for both", ep);
	need(control(ep, EPOLL_CTL_MOD, fd[1], EPOLLIN | EPOLLOUT | EPOLLET) == 0);
	tells("for both at an edge", ep);
	tells("after the edge", ep);
	need(control(ep, EPOLL_CTL_MOD, fd[1], EPOLLPRI) == 0);
	tells("for EPOLLPRI", ep);
	need(control(ep, EPOLL_CTL_DEL, fd[1], 0) == 0);
	tells("deleted", ep);
	need(control(ep, EPOLL_CTL_ADD, fd[1], EPOLLIN) == 0);
	tells("added again", ep);
	about("%s", "");
	close(ep);
	close_pair(fd);
}

/* A registration is of a description: it lives as long as any descriptor of it. */
static void duplicates(void)
{
	int fd[2], ep, copy;

	tcp_pair(fd);
	on_server();
	ep = instance();
	need(send(fd[0], "a", 1, 0) == 1);
	arrived(fd[1], 1);
	copy = dup(fd[1]);
	need(copy >= 0);
	need(control(ep, EPOLL_CTL_ADD, fd[1], EPOLLIN) == 0);
	say_rc("a copy is added beside it", control(ep, EPOLL_CTL_ADD, copy, EPOLLIN));
	tells("both tell", ep);
	say_rc("the copy is deleted", control(ep, EPOLL_CTL_DEL, copy, 0));
	close(fd[1]);
	tells("the first is closed, its registration tells", ep);
	say_rc("which cannot be deleted", control(ep, EPOLL_CTL_DEL, fd[1], 0));
	say_rc("nor by the copy", control(ep, EPOLL_CTL_DEL, copy, 0));
	close(copy);
	tells("the last is closed", ep);
	close(ep);
	close(fd[0]);
}

/* The same number, another socket. */
static void number_again(void)
{
	int ep = instance(), fd = udp_socket(0), other;

	need(control(ep, EPOLL_CTL_ADD, fd, EPOLLOUT) == 0);
	close(fd);
	other = udp_socket(0);
	say_if("a number is used again", other == fd);
	tells("the registration of the socket before", ep);
	say_rc("it can be added", control(ep, EPOLL_CTL_ADD, other, EPOLLOUT));
	tells("it tells", ep);
	close(other);
	close(ep);
}

void topic_epolls(void)
{
	on_server();
	arguments();
	of_the_system();
	exclusive();
	modes();
	changes();
	duplicates();
	on_server();
	number_again();
}
