/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of IPv6 sockets: what they are at first, what is set is read, on which sockets, in
 * buffers of which length. */
#include "sockets/twin.h"

static const struct {
	const char *name;
	int type, level, option;
	int values[5];
} rows[] = {
	{"IPV6_V6ONLY", SOCK_STREAM, IPPROTO_IPV6, IPV6_V6ONLY, {1, 0, 7, -1, 0}},
	{"IPV6_V6ONLY of datagrams", SOCK_DGRAM, IPPROTO_IPV6, IPV6_V6ONLY, {1, 0, 7, -1, 0}},
	{"IPV6_UNICAST_HOPS", SOCK_STREAM, IPPROTO_IPV6, IPV6_UNICAST_HOPS, {1, 255, 256, -2, -1}},
	{"IPV6_UNICAST_HOPS of datagrams",
	 SOCK_DGRAM,
	 IPPROTO_IPV6,
	 IPV6_UNICAST_HOPS,
	 {1, 255, 256, -2, -1}},
	{"IPV6_TCLASS", SOCK_STREAM, IPPROTO_IPV6, IPV6_TCLASS, {0x20, 255, 256, -2, -1}},
	{"IPV6_TCLASS of datagrams",
	 SOCK_DGRAM,
	 IPPROTO_IPV6,
	 IPV6_TCLASS,
	 {0x20, 255, 256, -2, -1}},
	{"IPV6_MTU_DISCOVER", SOCK_DGRAM, IPPROTO_IPV6, IPV6_MTU_DISCOVER, {0, 2, 5, 6, -1}},
	{"IPV6_MTU", SOCK_DGRAM, IPPROTO_IPV6, IPV6_MTU, {0, 1, 2, 3, 4}},
	{"IPV6_DONTFRAG", SOCK_DGRAM, IPPROTO_IPV6, IPV6_DONTFRAG, {0, 1, 7, -1, 0}},
	{"IPV6_RECVERR", SOCK_DGRAM, IPPROTO_IPV6, IPV6_RECVERR, {0, 1, 7, -1, 0}},
	{"IPV6_RECVPKTINFO", SOCK_DGRAM, IPPROTO_IPV6, IPV6_RECVPKTINFO, {0, 1, 7, -1, 0}},
	{"IPV6_RECVHOPLIMIT", SOCK_DGRAM, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, {0, 1, 7, -1, 0}},
	{"IPV6_RECVTCLASS", SOCK_DGRAM, IPPROTO_IPV6, IPV6_RECVTCLASS, {0, 1, 7, -1, 0}},
	{"IPV6_RECVORIGDSTADDR", SOCK_DGRAM, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, {0, 1, 7, -1, 0}},
	{"an option of IPv6 that is none", SOCK_STREAM, IPPROTO_IPV6, 7777, {0, 1, 2, 3, 4}},
	{"an option of a level that is none", SOCK_STREAM, 7777, 1, {0, 1, 2, 3, 4}},
	{"SO_DOMAIN", SOCK_STREAM, SOL_SOCKET, SO_DOMAIN, {0, 1, 2, 3, 4}},
	{"SO_PROTOCOL", SOCK_DGRAM, SOL_SOCKET, SO_PROTOCOL, {0, 1, 2, 3, 4}},
	{"IP_TOS", SOCK_STREAM, IPPROTO_IP, IP_TOS, {0, 0x20, 255, 4, 0x10}},
	{"IP_TTL", SOCK_DGRAM, IPPROTO_IP, IP_TTL, {1, 255, 0, 256, -1}},
	{"IP_PKTINFO", SOCK_DGRAM, IPPROTO_IP, IP_PKTINFO, {0, 1, 7, -1, 0}},
	{"TCP_NODELAY", SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY, {0, 1, 7, -1, 0}},
	{"TCP_MAXSEG", SOCK_STREAM, IPPROTO_TCP, TCP_MAXSEG, {87, 40000, -1, 1460, 536}},
};

static void round_trip(int domain, size_t i)
{
	int fd = socket(domain, rows[i].type, 0), first = -7;
	socklen_t room = sizeof(first);
	const char *of = domain == AF_INET6 ? "" : " of an IPv4 socket";

	need(fd >= 0);
	about("%s%s", rows[i].name, of);
	if (getsockopt(fd, rows[i].level, rows[i].option, &first, &room) == 0)
		say("at first", "%d", first);
	for (int k = 0; k < 5; k++) {
		int value = rows[i].values[k], got = -7, rc;
		socklen_t len = sizeof(got);

		about("%s%s, value %d = %d", rows[i].name, of, k, value);
		say_rc("", setsockopt(fd, rows[i].level, rows[i].option, &value, sizeof(value)));
		rc = getsockopt(fd, rows[i].level, rows[i].option, &got, &len);
		if (rc)
			say_rc("is read", rc);
		else
			say("is read", "%d, %u bytes", got, len);
	}
	close(fd);
}

/* A number in buffers of other sizes. */
static void sizes(const char *name, int type, int option)
{
	int fd = six_socket(type);

	option_in_sizes(name, fd, IPPROTO_IPV6, option);
	close(fd);
}

static void kinds(void)
{
	static const struct {
		const char *name;
		int type, protocol;
	} of[] = {
		{"a stream", SOCK_STREAM, 0},
		{"a stream of TCP", SOCK_STREAM, IPPROTO_TCP},
		{"datagrams", SOCK_DGRAM, 0},
		{"datagrams of UDP", SOCK_DGRAM, IPPROTO_UDP},
		{"a stream of UDP", SOCK_STREAM, IPPROTO_UDP},
		{"datagrams of TCP", SOCK_DGRAM, IPPROTO_TCP},
	};

	about("%s", "socket");
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		int fd = say_fd(of[i].name, socket(AF_INET6, of[i].type, of[i].protocol));

		if (fd >= 0)
			close(fd);
	}
}

void topic_six_options(void)
{
	on_client();
	kinds();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		round_trip(AF_INET6, i);
		if (rows[i].level == IPPROTO_IPV6)
			round_trip(AF_INET, i);
	}
	sizes("IPV6_V6ONLY", SOCK_STREAM, IPV6_V6ONLY);
	sizes("IPV6_TCLASS", SOCK_DGRAM, IPV6_TCLASS);
	sizes("IPV6_RECVPKTINFO", SOCK_DGRAM, IPV6_RECVPKTINFO);
	about("%s", "");
}
