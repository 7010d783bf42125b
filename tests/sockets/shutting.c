/* SPDX-License-Identifier: BSD-3-Clause */
/* shutdown() and close() of streams: which half, in which order, what is told and what still works.
 */
#include <stdio.h>

#include <signal.h>

#include "sockets/twin.h"

#define ALL_EVENTS (POLLIN | POLLOUT | POLLRDHUP)

/* What one end can do. */
static void able(const char *who, int fd)
{
	char byte;

	about("%s", who);
	say_events("it has", events_now(fd, ALL_EVENTS));
	say_rc("receives", recv(fd, &byte, 1, MSG_DONTWAIT));
	say_rc("sends", send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
	about("%s", "");
}

static const char *const ways[] = {"RD", "WR", "RDWR"};

/* One end, then what the other sees; twice the same is no error. */
static void one_way(int how)
{
	char name[64];
	int fd[2];

	tcp_pair(fd);
	about("shut %s", ways[how]);
	say_rc("", shutdown(fd[0], how));
	say_rc("again", shutdown(fd[0], how));
	if (how != SHUT_RD)
		ended(fd[1]);
	snprintf(name, sizeof(name), "who shut %s", ways[how]);
	able(name, fd[0]);
	if (how == SHUT_RD)
		arrived(fd[1], 1);
	snprintf(name, sizeof(name), "whose peer shut %s", ways[how]);
	able(name, fd[1]);
	close_pair(fd);
}

/* Without a connection: refused, and shut for reading all the same. */
static void no_way(int how)
{
	const struct sockaddr_in nobody = {.sin_family = AF_UNSPEC};
	int fd = tcp_socket(0);
	char byte;

	about("a fresh one shut %s", ways[how]);
	say_rc("", shutdown(fd, how));
	say_events("it has", events_now(fd, ALL_EVENTS));
	say_rc("receives", recv(fd, &byte, 1, MSG_DONTWAIT));
	say_rc("sends", send(fd, "x", 1, MSG_NOSIGNAL));
	say_rc("leaves its peer", connect(fd, SA(&nobody), SIN_LEN));
	say_events("it has then", events_now(fd, ALL_EVENTS));
	say_rc("receives then", recv(fd, &byte, 1, MSG_DONTWAIT));
	say_rc("again", shutdown(fd, how));
	say_rc("listens", listen(fd, 1));
	say_events("listening it has", events_now(fd, ALL_EVENTS));
	say_rc("listening it receives", recv(fd, &byte, 1, MSG_DONTWAIT));
	about("%s", "");
	close(fd);
}

static bool has_bytes(int fd)
{
	int n;

	need(ioctl(fd, FIONREAD, &n) == 0);
	return n > 0;
}

/* It goes with the socket into a connection. */
static void shut_and_open(void)
{
	struct sockaddr_in sin;
	int listener = tcp_listener(&sin, 1, 0), fd, peer;

	on_client();
	fd = tcp_socket(0);
	need(shutdown(fd, SHUT_RD) == -1);
	about("shut RD before it");
	say_rc("connects", connect(fd, SA(&sin), SIN_LEN));
	peer = accept(listener, NULL, NULL);
	able("shut RD before it connected", fd);
	arrived(peer, 1);
	able("whose peer did", peer);
	until(has_bytes, fd);
	able("and got data", fd);
	close(fd);
	close(peer);
	close(listener);
}

/* Both ends, one after the other. */
static void two_ways(int first, int second)
{
	char name[64];
	int fd[2];

	tcp_pair(fd);
	need(shutdown(fd[0], first) == 0);
	if (first != SHUT_RD)
		ended(fd[1]);
	about("shut %s, then the peer %s", ways[first], ways[second]);
	say_rc("", shutdown(fd[1], second));
	if (second != SHUT_RD)
		ended(fd[0]);
	if (first != SHUT_RD && second != SHUT_RD) {
		events_wait(fd[0], POLLHUP);
		events_wait(fd[1], POLLHUP);
		snprintf(name, sizeof(name), "%s %s, the first", ways[first], ways[second]);
		able(name, fd[0]);
		snprintf(name, sizeof(name), "%s %s, the second", ways[first], ways[second]);
		able(name, fd[1]);
		about("shut %s, then the peer %s", ways[first], ways[second]);
		until(all_acknowledged, fd[0]);
		say_rc("shutdown after that", shutdown(fd[1], SHUT_RDWR));
	}
	about("%s", "");
	close_pair(fd);
}

/* The one end goes on sending after the other has ended its half. */
static void half_close(void)
{
	char buf[32];
	int fd[2];

	tcp_pair(fd);
	need(send(fd[0], "question", 8, 0) == 8);
	need(shutdown(fd[0], SHUT_WR) == 0);
	arrived(fd[1], 8);
	say_bytes("the question", buf, recv(fd[1], buf, sizeof(buf), 0));
	say_rc("its end", recv(fd[1], buf, sizeof(buf), 0));
	say_rc("the answer", send(fd[1], "answer", 6, 0));
	arrived(fd[0], 6);
	say_bytes("arrives", buf, recv(fd[0], buf, sizeof(buf), 0));
	say_rc("the answer's end", shutdown(fd[1], SHUT_WR));
	say_rc("is told", recv(fd[0], buf, sizeof(buf), 0));
	say_rc("more than once", recv(fd[0], buf, sizeof(buf), 0));
	close_pair(fd);
}

/* Who reads no more throws nothing away that is here, and takes what comes. */
static void shut_for_reading(void)
{
	char buf[32];
	int fd[2];

	tcp_pair(fd);
	need(send(fd[0], "before", 6, 0) == 6);
	arrived(fd[1], 6);
	need(shutdown(fd[1], SHUT_RD) == 0);
	say_events("shut for reading, with data", events_now(fd[1], ALL_EVENTS));
	say_bytes("which can be read", buf, recv(fd[1], buf, sizeof(buf), 0));
	say_rc("then the end", recv(fd[1], buf, sizeof(buf), 0));
	say_rc("the peer sends", send(fd[0], "after", 5, 0));
	until(all_acknowledged, fd[0]);
	say_bytes("which is read", buf, recv(fd[1], buf, sizeof(buf), 0));
	say_rc("and the end again", recv(fd[1], buf, sizeof(buf), 0));
	say_rc("it sends itself", send(fd[1], "x", 1, 0));
	close_pair(fd);
}

/* After the peer's close one write goes out; the answer to it is a reset. */
static void write_to_closed(void)
{
	char buf[8];
	int fd[2];

	tcp_pair(fd);
	close(fd[1]);
	ended(fd[0]);
	about("the peer is closed");
	say_events("it has", events_now(fd[0], ALL_EVENTS));
	say_rc("the end", recv(fd[0], buf, 1, 0));
	say_rc("the first write", send(fd[0], "x", 1, MSG_NOSIGNAL));
	say_events("the answer", events_wait(fd[0], POLLERR));
	say_rc("the second write", send(fd[0], "x", 1, MSG_NOSIGNAL));
	say_events("it has then", events_now(fd[0], ALL_EVENTS));
	say_rc("the third write", send(fd[0], "x", 1, MSG_NOSIGNAL));
	say_rc("it receives", recv(fd[0], buf, 1, 0));
	say("error", "%d", get_int(fd[0], SOL_SOCKET, SO_ERROR));
	say_rc("shutdown", shutdown(fd[0], SHUT_WR));
	about("%s", "");
	close(fd[0]);
}

/* Both close at a time, with and without data on the way. */
static void both_close(void)
{
	int fd[2];

	tcp_pair(fd);
	need(send(fd[0], "a", 1, 0) == 1 && send(fd[1], "b", 1, 0) == 1);
	arrived(fd[0], 1);
	arrived(fd[1], 1);
	say_rc("both end, the client", shutdown(fd[0], SHUT_WR));
	say_rc("the server", shutdown(fd[1], SHUT_WR));
	events_wait(fd[0], POLLHUP);
	events_wait(fd[1], POLLHUP);
	able("both ended, the client", fd[0]);
	able("both ended, the server", fd[1]);
	able("both ended and read, the client", fd[0]);
	close_pair(fd);
}

static volatile sig_atomic_t signals;

static void on_sigpipe(int sig)
{
	(void)sig;
	signals++;
}

/* main() has it ignored: here it is counted. */
static void broken_pipe(void)
{
	int fd[2];

	tcp_pair(fd);
	need(shutdown(fd[0], SHUT_WR) == 0);
	signals = 0;
	signal(SIGPIPE, on_sigpipe);
	say_rc("broken, MSG_NOSIGNAL", send(fd[0], "x", 1, MSG_NOSIGNAL));
	say("SIGPIPE by then", "%d", (int)signals);
	say_rc("broken, send", send(fd[0], "x", 1, 0));
	say_rc("broken, write", write(fd[0], "x", 1));
	say("SIGPIPE after that", "%d", (int)signals);
	signal(SIGPIPE, SIG_IGN);
	close_pair(fd);
}

void topic_shutting(void)
{
	for (int how = SHUT_RD; how <= SHUT_RDWR; how++)
		one_way(how);
	for (int how = SHUT_RD; how <= SHUT_RDWR; how++)
		no_way(how);
	shut_and_open();
	for (int first = SHUT_RD; first <= SHUT_RDWR; first++)
		for (int second = SHUT_RD; second <= SHUT_RDWR; second++)
			two_ways(first, second);
	half_close();
	shut_for_reading();
	write_to_closed();
	both_close();
	broken_pipe();
}
