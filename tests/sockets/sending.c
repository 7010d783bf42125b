/* SPDX-License-Identifier: BSD-3-Clause */
/* send() and its flags on streams, what an address does there, a send that takes a part. */
#include "sockets/twin.h"

static const struct {
	const char *name;
	int flags;
} flags[] = {
	{"no flag", 0},
	{"MSG_NOSIGNAL", MSG_NOSIGNAL},
	{"MSG_DONTWAIT", MSG_DONTWAIT},
	{"MSG_EOR", MSG_EOR},
	{"MSG_CONFIRM", MSG_CONFIRM},
	{"MSG_DONTWAIT and MSG_EOR", MSG_DONTWAIT | MSG_EOR},
};

static void each_flag(void)
{
	char byte = 0;
	int fd[2];

	tcp_pair(fd);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		about("%s", flags[i].name);
		say_rc("", send(fd[0], &"abcdefgh"[i], 1, flags[i].flags));
		receive_all(fd[1], &byte, 1);
		say("arrives", "%c", byte);
	}
	about("%s", "");
	say_rc("MSG_MORE", send(fd[0], "one ", 4, MSG_MORE));
	say_rc("and the rest", send(fd[0], "two", 3, 0));
	{
		char text[8] = {0};

		receive_all(fd[1], text, 7);
		say("which arrives", "%s", text);
	}
	say_rc("a flag that send does not know", send(fd[0], "x", 1, MSG_WAITALL));
	close_pair(fd);
}

static void nothing_to_send(void)
{
	int fd[2], listener;
	struct sockaddr_in to;
	char byte;

	tcp_pair(fd);
	say_rc("no bytes", send(fd[0], "x", 0, 0));
	say_rc("no bytes, no buffer", send(fd[0], NULL, 0, 0));
	say_rc("write of no bytes", write(fd[0], "x", 0));
	say_rc("a byte without buffer", send(fd[0], NULL, 1, 0));
	say_rc("then a byte", send(fd[0], "y", 1, 0));
	receive_all(fd[1], &byte, 1);
	say("arrives alone", "%c %zu", byte, drain(fd[1]));
	say_rc("shut down", shutdown(fd[0], SHUT_WR));
	say_rc("no bytes after that", send(fd[0], "x", 0, MSG_NOSIGNAL));
	say_rc("a byte after that", send(fd[0], "x", 1, MSG_NOSIGNAL));
	close_pair(fd);
	listener = tcp_listener(&to, 1, 0);
	say_rc("no bytes on a listener", send(listener, "x", 0, MSG_NOSIGNAL));
	close(listener);
	fd[0] = tcp_socket(0);
	say_rc("no bytes on a fresh socket", send(fd[0], "x", 0, MSG_NOSIGNAL));
	close(fd[0]);
}

/* An address means nothing to a stream that is connected. */
static void with_address(void)
{
	struct sockaddr_in to = silent_address(0, PORT);
	char byte;
	int fd[2];

	tcp_pair(fd);
	about("sendto on a connected stream");
	say_rc("an address", sendto(fd[0], "a", 1, 0, SA(&to), SIN_LEN));
	say_rc("no address with a length", sendto(fd[0], "b", 1, 0, NULL, SIN_LEN));
	say_rc("an address without length", sendto(fd[0], "c", 1, 0, SA(&to), 0));
	say_rc("an address of 3 bytes", sendto(fd[0], "d", 1, 0, SA(&to), 3));
	say_rc("an address of -1 bytes", sendto(fd[0], "e", 1, 0, SA(&to), (socklen_t)-1));
	say_rc("an address of 129 bytes", sendto(fd[0], "f", 1, 0, SA(&to), 129));
	for (int i = 0; i < 4; i++) {
		receive_all(fd[1], &byte, 1);
		say("arrives", "%c", byte);
		about("sendto on a connected stream, %d", i + 2);
	}
	close_pair(fd);
	about("%s", "");
	fd[0] = tcp_socket(0);
	say_rc("sendto on a fresh stream", sendto(fd[0], "x", 1, MSG_NOSIGNAL, SA(&to), SIN_LEN));
	close(fd[0]);
}

/* A byte with one control message of 4 octets. */
static ssize_t send_control(int fd, struct cmsghdr header, size_t room)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int)) * 2] = "";
	struct iovec iov = {(char[]){'x'}, 1};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};

	memcpy(control, &header, sizeof(header));
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

