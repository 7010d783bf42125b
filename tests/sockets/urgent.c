/* SPDX-License-Identifier: BSD-3-Clause */
/* Urgent data: MSG_OOB, SO_OOBINLINE, the mark, and what calls that receive make of it. */
#include <stdio.h>

#include "sockets/twin.h"

#define ANY (POLLIN | POLLPRI | POLLRDHUP)

/* Sends bytes, the last of which is urgent, and waits until the other side has them. */
static void send_urgent(const int fd[2], const char *bytes)
{
	need(send(fd[0], bytes, strlen(bytes), MSG_OOB) == (ssize_t)strlen(bytes));
	until(all_acknowledged, fd[0]);
}

static void send_plain(const int fd[2], const char *bytes)
{
	need(send(fd[0], bytes, strlen(bytes), 0) == (ssize_t)strlen(bytes));
	until(all_acknowledged, fd[0]);
}

/* A connection that brings "abc", an urgent "X" and "def". */
static void marked_pair(int fd[2])
{
	tcp_pair(fd);
	send_plain(fd, "abc");
	send_urgent(fd, "X");
	send_plain(fd, "def");
}

/* Where the socket stands. */
static void state(const char *name, int fd)
{
	char text[64];
	int left = -1, rc;

	snprintf(text, sizeof(text), "%s, events", name);
	say_events(text, events_now(fd, ANY));
	snprintf(text, sizeof(text), "%s, at the mark", name);
	say_rc(text, sockatmark(fd));
	snprintf(text, sizeof(text), "%s, to be read", name);
	rc = ioctl(fd, FIONREAD, &left);
	say(text, "%d, %d", rc, left);
}

static ssize_t take(const char *name, int fd, size_t most, int flags)
{
	char buf[64];
	ssize_t n = recv(fd, buf, most, flags | MSG_DONTWAIT);

	say_bytes(name, buf, n);
	return n;
}

/* Everything there is, call by call. */
static void take_all(const char *name, int fd)
{
	char text[64];

	for (int i = 1; i < 6; i++) {
		snprintf(text, sizeof(text), "%s, read %d", name, i);
		if (take(text, fd, 64, 0) <= 0)
			break;
	}
}

static void stream_first(void)
{
	int fd[2];

	about("the stream first");
	marked_pair(fd);
	state("all there", fd[1]);
	take("before the mark", fd[1], 64, 0);
	state("at it", fd[1]);
	take("a look at the urgent one", fd[1], 1, MSG_OOB | MSG_PEEK);
	take("the urgent one", fd[1], 1, MSG_OOB);
	state("after the urgent one", fd[1]);
	take("the urgent one again", fd[1], 1, MSG_OOB);
	take("behind the mark", fd[1], 64, 0);
	state("after all", fd[1]);
	take("no more", fd[1], 64, 0);
	take("the urgent one of none", fd[1], 1, MSG_OOB);
	close_pair(fd);
}

static void urgent_first(void)
{
	int fd[2];

	about("the urgent one first");
	marked_pair(fd);
	take("the urgent one", fd[1], 8, MSG_OOB);
	state("after it", fd[1]);
	take("two before the mark", fd[1], 2, 0);
	state("before the mark", fd[1]);
	take("the last before the mark", fd[1], 1, 0);
	state("at the mark", fd[1]);
	take("one behind the mark", fd[1], 1, 0);
	state("behind the mark", fd[1]);
	take_all("the rest", fd[1]);
	close_pair(fd);
}

static void never_fetched(void)
{
	int fd[2];

	about("never fetched");
	marked_pair(fd);
	take_all("all", fd[1]);
	take("the urgent one, too late", fd[1], 1, MSG_OOB);
	state("in the end", fd[1]);
	send_plain(fd, "ghi");
	state("more came", fd[1]);
	take_all("more", fd[1]);
	close_pair(fd);
}

/* Nothing but the urgent octet. */
static void alone(void)
{
	int fd[2];

	about("alone");
	tcp_pair(fd);
	send_urgent(fd, "X");
	state("it came", fd[1]);
	take("nothing of none", fd[1], 0, 0);
	take("a look at the stream", fd[1], 8, MSG_PEEK);
	state("after a look", fd[1]);
	take("the urgent one", fd[1], 1, MSG_OOB);
	state("after it", fd[1]);
	take("the stream", fd[1], 8, 0);
	state("after the stream", fd[1]);
	send_urgent(fd, "Y");
	take("a read skips it", fd[1], 8, 0);
	state("skipped", fd[1]);
	take("it is lost", fd[1], 1, MSG_OOB);
	send_urgent(fd, "pqZ");
	state("the last of three", fd[1]);
	take_all("the first two", fd[1]);
	close_pair(fd);
}

