/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams of IPv6 sockets: both families at one listener, names of what is accepted, attempts that
 * cannot be. */
#include "sockets/twin.h"

static void say_name6(const char *name, int fd, bool peer)
{
	struct sockaddr_in6 sin6 = {0};
	socklen_t len = SIN6_LEN;
	int rc = peer ? getpeername(fd, SA(&sin6), &len) : getsockname(fd, SA(&sin6), &len);

	if (rc) {
		say_rc(name, rc);
	} else if (sin6.sin6_family == AF_INET) {
		struct sockaddr_in sin;

		memcpy(&sin, &sin6, sizeof(sin));
		say_address(name, &sin, len);
	} else {
		say_address6(name, &sin6, len);
	}
}

/* ---- who reaches whom ------------------------------------------------------------------------ */

static const struct {
	const char *name, *address; /* NULL: 0.0.0.0 of IPv4 */
	bool only;
} listeners[] = {
	{"[::]", "::", false},
	{"[::] alone", "::", true},
	{"[2001:db8::2]", "2001:db8::2", false},
	{"[::ffff:0.0.0.0]", "::ffff:0.0.0.0", false},
	{"[::ffff:10.0.0.2]", "::ffff:10.0.0.2", false},
	{"0.0.0.0", NULL, false},
};

static int listen_as(size_t i, uint16_t *port)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin = any_address(ANY_PORT);
	int fd;

	on_server();
	if (listeners[i].address) {
		sin6 = address6(listeners[i].address, ANY_PORT);
		fd = six_socket(SOCK_STREAM);
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, listeners[i].only);
		need(bind(fd, SA(&sin6), SIN6_LEN) == 0);
	} else {
		fd = tcp_socket(0);
		need(bind(fd, SA(&sin), SIN_LEN) == 0);
	}
	need(listen(fd, 4) == 0);
	*port = port_of(fd);
	return fd;
}

enum way {
	FOUR,
	MAPPED,
	SIX,
	LINK,
	WAYS
};
static const char *const way_names[] = {"IPv4", "IPv4 of an IPv6 socket", "IPv6", "the link"};

static int open_by(enum way way, uint16_t port, int *rc)
{
	struct sockaddr_in sin = host_address(SERVER, port);
	struct sockaddr_in6 to[] = {[MAPPED] = mapped_address(SERVER, port),
				    [SIX] = host_address6(SERVER, port),
				    [LINK] = link_address(SERVER, port)};
	int fd;

	on_client();
	fd = way == FOUR ? tcp_socket(0) : six_socket(SOCK_STREAM);
	*rc = way == FOUR ? connect(fd, SA(&sin), SIN_LEN) : connect(fd, SA(&to[way]), SIN6_LEN);
	return fd;
}

static void accepted(int listener, int client)
{
	struct sockaddr_in6 from = {0};
	socklen_t len = SIN6_LEN;
	int child = accept(listener, SA(&from), &len);
	char byte = 0;

	need(child >= 0);
	say("told by accept", "%u bytes, family %d", len, from.sin6_family);
	say_name6("its own name", child, false);
	say_name6("its peer", child, true);
	say_name6("the client's own name", client, false);
	say_name6("the client's peer", client, true);
	say("domains", "%d %d", get_int(child, SOL_SOCKET, SO_DOMAIN),
	    get_int(client, SOL_SOCKET, SO_DOMAIN));
	if (from.sin6_family == AF_INET6)
		say("of IPv6 alone", "%d", get_int(child, IPPROTO_IPV6, IPV6_V6ONLY));
	say("segments", "%d %d", get_int(child, IPPROTO_TCP, TCP_MAXSEG),
	    get_int(client, IPPROTO_TCP, TCP_MAXSEG));
	need(send(client, "x", 1, 0) == 1);
	receive_all(child, &byte, 1);
	need(send(child, &byte, 1, 0) == 1);
	receive_all(client, &byte, 1);
	say("an octet there and back", "%c", byte);
	close(child);
}

static void meetings(void)
{
	for (size_t i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++) {
		uint16_t port;
		int listener = listen_as(i, &port);

		for (enum way way = 0; way < WAYS; way++) {
			int rc, client = open_by(way, port, &rc);

			about("%s, by %s", listeners[i].name, way_names[way]);
			say_rc("connect", rc);
			if (rc == 0)
				accepted(listener, client);
			close(client);
		}
		close(listener);
	}
	about("%s", "");
}

