/* SPDX-License-Identifier: BSD-3-Clause */
/* Every option that there is, set from and read into values of every length. */
#include <linux/icmp.h>
#include <netinet/udp.h>
#include <stdio.h>

#include "sockets/twin.h"

#ifndef SOL_RAW
#define SOL_RAW 255
#endif
#ifndef ICMP_FILTER
#define ICMP_FILTER 1
#endif

#define LONGEST 40

enum kind {
	STREAM,
	DGRAM,
	RAW
};

#define OPTION(kind, level, option, first)              \
	{                                               \
#option, kind, level, option, {first }, \
	}

/* With the octets of a value that may be set; those behind are 0. */
static const struct row {
	const char *name;
	enum kind kind;
	int level, option;
	uint8_t value[LONGEST];
} rows[] = {
	OPTION(STREAM, SOL_SOCKET, SO_REUSEADDR, 1),
	OPTION(STREAM, SOL_SOCKET, SO_REUSEPORT, 1),
	OPTION(STREAM, SOL_SOCKET, SO_KEEPALIVE, 1),
	OPTION(STREAM, SOL_SOCKET, SO_BROADCAST, 1),
	OPTION(STREAM, SOL_SOCKET, SO_ZEROCOPY, 1),
	OPTION(STREAM, SOL_SOCKET, SO_LINGER, 1),
	OPTION(STREAM, SOL_SOCKET, SO_RCVTIMEO, 1),
	OPTION(STREAM, SOL_SOCKET, SO_SNDTIMEO, 1),
	OPTION(STREAM, SOL_SOCKET, SO_ACCEPTCONN, 1),
	OPTION(STREAM, SOL_SOCKET, SO_ERROR, 1),
	OPTION(STREAM, SOL_SOCKET, SO_TYPE, 1),
	OPTION(STREAM, SOL_SOCKET, SO_DOMAIN, 1),
	OPTION(STREAM, SOL_SOCKET, SO_PROTOCOL, 1),
	OPTION(STREAM, SOL_SOCKET, SO_RCVLOWAT, 1),
	OPTION(STREAM, SOL_SOCKET, SO_SNDLOWAT, 1),
	OPTION(STREAM, SOL_SOCKET, SO_RCVBUF, 1),
	OPTION(STREAM, SOL_SOCKET, SO_SNDBUF, 1),
	OPTION(STREAM, SOL_SOCKET, SO_OOBINLINE, 1),
	OPTION(STREAM, SOL_SOCKET, SO_MAX_PACING_RATE, 1),
	OPTION(STREAM, IPPROTO_IP, IP_TOS, 4),
	OPTION(STREAM, IPPROTO_IP, IP_TTL, 4),
	OPTION(STREAM, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_NODELAY, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_CORK, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_MAXSEG, 200),
	OPTION(STREAM, IPPROTO_TCP, TCP_KEEPIDLE, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_KEEPINTVL, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_SYNCNT, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_KEEPCNT, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_USER_TIMEOUT, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_QUICKACK, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_INFO, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_CONGESTION, 'r'),
	OPTION(STREAM, IPPROTO_TCP, TCP_FASTOPEN, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_FASTOPEN_KEY, 1),
	OPTION(STREAM, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1),
	OPTION(DGRAM, SOL_SOCKET, SO_ERROR, 1),
	OPTION(DGRAM, SOL_SOCKET, SO_RCVBUF, 1),
	OPTION(DGRAM, SOL_SOCKET, SO_SNDBUF, 1),
	OPTION(DGRAM, SOL_SOCKET, SO_TIMESTAMP, 1),
	OPTION(DGRAM, SOL_SOCKET, SO_TIMESTAMPNS, 1),
	OPTION(DGRAM, SOL_SOCKET, SO_RXQ_OVFL, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_TOS, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_MULTICAST_IF, 10),
	OPTION(DGRAM, IPPROTO_IP, IP_MULTICAST_TTL, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_MULTICAST_LOOP, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_MULTICAST_ALL, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_ADD_MEMBERSHIP, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_DROP_MEMBERSHIP, 1),
	OPTION(DGRAM, IPPROTO_IP, MCAST_JOIN_GROUP, 1),
	OPTION(DGRAM, IPPROTO_IP, MCAST_LEAVE_GROUP, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_MTU_DISCOVER, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_MTU, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_PKTINFO, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_RECVTTL, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_RECVTOS, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_RECVORIGDSTADDR, 1),
	OPTION(DGRAM, IPPROTO_IP, IP_RECVERR, 1),
	OPTION(DGRAM, SOL_UDP, UDP_SEGMENT, 1),
	OPTION(DGRAM, SOL_UDP, UDP_GRO, 1),
	OPTION(RAW, IPPROTO_IP, IP_HDRINCL, 1),
	OPTION(RAW, SOL_RAW, ICMP_FILTER, 1),
};

static const socklen_t lengths[] = {0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, LONGEST};

static int made(const struct row *row)
{
	int fd = row->kind == STREAM  ? tcp_socket(0)
		 : row->kind == DGRAM ? udp_socket(0)
				      : socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	need(fd >= 0);
	return fd;
}

/* Each on a socket of its own: what was set before does not matter. */
static void lengths_of(const struct row *row)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint8_t room[LONGEST];
		socklen_t len = lengths[i];
		int fd = made(row), rc;

		about("%s%s, %u bytes", row->name, row->kind == DGRAM ? " of datagrams" : "", len);
		say_rc("set", setsockopt(fd, row->level, row->option, row->value, len));
		close(fd);
		fd = made(row);
		if (row->option == TCP_FASTOPEN_KEY) /* without one ours tells the stack's */
			need(setsockopt(fd, row->level, row->option, row->value, 16) == 0);
		rc = getsockopt(fd, row->level, row->option, room, &len);
		if (rc)
			say_rc("read", rc);
		else
			say("read", "%u bytes", len);
		close(fd);
	}
	about("%s", "");
}

void topic_lengths(void)
{
	on_client();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		lengths_of(&rows[i]);
}
