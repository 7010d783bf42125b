/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams of IPv6 sockets: both families by one socket, peers, forms of an address, refusals. */
#include "sockets/twin.h"

static void say_from(const char *name, int fd)
{
	struct sockaddr_in6 from = {0};
	socklen_t len = SIN6_LEN;
	struct sockaddr_in sin;
	char buf[32];
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, SA(&from), &len);

	say_bytes(name, buf, n);
	if (n >= 0 && from.sin6_family == AF_INET6) {
		say_address6("from", &from, len);
	} else if (n >= 0) {
		memcpy(&sin, &from, sizeof(sin));
		say_address("from", &sin, len);
	}
}

static int bound_as(enum twin_host host, const char *address, uint16_t port, bool only)
{
	struct sockaddr_in6 sin6 = address6(address, port);
	int fd;

	on_host(host);
	fd = six_socket(SOCK_DGRAM);
	set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
	if (IN6_IS_ADDR_LINKLOCAL(&sin6.sin6_addr))
		sin6.sin6_scope_id = link_number(host);
	need(bind(fd, SA(&sin6), SIN6_LEN) == 0);
	return fd;
}

/* ---- who reaches whom ------------------------------------------------------------------------ */

static const char *const receivers[] = {"::", "2001:db8::2", "::ffff:0.0.0.0", "::ffff:10.0.0.2",
					"fe80::2"};
#define RECEIVERS (sizeof(receivers) / sizeof(receivers[0]))

/* A word to each of the server's addresses, and which of them come, and the answer. */
static void meet(const char *name, int fd, int server)
{
	uint16_t port = port_of(server);
	const struct sockaddr_in6 to[] = {mapped_address(SERVER, port), host_address6(SERVER, port),
					  link_address(SERVER, port)};
	static const char *const ways[] = {"IPv4", "IPv6", "the link"};

	for (int i = 0; i < 3; i++) {
		struct sockaddr_in6 from;
		socklen_t len = SIN6_LEN;
		struct pollfd p = {.fd = server, .events = POLLIN};
		char buf[8];
		ssize_t n = sendto(fd, "hello", 5, 0, SA(&to[i]), SIN6_LEN);

		about("%s, by %s", name, ways[i]);
		say_rc("", n);
		if (n < 0 || poll(&p, 1, 400) == 0) {
			say("comes", "no");
			continue;
		}
		need(recvfrom(server, buf, sizeof(buf), 0, SA(&from), &len) == 5);
		say_address6("comes from", &from, len);
		say_rc("the answer", sendto(server, "world", 5, 0, SA(&from), len));
		say_from("arrives", fd);
	}
	about("%s", "");
}

static void meetings(void)
{
	for (size_t i = 0; i < RECEIVERS; i++) {
		int server = bound_as(SERVER, receivers[i], ANY_PORT, false), fd;

		on_client();
		fd = six_socket(SOCK_DGRAM);
		meet(receivers[i], fd, server);
		close(fd);
		close(server);
	}
}

static const char *const senders[] = {"::", "2001:db8::1", "::ffff:0.0.0.0", "::ffff:10.0.0.1",
				      "fe80::1"};

static void sources(void)
{
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		int server = bound_as(SERVER, "::", ANY_PORT, false);
		int fd = bound_as(CLIENT, senders[i], ANY_PORT, false);
		char name[64] = "from ";

		strcat(name, senders[i]);
		meet(name, fd, server);
		close(fd);
		close(server);
	}
}

/* ---- forms of a destination ------------------------------------------------------------------ */

static void destinations(bool only)
{
	int server = bound_as(SERVER, "::", ANY_PORT, false), fd;
	uint16_t port = port_of(server);
	struct sockaddr_in sin = host_address(SERVER, port);
	struct sockaddr_in6 six = host_address6(SERVER, port), odd = six;
	struct sockaddr_in6 mapped = mapped_address(SERVER, port);
	struct sockaddr_in6 port0 = host_address6(SERVER, 0);

	on_client();
	fd = six_socket(SOCK_DGRAM);
	set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
	about("%s", only ? "of IPv6 alone" : "of both");
	say_rc("to nobody", send(fd, "x", 1, 0));
	say_rc("to port 0", sendto(fd, "x", 1, 0, SA(&port0), SIN6_LEN));
	say_rc("IPv4 in mapped form", sendto(fd, "mapped", 6, 0, SA(&mapped), SIN6_LEN));
	say_rc("IPv4 in its own", sendto(fd, "own", 3, 0, SA(&sin), SIN_LEN));
	say_rc("IPv4 in 15 bytes", sendto(fd, "x", 1, 0, SA(&sin), 15));
	odd.sin6_flowinfo = htonl(0x12345);
	odd.sin6_scope_id = 77;
	say_rc("IPv6 in 28 bytes", sendto(fd, "six", 3, 0, SA(&odd), 28));
	say_rc("IPv6 in 24 bytes", sendto(fd, "old", 3, 0, SA(&six), 24));
	say_rc("IPv6 in 23 bytes", sendto(fd, "x", 1, 0, SA(&six), 23));
	say_rc("IPv6 in 1 byte", sendto(fd, "x", 1, 0, SA(&six), 1));
	odd.sin6_family = AF_UNIX;
	say_rc("a family that is none", sendto(fd, "x", 1, 0, SA(&odd), 28));
	odd.sin6_family = AF_UNSPEC;
	say_rc("family 0", sendto(fd, "x", 1, 0, SA(&odd), 28));
	say_rc("connect to IPv4 in its own form", connect(fd, SA(&sin), SIN_LEN));
	say_rc("send to that", send(fd, "peer", 4, 0));
	if (!only)
		say_rc("connect to IPv6 from there", connect(fd, SA(&six), SIN6_LEN));
	connect(fd, SA(&odd), 28);
	say_rc("connect to IPv6", connect(fd, SA(&six), SIN6_LEN));
	say_rc("family 0 is the peer", sendto(fd, "zero", 4, 0, SA(&odd), 28));
	say_rc("connect to nobody", connect(fd, SA(&odd), 28));
	say_rc("connect in 23 bytes", connect(fd, SA(&six), 23));
	for (int i = only ? 2 : 0; i < 4; i++) {
		about("%s, datagram %d", only ? "of IPv6 alone" : "of both", i);
		say_from("", server);
	}
	about("%s", "");
	close(fd);
	close(server);
}

