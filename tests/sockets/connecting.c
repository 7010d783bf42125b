/* SPDX-License-Identifier: BSD-3-Clause */
/* connect() of streams: refused, going on, done, to whom not, once more; and with a time limit. */
#include "sockets/twin.h"

static const struct {
	const char *name;
	uint32_t address;
	sa_family_t family;
	uint16_t port;
	socklen_t len;
} nowhere[] = {
	{"a closed port", 0x0a000002u, AF_INET, PORT_NO, SIN_LEN},
	{"a network without a route", 0xc0000201u, AF_INET, PORT, SIN_LEN},
	{"a group", 0xe0000105u, AF_INET, PORT, SIN_LEN},
	{"the broadcast address", 0x0a0000ffu, AF_INET, PORT, SIN_LEN},
	{"255.255.255.255", INADDR_BROADCAST, AF_INET, PORT, SIN_LEN},
	{"IPv6", 0x0a000002u, AF_INET6, PORT, SIN_LEN},
	{"a family that is none", 0x0a000002u, 77, PORT, SIN_LEN},
	{"15 bytes", 0x0a000002u, AF_INET, PORT, SIN_LEN - 1},
	{"1 byte", 0x0a000002u, AF_INET, PORT, 1},
	{"no bytes", 0x0a000002u, AF_INET, PORT, 0},
	{"129 bytes", 0x0a000002u, AF_INET, PORT, 129},
};

static void errors(void)
{
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		union {
			struct sockaddr_in sin;
			struct sockaddr_storage room[2];
		} a = {.sin = {.sin_family = nowhere[i].family,
			       .sin_port = htons(nowhere[i].port),
			       .sin_addr.s_addr = htonl(nowhere[i].address)}};
		int fd = tcp_socket(0);

		about("connect to %s", nowhere[i].name);
		say_rc("", connect(fd, SA(&a.sin), nowhere[i].len));
		say("error", "%d", get_int(fd, SOL_SOCKET, SO_ERROR));
		close(fd);
	}
	about("%s", "");
	say_rc("connect to NULL", connect(tcp_socket(0), NULL, SIN_LEN));
}

/* A failure leaves the socket as it was before. */
static void again_after_refusal(void)
{
	struct sockaddr_in no = host_address(SERVER, PORT_NO), to, own;
	int listener = tcp_listener(&to, 8, 0), fd;
	socklen_t len = SIN_LEN;
	char byte;

	on_client();
	fd = tcp_socket(0);
	about("refused");
	say_rc("", connect(fd, SA(&no), SIN_LEN));
	say("error", "%d", get_int(fd, SOL_SOCKET, SO_ERROR));
	say_events("it has", events_now(fd, POLLIN | POLLOUT | POLLRDHUP));
	say_rc("send", send(fd, "x", 1, MSG_NOSIGNAL));
	say_rc("recv", recv(fd, &byte, 1, 0));
	say_rc("shutdown", shutdown(fd, SHUT_WR));
	say_rc("peer's name", getpeername(fd, SA(&own), &len));
	say_rc("again", connect(fd, SA(&no), SIN_LEN));
	say_rc("then to one who listens", connect(fd, SA(&to), SIN_LEN));
	say_rc("send then", send(fd, "x", 1, 0));
	say_rc("and once more", connect(fd, SA(&to), SIN_LEN));
	close(fd);
	about("%s", "");
	close(listener);
}

