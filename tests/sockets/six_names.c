/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of IPv6 sockets: what may be bound and how it is shown, who is in whose way across the
 * families. */
#include "sockets/twin.h"

#define LINK_OWN   1000 /* sin6_scope_id of the host's interface */
#define LINK_NONE  1001 /* of no interface */
#define LINK_OTHER 0

static const struct {
	const char *name, *address;
	sa_family_t family;
	socklen_t len;
	unsigned link;
	bool only;
} bindings[] = {
	{"any address", "::", AF_INET6, 28, 0, false},
	{"any address without IPv4", "::", AF_INET6, 28, 0, true},
	{"own address", "2001:db8::1", AF_INET6, 28, 0, false},
	{"own address with an interface", "2001:db8::1", AF_INET6, 28, LINK_NONE, false},
	{"somebody else's address", "2001:db8::2", AF_INET6, 28, 0, false},
	{"an address of nobody", "2001:db8:9::1", AF_INET6, 28, 0, false},
	{"own IPv4 address", "::ffff:10.0.0.1", AF_INET6, 28, 0, false},
	{"any IPv4 address", "::ffff:0.0.0.0", AF_INET6, 28, 0, false},
	{"somebody else's IPv4 address", "::ffff:10.0.0.2", AF_INET6, 28, 0, false},
	{"own IPv4 address without IPv4", "::ffff:10.0.0.1", AF_INET6, 28, 0, true},
	{"own address of the link", "fe80::1", AF_INET6, 28, LINK_OWN, false},
	{"own address of no link", "fe80::1", AF_INET6, 28, 0, false},
	{"own address of a link that is none", "fe80::1", AF_INET6, 28, LINK_NONE, false},
	{"somebody else's of the link", "fe80::2", AF_INET6, 28, LINK_OWN, false},
	{"24 bytes", "2001:db8::1", AF_INET6, 24, 0, false},
	{"23 bytes", "2001:db8::1", AF_INET6, 23, 0, false},
	{"16 bytes", "::", AF_INET6, 16, 0, false},
	{"no bytes", "::", AF_INET6, 0, 0, false},
	{"128 bytes", "::", AF_INET6, 128, 0, false},
	{"family 0", "::", AF_UNSPEC, 28, 0, false},
	{"family of IPv4", "::", AF_INET, 28, 0, false},
	{"family of IPv4, 16 bytes", "::", AF_INET, 16, 0, false},
};

static void bind_arguments(const char *kind, int type)
{
	for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
		union {
			struct sockaddr_in6 sin6;
			struct sockaddr_storage room;
		} a = {.sin6 = address6(bindings[i].address, PORT)};
		socklen_t len = SIN6_LEN;
		int fd = six_socket(type), rc;

		a.sin6.sin6_family = bindings[i].family;
		a.sin6.sin6_flowinfo = htonl(5);
		a.sin6.sin6_scope_id = bindings[i].link == LINK_OWN ? link_number(CLIENT)
								    : bindings[i].link;
		if (bindings[i].only)
			set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		rc = bind(fd, SA(&a.sin6), bindings[i].len);
		about("bind a %s to %s", kind, bindings[i].name);
		say_rc("", rc);
		say("of IPv6 alone", "%d", get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
		if (rc == 0 && getsockname(fd, SA(&a.sin6), &len) == 0) {
			say_address6("name", &a.sin6, len);
			say("label", "%u", ntohl(a.sin6.sin6_flowinfo));
			say_rc("bind again", bind(fd, SA(&a.sin6), SIN6_LEN));
			say_rc("too late for IPV6_V6ONLY",
			       setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, 4));
		}
		close(fd);
	}
	about("%s", "");
}

static void bind_to_groups(void)
{
	struct sockaddr_in6 sin6 = address6("ff05::1234", PORT);
	int fd = six_socket(SOCK_STREAM);

	say_rc("bind a stream to a group", bind(fd, SA(&sin6), SIN6_LEN));
	close(fd);
	fd = six_socket(SOCK_DGRAM);
	say_rc("bind a datagram socket to a group", bind(fd, SA(&sin6), SIN6_LEN));
	close(fd);
}

