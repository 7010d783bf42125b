/* SPDX-License-Identifier: BSD-3-Clause */
/* recv() and its flags on streams: a part, a look, all of it, nothing, the end. */
#include "sockets/twin.h"

static void parts(void)
{
	char buf[32];
	int fd[2];

	tcp_pair(fd);
	need(send(fd[0], "abcdefghij", 10, 0) == 10);
	arrived(fd[1], 10);
	say_bytes("3 of 10", buf, recv(fd[1], buf, 3, 0));
	say_bytes("none of 7", buf, recv(fd[1], buf, 0, 0));
	say_bytes("none, without buffer", buf, recv(fd[1], NULL, 0, 0));
	say_rc("one, without buffer", recv(fd[1], NULL, 1, 0));
	say_bytes("32 of 7", buf, recv(fd[1], buf, 32, 0));
	say_rc("no more", recv(fd[1], buf, 32, MSG_DONTWAIT));
	say_rc("none of none", recv(fd[1], buf, 0, MSG_DONTWAIT));
	set_nonblock(fd[1], true);
	say_rc("read of none", read(fd[1], buf, 0));
	say_rc("read", read(fd[1], buf, 1));
	need(send(fd[0], "one", 3, 0) == 3);
	need(send(fd[0], "two", 3, 0) == 3);
	set_nonblock(fd[1], false);
	arrived(fd[1], 6);
	say_bytes("two sends are one stream", buf, recv(fd[1], buf, 32, 0));
	close_pair(fd);
}

static void peeks(void)
{
	char buf[32];
	int fd[2];

	tcp_pair(fd);
	say_rc("a look at nothing", recv(fd[1], buf, 8, MSG_PEEK | MSG_DONTWAIT));
	need(send(fd[0], "abcdef", 6, 0) == 6);
	arrived(fd[1], 6);
	say_bytes("a look", buf, recv(fd[1], buf, 32, MSG_PEEK));
	say_bytes("a look at 2", buf, recv(fd[1], buf, 2, MSG_PEEK));
	say_bytes("after 1 was taken", buf, recv(fd[1], buf, 1, 0));
	say_bytes("a look again", buf, recv(fd[1], buf, 32, MSG_PEEK | MSG_DONTWAIT));
	say_bytes("a look that wants all of 5", buf, recv(fd[1], buf, 5, MSG_PEEK | MSG_WAITALL));
	say_bytes("take", buf, recv(fd[1], buf, 32, 0));
	need(shutdown(fd[0], SHUT_WR) == 0);
	ended(fd[1]);
	say_bytes("a look at the end", buf, recv(fd[1], buf, 32, MSG_PEEK));
	say_bytes("the end", buf, recv(fd[1], buf, 32, 0));
	close_pair(fd);
}

static void all_of_it(void)
{
	char buf[32];
	int fd[2];

	tcp_pair(fd);
	need(send(fd[0], "abcdef", 6, 0) == 6);
	arrived(fd[1], 6);
	say_bytes("all of 4", buf, recv(fd[1], buf, 4, MSG_WAITALL));
	say_bytes("all of 10 without waiting", buf,
		  recv(fd[1], buf, 10, MSG_WAITALL | MSG_DONTWAIT));
	say_rc("all of none without waiting", recv(fd[1], buf, 10, MSG_WAITALL | MSG_DONTWAIT));
	need(send(fd[0], "gh", 2, 0) == 2);
	set_timeout(fd[1], SO_RCVTIMEO, 300);
	arrived(fd[1], 2);
	say_bytes("all of 10 with a time limit", buf, recv(fd[1], buf, 10, MSG_WAITALL));
	set_timeout(fd[1], SO_RCVTIMEO, 0);
	need(send(fd[0], "ij", 2, 0) == 2);
	need(shutdown(fd[0], SHUT_WR) == 0);
	say_bytes("all of 10 and the end comes", buf, recv(fd[1], buf, 10, MSG_WAITALL));
	say_bytes("all of 10 at the end", buf, recv(fd[1], buf, 10, MSG_WAITALL));
	close_pair(fd);
}

