/* SPDX-License-Identifier: BSD-3-Clause */
/* readv, writev, sendmsg, recvmsg: pieces of every kind, on streams and with datagrams. */
#include <limits.h>

#include "sockets/twin.h"

/* What the compiler would warn of. */
static volatile int minus_one = -1, one = 1;
static struct iovec *volatile no_vector;

static struct iovec piece(const void *bytes, size_t n)
{
	return (struct iovec){(void *)(uintptr_t)bytes, n};
}

static ssize_t send_pieces(int fd, struct iovec *iov, size_t n)
{
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n};

	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

static ssize_t receive_pieces(int fd, struct iovec *iov, size_t n, int flags, int *out)
{
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n, .msg_flags = -1};
	ssize_t rc = recvmsg(fd, &msg, flags);

	if (out)
		*out = msg.msg_flags;
	return rc;
}

static void written(const char *kind, const int fd[2])
{
	struct iovec three[] = {piece("one ", 4), piece("", 0), piece("two", 3)};
	struct iovec holes[] = {piece(NULL, 0), piece("a", 1), piece(NULL, 0), piece("b", 1)};
	struct iovec bad = piece(NULL, 1), negative = piece("x", SIZE_MAX);
	static struct iovec many[IOV_MAX + 1];
	char buf[64];

	about("%s", kind);
	say_rc("three pieces", writev(fd[0], three, 3));
	arrived(fd[1], 7);
	say_bytes("arrive", buf, recv(fd[1], buf, sizeof(buf), 0));
	say_rc("empty pieces between", writev(fd[0], holes, 4));
	arrived(fd[1], 2);
	say_bytes("arrive then", buf, recv(fd[1], buf, sizeof(buf), 0));
	say_rc("-1 pieces", writev(fd[0], three, minus_one));
	say_rc("too many pieces", writev(fd[0], many, IOV_MAX + 1));
	say_rc("too many pieces of a message", send_pieces(fd[0], many, IOV_MAX + 1));
	say_rc("no vector", writev(fd[0], no_vector, one));
	say_rc("no message", sendmsg(fd[0], NULL, 0));
	say_rc("a piece without memory", writev(fd[0], &bad, 1));
	say_rc("a length that is negative", writev(fd[0], &negative, 1));
	say_rc("no pieces", writev(fd[0], three, 0));
	say_rc("no bytes in a piece", writev(fd[0], &three[1], 1));
	say_rc("and nothing arrives", recv(fd[1], buf, sizeof(buf), MSG_DONTWAIT));
	for (size_t i = 0; i < IOV_MAX; i++)
		many[i] = piece(&"0123456789"[i % 10], 1);
	say_rc("as many as may be", writev(fd[0], many, IOV_MAX));
	arrived(fd[1], IOV_MAX);
	{
		char all[IOV_MAX + 1];

		say_bytes("arrive as well", all, recv(fd[1], all, sizeof(all), 0));
	}
	about("%s", "");
}

static void read_into(const char *kind, const int fd[2])
{
	char a[4] = "", b[4] = "", c[4] = "";
	struct iovec three[] = {{a, 2}, {NULL, 0}, {b, 3}};
	struct iovec nothing[] = {{NULL, 0}, {c, 0}};
	struct iovec bad[] = {{NULL, 4}};
	int flags;

	about("%s", kind);
	need(send(fd[0], "abcdefg", 7, 0) == 7);
	arrived(fd[1], 7);
	say_rc("a look into pieces", receive_pieces(fd[1], three, 3, MSG_PEEK, &flags));
	say("pieces", "%.2s %.3s, flags %#x", a, b, flags & (MSG_TRUNC | MSG_CTRUNC | MSG_EOR));
	say_rc("read into none", readv(fd[1], nothing, 2));
	say_rc("read into no pieces", readv(fd[1], three, 0));
	say_rc("-1 pieces to read into", readv(fd[1], three, minus_one));
	say_rc("no vector to read into", readv(fd[1], no_vector, one));
	say_rc("no message to read into", recvmsg(fd[1], NULL, 0));
	say_rc("no memory to read into", readv(fd[1], bad, 1));
	about("%s", "");
}