/* ---- peers ----------------------------------------------------------------------------------- */

static void say_names(const char *name, int fd)
{
	struct sockaddr_in6 sin6;
	socklen_t len = SIN6_LEN;

	about("%s", name);
	need(getsockname(fd, SA(&sin6), &len) == 0);
	say_address6("own name", &sin6, len);
	len = SIN6_LEN;
	if (getpeername(fd, SA(&sin6), &len))
		say_rc("peer", -1);
	else
		say_address6("peer", &sin6, len);
	about("%s", "");
}

static void peers(void)
{
	int server = bound_as(SERVER, "::", ANY_PORT, false), fd;
	uint16_t port = port_of(server);
	struct sockaddr_in6 to[] = {mapped_address(SERVER, port), host_address6(SERVER, port),
				    link_address(SERVER, port)};
	static const char *const ways[] = {"IPv4", "IPv6", "the link"};

	for (int i = 0; i < 3; i++) {
		on_client();
		fd = six_socket(SOCK_DGRAM);
		need(connect(fd, SA(&to[i]), SIN6_LEN) == 0);
		say_names(ways[i], fd);
		need(send(fd, ways[i], 2, 0) == 2);
		about("to a peer by %s", ways[i]);
		say_from("comes", server);
		about("%s", "");
		close(fd);
	}
	on_client();
	fd = six_socket(SOCK_DGRAM);
	to[2].sin6_scope_id = 0;
	say_rc("a peer of no link", connect(fd, SA(&to[2]), SIN6_LEN));
	close(fd);
	close(server);
}

static void refusals(void)
{
	struct sockaddr_in6 no = host_address6(SERVER, PORT_NO);
	char buf[8];
	int fd;

	on_client();
	fd = six_socket(SOCK_DGRAM);
	need(connect(fd, SA(&no), SIN6_LEN) == 0 && send(fd, "x", 1, 0) == 1);
	say_events("refused", events_wait(fd, POLLIN));
	say_rc("recv tells", recv(fd, buf, 1, MSG_DONTWAIT));
	say_rc("once", recv(fd, buf, 1, MSG_DONTWAIT));
	close(fd);
}

/* What the options say of a datagram that no packet takes whole. */
static void lengths_and_options(int fd, int server, const char *big)
{
	static const int rules[] = {IPV6_PMTUDISC_DO,	     IPV6_PMTUDISC_PROBE,
				    IPV6_PMTUDISC_INTERFACE, IPV6_PMTUDISC_OMIT,
				    IPV6_PMTUDISC_DONT,	     IPV6_PMTUDISC_WANT};
	const int on = 1;
	char buf[2000];
	ssize_t n;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		need(setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &rules[i], sizeof(int)) == 0);
		about("by IPv6, IPV6_MTU_DISCOVER %d", rules[i]);
		n = send(fd, big, 1453, 0);
		say_rc("1453 bytes", n);
		if (n > 0)
			say_rc("which arrive", recv(server, buf, sizeof(buf), 0));
	}
	about("%s", "by IPv6, IPV6_DONTFRAG");
	need(setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof(on)) == 0);
	say_rc("1453 bytes", send(fd, big, 1453, 0));
	say_rc("1452 bytes", send(fd, big, 1452, 0));
	say_rc("which arrive", recv(server, buf, sizeof(buf), 0));
}

static void sizes(void)
{
	static char big[65536];
	int server = bound_as(SERVER, "::", ANY_PORT, false), fd;
	struct sockaddr_in6 to = host_address6(SERVER, port_of(server));
	struct sockaddr_in6 four = mapped_address(SERVER, port_of(server));

	on_client();
	fd = six_socket(SOCK_DGRAM);
	say_rc("65508 bytes by IPv4", sendto(fd, big, 65508, 0, SA(&four), SIN6_LEN));
	say_rc("65507 bytes by IPv4", sendto(fd, big, 65507, 0, SA(&four), SIN6_LEN));
	say_bytes("which arrive", big, recv(server, big, sizeof(big), 0));
	about("%s", "by IPv6");
	need(connect(fd, SA(&to), SIN6_LEN) == 0);
	say_rc("65528 bytes", send(fd, big, 65528, 0));
	say_rc("65527 bytes", send(fd, big, 65527, 0));
	say_bytes("all of which arrive", big, recv(server, big, sizeof(big), 0));
	say_rc("1452 bytes", send(fd, big, 1452, 0));
	say_bytes("which arrive", big, recv(server, big, sizeof(big), 0));
	say_rc("an empty datagram", send(fd, "", 0, 0));
	say_rc("is received", recv(server, big, sizeof(big), 0));
	lengths_and_options(fd, server, big);
	about("%s", "");
	close(fd);
	close(server);
}

void topic_six_datagrams(void)
{
	meetings();
	sources();
	destinations(false);
	destinations(true);
	peers();
	refusals();
	sizes();
}