static void thrown_away(void)
{
	char buf[32] = "untouched";
	int fd[2];

	tcp_pair(fd);
	need(send(fd[0], "abcdef", 6, 0) == 6);
	arrived(fd[1], 6);
	say_rc("MSG_TRUNC of 4", recv(fd[1], buf, 4, MSG_TRUNC));
	say("the buffer", "%s", buf);
	say_bytes("what is left", buf, recv(fd[1], buf, 32, 0));
	need(send(fd[0], "abcdef", 6, 0) == 6);
	arrived(fd[1], 6);
	say_rc("MSG_TRUNC and a look", recv(fd[1], buf, 4, MSG_TRUNC | MSG_PEEK));
	say_rc("MSG_TRUNC without buffer", recv(fd[1], NULL, 5, MSG_TRUNC));
	say_bytes("what is left then", buf, recv(fd[1], buf, 32, 0));
	close_pair(fd);
}

static void flags(void)
{
	char buf[8];
	int fd[2];

	tcp_pair(fd);
	say_rc("MSG_OOB", recv(fd[1], buf, 1, MSG_OOB));
	say_rc("MSG_OOB without waiting", recv(fd[1], buf, 1, MSG_OOB | MSG_DONTWAIT));
	say_rc("MSG_ERRQUEUE", recv(fd[1], buf, 1, MSG_ERRQUEUE));
	need(send(fd[0], "abc", 3, 0) == 3);
	arrived(fd[1], 3);
	say_bytes("MSG_NOSIGNAL", buf, recv(fd[1], buf, 1, MSG_NOSIGNAL));
	say_bytes("MSG_CMSG_CLOEXEC", buf, recv(fd[1], buf, 1, MSG_CMSG_CLOEXEC));
	say_rc("a flag that recv does not know", recv(fd[1], buf, 1, MSG_CONFIRM));
	close_pair(fd);
}

/* recvfrom tells no address of a stream. */
static void addresses(void)
{
	struct sockaddr_in from;
	socklen_t len = SIN_LEN;
	char buf[8];
	int fd[2];

	memset(&from, 0xee, sizeof(from));
	tcp_pair(fd);
	need(send(fd[0], "abcdef", 6, 0) == 6);
	arrived(fd[1], 6);
	say_bytes("recvfrom", buf, recvfrom(fd[1], buf, 2, 0, SA(&from), &len));
	say("the address", "length %u, %s", len,
	    from.sin_family == 0xeeee ? "untouched" : "written");
	say_bytes("recvfrom without length", buf, recvfrom(fd[1], buf, 1, 0, SA(&from), NULL));
	len = (socklen_t)-1;
	say_bytes("recvfrom with a length of -1", buf, recvfrom(fd[1], buf, 1, 0, SA(&from), &len));
	say_rc("what is left after that", recv(fd[1], buf, sizeof(buf), 0));
	need(send(fd[0], "ghi", 3, 0) == 3);
	len = 77;
	say_rc("recvfrom with a length alone", recvfrom(fd[1], buf, 1, 0, NULL, &len));
	say("the length", "%u", len);
	close_pair(fd);
}

/* Buffers of the application of all sizes; the bytes stay in order. */
static void sizes(void)
{
	static uint8_t sent[50000], got[50000];
	size_t at = 0;
	int fd[2];

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 13 + i / 255);
	tcp_pair_sized(fd, 1 << 18, 1 << 18);
	need(send(fd[0], sent, sizeof(sent), 0) == (ssize_t)sizeof(sent));
	for (size_t n = 1; at < sizeof(got); n = n * 3 % 4099 + 1) {
		size_t want = n < sizeof(got) - at ? n : sizeof(got) - at;

		need(recv(fd[1], got + at, want, MSG_WAITALL) == (ssize_t)want);
		at += want;
	}
	say_bytes("50000 bytes in pieces", got, (ssize_t)at);
	say_if("as they were sent", memcmp(sent, got, sizeof(got)) == 0);
	close_pair(fd);
}

void topic_receiving(void)
{
	parts();
	peeks();
	all_of_it();
	thrown_away();
	flags();
	addresses();
	sizes();
}