/* Nobody refuses, nobody answers: an attempt that goes on. */
static void going_on(void)
{
	struct sockaddr_in to = silent_address(0, PORT), own;
	int fd = tcp_socket(SOCK_NONBLOCK);
	socklen_t len = SIN_LEN;
	char byte;

	about("going on");
	say_rc("", connect(fd, SA(&to), SIN_LEN));
	say_rc("again", connect(fd, SA(&to), SIN_LEN));
	say("error", "%d", get_int(fd, SOL_SOCKET, SO_ERROR));
	say_events("it has", events_now(fd, POLLIN | POLLOUT | POLLRDHUP));
	say_rc("send", send(fd, "x", 1, MSG_NOSIGNAL));
	say_rc("recv", recv(fd, &byte, 1, 0));
	say_rc("peer's name", getpeername(fd, SA(&own), &len));
	own = name_of(fd);
	say_address("own name", &own, SIN_LEN);
	say_rc("bind", bind(fd, SA(&own), SIN_LEN));
	say_rc("listen", listen(fd, 1));
	say_rc("accept", accept(fd, NULL, NULL));
	say_events("nobody answers", events_wait(fd, POLLIN | POLLOUT | POLLRDHUP));
	say("why", "%s", strerrorname_np(get_int(fd, SOL_SOCKET, SO_ERROR)));
	say("error after that", "%d", get_int(fd, SOL_SOCKET, SO_ERROR));
	close(fd);
	fd = tcp_socket(SOCK_NONBLOCK);
	say_rc("the next attempt", connect(fd, SA(&to), SIN_LEN));
	close(fd);
	about("%s", "");
}

static void given_up(void)
{
	struct sockaddr_in to = silent_address(1, PORT);
	int fd = tcp_socket(SOCK_NONBLOCK);
	char byte;

	about("given up");
	say_rc("", connect(fd, SA(&to), SIN_LEN));
	say_rc("shutdown", shutdown(fd, SHUT_RDWR));
	say_events("it has", events_now(fd, POLLIN | POLLOUT | POLLRDHUP));
	say_rc("send", send(fd, "x", 1, MSG_NOSIGNAL));
	say_rc("recv", recv(fd, &byte, 1, 0));
	say("error", "%d", get_int(fd, SOL_SOCKET, SO_ERROR));
	close(fd);
	about("%s", "");
}

static void waiting(void)
{
	struct sockaddr_in to = silent_address(2, PORT);
	int fd = tcp_socket(0);

	say_rc("blocking, nobody answers", connect(fd, SA(&to), SIN_LEN));
	close(fd);
	to = silent_address(3, PORT);
	fd = tcp_socket(0);
	set_timeout(fd, SO_SNDTIMEO, 50);
	say_rc("blocking, with a time limit", connect(fd, SA(&to), SIN_LEN));
	say_rc("again, with a time limit", connect(fd, SA(&to), SIN_LEN));
	set_nonblock(fd, true);
	say_rc("and without waiting", connect(fd, SA(&to), SIN_LEN));
	close(fd);
}

static void without_waiting(void)
{
	struct sockaddr_in to, no = host_address(SERVER, PORT_NO), peer;
	int listener = tcp_listener(&to, 8, 0), fd;
	socklen_t len = SIN_LEN;

	on_client();
	fd = tcp_socket(SOCK_NONBLOCK);
	about("without waiting");
	say_rc("", connect(fd, SA(&to), SIN_LEN));
	say_events("it has", events_wait(fd, POLLIN | POLLOUT | POLLRDHUP));
	say("error", "%d", get_int(fd, SOL_SOCKET, SO_ERROR));
	say_rc("peer's name", getpeername(fd, SA(&peer), &len));
	say_rc("once more", connect(fd, SA(&to), SIN_LEN));
	say_rc("and again", connect(fd, SA(&to), SIN_LEN));
	close(fd);
	fd = tcp_socket(SOCK_NONBLOCK);
	about("without waiting, refused");
	say_rc("", connect(fd, SA(&no), SIN_LEN));
	say_events("it has", events_wait(fd, POLLOUT | POLLRDHUP));
	say_rc("the next connect tells", connect(fd, SA(&no), SIN_LEN));
	events_wait(fd, POLLOUT);
	say("error", "%s", strerrorname_np(get_int(fd, SOL_SOCKET, SO_ERROR)));
	say("error after that", "%d", get_int(fd, SOL_SOCKET, SO_ERROR));
	say_events("it has then", events_now(fd, POLLIN | POLLOUT | POLLRDHUP));
	say_rc("connect after that", connect(fd, SA(&to), SIN_LEN));
	close(fd);
	about("%s", "");
	close(listener);
}