/* One overtakes the other, which is ordinary then, or gone. */
static void overtaken(void)
{
	int fd[2];

	about("two, the first not reached");
	tcp_pair(fd);
	send_urgent(fd, "abcX");
	send_urgent(fd, "defY");
	state("both came", fd[1]);
	take("the urgent one", fd[1], 1, MSG_OOB);
	take_all("the stream", fd[1]);
	close_pair(fd);

	about("two, at the first");
	tcp_pair(fd);
	send_urgent(fd, "abcX");
	take("before it", fd[1], 64, 0);
	send_urgent(fd, "defY");
	state("both came", fd[1]);
	take_all("the stream", fd[1]);
	close_pair(fd);

	about("two, the first fetched");
	tcp_pair(fd);
	send_urgent(fd, "abcX");
	take("the first", fd[1], 1, MSG_OOB);
	send_urgent(fd, "defY");
	state("both came", fd[1]);
	take("the second", fd[1], 1, MSG_OOB);
	take_all("the stream", fd[1]);
	close_pair(fd);

	about("two in a row");
	tcp_pair(fd);
	send_urgent(fd, "X");
	send_urgent(fd, "Y");
	state("both came", fd[1]);
	take("the urgent one", fd[1], 1, MSG_OOB);
	take_all("the stream", fd[1]);
	send_urgent(fd, "Z");
	state("a third", fd[1]);
	take("the third", fd[1], 1, MSG_OOB);
	send_urgent(fd, "W");
	state("a fourth", fd[1]);
	take_all("the stream then", fd[1]);
	close_pair(fd);

	about("two in a row in line");
	tcp_pair(fd);
	set_int(fd[1], SOL_SOCKET, SO_OOBINLINE, 1);
	send_urgent(fd, "X");
	send_urgent(fd, "Y");
	state("both came", fd[1]);
	take_all("the stream", fd[1]);
	close_pair(fd);
}

static void in_line(void)
{
	int fd[2];

	about("in line");
	tcp_pair(fd);
	set_int(fd[1], SOL_SOCKET, SO_OOBINLINE, 1);
	send_plain(fd, "abc");
	send_urgent(fd, "X");
	send_plain(fd, "def");
	state("all there", fd[1]);
	take("the urgent one apart", fd[1], 1, MSG_OOB);
	take("before the mark", fd[1], 64, 0);
	state("at the mark", fd[1]);
	take("a look behind it", fd[1], 64, MSG_PEEK);
	take("one behind it", fd[1], 1, 0);
	state("behind the mark", fd[1]);
	take_all("the rest", fd[1]);
	send_urgent(fd, "Y");
	state("one alone", fd[1]);
	take_all("it", fd[1]);
	close_pair(fd);
}

/* SO_OOBINLINE is changed when all is there. */
static void changed(void)
{
	int fd[2];

	about("put in line");
	marked_pair(fd);
	set_int(fd[1], SOL_SOCKET, SO_OOBINLINE, 7);
	say("read back", "%d", get_int(fd[1], SOL_SOCKET, SO_OOBINLINE));
	state("all there", fd[1]);
	take_all("all", fd[1]);
	send_urgent(fd, "X");
	set_int(fd[1], SOL_SOCKET, SO_OOBINLINE, 0);
	state("one alone, out of line again", fd[1]);
	set_int(fd[1], SOL_SOCKET, SO_OOBINLINE, 1);
	state("and in line", fd[1]);
	take_all("it", fd[1]);
	close_pair(fd);

	about("put in line after it was fetched");
	marked_pair(fd);
	take("it", fd[1], 1, MSG_OOB);
	set_int(fd[1], SOL_SOCKET, SO_OOBINLINE, 1);
	take("it again", fd[1], 1, MSG_OOB);
	take_all("all", fd[1]);
	close_pair(fd);
}

static void inherited(void)
{
	struct sockaddr_in address;
	int listener, fd[2];

	about("inherited");
	on_server();
	listener = tcp_listener(&address, 4, 0);
	say("a listener's", "%d", get_int(listener, SOL_SOCKET, SO_OOBINLINE));
	set_int(listener, SOL_SOCKET, SO_OOBINLINE, 1);
	on_client();
	fd[0] = tcp_socket(0);
	need(connect(fd[0], SA(&address), SIN_LEN) == 0);
	on_server();
	fd[1] = accept(listener, NULL, NULL);
	need(fd[1] >= 0);
	say("its connection's", "%d", get_int(fd[1], SOL_SOCKET, SO_OOBINLINE));
	send_urgent(fd, "abcX");
	take_all("what came", fd[1]);
	say_rc("a listener's mark", sockatmark(listener));
	take("a listener's urgent one", listener, 1, MSG_OOB);
	close_pair(fd);
	close(listener);
}

