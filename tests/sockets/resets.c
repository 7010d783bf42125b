/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections that are reset: by SO_LINGER, by unread data; who is told what, and when. */
#include "sockets/twin.h"

#define ALL_EVENTS (POLLIN | POLLOUT | POLLRDHUP)

static void reset_pair(int fd[2])
{
	tcp_pair(fd);
	set_linger(fd[1], true, 0);
	close(fd[1]);
	events_wait(fd[0], POLLERR);
}

static ssize_t do_recv(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT);
}

static ssize_t do_peek(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
}

static ssize_t do_send(int fd)
{
	return send(fd, "x", 1, MSG_NOSIGNAL);
}

static ssize_t do_shutdown(int fd)
{
	return shutdown(fd, SHUT_RDWR);
}

static ssize_t do_connect(int fd)
{
	struct sockaddr_in to = host_address(SERVER, PORT_NO);

	return connect(fd, SA(&to), SIN_LEN);
}

static ssize_t do_error(int fd)
{
	return get_int(fd, SOL_SOCKET, SO_ERROR);
}

static ssize_t do_listen(int fd)
{
	return listen(fd, 1);
}

static ssize_t do_peer(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = SIN_LEN;

	return getpeername(fd, SA(&sin), &len);
}

static ssize_t do_read_nothing(int fd)
{
	return read(fd, NULL, 0);
}

static const struct {
	const char *name;
	ssize_t (*call)(int fd);
} calls[] = {
	{"recv", do_recv},	   {"a look", do_peek},	     {"send", do_send},
	{"shutdown", do_shutdown}, {"connect", do_connect},  {"SO_ERROR", do_error},
	{"listen", do_listen},	   {"getpeername", do_peer}, {"read of nothing", do_read_nothing},
};

/* Each call as the first after a reset, then what the next ones say. */
static void told_by_each(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int fd[2];

		reset_pair(fd);
		about("reset, first %s", calls[i].name);
		say_events("it has", events_now(fd[0], ALL_EVENTS));
		say_rc("", calls[i].call(fd[0]));
		say_events("it has then", events_now(fd[0], ALL_EVENTS));
		say_rc("again", calls[i].call(fd[0]));
		say_rc("send after that", do_send(fd[0]));
		say_rc("recv after that", do_recv(fd[0]));
		say_rc("error after that", do_error(fd[0]));
		close(fd[0]);
	}
	about("%s", "");
}

/* What had come before a reset. */
static void data_before(void)
{
	char buf[16];
	int fd[2];

	tcp_pair(fd);
	need(send(fd[1], "abc", 3, 0) == 3);
	arrived(fd[0], 3);
	set_linger(fd[1], true, 0);
	close(fd[1]);
	events_wait(fd[0], POLLERR);
	about("data before a reset");
	say_events("it has", events_now(fd[0], ALL_EVENTS));
	say_bytes("the data", buf, recv(fd[0], buf, sizeof(buf), 0));
	say_rc("after that", recv(fd[0], buf, sizeof(buf), 0));
	say_rc("and after that", recv(fd[0], buf, sizeof(buf), 0));
	close(fd[0]);
	about("%s", "");
}

/* Who closes with data that he has not read resets. */
static void unread(void)
{
	int fd[2];

	tcp_pair(fd);
	need(send(fd[0], "abc", 3, 0) == 3);
	arrived(fd[1], 3);
	close(fd[1]);
	say_events("closed with unread data, the peer has", events_wait(fd[0], POLLERR));
	say_rc("the peer receives", do_recv(fd[0]));
	close(fd[0]);
	tcp_pair(fd);
	need(send(fd[0], "abc", 3, 0) == 3 && shutdown(fd[0], SHUT_WR) == 0);
	ended(fd[1]);
	close(fd[1]);
	say_events("closed with unread data behind the end, the peer has",
		   events_wait(fd[0], POLLHUP | POLLERR));
	close(fd[0]);
}

/* SO_LINGER with a time is no reset. */
static void linger_with_time(void)
{
	char buf[8];
	int fd[2];

	tcp_pair(fd);
	set_linger(fd[1], true, 5);
	need(send(fd[1], "bye", 3, 0) == 3);
	say_rc("close that lingers", close(fd[1]));
	arrived(fd[0], 3);
	say_bytes("what was sent", buf, recv(fd[0], buf, sizeof(buf), 0));
	say_rc("then the end", recv(fd[0], buf, sizeof(buf), 0));
	close(fd[0]);
}

/* A reset after our own end. */
static void after_own_end(void)
{
	int fd[2];

	tcp_pair(fd);
	need(shutdown(fd[0], SHUT_WR) == 0);
	ended(fd[1]);
	set_linger(fd[1], true, 0);
	close(fd[1]);
	about("reset after the own end");
	say_events("it has", events_wait(fd[0], POLLERR));
	say_rc("send", do_send(fd[0]));
	say_rc("recv", do_recv(fd[0]));
	say_rc("error", do_error(fd[0]));
	about("%s", "");
	close(fd[0]);
}

/* After both ends a reset is nothing any more. */
static void after_both_ends(void)
{
	int fd[2];

	tcp_pair(fd);
	need(shutdown(fd[1], SHUT_WR) == 0);
	ended(fd[0]);
	need(shutdown(fd[0], SHUT_WR) == 0);
	ended(fd[1]);
	events_wait(fd[1], POLLHUP);
	until(all_acknowledged, fd[0]);
	set_linger(fd[0], true, 0);
	close(fd[0]);
	say_rc("after both ends, recv", do_recv(fd[1]));
	say_rc("after both ends, error", do_error(fd[1]));
	close(fd[1]);
}

void topic_resets(void)
{
	told_by_each();
	data_before();
	unread();
	linger_with_time();
	after_own_end();
	after_both_ends();
}
