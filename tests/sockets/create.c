/* SPDX-License-Identifier: BSD-3-Clause */
/* socket(): what there is, what there is not and why; flags; what a fresh socket is like. */
#include "sockets/twin.h"

/* What the compiler would warn of. */
static void *volatile nowhere;
static volatile int minus_one = -1;

static const struct {
	const char *name;
	int domain, type, protocol;
} requests[] = {
	{"stream", AF_INET, SOCK_STREAM, 0},
	{"stream, TCP", AF_INET, SOCK_STREAM, IPPROTO_TCP},
	{"stream, UDP", AF_INET, SOCK_STREAM, IPPROTO_UDP},
	{"stream, a protocol that is none", AF_INET, SOCK_STREAM, 253},
	{"stream, protocol -1", AF_INET, SOCK_STREAM, -1},
	{"stream, protocol 263", AF_INET, SOCK_STREAM, 263},
	{"stream, protocol 100000", AF_INET, SOCK_STREAM, 100000},
	{"datagram", AF_INET, SOCK_DGRAM, 0},
	{"datagram, UDP", AF_INET, SOCK_DGRAM, IPPROTO_UDP},
	{"datagram, TCP", AF_INET, SOCK_DGRAM, IPPROTO_TCP},
	{"datagram, protocol -1", AF_INET, SOCK_DGRAM, -1},
	{"type 0", AF_INET, 0, 0},
	{"type 0, TCP", AF_INET, 0, IPPROTO_TCP},
	{"seqpacket", AF_INET, SOCK_SEQPACKET, 0},
	{"rdm", AF_INET, SOCK_RDM, 0},
	{"type 9", AF_INET, 9, 0},
	{"type 11", AF_INET, 11, 0},
	{"type 15", AF_INET, 15, 0},
	{"type -1", AF_INET, -1, 0},
	{"an unknown flag", AF_INET, SOCK_STREAM | 0x1000, 0},
	{"family 0", AF_UNSPEC, SOCK_STREAM, 0},
	{"family -1", -1, SOCK_STREAM, 0},
	{"family 1000", 1000, SOCK_STREAM, 0},
	{"family 1000, type 11", 1000, 11, 0},
	{"non-blocking", AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0},
	{"close on exec", AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0},
	{"both", AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0},
};

static void arguments(void)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		int fd = socket(requests[i].domain, requests[i].type, requests[i].protocol);

		about("%s", requests[i].name);
		say_fd("", fd);
		if (fd < 0)
			continue;
		say("flags", "%s%s%s", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR ? "rdwr" : "",
		    fcntl(fd, F_GETFL) & O_NONBLOCK ? " nonblock" : "",
		    fcntl(fd, F_GETFD) & FD_CLOEXEC ? " cloexec" : "");
		say("what it is", "family %d type %d protocol %d",
		    get_int(fd, SOL_SOCKET, SO_DOMAIN), get_int(fd, SOL_SOCKET, SO_TYPE),
		    get_int(fd, SOL_SOCKET, SO_PROTOCOL));
		close(fd);
	}
	about("%s", "");
}

/* Numbers of descriptors: the lowest free one. */
static void numbers(void)
{
	int a = tcp_socket(0), b = udp_socket(0), c;

	say_if("the next number is higher", b > a);
	close(a);
	c = udp_socket(0);
	say_if("the lowest free number is taken", c == a);
	close(b);
	close(c);
}

/* Calls that a fresh socket answers at once. */
static void fresh(const char *name, int fd)
{
	struct sockaddr_in sin = {0};
	socklen_t len = SIN_LEN;
	char byte;
	int rc;

	about("fresh %s", name);
	say_rc("send", send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
	say_rc("recv", recv(fd, &byte, 1, MSG_DONTWAIT));
	say_rc("shutdown of both", shutdown(fd, SHUT_RDWR));
	say_rc("shutdown with a wrong way", shutdown(fd, 3));
	say_rc("accept", accept(fd, NULL, NULL));
	say_rc("peer's name", getpeername(fd, SA(&sin), &len));
	rc = getsockname(fd, SA(&sin), &len);
	say_rc("own name", rc);
	say_address("which is", &sin, len);
	say("error", "%d", get_int(fd, SOL_SOCKET, SO_ERROR));
	close(fd);
	about("%s", "");
}

/* Calls on what is no socket. */
static void calls_of_sockets(int fd)
{
	struct sockaddr_in sin = any_address(PORT);
	socklen_t len = SIN_LEN;
	char byte;

	say_rc("bind", bind(fd, SA(&sin), SIN_LEN));
	say_rc("connect", connect(fd, SA(&sin), SIN_LEN));
	say_rc("listen", listen(fd, 1));
	say_rc("accept", accept(fd, NULL, NULL));
	say_rc("shutdown", shutdown(fd, SHUT_RD));
	say_rc("send", send(fd, "x", 1, 0));
	say_rc("recv", recv(fd, &byte, 1, 0));
	say_rc("write", write(fd, "x", 1));
	say_rc("read", read(fd, &byte, 1));
	say_rc("own name", getsockname(fd, SA(&sin), &len));
	say_rc("peer's name", getpeername(fd, SA(&sin), &len));
	say_rc("an option", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &fd, sizeof(fd)));
}

/* What else is wrong is told only where there is a socket. */
static void bad_arguments(int fd)
{
	struct sockaddr_in sin;
	int flags = 1 << 28; /* that no call knows */

	say_rc("recv to nowhere", recv(fd, nowhere, 1, 0));
	say_rc("recvfrom to nowhere", recvfrom(fd, nowhere, 1, 0, NULL, NULL));
	say_rc("recvmsg to nowhere", recvmsg(fd, nowhere, 0));
	say_rc("readv of no vector", readv(fd, nowhere, 1));
	say_rc("readv of -1 pieces", readv(fd, nowhere, minus_one));
	say_rc("send from nowhere", send(fd, nowhere, 1, 0));
	say_rc("sendto from nowhere", sendto(fd, nowhere, 1, 0, NULL, 0));
	say_rc("sendmsg from nowhere", sendmsg(fd, nowhere, 0));
	say_rc("writev of no vector", writev(fd, nowhere, 1));
	say_rc("writev of -1 pieces", writev(fd, nowhere, minus_one));
	say_rc("accept4 with a wrong flag", accept4(fd, NULL, NULL, flags));
	say_rc("accept4 with an address, no length", accept4(fd, SA(&sin), nowhere, 0));
	say_rc("wait for events to nowhere", epoll_wait(fd, nowhere, 1, 0));
}

static void no_socket(void)
{
	int fd = epoll_create1(0);

	about("an epoll instance");
	calls_of_sockets(fd);
	close(fd);
	about("a descriptor that is closed");
	calls_of_sockets(fd);
	bad_arguments(fd);
	say_rc("close", close(fd));
	say_rc("dup", dup(fd));
	say_rc("fcntl", fcntl(fd, F_GETFL));
	say_rc("ioctl", ioctl(fd, FIONBIO, &fd));
	about("%s", "");
	say_rc("close of -1", close(-1));
}

void topic_create(void)
{
	on_client();
	arguments();
	numbers();
	fresh("stream", tcp_socket(0));
	fresh("datagram", udp_socket(0));
	no_socket();
}
