/* SPDX-License-Identifier: BSD-3-Clause */
/* Control messages of IPv6 sockets, with datagrams of both families, and their error queue. */
#include <stdio.h>
#include <time.h>

#include <linux/errqueue.h>

#include "sockets/twin.h"

#define CONTROL 512

static ssize_t get(int fd, struct msghdr *msg, int flags)
{
	static char data[64];
	static _Alignas(struct cmsghdr) char room[CONTROL];
	static struct sockaddr_in6 name;
	static struct iovec iov;

	iov = (struct iovec){data, sizeof(data)};
	*msg = (struct msghdr){.msg_name = &name,
			       .msg_namelen = sizeof(name),
			       .msg_iov = &iov,
			       .msg_iovlen = 1,
			       .msg_control = room,
			       .msg_controllen = CONTROL};
	return recvmsg(fd, msg, flags);
}

static void say_controls(const char *name, const struct msghdr *msg)
{
	struct msghdr copy = *msg;
	int n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&copy); c; c = CMSG_NXTHDR(&copy, c)) {
		about("%s, control %d", name, n++);
		say_control(c);
		if (c->cmsg_type == IPV6_PKTINFO && c->cmsg_level == IPPROTO_IPV6) {
			struct sockaddr_in6 to = {.sin6_family = AF_INET6};
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			to.sin6_addr = info.ipi6_addr;
			say_address6("address", &to, 0);
			say_if("by the interface", info.ipi6_ifindex == link_number(SERVER));
		}
		if (c->cmsg_type == IPV6_ORIGDSTADDR && c->cmsg_level == IPPROTO_IPV6) {
			struct sockaddr_in6 to;

			memcpy(&to, CMSG_DATA(c), sizeof(to));
			say_address6("destination", &to, 0);
		}
	}
	about("%s", name);
	say("controls", "%d", n);
	about("%s", "");
}

/* From a socket of the client to one of the server, which is bound to [::]. */
static int open_both(int *fd, uint16_t *port)
{
	struct sockaddr_in6 any = address6("::", PORT);
	int server;

	on_server();
	server = six_socket(SOCK_DGRAM);
	need(bind(server, SA(&any), SIN6_LEN) == 0);
	*port = PORT;
	on_client();
	*fd = six_socket(SOCK_DGRAM);
	return server;
}

static struct sockaddr_in6 server_by(int way, uint16_t port)
{
	return way == 0	  ? mapped_address(SERVER, port)
	       : way == 1 ? host_address6(SERVER, port)
			  : link_address(SERVER, port);
}

static const char *const ways[] = {"IPv4", "IPv6", "the link"};

static void told(void)
{
	static const struct {
		const char *name;
		int level, option;
	} options[] = {
		{"IPV6_RECVPKTINFO", IPPROTO_IPV6, IPV6_RECVPKTINFO},
		{"IPV6_RECVHOPLIMIT", IPPROTO_IPV6, IPV6_RECVHOPLIMIT},
		{"IPV6_RECVTCLASS", IPPROTO_IPV6, IPV6_RECVTCLASS},
		{"IPV6_RECVORIGDSTADDR", IPPROTO_IPV6, IPV6_RECVORIGDSTADDR},
		{"IP_PKTINFO", IPPROTO_IP, IP_PKTINFO},
		{"IP_RECVTTL", IPPROTO_IP, IP_RECVTTL},
		{"IP_RECVTOS", IPPROTO_IP, IP_RECVTOS},
	};
	size_t count = sizeof(options) / sizeof(options[0]);
	uint16_t port;
	int fd, server = open_both(&fd, &port);

	set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, 0x28);
	set_int(fd, IPPROTO_IP, IP_TOS, 0x28);
	set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
	set_int(fd, IPPROTO_IP, IP_TTL, 9);
	for (size_t i = 0; i <= count; i++) {
		for (size_t k = 0; k < count; k++)
			set_int(server, options[k].level, options[k].option, i == k || i == count);
		for (int way = 0; way < 3; way++) {
			struct sockaddr_in6 to = server_by(way, port);
			struct msghdr msg;
			char name[64];

			need(sendto(fd, "x", 1, 0, SA(&to), SIN6_LEN) == 1);
			need(get(server, &msg, 0) == 1);
			snprintf(name, sizeof(name), "%s, by %s",
				 i == count ? "all" : options[i].name, ways[way]);
			say_controls(name, &msg);
		}
	}
	close(fd);
	close(server);
}

/* ---- of what is sent ------------------------------------------------------------------------- */

static void send_with(const char *name, int fd, int server, const struct sockaddr_in6 *to,
		      int level, int type, const void *value, size_t len)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(64)] = {0};
	struct iovec iov = {(char[]){'x'}, 1};
	struct msghdr msg = {.msg_name = (void *)(uintptr_t)to,
			     .msg_namelen = SIN6_LEN,
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room,
			     .msg_controllen = CMSG_SPACE(len)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	struct msghdr in;
	ssize_t n;

	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
	memcpy(CMSG_DATA(c), value, len);
	n = sendmsg(fd, &msg, 0);
	about("%s", name);
	say_rc("", n);
	if (n < 0)
		return;
	need(get(server, &in, 0) == 1);
	say_address6("from", in.msg_name, in.msg_namelen);
	say_controls(name, &in);
}