static void looks(void)
{
	int fd[2];

	about("looks");
	marked_pair(fd);
	take("all", fd[1], 64, MSG_PEEK);
	take("all, all of it", fd[1], 64, MSG_PEEK | MSG_WAITALL);
	take("three", fd[1], 3, MSG_PEEK | MSG_WAITALL);
	take("before the mark", fd[1], 3, 0);
	take("at the mark", fd[1], 64, MSG_PEEK);
	take("at the mark, all of three", fd[1], 3, MSG_PEEK | MSG_WAITALL);
	state("at the mark", fd[1]);
	take("the urgent one", fd[1], 1, MSG_OOB);
	take("at the mark then", fd[1], 64, MSG_PEEK);
	take("behind it", fd[1], 64, 0);
	close_pair(fd);
}

static void all_of_it(void)
{
	char buf[32];
	int fd[2];

	about("all of it");
	marked_pair(fd);
	set_timeout(fd[1], SO_RCVTIMEO, 20000);
	say_bytes("ends at the mark", buf, recv(fd[1], buf, 10, MSG_WAITALL));
	say_bytes("goes on behind it", buf, recv(fd[1], buf, 3, MSG_WAITALL));
	set_int(fd[1], SOL_SOCKET, SO_OOBINLINE, 1);
	send_plain(fd, "abc");
	send_urgent(fd, "X");
	send_plain(fd, "def");
	say_bytes("in line, ends at the mark", buf, recv(fd[1], buf, 10, MSG_WAITALL));
	say_bytes("in line, goes on with it", buf, recv(fd[1], buf, 4, MSG_WAITALL));
	close_pair(fd);
}

static void thrown_away(void)
{
	char buf[8] = "same";
	int fd[2];

	about("MSG_TRUNC");
	marked_pair(fd);
	say_rc("up to the mark", recv(fd[1], NULL, 64, MSG_TRUNC));
	say_rc("the urgent one", recv(fd[1], buf, 1, MSG_TRUNC | MSG_OOB));
	say("the buffer", "%s", buf);
	say_rc("behind the mark", recv(fd[1], NULL, 64, MSG_TRUNC));
	close_pair(fd);
}