/* A refusal that somebody else than connect() tells. After shutdown() Linux lets nobody connect, by
 * a state that the socket has for nothing else. */
static void told_by(const char *name, ssize_t (*call)(int fd), bool again)
{
	struct sockaddr_in no = host_address(SERVER, PORT_NO);
	int fd = tcp_socket(SOCK_NONBLOCK);

	need(connect(fd, SA(&no), SIN_LEN) == -1 && errno == EINPROGRESS);
	events_wait(fd, POLLOUT);
	about("a refusal, told by %s", name);
	say_rc("", call(fd));
	say_rc("the second time", call(fd));
	say("error", "%d", get_int(fd, SOL_SOCKET, SO_ERROR));
	say_rc("listen then", listen(fd, 1));
	if (again) {
		say_rc("connect then", connect(fd, SA(&no), SIN_LEN));
		say_rc("and once more", connect(fd, SA(&no), SIN_LEN));
	}
	close(fd);
	about("%s", "");
}

static ssize_t do_error(int fd)
{
	return get_int(fd, SOL_SOCKET, SO_ERROR);
}

static ssize_t do_send(int fd)
{
	return send(fd, "x", 1, MSG_NOSIGNAL);
}

static ssize_t do_recv(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0);
}

static ssize_t do_shutdown(int fd)
{
	return shutdown(fd, SHUT_RDWR);
}

/* A bound client keeps its port through a failure. */
static void bound(void)
{
	struct sockaddr_in own = host_address(CLIENT, PORT), to, no = host_address(SERVER, PORT_NO);
	int listener = tcp_listener(&to, 8, 0), fd, server;
	socklen_t len = SIN_LEN;

	on_client();
	fd = tcp_socket(0);
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	need(bind(fd, SA(&own), SIN_LEN) == 0);
	say_rc("bound, refused", connect(fd, SA(&no), SIN_LEN));
	own = name_of(fd);
	say_address("the name is kept", &own, SIN_LEN);
	say_rc("bound, connected", connect(fd, SA(&to), SIN_LEN));
	server = accept(listener, SA(&own), &len);
	say_address("the server sees", &own, len);
	close(server);
	close(fd);
	close(listener);
}

/* Family 0: the connection ends, by a reset, and the socket is fresh again. */
static void disconnected(void)
{
	struct sockaddr_in to, none = {0}, own;
	int listener = tcp_listener(&to, 8, 0), fd, server;
	socklen_t len = SIN_LEN;
	char byte;

	on_client();
	fd = tcp_socket(0);
	about("family 0");
	say_rc("fresh", connect(fd, SA(&none), SIN_LEN));
	need(connect(fd, SA(&to), SIN_LEN) == 0);
	server = accept(listener, NULL, NULL);
	say_rc("connected", connect(fd, SA(&none), SIN_LEN));
	say_rc("the peer is told", recv(server, &byte, 1, 0));
	say_events("it has", events_now(fd, POLLIN | POLLOUT | POLLRDHUP));
	say_rc("peer's name", getpeername(fd, SA(&own), &len));
	own = name_of(fd);
	say_address("own name", &own, SIN_LEN);
	say_rc("send", send(fd, "x", 1, MSG_NOSIGNAL));
	say_rc("recv", recv(fd, &byte, 1, MSG_DONTWAIT));
	say_rc("connect again", connect(fd, SA(&to), SIN_LEN));
	about("%s", "");
	close(fd);
	close(server);
	close(listener);
}

void topic_connecting(void)
{
	on_client();
	errors();
	again_after_refusal();
	going_on();
	given_up();
	waiting();
	without_waiting();
	told_by("SO_ERROR", do_error, true);
	told_by("send", do_send, true);
	told_by("recv", do_recv, true);
	told_by("shutdown", do_shutdown, false);
	bound();
	disconnected();
}