/* Of several that suit, the one that suits best: its own family's, then both families'. */
static void preferences(void)
{
	struct sockaddr_in sin = any_address(PORT);
	struct sockaddr_in6 sin6 = address6("::", PORT);
	int four, six, rc, client, child;

	on_server();
	four = tcp_socket(0);
	six = six_socket(SOCK_STREAM);
	set_int(four, SOL_SOCKET, SO_REUSEPORT, 1);
	set_int(six, SOL_SOCKET, SO_REUSEPORT, 1);
	need(bind(six, SA(&sin6), SIN6_LEN) == 0 && bind(four, SA(&sin), SIN_LEN) == 0);
	need(listen(six, 1) == 0 && listen(four, 1) == 0);
	client = open_by(FOUR, PORT, &rc);
	need(rc == 0);
	say_events("IPv4's listener has", events_wait(four, POLLIN));
	say_events("that of both has", events_now(six, POLLIN));
	child = accept(four, NULL, NULL);
	close(child);
	close(client);
	close(four);
	client = open_by(FOUR, PORT, &rc);
	need(rc == 0);
	say_events("which it has when the other is gone", events_wait(six, POLLIN));
	close(client);
	close(six);
}

/* ---- what cannot be -------------------------------------------------------------------------- */

static void attempt(const char *name, int fd, const struct sockaddr_in6 *to, socklen_t len)
{
	say_rc(name, connect(fd, SA(to), len));
	close(fd);
}

static int six_bound(const char *address)
{
	struct sockaddr_in6 sin6 = address6(address, ANY_PORT);
	int fd = six_socket(SOCK_STREAM);

	need(bind(fd, SA(&sin6), SIN6_LEN) == 0);
	return fd;
}

static void attempts(void)
{
	struct sockaddr_in6 to = host_address6(SERVER, PORT_NO);
	struct sockaddr_in6 mapped = mapped_address(SERVER, PORT_NO);
	struct sockaddr_in6 link = link_address(SERVER, PORT_NO);
	struct sockaddr_in6 group = address6("ff05::1", PORT), four = to;
	int fd;

	on_client();
	attempt("nobody listens", six_socket(SOCK_STREAM), &to, SIN6_LEN);
	attempt("nobody listens by IPv4", six_socket(SOCK_STREAM), &mapped, SIN6_LEN);
	attempt("nobody listens on the link", six_socket(SOCK_STREAM), &link, SIN6_LEN);
	attempt("24 bytes", six_socket(SOCK_STREAM), &to, 24);
	attempt("23 bytes", six_socket(SOCK_STREAM), &to, 23);
	four.sin6_family = AF_INET;
	attempt("an address of IPv4", six_socket(SOCK_STREAM), &four, SIN6_LEN);
	attempt("an address of IPv4 in 16 bytes", six_socket(SOCK_STREAM), &four, SIN_LEN);
	attempt("a group", six_socket(SOCK_STREAM), &group, SIN6_LEN);
	link.sin6_scope_id = 0;
	attempt("no link", six_socket(SOCK_STREAM), &link, SIN6_LEN);
	link.sin6_scope_id = link_number(CLIENT);
	fd = six_socket(SOCK_STREAM);
	set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	attempt("IPv4, of IPv6 alone", fd, &mapped, SIN6_LEN);
	attempt("IPv4 from an IPv6 address", six_bound("2001:db8::1"), &mapped, SIN6_LEN);
	attempt("IPv6 from an IPv4 address", six_bound("::ffff:10.0.0.1"), &to, SIN6_LEN);
	attempt("IPv6 from any IPv4 address", six_bound("::ffff:0.0.0.0"), &to, SIN6_LEN);
	attempt("IPv4 from any address", six_bound("::"), &mapped, SIN6_LEN);
}

/* One socket twice. (First of one family, then of the other, Linux waits for ever.) */
static void again(void)
{
	struct sockaddr_in6 to[2];
	uint16_t port;
	int listener = listen_as(0, &port), fd = -1, child;

	to[0] = mapped_address(SERVER, port);
	to[1] = host_address6(SERVER, port);
	on_client();
	for (int i = 0; i < 4; i++) {
		fd = i % 2 ? fd : six_socket(SOCK_STREAM);
		about("%s, connection %d of one socket", i < 2 ? "IPv4" : "IPv6", i % 2);
		say_rc("", connect(fd, SA(&to[i / 2]), SIN6_LEN));
		child = accept(listener, NULL, NULL);
		say_name6("peer", fd, true);
		say_rc("is left", connect(fd, SA(&(struct sockaddr){0}), sizeof(struct sockaddr)));
		say_name6("then", fd, true);
		close(child);
		if (i % 2)
			close(fd);
	}
	about("%s", "");
	close(listener);
}

void topic_six_streams(void)
{
	meetings();
	preferences();
	attempts();
	again();
}
