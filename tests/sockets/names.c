/* SPDX-License-Identifier: BSD-3-Clause */
/* bind(), getsockname(), getpeername(): addresses, lengths, room for the answer. */
#include "sockets/twin.h"

/* 10.0.0.255, and a group. */
#define BROADCAST_HOST 0x0a0000ffu
#define GROUP	       0xe0000105u
#define STRANGER       0x0a000002u /* the server's address, asked for on the client */
#define LOOPBACK       0x7f000001u

static const struct {
	const char *name;
	uint32_t address;
	sa_family_t family;
	uint16_t port;
	socklen_t len;
} bindings[] = {
	{"any address", INADDR_ANY, AF_INET, PORT, SIN_LEN},
	{"any address, any port", INADDR_ANY, AF_INET, 0, SIN_LEN},
	{"own address", 0x0a000001u, AF_INET, PORT, SIN_LEN},
	{"own address, any port", 0x0a000001u, AF_INET, 0, SIN_LEN},
	{"somebody else's address", STRANGER, AF_INET, PORT, SIN_LEN},
	{"an address of nobody", 0xc0000201u, AF_INET, PORT, SIN_LEN},
	{"family 0, any address", INADDR_ANY, AF_UNSPEC, PORT, SIN_LEN},
	{"family 0, own address", 0x0a000001u, AF_UNSPEC, PORT, SIN_LEN},
	{"family of IPv6", INADDR_ANY, AF_INET6, PORT, SIN_LEN},
	{"family of local sockets", INADDR_ANY, AF_UNIX, PORT, SIN_LEN},
	{"15 bytes", INADDR_ANY, AF_INET, PORT, SIN_LEN - 1},
	{"8 bytes", INADDR_ANY, AF_INET, PORT, 8},
	{"1 byte", INADDR_ANY, AF_INET, PORT, 1},
	{"no bytes", INADDR_ANY, AF_INET, PORT, 0},
	{"128 bytes", INADDR_ANY, AF_INET, PORT, sizeof(struct sockaddr_storage)},
	{"129 bytes", INADDR_ANY, AF_INET, PORT, sizeof(struct sockaddr_storage) + 1},
	{"-1 bytes", INADDR_ANY, AF_INET, PORT, (socklen_t)-1},
};

static void bind_arguments(const char *kind, int type)
{
	for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
		union {
			struct sockaddr_in sin;
			struct sockaddr_storage room[2];
		} a = {.sin = {.sin_family = bindings[i].family,
			       .sin_port = htons(bindings[i].port),
			       .sin_addr.s_addr = htonl(bindings[i].address)}};
		int fd = socket(AF_INET, type, 0);
		socklen_t len = SIN_LEN;
		int rc = bind(fd, SA(&a.sin), bindings[i].len);

		about("bind a %s to %s", kind, bindings[i].name);
		say_rc("", rc);
		if (rc == 0 && getsockname(fd, SA(&a.sin), &len) == 0)
			say_address("name", &a.sin, len);
		close(fd);
	}
	about("%s", "");
}

/* Datagram sockets may be bound to what is sent to many. */
static void bind_to_many(void)
{
	struct sockaddr_in sin = any_address(PORT);
	int fd = udp_socket(0);

	sin.sin_addr.s_addr = htonl(BROADCAST_HOST);
	say_rc("bind a datagram socket to the broadcast address", bind(fd, SA(&sin), SIN_LEN));
	close(fd);
	fd = udp_socket(0);
	sin.sin_addr.s_addr = htonl(GROUP);
	say_rc("bind a datagram socket to a group", bind(fd, SA(&sin), SIN_LEN));
	close(fd);
	fd = udp_socket(0);
	sin.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	say_rc("bind a datagram socket to 255.255.255.255", bind(fd, SA(&sin), SIN_LEN));
	close(fd);
}