static void messages(void)
{
	char a[2], b[8];
	struct iovec iov[2] = {{a, sizeof(a)}, {b, sizeof(b)}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	int fd[2];

	about("recvmsg");
	marked_pair(fd);
	say_rc("before the mark", recvmsg(fd[1], &msg, MSG_DONTWAIT));
	say("the pieces", "%.2s %.1s, flags %#x", a, b, msg.msg_flags);
	iov[0].iov_len = 0;
	say_rc("the urgent one", recvmsg(fd[1], &msg, MSG_OOB));
	say("it", "%.1s, flags %#x", b, msg.msg_flags);
	say_rc("behind the mark", readv(fd[1], iov, 2));
	say("what that is", "%.3s", b);
	send_urgent(fd, "X");
	msg.msg_iovlen = 0;
	say_rc("the urgent one without room", recvmsg(fd[1], &msg, MSG_OOB));
	say("its flags", "%#x", msg.msg_flags);
	take("it is gone", fd[1], 1, MSG_OOB);
	send_urgent(fd, "Y");
	msg.msg_iovlen = 2;
	say_rc("the urgent one, all of eight", recvmsg(fd[1], &msg, MSG_OOB | MSG_WAITALL));
	close_pair(fd);
}

static void sends(void)
{
	char first[] = "ab", last[] = "cX";
	struct iovec iov[2] = {{first, 2}, {last, 2}};
	const struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	int fd[2];

	about("sending");
	tcp_pair(fd);
	say_rc("nothing", send(fd[0], "", 0, MSG_OOB));
	say_rc("sendmsg", sendmsg(fd[0], &msg, MSG_OOB));
	until(all_acknowledged, fd[0]);
	state("it came", fd[1]);
	take_all("the stream", fd[1]);
	say_rc("with more to come", send(fd[0], "dY", 2, MSG_OOB | MSG_MORE));
	until(all_acknowledged, fd[0]);
	take_all("it is not held back", fd[1]);
	set_int(fd[0], IPPROTO_TCP, TCP_CORK, 1);
	say_rc("into a corked stream", send(fd[0], "eZ", 2, MSG_OOB));
	until(all_acknowledged, fd[0]);
	take_all("it is not held back either", fd[1]);
	need(shutdown(fd[0], SHUT_WR) == 0);
	say_rc("after the end", send(fd[0], "W", 1, MSG_OOB | MSG_NOSIGNAL));
	close_pair(fd);
}

/* A reset throws away what nobody fetched in time; an end does not. */
static void ends(void)
{
	int fd[2];

	about("the end");
	tcp_pair(fd);
	send_urgent(fd, "abcX");
	need(shutdown(fd[0], SHUT_WR) == 0);
	ended(fd[1]);
	state("it came", fd[1]);
	take("the urgent one", fd[1], 1, MSG_OOB);
	take_all("the stream", fd[1]);
	take("the urgent one, too late", fd[1], 1, MSG_OOB);
	state("after all", fd[1]);
	close_pair(fd);

	about("the end behind one alone");
	tcp_pair(fd);
	send_urgent(fd, "X");
	need(shutdown(fd[0], SHUT_WR) == 0);
	ended(fd[1]);
	state("it came", fd[1]);
	take("the stream", fd[1], 8, 0);
	close_pair(fd);

	about("a reset");
	tcp_pair(fd);
	send_urgent(fd, "abcX");
	set_linger(fd[0], true, 0);
	close(fd[0]);
	events_wait(fd[1], POLLRDHUP);
	say_events("it came", events_now(fd[1], ANY));
	take("the urgent one", fd[1], 1, MSG_OOB);
	close(fd[1]);

	about("closed with an urgent one unread");
	tcp_pair(fd);
	send_urgent(fd, "X");
	close(fd[1]);
	events_wait(fd[0], POLLRDHUP);
	take("the other side", fd[0], 8, 0);
	close(fd[0]);

	about("no more is read");
	tcp_pair(fd);
	send_urgent(fd, "abcX");
	need(shutdown(fd[1], SHUT_RD) == 0);
	state("it came", fd[1]);
	take("the urgent one", fd[1], 1, MSG_OOB);
	take_all("the stream", fd[1]);
	close_pair(fd);
}

static void waiting(void)
{
	struct epoll_event ev = {.events = EPOLLPRI};
	fd_set except, read;
	int fd[2], ep, edges;

	about("waiting");
	tcp_pair(fd);
	on_server();
	ep = epoll_create1(0);
	edges = epoll_create1(0);
	need(ep >= 0 && edges >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd[1], &ev) == 0);
	ev.events = EPOLLPRI | EPOLLET;
	need(epoll_ctl(edges, EPOLL_CTL_ADD, fd[1], &ev) == 0);
	tells("epoll before", ep);
	send_urgent(fd, "abcX");
	tells("epoll", ep);
	tells("epoll again", ep);
	tells("edge", edges);
	tells("edge again", edges);
	FD_ZERO(&except);
	FD_ZERO(&read);
	FD_SET(fd[1], &except);
	FD_SET(fd[1], &read);
	say_rc("select", select(fd[1] + 1, &read, NULL, &except, &(struct timeval){0}));
	say("its sets", "%d, %d", !!FD_ISSET(fd[1], &read), !!FD_ISSET(fd[1], &except));
	take("the urgent one", fd[1], 1, MSG_OOB);
	tells("epoll after it", ep);
	FD_SET(fd[1], &except);
	say_rc("select after it", select(fd[1] + 1, NULL, NULL, &except, &(struct timeval){0}));
	send_urgent(fd, "dY");
	tells("epoll, another", ep);
	tells("edge, another", edges);
	take_all("the stream", fd[1]);
	tells("epoll behind the mark", ep);
	close(ep);
	close(edges);
	close_pair(fd);
}

static void elsewhere(void)
{
	char c = 0;
	int fd[2];

	about("elsewhere");
	on_client();
	fd[0] = tcp_socket(0);
	say_rc("the mark of a fresh socket", sockatmark(fd[0]));
	take("its urgent one", fd[0], 1, MSG_OOB);
	say_rc("sending on it", send(fd[0], "X", 1, MSG_OOB | MSG_NOSIGNAL));
	close(fd[0]);
	udp_pair(fd);
	say_rc("the mark of a datagram socket", sockatmark(fd[0]));
	say_rc("sending a datagram", send(fd[0], "X", 1, MSG_OOB));
	say_rc("SO_OOBINLINE of a datagram socket",
	       setsockopt(fd[0], SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int)));
	close_pair(fd);
	say_rc("the mark of no socket", sockatmark(-1));
	say_rc("receiving from no socket", recv(-1, &c, 1, MSG_OOB));
}

void topic_urgent(void)
{
	stream_first();
	urgent_first();
	never_fetched();
	alone();
	overtaken();
	in_line();
	changed();
	inherited();
	looks();
	all_of_it();
	thrown_away();
	messages();
	sends();
	ends();
	waiting();
	elsewhere();
}
