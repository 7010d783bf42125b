/* SPDX-License-Identifier: BSD-3-Clause */
/* Options that are numbers: what is set is read, values that may not be, short and long buffers. */
#include <netinet/udp.h>

#include "sockets/twin.h"

static const struct {
	const char *name;
	int type, level, option;
	int values[5];
} rows[] = {
	{"SO_REUSEADDR", SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR, {0, 1, 7, -1, 0}},
	{"SO_REUSEPORT", SOCK_DGRAM, SOL_SOCKET, SO_REUSEPORT, {0, 1, 7, -1, 0}},
	{"SO_KEEPALIVE", SOCK_STREAM, SOL_SOCKET, SO_KEEPALIVE, {0, 1, 7, -1, 0}},
	{"SO_BROADCAST", SOCK_DGRAM, SOL_SOCKET, SO_BROADCAST, {0, 1, 7, -1, 0}},
	{"SO_TYPE", SOCK_STREAM, SOL_SOCKET, SO_TYPE, {0, 1, 2, 3, 4}},
	{"SO_ERROR", SOCK_STREAM, SOL_SOCKET, SO_ERROR, {0, 1, 2, 3, 4}},
	{"SO_DOMAIN", SOCK_DGRAM, SOL_SOCKET, SO_DOMAIN, {0, 1, 2, 3, 4}},
	{"SO_PROTOCOL", SOCK_DGRAM, SOL_SOCKET, SO_PROTOCOL, {0, 1, 2, 3, 4}},
	{"SO_ACCEPTCONN", SOCK_STREAM, SOL_SOCKET, SO_ACCEPTCONN, {0, 1, 2, 3, 4}},
	{"an option that is none", SOCK_STREAM, SOL_SOCKET, 7777, {0, 1, 2, 3, 4}},
	{"IP_TOS", SOCK_DGRAM, IPPROTO_IP, IP_TOS, {0, 0x20, 255, 4, 0x10}},
	{"IP_TTL", SOCK_STREAM, IPPROTO_IP, IP_TTL, {1, 255, 0, 256, -1}},
	{"TCP_NODELAY", SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY, {0, 1, 7, -1, 0}},
	{"TCP_CORK", SOCK_STREAM, IPPROTO_TCP, TCP_CORK, {0, 1, 7, -1, 0}},
	{"TCP_KEEPIDLE", SOCK_STREAM, IPPROTO_TCP, TCP_KEEPIDLE, {1, 32767, 0, 32768, -1}},
	{"TCP_KEEPINTVL", SOCK_STREAM, IPPROTO_TCP, TCP_KEEPINTVL, {1, 32767, 0, 32768, -1}},
	{"TCP_SYNCNT", SOCK_STREAM, IPPROTO_TCP, TCP_SYNCNT, {1, 127, 0, 128, -1}},
	{"TCP_KEEPCNT", SOCK_STREAM, IPPROTO_TCP, TCP_KEEPCNT, {1, 127, 0, 128, -1}},
	{"TCP_USER_TIMEOUT", SOCK_STREAM, IPPROTO_TCP, TCP_USER_TIMEOUT, {0, 1, 100000, -1, 0}},
	{"TCP_NODELAY of a datagram socket", SOCK_DGRAM, IPPROTO_TCP, TCP_NODELAY, {1, 0, 1, 0, 1}},
	{"an option of TCP that is none", SOCK_STREAM, IPPROTO_TCP, 7777, {0, 1, 2, 3, 4}},
	{"IP_PKTINFO", SOCK_DGRAM, IPPROTO_IP, IP_PKTINFO, {0, 1, 7, -1, 0}},
	{"IP_RECVTTL", SOCK_DGRAM, IPPROTO_IP, IP_RECVTTL, {0, 1, 7, -1, 0}},
	{"IP_RECVTOS", SOCK_DGRAM, IPPROTO_IP, IP_RECVTOS, {0, 1, 7, -1, 0}},
	{"IP_RECVERR", SOCK_DGRAM, IPPROTO_IP, IP_RECVERR, {0, 1, 7, -1, 0}},
	{"IP_RECVORIGDSTADDR", SOCK_DGRAM, IPPROTO_IP, IP_RECVORIGDSTADDR, {0, 1, 7, -1, 0}},
	{"SO_TIMESTAMP", SOCK_DGRAM, SOL_SOCKET, SO_TIMESTAMP, {0, 1, 7, -1, 0}},
	{"SO_TIMESTAMPNS", SOCK_DGRAM, SOL_SOCKET, SO_TIMESTAMPNS, {0, 1, 7, -1, 0}},
	{"SO_RXQ_OVFL", SOCK_DGRAM, SOL_SOCKET, SO_RXQ_OVFL, {0, 1, 7, -1, 0}},
	{"IP_MTU_DISCOVER", SOCK_DGRAM, IPPROTO_IP, IP_MTU_DISCOVER, {0, 2, 3, 6, -1}},
	{"UDP_SEGMENT", SOCK_DGRAM, SOL_UDP, UDP_SEGMENT, {0, 1000, 65535, 65536, -1}},
	{"UDP_GRO", SOCK_DGRAM, SOL_UDP, UDP_GRO, {0, 1, 7, -1, 0}},
	{"IP_BIND_ADDRESS_NO_PORT",
	 SOCK_STREAM,
	 IPPROTO_IP,
	 IP_BIND_ADDRESS_NO_PORT,
	 {0, 1, 7, -1, 0}},
	{"IP_TTL of a datagram socket", SOCK_DGRAM, IPPROTO_IP, IP_TTL, {1, 255, 0, 256, -1}},
	{"IP_MTU", SOCK_DGRAM, IPPROTO_IP, IP_MTU, {0, 1, 2, 3, 4}},
	{"SO_SNDLOWAT", SOCK_STREAM, SOL_SOCKET, SO_SNDLOWAT, {0, 1, 2, 3, 4}},
	{"TCP_FASTOPEN_CONNECT", SOCK_STREAM, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, {0, 1, 2, -1, 0}},
	{"TCP_MAXSEG", SOCK_STREAM, IPPROTO_TCP, TCP_MAXSEG, {87, 40000, -1, 1460, 536}},
	{"SO_REUSEADDR of a datagram socket",
	 SOCK_DGRAM,
	 SOL_SOCKET,
	 SO_REUSEADDR,
	 {0, 1, 7, -1, 0}},
	{"IP_MULTICAST_TTL", SOCK_DGRAM, IPPROTO_IP, IP_MULTICAST_TTL, {1, 255, 256, -2, -1}},
};