/* The flags and lengths of a message, where it is cut and where not. */
static void message_of(const char *name, int fd, size_t room, int flags)
{
	struct sockaddr_in from;
	char buf[64] = "untouched", control[64];
	struct iovec iov = {buf, room};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = SIN_LEN,
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control),
			     .msg_flags = -1};
	ssize_t n = recvmsg(fd, &msg, flags);

	about("%s", name);
	say_bytes("", buf, n < (ssize_t)room ? n : (ssize_t)room);
	say("tells", "%zd, flags%s%s, control %zu, name %u", n,
	    msg.msg_flags & MSG_TRUNC ? " TRUNC" : "", msg.msg_flags & MSG_EOR ? " EOR" : "",
	    msg.msg_controllen, msg.msg_namelen);
	about("%s", "");
}

static void messages(void)
{
	int fd[2];

	tcp_pair(fd);
	need(send(fd[0], "abcdef", 6, 0) == 6);
	arrived(fd[1], 6);
	message_of("a message of a stream", fd[1], 2, 0);
	message_of("a look", fd[1], 2, MSG_PEEK);
	message_of("thrown away", fd[1], 2, MSG_TRUNC);
	message_of("the rest", fd[1], 64, 0);
	message_of("nothing", fd[1], 64, MSG_DONTWAIT);
	close_pair(fd);
	udp_pair(fd);
	need(send(fd[0], "abcdef", 6, 0) == 6);
	arrived(fd[1], 6);
	message_of("a look at a datagram", fd[1], 2, MSG_PEEK);
	message_of("a look at its length", fd[1], 2, MSG_PEEK | MSG_TRUNC);
	message_of("a part of a datagram", fd[1], 2, 0);
	need(send(fd[0], "ghi", 3, 0) == 3);
	arrived(fd[1], 3);
	message_of("the whole length of one that is cut", fd[1], 2, MSG_TRUNC);
	message_of("no datagram", fd[1], 64, MSG_DONTWAIT);
	close_pair(fd);
}

/* A negative length of a name is an error only where it is a name. */
static void name_lengths(void)
{
	struct sockaddr_in sin = {0};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_name = &sin, .msg_iov = &iov, .msg_iovlen = 1};
	int fd[2];

	udp_pair(fd);
	msg.msg_namelen = (socklen_t)-1;
	say_rc("send with a name of length -1", sendmsg(fd[0], &msg, 0));
	say_rc("receive with a name of length -1", recvmsg(fd[1], &msg, MSG_DONTWAIT));
	msg.msg_namelen = 0;
	say_rc("send with a name of length 0", sendmsg(fd[0], &msg, 0));
	arrived(fd[1], 1);
	msg.msg_name = NULL;
	msg.msg_namelen = 99;
	say_rc("receive without a name", recvmsg(fd[1], &msg, 0));
	say("the length", "%u", msg.msg_namelen);
	close_pair(fd);
}

/* A vector whose bytes do not all fit goes on where it was cut. */
static void cut(void)
{
	static char block[100][3000];
	struct iovec iov[100];
	static char got[sizeof(block)];
	int fd[2];

	for (size_t i = 0; i < 100; i++) {
		memset(block[i], (int)(i + 33), sizeof(block[i]));
		iov[i] = (struct iovec){block[i], sizeof(block[i])};
	}
	tcp_pair_sized(fd, 1 << 19, 1 << 19);
	say_rc("300000 bytes in pieces", writev(fd[0], iov, 100));
	receive_all(fd[1], got, sizeof(got));
	say_bytes("arrive in order", got, (ssize_t)sizeof(got));
	say_if("and as sent", memcmp(got, block, sizeof(got)) == 0);
	close_pair(fd);
}

/* No bytes: whatever state the socket is in, and whether it is one. */
static void nothing_written(void)
{
	struct iovec none = {0};
	struct sockaddr_in sin;
	int fd = tcp_socket(0), listener = tcp_listener(&sin, 1, 0), ep = epoll_create1(0);

	say_rc("no bytes into a fresh stream", writev(fd, &none, 1));
	say_rc("no pieces into it", writev(fd, &none, 0));
	say_rc("no bytes into a listener", writev(listener, &none, 1));
	say_rc("no bytes into an instance", writev(ep, &none, 1));
	close(ep);
	close(listener);
	close(fd);
	say_rc("no bytes into what is closed", writev(fd, &none, 1));
	fd = udp_socket(0);
	say_rc("no bytes into a datagram socket without a peer", writev(fd, &none, 1));
	say_rc("a write of no bytes", write(fd, "", 0));
	close(fd);
}

void topic_vectors(void)
{
	int fd[2];

	tcp_pair(fd);
	written("stream", fd);
	read_into("stream", fd);
	close_pair(fd);
	udp_pair(fd);
	written("datagram", fd);
	read_into("datagram", fd);
	close_pair(fd);
	messages();
	name_lengths();
	nothing_written();
	cut();
}