static void asked(int way)
{
	static const int numbers[] = {0x30, 255, -1, 256, -2};
	struct in6_pktinfo own = {0}, none = {0}, stranger = {0}, four = {0}, odd = {0};
	struct sockaddr_in6 to;
	uint16_t port;
	int fd, server = open_both(&fd, &port);
	char name[64];

	to = server_by(way, port);
	own.ipi6_addr = host_address6(CLIENT, 0).sin6_addr;
	stranger.ipi6_addr = host_address6(SERVER, 0).sin6_addr;
	four.ipi6_addr = mapped_address(CLIENT, 0).sin6_addr;
	none.ipi6_ifindex = link_number(CLIENT);
	odd.ipi6_ifindex = 1001;
	set_int(server, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set_int(server, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "IPV6_HOPLIMIT %d, by %s", numbers[i], ways[way]);
		send_with(name, fd, server, &to, IPPROTO_IPV6, IPV6_HOPLIMIT, &numbers[i], 4);
		snprintf(name, sizeof(name), "IPV6_TCLASS %d, by %s", numbers[i], ways[way]);
		send_with(name, fd, server, &to, IPPROTO_IPV6, IPV6_TCLASS, &numbers[i], 4);
	}
#define SEND(what, level, type, value, len)                                 \
	do {                                                                \
		snprintf(name, sizeof(name), "%s, by %s", what, ways[way]); \
		send_with(name, fd, server, &to, level, type, value, len);  \
	} while (0)
	SEND("IPV6_TCLASS of 1 byte", IPPROTO_IPV6, IPV6_TCLASS, numbers, 1);
	SEND("own address", IPPROTO_IPV6, IPV6_PKTINFO, &own, sizeof(own));
	SEND("own interface", IPPROTO_IPV6, IPV6_PKTINFO, &none, sizeof(own));
	SEND("a stranger's address", IPPROTO_IPV6, IPV6_PKTINFO, &stranger, sizeof(own));
	SEND("IPv4 address", IPPROTO_IPV6, IPV6_PKTINFO, &four, sizeof(own));
	SEND("no interface", IPPROTO_IPV6, IPV6_PKTINFO, &odd, sizeof(own));
	SEND("short", IPPROTO_IPV6, IPV6_PKTINFO, &own, sizeof(own) - 1);
	SEND("an unknown type", IPPROTO_IPV6, 99, numbers, 4);
	SEND("IP_TTL", IPPROTO_IP, IP_TTL, &(int){7}, 4);
	SEND("IP_TTL 0", IPPROTO_IP, IP_TTL, &(int){0}, 4);
	SEND("another level", IPPROTO_TCP, 1, numbers, 4);
#undef SEND
	about("%s", "");
	close(fd);
	close(server);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void say_error(const char *name, int fd)
{
	struct sock_extended_err err;
	struct sockaddr_in6 offender;
	const struct cmsghdr *c;
	struct msghdr msg;
	ssize_t n;

	about("%s", name);
	n = get(fd, &msg, MSG_ERRQUEUE);
	if (n < 0) {
		say_rc("error queue", n);
		return;
	}
	say_bytes("datagram", msg.msg_iov->iov_base, n);
	say_address6("its destination", msg.msg_name, msg.msg_namelen);
	c = CMSG_FIRSTHDR(&msg);
	say("level and type", "%d %d, %zu bytes", c->cmsg_level, c->cmsg_type, c->cmsg_len);
	memcpy(&err, CMSG_DATA(c), sizeof(err));
	memcpy(&offender, CMSG_DATA(c) + sizeof(err), sizeof(offender));
	say("error", "%s, origin %u, type %u, code %u, info %u", strerrorname_np((int)err.ee_errno),
	    err.ee_origin, err.ee_type, err.ee_code, err.ee_info);
	say_address6("told by", &offender, 0);
}

static void errors(const char *option, int level, int name)
{
	uint16_t port;
	int fd, server = open_both(&fd, &port), err = -1;
	char text[64];

	close(server);
	on_client();
	set_int(fd, level, name, 1);
	for (int way = 0; way < 2; way++) {
		struct sockaddr_in6 no = server_by(way, PORT_NO);
		struct pollfd p = {.fd = fd, .events = POLLIN};

		need(sendto(fd, "hello", 5, 0, SA(&no), SIN6_LEN) == 5);
		snprintf(text, sizeof(text), "%s, by %s", option, ways[way]);
		about("%s", text);
		if (poll(&p, 1, 200) == 0) {
			say("told", "nothing");
			continue;
		}
		say_events("told", (uint16_t)p.revents);
		err = get_int(fd, SOL_SOCKET, SO_ERROR);
		say("SO_ERROR", "%s", err ? strerrorname_np(err) : "none");
		say_error(text, fd);
		say("and then", "%s",
		    get_int(fd, SOL_SOCKET, SO_ERROR) ? "another error" : "nothing");
	}
	about("%s", "");
	close(fd);
}

static void too_long(void)
{
	static char big[65536];
	uint16_t port;
	int fd, server = open_both(&fd, &port);
	struct sockaddr_in6 to = server_by(1, port);

	set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
	say_rc("1453 octets", sendto(fd, big, 1453, 0, SA(&to), SIN6_LEN));
	say_error("too long", fd);
	about("%s", "");
	need(connect(fd, SA(&to), SIN6_LEN) == 0);
	say("IPV6_MTU", "%d", get_int(fd, IPPROTO_IPV6, IPV6_MTU));
	close(fd);
	close(server);
}

void topic_six_messages(void)
{
	told();
	asked(0);
	asked(1);
	errors("IPV6_RECVERR", IPPROTO_IPV6, IPV6_RECVERR);
	errors("IP_RECVERR", IPPROTO_IP, IP_RECVERR);
	too_long();
}
