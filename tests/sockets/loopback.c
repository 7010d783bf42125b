/* SPDX-License-Identifier: BSD-3-Clause */
/* A host that speaks with itself: 127.0.0.0/8, ::1, its own addresses, the unspecified one. */
#include <netinet/ip_icmp.h>

#include "sockets/twin.h"

static const struct {
	const char *text;
	uint32_t address;
} fours[] = {
	{"127.0.0.1", 0x7f000001u},
	{"127.9.8.7", 0x7f090807u},
	{"own address", 0x0a000001u},
	{"0.0.0.0", INADDR_ANY},
};

static const char *const sixes[] = {
	"::1", "::", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0.0.0.0"};

static struct sockaddr_in four(uint32_t address, uint16_t port)
{
	struct sockaddr_in sin = any_address(port);

	sin.sin_addr.s_addr = htonl(address);
	return sin;
}

static void say_names(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = SIN_LEN;

	if (getsockname(fd, SA(&sin), &len) == 0)
		say_address("its name", &sin, len);
	len = SIN_LEN;
	if (getpeername(fd, SA(&sin), &len) == 0)
		say_address("its peer", &sin, len);
}

static void say_names6(int fd)
{
	struct sockaddr_in6 sin6;
	socklen_t len = SIN6_LEN;

	if (getsockname(fd, SA(&sin6), &len) == 0)
		say_address6("its name", &sin6, len);
	len = SIN6_LEN;
	if (getpeername(fd, SA(&sin6), &len) == 0)
		say_address6("its peer", &sin6, len);
}

static void speak(const int fd[2])
{
	char buf[8];

	say_rc("send", send(fd[0], "hello", 5, 0));
	arrived(fd[1], 5);
	say_bytes("receive", buf, recv(fd[1], buf, sizeof(buf), 0));
	say_rc("send back", send(fd[1], "ok", 2, 0));
	arrived(fd[0], 2);
	say_bytes("receive what came back", buf, recv(fd[0], buf, sizeof(buf), 0));
}

static void streams(void)
{
	for (size_t i = 0; i < sizeof(fours) / sizeof(fours[0]); i++) {
		struct sockaddr_in any = any_address((uint16_t)(PORT + i));
		struct sockaddr_in to = four(fours[i].address, (uint16_t)(PORT + i));
		int l = tcp_socket(0), fd[2] = {tcp_socket(0)};

		about("a stream to %s", fours[i].text);
		need(bind(l, SA(&any), SIN_LEN) == 0 && listen(l, 4) == 0);
		say_rc("connect", connect(fd[0], SA(&to), SIN_LEN));
		say_names(fd[0]);
		fd[1] = accept(l, NULL, NULL);
		about("a stream from %s", fours[i].text);
		say_names(fd[1]);
		about("over a stream to %s", fours[i].text);
		speak(fd);
		close_pair(fd);
		close(l);
	}
}

static void streams6(void)
{
	for (size_t i = 0; i < sizeof(sixes) / sizeof(sixes[0]); i++) {
		uint16_t port = (uint16_t)(PORT + 20 + i);
		struct sockaddr_in6 any = address6("::", port), to = address6(sixes[i], port);
		int l = six_socket(SOCK_STREAM), fd[2] = {six_socket(SOCK_STREAM)};

		about("a stream to %s", sixes[i]);
		need(bind(l, SA(&any), SIN6_LEN) == 0 && listen(l, 4) == 0);
		say_rc("connect", connect(fd[0], SA(&to), SIN6_LEN));
		say_names6(fd[0]);
		fd[1] = accept(l, NULL, NULL);
		about("a stream from %s", sixes[i]);
		say_names6(fd[1]);
		about("over a stream to %s", sixes[i]);
		speak(fd);
		close_pair(fd);
		close(l);
	}
}

static void datagrams(void)
{
	for (size_t i = 0; i < sizeof(fours) / sizeof(fours[0]); i++) {
		struct sockaddr_in any = any_address((uint16_t)(PORT + 40 + i)), from;
		struct sockaddr_in to = four(fours[i].address, (uint16_t)(PORT + 40 + i));
		int fd[2] = {udp_socket(0), udp_socket(0)};
		socklen_t len = SIN_LEN;
		char buf[8];

		about("a datagram to %s", fours[i].text);
		need(bind(fd[1], SA(&any), SIN_LEN) == 0);
		say_rc("send", sendto(fd[0], "hello", 5, 0, SA(&to), SIN_LEN));
		arrived(fd[1], 5);
		say_bytes("receive", buf, recvfrom(fd[1], buf, sizeof(buf), 0, SA(&from), &len));
		say_address("its source", &from, len);
		say_rc("connect", connect(fd[0], SA(&to), SIN_LEN));
		say_names(fd[0]);
		close_pair(fd);
	}
}

static void datagrams6(void)
{
	for (size_t i = 0; i < sizeof(sixes) / sizeof(sixes[0]); i++) {
		uint16_t port = (uint16_t)(PORT + 60 + i);
		struct sockaddr_in6 any = address6("::", port), to = address6(sixes[i], port), from;
		int fd[2] = {six_socket(SOCK_DGRAM), six_socket(SOCK_DGRAM)};
		socklen_t len = SIN6_LEN;
		char buf[8];

		about("a datagram to %s", sixes[i]);
		need(bind(fd[1], SA(&any), SIN6_LEN) == 0);
		say_rc("send", sendto(fd[0], "hello", 5, 0, SA(&to), SIN6_LEN));
		arrived(fd[1], 5);
		say_bytes("receive", buf, recvfrom(fd[1], buf, sizeof(buf), 0, SA(&from), &len));
		say_address6("its source", &from, len);
		say_rc("connect", connect(fd[0], SA(&to), SIN6_LEN));
		say_names6(fd[0]);
		close_pair(fd);
	}
}

static void nobody_there(void)
{
	for (size_t i = 0; i < sizeof(fours) / sizeof(fours[0]); i++) {
		struct sockaddr_in to = four(fours[i].address, PORT_NO);
		int tcp = tcp_socket(0), udp = udp_socket(0);
		char c;

		about("nobody at %s", fours[i].text);
		say_rc("connect a stream", connect(tcp, SA(&to), SIN_LEN));
		say_rc("connect a datagram socket", connect(udp, SA(&to), SIN_LEN));
		say_rc("send", send(udp, "x", 1, 0));
		say_rc("receive", recv(udp, &c, 1, 0));
		close(tcp);
		close(udp);
	}
}

static void bindings(void)
{
	static const struct {
		const char *own, *to;
		uint32_t own_address, to_address;
	} pairs[] = {
		{"127.0.0.1", "127.9.8.7", 0x7f000001u, 0x7f090807u},
		{"127.9.8.7", "127.0.0.1", 0x7f090807u, 0x7f000001u},
		{"own address", "127.0.0.1", 0x0a000001u, 0x7f000001u},
		{"own address", "nobody", 0x0a000001u, INADDR_ANY},
		{"127.9.8.7", "nobody", 0x7f090807u, INADDR_ANY},
		{"127.0.0.1", "own address", 0x7f000001u, 0x0a000001u},
		{"127.0.0.1", "another host", 0x7f000001u, 0x0a000002u},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct sockaddr_in own = four(pairs[i].own_address, 0);
		struct sockaddr_in to = four(pairs[i].to_address, PORT_NO);
		int udp = udp_socket(0), tcp = tcp_socket(0);

		about("bound to %s, to %s", pairs[i].own, pairs[i].to);
		say_rc("bind a stream", bind(tcp, SA(&own), SIN_LEN));
		say_rc("bind a datagram socket", bind(udp, SA(&own), SIN_LEN));
		say_rc("connect a stream", connect(tcp, SA(&to), SIN_LEN));
		say_rc("connect a datagram socket", connect(udp, SA(&to), SIN_LEN));
		say_names(udp);
		close(tcp);
		close(udp);
	}
}

/* A stream whose both ends are one socket. */
static void itself(void)
{
	struct sockaddr_in own = four(0x7f000001u, PORT + 80);
	int fd = tcp_socket(0);
	char buf[8];

	about("a stream to itself");
	need(bind(fd, SA(&own), SIN_LEN) == 0);
	say_rc("connect", connect(fd, SA(&own), SIN_LEN));
	say_names(fd);
	say_rc("send", send(fd, "echo", 4, 0));
	arrived(fd, 4);
	say_bytes("receive", buf, recv(fd, buf, sizeof(buf), 0));
	say_rc("shutdown", shutdown(fd, SHUT_WR));
	say_rc("receive the end", recv(fd, buf, sizeof(buf), 0));
	close(fd);
}

void topic_loopback(void)
{
	on_client();
	streams();
	streams6();
	datagrams();
	datagrams6();
	nobody_there();
	bindings();
	itself();
	about("%s", "");
}