static void bind_again(const char *kind, int type)
{
	struct sockaddr_in sin = host_address(CLIENT, PORT);
	int fd = socket(AF_INET, type, 0), other;

	about("%s", kind);
	say_rc("bind without an address", bind(fd, NULL, SIN_LEN));
	say_rc("bind without an address of no bytes", bind(fd, NULL, 0));
	say_rc("bind", bind(fd, SA(&sin), SIN_LEN));
	say_rc("bind again", bind(fd, SA(&sin), SIN_LEN));
	sin.sin_port = htons(PORT + 1);
	say_rc("bind to another port", bind(fd, SA(&sin), SIN_LEN));
	other = socket(AF_INET, type, 0);
	sin.sin_port = htons(PORT);
	say_rc("bind another to the same", bind(other, SA(&sin), SIN_LEN));
	sin.sin_port = htons(PORT + 1);
	say_rc("after that to another", bind(other, SA(&sin), SIN_LEN));
	close(fd);
	close(other);
	fd = socket(AF_INET, type, 0);
	sin.sin_port = htons(PORT);
	say_rc("the port of a closed socket is free", bind(fd, SA(&sin), SIN_LEN));
	close(fd);
	about("%s", "");
}

/* The name of fd's end, in room of different sizes. */
static void name_room(const char *whose, int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	static const socklen_t rooms[] = {16, 28, 128, 1000, 8, 4, 2, 1, 0};

	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		uint8_t room[1000];
		socklen_t len = rooms[i];
		unsigned written = 0;
		int rc;

		memset(room, 0xee, sizeof(room));
		rc = get(fd, SA(room), &len);
		for (size_t k = 0; k < sizeof(room); k++)
			written += k < 2 || k >= 8 ? room[k] != 0xee : 0;
		about("%s name in %u bytes", whose, rooms[i]);
		say("", "%d, length %u, written outside of port and address %u, family %d", rc, len,
		    written, rooms[i] >= 2 ? room[0] : -1);
	}
	about("%s name", whose);
	say_rc("of length -1", get(fd, SA(&(struct sockaddr_in){0}), &(socklen_t){(socklen_t)-1}));
	say_rc("without room", get(fd, NULL, &(socklen_t){SIN_LEN}));
	say_rc("without length", get(fd, SA(&(struct sockaddr_in){0}), NULL));
	about("%s", "");
}

static int get_own(int fd, struct sockaddr *sa, socklen_t *len)
{
	return getsockname(fd, sa, len);
}

static int get_peer(int fd, struct sockaddr *sa, socklen_t *len)
{
	return getpeername(fd, sa, len);
}

static void connected_names(const char *kind, const int fd[2])
{
	struct sockaddr_in own = name_of(fd[0]), peer, sin;
	socklen_t len = SIN_LEN;

	about("connected %s", kind);
	need(getpeername(fd[1], SA(&peer), &len) == 0);
	say_address("own name", &own, len);
	say_if("is what the peer knows", memcmp(&own, &peer, sizeof(own)) == 0);
	need(getpeername(fd[0], SA(&peer), &len) == 0);
	sin = name_of(fd[1]);
	say_if("and the other way round", memcmp(&sin, &peer, sizeof(sin)) == 0);
	say_rc("bind", bind(fd[0], SA(&own), SIN_LEN));
	about("%s", "");
}

/* What was not bound has a name once it was used. */
static void names_by_use(void)
{
	struct sockaddr_in sin, to;
	int server = udp_bound(SERVER, &to, 0), fd;

	on_client();
	fd = udp_socket(0);
	need(sendto(fd, "x", 1, 0, SA(&to), SIN_LEN) == 1);
	sin = name_of(fd);
	say_address("a datagram socket that has sent", &sin, SIN_LEN);
	say_rc("which can be bound no more", bind(fd, SA(&sin), SIN_LEN));
	close(fd);
	fd = udp_socket(0);
	need(connect(fd, SA(&to), SIN_LEN) == 0);
	sin = name_of(fd);
	say_address("a datagram socket that is connected", &sin, SIN_LEN);
	close(fd);
	fd = tcp_socket(0);
	need(listen(fd, 1) == 0);
	sin = name_of(fd);
	say_address("a stream that listens without bind", &sin, SIN_LEN);
	close(fd);
	close(server);
}

void topic_names(void)
{
	int fd[2];

	on_client();
	bind_arguments("stream", SOCK_STREAM);
	bind_arguments("datagram socket", SOCK_DGRAM);
	bind_to_many();
	bind_again("stream", SOCK_STREAM);
	bind_again("datagram socket", SOCK_DGRAM);
	tcp_pair(fd);
	name_room("a stream's own", fd[0], get_own);
	name_room("its peer's", fd[0], get_peer);
	connected_names("stream", fd);
	close_pair(fd);
	udp_pair(fd);
	connected_names("datagram socket", fd);
	close_pair(fd);
	names_by_use();
}
