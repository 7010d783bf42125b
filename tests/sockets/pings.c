/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP sockets: raw ones with the IP header, ping sockets with their identifier; who gets what. */
#include <linux/icmp.h>
#include <netinet/ip.h>

#include "sockets/twin.h"

#define ID     4711
#define HEADER 20 /* of IP, without options */

struct message {
	struct icmphdr h;
	char data[8];
};

static int icmp_socket(int type)
{
	int fd = socket(AF_INET, type, IPPROTO_ICMP);

	need(fd >= 0);
	return fd;
}

/* An echo request; raw sockets send what they are given, so that the checksum must be right. */
static struct message request(uint16_t id, uint16_t seq)
{
	struct message m = {.h.type = ICMP_ECHO, .data = "payload"};
	uint16_t words[sizeof(m) / 2];
	uint32_t sum = 0;

	m.h.un.echo.id = htons(id);
	m.h.un.echo.sequence = htons(seq);
	memcpy(words, &m, sizeof(m));
	for (size_t i = 0; i < sizeof(m) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	m.h.checksum = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
	return m;
}

static long send_to(int fd, const void *bytes, size_t len)
{
	struct sockaddr_in to = host_address(SERVER, 0);

	return sendto(fd, bytes, len, 0, SA(&to), SIN_LEN);
}

static long ping(int fd, uint16_t id, uint16_t seq)
{
	struct message m = request(id, seq);

	return send_to(fd, &m, sizeof(m));
}

static void say_message(const char *name, const struct message *m, ssize_t n)
{
	if (n == (ssize_t)sizeof(*m))
		say(name, "type %u, code %u, sequence %u, \"%.8s\"", m->h.type, m->h.code,
		    ntohs(m->h.un.echo.sequence), m->data);
	else
		say_rc(name, n);
}

/* A packet with its header. */
static void say_packet(const char *name, const uint8_t *packet, ssize_t n)
{
	struct message m;
	struct iphdr ip;

	if (n != (ssize_t)(HEADER + sizeof(m))) {
		say_rc(name, n);
		return;
	}
	memcpy(&ip, packet, sizeof(ip));
	memcpy(&m, packet + HEADER, sizeof(m));
	say(name,
	    "version %u, %u words, %u bytes, protocol %u, ttl %u, from %08x to %08x, type %u, id %u",
	    ip.version, ip.ihl, ntohs(ip.tot_len), ip.protocol, ip.ttl, ntohl(ip.saddr),
	    ntohl(ip.daddr), m.h.type, ntohs(m.h.un.echo.id));
}

static void made(void)
{
	int fd;

	on_client();
	say_rc("raw, protocol 0", socket(AF_INET, SOCK_RAW, 0));
	say_rc("a stream of ICMP", socket(AF_INET, SOCK_STREAM, IPPROTO_ICMP));
	say_rc("datagrams of protocol 99", socket(AF_INET, SOCK_DGRAM, 99));
	fd = icmp_socket(SOCK_RAW);
	say("raw", "type %d, protocol %d", get_int(fd, SOL_SOCKET, SO_TYPE),
	    get_int(fd, SOL_SOCKET, SO_PROTOCOL));
	say_events("raw, ready", events_now(fd, POLLIN | POLLOUT));
	say_rc("raw, listen", listen(fd, 1));
	say_rc("raw, shutdown", shutdown(fd, SHUT_RDWR));
	close(fd);
	fd = icmp_socket(SOCK_DGRAM);
	say("ping", "type %d, protocol %d", get_int(fd, SOL_SOCKET, SO_TYPE),
	    get_int(fd, SOL_SOCKET, SO_PROTOCOL));
	close(fd);
}

static void say_name(const char *name, int fd)
{
	struct sockaddr_in sin = name_of(fd);

	say_address(name, &sin, SIN_LEN);
}

static void named(void)
{
	struct sockaddr_in id = host_address(CLIENT, ID), foreign = host_address(SERVER, 0),
			   any = any_address(0), peer = host_address(SERVER, 7), sin;
	socklen_t len = SIN_LEN;
	int fd, other;

	on_client();
	fd = icmp_socket(SOCK_RAW);
	say_name("raw, own name", fd);
	say_rc("raw, bound to another's address", bind(fd, SA(&foreign), SIN_LEN));
	say_rc("raw, bound", bind(fd, SA(&id), SIN_LEN));
	say_name("raw, own name then", fd);
	say_rc("raw, bound again", bind(fd, SA(&any), SIN_LEN));
	say_rc("raw, peer's name without", getpeername(fd, SA(&sin), &len));
	say_rc("raw, connect", connect(fd, SA(&peer), SIN_LEN));
	say_rc("raw, peer's name", getpeername(fd, SA(&sin), &len));
	say_address("raw, which is", &sin, len);
	say_rc("raw, bound while connected", bind(fd, SA(&any), SIN_LEN));
	close(fd);
	fd = icmp_socket(SOCK_DGRAM);
	other = icmp_socket(SOCK_DGRAM);
	say_name("ping, own name", fd);
	say_rc("ping, bound to another's address", bind(fd, SA(&foreign), SIN_LEN));
	sin = any_address(0);
	sin.sin_addr.s_addr = htonl(0xe0000001);
	say_rc("ping, bound to 224.0.0.1", bind(fd, SA(&sin), SIN_LEN));
	say_rc("ping, bound", bind(fd, SA(&id), SIN_LEN));
	say_name("ping, own name then", fd);
	say_rc("ping, bound again", bind(fd, SA(&any), SIN_LEN));
	say("SO_REUSEADDR of a ping socket", "%d", get_int(other, SOL_SOCKET, SO_REUSEADDR));
	set_int(other, SOL_SOCKET, SO_REUSEADDR, 0);
	say_rc("an identifier that is taken", bind(other, SA(&id), SIN_LEN));
	set_int(other, SOL_SOCKET, SO_REUSEADDR, 1);
	say_rc("shared by both", bind(other, SA(&id), SIN_LEN));
	close(fd);
	close(other);
	fd = icmp_socket(SOCK_DGRAM);
	say_rc("ping, any identifier", bind(fd, SA(&any), SIN_LEN));
	say_if("is not 0", name_of(fd).sin_port != 0);
	close(fd);
}

static void echoed(void)
{
	struct message m = request(1, 1);
	struct sockaddr_in from, to = host_address(SERVER, 9);
	socklen_t len = SIN_LEN;
	char buf[64];
	int fd;

	on_client();
	fd = icmp_socket(SOCK_DGRAM);
	say_rc("to nobody", send(fd, &m, sizeof(m), 0));
	say_rc("7 bytes", send_to(fd, &m, 7));
	m.h.type = ICMP_ECHOREPLY;
	say_rc("a reply", send_to(fd, &m, sizeof(m)));
	m.h.type = ICMP_ECHO;
	m.h.code = 1;
	say_rc("code 1", send_to(fd, &m, sizeof(m)));
	say_rc("a request", ping(fd, 1, 77));
	say_message("its reply", &m, recvfrom(fd, &m, sizeof(m), 0, SA(&from), &len));
	say_address("from", &from, len);
	say_if("with our identifier", m.h.un.echo.id == name_of(fd).sin_port);
	say_rc("nothing else", recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
	say_rc("connect", connect(fd, SA(&to), SIN_LEN));
	m = request(1, 78);
	say_rc("send", send(fd, &m, sizeof(m), 0));
	arrived(fd, sizeof(m));
	say_rc("a part", recv(fd, &m, 4, MSG_TRUNC));
	say_rc("the rest is gone", recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
	say_rc("1473 bytes do not fit", send(fd, (char[65600]){ICMP_ECHO}, 65536, 0));
	close(fd);
}

/* Both kinds, several of each: everybody gets his own copy, and the host answers all the same. */
static void copied(void)
{
	struct sockaddr_in mine = host_address(CLIENT, ID);
	uint8_t packet[128];
	struct message m;
	int raw[2], pings[2], server;

	on_server();
	server = icmp_socket(SOCK_RAW);
	on_client();
	for (int i = 0; i < 2; i++) {
		raw[i] = icmp_socket(SOCK_RAW);
		pings[i] = icmp_socket(SOCK_DGRAM);
	}
	need(bind(pings[0], SA(&mine), SIN_LEN) == 0);
	need(ping(pings[0], 0, 5) == sizeof(m));
	say_message("the ping socket's reply", &m, recv(pings[0], &m, sizeof(m), 0));
	say_packet("the server's raw socket", packet, recv(server, packet, sizeof(packet), 0));
	for (int i = 0; i < 2; i++) {
		about("raw socket %d", i);
		say_packet("", packet, recv(raw[i], packet, sizeof(packet), 0));
		about("%s", "");
	}
	say_rc("the other ping socket", recv(pings[1], &m, sizeof(m), MSG_DONTWAIT));
	need(ping(raw[0], ID + 1, 6) == sizeof(m));
	for (int i = 0; i < 2; i++) {
		about("of a raw one, raw socket %d", i);
		say_packet("", packet, recv(raw[i], packet, sizeof(packet), 0));
		about("%s", "");
	}
	say_rc("of a raw one, the ping socket", recv(pings[0], &m, sizeof(m), MSG_DONTWAIT));
	need(ping(raw[0], ID, 7) == sizeof(m));
	say_message("a raw one with its identifier", &m, recv(pings[0], &m, sizeof(m), 0));
	for (int i = 0; i < 2; i++) {
		close(raw[i]);
		close(pings[i]);
	}
	close(server);
}

static void filtered(void)
{
	struct sockaddr_in no = host_address(SERVER, PORT_NO);
	struct icmp_filter filter = {0}, got = {0};
	socklen_t len = sizeof(got);
	uint8_t packet[128];
	int all, some, udp;

	on_client();
	all = icmp_socket(SOCK_RAW);
	some = icmp_socket(SOCK_RAW);
	say_rc("the filter at first", getsockopt(some, SOL_RAW, ICMP_FILTER, &got, &len));
	say("which is", "%u bytes, %#x", len, got.data);
	filter.data = 1u << ICMP_ECHOREPLY;
	say_rc("no replies", setsockopt(some, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)));
	say_rc("is read", getsockopt(some, SOL_RAW, ICMP_FILTER, &got, &len));
	say("which is then", "%u bytes, %#x", len, got.data);
	say_rc("a byte of a filter", setsockopt(some, SOL_RAW, ICMP_FILTER, &filter, 1));
	len = 2;
	say_rc("is read into 2", getsockopt(some, SOL_RAW, ICMP_FILTER, &got, &len));
	say("which is now", "%u bytes", len);
	need(ping(all, 1, 1) == sizeof(struct message));
	say_packet("who wants all", packet, recv(all, packet, sizeof(packet), 0));
	say_rc("who does not", recv(some, packet, sizeof(packet), MSG_DONTWAIT));
	udp = udp_socket(0);
	need(sendto(udp, "x", 1, 0, SA(&no), SIN_LEN) == 1);
	need(recv(some, packet, sizeof(packet), 0) >= HEADER + 8);
	say("an error", "type %u, code %u", packet[HEADER], packet[HEADER + 1]);
	close(udp);
	udp = icmp_socket(SOCK_DGRAM);
	say_rc("a ping socket's filter",
	       setsockopt(udp, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)));
	close(udp);
	close(all);
	close(some);
}

/* bind() and connect() of a raw socket say whose messages it gets. */
static void addressed(void)
{
	struct sockaddr_in server = host_address(SERVER, 1), silent = silent_address(1, 1),
			   mine = host_address(CLIENT, 0);
	uint8_t packet[128];
	int fd, other, bound;

	on_client();
	fd = icmp_socket(SOCK_RAW);
	other = icmp_socket(SOCK_RAW);
	bound = icmp_socket(SOCK_RAW);
	need(connect(fd, SA(&server), SIN_LEN) == 0 && connect(other, SA(&silent), SIN_LEN) == 0);
	need(bind(bound, SA(&mine), SIN_LEN) == 0);
	need(ping(bound, 3, 3) == sizeof(struct message));
	say_packet("bound to our address", packet, recv(bound, packet, sizeof(packet), 0));
	say_packet("connected to the sender", packet, recv(fd, packet, sizeof(packet), 0));
	say_rc("connected to another", recv(other, packet, sizeof(packet), MSG_DONTWAIT));
	close(fd);
	close(other);
	close(bound);
}

static void whole_packets(void)
{
	struct {
		struct iphdr ip;
		struct message m;
	} out = {.ip = {.version = 4, .ihl = 5, .ttl = 33, .protocol = IPPROTO_ICMP}};
	uint8_t packet[128];
	int fd, server;

	on_server();
	server = icmp_socket(SOCK_RAW);
	on_client();
	fd = icmp_socket(SOCK_RAW);
	say("IP_HDRINCL at first", "%d", get_int(fd, IPPROTO_IP, IP_HDRINCL));
	set_int(fd, IPPROTO_IP, IP_HDRINCL, 7);
	say("IP_HDRINCL then", "%d", get_int(fd, IPPROTO_IP, IP_HDRINCL));
	out.ip.daddr = host_address(SERVER, 0).sin_addr.s_addr;
	out.m = request(12, 34);
	say_rc("a packet", send_to(fd, &out, sizeof(out)));
	say_packet("arrives", packet, recv(server, packet, sizeof(packet), 0));
	say_packet("is answered", packet, recv(fd, packet, sizeof(packet), 0));
	say_rc("19 bytes", send_to(fd, &out, 19));
	out.ip.ihl = 15;
	say_rc("a header longer than the packet", send_to(fd, &out, sizeof(out)));
	close(fd);
	close(server);
	fd = icmp_socket(SOCK_DGRAM);
	say_rc("IP_HDRINCL of a ping socket",
	       setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &(int){1}, sizeof(int)));
	close(fd);
}

/* What is told beside a reply. */
static void told(void)
{
	char control[256], data[64];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	int fd, value;

	on_client();
	fd = icmp_socket(SOCK_DGRAM);
	set_int(fd, IPPROTO_IP, IP_RECVTTL, 1);
	set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
	set_int(fd, IPPROTO_IP, IP_TOS, 0x20);
	need(ping(fd, 0, 9) == sizeof(struct message));
	need(recvmsg(fd, &msg, 0) == sizeof(struct message));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		value = 0;
		memcpy(&value, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
		about("level %d, type %d", c->cmsg_level, c->cmsg_type);
		say("", "%d", value);
	}
	about("%s", "");
	close(fd);
}

void topic_pings(void)
{
	made();
	named();
	echoed();
	copied();
	filtered();
	addressed();
	whole_packets();
	told();
}