static void round_trips(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = socket(AF_INET, rows[i].type, 0), first = -7;
		socklen_t room = sizeof(first);

		about("%s", rows[i].name);
		if (getsockopt(fd, rows[i].level, rows[i].option, &first, &room) == 0)
			say("at first", "%d", first);
		for (int k = 0; k < 5; k++) {
			int value = rows[i].values[k], got = -7, rc;
			socklen_t len = sizeof(got);

			about("%s, value %d = %d", rows[i].name, k, value);
			say_rc("", setsockopt(fd, rows[i].level, rows[i].option, &value,
					      sizeof(value)));
			rc = getsockopt(fd, rows[i].level, rows[i].option, &got, &len);
			if (rc)
				say_rc("is read", rc);
			else
				say("is read", "%d, %u bytes", got, len);
		}
		close(fd);
	}
	about("%s", "");
}

/* A number in buffers of other sizes. */
static void sizes(const char *name, int fd, int level, int option)
{
	option_in_sizes(name, fd, level, option);
	about("%s", name);
	say_rc("set from nowhere", setsockopt(fd, level, option, NULL, sizeof(int)));
	say_rc("read without length", getsockopt(fd, level, option, &(int){0}, NULL));
	say_rc("read of length -1",
	       getsockopt(fd, level, option, &(int){0}, &(socklen_t){(socklen_t)-1}));
	about("%s", "");
}

/* A number of four bytes or of eight, and 0 holds nothing back. */
static void pacing(void)
{
	static const uint64_t rates[] = {0, 1000, UINT32_MAX, UINT64_C(1) << 40, UINT64_MAX};
	int fd[2];

	tcp_pair(fd);
	for (size_t i = 0; i < 2 * sizeof(rates) / sizeof(rates[0]); i++) {
		socklen_t set = i % 2 ? 8 : 4;

		about("SO_MAX_PACING_RATE of %u bytes, %#llx", set,
		      (unsigned long long)rates[i / 2]);
		say_rc("set",
		       setsockopt(fd[0], SOL_SOCKET, SO_MAX_PACING_RATE, &rates[i / 2], set));
		for (socklen_t room = 4; room <= 8; room += 4) {
			uint64_t got = 0;
			socklen_t len = room;

			need(getsockopt(fd[0], SOL_SOCKET, SO_MAX_PACING_RATE, &got, &len) == 0);
			say(room == 4 ? "read in 4" : "read in 8", "%#llx, %u bytes",
			    (unsigned long long)got, len);
		}
	}
	about("%s", "SO_MAX_PACING_RATE of 0");
	set_int(fd[0], SOL_SOCKET, SO_MAX_PACING_RATE, 0);
	for (unsigned i = 0; i < 20; i++) {
		char bytes[5000] = {0};

		need(send(fd[0], bytes, sizeof(bytes), 0) == sizeof(bytes));
		receive_all(fd[1], bytes, sizeof(bytes));
	}
	say_if("lets everything go", true);
	close_pair(fd);
	about("%s", "");
}

static void lingers(void)
{
	static const struct linger values[] = {{0, 0}, {1, 0}, {1, 5}, {7, 5}, {0, 5}};
	int fd = tcp_socket(0);

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct linger got = {0};
		socklen_t len = sizeof(got);

		about("SO_LINGER %d %d", values[i].l_onoff, values[i].l_linger);
		say_rc("", setsockopt(fd, SOL_SOCKET, SO_LINGER, &values[i], sizeof(got)));
		need(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &len) == 0);
		say("is on", "%d", !!got.l_onoff);
	}
	about("%s", "");
	say_rc("SO_LINGER of 4 bytes", setsockopt(fd, SOL_SOCKET, SO_LINGER, &(int){1}, 4));
	close(fd);
}

void topic_options(void)
{
	int fd = tcp_socket(0);

	round_trips();
	sizes("SO_KEEPALIVE", fd, SOL_SOCKET, SO_KEEPALIVE);
	sizes("TCP_NODELAY", fd, IPPROTO_TCP, TCP_NODELAY);
	sizes("IP_TOS", fd, IPPROTO_IP, IP_TOS);
	close(fd);
	lingers();
	pacing();
}