/* The name in room of different sizes. */
static void name_room(void)
{
	static const socklen_t rooms[] = {28, 128, 24, 16, 8, 2, 0};
	struct sockaddr_in6 sin6 = host_address6(CLIENT, PORT);
	int fd = six_socket(SOCK_STREAM);

	need(bind(fd, SA(&sin6), SIN6_LEN) == 0);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		uint8_t room[128];
		socklen_t len = rooms[i];
		unsigned written = 0;
		int rc;

		memset(room, 0xee, sizeof(room));
		rc = getsockname(fd, SA(room), &len);
		for (size_t k = 0; k < sizeof(room); k++)
			written += room[k] != 0xee;
		about("own name in %u bytes", rooms[i]);
		say("", "%d, length %u, written %u", rc, len, written);
	}
	about("%s", "");
	close(fd);
}

/* ---- conflicts ------------------------------------------------------------------------------- */

static const struct name {
	const char *name, *address; /* NULL: IPv4's own socket */
	uint32_t four;
	bool only;
} names[] = {
	{"[::]", "::", 0, false},
	{"[::] alone", "::", 0, true},
	{"[2001:db8::1]", "2001:db8::1", 0, false},
	{"[::ffff:0.0.0.0]", "::ffff:0.0.0.0", 0, false},
	{"[::ffff:10.0.0.1]", "::ffff:10.0.0.1", 0, false},
	{"0.0.0.0", NULL, INADDR_ANY, false},
	{"10.0.0.1", NULL, 0x0a000001, false},
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static int bind_as(int type, int share, const struct name *n, int *rc)
{
	int fd = socket(n->address ? AF_INET6 : AF_INET, type, 0);

	need(fd >= 0);
	if (share)
		set_int(fd, SOL_SOCKET, share, 1);
	if (n->address) {
		struct sockaddr_in6 sin6 = address6(n->address, PORT);

		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, n->only);
		*rc = bind(fd, SA(&sin6), SIN6_LEN);
	} else {
		struct sockaddr_in sin = any_address(PORT);

		sin.sin_addr.s_addr = htonl(n->four);
		*rc = bind(fd, SA(&sin), SIN_LEN);
	}
	return fd;
}

static void conflicts(const char *kind, int type, const char *option, int share, bool listening)
{
	for (size_t i = 0; i < NAMES * NAMES; i++) {
		const struct name *first = &names[i / NAMES], *second = &names[i % NAMES];
		int rc, a = bind_as(type, share, first, &rc), b;

		need(rc == 0);
		if (listening)
			need(listen(a, 1) == 0);
		b = bind_as(type, share, second, &rc);
		about("%s, %s%s, %s, then %s", kind, option, listening ? ", listening" : "",
		      first->name, second->name);
		say_rc("", rc);
		if (rc == 0 && type == SOCK_STREAM)
			say_rc("listen", listen(b, 1));
		close(a);
		close(b);
	}
	about("%s", "");
}

void topic_six_names(void)
{
	on_client();
	bind_arguments("stream", SOCK_STREAM);
	bind_arguments("datagram socket", SOCK_DGRAM);
	bind_to_groups();
	name_room();
	conflicts("streams", SOCK_STREAM, "no option", 0, false);
	conflicts("streams", SOCK_STREAM, "SO_REUSEADDR", SO_REUSEADDR, false);
	conflicts("streams", SOCK_STREAM, "SO_REUSEADDR", SO_REUSEADDR, true);
	conflicts("streams", SOCK_STREAM, "SO_REUSEPORT", SO_REUSEPORT, true);
	conflicts("datagrams", SOCK_DGRAM, "no option", 0, false);
	conflicts("datagrams", SOCK_DGRAM, "SO_REUSEADDR", SO_REUSEADDR, false);
	conflicts("datagrams", SOCK_DGRAM, "SO_REUSEPORT", SO_REUSEPORT, false);
}