/* Control messages that are none, or not for this kind of socket. */
static void with_control(const char *kind, const int fd[2])
{
	static const struct {
		const char *name;
		struct cmsghdr header;
	} rows[] = {
		{"of SOL_SOCKET, unknown", {CMSG_LEN(4), SOL_SOCKET, 9999}},
		{"of SOL_SOCKET, SCM_RIGHTS", {CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS}},
		{"of SOL_SOCKET, SCM_CREDENTIALS", {CMSG_LEN(4), SOL_SOCKET, SCM_CREDENTIALS}},
		{"of length 3", {3, SOL_SOCKET, SCM_RIGHTS}},
		{"of another level, of length 3", {3, 9999, 1}},
		{"longer than its room", {CMSG_LEN(64), SOL_SOCKET, SCM_RIGHTS}},
		{"of length 0", {0, SOL_SOCKET, SCM_RIGHTS}},
		{"of another level", {CMSG_LEN(4), 9999, 1}},
		{"of no bytes", {CMSG_LEN(0), SOL_SOCKET, SCM_RIGHTS}},
	};
	struct iovec iov = {(char[]){'x'}, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_controllen = 64};

	about("a control message of a %s", kind);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		say_rc(rows[i].name, send_control(fd[0], rows[i].header, CMSG_SPACE(4)));
	say_rc("in 15 bytes of room", send_control(fd[0], rows[0].header, 15));
	say_rc("a second one of length 0", send_control(fd[0], rows[7].header, CMSG_SPACE(4) * 2));
	if (fd[1] >= 0)
		say_rc("without memory", sendmsg(fd[0], &msg, MSG_NOSIGNAL));
	about("%s", "");
}

static void all_with_control(void)
{
	int fd[2] = {tcp_socket(0), -1};

	with_control("fresh stream", fd);
	close(fd[0]);
	tcp_pair(fd);
	with_control("stream", fd);
	close_pair(fd);
	udp_pair(fd);
	with_control("datagram socket", fd);
	close_pair(fd);
}

/* A full buffer: what takes a part, what takes nothing. */
static void full(void)
{
	static char big[1 << 20];
	int fd[2];
	ssize_t n;

	tcp_pair_sized(fd, 8192, 16384);
	n = send(fd[0], big, sizeof(big), MSG_DONTWAIT);
	say_if("a large send takes a part", n > 0 && n < (ssize_t)sizeof(big));
	fill(fd[0]);
	say_rc("send into a full buffer", send(fd[0], big, 1, MSG_DONTWAIT));
	say_rc("no bytes into a full buffer", send(fd[0], big, 0, MSG_DONTWAIT));
	say_events("it has", events_now(fd[0], POLLIN | POLLOUT));
	set_nonblock(fd[0], true);
	say_rc("write into a full buffer", write(fd[0], big, 1));
	set_nonblock(fd[0], false);
	set_timeout(fd[0], SO_SNDTIMEO, 20);
	say_rc("blocking send with a time limit", send(fd[0], big, 1, 0));
	say_if("the other side reads", drain(fd[1]) > 0);
	while (!(events_now(fd[0], POLLOUT) & POLLOUT))
		drain(fd[1]);
	say_events("it has then", events_now(fd[0], POLLIN | POLLOUT));
	say_rc("send then", send(fd[0], big, 1, MSG_DONTWAIT));
	close_pair(fd);
}

static void make_pattern(uint8_t *bytes, size_t len, unsigned step)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * step + i / 251);
}

/* What arrives until it is len bytes, or the end. */
static size_t take_all(int fd, uint8_t *bytes, size_t len)
{
	size_t got = 0;
	ssize_t n;

	memset(bytes, 0, len);
	while (got < len && (n = recv(fd, bytes + got, len - got, 0)) > 0)
		got += (size_t)n;
	return got;
}

/* Blocking: the whole is taken, however small the buffers. */
static void whole(void)
{
	static uint8_t big[300000];
	size_t got;
	int fd[2];

	make_pattern(big, sizeof(big), 31);
	tcp_pair_sized(fd, 65536, 1 << 20);
	say_rc("300000 bytes into a large buffer", send(fd[0], big, sizeof(big), 0));
	got = take_all(fd[1], big, sizeof(big));
	say_bytes("which arrive", big, (ssize_t)got);
	say_rc("nothing follows", recv(fd[1], big, 1, MSG_DONTWAIT));
	close_pair(fd);
}

/* What waits to be sent when the connection is closed still arrives. */
static void closed_behind(void)
{
	static uint8_t big[100000];
	size_t got;
	int fd[2];

	make_pattern(big, sizeof(big), 7);
	tcp_pair_sized(fd, 8192, 1 << 20);
	say_rc("100000 bytes to who does not read", send(fd[0], big, sizeof(big), 0));
	say_rc("close", close(fd[0]));
	got = take_all(fd[1], big, sizeof(big));
	say_bytes("which arrive all the same", big, (ssize_t)got);
	say_rc("then the end", recv(fd[1], big, 1, 0));
	close(fd[1]);
}

void topic_sending(void)
{
	each_flag();
	nothing_to_send();
	with_address();
	all_with_control();
	full();
	whole();
	closed_behind();
}
