/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SO_ZEROCOPY and MSG_ZEROCOPY: numbers of calls, and what the error queue tells of them. A veth
 * copies in the end, and so does the stack where memory is not registered: the same is told.
 */
#include <stdio.h>
#include <time.h>

#include <linux/errqueue.h>

#include "sockets/twin.h"

#define BYTES 20000

static uint8_t bytes[BYTES];

static void option(const char *kind, int fd)
{
	static const int values[] = {1, 2, -1, 0};

	about("SO_ZEROCOPY of a %s", kind);
	say("fresh", "%d", get_int(fd, SOL_SOCKET, SO_ZEROCOPY));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char name[32];

		snprintf(name, sizeof(name), "set to %d", values[i]);
		say_rc(name, setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &values[i], sizeof(int)));
		say("which makes it", "%d", get_int(fd, SOL_SOCKET, SO_ZEROCOPY));
		about("SO_ZEROCOPY of a %s, after %d", kind, values[i]);
	}
	about("%s", "");
	close(fd);
}

/* The next message of the error queue. */
static void say_told(const char *name, int fd, size_t room)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[256];
	} control;
	struct sockaddr_in from;
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_control = &control,
		.msg_controllen = room,
	};
	struct sock_extended_err err = {0};
	ssize_t n;

	memset(&control, 0, sizeof(control));
	n = recvmsg(fd, &msg, MSG_ERRQUEUE);
	about("%s", name);
	say_rc("", (long)n);
	if (n >= 0) {
		say("flags", "%#x", msg.msg_flags);
		say("control", "%zu bytes", (size_t)msg.msg_controllen);
		say("name", "%u bytes", msg.msg_namelen);
	}
	if (n >= 0 && msg.msg_controllen >= CMSG_LEN(sizeof(err))) {
		memcpy(&err, CMSG_DATA(&control.header), sizeof(err));
		say("is", "level %d, type %d, errno %u, origin %u, type %u, code %u, from %u to %u",
		    control.header.cmsg_level, control.header.cmsg_type, err.ee_errno,
		    err.ee_origin, err.ee_type, err.ee_code, err.ee_info, err.ee_data);
	}
	about("%s", "");
}

static void numbers(void)
{
	int fd[2];

	tcp_pair(fd);
	say_rc("the flag without the option", send(fd[0], bytes, BYTES, MSG_ZEROCOPY));
	receive_all(fd[1], bytes, BYTES);
	until(all_acknowledged, fd[0]);
	say_told("has no number", fd[0], 256);
	set_int(fd[0], SOL_SOCKET, SO_ZEROCOPY, 1);
	say_rc("a call", send(fd[0], bytes, BYTES, MSG_ZEROCOPY));
	say_rc("one without the flag", send(fd[0], bytes, 100, 0));
	say_rc("one of no bytes", send(fd[0], bytes, 0, MSG_ZEROCOPY));
	say_rc("another", send(fd[0], bytes, BYTES, MSG_ZEROCOPY));
	receive_all(fd[1], bytes, BYTES);
	receive_all(fd[1], bytes, 100);
	receive_all(fd[1], bytes, BYTES);
	until(all_acknowledged, fd[0]);
	say_events("is ready", events_wait(fd[0], 0));
	say("SO_ERROR", "%d", get_int(fd[0], SOL_SOCKET, SO_ERROR));
	say_rc("reading", recv(fd[0], bytes, 1, MSG_DONTWAIT));
	say_events("and is ready still", events_now(fd[0], 0));
	say_told("two calls", fd[0], 256);
	say_events("is ready then", events_now(fd[0], 0));
	say_told("no more", fd[0], 256);
	say_rc("a third", send(fd[0], bytes, BYTES, MSG_ZEROCOPY));
	receive_all(fd[1], bytes, BYTES);
	until(all_acknowledged, fd[0]);
	events_wait(fd[0], 0);
	say_told("without room for it", fd[0], sizeof(struct cmsghdr) - 1);
	say_told("is gone", fd[0], 256);
	close_pair(fd);
}

static void children(void)
{
	struct sockaddr_in sin;
	int l = tcp_listener(&sin, 1, 0), fd, child;

	on_server();
	set_int(l, SOL_SOCKET, SO_ZEROCOPY, 1);
	on_client();
	fd = tcp_socket(0);
	need(connect(fd, SA(&sin), SIN_LEN) == 0);
	child = accept(l, NULL, NULL);
	say("of a listener's child", "%d", get_int(child, SOL_SOCKET, SO_ZEROCOPY));
	close(child);
	close(fd);
	close(l);
}

static void several_pieces(void)
{
	struct iovec iov[3] = {{bytes, 100}, {bytes, 5000}, {bytes, 5000}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 3};
	int fd[2];

	tcp_pair(fd);
	set_int(fd[0], SOL_SOCKET, SO_ZEROCOPY, 1);
	say_rc("three pieces", sendmsg(fd[0], &msg, MSG_ZEROCOPY));
	receive_all(fd[1], bytes, 10100);
	until(all_acknowledged, fd[0]);
	events_wait(fd[0], 0);
	say_told("of three pieces", fd[0], 256);
	close_pair(fd);
}

static bool reset_came(int fd)
{
	return events_now(fd, 0) & POLLHUP;
}

/* Told even if nobody was ever going to acknowledge it. */
static void reset(void)
{
	int fd[2];

	tcp_pair(fd);
	set_int(fd[0], SOL_SOCKET, SO_ZEROCOPY, 1);
	say_rc("before the reset", send(fd[0], bytes, BYTES, MSG_ZEROCOPY));
	arrived(fd[1], BYTES);
	set_linger(fd[1], true, 0);
	close(fd[1]);
	until(reset_came, fd[0]);
	say_told("of the call before the reset", fd[0], 256);
	say("SO_ERROR after the reset", "%d", get_int(fd[0], SOL_SOCKET, SO_ERROR));
	close(fd[0]);
}

static void datagrams(void)
{
	int fd[2];

	udp_pair(fd);
	set_int(fd[0], SOL_SOCKET, SO_ZEROCOPY, 1);
	say_rc("a datagram", send(fd[0], bytes, 1000, MSG_ZEROCOPY));
	arrived(fd[1], 1000);
	say_events("after a datagram", events_wait(fd[0], 0));
	say_told("of a datagram", fd[0], 256);
	say_told("and no more", fd[0], 256);
	close_pair(fd);
}

void topic_zerocopy(void)
{
	option("stream", tcp_socket(0));
	option("datagram socket", udp_socket(0));
	numbers();
	children();
	several_pieces();
	reset();
	datagrams();
}
