/* SPDX-License-Identifier: BSD-3-Clause */
/* SO_RCVTIMEO and SO_SNDTIMEO: how values are kept, which calls they end and with what; time limits
 * of poll, select and epoll_wait. */
#include <time.h>

#include "sockets/twin.h"

static const struct {
	const char *name;
	struct timeval tv;
} values[] = {
	{"0", {0, 0}},
	{"1 s", {1, 0}},
	{"1.5 s", {1, 500000}},
	{"4 ms", {0, 4000}},
	{"a day", {86400, 0}},
	{"999999 us", {0, 999999}},
	{"1000000 us", {0, 1000000}},
	{"-1 us", {1, -1}},
	{"-1 s", {-1, 0}},
};

static void kept(const char *kind, int fd, int option)
{
	struct timeval tv;
	socklen_t len;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		about("%s %s", kind, values[i].name);
		say_rc("", setsockopt(fd, SOL_SOCKET, option, &values[i].tv, sizeof(tv)));
		len = sizeof(tv);
		need(getsockopt(fd, SOL_SOCKET, option, &tv, &len) == 0);
		/* The kernel's clock ticks are its own: whole 4 ms are ticks everywhere. */
		if (tv.tv_usec % 4000 || tv.tv_sec < 0)
			say("is kept", "about %lld s",
			    (long long)tv.tv_sec + (tv.tv_usec > 500000));
		else
			say("is kept", "%lld.%06ld, %u bytes", (long long)tv.tv_sec,
			    (long)tv.tv_usec, len);
	}
	about("%s", kind);
	say_rc("too short", setsockopt(fd, SOL_SOCKET, option, &values[1].tv, sizeof(tv) - 1));
	say_rc("longer", setsockopt(fd, SOL_SOCKET, option, &(struct timeval[2]){{1, 0}, {0, 0}},
				    2 * sizeof(tv)));
	len = 100;
	{
		uint8_t room[100];

		say_rc("more room", getsockopt(fd, SOL_SOCKET, option, room, &len));
		say("length", "%u", len);
	}
	about("%s", "");
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t began_ms;

/* Its arguments are evaluated after the time was taken. */
#define TIMED(name, call) (began_ms = now_ms(), timed(name, call))

static void timed(const char *name, long rc)
{
	say_rc(name, rc);
	about("%s", name);
	say_if("took its time", now_ms() - began_ms >= 19);
	about("%s", "");
}

static void calls_that_receive(void)
{
	struct sockaddr_in to;
	struct msghdr msg = {0};
	int listener = tcp_listener(&to, 8, 0), fd[2];
	char buf[16];

	set_timeout(listener, SO_RCVTIMEO, 20);
	TIMED("accept", accept(listener, NULL, NULL));
	close(listener);
	tcp_pair(fd);
	set_timeout(fd[0], SO_RCVTIMEO, 20);
	TIMED("recv", recv(fd[0], buf, sizeof(buf), 0));
	TIMED("read", read(fd[0], buf, sizeof(buf)));
	TIMED("recv of all", recv(fd[0], buf, sizeof(buf), MSG_WAITALL));
	TIMED("a look", recv(fd[0], buf, sizeof(buf), MSG_PEEK));
	msg.msg_iov = &(struct iovec){buf, sizeof(buf)};
	msg.msg_iovlen = 1;
	TIMED("recvmsg", recvmsg(fd[0], &msg, 0));
	need(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){-1, 0},
			sizeof(struct timeval)) == 0);
	say_rc("recv with a time limit below zero", recv(fd[0], buf, sizeof(buf), 0));
	set_timeout(fd[0], SO_RCVTIMEO, TWIN_LIMIT_MS);
	need(send(fd[1], "abc", 3, 0) == 3);
	say_bytes("recv with time enough", buf, recv(fd[0], buf, sizeof(buf), 0));
	close_pair(fd);
	udp_pair(fd);
	set_timeout(fd[0], SO_RCVTIMEO, 20);
	TIMED("recv of a datagram", recv(fd[0], buf, sizeof(buf), 0));
	close_pair(fd);
}

static void calls_that_send(void)
{
	static char big[1 << 20];
	int fd[2];

	tcp_pair_sized(fd, 8192, 16384);
	set_timeout(fd[0], SO_SNDTIMEO, 20);
	began_ms = now_ms();
	{
		ssize_t n = send(fd[0], big, sizeof(big), 0);

		say_if("a send that is cut by its limit tells what it took",
		       n > 0 && n < (ssize_t)sizeof(big));
		say_if("and took its time", now_ms() - began_ms >= 19);
	}
	fill(fd[0]);
	TIMED("send", send(fd[0], big, 1, 0));
	TIMED("write", write(fd[0], big, 1));
	close_pair(fd);
}

static void readiness(void)
{
	struct sockaddr_in sin;
	int fd = udp_bound(CLIENT, &sin, 0), ep = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct timeval tv = {0, 20000};
	fd_set set;

	TIMED("poll", poll(&p, 1, 20));
	TIMED("poll of nothing", poll(NULL, 0, 20));
	FD_ZERO(&set);
	FD_SET(fd, &set);
	TIMED("select", select(fd + 1, &set, NULL, NULL, &tv));
	say_if("the set is empty", !FD_ISSET(fd, &set));
	need(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0);
	TIMED("epoll_wait", epoll_wait(ep, &ev, 1, 20));
	close(ep);
	close(fd);
}

void topic_timeouts(void)
{
	int fd = tcp_socket(0);

	kept("SO_RCVTIMEO", fd, SO_RCVTIMEO);
	kept("SO_SNDTIMEO", fd, SO_SNDTIMEO);
	close(fd);
	calls_that_receive();
	calls_that_send();
	readiness();
}
